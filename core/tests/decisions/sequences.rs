//! Sequences as somebody keeps them: what is refused, editions, pauses, and what follows when tags and segments change.

use serde_json::json;
use tertulia_core::decide::sequences::{self, NewSequence};
use tertulia_core::decide::tags::TagUsers;
use tertulia_core::decide::{contacts, segments, tags};
use tertulia_core::error::{Code, Error};
use tertulia_core::filter::Filter;
use tertulia_core::ids::SequenceId;
use tertulia_core::journal::What;
use tertulia_core::record::{Key, Org};
use tertulia_core::sequence::{Sequence, SequenceState, SequenceVersion, Trigger};
use uuid::Uuid;

use crate::drips::*;
use crate::harness::*;

fn update(world: &mut World, id: SequenceId, new: &NewSequence) -> Result<u32, Error> {
    world.decide(|set, ctx| sequences::update(set, ctx, id, new))
}

fn pause(world: &mut World, id: SequenceId) -> Result<(), Error> {
    world.decide(|set, ctx| sequences::pause(set, ctx, id))
}

fn resume(world: &mut World, id: SequenceId) -> Result<(), Error> {
    world.decide(|set, ctx| sequences::resume(set, ctx, id))
}

fn watches(world: &World) -> Vec<Trigger> {
    let org: Org = world.get(&Key::Org { org: ORG });
    org.watches.into_iter().map(|watch| watch.trigger).collect()
}

fn users(world: &World) -> TagUsers {
    TagUsers {
        sequences: world
            .all::<Sequence>()
            .iter()
            .map(|sequence| sequence.id)
            .collect(),
        ..TagUsers::default()
    }
}

#[test]
fn what_could_never_be_done_is_refused_when_it_is_saved() {
    let mut world = World::new();
    let good = hello_and_bye();
    let by = |steps| drip(&steps, &json!({}));
    let mut nameless = by(good.clone());
    nameless.name = " ".to_owned();
    let mut long = by(good.clone());
    long.name = "x".repeat(101);
    let mut elsewhere = by(good.clone());
    elsewhere.definition.account = tertulia_core::ids::AccountId(Uuid::from_u128(99));
    let mut wrong = sends("a", "receipt");
    wrong["does"]["message"]["parameters"] = json!({"body": []});
    let mut unknown = sends("a", "receipt");
    unknown["does"]["message"]["parameters"]["body"][0]["text"] = json!("{{contact.attributes.size}}");
    let filter = |filter| {
        json!([
            sends("a", "receipt"),
            asks("c", &json!({"contact": filter}), Some("end"), None),
            sends("b", "receipt")
        ])
    };
    let table = [
        (nameless, Code::SequenceInvalid),
        (long, Code::SequenceInvalid),
        (elsewhere, Code::AccountNotFound),
        (by(json!([waits("w", 1)])), Code::SequenceInvalid),
        (by(json!([sends("a", "nothing")])), Code::TemplateNotFound),
        (by(json!([wrong])), Code::TemplateParameterCount),
        (by(json!([unknown])), Code::RenderUnknownVariable),
        (
            by(filter(json!({"attribute": {"name": "size", "is": "set"}}))),
            Code::FilterAttributeUnknown,
        ),
        (
            by(filter(json!({"segment": Uuid::from_u128(9)}))),
            Code::SegmentNotFound,
        ),
        (
            drip(&good, &json!({"trigger": {"tagAdded": " "}})),
            Code::TagEmpty,
        ),
    ];
    for (new, code) in table {
        let refused = world.draft_sequence(&new).unwrap_err();
        assert_eq!(refused.code(), code, "{new:?}: {refused}");
    }
    assert!(world.all::<Sequence>().is_empty());
    let id = world.draft_sequence(&by(good)).unwrap();
    let sequence = world.see_sequence(id);
    assert_eq!((sequence.version, sequence.state), (1, SequenceState::Draft));
}

#[test]
fn a_sequence_is_activated_once_its_templates_may_be_sent() {
    let mut world = World::new();
    world.set_template("later", "UTILITY", "PENDING");
    let steps = json!([sends("hello", "receipt"), waits("wait", 1), sends("bye", "later")]);
    let id = world.draft_sequence(&drip(&steps, &json!({}))).unwrap();
    let activate = |world: &mut World| world.decide(|set, ctx| sequences::activate(set, ctx, id));
    assert_eq!(
        activate(&mut world).unwrap_err().code(),
        Code::TemplateNotApproved
    );
    assert_eq!(
        pause(&mut world, id).unwrap_err().code(),
        Code::SequenceWrongState
    );
    assert_eq!(
        resume(&mut world, id).unwrap_err().code(),
        Code::SequenceWrongState
    );
    world.set_template("later", "UTILITY", "APPROVED");
    activate(&mut world).unwrap();
    assert!(world.see_sequence(id).state.is_active());
    activate(&mut world).unwrap();
    pause(&mut world, id).unwrap();
    pause(&mut world, id).unwrap();
    assert_eq!(activate(&mut world).unwrap_err().code(), Code::SequenceWrongState);
    world.set_template("later", "UTILITY", "PAUSED");
    assert_eq!(
        resume(&mut world, id).unwrap_err().code(),
        Code::TemplateNotApproved
    );
    world.set_template("later", "UTILITY", "APPROVED");
    resume(&mut world, id).unwrap();
    resume(&mut world, id).unwrap();
    let changes = |wanted: &str| {
        let is = |what: &What| matches!(what, What::SequenceChanged { change, .. } if change == wanted);
        world.journaled(is)
    };
    let told = ["created", "activated", "paused", "resumed"].map(changes);
    assert_eq!(told, [1, 1, 1, 1], "what changes nothing is not told");
}

#[test]
fn the_organisation_watches_for_active_sequences_only() {
    let mut world = World::new();
    let tag = json!({"trigger": {"tagAdded": "vip"}});
    let id = world.draft_sequence(&drip(&hello_and_bye(), &tag)).unwrap();
    assert_eq!(watches(&world), []);
    world
        .decide(|set, ctx| sequences::activate(set, ctx, id))
        .unwrap();
    let vip = || Trigger::TagAdded("vip".to_owned());
    assert_eq!(watches(&world), [vip()]);
    world.sequence(&hello_and_bye(), &json!({}));
    world.sequence(&hello_and_bye(), &json!({"trigger": "contactCreated"}));
    assert_eq!(
        watches(&world),
        [vip(), Trigger::ContactCreated],
        "nothing watches for what is manual"
    );
    pause(&mut world, id).unwrap();
    assert_eq!(watches(&world), [Trigger::ContactCreated]);
    update(
        &mut world,
        id,
        &drip(&hello_and_bye(), &json!({"trigger": {"tagAdded": "gold"}})),
    )
    .unwrap();
    assert_eq!(watches(&world), [Trigger::ContactCreated]);
    resume(&mut world, id).unwrap();
    assert_eq!(
        watches(&world),
        [Trigger::ContactCreated, Trigger::TagAdded("gold".to_owned())]
    );
    update(&mut world, id, &drip(&hello_and_bye(), &json!({}))).unwrap();
    assert_eq!(watches(&world), [Trigger::ContactCreated]);
}

#[test]
fn a_draft_is_edited_in_place_and_what_was_active_gets_another_edition() {
    let mut world = World::new();
    let id = world.draft_sequence(&drip(&hello_and_bye(), &json!({}))).unwrap();
    let other = drip(
        &json!([
            sends("hey", "receipt"),
            waits("pause", 2),
            sends("ciao", "receipt")
        ]),
        &json!({}),
    );
    assert_eq!(update(&mut world, id, &other).unwrap(), 1);
    assert!(world.all::<SequenceVersion>().is_empty());
    world
        .decide(|set, ctx| sequences::activate(set, ctx, id))
        .unwrap();
    assert_eq!(update(&mut world, id, &other).unwrap(), 1, "nothing changes");
    let mut renamed = other.clone();
    renamed.name = "Hey".to_owned();
    assert_eq!(
        update(&mut world, id, &renamed).unwrap(),
        1,
        "a name is no edition"
    );

    let ana = world.contact("+14155550100");
    let on_the_first = world.enroll(id, ana).unwrap();
    world.send_step(on_the_first);
    let third = drip(&hello_and_bye(), &json!({}));
    assert_eq!(update(&mut world, id, &third).unwrap(), 2);
    let bea = world.contact("+14155550101");
    let on_the_second = world.enroll(id, bea).unwrap();
    world.send_step(on_the_second);
    world.days_pass(2);
    assert_eq!(
        (world.stands(on_the_first), world.stands(on_the_second)),
        ("ciao".into(), "wait".into())
    );
    world.days_pass(1);
    assert_eq!(world.stands(on_the_second), "bye");
    let edition = |world: &mut World, version| {
        world.decide(|set, ctx| {
            let sequence = sequences::get(set, ctx, id)?;
            sequences::edition(set, ctx, &sequence, version)
        })
    };
    assert_eq!(edition(&mut world, 1).unwrap(), other.definition);
    assert_eq!(edition(&mut world, 2).unwrap(), third.definition);
    assert_eq!(edition(&mut world, 3).unwrap_err().code(), Code::SequenceNotFound);
}

#[test]
fn segments_that_conditions_name_are_kept_and_frozen_with_an_edition_that_is_replaced() {
    let mut world = World::new();
    let vips = Filter::tagged_any(["vip"]);
    let segment = world
        .decide(|set, ctx| segments::create(set, ctx, "VIPs", &vips))
        .unwrap();
    let when = json!({"contact": {"segment": segment}});
    let steps = json!([
        waits("wait", 1),
        asks("vip?", &when, Some("yes"), Some("no")),
        sends("yes", "receipt"),
        sends("no", "receipt")
    ]);
    let mut steps = steps;
    steps[2]["next"] = "end".into();
    let id = world.sequence(&steps, &json!({}));
    let delete = |world: &mut World| world.decide(|set, ctx| segments::delete(set, ctx, segment));
    assert_eq!(delete(&mut world).unwrap_err().code(), Code::SegmentInUse);

    // Today's edition means the segment as it is then.
    let (ana, bea) = (world.contact("+14155550100"), world.contact("+14155550101"));
    let tag = |world: &mut World, id, tag: &str| {
        world
            .decide(|set, ctx| contacts::tag(set, ctx, id, &[tag.to_owned()]))
            .unwrap();
    };
    tag(&mut world, ana, "gold");
    tag(&mut world, bea, "vip");
    let (first, second) = (world.enroll(id, ana).unwrap(), world.enroll(id, bea).unwrap());
    let golds = Filter::tagged_any(["gold"]);
    world
        .decide(|set, ctx| segments::update(set, ctx, segment, "VIPs", &golds))
        .unwrap();
    let before = world.clone();
    world.days_pass(1);
    assert_eq!(
        (world.stands(first), world.stands(second)),
        ("yes".into(), "no".into())
    );

    // One that was replaced means it as it was then, and needs it no more.
    let mut world = before;
    update(&mut world, id, &drip(&hello_and_bye(), &json!({}))).unwrap();
    let silvers = Filter::tagged_any(["silver"]);
    world
        .decide(|set, ctx| segments::update(set, ctx, segment, "VIPs", &silvers))
        .unwrap();
    delete(&mut world).unwrap();
    world.days_pass(1);
    assert_eq!(
        (world.stands(first), world.stands(second)),
        ("yes".into(), "no".into())
    );
}

#[test]
fn sequences_follow_a_tag_that_is_renamed_and_keep_it_from_being_deleted() {
    let mut world = World::new();
    let ana = world.contact("+14155550100");
    for tag in ["lead", "bought", "vip"] {
        world
            .decide(|set, ctx| contacts::tag(set, ctx, ana, &[tag.to_owned()]))
            .unwrap();
    }
    let when = json!({"contact": {"tags": {"any": ["vip"]}}});
    let steps = json!([
        waits("wait", 1),
        asks("vip?", &when, Some("end"), None),
        sends("hello", "receipt")
    ]);
    let with = json!({"trigger": {"tagAdded": "Lead"}, "goals": [{"tag": "bought"}]});
    let id = world.sequence(&steps, &with);
    update(&mut world, id, &drip(&hello_and_bye(), &with)).unwrap();
    for (tag, code) in [("lead", Code::TagInUse), ("bought", Code::TagInUse)] {
        let known = users(&world);
        let refused = world
            .decide(|set, ctx| tags::check_delete(set, ctx, tag, &known))
            .unwrap_err();
        assert_eq!(refused.code(), code);
        assert!(
            refused.message().contains("sequence \"Welcome\" names"),
            "{refused}"
        );
    }
    for (from, to) in [("lead", "prospect"), ("bought", "customer"), ("vip", "gold")] {
        let known = users(&world);
        world
            .decide(|set, ctx| tags::rename(set, ctx, from, to, &known))
            .unwrap();
    }
    let sequence = world.see_sequence(id);
    assert_eq!(sequence.version, 2, "a tag's other name is no other edition");
    assert!(sequence.definition.names_tag("prospect") && sequence.definition.names_tag("customer"));
    assert_eq!(watches(&world), [Trigger::TagAdded("prospect".to_owned())]);
    let [edition] = &world.all::<SequenceVersion>()[..] else {
        panic!("one edition was replaced")
    };
    for (tag, named) in [
        ("prospect", true),
        ("customer", true),
        ("gold", true),
        ("vip", false),
        ("lead", false),
    ] {
        assert_eq!(edition.definition.names_tag(tag), named, "{tag}");
    }
}
