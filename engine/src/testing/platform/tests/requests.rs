//! What is taken, what is refused, and how it is answered.

use super::*;

fn template(name: &str, components: Value) -> Value {
    let mut body = json!({
        "messaging_product": "whatsapp", "to": ANA, "type": "template",
        "template": { "name": name, "language": { "code": "pt_BR" } },
    });
    body["template"]["components"] = components;
    body
}

#[tokio::test]
async fn an_accepted_message_is_answered_and_logged_whole() {
    let clock = ManualClock::at(1_700_000_000);
    let business = Business::with(PlatformConfig {
        clock: Arc::new(clock),
        ..Default::default()
    })
    .await;
    let body = text_to("+1 202-555-0123", "mine");
    let (status, answer) = business.send(&body).await;
    let accepted = business.platform.accepted().pop().unwrap();
    assert_eq!(status, 200);
    assert_eq!(
        answer,
        json!({
            "messaging_product": "whatsapp",
            "contacts": [{ "input": "+1 202-555-0123", "wa_id": "12025550123" }],
            "messages": [{ "id": accepted.wamid, "message_status": "accepted" }],
        })
    );
    assert!(accepted.wamid.starts_with("wamid."));
    assert_eq!(accepted.to.as_deref(), Some("+1 202-555-0123"));
    assert_eq!(accepted.wa_id.as_deref(), Some("12025550123"));
    assert_eq!(accepted.correlation.as_deref(), Some("mine"));
    assert_eq!((accepted.at.timestamp(), &accepted.body), (1_700_000_000, &body));
    let request = business.platform.requests().pop().unwrap();
    assert_eq!(
        (request.action, request.wamid),
        (Action::Send, Some(accepted.wamid))
    );
}

#[tokio::test]
async fn a_wa_id_is_what_the_platform_makes_of_the_number() {
    let business = Business::new().await;
    for (to, wa_id) in [
        ("+525512345678", "5215512345678"),
        ("+5215512345678", "5215512345678"),
        ("+5511987654321", "551187654321"),
        ("+551187654321", "551187654321"),
        ("+551132654321", "551132654321"),
        ("+5491123456789", "5491123456789"),
        // Without the plus, the country code of the business is put in front.
        ("5511987654321", "15511987654321"),
    ] {
        let (_, answer) = business.send(&text_to(to, "x")).await;
        assert_eq!(answer["contacts"], json!([{ "input": to, "wa_id": wa_id }]));
    }
}

#[tokio::test]
async fn a_user_id_goes_into_recipient_and_to_wins_over_it() {
    let business = Business::new().await;
    let mut body = text_to(ANA, "x");
    body["recipient"] = "US.13491208655302741918".into();
    let (_, answer) = business.send(&body).await;
    assert_eq!(
        answer["contacts"],
        json!([{ "input": ANA, "wa_id": "12025550123" }])
    );
    body.as_object_mut().unwrap().remove("to");
    let (_, answer) = business.send(&body).await;
    let id = "US.13491208655302741918";
    assert_eq!(answer["contacts"], json!([{ "input": id, "user_id": id }]));
    let accepted = business.platform.accepted().pop().unwrap();
    assert_eq!((accepted.wa_id, accepted.user_id.as_str()), (None, id));
}

#[tokio::test]
async fn a_request_without_the_token_is_refused_and_logged() {
    let business = Business::new().await;
    let url = business.url(&format!("{}/messages", business.platform.phone_number_id()));
    let request = business.client.post(&url).json(&text_to(ANA, "x"));
    for request in [request.try_clone().unwrap(), request.bearer_auth("another")] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], 190);
    }
    assert_eq!(business.platform.accepted(), []);
    assert_eq!(business.platform.requests().len(), 2);
}

#[tokio::test]
async fn a_malformed_message_is_refused_with_the_platforms_code() {
    let business = Business::new().await;
    let own = business.platform.config().numbers[0].display_phone_number.clone();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = text_to(ANA, "x");
        change(&mut body);
        body
    };
    let interactive = |interactive: Value| {
        let mut body = with(&|body| body["type"] = "interactive".into());
        body["interactive"] = interactive;
        body
    };
    let reply = |id: &str, title: &str| json!({ "type": "reply", "reply": { "id": id, "title": title } });
    let buttons = |buttons: Vec<Value>| {
        interactive(json!({ "type": "button", "body": { "text": "?" }, "action": { "buttons": buttons } }))
    };
    let rows = |count: usize| -> Vec<Value> {
        (0..count)
            .map(|n| json!({ "id": fastrand::u64(..).to_string(), "title": n.to_string() }))
            .collect()
    };
    let list = |sections: Value| {
        let action = json!({ "button": "Choose", "sections": sections });
        interactive(json!({ "type": "list", "body": { "text": "?" }, "action": action }))
    };
    let parameter = |parameter: Value| template("t", json!([{ "type": "body", "parameters": [parameter] }]));
    for (what, body, code) in [
        (
            "no product",
            with(&|body| body["messaging_product"] = Value::Null),
            100,
        ),
        ("no recipient", with(&|body| body["to"] = Value::Null), 100),
        (
            "group",
            with(&|body| body["recipient_type"] = "group".into()),
            131_009,
        ),
        (
            "user id in to",
            with(&|body| body["to"] = "US.123".into()),
            131_009,
        ),
        ("no number", with(&|body| body["to"] = "+12".into()), 131_009),
        ("number as number", with(&|body| body["to"] = 12.into()), 131_009),
        (
            "phone in recipient",
            json!({ "messaging_product": "whatsapp", "recipient": ANA, "type": "text", "text": { "body": "x" } }),
            131_009,
        ),
        (
            "sender itself",
            with(&|body| body["to"] = format!("+{own}").into()),
            131_021,
        ),
        ("unknown type", with(&|body| body["type"] = "poll".into()), 100),
        (
            "no type object",
            with(&|body| body["text"] = Value::Null),
            131_008,
        ),
        ("no text", with(&|body| body["text"] = json!({})), 131_008),
        ("empty text", with(&|body| body["text"]["body"] = "".into()), 100),
        (
            "long text",
            with(&|body| body["text"]["body"] = "é".repeat(4097).into()),
            100,
        ),
        (
            "long correlation",
            with(&|body| body["biz_opaque_callback_data"] = "x".repeat(513).into()),
            100,
        ),
        (
            "context of nothing",
            with(&|body| body["context"] = json!({})),
            131_008,
        ),
        (
            "media without source",
            with(&|body| *body = media(body, json!({}))),
            131_009,
        ),
        (
            "media of two",
            with(&|body| *body = media(body, json!({ "id": "1", "link": "https://a" }))),
            131_009,
        ),
        (
            "long caption",
            with(&|body| *body = media(body, json!({ "id": "1", "caption": "x".repeat(1025) }))),
            100,
        ),
        ("no button", buttons(vec![]), 131_009),
        (
            "four buttons",
            buttons((0..4).map(|n| reply(&n.to_string(), "x")).collect()),
            131_009,
        ),
        (
            "same button twice",
            buttons(vec![reply("1", "x"), reply("1", "y")]),
            131_009,
        ),
        ("long button", buttons(vec![reply("1", &"x".repeat(21))]), 100),
        (
            "eleven rows",
            list(json!([{ "title": "a", "rows": rows(6) }, { "title": "b", "rows": rows(5) }])),
            131_009,
        ),
        (
            "untitled sections",
            list(json!([{ "rows": rows(1) }, { "rows": rows(1) }])),
            131_008,
        ),
        ("template name", template("Hello", json!([])), 131_009),
        ("components", template("hello", json!({})), 131_009),
        (
            "component",
            template("hello", json!([{ "type": "legs" }])),
            131_009,
        ),
        (
            "button index",
            template(
                "hello",
                json!([{ "type": "button", "sub_type": "url", "index": "x" }]),
            ),
            131_009,
        ),
        (
            "parameter without value",
            parameter(json!({ "type": "text" })),
            132_012,
        ),
        (
            "empty parameter",
            parameter(json!({ "type": "text", "text": "" })),
            131_008,
        ),
        (
            "line break",
            parameter(json!({ "type": "text", "text": "a\nb" })),
            132_012,
        ),
    ] {
        let (status, answer) = business.send(&body).await;
        assert_eq!(
            (status, &answer["error"]["code"]),
            (400, &json!(code)),
            "{what}: {answer}"
        );
    }
    let url = business.url(&format!("{}/messages", business.platform.phone_number_id()));
    let token = &business.platform.config().access_token;
    for body in ["{", "[]", ""] {
        let answer = business
            .client
            .post(&url)
            .bearer_auth(token)
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], 100);
    }
    let answer = business
        .client
        .post(business.url("1/messages"))
        .bearer_auth(token)
        .json(&text_to(ANA, "x"))
        .send()
        .await;
    let answer: Value = answer.unwrap().json().await.unwrap();
    assert_eq!(
        (&answer["error"]["code"], &answer["error"]["error_subcode"]),
        (&json!(100), &json!(33))
    );
    assert_eq!(business.platform.accepted(), []);
}

fn media(body: &Value, image: Value) -> Value {
    let mut body = body.clone();
    body["type"] = "image".into();
    body["image"] = image;
    body
}

#[tokio::test]
async fn every_well_formed_message_is_accepted() {
    let business = Business::new().await;
    let reply = json!({ "type": "reply", "reply": { "id": "1", "title": "x".repeat(20) } });
    let rows: Vec<Value> = (0..10)
        .map(|n| json!({ "id": n.to_string(), "title": "x" }))
        .collect();
    let parameters = json!([
        { "type": "text", "text": "Ana" },
        { "type": "currency", "currency": { "fallback_value": "R$ 1", "code": "BRL", "amount_1000": 1000 } },
        { "type": "date_time", "date_time": { "fallback_value": "today" } },
    ]);
    for (kind, payload) in [
        ("text", json!({ "body": "é".repeat(4096), "preview_url": true })),
        ("image", json!({ "id": "1", "caption": "x" })),
        ("video", json!({ "link": "https://example.com/a.mp4" })),
        ("audio", json!({ "id": "1" })),
        ("document", json!({ "id": "1", "filename": "a.pdf" })),
        ("sticker", json!({ "id": "1" })),
        ("reaction", json!({ "message_id": "wamid.1", "emoji": "" })),
        ("location", json!({ "latitude": -23.5, "longitude": "-46.6" })),
        ("contacts", json!([{ "name": { "formatted_name": "Ana" } }])),
        (
            "interactive",
            json!({ "type": "button", "body": { "text": "?" }, "action": { "buttons": [reply] } }),
        ),
        (
            "interactive",
            json!({ "type": "list", "body": { "text": "?" }, "action": { "button": "x", "sections": [{ "rows": rows }] } }),
        ),
        (
            "interactive",
            json!({ "type": "cta_url", "body": { "text": "?" }, "action": { "name": "cta_url" } }),
        ),
        (
            "template",
            json!({ "name": "hello_1", "language": { "code": "en" } }),
        ),
        (
            "template",
            json!({ "name": "hello", "language": { "code": "en" }, "components": [
                { "type": "header", "parameters": [{ "type": "image", "image": { "id": "1" } }] },
                { "type": "body", "parameters": parameters },
                { "type": "button", "sub_type": "url", "index": 0, "parameters": [{ "type": "text", "text": "x" }] },
            ] }),
        ),
    ] {
        let mut body = json!({ "messaging_product": "whatsapp", "to": ANA, "type": kind });
        body[kind] = payload;
        let (status, answer) = business.send(&body).await;
        assert_eq!(status, 200, "{kind}: {answer}");
    }
    let untyped = json!({ "messaging_product": "whatsapp", "to": ANA, "text": { "body": "x" } });
    assert_eq!(business.send(&untyped).await.0, 200);
    assert_eq!(business.platform.accepted().len(), 15);
}

fn templates() -> Vec<Value> {
    let of = |name: &str, status: &str, category: &str, body: &str| {
        json!({
            "id": name.len().to_string(), "name": name, "language": "pt_BR", "status": status, "category": category,
            "components": [{ "type": "BODY", "text": body }],
        })
    };
    vec![
        of("plain", "APPROVED", "MARKETING", "Olá!"),
        of("positional", "APPROVED", "UTILITY", "{{1}}, {{2}} e {{1}}"),
        of("named", "APPROVED", "UTILITY", "Olá {{first_name}}"),
        of("code", "APPROVED", "AUTHENTICATION", "Code"),
        of("paused", "PAUSED", "MARKETING", "x"),
        of("disabled", "DISABLED", "MARKETING", "x"),
        of("rejected", "REJECTED", "MARKETING", "x"),
    ]
}

#[tokio::test]
async fn a_template_is_sent_only_as_it_was_approved() {
    let business = Business::new().await;
    business.platform.set_templates(templates());
    let body = |parameters: Value| json!([{ "type": "body", "parameters": parameters }]);
    let text = |text: &str| json!({ "type": "text", "text": text });
    let named = |name: &str| json!({ "type": "text", "parameter_name": name, "text": "x" });
    for (name, components, code) in [
        ("plain", json!([]), 0),
        ("plain", body(json!([text("x")])), 132_000),
        ("positional", body(json!([text("x"), text("y")])), 0),
        ("positional", body(json!([text("x")])), 132_000),
        ("named", body(json!([named("first_name")])), 0),
        ("named", body(json!([named("name")])), 100),
        ("paused", json!([]), 132_015),
        ("disabled", json!([]), 132_016),
        ("rejected", json!([]), 132_001),
        ("unheard_of", json!([]), 132_001),
    ] {
        let (_, answer) = business.send(&template(name, components)).await;
        assert_eq!(
            answer["error"]["code"].as_i64().unwrap_or(0),
            code,
            "{name}: {answer}"
        );
    }
    assert_eq!(business.platform.accepted()[0].category, "marketing");
    let mut code = template("code", json!([]));
    assert_eq!(business.send(&code).await.0, 200);
    code["to"] = Value::Null;
    code["recipient"] = "US.1".into();
    assert_eq!(business.send(&code).await.1["error"]["code"], 131_062);
}

#[tokio::test]
async fn templates_are_listed_page_by_page() {
    let business = Business::new().await;
    business.platform.set_templates(templates());
    let base = business.url(&format!(
        "{}/message_templates",
        business.platform.config().waba_id
    ));
    for (query, expected) in [
        ("", 7),
        ("?limit=3", 7),
        ("?limit=2&status=APPROVED", 4),
        ("?name=paused", 1),
        ("?limit=1&fields=name,status", 7),
    ] {
        let (mut found, mut next) = (Vec::new(), Some(format!("{base}{query}")));
        while let Some(url) = next {
            let page: Value = business.get(&url).await.json().await.unwrap();
            found.extend(page["data"].as_array().unwrap().clone());
            next = page["paging"]["next"].as_str().map(str::to_owned);
        }
        let names: BTreeSet<String> = found
            .iter()
            .map(|template| template["name"].to_string())
            .collect();
        assert_eq!((found.len(), names.len()), (expected, expected), "{query}");
        assert_eq!(found[0].get("components").is_none(), query.contains("fields"));
    }
    assert_eq!(business.get(&format!("{base}?limit=x")).await.status(), 400);
    assert_eq!(
        business.get(&business.url("1/message_templates")).await.status(),
        400
    );
}

#[tokio::test]
async fn a_file_is_found_by_its_id_and_fetched_with_the_token() {
    let business = Business::new().await;
    let media = business.platform.add_media("image/png", b"bytes");
    let found: Value = business.get(&business.url(&media.id)).await.json().await.unwrap();
    assert_eq!(
        (&found["sha256"], &found["file_size"]),
        (&json!(media.sha256), &json!(5))
    );
    let url = found["url"].as_str().unwrap();
    assert_eq!(business.client.get(url).send().await.unwrap().status(), 401);
    let file = business.get(url).await;
    assert_eq!(file.headers()["content-type"], "image/png");
    assert_eq!(file.bytes().await.unwrap(), b"bytes".as_slice());
    assert_eq!(business.get(&business.url("none")).await.status(), 400);
}

#[tokio::test]
async fn a_number_is_described_and_a_message_marked_as_read() {
    let business = Business::new().await;
    let number = business
        .get(&business.url(business.platform.phone_number_id()))
        .await;
    assert_eq!(number.json::<Value>().await.unwrap()["quality_rating"], "GREEN");

    let read = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": "wamid.1" });
    assert_eq!(business.send(&read).await, (200, json!({ "success": true })));
    assert_eq!(business.send(&json!({ "status": "read" })).await.0, 400);
    assert_eq!(business.platform.accepted(), []);
    assert_eq!(business.platform.requests()[1].action, Action::MarkRead);
}

#[tokio::test]
async fn with_windows_free_form_needs_a_message_of_the_last_24_hours() {
    let clock = ManualClock::at(1_700_000_000);
    let config = PlatformConfig {
        windows: true,
        clock: Arc::new(clock.clone()),
        ..Default::default()
    };
    let business = Business::with(config).await;
    let code = async || business.send(&text_to(ANA, "x")).await.1["error"]["code"].clone();
    assert_eq!(code().await, 131_047);
    assert_eq!(business.send(&template("hello", json!([]))).await.0, 200);
    business.platform.say(Inbound::text(ANA, "hi")).await.unwrap();
    // A late message doesn't shorten it.
    business
        .platform
        .say(Inbound::text(ANA, "hi").at(clock.now() - chrono::TimeDelta::hours(9)))
        .await
        .unwrap();
    clock.advance(Duration::from_hours(24) - Duration::from_secs(1));
    assert_eq!(code().await, Value::Null);
    clock.advance(Duration::from_secs(1));
    assert_eq!(code().await, 131_047);
}

#[tokio::test]
async fn what_is_above_the_limits_is_refused_and_a_token_that_was_replaced_too() {
    let clock = ManualClock::at(1_700_000_000);
    let business = Business::with(PlatformConfig {
        clock: Arc::new(clock.clone()),
        ..Default::default()
    })
    .await;
    let other = "+12025550199";
    let code = async |to: &str| business.send(&text_to(to, "x")).await.1["error"]["code"].clone();
    business.platform.limits(Limits {
        per_second: None,
        pairs: true,
    });
    assert_eq!(code(ANA).await, Value::Null);
    clock.advance(Duration::from_millis(5_999));
    assert_eq!(code(ANA).await, 131_056);
    assert_eq!(code(other).await, Value::Null);
    clock.advance(Duration::from_millis(1));
    assert_eq!(code(ANA).await, Value::Null);
    business.platform.limits(Limits {
        per_second: Some(3),
        pairs: false,
    });
    assert_eq!(code(other).await, Value::Null);
    assert_eq!(code(other).await, 130_429);
    clock.advance(Duration::from_secs(1));
    assert_eq!(code(other).await, Value::Null);
    business.platform.access_token("another");
    assert_eq!(code(other).await, 190);
}
