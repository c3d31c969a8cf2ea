use chrono::TimeDelta;

use super::{Failure, FailureClass, LimitScope, NextStep, OptOutScope, next_step};

fn step(class: FailureClass, attempt: u32) -> NextStep {
    next_step(&Failure::new(class, "1", ""), attempt)
}

#[test]
fn each_class_of_failure_has_its_consequence() {
    use FailureClass::*;
    let retry = |seconds| NextStep::RetryAfter(TimeDelta::seconds(seconds));
    let hold = |seconds| NextStep::HoldSender(TimeDelta::seconds(seconds));
    let hold_all = |seconds| NextStep::HoldBusiness(TimeDelta::seconds(seconds));
    let table = [
        (AuthOrConfig, NextStep::StopSender),
        (KeyRefused, NextStep::StopSender),
        (KeyReplaced, retry(0)),
        (Payment, NextStep::StopSender),
        (PolicyRestricted, NextStep::StopSender),
        (LowQuality, hold(3600)),
        (RateLimited(LimitScope::Pair), retry(1)),
        (RateLimited(LimitScope::Number), hold(1)),
        (RateLimited(LimitScope::Account), hold_all(60)),
        (RateLimited(LimitScope::App), hold_all(900)),
        (RateLimited(LimitScope::Day), NextStep::HoldBusinessToday),
        (Transient, retry(2)),
        (Unexplained, retry(2)),
        (Unreachable, retry(1)),
        (MediaProblem, retry(30)),
        (TemplateProblem, NextStep::GiveUp),
        (TemplateStopped, NextStep::StopBroadcast),
        (WindowClosed, NextStep::GiveUp),
        (RecipientInvalid, NextStep::GiveUp),
        (RecipientOptedOut(OptOutScope::Marketing), NextStep::GiveUp),
        (RecipientOptedOut(OptOutScope::Sender), NextStep::GiveUp),
        (PerUserCap, NextStep::GiveUp),
        (BadRequest, NextStep::GiveUp),
        (Unclassified, NextStep::GiveUp),
    ];
    for (class, expected) in table {
        assert_eq!(step(class, 1), expected, "{class:?}");
    }
}

#[test]
fn waits_grow_up_to_a_bound_and_never_overflow() {
    let seconds = |class, attempts: [u32; 5]| {
        attempts.map(|attempt| match step(class, attempt) {
            NextStep::RetryAfter(wait) | NextStep::HoldSender(wait) | NextStep::HoldBusiness(wait) => {
                wait.num_seconds()
            }
            NextStep::HoldBusinessToday
            | NextStep::StopSender
            | NextStep::StopBroadcast
            | NextStep::GiveUp => -1,
        })
    };
    let limited = FailureClass::RateLimited;
    assert_eq!(
        seconds(limited(LimitScope::Pair), [1, 2, 3, 4, u32::MAX]),
        [1, 4, 16, 64, 3600]
    );
    assert_eq!(
        seconds(limited(LimitScope::Number), [1, 2, 3, 4, u32::MAX]),
        [1, 2, 4, 8, 300]
    );
    assert_eq!(
        seconds(limited(LimitScope::Account), [1, 2, 3, 7, u32::MAX]),
        [60, 120, 240, 3600, 3600]
    );
    assert_eq!(
        seconds(limited(LimitScope::App), [1, 2, 3, 4, u32::MAX]),
        [900, 1800, 3600, 3600, 3600]
    );
    assert_eq!(
        seconds(FailureClass::LowQuality, [1, 2, 3, 7, u32::MAX]),
        [3600, 7200, 14_400, 86_400, 86_400]
    );
    assert_eq!(
        seconds(FailureClass::Unreachable, [1, 2, 3, 4, u32::MAX]),
        [1, 2, 4, 8, 300]
    );
    assert_eq!(
        seconds(FailureClass::Transient, [1, 2, 3, 4, 5]),
        [2, 4, 8, 16, -1]
    );
    assert_eq!(
        seconds(FailureClass::Unexplained, [1, 2, 3, 4, 5]),
        [2, 4, -1, -1, -1]
    );
    assert_eq!(
        seconds(FailureClass::MediaProblem, [1, 2, 3, 4, 0]),
        [30, 60, -1, -1, 30]
    );
}
