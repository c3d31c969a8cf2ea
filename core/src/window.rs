//! The customer-service window: when free-form messages may be sent.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::identity::Address;
use crate::ids::{AccountId, OrgId};
use crate::message::ContentKind;

/// What is known of the window between a sender and an address. Joined by the later times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The organisation.
    pub org: OrgId,
    /// The sender written to.
    pub account: AccountId,
    /// The address written from; its value is the match key.
    pub address: Address,
    /// What last opened it, by the provider's time: the person wrote, called, or took our call.
    pub last_inbound: Option<DateTime<Utc>>,
    /// Until when the platform charges nothing, as it told: the person came by an ad or a page's button and was answered
    /// (WhatsApp's free entry point). It is about the price alone and opens nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_entry_until: Option<DateTime<Utc>>,
}

/// How long the person's last message or call keeps the window open, by channel; `None`: there is no window.
///
/// Sources: WhatsApp Cloud API "send messages" (2026-05), Messenger Platform policy (2026-09).
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
        /// Until when the platform charges nothing (see [`Window::free_entry_until`]); absent: it charges as usual.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        free_entry_until: Option<DateTime<Utc>>,
    },
    /// Only templates may be sent.
    Closed {
        /// Since when; absent if the person never wrote or called.
        since: Option<DateTime<Utc>>,
        /// Until when the platform charges nothing, for templates too; absent: it charges as usual.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        free_entry_until: Option<DateTime<Utc>>,
    },
}

impl Window {
    /// A window of which nothing is known.
    pub const fn new(org: OrgId, account: AccountId, address: Address) -> Self {
        Self {
            org,
            account,
            address,
            last_inbound: None,
            free_entry_until: None,
        }
    }
}

impl WindowState {
    /// The state of what several addresses of one person make together: the latest of each time counts.
    pub fn at<'a>(
        channel: Channel,
        windows: impl IntoIterator<Item = &'a Window>,
        closing_soon: TimeDelta,
        now: DateTime<Utc>,
    ) -> Self {
        let Some(length) = length(channel) else {
            return Self::None;
        };
        let (mut last_inbound, mut free_entry_until) = (None, None);
        for window in windows {
            last_inbound = last_inbound.max(window.last_inbound);
            free_entry_until = free_entry_until.max(window.free_entry_until);
        }
        let free_entry_until = free_entry_until.filter(|until| *until > now);
        let until = last_inbound.and_then(|last| last.checked_add_signed(length));
        match until.map(|until| (until, until - now)) {
            Some((until, left)) if left > TimeDelta::zero() => Self::Open {
                until,
                seconds_left: left.num_seconds(),
                closing_soon: left <= closing_soon,
                free_entry_until,
            },
            closed => Self::Closed {
                since: closed.map(|(until, _)| until),
                free_entry_until,
            },
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
