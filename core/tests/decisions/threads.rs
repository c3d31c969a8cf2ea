//! Any order in which a conversation's events can come, and any repetition, ends in the same state, with resolutions,
//! readings and archivings in between.
//!
//! A decision has the time at which it is made, an event the platform's; so what is said before a decision may come at
//! any time after it was said, before the decision or long after, and what is said later comes later.

use proptest::prelude::*;
use tertulia_core::decide::conversations::{archive, read, reopen, resolve};
use tertulia_core::decide::receive::receive;
use tertulia_core::inbound::{CallEvent, Caller, InboundEvent, Person};
use tertulia_core::journal::Actor;
use tertulia_core::record::Key;
use tertulia_core::settings::Reopening;

use crate::harness::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decided {
    Resolved,
    Reopened,
    Read,
    Archived,
}

/// Something said: in which span between decisions, at which second of it, what, and how often it is told.
#[derive(Debug, Clone)]
struct Said {
    span: usize,
    second: i64,
    what: usize,
    times: usize,
    /// How late each telling is, of all that are made after it was said.
    late: Vec<u16>,
}

/// How many seconds there are between two decisions.
const SPAN: i64 = 20;

fn ana() -> Person {
    person(&[phone("5511987654321"), bsuid("BR.100")])
}

fn event(number: usize, said: &Said) -> InboundEvent {
    let seconds = begin(said.span) + said.second;
    let (id, target) = (format!("m{number}"), format!("m{}", number / 2));
    match said.what {
        0..=5 => says(&ana(), &id, seconds, "hello"),
        6 => reacts(&ana(), &id, &target, seconds, Some("👍")),
        7 => edits(&ana(), &id, &target, seconds, "hello!"),
        8 => revokes(&ana(), &id, &target, seconds),
        9 => echo(&ana(), &id, seconds),
        10 => became("m0", seconds, tertulia_core::message::StatusKind::Read, None),
        _ => calls(&ana(), &id, seconds, Caller::Person, CallEvent::Connect),
    }
}

/// When a span begins: at its decision.
fn begin(span: usize) -> i64 {
    i64::try_from(span).unwrap() * SPAN
}

enum Step<'a> {
    Told(&'a InboundEvent),
    Decided(Decided, i64),
}

fn run(reopening: Reopening, steps: &[Step<'_>]) -> serde_json::Value {
    let mut world = World::with(|settings| settings.reopening = reopening);
    world.actor = Actor::System("host".to_owned());
    let account = world.get(&Key::Account {
        org: ORG,
        account: SHOP,
    });
    for step in steps {
        match step {
            Step::Told(event) => {
                world.now = at(3_600);
                world
                    .decide(|set, ctx| receive(set, ctx, Some(&account), event, 0))
                    .unwrap();
            }
            Step::Decided(decided, seconds) => {
                world.now = at(*seconds);
                let contact = world.holder(&phone("5511987654321"));
                let Some(id) = contact.and_then(|contact| contact.conversation) else {
                    continue;
                };
                world
                    .decide(|set, ctx| match decided {
                        Decided::Resolved => resolve(set, ctx, id),
                        Decided::Reopened => reopen(set, ctx, id),
                        Decided::Read => read(set, ctx, id),
                        Decided::Archived => archive(set, ctx, id, true),
                    })
                    .unwrap();
            }
        }
        for contact in world.all::<tertulia_core::contact::Contact>() {
            // What a contact says of its conversation is what the conversation is.
            world.thread(contact.id);
        }
    }
    world.canonical()
}

/// The steps in the order in which they happened, and in one in which they can come.
fn orders<'a>(decided: &[Decided], said: &[Said], events: &'a [InboundEvent]) -> [Vec<Step<'a>>; 2] {
    let mut plain: Vec<(i64, u8, Step<'a>)> = Vec::new();
    let mut mixed: Vec<(i64, u16, Step<'a>)> = Vec::new();
    for (number, decision) in decided.iter().enumerate() {
        let seconds = begin(number + 1);
        plain.push((seconds, 1, Step::Decided(*decision, seconds)));
        mixed.push((seconds, 0, Step::Decided(*decision, seconds)));
    }
    let end = begin(decided.len() + 1);
    for (said, event) in said.iter().zip(events) {
        let seconds = begin(said.span) + said.second;
        plain.push((seconds, 0, Step::Told(event)));
        for late in &said.late[..said.times] {
            // Never in the middle of a span that it was not said by.
            let lateness = i64::from(*late) % (end - seconds).max(1);
            mixed.push((seconds + lateness, *late, Step::Told(event)));
        }
    }
    plain.sort_by_key(|(seconds, place, _)| (*seconds, *place));
    mixed.sort_by_key(|(seconds, place, _)| (*seconds, *place));
    [
        plain.into_iter().map(|(.., step)| step).collect(),
        mixed.into_iter().map(|(.., step)| step).collect(),
    ]
}

fn decision() -> impl Strategy<Value = Decided> {
    prop::sample::select(vec![
        Decided::Resolved,
        Decided::Resolved,
        Decided::Reopened,
        Decided::Read,
        Decided::Archived,
    ])
}

fn said(spans: usize) -> impl Strategy<Value = Said> {
    // The first second of a span is that of the decision.
    let late = prop::collection::vec(any::<u16>(), 3);
    (0..spans, 1..SPAN, 0..12_usize, 1..4_usize, late).prop_map(|(span, second, what, times, late)| Said {
        span,
        second,
        what,
        times,
        late,
    })
}

/// A first word that comes in time: what is decided is decided about a conversation that is there.
fn on_time(span: usize) -> Said {
    Said {
        span,
        second: 0,
        what: 0,
        times: 1,
        late: vec![0],
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decisions_in_between_and_any_order_of_events_end_in_the_same_state(
        (decided, heard) in prop::collection::vec(decision(), 1..5).prop_flat_map(|decided| {
            let spans = decided.len() + 1;
            (Just(decided), prop::collection::vec(said(spans), 1..12))
        }),
    ) {
        let mut all = vec![on_time(0)];
        all.extend(heard);
        let events: Vec<InboundEvent> = all.iter().enumerate().map(|(n, said)| event(n, said)).collect();
        let [plain, mixed] = orders(&decided, &all, &events);
        let expected = run(Reopening::Reopen, &plain);
        prop_assert_eq!(run(Reopening::Reopen, &mixed), expected);
    }

    #[test]
    fn each_message_is_in_the_conversation_of_its_time_in_any_order(
        (spans, heard) in (1..4_usize).prop_flat_map(|decisions| {
            (Just(decisions), prop::collection::vec(said(decisions + 1), 1..12))
        }),
    ) {
        // A conversation that is closed stays so: each span has one of its own, of which one word came in time.
        let decided = vec![Decided::Resolved; spans];
        let mut all: Vec<Said> = (0..=spans)
            .map(|span| Said { second: i64::from(span > 0), ..on_time(span) })
            .collect();
        all.extend(heard);
        let events: Vec<InboundEvent> = all.iter().enumerate().map(|(n, said)| event(n, said)).collect();
        let [plain, mixed] = orders(&decided, &all, &events);
        let expected = run(Reopening::OpenNew, &plain);
        prop_assert_eq!(expected["conversation"].as_array().map(Vec::len), Some(spans + 1));
        prop_assert_eq!(run(Reopening::OpenNew, &mixed), expected);
    }
}
