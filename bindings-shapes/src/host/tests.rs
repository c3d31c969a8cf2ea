//! Whatever a host's object does, it is an error or a failure class, and never a second send.

use tertulia::core::identity::AddressKind;

use super::*;

/// What a host's object may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Habit {
    Throws,
    ThrowsText,
    ThrowsCode,
    Panics,
    Hangs,
    AnswersNoJson,
    AnswersAnother,
}

const HABITS: [Habit; 7] = [
    Habit::Throws,
    Habit::ThrowsText,
    Habit::ThrowsCode,
    Habit::Panics,
    Habit::Hangs,
    Habit::AnswersNoJson,
    Habit::AnswersAnother,
];

#[async_trait]
impl HostObject for Habit {
    async fn call(&self, _: &str, _: String) -> Result<String, String> {
        match self {
            Self::Throws => Err(r#"{"message": "out of paper"}"#.to_owned()),
            Self::ThrowsText => Err("out of paper".to_owned()),
            Self::ThrowsCode => {
                Err(r#"{"code": "webhook.signature_wrong", "message": "out of paper"}"#.to_owned())
            }
            Self::Panics => panic!("out of paper"),
            Self::Hangs => std::future::pending().await,
            Self::AnswersNoJson => Ok("<html>".to_owned()),
            Self::AnswersAnother => Ok(r#"{"paper": "out"}"#.to_owned()),
        }
    }
}

impl Habit {
    fn host(self) -> Host {
        Host::patient(Arc::new(self), Duration::from_millis(5))
    }

    fn transport(self) -> HostTransport {
        HostTransport {
            host: self.host(),
            channel: Channel::WhatsApp,
            correlation: Correlation::None,
        }
    }

    /// The code and a part of the message that such a call fails with.
    fn failure(self) -> (Code, &'static str) {
        match self {
            Self::ThrowsCode => (Code::WebhookSignatureWrong, "out of paper"),
            Self::Throws | Self::ThrowsText => (Code::TransportFailed, "failed: out of paper"),
            Self::Panics => (Code::TransportFailed, "panicked"),
            Self::Hangs => (Code::TransportFailed, "did not answer within 0.005 s"),
            Self::AnswersNoJson => (Code::TransportFailed, "answered: expected value"),
            Self::AnswersAnother => (Code::TransportFailed, "answered"),
        }
    }
}

fn sender() -> SenderRef {
    SenderRef {
        channel: tertulia::Channel::Sms,
        sender_id: "1".to_owned(),
        business_id: None,
        credential: Secret::new("key"),
    }
}

fn attempt() -> AttemptId {
    "019b8d2a-0000-7000-8000-000000000001".parse().unwrap()
}

fn message() -> Outgoing {
    Outgoing {
        to: Address::new(AddressKind::Phone, "+351912345678"),
        content: Content::text("Olá"),
        reply_to: None,
        attempt: attempt(),
    }
}

#[tokio::test]
async fn a_transport_that_misbehaves_fails_with_a_reason_and_the_hosts_own_code() {
    for habit in HABITS {
        let transport = habit.transport();
        let failed = [
            transport.verify("").await.map(drop),
            transport.parse(&WebhookRequest::default()).await.map(drop),
            transport.list_templates(&sender()).await.map(drop),
        ];
        let (code, words) = habit.failure();
        for error in failed.into_iter().map(Result::unwrap_err) {
            assert_eq!(error.code(), code, "{habit:?}");
            assert!(error.message().contains(words), "{habit:?}: {error}");
        }
    }
}

#[tokio::test]
async fn a_send_that_misbehaves_is_unknown_whatever_code_it_throws() {
    for habit in HABITS {
        let outcome = habit.transport().send(&sender(), message()).await;
        let Outcome::Unknown { detail } = &outcome else {
            panic!("{habit:?}: {outcome:?}");
        };
        assert!(detail.contains(habit.failure().1), "{habit:?}: {detail}");
        assert_eq!(
            habit.transport().settle(&sender(), attempt()).await,
            None,
            "{habit:?}"
        );
    }
}

#[tokio::test]
async fn credentials_that_misbehave_fail_with_a_reason() {
    for habit in HABITS {
        let error = HostCredentials(habit.host()).credential("key").await.unwrap_err();
        let (code, words) = habit.failure();
        assert_eq!(error.code(), code, "{habit:?}");
        assert!(error.message().contains(words), "{habit:?}: {error}");
    }
}

/// A clock that tells one time, and then has a habit.
struct Stops(Habit, Mutex<bool>);

#[async_trait]
impl HostObject for Stops {
    async fn call(&self, method: &str, args: String) -> Result<String, String> {
        let first = !std::mem::replace(&mut *self.1.lock().unwrap_or_else(PoisonError::into_inner), true);
        if first {
            return Ok(r#""2026-01-05T09:00:00Z""#.to_owned());
        }
        self.0.call(method, args).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_clock_misbehaves_the_last_time_that_it_told_stands() {
    for habit in HABITS {
        assert!(HostClock::new(habit.host()).await.is_err(), "{habit:?}");
        let stops = Arc::new(Stops(habit, Mutex::new(false)));
        let host = Host::patient(stops, Duration::from_millis(5));
        let clock = HostClock::new(host).await.unwrap();
        assert_eq!(clock.now().to_rfc3339(), "2026-01-05T09:00:00+00:00", "{habit:?}");
    }
}

#[tokio::test]
async fn what_is_answered_where_nothing_is_asked_for_is_not_looked_at() {
    Habit::AnswersAnother
        .transport()
        .mark_read(&sender(), "in-1")
        .await
        .unwrap();
    let error = Habit::Throws
        .transport()
        .mark_read(&sender(), "in-1")
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::TransportFailed);
}
