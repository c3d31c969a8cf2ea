//! What a caller does with contacts and their consent, and how it is refused.

use serde_json::json;
use tertulia_core::attributes::{Attribute, AttributeKind};
use tertulia_core::consent::{Proof, Scope, Source};
use tertulia_core::contact::{CreatedBy, RecordStatus};
use tertulia_core::decide::contacts::{
    ConsentRequest, NewContact, block, create, set_active, set_consent, tag, unblock,
};
use tertulia_core::error::Code;
use tertulia_core::ids::{AgentId, ContactId};
use tertulia_core::journal::{Actor, What};
use tertulia_core::ledger::{DispatchState, SkipReason};
use tertulia_core::settings::Plan;
use uuid::Uuid;

use crate::harness::*;

#[test]
fn creating_a_contact_is_refused_with_the_rule_and_changes_nothing() {
    let mut world = World::with(|settings| settings.plan = Plan::Contacts(3));
    world.store(Attribute {
        org: ORG,
        name: "vip".to_owned(),
        kind: AttributeKind::Boolean,
    });
    world.contact("+351912345678");
    let ok = || named("+919876543210");
    let with_attribute = |name: &str, value| NewContact {
        attributes: [(name.to_owned(), value)].into(),
        ..ok()
    };
    let cases: [(NewContact, u64, Code); 12] = [
        (NewContact { name: None, ..ok() }, 0, Code::ContactNameRequired),
        (
            NewContact {
                name: Some("  ".to_owned()),
                ..ok()
            },
            0,
            Code::ContactNameRequired,
        ),
        (
            NewContact { phone: None, ..ok() },
            0,
            Code::ContactIdentityRequired,
        ),
        (
            NewContact {
                phone: Some(" ".to_owned()),
                ..ok()
            },
            0,
            Code::ContactIdentityRequired,
        ),
        (named("+351 912-345-678"), 0, Code::ContactDuplicate),
        (named("+91 98"), 0, Code::PhoneTooShort),
        (
            NewContact {
                email: Some("ana@".to_owned()),
                ..ok()
            },
            0,
            Code::ContactEmailInvalid,
        ),
        (
            NewContact {
                whatsapp_id: Some("ana".to_owned()),
                ..ok()
            },
            0,
            Code::BusinessScopedIdInvalid,
        ),
        (with_attribute("colour", json!("red")), 0, Code::AttributeUnknown),
        (with_attribute("vip", json!("yes")), 0, Code::AttributeMisfit),
        (
            NewContact {
                tags: vec![" ".to_owned()],
                ..ok()
            },
            0,
            Code::TagEmpty,
        ),
        (ok(), 3, Code::ContactLimit),
    ];
    for (new, contacts_now, code) in cases {
        let agent = Proof::Agent(AgentId(Uuid::nil()));
        let (result, changes) = world.plan(|set, ctx| {
            create(
                set,
                ctx,
                &new,
                CreatedBy::Manual,
                Source::Manual,
                agent.clone(),
                contacts_now,
            )
        });
        assert_eq!(result.unwrap_err().code(), code, "{new:?}");
        assert!(changes.is_empty(), "{new:?}");
    }
    assert!(world.create(&ok()).is_ok());
}

#[test]
fn a_name_is_needed_by_hand_only_unless_waived() {
    let nameless = NewContact {
        name: None,
        ..named("+919876543210")
    };
    let by_hand = |world: &mut World| {
        let proof = Proof::Stated(String::new());
        let (result, _) = world.plan(|set, ctx| {
            create(
                set,
                ctx,
                &nameless,
                CreatedBy::Manual,
                Source::Manual,
                proof.clone(),
                0,
            )
        });
        result.map_err(|error| error.code())
    };
    assert_eq!(by_hand(&mut World::new()), Err(Code::ContactNameRequired));
    assert!(by_hand(&mut World::with(|settings| settings.name_required = false)).is_ok());
    assert!(World::new().create(&nameless).is_ok());
}

#[test]
fn a_contact_is_found_by_any_spelling_of_its_number() {
    let mut world = World::new();
    let id = world.contact("+52 55 1234 5678");
    assert_eq!(world.holder(&phone("5215512345678")).unwrap().id, id);
    let twice = world.create(&named("+5215512345678")).unwrap_err();
    assert_eq!(twice.code(), Code::ContactDuplicate);
}

#[test]
fn an_e_mail_address_identifies_only_who_has_no_other() {
    let mut world = World::new();
    let by_mail = |email: &str| NewContact {
        phone: None,
        email: Some(email.to_owned()),
        ..named("")
    };
    let id = world.create(&by_mail("Ana@Example.com")).unwrap();
    assert_eq!(world.see(id).identities.len(), 1);
    assert_eq!(
        world.create(&by_mail("ana@example.com")).unwrap_err().code(),
        Code::ContactDuplicate
    );
    let both = NewContact {
        email: Some("ana@example.com".to_owned()),
        ..named("+919876543210")
    };
    let id = world.create(&both).unwrap();
    assert_eq!(world.see(id).identities.len(), 1);
}

#[test]
fn a_blank_proof_is_no_proof() {
    let mut world = World::new();
    let new = NewContact {
        opted_in: Some(true),
        opt_in_proof: Some(" ".to_owned()),
        ..named("+919876543210")
    };
    let id = world.create(&new).unwrap();
    let contact = world.see(id);
    assert!(contact.consent.opted_in());
    assert!(!contact.consent.history()[0].new_proof);
}

fn ask(
    world: &mut World,
    id: ContactId,
    opt_in: bool,
    proof: Option<&str>,
    seconds: Option<i64>,
) -> Result<bool, Code> {
    let request = ConsentRequest {
        opt_in,
        scope: Scope::EVERYTHING,
        proof: proof.map(str::to_owned),
        at: seconds.map(at),
    };
    world
        .decide(|set, ctx| set_consent(set, ctx, id, &request))
        .map_err(|error| error.code())
}

#[test]
fn an_agent_lifts_an_agents_opt_out_but_a_persons_only_with_a_later_proof() {
    let mut world = World::new();
    world.actor = Actor::Agent(AgentId(Uuid::from_u128(7)));
    let id = world.contact("+919876543210");
    assert_eq!(ask(&mut world, id, false, None, None), Ok(true));
    world.now = at(1);
    assert_eq!(ask(&mut world, id, true, None, None), Ok(true));
    assert!(world.see(id).consent.opted_in());

    let ana = person(&[phone("919876543210")]);
    world.told(says(&ana, "m1", 10, "stop"));
    world.now = at(60);
    assert_eq!(ask(&mut world, id, true, None, None), Err(Code::ConsentOptedOut));
    assert_eq!(
        ask(&mut world, id, true, Some("form of last week"), Some(5)),
        Err(Code::ConsentOptedOut)
    );
    assert_eq!(
        ask(&mut world, id, true, Some("form"), Some(61)),
        Err(Code::ConsentProofInvalid)
    );
    assert!(!world.see(id).consent.opted_in());
    assert_eq!(
        ask(&mut world, id, true, Some("form of today"), Some(30)),
        Ok(true)
    );
    assert!(world.see(id).consent.opted_in());
}

#[test]
fn an_opt_in_that_does_not_lift_its_scope_is_refused_and_says_what_would() {
    let mut world = World::new();
    let id = world.contact("+919876543210");
    let ana = person(&[phone("919876543210")]);
    world.told(prefers(&ana, -60, tertulia_core::inbound::PreferenceChoice::Stop));
    let scope = Scope {
        purpose: tertulia_core::consent::Purpose::Marketing,
        sender: Some(SHOP),
    };
    let request = ConsentRequest {
        opt_in: true,
        scope,
        proof: Some("form".to_owned()),
        at: None,
    };
    let refused = world
        .decide(|set, ctx| set_consent(set, ctx, id, &request))
        .unwrap_err();
    assert_eq!(refused.code(), Code::ConsentOptedOut);
    assert!(refused.message().contains("resumes marketing"), "{refused}");
}

#[test]
fn an_opt_out_skips_what_waits_in_the_same_commit() {
    let mut world = World::new();
    let id = world.contact("+919876543210");
    let broadcast = world.launch("offer");
    let row = world.row_of(broadcast, id);
    world.lease(row.id);
    assert_eq!(ask(&mut world, id, false, None, None), Ok(true));
    assert_eq!(
        world.row(row.id).state,
        DispatchState::Skipped {
            reason: SkipReason::OptedOut
        }
    );
}

#[test]
fn a_block_skips_what_waits_refuses_tags_and_is_lifted_to_the_status_before() {
    let mut world = World::new();
    let id = world.contact("+919876543210");
    world.decide(|set, ctx| set_active(set, ctx, id, false)).unwrap();
    world.decide(|set, ctx| block(set, ctx, id)).unwrap();
    world.decide(|set, ctx| block(set, ctx, id)).unwrap();
    let tags = ["vip".to_owned()];
    let refused = world.decide(|set, ctx| tag(set, ctx, id, &tags)).unwrap_err();
    assert_eq!(refused.code(), Code::ContactBlocked);
    let refused = world
        .decide(|set, ctx| set_active(set, ctx, id, true))
        .unwrap_err();
    assert_eq!(refused.code(), Code::ContactBlocked);
    world.decide(|set, ctx| unblock(set, ctx, id)).unwrap();
    assert_eq!(world.see(id).status, RecordStatus::Inactive);
    assert_eq!(world.journaled(|what| matches!(what, What::ContactBlocked)), 1);

    world.decide(|set, ctx| set_active(set, ctx, id, true)).unwrap();
    let broadcast = world.launch("offer");
    world.decide(|set, ctx| block(set, ctx, id)).unwrap();
    let row = world.row_of(broadcast, id);
    assert_eq!(
        row.state,
        DispatchState::Skipped {
            reason: SkipReason::Blocked
        }
    );
}

#[test]
fn tags_are_compared_folded_and_shown_as_first_written() {
    let mut world = World::new();
    let (ana, eva) = (world.contact("+919876543210"), world.contact("+351912345678"));
    let add = |world: &mut World, id, tags: &[&str]| {
        let tags: Vec<String> = tags.iter().map(|&tag| tag.to_owned()).collect();
        world.decide(|set, ctx| tag(set, ctx, id, &tags)).unwrap()
    };
    assert_eq!(add(&mut world, ana, &["Café  Clube", "cafe clube"]), 1);
    assert_eq!(add(&mut world, eva, &["CAFE CLUBE"]), 1);
    assert_eq!(world.see(eva).tags["cafe clube"], "Café Clube");
}
