//! Leases: which rows of the ledger a worker gets.
//!
//! The rows that wait are looked at without a lock, dealt, and then locked, those alone; a row that another worker is just
//! leasing is passed over, and the next in its lane is taken.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::SystemTime;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use deadpool_postgres::ClientWrapper;
use tertulia_core::ids::OrgId;
use tertulia_core::ledger::Dispatch;
use tertulia_core::record::{Record, RecordKind, Stored};
use tertulia_storage_sql::rows::parse;
use tertulia_storage_sql::turns::{Candidate, Lane, Turns};
use tertulia_storage_traits::{ClaimRequest, Claimed};
use uuid::Uuid;

use crate::commits::{holds, row};
use crate::error::{Result, Tried};
use crate::steps::{Rows, Step, send};
use crate::tables;
use crate::transaction::Work;
use crate::values::{Param, columns, get};

/// How often rows are dealt anew because other workers took them meanwhile.
const ROUNDS: usize = 4;

/// So many of the lanes that have rows, behind a place, each found by one step along their index. A sender that may not
/// send costs one step, however many rows wait for it. Of the rest, the rows whose time has come, the longest due first. `LIMIT`
/// keeps the sender's look-up what it is: one for each lane, and never all senders of all organisations.
const WAITING: &str = "
    WITH RECURSIVE lanes AS (
        (SELECT d.org, d.account, d.campaign FROM dispatches d
         WHERE d.state IN ('pending', 'leased') AND (d.org, d.account, d.campaign) > ($1, $2, $3)
         ORDER BY d.org, d.account, d.campaign LIMIT 1)
        UNION ALL
        SELECT n.* FROM lanes l CROSS JOIN LATERAL (
            SELECT d.org, d.account, d.campaign FROM dispatches d
            WHERE d.state IN ('pending', 'leased') AND (d.org, d.account, d.campaign) > (l.org, l.account, l.campaign)
            ORDER BY d.org, d.account, d.campaign LIMIT 1
        ) n
    )
    SELECT l.org, l.account, l.campaign, a.per_second, w.due, w.dispatch
    FROM (SELECT * FROM lanes LIMIT $4) l
    LEFT JOIN LATERAL (
        SELECT a.org, a.per_second FROM accounts a
        WHERE a.org = l.org AND a.account = l.account AND a.sendable_from <= $5
            AND (l.campaign = '00000000-0000-0000-0000-000000000000'
                OR EXISTS (SELECT FROM broadcasts b WHERE b.org = l.org AND b.broadcast = l.campaign AND b.running)
                OR EXISTS (SELECT FROM sequences s WHERE s.org = l.org AND s.sequence = l.campaign AND s.active))
        LIMIT 1
    ) a ON true
    LEFT JOIN LATERAL (
        SELECT d.due, d.dispatch FROM dispatches d
        WHERE d.org = l.org AND d.account = l.account AND d.campaign = l.campaign
            AND d.state IN ('pending', 'leased') AND d.due <= $5
        ORDER BY d.due, d.dispatch LIMIT $6
    ) w ON a.org IS NOT NULL
    ORDER BY l.org, l.account, l.campaign, w.due, w.dispatch";

/// The server's clock, in microseconds.
const CLOCK: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

/// How many lanes are looked at together.
const LANES: usize = 128;

pub(crate) const TAKE: &str = "
    SELECT t.version, t.body FROM unnest($1::uuid[], $2::uuid[]) AS n (org, dispatch) CROSS JOIN LATERAL (
        SELECT d.version, d.body FROM dispatches d WHERE d.org = n.org AND d.dispatch = n.dispatch
        FOR UPDATE SKIP LOCKED
    ) t";

/// Leases rows.
#[async_trait]
impl Work for ClaimRequest {
    type Done = Claimed;

    async fn run(&self, client: &ClientWrapper) -> Tried<Self::Done> {
        claim(client, self).await
    }
}

async fn claim(client: &ClientWrapper, request: &ClaimRequest) -> Tried<Claimed> {
    let told = send(client, &[Step::any(CLOCK, Vec::new())]).await?;
    let request = &by_server(request, SystemTime::now().into(), get(&told[0].rows[0], 0)?);
    let mut claimed = Claimed::default();
    let mut passed: HashSet<Uuid> = HashSet::new();
    for round in 0..ROUNDS {
        let mut turns = Turns::new(request);
        // Organisations up to the one that had the last turn come last.
        let after = request.after.map(|org| org.0);
        let behind = after.map_or(FIRST, |org| (org, Uuid::max(), Uuid::max()));
        waiting(client, request, behind, None, &passed, &mut turns).await?;
        if after.is_some() {
            waiting(client, request, FIRST, after, &passed, &mut turns).await?;
        }
        let dealt = turns.deal();
        let taken = take(client, request, &dealt.rows).await?;
        let short = taken.len() < dealt.rows.len();
        if short && round + 1 < ROUNDS {
            // Those that were taken are locked, and come again.
            let got: HashSet<Uuid> = taken.iter().map(|row| row.record.id.0).collect();
            let missed = dealt
                .rows
                .iter()
                .map(|(_, id)| *id)
                .filter(|id| !got.contains(id));
            passed.extend(missed);
            continue;
        }
        let senders: BTreeSet<_> = taken
            .iter()
            .map(|row| (row.record.org, row.record.account))
            .collect();
        claimed.rates = dealt.rates(&senders);
        claimed.kept_back = dealt.kept_back && taken.len() < request.limit;
        claimed.rows = lease(client, taken).await?;
        break;
    }
    Ok(claimed)
}

/// Takes in the lanes behind a place, up to those of an organisation.
async fn waiting(
    client: &ClientWrapper,
    request: &ClaimRequest,
    mut behind: Place,
    until: Option<Uuid>,
    passed: &HashSet<Uuid>,
    turns: &mut Turns<'_>,
) -> Tried<()> {
    let most = request.limit.saturating_add(1).saturating_add(passed.len());
    loop {
        let (org, account, campaign) = behind;
        let params: Vec<Param> = vec![
            Box::new(org),
            Box::new(account),
            Box::new(campaign),
            Box::new(number(LANES)),
            Box::new(request.now.timestamp_micros()),
            Box::new(number(most)),
        ];
        let answers = send(client, &[Step::any(WAITING, params)]).await?;
        let mut lanes = 0;
        let mut open: Option<(Lane, Vec<Candidate>)> = None;
        for row in answers.iter().flat_map(|answer| &answer.rows) {
            let at: Place = (get(row, 0)?, get(row, 1)?, get(row, 2)?);
            if lanes == 0 || at != behind {
                add(turns, request, open.take());
                // Whoever comes later has no turn any more.
                if until.is_some_and(|until| at.0 > until) || turns.is_full(at.0) {
                    return Ok(());
                }
                lanes += 1;
                behind = at;
                let lane = Lane {
                    org: at.0,
                    account: at.1,
                    campaign: Some(at.2).filter(|id| !id.is_nil()),
                    may_send: true,
                    per_second: get::<Option<i64>>(row, 3)?.and_then(|rate| u32::try_from(rate).ok()),
                };
                open = Some((lane, Vec::new()));
            }
            let candidate = (get::<Option<i64>>(row, 4)?, get::<Option<Uuid>>(row, 5)?);
            if let ((Some(due), Some(id)), Some((_, rows))) = (candidate, &mut open)
                && !passed.contains(&id)
            {
                rows.push((due, id));
            }
        }
        add(turns, request, open);
        if lanes < LANES {
            return Ok(());
        }
    }
}

/// A place in the order of lanes: organisation, sender, campaign.
type Place = (Uuid, Uuid, Uuid);

/// Before all of them.
const FIRST: Place = (Uuid::nil(), Uuid::nil(), Uuid::nil());

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// By how much the clocks of this machine and the server may differ and count as one.
const TOGETHER: TimeDelta = TimeDelta::seconds(1);

/// The same request by the server's clock, in microseconds: of machines whose clocks differ, none takes away what another
/// has leased.
fn by_server(request: &ClaimRequest, here: DateTime<Utc>, server: i64) -> ClaimRequest {
    let ahead = DateTime::from_timestamp_micros(server).map(|server| server - here);
    let ahead = ahead.filter(|ahead| ahead.abs() > TOGETHER).unwrap_or_default();
    ClaimRequest {
        now: request.now + ahead,
        until: request.until + ahead,
        ..request.clone()
    }
}

/// A lane gives one more than it may: that tells whether any stays.
fn add(turns: &mut Turns<'_>, request: &ClaimRequest, lane: Option<(Lane, Vec<Candidate>)>) {
    if let Some((lane, mut rows)) = lane {
        let most = lane.most(request).saturating_add(1).min(request.limit);
        rows.truncate(most);
        turns.add(lane, rows);
    }
}

/// Locks rows and leases them, in their order; those that others hold are left out.
async fn take(
    client: &ClientWrapper,
    request: &ClaimRequest,
    rows: &[(OrgId, Uuid)],
) -> Tried<Vec<Stored<Dispatch>>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let (orgs, ids): (Vec<Uuid>, Vec<Uuid>) = rows.iter().map(|(org, id)| (org.0, *id)).unzip();
    let answers = send(client, &[Step::any(TAKE, vec![Box::new(orgs), Box::new(ids)])]).await?;
    let mut found = BTreeMap::new();
    for row in answers.iter().flat_map(|Rows { rows, .. }| rows) {
        let version = get::<i64>(row, 0)?.cast_unsigned();
        if let Record::Dispatch(dispatch) = parse(RecordKind::Dispatch, get(row, 1)?)? {
            found.insert(
                (dispatch.org, dispatch.id.0),
                Stored {
                    record: dispatch,
                    version,
                },
            );
        }
    }
    let taken = rows.iter().filter_map(|key| found.remove(key));
    // Columns know times to the microsecond, and the row may have changed since it was looked at; core has the last word.
    Ok(taken
        .filter_map(|mut row| {
            let leased = row.record.lease(&request.worker, request.now, request.until);
            leased.then_some(row)
        })
        .collect())
}

/// Writes leased rows.
async fn lease(client: &ClientWrapper, taken: Vec<Stored<Dispatch>>) -> Tried<Vec<Stored<Dispatch>>> {
    if taken.is_empty() {
        return Ok(taken);
    }
    let table = tables::of(RecordKind::Dispatch);
    let rows = taken
        .iter()
        .map(|stored| row(&Record::Dispatch(stored.record.clone()), stored.version));
    let params = columns(&holds(table), rows.collect::<Result<Vec<_>>>()?);
    let step = [Step::write(
        &table.update,
        params,
        RecordKind::Dispatch,
        taken.len(),
    )];
    let written = send(client, &step).await?;
    step[0].check(&written[0])?;
    Ok(taken
        .into_iter()
        .map(|stored| Stored {
            version: stored.version + 1,
            ..stored
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leases_are_by_the_servers_clock() {
        let here = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let request = ClaimRequest {
            worker: "one".to_owned(),
            now: here,
            until: here + TimeDelta::minutes(1),
            after: None,
            limit: 1,
            left: BTreeMap::new(),
        };
        for (seconds, counts) in [(0, 0), (1, 0), (-1, 0), (2, 2), (-3600, -3600)] {
            let server = here + TimeDelta::seconds(seconds);
            let asked = by_server(&request, here, server.timestamp_micros());
            assert_eq!(asked.now, here + TimeDelta::seconds(counts), "{seconds}");
            assert_eq!(asked.until - asked.now, TimeDelta::minutes(1), "{seconds}");
        }
    }
}
