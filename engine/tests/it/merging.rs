//! Two records of one person: one timeline, one inbox, one message, and two again.

use tertulia::core::journal::EntryKind;
use tertulia::core::ledger::StateName;
use tertulia::testing::Inbound;
use tertulia::{Code, MergeRequest, PageOf, RecipientFilter};

use crate::support::Shop;

const ANA: &str = "+12025550100";
const HER: &str = "+12025550101";

fn with(duplicate: tertulia::core::ids::ContactId) -> MergeRequest {
    MergeRequest {
        duplicates: vec![duplicate],
        choices: Vec::new(),
    }
}

#[tokio::test]
async fn a_merged_contact_has_one_timeline_one_inbox_and_the_notes_of_both() {
    let shop = Shop::open().await;
    let (contacts, inbox, notes) = (shop.org.contacts(), shop.org.inbox(), shop.org.notes());
    for (number, seconds) in [(ANA, 0), (HER, 10), (ANA, 20), (HER, 30)] {
        shop.clock.advance(std::time::Duration::from_secs(10));
        let text = format!("at {seconds}");
        shop.platform.say(Inbound::text(number, &text)).await.unwrap();
    }
    let [ana, her] = [shop.find(ANA).await, shop.find(HER).await];
    notes.add(ana.id, "likes tea").await.unwrap();
    notes.add(her.id, "wholesale").await.unwrap();

    let preview = contacts.preview_merge(ana.id, &with(her.id)).await.unwrap();
    assert_eq!(preview.contact.merged, [her.id]);
    assert_eq!(contacts.get(her.id).await.unwrap().id, her.id, "nothing changed");
    contacts.merge(ana.id, &with(her.id)).await.unwrap();

    assert_eq!(shop.find(HER).await.id, ana.id);
    for id in [ana.id, her.id] {
        assert_eq!(contacts.get(id).await.unwrap().id, ana.id);
        let mut page = PageOf::first(3);
        let mut received = Vec::new();
        loop {
            let kinds = [EntryKind::MessageReceived, EntryKind::ContactMerged];
            let found = contacts.timeline(id, &kinds, &page).await.unwrap();
            received.extend(found.items.into_iter().map(|entry| entry.at));
            match found.next {
                Some(next) => page.cursor = Some(next),
                None => break,
            }
        }
        assert_eq!(received.len(), 5);
        assert!(received.is_sorted(), "by time, whoever it was told of");
        let written = notes.list(id, &PageOf::default()).await.unwrap().items;
        assert_eq!(written.len(), 2);
        assert!(written.iter().all(|note| note.contact == ana.id));
        let threads = inbox
            .conversations(Some(id), &PageOf::default())
            .await
            .unwrap()
            .items;
        assert_eq!(threads.len(), 2);
        for thread in threads {
            let messages = inbox.messages(thread.id, &PageOf::default()).await.unwrap().items;
            assert!(!messages.is_empty());
            for message in messages {
                assert_eq!(message.contact, ana.id);
                assert_eq!(inbox.message(message.id).await.unwrap().contact, ana.id);
            }
        }
    }

    let restored = contacts.undo_merge(her.id).await.unwrap();
    assert_eq!(restored.id, her.id);
    assert_eq!(shop.find(HER).await.id, her.id);
    let own = notes.list(her.id, &PageOf::default()).await.unwrap().items;
    assert_eq!(own.len(), 1);
    assert_eq!((own[0].contact, own[0].text.as_str()), (her.id, "wholesale"));
    let timeline = contacts
        .timeline(her.id, &[EntryKind::MessageReceived], &PageOf::default())
        .await
        .unwrap();
    assert_eq!(timeline.items.len(), 2);
    let again = contacts.undo_merge(her.id).await.unwrap_err();
    assert_eq!(again.code(), Code::ContactMergeFinal);
}

#[tokio::test]
async fn who_is_in_a_broadcast_twice_gets_it_once_whenever_they_are_merged() {
    for merged_first in [true, false] {
        let shop = Shop::open().await;
        let ana = shop.opted_in(ANA, &["all"]).await;
        let her = shop.opted_in(HER, &["all"]).await;
        let other = shop.opted_in("+12025550102", &["all"]).await;
        let contacts = shop.org.contacts();
        if merged_first {
            contacts.merge(ana.id, &with(her.id)).await.unwrap();
        }
        let broadcast = shop.launch("spring_sale", "all").await;
        if !merged_first {
            contacts.merge(ana.id, &with(her.id)).await.unwrap();
        }
        shop.crm.run_due().await.unwrap();
        let sent = shop.accepted_to(ANA) + shop.accepted_to(HER);
        assert_eq!(sent, 1, "{merged_first}");
        let stats = shop.org.broadcasts().stats(broadcast).await.unwrap();
        assert_eq!(stats.sent, 2);
        assert_eq!(stats.skipped.get("merged").copied(), (!merged_first).then_some(1));
        let rows = shop
            .org
            .broadcasts()
            .recipients(
                broadcast,
                &RecipientFilter::in_states(&[StateName::Skipped]),
                &PageOf::default(),
            )
            .await
            .unwrap();
        assert_eq!(rows.items.len(), usize::from(!merged_first));
        assert!(contacts.get(other.id).await.unwrap().last_campaign.is_some());
    }
}
