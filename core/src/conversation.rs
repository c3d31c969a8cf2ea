//! Threads and the messages in them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::contact::tag_name;
use crate::ctwa::LastTouch;
use crate::error::{Code, Error};
use crate::identity::Address;
use crate::ids::{
    AccountId, AgentId, AttemptId, BroadcastId, ContactId, ConversationId, DispatchId, MessageId, OrgId,
    SequenceId, SurveyId,
};
use crate::inbound::Referral;
use crate::journal::Actor;
use crate::message::{Content, ContentKind, Delivery, StatusKind};
use crate::survey::LastSurvey;
use crate::turn::Turn;

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
    /// The conversation that was closed before this one was opened, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<Predecessor>,
    /// The channels that anything went in or out by.
    #[serde(default)]
    pub channels: BTreeSet<Channel>,
    /// The member of the team whose it is.
    #[serde(default)]
    pub assignee: Option<AgentId>,
    /// The bot or AI that has it.
    #[serde(default)]
    pub handler: Option<Handler>,
    /// What that one is to answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<Turn>,
    /// Who closed it, and when; absent: it is not closed.
    #[serde(default)]
    pub resolution: Option<Resolution>,
    /// When it was last closed before it was opened again: what was said by then needs no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_through: Option<DateTime<Utc>>,
    /// Until when all that came in was read.
    #[serde(default)]
    pub read_through: Option<DateTime<Utc>>,
    /// How many messages of the contact came since then.
    #[serde(default)]
    pub unread: u64,
    /// Somebody marked it as unread.
    #[serde(default)]
    pub marked_unread: bool,
    /// It is starred.
    #[serde(default)]
    pub starred: bool,
    /// When it was archived; absent: it is not.
    #[serde(default)]
    pub archived: Option<DateTime<Utc>>,
    /// Labels: folded key → as first written.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// How satisfied the contact was when it was last resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_survey: Option<LastSurvey>,
}

/// The conversation with the same contact before another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Predecessor {
    /// The conversation.
    pub conversation: ConversationId,
    /// Until when what is said belongs to it: the time of its resolution.
    pub until: DateTime<Utc>,
}

/// Who closed a conversation, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resolution {
    /// When: the time of the decision, or of a message that was there by then and that the platform dates later.
    pub at: DateTime<Utc>,
    /// Who.
    pub by: Actor,
}

/// A bot or AI of the host that has a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Handler {
    /// The name that the host calls it.
    pub name: String,
    /// Bot or AI.
    pub kind: HandlerKind,
}

/// What a handler is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandlerKind {
    /// A bot: it goes by rules.
    Bot,
    /// An AI.
    Ai,
}

/// The most characters that a handler's name or a label may have.
pub const NAME_MAX_CHARS: usize = 100;

impl Handler {
    /// A handler as it is stored: its name trimmed.
    ///
    /// # Errors
    /// `handler.invalid` for a name that is blank, or longer than [`NAME_MAX_CHARS`].
    pub fn checked(&self) -> Result<Self, Error> {
        let name = self.name.trim();
        let length = name.chars().count();
        if !(1..=NAME_MAX_CHARS).contains(&length) {
            let message =
                format!("the handler's name has {length} characters; it must have 1 to {NAME_MAX_CHARS}");
            return Err(Error::new(Code::HandlerInvalid, message));
        }
        Ok(Self {
            name: name.to_owned(),
            kind: self.kind,
        })
    }
}

/// Where a conversation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConversationStatus {
    /// Nobody has it.
    Open,
    /// A member of the team has it.
    Assigned,
    /// A bot has it.
    BotActive,
    /// An AI has it.
    AiActive,
    /// It is closed.
    Resolved,
}

impl ConversationStatus {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Open,
        Self::Assigned,
        Self::BotActive,
        Self::AiActive,
        Self::Resolved,
    ];

    /// Whether it is not closed.
    pub fn is_open(self) -> bool {
        self != Self::Resolved
    }

    /// The word itself.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Assigned => "assigned",
            Self::BotActive => "bot_active",
            Self::AiActive => "ai_active",
            Self::Resolved => "resolved",
        }
    }
}

/// A label of the organisation, as first written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The organisation.
    pub org: OrgId,
    /// The folded name: what labels are compared by.
    pub key: String,
    /// The name as first written.
    pub name: String,
}

/// A label's key and name out of what somebody wrote, compared as tags are.
///
/// # Errors
/// `label.invalid` if it is blank, or longer than [`NAME_MAX_CHARS`].
pub fn label_name(text: &str) -> Result<(String, String), Error> {
    tag_name(text).map_err(|_| {
        let length = text.trim().chars().count();
        let message = format!("a label has {length} characters; it must have 1 to {NAME_MAX_CHARS}");
        Error::new(Code::LabelInvalid, message)
    })
}

/// What a message of the contact changed of where a conversation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// It was closed.
    pub reopened: bool,
    /// It was archived.
    pub unarchived: bool,
}

impl Conversation {
    /// A conversation in which nothing happened yet.
    pub const fn new(org: OrgId, id: ConversationId, contact: ContactId, opened_at: DateTime<Utc>) -> Self {
        Self {
            id,
            org,
            contact,
            opened_at,
            last_activity: opened_at,
            last_inbound: None,
            referral: None,
            follows: None,
            channels: BTreeSet::new(),
            assignee: None,
            handler: None,
            turn: None,
            resolution: None,
            closed_through: None,
            read_through: None,
            unread: 0,
            marked_unread: false,
            starred: false,
            archived: None,
            labels: BTreeMap::new(),
            last_survey: None,
        }
    }

    /// Where it stands.
    pub fn status(&self) -> ConversationStatus {
        match (&self.resolution, &self.handler, self.assignee) {
            (Some(_), ..) => ConversationStatus::Resolved,
            (None, Some(handler), _) => match handler.kind {
                HandlerKind::Bot => ConversationStatus::BotActive,
                HandlerKind::Ai => ConversationStatus::AiActive,
            },
            (None, None, Some(_)) => ConversationStatus::Assigned,
            (None, None, None) => ConversationStatus::Open,
        }
    }

    /// Whether something in it waits to be read.
    pub const fn is_unread(&self) -> bool {
        self.unread > 0 || self.marked_unread
    }

    /// Whether it was closed before an instant, by the platform's time: one that is later opens it again.
    pub fn closed_before(&self, at: DateTime<Utc>) -> bool {
        self.resolution
            .as_ref()
            .is_some_and(|resolution| at > resolution.at)
    }

    /// Takes the resolution back.
    pub fn open_again(&mut self) {
        let closed = self.resolution.take().map(|resolution| resolution.at);
        self.closed_through = self.closed_through.max(closed);
    }

    /// Whether what was said then was over and done with when the conversation was closed.
    pub fn is_settled(&self, at: DateTime<Utc>) -> bool {
        let closed = self.resolution.as_ref().map(|resolution| resolution.at);
        closed.max(self.closed_through).is_some_and(|closed| at <= closed)
    }

    /// A message of the contact came in, once. The same for the same messages in any order: what is later than a
    /// resolution or an archiving takes it back, what is later than all that was read is unread.
    pub fn hear(&mut self, at: DateTime<Utc>) -> Heard {
        if self.read_through.is_none_or(|read| at > read) {
            self.unread += 1;
        }
        let heard = Heard {
            reopened: self.closed_before(at),
            unarchived: self.archived.is_some_and(|archived| at > archived),
        };
        if heard.reopened {
            self.open_again();
        }
        if heard.unarchived {
            self.archived = None;
        }
        heard
    }

    /// The time of a decision about all that is known of it: never before what the contact wrote last, which a platform
    /// whose clock is ahead dates later.
    pub fn time_of(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.last_inbound.map_or(now, |(last, _)| now.max(last))
    }
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
    /// A bot or AI of the host, by its name.
    Handler(String),
    /// A broadcast.
    Broadcast(BroadcastId),
    /// A sequence.
    Sequence(SequenceId),
    /// The business, elsewhere: its phone app or another program.
    Elsewhere,
    /// The answer to a STOP.
    StopConfirmation,
    /// A survey of satisfaction: its question, and what follows the rating.
    Survey(SurveyId),
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

    /// Whether somebody said it to the other: nothing of a group's, and no notice of the platform's.
    pub fn is_spoken(&self) -> bool {
        self.group_id.is_none() && self.content.kind() != ContentKind::System
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
