//! Records as rows: which table, which columns, what JSON.

use tertulia_core::account::{Account, Route};
use tertulia_core::attributes::Attribute;
use tertulia_core::audit::Seal;
use tertulia_core::broadcast::{Broadcast, BroadcastState, Bucket};
use tertulia_core::channel::Channel;
use tertulia_core::contact::{Contact, Tag};
use tertulia_core::conversation::{Conversation, Label, Message, MessageRef, Parked};
use tertulia_core::ctwa::Touch;
use tertulia_core::erasure::Erasure;
use tertulia_core::ids::AgentId;
use tertulia_core::import::Import;
use tertulia_core::ledger::{Campaign, Dispatch, Slot};
use tertulia_core::media::MediaFile;
use tertulia_core::merge::Merged;
use tertulia_core::note::Note;
use tertulia_core::quick_reply::{QuickReply, QuickReplyName};
use tertulia_core::record::{
    ExternalRef, IdentityRef, Key, Org, OrgRule, OrgTemplate, Quarantined, Record, RecordKind,
};
use tertulia_core::search;
use tertulia_core::segment::{Segment, SegmentName};
use tertulia_core::selection::TargetList;
use tertulia_core::sequence::{Enrollment, Sequence, SequenceVersion, Standing};
use tertulia_core::suppression::Suppression;
use tertulia_core::survey::Survey;
use tertulia_core::team::Member;
use tertulia_core::window::Window;

use crate::error::{self, Result};
use crate::value::{NEVER, Value, as_id, micros, text};

/// Where the records of a kind are kept.
pub struct Table {
    /// The table's name.
    pub name: &'static str,
    /// The columns of the key, in the order that pages follow.
    pub key: &'static [&'static str],
    /// The columns that queries look at.
    pub columns: &'static [&'static str],
}

/// What filters ask of a contact, and what lists of contacts are sorted by.
const CONTACT_FACTS: &[&str] = &[
    "status",
    "opted_in",
    "lead",
    "owner",
    "source",
    "conversation",
    "created_at",
    "last_interaction",
    "name_key",
    "search",
];

/// The table of a kind.
pub const fn table(kind: RecordKind) -> Table {
    let (name, key, columns): (_, &[_], &[_]) = match kind {
        RecordKind::Org => ("orgs", &["org"], &[]),
        RecordKind::Route => ("routes", &["channel", "sender_id"], &[]),
        RecordKind::Account => ("accounts", &["org", "account"], &["sendable_from", "per_second"]),
        RecordKind::Contact => ("contacts", &["org", "contact"], CONTACT_FACTS),
        RecordKind::Identity => ("identities", &["org", "kind", "match_key"], &[]),
        RecordKind::ExternalRef => ("external_refs", &["org", "system", "id"], &[]),
        RecordKind::Window => ("windows", &["org", "account", "kind", "match_key"], &[]),
        RecordKind::Tag => ("tags", &["org", "tag"], &[]),
        RecordKind::Rule => ("rules", &["org", "rule"], &[]),
        RecordKind::Attribute => ("attributes", &["org", "name"], &[]),
        RecordKind::Member => ("members", &["org", "member"], &[]),
        RecordKind::Template => ("templates", &["org", "name", "language"], &[]),
        RecordKind::Conversation => (
            "conversations",
            &["org", "conversation"],
            &[
                "contact",
                "last_activity",
                "status",
                "assignee",
                "handler",
                "turn_due",
                "channels",
                "unread",
                "starred",
                "archived",
                "labels",
            ],
        ),
        RecordKind::Label => ("labels", &["org", "label"], &[]),
        RecordKind::Message => ("messages", &["org", "message"], &["conversation", "at"]),
        RecordKind::MessageRef => ("message_refs", &["org", "account", "token"], &[]),
        RecordKind::Parked => ("parked", &["org", "account", "provider_id"], &["since"]),
        RecordKind::Broadcast => ("broadcasts", &["org", "broadcast"], &["running", "due"]),
        RecordKind::TargetList => ("target_lists", &["org", "broadcast"], &[]),
        RecordKind::Sequence => ("sequences", &["org", "sequence"], &["active"]),
        RecordKind::SequenceVersion => ("sequence_versions", &["org", "sequence", "edition"], &[]),
        RecordKind::Enrollment => (
            "enrollments",
            &["org", "enrollment"],
            &["sequence", "contact", "state", "step", "reason", "due"],
        ),
        RecordKind::Dispatch => (
            "dispatches",
            &["org", "dispatch"],
            &[
                "campaign",
                "step",
                "contact",
                "account",
                "match_key",
                "state",
                "reason",
                "accepted",
                "replied",
                "opted_out_after",
                "due",
            ],
        ),
        RecordKind::Slot => ("slots", &["org", "contact"], &[]),
        RecordKind::Import => ("imports", &["org", "import"], &[]),
        RecordKind::Segment => ("segments", &["org", "segment"], &[]),
        RecordKind::SegmentName => ("segment_names", &["org", "name"], &[]),
        RecordKind::MediaFile => ("media_files", &["org", "message"], &["contact"]),
        RecordKind::Touch => ("touches", &["org", "message"], &["at"]),
        RecordKind::Survey => ("surveys", &["org", "survey"], &["asked_at"]),
        RecordKind::QuickReply => ("quick_replies", &["org", "reply"], &[]),
        RecordKind::QuickReplyName => ("quick_reply_names", &["org", "name"], &[]),
        RecordKind::Note => ("notes", &["org", "note"], &["contact", "at"]),
        RecordKind::Merged => ("merged", &["org", "contact"], &[]),
        RecordKind::Suppression => ("suppressions", &["org", "hash"], &[]),
        RecordKind::Seal => ("seals", &["org", "number"], &["first", "through"]),
        RecordKind::Erasure => ("erasures", &["org", "contact"], &["open"]),
        RecordKind::Quarantined => ("quarantined", &["id"], &[]),
    };
    Table { name, key, columns }
}

fn flag(flag: bool) -> Value {
    Value::Flag(flag)
}

/// The values of the key's columns.
pub fn key_values(key: &Key) -> Vec<Value> {
    macro_rules! ids {
        ($($id:ident),*) => { vec![$(as_id($id.0)),*] };
    }
    match key {
        Key::Org { org } => ids![org],
        Key::Route { channel, sender_id } => vec![text(channel.as_str()), text(sender_id)],
        Key::Account { org, account } => ids![org, account],
        Key::Contact { org, contact }
        | Key::Slot { org, contact }
        | Key::Merged { org, contact }
        | Key::Erasure { org, contact } => {
            ids![org, contact]
        }
        Key::Identity { org, kind, match_key } => {
            vec![as_id(org.0), text(kind.as_str()), text(match_key)]
        }
        Key::ExternalRef { org, system, id } => vec![as_id(org.0), text(system), text(id)],
        Key::Window {
            org,
            account,
            kind,
            match_key,
        } => {
            let mut values = ids![org, account];
            values.extend([text(kind.as_str()), text(match_key)]);
            values
        }
        Key::Tag { org, key: name }
        | Key::Label { org, key: name }
        | Key::Attribute { org, name }
        | Key::SegmentName { org, key: name }
        | Key::QuickReplyName { org, key: name }
        | Key::Suppression { org, hash: name } => {
            vec![as_id(org.0), text(name)]
        }
        Key::Rule { org, rule } => ids![org, rule],
        Key::Member { org, member } => ids![org, member],
        Key::Template { org, name, language } => vec![as_id(org.0), text(name), text(language)],
        Key::Conversation { org, conversation } => ids![org, conversation],
        Key::Message { org, message } | Key::MediaFile { org, message } | Key::Touch { org, message } => {
            ids![org, message]
        }
        Key::Survey { org, survey } => ids![org, survey],
        Key::QuickReply { org, reply } => ids![org, reply],
        Key::MessageRef {
            org,
            account,
            token: id,
        }
        | Key::Parked {
            org,
            account,
            provider_id: id,
        } => {
            let mut values = ids![org, account];
            values.push(text(id));
            values
        }
        Key::Broadcast { org, broadcast } | Key::TargetList { org, broadcast } => ids![org, broadcast],
        Key::Sequence { org, sequence } => ids![org, sequence],
        Key::SequenceVersion {
            org,
            sequence,
            version,
        } => {
            let mut values = ids![org, sequence];
            values.push(Value::Integer((*version).into()));
            values
        }
        Key::Enrollment { org, enrollment } => ids![org, enrollment],
        Key::Dispatch { org, dispatch } => ids![org, dispatch],
        Key::Import { org, import } => ids![org, import],
        Key::Segment { org, segment } => ids![org, segment],
        Key::Note { org, note } => ids![org, note],
        Key::Seal { org, number } => vec![as_id(org.0), Value::Integer(number.cast_signed())],
        Key::Quarantined { id } => vec![as_id(*id)],
    }
}

/// The values of the columns that queries look at.
pub fn column_values(record: &Record) -> Vec<Value> {
    match record {
        Record::Account(account) => vec![
            account.sendable_from().map_or(Value::Null, micros),
            account
                .rate()
                .map_or(Value::Null, |rate| Value::Integer(rate.get().into())),
        ],
        Record::Contact(contact) => contact_values(contact),
        Record::Conversation(thread) => conversation_values(thread),
        Record::Message(message) => vec![as_id(message.conversation.0), micros(message.at)],
        Record::MediaFile(file) => vec![as_id(file.contact.0)],
        Record::Touch(touch) => vec![micros(touch.at)],
        Record::Survey(survey) => vec![survey.asked_at.map_or(Value::Null, micros)],
        Record::Note(note) => vec![as_id(note.contact.0), micros(note.at)],
        Record::Parked(parked) => vec![micros(parked.since)],
        Record::Seal(seal) => {
            let first = seal.leaves.first().map_or(0, |leaf| leaf.position);
            [first, seal.through()]
                .map(|at| Value::Integer(at.cast_signed()))
                .to_vec()
        }
        Record::Broadcast(broadcast) => {
            vec![
                flag(matches!(broadcast.state, BroadcastState::Running { .. })),
                broadcast.state.due().map_or(Value::Null, micros),
            ]
        }
        Record::Sequence(sequence) => vec![flag(sequence.state.is_active())],
        Record::Enrollment(enrollment) => enrollment_values(enrollment),
        Record::Dispatch(dispatch) => dispatch_values(dispatch),
        Record::Erasure(erasure) => vec![flag(erasure.is_open())],
        _ => Vec::new(),
    }
}

fn contact_values(contact: &Contact) -> Vec<Value> {
    vec![
        text(contact.status.as_str()),
        flag(contact.consent.opted_in()),
        text(contact.lead.as_str()),
        contact.owner.map_or(Value::Null, |owner| as_id(owner.0)),
        contact
            .source_channel
            .map_or(Value::Null, |source| text(source.as_str())),
        contact
            .conversation_status
            .map_or(Value::Null, |status| text(status.as_str())),
        micros(contact.created_at),
        contact.last_interaction.map_or(Value::Integer(NEVER), micros),
        text(&contact.name_key()),
        Value::Text(search::text(contact)),
    ]
}

fn conversation_values(thread: &Conversation) -> Vec<Value> {
    let channels = thread.channels.iter().map(|channel| spaced(*channel));
    vec![
        as_id(thread.contact.0),
        micros(thread.last_activity),
        text(thread.status().as_str()),
        assignee(thread.assignee),
        thread
            .handler
            .as_ref()
            .map_or(Value::Null, |handler| text(&handler.name)),
        thread.turn.as_ref().map_or(Value::Null, |turn| micros(turn.due)),
        Value::Text(channels.collect()),
        flag(thread.is_unread()),
        flag(thread.starred),
        flag(thread.archived.is_some()),
        Value::Texts(thread.labels.keys().cloned().collect()),
    ]
}

/// Whose a conversation is, as stored.
pub fn assignee(member: Option<AgentId>) -> Value {
    Value::Id(member.map(|member| member.0))
}

/// A channel among those of a conversation.
pub fn spaced(channel: Channel) -> String {
    format!(" {} ", channel.as_str())
}

fn enrollment_values(enrollment: &Enrollment) -> Vec<Value> {
    let standing = Standing::of(enrollment);
    vec![
        as_id(enrollment.sequence.0),
        as_id(enrollment.contact.0),
        text(standing.stage.as_str()),
        standing.step.map_or(Value::Null, Value::Text),
        standing
            .reason
            .map_or(Value::Null, |reason| text(reason.as_str())),
        enrollment.due().map_or(Value::Null, micros),
    ]
}

fn dispatch_values(dispatch: &Dispatch) -> Vec<Value> {
    let bucket = Bucket::of(dispatch);
    vec![
        Value::Id(dispatch.campaign().map(Campaign::id)),
        bucket.step.map_or(Value::Null, Value::Text),
        as_id(dispatch.contact.0),
        as_id(dispatch.account.0),
        dispatch.match_key.as_deref().map_or(Value::Null, text),
        text(bucket.state.as_str()),
        bucket.reason.map_or(Value::Null, Value::Text),
        flag(bucket.accepted),
        flag(bucket.replied),
        flag(bucket.opted_out_after),
        dispatch.due().map_or(Value::Null, micros),
    ]
}

macro_rules! bodies {
    ($($kind:ident($record:ty)),* $(,)?) => {
        /// A record as JSON.
        pub fn body(record: &Record) -> Result<String> {
            match record {
                $(Record::$kind(record) => serde_json::to_string(record),)*
            }
            .map_err(|e| error::unwritable(record.kind().as_str(), &e))
        }

        /// A record out of its JSON.
        pub fn parse(kind: RecordKind, body: &str) -> Result<Record> {
            match kind {
                $(RecordKind::$kind => serde_json::from_str::<$record>(body).map(Record::$kind),)*
            }
            .map_err(|e| error::unreadable(kind.as_str(), &e))
        }
    };
}

bodies! {
    Org(Org), Route(Route), Account(Account), Contact(Contact), Identity(IdentityRef),
    ExternalRef(ExternalRef), Window(Window), Tag(Tag), Rule(OrgRule), Attribute(Attribute), Member(Member), Template(OrgTemplate),
    Conversation(Conversation), Label(Label), Message(Message), MessageRef(MessageRef), Parked(Parked), Broadcast(Broadcast), TargetList(TargetList),
    Sequence(Sequence), SequenceVersion(SequenceVersion), Enrollment(Enrollment), Dispatch(Dispatch), Slot(Slot), Import(Import), Segment(Segment),
    SegmentName(SegmentName), MediaFile(MediaFile), Touch(Touch), Survey(Survey), QuickReply(QuickReply),
    QuickReplyName(QuickReplyName), Note(Note), Merged(Merged), Suppression(Suppression), Seal(Seal), Erasure(Erasure),
    Quarantined(Quarantined),
}
