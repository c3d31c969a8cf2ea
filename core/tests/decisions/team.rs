//! The team, and the name that messages carry.

use serde_json::json;
use tertulia_core::decide::sending::{self, Draft, SendRequest};
use tertulia_core::decide::{contacts, team};
use tertulia_core::error::Code;
use tertulia_core::ids::{AgentId, ContactId};
use tertulia_core::journal::{Actor, EntryKind, What};
use tertulia_core::render::Text;
use tertulia_core::roles::Role;
use tertulia_core::team::Member;
use uuid::Uuid;

use crate::harness::*;

const STRANGER: AgentId = AgentId(Uuid::from_u128(404));

fn added(world: &mut World, name: &str) -> Member {
    world
        .decide(|set, ctx| team::add(set, ctx, name, Role::Agent))
        .unwrap()
}

#[test]
fn a_member_has_a_name_and_every_change_of_it_is_audited() {
    let mut world = World::new();
    let priya = added(&mut world, "  Priya ");
    assert_eq!((priya.name.as_str(), priya.active), ("Priya", true));
    let rename =
        |world: &mut World, id, name: &str| world.decide(|set, ctx| team::rename(set, ctx, id, name));
    let renamed = rename(&mut world, priya.id, "Priya Rao").unwrap();
    assert_eq!((renamed.id, renamed.name.as_str()), (priya.id, "Priya Rao"));
    assert_eq!(rename(&mut world, priya.id, " Priya Rao ").unwrap(), renamed);
    assert_eq!(world.all::<Member>(), [renamed]);
    let changes: Vec<_> = world
        .journal
        .iter()
        .filter_map(|entry| match &entry.what {
            What::MemberChanged {
                member,
                before,
                after,
            } => {
                assert_eq!(*member, priya.id);
                Some((
                    before.as_ref().map(|before| before["name"].clone()),
                    after["name"].clone(),
                ))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        changes,
        [(None, json!("Priya")), (Some(json!("Priya")), json!("Priya Rao"))]
    );
    assert!(EntryKind::MemberChanged.in_audit());

    let nameless = world
        .decide(|set, ctx| team::add(set, ctx, " \t", Role::Agent))
        .unwrap_err();
    assert_eq!(nameless.code(), Code::MemberNameRequired);
    let refused = rename(&mut world, priya.id, "").unwrap_err();
    assert_eq!(refused.code(), Code::MemberNameRequired);
    let unknown = rename(&mut world, STRANGER, "Nobody").unwrap_err();
    assert_eq!(unknown.code(), Code::MemberNotFound);
    let unknown = world
        .decide(|set, ctx| team::get(set, ctx, STRANGER))
        .unwrap_err();
    assert_eq!(unknown.code(), Code::MemberNotFound);
}

/// What a text says to a contact on behalf of whom the world acts for.
fn says(world: &mut World, contact: ContactId, text: &str, strict: bool) -> Result<String, Code> {
    let text = Text::parse(text).unwrap();
    let rendered = world.decide(|set, ctx| {
        let contact = contacts::get(set, ctx, contact)?;
        sending::with_values(set, ctx, &contact, |values| text.render(values, strict))
    });
    rendered
        .map(|rendered| rendered.text)
        .map_err(|error| error.code())
}

#[test]
fn a_text_carries_the_name_of_the_member_who_acts_and_of_nobody_else() {
    let mut world = World::new();
    let ana = world.contact("+919876543210");
    let priya = added(&mut world, "Priya");
    let with_fallback = "{{agent.name|The team}} here";
    for (actor, name) in [
        (Actor::Agent(priya.id), Some("Priya")),
        (Actor::Agent(STRANGER), None),
        (Actor::System("host".to_owned()), None),
        (Actor::Worker, None),
    ] {
        world.actor = actor;
        let expected = |fallback: &str| Ok(format!("{} here", name.unwrap_or(fallback)));
        assert_eq!(says(&mut world, ana, with_fallback, true), expected("The team"));
        assert_eq!(says(&mut world, ana, "{{agent.name}} here", false), expected(""));
        let strict = says(&mut world, ana, "{{agent.name}} here", true);
        let refused = Err(Code::RenderMissingValue);
        assert_eq!(strict, name.map_or(refused, |_| expected("")));
    }
}

#[test]
fn a_template_carries_the_name_that_the_member_has_when_it_is_sent() {
    let mut world = World::new();
    let ana = world.contact("+919876543210");
    let priya = added(&mut world, "Priya");
    let request = SendRequest {
        draft: Draft::Template {
            name: "receipt".to_owned(),
            language: "pt_BR".parse().unwrap(),
            parameters: serde_json::from_value(json!({"body": [{"type": "text", "text": "{{agent.name}}"}]}))
                .unwrap(),
        },
        ..template_to(ana, "receipt")
    };
    let sent = |world: &mut World, actor| {
        world.actor = actor;
        let flight = world.send(&request).map_err(|error| error.code())?;
        match flight.content {
            tertulia_core::message::Content::Template { text, .. } => Ok(text),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        sent(&mut world, Actor::Agent(priya.id)),
        Ok("Olá Priya".to_owned())
    );
    world
        .decide(|set, ctx| team::rename(set, ctx, priya.id, "Rao"))
        .unwrap();
    assert_eq!(sent(&mut world, Actor::Agent(priya.id)), Ok("Olá Rao".to_owned()));
    // An empty parameter is what the platform refuses.
    assert_eq!(
        sent(&mut world, Actor::Agent(STRANGER)),
        Err(Code::TemplateParameterEmpty)
    );
}
