//! The ledger's unique keys, and how it is counted.

use std::collections::BTreeMap;

use tertulia_core::broadcast::Bucket;
use tertulia_core::conversation::Author;
use tertulia_core::ids::OrgId;
use tertulia_core::ledger::{Campaign, Dispatch, StateName};
use tertulia_core::record::Op;

use super::StoreFactory;
use super::sequences::step_row;
use super::support::{Bench, id, sequence_id, waiting};

const BROADCAST: u128 = 50;

/// A waiting row of the broadcast.
fn row(bench: &mut Bench, org: u128, number: u128) -> Dispatch {
    Dispatch {
        origin: Author::Broadcast(id(BROADCAST)),
        ..waiting(&mut bench.make, id(org), number)
    }
}

/// Inserting the row, or making another row it, conflicts.
async fn is_refused(bench: &mut Bench, why: &str, row: Dispatch) {
    bench
        .conflicts(why, vec![], vec![Op::Insert(row.clone().into())])
        .await;
    let mut other = waiting(&mut bench.make, row.org, 900);
    other.id = row.id;
    bench.insert([other.clone()]).await;
    bench
        .conflicts(why, vec![], vec![Op::Update(row.into(), 1)])
        .await;
    let key = tertulia_core::record::Record::from(other).key();
    bench.commit(vec![Op::Remove(key, 1)]).await;
}

/// A broadcast has one row for a contact, whatever the sender and address; another broadcast or organisation has its own.
pub async fn a_broadcast_has_one_row_for_a_contact(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let first = row(&mut bench, 1, 1);
    bench.insert([first.clone()]).await;
    let mut second = row(&mut bench, 1, 2);
    second.contact = first.contact;
    second.account = id(9);
    is_refused(&mut bench, "the same contact", second.clone()).await;
    second.match_key = None;
    is_refused(&mut bench, "the same contact, without address", second.clone()).await;

    // Another write of the row itself is no second row.
    bench.commit(vec![Op::Update(first.clone().into(), 1)]).await;
    let elsewhere = Dispatch {
        origin: Author::Broadcast(id(BROADCAST + 1)),
        id: id(3),
        ..first.clone()
    };
    let other_org: OrgId = id(2);
    let abroad = Dispatch {
        org: other_org,
        ..first
    };
    bench.insert([elsewhere, abroad]).await;
}

/// A broadcast has one row for an address of a sender, whoever the contact; another sender has its own.
pub async fn a_broadcast_has_one_row_for_an_address(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let first = row(&mut bench, 1, 1);
    bench.insert([first.clone()]).await;
    let mut second = row(&mut bench, 1, 2);
    second.match_key.clone_from(&first.match_key);
    is_refused(&mut bench, "the same address", second.clone()).await;

    let other_sender = Dispatch {
        account: id(9),
        ..second.clone()
    };
    let mut elsewhere = second.clone();
    elsewhere.id = id(3);
    elsewhere.origin = Author::Broadcast(id(BROADCAST + 1));
    let abroad = Dispatch { org: id(2), ..second };
    bench.insert([other_sender, elsewhere, abroad]).await;
}

/// Rows of no broadcast share contacts and addresses; rows without address share that.
pub async fn rows_without_broadcast_or_address_never_meet(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    for number in 1..=4 {
        let mut alone = waiting(&mut bench.make, id(1), number);
        alone.origin = [
            Author::Host("h".to_owned()),
            Author::Agent(id(1)),
            Author::StopConfirmation,
        ][bench.make.below(3)]
        .clone();
        alone.contact = id(1);
        alone.match_key = Some("+1".to_owned());
        let mut nowhere = row(&mut bench, 1, number + 10);
        nowhere.match_key = None;
        bench.insert([alone, nowhere]).await;
    }
}

/// A sequence has as many rows for a contact and address as steps come to them, and its rows never meet a broadcast's.
pub async fn rows_of_a_sequence_never_meet(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let first = row(&mut bench, 1, 1);
    bench.insert([first.clone()]).await;
    for (number, step) in [(2, "welcome"), (3, "welcome"), (4, "later")] {
        let step = Dispatch {
            id: id(number),
            origin: Author::Sequence(sequence_id(1)),
            step: Some(step_row(step)),
            ..first.clone()
        };
        bench.insert([step]).await;
    }
    let mut second = row(&mut bench, 1, 5);
    second.contact = first.contact;
    is_refused(&mut bench, "a second row of the broadcast", second).await;
}

/// The tally of a sequence tells its steps apart, also after they changed; a broadcast's rows have none.
pub async fn the_tally_of_a_sequence_tells_its_steps_apart(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let mut rows: Vec<Dispatch> = Vec::new();
    for number in 1..=120 {
        let mut row = row(&mut bench, 1 + number % 2, number);
        if number % 4 > 0 {
            row.origin = Author::Sequence(sequence_id(1 + number % 3 / 2));
            row.step = Some(step_row(bench.make.one_of(&["welcome", "Welcome", "0"])));
        }
        let state = bench.make.one_of(&StateName::ALL);
        row.state = bench.make.dispatch_state(state);
        rows.push(row);
    }
    bench.insert(rows.clone()).await;
    tallies_of(&bench, &rows).await;

    for row in &mut rows {
        if let Some(of) = &mut row.step {
            bench.make.one_of(&["welcome", "later"]).clone_into(&mut of.step);
        }
    }
    let updates = rows.iter().map(|row| Op::Update(row.clone().into(), 1));
    bench.commit(updates.collect()).await;
    tallies_of(&bench, &rows).await;

    let gone = rows.split_off(80);
    let gone = gone
        .into_iter()
        .map(|row| Op::Remove(tertulia_core::record::Record::from(row).key(), 2));
    bench.commit(gone.collect()).await;
    tallies_of(&bench, &rows).await;
}

async fn tallies_of(bench: &Bench, rows: &[Dispatch]) {
    for org in [1, 2, 99] {
        for sequence in [1, 2, 9] {
            tally(bench, rows, org, Campaign::Sequence(sequence_id(sequence))).await;
        }
        tally(bench, rows, org, Campaign::Broadcast(id(BROADCAST))).await;
    }
}

/// The tally of a broadcast is the count of its rows by what is told apart, also after they changed.
pub async fn the_tally_is_a_count_by_hand(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let mut rows: Vec<Dispatch> = Vec::new();
    for number in 1..=160 {
        let mut row = row(&mut bench, 1 + number % 2, number);
        if number % 5 == 0 {
            row.origin = Author::Broadcast(id(BROADCAST + 1));
        }
        let state = bench.make.one_of(&StateName::ALL);
        row.state = bench.make.dispatch_state(state);
        rows.push(row);
    }
    bench.insert(rows.clone()).await;
    tallies(&bench, &rows).await;

    for row in &mut rows {
        let state = bench.make.one_of(&StateName::ALL);
        row.state = bench.make.dispatch_state(state);
        row.replied = !row.replied;
        row.accepted |= bench.make.once_in(3);
    }
    let updates = rows.iter().map(|row| Op::Update(row.clone().into(), 1));
    bench.commit(updates.collect()).await;
    tallies(&bench, &rows).await;

    let gone = rows.split_off(120);
    let gone = gone
        .into_iter()
        .map(|row| Op::Remove(tertulia_core::record::Record::from(row).key(), 2));
    bench.commit(gone.collect()).await;
    tallies(&bench, &rows).await;
}

async fn tallies(bench: &Bench, rows: &[Dispatch]) {
    for (org, broadcast) in [
        (1, BROADCAST),
        (2, BROADCAST),
        (1, BROADCAST + 1),
        (1, 99),
        (99, BROADCAST),
    ] {
        tally(bench, rows, org, Campaign::Broadcast(id(broadcast))).await;
    }
}

/// The store counts these rows as they are counted by hand.
async fn tally(bench: &Bench, rows: &[Dispatch], org: u128, campaign: Campaign) {
    let mut expected: BTreeMap<Bucket, u64> = BTreeMap::new();
    for row in rows {
        if row.org == id(org) && row.campaign() == Some(campaign) {
            *expected.entry(Bucket::of(row)).or_default() += 1;
        }
    }
    let counted = bench.store.tally(id(org), campaign).await.unwrap();
    let len = counted.len();
    let counted: BTreeMap<Bucket, u64> = counted.into_iter().collect();
    assert_eq!(counted.len(), len, "each bucket is told once");
    assert_eq!(counted, expected, "{campaign:?} of {org}");
}
