//! Records as rows: which table, which columns, what JSON.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
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
use tertulia_core::ledger::{Dispatch, Slot};
use tertulia_core::media::MediaFile;
use tertulia_core::merge::Merged;
use tertulia_core::note::Note;
use tertulia_core::quick_reply::{QuickReply, QuickReplyName};
use tertulia_core::record::{
    ExternalRef, IdentityRef, Key, Org, OrgRule, OrgTemplate, Quarantined, Record, RecordKind, Stored,
};
use tertulia_core::search;
use tertulia_core::segment::{Segment, SegmentName};
use tertulia_core::selection::TargetList;
use tertulia_core::sequence::{Enrollment, Sequence, SequenceVersion, Standing};
use tertulia_core::suppression::Suppression;
use tertulia_core::survey::Survey;
use tertulia_core::team::Member;
use tertulia_core::window::Window;
use tertulia_storage_traits::StorageError;

use crate::error::{self, Result};

/// Where the records of a kind are kept.
pub(crate) struct Table {
    /// The table's name.
    pub(crate) name: &'static str,
    /// The columns of the key, in the order that pages follow.
    pub(crate) key: &'static [&'static str],
    /// The columns that queries look at.
    columns: &'static [&'static str],
}

/// The table of a kind.
pub(crate) const fn table(kind: RecordKind) -> Table {
    let (name, key, columns): (_, &[_], &[_]) = match kind {
        RecordKind::Org => ("orgs", &["org"], &[]),
        RecordKind::Route => ("routes", &["channel", "sender_id"], &[]),
        RecordKind::Account => ("accounts", &["org", "account"], &["sendable_from", "per_second"]),
        RecordKind::Contact => (
            "contacts",
            &["org", "contact"],
            &[
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
            ],
        ),
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

/// A time as stored.
pub(crate) fn micros(at: DateTime<Utc>) -> Value {
    Value::Integer(at.timestamp_micros())
}

/// An id as stored.
pub(crate) fn blob(id: &[u8; 16]) -> Value {
    Value::Blob(id.to_vec())
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn flag(flag: bool) -> Value {
    Value::Integer(flag.into())
}

/// The values of the key's columns.
pub(crate) fn key_values(key: &Key) -> Vec<Value> {
    macro_rules! ids {
        ($($id:ident),*) => { vec![$(blob($id.0.as_bytes())),*] };
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
            vec![blob(org.0.as_bytes()), text(kind.as_str()), text(match_key)]
        }
        Key::ExternalRef { org, system, id } => vec![blob(org.0.as_bytes()), text(system), text(id)],
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
            vec![blob(org.0.as_bytes()), text(name)]
        }
        Key::Rule { org, rule } => ids![org, rule],
        Key::Member { org, member } => ids![org, member],
        Key::Template { org, name, language } => vec![blob(org.0.as_bytes()), text(name), text(language)],
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
        Key::Seal { org, number } => vec![blob(org.0.as_bytes()), Value::Integer(number.cast_signed())],
        Key::Quarantined { id } => vec![blob(id.as_bytes())],
    }
}

/// The values of the columns that queries look at.
fn column_values(record: &Record) -> Vec<Value> {
    match record {
        Record::Account(account) => vec![
            account.sendable_from().map_or(Value::Null, micros),
            account
                .rate()
                .map_or(Value::Null, |rate| Value::Integer(rate.get().into())),
        ],
        Record::Contact(contact) => contact_values(contact),
        Record::Conversation(thread) => conversation_values(thread),
        Record::Message(message) => vec![blob(message.conversation.0.as_bytes()), micros(message.at)],
        Record::MediaFile(file) => vec![blob(file.contact.0.as_bytes())],
        Record::Touch(touch) => vec![micros(touch.at)],
        Record::Survey(survey) => vec![survey.asked_at.map_or(Value::Null, micros)],
        Record::Note(note) => vec![blob(note.contact.0.as_bytes()), micros(note.at)],
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

/// When something never happened.
pub(crate) const NEVER: i64 = i64::MIN;

fn contact_values(contact: &Contact) -> Vec<Value> {
    vec![
        text(contact.status.as_str()),
        flag(contact.consent.opted_in()),
        text(contact.lead.as_str()),
        contact
            .owner
            .map_or(Value::Null, |owner| blob(owner.0.as_bytes())),
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
    let labels: Vec<&String> = thread.labels.keys().collect();
    vec![
        blob(thread.contact.0.as_bytes()),
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
        Value::Text(serde_json::json!(labels).to_string()),
    ]
}

/// Whose a conversation is, as stored.
pub(crate) fn assignee(member: Option<AgentId>) -> Value {
    member.map_or_else(|| Value::Blob(Vec::new()), |member| blob(member.0.as_bytes()))
}

/// A channel among those of a conversation.
pub(crate) fn spaced(channel: Channel) -> String {
    format!(" {} ", channel.as_str())
}

fn enrollment_values(enrollment: &Enrollment) -> Vec<Value> {
    let standing = Standing::of(enrollment);
    vec![
        blob(enrollment.sequence.0.as_bytes()),
        blob(enrollment.contact.0.as_bytes()),
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
        dispatch.campaign().map_or_else(
            || Value::Blob(Vec::new()),
            |campaign| blob(campaign.id().as_bytes()),
        ),
        bucket.step.map_or(Value::Null, Value::Text),
        blob(dispatch.contact.0.as_bytes()),
        blob(dispatch.account.0.as_bytes()),
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
        fn body(record: &Record) -> Result<String> {
            match record {
                $(Record::$kind(record) => serde_json::to_string(record),)*
            }
            .map_err(|e| error::unwritable(record.kind().as_str(), &e))
        }

        /// A record out of its JSON.
        pub(crate) fn parse(kind: RecordKind, body: &str) -> Result<Record> {
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

/// The statements of a kind.
struct Statements {
    find: String,
    /// The columns that queries look at, at a version.
    columns: String,
    insert: String,
    remove: String,
}

static STATEMENTS: LazyLock<Vec<Statements>> = LazyLock::new(|| {
    RecordKind::ALL
        .iter()
        .map(|kind| statements(&table(*kind)))
        .collect()
});

fn statements(Table { name, key, columns }: &Table) -> Statements {
    let is = |names: &[&str]| names.iter().map(|n| format!("{n} = ?")).collect::<Vec<_>>();
    let at_key = is(key).join(" AND ");
    let mut all = key.to_vec();
    all.extend_from_slice(columns);
    Statements {
        find: format!("SELECT version, body FROM {name} WHERE {at_key}"),
        insert: format!(
            "INSERT INTO {name} ({}, body, version) VALUES ({}?, 1)",
            all.join(", "),
            "?, ".repeat(all.len())
        ),
        columns: format!(
            "SELECT {} FROM {name} WHERE {at_key} AND version = ?",
            columns.join(", ")
        ),
        remove: format!("DELETE FROM {name} WHERE {at_key} AND version = ?"),
    }
}

fn of(kind: RecordKind) -> &'static Statements {
    &STATEMENTS[kind as usize]
}

/// The record in a row that begins with `version, body`.
pub(crate) fn stored(kind: RecordKind, row: &Row<'_>) -> Result<Stored> {
    let read = || -> rusqlite::Result<_> { Ok((row.get(0)?, row.get_ref(1)?.as_str()?)) };
    let (version, body): (i64, &str) = read().map_err(reading)?;
    Ok(Stored {
        record: parse(kind, body)?,
        version: version.cast_unsigned(),
    })
}

/// The error of a read that failed.
pub(crate) fn reading(error: impl Into<rusqlite::Error>) -> StorageError {
    error::sqlite(error.into(), "reading")
}

fn writing(error: rusqlite::Error) -> StorageError {
    error::sqlite(error, "writing")
}

/// The record under a key.
pub(crate) fn find(connection: &Connection, key: &Key) -> Result<Option<Stored>> {
    let mut statement = connection.prepare_cached(&of(key.kind()).find).map_err(reading)?;
    let mut rows = statement
        .query(params_from_iter(key_values(key)))
        .map_err(reading)?;
    let Some(row) = rows.next().map_err(reading)? else {
        return Ok(None);
    };
    stored(key.kind(), row).map(Some)
}

/// The version of the record under a key.
pub(crate) fn version(connection: &Connection, key: &Key) -> Result<Option<u64>> {
    connection
        .prepare_cached(&of(key.kind()).find)
        .and_then(|mut statement| {
            statement
                .query_row(params_from_iter(key_values(key)), |row| row.get::<_, i64>(0))
                .optional()
        })
        .map(|version| version.map(i64::cast_unsigned))
        .map_err(reading)
}

/// Adds a record.
pub(crate) fn insert(connection: &Connection, record: &Record) -> Result<()> {
    let mut values = key_values(&record.key());
    values.extend(column_values(record));
    values.push(Value::Text(body(record)?));
    execute(connection, &of(record.kind()).insert, values).map(|_| ())
}

/// Writes a record in place of a version; whether that version was there. Columns that stay as they are are not written:
/// SQLite would take the row out of every index that has one of them, and put it in again.
pub(crate) fn update(connection: &Connection, record: &Record, version: u64) -> Result<bool> {
    let (key, version) = (key_values(&record.key()), Value::Integer(version.cast_signed()));
    let at = || key.iter().cloned().chain([version.clone()]);
    let table = table(record.kind());
    let new = column_values(record);
    let changed: Vec<usize> = if new.is_empty() {
        Vec::new()
    } else {
        let old = connection
            .prepare_cached(&of(record.kind()).columns)
            .and_then(|mut statement| {
                let read = |row: &Row<'_>| (0..new.len()).map(|place| row.get(place)).collect();
                statement.query_row(params_from_iter(at()), read).optional()
            });
        let old: Option<Vec<Value>> = old.map_err(reading)?;
        let Some(old) = old else { return Ok(false) };
        (0..new.len())
            .filter(|place| new[*place] != old[*place])
            .collect()
    };
    let names: Vec<&str> = changed.iter().map(|place| table.columns[*place]).collect();
    let mut values: Vec<Value> = changed.into_iter().map(|place| new[place].clone()).collect();
    values.push(Value::Text(body(record)?));
    values.extend(at());
    execute(connection, &update_of(&table, &names), values).map(|rows| rows == 1)
}

/// The statement that writes these columns of a record.
fn update_of(Table { name, key, .. }: &Table, columns: &[&str]) -> String {
    let mut sql = format!("UPDATE {name} SET ");
    for column in columns {
        sql.extend([column, " = ?, "]);
    }
    sql.push_str("body = ?, version = version + 1 WHERE ");
    for column in *key {
        sql.extend([column, " = ? AND "]);
    }
    sql.push_str("version = ?");
    sql
}

/// Removes the record under a key; whether that version was there.
pub(crate) fn remove(connection: &Connection, key: &Key, version: u64) -> Result<bool> {
    let mut values = key_values(key);
    values.push(Value::Integer(version.cast_signed()));
    execute(connection, &of(key.kind()).remove, values).map(|rows| rows == 1)
}

/// Runs a statement that writes; how many rows it wrote.
pub(crate) fn execute(connection: &Connection, sql: &str, values: Vec<Value>) -> Result<usize> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(params_from_iter(values)))
        .map_err(writing)
}
