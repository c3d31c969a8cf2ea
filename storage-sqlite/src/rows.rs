//! Records as rows of SQLite.

use std::sync::LazyLock;

use rusqlite::types::Value as Bound;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use tertulia_core::record::{Key, Record, RecordKind, Stored};
use tertulia_storage_sql::Value;
use tertulia_storage_sql::rows::{Table, body, column_values, key_values, parse, table};
use tertulia_storage_traits::StorageError;

use crate::error::{self, Result};

/// Values as SQLite takes them.
pub(crate) fn bound(values: impl IntoIterator<Item = Value>) -> Vec<Bound> {
    values.into_iter().map(one).collect()
}

fn one(value: Value) -> Bound {
    match value {
        Value::Null => Bound::Null,
        Value::Flag(flag) => Bound::Integer(flag.into()),
        Value::Integer(number) => Bound::Integer(number),
        Value::Real(number) => Bound::Real(number),
        Value::Text(text) => Bound::Text(text),
        Value::Id(id) => Bound::Blob(id.map(|id| id.as_bytes().to_vec()).unwrap_or_default()),
        Value::Integers(numbers) => Bound::Text(format!("{numbers:?}")),
        Value::Texts(texts) => Bound::Text(serde_json::json!(texts).to_string()),
        Value::Ids(ids) => Bound::Text(serde_json::json!(ids).to_string()),
    }
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
            "INSERT INTO {name} ({}, body, version) VALUES ({}?, ?)",
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
        .query(params_from_iter(bound(key_values(key))))
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
                .query_row(params_from_iter(bound(key_values(key))), |row| {
                    row.get::<_, i64>(0)
                })
                .optional()
        })
        .map(|version| version.map(i64::cast_unsigned))
        .map_err(reading)
}

/// Adds a record at a version.
pub(crate) fn insert(connection: &Connection, record: &Record, version: u64) -> Result<()> {
    let mut values = key_values(&record.key());
    values.extend(column_values(record));
    values.push(Value::Text(body(record)?));
    values.push(Value::Integer(version.cast_signed()));
    execute(connection, &of(record.kind()).insert, values).map(|_| ())
}

/// Writes a record in place of a version; whether that version was there. Columns that stay as they are are not written:
/// SQLite would take the row out of every index that has one of them, and put it in again.
pub(crate) fn update(connection: &Connection, record: &Record, version: u64) -> Result<bool> {
    let key = bound(key_values(&record.key()));
    let version = Bound::Integer(version.cast_signed());
    let at = || key.iter().cloned().chain([version.clone()]);
    let table = table(record.kind());
    let new = bound(column_values(record));
    let changed: Vec<usize> = if new.is_empty() {
        Vec::new()
    } else {
        let old = connection
            .prepare_cached(&of(record.kind()).columns)
            .and_then(|mut statement| {
                let read = |row: &Row<'_>| (0..new.len()).map(|place| row.get(place)).collect();
                statement.query_row(params_from_iter(at()), read).optional()
            });
        let old: Option<Vec<Bound>> = old.map_err(reading)?;
        let Some(old) = old else { return Ok(false) };
        (0..new.len())
            .filter(|place| new[*place] != old[*place])
            .collect()
    };
    let names: Vec<&str> = changed.iter().map(|place| table.columns[*place]).collect();
    let mut values: Vec<Bound> = changed.into_iter().map(|place| new[place].clone()).collect();
    values.push(Bound::Text(body(record)?));
    values.extend(at());
    run(connection, &update_of(&table, &names), values).map(|rows| rows == 1)
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
    run(connection, sql, bound(values))
}

fn run(connection: &Connection, sql: &str, values: Vec<Bound>) -> Result<usize> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(params_from_iter(values)))
        .map_err(writing)
}
