use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::contact::{CreatedBy, Elsewhere};
use crate::ids::OrgId;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn id(number: u128) -> ContactId {
    ContactId(Uuid::from_u128(number))
}

fn blank(number: u128) -> Contact {
    Contact::new(OrgId(Uuid::nil()), id(number), CreatedBy::Api, at(0))
}

fn phone(value: &str) -> Address {
    Address::new(AddressKind::Phone, value)
}

fn named(number: u128, name: &str) -> Contact {
    Contact {
        name: Some(name.to_owned()),
        ..blank(number)
    }
}

impl Contact {
    fn has(mut self, address: &Address, since: i64, until: Option<i64>) -> Self {
        self.identities.push(Identity {
            match_key: address.match_key(),
            address: address.clone(),
            provider_value: None,
            unassigned: false,
            since: at(since),
            until: until.map(at),
            merged_from: None,
        });
        self
    }

    fn reached_at(self, phone: &str) -> Self {
        self.has(&Address::new(AddressKind::Phone, phone), 0, None)
    }

    fn writes_to(mut self, email: &str) -> Self {
        self.email = Some(email.to_owned());
        self
    }

    fn named_with(mut self, seconds: i64, address: &Address) -> Self {
        self.learn_elsewhere(at(seconds), address);
        self
    }
}

fn likeness(reason: LikenessReason, address: Address) -> Likeness {
    Likeness { reason, address }
}

#[test]
#[allow(clippy::large_stack_arrays, reason = "a table of cases")]
fn each_reason_alone_makes_two_contacts_alike_and_what_comes_close_does_not() {
    use LikenessReason::{LikelyNumber, NamedTogether, SameEmail, SameNameAndAddress};
    let number = phone("+919876543210");
    let email = |text: &str| Address::new(AddressKind::Email, text);
    let id = Address::new(AddressKind::WhatsAppId, "IN.1");
    let deleted = |contact: Contact| Contact {
        status: RecordStatus::Deleted,
        ..contact
    };
    let blocked = |contact: Contact| Contact {
        status: RecordStatus::Blocked,
        ..contact
    };
    // One, the other, and why they are alike.
    let table = [
        // The platform named an address of the other as the one's.
        (
            blank(1).has(&id, 0, None).named_with(9, &phone("919876543210")),
            blank(2).reached_at("+919876543210"),
            vec![likeness(NamedTogether, number.clone())],
        ),
        // The other had it then, and does not any more; or has had it only since.
        (
            blank(1).named_with(9, &number),
            blank(2).has(&number, 0, Some(10)),
            vec![likeness(NamedTogether, number.clone())],
        ),
        (
            blank(1).named_with(9, &number),
            blank(2).has(&number, 0, Some(9)),
            vec![],
        ),
        (
            blank(1).named_with(9, &number),
            blank(2).has(&number, 10, None),
            vec![],
        ),
        (
            blank(1).named_with(9, &number),
            blank(2).named_with(9, &number),
            vec![],
        ),
        // Argentina, with the 9 and without; not where one of them is given up, and no other country.
        (
            blank(1).reached_at("+5491123456789"),
            blank(2).reached_at("+541123456789"),
            vec![likeness(LikelyNumber, phone("+541123456789"))],
        ),
        (
            blank(1).has(&phone("+5491123456789"), 0, Some(5)),
            blank(2).reached_at("+541123456789"),
            vec![],
        ),
        (
            blank(1).reached_at("+5491123456789"),
            blank(2).reached_at("+541123456780"),
            vec![],
        ),
        (
            blank(1).reached_at("+559112345678"),
            blank(2).reached_at("+55112345678"),
            vec![],
        ),
        // E-mail addresses without regard to case.
        (
            blank(1).writes_to("Ana@Example.com"),
            blank(2).writes_to(" ana@example.com"),
            vec![likeness(SameEmail, email("ana@example.com"))],
        ),
        (
            blank(1).writes_to("ana@example.com"),
            blank(2).writes_to("ana@example.org"),
            vec![],
        ),
        // A number that somebody else has now is one person's only under one name.
        (
            named(1, "Ana  SOUZA").has(&number, 0, Some(5)),
            named(2, "Ána Souza").reached_at("+919876543210"),
            vec![likeness(SameNameAndAddress, number.clone())],
        ),
        (
            named(1, "Ana").has(&number, 0, Some(5)),
            named(2, "Bruno").reached_at("+919876543210"),
            vec![],
        ),
        (
            blank(1).has(&number, 0, Some(5)),
            blank(2).reached_at("+919876543210"),
            vec![],
        ),
        (
            named(1, "Ana").reached_at("+919876543210"),
            named(2, "Ana").reached_at("+919876543211"),
            vec![],
        ),
        // Blocked counts, deleted does not.
        (
            blocked(blank(1).writes_to("a@example.com")),
            blank(2).writes_to("a@example.com"),
            vec![likeness(SameEmail, email("a@example.com"))],
        ),
        (
            deleted(blank(1).writes_to("a@example.com")),
            blank(2).writes_to("a@example.com"),
            vec![],
        ),
        // All at once, the gravest first.
        (
            named(1, "Ana")
                .reached_at("+5491123456789")
                .has(&number, 0, Some(20))
                .writes_to("a@example.com"),
            named(2, "Ana")
                .reached_at("+541123456789")
                .has(&number, 20, None)
                .writes_to("a@example.com")
                .named_with(9, &phone("5491123456789")),
            vec![
                likeness(NamedTogether, phone("+5491123456789")),
                likeness(LikelyNumber, phone("+541123456789")),
                likeness(SameEmail, email("a@example.com")),
                likeness(SameNameAndAddress, number.clone()),
            ],
        ),
    ];
    for (one, other, reasons) in table {
        assert_eq!(judge(&one, &other), reasons, "{one:?}, {other:?}");
        assert_eq!(judge(&other, &one), reasons, "{other:?}, {one:?}");
    }
}

#[test]
fn an_address_of_somebody_else_is_remembered_once_with_its_last_time() {
    let contact = blank(1)
        .named_with(5, &phone("525512345678"))
        .named_with(9, &phone("5215512345678"))
        .named_with(7, &phone("525512345678"));
    let expected = [Elsewhere {
        address: phone("525512345678"),
        at: at(9),
    }];
    assert_eq!(contact.elsewhere, expected);
}

/// What contacts share, as stores find it.
fn shared(contacts: &[Contact]) -> BTreeMap<String, Vec<Contact>> {
    let mut shared: BTreeMap<String, Vec<Contact>> = BTreeMap::new();
    for contact in contacts {
        for key in keys(contact) {
            shared.entry(key).or_default().push(contact.clone());
        }
    }
    shared.retain(|_, contacts| contacts.len() > 1);
    shared
}

fn entries(contacts: &[Contact]) -> Vec<Duplicate> {
    let shared = shared(contacts);
    shared
        .iter()
        .flat_map(|(key, alike)| super::groups(key, alike))
        .collect()
}

#[test]
fn what_several_share_is_one_entry_and_what_was_said_is_not_said_again() {
    let number = phone("+919876543210");
    let contacts = [
        named(1, "Ana")
            .writes_to("a@example.com")
            .has(&number, 0, Some(5)),
        named(2, "Ana")
            .writes_to("a@example.com")
            .has(&number, 5, Some(9)),
        named(3, "Bruno").writes_to("a@example.com"),
        // Has the number now, and is somebody else.
        named(4, "Carla").has(&number, 9, None),
        named(5, "Dora").writes_to("d@example.com"),
        named(6, "Dora")
            .writes_to("d@example.com")
            .named_with(20, &number),
    ];
    let email = |text: &str| Address::new(AddressKind::Email, text);
    let expected = [
        Duplicate {
            contacts: vec![id(1), id(2), id(3)],
            reasons: vec![
                likeness(LikenessReason::SameEmail, email("a@example.com")),
                likeness(LikenessReason::SameNameAndAddress, number.clone()),
            ],
        },
        Duplicate {
            contacts: vec![id(5), id(6)],
            reasons: vec![likeness(LikenessReason::SameEmail, email("d@example.com"))],
        },
        Duplicate {
            contacts: vec![id(4), id(6)],
            reasons: vec![likeness(LikenessReason::NamedTogether, number)],
        },
    ];
    assert_eq!(entries(&contacts), expected);
}

const PHONES: [&str; 5] = [
    "+5491123456789",
    "+541123456789",
    "5215512345678",
    "525512345678",
    "+919876543210",
];

fn address() -> impl Strategy<Value = Address> {
    prop_oneof![
        prop::sample::select(&PHONES[..]).prop_map(phone),
        prop::sample::select(&["IN.1", "IN.2"][..]).prop_map(|id| Address::new(AddressKind::WhatsAppId, id)),
        prop::sample::select(&["a@example.com", "A@example.com"][..])
            .prop_map(|email| Address::new(AddressKind::Email, email)),
    ]
}

fn anybody() -> impl Strategy<Value = Contact> {
    let held = (address(), 0_i64..20, prop::option::of(0_i64..20));
    (
        prop::option::of(prop::sample::select(&["Ana", "ÁNA", "Bruno"][..])),
        prop::option::of(prop::sample::select(
            &["a@example.com", "A@example.com", "b@x.com"][..],
        )),
        prop::collection::vec(held, 0..3),
        prop::collection::vec((0_i64..20, address()), 0..2),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(name, email, held, elsewhere, deleted)| {
            let mut contact = Contact {
                name: name.map(str::to_owned),
                email: email.map(str::to_owned),
                ..blank(0)
            };
            for (address, since, until) in held {
                contact = contact.has(&address, since, until);
            }
            for (seconds, address) in elsewhere {
                contact = contact.named_with(seconds, &address);
            }
            if deleted {
                contact.status = RecordStatus::Deleted;
            }
            contact
        })
}

proptest! {
    #[test]
    fn whoever_is_alike_shares_a_text_and_is_in_an_entry_with_every_reason(
        contacts in prop::collection::vec(anybody(), 2..7),
    ) {
        let contacts: Vec<Contact> = (1..)
            .zip(contacts)
            .map(|(number, contact)| Contact { id: id(number), ..contact })
            .collect();
        let entries = entries(&contacts);
        let mut sets: BTreeSet<&Vec<ContactId>> = BTreeSet::new();
        for entry in &entries {
            prop_assert!(entry.contacts.len() > 1 && !entry.reasons.is_empty());
            prop_assert!(sets.insert(&entry.contacts), "{entry:?} is there twice");
        }
        for one in &contacts {
            for other in contacts.iter().filter(|other| other.id > one.id) {
                let reasons = judge(one, other);
                prop_assert_eq!(&reasons, &judge(other, one));
                for reason in reasons {
                    let said = entries.iter().any(|entry| {
                        entry.contacts.contains(&one.id)
                            && entry.contacts.contains(&other.id)
                            && entry.reasons.contains(&reason)
                    });
                    prop_assert!(said, "{:?} of {:?} and {:?}", reason, one, other);
                }
            }
        }
    }
}
