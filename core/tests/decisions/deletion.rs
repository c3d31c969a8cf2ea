//! Contacts are deleted, and what is left of them.

use std::collections::BTreeMap;

use serde_json::json;
use tertulia_core::attributes::{Attribute, AttributeKind};
use tertulia_core::consent::{Change, Fact, Proof, Purpose, Scope, Source, State};
use tertulia_core::contact::{Contact, CreatedBy, LeadStatus, RecordStatus};
use tertulia_core::conversation::{Conversation, Message, MessageRef};
use tertulia_core::decide::bulk::{BulkAction, apply};
use tertulia_core::decide::contacts::{self, ConsentRequest, NewContact, set_consent};
use tertulia_core::decide::deletion::delete;
use tertulia_core::decide::sending::Begun;
use tertulia_core::decide::{external_ids, moves, notes, profile, sending, team};
use tertulia_core::error::Code;
use tertulia_core::filter::Filter;
use tertulia_core::identity::{Address, AddressKind};
use tertulia_core::ids::{AccountId, ContactId};
use tertulia_core::inbound::{IdentityChange, InboundKind, Person, PreferenceChoice};
use tertulia_core::journal::{Actor, EntryKind, What};
use tertulia_core::ledger::{DispatchState, Outcome, Reached, SkipReason, Slot};
use tertulia_core::message::StatusKind;
use tertulia_core::note::Note;
use tertulia_core::record::{ExternalRef, IdentityRef, Org};
use tertulia_core::retry::FailureClass;
use tertulia_core::roles::Role;
use tertulia_core::settings::DeletedConversations;
use tertulia_core::suppression::{AddressHasher, HostKey, HostKeyed, Suppression, SuppressionKey};
use uuid::Uuid;

use crate::harness::*;

const ANA: &str = "+919876543210";

fn ana() -> Person {
    Person {
        name: Some("Ana".to_owned()),
        username: Some("ana.s".to_owned()),
        ..person(&[phone("919876543210"), bsuid("IN.123")])
    }
}

fn removed(world: &mut World, id: ContactId) {
    world.decide(|set, ctx| delete(set, ctx, id)).unwrap();
}

fn says_stop(world: &mut World, from: &Person, seconds: i64) {
    world.told(says(from, &format!("stop {seconds}"), seconds, "STOP"));
}

/// Creates Ana anew; the code if that is refused.
fn recreate(world: &mut World, opted_in: Option<bool>, proof: Option<&str>) -> Result<ContactId, Code> {
    let new = NewContact {
        opted_in,
        opt_in_proof: proof.map(str::to_owned),
        ..named(ANA)
    };
    world.create(&new).map_err(|error| error.code())
}

/// A contact with all that one can have.
fn full(world: &mut World) -> ContactId {
    world.store(Attribute {
        org: ORG,
        name: "city".to_owned(),
        kind: AttributeKind::Text,
    });
    let owner = world
        .decide(|set, ctx| team::add(set, ctx, "Priya", Role::Agent))
        .unwrap()
        .id;
    let id = world
        .create(&NewContact {
            first_name: Some("Ana".to_owned()),
            last_name: Some("Souza".to_owned()),
            email: Some("ana@example.com".to_owned()),
            external_ids: BTreeMap::from([("shop".to_owned(), "c-1".to_owned())]),
            tags: vec!["vip".to_owned()],
            attributes: BTreeMap::from([("city".to_owned(), json!("Goa"))]),
            lead: Some(LeadStatus::Hot),
            opted_in: Some(true),
            ..named(ANA)
        })
        .unwrap();
    world.told(says(&ana(), "hello", 1, "hello"));
    world
        .decide(|set, ctx| profile::set_owner(set, ctx, id, Some(owner)))
        .unwrap();
    world
        .decide(|set, ctx| notes::add(set, ctx, id, "Likes green tea."))
        .unwrap();
    id
}

#[test]
fn a_deleted_contact_leaves_its_id_its_consent_and_nothing_of_the_person() {
    let mut world = World::new();
    let id = full(&mut world);
    let other = world.contact("+14155550100");
    let kept = world
        .decide(|set, ctx| notes::add(set, ctx, other, "Likes black tea."))
        .unwrap();
    world.decide(|set, ctx| contacts::block(set, ctx, id)).unwrap();
    let before = world.see(id);
    assert!(before.username.is_some() && before.profile_name.is_some() && before.identities.len() == 2);
    let agent = world.all::<tertulia_core::team::Member>()[0].id;
    world.actor = Actor::Agent(agent);
    removed(&mut world, id);

    let mut blank = Contact::new(ORG, id, CreatedBy::Api, before.created_at);
    blank.status = RecordStatus::Deleted;
    blank.revision = before.revision + 1;
    blank.lead = before.lead;
    blank.source_channel = before.source_channel;
    blank.last_inbound = before.last_inbound;
    blank.last_interaction = before.last_interaction;
    blank.consent = before.consent.clone();
    blank.conversation = before.conversation;
    blank.conversation_status = before.conversation_status;
    assert_eq!(world.see(id), blank);
    let refs: Vec<ContactId> = world
        .all::<IdentityRef>()
        .iter()
        .map(|found| found.contact)
        .collect();
    assert_eq!(refs, [other]);
    assert_eq!(world.all::<ExternalRef>(), []);
    assert_eq!(world.all::<Note>(), [kept]);
    assert_eq!(
        (world.all::<Conversation>().len(), world.all::<Message>().len()),
        (1, 1)
    );
    let entry = world.journal.last().unwrap();
    assert_eq!(
        (&entry.what, &entry.actor),
        (&What::ContactDeleted, &Actor::Agent(agent))
    );
    assert_eq!(entry.contact, Some(id));
    assert!(EntryKind::ContactDeleted.on_timeline() && EntryKind::ContactDeleted.in_audit());

    // Gone is gone, for every call.
    let again = world.decide(|set, ctx| delete(set, ctx, id)).unwrap_err();
    assert_eq!(again.code(), Code::ContactNotFound);
    let sent = world.send(&text_to(id, "hello?")).unwrap_err();
    assert_eq!(sent.code(), Code::ContactNotFound);
    let explained = world
        .decide(|set, ctx| sending::explain(set, ctx, &text_to(id, "hello?")))
        .unwrap();
    assert_eq!(explained.denials[0].code, Code::ContactDeleted);
    assert!(!Filter::Everyone.without_deleted().matches(&world.see(id)));
    assert!(Filter::Everyone.without_deleted().matches(&world.see(other)));
    assert!(!Filter::OptedIn(true).without_deleted().matches(&world.see(id)));
    // Its id in the other system is free again.
    world
        .decide(|set, ctx| external_ids::set_external_id(set, ctx, other, "shop", "c-1"))
        .unwrap();
}

#[test]
fn a_message_after_the_deletion_makes_a_new_contact() {
    let mut world = World::new();
    let id = full(&mut world);
    removed(&mut world, id);
    let before = world.see(id);
    world.told(says(&ana(), "hello again", 60, "hello again"));
    let new = world.holder(&phone("919876543210")).unwrap();
    assert_ne!(new.id, id);
    assert_eq!((new.created_by, new.tags.len()), (CreatedBy::Inbound, 0));
    assert!(new.consent.opted_in() && new.conversation != before.conversation);
    assert_eq!(world.see(id), before);
    // A message that came before is not taken in again.
    assert_eq!(
        world.told(says(&ana(), "hello", 1, "hello")),
        tertulia_core::decide::receive::Applied::Duplicate
    );
}

#[test]
fn what_waits_for_a_deleted_contact_is_skipped_and_no_audience_has_it() {
    let mut world = World::new();
    let id = world.contact(ANA);
    let (pending, leased) = (world.launch("receipt"), world.launch("receipt"));
    let leased = world.row_of(leased, id).id;
    let epoch = world.lease(leased);
    removed(&mut world, id);
    for row in [world.row_of(pending, id).id, leased] {
        assert_eq!(
            world.row(row).state,
            DispatchState::Skipped {
                reason: SkipReason::Deleted
            }
        );
    }
    assert_eq!(
        world.journaled(|what| matches!(
            what,
            What::DispatchChanged {
                reason: Some(SkipReason::Deleted),
                ..
            }
        )),
        2
    );
    let flight = world
        .decide(|set, ctx| sending::begin(set, ctx, leased, epoch).map(Begun::flight))
        .unwrap();
    assert_eq!(flight, None);
    let later = world.launch("receipt");
    let rows = world.all::<tertulia_core::ledger::Dispatch>();
    assert!(rows.iter().all(|row| row.broadcast() != Some(later)));
}

#[test]
fn conversations_go_where_the_organisation_removes_them_and_are_not_brought_back() {
    let mut world = World::with(|settings| settings.deleted_conversations = DeletedConversations::Remove);
    let id = full(&mut world);
    let other = person(&[phone("14155550100")]);
    world.told(says(&other, "from another", 2, "hello"));
    removed(&mut world, id);
    assert_eq!(world.see(id).conversation, None);
    let left: Vec<String> = world
        .all::<Message>()
        .into_iter()
        .filter_map(|m| m.provider_id)
        .collect();
    assert_eq!(left, ["from another"]);
    assert_eq!(world.all::<Conversation>().len(), 1);
    world.told(says(&ana(), "hello", 1, "hello"));
    world.told(edits(&ana(), "edit", "hello", 3, "hello!"));
    world.told(reacts(&ana(), "reaction", "hello", 4, Some("🍵")));
    assert_eq!(world.all::<Message>().len(), 1);
    assert_eq!(world.holder(&phone("919876543210")), None);
}

/// What a contact who opted out so leaves behind, as their contact is created anew: the answer of `opted_in: true`
/// without a proof, and with one.
#[test]
fn whoever_opted_out_and_was_deleted_is_opted_out_when_created_anew() {
    let agent = |opt_in| ConsentRequest {
        opt_in,
        scope: Scope::EVERYTHING,
        proof: None,
        at: None,
    };
    #[expect(clippy::type_complexity, reason = "a table")]
    let cases: [(&str, fn(&mut World, ContactId), _, _, _); 6] = [
        ("never said anything", |_, _| {}, false, Ok(true), Ok(true)),
        (
            "STOP",
            |world, _| says_stop(world, &ana(), 10),
            true,
            Err(Code::ConsentOptedOut),
            Ok(true),
        ),
        (
            "STOP, START",
            |world, _| {
                says_stop(world, &ana(), 10);
                world.told(says(&ana(), "start", 20, "START"));
            },
            false,
            Ok(true),
            Ok(true),
        ),
        (
            "the platform said so",
            |world, _| {
                world.told(prefers(&ana(), 10, PreferenceChoice::Stop));
            },
            false,
            Ok(true),
            Ok(true),
        ),
        (
            "STOP from a number that they had",
            |world, id| {
                says_stop(world, &ana(), 10);
                world
                    .decide(|set, ctx| moves::replace_phone(set, ctx, id, ANA, "+14155550100"))
                    .unwrap();
            },
            true,
            Err(Code::ConsentOptedOut),
            Ok(true),
        ),
        ("an agent", |_, _| {}, true, Ok(true), Ok(true)),
    ];
    for (how, opt_out, is_out, bare, proven) in cases {
        let mut world = World::new();
        let id = world.contact(ANA);
        world.now = at(30);
        opt_out(&mut world, id);
        if how == "an agent" {
            world
                .decide(|set, ctx| set_consent(set, ctx, id, &agent(false)))
                .unwrap();
        }
        world.now = at(60);
        removed(&mut world, id);
        world.now = at(90);
        let state = |world: &World, id| world.see(id).consent.opted_in();
        let mut silent = world.clone();
        let new = recreate(&mut silent, None, None).unwrap();
        let out = matches!(silent.see(new).consent.state(), State::Out { .. });
        assert_eq!(out, is_out, "{how}");
        for (proof, expected) in [(None, bare), (Some("signed on 1 March"), proven)] {
            let mut world = world.clone();
            let created = recreate(&mut world, Some(true), proof);
            let created = created.map(|id| state(&world, id));
            assert_eq!(created, expected, "{how} {proof:?}");
            if created.is_err() {
                assert_eq!(
                    world.holder(&phone("919876543210")),
                    None,
                    "{how}: nothing is created"
                );
            }
        }
    }
}

#[test]
fn every_way_to_an_address_comes_upon_what_is_held_against_it() {
    type Way = fn(&mut World) -> ContactId;
    let elsewhere = "+14155550100";
    let cases: [(&str, Way); 7] = [
        ("created", |world| recreate(world, None, None).unwrap()),
        ("written from", |world| {
            world.told(says(&ana(), "again", 70, "hello"));
            world.holder(&phone("919876543210")).unwrap().id
        }),
        ("written to from the phone app", |world| {
            world.told(echo(&ana(), "echo", 70));
            world.holder(&phone("919876543210")).unwrap().id
        }),
        ("one more number", |world| {
            let id = world.contact("+14155550100");
            world
                .decide(|set, ctx| moves::add_phone(set, ctx, id, ANA))
                .unwrap();
            id
        }),
        ("another number in place", |world| {
            let id = world.contact("+14155550100");
            world
                .decide(|set, ctx| moves::replace_phone(set, ctx, id, "+14155550100", ANA))
                .unwrap();
            id
        }),
        ("moved there by the platform", |world| {
            let id = world.contact("+14155550100");
            let change = IdentityChange {
                previous: vec![phone("14155550100")],
                current: vec![phone("919876543210")],
                detail: None,
            };
            world.told(event(70, InboundKind::IdentityChanged(change)));
            id
        }),
        ("known by the other address", |world| {
            let id = world.contact("+14155550100");
            world.told(says(
                &person(&[phone("14155550100"), bsuid("IN.123")]),
                "m",
                70,
                "hello",
            ));
            id
        }),
    ];
    for (way, take) in cases {
        let mut world = World::new();
        let id = world.contact(ANA);
        world.told(says(&ana(), "hello", 1, "hello"));
        says_stop(&mut world, &ana(), 10);
        world.now = at(60);
        removed(&mut world, id);
        world.journal.clear();
        let new = take(&mut world);
        let new = world.see(new);
        assert!(matches!(new.consent.state(), State::Out { .. }), "{way}");
        let told = world.journaled(|what| {
            matches!(what, What::ConsentChanged { fact, .. } if fact.change == Change::OptOut && fact.at == at(10))
        });
        assert_eq!(told, 1, "{way}");
        // The person's START lifts it, as ever.
        let from = if new
            .reachable_at(tertulia_core::channel::Channel::WhatsApp)
            .next()
            .unwrap()
            .match_key
            == "+14155550100"
        {
            person(&[phone(&elsewhere[1..])])
        } else {
            ana()
        };
        world.told(says(&from, "start", 80, "START"));
        assert!(world.see(new.id).consent.opted_in(), "{way}");
    }
}

#[test]
fn an_email_address_of_a_deleted_contact_is_held_to_its_opt_out() {
    for by_email_only in [true, false] {
        let mut world = World::new();
        let new = NewContact {
            phone: (!by_email_only).then(|| ANA.to_owned()),
            email: Some("Ana@Example.com".to_owned()),
            name: Some("Ana".to_owned()),
            ..NewContact::default()
        };
        let id = world.create(&new).unwrap();
        let out = ConsentRequest {
            opt_in: false,
            scope: Scope::EVERYTHING,
            proof: None,
            at: None,
        };
        world.decide(|set, ctx| set_consent(set, ctx, id, &out)).unwrap();
        removed(&mut world, id);
        let again = NewContact {
            phone: None,
            email: Some("ana@example.com".to_owned()),
            ..new
        };
        let id = world.create(&again).unwrap();
        assert!(matches!(world.see(id).consent.state(), State::Out { .. }));
    }
}

#[test]
fn all_spellings_of_a_number_are_held_to_its_opt_out() {
    for (stopped, given) in [
        ("+55 11 98765-4321", "+55 11 8765-4321"),
        ("+55 11 8765-4321", "+55 11 98765-4321"),
        ("+52 55 1234 5678", "+52 1 55 1234 5678"),
        ("+52 1 55 1234 5678", "+52 55 1234 5678"),
    ] {
        let mut world = World::new();
        let id = world.contact(stopped);
        let wa_id: String = stopped.chars().filter(char::is_ascii_digit).collect();
        says_stop(&mut world, &person(&[phone(&wa_id)]), 10);
        assert!(!world.see(id).consent.opted_in(), "{stopped}");
        removed(&mut world, id);
        let refused = world
            .create(&NewContact {
                opted_in: Some(true),
                ..named(given)
            })
            .map_err(|error| error.code());
        assert_eq!(refused, Err(Code::ConsentOptedOut), "{stopped} {given}");
        let other = world.contact("+55 11 98765-4322");
        assert!(world.see(other).consent.opted_in());
    }
}

#[test]
fn what_is_kept_names_no_person() {
    let mut world = World::new();
    let id = full(&mut world);
    world.told(says(&ana(), "wamid.HBgMOTE5ODc2NTQzMjEw", 10, "STOP"));
    world.told(prefers(&ana(), 11, PreferenceChoice::Stop));
    let stated = ConsentRequest {
        opt_in: false,
        scope: Scope {
            purpose: Purpose::Marketing,
            sender: None,
        },
        proof: Some("Ana said so at the fair".to_owned()),
        at: None,
    };
    world.now = at(20);
    world
        .decide(|set, ctx| set_consent(set, ctx, id, &stated))
        .unwrap();
    removed(&mut world, id);
    let kept = world.all::<Suppression>();
    // Her number, her id at the platform, her e-mail address.
    assert_eq!(kept.len(), 3);
    for kept in &kept {
        assert_eq!(kept.facts.len(), 3);
        assert_eq!(kept.hash.len(), 64);
        let text = serde_json::to_string(kept).unwrap().to_lowercase();
        for name in ["ana", "9876543210", "wamid", "in.123", "fair"] {
            assert!(!text.contains(name), "{name} in {text}");
        }
    }
    let stop = kept[0]
        .facts
        .iter()
        .find(|fact| fact.source == Source::Keyword)
        .unwrap();
    assert_eq!(
        (stop.at, stop.change, stop.scope, stop.via),
        (at(10), Change::OptOut, Scope::EVERYTHING, Some(SHOP))
    );
}

#[test]
fn the_hash_is_keyed_by_organisation_and_kind_and_the_key_is_not_shown() {
    let (one, other) = (hasher(1, None), hasher(2, None));
    let hash = one.hash(AddressKind::Phone, "+919876543210");
    assert_ne!(hash, other.hash(AddressKind::Phone, "+919876543210"));
    assert_ne!(hash, one.hash(AddressKind::WhatsAppId, "+919876543210"));
    // HMAC-SHA-256 with 32 bytes of 1 over "phone", a zero byte and the number, by another implementation.
    assert_eq!(
        hash,
        "affbd88aa531d52b616230c0f460e93b8e67f0f5da8648b1106b899d37063c1c"
    );
    // Under the host's key: the same of "hash", a zero byte and that text, with 32 bytes of 3.
    let host = HostKey::new([3; 32]);
    let keyed = hasher(1, Some(&host)).hash(AddressKind::Phone, "+919876543210");
    assert_eq!(
        keyed,
        "k2f9aa5a30020e255e270f798a4e4d4e6c911871633e329fe5030cfc507c1a9ab"
    );
    assert_eq!(host.over(&hash), keyed);
    assert_eq!(host.over(&keyed), keyed);
    assert_ne!(HostKey::new([4; 32]).over(&hash), keyed);
    assert_eq!(format!("{host:?}"), "HostKey(…)");
    let org = Org {
        id: ORG,
        settings: tertulia_core::settings::Settings::default(),
        rules_epoch: 0,
        suppression_key: SuppressionKey::new([0xAB; 32]),
        host_key: None,
        routing: Vec::new(),
        watches: Vec::new(),
    };
    let json = serde_json::to_string(&org).unwrap();
    assert!(json.contains(&"ab".repeat(32)));
    assert_eq!(serde_json::from_str::<Org>(&json).unwrap(), org);
    for shown in [format!("{org:?}"), format!("{org:#?}")] {
        assert!(
            !shown.contains("171") && !shown.to_lowercase().contains("abab"),
            "{shown}"
        );
    }
    for wrong in ["", "ab", &"zz".repeat(32)] {
        assert!(serde_json::from_value::<SuppressionKey>(json!(wrong)).is_err());
    }
}

#[test]
fn the_last_deletion_says_what_is_held_against_an_address() {
    let mut world = World::new();
    let id = world.contact(ANA);
    says_stop(&mut world, &ana(), 10);
    removed(&mut world, id);
    assert_eq!(world.all::<Suppression>().len(), 2, "her number and her id");

    // Deleted again without a word of hers in between: still out.
    world.now = at(60);
    let id = recreate(&mut world, None, None).unwrap();
    removed(&mut world, id);
    assert_eq!(recreate(&mut world, Some(true), None), Err(Code::ConsentOptedOut));

    // She took it back: nothing is held against what she is known by.
    world.told(says(&ana(), "start", 70, "START"));
    let id = world.holder(&phone("919876543210")).unwrap().id;
    removed(&mut world, id);
    assert_eq!(world.all::<Suppression>(), []);
    let id = recreate(&mut world, Some(true), None).unwrap();
    assert!(world.see(id).consent.opted_in());
}

#[test]
fn somebody_elses_deletion_does_not_lift_what_is_held_against_an_address() {
    let mut world = World::new();
    let id = world.contact(ANA);
    world
        .decide(|set, ctx| moves::replace_phone(set, ctx, id, ANA, "+14155550100"))
        .unwrap();
    // Her former number is another's now, who is opted in.
    let other = world.contact(ANA);
    says_stop(&mut world, &person(&[phone("14155550100")]), 10);
    removed(&mut world, id);
    removed(&mut world, other);
    assert_eq!(recreate(&mut world, Some(true), None), Err(Code::ConsentOptedOut));
}

#[test]
fn the_marketing_cap_follows_an_address_through_a_deletion() {
    let mut world = World::new();
    let id = world.contact(ANA);
    world.send(&template_to(id, "offer")).unwrap();
    let taken = world.slot(id).unwrap();
    removed(&mut world, id);
    world.now = at(60);
    let id = recreate(&mut world, Some(true), None).unwrap();
    let refused = world.send(&template_to(id, "offer")).unwrap_err();
    assert_eq!(refused.code(), Code::CapReached);
    assert_eq!(world.slot(id), Some(Slot { contact: id, ..taken }));
    // Through a second one, too, and to somebody who gets the number.
    removed(&mut world, id);
    let other = world.contact("+14155550100");
    world
        .decide(|set, ctx| moves::add_phone(set, ctx, other, ANA))
        .unwrap();
    assert_eq!(
        world.send(&template_to(other, "offer")).unwrap_err().code(),
        Code::CapReached
    );
    removed(&mut world, other);
    // For a day.
    world.now = at(24 * 60 * 60);
    let id = recreate(&mut world, Some(true), None).unwrap();
    world.send(&template_to(id, "offer")).unwrap();
    // What nothing is held against leaves nothing.
    world.now = at(49 * 60 * 60);
    removed(&mut world, id);
    let kept = world.all::<Suppression>();
    assert!(kept.iter().all(|kept| kept.hash != hash(ANA)), "{kept:?}");
}

#[test]
fn a_cap_that_comes_with_an_address_counts_when_ones_own_attempt_is_turned_away() {
    let mut world = World::new();
    let id = world.contact(ANA);
    world.send(&template_to(id, "offer")).unwrap();
    removed(&mut world, id);
    let other = world.contact("+14155550100");
    world.now = at(60);
    let own = world.send(&template_to(other, "offer")).unwrap();
    world
        .decide(|set, ctx| moves::add_phone(set, ctx, other, ANA))
        .unwrap();
    let turned_away = failure(FailureClass::RecipientInvalid, "131026");
    world.land(&own, &Outcome::Refused(turned_away));
    let refused = world.send(&template_to(other, "offer")).unwrap_err();
    assert_eq!(refused.code(), Code::CapReached);
}

#[test]
fn the_deletion_of_whoever_has_a_former_number_does_not_free_the_cap() {
    let mut world = World::new();
    let id = world.contact(ANA);
    world
        .decide(|set, ctx| moves::replace_phone(set, ctx, id, ANA, "+14155550100"))
        .unwrap();
    // Her former number is another's now, who got nothing; she gets a template, and is deleted first.
    let other = world.contact(ANA);
    let agreed = ConsentRequest {
        opt_in: true,
        scope: Scope::EVERYTHING,
        proof: None,
        at: None,
    };
    world.now = at(5);
    world
        .decide(|set, ctx| set_consent(set, ctx, id, &agreed))
        .unwrap();
    world.send(&template_to(id, "offer")).unwrap();
    removed(&mut world, id);
    removed(&mut world, other);
    let id = recreate(&mut world, Some(true), None).unwrap();
    assert_eq!(
        world.send(&template_to(id, "offer")).unwrap_err().code(),
        Code::CapReached
    );
}

/// Makes hashes by an organisation's key, and a key of the host's if there is one.
fn hasher(key: u8, host: Option<&HostKey>) -> AddressHasher {
    let host_key = host.map(|host| HostKeyed {
        check: host.check(ORG),
        done: true,
    });
    let org = Org {
        id: ORG,
        settings: tertulia_core::settings::Settings::default(),
        rules_epoch: 0,
        suppression_key: SuppressionKey::new([key; 32]),
        host_key,
        routing: Vec::new(),
        watches: Vec::new(),
    };
    AddressHasher::of(&org, host).unwrap()
}

fn hash(number: &str) -> String {
    hasher(7, None).hash(
        AddressKind::Phone,
        &Address::new(AddressKind::Phone, number).match_key(),
    )
}

/// What the platform says about a message that was on its way as its contact was deleted, whether the message is still
/// there or not: the ledger's row tells the truth, and nobody gets an address back.
#[test]
fn a_message_in_flight_lands_in_the_ledger_though_its_contact_is_deleted() {
    let delivered = DispatchState::Accepted {
        reached: Reached::Delivered,
    };
    let taken = DispatchState::Accepted {
        reached: Reached::Accepted,
    };
    for conversations in [DeletedConversations::Keep, DeletedConversations::Remove] {
        let fly = || {
            let mut world = World::with(|settings| settings.deleted_conversations = conversations);
            let id = world.contact(ANA);
            world.told(says(&person(&[phone("919876543210")]), "hello", 1, "hello"));
            world.now = at(5);
            let flight = world.send(&template_to(id, "offer")).unwrap();
            removed(&mut world, id);
            (world, id, flight)
        };
        let there = |world: &World| {
            let sent = |m: &Message| m.dispatch.is_some();
            world.all::<Message>().iter().any(sent)
        };

        let (mut world, id, flight) = fly();
        assert_eq!(there(&world), conversations == DeletedConversations::Keep);
        let outcome = Outcome::Accepted(tertulia_core::ledger::Accepted {
            provider_id: "sent".to_owned(),
            addresses: vec![phone("919876543210"), bsuid("IN.123")],
            held: false,
        });
        assert_eq!(world.land(&flight, &outcome), taken);
        assert_eq!(world.land(&flight, &outcome), taken);
        assert!(world.row(flight.dispatch).accepted);
        assert_eq!(world.see(id).identities, [], "nobody gets an address back");
        world.told(became("sent", 9, StatusKind::Delivered, None));
        world.told(became("sent", 7, StatusKind::Sent, None));
        world.told(became(
            "sent",
            8,
            failed(FailureClass::RecipientInvalid, "131026"),
            None,
        ));
        assert_eq!(world.row(flight.dispatch).state, delivered);
        assert_eq!(world.see(id).identities, []);

        // The status overtakes the answer: by the attempt.
        let (mut world, _, flight) = fly();
        world.told(became("sent", 9, StatusKind::Delivered, Some(flight.attempt)));
        assert_eq!(world.row(flight.dispatch).state, delivered);
        assert_eq!(world.land(&flight, &accepted("sent")), delivered);
        let (mut world, _, flight) = fly();
        world.told(became("sent", 9, StatusKind::Sent, Some(flight.attempt)));
        world.told(became("sent", 10, StatusKind::Delivered, None));
        assert_eq!(world.row(flight.dispatch).state, delivered);
        // Or it is parked, without the attempt.
        let (mut world, _, flight) = fly();
        world.told(became("sent", 9, StatusKind::Delivered, None));
        assert_eq!(world.land(&flight, &accepted("sent")), delivered);

        // The platform says no, and why: held against the address.
        let (mut world, id, flight) = fly();
        let refused = Outcome::Refused(failure(FailureClass::RecipientInvalid, "131026"));
        assert_eq!(world.land(&flight, &refused), DispatchState::Failed);
        assert_eq!(world.slot(id), None, "nothing was sent: the slot is free");
        let (mut world, _, flight) = fly();
        world.land(&flight, &accepted("sent"));
        world.told(became("sent", 9, StatusKind::Failed(stopped_marketing()), None));
        assert_eq!(world.row(flight.dispatch).state, DispatchState::Failed);
        world.now = at(48 * 60 * 60);
        let id = recreate(&mut world, Some(true), None).unwrap();
        let refused = world.send(&template_to(id, "offer")).unwrap_err();
        assert_eq!(refused.code(), Code::ConsentOptedOut);

        // The answer is lost, and never found.
        let (mut world, _, flight) = fly();
        let lost = Outcome::Unknown {
            detail: "cut off".to_owned(),
        };
        let state = world.land(&flight, &lost);
        assert!(matches!(state, DispatchState::Unknown { .. }), "{state:?}");
        let ways = world.all::<MessageRef>();
        assert!(ways.iter().any(|way| way.dispatch == Some(flight.dispatch)));
    }
}

#[test]
fn what_the_platform_tells_late_is_the_opt_out_of_whoever_has_the_address_now() {
    let mut world = World::new();
    let id = world.contact(ANA);
    world.now = at(5);
    let flight = world.send(&template_to(id, "offer")).unwrap();
    world.land(&flight, &accepted("sent"));
    removed(&mut world, id);
    let new = recreate(&mut world, Some(true), None).unwrap();
    world.told(became("sent", 9, StatusKind::Failed(stopped_marketing()), None));
    let marketing = Scope {
        purpose: Purpose::Marketing,
        sender: Some(SHOP),
    };
    for id in [id, new] {
        let consent = world.see(id).consent;
        assert!(matches!(consent.state_of(marketing), State::Out { .. }));
    }
}

#[test]
fn a_deletion_and_what_the_person_does_meanwhile_conflict() {
    let mut world = World::new();
    let id = world.contact(ANA);
    let (planned, changes) = world.plan(|set, ctx| delete(set, ctx, id));
    planned.unwrap();
    says_stop(&mut world, &ana(), 10);
    assert_eq!(world.commit(changes), Err(Conflict));

    // Who takes the address over as it becomes free sees what is held against it.
    removed(&mut world, id);
    let new = named(ANA);
    let (planned, changes) = world.plan(|set, ctx| {
        let proof = Proof::Stated("host".to_owned());
        contacts::create(set, ctx, &new, CreatedBy::Api, Source::Api, proof, 0)
    });
    planned.unwrap();
    let mut held = world.all::<Suppression>();
    let mut held = held.remove(held.iter().position(|held| held.hash == hash(ANA)).unwrap());
    held.facts.push(Fact {
        at: at(11),
        change: Change::OptOut,
        scope: Scope {
            purpose: Purpose::Marketing,
            sender: Some(AccountId(Uuid::from_u128(9))),
        },
        source: Source::Provider,
        via: None,
        new_proof: false,
        proof: Proof::Provider("131050".to_owned()),
    });
    world.store(held);
    assert_eq!(world.commit(changes), Err(Conflict));
}

#[test]
fn many_are_deleted_as_one_is() {
    let mut world = World::new();
    let ids = [world.contact(ANA), world.contact("+14155550100")];
    for id in ids {
        assert!(
            world
                .decide(|set, ctx| apply(set, ctx, id, &BulkAction::Delete))
                .unwrap()
        );
        assert_eq!(world.see(id).status, RecordStatus::Deleted);
        let again = world.decide(|set, ctx| apply(set, ctx, id, &BulkAction::Delete));
        assert_eq!(again.unwrap_err().code(), Code::ContactNotFound);
    }
    assert_eq!(serde_json::to_value(BulkAction::Delete).unwrap(), json!("delete"));
    BulkAction::Delete.check().unwrap();
}
