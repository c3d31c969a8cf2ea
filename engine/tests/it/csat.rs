//! Surveys of satisfaction, end to end.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;
use tertulia::core::ids::{ContactId, ConversationId};
use tertulia::core::journal::EntryKind;
use tertulia::core::ledger::{SkipReason, StateName};
use tertulia::testing::Inbound;
use tertulia::{
    AnalyticsGroup, AnalyticsKey, Channel, Code, ConversationAction, ConversationFilter,
    ConversationSelection, ConversationStatus, Csat, CsatReport, InboxWatch, LastSurvey, PageOf, Role,
    Settings,
};

use crate::support::Shop;

const ANA: &str = "+12025550123";
const BO: &str = "+12025550124";

fn asking(fields: &serde_json::Value) -> Settings {
    let mut all = json!({"question": "How did {{org.name}} do?"});
    all.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    let csat: Csat = serde_json::from_value(all).unwrap();
    Settings {
        name: "Casa Lua".to_owned(),
        csat: Some(csat),
        ..Settings::default()
    }
}

async fn says(shop: &Shop, message: Inbound) {
    shop.clock.advance(Duration::from_secs(10));
    shop.platform.say(message).await.unwrap();
    shop.platform.drain().await;
}

async fn written(shop: &Shop, from: &str) -> (ContactId, ConversationId) {
    says(shop, Inbound::text(from, "hello")).await;
    let contact = shop.find(from).await;
    (contact.id, contact.conversation.unwrap())
}

/// Resolved, and asked.
async fn asked(shop: &Shop, from: &str) -> ConversationId {
    let (_, id) = written(shop, from).await;
    shop.clock.advance(Duration::from_secs(10));
    shop.org.inbox().resolve(id).await.unwrap();
    shop.crm.run_due().await.unwrap();
    shop.platform.drain().await;
    id
}

async fn last(shop: &Shop, id: ConversationId) -> LastSurvey {
    shop.org.inbox().get(id).await.unwrap().last_survey.unwrap()
}

/// What the platform got, the latest last.
fn sent(shop: &Shop) -> Vec<serde_json::Value> {
    shop.platform
        .accepted()
        .into_iter()
        .map(|accepted| accepted.body)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resolved_conversation_is_surveyed_once_and_shows_rating_and_comment() {
    let fields = json!({"thanks": "Thank you.", "comment_question": "What was it?"});
    let shop = Shop::with(asking(&fields)).await;
    let id = asked(&shop, ANA).await;
    let list = &sent(&shop)[0]["interactive"];
    assert_eq!(
        (&list["type"], &list["body"]["text"]),
        (&json!("list"), &json!("How did Casa Lua do?"))
    );
    let rows = list["action"]["sections"][0]["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 5);
    shop.crm.run_due().await.unwrap();
    assert_eq!(sent(&shop).len(), 1, "at most once");

    says(
        &shop,
        Inbound::list_reply(ANA, rows[1]["id"].as_str().unwrap(), "2"),
    )
    .await;
    shop.crm.run_due().await.unwrap();
    assert_eq!(sent(&shop)[1]["text"]["body"], "Thank you.\n\nWhat was it?");
    says(&shop, Inbound::text(ANA, "The tea was cold")).await;
    let listed = shop
        .org
        .inbox()
        .list(&ConversationFilter::default(), &PageOf::first(9))
        .await
        .unwrap();
    let thread = &listed.items[0];
    let survey = thread.last_survey.clone().unwrap();
    assert_eq!(
        (survey.rating, survey.comment.as_deref()),
        (Some(2), Some("The tea was cold"))
    );
    assert_eq!(
        (thread.status(), thread.unread),
        (ConversationStatus::Resolved, 1)
    );

    let page = shop.org.inbox().messages(id, &PageOf::first(9)).await.unwrap();
    assert_eq!(
        page.items.len(),
        5,
        "question, thanks and answers are messages of the conversation"
    );
    let contact = shop.find(ANA).await.id;
    let timeline = shop
        .org
        .contacts()
        .timeline(contact, &[EntryKind::Survey], &PageOf::first(9))
        .await
        .unwrap();
    let changes: Vec<String> = timeline
        .items
        .iter()
        .map(|entry| {
            serde_json::to_value(&entry.what).unwrap()["change"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(changes, ["asked", "rated", "commented"]);
    says(&shop, Inbound::text(ANA, "Another pot, please")).await;
    let thread = shop.org.inbox().get(id).await.unwrap();
    assert_eq!((thread.status(), thread.unread), (ConversationStatus::Open, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_go_out_does_not_and_says_why() {
    let shop = Shop::with(asking(&json!({}))).await;
    let (contact, id) = written(&shop, ANA).await;
    shop.clock.advance(Duration::from_secs(25 * 3_600));
    shop.org.inbox().resolve(id).await.unwrap();
    shop.crm.run_due().await.unwrap();
    let survey = last(&shop, id).await;
    assert_eq!(
        (survey.state, survey.reason),
        (StateName::Skipped, Some(SkipReason::WindowClosed))
    );
    shop.org.inbox().reopen(id).await.unwrap();
    says(&shop, Inbound::text(ANA, "STOP")).await;
    shop.org.inbox().resolve(id).await.unwrap();
    shop.crm.run_due().await.unwrap();
    let survey = last(&shop, id).await;
    assert_eq!(
        (survey.state, survey.reason),
        (StateName::Skipped, Some(SkipReason::OptedOut))
    );
    assert!(sent(&shop).is_empty());
    let refused = shop
        .org
        .settings()
        .set(asking(&json!({"thanks": "{{contact.attributes.nowhere}}"})))
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::RenderUnknownVariable);
    // What is held of it is in the dossier.
    let dossier = shop.org.contacts().dossier(contact).await.unwrap();
    let dossier = serde_json::to_value(dossier).unwrap();
    assert_eq!(dossier["surveys"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn satisfaction_is_counted_by_agent_channel_and_period() {
    let shop = Shop::with(asking(&json!({}))).await;
    let start = shop.clock.now();
    let bia = shop.org.team().add("Bia", Role::Agent).await.unwrap().id;
    let (_, first) = written(&shop, ANA).await;
    shop.org.inbox().assign(first, Some(bia)).await.unwrap();
    shop.org.inbox().resolve(first).await.unwrap();
    asked(&shop, BO).await;
    says(&shop, Inbound::text(ANA, "5")).await;
    let until = shop.clock.now() + TimeDelta::seconds(1);
    let report = async |by| shop.org.analytics().csat(start, until, by).await.unwrap();
    let figures = |key, asked, answered, satisfied, rating: Option<f64>| CsatReport {
        key,
        asked,
        answered,
        satisfied,
        score: rating.map(|rating| if rating >= 4.0 { 1.0 } else { 0.0 }),
        mean: rating,
        ratings: (1..=5)
            .map(|stars| u64::from(rating == Some(f64::from(stars))))
            .collect(),
    };
    let none = AnalyticsKey::default;
    assert_eq!(
        report(AnalyticsGroup::Total).await,
        [figures(none(), 2, 1, 1, Some(5.0))]
    );
    let of_bia = AnalyticsKey {
        agent: Some(bia),
        ..none()
    };
    assert_eq!(
        report(AnalyticsGroup::Agent).await,
        [
            figures(none(), 1, 0, 0, None),
            figures(of_bia, 1, 1, 1, Some(5.0))
        ]
    );
    let by_channel = AnalyticsKey {
        channel: Some(Channel::WhatsApp),
        ..none()
    };
    assert_eq!(
        report(AnalyticsGroup::Channel).await,
        [figures(by_channel, 2, 1, 1, Some(5.0))]
    );
    let by_month = AnalyticsKey {
        period: Some("2026-03-01".to_owned()),
        ..none()
    };
    assert_eq!(
        report(AnalyticsGroup::Month).await,
        [figures(by_month, 2, 1, 1, Some(5.0))]
    );
    let before = shop
        .org
        .analytics()
        .csat(start - TimeDelta::days(1), start, AnalyticsGroup::Total)
        .await;
    assert_eq!(before.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_are_surveyed_only_if_asked() {
    let shop = Shop::with(asking(&json!({}))).await;
    let mut threads = Vec::new();
    for from in [ANA, BO] {
        threads.push(written(&shop, from).await.1);
    }
    for (action, expected) in [
        (ConversationAction::Resolve, 0),
        (ConversationAction::ResolveAndSurvey, 2),
    ] {
        let selection = ConversationSelection::Ids(threads.clone());
        let report = shop
            .org
            .inbox()
            .bulk(&selection, &action, InboxWatch::default())
            .await
            .unwrap();
        assert_eq!(report.changed, 2);
        shop.crm.run_due().await.unwrap();
        assert_eq!(sent(&shop).len(), expected, "{action:?}");
        for id in &threads {
            shop.org.inbox().reopen(*id).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erase_takes_the_comment_and_leaves_the_figures() {
    let shop = Shop::with(asking(&json!({}))).await;
    let start = shop.clock.now();
    let id = asked(&shop, ANA).await;
    says(&shop, Inbound::text(ANA, "4 zq was kind")).await;
    assert_eq!(last(&shop, id).await.comment.as_deref(), Some("zq was kind"));
    let contact = shop.find(ANA).await.id;
    shop.org.contacts().erase(contact).await.unwrap();
    shop.crm.run_due().await.unwrap();
    for file in std::fs::read_dir(shop.folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("zq was kind"));
    }
    let until = shop.clock.now() + TimeDelta::seconds(1);
    let report = shop
        .org
        .analytics()
        .csat(start, until, AnalyticsGroup::Total)
        .await
        .unwrap();
    assert_eq!((report[0].asked, report[0].answered), (1, 1));
}
