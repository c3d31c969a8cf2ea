//! The ledger: one row for each message that is to go out, and what may be promised about it.
//!
//! ```text
//! pending ─> leased ─> sending ─> accepted ─> sent ─> delivered ─> read
//!              └ expiry: pending   ├ refused / not sent: pending again, or failed
//! skipped from pending or leased   └ no answer: unknown ─ a status or the platform settles it, or it ends unconfirmed
//! ```
//!
//! `sending` is durable before the socket is touched, so at most one attempt is ever made on a row without an
//! explicit choice; what a crash leaves behind in `sending` is unknown, is named, and is never sent again by itself.

use std::cmp::Reverse;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::conversation::Author;
use crate::identity::Address;
use crate::ids::{
    AccountId, AttemptId, BroadcastId, ContactId, DispatchId, EnrollmentId, MessageId, OrgId, SequenceId,
};
use crate::message::{Delivery, DeliveryStatus};
use crate::retry::Failure;

/// How long after the commit of `sending` a worker may still write to the socket. A process that was suspended
/// for longer must not wake up and send.
pub const SEND_WITHIN: TimeDelta = TimeDelta::seconds(30);

/// How long after `sending` an attempt without a recorded outcome counts as unknown: longer than
/// [`SEND_WITHIN`] and a transport's time-outs together.
pub const UNKNOWN_AFTER: TimeDelta = TimeDelta::seconds(150);

/// How long a lease lasts.
pub const LEASE: TimeDelta = TimeDelta::seconds(60);

/// How many rows one worker has in `sending` at most: what a crash can leave unconfirmed. A platform that answers in half
/// a second is sent 128 a second by so many.
pub const SEND_WINDOW: usize = 64;

/// One row of the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dispatch {
    /// The id.
    pub id: DispatchId,
    /// The organisation.
    pub org: OrgId,
    /// On whose behalf.
    pub origin: Author,
    /// To whom.
    pub contact: ContactId,
    /// By which sender.
    pub account: AccountId,
    /// The match key of the address; absent if the contact has none on the channel. Unique within a broadcast.
    pub match_key: Option<String>,
    /// Where it stands.
    pub state: DispatchState,
    /// Grows with each lease: a worker whose lease was taken over cannot commit any more.
    pub epoch: u64,
    /// How many attempts were made.
    pub attempts: u32,
    /// How many of them met a fault that uses the row up in the end; a rate limit never does.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub faults: u32,
    /// The last attempt.
    pub attempt: Option<AttemptId>,
    /// The last attempt's message.
    pub message: Option<MessageId>,
    /// Not to be tried before then.
    pub not_before: DateTime<Utc>,
    /// How long an attempt with unknown outcome may still settle, in seconds.
    pub settles_within_seconds: u32,
    /// What the last attempt failed with.
    pub failure: Option<Failure>,
    /// The platform took it once, whatever became of it afterwards.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accepted: bool,
    /// The step of a sequence that it is the message of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepRow>,
    /// The contact wrote after it, and before any later broadcast or step.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replied: bool,
    /// The contact opted out after it, and before any later broadcast or step.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub opted_out_after: bool,
}

/// Whose row of the ledger it is, and of which step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRow {
    /// Who is in the sequence.
    pub enrollment: EnrollmentId,
    /// The step.
    pub step: String,
}

/// What rows of the ledger are counted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Campaign {
    /// A broadcast.
    Broadcast(BroadcastId),
    /// A sequence.
    Sequence(SequenceId),
}

impl Campaign {
    /// The id: no broadcast has that of a sequence.
    pub const fn id(self) -> Uuid {
        match self {
            Self::Broadcast(id) => id.0,
            Self::Sequence(id) => id.0,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Where a row of the ledger stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DispatchState {
    /// Waits for its turn.
    Pending,
    /// A worker has it; nothing was sent. Back to pending when the lease ends.
    Leased {
        /// The worker.
        worker: String,
        /// The end of the lease.
        until: DateTime<Utc>,
    },
    /// It may be on the wire: committed before the socket is touched.
    Sending {
        /// When that was committed.
        since: DateTime<Utc>,
    },
    /// No answer was recorded: the platform may or may not have it.
    Unknown {
        /// Since when.
        since: DateTime<Utc>,
        /// When it ends as unconfirmed.
        until: DateTime<Utc>,
    },
    /// The platform took it; the word is how far it got since.
    Accepted {
        /// Sent, delivered, read: never falls.
        reached: Reached,
    },
    /// It will not arrive.
    Failed,
    /// It was not sent, for that reason.
    Skipped {
        /// The reason.
        reason: SkipReason,
    },
    /// Nobody ever said what became of it. Sent again only by an explicit choice.
    Unconfirmed,
}

/// How far an accepted message got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reached {
    /// The platform has it.
    Accepted,
    /// It left the platform.
    Sent,
    /// It reached the device.
    Delivered,
    /// It was opened.
    Read,
}

/// Why a recipient was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Never opted in, or not to this purpose.
    NotOptedIn,
    /// Opted out.
    OptedOut,
    /// Set aside by hand.
    Inactive,
    /// Blocked.
    Blocked,
    /// Deleted.
    Deleted,
    /// There is no such contact.
    NotFound,
    /// Got a marketing template within the last 24 hours.
    Capped,
    /// Has no address on the channel.
    NoAddress,
    /// The template is not approved any more.
    TemplateNotApproved,
    /// A variable of the template has no value for this contact.
    MissingValue,
    /// The window closed.
    WindowClosed,
    /// Merged with another recipient of the same broadcast, who gets it.
    Merged,
    /// A survey's time was over: the conversation went on, it waited for a day, or surveys were switched off.
    SurveyOver,
    /// The broadcast was cancelled before their turn.
    Cancelled,
    /// At the scheduled time of their own zone nothing ran, nor soon enough afterwards.
    Late,
    /// Left the sequence before their turn.
    LeftSequence,
}

impl SkipReason {
    /// The reason's name as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotOptedIn => "not_opted_in",
            Self::OptedOut => "opted_out",
            Self::Inactive => "inactive",
            Self::Blocked => "blocked",
            Self::Deleted => "deleted",
            Self::NotFound => "not_found",
            Self::Capped => "capped",
            Self::NoAddress => "no_address",
            Self::TemplateNotApproved => "template_not_approved",
            Self::MissingValue => "missing_value",
            Self::WindowClosed => "window_closed",
            Self::Merged => "merged",
            Self::SurveyOver => "survey_over",
            Self::Cancelled => "cancelled",
            Self::Late => "late",
            Self::LeftSequence => "left_sequence",
        }
    }
}

impl SkipReason {
    /// Why somebody got nothing, for a person.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotOptedIn => "has not opted in to this kind of message",
            Self::OptedOut => "has opted out",
            Self::Inactive => "is set aside as inactive",
            Self::Blocked => "is blocked",
            Self::Deleted => "is deleted",
            Self::NotFound => "there is no such contact",
            Self::Capped => "got another marketing template within 24 hours",
            Self::NoAddress => "has no address on this channel",
            Self::TemplateNotApproved => "the template was not approved any more",
            Self::MissingValue => "a variable of the template has no value for them",
            Self::WindowClosed => "the window was closed",
            Self::Merged => "was merged with another recipient, who gets it",
            Self::Cancelled => "the broadcast was cancelled before their turn",
            Self::SurveyOver => "the survey's time was over",
            Self::Late => "nothing ran at the scheduled time of their zone",
            Self::LeftSequence => "left the sequence before their turn",
        }
    }

    /// What would help.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::NotOptedIn => "Ask them, and record the opt-in with its proof.",
            Self::OptedOut => "Leave them alone; only they can change that.",
            Self::Inactive => "Make them active, if they are to get broadcasts again.",
            Self::Blocked => "Unblock them, if that was a mistake.",
            Self::Deleted | Self::Merged | Self::Cancelled | Self::SurveyOver | Self::LeftSequence => {
                "Nothing is to be done."
            }
            Self::NotFound => "Look where the id came from.",
            Self::Capped => "Send another broadcast to this group later.",
            Self::NoAddress => "Record their number.",
            Self::TemplateNotApproved => {
                "Have the template approved, then send another broadcast to this group."
            }
            Self::MissingValue => "Give the variable a fallback, or the contact a value.",
            Self::WindowClosed => "Use a template.",
            Self::Late => "Send another broadcast to this group; keep a worker running.",
        }
    }
}

/// The states as bare words: what is stored beside a row, counted and asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StateName {
    /// Waits.
    Pending,
    /// A worker has it.
    Leased,
    /// It may be on the wire.
    Sending,
    /// No answer was recorded.
    Unknown,
    /// The platform has it.
    Accepted,
    /// It left the platform.
    Sent,
    /// It reached the device.
    Delivered,
    /// It was opened.
    Read,
    /// It will not arrive.
    Failed,
    /// Left out.
    Skipped,
    /// Nobody ever said.
    Unconfirmed,
}

impl StateName {
    /// All states.
    pub const ALL: [Self; 11] = [
        Self::Pending,
        Self::Leased,
        Self::Sending,
        Self::Unknown,
        Self::Accepted,
        Self::Sent,
        Self::Delivered,
        Self::Read,
        Self::Failed,
        Self::Skipped,
        Self::Unconfirmed,
    ];

    /// The word itself.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Leased => "leased",
            Self::Sending => "sending",
            Self::Unknown => "unknown",
            Self::Accepted => "accepted",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Unconfirmed => "unconfirmed",
        }
    }

    /// Whether a broadcast or step with such a row is not finished.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Leased | Self::Sending)
    }
}

impl DispatchState {
    /// The state as a bare word.
    pub const fn name(&self) -> StateName {
        match self {
            Self::Pending => StateName::Pending,
            Self::Leased { .. } => StateName::Leased,
            Self::Sending { .. } => StateName::Sending,
            Self::Unknown { .. } => StateName::Unknown,
            Self::Accepted {
                reached: Reached::Accepted,
            } => StateName::Accepted,
            Self::Accepted {
                reached: Reached::Sent,
            } => StateName::Sent,
            Self::Accepted {
                reached: Reached::Delivered,
            } => StateName::Delivered,
            Self::Accepted {
                reached: Reached::Read,
            } => StateName::Read,
            Self::Failed => StateName::Failed,
            Self::Skipped { .. } => StateName::Skipped,
            Self::Unconfirmed => StateName::Unconfirmed,
        }
    }
}

impl Dispatch {
    /// A row that waits for its turn, from now on. `settles_within_seconds`: how long an attempt with unknown outcome
    /// may still settle.
    pub const fn pending(
        id: DispatchId,
        org: OrgId,
        origin: Author,
        contact: ContactId,
        account: AccountId,
        now: DateTime<Utc>,
        settles_within_seconds: u32,
    ) -> Self {
        Self {
            id,
            org,
            origin,
            contact,
            account,
            match_key: None,
            state: DispatchState::Pending,
            epoch: 0,
            attempts: 0,
            faults: 0,
            attempt: None,
            message: None,
            not_before: now,
            settles_within_seconds,
            failure: None,
            accepted: false,
            step: None,
            replied: false,
            opted_out_after: false,
        }
    }

    /// The broadcast it belongs to.
    pub const fn broadcast(&self) -> Option<BroadcastId> {
        match self.origin {
            Author::Broadcast(id) => Some(id),
            _ => None,
        }
    }

    /// The sequence it belongs to.
    pub const fn sequence(&self) -> Option<SequenceId> {
        match self.origin {
            Author::Sequence(id) => Some(id),
            _ => None,
        }
    }

    /// The broadcast or sequence that it belongs to.
    pub const fn campaign(&self) -> Option<Campaign> {
        match self.origin {
            Author::Broadcast(id) => Some(Campaign::Broadcast(id)),
            Author::Sequence(id) => Some(Campaign::Sequence(id)),
            _ => None,
        }
    }

    /// The instant at which it next wants attention without anybody asking, by state:
    /// a pending row's turn, a lease's end, when `sending` turns unknown, when unknown ends.
    pub fn due(&self) -> Option<DateTime<Utc>> {
        match &self.state {
            DispatchState::Pending => Some(self.not_before),
            DispatchState::Leased { until, .. } | DispatchState::Unknown { until, .. } => Some(*until),
            DispatchState::Sending { since } => Some(*since + UNKNOWN_AFTER),
            _ => None,
        }
    }

    /// A worker takes the row, if it is free.
    pub fn lease(&mut self, worker: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> bool {
        let free = match &self.state {
            DispatchState::Pending => self.not_before <= now,
            DispatchState::Leased { until, .. } => *until <= now,
            _ => false,
        };
        if free {
            self.state = DispatchState::Leased {
                worker: worker.to_owned(),
                until,
            };
            self.epoch += 1;
        }
        free
    }

    /// Takes in what is known about the message. `sent`, `delivered` and `read` never fall, delivery evidence
    /// beats failure, and nothing that a platform says makes a skipped row a sent one.
    pub fn observe(&mut self, delivery: &Delivery) {
        use DispatchState::{Accepted, Failed, Sending, Unconfirmed, Unknown};
        let reached = match delivery.status() {
            DeliveryStatus::Queued => return,
            DeliveryStatus::Failed => None,
            DeliveryStatus::Held | DeliveryStatus::Accepted => Some(Reached::Accepted),
            DeliveryStatus::Sent => Some(Reached::Sent),
            DeliveryStatus::Delivered => Some(Reached::Delivered),
            DeliveryStatus::Read => Some(Reached::Read),
        };
        match (&self.state, reached) {
            (Sending { .. } | Unknown { .. } | Unconfirmed | Failed, Some(reached)) => {
                self.state = Accepted { reached };
                self.failure = None;
            }
            (Accepted { reached: old }, Some(reached)) => {
                self.state = Accepted {
                    reached: reached.max(*old),
                };
            }
            (Sending { .. } | Unknown { .. } | Unconfirmed | Accepted { .. }, None) => {
                self.state = Failed;
                self.failure = delivery.failed.as_ref().map(|(_, failure)| failure.clone());
            }
            (Failed, None) => {
                self.failure = delivery.failed.as_ref().map(|(_, failure)| failure.clone());
                return;
            }
            _ => return,
        }
        // A platform reports only about what it took.
        self.accepted = true;
    }
}

/// What is known about a send.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The platform took it.
    Accepted(Accepted),
    /// The platform answered that it will not send it.
    Refused(Failure),
    /// It never reached the platform (connection, DNS, TLS), or was turned away unprocessed (429).
    NotSent(Failure),
    /// It may or may not have been taken: the answer was lost or cannot be read.
    Unknown {
        /// What happened, for a person.
        detail: String,
    },
}

/// The platform's receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Accepted {
    /// The platform's id of the message.
    pub provider_id: String,
    /// The addresses that the platform names for the recipient: its own spelling of the phone, its user id.
    #[serde(default)]
    pub addresses: Vec<Address>,
    /// The platform holds it for a quality check.
    #[serde(default)]
    pub held: bool,
}

/// The last marketing template to a contact: the slot that the next one has to wait for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// The organisation.
    pub org: OrgId,
    /// The contact.
    pub contact: ContactId,
    /// The attempt that took it.
    pub attempt: AttemptId,
    /// When.
    pub taken_at: DateTime<Utc>,
    /// Earlier ones, of the contact and of those that were merged into it, the last first: should the attempt be turned
    /// away, the first of them counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<(AttemptId, DateTime<Utc>)>,
}

/// How long a slot keeps others out; at exactly this age it is free again.
pub const SLOT: TimeDelta = TimeDelta::hours(24);

/// How many earlier ones are kept: as many attempts may be on the wire at once, each by a process whose clock says that
/// the slot is free, before one that was accepted is forgotten.
const KEPT: usize = 3;

impl Slot {
    /// Taken by an attempt, now, for which that of before was free.
    pub fn taken(
        org: OrgId,
        contact: ContactId,
        attempt: AttemptId,
        now: DateTime<Utc>,
        before: Option<Self>,
    ) -> Self {
        let before = before.map(|before| [vec![(before.attempt, before.taken_at)], before.earlier].concat());
        let mut earlier = before.unwrap_or_default();
        earlier.truncate(KEPT);
        Self {
            org,
            contact,
            attempt,
            taken_at: now,
            earlier,
        }
    }

    /// Whether it keeps another marketing template out.
    pub fn is_taken(&self, now: DateTime<Utc>) -> bool {
        now < self.taken_at + SLOT
    }

    /// This contact's, with that of one who is the same person.
    #[must_use]
    pub fn joined(mut self, other: &Self) -> Self {
        self.earlier.push((self.attempt, self.taken_at));
        self.earlier.extend([(other.attempt, other.taken_at)]);
        self.earlier.extend(&other.earlier);
        self.earlier
            .sort_by_key(|(attempt, taken_at)| (Reverse(*taken_at), *attempt));
        self.earlier.dedup();
        (self.attempt, self.taken_at) = self.earlier.remove(0);
        self
    }

    /// Without an attempt that was turned away; `None`: it is free.
    #[must_use]
    pub fn without(mut self, attempt: AttemptId) -> Option<Self> {
        self.earlier.retain(|(other, _)| *other != attempt);
        if self.attempt != attempt {
            return Some(self);
        }
        if self.earlier.is_empty() {
            return None;
        }
        (self.attempt, self.taken_at) = self.earlier.remove(0);
        Some(self)
    }
}

#[cfg(test)]
mod tests;
