//! Quick replies: one shortcut each, bodies that can be sent, rendered for one contact by who acts.

use serde_json::json;
use tertulia_core::attributes::{Attribute, AttributeKind};
use tertulia_core::decide::contacts::NewContact;
use tertulia_core::decide::{organisation, quick_replies, team};
use tertulia_core::error::{Code, Error};
use tertulia_core::ids::QuickReplyId;
use tertulia_core::journal::{Actor, EntryKind, What};
use tertulia_core::quick_reply::QuickReply;
use tertulia_core::record::Key;
use tertulia_core::render::Text;
use tertulia_core::roles::Role;

use crate::harness::*;

fn text(body: &str) -> Text {
    Text::parse(body).unwrap()
}

fn create(world: &mut World, shortcut: &str, body: &str) -> Result<QuickReplyId, Error> {
    world.decide(|set, ctx| quick_replies::create(set, ctx, shortcut, &text(body)))
}

fn update(world: &mut World, id: QuickReplyId, shortcut: &str, body: &str) -> Result<(), Error> {
    world.decide(|set, ctx| quick_replies::update(set, ctx, id, shortcut, &text(body)))
}

fn delete(world: &mut World, id: QuickReplyId) -> Result<(), Error> {
    world.decide(|set, ctx| quick_replies::delete(set, ctx, id))
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> Code {
    result.unwrap_err().code()
}

fn see(world: &World, reply: QuickReplyId) -> QuickReply {
    world.get(&Key::QuickReply { org: ORG, reply })
}

fn city() -> Attribute {
    Attribute {
        org: ORG,
        name: "city".to_owned(),
        kind: AttributeKind::Text,
    }
}

#[test]
fn a_shortcut_is_taken_once_however_it_is_spelled_and_free_again_afterwards() {
    let mut world = World::new();
    let first = create(&mut world, "Greeting", "Hi").unwrap();
    assert_eq!(see(&world, first).shortcut, "/Greeting");
    assert_eq!(
        code(create(&mut world, "/GREÉTING", "Hi")),
        Code::QuickReplyExists
    );
    assert_eq!(
        code(create(&mut world, "/good day", "Hi")),
        Code::QuickReplyInvalid
    );
    assert_eq!(code(create(&mut world, "/x", " ")), Code::QuickReplyInvalid);
    let second = create(&mut world, "/bye", "Bye").unwrap();
    assert_eq!(
        code(update(&mut world, second, "greeting", "Bye")),
        Code::QuickReplyExists
    );
    update(&mut world, first, "/hello", "Hi").unwrap();
    update(&mut world, second, "greeting", "Bye").unwrap();
    delete(&mut world, first).unwrap();
    assert_eq!(code(delete(&mut world, first)), Code::QuickReplyNotFound);
    create(&mut world, "/hello", "Hi").unwrap();
}

#[test]
fn every_change_is_audited_with_before_and_after() {
    let mut world = World::new();
    let id = create(&mut world, "/hi", "Hi").unwrap();
    update(&mut world, id, "/hi", "Hi").unwrap();
    update(&mut world, id, "/hi", "Hello").unwrap();
    delete(&mut world, id).unwrap();
    let told: Vec<_> = world
        .journal
        .iter()
        .filter_map(|entry| match &entry.what {
            What::QuickReplyChanged { reply, before, after } if *reply == id => {
                Some((before.clone(), after.clone()))
            }
            _ => None,
        })
        .collect();
    let said = |body: &str| Some(json!({ "shortcut": "/hi", "body": body }));
    assert_eq!(
        told,
        [
            (None, said("Hi")),
            (said("Hi"), said("Hello")),
            (said("Hello"), None)
        ]
    );
    assert!(EntryKind::QuickReplyChanged.in_audit());
}

#[test]
fn an_attribute_that_is_not_defined_is_refused_when_it_is_saved_and_when_it_is_gone() {
    let mut world = World::new();
    let body = "From {{contact.attributes.city|here}}";
    let error = create(&mut world, "/from", body).unwrap_err();
    assert_eq!(error.code(), Code::RenderUnknownVariable);
    assert!(
        error.message().contains("line 1, column 6"),
        "{}",
        error.message()
    );
    world
        .decide(|set, ctx| organisation::define_attribute(set, ctx, &city()))
        .unwrap();
    let id = create(&mut world, "/from", body).unwrap();
    let other = create(&mut world, "/other", "Hi").unwrap();
    assert_eq!(
        code(update(&mut world, other, "/other", "{{contact.attributes.town}}")),
        Code::RenderUnknownVariable
    );
    let ana = world.contact("+919876543210");
    let render = |world: &mut World| world.decide(|set, ctx| quick_replies::render(set, ctx, id, ana, true));
    assert_eq!(render(&mut world).unwrap().text, "From here");
    world
        .decide(|set, ctx| organisation::remove_attribute(set, ctx, &city()))
        .unwrap();
    assert_eq!(code(render(&mut world)), Code::RenderUnknownVariable);
}

#[test]
fn it_is_rendered_for_one_contact_as_the_member_who_acts_would_send_it() {
    let mut world = World::new();
    let priya = world
        .decide(|set, ctx| team::add(set, ctx, "Priya", Role::Agent))
        .unwrap();
    let id = create(&mut world, "/hi", "Hi {{contact.firstName}}, {{agent.name}} here").unwrap();
    let new = NewContact {
        name: Some("Ana Lua".to_owned()),
        ..named("+919876543210")
    };
    let ana = world.create(&new).unwrap();
    let mut render = |actor: Actor, strict: bool| {
        world.actor = actor;
        world.decide(|set, ctx| quick_replies::render(set, ctx, id, ana, strict))
    };
    let sent = render(Actor::Agent(priya.id), true).unwrap();
    assert_eq!(
        (sent.text.as_str(), sent.missing.len()),
        ("Hi Ana, Priya here", 0)
    );
    let host = Actor::System("host".to_owned());
    let nobody = render(host.clone(), false).unwrap();
    assert_eq!((nobody.text.as_str(), nobody.missing.len()), ("Hi Ana,  here", 1));
    assert_eq!(code(render(host, true)), Code::RenderMissingValue);
}
