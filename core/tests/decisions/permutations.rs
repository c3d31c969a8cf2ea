//! Any permutation and repetition of the same events ends in the same state, in one commit or in many.

use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::json;
use tertulia_core::conversation::{Handler, HandlerKind};
use tertulia_core::decide::receive::receive;
use tertulia_core::decide::routing;
use tertulia_core::decide::sending::{self, Flight};
use tertulia_core::decide::{contacts, conversations, surveys};
use tertulia_core::ids::RuleId;
use tertulia_core::inbound::{
    CallEvent, Caller, InboundEvent, InboundKind, Person, PreferenceChoice, Referral,
};
use tertulia_core::journal::Actor;
use tertulia_core::keywords::Keyword;
use tertulia_core::ledger::{Accepted, Outcome};
use tertulia_core::message::{Content, StatusKind};
use tertulia_core::record::Key;
use tertulia_core::retry::FailureClass;
use tertulia_core::routing::{RoutingRule, RoutingTarget};
use tertulia_core::settings::Reopening;
use tertulia_core::survey::Survey;
use tertulia_core::template::TemplateStatus;
use uuid::Uuid;

use crate::harness::*;

const WORDS: [&str; 14] = [
    "hello",
    "the price?",
    "STOP",
    "START",
    "yes",
    "refund please",
    "stop it at once",
    "Stop.",
    "price and refund",
    // The platform's own words.
    "no more pizza",
    "pizza again",
    // Ratings.
    "4",
    "2 price",
    "５",
];

/// What comes in: an event of a platform, or the answer to a send.
#[derive(Debug, Clone)]
enum Incident {
    Told(Box<InboundEvent>),
    Answered(usize),
}

/// One incident before the ids of attempts are known.
#[derive(Debug, Clone)]
enum Draft {
    Message {
        sender: usize,
        at: i64,
        words: usize,
        group: bool,
    },
    Echo {
        to: usize,
        at: i64,
    },
    Status {
        sent: usize,
        at: i64,
        word: usize,
        correlated: bool,
        free_hours: Option<i64>,
    },
    /// One of some calls: who calls whom and when follows from its number.
    Call {
        call: usize,
        event: usize,
    },
    /// A choice from the list of the survey under way.
    Choice {
        sender: usize,
        at: i64,
        rating: u8,
    },
    Reaction {
        sender: usize,
        target: usize,
        at: i64,
        emoji: Option<&'static str>,
    },
    Edit {
        sender: usize,
        target: usize,
        at: i64,
        words: usize,
    },
    Revoke {
        sender: usize,
        target: usize,
        at: i64,
    },
    Preference {
        sender: usize,
        at: i64,
        stop: bool,
    },
    Template {
        status: usize,
        at: i64,
    },
    Answer {
        sent: usize,
    },
}

/// People, each with the same addresses in all events: known to us or not, by phone, id or both; the last is blocked.
fn people() -> [Person; 5] {
    [
        person(&[phone("5511987654321")]),
        person(&[bsuid("BR.100")]),
        person(&[phone("351912345678"), bsuid("PT.200")]),
        person(&[phone("919876543210")]),
        person(&[phone("14155552671")]),
    ]
}

fn draft() -> impl Strategy<Value = Draft> {
    let at = -600..-590_i64;
    let sender = 0..5_usize;
    let target = 0..12_usize;
    prop_oneof![
        6 => (sender.clone(), at.clone(), 0..WORDS.len(), prop::bool::weighted(0.1))
            .prop_map(|(sender, at, words, group)| Draft::Message { sender, at, words, group }),
        1 => (0..4_usize, at.clone()).prop_map(|(to, at)| Draft::Echo { to, at }),
        2 => (2..5_usize, at.clone(), 1..6_u8).prop_map(|(sender, at, rating)| Draft::Choice { sender, at, rating }),
        4 => (0..5_usize, at.clone(), 0..6_usize, any::<bool>(), prop::option::weighted(0.3, 70..72_i64))
            .prop_map(|(sent, at, word, correlated, free_hours)| Draft::Status { sent, at, word, correlated, free_hours }),
        4 => (0..7_usize, 0..4_usize).prop_map(|(call, event)| Draft::Call { call, event }),
        2 => (sender.clone(), target.clone(), at.clone(), prop::sample::select(vec![None, Some("👍"), Some("❤")]))
            .prop_map(|(sender, target, at, emoji)| Draft::Reaction { sender, target, at, emoji }),
        1 => (sender.clone(), target.clone(), at.clone(), 0..WORDS.len())
            .prop_map(|(sender, target, at, words)| Draft::Edit { sender, target, at, words }),
        1 => (sender.clone(), target, at.clone()).prop_map(|(sender, target, at)| Draft::Revoke { sender, target, at }),
        2 => (sender, at.clone(), any::<bool>()).prop_map(|(sender, at, stop)| Draft::Preference { sender, at, stop }),
        1 => (0..3_usize, at).prop_map(|(status, at)| Draft::Template { status, at }),
        2 => (0..5_usize).prop_map(|sent| Draft::Answer { sent }),
    ]
}

/// A world that knows two of the people, sent one of them a broadcast, and waits for the answers to five messages: the last
/// two are a survey's, whose conversation was resolved, archived and read in the midst of what is told of.
fn world(reopening: Reopening) -> (World, Vec<Flight>) {
    let csat = json!({"question": "1 to 5?", "thanks": "Thanks", "comment_question": "Why?",
        "expires_after_seconds": 5});
    let mut world = World::with(|settings| {
        settings.reopening = reopening;
        settings.csat = Some(serde_json::from_value(csat).unwrap());
    });
    world.rule("price", "buyer");
    world.rule("refund", "unhappy");
    // What a bot is to answer is the same in any order, too.
    let clerk = RoutingRule {
        id: RuleId(Uuid::from_u128(1)),
        name: None,
        filter: None,
        channels: None,
        to: RoutingTarget::Handler(Handler {
            name: "clerk".to_owned(),
            kind: HandlerKind::Bot,
        }),
        enabled: true,
    };
    world.decide(|set, ctx| routing::put(set, ctx, &clerk)).unwrap();
    world.now = noon() - TimeDelta::hours(1);
    let known = world.contact("+919876543210");
    let blocked = world.contact("+14155552671");
    world
        .decide(|set, ctx| contacts::block(set, ctx, blocked))
        .unwrap();
    let broadcast = world.launch("offer");
    let first = world.begin(world.row_of(broadcast, known).id).unwrap();
    let second = world.send(&template_to(known, "receipt")).unwrap();
    let third = world.send(&template_to(known, "receipt")).unwrap();
    let person = &people()[3];
    world.now = at(-620);
    world.told(says(person, "w0", -620, "hello"));
    world.now = at(-598);
    let id = world.see(known).conversation.unwrap();
    world.decide(|set, ctx| surveys::resolve(set, ctx, id)).unwrap();
    world
        .decide(|set, ctx| conversations::archive(set, ctx, id, true))
        .unwrap();
    world
        .decide(|set, ctx| conversations::read(set, ctx, id))
        .unwrap();
    world
        .decide(|set, ctx| conversations::label(set, ctx, id, &["done".to_owned()]))
        .unwrap();
    world.now = at(-597);
    let survey = survey(&world);
    let question = world.begin(survey.dispatch).unwrap();
    world.now = at(-596);
    world.told(choice(person, "w1", -596, &survey, 3));
    world.now = at(-595);
    let follow_up = world.begin(self::survey(&world).follow_up.unwrap()).unwrap();
    world.now = noon();
    (world, vec![first, second, third, question, follow_up])
}

fn survey(world: &World) -> Survey {
    world.all().pop().unwrap()
}

fn choice(from: &Person, id: &str, seconds: i64, survey: &Survey, rating: u8) -> InboundEvent {
    let content = Content::ListReply {
        id: format!("csat:{}:{rating}", survey.id),
        title: rating.to_string(),
        description: None,
    };
    event(seconds, InboundKind::Message(incoming(from, id, content)))
}

fn incidents(drafts: &[Draft], survey: &Survey, flights: &[Flight]) -> Vec<Incident> {
    let people = people();
    // Messages of people are `m…`, by their place in the list; a target is one of those, or one of ours.
    let target = |number: usize| {
        if number < 5 {
            format!("out.{number}")
        } else {
            format!("m{}", number - 5)
        }
    };
    let words = [
        StatusKind::Sent,
        StatusKind::Delivered,
        StatusKind::Read,
        StatusKind::Failed(stopped_marketing()),
        failed(FailureClass::RecipientInvalid, "131026"),
        StatusKind::Other("warning".to_owned()),
    ];
    let incident = |(number, draft): (usize, &Draft)| {
        Incident::Told(Box::new(match draft {
            Draft::Message {
                sender,
                at,
                words,
                group,
            } => {
                let mut event = says(&people[*sender], &format!("m{number}"), *at, WORDS[*words]);
                if let InboundKind::Message(message) = &mut event.kind {
                    message.group_id = group.then(|| "family".to_owned());
                    message.keyword = match WORDS[*words] {
                        "no more pizza" => Some(Keyword::Stop),
                        "pizza again" => Some(Keyword::Start),
                        _ => None,
                    };
                    // An ad led to some.
                    message.referral = (words % 3 == 0).then(|| Referral {
                        source_id: Some(format!("ad {words}")),
                        ..Referral::default()
                    });
                }
                event
            }
            Draft::Choice { sender, at, rating } => {
                choice(&people[*sender], &format!("m{number}"), *at, survey, *rating)
            }
            Draft::Echo { to, at } => echo(&people[*to], &format!("m{number}"), *at),
            Draft::Status {
                sent,
                at,
                word,
                correlated,
                free_hours,
            } => {
                let attempt = correlated.then(|| flights[*sent].attempt);
                let mut event = became(&format!("out.{sent}"), *at, words[*word].clone(), attempt);
                if let InboundKind::Status(update) = &mut event.kind {
                    update.free_entry_until = free_hours.map(|hours| noon() + TimeDelta::hours(hours));
                }
                event
            }
            Draft::Call { call, event } => {
                let events = [
                    CallEvent::Connect,
                    CallEvent::Ringing,
                    CallEvent::Accepted,
                    CallEvent::Terminate,
                ];
                let caller = if call % 2 == 0 {
                    Caller::Person
                } else {
                    Caller::Business
                };
                let seconds = i64::try_from(call * 2 + event).unwrap() - 600;
                calls(
                    &people[call % 5],
                    &format!("c{call}"),
                    seconds,
                    caller,
                    events[*event].clone(),
                )
            }
            Draft::Reaction {
                sender,
                target: to,
                at,
                emoji,
            } => reacts(&people[*sender], &format!("r{number}"), &target(*to), *at, *emoji),
            Draft::Edit {
                sender,
                target: to,
                at,
                words,
            } => edits(
                &people[*sender],
                &format!("d{number}"),
                &target(*to),
                *at,
                WORDS[*words],
            ),
            Draft::Revoke {
                sender,
                target: to,
                at,
            } => revokes(&people[*sender], &format!("v{number}"), &target(*to), *at),
            Draft::Preference { sender, at, stop } => {
                let choice = if *stop {
                    PreferenceChoice::Stop
                } else {
                    PreferenceChoice::Resume
                };
                prefers(&people[*sender], *at, choice)
            }
            Draft::Template { status, at } => {
                let statuses = [
                    TemplateStatus::Approved,
                    TemplateStatus::Paused,
                    TemplateStatus::Disabled,
                ];
                template_is("offer", *at, statuses[*status].clone())
            }
            Draft::Answer { sent } => return Incident::Answered(*sent),
        }))
    };
    drafts.iter().enumerate().map(incident).collect()
}

/// Applies incidents, so many to a commit.
fn run(reopening: Reopening, incidents: &[Incident], sizes: &[usize]) -> serde_json::Value {
    let (mut world, flights) = world(reopening);
    world.actor = Actor::Provider;
    let account = world.get(&Key::Account {
        org: ORG,
        account: SHOP,
    });
    let mut sizes = sizes.iter().cycle();
    let mut rest = incidents;
    while !rest.is_empty() {
        let size = (*sizes.next().unwrap()).min(rest.len());
        let (chunk, later) = rest.split_at(size);
        rest = later;
        let (results, changes) = world.plan_all(chunk, |set, ctx, incident| match incident {
            Incident::Told(event) => receive(set, ctx, Some(&account), event, 0).map(drop),
            Incident::Answered(sent) => {
                let flight = &flights[*sent];
                let outcome = Outcome::Accepted(Accepted {
                    provider_id: format!("out.{sent}"),
                    addresses: vec![phone("919876543210")],
                    held: false,
                });
                sending::land(set, ctx, flight.dispatch, flight.attempt, &outcome).map(drop)
            }
        });
        results.into_iter().collect::<Result<Vec<()>, _>>().unwrap();
        world.commit(changes).unwrap();
    }
    world.canonical()
}

/// The incidents, and the same in another order with some of them repeated.
fn cases() -> impl Strategy<Value = (Vec<Draft>, Vec<usize>, Vec<usize>)> {
    prop::collection::vec(draft(), 1..14).prop_flat_map(|drafts| {
        let count = drafts.len();
        let order = prop::collection::vec(0..count, 0..6).prop_flat_map(move |repeated| {
            let all: Vec<usize> = (0..count).chain(repeated).collect();
            Just(all).prop_shuffle()
        });
        (Just(drafts), order, prop::collection::vec(1..6_usize, 1..5))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_and_repetition_of_events_does_not_matter(
        (drafts, order, sizes) in cases(),
        opens_new in any::<bool>(),
    ) {
        let reopening = if opens_new { Reopening::OpenNew } else { Reopening::Reopen };
        let (asked, flights) = world(reopening);
        let told = incidents(&drafts, &survey(&asked), &flights);
        let shuffled: Vec<Incident> = order.iter().map(|number| told[*number].clone()).collect();
        let expected = run(reopening, &told, &[1]);
        prop_assert_eq!(&run(reopening, &shuffled, &[1]), &expected, "one a commit");
        prop_assert_eq!(&run(reopening, &shuffled, &sizes), &expected, "several a commit");
        prop_assert_eq!(&run(reopening, &told, &[told.len()]), &expected, "all in one commit");
    }
}
