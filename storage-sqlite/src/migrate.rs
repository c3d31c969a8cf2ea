//! Whose file it is, and of which version.

use std::time::Duration;

use rusqlite::Connection;
use tertulia_storage_traits::{StorageError, StorageErrorKind};

use crate::connection::patiently;
use crate::error::{self, Result};

/// In order; see `migrations/NOTES.md`.
const MIGRATIONS: &[&str] = &[include_str!("../migrations/0001_init.sql")];

/// `Trtu`: marks a file as ours.
const APPLICATION_ID: i64 = 0x5472_7475;

/// Brings the file to the version of this library; `name` is what messages call it. A file that is not ours, or newer,
/// is left as it is.
pub(crate) fn migrate(connection: &Connection, name: &str, patience: Duration) -> Result<()> {
    let while_opening = format!("opening {name}");
    // First of all without a lock, so that a store in use opens at once and somebody else's file is never touched.
    let done = check(connection, name, patience)?;
    // In memory there is no log, and the answer is `memory`.
    patiently(patience, &while_opening, || {
        connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0))
    })?;
    if done == MIGRATIONS.len() {
        return Ok(());
    }
    patiently(patience, &while_opening, || {
        connection.execute_batch("BEGIN IMMEDIATE")
    })?;
    let migrated = identify(connection)
        .map_err(|e| error::sqlite(e, &while_opening))
        .and_then(|found| found.of(name))
        .and_then(|done| apply(connection, done).map_err(|e| error::sqlite(e, &while_opening)));
    if migrated.is_err() && !connection.is_autocommit() {
        // What went wrong is told already.
        let _ = connection.execute_batch("ROLLBACK");
    }
    migrated
}

/// How many migrations the file has seen; refuses one that is not ours, or newer.
pub(crate) fn check(connection: &Connection, name: &str, patience: Duration) -> Result<usize> {
    patiently(patience, &format!("opening {name}"), || identify(connection))?.of(name)
}

fn apply(connection: &Connection, done: usize) -> rusqlite::Result<()> {
    for migration in &MIGRATIONS[done..] {
        connection.execute_batch(migration)?;
    }
    connection.execute_batch(&format!(
        "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {}; COMMIT",
        MIGRATIONS.len()
    ))
}

/// What a file says of itself.
struct Found {
    application_id: i64,
    user_version: i64,
    objects: i64,
}

fn identify(connection: &Connection) -> rusqlite::Result<Found> {
    connection.query_row(
        "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
         FROM pragma_application_id, pragma_user_version",
        [],
        |row| {
            Ok(Found {
                application_id: row.get(0)?,
                user_version: row.get(1)?,
                objects: row.get(2)?,
            })
        },
    )
}

impl Found {
    /// How many migrations the file has seen.
    fn of(&self, name: &str) -> Result<usize> {
        if self.application_id == 0 && self.user_version == 0 && self.objects == 0 {
            return Ok(0);
        }
        if self.application_id != APPLICATION_ID {
            return Err(StorageError::new(
                StorageErrorKind::NotAStore,
                format!(
                    "{name} is the database of another application; it was left as it is: name another file"
                ),
            ));
        }
        let newest = MIGRATIONS.len();
        match usize::try_from(self.user_version) {
            Ok(version) if version <= newest => Ok(version),
            _ => Err(StorageError::new(
                StorageErrorKind::Newer,
                format!(
                    "{name} has format {}, this version of the library knows {newest} at most; it was left as it is: \
                     update the library",
                    self.user_version
                ),
            )),
        }
    }
}
