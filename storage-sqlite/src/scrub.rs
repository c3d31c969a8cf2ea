//! What was removed is made unreadable in the file and its log.

use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tertulia_storage_traits::{StorageError, StorageErrorKind};

use crate::connection::patiently;
use crate::error::{self, Result};

/// Files up to this size are rewritten by way of memory, larger ones by way of a temporary file.
const IN_MEMORY: i64 = 512 << 20;

/// How long others are waited for at most.
const MOST: Duration = Duration::from_secs(1);

/// Writes the file anew and empties the log.
///
/// `secure_delete` overwrites what is deleted, where it is. But while rows were added around it, SQLite moved it from
/// page to page, and what it leaves behind in the unused middle of a page is overwritten by chance only: of a thousand
/// deleted rows, some half dozen can still be read. Only rewriting the file takes that away.
///
/// A temporary file is not encrypted: where the store is, all of it goes by way of memory.
pub(crate) fn scrub(connection: &Connection, patience: Duration, encrypted: bool) -> Result<()> {
    // Meanwhile nobody writes.
    let patience = patience.min(MOST);
    // First, since it fails while others read: then nothing is rewritten in vain.
    empty_log(connection, patience)?;
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let size = || Ok(number("PRAGMA page_count")? * number("PRAGMA page_size")?);
    let fits = encrypted || size().map_err(|e| error::sqlite(e, "scrubbing"))? <= IN_MEMORY;
    let place = if fits { "MEMORY" } else { "FILE" };
    let keep = |place| connection.execute_batch(&format!("PRAGMA temp_store = {place}"));
    let rewritten = patiently(patience, "scrubbing", || {
        keep(place)?;
        connection.execute_batch("VACUUM")
    });
    keep("MEMORY").map_err(|e| error::sqlite(e, "scrubbing"))?;
    rewritten?;
    empty_log(connection, patience)
}

/// Writes the log into the file and cuts it to nothing.
fn empty_log(connection: &Connection, patience: Duration) -> Result<()> {
    let give_up = Instant::now() + patience;
    loop {
        let blocked = patiently(patience, "emptying the log", || {
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0))
        })?;
        if !blocked {
            return Ok(());
        }
        if Instant::now() >= give_up {
            return Err(StorageError::new(
                StorageErrorKind::Busy,
                "another process reads or writes the file; scrub it again later",
            ));
        }
        thread::sleep(Duration::from_micros(fastrand::u64(200..4000)));
    }
}
