//! What follows from a decision, once all of it is made: who is enrolled in a sequence by it, who goes on, and who leaves.
//!
//! It goes by what the decision wrote, and so knows every path: whatever adds a tag, creates a contact, takes a message in
//! or settles a row of the ledger need not know of sequences.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::contact::{Contact, tag_key};
use crate::context::Context;
use crate::conversation::Message;
use crate::decide::contacts::find;
use crate::decide::enrollments::{self, admit, leave, must_leave, row_done};
use crate::decide::sequences::{self, edition};
use crate::ids::{ContactId, MessageId, SequenceId};
use crate::journal::What;
use crate::ledger::Dispatch;
use crate::record::{Key, Record};
use crate::sequence::{Enrollment, ExitReason, Goal, Trigger, Watch};
use crate::working_set::{Step, Stop, WorkingSet};

/// What happened to one contact.
#[derive(Debug, Default)]
struct News {
    created: bool,
    merged: bool,
    /// Folded.
    tags: BTreeSet<String>,
    messages: Vec<(MessageId, DateTime<Utc>)>,
    /// Something that they may have to leave for.
    grave: bool,
}

impl News {
    /// What an entry of the journal tells, if that may have consequences.
    fn of(what: &What, at: DateTime<Utc>) -> Option<Self> {
        let none = Self::default();
        Some(match what {
            What::ContactCreated { .. } => Self {
                created: true,
                ..none
            },
            What::ContactMerged { .. } => Self {
                merged: true,
                grave: true,
                ..none
            },
            What::TagAdded { tag, .. } => Self {
                tags: BTreeSet::from([tag_key(tag)]),
                ..none
            },
            What::MessageReceived { message, .. } => Self {
                messages: vec![(*message, at)],
                ..none
            },
            What::ConsentChanged { .. }
            | What::ContactBlocked
            | What::ContactDeleted
            | What::ContactErased => Self { grave: true, ..none },
            _ => return None,
        })
    }

    fn add(&mut self, other: Self) {
        self.created |= other.created;
        self.merged |= other.merged;
        self.grave |= other.grave;
        self.tags.extend(other.tags);
        self.messages.extend(other.messages);
    }
}

/// Draws the consequences of the decision since [`WorkingSet::begin`].
pub fn follow(set: &mut WorkingSet, ctx: &mut Context<'_>) -> Step<()> {
    let news = news(set);
    for (contact, news) in &news {
        leave_for(set, ctx, *contact, news)?;
    }
    for row in rows_done(set) {
        row_done(set, ctx, &row)?;
    }
    for (contact, news) in &news {
        // The person had the tag before, and was there.
        if !news.merged {
            enroll_for(set, ctx, *contact, news)?;
        }
    }
    Ok(())
}

fn news(set: &WorkingSet) -> BTreeMap<ContactId, News> {
    let mut all: BTreeMap<ContactId, News> = BTreeMap::new();
    for entry in set.told() {
        let Some(contact) = entry.contact else { continue };
        let told = News::of(&entry.what, entry.at);
        let Some(told) = told else { continue };
        all.entry(contact).or_default().add(told);
    }
    all
}

/// The rows of steps that were open, and are not any more.
fn rows_done(set: &WorkingSet) -> Vec<Dispatch> {
    let open = |record: &Record| matches!(record, Record::Dispatch(row) if row.state.name().is_open());
    let done = |(before, after): (Option<&Record>, &Record)| match after {
        Record::Dispatch(row) if row.step.is_some() => {
            (!open(after) && before.is_none_or(open)).then(|| row.clone())
        }
        _ => None,
    };
    set.written().filter_map(done).collect()
}

/// Takes a contact out of the sequences that they are under way in, where there is a reason.
fn leave_for(set: &mut WorkingSet, ctx: &mut Context<'_>, id: ContactId, news: &News) -> Step<()> {
    // Who is new is in none.
    if news.created || !news.grave && news.tags.is_empty() && news.messages.is_empty() {
        return Ok(());
    }
    let Some(mut contact) = find(set, ctx, id)? else {
        return Ok(());
    };
    let open: Vec<SequenceId> = contact
        .enrolled
        .iter()
        .filter(|(_, known)| known.open)
        .map(|(sequence, _)| *sequence)
        .collect();
    let mut left = false;
    for sequence in open {
        if let Some(reason) = reason(set, ctx, &contact, sequence, news)? {
            left |= leave(set, ctx, &mut contact, sequence, reason)?;
        }
    }
    if left {
        set.put(contact);
    }
    Ok(())
}

/// Why a contact leaves a sequence, if they do: what forbids it, before what was its goal.
fn reason(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &Contact,
    sequence: SequenceId,
    news: &News,
) -> Step<Option<ExitReason>> {
    let Some(known) = contact.enrolled.get(&sequence) else {
        return Ok(None);
    };
    let enrollment: Option<Enrollment> = set.get(&enrollments::key(ctx, known.id))?;
    let Some(enrollment) = enrollment else {
        return Ok(None);
    };
    let sequence = sequences::get(set, ctx, sequence)?;
    let definition = edition(set, ctx, &sequence, enrollment.version)?;
    if news.grave
        && let Some(reason) = must_leave(set, ctx, &definition, contact)?
    {
        return Ok(Some(reason));
    }
    for goal in &definition.goals {
        match goal {
            Goal::Tag(tag) if news.tags.contains(&tag_key(tag)) => return Ok(Some(ExitReason::Tagged)),
            Goal::Reply if wrote_since(set, ctx, &enrollment, news)? => return Ok(Some(ExitReason::Replied)),
            Goal::Tag(_) | Goal::Reply => {}
        }
    }
    Ok(None)
}

/// Whether a contact wrote since they were enrolled, by the second, as platforms time events.
fn wrote_since(set: &mut WorkingSet, ctx: &Context<'_>, enrollment: &Enrollment, news: &News) -> Step<bool> {
    for (message, at) in &news.messages {
        let key = Key::Message {
            org: ctx.org.id,
            message: *message,
        };
        let message: Option<Message> = set.get(&key)?;
        let spoken = message.is_some_and(|message| message.is_spoken());
        if spoken && at.timestamp() >= enrollment.enrolled_at.timestamp() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Enrolls a contact in the sequences that were on the watch for what happened. Who may not be enrolled is not.
fn enroll_for(set: &mut WorkingSet, ctx: &mut Context<'_>, id: ContactId, news: &News) -> Step<()> {
    let org = ctx.org;
    let meant = |watch: &&Watch| {
        let fits = match &watch.trigger {
            Trigger::Manual => false,
            Trigger::ContactCreated => news.created,
            Trigger::TagAdded(tag) => news.tags.contains(&tag_key(tag)),
        };
        fits && (watch.from_bulk || !ctx.bulk)
    };
    let watches: Vec<&Watch> = org.watches.iter().filter(meant).collect();
    for watch in watches {
        let Some(contact) = find(set, ctx, id)? else {
            return Ok(());
        };
        let sequence = sequences::get(set, ctx, watch.sequence)?;
        match admit(set, ctx, &sequence, &contact) {
            Ok(()) => {
                enrollments::begin(set, ctx, &sequence, contact, true)?;
            }
            Err(Stop::Refused(_)) => {}
            Err(stop) => return Err(stop),
        }
    }
    Ok(())
}
