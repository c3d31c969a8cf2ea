//! Change sets, inside the writer's transaction.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, params_from_iter};
use tertulia_core::broadcast::Audience;
use tertulia_core::contact::Contact;
use tertulia_core::filter::Filter;
use tertulia_core::ids::{ContactId, IdSource, OrgId};
use tertulia_core::journal::Entry;
use tertulia_core::ledger::{Dispatch, Slot};
use tertulia_core::merge::{Merged, led_to};
use tertulia_core::record::{ChangeSet, Expect, Key, Op, Record, RecordKind};
use tertulia_core::selection::Selection;
use tertulia_storage_sql::error::{unreadable, unwritable};
use tertulia_storage_sql::filter::{self, Extent};
use tertulia_storage_sql::rows::key_values;
use tertulia_storage_sql::{Dialect, Value, as_id, micros};
use tertulia_storage_traits::{Committed, Query, StorageError, StorageErrorKind};

use crate::beside::{self, Found};
use crate::error::{self, Result};
use crate::query;
use crate::rows::{self, bound, execute, reading};

/// Writes a change set. The caller undoes what was written if it fails.
pub(crate) fn apply(connection: &Connection, changes: &ChangeSet) -> Result<Committed> {
    for expect in &changes.expect {
        let (key, wanted) = match expect {
            Expect::Version(key, version) => (key, Some(*version)),
            Expect::Absent(key) => (key, None),
        };
        if rows::version(connection, key)? != wanted {
            return Err(conflict(key.kind(), "is not as it was read"));
        }
    }
    let mut done = Committed::default();
    let mut places = places(connection, &changes.ops)?;
    for op in &changes.ops {
        match op {
            Op::Insert(record) => {
                rows::insert(connection, record, 1).map_err(|e| taken(e, record.kind()))?;
                if let Record::Contact(contact) = record {
                    write_beside(connection, None, Some(contact))?;
                }
            }
            Op::Update(record, version) => {
                let before = contact_before(connection, &record.key())?;
                if !rows::update(connection, record, *version).map_err(|e| taken(e, record.kind()))? {
                    return Err(conflict(record.kind(), "is not at the version that was read"));
                }
                if let Record::Contact(contact) = record {
                    write_beside(connection, before, Some(contact))?;
                }
            }
            Op::Remove(key, version) => {
                let before = contact_before(connection, key)?;
                if !rows::remove(connection, key, *version)? {
                    return Err(conflict(key.kind(), "is not at the version that was read"));
                }
                write_beside(connection, before, None)?;
            }
            Op::Journal(entry) => {
                let position = places.entry(entry.org).or_default();
                record_entry(connection, entry, *position)?;
                done.position = Some(position.cast_unsigned());
                *position += 1;
            }
            Op::Redact { position, entry } => redact(connection, *position, entry)?,
            Op::RemoveConversations { org, contact } => remove_conversations(connection, *org, *contact)?,
            Op::RemoveMessages { org, conversation } => {
                let values = vec![as_id(org.0), as_id(conversation.0)];
                execute(
                    connection,
                    "DELETE FROM messages WHERE org = ? AND conversation = ?",
                    values,
                )?;
            }
            Op::SnapshotAudience(audience, seed) => done.enlisted += enlist(connection, audience, *seed)?,
        }
    }
    Ok(done)
}

pub(crate) fn conflict(kind: RecordKind, how: &str) -> StorageError {
    StorageError::new(
        StorageErrorKind::Conflict,
        format!(
            "a record of kind {} {how}; load, decide and commit again",
            kind.as_str()
        ),
    )
}

pub(crate) fn taken(error: StorageError, kind: RecordKind) -> StorageError {
    if error.is_conflict() {
        conflict(kind, "is there already").because(error)
    } else {
        error
    }
}

/// A contact as it is before a write, and what is found of it.
pub(crate) type Before = (Contact, Found);

pub(crate) fn contact_before(connection: &Connection, key: &Key) -> Result<Option<Before>> {
    if key.kind() != RecordKind::Contact {
        return Ok(None);
    }
    let stored = rows::find(connection, key)?;
    let contact = stored.and_then(|stored| Contact::try_from(stored.record).ok());
    let found = beside::found(connection, "org = ? AND contact = ?", key_values(key))?;
    Ok(contact.zip(found))
}

/// What is kept beside a contact follows a write of it.
pub(crate) fn write_beside(
    connection: &Connection,
    before: Option<Before>,
    after: Option<&Contact>,
) -> Result<()> {
    let (before, found_before) = before.unzip();
    let found_after = match (&found_before, after) {
        (_, None) => None,
        (Some((row, _)), Some(_)) => beside::found(connection, "row = ?", vec![Value::Integer(*row)])?,
        (None, Some(_)) => {
            let row = Value::Integer(connection.last_insert_rowid());
            beside::found(connection, "row = ?", vec![row])?
        }
    };
    beside::keep_found(connection, found_before.as_ref(), found_after.as_ref())?;
    beside::keep(connection, before.as_ref(), after)
}

/// Where the first of each organisation's new entries goes in its journal; all their places are taken at once.
fn places(connection: &Connection, ops: &[Op]) -> Result<HashMap<OrgId, i64>> {
    let mut entries: HashMap<OrgId, i64> = HashMap::new();
    for op in ops {
        if let Op::Journal(entry) = op {
            *entries.entry(entry.org).or_default() += 1;
        }
    }
    for (org, entries) in &mut entries {
        let end: i64 = connection
            .prepare_cached(
                "INSERT INTO journal_ends (org, position) VALUES (?1, ?2)
                 ON CONFLICT DO UPDATE SET position = position + ?2 RETURNING position",
            )
            .and_then(|mut statement| statement.query_row((org.0.as_bytes(), *entries), |row| row.get(0)))
            .map_err(|e| error::sqlite(e, "writing the journal"))?;
        *entries = end - *entries + 1;
    }
    Ok(entries)
}

pub(crate) fn record_entry(connection: &Connection, entry: &Entry, position: i64) -> Result<()> {
    let kind = entry.what.kind();
    let body = serde_json::to_string(entry).map_err(|e| unwritable("entry of the journal", &e))?;
    execute(
        connection,
        "INSERT INTO journal (org, position, at, contact, kind, timeline, audit, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        vec![
            as_id(entry.org.0),
            Value::Integer(position),
            micros(entry.at),
            entry
                .contact
                .map_or(Value::Null, |contact| as_id(contact.0)),
            Value::Text(kind.as_str().to_owned()),
            Value::Flag(kind.on_timeline()),
            Value::Flag(kind.in_audit()),
            Value::Text(body),
        ],
    )
    .map(|_| ())
}

/// Puts an entry that says less in place of the one at a position.
fn redact(connection: &Connection, position: u64, entry: &Entry) -> Result<()> {
    let body = serde_json::to_string(entry).map_err(|e| unwritable("entry of the journal", &e))?;
    let rows = execute(
        connection,
        "UPDATE journal SET body = ? WHERE org = ? AND position = ?",
        vec![
            Value::Text(body),
            as_id(entry.org.0),
            Value::Integer(position.cast_signed()),
        ],
    )?;
    if rows == 1 {
        return Ok(());
    }
    Err(StorageError::new(
        StorageErrorKind::Conflict,
        format!("the journal has no entry at position {position}"),
    ))
}

/// Removes the conversations of a contact with all their messages.
fn remove_conversations(connection: &Connection, org: OrgId, contact: ContactId) -> Result<()> {
    let whose = || vec![as_id(org.0), as_id(contact.0)];
    let mut of_messages = vec![as_id(org.0)];
    of_messages.extend(whose());
    execute(
        connection,
        "DELETE FROM messages WHERE org = ? AND conversation IN
            (SELECT conversation FROM conversations WHERE org = ? AND contact = ?)",
        of_messages,
    )?;
    let threads = "DELETE FROM conversations WHERE org = ? AND contact = ?";
    execute(connection, threads, whose()).map(|_| ())
}

/// Writes the ledger rows of a broadcast, contact by contact, holding one at a time.
fn enlist(connection: &Connection, audience: &Audience, seed: u64) -> Result<u64> {
    let org = audience.broadcast.org;
    let named: Vec<ContactId> = match &audience.who {
        Selection::Filter(filter) => return enlist_fitting(connection, audience, filter, seed),
        Selection::Ids(ids) => ids.clone(),
        Selection::Recipients(meant) => query::contacts_of(
            connection,
            &Query::Dispatches {
                org,
                broadcast: meant.broadcast,
                recipients: meant.who.clone(),
            },
        )?,
    };
    let mut contacts = BTreeSet::new();
    for id in named {
        contacts.insert(led_to(id, |id| merged_into(connection, org, id))?);
    }
    let mut ids = IdSource::new(audience.now, seed);
    for who in &contacts {
        let contact = Key::Contact { org, contact: *who };
        let slot = Key::Slot { org, contact: *who };
        let contact = rows::find(connection, &contact)?.and_then(|stored| stored.record.try_into().ok());
        let slot = rows::find(connection, &slot)?.and_then(|stored| stored.record.try_into().ok());
        write_row(
            connection,
            audience.enlist(ids.next(), *who, contact.as_ref(), slot.as_ref()),
        )?;
    }
    Ok(u64::try_from(contacts.len()).unwrap_or(u64::MAX))
}

/// What the contact of an id was merged into; nothing of one that is there.
fn merged_into(connection: &Connection, org: OrgId, contact: ContactId) -> Result<Option<ContactId>> {
    if rows::version(connection, &Key::Contact { org, contact })?.is_some() {
        return Ok(None);
    }
    let merged = rows::find(connection, &Key::Merged { org, contact })?;
    let merged = merged.and_then(|stored| Merged::try_from(stored.record).ok());
    Ok(merged.map(|merged| merged.into))
}

fn write_row(connection: &Connection, row: Dispatch) -> Result<()> {
    rows::insert(connection, &row.into(), 1).map_err(|e| taken(e, RecordKind::Dispatch))
}

fn enlist_fitting(connection: &Connection, audience: &Audience, filter: &Filter, seed: u64) -> Result<u64> {
    let walk = filter::walk(
        Dialect::Sqlite,
        audience.broadcast.org,
        filter,
        None,
        Extent::Page,
    );
    let mut statement = connection
        .prepare(&format!(
            "SELECT t.version, t.body, s.version, s.body
             FROM {} LEFT JOIN slots s ON s.org = t.org AND s.contact = t.contact
             WHERE {} ORDER BY {}",
            walk.from,
            walk.condition.sql,
            walk.order.join(", ")
        ))
        .map_err(reading)?;
    let mut found = statement
        .query(params_from_iter(bound(walk.condition.values)))
        .map_err(reading)?;
    let mut ids = IdSource::new(audience.now, seed);
    let mut enlisted = 0;
    while let Some(row) = found.next().map_err(reading)? {
        let Record::Contact(contact) = rows::stored(RecordKind::Contact, row)?.record else {
            continue;
        };
        let slot: Option<Slot> = row
            .get_ref(3)
            .and_then(|body| Ok(body.as_str_or_null()?))
            .map_err(reading)?
            .map(serde_json::from_str)
            .transpose()
            .map_err(|e| unreadable(RecordKind::Slot.as_str(), &e))?;
        write_row(
            connection,
            audience.enlist(ids.next(), contact.id, Some(&contact), slot.as_ref()),
        )?;
        enlisted += 1;
    }
    Ok(enlisted)
}
