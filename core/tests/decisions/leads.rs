//! A chatbot's leads, and those whom an agent writes to first.

use std::collections::BTreeMap;

use serde_json::json;
use tertulia_core::attributes::{Attribute, AttributeKind};
use tertulia_core::consent::{Change, State};
use tertulia_core::contact::{Contact, CreatedBy, LeadStatus};
use tertulia_core::conversation::Conversation;
use tertulia_core::decide::contacts::{NewContact, block};
use tertulia_core::decide::deletion::delete;
use tertulia_core::decide::leads::{capture_lead, start};
use tertulia_core::error::Code;
use tertulia_core::ids::ContactId;
use tertulia_core::journal::What;
use tertulia_core::settings::Plan;

use crate::harness::*;

const ANA: &str = "+919876543210";

fn capture(world: &mut World, new: &NewContact, contacts_now: u64) -> Result<Contact, Code> {
    let id = world.decide(|set, ctx| capture_lead(set, ctx, new, contacts_now));
    id.map(|id| world.see(id)).map_err(|error| error.code())
}

fn begin(world: &mut World, new: &NewContact, contacts_now: u64) -> Result<(Contact, Conversation), Code> {
    let started = world.decide(|set, ctx| start(set, ctx, new, contacts_now));
    started.map_err(|error| error.code())
}

/// A world in which an attribute `city` is defined.
fn world() -> World {
    let mut world = World::with(|settings| settings.plan = Plan::Contacts(3));
    world.store(Attribute {
        org: ORG,
        name: "city".to_owned(),
        kind: AttributeKind::Text,
    });
    world
}

/// All that a form asks for.
fn form() -> NewContact {
    NewContact {
        name: Some("Ana Maria".to_owned()),
        last_name: Some("Souza".to_owned()),
        email: Some("ana@example.com".to_owned()),
        attributes: BTreeMap::from([("city".to_owned(), json!("Goa"))]),
        tags: vec!["web".to_owned()],
        external_ids: BTreeMap::from([("shop".to_owned(), "c-2".to_owned())]),
        ..named(ANA)
    }
}

fn over_limit(world: &World) -> Vec<(CreatedBy, bool)> {
    let created = world.journal.iter().filter_map(|entry| match entry.what {
        What::ContactCreated { by, over_limit, .. } => Some((by, over_limit)),
        _ => None,
    });
    created.collect()
}

#[test]
fn a_lead_makes_a_contact_beyond_the_plans_limit_too() {
    for (contacts_now, over) in [(2, false), (3, true), (4, true)] {
        let mut world = world();
        let lead = capture(&mut world, &form(), contacts_now).unwrap();
        assert_eq!(
            (lead.created_by, lead.lead),
            (CreatedBy::Chatbot, LeadStatus::Cold)
        );
        assert_eq!((lead.tags.len(), lead.external_ids.len()), (1, 1));
        assert!(!lead.consent.opted_in() && lead.conversation.is_none());
        assert_eq!(over_limit(&world), [(CreatedBy::Chatbot, over)]);
    }
    let mut world = world();
    let warm = NewContact {
        name: None,
        lead: Some(LeadStatus::Warm),
        opted_in: Some(true),
        ..form()
    };
    let lead = capture(&mut world, &warm, 0).unwrap();
    assert_eq!(lead.lead, LeadStatus::Warm);
    assert!(lead.consent.opted_in());
    for (wrong, code) in [
        (NewContact::default(), Code::ContactIdentityRequired),
        (
            NewContact {
                phone: Some("+1".to_owned()),
                ..form()
            },
            Code::PhoneTooShort,
        ),
        (
            NewContact {
                attributes: BTreeMap::from([("size".to_owned(), json!(3))]),
                ..form()
            },
            Code::AttributeUnknown,
        ),
    ] {
        assert_eq!(capture(&mut world, &wrong, 0), Err(code));
    }
}

#[test]
fn a_lead_that_is_known_gets_what_it_lacks_and_no_more() {
    let mut world = world();
    let known = world
        .create(&NewContact {
            external_ids: BTreeMap::from([("shop".to_owned(), "c-1".to_owned())]),
            tags: vec!["vip".to_owned()],
            lead: Some(LeadStatus::Hot),
            ..named(ANA)
        })
        .unwrap();
    let before = world.see(known);
    let given = NewContact {
        phone: Some("00 91 98765 43210".to_owned()),
        lead: Some(LeadStatus::Warm),
        ..form()
    };
    let after = capture(&mut world, &given, 9).unwrap();
    let wanted = Contact {
        last_name: Some("Souza".to_owned()),
        email: Some("ana@example.com".to_owned()),
        attributes: given.attributes.clone(),
        tags: BTreeMap::from([
            ("vip".to_owned(), "vip".to_owned()),
            ("web".to_owned(), "web".to_owned()),
        ]),
        revision: after.revision,
        ..before
    };
    assert_eq!(after, wanted);
    assert!(after.revision > 1);
    let journal = world.journal.len();
    assert_eq!(capture(&mut world, &given, 9).unwrap(), after);
    assert_eq!(world.journal.len(), journal, "it says the same");
    let customer = NewContact {
        lead: Some(LeadStatus::Customer),
        ..given
    };
    assert_eq!(
        capture(&mut world, &customer, 9).unwrap().lead,
        LeadStatus::Customer
    );
}

#[test]
fn a_lead_is_found_by_any_address_and_no_address_is_put_in_place_of_another() {
    let bsuid = || Some("IN.13491208655302741918".to_owned());
    let mut world = world();
    let by_phone = world.contact(ANA);
    let by_id = world
        .create(&NewContact {
            whatsapp_id: bsuid(),
            ..NewContact::default()
        })
        .unwrap();
    let by_email = world
        .create(&NewContact {
            email: Some("ze@example.com".to_owned()),
            opted_in: Some(true),
            ..NewContact::default()
        })
        .unwrap();
    let find = |phone: Option<&str>, whatsapp_id, email: Option<&str>| NewContact {
        phone: phone.map(str::to_owned),
        whatsapp_id,
        email: email.map(str::to_owned),
        ..NewContact::default()
    };
    let mut found = |new| capture(&mut world, &new, 0).unwrap();
    assert_eq!(found(find(Some(ANA), None, None)).id, by_phone);
    assert_eq!(found(find(Some(ANA), bsuid(), None)).id, by_phone);
    let id_only = found(find(Some("+14155550111"), bsuid(), None));
    assert_eq!((id_only.id, id_only.identities.len()), (by_id, 1));
    assert_eq!(found(find(None, None, Some("Ze@example.com"))).id, by_email);
    world.now = at(60);
    let mut found = |new| capture(&mut world, &new, 0).unwrap();
    // Whom the e-mail address alone named gets the number, for which nothing was agreed to.
    let numbered = found(find(Some("+14155550122"), None, Some("ze@example.com")));
    assert_eq!((numbered.id, numbered.phone().is_some()), (by_email, true));
    assert_eq!(numbered.consent.state(), State::Unasked);
    assert_eq!(
        numbered.consent.history().last().unwrap().change,
        Change::NewNumber
    );
    // Then another number with the same e-mail address is somebody else's.
    let other = found(find(Some("+14155550133"), None, Some("ze@example.com")));
    assert_ne!(other.id, by_email);
    assert_eq!(other.created_by, CreatedBy::Chatbot);
}

#[test]
fn a_lead_is_taken_though_its_opt_in_does_not_lift_what_the_person_said() {
    for deleted in [false, true] {
        let mut world = world();
        let id = world.contact(ANA);
        world.told(says(&person(&[phone("919876543210")]), "stop", 10, "STOP"));
        world.now = at(60);
        if deleted {
            world.decide(|set, ctx| delete(set, ctx, id)).unwrap();
        }
        let asks = NewContact {
            opted_in: Some(true),
            ..form()
        };
        let lead = capture(&mut world, &asks, 9).unwrap();
        assert_eq!(lead.id == id, !deleted);
        assert!(!lead.consent.opted_in() && lead.tags.contains_key("web"));
        assert!(
            lead.consent.history().iter().all(|fact| fact.at < at(60)),
            "nothing is recorded of it"
        );
        let told = |what: &What| matches!(what, What::ConsentChanged { fact, .. } if fact.at == at(60));
        assert_eq!(world.journaled(told), 0, "nor told");
        let proven = NewContact {
            opt_in_proof: Some("ticked the box".to_owned()),
            ..asks
        };
        assert!(capture(&mut world, &proven, 9).unwrap().consent.opted_in());
        let declines = NewContact {
            opted_in: Some(false),
            ..form()
        };
        assert!(!capture(&mut world, &declines, 9).unwrap().consent.opted_in());
    }
}

#[test]
fn a_blocked_lead_gets_no_tag_and_no_conversation() {
    let mut world = world();
    let id = world.contact(ANA);
    world.decide(|set, ctx| block(set, ctx, id)).unwrap();
    let lead = capture(&mut world, &form(), 0).unwrap();
    assert!(lead.tags.is_empty() && lead.email.is_some());
    assert_eq!(begin(&mut world, &form(), 0), Err(Code::ContactBlocked));
}

#[test]
fn an_agent_begins_a_conversation_with_whoever_has_the_number_within_the_plan() {
    let mut world = world();
    let (ana, thread) = begin(&mut world, &form(), 2).unwrap();
    assert_eq!(
        (ana.created_by, ana.conversation),
        (CreatedBy::Outbound, Some(thread.id))
    );
    assert_eq!(
        (thread.contact, thread.opened_at, thread.last_inbound),
        (ana.id, noon(), None)
    );
    assert_eq!(world.see(ana.id), ana);
    assert_eq!(world.all::<Conversation>(), std::slice::from_ref(&thread));
    assert_eq!(over_limit(&world), [(CreatedBy::Outbound, false)]);
    assert_eq!(
        world.journaled(|what| matches!(what, What::ConversationOpened { .. })),
        1
    );
    // Again, beyond the limit: the same.
    assert_eq!(
        begin(&mut world, &form(), 9).unwrap(),
        (ana.clone(), thread.clone())
    );
    // Beyond the limit nobody new.
    assert_eq!(
        begin(&mut world, &named("+14155550100"), 3),
        Err(Code::ContactLimit)
    );
    assert_eq!(world.all::<Contact>(), std::slice::from_ref(&ana));

    // The person answers in it.
    world.told(says(&person(&[phone("919876543210")]), "answer", 10, "hello"));
    assert_eq!(world.see(ana.id).conversation, Some(thread.id));

    // With a contact that has none yet; what they said is theirs to lift.
    let zoe = world.contact("+14155550100");
    world.told(says(&person(&[phone("14155550100")]), "stop", 10, "STOP"));
    let asks = NewContact {
        opted_in: Some(true),
        ..named("+14155550100")
    };
    assert_eq!(begin(&mut world, &asks, 9), Err(Code::ConsentOptedOut));
    world.decide(|set, ctx| delete(set, ctx, zoe)).unwrap();
    assert_eq!(begin(&mut world, &asks, 0), Err(Code::ConsentOptedOut));
    let fresh: ContactId = world.contact("+14155550144");
    let (found, thread) = begin(&mut world, &named("+14155550144"), 9).unwrap();
    assert_eq!((found.id, thread.contact), (fresh, fresh));
}
