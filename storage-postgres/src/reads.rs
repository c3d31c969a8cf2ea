//! Reads, each as of one instant.

use std::collections::BTreeMap;

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use tertulia_core::broadcast::Bucket;
use tertulia_core::ids::{ContactId, OrgId, SequenceId};
use tertulia_core::ledger::{Campaign, StateName};
use tertulia_core::record::{Key, RecordKind, Stored};
use tertulia_core::sequence::Standing;
use tertulia_storage_sql::cursor::{fingerprint, read_cursor, write_cursor};
use tertulia_storage_sql::error::unknown;
use tertulia_storage_sql::filter::{self, Extent};
use tertulia_storage_sql::journal::{Next, Walk, entry};
use tertulia_storage_sql::pages::End;
use tertulia_storage_sql::plan::plan;
use tertulia_storage_sql::rows::{key_values, parse};
use tertulia_storage_sql::{Condition, Dialect, Value, pages};
use tertulia_storage_traits::{
    JournalPage, JournalRequest, Page, PageRequest, Query, Shared, SharedPage, SharedRequest,
};
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use crate::error::{self, Result, Tried, Written};
use crate::steps::{Rows, Step};
use crate::tables;
use crate::transaction::Work;
use crate::values::{Holds, Param, columns, decode, get, numbered, place};

/// Makes a request work of a transaction.
macro_rules! works {
    ($($(#[$doc:meta])* $request:ty => $done:ty, |$client:ident, $this:ident| $work:expr;)*) => {$(
        $(#[$doc])*
        #[async_trait]
        impl Work for $request {
            type Done = $done;

            async fn run(&self, $client: &ClientWrapper) -> Tried<Self::Done> {
                let $this = self;
                $work.await
            }
        }
    )*};
}

/// Counts what a query finds.
pub(crate) struct Count(pub(crate) Query);
/// Counts the ledger rows of a campaign.
pub(crate) struct Tally(pub(crate) OrgId, pub(crate) Campaign);
/// Counts the enrollments of a sequence.
pub(crate) struct Standings(pub(crate) OrgId, pub(crate) SequenceId);
/// Counts the contacts of each tag.
pub(crate) struct TagCounts(pub(crate) OrgId);

works! {
    PageRequest => Page, |client, this| page(client, this);
    Count => u64, |client, this| count(client, &this.0);
    JournalRequest => JournalPage, |client, this| journal(client, this);
    SharedRequest => SharedPage, |client, this| shared(client, this);
    Tally => (Vec<(Bucket, u64)>, i64), |client, this| tally(client, this.0, this.1);
    Standings => (Vec<(Standing, u64)>, i64), |client, this| standings(client, this.0, this.1);
    TagCounts => Vec<(String, u64)>, |client, this| tag_counts(client, this.0);
}

/// Runs a statement that is planned for its very values.
pub(crate) async fn query_typed(
    client: &ClientWrapper,
    sql: &str,
    params: &[(Param, Type)],
) -> Tried<Vec<Row>> {
    let params: Vec<(&(dyn ToSql + Sync), Type)> = params
        .iter()
        .map(|(param, kind)| (param.as_ref() as &(dyn ToSql + Sync), kind.clone()))
        .collect();
    client
        .query_typed(sql, &params)
        .await
        .map_err(|failed| error::failed(&failed, "reading", Written::Nothing))
}

async fn ask(client: &ClientWrapper, condition: Condition) -> Tried<Vec<Row>> {
    let (sql, params) = numbered(condition);
    query_typed(client, &sql, &params).await
}

/// What finds the records under these keys, all as of one instant.
pub(crate) fn find(keys: &[Key]) -> Step {
    let mut by_kind: BTreeMap<RecordKind, Vec<usize>> = BTreeMap::new();
    for (place, key) in keys.iter().enumerate() {
        by_kind.entry(key.kind()).or_default().push(place);
    }
    let (mut finds, mut params) = (Vec::new(), Vec::new());
    for (kind, places) in by_kind {
        let table = tables::of(kind);
        let rows = places.into_iter().map(|place| {
            let mut row = vec![Value::Integer(i64::try_from(place).unwrap_or(i64::MAX))];
            row.extend(key_values(&keys[place]));
            row
        });
        finds.push(table.find(params.len() + 1));
        let holds: Vec<Holds> = [Holds::Number]
            .into_iter()
            .chain(table.key.iter().copied())
            .collect();
        params.extend(columns(&holds, rows.collect()));
    }
    if finds.is_empty() {
        finds.push("SELECT 0::bigint, 0::bigint, '' WHERE false".to_owned());
    }
    Step::any(finds.join(" UNION ALL "), params)
}

/// What was found under these keys, in their order.
pub(crate) fn found(keys: &[Key], rows: &Rows) -> Result<Vec<Option<Stored>>> {
    let mut found: Vec<Option<Stored>> = vec![None; keys.len()];
    for row in &rows.rows {
        let place = usize::try_from(get::<i64>(row, 0)?).unwrap_or(usize::MAX);
        if let (Some(key), Some(slot)) = (keys.get(place), found.get_mut(place)) {
            *slot = Some(stored(key.kind(), row, 1)?);
        }
    }
    Ok(found)
}

/// The record in a row that has `version, body` from a column on.
fn stored(kind: RecordKind, row: &Row, first: usize) -> Result<Stored> {
    Ok(Stored {
        version: get::<i64>(row, first)?.cast_unsigned(),
        record: parse(kind, get(row, first + 1)?)?,
    })
}

/// Reads a page along conditions that no two share a row of.
async fn read(
    client: &ClientWrapper,
    page: &pages::Page<'_>,
    conditions: Vec<Condition>,
    mut take: impl FnMut(&Row) -> Result<()>,
) -> Tried<Option<End>> {
    let Some(statement) = page.statement(conditions) else {
        return Ok(None);
    };
    let rows = ask(client, statement).await?;
    for row in rows.iter().take(page.limit) {
        take(row)?;
    }
    let Some(last) = rows.iter().take(page.limit).next_back() else {
        return Ok(None);
    };
    let place = (0..page.order.len())
        .map(|column| place(last, pages::SELECTED + column))
        .collect::<Result<_>>()?;
    Ok(Some(End {
        place,
        more: rows.len() > page.limit,
    }))
}

/// One page of a query.
pub(crate) async fn page(client: &ClientWrapper, request: &PageRequest) -> Tried<Page> {
    let plan = plan(Dialect::Postgres, &request.query);
    let token = fingerprint(&request.query);
    let from = format!("{}{}", plan.from, plan.joined);
    let walk = pages::Page {
        select: plan.select,
        from: &from,
        order: &plan.order,
        after: request
            .cursor
            .as_ref()
            .map(|cursor| read_cursor(cursor, token, plan.order.len()))
            .transpose()?,
        backwards: request.backwards,
        limit: request.limit.max(1),
    };
    let mut records = Vec::new();
    let end = read(client, &walk, plan.lanes, |row| {
        records.push(stored(plan.kind, row, 0)?);
        Ok(())
    })
    .await?;
    Ok(Page {
        records,
        next: end
            .filter(|end| end.more)
            .map(|end| write_cursor(token, &end.place)),
    })
}

/// How many records a query finds.
pub(crate) async fn count(client: &ClientWrapper, query: &Query) -> Tried<u64> {
    let (from, lanes) = match query {
        Query::Contacts { org, filter, .. } => {
            let walk = filter::walk(Dialect::Postgres, *org, filter, None, Extent::Whole);
            (walk.from, vec![walk.condition])
        }
        query => {
            let plan = plan(Dialect::Postgres, query);
            (plan.from, plan.lanes)
        }
    };
    let (mut counts, mut values) = (Vec::new(), Vec::new());
    for lane in lanes {
        counts.push(format!("(SELECT count(*) FROM {from} WHERE {})", lane.sql));
        values.extend(lane.values);
    }
    if counts.is_empty() {
        return Ok(0);
    }
    let sql = format!("SELECT {}", counts.join(" + "));
    let rows = ask(client, Condition { sql, values }).await?;
    Ok(first(&rows)?.map_or(0, i64::cast_unsigned))
}

fn first(rows: &[Row]) -> Result<Option<i64>> {
    rows.first().map(|row| get(row, 0)).transpose()
}

/// One page of what contacts share.
pub(crate) async fn shared(client: &ClientWrapper, request: &SharedRequest) -> Tried<SharedPage> {
    let token = fingerprint(&("shared", request.org, &request.keys));
    let after = request
        .cursor
        .as_ref()
        .map(|cursor| read_cursor(cursor, token, 1))
        .transpose()?;
    let limit = request.limit.max(1);
    let Condition { sql, mut values } = pages::shared_keys(Dialect::Postgres, request, after, limit);
    values.push(Value::Id(Some(request.org.0)));
    values.push(Value::Integer(i64::try_from(request.most).unwrap_or(i64::MAX)));
    let found = ask(
        client,
        Condition {
            sql: format!(
                "SELECT s.key, ARRAY (
                     SELECT k.contact FROM contact_keys k WHERE k.org = ? AND k.key = s.key ORDER BY k.contact LIMIT ?
                 ) FROM ({sql}) s"
            ),
            values: {
                // Those of what is selected stand first in the text.
                let own = values.split_off(values.len() - 2);
                own.into_iter().chain(values).collect()
            },
        },
    )
    .await?;
    let mut shared = Vec::new();
    for row in &found {
        shared.push(Shared {
            key: decode(get(row, 0)?),
            contacts: get::<Vec<Uuid>>(row, 1)?.into_iter().map(ContactId).collect(),
        });
    }
    // Rows of a subselect have no order of their own.
    shared.sort_by(|one, other| one.key.cmp(&other.key));
    if request.backwards {
        shared.reverse();
    }
    let more = shared.len() > limit;
    shared.truncate(limit);
    let last = shared.last().filter(|_| more);
    let next = last.map(|last| write_cursor(token, &[Value::Text(last.key.clone())]));
    Ok(SharedPage { shared, next })
}

/// One page of the journal.
pub(crate) async fn journal(client: &ClientWrapper, request: &JournalRequest) -> Tried<JournalPage> {
    let (walk, conditions) = Walk::of(Dialect::Postgres, request)?;
    let mut entries = Vec::new();
    let end = read(client, &walk.page(), conditions, |row| {
        entries.push(entry(get(row, 0)?, get(row, 1)?)?);
        Ok(())
    })
    .await?;
    let last = entries.last().map(|(position, _)| *position);
    let next = match walk.next(end, last) {
        Next::At(cursor) => Some(cursor),
        Next::Fed => Some(walk.fed(journal_end(client, request.org).await?)?),
        Next::Over => None,
    };
    Ok(JournalPage { entries, next })
}

/// The position at which an organisation's journal ends.
async fn journal_end(client: &ClientWrapper, org: OrgId) -> Tried<Option<i64>> {
    let end = Condition {
        sql: "SELECT position FROM journal_ends WHERE org = ?".to_owned(),
        values: vec![Value::Id(Some(org.0))],
    };
    Ok(first(&ask(client, end).await?)?)
}

/// The ledger rows of a broadcast or sequence, counted; and of how many parts each count is the sum, at most.
pub(crate) async fn tally(
    client: &ClientWrapper,
    org: OrgId,
    campaign: Campaign,
) -> Tried<(Vec<(Bucket, u64)>, i64)> {
    let rows = ask(
        client,
        Condition {
            sql: "SELECT state, reason, accepted, replied, opted_out_after, step, sum(dispatches)::bigint, count(*)
                  FROM tallies WHERE org = ? AND campaign = ? GROUP BY 1, 2, 3, 4, 5, 6"
                .to_owned(),
            values: vec![Value::Id(Some(org.0)), Value::Id(Some(campaign.id()))],
        },
    )
    .await?;
    let (mut buckets, mut parts) = (Vec::new(), 0);
    for row in &rows {
        parts = parts.max(get::<i64>(row, 7)?);
        let count: i64 = get(row, 6)?;
        if count <= 0 {
            continue;
        }
        let name: &str = get(row, 0)?;
        let state = StateName::ALL.into_iter().find(|state| state.as_str() == name);
        let text = |column| -> Result<Option<String>> { Ok(get::<Option<&str>>(row, column)?.map(decode)) };
        let bucket = Bucket {
            state: state.ok_or_else(|| unknown("state of the ledger", name))?,
            reason: text(1)?,
            accepted: get(row, 2)?,
            replied: get(row, 3)?,
            opted_out_after: get(row, 4)?,
            step: text(5)?,
        };
        buckets.push((bucket, count.cast_unsigned()));
    }
    Ok((buckets, parts))
}

/// The enrollments of a sequence, counted; and of how many parts each count is the sum, at most.
pub(crate) async fn standings(
    client: &ClientWrapper,
    org: OrgId,
    sequence: SequenceId,
) -> Tried<(Vec<(Standing, u64)>, i64)> {
    let rows = ask(
        client,
        Condition {
            sql: "SELECT state, step, reason, sum(enrollments)::bigint, count(*)
                  FROM standings WHERE org = ? AND sequence = ? GROUP BY 1, 2, 3"
                .to_owned(),
            values: vec![Value::Id(Some(org.0)), Value::Id(Some(sequence.0))],
        },
    )
    .await?;
    let (mut standings, mut parts) = (Vec::new(), 0);
    for row in &rows {
        parts = parts.max(get::<i64>(row, 4)?);
        let count: i64 = get(row, 3)?;
        if count <= 0 {
            continue;
        }
        let standing = Standing {
            stage: known("state of an enrollment", get(row, 0)?)?,
            step: get::<Option<&str>>(row, 1)?.map(decode),
            reason: get::<Option<&str>>(row, 2)?
                .map(|reason| known("reason of an enrollment", reason))
                .transpose()?,
        };
        standings.push((standing, count.cast_unsigned()));
    }
    Ok((standings, parts))
}

/// A word in a column, read.
fn known<T: serde::de::DeserializeOwned>(what: &str, word: &str) -> Result<T> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).map_err(|_| unknown(what, word))
}

/// How many contacts that are not deleted carry each tag.
pub(crate) async fn tag_counts(client: &ClientWrapper, org: OrgId) -> Tried<Vec<(String, u64)>> {
    let rows = ask(
        client,
        Condition {
            sql: "SELECT g, count(*) FROM contact_facts t, unnest(t.tags) g
                  WHERE t.org = ? AND t.status <> 'deleted' GROUP BY g"
                .to_owned(),
            values: vec![Value::Id(Some(org.0))],
        },
    )
    .await?;
    let mut counts = Vec::new();
    for row in &rows {
        counts.push((decode(get(row, 0)?), get::<i64>(row, 1)?.cast_unsigned()));
    }
    Ok(counts)
}
