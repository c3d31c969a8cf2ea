//! Which files are opened, and what becomes of those that are not.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;
use tertulia_storage_sqlite::{Options, SqliteStorage};
use tertulia_storage_traits::{Storage, StorageErrorKind};

use crate::support::{contact, insert, key};

fn options(busy_timeout: Duration) -> Options {
    let mut options = Options::default();
    options.busy_timeout = busy_timeout;
    options
}

fn refused(path: &Path) -> (StorageErrorKind, String) {
    let error = SqliteStorage::open_with(path, &options(Duration::from_millis(100))).unwrap_err();
    (error.kind, error.message)
}

#[test]
fn what_is_no_store_is_refused_by_its_name_and_left_as_it_is() {
    type Prepare = fn(&Path);
    let cases: [(&str, Prepare, StorageErrorKind); 6] = [
        (
            "a text",
            |path| fs::write(path, "name,phone\n".repeat(500)).unwrap(),
            StorageErrorKind::NotAStore,
        ),
        (
            "tables of another application",
            |path| run(path, "CREATE TABLE contacts (id)"),
            StorageErrorKind::NotAStore,
        ),
        (
            "another application's id",
            |path| {
                run(
                    path,
                    "PRAGMA application_id = 7; CREATE TABLE t (x); DROP TABLE t",
                );
            },
            StorageErrorKind::NotAStore,
        ),
        (
            "another application's version",
            |path| run(path, "PRAGMA user_version = 1; CREATE TABLE t (x); DROP TABLE t"),
            StorageErrorKind::NotAStore,
        ),
        (
            "another application's log",
            |path| run(path, "PRAGMA journal_mode = WAL; CREATE TABLE t (x)"),
            StorageErrorKind::NotAStore,
        ),
        (
            "a newer version",
            |path| {
                drop(SqliteStorage::open(path).unwrap());
                run(path, "PRAGMA user_version = 1000");
            },
            StorageErrorKind::Newer,
        ),
    ];
    for (name, prepare, kind) in cases {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("crm.db");
        prepare(&path);
        // Whoever had it open has let go of it.
        run_if_database(&path);
        let before = fs::read(&path).unwrap();
        let (refused, message) = refused(&path);
        assert_eq!(refused, kind, "{name}: {message}");
        assert!(message.contains("crm.db"), "{name}: {message}");
        assert_eq!(fs::read(&path).unwrap(), before, "{name} was changed");
    }
}

fn run(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

fn run_if_database(path: &Path) {
    let connection = Connection::open(path).unwrap();
    // A text is no database: then there is no log either.
    let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
}

#[test]
fn what_cannot_be_a_file_is_refused_with_what_would_help() {
    let folder = TempDir::new().unwrap();
    let read_only = folder.path().join("read-only.db");
    drop(SqliteStorage::open(&read_only).unwrap());
    let mut permissions = fs::metadata(&read_only).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&read_only, permissions).unwrap();
    let cases = [
        (folder.path().to_owned(), "name a file in it"),
        (folder.path().join("missing").join("crm.db"), "create it"),
        (read_only, "write permission"),
        (PathBuf::new(), "name a file"),
    ];
    for (path, remedy) in cases {
        let (kind, message) = refused(&path);
        assert_eq!(kind, StorageErrorKind::Io, "{message}");
        assert!(message.contains(remedy), "{message}");
        assert!(message.contains(&path.display().to_string()), "{message}");
    }
}

#[tokio::test]
async fn a_file_that_others_hold_is_busy_until_they_let_go() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("crm.db");
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert_eq!(refused(&path).0, StorageErrorKind::Busy);
    other.execute_batch("ROLLBACK").unwrap();

    let store = SqliteStorage::open_with(&path, &options(Duration::from_millis(100))).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = insert(&store, [contact(1)]).await.unwrap_err();
    assert_eq!(error.kind, StorageErrorKind::Busy);
    assert_eq!(
        store.load(vec![key(&contact(1))]).await.unwrap(),
        [None],
        "reads go on"
    );
    other.execute_batch("ROLLBACK").unwrap();
    insert(&store, [contact(1)]).await.unwrap();
}

#[test]
fn an_empty_file_and_a_new_one_become_stores_even_for_many_at_once() {
    let folder = TempDir::new().unwrap();
    let new = folder.path().join("new.db");
    let empty = folder.path().join("empty.db");
    fs::write(&empty, "").unwrap();
    for path in [new, empty] {
        let together = Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    together.wait();
                    SqliteStorage::open(&path).unwrap();
                });
            }
        });
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_named_without_its_words() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("crm.db");
    let store = SqliteStorage::open(&path).unwrap();
    let one = contact(1);
    insert(&store, [one.clone()]).await.unwrap();
    run(&path, r#"UPDATE contacts SET body = '{"id": "a secret"}'"#);
    let error = store.load(vec![key(&one)]).await.unwrap_err();
    assert_eq!(error.kind, StorageErrorKind::Corrupt);
    assert!(
        error.message.contains("contact") && !error.message.contains("secret"),
        "{error}"
    );
}

#[tokio::test]
async fn a_damaged_file_is_corrupt() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("crm.db");
    let store = SqliteStorage::open(&path).unwrap();
    insert(&store, (1..200).map(contact)).await.unwrap();
    store.close().await.unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[4096..].fill(0x5A);
    fs::write(&path, bytes).unwrap();
    assert_eq!(refused(&path).0, StorageErrorKind::Corrupt);
}

#[tokio::test]
async fn what_was_committed_is_there_after_a_drop_and_after_a_close() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("crm.db");
    for number in 1..=4 {
        let store = SqliteStorage::open(&path).unwrap();
        for before in 1..number {
            let found = store.load(vec![key(&contact(before))]).await.unwrap();
            assert_eq!(
                found[0].as_ref().map(|stored| &stored.record),
                Some(&contact(before).into())
            );
        }
        insert(&store, [contact(number)]).await.unwrap();
        if number % 2 == 0 {
            store.close().await.unwrap();
            assert!(
                !folder.path().join("crm.db-wal").exists(),
                "the log is part of the file now"
            );
        }
    }
}

#[tokio::test]
async fn a_closed_store_cannot_be_closed_again() {
    let store = SqliteStorage::open_in_memory().unwrap();
    store.close().await.unwrap();
    assert_eq!(store.close().await.unwrap_err().kind, StorageErrorKind::Closed);
}
