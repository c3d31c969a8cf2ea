//! A store around another, for tests of what happens at its writes and while its reads wait for each other.

use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

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
use tokio::sync::{Semaphore, SemaphorePermit};

/// What happens at the calls of a store.
pub(crate) trait Hook: std::fmt::Debug + Send + Sync {
    /// Before a commit, or a portion that is copied, which an error is in place of.
    fn before_commit(&self) -> Result<(), StorageError> {
        Ok(())
    }

    /// Before rows are claimed.
    fn before_claim(&self) {}

    /// After a commit, a claim or a portion.
    fn after(&self) {}

    /// Where reads wait for their turn, in the order that they were asked for.
    fn turns(&self) -> Option<&Semaphore> {
        None
    }
}

/// Ends this process as a power cut would, at the n-th write: before it, or right after it; never, if that is none.
#[derive(Debug)]
pub(crate) struct KilledAt {
    boundaries: AtomicU64,
    kill_at: u64,
}

impl KilledAt {
    pub(crate) const fn new(kill_at: u64) -> Self {
        Self {
            boundaries: AtomicU64::new(0),
            kill_at,
        }
    }

    /// Twice a write: before it and after it.
    fn boundary(&self) {
        if self.boundaries.fetch_add(1, Ordering::SeqCst) + 1 == self.kill_at {
            let pid = std::process::id().to_string();
            Command::new("kill").args(["-KILL", &pid]).status().unwrap();
            std::thread::sleep(Duration::from_secs(60));
        }
    }
}

impl Hook for KilledAt {
    fn before_commit(&self) -> Result<(), StorageError> {
        self.boundary();
        Ok(())
    }

    fn before_claim(&self) {
        self.boundary();
    }

    fn after(&self) {
        self.boundary();
    }
}

/// A store with something that happens at its calls.
#[derive(Debug)]
pub(crate) struct Hooked<S, H> {
    pub(crate) inner: S,
    pub(crate) hook: H,
}

impl<S, H: Hook> Hooked<S, H> {
    async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.hook.turns()?.acquire().await.ok()
    }
}

#[async_trait]
impl<S: Storage, H: Hook> Storage for Hooked<S, H> {
    async fn commit(&self, changes: ChangeSet) -> Result<Committed, StorageError> {
        self.hook.before_commit()?;
        let committed = self.inner.commit(changes).await;
        self.hook.after();
        committed
    }

    async fn claim(&self, request: ClaimRequest) -> Result<Claimed, StorageError> {
        self.hook.before_claim();
        let claimed = self.inner.claim(request).await;
        self.hook.after();
        claimed
    }

    async fn load(&self, keys: Vec<Key>) -> Result<Vec<Option<Stored>>, StorageError> {
        let _turn = self.turn().await;
        self.inner.load(keys).await
    }

    async fn page(&self, request: PageRequest) -> Result<Page, StorageError> {
        let _turn = self.turn().await;
        self.inner.page(request).await
    }

    async fn count(&self, query: Query) -> Result<u64, StorageError> {
        self.inner.count(query).await
    }

    async fn journal(&self, request: JournalRequest) -> Result<JournalPage, StorageError> {
        self.inner.journal(request).await
    }

    async fn tally(&self, org: OrgId, campaign: Campaign) -> Result<Vec<(Bucket, u64)>, StorageError> {
        self.inner.tally(org, campaign).await
    }

    async fn standings(
        &self,
        org: OrgId,
        sequence: SequenceId,
    ) -> Result<Vec<(Standing, u64)>, StorageError> {
        self.inner.standings(org, sequence).await
    }

    async fn tag_counts(&self, org: OrgId) -> Result<Vec<(String, u64)>, StorageError> {
        self.inner.tag_counts(org).await
    }

    async fn shared(&self, request: SharedRequest) -> Result<SharedPage, StorageError> {
        self.inner.shared(request).await
    }

    async fn copy_in(&self, portion: Portion) -> Result<(), StorageError> {
        self.hook.before_commit()?;
        let copied = self.inner.copy_in(portion).await;
        self.hook.after();
        copied
    }

    fn place(&self) -> Option<String> {
        self.inner.place()
    }

    async fn prune(&self, parked_before: DateTime<Utc>) -> Result<u64, StorageError> {
        self.inner.prune(parked_before).await
    }

    async fn scrub(&self) -> Result<(), StorageError> {
        self.inner.scrub().await
    }

    async fn ping(&self) -> Result<(), StorageError> {
        self.inner.ping().await
    }

    async fn close(&self) -> Result<(), StorageError> {
        self.inner.close().await
    }
}
