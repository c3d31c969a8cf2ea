//! The feed, while transactions are open.

use std::sync::Arc;
use std::time::Duration;

use tertulia_core::ids::{IdSource, OrgId};
use tertulia_core::journal::{Actor, Entry, EntryFilter, What};
use tertulia_core::record::{ChangeSet, Op};
use tertulia_storage_postgres::PostgresStorage;
use tertulia_storage_traits::{Cursor, JournalRequest, JournalView, Storage};

use crate::support::{client, name, now, url, with};

fn said(org: OrgId) -> ChangeSet {
    ChangeSet {
        expect: Vec::new(),
        ops: vec![Op::Journal(Entry {
            org,
            at: now(),
            recorded_at: now(),
            actor: Actor::Worker,
            contact: None,
            what: What::ContactBlocked,
            redacted: false,
        })],
    }
}

async fn positions(store: &PostgresStorage, org: OrgId, cursor: &mut Option<Cursor>) -> Vec<u64> {
    let page = store
        .journal(JournalRequest {
            org,
            view: JournalView::Feed,
            filter: EntryFilter::default(),
            after: 0,
            cursor: cursor.clone(),
            backwards: false,
            limit: 100,
        })
        .await
        .unwrap();
    *cursor = page.next;
    page.entries.into_iter().map(|(position, _)| position).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_held_open_across_anothers_commit_loses_no_event() {
    let schema = name("feed");
    let store = PostgresStorage::open(&with(&url(), &format!("schema={schema}")))
        .await
        .unwrap();
    let store = Arc::new(store);
    let mut ids = IdSource::new(now(), 1);
    let (org, other): (OrgId, OrgId) = (ids.next(), ids.next());
    store.commit(said(org)).await.unwrap();
    let (mut cursor, mut beside) = (None, None);
    assert_eq!(positions(&store, org, &mut cursor).await, [1]);
    // Another process has taken the next position, as a commit does first of all, and is held up.
    let slow = client(&url()).await;
    slow.batch_execute(&format!(
        "SET search_path = \"{schema}\"; BEGIN; SET LOCAL tertulia.org = '{org}';
         UPDATE journal_ends SET position = position + 1 WHERE org = '{org}';
         INSERT INTO journal SELECT org, 2, at, contact, kind, actor, timeline, audit, body FROM journal"
    ))
    .await
    .unwrap();
    let late = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.commit(said(org)).await }
    });
    // Nobody else waits for it.
    store.commit(said(other)).await.unwrap();
    assert_eq!(positions(&store, other, &mut beside).await, [1]);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(
        !late.is_finished(),
        "its entry comes behind one that nobody has seen yet"
    );
    assert_eq!(positions(&store, org, &mut cursor).await, Vec::<u64>::new());
    slow.batch_execute("COMMIT").await.unwrap();
    assert_eq!(late.await.unwrap().unwrap().position, Some(3));
    assert_eq!(positions(&store, org, &mut cursor).await, [2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stands_still_in_a_transaction_holds_up_nobody_for_long() {
    let schema = name("still");
    let url = with(&url(), &format!("schema={schema}"));
    let store = PostgresStorage::open(&url).await.unwrap();
    let org: OrgId = IdSource::new(now(), 1).next();
    store.commit(said(org)).await.unwrap();
    let still = client(&crate::support::url()).await;
    // As the store's own connections are set up, but sooner.
    still
        .batch_execute(&format!(
            "SET search_path = \"{schema}\"; SET idle_in_transaction_session_timeout = 300;
             BEGIN; SET LOCAL tertulia.org = '{org}';
             UPDATE journal_ends SET position = position + 1 WHERE org = '{org}'"
        ))
        .await
        .unwrap();
    let committed = store.commit(said(org)).await.unwrap();
    assert_eq!(committed.position, Some(2), "what stood still was taken back");
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_wait_hear_of_the_commits_of_others() {
    let url = with(&url(), &format!("schema={}", name("heard")));
    let here = PostgresStorage::open(&url).await.unwrap();
    let there = PostgresStorage::open(&url).await.unwrap();
    let org: OrgId = IdSource::new(now(), 1).next();
    // It is told once that it listens.
    here.changed().await;
    let mut heard = Box::pin(here.changed());
    tokio::select! {
        () = &mut heard => panic!("nothing was committed"),
        () = tokio::time::sleep(Duration::from_millis(300)) => {}
    }
    there.commit(said(org)).await.unwrap();
    tokio::time::timeout(Duration::from_secs(30), heard)
        .await
        .expect("a notification comes");
}
