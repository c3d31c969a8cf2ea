//! One template to many contacts.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::consent::Denial;
use crate::contact::{Contact, RecordStatus};
use crate::conversation::Author;
use crate::filter::Filter;
use crate::ids::{AccountId, BroadcastId, DispatchId, OrgId};
use crate::ledger::{Dispatch, DispatchState, SkipReason, Slot, StateName};
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
    /// Who is meant, texts folded. A draft may name segments; once launched, their filters stand in their place.
    pub target: Filter,
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
    /// Its recipients are fixed, and it is being sent.
    Running {
        /// When it was launched.
        since: DateTime<Utc>,
    },
    /// No recipient is pending, leased or sending.
    Finished {
        /// When it was launched.
        launched: DateTime<Utc>,
        /// When the last recipient was done.
        at: DateTime<Utc>,
    },
}

/// Why a contact that fits the target would not be sent to, as far as their record tells.
///
/// The same question, with window and template, is asked again by the gate at the moment of sending.
pub fn left_out(
    contact: &Contact,
    account: &Account,
    category: Category,
    slot: Option<&Slot>,
    now: DateTime<Utc>,
) -> Option<SkipReason> {
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
    /// Its sender.
    pub account: Account,
    /// The template's category.
    pub category: Category,
    /// How long an attempt with unknown outcome may still settle, in seconds.
    pub settles_within_seconds: u32,
    /// The time of the launch.
    pub now: DateTime<Utc>,
}

impl Audience {
    /// The ledger row of one contact that fits the target: pending, or skipped with the reason.
    pub fn enlist(&self, id: DispatchId, contact: &Contact, slot: Option<&Slot>) -> Dispatch {
        let mut row = Dispatch::pending(
            id,
            self.broadcast.org,
            Author::Broadcast(self.broadcast.id),
            contact.id,
            self.account.id,
            self.now,
            self.settles_within_seconds,
        );
        let marketing = self.category == Category::Marketing;
        row.match_key = contact
            .destination(self.account.channel, marketing, self.account.id)
            .map(|identity| identity.match_key.clone());
        if let Some(reason) = left_out(contact, &self.account, self.category, slot, self.now) {
            row.state = DispatchState::Skipped { reason };
        }
        row
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
        }
    }
}

/// The funnel. `sent`, `delivered` and `read` each include those who got further, and never fall.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stats {
    /// Everybody who fitted the target at the launch.
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
    /// How many fit the target and would be left out, by reason.
    pub left_out: BTreeMap<SkipReason, u64>,
}

#[cfg(test)]
mod tests;
