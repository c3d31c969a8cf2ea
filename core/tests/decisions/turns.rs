//! What a bot or AI of the host is to answer, who has it, and what it may do meanwhile.

use chrono::TimeDelta;
use tertulia_core::contact::Contact;
use tertulia_core::conversation::{Author, Conversation, ConversationStatus, Handler, HandlerKind};
use tertulia_core::decide::access;
use tertulia_core::decide::contacts::{self, NewContact};
use tertulia_core::decide::conversations::{assign, delete, hand_over, label, resolve, set_handler};
use tertulia_core::decide::sending::SendRequest;
use tertulia_core::decide::turns::{self, Reply, Taken};
use tertulia_core::decide::{leads, merging, notes, routing};
use tertulia_core::error::Code;
use tertulia_core::ids::{ContactId, ConversationId, RuleId};
use tertulia_core::inbound::{InboundKind, Person};
use tertulia_core::journal::{Actor, What};
use tertulia_core::ledger::{DispatchState, Outcome};
use tertulia_core::merge::MergeRequest;
use tertulia_core::message::Content;
use tertulia_core::record::Key;
use tertulia_core::retry::{Failure, FailureClass};
use tertulia_core::roles::Call;
use tertulia_core::routing::{RoutingRule, RoutingTarget};
use tertulia_core::turn::{InTurn, MAX_WAITING, TRIES};
use uuid::Uuid;

use crate::harness::*;

const ANA: &str = "5511987654321";

fn ana() -> Person {
    person(&[phone(ANA)])
}

fn bot(name: &str) -> Handler {
    Handler {
        name: name.to_owned(),
        kind: HandlerKind::Bot,
    }
}

/// A world in which every new conversation is the clerk's.
fn routed() -> World {
    let mut world = World::new();
    let rule = RoutingRule {
        id: RuleId(Uuid::from_u128(1)),
        name: None,
        filter: None,
        channels: None,
        to: RoutingTarget::Handler(bot("clerk")),
        enabled: true,
    };
    world.decide(|set, ctx| routing::put(set, ctx, &rule)).unwrap();
    world
}

fn contact(world: &World) -> ContactId {
    world.holder(&phone(ANA)).unwrap().id
}

fn thread(world: &World) -> Conversation {
    world.thread(contact(world))
}

fn take(world: &mut World, id: ConversationId) -> Option<Taken> {
    let until = world.now + TimeDelta::seconds(90);
    world
        .decide(|set, ctx| turns::take(set, ctx, id, "worker", until))
        .unwrap()
}

fn taken(world: &mut World) -> Taken {
    let id = thread(world).id;
    take(world, id).expect("a turn is due")
}

fn said(taken: &Taken) -> Vec<String> {
    let words = taken.messages.iter().map(|message| message.content.words());
    words.map(|words| words.unwrap_or_default().to_owned()).collect()
}

fn done(world: &mut World, taken: &Taken) {
    world
        .decide(|set, ctx| turns::done(set, ctx, &taken.held))
        .unwrap();
}

fn fails(world: &mut World, taken: &Taken) {
    let held = taken.held;
    world
        .decide(|set, ctx| turns::failed(set, ctx, &held, Code::HandlerTimeout))
        .unwrap();
}

/// What follows is asked by the handler in its turn.
fn act(world: &mut World, held: InTurn) {
    world.actor = Actor::Handler("clerk".to_owned());
    world.turn = Some(held);
}

fn host(world: &mut World) {
    world.actor = Actor::System("host".to_owned());
    world.turn = None;
}

/// The reply of this number, as the engine decides it.
fn reply(world: &mut World, to: &SendRequest, ordinal: u32) -> Result<Reply, Code> {
    let decided = world.decide(|set, ctx| {
        access::check(set, ctx, Call::InboxSend)?;
        turns::reply(set, ctx, to, ordinal)
    });
    decided.map_err(|error| error.code())
}

fn sent(world: &mut World, to: &SendRequest, ordinal: u32) -> tertulia_core::decide::sending::Flight {
    match reply(world, to, ordinal) {
        Ok(Reply::Flight(flight)) => flight,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_message_makes_a_turn_in_its_own_commit_and_those_that_come_meanwhile_are_the_next() {
    let mut world = routed();
    world.told(says(&ana(), "m1", -60, "hello?"));
    world.told(says(&ana(), "m2", -50, "are you open?"));
    world.told(says(&ana(), "m1", -60, "hello?"));
    let first = taken(&mut world);
    assert_eq!(said(&first), ["hello?", "are you open?"], "once each, by time");
    assert_eq!((first.held.number, first.handler.name.as_str()), (1, "clerk"));
    let id = first.conversation.id;
    assert_eq!(take(&mut world, id), None, "one at a time");
    world.told(says(&ana(), "m4", -20, "and tomorrow?"));
    world.told(says(&ana(), "m3", -70, "late"));
    assert_eq!(take(&mut world, id), None, "nor for what came meanwhile");
    done(&mut world, &first);
    let second = taken(&mut world);
    assert_eq!(said(&second), ["late", "and tomorrow?"]);
    assert_ne!(second.held.turn, first.held.turn);
    done(&mut world, &first);
    assert!(thread(&world).turn.is_some(), "whose turn is over ends no other");
    done(&mut world, &second);
    assert_eq!(thread(&world).turn, None);
    assert_eq!(take(&mut world, id), None);
}

#[test]
fn only_what_is_to_be_answered_makes_a_turn() {
    let mut world = routed();
    world.told(says(&ana(), "m0", -100, "STOP"));
    assert_eq!(thread(&world).handler, Some(bot("clerk")), "routed all the same");
    assert_eq!(thread(&world).turn, None);
    world.told(says(&ana(), "m1", -90, "START"));
    assert_eq!(thread(&world).turn, None);
    world.told(says(&ana(), "m2", -80, "yes"));
    world.told(says(&ana(), "m3", -70, "help"));
    world.told(reacts(&ana(), "r1", "m2", -60, Some("👍")));
    let turn = taken(&mut world);
    assert_eq!(said(&turn), ["yes", "help"], "answers to an ordinary question");
    done(&mut world, &turn);
    let id = contact(&world);
    world.decide(|set, ctx| contacts::block(set, ctx, id)).unwrap();
    world.told(says(&ana(), "m4", -50, "hello?"));
    assert_eq!(thread(&world).turn, None);
}

#[test]
fn nobody_is_answered_who_is_blocked_gone_or_goes_on_elsewhere() {
    type Cut = fn(&mut World, ContactId, ConversationId);
    let cuts: [(&str, Cut); 4] = [
        ("blocked", |world, contact, _| {
            world
                .decide(|set, ctx| contacts::block(set, ctx, contact))
                .unwrap();
        }),
        ("resolved", |world, _, id| {
            world.decide(|set, ctx| resolve(set, ctx, id)).unwrap();
        }),
        ("deleted", |world, _, id| {
            world.decide(|set, ctx| delete(set, ctx, id)).unwrap();
        }),
        ("elsewhere", |world, contact, _| {
            let mut other = world.see(contact);
            other.conversation = None;
            other.conversation_status = None;
            world.store(other);
        }),
    ];
    for (what, cut) in cuts {
        let mut world = routed();
        world.told(says(&ana(), "m1", -60, "hello?"));
        let (contact, id) = (contact(&world), thread(&world).id);
        cut(&mut world, contact, id);
        assert_eq!(take(&mut world, id), None, "{what}");
        let thread: Option<Conversation> = world.find(&Key::Conversation {
            org: ORG,
            conversation: id,
        });
        assert!(thread.is_none_or(|thread| thread.turn.is_none()), "{what}");
    }
}

#[test]
fn a_handler_that_is_given_a_conversation_answers_what_waits_at_its_end() {
    let mut world = World::new();
    world.told(says(&ana(), "m1", -90, "hello?"));
    let (to, id) = (contact(&world), thread(&world).id);
    world.now = at(-80);
    let flight = world.send(&text_to(to, "hi")).unwrap();
    world.land(&flight, &accepted("w1"));
    world.now = noon();
    world.told(says(&ana(), "m2", -60, "STOP"));
    world.told(says(&ana(), "m3", -50, "are you open?"));
    world.told(says(&ana(), "m4", -40, "on Sunday?"));
    assert_eq!(thread(&world).turn, None);
    world
        .decide(|set, ctx| set_handler(set, ctx, id, &bot("clerk")))
        .unwrap();
    let turn = taken(&mut world);
    assert_eq!(said(&turn), ["are you open?", "on Sunday?"]);
    // Another one begins with what the first was about to answer.
    world
        .decide(|set, ctx| set_handler(set, ctx, id, &bot("sage")))
        .unwrap();
    let next = taken(&mut world);
    assert_eq!((said(&next).len(), next.handler.name.as_str()), (2, "sage"));
    act(&mut world, turn.held);
    assert_eq!(reply(&mut world, &text_to(to, "yes"), 0), Err(Code::HandlerOver));
}

#[test]
fn whoever_takes_the_conversation_over_is_not_talked_over() {
    type Move = fn(&mut World, ContactId, ConversationId);
    let moves: [(&str, Move); 5] = [
        ("handed over", |world, _, id| {
            world.decide(|set, ctx| hand_over(set, ctx, id, None)).unwrap();
        }),
        ("written in by a member", |world, contact, _| {
            let rui = world.member("Rui");
            world.actor = Actor::Agent(rui);
            world.send(&text_to(contact, "This is Rui.")).unwrap();
        }),
        ("resolved", |world, _, id| {
            world.decide(|set, ctx| resolve(set, ctx, id)).unwrap();
        }),
        ("deleted", |world, _, id| {
            world.decide(|set, ctx| delete(set, ctx, id)).unwrap();
        }),
        ("failed", |world, _, id| {
            let turn = world
                .get::<Conversation>(&Key::Conversation {
                    org: ORG,
                    conversation: id,
                })
                .turn
                .unwrap();
            let held = InTurn {
                conversation: id,
                turn: turn.id,
                number: turn.tries,
            };
            world
                .decide(|set, ctx| turns::failed(set, ctx, &held, Code::HandlerFailed))
                .unwrap();
        }),
    ];
    for (what, over) in moves {
        let mut world = routed();
        world.told(says(&ana(), "m1", -60, "hello?"));
        let turn = taken(&mut world);
        let (to, id) = (contact(&world), turn.conversation.id);
        act(&mut world, turn.held);
        sent(&mut world, &text_to(to, "One moment."), 0);
        // A reply that was decided already loses against the other commit.
        let request = text_to(to, "Here I am.");
        let (planned, changes) = world.plan(|set, ctx| {
            access::check(set, ctx, Call::InboxSend)?;
            turns::reply(set, ctx, &request, 1)
        });
        planned.unwrap();
        let (planned, note) = world.plan(|set, ctx| {
            access::check(set, ctx, Call::NotesAdd)?;
            notes::add(set, ctx, to, "asks for a table")
        });
        planned.unwrap();
        host(&mut world);
        over(&mut world, to, id);
        assert!(world.commit(changes).is_err(), "{what}");
        assert!(world.commit(note).is_err(), "{what}");
        act(&mut world, turn.held);
        assert_eq!(reply(&mut world, &request, 1), Err(Code::HandlerOver), "{what}");
        let refused = world.decide(|set, ctx| access::check(set, ctx, Call::ContactsGet));
        assert_eq!(refused.unwrap_err().code(), Code::HandlerOver, "{what}");
    }
}

#[test]
fn a_member_who_writes_takes_over_and_the_host_a_broadcast_and_an_assignment_do_not() {
    let mut world = routed();
    world.told(says(&ana(), "m1", -60, "hello?"));
    let (to, id) = (contact(&world), thread(&world).id);
    let rui = world.member("Rui");
    world.decide(|set, ctx| assign(set, ctx, id, Some(rui))).unwrap();
    world.send(&text_to(to, "from the host")).unwrap();
    assert_eq!(thread(&world).status(), ConversationStatus::BotActive);
    assert!(thread(&world).turn.is_some());
    world.actor = Actor::Agent(rui);
    world.send(&text_to(to, "This is Rui.")).unwrap();
    assert_eq!(thread(&world).status(), ConversationStatus::Assigned);
    assert_eq!(thread(&world).turn, None);
    assert_eq!(
        world.journaled(|what| matches!(
            what,
            What::ConversationHandled {
                before: Some(_),
                after: None,
                ..
            }
        )),
        1
    );
}

#[test]
fn a_turn_that_failed_comes_again_after_a_pause_and_in_the_end_people_have_it() {
    let mut world = routed();
    world.told(says(&ana(), "m1", -60, "hello?"));
    let (id, rui) = (thread(&world).id, world.member("Rui"));
    world.decide(|set, ctx| assign(set, ctx, id, Some(rui))).unwrap();
    let mut pauses = Vec::new();
    let first = taken(&mut world);
    fails(&mut world, &first);
    world.told(says(&ana(), "m2", -50, "anybody?"));
    for number in 2..=TRIES {
        assert_eq!(take(&mut world, id), None, "not yet");
        let due = thread(&world).turn.unwrap().due;
        pauses.push((due - world.now).num_seconds());
        world.now = due;
        let again = taken(&mut world);
        assert_eq!((again.held.turn, again.held.number), (first.held.turn, number));
        assert_eq!(said(&again), ["hello?"], "the same messages");
        fails(&mut world, &again);
    }
    assert_eq!(pauses, [2, 4, 8, 16]);
    let left = thread(&world);
    assert_eq!((left.status(), left.turn), (ConversationStatus::Assigned, None));
    let why = |what: &What| {
        matches!(what, What::HandlerFailed { handler, tries, reason, .. }
            if handler == "clerk" && *tries == TRIES && reason == "handler.timeout")
    };
    assert_eq!(world.journaled(why), 1);
}

#[test]
fn a_worker_that_died_leaves_the_turn_to_the_next_and_a_deadly_one_to_people() {
    let mut world = routed();
    world.told(says(&ana(), "m1", -60, "hello?"));
    let id = thread(&world).id;
    for number in 1..=TRIES {
        let turn = taken(&mut world);
        assert_eq!(turn.held.number, number);
        world.now += TimeDelta::seconds(89);
        assert_eq!(take(&mut world, id), None, "the lease holds");
        world.now += TimeDelta::seconds(1);
    }
    assert_eq!(take(&mut world, id), None);
    assert_eq!(thread(&world).status(), ConversationStatus::Open);
    assert_eq!(
        world.journaled(|what| matches!(what, What::HandlerFailed { .. })),
        1
    );
}

#[test]
fn of_two_workers_one_has_the_turn() {
    let mut world = routed();
    world.told(says(&ana(), "m1", -60, "hello?"));
    let id = thread(&world).id;
    let until = at(90);
    let [one, other] = ["one", "other"].map(|worker| {
        let (taken, changes) = world.plan(|set, ctx| turns::take(set, ctx, id, worker, until));
        assert!(taken.unwrap().is_some());
        changes
    });
    world.commit(one).unwrap();
    assert!(world.commit(other).is_err());
    assert_eq!(take(&mut world, id), None);
}

#[test]
fn a_reply_that_went_out_or_may_have_is_not_sent_again_in_a_later_try() {
    let mut world = routed();
    world.told(says(&ana(), "m1", -60, "hello?"));
    let to = text_to(contact(&world), "hi");
    let first = taken(&mut world);
    act(&mut world, first.held);
    let [one, two, three] = [0, 1, 2].map(|ordinal| sent(&mut world, &to, ordinal));
    world.land(&one, &accepted("w1"));
    world.land(
        &two,
        &Outcome::Unknown {
            detail: String::new(),
        },
    );
    let refused = Failure::new(FailureClass::BadRequest, "100", "");
    assert_eq!(
        world.land(&three, &Outcome::Refused(refused)),
        DispatchState::Failed
    );
    host(&mut world);
    fails(&mut world, &first);
    world.now = thread(&world).turn.unwrap().due;
    let second = taken(&mut world);
    act(&mut world, second.held);
    assert_eq!(reply(&mut world, &to, 0), Ok(Reply::Sent(one.dispatch)));
    assert_eq!(reply(&mut world, &to, 1), Ok(Reply::Sent(two.dispatch)));
    let again = sent(&mut world, &to, 2);
    assert_ne!(again.dispatch, three.dispatch, "what the platform refused may go");
    world.land(&again, &accepted("w3"));
    assert_eq!(reply(&mut world, &to, 2), Ok(Reply::Sent(again.dispatch)));
    host(&mut world);
    done(&mut world, &second);
    // The next turn says what it wants.
    world.told(says(&ana(), "m2", -50, "hello?"));
    let next = taken(&mut world);
    act(&mut world, next.held);
    sent(&mut world, &to, 0);
}

#[test]
fn a_handler_does_what_an_agent_may_under_its_own_name_and_in_its_own_conversation() {
    let mut world = routed();
    let bia = world.contact("+5511912345678");
    world.told(says(&person(&[phone("5511912345678")]), "b1", -70, "hello?"));
    let other = world.thread(bia).id;
    world.told(says(&ana(), "m1", -60, "hello?"));
    let turn = taken(&mut world);
    let (to, id) = (contact(&world), turn.conversation.id);
    act(&mut world, turn.held);
    for (call, allowed) in [
        (Call::InboxSend, true),
        (Call::ContactsCaptureLead, true),
        (Call::NotesAdd, true),
        (Call::InboxBulk, false),
        (Call::ContactsErase, false),
        (Call::SettingsSet, false),
    ] {
        let checked = world.decide(|set, ctx| access::check(set, ctx, call));
        assert_eq!(
            checked.map_err(|error| error.code()),
            if allowed { Ok(()) } else { Err(Code::RoleForbidden) }
        );
    }
    let flight = sent(&mut world, &text_to(to, "hi"), 0);
    let row = world.row(flight.dispatch);
    assert_eq!(row.origin, Author::Handler("clerk".to_owned()));
    assert_eq!(
        reply(&mut world, &text_to(bia, "hi"), 1),
        Err(Code::HandlerElsewhere)
    );
    let labels = ["vip".to_owned()];
    assert_eq!(world.decide(|set, ctx| label(set, ctx, id, &labels)).unwrap(), 1);
    let refused = world.decide(|set, ctx| label(set, ctx, other, &labels));
    assert_eq!(refused.unwrap_err().code(), Code::HandlerElsewhere);
    let refused = world.decide(|set, ctx| hand_over(set, ctx, other, None));
    assert_eq!(refused.unwrap_err().code(), Code::HandlerElsewhere);
    let lead = NewContact {
        email: Some("ana@example.com".to_owned()),
        ..named(&format!("+{ANA}"))
    };
    assert_eq!(
        world
            .decide(|set, ctx| leads::capture_lead(set, ctx, &lead, 0))
            .unwrap(),
        to
    );
    let seen: Contact = world.see(to);
    assert_eq!(seen.email.as_deref(), Some("ana@example.com"));
    let by = |what: fn(&What) -> bool| {
        let entry = world.journal.iter().rfind(|entry| what(&entry.what)).unwrap();
        entry.actor == Actor::Handler("clerk".to_owned())
    };
    assert!(by(|what| matches!(what, What::MessageSent { .. })));
    assert!(by(|what| matches!(what, What::LabelAdded { .. })));
    assert!(by(|what| matches!(what, What::ContactUpdated { .. })));
    world.decide(|set, ctx| hand_over(set, ctx, id, None)).unwrap();
    assert_eq!(thread(&world).status(), ConversationStatus::Open);
    assert_eq!(reply(&mut world, &text_to(to, "and"), 1), Err(Code::HandlerOver));
}

#[test]
fn of_merged_contacts_the_turn_goes_on_with_the_conversation_that_does() {
    for has_own in [false, true] {
        let mut world = routed();
        let bia = world.contact("+5511912345678");
        if has_own {
            world.told(says(&person(&[phone("5511912345678")]), "b1", -70, "hello?"));
        }
        world.told(says(&ana(), "m1", -60, "are you open?"));
        let (duplicate, theirs) = (contact(&world), thread(&world).id);
        let request = MergeRequest {
            duplicates: vec![duplicate],
            choices: Vec::new(),
        };
        world
            .decide(|set, ctx| merging::merge(set, ctx, bia, &request))
            .unwrap();
        let moved = take(&mut world, theirs);
        let left: Conversation = world.get(&Key::Conversation {
            org: ORG,
            conversation: theirs,
        });
        if has_own {
            assert_eq!(moved, None);
            assert_eq!(
                (left.status(), left.turn),
                (ConversationStatus::Open, None),
                "people read it"
            );
            let own = world.thread(bia).id;
            assert_eq!(said(&take(&mut world, own).unwrap()), ["hello?"]);
        } else {
            let moved = moved.unwrap();
            assert_eq!(
                (said(&moved), moved.contact.id),
                (vec!["are you open?".to_owned()], bia)
            );
        }
    }
}

#[test]
fn a_handler_without_a_turn_does_nothing() {
    let mut world = routed();
    world.told(says(&ana(), "m1", -60, "hello?"));
    world.actor = Actor::Handler("clerk".to_owned());
    let refused = world.decide(|set, ctx| access::check(set, ctx, Call::ContactsGet));
    assert_eq!(refused.unwrap_err().code(), Code::HandlerOver);
}

#[test]
fn a_handler_that_nobody_runs_gives_the_conversation_up_when_too_much_waits() {
    let mut world = routed();
    for number in 0..=MAX_WAITING {
        world.told(says(&ana(), &format!("m{number}"), -60, "hello?"));
    }
    let left = thread(&world);
    assert_eq!((left.status(), left.turn), (ConversationStatus::Open, None));
    assert_eq!(left.unread, MAX_WAITING as u64 + 1, "nothing is lost");
    let why = |what: &What| matches!(what, What::HandlerFailed { reason, .. } if reason == "handler.behind");
    assert_eq!(world.journaled(why), 1);
}

#[test]
fn content_of_every_kind_is_given_to_the_handler() {
    let mut world = routed();
    world.told(says(&ana(), "m1", -60, "look:"));
    let picture: Content = serde_json::from_value(serde_json::json!({
        "type": "location", "latitude": 1.0, "longitude": 2.0,
    }))
    .unwrap();
    world.told(event(-50, InboundKind::Message(incoming(&ana(), "m2", picture))));
    assert_eq!(taken(&mut world).messages.len(), 2);
}

#[test]
fn what_was_said_before_the_conversation_was_closed_is_not_answered_however_late_it_comes() {
    for late_first in [true, false] {
        let mut world = routed();
        world.told(says(&ana(), "m1", 0, "hello"));
        let id = thread(&world).id;
        world.now = noon() + TimeDelta::seconds(30);
        world.decide(|set, ctx| resolve(set, ctx, id)).unwrap();
        let (late, again) = (
            says(&ana(), "m2", 10, "and this"),
            says(&ana(), "m3", 40, "again"),
        );
        let events = if late_first { [late, again] } else { [again, late] };
        for event in events {
            world.told(event);
        }
        let turn = taken(&mut world);
        assert_eq!(said(&turn), ["again"], "{late_first}");
    }
}
