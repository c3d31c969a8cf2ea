use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use super::{Dispatch, DispatchState, Reached, SLOT, SkipReason, Slot, StateName, UNKNOWN_AFTER};
use crate::conversation::Author;
use crate::ids::{AccountId, AttemptId, BroadcastId, ContactId, DispatchId, OrgId};
use crate::message::{Delivery, StatusKind};
use crate::retry::{Failure, FailureClass};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn row(state: DispatchState) -> Dispatch {
    let broadcast = Author::Broadcast(BroadcastId(Uuid::nil()));
    let (id, org) = (DispatchId(Uuid::nil()), OrgId(Uuid::nil()));
    let (contact, account) = (ContactId(Uuid::nil()), AccountId(Uuid::nil()));
    let mut row = Dispatch::pending(id, org, broadcast, contact, account, at(5), 60);
    row.state = state;
    row
}

fn leased(until: i64) -> DispatchState {
    DispatchState::Leased {
        worker: "w".to_owned(),
        until: at(until),
    }
}

fn unknown() -> DispatchState {
    DispatchState::Unknown {
        since: at(1),
        until: at(61),
    }
}

fn reached(reached: Reached) -> DispatchState {
    DispatchState::Accepted { reached }
}

fn skipped() -> DispatchState {
    DispatchState::Skipped {
        reason: SkipReason::OptedOut,
    }
}

fn failed(code: &str) -> StatusKind {
    StatusKind::Failed(Failure::new(FailureClass::RecipientInvalid, code, ""))
}

#[test]
fn evidence_moves_a_row_as_its_state_allows() {
    use StateName as Is;
    use StatusKind::{Accepted, Delivered, Held, Read, Sent};
    let on_the_wire = [
        DispatchState::Sending { since: at(0) },
        unknown(),
        DispatchState::Unconfirmed,
        DispatchState::Failed,
    ];
    let words = [
        (Accepted, Is::Accepted),
        (Held, Is::Accepted),
        (Sent, Is::Sent),
        (Delivered, Is::Delivered),
        (Read, Is::Read),
        (failed("1"), Is::Failed),
    ];
    for before in on_the_wire {
        for (word, after) in &words {
            let mut delivery = Delivery::default();
            delivery.observe(word, at(1));
            let mut row = row(before.clone());
            row.observe(&delivery);
            assert_eq!(row.state.name(), *after, "{before:?} {word:?}");
            let was_refused = before == DispatchState::Failed && *after == Is::Failed;
            assert_eq!(row.accepted, !was_refused, "{before:?} {word:?}");
            assert_eq!(row.failure.is_some(), *after == Is::Failed);
        }
        let mut untouched = row(before.clone());
        untouched.observe(&Delivery::default());
        assert_eq!(untouched, row(before), "no evidence, no change");
    }
    for before in [DispatchState::Pending, leased(9), skipped()] {
        for (word, _) in &words {
            let mut delivery = Delivery::default();
            delivery.observe(word, at(1));
            let mut after = row(before.clone());
            after.observe(&delivery);
            assert_eq!(after, row(before.clone()), "{word:?}: it was never sent");
        }
    }
}

#[test]
fn lesser_evidence_takes_nothing_back() {
    let mut delivery = Delivery::default();
    delivery.observe(&StatusKind::Sent, at(1));
    let mut after = row(reached(Reached::Read));
    after.observe(&delivery);
    assert_eq!(after.state, reached(Reached::Read));
}

#[test]
fn a_row_waits_for_attention_until_it_is_done() {
    let table = [
        (DispatchState::Pending, Some(at(5))),
        (leased(9), Some(at(9))),
        (
            DispatchState::Sending { since: at(2) },
            Some(at(2) + UNKNOWN_AFTER),
        ),
        (unknown(), Some(at(61))),
        (reached(Reached::Accepted), None),
        (DispatchState::Failed, None),
        (skipped(), None),
        (DispatchState::Unconfirmed, None),
    ];
    for (state, due) in table {
        assert_eq!(row(state.clone()).due(), due, "{state:?}");
    }
}

#[test]
fn a_row_is_leased_when_it_is_its_turn_and_nobody_holds_it() {
    let table = [
        (DispatchState::Pending, 4, false),
        (DispatchState::Pending, 5, true),
        (leased(9), 8, false),
        (leased(9), 9, true),
        (DispatchState::Sending { since: at(0) }, 9999, false),
        (unknown(), 9999, false),
        (reached(Reached::Sent), 9999, false),
        (DispatchState::Failed, 9999, false),
        (skipped(), 9999, false),
        (DispatchState::Unconfirmed, 9999, false),
    ];
    for (state, now, free) in table {
        let mut row = row(state.clone());
        assert_eq!(row.lease("me", at(now), at(now + 60)), free, "{state:?} at {now}");
        assert_eq!(row.epoch, u64::from(free), "each lease has an epoch of its own");
        if free {
            let worker = "me".to_owned();
            assert_eq!(
                row.state,
                DispatchState::Leased {
                    worker,
                    until: at(now + 60)
                }
            );
        } else {
            assert_eq!(row.state, state);
        }
    }
}

#[test]
fn a_slot_is_free_again_at_exactly_24_hours() {
    let slot = Slot {
        org: OrgId(Uuid::nil()),
        contact: ContactId(Uuid::nil()),
        attempt: AttemptId(Uuid::nil()),
        taken_at: at(0),
        earlier: Vec::new(),
    };
    assert!(slot.is_taken(at(0)));
    assert!(slot.is_taken(at(0) + SLOT - TimeDelta::milliseconds(1)));
    assert!(!slot.is_taken(at(0) + SLOT));
}

#[test]
fn of_slots_that_are_joined_the_last_counts_and_the_one_before_if_it_is_turned_away() {
    let attempt = |n: u128| AttemptId(Uuid::from_u128(n));
    let slot = |n: u128| Slot {
        org: OrgId(Uuid::nil()),
        contact: ContactId(Uuid::from_u128(n)),
        attempt: attempt(n),
        taken_at: at(i64::try_from(n).expect("small")),
        earlier: Vec::new(),
    };
    let joined = slot(2).joined(&slot(3).joined(&slot(1)));
    assert_eq!(joined.contact, slot(2).contact);
    assert_eq!((joined.attempt, joined.taken_at), (attempt(3), at(3)));
    assert_eq!(joined.clone().joined(&slot(3)), joined, "each once");
    assert_eq!(joined.clone().without(attempt(9)), Some(joined.clone()));
    let rest = joined.without(attempt(3)).expect("two are left");
    assert_eq!((rest.attempt, rest.taken_at), (attempt(2), at(2)));
    let rest = rest.without(attempt(1)).expect("one is left");
    assert_eq!(rest, slot(2));
    assert_eq!(rest.without(attempt(2)), None);
}

#[test]
fn a_slot_that_is_taken_anew_keeps_the_last_that_it_was_taken_by() {
    let attempt = |n: u128| AttemptId(Uuid::from_u128(n));
    let mut slot: Option<Slot> = None;
    for n in 1..=6 {
        let (org, contact) = (OrgId(Uuid::nil()), ContactId(Uuid::nil()));
        let now = at(i64::try_from(n).expect("small"));
        slot = Some(Slot::taken(org, contact, attempt(n), now, slot));
    }
    let mut left = Vec::new();
    while let Some(taken) = slot {
        left.push(taken.attempt);
        slot = taken.clone().without(taken.attempt);
    }
    assert_eq!(left, [attempt(6), attempt(5), attempt(4), attempt(3)]);
}

#[test]
fn open_states_are_those_that_keep_a_broadcast_from_being_finished() {
    let open: Vec<StateName> = StateName::ALL
        .into_iter()
        .filter(|state| state.is_open())
        .collect();
    assert_eq!(open, [StateName::Pending, StateName::Leased, StateName::Sending]);
    for state in StateName::ALL {
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
    }
}

fn rank(state: StateName) -> u8 {
    match state {
        StateName::Accepted => 1,
        StateName::Sent => 2,
        StateName::Delivered => 3,
        StateName::Read => 4,
        _ => 0,
    }
}

proptest! {
    #[test]
    fn delivered_and_read_never_fall_and_the_order_of_evidence_does_not_matter(
        (words, other) in prop::collection::vec((0..6_usize, 0..4_i64), 0..10)
            .prop_flat_map(|words| (Just(words.clone()), Just(words).prop_shuffle()))
    ) {
        use StatusKind::{Accepted, Delivered, Read, Sent};
        let run = |words: &[(usize, i64)]| {
            let kinds = [Accepted, Sent, Delivered, Read, failed("1"), failed("2")];
            let mut delivery = Delivery::default();
            let mut row = row(DispatchState::Sending { since: at(0) });
            for (word, seconds) in words {
                let before = row.clone();
                delivery.observe(&kinds[*word], at(*seconds));
                row.observe(&delivery);
                let (before_rank, after_rank) = (rank(before.state.name()), rank(row.state.name()));
                assert!(before_rank < 3 || after_rank >= before_rank, "{before:?} → {row:?}");
                assert!(row.accepted || !before.accepted);
            }
            row
        };
        prop_assert_eq!(run(&words), run(&other));
    }
}
