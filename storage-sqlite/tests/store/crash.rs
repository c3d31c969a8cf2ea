//! A process that is killed while it writes leaves each change set whole or not at all, and all that it was told of.

use std::env;
use std::io::{BufRead, BufReader, Write, stdout};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use tempfile::TempDir;
use tertulia_core::record::{ChangeSet, Op};
use tertulia_storage_sqlite::SqliteStorage;
use tertulia_storage_traits::Storage;
use tokio::task::JoinSet;

use crate::support::{contact, entry, feed, key};

/// Where the child finds the file. Without it, the child's test does nothing.
const FILE: &str = "TERTULIA_CRASH_TEST_FILE";
const FIRST: &str = "TERTULIA_CRASH_TEST_FIRST";

/// How many contacts one change set adds, each with its entry in the journal.
const AT_ONCE: u64 = 25;

fn members(set: u64) -> impl Iterator<Item = u64> {
    set * AT_ONCE + 1..=(set + 1) * AT_ONCE
}

#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let Some(path) = env::var_os(FILE).map(PathBuf::from) else {
        return;
    };
    let mut next: u64 = env::var(FIRST).unwrap().parse().unwrap();
    let store = Arc::new(SqliteStorage::open(path).unwrap());
    loop {
        let mut sets = JoinSet::new();
        for set in next..next + 4 {
            let store = Arc::clone(&store);
            sets.spawn(async move {
                let ops = members(set).flat_map(|number| {
                    let contact = contact(number);
                    [Op::Journal(entry(contact.id)), Op::Insert(contact.into())]
                });
                let expect = Vec::new();
                store
                    .commit(ChangeSet {
                        expect,
                        ops: ops.collect(),
                    })
                    .await
                    .unwrap();
                writeln!(stdout(), "committed {set}").unwrap();
            });
        }
        sets.join_all().await;
        next += 4;
    }
}

#[tokio::test]
async fn a_killed_process_leaves_whole_change_sets() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("crm.db");
    let mut told = Vec::new();
    let mut first = 0;
    for round in 0..6_u32 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "crash::child", "--nocapture"])
            .env(FILE, &path)
            .env(FIRST, first.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Killed at another moment of the work each time.
        let mut left = 10 + round * 3;
        let mut hear = |line: String| {
            if let Some((_, set)) = line.rsplit_once("committed ") {
                told.push(set.parse::<u64>().unwrap());
                return true;
            }
            false
        };
        while left > 0 {
            let line = lines.next().expect("the child should go on").unwrap();
            left -= u32::from(hear(line));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for line in lines {
            hear(line.unwrap());
        }

        let store = SqliteStorage::open(&path).unwrap();
        let last = told.iter().max().unwrap() + 8;
        let mut whole = 0;
        for set in 0..=last {
            let keys = members(set).map(|number| key(&contact(number)));
            let found = store.load(keys.collect()).await.unwrap();
            let there = found.iter().flatten().count();
            assert!(
                there == 0 || there == found.len(),
                "round {round}: {there} of change set {set}"
            );
            assert!(
                there > 0 || !told.contains(&set),
                "round {round}: change set {set} was answered and is not there"
            );
            whole += u64::from(there > 0);
        }
        let journal = store.journal(feed()).await.unwrap();
        assert_eq!(journal.entries.len() as u64, whole * AT_ONCE + u64::from(round));
        // Still good to write to.
        let mark = ChangeSet {
            expect: Vec::new(),
            ops: vec![Op::Journal(entry(contact(1).id))],
        };
        store.commit(mark).await.unwrap();
        store.close().await.unwrap();
        first = last + 1;
    }
}
