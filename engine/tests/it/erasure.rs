//! A person is erased: whatever was written of them is gone from the store's files, and whoever is beside them untouched.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tertulia::core::broadcast::Bucket;
use tertulia::core::contact::RecordStatus;
use tertulia::core::ids::{BroadcastId, ContactId, OrgId};
use tertulia::core::journal::{EntryFilter, EntryKind, What};
use tertulia::core::ledger::Campaign;
use tertulia::core::message::MediaSource;
use tertulia::core::record::{ChangeSet, Key, Op, Quarantined, Record, RecordKind};
use tertulia::core::window::WindowState;
use tertulia::storage::{
    JournalRequest, JournalView, PageRequest, Query, Storage, StorageError, StorageErrorKind,
};
use tertulia::testing::{Inbound, Person, Receipts, Status};
use tertulia::{
    AttributeKind, AuditFilter, Code, ContactOrder, ContactUpdate, Filter, ImportOptions, MemoryStorage,
    MergeRequest, NewContact, PageOf, Settings, SqliteStorage, Watch,
};
use tertulia_storage_sqlite::Options;

use crate::hooked::{Hook, Hooked};
use crate::support::{Shop, at, crm};

/// A Brazilian mobile: the platform knows it without its 9.
const PHONE: &str = "+5511987654321";
const SECOND: &str = "+919812345678";
const FORMER: &str = "+12025550177";
const MOVED_FROM: &str = "+12025550166";
const NEIGHBOUR: &str = "+12025550188";

/// What may be nowhere afterwards, in small letters.
const VALUES: [&str; 27] = [
    "5511987654321",
    "551187654321",
    "919812345678",
    "12025550177",
    "12025550166",
    "zoraida",
    "quintanilha",
    "zozo",
    "zora d",
    "first.zq@example.org",
    "zq@example.org",
    "other.zq@example.com",
    "crm-zq-77",
    "kiwi and zander",
    "peanuts of old",
    "marzipan",
    "zq said",
    "zq was told",
    "zq caption",
    "zq ad headline",
    "on paper by zq",
    "zq in quarantine",
    "zq in a notice",
    "zq-user",
    "zq.while.blocked",
    "zq thought again",
    "zq by the phone app",
];

fn zoraida() -> Person {
    Person::phone(PHONE).named("Zozo Q").username("zq-user")
}

/// A message id as WhatsApp makes them: the number is in it.
fn wamid(number: &str, word: &str) -> String {
    let number = number.trim_start_matches('+');
    let inside = format!("\u{1d}\u{18}\r{number}\u{15}\u{2}\0\u{12}\u{18}{word}");
    format!("wamid.{}", BASE64_STANDARD.encode(inside))
}

/// All records of a store, and its journal.
async fn all(storage: &dyn Storage, org: OrgId) -> (BTreeMap<Key, Record>, Vec<(u64, Value)>) {
    let mut records = BTreeMap::new();
    for kind in RecordKind::ALL {
        let mut request = PageRequest::first(
            Query::Records {
                org: None,
                kind: *kind,
            },
            5_000,
        );
        loop {
            let page = storage.page(request.clone()).await.unwrap();
            records.extend(
                page.records
                    .into_iter()
                    .map(|stored| (stored.record.key(), stored.record)),
            );
            match page.next {
                Some(next) => request.cursor = Some(next),
                None => break,
            }
        }
    }
    let request = JournalRequest {
        org,
        view: JournalView::Feed,
        filter: EntryFilter::default(),
        after: 0,
        cursor: None,
        backwards: false,
        limit: 1_000_000,
    };
    let entries = storage.journal(request).await.unwrap().entries.into_iter();
    let entries = entries.map(|(position, entry)| (position, serde_json::to_value(entry).unwrap()));
    (records, entries.collect())
}

/// The values that can be read in the files of a store.
fn legible(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let numbers = VALUES
        .iter()
        .filter(|value| value.bytes().all(|b| b.is_ascii_digit()));
    // A number stands at any of three places within a group of base64.
    let encoded: Vec<String> = numbers
        .flat_map(|number| {
            (0..3).map(move |before| {
                let text = format!("{}{number}", "\0".repeat(before));
                let whole = BASE64_STANDARD.encode(&text[..text.len() / 3 * 3]);
                whole[if before == 0 { 0 } else { 4 }..].to_owned()
            })
        })
        .collect();
    for file in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let lower = text.to_lowercase();
        found.extend(
            VALUES
                .iter()
                .filter(|value| lower.contains(*value))
                .map(ToString::to_string),
        );
        found.extend(encoded.iter().filter(|code| text.contains(*code)).cloned());
    }
    found
}

/// People beside whom nothing may change: by a file, in no order.
async fn crowd(shop: &Shop, from: u64, people: u64, tag: &str) {
    let mut file = "phone,name,email,tags,optedIn\n".to_owned();
    for n in 0..people {
        let n = from + (n * 7919) % people;
        writeln!(file, "+9198{n:08},Neighbour {n},n{n}@example.net,{tag},yes").unwrap();
    }
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
    assert_eq!(report.counts.created, people);
}

/// Everything that can be known of a person; the contact, the broadcast, and an image's id.
async fn a_life(shop: &Shop, storage: &dyn Storage, messages: u32) -> (ContactId, BroadcastId, String) {
    let contacts = shop.org.contacts();
    let said = async |message: Inbound| {
        shop.platform.say(message).await.unwrap();
        shop.platform.drain().await;
    };
    shop.platform.receipts(Receipts::read());
    shop.org
        .attributes()
        .define("allergy", AttributeKind::Text)
        .await
        .unwrap();

    // By a file, with a proof; then another number, one that the platform tells of, and values that changed.
    let file = format!(
        "phone,name,email,tags,optedIn,optInProof\n{FORMER},Zoraida Quintanilha,first.zq@example.org,circle,yes,2026-02-01\n"
    );
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
    assert_eq!(report.counts.created, 1);
    let id = shop.find(FORMER).await.id;
    contacts.replace_phone(id, FORMER, MOVED_FROM).await.unwrap();
    let moved = json!({ "type": "user_changed_number", "body": "moved", "wa_id": "551187654321" });
    said(Inbound::message(MOVED_FROM, "system", moved)).await;
    assert_eq!(shop.find(PHONE).await.id, id);
    shop.org
        .consent()
        .opt_in(id, Some("on paper by ZQ"))
        .await
        .unwrap();
    for (allergy, email) in [
        ("peanuts of old", "other.zq@example.com"),
        ("kiwi and zander", "zq@example.org"),
    ] {
        let update = ContactUpdate {
            attributes: [("allergy".to_owned(), json!(allergy))].into(),
            email: Some(email.to_owned()),
            ..ContactUpdate::default()
        };
        let revision = contacts.get(id).await.unwrap().revision;
        contacts.update(id, revision, &update).await.unwrap();
    }
    contacts.set_external_id(id, "crm", "CRM-ZQ-77").await.unwrap();
    shop.org.notes().add(id, "Likes marzipan.").await.unwrap();

    // What was said, both ways.
    let image = shop.platform.add_media("image/png", b"zq");
    let ad = json!({"source_id": "1", "headline": "zq ad headline"});
    said(Inbound::image(zoraida(), &image, Some("zq caption")).referral(ad)).await;
    for n in 0..messages {
        shop.platform
            .say(Inbound::text(zoraida(), &format!("zq said {n}")).id(&wamid(PHONE, &format!("{n:020}"))))
            .await
            .unwrap();
        let sent = shop
            .org
            .inbox()
            .send_text(id, format!("zq was told {n}"))
            .await
            .unwrap();
        if n % 10 == 0 {
            let target = sent.provider_id.unwrap();
            shop.platform
                .say(Inbound::reaction(zoraida(), &target, Some("❤")))
                .await
                .unwrap();
        }
    }
    said(Inbound::text(zoraida(), "zq first thought").id(&wamid(PHONE, "thought"))).await;
    said(Inbound::edit(
        zoraida(),
        &wamid(PHONE, "thought"),
        "zq thought again",
    ))
    .await;
    let echo = json!({ "from": "15550783881", "to": "551187654321", "id": wamid(PHONE, "echo"),
        "timestamp": "1772366400", "type": "text", "text": { "body": "zq by the phone app" } });
    shop.platform
        .change("smb_message_echoes", &json!({ "message_echoes": [echo] }))
        .await;
    for choice in ["stop", "resume"] {
        shop.platform.prefers(zoraida(), choice).await;
    }
    shop.platform.drain().await;
    shop.platform.call(&zoraida()).await;
    let broadcast = shop.launch("order_ready", "circle").await;
    shop.crm.run_due().await.unwrap();
    shop.platform.drain().await;

    // A duplicate of theirs, merged.
    let duplicate = NewContact {
        phone: Some(SECOND.to_owned()),
        name: Some("Zora D".to_owned()),
        ..NewContact::default()
    };
    let duplicate = contacts.create(duplicate).await.unwrap();
    said(Inbound::text(SECOND, "zq said by the other phone")).await;
    let request = MergeRequest {
        duplicates: vec![duplicate.id],
        choices: Vec::new(),
    };
    contacts.merge(id, &request).await.unwrap();

    // A neighbour's message that names their user id, too.
    let mut both = Person::phone(NEIGHBOUR);
    both.user_id = zoraida().user_id;
    said(Inbound::text(&both, "hello")).await;

    // Blocked for a while.
    contacts.block(id).await.unwrap();
    said(Inbound::text(zoraida(), "zq.while.blocked").id(&wamid(PHONE, "blocked"))).await;
    contacts.unblock(id).await.unwrap();

    // What nobody could read.
    shop.platform
        .change(
            "account_alerts",
            &json!({ "about": "+55 11 98765-4321", "words": "zq in a notice" }),
        )
        .await;
    let lost = json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages",
        "value": {"messaging_product": "whatsapp", "metadata": {"phone_number_id": "999"},
        "contacts": [{"wa_id": "551187654321", "profile": {"name": "Zozo"}}],
        "messages": [{"from": "551187654321", "id": "wamid.x", "timestamp": "1772366400", "type": "text",
        "text": {"body": "zq in quarantine"}}]}}]}]});
    shop.platform.post(lost.to_string()).await;
    let event = |n: u128, org, raw| Quarantined {
        id: uuid::Uuid::from_u128(n),
        org,
        received_at: DateTime::<Utc>::UNIX_EPOCH,
        reason: "a test".to_owned(),
        raw,
    };
    let ops = [
        event(
            1,
            Some(shop.org.id()),
            json!({ "from": PHONE, "said": "zq in quarantine" }),
        ),
        event(
            2,
            Some(OrgId(uuid::Uuid::nil())),
            json!({ "from": "+5511 9 8765 4321" }),
        ),
        event(3, None, json!({ "from": NEIGHBOUR })),
    ];
    let changes = ChangeSet {
        expect: Vec::new(),
        ops: ops.into_iter().map(|event| Op::Insert(event.into())).collect(),
    };
    storage.commit(changes).await.unwrap();

    said(Inbound::text(zoraida(), "STOP")).await;
    (id, broadcast, image.id)
}

/// Whether a record is of one of these contacts.
fn of(record: &Record, ids: &BTreeSet<ContactId>) -> bool {
    match record {
        Record::Contact(contact) => ids.contains(&contact.id),
        Record::Message(message) => ids.contains(&message.contact),
        Record::Conversation(thread) => ids.contains(&thread.contact),
        Record::Dispatch(row) => ids.contains(&row.contact),
        Record::Note(note) => ids.contains(&note.contact),
        Record::Touch(touch) => ids.contains(&touch.contact),
        Record::Merged(merged) => ids.contains(&merged.contact),
        Record::Identity(identity) => ids.contains(&identity.contact),
        Record::ExternalRef(external) => ids.contains(&external.contact),
        Record::Slot(slot) => ids.contains(&slot.contact),
        _ => false,
    }
}

#[tokio::test]
async fn nothing_of_an_erased_person_can_be_read_in_the_files_and_nobody_else_is_touched() {
    let shop = Shop::open().await;
    let folder = shop.folder.path().to_owned();
    let beside = SqliteStorage::open(folder.join("crm.db")).unwrap();
    let org = shop.org.id();
    let contacts = shop.org.contacts();
    crowd(&shop, 0, 1_200, "before").await;
    shop.contact(NEIGHBOUR, &[], None).await;
    let (id, broadcast, image) = a_life(&shop, &beside, 150).await;
    crowd(&shop, 10_000, 1_200, "after").await;
    let tally = async || {
        let mut tally = beside.tally(org, Campaign::Broadcast(broadcast)).await.unwrap();
        tally.sort();
        tally
    };
    let ids: BTreeSet<ContactId> = contacts.get(id).await.unwrap().ids().collect();
    assert_eq!(ids.len(), 2);
    let duplicate = *ids.iter().find(|other| **other != id).unwrap();
    let (before, journal_before) = all(&beside, org).await;
    let tally_before: Vec<(Bucket, u64)> = tally().await;
    let found = legible(&folder);
    let missing = VALUES
        .iter()
        .filter(|value| **value != "zq.while.blocked" && !found.contains(**value));
    assert_eq!(
        missing.collect::<Vec<_>>(),
        Vec::<&&str>::new(),
        "what is to be erased was there"
    );
    let encoded = found.iter().filter(|value| !VALUES.contains(&value.as_str()));
    assert!(encoded.count() > 0, "numbers stand in message ids, too");

    let sealed = shop.org.audit().export(&mut Vec::new()).await.unwrap();
    let certificate = contacts.erase(id).await.unwrap();
    let verdict = shop.org.audit().verify(sealed.head).await.unwrap();
    assert_eq!((verdict.first_break, verdict.holds_head), (None, Some(true)));
    assert!(verdict.redacted > 0 && verdict.redacted <= certificate.counts.journal_entries);

    assert_eq!(legible(&folder), BTreeSet::new());
    assert!(certificate.scrubbed && certificate.finished_at.is_some());
    let (after, journal_after) = all(&beside, org).await;
    let count = |fits: &dyn Fn(&Record) -> bool| before.values().filter(|record| fits(record)).count() as u64;
    let counts = certificate.counts;
    assert_eq!(
        counts.messages,
        count(&|r| matches!(r, Record::Message(_)) && of(r, &ids))
    );
    assert!(counts.messages > 300);
    assert_eq!(
        counts.conversations,
        count(&|r| matches!(r, Record::Conversation(_)) && of(r, &ids))
    );
    assert_eq!(
        counts.ledger_rows,
        count(&|r| matches!(r, Record::Dispatch(_)) && of(r, &ids))
    );
    let gone = |kind| {
        let of_kind =
            |records: &BTreeMap<Key, Record>| records.keys().filter(|key| key.kind() == kind).count() as u64;
        of_kind(&before) - of_kind(&after)
    };
    assert_eq!(counts.message_references, gone(RecordKind::MessageRef));
    assert_eq!(
        (counts.windows, counts.windows > 1),
        (gone(RecordKind::Window) + gone(RecordKind::Slot), true)
    );
    // Zora's number, two former ones and the present one, and the platform's ids.
    assert_eq!((counts.identities, gone(RecordKind::Identity)), (6, 4));
    assert_eq!(
        (counts.notes, counts.external_ids, counts.attributes, counts.tags),
        (1, 1, 2, 1)
    );
    assert_eq!(
        (counts.undo_snapshots, counts.quarantined, counts.mentions),
        (1, 2, 1)
    );
    assert!(counts.proofs >= 3 && counts.evidence == 0);
    let media: Vec<MediaSource> = certificate
        .media
        .iter()
        .map(|media| media.source.clone())
        .collect();
    assert_eq!(media, [MediaSource::Id(image)]);
    assert_eq!(contacts.certificate(duplicate).await.unwrap(), certificate);

    // All that is left of the person, and all that changed besides.
    let mut touched: BTreeMap<RecordKind, u64> = BTreeMap::new();
    for (key, record) in &after {
        if before.get(key) != Some(record) && key.kind() != RecordKind::Seal {
            *touched.entry(key.kind()).or_default() += 1;
        }
    }
    let addresses = 6 + 3;
    let expected = [
        (RecordKind::Contact, 2),
        (
            RecordKind::Dispatch,
            counts.ledger_rows
                - count(&|r| matches!(r, Record::Dispatch(row) if of(r, &ids) && row.match_key.is_none())),
        ),
        (RecordKind::Merged, 1),
        (RecordKind::Suppression, addresses),
        (RecordKind::Erasure, 1),
    ];
    assert_eq!(touched, expected.into());
    for (key, record) in &before {
        let may_go = of(record, &ids)
            || matches!(
                key.kind(),
                RecordKind::MessageRef | RecordKind::Window | RecordKind::Quarantined
            );
        assert!(may_go || after.contains_key(key), "{record:?}");
    }
    let neighbour = shop.find(NEIGHBOUR).await;
    assert!(neighbour.elsewhere.is_empty());
    assert_eq!(tally().await, tally_before);
    let redacted = journal_after
        .iter()
        .filter(|(_, entry)| entry["redacted"] == json!(true))
        .count() as u64;
    assert_eq!(counts.journal_entries, redacted);
    for ((position, was), (same, is)) in journal_before.iter().zip(&journal_after) {
        assert_eq!(position, same);
        for field in ["at", "recorded_at", "actor", "contact"] {
            assert_eq!(was[field], is[field]);
        }
        assert_eq!(was["what"]["what"], is["what"]["what"]);
        assert!(was == is || is["redacted"] == json!(true));
    }
    assert_eq!(journal_after.len(), journal_before.len() + 1);
    let told = shop
        .org
        .audit()
        .list(&AuditFilter::of(&[EntryKind::ContactErased]), &PageOf::default())
        .await
        .unwrap();
    assert!(
        matches!(told.items[..], [ref entry] if entry.contact == Some(id) && entry.what == What::ContactErased)
    );

    // Found by nothing, and the file is whole.
    for text in ["zoraida", "98765", "zq@example"] {
        let found = contacts
            .search(text, &Filter::Everyone, &PageOf::default())
            .await
            .unwrap();
        assert!(found.items.iter().all(|contact| contact.id != id), "{text}");
    }
    let all = contacts
        .list(&Filter::Everyone, ContactOrder::Created, &PageOf::default())
        .await
        .unwrap();
    assert!(all.items.iter().all(|contact| contact.id != id));
    assert_eq!(contacts.get(id).await.unwrap_err().code(), Code::ContactNotFound);
    let merge = contacts.undo_merge(duplicate).await.unwrap_err();
    assert_eq!(merge.code(), Code::ContactMergeFinal);
    let check = rusqlite::Connection::open(folder.join("crm.db")).unwrap();
    let whole: String = check
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(whole, "ok");
    check
        .execute(
            "INSERT INTO contact_search (contact_search, rank) VALUES ('integrity-check', 1)",
            [],
        )
        .unwrap();
}

/// The values that a store's records and journal have.
async fn told(storage: &dyn Storage, org: OrgId) -> BTreeSet<&'static str> {
    let (records, journal) = all(storage, org).await;
    let records: Vec<&Record> = records.values().collect();
    let text = format!("{}{}", serde_json::to_string(&records).unwrap(), json!(journal)).to_lowercase();
    VALUES.into_iter().filter(|value| text.contains(value)).collect()
}

/// A process that ends before a commit.
#[derive(Debug)]
struct Ends {
    /// How many commits it still does.
    left: AtomicUsize,
}

impl Ends {
    fn never() -> Hooked<MemoryStorage, Self> {
        Hooked {
            inner: MemoryStorage::new(),
            hook: Self {
                left: AtomicUsize::new(usize::MAX),
            },
        }
    }
}

impl Hook for Ends {
    fn before_commit(&self) -> Result<(), StorageError> {
        if self.left.load(Ordering::Relaxed) == 0 {
            return Err(StorageError::new(StorageErrorKind::Io, "the process ended"));
        }
        self.left.fetch_sub(1, Ordering::Relaxed);
        Ok(())
    }
}

#[tokio::test]
async fn an_erase_that_is_cut_off_anywhere_is_gone_on_with_and_certified_once() {
    let mut whole = None;
    for cut_at in (0..).map(|n: usize| n.checked_sub(1)) {
        let storage = Arc::new(Ends::never());
        let shop = Shop::over(storage.clone(), tempfile::tempdir().unwrap(), Settings::default()).await;
        let org = shop.org.id();
        shop.contact(NEIGHBOUR, &[], None).await;
        let (id, ..) = a_life(&shop, &*storage, 6).await;
        // The first time to the end.
        storage
            .hook
            .left
            .store(cut_at.unwrap_or(usize::MAX), Ordering::Relaxed);
        let erased = shop.org.contacts().erase(id).await;
        storage.hook.left.store(usize::MAX, Ordering::Relaxed);
        let certificate = match (erased, whole) {
            (Ok(certificate), None) => {
                assert_eq!(told(&*storage, org).await, BTreeSet::new());
                whole = Some(certificate.counts);
                continue;
            }
            (Ok(_), Some(_)) => {
                assert!(cut_at > Some(9), "many commits: {cut_at:?}");
                break;
            }
            (Err(error), _) => {
                assert_eq!(error.code(), Code::StorageIo);
                // Another process, some time later.
                let later = crm(
                    storage.clone(),
                    &shop.platform.base_url(),
                    shop.platform.config(),
                    shop.clock.clone(),
                );
                let done = later.run_due().await.unwrap();
                assert_eq!(done.erased, u64::from(cut_at != Some(0)), "{cut_at:?}");
                if cut_at == Some(0) {
                    assert_eq!(
                        later.org(org).contacts().get(id).await.unwrap().status,
                        RecordStatus::Active
                    );
                    later.org(org).contacts().erase(id).await.unwrap()
                } else {
                    later.org(org).contacts().certificate(id).await.unwrap()
                }
            }
        };
        assert_eq!(told(&*storage, org).await, BTreeSet::new(), "{cut_at:?}");
        assert_eq!(Some(certificate.counts), whole, "{cut_at:?}");
        assert!(certificate.scrubbed && certificate.media.len() == 1);
        // Asked for again, it is the same erase.
        let again = shop.org.contacts().erase(id).await.unwrap();
        assert_eq!(again, certificate);
        assert_eq!(shop.crm.run_due().await.unwrap().erased, 0);
    }
}

#[tokio::test]
async fn a_contact_that_was_deleted_with_its_conversations_kept_can_be_erased_by_any_of_its_ids() {
    let storage = Arc::new(Ends::never());
    let shop = Shop::over(storage.clone(), tempfile::tempdir().unwrap(), Settings::default()).await;
    let (org, contacts) = (shop.org.id(), shop.org.contacts());
    shop.contact(NEIGHBOUR, &[], None).await;
    let (id, ..) = a_life(&shop, &*storage, 3).await;
    let ids: Vec<ContactId> = contacts.get(id).await.unwrap().ids().collect();
    contacts.delete(id).await.unwrap();
    assert_eq!(
        contacts.certificate(id).await.unwrap_err().code(),
        Code::ContactNotFound
    );
    assert!(told(&*storage, org).await.len() > 10);
    // Her other number has another holder by now, whose window and messages are their own.
    shop.platform
        .say(Inbound::text(SECOND, "I am new here"))
        .await
        .unwrap();
    shop.platform.drain().await;
    let holder = shop.find(SECOND).await;

    let certificate = contacts.erase(ids[1]).await.unwrap();
    assert_eq!((certificate.contact, certificate.ids), (id, ids));
    assert!(certificate.counts.messages > 6 && certificate.counts.identities == 0);
    assert_eq!(told(&*storage, org).await, BTreeSet::from(["919812345678"]));
    assert_eq!(shop.find(SECOND).await, holder);
    let window = contacts.window(holder.id, shop.account).await.unwrap();
    assert!(matches!(window, WindowState::Open { .. }), "{window:?}");
    let unknown = ContactId(uuid::Uuid::nil());
    assert_eq!(
        contacts.erase(unknown).await.unwrap_err().code(),
        Code::ContactNotFound
    );
}

#[tokio::test]
async fn what_a_platform_repeats_from_before_an_erase_brings_nobody_back_and_a_stop_in_it_counts() {
    let shop = Shop::open().await;
    let contacts = shop.org.contacts();
    shop.platform.receipts(Receipts::none());
    let beside = shop.reopen().await;
    let says = async |words: &str, seconds: i64, id: &str| {
        let message = Inbound::text(PHONE, words).at(at(seconds)).id(id);
        shop.platform.say(message).await.unwrap();
        shop.platform.drain().await;
    };
    says("hello", 0, "wamid.1").await;
    let ana = shop.find(PHONE).await;
    let sent = shop
        .org
        .inbox()
        .send_text(ana.id, "hello")
        .await
        .unwrap()
        .provider_id
        .unwrap();
    shop.clock.set(at(100));
    contacts.erase(ana.id).await.unwrap();
    shop.clock.set(at(200));
    let org = shop.org.id();
    let (before, journal) = all(&*beside, org).await;

    // The platform's retries, what it was late with, and what becomes of messages that are gone.
    says("hello", 0, "wamid.1").await;
    says("I was late", 99, "wamid.2").await;
    shop.platform
        .say(Inbound::reaction(PHONE, &sent, Some("❤")).at(at(50)))
        .await
        .unwrap();
    shop.platform
        .say(Inbound::edit(PHONE, "wamid.1", "hullo").at(at(50)))
        .await
        .unwrap();
    shop.platform
        .statuses(&sent, &[Status::Delivered, Status::Read])
        .await
        .unwrap();
    shop.platform.drain().await;
    let (after, later) = all(&*beside, org).await;
    assert_eq!((after, later), (before.clone(), journal));
    says("STOP", 99, "wamid.3").await;
    let (after, _) = all(&*beside, org).await;
    let changed: Vec<RecordKind> = after
        .iter()
        .filter(|(key, record)| before.get(key) != Some(record))
        .map(|(key, _)| key.kind())
        .collect();
    assert!(
        !changed.is_empty() && changed.iter().all(|kind| *kind == RecordKind::Suppression),
        "{changed:?}"
    );
    let new = NewContact {
        phone: Some(PHONE.to_owned()),
        opted_in: Some(true),
        ..NewContact::default()
    };
    assert_eq!(
        contacts.create(new).await.unwrap_err().code(),
        Code::ConsentOptedOut
    );

    // Who writes afterwards is somebody new, to whom nothing from before is added.
    says("hello again", 150, "wamid.4").await;
    let new = shop.find(PHONE).await;
    assert_ne!(new.id, ana.id);
    says("I was late", 99, "wamid.2").await;
    let messages = shop
        .org
        .inbox()
        .messages(new.conversation.unwrap(), &PageOf::default())
        .await
        .unwrap();
    assert_eq!(messages.items.len(), 1);
    assert_eq!(
        contacts.certificate(new.id).await.unwrap_err().code(),
        Code::ContactNotFound
    );
}

#[tokio::test]
async fn while_somebody_reads_the_files_the_certificate_says_that_they_are_not_scrubbed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("crm.db");
    let mut options = Options::default();
    options.busy_timeout = Duration::from_millis(20);
    let storage = Arc::new(SqliteStorage::open_with(&file, &options).unwrap());
    let shop = Shop::over(storage.clone(), folder, Settings::default()).await;
    shop.contact(NEIGHBOUR, &[], None).await;
    let (id, ..) = a_life(&shop, &*storage, 3).await;
    let reader = rusqlite::Connection::open(&file).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM contacts;")
        .unwrap();
    let certificate = shop.org.contacts().erase(id).await.unwrap();
    assert!(certificate.finished_at.is_some() && !certificate.scrubbed);
    assert_eq!(told(&*storage, shop.org.id()).await, BTreeSet::new());
    assert!(!legible(shop.folder.path()).is_empty());
    assert_eq!(shop.crm.run_due().await.unwrap().erased, 0);
    reader.execute_batch("COMMIT").unwrap();
    // Whoever is in the way is given a minute.
    assert_eq!(shop.crm.run_due().await.unwrap().erased, 0);
    shop.clock.advance(Duration::from_secs(60));
    assert_eq!(shop.crm.run_due().await.unwrap().erased, 1);
    assert_eq!(legible(shop.folder.path()), BTreeSet::new());
    assert!(shop.org.contacts().certificate(id).await.unwrap().scrubbed);
}

#[tokio::test]
async fn a_dossier_has_every_record_that_names_the_person_under_any_id_and_nothing_of_others() {
    let storage = Arc::new(Ends::never());
    let shop = Shop::over(storage.clone(), tempfile::tempdir().unwrap(), Settings::default()).await;
    let contacts = shop.org.contacts();
    let neighbour = shop.contact(NEIGHBOUR, &[], None).await;
    let (id, ..) = a_life(&shop, &*storage, 6).await;
    let ids: BTreeSet<ContactId> = contacts.get(id).await.unwrap().ids().collect();
    let dossier = contacts.dossier(*ids.last().unwrap()).await.unwrap();
    assert_eq!(dossier, contacts.dossier(id).await.unwrap());
    let object = serde_json::to_value(&dossier).unwrap();
    let whole = object.to_string();
    let names = |text: &str| names_of(text) || ids.iter().any(|id| text.contains(&id.to_string()));
    let (records, journal) = all(&*storage, shop.org.id()).await;
    let mut seen = BTreeSet::new();
    for record in records.values() {
        let stored = serde_json::to_value(record).unwrap();
        let body = &stored["body"];
        if !names(&body.to_string()) || matches!(record, Record::Identity(_) | Record::ExternalRef(_)) {
            continue;
        }
        seen.insert(record.key().kind());
        let told = match record {
            Record::MessageRef(way) => dossier.message_references.contains(&way.token),
            Record::Contact(other) if other.id == neighbour.id => dossier
                .mentions
                .iter()
                .any(|mention| mention.id == other.id.to_string()),
            _ => whole.contains(&body.to_string()),
        };
        assert!(told, "{stored}");
    }
    for kind in [
        RecordKind::Contact,
        RecordKind::Merged,
        RecordKind::Message,
        RecordKind::Conversation,
        RecordKind::Dispatch,
        RecordKind::Window,
        RecordKind::Note,
        RecordKind::Quarantined,
    ] {
        assert!(seen.contains(&kind), "{kind:?}");
    }
    for (_, entry) in &journal {
        let told = object["journal"].as_array().unwrap().contains(entry);
        assert_eq!(told, names(&entry.to_string()), "{entry}");
    }
    assert_eq!(
        (dossier.imports.len(), dossier.message_references.len() > 12),
        (1, true)
    );
    assert!(!whole.contains(&NEIGHBOUR[1..]), "nothing of others");
    assert_eq!(dossier.erasure, None);

    let certificate = contacts.erase(id).await.unwrap();
    let after = contacts.dossier(id).await.unwrap();
    assert!(!names_of(&serde_json::to_string(&after).unwrap()));
    assert_eq!(after.erasure, Some(certificate));
    assert!(after.messages.is_empty() && !after.journal.is_empty());
}

fn names_of(text: &str) -> bool {
    let lower = text.to_lowercase();
    VALUES.iter().any(|value| lower.contains(value))
}

/// Labels are the organisation's words, as names of tags are: its list of them stays; what says that somebody had one goes.
#[tokio::test(flavor = "multi_thread")]
async fn labels_stay_in_the_organisations_list_and_nothing_says_who_had_them() {
    let shop = Shop::open().await;
    shop.platform.say(Inbound::text(PHONE, "hello")).await.unwrap();
    let person = shop.find(PHONE).await;
    let inbox = shop.org.inbox();
    inbox
        .label(person.conversation.unwrap(), &["Lawsuit"])
        .await
        .unwrap();
    let listed = async || {
        let labels = inbox.labels().await.unwrap();
        labels
            .into_iter()
            .map(|label| (label.name, label.conversations))
            .collect::<Vec<_>>()
    };
    assert_eq!(listed().await, [("Lawsuit".to_owned(), 1)]);
    shop.org.contacts().erase(person.id).await.unwrap();
    assert_eq!(listed().await, [("Lawsuit".to_owned(), 0)]);
    let filter = AuditFilter {
        kinds: vec![EntryKind::LabelAdded],
        ..AuditFilter::default()
    };
    let audit = shop.org.audit().list(&filter, &PageOf::default()).await.unwrap();
    let words: Vec<&str> = audit
        .items
        .iter()
        .filter_map(|entry| match &entry.what {
            What::LabelAdded { label, .. } => Some(label.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(words, [""]);
}
