//! Roles: each method of an organisation, called as whoever may not and as whoever just may, with the scenario's own
//! arguments.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tertulia::core::roles::{Call, Role};

use crate::scenario::{Answer, Replay, Step, Watched, described, steps};

/// An id that is no member's.
const STRANGER: &str = "019b8d2a-0000-7000-8000-00000000dead";

/// A replay in which each organisation has a member of each role.
struct Staffed {
    replay: Replay,
    /// Their ids, by organisation.
    teams: BTreeMap<String, BTreeMap<Role, String>>,
}

impl Staffed {
    fn new() -> Self {
        Self {
            replay: Replay::new(),
            teams: BTreeMap::new(),
        }
    }

    /// A call of the host's beside the scenario, on the organisation of a step.
    async fn beside(&mut self, step: &Step, call: &str, args: Value) -> Value {
        let step = Step {
            call: Some(call.to_owned()),
            agent: None,
            each: false,
            watch: Watched::default(),
            args: args.as_object().unwrap().clone(),
            ..plain(step)
        };
        self.made(&step).await.unwrap()
    }

    async fn made(&mut self, step: &Step) -> Answer {
        let call = step.call.clone().unwrap();
        self.replay.call(step, &call).await.unwrap()
    }

    /// The members of a step's organisation.
    async fn team(&mut self, step: &Step) -> BTreeMap<Role, String> {
        let org = self.replay.text(step.org.as_ref()).unwrap();
        if !self.teams.contains_key(&org) {
            let mut team = BTreeMap::new();
            for role in Role::ALL {
                let args = json!({ "name": role.as_str(), "role": role });
                let member = self.beside(step, "team.add", args).await;
                team.insert(role, member["id"].as_str().unwrap().to_owned());
            }
            self.teams.insert(org.clone(), team);
        }
        self.teams[&org].clone()
    }

    /// The positions and entries of the feed behind a position.
    async fn feed(&mut self, step: &Step, after: u64) -> Vec<(u64, Value)> {
        let mut all: Vec<(u64, Value)> = Vec::new();
        loop {
            let after = all.last().map_or(after, |(position, _)| *position);
            let args = json!({ "after": after, "limit": 1_000 });
            let events = self.beside(step, "events.read", args).await;
            let events = events.as_array().unwrap();
            if events.is_empty() {
                return all;
            }
            let each = |event: &Value| (event["position"].as_u64().unwrap(), event["entry"].clone());
            all.extend(events.iter().map(each));
        }
    }
}

/// A step that expects and watches nothing.
fn plain(step: &Step) -> Step {
    Step {
        expect: None,
        count: None,
        error: None,
        ..step.clone()
    }
}

/// The call that a step makes, if it comes as far as the organisation.
fn call_of(step: &Step) -> Option<Call> {
    step.org.as_ref()?;
    // These fail while the arguments are read, or before there is an organisation to ask.
    let before = [
        "input.invalid",
        "id.invalid",
        "org.not_found",
        "storage.closed",
        "render.unknown_variable",
    ];
    if step.error.as_deref().is_some_and(|code| before.contains(&code)) {
        return None;
    }
    let name = step.call.as_deref()?;
    let call = Call::ALL.iter().find(|call| call.name() == name);
    Some(*call.unwrap_or_else(|| panic!("no role is said for {name}")))
}

#[test]
fn each_method_of_an_organisation_says_which_role_it_takes() {
    let calls: BTreeSet<String> = Call::ALL.iter().map(|call| call.name().to_owned()).collect();
    assert_eq!(calls, described(&["org"]));
}

#[tokio::test]
async fn whoever_may_not_make_a_call_is_refused_and_only_that_is_written_down() {
    let mut staffed = Staffed::new();
    let mut tried = BTreeSet::new();
    for (place, step) in steps().iter().enumerate() {
        if let Some(call) = call_of(step) {
            let team = staffed.team(step).await;
            let mut end = staffed
                .feed(step, 0)
                .await
                .last()
                .map_or(0, |(position, _)| *position);
            let below = team.iter().filter(|(role, _)| **role < call.needs());
            let below = below.map(|(role, id)| (Some(*role), id.clone(), "role.forbidden"));
            for (role, agent, code) in below.chain([(None, STRANGER.to_owned(), "member.not_found")]) {
                let what = format!("step {place}, {} as {role:?}", call.name());
                let attempt = Step {
                    agent: Some(agent.clone()),
                    ..plain(step)
                };
                let refused = staffed.made(&attempt).await.map_err(|failure| failure.code);
                assert_eq!(refused, Err(code.to_owned()), "{what}");
                let mut told = staffed.feed(step, end).await;
                // What the platform tells meanwhile follows from no call.
                told.retain(|(_, entry)| entry["actor"] != "provider");
                let [(position, entry)] = &told[..] else {
                    panic!("{what}: {told:#?}");
                };
                end = *position;
                let mut expected =
                    json!({ "what": "access_refused", "call": call.name(), "needs": call.needs() });
                expected["role"] = json!(role);
                assert_eq!(
                    (&entry["actor"]["agent"], &entry["what"]),
                    (&json!(agent), &expected),
                    "{what}"
                );
            }
            tried.insert(call.name().to_owned());
        }
        // What was written down beside the scenario is not in its answers.
        let counted = ["audit.", "events.", "team.list"];
        let call = step.call.as_deref().unwrap_or_default();
        let step = Step {
            expect: step
                .expect
                .clone()
                .filter(|_| !counted.iter().any(|area| call.starts_with(area))),
            ..step.clone()
        };
        if let Err(why) = staffed.replay.play(&step).await {
            panic!("step {place}, {call}: {why}");
        }
    }
    assert_eq!(tried, described(&["org"]));
}

#[tokio::test]
async fn a_member_of_just_the_role_makes_each_call_as_the_host_does() {
    let mut staffed = Staffed::new();
    for (place, step) in steps().iter().enumerate() {
        let mut step = step.clone();
        // The host has no name that `{{agent.name}}` could give; every member has one.
        let nameless = step.error.as_deref() == Some("render.missing_value");
        if let Some(call) = call_of(&step).filter(|_| step.agent.is_none() && !nameless) {
            let team = staffed.team(&step).await;
            // Notes of others take an admin.
            let others = matches!(call, Call::NotesEdit | Call::NotesRemove);
            let role = if others { Role::Admin } else { call.needs() };
            step.agent = Some(team[&role].clone());
            // What is made by hand has a name.
            if let Some(new) = step.args.get_mut("new").and_then(Value::as_object_mut)
                && call == Call::ContactsCreate
            {
                new.entry("name").or_insert_with(|| "Somebody".into());
            }
            // Who did it is another, and the team is larger.
            step.expect = None;
        }
        if let Err(why) = staffed.replay.play(&step).await {
            panic!("step {place}, {:?}: {why}", step.call);
        }
    }
}
