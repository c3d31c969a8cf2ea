//! A store copied into another one: the whole of it or nothing that could be used, and gone on with whatever cut it off.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tertulia::core::contact::{Contact as ContactRecord, CreatedBy};
use tertulia::core::ids::{ContactId, OrgId};
use tertulia::core::journal::EntryFilter;
use tertulia::core::record::{ChangeSet, Key, Op, Record, RecordKind, Stored};
use tertulia::storage::testkit::generate::Generator;
use tertulia::storage::{
    JournalRequest, JournalView, PageRequest, Portion, Query, Storage, StorageError, StorageErrorKind,
};
use tertulia::testing::Inbound;
use tertulia::{
    CancellationToken, Code, CopyCounts, CopyReport, CopyStage, CopyWatch, Crm, Error, MemoryStorage,
    NewContact, Org, PostgresOptions, Settings, SqliteStorage,
};
use tokio::runtime::Handle;
use tokio::task::block_in_place;
use uuid::Uuid;

use crate::hooked::{Hook, Hooked, KilledAt};
use crate::support::{Shop, connect, crm};

fn over(storage: impl Storage + 'static) -> Crm {
    Crm::builder().storage(Arc::new(storage)).build().unwrap()
}

fn file(folder: &Path, name: &str) -> Crm {
    over(SqliteStorage::open(folder.join(name)).unwrap())
}

async fn copied(from: &Crm, to: &Crm) -> Result<CopyReport, Error> {
    from.copy_to(to, CopyWatch::default()).await
}

/// The whole of it, in one call.
async fn whole(from: &Crm, to: &Crm) -> CopyReport {
    let report = copied(from, to).await.unwrap();
    assert!(report.finished);
    report
}

fn count(report: &CopyReport, kind: &str) -> u64 {
    let found = report.kinds.iter().find(|copied| copied.kind == kind);
    found.map_or(0, |copied| copied.count)
}

fn all(report: &CopyReport) -> u64 {
    report.kinds.iter().map(|copied| copied.count).sum()
}

async fn refused(from: &Crm, to: &Crm) -> Code {
    copied(from, to).await.unwrap_err().code()
}

/// A store with records of every kind, of two organisations; versions and gaps in the journal included.
async fn varied(storage: &dyn Storage) {
    let mut make = Generator::new(2026, 60);
    let mut records: Vec<Stored> = Vec::new();
    for kind in RecordKind::ALL {
        for _ in 0..12 {
            let key = match make.key(*kind) {
                // One row a broadcast and contact: those of the host's own never meet.
                Key::Dispatch { org, .. } => Key::Dispatch {
                    org,
                    dispatch: make.fresh(),
                },
                key => key,
            };
            let mut record = make.record(&key);
            if let Record::Dispatch(row) = &mut record {
                row.origin = tertulia::core::conversation::Author::Host("shop".to_owned());
            }
            if records.iter().all(|stored| stored.record.key() != record.key()) {
                let version = 1 + make.below(9) as u64;
                records.push(Stored { record, version });
            }
        }
    }
    let mut portion = Portion {
        records,
        entries: Vec::new(),
    };
    for org in make.orgs() {
        for position in [1, 2, 3, 900, 4_000_000_000] {
            portion.entries.push((position, make.entry(org)));
        }
    }
    storage.copy_in(portion).await.unwrap();
}

#[tokio::test]
async fn every_kind_of_record_is_copied_and_hashes_alike_in_every_store() {
    let folder = tempfile::tempdir().unwrap();
    let first = MemoryStorage::new();
    varied(&first).await;
    let memory = over(first);
    let sqlite = file(folder.path(), "there.db");
    let there = whole(&memory, &sqlite).await;
    for kind in RecordKind::ALL {
        assert!(
            count(&there, kind.as_str()) > 0,
            "no {} was copied",
            kind.as_str()
        );
    }
    assert_eq!(count(&there, "journal"), 10);
    assert_eq!(there.written, all(&there));
    let back = over(MemoryStorage::new());
    assert_eq!(whole(&sqlite, &back).await, there);
    let again = file(folder.path(), "again.db");
    assert_eq!(whole(&back, &again).await, there);
    // A finished copy is compared, and that is all.
    let finished = whole(&memory, &again).await;
    assert_eq!((finished.written, &finished.kinds), (0, &there.kinds));
}

/// A new store on the server that tests are told of.
async fn on_the_server(name: &str) -> Crm {
    let url = std::env::var("TERTULIA_TEST_POSTGRES").unwrap_or_else(|_| {
        panic!(
            "TERTULIA_TEST_POSTGRES is not set: put `cargo xtask with-postgres` before the command that runs the tests"
        )
    });
    let mut options = PostgresOptions::default();
    options.schema = format!("{name}_{}", std::process::id());
    let builder = Crm::builder().postgres_with(&url, options).await.unwrap();
    builder.build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_moves_to_a_server_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let old = SqliteStorage::open(folder.path().join("old.db")).unwrap();
    varied(&old).await;
    let old = over(old);
    let server = on_the_server("moved").await;
    let there = whole(&old, &server).await;
    assert_eq!(there.written, all(&there));
    assert_eq!(count(&there, "journal"), 10);
    let back = file(folder.path(), "back.db");
    let returned = whole(&server, &back).await;
    assert_eq!(returned.kinds, there.kinds);
    // Onto another server's store, and the same once more: it is compared, and that is all.
    let further = on_the_server("further").await;
    assert_eq!(whole(&server, &further).await.kinds, there.kinds);
    let again = whole(&old, &further).await;
    assert_eq!((again.written, &again.kinds), (0, &there.kinds));
    assert_eq!(refused(&server, &server).await, Code::CopySameStore);
}

#[tokio::test]
async fn a_copy_works_on_where_the_original_stood() {
    let shop = Shop::open().await;
    let ana = shop.opted_in("+12025550100", &["vip", "tea"]).await;
    shop.opted_in("+12025550101", &["vip"]).await;
    shop.opted_in("+12025550102", &["vip"]).await;
    let first = shop.launch("order_ready", "tea").await;
    shop.crm.run_due().await.unwrap();
    shop.platform
        .say(Inbound::text("+12025550101", "stop"))
        .await
        .unwrap();
    shop.platform.drain().await;
    let waiting = shop.launch("order_ready", "vip").await;
    let seen = shop.org.events().read(0, 1_000).await.unwrap();
    let cursor = seen[seen.len() / 2].position;

    let target = || SqliteStorage::open(shop.folder.path().join("new.db")).unwrap();
    let new = crm(
        Arc::new(target()),
        &shop.platform.base_url(),
        shop.platform.config(),
        shop.clock.clone(),
    );
    let report = whole(&shop.crm, &new).await;
    assert_eq!(count(&report, "contact"), 3);
    assert_eq!(count(&report, "journal"), seen.len() as u64);
    shop.crm.close().await.unwrap();

    let org = new.org(shop.org.id());
    let rest = org.events().read(cursor, 1_000).await.unwrap();
    assert_eq!(rest, seen[seen.len() / 2 + 1..]);
    assert_eq!(new.orgs().await.unwrap(), [shop.org.id()]);
    shop.clock.advance(Duration::from_secs(60));
    new.run_due().await.unwrap();
    let accepted = |phone| shop.accepted_to(phone);
    assert_eq!(
        [
            accepted("+12025550100"),
            accepted("+12025550101"),
            accepted("+12025550102")
        ],
        [2, 0, 1]
    );
    for (broadcast, sent) in [(first, 1), (waiting, 2)] {
        assert_eq!(org.broadcasts().stats(broadcast).await.unwrap().sent, sent);
    }
    let verdict = org.audit().verify(None).await.unwrap();
    assert_eq!((verdict.first_break, verdict.unsealed), (None, 0));
    let tagged = org.contacts().tag(ana.id, &["new"]).await;
    tagged.unwrap();
    let last = org
        .events()
        .read(seen[seen.len() - 1].position, 1_000)
        .await
        .unwrap();
    assert!(!last.is_empty(), "the journal goes on behind what was copied");
}

/// Fails at the n-th write.
#[derive(Debug, Default)]
struct FailsAt {
    writes: AtomicU64,
    fail_at: u64,
}

impl Hook for FailsAt {
    fn before_commit(&self) -> Result<(), StorageError> {
        if self.writes.fetch_add(1, Ordering::SeqCst) == self.fail_at {
            return Err(StorageError::new(StorageErrorKind::Io, "the disk is full"));
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_copy_that_failed_anywhere_is_of_no_use_until_it_is_gone_on_with() {
    let shop = Shop::open().await;
    let tea = shop.opted_in("+12025550100", &["tea"]).await;
    shop.org.notes().add(tea.id, "likes green").await.unwrap();
    shop.launch("order_ready", "tea").await;
    let mut fail_at = 0;
    loop {
        let folder = tempfile::tempdir().unwrap();
        let open = || SqliteStorage::open(folder.path().join("new.db")).unwrap();
        let hook = FailsAt {
            fail_at,
            ..FailsAt::default()
        };
        let full = over(Hooked { inner: open(), hook });
        let error = match copied(&shop.crm, &full).await {
            Ok(report) => {
                // One portion a kind; organisations and senders are one.
                assert_eq!(fail_at, report.kinds.len() as u64 - 1);
                break;
            }
            Err(error) => error,
        };
        assert_eq!(error.code(), Code::StorageIo);
        assert_eq!(error.message(), "the target: the disk is full");
        full.close().await.unwrap();

        let half = crm(
            Arc::new(open()),
            &shop.platform.base_url(),
            shop.platform.config(),
            shop.clock.clone(),
        );
        assert!(half.orgs().await.unwrap().is_empty());
        let used = half.org(shop.org.id()).contacts().get(tea.id).await;
        assert_eq!(used.unwrap_err().code(), Code::OrgNotFound);
        // Whether it finds something that is due or not, it can do nothing about it.
        let _ = half.run_due().await;
        assert!(shop.platform.accepted().is_empty(), "a half copy sent something");
        let other = over(MemoryStorage::new());
        if fail_at > 0 {
            assert_eq!(refused(&half, &other).await, Code::CopySourceUnfinished);
        }
        let report = whole(&shop.crm, &half).await;
        assert!(
            report.written < all(&report) || fail_at == 0,
            "nothing is written twice"
        );
        fail_at += 1;
    }
}

#[tokio::test]
async fn what_platforms_tell_an_unfinished_copy_comes_again_when_it_is_finished() {
    let shop = Shop::open().await;
    let path = shop.folder.path().join("new.db");
    let hook = FailsAt {
        fail_at: 2,
        ..FailsAt::default()
    };
    let inner = SqliteStorage::open(&path).unwrap();
    let error = copied(&shop.crm, &over(Hooked { inner, hook }))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::StorageIo);

    let new = crm(
        Arc::new(SqliteStorage::open(&path).unwrap()),
        &shop.platform.base_url(),
        shop.platform.config(),
        shop.clock.clone(),
    );
    connect(&shop.platform, &new);
    let said = Inbound::text("+12025550101", "hello");
    shop.platform.say(said).await.unwrap();
    let drained = shop.platform.drain().await;
    assert_eq!((drained.delivered, drained.waiting), (0, 1));
    whole(&shop.crm, &new).await;
    assert_eq!(shop.platform.drain().await.delivered, 1);
    let known = new
        .org(shop.org.id())
        .contacts()
        .find_by_phone("+12025550101")
        .await;
    assert!(known.unwrap().is_some());
}

/// One process that copies: run by [`a_copy_whose_process_is_killed_again_and_again_is_whole_in_the_end`].
#[tokio::test]
#[ignore = "is the process that is killed"]
async fn one_copy() {
    let Ok(folder) = std::env::var("TERTULIA_COPY_FOLDER") else {
        return;
    };
    let folder = Path::new(&folder);
    let hook = KilledAt::new(std::env::var("TERTULIA_COPY_KILL_AT").unwrap().parse().unwrap());
    let inner = SqliteStorage::open(folder.join("new.db")).unwrap();
    let _ = copied(&file(folder, "old.db"), &over(Hooked { inner, hook })).await;
}

#[tokio::test]
async fn a_copy_whose_process_is_killed_again_and_again_is_whole_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let old = SqliteStorage::open(folder.path().join("old.db")).unwrap();
    varied(&old).await;
    for kill_at in [1, 7, 2, 20, 9, 30] {
        let life = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "copying::one_copy", "--ignored", "--test-threads=1"])
            .env("TERTULIA_COPY_FOLDER", folder.path())
            .env("TERTULIA_COPY_KILL_AT", kill_at.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert_eq!(life.code(), None, "it was to be killed at {kill_at}");
    }
    let (old, new) = (over(old), file(folder.path(), "new.db"));
    assert!(new.orgs().await.unwrap().is_empty());
    let report = whole(&old, &new).await;
    assert!(
        report.written < all(&report),
        "what was there is not written again"
    );
    let elsewhere = whole(&old, &over(MemoryStorage::new())).await;
    assert_eq!(elsewhere.kinds, report.kinds);
}

/// Copies, and does something to the source once a stage is at its end.
async fn disturbed(
    shop: &Shop,
    to: &Crm,
    stage: CopyStage,
    disturb: impl AsyncFn(&Org) + Send + Sync,
) -> Result<CopyReport, Error> {
    let mut done = false;
    let progress = |counts: &CopyCounts| {
        if !done && counts.stage == stage && counts.done == counts.total {
            done = true;
            block_in_place(|| Handle::current().block_on(disturb(&shop.org)));
        }
    };
    let watch = CopyWatch {
        progress: Some(Box::new(progress)),
        cancel: None,
    };
    let copied = shop.crm.copy_to(to, watch).await;
    assert!(done, "the stage came to its end");
    copied
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_meanwhile_is_noticed_and_taken_in_by_the_next_call() {
    for stage in [CopyStage::Copying, CopyStage::Comparing] {
        let shop = Shop::open().await;
        let ana = shop.opted_in("+12025550100", &["vip"]).await;
        let note = shop.org.notes().add(ana.id, "old").await.unwrap();
        let new = file(shop.folder.path(), "new.db");
        let changed = disturbed(&shop, &new, stage, async |org| {
            org.notes().remove(note.id).await.unwrap();
            org.contacts().tag(ana.id, &["gold"]).await.unwrap();
            let bia = NewContact {
                phone: Some("+12025550101".to_owned()),
                name: Some("Bia".to_owned()),
                ..NewContact::default()
            };
            org.contacts().create(bia).await.unwrap();
        })
        .await;
        assert_eq!(changed.unwrap_err().code(), Code::CopySourceChanged, "{stage:?}");
        assert!(new.orgs().await.unwrap().is_empty());
        let report = whole(&shop.crm, &new).await;
        assert_eq!((count(&report, "contact"), count(&report, "note")), (2, 0));
        assert!(report.written < all(&report));
        let copy = new.org(shop.org.id()).contacts().get(ana.id).await.unwrap();
        assert!(copy.tags.contains_key("gold"));
    }
}

/// A store's records, and the first organisation's entries.
async fn content(storage: &dyn Storage, org: OrgId) -> (Vec<Stored>, usize) {
    let mut records = Vec::new();
    for kind in RecordKind::ALL {
        let query = Query::Records {
            org: None,
            kind: *kind,
        };
        let page = storage.page(PageRequest::first(query, 10_000)).await.unwrap();
        records.extend(page.records);
    }
    let feed = JournalRequest {
        org,
        view: JournalView::Feed,
        filter: EntryFilter::default(),
        after: 0,
        cursor: None,
        backwards: false,
        limit: 10_000,
    };
    (records, storage.journal(feed).await.unwrap().entries.len())
}

#[tokio::test]
async fn a_store_is_not_copied_into_itself() {
    let folder = tempfile::tempdir().unwrap();
    let one = file(folder.path(), "crm.db");
    one.create_org(Settings::default()).await.unwrap();
    assert_eq!(refused(&one, &one).await, Code::CopySameStore);
    assert_eq!(refused(&one, &one.clone()).await, Code::CopySameStore);
    assert_eq!(
        refused(&one, &file(folder.path(), "./crm.db")).await,
        Code::CopySameStore
    );
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path().join("crm.db"), folder.path().join("link.db")).unwrap();
        let linked = file(folder.path(), "link.db");
        assert_eq!(refused(&one, &linked).await, Code::CopySameStore);
    }
}

#[tokio::test]
async fn what_is_something_else_is_not_copied_into() {
    let shop = Shop::open().await;
    let ana = shop.opted_in("+12025550100", &["vip"]).await;
    // Another organisation.
    let other = over(MemoryStorage::new());
    other.create_org(Settings::default()).await.unwrap();
    assert_eq!(refused(&shop.crm, &other).await, Code::CopyTargetInUse);
    assert_eq!(other.orgs().await.unwrap().len(), 1);

    // A finished copy that was used since, or whose original was.
    let used = over(MemoryStorage::new());
    whole(&shop.crm, &used).await;
    let tagged = used.org(shop.org.id()).contacts().tag(ana.id, &["new"]).await;
    tagged.unwrap();
    assert_eq!(refused(&shop.crm, &used).await, Code::CopyTargetInUse);
    let kept = used.org(shop.org.id()).contacts().get(ana.id).await.unwrap();
    assert!(kept.tags.contains_key("new"));
    let finished = over(MemoryStorage::new());
    whole(&shop.crm, &finished).await;
    shop.org.contacts().block(ana.id).await.unwrap();
    assert_eq!(refused(&shop.crm, &finished).await, Code::CopyTargetInUse);
}

#[tokio::test]
async fn an_unfinished_copy_of_something_else_stays_as_it_is() {
    let shop = Shop::open().await;
    let ours = shop.opted_in("+12025550100", &["vip"]).await;
    let stranger = ContactRecord::new(
        OrgId(Uuid::from_u128(77)),
        ContactId(Uuid::from_u128(78)),
        CreatedBy::Api,
        chrono::DateTime::UNIX_EPOCH,
    );
    let event = Generator::new(1, 1).record(&Key::Quarantined {
        id: Uuid::from_u128(79),
    });
    let former = ContactRecord {
        name: Some("as it was once".to_owned()),
        ..ours
    };
    for foreign in [Record::Contact(stranger), event] {
        let there = Arc::new(MemoryStorage::new());
        let ops = [foreign, former.clone().into()].map(Op::Insert).into();
        let expect = Vec::new();
        there.commit(ChangeSet { expect, ops }).await.unwrap();
        let before = content(&*there, shop.org.id()).await;
        let storage: Arc<dyn Storage> = Arc::clone(&there) as _;
        let target = Crm::builder().storage(storage).build().unwrap();
        assert_eq!(refused(&shop.crm, &target).await, Code::CopyTargetInUse);
        assert_eq!(content(&*there, shop.org.id()).await, before);
    }
}

#[tokio::test]
async fn a_copy_tells_how_far_it_is_and_ends_when_it_is_cancelled() {
    let shop = Shop::open().await;
    for n in 0..5 {
        shop.opted_in(&format!("+1202555010{n}"), &["vip"]).await;
    }
    let new = over(MemoryStorage::new());
    let cancel = CancellationToken::new();
    let told = CopyWatch {
        progress: Some(Box::new(|counts| {
            if counts.stage == CopyStage::Copying && counts.done > 10 {
                cancel.cancel();
            }
        })),
        cancel: Some(cancel.clone()),
    };
    let report = shop.crm.copy_to(&new, told).await.unwrap();
    assert!(!report.finished && report.written > 10, "{report:?}");
    assert!(new.orgs().await.unwrap().is_empty());

    let mut seen: Vec<CopyCounts> = Vec::new();
    let watch = CopyWatch {
        progress: Some(Box::new(|counts| seen.push(*counts))),
        cancel: None,
    };
    let rest = shop.crm.copy_to(&new, watch).await.unwrap();
    assert!(rest.finished);
    assert_eq!(rest.written + report.written, all(&rest));
    for pair in seen.windows(2) {
        let same = pair[0].stage == pair[1].stage;
        assert!(!same || pair[0].done <= pair[1].done, "{pair:?}");
    }
    assert_eq!(seen.last(), Some(&rest.counts));
    for stage in [CopyStage::Checking, CopyStage::Copying, CopyStage::Comparing] {
        let last = seen.iter().rev().find(|counts| counts.stage == stage).unwrap();
        assert_eq!(last.done, last.total, "{stage:?}");
    }
    let cancelled = CopyWatch {
        progress: None,
        cancel: Some(cancel),
    };
    let nothing = shop.crm.copy_to(&over(MemoryStorage::new()), cancelled).await;
    let nothing = nothing.unwrap();
    assert_eq!(
        (nothing.finished, nothing.written, nothing.kinds),
        (false, 0, Vec::new())
    );
}

/// A store in memory with so many contacts, and entries, of one organisation.
async fn many(number: u128) -> Crm {
    let storage = MemoryStorage::new();
    let mut make = Generator::new(5, 1);
    let org = make.orgs()[0];
    let stored = |record: Record| Stored { record, version: 1 };
    let mut portion = Portion::default();
    for n in 0..number {
        let id = ContactId(Uuid::from_u128(n));
        let contact = ContactRecord::new(org, id, CreatedBy::Api, chrono::DateTime::UNIX_EPOCH);
        portion.records.push(stored(contact.into()));
        portion
            .entries
            .push((portion.entries.len() as u64 + 1, make.entry(org)));
    }
    portion.records.push(stored(make.record(&Key::Org { org })));
    storage.copy_in(portion).await.unwrap();
    over(storage)
}

#[tokio::test]
async fn a_copy_is_gone_on_with_in_the_middle_of_a_kind_and_of_a_journal() {
    let from = many(4_500).await;
    let folder = tempfile::tempdir().unwrap();
    let to = file(folder.path(), "new.db");
    let mut written = 0;
    // Portions have 2,000 records, or entries.
    for portions in [1, 3, 1] {
        let cancel = CancellationToken::new();
        let (mut told, mut before) = (0, 0);
        let watch = CopyWatch {
            progress: Some(Box::new(|counts| {
                if counts.stage == CopyStage::Copying && counts.done > written {
                    told += 1;
                    if told == portions {
                        cancel.cancel();
                    }
                    before = counts.done;
                }
            })),
            cancel: Some(cancel.clone()),
        };
        let report = from.copy_to(&to, watch).await.unwrap();
        assert!(!report.finished);
        assert_eq!(written + report.written, before);
        written = before;
    }
    assert_eq!(written, 8_500);
    let rest = whole(&from, &to).await;
    assert_eq!(
        (rest.written, count(&rest, "contact"), count(&rest, "journal")),
        (501, 4_500, 4_500)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_target_lost_is_named_and_written_anew() {
    let shop = Shop::open().await;
    let ana = shop.opted_in("+12025550100", &["vip"]).await;
    let there = Arc::new(MemoryStorage::new());
    let storage: Arc<dyn Storage> = Arc::clone(&there) as _;
    let target = Crm::builder().storage(storage).build().unwrap();
    let key = Key::Contact {
        org: shop.org.id(),
        contact: ana.id,
    };
    let lost = disturbed(&shop, &target, CopyStage::Copying, async |_| {
        let found = there.load(vec![key.clone()]).await.unwrap().remove(0).unwrap();
        let expect = Vec::new();
        let ops = vec![Op::Remove(key.clone(), found.version)];
        there.commit(ChangeSet { expect, ops }).await.unwrap();
    })
    .await;
    let error = lost.unwrap_err();
    assert_eq!(error.code(), Code::CopyDiffers);
    assert!(error.message().contains("kind contact "), "{error}");
    assert!(target.orgs().await.unwrap().is_empty());
    let report = whole(&shop.crm, &target).await;
    // The contact, and what came last.
    assert_eq!(
        report.written,
        1 + count(&report, "org") + count(&report, "account")
    );
}

#[tokio::test]
async fn a_side_that_is_closed_is_named() {
    let shop = Shop::open().await;
    let closed = file(shop.folder.path(), "new.db");
    closed.close().await.unwrap();
    for (from, to, side) in [
        (&shop.crm, &closed, "the target"),
        (&closed, &shop.crm, "the source"),
    ] {
        let error = copied(from, to).await.unwrap_err();
        assert_eq!(error.code(), Code::StorageClosed);
        assert!(error.message().starts_with(side), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_copies_at_once_make_one_whole() {
    let folder = tempfile::tempdir().unwrap();
    let old = SqliteStorage::open(folder.path().join("old.db")).unwrap();
    varied(&old).await;
    let old = over(old);
    let [one, other] = ["new.db", "new.db"].map(|name| file(folder.path(), name));
    let both = tokio::join!(copied(&old, &one), copied(&old, &other));
    for ended in [both.0, both.1] {
        match ended {
            Ok(report) => assert!(report.finished),
            Err(error) => assert!(
                matches!(error.code(), Code::StorageConflict | Code::StorageBusy),
                "{error}"
            ),
        }
    }
    let report = whole(&old, &one).await;
    let elsewhere = whole(&old, &over(MemoryStorage::new())).await;
    assert_eq!(report.kinds, elsewhere.kinds);
}

#[tokio::test]
async fn an_empty_store_is_copied_too() {
    let report = whole(&over(MemoryStorage::new()), &over(MemoryStorage::new())).await;
    assert_eq!((report.kinds.len(), report.written), (0, 0));
}
