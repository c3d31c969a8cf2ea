//! Threads and the messages in them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::ctwa::LastTouch;
use crate::identity::Address;
use crate::ids::{
    AccountId, AgentId, AttemptId, BroadcastId, ContactId, ConversationId, DispatchId, MessageId, OrgId,
};
use crate::inbound::Referral;
use crate::message::{Content, Delivery, StatusKind};

/// A thread with one contact, over any of their channels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Conversation {
    /// The id.
    pub id: ConversationId,
    /// The organisation.
    pub org: OrgId,
    /// With whom.
    pub contact: ContactId,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When anything last went in or out.
    pub last_activity: DateTime<Utc>,
    /// The sender that the last inbound message or call came to, and when: the default for the next message.
    pub last_inbound: Option<(DateTime<Utc>, AccountId)>,
    /// The ad or post that last led the contact here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referral: Option<LastTouch>,
}

/// Who wrote a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The contact.
    Contact,
    /// A member of the team.
    Agent(AgentId),
    /// The host's program.
    Host(String),
    /// A broadcast.
    Broadcast(BroadcastId),
    /// The business, elsewhere: its phone app or another program.
    Elsewhere,
    /// The answer to a STOP.
    StopConfirmation,
}

/// One message, in or out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The id.
    pub id: MessageId,
    /// The organisation.
    pub org: OrgId,
    /// The thread.
    pub conversation: ConversationId,
    /// With whom.
    pub contact: ContactId,
    /// By which of our senders.
    pub account: AccountId,
    /// The channel.
    pub channel: Channel,
    /// The address at the other end, as spelled on the wire.
    pub address: Address,
    /// Who wrote.
    pub author: Author,
    /// The platform's id, once known.
    pub provider_id: Option<String>,
    /// What it says; of an edited message, what it says now.
    pub content: Content,
    /// The platform's id of the message it answers.
    pub reply_to: Option<String>,
    /// It was forwarded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forwarded: bool,
    /// The group it was written in, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    /// The ad or post that led to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referral: Option<Referral>,
    /// When: the provider's time of an inbound message, the time of sending of an outgoing one.
    pub at: DateTime<Utc>,
    /// The ledger row that sent it.
    pub dispatch: Option<DispatchId>,
    /// What became of an outgoing message.
    #[serde(default)]
    pub delivery: Delivery,
    /// Reactions by who reacted (match key): the latest, with its time; `None` where taken back.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reactions: BTreeMap<String, (DateTime<Utc>, Option<String>)>,
    /// When it was last edited by its author, and the edit's provider id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<(DateTime<Utc>, String)>,
    /// When its author deleted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<DateTime<Utc>>,
}

impl Message {
    /// Whether the contact wrote it.
    pub const fn is_inbound(&self) -> bool {
        matches!(self.author, Author::Contact)
    }

    /// Takes in what became known about the message. A join: the same in any order, however often.
    pub fn absorb(&mut self, evidence: &Evidence) {
        match evidence {
            Evidence::Status { status, at } => self.delivery.observe(status, *at),
            Evidence::Reaction { by, emoji, at } => {
                let new = (*at, emoji.clone());
                let slot = self.reactions.entry(by.clone()).or_insert_with(|| new.clone());
                if *slot < new {
                    *slot = new;
                }
            }
            Evidence::Edit { edit_id, content, at } => {
                let new = (*at, edit_id.clone());
                if self.edited.as_ref().is_none_or(|old| *old < new) {
                    self.edited = Some(new);
                    self.content = content.clone();
                }
            }
            Evidence::Revoke { at } => self.revoked = Some(self.revoked.map_or(*at, |old| old.min(*at))),
        }
    }
}

/// Something that became known about a message, perhaps before the message itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "few are held at once, and briefly")]
pub enum Evidence {
    /// What became of it.
    Status {
        /// The status.
        status: StatusKind,
        /// The provider's time.
        at: DateTime<Utc>,
    },
    /// A reaction.
    Reaction {
        /// Who reacted: a match key.
        by: String,
        /// The emoji; `None`: taken back.
        emoji: Option<String>,
        /// The provider's time.
        at: DateTime<Utc>,
    },
    /// An edit by its author.
    Edit {
        /// The provider's id of the edit.
        edit_id: String,
        /// What the message says now.
        content: Content,
        /// The provider's time.
        at: DateTime<Utc>,
    },
    /// A deletion by its author.
    Revoke {
        /// The provider's time.
        at: DateTime<Utc>,
    },
}

impl Evidence {
    /// The provider's time.
    pub const fn at(&self) -> DateTime<Utc> {
        match self {
            Self::Status { at, .. }
            | Self::Reaction { at, .. }
            | Self::Edit { at, .. }
            | Self::Revoke { at } => *at,
        }
    }
}

/// The way from a token to a message: the platform's message id, or the attempt that we asked it to echo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRef {
    /// The organisation.
    pub org: OrgId,
    /// The sender.
    pub account: AccountId,
    /// The platform's message id, or an [`AttemptId`] as text.
    pub token: String,
    /// The message.
    pub message: MessageId,
    /// The ledger row that it was sent by, if it was: what is left to settle where the message is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dispatch: Option<DispatchId>,
}

/// The token under which an attempt is found.
pub fn attempt_token(attempt: AttemptId) -> String {
    attempt.to_string()
}

/// Evidence about a message that is not known yet: it waits 31 days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parked {
    /// The organisation.
    pub org: OrgId,
    /// The sender.
    pub account: AccountId,
    /// The platform's id of the message.
    pub provider_id: String,
    /// What is known, each once.
    pub evidence: Vec<Evidence>,
    /// When the first of it came.
    pub since: DateTime<Utc>,
}

#[cfg(test)]
mod tests;
