//! Every record that a store keeps, and the key that finds it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::account::{Account, Route};
use crate::attributes::Attribute;
use crate::audit::Seal;
use crate::broadcast::{Audience, Broadcast};
use crate::channel::Channel;
use crate::contact::{Contact, Tag};
use crate::conversation::{Conversation, Label, Message, MessageRef, Parked};
use crate::ctwa::Touch;
use crate::erasure::Erasure;
use crate::identity::AddressKind;
use crate::ids::{
    AccountId, AgentId, BroadcastId, ContactId, ConversationId, DispatchId, EnrollmentId, ImportId,
    MessageId, NoteId, OrgId, QuickReplyId, RuleId, SegmentId, SequenceId, SurveyId,
};
use crate::import::Import;
use crate::journal::Entry;
use crate::ledger::{Dispatch, Slot};
use crate::media::MediaFile;
use crate::merge::Merged;
use crate::note::Note;
use crate::quick_reply::{QuickReply, QuickReplyName};
use crate::routing::RoutingRule;
use crate::segment::{Segment, SegmentName};
use crate::selection::TargetList;
use crate::sequence::{Enrollment, Sequence, SequenceVersion, Watch};
use crate::settings::Settings;
use crate::suppression::{HostKeyed, Suppression, SuppressionKey};
use crate::survey::Survey;
use crate::tagging::Rule;
use crate::team::Member;
use crate::template::Template;
use crate::window::Window;

/// One organisation: its settings. Its version is the settings epoch: it also grows when a rule changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Org {
    /// The id.
    pub id: OrgId,
    /// The settings.
    pub settings: Settings,
    /// Grows with each change of the auto-tag rules.
    pub rules_epoch: u64,
    /// What addresses of deleted contacts are hashed with.
    pub suppression_key: SuppressionKey,
    /// Whether those hashes are under a key of the host's too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_key: Option<HostKeyed>,
    /// Who gets a conversation that is new or open again: the first rule that fits.
    #[serde(default)]
    pub routing: Vec<RoutingRule>,
    /// What its active sequences are on the watch for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watches: Vec<Watch>,
}

/// Whose an address is. Unique per organisation, kind and match key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityRef {
    /// The organisation.
    pub org: OrgId,
    /// The kind of address.
    pub kind: AddressKind,
    /// The key under which its spellings meet.
    pub match_key: String,
    /// Whose it is.
    pub contact: ContactId,
}

/// Whose an id in another system is. Unique per organisation, system and id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalRef {
    /// The organisation.
    pub org: OrgId,
    /// The other system, by the name that the host calls it.
    pub system: String,
    /// The id there.
    pub id: String,
    /// Whose it is.
    pub contact: ContactId,
}

/// An auto-tag rule of an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrgRule {
    /// The organisation.
    pub org: OrgId,
    /// Its place among the rules: tags are added in this order.
    pub position: u64,
    /// The rule.
    pub rule: Rule,
}

/// A template of an organisation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrgTemplate {
    /// The organisation.
    pub org: OrgId,
    /// The template.
    pub template: Template,
    /// When the platform last said something about a field (`status`, `category`, `quality`), by its own time: what it
    /// said before that comes too late.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub noticed: BTreeMap<String, DateTime<Utc>>,
}

/// An inbound event that could not be applied: kept as it came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quarantined {
    /// The id.
    pub id: Uuid,
    /// The organisation, if the event found one.
    pub org: Option<OrgId>,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// Why it could not be applied.
    pub reason: String,
    /// The event.
    pub raw: Value,
}

macro_rules! records {
    ($($(#[$doc:meta])* $kind:ident($record:ty) = $name:literal, $key:ident { $($field:ident: $type:ty),* }, |$r:ident| $make:expr;)*) => {
        /// One record of any kind.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "record", content = "body", rename_all = "snake_case")]
        #[allow(clippy::large_enum_variant)]
        pub enum Record {
            $($(#[$doc])* $kind($record),)*
        }

        /// The key of one record of any kind. Every key but a route's and a quarantined event's begins with the organisation.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Key {
            $($(#[$doc])* $kind { $(#[allow(missing_docs)] $field: $type),* },)*
        }

        /// The kinds of records.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RecordKind {
            $($(#[$doc])* $kind,)*
        }

        impl RecordKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// The kind's name as stored.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }
        }

        impl Record {
            /// The record's key.
            pub fn key(&self) -> Key {
                match self { $(Self::$kind($r) => $make,)* }
            }

            /// The record's kind.
            pub const fn kind(&self) -> RecordKind {
                match self { $(Self::$kind(_) => RecordKind::$kind,)* }
            }
        }

        impl Key {
            /// The kind of record it finds.
            pub const fn kind(&self) -> RecordKind {
                match self { $(Self::$kind { .. } => RecordKind::$kind,)* }
            }
        }

        $(
            impl From<$record> for Record {
                fn from(record: $record) -> Self {
                    Self::$kind(record)
                }
            }

            impl TryFrom<Record> for $record {
                type Error = RecordKind;

                fn try_from(record: Record) -> Result<Self, RecordKind> {
                    match record {
                        Record::$kind(record) => Ok(record),
                        other => Err(other.kind()),
                    }
                }
            }
        )*
    };
}

records! {
    /// An organisation and its settings.
    Org(Org) = "org", Org { org: OrgId }, |r| Key::Org { org: r.id };
    /// The way from a platform's sender id to an organisation.
    Route(Route) = "route", Route { channel: Channel, sender_id: String },
        |r| Key::Route { channel: r.channel, sender_id: r.sender_id.clone() };
    /// A sender.
    Account(Account) = "account", Account { org: OrgId, account: AccountId }, |r| Key::Account { org: r.org, account: r.id };
    /// A contact.
    Contact(Contact) = "contact", Contact { org: OrgId, contact: ContactId }, |r| Key::Contact { org: r.org, contact: r.id };
    /// Whose an address is.
    Identity(IdentityRef) = "identity", Identity { org: OrgId, kind: AddressKind, match_key: String },
        |r| Key::Identity { org: r.org, kind: r.kind, match_key: r.match_key.clone() };
    /// Whose an id in another system is.
    ExternalRef(ExternalRef) = "external_ref", ExternalRef { org: OrgId, system: String, id: String },
        |r| Key::ExternalRef { org: r.org, system: r.system.clone(), id: r.id.clone() };
    /// A window.
    Window(Window) = "window", Window { org: OrgId, account: AccountId, kind: AddressKind, match_key: String },
        |r| Key::Window { org: r.org, account: r.account, kind: r.address.kind, match_key: r.address.value.clone() };
    /// A tag's name as first written.
    Tag(Tag) = "tag", Tag { org: OrgId, key: String }, |r| Key::Tag { org: r.org, key: r.key.clone() };
    /// An auto-tag rule.
    Rule(OrgRule) = "rule", Rule { org: OrgId, rule: RuleId }, |r| Key::Rule { org: r.org, rule: r.rule.id };
    /// The definition of an attribute.
    Attribute(Attribute) = "attribute", Attribute { org: OrgId, name: String },
        |r| Key::Attribute { org: r.org, name: r.name.clone() };
    /// A member of the team.
    Member(Member) = "member", Member { org: OrgId, member: AgentId }, |r| Key::Member { org: r.org, member: r.id };
    /// A template.
    Template(OrgTemplate) = "template", Template { org: OrgId, name: String, language: String },
        |r| Key::Template { org: r.org, name: r.template.name.clone(), language: r.template.language.as_str().to_owned() };
    /// A conversation.
    Conversation(Conversation) = "conversation", Conversation { org: OrgId, conversation: ConversationId },
        |r| Key::Conversation { org: r.org, conversation: r.id };
    /// A label's name as first written.
    Label(Label) = "label", Label { org: OrgId, key: String }, |r| Key::Label { org: r.org, key: r.key.clone() };
    /// A message.
    Message(Message) = "message", Message { org: OrgId, message: MessageId }, |r| Key::Message { org: r.org, message: r.id };
    /// The way from a platform's message id or an attempt to a message.
    MessageRef(MessageRef) = "message_ref", MessageRef { org: OrgId, account: AccountId, token: String },
        |r| Key::MessageRef { org: r.org, account: r.account, token: r.token.clone() };
    /// Evidence about a message that is not known yet.
    Parked(Parked) = "parked", Parked { org: OrgId, account: AccountId, provider_id: String },
        |r| Key::Parked { org: r.org, account: r.account, provider_id: r.provider_id.clone() };
    /// A broadcast.
    Broadcast(Broadcast) = "broadcast", Broadcast { org: OrgId, broadcast: BroadcastId },
        |r| Key::Broadcast { org: r.org, broadcast: r.id };
    /// The contacts that a broadcast is for, where they were named.
    TargetList(TargetList) = "target_list", TargetList { org: OrgId, broadcast: BroadcastId },
        |r| Key::TargetList { org: r.org, broadcast: r.broadcast };
    /// A sequence.
    Sequence(Sequence) = "sequence", Sequence { org: OrgId, sequence: SequenceId },
        |r| Key::Sequence { org: r.org, sequence: r.id };
    /// An edition of a sequence that was replaced.
    SequenceVersion(SequenceVersion) = "sequence_version", SequenceVersion { org: OrgId, sequence: SequenceId, version: u32 },
        |r| Key::SequenceVersion { org: r.org, sequence: r.sequence, version: r.version };
    /// A contact in a sequence.
    Enrollment(Enrollment) = "enrollment", Enrollment { org: OrgId, enrollment: EnrollmentId },
        |r| Key::Enrollment { org: r.org, enrollment: r.id };
    /// A row of the ledger.
    Dispatch(Dispatch) = "dispatch", Dispatch { org: OrgId, dispatch: DispatchId },
        |r| Key::Dispatch { org: r.org, dispatch: r.id };
    /// The last marketing template to a contact.
    Slot(Slot) = "slot", Slot { org: OrgId, contact: ContactId }, |r| Key::Slot { org: r.org, contact: r.contact };
    /// An import.
    Import(Import) = "import", Import { org: OrgId, import: ImportId }, |r| Key::Import { org: r.org, import: r.id };
    /// A filter saved under a name.
    Segment(Segment) = "segment", Segment { org: OrgId, segment: SegmentId },
        |r| Key::Segment { org: r.org, segment: r.id };
    /// Whose a segment's name is.
    SegmentName(SegmentName) = "segment_name", SegmentName { org: OrgId, key: String },
        |r| Key::SegmentName { org: r.org, key: r.key.clone() };
    /// A message's file in the media store.
    MediaFile(MediaFile) = "media_file", MediaFile { org: OrgId, message: MessageId },
        |r| Key::MediaFile { org: r.org, message: r.message };
    /// A message that an ad or post led to.
    Touch(Touch) = "touch", Touch { org: OrgId, message: MessageId },
        |r| Key::Touch { org: r.org, message: r.message };
    /// A survey of satisfaction.
    Survey(Survey) = "survey", Survey { org: OrgId, survey: SurveyId },
        |r| Key::Survey { org: r.org, survey: r.id };
    /// A message saved under a shortcut.
    QuickReply(QuickReply) = "quick_reply", QuickReply { org: OrgId, reply: QuickReplyId },
        |r| Key::QuickReply { org: r.org, reply: r.id };
    /// Whose a shortcut is.
    QuickReplyName(QuickReplyName) = "quick_reply_name", QuickReplyName { org: OrgId, key: String },
        |r| Key::QuickReplyName { org: r.org, key: r.key.clone() };
    /// A note about a contact.
    Note(Note) = "note", Note { org: OrgId, note: NoteId }, |r| Key::Note { org: r.org, note: r.id };
    /// Where the id of a contact that was merged leads.
    Merged(Merged) = "merged", Merged { org: OrgId, contact: ContactId },
        |r| Key::Merged { org: r.org, contact: r.contact };
    /// What outlives the contacts of an address.
    Suppression(Suppression) = "suppression", Suppression { org: OrgId, hash: String },
        |r| Key::Suppression { org: r.org, hash: r.hash.clone() };
    /// Entries of the audit, sealed.
    Seal(Seal) = "seal", Seal { org: OrgId, number: u64 }, |r| Key::Seal { org: r.org, number: r.number };
    /// An erase of a contact.
    Erasure(Erasure) = "erasure", Erasure { org: OrgId, contact: ContactId },
        |r| Key::Erasure { org: r.org, contact: r.certificate.contact };
    /// An event that could not be applied.
    Quarantined(Quarantined) = "quarantined", Quarantined { id: Uuid }, |r| Key::Quarantined { id: r.id };
}

impl Key {
    /// The organisation that the key begins with; a route's and a quarantined event's have none.
    pub const fn org(&self) -> Option<OrgId> {
        match self {
            Self::Org { org }
            | Self::Account { org, .. }
            | Self::Contact { org, .. }
            | Self::Identity { org, .. }
            | Self::ExternalRef { org, .. }
            | Self::Window { org, .. }
            | Self::Tag { org, .. }
            | Self::Rule { org, .. }
            | Self::Attribute { org, .. }
            | Self::Member { org, .. }
            | Self::Template { org, .. }
            | Self::Conversation { org, .. }
            | Self::Label { org, .. }
            | Self::Message { org, .. }
            | Self::MessageRef { org, .. }
            | Self::Parked { org, .. }
            | Self::Broadcast { org, .. }
            | Self::TargetList { org, .. }
            | Self::Sequence { org, .. }
            | Self::SequenceVersion { org, .. }
            | Self::Enrollment { org, .. }
            | Self::Dispatch { org, .. }
            | Self::Slot { org, .. }
            | Self::Import { org, .. }
            | Self::Segment { org, .. }
            | Self::SegmentName { org, .. }
            | Self::MediaFile { org, .. }
            | Self::Touch { org, .. }
            | Self::Survey { org, .. }
            | Self::QuickReply { org, .. }
            | Self::QuickReplyName { org, .. }
            | Self::Note { org, .. }
            | Self::Merged { org, .. }
            | Self::Suppression { org, .. }
            | Self::Seal { org, .. }
            | Self::Erasure { org, .. } => Some(*org),
            Self::Route { .. } | Self::Quarantined { .. } => None,
        }
    }
}

/// A record with the store's version of it: 1 when inserted, one more with each write.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored<R = Record> {
    /// The record.
    pub record: R,
    /// The version.
    pub version: u64,
}

/// What must still hold when a change is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// The record still has this version.
    Version(Key, u64),
    /// There is still no such record.
    Absent(Key),
}

/// One write.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant)]
pub enum Op {
    /// A new record; a conflict if its key, or one of its unique keys, is taken.
    Insert(Record),
    /// A record in place of the version named.
    Update(Record, u64),
    /// No record in place of the version named.
    Remove(Key, u64),
    /// An entry of the journal; the store gives it the next position.
    Journal(Entry),
    /// This entry, which says less, in place of the one at that position; its organisation, kind, contact and times are
    /// as they were. A conflict if there is none.
    Redact {
        /// The position.
        position: u64,
        /// The entry.
        entry: Entry,
    },
    /// The ledger rows of a broadcast: one for each contact that fits its target at this instant, by
    /// [`Audience::enlist`]. The seed makes their ids.
    SnapshotAudience(Box<Audience>, u64),
    /// No conversations of a contact any more, and none of their messages; what refers to them stays.
    RemoveConversations {
        /// The organisation.
        org: OrgId,
        /// The contact.
        contact: ContactId,
    },
    /// No messages of a conversation any more; what refers to them stays.
    RemoveMessages {
        /// The organisation.
        org: OrgId,
        /// The conversation.
        conversation: ConversationId,
    },
}

/// Writes that happen together or not at all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChangeSet {
    /// What must still hold.
    pub expect: Vec<Expect>,
    /// The writes, in order.
    pub ops: Vec<Op>,
}

impl ChangeSet {
    /// Whether nothing would be written.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }
}
