//! Connections: how the file is opened, and how long one waits for others.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use tertulia_storage_traits::{StorageError, StorageErrorKind};

use crate::encryption::{self, EncryptionKey};
use crate::error::{self, Result};

/// Repeats what others keep from happening, for as long as one is willing to wait. The pauses are drawn by chance, so
/// that two processes do not keep step.
pub(crate) fn patiently<T>(
    patience: Duration,
    while_doing: &str,
    mut attempt: impl FnMut() -> rusqlite::Result<T>,
) -> Result<T> {
    let give_up = Instant::now() + patience;
    loop {
        match attempt() {
            Err(error) if error::is_busy(&error) && Instant::now() < give_up => {
                thread::sleep(Duration::from_micros(fastrand::u64(200..4000)));
            }
            outcome => return outcome.map_err(|error| error::sqlite(error, while_doing)),
        }
    }
}

/// Opens the file, which is made if it is not there; whose it is remains to be seen.
pub(crate) fn open(path: &Path, busy_timeout: Duration, key: Option<&EncryptionKey>) -> Result<Connection> {
    let while_opening = format!("opening {}", path.display());
    let refused = |why: &str| {
        Err(StorageError::new(
            StorageErrorKind::Io,
            format!("while {while_opening}: {why}"),
        ))
    };
    if path.is_dir() {
        return refused("this is a folder; name a file in it");
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_some_and(|folder| !folder.is_dir()) {
        return refused("its folder is not there; create it, or name another file");
    }
    let connection = connect(
        path,
        OpenFlags::SQLITE_OPEN_CREATE,
        busy_timeout,
        key,
        &while_opening,
    )?;
    // SQLite itself would go on and only read; and the system lets its administrator write what is marked otherwise.
    let marked = path.metadata().is_ok_and(|file| file.permissions().readonly());
    if marked
        || connection
            .is_readonly("main")
            .map_err(|e| error::sqlite(e, &while_opening))?
    {
        return refused(
            "the file may only be read; give this process write permission for it and its folder",
        );
    }
    Ok(connection)
}

/// A further connection to a file that was opened before, which only reads.
pub(crate) fn open_reader(
    path: &Path,
    busy_timeout: Duration,
    key: Option<&EncryptionKey>,
) -> Result<Connection> {
    let while_opening = format!("opening {} to read", path.display());
    let connection = connect(path, OpenFlags::empty(), busy_timeout, key, &while_opening)?;
    let only_reads = connection.execute_batch("PRAGMA query_only = ON");
    only_reads.map_err(|e| error::sqlite(e, &while_opening))?;
    Ok(connection)
}

fn connect(
    path: &Path,
    also: OpenFlags,
    busy_timeout: Duration,
    key: Option<&EncryptionKey>,
    while_opening: &str,
) -> Result<Connection> {
    let failed = |e| error::sqlite(e, while_opening);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let connection = Connection::open_with_flags(path, flags | also).map_err(failed)?;
    if let Some(key) = key {
        encryption::unlock(&connection, key).map_err(failed)?;
    }
    tune(&connection, busy_timeout).map_err(failed)?;
    Ok(connection)
}

/// A store in memory: one connection, since others would not see it.
pub(crate) fn open_in_memory() -> Result<Connection> {
    let open = || {
        let connection = Connection::open_in_memory()?;
        tune(&connection, Duration::ZERO)?;
        Ok(connection)
    };
    open().map_err(|e: rusqlite::Error| error::sqlite(e, "opening a store in memory"))
}

fn tune(connection: &Connection, busy_timeout: Duration) -> rusqlite::Result<()> {
    connection.busy_timeout(busy_timeout)?;
    // What was deleted is overwritten. Temporary data stays in memory: it holds what the tables hold. On Apple's
    // systems only a full fsync reaches the disk; elsewhere that setting does nothing.
    connection.execute_batch(
        "PRAGMA synchronous = FULL;
         PRAGMA fullfsync = ON;
         PRAGMA checkpoint_fullfsync = ON;
         PRAGMA secure_delete = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF;",
    )?;
    // One statement for each thing that is done to each kind of record.
    connection.set_prepared_statement_cache_capacity(512);
    Ok(())
}

/// What only the writer's connection needs.
pub(crate) fn tune_writer(connection: &Connection) -> rusqlite::Result<()> {
    // It waits for others where it begins to write, and there by chance.
    connection.busy_timeout(Duration::ZERO)?;
    // Audiences are written in one transaction whose indexes fill in no order: 64 MB at most, and only while needed.
    // A log that such a transaction left is cut back to 64 MB.
    connection.execute_batch("PRAGMA cache_size = -65536; PRAGMA journal_size_limit = 67108864;")
}
