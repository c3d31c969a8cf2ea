//! The connections that read, beside the one that writes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::Semaphore;

use crate::connection;
use crate::encryption::EncryptionKey;
use crate::error::{self, Result};
use crate::rows::reading;

/// The most reads at a time.
const MOST: usize = 4;

/// A few connections, opened when first needed.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    busy_timeout: Duration,
    key: Option<EncryptionKey>,
    turns: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    /// Readers of a file.
    pub(crate) fn new(path: PathBuf, busy_timeout: Duration, key: Option<EncryptionKey>) -> Self {
        Self {
            path,
            busy_timeout,
            key,
            turns: Arc::new(Semaphore::new(MOST)),
            idle: Arc::default(),
        }
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads, all as of one instant.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let turn = Arc::clone(&self.turns)
            .acquire_owned()
            .await
            .map_err(|_| error::closed())?;
        let idle = Arc::clone(&self.idle);
        let (path, busy_timeout, key) = (self.path.clone(), self.busy_timeout, self.key.clone());
        // The turn goes along: a caller that stops waiting does not free a connection that is still reading.
        let task = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let lock = || idle.lock().unwrap_or_else(PoisonError::into_inner);
            let taken = lock().pop();
            let mut connection = match taken {
                Some(connection) => connection,
                None => connection::open_reader(&path, busy_timeout, key.as_ref())?,
            };
            let result = connection
                .transaction_with_behavior(TransactionBehavior::Deferred)
                .map_err(reading)
                .and_then(|instant| read(&instant));
            lock().push(connection);
            result
        });
        task.await.unwrap_or_else(|_| Err(error::panicked("a read")))
    }

    /// Waits for the reads under way and lets go of the file.
    pub(crate) async fn close(&self) {
        // The semaphore has so many turns; it fails only if another call closed it.
        if let Ok(all) = self
            .turns
            .acquire_many(u32::try_from(MOST).unwrap_or(u32::MAX))
            .await
        {
            all.forget();
            self.turns.close();
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
