//! The customer-service window: when free-form messages may be sent.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::identity::Address;
use crate::ids::{AccountId, OrgId};
use crate::message::ContentKind;

/// The last time that a person wrote to a sender from an address. Joined by the later time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The organisation.
    pub org: OrgId,
    /// The sender written to.
    pub account: AccountId,
    /// The address written from; its value is the match key.
    pub address: Address,
    /// When the person last wrote or called, by the provider's time.
    pub last_inbound: DateTime<Utc>,
}

/// How long the person's last message keeps the window open, by channel; `None`: there is no window.
///
/// Sources: WhatsApp Cloud API "send messages" (2026-05), Messenger Platform policy (2026-09); platform-facts A5, C.
pub const fn length(channel: Channel) -> Option<TimeDelta> {
    match channel {
        Channel::WhatsApp | Channel::Instagram | Channel::Messenger => Some(TimeDelta::hours(24)),
        Channel::Sms | Channel::Email => None,
    }
}

/// A window at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum WindowState {
    /// The channel has no window: anything may be sent.
    None,
    /// Free-form messages may be sent until then; at that very instant they may not.
    Open {
        /// The first instant at which it is closed.
        until: DateTime<Utc>,
        /// Seconds left.
        seconds_left: i64,
        /// No more is left than the organisation's threshold.
        closing_soon: bool,
    },
    /// Only templates may be sent.
    Closed {
        /// Since when; absent if the person never wrote.
        since: Option<DateTime<Utc>>,
    },
}

impl WindowState {
    /// The window after this last inbound message.
    pub fn at(
        channel: Channel,
        last_inbound: Option<DateTime<Utc>>,
        closing_soon: TimeDelta,
        now: DateTime<Utc>,
    ) -> Self {
        let Some(length) = length(channel) else {
            return Self::None;
        };
        let Some(until) = last_inbound.and_then(|last| last.checked_add_signed(length)) else {
            return Self::Closed { since: None };
        };
        let left = until - now;
        if left > TimeDelta::zero() {
            Self::Open {
                until,
                seconds_left: left.num_seconds(),
                closing_soon: left <= closing_soon,
            }
        } else {
            Self::Closed { since: Some(until) }
        }
    }

    /// Whether a message of this kind may be sent.
    pub const fn permits(&self, kind: ContentKind) -> bool {
        match self {
            Self::None | Self::Open { .. } => true,
            Self::Closed { .. } => matches!(kind, ContentKind::Template),
        }
    }
}

#[cfg(test)]
mod tests;
