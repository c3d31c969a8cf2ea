//! Two records of one person become one, and two again.

use std::collections::BTreeMap;

use serde_json::json;
use tertulia_core::attributes::Attribute;
use tertulia_core::consent::{Purpose, Scope};
use tertulia_core::contact::{Contact, CreatedBy, LeadStatus, RecordStatus};
use tertulia_core::conversation::Conversation;
use tertulia_core::decide::contacts::{self, ConsentRequest, NewContact};
use tertulia_core::decide::external_ids::{Upserted, upsert};
use tertulia_core::decide::{deletion, merging, notes, profile, sending, team};
use tertulia_core::duplicates;
use tertulia_core::error::{Code, Error};
use tertulia_core::identity::Address;
use tertulia_core::ids::ContactId;
use tertulia_core::inbound::PreferenceChoice;
use tertulia_core::journal::{EntryKind, What};
use tertulia_core::ledger::{DispatchState, SkipReason, StateName};
use tertulia_core::merge::{MergeChoice, MergeField, MergeOutcome, MergeRequest, Merged};
use tertulia_core::note::Note;
use tertulia_core::record::Key;
use tertulia_core::retry::FailureClass;
use tertulia_core::roles::Role;

use crate::harness::*;

const ANA: &str = "919876543210";
const SHE: &str = "919812345678";

fn request(duplicates: &[ContactId], choices: &[(MergeField, ContactId)]) -> MergeRequest {
    let choice = |(field, from): &(MergeField, ContactId)| MergeChoice {
        field: field.clone(),
        from: *from,
    };
    MergeRequest {
        duplicates: duplicates.to_vec(),
        choices: choices.iter().map(choice).collect(),
    }
}

fn try_merge(world: &mut World, primary: ContactId, request: &MergeRequest) -> Result<MergeOutcome, Error> {
    world.decide(|set, ctx| merging::merge(set, ctx, primary, request))
}

fn merge(world: &mut World, primary: ContactId, duplicate: ContactId) -> Contact {
    try_merge(world, primary, &request(&[duplicate], &[]))
        .unwrap()
        .contact
}

fn undo(world: &mut World, duplicate: ContactId) -> Result<Contact, Code> {
    world
        .decide(|set, ctx| merging::unmerge(set, ctx, duplicate))
        .map_err(|error| error.code())
}

fn get(world: &mut World, id: ContactId) -> Result<Contact, Code> {
    world
        .decide(|set, ctx| contacts::get(set, ctx, id))
        .map_err(|error| error.code())
}

/// A contact of this number whom nobody asked.
fn unasked(world: &mut World, phone: &str) -> ContactId {
    world.create(&named(&format!("+{phone}"))).unwrap()
}

fn opt(world: &mut World, id: ContactId, opt_in: bool, proof: Option<&str>) -> Result<bool, Code> {
    let request = ConsentRequest {
        opt_in,
        scope: Scope::EVERYTHING,
        proof: proof.map(str::to_owned),
        at: None,
    };
    world
        .decide(|set, ctx| contacts::set_consent(set, ctx, id, &request))
        .map_err(|error| error.code())
}

/// Whether a receipt may go to a contact now, and to which address it would.
fn reaches(world: &mut World, id: ContactId) -> Result<String, Code> {
    let mut copy = world.clone();
    let flight = copy
        .send(&template_to(id, "receipt"))
        .map_err(|error| error.code())?;
    Ok(flight.to.value.trim_start_matches('+').to_owned())
}

fn full(phone: &str, name: &str, system: &str) -> NewContact {
    NewContact {
        name: Some(name.to_owned()),
        email: Some(format!("{}@example.com", name.to_lowercase())),
        tags: vec!["both".to_owned(), name.to_lowercase()],
        external_ids: BTreeMap::from([("shop".to_owned(), system.to_owned())]),
        ..named(&format!("+{phone}"))
    }
}

#[test]
fn the_primary_wins_gaps_are_filled_and_choices_are_taken() {
    let mut world = World::new();
    let primary = world.create(&full(ANA, "Ana", "s1")).unwrap();
    let other = NewContact {
        last_name: Some("Souza".to_owned()),
        lead: Some(LeadStatus::Hot),
        external_ids: BTreeMap::from([
            ("shop".to_owned(), "s2".to_owned()),
            ("erp".to_owned(), "e2".to_owned()),
        ]),
        ..full(SHE, "Anna", "s2")
    };
    let duplicate = world.create(&other).unwrap();
    let preview_of = |world: &World, choices: &[(MergeField, ContactId)]| {
        try_merge(&mut world.clone(), primary, &request(&[duplicate], choices)).unwrap()
    };

    let outcome = preview_of(&world, &[]);
    let contact = &outcome.contact;
    assert_eq!(contact.name.as_deref(), Some("Ana"));
    assert_eq!(contact.last_name.as_deref(), Some("Souza"), "a gap is filled");
    assert_eq!(contact.email.as_deref(), Some("ana@example.com"));
    assert_eq!(contact.lead, LeadStatus::Cold);
    assert_eq!(contact.tags.keys().collect::<Vec<_>>(), ["ana", "anna", "both"]);
    assert_eq!(contact.external_ids["shop"], "s1");
    assert_eq!(contact.external_ids["erp"], "e2");
    assert_eq!(contact.merged, [duplicate]);
    let phones: Vec<&str> = contact
        .current_identities()
        .map(|i| i.address.value.as_str())
        .collect();
    assert_eq!(
        phones,
        [format!("+{ANA}"), format!("+{SHE}")],
        "the primary number stays"
    );
    let changed: Vec<&str> = outcome
        .changes
        .iter()
        .map(|change| change.field.as_str())
        .collect();
    assert_eq!(changed, ["last_name", "external_ids.erp"]);
    let differing: Vec<String> = outcome.differing.iter().map(|one| one.field.name()).collect();
    assert_eq!(differing, ["name", "email", "lead", "external_ids.shop"]);
    assert_eq!(outcome.differing[2].values[1].value, json!("hot"));

    let chosen = [
        (MergeField::Name, duplicate),
        (MergeField::Lead, duplicate),
        (MergeField::LastName, primary),
        (MergeField::ExternalId("shop".to_owned()), duplicate),
    ];
    let contact = preview_of(&world, &chosen).contact;
    assert_eq!(contact.name.as_deref(), Some("Anna"));
    assert_eq!(contact.lead, LeadStatus::Hot);
    assert_eq!(contact.last_name, None, "that the primary has none was chosen");
    assert_eq!(contact.external_ids["shop"], "s2");
    assert_eq!(contact.email.as_deref(), Some("ana@example.com"));

    try_merge(&mut world, primary, &request(&[duplicate], &chosen)).unwrap();
    for address in [phone(ANA), phone(SHE)] {
        assert_eq!(world.holder(&address).unwrap().id, primary);
    }
    assert_eq!(world.see(primary), contact);
    let told =
        world.journaled(|what| matches!(what, What::ContactMerged { duplicate: id, .. } if *id == duplicate));
    assert_eq!(told, 1);
    assert_eq!(
        world.journaled(|what| matches!(what, What::TagAdded { tag, .. } if tag == "anna")),
        2
    );
}

#[test]
fn what_is_no_merge_is_refused_whole() {
    let mut world = World::new();
    let [primary, duplicate, third] = [ANA, SHE, "919800000001"].map(|phone| unasked(&mut world, phone));
    let nobody = ContactId::from(uuid::Uuid::from_u128(404));
    let name = |from| vec![(MergeField::Name, from)];
    let cases = [
        (vec![], vec![], Code::ContactMergeInvalid),
        (vec![nobody], vec![], Code::ContactNotFound),
        (vec![primary], vec![], Code::ContactMergeSelf),
        (vec![duplicate, primary], vec![], Code::ContactMergeSelf),
        (vec![duplicate, duplicate], vec![], Code::ContactMergeSelf),
        (vec![duplicate], name(third), Code::ContactMergeInvalid),
        (vec![duplicate], name(nobody), Code::ContactMergeInvalid),
        (
            vec![duplicate],
            [name(primary), name(duplicate)].concat(),
            Code::ContactMergeInvalid,
        ),
    ];
    for (duplicates, choices, code) in cases {
        let refused = try_merge(&mut world, primary, &request(&duplicates, &choices)).unwrap_err();
        assert_eq!(refused.code(), code, "{duplicates:?} {choices:?}");
    }
    merge(&mut world, primary, duplicate);
    // The id of who was merged is the primary's own.
    for (into, of) in [(primary, duplicate), (duplicate, primary)] {
        let refused = try_merge(&mut world, into, &request(&[of], &[])).unwrap_err();
        assert_eq!(refused.code(), Code::ContactMergeSelf);
    }
    assert_eq!(undo(&mut world, nobody), Err(Code::ContactNotFound));
    assert_eq!(undo(&mut world, primary), Err(Code::ContactMergeFinal));
}

#[test]
fn old_ids_go_on_resolving_through_several_merges() {
    let mut world = World::new();
    let [first, second, third] = ["s1", "s2", "s3"].map(|id| {
        let digit = id.as_bytes()[1] - b'0';
        world
            .create(&full(&format!("91980000000{digit}"), "Ana", id))
            .unwrap()
    });
    merge(&mut world, second, first);
    let last = merge(&mut world, third, second);
    assert_eq!(last.merged, [second, first]);
    for id in [first, second, third] {
        assert_eq!(get(&mut world, id).unwrap().id, third);
    }
    // What is written under an old id is written about the contact of today.
    world
        .decide(|set, ctx| contacts::tag(set, ctx, first, &["late".to_owned()]))
        .unwrap();
    assert!(world.see(third).tags.contains_key("late"));
    assert_eq!(world.journal.last().unwrap().contact, Some(third));
    // Every id that another system ever had for them names them, and changes nothing of what they are called by.
    for id in ["s1", "s2", "s3"] {
        let given = NewContact {
            name: Some("Ana".to_owned()),
            ..NewContact::default()
        };
        let (found, outcome) = world
            .decide(|set, ctx| upsert(set, ctx, &given, ("shop", id), CreatedBy::Api, 0))
            .unwrap();
        assert_eq!((found, outcome), (third, Upserted::Unchanged), "{id}");
    }
    assert_eq!(world.see(third).external_ids["shop"], "s3");
    assert_eq!(
        undo(&mut world, first),
        Err(Code::ContactMergeFinal),
        "second is not there to be parted from"
    );
    undo(&mut world, second).unwrap();
    assert_eq!(get(&mut world, first).unwrap().id, second);
    undo(&mut world, first).unwrap();
    for id in [first, second, third] {
        let contact = get(&mut world, id).unwrap();
        assert_eq!(
            (contact.id, contact.merged.len(), contact.identities.len()),
            (id, 0, 1)
        );
    }
}

/// How one of two contacts stands before they are merged.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Before {
    In,
    Unasked,
    Stopped,
    OptedOutByHost,
}

fn contact(world: &mut World, number: &str, before: Before) -> ContactId {
    let id = unasked(world, number);
    if before != Before::Unasked {
        opt(world, id, true, None).unwrap();
    }
    match before {
        Before::Stopped => {
            world.now = at(-400);
            world.told(says(
                &person(&[phone(number)]),
                &format!("stop {number}"),
                -500,
                "stop",
            ));
        }
        Before::OptedOutByHost => {
            opt(world, id, false, None).unwrap();
        }
        Before::In | Before::Unasked => {}
    }
    id
}

#[test]
fn of_consent_the_stricter_counts_address_by_address() {
    use Before::{In, OptedOutByHost, Stopped, Unasked};
    let out = Err(Code::ConsentOptedOut);
    let never = Err(Code::ConsentNotOptedIn);
    let cases = [
        (In, In, Ok(ANA)),
        (In, Unasked, Ok(ANA)),
        (Unasked, In, Ok(SHE)),
        (Unasked, Unasked, never),
        (In, Stopped, out),
        (Stopped, In, out),
        (Unasked, Stopped, out),
        (In, OptedOutByHost, out),
        (OptedOutByHost, In, out),
    ];
    for (own, other, expected) in cases {
        let mut world = World::new();
        world.now = at(-1000);
        let primary = contact(&mut world, ANA, own);
        let duplicate = contact(&mut world, SHE, other);
        world.now = noon();
        let merged = merge(&mut world, primary, duplicate);
        assert_eq!(merged.consent.opted_in(), expected.is_ok(), "{own:?} {other:?}");
        assert_eq!(
            reaches(&mut world, primary),
            expected.map(str::to_owned),
            "{own:?} {other:?}"
        );
        let broadcast = world.launch("receipt");
        let row = world.row_of(broadcast, primary);
        let enlisted = (row.state == DispatchState::Pending).then_some(row.match_key.as_deref());
        assert_eq!(enlisted, expected.ok().map(Some), "{own:?} {other:?}");
    }
}

#[test]
fn who_never_opted_in_at_an_address_gets_nothing_there_until_they_write() {
    let mut world = World::new();
    world.now = at(-1000);
    let primary = contact(&mut world, ANA, Before::In);
    let duplicate = contact(&mut world, SHE, Before::Unasked);
    world.now = at(-500);
    merge(&mut world, primary, duplicate);
    world.now = noon();
    // The only address left is the one that nobody asked at.
    world
        .decide(|set, ctx| {
            let number = format!("+{ANA}");
            tertulia_core::decide::moves::replace_phone(set, ctx, primary, &number, "+442079460000")
        })
        .unwrap();
    let mut lone = world.see(primary);
    lone.identities.retain(|identity| identity.merged_from.is_some());
    world.store(lone);
    opt(&mut world, primary, false, None).unwrap();
    assert_eq!(reaches(&mut world, primary), Err(Code::ConsentOptedOut));
    world.now = at(10);
    opt(&mut world, primary, true, None).unwrap();
    assert_eq!(
        reaches(&mut world, primary).as_deref(),
        Ok(SHE),
        "said of the whole contact since"
    );

    let mut world = World::new();
    world.now = at(-1000);
    let primary = world
        .create(&NewContact {
            opted_in: Some(true),
            whatsapp_id: None,
            phone: None,
            email: Some("ana@example.com".to_owned()),
            ..named("")
        })
        .unwrap();
    let duplicate = contact(&mut world, SHE, Before::Unasked);
    world.now = at(-500);
    assert!(merge(&mut world, primary, duplicate).consent.opted_in());
    assert_eq!(reaches(&mut world, primary), Err(Code::ConsentNotOptedIn));
    let broadcast = world.launch("receipt");
    let row = world.row_of(broadcast, primary);
    assert_eq!(
        row.state,
        DispatchState::Skipped {
            reason: SkipReason::NotOptedIn
        }
    );
    world.now = noon();
    world.told(says(&person(&[phone(SHE)]), "m1", -100, "hello"));
    assert_eq!(reaches(&mut world, primary).as_deref(), Ok(SHE));
}

#[test]
fn nothing_but_the_persons_start_or_a_later_proof_lifts_a_stop_after_a_merge() {
    let stopped = || {
        let mut world = World::new();
        world.now = at(-1000);
        let primary = contact(&mut world, ANA, Before::In);
        let duplicate = contact(&mut world, SHE, Before::Stopped);
        world.now = noon();
        merge(&mut world, primary, duplicate);
        world.now = at(60);
        (world, primary)
    };
    let (mut world, primary) = stopped();
    assert_eq!(opt(&mut world, primary, true, None), Err(Code::ConsentOptedOut));
    world.told(says(&person(&[phone(ANA)]), "m1", 30, "hello"));
    assert_eq!(
        reaches(&mut world, primary),
        Err(Code::ConsentOptedOut),
        "writing lifts nothing"
    );
    world.told(says(&person(&[phone(SHE)]), "m0", -600, "start"));
    assert_eq!(
        reaches(&mut world, primary),
        Err(Code::ConsentOptedOut),
        "said before the STOP"
    );
    world.told(says(&person(&[phone(ANA)]), "m2", -200, "start"));
    assert_eq!(
        reaches(&mut world, primary),
        Err(Code::ConsentOptedOut),
        "said of the other number, before the two were known to be one person's"
    );
    world.told(says(&person(&[phone(ANA)]), "m3", 40, "start"));
    assert!(reaches(&mut world, primary).is_ok());

    let (mut world, primary) = stopped();
    opt(&mut world, primary, true, Some("signed at the counter")).unwrap();
    assert!(reaches(&mut world, primary).is_ok());

    // A START of their own number that comes late lifts the STOP of that number.
    let (mut world, primary) = stopped();
    world.told(says(&person(&[phone(SHE)]), "m4", -100, "start"));
    assert!(reaches(&mut world, primary).is_ok());
}

#[test]
fn what_a_platform_stopped_stays_stopped_at_that_sender() {
    let mut world = World::new();
    world.now = at(-1000);
    let primary = contact(&mut world, ANA, Before::In);
    let duplicate = contact(&mut world, SHE, Before::In);
    world.told(prefers(&person(&[phone(SHE)]), -700, PreferenceChoice::Stop));
    world.now = noon();
    let merged = merge(&mut world, primary, duplicate);
    assert!(merged.consent.permits(true, SHOP, None).is_err());
    assert!(merged.consent.permits(true, HELPDESK, None).is_ok());
    assert!(merged.consent.permits(false, SHOP, None).is_ok());
    let scope = Scope {
        purpose: Purpose::Marketing,
        sender: Some(SHOP),
    };
    assert!(matches!(
        merged.consent.state_of(scope),
        tertulia_core::consent::State::Out { .. }
    ));
    world.now = at(100);
    world.told(prefers(&person(&[phone(SHE)]), 50, PreferenceChoice::Resume));
    assert!(world.see(primary).consent.permits(true, SHOP, None).is_ok());
}

#[test]
fn who_is_blocked_as_one_of_them_stays_blocked() {
    let mut world = World::new();
    let primary = world.contact(&format!("+{ANA}"));
    let duplicate = world.contact(&format!("+{SHE}"));
    world
        .decide(|set, ctx| contacts::block(set, ctx, duplicate))
        .unwrap();
    let broadcast = world.launch("receipt");
    assert_eq!(
        merge(&mut world, primary, duplicate).status,
        RecordStatus::Blocked
    );
    let blocked = DispatchState::Skipped {
        reason: SkipReason::Blocked,
    };
    assert_eq!(world.row_of(broadcast, primary).state, blocked);
    let restored = undo(&mut world, duplicate).unwrap();
    assert_eq!(restored.status, RecordStatus::Blocked);
    assert_eq!(world.see(primary).status, RecordStatus::Active);
    // Blocked while they were one, both are.
    world
        .decide(|set, ctx| contacts::unblock(set, ctx, duplicate))
        .unwrap();
    merge(&mut world, primary, duplicate);
    world
        .decide(|set, ctx| contacts::block(set, ctx, duplicate))
        .unwrap();
    assert_eq!(undo(&mut world, duplicate).unwrap().status, RecordStatus::Blocked);
    assert_eq!(world.see(primary).status, RecordStatus::Blocked);
    world
        .decide(|set, ctx| contacts::unblock(set, ctx, duplicate))
        .unwrap();
    assert_eq!(world.see(duplicate).status, RecordStatus::Active);
}

#[test]
fn conversations_move_and_the_primarys_goes_on() {
    let mut world = World::new();
    world.told(says(&person(&[phone(ANA)]), "m1", -500, "hello"));
    world.told(says(&person(&[phone(SHE)]), "m2", -400, "hello"));
    let [primary, duplicate] = [ANA, SHE].map(|number| world.holder(&phone(number)).unwrap());
    let merged = merge(&mut world, primary.id, duplicate.id);
    assert_eq!(merged.conversation, primary.conversation);
    assert_eq!(merged.last_inbound, duplicate.last_inbound);
    let threads = world.all::<Conversation>();
    assert_eq!(threads.len(), 2);
    assert!(threads.iter().all(|thread| thread.contact == primary.id));
    let thread = threads
        .iter()
        .find(|thread| Some(thread.id) == primary.conversation)
        .unwrap();
    assert_eq!(
        thread.last_inbound,
        Some((at(-400), SHOP)),
        "the sender that they last wrote to"
    );
    world.now = at(100);
    world.told(says(&person(&[phone(SHE)]), "m3", 50, "me again"));
    assert_eq!(Some(world.message("m3").conversation), primary.conversation);

    // A thread that went on since stays; one that did not goes back.
    undo(&mut world, duplicate.id).unwrap();
    assert_eq!(world.see(duplicate.id).conversation, duplicate.conversation);
    let own: Conversation = world.get(&Key::Conversation {
        org: ORG,
        conversation: duplicate.conversation.unwrap(),
    });
    assert_eq!(own.contact, duplicate.id);

    let mut world = World::new();
    let primary = world.contact(&format!("+{ANA}"));
    world.told(says(&person(&[phone(SHE)]), "m2", -400, "hello"));
    let duplicate = world.holder(&phone(SHE)).unwrap();
    assert_eq!(
        merge(&mut world, primary, duplicate.id).conversation,
        duplicate.conversation,
        "the only one"
    );
    world.now = at(100);
    world.told(says(&person(&[phone(SHE)]), "m3", 50, "me again"));
    undo(&mut world, duplicate.id).unwrap();
    assert_eq!(world.see(duplicate.id).conversation, None);
    assert_eq!(world.see(primary).conversation, duplicate.conversation);
}

#[test]
fn two_recipients_of_one_broadcast_get_one_message() {
    for merged_first in [true, false] {
        for primary_first in [true, false] {
            let mut world = World::new();
            let primary = world.contact(&format!("+{ANA}"));
            let duplicate = world.contact(&format!("+{SHE}"));
            let broadcast = world.launch("receipt");
            let mut rows = [primary, duplicate].map(|contact| world.row_of(broadcast, contact).id);
            if !primary_first {
                rows.reverse();
            }
            let mut flights = Vec::new();
            if merged_first {
                merge(&mut world, primary, duplicate);
                flights.extend(world.begin(rows[0]));
            } else {
                flights.extend(world.begin(rows[0]));
                merge(&mut world, primary, duplicate);
            }
            flights.extend(world.begin(rows[1]));
            assert_eq!(flights.len(), 1, "{merged_first} {primary_first}");
            let own = world.row_of(broadcast, primary).state.name();
            let kept = merged_first || primary_first;
            assert_eq!(own == StateName::Sending, kept, "{merged_first} {primary_first}");
            let skipped = rows.map(|row| world.row(row).state);
            let merged = DispatchState::Skipped {
                reason: SkipReason::Merged,
            };
            assert_eq!(skipped.iter().filter(|state| **state == merged).count(), 1);
        }
    }
}

#[test]
fn a_row_of_who_was_merged_goes_to_its_own_address_once_the_other_failed() {
    let mut world = World::new();
    let primary = world.contact(&format!("+{ANA}"));
    let duplicate = world.contact(&format!("+{SHE}"));
    let broadcast = world.launch("receipt");
    let [own, other] = [primary, duplicate].map(|contact| world.row_of(broadcast, contact).id);
    let flight = world.begin(own).unwrap();
    let refused = tertulia_core::ledger::Outcome::Refused(failure(FailureClass::RecipientInvalid, "131026"));
    world.land(&flight, &refused);
    assert_eq!(world.row(own).state.name(), StateName::Failed);
    merge(&mut world, primary, duplicate);
    // The pause between two messages to one person is over.
    world.now = at(6);
    let flight = world.begin(other).unwrap();
    assert_eq!(flight.to.value, format!("+{SHE}"));
    let message = world.all::<tertulia_core::conversation::Message>();
    let message = message
        .iter()
        .find(|message| message.dispatch == Some(other))
        .unwrap();
    assert_eq!(message.contact, primary);
    world.land(&flight, &accepted("wamid.1"));
    assert_eq!(world.row(other).state.name(), StateName::Accepted);
}

#[test]
fn a_row_that_would_go_to_the_address_of_another_row_is_skipped() {
    let mut world = World::new();
    let primary = world.contact(&format!("+{ANA}"));
    let duplicate = world.contact(&format!("+{SHE}"));
    let broadcast = world.launch("receipt");
    let [own, other] = [primary, duplicate].map(|contact| world.row_of(broadcast, contact).id);
    let flight = world.begin(own).unwrap();
    let refused = tertulia_core::ledger::Outcome::Refused(failure(FailureClass::RecipientInvalid, "131026"));
    world.land(&flight, &refused);
    merge(&mut world, primary, duplicate);
    let mut contact = world.see(primary);
    contact
        .identities
        .retain(|identity| identity.merged_from.is_none());
    world.store(contact);
    assert_eq!(
        world.begin(other),
        None,
        "the number that it was meant for is gone"
    );
    let merged = DispatchState::Skipped {
        reason: SkipReason::Merged,
    };
    assert_eq!(world.row(other).state, merged);
}

#[test]
fn an_opt_out_that_leaves_out_a_row_of_who_was_merged_is_told_of_the_contact_of_today() {
    let mut world = World::new();
    let primary = world.contact(&format!("+{ANA}"));
    let duplicate = world.contact(&format!("+{SHE}"));
    let broadcast = world.launch("receipt");
    merge(&mut world, primary, duplicate);
    opt(&mut world, primary, false, None).unwrap();
    assert_eq!(world.row_of(broadcast, duplicate).contact, duplicate);
    let told = world.journal.iter().filter(|entry| {
        let left_out = Some(SkipReason::OptedOut);
        matches!(entry.what, What::DispatchChanged { reason, .. } if reason == left_out)
    });
    let of: Vec<_> = told.map(|entry| entry.contact).collect();
    assert_eq!(of, [Some(primary); 2]);
}

#[test]
fn the_later_marketing_time_counts_and_a_failure_gives_the_slot_back() {
    let mut world = World::new();
    let primary = world.contact(&format!("+{ANA}"));
    let duplicate = world.contact(&format!("+{SHE}"));
    let first = world.send(&template_to(primary, "offer")).unwrap();
    world.now = at(3600);
    let flight = world.send(&template_to(duplicate, "offer")).unwrap();
    merge(&mut world, primary, duplicate);
    assert_eq!(world.slot(primary).unwrap().taken_at, at(3600));
    assert_eq!(world.slot(duplicate), None);
    let again = world.send(&template_to(duplicate, "offer")).unwrap_err();
    assert_eq!(again.code(), Code::CapReached);
    undo(&mut world, duplicate).unwrap();
    for id in [primary, duplicate] {
        assert_eq!(
            world.slot(id).unwrap().taken_at,
            at(3600),
            "sent to while they were one"
        );
    }
    merge(&mut world, primary, duplicate);
    let refused = tertulia_core::ledger::Outcome::Refused(failure(FailureClass::RecipientInvalid, "131026"));
    world.land(&flight, &refused);
    let slot = world.slot(primary).unwrap();
    assert_eq!(
        (slot.attempt, slot.taken_at),
        (first.attempt, at(0)),
        "the person may get the first one"
    );
    world.land(&first, &refused);
    assert_eq!(world.slot(primary), None);
}

#[test]
fn an_undo_brings_back_what_was_and_leaves_what_came_later() {
    let mut world = World::new();
    world.now = at(-100);
    let primary = world.create(&full(ANA, "Ana", "s1")).unwrap();
    let other = NewContact {
        last_name: Some("Souza".to_owned()),
        first_name: Some("Anna".to_owned()),
        external_ids: BTreeMap::from([("erp".to_owned(), "e2".to_owned())]),
        opted_in: Some(true),
        ..full(SHE, "Anna", "s2")
    };
    let duplicate = world.create(&other).unwrap();
    let before = [primary, duplicate].map(|id| world.see(id));
    world.now = noon();
    merge(&mut world, primary, duplicate);
    let mut untouched = world.clone();
    let restored = undo(&mut untouched, duplicate).unwrap();
    let as_before = |mut contact: Contact, before: &Contact| {
        contact.revision = before.revision;
        assert_eq!(contact, *before);
    };
    as_before(restored, &before[1]);
    as_before(untouched.see(primary), &before[0]);
    assert_eq!(untouched.holder(&phone(SHE)).unwrap().id, duplicate);
    assert_eq!(untouched.holder(&phone(ANA)).unwrap().id, primary);
    assert_eq!(
        untouched.journaled(|what| what.kind() == EntryKind::ContactUnmerged),
        2
    );
    assert_eq!(
        undo(&mut untouched, duplicate),
        Err(Code::ContactMergeFinal),
        "once"
    );

    world.now = at(100);
    world
        .decide(|set, ctx| contacts::tag(set, ctx, primary, &["late".to_owned()]))
        .unwrap();
    let revision = world.see(primary).revision;
    let update = profile::ContactUpdate {
        last_name: Some("Silva".to_owned()),
        ..profile::ContactUpdate::default()
    };
    world
        .decide(|set, ctx| profile::update(set, ctx, primary, revision, &update))
        .unwrap();
    world.told(says(&person(&[phone(ANA)]), "m1", 50, "stop"));
    let restored = undo(&mut world, duplicate).unwrap();
    let kept = world.see(primary);
    assert_eq!(kept.last_name.as_deref(), Some("Silva"));
    assert_eq!(kept.first_name, None, "what the merge filled goes");
    assert_eq!(kept.tags.keys().collect::<Vec<_>>(), ["ana", "both", "late"]);
    assert_eq!(restored.tags.keys().collect::<Vec<_>>(), ["anna", "both"]);
    assert_eq!(restored.last_name.as_deref(), Some("Souza"));
    assert!(
        !kept.consent.opted_in() && !restored.consent.opted_in(),
        "an opt-out since holds for both"
    );
    assert_eq!(reaches(&mut world, duplicate), Err(Code::ConsentOptedOut));
}

#[test]
fn an_address_that_changed_while_they_were_one_is_not_taken_from_who_has_it_now() {
    let mut world = World::new();
    let primary = world.contact(&format!("+{ANA}"));
    let duplicate = world.contact(&format!("+{SHE}"));
    merge(&mut world, primary, duplicate);
    let number = format!("+{SHE}");
    world
        .decide(|set, ctx| {
            tertulia_core::decide::moves::replace_phone(set, ctx, duplicate, &number, "+919811111111")
        })
        .unwrap();
    let somebody = world.contact(&number);
    undo(&mut world, duplicate).unwrap();
    assert_eq!(world.holder(&phone(SHE)).unwrap().id, somebody);
    assert_eq!(
        world.holder(&phone("919811111111")).unwrap().id,
        duplicate,
        "their new number goes with them"
    );
    let restored = world.see(duplicate);
    assert_eq!(restored.current_identities().count(), 1);
    assert_eq!(restored.identities.len(), 2, "the old one as history");
}

#[test]
fn evidence_about_what_was_sent_before_a_merge_finds_the_contact_of_today() {
    let mut world = World::new();
    let primary = world.contact(&format!("+{ANA}"));
    let duplicate = world.contact(&format!("+{SHE}"));
    let flight = world.send(&template_to(duplicate, "offer")).unwrap();
    merge(&mut world, primary, duplicate);
    let accepted = tertulia_core::ledger::Outcome::Accepted(tertulia_core::ledger::Accepted {
        provider_id: "wamid.1".to_owned(),
        addresses: vec![Address::new(
            tertulia_core::identity::AddressKind::WhatsAppId,
            "IN.13491208655302741918",
        )],
        held: false,
    });
    world.now = at(10);
    world.land(&flight, &accepted);
    let linked = world.holder(&bsuid("IN.13491208655302741918")).unwrap();
    assert_eq!(linked.id, primary);
    world.told(became(
        "wamid.1",
        20,
        tertulia_core::message::StatusKind::Failed(stopped_marketing()),
        None,
    ));
    assert!(world.see(primary).consent.permits(true, SHOP, None).is_err());
    let explained = world
        .decide(|set, ctx| sending::explain(set, ctx, &template_to(duplicate, "offer")))
        .unwrap();
    assert!(
        explained
            .denials
            .iter()
            .any(|denial| denial.code == Code::ConsentOptedOut)
    );
}

#[test]
fn an_id_that_turns_up_with_a_merged_number_goes_with_it() {
    let mut world = World::new();
    let primary = world.contact(&format!("+{ANA}"));
    let duplicate = world.contact(&format!("+{SHE}"));
    merge(&mut world, primary, duplicate);
    world.told(says(&person(&[phone(SHE), bsuid("IN.1")]), "m1", -10, "hello"));
    world.told(says(&person(&[phone(ANA), bsuid("IN.2")]), "m2", -5, "hello"));
    assert_eq!(world.see(primary).current_identities().count(), 4);
    undo(&mut world, duplicate).unwrap();
    assert_eq!(world.holder(&bsuid("IN.1")).unwrap().id, duplicate);
    assert_eq!(world.holder(&bsuid("IN.2")).unwrap().id, primary);
}

#[test]
fn a_deletion_takes_what_was_merged_with_it() {
    let mut world = World::new();
    let primary = world.create(&full(ANA, "Ana", "s1")).unwrap();
    let duplicate = world.create(&full(SHE, "Anna", "s2")).unwrap();
    for contact in [primary, duplicate] {
        world
            .decide(|set, ctx| notes::add(set, ctx, contact, "likes tea"))
            .unwrap();
    }
    world.told(says(&person(&[phone(SHE)]), "m1", -10, "stop"));
    merge(&mut world, primary, duplicate);
    world
        .decide(|set, ctx| deletion::delete(set, ctx, duplicate))
        .unwrap();
    for id in [primary, duplicate] {
        assert_eq!(get(&mut world, id), Err(Code::ContactNotFound));
    }
    assert_eq!(undo(&mut world, duplicate), Err(Code::ContactMergeFinal));
    let kept: Vec<Merged> = world.all();
    assert!(kept.len() == 1 && kept[0].undo.is_none(), "nothing to bring back");
    assert!(world.all::<Note>().is_empty());
    for system in ["s1", "s2"] {
        let given = NewContact {
            name: Some("Ana".to_owned()),
            ..NewContact::default()
        };
        let (_, outcome) = world
            .decide(|set, ctx| upsert(set, ctx, &given, ("shop", system), CreatedBy::Api, 0))
            .unwrap();
        assert_eq!(outcome, Upserted::Created);
    }
    // Either address is held to the opt-out.
    for number in [ANA, SHE] {
        let anew = unasked(&mut world, number);
        assert_eq!(opt(&mut world, anew, true, None), Err(Code::ConsentOptedOut));
    }
}

#[test]
fn whom_the_platform_named_together_are_alike_until_they_are_merged() {
    let mut world = World::new();
    world.told(says(&person(&[phone(ANA)]), "m1", -100, "hello"));
    world.told(says(&person(&[bsuid("IN.1")]), "m2", -90, "hello"));
    world.told(says(&person(&[phone(ANA), bsuid("IN.1")]), "m3", -80, "it is me"));
    let [ana, other] = [phone(ANA), bsuid("IN.1")].map(|address| world.holder(&address).unwrap());
    let shared = |a: &Contact, b: &Contact| {
        let b = duplicates::keys(b);
        duplicates::keys(a)
            .into_iter()
            .filter(|key| b.contains(key))
            .count()
    };
    assert_eq!(shared(&ana, &other), 1);
    let merged = merge(&mut world, ana.id, other.id);
    assert!(
        merged
            .current_identities()
            .any(|identity| identity.address == bsuid("IN.1"))
    );
    undo(&mut world, other.id).unwrap();
    let [ana, other] = [ana.id, other.id].map(|id| world.see(id));
    assert_eq!(shared(&ana, &other), 1);
    // Named with a third one, the primary is alike that one, too.
    world.told(says(&person(&[phone(SHE)]), "m4", -70, "hello"));
    world.told(says(&person(&[bsuid("IN.1"), phone(SHE)]), "m5", -60, "hello"));
    let merged = merge(&mut world, ana.id, other.id);
    let third = world.holder(&phone(SHE)).unwrap();
    assert_eq!(shared(&merged, &third), 1);
}

#[test]
fn a_start_at_one_address_does_not_lift_what_is_held_against_another_that_comes_later() {
    let mut world = World::new();
    let gone = world.contact(&format!("+{SHE}"));
    world.told(says(&person(&[phone(SHE)]), "m1", -500, "stop"));
    world.decide(|set, ctx| deletion::delete(set, ctx, gone)).unwrap();
    let ana = unasked(&mut world, ANA);
    world.told(says(&person(&[phone(ANA)]), "m2", -400, "start"));
    assert!(reaches(&mut world, ana).is_ok());
    let number = format!("+{SHE}");
    world
        .decide(|set, ctx| tertulia_core::decide::moves::add_phone(set, ctx, ana, &number))
        .unwrap();
    assert_eq!(reaches(&mut world, ana), Err(Code::ConsentOptedOut));
    world.now = at(100);
    world.told(says(&person(&[phone(SHE)]), "m3", 50, "start"));
    assert!(reaches(&mut world, ana).is_ok());
}

#[test]
fn an_undo_brings_back_no_tag_value_or_owner_that_is_no_more() {
    let mut world = World::new();
    let attribute = |kind: serde_json::Value| -> Attribute {
        serde_json::from_value(json!({"org": ORG, "name": "size", "kind": kind})).unwrap()
    };
    world.store(attribute(json!({"type": "dropdown", "values": ["S", "M"]})));
    let priya = world
        .decide(|set, ctx| team::add(set, ctx, "Priya", Role::Agent))
        .unwrap()
        .id;
    let [primary, duplicate] = [(ANA, "Ana", "S"), (SHE, "Anna", "M")].map(|(number, name, size)| {
        let new = NewContact {
            attributes: BTreeMap::from([("size".to_owned(), json!(size))]),
            ..full(number, name, name)
        };
        world.create(&new).unwrap()
    });
    world
        .decide(|set, ctx| profile::set_owner(set, ctx, duplicate, Some(priya)))
        .unwrap();
    let chosen = [(MergeField::Attribute("size".to_owned()), duplicate)];
    try_merge(&mut world, primary, &request(&[duplicate], &chosen)).unwrap();
    world.store(attribute(json!({"type": "dropdown", "values": ["M"]})));
    world.records.remove(&Key::Tag {
        org: ORG,
        key: "anna".to_owned(),
    });
    world
        .decide(|set, ctx| team::set_active(set, ctx, priya, false))
        .unwrap();
    let restored = undo(&mut world, duplicate).unwrap();
    assert_eq!(restored.tags.keys().collect::<Vec<_>>(), ["both"]);
    assert_eq!(restored.attributes["size"], json!("M"));
    assert_eq!(restored.owner, None);
    assert!(world.see(primary).attributes.is_empty(), "S is no size any more");
}
