//! The processes: this program again, with a part to play.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::place::Place;
use crate::{importing, receiving};

/// Where a process finds its part.
const PART: &str = "TERTULIA_PART";

/// What a process is to do.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Part {
    /// What is due, until it is told to end.
    Work(Place),
    /// Taking in what is in a file.
    Receive(receiving::Receiver),
    /// Importing again and again.
    Import(importing::Importer),
}

/// A process, killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// Closed, it tells the process to end.
    until: Option<ChildStdin>,
    answer: PathBuf,
    _folder: tempfile::TempDir,
}

impl Process {
    pub(crate) fn begin(part: &Part) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let answer = folder.path().join("answer");
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "process::one_process", "--ignored", "--nocapture"])
            .env(PART, serde_json::to_string(&(part, &answer)).unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            until: child.stdin.take(),
            child,
            answer,
            _folder: folder,
        }
    }

    /// What workers' names begin with.
    pub(crate) fn worker(&self) -> String {
        format!("{}-", self.child.id())
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Cuts it off in the middle of whatever it does.
    pub(crate) fn stop(&self) {
        self.signal("-STOP");
    }

    /// Lets go of it again.
    pub(crate) fn go_on(&self) {
        self.signal("-CONT");
    }

    /// Ends it with no word of its own.
    pub(crate) fn kill(mut self) {
        assert!(self.is_running(), "whom nobody killed has ended");
        self.child.kill().unwrap();
        assert_eq!(self.child.wait().unwrap().code(), None);
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Tells it to end, and waits for it.
    pub(crate) async fn end(mut self) {
        drop(self.until.take());
        self.done().await;
    }

    /// Waits until it has done its part.
    async fn done(&mut self) {
        while self.is_running() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(self.child.wait().unwrap().success(), "a process failed");
    }

    /// Waits until it has done its part, for what it has to say.
    pub(crate) async fn answer<T: for<'a> Deserialize<'a>>(mut self) -> T {
        self.done().await;
        serde_json::from_slice(&std::fs::read(&self.answer).unwrap()).unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended is there no more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Until whoever began this process says that it should end, or is gone.
async fn told_to_end() {
    let closed = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    closed.await.unwrap().unwrap();
}

/// The life of one process, begun by the proofs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "is a process of the others"]
async fn one_process() {
    let Ok(part) = std::env::var(PART) else {
        return;
    };
    let (part, answer): (Part, PathBuf) = serde_json::from_str(&part).unwrap();
    let said = match part {
        Part::Work(place) => {
            let crm = place.open().await;
            let works = tokio::spawn({
                let crm = crm.clone();
                async move { crm.work().await }
            });
            told_to_end().await;
            crm.close().await.unwrap();
            works.await.unwrap().unwrap();
            serde_json::Value::Null
        }
        Part::Receive(receiver) => receiver.receive().await,
        Part::Import(importer) => importer.import().await,
    };
    std::fs::write(answer, said.to_string()).unwrap();
}
