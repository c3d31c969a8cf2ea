//! Segments: named, resolved where they are used, and kept while something relies on them.

use serde_json::json;
use tertulia_core::attributes::{Attribute, AttributeKind};
use tertulia_core::broadcast::Broadcast;
use tertulia_core::contact::RecordStatus;
use tertulia_core::decide::broadcasts::{self, NewBroadcast};
use tertulia_core::decide::{filters, segments};
use tertulia_core::error::{Code, Error};
use tertulia_core::filter::Filter;
use tertulia_core::ids::{BroadcastId, SegmentId};
use tertulia_core::journal::What;
use tertulia_core::record::Key;
use tertulia_core::segment::{Segment, SegmentUser};
use tertulia_core::selection::Target;
use uuid::Uuid;

use crate::harness::{ORG, SHOP, World};

fn filter(json: serde_json::Value) -> Filter {
    serde_json::from_value(json).unwrap()
}

fn create(world: &mut World, name: &str, filter: &Filter) -> Result<SegmentId, Error> {
    world.decide(|set, ctx| segments::create(set, ctx, name, filter))
}

fn update(world: &mut World, id: SegmentId, name: &str, filter: &Filter) -> Result<(), Error> {
    world.decide(|set, ctx| segments::update(set, ctx, id, name, filter))
}

fn delete(world: &mut World, id: SegmentId) -> Result<(), Error> {
    world.decide(|set, ctx| segments::delete(set, ctx, id))
}

fn ready(world: &mut World, filter: &Filter) -> Result<Filter, Error> {
    world.decide(|set, ctx| filters::ready(set, ctx, filter))
}

fn see(world: &World, segment: SegmentId) -> Segment {
    world.get(&Key::Segment { org: ORG, segment })
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> Code {
    result.unwrap_err().code()
}

fn draft(world: &mut World, target: &Filter) -> BroadcastId {
    let new = new_broadcast(target);
    world
        .decide(|set, ctx| broadcasts::create(set, ctx, &new))
        .unwrap()
}

fn new_broadcast(target: &Filter) -> NewBroadcast {
    serde_json::from_value(json!({
        "name": "Offer", "account": SHOP, "template": "offer", "language": "pt_BR", "target": {"filter": target},
        "parameters": {"body": [{"type": "text", "text": "{{contact.firstName}}"}]},
    }))
    .unwrap()
}

#[test]
fn a_name_is_taken_once_however_it_is_spelled_and_free_again_afterwards() {
    let mut world = World::new();
    let first = create(&mut world, "  Big   Spenders ", &Filter::Everyone).unwrap();
    assert_eq!(see(&world, first).name, "Big Spenders");
    assert_eq!(
        code(create(&mut world, "BIG spénders", &Filter::Everyone)),
        Code::SegmentExists
    );
    for name in ["", " \n", &"x".repeat(101)] {
        assert_eq!(
            code(create(&mut world, name, &Filter::Everyone)),
            Code::SegmentInvalid
        );
    }
    let second = create(&mut world, "Others", &Filter::Everyone).unwrap();
    assert_eq!(
        code(update(&mut world, second, "big spenders", &Filter::Everyone)),
        Code::SegmentExists
    );
    update(&mut world, first, "BIG SPENDERS", &Filter::OptedIn(true)).unwrap();
    update(&mut world, first, "Friends", &Filter::OptedIn(true)).unwrap();
    update(&mut world, second, "big spenders", &Filter::Everyone).unwrap();
    delete(&mut world, first).unwrap();
    assert_eq!(code(delete(&mut world, first)), Code::SegmentNotFound);
    create(&mut world, "friends", &Filter::Everyone).unwrap();
    let told = world.journaled(|what| matches!(what, What::SegmentChanged { .. }));
    assert_eq!(told, 7);
}

#[test]
fn a_segment_means_its_filter_wherever_it_is_named() {
    let mut world = World::new();
    let vip = create(&mut world, "vip", &filter(json!({"tags": {"any": ["VIP"]}}))).unwrap();
    let reachable = filter(json!({"and": [{"segment": vip}, {"optedIn": true}]}));
    let reachable = create(&mut world, "reachable", &reachable).unwrap();
    let asked = filter(json!({"not": {"or": [{"segment": reachable}, {"segment": vip}]}}));
    let wanted = |tag: &str| {
        let vip = json!({"tags": {"any": [tag]}});
        filter(json!({"not": {"or": [{"and": [vip.clone(), {"optedIn": true}]}, vip]}}))
    };
    assert_eq!(ready(&mut world, &asked).unwrap(), wanted("vip"));
    update(
        &mut world,
        vip,
        "vip",
        &filter(json!({"tags": {"any": ["gold"]}})),
    )
    .unwrap();
    assert_eq!(ready(&mut world, &asked).unwrap(), wanted("gold"));

    let nobody = filter(json!({"segment": Uuid::from_u128(9)}));
    assert_eq!(code(ready(&mut world, &nobody)), Code::SegmentNotFound);
    assert_eq!(code(create(&mut world, "x", &nobody)), Code::SegmentNotFound);
    assert!(!nobody.matches(&tertulia_core::contact::Contact::new(
        ORG,
        tertulia_core::ids::ContactId(Uuid::nil()),
        tertulia_core::contact::CreatedBy::Api,
        world.now
    )));
}

#[test]
fn a_segment_never_comes_back_to_itself() {
    let mut world = World::new();
    let first = create(&mut world, "first", &Filter::Everyone).unwrap();
    let second = create(&mut world, "second", &Filter::Segment(first)).unwrap();
    let third = create(
        &mut world,
        "third",
        &Filter::Not(Box::new(Filter::Segment(second))),
    )
    .unwrap();
    for cycle in [first, second, third] {
        let filter = Filter::And(vec![Filter::OptedIn(true), Filter::Segment(cycle)]);
        assert_eq!(
            code(update(&mut world, first, "first", &filter)),
            Code::SegmentCycle
        );
    }
    // The same one twice is no cycle.
    let twice = Filter::Or(vec![Filter::Segment(first), Filter::Segment(second)]);
    update(&mut world, third, "third", &twice).unwrap();
}

#[test]
fn segments_in_segments_have_bounds() {
    let mut world = World::new();
    let mut last = create(&mut world, "0", &Filter::Everyone).unwrap();
    // Each names the one before twice, so that what they stand for doubles.
    let refused = (1..50).find_map(|number| {
        let twice = Filter::Or(vec![Filter::Segment(last), Filter::Segment(last)]);
        match create(&mut world, &number.to_string(), &twice) {
            Ok(id) => {
                last = id;
                None
            }
            Err(error) => Some((number, error.code())),
        }
    });
    assert_eq!(refused, Some((6, Code::FilterTooLarge)));
    // One after another, without any doubling.
    let mut last = create(&mut world, "a0", &Filter::Everyone).unwrap();
    let refused =
        (1..50).find_map(
            |number| match create(&mut world, &format!("a{number}"), &Filter::Segment(last)) {
                Ok(id) => {
                    last = id;
                    None
                }
                Err(error) => Some(error.code()),
            },
        );
    assert_eq!(refused, Some(Code::FilterTooLarge));
}

#[test]
fn a_segment_stays_while_a_draft_or_another_segment_names_it() {
    let mut world = World::new();
    let vip = create(&mut world, "vip", &filter(json!({"tags": {"any": ["vip"]}}))).unwrap();
    let named = Filter::Segment(vip);
    let other = create(&mut world, "other", &named).unwrap();
    assert_eq!(code(delete(&mut world, vip)), Code::SegmentInUse);
    update(&mut world, other, "other", &Filter::Everyone).unwrap();

    let broadcast = draft(&mut world, &named);
    assert_eq!(see(&world, vip).users, [SegmentUser::Broadcast(broadcast)].into());
    assert_eq!(code(delete(&mut world, vip)), Code::SegmentInUse);
    let key = Key::Broadcast { org: ORG, broadcast };
    assert_eq!(world.get::<Broadcast>(&key).target, Target::Filter(named.clone()));
    world
        .decide(|set, ctx| broadcasts::update(set, ctx, broadcast, &new_broadcast(&Filter::Everyone)))
        .unwrap();
    assert!(see(&world, vip).users.is_empty());

    world
        .decide(|set, ctx| broadcasts::update(set, ctx, broadcast, &new_broadcast(&named)))
        .unwrap();
    world
        .decide(|set, ctx| broadcasts::launch(set, ctx, broadcast, 1))
        .unwrap();
    let launched: Broadcast = world.get(&key);
    let vip_tag = filter(json!({"tags": {"any": ["vip"]}}));
    assert_eq!(launched.target, Target::Filter(vip_tag));
    delete(&mut world, vip).unwrap();
}

#[test]
fn a_filter_is_checked_against_what_is_defined_behind_the_names_of_segments() {
    let mut world = World::new();
    world.store(Attribute {
        org: ORG,
        name: "age".to_owned(),
        kind: AttributeKind::Number,
    });
    let old = filter(json!({"attribute": {"name": "age", "is": {"greater": 60}}}));
    let segment = create(&mut world, "old", &old).unwrap();
    assert_eq!(ready(&mut world, &Filter::Segment(segment)).unwrap(), old);
    for (json, wanted) in [
        (
            json!({"attribute": {"name": "town", "is": "set"}}),
            Code::FilterAttributeUnknown,
        ),
        (
            json!({"attribute": {"name": "age", "is": {"contains": "6"}}}),
            Code::FilterMisfit,
        ),
        (json!({"text": "x".repeat(201)}), Code::FilterTooLarge),
    ] {
        assert_eq!(code(create(&mut world, "x", &filter(json.clone()))), wanted);
        assert_eq!(code(ready(&mut world, &filter(json))), wanted);
    }
    assert_eq!(
        ready(&mut world, &Filter::Status(vec![RecordStatus::Active; 6_000])).map_err(|error| error.code()),
        Err(Code::FilterTooLarge)
    );
}
