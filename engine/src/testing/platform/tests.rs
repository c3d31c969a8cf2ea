//! What each fault does, what webhooks look like, and that the log is what was accepted.

mod requests;
mod webhooks;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::{Client, Response};
use serde_json::{Value, json};

use super::*;
use crate::testing::{ManualClock, sign};

const ANA: &str = "+12025550123";

/// The code under test, as far as these tests need one: it sends and is told of webhooks.
struct Business {
    platform: Platform,
    client: Client,
    heard: Arc<Mutex<Vec<Webhook>>>,
}

impl Business {
    async fn new() -> Self {
        Self::with(PlatformConfig::default()).await
    }

    async fn with(config: PlatformConfig) -> Self {
        let platform = Platform::start_with(config).await.unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        platform.deliver_to({
            let heard = Arc::clone(&heard);
            move |webhook| {
                heard.lock().unwrap().push(webhook);
                async { 200 }
            }
        });
        Self {
            platform,
            client: tertulia_transport_http::builder()
                .unwrap()
                .no_proxy()
                .build()
                .unwrap(),
            heard,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/v25.0/{path}", self.platform.base_url())
    }

    async fn post(&self, body: &Value) -> reqwest::Result<Response> {
        let url = self.url(&format!("{}/messages", self.platform.phone_number_id()));
        let token = &self.platform.config().access_token;
        self.client.post(url).bearer_auth(token).json(body).send().await
    }

    async fn get(&self, url: &str) -> Response {
        self.client
            .get(url)
            .bearer_auth(&self.platform.config().access_token)
            .send()
            .await
            .unwrap()
    }

    /// The HTTP status and JSON of the answer.
    async fn send(&self, body: &Value) -> (u16, Value) {
        let answer = self.post(body).await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// All values that came in webhooks, each of which must be signed.
    fn values(&self) -> Vec<Value> {
        let mut values = Vec::new();
        for webhook in self.heard.lock().unwrap().iter() {
            let signature = sign(&self.platform.config().app_secret, &webhook.body);
            assert!(
                webhook
                    .headers
                    .contains(&("x-hub-signature-256".into(), signature))
            );
            let body: Value = serde_json::from_slice(&webhook.body).unwrap();
            assert_eq!(body["object"], "whatsapp_business_account");
            for entry in body["entry"].as_array().unwrap() {
                assert_eq!(entry["id"], self.platform.config().waba_id);
                values.extend(
                    entry["changes"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|change| change["value"].clone()),
                );
            }
        }
        values
    }

    /// Message id and status of every status that came, in the order in which they came.
    fn statuses(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let reports = self
            .values()
            .into_iter()
            .filter_map(|value| value.get("statuses").cloned());
        reports
            .map(|reports| (text(&reports[0]["id"]), text(&reports[0]["status"])))
            .collect()
    }
}

fn text_to(to: &str, correlation: &str) -> Value {
    json!({
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": to, "type": "text",
        "text": { "body": "Olá ✅" }, "biz_opaque_callback_data": correlation,
    })
}

/// Yields to the platform's tasks until this holds.
async fn until(holds: impl Fn() -> bool) {
    while !holds() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_refused_message_is_answered_in_the_platforms_words_and_not_accepted() {
    let business = Business::new().await;
    for (code, http) in [
        (4, 429),
        (190, 401),
        (130_429, 429),
        (131_056, 429),
        (131_026, 400),
        (131_047, 400),
        (131_049, 400),
        (131_050, 400),
        (132_000, 400),
        (132_015, 400),
        (987_654, 400),
    ] {
        business
            .platform
            .script(Faults::new(0).always(Fault::refuse(code)));
        let (status, body) = business.send(&text_to(ANA, "1")).await;
        assert_eq!((status, &body["error"]["code"]), (http, &json!(code)));
        for field in ["message", "type", "fbtrace_id"] {
            assert!(body["error"][field].is_string(), "{field} of {code}");
        }
        assert!(body["error"]["error_data"]["details"].is_string());
        assert!(body["error"].get("is_transient").is_none());
    }
    let refusal = Refusal::new(131_016).http(400).transient(false).details("later");
    business
        .platform
        .script(Faults::new(0).always(Fault::Refuse(refusal)));
    let (status, body) = business.send(&text_to(ANA, "1")).await;
    assert_eq!((status, &body["error"]["is_transient"]), (400, &json!(false)));
    assert_eq!(body["error"]["error_data"]["details"], "later");

    assert_eq!(business.platform.accepted(), []);
    let codes: Vec<_> = business
        .platform
        .requests()
        .iter()
        .map(|request| request.answer.unwrap().code)
        .collect();
    assert_eq!(codes.len(), 12);
    assert_eq!(codes[1], Some(190));
}

#[tokio::test]
async fn only_drop_after_accept_accepts_though_neither_drop_answers() {
    let business = Business::new().await;
    // So that the next request goes over a connection that was used before, which a client may be tempted to retry.
    business.send(&text_to(ANA, "warm")).await;
    for (fault, accepted) in [(Fault::DropBefore, false), (Fault::DropAfterAccept, true)] {
        business.platform.script(Faults::new(0).always(fault));
        let (before, asked) = (
            business.platform.accepted().len(),
            business.platform.requests().len(),
        );
        business.post(&text_to(ANA, "x")).await.unwrap_err();
        assert_eq!(business.platform.requests().len(), asked + 1);
        let request = business.platform.requests().pop().unwrap();
        assert_eq!((request.answer, request.wamid.is_some()), (None, accepted));
        assert_eq!(business.platform.accepted().len(), before + usize::from(accepted));
    }
}

#[tokio::test]
async fn garbage_and_server_errors_after_accept_say_nothing_of_what_was_accepted() {
    let business = Business::new().await;
    for (fault, http) in [
        (Fault::GarbageAfterAccept, 200),
        (Fault::ServerErrorAfterAccept(502), 502),
    ] {
        business.platform.script(Faults::new(0).always(fault));
        let answer = business.post(&text_to(ANA, "x")).await.unwrap();
        assert_eq!(answer.status().as_u16(), http);
        assert!(serde_json::from_str::<Value>(&answer.text().await.unwrap()).is_err());
    }
    assert_eq!(business.platform.accepted().len(), 2);
}

#[tokio::test]
async fn a_delay_before_holds_up_acceptance_and_a_delay_after_only_the_answer() {
    let clock = ManualClock::at(1_700_000_000);
    let business = Arc::new(
        Business::with(PlatformConfig {
            clock: Arc::new(clock.clone()),
            ..Default::default()
        })
        .await,
    );
    let time = Duration::from_secs(30);
    for (fault, accepted_at_once) in [(Fault::DelayBefore(time), 0), (Fault::DelayAfterAccept(time), 1)] {
        business.platform.script(Faults::new(0).always(fault));
        let (before, asked) = (
            business.platform.accepted().len(),
            business.platform.requests().len(),
        );
        let send = tokio::spawn({
            let business = Arc::clone(&business);
            async move { business.send(&text_to(ANA, "x")).await }
        });
        until(|| business.platform.requests().len() > asked).await;
        until(|| business.platform.accepted().len() == before + accepted_at_once).await;
        assert!(!send.is_finished());
        assert_eq!(business.platform.requests()[asked].answer, None);
        // The platform may look at the clock after it was advanced, and then waits for the next time.
        while !send.is_finished() {
            clock.advance(time);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(send.await.unwrap().0, 200);
        assert_eq!(business.platform.accepted().len(), before + 1);
    }
}

#[tokio::test]
async fn a_held_message_is_reported_only_by_the_test() {
    let business = Business::new().await;
    business.platform.receipts(Receipts::read());
    business
        .platform
        .script(Faults::new(0).always(Fault::HeldForQuality));
    let (status, body) = business.send(&text_to(ANA, "x")).await;
    assert_eq!(
        (status, &body["messages"][0]["message_status"]),
        (200, &json!("held_for_quality_assessment"))
    );
    let wamid = body["messages"][0]["id"].as_str().unwrap().to_owned();
    assert!(business.platform.accepted()[0].held);
    business.platform.drain().await;
    assert_eq!(business.statuses(), []);
    business
        .platform
        .statuses(&wamid, &[Status::Failed(Refusal::new(132_015))])
        .await
        .unwrap();
    assert_eq!(business.statuses(), [(wamid, "failed".to_owned())]);
}

#[tokio::test]
async fn a_late_failure_is_accepted_first_and_failed_afterwards() {
    let business = Business::new().await;
    business.platform.receipts(Receipts::read());
    business
        .platform
        .script(Faults::new(0).always(Fault::fail_later(131_049)));
    assert_eq!(business.send(&text_to(ANA, "mine")).await.0, 200);
    business.platform.drain().await;
    let values = business.values();
    assert_eq!(values.len(), 1);
    assert!(values[0].get("contacts").is_none());
    let report = &values[0]["statuses"][0];
    assert_eq!(report["id"], business.platform.accepted()[0].wamid);
    assert_eq!(
        (&report["status"], &report["errors"][0]["code"]),
        (&json!("failed"), &json!(131_049))
    );
    assert_eq!(
        (&report["recipient_id"], &report["biz_opaque_callback_data"]),
        (&json!("12025550123"), &json!("mine"))
    );
    assert!(report.get("recipient_user_id").is_none());
}

#[tokio::test]
async fn faults_are_chosen_by_recipient_by_tries_and_by_any_rule() {
    let business = Business::new().await;
    business.platform.script(
        Faults::new(0)
            .to("+1 (202) 555-0199", Fault::refuse(131_026))
            .first(2, Fault::refuse(130_429))
            .when(
                |attempt| attempt.correlation.as_deref() == Some("poison"),
                Fault::refuse(131_000),
            )
            .by(|attempt| match attempt.action {
                Action::ListTemplates => vec![Fault::refuse(4)],
                _ => Vec::new(),
            }),
    );
    let code = async |body: Value| business.send(&body).await.1["error"]["code"].clone();
    assert_eq!(code(text_to("+12025550199", "a")).await, 131_026);
    assert_eq!(code(text_to(ANA, "b")).await, 130_429);
    assert_eq!(code(text_to(ANA, "b")).await, 130_429);
    assert_eq!(code(text_to(ANA, "b")).await, Value::Null);
    assert_eq!(code(text_to(ANA, "poison")).await, 131_000);
    let templates = business.url(&format!(
        "{}/message_templates",
        business.platform.config().waba_id
    ));
    assert_eq!(business.get(&templates).await.status(), 429);
    assert_eq!(business.platform.accepted().len(), 1);
}

#[tokio::test]
async fn chance_falls_on_the_same_recipients_whatever_the_order_of_arrival() {
    let people: Vec<String> = (0..200).map(|n| format!("+1202555{n:04}")).collect();
    let mut outcomes = Vec::new();
    for reversed in [false, true] {
        let business = Business::new().await;
        business.platform.script(
            Faults::new(42)
                .sometimes(0.25, Fault::refuse(131_026))
                .sometimes(0.25, Fault::refuse(131_050)),
        );
        let mut order: Vec<&String> = people.iter().collect();
        if reversed {
            order.reverse();
        }
        let mut outcome = BTreeSet::new();
        for to in order {
            outcome.insert((
                to.clone(),
                business.send(&text_to(to, "x")).await.1["error"]["code"].to_string(),
            ));
        }
        outcomes.push(outcome);
    }
    assert_eq!(outcomes[0], outcomes[1]);
    for code in ["131026", "131050", "null"] {
        let hit = outcomes[0].iter().filter(|(_, hit)| hit == code).count();
        assert!((20..=180).contains(&hit), "{code}: {hit}");
    }
}

#[tokio::test]
async fn the_log_is_what_was_accepted_whatever_the_client_saw() {
    let business = Arc::new(Business::new().await);
    business
        .platform
        .receipts(Receipts::delivered().copies(2).shuffled(5));
    business.platform.script(
        Faults::new(9)
            .sometimes(0.2, Fault::DropAfterAccept)
            .sometimes(0.2, Fault::DropBefore)
            .sometimes(0.2, Fault::refuse(130_429))
            .sometimes(0.2, Fault::GarbageAfterAccept),
    );
    let mut sends = tokio::task::JoinSet::new();
    for n in 0..300 {
        let business = Arc::clone(&business);
        sends.spawn(async move {
            let correlation = format!("c{n}");
            let seen = match business
                .post(&text_to(&format!("+1202555{n:04}"), &correlation))
                .await
            {
                Err(_) => None,
                Ok(answer) => {
                    let body = answer.text().await.unwrap();
                    let body: Option<Value> = serde_json::from_str(&body).ok();
                    body.map(|body| body["messages"][0]["id"].as_str().map(str::to_owned))
                }
            };
            (correlation, seen)
        });
    }
    let seen = sends.join_all().await;
    let accepted = business.platform.accepted();
    let requests = business.platform.requests();
    assert_eq!(requests.len(), 300);
    let told: Vec<&String> = requests
        .iter()
        .filter_map(|request| request.wamid.as_ref())
        .collect();
    assert_eq!(told.len(), accepted.len());
    for (correlation, seen) in &seen {
        let logged: Vec<_> = accepted
            .iter()
            .filter(|accepted| accepted.correlation.as_ref() == Some(correlation))
            .collect();
        match seen {
            Some(Some(wamid)) => assert_eq!((logged.len(), &logged[0].wamid), (1, wamid)),
            Some(None) => assert_eq!(logged.len(), 0),
            None => assert!(logged.len() <= 1),
        }
    }
    let unsure = seen.iter().filter(|(_, seen)| seen.is_none()).count();
    assert!(unsure > 50 && accepted.len() > 100);

    business.platform.drain().await;
    let expected: BTreeSet<_> = accepted
        .iter()
        .flat_map(|accepted| ["sent", "delivered"].map(|status| (accepted.wamid.clone(), status.to_owned())))
        .collect();
    let reported = business.statuses();
    assert_eq!(reported.len(), expected.len() * 2);
    assert_eq!(reported.into_iter().collect::<BTreeSet<_>>(), expected);
    let order: Vec<u64> = accepted.iter().map(|accepted| accepted.seq).collect();
    assert!(order.is_sorted());
}

#[tokio::test]
async fn it_serves_until_it_is_dropped_and_needs_a_number() {
    let Business { platform, client, .. } = Business::new().await;
    let url = platform.base_url();
    assert_eq!(client.get(&url).send().await.unwrap().status(), 401);
    drop(platform);
    while client.get(&url).send().await.is_ok() {
        tokio::task::yield_now().await;
    }

    let error = Platform::start_with(PlatformConfig {
        numbers: Vec::new(),
        ..Default::default()
    })
    .await
    .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}
