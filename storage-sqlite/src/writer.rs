//! The one thread that writes, and the one `COMMIT` for all that wait.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use tertulia_storage_traits::{StorageError, StorageErrorKind};
use tokio::sync::oneshot;

use crate::connection::patiently;
use crate::error::{self, Result};

/// The most tasks in one transaction: bounds how long the first waits for its answer.
const MOST: usize = 512;

/// The way to the thread.
#[derive(Debug)]
pub(crate) struct Writer {
    mail: Sender<Mail>,
}

enum Mail {
    Work(Box<dyn Task>),
    /// Work that no transaction may be around.
    Alone(Box<dyn Task>),
    Close(oneshot::Sender<()>),
}

/// One piece of work of a transaction.
trait Task: Send {
    /// Does it; whether it is to stay.
    fn run(&mut self, connection: &Connection) -> bool;

    /// Tells its caller what became of it; `lost`: why the transaction was not committed.
    fn answer(self: Box<Self>, lost: Option<&StorageError>);
}

struct Job<F, T> {
    work: Option<F>,
    result: Option<Result<T>>,
    to: oneshot::Sender<Result<T>>,
}

impl<T: Send, F: FnOnce(&Connection) -> Result<T> + Send> Task for Job<F, T> {
    fn run(&mut self, connection: &Connection) -> bool {
        if let Some(work) = self.work.take() {
            // Whatever a panic leaves behind is in the database only, and rolled back.
            let done = catch_unwind(AssertUnwindSafe(|| work(connection)));
            self.result = Some(done.unwrap_or_else(|_| Err(error::panicked("a write"))));
        }
        matches!(self.result, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, lost: Option<&StorageError>) {
        let result = match (self.result, lost) {
            (Some(Err(own)), _) => Err(own),
            (_, Some(lost)) => Err(error::again(lost)),
            (Some(Ok(value)), None) => Ok(value),
            (None, None) => Err(error::panicked("the writer")),
        };
        // A caller that went away has no use for the answer.
        let _ = self.to.send(result);
    }
}

impl Writer {
    /// Starts the thread, which then owns the connection.
    pub(crate) fn start(connection: Connection, patience: Duration) -> Result<Self> {
        let (mail, post) = mpsc::channel();
        thread::Builder::new()
            .name("tertulia-sqlite".to_owned())
            .spawn(move || serve(connection, patience, &post))
            .map_err(|e| {
                StorageError::new(
                    StorageErrorKind::Io,
                    format!("cannot start the writer's thread: {e}"),
                )
                .because(e)
            })?;
        Ok(Self { mail })
    }

    /// Does some work in a transaction; the answer comes when that is durable.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.ask(work, Mail::Work).await
    }

    /// Does some work outside of all transactions, after all that was asked for before.
    pub(crate) async fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.ask(work, Mail::Alone).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
        mail: fn(Box<dyn Task>) -> Mail,
    ) -> Result<T> {
        let (to, answer) = oneshot::channel();
        let job = Job {
            work: Some(work),
            result: None,
            to,
        };
        self.mail.send(mail(Box::new(job))).map_err(|_| error::closed())?;
        answer.await.unwrap_or_else(|_| Err(error::closed()))
    }

    /// Finishes what was asked for before, and lets go of the file.
    pub(crate) async fn close(&self) -> Result<()> {
        let (done, is_done) = oneshot::channel();
        self.mail.send(Mail::Close(done)).map_err(|_| error::closed())?;
        is_done.await.map_err(|_| error::closed())
    }
}

/// The thread: until it is told to close, or nobody is left to ask.
fn serve(connection: Connection, patience: Duration, post: &Receiver<Mail>) {
    while let Ok(first) = post.recv() {
        let mut group = Vec::new();
        let mut alone = None;
        let mut closing = None;
        let mut next = Some(first);
        while let Some(mail) = next.take() {
            match mail {
                Mail::Work(task) => group.push(task),
                Mail::Alone(task) => alone = Some(task),
                Mail::Close(done) => closing = Some(done),
            }
            if closing.is_none() && alone.is_none() && group.len() < MOST {
                next = post.try_recv().ok();
            }
        }
        if !group.is_empty() {
            let lost = commit(&connection, patience, &mut group).err();
            for task in group {
                task.answer(lost.as_ref());
            }
        }
        if let Some(mut task) = alone {
            task.run(&connection);
            task.answer(None);
        }
        if let Some(done) = closing {
            // Another process may be reading: then the log stays, and nothing is lost.
            let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
            drop(connection);
            let _ = done.send(());
            return;
        }
    }
}

/// One transaction for all and one `COMMIT`; of several, a savepoint each, so that one's failure is its own.
///
/// A savepoint keeps each page as it was, and SQLite walks through all that it keeps whenever a statement ends: work that
/// is alone, as the batches of imports are, goes without.
fn commit(connection: &Connection, patience: Duration, group: &mut [Box<dyn Task>]) -> Result<()> {
    let step = |sql: &str| {
        connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([]))
            .map(|_| ())
    };
    patiently(patience, "beginning to write", || step("BEGIN IMMEDIATE"))?;
    let written = (|| {
        if let [task] = group {
            return step(if task.run(connection) {
                "COMMIT"
            } else {
                "ROLLBACK"
            });
        }
        for task in group {
            step("SAVEPOINT task")?;
            if !task.run(connection) {
                // SQLite gave up the whole transaction, as it does when the disk is full: this fails too.
                step("ROLLBACK TO task")?;
            }
            step("RELEASE task")?;
        }
        step("COMMIT")
    })();
    written.map_err(|e| {
        if !connection.is_autocommit() {
            // What went wrong is told already.
            let _ = step("ROLLBACK");
        }
        error::sqlite(e, "committing; nothing was written")
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tempfile::TempDir;
    use tertulia_storage_traits::StorageErrorKind;
    use tokio::task::JoinHandle;

    use super::*;

    /// A writer on a file, and a second connection to see what is committed.
    struct Bench {
        writer: Arc<Writer>,
        other: Connection,
        _folder: TempDir,
    }

    impl Bench {
        fn new() -> Self {
            let folder = TempDir::new().unwrap();
            let path = folder.path().join("t.db");
            let connection = Connection::open(&path).unwrap();
            connection
                .execute_batch(
                    "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; CREATE TABLE t (x INTEGER UNIQUE);
                     CREATE TABLE child (x INTEGER REFERENCES t (x) DEFERRABLE INITIALLY DEFERRED);",
                )
                .unwrap();
            Self {
                writer: Arc::new(Writer::start(connection, Duration::from_secs(5)).unwrap()),
                other: Connection::open(&path).unwrap(),
                _folder: folder,
            }
        }

        fn seen(&self) -> Vec<i64> {
            let mut statement = self.other.prepare("SELECT x FROM t ORDER BY x").unwrap();
            let rows = statement.query_map([], |row| row.get(0)).unwrap();
            rows.map(std::result::Result::unwrap).collect()
        }

        /// Starts work whose order is that of the calls.
        async fn start(
            &self,
            work: impl FnOnce(&Connection) -> Result<()> + Send + 'static,
        ) -> JoinHandle<Result<()>> {
            let writer = Arc::clone(&self.writer);
            let task = tokio::spawn(async move { writer.run(work).await });
            tokio::task::yield_now().await;
            task
        }

        /// Keeps the writer in a transaction of its own until told, so that what is started meanwhile is one group.
        async fn hold(&self) -> (mpsc::Sender<()>, JoinHandle<Result<()>>) {
            let (go, told) = mpsc::channel::<()>();
            let (begun, has_begun) = mpsc::channel();
            let task = self
                .start(move |_| {
                    begun.send(()).unwrap();
                    told.recv().unwrap();
                    Ok(())
                })
                .await;
            has_begun.recv().unwrap();
            (go, task)
        }
    }

    fn add(x: i64) -> impl FnOnce(&Connection) -> Result<()> + Send {
        move |connection| {
            connection
                .execute("INSERT INTO t VALUES (?)", [x])
                .map(|_| ())
                .map_err(|e| error::sqlite(e, "adding"))
        }
    }

    #[tokio::test]
    async fn a_group_is_answered_only_when_all_of_it_is_durable() {
        let bench = Bench::new();
        let (go, first) = bench.hold().await;
        let early = bench.start(add(1)).await;
        let (finish, told) = mpsc::channel::<()>();
        let (begun, has_begun) = mpsc::channel();
        let late = bench
            .start(move |connection| {
                begun.send(()).unwrap();
                told.recv().unwrap();
                add(2)(connection)
            })
            .await;
        go.send(()).unwrap();
        has_begun.recv().unwrap();
        tokio::task::yield_now().await;
        // The early one is written, but not committed: nobody may see it, and its caller may not go on.
        assert!(!early.is_finished());
        assert!(bench.seen().is_empty());
        finish.send(()).unwrap();
        early.await.unwrap().unwrap();
        assert_eq!(bench.seen(), [1, 2], "one commit for both");
        late.await.unwrap().unwrap();
        first.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_failure_or_panic_undoes_its_own_work_and_no_other() {
        let bench = Bench::new();
        let (go, first) = bench.hold().await;
        let good = bench.start(add(1)).await;
        let conflicting = bench
            .start(|connection| {
                add(2)(connection)?;
                add(1)(connection)
            })
            .await;
        let panicking = bench
            .start(|connection| {
                add(3)(connection)?;
                panic!("on purpose")
            })
            .await;
        let also_good = bench.start(add(4)).await;
        go.send(()).unwrap();
        first.await.unwrap().unwrap();
        good.await.unwrap().unwrap();
        assert!(conflicting.await.unwrap().unwrap_err().is_conflict());
        assert_eq!(panicking.await.unwrap().unwrap_err().kind, StorageErrorKind::Io);
        also_good.await.unwrap().unwrap();
        assert_eq!(bench.seen(), [1, 4]);
        bench.writer.run(add(5)).await.unwrap();
    }

    #[tokio::test]
    async fn a_failure_or_panic_of_work_that_is_alone_leaves_nothing() {
        let bench = Bench::new();
        bench.writer.run(add(1)).await.unwrap();
        let conflicting = bench.writer.run(|connection| {
            add(2)(connection)?;
            add(1)(connection)
        });
        assert!(conflicting.await.unwrap_err().is_conflict());
        let panicking = bench.writer.run(|connection| {
            add(3)(connection)?;
            panic!("on purpose")
        });
        let panicked: Result<()> = panicking.await;
        assert_eq!(panicked.unwrap_err().kind, StorageErrorKind::Io);
        bench.writer.run(add(4)).await.unwrap();
        assert_eq!(bench.seen(), [1, 4]);
    }

    #[tokio::test]
    async fn when_the_commit_fails_nobody_is_told_otherwise() {
        let bench = Bench::new();
        let (go, first) = bench.hold().await;
        let good = bench.start(add(1)).await;
        // Its fault shows when all is committed.
        let bad = bench
            .start(|connection| {
                connection
                    .execute("INSERT INTO child VALUES (99)", [])
                    .map(|_| ())
                    .map_err(|e| error::sqlite(e, "adding"))
            })
            .await;
        go.send(()).unwrap();
        first.await.unwrap().unwrap();
        good.await.unwrap().unwrap_err();
        bad.await.unwrap().unwrap_err();
        assert!(bench.seen().is_empty());
        bench.writer.run(add(2)).await.unwrap();
        assert_eq!(bench.seen(), [2]);
    }

    #[tokio::test]
    async fn what_was_asked_for_before_a_close_is_done() {
        let bench = Bench::new();
        let (go, first) = bench.hold().await;
        let before = bench.start(add(1)).await;
        let writer = Arc::clone(&bench.writer);
        let closing = tokio::spawn(async move { writer.close().await });
        tokio::task::yield_now().await;
        let after = bench.start(add(2)).await;
        go.send(()).unwrap();
        first.await.unwrap().unwrap();
        before.await.unwrap().unwrap();
        closing.await.unwrap().unwrap();
        assert_eq!(after.await.unwrap().unwrap_err().kind, StorageErrorKind::Closed);
        assert_eq!(bench.seen(), [1]);
    }
}
