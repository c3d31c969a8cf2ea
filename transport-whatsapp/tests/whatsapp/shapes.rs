//! Bodies of any shape: nothing panics, and nothing costs what stands beside it.

use proptest::prelude::*;
use serde_json::{Value, json};
use tertulia_core::error::Code;
use tertulia_core::inbound::InboundKind;

use crate::read;
use crate::real::real;
use crate::webhooks::{body, events, everything, whatsapp};

#[test]
fn a_body_that_is_no_envelope_is_malformed() {
    let whatsapp = whatsapp();
    for body in [
        "",
        "null",
        "[]",
        "7",
        "{}",
        "{",
        "not JSON",
        r#"{"entry":[]}"#,
        r#"{"object":"whatsapp_business_account"}"#,
        r#"{"object":"whatsapp_business_account","entry":{}}"#,
        r#"{"object":7,"entry":[]}"#,
        r#"{"object":"whatsapp_business_account","entry":[1e999]}"#,
        "\u{feff}{}",
        &"[".repeat(100_000),
        &format!(
            "{{\"object\":\"whatsapp_business_account\",\"entry\":{}",
            "[".repeat(100_000)
        ),
    ] {
        assert_eq!(
            read(&whatsapp, body.as_bytes()).unwrap_err().code(),
            Code::WebhookMalformed,
            "{body:.60}"
        );
    }
    assert_eq!(
        read(&whatsapp, b"\"\xff\"").unwrap_err().code(),
        Code::WebhookMalformed
    );
    assert_eq!(
        read(&whatsapp, br#"{"object":"whatsapp_business_account","entry":[]}"#).unwrap(),
        []
    );
}

#[test]
fn half_an_emoji_costs_that_sign_only() {
    let text = |escaped: &str| {
        let body =
            body(&json!({"messages": [{"id": "1", "from": "1", "type": "text", "text": {"body": "@"}}]}));
        let events = read(&whatsapp(), body.to_string().replace('@', escaped).as_bytes()).unwrap();
        match &events[0].kind {
            InboundKind::Message(message) => message.content.words().unwrap().to_owned(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(text(r"a\ud83d"), "a\u{fffd}");
    assert_eq!(text(r"\ude00 b \ud83d\ude00"), "\u{fffd} b 😀");
    assert_eq!(text(r"\ud83d\ud83d\ude00\\ud83d"), "\u{fffd}😀\\ud83d");
    assert_eq!(text(r"\ud83d\n"), "\u{fffd}\n");
}

#[test]
fn a_body_cut_anywhere_is_malformed_and_no_panic() {
    let whatsapp = whatsapp();
    let ours = [("everything".to_owned(), everything().to_string().into_bytes())];
    for (name, body) in real().into_iter().chain(ours) {
        let whole = body.trim_ascii_end().len();
        for cut in 0..whole {
            let error = read(&whatsapp, &body[..cut]).unwrap_err();
            assert_eq!(error.code(), Code::WebhookMalformed, "{name} cut at {cut}");
        }
    }
}

/// Every place in a value, as a JSON pointer.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                places(item, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                places(
                    field,
                    &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")),
                    found,
                );
            }
        }
        _ => {}
    }
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(json!(1e300)),
        "\\PC{0,12}".prop_map(Value::from),
        prop_oneof![
            Just("text"),
            Just("system"),
            Just("interactive"),
            Just("messages"),
            Just("failed")
        ]
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::hash_map("id|type|code|body|[a-z_]{1,8}", inner, 0..3)
                .prop_map(|fields| fields.into_iter().collect::<Value>()),
        ]
    })
}

proptest! {
    /// One node of a body is replaced by anything. A second entry is always read as it was, and nothing is lost
    /// without a word as long as the lists around the items stand.
    #[test]
    fn a_node_of_any_shape_never_panics_and_costs_no_other_entry(
        pick in any::<prop::sample::Index>(),
        which in any::<prop::sample::Index>(),
        replacement in anything(),
    ) {
        let mut bodies: Vec<Value> = real().iter().map(|(_, body)| serde_json::from_slice(body).unwrap()).collect();
        bodies.extend(vec![everything(); 20]);
        let mut broken = bodies[which.index(bodies.len())].clone();
        let text = json!({"id": "wamid.9", "from": "1", "type": "text", "text": {"body": "Hi"}});
        let good = body(&json!({"messages": [text]}));
        let expected = events(&good);
        broken["entry"].as_array_mut().unwrap().push(good["entry"][0].clone());

        let mut found = Vec::new();
        places(&broken["entry"][0], "/entry/0", &mut found);
        let place = &found[pick.index(found.len())];
        *broken.pointer_mut(place).unwrap() = replacement.clone();

        let events = read(&whatsapp(), broken.to_string().as_bytes()).unwrap();
        prop_assert_eq!(events.last(), expected.last());
        let empties = matches!(&replacement, Value::Array(items) if items.is_empty());
        prop_assert!(empties || events.len() > 1, "{} at {} was lost", replacement, place);
    }

    /// One node of one message is replaced by anything: the messages beside it are read as they were.
    #[test]
    fn a_message_of_any_shape_costs_no_other_message(
        pick in any::<prop::sample::Index>(),
        which in any::<prop::sample::Index>(),
        replacement in anything(),
    ) {
        let mut body = everything();
        let before = events(&body);
        let messages = body["entry"][0]["changes"][0]["value"]["messages"].as_array().unwrap().len();
        let broken = which.index(messages);
        let root = format!("/entry/0/changes/0/value/messages/{broken}");
        let mut found = Vec::new();
        places(body.pointer(&root).unwrap(), &root, &mut found);
        *body.pointer_mut(&found[pick.index(found.len())]).unwrap() = replacement;
        let after = events(&body);
        prop_assert_eq!(after.len(), before.len());
        for (n, (before, after)) in before.iter().zip(&after).enumerate() {
            prop_assert!(n == broken || before == after);
        }
    }

    /// Bytes that are nobody's JSON never panic.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[\\\\u{}\"a-f0-9:,\\[\\]d]{0,80}") {
        let whatsapp = whatsapp();
        for body in [bytes, text.into_bytes()] {
            prop_assert_eq!(read(&whatsapp, &body).unwrap_err().code(), Code::WebhookMalformed);
        }
    }
}
