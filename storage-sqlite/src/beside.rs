//! What is kept beside a contact, in rows of its own, because filters or other contacts look for it.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params_from_iter};
use serde_json::Value as Json;
use tertulia_core::contact::{Contact, RecordStatus};
use tertulia_core::duplicates;
use tertulia_core::filter::seen;
use tertulia_core::fold::fold;
use tertulia_storage_sql::{Value, as_id};

use crate::error::Result;
use crate::rows::{bound, execute, reading};

/// A contact's row, and all that is found of it as the index of searches has it.
pub(crate) type Found = (i64, String);

/// What is found of a contact, by its key or its row.
pub(crate) fn found(connection: &Connection, by: &str, values: Vec<Value>) -> Result<Option<Found>> {
    connection
        .prepare_cached(&format!("SELECT row, search FROM contacts WHERE {by}"))
        .and_then(|mut statement| {
            let found = statement.query_row(params_from_iter(bound(values)), |row| {
                Ok((row.get(0)?, row.get(1)?))
            });
            found.optional()
        })
        .map_err(reading)
}

/// Searches find a contact by what it is now.
pub(crate) fn keep_found(
    connection: &Connection,
    before: Option<&Found>,
    after: Option<&Found>,
) -> Result<()> {
    if before == after {
        return Ok(());
    }
    if let Some((row, search)) = before {
        let sql = "INSERT INTO contact_search (contact_search, rowid, search) VALUES ('delete', ?, ?)";
        execute(
            connection,
            sql,
            vec![Value::Integer(*row), Value::Text(search.clone())],
        )?;
    }
    if let Some((row, search)) = after {
        let sql = "INSERT INTO contact_search (rowid, search) VALUES (?, ?)";
        execute(
            connection,
            sql,
            vec![Value::Integer(*row), Value::Text(search.clone())],
        )?;
    }
    Ok(())
}

/// The rows of a contact before give way to those after.
pub(crate) fn keep(connection: &Connection, before: Option<&Contact>, after: Option<&Contact>) -> Result<()> {
    let Some(contact) = before.or(after) else {
        return Ok(());
    };
    keep_tags(connection, contact, before, after)?;
    keep_attributes(connection, contact, before, after)?;
    keep_keys(connection, contact, before, after)
}

/// The key of a row beside a contact.
fn key(contact: &Contact, name: &str) -> Vec<Value> {
    vec![
        as_id(contact.org.0),
        Value::Text(name.to_owned()),
        as_id(contact.id.0),
    ]
}

fn keep_tags(
    connection: &Connection,
    contact: &Contact,
    before: Option<&Contact>,
    after: Option<&Contact>,
) -> Result<()> {
    let none = BTreeMap::new();
    let (old, new) = [before, after]
        .map(|contact| contact.map_or(&none, |contact| &contact.tags))
        .into();
    let live = |contact: Option<&Contact>| contact.is_some_and(|c| c.status != RecordStatus::Deleted);
    let moved = live(before) != live(after);
    for tag in old.keys().filter(|tag| moved || !new.contains_key(*tag)) {
        let sql = "DELETE FROM contact_tags WHERE org = ? AND tag = ? AND contact = ?";
        execute(connection, sql, key(contact, tag))?;
    }
    for tag in new.keys().filter(|tag| moved || !old.contains_key(*tag)) {
        let sql = "INSERT INTO contact_tags (org, tag, contact, live) VALUES (?, ?, ?, ?)";
        let mut values = key(contact, tag);
        values.push(Value::Flag(live(after)));
        execute(connection, sql, values)?;
    }
    Ok(())
}

fn keep_attributes(
    connection: &Connection,
    contact: &Contact,
    before: Option<&Contact>,
    after: Option<&Contact>,
) -> Result<()> {
    let none = BTreeMap::new();
    let (old, new) = [before, after]
        .map(|contact| contact.map_or(&none, |contact| &contact.attributes))
        .into();
    for (name, _) in old.iter().filter(|(name, value)| new.get(*name) != Some(value)) {
        let sql = "DELETE FROM contact_attributes WHERE org = ? AND name = ? AND contact = ?";
        execute(connection, sql, key(contact, name))?;
    }
    for (name, value) in new.iter().filter(|(name, value)| old.get(*name) != Some(value)) {
        if value.is_null() {
            continue;
        }
        let sql = "INSERT INTO contact_attributes (org, name, contact, text, folded, number, flag)
                   VALUES (?, ?, ?, ?, ?, ?, ?)";
        let mut values = key(contact, name);
        values.extend(columns(value));
        execute(connection, sql, values)?;
    }
    Ok(())
}

fn keep_keys(
    connection: &Connection,
    contact: &Contact,
    before: Option<&Contact>,
    after: Option<&Contact>,
) -> Result<()> {
    let [old, new] = [before, after].map(|contact| contact.map(duplicates::keys).unwrap_or_default());
    for shared in old.difference(&new) {
        let sql = "DELETE FROM contact_keys WHERE org = ? AND key = ? AND contact = ?";
        execute(connection, sql, key(contact, shared))?;
    }
    for shared in new.difference(&old) {
        let sql = "INSERT INTO contact_keys (org, key, contact) VALUES (?, ?, ?)";
        execute(connection, sql, key(contact, shared))?;
    }
    Ok(())
}

/// `text`, `folded`, `number` and `flag` of an attribute's value.
fn columns(value: &Json) -> [Value; 4] {
    let mut columns = [const { Value::Null }; 4];
    match seen(value) {
        Json::String(text) => {
            let folded = fold(text);
            if folded != *text {
                columns[1] = Value::Text(folded);
            }
            columns[0] = Value::Text(text.clone());
        }
        Json::Number(number) => columns[2] = number.as_f64().map_or(Value::Null, Value::Real),
        Json::Bool(flag) => columns[3] = Value::Flag(*flag),
        Json::Null | Json::Array(_) | Json::Object(_) => {}
    }
    columns
}
