//! What a caller does with broadcasts, and when one is finished.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::attributes::{Attribute, RESERVED};
use crate::broadcast::{Audience, Broadcast, BroadcastState, RecipientFilter, Refusal};
use crate::context::Context;
use crate::decide::sending::{get_template, sender_of_templates, settles_within};
use crate::decide::{filters, segments};
use crate::error::{Code, Error};
use crate::ids::{AccountId, BroadcastId};
use crate::journal::What;
use crate::record::{Key, Op};
use crate::render::{Text, Variable};
use crate::schedule::{NewSchedule, Schedule};
use crate::segment::SegmentUser;
use crate::selection::{RecipientSelection, Selection, Target, TargetList};
use crate::template::{Language, Template, TemplateParameters};
use crate::working_set::{Step, Stop, WorkingSet};

/// A broadcast to create.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewBroadcast {
    /// A name for people.
    pub name: String,
    /// The sender.
    pub account: AccountId,
    /// The template's name.
    pub template: String,
    /// The template's language.
    pub language: Language,
    /// What fills the template.
    #[serde(default)]
    pub parameters: TemplateParameters,
    /// Whom it is for: as it stands at the launch, where it is not named.
    pub target: Selection,
}

pub(crate) fn key(ctx: &Context<'_>, broadcast: BroadcastId) -> Key {
    Key::Broadcast {
        org: ctx.org.id,
        broadcast,
    }
}

/// The broadcast, which must be there.
pub fn get(set: &mut WorkingSet, ctx: &Context<'_>, broadcast: BroadcastId) -> Step<Broadcast> {
    let found: Option<Broadcast> = set.get(&key(ctx, broadcast))?;
    found.ok_or_else(|| {
        Error::new(
            Code::BroadcastNotFound,
            format!("there is no broadcast {broadcast}"),
        )
        .into()
    })
}

/// Saves a draft: everything that could never be sent is refused now.
pub fn create(set: &mut WorkingSet, ctx: &mut Context<'_>, new: &NewBroadcast) -> Step<BroadcastId> {
    let id = ctx.ids.next();
    let broadcast = Broadcast {
        id,
        org: ctx.org.id,
        name: new.name.trim().to_owned(),
        account: new.account,
        template: new.template.clone(),
        language: new.language.clone(),
        parameters: new.parameters.clone(),
        target: aim(set, ctx, id, &new.target)?,
        schedule: None,
        state: BroadcastState::Draft,
        created_at: ctx.now,
    };
    check(set, ctx, &broadcast)?;
    journal(set, ctx, id, "created");
    set.put(broadcast);
    Ok(id)
}

/// Replaces a draft.
pub fn update(set: &mut WorkingSet, ctx: &Context<'_>, id: BroadcastId, new: &NewBroadcast) -> Step<()> {
    let mut broadcast = get(set, ctx, id)?;
    refuse_launched(&broadcast)?;
    let_go(set, ctx, &broadcast)?;
    new.name.trim().clone_into(&mut broadcast.name);
    broadcast.account = new.account;
    broadcast.template.clone_from(&new.template);
    broadcast.language = new.language.clone();
    broadcast.parameters = new.parameters.clone();
    broadcast.target = aim(set, ctx, id, &new.target)?;
    check(set, ctx, &broadcast)?;
    journal(set, ctx, id, "updated");
    set.put(broadcast);
    Ok(())
}

fn list_key(ctx: &Context<'_>, broadcast: BroadcastId) -> Key {
    Key::TargetList {
        org: ctx.org.id,
        broadcast,
    }
}

/// The target of a draft, and what it stands on: a list beside the draft, or segments.
fn aim(set: &mut WorkingSet, ctx: &Context<'_>, id: BroadcastId, meant: &Selection) -> Step<Target> {
    Ok(match meant {
        Selection::Ids(ids) => {
            set.put(TargetList::new(ctx.org.id, id, ids)?);
            Target::List
        }
        Selection::Filter(filter) => {
            filter.check_size()?;
            let filter = filter.folded();
            segments::rely(set, ctx, SegmentUser::Broadcast(id), None, Some(&filter))?;
            Target::Filter(filter)
        }
        Selection::Recipients(meant) if meant.broadcast == id => {
            let message = "a broadcast to its own recipients would have none";
            return Err(Error::new(Code::BroadcastInvalid, message).into());
        }
        Selection::Recipients(meant) => Target::Recipients(meant.clone()),
    })
}

/// What the target of a draft stands on is needed no more.
fn let_go(set: &mut WorkingSet, ctx: &Context<'_>, draft: &Broadcast) -> Step<()> {
    match &draft.target {
        Target::Filter(filter) => {
            segments::rely(set, ctx, SegmentUser::Broadcast(draft.id), Some(filter), None)
        }
        Target::List => {
            let key = list_key(ctx, draft.id);
            set.need([key.clone()])?;
            set.remove(key);
            Ok(())
        }
        Target::Recipients(_) => Ok(()),
    }
}

/// Whom a broadcast is for, as stores take it: a filter that is ready and finds nobody who is deleted, or ids, sorted.
/// Once launched, whoever was on its list is one of its recipients.
pub fn meant(set: &mut WorkingSet, ctx: &Context<'_>, broadcast: &Broadcast) -> Step<Selection> {
    Ok(match &broadcast.target {
        Target::Filter(filter) => Selection::Filter(filters::to_find(set, ctx, filter)?),
        Target::Recipients(meant) => {
            get(set, ctx, meant.broadcast)?;
            Selection::Recipients(meant.clone())
        }
        Target::List => match set.get::<TargetList>(&list_key(ctx, broadcast.id))? {
            Some(list) => Selection::Ids(list.contacts.into_iter().collect()),
            None => Selection::Recipients(RecipientSelection {
                broadcast: broadcast.id,
                who: RecipientFilter::default(),
            }),
        },
    })
}

/// What is scheduled is edited as a draft again: nobody changes what starts in a minute unawares.
fn refuse_launched(broadcast: &Broadcast) -> Result<(), Error> {
    if broadcast.state == BroadcastState::Draft {
        Ok(())
    } else {
        let state = broadcast.state.as_str();
        Err(Error::new(
            Code::BroadcastNotDraft,
            format!("broadcast {:?} is {state}, and no draft", broadcast.name),
        ))
    }
}

fn wrong_state(broadcast: &Broadcast, wanted: &str) -> Stop {
    let (name, state) = (&broadcast.name, broadcast.state.as_str());
    let message = format!("broadcast {name:?} is {state}, and so cannot be {wanted}");
    Error::new(Code::BroadcastWrongState, message).into()
}

/// Refuses parameters that name an attribute which nobody defined: it would be missing for everybody.
pub(crate) fn check_variables(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    parameters: &TemplateParameters,
) -> Step<()> {
    let key = |name: &str| Key::Attribute {
        org: ctx.org.id,
        name: name.to_owned(),
    };
    let named = || {
        let variables = parameters.texts().flat_map(Text::variables);
        variables.filter_map(|variable| match variable {
            Variable::ContactAttribute(name) => Some(name.as_str()),
            _ => None,
        })
    };
    set.need(named().map(key))?;
    let mut defined = HashSet::new();
    for name in named() {
        if set.get::<Attribute>(&key(name))?.is_some() {
            defined.insert(name);
        }
    }
    for text in parameters.texts() {
        text.check_attributes(|name| defined.contains(name) || RESERVED.contains(&name))?;
    }
    Ok(())
}

/// The sender and template of a broadcast, which must fit together.
pub fn check(set: &mut WorkingSet, ctx: &Context<'_>, broadcast: &Broadcast) -> Step<(Account, Template)> {
    if broadcast.name.is_empty() {
        return Err(Error::new(Code::BroadcastInvalid, "the broadcast has no name").into());
    }
    let account = sender_of_templates(set, ctx, broadcast.account, Code::BroadcastInvalid)?;
    let template = get_template(set, ctx, &broadcast.template, &broadcast.language)?;
    template.check(&broadcast.parameters)?;
    check_variables(set, ctx, &broadcast.parameters)?;
    match &broadcast.target {
        Target::Filter(filter) => drop(filters::ready(set, ctx, filter)?),
        Target::Recipients(meant) => drop(get(set, ctx, meant.broadcast)?),
        Target::List => {}
    }
    Ok((account, template))
}

/// Lets a draft, or what is scheduled or held, start by itself.
pub fn schedule(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    id: BroadcastId,
    new: NewSchedule,
) -> Step<BroadcastState> {
    let mut broadcast = get(set, ctx, id)?;
    if !broadcast.state.is_before_launch() {
        return Err(wrong_state(&broadcast, "scheduled"));
    }
    let (_, template) = check(set, ctx, &broadcast)?;
    template.sendable()?;
    let schedule = Schedule::new(new, &ctx.org.settings, ctx.now)?;
    let at = schedule.starts();
    broadcast.schedule = Some(schedule);
    broadcast.state = BroadcastState::Scheduled { at };
    journal(
        set,
        ctx,
        id,
        &format!("scheduled for {} in {}", schedule.at, schedule.zone),
    );
    let state = broadcast.state.clone();
    set.put(broadcast);
    Ok(state)
}

/// Makes what is scheduled or held a draft again.
pub fn unschedule(set: &mut WorkingSet, ctx: &Context<'_>, id: BroadcastId) -> Step<()> {
    let mut broadcast = get(set, ctx, id)?;
    match broadcast.state {
        BroadcastState::Draft => return Ok(()),
        BroadcastState::Scheduled { .. } | BroadcastState::Held { .. } => {}
        _ => return Err(wrong_state(&broadcast, "unscheduled")),
    }
    broadcast.schedule = None;
    broadcast.state = BroadcastState::Draft;
    journal(set, ctx, id, "unscheduled");
    set.put(broadcast);
    Ok(())
}

/// Fixes the recipients and starts sending, now.
pub fn launch(set: &mut WorkingSet, ctx: &mut Context<'_>, id: BroadcastId, seed: u64) -> Step<()> {
    let mut broadcast = get(set, ctx, id)?;
    if !broadcast.state.is_before_launch() {
        refuse_launched(&broadcast)?;
    }
    // Whoever launches by hand means now, everywhere.
    broadcast.schedule = None;
    start(set, ctx, broadcast, seed)
}

/// Starts a broadcast whose time has come; holds it where that is too long ago, or where it cannot start.
pub fn start_due(set: &mut WorkingSet, ctx: &mut Context<'_>, id: BroadcastId, seed: u64) -> Step<()> {
    let mut broadcast = get(set, ctx, id)?;
    let BroadcastState::Scheduled { at: due } = broadcast.state else {
        return Ok(());
    };
    if due > ctx.now {
        return Ok(());
    }
    // Where each has a time of their own, the last of them counts.
    let last = broadcast
        .schedule
        .map_or(due, |schedule| due.max(schedule.due(None)));
    let refusal = if last + ctx.org.settings.max_late() < ctx.now {
        None
    } else {
        match start(set, ctx, broadcast.clone(), seed) {
            Err(Stop::Refused(error)) => Some(Refusal::from(&error)),
            started => return started,
        }
    };
    let change = match &refusal {
        None => "held: nothing ran at its time".to_owned(),
        Some(refusal) => format!("held: {}", refusal.code),
    };
    broadcast.state = BroadcastState::Held {
        due,
        since: ctx.now,
        refusal,
    };
    journal(set, ctx, id, &change);
    set.put(broadcast);
    Ok(())
}

fn start(set: &mut WorkingSet, ctx: &mut Context<'_>, mut broadcast: Broadcast, seed: u64) -> Step<()> {
    let id = broadcast.id;
    let (account, template) = check(set, ctx, &broadcast)?;
    template.sendable()?;
    let who = meant(set, ctx, &broadcast)?;
    let target = match &broadcast.target {
        Target::Filter(filter) => Target::Filter(filters::ready(set, ctx, filter)?),
        other => other.clone(),
    };
    let_go(set, ctx, &broadcast)?;
    broadcast.target = target;
    broadcast.state = BroadcastState::Running { since: ctx.now };
    journal(set, ctx, id, "launched");
    set.put(broadcast.clone());
    let audience = Audience {
        who,
        settles_within_seconds: settles_within(ctx, Some(template.category)),
        category: template.category,
        broadcast,
        account,
        settings: ctx.org.settings.clone(),
        now: ctx.now,
    };
    set.also(Op::SnapshotAudience(Box::new(audience), seed));
    Ok(())
}

/// Lets nothing more go out until it is resumed. What is on the wire stays there.
pub fn pause(set: &mut WorkingSet, ctx: &Context<'_>, id: BroadcastId) -> Step<()> {
    let mut broadcast = get(set, ctx, id)?;
    broadcast.state = match broadcast.state {
        BroadcastState::Paused { .. } => return Ok(()),
        BroadcastState::Running { since } => BroadcastState::Paused {
            launched: since,
            since: ctx.now,
            refusal: None,
        },
        _ => return Err(wrong_state(&broadcast, "paused")),
    };
    journal(set, ctx, id, "paused");
    set.put(broadcast);
    Ok(())
}

/// Pauses a broadcast that nobody could get now, since its template is stopped: the recipients wait, and are not used up.
pub(crate) fn stop(set: &mut WorkingSet, ctx: &Context<'_>, id: BroadcastId, refusal: Refusal) -> Step<()> {
    let mut broadcast = get(set, ctx, id)?;
    if let BroadcastState::Running { since } = broadcast.state {
        journal(set, ctx, id, &format!("paused: {}", refusal.code));
        broadcast.state = BroadcastState::Paused {
            launched: since,
            since: ctx.now,
            refusal: Some(refusal),
        };
        set.put(broadcast);
    }
    Ok(())
}

/// Goes on where it was paused, if its template may be sent.
pub fn resume(set: &mut WorkingSet, ctx: &Context<'_>, id: BroadcastId) -> Step<()> {
    let mut broadcast = get(set, ctx, id)?;
    broadcast.state = match broadcast.state {
        BroadcastState::Running { .. } => return Ok(()),
        BroadcastState::Paused { launched, .. } => {
            get_template(set, ctx, &broadcast.template, &broadcast.language)?.sendable()?;
            BroadcastState::Running { since: launched }
        }
        _ => return Err(wrong_state(&broadcast, "resumed")),
    };
    journal(set, ctx, id, "resumed");
    set.put(broadcast);
    Ok(())
}

/// Calls a broadcast off for good: who was not sent to yet is left out. What is on the wire stays there.
pub fn cancel(set: &mut WorkingSet, ctx: &Context<'_>, id: BroadcastId) -> Step<()> {
    let mut broadcast = get(set, ctx, id)?;
    broadcast.state = match broadcast.state {
        BroadcastState::Cancelling { .. } | BroadcastState::Cancelled { .. } => return Ok(()),
        BroadcastState::Draft | BroadcastState::Scheduled { .. } | BroadcastState::Held { .. } => {
            let_go(set, ctx, &broadcast)?;
            BroadcastState::Cancelled {
                launched: None,
                at: ctx.now,
            }
        }
        BroadcastState::Running { since: launched } | BroadcastState::Paused { launched, .. } => {
            BroadcastState::Cancelling {
                launched,
                since: ctx.now,
            }
        }
        BroadcastState::Finished { .. } => return Err(wrong_state(&broadcast, "cancelled")),
    };
    journal(set, ctx, id, broadcast.state.as_str());
    set.put(broadcast);
    Ok(())
}

/// Ends a broadcast of which no recipient was pending, leased or sending when the caller counted, which was after it had
/// this version; whether it did. Where somebody waits again since then, the version is another one.
pub fn finish(set: &mut WorkingSet, ctx: &Context<'_>, id: BroadcastId, counted_at: u64) -> Step<bool> {
    let mut broadcast = get(set, ctx, id)?;
    if set.version(&key(ctx, id)) != Some(counted_at) {
        return Ok(false);
    }
    broadcast.state = match broadcast.state {
        BroadcastState::Running { since } => BroadcastState::Finished {
            launched: since,
            at: ctx.now,
        },
        BroadcastState::Cancelling { launched, .. } => BroadcastState::Cancelled {
            launched: Some(launched),
            at: ctx.now,
        },
        _ => return Ok(false),
    };
    journal(set, ctx, id, broadcast.state.as_str());
    set.put(broadcast);
    Ok(true)
}

/// Runs a finished broadcast again, because some of its rows are to be sent again.
pub fn reopen(set: &mut WorkingSet, ctx: &Context<'_>, id: BroadcastId) -> Step<()> {
    let mut broadcast = get(set, ctx, id)?;
    match broadcast.state {
        BroadcastState::Finished { launched, .. } => {
            broadcast.state = BroadcastState::Running { since: launched };
            journal(set, ctx, id, "reopened");
        }
        BroadcastState::Cancelling { .. } | BroadcastState::Cancelled { .. } => {
            return Err(wrong_state(&broadcast, "sent again"));
        }
        _ => {}
    }
    // Even as it is: whoever counted before must not finish it.
    set.put(broadcast);
    Ok(())
}

/// Whether a recipient of whom nothing was known may wait again: a broadcast that was finished runs again, one that was
/// called off does not.
pub(crate) fn takes_up(set: &mut WorkingSet, ctx: &Context<'_>, id: BroadcastId) -> Step<bool> {
    match reopen(set, ctx, id) {
        Ok(()) => Ok(true),
        Err(Stop::Refused(_)) => Ok(false),
        Err(stop) => Err(stop),
    }
}

fn journal(set: &mut WorkingSet, ctx: &Context<'_>, broadcast: BroadcastId, change: &str) {
    set.journal(ctx.entry(What::BroadcastChanged {
        broadcast,
        change: change.to_owned(),
    }));
}
