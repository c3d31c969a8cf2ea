//! Records come back as they were given.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use futures_util::future::join_all;
use tertulia_core::ids::OrgId;
use tertulia_core::ledger::Campaign;
use tertulia_core::record::{ChangeSet, Key, Op, Record, RecordKind};

use super::StoreFactory;
use super::generate::epoch;
use super::support::{Bench, feed, id, sharing};
use crate::{ClaimRequest, PageRequest, Query, StorageErrorKind};

/// A record of every kind, loaded, equals the one inserted, whatever its texts; its version is 1.
pub async fn every_kind_comes_back_as_it_was_given(factory: &dyn StoreFactory) {
    for kind in RecordKind::ALL {
        let mut bench = Bench::new(factory).await;
        let mut given: Vec<Record> = Vec::new();
        for _ in 0..40 {
            let key = bench.make.key(*kind);
            let record = bench.make.record(&key);
            assert_eq!(
                record.key(),
                key,
                "the generator makes a record with the key asked for"
            );
            if !given.iter().any(|other| other.key() == key) {
                if let Err(error) = bench.try_commit(vec![Op::Insert(record.clone())]).await {
                    assert!(
                        error.is_conflict() && *kind == RecordKind::Dispatch,
                        "{error}: {record:?}"
                    );
                    continue;
                }
                given.push(record);
            }
        }
        let found = bench.store.load(given.iter().map(Record::key).collect()).await;
        for (given, found) in given.into_iter().zip(found.unwrap()) {
            let found = found.unwrap_or_else(|| panic!("not found again: {given:?}"));
            assert_eq!(found.version, 1, "the version of a new record");
            assert_eq!(found.record, given);
        }
    }
}

/// `load` answers in the order of the keys, with gaps where there is nothing.
pub async fn load_keeps_the_order_of_the_keys(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let org: OrgId = id(1);
    let key = |number: u128| Key::Contact {
        org,
        contact: id(number),
    };
    let tag = Key::Tag {
        org,
        key: "vip".to_owned(),
    };
    let records = [key(1), key(3), tag.clone()].map(|key| bench.make.record(&key));
    bench.insert(records).await;
    let asked = vec![key(3), key(2), tag, key(1), key(3)];
    let found = bench.store.load(asked.clone()).await.unwrap();
    let found: Vec<Option<Key>> = found
        .iter()
        .map(|found| found.as_ref().map(|found| found.record.key()))
        .collect();
    let expected: Vec<Option<Key>> = asked
        .into_iter()
        .map(|asked| (asked != key(2)).then_some(asked))
        .collect();
    assert_eq!(found, expected);
    assert!(bench.store.load(Vec::new()).await.unwrap().is_empty());
}

/// Records that are always written together are never loaded, or found, at different versions.
pub async fn load_is_of_one_instant(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let org: OrgId = id(1);
    let keys: Vec<Key> = (1..=5)
        .map(|number| Key::Contact {
            org,
            contact: id(number),
        })
        .collect();
    let records: Vec<Record> = keys.iter().map(|key| bench.make.record(key)).collect();
    bench.insert(records.clone()).await;
    let write = async {
        for version in 1..30 {
            let ops = records.iter().map(|record| Op::Update(record.clone(), version));
            bench.commit(ops.collect()).await;
        }
    };
    let all = Query::Records {
        org: Some(org),
        kind: RecordKind::Contact,
    };
    let read = async {
        for _ in 0..30 {
            let loaded = bench.store.load(keys.clone()).await.unwrap();
            let versions: Vec<u64> = loaded.into_iter().flatten().map(|found| found.version).collect();
            assert!(
                versions.len() == 5 && versions.iter().all(|v| *v == versions[0]),
                "load: {versions:?}"
            );
            let page = bench
                .store
                .page(PageRequest::first(all.clone(), 10))
                .await
                .unwrap();
            let versions: Vec<u64> = page.records.iter().map(|found| found.version).collect();
            assert!(
                versions.len() == 5 && versions.iter().all(|v| *v == versions[0]),
                "page: {versions:?}"
            );
        }
    };
    futures_util::future::join3(write, read, join_all((0..3).map(|_| bench.store.ping()))).await;
}

/// Every write of a record makes its version one more, and nobody else's.
pub async fn versions_grow_by_one(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    for kind in RecordKind::ALL {
        let key = bench.make.key(*kind);
        for version in 0..4 {
            let record = bench.make.record(&key);
            let op = match version {
                0 => Op::Insert(record.clone()),
                _ => Op::Update(record.clone(), version),
            };
            bench.commit(vec![op]).await;
            let found = bench.get(&key).await.unwrap();
            assert_eq!((found.version, found.record), (version + 1, record));
        }
    }
}

/// A removed record is not found by any way, and may come back as a new one.
pub async fn a_removed_record_is_gone(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    for kind in RecordKind::ALL {
        let key = bench.make.key(*kind);
        let record = bench.make.record(&key);
        bench.insert([record.clone()]).await;
        bench.commit(vec![Op::Update(record.clone(), 1)]).await;
        bench.commit(vec![Op::Remove(key.clone(), 2)]).await;
        assert_eq!(bench.get(&key).await, None);
        bench
            .finds(
                Query::Records {
                    org: None,
                    kind: *kind,
                },
                &[],
            )
            .await;
        bench.insert([record]).await;
        assert_eq!(bench.version(&key).await, 1, "a record that came back is new");
    }
}

/// Evidence that waits since before the time is forgotten, that of the very time is kept.
pub async fn prune_forgets_what_waited_too_long(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let mut kept = Vec::new();
    for (number, seconds) in [(1, -10), (2, -1), (3, 0), (4, 10)] {
        let key = Key::Parked {
            org: id(number % 2 + 1),
            account: id(1),
            provider_id: format!("wamid.{number}"),
        };
        let Record::Parked(mut parked) = bench.make.record(&key) else {
            panic!("a parked key makes a parked record");
        };
        parked.since = epoch() + TimeDelta::seconds(seconds);
        bench.insert([parked]).await;
        if seconds >= 0 {
            kept.push(key);
        }
    }
    assert_eq!(bench.store.prune(epoch()).await.unwrap(), 2);
    assert_eq!(bench.store.prune(epoch()).await.unwrap(), 0);
    let left: Vec<Key> = bench.everything().await.records.into_keys().collect();
    kept.sort();
    assert_eq!(left, kept);
}

/// After `close`, everything fails as closed.
pub async fn a_closed_store_refuses_everything(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let key = bench.make.key(RecordKind::Contact);
    let record = bench.make.record(&key);
    let query = Query::RunningBroadcasts;
    bench.store.ping().await.unwrap();
    bench.store.close().await.unwrap();
    let store = &bench.store;
    let claim = ClaimRequest {
        worker: "w".to_owned(),
        now: epoch(),
        until: epoch(),
        after: None,
        limit: 1,
        left: BTreeMap::new(),
    };
    let changes = ChangeSet {
        expect: Vec::new(),
        ops: vec![Op::Insert(record)],
    };
    let refused = [
        ("ping", store.ping().await.err()),
        ("load", store.load(vec![key]).await.err()),
        (
            "page",
            store.page(PageRequest::first(query.clone(), 1)).await.err(),
        ),
        ("count", store.count(query).await.err()),
        ("journal", store.journal(feed(id(1))).await.err()),
        (
            "tally",
            store.tally(id(1), Campaign::Broadcast(id(1))).await.err(),
        ),
        ("standings", store.standings(id(1), id(1)).await.err()),
        ("tag_counts", store.tag_counts(id(1)).await.err()),
        ("shared", store.shared(sharing(id(1))).await.err()),
        ("commit", store.commit(changes).await.err()),
        ("claim", store.claim(claim).await.err()),
        ("prune", store.prune(epoch()).await.err()),
        ("scrub", store.scrub().await.err()),
    ];
    for (call, error) in refused {
        let kind = error.map(|error| error.kind);
        assert_eq!(kind, Some(StorageErrorKind::Closed), "{call} after close");
    }
}

/// Scrubbing takes nothing away that is there, and what is written afterwards is kept as before.
pub async fn scrubbing_leaves_what_is_there(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let keys: Vec<Key> = RecordKind::ALL.iter().map(|kind| bench.make.key(*kind)).collect();
    for key in &keys {
        let record = bench.make.record(key);
        let entry = bench.make.entry(id(1));
        bench.commit(vec![Op::Insert(record), Op::Journal(entry)]).await;
    }
    bench.commit(vec![Op::Remove(keys[3].clone(), 1)]).await;
    let before = bench.everything().await;
    bench.store.scrub().await.unwrap();
    assert_eq!(bench.everything().await, before);
    let again = bench.make.record(&keys[3]);
    bench.commit(vec![Op::Insert(again)]).await;
    assert_eq!(bench.everything().await.records.len(), before.records.len() + 1);
    bench.store.scrub().await.unwrap();
}
