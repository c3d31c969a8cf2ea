//! Who gets a conversation that is new or open again.

use tertulia_core::channel::Channel;
use tertulia_core::conversation::{Conversation, ConversationStatus, Handler, HandlerKind};
use tertulia_core::decide::conversations::{reopen, resolve};
use tertulia_core::decide::tags::{TagUsers, check_delete, rename};
use tertulia_core::decide::{contacts, routing, segments, team};
use tertulia_core::error::Code;
use tertulia_core::filter::Filter;
use tertulia_core::ids::RuleId;
use tertulia_core::inbound::{CallEvent, Caller, Person};
use tertulia_core::journal::{EntryKind, What};
use tertulia_core::record::{Key, Org};
use tertulia_core::routing::{MAX_RULES, RoutingRule, RoutingTarget};
use uuid::Uuid;

use crate::harness::*;

const ANA: &str = "5511987654321";

fn ana() -> Person {
    person(&[phone(ANA)])
}

fn rule(number: u128, filter: Option<Filter>, to: RoutingTarget) -> RoutingRule {
    RoutingRule {
        id: RuleId(Uuid::from_u128(number)),
        name: None,
        filter,
        channels: None,
        to,
        enabled: true,
    }
}

fn clerk() -> RoutingTarget {
    RoutingTarget::Handler(Handler {
        name: "clerk".to_owned(),
        kind: HandlerKind::Ai,
    })
}

fn put(world: &mut World, rule: &RoutingRule) -> Result<(), Code> {
    world
        .decide(|set, ctx| routing::put(set, ctx, rule))
        .map_err(|error| error.code())
}

fn rules(world: &World) -> Vec<RoutingRule> {
    world.get::<Org>(&Key::Org { org: ORG }).routing
}

fn thread(world: &World) -> Conversation {
    let contact = world.holder(&phone(ANA)).unwrap();
    world.thread(contact.id)
}

#[test]
fn the_first_rule_that_fits_says_who_gets_a_conversation_once_its_contact_is_tagged() {
    let mut world = World::new();
    world.rule("price", "buyer");
    let [rui, eva] = ["Rui", "Eva"].map(|name| world.member(name));
    let buyers = Some(Filter::tagged_any(["Buyer"]));
    let off = RoutingRule {
        enabled: false,
        ..rule(1, None, clerk())
    };
    let elsewhere = RoutingRule {
        channels: Some(vec![Channel::Sms]),
        ..rule(2, None, clerk())
    };
    for rule in [
        off,
        elsewhere,
        rule(3, buyers, RoutingTarget::Member(rui)),
        rule(4, None, RoutingTarget::Member(eva)),
    ] {
        put(&mut world, &rule).unwrap();
    }
    world.told(says(&ana(), "m1", -60, "the price?"));
    assert_eq!(thread(&world).assignee, Some(rui));
    assert!(world.journal.iter().any(|entry| matches!(
        entry.what,
        What::ConversationAssigned { after: Some(to), rule: Some(RuleId(rule)), .. }
            if to == rui && rule.as_u128() == 3
    )));
    // Once: what comes next in it is routed no more.
    let order = [4, 3, 2, 1].map(|number| RuleId(Uuid::from_u128(number)));
    world.decide(|set, ctx| routing::order(set, ctx, &order)).unwrap();
    world.told(says(&ana(), "m2", -50, "hello?"));
    assert_eq!(thread(&world).assignee, Some(rui));
    // Open again, it is; opened by hand, it is not.
    let id = thread(&world).id;
    world.decide(|set, ctx| resolve(set, ctx, id)).unwrap();
    world.decide(|set, ctx| reopen(set, ctx, id)).unwrap();
    assert_eq!(thread(&world).assignee, Some(rui));
    world.decide(|set, ctx| resolve(set, ctx, id)).unwrap();
    world.now = at(100);
    world.told(says(&ana(), "m3", 50, "and another thing"));
    assert_eq!(thread(&world).assignee, Some(eva));
}

#[test]
fn a_conversation_that_we_began_is_routed_when_the_contact_first_writes_or_calls() {
    let mut world = World::new();
    let contact = world.contact(&format!("+{ANA}"));
    put(&mut world, &rule(1, None, clerk())).unwrap();
    world.send(&template_to(contact, "receipt")).unwrap();
    world.told(echo(&ana(), "e1", -30));
    assert_eq!(thread(&world).status(), ConversationStatus::Open);
    world.told(calls(&ana(), "c1", -20, Caller::Person, CallEvent::Connect));
    assert_eq!(thread(&world).status(), ConversationStatus::AiActive);
}

#[test]
fn a_rule_for_somebody_who_left_is_passed_over_and_the_journal_says_why() {
    let mut world = World::new();
    let [rui, eva] = ["Rui", "Eva"].map(|name| world.member(name));
    put(&mut world, &rule(1, None, RoutingTarget::Member(rui))).unwrap();
    put(&mut world, &rule(2, None, RoutingTarget::Member(eva))).unwrap();
    world
        .decide(|set, ctx| team::set_active(set, ctx, rui, false))
        .unwrap();
    world.told(says(&ana(), "m1", -60, "hello"));
    assert_eq!(thread(&world).assignee, Some(eva));
    let passed: Vec<&What> = world
        .journal
        .iter()
        .map(|entry| &entry.what)
        .filter(|what| what.kind() == EntryKind::RoutingPassedOver)
        .collect();
    assert!(
        matches!(passed[..], [What::RoutingPassedOver { reason, .. }] if reason == "member.inactive"),
        "{passed:?}"
    );

    // Whose they were who left by the time it is open again is nobody's; a rule may give it to somebody else.
    let id = thread(&world).id;
    world.decide(|set, ctx| resolve(set, ctx, id)).unwrap();
    world
        .decide(|set, ctx| team::set_active(set, ctx, eva, false))
        .unwrap();
    world.now = at(100);
    world.told(says(&ana(), "m2", 50, "hello again"));
    assert_eq!(thread(&world).status(), ConversationStatus::Open);
    // Who left while a message was routed to them makes it be routed again.
    let now = world.member("Ivo");
    put(&mut world, &rule(3, None, RoutingTarget::Member(now))).unwrap();
    let account = world.get(&Key::Account {
        org: ORG,
        account: SHOP,
    });
    let hello = says(&person(&[phone("14155552671")]), "m3", 60, "hello");
    let (result, changes) =
        world.plan(|set, ctx| tertulia_core::decide::receive::receive(set, ctx, Some(&account), &hello, 0));
    result.unwrap();
    world
        .decide(|set, ctx| team::set_active(set, ctx, now, false))
        .unwrap();
    assert_eq!(world.commit(changes), Err(Conflict));
}

#[test]
fn nothing_of_a_blocked_contact_is_routed() {
    let mut world = World::new();
    put(&mut world, &rule(1, None, clerk())).unwrap();
    let contact = world.contact(&format!("+{ANA}"));
    world
        .decide(|set, ctx| contacts::block(set, ctx, contact))
        .unwrap();
    world.told(says(&ana(), "m1", -60, "hello"));
    world.told(calls(&ana(), "c1", -50, Caller::Person, CallEvent::Connect));
    assert_eq!(world.see(contact).conversation, None);
    assert_eq!(
        world.journaled(|what| matches!(what, What::ConversationHandled { .. })),
        0
    );
}

#[test]
fn rules_are_checked_ordered_audited_and_followed_by_what_they_name() {
    let mut world = World::new();
    let no_channel = RoutingRule {
        channels: Some(Vec::new()),
        ..rule(1, None, clerk())
    };
    assert_eq!(put(&mut world, &no_channel), Err(Code::RoutingInvalid));
    let nobody = RoutingTarget::Member(tertulia_core::ids::AgentId(Uuid::from_u128(9)));
    assert_eq!(put(&mut world, &rule(1, None, nobody)), Err(Code::MemberNotFound));
    let blank = RoutingTarget::Handler(Handler {
        name: " ".to_owned(),
        kind: HandlerKind::Bot,
    });
    assert_eq!(put(&mut world, &rule(1, None, blank)), Err(Code::HandlerInvalid));
    let segment = world
        .decide(|set, ctx| segments::create(set, ctx, "VIPs", &Filter::tagged_any(["vip"])))
        .unwrap();
    let of_segment = rule(1, Some(Filter::Segment(segment)), clerk());
    put(&mut world, &of_segment).unwrap();
    let refused = world
        .decide(|set, ctx| segments::delete(set, ctx, segment))
        .unwrap_err();
    assert_eq!(refused.code(), Code::SegmentInUse);

    let contact = world.contact("+14155552671");
    world
        .decide(|set, ctx| contacts::tag(set, ctx, contact, &["VIP".to_owned()]))
        .unwrap();
    let test = |world: &mut World| {
        let found = world.decide(|set, ctx| routing::test(set, ctx, contact, Channel::WhatsApp));
        found.unwrap().map(|rule| rule.id.0.as_u128())
    };
    assert_eq!(test(&mut world), Some(1));
    put(&mut world, &rule(1, Some(Filter::tagged_any(["VIP"])), clerk())).unwrap();
    world
        .decide(|set, ctx| segments::delete(set, ctx, segment))
        .unwrap();
    let users = TagUsers::default();
    let refused = world
        .decide(|set, ctx| check_delete(set, ctx, "vip", &users))
        .unwrap_err();
    assert_eq!(refused.code(), Code::TagInUse);
    world
        .decide(|set, ctx| rename(set, ctx, "vip", "Best", &users))
        .unwrap();
    assert_eq!(rules(&world)[0].filter, Some(Filter::tagged_any(["best"])));

    for number in 2..=MAX_RULES as u128 {
        put(&mut world, &rule(number, None, clerk())).unwrap();
    }
    assert_eq!(
        put(&mut world, &rule(999, None, clerk())),
        Err(Code::RoutingInvalid)
    );
    let order = |world: &mut World, ids: &[u128]| {
        let ids: Vec<RuleId> = ids.iter().map(|id| RuleId(Uuid::from_u128(*id))).collect();
        let done = world.decide(|set, ctx| routing::order(set, ctx, &ids));
        done.map_err(|error| error.code())
    };
    assert_eq!(order(&mut world, &[1]), Err(Code::RoutingInvalid));
    assert_eq!(order(&mut world, &[1, 1]), Err(Code::RoutingNotFound));
    let reversed: Vec<u128> = (1..=MAX_RULES as u128).rev().collect();
    order(&mut world, &reversed).unwrap();
    assert_eq!(rules(&world)[0].id.0.as_u128(), MAX_RULES as u128);
    let first = rules(&world)[0].id;
    world.decide(|set, ctx| routing::remove(set, ctx, first)).unwrap();
    let refused = world
        .decide(|set, ctx| routing::remove(set, ctx, first))
        .unwrap_err();
    assert_eq!(refused.code(), Code::RoutingNotFound);
    assert_eq!(test(&mut world), Some(MAX_RULES as u128 - 1));
    assert!(EntryKind::RoutingChanged.in_audit());
    let told = world.journaled(|what| matches!(what, What::RoutingChanged { .. }));
    assert_eq!(told, MAX_RULES + 4, "each change once, with before and after");
}
