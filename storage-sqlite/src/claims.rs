//! Leases: which rows of the ledger a worker gets.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;

use rusqlite::Connection;
use rusqlite::types::Value;
use tertulia_core::ids::{AccountId, OrgId};
use tertulia_core::ledger::Dispatch;
use tertulia_core::record::{Record, RecordKind, Stored};
use tertulia_storage_traits::{ClaimRequest, Claimed};
use uuid::Uuid;

use crate::error::Result;
use crate::rows::{self, micros, reading};

/// A sender and a broadcast or sequence (empty: neither) that have rows waiting. A sender that may not send costs one
/// step, however many rows wait for it.
#[derive(Clone)]
struct Lane {
    org: Vec<u8>,
    account: Vec<u8>,
    campaign: Vec<u8>,
    may_send: bool,
    /// How many messages a second the sender sends; absent: there is no limit.
    per_second: Option<u32>,
}

impl Lane {
    fn sender(&self) -> Option<(OrgId, AccountId)> {
        Some((
            OrgId(Uuid::from_slice(&self.org).ok()?),
            AccountId(Uuid::from_slice(&self.account).ok()?),
        ))
    }

    /// The most rows that the sender may give.
    fn most(&self, request: &ClaimRequest) -> usize {
        let left = self
            .sender()
            .and_then(|sender| request.left.get(&sender).copied());
        let of_a_second = self.per_second.map(|rate| rate as usize);
        left.into_iter().chain(of_a_second).min().unwrap_or(usize::MAX)
    }
}

/// A row that may be leased: since when it is due and its id. Sorts as a lane hands them out.
type Candidate = (i64, Vec<u8>);

/// What an organisation has to give: each row with its place in its lane, and the lane among all.
type Given = Vec<(usize, Candidate, usize)>;

/// Behind the last lane of an organisation: no id is as long.
const LAST: [u8; 17] = [0xff; 17];

/// Leases rows, inside the writer's transaction.
pub(crate) fn claim(connection: &Connection, request: &ClaimRequest) -> Result<Claimed> {
    // The organisations that take turns, each with what its lanes give, round by round.
    let mut orgs: Vec<(Vec<u8>, Given)> = Vec::new();
    let after = request.after.map(|org| org.0.as_bytes().to_vec());
    let end = after.clone().map(|org| Lane {
        org,
        account: LAST.to_vec(),
        campaign: LAST.to_vec(),
        may_send: false,
        per_second: None,
    });
    let mut claimed = Claimed::default();
    // The lanes that give rows, and how many their senders may give yet.
    let mut lanes: Vec<Lane> = Vec::new();
    let mut left: HashMap<(Vec<u8>, Vec<u8>), usize> = HashMap::new();
    let mut kept_back = false;
    let mut walk = |mut lane: Option<Lane>, until: Option<&Vec<u8>>| -> Result<()> {
        while let Some(at) = next_lane(connection, request, lane.as_ref())? {
            let another = orgs.last().is_none_or(|(org, _)| *org != at.org);
            // Whoever comes later has no turn any more.
            if until.is_some_and(|until| at.org > *until) || (another && orgs.len() >= request.limit) {
                break;
            }
            let most = at.most(request);
            let mut rows = if at.may_send {
                // One more than it may give tells whether any stays.
                waiting(connection, request, &at, most.saturating_add(1))?
            } else {
                Vec::new()
            };
            if most == 0 {
                kept_back |= !rows.is_empty();
                rows.clear();
            }
            if another && !rows.is_empty() {
                orgs.push((at.org.clone(), Vec::new()));
            }
            if let Some((_, given)) = orgs.last_mut().filter(|_| !rows.is_empty()) {
                let rows = rows.into_iter().enumerate();
                given.extend(rows.map(|(place, row)| (place, row, lanes.len())));
                left.insert((at.org.clone(), at.account.clone()), most);
                lanes.push(at.clone());
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
        let mut turn = 0;
        for (_, (_, dispatch), lane) in given {
            let sender = (org.clone(), lanes[lane].account.clone());
            match left.get_mut(&sender) {
                Some(0) => kept_back = true,
                Some(left) => {
                    *left -= 1;
                    turns.push(((turn, place), org.clone(), dispatch));
                    turn += 1;
                }
                None => {}
            }
        }
    }
    turns.sort_unstable();
    turns.truncate(request.limit);
    for (_, org, dispatch) in turns {
        claimed.rows.extend(lease(connection, request, org, dispatch)?);
    }
    let senders: HashSet<_> = claimed
        .rows
        .iter()
        .map(|row| (row.record.org, row.record.account))
        .collect();
    let rates = lanes.iter().filter_map(|lane| {
        let sender = lane.sender().filter(|sender| senders.contains(sender))?;
        Some((sender, NonZeroU32::new(lane.per_second?)?))
    });
    claimed.rates.extend(rates);
    claimed.kept_back = kept_back && claimed.rows.len() < request.limit;
    Ok(claimed)
}

/// The lane after this one, among those with rows that are pending or leased.
fn next_lane(connection: &Connection, request: &ClaimRequest, after: Option<&Lane>) -> Result<Option<Lane>> {
    let empty = Vec::new();
    let (org, account, campaign) = after.map_or((&empty, &empty, &empty), |lane| {
        (&lane.org, &lane.account, &lane.campaign)
    });
    // The last instant of all is in the comparison because SQLite begins at what is equal: at a lane's end, not at its
    // beginning.
    let mut statement = connection
        .prepare_cached(
            "SELECT d.org, d.account, d.campaign,
                 (SELECT a.per_second FROM accounts a WHERE a.org = d.org AND a.account = d.account),
                 EXISTS (SELECT 1 FROM accounts a
                     WHERE a.org = d.org AND a.account = d.account AND a.sendable_from <= ?4)
                 AND (d.campaign = x'' OR EXISTS (SELECT 1 FROM broadcasts b
                     WHERE b.org = d.org AND b.broadcast = d.campaign AND b.running = 1)
                 OR EXISTS (SELECT 1 FROM sequences s
                     WHERE s.org = d.org AND s.sequence = d.campaign AND s.active = 1))
             FROM dispatches d INDEXED BY dispatches_lanes
             WHERE d.state IN ('pending', 'leased')
                 AND (d.org, d.account, d.campaign, d.due) > (?1, ?2, ?3, 9223372036854775807)
             ORDER BY d.org, d.account, d.campaign LIMIT 1",
        )
        .map_err(reading)?;
    let mut found = statement
        .query((org, account, campaign, micros(request.now)))
        .map_err(reading)?;
    let Some(row) = found.next().map_err(reading)? else {
        return Ok(None);
    };
    let read = || -> rusqlite::Result<_> {
        Ok(Lane {
            org: row.get(0)?,
            account: row.get(1)?,
            campaign: row.get(2)?,
            per_second: row.get(3)?,
            may_send: row.get(4)?,
        })
    };
    read().map(Some).map_err(reading)
}

/// The rows of one lane whose time has come, the longest due first: so many at most.
fn waiting(
    connection: &Connection,
    request: &ClaimRequest,
    lane: &Lane,
    most: usize,
) -> Result<Vec<Candidate>> {
    let most = i64::try_from(request.limit.min(most)).unwrap_or(i64::MAX);
    let mut statement = connection
        .prepare_cached(
            "SELECT due, dispatch FROM dispatches INDEXED BY dispatches_lanes
             WHERE org = ? AND account = ? AND campaign = ? AND state IN ('pending', 'leased') AND due <= ?
             ORDER BY due, dispatch LIMIT ?",
        )
        .map_err(reading)?;
    let found = statement
        .query_map(
            (
                &lane.org,
                &lane.account,
                &lane.campaign,
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
