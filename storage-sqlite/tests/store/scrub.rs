//! What was removed is nowhere in the file and its log.

use tertulia_core::ids::IdSource;
use tertulia_core::record::{ChangeSet, ExternalRef, Key, Op};
use tertulia_storage_sqlite::SqliteStorage;
use tertulia_storage_traits::Storage;

use crate::support::{now, org};

/// In no order: rows are moved from page to page while others come between them.
fn external(number: u64) -> ExternalRef {
    let place = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ExternalRef {
        org: org(),
        system: format!("{place:016x}"),
        id: format!(
            "person{number:05}x{}",
            "-".repeat(usize::try_from(place % 200).unwrap())
        ),
        contact: IdSource::new(now(), number).next(),
    }
}

const ALL: u64 = 8_000;

#[tokio::test]
async fn of_thousands_of_rows_in_no_order_no_removed_one_can_be_read_after_a_scrub() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.db");
    let store = SqliteStorage::open(&path).unwrap();
    let commit = async |ops| {
        let changes = ChangeSet {
            expect: Vec::new(),
            ops,
        };
        store.commit(changes).await.unwrap();
    };
    for first in (0..ALL).step_by(100) {
        commit(
            (first..first + 100)
                .map(|number| Op::Insert(external(number).into()))
                .collect(),
        )
        .await;
    }
    let removed: Vec<u64> = (0..ALL).filter(|number| number % 10 == 3).collect();
    for some in removed.chunks(100) {
        let key = |number: &u64| {
            let ExternalRef { org, system, id, .. } = external(*number);
            Key::ExternalRef { org, system, id }
        };
        commit(some.iter().map(|number| Op::Remove(key(number), 1)).collect()).await;
    }
    store.scrub().await.unwrap();
    let mut legible = Vec::new();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let text = String::from_utf8_lossy(&std::fs::read(file.unwrap().path()).unwrap()).into_owned();
        let found = text
            .split("person")
            .skip(1)
            .filter_map(|rest| rest.get(..5)?.parse::<u64>().ok());
        legible.extend(found);
    }
    legible.sort_unstable();
    legible.dedup();
    let kept: Vec<u64> = (0..ALL).filter(|number| number % 10 != 3).collect();
    assert!(
        legible == kept,
        "{:?}",
        legible
            .iter()
            .filter(|number| **number % 10 == 3)
            .collect::<Vec<_>>()
    );
}
