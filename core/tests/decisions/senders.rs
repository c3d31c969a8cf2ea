//! How senders stand with their platform: the latest word counts, in whatever order it comes.

use proptest::prelude::*;
use serde_json::json;
use tertulia_core::account::{Account, AccountState, BANNED, Ban};
use tertulia_core::decide::organisation;
use tertulia_core::decide::receive::{Applied, receive};
use tertulia_core::inbound::{BanNotice, InboundEvent, InboundKind, LimitNotice, SenderNotice};
use tertulia_core::journal::What;
use tertulia_core::record::Key;
use tertulia_core::retry::FailureClass;

use crate::harness::*;

const OWN: &str = "15550783881";

fn key(account: tertulia_core::ids::AccountId) -> Key {
    Key::Account { org: ORG, account }
}

/// A world whose two senders are of one business account.
fn world() -> World {
    let mut world = World::new();
    for id in [SHOP, HELPDESK] {
        let account: Account = world.get(&key(id));
        world.store(Account {
            business_id: Some("waba".to_owned()),
            ..account
        });
    }
    world
}

fn notice() -> SenderNotice {
    SenderNotice {
        field: "phone_number_quality_update".to_owned(),
        raw: json!({"event": "?"}),
        ..SenderNotice::default()
    }
}

/// A notice as it comes: of the business account, without a sender's id.
fn told(seconds: i64, notice: SenderNotice) -> InboundEvent {
    let mut event = event(seconds, InboundKind::Sender(notice));
    event.source.sender_id = None;
    event.source.business_id = Some("waba".to_owned());
    event
}

fn quality(seconds: i64, number: &str, low: bool) -> InboundEvent {
    let number = Some(number.to_owned());
    let low_quality = Some(low);
    told(
        seconds,
        SenderNotice {
            number,
            low_quality,
            ..notice()
        },
    )
}

fn limit(seconds: i64, people: u64) -> InboundEvent {
    let limit = LimitNotice {
        tier: format!("TIER_{people}"),
        people_a_day: Some(people),
    };
    told(
        seconds,
        SenderNotice {
            limit: Some(limit),
            ..notice()
        },
    )
}

fn ban(seconds: i64, ban: Ban) -> InboundEvent {
    let ban = BanNotice {
        ban,
        detail: Some(format!("{ban:?}")),
        until: None,
    };
    told(
        seconds,
        SenderNotice {
            ban: Some(ban),
            ..notice()
        },
    )
}

/// A message to the shop's number, which shows it.
fn shows(number: &str, id: &str) -> InboundEvent {
    let mut event = says(&person(&[phone("351912345678")]), id, -5, "hello");
    event.source.number = Some(number.to_owned());
    event
}

/// What becomes of an event; those of the business account are about no sender.
fn take(world: &mut World, event: &InboundEvent) -> Applied {
    let shop: Account = world.get(&key(SHOP));
    let about = event.source.sender_id.is_some().then_some(&shop);
    world
        .decide(|set, ctx| receive(set, ctx, about, event, 0))
        .unwrap()
}

fn shop(world: &World) -> Account {
    world.get(&key(SHOP))
}

fn changes(world: &World) -> Vec<String> {
    let of = |entry: &tertulia_core::journal::Entry| match &entry.what {
        What::AccountChanged { account, change } if *account == SHOP => Some(change.clone()),
        _ => None,
    };
    world.journal.iter().filter_map(of).collect()
}

#[test]
fn a_notice_of_a_number_is_about_the_sender_that_showed_it() {
    let mut world = world();
    take(&mut world, &shows(OWN, "m1"));
    assert_eq!(shop(&world).standing.number.as_deref(), Some(OWN));
    take(&mut world, &quality(1, "15550000000", true));
    assert_eq!(shop(&world).standing.quality, None, "another number's");
    assert_eq!(take(&mut world, &quality(2, OWN, true)), Applied::Applied);
    let quality_now = shop(&world).standing.quality.unwrap();
    assert_eq!((quality_now.low, quality_now.since), (true, at(2)));
    assert_eq!(take(&mut world, &quality(2, OWN, true)), Applied::Duplicate);
    assert_eq!(
        take(&mut world, &quality(1, OWN, false)),
        Applied::Duplicate,
        "an older word"
    );
    take(&mut world, &quality(3, OWN, false));
    assert!(!shop(&world).standing.quality.unwrap().low);
    assert_eq!(changes(&world), ["quality: low", "quality: not low"]);
    let other: Account = world.get(&key(HELPDESK));
    assert_eq!(other.standing.quality, None);
}

#[test]
fn what_was_told_of_a_number_waits_until_it_is_known_whose_it_is() {
    let mut world = world();
    take(&mut world, &quality(1, OWN, true));
    take(&mut world, &quality(2, "15550000000", true));
    assert_eq!(shop(&world).standing.quality, None);
    take(&mut world, &shows(OWN, "m1"));
    let standing = shop(&world).standing;
    assert_eq!(standing.quality.unwrap().since, at(1));
    assert!(standing.unclaimed.is_empty());
    assert_eq!(changes(&world), ["quality: low"]);
}

#[test]
fn a_limit_is_of_all_senders_of_the_business() {
    let mut world = world();
    take(&mut world, &limit(1, 250));
    take(&mut world, &limit(9, 2_000));
    take(&mut world, &limit(5, 10_000));
    for id in [SHOP, HELPDESK] {
        let account: Account = world.get(&key(id));
        let limit = account.standing.limit.unwrap();
        assert_eq!((limit.people_a_day, limit.since), (Some(2_000), at(9)));
    }
    assert_eq!(changes(&world), ["limit: TIER_250", "limit: TIER_2000"]);
}

#[test]
fn who_is_barred_is_stopped_until_that_is_lifted_or_somebody_resumes_it() {
    let mut world = world();
    take(&mut world, &ban(1, Ban::Scheduled));
    take(&mut world, &ban(2, Ban::Restricted));
    assert_eq!(shop(&world).state, AccountState::Active);
    take(&mut world, &ban(3, Ban::Disabled));
    let AccountState::Stopped { failure, since } = shop(&world).state else {
        panic!("{:?}", shop(&world).state)
    };
    assert_eq!(
        (failure.class, failure.code.as_str()),
        (FailureClass::PolicyRestricted, BANNED)
    );
    assert_eq!(since, at(3));
    take(&mut world, &ban(4, Ban::Lifted));
    assert_eq!(shop(&world).state, AccountState::Active);
    take(&mut world, &ban(3, Ban::Disabled));
    assert_eq!(shop(&world).state, AccountState::Active, "an older word");

    take(&mut world, &ban(5, Ban::Disabled));
    world
        .decide(|set, ctx| organisation::resume(set, ctx, SHOP))
        .unwrap();
    assert_eq!(shop(&world).state, AccountState::Active);
    assert_eq!(shop(&world).standing.ban.unwrap().ban, Ban::Disabled);
    assert_eq!(changes(&world).len(), 6, "{:?}", changes(&world));
}

#[test]
fn who_was_switched_off_by_hand_stays_so() {
    let mut world = world();
    world
        .decide(|set, ctx| organisation::disable(set, ctx, SHOP))
        .unwrap();
    take(&mut world, &ban(1, Ban::Disabled));
    take(&mut world, &ban(2, Ban::Lifted));
    assert_eq!(shop(&world).state, AccountState::Disabled);
}

#[test]
fn a_notice_of_nobody_of_ours_is_kept_as_it_is() {
    let mut world = world();
    let mut event = ban(1, Ban::Disabled);
    event.source.business_id = Some("another".to_owned());
    take(&mut world, &event);
    assert_eq!(shop(&world).state, AccountState::Active);
    assert_eq!(
        world.journaled(|what| matches!(what, What::ProviderNotice { .. })),
        1
    );
}

fn events() -> impl Strategy<Value = Vec<InboundEvent>> {
    let one = (0_usize..8, 0_i64..4).prop_map(|(kind, seconds)| match kind {
        0 => quality(seconds, OWN, true),
        1 => quality(seconds, OWN, false),
        2 => quality(seconds, "15550000000", true),
        3 => limit(seconds, 250),
        4 => limit(seconds, 2_000),
        5 => ban(seconds, Ban::Disabled),
        6 => ban(seconds, Ban::Lifted),
        _ => shows(OWN, "m1"),
    });
    prop::collection::vec(one, 1..9)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_notices_ends_in_the_same_state(
        (events, order) in events().prop_flat_map(|events| {
            let order: Vec<usize> = (0..events.len()).chain(0..events.len() / 2).collect();
            (Just(events), Just(order).prop_shuffle())
        }),
    ) {
        let (mut first, mut second) = (world(), world());
        for event in &events {
            take(&mut first, event);
        }
        for number in order {
            take(&mut second, &events[number]);
        }
        prop_assert_eq!(first.canonical(), second.canonical());
    }
}
