//! Broadcasts to those who are named, and to recipients of another one.

use std::time::Duration;

use tertulia::core::ids::{BroadcastId, ContactId};
use tertulia::core::ledger::{SkipReason, StateName};
use tertulia::testing::Receipts;
use tertulia::testing::platform::Status;
use tertulia::{
    Code, Filter, MergeRequest, NewBroadcast, PageOf, RecipientFilter, RecipientSelection, Selection,
    Simulated, Target,
};
use uuid::Uuid;

use crate::support::{Shop, crm};

const NOBODY: ContactId = ContactId(Uuid::from_u128(1));

fn number(n: usize) -> String {
    format!("+1202555{n:04}")
}

fn to(shop: &Shop, target: Selection) -> NewBroadcast {
    NewBroadcast {
        target,
        ..shop.broadcast("order_ready", "none")
    }
}

fn recipients(broadcast: BroadcastId, states: &[StateName]) -> Selection {
    Selection::Recipients(RecipientSelection {
        broadcast,
        who: RecipientFilter::in_states(states),
    })
}

/// All that a broadcast would do, read in pages of this size.
async fn simulated(shop: &Shop, id: BroadcastId, mut page: PageOf) -> Vec<Simulated> {
    let mut all = Vec::new();
    loop {
        let found = shop.org.broadcasts().simulate(id, &page).await.unwrap();
        all.extend(found.items);
        page.cursor = found.next;
        if page.cursor.is_none() {
            return all;
        }
    }
}

/// Twelve who opted in; then one without opt-in, a deleted one, one who was merged, and an id of nobody.
async fn named(shop: &Shop) -> Vec<ContactId> {
    let mut ids = Vec::new();
    for n in 0..12 {
        ids.push(shop.opted_in(&number(n), &[]).await.id);
    }
    ids.push(shop.contact(&number(20), &[], None).await.id);
    let gone = shop.opted_in(&number(21), &[]).await.id;
    shop.org.contacts().delete(gone).await.unwrap();
    ids.push(gone);
    let twin = shop.opted_in(&number(22), &[]).await.id;
    let request = MergeRequest {
        duplicates: vec![twin],
        ..MergeRequest::default()
    };
    shop.org.contacts().merge(ids[0], &request).await.unwrap();
    ids.extend([twin, NOBODY]);
    // Once more, the other way round.
    ids.extend(ids.clone().into_iter().rev());
    ids
}

#[tokio::test]
async fn those_who_are_named_are_shown_before_and_sent_to_as_shown_each_once() {
    for shop in [Shop::open().await, Shop::in_memory().await] {
        let named = named(&shop).await;
        shop.opted_in(&number(30), &[]).await;
        let broadcasts = shop.org.broadcasts();
        let id = broadcasts
            .create(to(&shop, Selection::Ids(named.clone())))
            .await
            .unwrap();
        assert_eq!(broadcasts.get(id).await.unwrap().target, Target::List);
        let preview = broadcasts.preview(id).await.unwrap();
        assert_eq!((preview.total, preview.first.len()), (12, 10));
        let left_out: Vec<(SkipReason, u64)> = preview.left_out.into_iter().collect();
        let expected = [
            (SkipReason::NotOptedIn, 1),
            (SkipReason::Deleted, 1),
            (SkipReason::NotFound, 1),
        ];
        assert_eq!(left_out, expected);

        let all = simulated(&shop, id, PageOf::first(50)).await;
        assert_eq!(all.len(), 15);
        let skip = |contact| all.iter().find(|one| one.contact == contact).unwrap().skip;
        assert_eq!(skip(NOBODY), Some(SkipReason::NotFound));
        assert_eq!(skip(named[13]), Some(SkipReason::Deleted));
        assert_eq!(skip(named[0]), None);
        assert_eq!(all.iter().filter(|one| one.text.is_some()).count(), 12);
        // Whoever is met by two ids is met once, in pages of any size, forwards and backwards.
        assert_eq!(simulated(&shop, id, PageOf::first(2)).await, all);
        let mut backwards = simulated(&shop, id, PageOf::last(4)).await;
        backwards.reverse();
        assert_eq!(backwards, all);
        let elsewhere = PageOf {
            cursor: Some(tertulia::storage::Cursor(Uuid::nil().to_string())),
            ..PageOf::default()
        };
        let error = broadcasts.simulate(id, &elsewhere).await.unwrap_err();
        assert_eq!(error.code(), Code::CursorInvalid);

        broadcasts.launch(id).await.unwrap();
        let again = broadcasts.preview(id).await.unwrap();
        assert_eq!(again.total, 12, "whoever was on the list is a recipient now");
        shop.crm.run_due().await.unwrap();
        let stats = broadcasts.stats(id).await.unwrap();
        assert_eq!((stats.total, stats.sent), (15, 12), "{stats:?}");
        for reason in ["not_opted_in", "deleted", "not_found"] {
            assert_eq!(stats.skipped[reason], 1);
        }
        assert_eq!(shop.platform.accepted().len(), 12);
        let nobody = RecipientFilter {
            reasons: vec!["not_found".to_owned()],
            ..RecipientFilter::default()
        };
        let nobody = broadcasts
            .recipients(id, &nobody, &PageOf::default())
            .await
            .unwrap();
        assert_eq!(nobody.items[0].contact, NOBODY);
        assert_eq!(
            nobody.items[0].reason.as_deref(),
            Some("there is no such contact")
        );
    }
}

#[tokio::test]
async fn a_list_is_there_after_a_restart_and_gone_once_it_is_needed_no_more() {
    let shop = Shop::open().await;
    let ids = named(&shop).await;
    let lists = || -> i64 {
        let count = "SELECT count(*) FROM target_lists";
        shop.file().query_row(count, [], |row| row.get(0)).unwrap()
    };
    let broadcasts = shop.org.broadcasts();
    let launched = broadcasts
        .create(to(&shop, Selection::Ids(ids.clone())))
        .await
        .unwrap();
    let cancelled = broadcasts
        .create(to(&shop, Selection::Ids(ids.clone())))
        .await
        .unwrap();
    let replaced = broadcasts
        .create(to(&shop, Selection::Ids(ids.clone())))
        .await
        .unwrap();
    broadcasts
        .update(replaced, shop.broadcast("order_ready", "vip"))
        .await
        .unwrap();
    broadcasts.cancel(cancelled).await.unwrap();
    assert_eq!(lists(), 1);

    let storage = shop.reopen().await;
    let again = crm(
        storage,
        &shop.platform.base_url(),
        shop.platform.config(),
        shop.clock.clone(),
    );
    let org = again.org(shop.org.id());
    let preview = org.broadcasts().preview(launched).await.unwrap();
    assert_eq!((preview.total, preview.left_out.len()), (12, 3));
    org.broadcasts().launch(launched).await.unwrap();
    assert_eq!(lists(), 0);
    assert_eq!(org.broadcasts().stats(launched).await.unwrap().total, 15);
}

#[tokio::test]
async fn an_erased_person_is_on_no_list_any_more() {
    let shop = Shop::open().await;
    let ids = named(&shop).await;
    let id = shop
        .org
        .broadcasts()
        .create(to(&shop, Selection::Ids(ids.clone())))
        .await
        .unwrap();
    let erased = ids[0];
    shop.org.contacts().erase(erased).await.unwrap();
    let body: String = shop
        .file()
        .query_row("SELECT body FROM target_lists", [], |row| row.get(0))
        .unwrap();
    assert!(!body.contains(&erased.to_string()) && body.contains(&ids[1].to_string()));
    let twin = ids[14].to_string();
    assert!(
        !body.contains(&twin),
        "nor by the id of whom they were merged with"
    );
    let preview = shop.org.broadcasts().preview(id).await.unwrap();
    assert_eq!(preview.total, 11);
    assert_eq!(
        preview.left_out[&SkipReason::Deleted],
        1,
        "the one who was deleted before"
    );
}

#[tokio::test]
async fn those_who_did_not_read_the_last_one_are_a_target() {
    let shop = Shop::open().await;
    for n in 0..6 {
        shop.opted_in(&number(n), &["vip"]).await;
    }
    let broadcasts = shop.org.broadcasts();
    let last = broadcasts
        .create(shop.broadcast("order_ready", "vip"))
        .await
        .unwrap();
    let unread = [StateName::Accepted, StateName::Sent, StateName::Delivered];
    let id = broadcasts
        .create(to(&shop, recipients(last, &unread)))
        .await
        .unwrap();
    assert_eq!(
        broadcasts.preview(id).await.unwrap().total,
        0,
        "nobody was sent the last one yet"
    );
    shop.platform.receipts(Receipts::by(|sent| {
        let reads = [number(1), number(4)]
            .iter()
            .any(|number| sent.to.as_ref() == Some(number));
        let all = [Status::Sent, Status::Delivered, Status::Read];
        all[..if reads { 3 } else { 2 }].to_vec()
    }));
    broadcasts.launch(last).await.unwrap();
    shop.crm.run_due().await.unwrap();
    shop.platform.drain().await;
    assert_eq!(broadcasts.stats(last).await.unwrap().read, 2);

    let preview = broadcasts.preview(id).await.unwrap();
    assert_eq!((preview.total, preview.left_out.len()), (4, 0));
    let all = simulated(&shop, id, PageOf::first(50)).await;
    assert_eq!(simulated(&shop, id, PageOf::first(1)).await, all);
    // Two of them turn out to be one, who gets it once.
    let (one, other) = (shop.find(&number(0)).await.id, shop.find(&number(2)).await.id);
    let request = MergeRequest {
        duplicates: vec![other],
        ..MergeRequest::default()
    };
    shop.org.contacts().merge(one, &request).await.unwrap();
    let all = simulated(&shop, id, PageOf::first(1)).await;
    assert_eq!(all.len(), 3);
    assert_eq!(broadcasts.preview(id).await.unwrap().total, 3);
    // A sender leaves some seconds between two messages to one person.
    shop.clock.advance(Duration::from_secs(6));
    broadcasts.launch(id).await.unwrap();
    shop.crm.run_due().await.unwrap();
    let stats = broadcasts.stats(id).await.unwrap();
    assert_eq!((stats.total, stats.sent), (3, 3), "{stats:?}");
    assert_eq!(
        shop.accepted_to(&number(1)),
        1,
        "whoever read the last one got no other"
    );
    let target = broadcasts.get(id).await.unwrap().target;
    assert!(matches!(target, Target::Recipients(meant) if meant.broadcast == last));
}

#[tokio::test]
async fn a_test_goes_out_whatever_the_target_and_a_filter_is_one_still() {
    let shop = Shop::open().await;
    let ana = shop.opted_in(&number(0), &[]).await.id;
    let broadcasts = shop.org.broadcasts();
    let id = broadcasts
        .create(to(&shop, Selection::Ids(Vec::new())))
        .await
        .unwrap();
    broadcasts.send_test(id, ana).await.unwrap();
    assert_eq!(shop.accepted_to(&number(0)), 1);
    broadcasts
        .update(id, to(&shop, Selection::Filter(Filter::Everyone)))
        .await
        .unwrap();
    assert_eq!(
        broadcasts.get(id).await.unwrap().target,
        Target::Filter(Filter::Everyone)
    );
    broadcasts
        .update(id, to(&shop, Selection::Ids(Vec::new())))
        .await
        .unwrap();
    broadcasts.launch(id).await.unwrap();
    assert_eq!(
        shop.crm.run_due().await.unwrap().finished,
        1,
        "a list of nobody is finished with 0"
    );
}
