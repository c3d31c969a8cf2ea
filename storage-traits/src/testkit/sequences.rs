//! Sequences and who is in them: what is found, and what is counted.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use tertulia_core::ids::OrgId;
use tertulia_core::ledger::StepRow;
use tertulia_core::record::{Key, Op};
use tertulia_core::sequence::{
    Enrollment, EnrollmentFilter, EnrollmentState, ExitReason, Sequence, SequenceState, Stage, Standing,
};

use super::StoreFactory;
use super::claims::at;
use super::support::{Bench, id, sequence_id};
use crate::Query;

/// Somebody's row of this step.
pub(super) fn step_row(step: &str) -> StepRow {
    StepRow {
        enrollment: id(1),
        step: step.to_owned(),
    }
}

/// A sequence that stands there.
pub(super) fn sequence(bench: &mut Bench, org: u128, number: u128, state: SequenceState) -> Sequence {
    let key = Key::Sequence {
        org: id(org),
        sequence: sequence_id(number),
    };
    Sequence {
        state,
        ..bench.make.record(&key).try_into().unwrap()
    }
}

/// An enrollment in a sequence, of a contact.
pub(super) fn enrollment(
    bench: &mut Bench,
    org: u128,
    number: u128,
    (sequence, contact): (u128, u128),
    state: EnrollmentState,
) -> Enrollment {
    Enrollment {
        sequence: sequence_id(sequence),
        contact: id(contact),
        state,
        ..bench.make.enrollment(id(org), id(number))
    }
}

/// At a step that waits until then.
pub(super) fn wait_until(until: DateTime<Utc>) -> EnrollmentState {
    EnrollmentState::Waiting {
        step: "pause".to_owned(),
        until,
    }
}

fn key((org, number): (u128, u128)) -> Key {
    Key::Enrollment {
        org: id(org),
        enrollment: id(number),
    }
}

/// The editions of a sequence are found by number, however their texts would sort.
pub async fn editions_by_number(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let key = |(sequence, version): (u128, u32)| Key::SequenceVersion {
        org: id(1),
        sequence: sequence_id(sequence),
        version,
    };
    let given = [(1, 10), (2, 1), (1, 2), (1, u32::MAX), (1, 9)];
    for edition in given {
        let record = bench.make.record(&key(edition));
        bench.insert([record]).await;
    }
    let query = Query::Records {
        org: Some(id(1)),
        kind: key((1, 1)).kind(),
    };
    bench
        .finds(query, &[(1, 2), (1, 9), (1, 10), (1, u32::MAX), (2, 1)].map(key))
        .await;
}

/// The enrollments of a sequence by state, step and reason, all or some, by id.
pub async fn enrollments_by_standing(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let org: OrgId = id(1);
    let mut given: Vec<Enrollment> = Vec::new();
    for number in (1..=90).rev() {
        let mut enrollment = bench.make.enrollment(org, id(number));
        enrollment.sequence = sequence_id(1 + number % 2);
        let abroad = Enrollment {
            org: id(2),
            ..bench.make.enrollment(org, id(number))
        };
        bench.insert([enrollment.clone(), abroad]).await;
        given.insert(0, enrollment);
    }
    let mut filters: Vec<EnrollmentFilter> = (0..60).map(|_| bench.make.enrollment_filter()).collect();
    filters.push(EnrollmentFilter::default());
    filters.extend(Stage::ALL.map(|stage| EnrollmentFilter {
        states: vec![stage],
        ..EnrollmentFilter::default()
    }));
    for sequence in [1, 2, 3] {
        for filter in &filters {
            let meant = |enrollment: &&Enrollment| {
                enrollment.sequence == sequence_id(sequence) && filter.matches(&Standing::of(enrollment))
            };
            let found = given.iter().filter(meant);
            let expected: Vec<Key> = found
                .map(|enrollment| Key::Enrollment {
                    org,
                    enrollment: enrollment.id,
                })
                .collect();
            let query = Query::Enrollments {
                org,
                sequence: sequence_id(sequence),
                filter: filter.clone(),
            };
            bench.finds(query, &expected).await;
        }
    }
}

/// The enrollments of some contacts, in whatever sequence and state, by id.
pub async fn enrollments_of_some_contacts(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    // (id, sequence, contact)
    for (number, sequence, contact) in [(5, 1, 1), (2, 2, 1), (9, 1, 2), (1, 1, 3), (7, 1, 1), (8, 3, 2)] {
        for org in [1, 2] {
            let wherever = bench.make.one_of(&Stage::ALL);
            let state = bench.make.enrollment_state(wherever);
            let new = enrollment(&mut bench, org, number, (sequence, contact), state);
            bench.insert([new]).await;
        }
    }
    let query = |contacts: &[u128]| Query::EnrollmentsOf {
        org: id(1),
        contacts: contacts.iter().copied().map(id).collect(),
    };
    bench.finds(query(&[1]), &[(1, 2), (1, 5), (1, 7)].map(key)).await;
    bench
        .finds(query(&[2, 3]), &[(1, 1), (1, 8), (1, 9)].map(key))
        .await;
    bench.finds(query(&[4]), &[]).await;
    bench.finds(query(&[]), &[]).await;

    let moved = enrollment(&mut bench, 1, 5, (1, 2), wait_until(at(0)));
    bench.commit(vec![Op::Update(moved.into(), 1)]).await;
    bench.commit(vec![Op::Remove(key((1, 8)), 1)]).await;
    bench.finds(query(&[1]), &[(1, 2), (1, 7)].map(key)).await;
    bench.finds(query(&[2]), &[(1, 5), (1, 9)].map(key)).await;
}

/// The enrollments of a sequence that are due, that very instant included, the longest due first; whether the sequence is
/// active or has a record at all.
pub async fn due_enrollments_of_a_sequence(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let just_after = at(10) + TimeDelta::microseconds(1);
    // (id, sequence, until)
    let given = [
        (4, 1, at(10)),
        (2, 1, at(10)),
        (9, 1, at(-5)),
        (1, 1, just_after),
        (3, 2, at(0)),
        (8, 1, DateTime::UNIX_EPOCH - TimeDelta::seconds(1)),
    ];
    for (number, sequence, until) in given {
        for org in [1, 2] {
            let waits = enrollment(&mut bench, org, number, (sequence, number), wait_until(until));
            bench.insert([waits]).await;
        }
    }
    for (number, stage) in (20..).zip([Stage::Sending, Stage::Finished, Stage::Exited]) {
        let state = bench.make.enrollment_state(stage);
        let rests = enrollment(&mut bench, 1, number, (1, number), state);
        bench.insert([rests]).await;
    }
    let query = |sequence, by| Query::DueEnrollments {
        org: id(1),
        sequence: sequence_id(sequence),
        by,
    };
    bench
        .finds(query(1, at(10)), &[(1, 8), (1, 9), (1, 2), (1, 4)].map(key))
        .await;
    bench
        .finds(
            query(1, just_after),
            &[(1, 8), (1, 9), (1, 2), (1, 4), (1, 1)].map(key),
        )
        .await;
    bench.finds(query(2, at(0)), &[(1, 3)].map(key)).await;
    bench.finds(query(2, at(-1)), &[]).await;
    bench.finds(query(3, at(100)), &[]).await;

    let waits_on = enrollment(&mut bench, 1, 9, (1, 9), wait_until(at(11)));
    let through = EnrollmentState::Finished { at: at(1) };
    let through = enrollment(&mut bench, 1, 2, (1, 2), through);
    bench
        .commit(vec![
            Op::Update(waits_on.into(), 1),
            Op::Update(through.into(), 1),
        ])
        .await;
    bench
        .finds(query(1, at(11)), &[(1, 8), (1, 4), (1, 1), (1, 9)].map(key))
        .await;
}

/// The active sequences in which somebody is due, once each, of all organisations, by key; never for what another
/// organisation's sequence of the same id has.
pub async fn due_sequences_of_all_organisations(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let key = |(org, number): (u128, u128)| Key::Sequence {
        org: id(org),
        sequence: sequence_id(number),
    };
    let active = || SequenceState::Active { since: at(0) };
    let paused = || SequenceState::Paused {
        since: at(0),
        refusal: None,
    };
    // (organisation, number, state, when those who are in it are due)
    let given = [
        (2, 1, active(), vec![10]),
        (1, 3, active(), vec![4, 3, 10, 11]),
        (1, 1, active(), vec![11]),
        (1, 2, paused(), vec![1]),
        (2, 2, SequenceState::Draft, vec![1]),
        (2, 3, active(), vec![]),
    ];
    let mut number = 0;
    for (org, sequence, state, due) in given {
        let record = self::sequence(&mut bench, org, sequence, state);
        bench.insert([record]).await;
        for seconds in due {
            number += 1;
            let waits = enrollment(
                &mut bench,
                org,
                number,
                (sequence, number),
                wait_until(at(seconds)),
            );
            bench.insert([waits]).await;
        }
    }
    // No record at all.
    let lost = enrollment(&mut bench, 1, 99, (9, 1), wait_until(at(1)));
    let through = EnrollmentState::Finished { at: at(1) };
    let through = enrollment(&mut bench, 2, 98, (3, 1), through);
    bench.insert([lost, through]).await;

    let by = |seconds| Query::DueSequences { by: at(seconds) };
    bench.finds(by(2), &[]).await;
    bench.finds(by(3), &[(1, 3)].map(key)).await;
    bench.finds(by(10), &[(1, 3), (2, 1)].map(key)).await;
    bench.finds(by(11), &[(1, 1), (1, 3), (2, 1)].map(key)).await;
    let resumed = sequence(&mut bench, 1, 2, active());
    let stopped = sequence(&mut bench, 1, 3, paused());
    bench
        .commit(vec![Op::Update(resumed.into(), 1), Op::Update(stopped.into(), 1)])
        .await;
    bench.finds(by(10), &[(1, 2), (2, 1)].map(key)).await;
}

/// The standings of a sequence are the count of its enrollments by what is told apart, also after they changed.
pub async fn standings_are_a_count_by_hand(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let mut given: Vec<Enrollment> = Vec::new();
    for number in 1..=160 {
        let mut enrollment = bench.make.enrollment(id(1 + number % 2), id(number));
        enrollment.sequence = sequence_id(1 + u128::from(number % 5 == 0));
        given.push(enrollment);
    }
    bench.insert(given.clone()).await;
    standings(&bench, &given).await;

    for enrollment in &mut given {
        let stage = bench.make.one_of(&Stage::ALL);
        enrollment.state = bench.make.enrollment_state(stage);
    }
    let updates = given.iter().map(|one| Op::Update(one.clone().into(), 1));
    bench.commit(updates.collect()).await;
    standings(&bench, &given).await;

    let gone = given.split_off(120);
    let gone = gone.into_iter().map(|one| {
        let key = Key::Enrollment {
            org: one.org,
            enrollment: one.id,
        };
        Op::Remove(key, 2)
    });
    bench.commit(gone.collect()).await;
    standings(&bench, &given).await;
}

async fn standings(bench: &Bench, given: &[Enrollment]) {
    for (org, sequence) in [(1, 1), (2, 1), (1, 2), (2, 2), (1, 9), (9, 1)] {
        let mut expected: BTreeMap<Standing, u64> = BTreeMap::new();
        for enrollment in given {
            if enrollment.org == id(org) && enrollment.sequence == sequence_id(sequence) {
                *expected.entry(Standing::of(enrollment)).or_default() += 1;
            }
        }
        let counted = bench
            .store
            .standings(id(org), sequence_id(sequence))
            .await
            .unwrap();
        let len = counted.len();
        let counted: BTreeMap<Standing, u64> = counted.into_iter().collect();
        assert_eq!(counted.len(), len, "each standing is told once");
        assert_eq!(counted, expected);
    }
}

/// Whoever is or was in a sequence may be so again, several times at once for all that a store cares.
pub async fn a_contact_may_be_enrolled_again(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    for number in 1..=3 {
        let out = EnrollmentState::Exited {
            at: at(1),
            reason: ExitReason::Removed,
        };
        let again = enrollment(&mut bench, 1, number, (1, 1), out);
        bench.insert([again]).await;
    }
    let query = Query::EnrollmentsOf {
        org: id(1),
        contacts: vec![id(1)],
    };
    bench.finds(query, &[(1, 1), (1, 2), (1, 3)].map(key)).await;
}
