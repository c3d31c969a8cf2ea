//! What another store has, written as it is there.

use rusqlite::Connection;
use tertulia_core::record::{Key, Record};
use tertulia_storage_sql::{Value, as_id};
use tertulia_storage_traits::{Portion, StorageError, StorageErrorKind};

use crate::changes::{contact_before, record_entry, taken, write_beside};
use crate::error::Result;
use crate::rows::{self, execute};

/// Writes a portion. The caller undoes what was written if it fails.
pub(crate) fn write(connection: &Connection, portion: &Portion) -> Result<()> {
    for org in portion.orgs() {
        if rows::version(connection, &Key::Org { org })?.is_some() {
            return Err(StorageError::new(
                StorageErrorKind::Conflict,
                format!("organisation {org} is in the store already; what it has is not replaced"),
            ));
        }
    }
    // First what they replace, so that rows of the ledger do not meet former ones of the same portion.
    for stored in &portion.records {
        let key = stored.record.key();
        if let Some(version) = rows::version(connection, &key)? {
            let before = contact_before(connection, &key)?;
            rows::remove(connection, &key, version)?;
            write_beside(connection, before, None)?;
        }
    }
    for stored in &portion.records {
        let record = &stored.record;
        rows::insert(connection, record, stored.version).map_err(|e| taken(e, record.kind()))?;
        if let Record::Contact(contact) = record {
            write_beside(connection, None, Some(contact))?;
        }
    }
    for (position, entry) in &portion.entries {
        let (org, position) = (|| as_id(entry.org.0), position.cast_signed());
        let at = vec![org(), Value::Integer(position)];
        execute(
            connection,
            "DELETE FROM journal WHERE org = ? AND position = ?",
            at,
        )?;
        record_entry(connection, entry, position)?;
        let end = "INSERT INTO journal_ends (org, position) VALUES (?, ?)
                   ON CONFLICT DO UPDATE SET position = max(position, excluded.position)";
        execute(connection, end, vec![org(), Value::Integer(position)])?;
    }
    Ok(())
}
