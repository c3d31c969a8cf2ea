//! The inbox as a list of work.

use std::time::Duration;

use serde_json::json;
use tertulia::core::ids::ConversationId;
use tertulia::core::journal::EntryKind;
use tertulia::testing::Inbound;
use tertulia::{
    BulkAction, CancellationToken, Channel, Code, Conversation, ConversationAction, ConversationFilter,
    ConversationSelection, ConversationStatus, Filter, Handler, HandlerKind, InboxReport, InboxWatch,
    NewRoutingRule, PageOf, Reopening, Role, RoutingTarget, Selection, Settings,
};

use crate::support::Shop;

fn number(who: usize) -> String {
    format!("+1202555{:04}", 100 + who)
}

async fn says(shop: &Shop, who: usize, body: &str) {
    shop.clock.advance(Duration::from_secs(1));
    shop.platform
        .say(Inbound::text(number(who).as_str(), body))
        .await
        .unwrap();
    shop.platform.drain().await;
}

/// So many people who wrote, one a second; their conversations.
async fn written(shop: &Shop, people: usize) -> Vec<ConversationId> {
    let mut threads = Vec::new();
    for who in 0..people {
        says(shop, who, "hello").await;
        threads.push(shop.find(&number(who)).await.conversation.unwrap());
    }
    threads
}

fn filter(json: serde_json::Value) -> ConversationFilter {
    serde_json::from_value(json).unwrap()
}

async fn listed(shop: &Shop, json: serde_json::Value) -> Vec<ConversationId> {
    let filter = filter(json);
    let mut page = PageOf::last(2);
    let mut found = Vec::new();
    loop {
        let listed = shop.org.inbox().list(&filter, &page).await.unwrap();
        found.extend(listed.items.iter().map(|thread| thread.id));
        match listed.next {
            Some(next) => page.cursor = Some(next),
            None => return found,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_are_listed_by_last_activity_and_narrowed_in_every_way() {
    let shop = Shop::open().await;
    let threads = written(&shop, 5).await;
    let inbox = shop.org.inbox();
    let rui = shop.org.team().add("Rui", Role::Agent).await.unwrap().id;
    inbox.assign(threads[1], Some(rui)).await.unwrap();
    let clerk = Handler {
        name: "clerk".to_owned(),
        kind: HandlerKind::Bot,
    };
    inbox.set_handler(threads[2], clerk).await.unwrap();
    inbox.resolve(threads[3]).await.unwrap();
    inbox.archive(threads[4], true).await.unwrap();
    inbox.star(threads[0], true).await.unwrap();
    inbox.read(threads[0]).await.unwrap();
    inbox.label(threads[1], &["Fatura"]).await.unwrap();
    says(&shop, 1, "and one more thing").await;

    let [t0, t1, t2, t3, t4] = threads[..] else {
        unreachable!()
    };
    for (narrowed, expected) in [
        (json!({}), vec![t1, t3, t2, t0]),
        (json!({"archived": "with"}), vec![t1, t4, t3, t2, t0]),
        (json!({"archived": "only"}), vec![t4]),
        (json!({"status": ["open"]}), vec![t0]),
        (json!({"status": ["assigned", "resolved"]}), vec![t1, t3]),
        (json!({"assignee": {"is": rui}}), vec![t1]),
        (json!({"assignee": "nobody", "status": ["bot_active"]}), vec![t2]),
        (json!({"handler": "clerk"}), vec![t2]),
        (json!({"unread": false}), vec![t0]),
        (json!({"unread": true}), vec![t1, t3, t2]),
        (json!({"starred": true}), vec![t0]),
        (json!({"label": "FATURA"}), vec![t1]),
        (json!({"channel": "whatsapp"}), vec![t1, t3, t2, t0]),
        (json!({"channel": "sms"}), vec![]),
        (json!({"text": "0102"}), vec![t2]),
    ] {
        assert_eq!(listed(&shop, narrowed.clone()).await, expected, "{narrowed}");
    }
    let counts = inbox.counts(&filter(json!({}))).await.unwrap();
    assert_eq!((counts.total, counts.unread), (4, 3));
    let resolved = counts.by_status.last().unwrap();
    assert_eq!(
        (resolved.status, resolved.total, resolved.unread),
        (ConversationStatus::Resolved, 1, 1)
    );
    let labels = inbox.labels().await.unwrap();
    assert_eq!((labels[0].name.as_str(), labels[0].conversations), ("Fatura", 1));
    let nowhere = inbox
        .list(&filter(json!({"contact": t0})), &PageOf::default())
        .await;
    assert_eq!(nowhere.unwrap_err().code(), Code::ContactNotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_from_the_latest_on_meets_no_conversation_twice_whoever_writes_meanwhile() {
    let shop = Shop::open().await;
    let threads = written(&shop, 6).await;
    let all = ConversationFilter::default();
    let mut page = PageOf::last(2);
    let mut met = Vec::new();
    loop {
        let listed = shop.org.inbox().list(&all, &page).await.unwrap();
        met.extend(listed.items.iter().map(|thread| thread.id));
        let Some(next) = listed.next else { break };
        page.cursor = Some(next);
        // Somebody who was met writes again, and somebody new.
        says(&shop, 5, "me again").await;
        says(&shop, 5 + met.len(), "hello").await;
    }
    let mut expected = threads;
    expected.reverse();
    assert_eq!(met, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_conversation_is_opened_again_or_followed_as_the_organisation_says() {
    for reopening in [Reopening::Reopen, Reopening::OpenNew] {
        let shop = Shop::with(Settings {
            reopening,
            ..Settings::default()
        })
        .await;
        let thread = written(&shop, 1).await[0];
        let inbox = shop.org.inbox();
        let rui = shop.org.team().add("Rui", Role::Agent).await.unwrap().id;
        let rui_inbox = shop.org.acting_as(rui);
        let resolved = rui_inbox.inbox().resolve(thread).await.unwrap();
        assert_eq!(resolved.status(), ConversationStatus::Resolved);
        says(&shop, 0, "one more thing").await;
        let contact = shop.find(&number(0)).await;
        let now = inbox.get(contact.conversation.unwrap()).await.unwrap();
        assert_eq!(now.status(), ConversationStatus::Open);
        assert_eq!(now.id == thread, reopening == Reopening::Reopen);
        assert_eq!(contact.conversation_status, Some(ConversationStatus::Open));
        let old = inbox.get(thread).await.unwrap();
        assert_eq!(old.resolution.is_some(), reopening == Reopening::OpenNew);
        let kinds = [
            EntryKind::ConversationOpened,
            EntryKind::ConversationResolved,
            EntryKind::ConversationReopened,
        ];
        let told = shop
            .org
            .contacts()
            .timeline(contact.id, &kinds, &PageOf::default())
            .await
            .unwrap();
        let told: Vec<EntryKind> = told.items.iter().map(|entry| entry.what.kind()).collect();
        let last = match reopening {
            Reopening::Reopen => EntryKind::ConversationReopened,
            Reopening::OpenNew => EntryKind::ConversationOpened,
        };
        assert_eq!(
            told,
            [
                EntryKind::ConversationOpened,
                EntryKind::ConversationResolved,
                last
            ]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_read_at_the_platform_reads_its_conversation_if_it_is_the_last() {
    let shop = Shop::open().await;
    let thread = written(&shop, 1).await[0];
    says(&shop, 0, "hello?").await;
    let inbox = shop.org.inbox();
    let messages = inbox.messages(thread, &PageOf::default()).await.unwrap().items;
    inbox.mark_read(messages[0].id).await.unwrap();
    assert_eq!(inbox.get(thread).await.unwrap().unread, 2);
    inbox.mark_read(messages[1].id).await.unwrap();
    assert_eq!(inbox.get(thread).await.unwrap().unread, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_action_meets_each_conversation_once_tells_its_progress_and_goes_on_where_it_was_ended() {
    let shop = Shop::in_memory().await;
    let threads = written(&shop, 3).await;
    let inbox = shop.org.inbox();
    let all = ConversationSelection::Filter(ConversationFilter::default());
    let run = async |selection: &ConversationSelection, action: &ConversationAction| -> InboxReport {
        inbox
            .bulk(selection, action, InboxWatch::default())
            .await
            .unwrap()
    };
    for (action, again) in [
        (ConversationAction::Read, 0),
        (ConversationAction::Unread, 0),
        (ConversationAction::Star, 0),
        (ConversationAction::Unstar, 0),
        (ConversationAction::Label(vec!["a".to_owned()]), 0),
        (ConversationAction::Unlabel(vec!["a".to_owned()]), 0),
        (ConversationAction::Resolve, 0),
    ] {
        let first = run(&all, &action).await;
        assert_eq!((first.changed, first.refused.len()), (3, 0), "{action:?}");
        let second = run(&all, &action).await;
        assert_eq!((second.changed, second.unchanged), (again, 3), "{action:?}");
    }
    let nowhere = ConversationId(shop.org.id().0);
    let ids = ConversationSelection::Ids(vec![threads[0], nowhere, threads[0]]);
    let report = run(&ids, &ConversationAction::Archive).await;
    assert_eq!((report.changed, report.refused["conversation.not_found"]), (1, 1));
    assert_eq!(report.refusals[0].conversation, nowhere);
    assert_eq!(listed(&shop, json!({})).await.len(), 2);

    let mut told = Vec::new();
    let cancel = CancellationToken::new();
    cancel.cancel();
    let watch = InboxWatch {
        progress: Some(Box::new(|report| told.push(report.changed))),
        cancel: Some(cancel),
        ..InboxWatch::default()
    };
    let report = inbox
        .bulk(&all, &ConversationAction::Delete, watch)
        .await
        .unwrap();
    assert_eq!((report.changed, report.next), (2, None), "one batch");
    assert_eq!(told, [2]);
    assert_eq!(listed(&shop, json!({"archived": "with"})).await, [threads[0]]);
    assert_eq!(shop.find(&number(1)).await.conversation, None);
    let place = InboxWatch {
        after: Some(tertulia::storage::Cursor("nowhere".to_owned())),
        ..InboxWatch::default()
    };
    let refused = inbox.bulk(&ids, &ConversationAction::Read, place).await;
    assert_eq!(refused.unwrap_err().code(), Code::CursorInvalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_open_conversations_of_who_leaves_go_with_their_contacts() {
    let shop = Shop::open().await;
    let threads = written(&shop, 3).await;
    let inbox = shop.org.inbox();
    let team = shop.org.team();
    let [rui, eva] = [
        team.add("Rui", Role::Agent).await,
        team.add("Eva", Role::Agent).await,
    ]
    .map(|member| member.unwrap().id);
    let everybody = Selection::Filter(Filter::Everyone);
    let assign = BulkAction::Assign(rui);
    let contacts = shop.org.contacts();
    contacts
        .bulk(&everybody, &assign, tertulia::BulkWatch::default())
        .await
        .unwrap();
    for thread in &threads {
        inbox.assign(*thread, Some(rui)).await.unwrap();
    }
    inbox.archive(threads[1], true).await.unwrap();
    inbox.resolve(threads[2]).await.unwrap();
    assert_eq!(team.deactivate(rui, Some(eva)).await.unwrap(), 3, "contacts");
    let whose: Vec<Option<_>> = {
        let mut whose = Vec::new();
        for thread in &threads {
            whose.push(inbox.get(*thread).await.unwrap().assignee);
        }
        whose
    };
    assert_eq!(
        whose,
        [Some(eva), Some(eva), Some(rui)],
        "who closed it stays known"
    );
    let refused = inbox.assign(threads[0], Some(rui)).await.unwrap_err();
    assert_eq!(refused.code(), Code::MemberInactive);
    let again = inbox.reopen(threads[2]).await.unwrap();
    assert_eq!((again.assignee, again.status()), (None, ConversationStatus::Open));
    team.deactivate(eva, None).await.unwrap();
    let left: Conversation = inbox.get(threads[0]).await.unwrap();
    assert_eq!(left.assignee, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn new_conversations_are_routed_and_contacts_are_found_by_where_theirs_stands() {
    let shop = Shop::open().await;
    let rui = shop.org.team().add("Rui", Role::Agent).await.unwrap().id;
    let vip = serde_json::from_value(json!({"tags": {"any": ["vip"]}})).unwrap();
    let rule = shop
        .org
        .routing()
        .add(NewRoutingRule {
            name: None,
            filter: Some(vip),
            channels: Some(vec![Channel::WhatsApp]),
            to: RoutingTarget::Member(rui),
        })
        .await
        .unwrap();
    let ana = shop.opted_in(&number(0), &["vip"]).await;
    shop.opted_in(&number(1), &[]).await;
    let would = shop.org.routing().test(ana.id, Channel::WhatsApp).await.unwrap();
    assert_eq!(would.map(|rule| rule.id), Some(rule));
    written(&shop, 2).await;
    let inbox = shop.org.inbox();
    let thread = shop.find(&number(0)).await.conversation.unwrap();
    assert_eq!(inbox.get(thread).await.unwrap().assignee, Some(rui));
    let standing = async |words: serde_json::Value| {
        let filter: Filter = serde_json::from_value(json!({"conversation": words})).unwrap();
        let segment = format!("{words}");
        let segment = shop.org.segments().create(&segment, &filter).await.unwrap();
        shop.org
            .contacts()
            .count(&Filter::Segment(segment))
            .await
            .unwrap()
    };
    assert_eq!(standing(json!(["assigned"])).await, 1);
    assert_eq!(standing(json!(["open", "assigned"])).await, 2);
    inbox.resolve(thread).await.unwrap();
    assert_eq!(standing(json!(["resolved"])).await, 1);
    inbox
        .bulk(
            &ConversationSelection::Ids(vec![thread]),
            &ConversationAction::Delete,
            InboxWatch::default(),
        )
        .await
        .unwrap();
    assert_eq!(standing(json!(["resolved", "assigned", "bot_active"])).await, 0);
    shop.org.routing().remove(rule).await.unwrap();
    assert_eq!(shop.org.routing().list().await.unwrap(), []);
}
