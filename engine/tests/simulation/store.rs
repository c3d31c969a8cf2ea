//! The one store, as each process sees it: busy, in conflict, or silent after a commit.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tertulia::core::broadcast::Bucket;
use tertulia::core::ids::{OrgId, SequenceId};
use tertulia::core::ledger::{Campaign, DispatchState};
use tertulia::core::record::{ChangeSet, Key, Stored};
use tertulia::sequence::Standing;
use tertulia::storage::{
    ClaimRequest, Claimed, Committed, JournalPage, JournalRequest, Page, PageRequest, Portion, Query,
    SharedPage, SharedRequest, Storage, StorageError, StorageErrorKind,
};

use crate::faults::Fault;
use crate::witness;
use crate::world::{Point, World};

/// The store of one process.
#[derive(Debug)]
pub(crate) struct SharedStore {
    pub(crate) world: Arc<World>,
    pub(crate) process: usize,
}

impl SharedStore {
    /// Somebody else may go first; mostly it makes no difference.
    async fn read(&self) {
        let waits = {
            let mut state = self.world.lock();
            state.in_turns && state.chance.u8(0..8) == 0
        };
        if waits {
            self.world.turn(self.process, Point::Read).await;
        }
    }
}

#[async_trait]
impl Storage for SharedStore {
    async fn commit(&self, changes: ChangeSet) -> Result<Committed, StorageError> {
        self.world.turn(self.process, Point::Commit).await;
        {
            let mut state = self.world.lock();
            if state.strikes(Fault::CommitConflict, 12) {
                return Err(StorageError::new(
                    StorageErrorKind::Conflict,
                    "somebody was faster",
                ));
            }
            if state.strikes(Fault::CommitBusy, 60) {
                return Err(StorageError::new(
                    StorageErrorKind::Busy,
                    "somebody holds the store",
                ));
            }
        }
        let before = witness::before(&self.world, &changes);
        let committed = self.world.store.commit(changes).await?;
        witness::committed(&self.world, self.process, before);
        let unanswered = self.world.lock().strikes(Fault::CommitUnanswered, 80);
        self.world.turn(self.process, Point::Committed).await;
        if unanswered {
            return Err(StorageError::new(StorageErrorKind::Io, "the answer was lost"));
        }
        Ok(committed)
    }

    async fn claim(&self, request: ClaimRequest) -> Result<Claimed, StorageError> {
        self.world.turn(self.process, Point::Claim).await;
        let held = witness::leased(&self.world);
        let worker = request.worker.clone();
        let claimed = self.world.store.claim(request).await?;
        {
            let mut state = self.world.lock();
            for Stored { record, .. } in &claimed.rows {
                let of_another = matches!(held.get(&record.id), Some(DispatchState::Leased { worker: other, .. }) if *other != worker);
                if of_another && state.faulty {
                    state.hits.hit(Fault::LeaseLost);
                }
            }
            state.log(|| format!("{} rows are leased", claimed.rows.len()));
            state.processes[self.process].worker = Some(worker);
        }
        self.world.turn(self.process, Point::Claimed).await;
        Ok(claimed)
    }

    async fn load(&self, keys: Vec<Key>) -> Result<Vec<Option<Stored>>, StorageError> {
        self.read().await;
        self.world.store.load(keys).await
    }

    async fn page(&self, request: PageRequest) -> Result<Page, StorageError> {
        self.read().await;
        self.world.store.page(request).await
    }

    async fn count(&self, query: Query) -> Result<u64, StorageError> {
        self.world.store.count(query).await
    }

    async fn journal(&self, request: JournalRequest) -> Result<JournalPage, StorageError> {
        self.world.store.journal(request).await
    }

    async fn tally(&self, org: OrgId, campaign: Campaign) -> Result<Vec<(Bucket, u64)>, StorageError> {
        self.world.store.tally(org, campaign).await
    }

    async fn standings(
        &self,
        org: OrgId,
        sequence: SequenceId,
    ) -> Result<Vec<(Standing, u64)>, StorageError> {
        self.world.store.standings(org, sequence).await
    }

    async fn tag_counts(&self, org: OrgId) -> Result<Vec<(String, u64)>, StorageError> {
        self.world.store.tag_counts(org).await
    }

    async fn shared(&self, request: SharedRequest) -> Result<SharedPage, StorageError> {
        self.world.store.shared(request).await
    }

    async fn copy_in(&self, portion: Portion) -> Result<(), StorageError> {
        self.world.store.copy_in(portion).await
    }

    async fn prune(&self, parked_before: DateTime<Utc>) -> Result<u64, StorageError> {
        self.world.store.prune(parked_before).await
    }

    async fn scrub(&self) -> Result<(), StorageError> {
        self.world.store.scrub().await
    }

    async fn ping(&self) -> Result<(), StorageError> {
        self.world.store.ping().await
    }

    async fn close(&self) -> Result<(), StorageError> {
        Ok(())
    }
}
