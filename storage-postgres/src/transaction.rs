//! Transactions: opened, done again where others were in the way, and ended for certain.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use futures_util::future::maybe_done;
use tertulia_core::ids::OrgId;
use tertulia_storage_traits::{StorageError, StorageErrorKind};

use crate::commits::ALL;
use crate::connect::Connections;
use crate::error::{self, Attempts, Failure, Result, Written};

pub(crate) type Tried<T> = std::result::Result<T, Failure>;

/// What is done in a transaction.
#[async_trait]
pub(crate) trait Work: Send + Sync {
    /// What comes of it.
    type Done: Send;

    /// Does it, on a connection of its own.
    async fn run(&self, client: &ClientWrapper) -> Tried<Self::Done>;
}

/// What a read is planned for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Few rows, by their indexes.
    Few,
    /// As many as there are, by whatever way statistics say is best.
    Many,
}

/// Reads in one transaction, all as of one instant; of an organisation, or of all.
pub(crate) async fn read<W: Work>(
    connections: &Connections,
    org: Option<OrgId>,
    reach: Reach,
    work: &W,
) -> Result<W::Done> {
    let whose = org.map_or_else(|| ALL.to_owned(), |org| org.to_string());
    let mut begin =
        format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL tertulia.org = '{whose}'");
    if reach == Reach::Many {
        begin.push_str("; ");
        begin.push_str(EVERY_WAY);
    }
    let mut attempts = Attempts::default();
    loop {
        match read_once(connections, &begin, work).await {
            Err(failure) if attempts.again(&failure).await => {}
            outcome => return outcome.map_err(StorageError::from),
        }
    }
}

/// The ways of planning that the store's connections are told to leave out: a table that has just grown is not read from
/// end to end for one row.
pub(crate) const EVERY_WAY: &str =
    "SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on";

/// Leaves them out again.
pub(crate) const BY_INDEX: &str =
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off";

async fn read_once<W: Work>(connections: &Connections, begin: &str, work: &W) -> Tried<W::Done> {
    let client = connections.get().await?;
    // What begins and ends goes along with what is asked: nobody waits for its answer alone.
    let mut opened = pin!(maybe_done(client.batch_execute(begin)));
    once(opened.as_mut()).await;
    let result = work.run(&client).await;
    opened.as_mut().await;
    if let Some(Err(failed)) = opened.take_output() {
        once(pin!(client.batch_execute("ROLLBACK"))).await;
        return Err(error::failed(&failed, "reading", Written::Nothing));
    }
    once(pin!(client.batch_execute("COMMIT"))).await;
    result
}

/// Lets a future begin.
async fn once<F: Future>(mut future: Pin<&mut F>) {
    poll_fn(|cx| {
        let _ = future.as_mut().poll(cx);
        Poll::Ready(())
    })
    .await;
}

/// Writes in one transaction, which is committed if the work succeeds, and done again where that is right.
///
/// The work says by what number the server knows the transaction. If the connection is lost while it is committed, the
/// server is asked by that number what became of it.
pub(crate) async fn write<T: Send>(
    connections: &Connections,
    work: &impl Work<Done = (T, String)>,
) -> Tried<T> {
    let mut attempts = Attempts::default();
    loop {
        match write_once(connections, work).await {
            Err(failure) if attempts.again(&failure).await => {}
            outcome => return outcome,
        }
    }
}

async fn write_once<T: Send>(connections: &Connections, work: &impl Work<Done = (T, String)>) -> Tried<T> {
    let client = connections.get().await?;
    let (done, number) = match work.run(&client).await {
        Ok(done) => done,
        Err(failure) => {
            // What went wrong is told already.
            let _ = client.batch_execute("ROLLBACK").await;
            return Err(failure);
        }
    };
    let Err(failed) = client.batch_execute("COMMIT").await else {
        return Ok(done);
    };
    if !client.is_closed() {
        return Err(error::failed(&failed, "committing", Written::Unclear));
    }
    match fate(connections, &number).await {
        Some(true) => Ok(done),
        Some(false) => Err(error::failed(&failed, "committing", Written::Nothing).passing()),
        None => Err(error::failed(&failed, "committing", Written::Unclear)),
    }
}

/// Whether a transaction was committed, if the server knows.
async fn fate(connections: &Connections, number: &str) -> Option<bool> {
    let mut attempts = Attempts::default();
    loop {
        let asked = async {
            let client = connections.get().await?;
            let rows = client
                .query("SELECT pg_xact_status($1::text::xid8)", &[&number])
                .await
                .map_err(|failed| {
                    error::failed(&failed, "asking what became of a commit", Written::Nothing)
                })?;
            let status: Option<String> = match rows.first() {
                Some(row) => crate::values::get(row, 0)?,
                None => None,
            };
            Ok::<_, Failure>(status)
        };
        let failure = match asked.await {
            Ok(Some(status)) if status == "committed" => return Some(true),
            Ok(Some(status)) if status == "aborted" => return Some(false),
            // The server has not noticed yet that nobody is there.
            Ok(Some(_)) => Failure::from(StorageError::new(
                StorageErrorKind::Busy,
                "the transaction goes on",
            ))
            .passing(),
            Ok(None) => return None,
            Err(failure) => failure,
        };
        if !attempts.again(&failure).await {
            return None;
        }
    }
}
