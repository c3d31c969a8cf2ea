//! What the index of searched text keeps.

use std::fs;

use rusqlite::Connection;
use tempfile::TempDir;
use tertulia_core::contact::Contact;
use tertulia_core::filter::Filter;
use tertulia_core::record::{ChangeSet, Op};
use tertulia_storage_sqlite::SqliteStorage;
use tertulia_storage_traits::{Query, Storage};

use crate::support::{contact, insert, key, org};

fn named(number: u64, name: &str) -> Contact {
    Contact {
        name: Some(name.to_owned()),
        ..contact(number)
    }
}

async fn found(store: &SqliteStorage, text: &str) -> u64 {
    let query = Query::Contacts {
        org: org(),
        filter: Filter::Text(text.to_owned()),
        order: None,
    };
    store.count(query).await.unwrap()
}

/// How many pages of the index speak of three characters.
fn pages_with(path: &std::path::Path, three: &str) -> i64 {
    let connection = Connection::open(path).unwrap();
    let sql = "SELECT count(*) FROM contact_search_data WHERE instr(block, CAST(? AS BLOB))";
    connection.query_row(sql, [three], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn what_is_no_longer_found_is_overwritten() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("crm.db");
    let store = SqliteStorage::open(&path).unwrap();
    insert(&store, [named(1, "Wqxzj"), named(2, "Vkqyw")])
        .await
        .unwrap();
    assert_eq!((found(&store, "QXZ").await, found(&store, "kqy").await), (1, 1));
    assert!(pages_with(&path, "qxz") > 0 && pages_with(&path, "kqy") > 0);

    let ops = vec![
        Op::Update(named(1, "Ana").into(), 1),
        Op::Remove(key(&contact(2)), 1),
    ];
    let expect = Vec::new();
    store.commit(ChangeSet { expect, ops }).await.unwrap();
    assert_eq!((found(&store, "qxz").await, found(&store, "kqy").await), (0, 0));
    assert_eq!(found(&store, "ana").await, 1);
    assert_eq!((pages_with(&path, "qxz"), pages_with(&path, "kqy")), (0, 0));
    store.close().await.unwrap();
    let file = fs::read(&path).unwrap();
    let holds = |text: &str| {
        file.windows(text.len())
            .any(|bytes| bytes.eq_ignore_ascii_case(text.as_bytes()))
    };
    assert!(holds("ana") && !holds("wqxzj") && !holds("vkqyw"));
}

/// FTS5 gathers what one commit adds and writes it once. A trigger on contacts would make it write for each of them.
#[tokio::test]
async fn what_a_commit_adds_is_one_segment_of_the_index() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("crm.db");
    let store = SqliteStorage::open(&path).unwrap();
    insert(
        &store,
        (1..=100).map(|number| named(number, &format!("Ana {number}"))),
    )
    .await
    .unwrap();
    let connection = Connection::open(&path).unwrap();
    let sql = "SELECT count(DISTINCT segid) FROM contact_search_idx";
    let segments: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(segments, 1);
    assert_eq!(found(&store, "ana").await, 100);
}
