//! Hears that something was committed, here or by another process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::connect::{Connections, Server};

/// Wakes those who wait for commits, by a connection that listens.
///
/// A wake may be lost (while the connection is, or before there is one), so those who wait look for themselves from time to
/// time; and it may come for nothing. The connection is made when somebody waits for the first time.
#[derive(Debug)]
pub(crate) struct Wake {
    server: Arc<Server>,
    /// Counts what was heard.
    heard: watch::Sender<u64>,
    listening: Mutex<Option<JoinHandle<()>>>,
    telling: Mutex<Telling>,
}

/// Whether this process is telling others of its commits.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Telling {
    #[default]
    No,
    /// It is, and there was none since.
    Done,
    /// It is, and there were more since.
    Again,
}

/// How long after one word of commits the next one comes at the earliest: of a server's notifications, each waits for the
/// one before, and so would each commit.
const PAUSE: Duration = Duration::from_millis(50);

impl Wake {
    pub(crate) fn new(server: Arc<Server>) -> Self {
        Self {
            server,
            heard: watch::Sender::new(0),
            listening: Mutex::default(),
            telling: Mutex::default(),
        }
    }

    /// The channel that commits to a store in this schema are told on: `NOTIFY` takes it as it is.
    pub(crate) fn channel(schema: &str) -> String {
        // FNV-1a: every process and every version has to find the same name.
        let hash = schema.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        format!("tertulia_{hash:016x}")
    }

    /// What changes with each wake from now on.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        let mut listening = self.listening.lock().unwrap_or_else(PoisonError::into_inner);
        // A task ends before its time with the runtime that it was on.
        if listening.as_ref().is_none_or(JoinHandle::is_finished) {
            *listening = Some(tokio::spawn(listen(Arc::clone(&self.server), self.heard.clone())));
        }
        self.heard.subscribe()
    }

    /// Waits until something was committed, here or by another process; or for nothing.
    pub(crate) async fn changed(&self) {
        // The sender lives as long as this.
        let _ = self.subscribe().changed().await;
    }

    /// Tells all processes, this one too, that something was committed: soon, and of many commits once.
    pub(crate) fn tell(self: &Arc<Self>, connections: &Arc<Connections>) {
        let mut telling = self.telling();
        if *telling != Telling::No {
            *telling = Telling::Again;
            return;
        }
        *telling = Telling::Done;
        let (wake, connections) = (Arc::clone(self), Arc::clone(connections));
        tokio::spawn(async move {
            let notify = format!("NOTIFY {}", Self::channel(wake.server.schema()));
            loop {
                // Who is not told looks from time to time.
                if let Ok(connection) = connections.get().await {
                    let _ = connection.client.batch_execute(&notify).await;
                }
                tokio::time::sleep(PAUSE).await;
                let mut telling = wake.telling();
                *telling = match *telling {
                    Telling::Again => Telling::Done,
                    Telling::No | Telling::Done => Telling::No,
                };
                if *telling == Telling::No {
                    return;
                }
            }
        });
    }

    fn telling(&self) -> MutexGuard<'_, Telling> {
        self.telling.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops listening.
    pub(crate) fn close(&self) {
        let mut listening = self.listening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = listening.take() {
            task.abort();
        }
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        self.close();
    }
}

async fn listen(server: Arc<Server>, heard: watch::Sender<u64>) {
    let listen = format!("LISTEN {}", Wake::channel(server.schema()));
    loop {
        let hear = {
            let heard = heard.clone();
            move || heard.send_modify(|count| *count = count.wrapping_add(1))
        };
        match server.connect(hear.clone()).await {
            Ok((client, driver)) => {
                if client.batch_execute(&listen).await.is_ok() {
                    // What was committed in between was told to nobody.
                    hear();
                    let _ = driver.await;
                }
            }
            Err(error) => tracing::warn!(%error, "commits of other processes are noticed late"),
        }
        tokio::time::sleep(Duration::from_millis(fastrand::u64(100..1000))).await;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::connect::{Connections, testing};

    async fn tell(store: &Connections) {
        let notify = format!("NOTIFY {}", Wake::channel(store.server().schema()));
        store
            .get()
            .await
            .unwrap()
            .client
            .batch_execute(&notify)
            .await
            .unwrap();
    }

    /// The server's processes that listen for this store.
    const LISTENERS: &str = "SELECT pid FROM pg_stat_activity WHERE query = $1";

    #[tokio::test]
    async fn who_waits_is_woken_by_a_commit_and_again_after_the_connection_was_lost() {
        let store = testing::store("wake").await;
        let wake = Wake::new(Arc::clone(store.server()));
        let mut waiting = wake.subscribe();
        // It listens from now on.
        waiting.changed().await.unwrap();
        tell(&store).await;
        waiting.changed().await.unwrap();

        let listen = format!("LISTEN {}", Wake::channel(store.server().schema()));
        let connection = store.get().await.unwrap();
        let cut = format!("SELECT pg_terminate_backend(pid) FROM ({LISTENERS}) listeners");
        assert_eq!(connection.client.query(&cut, &[&listen]).await.unwrap().len(), 1);
        // It listens anew, and something may have been missed.
        waiting.changed().await.unwrap();
        tell(&store).await;
        waiting.changed().await.unwrap();
    }

    #[tokio::test]
    async fn nothing_listens_before_somebody_waits_and_after_the_close() {
        let store = testing::store("lazy").await;
        let wake = Wake::new(Arc::clone(store.server()));
        let listen = format!("LISTEN {}", Wake::channel(store.server().schema()));
        let connection = store.get().await.unwrap();
        assert!(
            connection
                .client
                .query(LISTENERS, &[&listen])
                .await
                .unwrap()
                .is_empty()
        );
        let mut waiting = wake.subscribe();
        waiting.changed().await.unwrap();
        assert_eq!(
            connection
                .client
                .query(LISTENERS, &[&listen])
                .await
                .unwrap()
                .len(),
            1
        );
        wake.close();
        while !connection
            .client
            .query(LISTENERS, &[&listen])
            .await
            .unwrap()
            .is_empty()
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    #[test]
    fn every_schema_has_a_channel_that_never_changes() {
        assert_eq!(Wake::channel("tertulia"), Wake::channel("tertulia"));
        assert_ne!(Wake::channel("tertulia"), Wake::channel("tertulia2"));
        assert_eq!(Wake::channel(""), "tertulia_cbf29ce484222325");
    }
}
