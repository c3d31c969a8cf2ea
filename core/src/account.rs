//! The organisation's senders.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::ids::{AccountId, OrgId};
use crate::retry::Failure;

/// A sender: one WhatsApp number, say. Its key to send with is a reference, never stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Account {
    /// The id.
    pub id: AccountId,
    /// The organisation.
    pub org: OrgId,
    /// The channel.
    pub channel: Channel,
    /// The platform's id of the sender (on WhatsApp the phone-number id; at Twilio the number, as in `+15005550006`, or
    /// a messaging service's id).
    pub sender_id: String,
    /// The platform's id of the business account (on WhatsApp the WABA id; at Twilio the account's SID).
    pub business_id: Option<String>,
    /// The endpoint whose transport it sends by, and its webhooks come to; absent: the only transport that serves the
    /// channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// A name for people.
    pub name: String,
    /// What the host's credentials callback is asked for.
    pub credential: String,
    /// How many messages a second it sends at most; absent: as many as its platform takes by default, on WhatsApp 80; 0:
    /// there is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages_per_second: Option<u32>,
    /// Whether it may send.
    pub state: AccountState,
    /// What the platform told of it.
    #[serde(default)]
    pub standing: Standing,
    /// How many people it began to write to within the last 24 hours: counted while the platform's limit of it is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub begun: Vec<Begun>,
}

/// How many people a sender began to write to in some minutes: templates outside of windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SenderBegun")]
pub struct Begun {
    /// The end of these minutes: 24 hours later none of them counts any more.
    pub until: DateTime<Utc>,
    /// How many people.
    pub people: u64,
}

/// What a platform's limit of people is counted over, without a pause (WhatsApp, "Messaging limits").
pub const DAY: TimeDelta = TimeDelta::hours(24);

/// How many minutes are counted together: people count that much longer at most, and a day is 145 numbers.
const TOGETHER: TimeDelta = TimeDelta::minutes(10);

impl Begun {
    /// Nobody at this time.
    fn at(at: DateTime<Utc>) -> Self {
        let length = TOGETHER.num_seconds();
        let end = (at.timestamp().div_euclid(length) + 1).saturating_mul(length);
        Self {
            until: DateTime::from_timestamp(end, 0).unwrap_or(at),
            people: 0,
        }
    }

    fn counts_until(&self) -> DateTime<Utc> {
        self.until + DAY
    }
}

/// When senders whose people are counted together may begin to write to somebody again; `None`: now.
pub fn full_until<'a>(
    limit: u64,
    senders: impl IntoIterator<Item = &'a Account>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let begun = senders.into_iter().flat_map(|sender| &sender.begun);
    let mut begun: Vec<&Begun> = begun.filter(|begun| begun.counts_until() > now).collect();
    begun.sort_unstable_by_key(|begun| begun.until);
    let mut people: u64 = begun.iter().map(|begun| begun.people).sum();
    if people < limit {
        return None;
    }
    let free = begun.into_iter().find(|begun| {
        people -= begun.people;
        people < limit
    });
    Some(free.map_or(now + DAY, Begun::counts_until))
}

/// What a platform told of a sender: of each the latest, by the platform's time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SenderStanding")]
pub struct Standing {
    /// Its number in digits, as its webhooks show it; absent: none came yet.
    #[serde(default)]
    pub number: Option<String>,
    /// The quality of what it sends.
    #[serde(default)]
    pub quality: Option<SenderQuality>,
    /// How many people it may begin to write to; on WhatsApp all senders of a business share it.
    #[serde(default)]
    pub limit: Option<SenderLimit>,
    /// Whether the platform has barred it.
    #[serde(default)]
    pub ban: Option<SenderBan>,
    /// The quality of numbers of its business account of which one may be its own, while its own is not known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unclaimed: BTreeMap<String, SenderQuality>,
}

/// The quality of what a sender sends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct SenderQuality {
    /// Since when, by the platform's time.
    pub since: DateTime<Utc>,
    /// The platform finds it low: people block or report the sender.
    pub low: bool,
}

/// How many people a sender may begin to write to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct SenderLimit {
    /// Since when, by the platform's time.
    pub since: DateTime<Utc>,
    /// The platform's word, as in `TIER_2K`.
    pub tier: String,
    /// How many in 24 hours, outside open windows; absent: there is no limit, or the word does not say.
    pub people_a_day: Option<u64>,
}

/// Whether a platform has barred a sender.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct SenderBan {
    /// Since when, by the platform's time.
    pub since: DateTime<Utc>,
    /// How far.
    pub ban: Ban,
    /// The platform's words.
    pub detail: Option<String>,
    /// Until when, if it ends by itself.
    pub until: Option<DateTime<Utc>>,
}

/// How far a platform has barred a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "SenderBanKind")]
pub enum Ban {
    /// It was, and is not any more.
    Lifted,
    /// It will be.
    Scheduled,
    /// Some of what it does is forbidden; what is allowed goes out.
    Restricted,
    /// It is, altogether: it is stopped, until the platform lifts the ban or somebody resumes it.
    Disabled,
}

/// The code of the failure that a sender is stopped with which the platform has barred.
pub const BANNED: &str = "banned";

/// Whether a sender may send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AccountState {
    /// It may.
    Active,
    /// Not before that time: the platform throttles it.
    Held {
        /// The first instant at which it may send again.
        until: DateTime<Utc>,
    },
    /// Not until somebody mends what the failure names and resumes it.
    Stopped {
        /// Why.
        failure: Failure,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Switched off by hand.
    Disabled,
}

/// How many messages a second a sender may send where nobody said otherwise; `None`: there is no limit. A WhatsApp number
/// takes 80, one that is shared with the Business app 20, a large one 1,000 (Cloud API "throughput", 2026).
/// Twilio queues by itself, and says when its queue is full.
const fn usual_rate(channel: Channel) -> Option<NonZeroU32> {
    match channel {
        Channel::WhatsApp => NonZeroU32::new(80),
        Channel::Sms | Channel::Instagram | Channel::Messenger | Channel::Email => None,
    }
}

/// How long a sender waits between two messages to one person; `None`: not at all. WhatsApp takes one in 6 seconds, and
/// lends some of those to come (Cloud API "throughput", 2026).
pub const fn pair_pause(channel: Channel) -> Option<TimeDelta> {
    match channel {
        Channel::WhatsApp => Some(TimeDelta::seconds(6)),
        Channel::Sms | Channel::Instagram | Channel::Messenger | Channel::Email => None,
    }
}

/// The highest rate that can be set: ten times what any platform takes.
pub const HIGHEST_RATE: u32 = 10_000;

impl Account {
    /// How many messages a second it sends at most, if there is a limit.
    pub fn rate(&self) -> Option<NonZeroU32> {
        match self.messages_per_second {
            Some(rate) => NonZeroU32::new(rate),
            None => usual_rate(self.channel),
        }
    }

    /// The first instant at which it may send; `None`: not until resumed.
    pub const fn sendable_from(&self) -> Option<DateTime<Utc>> {
        match self.state {
            AccountState::Active => Some(DateTime::UNIX_EPOCH),
            AccountState::Held { until } => Some(until),
            AccountState::Stopped { .. } | AccountState::Disabled => None,
        }
    }

    /// How many people it may begin to write to in 24 hours, if the platform told.
    pub fn people_a_day(&self) -> Option<u64> {
        self.standing.limit.as_ref()?.people_a_day
    }

    /// It begins to write to somebody.
    pub(crate) fn begin(&mut self, at: DateTime<Utc>) {
        self.begun.retain(|begun| begun.counts_until() > at);
        let new = Begun::at(at);
        match self.begun.iter_mut().find(|begun| begun.until == new.until) {
            Some(begun) => begun.people += 1,
            None => self.begun.push(Begun { people: 1, ..new }),
        }
    }

    /// It did not begin to write to somebody then after all, or did so again later.
    pub(crate) fn take_back(&mut self, at: DateTime<Utc>) {
        let then = Begun::at(at);
        for begun in self.begun.iter_mut().filter(|begun| begun.until == then.until) {
            begun.people = begun.people.saturating_sub(1);
        }
        self.begun.retain(|begun| begun.people > 0);
    }

    /// Whether it is this one, or of the same business account at the same endpoint: what a platform counts together.
    pub fn shares_business(&self, other: &Self) -> bool {
        let of_business = self.business_id.is_some()
            && self.business_id == other.business_id
            && self.endpoint == other.endpoint;
        self.id == other.id || of_business
    }

    /// Whether it may send now.
    pub fn may_send(&self, now: DateTime<Utc>) -> bool {
        self.sendable_from().is_some_and(|from| from <= now)
    }
}

/// Whose sender the platform's id names: the way from a webhook to its organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The channel.
    pub channel: Channel,
    /// The platform's id of the sender.
    pub sender_id: String,
    /// The organisation.
    pub org: OrgId,
    /// The sender.
    pub account: AccountId,
}

/// Why nothing goes out by a sender, or nothing of broadcasts, though it waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Waits {
    /// What is in the way, in words.
    pub reason: String,
    /// What would help.
    pub remedy: String,
    /// When it goes on by itself; absent: not before that is done.
    pub until: Option<DateTime<Utc>>,
}

impl Account {
    /// Why nothing goes out by it, or nothing of broadcasts; `others` are those whose people are counted with its own.
    pub fn waits<'a>(
        &'a self,
        others: impl IntoIterator<Item = &'a Self>,
        now: DateTime<Utc>,
    ) -> Option<Waits> {
        let goes_on = "Nothing is to be done: it goes on by itself.";
        let (reason, remedy, until) = match &self.state {
            AccountState::Stopped { failure, .. } => {
                let reason = format!("{} ({})", failure.class.words(), failure.code);
                (reason, failure.class.remedy(), None)
            }
            AccountState::Disabled => ("it is switched off".to_owned(), "Resume it.", None),
            AccountState::Held { until } if *until > now => {
                ("the platform holds it back".to_owned(), goes_on, Some(*until))
            }
            AccountState::Held { .. } | AccountState::Active => {
                let limit = self.people_a_day()?;
                let until = full_until(limit, others.into_iter().chain([self]), now)?;
                let reason =
                    format!("it began to write to {limit} people in 24 hours, which is the platform's limit");
                (reason, goes_on, Some(until))
            }
        };
        Some(Waits {
            reason,
            remedy: remedy.to_owned(),
            until,
        })
    }
}
