//! The store.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rusqlite::Connection;
use tertulia_core::broadcast::Bucket;
use tertulia_core::ids::{OrgId, SequenceId};
use tertulia_core::ledger::Campaign;
use tertulia_core::record::{ChangeSet, Key, Stored};
use tertulia_core::sequence::Standing;
use tertulia_storage_sql::micros;
use tertulia_storage_traits::{
    ClaimRequest, Claimed, Committed, JournalPage, JournalRequest, Page, PageRequest, Portion, Query,
    SharedPage, SharedRequest, Storage, StorageError, StorageErrorKind,
};

use crate::encryption::{self, ConvertFrom, EncryptionKey};
use crate::error::{self, Result};
use crate::readers::Readers;
use crate::writer::Writer;
use crate::{changes, claims, connection, copy, migrate, query, rows, scrub};

/// How a store behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// How long a call waits for other processes that write to the same file before it fails as busy; default 10 seconds.
    pub busy_timeout: Duration,
    /// What the file is encrypted with, and a new one will be; default nothing: it is plain. Takes a build with the
    /// feature `encryption`.
    pub key: Option<EncryptionKey>,
    /// What a file that does not open so was before: it is then converted, the whole of it, while nobody else may have
    /// it open. A file that opens as it is stays as it is, so that this may stand in a program for ever. Default: no
    /// file is converted. What other copies of it there are, in backups or on the disk's free blocks, stays.
    pub convert_from: Option<ConvertFrom>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            busy_timeout: Duration::from_secs(10),
            key: None,
            convert_from: None,
        }
    }
}

/// A store in one SQLite file, or in memory.
///
/// Dropped without [`close`](Storage::close) it loses nothing that was committed: what was asked for is still done, and
/// the next process to open the file finds all of it.
pub struct SqliteStorage {
    name: String,
    writer: Writer,
    /// In memory there are none: what one connection writes there, others do not see.
    readers: Option<Readers>,
    patience: Duration,
    encrypted: bool,
}

impl fmt::Debug for SqliteStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SqliteStorage").field(&self.name).finish()
    }
}

impl SqliteStorage {
    /// Opens the store in this file; makes it if it is not there. Blocks while other processes hold the file.
    ///
    /// Fails as `NotAStore` if the file is something else, `Newer` if a newer version of the library wrote it (both are
    /// left as they are), `Busy` if another process holds it for longer than the timeout, `Io` if it cannot be written,
    /// `KeyWrong` if the key is not the file's, `NoEncryption` if this build cannot encrypt.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, &Options::default())
    }

    /// The same, with other options.
    pub fn open_with(path: impl AsRef<Path>, options: &Options) -> Result<Self> {
        let given = path.as_ref();
        let name = given.display().to_string();
        // Readers open it again later: the process may have another working folder by then.
        let path = std::path::absolute(given).map_err(|e| {
            StorageError::new(
                StorageErrorKind::Io,
                format!("while opening {name:?}: {e}; name a file"),
            )
            .because(e)
        })?;
        let connection = open_file(&path, &name, options)?;
        let readers = Readers::new(path, options.busy_timeout, options.key.clone());
        Self::begin(name, connection, options, Some(readers))
    }

    /// A store in memory, gone when it is dropped.
    pub fn open_in_memory() -> Result<Self> {
        let connection = connection::open_in_memory()?;
        migrate::migrate(&connection, "a store in memory", Duration::ZERO)?;
        let alone = Options {
            busy_timeout: Duration::ZERO,
            ..Options::default()
        };
        Self::begin("in memory".to_owned(), connection, &alone, None)
    }

    fn begin(
        name: String,
        connection: Connection,
        options: &Options,
        readers: Option<Readers>,
    ) -> Result<Self> {
        let patience = options.busy_timeout;
        connection::tune_writer(&connection).map_err(|e| error::sqlite(e, "opening the store"))?;
        Ok(Self {
            name,
            writer: Writer::start(connection, patience)?,
            readers,
            patience,
            encrypted: options.key.is_some(),
        })
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        match &self.readers {
            Some(readers) => readers.run(read).await,
            None => self.writer.run(read).await,
        }
    }
}

/// The store in a file, converted to the encryption that it is to have if it has another one.
fn open_file(path: &Path, name: &str, options: &Options) -> Result<Connection> {
    let patience = options.busy_timeout;
    let key = options.key.as_ref();
    if key.is_some() {
        encryption::require()?;
    }
    let open = || -> Result<Connection> {
        let connection = connection::open(path, patience, key)?;
        migrate::migrate(&connection, name, patience)?;
        Ok(connection)
    };
    let refused = match open() {
        Err(e) if e.kind == StorageErrorKind::NotAStore => encryption::misfit(path, key.is_some(), e),
        opened => return opened,
    };
    let Some(from) = &options.convert_from else {
        return Err(refused);
    };
    match encryption::convert(path, from, key, patience) {
        // Another process may have converted it meanwhile.
        Err(e) if e.kind == StorageErrorKind::KeyWrong => open().map_err(|_| e),
        converted => converted.and_then(|()| open()),
    }
}

#[async_trait]
impl Storage for SqliteStorage {
    async fn load(&self, keys: Vec<Key>) -> Result<Vec<Option<Stored>>> {
        self.read(move |instant| keys.iter().map(|key| rows::find(instant, key)).collect())
            .await
    }

    async fn page(&self, request: PageRequest) -> Result<Page> {
        self.read(move |instant| query::page(instant, &request)).await
    }

    async fn count(&self, query: Query) -> Result<u64> {
        self.read(move |instant| query::count(instant, &query)).await
    }

    async fn journal(&self, request: JournalRequest) -> Result<JournalPage> {
        self.read(move |instant| query::journal(instant, &request)).await
    }

    async fn tally(&self, org: OrgId, campaign: Campaign) -> Result<Vec<(Bucket, u64)>> {
        self.read(move |instant| query::tally(instant, org, campaign))
            .await
    }

    async fn standings(&self, org: OrgId, sequence: SequenceId) -> Result<Vec<(Standing, u64)>> {
        self.read(move |instant| query::standings(instant, org, sequence))
            .await
    }

    async fn tag_counts(&self, org: OrgId) -> Result<Vec<(String, u64)>> {
        self.read(move |instant| query::tag_counts(instant, org)).await
    }

    async fn shared(&self, request: SharedRequest) -> Result<SharedPage> {
        self.read(move |instant| query::shared(instant, &request)).await
    }

    async fn commit(&self, changes: ChangeSet) -> Result<Committed> {
        self.writer
            .run(move |connection| {
                if changes.is_empty() {
                    return Ok(Committed::default());
                }
                changes::apply(connection, &changes)
            })
            .await
    }

    async fn claim(&self, request: ClaimRequest) -> Result<Claimed> {
        self.writer
            .run(move |connection| claims::claim(connection, &request))
            .await
    }

    async fn copy_in(&self, portion: Portion) -> Result<()> {
        self.writer
            .run(move |connection| copy::write(connection, &portion))
            .await
    }

    async fn prune(&self, parked_before: DateTime<Utc>) -> Result<u64> {
        let before = vec![micros(parked_before)];
        self.writer
            .run(move |connection| rows::execute(connection, "DELETE FROM parked WHERE since < ?", before))
            .await
            .map(|rows| rows as u64)
    }

    async fn scrub(&self) -> Result<()> {
        if self.readers.is_none() {
            // What was removed from memory is overwritten.
            return self.writer.run(|_| Ok(())).await;
        }
        let (patience, encrypted) = (self.patience, self.encrypted);
        self.writer
            .alone(move |connection| scrub::scrub(connection, patience, encrypted))
            .await
    }

    fn place(&self) -> Option<String> {
        let path = self.readers.as_ref()?.path();
        let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        Some(whole.display().to_string())
    }

    async fn ping(&self) -> Result<()> {
        self.read(|instant| {
            instant
                .query_row("SELECT count(*) FROM journal_ends LIMIT 1", [], |_| Ok(()))
                .map_err(rows::reading)
        })
        .await
    }

    async fn close(&self) -> std::result::Result<(), StorageError> {
        if let Some(readers) = &self.readers {
            readers.close().await;
        }
        self.writer.close().await
    }
}
