//! Ads that led people to write: first touch, last touch, merges, and who became a customer.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tertulia_core::contact::LeadStatus;
use tertulia_core::conversation::Conversation;
use tertulia_core::ctwa::Touch;
use tertulia_core::decide::contacts::NewContact;
use tertulia_core::decide::profile::{self, ContactUpdate};
use tertulia_core::decide::{deletion, merging};
use tertulia_core::error::{Code, Error};
use tertulia_core::filter::Filter;
use tertulia_core::ids::ContactId;
use tertulia_core::inbound::{InboundEvent, InboundKind, Person, Referral};
use tertulia_core::merge::{MergeChoice, MergeField, MergeRequest};
use tertulia_core::message::Content;
use tertulia_core::record::Key;

use crate::harness::*;

const ANA: &str = "919876543210";
const SHE: &str = "919812345678";

fn led(from: &Person, id: &str, seconds: i64, ad: &str) -> InboundEvent {
    let mut message = incoming(from, id, Content::text("I saw your ad"));
    message.referral = Some(Referral {
        source_type: Some("ad".to_owned()),
        source_id: Some(ad.to_owned()),
        ctwa_clid: Some(format!("click-{ad}")),
        ..Referral::default()
    });
    event(seconds, InboundKind::Message(message))
}

fn whose(world: &World, number: &str) -> ContactId {
    world.holder(&phone(number)).unwrap().id
}

/// The ad of the first touch, and of the last.
fn touches(world: &World, contact: ContactId) -> (Value, Option<String>) {
    let contact = world.see(contact);
    let thread: Conversation = world.get(&Key::Conversation {
        org: ORG,
        conversation: contact.conversation.unwrap(),
    });
    let last = thread.referral.and_then(|last| last.referral.source_id);
    (
        contact
            .attributes
            .get("ctwa")
            .map_or(Value::Null, |first| first["id"].clone()),
        last,
    )
}

fn merge(world: &mut World, primary: ContactId, duplicate: ContactId) {
    let request = MergeRequest {
        duplicates: vec![duplicate],
        choices: Vec::new(),
    };
    world
        .decide(|set, ctx| merging::merge(set, ctx, primary, &request))
        .unwrap();
}

#[test]
fn the_earliest_touch_stays_with_the_contact_and_the_latest_with_the_conversation() {
    let ana = person(&[phone(ANA)]);
    let events = [
        led(&ana, "a", -10, "first"),
        led(&ana, "b", -5, "middle"),
        led(&ana, "c", -1, "last"),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [1, 0, 2]] {
        let mut world = World::new();
        for number in order {
            world.told(events[number].clone());
            world.told(events[number].clone());
        }
        let id = whose(&world, ANA);
        assert_eq!(
            touches(&world, id),
            (json!("first"), Some("last".to_owned())),
            "{order:?}"
        );
        assert_eq!(world.all::<Touch>().len(), 3);
        assert_eq!(
            world.see(id).attributes["ctwa"],
            json!({
                "source": "ad", "id": "first", "url": null, "headline": null, "body": null, "media": null,
                "ctwaClid": "click-first", "at": at(-10),
            })
        );
    }
}

#[test]
fn what_is_not_said_to_us_touches_nobody() {
    let ana = person(&[phone(ANA)]);
    let mut world = World::new();
    let mut group = led(&ana, "a", -10, "ad");
    if let InboundKind::Message(message) = &mut group.kind {
        message.group_id = Some("family".to_owned());
    }
    world.told(group);
    world.told(says(&ana, "b", -5, "hello"));
    let id = whose(&world, ANA);
    assert_eq!(touches(&world, id), (Value::Null, None));
    assert!(world.all::<Touch>().is_empty());
}

#[test]
fn of_merged_contacts_the_earliest_and_the_latest_touch_count_and_an_undo_parts_them() {
    for (primary, duplicate) in [(ANA, SHE), (SHE, ANA)] {
        let mut world = World::new();
        world.told(led(&person(&[phone(ANA)]), "a", -10, "first"));
        world.told(led(&person(&[phone(SHE)]), "b", -5, "last"));
        let [primary, duplicate] = [primary, duplicate].map(|number| whose(&world, number));
        let before = world.see(primary);
        merge(&mut world, primary, duplicate);
        assert_eq!(
            touches(&world, primary),
            (json!("first"), Some("last".to_owned()))
        );
        world
            .decide(|set, ctx| merging::unmerge(set, ctx, duplicate))
            .unwrap();
        assert_eq!(world.see(primary).attributes, before.attributes);
    }
    let mut world = World::new();
    let without = world.contact("+919811111111");
    world.told(led(&person(&[phone(ANA)]), "a", -10, "first"));
    let ana = whose(&world, ANA);
    let choice = MergeRequest {
        duplicates: vec![ana],
        choices: vec![MergeChoice {
            field: MergeField::Attribute("ctwa".to_owned()),
            from: ana,
        }],
    };
    let chosen = world.decide(|set, ctx| merging::merge(set, ctx, without, &choice));
    assert_eq!(chosen.unwrap_err().code(), Code::ContactMergeInvalid);
    merge(&mut world, without, ana);
    assert_eq!(touches(&world, without).0, json!("first"));
    world.decide(|set, ctx| merging::unmerge(set, ctx, ana)).unwrap();
    assert_eq!(world.see(without).attributes.get("ctwa"), None);
    assert_eq!(world.see(ana).attributes["ctwa"]["id"], "first");
}

#[test]
fn nobody_sets_empties_or_defines_it_by_hand() {
    let mut world = World::new();
    world.told(led(&person(&[phone(ANA)]), "a", -10, "first"));
    let id = whose(&world, ANA);
    let mut try_update = |update: &ContactUpdate| -> Result<_, Error> {
        let revision = world.see(id).revision;
        world.decide(|set, ctx| profile::update(set, ctx, id, revision, update))
    };
    let given = ContactUpdate {
        attributes: [("ctwa".to_owned(), json!("x"))].into(),
        ..ContactUpdate::default()
    };
    assert_eq!(try_update(&given).unwrap_err().code(), Code::AttributeUnknown);
    let emptied = ContactUpdate {
        clear_attributes: vec!["ctwa".to_owned()],
        ..ContactUpdate::default()
    };
    assert_eq!(try_update(&emptied).unwrap_err().code(), Code::AttributeInvalid);
    assert_eq!(touches(&world, id).0, json!("first"));
}

#[test]
fn filters_ask_whether_an_ad_led_here_and_which() {
    let mut world = World::new();
    world.told(led(&person(&[phone(ANA)]), "a", -10, "120208"));
    let ana = world.see(whose(&world, ANA));
    let other = {
        let id = world.contact("+919811111111");
        world.see(id)
    };
    let mut ready = |is: Value| -> Result<Filter, Error> {
        let filter = serde_json::from_value(json!({"attribute": {"name": "ctwa", "is": is}})).unwrap();
        world.decide(|set, ctx| tertulia_core::decide::filters::ready(set, ctx, &filter))
    };
    for (is, fits) in [
        (json!("set"), true),
        (json!({"equals": "120208"}), true),
        (json!({"equals": "1"}), false),
    ] {
        let filter = ready(is).unwrap();
        assert_eq!(
            (filter.matches(&ana), filter.matches(&other)),
            (fits, false),
            "{filter:?}"
        );
    }
    for is in [
        json!({"equals": 120_208}),
        json!({"contains": "1202"}),
        json!({"less": "2"}),
    ] {
        assert_eq!(ready(is).unwrap_err().code(), Code::FilterMisfit);
    }
}

#[test]
fn each_time_that_somebody_becomes_a_customer_is_kept_and_goes_with_a_merge() {
    let mut world = World::new();
    let new = NewContact {
        lead: Some(LeadStatus::Customer),
        ..named("+919811111111")
    };
    let born = world.create(&new).unwrap();
    assert_eq!(world.see(born).became_customer, BTreeSet::from([noon()]));
    let ana = world.contact("+919876543210");
    for (seconds, lead) in [
        (1, LeadStatus::Hot),
        (2, LeadStatus::Customer),
        (3, LeadStatus::Customer),
        (4, LeadStatus::Cold),
        (5, LeadStatus::Customer),
    ] {
        world.now = at(seconds);
        world
            .decide(|set, ctx| profile::set_lead(set, ctx, ana, lead))
            .unwrap();
    }
    assert_eq!(world.see(ana).became_customer, BTreeSet::from([at(2), at(5)]));
    merge(&mut world, born, ana);
    assert_eq!(
        world.see(born).became_customer,
        BTreeSet::from([noon(), at(2), at(5)])
    );
    world.decide(|set, ctx| merging::unmerge(set, ctx, ana)).unwrap();
    assert_eq!(world.see(born).became_customer, BTreeSet::from([noon()]));
}

#[test]
fn a_deletion_takes_the_first_touch_and_leaves_the_count() {
    let mut world = World::new();
    world.told(led(&person(&[phone(ANA)]), "a", -10, "first"));
    let id = whose(&world, ANA);
    world.decide(|set, ctx| deletion::delete(set, ctx, id)).unwrap();
    assert!(world.see(id).attributes.is_empty());
    assert_eq!(world.all::<Touch>().len(), 1);
}
