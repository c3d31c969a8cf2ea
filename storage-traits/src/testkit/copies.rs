//! What is copied from another store is as it is there, and all that is found by it, too.

use tertulia_core::account::Route;
use tertulia_core::broadcast::Bucket;
use tertulia_core::contact::Contact;
use tertulia_core::conversation::{Author, Conversation};
use tertulia_core::filter::Filter;
use tertulia_core::inbox::{ConversationFilter, ConversationOrder};
use tertulia_core::journal::Entry;
use tertulia_core::ledger::{Campaign, Dispatch, DispatchState, SkipReason};
use tertulia_core::record::{Key, Op, Record, RecordKind, Stored};
use tertulia_core::sequence::{Enrollment, Standing};

use super::StoreFactory;
use super::generate::Generator;
use super::random::Run;
use super::support::{Bench, blank_contact, feed, id, sequence_id, sharing, waiting};
use crate::{PageRequest, Portion, Query, StorageErrorKind};

const ORG: u128 = 1;

/// The position of the last entry before a gap, and of the one behind it.
const GAP: (u64, u64) = (3, 1_000_000_007);

fn portion(records: impl IntoIterator<Item = (Record, u64)>) -> Portion {
    let records = records.into_iter();
    Portion {
        records: records
            .map(|(record, version)| Stored { record, version })
            .collect(),
        entries: Vec::new(),
    }
}

/// All that a store has, in portions of this size; the organisations' own records last.
async fn portions(bench: &Bench, size: usize) -> Vec<Portion> {
    let (last, mut records): (Vec<Stored>, Vec<Stored>) = bench
        .everything()
        .await
        .records
        .into_values()
        .partition(|stored| stored.record.kind() == RecordKind::Org);
    let mut portions = Vec::new();
    while !records.is_empty() {
        let rest = records.split_off(size.min(records.len()));
        portions.push(Portion {
            records: std::mem::replace(&mut records, rest),
            entries: Vec::new(),
        });
    }
    for org in bench.make.orgs() {
        for entries in bench.read(feed(org), 100).await.chunks(size) {
            portions.push(Portion {
                records: Vec::new(),
                entries: entries.to_vec(),
            });
        }
    }
    portions.push(Portion {
        records: last,
        entries: Vec::new(),
    });
    portions
}

/// The feed of the organisation, with its positions.
async fn positions(bench: &Bench) -> Vec<(u64, Entry)> {
    bench.read(feed(id(ORG)), 100).await
}

/// A store that was copied answers every query, count and claim, and each commit after it, as the original does.
pub async fn a_copy_answers_as_the_original(factory: &dyn StoreFactory) {
    let mut run = Run::new(Generator::new(11, 4), factory.open().await, factory.open().await);
    for _ in 0..150 {
        run.fill().await;
    }
    for portion in portions(&run.model, 7).await {
        run.store.store.copy_in(portion).await.unwrap();
    }
    for org in run.model.make.orgs() {
        let ours = run.store.read(feed(org), 100).await;
        assert!(!ours.is_empty(), "the case has entries");
        assert_eq!(ours, run.model.read(feed(org), 100).await);
    }
    run.compare().await;
    for _ in 0..40 {
        run.ask().await;
    }
    for _ in 0..40 {
        run.step().await;
    }
    run.compare().await;
}

/// A portion whose answer was lost is written once more, and nothing is there twice.
pub async fn a_portion_may_be_written_twice(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let mut records: Vec<(Record, u64)> = Vec::new();
    for kind in RecordKind::ALL.iter().filter(|kind| **kind != RecordKind::Org) {
        let key = bench.make.key(*kind);
        records.push((bench.make.record(&key), 3));
    }
    let mut portion = portion(records);
    portion.entries = vec![(1, bench.make.entry(id(ORG))), (GAP.0, bench.make.entry(id(ORG)))];
    bench.store.copy_in(Portion::default()).await.unwrap();
    bench.store.copy_in(portion.clone()).await.unwrap();
    let once = bench.everything().await;
    assert_eq!(once.records.len(), portion.records.len());
    assert!(once.records.values().all(|stored| stored.version == 3));
    let tags = bench.store.tag_counts(id(ORG)).await.unwrap();
    bench.store.copy_in(portion.clone()).await.unwrap();
    assert_eq!(bench.everything().await, once);
    assert_eq!(positions(&bench).await, portion.entries);
    assert_eq!(bench.store.tag_counts(id(ORG)).await.unwrap(), tags);
}

/// Two rows of the ledger that may not meet are not copied, nor what comes with them.
pub async fn a_portion_is_written_whole_or_not_at_all(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let row = |make: &mut Generator, number| Dispatch {
        contact: id(1),
        ..make.dispatch(id(ORG), id(number))
    };
    let (mut one, mut other) = (row(&mut bench.make, 1), row(&mut bench.make, 2));
    let campaign = Author::Broadcast(id(5));
    for row in [&mut one, &mut other] {
        row.origin = campaign.clone();
        row.step = None;
    }
    let mut meeting = portion([
        (blank_contact(id(ORG), id(1)).into(), 1),
        (one.into(), 1),
        (other.into(), 1),
    ]);
    meeting.entries = vec![(1, bench.make.entry(id(ORG)))];
    let error = bench.store.copy_in(meeting).await.unwrap_err();
    assert_eq!(error.kind, StorageErrorKind::Conflict, "{error}");
    let left = bench.everything().await;
    assert!(left.records.is_empty() && positions(&bench).await.is_empty());
}

/// What was copied before is replaced, whatever its version, and so is what was found and counted by it.
pub async fn what_is_there_gives_way_to_what_is_copied(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let org = id(ORG);
    let contact = |number, name: &str, tag: &str| Contact {
        name: Some(name.to_owned()),
        email: Some(format!("{tag}@example.com")),
        tags: [(tag.to_owned(), tag.to_owned())].into(),
        ..blank_contact(org, id(number))
    };
    let thread: Conversation = bench
        .make
        .record(&Key::Conversation {
            org,
            conversation: id(1),
        })
        .try_into()
        .expect("a conversation's key makes a conversation");
    let labelled = |labels: &[&str]| Conversation {
        labels: labels
            .iter()
            .map(|label| ((*label).to_owned(), (*label).to_owned()))
            .collect(),
        archived: None,
        ..thread.clone()
    };
    let row = |state, make: &mut Generator| Dispatch {
        origin: Author::Broadcast(id(5)),
        state,
        ..waiting(make, org, 1)
    };
    let enrollment: Enrollment = bench
        .make
        .record(&Key::Enrollment {
            org,
            enrollment: id(1),
        })
        .try_into()
        .expect("an enrollment's key makes an enrollment");
    let enrolled = |number| Enrollment {
        sequence: sequence_id(number),
        ..enrollment.clone()
    };
    let pending = row(DispatchState::Pending, &mut bench.make);
    let merged = DispatchState::Skipped {
        reason: SkipReason::Merged,
    };
    let skipped = Dispatch {
        state: merged,
        ..pending.clone()
    };
    let first = portion([
        (contact(1, "Ana", "vip").into(), 4),
        (contact(2, "Rui", "vip").into(), 1),
        (labelled(&["red"]).into(), 2),
        (pending.into(), 9),
        (enrolled(1).into(), 2),
    ]);
    bench.store.copy_in(first).await.unwrap();
    let again = portion([
        (contact(1, "Eva", "new").into(), 2),
        (labelled(&["blue"]).into(), 7),
        (skipped.clone().into(), 10),
        (enrolled(2).into(), 3),
    ]);
    bench.store.copy_in(again).await.unwrap();

    let key = |number| Key::Contact {
        org,
        contact: id(number),
    };
    assert_eq!(bench.version(&key(1)).await, 2);
    for (filter, found) in [
        (Filter::tagged_any(["vip"]), vec![key(2)]),
        (Filter::tagged_any(["new"]), vec![key(1)]),
        (Filter::Text("ana".to_owned()), vec![]),
        (Filter::Text("eva".to_owned()), vec![key(1)]),
    ] {
        let query = Query::Contacts {
            org,
            filter,
            order: None,
        };
        bench.finds(query, &found).await;
    }
    let mut tags = bench.store.tag_counts(org).await.unwrap();
    tags.sort();
    assert_eq!(tags, [("new".to_owned(), 1), ("vip".to_owned(), 1)]);
    assert!(bench.shared(sharing(org), 10).await.is_empty());
    for (label, found) in [("red", 0), ("blue", 1)] {
        let query = Query::Conversations {
            org,
            filter: ConversationFilter {
                label: Some(label.to_owned()),
                ..ConversationFilter::default()
            },
            order: ConversationOrder::Activity,
        };
        assert_eq!(bench.store.count(query).await.unwrap(), found, "{label}");
    }
    let tally = bench.store.tally(org, Campaign::Broadcast(id(5))).await.unwrap();
    assert_eq!(tally, [(Bucket::of(&skipped), 1)]);
    for (number, standings) in [(1, vec![]), (2, vec![(Standing::of(&enrollment), 1)])] {
        let counted = bench.store.standings(org, sequence_id(number)).await.unwrap();
        assert_eq!(counted, standings);
    }
}

/// Entries keep their positions, gaps and all; the next one comes behind the last, however the copying went on.
pub async fn the_journal_goes_on_behind_what_was_copied(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let mut entries: Vec<(u64, Entry)> = Vec::new();
    for position in [1, 2, GAP.0, GAP.1] {
        entries.push((position, bench.make.entry(id(ORG))));
    }
    for entries in [&entries[3..], &entries[..3]] {
        let portion = Portion {
            records: Vec::new(),
            entries: entries.to_vec(),
        };
        bench.store.copy_in(portion).await.unwrap();
    }
    let next = bench.make.entry(id(ORG));
    let position = bench.commit(vec![Op::Journal(next.clone())]).await.position;
    let position = position.expect("the entry has a position");
    assert!(position > GAP.1, "{position} is not behind {}", GAP.1);
    entries.push((position, next));
    assert_eq!(positions(&bench).await, entries);
    let redacted = bench.make.entry(id(ORG));
    let redacted = Entry {
        what: entries[3].1.what.clone(),
        actor: redacted.actor,
        ..entries[3].1.clone()
    };
    bench
        .commit(vec![Op::Redact {
            position: GAP.1,
            entry: redacted.clone(),
        }])
        .await;
    entries[3].1 = redacted;
    assert_eq!(positions(&bench).await, entries);
}

/// An organisation that has its record may be in use: nothing is copied over it. Others still are.
pub async fn an_organisation_that_is_there_is_left_alone(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let org = bench.make.record(&Key::Org { org: id(ORG) });
    let route = |make: &mut Generator, owner| {
        let key = make.key(RecordKind::Route);
        match make.record(&key) {
            Record::Route(route) => Record::Route(Route { org: owner, ..route }),
            other => other,
        }
    };
    let whole = portion([(blank_contact(id(ORG), id(1)).into(), 5), (org.clone(), 2)]);
    bench.store.copy_in(whole.clone()).await.unwrap();
    let before = bench.everything().await;
    let mut with_entry = Portion::default();
    with_entry.entries.push((1, bench.make.entry(id(ORG))));
    let of_it = route(&mut bench.make, id(ORG));
    for refused in [
        whole,
        portion([(org, 3)]),
        portion([(blank_contact(id(ORG), id(2)).into(), 1)]),
        portion([(blank_contact(id(2), id(2)).into(), 1), (of_it, 1)]),
        with_entry,
    ] {
        let error = bench.store.copy_in(refused).await.unwrap_err();
        assert_eq!(error.kind, StorageErrorKind::Conflict, "{error}");
        assert_eq!(bench.everything().await, before);
    }
    let of_another = route(&mut bench.make, id(2));
    let others = portion([(blank_contact(id(2), id(2)).into(), 1), (of_another, 1)]);
    bench.store.copy_in(others).await.unwrap();
    let all = Query::Records {
        org: None,
        kind: RecordKind::Contact,
    };
    let page = bench.store.page(PageRequest::first(all, 10)).await.unwrap();
    assert_eq!(page.records.len(), 2);
}
