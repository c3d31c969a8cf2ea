//! How fast messages go out: a sender's rate, and what the platform holds.

use std::sync::Arc;
use std::time::Duration;

use tertulia::core::account::AccountState;
use tertulia::testing::{Fault, Faults, Limits};
use tertulia::{Code, NewAccount, Settings};
use tokio::time::timeout;

use crate::support::{OTHER_NUMBER, Shop, at, new_account};

fn number(n: usize) -> String {
    format!("+1202555{n:04}")
}

/// Long enough for whatever does not hang.
const LONG: Duration = Duration::from_secs(60);

/// Waits until so many messages are accepted.
async fn accepted(shop: &Shop, count: usize) {
    let all = async {
        while shop.platform.accepted().len() < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(LONG, all).await.expect("fewer are accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_sends_no_more_than_its_rate_in_any_second_and_run_due_waits_for_it() {
    let shop = Shop::open().await;
    for n in 0..50 {
        shop.opted_in(&number(n), &["vip"]).await;
    }
    shop.org
        .accounts()
        .set_rate(shop.account, Some(20))
        .await
        .unwrap();
    shop.platform.limits(Limits {
        per_second: Some(20),
        ..Limits::default()
    });
    let id = shop.launch("order_ready", "vip").await;
    let (crm, clock) = (shop.crm.clone(), shop.clock.clone());
    let running = tokio::spawn(async move { crm.run_due().await });
    accepted(&shop, 20).await;
    clock.advance(Duration::from_millis(999));
    // The clock stands a millisecond before the next may go: had they gone, the platform would have refused them.
    clock.advance(Duration::from_millis(1));
    accepted(&shop, 40).await;
    clock.advance(Duration::from_secs(1));
    let done = timeout(LONG, running).await.expect("it ends").unwrap().unwrap();
    assert_eq!(
        (done.accepted, done.postponed, done.finished),
        (50, 0, 1),
        "{done:?}"
    );
    let times: Vec<_> = shop.platform.accepted().iter().map(|sent| sent.at).collect();
    assert_eq!(times[..20], [at(0); 20]);
    assert_eq!(times[20..40], [at(1); 20]);
    assert_eq!(times[40..], [at(2); 10]);
    assert_eq!(shop.platform.requests().len(), 50, "nothing was refused");
    assert_eq!(shop.org.broadcasts().stats(id).await.unwrap().sent, 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn by_default_a_whatsapp_number_sends_80_a_second() {
    let shop = Shop::in_memory().await;
    for n in 0..90 {
        shop.opted_in(&number(n), &["vip"]).await;
    }
    shop.org.accounts().set_rate(shop.account, None).await.unwrap();
    shop.platform.limits(Limits {
        per_second: Some(80),
        ..Limits::default()
    });
    shop.launch("order_ready", "vip").await;
    let (crm, clock) = (shop.crm.clone(), shop.clock.clone());
    let running = tokio::spawn(async move { crm.run_due().await });
    accepted(&shop, 80).await;
    clock.advance(Duration::from_secs(1));
    timeout(LONG, running).await.expect("it ends").unwrap().unwrap();
    let first = shop
        .platform
        .accepted()
        .iter()
        .filter(|sent| sent.at == at(0))
        .count();
    assert_eq!(first, 80);
    assert_eq!(shop.platform.requests().len(), 90, "nothing was refused");
    let error = shop.org.accounts().set_rate(shop.account, Some(10_001)).await;
    assert_eq!(error.unwrap_err().code(), Code::AccountInvalid);
    let fast = NewAccount {
        messages_per_second: Some(10_001),
        sender_id: OTHER_NUMBER.to_owned(),
        ..new_account(&shop.platform)
    };
    let error = shop.org.accounts().connect(fast).await.unwrap_err();
    assert_eq!(error.code(), Code::AccountInvalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_a_slow_sender_holds_up_nobody_else_and_replies_do_not_wait() {
    let shop = Shop::in_memory().await;
    for n in 0..30 {
        shop.opted_in(&number(n), &["vip"]).await;
    }
    let other = NewAccount {
        sender_id: OTHER_NUMBER.to_owned(),
        ..new_account(&shop.platform)
    };
    let fast = shop.org.accounts().connect(other).await.unwrap();
    shop.org.accounts().set_rate(shop.account, Some(2)).await.unwrap();
    let slow = shop.launch("order_ready", "vip").await;
    let mut quick = shop.broadcast("order_ready", "vip");
    quick.account = fast;
    let quick = shop.org.broadcasts().create(quick).await.unwrap();
    shop.org.broadcasts().launch(quick).await.unwrap();
    let crm = shop.crm.clone();
    let running = tokio::spawn(async move { crm.run_due().await });
    accepted(&shop, 32).await;
    let finished = async {
        while shop.org.broadcasts().stats(quick).await.unwrap().sent < 30 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(LONG, finished).await.expect("the quick one waits");
    // Five replies at once, above the rate of two.
    let ana = shop.find(&number(29)).await;
    let inbox = shop.org.inbox();
    for _ in 0..5 {
        let reply = inbox.send(shop.templated(ana.id, "order_ready"));
        timeout(LONG, reply).await.expect("it does not wait").unwrap();
    }
    // They count: the broadcast waits until they are over.
    shop.clock.advance(Duration::from_millis(500));
    shop.org
        .inbox()
        .send(shop.templated(ana.id, "order_ready"))
        .await
        .unwrap();
    shop.clock.advance(Duration::from_millis(500));
    accepted(&shop, 39).await;
    let pending = shop.org.broadcasts().stats(slow).await.unwrap().pending;
    assert!(
        pending >= 27,
        "of two in the second one went to a reply: {pending}"
    );
    timeout(LONG, shop.crm.close()).await.expect("it closes").unwrap();
    let ended = timeout(LONG, running)
        .await
        .expect("closing ends the wait at once");
    drop(ended);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_runs_in_one_process_share_the_rate_and_what_is_scheduled_meanwhile_starts() {
    let shop = Shop::open().await;
    for n in 0..30 {
        shop.opted_in(&number(n), &["vip"]).await;
    }
    shop.opted_in(&number(99), &["late"]).await;
    shop.org
        .accounts()
        .set_rate(shop.account, Some(10))
        .await
        .unwrap();
    shop.platform.limits(Limits {
        per_second: Some(10),
        ..Limits::default()
    });
    shop.launch("order_ready", "vip").await;
    let later = shop
        .org
        .broadcasts()
        .create(shop.broadcast("order_ready", "late"))
        .await
        .unwrap();
    let schedule = tertulia::NewSchedule {
        at: (shop.clock.now() + chrono::TimeDelta::seconds(1)).naive_utc(),
        zone: None,
        recipients_zones: false,
    };
    shop.org.broadcasts().schedule(later, schedule).await.unwrap();
    let runs: Vec<_> = (0..3)
        .map(|_| {
            let crm = shop.crm.clone();
            tokio::spawn(async move { crm.run_due().await })
        })
        .collect();
    accepted(&shop, 10).await;
    shop.clock.advance(Duration::from_secs(1));
    let started = async {
        while shop.org.broadcasts().stats(later).await.unwrap().total == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(LONG, started).await.expect("the scheduled one starts");
    for count in [20, 30] {
        accepted(&shop, count).await;
        shop.clock.advance(Duration::from_secs(1));
    }
    accepted(&shop, 31).await;
    shop.clock.advance(Duration::from_secs(1));
    for run in runs {
        timeout(LONG, run).await.expect("it ends").unwrap().unwrap();
    }
    assert_eq!(shop.platform.requests().len(), 31, "nothing was refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_the_account_holds_all_its_senders_and_nobody_is_used_up() {
    let shop = Arc::new(Shop::open().await);
    let other = NewAccount {
        sender_id: OTHER_NUMBER.to_owned(),
        ..new_account(&shop.platform)
    };
    let other = shop.org.accounts().connect(other).await.unwrap();
    for n in 0..3 {
        shop.opted_in(&number(n), &["vip"]).await;
    }
    shop.platform
        .script(Faults::new(1).first(1, Fault::refuse(80_007)));
    let id = shop.launch("order_ready", "vip").await;
    shop.crm.run_due().await.unwrap();
    for account in [shop.account, other] {
        let state = shop.org.accounts().get(account).await.unwrap().state;
        assert_eq!(state, AccountState::Held { until: at(60) });
    }
    shop.clock.advance(Duration::from_secs(60));
    shop.crm.run_due().await.unwrap();
    let stats = shop.org.broadcasts().stats(id).await.unwrap();
    assert_eq!((stats.sent, stats.failed_total()), (3, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_of_two_broadcasts_gets_the_second_six_seconds_later_and_the_platform_refuses_nothing() {
    let shop = Shop::open().await;
    for n in 0..20 {
        shop.opted_in(&number(n), &["vip"]).await;
    }
    shop.platform.limits(Limits {
        pairs: true,
        ..Limits::default()
    });
    let first = shop.launch("order_ready", "vip").await;
    let second = shop.launch("order_ready", "vip").await;
    shop.crm.run_due().await.unwrap();
    let sent = async |id| shop.org.broadcasts().stats(id).await.unwrap().sent;
    assert_eq!(sent(first).await + sent(second).await, 20);
    shop.clock.advance(Duration::from_millis(5_999));
    shop.crm.run_due().await.unwrap();
    assert_eq!(sent(first).await + sent(second).await, 20);
    shop.clock.advance(Duration::from_millis(1));
    shop.crm.run_due().await.unwrap();
    assert_eq!((sent(first).await, sent(second).await), (20, 20));
    assert_eq!(shop.platform.requests().len(), 40, "nothing was refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_days_number_of_people_a_broadcast_waits_says_so_and_goes_on_by_itself() {
    let shop = Arc::new(Shop::open().await);
    for n in 0..270 {
        shop.opted_in(&number(n), &["vip"]).await;
    }
    let limit = serde_json::json!({"max_daily_conversations_per_business": "TIER_250"});
    shop.platform.notice("business_capability_update", &limit).await;
    shop.platform.drain().await;
    let id = shop.launch("order_ready", "vip").await;
    // Several at once: not one above it.
    let runs = (0..3).map(|_| shop.crm.run_due());
    futures_util::future::try_join_all(runs).await.unwrap();
    let stats = shop.org.broadcasts().stats(id).await.unwrap();
    assert_eq!((stats.sent, stats.pending, stats.failed_total()), (250, 20, 0));
    let waits = stats.waits.unwrap();
    assert!(waits.reason.contains("250 people"), "{waits:?}");
    assert_eq!(waits.until, Some(at(24 * 3600 + 600)));
    assert_eq!(
        shop.org.accounts().waits(shop.account).await.unwrap(),
        Some(waits)
    );
    // Who writes by hand is not refused.
    let late = shop.opted_in(&number(900), &[]).await;
    shop.org
        .inbox()
        .send(shop.templated(late.id, "order_ready"))
        .await
        .unwrap();
    shop.clock.advance(Duration::from_secs(24 * 3600 + 599));
    shop.crm.run_due().await.unwrap();
    assert_eq!(shop.org.broadcasts().stats(id).await.unwrap().sent, 250);
    shop.clock.advance(Duration::from_secs(1));
    shop.crm.run_due().await.unwrap();
    let stats = shop.org.broadcasts().stats(id).await.unwrap();
    assert_eq!((stats.sent, stats.pending, stats.waits), (270, 0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_the_platform_stops_says_why_in_report_and_account_and_goes_on_once_resumed() {
    for (code, word) in [
        (190, "key"),
        (368, "restricts"),
        (131_042, "invoice"),
        (131_031, "restricts"),
        (133_010, "set-up"),
    ] {
        let shop = Shop::in_memory().await;
        for n in 0..60 {
            shop.opted_in(&number(n), &["vip"]).await;
        }
        shop.platform.script(Faults::new(1).always(Fault::refuse(code)));
        let id = shop.launch("order_ready", "vip").await;
        shop.crm.run_due().await.unwrap();
        let stats = shop.org.broadcasts().stats(id).await.unwrap();
        assert_eq!((stats.sent, stats.pending, stats.failed_total()), (0, 60, 0));
        let waits = stats.waits.unwrap();
        assert!(
            waits.reason.contains(word) && waits.reason.contains(&code.to_string()),
            "{waits:?}"
        );
        assert!(waits.remedy.contains("resume the sender"), "{waits:?}");
        assert_eq!(waits.until, None);
        let account = shop.org.accounts().get(shop.account).await.unwrap();
        let AccountState::Stopped { failure, .. } = account.state else {
            panic!("{code}: {account:?}");
        };
        assert_eq!(failure.code, code.to_string());
        let tried = shop.platform.requests().len();
        assert!(tried <= 48, "the rest was not even tried: {tried}");
        shop.platform.script(Faults::default());
        shop.clock.advance(Duration::from_secs(3600));
        shop.crm.run_due().await.unwrap();
        assert_eq!(shop.platform.requests().len(), tried, "nothing goes by itself");
        shop.org.accounts().resume(shop.account).await.unwrap();
        shop.crm.run_due().await.unwrap();
        let stats = shop.org.broadcasts().stats(id).await.unwrap();
        assert_eq!((stats.sent, stats.waits), (60, None));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_put_off_uses_up_nothing_of_the_rate() {
    let settings = Settings {
        quiet_hours: serde_json::from_str(r#"{"from": "11:00:00", "until": "15:30:00"}"#).unwrap(),
        ..Settings::default()
    };
    let shop = Shop::with(settings).await;
    for n in 0..20 {
        shop.opted_in(&number(n), &["vip"]).await;
    }
    shop.org.accounts().set_rate(shop.account, Some(2)).await.unwrap();
    let id = shop.launch("order_ready", "vip").await;
    let done = timeout(LONG, shop.crm.run_due());
    done.await.expect("it waits for nobody").unwrap();
    assert_eq!(shop.org.broadcasts().stats(id).await.unwrap().pending, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_hangs_for_one_sender_holds_up_no_other() {
    let shop = Shop::in_memory().await;
    for n in 0..70 {
        shop.opted_in(&number(n), &["vip"]).await;
    }
    let hangs = Fault::DelayBefore(Duration::from_secs(20));
    shop.platform
        .script(Faults::new(1).when(|attempt| !attempt.recipient.ends_with("0999"), hangs));
    let large = shop.launch("order_ready", "vip").await;
    let crm = shop.crm.clone();
    let running = tokio::spawn(async move { crm.run_due().await });
    let sending = async || shop.org.broadcasts().stats(large).await.unwrap().sending;
    let hung = async {
        while sending().await < 48 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(LONG, hung).await.expect("fewer are sent");
    // Launched while nothing of the other sender comes back.
    shop.opted_in(&number(999), &["lone"]).await;
    let other = NewAccount {
        sender_id: OTHER_NUMBER.to_owned(),
        ..new_account(&shop.platform)
    };
    let mut small = shop.broadcast("order_ready", "lone");
    small.account = shop.org.accounts().connect(other).await.unwrap();
    let small = shop.org.broadcasts().create(small).await.unwrap();
    shop.org.broadcasts().launch(small).await.unwrap();
    shop.clock.advance(Duration::from_secs(1));
    accepted(&shop, 1).await;
    assert_eq!(shop.platform.accepted()[0].to, Some(number(999)));
    assert_eq!(sending().await, 48, "some places are left for others");
    shop.platform.script(Faults::new(1));
    shop.clock.advance(Duration::from_secs(20));
    timeout(LONG, running).await.expect("it ends").unwrap().unwrap();
    assert_eq!(shop.org.broadcasts().stats(large).await.unwrap().sent, 70);
}
