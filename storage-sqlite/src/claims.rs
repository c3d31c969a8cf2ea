//! Leases: which rows of the ledger a worker gets.

use rusqlite::Connection;
use rusqlite::types::Value;
use tertulia_core::ledger::Dispatch;
use tertulia_core::record::{Record, RecordKind, Stored};
use tertulia_storage_traits::ClaimRequest;

use crate::error::Result;
use crate::rows::{self, micros, reading};

/// A sender and a broadcast (empty: none) that have rows waiting. A sender that may not send costs one step, however
/// many rows wait for it.
struct Lane {
    org: Vec<u8>,
    account: Vec<u8>,
    broadcast: Vec<u8>,
    may_send: bool,
}

/// A row that may be leased: since when it is due and its id. Sorts as a lane hands them out.
type Candidate = (i64, Vec<u8>);

/// What an organisation has to give: each row with its place in its lane.
type Given = Vec<(usize, Candidate)>;

/// Behind the last lane of an organisation: no id is as long.
const LAST: [u8; 17] = [0xff; 17];

/// Leases rows, inside the writer's transaction.
pub(crate) fn claim(connection: &Connection, request: &ClaimRequest) -> Result<Vec<Stored<Dispatch>>> {
    // The organisations that take turns, each with what its lanes give, round by round.
    let mut orgs: Vec<(Vec<u8>, Given)> = Vec::new();
    let after = request.after.map(|org| org.0.as_bytes().to_vec());
    let end = after.clone().map(|org| Lane {
        org,
        account: LAST.to_vec(),
        broadcast: LAST.to_vec(),
        may_send: false,
    });
    let mut walk = |mut lane: Option<Lane>, until: Option<&Vec<u8>>| -> Result<()> {
        while let Some(at) = next_lane(connection, request, lane.as_ref())? {
            let another = orgs.last().is_none_or(|(org, _)| *org != at.org);
            // Whoever comes later has no turn any more.
            if until.is_some_and(|until| at.org > *until) || (another && orgs.len() >= request.limit) {
                break;
            }
            let rows = if at.may_send {
                waiting(connection, request, &at)?
            } else {
                Vec::new()
            };
            if another && !rows.is_empty() {
                orgs.push((at.org.clone(), Vec::new()));
            }
            if let Some((_, given)) = orgs.last_mut().filter(|_| !rows.is_empty()) {
                given.extend(rows.into_iter().enumerate());
            }
            lane = Some(at);
        }
        Ok(())
    };
    walk(end, None)?;
    if after.is_some() {
        walk(None, after.as_ref())?;
    }
    let mut turns = Vec::new();
    for (place, (org, mut given)) in orgs.into_iter().enumerate() {
        given.sort_unstable();
        for (turn, (_, (_, dispatch))) in given.into_iter().enumerate() {
            turns.push(((turn, place), org.clone(), dispatch));
        }
    }
    turns.sort_unstable();
    turns.truncate(request.limit);
    let mut leased = Vec::with_capacity(turns.len());
    for (_, org, dispatch) in turns {
        leased.extend(lease(connection, request, org, dispatch)?);
    }
    Ok(leased)
}

/// The lane after this one, among those with rows that are pending or leased.
fn next_lane(connection: &Connection, request: &ClaimRequest, after: Option<&Lane>) -> Result<Option<Lane>> {
    let empty = Vec::new();
    let (org, account, broadcast) = after.map_or((&empty, &empty, &empty), |lane| {
        (&lane.org, &lane.account, &lane.broadcast)
    });
    // The last instant of all is in the comparison because SQLite begins at what is equal: at a lane's end, not at its
    // beginning.
    let mut statement = connection
        .prepare_cached(
            "SELECT d.org, d.account, d.broadcast,
                 EXISTS (SELECT 1 FROM accounts a
                     WHERE a.org = d.org AND a.account = d.account AND a.sendable_from <= ?4)
                 AND (d.broadcast = x'' OR EXISTS (SELECT 1 FROM broadcasts b
                     WHERE b.org = d.org AND b.broadcast = d.broadcast AND b.running = 1))
             FROM dispatches d INDEXED BY dispatches_lanes
             WHERE d.state IN ('pending', 'leased')
                 AND (d.org, d.account, d.broadcast, d.due) > (?1, ?2, ?3, 9223372036854775807)
             ORDER BY d.org, d.account, d.broadcast LIMIT 1",
        )
        .map_err(reading)?;
    let mut found = statement
        .query((org, account, broadcast, micros(request.now)))
        .map_err(reading)?;
    let Some(row) = found.next().map_err(reading)? else {
        return Ok(None);
    };
    let read = || -> rusqlite::Result<_> {
        Ok(Lane {
            org: row.get(0)?,
            account: row.get(1)?,
            broadcast: row.get(2)?,
            may_send: row.get(3)?,
        })
    };
    read().map(Some).map_err(reading)
}

/// The rows of one lane whose time has come, the longest due first.
fn waiting(connection: &Connection, request: &ClaimRequest, lane: &Lane) -> Result<Vec<Candidate>> {
    let most = i64::try_from(request.limit).unwrap_or(i64::MAX);
    let mut statement = connection
        .prepare_cached(
            "SELECT due, dispatch FROM dispatches INDEXED BY dispatches_lanes
             WHERE org = ? AND account = ? AND broadcast = ? AND state IN ('pending', 'leased') AND due <= ?
             ORDER BY due, dispatch LIMIT ?",
        )
        .map_err(reading)?;
    let found = statement
        .query_map(
            (
                &lane.org,
                &lane.account,
                &lane.broadcast,
                micros(request.now),
                most,
            ),
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .map_err(reading)?;
    found.map(|candidate| candidate.map_err(reading)).collect()
}

fn lease(
    connection: &Connection,
    request: &ClaimRequest,
    org: Vec<u8>,
    dispatch: Vec<u8>,
) -> Result<Option<Stored<Dispatch>>> {
    let stored = connection
        .prepare_cached("SELECT version, body FROM dispatches WHERE org = ? AND dispatch = ?")
        .map_err(reading)?
        .query([Value::Blob(org), Value::Blob(dispatch)])
        .map_err(reading)?
        .next()
        .map_err(reading)?
        .map(|row| rows::stored(RecordKind::Dispatch, row))
        .transpose()?;
    let Some(Stored {
        record: Record::Dispatch(mut dispatch),
        version,
    }) = stored
    else {
        return Ok(None);
    };
    // Columns know times to the microsecond; core has the last word.
    if !dispatch.lease(&request.worker, request.now, request.until) {
        return Ok(None);
    }
    let record = Record::Dispatch(dispatch.clone());
    rows::update(connection, &record, version)?;
    Ok(Some(Stored {
        record: dispatch,
        version: version + 1,
    }))
}
