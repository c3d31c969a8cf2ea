use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{
    Definition, Delay, EnrollmentFilter, ExitReason, Funnel, MAX_STEPS, Stage, Standing, StepFunnel,
};
use crate::broadcast::{Bucket, Stats};
use crate::error::Code;
use crate::ledger::StateName;

fn definition(steps: &Value) -> Definition {
    serde_json::from_value(json!({"account": "00000000-0000-0000-0000-000000000002", "steps": steps}))
        .unwrap()
}

fn message(name: &str) -> Value {
    json!({"name": name, "does": {"message": {"template": "t", "language": "en"}}})
}

fn delay(name: &str) -> Value {
    json!({"name": name, "does": {"delay": {"days": 1}}})
}

fn leads(mut step: Value, next: &str) -> Value {
    step["next"] = next.into();
    step
}

fn tagged(name: &str, yes: Option<&str>, no: Option<&str>) -> Value {
    let when = json!({"contact": {"tags": {"any": ["vip"]}}});
    json!({"name": name, "does": {"condition": {"when": when, "yes": yes, "no": no}}})
}

fn asks(name: &str, step: &str, was: &str, yes: &str) -> Value {
    let when = json!({"message": {"step": step, "was": was}});
    json!({"name": name, "does": {"condition": {"when": when, "yes": yes}}})
}

#[test]
fn a_definition_that_can_be_done_passes() {
    let table = [
        json!([message("a")]),
        json!([delay("w"), message("a"), delay("x")]),
        json!([
            message("a"),
            delay("w"),
            tagged("c", Some("b"), Some("end")),
            message("b")
        ]),
        // A branch ends where it says, and both may meet again.
        json!([
            tagged("c", Some("a"), Some("b")),
            leads(message("a"), "z"),
            message("b"),
            message("z")
        ]),
        json!([
            message("a"),
            delay("w"),
            asks("c", "a", "read", "end"),
            message("b")
        ]),
        // What the platform answers at once may be asked at once.
        json!([message("a"), asks("c", "a", "failed", "end"), message("b")]),
        // Backwards in the list is no loop.
        json!([
            leads(message("a"), "c"),
            leads(message("b"), "end"),
            leads(delay("c"), "b")
        ]),
    ];
    for steps in table {
        definition(&steps)
            .check()
            .unwrap_or_else(|error| panic!("{steps}: {error}"));
    }
}

#[test]
fn what_could_never_be_done_is_refused_with_the_step() {
    let many: Vec<Value> = (0..=MAX_STEPS).map(|n| message(&format!("s{n}"))).collect();
    let waits = |days: i64, hours: i64| json!([message("a"), {"name": "w", "does": {"delay": {"days": days, "hours": hours}}}]);
    let table = [
        (json!([]), "no steps"),
        (json!(many), "100 are the most"),
        (json!([delay("w")]), "sends nothing"),
        (json!([message(" ")]), "is empty"),
        (json!([message(&"x".repeat(61))]), "longer than 60"),
        (json!([message("end")]), "no step can be named \"end\""),
        (json!([message("a"), message("a")]), "two steps are named \"a\""),
        (json!([leads(message("a"), "b")]), "\"a\" leads to \"b\""),
        (
            json!([message("a"), tagged("c", Some("x"), None)]),
            "\"c\" leads to \"x\"",
        ),
        (
            json!([message("a"), tagged("c", None, Some("x"))]),
            "\"c\" leads to \"x\"",
        ),
        (json!([leads(message("a"), "a")]), "loop: a → a"),
        (
            json!([message("a"), delay("w"), leads(message("b"), "w")]),
            "loop: w → b → w",
        ),
        (
            json!([message("a"), tagged("c", Some("a"), None), message("b")]),
            "loop: a → c → a",
        ),
        (
            json!([leads(message("a"), "end"), message("b")]),
            "nothing leads to step \"b\"",
        ),
        (
            json!([leads(message("a"), "end"), message("b"), leads(delay("w"), "b")]),
            "nothing leads to step",
        ),
        (
            json!([message("a"), tagged("c", None, None), message("b")]),
            "both branches of step \"c\"",
        ),
        (
            json!([message("a"), tagged("c", Some("b"), None), message("b")]),
            "both branches of step \"c\"",
        ),
        (
            json!([
                message("a"),
                leads(tagged("c", Some("end"), None), "b"),
                message("b")
            ]),
            "it can have no next step",
        ),
        (waits(0, 0), "\"w\" waits 0 days and 0 hours"),
        (waits(-1, 0), "waits -1 days"),
        (waits(2, -1), "waits 2 days and -1 hours"),
        (waits(0, -5), "waits 0 days and -5 hours"),
        (waits(365_250, 0), "waits 365250 days"),
        (waits(366, 1), "waits 366 days and 1 hours"),
        (waits(i64::MAX, i64::MAX), "waits"),
        (
            json!([
                message("a"),
                delay("w"),
                asks("c", "w", "sent", "end"),
                message("b")
            ]),
            "step \"w\", which sends none",
        ),
        (
            json!([
                message("a"),
                delay("w"),
                asks("c", "x", "sent", "end"),
                message("b")
            ]),
            "step \"x\", which sends none",
        ),
        (
            json!([
                message("a"),
                delay("w"),
                asks("c", "b", "sent", "end"),
                message("b")
            ]),
            "step \"b\", which does not come before it",
        ),
        (
            json!([message("a"), asks("c", "a", "read", "end"), message("b")]),
            "put a delay between them",
        ),
        // One of two ways has no delay.
        (
            json!([
                message("a"),
                tagged("f", Some("w"), Some("c")),
                delay("w"),
                asks("c", "a", "replied", "end"),
                message("b")
            ]),
            "put a delay between them",
        ),
    ];
    for (steps, words) in table {
        let error = definition(&steps).check().expect_err(words);
        assert_eq!(error.code(), Code::SequenceInvalid, "{steps}");
        assert!(error.message().contains(words), "{steps}: {error}");
    }
}

#[test]
fn a_tag_that_enrolls_is_no_goal() {
    let mut definition = definition(&json!([message("a")]));
    definition.trigger = serde_json::from_value(json!({"tagAdded": "Vip"})).unwrap();
    definition.check().unwrap();
    definition.goals = serde_json::from_value(json!(["reply", {"tag": "purchased"}])).unwrap();
    definition.check().unwrap();
    definition.goals = serde_json::from_value(json!([{"tag": " vip "}])).unwrap();
    let error = definition.check().unwrap_err();
    assert!(
        error.message().contains("nobody would ever be enrolled"),
        "{error}"
    );
    definition.goals = serde_json::from_value(json!([{"tag": " "}])).unwrap();
    assert_eq!(definition.check().unwrap_err().code(), Code::TagEmpty);
    definition.trigger = serde_json::from_value(json!({"tagAdded": ""})).unwrap();
    assert_eq!(definition.check().unwrap_err().code(), Code::TagEmpty);
}

#[test]
fn an_unknown_field_is_refused_and_not_passed_over() {
    let known = json!({"account": "00000000-0000-0000-0000-000000000002", "steps": []});
    for (field, value) in [("trigerr", json!("manual")), ("goal", json!("reply"))] {
        let mut wrong = known.clone();
        wrong[field] = value;
        assert!(serde_json::from_value::<Definition>(wrong).is_err(), "{field}");
    }
    let step = json!({"name": "w", "does": {"delay": {"weeks": 1}}});
    assert!(serde_json::from_value::<super::Step>(step).is_err());
}

#[test]
fn a_delay_is_an_hour_at_least_and_a_year_at_most() {
    let table = [
        (Delay::hours(1), Some(TimeDelta::hours(1))),
        (Delay::days(366), Some(TimeDelta::days(366))),
        (Delay { days: 1, hours: 12 }, Some(TimeDelta::hours(36))),
        (Delay { days: 366, hours: 1 }, None),
        (Delay::hours(0), None),
        (Delay::hours(i64::MAX), None),
        (Delay::days(i64::MIN), None),
    ];
    for (delay, time) in table {
        assert_eq!(delay.time(), time, "{delay:?}");
    }
}

fn row(step: &str, state: StateName, reason: Option<&str>) -> Bucket {
    Bucket {
        state,
        reason: reason.map(str::to_owned),
        accepted: matches!(state, StateName::Read),
        replied: false,
        opted_out_after: false,
        step: Some(step.to_owned()),
    }
}

fn stands(stage: Stage, step: Option<&str>, reason: Option<ExitReason>) -> Standing {
    Standing {
        stage,
        step: step.map(str::to_owned),
        reason,
    }
}

#[test]
fn the_funnel_tells_each_step_of_today_in_order_and_then_those_that_are_gone() {
    let definition = definition(&json!([message("hello"), delay("wait"), message("bye")]));
    let standings = [
        (stands(Stage::Waiting, Some("wait"), None), 3),
        (stands(Stage::Waiting, Some("old wait"), None), 1),
        (stands(Stage::Sending, Some("bye"), None), 2),
        (stands(Stage::Finished, None, None), 4),
        (stands(Stage::Exited, None, Some(ExitReason::OptedOut)), 5),
    ];
    let rows = [
        (row("hello", StateName::Read, None), 7),
        (row("hello", StateName::Skipped, Some("capped")), 1),
        (row("bye", StateName::Pending, None), 2),
        (row("an older one", StateName::Read, None), 1),
    ];
    let funnel = Funnel::new(&definition, &standings, &rows);
    assert_eq!((funnel.enrolled, funnel.under_way, funnel.finished), (15, 6, 4));
    assert_eq!(funnel.exited, [("opted_out".to_owned(), 5)].into());
    assert!(funnel.sends(), "two wait to go out");
    let names: Vec<(&str, u64)> = funnel
        .steps
        .iter()
        .map(|step| (step.step.as_str(), step.here))
        .collect();
    assert_eq!(
        names,
        [
            ("hello", 0),
            ("wait", 3),
            ("bye", 2),
            ("an older one", 0),
            ("old wait", 1)
        ]
    );
    let messages = |place: usize| funnel.steps[place].messages.as_ref();
    let of = |pick: fn(&Stats) -> u64, place| messages(place).map(pick);
    assert_eq!(
        (of(|stats| stats.total, 0), of(|stats| stats.read, 0)),
        (Some(8), Some(7))
    );
    assert_eq!(messages(0).unwrap().skipped, [("capped".to_owned(), 1)].into());
    assert_eq!(messages(1), None, "it sends nothing");
    assert_eq!(
        (of(|stats| stats.pending, 2), of(|stats| stats.sent, 3)),
        (Some(2), Some(1))
    );
    let nobody = Funnel::new(&definition, &[], &[]);
    assert!(!nobody.sends());
    assert_eq!(
        nobody.steps[0],
        StepFunnel {
            step: "hello".to_owned(),
            here: 0,
            messages: Some(Stats::default())
        }
    );
}

#[test]
fn enrollments_are_filtered_by_where_they_stand() {
    let waiting = stands(Stage::Waiting, Some("wait"), None);
    let out = stands(Stage::Exited, None, Some(ExitReason::Replied));
    let filter = |json: Value| -> EnrollmentFilter { serde_json::from_value(json).unwrap() };
    let table = [
        (json!({}), true, true),
        (json!({"states": ["waiting"]}), true, false),
        (json!({"steps": ["wait"]}), true, false),
        (json!({"steps": ["other"]}), false, false),
        (json!({"reasons": ["replied", "tagged"]}), false, true),
        (json!({"reasons": ["tagged"]}), false, false),
        (
            json!({"states": ["waiting", "exited"], "reasons": ["replied"]}),
            false,
            true,
        ),
    ];
    for (json, first, second) in table {
        let filter = filter(json.clone());
        assert_eq!(
            (filter.matches(&waiting), filter.matches(&out)),
            (first, second),
            "{json}"
        );
    }
}
