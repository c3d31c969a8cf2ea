//! What the cases share.

use std::collections::BTreeMap;
use std::sync::Arc;

use tertulia_core::contact::{Contact, CreatedBy};
use tertulia_core::ids::{ContactId, OrgId, SequenceId};
use tertulia_core::journal::{Entry, EntryFilter};
use tertulia_core::ledger::{Dispatch, DispatchState};
use tertulia_core::record::{ChangeSet, Expect, Key, Op, Record, RecordKind, Stored};
use uuid::Uuid;

use super::StoreFactory;
use super::generate::{Generator, epoch};
use crate::{
    Committed, Cursor, JournalRequest, JournalView, PageRequest, Query, Shared, SharedRequest, Storage,
    StorageError, StorageErrorKind,
};

/// Behind it the ids of sequences begin.
const FIRST_SEQUENCE: u128 = 0x5e00;

/// All that a store has.
#[derive(Debug, PartialEq)]
pub(crate) struct Everything {
    pub(crate) records: BTreeMap<Key, Stored>,
    /// By organisation, without positions: those are the store's own.
    pub(crate) journal: Vec<(OrgId, Vec<Entry>)>,
}

/// A store under test, and a source of records.
pub(crate) struct Bench {
    pub(crate) store: Arc<dyn Storage>,
    pub(crate) make: Generator,
}

impl Bench {
    pub(crate) async fn new(factory: &dyn StoreFactory) -> Self {
        Self::over(factory.open().await)
    }

    pub(crate) fn over(store: Arc<dyn Storage>) -> Self {
        Self {
            store,
            make: Generator::new(7, 4),
        }
    }

    pub(crate) async fn try_commit(&self, ops: Vec<Op>) -> Result<Committed, StorageError> {
        let expect = Vec::new();
        self.store.commit(ChangeSet { expect, ops }).await
    }

    pub(crate) async fn commit(&self, ops: Vec<Op>) -> Committed {
        self.try_commit(ops).await.expect("the commit should succeed")
    }

    pub(crate) async fn insert(&self, records: impl IntoIterator<Item = impl Into<Record>>) {
        let ops = records.into_iter().map(|record| Op::Insert(record.into()));
        self.commit(ops.collect()).await;
    }

    /// Commits what must be refused as a conflict and change nothing.
    pub(crate) async fn conflicts(&self, why: &str, expect: Vec<Expect>, ops: Vec<Op>) {
        let before = self.everything().await;
        match self.store.commit(ChangeSet { expect, ops }).await {
            Err(error) => assert_eq!(error.kind, StorageErrorKind::Conflict, "{why}: {error}"),
            Ok(_) => panic!("{why}: committed, and should conflict"),
        }
        assert_eq!(
            self.everything().await,
            before,
            "{why}: refused, but changed something"
        );
    }

    pub(crate) async fn get(&self, key: &Key) -> Option<Stored> {
        let mut found = self.store.load(vec![key.clone()]).await.unwrap();
        assert_eq!(found.len(), 1, "one key, one answer");
        found.remove(0)
    }

    /// The record and its version.
    pub(crate) async fn version(&self, key: &Key) -> u64 {
        self.get(key).await.expect("the record should be there").version
    }

    pub(crate) async fn everything(&self) -> Everything {
        let mut records = BTreeMap::new();
        for kind in RecordKind::ALL {
            let query = Query::Records {
                org: None,
                kind: *kind,
            };
            for stored in self.all(query, 100, false).await {
                records.insert(stored.record.key(), stored);
            }
        }
        let mut journal = Vec::new();
        for org in self.make.orgs() {
            let entries = self.read(feed(org), 100).await;
            journal.push((org, entries.into_iter().map(|(_, entry)| entry).collect()));
        }
        Everything { records, journal }
    }

    /// All that a query finds, read in pages of this size.
    pub(crate) async fn all(&self, query: Query, limit: usize, backwards: bool) -> Vec<Stored> {
        let mut found = Vec::new();
        let mut cursor: Option<Cursor> = None;
        loop {
            let request = PageRequest {
                query: query.clone(),
                cursor,
                backwards,
                limit,
            };
            let page = self.store.page(request).await.unwrap();
            assert!(
                page.records.len() <= limit,
                "{query:?}: a page of {limit} has {}",
                page.records.len()
            );
            let is_empty = page.records.is_empty();
            found.extend(page.records);
            cursor = page.next;
            if cursor.is_none() {
                return found;
            }
            assert!(!is_empty, "{query:?}: an empty page with a next one");
        }
    }

    /// Checks that a query finds these, in this order, both ways, in pages of any size, and counts them.
    pub(crate) async fn finds(&self, query: Query, expected: &[Key]) {
        for limit in 1..=expected.len() + 1 {
            let found = keys(&self.all(query.clone(), limit, false).await);
            assert_eq!(found, expected, "{query:?} in pages of {limit}");
            let mut found = keys(&self.all(query.clone(), limit, true).await);
            found.reverse();
            assert_eq!(found, expected, "{query:?} backwards in pages of {limit}");
        }
        let counted = self.store.count(query.clone()).await.unwrap();
        assert_eq!(counted, expected.len() as u64, "count of {query:?}");
    }

    /// All entries of a view, read in pages of this size.
    pub(crate) async fn read(&self, request: JournalRequest, limit: usize) -> Vec<(u64, Entry)> {
        let mut found = Vec::new();
        let mut request = JournalRequest { limit, ..request };
        loop {
            let page = self.store.journal(request.clone()).await.unwrap();
            assert!(page.entries.len() <= limit, "a page of the journal is too long");
            let is_empty = page.entries.is_empty();
            found.extend(page.entries);
            let endless = request.view == JournalView::Feed && !request.backwards;
            assert!(
                page.next.is_some() || !endless,
                "the feed read forwards always goes on"
            );
            if page.next.is_none() || (is_empty && endless) {
                return found;
            }
            assert!(
                !is_empty,
                "an empty page of the journal with a next one: {request:?}"
            );
            request.cursor = page.next;
        }
    }

    /// What contacts share, read in pages of this size.
    pub(crate) async fn shared(&self, request: SharedRequest, limit: usize) -> Vec<Shared> {
        let mut found = Vec::new();
        let mut request = SharedRequest { limit, ..request };
        loop {
            let page = self.store.shared(request.clone()).await.unwrap();
            assert!(page.shared.len() <= limit, "a page of what is shared is too long");
            let is_empty = page.shared.is_empty();
            found.extend(page.shared);
            if page.next.is_none() {
                return found;
            }
            assert!(
                !is_empty,
                "an empty page of what is shared with a next one: {request:?}"
            );
            request.cursor = page.next;
        }
    }
}

/// All that the contacts of an organisation share.
pub(crate) fn sharing(org: OrgId) -> SharedRequest {
    SharedRequest {
        org,
        keys: Vec::new(),
        cursor: None,
        backwards: false,
        limit: 100,
        most: 100,
    }
}

pub(crate) fn keys(found: &[Stored]) -> Vec<Key> {
    found.iter().map(|stored| stored.record.key()).collect()
}

/// The feed of an organisation, from the start.
pub(crate) fn feed(org: OrgId) -> JournalRequest {
    JournalRequest {
        org,
        view: JournalView::Feed,
        filter: EntryFilter::default(),
        after: 0,
        cursor: None,
        backwards: false,
        limit: 100,
    }
}

/// An id by number.
pub(crate) fn id<I: From<Uuid>>(number: u128) -> I {
    I::from(Uuid::from_u128(number))
}

/// The id of a sequence by number: none is a broadcast's.
pub(crate) fn sequence_id(number: u128) -> SequenceId {
    id(FIRST_SEQUENCE + number)
}

/// A contact with nothing in it.
pub(crate) fn blank_contact(org: OrgId, contact: ContactId) -> Contact {
    Contact::new(org, contact, CreatedBy::Api, epoch())
}

/// A row of the ledger that waits since the epoch, of the host's own.
pub(crate) fn waiting(make: &mut Generator, org: OrgId, number: u128) -> Dispatch {
    Dispatch {
        origin: tertulia_core::conversation::Author::Host("test".to_owned()),
        contact: id(number),
        account: id(1),
        match_key: Some(format!("+{number}")),
        step: None,
        state: DispatchState::Pending,
        not_before: epoch(),
        epoch: 0,
        ..make.dispatch(org, id(number))
    }
}
