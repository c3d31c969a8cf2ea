//! What each answer to a send proves.

use std::time::Duration;

use serde_json::json;
use tertulia_core::channel::Channel;
use tertulia_core::error::Code;
use tertulia_core::identity::{Address, AddressKind};
use tertulia_core::message::Content;
use tertulia_core::retry::{FailureClass, LimitScope, OptOutScope};
use tertulia_transport_traits::{Accepted, Correlation, Outcome, Outgoing, Secret, SenderRef, Transport};
use tertulia_transport_twilio::{Twilio, TwilioConfig};

use crate::platform::{Act, Platform};
use crate::{config, twilio};

pub(crate) const ATTEMPT: &str = "01931c7e-8a00-7000-8000-00000000002a";
const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub(crate) const CREATED: &str = r#"{"sid":"SM1","account_sid":"AC00000000000000000000000000000001","to":"+12025550123",
    "from":"+15005550006","body":"hi","status":"queued","num_segments":"1","error_code":null,"error_message":null}"#;

pub(crate) fn sender() -> SenderRef {
    SenderRef {
        channel: Channel::Sms,
        sender_id: "+15005550006".into(),
        business_id: None,
        credential: Secret::new(format!("{ACCOUNT}:s3cret:with:colons")),
    }
}

pub(crate) fn to_phone(content: Content) -> Outgoing {
    Outgoing {
        to: Address::new(AddressKind::Phone, "+12025550123"),
        content,
        reply_to: None,
        attempt: ATTEMPT.parse().unwrap(),
    }
}

pub(crate) fn sms(body: &str) -> Outgoing {
    to_phone(Content::text(body))
}

pub(crate) fn twilio_at(url: &str) -> Twilio {
    let patience = Duration::from_millis(300);
    let config = config()
        .base_url(url)
        .content_url(url)
        .connect_timeout(patience / 2);
    Twilio::new(config.timeout(patience)).unwrap()
}

async fn answered(act: Act) -> Outcome {
    let platform = Platform::start([act]).await;
    twilio_at(&platform.url).send(&sender(), sms("hi")).await
}

fn error(code: i64) -> String {
    let words = format!("The number +12025550123 and the text hi: {code}");
    json!({ "code": code, "message": words, "more_info": "https://x", "status": 400 }).to_string()
}

#[tokio::test]
async fn a_message_goes_out_once_under_the_key() {
    let mut platform = Platform::start([Act::Answer(201, CREATED.into())]).await;
    let transport = twilio_at(&platform.url);
    assert_eq!(transport.correlation(), Correlation::CallbackUrl);
    let outcome = transport.send(&sender(), sms("hi")).await;
    assert_eq!(
        outcome,
        Outcome::Accepted(Accepted {
            provider_id: "SM1".into(),
            addresses: vec![Address::new(AddressKind::Phone, "+12025550123")],
            held: false,
        })
    );
    let requests = platform.requests();
    assert_eq!(requests.len(), 1);
    let head = requests[0].head.to_lowercase();
    assert!(head.starts_with(&format!(
        "post /2010-04-01/accounts/{}/messages.json ",
        ACCOUNT.to_lowercase()
    )));
    assert!(head.contains("content-type: application/x-www-form-urlencoded\r\n"));
    // AC…01:s3cret:with:colons
    assert!(
        requests[0]
            .head
            .contains("Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTpzM2NyZXQ6d2l0aDpjb2xvbnM=")
    );
}

#[tokio::test]
async fn an_api_key_sends_for_the_account_that_is_named() {
    let with = |business: Option<&str>| SenderRef {
        business_id: business.map(str::to_owned),
        credential: Secret::new("SK1:hush"),
        ..sender()
    };
    let mut platform = Platform::start([Act::Answer(201, CREATED.into())]).await;
    let outcome = twilio_at(&platform.url)
        .send(&with(Some("AC9/../x")), sms("hi"))
        .await;
    assert!(matches!(outcome, Outcome::Accepted(_)));
    assert!(
        platform.requests()[0]
            .head
            .starts_with("POST /2010-04-01/Accounts/AC9%2F..%2Fx/Messages.json ")
    );
    for sender in [
        with(None),
        with(Some(" ")),
        SenderRef {
            credential: Secret::new("hush"),
            ..sender()
        },
    ] {
        let Outcome::Refused(failure) = twilio().send(&sender, sms("hi")).await else {
            panic!("it was sent");
        };
        assert_eq!(failure.class, FailureClass::AuthOrConfig);
        assert!(!failure.detail.contains("hush"));
    }
}

#[tokio::test]
async fn a_refusal_is_of_the_class_of_its_code_and_quotes_nothing() {
    for (status, code, class) in [
        (401, 20_003, FailureClass::KeyRefused),
        (400, 21_211, FailureClass::RecipientInvalid),
        (400, 21_610, FailureClass::RecipientOptedOut(OptOutScope::Sender)),
        (400, 63_016, FailureClass::WindowClosed),
        (400, 77_777, FailureClass::Unclassified),
        (404, 20_404, FailureClass::AuthOrConfig),
        (403, 21_408, FailureClass::RecipientInvalid),
    ] {
        let Outcome::Refused(failure) = answered(Act::Answer(status, error(code))).await else {
            panic!("{code} is no refusal");
        };
        assert_eq!(
            (failure.class, failure.code.as_str()),
            (class, code.to_string().as_str())
        );
        assert!(!failure.detail.contains("2025550123") && !failure.detail.contains("text hi"));
    }
}

#[tokio::test]
async fn what_was_throttled_was_not_sent() {
    for (act, scope) in [
        (Act::Answer(429, error(20_429)), LimitScope::Account),
        (Act::Answer(429, "slow down".into()), LimitScope::Account),
        (Act::Answer(429, error(21_610)), LimitScope::Account),
        (Act::Answer(429, error(63_018)), LimitScope::Number),
        (Act::Answer(400, error(21_611)), LimitScope::Number),
        (
            Act::Write(b"HTTP/1.1 429 X\r\ncontent-length: 9\r\n\r\n{"),
            LimitScope::Account,
        ),
    ] {
        let Outcome::NotSent(failure) = answered(act.clone()).await else {
            panic!("{act:?} may have been sent");
        };
        assert_eq!(failure.class, FailureClass::RateLimited(scope), "{act:?}");
    }
}

#[tokio::test]
async fn whatever_may_have_been_sent_is_unknown() {
    for act in [
        Act::Answer(500, error(20_500)),
        Act::Answer(503, error(21_610)),
        Act::Answer(502, "<html>".into()),
        Act::Answer(201, "{}".into()),
        Act::Answer(201, "<html>".into()),
        Act::Answer(201, r#"{"sid":""}"#.into()),
        Act::Answer(418, "tea".into()),
        Act::Write(b"HTTP/1.1 201 X\r\ncontent-length: 99\r\n\r\n{\"sid\":"),
        Act::Write(b""),
        Act::Hang,
    ] {
        let outcome = answered(act.clone()).await;
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{act:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn what_failed_at_once_is_refused_as_no_status_tells_of_it() {
    let failed = |code: &str| {
        Act::Answer(
            201,
            format!(r#"{{"sid":"SM1","status":"failed","error_code":{code}}}"#),
        )
    };
    let class = |outcome| match outcome {
        Outcome::Refused(failure) => failure.class,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        class(answered(failed("30006")).await),
        FailureClass::RecipientInvalid
    );
    assert_eq!(class(answered(failed("null")).await), FailureClass::Unclassified);
}

#[tokio::test]
async fn nobody_there_means_nothing_sent_and_nobody_of_the_platforms_a_wrong_setting() {
    let outcome = twilio_at("http://127.0.0.1:9").send(&sender(), sms("hi")).await;
    assert!(matches!(outcome, Outcome::NotSent(failure) if failure.class == FailureClass::Unreachable));
    for status in [301, 302, 307, 401, 403, 404, 405] {
        let outcome = answered(Act::Answer(status, "<html>".into())).await;
        assert!(
            matches!(outcome, Outcome::Refused(failure) if failure.class == FailureClass::AuthOrConfig),
            "{status}"
        );
    }
}

#[tokio::test]
async fn the_platform_is_not_asked_for_what_it_does_not_have() {
    let transport = twilio();
    assert_eq!(transport.settle(&sender(), ATTEMPT.parse().unwrap()).await, None);
    transport.mark_read(&sender(), "SM1").await.unwrap();
    let refused = Transport::verify(&transport, "hub.challenge=1")
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::WebhookVerificationFailed);
    let answer = transport.answer();
    assert_eq!(answer.content_type, "text/xml");
    assert!(answer.body.ends_with("<Response/>"));
}

#[test]
fn what_cannot_work_is_refused_when_it_is_set_up() {
    for config in [
        TwilioConfig::new("", crate::URL),
        TwilioConfig::new("token", "shop.example/webhooks"),
        config().base_url("nowhere"),
        config().content_url("nowhere"),
        config().timeout(Duration::from_secs(1)),
    ] {
        assert!(!format!("{config:?}").contains("token\""), "no secret is shown");
        assert_eq!(
            Twilio::new(config).unwrap_err().code(),
            Code::TransportConfigInvalid
        );
    }
}
