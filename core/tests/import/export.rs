use std::borrow::Cow;
use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use tertulia_core::account::{Account, AccountState, Standing};
use tertulia_core::attributes::{Attribute, AttributeKind};
use tertulia_core::consent::{Change, Fact, Proof, Purpose, Scope, Source};
use tertulia_core::contact::{Contact, CreatedBy, Identity, LeadStatus, RecordStatus, Tag, tag_name};
use tertulia_core::decide::import_row::RowOutcome::{self, Created, Unchanged, Updated};
use tertulia_core::error::Code;
use tertulia_core::export::{Column, Sheet, round_trip};
use tertulia_core::identity::{Address, AddressKind};
use tertulia_core::ids::{AccountId, AgentId, ContactId};
use tertulia_core::import::{Field, OnDuplicate, suggest};
use tertulia_core::record::{ExternalRef, IdentityRef};
use tertulia_core::roles::Role;
use tertulia_core::settings::Settings;
use tertulia_core::team::Member;
use uuid::Uuid;

use crate::rows::Importing;
use crate::support::{ORG, World, at};

const SENDER: AccountId = AccountId(Uuid::from_u128(8));
const ANOTHER: AccountId = AccountId(Uuid::from_u128(9));
const MEMBERS: [(u128, &str, bool); 5] = [
    (20, "Mia", true),
    (21, "Noor", true),
    (22, "Sam", true),
    (23, "Sam", true),
    (24, "Noor", false),
];

/// Names that exported columns have, or that are alike.
const NAMES: [&str; 14] = [
    "phone",
    "optedIn",
    "status",
    "owner",
    "lead",
    "firstName",
    "first_name",
    "Name_1",
    "name1",
    "contactId",
    "tags",
    "optInProof",
    "City",
    "__",
];

fn attribute(name: &str, kind: AttributeKind) -> Attribute {
    Attribute {
        org: ORG,
        name: name.to_owned(),
        kind,
    }
}

/// A world with the same attributes, members and sender as every other.
fn world() -> World {
    let mut world = World::new(Settings::default());
    world.now = at(1000);
    let values = ["Basic", "-Plus", "a,b"].map(str::to_owned).to_vec();
    for (name, kind) in [
        ("status", AttributeKind::Text),
        ("size", AttributeKind::Number),
        ("born", AttributeKind::Date),
        ("plan", AttributeKind::Dropdown { values }),
        ("member", AttributeKind::Boolean),
        ("phone", AttributeKind::Text),
    ] {
        world.insert(attribute(name, kind));
    }
    for (id, name, active) in MEMBERS {
        world.insert(Member {
            id: AgentId(Uuid::from_u128(id)),
            org: ORG,
            name: name.to_owned(),
            role: Role::Agent,
            active,
        });
    }
    world
}

fn add_sender(world: &mut World) {
    world.insert(Account {
        id: SENDER,
        org: ORG,
        channel: tertulia_core::channel::Channel::WhatsApp,
        sender_id: "1".to_owned(),
        business_id: None,
        endpoint: None,
        name: "shop".to_owned(),
        credential: String::new(),
        messages_per_second: None,
        state: AccountState::Active,
        standing: Standing::default(),
        begun: Vec::new(),
    });
}

/// Stores a contact, and what leads to it.
fn insert(world: &mut World, contact: Contact) {
    for identity in &contact.identities {
        world.insert(IdentityRef {
            org: ORG,
            kind: identity.address.kind,
            match_key: identity.match_key.clone(),
            contact: contact.id,
        });
    }
    for (system, id) in &contact.external_ids {
        world.insert(ExternalRef {
            org: ORG,
            system: system.clone(),
            id: id.clone(),
            contact: contact.id,
        });
    }
    for (key, name) in &contact.tags {
        world.insert(Tag {
            org: ORG,
            key: key.clone(),
            name: name.clone(),
        });
    }
    world.insert(contact);
}

fn identity(kind: AddressKind, value: impl Into<String>) -> Identity {
    let address = Address::new(kind, value);
    Identity {
        match_key: address.match_key(),
        address,
        provider_value: None,
        unassigned: false,
        since: at(-1000),
        until: None,
        merged_from: None,
    }
}

fn person(number: u128) -> Contact {
    let mut contact = Contact::new(
        ORG,
        ContactId(Uuid::from_u128(1000 + number)),
        CreatedBy::Manual,
        at(-1000),
    );
    contact
        .identities
        .push(identity(AddressKind::Phone, format!("+1212555{number:04}")));
    contact
}

fn fact(seconds: i64, change: Change, source: Source, scope: Scope) -> Fact {
    Fact {
        at: at(seconds),
        change,
        scope,
        source,
        via: None,
        new_proof: false,
        proof: Proof::Stated("before".to_owned()),
    }
}

fn sheet(world: &World) -> Sheet {
    Sheet::new(None, &world.attributes(), world.all()).unwrap()
}

/// All contacts' rows, sorted: ids differ from world to world.
fn export(world: &World) -> Vec<Vec<String>> {
    let sheet = sheet(world);
    let mut rows: Vec<Vec<String>> = world
        .contacts()
        .iter()
        .map(|contact| sheet.row(contact).collect())
        .collect();
    rows.sort();
    rows
}

/// Imports rows, in batches of two; what became of each.
fn import(world: &mut World, rows: &[Vec<String>]) -> Vec<RowOutcome> {
    let header: Vec<String> = sheet(world).header().map(Cow::into_owned).collect();
    let mut import = Importing::begin_with(world, &header, OnDuplicate::Update);
    assert_eq!(import.mapping.unmapped(), Vec::<&str>::new());
    let mut outcomes = Vec::new();
    for batch in rows.chunks(2) {
        let cells: Vec<Vec<&str>> = batch
            .iter()
            .map(|row| row.iter().map(String::as_str).collect())
            .collect();
        let cells: Vec<&[&str]> = cells.iter().map(Vec::as_slice).collect();
        for (result, row) in import.batch(world, &cells, false).into_iter().zip(batch) {
            outcomes.push(
                result
                    .unwrap_or_else(|refused| panic!("{refused}: {row:?}"))
                    .outcome,
            );
        }
    }
    outcomes
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-cé ,;:\"'=+@\t\r\n-]{0,6}",
        "['\"]{0,2}[=+@-][a-z0-9]{0,4}",
        "[^\0\u{fffd}]{0,5}",
    ]
}

fn name() -> impl Strategy<Value = Option<String>> {
    prop::option::of(text().prop_map(|text| text.trim().to_owned()))
        .prop_map(|name| name.filter(|name| !name.is_empty()))
}

fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let change = prop::sample::select(vec![Change::OptIn, Change::OptOut, Change::NewNumber]);
    let source = prop::sample::select(vec![
        Source::Inbound,
        Source::Manual,
        Source::Import,
        Source::Keyword,
        Source::Provider,
    ]);
    let scope = prop::sample::select(vec![
        Scope::EVERYTHING,
        Scope {
            purpose: Purpose::Marketing,
            sender: None,
        },
        Scope {
            purpose: Purpose::AllButMarketing,
            sender: None,
        },
        Scope {
            purpose: Purpose::Everything,
            sender: Some(SENDER),
        },
        Scope {
            purpose: Purpose::Marketing,
            sender: Some(SENDER),
        },
    ]);
    prop::collection::vec((0..60_i64, change, source, scope), 0..4).prop_map(|facts| {
        facts
            .into_iter()
            .map(|(at, change, source, scope)| fact(at, change, source, scope))
            .collect()
    })
}

fn values() -> impl Strategy<Value = BTreeMap<String, Value>> {
    let one = |name: &'static str, value: BoxedStrategy<Value>| {
        prop::option::of(value).prop_map(move |value| value.map(|value| (name.to_owned(), value)))
    };
    let number = prop_oneof![
        any::<i64>().prop_map(|n| json!(n)),
        any::<f64>()
            .prop_filter("JSON has no other", |n| n.is_finite())
            .prop_map(|n| json!(n)),
    ];
    (
        one("status", text().prop_map(Value::from).boxed()),
        one("size", number.boxed()),
        one("born", Just(json!("1999-12-31")).boxed()),
        one(
            "plan",
            prop::sample::select(vec![json!("Basic"), json!("-Plus"), json!("a,b")]).boxed(),
        ),
        one("member", any::<bool>().prop_map(Value::from).boxed()),
        one("phone", text().prop_map(Value::from).boxed()),
    )
        .prop_map(|(a, b, c, d, e, f)| [a, b, c, d, e, f].into_iter().flatten().collect())
}

/// Contacts that are known by something, numbered.
fn contacts() -> impl Strategy<Value = Vec<Contact>> {
    let known_by = (1..8_u8, 0..3_usize);
    let profile = (name(), name(), name(), any::<bool>());
    let tags = prop::collection::vec(text(), 0..3);
    let state = (
        prop::sample::select(vec![
            LeadStatus::Cold,
            LeadStatus::Warm,
            LeadStatus::Hot,
            LeadStatus::Customer,
        ]),
        prop::option::of(0..4_usize),
        prop::sample::select(vec![
            RecordStatus::Active,
            RecordStatus::Inactive,
            RecordStatus::Blocked,
        ]),
    );
    let one = (known_by, profile, tags, state, facts(), values(), text());
    prop::collection::vec(one, 1..6).prop_map(|all| {
        let all = all.into_iter().enumerate();
        all.map(
            |(place, ((known, others), (name, first, last, shares), tags, state, facts, values, id))| {
                let number = place as u128;
                let mut contact = person(number);
                contact.identities.clear();
                if known & 1 != 0 {
                    for other in 0..=others {
                        let phone = format!("+1212555{number:02}{other:02}");
                        contact.identities.push(identity(AddressKind::Phone, phone));
                    }
                }
                if known & 2 != 0 {
                    for other in 0..=others {
                        contact
                            .identities
                            .push(identity(AddressKind::WhatsAppId, format!("US.{number}X{other}")));
                    }
                }
                if known & 4 != 0 {
                    contact
                        .external_ids
                        .insert("shop".to_owned(), format!("{number}{}", id.trim()));
                    contact
                        .external_ids
                        .insert("=erp: \"x\"".to_owned(), number.to_string());
                }
                if shares {
                    contact.email = Some("office@example.com".to_owned());
                }
                if known == 4 {
                    // Without another address, an e-mail address would name the contact.
                    contact.email = Some(format!("p{number}@example.com"));
                    contact
                        .identities
                        .push(identity(AddressKind::Email, format!("p{number}@example.com")));
                }
                (contact.name, contact.first_name, contact.last_name) = (name, first, last);
                for tag in tags {
                    if let Ok((key, name)) = tag_name(&tag) {
                        contact.tags.insert(key.clone(), name);
                    }
                }
                (contact.lead, contact.status) = (state.0, state.2);
                contact.owner = state.1.map(|place| AgentId(Uuid::from_u128(MEMBERS[place].0)));
                for fact in facts {
                    contact.consent.record(fact);
                }
                contact.attributes = values;
                contact
            },
        )
        .collect()
    })
}

proptest! {
    #[test]
    fn importing_an_export_gives_back_the_same_contacts(contacts in contacts()) {
        let mut from = world();
        add_sender(&mut from);
        // A tag is written as it first was, whoever has it.
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        for mut contact in contacts {
            for (key, name) in &mut contact.tags {
                name.clone_from(names.entry(key.clone()).or_insert_with(|| name.clone()));
            }
            insert(&mut from, contact);
        }
        let rows = export(&from);
        for row in &rows {
            for cell in row {
                prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{:?}", cell);
            }
        }
        let before = from.contacts();
        prop_assert!(import(&mut from, &rows).iter().all(|outcome| *outcome == Unchanged));
        prop_assert_eq!(from.contacts(), before);

        let mut empty = world();
        add_sender(&mut empty);
        prop_assert!(import(&mut empty, &rows).iter().all(|outcome| *outcome == Created));
        prop_assert_eq!(export(&empty), rows);
    }

    #[test]
    fn an_exports_header_is_read_as_what_it_is_whatever_attributes_there_are(
        names in prop::sample::subsequence(&NAMES[..], 0..=NAMES.len()),
    ) {
        let attributes: Vec<Attribute> =
            names.iter().map(|name| attribute(name, AttributeKind::Text)).collect();
        let mut columns = round_trip(&attributes);
        columns.extend([Column::ExternalId("erp: x".to_owned()), Column::ContactId, Column::CreatedAt]);
        let sheet = Sheet::new(Some(columns.clone()), &attributes, Vec::new()).unwrap();
        let header: Vec<String> = sheet.header().map(Cow::into_owned).collect();
        let suggested = suggest(&header, &attributes);
        for (column, field) in columns.iter().zip(suggested) {
            let wanted = match column {
                Column::Attribute(name) => Field::Attribute(name.clone()),
                Column::ExternalId(system) => Field::ExternalId(system.clone()),
                Column::ContactId | Column::CreatedAt => Field::Ignore,
                own => serde_json::from_value(serde_json::to_value(own).unwrap()).unwrap(),
            };
            prop_assert_eq!(field, Some(wanted), "{:?}", header);
        }
    }
}

/// The contact who has the first number.
fn first(world: &World) -> Contact {
    let mut contacts = world.contacts();
    contacts.retain(|contact| {
        contact
            .phone()
            .is_some_and(|phone| phone.address.value == "+12125550001")
    });
    contacts.remove(0)
}

/// A name; what was said; what the columns have; whether all, and whether marketing, may go out by the sender.
type Case = (&'static str, Vec<Fact>, [&'static str; 3], bool, bool);

#[test]
fn who_opted_out_comes_back_opted_out_from_then_on_and_who_never_was_asked_is_not() {
    use Change::{OptIn, OptOut};
    let narrow = |purpose, sender| Scope { purpose, sender };
    let everything = Scope::EVERYTHING;
    let marketing = narrow(Purpose::Marketing, None);
    let at_sender = narrow(Purpose::Everything, Some(SENDER));
    let utility = narrow(Purpose::AllButMarketing, None);
    let out = "everything 2026-02-02T02:40:10Z";
    let cases: [Case; 8] = [
        ("never asked", vec![], ["", "", ""], false, false),
        (
            "in",
            vec![fact(5, OptIn, Source::Inbound, everything)],
            ["true", "2026-02-02T02:40:05Z", ""],
            true,
            true,
        ),
        (
            "in, but not for marketing",
            vec![fact(5, OptIn, Source::Inbound, utility)],
            ["allButMarketing", "2026-02-02T02:40:05Z", ""],
            true,
            false,
        ),
        (
            "out by STOP",
            vec![fact(10, OptOut, Source::Keyword, everything)],
            ["false", "", out],
            false,
            false,
        ),
        (
            "out, having been in",
            vec![
                fact(5, OptIn, Source::Inbound, everything),
                fact(10, OptOut, Source::Manual, everything),
            ],
            ["false", "", out],
            false,
            false,
        ),
        (
            "in again",
            vec![
                fact(5, OptOut, Source::Manual, everything),
                fact(10, OptIn, Source::Keyword, everything),
            ],
            ["true", "2026-02-02T02:40:10Z", ""],
            true,
            true,
        ),
        (
            "in, and out of marketing",
            vec![
                fact(5, OptIn, Source::Manual, everything),
                fact(10, OptOut, Source::Provider, marketing),
            ],
            ["true", "2026-02-02T02:40:05Z", "marketing 2026-02-02T02:40:10Z"],
            true,
            false,
        ),
        (
            "in, and out at one sender",
            vec![
                fact(5, OptIn, Source::Manual, everything),
                fact(10, OptOut, Source::Keyword, at_sender),
            ],
            [
                "true",
                "2026-02-02T02:40:05Z",
                "everything@00000000-0000-0000-0000-000000000008 2026-02-02T02:40:10Z",
            ],
            false,
            false,
        ),
    ];
    for (case, facts, cells, any, marketing) in cases {
        let mut from = world();
        let mut contact = person(1);
        for fact in facts {
            contact.consent.record(fact);
        }
        insert(&mut from, contact);
        let rows = export(&from);
        assert_eq!(rows[0][4..7], cells, "{case}");
        // A sender that the other organisation does not have counts as all.
        for has_sender in [true, false] {
            let mut empty = world();
            if has_sender {
                add_sender(&mut empty);
            }
            assert_eq!(import(&mut empty, &rows), [Created]);
            let back = first(&empty);
            assert_eq!(back.consent.permits(false, SENDER, None).is_ok(), any, "{case}");
            assert_eq!(
                back.consent.permits(true, SENDER, None).is_ok(),
                marketing,
                "{case}"
            );
            let elsewhere = back.consent.permits(false, ANOTHER, None).is_ok();
            let there_alone = case == "in, and out at one sender" && has_sender;
            assert_eq!(elsewhere, any || there_alone, "{case}");
            let asked = back.consent.history().is_empty();
            assert_eq!(asked, case == "never asked", "{case}");
            // A later list of people who agreed does not lift it.
            let mut list = Importing::begin(&mut empty, "phone,optedIn", OnDuplicate::Update);
            list.batch(&mut empty, &[&["+12125550001", "true"]], true);
            let still = first(&empty).consent.permits(false, SENDER, None).is_ok();
            assert_eq!(still, any || case == "never asked", "{case}");
        }
    }
}

#[test]
fn a_file_blocks_and_sets_aside_and_never_lifts_a_block() {
    use RecordStatus::{Active, Blocked, Inactive};
    for (before, cell, mode, after) in [
        (Active, "blocked", OnDuplicate::Update, Blocked),
        (Active, "Inactive", OnDuplicate::Update, Inactive),
        (Inactive, "active", OnDuplicate::Update, Active),
        (Blocked, "active", OnDuplicate::Update, Blocked),
        (Blocked, "inactive", OnDuplicate::Update, Blocked),
        (Active, "blocked", OnDuplicate::FillGaps, Active),
        (Active, "", OnDuplicate::Update, Active),
    ] {
        let mut world = world();
        let mut contact = person(1);
        contact.status = before;
        insert(&mut world, contact);
        let mut import = Importing::begin(&mut world, "phone,recordStatus", mode);
        let results = import.batch(&mut world, &[&["+12125550001", cell]], true);
        let outcome = results[0].as_ref().unwrap().outcome;
        assert_eq!(
            outcome,
            if before == after { Unchanged } else { Updated },
            "{before:?} {cell}"
        );
        assert_eq!(first(&world).status, after, "{before:?} {cell}");
    }
}

#[test]
fn owners_are_named_by_name_or_id_and_have_to_work_here() {
    let cases = [
        ("Mia", Ok(20)),
        ("Noor", Ok(21)),
        ("00000000-0000-0000-0000-000000000017", Ok(23)),
        ("Sam", Err(Code::ImportRow)),
        ("Zed", Err(Code::MemberNotFound)),
        // Noor who left.
        ("00000000-0000-0000-0000-000000000018", Err(Code::MemberInactive)),
    ];
    for (cell, wanted) in cases {
        let mut world = world();
        let mut import = Importing::begin(&mut world, "phone,owner", OnDuplicate::Update);
        let results = import.batch(&mut world, &[&["+12125550001", cell]], true);
        match wanted {
            Ok(id) => assert_eq!(first(&world).owner, Some(AgentId(Uuid::from_u128(id)))),
            Err(code) => assert_eq!(results[0].as_ref().unwrap_err().errors[0].code, code, "{cell}"),
        }
    }
}

#[test]
fn an_export_names_owners_and_numbers_so_that_they_are_nobody_elses() {
    let mut world = world();
    // A name that is another member's id would be taken for that id.
    let id = |number: u128| AgentId(Uuid::from_u128(number));
    world.insert(Member {
        id: id(25),
        org: ORG,
        name: id(20).to_string(),
        role: Role::Agent,
        active: true,
    });
    let columns = vec![Column::Owner, Column::Phone, Column::OtherPhones];
    let sheet = Sheet::new(Some(columns), &world.attributes(), world.all()).unwrap();
    let (mia, gone) = ("Mia".to_owned(), id(24).to_string());
    for (owner, shown) in [
        (20, mia),
        // Another Noor works here.
        (24, gone),
        (22, id(22).to_string()),
        (25, id(25).to_string()),
        (99, id(99).to_string()),
    ] {
        let mut contact = person(1);
        contact.owner = Some(id(owner));
        let other = identity(AddressKind::Phone, "+12125550002");
        contact.identities.push(other);
        let row: Vec<String> = sheet.row(&contact).collect();
        assert_eq!(row, [&*shown, "'+12125550001", "'+12125550002"]);
    }
}

#[test]
fn a_row_adds_numbers_and_ids_that_nobody_has_and_is_refused_for_anothers() {
    let mut world = world();
    insert(&mut world, person(1));
    insert(&mut world, person(2));
    let header = "phone,otherPhones,whatsappIds,externalIds,externalIds.erp";
    let mut import = Importing::begin(&mut world, header, OnDuplicate::Update);
    let results = import.batch(
        &mut world,
        &[
            &[
                "'+12125550001",
                "+12125550011;+12125550012",
                "US.1",
                "{\"shop\": \"17\"}",
                "A-1",
            ],
            // Known by the id in another system, by the WhatsApp id, by a further number.
            &["", "", "", "{\"shop\": \"17\"}", ""],
            &["", "", "US.1", "", ""],
            &["", "+12125550011", "", "", ""],
            &["+12125550002", "+12125550011", "", "", ""],
            &["+12125550002", "", "", "{\"shop\": \"17\"}", ""],
            &["+12125550003", "+12125550011", "", "", ""],
        ],
        true,
    );
    let outcomes: Vec<Result<RowOutcome, Code>> = results
        .into_iter()
        .map(|result| {
            result
                .map(|taken| taken.outcome)
                .map_err(|refused| refused.errors[0].code)
        })
        .collect();
    let taken = Err(Code::ContactDuplicate);
    assert_eq!(
        outcomes,
        [
            Ok(Updated),
            Ok(Unchanged),
            Ok(Unchanged),
            Ok(Unchanged),
            taken,
            taken,
            taken
        ]
    );
    let contact = first(&world);
    let addresses: Vec<&str> = contact
        .identities
        .iter()
        .map(|own| own.address.value.as_str())
        .collect();
    assert_eq!(
        addresses,
        ["+12125550001", "+12125550011", "+12125550012", "US.1"]
    );
    assert_eq!(contact.external_ids["erp"], "A-1");
    assert_eq!(world.contacts().len(), 2);
}

#[test]
fn columns_that_do_not_hold_are_refused() {
    let attributes = [attribute("City", AttributeKind::Text)];
    let try_with = |columns: Vec<Column>| Sheet::new(Some(columns), &attributes, Vec::new()).map(drop);
    assert!(try_with(vec![Column::Phone, Column::Attribute("City".to_owned())]).is_ok());
    for columns in [
        vec![],
        vec![Column::Phone, Column::Phone],
        vec![Column::Attribute("Town".to_owned())],
    ] {
        assert_eq!(try_with(columns).unwrap_err().code(), Code::ImportMapping);
    }
}

#[test]
fn columns_for_reading_tell_what_an_import_leaves_out() {
    use Column::{ContactId, CreatedAt, CreatedBy, FullName, LastInbound, LastInteraction, OptInSource};
    let mut contact = person(1);
    contact.first_name = Some("Ana".to_owned());
    contact.touch(at(7), true);
    contact
        .consent
        .record(fact(5, Change::OptIn, Source::Inbound, Scope::EVERYTHING));
    let columns = vec![
        ContactId,
        FullName,
        CreatedBy,
        CreatedAt,
        LastInbound,
        LastInteraction,
        OptInSource,
    ];
    let sheet = Sheet::new(Some(columns), &[], Vec::new()).unwrap();
    let row: Vec<String> = sheet.row(&contact).collect();
    assert_eq!(
        row,
        [
            "00000000-0000-0000-0000-0000000003e9",
            "Ana",
            "manual",
            "2026-02-02T02:23:20Z",
            "2026-02-02T02:40:07Z",
            "2026-02-02T02:40:07Z",
            "inbound",
        ]
    );
}
