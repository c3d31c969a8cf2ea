//! Where a broadcast stands, and what becomes of its recipients.

use chrono::{DateTime, TimeDelta, Utc};
use tertulia_core::broadcast::{Broadcast, BroadcastState};
use tertulia_core::decide::broadcasts::{
    cancel, finish, launch, pause, reopen, resume, schedule, start_due, unschedule,
};
use tertulia_core::decide::sending::{Begun, Flight, begin, call_off, expire, resend};
use tertulia_core::error::{Code, Error};
use tertulia_core::ids::{BroadcastId, ContactId};
use tertulia_core::ledger::{DispatchState, Outcome, SkipReason, StateName};
use tertulia_core::record::Key;
use tertulia_core::retry::FailureClass;
use tertulia_core::schedule::NewSchedule;

use crate::harness::*;

const ANA: &str = "+351912345678";
const RUI: &str = "+351912345679";

fn stands(world: &World, broadcast: BroadcastId) -> Broadcast {
    world.get(&Key::Broadcast { org: ORG, broadcast })
}

fn for_time(at: &str, zone: Option<&str>, recipients_zones: bool) -> NewSchedule {
    NewSchedule {
        at: at.parse().unwrap(),
        zone: zone.map(|zone| zone.parse().unwrap()),
        recipients_zones,
    }
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn local(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S").to_string()
}

fn scheduled(world: &mut World, new: NewSchedule) -> Result<BroadcastId, Error> {
    let id = world.draft("offer");
    world.decide(|set, ctx| schedule(set, ctx, id, new)).map(|_| id)
}

fn due(world: &mut World, id: BroadcastId) {
    world.decide(|set, ctx| start_due(set, ctx, id, 7)).unwrap();
}

fn zoned(world: &mut World, contact: ContactId, zone: &str) {
    let mut contact = world.see(contact);
    contact.attributes.insert("zone".to_owned(), zone.into());
    world.store(contact);
}

#[test]
fn what_is_scheduled_starts_at_its_time_and_not_before() {
    let mut world = World::new();
    world.contact(ANA);
    let at = noon() + TimeDelta::hours(2);
    let id = scheduled(&mut world, for_time(&local(at), None, false)).unwrap();
    assert_eq!(stands(&world, id).state, BroadcastState::Scheduled { at });
    world.now = at - TimeDelta::seconds(1);
    due(&mut world, id);
    assert_eq!(stands(&world, id).state, BroadcastState::Scheduled { at });
    world.now = at;
    due(&mut world, id);
    assert_eq!(stands(&world, id).state, BroadcastState::Running { since: at });
    assert_eq!(world.all::<tertulia_core::ledger::Dispatch>().len(), 1);
    // Another process is as late as that.
    due(&mut world, id);
    assert_eq!(world.all::<tertulia_core::ledger::Dispatch>().len(), 1);
}

#[test]
fn what_is_due_too_long_is_held_until_somebody_says_what_to_do() {
    let max_late = TimeDelta::hours(6);
    for (late, starts) in [(max_late, true), (max_late + TimeDelta::seconds(1), false)] {
        let mut world = World::new();
        world.contact(ANA);
        let at = noon() + TimeDelta::hours(1);
        let id = scheduled(&mut world, for_time(&local(at), None, false)).unwrap();
        world.now = at + late;
        due(&mut world, id);
        let state = stands(&world, id).state;
        if starts {
            assert!(matches!(state, BroadcastState::Running { .. }), "{state:?}");
            continue;
        }
        let held = BroadcastState::Held {
            due: at,
            since: world.now,
            refusal: None,
        };
        assert_eq!(state, held);
        world.decide(|set, ctx| launch(set, ctx, id, 1)).unwrap();
        assert!(matches!(stands(&world, id).state, BroadcastState::Running { .. }));
    }
}

#[test]
fn what_cannot_start_is_held_with_the_reason() {
    let mut world = World::new();
    world.contact(ANA);
    let at = noon() + TimeDelta::hours(1);
    let id = scheduled(&mut world, for_time(&local(at), None, false)).unwrap();
    world.set_template("offer", "MARKETING", "PAUSED");
    world.now = at;
    due(&mut world, id);
    let BroadcastState::Held { refusal, .. } = stands(&world, id).state else {
        panic!("a paused template starts nothing");
    };
    assert_eq!(refusal.unwrap().code, Code::TemplateNotApproved.as_str());
    assert_eq!(
        world
            .decide(|set, ctx| launch(set, ctx, id, 1))
            .unwrap_err()
            .code(),
        Code::TemplateNotApproved
    );
    world.set_template("offer", "MARKETING", "APPROVED");
    let later = for_time(&local(at + TimeDelta::hours(1)), None, false);
    world.decide(|set, ctx| schedule(set, ctx, id, later)).unwrap();
    assert!(matches!(
        stands(&world, id).state,
        BroadcastState::Scheduled { .. }
    ));
}

#[test]
fn a_schedule_is_refused_for_what_could_never_start() {
    let mut world = World::new();
    let past = scheduled(&mut world, for_time("2001-01-01T09:00:00", None, false)).unwrap_err();
    assert_eq!(past.code(), Code::BroadcastScheduleInvalid);
    world.set_template("offer", "MARKETING", "PAUSED");
    let paused = scheduled(&mut world, for_time("2090-01-01T09:00:00", None, false)).unwrap_err();
    assert_eq!(paused.code(), Code::TemplateNotApproved);
    world.set_template("offer", "MARKETING", "APPROVED");
    let id = world.launch("offer");
    let again = for_time("2090-01-01T09:00:00", None, false);
    let error = world
        .decide(|set, ctx| schedule(set, ctx, id, again))
        .unwrap_err();
    assert_eq!(error.code(), Code::BroadcastWrongState);
    assert!(error.message().contains("running"), "{}", error.message());
}

#[test]
fn unscheduled_it_is_a_draft_again() {
    let mut world = World::new();
    let at = noon() + TimeDelta::hours(1);
    let id = scheduled(&mut world, for_time(&local(at), None, false)).unwrap();
    world.decide(|set, ctx| unschedule(set, ctx, id)).unwrap();
    world.decide(|set, ctx| unschedule(set, ctx, id)).unwrap();
    let draft = stands(&world, id);
    assert_eq!((draft.state, draft.schedule), (BroadcastState::Draft, None));
    world.now = at;
    due(&mut world, id);
    assert_eq!(stands(&world, id).state, BroadcastState::Draft);
}

#[test]
fn in_recipients_zones_each_has_their_turn_at_their_own_time() {
    let mut world = World::with(|settings| settings.zone_attribute = Some("zone".to_owned()));
    let tokyo = world.contact(ANA);
    let (lima, nowhere, odd) = (
        world.contact(RUI),
        world.contact("+351912345670"),
        world.contact("+351912345671"),
    );
    zoned(&mut world, tokyo, "Asia/Tokyo");
    zoned(&mut world, lima, " America/Lima ");
    zoned(&mut world, odd, "Middle-earth/Shire");
    let day = noon().date_naive().succ_opt().unwrap().succ_opt().unwrap();
    let new = for_time(&format!("{day}T09:00:00"), Some("Europe/Lisbon"), true);
    let id = scheduled(&mut world, new).unwrap();
    let first = utc(&format!("{day}T09:00:00Z")) - TimeDelta::hours(14);
    assert_eq!(stands(&world, id).state, BroadcastState::Scheduled { at: first });
    // Nothing ran when it was time in Tokyo: too late for that day, and in time for the others.
    world.now = utc(&format!("{day}T07:00:00Z"));
    due(&mut world, id);
    let lisbon = stands(&world, id).schedule.unwrap().due(None);
    let turn = |contact| {
        let row = world.row_of(id, contact);
        (row.state.name(), row.not_before)
    };
    assert_eq!(turn(tokyo), (StateName::Skipped, world.now));
    let skipped = world.row_of(id, tokyo).state;
    assert_eq!(
        skipped,
        DispatchState::Skipped {
            reason: SkipReason::Late
        }
    );
    assert_eq!(turn(lima), (StateName::Pending, utc(&format!("{day}T14:00:00Z"))));
    assert_eq!(turn(nowhere), (StateName::Pending, lisbon));
    assert_eq!(turn(odd), (StateName::Pending, lisbon));
}

#[test]
fn in_quiet_hours_a_recipient_waits_and_loses_nothing() {
    let mut world = World::with(|settings| {
        settings.zone_attribute = Some("zone".to_owned());
        settings.quiet_hours = serde_json::from_str(r#"{"from": "11:00:00", "until": "14:00:00"}"#).unwrap();
    });
    let (here, tokyo) = (world.contact(ANA), world.contact(RUI));
    zoned(&mut world, tokyo, "Asia/Tokyo");
    let id = world.launch("offer");
    assert_eq!(world.begin(world.row_of(id, here).id), None, "it is noon");
    let row = world.row_of(id, here);
    assert_eq!(row.state, DispatchState::Pending);
    assert_eq!(row.not_before, noon() + TimeDelta::hours(2));
    assert!(
        world.begin(world.row_of(id, tokyo).id).is_some(),
        "it is nine in the evening"
    );
    // Whoever is at work may write.
    assert!(world.send(&template_to(here, "receipt")).is_ok());
    world.now = row.not_before;
    assert!(world.begin(row.id).is_some());
}

#[test]
fn what_is_paused_sends_nothing_and_goes_on_where_it_was() {
    let mut world = World::new();
    let (ana, rui) = (world.contact(ANA), world.contact(RUI));
    let id = world.launch("offer");
    let on_the_wire = world.begin(world.row_of(id, ana).id).unwrap();
    let leased = world.row_of(id, rui).id;
    let epoch = world.lease(leased);
    let (begun, changes) = world.plan(|set, ctx| begin(set, ctx, leased, epoch).map(Begun::flight));
    assert!(begun.unwrap().is_some());
    world.decide(|set, ctx| pause(set, ctx, id)).unwrap();
    assert!(
        world.commit(changes).is_err(),
        "of a pause and a send that race one wins"
    );
    let begun = world
        .decide(|set, ctx| begin(set, ctx, leased, epoch).map(Begun::flight))
        .unwrap();
    assert_eq!(begun, None);
    assert_eq!(
        world.row(leased).state,
        DispatchState::Pending,
        "nobody is used up"
    );
    world.land(&on_the_wire, &accepted("wamid.1"));
    assert_eq!(world.row_of(id, ana).state.name(), StateName::Accepted);
    world.decide(|set, ctx| pause(set, ctx, id)).unwrap();
    world.decide(|set, ctx| resume(set, ctx, id)).unwrap();
    world.decide(|set, ctx| resume(set, ctx, id)).unwrap();
    assert_eq!(
        stands(&world, id).state,
        BroadcastState::Running { since: noon() }
    );
    assert!(world.begin(leased).is_some());
}

#[test]
fn what_is_cancelled_leaves_out_who_waits_and_is_over() {
    let mut world = World::new();
    let (ana, rui) = (world.contact(ANA), world.contact(RUI));
    let id = world.launch("offer");
    let on_the_wire = world.begin(world.row_of(id, ana).id).unwrap();
    world.decide(|set, ctx| cancel(set, ctx, id)).unwrap();
    world.decide(|set, ctx| cancel(set, ctx, id)).unwrap();
    let waits = world.row_of(id, rui).id;
    assert_eq!(world.begin(waits), None, "whom a worker has already");
    let cancelled = DispatchState::Skipped {
        reason: SkipReason::Cancelled,
    };
    assert_eq!(world.row(waits).state, cancelled);
    for row in [waits, on_the_wire.dispatch] {
        world.decide(|set, ctx| call_off(set, ctx, row)).unwrap();
    }
    assert_eq!(
        world.row_of(id, ana).state.name(),
        StateName::Sending,
        "it may be out"
    );
    world.land(&on_the_wire, &accepted("wamid.1"));
    assert!(world.finishes(id));
    let over = BroadcastState::Cancelled {
        launched: Some(noon()),
        at: noon(),
    };
    assert_eq!(stands(&world, id).state, over);
    let again = world.decide(|set, ctx| reopen(set, ctx, id)).unwrap_err();
    assert_eq!(again.code(), Code::BroadcastWrongState);
    let row = world.launch("receipt");
    let row = world.row_of(row, rui).id;
    world.decide(|set, ctx| call_off(set, ctx, row)).unwrap();
    assert_eq!(world.row(row).state, cancelled);
}

#[test]
fn each_step_is_taken_only_from_where_it_makes_sense() {
    type Change = fn(&mut World, BroadcastId) -> Result<(), Error>;
    let steps: [(&str, Change); 4] = [
        ("pause", |world, id| world.decide(|set, ctx| pause(set, ctx, id))),
        ("resume", |world, id| {
            world.decide(|set, ctx| resume(set, ctx, id))
        }),
        ("cancel", |world, id| {
            world.decide(|set, ctx| cancel(set, ctx, id))
        }),
        ("unschedule", |world, id| {
            world.decide(|set, ctx| unschedule(set, ctx, id))
        }),
    ];
    let (since, launched, at) = (noon(), noon(), noon());
    let states = [
        (BroadcastState::Draft, ["cancel", "unschedule"].as_slice()),
        (BroadcastState::Scheduled { at }, &["cancel", "unschedule"]),
        (
            BroadcastState::Held {
                due: at,
                since,
                refusal: None,
            },
            &["cancel", "unschedule"],
        ),
        (BroadcastState::Running { since }, &["pause", "resume", "cancel"]),
        (
            BroadcastState::Paused {
                launched,
                since,
                refusal: None,
            },
            &["pause", "resume", "cancel"],
        ),
        (BroadcastState::Cancelling { launched, since }, &["cancel"]),
        (BroadcastState::Cancelled { launched: None, at }, &["cancel"]),
        (BroadcastState::Finished { launched, at }, &[]),
    ];
    for (state, allowed) in states {
        for (name, step) in steps {
            let mut world = World::new();
            let id = world.draft("offer");
            let broadcast = Broadcast {
                state: state.clone(),
                ..stands(&world, id)
            };
            world.store(broadcast);
            match step(&mut world, id) {
                Ok(()) => assert!(allowed.contains(&name), "{name} of {state:?}"),
                Err(error) => {
                    assert_eq!(error.code(), Code::BroadcastWrongState);
                    assert!(!allowed.contains(&name), "{name} of {state:?}");
                    assert!(error.message().contains(state.as_str()), "{}", error.message());
                }
            }
        }
    }
}

#[test]
fn a_template_that_is_stopped_pauses_the_broadcast_and_uses_nobody_up() {
    use tertulia_core::ledger::Outcome;
    use tertulia_core::retry::{Failure, FailureClass};
    // Told by a notice before the send, gone altogether, or told by the answer to a send.
    for case in ["notice", "gone", "answer"] {
        let mut world = World::new();
        let (ana, rui) = (world.contact(ANA), world.contact(RUI));
        let id = world.launch("offer");
        let row = world.row_of(id, ana).id;
        let code = match case {
            "notice" => {
                world.set_template("offer", "MARKETING", "PAUSED");
                assert_eq!(world.begin(row), None);
                Code::TemplateNotApproved.as_str()
            }
            "gone" => {
                world.records.remove(&Key::Template {
                    org: ORG,
                    name: "offer".to_owned(),
                    language: "pt_BR".to_owned(),
                });
                assert_eq!(world.begin(row), None);
                Code::TemplateNotFound.as_str()
            }
            _ => {
                let flight = world.begin(row).unwrap();
                let paused = Failure::new(FailureClass::TemplateStopped, "132015", "Template is paused");
                world.land(&flight, &Outcome::Refused(paused));
                assert_eq!(world.slot(ana), None, "nothing was sent");
                "132015"
            }
        };
        assert_eq!(world.row(row).state, DispatchState::Pending, "{case}");
        let BroadcastState::Paused {
            refusal: Some(refusal),
            ..
        } = stands(&world, id).state
        else {
            panic!("{case}: {:?}", stands(&world, id).state);
        };
        assert_eq!(refusal.code, code);
        assert_eq!(
            world.begin(world.row_of(id, rui).id),
            None,
            "the others wait, too"
        );
        if case != "answer" {
            let early = world.decide(|set, ctx| resume(set, ctx, id)).unwrap_err();
            assert_eq!(early.code().as_str(), code);
        }
        world.set_template("offer", "MARKETING", "APPROVED");
        world.decide(|set, ctx| resume(set, ctx, id)).unwrap();
        assert!(world.begin(row).is_some(), "{case}");
        assert!(world.begin(world.row_of(id, rui).id).is_some(), "{case}");
    }
}

#[test]
fn a_message_by_hand_with_a_template_that_is_stopped_fails() {
    use tertulia_core::ledger::Outcome;
    use tertulia_core::retry::{Failure, FailureClass};
    let mut world = World::new();
    let ana = world.contact(ANA);
    let flight = world.send(&template_to(ana, "offer")).unwrap();
    let gone = Failure::new(FailureClass::TemplateStopped, "132001", "no such template");
    assert_eq!(
        world.land(&flight, &Outcome::Refused(gone)),
        DispatchState::Failed
    );
}

/// A recipient whose answer was lost.
fn unheard_of(world: &mut World, launched: BroadcastId, contact: ContactId) -> Flight {
    let flight = world.begin(world.row_of(launched, contact).id).unwrap();
    let detail = "reset".to_owned();
    world.land(&flight, &Outcome::Unknown { detail });
    flight
}

#[test]
fn a_recipient_turned_away_late_waits_again_and_what_was_finished_goes_on() {
    let mut world = World::new();
    let ana = world.contact(ANA);
    let id = world.launch("receipt");
    let flight = unheard_of(&mut world, id, ana);
    assert!(world.finishes(id), "nobody waits");
    world.land(
        &flight,
        &Outcome::NotSent(failure(FailureClass::Unreachable, "connect")),
    );
    assert_eq!(world.row(flight.dispatch).state, DispatchState::Pending);
    assert_eq!(
        stands(&world, id).state,
        BroadcastState::Running { since: noon() }
    );
}

#[test]
fn a_recipient_turned_away_late_gets_nothing_of_what_was_called_off() {
    let mut world = World::new();
    let ana = world.contact(ANA);
    let id = world.launch("receipt");
    let flight = unheard_of(&mut world, id, ana);
    world.decide(|set, ctx| cancel(set, ctx, id)).unwrap();
    assert!(world.finishes(id));
    world.land(
        &flight,
        &Outcome::NotSent(failure(FailureClass::Unreachable, "connect")),
    );
    assert_eq!(world.row(flight.dispatch).state, DispatchState::Failed);
    assert_eq!(stands(&world, id).state.as_str(), "cancelled");
}

#[test]
fn who_waits_again_after_the_count_keeps_a_broadcast_from_being_finished() {
    let mut world = World::new();
    let ana = world.contact(ANA);
    let id = world.launch("receipt");
    let flight = unheard_of(&mut world, id, ana);
    let counted_at = world.records[&Key::Broadcast {
        org: ORG,
        broadcast: id,
    }]
        .version;
    world.land(
        &flight,
        &Outcome::NotSent(failure(FailureClass::Unreachable, "connect")),
    );
    let finished = world.decide(|set, ctx| finish(set, ctx, id, counted_at));
    assert!(!finished.unwrap());
    assert_eq!(stands(&world, id).state.as_str(), "running");
}

#[test]
fn of_a_choice_to_send_again_and_a_finish_that_race_one_wins() {
    let mut world = World::new();
    let ana = world.contact(ANA);
    let id = world.launch("receipt");
    let row = unheard_of(&mut world, id, ana).dispatch;
    world.now = noon() + TimeDelta::days(31);
    world.decide(|set, ctx| expire(set, ctx, row)).unwrap();
    world.decide(|set, ctx| pause(set, ctx, id)).unwrap();
    let (again, changes) = world.plan(|set, ctx| {
        resend(set, ctx, row)?;
        reopen(set, ctx, id)
    });
    again.unwrap();
    world.decide(|set, ctx| resume(set, ctx, id)).unwrap();
    assert!(world.finishes(id));
    assert!(world.commit(changes).is_err());
}
