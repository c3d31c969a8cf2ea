//! Who may make a call, and who keeps the team.

use tertulia_core::context::Context;
use tertulia_core::decide::{access, contacts, team};
use tertulia_core::error::Code;
use tertulia_core::ids::{AgentId, ContactId};
use tertulia_core::journal::{Actor, EntryKind, What};
use tertulia_core::roles::{Call, Role};
use tertulia_core::team::Member;
use tertulia_core::working_set::{Step, WorkingSet};
use uuid::Uuid;

use crate::harness::*;

const STRANGER: AgentId = AgentId(Uuid::from_u128(404));

fn member(world: &mut World, role: Role) -> Member {
    let name = role.as_str();
    world.decide(|set, ctx| team::add(set, ctx, name, role)).unwrap()
}

fn check(world: &mut World, call: Call) -> Result<(), Code> {
    let checked = world.decide(|set, ctx| access::check(set, ctx, call));
    checked.map_err(|error| error.code())
}

#[test]
fn a_call_takes_the_role_of_the_table_or_a_higher_one() {
    let mut world = World::new();
    let members = Role::ALL.map(|role| member(&mut world, role));
    for call in Call::ALL {
        for member in &members {
            world.actor = Actor::Agent(member.id);
            let expected = if member.role >= call.needs() {
                Ok(())
            } else {
                Err(Code::RoleForbidden)
            };
            assert_eq!(
                check(&mut world, *call),
                expected,
                "{} as {}",
                call.name(),
                member.role
            );
        }
        for actor in [Actor::System("host".to_owned()), Actor::Worker] {
            world.actor = actor;
            assert_eq!(check(&mut world, *call), Ok(()));
        }
    }
    world.actor = Actor::Agent(members[0].id);
    let refused = world.decide(|set, ctx| access::check(set, ctx, Call::ContactsMerge));
    let message = refused.unwrap_err().message().to_owned();
    for part in ["viewer", "contacts.merge", "admin"] {
        assert!(message.contains(part), "{message}");
    }
}

/// What the table says of the areas, row by row of what was promised.
#[test]
fn the_table_is_what_was_promised() {
    let needs = |role: Role| Call::ALL.iter().filter(move |call| call.needs() == role);
    for call in needs(Role::Owner) {
        assert!(
            ["settings.", "team."]
                .iter()
                .any(|area| call.name().starts_with(area)),
            "{call:?}"
        );
    }
    for (name, role) in [
        ("contacts.list", Role::Viewer),
        ("contacts.create", Role::Agent),
        ("contacts.update", Role::Agent),
        ("contacts.tag", Role::Agent),
        ("notes.add", Role::Agent),
        ("consent.opt_out", Role::Agent),
        ("inbox.send", Role::Agent),
        ("imports.run", Role::Admin),
        ("contacts.bulk", Role::Admin),
        ("contacts.merge", Role::Admin),
        ("contacts.delete", Role::Admin),
        ("attributes.define", Role::Admin),
        ("rules.put", Role::Admin),
        ("templates.put", Role::Admin),
        ("segments.create", Role::Admin),
        ("broadcasts.launch", Role::Admin),
        ("accounts.connect", Role::Admin),
        ("audit.list", Role::Admin),
        ("settings.set", Role::Owner),
        ("team.set_role", Role::Owner),
    ] {
        let call = Call::ALL.iter().find(|call| call.name() == name);
        assert_eq!(call.map(|call| call.needs()), Some(role), "{name}");
    }
}

#[test]
fn a_stranger_and_a_leaver_may_do_nothing() {
    let mut world = World::new();
    let otto = member(&mut world, Role::Owner);
    world
        .decide(|set, ctx| team::set_active(set, ctx, otto.id, false))
        .unwrap();
    for (agent, code) in [(STRANGER, Code::MemberNotFound), (otto.id, Code::MemberInactive)] {
        world.actor = Actor::Agent(agent);
        for call in Call::ALL {
            assert_eq!(check(&mut world, *call), Err(code), "{}", call.name());
        }
    }
}

#[test]
fn a_refusal_is_audited_with_the_call_and_the_role_that_it_takes() {
    let mut world = World::new();
    let viewer = member(&mut world, Role::Viewer);
    for (agent, role) in [(viewer.id, Some(Role::Viewer)), (STRANGER, None)] {
        world.actor = Actor::Agent(agent);
        world
            .decide(|set, ctx| access::refuse(set, ctx, Call::ContactsMerge))
            .unwrap();
        let entry = world.journal.last().unwrap();
        assert_eq!((&entry.actor, entry.contact), (&Actor::Agent(agent), None));
        let expected = What::AccessRefused {
            call: "contacts.merge".to_owned(),
            role,
            needs: Role::Admin,
        };
        assert_eq!(entry.what, expected);
    }
    assert!(EntryKind::AccessRefused.in_audit() && !EntryKind::AccessRefused.on_timeline());
}

/// A call by a member, checked and decided in one commit.
fn tag(set: &mut WorkingSet, ctx: &mut Context<'_>, contact: ContactId) -> Step<usize> {
    access::check(set, ctx, Call::ContactsTag)?;
    contacts::tag(set, ctx, contact, &["vip".to_owned()])
}

#[test]
fn a_call_that_races_with_a_demotion_is_decided_again() {
    let mut world = World::new();
    let contact = world.contact("+919876543210");
    let otto = member(&mut world, Role::Agent);
    let host = std::mem::replace(&mut world.actor, Actor::Agent(otto.id));
    let (decided, changes) = world.plan(|set, ctx| tag(set, ctx, contact));
    decided.unwrap();
    let by_otto = std::mem::replace(&mut world.actor, host);
    world
        .decide(|set, ctx| team::set_role(set, ctx, otto.id, Role::Viewer))
        .unwrap();
    assert_eq!(world.commit(changes), Err(Conflict));
    world.actor = by_otto;
    let again = world.decide(|set, ctx| tag(set, ctx, contact)).unwrap_err();
    assert_eq!(again.code(), Code::RoleForbidden);
}

#[test]
fn a_role_is_changed_once_and_audited_with_before_and_after() {
    let mut world = World::new();
    let otto = member(&mut world, Role::Viewer);
    let journal = world.journal.len();
    let change = |world: &mut World, role| {
        world
            .decide(|set, ctx| team::set_role(set, ctx, otto.id, role))
            .unwrap()
            .role
    };
    assert_eq!(change(&mut world, Role::Viewer), Role::Viewer);
    assert_eq!(world.journal.len(), journal, "it is so already");
    assert_eq!(change(&mut world, Role::Admin), Role::Admin);
    let What::MemberChanged { before, after, .. } = &world.journal.last().unwrap().what else {
        panic!("{:?}", world.journal);
    };
    assert_eq!(
        (&before.as_ref().unwrap()["role"], &after["role"]),
        (&"viewer".into(), &"admin".into())
    );
    let unknown = world.decide(|set, ctx| team::set_role(set, ctx, STRANGER, Role::Admin));
    assert_eq!(unknown.unwrap_err().code(), Code::MemberNotFound);
}

#[test]
fn members_cannot_leave_the_team_without_an_owner_and_the_host_can() {
    let demote = |world: &mut World, id| {
        let demoted = world.decide(|set, ctx| team::set_role(set, ctx, id, Role::Admin));
        demoted.map(drop).map_err(|error| error.code())
    };
    let leave = |world: &mut World, id| {
        let left = world.decide(|set, ctx| team::set_active(set, ctx, id, false));
        left.map(drop).map_err(|error| error.code())
    };
    let mut world = World::new();
    let [iris, otto] = [(); 2].map(|()| member(&mut world, Role::Owner).id);
    let left = member(&mut world, Role::Owner).id;
    leave(&mut world, left).unwrap();
    let host = std::mem::replace(&mut world.actor, Actor::Agent(iris));
    demote(&mut world, otto).unwrap();
    assert_eq!(
        demote(&mut world, iris),
        Err(Code::MemberLastOwner),
        "a leaver is no owner"
    );
    assert_eq!(leave(&mut world, iris), Err(Code::MemberLastOwner));
    leave(&mut world, left).unwrap();
    world.actor = host;
    leave(&mut world, iris).unwrap();
}

#[test]
fn of_two_owners_who_demote_each_other_one_is_decided_again() {
    let mut world = World::new();
    let owners = [(); 2].map(|()| member(&mut world, Role::Owner).id);
    let changes = [0, 1].map(|who| {
        world.actor = Actor::Agent(owners[who]);
        // Without the check of the call, whose own expectation would do.
        let (decided, changes) =
            world.plan(|set, ctx| team::set_role(set, ctx, owners[1 - who], Role::Viewer));
        decided.unwrap();
        changes
    });
    let [first, second] = changes;
    world.commit(first).unwrap();
    assert_eq!(world.commit(second), Err(Conflict));
}
