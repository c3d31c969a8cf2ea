//! The host's key for the hashes of suppressed addresses: taken, kept to, and what a store without it gives away.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tertulia::core::ids::OrgId;
use tertulia::core::journal::{EntryFilter, EntryKind};
use tertulia::core::record::{ChangeSet, Op, Org as OrgRecord, Record, RecordKind};
use tertulia::storage::{
    JournalRequest, JournalView, PageRequest, Query, Storage, StorageError, StorageErrorKind,
};
use tertulia::testing::Inbound;
use tertulia::{Code, Crm, HostKey, MemoryStorage, NewContact, Org, Settings, SqliteStorage};

use crate::hooked::{Hook, Hooked};
use crate::support::Shop;

const ANA: &str = "+919876543210";
const RUI: &str = "+351912345678";

fn person(phone: &str, opted_in: Option<bool>) -> NewContact {
    NewContact {
        phone: Some(phone.to_owned()),
        name: Some("Ana".to_owned()),
        opted_in,
        ..NewContact::default()
    }
}

fn key() -> HostKey {
    HostKey::new([3; 32])
}

/// A CRM over a store, with a key or without.
fn over(storage: &Arc<dyn Storage>, key: Option<HostKey>) -> Crm {
    let builder = Crm::builder().storage(storage.clone());
    match key {
        Some(key) => builder.suppression_key(key),
        None => builder,
    }
    .build()
    .unwrap()
}

/// Ana opted out and was deleted; Rui was erased.
async fn gone(org: &Org) {
    let ana = org.contacts().create(person(ANA, Some(true))).await.unwrap();
    org.consent().opt_out(ana.id, None).await.unwrap();
    org.contacts().delete(ana.id).await.unwrap();
    let rui = org.contacts().create(person(RUI, None)).await.unwrap();
    org.consent().opt_out(rui.id, None).await.unwrap();
    org.contacts().erase(rui.id).await.unwrap();
}

/// Whether the opt-outs of both are still held against them.
async fn held(org: &Org) -> bool {
    let mut held = true;
    for number in [ANA, RUI] {
        let again = org.contacts().create(person(number, None)).await.unwrap();
        held &= !org.consent().get(again.id).await.unwrap().history.is_empty();
        org.contacts().delete(again.id).await.unwrap();
    }
    held
}

async fn records(storage: &Arc<dyn Storage>, kind: RecordKind) -> Vec<Record> {
    let query = Query::Records { org: None, kind };
    let page = storage.page(PageRequest::first(query, 1_000)).await.unwrap();
    page.records.into_iter().map(|stored| stored.record).collect()
}

/// The hashes of addresses in a store.
async fn hashes(storage: &Arc<dyn Storage>) -> Vec<String> {
    let held = records(storage, RecordKind::Suppression).await.into_iter();
    let held = held.filter_map(|record| match record {
        Record::Suppression(held) => Some(held.hash),
        _ => None,
    });
    let rows = records(storage, RecordKind::Dispatch).await.into_iter();
    let rows = rows.filter_map(|record| match record {
        Record::Dispatch(row) => Some(row.match_key?.strip_prefix("erased:")?.to_owned()),
        _ => None,
    });
    held.chain(rows).collect()
}

/// What hashes would be without the host's key: whoever has the store can make these of any number.
async fn guesses(storage: &Arc<dyn Storage>) -> Vec<String> {
    let memory: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    for record in records(storage, RecordKind::Org).await {
        let mut org = OrgRecord::try_from(record).unwrap();
        org.host_key = None;
        let changes = ChangeSet {
            expect: Vec::new(),
            ops: vec![Op::Insert(org.clone().into())],
        };
        memory.commit(changes).await.unwrap();
        gone(&over(&memory, None).org(org.id)).await;
    }
    hashes(&memory).await
}

#[tokio::test]
async fn whoever_has_the_store_alone_cannot_try_out_numbers_against_its_hashes() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let crm = over(&storage, Some(key()));
    let org = crm.create_org(Settings::default()).await.unwrap();
    gone(&org).await;
    let (stored, guessed) = (hashes(&storage).await, guesses(&storage).await);
    assert_eq!((stored.len(), guessed.len()), (2, 2));
    assert!(stored.iter().all(|hash| !guessed.contains(hash)));
    assert!(held(&org).await);
    assert!(held(&over(&storage, Some(key())).org(org.id())).await);
}

#[tokio::test]
async fn an_organisation_is_not_used_without_its_key_or_with_another() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let id = over(&storage, Some(key()))
        .create_org(Settings::default())
        .await
        .unwrap()
        .id();
    for (key, code) in [
        (None, Code::SuppressionKeyMissing),
        (Some(HostKey::new([4; 32])), Code::SuppressionKeyWrong),
    ] {
        let crm = over(&storage, key);
        let refused = crm
            .org(id)
            .contacts()
            .create(person(ANA, Some(true)))
            .await
            .unwrap_err();
        assert_eq!(refused.code(), code);
        assert!(refused.message().contains(&id.to_string()));
        assert_eq!(crm.org(id).settings().get().await.unwrap_err().code(), code);
    }
    assert!(records(&storage, RecordKind::Contact).await.is_empty());
}

/// What the feed says of keys that were taken: how many hashes.
async fn taken(storage: &Arc<dyn Storage>, org: OrgId) -> Vec<serde_json::Value> {
    let request = JournalRequest {
        org,
        view: JournalView::Audit,
        filter: EntryFilter {
            kinds: vec![EntryKind::HashesKeyed],
            ..EntryFilter::default()
        },
        after: 0,
        cursor: None,
        backwards: false,
        limit: 100,
    };
    let entries = storage.journal(request).await.unwrap().entries.into_iter();
    entries
        .map(|(_, entry)| serde_json::to_value(entry.what).unwrap()["hashes"].clone())
        .collect()
}

#[tokio::test]
async fn an_organisation_from_before_takes_the_key_with_all_its_hashes_and_nobody_goes_on_without() {
    let shop = Shop::open().await;
    // An erased recipient's row keeps a hash in its address's place.
    let rita = shop.opted_in("+12025550111", &["spring"]).await;
    shop.launch("spring_sale", "spring").await;
    shop.crm.run_due().await.unwrap();
    shop.org.contacts().erase(rita.id).await.unwrap();
    gone(&shop.org).await;
    let path = shop.folder.path().join("crm.db");
    let storage: Arc<dyn Storage> = Arc::new(SqliteStorage::open(&path).unwrap());
    let before = hashes(&storage).await;
    assert!(before.len() >= 4, "{before:?}");

    let org = over(&storage, Some(key())).org(shop.org.id());
    assert!(held(&org).await);
    let after = hashes(&storage).await;
    assert_eq!(before.len(), after.len());
    assert!(after.iter().all(|hash| !before.contains(hash)));
    assert_eq!(taken(&storage, org.id()).await, [serde_json::json!(before.len())]);

    // Whoever had it open without the key, and read the organisation before, is stopped at the first change.
    let refused = shop
        .org
        .contacts()
        .create(person("+12025550122", Some(true)))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::SuppressionKeyMissing);
    let heard = shop.platform.say(Inbound::text("+12025550133", "hello")).await;
    assert!(heard.is_ok());
    assert_eq!(records(&storage, RecordKind::Message).await.len(), 0);

    // It is taken once, and an audit sealed before still holds.
    let again = over(&storage, Some(key())).org(org.id());
    assert!(held(&again).await);
    assert_eq!(taken(&storage, org.id()).await.len(), 1);
    assert!(again.audit().verify(None).await.unwrap().first_break.is_none());

    // The files do not tell what the hashes were.
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend(std::fs::read(path.with_extension("db-wal")).unwrap_or_default());
    let text = String::from_utf8_lossy(&bytes);
    assert!(after.iter().all(|hash| text.contains(hash)));
    let still: Vec<&String> = before.iter().filter(|hash| text.contains(*hash)).collect();
    assert!(still.is_empty(), "{still:?}");
}

/// The power goes at one of the commits.
#[derive(Debug)]
struct CutAt(AtomicUsize);

impl Hook for CutAt {
    fn before_commit(&self) -> Result<(), StorageError> {
        match self.0.fetch_sub(1, Ordering::SeqCst) {
            0 => Err(StorageError::new(StorageErrorKind::Io, "no power")),
            _ => Ok(()),
        }
    }
}

#[tokio::test]
async fn a_key_that_was_being_taken_when_the_power_went_is_taken_by_whoever_comes_next() {
    for cut in 0..4 {
        let folder = tempfile::tempdir().unwrap();
        let file = || SqliteStorage::open(folder.path().join("crm.db")).unwrap();
        let storage: Arc<dyn Storage> = Arc::new(file());
        let org = over(&storage, None)
            .create_org(Settings::default())
            .await
            .unwrap();
        gone(&org).await;
        let before = hashes(&storage).await;

        let cutting: Arc<dyn Storage> = Arc::new(Hooked {
            inner: file(),
            hook: CutAt(AtomicUsize::new(cut)),
        });
        let cut_off = over(&cutting, Some(key())).org(org.id()).settings().get().await;
        assert_eq!(cut_off.is_err(), cut < 3, "{cut}");
        // Nobody decides anything for the organisation as it is now, but with the key.
        if cut > 0 {
            let refused = over(&storage, None)
                .org(org.id())
                .settings()
                .get()
                .await
                .unwrap_err();
            assert_eq!(refused.code(), Code::SuppressionKeyMissing);
            let refused = over(&storage, Some(HostKey::new([4; 32])))
                .org(org.id())
                .settings()
                .get()
                .await;
            assert_eq!(refused.unwrap_err().code(), Code::SuppressionKeyWrong);
        }
        assert!(held(&over(&storage, Some(key())).org(org.id())).await);
        let after = hashes(&storage).await;
        assert_eq!(before.len(), after.len());
        assert!(after.iter().all(|hash| !before.contains(hash)));
    }
}
