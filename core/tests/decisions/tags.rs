//! Tags that get another name, become one, or go, and what names them.

use tertulia_core::broadcast::Broadcast;
use tertulia_core::contact::Tag;
use tertulia_core::decide::contacts::tag;
use tertulia_core::decide::tags::{self, TagUsers};
use tertulia_core::decide::{organisation, segments};
use tertulia_core::error::{Code, Error};
use tertulia_core::filter::{Filter, TagFilter};
use tertulia_core::ids::ContactId;
use tertulia_core::journal::What;
use tertulia_core::record::OrgRule;
use tertulia_core::segment::Segment;
use tertulia_core::selection::Target;
use tertulia_core::sequence::Sequence;

use crate::harness::*;

/// A world with a contact tagged with each of these.
fn tagged(names: &[&str]) -> (World, ContactId) {
    let mut world = World::new();
    let id = world.contact("+919876543210");
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    world.decide(|set, ctx| tag(set, ctx, id, &names)).unwrap();
    (world, id)
}

fn asking(names: &[&str]) -> Filter {
    let names = || names.iter().map(|name| (*name).to_owned()).collect();
    Filter::And(vec![
        Filter::Not(Box::new(Filter::Tags(TagFilter::None(names())))),
        Filter::Or(vec![
            Filter::Tags(TagFilter::All(names())),
            Filter::Tags(TagFilter::Any(names())),
        ]),
    ])
}

fn users(world: &World) -> TagUsers {
    TagUsers {
        rules: world.all::<OrgRule>().iter().map(|rule| rule.rule.id).collect(),
        segments: world.all::<Segment>().iter().map(|segment| segment.id).collect(),
        broadcasts: world
            .all::<Broadcast>()
            .iter()
            .map(|broadcast| broadcast.id)
            .collect(),
        sequences: world
            .all::<Sequence>()
            .iter()
            .map(|sequence| sequence.id)
            .collect(),
    }
}

fn rename(world: &mut World, from: &str, to: &str) -> Result<(Tag, Tag), Error> {
    let users = users(world);
    world.decide(|set, ctx| tags::rename(set, ctx, from, to, &users))
}

fn merge(world: &mut World, from: &str, into: &str) -> Result<(Tag, Tag), Error> {
    let users = users(world);
    world.decide(|set, ctx| tags::merge(set, ctx, from, into, &users))
}

fn check_delete(world: &mut World, name: &str) -> Result<Tag, Error> {
    let users = users(world);
    world.decide(|set, ctx| tags::check_delete(set, ctx, name, &users))
}

fn names(world: &World) -> Vec<String> {
    let mut names: Vec<String> = world.all::<Tag>().into_iter().map(|tag| tag.name).collect();
    names.sort();
    names
}

#[test]
fn rules_segments_and_drafts_follow_a_tag_under_its_new_name() {
    let (mut world, _) = tagged(&["Açaí", "promo"]);
    world.rule("açaí", "ACAI");
    let rule = world.all::<OrgRule>()[0].rule.clone();
    let both = tertulia_core::tagging::Rule {
        tags: vec!["acai".to_owned(), "promo".to_owned(), "other".to_owned()],
        ..rule
    };
    world
        .decide(|set, ctx| organisation::put_rule(set, ctx, &both))
        .unwrap();
    let segment = world
        .decide(|set, ctx| segments::create(set, ctx, "Fruit", &asking(&["AÇAÍ", "promo"])))
        .unwrap();
    let before = world.all::<OrgRule>()[0].clone();

    let (from, to) = rename(&mut world, "acai", " Fruit  bowl ").unwrap();
    assert_eq!((from.key.as_str(), to.name.as_str()), ("acai", "Fruit bowl"));
    let after = world.all::<OrgRule>()[0].clone();
    assert_eq!(after.rule.tags, ["Fruit bowl", "promo", "other"]);
    assert_eq!(after.position, before.position);
    let filter = |world: &World| {
        let segments = world.all::<Segment>();
        segments
            .into_iter()
            .find(|found| found.id == segment)
            .unwrap()
            .filter
    };
    assert_eq!(filter(&world), asking(&["fruit bowl", "promo"]).folded());
    assert_eq!(
        names(&world),
        ["Açaí", "Fruit bowl", "promo"],
        "the old one goes when nobody has it"
    );

    // Two that a rule and a filter name become one there.
    merge(&mut world, "PROMO", "fruit BOWL").unwrap();
    assert_eq!(world.all::<OrgRule>()[0].rule.tags, ["Fruit bowl", "other"]);
    assert_eq!(filter(&world), asking(&["fruit bowl"]).folded());
    let changes = world.journaled(|what| matches!(what, What::TagChanged { after: Some(_), .. }));
    assert_eq!(changes, 2);
}

#[test]
fn a_draft_follows_a_tag_and_a_launched_broadcast_keeps_its_target() {
    let (mut world, _) = tagged(&["vip"]);
    world.set_template("hello", "MARKETING", "APPROVED");
    let launched = world.launch("hello");
    let mut running: Broadcast = world
        .all::<Broadcast>()
        .into_iter()
        .find(|broadcast| broadcast.id == launched)
        .unwrap();
    running.target = Target::Filter(asking(&["vip"]).folded());
    world.store(running.clone());
    let draft = Broadcast {
        id: tertulia_core::ids::BroadcastId(uuid::Uuid::from_u128(77)),
        state: tertulia_core::broadcast::BroadcastState::Draft,
        ..running.clone()
    };
    world.store(draft.clone());
    rename(&mut world, "vip", "gold").unwrap();
    for broadcast in world.all::<Broadcast>() {
        let wanted = if broadcast.id == draft.id { "gold" } else { "vip" };
        assert_eq!(broadcast.target, Target::Filter(asking(&[wanted]).folded()));
    }
}

#[test]
fn a_name_that_is_taken_is_merged_into_and_not_taken_over() {
    let (mut world, _) = tagged(&["vip", "gold"]);
    assert_eq!(
        rename(&mut world, "vip", "GOLD").unwrap_err().code(),
        Code::TagExists
    );
    assert_eq!(
        rename(&mut world, "silver", "x").unwrap_err().code(),
        Code::TagNotFound
    );
    assert_eq!(rename(&mut world, "vip", " ").unwrap_err().code(), Code::TagEmpty);
    assert_eq!(
        merge(&mut world, "vip", "silver").unwrap_err().code(),
        Code::TagNotFound
    );
    assert_eq!(merge(&mut world, "VIP", "vip").unwrap_err().code(), Code::TagSame);
    let (from, to) = rename(&mut world, "vip", "VIP").unwrap();
    assert_eq!((from.key, to.name.as_str()), (to.key, "VIP"));
    assert_eq!(names(&world), ["VIP", "gold"]);
    let journal = world.journal.len();
    rename(&mut world, "vip", "VIP").unwrap();
    assert_eq!(world.journal.len(), journal);
}

#[test]
fn a_contact_follows_once_and_has_no_tag_twice() {
    let (mut world, id) = tagged(&["vip", "gold"]);
    let (from, to) = merge(&mut world, "vip", "gold").unwrap();
    let journal = world.journal.len();
    let retag =
        |world: &mut World| world.decide(|set, ctx| tags::retag(set, ctx, id, &from, Some(&to), true));
    assert!(retag(&mut world).unwrap());
    assert!(!retag(&mut world).unwrap());
    assert_eq!(
        world.see(id).tags,
        [("gold".to_owned(), "gold".to_owned())].into()
    );
    let told: Vec<_> = world.journal[journal..].iter().map(|entry| &entry.what).collect();
    assert!(
        matches!(told[..], [What::TagRemoved { tag }] if tag == "vip"),
        "{told:?}"
    );

    let epoch = world.all::<tertulia_core::record::Org>()[0].rules_epoch;
    world
        .decide(|set, ctx| tags::forget(set, ctx, &from, Some(&to)))
        .unwrap();
    assert_eq!(names(&world), ["gold"]);
    assert!(world.all::<tertulia_core::record::Org>()[0].rules_epoch > epoch);
}

#[test]
fn a_renamed_tag_is_the_same_tag_and_a_deleted_one_is_told() {
    let (mut world, id) = tagged(&["vip"]);
    let (from, to) = rename(&mut world, "vip", "gold").unwrap();
    let journal = world.journal.len();
    let retag = |world: &mut World, from: &Tag, to: Option<&Tag>, told| {
        world
            .decide(|set, ctx| tags::retag(set, ctx, id, from, to, told))
            .unwrap()
    };
    assert!(retag(&mut world, &from, Some(&to), false));
    assert_eq!(world.journal.len(), journal);
    assert_eq!(world.see(id).tags["gold"], "gold");

    let gold = check_delete(&mut world, "GOLD").unwrap();
    assert!(retag(&mut world, &gold, None, true));
    world
        .decide(|set, ctx| tags::forget(set, ctx, &gold, None))
        .unwrap();
    assert!(world.see(id).tags.is_empty());
    assert_eq!(names(&world), ["vip"]);
    assert_eq!(world.journaled(|what| matches!(what, What::TagRemoved { .. })), 1);
    assert_eq!(
        world.journaled(|what| matches!(what, What::TagChanged { after: None, .. })),
        1
    );
}

#[test]
fn a_tag_that_something_names_is_not_deleted_and_the_message_says_what_names_it() {
    let (mut world, _) = tagged(&["vip"]);
    let id = world.rule("gold", "VIP");
    let refused = check_delete(&mut world, "vip").unwrap_err();
    assert_eq!(refused.code(), Code::TagInUse);
    assert!(refused.message().contains(&id.to_string()), "{refused}");
    world
        .decide(|set, ctx| organisation::remove_rule(set, ctx, id))
        .unwrap();
    let segment = world
        .decide(|set, ctx| segments::create(set, ctx, "Best", &asking(&["vip"])))
        .unwrap();
    let refused = check_delete(&mut world, "vip").unwrap_err();
    assert!(refused.message().contains("Best"), "{refused}");
    world
        .decide(|set, ctx| segments::delete(set, ctx, segment))
        .unwrap();
    check_delete(&mut world, "vip").unwrap();
}
