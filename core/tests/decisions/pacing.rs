//! Who waits for what, when a platform says that it is too much.

use chrono::TimeDelta;
use tertulia_core::account::{Account, AccountState};
use tertulia_core::consent::Scope;
use tertulia_core::decide::contacts::{ConsentRequest, set_consent};
use tertulia_core::decide::sending::{Flight, again};
use tertulia_core::error::Code;
use tertulia_core::ids::{AccountId, ContactId};
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
    assert!(matches!(
        account(&world, SHOP).state,
        AccountState::Stopped { .. }
    ));

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
