//! Commits are whole or nothing.

use tertulia_core::broadcast::Audience;
use tertulia_core::conversation::{Author, Conversation, Message};
use tertulia_core::filter::Filter;
use tertulia_core::ids::{ContactId, OrgId};
use tertulia_core::ledger::Campaign;
use tertulia_core::record::{ChangeSet, Expect, Key, Op, Record, RecordKind};
use tertulia_core::selection::Selection;

use super::StoreFactory;
use super::audiences::audience;
use super::support::{Bench, blank_contact, feed, id, waiting};
use crate::{Committed, Query};

fn contact(number: u128) -> Key {
    Key::Contact {
        org: id(1),
        contact: id(number),
    }
}

/// An empty change set is no error, and writes nothing.
pub async fn an_empty_change_set_does_nothing(factory: &dyn StoreFactory) {
    let bench = Bench::new(factory).await;
    let committed = bench.store.commit(ChangeSet::default()).await.unwrap();
    assert_eq!(committed, Committed::default());
    let everything = bench.everything().await;
    assert!(everything.records.is_empty());
}

/// A record of any kind cannot be inserted twice.
pub async fn inserting_twice_conflicts(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    for kind in RecordKind::ALL {
        let key = bench.make.key(*kind);
        let (first, second) = (bench.make.record(&key), bench.make.record(&key));
        bench.insert([first]).await;
        bench
            .conflicts(
                "an insert of a key that is taken",
                vec![],
                vec![Op::Insert(second)],
            )
            .await;
    }
    let key = Key::Import {
        org: id(1),
        import: id(77),
    };
    let twice = vec![
        Op::Insert(bench.make.record(&key)),
        Op::Insert(bench.make.record(&key)),
    ];
    bench
        .conflicts("two inserts of a key at once", vec![], twice)
        .await;
}

/// An update or removal needs the version that is stored: no older, no newer, none if there is no record.
pub async fn stale_versions_conflict(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    for kind in RecordKind::ALL {
        let key = bench.make.key(*kind);
        let record = bench.make.record(&key);
        for version in [0, 1] {
            let update = vec![Op::Update(record.clone(), version)];
            bench.conflicts("an update of nothing", vec![], update).await;
            let remove = vec![Op::Remove(key.clone(), version)];
            bench.conflicts("a removal of nothing", vec![], remove).await;
        }
        bench.insert([record.clone()]).await;
        bench.commit(vec![Op::Update(record.clone(), 1)]).await;
        for version in [0, 1, 3, u64::from(u32::MAX)] {
            let update = vec![Op::Update(record.clone(), version)];
            bench
                .conflicts("an update of another version", vec![], update)
                .await;
            let remove = vec![Op::Remove(key.clone(), version)];
            bench
                .conflicts("a removal of another version", vec![], remove)
                .await;
        }
    }
}

/// A commit fails unless every expectation holds; they are about the state before it.
pub async fn expectations_must_hold(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let there = bench.make.record(&contact(1));
    bench.insert([there.clone()]).await;
    bench.commit(vec![Op::Update(there.clone(), 1)]).await;
    let new = |make: &mut super::generate::Generator, number| vec![Op::Insert(make.record(&contact(number)))];

    let broken = [
        ("an older version", Expect::Version(contact(1), 1)),
        ("a newer version", Expect::Version(contact(1), 3)),
        ("a version of nothing", Expect::Version(contact(2), 1)),
        ("absence of what is there", Expect::Absent(contact(1))),
    ];
    for (why, expect) in broken {
        let ops = new(&mut bench.make, 3);
        bench.conflicts(why, vec![expect.clone()], ops.clone()).await;
        let fine = Expect::Absent(contact(9));
        bench
            .conflicts(why, vec![fine.clone(), expect.clone()], ops.clone())
            .await;
        bench.conflicts(why, vec![expect, fine], ops).await;
    }

    let holds = ChangeSet {
        expect: vec![
            Expect::Version(contact(1), 2),
            Expect::Absent(contact(2)),
            Expect::Absent(contact(3)),
        ],
        ops: vec![Op::Update(there, 2), Op::Insert(bench.make.record(&contact(3)))],
    };
    bench.store.commit(holds).await.unwrap();
    assert_eq!(bench.version(&contact(1)).await, 3);
    assert_eq!(bench.version(&contact(3)).await, 1);
}

/// Wherever in a change set the write stands that fails, and however it fails, nothing of the set is written.
pub async fn a_commit_is_whole_or_nothing(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let org: OrgId = id(1);
    let row = |make: &mut _, number| {
        let mut row = waiting(make, org, number);
        row.origin = Author::Broadcast(id(50));
        row
    };
    let (taken, gone) = (bench.make.record(&contact(1)), bench.make.record(&contact(20)));
    let first_row = row(&mut bench.make, 100);
    let mut same_contact = row(&mut bench.make, 101);
    same_contact.contact = first_row.contact;
    let mut same_address = row(&mut bench.make, 102);
    same_address.match_key.clone_from(&first_row.match_key);
    // Its one recipient already has a row.
    let enlisted_before = Audience {
        broadcast: tertulia_core::broadcast::Broadcast {
            id: id(50),
            ..audience(&mut bench.make, org, Selection::Filter(Filter::Everyone)).broadcast
        },
        ..audience(&mut bench.make, org, Selection::Filter(Filter::Everyone))
    };
    bench
        .insert([
            taken.clone(),
            first_row.clone().into(),
            blank_contact(org, first_row.contact).into(),
        ])
        .await;

    let failing = [
        ("insert of a taken key", Op::Insert(taken.clone())),
        ("update of nothing", Op::Update(gone, 1)),
        ("stale update", Op::Update(taken.clone(), 9)),
        ("stale removal", Op::Remove(contact(1), 9)),
        ("second row for a contact", Op::Insert(same_contact.into())),
        ("second row for an address", Op::Insert(same_address.into())),
        (
            "audience that was enlisted before",
            Op::SnapshotAudience(Box::new(enlisted_before), 3),
        ),
    ];
    for (why, failing) in failing {
        let good = vec![
            Op::Insert(bench.make.record(&contact(2))),
            Op::Journal(bench.make.entry(org)),
            Op::Update(first_row.clone().into(), 1),
            Op::Insert(row(&mut bench.make, 103).into()),
        ];
        for place in 0..=good.len() {
            let mut ops = good.clone();
            ops.insert(place, failing.clone());
            bench
                .conflicts(&format!("{why}, after {place} good writes"), vec![], ops)
                .await;
        }
    }
    let tally = bench.store.tally(org, Campaign::Broadcast(id(50))).await.unwrap();
    assert_eq!(tally.iter().map(|(_, count)| count).sum::<u64>(), 1);
}

/// The writes of a change set happen one after another.
pub async fn writes_see_those_before_them(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let org: OrgId = id(1);
    let records: Vec<Record> = (0..4).map(|_| bench.make.record(&contact(1))).collect();
    bench
        .commit(vec![
            Op::Insert(records[0].clone()),
            Op::Update(records[1].clone(), 1),
            Op::Update(records[2].clone(), 2),
        ])
        .await;
    let found = bench.get(&contact(1)).await.unwrap();
    assert_eq!((found.version, &found.record), (3, &records[2]));

    // A row that makes room lets the next one in.
    let mut old = waiting(&mut bench.make, org, 5);
    old.origin = Author::Broadcast(id(50));
    let mut new = old.clone();
    new.id = id(6);
    bench.insert([old.clone()]).await;
    let gone = Key::Dispatch {
        org,
        dispatch: old.id,
    };
    bench
        .commit(vec![Op::Remove(gone, 1), Op::Insert(new.into())])
        .await;

    // An audience counts those who came in the same commit.
    let audience = audience(&mut bench.make, org, Selection::Filter(Filter::Everyone));
    let committed = bench
        .commit(vec![
            Op::Insert(blank_contact(org, id(2)).into()),
            Op::SnapshotAudience(Box::new(audience), 1),
        ])
        .await;
    assert_eq!(committed.enlisted, 2);
}

/// Thousands of writes are one commit.
pub async fn a_large_change_set_is_one_commit(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let org: OrgId = id(1);
    let mut ops: Vec<Op> = Vec::new();
    for number in 1..=1_000 {
        ops.push(Op::Insert(bench.make.record(&contact(number))));
        ops.push(Op::Journal(bench.make.entry(org)));
    }
    let written: Vec<_> = ops
        .iter()
        .filter_map(|op| match op {
            Op::Journal(entry) => Some(entry.clone()),
            _ => None,
        })
        .collect();
    let mut failing = ops.clone();
    failing.push(Op::Remove(contact(1), 2));
    bench
        .conflicts("the last of two thousand writes fails", vec![], failing)
        .await;
    let committed = bench.commit(ops).await;
    let read = bench.read(feed(org), 300).await;
    assert_eq!(read.last().map(|(position, _)| *position), committed.position);
    assert!(read.iter().map(|(_, entry)| entry).eq(&written));
    let found = bench
        .store
        .load((1..=1_000).map(contact).collect())
        .await
        .unwrap();
    assert_eq!(found.iter().flatten().count(), 1_000);
}

/// The conversations of one contact go with all their messages, those that came in the same commit among them; other
/// contacts' and other organisations' stay, and what refers to them.
pub async fn conversations_of_a_contact_are_removed_with_their_messages(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let (org, other): (OrgId, OrgId) = (id(1), id(2));
    let (whose, somebody): (ContactId, ContactId) = (id(1), id(2));
    let thread = |bench: &mut Bench, org, number, contact| {
        let key = Key::Conversation {
            org,
            conversation: id(number),
        };
        let random: Conversation = bench.make.record(&key).try_into().unwrap();
        Record::from(Conversation { contact, ..random })
    };
    let message = |bench: &mut Bench, org, number, conversation| {
        let key = Key::Message {
            org,
            message: id(number),
        };
        let random: Message = bench.make.record(&key).try_into().unwrap();
        Record::from(Message {
            conversation: id(conversation),
            ..random
        })
    };
    let mut gone = Vec::new();
    let mut kept = Vec::new();
    // (organisation, conversation, contact, messages)
    for (org, conversation, contact, messages) in [
        (org, 1, whose, 1..4),
        (org, 2, whose, 4..5),
        (org, 3, somebody, 5..8),
        (org, 4, whose, 8..8),
        (other, 1, whose, 1..4),
    ] {
        let list = if org == other || contact == somebody {
            &mut kept
        } else {
            &mut gone
        };
        list.push(thread(&mut bench, org, conversation, contact));
        list.extend(messages.map(|number| message(&mut bench, org, number, conversation)));
    }
    // What refers to them, and what is about the same contact.
    for kind in [
        RecordKind::Contact,
        RecordKind::MessageRef,
        RecordKind::Dispatch,
        RecordKind::Note,
    ] {
        let key = bench.make.key(kind);
        kept.push(bench.make.record(&key));
    }
    let late = message(&mut bench, org, 20, 2);
    bench.insert(kept.iter().chain(&gone).cloned()).await;
    let remove = |contact| Op::RemoveConversations { org, contact };
    bench.commit(vec![remove(id(9))]).await;
    assert_eq!(bench.everything().await.records.len(), kept.len() + gone.len());
    let entry = Op::Journal(bench.make.entry(org));
    let committed = bench.commit(vec![Op::Insert(late), remove(whose), entry]).await;
    assert!(committed.position.is_some());
    let left: Vec<Record> = bench
        .everything()
        .await
        .records
        .into_values()
        .map(|stored| stored.record)
        .collect();
    let mut expected = kept;
    expected.sort_by_key(Record::key);
    assert_eq!(left, expected);
    let query = Query::Messages {
        org,
        conversation: id(1),
    };
    bench.finds(query, &[]).await;
}
