//! Transactions: opened, done again where others were in the way, and ended for certain.

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use futures_util::future::poll_immediate;
use tertulia_core::ids::OrgId;
use tertulia_storage_traits::{StorageError, StorageErrorKind};
use tokio_postgres::{Error, SimpleQueryMessage};

use crate::connect::Connections;
use crate::error::{self, Failure, Result, Tried, Written, patiently};
use crate::steps::{Rows, Step, one, prepare};

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

/// The ways of planning that the store's connections are told to leave out: a table that has just grown is not read from
/// end to end for one row.
pub(crate) const EVERY_WAY: &str = "SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; \
     SET LOCAL enable_mergejoin = on; SET LOCAL enable_material = on";

/// Leaves them out again.
pub(crate) const BY_INDEX: &str = "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; \
     SET LOCAL enable_mergejoin = off; SET LOCAL enable_material = off";

/// Plans each statement for the values that it is run with, which is right where they decide what way is best, and where an
/// index is of some values only.
pub(crate) const BY_VALUE: &str = "SET LOCAL plan_cache_mode = force_custom_plan";

/// For whom the wall is open: an organisation, or all.
fn whose(org: Option<OrgId>) -> String {
    org.map_or_else(|| "all".to_owned(), |org| org.to_string())
}

/// Opens the wall until the transaction ends.
fn wall(org: Option<OrgId>) -> String {
    format!("SET LOCAL tertulia.org = '{}'", whose(org))
}

/// Opens a transaction and does the work in it. What opens it goes along with what is asked first: nobody waits for its
/// answer alone.
async fn begin<W: Work>(
    client: &ClientWrapper,
    opening: &str,
    work: &W,
) -> (
    std::result::Result<Vec<SimpleQueryMessage>, Error>,
    Tried<W::Done>,
) {
    tokio::join!(biased; client.simple_query(opening), work.run(client))
}

/// Reads by one statement, which is a transaction by itself.
pub(crate) async fn ask(connections: &Connections, org: Option<OrgId>, step: &Step) -> Result<Rows> {
    let whose = whose(org);
    Ok(patiently(|| ask_once(connections, &whose, step)).await?)
}

async fn ask_once(connections: &Connections, whose: &str, step: &Step) -> Tried<Rows> {
    let mut connection = connections.get().await?;
    let failed = |failed| error::failed(&failed, "reading", Written::Nothing);
    let statement = prepare(&connection.client, &step.sql).await?;
    connection.idle = false;
    let wall = async {
        if connection.whose == whose {
            return Ok(());
        }
        let open = format!("SET tertulia.org = '{whose}'");
        connection.client.batch_execute(&open).await
    };
    let rows = one(&connection.client, &statement, &step.params);
    let (opened, rows) = tokio::join!(biased; wall, rows);
    opened.map_err(failed)?;
    whose.clone_into(&mut connection.whose);
    connection.idle = true;
    rows.map_err(failed)
}

/// Reads in one transaction, all as of one instant; of an organisation, or of all.
pub(crate) async fn read<W: Work>(
    connections: &Connections,
    org: Option<OrgId>,
    reach: Reach,
    work: &W,
) -> Result<W::Done> {
    let wall = wall(org);
    let mut opening = format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {wall}; {BY_VALUE}");
    if reach == Reach::Many {
        opening.push_str("; ");
        opening.push_str(EVERY_WAY);
    }
    Ok(patiently(|| read_once(connections, &opening, work)).await?)
}

async fn read_once<W: Work>(connections: &Connections, opening: &str, work: &W) -> Tried<W::Done> {
    let mut connection = connections.get().await?;
    connection.idle = false;
    let (opened, done) = begin(&connection.client, opening, work).await;
    opened.map_err(|failed| error::failed(&failed, "reading", Written::Nothing))?;
    // Sent, and not waited for: whoever has the connection next is answered after it.
    let _ = poll_immediate(connection.client.batch_execute("COMMIT")).await;
    connection.idle = true;
    done
}

/// Writes in one transaction, which is committed if the work succeeds, and done again where that is right; what is about an
/// organisation, or about any.
///
/// If the connection is lost while it is committed, the server is asked what became of it, by the number that it knows the
/// transaction by.
pub(crate) async fn write<W: Work>(
    connections: &Connections,
    org: Option<OrgId>,
    work: &W,
) -> Tried<W::Done> {
    let opening = format!("BEGIN; {}; SELECT pg_current_xact_id()", wall(org));
    patiently(|| write_once(connections, &opening, work)).await
}

async fn write_once<W: Work>(connections: &Connections, opening: &str, work: &W) -> Tried<W::Done> {
    let mut connection = connections.get().await?;
    connection.idle = false;
    let (opened, done) = begin(&connection.client, opening, work).await;
    let number = number(opened)?;
    let done = match done {
        Ok(done) => done,
        Err(failure) => {
            let rolled_back = connection.client.batch_execute("ROLLBACK").await;
            // A server that is out of order, or only reads from now on, is not asked over this connection again.
            let in_order = failure.is_of_what_was_written() || failure.error.kind != StorageErrorKind::Io;
            connection.idle = in_order && rolled_back.is_ok();
            return Err(failure);
        }
    };
    let Err(failed) = connection.client.batch_execute("COMMIT").await else {
        connection.idle = true;
        return Ok(done);
    };
    if !connection.client.is_closed() {
        return Err(error::failed(&failed, "committing", Written::Unclear));
    }
    match fate(connections, &number).await {
        Some(true) => Ok(done),
        Some(false) => Err(error::failed(&failed, "committing", Written::Nothing).passing()),
        None => Err(error::failed(&failed, "committing", Written::Unclear)),
    }
}

/// The number that the server knows a transaction by, from what it answered when that was opened.
fn number(opened: std::result::Result<Vec<SimpleQueryMessage>, Error>) -> Tried<String> {
    let answers = opened.map_err(|failed| error::failed(&failed, "writing", Written::Nothing))?;
    let number = answers.iter().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    number.map(str::to_owned).ok_or_else(|| {
        Failure::from(StorageError::new(
            StorageErrorKind::Io,
            "the server did not say what number a transaction has; is it a PostgreSQL server?",
        ))
    })
}

/// Whether a transaction was committed, if the server knows.
async fn fate(connections: &Connections, number: &str) -> Option<bool> {
    let asked = async || {
        let connection = connections.get().await?;
        let rows = connection
            .client
            .query("SELECT pg_xact_status($1::text::xid8)", &[&number])
            .await
            .map_err(|failed| error::failed(&failed, "asking what became of a commit", Written::Nothing))?;
        let status: Option<String> = match rows.first() {
            Some(row) => crate::values::get(row, 0)?,
            None => None,
        };
        match status.as_deref() {
            Some("committed") => Ok(Some(true)),
            Some("aborted") => Ok(Some(false)),
            // The server has not noticed yet that nobody is there.
            Some(_) => Err(Failure::from(StorageError::new(
                StorageErrorKind::Busy,
                "the transaction goes on",
            ))
            .passing()),
            None => Ok(None),
        }
    };
    patiently(asked).await.ok().flatten()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::connect::testing;

    /// Work that remembers by which of the server's processes it is done, and fails.
    struct Fails {
        by: Mutex<Option<i32>>,
        how: &'static str,
    }

    #[async_trait]
    impl Work for Fails {
        type Done = ();

        async fn run(&self, client: &ClientWrapper) -> Tried<()> {
            let row = client.query_one("SELECT pg_backend_pid()", &[]).await.unwrap();
            *self.by.lock().unwrap() = Some(row.get(0));
            assert_ne!(self.how, "a panic");
            let failed = client.batch_execute(self.how).await.unwrap_err();
            Err(error::failed(&failed, "failing", Written::Nothing))
        }
    }

    #[tokio::test]
    async fn a_connection_is_given_back_if_it_is_as_it_was() {
        let write_to_replica = "SET TRANSACTION READ ONLY; DELETE FROM parked";
        for (how, writes, comes_back) in [
            ("SELECT 1 / 0", false, true),
            ("SELECT 1 / 0", true, true),
            ("DO $$ BEGIN RAISE unique_violation; END $$", true, true),
            ("DO $$ BEGIN RAISE lock_not_available; END $$", true, true),
            (write_to_replica, true, false),
            ("a panic", false, false),
            ("a panic", true, false),
        ] {
            let connections = Arc::new(testing::store("given-back").await);
            let work = Arc::new(Fails {
                by: Mutex::new(None),
                how,
            });
            let (pool, fails) = (Arc::clone(&connections), Arc::clone(&work));
            let done = tokio::spawn(async move {
                if writes {
                    write(&pool, None, &*fails).await.map_err(StorageError::from)
                } else {
                    read(&pool, None, Reach::Few, &*fails).await
                }
            });
            assert!(!matches!(done.await, Ok(Ok(()))), "{how}");
            let next = connections.get().await.unwrap();
            let row = next
                .client
                .query_one(
                    "SELECT pg_backend_pid(), coalesce(current_setting('tertulia.org', true), '')",
                    &[],
                )
                .await
                .unwrap();
            let (by, wall): (i32, &str) = (row.get(0), row.get(1));
            assert_eq!(wall, "", "{how}: no transaction is open");
            let before = *work.by.lock().unwrap();
            assert_eq!(before == Some(by), comes_back, "{how}, {writes}");
        }
    }

    #[tokio::test]
    async fn the_wall_is_open_for_whoever_asks_whoever_asked_before() {
        let connections = testing::store("whoever-asks").await;
        let [one, other] = [1, 2].map(|n| OrgId(uuid::Uuid::from_u128(n)));
        let step = Step::any("SELECT current_setting('tertulia.org')", Vec::new());
        let opened = async |org| {
            let rows = ask(&connections, org, &step).await.unwrap();
            rows.rows[0].get::<_, String>(0)
        };
        for org in [Some(one), Some(other), None, Some(other), Some(other), Some(one)] {
            assert_eq!(opened(org).await, whose(org));
            // Work between them has a wall of its own.
            write(&connections, Some(other), &Nothing).await.unwrap();
            read(&connections, None, Reach::Few, &Nothing).await.unwrap();
            assert_eq!(opened(org).await, whose(org));
            let fails = Step::any("SELECT 1 / 0", Vec::new());
            ask(&connections, Some(one), &fails).await.unwrap_err();
        }
    }

    struct Nothing;

    #[async_trait]
    impl Work for Nothing {
        type Done = ();

        async fn run(&self, _: &ClientWrapper) -> Tried<()> {
            Ok(())
        }
    }
}
