//! What each answer to a send proves, and the other requests.

use std::time::Duration;

use serde_json::{Value, json};
use tertulia_core::channel::Channel;
use tertulia_core::error::Code;
use tertulia_core::identity::{Address, AddressKind};
use tertulia_core::ids::AttemptId;
use tertulia_core::message::Content;
use tertulia_core::retry::{FailureClass, LimitScope, OptOutScope};
use tertulia_transport_traits::{Accepted, Outcome, Outgoing, Secret, SenderRef, Transport};
use tertulia_transport_whatsapp::WhatsApp;

use crate::config;
use crate::platform::{Act, Platform};

pub(crate) const ATTEMPT: &str = "01931c7e-8a00-7000-8000-00000000002a";
const KEY: &str = "EAAG-key";

fn attempt() -> AttemptId {
    ATTEMPT.parse().unwrap()
}

pub(crate) fn sender() -> SenderRef {
    SenderRef {
        channel: Channel::WhatsApp,
        sender_id: "106540352242922".into(),
        business_id: Some("102290129340398".into()),
        credential: Secret::new(KEY),
    }
}

pub(crate) fn phone(value: &str) -> Address {
    Address::new(AddressKind::Phone, value)
}

pub(crate) fn outgoing(content: Content) -> Outgoing {
    Outgoing {
        to: phone("16505551234"),
        content,
        reply_to: None,
        attempt: attempt(),
    }
}

pub(crate) fn hello() -> Outgoing {
    outgoing(Content::text("Hello"))
}

pub(crate) fn at(url: &str) -> WhatsApp {
    WhatsApp::new(config().base_url(url)).unwrap()
}

const TAKEN: &str = r#"{"messaging_product":"whatsapp","contacts":[{"input":"+16505551234","wa_id":"16505551234"}],"messages":[{"id":"wamid.1"}]}"#;

pub(crate) fn taken() -> Act {
    Act::Answer(200, TAKEN.into())
}

fn error(code: i64) -> String {
    json!({"error": {"message": "m", "type": "OAuthException", "code": code, "fbtrace_id": "f"}}).to_string()
}

/// The outcome of one send to a server that does this.
async fn outcome_of(act: Act) -> Outcome {
    let platform = Platform::start([act]).await;
    at(&platform.url).send(&sender(), hello()).await
}

pub(crate) fn class(outcome: &Outcome) -> FailureClass {
    match outcome {
        Outcome::Refused(failure) | Outcome::NotSent(failure) => failure.class,
        other => panic!("not a failure: {other:?}"),
    }
}

#[tokio::test]
async fn a_receipt_gives_the_id_the_platforms_spelling_and_whether_it_is_held() {
    let accepted = |addresses: Vec<Address>, held| {
        Outcome::Accepted(Accepted {
            provider_id: "wamid.1".into(),
            addresses,
            held,
        })
    };
    let id = Address::new(AddressKind::WhatsAppId, "US.1");
    for (body, expected) in [
        (json!({"messages": [{"id": "wamid.1"}]}), accepted(vec![], false)),
        (
            json!({"contacts": [{"input": "+52 55", "wa_id": "52155"}], "messages": [{"id": "wamid.1", "message_status": "accepted"}]}),
            accepted(vec![phone("52155")], false),
        ),
        (
            json!({"contacts": [{"input": "US.1", "user_id": "US.1"}], "messages": [{"id": "wamid.1"}]}),
            accepted(vec![id.clone()], false),
        ),
        (
            json!({"contacts": [{"wa_id": "1", "user_id": "US.1"}],
                   "messages": [{"id": "wamid.1", "message_status": "held_for_quality_assessment"}]}),
            accepted(vec![phone("1"), id], true),
        ),
        (
            json!({"contacts": "?", "messages": [{"id": "wamid.1", "x": []}]}),
            accepted(vec![], false),
        ),
    ] {
        assert_eq!(
            outcome_of(Act::Answer(200, body.to_string())).await,
            expected,
            "{body}"
        );
    }
}

#[tokio::test]
async fn the_platforms_refusals_are_classed_by_code_whatever_the_status() {
    for (code, expected) in [
        (190, FailureClass::KeyRefused),
        (131_047, FailureClass::WindowClosed),
        (131_026, FailureClass::RecipientInvalid),
        (131_050, FailureClass::RecipientOptedOut(OptOutScope::Marketing)),
        (132_001, FailureClass::TemplateStopped),
        (131_016, FailureClass::Transient),
        (131_000, FailureClass::Unexplained),
    ] {
        for status in [200, 400, 401, 403, 404, 500, 503] {
            let outcome = outcome_of(Act::Answer(status, error(code))).await;
            assert!(
                matches!(&outcome, Outcome::Refused(failure) if failure.code == code.to_string()),
                "{outcome:?}"
            );
            assert_eq!(class(&outcome), expected, "{code} with {status}");
        }
    }
}

#[tokio::test]
async fn throttling_means_not_sent_in_the_codes_scope() {
    for (status, body, scope) in [
        (400, error(131_056), LimitScope::Pair),
        (429, error(131_056), LimitScope::Pair),
        (429, error(130_429), LimitScope::Number),
        (400, error(80_007), LimitScope::Account),
        (503, error(4), LimitScope::App),
        (429, error(999), LimitScope::Number),
        (429, String::new(), LimitScope::Number),
        (429, "<html>slow down</html>".into(), LimitScope::Number),
    ] {
        let outcome = outcome_of(Act::Answer(status, body)).await;
        assert!(matches!(outcome, Outcome::NotSent(_)), "{outcome:?}");
        assert_eq!(class(&outcome), FailureClass::RateLimited(scope));
    }
    let cut = outcome_of(Act::Write(b"HTTP/1.1 429 X\r\ncontent-length: 50\r\n\r\n{")).await;
    assert_eq!(class(&cut), FailureClass::RateLimited(LimitScope::Number));
}

#[tokio::test]
async fn an_answer_that_proves_nothing_leaves_the_outcome_unknown() {
    for act in [
        Act::Answer(200, String::new()),
        Act::Answer(200, "{}".into()),
        Act::Answer(200, "<html>".into()),
        Act::Answer(200, r#"{"messages":[]}"#.into()),
        Act::Answer(200, r#"{"messages":[{"id":""}]}"#.into()),
        Act::Answer(200, r#"{"messages":[{"id":7}]}"#.into()),
        Act::Answer(200, r#"{"success":true}"#.into()),
        Act::Answer(204, String::new()),
        Act::Answer(303, String::new()),
        Act::Answer(400, "<html>".into()),
        Act::Answer(408, String::new()),
        Act::Answer(500, String::new()),
        Act::Answer(502, "<html>Bad gateway</html>".into()),
        Act::Answer(503, r#"{"error":"down"}"#.into()),
        Act::Answer(500, error(1)),
        Act::Answer(500, error(135_000)),
        Act::Answer(500, error(999_999)),
        Act::Answer(
            500,
            r#"{"error":{"message":"m","code":999999,"is_transient":true}}"#.into(),
        ),
        Act::Write(b""),
        Act::Write(b"HTTP/1.1 200 OK\r\ncontent-le"),
        Act::Write(b"HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\n{\"messages\":[{\"id\":\"wamid.1\"}]"),
        Act::Write(b"HTTP/1.1 400 X\r\ncontent-length: 400\r\n\r\n{\"error\":{\"code\":100"),
        Act::Write(b"\x00\x01garbage\r\n\r\n"),
        Act::CloseUnread,
    ] {
        let outcome = outcome_of(act.clone()).await;
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{act:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn an_unknown_code_is_final_unless_the_platform_says_that_it_passes() {
    let outcome = outcome_of(Act::Answer(400, error(999_999))).await;
    assert_eq!(class(&outcome), FailureClass::Unclassified);
    let passing = json!({"error": {"message": "m", "code": 999_999, "is_transient": true}}).to_string();
    assert_eq!(
        class(&outcome_of(Act::Answer(400, passing)).await),
        FailureClass::Transient
    );
}

#[tokio::test]
async fn a_gateway_that_turns_requests_away_stops_the_sender_and_redirects_are_not_followed() {
    for status in [401, 403, 404, 405, 407] {
        assert_eq!(
            class(&outcome_of(Act::Answer(status, "<html>".into())).await),
            FailureClass::AuthOrConfig
        );
    }
    let elsewhere = Act::Write(b"HTTP/1.1 307 X\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n");
    let mut platform = Platform::start([elsewhere, taken()]).await;
    let outcome = at(&platform.url).send(&sender(), hello()).await;
    assert_eq!(class(&outcome), FailureClass::AuthOrConfig);
    assert_eq!(platform.requests().len(), 1);
}

#[tokio::test]
async fn the_detail_is_the_most_telling_words_and_never_the_key() {
    let details = |body: Value| async move {
        match outcome_of(Act::Answer(400, body.to_string())).await {
            Outcome::Refused(failure) => failure.detail,
            other => panic!("{other:?}"),
        }
    };
    let full = json!({"error": {"code": 100, "message": "m", "error_user_msg": "u", "error_data": {"details": "d"}}});
    assert_eq!(details(full).await, "d");
    assert_eq!(
        details(json!({"error": {"code": 100, "message": "m", "error_data": "plain"}})).await,
        "plain"
    );
    assert_eq!(
        details(json!({"error": {"code": "100", "message": "m", "error_data": {}}})).await,
        "m"
    );
    let quoted = json!({"error": {"code": 190, "message": format!("Malformed access token {KEY}")}});
    assert_eq!(details(quoted).await, "Malformed access token (key)");
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    // A server that does not speak TLS, and one that takes the connection and says nothing.
    let no_tls = Platform::start([Act::CloseUnread])
        .await
        .url
        .replace("http:", "https:");
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mute = format!("https://{}", silent.local_addr().unwrap());
    for url in [closed, no_tls, mute] {
        let config = config()
            .base_url(&url)
            .connect_timeout(Duration::from_millis(300));
        let outcome = WhatsApp::new(config).unwrap().send(&sender(), hello()).await;
        assert!(matches!(outcome, Outcome::NotSent(_)), "{url}: {outcome:?}");
        assert_eq!(class(&outcome), FailureClass::Unreachable);
        let Outcome::NotSent(failure) = outcome else {
            unreachable!()
        };
        assert!(
            !failure.detail.contains("/messages"),
            "the detail shows the URL: {}",
            failure.detail
        );
    }
}

#[tokio::test]
async fn a_send_that_times_out_after_it_was_read_is_unknown() {
    let mut platform = Platform::start([Act::Hang, taken()]).await;
    let config = config()
        .base_url(&platform.url)
        .connect_timeout(Duration::from_millis(200))
        .timeout(Duration::from_millis(400));
    let outcome = WhatsApp::new(config).unwrap().send(&sender(), hello()).await;
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    assert_eq!(platform.requests().len(), 1, "a send is never repeated");
}

#[tokio::test]
async fn a_kept_connection_that_breaks_under_a_send_never_sends_it_twice() {
    let mut platform = Platform::start([taken(), Act::Write(b""), taken()]).await;
    let whatsapp = at(&platform.url);
    assert!(matches!(
        whatsapp.send(&sender(), hello()).await,
        Outcome::Accepted(_)
    ));
    let outcome = whatsapp.send(&sender(), hello()).await;
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    assert_eq!(platform.requests().len(), 2);
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_while_idle_reads_each_send_at_most_once() {
    const SENDS: usize = 20;
    let act = Act::AnswerAndClose(200, TAKEN.into());
    let mut platform = Platform::start(std::iter::repeat_n(act, SENDS)).await;
    let whatsapp = at(&platform.url);
    let mut accepted = 0;
    for _ in 0..SENDS {
        match whatsapp.send(&sender(), hello()).await {
            Outcome::Accepted(_) => accepted += 1,
            Outcome::Unknown { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(
        platform.requests().len(),
        accepted,
        "each request that was read was answered for once"
    );
}

#[tokio::test]
async fn a_key_that_cannot_stand_in_a_header_is_refused_unsent() {
    let mut broken = sender();
    broken.credential = Secret::new("key\nwith a line break");
    let outcome = at("http://127.0.0.1:1").send(&broken, hello()).await;
    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    assert_eq!(class(&outcome), FailureClass::AuthOrConfig);
    let nameless = SenderRef {
        sender_id: String::new(),
        ..sender()
    };
    assert_eq!(
        class(&at("http://127.0.0.1:1").send(&nameless, hello()).await),
        FailureClass::AuthOrConfig
    );
}

#[tokio::test]
async fn marking_as_read_names_the_message_and_reports_refusals() {
    let mut platform = Platform::start([
        Act::Answer(200, r#"{"success":true}"#.into()),
        Act::Answer(400, error(100)),
        Act::Answer(500, error(2)),
    ])
    .await;
    let whatsapp = at(&platform.url);
    whatsapp.mark_read(&sender(), "wamid.5").await.unwrap();
    assert_eq!(
        whatsapp.mark_read(&sender(), "wamid.5").await.unwrap_err().code(),
        Code::TransportRefused
    );
    assert_eq!(
        whatsapp.mark_read(&sender(), "wamid.5").await.unwrap_err().code(),
        Code::TransportFailed
    );
    assert_eq!(
        platform.requests()[0].body,
        json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.5"})
    );
}

#[tokio::test]
async fn templates_are_listed_page_by_page_and_unreadable_ones_left_out() {
    let template = |name: &str, category: &str| {
        json!({"id": "1", "name": name, "language": "en_US", "category": category, "status": "APPROVED",
               "components": [{"type": "BODY", "text": "Hi {{1}}"}]})
    };
    let first = json!({
        "data": [template("a", "MARKETING"), template("b", "SOMETHING_NEW"), {"name": 1}],
        "paging": {"cursors": {"after": "m&rk"}, "next": "https://elsewhere.example/?access_token=x"},
    });
    let last = json!({"data": [template("c", "UTILITY")], "paging": {"cursors": {"after": "end"}}});
    let mut platform = Platform::start([
        Act::Answer(200, first.to_string()),
        Act::Answer(200, last.to_string()),
    ])
    .await;
    let templates = at(&platform.url).list_templates(&sender()).await.unwrap();
    assert_eq!(
        templates
            .iter()
            .map(|template| template.name.as_str())
            .collect::<Vec<_>>(),
        ["a", "c"]
    );
    let requests = platform.requests();
    assert!(
        requests[0]
            .head
            .starts_with("GET /v24.0/102290129340398/message_templates?fields=id%2Cname")
    );
    assert!(
        requests[1]
            .head
            .lines()
            .next()
            .unwrap()
            .contains("&after=m%26rk "),
        "{}",
        requests[1].head
    );
}

#[tokio::test]
async fn a_list_of_templates_that_repeats_itself_ends() {
    let page =
        json!({"data": [], "paging": {"cursors": {"after": "a"}, "next": "https://x.example"}}).to_string();
    let mut platform = Platform::start([Act::Answer(200, page.clone()), Act::Answer(200, page)]).await;
    assert_eq!(at(&platform.url).list_templates(&sender()).await.unwrap(), []);
    assert_eq!(platform.requests().len(), 2);
}

#[tokio::test]
async fn listing_templates_fails_with_a_reason() {
    let code = |act: Act| async move {
        let platform = Platform::start([act]).await;
        at(&platform.url)
            .list_templates(&sender())
            .await
            .unwrap_err()
            .code()
    };
    assert_eq!(code(Act::Answer(400, error(190))).await, Code::TransportRefused);
    assert_eq!(code(Act::Answer(400, error(4))).await, Code::TransportFailed);
    assert_eq!(code(Act::Answer(200, "{}".into())).await, Code::TransportFailed);
    assert_eq!(code(Act::Write(b"")).await, Code::TransportFailed);
    let without = SenderRef {
        business_id: None,
        ..sender()
    };
    let error = at("http://127.0.0.1:1")
        .list_templates(&without)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::TransportConfigInvalid);
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let long = Duration::from_mins(1);
    for config in [
        tertulia_transport_whatsapp::WhatsAppConfig::new("", "token"),
        tertulia_transport_whatsapp::WhatsAppConfig::new("secret", ""),
        config().base_url("graph.facebook.com"),
        config().base_url("ftp://graph.facebook.com"),
        config().base_url("https://graph.facebook.com?x=1"),
        config().api_version("24.0"),
        config().api_version("v24/../me"),
        config().connect_timeout(long).timeout(long),
    ] {
        assert_eq!(
            WhatsApp::new(config).unwrap_err().code(),
            Code::TransportConfigInvalid
        );
    }
    WhatsApp::new(config()).unwrap();
}

#[test]
fn secrets_are_not_shown() {
    let shown = format!("{:?}", WhatsApp::new(config()).unwrap());
    assert!(
        !shown.contains(crate::APP_SECRET) && !shown.contains("verify-token"),
        "{shown}"
    );
}
