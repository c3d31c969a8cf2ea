//! What a caller does with the organisation's team.

use crate::context::Context;
use crate::error::{Code, Error};
use crate::ids::AgentId;
use crate::journal::What;
use crate::record::Key;
use crate::team::{Member, member_name};
use crate::working_set::{Step, WorkingSet};

fn find(set: &mut WorkingSet, ctx: &Context<'_>, member: AgentId) -> Step<Option<Member>> {
    set.get(&Key::Member {
        org: ctx.org.id,
        member,
    })
}

/// The member, who must be there.
pub fn get(set: &mut WorkingSet, ctx: &Context<'_>, id: AgentId) -> Step<Member> {
    let member = find(set, ctx, id)?;
    member.ok_or_else(|| Error::new(Code::MemberNotFound, format!("there is no member {id}")).into())
}

/// Adds a member.
pub fn add(set: &mut WorkingSet, ctx: &mut Context<'_>, name: &str) -> Step<Member> {
    let member = Member {
        id: ctx.ids.next(),
        org: ctx.org.id,
        name: member_name(name)?,
        active: true,
    };
    put(set, ctx, None, &member);
    Ok(member)
}

/// The member, who must be there and work here.
pub(crate) fn working(set: &mut WorkingSet, ctx: &Context<'_>, id: AgentId) -> Step<Member> {
    let member = get(set, ctx, id)?;
    if !member.active {
        let message = format!("member {id} ({}) does not work here any more", member.name);
        return Err(Error::new(Code::MemberInactive, message).into());
    }
    Ok(member)
}

/// Marks that a member works here, or does not any more; nothing if it is so.
pub fn set_active(set: &mut WorkingSet, ctx: &Context<'_>, id: AgentId, active: bool) -> Step<Member> {
    let before = get(set, ctx, id)?;
    let member = Member {
        active,
        ..before.clone()
    };
    if member != before {
        put(set, ctx, Some(&before), &member);
    }
    Ok(member)
}

/// Refuses to leave a leaver's contacts to somebody who does not work here, or to the leaver.
pub fn check_successor(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    leaver: AgentId,
    successor: AgentId,
) -> Step<()> {
    if leaver == successor {
        let message = format!("member {leaver} cannot follow themself");
        return Err(Error::new(Code::MemberInactive, message).into());
    }
    working(set, ctx, successor).map(drop)
}

/// Gives a member another name; nothing if it is theirs already.
pub fn rename(set: &mut WorkingSet, ctx: &Context<'_>, id: AgentId, name: &str) -> Step<Member> {
    let before = get(set, ctx, id)?;
    let member = Member {
        name: member_name(name)?,
        ..before.clone()
    };
    if member != before {
        put(set, ctx, Some(&before), &member);
    }
    Ok(member)
}

fn put(set: &mut WorkingSet, ctx: &Context<'_>, before: Option<&Member>, after: &Member) {
    let json = |member: &Member| serde_json::to_value(member).unwrap_or_default();
    set.journal(ctx.entry(What::MemberChanged {
        member: after.id,
        before: before.map(json),
        after: json(after),
    }));
    set.put(after.clone());
}

/// The name of the member who asks; nothing if the host does, or if no member has the agent's id.
pub(crate) fn acting_name(set: &mut WorkingSet, ctx: &Context<'_>) -> Step<Option<String>> {
    let member = match ctx.agent() {
        Some(agent) => find(set, ctx, agent)?,
        None => None,
    };
    Ok(member.map(|member| member.name))
}
