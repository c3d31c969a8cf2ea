//! A filter finds the contacts that core says it finds.

use std::collections::BTreeMap;

use tertulia_core::channel::Channel;
use tertulia_core::consent::{Change, Fact, Proof, Scope, Source};
use tertulia_core::contact::{Contact, LeadStatus, RecordStatus};
use tertulia_core::conversation::ConversationStatus;
use tertulia_core::filter::{AttributeFilter, Filter, OwnerFilter, TagFilter, TimeFilter, ValueTest};
use tertulia_core::ids::OrgId;
use tertulia_core::record::{Key, Op, Record};

use super::StoreFactory;
use super::generate::{Generator, TAGS, epoch};
use super::support::{Bench, blank_contact, id, keys};
use crate::Query;

const ORG: u128 = 1;

fn key(number: u128) -> Key {
    Key::Contact {
        org: id(ORG),
        contact: id(number),
    }
}

async fn check(bench: &Bench, contacts: &[Contact], filter: Filter) {
    let expected: Vec<Key> = contacts
        .iter()
        .filter(|contact| filter.matches(contact))
        .map(|contact| Record::from(contact.clone()).key())
        .collect();
    let query = Query::Contacts {
        org: id(ORG),
        filter,
        order: None,
    };
    let found = keys(&bench.all(query.clone(), 7, false).await);
    assert_eq!(found, expected, "{query:?}");
    let counted = bench.store.count(query.clone()).await.unwrap();
    assert_eq!(counted, expected.len() as u64, "count of {query:?}");
}

/// Random filters over random contacts find what [`Filter::matches`] says, and count it.
pub async fn random_filters_find_what_core_finds(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let mut contacts = Vec::new();
    for number in 1..=40 {
        let contact = bench.make.contact(&blank_contact(id(ORG), id(number)));
        bench.insert([contact.clone()]).await;
        contacts.push(contact);
    }
    let tags = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>();
    let mut filters = vec![
        Filter::And(Vec::new()),
        Filter::Or(Vec::new()),
        Filter::Tags(TagFilter::Any(Vec::new())),
        Filter::Tags(TagFilter::All(Vec::new())),
        Filter::Tags(TagFilter::None(Vec::new())),
        Filter::Tags(TagFilter::All(tags(&["vip", "vip"]))),
        Filter::Tags(TagFilter::Any(tags(&["", "nobody's"]))),
        Filter::Status(Vec::new()),
    ];
    for tag in TAGS {
        filters.push(Filter::tagged_any([tag]));
    }
    for filter in filters.clone() {
        filters.push(Filter::Not(Box::new(filter)));
    }
    filters.extend((0..150).map(|_| bench.make.filter(0)));
    filters.extend((0..250).map(|_| bench.make.filter(3)));
    filters.extend((0..150).map(|_| Filter::Text(bench.make.typed())));
    for filter in filters {
        check(&bench, &contacts, filter).await;
    }
}

/// What a filter finds changes with every write of a contact.
pub async fn filters_follow_changes_of_a_contact(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let mut contact = blank_contact(id(ORG), id(1));
    bench.insert([contact.clone()]).await;
    let fact = |change, seconds| Fact {
        at: epoch() + chrono::TimeDelta::seconds(seconds),
        change,
        scope: Scope::EVERYTHING,
        source: Source::Manual,
        via: None,
        new_proof: false,
        proof: Proof::Stated("at the counter".to_owned()),
    };
    let changes: [fn(&mut Contact); 13] = [
        |contact| contact.name = Some("Robert".to_owned()),
        |contact| {
            contact.tags.insert("vip".to_owned(), "VIP".to_owned());
            contact.tags.insert("novo".to_owned(), "Novo".to_owned());
        },
        |contact| {
            contact.tags.remove("vip");
        },
        |contact| contact.status = RecordStatus::Blocked,
        |contact| contact.tags.clear(),
        |contact| contact.lead = LeadStatus::Hot,
        |contact| contact.owner = Some(id(3)),
        |contact| contact.conversation_status = Some(ConversationStatus::Assigned),
        |contact| contact.source_channel = Some(Channel::WhatsApp),
        |contact| contact.created_at -= chrono::TimeDelta::microseconds(1),
        |contact| contact.last_interaction = Some(epoch()),
        |contact| {
            contact.attributes = [("city".to_owned(), "Rio".into()), ("age".to_owned(), 39.into())].into();
        },
        |contact| {
            contact.attributes = [("city".to_owned(), true.into()), ("age".to_owned(), 40.into())].into();
        },
    ];
    let mut steps: Vec<Contact> = Vec::new();
    for change in changes {
        change(&mut contact);
        steps.push(contact.clone());
    }
    contact.consent.record(fact(Change::OptIn, 1));
    steps.push(contact.clone());
    contact.consent.record(fact(Change::OptOut, 2));
    steps.push(contact);
    for (version, contact) in (1..).zip(steps) {
        bench
            .commit(vec![Op::Update(contact.clone().into(), version)])
            .await;
        for filter in all_simple() {
            check(&bench, std::slice::from_ref(&contact), filter).await;
        }
    }
    let version = bench.version(&key(1)).await;
    bench.commit(vec![Op::Remove(key(1), version)]).await;
    for filter in all_simple() {
        check(&bench, &[], filter).await;
    }
    // The tags of the one who went are not those of the next one with its id.
    let next = bench.make.contact(&blank_contact(id(ORG), id(1)));
    bench.insert([next.clone()]).await;
    for filter in all_simple() {
        check(&bench, std::slice::from_ref(&next), filter).await;
    }
}

fn attribute(name: &str, is: ValueTest) -> Filter {
    Filter::Attribute(AttributeFilter {
        name: name.to_owned(),
        is,
    })
}

fn all_simple() -> Vec<Filter> {
    let mut filters = vec![
        Filter::Everyone,
        Filter::OptedIn(true),
        Filter::OptedIn(false),
        Filter::Status(vec![RecordStatus::Active]),
        Filter::Status(vec![RecordStatus::Blocked, RecordStatus::Deleted]),
        Filter::Tags(TagFilter::None(vec!["vip".to_owned()])),
        Filter::Lead(vec![LeadStatus::Hot]),
        Filter::Conversation(vec![ConversationStatus::Open, ConversationStatus::Assigned]),
        Filter::Owner(OwnerFilter::Nobody),
        Filter::Owner(OwnerFilter::Is(id(3))),
        Filter::Source(vec![Channel::WhatsApp]),
        Filter::Created(TimeFilter::Before(epoch())),
        Filter::LastInteraction(TimeFilter::Never),
        Filter::LastInteraction(TimeFilter::After(epoch())),
        attribute("city", ValueTest::Set),
        attribute("city", ValueTest::Equals("Rio".into())),
        attribute("city", ValueTest::Contains("rio".to_owned())),
        attribute("age", ValueTest::Less(40.into())),
    ];
    filters.extend(["rio", "r", "39", "ber", "4"].map(|text| Filter::Text(text.to_owned())));
    filters.extend(TAGS.map(|tag| Filter::tagged_any([tag])));
    filters
}

/// A filter may name hundreds of tags, have hundreds of parts, and be dozens deep.
pub async fn filters_may_be_wide_and_deep(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let mut contacts = Vec::new();
    for number in 1..=10 {
        let contact = bench.make.contact(&blank_contact(id(ORG), id(number)));
        bench.insert([contact.clone()]).await;
        contacts.push(contact);
    }
    let mut many: Vec<String> = (0..600).map(|number| format!("tag {number}")).collect();
    many.push("vip".to_owned());
    let wide: Vec<Filter> = many.iter().map(|tag| Filter::tagged_any([tag])).collect();
    let mut deep = Filter::tagged_any(["vip"]);
    for level in 0..60 {
        deep = match level % 3 {
            0 => Filter::Not(Box::new(deep)),
            1 => Filter::And(vec![Filter::Everyone, deep]),
            _ => Filter::Or(vec![Filter::OptedIn(true), deep]),
        };
    }
    let filters = [
        Filter::Tags(TagFilter::Any(many.clone())),
        Filter::Tags(TagFilter::All(many.clone())),
        Filter::Tags(TagFilter::None(many)),
        Filter::Or(wide.clone()),
        Filter::And(wide.into_iter().map(|part| Filter::Not(Box::new(part))).collect()),
        deep,
    ];
    for filter in filters {
        check(&bench, &contacts, filter).await;
    }
}

/// Each tag counts its contacts, but not the deleted ones; of the organisation only.
pub async fn tags_are_counted_by_contact(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let orgs: Vec<OrgId> = bench.make.orgs();
    let mut expected: BTreeMap<OrgId, BTreeMap<String, u64>> = BTreeMap::new();
    let add = |expected: &mut BTreeMap<OrgId, BTreeMap<String, u64>>, contact: &Contact| {
        if contact.status != RecordStatus::Deleted {
            for tag in contact.tags.keys() {
                *expected
                    .entry(contact.org)
                    .or_default()
                    .entry(tag.clone())
                    .or_default() += 1;
            }
        }
    };
    for (org, number) in orgs
        .iter()
        .flat_map(|org| (1..=20).map(move |number| (*org, number)))
    {
        let first = bench.make.contact(&blank_contact(org, id(number)));
        bench.insert([first.clone()]).await;
        let last = if number % 2 == 0 {
            let changed = bench.make.contact(&first);
            bench.commit(vec![Op::Update(changed.clone().into(), 1)]).await;
            changed
        } else {
            first
        };
        add(&mut expected, &last);
    }
    // A tag's own record carries nothing.
    let unused = Key::Tag {
        org: orgs[0],
        key: "unused".to_owned(),
    };
    let unused = Generator::new(1, 1).record(&unused);
    bench.insert([unused]).await;
    for org in orgs {
        let counted = bench.store.tag_counts(org).await.unwrap();
        let len = counted.len();
        let counted: BTreeMap<String, u64> = counted.into_iter().collect();
        assert_eq!(counted.len(), len, "each tag is counted once");
        assert_eq!(counted, expected.remove(&org).unwrap_or_default());
    }
    assert!(bench.store.tag_counts(id(99)).await.unwrap().is_empty());
}
