//! What a caller does with the organisation's team.

use crate::context::Context;
use crate::error::{Code, Error};
use crate::ids::AgentId;
use crate::journal::What;
use crate::record::Key;
use crate::roles::Role;
use crate::team::{Member, member_name};
use crate::working_set::{Lookup, Step, WorkingSet};

pub(crate) fn key(ctx: &Context<'_>, member: AgentId) -> Key {
    Key::Member {
        org: ctx.org.id,
        member,
    }
}

pub(crate) fn find(set: &mut WorkingSet, ctx: &Context<'_>, member: AgentId) -> Step<Option<Member>> {
    set.get(&key(ctx, member))
}

/// The member, who must be there.
pub fn get(set: &mut WorkingSet, ctx: &Context<'_>, id: AgentId) -> Step<Member> {
    let member = find(set, ctx, id)?;
    member.ok_or_else(|| Error::new(Code::MemberNotFound, format!("there is no member {id}")).into())
}

/// Adds a member.
pub fn add(set: &mut WorkingSet, ctx: &mut Context<'_>, name: &str, role: Role) -> Step<Member> {
    let member = Member {
        id: ctx.ids.next(),
        org: ctx.org.id,
        name: member_name(name)?,
        role,
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
///
/// Fails with `member.not_found`, or with `member.last_owner` where a member would leave the team without an owner.
pub fn set_active(set: &mut WorkingSet, ctx: &Context<'_>, id: AgentId, active: bool) -> Step<Member> {
    change(set, ctx, id, |member| member.active = active)
}

/// Gives a member another role; nothing if it is theirs already.
///
/// Fails with `member.not_found`, or with `member.last_owner` where a member would leave the team without an owner.
pub fn set_role(set: &mut WorkingSet, ctx: &Context<'_>, id: AgentId, role: Role) -> Step<Member> {
    change(set, ctx, id, |member| member.role = role)
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
    let name = member_name(name)?;
    change(set, ctx, id, |member| member.name = name)
}

fn change(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    id: AgentId,
    edit: impl FnOnce(&mut Member),
) -> Step<Member> {
    let before = get(set, ctx, id)?;
    let mut member = before.clone();
    edit(&mut member);
    if owns(&before) && !owns(&member) {
        keep_an_owner(set, ctx, &before)?;
    }
    if member != before {
        put(set, ctx, Some(&before), &member);
    }
    Ok(member)
}

fn owns(member: &Member) -> bool {
    member.active && member.role == Role::Owner
}

/// Members cannot lock everybody out of the team. The owner who stays must still be one when this is committed, so that
/// of two who demote each other one loses.
fn keep_an_owner(set: &mut WorkingSet, ctx: &Context<'_>, leaver: &Member) -> Step<()> {
    if ctx.agent().is_none() {
        return Ok(());
    }
    let members: Vec<Member> = set.list(&Lookup::Members { org: ctx.org.id })?;
    let other = members
        .iter()
        .find(|member| owns(member) && member.id != leaver.id);
    let Some(other) = other else {
        let message = format!(
            "member {} ({}) is the last owner who works here",
            leaver.id, leaver.name
        );
        return Err(Error::new(Code::MemberLastOwner, message).into());
    };
    set.expect(&key(ctx, other.id));
    Ok(())
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
