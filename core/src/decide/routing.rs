//! The rules of routing, and what they do with a conversation that is new or open again.

use serde_json::Value;

use crate::channel::Channel;
use crate::contact::{Contact, tag_key};
use crate::context::Context;
use crate::decide::conversations::{assigned, get, handled, working};
use crate::decide::organisation::org;
use crate::decide::segments::rely;
use crate::decide::{contacts, filters, team};
use crate::error::{Code, Error};
use crate::ids::{ContactId, ConversationId, RuleId};
use crate::journal::What;
use crate::record::Org;
use crate::routing::{MAX_RULES, RoutingRule, RoutingTarget};
use crate::segment::SegmentUser;
use crate::working_set::{Step, Stop, WorkingSet};

/// Stores a rule, new behind all others or in the place of the one with its id. It counts from the next conversation on.
///
/// Fails with `routing.invalid`, `filter.*`, `segment.not_found`, `handler.invalid`, `member.not_found` or
/// `member.inactive`.
pub fn put(set: &mut WorkingSet, ctx: &Context<'_>, rule: &RoutingRule) -> Step<()> {
    let mut rule = rule.clone();
    if rule.channels.as_ref().is_some_and(Vec::is_empty) {
        let message = "the rule's list of channels is empty; leave it out to mean all";
        return Err(Error::new(Code::RoutingInvalid, message).into());
    }
    if let Some(filter) = &rule.filter {
        filters::ready(set, ctx, filter)?;
        rule.filter = Some(filter.folded());
    }
    match &mut rule.to {
        RoutingTarget::Member(member) => working(set, ctx, *member)?,
        RoutingTarget::Handler(handler) => *handler = handler.checked()?,
    }
    let org = org(set, ctx)?;
    let mut rules = org.routing.clone();
    let known = rules.iter_mut().find(|known| known.id == rule.id);
    let before = known.as_ref().and_then(|known| known.filter.clone());
    rely_on(set, ctx, &rule, before.as_ref())?;
    match known {
        Some(known) => *known = rule,
        None => rules.push(rule),
    }
    if rules.len() > MAX_RULES {
        let message = format!("there are {MAX_RULES} rules of routing already");
        return Err(Error::new(Code::RoutingInvalid, message).into());
    }
    replace(set, ctx, org, rules);
    Ok(())
}

fn rely_on(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    rule: &RoutingRule,
    before: Option<&crate::filter::Filter>,
) -> Step<()> {
    rely(
        set,
        ctx,
        SegmentUser::Routing(rule.id),
        before,
        rule.filter.as_ref(),
    )
}

/// Removes a rule; who got a conversation by it keeps it.
///
/// Fails with `routing.not_found`.
pub fn remove(set: &mut WorkingSet, ctx: &Context<'_>, id: RuleId) -> Step<()> {
    let org = org(set, ctx)?;
    let mut rules = org.routing.clone();
    let place = rules.iter().position(|rule| rule.id == id);
    let place = place.ok_or_else(|| not_found(id))?;
    let rule = rules.remove(place);
    rely(set, ctx, SegmentUser::Routing(id), rule.filter.as_ref(), None)?;
    replace(set, ctx, org, rules);
    Ok(())
}

fn not_found(id: RuleId) -> Error {
    Error::new(Code::RoutingNotFound, format!("there is no rule of routing {id}"))
}

/// Puts the rules in another order: each must be named once.
///
/// Fails with `routing.not_found` or `routing.invalid`.
pub fn order(set: &mut WorkingSet, ctx: &Context<'_>, ids: &[RuleId]) -> Step<()> {
    let org = org(set, ctx)?;
    let mut left = org.routing.clone();
    let mut rules = Vec::with_capacity(left.len());
    for id in ids {
        let place = left.iter().position(|rule| rule.id == *id);
        rules.push(left.remove(place.ok_or_else(|| not_found(*id))?));
    }
    if let Some(missing) = left.first() {
        let message = format!("the order leaves out rule {}", missing.id);
        return Err(Error::new(Code::RoutingInvalid, message).into());
    }
    replace(set, ctx, org, rules);
    Ok(())
}

fn replace(set: &mut WorkingSet, ctx: &Context<'_>, mut org: Org, rules: Vec<RoutingRule>) {
    if org.routing == rules {
        return;
    }
    let json = |rules: &[RoutingRule]| serde_json::to_value(rules).unwrap_or(Value::Null);
    set.journal(ctx.entry(What::RoutingChanged {
        before: json(&org.routing),
        after: json(&rules),
    }));
    org.routing = rules;
    set.put(org);
}

/// The rules whose filter names a tag.
pub(crate) fn naming_tag<'a>(ctx: &'a Context<'_>, tag: &str) -> impl Iterator<Item = &'a RoutingRule> {
    let key = tag_key(tag);
    let names = move |rule: &&RoutingRule| rule.filter.as_ref().is_some_and(|filter| filter.names_tag(&key));
    ctx.org.routing.iter().filter(names)
}

/// Every rule that names one tag names another, both by their folded names.
pub(crate) fn retag(set: &mut WorkingSet, ctx: &Context<'_>, from: &str, to: &str) -> Step<()> {
    let org = org(set, ctx)?;
    let mut rules = org.routing.clone();
    for rule in &mut rules {
        rule.filter = rule.filter.as_ref().map(|filter| filter.retagged(from, to));
    }
    replace(set, ctx, org, rules);
    Ok(())
}

/// The first rule that fits.
struct First {
    rule: Option<RoutingRule>,
    /// Those before it that would have fitted and cannot be used, with why.
    passed: Vec<(RuleId, Code)>,
}

/// Looks for the first rule that fits and can be used.
fn first(set: &mut WorkingSet, ctx: &Context<'_>, contact: &Contact, channel: Channel) -> Step<First> {
    let mut passed = Vec::new();
    for rule in &ctx.org.routing {
        let by_channel = rule
            .channels
            .as_ref()
            .is_none_or(|channels| channels.contains(&channel));
        if !rule.enabled || !by_channel {
            continue;
        }
        let fits = match &rule.filter {
            Some(filter) => filters::ready(set, ctx, filter).map(|filter| filter.matches(contact)),
            None => Ok(true),
        };
        let usable = match (&rule.to, fits) {
            (_, Ok(false)) => continue,
            (RoutingTarget::Member(member), Ok(true)) => working(set, ctx, *member),
            (RoutingTarget::Handler(_), Ok(true)) => Ok(()),
            (_, Err(stop)) => Err(stop),
        };
        match usable {
            Ok(()) => {
                let rule = Some(rule.clone());
                return Ok(First { rule, passed });
            }
            Err(Stop::Refused(error)) => passed.push((rule.id, error.code())),
            Err(stop) => return Err(stop),
        }
    }
    Ok(First { rule: None, passed })
}

/// The rule by which a contact's conversation would be routed if they wrote now.
///
/// Fails with `contact.not_found`.
pub fn test(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: ContactId,
    channel: Channel,
) -> Step<Option<RoutingRule>> {
    let contact = contacts::get(set, ctx, contact)?;
    Ok(first(set, ctx, &contact, channel)?.rule)
}

/// Routes a conversation that is new or open again, by what is known of its contact now. Without a rule that fits it stays
/// with whoever has it and works here.
pub(crate) fn route(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    conversation: ConversationId,
    channel: Channel,
) -> Step<()> {
    drop_leaver(set, ctx, conversation)?;
    if ctx.org.routing.is_empty() {
        return Ok(());
    }
    let thread = get(set, ctx, conversation)?;
    let contact = contacts::get(set, ctx, thread.contact)?;
    let First { rule, passed } = first(set, ctx, &contact, channel)?;
    for (rule, code) in passed {
        let what = What::RoutingPassedOver {
            conversation,
            rule,
            reason: code.as_str().to_owned(),
        };
        set.journal(ctx.about(contact.id, what));
    }
    match rule.map(|rule| (rule.id, rule.to)) {
        None => {}
        Some((rule, RoutingTarget::Member(member))) => {
            assigned(set, ctx, &thread, Some(member), Some(rule))?;
            let thread = get(set, ctx, conversation)?;
            handled(set, ctx, &thread, None, Some(rule))?;
        }
        Some((rule, RoutingTarget::Handler(handler))) => {
            handled(set, ctx, &thread, Some(&handler), Some(rule))?;
        }
    }
    Ok(())
}

/// A conversation that is open again is nobody's if it was that of somebody who left.
pub(crate) fn drop_leaver(set: &mut WorkingSet, ctx: &Context<'_>, conversation: ConversationId) -> Step<()> {
    let thread = get(set, ctx, conversation)?;
    let Some(assignee) = thread.assignee else {
        return Ok(());
    };
    if team::find(set, ctx, assignee)?.is_none_or(|member| !member.active) {
        assigned(set, ctx, &thread, None, None)?;
    }
    Ok(())
}
