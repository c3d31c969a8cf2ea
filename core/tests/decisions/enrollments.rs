//! Contacts in sequences: who is enrolled, how they go on, and what they leave for.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tertulia_core::attributes::{Attribute, AttributeKind};
use tertulia_core::consent::Scope;
use tertulia_core::conversation::Author;
use tertulia_core::decide::bulk::{BulkAction, apply};
use tertulia_core::decide::contacts::{self, ConsentRequest, set_consent};
use tertulia_core::decide::merging::{merge, unmerge};
use tertulia_core::decide::rehearsals::simulate;
use tertulia_core::decide::sending::{Begun, expire, resend};
use tertulia_core::decide::sequences;
use tertulia_core::decide::{deletion, enrollments, erasure};
use tertulia_core::error::{Code, Error};
use tertulia_core::ids::{ContactId, DispatchId, SequenceId};
use tertulia_core::inbound::PreferenceChoice;
use tertulia_core::journal::{Actor, What};
use tertulia_core::ledger::{Dispatch, DispatchState, Outcome, SkipReason, StateName};
use tertulia_core::merge::MergeRequest;
use tertulia_core::message::StatusKind;
use tertulia_core::record::Key;
use tertulia_core::retry::FailureClass;
use tertulia_core::sequence::{
    Assume, Enrollment, EnrollmentState, ExitReason, SequenceState, SimulatedRun, Stage,
};

use crate::drips::*;
use crate::harness::*;

const ANA: &str = "+14155550100";
const BEA: &str = "+14155550101";

fn ana() -> tertulia_core::inbound::Person {
    person(&[phone("14155550100")])
}

fn tag(world: &mut World, contact: ContactId, tag: &str) {
    world
        .decide(|set, ctx| contacts::tag(set, ctx, contact, &[tag.to_owned()]))
        .unwrap();
}

fn consent(world: &mut World, contact: ContactId, opt_in: bool, scope: Scope) {
    let request = ConsentRequest {
        opt_in,
        scope,
        proof: None,
        at: None,
    };
    world.now += TimeDelta::seconds(1);
    world
        .decide(|set, ctx| set_consent(set, ctx, contact, &request))
        .unwrap();
}

fn merged(world: &mut World, primary: ContactId, duplicate: ContactId) {
    let request = MergeRequest {
        duplicates: vec![duplicate],
        ..MergeRequest::default()
    };
    world
        .decide(|set, ctx| merge(set, ctx, primary, &request))
        .unwrap();
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> Code {
    result.unwrap_err().code()
}

fn skipped(reason: SkipReason) -> DispatchState {
    DispatchState::Skipped { reason }
}

fn rehearse(world: &mut World, id: SequenceId, contact: ContactId, assume: Assume) -> SimulatedRun {
    let (run, _) = world.plan(|set, ctx| {
        let sequence = sequences::get(set, ctx, id)?;
        simulate(set, ctx, &sequence, contact, assume)
    });
    run.unwrap()
}

#[test]
fn a_contact_goes_from_step_to_step_as_time_passes() {
    let mut world = World::new();
    let (id, contact) = (world.sequence(&hello_and_bye(), &json!({})), world.contact(ANA));
    let enrollment = world.enroll(id, contact).unwrap();
    assert_eq!(world.stands(enrollment), "hello");
    let row = world.row(world.row_in(enrollment));
    assert_eq!(
        (row.origin.clone(), row.not_before),
        (Author::Sequence(id), noon())
    );
    // Leased and on the wire they stand where they stood.
    let flight = world.begin(row.id).unwrap();
    assert_eq!(world.stands(enrollment), "hello");
    world.now += TimeDelta::hours(5);
    world.land(&flight, &accepted("out.1"));
    assert_eq!(world.stands(enrollment), "wait");
    assert_eq!(
        world.enrollment(enrollment).due(),
        Some(world.now + TimeDelta::days(3)),
        "a delay counts from when the step before was done"
    );
    world.days_pass(2);
    assert_eq!(world.stands(enrollment), "wait");
    // Late, the step runs once.
    world.days_pass(40);
    assert_eq!(world.stands(enrollment), "bye");
    world.days_pass(40);
    world.send_step(enrollment);
    assert_eq!(world.stands(enrollment), "finished");
    world.days_pass(400);
    let rows = world.step_rows();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert_eq!(world.left_for(enrollment), None);
    let steps: Vec<String> = world
        .enrollment(enrollment)
        .path
        .into_iter()
        .map(|passed| passed.step)
        .collect();
    assert_eq!(steps, ["hello", "wait", "bye"]);
    let told = |wanted: Stage| {
        world.journaled(|what| matches!(what, What::EnrollmentChanged { state, .. } if *state == wanted))
    };
    assert_eq!((told(Stage::Sending), told(Stage::Finished)), (1, 1));
    let of_sequence =
        |what: &What| matches!(what, What::MessageSent { sequence, .. } if *sequence == Some(id));
    assert_eq!(world.journaled(of_sequence), 2);
}

#[test]
fn whatever_becomes_of_a_message_the_sequence_goes_on() {
    let turned_away = || Outcome::Refused(failure(FailureClass::RecipientInvalid, "131026"));
    let lost = || Outcome::Unknown {
        detail: "reset".to_owned(),
    };
    for outcome in [accepted("out.1"), turned_away(), lost()] {
        let mut world = World::new();
        let (id, contact) = (world.sequence(&hello_and_bye(), &json!({})), world.contact(ANA));
        let enrollment = world.enroll(id, contact).unwrap();
        let flight = world.begin(world.row_in(enrollment)).unwrap();
        world.land(&flight, &outcome);
        assert_eq!(world.stands(enrollment), "wait", "{outcome:?}");
        // What is learned later takes nobody on again.
        let state = world.enrollment(enrollment);
        world.told(became("out.1", 60, StatusKind::Read, Some(flight.attempt)));
        assert_eq!(world.enrollment(enrollment), state);
    }
    // A worker that died, and a webhook that was faster than the answer.
    let mut world = World::new();
    let (id, contact) = (world.sequence(&hello_and_bye(), &json!({})), world.contact(ANA));
    let enrollment = world.enroll(id, contact).unwrap();
    let flight = world.begin(world.row_in(enrollment)).unwrap();
    let mut early = world.clone();
    early.told(became("out.1", 1, StatusKind::Sent, Some(flight.attempt)));
    assert_eq!(early.stands(enrollment), "wait");
    let state = early.enrollment(enrollment);
    early.land(&flight, &accepted("out.1"));
    assert_eq!(early.enrollment(enrollment), state);
    world.now += TimeDelta::minutes(10);
    world
        .decide(|set, ctx| expire(set, ctx, flight.dispatch))
        .unwrap();
    assert_eq!(world.row(flight.dispatch).state.name(), StateName::Unknown);
    assert_eq!(world.stands(enrollment), "wait");
    // Refused after all, the contact being further: it is not tried again.
    let busy = Outcome::Refused(failure(FailureClass::Transient, "131000"));
    world.land(&flight, &busy);
    assert_eq!(world.row(flight.dispatch).state, DispatchState::Failed);
    // Nor by hand: only broadcasts are sent again.
    let again = world.decide(|set, ctx| resend(set, ctx, flight.dispatch));
    assert_eq!(code(again), Code::MessageInvalid);
}

#[test]
fn a_refusal_that_passes_is_a_new_attempt_at_the_same_step() {
    let mut world = World::new();
    let (id, contact) = (world.sequence(&hello_and_bye(), &json!({})), world.contact(ANA));
    let enrollment = world.enroll(id, contact).unwrap();
    let flight = world.begin(world.row_in(enrollment)).unwrap();
    let busy = Outcome::Refused(failure(FailureClass::Transient, "131000"));
    assert_eq!(world.land(&flight, &busy), DispatchState::Pending);
    assert_eq!(world.stands(enrollment), "hello");
    world.now = world.row(flight.dispatch).not_before;
    world.send_step(enrollment);
    assert_eq!(world.stands(enrollment), "wait");
    assert_eq!(world.step_rows().len(), 1);
}

#[test]
fn a_marketing_step_within_a_day_is_left_out_and_recorded() {
    let mut world = World::new();
    let steps = json!([sends("hello", "offer"), waits("wait", 1), sends("bye", "receipt")]);
    let (id, contact) = (world.sequence(&steps, &json!({})), world.contact(ANA));
    world.send(&template_to(contact, "offer")).unwrap();
    world.now += TimeDelta::hours(1);
    let enrollment = world.enroll(id, contact).unwrap();
    assert_eq!(world.begin(world.row_in(enrollment)), None);
    assert_eq!(
        world.step_rows(),
        [("hello".to_owned(), skipped(SkipReason::Capped))]
    );
    assert_eq!(world.stands(enrollment), "wait");
    // The sequence's own take the slot, too.
    let mut world = World::new();
    let (id, contact) = (world.sequence(&steps, &json!({})), world.contact(ANA));
    let enrollment = world.enroll(id, contact).unwrap();
    world.send_step(enrollment);
    let refused = world.send(&template_to(contact, "offer")).unwrap_err();
    assert_eq!(refused.code(), Code::CapReached);
}

#[test]
fn steps_keep_quiet_hours_and_leave_out_who_is_inactive() {
    let mut world = World::with(|settings| {
        settings.quiet_hours =
            serde_json::from_value(json!({"from": "11:00:00", "until": "13:00:00"})).unwrap();
    });
    let (id, contact) = (world.sequence(&hello_and_bye(), &json!({})), world.contact(ANA));
    let enrollment = world.enroll(id, contact).unwrap();
    assert_eq!(world.begin(world.row_in(enrollment)), None);
    assert_eq!(
        world.stands(enrollment),
        "hello",
        "it waits for the end of the quiet hours"
    );
    world.now = noon() + TimeDelta::hours(1);
    world.send_step(enrollment);
    let bea = world.contact(BEA);
    world
        .decide(|set, ctx| contacts::set_active(set, ctx, bea, false))
        .unwrap();
    let enrollment = world.enroll(id, bea).unwrap();
    assert_eq!(world.begin(world.row_in(enrollment)), None);
    assert_eq!(world.stands(enrollment), "wait");
    assert!(
        world
            .step_rows()
            .contains(&("hello".to_owned(), skipped(SkipReason::Inactive)))
    );
}

fn forked(when: &Value) -> Value {
    let mut steps = json!([
        sends("hello", "receipt"),
        waits("wait", 1),
        asks("fork", when, Some("yes"), Some("no")),
        sends("yes", "receipt"),
        sends("no", "receipt"),
    ]);
    steps[3]["next"] = "end".into();
    steps
}

#[test]
fn a_condition_asks_for_the_contact_as_they_are_then() {
    let mut world = World::new();
    world.store(Attribute {
        org: ORG,
        name: "city".to_owned(),
        kind: AttributeKind::Text,
    });
    let table = [
        (json!({"tags": {"any": ["Comprou"]}}), true),
        (json!({"tags": {"none": ["comprou"]}}), false),
        (json!({"optedIn": true}), true),
        (
            json!({"attribute": {"name": "city", "is": {"contains": "rio"}}}),
            false,
        ),
    ];
    for (filter, yes) in table {
        let mut world = world.clone();
        let id = world.sequence(&forked(&json!({"contact": filter})), &json!({}));
        let contact = world.contact(ANA);
        let enrollment = world.enroll(id, contact).unwrap();
        world.send_step(enrollment);
        tag(&mut world, contact, "comprou");
        world.days_pass(1);
        assert_eq!(
            world.stands(enrollment),
            if yes { "yes" } else { "no" },
            "{filter}"
        );
        let path = world.enrollment(enrollment).path;
        assert_eq!((path[2].step.as_str(), path[2].branch), ("fork", Some(yes)));
        world.send_step(enrollment);
        assert_eq!(
            world.stands(enrollment),
            "finished",
            "a branch ends where it says"
        );
    }
    // What it names is gone: the way of no, with the reason.
    let when = json!({"contact": {"not": {"attribute": {"name": "city", "is": {"contains": "rio"}}}}});
    let (id, contact) = (world.sequence(&forked(&when), &json!({})), world.contact(ANA));
    let enrollment = world.enroll(id, contact).unwrap();
    world.send_step(enrollment);
    world.records.remove(&Key::Attribute {
        org: ORG,
        name: "city".to_owned(),
    });
    world.days_pass(1);
    assert_eq!(world.stands(enrollment), "no");
    let problem = world.enrollment(enrollment).path.remove(2).problem;
    assert_eq!(problem.as_deref(), Some("filter.attribute_unknown"));
}

/// What happens to a contact after a message.
type Then<'a> = &'a dyn Fn(&mut World);

#[test]
fn a_condition_asks_what_became_of_an_earlier_message() {
    let turned_away = || Outcome::Refused(failure(FailureClass::RecipientInvalid, "131026"));
    let read = |world: &mut World| {
        world.told(became("out.1", 60, StatusKind::Read, None));
    };
    let arrived = |world: &mut World| {
        world.told(became("out.1", 60, StatusKind::Delivered, None));
    };
    let wrote = |world: &mut World| {
        world.told(says(&ana(), "in.1", 60, "hi"));
    };
    let nothing = |_: &mut World| {};
    let table: [(&str, Outcome, Then<'_>, bool); 13] = [
        ("sent", accepted("out.1"), &nothing, true),
        ("sent", turned_away(), &nothing, false),
        ("delivered", accepted("out.1"), &nothing, false),
        ("delivered", accepted("out.1"), &arrived, true),
        ("delivered", accepted("out.1"), &read, true),
        ("read", accepted("out.1"), &arrived, false),
        ("read", accepted("out.1"), &read, true),
        ("replied", accepted("out.1"), &read, false),
        ("replied", accepted("out.1"), &wrote, true),
        ("failed", accepted("out.1"), &nothing, false),
        ("failed", turned_away(), &nothing, true),
        ("skipped", accepted("out.1"), &nothing, false),
        (
            "sent",
            Outcome::Unknown {
                detail: String::new(),
            },
            &nothing,
            false,
        ),
    ];
    for (was, outcome, then, yes) in table {
        let mut world = World::new();
        let when = json!({"message": {"step": "hello", "was": was}});
        let (id, contact) = (world.sequence(&forked(&when), &json!({})), world.contact(ANA));
        let enrollment = world.enroll(id, contact).unwrap();
        let flight = world.begin(world.row_in(enrollment)).unwrap();
        world.land(&flight, &outcome);
        then(&mut world);
        world.days_pass(1);
        assert_eq!(
            world.stands(enrollment),
            if yes { "yes" } else { "no" },
            "{was} {outcome:?}"
        );
    }
    // Skipped, and a step that they never came to.
    let mut world = World::new();
    let when = json!({"message": {"step": "hello", "was": "skipped"}});
    let mut steps = forked(&when);
    steps[0] = sends("hello", "offer");
    let (id, contact) = (world.sequence(&steps, &json!({})), world.contact(ANA));
    world.send(&template_to(contact, "offer")).unwrap();
    let enrollment = world.enroll(id, contact).unwrap();
    world.now += TimeDelta::minutes(1);
    assert_eq!(world.begin(world.row_in(enrollment)), None);
    world.days_pass(1);
    assert_eq!(world.stands(enrollment), "yes");
}

#[test]
fn who_may_not_be_enrolled_is_refused_with_the_rule() {
    let mut world = World::new();
    let goal = json!({"goals": [{"tag": "bought"}]});
    let (id, contact) = (world.sequence(&hello_and_bye(), &goal), world.contact(ANA));
    let first = world.enroll(id, contact).unwrap();
    assert_eq!(code(world.enroll(id, contact)), Code::SequenceEnrolled);
    world.send_step(first);
    world.days_pass(3);
    world.send_step(first);
    let refused = world.enroll(id, contact).unwrap_err();
    assert!(refused.message().contains("everybody once"), "{refused}");

    let nobody = ContactId(uuid::Uuid::from_u128(99));
    assert_eq!(code(world.enroll(id, nobody)), Code::ContactNotFound);
    let nothing = SequenceId(uuid::Uuid::from_u128(99));
    assert_eq!(code(world.enroll(nothing, contact)), Code::SequenceNotFound);
    let draft = world.draft_sequence(&drip(&hello_and_bye(), &json!({}))).unwrap();
    assert_eq!(code(world.enroll(draft, contact)), Code::SequenceWrongState);

    let bea = world.contact(BEA);
    tag(&mut world, bea, "Bought");
    assert_eq!(code(world.enroll(id, bea)), Code::SequenceGoalReached);
    world
        .decide(|set, ctx| contacts::untag(set, ctx, bea, &["bought".to_owned()]))
        .unwrap();
    consent(&mut world, bea, false, Scope::EVERYTHING);
    assert_eq!(code(world.enroll(id, bea)), Code::ConsentOptedOut);
    consent(&mut world, bea, true, Scope::EVERYTHING);
    world.decide(|set, ctx| contacts::block(set, ctx, bea)).unwrap();
    assert_eq!(code(world.enroll(id, bea)), Code::ContactBlocked);
    world.decide(|set, ctx| contacts::unblock(set, ctx, bea)).unwrap();
    // Who was never asked may be enrolled; the gate keeps them from getting anything.
    world.enroll(id, bea).unwrap();
    assert_eq!(world.in_stage(Stage::Finished), 1);
    world.decide(|set, ctx| deletion::delete(set, ctx, bea)).unwrap();
    assert_eq!(code(world.enroll(id, bea)), Code::ContactNotFound);
}

#[test]
fn a_sequence_that_enrolls_again_takes_who_is_through_and_not_who_is_under_way() {
    let mut world = World::new();
    let (id, contact) = (
        world.sequence(&hello_and_bye(), &json!({"again": true})),
        world.contact(ANA),
    );
    let first = world.enroll(id, contact).unwrap();
    assert_eq!(code(world.enroll(id, contact)), Code::SequenceEnrolled);
    world
        .decide(|set, ctx| enrollments::unenroll(set, ctx, id, contact))
        .unwrap();
    let second = world.enroll(id, contact).unwrap();
    assert_ne!(first, second);
    world.send_step(second);
    assert_eq!(world.stands(second), "wait");
    assert_eq!(world.left_for(second), None);
    assert_eq!(world.enrollment(first).state.stage(), Stage::Exited);
    let not_sent = ("hello".to_owned(), skipped(SkipReason::LeftSequence));
    assert!(
        world.step_rows().contains(&not_sent),
        "what was not sent when they left is not sent"
    );
}

#[test]
fn somebody_is_taken_out_by_hand_once() {
    let mut world = World::new();
    let (id, contact) = (world.sequence(&hello_and_bye(), &json!({})), world.contact(ANA));
    let unenroll = |world: &mut World| world.decide(|set, ctx| enrollments::unenroll(set, ctx, id, contact));
    assert_eq!(code(unenroll(&mut world)), Code::SequenceNotEnrolled);
    let enrollment = world.enroll(id, contact).unwrap();
    let row = world.row_in(enrollment);
    unenroll(&mut world).unwrap();
    assert_eq!(world.left_for(enrollment), Some(ExitReason::Removed));
    assert_eq!(world.row(row).state, skipped(SkipReason::LeftSequence));
    assert_eq!(code(unenroll(&mut world)), Code::SequenceNotEnrolled);
}

#[test]
fn whoever_leaves_before_a_message_goes_out_gets_none() {
    type Leaves = fn(&mut World, ContactId);
    let table: [(Leaves, ExitReason); 9] = [
        (
            |world, _| {
                world.told(says(&ana(), "in.1", 10, "STOP"));
            },
            ExitReason::OptedOut,
        ),
        (
            |world, id| consent(world, id, false, Scope::EVERYTHING),
            ExitReason::OptedOut,
        ),
        (
            |world, id| {
                consent(
                    world,
                    id,
                    false,
                    Scope {
                        sender: Some(SHOP),
                        ..Scope::EVERYTHING
                    },
                );
            },
            ExitReason::OptedOut,
        ),
        (
            |world, id| world.decide(|set, ctx| contacts::block(set, ctx, id)).unwrap(),
            ExitReason::Blocked,
        ),
        (
            |world, id| world.decide(|set, ctx| deletion::delete(set, ctx, id)).unwrap(),
            ExitReason::Deleted,
        ),
        (
            |world, id| {
                drop(
                    world
                        .decide(|set, ctx| erasure::begin(set, ctx, id, &[]))
                        .unwrap(),
                );
            },
            ExitReason::Deleted,
        ),
        (
            |world, _| {
                world.told(says(&ana(), "in.1", 10, "hello"));
            },
            ExitReason::Replied,
        ),
        (|world, id| tag(world, id, "BOUGHT"), ExitReason::Tagged),
        (
            |world, _| {
                world.rule("deal", "bought");
                world.told(says(&ana(), "in.1", 10, "it is a deal"));
            },
            // The tag that they earn and the reply are one message; the goals count in their order.
            ExitReason::Tagged,
        ),
    ];
    let goals = json!({"goals": [{"tag": "bought"}, "reply"]});
    for (n, (leaves, reason)) in table.into_iter().enumerate() {
        // The row waits, or is leased.
        for leased in [false, true] {
            let mut world = World::new();
            let (id, contact) = (world.sequence(&hello_and_bye(), &goals), world.contact(ANA));
            let enrollment = world.enroll(id, contact).unwrap();
            let row = world.row_in(enrollment);
            let epoch = if leased { world.lease(row) } else { 0 };
            leaves(&mut world, contact);
            assert_eq!(world.left_for(enrollment), Some(reason), "{n}");
            assert!(
                matches!(world.row(row).state, DispatchState::Skipped { .. }),
                "{n}"
            );
            let flight = world.decide(|set, ctx| {
                tertulia_core::decide::sending::begin(set, ctx, row, epoch).map(Begun::flight)
            });
            assert_eq!(flight.unwrap(), None, "{n}");
            world.days_pass(30);
            assert_eq!(world.step_rows().len(), 1, "{n}");
        }
        // They wait for a day to come.
        let mut world = World::new();
        let (id, contact) = (world.sequence(&hello_and_bye(), &goals), world.contact(ANA));
        let enrollment = world.enroll(id, contact).unwrap();
        world.send_step(enrollment);
        leaves(&mut world, contact);
        assert_eq!(world.left_for(enrollment), Some(reason), "{n}");
        world.days_pass(30);
        assert_eq!(world.step_rows().len(), 1, "{n}");
    }
}

#[test]
fn what_is_on_the_wire_when_they_leave_is_told_and_takes_nobody_on() {
    let mut world = World::new();
    let (id, contact) = (
        world.sequence(&hello_and_bye(), &json!({"goals": ["reply"]})),
        world.contact(ANA),
    );
    let enrollment = world.enroll(id, contact).unwrap();
    let flight = world.begin(world.row_in(enrollment)).unwrap();
    world.told(says(&ana(), "in.1", 10, "hello"));
    world.land(&flight, &accepted("out.1"));
    assert_eq!(world.left_for(enrollment), Some(ExitReason::Replied));
    assert_eq!(world.row(flight.dispatch).state.name(), StateName::Accepted);
    assert_eq!(world.step_rows().len(), 1);
    // Refused for a moment instead, it is not tried again.
    let mut world = World::new();
    let (id, contact) = (
        world.sequence(&hello_and_bye(), &json!({"goals": ["reply"]})),
        world.contact(ANA),
    );
    let enrollment = world.enroll(id, contact).unwrap();
    let flight = world.begin(world.row_in(enrollment)).unwrap();
    world.told(says(&ana(), "in.1", 10, "hello"));
    world.land(
        &flight,
        &Outcome::Refused(failure(FailureClass::Transient, "131000")),
    );
    world.now += TimeDelta::hours(1);
    assert_eq!(world.begin(flight.dispatch), None);
    assert_eq!(
        world.row(flight.dispatch).state,
        skipped(SkipReason::LeftSequence)
    );
}

#[test]
fn who_only_wants_no_marketing_goes_on_with_what_is_none() {
    let mixed = json!([
        sends("offer", "offer"),
        waits("wait", 2),
        sends("receipt", "receipt")
    ]);
    let all_marketing = json!([sends("offer", "offer"), waits("wait", 2), sends("more", "offer")]);
    let stops = |world: &mut World| {
        world.told(prefers(&ana(), 10, PreferenceChoice::Stop));
    };
    let mut world = World::new();
    let (id, contact) = (world.sequence(&mixed, &json!({})), world.contact(ANA));
    let enrollment = world.enroll(id, contact).unwrap();
    stops(&mut world);
    assert_eq!(world.left_for(enrollment), None);
    world.now += TimeDelta::minutes(1);
    assert_eq!(world.begin(world.row_in(enrollment)), None);
    assert_eq!(
        world.step_rows(),
        [("offer".to_owned(), skipped(SkipReason::OptedOut))]
    );
    world.days_pass(2);
    world.send_step(enrollment);
    assert_eq!(world.stands(enrollment), "finished");

    let mut world = World::new();
    let (id, contact) = (world.sequence(&all_marketing, &json!({})), world.contact(ANA));
    let enrollment = world.enroll(id, contact).unwrap();
    stops(&mut world);
    assert_eq!(world.left_for(enrollment), Some(ExitReason::OptedOut));
    assert_eq!(code(world.enroll(id, contact)), Code::SequenceEnrolled);
}

#[test]
fn who_wants_no_marketing_leaves_once_all_of_it_has_become_that() {
    let mut world = World::new();
    let steps = json!([
        sends("hello", "receipt"),
        waits("wait", 2),
        sends("bye", "receipt")
    ]);
    let (id, contact) = (world.sequence(&steps, &json!({})), world.contact(ANA));
    let enrollment = world.enroll(id, contact).unwrap();
    world.send_step(enrollment);
    world.told(prefers(&ana(), 10, PreferenceChoice::Stop));
    assert_eq!(world.left_for(enrollment), None);
    world.set_template("receipt", "MARKETING", "APPROVED");
    world.days_pass(2);
    assert_eq!(world.left_for(enrollment), Some(ExitReason::OptedOut));
    assert_eq!(world.step_rows().len(), 1);
}

#[test]
fn a_message_from_before_the_enrollment_is_no_reply() {
    let mut world = World::new();
    let (id, contact) = (
        world.sequence(&hello_and_bye(), &json!({"goals": ["reply"]})),
        world.contact(ANA),
    );
    world.now += TimeDelta::minutes(5);
    let enrollment = world.enroll(id, contact).unwrap();
    // A webhook that comes late, a reaction, and a message of a group.
    world.told(says(&ana(), "in.1", 60, "before"));
    world.told(reacts(&ana(), "in.2", "in.1", 400, Some("👍")));
    let mut group = incoming(&ana(), "in.3", tertulia_core::message::Content::text("to all"));
    group.group_id = Some("group".to_owned());
    world.told(event(400, tertulia_core::inbound::InboundKind::Message(group)));
    assert_eq!(world.left_for(enrollment), None);
    world.told(says(&ana(), "in.4", 400, "after"));
    assert_eq!(world.left_for(enrollment), Some(ExitReason::Replied));
}

#[test]
fn a_tag_enrolls_whoever_gets_it_by_whatever_way_and_once() {
    type Gets = fn(&mut World) -> ContactId;
    let by_hand: Gets = |world| {
        let contact = world.contact(ANA);
        tag(world, contact, "vip");
        contact
    };
    let by_rule: Gets = |world| {
        world.rule("price", "VIP");
        world.told(says(&ana(), "in.1", 10, "what price?"));
        world.holder(&phone("14155550100")).unwrap().id
    };
    let at_creation: Gets = |world| {
        let new = contacts::NewContact {
            tags: vec!["Vip".to_owned()],
            opted_in: Some(true),
            ..named(ANA)
        };
        world.create(&new).unwrap()
    };
    for gets in [by_hand, by_rule, at_creation] {
        let mut world = World::new();
        let id = world.sequence(
            &hello_and_bye(),
            &json!({"trigger": {"tagAdded": "vip"}, "goals": ["reply"]}),
        );
        let contact = gets(&mut world);
        let enrollment = world.only_enrollment();
        assert_eq!(
            (enrollment.sequence, enrollment.contact, enrollment.by_trigger),
            (id, contact, true)
        );
        assert!(
            enrollment.is_open(),
            "the message that earned the tag is no reply"
        );
        // Again, and off and on: a duplicate does nothing.
        tag(&mut world, contact, "vip");
        world
            .decide(|set, ctx| contacts::untag(set, ctx, contact, &["vip".to_owned()]))
            .unwrap();
        tag(&mut world, contact, "vip");
        assert_eq!(world.only_enrollment(), enrollment);
    }
}

#[test]
fn what_enrolls_many_at_once_is_asked_for() {
    for from_bulk in [false, true] {
        let mut world = World::new();
        let with = json!({"trigger": {"tagAdded": "vip"}, "fromBulk": from_bulk});
        world.sequence(&hello_and_bye(), &with);
        let contact = world.contact(ANA);
        world.bulk = true;
        let action = BulkAction::Tag(vec!["vip".to_owned()]);
        world
            .decide(|set, ctx| apply(set, ctx, contact, &action))
            .unwrap();
        assert_eq!(world.all::<Enrollment>().len(), usize::from(from_bulk));
    }
    // A goal is reached by whatever way.
    let mut world = World::new();
    let (id, contact) = (
        world.sequence(&hello_and_bye(), &json!({"goals": [{"tag": "vip"}]})),
        world.contact(ANA),
    );
    let enrollment = world.enroll(id, contact).unwrap();
    world.bulk = true;
    let action = BulkAction::Tag(vec!["vip".to_owned()]);
    world
        .decide(|set, ctx| apply(set, ctx, contact, &action))
        .unwrap();
    assert_eq!(world.left_for(enrollment), Some(ExitReason::Tagged));
}

#[test]
fn a_new_contact_is_enrolled_once_all_of_it_is_known_and_a_merge_creates_nobody() {
    let when = json!({"contact": {"tags": {"any": ["price"]}}});
    let mut steps = json!([
        asks("asked?", &when, Some("yes"), Some("no")),
        sends("yes", "receipt"),
        sends("no", "receipt")
    ]);
    steps[1]["next"] = "end".into();
    let mut world = World::new();
    world.rule("price", "price");
    world.sequence(&steps, &json!({"trigger": "contactCreated"}));
    world.told(says(&ana(), "in.1", 10, "what price?"));
    let first = world.only_enrollment();
    assert_eq!(
        world.stands(first.id),
        "yes",
        "the tag that the first message earned counts"
    );
    assert_eq!(first.by, Actor::Provider);

    let mut world = World::new();
    let (first, second) = (world.contact(ANA), world.contact(BEA));
    world.sequence(&hello_and_bye(), &json!({"trigger": "contactCreated"}));
    world.sequence(&hello_and_bye(), &json!({"trigger": {"tagAdded": "vip"}}));
    tag(&mut world, second, "other");
    merged(&mut world, first, second);
    world.decide(|set, ctx| unmerge(set, ctx, second)).unwrap();
    assert_eq!(world.all::<Enrollment>(), []);
}

#[test]
fn a_merge_passes_tags_on_without_enrolling_and_reaches_goals() {
    let mut world = World::new();
    let (first, second) = (world.contact(ANA), world.contact(BEA));
    tag(&mut world, second, "vip");
    let id = world.sequence(&hello_and_bye(), &json!({"goals": [{"tag": "vip"}]}));
    world.sequence(&hello_and_bye(), &json!({"trigger": {"tagAdded": "vip"}}));
    let enrollment = world.enroll(id, first).unwrap();
    merged(&mut world, first, second);
    assert_eq!(world.left_for(enrollment), Some(ExitReason::Tagged));
    assert_eq!(world.all::<Enrollment>().len(), 1);
}

#[test]
fn whoever_may_not_be_enrolled_is_passed_over_by_a_trigger() {
    let mut world = World::new();
    world.sequence(
        &hello_and_bye(),
        &json!({"trigger": {"tagAdded": "vip"}, "goals": [{"tag": "bought"}]}),
    );
    let (out, bought) = (world.contact(ANA), world.contact(BEA));
    consent(&mut world, out, false, Scope::EVERYTHING);
    tag(&mut world, bought, "bought");
    for contact in [out, bought] {
        tag(&mut world, contact, "vip");
        assert!(
            world.see(contact).tags.contains_key("vip"),
            "the tag is added all the same"
        );
    }
    assert_eq!(world.all::<Enrollment>(), []);
}

#[test]
fn while_it_is_paused_nobody_is_enrolled_and_nothing_goes_out() {
    let mut world = World::new();
    let id = world.sequence(&hello_and_bye(), &json!({"trigger": {"tagAdded": "vip"}}));
    let (first, second, third) = (
        world.contact(ANA),
        world.contact(BEA),
        world.contact("+14155550102"),
    );
    let (waits, sends) = (
        world.enroll(id, first).unwrap(),
        world.enroll(id, second).unwrap(),
    );
    world.send_step(waits);
    world.decide(|set, ctx| sequences::pause(set, ctx, id)).unwrap();
    let row = world.row_in(sends);
    assert_eq!(world.begin(row), None);
    assert_eq!(world.row(row).state, DispatchState::Pending, "nobody is used up");
    world.days_pass(5);
    assert_eq!(world.stands(waits), "wait");
    tag(&mut world, third, "vip");
    assert_eq!(world.all::<Enrollment>().len(), 2);
    assert_eq!(code(world.enroll(id, third)), Code::SequenceWrongState);
    // An opt-out counts all the same.
    consent(&mut world, second, false, Scope::EVERYTHING);
    assert_eq!(world.left_for(sends), Some(ExitReason::OptedOut));
    world.decide(|set, ctx| sequences::resume(set, ctx, id)).unwrap();
    world.days_pass(0);
    assert_eq!(world.stands(waits), "bye");
    world.send_step(waits);
    assert_eq!(world.stands(waits), "finished");
}

#[test]
fn a_pause_or_an_exit_that_is_committed_first_wins_over_a_step() {
    let mut world = World::new();
    let (id, contact) = (world.sequence(&hello_and_bye(), &json!({})), world.contact(ANA));
    let enrollment = world.enroll(id, contact).unwrap();
    let row = world.row_in(enrollment);
    let epoch = world.lease(row);
    let (flight, decided) =
        world.plan(|set, ctx| tertulia_core::decide::sending::begin(set, ctx, row, epoch).map(Begun::flight));
    assert!(flight.unwrap().is_some());
    let mut paused = world.clone();
    paused.decide(|set, ctx| sequences::pause(set, ctx, id)).unwrap();
    assert_eq!(paused.commit(decided.clone()), Err(Conflict));
    let mut left = world.clone();
    left.decide(|set, ctx| enrollments::unenroll(set, ctx, id, contact))
        .unwrap();
    assert_eq!(left.commit(decided), Err(Conflict));
    // The same of a delay that is over.
    world.send_step_leased(&row, epoch);
    world.now += TimeDelta::days(3);
    let (gone, decided) = world.plan(|set, ctx| enrollments::go_on(set, ctx, enrollment));
    assert!(gone.unwrap());
    let mut paused = world.clone();
    paused.decide(|set, ctx| sequences::pause(set, ctx, id)).unwrap();
    assert_eq!(paused.commit(decided.clone()), Err(Conflict));
    let mut left = world.clone();
    left.decide(|set, ctx| enrollments::unenroll(set, ctx, id, contact))
        .unwrap();
    assert_eq!(left.commit(decided.clone()), Err(Conflict));
    let mut twice = world.clone();
    twice.commit(decided.clone()).unwrap();
    assert_eq!(
        twice.commit(decided),
        Err(Conflict),
        "of two workers one takes the step"
    );
}

#[test]
fn of_two_that_enroll_one_contact_at_once_one_does() {
    let mut world = World::new();
    let (id, contact) = (world.sequence(&hello_and_bye(), &json!({})), world.contact(ANA));
    let (_, first) = world.plan(|set, ctx| enrollments::enroll(set, ctx, id, contact));
    let (_, second) = world.plan(|set, ctx| enrollments::enroll(set, ctx, id, contact));
    world.commit(first).unwrap();
    assert_eq!(world.commit(second), Err(Conflict));
    let mut other = World::new();
    let (id, contact) = (other.sequence(&hello_and_bye(), &json!({})), other.contact(ANA));
    let (_, enrolls) = other.plan(|set, ctx| enrollments::enroll(set, ctx, id, contact));
    other.decide(|set, ctx| sequences::pause(set, ctx, id)).unwrap();
    assert_eq!(other.commit(enrolls), Err(Conflict));
}

#[test]
fn a_template_that_is_stopped_pauses_the_sequence_and_uses_nobody_up() {
    let mut world = World::new();
    let (id, contact) = (world.sequence(&hello_and_bye(), &json!({})), world.contact(ANA));
    let enrollment = world.enroll(id, contact).unwrap();
    let row = world.row_in(enrollment);
    let flight = world.begin(row).unwrap();
    let stopped = Outcome::Refused(failure(FailureClass::TemplateStopped, "132015"));
    assert_eq!(world.land(&flight, &stopped), DispatchState::Pending);
    let SequenceState::Paused {
        refusal: Some(refusal),
        ..
    } = world.see_sequence(id).state
    else {
        panic!("it goes on")
    };
    assert_eq!(refusal.code, "132015");
    world.decide(|set, ctx| sequences::resume(set, ctx, id)).unwrap();
    // Known to be stopped before anything is sent.
    world.set_template("receipt", "UTILITY", "PAUSED");
    world.now += TimeDelta::minutes(5);
    assert_eq!(world.begin(row), None);
    let SequenceState::Paused {
        refusal: Some(refusal),
        ..
    } = world.see_sequence(id).state
    else {
        panic!("it goes on")
    };
    assert_eq!(refusal.code, "template.not_approved");
    assert_eq!(world.stands(enrollment), "hello");
    world.set_template("receipt", "UTILITY", "APPROVED");
    world.decide(|set, ctx| sequences::resume(set, ctx, id)).unwrap();
    world.send_step(enrollment);
    assert_eq!(world.stands(enrollment), "wait");
}

/// How a template's stop is learned of; what the row of the ledger is then.
type Stops<'a> = &'a dyn Fn(&mut World, DispatchId) -> DispatchState;

#[test]
fn an_earlier_edition_whose_template_is_stopped_goes_on_without() {
    let steps = json!([sends("hello", "code"), waits("wait", 3), sends("bye", "receipt")]);
    let told_by_the_platform = |world: &mut World, row| {
        let flight = world.begin(row).unwrap();
        let stopped = Outcome::Refused(failure(FailureClass::TemplateStopped, "132015"));
        world.land(&flight, &stopped)
    };
    let known_before = |world: &mut World, row| {
        world.set_template("code", "AUTHENTICATION", "PAUSED");
        assert_eq!(world.begin(row), None);
        world.row(row).state
    };
    let table: [(Stops<'_>, DispatchState); 2] = [
        (&told_by_the_platform, DispatchState::Failed),
        (&known_before, skipped(SkipReason::TemplateNotApproved)),
    ];
    for (stops, state) in table {
        let mut world = World::new();
        let (id, contact) = (world.sequence(&steps, &json!({})), world.contact(ANA));
        let enrollment = world.enroll(id, contact).unwrap();
        let new = drip(&hello_and_bye(), &json!({}));
        world
            .decide(|set, ctx| sequences::update(set, ctx, id, &new))
            .unwrap();
        let row = world.row_in(enrollment);
        assert_eq!(stops(&mut world, row), state);
        assert!(world.see_sequence(id).state.is_active(), "nobody could mend it");
        assert_eq!(world.stands(enrollment), "wait");
    }
}

#[test]
fn of_two_contacts_in_one_sequence_that_are_merged_the_primarys_stays() {
    let mut world = World::new();
    let (id, other) = (
        world.sequence(&hello_and_bye(), &json!({})),
        world.sequence(&hello_and_bye(), &json!({})),
    );
    let (first, second) = (world.contact(ANA), world.contact(BEA));
    let (own, theirs) = (
        world.enroll(id, first).unwrap(),
        world.enroll(id, second).unwrap(),
    );
    let moves = world.enroll(other, second).unwrap();
    let row = world.row_in(theirs);
    merged(&mut world, first, second);
    let state = |world: &World, id| world.enrollment(id).state;
    assert!(matches!(
        state(&world, theirs),
        EnrollmentState::Exited {
            reason: ExitReason::Merged,
            ..
        }
    ));
    assert_eq!(world.row(row).state, skipped(SkipReason::LeftSequence));
    let enrolled = world.see(first).enrolled;
    assert_eq!((enrolled[&id].id, enrolled[&other].id), (own, moves));
    // What moved goes on with the primary, which is one person.
    world.send_step(moves);
    assert_eq!(world.stands(moves), "wait");
    assert_eq!(code(world.enroll(other, first)), Code::SequenceEnrolled);
    assert_eq!(
        code(world.enroll(id, second)),
        Code::SequenceEnrolled,
        "the old id leads there"
    );

    let mut undone = world.clone();
    undone.decide(|set, ctx| unmerge(set, ctx, second)).unwrap();
    let (ours, back) = (undone.see(first).enrolled, undone.see(second).enrolled);
    assert_eq!(ours.keys().collect::<Vec<_>>(), [&id]);
    assert!(back[&other].open && back[&other].id == moves);
    assert!(!back[&id].open, "what ended with the merge stays ended");
    undone.days_pass(3);
    assert_eq!(undone.stands(moves), "bye");
    undone.send_step(moves);
    assert_eq!(undone.left_for(moves), None);
    undone.send_step(own);

    // One who is through keeps the other from going through again.
    let mut world = World::new();
    let id = world.sequence(&hello_and_bye(), &json!({"again": true}));
    let (first, second) = (world.contact(ANA), world.contact(BEA));
    let own = world.enroll(id, first).unwrap();
    world
        .decide(|set, ctx| enrollments::unenroll(set, ctx, id, first))
        .unwrap();
    let theirs = world.enroll(id, second).unwrap();
    merged(&mut world, first, second);
    assert!(!world.enrollment(theirs).is_open());
    assert_eq!(world.see(first).enrolled[&id].id, own);
}

#[test]
fn bulk_actions_enroll_and_take_out_and_count_who_changed() {
    let mut world = World::new();
    let (id, contact, blocked) = (
        world.sequence(&hello_and_bye(), &json!({})),
        world.contact(ANA),
        world.contact(BEA),
    );
    world
        .decide(|set, ctx| contacts::block(set, ctx, blocked))
        .unwrap();
    let mut act = |contact, action: BulkAction| world.decide(|set, ctx| apply(set, ctx, contact, &action));
    assert!(act(contact, BulkAction::Enroll(id)).unwrap());
    assert!(!act(contact, BulkAction::Enroll(id)).unwrap(), "in it already");
    assert_eq!(code(act(blocked, BulkAction::Enroll(id))), Code::ContactBlocked);
    assert!(act(contact, BulkAction::Unenroll(id)).unwrap());
    assert!(!act(contact, BulkAction::Unenroll(id)).unwrap());
}

#[test]
fn an_erased_contact_stays_a_number_in_the_funnel() {
    let mut world = World::new();
    let (id, contact) = (world.sequence(&hello_and_bye(), &json!({})), world.contact(ANA));
    let enrollment = world.enroll(id, contact).unwrap();
    world
        .decide(|set, ctx| erasure::begin(set, ctx, contact, &[]))
        .unwrap();
    let left = world.only_enrollment();
    assert_eq!((left.id, left.state.stage()), (enrollment, Stage::Exited));
    assert!(!serde_json::to_string(&left).unwrap().contains("4155550100"));
}

#[test]
fn months_are_simulated_by_the_rules_that_run_them_and_nothing_is_kept() {
    let mut world = World::new();
    let when = json!({"message": {"step": "hello", "was": "read"}});
    let mut steps = json!([
        sends("hello", "offer"),
        waits("wait", 30),
        asks("read?", &when, Some("warm"), Some("cold")),
        sends("warm", "receipt"),
        waits("long", 300),
        sends("cold", "offer"),
    ]);
    steps[3]["next"] = "end".into();
    steps[2]["does"]["condition"]["no"] = "long".into();
    let id = world.draft_sequence(&drip(&steps, &json!({}))).unwrap();
    let contact = world.contact(ANA);
    let before = world.records.clone();
    let of = |run: &SimulatedRun| -> Vec<(String, i64)> {
        let days = |step: &tertulia_core::sequence::SimulatedStep| (step.at - noon()).num_days();
        run.steps
            .iter()
            .map(|step| (step.step.clone(), days(step)))
            .collect()
    };
    let read = rehearse(&mut world, id, contact, Assume::Read);
    assert_eq!(
        of(&read),
        [
            ("hello".into(), 0),
            ("wait".into(), 0),
            ("read?".into(), 30),
            ("warm".into(), 30)
        ]
    );
    assert_eq!(read.steps[0].text.as_deref(), Some("Olá Ana"));
    assert_eq!(
        (read.steps[2].branch, read.finished_at),
        (Some(true), Some(noon() + TimeDelta::days(30)))
    );
    let delivered = rehearse(&mut world, id, contact, Assume::Delivered);
    assert_eq!(
        of(&delivered),
        [
            ("hello".into(), 0),
            ("wait".into(), 0),
            ("read?".into(), 30),
            ("long".into(), 30),
            ("cold".into(), 330)
        ]
    );
    let failed = rehearse(&mut world, id, contact, Assume::Failed);
    assert_eq!(failed.steps[2].branch, Some(false));
    assert_eq!(failed.finished_at, Some(noon() + TimeDelta::days(330)));
    assert_eq!(world.records, before);
    assert_eq!(world.now, noon());
}

#[test]
fn a_simulation_says_who_is_left_out_and_what_would_keep_it_waiting() {
    let mut world = World::with(|settings| {
        settings.quiet_hours =
            serde_json::from_value(json!({"from": "11:00:00", "until": "13:00:00"})).unwrap();
    });
    let steps = json!([sends("hello", "offer"), waits("wait", 1), sends("bye", "receipt")]);
    let id = world
        .draft_sequence(&drip(&steps, &json!({"goals": [{"tag": "bought"}]})))
        .unwrap();
    let (contact, bought) = (world.contact(ANA), world.contact(BEA));
    tag(&mut world, bought, "bought");
    let refused = rehearse(&mut world, id, bought, Assume::Delivered);
    assert_eq!(refused.refusal.unwrap().code, "sequence.goal_reached");
    let nobody = ContactId(uuid::Uuid::from_u128(99));
    let refused = rehearse(&mut world, id, nobody, Assume::Delivered);
    assert_eq!(refused.refusal.unwrap().code, "contact.not_found");

    // Quiet hours put off, and so all that follows.
    let run = rehearse(&mut world, id, contact, Assume::Delivered);
    assert_eq!(run.steps[0].at, noon() + TimeDelta::hours(1));
    assert_eq!(run.finished_at, Some(noon() + TimeDelta::hours(25)));
    world.now = noon() + TimeDelta::hours(2);
    world.send(&template_to(contact, "offer")).unwrap();
    world.now += TimeDelta::hours(1);
    let run = rehearse(&mut world, id, contact, Assume::Delivered);
    assert_eq!(run.steps[0].skip, Some(SkipReason::Capped));
    assert!(run.finished_at.is_some());

    world.set_template("offer", "MARKETING", "PAUSED");
    let run = rehearse(&mut world, id, contact, Assume::Delivered);
    assert_eq!((run.steps.len(), run.finished_at), (1, None));
    let reason = run.steps[0].reason.clone().unwrap();
    assert!(reason.contains("offer"), "{reason}");
    world.set_template("offer", "MARKETING", "APPROVED");
    let mut sender: tertulia_core::account::Account = world.get(&Key::Account {
        org: ORG,
        account: SHOP,
    });
    sender.state = tertulia_core::account::AccountState::Disabled;
    world.store(sender);
    let run = rehearse(&mut world, id, contact, Assume::Delivered);
    let reason = run.steps[0].reason.clone().unwrap();
    assert!(reason.contains("may not send"), "{reason}");
}

#[test]
fn rows_of_steps_do_not_count_for_broadcasts() {
    let mut world = World::new();
    let (id, contact) = (world.sequence(&hello_and_bye(), &json!({})), world.contact(ANA));
    let enrollment = world.enroll(id, contact).unwrap();
    world.send_step(enrollment);
    world.now += TimeDelta::minutes(1);
    let broadcast = world.launch("receipt");
    let row = world.row_of(broadcast, contact);
    assert_eq!(row.state, DispatchState::Pending);
    // A reply is counted for the later of the two.
    let flight = world.begin(row.id).unwrap();
    world.land(&flight, &accepted("out.9"));
    world.told(says(&ana(), "in.1", 120, "hi"));
    let replied: Vec<bool> = [
        row.id,
        world
            .all::<Dispatch>()
            .iter()
            .find(|row| row.step.is_some())
            .unwrap()
            .id,
    ]
    .map(|row| world.row(row).replied)
    .to_vec();
    assert_eq!(replied, [true, false]);
}
