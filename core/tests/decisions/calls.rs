//! Calls, in whatever order their events come.

use tertulia_core::contact::{CreatedBy, RecordStatus};
use tertulia_core::conversation::{Conversation, Message};
use tertulia_core::decide::contacts::{block, set_active};
use tertulia_core::decide::receive::Applied;
use tertulia_core::error::Code;
use tertulia_core::inbound::{CallEvent, Caller, InboundEvent, Person};
use tertulia_core::journal::{EntryKind, What};
use tertulia_core::window::Window;

use crate::harness::*;

const ANA: &str = "919876543210";

fn ana() -> Person {
    Person {
        name: Some("Ana".to_owned()),
        ..person(&[phone(ANA), bsuid("IN.100")])
    }
}

/// Ana calls.
fn rings(id: &str, seconds: i64) -> InboundEvent {
    calls(&ana(), id, seconds, Caller::Person, CallEvent::Connect)
}

fn called(world: &World) -> usize {
    world.journaled(|what| matches!(what, What::Call { .. }))
}

fn opened(world: &World) -> Vec<Option<chrono::DateTime<chrono::Utc>>> {
    world
        .all::<Window>()
        .iter()
        .map(|window| window.last_inbound)
        .collect()
}

#[test]
fn an_unknown_caller_becomes_a_contact_with_an_open_window_who_agreed_to_nothing() {
    let mut world = World::new();
    assert_eq!(world.told(rings("c1", -60)), Applied::Applied);
    let contact = world.holder(&phone(ANA)).unwrap();
    assert_eq!(
        (contact.created_by, contact.created_at),
        (CreatedBy::Inbound, at(-60))
    );
    assert_eq!(contact.full_name().as_deref(), Some("Ana"));
    assert_eq!(
        (contact.last_inbound, contact.last_interaction),
        (Some(at(-60)), Some(at(-60)))
    );
    assert!(!contact.consent.opted_in() && contact.consent.history().is_empty());
    // By number and id alike.
    assert_eq!(opened(&world), [Some(at(-60)); 2]);
    assert_eq!(world.all::<Conversation>()[0].last_inbound, Some((at(-60), SHOP)));
    assert!(world.all::<Message>().is_empty());
    let refused = world.send(&text_to(contact.id, "You called?")).unwrap_err();
    assert_eq!(refused.code(), Code::ConsentNotOptedIn);
    // Who then writes is opted in by that message.
    world.told(says(&ana(), "m1", -30, "hello"));
    assert_eq!(world.see(contact.id).consent.history()[0].at, at(-30));
    world.send(&text_to(contact.id, "You called?")).unwrap();
}

#[test]
fn a_call_opens_the_window_for_24_hours_of_the_providers_time() {
    let mut world = World::new();
    let id = world.contact(&format!("+{ANA}"));
    let text = text_to(id, "You called?");
    assert_eq!(world.send(&text).unwrap_err().code(), Code::WindowClosed);
    world.told(rings("c1", -3600));
    world.told(rings("c0", -7200));
    world.now = at(23 * 3600 - 1);
    world.send(&text).unwrap();
    world.now = at(23 * 3600);
    assert_eq!(world.send(&text).unwrap_err().code(), Code::WindowClosed);
}

#[test]
fn only_the_persons_own_call_or_one_of_ours_that_they_took_opens_the_window() {
    use CallEvent::{Accepted, Connect, Other, Rejected, Ringing, Terminate};
    let held = || Other("held".to_owned());
    let table = [
        (
            Caller::Person,
            vec![Connect],
            vec![Ringing, Accepted, Rejected, Terminate, held()],
        ),
        (
            Caller::Business,
            vec![Accepted],
            vec![Connect, Ringing, Rejected, Terminate, held()],
        ),
    ];
    for (caller, opens, leaves) in table {
        let events = opens.into_iter().map(|event| (event, true));
        for (event, expected) in events.chain(leaves.into_iter().map(|event| (event, false))) {
            let mut world = World::new();
            world.told(calls(&ana(), "c1", -60, caller, event.clone()));
            assert_eq!(!opened(&world).is_empty(), expected, "{caller:?} {event:?}");
            let contact = world.holder(&phone(ANA)).unwrap();
            let wrote = contact.last_inbound.is_some();
            assert_eq!(
                wrote,
                expected && caller == Caller::Person,
                "{caller:?} {event:?}"
            );
            assert_eq!(contact.last_interaction, Some(at(-60)));
        }
    }
}

#[test]
fn each_event_of_a_call_is_on_the_timeline_once() {
    let mut world = World::new();
    let ends = || calls(&ana(), "c1", -30, Caller::Person, CallEvent::Terminate);
    assert_eq!(world.told(ends()), Applied::Applied);
    assert_eq!(world.told(rings("c1", -60)), Applied::Applied);
    assert_eq!(world.told(rings("c1", -60)), Applied::Duplicate);
    assert_eq!(world.told(ends()), Applied::Duplicate);
    assert_eq!(called(&world), 2);
    assert!(EntryKind::Call.on_timeline());
    let id = world.holder(&phone(ANA)).unwrap().id;
    let mut told = world
        .journal
        .iter()
        .filter(|entry| entry.what.kind() == EntryKind::Call);
    assert!(told.all(|entry| entry.contact == Some(id)));
    world.told(rings("c2", -10));
    assert_eq!(called(&world), 3);
}

#[test]
fn a_call_is_no_message() {
    let mut world = World::new();
    let id = world.contact(&format!("+{ANA}"));
    let broadcast = world.launch("offer");
    let row = world.row_of(broadcast, id).id;
    world.begin(row).unwrap();
    world.decide(|set, ctx| set_active(set, ctx, id, false)).unwrap();
    world.told(rings("c1", 60));
    assert!(!world.row(row).replied);
    assert_eq!(world.see(id).status, RecordStatus::Inactive);
}

#[test]
fn a_blocked_contacts_call_is_counted_once_and_nothing_more() {
    let mut world = World::new();
    let id = world.contact(&format!("+{ANA}"));
    world.decide(|set, ctx| block(set, ctx, id)).unwrap();
    let counted = |world: &World| world.journaled(|what| matches!(what, What::BlockedMessage { .. }));
    assert_eq!(world.told(rings("c1", -60)), Applied::Applied);
    assert_eq!(world.told(rings("c1", -60)), Applied::Duplicate);
    for (caller, event) in [
        (Caller::Person, CallEvent::Terminate),
        (Caller::Business, CallEvent::Accepted),
    ] {
        world.told(calls(&ana(), "c2", -30, caller, event));
    }
    assert_eq!((counted(&world), called(&world)), (1, 0));
    assert!(opened(&world).is_empty() && world.all::<Conversation>().is_empty());
    assert_eq!(world.see(id).last_inbound, None);
}
