//! Whom a broadcast is for: a filter, those who were named, or recipients of another one.

use serde_json::json;
use tertulia_core::broadcast::{Broadcast, RecipientFilter, Simulated};
use tertulia_core::decide::broadcasts::{NewBroadcast, cancel, create, launch, meant, start_due, update};
use tertulia_core::decide::merging::{merge, unmerge};
use tertulia_core::decide::sending::simulate;
use tertulia_core::decide::{broadcasts, deletion, erasure, selections};
use tertulia_core::error::{Code, Error};
use tertulia_core::filter::Filter;
use tertulia_core::ids::{BroadcastId, ContactId};
use tertulia_core::journal::What;
use tertulia_core::ledger::{Dispatch, DispatchState, SkipReason, StateName};
use tertulia_core::merge::MergeRequest;
use tertulia_core::record::Key;
use tertulia_core::selection::{MAX_LISTED, RecipientSelection, Selection, Target, TargetList};
use uuid::Uuid;

use crate::harness::*;

const NOBODY: ContactId = ContactId(Uuid::from_u128(1));

fn to(target: &Selection) -> NewBroadcast {
    serde_json::from_value(json!({
        "name": "Offer", "account": SHOP, "template": "offer", "language": "pt_BR", "target": target,
        "parameters": {"body": [{"type": "text", "text": "{{contact.firstName|there}}"}]},
    }))
    .unwrap()
}

fn draft(world: &mut World, target: &Selection) -> Result<BroadcastId, Error> {
    let new = to(target);
    world.decide(|set, ctx| create(set, ctx, &new))
}

fn replace(world: &mut World, id: BroadcastId, target: &Selection) -> Result<(), Error> {
    let new = to(target);
    world.decide(|set, ctx| update(set, ctx, id, &new))
}

fn stands(world: &World, broadcast: BroadcastId) -> Broadcast {
    world.get(&Key::Broadcast { org: ORG, broadcast })
}

fn listed(world: &World, broadcast: BroadcastId) -> Option<Vec<ContactId>> {
    let list: Option<TargetList> = world.find(&Key::TargetList { org: ORG, broadcast });
    list.map(|list| list.contacts.into_iter().collect())
}

fn sorted(mut ids: Vec<ContactId>) -> Vec<ContactId> {
    ids.sort();
    ids
}

fn recipients(broadcast: BroadcastId, states: &[StateName]) -> Selection {
    Selection::Recipients(RecipientSelection {
        broadcast,
        who: RecipientFilter::in_states(states),
    })
}

fn merged_into(world: &mut World, into: ContactId, duplicate: ContactId) {
    let request = MergeRequest {
        duplicates: vec![duplicate],
        choices: Vec::new(),
    };
    world.decide(|set, ctx| merge(set, ctx, into, &request)).unwrap();
}

fn people(world: &mut World, count: usize) -> Vec<ContactId> {
    (0..count)
        .map(|number| world.contact(&format!("+3519123456{number:02}")))
        .collect()
}

/// Whom a selection means, by which id.
fn found(world: &mut World, selection: &Selection, ids: &[ContactId]) -> Vec<(ContactId, Option<ContactId>)> {
    let found = world
        .decide(|set, ctx| selections::found(set, ctx, selection, ids))
        .unwrap();
    found
        .into_iter()
        .map(|(id, contact)| (id, contact.map(|contact| contact.id)))
        .collect()
}

#[test]
fn those_who_are_named_stand_beside_the_draft_each_once() {
    let mut world = World::new();
    let ids = people(&mut world, 3);
    let named = vec![ids[2], ids[0], NOBODY, ids[2]];
    let id = draft(&mut world, &Selection::Ids(named)).unwrap();
    assert_eq!(stands(&world, id).target, Target::List);
    assert_eq!(listed(&world, id), Some(sorted(vec![ids[0], ids[2], NOBODY])));

    replace(&mut world, id, &Selection::Ids(vec![ids[1]])).unwrap();
    assert_eq!(listed(&world, id), Some(vec![ids[1]]));
    replace(&mut world, id, &Selection::Filter(Filter::Everyone)).unwrap();
    assert_eq!(stands(&world, id).target, Target::Filter(Filter::Everyone));
    assert_eq!(listed(&world, id), None, "nothing is left behind");
    replace(&mut world, id, &Selection::Ids(Vec::new())).unwrap();
    assert_eq!(listed(&world, id), Some(Vec::new()), "an empty one is one, too");
    world.decide(|set, ctx| cancel(set, ctx, id)).unwrap();
    assert_eq!(listed(&world, id), None);
}

#[test]
fn a_list_that_is_too_long_is_refused() {
    let ids = |count: usize| -> Vec<ContactId> {
        (0..count)
            .map(|number| ContactId(Uuid::from_u128(number as u128)))
            .collect()
    };
    let list = |ids: &[ContactId]| TargetList::new(ORG, BroadcastId(Uuid::nil()), ids);
    let mut most = ids(MAX_LISTED);
    most.push(most[0]);
    assert_eq!(
        list(&most).unwrap().contacts.len(),
        MAX_LISTED,
        "who is there twice counts once"
    );
    let error = list(&ids(MAX_LISTED + 1)).unwrap_err();
    assert_eq!(error.code(), Code::BroadcastInvalid);
    assert!(error.message().contains("100001"), "{}", error.message());
}

#[test]
fn at_the_launch_everybody_who_is_named_has_one_row_and_the_list_goes() {
    let mut world = World::new();
    let ids = people(&mut world, 5);
    let gone = ids[3];
    let named = vec![ids[1], ids[2], NOBODY, gone];
    let id = draft(&mut world, &Selection::Ids(named)).unwrap();
    // By then two of them are one, one of whom was not named, and one is deleted.
    merged_into(&mut world, ids[0], ids[1]);
    merged_into(&mut world, ids[0], ids[2]);
    world.decide(|set, ctx| deletion::delete(set, ctx, gone)).unwrap();
    world.decide(|set, ctx| launch(set, ctx, id, 5)).unwrap();

    let rows = world.all::<Dispatch>();
    assert_eq!(rows.len(), 3);
    let state = |contact| world.row_of(id, contact).state;
    assert_eq!(state(ids[0]), DispatchState::Pending);
    let skipped = |reason| DispatchState::Skipped { reason };
    assert_eq!(state(gone), skipped(SkipReason::Deleted));
    assert_eq!(state(NOBODY), skipped(SkipReason::NotFound));
    assert_eq!(world.row_of(id, NOBODY).match_key, None);
    assert_eq!(listed(&world, id), None);
    assert_eq!(stands(&world, id).target, Target::List);
    let now = world
        .decide(|set, ctx| {
            let broadcast = broadcasts::get(set, ctx, id)?;
            meant(set, ctx, &broadcast)
        })
        .unwrap();
    assert_eq!(now, recipients(id, &[]), "whoever was on it is a recipient now");
}

#[test]
fn a_scheduled_list_starts_by_itself_and_a_held_one_keeps_it() {
    use tertulia_core::decide::broadcasts::schedule;
    for status in ["APPROVED", "PAUSED"] {
        let mut world = World::new();
        let ids = people(&mut world, 2);
        let id = draft(&mut world, &Selection::Ids(ids.clone())).unwrap();
        let at = serde_json::from_value(json!({"at": "2090-01-01T09:00:00", "zone": "UTC"})).unwrap();
        world.decide(|set, ctx| schedule(set, ctx, id, at)).unwrap();
        world.set_template("offer", "MARKETING", status);
        world.now = "2090-01-01T09:00:00Z".parse().unwrap();
        world.decide(|set, ctx| start_due(set, ctx, id, 7)).unwrap();
        let starts = status == "APPROVED";
        assert_eq!(world.all::<Dispatch>().len(), if starts { 2 } else { 0 });
        assert_eq!(listed(&world, id), (!starts).then(|| sorted(ids)));
    }
}

#[test]
fn an_erased_person_leaves_every_list() {
    let mut world = World::new();
    let ids = people(&mut world, 3);
    let id = draft(&mut world, &Selection::Ids(ids.clone())).unwrap();
    merged_into(&mut world, ids[0], ids[1]);
    world
        .decide(|set, ctx| erasure::begin(set, ctx, ids[0], &[]))
        .unwrap();
    let key = Key::TargetList {
        org: ORG,
        broadcast: id,
    };
    world
        .decide(|set, ctx| erasure::sweep(set, ctx, ids[0], std::slice::from_ref(&key)))
        .unwrap();
    assert_eq!(listed(&world, id), Some(vec![ids[2]]));
    assert!(tertulia_core::erasure::SWEPT.contains(&key.kind()));
}

#[test]
fn recipients_of_another_broadcast_are_those_who_are_so_at_the_launch() {
    let mut world = World::new();
    let ids = people(&mut world, 3);
    let first = world.launch("receipt");
    let id = draft(&mut world, &recipients(first, &[StateName::Accepted])).unwrap();
    let Target::Recipients(target) = stands(&world, id).target else {
        panic!("{:?}", stands(&world, id).target);
    };
    assert_eq!(target.broadcast, first);
    for (contact, message) in [(ids[0], "wamid.1"), (ids[2], "wamid.2")] {
        let flight = world.begin(world.row_of(first, contact).id).unwrap();
        world.land(&flight, &accepted(message));
    }
    world.decide(|set, ctx| launch(set, ctx, id, 9)).unwrap();
    let rows = world
        .all::<Dispatch>()
        .into_iter()
        .filter(|row| row.broadcast() == Some(id));
    let contacts = sorted(rows.map(|row| row.contact).collect());
    assert_eq!(contacts, sorted(vec![ids[0], ids[2]]));
}

#[test]
fn recipients_of_no_broadcast_or_of_the_broadcast_itself_are_refused() {
    let mut world = World::new();
    let nowhere = recipients(BroadcastId(Uuid::nil()), &[]);
    assert_eq!(
        draft(&mut world, &nowhere).unwrap_err().code(),
        Code::BroadcastNotFound
    );
    let id = draft(&mut world, &Selection::Filter(Filter::Everyone)).unwrap();
    assert_eq!(
        replace(&mut world, id, &nowhere).unwrap_err().code(),
        Code::BroadcastNotFound
    );
    let own = replace(&mut world, id, &recipients(id, &[])).unwrap_err();
    assert_eq!(own.code(), Code::BroadcastInvalid);
}

#[test]
fn whoever_several_ids_lead_to_is_met_by_the_least_of_those_that_are_meant() {
    let mut world = World::new();
    let ids = sorted(people(&mut world, 5));
    let before = world.launch("receipt");
    let sent = world.begin(world.row_of(before, ids[1]).id).unwrap();
    world.land(&sent, &accepted("wamid.1"));
    // 1, 2 and 3 are 4 now; 2 by way of 3.
    for (into, duplicate) in [(3, 2), (4, 3), (4, 1)] {
        merged_into(&mut world, ids[into], ids[duplicate]);
    }
    let named = Selection::Ids(vec![NOBODY, ids[0], ids[2], ids[3]]);
    let all = [NOBODY, ids[0], ids[2], ids[3]];
    let once = [(NOBODY, None), (ids[0], Some(ids[0])), (ids[2], Some(ids[4]))];
    assert_eq!(found(&mut world, &named, &all), once);
    // Page by page, too.
    assert_eq!(found(&mut world, &named, &all[..2]), once[..2]);
    assert_eq!(found(&mut world, &named, &all[2..3]), once[2..]);
    assert_eq!(found(&mut world, &named, &all[3..]), []);

    // Of recipients those count that are meant: 1 was sent to, and is none of those who wait.
    let waiting = recipients(before, &[StateName::Pending, StateName::Skipped]);
    for (page, expected) in [(0, Some(ids[0])), (2, Some(ids[4])), (3, None), (4, None)] {
        let met = found(&mut world, &waiting, &[ids[page]]);
        assert_eq!(met.first().and_then(|(_, contact)| *contact), expected, "{page}");
    }
    // Parted again, each is somebody.
    let both = Selection::Ids(ids[1..3].to_vec());
    assert_eq!(found(&mut world, &both, &ids[1..3]), [(ids[1], Some(ids[4]))]);
    world.decide(|set, ctx| unmerge(set, ctx, ids[1])).unwrap();
    let parted = [(ids[1], Some(ids[1])), (ids[2], Some(ids[4]))];
    assert_eq!(found(&mut world, &both, &ids[1..3]), parted);
}

#[test]
fn what_nobody_would_get_is_told_by_the_id() {
    let mut world = World::new();
    let id = world.draft("offer");
    let broadcast = stands(&world, id);
    let told = world
        .decide(|set, ctx| simulate(set, ctx, &broadcast, &(NOBODY, None)))
        .unwrap();
    let expected = Simulated {
        contact: NOBODY,
        at: None,
        text: None,
        skip: Some(SkipReason::NotFound),
        reason: Some("there is no such contact".to_owned()),
    };
    assert_eq!(told, expected);
}

#[test]
fn the_journal_tells_a_cancelled_broadcast_from_a_finished_one() {
    let mut world = World::new();
    people(&mut world, 1);
    let (ended, cancelled) = (world.launch("offer"), world.launch("receipt"));
    world.decide(|set, ctx| cancel(set, ctx, cancelled)).unwrap();
    let never = world.draft("offer");
    world.decide(|set, ctx| cancel(set, ctx, never)).unwrap();
    for id in [ended, cancelled] {
        assert!(world.finishes(id));
    }
    let told = |id| -> Vec<String> {
        let changes = world.journal.iter().filter_map(|entry| match &entry.what {
            What::BroadcastChanged { broadcast, change } if *broadcast == id => Some(change.clone()),
            _ => None,
        });
        changes.collect()
    };
    assert_eq!(told(ended), ["created", "launched", "finished"]);
    assert_eq!(
        told(cancelled),
        ["created", "launched", "cancelling", "cancelled"]
    );
    assert_eq!(told(never), ["created", "cancelled"]);
}
