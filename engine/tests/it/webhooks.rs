//! Webhooks: signed bytes in, durable events out; nothing lost, nothing twice.

use serde_json::json;
use tertulia::core::contact::RecordStatus;
use tertulia::core::journal::EntryKind;
use tertulia::storage::Storage;
use tertulia::testing::{Inbound, sign};
use tertulia::{
    AuditFilter, Channel, Code, ContactOrder, Filter, PageOf, Pattern, WebhookRequest, http_status,
};

use crate::support::Shop;

const ANA: &str = "+12025550100";

fn post(body: &[u8], signature: Option<String>) -> WebhookRequest {
    let headers = signature.map(|signature| ("X-Hub-Signature-256".to_owned(), signature));
    WebhookRequest {
        method: "POST".to_owned(),
        url: "https://shop.example/webhooks".to_owned(),
        headers: headers.into_iter().collect(),
        body: body.to_vec(),
    }
}

#[tokio::test]
async fn a_wrong_missing_or_short_signature_is_refused_before_the_body_is_read() {
    let shop = Shop::open().await;
    let secret = &shop.platform.config().app_secret;
    // Not even JSON: it must not matter.
    let body = b"{ not json";
    let right = sign(secret, body);
    for (signature, code, status) in [
        (None, Code::WebhookSignatureMissing, 401),
        (Some(right[..40].to_owned()), Code::WebhookSignatureMalformed, 401),
        (
            Some(sign("another secret", body)),
            Code::WebhookSignatureWrong,
            401,
        ),
        (Some(right), Code::WebhookMalformed, 400),
    ] {
        let error = shop
            .crm
            .receive("whatsapp", post(body, signature))
            .await
            .unwrap_err();
        assert_eq!((error.code(), http_status(&error)), (code, status));
    }
    let error = shop.crm.receive("telegram", post(body, None)).await.unwrap_err();
    assert_eq!(error.code(), Code::WebhookEndpointUnknown);
}

#[tokio::test]
async fn the_verification_request_is_answered_with_its_challenge() {
    let shop = Shop::open().await;
    let ask = |token: &str| WebhookRequest {
        method: "GET".to_owned(),
        url: format!(
            "https://shop.example/w?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}"
        ),
        ..WebhookRequest::default()
    };
    let right = shop
        .crm
        .receive("whatsapp", ask(&shop.platform.config().verify_token))
        .await
        .unwrap();
    assert_eq!(right.body, "1158201444");
    let wrong = shop.crm.receive("whatsapp", ask("guess")).await.unwrap_err();
    assert_eq!(http_status(&wrong), 403);
}

#[tokio::test]
async fn half_of_a_body_that_is_unknown_keeps_neither_half_from_being_taken_in() {
    let shop = Shop::open().await;
    let number = shop.platform.phone_number_id();
    let body = json!({"object": "whatsapp_business_account", "entry": [
        {"id": "1", "changes": [{"field": "a_field_of_next_year", "value": {"metadata": {"phone_number_id": number}, "x": 1}}]},
        {"id": "1", "changes": [{"field": "messages", "value": {
            "metadata": {"phone_number_id": number},
            "contacts": [{"wa_id": "12025550100", "profile": {"name": "Ana"}}],
            "messages": [
                {"from": "12025550100", "id": "wamid.a", "timestamp": "1772366400", "type": "hologram", "hologram": {}},
                {"from": "12025550100", "id": "wamid.b", "timestamp": "1772366400", "type": "text", "text": {"body": "Hi"}},
                42]}}]},
        {"id": "9", "changes": [{"field": "messages", "value": {
            "metadata": {"phone_number_id": "of somebody else"},
            "messages": [{"from": "1", "id": "wamid.c", "timestamp": "1", "type": "text", "text": {"body": "Hi"}}]}}]}]});
    let body = body.to_string().into_bytes();
    let signature = sign(&shop.platform.config().app_secret, &body);
    let received = shop
        .crm
        .receive("whatsapp", post(&body, Some(signature.clone())))
        .await
        .unwrap();
    assert_eq!(
        (received.applied, received.duplicate, received.quarantined),
        (4, 0, 1)
    );
    let ana = shop.find(ANA).await;
    let messages = shop
        .org
        .inbox()
        .messages(ana.conversation.unwrap(), &PageOf::first(10))
        .await
        .unwrap();
    assert_eq!(messages.items.len(), 2);
    // The same body again: messages are known.
    let again = shop
        .crm
        .receive("whatsapp", post(&body, Some(signature)))
        .await
        .unwrap();
    assert_eq!(again.duplicate, 2);
    let messages = shop
        .org
        .inbox()
        .messages(ana.conversation.unwrap(), &PageOf::first(10))
        .await
        .unwrap();
    assert_eq!(messages.items.len(), 2);
}

#[tokio::test]
async fn inbound_messages_create_contacts_and_earn_tags() {
    let shop = Shop::open().await;
    let pattern = |kind: &str, text: &str| -> Pattern {
        serde_json::from_value(json!({"kind": kind, "text": text})).unwrap()
    };
    shop.org
        .rules()
        .add(pattern("contains", "order"), &["Buyer"])
        .await
        .unwrap();
    shop.org
        .rules()
        .add(pattern("exact", "PROMO"), &["promo", "Campaign"])
        .await
        .unwrap();
    let refused = shop
        .org
        .rules()
        .add(pattern("regex", "(unclosed"), &["x"])
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::RuleRegexInvalid);
    assert_eq!(
        shop.org
            .rules()
            .test("My ÓRDER please", Channel::WhatsApp)
            .await
            .unwrap()
            .len(),
        1
    );

    shop.platform
        .say(Inbound::text(ANA, "Where is my Order?"))
        .await
        .unwrap();
    shop.platform.say(Inbound::text(ANA, " promo ")).await.unwrap();
    shop.platform.drain().await;
    let ana = shop.find(ANA).await;
    let tags: Vec<&str> = ana.tags.values().map(String::as_str).collect();
    assert_eq!(tags, ["Buyer", "Campaign", "promo"]);
    let counts = shop.org.tags().list().await.unwrap();
    assert!(
        counts.iter().all(|tag| tag.contacts == 1) && counts.len() == 3,
        "{counts:?}"
    );

    let timeline = shop
        .org
        .contacts()
        .timeline(ana.id, &[], &PageOf::first(50))
        .await
        .unwrap();
    let kinds: Vec<EntryKind> = timeline.items.iter().map(|entry| entry.what.kind()).collect();
    for kind in [
        EntryKind::ContactCreated,
        EntryKind::ConversationOpened,
        EntryKind::MessageReceived,
        EntryKind::ConsentChanged,
        EntryKind::TagAdded,
    ] {
        assert!(kinds.contains(&kind), "{kind:?} is missing in {kinds:?}");
    }
    let only = shop
        .org
        .contacts()
        .timeline(ana.id, &[EntryKind::TagAdded], &PageOf::last(2))
        .await
        .unwrap();
    assert_eq!(only.items.len(), 2);
    assert!(only.next.is_some());
}

#[tokio::test]
async fn a_blocked_contacts_words_are_counted_and_not_kept() {
    let shop = Shop::open().await;
    let ana = shop.opted_in(ANA, &[]).await;
    shop.org.contacts().block(ana.id).await.unwrap();
    shop.platform
        .say(Inbound::text(ANA, "a very secret word"))
        .await
        .unwrap();
    shop.platform.say(Inbound::text(ANA, "STOP")).await.unwrap();
    shop.platform.drain().await;
    let blocked = shop
        .org
        .audit()
        .list(&AuditFilter::of(&[EntryKind::BlockedMessage]), &PageOf::default())
        .await
        .unwrap();
    assert_eq!(blocked.items.len(), 2);
    let ana = shop.find(ANA).await;
    assert_eq!((ana.status, ana.conversation), (RecordStatus::Blocked, None));
    assert!(
        !shop.org.consent().get(ana.id).await.unwrap().opted_in,
        "the STOP counts"
    );
    let events = shop.org.events().read(0, 1000).await.unwrap();
    assert!(!serde_json::to_string(&events).unwrap().contains("secret"));
    shop.org.contacts().unblock(ana.id).await.unwrap();
    assert_eq!(shop.find(ANA).await.status, RecordStatus::Active);
}

#[tokio::test]
async fn the_feed_is_read_from_a_position_on_and_repeats_nothing() {
    let shop = Shop::open().await;
    for word in ["one", "two", "three"] {
        shop.platform.say(Inbound::text(ANA, word)).await.unwrap();
    }
    shop.platform.drain().await;
    let mut position = 0;
    let mut read = Vec::new();
    loop {
        let events = shop.org.events().read(position, 2).await.unwrap();
        let Some(last) = events.last() else { break };
        position = last.position;
        read.extend(events);
    }
    assert!(read.windows(2).all(|pair| pair[0].position < pair[1].position));
    let received = read
        .iter()
        .filter(|event| event.entry.what.kind() == EntryKind::MessageReceived)
        .count();
    assert_eq!(received, 3);
    let all = shop.org.events().read(0, 1000).await.unwrap();
    assert_eq!(all, read);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_is_heard_of_when_it_happens() {
    let shop = Shop::open().await;
    let all = shop.org.events().read(0, 1000).await.unwrap();
    let last = all.last().unwrap().position;
    assert_eq!(
        shop.org.events().follow(0, 1).await.unwrap(),
        all[..1],
        "what is there is not waited for"
    );
    let following = tokio::spawn({
        let org = shop.org.clone();
        async move { org.events().follow(last, 10).await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert!(!following.is_finished(), "nothing has happened yet");
    shop.contact(ANA, &[], None).await;
    let events = tokio::time::timeout(std::time::Duration::from_secs(30), following)
        .await
        .expect("it is heard of")
        .unwrap()
        .unwrap();
    assert_eq!(events[0].position, last + 1);
    let following = tokio::spawn({
        let (org, last) = (shop.org.clone(), last + 1000);
        async move { org.events().follow(last, 10).await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    shop.crm.close().await.unwrap();
    let closed = following.await.unwrap().unwrap_err();
    assert_eq!(closed.code(), Code::StorageClosed);
}

#[tokio::test]
async fn another_process_over_the_same_file_obeys_a_new_stop_word_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("crm.db");
    let open = async || std::sync::Arc::new(tertulia::SqliteStorage::open(&file).unwrap());
    let config = tertulia::testing::PlatformConfig::default();
    let clock = tertulia::testing::ManualClock::at(crate::support::NOON);
    let one = crate::support::crm(open().await, "http://127.0.0.1:9", &config, clock.clone());
    let two = crate::support::crm(open().await, "http://127.0.0.1:9", &config, clock);
    let org = one.create_org(tertulia::Settings::default()).await.unwrap();
    org.accounts()
        .connect(crate::support::account_of(&config))
        .await
        .unwrap();
    let say = async |n: usize, text: &str| {
        let body = json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages",
            "value": {"metadata": {"phone_number_id": config.numbers[0].id},
                "messages": [{"from": "12025550100", "id": format!("wamid.{n}"), "timestamp": "1772366400",
                    "type": "text", "text": {"body": text}}]}}]}]});
        let body = body.to_string().into_bytes();
        let signature = sign(&config.app_secret, &body);
        two.receive("whatsapp", post(&body, Some(signature)))
            .await
            .unwrap();
    };
    say(1, "hello").await;
    let mut settings = org.settings().get().await.unwrap();
    let words = json!({"xx": {"stop": ["schluss damit"]}});
    settings.keywords = serde_json::from_value(words).unwrap();
    org.settings().set(settings).await.unwrap();
    say(2, "Schluss damit!").await;
    let contacts = org
        .contacts()
        .list(&Filter::Everyone, ContactOrder::Created, &PageOf::default())
        .await
        .unwrap();
    assert!(!contacts.items[0].consent.opted_in());
    let storage: std::sync::Arc<dyn Storage> = open().await;
    storage.ping().await.unwrap();
}
