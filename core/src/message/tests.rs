use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::{Delivery, DeliveryStatus, StatusKind};
use crate::retry::{Failure, FailureClass};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn failed(code: &str) -> StatusKind {
    StatusKind::Failed(Failure::new(FailureClass::RecipientInvalid, code, ""))
}

fn after(evidence: &[(StatusKind, i64)]) -> Delivery {
    let mut delivery = Delivery::default();
    for (status, seconds) in evidence {
        delivery.observe(status, at(*seconds));
    }
    delivery
}

#[test]
fn the_furthest_evidence_says_how_far_a_message_got() {
    use DeliveryStatus as Is;
    use StatusKind::{Accepted, Delivered, Held, Other, Read, Sent};
    let table = [
        (vec![], Is::Queued),
        (vec![Other("warning".to_owned())], Is::Queued),
        (vec![Accepted], Is::Accepted),
        (vec![Held, Accepted], Is::Held),
        (vec![Held, Sent], Is::Sent),
        (vec![Delivered, Sent], Is::Delivered),
        (vec![Read, Sent], Is::Read),
        (vec![Sent, failed("1")], Is::Failed),
        (vec![failed("1"), Sent], Is::Failed),
        (vec![failed("1"), Delivered], Is::Delivered),
        (vec![Read, failed("1")], Is::Read),
    ];
    for (words, status) in table {
        let evidence: Vec<_> = words.into_iter().zip(1..).collect();
        assert_eq!(after(&evidence).status(), status, "{evidence:?}");
    }
}

#[test]
fn each_time_is_the_earliest_named() {
    let delivery = after(&[
        (StatusKind::Sent, 5),
        (StatusKind::Sent, 3),
        (failed("2"), 9),
        (failed("1"), 9),
    ]);
    assert_eq!(delivery.sent, Some(at(3)));
    assert_eq!(delivery.failed.unwrap().1.code, "1");
}

fn any_evidence() -> impl Strategy<Value = (StatusKind, i64)> {
    let class = prop::sample::select(vec![FailureClass::Transient, FailureClass::RecipientInvalid]);
    let failure = (
        class,
        prop::sample::select(vec!["1", "2"]),
        prop::sample::select(vec!["a", "b"]),
    );
    let status = prop_oneof![
        Just(StatusKind::Accepted),
        Just(StatusKind::Held),
        Just(StatusKind::Sent),
        Just(StatusKind::Delivered),
        Just(StatusKind::Read),
        failure.prop_map(|(class, code, detail)| StatusKind::Failed(Failure::new(class, code, detail))),
        prop::sample::select(vec!["x", "y"]).prop_map(|word| StatusKind::Other(word.to_owned())),
    ];
    (status, 0..4_i64)
}

proptest! {
    #[test]
    fn delivery_is_a_join(
        (evidence, other) in prop::collection::vec(any_evidence(), 0..10)
            .prop_flat_map(|evidence| (Just(evidence.clone()), Just(evidence).prop_shuffle()))
    ) {
        let once = after(&evidence);
        prop_assert_eq!(&after(&other), &once, "in any order");
        let twice: Vec<_> = other.into_iter().chain(evidence).collect();
        prop_assert_eq!(after(&twice), once, "however often");
    }

    #[test]
    fn more_evidence_never_takes_delivery_back(
        evidence in prop::collection::vec(any_evidence(), 0..10), more in any_evidence()
    ) {
        let mut delivery = after(&evidence);
        let before = delivery.status();
        delivery.observe(&more.0, at(more.1));
        let reached = [DeliveryStatus::Delivered, DeliveryStatus::Read];
        prop_assert!(!reached.contains(&before) || delivery.status() >= before && reached.contains(&delivery.status()));
    }
}
