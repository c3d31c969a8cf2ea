//! Broadcasts that start by themselves, are paused, called off, and share a worker.

use std::time::Duration;

use chrono::TimeDelta;
use tertulia::core::broadcast::BroadcastState;
use tertulia::core::settings::Settings;
use tertulia::testing::{Fault, Faults};
use tertulia::{Code, NewAccount, NewContact, NewSchedule, Watch};

use crate::imports::{options, people};
use crate::support::{OTHER_NUMBER, Shop, new_account, template};

fn number(n: usize) -> String {
    format!("+1202555{n:04}")
}

fn in_hours(shop: &Shop, hours: i64) -> NewSchedule {
    let at = (shop.clock.now() + TimeDelta::hours(hours)).naive_utc();
    NewSchedule {
        at,
        zone: None,
        recipients_zones: false,
    }
}

#[tokio::test]
async fn a_scheduled_broadcast_goes_out_at_its_time_to_who_fits_then() {
    let shop = Shop::open().await;
    shop.opted_in(&number(0), &["vip"]).await;
    let broadcasts = shop.org.broadcasts();
    let id = broadcasts
        .create(shop.broadcast("order_ready", "vip"))
        .await
        .unwrap();
    broadcasts.schedule(id, in_hours(&shop, 2)).await.unwrap();
    let edit = broadcasts.update(id, shop.broadcast("order_ready", "x")).await;
    assert_eq!(edit.unwrap_err().code(), Code::BroadcastNotDraft);
    shop.clock.advance(Duration::from_secs(2 * 3600 - 1));
    assert_eq!(shop.crm.run_due().await.unwrap().started, 0);
    shop.opted_in(&number(1), &["vip"]).await;
    shop.clock.advance(Duration::from_secs(1));
    let done = shop.crm.run_due().await.unwrap();
    assert_eq!((done.started, done.accepted, done.finished), (1, 2, 1));
    assert_eq!(shop.crm.run_due().await.unwrap().started, 0);
    assert_eq!(shop.platform.accepted().len(), 2);
}

#[tokio::test]
async fn due_while_nothing_ran_it_is_held_and_then_launched_or_cancelled_by_somebody() {
    let settings = Settings {
        max_late_seconds: 600,
        ..Settings::default()
    };
    let shop = Shop::with(settings).await;
    shop.opted_in(&number(0), &["vip"]).await;
    let broadcasts = shop.org.broadcasts();
    let mut held = Vec::new();
    for _ in 0..2 {
        let id = broadcasts
            .create(shop.broadcast("order_ready", "vip"))
            .await
            .unwrap();
        broadcasts.schedule(id, in_hours(&shop, 1)).await.unwrap();
        held.push(id);
    }
    shop.clock.advance(Duration::from_secs(3600 + 601));
    assert_eq!(shop.crm.run_due().await.unwrap().started, 2);
    for id in &held {
        let state = broadcasts.get(*id).await.unwrap().state;
        assert!(
            matches!(state, BroadcastState::Held { refusal: None, .. }),
            "{state:?}"
        );
    }
    broadcasts.cancel(held[0]).await.unwrap();
    broadcasts.launch(held[1]).await.unwrap();
    shop.crm.run_due().await.unwrap();
    assert_eq!(shop.platform.accepted().len(), 1);
    let state = broadcasts.get(held[0]).await.unwrap().state;
    assert!(
        matches!(state, BroadcastState::Cancelled { launched: None, .. }),
        "{state:?}"
    );
}

#[tokio::test]
async fn a_paused_broadcast_waits_and_a_cancelled_one_leaves_out_who_waits() {
    let shop = Shop::open().await;
    for n in 0..40 {
        shop.opted_in(&number(n), &["vip"]).await;
    }
    let broadcasts = shop.org.broadcasts();
    let (first, second) = (
        shop.launch("order_ready", "vip").await,
        shop.launch("order_ready", "vip").await,
    );
    broadcasts.pause(first).await.unwrap();
    shop.crm.run_due().await.unwrap();
    assert_eq!(shop.platform.accepted().len(), 40, "the other goes on");
    broadcasts.resume(first).await.unwrap();
    // The pause between two messages to one person is over.
    shop.clock.advance(Duration::from_secs(6));
    // Some are sent, some wait.
    shop.platform.script(Faults::new(1).by(|attempt| {
        let n: usize = attempt
            .recipient
            .trim_start_matches("+1202555")
            .parse()
            .unwrap_or(99);
        if n < 30 {
            vec![]
        } else {
            vec![Fault::refuse(131_016)]
        }
    }));
    shop.crm.run_due().await.unwrap();
    let stats = broadcasts.stats(first).await.unwrap();
    assert_eq!((stats.sent, stats.pending), (30, 10), "{stats:?}");
    broadcasts.cancel(first).await.unwrap();
    shop.platform.script(Faults::default());
    shop.clock.advance(Duration::from_secs(3600));
    shop.crm.run_due().await.unwrap();
    let stats = broadcasts.stats(first).await.unwrap();
    assert_eq!(
        (stats.sent, stats.pending, stats.skipped["cancelled"]),
        (30, 0, 10)
    );
    let state = broadcasts.get(first).await.unwrap().state;
    assert!(
        matches!(
            state,
            BroadcastState::Cancelled {
                launched: Some(_),
                ..
            }
        ),
        "{state:?}"
    );
    assert_eq!(broadcasts.stats(second).await.unwrap().sent, 40);
}

#[tokio::test]
async fn quiet_hours_put_off_and_lose_nobody() {
    let settings = Settings {
        zone_attribute: Some("zone".to_owned()),
        quiet_hours: serde_json::from_str(r#"{"from": "21:00:00", "until": "08:00:00"}"#).unwrap(),
        ..Settings::default()
    };
    let shop = Shop::with(settings).await;
    for n in 0..20 {
        shop.opted_in(&number(n), &["vip"]).await;
    }
    // To ten in the evening.
    let now = shop.clock.now();
    let evening = now.date_naive().and_hms_opt(22, 0, 0).unwrap().and_utc();
    let wait = if evening > now {
        evening - now
    } else {
        evening + TimeDelta::hours(24) - now
    };
    shop.clock.advance(wait.to_std().unwrap());
    let id = shop.launch("order_ready", "vip").await;
    let done = shop.crm.run_due().await.unwrap();
    assert_eq!(
        (done.postponed, done.skipped),
        (20, 0),
        "who waits is not left out"
    );
    assert_eq!(shop.platform.accepted().len(), 0);
    assert_eq!(shop.org.broadcasts().stats(id).await.unwrap().pending, 20);
    shop.clock.advance(Duration::from_secs(10 * 3600));
    shop.crm.run_due().await.unwrap();
    assert_eq!(shop.org.broadcasts().stats(id).await.unwrap().sent, 20);
}

#[tokio::test]
async fn a_small_organisation_is_not_behind_the_recipients_of_a_large_one() {
    let shop = Shop::open().await;
    for n in 0..200 {
        shop.opted_in(&number(n), &["vip"]).await;
    }
    let large = shop.launch("order_ready", "vip").await;
    // Another organisation on the same file, with one recipient, launched later.
    let other = shop.crm.create_org(Settings::default()).await.unwrap();
    let sender = NewAccount {
        sender_id: OTHER_NUMBER.to_owned(),
        ..new_account(&shop.platform)
    };
    let account = other.accounts().connect(sender).await.unwrap();
    other
        .templates()
        .put(template("order_ready", "UTILITY"))
        .await
        .unwrap();
    let new = NewContact {
        phone: Some(number(999)),
        name: Some("Only one".into()),
        opted_in: Some(true),
        opt_in_proof: Some("form".into()),
        tags: vec!["vip".into()],
        ..NewContact::default()
    };
    other.contacts().create(new).await.unwrap();
    let mut draft = shop.broadcast("order_ready", "vip");
    draft.account = account;
    let small = other.broadcasts().create(draft).await.unwrap();
    other.broadcasts().launch(small).await.unwrap();
    shop.crm.run_due().await.unwrap();
    let accepted = shop.platform.accepted();
    let place = accepted
        .iter()
        .position(|message| message.to == Some(number(999)));
    // Its row is among the first that are leased, and 64 are on their way together.
    assert!(
        place.is_some_and(|place| place < 64),
        "{place:?} of {}",
        accepted.len()
    );
    assert_eq!(shop.org.broadcasts().stats(large).await.unwrap().sent, 200);
}

#[tokio::test]
async fn a_large_broadcast_is_called_off_portion_by_portion_to_its_end() {
    let shop = Shop::in_memory().await;
    let file = people(3_000);
    let imports = shop.org.imports();
    let run = imports.run(file.as_bytes(), &options(), Watch::default()).await;
    let created = run.unwrap().counts.created;
    assert!(created > 2_000, "more than one portion: {created}");
    let broadcasts = shop.org.broadcasts();
    let large = shop.launch("order_ready", "vip").await;
    shop.opted_in("+14155550100", &["gold"]).await;
    let small = shop.launch("order_ready", "gold").await;
    broadcasts.cancel(large).await.unwrap();
    shop.crm.run_due().await.unwrap();
    let stats = broadcasts.stats(large).await.unwrap();
    assert_eq!((stats.pending, stats.skipped["cancelled"]), (0, created));
    let state = broadcasts.get(large).await.unwrap().state;
    assert!(matches!(state, BroadcastState::Cancelled { .. }), "{state:?}");
    assert_eq!(broadcasts.stats(small).await.unwrap().sent, 1);
    assert_eq!(shop.platform.accepted().len(), 1);
}
