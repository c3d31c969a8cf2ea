//! Events may come in any order and any number of times: the state in the end is the same, on every store.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use proptest::prelude::*;
use serde_json::{Value, json};
use tertulia::core::canonical::canonical;
use tertulia::core::error::Error;
use tertulia::core::inbound::InboundEvent;
use tertulia::core::ledger::{Accepted, Outcome};
use tertulia::core::record::RecordKind;
use tertulia::storage::{PageRequest, Query, Storage};
use tertulia::testing::{Inbound, PlatformConfig, sign};
use tertulia::transport::{Correlation, Outgoing, SenderRef};
use tertulia::{
    Channel, Crm, MemoryStorage, NewRoutingRule, Pattern, Reopening, Settings, SqliteStorage,
    StaticCredentials, Template, Transport, WebhookRequest, WhatsApp, WhatsAppConfig,
};

use crate::support::at;

/// WhatsApp's webhooks, and sends that are always taken: the n-th message has the id `wamid.sent<n>`.
#[derive(Debug)]
struct Taking {
    whatsapp: WhatsApp,
    sent: AtomicUsize,
}

#[async_trait]
impl Transport for Taking {
    fn channels(&self) -> &[Channel] {
        self.whatsapp.channels()
    }

    fn correlation(&self) -> Correlation {
        self.whatsapp.correlation()
    }

    async fn verify(&self, query: &str) -> Result<String, Error> {
        self.whatsapp.verify(query)
    }

    async fn parse(&self, request: &WebhookRequest) -> Result<Vec<InboundEvent>, Error> {
        self.whatsapp.parse(request)
    }

    async fn send(&self, _: &SenderRef, _: Outgoing) -> Outcome {
        Outcome::Accepted(Accepted {
            provider_id: format!("wamid.sent{}", self.sent.fetch_add(1, Ordering::SeqCst)),
            addresses: Vec::new(),
            held: false,
        })
    }

    async fn mark_read(&self, _: &SenderRef, _: &str) -> Result<(), Error> {
        Ok(())
    }

    async fn list_templates(&self, _: &SenderRef) -> Result<Vec<Template>, Error> {
        Ok(Vec::new())
    }
}

/// One thing that the platform tells.
#[derive(Debug, Clone)]
enum Told {
    Says {
        who: u8,
        what: u8,
        second: u8,
    },
    /// A choice from the list of the survey under way.
    Chooses {
        who: u8,
        rating: u8,
        second: u8,
    },
    Reacts {
        who: u8,
        to: u8,
        emoji: u8,
        second: u8,
    },
    Edits {
        who: u8,
        which: u8,
        second: u8,
    },
    Revokes {
        who: u8,
        which: u8,
        second: u8,
    },
    Status {
        of: u8,
        status: u8,
        second: u8,
    },
    Prefers {
        who: u8,
        stop: bool,
        second: u8,
    },
    /// One of some calls: who calls whom and when follows from its number.
    Calls {
        call: u8,
        event: u8,
    },
}

const WORDS: [&str; 10] = [
    "hello",
    "STOP",
    "START",
    "YES",
    "I want to order",
    "stop calling me",
    "PROMO",
    "Olá ✅",
    "4",
    "2, where is my order?",
];

fn told() -> impl Strategy<Value = Told> {
    let small = 0_u8..4;
    prop_oneof![
        4 => (small.clone(), 0_u8..10, 0_u8..30).prop_map(|(who, what, second)| Told::Says { who, what, second }),
        1 => (0_u8..10, 0_u8..30).prop_map(|(what, second)| Told::Says { who: 0, what, second }),
        1 => (0_u8..2, 1_u8..6, 0_u8..30)
            .prop_map(|(who, rating, second)| Told::Chooses { who, rating, second }),
        1 => (small.clone(), 0_u8..12, 0_u8..3, 0_u8..30)
            .prop_map(|(who, to, emoji, second)| Told::Reacts { who, to, emoji, second }),
        1 => (small.clone(), 0_u8..12, 0_u8..30).prop_map(|(who, which, second)| Told::Edits { who, which, second }),
        1 => (small.clone(), 0_u8..12, 0_u8..30).prop_map(|(who, which, second)| Told::Revokes { who, which, second }),
        3 => (0_u8..4, 0_u8..4, 0_u8..30).prop_map(|(of, status, second)| Told::Status { of, status, second }),
        1 => (small, any::<bool>(), 0_u8..30).prop_map(|(who, stop, second)| Told::Prefers { who, stop, second }),
        2 => (0_u8..8, 0_u8..4).prop_map(|(call, event)| Told::Calls { call, event }),
    ]
}

/// Who: always under the same shape of addresses.
fn person(who: u8) -> (Value, Value) {
    match who {
        0 => (
            json!({"wa_id": "12025550100", "profile": {"name": "Ana"}}),
            json!({"from": "12025550100"}),
        ),
        1 => (
            json!({"user_id": "US.1001", "profile": {"name": "Bo", "username": "@bo"}}),
            json!({"from_user_id": "US.1001"}),
        ),
        2 => (
            json!({"wa_id": "5511987654321", "user_id": "BR.2002", "profile": {"name": "Caio"}}),
            json!({"from": "5511987654321", "from_user_id": "BR.2002"}),
        ),
        _ => (
            json!({"wa_id": "5215512345678", "profile": {"name": "Dalia"}}),
            json!({"from": "5215512345678"}),
        ),
    }
}

/// The webhook of one event. The n-th thing said has the id `wamid.n`, so that events can name others, known or not.
fn body(n: usize, told: &Told, survey: &str) -> Value {
    let time = |second: &u8| (at(0).timestamp() + i64::from(*second)).to_string();
    let (field, value) = match told {
        Told::Says { who, what, second } => said(
            n,
            *who,
            json!({"timestamp": time(second), "type": "text",
            "text": {"body": WORDS[usize::from(*what)]},
            "referral": (what % 2 == 0).then(|| json!({"source_id": what.to_string()}))}),
        ),
        Told::Chooses { who, rating, second } => said(
            n,
            *who,
            json!({"timestamp": time(second), "type": "interactive", "interactive": {"type": "list_reply",
                "list_reply": {"id": format!("csat:{survey}:{rating}"), "title": rating.to_string()}}}),
        ),
        Told::Reacts {
            who,
            to,
            emoji,
            second,
        } => {
            let mut reaction = json!({"message_id": format!("wamid.{to}")});
            if *emoji > 0 {
                reaction["emoji"] = json!(["", "👍", "❤️"][usize::from(*emoji)]);
            }
            said(
                n,
                *who,
                json!({"timestamp": time(second), "type": "reaction", "reaction": reaction}),
            )
        }
        Told::Edits { who, which, second } => said(
            n,
            *who,
            json!({"timestamp": time(second), "type": "edit",
            "edit": {"original_message_id": format!("wamid.{which}"),
                "message": {"type": "text", "text": {"body": format!("edit {n}")}}}}),
        ),
        Told::Revokes { who, which, second } => said(
            n,
            *who,
            json!({"timestamp": time(second), "type": "revoke",
            "revoke": {"original_message_id": format!("wamid.{which}")}}),
        ),
        Told::Status { of, status, second } => {
            let word = ["sent", "delivered", "read", "failed"][usize::from(*status)];
            let mut update = json!({"id": format!("wamid.sent{of}"), "timestamp": time(second),
                "recipient_id": "12025550100", "status": word});
            if *status == 3 {
                update["errors"] = json!([{"code": 131_026, "title": "undeliverable"}]);
            }
            if *status == 0 && of % 2 == 1 {
                let ends = at(i64::from(*second) + 72 * 3600).timestamp().to_string();
                update["conversation"] =
                    json!({"expiration_timestamp": ends, "origin": {"type": "referral_conversion"}});
            }
            ("messages", json!({"statuses": [update]}))
        }
        Told::Calls { call, event } => called(*call, *event),
        Told::Prefers { who, stop, second } => {
            let (contact, from) = person(*who);
            let mut preference = json!({"detail": "marketing", "category": "marketing_messages",
                "value": if *stop { "stop" } else { "resume" }, "timestamp": at(i64::from(*second)).timestamp()});
            if let Some(wa_id) = from.get("from") {
                preference["wa_id"] = wa_id.clone();
            }
            if let Some(user_id) = from.get("from_user_id") {
                preference["user_id"] = user_id.clone();
            }
            (
                "user_preferences",
                json!({"contacts": [contact], "user_preferences": [preference]}),
            )
        }
    };
    let mut value = value;
    value["messaging_product"] = json!("whatsapp");
    value["metadata"] = json!({"display_phone_number": "15550783881",
        "phone_number_id": PlatformConfig::default().numbers[0].id});
    json!({"object": "whatsapp_business_account", "entry": [{"id": PlatformConfig::default().waba_id,
        "changes": [{"field": field, "value": value}]}]})
}

/// An event of a call: even calls are people's, odd ones the business's.
fn called(call: u8, event: u8) -> (&'static str, Value) {
    let (contact, from) = person(call / 2);
    let by_person = call.is_multiple_of(2);
    let mut item = json!({"id": format!("wacid.{call}"), "timestamp": at(i64::from(call * 3 + event)).timestamp().to_string()});
    let (list, end) = if event < 2 {
        item["event"] = json!(["connect", "terminate"][usize::from(event)]);
        item["direction"] = json!(if by_person {
            "USER_INITIATED"
        } else {
            "BUSINESS_INITIATED"
        });
        ("calls", if by_person { "from" } else { "to" })
    } else {
        item["type"] = json!("call");
        item["status"] = json!(["RINGING", "ACCEPTED"][usize::from(event - 2)]);
        ("statuses", "recipient")
    };
    for (key, value) in from.as_object().unwrap() {
        let key = match (key.as_str(), end) {
            ("from", "recipient") => "recipient_id".to_owned(),
            (key, end) => key.replace("from", end),
        };
        item[key] = value.clone();
    }
    ("calls", json!({"contacts": [contact], list: [item]}))
}

fn said(n: usize, who: u8, mut message: Value) -> (&'static str, Value) {
    let (contact, from) = person(who);
    message["id"] = json!(format!("wamid.{n}"));
    for (key, value) in from.as_object().unwrap() {
        message[key] = value.clone();
    }
    ("messages", json!({"contacts": [contact], "messages": [message]}))
}

/// The webhook of an event comes in.
async fn deliver(crm: &Crm, n: usize, told: &Told, survey: &str) {
    let body = body(n, told, survey).to_string().into_bytes();
    let secret = PlatformConfig::default().app_secret;
    let headers = vec![("X-Hub-Signature-256".to_owned(), sign(&secret, &body))];
    let request = WebhookRequest {
        method: "POST".to_owned(),
        url: String::new(),
        headers,
        body,
    };
    let received = crm.receive("whatsapp", request).await.unwrap();
    assert_eq!(received.quarantined, 0, "{told:?}");
}

/// The canonical state after these events in this order. In their midst the first of the people was closed, asked how
/// satisfied they are, rated, and was asked for a comment.
async fn state(storage: Arc<dyn Storage>, reopening: Reopening, events: &[(usize, Told)]) -> Value {
    let config = PlatformConfig::default();
    let clock = tertulia::testing::ManualClock::new(at(0));
    let whatsapp = WhatsAppConfig::new(&config.app_secret, &config.verify_token);
    let taking = Taking {
        whatsapp: WhatsApp::new(whatsapp).unwrap(),
        sent: AtomicUsize::new(0),
    };
    let crm = Crm::builder()
        .storage(Arc::clone(&storage))
        .transport("whatsapp", taking)
        .credentials(StaticCredentials::default().with("shop-number", &config.access_token))
        .clock(clock.clone())
        .build()
        .unwrap();
    let csat = json!({"question": "1 to 5?", "thanks": "Thanks", "comment_question": "Why?", "expires_after_seconds": 15});
    let settings = Settings {
        reopening,
        csat: Some(serde_json::from_value(csat).unwrap()),
        ..Settings::default()
    };
    let org = crm.create_org(settings).await.unwrap();
    org.accounts()
        .connect(crate::support::account_of(&config))
        .await
        .unwrap();
    let pattern: Pattern = serde_json::from_value(json!({"kind": "contains", "text": "order"})).unwrap();
    org.rules().add(pattern, &["buyer"]).await.unwrap();
    let rule: NewRoutingRule =
        serde_json::from_value(json!({"to": {"handler": {"name": "clerk", "kind": "bot"}}})).unwrap();
    org.routing().add(rule).await.unwrap();
    let says = Told::Says {
        who: 0,
        what: 0,
        second: 0,
    };
    deliver(&crm, 100, &says, "").await;
    let contact = org
        .contacts()
        .find_by_phone("+12025550100")
        .await
        .unwrap()
        .unwrap();
    let thread = contact.conversation.unwrap();
    clock.set(at(3));
    org.inbox().resolve(thread).await.unwrap();
    org.inbox().archive(thread, true).await.unwrap();
    org.inbox().read(thread).await.unwrap();
    clock.set(at(5));
    crm.run_due().await.unwrap();
    let survey = org
        .inbox()
        .get(thread)
        .await
        .unwrap()
        .last_survey
        .unwrap()
        .id
        .to_string();
    clock.set(at(6));
    let rates = Told::Chooses {
        who: 0,
        rating: 3,
        second: 6,
    };
    deliver(&crm, 101, &rates, &survey).await;
    clock.set(at(7));
    crm.run_due().await.unwrap();
    clock.set(at(60));
    for (n, told) in events {
        deliver(&crm, *n, told, &survey).await;
    }
    let mut records = Vec::new();
    for kind in RecordKind::ALL {
        let mut request = PageRequest::first(
            Query::Records {
                org: Some(org.id()),
                kind: *kind,
            },
            500,
        );
        // Seals are about when it was due to seal.
        if matches!(
            kind,
            RecordKind::Route | RecordKind::Quarantined | RecordKind::Seal
        ) {
            continue;
        }
        loop {
            let page = storage.page(request.clone()).await.unwrap();
            records.extend(page.records.into_iter().map(|stored| stored.record));
            match page.next {
                Some(next) => request.cursor = Some(next),
                None => break,
            }
        }
    }
    canonical(records)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_repetition_of_events_ends_in_the_same_state(
        events in proptest::collection::vec(told(), 1..12),
        shuffle in any::<u64>(),
        repeats in proptest::collection::vec(any::<proptest::sample::Index>(), 0..6),
        opens_new in any::<bool>(),
    ) {
        let reopening = if opens_new { Reopening::OpenNew } else { Reopening::Reopen };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let events: Vec<(usize, Told)> = events.into_iter().enumerate().collect();
        let mut shuffled = events.clone();
        for repeat in repeats {
            shuffled.push(events[repeat.index(events.len())].clone());
        }
        fastrand::Rng::with_seed(shuffle).shuffle(&mut shuffled);
        runtime.block_on(async {
            let plain = state(Arc::new(MemoryStorage::new()), reopening, &events).await;
            let mixed = state(Arc::new(MemoryStorage::new()), reopening, &shuffled).await;
            prop_assert_eq!(&plain, &mixed, "memory, {:?}", shuffled);
            let folder = tempfile::tempdir().unwrap();
            let sqlite = SqliteStorage::open(folder.path().join("crm.db")).unwrap();
            let mixed = state(Arc::new(sqlite), reopening, &shuffled).await;
            prop_assert_eq!(&plain, &mixed, "sqlite, {:?}", shuffled);
            Ok(())
        })?;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_webhooks_of_one_new_sender_at_the_same_moment_make_one_contact() {
    for round in 0..20 {
        let shop = crate::support::Shop::open().await;
        let says = |n: usize| {
            shop.platform
                .say(Inbound::text("+12025550100", "hello").id(&format!("wamid.{round}-{n}")))
        };
        futures_util::future::try_join_all((0..8).map(says))
            .await
            .unwrap();
        shop.platform.drain().await;
        let everyone = tertulia::Filter::Everyone;
        assert_eq!(shop.org.contacts().count(&everyone).await.unwrap(), 1);
        let contact = shop.find("+12025550100").await;
        let page = tertulia::PageOf::first(100);
        let messages = shop
            .org
            .inbox()
            .messages(contact.conversation.unwrap(), &page)
            .await
            .unwrap();
        assert_eq!(messages.items.len(), 8, "no message was lost");
    }
}
