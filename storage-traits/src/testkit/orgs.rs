//! Two organisations never meet, even if all their ids are the same.

use chrono::{DateTime, Utc};
use tertulia_core::broadcast::{Audience, RecipientFilter};
use tertulia_core::contact::ContactOrder;
use tertulia_core::conversation::Author;
use tertulia_core::filter::Filter;
use tertulia_core::ids::OrgId;
use tertulia_core::inbox::{ConversationFilter, ConversationOrder};
use tertulia_core::ledger::{Campaign, DispatchState};
use tertulia_core::record::{Key, Op, Record, RecordKind};
use tertulia_core::selection::Selection;
use tertulia_core::sequence::EnrollmentFilter;

use super::StoreFactory;
use super::audiences::audience;
use super::generate::{Generator, TAGS};
use super::sequences::step_row;
use super::support::{Bench, feed, id, sequence_id, sharing};
use crate::{JournalRequest, JournalView, Query};

/// What one organisation sees, by every query, count, view and load, is the same whether another one with the same ids
/// is in the store or not, and whatever that one does.
pub async fn organisations_never_meet(factory: &dyn StoreFactory) {
    let (alone, mut shared) = (Bench::new(factory).await, Bench::new(factory).await);
    let (mine, theirs): (OrgId, OrgId) = (id(1), id(2));
    let keys: Vec<Key> = (1..=4).flat_map(|number| keys(mine, number)).collect();
    let given = records(&mut shared.make, &keys);
    for bench in [&alone, &shared] {
        bench.insert(given.clone()).await;
        let mut make = Generator::new(3, 4);
        let entries = (0..60).map(|_| Op::Journal(make.entry(mine)));
        bench.commit(entries.collect()).await;
    }

    let others: Vec<Key> = (1..=4).flat_map(|number| self::keys(theirs, number)).collect();
    let other_records = records(&mut shared.make, &others);
    shared.insert(other_records.clone()).await;
    same_sight(&alone, &shared, mine, &keys).await;
    same_sight(&alone, &shared, id(99), &self::keys(id(99), 1)).await;

    for _ in 0..30 {
        let op = Op::Journal(shared.make.entry(theirs));
        shared.commit(vec![op]).await;
    }
    let again = records(&mut shared.make, &others);
    let updates = again.into_iter().map(|record| Op::Update(record, 1));
    shared.commit(updates.collect()).await;
    same_sight(&alone, &shared, mine, &keys).await;

    let mut audience: Audience = audience(&mut shared.make, theirs, Selection::Filter(Filter::Everyone));
    audience.broadcast.id = id(77);
    for contact in 1..=4 {
        // Nobody of them has an address, so that none is shared.
        let key = Key::Contact {
            org: theirs,
            contact: id(contact),
        };
        let blank = super::support::blank_contact(theirs, id(contact));
        let version = shared.version(&key).await;
        shared.commit(vec![Op::Update(blank.into(), version)]).await;
    }
    let committed = shared
        .commit(vec![Op::SnapshotAudience(Box::new(audience), 5)])
        .await;
    assert_eq!(committed.enlisted, 4, "of its own organisation");
    same_sight(&alone, &shared, mine, &keys).await;

    let mut removals = Vec::new();
    for key in others {
        removals.push(Op::Remove(key.clone(), shared.version(&key).await));
    }
    shared.commit(removals).await;
    same_sight(&alone, &shared, mine, &keys).await;
}

/// Keys of every kind that has an organisation, with ids by number.
fn keys(org: OrgId, number: u128) -> Vec<Key> {
    let mut make = Generator::new(u64::try_from(number).unwrap_or_default(), 1);
    let in_org = |key: Key| match key {
        Key::Org { .. } => Key::Org { org },
        Key::Account { .. } => Key::Account {
            org,
            account: id(number),
        },
        Key::Contact { .. } => Key::Contact {
            org,
            contact: id(number),
        },
        Key::Identity { kind, .. } => Key::Identity {
            org,
            kind,
            match_key: format!("+{number}"),
        },
        Key::ExternalRef { .. } => Key::ExternalRef {
            org,
            system: "shop".to_owned(),
            id: number.to_string(),
        },
        Key::Window { kind, .. } => Key::Window {
            org,
            account: id(number),
            kind,
            match_key: format!("+{number}"),
        },
        Key::Tag { .. } => Key::Tag {
            org,
            key: format!("tag {number}"),
        },
        Key::Label { .. } => Key::Label {
            org,
            key: format!("label {number}"),
        },
        Key::Rule { .. } => Key::Rule {
            org,
            rule: id(number),
        },
        Key::Attribute { .. } => Key::Attribute {
            org,
            name: format!("a{number}"),
        },
        Key::Member { .. } => Key::Member {
            org,
            member: id(number),
        },
        Key::Template { language, .. } => Key::Template {
            org,
            name: format!("t{number}"),
            language,
        },
        Key::Conversation { .. } => Key::Conversation {
            org,
            conversation: id(number),
        },
        Key::Message { .. } => Key::Message {
            org,
            message: id(number),
        },
        Key::MessageRef { .. } => Key::MessageRef {
            org,
            account: id(1),
            token: format!("m{number}"),
        },
        Key::Parked { .. } => Key::Parked {
            org,
            account: id(1),
            provider_id: format!("p{number}"),
        },
        Key::Broadcast { .. } => Key::Broadcast {
            org,
            broadcast: id(number),
        },
        Key::TargetList { .. } => Key::TargetList {
            org,
            broadcast: id(number),
        },
        Key::Sequence { .. } => Key::Sequence {
            org,
            sequence: sequence_id(number),
        },
        Key::SequenceVersion { version, .. } => Key::SequenceVersion {
            org,
            sequence: sequence_id(number),
            version,
        },
        Key::Enrollment { .. } => Key::Enrollment {
            org,
            enrollment: id(number),
        },
        Key::Dispatch { .. } => Key::Dispatch {
            org,
            dispatch: id(number),
        },
        Key::Slot { .. } => Key::Slot {
            org,
            contact: id(number),
        },
        Key::Import { .. } => Key::Import {
            org,
            import: id(number),
        },
        Key::Segment { .. } => Key::Segment {
            org,
            segment: id(number),
        },
        Key::SegmentName { .. } => Key::SegmentName {
            org,
            key: format!("s{number}"),
        },
        Key::MediaFile { .. } => Key::MediaFile {
            org,
            message: id(number),
        },
        Key::Touch { .. } => Key::Touch {
            org,
            message: id(number),
        },
        Key::Survey { .. } => Key::Survey {
            org,
            survey: id(number),
        },
        Key::QuickReply { .. } => Key::QuickReply {
            org,
            reply: id(number),
        },
        Key::QuickReplyName { .. } => Key::QuickReplyName {
            org,
            key: format!("q{number}"),
        },
        Key::Note { .. } => Key::Note {
            org,
            note: id(number),
        },
        Key::Merged { .. } => Key::Merged {
            org,
            contact: id(number),
        },
        Key::Suppression { .. } => Key::Suppression {
            org,
            hash: format!("h{number}"),
        },
        Key::Seal { .. } => Key::Seal {
            org,
            number: u64::try_from(number).unwrap_or(u64::MAX),
        },
        Key::Erasure { .. } => Key::Erasure {
            org,
            contact: id(number),
        },
        key @ (Key::Route { .. } | Key::Quarantined { .. }) => key,
    };
    RecordKind::ALL
        .iter()
        .map(|kind| in_org(make.key(*kind)))
        .filter(|key| key.org().is_some() && (number == 1 || key.kind() != RecordKind::Org))
        .collect()
}

fn records(make: &mut Generator, keys: &[Key]) -> Vec<Record> {
    let mut records: Vec<Record> = keys.iter().map(|key| make.record(key)).collect();
    for record in &mut records {
        if let Record::Dispatch(row) = record {
            // One broadcast, and recipients of its own, as its unique keys want; one sequence.
            let of_sequence = row.id.0.as_u128() % 2 == 0;
            row.origin = if of_sequence {
                Author::Sequence(sequence_id(1))
            } else {
                Author::Broadcast(id(1))
            };
            row.step = of_sequence.then(|| step_row("welcome"));
            row.contact = id(row.id.0.as_u128());
            row.match_key = Some(format!("+{}", row.id));
            // Half of them open, so that this is seen of a contact's.
            if make.once_in(2) {
                row.state = DispatchState::Pending;
            }
        }
    }
    records
}

/// Whatever can be asked about an organisation has the same answer in both stores.
async fn same_sight(alone: &Bench, shared: &Bench, org: OrgId, keys: &[Key]) {
    let loads = [alone, shared].map(|bench| bench.store.load(keys.to_vec()));
    let [one, other] = loads;
    assert_eq!(one.await.unwrap(), other.await.unwrap(), "load");
    for query in queries(org) {
        let one = alone.all(query.clone(), 3, false).await;
        let other = shared.all(query.clone(), 3, false).await;
        assert_eq!(one, other, "{query:?}");
        let counted = shared.store.count(query.clone()).await.unwrap();
        assert_eq!(counted, one.len() as u64, "count of {query:?}");
    }
    for view in [
        JournalView::Feed,
        JournalView::Audit,
        JournalView::Timeline(vec![id(1), id(2)]),
    ] {
        let request = JournalRequest { view, ..feed(org) };
        let entries = |read: Vec<(u64, _)>| read.into_iter().map(|(_, entry)| entry).collect::<Vec<_>>();
        let one = entries(alone.read(request.clone(), 7).await);
        let other = entries(shared.read(request.clone(), 7).await);
        assert_eq!(one, other, "{request:?}");
    }
    let [one, other] = [alone, shared].map(|bench| bench.shared(sharing(org), 3));
    assert_eq!(one.await, other.await, "shared");
    let mut tallies = Vec::new();
    let mut standings = Vec::new();
    let mut counts = Vec::new();
    for bench in [alone, shared] {
        let campaigns = [Campaign::Broadcast(id(1)), Campaign::Sequence(sequence_id(1))];
        let mut counted = Vec::new();
        for campaign in campaigns {
            let mut tally = bench.store.tally(org, campaign).await.unwrap();
            tally.sort();
            counted.push(tally);
        }
        tallies.push(counted);
        let mut standing = Vec::new();
        for number in 1..=4 {
            let mut counted = bench.store.standings(org, sequence_id(number)).await.unwrap();
            counted.sort();
            standing.push(counted);
        }
        standings.push(standing);
        let mut tags = bench.store.tag_counts(org).await.unwrap();
        tags.sort();
        counts.push(tags);
    }
    assert_eq!(tallies[0], tallies[1]);
    assert_eq!(standings[0], standings[1]);
    assert_eq!(counts[0], counts[1]);
}

/// Every query about one organisation.
fn queries(org: OrgId) -> Vec<Query> {
    let mut queries: Vec<Query> = RecordKind::ALL
        .iter()
        .map(|kind| Query::Records {
            org: Some(org),
            kind: *kind,
        })
        .collect();
    let mut filters = vec![Filter::Everyone, Filter::OptedIn(true), Filter::OptedIn(false)];
    filters.extend(TAGS.map(|tag| Filter::tagged_any([tag])));
    queries.extend(filters.into_iter().map(|filter| Query::Contacts {
        org,
        filter,
        order: None,
    }));
    for order in [
        ContactOrder::Created,
        ContactOrder::Name,
        ContactOrder::LastActive,
    ] {
        queries.push(Query::Contacts {
            org,
            filter: Filter::Everyone,
            order: Some(order),
        });
    }
    queries.push(Query::Conversations {
        org,
        filter: ConversationFilter::all(),
        order: ConversationOrder::Activity,
    });
    queries.push(Query::Touches {
        org,
        from: DateTime::<Utc>::MIN_UTC,
        until: DateTime::<Utc>::MAX_UTC,
    });
    queries.push(Query::Surveys {
        org,
        from: DateTime::<Utc>::MIN_UTC,
        until: DateTime::<Utc>::MAX_UTC,
    });
    for number in 1..=4 {
        queries.extend([
            Query::Messages {
                org,
                conversation: id(number),
            },
            Query::Conversations {
                org,
                filter: ConversationFilter::of(id(number)),
                order: ConversationOrder::Id,
            },
            Query::Dispatches {
                org,
                broadcast: id(number),
                recipients: RecipientFilter::default(),
            },
            Query::OpenDispatches {
                org,
                contact: id(number),
            },
            Query::Recipients {
                org,
                broadcast: id(1),
                contacts: vec![id(number)],
            },
            Query::Enrollments {
                org,
                sequence: sequence_id(number),
                filter: EnrollmentFilter::default(),
            },
            Query::EnrollmentsOf {
                org,
                contacts: vec![id(number)],
            },
            Query::DueEnrollments {
                org,
                sequence: sequence_id(number),
                by: DateTime::<Utc>::MAX_UTC,
            },
            Query::Notes {
                org,
                contacts: vec![id(number)],
            },
            Query::MediaFiles {
                org,
                contacts: vec![id(number)],
            },
            Query::Seals {
                org,
                positions: vec![u64::try_from(number).unwrap_or(u64::MAX)],
            },
        ]);
    }
    queries
}
