//! A process that is killed in the middle of a broadcast sends nobody a second message, and drops nobody in silence.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use tertulia::clock::Clock;
use tertulia::core::ids::BroadcastId;
use tertulia::core::ledger::SEND_WINDOW;
use tertulia::testing::{Platform, PlatformConfig, Receipts, Status};
use tertulia::{Crm, ImportOptions, Org, Settings, SqliteStorage, Watch};

use crate::hooked::{Hooked, KilledAt};
use crate::support::{at, connect, crm, english, greeting, new_account, template};

/// How many get the broadcast, and how many processes are killed over it, unless `TERTULIA_RECIPIENTS` and
/// `TERTULIA_KILLS` say otherwise, as `cargo xtask soak` does: 20,000 take too long without optimisation.
const RECIPIENTS: u64 = 8_000;
const KILLS: u64 = 50;

/// How many processes work on the file at a time.
const PROCESSES: usize = 2;

/// The time that a process lives in: each later than the leases of the one before. Of two that live at once, the later one
/// takes over what the earlier one leased.
#[derive(Debug, Clone, Copy)]
struct Fixed(DateTime<Utc>);

#[async_trait]
impl Clock for Fixed {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }

    async fn sleep_until(&self, _: DateTime<Utc>) {
        std::future::pending::<()>().await;
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|number| number.parse().unwrap())
}

fn lifetime(process: u64) -> Fixed {
    Fixed(at(0) + TimeDelta::seconds(i64::try_from(process).unwrap() * 300))
}

fn open(file: &Path, base_url: &str, process: u64, kill_at: u64) -> Crm {
    let inner = SqliteStorage::open(file).unwrap();
    let hook = KilledAt::new(kill_at);
    let storage = Hooked { inner, hook };
    crm(
        Arc::new(storage),
        base_url,
        &PlatformConfig::default(),
        lifetime(process),
    )
}

/// The life of one process: run by [`killed_processes_send_nobody_twice`] in a process of its own.
#[tokio::test]
#[ignore = "is the process that is killed"]
async fn one_life() {
    let Ok(file) = std::env::var("TERTULIA_KILL_FILE") else {
        return;
    };
    let base_url = std::env::var("TERTULIA_KILL_URL").unwrap();
    let crm = open(
        Path::new(&file),
        &base_url,
        number("TERTULIA_KILL_LIFE").unwrap(),
        number("TERTULIA_KILL_AT").unwrap(),
    );
    crm.run_due().await.unwrap();
}

/// A process, and with which message the platform takes it is killed from outside; `None`: it ends itself, at a commit.
struct Life {
    child: Child,
    killed_at: Option<u64>,
}

impl Life {
    /// Whether it ended by a kill: with no word of its own.
    fn end(mut self, taken: &AtomicU64) -> bool {
        if let Some(at) = self.killed_at {
            while taken.load(Ordering::SeqCst) < at && self.child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
            // Whoever is done already is not killed, and that is counted.
            let _ = self.child.kill();
        }
        self.child.wait().unwrap().code().is_none()
    }
}

/// Processes that are begun and killed over one file.
struct Lives<'a> {
    file: &'a Path,
    base_url: &'a str,
    /// How many messages the platform took.
    taken: &'a AtomicU64,
    /// About how many messages one of them may send, so that there is work for all.
    share: u64,
}

impl Lives<'_> {
    fn begin(&self, life: u64, random: &mut fastrand::Rng) -> Life {
        let by_itself = random.bool();
        // 16 rows are claimed, committed and landed together, with a boundary before and after each.
        let boundaries = 6 + self.share * 6 / 16;
        let boundary = if by_itself { random.u64(1..=boundaries) } else { 0 };
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "kills::one_life", "--ignored", "--test-threads=1"])
            .env("TERTULIA_KILL_FILE", self.file)
            .env("TERTULIA_KILL_URL", self.base_url)
            .env("TERTULIA_KILL_LIFE", life.to_string())
            .env("TERTULIA_KILL_AT", boundary.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let killed_at = self.taken.load(Ordering::SeqCst) + random.u64(0..=self.share);
        Life {
            child: command.spawn().unwrap(),
            killed_at: (!by_itself).then_some(killed_at),
        }
    }

    /// How many of so many were killed.
    fn killed(&self, kills: u64) -> u64 {
        let mut random = fastrand::Rng::with_seed(2026);
        let mut alive: VecDeque<Life> = VecDeque::new();
        let mut killed = 0;
        for life in 1..=kills {
            alive.push_back(self.begin(life, &mut random));
            if alive.len() == PROCESSES {
                let next = random.usize(0..PROCESSES);
                killed += u64::from(alive.remove(next).is_some_and(|life| life.end(self.taken)));
            }
        }
        for life in alive {
            killed += u64::from(life.end(self.taken));
        }
        killed
    }
}

/// A broadcast to everybody is launched.
async fn launched(org: &Org, platform: &Platform, recipients: u64) -> BroadcastId {
    let account = org.accounts().connect(new_account(platform)).await.unwrap();
    org.templates()
        .put(template("spring_sale", "MARKETING"))
        .await
        .unwrap();
    let mut people = "phone,name,tags,optedIn\n".to_owned();
    for n in 0..recipients {
        writeln!(people, "+1202{},Person {n},vip,true", 2_000_000 + n).unwrap();
    }
    let options = ImportOptions {
        file: "people.csv".to_owned(),
        ..ImportOptions::default()
    };
    let report = org
        .imports()
        .run(people.as_bytes(), &options, Watch::default())
        .await
        .unwrap();
    assert_eq!(report.counts.created, recipients);
    let broadcasts = org.broadcasts();
    let id = broadcasts
        .create(tertulia::NewBroadcast {
            name: "Spring".to_owned(),
            account,
            template: "spring_sale".to_owned(),
            language: english(),
            parameters: greeting(),
            target: tertulia::Selection::Filter(tertulia::Filter::tagged_any(["vip"])),
        })
        .await
        .unwrap();
    broadcasts.launch(id).await.unwrap();
    id
}

/// Processes, several at a time over one file, are killed at their commits, and from outside at any moment.
#[tokio::test(flavor = "multi_thread")]
async fn killed_processes_send_nobody_twice() {
    let recipients = number("TERTULIA_RECIPIENTS").unwrap_or(RECIPIENTS);
    let kills = number("TERTULIA_KILLS").unwrap_or(KILLS);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("crm.db");
    let platform = Arc::new(Platform::start().await.unwrap());
    let taken = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&taken);
    let delivered = move |_: &tertulia::testing::Accepted| {
        count.fetch_add(1, Ordering::SeqCst);
        vec![Status::Delivered]
    };
    platform.receipts(Receipts::by(delivered).in_batches_of(100).shuffled(11));
    platform.hold();

    let crm = open(&file, &platform.base_url(), 0, 0);
    let org = crm.create_org(Settings::default()).await.unwrap();
    let broadcast = launched(&org, &platform, recipients).await;

    let (path, base_url) = (file.clone(), platform.base_url());
    let killing = tokio::task::spawn_blocking(move || {
        let lives = Lives {
            file: &path,
            base_url: &base_url,
            taken: &taken,
            share: recipients / kills / 4,
        };
        lives.killed(kills)
    });
    let killed = killing.await.unwrap();
    assert_eq!(
        killed, kills,
        "every life was to end by a kill while there was work"
    );
    let by_killed = platform.accepted().len();

    // The last life is not killed: it sends what is left, and takes in all that the platform has to say.
    let last = open(&file, &platform.base_url(), kills + 1, 0);
    last.run_due().await.unwrap();
    connect(&platform, &last);
    platform.release();
    let drained = platform.drain().await;
    assert_eq!((drained.refused, drained.waiting), (0, 0));
    // Thirty days later nobody can say any more what became of the rest.
    let later = open(&file, &platform.base_url(), kills + 31 * 24 * 12, 0);
    later.run_due().await.unwrap();
    later.run_due().await.unwrap();

    let stats = last.org(org.id()).broadcasts().stats(broadcast).await.unwrap();
    let mut accepted: Vec<String> = platform
        .accepted()
        .into_iter()
        .filter_map(|accepted| accepted.to)
        .collect();
    accepted.sort();
    let sent = accepted.len() as u64;
    accepted.dedup();
    println!("{killed} kills, of whom {by_killed} messages are; {sent} accepted in all, {stats:?}");
    assert_eq!(accepted.len() as u64, sent, "somebody was sent to twice");
    assert_eq!(
        (stats.pending, stats.sending, stats.unknown),
        (0, 0, 0),
        "somebody was dropped in silence"
    );
    assert_eq!(stats.total, recipients);
    assert_eq!(stats.sent + stats.unconfirmed, recipients);
    assert_eq!(stats.sent, sent, "what the platform took is what the funnel says");
    let in_doubt = kills * SEND_WINDOW as u64;
    assert!(stats.unconfirmed <= in_doubt && sent + in_doubt >= recipients);
}
