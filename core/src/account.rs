//! The organisation's senders.

use chrono::{DateTime, Utc};
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
    /// Whether it may send.
    pub state: AccountState,
}

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

impl Account {
    /// The first instant at which it may send; `None`: not until resumed.
    pub const fn sendable_from(&self) -> Option<DateTime<Utc>> {
        match self.state {
            AccountState::Active => Some(DateTime::UNIX_EPOCH),
            AccountState::Held { until } => Some(until),
            AccountState::Stopped { .. } | AccountState::Disabled => None,
        }
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
