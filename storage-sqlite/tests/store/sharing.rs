//! Several stores on one file.

use std::collections::BTreeSet;
use std::sync::Arc;

use tempfile::TempDir;
use tertulia_core::record::{ChangeSet, Expect, Op, Record};
use tertulia_storage_sqlite::SqliteStorage;
use tertulia_storage_traits::{Storage, StorageError};
use tokio::task::JoinSet;

use crate::support::{account, claim, contact, entry, feed, insert, key, pending};

fn two(folder: &TempDir) -> [Arc<SqliteStorage>; 2] {
    let path = folder.path().join("crm.db");
    [(); 2].map(|()| Arc::new(SqliteStorage::open(&path).unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_store_committed_the_other_reads_at_once() {
    let folder = TempDir::new().unwrap();
    let [one, other] = two(&folder);
    for number in 1..50 {
        insert(&one, [contact(number)]).await.unwrap();
        let found = other.load(vec![key(&contact(number))]).await.unwrap();
        assert!(found[0].is_some(), "contact {number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_commits_that_race_over_one_version_exactly_one_wins() {
    let folder = TempDir::new().unwrap();
    let stores = two(&folder);
    let one = contact(1);
    insert(&stores[0], [one.clone()]).await.unwrap();
    for version in 1..=20 {
        let mut race = JoinSet::new();
        for racer in 0..8 {
            let store = Arc::clone(&stores[racer % 2]);
            let mut mine = one.clone();
            mine.name = Some(format!("{racer} in round {version}"));
            let changes = ChangeSet {
                expect: vec![Expect::Version(key(&one), version)],
                ops: vec![
                    Op::Journal(entry(one.id)),
                    Op::Update(Record::Contact(mine), version),
                ],
            };
            race.spawn(async move { store.commit(changes).await });
        }
        let results = race.join_all().await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        assert!(
            results
                .iter()
                .filter_map(|result| result.as_ref().err())
                .all(StorageError::is_conflict)
        );
    }
    let journal = stores[1].journal(feed()).await.unwrap();
    let positions: Vec<u64> = journal.entries.iter().map(|(position, _)| *position).collect();
    assert_eq!(positions, (1..=20).collect::<Vec<_>>(), "losers leave nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stores_never_lease_the_same_row() {
    let folder = TempDir::new().unwrap();
    let stores = two(&folder);
    insert(&stores[0], [account()]).await.unwrap();
    insert(&stores[0], (1..=300).map(pending)).await.unwrap();
    let mut workers = JoinSet::new();
    for worker in 0..6 {
        let store = Arc::clone(&stores[worker % 2]);
        workers.spawn(async move {
            let mut mine = Vec::new();
            loop {
                let leased = store.claim(claim(&worker.to_string(), 7)).await.unwrap().rows;
                if leased.is_empty() {
                    return mine;
                }
                mine.extend(leased.into_iter().map(|stored| stored.record.id));
            }
        });
    }
    let leased: Vec<_> = workers.join_all().await.into_iter().flatten().collect();
    assert_eq!(leased.len(), 300);
    assert_eq!(leased.iter().collect::<BTreeSet<_>>().len(), 300);
}
