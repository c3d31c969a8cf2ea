//! Who waits for what, when a platform says that it is too much.

use chrono::TimeDelta;
use tertulia_core::account::{Account, AccountState, SenderLimit};
use tertulia_core::consent::Scope;
use tertulia_core::decide::contacts::{ConsentRequest, set_consent};
use tertulia_core::decide::senders::waits;
use tertulia_core::decide::sending::{Begun, Flight, SendRequest, again, begin};
use tertulia_core::error::Code;
use tertulia_core::ids::{AccountId, ContactId, DispatchId};
use tertulia_core::ledger::{Dispatch, DispatchState, Outcome, StateName};
use tertulia_core::record::Key;
use tertulia_core::retry::{FailureClass, LimitScope};

use crate::harness::*;

const ANA: &str = "919876543210";

fn account(world: &World, account: AccountId) -> Account {
    world.get(&Key::Account { org: ORG, account })
}

/// Two senders of one business account, and one of another, with Ana.
fn world() -> (World, AccountId, ContactId) {
    let mut world = World::new();
    for id in [SHOP, HELPDESK] {
        let of_business = Account {
            business_id: Some("waba".to_owned()),
            ..account(&world, id)
        };
        world.store(of_business);
    }
    let foreign = AccountId(uuid::Uuid::from_u128(4));
    let other = Account {
        id: foreign,
        business_id: Some("another".to_owned()),
        ..account(&world, SHOP)
    };
    world.store(other);
    let id = world.contact(&format!("+{ANA}"));
    (world, foreign, id)
}

fn launched(world: &mut World, contact: ContactId) -> Flight {
    let broadcast = world.launch("offer");
    let row = world.row_of(broadcast, contact).id;
    world.begin(row).unwrap()
}

#[test]
fn a_limit_holds_all_senders_that_it_counts_and_no_other() {
    let (minute, quarter) = (at(60), at(900));
    let midnight = at(12 * 3600);
    for (scope, until, all) in [
        (LimitScope::Number, at(1), false),
        (LimitScope::Account, minute, true),
        (LimitScope::App, quarter, true),
        (LimitScope::Day, midnight, true),
    ] {
        let (mut world, foreign, id) = world();
        let flight = launched(&mut world, id);
        let limited = failure(FailureClass::RateLimited(scope), "x");
        world.land(&flight, &Outcome::NotSent(limited));
        let held = AccountState::Held { until };
        let state = |id| account(&world, id).state;
        assert_eq!(state(SHOP), held, "{scope:?}");
        assert_eq!(state(HELPDESK) == held, all, "{scope:?}");
        assert_eq!(state(foreign), AccountState::Active, "{scope:?}");
        let row = world.row(flight.dispatch);
        assert_eq!((row.state, row.faults), (DispatchState::Pending, 0), "{scope:?}");
    }
}

#[test]
fn the_business_accounts_of_two_endpoints_are_not_one() {
    let (mut world, _, id) = world();
    let elsewhere = Account {
        endpoint: Some("another provider".to_owned()),
        ..account(&world, HELPDESK)
    };
    world.store(elsewhere);
    let flight = launched(&mut world, id);
    let limited = failure(FailureClass::RateLimited(LimitScope::Account), "80007");
    world.land(&flight, &Outcome::NotSent(limited));
    assert_eq!(account(&world, HELPDESK).state, AccountState::Active);
}

#[test]
fn a_sender_that_people_block_rests_for_hours_and_goes_on_by_itself() {
    let (mut world, _, id) = world();
    let mut flight = launched(&mut world, id);
    let mut waits = Vec::new();
    for _ in 0..3 {
        let before = world.now;
        world.land(
            &flight,
            &Outcome::NotSent(failure(FailureClass::LowQuality, "131048")),
        );
        let AccountState::Held { until } = account(&world, SHOP).state else {
            panic!("it is not held");
        };
        waits.push((until - before).num_hours());
        world.now = until;
        flight = world.begin(flight.dispatch).unwrap();
    }
    assert_eq!(waits, [1, 2, 4]);
    assert_eq!(account(&world, HELPDESK).state, AccountState::Active);
}

#[test]
fn a_pair_limit_waits_four_to_the_n_seconds_and_holds_no_sender() {
    let (mut world, _, id) = world();
    let mut flight = launched(&mut world, id);
    for wait in [1, 4, 16, 64] {
        let pair = failure(FailureClass::RateLimited(LimitScope::Pair), "131056");
        world.land(&flight, &Outcome::NotSent(pair));
        let row = world.row(flight.dispatch);
        assert_eq!(row.not_before, world.now + TimeDelta::seconds(wait));
        assert_eq!(account(&world, SHOP).state, AccountState::Active);
        world.now = row.not_before;
        flight = world.begin(flight.dispatch).unwrap();
    }
}

#[test]
fn a_refused_key_with_another_is_a_new_attempt_once_and_then_the_sender_stops() {
    let (mut world, _, id) = world();
    let first = launched(&mut world, id);
    let replaced = || Outcome::Refused(failure(FailureClass::KeyReplaced, "190"));
    assert_eq!(world.land(&first, &replaced()), DispatchState::Pending);
    assert_eq!(account(&world, SHOP).state, AccountState::Active);
    assert_eq!(world.row(first.dispatch).not_before, world.now);
    let second = world.begin(first.dispatch).unwrap();
    assert_ne!(second.attempt, first.attempt);
    assert_eq!(world.land(&second, &replaced()), DispatchState::Pending);
    let AccountState::Stopped { failure, .. } = account(&world, SHOP).state else {
        panic!("it goes on");
    };
    assert_eq!(failure.code, "190");
}

#[test]
fn another_attempt_by_hand_passes_the_gate_anew_and_keeps_row_and_message() {
    let (mut world, _, id) = world();
    let refused = failure(FailureClass::KeyReplaced, "190");
    let first = world.send(&template_to(id, "offer")).unwrap();
    let message = world.row(first.dispatch).message;
    let second = world
        .decide(|set, ctx| again(set, ctx, &first, &refused))
        .unwrap();
    assert_eq!(second.dispatch, first.dispatch);
    assert_ne!(second.attempt, first.attempt);
    let row = world.row(first.dispatch);
    assert_eq!(
        (row.state.name(), row.attempts, row.message),
        (StateName::Sending, 2, message)
    );
    assert_eq!(world.slot(id).unwrap().attempt, second.attempt);
    // The answer to the first attempt is not the second's.
    world.land(&first, &Outcome::Refused(refused.clone()));
    assert_eq!(world.row(first.dispatch).state.name(), StateName::Sending);
    // Refused with that key, too: nobody asks for ever.
    world.land(&second, &Outcome::Refused(refused.clone()));
    assert_eq!(world.slot(id), None);
    assert!(matches!(
        account(&world, SHOP).state,
        AccountState::Stopped { .. }
    ));

    // Whoever had the slot before has it again.
    let (mut world, _, id) = self::world();
    let before = world.send(&template_to(id, "offer")).unwrap();
    world.land(&before, &accepted("out.1"));
    world.now += TimeDelta::days(1);
    let first = world.send(&template_to(id, "offer")).unwrap();
    let second = world.decide(|set, ctx| again(set, ctx, &first, &refused));
    world.land(&second.unwrap(), &Outcome::Refused(refused.clone()));
    assert_eq!(world.slot(id).unwrap().attempt, before.attempt);

    let (mut world, _, id) = self::world();
    let first = world.send(&template_to(id, "offer")).unwrap();
    let opt_out = ConsentRequest {
        opt_in: false,
        scope: Scope::EVERYTHING,
        proof: None,
        at: None,
    };
    world
        .decide(|set, ctx| set_consent(set, ctx, id, &opt_out))
        .unwrap();
    let error = world
        .decide(|set, ctx| again(set, ctx, &first, &refused))
        .unwrap_err();
    assert_eq!(error.code(), Code::ConsentOptedOut);
    world.land(&first, &Outcome::Refused(refused));
    let row: Dispatch = world.row(first.dispatch);
    assert_eq!(row.state, DispatchState::Failed);
    assert_eq!(account(&world, SHOP).state, AccountState::Active);
}

/// The platform told how many people the business may begin to write to.
fn limited(world: &mut World, people: Option<u64>) {
    for id in [SHOP, HELPDESK] {
        let mut told = account(world, id);
        told.standing.limit = Some(SenderLimit {
            since: noon(),
            tier: "TIER".to_owned(),
            people_a_day: people,
        });
        world.store(told);
    }
}

fn people(world: &World, id: AccountId) -> u64 {
    account(world, id).begun.iter().map(|begun| begun.people).sum()
}

/// Some people, a broadcast to all of them, and its rows.
fn to_all(world: &mut World, count: usize) -> (Vec<ContactId>, Vec<DispatchId>) {
    let people: Vec<ContactId> = (0..count)
        .map(|n| world.contact(&format!("+3519123450{n:02}")))
        .collect();
    let broadcast = world.launch("receipt");
    let rows = people.iter().map(|id| world.row_of(broadcast, *id).id).collect();
    (people, rows)
}

#[test]
fn a_person_gets_the_next_message_of_a_broadcast_six_seconds_after_the_senders_last() {
    let (mut world, _, id) = world();
    let by_hand = world.send(&template_to(id, "receipt")).unwrap();
    world.land(&by_hand, &accepted("out.1"));
    let broadcast = world.launch("receipt");
    let row = world.row_of(broadcast, id).id;
    world.now = at(5);
    assert_eq!(world.begin(row), None);
    let waiting = world.row(row);
    assert_eq!(
        (waiting.state, waiting.not_before, waiting.attempts),
        (DispatchState::Pending, at(6), 0)
    );
    // Who writes by hand does not wait, and is waited for.
    world.send(&template_to(id, "receipt")).unwrap();
    world.now = at(6);
    assert_eq!(world.begin(row), None);
    assert_eq!(world.row(row).not_before, at(11));
    world.now = at(11);
    let flight = world.begin(row).unwrap();
    // What was refused is no message: the next attempt waits no longer than it says.
    let passing = failure(FailureClass::Transient, "131016");
    world.land(&flight, &Outcome::Refused(passing));
    world.now = at(13);
    assert!(world.begin(row).is_some());
}

#[test]
fn another_sender_need_not_wait_for_this_ones_pause() {
    let (mut world, _, id) = world();
    let request = SendRequest {
        account: Some(HELPDESK),
        ..template_to(id, "receipt")
    };
    world.send(&request).unwrap();
    let broadcast = world.launch("receipt");
    let row = world.row_of(broadcast, id).id;
    assert!(world.begin(row).is_some());
}

#[test]
fn who_is_above_the_days_number_of_people_waits_until_the_first_are_a_day_ago() {
    let (mut world, _, _) = world();
    limited(&mut world, Some(3));
    let (_, rows) = to_all(&mut world, 5);
    let flights: Vec<_> = rows.iter().map(|row| world.begin(*row)).collect();
    assert_eq!(
        flights.iter().map(Option::is_some).collect::<Vec<_>>(),
        [true, true, true, false, false]
    );
    // Ten minutes are counted together.
    let free = at(24 * 3600 + 600);
    let row = world.row(rows[3]);
    assert_eq!((row.state, row.not_before), (DispatchState::Pending, free));
    assert_eq!((row.attempts, people(&world, SHOP)), (0, 3));
    world.now = free - TimeDelta::seconds(1);
    world.store(Dispatch {
        not_before: at(0),
        ..world.row(rows[3])
    });
    assert_eq!(world.begin(rows[3]), None);
    world.now = free;
    assert!(world.begin(rows[3]).is_some());
    assert!(world.begin(rows[4]).is_some());
    assert_eq!(people(&world, SHOP), 2, "the first three are forgotten");
}

#[test]
fn the_days_people_are_counted_once_for_all_senders_of_the_business() {
    let (mut world, _, _) = world();
    limited(&mut world, Some(2));
    let (contacts, rows) = to_all(&mut world, 3);
    let by = |account, contact| SendRequest {
        account: Some(account),
        ..template_to(contact, "receipt")
    };
    world.send(&by(HELPDESK, contacts[0])).unwrap();
    world.now = at(60);
    assert!(world.begin(rows[0]).is_some(), "they count already");
    assert_eq!((people(&world, HELPDESK), people(&world, SHOP)), (0, 1));
    world.send(&by(HELPDESK, contacts[0])).unwrap();
    assert_eq!((people(&world, HELPDESK), people(&world, SHOP)), (1, 0));
    assert!(world.begin(rows[1]).is_some());
    assert_eq!(world.begin(rows[2]), None);
    // By hand the platform has the last word, and they count.
    world.send(&by(SHOP, contacts[2])).unwrap();
    assert_eq!((people(&world, HELPDESK), people(&world, SHOP)), (1, 2));
    // Now they count, and the broadcast's message costs nothing.
    world.now = at(3600);
    world.store(Dispatch {
        not_before: at(0),
        ..world.row(rows[2])
    });
    assert!(world.begin(rows[2]).is_some());
    assert_eq!((people(&world, HELPDESK), people(&world, SHOP)), (1, 2));
}

#[test]
fn what_is_refused_or_answers_somebody_takes_nobodys_place() {
    let (mut world, _, _) = world();
    limited(&mut world, Some(1));
    let (contacts, rows) = to_all(&mut world, 3);
    let first = world.begin(rows[0]).unwrap();
    assert_eq!(world.begin(rows[1]), None);
    let refused = failure(FailureClass::RecipientInvalid, "131026");
    world.land(&first, &Outcome::Refused(refused));
    assert_eq!(people(&world, SHOP), 0);
    assert!(world.see(contacts[0]).written[0].began.is_none());
    world.now = world.row(rows[1]).not_before.max(at(1));
    // Their window is open: they wrote first.
    let wrote = (world.now - noon()).num_seconds();
    world.told(says(&person(&[phone("351912345002")]), "in.1", wrote, "hello"));
    assert!(world.begin(rows[2]).is_some());
    assert_eq!(people(&world, SHOP), 0);
    assert!(world.begin(rows[1]).is_some());
    assert_eq!(people(&world, SHOP), 1);
}

#[test]
fn without_a_limit_nobody_is_counted() {
    for limit in [None, Some(None)] {
        let (mut world, _, _) = world();
        if let Some(people) = limit {
            limited(&mut world, people);
        }
        let (_, rows) = to_all(&mut world, 3);
        assert!(rows.iter().all(|row| world.begin(*row).is_some()));
        assert_eq!(people(&world, SHOP), 0);
    }
}

#[test]
fn of_two_who_begin_with_the_last_of_the_day_at_once_one_does() {
    let (mut world, _, _) = world();
    limited(&mut world, Some(1));
    let (contacts, rows) = to_all(&mut world, 2);
    let epoch = world.lease(rows[0]);
    let (begun, plan) = world.plan(|set, ctx| begin(set, ctx, rows[0], epoch).map(Begun::flight));
    assert!(begun.unwrap().is_some());
    // By another sender of the business, to somebody else.
    let by_other = SendRequest {
        account: Some(HELPDESK),
        ..template_to(contacts[1], "receipt")
    };
    world.send(&by_other).unwrap();
    assert_eq!(world.commit(plan), Err(Conflict));
    let again = world
        .decide(|set, ctx| begin(set, ctx, rows[0], epoch).map(Begun::flight))
        .unwrap();
    assert_eq!(again, None);
}

#[test]
fn a_sender_says_why_its_broadcasts_wait_what_would_help_and_until_when() {
    let (mut world, _, _) = world();
    let waits = |world: &mut World| world.decide(|set, ctx| waits(set, ctx, SHOP)).unwrap();
    assert_eq!(waits(&mut world), None);
    limited(&mut world, Some(1));
    let (_, rows) = to_all(&mut world, 2);
    world.begin(rows[0]).unwrap();
    let full = waits(&mut world).unwrap();
    assert!(full.reason.contains("1 people"), "{full:?}");
    assert_eq!(full.until, Some(at(24 * 3600 + 600)));
    for (state, word, until) in [
        (AccountState::Held { until: at(9) }, "holds", Some(at(9))),
        (AccountState::Disabled, "switched off", None),
        (
            AccountState::Stopped {
                failure: failure(FailureClass::Payment, "131042"),
                since: noon(),
            },
            "131042",
            None,
        ),
    ] {
        let changed = Account {
            state,
            ..account(&world, SHOP)
        };
        world.store(changed);
        let why = waits(&mut world).unwrap();
        assert!(why.reason.contains(word) && !why.remedy.is_empty(), "{why:?}");
        assert_eq!(why.until, until);
    }
}
