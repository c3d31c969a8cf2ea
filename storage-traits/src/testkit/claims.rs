//! Workers get the rows that may go, and each row once.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use chrono::{DateTime, TimeDelta, Utc};
use tertulia_core::account::{Account, AccountState, Standing};
use tertulia_core::broadcast::{Broadcast, BroadcastState};
use tertulia_core::channel::Channel;
use tertulia_core::conversation::Author;
use tertulia_core::ids::{AccountId, DispatchId, OrgId};
use tertulia_core::ledger::{Dispatch, DispatchState, StateName};
use tertulia_core::record::{Key, Op, Record, Stored};
use tertulia_core::retry::{Failure, FailureClass};
use tertulia_core::sequence::SequenceState;

use super::StoreFactory;
use super::generate::epoch;
use super::sequences::{sequence, step_row};
use super::support::{Bench, id, sequence_id, waiting};
use crate::{ClaimRequest, Claimed};

pub(super) fn at(seconds: i64) -> DateTime<Utc> {
    epoch() + TimeDelta::seconds(seconds)
}

/// A sender that may send.
pub(super) fn account(org: OrgId, account: AccountId) -> Account {
    Account {
        id: account,
        org,
        channel: Channel::WhatsApp,
        sender_id: "106540352242922".to_owned(),
        business_id: None,
        endpoint: None,
        name: "Shop".to_owned(),
        credential: "shop".to_owned(),
        messages_per_second: None,
        state: AccountState::Active,
        standing: Standing::default(),
        begun: Vec::new(),
    }
}

pub(super) fn request(worker: &str, now: i64, limit: usize) -> ClaimRequest {
    ClaimRequest {
        worker: worker.to_owned(),
        now: at(now),
        until: at(now + 60),
        after: None,
        limit,
        left: BTreeMap::new(),
    }
}

async fn claim(bench: &Bench, now: i64, limit: usize) -> Vec<Stored<Dispatch>> {
    let claimed = bench.store.claim(request("w1", now, limit)).await.unwrap().rows;
    assert!(claimed.len() <= limit, "claimed more than asked for");
    claimed
}

async fn claim_ids(bench: &Bench, now: i64) -> Vec<DispatchId> {
    let claimed = claim(bench, now, 100).await;
    claimed.into_iter().map(|stored| stored.record.id).collect()
}

fn ids<const N: usize>(numbers: [u128; N]) -> Vec<DispatchId> {
    numbers.into_iter().map(id).collect()
}

fn key(row: &Dispatch) -> Key {
    Record::from(row.clone()).key()
}

/// Rows of a sender and broadcast come by the time they were due, then by id, and not before their time.
pub async fn the_longest_due_come_first(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    bench.insert([account(id(1), id(1)), account(id(2), id(1))]).await;
    // (id, organisation, due)
    for (number, org, due) in [
        (5, 1, 10),
        (4, 2, 10),
        (3, 1, 30),
        (2, 2, -5),
        (1, 1, 31),
        (6, 1, 0),
    ] {
        let mut row = waiting(&mut bench.make, id(org), number);
        row.not_before = at(due);
        bench.insert([row]).await;
    }
    let first: Vec<DispatchId> = claim(&bench, 30, 2)
        .await
        .iter()
        .map(|stored| stored.record.id)
        .collect();
    assert_eq!(first, ids([6, 2]), "one of each organisation");
    assert!(claim(&bench, 30, 0).await.is_empty());
    assert_eq!(
        claim_ids(&bench, 30).await,
        ids([5, 4, 3]),
        "due at the very instant, too"
    );
    assert_eq!(claim_ids(&bench, 30).await, ids([]));
    assert_eq!(claim_ids(&bench, 31).await, ids([1]));
}

/// Organisations take turns from the one after the last on, whoever waits longer; so do an organisation's senders and
/// broadcasts.
pub async fn organisations_and_their_lanes_take_turns(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    // (organisation, sender, broadcast or 0, ids, due)
    let lanes: [(u128, u128, u128, std::ops::RangeInclusive<u128>, i64); 5] = [
        (1, 1, 1, 10..=15, 0),
        (2, 1, 1, 20..=21, 5),
        (2, 1, 2, 25..=26, 3),
        (2, 2, 0, 28..=28, 4),
        (3, 1, 0, 30..=31, 9),
    ];
    wait_in_lanes(&mut bench, lanes).await;
    let take = async |bench: &Bench, after: Option<OrgId>, limit: usize| -> Vec<DispatchId> {
        let request = ClaimRequest {
            after,
            ..request("w1", 9, limit)
        };
        let claimed = bench.store.claim(request).await.unwrap().rows;
        claimed.into_iter().map(|stored| stored.record.id).collect()
    };
    assert_eq!(
        take(&bench, None, 2).await,
        ids([10, 25]),
        "the third has its turn next"
    );
    assert_eq!(take(&bench, Some(id(2)), 2).await, ids([30, 11]));
    assert_eq!(
        take(&bench, Some(id(1)), 6).await,
        ids([26, 31, 12, 28, 13, 20]),
        "what is behind the last organisation, then from the first on"
    );
    assert_eq!(take(&bench, Some(id(3)), 100).await, ids([14, 21, 15]));
    assert_eq!(take(&bench, Some(id(3)), 100).await, ids([]));
    wait_in_lanes(&mut bench, [(4, 1, 1, 40..=42, 0), (4, 1, 2, 45..=46, 1)]).await;
    assert_eq!(
        take(&bench, None, 4).await,
        ids([40, 45, 41, 46]),
        "two broadcasts of one sender take turns, too"
    );
}

/// Rows that wait: by organisation, sender, broadcast or 0, with their ids and when they are due.
async fn wait_in_lanes(
    bench: &mut Bench,
    lanes: impl IntoIterator<Item = (u128, u128, u128, std::ops::RangeInclusive<u128>, i64)>,
) {
    for (org, sender, broadcast, rows, due) in lanes {
        let sender_key = Key::Account {
            org: id(org),
            account: id(sender),
        };
        if bench.get(&sender_key).await.is_none() {
            bench.insert([account(id(org), id(sender))]).await;
        }
        if broadcast > 0 {
            let running: Broadcast = bench
                .make
                .record(&Key::Broadcast {
                    org: id(org),
                    broadcast: id(broadcast),
                })
                .try_into()
                .unwrap();
            let state = BroadcastState::Running { since: at(0) };
            bench.insert([Broadcast { state, ..running }]).await;
        }
        for number in rows {
            let mut row = waiting(&mut bench.make, id(org), number);
            row.account = id(sender);
            row.not_before = at(due);
            if broadcast > 0 {
                row.origin = Author::Broadcast(id(broadcast));
            }
            bench.insert([row]).await;
        }
    }
}

/// A claimed row is stored as leased, by the worker until the time, with a new epoch and version.
pub async fn a_claim_leases_durably(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    bench.insert([account(id(1), id(1))]).await;
    let row = waiting(&mut bench.make, id(1), 1);
    bench.insert([row.clone()]).await;
    let claimed = claim(&bench, 5, 10).await;
    let mut expected = row.clone();
    assert!(expected.lease("w1", at(5), at(65)));
    assert_eq!(
        claimed,
        [Stored {
            record: expected,
            version: 2
        }]
    );
    let stored = bench.get(&key(&row)).await.unwrap();
    assert_eq!(
        (stored.record, stored.version),
        (claimed[0].record.clone().into(), 2),
        "what was given is what is stored"
    );
    let stale = vec![Op::Update(row.clone().into(), 1)];
    bench
        .conflicts("a claim is a write of the row", vec![], stale)
        .await;
    bench.commit(vec![Op::Update(row.into(), 2)]).await;
    assert_eq!(claim(&bench, 5, 10).await[0].version, 4);
}

/// A leased row is free again when its lease ends, at that very instant, and not before; its epoch grows.
pub async fn a_lease_is_free_again_at_its_end(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    bench.insert([account(id(1), id(1))]).await;
    let row = waiting(&mut bench.make, id(1), 1);
    let fresh = Dispatch {
        not_before: at(30),
        ..waiting(&mut bench.make, id(1), 2)
    };
    bench.insert([row, fresh]).await;
    assert_eq!(claim(&bench, 0, 1).await[0].record.epoch, 1);
    assert_eq!(claim_ids(&bench, 59).await, ids([2]), "leased until 60");
    let again = bench.store.claim(request("w2", 60, 10)).await.unwrap().rows;
    assert_eq!(again.len(), 1);
    assert_eq!((again[0].record.epoch, again[0].version), (2, 3));
    let DispatchState::Leased { worker, until } = &again[0].record.state else {
        panic!("a claimed row is leased");
    };
    assert_eq!((worker.as_str(), *until), ("w2", at(120)));
    // The lease that ended first comes first: row 2's at 119, row 1's at 120.
    assert_eq!(claim_ids(&bench, 200).await, ids([2, 1]));
}

/// Rows wait while their sender is held, stopped, disabled or gone, and go when it may send again.
pub async fn only_senders_that_may_send(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let stopped = AccountState::Stopped {
        failure: Failure::new(FailureClass::Payment, "131042", "payment"),
        since: at(0),
    };
    let states = [
        AccountState::Active,
        AccountState::Held { until: at(100) },
        AccountState::Held { until: at(101) },
        stopped,
        AccountState::Disabled,
    ];
    for (number, state) in (1..).zip(states) {
        let sender = Account {
            state,
            ..account(id(1), id(number))
        };
        // The other organisation's sender of that id may always send.
        bench.insert([sender, account(id(2), id(number))]).await;
    }
    for number in 1..=6 {
        let row = waiting(&mut bench.make, id(1), number);
        bench
            .insert([Dispatch {
                account: id(number),
                ..row
            }])
            .await;
    }
    assert_eq!(
        claim_ids(&bench, 100).await,
        ids([1, 2]),
        "row 6 has no sender at all"
    );
    assert_eq!(claim_ids(&bench, 101).await, ids([3]));

    let stopped = account(id(1), id(4));
    bench.commit(vec![Op::Update(stopped.into(), 1)]).await;
    assert_eq!(claim_ids(&bench, 102).await, ids([4]), "resumed");
    let gone = Key::Account {
        org: id(1),
        account: id(1),
    };
    bench.commit(vec![Op::Remove(gone, 1)]).await;
    assert_eq!(
        claim_ids(&bench, 1000).await,
        ids([2, 3, 4]),
        "leases are over, but the first sender is gone"
    );
}

/// Rows of a broadcast go while it is running; rows of no broadcast always.
pub async fn only_running_broadcasts(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    bench.insert([account(id(1), id(1))]).await;
    let states = [
        BroadcastState::Draft,
        BroadcastState::Running { since: at(0) },
        BroadcastState::Finished {
            launched: at(0),
            at: at(1),
        },
    ];
    let broadcast = |bench: &mut Bench, org: u128, number: u128, state: &BroadcastState| Broadcast {
        state: state.clone(),
        ..bench
            .make
            .record(&Key::Broadcast {
                org: id(org),
                broadcast: id(number),
            })
            .try_into()
            .unwrap()
    };
    for (number, state) in (1..).zip(&states) {
        let new = broadcast(&mut bench, 1, number, state);
        // The other organisation's broadcast of that id is running.
        let other = broadcast(&mut bench, 2, number, &states[1]);
        bench.insert([new, other]).await;
    }
    for number in 1..=4 {
        let mut row = waiting(&mut bench.make, id(1), number);
        row.origin = Author::Broadcast(id(number));
        let alone = waiting(&mut bench.make, id(1), number + 10);
        bench.insert([row, alone]).await;
    }
    assert_eq!(
        claim_ids(&bench, 0).await,
        ids([2, 11, 12, 13, 14]),
        "row 4 has no broadcast's record"
    );
    let launched = broadcast(&mut bench, 1, 1, &states[1]);
    bench.commit(vec![Op::Update(launched.into(), 1)]).await;
    assert_eq!(claim_ids(&bench, 0).await, ids([1]));
}

/// Rows of a sequence go while it is active, whatever organisation has a broadcast or another sequence that would; two
/// sequences of one sender take turns.
pub async fn only_active_sequences(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    bench.insert([account(id(1), id(1))]).await;
    let active = SequenceState::Active { since: at(0) };
    let states = [
        SequenceState::Draft,
        active.clone(),
        SequenceState::Paused {
            since: at(0),
            refusal: None,
        },
        active.clone(),
    ];
    for (number, state) in (1..).zip(states) {
        let own = sequence(&mut bench, 1, number, state);
        // The other organisation's sequence of that id is active.
        let other = sequence(&mut bench, 2, number, active.clone());
        bench.insert([own, other]).await;
    }
    let due = |row: u128| at(i64::try_from(row).unwrap() - 100);
    // Sequence 5 has no record. Those who come to it twice have two rows.
    for number in 1..=5 {
        for row in [number * 10, number * 10 + 1, number * 10 + 2] {
            let step = Dispatch {
                origin: Author::Sequence(sequence_id(number)),
                step: Some(step_row("welcome")),
                contact: id(1),
                not_before: due(row),
                ..waiting(&mut bench.make, id(1), row)
            };
            bench.insert([step]).await;
        }
    }
    let alone = waiting(&mut bench.make, id(1), 90);
    bench.insert([alone]).await;
    assert_eq!(
        claim_ids(&bench, 0).await,
        ids([20, 40, 90, 21, 41, 22, 42]),
        "sequences and what is of none take turns"
    );
    let resumed = sequence(&mut bench, 1, 3, active);
    bench.commit(vec![Op::Update(resumed.into(), 1)]).await;
    assert_eq!(claim_ids(&bench, 0).await, ids([30, 31, 32]));
    let gone = Key::Sequence {
        org: id(1),
        sequence: sequence_id(2),
    };
    bench.commit(vec![Op::Remove(gone, 1)]).await;
    assert_eq!(
        claim_ids(&bench, 1000).await,
        ids([30, 40, 90, 31, 41, 32, 42]),
        "leases are over, but the second sequence is gone"
    );
}

/// Only pending rows, and leased ones whose lease is over, are claimed; never one that may be on the wire.
pub async fn only_rows_that_wait(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    bench.insert([account(id(1), id(1))]).await;
    for (number, state) in (1..).zip(StateName::ALL) {
        let mut row = waiting(&mut bench.make, id(1), number);
        row.state = bench.make.dispatch_state(state);
        bench.insert([row]).await;
    }
    let before = bench.everything().await;
    let mut claimed = claim_ids(&bench, 100_000).await;
    claimed.sort();
    assert_eq!(claimed, ids([1, 2]), "pending and leased");
    let after = bench.everything().await;
    for (key, stored) in &before.records {
        let same = after.records.get(key) == Some(stored);
        let leased = claimed.iter().any(|row| {
            *key == Key::Dispatch {
                org: id(1),
                dispatch: *row,
            }
        });
        assert_eq!(same, !leased, "only what is claimed changes: {key:?}");
    }
}

/// A sender gives no more than the request says, or else than it sends in a second, in all its lanes together; the others
/// have their turns, and it is told that rows stay.
pub async fn a_sender_gives_no_more_than_it_may(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let limited = |org: u128, sender: u128, messages_per_second| Account {
        messages_per_second,
        ..account(id(org), id(sender))
    };
    bench
        .insert([
            limited(1, 1, Some(3)),
            limited(1, 2, Some(0)),
            limited(2, 1, None),
        ])
        .await;
    let running: Broadcast = bench
        .make
        .record(&Key::Broadcast {
            org: id(1),
            broadcast: id(1),
        })
        .try_into()
        .unwrap();
    let running = Broadcast {
        state: BroadcastState::Running { since: at(0) },
        ..running
    };
    bench.insert([running]).await;
    // (organisation, sender, broadcast or 0, ids)
    for (org, sender, broadcast, rows) in [
        (1, 1, 0, 10..=13),
        (1, 1, 1, 20..=23),
        (1, 2, 0, 30..=33),
        (2, 1, 0, 40..=41),
    ] {
        for number in rows {
            let mut row = waiting(&mut bench.make, id(org), number);
            row.account = id(sender);
            row.not_before = at(i64::try_from(number).unwrap() - 100);
            if broadcast > 0 {
                row.origin = Author::Broadcast(id(broadcast));
            }
            bench.insert([row]).await;
        }
    }
    let take = async |left: &[(u128, u128, usize)], limit: usize| {
        let left = left
            .iter()
            .map(|(org, sender, left)| ((id(*org), id(*sender)), *left));
        let request = ClaimRequest {
            left: left.collect(),
            ..request("w1", 0, limit)
        };
        let Claimed {
            rows,
            rates,
            kept_back,
        } = bench.store.claim(request).await.unwrap();
        let rows: Vec<DispatchId> = rows.into_iter().map(|stored| stored.record.id).collect();
        (rows, rates, kept_back)
    };
    let rate = |org, sender, rate| ((id(org), id(sender)), NonZeroU32::new(rate).unwrap());
    let (rows, rates, kept_back) = take(&[], 4).await;
    assert_eq!(rows, ids([10, 40, 20, 41]));
    assert_eq!(rates, BTreeMap::from([rate(1, 1, 3), rate(2, 1, 80)]));
    assert!(!kept_back, "as many as were asked for");
    let (rows, rates, kept_back) = take(&[(1, 1, 0), (1, 2, 1)], 10).await;
    assert_eq!(
        (rows, rates),
        (ids([30]), BTreeMap::new()),
        "a sender without a rate has none"
    );
    assert!(kept_back);
    let (rows, _, kept_back) = take(&[(1, 1, 9), (1, 2, 9)], 10).await;
    assert_eq!(rows, ids([11, 21, 31, 12, 32, 33]), "three of the first sender");
    assert!(kept_back);
    let (rows, _, kept_back) = take(&[(2, 2, 0), (1, 1, 3)], 10).await;
    assert_eq!(rows, ids([13, 22, 23]));
    assert!(!kept_back, "nothing is left");
    let (rows, _, kept_back) = take(&[(1, 1, 0)], 10).await;
    assert_eq!(rows, ids([]));
    assert!(!kept_back, "what is leased is not kept back");
}
