//! An audience becomes ledger rows as core says, all of them or none.

use chrono::TimeDelta;
use tertulia_core::broadcast::{Audience, Broadcast, RecipientFilter};
use tertulia_core::consent::{Change, Consent, Fact, Proof, Scope, Source};
use tertulia_core::contact::{Contact, Identity, RecordStatus};
use tertulia_core::conversation::Author;
use tertulia_core::filter::Filter;
use tertulia_core::identity::{Address, AddressKind};
use tertulia_core::ids::{IdSource, OrgId};
use tertulia_core::ledger::{Dispatch, Slot, StateName};
use tertulia_core::merge::Merged;
use tertulia_core::record::{Key, Op, Record};
use tertulia_core::schedule::Schedule;
use tertulia_core::selection::{RecipientSelection, Selection};
use tertulia_core::settings::Settings;
use tertulia_core::template::Category;

use super::StoreFactory;
use super::claims::account;
use super::generate::{Generator, epoch};
use super::support::{Bench, blank_contact, id, waiting};
use crate::{Query, StorageErrorKind};

/// Who is meant, by the first sender, for marketing.
pub(super) fn audience(make: &mut Generator, org: OrgId, who: Selection) -> Audience {
    let key = Key::Broadcast {
        org,
        broadcast: id(60),
    };
    let random: Broadcast = make.record(&key).try_into().unwrap();
    Audience {
        broadcast: Broadcast {
            account: id(1),
            ..random
        },
        who,
        account: account(org, id(1)),
        category: Category::Marketing,
        settles_within_seconds: 600,
        settings: Settings {
            zone_attribute: Some("city".to_owned()),
            ..Settings::default()
        },
        now: epoch() + TimeDelta::microseconds(123_456),
    }
}

/// The rows are those of a loop over the contacts that fit, by id, with their slots; ids come from time and seed.
pub async fn an_audience_is_enlisted_as_core_says(factory: &dyn StoreFactory) {
    for (seed, category, recipients_zones) in [
        (0, Category::Marketing, false),
        (u64::MAX, Category::Utility, true),
        (42, Category::Marketing, true),
    ] {
        let mut bench = Bench::new(factory).await;
        let org: OrgId = id(1);
        let mut people: Vec<(Contact, Option<Slot>)> = Vec::new();
        for number in 1..=60 {
            let mut contact = bench.make.contact(&blank_contact(org, id(number)));
            // Some whom nothing but a slot keeps out.
            if number % 5 == 0 {
                contact.status = RecordStatus::Active;
                contact.consent = Consent::default();
                contact.consent.record(Fact {
                    at: epoch(),
                    change: Change::OptIn,
                    scope: Scope::EVERYTHING,
                    source: Source::Api,
                    via: None,
                    new_proof: false,
                    proof: Proof::Stated(String::new()),
                });
                contact.identities.push(Identity {
                    address: Address::new(AddressKind::Phone, "+1"),
                    match_key: String::new(),
                    provider_value: None,
                    unassigned: false,
                    since: epoch(),
                    until: None,
                    merged_from: None,
                });
            }
            // Addresses of their own, so that nobody is refused for sharing one.
            for (index, identity) in contact.identities.iter_mut().enumerate() {
                identity.match_key = format!("+{number} {index}");
            }
            let key = Key::Slot {
                org,
                contact: contact.id,
            };
            let slot: Option<Slot> = bench
                .make
                .once_in(3)
                .then(|| bench.make.record(&key).try_into().unwrap());
            bench.insert([contact.clone()]).await;
            bench.insert(slot.clone()).await;
            // The same person elsewhere, whose slot is nobody's business here.
            let elsewhere: OrgId = id(2);
            bench
                .insert([Contact {
                    org: elsewhere,
                    ..contact.clone()
                }])
                .await;
            let slot_elsewhere = Key::Slot {
                org: elsewhere,
                contact: contact.id,
            };
            let slot_elsewhere = bench.make.record(&slot_elsewhere);
            bench.insert([slot_elsewhere]).await;
            people.push((contact, slot));
        }
        let target = Filter::Not(Box::new(Filter::tagged_any(["vip"])));
        let mut audience = Audience {
            category,
            ..audience(&mut bench.make, org, Selection::Filter(target.clone()))
        };
        audience.broadcast.schedule = Some(Schedule {
            at: epoch().naive_utc(),
            zone: audience.settings.zone,
            recipients_zones,
        });
        let mut ids = IdSource::new(audience.now, seed);
        let mut expected: Vec<Dispatch> = Vec::new();
        for (contact, slot) in &people {
            if target.matches(contact) {
                expected.push(audience.enlist(ids.next(), contact.id, Some(contact), slot.as_ref()));
            }
        }
        let launch = vec![
            Op::SnapshotAudience(Box::new(audience.clone()), seed),
            Op::Journal(bench.make.entry(org)),
        ];
        let committed = bench.commit(launch).await;
        assert_eq!(committed.enlisted, expected.len() as u64);
        assert!(committed.position.is_some());
        let states: Vec<StateName> = expected.iter().map(|row| row.state.name()).collect();
        assert!(states.contains(&StateName::Pending) && states.contains(&StateName::Skipped));

        expected.sort_by_key(|row| row.id);
        let query = Query::Dispatches {
            org,
            broadcast: audience.broadcast.id,
            recipients: RecipientFilter::default(),
        };
        let found = bench.all(query, 7, false).await;
        let versions_are_new = found.iter().all(|stored| stored.version == 1);
        assert!(versions_are_new, "enlisted rows are new");
        let found: Vec<Record> = found.into_iter().map(|stored| stored.record).collect();
        let expected: Vec<Record> = expected.into_iter().map(Record::from).collect();
        assert_eq!(found, expected);
        let elsewhere = Query::Dispatches {
            org: id(2),
            broadcast: audience.broadcast.id,
            recipients: RecipientFilter::default(),
        };
        assert_eq!(bench.store.count(elsewhere).await.unwrap(), 0);
    }
}

/// Whom ids and recipients lead to is enlisted once, in the order of the contacts' ids, and so is an id that leads to
/// nobody; deleted ones are, too.
pub async fn those_who_are_named_are_enlisted_once_each(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let org: OrgId = id(1);
    let merged = |make: &mut Generator, from: u128, into: u128| {
        let key = Key::Merged {
            org,
            contact: id(from),
        };
        let random: Merged = make.record(&key).try_into().unwrap();
        Merged {
            into: id(into),
            ..random
        }
    };
    let mut deleted = blank_contact(org, id(2));
    deleted.status = RecordStatus::Deleted;
    let people = [
        blank_contact(org, id(1)),
        deleted,
        blank_contact(org, id(3)),
        blank_contact(org, id(9)),
    ];
    bench.insert(people.clone()).await;
    // 4 by way of 5 to 3; 6 to somebody who is gone; 7 in a circle; 8 in another organisation.
    for (from, into) in [(4, 5), (5, 3), (6, 60), (7, 7)] {
        let merged = merged(&mut bench.make, from, into);
        bench.insert([merged]).await;
    }
    bench.insert([blank_contact(id(2), id(8))]).await;
    let slot: Slot = bench
        .make
        .record(&Key::Slot { org, contact: id(3) })
        .try_into()
        .unwrap();
    bench.insert([slot.clone()]).await;

    let named = [4, 3, 1, 2, 6, 7, 8, 4, 5].map(id);
    let before: Vec<Dispatch> = named[..7]
        .iter()
        .enumerate()
        .map(|(number, contact)| Dispatch {
            origin: Author::Broadcast(id(61)),
            contact: *contact,
            match_key: None,
            accepted: true,
            replied: true,
            ..waiting(&mut bench.make, org, 600 + number as u128)
        })
        .collect();
    let other = Dispatch {
        origin: Author::Broadcast(id(61)),
        contact: id(9),
        match_key: None,
        replied: false,
        ..waiting(&mut bench.make, org, 700)
    };
    bench.insert(before).await;
    bench.insert([other]).await;
    let replied = RecipientSelection {
        broadcast: id(61),
        who: RecipientFilter {
            replied: Some(true),
            ..RecipientFilter::default()
        },
    };
    let led_to = [1, 2, 3, 7, 8, 60].map(id);
    for (seed, who) in [
        (62, Selection::Ids(named.to_vec())),
        (63, Selection::Recipients(replied)),
    ] {
        let mut audience = audience(&mut bench.make, org, who);
        audience.broadcast.id = id(u128::from(seed));
        let mut ids = IdSource::new(audience.now, seed);
        let expected = led_to.map(|who| {
            let contact = people.iter().find(|contact| contact.id == who);
            let slot = Some(&slot).filter(|slot| slot.contact == who);
            Record::from(audience.enlist(ids.next(), who, contact, slot))
        });
        let committed = bench
            .commit(vec![Op::SnapshotAudience(Box::new(audience.clone()), seed)])
            .await;
        assert_eq!(committed.enlisted, 6);
        let query = Query::Dispatches {
            org,
            broadcast: audience.broadcast.id,
            recipients: RecipientFilter::default(),
        };
        let found = bench.all(query, 4, false).await;
        let found: Vec<Record> = found.into_iter().map(|stored| stored.record).collect();
        assert_eq!(found, expected);
    }
}

/// If one of an audience has a row already, or shares an address, or an id is taken, nobody is enlisted.
pub async fn an_audience_is_enlisted_whole_or_not_at_all(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let org: OrgId = id(1);
    let person = |number: u128, match_key: &str| {
        let mut contact = blank_contact(org, id(number));
        contact.identities.push(Identity {
            address: Address::new(AddressKind::Phone, match_key),
            match_key: match_key.to_owned(),
            provider_value: None,
            unassigned: false,
            since: epoch(),
            until: None,
            merged_from: None,
        });
        contact
    };
    for number in 1..=10 {
        bench.insert([person(number, &format!("+{number}"))]).await;
    }
    let audience = audience(&mut bench.make, org, Selection::Filter(Filter::Everyone));
    let snapshot = || vec![Op::SnapshotAudience(Box::new(audience.clone()), 9)];
    let row = |bench: &mut Bench| Dispatch {
        origin: Author::Broadcast(audience.broadcast.id),
        ..waiting(&mut bench.make, org, 500)
    };

    let ids_of_others: Dispatch = Dispatch {
        id: IdSource::new(audience.now, 9).next(),
        ..waiting(&mut bench.make, org, 501)
    };
    let same_contact = Dispatch {
        contact: id(10),
        ..row(&mut bench)
    };
    let same_address = Dispatch {
        match_key: Some("+10".to_owned()),
        ..row(&mut bench)
    };
    for (why, in_the_way) in [
        ("an id is taken", ids_of_others),
        ("the last contact has a row", same_contact),
        ("the last address has a row", same_address),
    ] {
        bench.insert([in_the_way.clone()]).await;
        bench.conflicts(why, vec![], snapshot()).await;
        let key = Record::from(in_the_way).key();
        bench.commit(vec![Op::Remove(key, 1)]).await;
    }
    bench.insert([person(11, "+10")]).await;
    bench
        .conflicts("two of them share an address", vec![], snapshot())
        .await;
    let shared = Key::Contact { org, contact: id(11) };
    bench.commit(vec![Op::Remove(shared, 1)]).await;

    assert_eq!(bench.commit(snapshot()).await.enlisted, 10);
    bench
        .conflicts("it was enlisted before", vec![], snapshot())
        .await;
    let again = bench
        .try_commit(vec![Op::SnapshotAudience(Box::new(audience.clone()), 10)])
        .await;
    assert_eq!(
        again.err().map(|error| error.kind),
        Some(StorageErrorKind::Conflict),
        "with another seed, too"
    );
}
