//! Numbers and ids that turn up together, change, or belong to somebody else.

use tertulia_core::channel::Channel;
use tertulia_core::duplicates::{LikenessReason, judge};
use tertulia_core::identity::Address;
use tertulia_core::inbound::{IdentityChange, InboundEvent, InboundKind};
use tertulia_core::journal::What;
use tertulia_core::message::StatusKind;

use crate::harness::*;

fn moves(seconds: i64, previous: &[Address], current: &[Address]) -> InboundEvent {
    let change = IdentityChange {
        previous: previous.to_vec(),
        current: current.to_vec(),
        detail: None,
    };
    event(seconds, InboundKind::IdentityChanged(change))
}

const OLD: &str = "919876543210";
const NEW: &str = "919812345678";

#[test]
fn a_number_that_changes_moves_the_contact_and_keeps_the_old_one_as_history() {
    let mut world = World::new();
    world.now = at(-1000);
    let id = world.contact(&format!("+{OLD}"));
    world.now = noon();
    world.told(says(&person(&[phone(OLD)]), "m1", -100, "hi"));
    world.told(moves(-50, &[phone(OLD)], &[phone(NEW)]));
    let contact = world.see(id);
    assert_eq!(world.holder(&phone(NEW)).unwrap().id, id);
    assert_eq!(contact.phone().unwrap().address, phone(&format!("+{NEW}")));
    assert_eq!(
        contact
            .identities
            .iter()
            .filter(|identity| identity.until == Some(at(-50)))
            .count(),
        1
    );
    assert!(!contact.consent.opted_in(), "an opt-in does not follow");
    assert_eq!(
        world.journaled(|what| matches!(what, What::IdentityMoved { .. })),
        1
    );

    // Told again, nothing happens.
    let before = world.canonical();
    world.told(moves(-50, &[phone(OLD)], &[phone(NEW)]));
    assert_eq!(world.canonical(), before);

    // Whoever has the old number now is somebody else.
    world.told(says(&person(&[phone(OLD)]), "m2", -10, "hello"));
    assert_ne!(world.holder(&phone(OLD)).unwrap().id, id);

    // From the new number the person opts in as anybody does who writes first.
    world.told(says(&person(&[phone(NEW)]), "m3", -5, "it is me"));
    assert!(world.see(id).consent.opted_in());
}

#[test]
fn an_opt_out_follows_to_the_new_number() {
    let mut world = World::new();
    let id = world.contact(&format!("+{OLD}"));
    world.told(says(&person(&[phone(OLD)]), "m1", -100, "stop"));
    world.told(moves(-50, &[phone(OLD)], &[phone(NEW)]));
    world.told(says(&person(&[phone(NEW)]), "m2", -10, "hello"));
    assert_eq!(world.holder(&phone(NEW)).unwrap().id, id);
    assert!(!world.see(id).consent.opted_in());
}

#[test]
fn an_opt_out_follows_to_a_contact_that_the_new_number_made_before_the_notice_came() {
    let mut world = World::new();
    let old = world.contact(&format!("+{OLD}"));
    world.told(says(&person(&[phone(OLD)]), "m1", -100, "stop"));
    world.told(says(&person(&[phone(NEW)]), "m2", -10, "hello"));
    let new = world.holder(&phone(NEW)).unwrap().id;
    assert!(world.see(new).consent.opted_in());
    world.told(moves(-50, &[phone(OLD)], &[phone(NEW)]));
    assert!(!world.see(new).consent.opted_in());
    let conflict = What::IdentityConflict {
        address: phone(NEW),
        other: new,
    };
    assert_eq!(world.journaled(|what| *what == conflict), 1);
    assert!(world.holder(&phone(OLD)).is_none() && world.see(old).phone().is_none());
}

#[test]
fn an_id_that_changes_takes_the_former_one_with_it_and_leaves_a_number_that_stays() {
    let mut world = World::new();
    let before = person(&[phone(OLD), bsuid("IN.1"), bsuid("IN.ENT.1")]);
    world.told(says(&before, "m1", -100, "hi"));
    let id = world.holder(&bsuid("IN.1")).unwrap().id;
    let update = moves(
        -50,
        &[bsuid("IN.1"), bsuid("IN.ENT.1")],
        &[phone(OLD), bsuid("IN.2"), bsuid("IN.ENT.2")],
    );
    world.told(update);
    let current: Vec<String> = world
        .see(id)
        .current_identities()
        .map(|identity| identity.match_key.clone())
        .collect();
    assert_eq!(current, [&phone(OLD).match_key(), "IN.2", "IN.ENT.2"]);
    assert!(world.holder(&bsuid("IN.1")).is_none() && world.holder(&bsuid("IN.ENT.1")).is_none());
    assert!(world.see(id).consent.opted_in(), "the number is the same");
}

#[test]
fn an_id_that_changes_with_the_number_retires_the_number_that_it_does_not_name() {
    let mut world = World::new();
    world.told(says(&person(&[phone(OLD), bsuid("IN.1")]), "m1", -100, "hi"));
    let id = world.holder(&bsuid("IN.1")).unwrap().id;
    world.told(moves(-50, &[bsuid("IN.1")], &[phone(NEW), bsuid("IN.2")]));
    assert_eq!(world.see(id).phone().unwrap().match_key, phone(NEW).match_key());
    assert!(!world.see(id).consent.opted_in());
    // The other notice about the same change.
    let state = world.canonical();
    world.told(moves(-50, &[phone(OLD)], &[phone(NEW)]));
    assert_eq!(world.canonical(), state);
}

#[test]
fn a_new_id_that_a_message_named_before_the_notice_came_retires_the_old_one_all_the_same() {
    let mut world = World::new();
    world.told(says(&person(&[phone(OLD), bsuid("IN.1")]), "m1", -100, "hi"));
    let id = world.holder(&bsuid("IN.1")).unwrap().id;
    world.told(says(&person(&[phone(OLD), bsuid("IN.2")]), "m2", -10, "hi"));
    world.told(moves(-50, &[bsuid("IN.1")], &[phone(OLD), bsuid("IN.2")]));
    assert!(world.holder(&bsuid("IN.1")).is_none());
    assert_eq!(world.holder(&bsuid("IN.2")).unwrap().id, id);
}

#[test]
fn a_change_of_somebody_unknown_is_recorded_only() {
    let mut world = World::new();
    world.told(moves(-50, &[phone(OLD)], &[phone(NEW)]));
    assert_eq!(
        world.journaled(|what| matches!(what, What::ProviderNotice { .. })),
        1
    );
    assert!(world.holder(&phone(NEW)).is_none());
}

#[test]
fn a_number_and_an_id_that_turn_up_together_are_linked() {
    let mut world = World::new();
    let id = world.contact(&format!("+{OLD}"));
    world.told(says(&person(&[phone(OLD), bsuid("IN.1")]), "m1", -100, "hi"));
    assert_eq!(world.holder(&bsuid("IN.1")).unwrap().id, id);
    world.told(says(&person(&[bsuid("IN.1")]), "m2", -90, "hi"));
    assert_eq!(world.all::<tertulia_core::contact::Contact>().len(), 1);
    assert_eq!(world.see(id).last_inbound, Some(at(-90)));
}

#[test]
fn a_status_that_names_the_recipients_id_links_it() {
    let mut world = World::new();
    let id = world.contact(&format!("+{OLD}"));
    let flight = world.send(&template_to(id, "receipt")).unwrap();
    world.land(&flight, &accepted("out.1"));
    let mut sent = became("out.1", -1, StatusKind::Sent, None);
    if let InboundKind::Status(update) = &mut sent.kind {
        update.recipient = vec![phone(OLD), bsuid("IN.1")];
    }
    world.told(sent);
    assert_eq!(world.holder(&bsuid("IN.1")).unwrap().id, id);
}

#[test]
fn a_status_about_a_group_links_nothing() {
    let mut world = World::new();
    let id = world.contact(&format!("+{OLD}"));
    let flight = world.send(&template_to(id, "receipt")).unwrap();
    world.land(&flight, &accepted("out.1"));
    let mut sent = became("out.1", -1, StatusKind::Sent, None);
    if let InboundKind::Status(update) = &mut sent.kind {
        update.recipient = vec![phone("120363000000000000")];
    }
    world.told(sent);
    assert_eq!(world.see(id).identities.len(), 1);
}

#[test]
fn an_address_of_somebody_else_stays_theirs_and_the_conflict_is_journaled() {
    let mut world = World::new();
    let (ana, eva) = (world.contact(&format!("+{OLD}")), world.contact("+351912345678"));
    world.told(says(
        &person(&[phone(OLD), phone("351912345678")]),
        "m1",
        -100,
        "hi",
    ));
    assert_eq!(world.holder(&phone("351912345678")).unwrap().id, eva);
    let conflict = What::IdentityConflict {
        address: phone("351912345678"),
        other: eva,
    };
    assert_eq!(world.journaled(|what| *what == conflict), 1);
    assert_eq!(world.message("m1").contact, ana);
}

#[test]
fn an_address_of_somebody_else_makes_the_two_likely_duplicates() {
    let likely = |world: &World, one, other| -> Vec<LikenessReason> {
        let reasons = judge(&world.see(one), &world.see(other));
        reasons.into_iter().map(|likeness| likeness.reason).collect()
    };
    // A message names both.
    let mut world = World::new();
    let (ana, eva) = (world.contact(&format!("+{OLD}")), world.contact("+351912345678"));
    assert_eq!(likely(&world, ana, eva), []);
    let both = person(&[phone(OLD), phone("351912345678")]);
    world.told(says(&both, "m1", -100, "hi"));
    world.told(says(&both, "m2", -90, "hi"));
    assert_eq!(likely(&world, ana, eva), [LikenessReason::NamedTogether]);
    assert_eq!(world.see(ana).elsewhere.len(), 1);

    // The person wrote from the new number before the notice came.
    let mut world = World::new();
    let old = world.contact(&format!("+{OLD}"));
    world.told(says(&person(&[phone(NEW)]), "m1", -10, "hi"));
    let new = world.holder(&phone(NEW)).unwrap().id;
    world.told(moves(-50, &[phone(OLD)], &[phone(NEW)]));
    assert_eq!(likely(&world, old, new), [LikenessReason::NamedTogether]);

    // A notice that changes nothing else.
    let mut world = World::new();
    world.told(says(&person(&[bsuid("IN.1")]), "m1", -100, "hi"));
    let hidden = world.holder(&bsuid("IN.1")).unwrap().id;
    let known = world.contact(&format!("+{NEW}"));
    world.told(moves(-50, &[], &[bsuid("IN.1"), phone(NEW)]));
    assert_eq!(likely(&world, hidden, known), [LikenessReason::NamedTogether]);
}

#[test]
fn a_number_that_is_given_out_again_makes_no_duplicates() {
    let mut world = World::new();
    let ana = world.contact(&format!("+{OLD}"));
    world.told(moves(-50, &[phone(OLD)], &[phone(NEW)]));
    world.told(says(&person(&[phone(OLD)]), "m1", -10, "hello"));
    let other = world.holder(&phone(OLD)).unwrap().id;
    assert_ne!(other, ana);
    assert_eq!(judge(&world.see(ana), &world.see(other)), []);
}

#[test]
fn the_spelling_of_the_latest_message_is_the_one_to_send_to() {
    let mut world = World::new();
    let id = world.contact("+525512345678");
    world.told(says(&person(&[phone("5215512345678")]), "m1", -10, "hi"));
    world.told(says(&person(&[phone("525512345678")]), "m0", -20, "late"));
    let flight = world.send(&text_to(id, "hello")).unwrap();
    assert_eq!(flight.to, phone("5215512345678"));
    assert_eq!(
        world
            .see(id)
            .reachable_at(Channel::WhatsApp)
            .next()
            .unwrap()
            .address,
        phone("+525512345678")
    );
}

#[test]
fn messages_go_to_the_address_that_the_person_last_wrote_from() {
    let mut world = World::new();
    world.told(says(&person(&[phone(OLD), bsuid("IN.1")]), "m1", -100, "hi"));
    let id = world.holder(&phone(OLD)).unwrap().id;
    assert_eq!(world.send(&text_to(id, "hello")).unwrap().to, phone(OLD));
    world.told(says(&person(&[bsuid("IN.1")]), "m2", -90, "hi"));
    assert_eq!(world.send(&text_to(id, "hello")).unwrap().to, bsuid("IN.1"));
}
