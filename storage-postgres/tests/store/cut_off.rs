//! Commits whose connections are cut.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tertulia_core::contact::{Contact, CreatedBy};
use tertulia_core::ids::{IdSource, OrgId};
use tertulia_core::record::RecordKind;
use tertulia_storage_postgres::PostgresStorage;
use tertulia_storage_traits::{PageRequest, Query, Storage};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::support::{client, inserts, name, now, superuser_url, url, with};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_commit_says_is_so_though_connections_are_cut_all_the_time() {
    let mark = name("cut");
    let url = with(&url(), &format!("schema={mark}&application_name={mark}"));
    let store = Arc::new(PostgresStorage::open(&url).await.unwrap());
    let mut ids = IdSource::new(now(), 3);
    let orgs: Vec<OrgId> = (0..4).map(|_| ids.next()).collect();
    let done = Arc::new(AtomicBool::new(false));
    let cutter = tokio::spawn({
        let (done, mark) = (Arc::clone(&done), mark.clone());
        async move {
            let superuser = client(&superuser_url()).await;
            let cut = "SELECT count(pg_terminate_backend(pid)) FROM (
                SELECT pid FROM pg_stat_activity WHERE application_name = $1 ORDER BY random() LIMIT 1) one";
            let mut cuts = 0_i64;
            while !done.load(Ordering::Relaxed) {
                cuts += superuser.query_one(cut, &[&mark]).await.unwrap().get::<_, i64>(0);
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
            cuts
        }
    });
    let mut commits = JoinSet::new();
    for number in 0..400 {
        let contact = Contact::new(orgs[number % orgs.len()], ids.next(), CreatedBy::Api, now());
        let store = Arc::clone(&store);
        commits.spawn(async move { (contact.id, store.commit(inserts([contact])).await) });
    }
    let mut committed = BTreeSet::new();
    for (contact, outcome) in commits.join_all().await {
        // Cut too often in a row, it may give up: then nothing was written.
        if outcome.is_ok() {
            committed.insert(contact);
        }
    }
    done.store(true, Ordering::Relaxed);
    assert!(cutter.await.unwrap() > 0, "connections were cut");
    assert!(!committed.is_empty(), "some get through");
    let query = Query::Records {
        org: None,
        kind: RecordKind::Contact,
    };
    let page = store.page(PageRequest::first(query, 1000)).await.unwrap();
    let there: BTreeSet<_> = page
        .records
        .into_iter()
        .filter_map(|stored| Contact::try_from(stored.record).ok())
        .map(|contact| contact.id)
        .collect();
    assert_eq!(there, committed);
}

#[test]
fn a_store_outlives_the_runtime_that_it_was_used_in() {
    let url = with(&url(), &format!("schema={}", name("runtime")));
    let mut ids = IdSource::new(now(), 4);
    let org: OrgId = ids.next();
    let mut contact = || Contact::new(org, ids.next(), CreatedBy::Api, now());
    let first = Runtime::new().unwrap();
    let store = Arc::new(first.block_on(PostgresStorage::open(&url)).unwrap());
    for _ in 0..32 {
        let (store, contact) = (Arc::clone(&store), contact());
        first.spawn(async move { store.commit(inserts([contact])).await });
    }
    first.block_on(tokio::task::yield_now());
    first.shutdown_background();
    let second = Runtime::new().unwrap();
    let mut commit = || {
        let later = store.commit(inserts([contact()]));
        let later = async { tokio::time::timeout(Duration::from_secs(30), later).await };
        second.block_on(later).expect("nobody waits for who is gone")
    };
    // What the first runtime had just taken up ends with it.
    let _ = commit();
    commit().unwrap();
}
