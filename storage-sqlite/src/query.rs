//! Queries, page by page.

use rusqlite::types::{Value as Bound, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use tertulia_core::broadcast::Bucket;
use tertulia_core::ids::{ContactId, OrgId, SequenceId};
use tertulia_core::ledger::{Campaign, StateName};
use tertulia_core::sequence::Standing;
use tertulia_storage_sql::cursor::{fingerprint, read_cursor, write_cursor};
use tertulia_storage_sql::error::unknown;
use tertulia_storage_sql::filter::{self, Extent};
use tertulia_storage_sql::journal::{Next, Walk, entry};
use tertulia_storage_sql::pages::End;
use tertulia_storage_sql::plan::{Plan, plan};
use tertulia_storage_sql::{Condition, Dialect, Value, pages};
use tertulia_storage_traits::{
    JournalPage, JournalRequest, Page, PageRequest, Query, Shared, SharedPage, SharedRequest, StorageError,
    StorageErrorKind,
};
use uuid::Uuid;

use crate::error::Result;
use crate::rows::{self, bound, reading};

/// One page of a query.
pub(crate) fn page(connection: &Connection, request: &PageRequest) -> Result<Page> {
    let plan = plan(Dialect::Sqlite, &request.query);
    let token = fingerprint(&request.query);
    let walk = pages::Page {
        select: plan.select,
        from: &plan.from,
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
    let end = read(connection, &walk, plan.lanes, |row| {
        records.push(rows::stored(plan.kind, row)?);
        Ok(())
    })?;
    Ok(Page {
        records,
        next: end
            .filter(|end| end.more)
            .map(|end| write_cursor(token, &end.place)),
    })
}

/// How many records a query finds.
pub(crate) fn count(connection: &Connection, query: &Query) -> Result<u64> {
    let (from, lanes) = match query {
        Query::Contacts { org, filter, .. } => {
            let walk = filter::walk(Dialect::Sqlite, *org, filter, None, Extent::Whole);
            (walk.from, vec![walk.condition])
        }
        query => {
            let plan = plan(Dialect::Sqlite, query);
            (plan.from, plan.lanes)
        }
    };
    let counted = lanes.into_iter().map(|lane| {
        connection
            .prepare(&format!("SELECT count(*) FROM {from} WHERE {}", lane.sql))
            .and_then(|mut statement| {
                statement.query_row(params_from_iter(bound(lane.values)), |row| row.get::<_, i64>(0))
            })
            .map(i64::cast_unsigned)
            .map_err(reading)
    });
    counted.sum()
}

/// The contacts of the ledger rows that a query finds.
pub(crate) fn contacts_of(connection: &Connection, query: &Query) -> Result<Vec<ContactId>> {
    let Plan { from, lanes, .. } = plan(Dialect::Sqlite, query);
    let mut contacts = Vec::new();
    for lane in lanes {
        let mut statement = connection
            .prepare(&format!("SELECT t.contact FROM {from} WHERE {}", lane.sql))
            .map_err(reading)?;
        let found = statement
            .query_map(params_from_iter(bound(lane.values)), |row| {
                row.get(0).map(|id| ContactId(Uuid::from_bytes(id)))
            })
            .map_err(reading)?;
        for contact in found {
            contacts.push(contact.map_err(reading)?);
        }
    }
    Ok(contacts)
}

/// Reads a page along conditions that no two share a row of.
fn read(
    connection: &Connection,
    page: &pages::Page<'_>,
    conditions: Vec<Condition>,
    mut take: impl FnMut(&Row<'_>) -> Result<()>,
) -> Result<Option<End>> {
    let Some(Condition { sql, values }) = page.statement(conditions) else {
        return Ok(None);
    };
    let mut statement = connection.prepare_cached(&sql).map_err(reading)?;
    let mut rows = statement
        .query(params_from_iter(bound(values)))
        .map_err(reading)?;
    let mut taken = 0;
    let mut place = Vec::new();
    while let Some(row) = rows.next().map_err(reading)? {
        if taken == page.limit {
            return Ok(Some(End { place, more: true }));
        }
        take(row)?;
        taken += 1;
        place = (0..page.order.len())
            .map(|column| place_of(row, pages::SELECTED + column))
            .collect::<Result<_>>()?;
    }
    Ok((taken > 0).then_some(End { place, more: false }))
}

/// A column of an order.
fn place_of(row: &Row<'_>, column: usize) -> Result<Value> {
    let value = row.get_ref(column).map_err(reading)?;
    let read = match value {
        ValueRef::Integer(number) => Some(Value::Integer(number)),
        ValueRef::Text(_) => value.as_str().ok().map(|text| Value::Text(text.to_owned())),
        ValueRef::Blob(bytes) => Uuid::from_slice(bytes).ok().map(|id| Value::Id(Some(id))),
        ValueRef::Null | ValueRef::Real(_) => None,
    };
    read.ok_or_else(|| {
        StorageError::new(
            StorageErrorKind::Corrupt,
            "a row is not as it was written; restore a backup",
        )
    })
}

/// One page of what contacts share.
pub(crate) fn shared(connection: &Connection, request: &SharedRequest) -> Result<SharedPage> {
    let token = fingerprint(&("shared", request.org, &request.keys));
    let after = request
        .cursor
        .as_ref()
        .map(|cursor| read_cursor(cursor, token, 1))
        .transpose()?;
    let limit = request.limit.max(1);
    let Condition { sql, values } = pages::shared_keys(Dialect::Sqlite, request, after, limit);
    let found: Vec<String> = connection
        .prepare_cached(&sql)
        .and_then(|mut statement| {
            statement
                .query_map(params_from_iter(bound(values)), |row| row.get(0))?
                .collect()
        })
        .map_err(reading)?;
    let next = (found.len() > limit)
        .then(|| found.get(limit - 1).cloned())
        .flatten()
        .map(|last| write_cursor(token, &[Value::Text(last)]));
    let mut statement = connection
        .prepare_cached("SELECT contact FROM contact_keys WHERE org = ? AND key = ? ORDER BY contact LIMIT ?")
        .map_err(reading)?;
    let most = i64::try_from(request.most).unwrap_or(i64::MAX);
    let mut shared = Vec::new();
    for key in found.into_iter().take(limit) {
        let contacts = statement
            .query_map((request.org.0.as_bytes(), &key, most), |row| {
                row.get(0).map(|id| ContactId(Uuid::from_bytes(id)))
            })
            .and_then(Iterator::collect)
            .map_err(reading)?;
        shared.push(Shared { key, contacts });
    }
    Ok(SharedPage { shared, next })
}

/// One page of the journal.
pub(crate) fn journal(connection: &Connection, request: &JournalRequest) -> Result<JournalPage> {
    let (walk, conditions) = Walk::of(Dialect::Sqlite, request)?;
    let mut entries = Vec::new();
    let end = read(connection, &walk.page(), conditions, |row| {
        let read = || -> rusqlite::Result<_> { Ok((row.get(0)?, row.get_ref(1)?.as_str()?)) };
        let (position, body): (i64, &str) = read().map_err(reading)?;
        entries.push(entry(position, body)?);
        Ok(())
    })?;
    let last = entries.last().map(|(position, _)| *position);
    let next = match walk.next(end, last) {
        Next::At(cursor) => Some(cursor),
        Next::Fed => Some(walk.fed(journal_end(connection, request.org)?)?),
        Next::Over => None,
    };
    Ok(JournalPage { entries, next })
}

/// The position at which an organisation's journal ends.
fn journal_end(connection: &Connection, org: OrgId) -> Result<Option<i64>> {
    connection
        .prepare_cached("SELECT position FROM journal_ends WHERE org = ?")
        .and_then(|mut statement| {
            statement
                .query_row([org.0.as_bytes()], |row| row.get(0))
                .optional()
        })
        .map_err(reading)
}

/// The ledger rows of a broadcast or sequence, counted.
pub(crate) fn tally(connection: &Connection, org: OrgId, campaign: Campaign) -> Result<Vec<(Bucket, u64)>> {
    let mut statement = connection
        .prepare_cached(
            "SELECT state, reason, accepted, replied, opted_out_after, step, dispatches FROM tallies
             WHERE org = ? AND campaign = ? AND dispatches > 0",
        )
        .map_err(reading)?;
    let mut rows = statement
        .query([org.0.as_bytes(), campaign.id().as_bytes()])
        .map_err(reading)?;
    let mut buckets = Vec::new();
    while let Some(row) = rows.next().map_err(reading)? {
        let name: String = row.get(0).map_err(reading)?;
        let state = StateName::ALL.into_iter().find(|state| state.as_str() == name);
        let state = state.ok_or_else(|| unknown("state of the ledger", &name))?;
        let text = |column: usize| -> rusqlite::Result<Option<String>> {
            Ok(match row.get(column)? {
                Bound::Text(text) => Some(text),
                _ => None,
            })
        };
        let read = || -> rusqlite::Result<_> {
            let bucket = Bucket {
                state,
                reason: text(1)?,
                accepted: row.get(2)?,
                replied: row.get(3)?,
                opted_out_after: row.get(4)?,
                step: text(5)?,
            };
            Ok((bucket, row.get::<_, i64>(6)?.cast_unsigned()))
        };
        buckets.push(read().map_err(reading)?);
    }
    Ok(buckets)
}

/// The enrollments of a sequence, counted.
pub(crate) fn standings(
    connection: &Connection,
    org: OrgId,
    sequence: SequenceId,
) -> Result<Vec<(Standing, u64)>> {
    let mut statement = connection
        .prepare_cached(
            "SELECT state, nullif(step, 0), nullif(reason, 0), enrollments FROM standings
             WHERE org = ? AND sequence = ? AND enrollments > 0",
        )
        .map_err(reading)?;
    let mut rows = statement
        .query([org.0.as_bytes(), sequence.0.as_bytes()])
        .map_err(reading)?;
    let mut standings = Vec::new();
    while let Some(row) = rows.next().map_err(reading)? {
        let read = || -> rusqlite::Result<_> { Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)) };
        let (state, step, reason, count): (String, _, Option<String>, i64) = read().map_err(reading)?;
        let standing = Standing {
            stage: known("state", state, serde_json::from_value)?,
            step,
            reason: reason
                .map(|reason| known("reason", reason, serde_json::from_value))
                .transpose()?,
        };
        standings.push((standing, count.cast_unsigned()));
    }
    Ok(standings)
}

/// A word that an enrollment has in a column, read.
fn known<T>(
    what: &str,
    word: String,
    read: impl FnOnce(serde_json::Value) -> serde_json::Result<T>,
) -> Result<T> {
    read(serde_json::Value::String(word)).map_err(|e| {
        StorageError::new(
            StorageErrorKind::Corrupt,
            format!("an enrollment has a {what} that this version does not know; update the library"),
        )
        .because(e)
    })
}

/// How many contacts that are not deleted carry each tag.
pub(crate) fn tag_counts(connection: &Connection, org: OrgId) -> Result<Vec<(String, u64)>> {
    connection
        .prepare_cached("SELECT tag, count(*) FROM contact_tags WHERE org = ? AND live = 1 GROUP BY tag")
        .and_then(|mut statement| {
            statement
                .query_map([org.0.as_bytes()], |row| {
                    Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()))
                })?
                .collect()
        })
        .map_err(reading)
}
