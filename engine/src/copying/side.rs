//! One of the two stores of a copy, as it is read.

use std::collections::BTreeSet;
use std::sync::Arc;

use tertulia_core::error::Error;
use tertulia_core::ids::OrgId;
use tertulia_core::journal::{Entry, EntryFilter};
use tertulia_core::record::{Key, RecordKind, Stored};
use tertulia_storage_traits::{
    JournalRequest, JournalView, PageRequest, Query, Storage, StorageError, org_of,
};

use crate::error::from_storage;
use crate::runtime::BATCH;

/// One of the two stores.
#[derive(Debug)]
pub(crate) struct Side {
    pub(crate) name: &'static str,
    pub(crate) store: Arc<dyn Storage>,
}

impl Side {
    fn failed(&self, error: StorageError) -> Error {
        failed(self.name, error)
    }

    /// The next page of a walk; no more, if the walk is over.
    pub(crate) async fn records(&self, walk: &mut Option<PageRequest>) -> Result<Option<Vec<Stored>>, Error> {
        let Some(request) = walk.take() else {
            return Ok(None);
        };
        let page = self
            .store
            .page(request.clone())
            .await
            .map_err(|e| self.failed(e))?;
        *walk = page.next.map(|next| PageRequest {
            cursor: Some(next),
            ..request
        });
        Ok(Some(page.records))
    }

    /// The next entries of the feed, behind a position; none, if that is its end.
    pub(crate) async fn entries(
        &self,
        org: OrgId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Entry)>, Error> {
        let request = JournalRequest {
            after,
            limit,
            ..feed(org)
        };
        let page = self.store.journal(request).await;
        Ok(page.map_err(|e| self.failed(e))?.entries)
    }

    /// The last position of a journal; 0 of an empty one.
    pub(crate) async fn end(&self, org: OrgId) -> Result<u64, Error> {
        let request = JournalRequest {
            backwards: true,
            limit: 1,
            ..feed(org)
        };
        let page = self.store.journal(request).await.map_err(|e| self.failed(e))?;
        Ok(page.entries.first().map_or(0, |(position, _)| *position))
    }

    pub(crate) async fn count(&self, kind: RecordKind) -> Result<u64, Error> {
        self.store.count(all(kind)).await.map_err(|e| self.failed(e))
    }

    pub(crate) async fn found(&self, keys: Vec<Key>) -> Result<Vec<Option<Stored>>, Error> {
        self.store.load(keys).await.map_err(|e| self.failed(e))
    }

    pub(crate) async fn whole(&self, kind: RecordKind) -> Result<Vec<Stored>, Error> {
        let (mut walk, mut records) = (Some(walk(kind)), Vec::new());
        while let Some(found) = self.records(&mut walk).await? {
            records.extend(found);
        }
        Ok(records)
    }

    pub(crate) async fn orgs(&self) -> Result<BTreeSet<OrgId>, Error> {
        let records = self.whole(RecordKind::Org).await?;
        Ok(records
            .iter()
            .filter_map(|stored| org_of(&stored.record))
            .collect())
    }
}

pub(crate) fn failed(side: &str, mut error: StorageError) -> Error {
    error.message = format!("the {side}: {}", error.message);
    from_storage(error)
}

const fn all(kind: RecordKind) -> Query {
    Query::Records { org: None, kind }
}

/// A walk over a kind, in pages that are held at once.
pub(crate) const fn walk(kind: RecordKind) -> PageRequest {
    let limit = match kind {
        // Each may name a hundred thousand contacts.
        RecordKind::TargetList => 5,
        // Each holds some hundred entries.
        RecordKind::Seal => 200,
        _ => BATCH,
    };
    PageRequest::first(all(kind), limit)
}

fn feed(org: OrgId) -> JournalRequest {
    JournalRequest {
        org,
        view: JournalView::Feed,
        filter: EntryFilter::default(),
        after: 0,
        cursor: None,
        backwards: false,
        limit: BATCH,
    }
}

pub(crate) fn keys(records: &[Stored]) -> Vec<Key> {
    records.iter().map(|stored| stored.record.key()).collect()
}
