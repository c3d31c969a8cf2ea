//! Views of the journal as SQL.

use tertulia_core::ids::ContactId;
use tertulia_core::journal::Actor;
use tertulia_storage_traits::{JournalRequest, JournalView};

use crate::value::{Value, as_id, micros};
use crate::{Condition, Dialect};

/// The most conditions that one walk follows side by side.
const LANES: usize = 100;

/// What a view of the journal shows, and in which order.
pub fn shown(dialect: Dialect, request: &JournalRequest) -> (Vec<Condition>, &'static [&'static str]) {
    let narrowed = narrowed(dialect, request);
    let condition = |seen: &str, contacts: Vec<Value>| {
        let mut values = vec![as_id(request.org.0)];
        values.extend(contacts);
        values.extend(narrowed.values.iter().cloned());
        Condition {
            sql: format!("t.org = ?{seen}{}", narrowed.sql),
            values,
        }
    };
    match &request.view {
        JournalView::Feed => (vec![condition("", Vec::new())], &["t.position"]),
        JournalView::Audit => {
            let audited = format!(" AND t.audit = {}", dialect.truth(true));
            (vec![condition(&audited, Vec::new())], &["t.position"])
        }
        JournalView::Chronicle => {
            let seen = format!(" AND t.timeline = {}", dialect.truth(true));
            (vec![condition(&seen, Vec::new())], &["t.at", "t.position"])
        }
        JournalView::Timeline(contacts) => {
            let of = |some: &[ContactId]| {
                let mut values = Vec::new();
                let among = dialect.among_ids("t.contact", some.iter().map(|id| id.0), &mut values);
                let seen = format!(" AND {among} AND t.timeline = {}", dialect.truth(true));
                condition(&seen, values)
            };
            let mut contacts = contacts.clone();
            contacts.sort_unstable();
            contacts.dedup();
            let lanes = contacts.chunks(contacts.len().div_ceil(LANES).max(1));
            (lanes.map(of).collect(), &["t.at", "t.position"])
        }
    }
}

/// What a request leaves out of its view.
fn narrowed(dialect: Dialect, request: &JournalRequest) -> Condition {
    let filter = &request.filter;
    let (mut all, mut values) = (Vec::new(), Vec::new());
    if request.after > 0 {
        all.push("t.position > ?".to_owned());
        values.push(Value::Integer(i64::try_from(request.after).unwrap_or(i64::MAX)));
    }
    if !filter.kinds.is_empty() {
        let kinds = filter.kinds.iter().map(|kind| kind.as_str());
        all.push(dialect.among("t.kind", kinds, &mut values));
    }
    if !filter.contacts.is_empty() {
        let contacts = filter.contacts.iter().map(|contact| contact.0);
        all.push(dialect.among_ids("t.contact", contacts, &mut values));
    }
    for (condition, bound) in [("t.at >= ?", filter.from), ("t.at < ?", filter.until)] {
        if let Some(bound) = bound {
            all.push(condition.to_owned());
            values.push(micros(bound));
        }
    }
    if let Some(actor) = &filter.actor {
        all.push(
            match dialect {
                Dialect::Sqlite => "json(t.body -> '$.actor') = json(?)",
                Dialect::Postgres => "t.actor = ?",
            }
            .to_owned(),
        );
        values.push(Value::Text(written(actor)));
    }
    Condition {
        sql: all
            .iter()
            .fold(String::new(), |sql, condition| sql + " AND " + condition),
        values,
    }
}

/// An actor, as entries have it.
pub fn written(actor: &Actor) -> String {
    serde_json::to_string(actor).unwrap_or_default()
}
