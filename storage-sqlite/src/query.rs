//! Queries as SQL, page by page.

use std::fmt;

use chrono::{DateTime, Utc};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use tertulia_core::broadcast::Bucket;
use tertulia_core::ids::{ContactId, OrgId, SequenceId};
use tertulia_core::journal::Entry;
use tertulia_core::ledger::{Campaign, StateName};
use tertulia_core::record::RecordKind;
use tertulia_core::sequence::Standing;
use tertulia_storage_traits::{
    Cursor, JournalPage, JournalRequest, JournalView, Page, PageRequest, Query, Shared, SharedPage,
    SharedRequest, StorageError, StorageErrorKind,
};
use uuid::Uuid;

use crate::error::{self, Result};
use crate::filter::{self, Condition, Extent};
use crate::inbox;
use crate::rows::{self, blob, micros, reading};

/// A query as SQL: rows of `t`, and the columns whose values make a row's place.
struct Plan {
    kind: RecordKind,
    from: String,
    /// Conditions that no two share a row of.
    lanes: Vec<Condition>,
    order: Vec<String>,
}

impl Plan {
    fn over(kind: RecordKind, sql: impl Into<String>, values: Vec<Value>, order: &[&str]) -> Self {
        Self {
            kind,
            from: format!("{} t", rows::table(kind).name),
            lanes: vec![Condition {
                sql: sql.into(),
                values,
            }],
            order: order.iter().map(|column| format!("t.{column}")).collect(),
        }
    }
}

fn plan(query: &Query) -> Plan {
    match query {
        Query::Records { org, kind } => records(*org, *kind),
        Query::Contacts { org, filter, order } => {
            let walk = filter::walk(*org, filter, *order, Extent::Page);
            Plan {
                kind: RecordKind::Contact,
                from: walk.from.to_owned(),
                lanes: vec![walk.condition],
                order: walk.order.iter().map(|&column| column.to_owned()).collect(),
            }
        }
        Query::Messages { org, conversation } => Plan::over(
            RecordKind::Message,
            "t.org = ? AND t.conversation = ?",
            vec![blob(org.0.as_bytes()), blob(conversation.0.as_bytes())],
            &["at", "message"],
        ),
        Query::Conversations { org, filter, order } => {
            let walk = inbox::walk(*org, filter, *order);
            Plan {
                kind: RecordKind::Conversation,
                from: walk.from.to_owned(),
                lanes: walk.lanes,
                order: walk.order.map(str::to_owned).to_vec(),
            }
        }
        Query::MediaFiles { org, contacts } => Plan::over(
            RecordKind::MediaFile,
            format!("t.org = ? AND t.contact IN ({})", filter::marks(contacts.len())),
            with_contacts(vec![blob(org.0.as_bytes())], contacts),
            &["message"],
        ),
        Query::Touches { org, from, until } => Plan::over(
            RecordKind::Touch,
            "t.org = ? AND t.at >= ? AND t.at < ?".to_owned(),
            vec![blob(org.0.as_bytes()), micros(*from), micros(*until)],
            &["at", "message"],
        ),
        Query::Surveys { org, from, until } => Plan::over(
            RecordKind::Survey,
            "t.org = ? AND t.asked_at >= ? AND t.asked_at < ?".to_owned(),
            vec![blob(org.0.as_bytes()), micros(*from), micros(*until)],
            &["asked_at", "survey"],
        ),
        Query::Notes { org, contacts } => Plan::over(
            RecordKind::Note,
            format!("t.org = ? AND t.contact IN ({})", filter::marks(contacts.len())),
            with_contacts(vec![blob(org.0.as_bytes())], contacts),
            &["at", "note"],
        ),
        Query::Dispatches {
            org,
            broadcast,
            recipients,
        } => {
            let mut sql = OF_BROADCAST.to_owned();
            let mut values = vec![blob(org.0.as_bytes()), blob(broadcast.0.as_bytes())];
            let states = recipients.states.iter().map(|state| state.as_str());
            let reasons = recipients.reasons.iter().map(String::as_str);
            let lists: [(&str, Vec<&str>); 2] = [("state", states.collect()), ("reason", reasons.collect())];
            any_of(&mut sql, &mut values, lists);
            for (column, wanted) in [
                ("replied", recipients.replied),
                ("opted_out_after", recipients.opted_out_after),
            ] {
                if let Some(wanted) = wanted {
                    sql = format!("{sql} AND (t.accepted AND t.{column}) = ?");
                    values.push(Value::Integer(wanted.into()));
                }
            }
            let mut plan = Plan::over(RecordKind::Dispatch, sql, values, &["dispatch"]);
            plan.from += " INDEXED BY dispatches_of_broadcast";
            plan
        }
        Query::Recipients {
            org,
            broadcast,
            contacts,
        } => Plan::over(
            RecordKind::Dispatch,
            format!(
                "{OF_BROADCAST} AND t.contact IN ({})",
                filter::marks(contacts.len())
            ),
            with_contacts(
                vec![blob(org.0.as_bytes()), blob(broadcast.0.as_bytes())],
                contacts,
            ),
            &["dispatch"],
        ),
        Query::OpenDispatches { org, contact } => Plan::over(
            RecordKind::Dispatch,
            "t.org = ? AND t.contact = ? AND t.state IN ('pending', 'leased')",
            vec![blob(org.0.as_bytes()), blob(contact.0.as_bytes())],
            &["dispatch"],
        ),
        Query::Due { state, by } => due(*state, *by),
        Query::DueTurns { handler, by } => {
            // Spelled as the index spells it, or the index would not serve.
            let sql = "t.turn_due IS NOT NULL AND t.handler = ? AND t.turn_due <= ?";
            let values = vec![word(handler), micros(*by)];
            let mut plan = Plan::over(
                RecordKind::Conversation,
                sql,
                values,
                &["turn_due", "conversation", "org"],
            );
            plan.from += " INDEXED BY conversations_turn";
            plan
        }
        Query::Enrollments {
            org,
            sequence,
            filter,
        } => {
            let mut sql = "t.org = ? AND t.sequence = ?".to_owned();
            let mut values = vec![blob(org.0.as_bytes()), blob(sequence.0.as_bytes())];
            let states = filter.states.iter().map(|stage| stage.as_str());
            let steps = filter.steps.iter().map(String::as_str);
            let reasons = filter.reasons.iter().map(|reason| reason.as_str());
            let lists: [(&str, Vec<&str>); 3] = [
                ("state", states.collect()),
                ("step", steps.collect()),
                ("reason", reasons.collect()),
            ];
            any_of(&mut sql, &mut values, lists);
            let mut plan = Plan::over(RecordKind::Enrollment, sql, values, &["enrollment"]);
            plan.from += " INDEXED BY enrollments_of_sequence";
            plan
        }
        Query::EnrollmentsOf { org, contacts } => Plan::over(
            RecordKind::Enrollment,
            format!("t.org = ? AND t.contact IN ({})", filter::marks(contacts.len())),
            with_contacts(vec![blob(org.0.as_bytes())], contacts),
            &["enrollment"],
        ),
        Query::DueSequences { by } => {
            let mut plan = Plan::over(
                RecordKind::Sequence,
                "t.active = 1 AND EXISTS (SELECT 1 FROM enrollments e INDEXED BY enrollments_due
                 WHERE e.org = t.org AND e.sequence = t.sequence AND e.due IS NOT NULL AND e.due <= ?)",
                vec![micros(*by)],
                &["org", "sequence"],
            );
            plan.from += " INDEXED BY sequences_active";
            plan
        }
        Query::DueEnrollments { org, sequence, by } => {
            // Spelled as the index spells it, or the index would not serve.
            let sql = "t.org = ? AND t.sequence = ? AND t.due IS NOT NULL AND t.due <= ?";
            let values = vec![blob(org.0.as_bytes()), blob(sequence.0.as_bytes()), micros(*by)];
            let mut plan = Plan::over(RecordKind::Enrollment, sql, values, &["due", "enrollment"]);
            plan.from += " INDEXED BY enrollments_due";
            plan
        }
        Query::RunningBroadcasts => Plan::over(
            RecordKind::Broadcast,
            "t.running = 1",
            Vec::new(),
            &["org", "broadcast"],
        ),
        Query::DueBroadcasts { by } => Plan::over(
            RecordKind::Broadcast,
            "t.due IS NOT NULL AND t.due <= ?",
            vec![micros(*by)],
            &["org", "broadcast"],
        ),
        Query::Seals { org, positions } => {
            let positions = format!("{positions:?}");
            Plan::over(
                RecordKind::Seal,
                "t.org = ? AND EXISTS
                 (SELECT 1 FROM json_each(?) p WHERE p.value BETWEEN t.first AND t.through)",
                vec![blob(org.0.as_bytes()), Value::Text(positions)],
                &["number"],
            )
        }
        Query::OpenErasures => Plan::over(RecordKind::Erasure, "t.open = 1", Vec::new(), &["org", "contact"]),
    }
}

/// The rows of a broadcast: spelled as their indexes spell it, or those would not serve.
const OF_BROADCAST: &str = "t.org = ? AND t.campaign = ? AND t.campaign <> x'' AND t.step IS NULL";

/// Narrows to rows whose column has one of the words, for each column that is asked for any.
fn any_of<'a>(
    sql: &mut String,
    values: &mut Vec<Value>,
    lists: impl IntoIterator<Item = (&'static str, Vec<&'a str>)>,
) {
    for (column, words) in lists.into_iter().filter(|(_, words)| !words.is_empty()) {
        *sql = format!("{sql} AND t.{column} IN ({})", filter::marks(words.len()));
        values.extend(words.into_iter().map(word));
    }
}

fn with_contacts(mut values: Vec<Value>, contacts: &[ContactId]) -> Vec<Value> {
    values.extend(contacts.iter().map(|contact| blob(contact.0.as_bytes())));
    values
}

fn word(word: &str) -> Value {
    Value::Text(word.to_owned())
}

fn records(org: Option<OrgId>, kind: RecordKind) -> Plan {
    let key = rows::table(kind).key;
    match org {
        None => Plan::over(kind, "1", Vec::new(), key),
        Some(org) if key[0] == "org" => {
            // Within one organisation the place is the rest of the key.
            let rest = if key.len() > 1 { &key[1..] } else { key };
            Plan::over(kind, "t.org = ?", vec![blob(org.0.as_bytes())], rest)
        }
        Some(_) => Plan::over(kind, "0", Vec::new(), key),
    }
}

fn due(state: StateName, by: DateTime<Utc>) -> Plan {
    // Spelled as the index spells it, or the index would not serve.
    let sql = "t.state IN ('sending', 'unknown') AND t.state = ? AND t.due <= ?";
    let values = vec![word(state.as_str()), micros(by)];
    Plan::over(RecordKind::Dispatch, sql, values, &["dispatch", "org"])
}

/// One page of a query.
pub(crate) fn page(connection: &Connection, request: &PageRequest) -> Result<Page> {
    let plan = plan(&request.query);
    let limit = request.limit.max(1);
    let token = fingerprint(&request.query);
    let walk = Pages {
        select: "t.version, t.body",
        from: &plan.from,
        order: &plan.order,
        after: request
            .cursor
            .as_ref()
            .map(|cursor| read_cursor(cursor, token, plan.order.len()))
            .transpose()?,
        backwards: request.backwards,
        limit,
    };
    let mut records = Vec::new();
    let end = walk.read(connection, plan.lanes, |row| {
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
            let walk = filter::walk(*org, filter, None, Extent::Whole);
            (walk.from.to_owned(), vec![walk.condition])
        }
        query => {
            let plan = plan(query);
            (plan.from, plan.lanes)
        }
    };
    let counted = lanes.into_iter().map(|lane| {
        connection
            .prepare(&format!("SELECT count(*) FROM {from} WHERE {}", lane.sql))
            .and_then(|mut statement| {
                statement.query_row(params_from_iter(lane.values), |row| row.get::<_, i64>(0))
            })
            .map(i64::cast_unsigned)
            .map_err(reading)
    });
    counted.sum()
}

/// The contacts of the ledger rows that a query finds.
pub(crate) fn contacts_of(connection: &Connection, query: &Query) -> Result<Vec<ContactId>> {
    let Plan { from, lanes, .. } = plan(query);
    let mut contacts = Vec::new();
    for lane in lanes {
        let mut statement = connection
            .prepare(&format!("SELECT t.contact FROM {from} WHERE {}", lane.sql))
            .map_err(reading)?;
        let found = statement
            .query_map(params_from_iter(lane.values), |row| {
                row.get(0).map(|id| ContactId(Uuid::from_bytes(id)))
            })
            .map_err(reading)?;
        for contact in found {
            contacts.push(contact.map_err(reading)?);
        }
    }
    Ok(contacts)
}

/// How many columns a walk reads before those of its order.
const SELECTED: usize = 2;

/// The most conditions that one walk follows side by side.
const LANES: usize = 100;

/// A walk along an order.
struct Pages<'a> {
    /// [`SELECTED`] columns.
    select: &'a str,
    from: &'a str,
    order: &'a [String],
    after: Option<Vec<Value>>,
    backwards: bool,
    limit: usize,
}

/// Where a page ended.
struct End {
    place: Vec<Value>,
    more: bool,
}

impl Pages<'_> {
    fn read(
        self,
        connection: &Connection,
        conditions: Vec<Condition>,
        mut take: impl FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<Option<End>> {
        let columns = self.order.join(", ");
        let (beyond, towards) = if self.backwards { ("<", " DESC") } else { (">", "") };
        let mut values = Vec::new();
        let mut selects = Vec::new();
        for condition in conditions {
            let mut sql = format!(
                "SELECT {}, {columns} FROM {} WHERE {}",
                self.select, self.from, condition.sql
            );
            values.extend(condition.values);
            if let Some(after) = &self.after {
                sql = format!("{sql} AND ({columns}) {beyond} ({})", filter::marks(after.len()));
                values.extend(after.iter().cloned());
            }
            selects.push(sql);
        }
        if selects.is_empty() {
            return Ok(None);
        }
        // Selects of several conditions are merged, each along its index: their order is named by the columns' places.
        let sorted: Vec<String> = (SELECTED + 1..=SELECTED + self.order.len())
            .map(|place| format!("{place}{towards}"))
            .collect();
        // One more than wanted tells whether there is another page.
        values.push(Value::Integer(
            i64::try_from(self.limit).unwrap_or(i64::MAX).saturating_add(1),
        ));
        let sql = format!(
            "{} ORDER BY {} LIMIT ?",
            selects.join(" UNION ALL "),
            sorted.join(", ")
        );
        let mut statement = connection.prepare_cached(&sql).map_err(reading)?;
        let mut rows = statement.query(params_from_iter(values)).map_err(reading)?;
        let mut taken = 0;
        let mut place = Vec::new();
        while let Some(row) = rows.next().map_err(reading)? {
            if taken == self.limit {
                return Ok(Some(End { place, more: true }));
            }
            take(row)?;
            taken += 1;
            place = (0..self.order.len())
                .map(|column| row.get(SELECTED + column))
                .collect::<rusqlite::Result<_>>()
                .map_err(reading)?;
        }
        Ok((taken > 0).then_some(End { place, more: false }))
    }
}

/// One page of what contacts share.
pub(crate) fn shared(connection: &Connection, request: &SharedRequest) -> Result<SharedPage> {
    let org = blob(request.org.0.as_bytes());
    let token = fingerprint(&("shared", request.org, &request.keys));
    let after = request
        .cursor
        .as_ref()
        .map(|cursor| read_cursor(cursor, token, 1))
        .transpose()?;
    let limit = request.limit.max(1);
    let Condition { sql, values } = shared_keys(request, org.clone(), after, limit);
    let found: Vec<String> = connection
        .prepare_cached(&sql)
        .and_then(|mut statement| {
            statement
                .query_map(params_from_iter(values), |row| row.get(0))?
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
    let most = Value::Integer(i64::try_from(request.most).unwrap_or(i64::MAX));
    let mut shared = Vec::new();
    for key in found.into_iter().take(limit) {
        let contacts = statement
            .query_map([org.clone(), word(&key), most.clone()], |row| {
                row.get(0).map(|id| ContactId(Uuid::from_bytes(id)))
            })
            .and_then(Iterator::collect)
            .map_err(reading)?;
        shared.push(Shared { key, contacts });
    }
    Ok(SharedPage { shared, next })
}

/// The texts of a page, and one more if there is another page.
fn shared_keys(request: &SharedRequest, org: Value, after: Option<Vec<Value>>, limit: usize) -> Condition {
    let (beyond, towards) = if request.backwards {
        ("<", "DESC")
    } else {
        (">", "ASC")
    };
    let mut sql = "SELECT key FROM contact_keys WHERE org = ?".to_owned();
    let mut values = vec![org];
    if !request.keys.is_empty() {
        sql = format!("{sql} AND key IN ({})", filter::marks(request.keys.len()));
        values.extend(request.keys.iter().map(|key| word(key)));
    }
    if let Some(after) = after {
        sql = format!("{sql} AND key {beyond} ?");
        values.extend(after);
    }
    let sql = format!("{sql} GROUP BY key HAVING count(*) > 1 ORDER BY key {towards} LIMIT ?");
    values.push(Value::Integer(
        i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1),
    ));
    Condition { sql, values }
}

/// One page of the journal.
pub(crate) fn journal(connection: &Connection, request: &JournalRequest) -> Result<JournalPage> {
    let org = blob(request.org.0.as_bytes());
    let token = fingerprint(&(request.org, &request.view, &request.filter, request.after));
    let is_feed = request.view == JournalView::Feed;
    let (conditions, order) = shown(request, &org);
    let order: Vec<String> = order.iter().map(|column| format!("t.{column}")).collect();
    let after = match &request.cursor {
        None => None,
        Some(cursor) if is_feed => Some(vec![Value::Integer(read_position(cursor)?)]),
        Some(cursor) => Some(read_cursor(cursor, token, order.len())?),
    };
    let pages = Pages {
        select: "t.position, t.body",
        from: "journal t",
        order: &order,
        after,
        backwards: request.backwards,
        limit: request.limit.max(1),
    };
    let mut entries = Vec::new();
    let end = pages.read(connection, conditions, |row| {
        let read = || -> rusqlite::Result<_> { Ok((row.get(0)?, row.get_ref(1)?.as_str()?)) };
        let (position, body): (i64, &str) = read().map_err(reading)?;
        let entry: Entry =
            serde_json::from_str(body).map_err(|e| error::unreadable("entry of the journal", &e))?;
        entries.push((position.cast_unsigned(), entry));
        Ok(())
    })?;
    let last = entries.last().map(|(position, _)| *position);
    let more = end.filter(|end| end.more);
    let next = match more {
        Some(end) if !is_feed => Some(write_cursor(token, &end.place)),
        None if is_feed && !request.backwards => Some(feed_end(connection, request, org)?),
        more => more.and(last).map(feed_cursor),
    };
    Ok(JournalPage { entries, next })
}

/// What a view of the journal shows, and in which order.
fn shown(request: &JournalRequest, org: &Value) -> (Vec<Condition>, &'static [&'static str]) {
    let narrowed = narrowed(request);
    let condition = |seen: &str, contacts: &[ContactId]| {
        let mut values = with_contacts(vec![org.clone()], contacts);
        values.extend(narrowed.values.iter().cloned());
        Condition {
            sql: format!("t.org = ?{seen}{}", narrowed.sql),
            values,
        }
    };
    match &request.view {
        JournalView::Feed => (vec![condition("", &[])], &["position"]),
        JournalView::Audit => (vec![condition(" AND t.audit = 1", &[])], &["position"]),
        JournalView::Chronicle => (vec![condition(" AND t.timeline = 1", &[])], &["at", "position"]),
        JournalView::Timeline(contacts) => {
            let of = |some: &[ContactId]| {
                let marks = filter::marks(some.len());
                condition(&format!(" AND t.contact IN ({marks}) AND t.timeline = 1"), some)
            };
            let mut contacts = contacts.clone();
            contacts.sort_unstable();
            contacts.dedup();
            let lanes = contacts.chunks(contacts.len().div_ceil(LANES).max(1));
            (lanes.map(of).collect(), &["at", "position"])
        }
    }
}

/// What a request leaves out of its view.
fn narrowed(request: &JournalRequest) -> Condition {
    let filter = &request.filter;
    let (mut sql, mut values) = (String::new(), Vec::new());
    let mut ask = |condition: &str, asked: &mut dyn Iterator<Item = Value>| {
        sql = format!("{sql} AND {condition}");
        values.extend(asked);
    };
    let one = |value: Value| std::iter::once(value);
    if request.after > 0 {
        let after = i64::try_from(request.after).unwrap_or(i64::MAX);
        ask("t.position > ?", &mut one(Value::Integer(after)));
    }
    if !filter.kinds.is_empty() {
        let kinds = format!("t.kind IN ({})", filter::marks(filter.kinds.len()));
        ask(&kinds, &mut filter.kinds.iter().map(|kind| word(kind.as_str())));
    }
    if !filter.contacts.is_empty() {
        let contacts = format!("t.contact IN ({})", filter::marks(filter.contacts.len()));
        let mut ids = filter.contacts.iter().map(|contact| blob(contact.0.as_bytes()));
        ask(&contacts, &mut ids);
    }
    if let Some(from) = filter.from {
        ask("t.at >= ?", &mut one(micros(from)));
    }
    if let Some(until) = filter.until {
        ask("t.at < ?", &mut one(micros(until)));
    }
    if let Some(actor) = &filter.actor {
        let actor = serde_json::to_string(actor).unwrap_or_default();
        ask(
            "json(t.body -> '$.actor') = json(?)",
            &mut one(Value::Text(actor)),
        );
    }
    Condition { sql, values }
}

fn feed_cursor(position: u64) -> Cursor {
    Cursor(position.to_string())
}

/// Where the feed goes on after a page that came to its end: it has seen everything until now, of whatever kind.
fn feed_end(connection: &Connection, request: &JournalRequest, org: Value) -> Result<Cursor> {
    let end: Option<i64> = connection
        .prepare_cached("SELECT position FROM journal_ends WHERE org = ?")
        .and_then(|mut statement| statement.query_row([org], |row| row.get(0)).optional())
        .map_err(reading)?;
    let begun = request.cursor.as_ref().map_or(Ok(0), read_position)?;
    Ok(feed_cursor(end.unwrap_or_default().max(begun).cast_unsigned()))
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
        .query([blob(org.0.as_bytes()), blob(campaign.id().as_bytes())])
        .map_err(reading)?;
    let mut buckets = Vec::new();
    while let Some(row) = rows.next().map_err(reading)? {
        let name: String = row.get(0).map_err(reading)?;
        let state = StateName::ALL.into_iter().find(|state| state.as_str() == name);
        let state = state.ok_or_else(|| {
            StorageError::new(
                StorageErrorKind::Corrupt,
                format!(
                    "the ledger has a state {name:?} that this version does not know; update the library"
                ),
            )
        })?;
        let text = |column: usize| -> rusqlite::Result<Option<String>> {
            Ok(match row.get(column)? {
                Value::Text(text) => Some(text),
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
        .query([blob(org.0.as_bytes()), blob(sequence.0.as_bytes())])
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
                .query_map([blob(org.0.as_bytes())], |row| {
                    Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()))
                })?
                .collect()
        })
        .map_err(reading)
}

/// Tells queries apart, so that a cursor of one is not taken for a cursor of another (FNV-1a: cursors may outlive
/// the process, the standard library's hasher may change).
fn fingerprint(query: &impl fmt::Debug) -> u64 {
    format!("{query:?}")
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        })
}

fn bad_cursor(why: &str) -> StorageError {
    StorageError::new(
        StorageErrorKind::BadCursor,
        format!("the cursor {why}; give one that a page of this very query ended with, or none"),
    )
}

fn read_position(cursor: &Cursor) -> Result<i64> {
    let position = cursor.0.parse::<u64>().ok();
    position
        .and_then(|position| i64::try_from(position).ok())
        .ok_or_else(|| bad_cursor("is no position of the feed"))
}

fn write_cursor(token: u64, place: &[Value]) -> Cursor {
    let parts = place.iter().map(|value| match value {
        Value::Integer(number) => format!(".i{number}"),
        Value::Text(text) => format!(".t{}", hex::encode(text)),
        Value::Blob(bytes) => format!(".b{}", hex::encode(bytes)),
        // No column of an order is absent or a fraction.
        Value::Null | Value::Real(_) => ".".to_owned(),
    });
    Cursor(format!("{token:016x}{}", parts.collect::<String>()))
}

fn read_cursor(cursor: &Cursor, token: u64, columns: usize) -> Result<Vec<Value>> {
    let mut parts = cursor.0.split('.');
    if parts.next() != Some(&format!("{token:016x}")) {
        return Err(bad_cursor("is not one of this query's"));
    }
    let place: Option<Vec<Value>> = parts.map(read_value).collect();
    place
        .filter(|place| place.len() == columns)
        .ok_or_else(|| bad_cursor("is not as it was given"))
}

fn read_value(part: &str) -> Option<Value> {
    let (kind, value) = part.split_at_checked(1)?;
    match kind {
        "i" => value.parse().ok().map(Value::Integer),
        "t" => String::from_utf8(hex::decode(value).ok()?).ok().map(Value::Text),
        "b" => hex::decode(value).ok().map(Value::Blob),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tertulia_core::broadcast::RecipientFilter;
    use tertulia_core::channel::Channel;
    use tertulia_core::contact::ContactOrder;
    use tertulia_core::conversation::ConversationStatus;
    use tertulia_core::filter::{Filter, OwnerFilter};
    use tertulia_core::ids::IdSource;
    use tertulia_core::inbox::{Archived, ConversationFilter, ConversationOrder};
    use tertulia_core::journal::{EntryFilter, EntryKind};
    use tertulia_core::sequence::{EnrollmentFilter, ExitReason, Stage};

    use super::*;

    /// How SQLite finds one page of a query, along each of its lanes.
    fn explained(connection: &Connection, query: &Query) -> Vec<String> {
        let plan = plan(query);
        let mut steps = Vec::new();
        for lane in plan.lanes {
            let sql = format!(
                "EXPLAIN QUERY PLAN SELECT t.body FROM {} WHERE {} AND ({}) > ({}) ORDER BY {} LIMIT 9",
                plan.from,
                lane.sql,
                plan.order.join(", "),
                filter::marks(plan.order.len()),
                plan.order.join(", ")
            );
            let mut values = lane.values;
            values.extend(plan.order.iter().map(|_| Value::Blob(Vec::new())));
            let mut statement = connection.prepare(&sql).unwrap();
            let rows = statement.query_map(params_from_iter(values), |row| row.get::<_, String>(3));
            steps.extend(rows.unwrap().map(std::result::Result::unwrap));
        }
        steps
    }

    /// Every way to narrow an inbox, but for what is searched for: that is found first, and then sorted.
    fn inbox_filters(ids: &mut IdSource) -> Vec<ConversationFilter> {
        let plain = ConversationFilter::default;
        let narrowed = [
            plain(),
            ConversationFilter::of(ids.next()),
            ConversationFilter {
                status: ConversationStatus::ALL.to_vec(),
                ..plain()
            },
            ConversationFilter {
                assignee: Some(OwnerFilter::Nobody),
                status: vec![ConversationStatus::Open],
                ..plain()
            },
            ConversationFilter {
                handler: Some("bot".to_owned()),
                ..plain()
            },
            ConversationFilter {
                channel: Some(Channel::WhatsApp),
                unread: Some(false),
                ..plain()
            },
            ConversationFilter {
                unread: Some(true),
                assignee: Some(OwnerFilter::Is(ids.next())),
                ..plain()
            },
            ConversationFilter {
                starred: Some(true),
                ..plain()
            },
            ConversationFilter {
                label: Some("urgent".to_owned()),
                unread: Some(true),
                ..plain()
            },
        ];
        let each = narrowed.into_iter().flat_map(|filter| {
            [Archived::Without, Archived::With, Archived::Only].map(|archived| ConversationFilter {
                archived,
                ..filter.clone()
            })
        });
        each.collect()
    }

    #[test]
    fn pages_are_walks_along_an_index() {
        let connection = crate::connection::open_in_memory().unwrap();
        crate::migrate::migrate(&connection, "a test", Duration::ZERO).unwrap();
        let mut ids = IdSource::new(DateTime::UNIX_EPOCH, 1);
        let org = ids.next();
        let both = Filter::And(vec![Filter::OptedIn(true), Filter::tagged_any(["vip"])]);
        let neither = Filter::Not(Box::new(both.clone()));
        let orders = [
            None,
            Some(ContactOrder::Created),
            Some(ContactOrder::Name),
            Some(ContactOrder::LastActive),
        ];
        let mut queries: Vec<Query> = orders
            .into_iter()
            .flat_map(|order| {
                [&both, &neither].map(|filter| Query::Contacts {
                    org,
                    filter: filter.clone(),
                    order,
                })
            })
            .collect();
        queries.extend([
            Query::Messages {
                org,
                conversation: ids.next(),
            },
            Query::Notes {
                org,
                contacts: vec![ids.next()],
            },
            Query::MediaFiles {
                org,
                contacts: vec![ids.next()],
            },
            Query::Touches {
                org,
                from: chrono::DateTime::UNIX_EPOCH,
                until: chrono::DateTime::UNIX_EPOCH,
            },
            Query::Surveys {
                org,
                from: chrono::DateTime::UNIX_EPOCH,
                until: chrono::DateTime::UNIX_EPOCH,
            },
            Query::OpenDispatches {
                org,
                contact: ids.next(),
            },
            Query::DueTurns {
                handler: "clerk".to_owned(),
                by: chrono::DateTime::UNIX_EPOCH,
            },
            Query::EnrollmentsOf {
                org,
                contacts: vec![ids.next()],
            },
            Query::DueSequences {
                by: chrono::DateTime::UNIX_EPOCH,
            },
            Query::DueEnrollments {
                org,
                sequence: ids.next(),
                by: chrono::DateTime::UNIX_EPOCH,
            },
            Query::Recipients {
                org,
                broadcast: ids.next(),
                contacts: vec![ids.next()],
            },
            Query::RunningBroadcasts,
            Query::DueBroadcasts {
                by: chrono::DateTime::UNIX_EPOCH,
            },
            Query::Seals {
                org,
                positions: vec![1, 9],
            },
            Query::OpenErasures,
        ]);
        for filter in inbox_filters(&mut ids) {
            let order = ConversationOrder::Activity;
            queries.push(Query::Conversations { org, filter, order });
        }
        queries.push(Query::Conversations {
            org,
            filter: ConversationFilter::default(),
            order: ConversationOrder::Id,
        });
        for states in [vec![], vec![StateName::Failed, StateName::Skipped]] {
            let broadcast = ids.next();
            queries.push(Query::Dispatches {
                org,
                broadcast,
                recipients: RecipientFilter::in_states(&states),
            });
        }
        let narrow = EnrollmentFilter {
            states: vec![Stage::Waiting, Stage::Exited],
            steps: vec!["welcome".to_owned()],
            reasons: vec![ExitReason::Replied],
        };
        for filter in [EnrollmentFilter::default(), narrow] {
            let sequence = ids.next();
            queries.push(Query::Enrollments {
                org,
                sequence,
                filter,
            });
        }
        for kind in RecordKind::ALL {
            for org in [None, Some(org)] {
                if org.is_none() || rows::table(*kind).key[0] == "org" {
                    queries.push(Query::Records { org, kind: *kind });
                }
            }
        }
        for query in queries {
            let steps = explained(&connection, &query);
            // What the query itself lists is gone through.
            let listed = |step: &str| step.starts_with("SCAN p ") && step.contains("VIRTUAL TABLE");
            let walked = steps
                .iter()
                .all(|step| listed(step) || (!step.starts_with("SCAN") && !step.contains("TEMP B-TREE")));
            assert!(walked, "{query:?}: {steps:#?}");
        }
        // Few rows are due at a time: these are sorted.
        let query = Query::Due {
            state: StateName::Unknown,
            by: DateTime::UNIX_EPOCH,
        };
        let steps = explained(&connection, &query);
        assert!(
            steps[0].contains("dispatches_due (state=? AND due<?)"),
            "{steps:#?}"
        );
    }

    /// How SQLite answers a statement.
    fn steps_of(connection: &Connection, sql: &str, values: Vec<Value>) -> Vec<String> {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let rows = statement.query_map(params_from_iter(values), |row| row.get::<_, String>(3));
        rows.unwrap().map(std::result::Result::unwrap).collect()
    }

    #[test]
    fn who_is_due_in_a_sequence_is_found_by_one_step_into_an_index() {
        let connection = crate::connection::open_in_memory().unwrap();
        crate::migrate::migrate(&connection, "a test", Duration::ZERO).unwrap();
        let by = DateTime::UNIX_EPOCH;
        // One step for each active sequence, however SQLite words it.
        let steps = explained(&connection, &Query::DueSequences { by });
        assert_eq!(
            steps[0], "SEARCH t USING INDEX sequences_active ((org,sequence)>(?,?))",
            "{steps:#?}"
        );
        let last = steps.last().unwrap();
        assert!(
            last.starts_with("SEARCH e ")
                && last.contains("COVERING INDEX enrollments_due (org=? AND sequence=? AND ")
                && last.ends_with("due<?)"),
            "{steps:#?}"
        );
        let mut ids = IdSource::new(by, 1);
        let query = Query::DueEnrollments {
            org: ids.next(),
            sequence: ids.next(),
            by,
        };
        let steps = explained(&connection, &query);
        assert_eq!(
            steps,
            [
                "SEARCH t USING INDEX enrollments_due (org=? AND sequence=? AND (due,enrollment)>(?,?) AND due<?)"
            ]
        );
    }

    #[test]
    fn counts_of_enrollments_read_no_body() {
        let connection = crate::connection::open_in_memory().unwrap();
        crate::migrate::migrate(&connection, "a test", Duration::ZERO).unwrap();
        let mut ids = IdSource::new(DateTime::UNIX_EPOCH, 1);
        let (org, sequence) = (ids.next(), ids.next());
        let covered =
            "SEARCH enrollments USING COVERING INDEX enrollments_of_sequence (org=? AND sequence=?)";
        let filter = EnrollmentFilter {
            states: vec![Stage::Exited],
            steps: vec!["welcome".to_owned()],
            reasons: vec![ExitReason::Replied],
        };
        let plan = plan(&Query::Enrollments {
            org,
            sequence,
            filter,
        });
        let lane = &plan.lanes[0];
        let sql = format!("SELECT count(*) FROM {} WHERE {}", plan.from, lane.sql);
        let steps = steps_of(&connection, &sql, lane.values.clone());
        assert_eq!(
            steps,
            [covered.replace("SEARCH enrollments", "SEARCH t")],
            "{steps:#?}"
        );
    }

    #[test]
    fn a_period_of_the_journal_is_a_walk_along_an_index() {
        let connection = crate::connection::open_in_memory().unwrap();
        crate::migrate::migrate(&connection, "a test", Duration::ZERO).unwrap();
        for backwards in [false, true] {
            let request = JournalRequest {
                org: IdSource::new(DateTime::UNIX_EPOCH, 1).next(),
                view: JournalView::Chronicle,
                filter: EntryFilter {
                    kinds: vec![EntryKind::MessageSent, EntryKind::MessageReceived],
                    from: Some(DateTime::UNIX_EPOCH),
                    until: Some(DateTime::UNIX_EPOCH),
                    ..EntryFilter::default()
                },
                after: 0,
                cursor: None,
                backwards,
                limit: 9,
            };
            let org = blob(request.org.0.as_bytes());
            let (mut conditions, order) = shown(&request, &org);
            let Condition { sql, values } = conditions.remove(0);
            let way = if backwards { "DESC" } else { "ASC" };
            let sorted: Vec<String> = order.iter().map(|column| format!("t.{column} {way}")).collect();
            let sql = format!(
                "EXPLAIN QUERY PLAN SELECT t.position, t.body FROM journal t WHERE {sql} ORDER BY {} LIMIT 9",
                sorted.join(", ")
            );
            let mut statement = connection.prepare(&sql).unwrap();
            let steps: Vec<String> = statement
                .query_map(params_from_iter(values), |row| row.get(3))
                .unwrap()
                .map(std::result::Result::unwrap)
                .collect();
            assert_eq!(steps.len(), 1, "{steps:#?}");
            assert!(
                steps[0].contains("journal_chronicle (org=? AND at>? AND at<?)"),
                "{steps:#?}"
            );
        }
    }

    #[test]
    fn what_is_shared_is_a_walk_along_an_index() {
        let connection = crate::connection::open_in_memory().unwrap();
        crate::migrate::migrate(&connection, "a test", Duration::ZERO).unwrap();
        for (backwards, keys) in [(false, 0), (true, 0), (false, 3), (true, 3)] {
            let request = SharedRequest {
                org: IdSource::new(DateTime::UNIX_EPOCH, 1).next(),
                keys: vec!["a".to_owned(); keys],
                cursor: None,
                backwards,
                limit: 9,
                most: 9,
            };
            let after = Some(vec![word("a")]);
            let Condition { sql, values } = shared_keys(&request, blob(request.org.0.as_bytes()), after, 9);
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let steps: Vec<String> = statement
                .query_map(params_from_iter(values), |row| row.get(3))
                .unwrap()
                .map(std::result::Result::unwrap)
                .collect();
            assert_eq!(steps.len(), 1, "{steps:#?}");
            assert!(
                steps[0].starts_with("SEARCH contact_keys USING PRIMARY KEY"),
                "{steps:#?}"
            );
        }
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nothing_else_is() {
        let place = vec![
            Value::Integer(-5),
            Value::Text("ä.b\0".to_owned()),
            Value::Blob(vec![0, 255]),
        ];
        let cursor = write_cursor(7, &place);
        assert_eq!(read_cursor(&cursor, 7, 3).unwrap(), place);
        let good = cursor.0;
        let bad = [
            String::new(),
            "5".to_owned(),
            good.replace(".i", ".x"),
            good.replace(".bt", ""),
            good.replace("ff", "fg"),
            good.replace("ff", "f"),
            good.replace("c3", "ff"),
            format!("{good}."),
            format!("{good}.i1"),
        ];
        for bad in bad.into_iter().filter(|bad| *bad != good) {
            let error = read_cursor(&Cursor(bad.clone()), 7, 3).unwrap_err();
            assert_eq!(error.kind, StorageErrorKind::BadCursor, "{bad}");
        }
        assert!(read_cursor(&Cursor(good), 8, 3).is_err());
    }
}
