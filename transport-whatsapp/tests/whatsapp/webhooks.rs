//! What webhooks are read as.

use serde_json::{Value, json};
use tertulia_core::account::Ban;
use tertulia_core::error::Code;
use tertulia_core::identity::{Address, AddressKind};
use tertulia_core::inbound::{
    CallEvent, Caller, InboundEvent, InboundKind, InboundMessage, PreferenceChoice, StatusUpdate,
};
use tertulia_core::message::{Content, MediaKind, MediaSource, StatusKind};
use tertulia_core::retry::FailureClass;
use tertulia_transport_traits::WebhookRequest;
use tertulia_transport_whatsapp::{WhatsApp, signature};

use crate::{APP_SECRET, config, read};

pub(crate) fn whatsapp() -> WhatsApp {
    WhatsApp::new(config()).unwrap()
}

fn envelope(changes: &Value) -> Value {
    json!({"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "time": 1_749_416_380, "changes": changes}]})
}

/// A body with one `messages` change of these parts.
pub(crate) fn body(parts: &Value) -> Value {
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "+250 788 123 200", "phone_number_id": "106540352242922"},
    });
    for (key, part) in parts.as_object().unwrap() {
        value[key] = part.clone();
    }
    envelope(&json!([{"field": "messages", "value": value}]))
}

pub(crate) fn events(body: &Value) -> Vec<InboundEvent> {
    read(&whatsapp(), body.to_string().as_bytes()).unwrap()
}

/// What one message item is read as.
fn item(item: Value) -> InboundKind {
    let mut message = json!({"from": "16505551234", "id": "wamid.1", "timestamp": "1749416383"});
    for (key, part) in item.as_object().unwrap() {
        message[key] = part.clone();
    }
    let mut events = events(&body(&json!({"messages": [message]})));
    assert_eq!(events.len(), 1, "{item}");
    events.remove(0).kind
}

fn message(parts: Value) -> InboundMessage {
    match item(parts) {
        InboundKind::Message(message) => message,
        other => panic!("not a message: {other:?}"),
    }
}

fn phone(value: &str) -> Address {
    Address::new(AddressKind::Phone, value)
}

fn id(value: &str) -> Address {
    Address::new(AddressKind::WhatsAppId, value)
}

/// A body with one of everything that the real ones lack as well.
pub(crate) fn everything() -> Value {
    let metadata = json!({"display_phone_number": "15550783881", "phone_number_id": "106540352242922"});
    let messages: Vec<Value> = [
        json!({"type": "text", "text": {"body": "Hi"}, "context": {"forwarded": true}}),
        json!({"type": "voice", "voice": {"id": "1", "mime_type": "audio/ogg", "sha256": "x"}}),
        json!({"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": "{}"}}}),
        json!({"type": "order", "order": {"catalog_id": "1", "product_items": []}}),
        json!({"type": "reaction", "reaction": {"message_id": "wamid.0", "emoji": ""}}),
        json!({"type": "edit", "edit": {"original_message_id": "wamid.0", "message": {"type": "text", "text": {"body": "Hey"}}}}),
        json!({"type": "revoke", "revoke": {"original_message_id": "wamid.0"}}),
        json!({"type": "system", "system": {"type": "customer_identity_changed", "body": "Changed"}}),
        json!({"type": "unsupported", "unsupported": {"type": "gif"}, "errors": [{"code": 131_051}]}),
        json!({"type": "text", "text": {"body": "Ad"}, "referral": {"source_id": "1", "ctwa_clid": "c"}}),
    ]
    .into_iter()
    .enumerate()
    .map(|(n, mut message)| {
        message["id"] = format!("wamid.{n}").into();
        message["from"] = "16505551234".into();
        message["timestamp"] = "1749416383".into();
        message
    })
    .collect();
    envelope(&json!([
        {"field": "messages", "value": {
            "metadata": metadata,
            "contacts": [{"wa_id": "16505551234", "profile": {"name": "Ana"}}],
            "messages": messages,
            "statuses": [{"id": "wamid.s", "status": "failed", "timestamp": "1749416383", "recipient_id": "1",
                "errors": [{"code": 131_047, "title": "t", "error_data": {"details": "d"}}],
                "conversation": {"origin": {"type": "utility"}, "pricing": {"billable": false}}}],
            "errors": [{"code": 131_000, "title": "t"}],
        }},
        {"field": "smb_message_echoes", "value": {"metadata": metadata, "message_echoes": [
            {"from": "15550783881", "to": "16505551234", "id": "wamid.e", "timestamp": "1749416383", "type": "text", "text": {"body": "Hi"}},
        ]}},
        {"field": "user_preferences", "value": {"metadata": metadata, "user_preferences": [
            {"wa_id": "1", "category": "marketing_messages", "value": "stop", "timestamp": 1_749_416_383},
        ]}},
        {"field": "user_id_update", "value": {"metadata": metadata, "user_id_update": [
            {"user_id": {"previous": "US.1", "current": "US.2"}, "timestamp": "1749416383"},
        ]}},
        {"field": "template_category_update", "value": {"message_template_id": 1, "message_template_name": "a",
            "message_template_language": "en_US", "new_category": "MARKETING"}},
        {"field": "message_template_quality_update", "value": {"message_template_id": 1, "message_template_name": "a",
            "message_template_language": "en_US", "new_quality_score": "RED"}},
        {"field": "message_template_status_update", "value": {"message_template_id": 1, "message_template_name": "a",
            "message_template_language": "en_US", "event": "PAUSED"}},
        {"field": "calls", "value": {"metadata": metadata,
            "contacts": [{"wa_id": "16505551234", "user_id": "US.1", "profile": {"name": "Ana"}}],
            "calls": [
                {"id": "wacid.1", "from": "16505551234", "to": "15550783881", "event": "connect", "direction": "USER_INITIATED",
                    "timestamp": "1749416383", "session": {"sdp_type": "offer", "sdp": "v=0"}},
                {"id": "wacid.1", "from": "16505551234", "to": "15550783881", "event": "terminate", "direction": "USER_INITIATED",
                    "timestamp": "1749416383", "status": "COMPLETED", "start_time": "1749416384", "end_time": "1749416390", "duration": 6},
            ],
            "errors": [{"code": 138_000, "message": "m"}]}},
        {"field": "calls", "value": {"metadata": metadata, "statuses": [
            {"id": "wacid.2", "type": "call", "status": "ACCEPTED", "timestamp": "1749416383", "recipient_id": "16505551234"},
        ]}},
        {"field": "account_update", "value": {"event": "DISABLED_UPDATE"}},
    ]))
}

#[test]
fn everything_the_platform_documents_is_understood() {
    let events = events(&everything());
    assert_eq!(events.len(), 23);
    for event in events {
        assert!(!matches!(event.kind, InboundKind::Unknown { .. }), "{event:?}");
    }
}

#[test]
fn events_carry_the_account_the_sender_and_the_providers_time() {
    let events = events(&everything());
    for event in &events {
        assert_eq!(event.source.business_id.as_deref(), Some("102290129340398"));
        let of_account = matches!(
            event.kind,
            InboundKind::TemplateCategory(_)
                | InboundKind::TemplateQuality(_)
                | InboundKind::TemplateStatus(_)
                | InboundKind::Notice { .. }
        );
        match &event.kind {
            InboundKind::Notice { field, .. } if field == "errors" => {}
            _ if of_account => {
                assert_eq!(event.source.sender_id, None, "{event:?}");
                assert_eq!(
                    event.at.unwrap().timestamp(),
                    1_749_416_380,
                    "a notice has the entry's time"
                );
            }
            _ => {
                assert_eq!(
                    event.source.sender_id.as_deref(),
                    Some("106540352242922"),
                    "{event:?}"
                );
                assert_eq!(event.at.unwrap().timestamp(), 1_749_416_383, "{event:?}");
            }
        }
    }
}

#[test]
fn a_message_says_what_its_typed_object_says() {
    let content = |parts| message(parts).content;
    let file = json!({"id": "77", "mime_type": "audio/ogg", "sha256": "x"});
    let Content::Media(voice) = content(json!({"type": "voice", "voice": file})) else {
        panic!()
    };
    assert!(voice.voice && voice.kind == MediaKind::Audio);
    let Content::Media(linked) = content(json!({"type": "image", "image": {"url": "https://x.example/i"}}))
    else {
        panic!()
    };
    assert_eq!(linked.source, MediaSource::Link("https://x.example/i".into()));
    for (response, expected) in [
        (json!("[1"), "[1"),
        (json!("7"), "7"),
        (json!({"a": 1}), r#"{"a":1}"#),
    ] {
        let reply =
            json!({"type": "nfm_reply", "nfm_reply": {"name": "address_message", "response_json": response}});
        assert_eq!(
            content(json!({"type": "interactive", "interactive": reply})),
            Content::FormReply {
                name: "address_message".into(),
                body: None,
                response_json: expected.into()
            }
        );
    }
    let order = json!({"catalog_id": "1", "product_items": [{"quantity": 2, "item_price": 1.5}]});
    assert_eq!(
        content(json!({"type": "order", "order": order})),
        Content::Order { order }
    );
    assert_eq!(
        content(json!({"type": "button", "button": {"text": "Yes"}})),
        Content::ButtonReply {
            id: "Yes".into(),
            title: "Yes".into()
        }
    );
    assert_eq!(
        content(json!({"type": "system", "system": {"type": "customer_identity_changed", "body": "b"}})),
        Content::System {
            notice: "customer_identity_changed".into(),
            body: Some("b".into())
        }
    );
    let location = json!({"latitude": "1.5", "longitude": 2, "name": "", "address": "Rua 1"});
    let Content::Location(place) = content(json!({"type": "location", "location": location})) else {
        panic!()
    };
    assert_eq!(
        (place.latitude, place.longitude, place.name, place.address),
        (1.5, 2.0, None, Some("Rua 1".into()))
    );
}

#[test]
fn what_is_not_understood_is_kept_raw_under_the_platforms_name() {
    for (parts, named) in [
        (json!({"type": "hologram", "hologram": {"x": 1}}), "hologram"),
        (
            json!({"type": "unsupported", "unsupported": {"type": "poll_creation"}, "errors": []}),
            "poll_creation",
        ),
        (json!({"type": "unsupported"}), "unsupported"),
        (
            json!({"type": "interactive", "errors": [{"code": 131_000}]}),
            "interactive",
        ),
        (
            json!({"type": "interactive", "interactive": {"type": "call_permission_reply", "call_permission_reply": {"response": "accept"}}}),
            "call_permission_reply",
        ),
        (
            json!({"type": "interactive", "interactive": {"type": "list_reply"}}),
            "list_reply",
        ),
        (json!({"type": "text"}), "text"),
        (json!({"type": "text", "text": {"body": {}}}), "text"),
        (
            json!({"type": "image", "image": {"mime_type": "image/png"}}),
            "image",
        ),
        (
            json!({"type": "location", "location": {"latitude": 1}}),
            "location",
        ),
        (json!({"type": "contacts", "contacts": {}}), "contacts"),
        (json!({"type": "order", "order": 5}), "order"),
        (
            json!({"type": "reaction", "reaction": {"emoji": "x"}}),
            "reaction",
        ),
        (
            json!({"type": "edit", "edit": {"original_message_id": "wamid.0"}}),
            "edit",
        ),
        (json!({"type": "revoke", "revoke": {}}), "revoke"),
        (json!({"type": 7}), "7"),
        (json!({"text": {"body": "Hi"}}), ""),
    ] {
        let Content::Unsupported { provider_type, raw } = message(parts.clone()).content else {
            panic!("{parts}")
        };
        assert_eq!((provider_type.as_str(), &raw["id"]), (named, &json!("wamid.1")));
        for (key, part) in parts.as_object().unwrap() {
            assert_eq!(&raw[key], part);
        }
    }
}

#[test]
fn a_message_keeps_what_it_answers_where_it_was_written_and_what_led_to_it() {
    let quoted =
        message(json!({"type": "text", "text": {"body": ""}, "context": {"from": "1", "id": "wamid.0"}}));
    assert_eq!(
        (quoted.reply_to.as_deref(), quoted.forwarded),
        (Some("wamid.0"), false)
    );
    for key in ["forwarded", "frequently_forwarded"] {
        let forwarded = message(json!({"type": "text", "text": {"body": ""}, "context": {key: true}}));
        assert_eq!((forwarded.reply_to, forwarded.forwarded), (None, true));
    }
    assert_eq!(
        message(json!({"type": "text", "group_id": "1@g.us"}))
            .group_id
            .as_deref(),
        Some("1@g.us")
    );
    let referral = message(json!({"type": "text", "referral": {
        "source_url": "u", "source_id": "s", "source_type": "ad", "headline": "h", "body": "b", "media_type": "image",
        "image_url": "i", "thumbnail_url": "t", "ctwa_clid": "c", "welcome_message": {"text": "w"},
    }}))
    .referral
    .unwrap();
    assert_eq!(
        serde_json::to_value(&referral).unwrap(),
        json!({"sourceUrl": "u", "sourceId": "s", "sourceType": "ad", "headline": "h", "body": "b",
               "mediaType": "image", "mediaUrl": "i", "ctwaClid": "c"})
    );
    let status_ad = message(json!({"type": "text", "referral": {"source_id": "s"}}))
        .referral
        .unwrap();
    assert_eq!((status_ad.ctwa_clid, status_ad.media_url), (None, None));
}

#[test]
fn reactions_edits_and_deletions_name_their_target() {
    let InboundKind::Reaction(given) =
        item(json!({"type": "reaction", "reaction": {"message_id": "wamid.0", "emoji": "👍"}}))
    else {
        panic!()
    };
    assert_eq!(
        (given.target.as_str(), given.emoji.as_deref()),
        ("wamid.0", Some("👍"))
    );
    for removed in [
        json!({"message_id": "wamid.0"}),
        json!({"message_id": "wamid.0", "emoji": ""}),
    ] {
        let InboundKind::Reaction(removed) = item(json!({"type": "reaction", "reaction": removed})) else {
            panic!()
        };
        assert_eq!(removed.emoji, None);
    }
    let edited = json!({"type": "image", "image": {"id": "7", "caption": "new"}, "context": {}});
    let InboundKind::Edit(edit) =
        item(json!({"type": "edit", "edit": {"original_message_id": "wamid.0", "message": edited}}))
    else {
        panic!()
    };
    assert_eq!(
        (edit.target.as_str(), edit.content.words()),
        ("wamid.0", Some("new"))
    );
    let InboundKind::Revoke(revoke) =
        item(json!({"type": "revoke", "revoke": {"original_message_id": "wamid.0"}}))
    else {
        panic!()
    };
    assert_eq!(
        (revoke.provider_id.as_str(), revoke.target.as_str()),
        ("wamid.1", "wamid.0")
    );
}

#[test]
fn a_sender_is_every_address_named_the_phone_first_and_ids_are_known_wherever_they_stand() {
    let from = |parts| message(parts).from.addresses;
    assert_eq!(from(json!({"type": "x", "from": "US.1"})), [id("US.1")]);
    assert_eq!(
        from(json!({"type": "x", "from": "US.1", "from_user_id": "US.1"})),
        [id("US.1")]
    );
    assert_eq!(
        from(json!({"type": "x", "from_user_id": "US.1", "from_parent_user_id": "US.ENT.2"})),
        [phone("16505551234"), id("US.1"), id("US.ENT.2")]
    );
    assert_eq!(
        from(json!({"type": "x", "from": 16_505_551_234_u64})),
        [phone("16505551234")]
    );
    assert_eq!(
        from(json!({"type": "x", "from": "5215512345678"})),
        [phone("5215512345678")],
        "spelling is kept"
    );
    let bsuid_in_wa_id = body(&json!({
        "contacts": [{"wa_id": "US.1", "profile": {"name": "Ana", "username": "ana"}}],
        "messages": [{"id": "wamid.1", "type": "text", "text": {"body": "Hi"}}],
    }));
    let InboundKind::Message(message) = events(&bsuid_in_wa_id).remove(0).kind else {
        panic!()
    };
    assert_eq!(message.from.addresses, [id("US.1")]);
    assert_eq!(
        (message.from.name.as_deref(), message.from.username.as_deref()),
        (Some("Ana"), Some("ana"))
    );
}

#[test]
fn a_change_of_number_or_id_names_before_and_after() {
    let change = |parts: Value| match item(parts) {
        InboundKind::IdentityChanged(change) => (change.previous, change.current),
        other => panic!("{other:?}"),
    };
    for key in ["wa_id", "new_wa_id"] {
        assert_eq!(
            change(
                json!({"type": "system", "system": {"type": "user_changed_number", "body": "b", key: "1999"}})
            ),
            (vec![phone("16505551234")], vec![phone("1999")])
        );
    }
    let words = |body: &str| {
        let system = json!({"type": "user_changed_user_id", "body": body, "user_id": "US.2"});
        change(json!({"type": "system", "from": null, "system": system})).0
    };
    assert_eq!(words("User Ana changed from US.1 to US.2"), [id("US.1")]);
    assert_eq!(
        words("User X changed from US.9 to US.2 changed from US.1 to US.2"),
        [id("US.1")],
        "a name lies"
    );
    assert_eq!(
        words("User Ana changed from US.1 to US.3"),
        [],
        "words about another id"
    );
    assert_eq!(words("Ana's id is new"), []);
    // What stays the same is no address before.
    let system = json!({"type": "user_changed_user_id", "wa_id": "16505551234", "user_id": "US.2"});
    assert_eq!(
        change(json!({"type": "system", "from_user_id": "US.1", "system": system})),
        (vec![id("US.1")], vec![phone("16505551234"), id("US.2")])
    );
    // Without a new address it is a notice like any other.
    let system = json!({"type": "user_changed_number", "body": "b"});
    assert!(matches!(
        message(json!({"type": "system", "system": system})).content,
        Content::System { .. }
    ));
}

fn status(parts: Value) -> StatusUpdate {
    let mut status =
        json!({"id": "wamid.1", "status": "sent", "timestamp": "1749416383", "recipient_id": "1"});
    for (key, part) in parts.as_object().unwrap() {
        status[key] = part.clone();
    }
    match events(&body(&json!({"statuses": [status]}))).remove(0).kind {
        InboundKind::Status(status) => status,
        other => panic!("{other:?}"),
    }
}

#[test]
fn statuses_are_read_in_every_spelling() {
    for (word, kind) in [
        ("sent", StatusKind::Sent),
        ("delivered", StatusKind::Delivered),
        ("READ", StatusKind::Read),
        ("played", StatusKind::Read),
        ("deleted", StatusKind::Other("deleted".into())),
        ("warning", StatusKind::Other("warning".into())),
    ] {
        assert_eq!(status(json!({"status": word})).status, kind);
    }
    let drift = status(json!({"recipient_user_id": "US.1", "parent_recipient_user_id": "US.ENT.2"}));
    assert_eq!(drift.recipient, [phone("1"), id("US.1"), id("US.ENT.2")]);
    let group =
        status(json!({"recipient_id": "9@g.us", "recipient_type": "group", "participant_recipient_id": "7"}));
    assert_eq!(group.recipient, [phone("7")]);
    assert_eq!(status(json!({"recipient_id": null})).recipient, []);
}

#[test]
fn a_status_names_price_and_attempt_if_it_can() {
    let attempt = "01931c7e-8a00-7000-8000-00000000002a";
    let echoed = status(json!({"biz_opaque_callback_data": attempt}));
    assert_eq!(echoed.correlation, Some(attempt.parse().unwrap()));
    for other in [json!("order-17"), json!(""), json!(null), json!({}), json!(7)] {
        assert_eq!(
            status(json!({"biz_opaque_callback_data": other})).correlation,
            None
        );
    }
    let price = |parts| {
        let status = status(parts);
        (status.price_category, status.billable)
    };
    let priced = json!({"billable": true, "category": "utility"});
    assert_eq!(
        price(json!({"pricing": priced})),
        (Some("utility".into()), Some(true))
    );
    assert_eq!(
        price(json!({"conversation": {"pricing": priced}})),
        (Some("utility".into()), Some(true))
    );
    assert_eq!(
        price(json!({"conversation": {"origin": {"type": "service"}}})),
        (Some("service".into()), None)
    );
    assert_eq!(price(json!({})), (None, None));
}

#[test]
fn a_status_of_a_free_entry_point_says_when_it_ends() {
    let ends = "1749675583";
    let until = |parts: Value| {
        status(parts)
            .free_entry_until
            .map(|at| at.timestamp().to_string())
    };
    let origin = |origin: &str| json!({"conversation": {"id": "c", "expiration_timestamp": ends, "origin": {"type": origin}}});
    assert_eq!(until(origin("referral_conversion")).as_deref(), Some(ends));
    for other in ["service", "marketing", "utility"] {
        assert_eq!(
            until(origin(other)),
            None,
            "{other}: the end of a conversation that is charged for"
        );
    }
    let priced = |key: &str, word: &str| json!({"conversation": {"expiration_timestamp": ends}, "pricing": {key: word}});
    assert_eq!(until(priced("type", "free_entry_point")).as_deref(), Some(ends));
    assert_eq!(
        until(priced("category", "referral_conversion")).as_deref(),
        Some(ends)
    );
    assert_eq!(until(priced("type", "free_customer_service")), None);
    assert_eq!(
        until(json!({"pricing": {"type": "free_entry_point"}})),
        None,
        "it does not say when"
    );
    let no_time =
        json!({"conversation": {"expiration_timestamp": "soon", "origin": {"type": "referral_conversion"}}});
    assert_eq!(until(no_time), None);
}

fn change_of_calls(parts: &Value) -> Vec<InboundEvent> {
    let mut value =
        json!({"messaging_product": "whatsapp", "metadata": {"phone_number_id": "106540352242922"}});
    for (key, part) in parts.as_object().unwrap() {
        value[key] = part.clone();
    }
    events(&envelope(&json!([{"field": "calls", "value": value}])))
}

#[test]
fn a_call_says_who_called_whom_and_what_happened() {
    let base = json!({"id": "wacid.1", "event": "connect", "timestamp": "1749416383", "session": {"sdp": "v=0"}, "new": 1});
    let with = |parts: Value| {
        let mut item = base.clone();
        for (key, part) in parts.as_object().unwrap() {
            item[key] = part.clone();
        }
        item
    };
    let cards = json!([{"wa_id": "16505551234", "user_id": "US.1", "profile": {"name": "Ana"}}]);
    let theirs = with(json!({"from": "16505551234", "to": "15550783881", "direction": "USER_INITIATED"}));
    let ours = with(json!({"from": "15550783881", "to": "16505551234", "direction": "BUSINESS_INITIATED"}));
    for (item, caller) in [(&theirs, Caller::Person), (&ours, Caller::Business)] {
        let read = change_of_calls(&json!({"contacts": cards, "calls": [item]}));
        assert_eq!(read[0].at.unwrap().timestamp(), 1_749_416_383);
        assert_eq!(read[0].source.sender_id.as_deref(), Some("106540352242922"));
        let InboundKind::Call(call) = &read[0].kind else {
            panic!("{read:?}")
        };
        assert_eq!((call.provider_id.as_str(), call.caller), ("wacid.1", caller));
        assert_eq!(call.stage, CallEvent::Connect);
        assert_eq!(call.person.addresses, [phone("16505551234"), id("US.1")]);
        assert_eq!(call.person.name.as_deref(), Some("Ana"));
        assert_eq!(&call.raw, item, "what this library has no word for is kept");
    }
    // Who hides the number is known by the id; words in other cases and new words are read.
    let hidden = with(json!({"from_user_id": "US.1", "direction": "user_initiated", "event": "HELD"}));
    let InboundKind::Call(call) = change_of_calls(&json!({"calls": [hidden]})).remove(0).kind else {
        panic!()
    };
    assert_eq!(call.person.addresses, [id("US.1")]);
    assert_eq!(call.stage, CallEvent::Other("held".into()));
}

#[test]
fn a_status_of_a_call_is_about_one_that_the_business_made() {
    for (word, expected) in [
        ("RINGING", CallEvent::Ringing),
        ("ACCEPTED", CallEvent::Accepted),
        ("REJECTED", CallEvent::Rejected),
        ("PARKED", CallEvent::Other("parked".into())),
    ] {
        let status = json!({"id": "wacid.2", "type": "call", "status": word, "timestamp": "1749416383",
            "recipient_id": "16505551234", "recipient_user_id": "US.1"});
        let InboundKind::Call(call) = change_of_calls(&json!({"statuses": [status]})).remove(0).kind else {
            panic!("{word}")
        };
        assert_eq!((call.caller, call.stage), (Caller::Business, expected));
        assert_eq!(call.person.addresses, [phone("16505551234"), id("US.1")]);
    }
}

#[test]
fn a_call_that_cannot_be_read_is_kept_and_costs_no_neighbour() {
    let good = json!({"id": "wacid.9", "from": "1", "event": "connect", "direction": "USER_INITIATED"});
    let without = |key: &str| {
        let mut item = good.clone();
        item.as_object_mut().unwrap().remove(key);
        item
    };
    let mut sideways = good.clone();
    sideways["direction"] = "SIDEWAYS".into();
    let bad = ["id", "from", "event", "direction"].map(without).to_vec();
    for bad in bad
        .into_iter()
        .chain([sideways, json!(null), json!("?"), json!([])])
    {
        let read = change_of_calls(&json!({"calls": [bad, good], "statuses": [bad]}));
        assert_eq!(read.len(), 3, "{bad}");
        let InboundKind::Unknown { field, raw, reason } = &read[0].kind else {
            panic!("{read:?}")
        };
        assert_eq!((field.as_str(), raw), ("calls.calls", &bad));
        assert!(!reason.is_empty());
        assert!(matches!(&read[1].kind, InboundKind::Call(call) if call.provider_id == "wacid.9"));
        assert!(matches!(&read[2].kind, InboundKind::Unknown { field, .. } if field == "calls.statuses"));
    }
    for parts in [json!({}), json!({"calls": null}), json!({"calls": {}})] {
        let read = change_of_calls(&parts);
        assert!(
            matches!(&read[0].kind, InboundKind::Unknown { field, .. } if field == "calls"),
            "{parts}"
        );
    }
    let held = change_of_calls(&json!({"calls": [good], "holds": [1]}));
    assert!(matches!(&held[1].kind, InboundKind::Unknown { field, .. } if field == "calls.holds"));
}

#[test]
fn a_failure_is_classed_by_its_first_readable_code() {
    let failure = |errors: Value| match status(json!({"status": "failed", "errors": errors})).status {
        StatusKind::Failed(failure) => (failure.class, failure.code, failure.detail),
        other => panic!("{other:?}"),
    };
    let (first, second) = (
        json!({"code": 131_049, "title": "t", "message": "m"}),
        json!({"code": 190}),
    );
    assert_eq!(
        failure(json!([first, second])),
        (FailureClass::PerUserCap, "131049".into(), "m".into())
    );
    assert_eq!(
        failure(json!([7, {"title": "t"}, second])).0,
        FailureClass::KeyRefused
    );
    assert_eq!(failure(json!([{"code": "131026", "title": "t"}])).1, "131026");
    assert_eq!(
        failure(json!([{"code": 999_999, "title": "t"}])).0,
        FailureClass::Unclassified
    );
    for nothing in [json!([]), json!(null), json!("?")] {
        assert_eq!(failure(nothing).0, FailureClass::Unclassified);
    }
}

#[test]
fn echoes_name_the_recipient_and_trigger_no_message() {
    let echo = |parts: Value| {
        let mut echo =
            json!({"id": "wamid.e", "from": "15550783881", "type": "text", "text": {"body": "Hi"}});
        for (key, part) in parts.as_object().unwrap() {
            echo[key] = part.clone();
        }
        let value = json!({"metadata": {}, "message_echoes": [echo]});
        events(&envelope(
            &json!([{"field": "smb_message_echoes", "value": value}]),
        ))
        .remove(0)
        .kind
    };
    let InboundKind::Echo(both) = echo(json!({"to": "1650", "to_user_id": "US.1"})) else {
        panic!()
    };
    assert_eq!(
        (both.to.addresses, both.content),
        (vec![phone("1650"), id("US.1")], Content::text("Hi"))
    );
    let InboundKind::Echo(reaction) =
        echo(json!({"to": "1", "type": "reaction", "reaction": {"message_id": "wamid.0", "emoji": "👍"}}))
    else {
        panic!()
    };
    assert_eq!(
        reaction.content,
        Content::Reaction {
            target: "wamid.0".into(),
            emoji: "👍".into()
        }
    );
    assert!(
        matches!(echo(json!({})), InboundKind::Unknown { .. }),
        "nobody to file it under"
    );
}

#[test]
fn preferences_are_about_marketing_only() {
    let preference = |parts: Value| {
        let mut item =
            json!({"wa_id": "1", "user_id": "US.1", "category": "marketing_messages", "value": "stop"});
        for (key, part) in parts.as_object().unwrap() {
            item[key] = part.clone();
        }
        events(&envelope(
            &json!([{"field": "user_preferences", "value": {"user_preferences": [item]}}]),
        ))
        .remove(0)
        .kind
    };
    for (word, choice) in [
        ("stop", PreferenceChoice::Stop),
        ("resume", PreferenceChoice::Resume),
        ("signup", PreferenceChoice::Signup),
        ("later", PreferenceChoice::Other("later".into())),
    ] {
        let InboundKind::Preference(read) = preference(json!({"value": word})) else {
            panic!("{word}")
        };
        assert_eq!(
            (read.choice, read.person.addresses),
            (choice, vec![phone("1"), id("US.1")])
        );
    }
    for unreadable in [
        json!({"category": "utility"}),
        json!({"value": null}),
        json!({"wa_id": null, "user_id": null}),
    ] {
        assert!(matches!(preference(unreadable), InboundKind::Unknown { .. }));
    }
}

#[test]
fn template_notices_need_name_language_and_a_readable_value() {
    let notice = |field: &str, parts: Value| {
        let mut value = json!({"message_template_id": 9_007_199_254_740_993_u64, "message_template_name": "a",
            "message_template_language": "pt-BR", "event": "REJECTED", "new_category": "MARKETING",
            "previous_category": "UTILITY", "new_quality_score": "YELLOW", "reason": "NONE"});
        for (key, part) in parts.as_object().unwrap() {
            value[key] = part.clone();
        }
        events(&envelope(&json!([{"field": field, "value": value}])))
            .remove(0)
            .kind
    };
    let (status, category, quality) = (
        "message_template_status_update",
        "template_category_update",
        "message_template_quality_update",
    );
    let InboundKind::TemplateStatus(read) = notice(status, json!({})) else {
        panic!()
    };
    assert_eq!(
        read.provider_id.as_deref(),
        Some("9007199254740993"),
        "an id beyond 2^53 keeps its digits"
    );
    assert_eq!(
        (read.language.as_str(), read.value.as_str(), read.reason),
        ("pt_BR", "REJECTED", None)
    );
    let InboundKind::TemplateStatus(read) = notice(status, json!({"reason": "SCAM", "event": "FROZEN"}))
    else {
        panic!()
    };
    assert_eq!(
        (read.value.as_str(), read.reason.as_deref()),
        ("FROZEN", Some("SCAM"))
    );
    assert!(matches!(
        notice(category, json!({})),
        InboundKind::TemplateCategory(_)
    ));
    assert!(matches!(
        notice(quality, json!({})),
        InboundKind::TemplateQuality(_)
    ));
    for (field, parts) in [
        (category, json!({"new_category": "NEWS"})),
        (status, json!({"event": null})),
        (status, json!({"message_template_name": ""})),
        (quality, json!({"message_template_language": "?"})),
    ] {
        assert!(matches!(notice(field, parts), InboundKind::Unknown { .. }));
    }
}

fn told(field: &str, value: &Value) -> InboundEvent {
    events(&envelope(&json!([{"field": field, "value": value}]))).remove(0)
}

#[test]
fn a_notice_says_how_a_sender_stands() {
    let (quality, account) = ("phone_number_quality_update", "account_update");
    let number = "+1 555-078-3881";
    for (field, value, low, limit, ban) in [
        (
            quality,
            json!({"display_phone_number": number, "event": "FLAGGED", "current_limit": "TIER_10K"}),
            Some(true),
            Some(("TIER_10K", Some(10_000))),
            None,
        ),
        (
            quality,
            json!({"display_phone_number": number, "event": "UNFLAGGED"}),
            Some(false),
            None,
            None,
        ),
        (
            quality,
            json!({"display_phone_number": number, "event": "UPGRADE", "current_limit": "TIER_1K",
                "max_daily_conversations_per_business": "TIER_250"}),
            None,
            Some(("TIER_250", Some(250))),
            None,
        ),
        (
            "business_capability_update",
            json!({"max_daily_conversations_per_business": "TIER_UNLIMITED", "max_phone_numbers_per_business": 25}),
            None,
            Some(("TIER_UNLIMITED", None)),
            None,
        ),
        (
            "business_capability_update",
            json!({"max_daily_conversation_per_phone": 1000}),
            None,
            Some(("1000", Some(1000))),
            None,
        ),
        (
            account,
            json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE", "waba_ban_date": "June 1, 2026"}}),
            None,
            None,
            Some((Ban::Disabled, "DISABLE", None)),
        ),
        (
            account,
            json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE"}}),
            None,
            None,
            Some((Ban::Lifted, "REINSTATE", None)),
        ),
        (
            account,
            json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": [
                {"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": "1749416383"},
                {"restriction_type": "RESTRICTED_ADD_PHONE_NUMBER_ACTION"}]}),
            None,
            None,
            Some((
                Ban::Restricted,
                "RESTRICTED_ADD_PHONE_NUMBER_ACTION, RESTRICTED_BIZ_INITIATED_MESSAGING",
                Some(1_749_416_383),
            )),
        ),
    ] {
        let event = told(field, &value);
        assert_eq!(event.source.sender_id, None);
        let InboundKind::Sender(notice) = event.kind else {
            panic!("{value}: {event:?}")
        };
        let named = value.get("display_phone_number").map(|_| "15550783881");
        assert_eq!(notice.number.as_deref(), named, "{value}");
        assert_eq!(notice.low_quality, low, "{value}");
        let read = notice
            .limit
            .as_ref()
            .map(|limit| (limit.tier.as_str(), limit.people_a_day));
        assert_eq!(read, limit, "{value}");
        let read = notice.ban.as_ref().map(|told| {
            (
                told.ban,
                told.detail.as_deref().unwrap(),
                told.until.map(|until| until.timestamp()),
            )
        });
        assert_eq!(read, ban, "{value}");
        assert_eq!((notice.field.as_str(), notice.raw), (field, value));
    }
}

#[test]
fn a_notice_that_tells_nothing_of_how_a_sender_stands_is_handed_on_as_it_is() {
    for (field, value) in [
        (
            "account_update",
            json!({"event": "VERIFIED_ACCOUNT", "phone_number": "16505551111"}),
        ),
        (
            "account_update",
            json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "SLEEPING"}}),
        ),
        (
            "business_capability_update",
            json!({"max_phone_numbers_per_business": 25}),
        ),
        (
            "phone_number_quality_update",
            json!({"display_phone_number": "15550783881", "event": "THROUGHPUT_UPGRADE", "current_limit": "TIER_UNLIMITED"}),
        ),
    ] {
        assert_eq!(
            told(field, &value).kind,
            InboundKind::Notice {
                field: field.to_owned(),
                raw: value
            }
        );
    }
}

#[test]
fn a_notice_of_a_senders_standing_of_the_wrong_shape_is_kept_with_a_reason() {
    for (field, value) in [
        (
            "phone_number_quality_update",
            json!({"display_phone_number": ["1"], "event": "FLAGGED"}),
        ),
        (
            "phone_number_quality_update",
            json!({"display_phone_number": "1", "event": 7.5e300, "current_limit": {}}),
        ),
        (
            "phone_number_quality_update",
            json!({"display_phone_number": "1", "event": null}),
        ),
        (
            "business_capability_update",
            json!({"max_daily_conversations_per_business": ["TIER_2K"]}),
        ),
        ("account_update", json!({"event": {}})),
        (
            "account_update",
            json!({"event": "DISABLED_UPDATE", "ban_info": "DISABLE"}),
        ),
        (
            "account_update",
            json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": []}}),
        ),
        (
            "account_update",
            json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": "all"}),
        ),
    ] {
        let InboundKind::Unknown { raw, reason, .. } = told(field, &value).kind else {
            panic!("{value}")
        };
        assert_eq!(raw, value);
        assert!(!reason.is_empty());
    }
}

#[test]
fn events_show_the_senders_number_in_digits() {
    let value = json!({"metadata": {"phone_number_id": "1", "display_phone_number": "+250 788 123 200"},
        "messages": [{"id": "wamid.9", "from": "1", "type": "text", "text": {"body": "Hi"}}]});
    assert_eq!(
        told("messages", &value).source.number.as_deref(),
        Some("250788123200")
    );
}

#[test]
fn what_cannot_be_read_is_kept_with_a_reason_and_costs_no_neighbour() {
    let good = json!({"id": "wamid.9", "from": "1", "type": "text", "text": {"body": "Hi"}});
    for bad in [
        json!(null),
        json!("?"),
        json!([]),
        json!({}),
        json!({"id": {}, "from": "1", "type": "text"}),
        json!({"id": "wamid.1", "type": "text", "text": {"body": "nobody's"}}),
        json!({"id": "wamid.1", "from": "9@g.us", "type": "text"}),
    ] {
        let events = events(&body(&json!({"messages": [bad, good], "statuses": [bad]})));
        assert_eq!(events.len(), 3);
        let InboundKind::Unknown { field, raw, reason } = &events[0].kind else {
            panic!("{events:?}")
        };
        assert_eq!((field.as_str(), raw), ("messages.messages", &bad));
        assert!(!reason.is_empty());
        assert!(matches!(&events[1].kind, InboundKind::Message(message) if message.provider_id == "wamid.9"));
    }
}

#[test]
fn unknown_fields_parts_and_products_are_kept() {
    let unknown = |body: Value| match events(&body).remove(0).kind {
        InboundKind::Unknown { field, raw, .. } => (field, raw),
        other => panic!("{other:?}"),
    };
    let value = json!({"x": 1});
    let change = |change: Value| envelope(&json!([change]));
    assert_eq!(
        unknown(change(json!({"field": "holograms", "value": value}))),
        ("holograms".into(), value.clone())
    );
    assert_eq!(
        unknown(change(json!({"field": "messages", "value": 7}))).0,
        "messages"
    );
    assert_eq!(unknown(change(json!({"value": value}))).0, "changes");
    assert_eq!(unknown(change(json!(7))), ("changes".into(), json!(7)));
    assert_eq!(unknown(body(&json!({}))).0, "messages");
    assert_eq!(unknown(body(&json!({"messages": {}}))).0, "messages");
    assert_eq!(
        unknown(body(&json!({"holograms": [1]}))),
        ("messages.holograms".into(), json!([1]))
    );
    let object = "whatsapp_business_account";
    assert_eq!(
        unknown(json!({"object": object, "entry": [7]})),
        ("entry".into(), json!(7))
    );
    assert_eq!(
        unknown(json!({"object": object, "entry": [{"id": "1"}]})).0,
        "entry"
    );
    let page = json!({"id": "1", "messaging": []});
    assert_eq!(
        unknown(json!({"object": "page", "entry": [page]})),
        ("page".into(), page)
    );
}

#[test]
fn errors_that_come_alone_are_notices() {
    let error = json!({"code": 131_000, "title": "Something went wrong"});
    let read = events(&body(&json!({"errors": [error]})));
    assert_eq!(
        read[0].kind,
        InboundKind::Notice {
            field: "errors".into(),
            raw: error
        }
    );
    assert_eq!(read.len(), 1);
}

#[test]
fn a_body_holds_many_entries_changes_and_items() {
    let status = json!({"id": "wamid.1", "status": "sent", "recipient_id": "1"});
    let value =
        |id: &str| json!({"metadata": {"phone_number_id": id}, "statuses": vec![status.clone(); 250]});
    let changes = |ids: [&str; 2]| ids.map(|id| json!({"field": "messages", "value": value(id)}));
    let body = json!({"object": "whatsapp_business_account", "entry": [
        {"id": "A", "changes": changes(["1", "2"])},
        {"id": "B", "changes": changes(["3", "4"])},
    ]});
    let events = events(&body);
    assert_eq!(events.len(), 1000);
    for (n, sender) in ["1", "2", "3", "4"].iter().enumerate() {
        let source = &events[n * 250].source;
        assert_eq!(source.sender_id.as_deref(), Some(*sender));
        assert_eq!(source.business_id.as_deref(), Some(if n < 2 { "A" } else { "B" }));
    }
}

#[test]
fn the_signature_is_checked_before_the_body_is_looked_at() {
    let request = |headers: Vec<(String, String)>| WebhookRequest {
        method: "POST".into(),
        url: "https://shop.example/webhook".into(),
        headers,
        body: b"not JSON".to_vec(),
    };
    let code = |headers| whatsapp().parse(&request(headers)).unwrap_err().code();
    let header = |value: String| vec![("x-hub-signature-256".to_owned(), value)];
    assert_eq!(code(vec![]), Code::WebhookSignatureMissing);
    assert_eq!(code(header("sha256=?".into())), Code::WebhookSignatureMalformed);
    assert_eq!(
        code(header(signature::sign("other", b"not JSON"))),
        Code::WebhookSignatureWrong
    );
    assert_eq!(
        code(header(signature::sign(APP_SECRET, b"not JSON"))),
        Code::WebhookMalformed
    );
}

#[test]
fn the_verification_request_is_answered_with_its_challenge() {
    let whatsapp = whatsapp();
    assert_eq!(
        whatsapp
            .verify("hub.mode=subscribe&hub.challenge=115&hub.verify_token=verify-token")
            .unwrap(),
        "115"
    );
    let wrong = whatsapp
        .verify("hub.mode=subscribe&hub.challenge=115&hub.verify_token=other")
        .unwrap_err();
    assert_eq!(wrong.code(), Code::WebhookVerificationFailed);
}
