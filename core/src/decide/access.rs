//! Who may make a call: the host any, a member of the team those that their role allows, a handler those of an agent
//! while its turn lasts.

use crate::context::Context;
use crate::decide::{team, turns};
use crate::error::{Code, Error};
use crate::journal::{Actor, What};
use crate::roles::Call;
use crate::working_set::{Step, WorkingSet};

/// Refuses a call on behalf of somebody who may not make it. What is decided after this holds only if the member is as
/// they were: of a call and a demotion at the same time, one is decided again.
///
/// Fails with `member.not_found`, `member.inactive`, `handler.over` or `role.forbidden`.
pub fn check(set: &mut WorkingSet, ctx: &Context<'_>, call: Call) -> Step<()> {
    if let Actor::Handler(name) = &ctx.actor {
        return turns::check(set, ctx, name, call);
    }
    let Some(agent) = ctx.agent() else { return Ok(()) };
    let member = team::working(set, ctx, agent)?;
    if member.role < call.needs() {
        let message = format!(
            "member {agent} ({}) has the role {}, and {} takes {}",
            member.name,
            member.role,
            call.name(),
            call.needs()
        );
        return Err(Error::new(Code::RoleForbidden, message).into());
    }
    set.expect(&team::key(ctx, agent));
    Ok(())
}

/// Writes down that a call was refused.
pub fn refuse(set: &mut WorkingSet, ctx: &Context<'_>, call: Call) -> Step<()> {
    let member = match ctx.agent() {
        Some(agent) => team::find(set, ctx, agent)?,
        None => None,
    };
    set.journal(ctx.entry(What::AccessRefused {
        call: call.name().to_owned(),
        role: member.map(|member| member.role),
        needs: call.needs(),
    }));
    Ok(())
}
