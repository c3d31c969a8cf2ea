//! Leases: which rows of the ledger a worker gets.

use std::collections::BTreeSet;

use rusqlite::Connection;
use tertulia_core::ids::{DispatchId, OrgId};
use tertulia_core::ledger::Dispatch;
use tertulia_core::record::{Key, Record, Stored};
use tertulia_storage_sql::turns::{Candidate, Lane, Turns};
use tertulia_storage_traits::{ClaimRequest, Claimed};
use uuid::Uuid;

use crate::error::Result;
use crate::rows::{self, reading};

/// Leases rows, inside the writer's transaction.
pub(crate) fn claim(connection: &Connection, request: &ClaimRequest) -> Result<Claimed> {
    let mut turns = Turns::new(request);
    // Organisations up to the one that had the last turn come last.
    let after = request.after.map(|org| org.0);
    walk(connection, request, after.map(Place::behind), None, &mut turns)?;
    if after.is_some() {
        walk(connection, request, None, after, &mut turns)?;
    }
    let dealt = turns.deal();
    let mut claimed = Claimed::default();
    for (org, dispatch) in &dealt.rows {
        claimed.rows.extend(lease(connection, request, *org, *dispatch)?);
    }
    let senders: BTreeSet<_> = claimed
        .rows
        .iter()
        .map(|row| (row.record.org, row.record.account))
        .collect();
    claimed.rates = dealt.rates(&senders);
    claimed.kept_back = dealt.kept_back && claimed.rows.len() < request.limit;
    Ok(claimed)
}

/// Takes in the lanes behind a place, up to those of an organisation. A sender that may not send costs one step, however
/// many rows wait for it.
fn walk(
    connection: &Connection,
    request: &ClaimRequest,
    mut place: Option<Place>,
    until: Option<Uuid>,
    turns: &mut Turns<'_>,
) -> Result<()> {
    while let Some(lane) = next_lane(connection, request, place.as_ref())? {
        // Whoever comes later has no turn any more.
        if until.is_some_and(|until| lane.org > until) || turns.is_full(lane.org) {
            break;
        }
        place = Some(Place::of(&lane));
        if lane.may_send {
            // One more than it may give tells whether any stays.
            let most = lane.most(request).saturating_add(1);
            let rows = waiting(connection, request, &lane, most)?;
            turns.add(lane, rows);
        }
    }
    Ok(())
}

/// A place in the order of lanes.
struct Place {
    org: Vec<u8>,
    account: Vec<u8>,
    campaign: Vec<u8>,
}

impl Place {
    /// Behind the last lane of an organisation: no id is as long.
    fn behind(org: Uuid) -> Self {
        Self {
            org: org.as_bytes().to_vec(),
            account: [0xff; 17].to_vec(),
            campaign: Vec::new(),
        }
    }

    fn of(lane: &Lane) -> Self {
        Self {
            org: lane.org.as_bytes().to_vec(),
            account: lane.account.as_bytes().to_vec(),
            campaign: lane.campaign.map(|id| id.as_bytes().to_vec()).unwrap_or_default(),
        }
    }
}

/// The lane after this one, among those with rows that are pending or leased.
fn next_lane(connection: &Connection, request: &ClaimRequest, after: Option<&Place>) -> Result<Option<Lane>> {
    let empty = Vec::new();
    let (org, account, campaign) = after.map_or((&empty, &empty, &empty), |place| {
        (&place.org, &place.account, &place.campaign)
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
        .query((org, account, campaign, request.now.timestamp_micros()))
        .map_err(reading)?;
    let Some(row) = found.next().map_err(reading)? else {
        return Ok(None);
    };
    let read = || -> rusqlite::Result<_> {
        Ok(Lane {
            org: Uuid::from_bytes(row.get(0)?),
            account: Uuid::from_bytes(row.get(1)?),
            campaign: Uuid::from_slice(&row.get::<_, Vec<u8>>(2)?).ok(),
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
                lane.org.as_bytes(),
                lane.account.as_bytes(),
                lane.campaign.map(|id| id.as_bytes().to_vec()).unwrap_or_default(),
                request.now.timestamp_micros(),
                most,
            ),
            |row| Ok((row.get(0)?, Uuid::from_bytes(row.get(1)?))),
        )
        .map_err(reading)?;
    found.map(|candidate| candidate.map_err(reading)).collect()
}

fn lease(
    connection: &Connection,
    request: &ClaimRequest,
    org: OrgId,
    dispatch: Uuid,
) -> Result<Option<Stored<Dispatch>>> {
    let key = Key::Dispatch {
        org,
        dispatch: DispatchId(dispatch),
    };
    let Some(Stored {
        record: Record::Dispatch(mut dispatch),
        version,
    }) = rows::find(connection, &key)?
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
