//! A process that is killed in the middle of a broadcast sends nobody a second message, and drops nobody in silence.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use tertulia::clock::Clock;
use tertulia::core::ledger::SEND_WINDOW;
use tertulia::storage::StorageError;
use tertulia::testing::{Platform, PlatformConfig, Receipts};
use tertulia::{Crm, SqliteStorage};

use crate::hooked::{Hook, Hooked};
use crate::support::{at, connect, crm, english, greeting, new_account, template};

const RECIPIENTS: usize = 2_000;
const KILLS: u64 = 50;

/// Ends this process as a power cut would, at the n-th commit: before it, or right after it.
#[derive(Debug)]
struct KilledAt {
    commits: AtomicU64,
    kill_at: u64,
}

impl KilledAt {
    /// Twice a commit: before it and after it.
    fn boundary(&self) {
        if self.commits.fetch_add(1, Ordering::SeqCst) + 1 == self.kill_at {
            let pid = std::process::id().to_string();
            Command::new("kill").args(["-KILL", &pid]).status().unwrap();
            std::thread::sleep(std::time::Duration::from_secs(60));
        }
    }
}

impl Hook for KilledAt {
    fn before_commit(&self) -> Result<(), StorageError> {
        self.boundary();
        Ok(())
    }

    fn before_claim(&self) {
        self.boundary();
    }

    fn after(&self) {
        self.boundary();
    }
}

/// The time that a process lives in: each later than the leases of the one before.
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

fn lifetime(process: u64) -> Fixed {
    Fixed(at(0) + TimeDelta::seconds(i64::try_from(process).unwrap() * 300))
}

fn open(file: &Path, base_url: &str, process: u64, kill_at: u64) -> Crm {
    let inner = SqliteStorage::open(file).unwrap();
    let hook = KilledAt {
        commits: AtomicU64::new(0),
        kill_at,
    };
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
    let number = |name: &str| std::env::var(name).unwrap().parse().unwrap();
    let base_url = std::env::var("TERTULIA_KILL_URL").unwrap();
    let crm = open(
        Path::new(&file),
        &base_url,
        number("TERTULIA_KILL_LIFE"),
        number("TERTULIA_KILL_AT"),
    );
    crm.run_due().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_processes_send_nobody_twice() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("crm.db");
    let platform = Arc::new(Platform::start().await.unwrap());
    platform.receipts(Receipts::read().shuffled(11));
    platform.hold();

    let crm = open(&file, &platform.base_url(), 0, 0);
    let org = crm
        .create_org(tertulia::core::settings::Settings::default())
        .await
        .unwrap();
    let account = org.accounts().connect(new_account(&platform)).await.unwrap();
    org.templates()
        .put(template("spring_sale", "MARKETING"))
        .await
        .unwrap();
    for n in 0..RECIPIENTS {
        let new = tertulia::core::decide::contacts::NewContact {
            phone: Some(format!("+1202555{n:04}")),
            tags: vec!["vip".to_owned()],
            opted_in: Some(true),
            ..Default::default()
        };
        org.contacts().create(new).await.unwrap();
    }
    let broadcast = org
        .broadcasts()
        .create(tertulia::core::decide::broadcasts::NewBroadcast {
            name: "Spring".to_owned(),
            account,
            template: "spring_sale".to_owned(),
            language: english(),
            parameters: greeting(),
            target: tertulia::Selection::Filter(tertulia::Filter::tagged_any(["vip"])),
        })
        .await
        .unwrap();
    org.broadcasts().launch(broadcast).await.unwrap();

    let mut random = fastrand::Rng::with_seed(2026);
    let mut killed = 0;
    for life in 1..=KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child
            .args(["--exact", "kills::one_life", "--ignored", "--test-threads=1"])
            .env("TERTULIA_KILL_FILE", &file)
            .env("TERTULIA_KILL_URL", platform.base_url())
            .env("TERTULIA_KILL_LIFE", life.to_string())
            .env("TERTULIA_KILL_AT", random.u64(1..=20).to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let status = tokio::task::spawn_blocking(move || child.status())
            .await
            .unwrap()
            .unwrap();
        killed += u64::from(!status.success());
    }
    assert_eq!(
        killed, KILLS,
        "every life was to end by a kill while there was work"
    );

    // The last life is not killed: it sends what is left, and takes in all that the platform has to say.
    let org = open(&file, &platform.base_url(), KILLS + 1, 0).org(org.id());
    let last = open(&file, &platform.base_url(), KILLS + 1, 0);
    last.run_due().await.unwrap();
    connect(&platform, &last);
    platform.release();
    let drained = platform.drain().await;
    assert_eq!((drained.refused, drained.waiting), (0, 0));
    // Thirty days later nobody can say any more what became of the rest.
    let later = open(&file, &platform.base_url(), KILLS + 31 * 24 * 12, 0);
    later.run_due().await.unwrap();
    later.run_due().await.unwrap();

    let stats = org.broadcasts().stats(broadcast).await.unwrap();
    let mut accepted: Vec<String> = platform
        .accepted()
        .into_iter()
        .filter_map(|accepted| accepted.to)
        .collect();
    accepted.sort();
    let sent = accepted.len();
    accepted.dedup();
    println!("{killed} kills: {sent} accepted, {stats:?}");
    assert_eq!(accepted.len(), sent, "somebody was sent to twice");
    assert_eq!(
        (stats.pending, stats.sending, stats.unknown),
        (0, 0, 0),
        "somebody was dropped in silence"
    );
    assert_eq!(stats.total, RECIPIENTS as u64);
    assert_eq!(stats.sent + stats.unconfirmed, RECIPIENTS as u64);
    assert_eq!(
        stats.sent, sent as u64,
        "what the platform took is what the funnel says"
    );
    assert!(stats.unconfirmed <= killed * SEND_WINDOW as u64);
    assert_eq!(org.broadcasts().get(broadcast).await.unwrap().name, "Spring");
}
