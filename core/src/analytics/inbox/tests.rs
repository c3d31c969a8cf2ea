use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::conversation::{ConversationStatus, Handler, HandlerKind};

/// A Sunday, ten seconds before midnight of UTC.
const SUNDAY: &str = "2026-03-01T23:59:50Z";

fn at(seconds: i64) -> DateTime<Utc> {
    SUNDAY.parse::<DateTime<Utc>>().unwrap() + chrono::TimeDelta::seconds(seconds)
}

fn id<I: From<Uuid>>(number: u128) -> I {
    Uuid::from_u128(number).into()
}

const ANA: u128 = 1;
const MIA: Actor = Actor::Agent(AgentId(Uuid::from_u128(70)));
const RUI: Actor = Actor::Agent(AgentId(Uuid::from_u128(71)));

fn host() -> Actor {
    Actor::System("shop".to_owned())
}

fn entry(seconds: i64, actor: Actor, what: What) -> Entry {
    Entry {
        org: id(1),
        at: at(seconds),
        recorded_at: at(seconds),
        actor,
        contact: None,
        what,
        redacted: false,
    }
}

fn opened(seconds: i64) -> Entry {
    let conversation = id(100);
    entry(
        seconds,
        Actor::Provider,
        What::ConversationOpened { conversation },
    )
}

fn reopened(seconds: i64) -> Entry {
    let what = What::ConversationReopened {
        conversation: id(100),
        after: ConversationStatus::Open,
    };
    entry(seconds, Actor::Provider, what)
}

fn resolved(seconds: i64, actor: Actor) -> Entry {
    let what = What::ConversationResolved {
        conversation: id(100),
        before: ConversationStatus::Open,
    };
    entry(seconds, actor, what)
}

fn deleted(seconds: i64) -> Entry {
    let conversation = id(100);
    entry(seconds, host(), What::ConversationDeleted { conversation })
}

fn assigned(seconds: i64, agent: Option<u128>) -> Entry {
    let what = What::ConversationAssigned {
        conversation: id(100),
        before: None,
        after: agent.map(id),
        rule: None,
    };
    entry(seconds, host(), what)
}

fn handled(seconds: i64, name: Option<&str>) -> Entry {
    let handler = |name: &str| Handler {
        name: name.to_owned(),
        kind: HandlerKind::Bot,
    };
    let what = What::ConversationHandled {
        conversation: id(100),
        before: None,
        after: name.map(handler),
        rule: None,
    };
    entry(seconds, host(), what)
}

fn received_by(seconds: i64, channel: Channel) -> Entry {
    let what = What::MessageReceived {
        message: id(5),
        kind: ContentKind::Text,
        channel,
    };
    entry(seconds, Actor::Provider, what)
}

fn received(seconds: i64) -> Entry {
    received_by(seconds, Channel::WhatsApp)
}

fn sent(seconds: i64, actor: Actor) -> Entry {
    let what = What::MessageSent {
        message: id(6),
        kind: ContentKind::Text,
        channel: Channel::WhatsApp,
        dispatch: None,
        broadcast: None,
        sequence: None,
    };
    entry(seconds, actor, what)
}

fn broadcast(seconds: i64) -> Entry {
    let what = What::MessageSent {
        message: id(7),
        kind: ContentKind::Template,
        channel: Channel::WhatsApp,
        dispatch: None,
        broadcast: Some(id(8)),
        sequence: None,
    };
    entry(seconds, Actor::Worker, what)
}

fn step(seconds: i64) -> Entry {
    let what = What::MessageSent {
        message: id(9),
        kind: ContentKind::Template,
        channel: Channel::WhatsApp,
        dispatch: None,
        broadcast: None,
        sequence: Some(id(10)),
    };
    entry(seconds, Actor::Worker, what)
}

fn counted(by: AnalyticsGroup, since: i64, until: i64, entries: &[Entry]) -> Vec<InboxFigures> {
    let mut count = InboxCount::new(at(since), at(until), by, Tz::UTC);
    for entry in entries {
        count.take(id(ANA), entry);
    }
    count.figures()
}

fn total(entries: &[Entry]) -> InboxFigures {
    let figures = counted(AnalyticsGroup::Total, 0, 1_000_000, entries);
    let [only] = figures.as_slice() else {
        panic!("{figures:?}")
    };
    only.clone()
}

/// The number of first responses, and how long they took altogether.
fn waits(entries: &[Entry]) -> (u64, Option<u64>) {
    let entries = [&[opened(0)], entries].concat();
    let first = total(&entries).first_response;
    (first.count, first.mean_seconds)
}

#[test]
fn messages_are_counted_by_who_wrote_them() {
    let notice = |seconds, kind| {
        let what = What::MessageReceived {
            message: id(5),
            kind,
            channel: Channel::WhatsApp,
        };
        entry(seconds, Actor::Provider, what)
    };
    let figures = total(&[
        opened(0),
        received(0),
        received(1),
        notice(2, ContentKind::System),
        sent(3, MIA),
        sent(4, Actor::Provider),
        sent(5, host()),
        handled(6, Some("helper")),
        sent(7, host()),
        sent(8, MIA),
        handled(9, None),
        sent(10, host()),
        broadcast(11),
        step(11),
        sent(12, Actor::Worker),
    ]);
    assert_eq!(
        figures,
        InboxFigures {
            received: 2,
            sent_by_people: 3,
            sent_by_bots: 1,
            sent_by_host: 2,
            sent_by_broadcasts: 1,
            sent_by_sequences: 1,
            sent_automatically: 1,
            opened: 1,
            first_response: Durations {
                count: 1,
                mean_seconds: Some(3),
                median_seconds: Some(3),
                p90_seconds: Some(3),
            },
            ..InboxFigures::default()
        }
    );
}

#[test]
fn a_first_response_is_the_first_of_an_episode_that_somebody_wrote_after_the_contact() {
    for (what, entries, expected) in [
        (
            "a person answers",
            vec![received(0), sent(60, MIA)],
            (1, Some(60)),
        ),
        (
            "so does the host",
            vec![received(0), sent(60, host())],
            (1, Some(60)),
        ),
        (
            "or the phone app",
            vec![received(0), sent(60, Actor::Provider)],
            (1, Some(60)),
        ),
        (
            "it begins with the first message",
            vec![received(0), received(50), sent(60, MIA)],
            (1, Some(60)),
        ),
        (
            "only the first",
            vec![received(0), sent(60, MIA), received(70), sent(100, MIA)],
            (1, Some(60)),
        ),
        (
            "a broadcast is none",
            vec![received(0), broadcast(5), sent(60, MIA)],
            (1, Some(60)),
        ),
        (
            "nor what goes out by itself",
            vec![received(0), sent(5, Actor::Worker), sent(60, MIA)],
            (1, Some(60)),
        ),
        (
            "what we wrote before is none",
            vec![sent(0, MIA), received(10), sent(60, MIA)],
            (1, Some(50)),
        ),
        (
            "a new episode, a new one",
            {
                let first = [received(0), sent(60, MIA), resolved(100, MIA)];
                [&first[..], &[reopened(200), received(200), sent(220, MIA)]].concat()
            },
            (2, Some(40)),
        ),
        (
            "what was closed unanswered has none",
            {
                vec![
                    received(0),
                    resolved(100, MIA),
                    sent(150, MIA),
                    reopened(200),
                    received(200),
                    sent(210, MIA),
                ]
            },
            (1, Some(10)),
        ),
        (
            "nor what was deleted",
            vec![received(0), deleted(10), sent(60, MIA)],
            (0, None),
        ),
        (
            "a clock that is ahead waits for nothing",
            vec![received(60), sent(60, MIA)],
            (1, Some(0)),
        ),
        ("nobody answers", vec![received(0)], (0, None)),
        (
            "what comes after the resolution and opens nothing waits for nobody",
            vec![resolved(10, MIA), received(20), sent(60, MIA)],
            (0, None),
        ),
    ] {
        assert_eq!(waits(&entries), expected, "{what}");
    }
}

#[test]
fn a_resolution_is_measured_from_the_last_opening() {
    let figures = total(&[
        opened(0),
        received(0),
        resolved(100, MIA),
        reopened(200),
        received(200),
        resolved(500, host()),
        reopened(600),
        received(600),
    ]);
    assert_eq!((figures.opened, figures.reopened, figures.resolved), (1, 2, 2));
    assert_eq!(
        figures.resolution,
        Durations {
            count: 2,
            mean_seconds: Some(200),
            median_seconds: Some(100),
            p90_seconds: Some(300),
        }
    );
}

#[test]
fn whoever_wrote_and_has_no_response_at_the_end_waits() {
    for (entries, waiting) in [
        (vec![opened(0), received(0), received(5)], 1),
        (vec![opened(0), received(0), broadcast(5)], 1),
        (vec![opened(0), received(0), step(5)], 1),
        (vec![opened(0), received(0), sent(5, MIA)], 0),
        (vec![opened(0), received(0), sent(5, MIA), received(6)], 0),
        (vec![opened(0), received(0), resolved(5, MIA)], 0),
        (vec![opened(0), resolved(5, MIA), received(6)], 0),
        (vec![opened(0), sent(5, MIA)], 0),
        (vec![opened(-9), received(-9)], 0),
    ] {
        assert_eq!(total(&entries).waiting, waiting, "{entries:?}");
    }
}

#[test]
fn what_was_before_the_period_is_remembered_and_not_counted() {
    let entries = [opened(-50), received(-50), sent(10, MIA), resolved(30, MIA)];
    let figures = total(&entries);
    assert_eq!(
        (figures.opened, figures.received, figures.sent_by_people),
        (0, 0, 1)
    );
    assert_eq!(figures.first_response.mean_seconds, Some(60));
    assert_eq!(figures.resolution.mean_seconds, Some(80));
    let before = counted(AnalyticsGroup::Total, -60, 0, &entries[..2]).remove(0);
    assert_eq!((before.opened, before.received, before.waiting), (1, 1, 1));
}

#[test]
fn figures_are_split_by_who_did_it_and_who_had_it() {
    let figures = counted(
        AnalyticsGroup::Agent,
        0,
        1_000,
        &[
            opened(0),
            received(0),
            assigned(1, Some(71)),
            received(2),
            sent(3, MIA),
            handled(4, Some("helper")),
            received(5),
            sent(6, host()),
            handled(7, None),
            received(8),
            resolved(9, RUI),
        ],
    );
    let told: Vec<_> = figures
        .iter()
        .map(|part| {
            let key = (
                part.key.agent.map(|agent| agent.0.as_u128()),
                part.key.handler.as_deref(),
            );
            let sent = part.sent_by_people + part.sent_by_bots;
            (key, part.received, sent, part.first_response.count, part.resolved)
        })
        .collect();
    assert_eq!(
        told,
        [
            ((None, None), 1, 0, 0, 0),
            ((None, Some("helper")), 1, 1, 0, 0),
            ((Some(70), None), 0, 1, 1, 0),
            ((Some(71), None), 2, 0, 0, 1),
        ]
    );
}

#[test]
fn figures_are_split_by_channel_and_an_opening_is_its_messages() {
    let figures = counted(
        AnalyticsGroup::Channel,
        0,
        1_000,
        &[
            opened(0),
            received_by(0, Channel::Sms),
            resolved(5, MIA),
            reopened(10),
            received(10),
            resolved(20, MIA),
            reopened(30),
        ],
    );
    let told: Vec<_> = figures
        .iter()
        .map(|part| {
            (
                part.key.channel,
                part.opened,
                part.reopened,
                part.resolved,
                part.received,
            )
        })
        .collect();
    let mut expected = [
        (Some(Channel::Sms), 1, 0, 1, 1),
        (Some(Channel::WhatsApp), 0, 2, 1, 1),
    ];
    expected.sort();
    assert_eq!(told, expected);
}

#[test]
fn figures_are_split_by_the_day_on_which_it_happened() {
    let entries = [opened(0), received(0), sent(60, MIA), resolved(70, MIA)];
    let days = counted(AnalyticsGroup::Day, 0, 1_000, &entries);
    let told: Vec<_> = days
        .iter()
        .map(|part| {
            (
                part.key.period.as_deref(),
                part.received,
                part.first_response.count,
                part.resolution.count,
            )
        })
        .collect();
    assert_eq!(
        told,
        [(Some("2026-03-01"), 1, 0, 0), (Some("2026-03-02"), 0, 1, 1)]
    );
}

#[test]
fn percentiles_are_times_that_were_measured() {
    let durations = |seconds: &[i64]| {
        let mut measured = Measured::default();
        for seconds in seconds {
            measured.add(at(0), at(*seconds));
        }
        let all = measured.durations();
        (all.count, all.mean_seconds, all.median_seconds, all.p90_seconds)
    };
    assert_eq!(durations(&[]), (0, None, None, None));
    assert_eq!(durations(&[7]), (1, Some(7), Some(7), Some(7)));
    assert_eq!(durations(&[9, 1]), (2, Some(5), Some(1), Some(9)));
    assert_eq!(
        durations(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 100]),
        (10, Some(15), Some(5), Some(9))
    );
    assert_eq!(durations(&[-4, 1]), (2, Some(1), Some(0), Some(1)));
}

/// A history of a contact, in the order of time, with all that may happen.
fn history() -> impl Strategy<Value = Vec<Entry>> {
    let one = (0_usize..12, 0_i64..400_000);
    proptest::collection::vec(one, 0..30).prop_map(|all| {
        let mut all: Vec<Entry> = all
            .into_iter()
            .map(|(kind, seconds)| match kind {
                0 => opened(seconds),
                1 => reopened(seconds),
                2 => resolved(seconds, MIA),
                3 => resolved(seconds, host()),
                4 => assigned(seconds, Some(71)),
                5 => handled(seconds, Some("helper")),
                6 => handled(seconds, None),
                7 => sent(seconds, host()),
                8 => sent(seconds, RUI),
                9 => broadcast(seconds),
                10 => received_by(seconds, Channel::Sms),
                _ => received(seconds),
            })
            .collect();
        all.sort_by_key(|entry| entry.at);
        all
    })
}

/// All that adds up, of all parts.
fn sums(figures: &[InboxFigures]) -> [u64; 11] {
    let of = |part: &InboxFigures| {
        [
            part.received,
            part.sent_by_people,
            part.sent_by_bots,
            part.sent_by_host,
            part.sent_by_broadcasts,
            part.sent_automatically,
            part.opened,
            part.reopened,
            part.resolved,
            part.first_response.count,
            part.resolution.count,
        ]
    };
    figures.iter().map(of).fold([0; 11], |sum, part| {
        std::array::from_fn(|figure| sum[figure] + part[figure])
    })
}

const GROUPS: [AnalyticsGroup; 6] = [
    AnalyticsGroup::Total,
    AnalyticsGroup::Agent,
    AnalyticsGroup::Channel,
    AnalyticsGroup::Day,
    AnalyticsGroup::Week,
    AnalyticsGroup::Month,
];

proptest! {
    #[test]
    fn how_the_entries_of_different_contacts_are_mixed_does_not_matter(
        histories in proptest::collection::vec(history(), 1..5),
    ) {
        for by in GROUPS {
            let count = || InboxCount::new(at(0), at(300_000), by, Tz::UTC);
            let (mut apart, mut mixed) = (count(), count());
            let mut all = Vec::new();
            for (contact, history) in (1_u128..).zip(&histories) {
                for entry in history {
                    apart.take(id(contact), entry);
                    all.push((contact, entry));
                }
            }
            all.sort_by_key(|(_, entry)| entry.at);
            for (contact, entry) in all {
                mixed.take(id(contact), entry);
            }
            prop_assert_eq!(apart.figures(), mixed.figures());
        }
    }

    #[test]
    fn two_halves_of_a_period_add_up_to_the_whole(history in history(), cut in 0_i64..400_000) {
        for by in GROUPS {
            let whole = counted(by, 0, 400_000, &history);
            let (first, second) = (counted(by, 0, cut, &history), counted(by, cut, 400_000, &history));
            let both: Vec<InboxFigures> = first.into_iter().chain(second).collect();
            prop_assert_eq!(sums(&both), sums(&whole));
        }
    }

    #[test]
    fn every_split_adds_up_to_the_total(history in history()) {
        let total = counted(AnalyticsGroup::Total, 0, 300_000, &history);
        let waiting = |figures: &[InboxFigures]| figures.iter().map(|part| part.waiting).sum::<u64>();
        for by in GROUPS {
            let parts = counted(by, 0, 300_000, &history);
            prop_assert_eq!(sums(&parts), sums(&total));
            prop_assert_eq!(waiting(&parts), waiting(&total));
        }
    }
}
