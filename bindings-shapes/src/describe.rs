//! The description of all that crosses, as JSON: what every language's code is generated from.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};
use tertulia::core::ids::AttemptId;
use tertulia::core::inbound::InboundEvent;
use tertulia::core::roles::Call;
use tertulia::transport::{Correlation, Outcome};
use tertulia::{Channel, Code, Error, Template, http_status};

use crate::failure::Failure;
use crate::handle::{clock_areas, crm_areas, org_areas, platform_areas};
use crate::handlers::HandlerTurn;
use crate::host::{OutgoingShape, SenderShape, WebhookShape};
use crate::method::{Area, Method, Param, Returned};
use crate::options::{TwilioOptions, WhatsAppOptions};
use crate::wire::PageRequest;

/// The description: `crm`, `org`, `platform` and `clock` list areas of methods; `callbacks` lists what a host's objects
/// are called by (a method with `progress` tells a function of the host such values); `errors` every code; `calls` the least role that may make each
/// call on an organisation; `shapes` every named type as JSON Schema. A schema `{"x-page": T}` is a page of
/// `T`, and a field with `"x-secret": true` is kept out of logs.
pub fn describe() -> Value {
    // What is read may leave out what has a default; what is written never leaves out anything that matters.
    let mut generator = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    let crm = areas(crm_areas(), &mut generator);
    let org = areas(org_areas(), &mut generator);
    let platform = areas(platform_areas(), &mut generator);
    let clock = areas(clock_areas(), &mut generator);
    let callbacks = callbacks(&mut generator);
    for also in [
        generator.subschema_for::<Failure>(),
        generator.subschema_for::<WhatsAppOptions>(),
        generator.subschema_for::<TwilioOptions>(),
        generator.subschema_for::<PageRequest>(),
        generator.subschema_for::<Channel>(),
        generator.subschema_for::<Correlation>(),
    ] {
        drop(also);
    }
    let errors: Vec<Value> = Code::ALL
        .iter()
        .map(|code| {
            json!({
                "code": code.as_str(),
                "kind": code.kind().as_str(),
                "retry": code.retry().as_str(),
                "http_status": http_status(&Error::new(*code, "")),
                "meaning": code.meaning(),
                "remedy": code.remedy(),
            })
        })
        .collect();
    let calls: Vec<Value> = Call::ALL
        .iter()
        .map(|call| json!({ "name": call.name(), "needs": call.needs().as_str() }))
        .collect();
    let shapes: BTreeMap<String, Value> = generator.take_definitions(true).into_iter().collect();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "crm": crm,
        "org": org,
        "platform": platform,
        "clock": clock,
        "callbacks": callbacks,
        "errors": errors,
        "calls": calls,
        "shapes": shapes,
    })
}

fn areas<T>(areas: &[Area<T>], generator: &mut SchemaGenerator) -> Value {
    areas
        .iter()
        .map(|area| {
            let methods: Vec<Value> = area
                .methods
                .iter()
                .map(|listed| method(listed, generator))
                .collect();
            json!({ "name": area.name, "docs": docs(area.docs), "methods": methods })
        })
        .collect()
}

fn method<T>(method: &Method<T>, generator: &mut SchemaGenerator) -> Value {
    let mut described = signature(
        method.name,
        method.docs,
        (method.params)(generator),
        (method.returns)(generator),
    );
    if let Some(progress) = (method.progress)(generator) {
        described.insert("progress".to_owned(), progress.into());
    }
    if let Some(other) = method.other {
        described.insert("other".to_owned(), other.into());
    }
    described.into()
}

fn signature(name: &str, text: &str, params: Vec<Param>, returns: Option<Schema>) -> Map<String, Value> {
    let params: Vec<Value> = params
        .into_iter()
        .map(|param| json!({ "name": param.name, "schema": param.schema }))
        .collect();
    let mut described = Map::new();
    described.insert("name".to_owned(), name.into());
    described.insert("docs".to_owned(), docs(text).into());
    described.insert("params".to_owned(), params.into());
    if let Some(returns) = returns {
        described.insert("returns".to_owned(), returns.into());
    }
    described
}

/// Doc comments as text: without the space after the slashes.
fn docs(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    lines.join("\n").trim().to_owned()
}

/// What a host's objects are called by. A callback with a `default` need not be written.
fn callbacks(generator: &mut SchemaGenerator) -> Value {
    macro_rules! callback {
        ($text:literal, $name:ident($($arg:ident: $ty:ty),*) -> $returns:ty $(, default $default:expr)?) => {{
            let params = vec![$(Param::of::<$ty>(stringify!($arg), generator)),*];
            let returns = <$returns as Returned>::schema(generator);
            let described = signature(stringify!($name), $text, params, returns);
            $(let described = {
                let mut described = described;
                described.insert("default".to_owned(), $default);
                described
            };)?
            Value::from(described)
        }};
    }
    json!([
        {
            "name": "Transport",
            "docs": "A messaging platform, spoken to in the host's language. It decides nothing: it says truthfully \
                     what it knows about a send. A send that throws, answers nonsense or does not answer in time is \
                     unknown, and is never repeated by itself.",
            "methods": [
                callback!("Answers the platform's verification request with the text to return as the body. Fails with \
                    the code `webhook.verification_failed` when the token is not ours.",
                    verify(query: String) -> String),
                callback!("Reads a webhook: checks the signature over the raw bytes first, then parses. Fails with a \
                    code `webhook.signature_*` or `webhook.malformed`.",
                    parse(request: WebhookShape) -> Vec<InboundEvent>),
                callback!("Sends one message, once. Never retries by itself.",
                    send(sender: SenderShape, message: OutgoingShape) -> Outcome),
                callback!("Tells the platform that a person's message was read.",
                    mark_read(sender: SenderShape, provider_id: String) -> (), default Value::Null),
                callback!("The templates of the sender's business account, as the platform lists them.",
                    list_templates(sender: SenderShape) -> Vec<Template>, default json!([])),
                callback!("Asks the platform what became of an attempt whose answer was lost, where it can be asked; \
                    nothing where it cannot.",
                    settle(sender: SenderShape, attempt: AttemptId) -> Option<Outcome>, default Value::Null),
            ],
        },
        {
            "name": "Credentials",
            "docs": "Where the keys to send with come from: never from the store.",
            "methods": [
                callback!("The key for this reference: asked for each message.",
                    credential(reference: String) -> String),
                callback!("Another key for this reference, now that the platform refused one: asked once, before its \
                    senders are stopped. With another key what was refused is tried again. Here whoever keeps keys for a \
                    while, or gets them from somewhere, gets a new one; with nothing `credential` is asked again.",
                    renew(reference: String, refused: String) -> Option<String>, default Value::Null),
            ],
        },
        {
            "name": "ConversationHandler",
            "docs": "A bot or an AI of the host's: asked to answer what the contacts of its conversations write, by \
                     `run_due` and `work`. A turn is never lost, and so may come more than once: when it threw, took too \
                     long, or its process died, the same messages come again after a pause, and after five tries people \
                     have the conversation. The n-th message that it sends in a turn and that went out in an earlier try, \
                     or may have, is not sent again, but given back as it was sent.",
            "methods": [callback!("Answers what the contact wrote, acting as the handler: a handle on the organisation \
                with `acting` in the place of a member of the team. When the turn is over, as a person took the conversation \
                over or the time was up, its calls fail with `handler.over`.",
                turn(turn: HandlerTurn) -> ())],
        },
        {
            "name": "Clock",
            "docs": "Where the time comes from.",
            "methods": [callback!("The present moment.", now() -> DateTime<Utc>)],
        },
    ])
}
