//! Who may make a call: the host any, a member of the team those that their role allows.

use crate::context::Context;
use crate::decide::team;
use crate::error::{Code, Error};
use crate::journal::What;
use crate::roles::Call;
use crate::working_set::{Step, WorkingSet};

/// Refuses a call on behalf of somebody who may not make it. What is decided after this holds only if the member is as
/// they were: of a call and a demotion at the same time, one is decided again.
///
/// Fails with `member.not_found`, `member.inactive` or `role.forbidden`.
pub fn check(set: &mut WorkingSet, ctx: &Context<'_>, call: Call) -> Step<()> {
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
