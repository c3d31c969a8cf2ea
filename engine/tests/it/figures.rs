//! What went on in conversations, counted.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tertulia::testing::Inbound;
use tertulia::{
    AnalyticsGroup, BulkAction, Durations, Handler, HandlerKind, InboxFigures, MergeRequest, Role, Selection,
    Settings,
};

use crate::support::{NOON, Shop};

const ANA: &str = "+12025550123";
const BO: &str = "+12025550124";
const CAI: &str = "+12025550125";

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(NOON + seconds, 0).unwrap()
}

async fn says(shop: &Shop, from: &str) {
    shop.platform.say(Inbound::text(from, "hello")).await.unwrap();
    shop.platform.drain().await;
}

fn pass(shop: &Shop, seconds: u64) {
    shop.clock.advance(Duration::from_secs(seconds));
}

async fn total(shop: &Shop, since: i64, until: i64) -> InboxFigures {
    let mut figures = figures(shop, since, until, AnalyticsGroup::Total).await;
    assert_eq!(figures.len(), 1);
    figures.remove(0)
}

async fn figures(shop: &Shop, since: i64, until: i64, by: AnalyticsGroup) -> Vec<InboxFigures> {
    let analytics = shop.org.analytics();
    analytics.inbox(at(since), at(until), by).await.unwrap()
}

fn took(count: u64, mean: u64, median: u64, p90: u64) -> Durations {
    Durations {
        count,
        mean_seconds: Some(mean),
        median_seconds: Some(median),
        p90_seconds: Some(p90),
    }
}

/// Three people write; a person, a bot and nobody answers; a broadcast goes to all.
async fn a_day(shop: &Shop) {
    let inbox = shop.org.inbox();
    let mia = shop.org.team().add("Mia", Role::Agent).await.unwrap().id;
    for from in [ANA, BO, CAI] {
        says(shop, from).await;
    }
    let (ana, bo) = (shop.find(ANA).await, shop.find(BO).await);
    let everybody = Selection::Filter(tertulia::Filter::Everyone);
    let tag = BulkAction::Tag(vec!["all".to_owned()]);
    let contacts = shop.org.contacts();
    contacts
        .bulk(&everybody, &tag, tertulia::BulkWatch::default())
        .await
        .unwrap();
    pass(shop, 10);
    shop.launch("order_ready", "all").await;
    shop.crm.run_due().await.unwrap();

    pass(shop, 20);
    let by_mia = shop.org.acting_as(mia);
    inbox.assign(ana.conversation.unwrap(), Some(mia)).await.unwrap();
    by_mia.inbox().send_text(ana.id, "Good day").await.unwrap();
    let clerk = Handler {
        name: "clerk".to_owned(),
        kind: HandlerKind::Bot,
    };
    inbox.set_handler(bo.conversation.unwrap(), clerk).await.unwrap();
    pass(shop, 60);
    inbox.send_text(bo.id, "I am a bot").await.unwrap();
    pass(shop, 10);
    says(shop, ANA).await;
    by_mia.inbox().resolve(ana.conversation.unwrap()).await.unwrap();
    pass(shop, 100);
    says(shop, ANA).await;
    shop.platform.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_responses_and_resolutions_of_a_period_are_counted() {
    for shop in [Shop::open().await, Shop::in_memory().await] {
        a_day(&shop).await;
        let all = total(&shop, 0, 1_000).await;
        assert_eq!(
            all,
            InboxFigures {
                received: 5,
                sent_by_people: 1,
                sent_by_bots: 1,
                sent_by_broadcasts: 3,
                opened: 3,
                reopened: 1,
                resolved: 1,
                waiting: 2,
                first_response: took(2, 60, 30, 90),
                resolution: took(1, 100, 100, 100),
                ..InboxFigures::default()
            }
        );
        // Wherever the period is cut, what was before is known, and the counts add up.
        for cut in [0, 5, 30, 31, 95, 100, 150, 200, 999] {
            let (first, second) = (total(&shop, 0, cut).await, total(&shop, cut, 1_000).await);
            let of = |part: &InboxFigures| {
                [
                    part.received,
                    part.sent_by_people,
                    part.sent_by_bots,
                    part.sent_by_broadcasts,
                    part.opened,
                    part.reopened,
                    part.resolved,
                    part.first_response.count,
                    part.resolution.count,
                ]
            };
            let both: Vec<u64> = of(&first).iter().zip(of(&second)).map(|(a, b)| a + b).collect();
            assert_eq!(both, of(&all), "{cut}");
        }
        assert_eq!(total(&shop, 31, 1_000).await.first_response, took(1, 90, 90, 90));
        assert_eq!(total(&shop, 99, 101).await.resolution, took(1, 100, 100, 100));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_split_by_member_bot_channel_and_day() {
    let zone = chrono_tz::Tz::Pacific__Auckland;
    let shop = Shop::with(Settings {
        zone,
        ..Settings::default()
    })
    .await;
    a_day(&shop).await;
    let split = |by| figures(&shop, 30, 1_000, by);
    let told: Vec<_> = split(AnalyticsGroup::Agent)
        .await
        .into_iter()
        .map(|part| {
            let who = (part.key.agent.is_some(), part.key.handler);
            let sent = part.sent_by_people + part.sent_by_bots;
            (
                who,
                part.received,
                sent,
                part.resolved,
                part.reopened,
                part.waiting,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ((false, Some("clerk".to_owned())), 0, 1, 0, 0, 0),
            ((true, None), 2, 1, 1, 1, 1),
        ]
    );
    let channels = split(AnalyticsGroup::Channel).await;
    assert_eq!(channels.len(), 1);
    assert_eq!(channels[0].key.channel, Some(tertulia::Channel::WhatsApp));
    let days = split(AnalyticsGroup::Day).await;
    assert_eq!(days.len(), 1);
    assert_eq!(
        days[0].key.period.as_deref(),
        Some("2026-03-02"),
        "it is tomorrow there"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_merged_is_one_persons_and_what_is_deleted_counts_still() {
    let shop = Shop::open().await;
    says(&shop, ANA).await;
    let (ana, inbox) = (shop.find(ANA).await, shop.org.inbox());
    pass(&shop, 30);
    inbox.send_text(ana.id, "Good day").await.unwrap();
    inbox.resolve(ana.conversation.unwrap()).await.unwrap();
    says(&shop, BO).await;
    let bo = shop.find(BO).await;
    let merge = MergeRequest {
        duplicates: vec![bo.id],
        choices: Vec::new(),
    };
    shop.org.contacts().merge(ana.id, &merge).await.unwrap();
    pass(&shop, 30);
    inbox.send_text(ana.id, "Good day again").await.unwrap();
    let before = total(&shop, 0, 1_000).await;
    assert_eq!((before.received, before.first_response.count), (2, 2));
    assert_eq!(total(&shop, 31, 1_000).await.first_response, took(1, 30, 30, 30));
    shop.org.contacts().erase(ana.id).await.unwrap();
    shop.crm.run_due().await.unwrap();
    assert_eq!(total(&shop, 0, 1_000).await, before);
}
