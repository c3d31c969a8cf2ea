//! What contacts share is what core says that each of them has.

use std::collections::{BTreeMap, BTreeSet};

use tertulia_core::contact::{Contact, RecordStatus};
use tertulia_core::duplicates;
use tertulia_core::ids::{ContactId, OrgId};
use tertulia_core::record::{Key, Op};

use super::StoreFactory;
use super::support::{Bench, blank_contact, id, sharing};
use crate::{Cursor, PageRequest, Query, Shared, SharedRequest, StorageErrorKind};

const ORG: u128 = 1;

/// What these contacts of the organisation share.
fn expected<'a>(org: OrgId, contacts: impl IntoIterator<Item = &'a Contact>) -> Vec<Shared> {
    let mut all: BTreeMap<String, BTreeSet<ContactId>> = BTreeMap::new();
    for contact in contacts.into_iter().filter(|contact| contact.org == org) {
        for key in duplicates::keys(contact) {
            all.entry(key).or_default().insert(contact.id);
        }
    }
    let shared = all.into_iter().filter(|(_, contacts)| contacts.len() > 1);
    shared
        .map(|(key, contacts)| Shared {
            key,
            contacts: contacts.into_iter().collect(),
        })
        .collect()
}

fn with_email(number: u128, email: &str) -> Contact {
    Contact {
        email: Some(email.to_owned()),
        ..blank_contact(id(ORG), id(number))
    }
}

/// The keys that contacts share, in order, both ways, in pages of any size; of all, or of those asked for; with as many
/// contacts as asked for; of one organisation.
pub async fn what_contacts_share_is_found_page_by_page(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let mut contacts = Vec::new();
    for number in 0..160 {
        let org: OrgId = id(1 + number % 2);
        let contact = bench.make.contact(&blank_contact(org, id(number)));
        bench.insert([contact.clone()]).await;
        contacts.push(contact);
    }
    for org in [id(1), id(2), id(3)] {
        let all = expected(org, &contacts);
        assert!(org == id(3) || all.len() > 5, "the case has something to find");
        for limit in 1..=all.len() + 1 {
            assert_eq!(
                bench.shared(sharing(org), limit).await,
                all,
                "in pages of {limit}"
            );
            let backwards = SharedRequest {
                backwards: true,
                ..sharing(org)
            };
            let mut found = bench.shared(backwards, limit).await;
            found.reverse();
            assert_eq!(found, all, "backwards in pages of {limit}");
        }
        let asked: Vec<String> = all.iter().step_by(2).map(|shared| shared.key.clone()).collect();
        if asked.is_empty() {
            continue;
        }
        let mut request = SharedRequest {
            keys: asked.clone(),
            most: 2,
            ..sharing(org)
        };
        request.keys.push("nobody's".to_owned());
        let some: Vec<Shared> = all
            .into_iter()
            .filter(|shared| asked.contains(&shared.key))
            .map(|mut shared| {
                shared.contacts.truncate(2);
                shared
            })
            .collect();
        assert_eq!(bench.shared(request, 3).await, some, "{asked:?}");
    }
}

/// Every write of a contact is seen: what it shares now, and no longer; of a deleted one, nothing.
pub async fn what_contacts_share_follows_their_changes(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let (key, mut version) = (
        Key::Contact {
            org: id(ORG),
            contact: id(1),
        },
        0,
    );
    let other = with_email(2, "a@example.com");
    bench.insert([other.clone()]).await;
    let mut steps = vec![
        with_email(1, "A@example.com "),
        with_email(1, "b@example.com"),
        blank_contact(id(ORG), id(1)),
        with_email(1, "a@example.com"),
    ];
    for status in [
        RecordStatus::Blocked,
        RecordStatus::Deleted,
        RecordStatus::Inactive,
        RecordStatus::Active,
    ] {
        steps.push(Contact {
            status,
            ..with_email(1, "a@example.com")
        });
    }
    for _ in 0..20 {
        steps.push(Contact {
            email: Some("a@example.com".to_owned()),
            ..bench.make.contact(&blank_contact(id(ORG), id(1)))
        });
    }
    let mut found = Vec::new();
    for contact in steps {
        let op = match version {
            0 => Op::Insert(contact.clone().into()),
            version => Op::Update(contact.clone().into(), version),
        };
        bench.commit(vec![op]).await;
        version += 1;
        let shared = bench.shared(sharing(id(ORG)), 7).await;
        assert_eq!(shared, expected(id(ORG), [&contact, &other]), "{contact:?}");
        found.push(shared.len());
    }
    assert_eq!(found.get(..8), Some(&[1, 0, 0, 1, 1, 0, 1, 1][..]));
    bench.commit(vec![Op::Remove(key, version)]).await;
    assert!(bench.shared(sharing(id(ORG)), 7).await.is_empty());
    // What the one shared who went is not what the next one with its id shares.
    bench.insert([blank_contact(id(ORG), id(1))]).await;
    assert!(bench.shared(sharing(id(ORG)), 7).await.is_empty());
}

/// What is shared throughout is met once, whatever is written between two pages.
pub async fn pages_of_what_is_shared_hold_still_while_others_write(factory: &dyn StoreFactory) {
    let bench = Bench::new(factory).await;
    let email = |number: u128| format!("{number:02}@example.com");
    for number in 0..10 {
        for twin in [0, 100] {
            bench.insert([with_email(twin + number, &email(number))]).await;
        }
    }
    for backwards in [false, true] {
        let mut request = SharedRequest {
            backwards,
            limit: 3,
            ..sharing(id(ORG))
        };
        let mut met = Vec::new();
        for round in 0..10_u128 {
            let page = bench.store.shared(request.clone()).await.unwrap();
            met.extend(page.shared.into_iter().map(|shared| shared.key));
            // A new pair before everything and behind everything, and a third one in between.
            let first = 1_000 + round * 10 + u128::from(backwards) * 1_000;
            for (number, email) in [
                (first, format!("!{first}")),
                (first + 1, format!("!{first}")),
                (first + 2, format!("~{first}")),
                (first + 3, format!("~{first}")),
                (first + 4, email(4)),
            ] {
                bench.insert([with_email(number, &email)]).await;
            }
            request.cursor = page.next;
            if request.cursor.is_none() {
                break;
            }
        }
        for number in 0..10 {
            let key = format!("email:{}", email(number));
            assert_eq!(met.iter().filter(|met| **met == key).count(), 1, "{key}");
        }
    }
}

/// A cursor of another organisation, of other texts, of a query or of nothing is refused.
pub async fn a_cursor_of_what_is_shared_is_good_for_its_own_request(factory: &dyn StoreFactory) {
    let bench = Bench::new(factory).await;
    for org in [1, 2] {
        for (number, email) in [(1, "a"), (2, "a"), (3, "b"), (4, "b")] {
            let contact = Contact {
                org: id(org),
                ..with_email(number, email)
            };
            bench.insert([contact]).await;
        }
    }
    let some = vec!["email:a".to_owned(), "email:b".to_owned()];
    let requests = [
        sharing(id(1)),
        sharing(id(2)),
        SharedRequest {
            keys: some,
            ..sharing(id(1))
        },
    ];
    let mut cursors: Vec<Cursor> = Vec::new();
    for request in &requests {
        let first = SharedRequest {
            limit: 1,
            ..request.clone()
        };
        cursors.push(bench.store.shared(first).await.unwrap().next.unwrap());
    }
    let contacts = Query::Records {
        org: Some(id(1)),
        kind: tertulia_core::record::RecordKind::Contact,
    };
    let listed = bench.store.page(PageRequest::first(contacts, 1)).await.unwrap();
    let nonsense = ["", "1", "nonsense", "é\0'", "ffff"].map(|text| Cursor(text.to_owned()));
    for (index, request) in requests.iter().enumerate() {
        let foreign = cursors
            .iter()
            .enumerate()
            .filter(|(of, _)| *of != index)
            .map(|(_, cursor)| cursor.clone());
        for cursor in foreign.chain(listed.next.clone()).chain(nonsense.clone()) {
            let asked = SharedRequest {
                cursor: Some(cursor.clone()),
                ..request.clone()
            };
            let kind = bench.store.shared(asked).await.map_err(|error| error.kind);
            assert_eq!(kind, Err(StorageErrorKind::BadCursor), "{request:?}, {cursor:?}");
        }
    }
}
