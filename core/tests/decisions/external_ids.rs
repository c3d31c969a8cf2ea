//! Ids in other systems, and what records of those systems are stored by.

use serde_json::json;
use tertulia_core::attributes::{Attribute, AttributeKind};
use tertulia_core::consent::Scope;
use tertulia_core::contact::{Contact, CreatedBy, LeadStatus};
use tertulia_core::decide::contacts::{ConsentRequest, NewContact, block, set_consent};
use tertulia_core::decide::external_ids::{Upserted, remove_external_id, set_external_id, upsert};
use tertulia_core::decide::moves::add_phone;
use tertulia_core::error::{Code, Error};
use tertulia_core::identity::{Address, AddressKind};
use tertulia_core::ids::ContactId;
use tertulia_core::journal::{Actor, What};
use tertulia_core::record::{ExternalRef, Key};
use tertulia_core::settings::Plan;

use crate::harness::*;

const SHOP_17: (&str, &str) = ("shop", "17");

fn set(world: &mut World, contact: ContactId, system: &str, id: &str) -> Result<(), Code> {
    let done = world.decide(|set, ctx| set_external_id(set, ctx, contact, system, id));
    done.map_err(|error| error.code())
}

fn found(world: &World, system: &str, id: &str) -> Option<ContactId> {
    let key = Key::ExternalRef {
        org: ORG,
        system: system.to_owned(),
        id: id.to_owned(),
    };
    world.find::<ExternalRef>(&key).map(|known| known.contact)
}

fn changes(world: &World) -> Vec<(String, serde_json::Value, serde_json::Value)> {
    let updates = world.journal.iter().filter_map(|entry| match &entry.what {
        What::ContactUpdated { changes } => Some(changes.clone()),
        _ => None,
    });
    let fields = updates.flatten();
    fields
        .map(|change| (change.field, change.before, change.after))
        .collect()
}

fn stored(world: &mut World, new: &NewContact, key: (&str, &str)) -> Result<(ContactId, Upserted), Error> {
    world.decide(|set, ctx| upsert(set, ctx, new, key, CreatedBy::Api, 0))
}

fn nothing() -> NewContact {
    NewContact::default()
}

#[test]
fn an_id_of_another_system_is_one_contacts_and_a_contact_has_one_in_each_system() {
    let mut world = World::new();
    let ana = world.contact("+919876543210");
    let bo = world.contact("+14155552671");
    set(&mut world, ana, " shop ", " 17 ").unwrap();
    set(&mut world, ana, "erp", "17").unwrap();
    assert_eq!(
        (found(&world, "shop", "17"), found(&world, "erp", "17")),
        (Some(ana), Some(ana))
    );
    let journaled = changes(&world);
    assert_eq!(
        journaled[0],
        ("external_ids.shop".to_owned(), json!(null), json!("17"))
    );
    // The same again is nothing; another contact's is refused.
    let revision = world.see(ana).revision;
    set(&mut world, ana, "shop", "17").unwrap();
    assert_eq!(
        (world.see(ana).revision, changes(&world).len()),
        (revision, journaled.len())
    );
    assert_eq!(set(&mut world, bo, "shop", "17"), Err(Code::ContactDuplicate));
    // Another id in the system takes the place of the one before, which is free again.
    set(&mut world, ana, "shop", "18").unwrap();
    assert_eq!(
        (found(&world, "shop", "17"), found(&world, "shop", "18")),
        (None, Some(ana))
    );
    set(&mut world, bo, "shop", "17").unwrap();
    assert_eq!(found(&world, "shop", "17"), Some(bo));

    world
        .decide(|set, ctx| remove_external_id(set, ctx, ana, "shop"))
        .unwrap();
    assert_eq!(found(&world, "shop", "18"), None);
    assert_eq!(
        world.see(ana).external_ids,
        [("erp".to_owned(), "17".to_owned())].into()
    );
    let removed = ("external_ids.shop".to_owned(), json!("18"), json!(null));
    assert_eq!(changes(&world).last(), Some(&removed));
    let before = changes(&world).len();
    world
        .decide(|set, ctx| remove_external_id(set, ctx, ana, "shop"))
        .unwrap();
    assert_eq!(changes(&world).len(), before);
}

#[test]
fn what_cannot_be_kept_as_an_external_id_is_refused() {
    let mut world = World::new();
    let ana = world.contact("+919876543210");
    for (system, id) in [
        (" ", "17"),
        ("shop", "\t"),
        (&*"s".repeat(101), "17"),
        ("shop", &*"1".repeat(256)),
    ] {
        assert_eq!(
            set(&mut world, ana, system, id),
            Err(Code::ContactExternalIdInvalid)
        );
        let refused = stored(&mut world, &nothing(), (system, id)).unwrap_err();
        assert_eq!(refused.code(), Code::ContactExternalIdInvalid);
    }
    set(&mut world, ana, &"s".repeat(100), &"é".repeat(255)).unwrap();
    let twice = NewContact {
        external_ids: [("shop".to_owned(), "18".to_owned())].into(),
        ..nothing()
    };
    let refused = stored(&mut world, &twice, SHOP_17).unwrap_err();
    assert_eq!(refused.code(), Code::ContactExternalIdInvalid);
    let same_after_trimming = NewContact {
        external_ids: [
            ("shop ".to_owned(), "1".to_owned()),
            ("shop".to_owned(), "2".to_owned()),
        ]
        .into(),
        ..named("+14155552671")
    };
    assert_eq!(
        world.create(&same_after_trimming).unwrap_err().code(),
        Code::ContactExternalIdInvalid
    );
}

#[test]
fn a_record_is_created_then_unchanged_then_updated() {
    let mut world = World::new();
    world.store(Attribute {
        org: ORG,
        name: "size".to_owned(),
        kind: AttributeKind::Number,
    });
    let record = NewContact {
        email: Some("ana@example.com".to_owned()),
        tags: vec!["Shop".to_owned()],
        attributes: [("size".to_owned(), json!(1))].into(),
        opted_in: Some(true),
        opt_in_proof: Some("checkout of 2026-02-01".to_owned()),
        external_ids: [("erp".to_owned(), "A9".to_owned())].into(),
        ..named("+919876543210")
    };
    let (id, outcome) = stored(&mut world, &record, SHOP_17).unwrap();
    assert_eq!(outcome, Upserted::Created);
    let contact = world.see(id);
    assert_eq!(contact.created_by, CreatedBy::Api);
    assert!(contact.consent.opted_in() && contact.tags.contains_key("shop"));
    assert_eq!(
        (found(&world, "shop", "17"), found(&world, "erp", "A9")),
        (Some(id), Some(id))
    );

    // Said again, however often, it changes nothing, in whatever spelling.
    let spelled = NewContact {
        phone: Some("+91 98765-43210".to_owned()),
        tags: vec!["SHOP".to_owned()],
        ..record.clone()
    };
    for same in [&record, &spelled, &nothing()] {
        let versions = world.records.clone();
        assert_eq!(
            stored(&mut world, same, SHOP_17).unwrap(),
            (id, Upserted::Unchanged)
        );
        assert_eq!(world.records, versions);
    }

    let news = NewContact {
        name: Some("Ana Lima".to_owned()),
        first_name: Some(" ".to_owned()),
        email: Some("lima@example.com".to_owned()),
        tags: vec!["vip".to_owned()],
        attributes: [("size".to_owned(), json!(2))].into(),
        lead: Some(LeadStatus::Customer),
        external_ids: [("erp".to_owned(), "B1".to_owned())].into(),
        ..nothing()
    };
    let before = changes(&world).len();
    assert_eq!(
        stored(&mut world, &news, SHOP_17).unwrap(),
        (id, Upserted::Updated)
    );
    let contact = world.see(id);
    assert_eq!(
        (contact.name.as_deref(), contact.email.as_deref(), contact.lead),
        (Some("Ana Lima"), Some("lima@example.com"), LeadStatus::Customer)
    );
    assert_eq!(contact.attributes["size"], json!(2));
    assert_eq!(
        contact.tags.keys().collect::<Vec<_>>(),
        ["shop", "vip"],
        "tags are added"
    );
    assert_eq!(
        (found(&world, "erp", "A9"), found(&world, "erp", "B1")),
        (None, Some(id))
    );
    let fields: Vec<String> = changes(&world)
        .into_iter()
        .skip(before)
        .map(|(field, ..)| field)
        .collect();
    assert_eq!(
        fields,
        ["name", "email", "lead", "attributes.size", "external_ids.erp"]
    );
    assert_eq!(world.all::<Contact>().len(), 1);
}

#[test]
fn a_new_record_is_held_to_the_rules_of_creation() {
    let mut world = World::with(|settings| settings.plan = Plan::Contacts(1));
    let mut refusal = |new: &NewContact, by, contacts_now| {
        let refused = world.decide(|set, ctx| upsert(set, ctx, new, SHOP_17, by, contacts_now));
        refused.unwrap_err().code()
    };
    let nameless = NewContact {
        name: None,
        ..named("+919876543210")
    };
    assert_eq!(
        refusal(&nameless, CreatedBy::Manual, 0),
        Code::ContactNameRequired
    );
    assert_eq!(
        refusal(&named("+919876543210"), CreatedBy::Api, 1),
        Code::ContactLimit
    );
    assert_eq!(refusal(&named("12"), CreatedBy::Api, 0), Code::PhoneTooShort);
    // An id in another system is an identity: who is known by nothing else is a contact, too.
    let (id, _) = stored(&mut world, &nothing(), SHOP_17).unwrap();
    assert!(world.see(id).identities.is_empty());
}

#[test]
fn numbers_and_platform_ids_of_a_known_contact_are_never_changed() {
    let mut world = World::new();
    let ana = NewContact {
        whatsapp_id: Some("IN.100".to_owned()),
        ..named("+919876543210")
    };
    let (id, _) = stored(&mut world, &ana, SHOP_17).unwrap();
    world.contact("+14155552671");
    let (known, versions) = (world.see(id), world.records.clone());
    let with_id = |id: &str| NewContact {
        whatsapp_id: Some(id.to_owned()),
        name: Some("Ana Lima".to_owned()),
        ..nothing()
    };
    for (new, code) in [
        (named("+351912345678"), Code::ContactAddressDiffers),
        (named("+14155552671"), Code::ContactDuplicate),
        (with_id("IN.200"), Code::ContactAddressDiffers),
        (named("98"), Code::PhoneTooShort),
    ] {
        assert_eq!(stored(&mut world, &new, SHOP_17).unwrap_err().code(), code);
    }
    assert_eq!((world.see(id), &world.records), (known.clone(), &versions));
    assert_eq!(
        stored(&mut world, &with_id("IN.100"), SHOP_17).unwrap().1,
        Upserted::Updated
    );
    assert_eq!(world.see(id).identities, known.identities);
    // A new id with the number of a known contact is somebody else's record of it: no silent link.
    let refused = stored(&mut world, &named("+14155552671"), ("shop", "18")).unwrap_err();
    assert_eq!(refused.code(), Code::ContactDuplicate);
}

#[test]
fn an_e_mail_address_that_identifies_moves_as_a_new_consent_question() {
    let mut world = World::new();
    let email = |email: &str| NewContact {
        email: Some(email.to_owned()),
        ..nothing()
    };
    let address = |email: &str| Address::new(AddressKind::Email, email);
    let opted_in = NewContact {
        opted_in: Some(true),
        ..email("ana@example.com")
    };
    let (ana, _) = stored(&mut world, &opted_in, SHOP_17).unwrap();
    let (bo, _) = stored(&mut world, &email("bo@example.com"), ("shop", "18")).unwrap();
    let taken = stored(&mut world, &email("BO@example.com"), SHOP_17).unwrap_err();
    assert_eq!(taken.code(), Code::ContactDuplicate);
    world.now = at(10);
    stored(&mut world, &email("lima@example.com"), SHOP_17).unwrap();
    assert_eq!(world.holder(&address("ana@example.com")), None);
    assert_eq!(world.holder(&address("lima@example.com")).unwrap().id, ana);
    assert!(
        !world.see(ana).consent.opted_in(),
        "the opt-in was for the former address"
    );
    // Who has a number is known by that: the address is but a field.
    world
        .decide(|set, ctx| add_phone(set, ctx, bo, "+14155552671"))
        .unwrap();
    stored(&mut world, &email("lima@example.com"), ("shop", "18")).unwrap();
    assert_eq!(world.holder(&address("bo@example.com")), None);
    assert_eq!(world.holder(&address("lima@example.com")).unwrap().id, ana);
    assert_eq!(world.see(bo).email.as_deref(), Some("lima@example.com"));
    // Who had no address at all is known by it from now on.
    let (cy, _) = stored(&mut world, &nothing(), ("shop", "19")).unwrap();
    stored(&mut world, &email("cy@example.com"), ("shop", "19")).unwrap();
    assert_eq!(world.holder(&address("cy@example.com")).unwrap().id, cy);
}

/// What happened before; what the record says, and its proof; whether that is refused; opted in after; entries added.
type Case = (
    fn(&mut World, ContactId),
    Option<bool>,
    Option<&'static str>,
    bool,
    bool,
    usize,
);

#[test]
fn a_record_says_about_consent_what_a_call_would() {
    fn toggle(world: &mut World, id: ContactId, opt_in: bool) {
        let request = ConsentRequest {
            opt_in,
            scope: Scope::EVERYTHING,
            proof: None,
            at: None,
        };
        world
            .decide(|set, ctx| set_consent(set, ctx, id, &request))
            .unwrap();
    }
    let unasked: fn(&mut World, ContactId) = |_, _| {};
    let opted_in: fn(&mut World, ContactId) = |world, id| toggle(world, id, true);
    let out_by_host: fn(&mut World, ContactId) = |world, id| toggle(world, id, false);
    let stop: fn(&mut World, ContactId) = |world, _| {
        world.told(says(&person(&[phone("919876543210")]), "m1", -5, "STOP"));
    };
    let proven: fn(&mut World, ContactId) = |world, id| {
        let new = NewContact {
            opted_in: Some(true),
            opt_in_proof: Some("the form".to_owned()),
            ..nothing()
        };
        assert_eq!(stored(world, &new, SHOP_17).unwrap(), (id, Upserted::Updated));
    };
    let proven_then_stop: fn(&mut World, ContactId) = |world, _| {
        world.now = at(-10);
        let new = NewContact {
            opted_in: Some(true),
            opt_in_proof: Some("the form".to_owned()),
            ..nothing()
        };
        stored(world, &new, SHOP_17).unwrap();
        world.now = noon();
        world.told(says(&person(&[phone("919876543210")]), "m1", -5, "STOP"));
    };
    let table: &[Case] = &[
        (unasked, None, None, false, false, 0),
        (unasked, Some(false), None, false, false, 0),
        (unasked, Some(true), None, false, true, 1),
        (unasked, Some(true), Some("the form"), false, true, 1),
        (opted_in, None, None, false, true, 0),
        (opted_in, Some(true), None, false, true, 0),
        (opted_in, Some(true), Some("the form"), false, true, 1),
        (opted_in, Some(false), None, false, false, 1),
        (proven, Some(true), Some("the form"), false, true, 0),
        (proven, Some(true), Some("another form"), false, true, 1),
        (out_by_host, Some(true), None, false, true, 1),
        (stop, None, None, false, false, 0),
        (stop, Some(true), None, true, false, 0),
        (stop, Some(true), Some("the form"), false, true, 1),
        // The proof from before the STOP, sent again every night, is no new one.
        (proven_then_stop, Some(true), Some("the form"), true, false, 0),
    ];
    for (place, (before, says, proof, refused, after, added)) in table.iter().enumerate() {
        let mut world = World::new();
        let (id, _) = stored(&mut world, &named("+919876543210"), SHOP_17).unwrap();
        before(&mut world, id);
        world.now = at(10);
        let known = world.see(id).consent.history().len();
        let new = NewContact {
            opted_in: *says,
            opt_in_proof: proof.map(str::to_owned),
            ..nothing()
        };
        let result = stored(&mut world, &new, SHOP_17);
        let code = result.as_ref().err().map(Error::code);
        assert_eq!(code, refused.then_some(Code::ConsentOptedOut), "case {place}");
        if let Ok((_, outcome)) = result {
            let expected = if *added > 0 {
                Upserted::Updated
            } else {
                Upserted::Unchanged
            };
            assert_eq!(outcome, expected, "case {place}");
        }
        let consent = world.see(id).consent;
        assert_eq!(consent.opted_in(), *after, "case {place}");
        assert_eq!(consent.history().len() - known, *added, "case {place}");
    }
}

#[test]
fn a_blocked_contact_takes_fields_of_a_record_and_no_tag() {
    let mut world = World::new();
    let (id, _) = stored(&mut world, &named("+919876543210"), SHOP_17).unwrap();
    world.decide(|set, ctx| block(set, ctx, id)).unwrap();
    let renamed = NewContact {
        name: Some("Ana Lima".to_owned()),
        ..nothing()
    };
    assert_eq!(
        stored(&mut world, &renamed, SHOP_17).unwrap().1,
        Upserted::Updated
    );
    let tagged = NewContact {
        tags: vec!["vip".to_owned()],
        ..nothing()
    };
    let refused = stored(&mut world, &tagged, SHOP_17).unwrap_err();
    assert_eq!(refused.code(), Code::ContactBlocked);
}

#[test]
fn of_two_records_of_one_id_that_race_one_makes_the_contact_and_the_other_finds_it() {
    let mut world = World::new();
    world.actor = Actor::System("host".to_owned());
    let [one, other] = ["+919876543210", "+14155552671"].map(|phone| {
        let new = named(phone);
        let (result, changes) = world.plan(|set, ctx| upsert(set, ctx, &new, SHOP_17, CreatedBy::Api, 0));
        assert_eq!(result.unwrap().1, Upserted::Created);
        changes
    });
    world.commit(one).unwrap();
    assert_eq!(world.commit(other), Err(Conflict));
    // Decided again, it is about the contact of the first: whose number is another one.
    let refused = stored(&mut world, &named("+14155552671"), SHOP_17).unwrap_err();
    assert_eq!(refused.code(), Code::ContactAddressDiffers);
    assert_eq!(
        stored(&mut world, &named("+919876543210"), SHOP_17).unwrap().1,
        Upserted::Unchanged
    );
    assert_eq!(world.all::<Contact>().len(), 1);
}
