//! What a caller changes of a contact's profile, and how it is refused.

use serde_json::{Value, json};
use tertulia_core::attributes::{Attribute, AttributeKind};
use tertulia_core::contact::{Contact, LeadStatus};
use tertulia_core::decide::contacts::NewContact;
use tertulia_core::decide::profile::{self, ContactField, ContactUpdate};
use tertulia_core::decide::{external_ids, organisation, team};
use tertulia_core::error::{Code, Error};
use tertulia_core::ids::{AgentId, ContactId};
use tertulia_core::journal::What;
use tertulia_core::record::Key;
use tertulia_core::roles::Role;
use uuid::Uuid;

use crate::harness::*;

const STRANGER: AgentId = AgentId(Uuid::from_u128(404));

fn city() -> Attribute {
    Attribute {
        org: ORG,
        name: "City".to_owned(),
        kind: AttributeKind::Dropdown {
            values: vec!["Lisboa".to_owned(), "Porto".to_owned()],
        },
    }
}

fn update(world: &mut World, id: ContactId, revision: u64, change: &ContactUpdate) -> Result<Contact, Error> {
    world.decide(|set, ctx| profile::update(set, ctx, id, revision, change))
}

/// The changes of fields that were journaled, one list an entry.
fn changes(world: &World) -> Vec<Vec<(String, Value, Value)>> {
    let entries = world.journal.iter().filter_map(|entry| match &entry.what {
        What::ContactUpdated { changes } => Some(changes),
        _ => None,
    });
    entries
        .map(|changes| {
            let row = |change: &tertulia_core::journal::FieldChange| {
                (change.field.clone(), change.before.clone(), change.after.clone())
            };
            changes.iter().map(row).collect()
        })
        .collect()
}

#[test]
fn an_update_changes_what_it_names_and_journals_before_and_after_as_one() {
    let mut world = World::new();
    world.store(city());
    let priya = world
        .decide(|set, ctx| team::add(set, ctx, "Priya", Role::Agent))
        .unwrap()
        .id;
    let id = world.contact("+919876543210");
    let before = world.see(id);
    let change = ContactUpdate {
        name: Some(" Ana Matos ".to_owned()),
        email: Some("ana@example.com".to_owned()),
        lead: Some(LeadStatus::Warm),
        owner: Some(priya),
        attributes: [("City".to_owned(), json!("Lisboa"))].into(),
        opted_in: Some(true),
        opt_in_proof: Some("form of today".to_owned()),
        ..ContactUpdate::default()
    };
    let after = update(&mut world, id, before.revision, &change).unwrap();
    assert_eq!(after, world.see(id));
    assert_eq!(after.revision, before.revision + 1);
    assert_eq!(after.name.as_deref(), Some("Ana Matos"));
    assert_eq!(after.email.as_deref(), Some("ana@example.com"));
    assert_eq!((after.lead, after.owner), (LeadStatus::Warm, Some(priya)));
    assert_eq!(after.attributes["City"], "Lisboa");
    assert!(after.consent.opted_in());
    assert_eq!(
        after.identities, before.identities,
        "who has a number is not known by e-mail"
    );
    let [journaled] = &changes(&world)[..] else {
        panic!("one entry: {:?}", changes(&world));
    };
    let fields: Vec<&str> = journaled.iter().map(|(field, ..)| field.as_str()).collect();
    assert_eq!(fields, ["name", "email", "lead", "attributes.City", "owner"]);
    assert_eq!(journaled[0].1, before.name.map_or(Value::Null, Value::from));
    assert_eq!(journaled[2], ("lead".to_owned(), json!("cold"), json!("warm")));

    let cleared = ContactUpdate {
        first_name: Some("Ana".to_owned()),
        clear: vec![ContactField::Name, ContactField::Email, ContactField::Owner],
        clear_attributes: vec!["City".to_owned(), "Plan".to_owned()],
        ..ContactUpdate::default()
    };
    let emptied = update(&mut world, id, after.revision, &cleared).unwrap();
    assert_eq!(emptied.full_name().as_deref(), Some("Ana"));
    assert_eq!((emptied.email, emptied.owner), (None, None));
    assert!(emptied.attributes.is_empty());
    assert_eq!(changes(&world)[1].last().unwrap().2, Value::Null);
}

#[test]
fn an_update_that_says_what_is_so_changes_nothing() {
    let mut world = World::new();
    let id = world.contact("+919876543210");
    let before = world.see(id);
    let same = ContactUpdate {
        name: before.name.clone(),
        lead: Some(before.lead),
        opted_in: Some(true),
        clear: vec![ContactField::Email],
        clear_attributes: vec!["City".to_owned()],
        ..ContactUpdate::default()
    };
    let journal = world.journal.len();
    assert_eq!(update(&mut world, id, before.revision, &same).unwrap(), before);
    assert_eq!(world.journal.len(), journal);
}

#[test]
fn an_update_of_what_somebody_else_changed_is_refused() {
    let mut world = World::new();
    let id = world.contact("+919876543210");
    let read = world.see(id).revision;
    let name = |name: &str| ContactUpdate {
        name: Some(name.to_owned()),
        ..ContactUpdate::default()
    };
    update(&mut world, id, read, &name("Ana")).unwrap();
    let late = update(&mut world, id, read, &name("Anna")).unwrap_err();
    assert_eq!(late.code(), Code::ContactChanged);
    assert_eq!(world.see(id).name.as_deref(), Some("Ana"));
    update(&mut world, id, read + 1, &name("Anna")).unwrap();
}

#[test]
fn an_update_is_refused_whole_with_the_rule() {
    let mut world = World::new();
    world.store(city());
    let left = world
        .decide(|set, ctx| team::add(set, ctx, "Otto", Role::Agent))
        .unwrap()
        .id;
    world
        .decide(|set, ctx| team::set_active(set, ctx, left, false))
        .unwrap();
    let id = world.contact("+919876543210");
    let ana = person(&[phone("919876543210")]);
    world.told(says(&ana, "m1", 1, "stop"));
    let good = || ContactUpdate {
        name: Some("Ana".to_owned()),
        ..ContactUpdate::default()
    };
    let attribute = |name: &str, value: Value| ContactUpdate {
        attributes: [(name.to_owned(), value)].into(),
        ..good()
    };
    let cases = [
        (
            ContactUpdate {
                email: Some("ana@".to_owned()),
                ..good()
            },
            Code::ContactEmailInvalid,
        ),
        (attribute("Colour", json!("red")), Code::AttributeUnknown),
        (attribute("City", json!("Braga")), Code::AttributeMisfit),
        (attribute("City", Value::Null), Code::AttributeMisfit),
        (attribute("ctwa", json!("x")), Code::AttributeUnknown),
        (
            ContactUpdate {
                owner: Some(STRANGER),
                ..good()
            },
            Code::MemberNotFound,
        ),
        (
            ContactUpdate {
                owner: Some(left),
                ..good()
            },
            Code::MemberInactive,
        ),
        (
            ContactUpdate {
                clear: vec![ContactField::Name],
                ..good()
            },
            Code::ContactUpdateInvalid,
        ),
        (
            ContactUpdate {
                clear_attributes: vec!["City".to_owned()],
                ..attribute("City", json!("Porto"))
            },
            Code::ContactUpdateInvalid,
        ),
        (
            ContactUpdate {
                opted_in: Some(true),
                ..good()
            },
            Code::ConsentOptedOut,
        ),
    ];
    let before = world.see(id);
    for (change, code) in cases {
        let error = update(&mut world, id, before.revision, &change).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert_eq!(world.see(id), before);
    }
}

#[test]
fn the_only_thing_a_contact_is_known_by_cannot_be_taken_away() {
    let mut world = World::new();
    let by_mail = NewContact {
        phone: None,
        email: Some("ana@example.com".to_owned()),
        ..named("")
    };
    let id = world.create(&by_mail).unwrap();
    let forget = ContactUpdate {
        clear: vec![ContactField::Email],
        ..ContactUpdate::default()
    };
    let refused = update(&mut world, id, 1, &forget).unwrap_err();
    assert_eq!(refused.code(), Code::ContactIdentityRequired);

    world
        .decide(|set, ctx| external_ids::set_external_id(set, ctx, id, "shop", "c-1"))
        .unwrap();
    let revision = world.see(id).revision;
    let contact = update(&mut world, id, revision, &forget).unwrap();
    assert!(contact.current_identities().next().is_none());
    // Nobody is found by the address any more, so somebody else can have it.
    world.create(&by_mail).unwrap();
}

#[test]
fn a_lead_goes_on_step_by_step_and_back_only_from_far() {
    use LeadStatus::{Cold, Customer, Hot, Warm};
    let mut world = World::new();
    let id = world.contact("+919876543210");
    for next in [Warm, Hot, Customer] {
        assert_eq!(
            world
                .decide(|set, ctx| profile::advance_lead(set, ctx, id))
                .unwrap(),
            next
        );
        assert_eq!(world.see(id).lead, next);
    }
    let beyond = world
        .decide(|set, ctx| profile::advance_lead(set, ctx, id))
        .unwrap_err();
    assert_eq!(beyond.code(), Code::ContactLeadStep);

    for (from, to, then) in [
        (Customer, None, Ok(Cold)),
        (Customer, Some(Hot), Ok(Hot)),
        (Hot, Some(Warm), Ok(Warm)),
        (Hot, None, Ok(Cold)),
        (Hot, Some(Hot), Err(Code::ContactLeadStep)),
        (Hot, Some(Customer), Err(Code::ContactLeadStep)),
        (Warm, None, Err(Code::ContactLeadStep)),
        (Cold, None, Err(Code::ContactLeadStep)),
    ] {
        world
            .decide(|set, ctx| profile::set_lead(set, ctx, id, from))
            .unwrap();
        let result = world.decide(|set, ctx| profile::re_engage(set, ctx, id, to));
        assert_eq!(result.map_err(|error| error.code()), then, "{from:?} to {to:?}");
        assert_eq!(world.see(id).lead, then.unwrap_or(from));
    }
}

#[test]
fn members_who_work_here_own_contacts() {
    let mut world = World::new();
    let priya = world
        .decide(|set, ctx| team::add(set, ctx, "Priya", Role::Agent))
        .unwrap()
        .id;
    let id = world.contact("+919876543210");
    let own = |world: &mut World, owner| world.decide(|set, ctx| profile::set_owner(set, ctx, id, owner));
    assert!(own(&mut world, Some(priya)).unwrap());
    assert!(!own(&mut world, Some(priya)).unwrap());
    assert_eq!(world.see(id).owner, Some(priya));
    assert_eq!(
        changes(&world),
        [[("owner".to_owned(), Value::Null, json!(priya.to_string()))]]
    );
    assert_eq!(
        own(&mut world, Some(STRANGER)).unwrap_err().code(),
        Code::MemberNotFound
    );

    let yourself = world.decide(|set, ctx| team::check_successor(set, ctx, priya, priya));
    assert_eq!(yourself.unwrap_err().code(), Code::MemberInactive);
    world
        .decide(|set, ctx| team::set_active(set, ctx, priya, false))
        .unwrap();
    assert!(own(&mut world, None).unwrap());
    assert_eq!(
        own(&mut world, Some(priya)).unwrap_err().code(),
        Code::MemberInactive
    );
    world
        .decide(|set, ctx| team::set_active(set, ctx, priya, true))
        .unwrap();
    assert!(own(&mut world, Some(priya)).unwrap());
}

#[test]
fn a_definition_changes_only_as_it_was_looked_at_and_is_audited() {
    let mut world = World::new();
    world.store(city());
    let change = |world: &mut World, before: &Attribute, kind: &AttributeKind| {
        world.decide(|set, ctx| organisation::redefine_attribute(set, ctx, before, kind))
    };
    change(&mut world, &city(), &AttributeKind::Text).unwrap();
    let stale = change(&mut world, &city(), &AttributeKind::Number).unwrap_err();
    assert_eq!(stale.code(), Code::StorageConflict);
    let text = Attribute {
        kind: AttributeKind::Text,
        ..city()
    };
    let empty = AttributeKind::Dropdown { values: Vec::new() };
    assert_eq!(
        change(&mut world, &text, &empty).unwrap_err().code(),
        Code::AttributeInvalid
    );
    world
        .decide(|set, ctx| organisation::remove_attribute(set, ctx, &text))
        .unwrap();
    let key = Key::Attribute {
        org: ORG,
        name: "City".to_owned(),
    };
    assert!(world.find::<Attribute>(&key).is_none());
    let audited: Vec<(bool, bool)> = world
        .journal
        .iter()
        .filter_map(|entry| match &entry.what {
            What::AttributeChanged { before, after, .. } => Some((before.is_some(), after.is_some())),
            _ => None,
        })
        .collect();
    assert_eq!(audited, [(true, true), (true, false)]);
}

#[test]
fn values_go_that_no_definition_stands_for() {
    let mut world = World::new();
    world.store(city());
    let id = world.contact("+919876543210");
    let change = ContactUpdate {
        attributes: [("City".to_owned(), json!("Lisboa"))].into(),
        ..ContactUpdate::default()
    };
    update(&mut world, id, 1, &change).unwrap();
    let drop = |world: &mut World| world.decide(|set, ctx| profile::drop_misfit(set, ctx, id, "City"));
    assert!(!drop(&mut world).unwrap(), "it fits");
    let porto = AttributeKind::Dropdown {
        values: vec!["Porto".to_owned()],
    };
    world
        .decide(|set, ctx| organisation::redefine_attribute(set, ctx, &city(), &porto))
        .unwrap();
    assert!(drop(&mut world).unwrap());
    assert!(world.see(id).attributes.is_empty());
    assert!(!drop(&mut world).unwrap());
}
