//! When a contact is asked how satisfied they are, what goes out, and what their answers do.

use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::json;
use tertulia_core::contact::RecordStatus;
use tertulia_core::conversation::{Author, Conversation, ConversationStatus, Handler, HandlerKind, Message};
use tertulia_core::decide::bulk::{ConversationAction, apply_to_conversation};
use tertulia_core::decide::receive::receive;
use tertulia_core::decide::sending::{self, Flight};
use tertulia_core::decide::{contacts, conversations, organisation, surveys};
use tertulia_core::error::Code;
use tertulia_core::ids::{ContactId, ConversationId, SurveyId};
use tertulia_core::inbound::{InboundEvent, InboundKind, Person, Referral};
use tertulia_core::journal::{Actor, EntryKind, What};
use tertulia_core::ledger::{Dispatch, DispatchState, Outcome, SkipReason, StateName};
use tertulia_core::message::{Content, ContentKind, StatusKind};
use tertulia_core::record::Key;
use tertulia_core::retry::FailureClass;
use tertulia_core::settings::{Reopening, Settings};
use tertulia_core::survey::{Csat, LastSurvey, Survey};

use crate::harness::*;

const ANA: &str = "5511987654321";

fn ana() -> Person {
    person(&[phone(ANA)])
}

fn csat(fields: &serde_json::Value) -> Csat {
    let mut all = json!({"question": "How was it with {{agent.name|us}}, {{contact.firstName|you}}?"});
    all.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    serde_json::from_value(all).unwrap()
}

fn asking(fields: &serde_json::Value, change: impl FnOnce(&mut Settings)) -> World {
    World::with(|settings| {
        settings.csat = Some(csat(fields));
        change(settings);
    })
}

/// Ana wrote ten minutes ago.
fn written(world: &mut World) -> (ContactId, ConversationId) {
    world.told(says(&ana(), "m0", -600, "hello"));
    let contact = world.holder(&phone(ANA)).unwrap();
    (contact.id, contact.conversation.unwrap())
}

fn close(world: &mut World, id: ConversationId) -> bool {
    world.decide(|set, ctx| surveys::resolve(set, ctx, id)).unwrap()
}

fn of(world: &World, contact: ContactId) -> Survey {
    let mut all: Vec<Survey> = world.all();
    all.retain(|survey| survey.contact == contact);
    all.sort_by_key(|survey| survey.id);
    all.pop().unwrap()
}

fn thread(world: &World, id: ConversationId) -> Conversation {
    world.get(&Key::Conversation {
        org: ORG,
        conversation: id,
    })
}

fn last(world: &World, id: ConversationId) -> LastSurvey {
    thread(world, id).last_survey.unwrap()
}

/// The survey's question goes out, and the platform takes it.
fn asks(world: &mut World, contact: ContactId) -> Flight {
    let survey = of(world, contact);
    let flight = world.begin(survey.dispatch).unwrap();
    world.land(&flight, &accepted(&format!("out.{}", survey.id)));
    flight
}

/// What follows the rating goes out.
fn follows_up(world: &mut World, contact: ContactId) -> Flight {
    let row = of(world, contact).follow_up.unwrap();
    let flight = world.begin(row).unwrap();
    world.land(&flight, &accepted(&format!("follow.{row}")));
    flight
}

fn chooses(id: &str, seconds: i64, survey: SurveyId, rating: u8) -> InboundEvent {
    let content = Content::ListReply {
        id: format!("csat:{survey}:{rating}"),
        title: rating.to_string(),
        description: None,
    };
    event(seconds, InboundKind::Message(incoming(&ana(), id, content)))
}

fn body(content: &Content) -> &str {
    content.words().unwrap()
}

/// Asked at noon.
fn asked(
    fields: &serde_json::Value,
    change: impl FnOnce(&mut Settings),
) -> (World, ContactId, ConversationId) {
    let mut world = asking(fields, change);
    world.rule("great", "fan");
    let (contact, id) = written(&mut world);
    close(&mut world, id);
    asks(&mut world, contact);
    (world, contact, id)
}

#[test]
fn one_survey_goes_out_when_a_conversation_is_resolved_and_none_where_nobody_wants_to_know() {
    let mut world = World::new();
    let (_, id) = written(&mut world);
    assert!(close(&mut world, id));
    assert!(world.all::<Survey>().is_empty(), "surveys are off by default");

    let mut world = asking(&json!({"button": "Rate"}), |_| {});
    let (contact, id) = written(&mut world);
    let agent = world.member("Bia");
    world
        .decide(|set, ctx| conversations::assign(set, ctx, id, Some(agent)))
        .unwrap();
    assert!(close(&mut world, id));
    assert_eq!(last(&world, id).state, StateName::Pending);
    assert!(!close(&mut world, id), "closed already");
    assert_eq!(world.all::<Dispatch>().len(), 1);
    let flight = asks(&mut world, contact);
    let survey = of(&world, contact);
    let Content::List(list) = &flight.content else {
        panic!("{:?}", flight.content)
    };
    assert_eq!(
        (list.body.as_str(), list.button.as_str()),
        ("How was it with Bia, you?", "Rate")
    );
    let rows: Vec<&str> = list.sections[0].rows.iter().map(|row| row.id.as_str()).collect();
    let ids = [1, 2, 3, 4, 5].map(|rating| format!("csat:{}:{rating}", survey.id));
    assert_eq!(rows, ids);
    assert_eq!((survey.agent, survey.asked_at), (Some(agent), Some(noon())));
    assert_eq!(survey.expires_at, Some(noon() + TimeDelta::hours(24)));
    let thread = thread(&world, id);
    assert_eq!(
        thread.status(),
        ConversationStatus::Resolved,
        "its own survey opens nothing"
    );
    let shown = thread.last_survey.unwrap();
    assert_eq!(
        (shown.id, shown.state, shown.asked_at),
        (survey.id, StateName::Accepted, Some(noon()))
    );
    let message: Message = world.get(&Key::Message {
        org: ORG,
        message: world.row(survey.dispatch).message.unwrap(),
    });
    assert_eq!(
        (message.author, message.conversation),
        (Author::Survey(survey.id), id)
    );
    assert_eq!(
        world.journaled(|what| matches!(what, What::Survey { change, .. } if change == "asked")),
        1
    );
    assert!(EntryKind::Survey.on_timeline());
}

#[test]
fn who_had_the_conversation_or_else_resolved_it_is_asked_about() {
    let bot = Handler {
        name: "clerk".to_owned(),
        kind: HandlerKind::Bot,
    };
    for (assigned, handled, by_agent) in [
        (true, true, true),
        (true, false, true),
        (false, false, true),
        (false, false, false),
        (false, true, false),
    ] {
        let mut world = asking(&json!({}), |_| {});
        let (contact, id) = written(&mut world);
        let (holder, closer) = (world.member("Bia"), world.member("Caio"));
        if assigned {
            world
                .decide(|set, ctx| conversations::assign(set, ctx, id, Some(holder)))
                .unwrap();
        }
        if handled {
            world
                .decide(|set, ctx| conversations::set_handler(set, ctx, id, &bot))
                .unwrap();
        }
        if by_agent {
            world.actor = Actor::Agent(closer);
        }
        close(&mut world, id);
        let survey = of(&world, contact);
        let expected = match (handled, assigned, by_agent) {
            (true, ..) => None,
            (_, true, _) => Some(holder),
            (_, _, true) => Some(closer),
            _ => None,
        };
        assert_eq!(survey.agent, expected);
        assert_eq!(survey.handler.as_deref(), handled.then_some("clerk"));
    }
}

#[test]
fn nothing_goes_out_that_the_gate_forbids_and_the_survey_says_why() {
    type Before = fn(&mut World, ContactId, ConversationId);
    let blocks: Before = |world, contact, _| {
        world
            .decide(|set, ctx| contacts::block(set, ctx, contact))
            .unwrap();
    };
    let stops: Before = |world, _, _| {
        world.told(says(&ana(), "stop", -500, "STOP"));
    };
    let waits_a_day: Before = |world, _, _| world.now += TimeDelta::hours(24);
    let window_closes: Before = |world, _, _| world.now = at(-600) + TimeDelta::hours(24);
    let writes_again: Before = |world, _, _| {
        world.now = at(60);
        world.told(says(&ana(), "m1", 30, "one more thing"));
    };
    let switched_off: Before = |world, _, _| {
        let mut org: tertulia_core::record::Org = world.get(&Key::Org { org: ORG });
        org.settings.csat = None;
        world.store(org);
    };
    let deleted: Before = |world, _, id| {
        world
            .decide(|set, ctx| conversations::delete(set, ctx, id))
            .unwrap();
    };
    for (name, reason, before) in [
        ("blocked", SkipReason::Blocked, blocks),
        ("opted out", SkipReason::OptedOut, stops),
        ("waits a day", SkipReason::SurveyOver, waits_a_day),
        ("window closes", SkipReason::WindowClosed, window_closes),
        ("goes on", SkipReason::SurveyOver, writes_again),
        ("switched off", SkipReason::SurveyOver, switched_off),
        ("deleted", SkipReason::SurveyOver, deleted),
    ] {
        let mut world = asking(&json!({}), |_| {});
        let (contact, id) = written(&mut world);
        close(&mut world, id);
        let row = of(&world, contact).dispatch;
        before(&mut world, contact, id);
        if world.row(row).state == DispatchState::Pending {
            assert!(world.begin(row).is_none(), "{name}");
        }
        assert_eq!(world.row(row).state, DispatchState::Skipped { reason }, "{name}");
        let survey = of(&world, contact);
        assert_eq!(
            (survey.state, survey.reason),
            (StateName::Skipped, Some(reason)),
            "{name}"
        );
        assert_eq!(survey.asked_at, None, "{name}");
        if let Some(thread) = world.find::<Conversation>(&Key::Conversation {
            org: ORG,
            conversation: id,
        }) {
            assert_eq!(thread.last_survey.unwrap().reason, Some(reason), "{name}");
        }
    }
}

#[test]
fn where_the_window_is_closed_the_template_asks() {
    for (template, reason) in [
        ("receipt", Some(SkipReason::MissingValue)),
        ("rate", None),
        ("gone", Some(SkipReason::TemplateNotApproved)),
    ] {
        let fields = json!({"template": {"name": template, "language": "pt_BR"}});
        let mut world = asking(&fields, |_| {});
        let plain = serde_json::from_value(json!({
            "name": "rate", "language": "pt_BR", "category": "UTILITY", "status": "APPROVED",
            "components": [{"type": "BODY", "text": "1 a 5?"}],
        }))
        .unwrap();
        world.store(tertulia_core::record::OrgTemplate {
            org: ORG,
            template: plain,
            noticed: std::collections::BTreeMap::new(),
        });
        let (contact, id) = written(&mut world);
        world.now = at(-600) + TimeDelta::hours(24);
        close(&mut world, id);
        let survey = of(&world, contact);
        let flight = world.begin(survey.dispatch);
        assert_eq!(of(&world, contact).reason, reason, "{template}");
        assert_eq!(
            flight.map(|flight| flight.content.kind()),
            reason.is_none().then_some(ContentKind::Template),
            "{template}"
        );
        if reason.is_none() {
            // Its quick replies are digits.
            let content = Content::ButtonReply {
                id: "5".to_owned(),
                title: "5".to_owned(),
            };
            world.now += TimeDelta::minutes(5);
            let seconds = (world.now - noon()).num_seconds();
            world.told(event(
                seconds,
                InboundKind::Message(incoming(&ana(), "m1", content)),
            ));
            assert_eq!(last(&world, id).rating, Some(5));
        }
    }
}

#[test]
fn a_platform_that_takes_no_list_gets_the_digits_and_nobody_is_asked_twice() {
    let mut world = asking(&json!({}), |_| {});
    let (contact, id) = written(&mut world);
    close(&mut world, id);
    let survey = of(&world, contact);
    let refused = Outcome::Refused(failure(FailureClass::BadRequest, "local"));
    let flight = world.begin(survey.dispatch).unwrap();
    world.land(&flight, &refused);
    assert_eq!(of(&world, contact).asked_at, None, "nobody was asked yet");
    let flight = world.begin(survey.dispatch).unwrap();
    assert_eq!(body(&flight.content), "How was it with us, you?\n\n1 2 3 4 5");
    assert_eq!(flight.content.kind(), ContentKind::Text);
    world.land(&flight, &refused);
    assert_eq!(world.row(survey.dispatch).state, DispatchState::Failed);
    assert_eq!(last(&world, id).state, StateName::Failed);
}

#[test]
fn a_conversation_is_surveyed_once_in_24_hours() {
    let (mut world, contact, id) = asked(&json!({}), |_| {});
    let first = of(&world, contact);
    let again = |world: &mut World| {
        world
            .decide(|set, ctx| conversations::reopen(set, ctx, id))
            .unwrap();
        close(world, id);
    };
    world.now = noon() + TimeDelta::hours(24) - TimeDelta::seconds(1);
    again(&mut world);
    assert_eq!(of(&world, contact).id, first.id);
    world.now = noon() + TimeDelta::hours(24);
    again(&mut world);
    let second = of(&world, contact);
    assert_ne!(second.id, first.id);
    assert_eq!((second.before, last(&world, id).id), (Some(first.id), second.id));
    again(&mut world);
    assert_eq!(world.all::<Survey>().len(), 2, "the second one waits");
    // One that was not sent keeps nobody out.
    world.begin(second.dispatch);
    assert_eq!(of(&world, contact).reason, Some(SkipReason::WindowClosed));
    again(&mut world);
    assert_eq!(world.all::<Survey>().len(), 3);
}

#[test]
fn many_are_resolved_without_a_word_unless_asked() {
    for (action, surveys) in [
        (ConversationAction::Resolve, 0),
        (ConversationAction::ResolveAndSurvey, 1),
    ] {
        let mut world = asking(&json!({}), |_| {});
        let (_, id) = written(&mut world);
        let changed = world.decide(|set, ctx| apply_to_conversation(set, ctx, id, &action));
        assert!(changed.unwrap());
        assert_eq!(world.all::<Survey>().len(), surveys, "{action:?}");
    }
}

#[test]
fn an_answer_neither_reopens_nor_tags_nor_waits_to_be_read_and_is_a_message_of_its_conversation() {
    for reopening in [Reopening::Reopen, Reopening::OpenNew] {
        let (mut world, contact, id) = asked(&json!({}), |settings| settings.reopening = reopening);
        world
            .decide(|set, ctx| conversations::archive(set, ctx, id, true))
            .unwrap();
        world
            .decide(|set, ctx| conversations::read(set, ctx, id))
            .unwrap();
        let survey = of(&world, contact);
        world.now = at(3_600);
        let before = thread(&world, id);
        world.told(says(&ana(), "m1", 60, "4 great"));
        world.told(chooses("m2", 120, survey.id, 5));
        world.told(says(&ana(), "m3", 90, "1"));
        let after = thread(&world, id);
        let shown = after.last_survey.clone().unwrap();
        assert_eq!(
            (shown.rating, shown.comment.as_deref()),
            (Some(5), Some("great")),
            "the latest rating counts"
        );
        assert_eq!(
            Conversation {
                last_survey: None,
                ..after
            },
            Conversation {
                last_survey: None,
                ..before
            }
        );
        assert_eq!(world.see(contact).conversation, Some(id), "{reopening:?}");
        for message in ["m1", "m2", "m3"] {
            assert_eq!(world.message(message).conversation, id);
        }
        assert!(world.see(contact).tags.is_empty());
        assert_eq!(world.see(contact).last_inbound, Some(at(120)));
        let answered = world.journaled(|what| matches!(what, What::Survey { rating: Some(_), .. }));
        assert_eq!(answered, 3);
        // It opens the window as any message does.
        world.now = at(60) + TimeDelta::hours(24);
        world.send(&text_to(contact, "thank you")).unwrap();
        // Any other message does what it always did.
        world.now = at(3_700);
        world.told(says(&ana(), "m4", 200, "great, and one more thing"));
        assert!(world.see(contact).tags.contains_key("fan"));
        let went_on = world.see(contact).conversation != Some(id);
        assert_eq!(went_on, reopening == Reopening::OpenNew);
        assert_eq!(world.thread(contact).unread, 1);
    }
}

#[test]
fn what_is_no_answer_is_a_message_like_any_other() {
    let (world, contact, id) = asked(&json!({"expires_after_seconds": 3_600}), |_| {});
    let survey = of(&world, contact);
    let mut by_ad = says(&ana(), "m1", 60, "4");
    if let InboundKind::Message(message) = &mut by_ad.kind {
        message.referral = Some(Referral::default());
    }
    let elsewhere = |id: &str, seconds| says(&ana(), id, seconds, "4");
    for (name, told, account, open) in [
        ("a word", says(&ana(), "m1", 60, "hi"), SHOP, true),
        ("led by an ad", by_ad, SHOP, true),
        ("too late", says(&ana(), "m1", 3_601, "4"), SHOP, true),
        ("just in time", says(&ana(), "m1", 3_600, "4"), SHOP, false),
        ("at another sender", elsewhere("m1", 60), HELPDESK, true),
        ("before it was asked", says(&ana(), "m1", -1, "4"), SHOP, false),
        (
            "too late from the list",
            chooses("m1", 3_601, survey.id, 4),
            SHOP,
            false,
        ),
        (
            "of a survey that is not there",
            chooses("m1", 60, SurveyId(uuid::Uuid::from_u128(9)), 4),
            SHOP,
            true,
        ),
    ] {
        let mut world = world.clone();
        world.now = at(7_200);
        world.receive_at(account, &told).unwrap();
        let thread = thread(&world, id);
        assert_eq!(thread.resolution.is_none(), open, "{name}");
        let rated = thread.last_survey.unwrap().rating;
        assert_eq!(rated.is_some(), name == "just in time", "{name}");
    }
    // Somebody else's choice of this survey is none.
    let mut world = world.clone();
    world.now = at(7_200);
    let mut told = chooses("m1", 60, survey.id, 1);
    if let InboundKind::Message(message) = &mut told.kind {
        message.from = person(&[phone("14155552671")]);
    }
    world.told(told);
    assert_eq!(last(&world, id).rating, None);
}

#[test]
fn a_stop_is_a_stop_and_nothing_of_a_blocked_contact_counts() {
    let (mut world, contact, id) = asked(&json!({"thanks": "Thank you"}), |_| {});
    let mut blocked = world.clone();
    world.now = at(600);
    world.told(says(&ana(), "m1", 60, "4"));
    world.told(says(&ana(), "m2", 90, "STOP"));
    assert!(!world.see(contact).consent.opted_in());
    let survey = of(&world, contact);
    assert_eq!(
        world.row(survey.follow_up.unwrap()).state,
        DispatchState::Skipped {
            reason: SkipReason::OptedOut
        }
    );
    assert_eq!(
        last(&world, id).state,
        StateName::Accepted,
        "the question went out"
    );

    blocked.now = at(600);
    blocked
        .decide(|set, ctx| contacts::block(set, ctx, contact))
        .unwrap();
    blocked.told(says(&ana(), "m1", 60, "4"));
    assert_eq!(last(&blocked, id).rating, None);
    assert_eq!(blocked.see(contact).status, RecordStatus::Blocked);
}

#[test]
fn a_first_rating_is_thanked_for_once_and_the_first_text_that_was_asked_for_is_the_comment() {
    let fields = json!({"thanks": "Thank you.", "comment_question": "Why?"});
    let (mut world, contact, id) = asked(&fields, |_| {});
    world.now = at(100);
    world.told(says(&ana(), "m1", 60, "2"));
    world.told(says(&ana(), "m2", 70, "3"));
    let survey = of(&world, contact);
    let rows = world.all::<Dispatch>().into_iter();
    let rows = rows.filter(|row| row.origin == Author::Survey(survey.id));
    assert_eq!(rows.count(), 2, "the question and what follows");
    let flight = follows_up(&mut world, contact);
    assert_eq!(body(&flight.content), "Thank you.\n\nWhy?");
    assert_eq!(of(&world, contact).comment_asked_at, Some(at(100)));
    world.now = at(900);
    // Said before it was asked for: a message like any other.
    let mut early = world.clone();
    early.told(says(&ana(), "m3", 90, "great"));
    assert_eq!(thread(&early, id).status(), ConversationStatus::Open);
    // A STOP is one, and no comment.
    let mut stopped = world.clone();
    stopped.told(says(&ana(), "m3", 150, "STOP"));
    assert_eq!(last(&stopped, id).comment, None);
    assert!(!stopped.see(contact).consent.opted_in());
    // The first text that is later is the comment, and the next one is not.
    world.told(says(&ana(), "m4", 200, "5 great people made me wait"));
    assert_eq!(
        last(&world, id).comment.as_deref(),
        Some("5 great people made me wait")
    );
    assert_eq!(last(&world, id).rating, Some(3));
    assert!(world.see(contact).tags.is_empty());
    assert_eq!(thread(&world, id).status(), ConversationStatus::Resolved);
    let mut turned = world.clone();
    world.told(says(&ana(), "m5", 300, "a new order"));
    assert_eq!(thread(&world, id).status(), ConversationStatus::Open);
    assert_eq!(thread(&world, id).unread, 2, "the first message and the last");
    // One that comes late and is earlier takes its place; what it takes the place of does what it would have done.
    turned.told(says(&ana(), "m6", 150, "nobody answered"));
    assert_eq!(last(&turned, id).comment.as_deref(), Some("nobody answered"));
    assert_eq!(thread(&turned, id).status(), ConversationStatus::Open);
    assert!(turned.see(contact).tags.contains_key("fan"));
    assert_eq!(
        turned.journaled(|what| matches!(what, What::ConversationReopened { .. })),
        1
    );
}

#[test]
fn what_follows_a_rating_stays_in_the_conversation_that_was_rated() {
    let (mut world, contact, id) = asked(&json!({"thanks": "Thanks"}), |settings| {
        settings.reopening = Reopening::OpenNew;
    });
    world.now = at(100);
    world.told(says(&ana(), "m1", 60, "4"));
    world.told(says(&ana(), "m2", 70, "and a new order"));
    assert_ne!(world.see(contact).conversation, Some(id));
    follows_up(&mut world, contact);
    let row = world.row(of(&world, contact).follow_up.unwrap());
    let message: Message = world.get(&Key::Message {
        org: ORG,
        message: row.message.unwrap(),
    });
    assert_eq!(message.conversation, id);
    // A rating that comes after it still finds the survey.
    world.told(says(&ana(), "m3", 90, "5"));
    assert_eq!(last(&world, id).rating, Some(5));
    assert_eq!(world.message("m3").conversation, id);
}

#[test]
fn who_said_why_already_is_only_thanked_and_where_nothing_is_to_be_said_nothing_is() {
    for (fields, first, expected) in [
        (
            json!({"thanks": "Thanks", "comment_question": "Why?"}),
            "4 great",
            Some("Thanks"),
        ),
        (json!({"thanks": "Thanks"}), "4", Some("Thanks")),
        (json!({"comment_question": "Why?"}), "4", Some("Why?")),
        (json!({}), "4", None),
    ] {
        let (mut world, contact, _) = asked(&fields, |_| {});
        world.now = at(100);
        world.told(says(&ana(), "m1", 60, first));
        let row = of(&world, contact).follow_up;
        assert_eq!(row.is_some(), expected.is_some());
        if let Some(expected) = expected {
            assert_eq!(body(&follows_up(&mut world, contact).content), expected);
        }
    }
    // A thank-you that is late by a day says nothing any more.
    let (mut world, contact, _) = asked(&json!({"thanks": "Thanks"}), |_| {});
    world.now = at(100);
    world.told(says(&ana(), "m1", 60, "4"));
    world.now = noon() + TimeDelta::hours(24) + TimeDelta::seconds(1);
    assert!(world.begin(of(&world, contact).follow_up.unwrap()).is_none());
}

#[test]
fn what_was_seen_before_is_no_answer_whatever_the_platforms_clock_says() {
    let mut world = asking(&json!({}), |_| {});
    let (contact, id) = written(&mut world);
    world.told(says(&ana(), "m1", 200, "4"));
    close(&mut world, id);
    asks(&mut world, contact);
    assert_eq!(of(&world, contact).asked_at, Some(at(200)));
    world.now = at(600);
    world.told(says(&ana(), "m2", 199, "5"));
    assert_eq!(last(&world, id).rating, None);
    world.told(says(&ana(), "m3", 200, "5"));
    assert_eq!(last(&world, id).rating, Some(5));
}

#[test]
fn a_late_answer_counts_for_the_survey_of_its_time() {
    let (mut world, contact, id) = asked(&json!({}), |_| {});
    let first = of(&world, contact);
    world.now = noon() + TimeDelta::hours(25);
    world.told(says(&ana(), "m1", 25 * 3_600, "hello again"));
    close(&mut world, id);
    asks(&mut world, contact);
    let second = of(&world, contact);
    assert_ne!(first.id, second.id);
    world.now += TimeDelta::hours(1);
    world.told(says(&ana(), "m2", 60, "1"));
    world.told(says(&ana(), "m3", 25 * 3_600 + 60, "5"));
    let rating = |id| {
        let survey: Survey = world.get(&Key::Survey { org: ORG, survey: id });
        survey.rating.map(|rating| rating.rating)
    };
    assert_eq!((rating(first.id), rating(second.id)), (Some(1), Some(5)));
    assert_eq!(last(&world, id).rating, Some(5));
}

#[test]
fn settings_that_name_an_undefined_attribute_are_refused() {
    let mut world = World::new();
    let settings = |text: &str| Settings {
        csat: Some(csat(&json!({"thanks": text}))),
        ..Settings::default()
    };
    let refused = world
        .decide(|set, ctx| organisation::set_settings(set, ctx, &settings("{{contact.attributes.city}}")));
    assert_eq!(refused.unwrap_err().code(), Code::RenderUnknownVariable);
    world
        .decide(|set, ctx| organisation::set_settings(set, ctx, &settings("{{contact.firstName}}")))
        .unwrap();
}

// Any order.

/// What can be said to somebody who was asked, and was asked for a comment.
const WORDS: [&str; 9] = [
    "4",
    "2",
    "5 great",
    "great",
    "refund",
    "price please",
    "STOP",
    "three",
    "1",
];

#[derive(Debug, Clone)]
enum Said {
    Words { second: i64, words: usize },
    Chooses { second: i64, rating: u8 },
    Reacts { second: i64, to: usize },
    Edits { second: i64, to: usize, words: usize },
    Revokes { second: i64, to: usize },
    Became { second: i64, what: usize, of: usize },
}

fn said() -> impl Strategy<Value = Said> {
    // Asked at 0, rated at 1, asked for a comment at 2.
    let second = -3..12_i64;
    let to = 0..9_usize;
    prop_oneof![
        6 => (second.clone(), 0..WORDS.len()).prop_map(|(second, words)| Said::Words { second, words }),
        2 => (second.clone(), 1..6_u8).prop_map(|(second, rating)| Said::Chooses { second, rating }),
        1 => (second.clone(), to.clone()).prop_map(|(second, to)| Said::Reacts { second, to }),
        1 => (second.clone(), to.clone(), 0..WORDS.len())
            .prop_map(|(second, to, words)| Said::Edits { second, to, words }),
        1 => (second.clone(), to).prop_map(|(second, to)| Said::Revokes { second, to }),
        2 => (second, 0..3_usize, 0..2_usize).prop_map(|(second, what, of)| Said::Became { second, what, of }),
    ]
}

fn told(number: usize, said: &Said, survey: SurveyId) -> InboundEvent {
    let id = format!("s{number}");
    match said {
        Said::Words { second, words } => says(&ana(), &id, *second, WORDS[*words]),
        Said::Chooses { second, rating } => chooses(&id, *second, survey, *rating),
        Said::Reacts { second, to } => reacts(&ana(), &id, &format!("s{to}"), *second, Some("👍")),
        Said::Edits { second, to, words } => edits(&ana(), &id, &format!("s{to}"), *second, WORDS[*words]),
        Said::Revokes { second, to } => revokes(&ana(), &id, &format!("s{to}"), *second),
        Said::Became { second, what, of } => {
            let word = [
                StatusKind::Delivered,
                StatusKind::Read,
                failed(FailureClass::RecipientInvalid, "131026"),
            ];
            became(["question", "follow"][*of], *second, word[*what].clone(), None)
        }
    }
}

/// What comes in, or the platform's answer to one of our two messages.
enum Incident {
    Told(Box<InboundEvent>),
    Answered(usize),
}

/// Somebody who was resolved, archived and read before they were asked, who rated and was asked for a comment.
fn under_way(reopening: Reopening) -> (World, SurveyId, [Flight; 2]) {
    let fields = json!({"thanks": "Thanks", "comment_question": "Why?", "expires_after_seconds": 10});
    let mut world = asking(&fields, |settings| settings.reopening = reopening);
    world.rule("great", "fan");
    world.rule("refund", "unhappy");
    world.rule("price", "buyer");
    let (contact, id) = written(&mut world);
    world.told(says(&ana(), "m1", -500, "the price?"));
    world.now = at(-10);
    close(&mut world, id);
    world
        .decide(|set, ctx| conversations::archive(set, ctx, id, true))
        .unwrap();
    world
        .decide(|set, ctx| conversations::read(set, ctx, id))
        .unwrap();
    world.now = at(0);
    let survey = of(&world, contact);
    let question = world.begin(survey.dispatch).unwrap();
    world.now = at(1);
    world.told(chooses("first", 1, survey.id, 3));
    world.now = at(2);
    let follow = world.begin(of(&world, contact).follow_up.unwrap()).unwrap();
    world.now = at(3_600);
    (world, survey.id, [question, follow])
}

fn run(reopening: Reopening, incidents: &[&Incident], sizes: &[usize]) -> serde_json::Value {
    let (mut world, _, flights) = under_way(reopening);
    world.actor = Actor::Provider;
    let account = world.get(&Key::Account {
        org: ORG,
        account: SHOP,
    });
    let mut sizes = sizes.iter().cycle();
    let mut rest = incidents;
    while !rest.is_empty() {
        let size = (*sizes.next().unwrap()).min(rest.len());
        let (chunk, later) = rest.split_at(size);
        rest = later;
        let (results, changes) = world.plan_all(chunk, |set, ctx, incident| match incident {
            Incident::Told(event) => receive(set, ctx, Some(&account), event, 0).map(drop),
            Incident::Answered(sent) => {
                let flight = &flights[*sent];
                let outcome = accepted(["question", "follow"][*sent]);
                sending::land(set, ctx, flight.dispatch, flight.attempt, &outcome).map(drop)
            }
        });
        results.into_iter().collect::<Result<Vec<()>, _>>().unwrap();
        world.commit(changes).unwrap();
    }
    world.canonical()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn answers_and_all_else_in_any_order_end_in_the_same_state(
        (all, order) in prop::collection::vec(said(), 1..10).prop_flat_map(|all| {
            let count = all.len() + 2;
            let order = prop::collection::vec(0..count, 0..6).prop_flat_map(move |repeated| {
                Just((0..count).chain(repeated).collect::<Vec<usize>>()).prop_shuffle()
            });
            (Just(all), order)
        }),
        opens_new in any::<bool>(),
        sizes in prop::collection::vec(1..6_usize, 1..5),
    ) {
        let reopening = if opens_new { Reopening::OpenNew } else { Reopening::Reopen };
        let (_, survey, _) = under_way(reopening);
        let mut incidents = vec![Incident::Answered(0), Incident::Answered(1)];
        let events = all.iter().enumerate().map(|(n, said)| told(n, said, survey));
        incidents.extend(events.map(|event| Incident::Told(Box::new(event))));
        let plain: Vec<&Incident> = incidents.iter().collect();
        let mixed: Vec<&Incident> = order.iter().map(|number| &incidents[*number]).collect();
        let expected = run(reopening, &plain, &[1]);
        prop_assert_eq!(&run(reopening, &mixed, &[1]), &expected, "one a commit");
        prop_assert_eq!(&run(reopening, &mixed, &sizes), &expected, "several a commit");
    }
}
