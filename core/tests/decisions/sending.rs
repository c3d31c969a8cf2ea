//! From the gate to the last word of the platform.

use chrono::TimeDelta;
use tertulia_core::account::{Account, AccountState};
use tertulia_core::broadcast::{Bucket, Stats};
use tertulia_core::consent::Scope;
use tertulia_core::contact::Contact;
use tertulia_core::conversation::Author;
use tertulia_core::decide::contacts::{ConsentRequest, NewContact, set_consent};
use tertulia_core::decide::sending::{
    Begun, Flight, SendRequest, begin, expire, explain, land, resend, send,
};
use tertulia_core::error::Code;
use tertulia_core::gate::Lift;
use tertulia_core::ids::{ContactId, DispatchId};
use tertulia_core::journal::What;
use tertulia_core::ledger::{
    Accepted, Dispatch, DispatchState, Outcome, SEND_WITHIN, SkipReason, StateName, UNKNOWN_AFTER,
};
use tertulia_core::message::{DeliveryStatus, StatusKind};
use tertulia_core::record::Key;
use tertulia_core::retry::{FailureClass, LimitScope};
use tertulia_core::template::TemplateParameters;

use crate::harness::*;

const ANA: &str = "919876543210";
const DAY: TimeDelta = TimeDelta::hours(24);

fn with_ana() -> (World, ContactId) {
    let mut world = World::new();
    let id = world.contact(&format!("+{ANA}"));
    (world, id)
}

fn refused(world: &mut World, request: &SendRequest) -> Code {
    world.send(request).unwrap_err().code()
}

fn state(world: &World, dispatch: DispatchId) -> StateName {
    world.row(dispatch).state.name()
}

/// A broadcast to Ana whose row is on the wire.
fn in_flight(template: &str) -> (World, ContactId, Flight) {
    let (mut world, id) = with_ana();
    let broadcast = world.launch(template);
    let flight = world.begin(world.row_of(broadcast, id).id).unwrap();
    (world, id, flight)
}

#[test]
fn a_send_is_durable_before_the_socket_with_its_message_slot_and_deadline() {
    let (mut world, id) = with_ana();
    let flight = world.send(&template_to(id, "offer")).unwrap();
    let row = world.row(flight.dispatch);
    assert_eq!(row.state, DispatchState::Sending { since: noon() });
    assert_eq!((row.attempts, row.attempt), (1, Some(flight.attempt)));
    assert_eq!(flight.send_by, noon() + SEND_WITHIN);
    assert_eq!(world.slot(id).unwrap().attempt, flight.attempt);
    let key = Key::Message {
        org: ORG,
        message: row.message.unwrap(),
    };
    let message: tertulia_core::conversation::Message = world.get(&key);
    assert_eq!(message.content.words(), Some("Olá Ana"));
    assert_eq!(message.delivery.status(), DeliveryStatus::Queued);
    assert_eq!(world.see(id).last_interaction, Some(noon()));
    assert_eq!(
        world.journaled(|what| matches!(what, What::MessageSent { .. })),
        1
    );
}

#[test]
fn a_send_is_refused_with_the_gravest_rule_and_changes_nothing() {
    let mut world = World::new();
    let never_in = world.create(&named("+351912345678")).unwrap();
    // Not opted in, and no window: the first is graver.
    assert_eq!(
        refused(&mut world, &text_to(never_in, "hi")),
        Code::ConsentNotOptedIn
    );
    let ana = world.contact(&format!("+{ANA}"));
    assert_eq!(refused(&mut world, &text_to(ana, "hi")), Code::WindowClosed);
    world.set_template("offer", "MARKETING", "PAUSED");
    assert_eq!(
        refused(&mut world, &template_to(ana, "offer")),
        Code::TemplateNotApproved
    );
    assert_eq!(
        refused(&mut world, &template_to(ana, "unheard_of")),
        Code::TemplateNotFound
    );
    world.told(says(&person(&[phone(ANA)]), "m1", 1, "stop"));
    assert_eq!(
        refused(&mut world, &template_to(ana, "offer")),
        Code::ConsentOptedOut
    );
    let unknown = ContactId(uuid::Uuid::nil());
    assert_eq!(
        refused(&mut world, &text_to(unknown, "hi")),
        Code::ContactNotFound
    );
    assert!(world.all::<Dispatch>().is_empty());
}

#[test]
fn the_sender_is_the_one_last_written_to_unless_named() {
    let (mut world, id) = with_ana();
    let nowhere = SendRequest {
        account: None,
        ..text_to(id, "hi")
    };
    assert_eq!(refused(&mut world, &nowhere), Code::AccountNotFound);
    world.told(says(&person(&[phone(ANA)]), "m1", -60, "hello"));
    assert_eq!(world.send(&nowhere).unwrap().account.id, SHOP);
    let elsewhere = SendRequest {
        account: Some(HELPDESK),
        ..text_to(id, "hi")
    };
    assert_eq!(
        refused(&mut world, &elsewhere),
        Code::WindowClosed,
        "a window is with one sender"
    );
}

#[test]
fn explain_names_every_rule_that_says_no_and_when_it_would_say_yes() {
    let (mut world, id) = with_ana();
    world.send(&template_to(id, "offer")).unwrap();
    let mut account: Account = world.get(&Key::Account {
        org: ORG,
        account: SHOP,
    });
    account.state = AccountState::Held { until: at(90) };
    world.store(account);
    let why = world
        .decide(|set, ctx| explain(set, ctx, &template_to(id, "offer")))
        .unwrap();
    assert!(!why.allowed);
    let said: Vec<_> = why
        .denials
        .iter()
        .map(|denial| (denial.code, denial.lifts.clone()))
        .collect();
    let expected = [
        (Code::AccountNotSending, Lift::At(at(90))),
        (Code::CapReached, Lift::At(noon() + DAY)),
    ];
    assert_eq!(said, expected);
    let free = world
        .decide(|set, ctx| explain(set, ctx, &template_to(id, "receipt")))
        .unwrap();
    assert_eq!(free.denials.len(), 1);
}

#[test]
fn a_contact_gets_one_marketing_template_in_24_hours_and_the_next_at_exactly_24() {
    let (mut world, id) = with_ana();
    world.send(&template_to(id, "offer")).unwrap();
    for name in ["receipt", "code"] {
        assert!(world.send(&template_to(id, name)).is_ok(), "{name} is not capped");
    }
    world.now = noon() + DAY - TimeDelta::seconds(1);
    assert_eq!(refused(&mut world, &template_to(id, "offer")), Code::CapReached);
    world.now = noon() + DAY;
    assert!(world.send(&template_to(id, "offer")).is_ok());
}

#[test]
fn of_two_marketing_sends_that_race_one_commits_and_the_other_is_capped() {
    let (mut world, id) = with_ana();
    let request = template_to(id, "offer");
    let (first, one) = world.plan(|set, ctx| send(set, ctx, &request));
    let (second, other) = world.plan(|set, ctx| send(set, ctx, &request));
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(world.commit(one), Ok(()));
    assert_eq!(world.commit(other), Err(Conflict));
    assert_eq!(refused(&mut world, &request), Code::CapReached);
}

#[test]
fn a_stop_that_commits_first_wins_over_a_send_decided_before() {
    let (mut world, id) = with_ana();
    let request = template_to(id, "receipt");
    let (_, decided) = world.plan(|set, ctx| send(set, ctx, &request));
    world.told(says(&person(&[phone(ANA)]), "m1", 1, "stop"));
    assert_eq!(world.commit(decided), Err(Conflict));
}

#[test]
fn a_setting_or_template_that_changes_meanwhile_makes_a_decision_be_made_again() {
    let (mut world, id) = with_ana();
    let request = template_to(id, "offer");
    let (_, decided) = world.plan(|set, ctx| send(set, ctx, &request));
    let mut changed = world.clone();
    changed.set_template("offer", "UTILITY", "APPROVED");
    assert_eq!(changed.commit(decided.clone()), Err(Conflict));
    let org: tertulia_core::record::Org = world.get(&Key::Org { org: ORG });
    world.store(org);
    assert_eq!(world.commit(decided), Err(Conflict));
}

#[test]
fn a_refusal_gives_the_slot_back_and_a_late_failure_keeps_it() {
    let not_on_whatsapp = || failure(FailureClass::RecipientInvalid, "131026");
    for outcome in [
        Outcome::Refused(not_on_whatsapp()),
        Outcome::NotSent(not_on_whatsapp()),
    ] {
        let (mut world, id) = with_ana();
        let flight = world.send(&template_to(id, "offer")).unwrap();
        assert_eq!(world.land(&flight, &outcome), DispatchState::Failed);
        assert!(world.slot(id).is_none());
        assert!(world.send(&template_to(id, "offer")).is_ok());
    }
    let (mut world, id) = with_ana();
    let flight = world.send(&template_to(id, "offer")).unwrap();
    world.land(&flight, &accepted("out.1"));
    world.told(became("out.1", 5, StatusKind::Failed(not_on_whatsapp()), None));
    assert_eq!(state(&world, flight.dispatch), StateName::Failed);
    assert_eq!(refused(&mut world, &template_to(id, "offer")), Code::CapReached);
}

#[test]
fn a_slot_that_another_attempt_took_is_not_given_back() {
    let (mut world, id, flight) = in_flight("offer");
    world.land(
        &flight,
        &Outcome::Unknown {
            detail: "reset".to_owned(),
        },
    );
    world.now = noon() + DAY;
    let later = world.send(&template_to(id, "offer")).unwrap();
    world.land(
        &flight,
        &Outcome::Refused(failure(FailureClass::BadRequest, "100")),
    );
    assert_eq!(world.slot(id).unwrap().attempt, later.attempt);
}

#[test]
fn a_slot_that_a_clock_ahead_took_anew_is_given_back_to_who_had_it() {
    let turned_away = || Outcome::Refused(failure(FailureClass::RecipientInvalid, "131026"));
    let (mut world, id, first) = in_flight("offer");
    world.land(&first, &accepted("out.1"));
    // By a clock that is a day ahead, and another that is two.
    world.now = noon() + DAY;
    let second = world.send(&template_to(id, "offer")).unwrap();
    world.now = noon() + DAY + DAY;
    let third = world.send(&template_to(id, "offer")).unwrap();
    world.now = noon() + TimeDelta::hours(1);
    world.land(&third, &turned_away());
    world.land(&second, &turned_away());
    assert_eq!(world.slot(id).unwrap().attempt, first.attempt);
    assert_eq!(refused(&mut world, &template_to(id, "offer")), Code::CapReached);
}

#[test]
fn the_answer_says_the_platforms_own_spelling_which_the_next_message_goes_to() {
    let mut world = World::new();
    let id = world.contact("+525512345678");
    let flight = world.send(&template_to(id, "receipt")).unwrap();
    assert_eq!(flight.to, phone("+525512345678"));
    let receipt = Accepted {
        provider_id: "out.1".to_owned(),
        addresses: vec![phone("5215512345678"), bsuid("MX.1")],
        held: true,
    };
    world.land(&flight, &Outcome::Accepted(receipt));
    assert_eq!(world.message("out.1").delivery.status(), DeliveryStatus::Held);
    assert_eq!(
        world.send(&template_to(id, "receipt")).unwrap().to,
        phone("5215512345678")
    );
    assert_eq!(world.holder(&bsuid("MX.1")).unwrap().id, id);
}

#[test]
fn a_worker_sends_only_what_it_still_holds() {
    let (mut world, id) = with_ana();
    let row = world.launch("offer");
    let row = world.row_of(row, id).id;
    let stale = world.lease(row);
    world.now = at(61);
    let epoch = world.lease(row);
    assert_eq!(
        world
            .decide(|set, ctx| begin(set, ctx, row, stale).map(Begun::flight))
            .unwrap(),
        None
    );
    assert_eq!(state(&world, row), StateName::Leased);
    assert!(
        world
            .decide(|set, ctx| begin(set, ctx, row, epoch).map(Begun::flight))
            .unwrap()
            .is_some()
    );
    assert_eq!(
        world
            .decide(|set, ctx| begin(set, ctx, row, epoch).map(Begun::flight))
            .unwrap(),
        None,
        "it is sent once"
    );
}

#[test]
fn an_opt_out_between_lease_and_begin_is_obeyed() {
    let (mut world, id) = with_ana();
    let broadcast = world.launch("offer");
    let row = world.row_of(broadcast, id).id;
    let epoch = world.lease(row);
    let (decided, changes) = world.plan(|set, ctx| begin(set, ctx, row, epoch).map(Begun::flight));
    assert!(decided.unwrap().is_some());
    world.told(says(&person(&[phone(ANA)]), "m1", 1, "stop"));
    assert_eq!(world.commit(changes), Err(Conflict));
    assert_eq!(
        world
            .decide(|set, ctx| begin(set, ctx, row, epoch).map(Begun::flight))
            .unwrap(),
        None
    );
    assert_eq!(
        world.row(row).state,
        DispatchState::Skipped {
            reason: SkipReason::OptedOut
        }
    );
}

#[test]
fn a_recipient_is_checked_again_at_the_moment_of_sending() {
    let skipped = |change: fn(&mut World, ContactId)| {
        let (mut world, id) = with_ana();
        let broadcast = world.launch("offer");
        change(&mut world, id);
        let row = world.row_of(broadcast, id).id;
        assert_eq!(world.begin(row), None);
        match world.row(row).state {
            DispatchState::Skipped { reason } => reason,
            other => panic!("{other:?}"),
        }
    };
    let reason = skipped(|world, id| {
        world
            .decide(|set, ctx| tertulia_core::decide::contacts::set_active(set, ctx, id, false))
            .unwrap();
    });
    assert_eq!(reason, SkipReason::Inactive);
    let reason = skipped(|world, id| {
        let mut contact = world.see(id);
        contact.identities.clear();
        world.store(contact);
    });
    assert_eq!(reason, SkipReason::NoAddress);
    let reason = skipped(|world, _| {
        world.told(prefers(
            &person(&[phone(ANA)]),
            1,
            tertulia_core::inbound::PreferenceChoice::Stop,
        ));
    });
    assert_eq!(reason, SkipReason::OptedOut);
    let reason = skipped(|world, id| {
        world.send(&template_to(id, "offer")).unwrap();
    });
    assert_eq!(reason, SkipReason::Capped);
    let reason = skipped(|world, id| {
        let nameless = Contact {
            name: None,
            ..world.see(id)
        };
        world.store(nameless);
    });
    assert_eq!(reason, SkipReason::MissingValue);
}

#[test]
fn the_category_at_the_moment_of_sending_decides_about_the_cap() {
    let (mut world, id) = with_ana();
    world.send(&template_to(id, "offer")).unwrap();
    let broadcast = world.launch("receipt");
    world.set_template("receipt", "MARKETING", "APPROVED");
    let row = world.row_of(broadcast, id).id;
    assert_eq!(world.begin(row), None);
    assert_eq!(
        world.row(row).state,
        DispatchState::Skipped {
            reason: SkipReason::Capped
        }
    );
}

#[test]
fn a_sender_that_may_not_send_makes_recipients_wait_and_uses_none_up() {
    let held_until = at(500);
    let states = [
        (AccountState::Held { until: held_until }, held_until),
        (AccountState::Disabled, at(60)),
    ];
    for (state, next) in states {
        let (mut world, id) = with_ana();
        let broadcast = world.launch("offer");
        let account: Account = world.get(&Key::Account {
            org: ORG,
            account: SHOP,
        });
        world.store(Account {
            state,
            ..account.clone()
        });
        let row = world.row_of(broadcast, id).id;
        let journaled = world.journal.len();
        assert_eq!(world.begin(row), None);
        let waiting = world.row(row);
        assert_eq!(
            (waiting.state, waiting.not_before, waiting.attempts),
            (DispatchState::Pending, next, 0)
        );
        assert_eq!(world.journal.len(), journaled, "waiting is no event");
        world.store(account);
        world.now = next;
        assert!(world.begin(row).is_some());
    }
}

#[test]
fn a_failure_of_the_sender_stops_or_holds_it_and_the_recipient_waits() {
    let (mut world, _, flight) = in_flight("offer");
    world.land(
        &flight,
        &Outcome::Refused(failure(FailureClass::KeyRefused, "190")),
    );
    let account: Account = world.get(&Key::Account {
        org: ORG,
        account: SHOP,
    });
    assert!(matches!(account.state, AccountState::Stopped { .. }));
    assert_eq!(state(&world, flight.dispatch), StateName::Pending);

    let (mut world, _, flight) = in_flight("offer");
    let limited = failure(FailureClass::RateLimited(LimitScope::Number), "130429");
    world.land(&flight, &Outcome::NotSent(limited));
    let account: Account = world.get(&Key::Account {
        org: ORG,
        account: SHOP,
    });
    assert_eq!(account.state, AccountState::Held { until: at(1) });
    assert_eq!(world.row(flight.dispatch).not_before, at(1));
    world.now = at(1);
    assert!(world.begin(flight.dispatch).is_some());
}

#[test]
fn a_retry_is_a_new_attempt_at_the_same_message() {
    let (mut world, id, first) = in_flight("offer");
    let passing = || Outcome::NotSent(failure(FailureClass::Transient, "131016"));
    assert_eq!(world.land(&first, &passing()), DispatchState::Pending);
    assert!(
        world.slot(id).is_none(),
        "while it waits, another may have the slot"
    );
    let row = world.row(first.dispatch);
    assert_eq!((row.attempts, row.not_before), (1, at(2)));
    world.now = at(2);
    let second = world.begin(first.dispatch).unwrap();
    assert_ne!(second.attempt, first.attempt);
    assert_eq!(world.row(first.dispatch).message, row.message);
    assert_eq!(world.all::<tertulia_core::conversation::Message>().len(), 1);
    // The answer to the first attempt comes late: it is not that of the second.
    assert_eq!(world.land(&first, &passing()).name(), StateName::Sending);
    world.land(&second, &accepted("out.1"));
    let row = world.row(first.dispatch);
    assert_eq!((row.state.name(), row.failure), (StateName::Accepted, None));
}

#[test]
fn a_passing_fault_that_stays_ends_as_a_failure() {
    let (mut world, _, mut flight) = in_flight("offer");
    let mut attempts = 1;
    while world.land(&flight, &Outcome::Refused(failure(FailureClass::Transient, "2")))
        == DispatchState::Pending
    {
        attempts += 1;
        world.now = world.row(flight.dispatch).not_before;
        flight = world.begin(flight.dispatch).unwrap();
    }
    assert_eq!(attempts, 5);
    assert_eq!(world.row(flight.dispatch).failure.unwrap().code, "2");
}

#[test]
fn what_somebody_waits_for_is_never_retried_behind_their_back() {
    let classes = [
        FailureClass::Transient,
        FailureClass::Unreachable,
        FailureClass::RateLimited(LimitScope::Pair),
        FailureClass::RateLimited(LimitScope::Number),
        FailureClass::AuthOrConfig,
    ];
    for class in classes {
        let (mut world, id) = with_ana();
        let flight = world.send(&template_to(id, "offer")).unwrap();
        let row = world.land(&flight, &Outcome::NotSent(failure(class, "x")));
        assert_eq!(row, DispatchState::Failed, "{class:?}");
        let messages = world.all::<tertulia_core::conversation::Message>();
        assert_eq!(messages[0].delivery.status(), DeliveryStatus::Failed);
    }
}

#[test]
fn an_attempt_without_an_answer_is_unknown_and_ends_unconfirmed() {
    let (mut world, _, flight) = in_flight("offer");
    let due = |world: &World| world.row(flight.dispatch).due();
    let pass = |world: &mut World, now| {
        world.now = now;
        world
            .decide(|set, ctx| expire(set, ctx, flight.dispatch))
            .unwrap();
        state(world, flight.dispatch)
    };
    assert_eq!(due(&world), Some(noon() + UNKNOWN_AFTER));
    assert_eq!(
        pass(&mut world, noon() + UNKNOWN_AFTER - TimeDelta::seconds(1)),
        StateName::Sending
    );
    assert_eq!(pass(&mut world, noon() + UNKNOWN_AFTER), StateName::Unknown);
    let end = noon() + TimeDelta::days(30);
    assert_eq!(due(&world), Some(end));
    assert_eq!(pass(&mut world, end - TimeDelta::seconds(1)), StateName::Unknown);
    assert_eq!(pass(&mut world, end), StateName::Unconfirmed);
    assert_eq!(due(&world), None);
    // A status settles it even then.
    world.told(became("out.1", 5, StatusKind::Delivered, Some(flight.attempt)));
    assert_eq!(state(&world, flight.dispatch), StateName::Delivered);
}

#[test]
fn a_lost_answer_is_settled_by_the_status_that_carries_our_correlation() {
    let (mut world, _, flight) = in_flight("offer");
    world.land(
        &flight,
        &Outcome::Unknown {
            detail: "reset".to_owned(),
        },
    );
    assert_eq!(state(&world, flight.dispatch), StateName::Unknown);
    world.told(became("out.1", 5, StatusKind::Sent, Some(flight.attempt)));
    let row = world.row(flight.dispatch);
    assert_eq!((row.state.name(), row.failure), (StateName::Sent, None));
    // The worker that lost the answer cannot take that back.
    world.land(
        &flight,
        &Outcome::Unknown {
            detail: "again".to_owned(),
        },
    );
    assert_eq!(state(&world, flight.dispatch), StateName::Sent);
}

#[test]
fn an_authentication_template_is_given_up_after_its_ten_minutes() {
    let (mut world, id) = with_ana();
    let flight = world.send(&template_to(id, "code")).unwrap();
    assert_eq!(world.row(flight.dispatch).settles_within_seconds, 600);
    let mut short = World::with(|settings| settings.unknown_after_seconds = 60);
    let id = short.contact(&format!("+{ANA}"));
    for name in ["code", "offer"] {
        let flight = short.send(&template_to(id, name)).unwrap();
        assert_eq!(short.row(flight.dispatch).settles_within_seconds, 60);
    }
}

#[test]
fn only_an_unconfirmed_row_of_a_broadcast_is_sent_again_and_only_by_choice() {
    let (mut world, id, flight) = in_flight("receipt");
    let again = |world: &mut World, dispatch| {
        world
            .decide(|set, ctx| resend(set, ctx, dispatch))
            .map_err(|error| error.code())
    };
    assert_eq!(again(&mut world, flight.dispatch), Err(Code::MessageInvalid));
    let first = world.row(flight.dispatch).message;
    world.store(Dispatch {
        state: DispatchState::Unconfirmed,
        ..world.row(flight.dispatch)
    });
    assert_eq!(again(&mut world, flight.dispatch), Ok(()));
    let second = world.begin(flight.dispatch).unwrap();
    assert_ne!(world.row(flight.dispatch).message, first);
    // What the first attempt turns out to have been is not the second's.
    world.told(became("out.1", 5, StatusKind::Delivered, Some(flight.attempt)));
    assert_eq!(state(&world, second.dispatch), StateName::Sending);

    let by_hand = world.send(&template_to(id, "receipt")).unwrap();
    world.store(Dispatch {
        state: DispatchState::Unconfirmed,
        ..world.row(by_hand.dispatch)
    });
    assert_eq!(again(&mut world, by_hand.dispatch), Err(Code::MessageInvalid));
}

#[test]
fn nothing_that_a_platform_says_makes_a_skipped_row_a_sent_one() {
    let (mut world, _, flight) = in_flight("offer");
    let skipped = DispatchState::Skipped {
        reason: SkipReason::OptedOut,
    };
    world.store(Dispatch {
        state: skipped.clone(),
        ..world.row(flight.dispatch)
    });
    world.told(became("out.1", 5, StatusKind::Read, Some(flight.attempt)));
    assert_eq!(world.row(flight.dispatch).state, skipped);
}

#[test]
fn an_answer_about_a_row_that_is_not_there_is_an_error() {
    let (mut world, _, flight) = in_flight("offer");
    world.records.remove(&Key::Dispatch {
        org: ORG,
        dispatch: flight.dispatch,
    });
    let (landed, _) =
        world.plan(|set, ctx| land(set, ctx, flight.dispatch, flight.attempt, &accepted("out.1")));
    assert_eq!(landed.unwrap_err().code(), Code::MessageNotFound);
}

#[test]
fn the_launch_fixes_who_gets_it_and_names_why_others_do_not() {
    let (mut world, ana) = with_ana();
    let out = world.contact("+351912345678");
    let opt_out = ConsentRequest {
        opt_in: false,
        scope: Scope::EVERYTHING,
        proof: None,
        at: None,
    };
    world
        .decide(|set, ctx| set_consent(set, ctx, out, &opt_out))
        .unwrap();
    let unasked = world.create(&named("+351912345679")).unwrap();
    let mail = NewContact {
        email: Some("ana@example.com".to_owned()),
        phone: None,
        opted_in: Some(true),
        ..named("")
    };
    let mail = world.create(&mail).unwrap();
    let broadcast = world.launch("offer");
    let state = |id| world.row_of(broadcast, id).state;
    let skipped = |reason| DispatchState::Skipped { reason };
    assert_eq!(state(ana), DispatchState::Pending);
    assert_eq!(state(out), skipped(SkipReason::OptedOut));
    assert_eq!(state(unasked), skipped(SkipReason::NotOptedIn));
    assert_eq!(state(mail), skipped(SkipReason::NoAddress));
    let mut funnel = Stats::default();
    for row in world.all::<Dispatch>() {
        assert_eq!(row.origin, Author::Broadcast(broadcast));
        let reason = match row.state {
            DispatchState::Skipped { reason } => Some(reason.as_str().to_owned()),
            _ => None,
        };
        let bucket = Bucket {
            state: row.state.name(),
            reason,
            accepted: row.accepted,
            replied: row.replied,
            opted_out_after: row.opted_out_after,
            step: None,
        };
        funnel.add(&bucket, 1);
    }
    assert_eq!((funnel.total, funnel.pending, funnel.skipped_total()), (4, 1, 3));
}

#[test]
fn a_broadcast_is_refused_while_its_template_is_not_approved_or_was_launched_before() {
    use tertulia_core::decide::broadcasts::{NewBroadcast, create, launch, update};
    let (mut world, _) = with_ana();
    let broadcast = world.launch("offer");
    let again = world
        .decide(|set, ctx| launch(set, ctx, broadcast, 1))
        .unwrap_err();
    assert_eq!(again.code(), Code::BroadcastNotDraft);
    let new = |name: &str| NewBroadcast {
        name: name.to_owned(),
        account: SHOP,
        template: "offer".to_owned(),
        language: "pt_BR".parse().unwrap(),
        parameters: serde_json::from_value(serde_json::json!({"body": [{"type": "text", "text": "you"}]}))
            .unwrap(),
        target: tertulia_core::selection::Selection::Filter(tertulia_core::filter::Filter::Everyone),
    };
    let late = world
        .decide(|set, ctx| update(set, ctx, broadcast, &new("x")))
        .unwrap_err();
    assert_eq!(late.code(), Code::BroadcastNotDraft);
    let cases = [
        (new(" "), Code::BroadcastInvalid),
        (
            NewBroadcast {
                template: "none".to_owned(),
                ..new("x")
            },
            Code::TemplateNotFound,
        ),
        (
            NewBroadcast {
                parameters: TemplateParameters::default(),
                ..new("x")
            },
            Code::TemplateParameterCount,
        ),
    ];
    for (new, code) in cases {
        assert_eq!(
            world
                .decide(|set, ctx| create(set, ctx, &new))
                .unwrap_err()
                .code(),
            code
        );
    }
    world.set_template("offer", "MARKETING", "PAUSED");
    let draft = world.decide(|set, ctx| create(set, ctx, &new("later"))).unwrap();
    let early = world.decide(|set, ctx| launch(set, ctx, draft, 1)).unwrap_err();
    assert_eq!(early.code(), Code::TemplateNotApproved);
}
