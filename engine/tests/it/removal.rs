//! Contacts are deleted, many at once, too; what the plan counts, and who is created beyond it.

use std::time::Duration;

use tertulia::core::contact::{CreatedBy, RecordStatus};
use tertulia::core::journal::{Actor, EntryKind, What};
use tertulia::core::record::{Key, Org as OrgRecord, Record, RecordKind};
use tertulia::storage::{PageRequest, Query, Storage};
use tertulia::testing::Inbound;
use tertulia::{
    AuditFilter, BulkAction, BulkReport, BulkWatch, CancellationToken, Code, ContactOrder, Crm,
    DeletedConversations, Filter, ImportOptions, MemoryStorage, NewContact, PageOf, Plan, Role, Selection,
    Settings, Watch,
};

use crate::support::Shop;

const ANA: &str = "+919876543210";

fn person(phone: &str, opted_in: Option<bool>) -> NewContact {
    NewContact {
        phone: Some(phone.to_owned()),
        name: Some("Ana".to_owned()),
        opted_in,
        ..NewContact::default()
    }
}

async fn says(shop: &Shop, from: &str, text: &str) {
    shop.platform.say(Inbound::text(from, text)).await.unwrap();
    shop.platform.drain().await;
}

/// How a file of these rows was taken: created, rejected, opt-ins held back.
async fn import(shop: &Shop, file: &str) -> (u64, u64, u64) {
    let options = ImportOptions {
        file: "people.csv".to_owned(),
        ..ImportOptions::default()
    };
    let report = shop
        .org
        .imports()
        .run(file.as_bytes(), &options, Watch::default())
        .await
        .unwrap();
    (
        report.counts.created,
        report.counts.rejected,
        report.opt_ins_withheld,
    )
}

#[tokio::test]
async fn a_deleted_contact_is_in_no_list_count_search_or_audience_and_its_conversations_stay_or_go() {
    for conversations in [DeletedConversations::Keep, DeletedConversations::Remove] {
        let shop = Shop::with(Settings {
            deleted_conversations: conversations,
            ..Settings::default()
        })
        .await;
        let contacts = shop.org.contacts();
        let ana = shop.opted_in(ANA, &["vip"]).await;
        let other = shop.opted_in("+12025550123", &["vip"]).await;
        says(&shop, ANA, "hello").await;
        let note = shop.org.notes().add(ana.id, "Likes tea.").await.unwrap();
        let thread = contacts.get(ana.id).await.unwrap().conversation.unwrap();
        let launched = shop.launch("order_ready", "vip").await;
        contacts.delete(ana.id).await.unwrap();

        assert_eq!(
            contacts.get(ana.id).await.unwrap_err().code(),
            Code::ContactNotFound
        );
        assert_eq!(contacts.find_by_phone(ANA).await.unwrap(), None);
        for filter in [
            Filter::Everyone,
            Filter::tagged_any(["vip"]),
            Filter::OptedIn(true),
        ] {
            assert_eq!(contacts.count(&filter).await.unwrap(), 1, "{filter:?}");
        }
        let deleted = Filter::Status(vec![RecordStatus::Deleted]);
        assert_eq!(contacts.count(&deleted).await.unwrap(), 0);
        let all = contacts
            .list(&Filter::Everyone, ContactOrder::Name, &PageOf::default())
            .await
            .unwrap();
        assert_eq!(all.items.iter().map(|c| c.id).collect::<Vec<_>>(), [other.id]);
        let found = contacts
            .search("98765", &Filter::Everyone, &PageOf::default())
            .await
            .unwrap();
        assert!(found.items.is_empty());
        let tags = shop.org.tags().list().await.unwrap();
        assert_eq!(tags[0].contacts, 1);
        let edited = shop.org.notes().edit(note.id, "x").await.unwrap_err();
        assert_eq!(edited.code(), Code::NoteNotFound);

        let kept = conversations == DeletedConversations::Keep;
        let messages = shop
            .org
            .inbox()
            .messages(thread, &PageOf::default())
            .await
            .unwrap();
        assert_eq!(messages.items.len(), usize::from(kept));
        let threads = shop
            .org
            .inbox()
            .conversations(Some(ana.id), &PageOf::default())
            .await
            .unwrap();
        assert_eq!(threads.items.len(), usize::from(kept));

        shop.crm.run_due().await.unwrap();
        let stats = shop.org.broadcasts().stats(launched).await.unwrap();
        assert_eq!((stats.sent, stats.skipped.values().sum::<u64>()), (1, 1));
        assert_eq!(shop.accepted_to(ANA), 0);
        let everyone = shop
            .org
            .broadcasts()
            .create(tertulia::NewBroadcast {
                target: Selection::Filter(Filter::Everyone),
                ..shop.broadcast("order_ready", "all")
            })
            .await
            .unwrap();
        let preview = shop.org.broadcasts().preview(everyone).await.unwrap();
        assert_eq!((preview.total, preview.left_out.len()), (1, 0));
        shop.org.broadcasts().launch(everyone).await.unwrap();
        assert_eq!(shop.org.broadcasts().stats(everyone).await.unwrap().total, 1);
        let shown = shop.org.broadcasts().get(everyone).await.unwrap().target;
        assert_eq!(shown, tertulia::Target::Filter(Filter::Everyone));

        let told = contacts
            .timeline(ana.id, &[EntryKind::ContactDeleted], &PageOf::default())
            .await
            .unwrap();
        assert_eq!(told.items.len(), 1);
        // The person is somebody new.
        says(&shop, ANA, "hello again").await;
        let new = shop.find(ANA).await;
        assert!(new.id != ana.id && new.conversation != Some(thread));
    }
}

#[tokio::test]
async fn a_stop_outlives_the_contact_for_calls_files_and_messages_until_start() {
    let shop = Shop::open().await;
    let contacts = shop.org.contacts();
    let ana = shop.opted_in(ANA, &[]).await;
    says(&shop, ANA, "STOP").await;
    shop.clock.advance(Duration::from_secs(60));
    contacts.delete(ana.id).await.unwrap();

    let refused = contacts.create(person(ANA, Some(true))).await.unwrap_err();
    assert_eq!(refused.code(), Code::ConsentOptedOut);
    let refused = shop.org.inbox().start(person(ANA, Some(true))).await.unwrap_err();
    assert_eq!(refused.code(), Code::ConsentOptedOut);
    assert_eq!(contacts.count(&Filter::Everyone).await.unwrap(), 0);
    assert_eq!(
        import(&shop, "phone,name,optedIn\n+919876543210,Ana,true\n").await,
        (1, 0, 1)
    );
    let ana = shop.find(ANA).await;
    let refused = shop
        .org
        .inbox()
        .send(shop.templated(ana.id, "order_ready"))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::ConsentOptedOut);
    // Writing does not lift it; START does.
    says(&shop, ANA, "hello").await;
    assert!(!shop.org.consent().get(ana.id).await.unwrap().opted_in);
    shop.clock.advance(Duration::from_secs(60));
    says(&shop, ANA, "START").await;
    contacts.delete(ana.id).await.unwrap();
    let ana = contacts.create(person(ANA, Some(true))).await.unwrap();
    shop.org
        .inbox()
        .send(shop.templated(ana.id, "order_ready"))
        .await
        .unwrap();
}

#[tokio::test]
async fn each_organisation_hashes_addresses_with_a_key_of_its_own() {
    let storage = std::sync::Arc::new(MemoryStorage::new());
    let crm = Crm::builder().storage(storage.clone()).build().unwrap();
    let mut keys = Vec::new();
    for _ in 0..2 {
        let org = crm.create_org(Settings::default()).await.unwrap();
        let ana = org.contacts().create(person(ANA, None)).await.unwrap();
        org.consent().opt_out(ana.id, None).await.unwrap();
        org.contacts().delete(ana.id).await.unwrap();
        let found = storage
            .load(vec![Key::Org { org: org.id() }])
            .await
            .unwrap()
            .remove(0);
        let record = OrgRecord::try_from(found.unwrap().record).unwrap();
        keys.push(record.suppression_key);
    }
    let query = Query::Records {
        org: None,
        kind: RecordKind::Suppression,
    };
    let held = storage.page(PageRequest::first(query, 10)).await.unwrap().records;
    let mut hashes: Vec<String> = held
        .into_iter()
        .map(|stored| match stored.record {
            Record::Suppression(held) => held.hash,
            other => panic!("{other:?}"),
        })
        .collect();
    hashes.dedup();
    assert_eq!(hashes.len(), 2);
    assert_ne!(keys[0], keys[1]);
}

#[tokio::test]
async fn many_are_deleted_with_progress_and_the_rest_after_a_cancellation() {
    let shop = Shop::in_memory().await;
    let mut file = "phone,name\n".to_owned();
    for number in 0..2_100 {
        use std::fmt::Write as _;
        writeln!(file, "+1202555{number:04},P{number}").unwrap();
    }
    assert_eq!(import(&shop, &file).await.0, 2_100);
    let contacts = shop.org.contacts();
    let cancel = CancellationToken::new();
    cancel.cancel();
    let mut told = Vec::new();
    let watch = BulkWatch {
        progress: Some(Box::new(|report: &BulkReport| told.push(report.changed))),
        cancel: Some(cancel),
        after: None,
    };
    let everyone = Selection::Filter(Filter::Everyone);
    let report = contacts
        .bulk(&everyone, &BulkAction::Delete, watch)
        .await
        .unwrap();
    assert_eq!((told, report.changed), (vec![2_000], 2_000));
    assert_eq!(contacts.count(&Filter::Everyone).await.unwrap(), 100);
    let rest = BulkWatch {
        after: report.next,
        ..BulkWatch::default()
    };
    let report = contacts.bulk(&everyone, &BulkAction::Delete, rest).await.unwrap();
    assert_eq!(
        (report.changed, report.refused_total(), report.next),
        (100, 0, None)
    );
    assert_eq!(contacts.usage().await.unwrap().contacts, 0);
}

#[tokio::test]
async fn the_plan_counts_all_but_deleted_ones_and_leads_and_people_who_write_are_never_lost() {
    let settings = |plan| Settings {
        name_required: false,
        plan,
        ..Settings::default()
    };
    let shop = Shop::with(settings(Plan::Contacts(2))).await;
    let contacts = shop.org.contacts();
    let usage = async || {
        let usage = contacts.usage().await.unwrap();
        (usage.contacts, usage.limit, usage.over_by)
    };
    assert_eq!(usage().await, (0, Some(2), 0));
    let first = contacts.create(person("+12025550101", None)).await.unwrap();
    assert_eq!(first.created_by, CreatedBy::Api);
    let priya = shop.org.team().add("Priya", Role::Agent).await.unwrap().id;
    let by_hand = shop.org.acting_as(priya);
    let second = by_hand
        .contacts()
        .create(person("+12025550102", None))
        .await
        .unwrap();
    assert_eq!(second.created_by, CreatedBy::Manual);
    assert_eq!(usage().await, (2, Some(2), 0));

    // Full: nobody by hand, by the API, by a file or to write to.
    let new = person("+12025550103", None);
    for refused in [
        contacts.create(new.clone()).await,
        by_hand.contacts().create(new.clone()).await,
        by_hand
            .inbox()
            .start(new.clone())
            .await
            .map(|(contact, _)| contact),
        contacts
            .upsert(new.clone(), "shop", "c-1")
            .await
            .map(|(contact, _)| contact),
    ] {
        assert_eq!(refused.unwrap_err().code(), Code::ContactLimit);
    }
    assert_eq!(import(&shop, "phone,name\n+12025550103,Max\n").await, (0, 1, 0));
    // A lead and a person who writes are taken in, and the excess is told.
    let lead = contacts.capture_lead(person("+12025550104", None)).await.unwrap();
    assert_eq!(lead.created_by, CreatedBy::Chatbot);
    says(&shop, "+12025550105", "hello").await;
    assert_eq!(shop.find("+12025550105").await.created_by, CreatedBy::Inbound);
    assert_eq!(usage().await, (4, Some(2), 2));
    let created = shop
        .org
        .audit()
        .list(&AuditFilter::of(&[EntryKind::ContactCreated]), &PageOf::default())
        .await
        .unwrap();
    let over: Vec<bool> = created
        .items
        .iter()
        .filter_map(|entry| match entry.what {
            What::ContactCreated { over_limit, .. } => Some(over_limit),
            _ => None,
        })
        .collect();
    assert_eq!(over, [false, false, true, true]);

    // Deleted ones make room.
    for id in [first.id, second.id, lead.id] {
        contacts.delete(id).await.unwrap();
    }
    assert_eq!(usage().await, (1, Some(2), 0));
    assert_eq!(import(&shop, "phone,name\n+12025550103,Max\n").await, (1, 0, 0));
    assert_eq!(shop.find("+12025550103").await.created_by, CreatedBy::Import);
    shop.org.settings().set(settings(Plan::Free)).await.unwrap();
    assert_eq!(usage().await, (2, Some(100), 0));
    let (started, thread) = by_hand.inbox().start(person("+12025550106", None)).await.unwrap();
    assert_eq!(
        (started.created_by, started.conversation),
        (CreatedBy::Outbound, Some(thread.id))
    );
    shop.org.settings().set(settings(Plan::Scale)).await.unwrap();
    assert_eq!(usage().await, (3, None, 0));
    // A plan with a limit counts at once.
    contacts.create(person("+12025550107", None)).await.unwrap();
    shop.org
        .settings()
        .set(settings(Plan::Contacts(4)))
        .await
        .unwrap();
    let refused = contacts.create(person("+12025550108", None)).await.unwrap_err();
    assert_eq!(refused.code(), Code::ContactLimit);
    let entry = shop
        .org
        .audit()
        .list(&AuditFilter::of(&[EntryKind::ContactCreated]), &PageOf::last(2))
        .await
        .unwrap();
    assert_eq!(entry.items[1].actor, Actor::Agent(priya));
}
