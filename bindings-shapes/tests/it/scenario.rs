//! `scenario.json`, replayed: the one account of what every language answers. Each language replays it through its own
//! typed API and compares the same answers.
//!
//! It is a list of steps. Each opens something or calls a method:
//!
//! - `open`: `clock`, `platform` or `crm`; `as`: the name that later steps know it by; `options`: what it is opened with,
//!   where a clock or a platform is named as `"$name"` and `"host"` stands for the host's own object (`hosts.rs`), a new
//!   one for each step; as `handlers`, for a bot of the name `host`.
//! - `on`: what was opened; `call`: the method; `org` and `agent`: on whose behalf; `args`: by name; `other`: the name of
//!   another thing that was opened.
//!
//! What is expected of it:
//!
//! - `expect`: a part of the answer. Each key named must match, a list matches element by element and in length, null is
//!   the same as absent, `"$any"` matches anything but null, and two spellings of one instant are the same.
//! - `count`: the answer is a list of so many.
//! - `error`: it fails with this code.
//! - `save`: `{variable: path}` keeps what is at the path in the answer, `""` being all of it.
//! - `each`: of a paged method, all items one after the other, as its iterator gives them; without it, one page.
//! - `watch`: `{"expect_progress": true}`: progress is told, at last what the answer counts; `{"cancelled": true}`: with
//!   a token that is cancelled already.
//! - `note`: why it is there.
//!
//! Before a step runs, each text that is a saved variable, as in `"$ana"` or `"$info.base_url"`, is replaced by its value,
//! `$folder` in any text by a folder that was empty at first, and `{"$bytes": text or JSON}` by base64.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tertulia_bindings_shapes::{
    CancelToken, Failure, Handle, HostObject, Kind, Scope, Watch, describe, open,
};

use crate::hosts::{Bot, Called, Clock, Credentials, Progress, Transport};

const SCENARIO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenario.json");

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    #[allow(dead_code, reason = "for readers")]
    pub(crate) note: Option<String>,
    pub(crate) open: Option<String>,
    pub(crate) r#as: Option<String>,
    pub(crate) options: Option<Value>,
    pub(crate) on: Option<String>,
    pub(crate) call: Option<String>,
    pub(crate) org: Option<String>,
    pub(crate) agent: Option<String>,
    #[serde(default)]
    pub(crate) args: Map<String, Value>,
    pub(crate) other: Option<String>,
    pub(crate) expect: Option<Value>,
    pub(crate) count: Option<usize>,
    pub(crate) error: Option<String>,
    #[serde(default)]
    pub(crate) save: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) each: bool,
    #[serde(default)]
    pub(crate) watch: Watched,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Watched {
    expect_progress: bool,
    cancelled: bool,
}

pub(crate) struct Replay {
    folder: TempDir,
    saved: BTreeMap<String, Value>,
    opened: BTreeMap<String, (Kind, Handle)>,
    callbacks: Called,
    /// The methods that were called, as in `crm.run_due` and `contacts.create`.
    methods: BTreeSet<String>,
    /// The codes that calls failed with.
    failed: BTreeSet<String>,
}

/// What a step came to: what it answered, or the failure.
pub(crate) type Answer = Result<Value, Failure>;

impl Replay {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            saved: BTreeMap::new(),
            opened: BTreeMap::new(),
            callbacks: Called::default(),
            methods: BTreeSet::new(),
            failed: BTreeSet::new(),
        }
    }

    pub(crate) async fn play(&mut self, step: &Step) -> Result<(), String> {
        let answer = match (&step.open, &step.call) {
            (Some(kind), None) => self.open(step, kind).await,
            (None, Some(call)) => self.call(step, call).await?,
            _ => return Err("a step opens or calls".to_owned()),
        };
        let answer = match (answer, &step.error) {
            (Ok(answer), None) => answer,
            (Err(failure), Some(code)) if failure.code == *code => {
                self.failed.insert(failure.code);
                return Ok(());
            }
            (answer, _) => return Err(format!("answered {answer:?}")),
        };
        if let Some(expected) = &step.expect {
            matches(&self.filled(expected), &answer).map_err(|why| format!("{why} in {answer}"))?;
        }
        let count = answer.as_array().map(Vec::len);
        if step.count.is_some() && step.count != count {
            return Err(format!("{count:?} instead of {:?}", step.count));
        }
        for (name, path) in &step.save {
            let found = at(&answer, path).ok_or_else(|| format!("nothing at {path:?} in {answer}"))?;
            self.saved.insert(name.clone(), found.clone());
        }
        Ok(())
    }

    async fn open(&mut self, step: &Step, kind: &str) -> Answer {
        let mut options = self.filled(step.options.as_ref().unwrap_or(&json!({})));
        let (mut hosts, mut handles) = (Vec::<Arc<dyn HostObject>>::new(), Vec::new());
        let mut host = |object: Arc<dyn HostObject>| {
            hosts.push(object);
            hosts.len() - 1
        };
        let mut handle = |name: &str| {
            handles.push(self.opened[name.trim_start_matches('$')].1.clone());
            handles.len() - 1
        };
        if let Some(transports) = options.get_mut("transports").and_then(Value::as_object_mut) {
            for transport in transports.values_mut().filter_map(|kind| kind.get_mut("host")) {
                transport["object"] = json!(host(Arc::new(Transport {
                    called: Arc::clone(&self.callbacks),
                    sent: AtomicU64::new(0),
                })));
            }
        }
        if options["credentials"] == "host" {
            let called = Arc::clone(&self.callbacks);
            options["credentials"] = json!({ "host": host(Arc::new(Credentials { called })) });
        }
        let crm = Arc::new(OnceLock::new());
        if options["handlers"] == "host" {
            let (called, crm) = (Arc::clone(&self.callbacks), Arc::clone(&crm));
            options["handlers"] = json!({ "host": host(Arc::new(Bot { called, crm })) });
        }
        options["clock"] = match (kind, options["clock"].as_str()) {
            (_, None) => Value::Null,
            ("crm", Some("host")) => {
                let called = Arc::clone(&self.callbacks);
                json!({ "host": host(Arc::new(Clock { called })) })
            }
            ("crm", Some(name)) => json!({ "manual": handle(name) }),
            (_, Some(name)) => json!(handle(name)),
        };
        if kind == "clock" {
            options.as_object_mut().unwrap().remove("clock");
        }
        let kind = Kind::parse(kind)?;
        let opened = open(kind, options.to_string(), hosts, handles).await?;
        drop(crm.set(opened.clone()));
        let name = step.r#as.clone().unwrap_or_default();
        self.opened.insert(name, (kind, opened));
        Ok(Value::Null)
    }

    pub(crate) async fn call(&mut self, step: &Step, method: &str) -> Result<Answer, String> {
        let on = step.on.as_deref().unwrap_or_default();
        let (kind, handle) = self.opened.get(on).ok_or_else(|| format!("{on:?} is not open"))?;
        let area = match kind {
            Kind::Crm => "crm",
            Kind::Platform => "platform",
            Kind::Clock => "clock",
        };
        // A method outside an organisation stands bare in the scenario.
        let called = if method.contains('.') {
            method.to_owned()
        } else {
            format!("{area}.{method}")
        };
        let scope = Scope {
            org: self.text(step.org.as_ref()),
            agent: self.text(step.agent.as_ref()),
        };
        let other = step.other.as_ref().map(|name| self.opened[name].1.clone());
        let progress = Arc::new(Progress {
            called: Arc::clone(&self.callbacks),
            told: Mutex::default(),
        });
        let mut watch = Watch::default();
        if step.watch.expect_progress {
            watch.progress = Some(Arc::clone(&progress) as Arc<dyn HostObject>);
        }
        if step.watch.cancelled {
            let cancel = CancelToken::new();
            cancel.cancel();
            watch.cancel = Some(cancel);
        }
        let mut args = self.filled(&step.args.clone().into());
        self.methods.insert(called.clone());
        let mut items = Vec::new();
        let answer = loop {
            let answer = handle.call(
                &called,
                scope.clone(),
                args.to_string(),
                watch.clone(),
                other.clone(),
            );
            let mut answer: Value = match answer.await {
                Ok(answer) => serde_json::from_str(&answer).map_err(|error| error.to_string())?,
                Err(failure) => return Ok(Err(failure)),
            };
            if !step.each {
                break answer;
            }
            items.append(answer["items"].as_array_mut().ok_or("not a paged method")?);
            match answer.get("next") {
                Some(next) => args["page"] = json!({ "cursor": next }),
                None => break items.into(),
            }
        };
        if step.watch.expect_progress {
            let told = progress.told.lock().unwrap();
            if told.last() != Some(&answer["counts"]) {
                return Err(format!("progress was {told:?}, and did not end as in {answer}"));
            }
        }
        Ok(Ok(answer))
    }

    pub(crate) fn text(&self, text: Option<&String>) -> Option<String> {
        let filled = self.filled(&text?.as_str().into());
        filled.as_str().map(ToOwned::to_owned)
    }

    /// A value with variables, the folder and bytes filled in.
    fn filled(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => match text
                .strip_prefix('$')
                .and_then(|path| at_saved(&self.saved, path))
            {
                Some(saved) => saved.clone(),
                None => text
                    .replace("$folder", &self.folder.path().display().to_string())
                    .into(),
            },
            Value::Array(list) => list.iter().map(|value| self.filled(value)).collect(),
            Value::Object(object) => match object.get("$bytes").map(|bytes| self.filled(bytes)) {
                Some(Value::String(text)) => STANDARD.encode(text).into(),
                Some(json) => STANDARD.encode(json.to_string()).into(),
                None => {
                    let filled = object
                        .iter()
                        .map(|(key, value)| (key.clone(), self.filled(value)));
                    Value::Object(filled.collect())
                }
            },
            other => other.clone(),
        }
    }
}

fn at_saved<'a>(saved: &'a BTreeMap<String, Value>, path: &str) -> Option<&'a Value> {
    let (name, path) = path.split_once('.').unwrap_or((path, ""));
    at(saved.get(name)?, path)
}

/// What is at a path of keys and places, as in `items.0.id`.
fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let mut keys = path.split('.').filter(|key| !key.is_empty());
    keys.try_fold(value, |value, key| match value {
        Value::Array(list) => list.get(key.parse::<usize>().ok()?),
        other => other.get(key),
    })
}

/// Whether an answer is what a step expects; if not, where it is not.
fn matches(expected: &Value, answer: &Value) -> Result<(), String> {
    let fits =
        match (expected, answer) {
            (Value::String(any), answer) if any == "$any" => !answer.is_null(),
            (Value::Object(expected), Value::Object(answer)) => {
                return expected.iter().try_for_each(|(key, expected)| {
                    matches(expected, answer.get(key).unwrap_or(&Value::Null))
                        .map_err(|why| format!("{key}: {why}"))
                });
            }
            (Value::Array(expected), Value::Array(answer)) if expected.len() == answer.len() => {
                return expected.iter().zip(answer).enumerate().try_for_each(
                    |(place, (expected, answer))| {
                        matches(expected, answer).map_err(|why| format!("{place}: {why}"))
                    },
                );
            }
            (Value::Number(expected), Value::Number(answer)) => expected.as_f64() == answer.as_f64(),
            (Value::String(expected), Value::String(answer)) => {
                let instant = |text: &str| DateTime::parse_from_rfc3339(text).ok();
                expected == answer || (instant(expected).is_some() && instant(expected) == instant(answer))
            }
            (expected, answer) => expected == answer,
        };
    if fits {
        Ok(())
    } else {
        Err(format!("{answer} is not {expected}"))
    }
}

/// The names in the description, as in `contacts.create`, of these lists.
pub(crate) fn described(lists: &[&str]) -> BTreeSet<String> {
    let description = describe();
    let areas = lists
        .iter()
        .flat_map(|list| description[list].as_array().unwrap());
    let names = areas.flat_map(|area| {
        let methods = area["methods"].as_array().unwrap();
        methods.iter().map(|method| {
            let (area, method) = (area["name"].as_str().unwrap(), method["name"].as_str().unwrap());
            format!("{area}.{method}")
        })
    });
    names.collect()
}

/// The steps of the scenario.
pub(crate) fn steps() -> Vec<Step> {
    let scenario = std::fs::read_to_string(SCENARIO).unwrap();
    serde_json::from_str(&scenario).unwrap()
}

async fn replayed() -> Replay {
    let mut replay = Replay::new();
    for (place, step) in steps().iter().enumerate() {
        if let Err(why) = replay.play(step).await {
            let what = step.call.as_ref().or(step.open.as_ref());
            panic!("step {place}, {what:?}: {why}");
        }
    }
    replay
}

#[tokio::test]
async fn every_step_answers_as_it_says() {
    replayed().await;
}

#[tokio::test]
async fn every_method_and_callback_is_called_and_every_kind_of_error_met() {
    let replay = replayed().await;
    let methods = described(&["crm", "org", "platform", "clock"]);
    let never: Vec<&String> = methods.difference(&replay.methods).collect();
    assert!(never.is_empty(), "never called: {never:?}");
    let called = replay.callbacks.lock().unwrap().clone();
    let callbacks = described(&["callbacks"]);
    let never: Vec<&String> = callbacks.difference(&called).collect();
    assert!(never.is_empty(), "never called back: {never:?}");
    let description = describe();
    let errors = description["errors"].as_array().unwrap();
    let kinds = |met: &dyn Fn(&str) -> bool| -> BTreeSet<&str> {
        let met = errors.iter().filter(|error| met(error["code"].as_str().unwrap()));
        met.map(|error| error["kind"].as_str().unwrap()).collect()
    };
    assert_eq!(kinds(&|code| replay.failed.contains(code)), kinds(&|_| true));
}
