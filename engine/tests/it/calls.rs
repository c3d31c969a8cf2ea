//! Calls, and what an ad makes free: what they do to the window, through signed webhooks.

use std::time::Duration;

use serde_json::json;
use tertulia::core::contact::CreatedBy;
use tertulia::core::inbound::{CallEvent, Caller};
use tertulia::core::journal::{EntryKind, What};
use tertulia::core::window::WindowState;
use tertulia::testing::Inbound;
use tertulia::{Code, PageOf, Settings};

use crate::support::{NOON, Shop, at};

const ANA: &str = "+12025550100";

#[tokio::test]
async fn a_call_makes_a_contact_and_opens_the_window_and_opts_nobody_in() {
    let shop = Shop::open().await;
    let call = shop.platform.call(ANA).await;
    let ana = shop.find(ANA).await;
    assert_eq!(
        (ana.created_by, ana.last_inbound),
        (CreatedBy::Inbound, Some(at(0)))
    );
    assert!(!ana.consent.opted_in());
    let refused = shop
        .org
        .inbox()
        .send_text(ana.id, "You called?")
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::ConsentNotOptedIn);
    shop.org.consent().opt_in(ana.id, None).await.unwrap();
    shop.clock.advance(Duration::from_secs(24 * 3600 - 1));
    shop.org.inbox().send_text(ana.id, "You called?").await.unwrap();
    assert_eq!(shop.accepted_to(ANA), 1);
    shop.clock.advance(Duration::from_secs(1));
    let refused = shop.org.inbox().send_text(ana.id, "Hello?").await.unwrap_err();
    assert_eq!(refused.code(), Code::WindowClosed);

    let kinds = [EntryKind::Call];
    let timeline = shop
        .org
        .contacts()
        .timeline(ana.id, &kinds, &PageOf::first(9))
        .await
        .unwrap();
    assert_eq!(timeline.items.len(), 1);
    let What::Call {
        call: id,
        caller,
        event,
        raw,
        ..
    } = &timeline.items[0].what
    else {
        panic!("{timeline:?}")
    };
    assert_eq!((id, *caller, event), (&call, Caller::Person, &CallEvent::Connect));
    assert_eq!(raw["session"]["sdp"], "v=0", "what answering it needs");
}

#[tokio::test]
async fn our_call_opens_the_window_once_it_is_taken() {
    let shop = Shop::open().await;
    let ana = shop.opted_in(ANA, &[]).await;
    for (word, opens) in [("RINGING", false), ("REJECTED", false), ("ACCEPTED", true)] {
        let status = json!({"id": "wacid.1", "type": "call", "status": word, "timestamp": NOON.to_string(),
            "recipient_id": "12025550100"});
        shop.platform
            .change("calls", &json!({"statuses": [status]}))
            .await;
        let window = shop.org.contacts().window(ana.id, shop.account).await.unwrap();
        assert_eq!(matches!(window, WindowState::Open { .. }), opens, "{word}");
    }
}

#[tokio::test]
async fn a_relaxed_organisation_may_answer_who_called() {
    let shop = Shop::with(Settings {
        strict_consent: false,
        ..Settings::default()
    })
    .await;
    shop.platform.call(ANA).await;
    let ana = shop.find(ANA).await;
    shop.org.inbox().send_text(ana.id, "You called?").await.unwrap();
    assert_eq!(shop.accepted_to(ANA), 1);
}

#[tokio::test]
async fn a_free_entry_point_is_shown_and_opens_nothing() {
    let shop = Shop::open().await;
    shop.platform
        .say(Inbound::text(ANA, "I saw your ad").referral(json!({"source_id": "1", "ctwa_clid": "c"})))
        .await
        .unwrap();
    let ana = shop.find(ANA).await;
    let sent = shop.org.inbox().send_text(ana.id, "Welcome!").await.unwrap();
    let status = json!({"id": sent.provider_id, "status": "sent", "timestamp": NOON.to_string(),
        "recipient_id": "12025550100",
        "conversation": {"id": "c", "expiration_timestamp": (NOON + 72 * 3600).to_string(), "origin": {"type": "referral_conversion"}},
        "pricing": {"billable": false, "pricing_model": "PMP", "type": "free_entry_point", "category": "referral_conversion"}});
    shop.platform
        .change("messages", &json!({"statuses": [status]}))
        .await;
    let free_until = Some(at(72 * 3600));
    let window = shop.org.contacts().window(ana.id, shop.account).await.unwrap();
    assert!(matches!(window, WindowState::Open { free_entry_until, .. } if free_entry_until == free_until));

    shop.clock.advance(Duration::from_secs(24 * 3600));
    let text = shop.text(ana.id, "Still interested?");
    let explained = shop.org.consent().explain(&text).await.unwrap();
    let closed = WindowState::Closed {
        since: Some(at(24 * 3600)),
        free_entry_until: free_until,
    };
    assert_eq!((explained.allowed, explained.window), (false, closed));
    let refused = shop.org.inbox().send(text).await.unwrap_err();
    assert_eq!(refused.code(), Code::WindowClosed);
    shop.clock.advance(Duration::from_secs(48 * 3600));
    let window = shop.org.contacts().window(ana.id, shop.account).await.unwrap();
    assert!(matches!(
        window,
        WindowState::Closed {
            free_entry_until: None,
            ..
        }
    ));
}
