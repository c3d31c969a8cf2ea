//! Of those who race, one wins.
//!
//! All futures of a race are polled together: a store that works on threads of its own has them all at once.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use tertulia_core::conversation::Author;
use tertulia_core::ids::OrgId;
use tertulia_core::ledger::Dispatch;
use tertulia_core::record::{Key, Op, Record};

use super::StoreFactory;
use super::claims::{account, request};
use super::support::{Bench, feed, id, waiting};

const RACERS: usize = 12;

/// Commits all of these at the same time and returns which won; the others lost by conflict.
async fn race(bench: &Bench, commits: Vec<Vec<Op>>) -> Vec<usize> {
    let results = join_all(commits.into_iter().map(|ops| bench.try_commit(ops))).await;
    let mut winners = Vec::new();
    for (racer, result) in results.into_iter().enumerate() {
        match result {
            Ok(_) => winners.push(racer),
            Err(error) => assert!(error.is_conflict(), "a race is lost by conflict: {error}"),
        }
    }
    winners
}

fn contact_key() -> Key {
    Key::Contact {
        org: id(1),
        contact: id(1),
    }
}

fn contacts(bench: &mut Bench) -> Vec<Record> {
    (0..RACERS).map(|_| bench.make.record(&contact_key())).collect()
}

/// Of many updates of one version exactly one wins, round by round; only its other writes are there.
pub async fn one_of_many_updates_wins(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let first = bench.make.record(&contact_key());
    bench.insert([first]).await;
    for version in 1..=20 {
        let given = contacts(&mut bench);
        let entries: Vec<_> = given.iter().map(|_| bench.make.entry(id(1))).collect();
        let commits = given
            .iter()
            .zip(&entries)
            .map(|(record, entry)| vec![Op::Journal(entry.clone()), Op::Update(record.clone(), version)]);
        let winners = race(&bench, commits.collect()).await;
        assert_eq!(
            winners.len(),
            1,
            "of {RACERS} updates of version {version}, {winners:?} won"
        );
        let stored = bench.get(&contact_key()).await.unwrap();
        assert_eq!(
            (stored.version, &stored.record),
            (version + 1, &given[winners[0]])
        );
        let journal = bench.read(feed(id(1)), 100).await;
        assert_eq!(journal.len() as u64, version, "losers write no journal");
        assert_eq!(journal.last().map(|(_, entry)| entry), Some(&entries[winners[0]]));
    }
}

/// Of many inserts of one key exactly one wins.
pub async fn one_of_many_inserts_wins(factory: &dyn StoreFactory) {
    for _ in 0..5 {
        let mut bench = Bench::new(factory).await;
        let given = contacts(&mut bench);
        let commits = given.iter().map(|record| vec![Op::Insert(record.clone())]);
        let winners = race(&bench, commits.collect()).await;
        assert_eq!(winners.len(), 1);
        assert_eq!(bench.get(&contact_key()).await.unwrap().record, given[winners[0]]);
    }
}

/// Of many rows for one contact, or one address, of a broadcast exactly one wins.
pub async fn one_of_many_rows_for_a_contact_wins(factory: &dyn StoreFactory) {
    for same_contact in [true, false] {
        let mut bench = Bench::new(factory).await;
        let mut commits = Vec::new();
        for number in 1..=12 {
            let mut row = waiting(&mut bench.make, id(1), number);
            row.origin = Author::Broadcast(id(1));
            if same_contact {
                row.contact = id(1);
            } else {
                row.match_key = Some("+1".to_owned());
            }
            commits.push(vec![Op::Insert(row.into())]);
        }
        assert_eq!(race(&bench, commits).await.len(), 1);
    }
}

/// Workers that claim at the same time share no row, and together get all.
pub async fn no_row_is_claimed_twice(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let org: OrgId = id(1);
    bench.insert([account(org, id(1))]).await;
    let rows: Vec<Dispatch> = (1..=100)
        .map(|number| waiting(&mut bench.make, org, number))
        .collect();
    bench.insert(rows).await;
    let mut seen = BTreeSet::new();
    loop {
        let workers: Vec<String> = (0..RACERS).map(|number| format!("w{number}")).collect();
        let claims = workers
            .iter()
            .map(|worker| bench.store.claim(request(worker, 0, 5)));
        let mut claimed = 0;
        for result in join_all(claims).await {
            for row in result.unwrap().rows {
                claimed += 1;
                assert!(seen.insert(row.record.id), "{} was claimed twice", row.record.id);
                assert_eq!((row.record.epoch, row.version), (1, 2));
            }
        }
        if claimed == 0 {
            break;
        }
    }
    assert_eq!(seen.len(), 100);
}

/// Commits at the same time get positions of their own, in the order in which the feed has their entries.
pub async fn journal_positions_are_never_shared(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let mut entries = Vec::new();
    for _ in 0..60 {
        entries.push(bench.make.entry(id(1)));
    }
    let commits = entries
        .iter()
        .map(|entry| bench.try_commit(vec![Op::Journal(entry.clone())]));
    let committed = join_all(commits).await;
    let read = bench.read(feed(id(1)), 100).await;
    assert_eq!(read.len(), entries.len());
    assert!(read.windows(2).all(|two| two[0].0 < two[1].0));
    for (entry, committed) in entries.iter().zip(committed) {
        let position = committed.unwrap().position.unwrap();
        let found = read.iter().find(|(other, _)| *other == position);
        assert_eq!(found.map(|(_, entry)| entry), Some(entry));
    }
}
