//! A store on a PostgreSQL server that answers at once, as far as a story can tell: its thread stands still meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tertulia::core::broadcast::Bucket;
use tertulia::core::ids::{OrgId, SequenceId};
use tertulia::core::ledger::Campaign;
use tertulia::core::record::{ChangeSet, Key, Stored};
use tertulia::sequence::Standing;
use tertulia::storage::{
    ClaimRequest, Claimed, Committed, JournalPage, JournalRequest, Page, PageRequest, Portion, Query,
    SharedPage, SharedRequest, Storage, StorageError,
};
use tertulia::{PostgresOptions, PostgresStorage};
use tokio::runtime::Runtime;

/// A server, and a runtime to speak to it.
pub(crate) struct Server {
    url: String,
    runtime: Arc<Runtime>,
}

impl Server {
    /// The one that tests are told of.
    pub(crate) fn find() -> Self {
        let url = std::env::var("TERTULIA_TEST_POSTGRES").unwrap_or_else(|_| {
            panic!(
                "TERTULIA_TEST_POSTGRES is not set: put `cargo xtask with-postgres` before the command that runs the tests"
            )
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        Self {
            url,
            runtime: Arc::new(runtime),
        }
    }

    /// An empty store.
    pub(crate) fn new_store(&self) -> Arc<dyn Storage> {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        let mut options = PostgresOptions::default();
        options.schema = format!("story_{}_{number}", std::process::id());
        options.max_connections = 2;
        let store = self
            .runtime
            .block_on(PostgresStorage::open_with(&self.url, &options))
            .unwrap();
        Arc::new(AtOnce {
            store: Arc::new(store),
            runtime: Arc::clone(&self.runtime),
        })
    }
}

#[derive(Debug)]
struct AtOnce {
    store: Arc<PostgresStorage>,
    runtime: Arc<Runtime>,
}

impl AtOnce {
    fn wait<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        ask: impl FnOnce(Arc<PostgresStorage>) -> F,
    ) -> T {
        let (to, answer) = mpsc::channel();
        let asked = ask(Arc::clone(&self.store));
        self.runtime.spawn(async move { to.send(asked.await) });
        answer.recv().expect("the store answers")
    }
}

#[async_trait]
impl Storage for AtOnce {
    async fn load(&self, keys: Vec<Key>) -> Result<Vec<Option<Stored>>, StorageError> {
        self.wait(|store| async move { store.load(keys).await })
    }

    async fn page(&self, request: PageRequest) -> Result<Page, StorageError> {
        self.wait(|store| async move { store.page(request).await })
    }

    async fn count(&self, query: Query) -> Result<u64, StorageError> {
        self.wait(|store| async move { store.count(query).await })
    }

    async fn journal(&self, request: JournalRequest) -> Result<JournalPage, StorageError> {
        self.wait(|store| async move { store.journal(request).await })
    }

    async fn tally(&self, org: OrgId, campaign: Campaign) -> Result<Vec<(Bucket, u64)>, StorageError> {
        self.wait(|store| async move { store.tally(org, campaign).await })
    }

    async fn standings(&self, org: OrgId, of: SequenceId) -> Result<Vec<(Standing, u64)>, StorageError> {
        self.wait(|store| async move { store.standings(org, of).await })
    }

    async fn tag_counts(&self, org: OrgId) -> Result<Vec<(String, u64)>, StorageError> {
        self.wait(|store| async move { store.tag_counts(org).await })
    }

    async fn shared(&self, request: SharedRequest) -> Result<SharedPage, StorageError> {
        self.wait(|store| async move { store.shared(request).await })
    }

    async fn commit(&self, changes: ChangeSet) -> Result<Committed, StorageError> {
        self.wait(|store| async move { store.commit(changes).await })
    }

    async fn claim(&self, request: ClaimRequest) -> Result<Claimed, StorageError> {
        self.wait(|store| async move { store.claim(request).await })
    }

    async fn copy_in(&self, portion: Portion) -> Result<(), StorageError> {
        self.wait(|store| async move { store.copy_in(portion).await })
    }

    async fn prune(&self, parked_before: DateTime<Utc>) -> Result<u64, StorageError> {
        self.wait(|store| async move { store.prune(parked_before).await })
    }

    async fn scrub(&self) -> Result<(), StorageError> {
        self.wait(|store| async move { store.scrub().await })
    }

    async fn ping(&self) -> Result<(), StorageError> {
        self.wait(|store| async move { store.ping().await })
    }

    async fn close(&self) -> Result<(), StorageError> {
        self.wait(|store| async move { store.close().await })
    }
}
