//! What a platform tells us, in one shape for all platforms.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::account::Ban;
use crate::channel::Channel;
use crate::identity::Address;
use crate::ids::AttemptId;
use crate::keywords::Keyword;
use crate::message::{Content, StatusKind};
use crate::template::{Category, Language, Quality, TemplateStatus};

/// One thing that a webhook body tells. A body may hold a thousand, of several organisations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InboundEvent {
    /// Whom of ours it is about.
    pub source: Source,
    /// The provider's time, if it named one that can be read.
    pub at: Option<DateTime<Utc>>,
    /// What it tells.
    pub kind: InboundKind,
}

/// Whom of ours an event is about, in the provider's ids.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "EventSource")]
pub struct Source {
    /// The channel.
    pub channel: Channel,
    /// The business account (on WhatsApp the WABA id).
    pub business_id: Option<String>,
    /// The sender (on WhatsApp the phone-number id); absent for notices about the whole business account.
    pub sender_id: Option<String>,
    /// The pool that the sender belongs to (at Twilio the messaging service): asked for where nobody connected the sender
    /// itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool_id: Option<String>,
    /// The sender's number in digits, if the event shows it beside the id: how notices name it that know no id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
}

/// What an event tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "most events are messages")]
pub enum InboundKind {
    /// A person wrote.
    Message(InboundMessage),
    /// The business wrote, from its phone app or another program: recorded, triggers nothing.
    Echo(Echo),
    /// Something became of a message that we sent.
    Status(StatusUpdate),
    /// A person reacted to a message, or took the reaction back.
    Reaction(Reaction),
    /// A person edited a message.
    Edit(Edit),
    /// A person deleted a message.
    Revoke(Revoke),
    /// A person stopped or resumed a category of messages at the platform.
    Preference(Preference),
    /// A call began, or got further.
    Call(Call),
    /// A person's number or id changed.
    IdentityChanged(IdentityChange),
    /// A template's status changed.
    TemplateStatus(TemplateNotice<TemplateStatus>),
    /// A template's category changed.
    TemplateCategory(TemplateNotice<Category>),
    /// A template's quality changed.
    TemplateQuality(TemplateNotice<Quality>),
    /// The platform tells how a sender, or all of a business account, stands with it.
    Sender(SenderNotice),
    /// Any other notice about a sender or the business account: kept as it is, under the provider's field name.
    Notice {
        /// The provider's name for the field.
        field: String,
        /// The provider's object.
        raw: Value,
    },
    /// Something this library has no word for: kept as it is.
    Unknown {
        /// The provider's name for the field.
        field: String,
        /// The provider's object.
        raw: Value,
        /// What could not be read about it.
        reason: String,
    },
}

/// Who wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "InboundPerson")]
pub struct Person {
    /// Every address that the event named, the one to answer to first.
    pub addresses: Vec<Address>,
    /// The profile's name.
    pub name: Option<String>,
    /// The user name, without `@`: shown, never matched.
    pub username: Option<String>,
}

/// A message from a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InboundMessage {
    /// The provider's id of the message: with the account, the key against doubles.
    pub provider_id: String,
    /// Who wrote.
    pub from: Person,
    /// What it says.
    pub content: Content,
    /// The provider's id of the message it answers.
    pub reply_to: Option<String>,
    /// It was forwarded.
    #[serde(default)]
    pub forwarded: bool,
    /// The provider's id of the group it was written in: such messages are kept apart from one-to-one threads.
    pub group_id: Option<String>,
    /// The ad or post that led here (`ctwa`).
    pub referral: Option<Referral>,
    /// What the platform itself took the message for (Twilio's `OptOutType`), whatever its words: it stops or resumes
    /// messages of this sender, and answers the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyword: Option<Keyword>,
}

/// A message that the business itself wrote elsewhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Echo {
    /// The provider's id of the message.
    pub provider_id: String,
    /// To whom.
    pub to: Person,
    /// What it says.
    pub content: Content,
}

/// What became of a message that we sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StatusUpdate {
    /// The provider's id of the message.
    pub provider_id: String,
    /// What became of it.
    pub status: StatusKind,
    /// The attempt that the platform echoes, if our correlation id came back.
    pub correlation: Option<AttemptId>,
    /// Addresses of the recipient that the status named.
    pub recipient: Vec<Address>,
    /// The price category, if named.
    pub price_category: Option<String>,
    /// Whether it is billed, if named.
    pub billable: Option<bool>,
    /// Until when messages to the recipient are free because they came by an ad or a page's button, if told (on
    /// WhatsApp the end of the free entry point's conversation).
    #[serde(default)]
    pub free_entry_until: Option<DateTime<Utc>>,
}

/// A reaction to a message, or its removal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reaction {
    /// The provider's id of the reaction itself.
    pub provider_id: String,
    /// Who reacted.
    pub from: Person,
    /// The provider's id of the message reacted to.
    pub target: String,
    /// The emoji; absent when the reaction was taken back.
    pub emoji: Option<String>,
}

/// An edit of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Edit {
    /// The provider's id of the edit itself.
    pub provider_id: String,
    /// Who edited.
    pub from: Person,
    /// The provider's id of the message edited.
    pub target: String,
    /// What it says now.
    pub content: Content,
}

/// A deletion of a message by its author.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Revoke {
    /// The provider's id of the deletion itself.
    pub provider_id: String,
    /// Who deleted.
    pub from: Person,
    /// The provider's id of the message deleted.
    pub target: String,
}

/// A person's choice at the platform about marketing messages of this sender (WhatsApp webhooks, `user_preferences`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Preference {
    /// Who chose.
    pub person: Person,
    /// `stop`, `resume`, or another word, kept.
    pub choice: PreferenceChoice,
}

/// The choice itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PreferenceChoice {
    /// No more marketing.
    Stop,
    /// Marketing again.
    Resume,
    /// Signed up at the platform.
    Signup,
    /// A word this library does not know.
    Other(String),
}

/// One thing that a platform tells of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Call {
    /// The provider's id of the call: with the stage and the account, the key against doubles.
    pub provider_id: String,
    /// The person at the other end, whoever called.
    pub person: Person,
    /// Who called.
    pub caller: Caller,
    /// What happened.
    pub stage: CallEvent,
    /// The provider's object: what answering the call needs, and how it ended.
    pub raw: Value,
}

impl Call {
    /// Whether it opens the window of 24 hours, or opens it anew: a person's call does, taken or not, and ours does once
    /// the person takes it.
    ///
    /// Source: WhatsApp "Calling API pricing", how calling changes the customer service window (2025-12).
    pub const fn opens_window(&self) -> bool {
        matches!(
            (self.caller, &self.stage),
            (Caller::Person, CallEvent::Connect) | (Caller::Business, CallEvent::Accepted)
        )
    }
}

/// Who called whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Caller {
    /// The person called the business.
    Person,
    /// The business called the person.
    Business,
}

/// What happened to a call, by the platform's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallEvent {
    /// It comes in, or ours gets its line.
    Connect,
    /// It rings at the person's.
    Ringing,
    /// The person took it.
    Accepted,
    /// The person turned it away.
    Rejected,
    /// It ended.
    Terminate,
    /// A word this library does not know.
    Other(String),
}

impl CallEvent {
    /// The platform's word, in lower case.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Connect => "connect",
            Self::Ringing => "ringing",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Terminate => "terminate",
            Self::Other(word) => word,
        }
    }
}

impl From<&str> for CallEvent {
    fn from(word: &str) -> Self {
        match word.to_lowercase().as_str() {
            "connect" => Self::Connect,
            "ringing" => Self::Ringing,
            "accepted" => Self::Accepted,
            "rejected" => Self::Rejected,
            "terminate" => Self::Terminate,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// A change of number or id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdentityChange {
    /// The addresses before; empty if the notice named none.
    pub previous: Vec<Address>,
    /// The addresses now.
    pub current: Vec<Address>,
    /// The provider's words.
    pub detail: Option<String>,
}

/// A notice about a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "{T}Notice")]
pub struct TemplateNotice<T> {
    /// The provider's id of the template.
    pub provider_id: Option<String>,
    /// The template's name.
    pub name: String,
    /// The template's language.
    pub language: Language,
    /// What it is now.
    pub value: T,
    /// The provider's reason.
    pub reason: Option<String>,
}

/// How a sender, or all of a business account, stands with the platform. What is absent is not told.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SenderNotice {
    /// The number that its quality is told of, in digits; absent: the sender that the event is about.
    #[serde(default)]
    pub number: Option<String>,
    /// Whether the platform finds the quality low.
    #[serde(default)]
    pub low_quality: Option<bool>,
    /// The limit of how many people may be written to first: of all senders of the business account.
    #[serde(default)]
    pub limit: Option<LimitNotice>,
    /// Whether all senders of the business account are barred.
    #[serde(default)]
    pub ban: Option<BanNotice>,
    /// The provider's name for the field.
    pub field: String,
    /// The provider's object.
    pub raw: Value,
}

/// A limit of how many people may be written to first in 24 hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LimitNotice {
    /// The provider's word, as in `TIER_2K`.
    pub tier: String,
    /// How many; absent: there is no limit, or the word does not say.
    pub people_a_day: Option<u64>,
}

/// Whether senders are barred.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BanNotice {
    /// How far.
    pub ban: Ban,
    /// The provider's words.
    pub detail: Option<String>,
    /// Until when, if it ends by itself.
    pub until: Option<DateTime<Utc>>,
}

/// The ad or post that led a person to write (Click-to-WhatsApp). Each field is absent if the platform left it out.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Referral {
    /// The link of the ad or post.
    pub source_url: Option<String>,
    /// The ad's or post's id.
    pub source_id: Option<String>,
    /// `ad` or `post`.
    pub source_type: Option<String>,
    /// The headline.
    pub headline: Option<String>,
    /// The body.
    pub body: Option<String>,
    /// `image` or `video`.
    pub media_type: Option<String>,
    /// A link to the image, video or thumbnail.
    pub media_url: Option<String>,
    /// The click id for the Conversions API.
    pub ctwa_clid: Option<String>,
}
