//! Where a conversation stands, and every move of it.

use tertulia_core::contact::RecordStatus;
use tertulia_core::conversation::{
    Conversation, ConversationStatus, Handler, HandlerKind, Label, Message, MessageRef,
};
use tertulia_core::decide::conversations::{
    archive, assign, delete, hand_over, label, read, reopen, resolve, set_handler, star, unlabel, unread,
};
use tertulia_core::decide::merging::{merge, unmerge};
use tertulia_core::decide::receive::Applied;
use tertulia_core::decide::{contacts, leads, team};
use tertulia_core::error::Code;
use tertulia_core::ids::{ContactId, ConversationId};
use tertulia_core::inbound::{CallEvent, Caller, InboundKind, Person};
use tertulia_core::journal::{Actor, EntryKind, What};
use tertulia_core::ledger::Dispatch;
use tertulia_core::merge::MergeRequest;
use tertulia_core::settings::Reopening;

use crate::harness::*;

const ANA: &str = "5511987654321";
const BO: &str = "14155552671";

fn ana() -> Person {
    person(&[phone(ANA)])
}

/// Who wrote at noon less ten minutes, and their conversation.
fn written(world: &mut World) -> (ContactId, ConversationId) {
    world.told(says(&ana(), "m0", -600, "hello"));
    let contact = world.holder(&phone(ANA)).unwrap();
    (contact.id, contact.conversation.unwrap())
}

fn bot() -> Handler {
    Handler {
        name: " clerk ".to_owned(),
        kind: HandlerKind::Bot,
    }
}

fn kinds(world: &World) -> Vec<EntryKind> {
    let moves = [
        EntryKind::ConversationAssigned,
        EntryKind::ConversationHandled,
        EntryKind::ConversationResolved,
        EntryKind::ConversationReopened,
        EntryKind::ConversationMarked,
        EntryKind::LabelAdded,
        EntryKind::LabelRemoved,
        EntryKind::ConversationDeleted,
    ];
    let all = world.journal.iter().map(|entry| entry.what.kind());
    all.filter(|kind| moves.contains(kind)).collect()
}

#[test]
fn the_gravest_word_of_resolution_handler_and_assignee_is_the_status() {
    let mut world = World::new();
    let (contact, id) = written(&mut world);
    assert_eq!(world.thread(contact).status(), ConversationStatus::Open);
    let member = world.member("Rui");
    world.actor = Actor::Agent(member);
    let assigned = |world: &mut World, to| world.decide(|set, ctx| assign(set, ctx, id, to)).unwrap();
    assert!(assigned(&mut world, Some(member)));
    assert!(!assigned(&mut world, Some(member)), "so already");
    assert_eq!(world.thread(contact).status(), ConversationStatus::Assigned);
    world
        .decide(|set, ctx| set_handler(set, ctx, id, &bot()))
        .unwrap();
    assert_eq!(world.thread(contact).status(), ConversationStatus::BotActive);
    assert_eq!(world.thread(contact).handler.unwrap().name, "clerk");
    let ai = Handler {
        kind: HandlerKind::Ai,
        ..bot()
    };
    world.decide(|set, ctx| set_handler(set, ctx, id, &ai)).unwrap();
    assert_eq!(world.thread(contact).status(), ConversationStatus::AiActive);
    assert!(world.decide(|set, ctx| resolve(set, ctx, id)).unwrap());
    assert_eq!(world.thread(contact).status(), ConversationStatus::Resolved);
    assert!(world.decide(|set, ctx| reopen(set, ctx, id)).unwrap());
    assert!(!world.decide(|set, ctx| reopen(set, ctx, id)).unwrap());
    assert_eq!(world.thread(contact).status(), ConversationStatus::AiActive);
    assert!(world.decide(|set, ctx| hand_over(set, ctx, id, None)).unwrap());
    assert_eq!(world.thread(contact).status(), ConversationStatus::Assigned);
    assert!(assigned(&mut world, None));
    assert_eq!(world.thread(contact).status(), ConversationStatus::Open);

    assert_eq!(
        kinds(&world),
        [
            EntryKind::ConversationAssigned,
            EntryKind::ConversationHandled,
            EntryKind::ConversationHandled,
            EntryKind::ConversationResolved,
            EntryKind::ConversationReopened,
            EntryKind::ConversationHandled,
            EntryKind::ConversationAssigned,
        ]
    );
    let moves = world.journal.iter().filter(|entry| {
        let kind = entry.what.kind();
        kind.as_str().starts_with("conversation_") && kind != EntryKind::ConversationOpened
    });
    for entry in moves {
        assert_eq!(
            (&entry.actor, entry.contact),
            (&Actor::Agent(member), Some(contact))
        );
        assert!(entry.what.kind().on_timeline() && entry.what.kind().in_audit());
    }
    assert!(world.journal.iter().any(|entry| entry.what
        == What::ConversationAssigned {
            conversation: id,
            before: None,
            after: Some(member),
            rule: None
        }));
}

#[test]
fn a_conversation_goes_to_who_works_here_when_it_is_committed() {
    let mut world = World::new();
    let (contact, id) = written(&mut world);
    let [rui, eva] = ["Rui", "Eva"].map(|name| world.member(name));
    let stranger = tertulia_core::ids::AgentId(uuid::Uuid::from_u128(9));
    let refused = |world: &mut World, to| {
        let gone = world.decide(|set, ctx| assign(set, ctx, id, Some(to)));
        let over = world.decide(|set, ctx| hand_over(set, ctx, id, Some(to)));
        [gone, over].map(|result| result.unwrap_err().code())
    };
    assert_eq!(refused(&mut world, stranger), [Code::MemberNotFound; 2]);
    world
        .decide(|set, ctx| team::set_active(set, ctx, eva, false))
        .unwrap();
    assert_eq!(refused(&mut world, eva), [Code::MemberInactive; 2]);

    let (result, changes) = world.plan(|set, ctx| assign(set, ctx, id, Some(rui)));
    result.unwrap();
    world
        .decide(|set, ctx| team::set_active(set, ctx, rui, false))
        .unwrap();
    assert_eq!(
        world.commit(changes),
        Err(Conflict),
        "who leaves meanwhile gets nothing"
    );
    assert_eq!(world.thread(contact).assignee, None);

    let blank = Handler {
        name: "  ".to_owned(),
        kind: HandlerKind::Ai,
    };
    let refused = world.decide(|set, ctx| set_handler(set, ctx, id, &blank));
    assert_eq!(refused.unwrap_err().code(), Code::HandlerInvalid);
    let nowhere = ConversationId(uuid::Uuid::from_u128(9));
    let refused = world.decide(|set, ctx| resolve(set, ctx, nowhere));
    assert_eq!(refused.unwrap_err().code(), Code::ConversationNotFound);
}

#[test]
fn a_message_later_than_the_resolution_opens_the_conversation_again_and_no_other_does() {
    // (seconds after the resolution, whether it is open then)
    for (later, open) in [(-300, false), (-1, false), (0, false), (1, true), (60, true)] {
        let mut world = World::new();
        let (contact, id) = written(&mut world);
        world.decide(|set, ctx| resolve(set, ctx, id)).unwrap();
        world.now = at(100);
        world.told(says(&ana(), "m1", later, "one more thing"));
        let thread = world.thread(contact);
        assert_eq!(thread.id, id);
        assert_eq!(thread.resolution.is_none(), open, "{later}");
        let reopened = world.journaled(|what| matches!(what, What::ConversationReopened { .. }));
        assert_eq!(reopened, usize::from(open), "{later}");
    }
    // What is no message of the person to us opens nothing.
    let mut world = World::new();
    let (contact, id) = written(&mut world);
    world.decide(|set, ctx| resolve(set, ctx, id)).unwrap();
    world.now = at(100);
    let mut in_group = says(&ana(), "g1", 50, "hello all");
    if let InboundKind::Message(message) = &mut in_group.kind {
        message.group_id = Some("family".to_owned());
    }
    for event in [
        in_group,
        echo(&ana(), "e1", 51),
        reacts(&ana(), "r1", "m0", 52, Some("👍")),
        edits(&ana(), "d1", "m0", 53, "good morning"),
        revokes(&ana(), "v1", "m0", 54),
        calls(&ana(), "c1", 55, Caller::Person, CallEvent::Connect),
    ] {
        assert_eq!(world.told(event), Applied::Applied);
        assert_eq!(world.thread(contact).status(), ConversationStatus::Resolved);
    }
}

#[test]
fn what_was_seen_before_a_resolution_is_not_later_than_it_whatever_the_platforms_clock_says() {
    let mut world = World::new();
    let (contact, id) = written(&mut world);
    world.told(says(&ana(), "m1", 3, "by a clock that is ahead"));
    world.decide(|set, ctx| resolve(set, ctx, id)).unwrap();
    assert_eq!(world.thread(contact).resolution.unwrap().at, at(3));
    assert_eq!(
        world.told(says(&ana(), "m1", 3, "by a clock that is ahead")),
        Applied::Duplicate
    );
    assert_eq!(world.thread(contact).status(), ConversationStatus::Resolved);
}

#[test]
fn an_organisation_may_have_a_new_conversation_opened_and_each_message_is_in_that_of_its_time() {
    let mut world = World::with(|settings| settings.reopening = Reopening::OpenNew);
    let (contact, first) = written(&mut world);
    world.decide(|set, ctx| resolve(set, ctx, first)).unwrap();
    world.now = at(100);
    world.told(says(&ana(), "m2", 50, "something else"));
    let second = world.thread(contact);
    assert_ne!(second.id, first);
    assert_eq!(
        (second.status(), second.opened_at),
        (ConversationStatus::Open, at(50))
    );
    // Late: of the time before the resolution, and of that before the new one was opened.
    world.told(says(&ana(), "m1", -5, "and thanks"));
    world.told(says(&ana(), "m3", 20, "hello?"));
    assert_eq!(world.message("m1").conversation, first);
    assert_eq!(world.message("m3").conversation, second.id);
    assert_eq!(world.thread(contact).opened_at, at(20));
    let closed: Conversation = world
        .all::<Conversation>()
        .into_iter()
        .find(|t| t.id == first)
        .unwrap();
    assert_eq!(
        (closed.status(), closed.unread),
        (ConversationStatus::Resolved, 2)
    );

    let refused = world.decide(|set, ctx| reopen(set, ctx, first)).unwrap_err();
    assert_eq!(refused.code(), Code::ConversationSuperseded);
    // What we send goes where the last word was, and opens nothing; who begins a conversation begins a new one.
    world.decide(|set, ctx| resolve(set, ctx, second.id)).unwrap();
    world.send(&text_to(contact, "Bye.")).unwrap();
    assert_eq!(world.thread(contact).id, second.id);
    let (_, third) = world
        .decide(|set, ctx| leads::start(set, ctx, &named("+5511987654321"), 0))
        .unwrap();
    assert_eq!(third.follows.unwrap().conversation, second.id);
    assert_eq!(world.thread(contact).id, third.id);

    // A late message of a conversation that is gone is in the one after it.
    world.decide(|set, ctx| delete(set, ctx, second.id)).unwrap();
    world.told(says(&ana(), "m4", 60, "later"));
    assert_eq!(world.message("m4").conversation, third.id);
}

#[test]
fn who_begins_a_conversation_that_is_closed_opens_it_again() {
    let mut world = World::new();
    let (_, id) = written(&mut world);
    world.decide(|set, ctx| resolve(set, ctx, id)).unwrap();
    let (contact, thread) = world
        .decide(|set, ctx| leads::start(set, ctx, &named("+5511987654321"), 0))
        .unwrap();
    assert_eq!((thread.id, thread.status()), (id, ConversationStatus::Open));
    assert_eq!(contact.conversation_status, Some(ConversationStatus::Open));
    assert_eq!(world.thread(contact.id), thread);
}

#[test]
fn nothing_of_a_blocked_contact_reopens_brings_back_or_counts_as_unread_but_its_stop_counts() {
    let mut world = World::new();
    let (contact, id) = written(&mut world);
    world.decide(|set, ctx| read(set, ctx, id)).unwrap();
    world.decide(|set, ctx| archive(set, ctx, id, true)).unwrap();
    world.decide(|set, ctx| resolve(set, ctx, id)).unwrap();
    world
        .decide(|set, ctx| contacts::block(set, ctx, contact))
        .unwrap();
    let before = world.thread(contact);
    world.now = at(100);
    for event in [
        says(&ana(), "m1", 50, "hello?"),
        says(&ana(), "m2", 51, "STOP"),
        calls(&ana(), "c1", 52, Caller::Person, CallEvent::Connect),
        reacts(&ana(), "r1", "m0", 53, Some("👍")),
    ] {
        world.told(event);
    }
    assert_eq!(world.thread(contact), before);
    assert_eq!(world.all::<Conversation>().len(), 1);
    assert!(!world.see(contact).consent.opted_in());
    assert_eq!(world.see(contact).status, RecordStatus::Blocked);
}

#[test]
fn unread_is_what_came_since_it_was_read_whatever_comes_twice_or_late() {
    let mut world = World::new();
    let (contact, id) = written(&mut world);
    assert_eq!(world.told(says(&ana(), "m0", -600, "hello")), Applied::Duplicate);
    world.told(says(&ana(), "m1", -500, "hello?"));
    assert_eq!(world.thread(contact).unread, 2);
    assert!(world.decide(|set, ctx| read(set, ctx, id)).unwrap());
    assert!(!world.decide(|set, ctx| read(set, ctx, id)).unwrap());
    assert_eq!(world.thread(contact).unread, 0);
    world.now = at(100);
    world.told(says(&ana(), "m2", -1, "said before it was read"));
    assert!(!world.thread(contact).is_unread());
    world.told(says(&ana(), "m3", 1, "said after"));
    world.told(says(&ana(), "m3", 1, "said after"));
    assert_eq!(world.thread(contact).unread, 1);
    assert!(
        !world.decide(|set, ctx| unread(set, ctx, id)).unwrap(),
        "so already"
    );

    world.decide(|set, ctx| read(set, ctx, id)).unwrap();
    assert!(world.decide(|set, ctx| unread(set, ctx, id)).unwrap());
    let thread = world.thread(contact);
    assert!(thread.is_unread() && thread.unread == 0);
    world.decide(|set, ctx| read(set, ctx, id)).unwrap();
    assert!(!world.thread(contact).is_unread());
    // What we send, and what is said to a group, is nothing to read.
    world.told(echo(&ana(), "e1", 90));
    assert!(!world.thread(contact).is_unread());
}

#[test]
fn an_archived_conversation_comes_back_with_a_later_message_only() {
    let mut world = World::new();
    let (contact, id) = written(&mut world);
    assert!(world.decide(|set, ctx| archive(set, ctx, id, true)).unwrap());
    world.now = at(100);
    world.told(says(&ana(), "m1", 0, "of the same second"));
    world.told(echo(&ana(), "e1", 50));
    assert!(world.thread(contact).archived.is_some());
    world.told(says(&ana(), "m2", 1, "later"));
    assert_eq!(world.thread(contact).archived, None);
    let back = world
        .journaled(|what| matches!(what, What::ConversationMarked { change, .. } if change == "unarchived"));
    assert_eq!(back, 1);
    assert!(!world.decide(|set, ctx| archive(set, ctx, id, false)).unwrap());
    assert!(world.decide(|set, ctx| star(set, ctx, id, true)).unwrap());
    assert!(!world.decide(|set, ctx| star(set, ctx, id, true)).unwrap());
    assert!(world.thread(contact).starred);
}

#[test]
fn labels_are_compared_folded_and_shown_as_first_written() {
    let mut world = World::new();
    let (contact, id) = written(&mut world);
    world.told(says(&person(&[phone(BO)]), "b0", -600, "hello"));
    let other = world.holder(&phone(BO)).unwrap().conversation.unwrap();
    let add = |world: &mut World, id, labels: &[&str]| {
        let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        world.decide(|set, ctx| label(set, ctx, id, &labels))
    };
    assert_eq!(
        add(&mut world, id, &["Reclamação", "RECLAMACAO ", "Fatura"]).unwrap(),
        2
    );
    assert_eq!(add(&mut world, other, &["reclamacao"]).unwrap(), 1);
    let names: Vec<String> = world.thread(contact).labels.into_values().collect();
    assert_eq!(names, ["Fatura", "Reclamação"]);
    let thread: Conversation = world
        .all::<Conversation>()
        .into_iter()
        .find(|t| t.id == other)
        .unwrap();
    assert_eq!(thread.labels["reclamacao"], "Reclamação");
    assert_eq!(world.all::<Label>().len(), 2);
    let gone = ["fatura".to_owned(), "none".to_owned()];
    assert_eq!(world.decide(|set, ctx| unlabel(set, ctx, id, &gone)).unwrap(), 1);
    assert_eq!(world.thread(contact).labels.len(), 1);
    for bad in ["  ", &"a".repeat(101)] {
        assert_eq!(
            add(&mut world, id, &[bad]).unwrap_err().code(),
            Code::LabelInvalid
        );
    }
    let told = kinds(&world);
    assert_eq!(
        told.iter().filter(|kind| **kind == EntryKind::LabelAdded).count(),
        3
    );
    assert_eq!(
        told.iter()
            .filter(|kind| **kind == EntryKind::LabelRemoved)
            .count(),
        1
    );
    assert!(EntryKind::LabelAdded.on_timeline() && EntryKind::LabelRemoved.on_timeline());
}

#[test]
fn a_deleted_conversation_takes_its_messages_and_leaves_ledger_cap_and_contact() {
    let mut world = World::new();
    world.contact(&format!("+{ANA}"));
    let (contact, id) = written(&mut world);
    let flight = world.send(&template_to(contact, "offer")).unwrap();
    world.land(&flight, &accepted("out.1"));
    let (slot, refs) = (world.slot(contact), world.all::<MessageRef>().len());
    assert!(slot.is_some());
    world.decide(|set, ctx| delete(set, ctx, id)).unwrap();
    assert_eq!(world.all::<Message>(), []);
    assert_eq!(world.all::<Conversation>(), []);
    assert_eq!(
        (world.slot(contact), world.all::<MessageRef>().len()),
        (slot, refs)
    );
    assert_eq!(world.all::<Dispatch>().len(), 1);
    let see = world.see(contact);
    assert_eq!((see.conversation, see.conversation_status), (None, None));
    assert_eq!(world.told(says(&ana(), "m0", -600, "hello")), Applied::Duplicate);
    assert_eq!(
        world.all::<Conversation>(),
        [],
        "what was deleted does not come back"
    );
    world.told(became(
        "out.1",
        5,
        tertulia_core::message::StatusKind::Delivered,
        None,
    ));
    world.now = at(100);
    world.told(says(&ana(), "m1", 50, "hello again"));
    let thread = world.thread(contact);
    assert!(thread.id != id && thread.unread == 1);
    let refused = world.decide(|set, ctx| delete(set, ctx, id)).unwrap_err();
    assert_eq!(refused.code(), Code::ConversationNotFound);
}

#[test]
fn of_merged_contacts_the_open_conversation_goes_on_and_each_keeps_where_it_stands() {
    for (own_closed, goes_on) in [(false, "own"), (true, "theirs")] {
        let mut world = World::new();
        let (primary, own) = written(&mut world);
        world.told(says(&person(&[phone(BO)]), "b0", -500, "hello"));
        let duplicate = world.holder(&phone(BO)).unwrap();
        let theirs = duplicate.conversation.unwrap();
        let member = world.member("Rui");
        world
            .decide(|set, ctx| assign(set, ctx, theirs, Some(member)))
            .unwrap();
        if own_closed {
            world.decide(|set, ctx| resolve(set, ctx, own)).unwrap();
        }
        let before = world.all::<Conversation>();
        let request = MergeRequest {
            duplicates: vec![duplicate.id],
            choices: Vec::new(),
        };
        world
            .decide(|set, ctx| merge(set, ctx, primary, &request))
            .unwrap();
        let current = world.thread(primary);
        assert_eq!(current.id, if goes_on == "own" { own } else { theirs });
        for thread in world.all::<Conversation>() {
            let was = before.iter().find(|was| was.id == thread.id).unwrap();
            assert_eq!((thread.status(), thread.unread), (was.status(), was.unread));
        }
        world.decide(|set, ctx| unmerge(set, ctx, duplicate.id)).unwrap();
        assert_eq!(world.thread(primary).id, own);
        assert_eq!(world.thread(duplicate.id).id, theirs);
    }
}
