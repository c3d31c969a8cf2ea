use super::{Bucket, Stats};
use crate::ledger::StateName;

fn bucket(state: StateName, reason: Option<&str>, accepted: bool) -> Bucket {
    Bucket {
        state,
        reason: reason.map(str::to_owned),
        accepted,
        replied: false,
        opted_out_after: false,
        step: None,
    }
}

#[test]
fn the_funnel_counts_each_row_once_and_those_who_got_further_at_each_step() {
    let mut stats = Stats::default();
    let rows = [
        (bucket(StateName::Pending, None, false), 1),
        (bucket(StateName::Leased, None, false), 2),
        (bucket(StateName::Sending, None, false), 4),
        (bucket(StateName::Unknown, None, false), 8),
        (bucket(StateName::Unconfirmed, None, false), 16),
        (bucket(StateName::Skipped, Some("capped"), false), 32),
        (bucket(StateName::Skipped, Some("opted_out"), false), 64),
        (bucket(StateName::Failed, Some("131026"), false), 128),
        (bucket(StateName::Failed, Some("131026"), true), 256),
        (bucket(StateName::Accepted, None, true), 512),
        (bucket(StateName::Sent, None, true), 1024),
        (bucket(StateName::Delivered, None, true), 2048),
        (bucket(StateName::Read, None, true), 4096),
    ];
    for (bucket, count) in &rows {
        stats.add(bucket, *count);
    }
    assert_eq!(stats.total, 8191);
    assert_eq!(
        (stats.pending, stats.sending, stats.unknown, stats.unconfirmed),
        (3, 4, 8, 16)
    );
    assert_eq!((stats.skipped["capped"], stats.skipped_total()), (32, 96));
    assert_eq!((stats.failed["131026"], stats.failed_total()), (384, 384));
    assert_eq!(
        stats.sent,
        256 + 512 + 1024 + 2048 + 4096,
        "taken by the platform, whatever became of it"
    );
    assert_eq!((stats.delivered, stats.read), (2048 + 4096, 4096));
}

#[test]
fn only_who_was_sent_something_answers_it() {
    let mut stats = Stats::default();
    let answered = |state, accepted| Bucket {
        replied: true,
        opted_out_after: true,
        ..bucket(state, None, accepted)
    };
    stats.add(&answered(StateName::Failed, false), 1);
    stats.add(&answered(StateName::Skipped, false), 1);
    stats.add(&answered(StateName::Read, true), 2);
    assert_eq!((stats.replied, stats.opted_out_after), (2, 2));
}

#[test]
fn a_broadcast_is_finished_when_nobody_waits_or_is_on_the_wire() {
    for state in StateName::ALL {
        let mut stats = Stats::default();
        stats.add(&bucket(state, None, false), 1);
        assert_eq!(stats.is_finished(), !state.is_open(), "{state:?}");
    }
    assert!(Stats::default().is_finished(), "an empty audience");
}
