//! Queries as SQL.

use chrono::{DateTime, Utc};
use tertulia_core::ids::{ContactId, OrgId};
use tertulia_core::ledger::StateName;
use tertulia_core::record::RecordKind;
use tertulia_storage_traits::Query;

use crate::filter::{self, Extent};
use crate::value::{Value, as_id, micros, text};
use crate::{Condition, Dialect, inbox, rows};

/// A query as SQL: rows of `t`, and the columns whose values make a row's place.
pub struct Plan {
    /// What it finds.
    pub kind: RecordKind,
    /// The version and body of what it finds, over [`from`](Self::from) and [`joined`](Self::joined).
    pub select: &'static str,
    /// The tables that it is found by.
    pub from: String,
    /// The table that has the bodies, where that is another one.
    pub joined: &'static str,
    /// Conditions that no two share a row of.
    pub lanes: Vec<Condition>,
    /// What its pages follow.
    pub order: Vec<String>,
}

/// The version and body of a row.
const SELECT: &str = "t.version, t.body";

impl Plan {
    fn over(kind: RecordKind, sql: impl Into<String>, values: Vec<Value>, order: &[&str]) -> Self {
        Self {
            kind,
            select: SELECT,
            from: format!("{} t", rows::table(kind).name),
            joined: "",
            lanes: vec![Condition {
                sql: sql.into(),
                values,
            }],
            order: order.iter().map(|column| format!("t.{column}")).collect(),
        }
    }

    /// The same walk along an index.
    fn along(self, dialect: Dialect, index: &str) -> Self {
        Self {
            from: dialect.along(rows::table(self.kind).name, index),
            ..self
        }
    }
}

/// A query as SQL.
pub fn plan(dialect: Dialect, query: &Query) -> Plan {
    match query {
        Query::Records { org, kind } => records(dialect, *org, *kind),
        Query::Contacts { org, filter, order } => {
            let walk = filter::walk(dialect, *org, filter, *order, Extent::Page);
            let (select, joined) = filter::bodies(dialect);
            Plan {
                kind: RecordKind::Contact,
                select,
                from: walk.from,
                joined,
                lanes: vec![walk.condition],
                order: walk.order.iter().map(|&column| column.to_owned()).collect(),
            }
        }
        Query::Messages { org, conversation } => Plan::over(
            RecordKind::Message,
            "t.org = ? AND t.conversation = ?",
            vec![as_id(org.0), as_id(conversation.0)],
            &["at", "message"],
        ),
        Query::Conversations { org, filter, order } => {
            let walk = inbox::walk(dialect, *org, filter, *order);
            Plan {
                kind: RecordKind::Conversation,
                select: SELECT,
                from: walk.from,
                joined: "",
                lanes: walk.lanes,
                order: walk.order.map(str::to_owned).to_vec(),
            }
        }
        Query::MediaFiles { org, contacts } => {
            of_contacts(dialect, RecordKind::MediaFile, *org, contacts, &["message"])
        }
        Query::Touches { org, from, until } => Plan::over(
            RecordKind::Touch,
            "t.org = ? AND t.at >= ? AND t.at < ?".to_owned(),
            vec![as_id(org.0), micros(*from), micros(*until)],
            &["at", "message"],
        ),
        Query::Surveys { org, from, until } => Plan::over(
            RecordKind::Survey,
            "t.org = ? AND t.asked_at >= ? AND t.asked_at < ?".to_owned(),
            vec![as_id(org.0), micros(*from), micros(*until)],
            &["asked_at", "survey"],
        ),
        Query::Notes { org, contacts } => {
            of_contacts(dialect, RecordKind::Note, *org, contacts, &["at", "note"])
        }
        Query::Dispatches {
            org,
            broadcast,
            recipients,
        } => {
            let mut sql = of_broadcast(dialect);
            let mut values = vec![as_id(org.0), as_id(broadcast.0)];
            let states = recipients.states.iter().map(|state| state.as_str());
            let reasons = recipients.reasons.iter().map(String::as_str);
            let lists: [(&str, Vec<&str>); 2] = [("state", states.collect()), ("reason", reasons.collect())];
            any_of(dialect, &mut sql, &mut values, lists);
            for (column, wanted) in [
                ("replied", recipients.replied),
                ("opted_out_after", recipients.opted_out_after),
            ] {
                if let Some(wanted) = wanted {
                    sql = format!("{sql} AND (t.accepted AND t.{column}) = ?");
                    values.push(Value::Flag(wanted));
                }
            }
            Plan::over(RecordKind::Dispatch, sql, values, &["dispatch"])
                .along(dialect, "dispatches_of_broadcast")
        }
        Query::Recipients {
            org,
            broadcast,
            contacts,
        } => {
            let mut values = vec![as_id(org.0), as_id(broadcast.0)];
            let ids = contacts.iter().map(|contact| contact.0);
            let among = dialect.among_ids("t.contact", ids, &mut values);
            let sql = format!("{} AND {among}", of_broadcast(dialect));
            Plan::over(RecordKind::Dispatch, sql, values, &["dispatch"])
        }
        Query::OpenDispatches { org, contact } => Plan::over(
            RecordKind::Dispatch,
            "t.org = ? AND t.contact = ? AND t.state IN ('pending', 'leased')",
            vec![as_id(org.0), as_id(contact.0)],
            &["dispatch"],
        ),
        Query::Due { state, by } => due(*state, *by),
        Query::DueTurns { handler, by } => {
            // Spelled as the index spells it, or the index would not serve.
            let sql = "t.turn_due IS NOT NULL AND t.handler = ? AND t.turn_due <= ?";
            let values = vec![text(handler), micros(*by)];
            Plan::over(
                RecordKind::Conversation,
                sql,
                values,
                &["turn_due", "conversation", "org"],
            )
            .along(dialect, "conversations_turn")
        }
        Query::Enrollments {
            org,
            sequence,
            filter,
        } => {
            let mut sql = "t.org = ? AND t.sequence = ?".to_owned();
            let mut values = vec![as_id(org.0), as_id(sequence.0)];
            let states = filter.states.iter().map(|stage| stage.as_str());
            let steps = filter.steps.iter().map(String::as_str);
            let reasons = filter.reasons.iter().map(|reason| reason.as_str());
            let lists: [(&str, Vec<&str>); 3] = [
                ("state", states.collect()),
                ("step", steps.collect()),
                ("reason", reasons.collect()),
            ];
            any_of(dialect, &mut sql, &mut values, lists);
            Plan::over(RecordKind::Enrollment, sql, values, &["enrollment"])
                .along(dialect, "enrollments_of_sequence")
        }
        Query::EnrollmentsOf { org, contacts } => {
            of_contacts(dialect, RecordKind::Enrollment, *org, contacts, &["enrollment"])
        }
        Query::DueSequences { by } => {
            let along = match dialect {
                Dialect::Sqlite => " INDEXED BY enrollments_due",
                Dialect::Postgres => "",
            };
            Plan::over(
                RecordKind::Sequence,
                format!(
                    "t.active = {} AND EXISTS (SELECT 1 FROM enrollments e{along}
                     WHERE e.org = t.org AND e.sequence = t.sequence AND e.due IS NOT NULL AND e.due <= ?)",
                    dialect.truth(true)
                ),
                vec![micros(*by)],
                &["org", "sequence"],
            )
            .along(dialect, "sequences_active")
        }
        Query::DueEnrollments { org, sequence, by } => {
            // Spelled as the index spells it, or the index would not serve.
            let sql = "t.org = ? AND t.sequence = ? AND t.due IS NOT NULL AND t.due <= ?";
            let values = vec![as_id(org.0), as_id(sequence.0), micros(*by)];
            Plan::over(RecordKind::Enrollment, sql, values, &["due", "enrollment"])
                .along(dialect, "enrollments_due")
        }
        Query::RunningBroadcasts => Plan::over(
            RecordKind::Broadcast,
            format!("t.running = {}", dialect.truth(true)),
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
            let (positions, listed) = match dialect {
                Dialect::Sqlite => (
                    Value::Text(format!("{positions:?}")),
                    "json_each(?) p WHERE p.value",
                ),
                Dialect::Postgres => (
                    Value::Integers(positions.iter().map(|at| at.cast_signed()).collect()),
                    "unnest(?) p WHERE p",
                ),
            };
            Plan::over(
                RecordKind::Seal,
                format!("t.org = ? AND EXISTS (SELECT 1 FROM {listed} BETWEEN t.first AND t.through)"),
                vec![as_id(org.0), positions],
                &["number"],
            )
        }
        Query::OpenErasures => Plan::over(
            RecordKind::Erasure,
            format!("t.open = {}", dialect.truth(true)),
            Vec::new(),
            &["org", "contact"],
        ),
    }
}

/// The rows of a broadcast: spelled as their indexes spell it, or those would not serve.
fn of_broadcast(dialect: Dialect) -> String {
    format!(
        "t.org = ? AND t.campaign = ? AND t.campaign <> {} AND t.step IS NULL",
        dialect.no_id()
    )
}

/// The records of some contacts.
fn of_contacts(
    dialect: Dialect,
    kind: RecordKind,
    org: OrgId,
    contacts: &[ContactId],
    order: &[&str],
) -> Plan {
    let mut values = vec![as_id(org.0)];
    let among = dialect.among_ids("t.contact", contacts.iter().map(|contact| contact.0), &mut values);
    Plan::over(kind, format!("t.org = ? AND {among}"), values, order)
}

/// Narrows to rows whose column has one of the words, for each column that is asked for any.
fn any_of<'a>(
    dialect: Dialect,
    sql: &mut String,
    values: &mut Vec<Value>,
    lists: impl IntoIterator<Item = (&'static str, Vec<&'a str>)>,
) {
    for (column, words) in lists.into_iter().filter(|(_, words)| !words.is_empty()) {
        let among = dialect.among(&format!("t.{column}"), words.into_iter(), values);
        *sql = format!("{sql} AND {among}");
    }
}

fn records(dialect: Dialect, org: Option<OrgId>, kind: RecordKind) -> Plan {
    let key = rows::table(kind).key;
    match org {
        None => Plan::over(kind, dialect.truth(true), Vec::new(), key),
        Some(org) if key[0] == "org" => {
            // Within one organisation the place is the rest of the key.
            let rest = if key.len() > 1 { &key[1..] } else { key };
            Plan::over(kind, "t.org = ?", vec![as_id(org.0)], rest)
        }
        Some(_) => Plan::over(kind, dialect.truth(false), Vec::new(), key),
    }
}

fn due(state: StateName, by: DateTime<Utc>) -> Plan {
    // Spelled as the index spells it, or the index would not serve.
    let sql = "t.state IN ('sending', 'unknown') AND t.state = ? AND t.due <= ?";
    let values = vec![text(state.as_str()), micros(by)];
    Plan::over(RecordKind::Dispatch, sql, values, &["dispatch", "org"])
}
