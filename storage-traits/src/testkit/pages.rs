//! Every query finds its records, in its order, in pages of any size, both ways.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use chrono::{DateTime, TimeDelta, Utc};
use tertulia_core::audit::{Leaf, Seal};
use tertulia_core::broadcast::{Broadcast, BroadcastState, Bucket, RecipientFilter};
use tertulia_core::contact::{Contact, ContactOrder};
use tertulia_core::conversation::{Author, Conversation, Handler, HandlerKind, Message};
use tertulia_core::ctwa::Touch;
use tertulia_core::erasure::Erasure;
use tertulia_core::filter::{Filter, TimeFilter};
use tertulia_core::ids::{BroadcastId, ContactId, OrgId};
use tertulia_core::inbox::{ConversationFilter, ConversationOrder};
use tertulia_core::journal::EntryFilter;
use tertulia_core::ledger::{Dispatch, DispatchState, StateName, UNKNOWN_AFTER};
use tertulia_core::media::MediaFile;
use tertulia_core::note::Note;
use tertulia_core::record::{Key, Op, Record, RecordKind};
use tertulia_core::sequence::{EnrollmentFilter, SequenceState, Stage};
use tertulia_core::survey::Survey;
use tertulia_core::turn::Turn;

use super::StoreFactory;
use super::generate::epoch;
use super::sequences::{enrollment, sequence, step_row, wait_until};
use super::support::{Bench, blank_contact, id, keys, sequence_id, waiting};
use crate::{Cursor, JournalRequest, JournalView, PageRequest, Query, StorageErrorKind};

fn at(seconds: i64) -> DateTime<Utc> {
    epoch() + TimeDelta::seconds(seconds)
}

fn contact(org: u128, number: u128) -> Key {
    Key::Contact {
        org: id(org),
        contact: id(number),
    }
}

/// All records of a kind, of one organisation or all, by key; those without organisation with all only.
pub async fn records_of_each_kind(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let mut given: BTreeMap<RecordKind, Vec<Key>> = BTreeMap::new();
    for kind in RecordKind::ALL {
        let keys = given.entry(*kind).or_default();
        for _ in 0..12 {
            let key = bench.make.key(*kind);
            let mut record = bench.make.record(&key);
            if let Record::Dispatch(row) = &mut record {
                row.origin = Author::StopConfirmation;
                row.step = None;
            }
            if !keys.contains(&key) {
                bench.insert([record]).await;
                keys.push(key);
            }
        }
        keys.sort();
    }
    let orgs = bench.make.orgs();
    for (kind, keys) in given {
        for org in orgs.iter().map(|org| Some(*org)).chain([None, Some(id(99))]) {
            let query = Query::Records { org, kind };
            let mut expected = keys.clone();
            expected.retain(|key| org.is_none() || key.org() == org);
            // Kinds of address and channels sort as the store likes.
            if matches!(
                kind,
                RecordKind::Route | RecordKind::Identity | RecordKind::Window
            ) {
                let mut found = bench.all(query.clone(), 3, false).await;
                let backwards = bench.all(query.clone(), 2, true).await;
                found.sort_by_key(|stored| stored.record.key());
                assert_eq!(self::keys(&found), expected, "{query:?}");
                expected = self::keys(&backwards);
                expected.reverse();
            }
            bench.finds(query, &expected).await;
        }
    }
}

/// The messages of a conversation, by time and id.
pub async fn messages_by_time(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let (org, other): (OrgId, OrgId) = (id(1), id(2));
    let key = |number: u128| Key::Message {
        org,
        message: id(number),
    };
    // (id, conversation, time)
    let given = [
        (5, 1, at(10)),
        (3, 1, at(10)),
        (9, 1, at(-3)),
        (1, 1, at(20)),
        (2, 2, at(15)),
        (4, 1, at(10) + TimeDelta::microseconds(1)),
        (6, 1, DateTime::UNIX_EPOCH - TimeDelta::seconds(1)),
    ];
    for (number, conversation, at) in given {
        for org in [org, other] {
            let random = bench.make.record(&key(number));
            let message = Message {
                org,
                conversation: id(conversation),
                at,
                ..random.try_into().unwrap()
            };
            bench.insert([message]).await;
        }
    }
    let query = |conversation: u128| Query::Messages {
        org,
        conversation: id(conversation),
    };
    bench.finds(query(1), &[6, 9, 3, 5, 4, 1].map(key)).await;
    bench.finds(query(2), &[key(2)]).await;
    bench.finds(query(3), &[]).await;

    let moved = bench.get(&key(6)).await.unwrap();
    let moved = Message {
        at: at(12),
        ..moved.record.try_into().unwrap()
    };
    bench.commit(vec![Op::Update(moved.into(), 1)]).await;
    bench.finds(query(1), &[9, 3, 5, 4, 6, 1].map(key)).await;
}

/// The contacts of an organisation by each order and id: names folded and the nameless last, those who were never active
/// first; a contact whose name or time changes moves.
pub async fn contacts_by_each_order(factory: &dyn StoreFactory) {
    let bench = Bench::new(factory).await;
    let org: OrgId = id(1);
    // (id, name, created, last interaction)
    let given = [
        (1, Some("ÉVA"), at(5), Some(at(9))),
        (2, None, at(1), None),
        (3, Some("eva  b"), at(5), Some(at(-9))),
        (4, Some("Zoë"), at(4), Some(at(9) + TimeDelta::microseconds(1))),
        (5, Some("eva"), DateTime::UNIX_EPOCH - TimeDelta::days(1), None),
        (6, Some("日本"), at(6), Some(at(9))),
        (
            7,
            Some(" \n"),
            at(7),
            Some(DateTime::UNIX_EPOCH - TimeDelta::days(1)),
        ),
        (8, Some("Adão"), at(8), Some(at(3))),
    ];
    for (number, name, created_at, last_interaction) in given {
        for org in [org, id(2)] {
            let contact = Contact {
                name: name.map(ToOwned::to_owned),
                created_at,
                last_interaction,
                ..blank_contact(org, id(number))
            };
            bench.insert([contact]).await;
        }
    }
    let query = |order, filter| Query::Contacts {
        org,
        filter,
        order: Some(order),
    };
    let sorted = |order| query(order, Filter::Everyone);
    let key = |number| contact(1, number);
    let by_name = [8, 1, 5, 3, 4, 6, 2, 7];
    bench.finds(sorted(ContactOrder::Name), &by_name.map(key)).await;
    let by_creation = [5, 2, 4, 1, 3, 6, 7, 8];
    bench
        .finds(sorted(ContactOrder::Created), &by_creation.map(key))
        .await;
    let by_activity = [2, 5, 7, 3, 8, 1, 6, 4];
    bench
        .finds(sorted(ContactOrder::LastActive), &by_activity.map(key))
        .await;
    let silent = Filter::LastInteraction(TimeFilter::Never);
    bench
        .finds(query(ContactOrder::Name, silent), &[5, 2].map(key))
        .await;

    let changed = Contact {
        name: Some("abc".to_owned()),
        last_interaction: Some(at(99)),
        created_at: at(99),
        ..blank_contact(org, id(4))
    };
    bench.commit(vec![Op::Update(changed.into(), 1)]).await;
    bench
        .finds(sorted(ContactOrder::Name), &[4, 8, 1, 5, 3, 6, 2, 7].map(key))
        .await;
    bench
        .finds(sorted(ContactOrder::Created), &[5, 2, 1, 3, 6, 7, 8, 4].map(key))
        .await;
    bench
        .finds(
            sorted(ContactOrder::LastActive),
            &[2, 5, 7, 3, 8, 1, 6, 4].map(key),
        )
        .await;
}

/// The conversations of an organisation, or of one contact, by last activity and id.
pub async fn conversations_by_last_activity(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let (org, other): (OrgId, OrgId) = (id(1), id(2));
    let key = |number: u128| Key::Conversation {
        org,
        conversation: id(number),
    };
    let conversation = |bench: &mut Bench, org, number, contact, at| Conversation {
        org,
        contact: id(contact),
        last_activity: at,
        ..bench.make.record(&key(number)).try_into().unwrap()
    };
    // (id, contact, last activity)
    for (number, contact, last) in [(4, 1, 7), (2, 2, 7), (1, 1, 9), (3, 1, 5)] {
        for org in [org, other] {
            let new = conversation(&mut bench, org, number, contact, at(last));
            bench.insert([new]).await;
        }
    }
    let query = |contact: Option<ContactId>| Query::Conversations {
        org,
        filter: contact.map_or_else(ConversationFilter::all, ConversationFilter::of),
        order: ConversationOrder::Activity,
    };
    bench.finds(query(None), &[3, 2, 4, 1].map(key)).await;
    bench.finds(query(Some(id(1))), &[3, 4, 1].map(key)).await;
    bench.finds(query(Some(id(9))), &[]).await;

    let active = conversation(&mut bench, org, 3, 1, at(8));
    bench.commit(vec![Op::Update(active.into(), 1)]).await;
    bench.finds(query(None), &[2, 4, 3, 1].map(key)).await;
}

/// The notes about a contact, by time and id.
pub async fn notes_of_a_contact(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let (org, other): (OrgId, OrgId) = (id(1), id(2));
    let key = |number: u128| Key::Note {
        org,
        note: id(number),
    };
    // (id, contact, when it was written)
    for (number, contact, seconds) in [(4, 1, 7), (2, 2, 7), (1, 1, 9), (3, 1, 5), (5, 1, 7)] {
        for org in [org, other] {
            let own = Key::Note {
                org,
                note: id(number),
            };
            let note = Note {
                contact: id(contact),
                at: at(seconds),
                ..bench.make.record(&own).try_into().unwrap()
            };
            bench.insert([note]).await;
        }
    }
    let query = |contacts: &[u128]| Query::Notes {
        org,
        contacts: contacts.iter().copied().map(id).collect(),
    };
    bench.finds(query(&[1]), &[3, 4, 5, 1].map(key)).await;
    bench.finds(query(&[2]), &[key(2)]).await;
    bench.finds(query(&[]), &[]).await;
    bench.finds(query(&[9]), &[]).await;
    let both = bench.all(query(&[2, 1]), 2, false).await;
    assert_eq!(both, bench.all(query(&[1, 2]), 9, false).await);
    assert_eq!(both.len(), 5, "by time, whoever they are about");
    assert!(both.is_sorted_by_key(|note| match &note.record {
        Record::Note(note) => note.at,
        _ => at(0),
    }));
    bench.commit(vec![Op::Remove(key(4), 1)]).await;
    bench.finds(query(&[1]), &[3, 5, 1].map(key)).await;
}

/// The files of contacts' messages, by message.
pub async fn media_files_of_contacts(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let (org, other): (OrgId, OrgId) = (id(1), id(2));
    let key = |org, number: u128| Key::MediaFile {
        org,
        message: id(number),
    };
    for (number, contact) in [(4, 1), (2, 2), (1, 1), (3, 3)] {
        for org in [org, other] {
            let file = MediaFile {
                contact: id(contact),
                ..bench.make.record(&key(org, number)).try_into().unwrap()
            };
            bench.insert([file]).await;
        }
    }
    let query = |contacts: &[u128]| Query::MediaFiles {
        org,
        contacts: contacts.iter().copied().map(id).collect(),
    };
    bench
        .finds(query(&[1]), &[1, 4].map(|number| key(org, number)))
        .await;
    bench
        .finds(query(&[2, 1]), &[1, 2, 4].map(|number| key(org, number)))
        .await;
    bench.finds(query(&[]), &[]).await;
    bench.finds(query(&[9]), &[]).await;
    bench.commit(vec![Op::Remove(key(org, 4), 1)]).await;
    bench.finds(query(&[1]), &[key(org, 1)]).await;
}

/// The touches of a period, by time and message; the period is half-open.
pub async fn touches_of_a_period(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let (org, other): (OrgId, OrgId) = (id(1), id(2));
    let key = |org, number: u128| Key::Touch {
        org,
        message: id(number),
    };
    for (number, seconds) in [(4, 7), (2, 5), (1, 9), (3, 7)] {
        for org in [org, other] {
            let touch = Touch {
                at: at(seconds),
                ..bench.make.record(&key(org, number)).try_into().unwrap()
            };
            bench.insert([touch]).await;
        }
    }
    let query = |from, until| Query::Touches {
        org,
        from: at(from),
        until: at(until),
    };
    bench
        .finds(query(5, 10), &[2, 3, 4, 1].map(|number| key(org, number)))
        .await;
    bench
        .finds(query(6, 9), &[3, 4].map(|number| key(org, number)))
        .await;
    bench.finds(query(9, 9), &[]).await;
    bench.finds(query(9, 5), &[]).await;
}

/// The surveys that went out in a period, by time and id; the period is half-open, and those that wait are in none.
pub async fn surveys_of_a_period(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let (org, other): (OrgId, OrgId) = (id(1), id(2));
    let key = |org, number: u128| Key::Survey {
        org,
        survey: id(number),
    };
    for (number, seconds) in [(4, Some(7)), (2, Some(5)), (5, None), (1, Some(9)), (3, Some(7))] {
        for org in [org, other] {
            let survey = Survey {
                asked_at: seconds.map(at),
                ..bench.make.record(&key(org, number)).try_into().unwrap()
            };
            bench.insert([survey]).await;
        }
    }
    let query = |from, until| Query::Surveys {
        org,
        from: at(from),
        until: at(until),
    };
    bench
        .finds(query(5, 10), &[2, 3, 4, 1].map(|number| key(org, number)))
        .await;
    bench
        .finds(query(6, 9), &[3, 4].map(|number| key(org, number)))
        .await;
    bench.finds(query(9, 9), &[]).await;
    let asked = Survey {
        asked_at: Some(at(6)),
        ..bench.make.record(&key(org, 5)).try_into().unwrap()
    };
    bench.commit(vec![Op::Update(asked.into(), 1)]).await;
    bench
        .finds(query(6, 9), &[5, 3, 4].map(|number| key(org, number)))
        .await;
}

/// The ledger rows of a broadcast, in all states or any of some, by id.
pub async fn dispatches_by_state(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let org: OrgId = id(1);
    let key = |number: u128| Key::Dispatch {
        org,
        dispatch: id(number),
    };
    let mut by_state: BTreeMap<StateName, Vec<u128>> = BTreeMap::new();
    let mut number = 0;
    for state in StateName::ALL.into_iter().chain(StateName::ALL) {
        for broadcast in [1, 2] {
            number += 1;
            let mut row = waiting(&mut bench.make, org, number);
            row.origin = Author::Broadcast(id(broadcast));
            row.state = bench.make.dispatch_state(state);
            bench.insert([row.clone()]).await;
            if broadcast == 1 {
                by_state.entry(state).or_default().push(number);
            }
        }
    }
    let mut asked: Vec<Vec<StateName>> = StateName::ALL.map(|state| vec![state]).to_vec();
    asked.push(StateName::ALL.to_vec());
    asked.push(vec![StateName::Read, StateName::Pending, StateName::Read]);
    for states in asked {
        let mut expected: Vec<u128> = by_state
            .iter()
            .filter(|(state, _)| states.contains(state))
            .flat_map(|(_, rows)| rows.clone())
            .collect();
        expected.sort_unstable();
        let expected: Vec<Key> = expected.into_iter().map(key).collect();
        let query = |states: Vec<StateName>| Query::Dispatches {
            org,
            broadcast: id(1),
            recipients: RecipientFilter::in_states(&states),
        };
        if states.len() == StateName::ALL.len() {
            bench.finds(query(Vec::new()), &expected).await;
        }
        bench.finds(query(states), &expected).await;
    }
}

/// The rows of a broadcast by reason, and by what its recipients did.
pub async fn dispatches_by_bucket(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let org: OrgId = id(1);
    let mut rows = Vec::new();
    for number in 1..=120 {
        let mut row = bench.make.dispatch(org, id(number));
        row.origin = Author::Broadcast(id(1));
        row.step = None;
        row.contact = id(number);
        row.match_key = None;
        bench.insert([row.clone()]).await;
        rows.push(row);
    }
    for _ in 0..60 {
        let recipients = bench.make.recipients();
        let fits = |row: &&Dispatch| recipients.matches(&Bucket::of(row));
        let expected: Vec<Key> = rows
            .iter()
            .filter(fits)
            .map(|row| Record::from(row.clone()).key())
            .collect();
        let query = Query::Dispatches {
            org,
            broadcast: id(1),
            recipients: recipients.clone(),
        };
        bench.finds(query, &expected).await;
    }
}

/// The rows of a contact that are pending or leased, by id, of any origin.
pub async fn open_dispatches_of_a_contact(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let org: OrgId = id(1);
    let mut open = Vec::new();
    let mut number = 0;
    for contact in [1, 2] {
        for state in StateName::ALL.into_iter().rev() {
            number += 1;
            let mut row = waiting(&mut bench.make, org, number);
            match number % 3 {
                0 => row.origin = Author::Broadcast(id(number)),
                1 => {
                    row.origin = Author::Sequence(sequence_id(1));
                    row.step = Some(step_row("welcome"));
                }
                _ => {}
            }
            row.contact = id(contact);
            row.state = bench.make.dispatch_state(state);
            let key = Record::from(row.clone()).key();
            let elsewhere = Dispatch {
                org: id(2),
                ..row.clone()
            };
            bench.insert([row, elsewhere]).await;
            if contact == 1 && matches!(state, StateName::Pending | StateName::Leased) {
                open.push(key);
            }
        }
    }
    let query = |contact: u128| Query::OpenDispatches {
        org,
        contact: id(contact),
    };
    bench.finds(query(1), &open).await;
    bench.finds(query(3), &[]).await;
}

/// The rows that a broadcast has for some contacts, in whatever state, by id.
pub async fn recipients_of_some_contacts(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let org: OrgId = id(1);
    let mut rows = BTreeMap::new();
    let mut number = 0;
    for contact in [3, 1, 2] {
        for origin in [
            Author::Broadcast(id(7)),
            Author::Broadcast(id(8)),
            Author::Sequence(sequence_id(7)),
            Author::StopConfirmation,
        ] {
            number += 1;
            let mut row = waiting(&mut bench.make, org, number);
            row.contact = id(contact);
            let state = bench.make.one_of(&StateName::ALL);
            row.state = bench.make.dispatch_state(state);
            row.origin = origin.clone();
            row.step = row.sequence().map(|_| step_row("welcome"));
            let elsewhere = Dispatch {
                org: id(2),
                ..row.clone()
            };
            if origin == Author::Broadcast(id(7)) {
                rows.insert(contact, Record::from(row.clone()).key());
            }
            bench.insert([row, elsewhere]).await;
        }
    }
    let query = |contacts: &[u128]| Query::Recipients {
        org,
        broadcast: id(7),
        contacts: contacts.iter().copied().map(id).collect(),
    };
    let key = |contact: u128| rows[&contact].clone();
    bench.finds(query(&[1, 3]), &[key(3), key(1)]).await;
    bench.finds(query(&[2]), &[key(2)]).await;
    bench.finds(query(&[9]), &[]).await;
    bench.finds(query(&[]), &[]).await;
}

/// The seals that a position lies in, from their first entry to their last.
pub async fn seals_of_some_positions(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let key = |number| Key::Seal { org: id(1), number };
    for (number, positions) in [(1, [1, 5, 9]), (2, [12, 13, 20]), (10, [21, 22, 30])] {
        let mut seal: Seal = bench.make.record(&key(number)).try_into().unwrap();
        let leaf = |position| Leaf {
            position,
            digest: seal.head,
            salt: None,
        };
        seal.leaves = positions.map(leaf).to_vec();
        let elsewhere = Seal {
            org: id(2),
            ..seal.clone()
        };
        bench.insert([seal, elsewhere]).await;
    }
    let query = |positions: &[u64]| Query::Seals {
        org: id(1),
        positions: positions.to_vec(),
    };
    bench.finds(query(&[9, 21]), &[key(1), key(10)]).await;
    bench
        .finds(query(&[1, 2, 12, 30, 400]), &[key(1), key(2), key(10)])
        .await;
    bench.finds(query(&[10, 11, 31]), &[]).await;
    bench.finds(query(&[]), &[]).await;
    let all = Query::Records {
        org: Some(id(1)),
        kind: RecordKind::Seal,
    };
    bench.finds(all, &[key(1), key(2), key(10)]).await;
}

/// The rows of all organisations in the state whose time has come, that very instant included.
pub async fn due_rows_of_all_organisations(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let key = |(org, number): (u128, u128)| Key::Dispatch {
        org: id(org),
        dispatch: id(number),
    };
    let due = at(100);
    let just_after = due + TimeDelta::microseconds(1);
    let sending = |due: DateTime<Utc>| DispatchState::Sending {
        since: due - UNKNOWN_AFTER,
    };
    let unknown = |until| DispatchState::Unknown { since: at(0), until };
    let leased = DispatchState::Leased {
        worker: "w".to_owned(),
        until: at(0),
    };
    let given = [
        (2, 1, sending(due)),
        (1, 2, sending(at(0))),
        (1, 1, sending(just_after)),
        (2, 3, sending(at(99))),
        (1, 3, sending(at(50))),
        (1, 4, unknown(due)),
        (2, 5, unknown(just_after)),
        (2, 6, unknown(at(1))),
        (1, 7, DispatchState::Pending),
        (1, 8, leased),
        (1, 9, DispatchState::Unconfirmed),
    ];
    for (org, number, state) in given {
        let mut row = waiting(&mut bench.make, id(org), number);
        row.state = state;
        bench.insert([row]).await;
    }
    let query = |state, by| Query::Due { state, by };
    bench
        .finds(
            query(StateName::Sending, due),
            &[(2, 1), (1, 2), (1, 3), (2, 3)].map(key),
        )
        .await;
    bench
        .finds(query(StateName::Unknown, due), &[(1, 4), (2, 6)].map(key))
        .await;
    bench
        .finds(
            query(StateName::Unknown, just_after),
            &[(1, 4), (2, 5), (2, 6)].map(key),
        )
        .await;
    bench.finds(query(StateName::Unknown, at(0)), &[]).await;
}

/// The running broadcasts of all organisations, by key; not drafts, not finished ones.
pub async fn running_broadcasts_of_all_organisations(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let running = BroadcastState::Running { since: at(0) };
    let finished = BroadcastState::Finished {
        launched: at(0),
        at: at(1),
    };
    let key = |(org, number): (u128, u128)| Key::Broadcast {
        org: id(org),
        broadcast: id(number),
    };
    let given = [
        (2, 1, &running),
        (1, 3, &running),
        (1, 2, &BroadcastState::Draft),
        (1, 1, &running),
        (2, 2, &finished),
    ];
    for (org, number, state) in given {
        let broadcast = Broadcast {
            state: state.clone(),
            ..bench.make.record(&key((org, number))).try_into().unwrap()
        };
        bench.insert([broadcast]).await;
    }
    let query = Query::RunningBroadcasts;
    bench
        .finds(query.clone(), &[(1, 1), (1, 3), (2, 1)].map(key))
        .await;
    let found = bench.get(&key((1, 1))).await.unwrap();
    let done = Broadcast {
        state: finished,
        ..found.record.try_into().unwrap()
    };
    bench.commit(vec![Op::Update(done.into(), 1)]).await;
    bench.finds(query, &[(1, 3), (2, 1)].map(key)).await;
}

/// The conversations whose turn is due, of one handler's name, of all organisations: the one that waits longest first.
pub async fn due_turns_of_all_organisations(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let key = |(org, number): (u128, u128)| Key::Conversation {
        org: id(org),
        conversation: id(number),
    };
    let given = [
        (2, 1, "clerk", Some(3)),
        (1, 1, "clerk", Some(3)),
        (1, 2, "clerk", Some(1)),
        (1, 3, "clerk", Some(4)),
        (1, 4, "clerk", None),
        (1, 5, "ana", Some(1)),
        (2, 6, "clerk", Some(2)),
    ];
    for (org, number, name, due) in given {
        let mut thread: Conversation = bench.make.record(&key((org, number))).try_into().unwrap();
        thread.handler = Some(Handler {
            name: name.to_owned(),
            kind: HandlerKind::Bot,
        });
        thread.turn = due.map(|due| Turn::new(id(number), vec![id(1)], at(due)));
        bench.insert([thread]).await;
    }
    let query = |name: &str, by| Query::DueTurns {
        handler: name.to_owned(),
        by: at(by),
    };
    bench
        .finds(query("clerk", 3), &[(1, 2), (2, 6), (1, 1), (2, 1)].map(key))
        .await;
    bench.finds(query("ana", 3), &[(1, 5)].map(key)).await;
    bench.finds(query("Clerk", 3), &[]).await;
    let mut done: Conversation = bench.get(&key((1, 2))).await.unwrap().record.try_into().unwrap();
    done.turn = None;
    bench.commit(vec![Op::Update(done.into(), 1)]).await;
    bench
        .finds(query("clerk", 4), &[(2, 6), (1, 1), (2, 1), (1, 3)].map(key))
        .await;
    let mut taken: Conversation = bench.get(&key((2, 6))).await.unwrap().record.try_into().unwrap();
    if let Some(turn) = &mut taken.turn {
        turn.due = at(9);
    }
    taken.handler = None;
    bench.commit(vec![Op::Update(taken.into(), 1)]).await;
    bench
        .finds(query("clerk", 9), &[(1, 1), (2, 1), (1, 3)].map(key))
        .await;
}

/// Broadcasts whose time has come, and those that are being called off; of all organisations.
pub async fn due_broadcasts_of_all_organisations(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let key = |(org, number): (u128, u128)| Key::Broadcast {
        org: id(org),
        broadcast: id(number),
    };
    let scheduled = |seconds| BroadcastState::Scheduled { at: at(seconds) };
    let given = [
        (2, 1, scheduled(10)),
        (1, 2, scheduled(11)),
        (1, 1, scheduled(-5)),
        (1, 3, BroadcastState::Draft),
        (2, 3, BroadcastState::Running { since: at(0) }),
        (
            2,
            2,
            BroadcastState::Cancelling {
                launched: at(0),
                since: at(9),
            },
        ),
    ];
    for (org, number, state) in given {
        let broadcast = Broadcast {
            state,
            ..bench.make.record(&key((org, number))).try_into().unwrap()
        };
        bench.insert([broadcast]).await;
    }
    let by = |seconds| Query::DueBroadcasts { by: at(seconds) };
    bench.finds(by(8), &[(1, 1)].map(key)).await;
    bench.finds(by(10), &[(1, 1), (2, 1), (2, 2)].map(key)).await;
    bench
        .finds(by(11), &[(1, 1), (1, 2), (2, 1), (2, 2)].map(key))
        .await;
    let found = bench.get(&key((1, 1))).await.unwrap();
    let held = Broadcast {
        state: BroadcastState::Held {
            due: at(-5),
            since: at(9),
            refusal: None,
        },
        ..found.record.try_into().unwrap()
    };
    bench.commit(vec![Op::Update(held.into(), 1)]).await;
    bench.finds(by(10), &[(2, 1), (2, 2)].map(key)).await;
}

/// The erasures that are not done, of all organisations.
pub async fn open_erasures_of_all_organisations(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let key = |(org, number): (u128, u128)| Key::Erasure {
        org: id(org),
        contact: id(number),
    };
    for (org, number, scrubbed) in [
        (2, 1, false),
        (1, 3, false),
        (1, 2, true),
        (1, 1, false),
        (2, 2, true),
    ] {
        let mut erasure: Erasure = bench.make.record(&key((org, number))).try_into().unwrap();
        erasure.certificate.scrubbed = scrubbed;
        bench.insert([erasure]).await;
    }
    let query = Query::OpenErasures;
    bench
        .finds(query.clone(), &[(1, 1), (1, 3), (2, 1)].map(key))
        .await;
    let mut done: Erasure = bench.get(&key((1, 1))).await.unwrap().record.try_into().unwrap();
    done.certificate.scrubbed = true;
    bench.commit(vec![Op::Update(done.into(), 1)]).await;
    bench.finds(query, &[(1, 3), (2, 1)].map(key)).await;
}

/// Records that are there throughout come once each, whatever is written and removed between two pages; even if the
/// record goes at which a page ended.
pub async fn pages_hold_still_while_others_write(factory: &dyn StoreFactory) {
    let orders = [
        None,
        Some(ContactOrder::Created),
        Some(ContactOrder::Name),
        Some(ContactOrder::LastActive),
    ];
    // Somebody whose place is the same in every order.
    let person = |number: u128| {
        let when = at(i64::try_from(number).unwrap());
        Contact {
            name: Some(format!("Person {number:03}")),
            created_at: when,
            last_interaction: Some(when),
            ..blank_contact(id(1), id(number))
        }
    };
    for (order, (backwards, limit)) in orders.into_iter().flat_map(|order| {
        let ways = [
            (false, 1),
            (false, 3),
            (false, 4),
            (true, 1),
            (true, 2),
            (true, 4),
        ];
        ways.map(move |way| (order, way))
    }) {
        let bench = Bench::new(factory).await;
        let stays: Vec<Key> = (20..=200).step_by(20).map(|number| contact(1, number)).collect();
        let goes: Vec<Key> = (10..=200).step_by(20).map(|number| contact(1, number)).collect();
        for number in (10..=200).step_by(10) {
            bench.insert([person(number)]).await;
        }
        let query = Query::Contacts {
            org: id(1),
            filter: Filter::Everyone,
            order,
        };
        let mut request = PageRequest {
            backwards,
            ..PageRequest::first(query, limit)
        };
        let mut seen = Vec::new();
        for round in 1.. {
            let page = bench.store.page(request.clone()).await.unwrap();
            seen.extend(keys(&page.records));
            assert!(seen.len() < 500, "the pages never end: {seen:?}");
            // New ones before and behind the place, as long as numbers last, and away with those that may go.
            for number in (10..=200).step_by(30).filter(|_| round < 10) {
                bench.insert([person(number + round)]).await;
            }
            for stored in page.records {
                let key = stored.record.key();
                if goes.contains(&key) {
                    bench.commit(vec![Op::Remove(key, stored.version)]).await;
                }
            }
            request.cursor = page.next;
            if request.cursor.is_none() {
                break;
            }
        }
        if backwards {
            seen.reverse();
        }
        assert!(
            seen.windows(2).all(|two| two[0] < two[1]),
            "out of order, or twice: {seen:?}"
        );
        for key in stays {
            assert!(seen.contains(&key), "{key:?} was there throughout: {seen:?}");
        }
    }
}

/// A cursor of one query, and any other text, is refused by every other query.
pub async fn a_cursor_is_good_for_its_own_query(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let broadcast: BroadcastId = id(1);
    for org in [1, 2] {
        for number in 1..=2 {
            let mut row = waiting(&mut bench.make, id(org), number);
            row.origin = Author::Broadcast(broadcast);
            let mut unknown = waiting(&mut bench.make, id(org), number + 10);
            unknown.state = DispatchState::Unknown {
                since: at(0),
                until: at(1),
            };
            let mut open = waiting(&mut bench.make, id(org), number + 20);
            open.contact = id(1);
            bench.insert([row, unknown, open]).await;
            bench.insert([blank_contact(id(org), id(number))]).await;
            let message = Message {
                conversation: id(1),
                ..message_record(&mut bench, org, number)
            };
            let conversation_key = Key::Conversation {
                org: id(org),
                conversation: id(number),
            };
            let conversation = Conversation {
                contact: id(1),
                handler: Some(Handler {
                    name: "clerk".to_owned(),
                    kind: HandlerKind::Bot,
                }),
                turn: Some(Turn::new(id(number), vec![id(1)], at(1))),
                ..bench.make.record(&conversation_key).try_into().unwrap()
            };
            let broadcast_key = Key::Broadcast {
                org: id(org),
                broadcast: id(number),
            };
            let running = Broadcast {
                state: BroadcastState::Running { since: at(0) },
                ..bench.make.record(&broadcast_key).try_into().unwrap()
            };
            let scheduled = Broadcast {
                id: id(number + 10),
                state: BroadcastState::Scheduled { at: at(1) },
                ..running.clone()
            };
            let erasure_key = Key::Erasure {
                org: id(org),
                contact: id(number),
            };
            let mut erasure: Erasure = bench.make.record(&erasure_key).try_into().unwrap();
            erasure.certificate.scrubbed = false;
            let active = sequence(&mut bench, org, number, SequenceState::Active { since: at(0) });
            // Each waits, all contacts in both sequences.
            let in_one = enrollment(&mut bench, org, number, (1, 1), wait_until(at(1)));
            let in_other = enrollment(&mut bench, org, number + 10, (2, 1), wait_until(at(1)));
            let records: [Record; 8] = [
                message.into(),
                conversation.into(),
                running.into(),
                scheduled.into(),
                erasure.into(),
                active.into(),
                in_one.into(),
                in_other.into(),
            ];
            bench.insert(records).await;
        }
    }
    let queries = queries(broadcast);
    let mut cursors: Vec<(usize, Cursor)> = Vec::new();
    for (index, query) in queries.iter().enumerate() {
        let page = bench
            .store
            .page(PageRequest::first(query.clone(), 1))
            .await
            .unwrap();
        let next = page
            .next
            .unwrap_or_else(|| panic!("one of two or more, so there is a next page: {query:?}"));
        cursors.push((index, next));
    }
    for (index, query) in queries.iter().enumerate() {
        let foreign = cursors
            .iter()
            .filter(|(of, _)| *of != index)
            .map(|(_, cursor)| cursor.clone());
        let nonsense = ["", "1", "nonsense", "é\0'", "ffff"].map(|text| Cursor(text.to_owned()));
        for cursor in foreign.chain(nonsense) {
            let request = PageRequest {
                cursor: Some(cursor.clone()),
                ..PageRequest::first(query.clone(), 1)
            };
            let answer = bench.store.page(request).await.map(|page| page.records);
            match answer {
                Err(error) => assert_eq!(error.kind, StorageErrorKind::BadCursor, "{query:?}: {error}"),
                Ok(records) => panic!("{query:?} took {cursor:?} and gave {records:?}"),
            }
        }
    }
    let request = JournalRequest {
        org: id(1),
        view: JournalView::Feed,
        filter: EntryFilter::default(),
        after: 0,
        cursor: Some(cursors[0].1.clone()),
        backwards: false,
        limit: 1,
    };
    let refused = bench.store.journal(request).await.map_err(|error| error.kind);
    assert_eq!(refused.err(), Some(StorageErrorKind::BadCursor));
}

fn message_record(bench: &mut Bench, org: u128, number: u128) -> Message {
    let key = Key::Message {
        org: id(org),
        message: id(number),
    };
    bench.make.record(&key).try_into().unwrap()
}

/// Queries that each find two records at least, and differ in every way that queries can.
fn queries(broadcast: BroadcastId) -> Vec<Query> {
    let records = |org: Option<u128>, kind| Query::Records {
        org: org.map(id),
        kind,
    };
    let contacts = |org: u128, filter| Query::Contacts {
        org: id(org),
        filter,
        order: None,
    };
    let sorted = |order| Query::Contacts {
        org: id(1),
        filter: Filter::Everyone,
        order: Some(order),
    };
    let not_opted_in = Filter::OptedIn(false);
    let dispatches = |states: Vec<StateName>| Query::Dispatches {
        org: id(1),
        broadcast,
        recipients: RecipientFilter::in_states(&states),
    };
    let conversations = |org: u128, filter: ConversationFilter| Query::Conversations {
        org: id(org),
        filter,
        order: ConversationOrder::Activity,
    };
    let messages = |org: u128| Query::Messages {
        org: id(org),
        conversation: id(1),
    };
    let open = |org: u128| Query::OpenDispatches {
        org: id(org),
        contact: id(1),
    };
    let due = |seconds| Query::Due {
        state: StateName::Unknown,
        by: at(seconds),
    };
    let enrollments = |org: u128, sequence, states| Query::Enrollments {
        org: id(org),
        sequence: sequence_id(sequence),
        filter: EnrollmentFilter {
            states,
            ..EnrollmentFilter::default()
        },
    };
    let enrollments_of = |org: u128, contacts: RangeInclusive<u128>| Query::EnrollmentsOf {
        org: id(org),
        contacts: contacts.map(id).collect(),
    };
    let due_enrollments = |org: u128, sequence, seconds| Query::DueEnrollments {
        org: id(org),
        sequence: sequence_id(sequence),
        by: at(seconds),
    };
    vec![
        records(None, RecordKind::Contact),
        records(Some(1), RecordKind::Contact),
        records(Some(2), RecordKind::Contact),
        records(Some(1), RecordKind::Message),
        contacts(1, Filter::Everyone),
        contacts(2, Filter::Everyone),
        contacts(1, not_opted_in),
        sorted(ContactOrder::Created),
        sorted(ContactOrder::Name),
        sorted(ContactOrder::LastActive),
        messages(1),
        messages(2),
        conversations(1, ConversationFilter::all()),
        conversations(1, ConversationFilter::of(id(1))),
        conversations(2, ConversationFilter::all()),
        Query::Conversations {
            org: id(1),
            filter: ConversationFilter::all(),
            order: ConversationOrder::Id,
        },
        dispatches(Vec::new()),
        dispatches(vec![StateName::Pending]),
        open(1),
        open(2),
        due(1),
        due(2),
        enrollments(1, 1, Vec::new()),
        enrollments(2, 1, Vec::new()),
        enrollments(1, 2, Vec::new()),
        enrollments(1, 1, vec![Stage::Waiting]),
        enrollments_of(1, 1..=1),
        enrollments_of(2, 1..=1),
        enrollments_of(1, 1..=2),
        due_enrollments(1, 1, 1),
        due_enrollments(2, 1, 1),
        due_enrollments(1, 2, 1),
        due_enrollments(1, 1, 2),
        Query::DueSequences { by: at(1) },
        Query::DueSequences { by: at(2) },
        Query::DueTurns {
            handler: "clerk".to_owned(),
            by: at(100),
        },
        Query::RunningBroadcasts,
        Query::DueBroadcasts { by: at(9) },
        Query::OpenErasures,
    ]
}
