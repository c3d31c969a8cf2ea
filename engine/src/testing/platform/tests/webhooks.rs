//! What the business is told, in which order, and how often.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes_of_http::endpoint;

use super::*;

#[tokio::test]
async fn what_people_write_arrives_in_the_platforms_shape() {
    let clock = ManualClock::at(1_700_000_000);
    let business = Business::with(PlatformConfig {
        clock: Arc::new(clock),
        ..Default::default()
    })
    .await;
    let media = business.platform.add_media("image/jpeg", b"x");
    let ana = Person::phone(ANA).named("Ana").username("ana");
    let hidden = Person::hidden("US.13491208655302741918");
    let referral = json!({ "source_id": "1", "source_type": "ad", "ctwa_clid": "c" });
    for (message, kind, payload) in [
        (Inbound::text(&ana, "Olá"), "text", json!({ "body": "Olá" })),
        (
            Inbound::image(&ana, &media, Some("look")),
            "image",
            json!({ "id": media.id, "mime_type": "image/jpeg", "sha256": media.sha256, "caption": "look" }),
        ),
        (
            Inbound::button(&ana, "yes", "Yes"),
            "button",
            json!({ "payload": "yes", "text": "Yes" }),
        ),
        (
            Inbound::button_reply(&ana, "1", "One"),
            "interactive",
            json!({ "type": "button_reply", "button_reply": { "id": "1", "title": "One" } }),
        ),
        (
            Inbound::list_reply(&ana, "1", "One"),
            "interactive",
            json!({ "type": "list_reply", "list_reply": { "id": "1", "title": "One" } }),
        ),
        (
            Inbound::reaction(&ana, "wamid.1", Some("👍")),
            "reaction",
            json!({ "message_id": "wamid.1", "emoji": "👍" }),
        ),
        (
            Inbound::reaction(&ana, "wamid.1", None),
            "reaction",
            json!({ "message_id": "wamid.1" }),
        ),
        (
            Inbound::edit(&ana, "wamid.1", "new"),
            "edit",
            json!({ "original_message_id": "wamid.1", "message": { "type": "text", "text": { "body": "new" } } }),
        ),
        (
            Inbound::revoke(&ana, "wamid.1"),
            "revoke",
            json!({ "original_message_id": "wamid.1" }),
        ),
        (
            Inbound::message(&ana, "novelty", json!({ "a": 1 })),
            "novelty",
            json!({ "a": 1 }),
        ),
        (
            Inbound::text(&hidden, "Olá").referral(referral.clone()),
            "text",
            json!({ "body": "Olá" }),
        ),
    ] {
        let id = business.platform.say(message).await.unwrap();
        let value = business.values().pop().unwrap();
        let said = &value["messages"][0];
        assert_eq!(
            (&said["id"], &said["type"], &said[kind]),
            (&json!(id), &json!(kind), &payload)
        );
        assert_eq!(said["timestamp"], "1700000000");
        assert_eq!(
            value["metadata"]["phone_number_id"],
            business.platform.phone_number_id()
        );
        assert_eq!(said["from_user_id"], value["contacts"][0]["user_id"]);
    }
    let values = business.values();
    let ana_id = user_id("12025550123");
    assert_eq!(values[0]["messages"][0]["from"], "12025550123");
    assert_eq!(
        values[0]["contacts"],
        json!([{ "profile": { "name": "Ana", "username": "ana" }, "wa_id": "12025550123", "user_id": ana_id }])
    );
    let last = values.last().unwrap();
    assert!(last["messages"][0].get("from").is_none() && last["contacts"][0].get("wa_id").is_none());
    assert_eq!(last["messages"][0]["referral"], referral);

    let system = json!({ "type": "user_changed_number", "body": "x", "wa_id": "12025550124" });
    business
        .platform
        .say(Inbound::message(&ana, "system", system))
        .await
        .unwrap();
    assert!(business.values().pop().unwrap().get("contacts").is_none());
    business.platform.prefers(&ana, "stop").await;
    let value = business.values().pop().unwrap();
    assert_eq!(value["user_preferences"][0]["value"], "stop");
    assert_eq!(value["user_preferences"][0]["timestamp"], 1_700_000_000);
}

#[tokio::test]
async fn a_message_keeps_the_id_the_time_and_the_number_it_is_given() {
    let mut config = PlatformConfig::default();
    let other = Number {
        id: "2".into(),
        display_phone_number: "552140000000".into(),
        calling_code: "55".into(),
    };
    config.numbers.push(other);
    let business = Business::with(config).await;
    let at = DateTime::from_timestamp(5, 0).unwrap();
    let message = Inbound::text("551187654321", "oi")
        .id("wamid.same")
        .at(at)
        .to("2")
        .replying_to("wamid.0");
    for _ in 0..2 {
        assert_eq!(
            business.platform.say(message.clone()).await.unwrap(),
            "wamid.same"
        );
    }
    let values = business.values();
    assert_eq!(values[0], values[1]);
    assert_eq!(
        values[0]["metadata"],
        json!({ "display_phone_number": "552140000000", "phone_number_id": "2" })
    );
    let said = &values[0]["messages"][0];
    assert_eq!(
        (&said["timestamp"], &said["context"]["id"]),
        (&json!("5"), &json!("wamid.0"))
    );
    let error = business.platform.say(message.to("3")).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

#[tokio::test]
async fn statuses_follow_in_order_carry_the_correlation_and_are_signed() {
    let business = Business::new().await;
    business.platform.receipts(Receipts::read());
    for n in 0..3 {
        business.send(&text_to(ANA, &n.to_string())).await;
    }
    business.platform.drain().await;
    let expected: Vec<(String, String)> = business
        .platform
        .accepted()
        .iter()
        .flat_map(|message| {
            ["sent", "delivered", "read"].map(|status| (message.wamid.clone(), status.to_owned()))
        })
        .collect();
    assert_eq!(business.statuses(), expected);
    let values = business.values();
    assert_eq!(values[4]["statuses"][0]["biz_opaque_callback_data"], "1");
    assert_eq!(values[4]["statuses"][0]["recipient_id"], "12025550123");
    assert_eq!(
        values[4]["statuses"][0]["recipient_user_id"],
        values[4]["contacts"][0]["user_id"]
    );
    assert_eq!(values[4]["statuses"][0]["pricing"]["category"], "service");
}

#[tokio::test]
async fn statuses_come_twice_and_out_of_order_and_many_in_one_post_when_told_to() {
    let business = Business::new().await;
    business.platform.hold();
    business
        .platform
        .receipts(Receipts::read().copies(2).shuffled(3).in_batches_of(25));
    for n in 0..10 {
        business.send(&text_to(&format!("+1202555010{n}"), "x")).await;
    }
    assert_eq!(business.statuses(), []);
    let drained = business.platform.drain().await;
    assert_eq!(
        drained,
        Drained {
            delivered: 3,
            refused: 0,
            waiting: 0
        }
    );
    let statuses = business.statuses();
    assert_eq!(statuses.len(), 60);
    for message in business.platform.accepted() {
        for status in ["sent", "delivered", "read"] {
            let event = (message.wamid.clone(), status.to_owned());
            assert_eq!(statuses.iter().filter(|heard| **heard == event).count(), 2);
        }
    }
    let early = statuses.iter().position(|(_, status)| status == "read").unwrap();
    let late = statuses.iter().rposition(|(_, status)| status == "sent").unwrap();
    assert!(early < late);
}

#[tokio::test]
async fn a_status_may_overtake_the_answer() {
    let clock = ManualClock::at(1_700_000_000);
    let config = PlatformConfig {
        clock: Arc::new(clock.clone()),
        ..Default::default()
    };
    let business = Arc::new(Business::with(config).await);
    business.platform.receipts(Receipts::delivered());
    business
        .platform
        .script(Faults::new(0).always(Fault::DelayAfterAccept(Duration::from_secs(1))));
    let send = tokio::spawn({
        let business = Arc::clone(&business);
        async move { business.send(&text_to(ANA, "x")).await }
    });
    until(|| business.statuses().len() == 2).await;
    assert!(!send.is_finished());
    send.abort();
}

#[tokio::test]
async fn held_webhooks_wait_and_released_ones_go_out_by_themselves() {
    let business = Business::new().await;
    business.platform.hold();
    business.platform.say(Inbound::text(ANA, "1")).await.unwrap();
    assert_eq!(business.values().len(), 0);
    business.platform.release();
    until(|| business.values().len() == 1).await;
    business.platform.say(Inbound::text(ANA, "2")).await.unwrap();
    assert_eq!(business.values().len(), 2);
}

#[tokio::test]
async fn statuses_of_a_message_that_was_never_accepted_are_an_error() {
    let business = Business::new().await;
    let error = business
        .platform
        .statuses("wamid.0", &[Status::Sent])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    assert!(error.to_string().contains("wamid.0"));
}

#[tokio::test]
async fn drain_repeats_the_same_bytes_until_they_are_answered_200() {
    let business = Business::new().await;
    let calls = Arc::new(AtomicUsize::new(0));
    business.platform.deliver_to({
        let (heard, calls) = (Arc::clone(&business.heard), Arc::clone(&calls));
        move |webhook| {
            let (heard, call) = (Arc::clone(&heard), calls.fetch_add(1, Ordering::Relaxed));
            async move {
                match call % 4 {
                    0 => 500,
                    1 => panic!("an endpoint that panics doesn't answer"),
                    2 => 204,
                    _ => {
                        heard.lock().unwrap().push(webhook);
                        200
                    }
                }
            }
        }
    });
    let id = business.platform.say(Inbound::text(ANA, "1")).await.unwrap();
    assert_eq!(business.values().len(), 0);
    assert_eq!(
        business.platform.drain().await,
        Drained {
            delivered: 1,
            refused: 2,
            waiting: 0
        }
    );
    assert_eq!(business.values()[0]["messages"][0]["id"], id);
    let deliveries = business.platform.deliveries();
    let answers: Vec<Option<u16>> = deliveries.iter().map(|delivery| delivery.answer).collect();
    assert_eq!(answers, [Some(500), None, Some(204), Some(200)]);
    assert!(
        deliveries
            .iter()
            .all(|delivery| delivery.body == deliveries[0].body)
    );
    assert_eq!(business.platform.drain().await, Drained::default());
}

#[tokio::test]
async fn what_is_refused_for_good_or_has_nowhere_to_go_is_kept() {
    let platform = Platform::start().await.unwrap();
    platform.say(Inbound::text(ANA, "1")).await.unwrap();
    assert_eq!(
        platform.drain().await,
        Drained {
            waiting: 1,
            ..Default::default()
        }
    );
    platform.deliver_to(|_| async { 503 });
    let drained = platform.drain().await;
    assert_eq!((drained.delivered, drained.waiting), (0, 1));
    assert!(drained.refused > 1);
    platform.deliver_to(|_| async { 200 });
    assert_eq!(
        platform.drain().await,
        Drained {
            delivered: 1,
            ..Default::default()
        }
    );
}

#[tokio::test]
async fn any_bytes_can_be_posted_and_are_not_repeated() {
    let business = Business::new().await;
    assert_eq!(business.platform.post("not json").await, Some(200));
    assert_eq!(business.heard.lock().unwrap()[0].body, b"not json");
    business.platform.deliver_to(|_| async { 400 });
    assert_eq!(business.platform.post("not json").await, Some(400));
    assert_eq!(business.platform.drain().await, Drained::default());
}

#[tokio::test]
async fn a_url_gets_signed_posts_and_is_shaken_hands_with() {
    let platform = Platform::start().await.unwrap();
    assert!(platform.verify_endpoint().await.is_err());
    let (url, heard) = endpoint(platform.config().verify_token.clone()).await;
    platform.deliver_to_url(&url);
    assert!(platform.verify_endpoint().await.unwrap());
    platform.say(Inbound::text(ANA, "1")).await.unwrap();
    let (signature, body) = heard.lock().unwrap().pop().unwrap();
    assert_eq!(signature, sign("app-secret", &body));
    assert_eq!(platform.deliveries()[0].answer, Some(200));

    let (url, _) = endpoint("another".into()).await;
    platform.deliver_to_url(&url);
    assert!(!platform.verify_endpoint().await.unwrap());
}

/// An endpoint over HTTP, as a host would have it.
mod bytes_of_http {
    use std::convert::Infallible;

    use http_body_util::{BodyExt, Full};
    use hyper::body::{Bytes, Incoming};
    use hyper::service::service_fn;
    use hyper::{Request, Response};
    use hyper_util::rt::TokioIo;
    use tokio::net::TcpListener;

    use super::*;

    type Heard = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

    pub(super) async fn endpoint(verify_token: String) -> (String, Heard) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/webhook?org=1", listener.local_addr().unwrap());
        let heard = Heard::default();
        let all = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (heard, token) = (Arc::clone(&all), verify_token.clone());
                let service = service_fn(move |request| respond(Arc::clone(&heard), token.clone(), request));
                tokio::spawn(async move {
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        (url, heard)
    }

    async fn respond(
        heard: Heard,
        token: String,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let asked = |name: &str| {
            query
                .split('&')
                .find_map(|pair| pair.strip_prefix(&format!("{name}=")))
                .unwrap_or_default()
                .to_owned()
        };
        assert_eq!(asked("org"), "1");
        let mut response = Response::new(Full::default());
        if request.method() == hyper::Method::POST {
            let signature = request.headers()["x-hub-signature-256"]
                .to_str()
                .unwrap()
                .to_owned();
            let body = request.into_body().collect().await.unwrap().to_bytes();
            heard.lock().unwrap().push((signature, body.to_vec()));
        } else if asked("hub.verify_token") == token {
            *response.body_mut() = Full::from(asked("hub.challenge"));
        } else {
            *response.status_mut() = hyper::StatusCode::FORBIDDEN;
        }
        Ok(response)
    }
}
