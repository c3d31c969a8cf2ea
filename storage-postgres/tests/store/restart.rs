//! Servers that go away and come back, and stores that many open at once.

use std::sync::Arc;
use std::time::Duration;

use tertulia_storage_postgres::{Options, PostgresStorage};
use tertulia_storage_traits::{Storage, StorageErrorKind};
use tokio::task::JoinSet;

use crate::support::{Cluster, client, database, refused, with};

/// Uses all connections of the store.
async fn ping_by_all(store: &Arc<PostgresStorage>) {
    let mut pings = JoinSet::new();
    for _ in 0..32 {
        let store = Arc::clone(store);
        pings.spawn(async move { store.ping().await });
    }
    for answer in pings.join_all().await {
        answer.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_outlives_its_servers_restarts() {
    let mut cluster = Cluster::start(&[]);
    let store = Arc::new(PostgresStorage::open(&cluster.url).await.unwrap());
    ping_by_all(&store).await;
    for way in ["stop", "kill"] {
        cluster.tell(way);
        // What is asked for meanwhile waits.
        let waiting = tokio::spawn({
            let store = Arc::clone(&store);
            async move { ping_by_all(&store).await }
        });
        cluster.tell("start");
        waiting.await.unwrap();
        ping_by_all(&store).await;
    }
    cluster.tell("restart");
    ping_by_all(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stays_away_is_told_so_after_a_while() {
    let mut cluster = Cluster::start(&[]);
    let mut options = Options::default();
    options.connect_timeout = Duration::from_secs(2);
    let store = PostgresStorage::open_with(&cluster.url, &options).await.unwrap();
    cluster.tell("stop");
    let error = store.ping().await.unwrap_err();
    assert_eq!(error.kind, StorageErrorKind::Io, "{error}");
    cluster.tell("start");
    store.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_open_a_new_store_at_once_make_one() {
    let (url, _, superuser) = database().await;
    let mut opening = JoinSet::new();
    for number in 0..16 {
        // Two stores in one database share its extensions.
        let url = with(
            &url,
            if number % 2 == 0 {
                "schema=even"
            } else {
                "schema=odd"
            },
        );
        opening.spawn(async move { PostgresStorage::open(&url).await });
    }
    for opened in opening.join_all().await {
        opened.unwrap();
    }
    for schema in ["even", "odd"] {
        let marks = format!("SELECT count(*) FROM {schema}.meta WHERE application = 'tertulia'");
        let row = superuser.query_one(&marks, &[]).await.unwrap();
        assert_eq!(row.get::<_, i64>(0), 1);
    }
}

#[tokio::test]
async fn who_finds_another_at_it_for_too_long_is_told_that_it_is_busy() {
    let (url, ..) = database().await;
    let other = client(&url).await;
    other
        .batch_execute("BEGIN; SELECT pg_advisory_xact_lock(1416787061)")
        .await
        .unwrap();
    let mut options = Options::default();
    options.busy_timeout = Duration::from_millis(50);
    let (kind, message) = refused(&url, &options).await;
    assert_eq!(kind, StorageErrorKind::Busy, "{message}");
    other.batch_execute("ROLLBACK").await.unwrap();
    PostgresStorage::open(&url).await.unwrap();
    // A store that is there already waits for nobody.
    other
        .batch_execute("BEGIN; SELECT pg_advisory_xact_lock(1416787061)")
        .await
        .unwrap();
    PostgresStorage::open_with(&url, &options).await.unwrap();
}

#[tokio::test]
async fn a_closed_store_cannot_be_used_or_closed_again() {
    let (url, ..) = database().await;
    let store = PostgresStorage::open(&url).await.unwrap();
    store.close().await.unwrap();
    assert_eq!(store.ping().await.unwrap_err().kind, StorageErrorKind::Closed);
    assert_eq!(store.close().await.unwrap_err().kind, StorageErrorKind::Closed);
}
