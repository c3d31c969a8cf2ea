//! What the tests share.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use tertulia_core::account::{Account, AccountState, Standing};
use tertulia_core::channel::Channel;
use tertulia_core::contact::{Contact, CreatedBy};
use tertulia_core::conversation::Author;
use tertulia_core::ids::{ContactId, IdSource, OrgId};
use tertulia_core::journal::{Actor, Entry, EntryFilter, What};
use tertulia_core::ledger::Dispatch;
use tertulia_core::record::{ChangeSet, Key, Op, Record};
use tertulia_storage_sqlite::SqliteStorage;
use tertulia_storage_traits::{ClaimRequest, Committed, JournalRequest, JournalView, Storage, StorageError};

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

pub(crate) fn org() -> OrgId {
    IdSource::new(now(), 0).next()
}

pub(crate) fn contact(number: u64) -> Contact {
    let id = IdSource::new(now(), number).next();
    Contact::new(org(), id, CreatedBy::Api, now())
}

pub(crate) fn key(contact: &Contact) -> Key {
    Key::Contact {
        org: contact.org,
        contact: contact.id,
    }
}

pub(crate) fn entry(contact: ContactId) -> Entry {
    Entry {
        org: org(),
        at: now(),
        recorded_at: now(),
        actor: Actor::Worker,
        contact: Some(contact),
        what: What::ContactBlocked,
        redacted: false,
    }
}

pub(crate) fn account() -> Account {
    Account {
        id: IdSource::new(now(), 1).next(),
        org: org(),
        channel: Channel::WhatsApp,
        sender_id: "1".to_owned(),
        business_id: None,
        endpoint: None,
        name: "shop".to_owned(),
        credential: "key".to_owned(),
        messages_per_second: None,
        state: AccountState::Active,
        standing: Standing::default(),
        begun: Vec::new(),
    }
}

pub(crate) fn pending(number: u64) -> Dispatch {
    Dispatch::pending(
        IdSource::new(now(), number).next(),
        org(),
        Author::Host("test".to_owned()),
        IdSource::new(now(), number).next(),
        account().id,
        now(),
        60,
    )
}

pub(crate) fn claim(worker: &str, limit: usize) -> ClaimRequest {
    ClaimRequest {
        worker: worker.to_owned(),
        now: now(),
        until: now() + TimeDelta::minutes(1),
        after: None,
        limit,
        left: BTreeMap::new(),
    }
}

pub(crate) fn inserts(records: impl IntoIterator<Item = impl Into<Record>>) -> ChangeSet {
    ChangeSet {
        expect: Vec::new(),
        ops: records
            .into_iter()
            .map(|record| Op::Insert(record.into()))
            .collect(),
    }
}

pub(crate) async fn insert(
    store: &SqliteStorage,
    records: impl IntoIterator<Item = impl Into<Record>>,
) -> Result<Committed, StorageError> {
    store.commit(inserts(records)).await
}

pub(crate) fn feed() -> JournalRequest {
    JournalRequest {
        org: org(),
        view: JournalView::Feed,
        filter: EntryFilter::default(),
        after: 0,
        cursor: None,
        backwards: false,
        limit: 100_000,
    }
}
