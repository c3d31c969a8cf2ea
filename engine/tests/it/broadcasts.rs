//! Broadcasts from draft to funnel.

use std::time::Duration;

use tertulia::core::broadcast::BroadcastState;
use tertulia::core::ledger::{SkipReason, StateName};
use tertulia::testing::{Fault, Faults, Inbound, Receipts};
use tertulia::{
    BulkAction, BulkWatch, Code, ExportOptions, ExportWatch, PageOf, RecipientFilter, RecipientSelection,
    Selection, Settings,
};

use crate::support::{Shop, template};

fn number(n: usize) -> String {
    format!("+1202555{n:04}")
}

#[tokio::test]
async fn a_preview_counts_who_is_left_out_and_why_and_the_run_does_the_same() {
    let shop = Shop::open().await;
    for n in 0..12 {
        shop.opted_in(&number(n), &["VIP"]).await;
    }
    shop.opted_in(&number(50), &["other"]).await;
    shop.contact(&number(51), &["vip"], None).await;
    let out = shop.opted_in(&number(52), &["vip"]).await;
    shop.org.consent().opt_out(out.id, None).await.unwrap();
    let idle = shop.opted_in(&number(53), &["vip"]).await;
    shop.org.contacts().set_active(idle.id, false).await.unwrap();
    let blocked = shop.opted_in(&number(54), &["vip"]).await;
    shop.org.contacts().block(blocked.id).await.unwrap();
    let capped = shop.opted_in(&number(55), &["vip"]).await;
    shop.org
        .inbox()
        .send(shop.templated(capped.id, "spring_sale"))
        .await
        .unwrap();

    let id = shop
        .org
        .broadcasts()
        .create(shop.broadcast("spring_sale", "vip"))
        .await
        .unwrap();
    let preview = shop.org.broadcasts().preview(id).await.unwrap();
    assert_eq!((preview.total, preview.first.len()), (12, 10));
    let left_out: Vec<(SkipReason, u64)> = preview.left_out.into_iter().collect();
    let expected = [
        (SkipReason::NotOptedIn, 1),
        (SkipReason::OptedOut, 1),
        (SkipReason::Inactive, 1),
        (SkipReason::Blocked, 1),
        (SkipReason::Capped, 1),
    ];
    assert_eq!(left_out, expected);

    shop.platform.receipts(Receipts::read());
    shop.org.broadcasts().launch(id).await.unwrap();
    shop.crm.run_due().await.unwrap();
    shop.platform.drain().await;
    let stats = shop.org.broadcasts().stats(id).await.unwrap();
    assert_eq!(
        (stats.total, stats.sent, stats.delivered, stats.read),
        (17, 12, 12, 12)
    );
    assert_eq!(stats.skipped_total(), 5);
    assert_eq!(stats.skipped["capped"], 1);
    let state = shop.org.broadcasts().get(id).await.unwrap().state;
    assert!(matches!(state, BroadcastState::Finished { .. }), "{state:?}");
    assert_eq!(shop.accepted_to(&number(51)), 0);
}

#[tokio::test]
async fn launching_twice_or_an_unapproved_template_is_refused_and_an_empty_audience_finishes() {
    let shop = Shop::open().await;
    let id = shop.launch("spring_sale", "nobody").await;
    let again = shop.org.broadcasts().launch(id).await.unwrap_err();
    assert_eq!(again.code(), Code::BroadcastNotDraft);
    assert_eq!(shop.crm.run_due().await.unwrap().finished, 1);
    let stats = shop.org.broadcasts().stats(id).await.unwrap();
    assert_eq!(stats.total, 0);
    let mut paused = template("paused", "MARKETING");
    paused.status = "PAUSED".into();
    shop.org.templates().put(paused).await.unwrap();
    let id = shop
        .org
        .broadcasts()
        .create(shop.broadcast("paused", "vip"))
        .await
        .unwrap();
    assert_eq!(
        shop.org.broadcasts().launch(id).await.unwrap_err().code(),
        Code::TemplateNotApproved
    );
    let mut wrong = shop.broadcast("spring_sale", "vip");
    wrong.parameters = tertulia::core::template::TemplateParameters::default();
    let refused = shop.org.broadcasts().create(wrong).await.unwrap_err();
    assert_eq!(refused.code(), Code::TemplateParameterCount);
}

#[tokio::test]
async fn an_opt_out_after_the_launch_is_never_sent_to() {
    let shop = Shop::open().await;
    for n in 0..40 {
        shop.opted_in(&number(n), &["vip"]).await;
    }
    let id = shop.launch("order_ready", "vip").await;
    shop.platform
        .say(Inbound::text(number(7).as_str(), "stop"))
        .await
        .unwrap();
    shop.platform.drain().await;
    // Skipped by the very commit of the opt-out, before any worker looks.
    let skipped = shop
        .org
        .broadcasts()
        .recipients(
            id,
            &RecipientFilter::in_states(&[StateName::Skipped]),
            &PageOf::first(10),
        )
        .await
        .unwrap();
    assert_eq!(skipped.items.len(), 1);
    shop.crm.run_due().await.unwrap();
    assert_eq!(shop.accepted_to(&number(7)), 0);
    assert_eq!(shop.org.broadcasts().stats(id).await.unwrap().sent, 39);
}

#[tokio::test]
async fn throttling_and_passing_faults_cost_nobody_their_message() {
    let shop = Shop::open().await;
    for n in 0..60 {
        shop.opted_in(&number(n), &["vip"]).await;
    }
    let faults = Faults::new(5)
        .sometimes(0.1, Fault::refuse(130_429))
        .sometimes(0.1, Fault::refuse(131_056))
        .sometimes(0.1, Fault::refuse(131_016));
    shop.platform.script(faults);
    let id = shop.launch("order_ready", "vip").await;
    for _ in 0..200 {
        shop.crm.run_due().await.unwrap();
        if shop.org.broadcasts().stats(id).await.unwrap().is_finished() {
            break;
        }
        shop.clock.advance(Duration::from_secs(60));
    }
    let stats = shop.org.broadcasts().stats(id).await.unwrap();
    assert_eq!((stats.sent, stats.failed_total()), (60, 0), "{stats:?}");
    for n in 0..60 {
        assert_eq!(shop.accepted_to(&number(n)), 1);
    }
}

#[tokio::test]
async fn rate_limits_never_use_a_recipient_up_and_faults_do_in_the_end() {
    for (faults, sent) in [(4, 1), (5, 0)] {
        let shop = Shop::open().await;
        shop.opted_in(&number(0), &["vip"]).await;
        shop.platform
            .script(Faults::new(1).by(move |attempt| match attempt.tries {
                1..=8 => vec![Fault::refuse(if attempt.tries % 2 == 0 {
                    130_429
                } else {
                    131_056
                })],
                tries if tries <= 8 + faults => vec![Fault::refuse(131_016)],
                _ => vec![],
            }));
        let id = shop.launch("order_ready", "vip").await;
        for _ in 0..40 {
            shop.crm.run_due().await.unwrap();
            shop.clock.advance(Duration::from_secs(3600));
        }
        let stats = shop.org.broadcasts().stats(id).await.unwrap();
        assert_eq!((stats.sent, stats.failed_total()), (sent, 1 - sent), "{stats:?}");
    }
}

#[tokio::test]
async fn lost_answers_are_settled_by_statuses_or_end_unconfirmed_and_are_resent_only_by_choice() {
    let shop = Shop::open().await;
    for n in 0..20 {
        shop.opted_in(&number(n), &["vip"]).await;
    }
    // The platform takes the first ones and reports; of the others nobody ever hears.
    let taken = |n: usize| n < 8;
    shop.platform.script(Faults::new(1).by(move |attempt| {
        let n: usize = attempt
            .recipient
            .trim_start_matches("+1202555")
            .parse()
            .unwrap_or(99);
        if taken(n) {
            vec![Fault::DropAfterAccept]
        } else {
            vec![Fault::DropBefore]
        }
    }));
    shop.platform.receipts(Receipts::delivered());
    let id = shop.launch("order_ready", "vip").await;
    shop.crm.run_due().await.unwrap();
    shop.platform.drain().await;
    let stats = shop.org.broadcasts().stats(id).await.unwrap();
    assert_eq!(
        (stats.delivered, stats.unknown, stats.pending),
        (8, 12, 0),
        "{stats:?}"
    );
    shop.clock.advance(Duration::from_secs(31 * 24 * 3600));
    shop.crm.run_due().await.unwrap();
    let stats = shop.org.broadcasts().stats(id).await.unwrap();
    assert_eq!((stats.delivered, stats.unconfirmed), (8, 12));
    assert_eq!(shop.platform.accepted().len(), 8);

    shop.platform.script(Faults::default());
    let doubtful = shop
        .org
        .broadcasts()
        .recipients(
            id,
            &RecipientFilter::in_states(&[StateName::Unconfirmed]),
            &PageOf::first(1),
        )
        .await
        .unwrap();
    shop.org
        .broadcasts()
        .resend_unconfirmed(doubtful.items[0].dispatch)
        .await
        .unwrap();
    shop.crm.run_due().await.unwrap();
    shop.platform.drain().await;
    let stats = shop.org.broadcasts().stats(id).await.unwrap();
    assert_eq!((stats.delivered, stats.unconfirmed), (9, 11));
}

#[tokio::test]
async fn several_workers_at_once_send_each_recipient_one_message() {
    let shop = Shop::open().await;
    for n in 0..150 {
        shop.opted_in(&number(n), &["vip"]).await;
    }
    let id = shop.launch("order_ready", "vip").await;
    futures_util::future::try_join_all((0..4).map(|_| shop.crm.run_due()))
        .await
        .unwrap();
    shop.crm.run_due().await.unwrap();
    assert_eq!(shop.platform.accepted().len(), 150);
    for n in 0..150 {
        assert_eq!(shop.accepted_to(&number(n)), 1);
    }
    assert_eq!(shop.org.broadcasts().stats(id).await.unwrap().sent, 150);
}

#[tokio::test]
async fn sent_delivered_and_read_never_fall_whatever_order_statuses_come_in() {
    let shop = Shop::open().await;
    for n in 0..20 {
        shop.opted_in(&number(n), &["vip"]).await;
    }
    shop.platform
        .receipts(Receipts::read().copies(2).shuffled(3).in_batches_of(3));
    shop.platform.hold();
    let id = shop.launch("order_ready", "vip").await;
    shop.crm.run_due().await.unwrap();
    let (mut sent, mut delivered, mut read) = (0, 0, 0);
    shop.platform.release();
    for _ in 0..20 {
        let stats = shop.org.broadcasts().stats(id).await.unwrap();
        assert!(stats.sent >= sent && stats.delivered >= delivered && stats.read >= read);
        assert!(stats.sent >= stats.delivered && stats.delivered >= stats.read);
        (sent, delivered, read) = (stats.sent, stats.delivered, stats.read);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    shop.platform.drain().await;
    let stats = shop.org.broadcasts().stats(id).await.unwrap();
    assert_eq!((stats.sent, stats.delivered, stats.read), (20, 20, 20));
}

#[tokio::test]
async fn replies_and_opt_outs_after_a_broadcast_are_counted() {
    let shop = Shop::open().await;
    for n in 0..5 {
        shop.opted_in(&number(n), &["vip"]).await;
    }
    let id = shop.launch("order_ready", "vip").await;
    shop.crm.run_due().await.unwrap();
    shop.clock.advance(Duration::from_secs(60));
    shop.platform
        .say(Inbound::text(number(0).as_str(), "Thanks!"))
        .await
        .unwrap();
    shop.platform
        .say(Inbound::text(number(1).as_str(), "STOP"))
        .await
        .unwrap();
    shop.platform.drain().await;
    let stats = shop.org.broadcasts().stats(id).await.unwrap();
    assert_eq!((stats.replied, stats.opted_out_after), (2, 1));
}

#[tokio::test]
async fn the_memory_store_serves_a_broadcast_as_well() {
    let shop = Shop::in_memory().await;
    for n in 0..20 {
        shop.opted_in(&number(n), &["vip"]).await;
    }
    shop.platform.receipts(Receipts::read());
    let id = shop.launch("spring_sale", "vip").await;
    shop.crm.run_due().await.unwrap();
    shop.platform.drain().await;
    let stats = shop.org.broadcasts().stats(id).await.unwrap();
    assert_eq!((stats.sent, stats.read), (20, 20));
}

#[tokio::test]
async fn any_bucket_of_recipients_is_listed_with_what_would_help_written_to_a_file_and_tagged() {
    let shop = Shop::open().await;
    for n in 0..6 {
        shop.opted_in(&number(n), &["vip"]).await;
    }
    shop.contact(&number(7), &["vip"], None).await;
    shop.platform.script(Faults::new(1).by(|attempt| {
        if attempt.recipient.ends_with("0001") {
            vec![Fault::refuse(131_026)]
        } else {
            vec![]
        }
    }));
    let id = shop.launch("order_ready", "vip").await;
    shop.crm.run_due().await.unwrap();
    shop.platform
        .say(Inbound::text(number(2).as_str(), "Thanks!"))
        .await
        .unwrap();
    shop.platform.drain().await;

    let broadcasts = shop.org.broadcasts();
    let failed = RecipientFilter {
        reasons: vec!["131026".into()],
        ..RecipientFilter::default()
    };
    let replied = RecipientFilter {
        replied: Some(true),
        ..RecipientFilter::default()
    };
    let all = PageOf::first(10);
    let found = broadcasts.recipients(id, &failed, &all).await.unwrap().items;
    let [found] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(found.contact, shop.find(&number(1)).await.id);
    assert_eq!(
        found.reason.as_deref(),
        Some("they cannot be reached on this channel")
    );
    assert!(found.remedy.is_some());
    let skipped = RecipientFilter::in_states(&[StateName::Skipped]);
    let skipped = broadcasts.recipients(id, &skipped, &all).await.unwrap().items;
    assert_eq!(
        skipped[0].reason.as_deref(),
        Some("has not opted in to this kind of message")
    );

    let bucket = |who: &RecipientFilter| {
        Selection::Recipients(RecipientSelection {
            broadcast: id,
            who: who.clone(),
        })
    };
    let mut file = Vec::new();
    let report = shop
        .org
        .contacts()
        .export(
            &bucket(&failed),
            &ExportOptions::default(),
            &mut file,
            ExportWatch::default(),
        )
        .await
        .unwrap();
    assert_eq!(report.counts.exported, 1);
    assert!(String::from_utf8(file).unwrap().contains("12025550001"));
    let tag = BulkAction::Tag(vec!["answered".into()]);
    let tagged = shop
        .org
        .contacts()
        .bulk(&bucket(&replied), &tag, BulkWatch::default())
        .await
        .unwrap();
    assert_eq!(tagged.changed, 1);
    assert!(shop.find(&number(2)).await.tags.contains_key("answered"));
    let nowhere = Selection::Recipients(RecipientSelection {
        broadcast: tertulia::core::ids::BroadcastId(uuid::Uuid::nil()),
        who: RecipientFilter::default(),
    });
    let error = shop
        .org
        .contacts()
        .bulk(&nowhere, &tag, BulkWatch::default())
        .await;
    assert_eq!(error.unwrap_err().code(), Code::BroadcastNotFound);
}

#[tokio::test]
async fn what_everybody_would_get_and_when_is_told_without_sending() {
    let settings = Settings {
        quiet_hours: serde_json::from_str(r#"{"from": "11:00:00", "until": "15:30:00"}"#).unwrap(),
        ..Settings::default()
    };
    let shop = Shop::with(settings).await;
    let ana = shop.opted_in(&number(0), &["vip"]).await;
    let never_in = shop.contact(&number(1), &["vip"], None).await;
    let broadcasts = shop.org.broadcasts();
    let id = broadcasts
        .create(shop.broadcast("spring_sale", "vip"))
        .await
        .unwrap();
    let simulated = broadcasts.simulate(id, &PageOf::first(10)).await.unwrap().items;
    let of = |contact| simulated.iter().find(|one| one.contact == contact).unwrap();
    let half_past_three = shop
        .clock
        .now()
        .date_naive()
        .and_hms_opt(15, 30, 0)
        .unwrap()
        .and_utc();
    assert_eq!(of(ana.id).at, Some(half_past_three), "{simulated:?}");
    assert!(
        of(ana.id)
            .text
            .as_deref()
            .is_some_and(|text| text.contains("come and see"))
    );
    let left_out = of(never_in.id);
    assert_eq!((left_out.at, left_out.skip), (None, Some(SkipReason::NotOptedIn)));
    assert!(left_out.reason.is_some());
    assert_eq!(shop.platform.accepted().len(), 0);
    assert_eq!(broadcasts.stats(id).await.unwrap().total, 0);
}

#[tokio::test]
async fn a_test_goes_to_one_contact_through_the_gate() {
    let shop = Shop::open().await;
    let (tester, other) = (
        shop.opted_in(&number(0), &[]).await,
        shop.opted_in(&number(1), &["vip"]).await,
    );
    let broadcasts = shop.org.broadcasts();
    let id = broadcasts
        .create(shop.broadcast("spring_sale", "vip"))
        .await
        .unwrap();
    let sent = broadcasts.send_test(id, tester.id).await.unwrap();
    assert_eq!(sent.contact, tester.id);
    assert_eq!(
        (shop.accepted_to(&number(0)), shop.accepted_to(&number(1))),
        (1, 0)
    );
    let again = broadcasts.send_test(id, tester.id).await.unwrap_err();
    assert_eq!(again.code(), Code::CapReached);
    broadcasts.launch(id).await.unwrap();
    shop.crm.run_due().await.unwrap();
    let stats = broadcasts.stats(id).await.unwrap();
    assert_eq!((stats.total, stats.sent), (1, 1));
    assert_eq!(shop.accepted_to(&number(1)), 1, "{:?}", other.id);
}
