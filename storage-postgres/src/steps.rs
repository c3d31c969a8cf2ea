//! Statements that are sent one after another without waiting for answers between.

use std::borrow::Cow;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use deadpool_postgres::ClientWrapper;
use futures_util::future::{MaybeDone, maybe_done};
use tertulia_core::record::RecordKind;
use tertulia_storage_traits::{StorageError, StorageErrorKind};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row, Statement};

use crate::error::{self, Result, Tried, Written};
use crate::values::{Param, get};

/// A statement of a commit.
pub(crate) struct Step {
    pub(crate) sql: Cow<'static, str>,
    pub(crate) params: Vec<Param>,
    must: Must,
}

/// What a statement must have done, or the commit lost against another one.
enum Must {
    /// Nothing special.
    Any,
    /// Written so many rows of a kind.
    Write(RecordKind, u64),
    /// Counted so many rows of a kind.
    Count(RecordKind, u64),
    /// Written so many entries of the journal.
    Entries(u64),
}

impl Step {
    /// A statement that may do as it likes.
    pub(crate) fn any(sql: impl Into<Cow<'static, str>>, params: Vec<Param>) -> Self {
        Self::new(sql, params, Must::Any)
    }

    /// A statement that writes so many records of a kind.
    pub(crate) fn write(sql: &'static str, params: Vec<Param>, kind: RecordKind, rows: usize) -> Self {
        Self::new(sql, params, Must::Write(kind, rows as u64))
    }

    /// A statement that counts so many records of a kind.
    pub(crate) fn count(sql: &'static str, params: Vec<Param>, kind: RecordKind, rows: usize) -> Self {
        Self::new(sql, params, Must::Count(kind, rows as u64))
    }

    /// A statement that writes so many entries of the journal.
    pub(crate) fn entries(sql: impl Into<Cow<'static, str>>, params: Vec<Param>, entries: usize) -> Self {
        Self::new(sql, params, Must::Entries(entries as u64))
    }

    fn new(sql: impl Into<Cow<'static, str>>, params: Vec<Param>, must: Must) -> Self {
        Self {
            sql: sql.into(),
            params,
            must,
        }
    }

    /// Fails as a conflict if the statement did not do what it must have.
    pub(crate) fn check(&self, rows: &Rows) -> Result<()> {
        match &self.must {
            Must::Any => Ok(()),
            Must::Write(_, wanted) if rows.written == *wanted => Ok(()),
            Must::Count(_, wanted) if rows.counted()? == *wanted => Ok(()),
            Must::Write(kind, _) => Err(conflict(*kind, "is not at the version that was read")),
            Must::Count(kind, _) => Err(conflict(*kind, "is not as it was read")),
            Must::Entries(wanted) if rows.written == *wanted => Ok(()),
            Must::Entries(_) => Err(StorageError::new(
                StorageErrorKind::Conflict,
                "the journal has no entry at a position that was named",
            )),
        }
    }

    /// The kind of record that it writes, if it writes any.
    pub(crate) const fn kind(&self) -> Option<RecordKind> {
        match self.must {
            Must::Write(kind, _) => Some(kind),
            _ => None,
        }
    }
}

/// A commit that lost against another one.
pub(crate) fn conflict(kind: RecordKind, how: &str) -> StorageError {
    StorageError::new(
        StorageErrorKind::Conflict,
        format!(
            "a record of kind {} {how}; load, decide and commit again",
            kind.as_str()
        ),
    )
}

/// What a statement answered.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) rows: Vec<Row>,
    pub(crate) written: u64,
}

impl Rows {
    fn counted(&self) -> Result<u64> {
        let count: i64 = match self.rows.first() {
            Some(row) => get(row, 0)?,
            None => 0,
        };
        Ok(count.cast_unsigned())
    }
}

/// Statements that begin, fill or end a transaction, sent together.
pub(crate) async fn send(client: &ClientWrapper, steps: &[Step]) -> Tried<Vec<Rows>> {
    let prepared = in_order(steps.iter().map(|step| prepare(client, &step.sql))).await;
    let prepared = prepared.into_iter().collect::<Tried<Vec<Statement>>>()?;
    let answers = in_order(
        steps
            .iter()
            .zip(&prepared)
            .map(|(step, statement)| one(client, statement, &step.params)),
    )
    .await;
    let mut all = Vec::with_capacity(steps.len());
    for (answer, step) in answers.into_iter().zip(steps) {
        let rows = answer.map_err(|failed| {
            let mut failure = error::failed(&failed, "writing", Written::Nothing);
            if let (Some(kind), true) = (step.kind(), failure.error.is_conflict()) {
                failure.error = conflict(kind, "is there already");
            }
            failure
        })?;
        all.push(rows);
    }
    Ok(all)
}

/// A statement, made ready once a connection.
pub(crate) async fn prepare(client: &ClientWrapper, sql: &str) -> Tried<Statement> {
    client
        .prepare_cached(sql)
        .await
        .map_err(|failed| error::failed(&failed, "preparing a statement", Written::Nothing))
}

/// Runs a statement.
pub(crate) async fn one(
    client: &ClientWrapper,
    statement: &Statement,
    params: &[Param],
) -> std::result::Result<Rows, Error> {
    let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| param.as_ref() as _).collect();
    if statement.columns().is_empty() {
        let written = client.execute(statement, &params).await?;
        return Ok(Rows {
            rows: Vec::new(),
            written,
        });
    }
    let rows = client.query(statement, &params).await?;
    Ok(Rows { rows, written: 0 })
}

/// Begins each of these in turn, so that what they send goes out in their order, and waits for all.
pub(crate) async fn in_order<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut futures: Vec<Pin<Box<MaybeDone<F>>>> =
        futures.map(|future| Box::pin(maybe_done(future))).collect();
    poll_fn(|cx| {
        let mut done = true;
        for future in &mut futures {
            done &= future.as_mut().poll(cx).is_ready();
        }
        if done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    futures
        .iter_mut()
        .filter_map(|future| future.as_mut().take_output())
        .collect()
}
