//! One template to many contacts.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::{Account, Waits};
use crate::consent::Denial;
use crate::contact::{Contact, RecordStatus};
use crate::conversation::Author;
use crate::error::Error;
use crate::ids::{AccountId, BroadcastId, ContactId, DispatchId, OrgId};
use crate::ledger::{Dispatch, DispatchState, SkipReason, Slot, StateName};
use crate::schedule::{Schedule, zone_of};
use crate::selection::{Selection, Target};
use crate::settings::Settings;
use crate::template::{Category, Language, TemplateParameters};

/// A broadcast.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Broadcast {
    /// The id.
    pub id: BroadcastId,
    /// The organisation.
    pub org: OrgId,
    /// A name for people.
    pub name: String,
    /// The sender.
    pub account: AccountId,
    /// The template's name.
    pub template: String,
    /// The template's language.
    pub language: Language,
    /// What fills the template.
    pub parameters: TemplateParameters,
    /// Whom it is for.
    pub target: Target,
    /// When it is to start by itself, or was to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// Where it stands.
    pub state: BroadcastState,
    /// When it was drafted.
    pub created_at: DateTime<Utc>,
}

/// Where a broadcast stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum BroadcastState {
    /// Saved, not sent; can be edited.
    Draft,
    /// Starts by itself.
    Scheduled {
        /// When.
        at: DateTime<Utc>,
    },
    /// It was to start and did not: somebody launches, schedules or cancels it.
    Held {
        /// When it was to start.
        due: DateTime<Utc>,
        /// Since when it is held.
        since: DateTime<Utc>,
        /// Why it could not start; absent: nothing ran at its time, nor soon enough afterwards.
        refusal: Option<Refusal>,
    },
    /// Its recipients are fixed, and it is being sent.
    Running {
        /// When it was launched.
        since: DateTime<Utc>,
    },
    /// Nothing more goes out until it is resumed.
    Paused {
        /// When it was launched.
        launched: DateTime<Utc>,
        /// Since when.
        since: DateTime<Utc>,
        /// Why it paused by itself, its template being stopped; absent: somebody paused it.
        refusal: Option<Refusal>,
    },
    /// Nothing more goes out; those who wait are being left out.
    Cancelling {
        /// When it was launched.
        launched: DateTime<Utc>,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Called off. Those whom it had reached by then, it reached.
    Cancelled {
        /// When it was launched; absent: it never was.
        launched: Option<DateTime<Utc>>,
        /// When that was done.
        at: DateTime<Utc>,
    },
    /// No recipient is pending, leased or sending.
    Finished {
        /// When it was launched.
        launched: DateTime<Utc>,
        /// When the last recipient was done.
        at: DateTime<Utc>,
    },
}

/// Why a broadcast could not start, or not go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// The error's code.
    pub code: String,
    /// What was wrong.
    pub message: String,
}

impl From<&Error> for Refusal {
    fn from(error: &Error) -> Self {
        Self {
            code: error.code().as_str().to_owned(),
            message: error.message().to_owned(),
        }
    }
}

impl BroadcastState {
    /// Whether its recipients are still to be fixed, by the target as it then is.
    pub const fn is_before_launch(&self) -> bool {
        matches!(self, Self::Draft | Self::Scheduled { .. } | Self::Held { .. })
    }

    /// When it wants attention without anybody asking: at its time, or to leave out those who wait.
    pub const fn due(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Scheduled { at } => Some(*at),
            Self::Cancelling { since, .. } => Some(*since),
            _ => None,
        }
    }

    /// The state as a word.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Scheduled { .. } => "scheduled",
            Self::Held { .. } => "held",
            Self::Running { .. } => "running",
            Self::Paused { .. } => "paused",
            Self::Cancelling { .. } => "cancelling",
            Self::Cancelled { .. } => "cancelled",
            Self::Finished { .. } => "finished",
        }
    }
}

/// Why somebody who is meant would not be sent to, as far as their record tells; `None`: there is no such contact.
///
/// The same question, with window and template, is asked again by the gate at the moment of sending.
pub fn left_out(
    contact: Option<&Contact>,
    account: &Account,
    category: Category,
    slot: Option<&Slot>,
    now: DateTime<Utc>,
) -> Option<SkipReason> {
    let Some(contact) = contact else {
        return Some(SkipReason::NotFound);
    };
    match contact.status {
        RecordStatus::Active => {}
        RecordStatus::Inactive => return Some(SkipReason::Inactive),
        RecordStatus::Blocked => return Some(SkipReason::Blocked),
        RecordStatus::Deleted => return Some(SkipReason::Deleted),
    }
    let marketing = category == Category::Marketing;
    let destination = contact.destination(account.channel, marketing, account.id);
    let of = destination.and_then(|identity| identity.merged_from);
    match contact.consent.permits(marketing, account.id, of) {
        Ok(()) => {}
        Err(Denial::OptedOut(_)) => return Some(SkipReason::OptedOut),
        Err(Denial::NotOptedIn | Denial::NotForMarketing) => return Some(SkipReason::NotOptedIn),
    }
    if destination.is_none() {
        return Some(SkipReason::NoAddress);
    }
    (marketing && slot.is_some_and(|slot| slot.is_taken(now))).then_some(SkipReason::Capped)
}

/// All that an audience is fixed by: what a store needs to write the recipients of a broadcast in one transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Audience {
    /// The broadcast.
    pub broadcast: Broadcast,
    /// Whom it is for: a filter that is ready, or ids, each once.
    pub who: Selection,
    /// Its sender.
    pub account: Account,
    /// The template's category.
    pub category: Category,
    /// How long an attempt with unknown outcome may still settle, in seconds.
    pub settles_within_seconds: u32,
    /// The organisation's settings: where contacts' zones are kept, and how late is too late.
    pub settings: Settings,
    /// The time of the launch.
    pub now: DateTime<Utc>,
}

impl Audience {
    /// The ledger row of somebody who is meant: pending, from their own time on where the schedule says so, or skipped with
    /// the reason. An id that leads to no contact has a row, too.
    pub fn enlist(
        &self,
        id: DispatchId,
        who: ContactId,
        contact: Option<&Contact>,
        slot: Option<&Slot>,
    ) -> Dispatch {
        let mut row = Dispatch::pending(
            id,
            self.broadcast.org,
            Author::Broadcast(self.broadcast.id),
            who,
            self.account.id,
            self.now,
            self.settles_within_seconds,
        );
        let marketing = self.category == Category::Marketing;
        row.match_key = contact
            .and_then(|contact| contact.destination(self.account.channel, marketing, self.account.id))
            .map(|identity| identity.match_key.clone());
        let due = self.due(contact);
        row.not_before = due.max(self.now);
        let late = (due + self.settings.max_late() < self.now).then_some(SkipReason::Late);
        let reason = left_out(contact, &self.account, self.category, slot, self.now).or(late);
        if let Some(reason) = reason {
            row.state = DispatchState::Skipped { reason };
        }
        row
    }

    /// When a contact is to get it: now, or at the scheduled time of their own zone.
    fn due(&self, contact: Option<&Contact>) -> DateTime<Utc> {
        let own = self
            .broadcast
            .schedule
            .filter(|schedule| schedule.recipients_zones);
        own.map_or(self.now, |schedule| {
            schedule.due(contact.and_then(|contact| zone_of(contact, &self.settings)))
        })
    }
}

/// One group of equal ledger rows, counted: what [`Stats`] are made of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket {
    /// The state.
    pub state: StateName,
    /// The skip reason, or the failure's code.
    pub reason: Option<String>,
    /// The platform took it once.
    pub accepted: bool,
    /// The contact replied.
    pub replied: bool,
    /// The contact opted out afterwards.
    pub opted_out_after: bool,
    /// The step of a sequence.
    pub step: Option<String>,
}

impl Bucket {
    /// The group that a row belongs to. Only skipped and failed rows have a reason.
    pub fn of(row: &Dispatch) -> Self {
        let reason = match &row.state {
            DispatchState::Skipped { reason } => Some(reason.as_str().to_owned()),
            DispatchState::Failed => row.failure.as_ref().map(|failure| failure.code.clone()),
            _ => None,
        };
        Self {
            state: row.state.name(),
            reason,
            accepted: row.accepted,
            replied: row.replied,
            opted_out_after: row.opted_out_after,
            step: row.step.as_ref().map(|of| of.step.clone()),
        }
    }
}

/// Which recipients of a broadcast: any bucket that its [`Stats`] count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RecipientFilter {
    /// In any of these states; empty: in all.
    pub states: Vec<StateName>,
    /// Left out for any of these reasons, or failed with any of these codes of the platform; empty: whatever the reason.
    pub reasons: Vec<String>,
    /// Only those who wrote back, or only those who did not.
    pub replied: Option<bool>,
    /// Only those who opted out afterwards, or only those who did not.
    pub opted_out_after: Option<bool>,
}

impl RecipientFilter {
    /// Those in any of these states.
    pub fn in_states(states: &[StateName]) -> Self {
        Self {
            states: states.to_vec(),
            ..Self::default()
        }
    }

    /// Whether a group of rows is meant.
    pub fn matches(&self, bucket: &Bucket) -> bool {
        let reason = |reason: &String| self.reasons.contains(reason);
        (self.states.is_empty() || self.states.contains(&bucket.state))
            && (self.reasons.is_empty() || bucket.reason.as_ref().is_some_and(reason))
            && self
                .replied
                .is_none_or(|replied| replied == (bucket.accepted && bucket.replied))
            && self
                .opted_out_after
                .is_none_or(|out| out == (bucket.accepted && bucket.opted_out_after))
    }
}

/// What one contact would get if a broadcast went out now, or at its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Simulated {
    /// The contact.
    pub contact: ContactId,
    /// When it would go out; absent: it would not, or nobody can say when.
    pub at: Option<DateTime<Utc>>,
    /// The text as they would read it.
    pub text: Option<String>,
    /// Why they would be left out.
    pub skip: Option<SkipReason>,
    /// What is in the way, in words.
    pub reason: Option<String>,
}

/// The funnel. `sent`, `delivered` and `read` each include those who got further, and never fall.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stats {
    /// Everybody who was meant at the launch.
    pub total: u64,
    /// Waiting or leased: not tried yet, or to be tried again.
    pub pending: u64,
    /// On the wire at this moment.
    pub sending: u64,
    /// No answer was recorded; a status may still settle them.
    pub unknown: u64,
    /// Nobody ever said what became of them.
    pub unconfirmed: u64,
    /// Left out, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// Taken by the platform, whatever became of them afterwards.
    pub sent: u64,
    /// Reached the device.
    pub delivered: u64,
    /// Opened.
    pub read: u64,
    /// Failed, by the platform's code.
    pub failed: BTreeMap<String, u64>,
    /// Wrote back.
    pub replied: u64,
    /// Opted out afterwards.
    pub opted_out_after: u64,
    /// Why nobody of those who wait is sent to just now, and until when, where that is the sender's; absent: they are, or it
    /// is no longer running.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<Waits>,
}

impl Stats {
    /// Adds a bucket of this many rows.
    pub fn add(&mut self, bucket: &Bucket, count: u64) {
        self.total += count;
        let reason = || bucket.reason.clone().unwrap_or_default();
        match bucket.state {
            StateName::Pending | StateName::Leased => self.pending += count,
            StateName::Sending => self.sending += count,
            StateName::Unknown => self.unknown += count,
            StateName::Unconfirmed => self.unconfirmed += count,
            StateName::Skipped => *self.skipped.entry(reason()).or_default() += count,
            StateName::Failed => *self.failed.entry(reason()).or_default() += count,
            StateName::Accepted | StateName::Sent => {}
            StateName::Delivered => self.delivered += count,
            StateName::Read => {
                self.delivered += count;
                self.read += count;
            }
        }
        // Nobody answers a message that was never sent: what they wrote was about something else.
        if bucket.accepted {
            self.sent += count;
            self.replied += if bucket.replied { count } else { 0 };
            self.opted_out_after += if bucket.opted_out_after { count } else { 0 };
        }
    }

    /// Everybody who was left out.
    pub fn skipped_total(&self) -> u64 {
        self.skipped.values().sum()
    }

    /// Everybody whom it failed to reach.
    pub fn failed_total(&self) -> u64 {
        self.failed.values().sum()
    }

    /// Whether nobody is waiting or on the wire.
    pub const fn is_finished(&self) -> bool {
        self.pending == 0 && self.sending == 0
    }
}

/// What a broadcast would do now.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    /// The first contacts, at most ten, in the order of their ids.
    pub first: Vec<Contact>,
    /// How many would be sent to.
    pub total: u64,
    /// How many are meant and would be left out, by reason.
    pub left_out: BTreeMap<SkipReason, u64>,
}

#[cfg(test)]
mod tests;
