//! Views of the journal as SQL.

use tertulia_core::ids::ContactId;
use tertulia_core::journal::{Actor, Entry};
use tertulia_storage_traits::{Cursor, JournalRequest, JournalView};

use crate::cursor::{feed_cursor, fingerprint, read_cursor, read_position, write_cursor};
use crate::error::{Result, unreadable};
use crate::pages::{End, Page};
use crate::value::{Value, as_id, micros};
use crate::{Condition, Dialect};

/// The most conditions that one walk follows side by side.
const LANES: usize = 100;

/// A page of a view of the journal.
#[derive(Debug)]
pub struct Walk<'r> {
    order: Vec<String>,
    after: Option<Vec<Value>>,
    token: u64,
    request: &'r JournalRequest,
}

impl<'r> Walk<'r> {
    /// The page that is requested, and what it shows: conditions that no two share an entry of.
    pub fn of(dialect: Dialect, request: &'r JournalRequest) -> Result<(Self, Vec<Condition>)> {
        let token = fingerprint(&(request.org, &request.view, &request.filter, request.after));
        let (conditions, order) = shown(dialect, request);
        let after = match &request.cursor {
            None => None,
            Some(cursor) if is_feed(request) => Some(vec![Value::Integer(read_position(cursor)?)]),
            Some(cursor) => Some(read_cursor(cursor, token, order.len())?),
        };
        let walk = Self {
            order: order.iter().map(|&column| column.to_owned()).collect(),
            after,
            token,
            request,
        };
        Ok((walk, conditions))
    }

    /// What reads it: each row has an entry's position and body.
    pub fn page(&self) -> Page<'_> {
        Page {
            select: "t.position, t.body",
            from: "journal t",
            order: &self.order,
            after: self.after.clone(),
            backwards: self.request.backwards,
            limit: self.request.limit.max(1),
        }
    }

    /// Where the next page begins, after one that ended so, with an entry at this position.
    pub fn next(&self, end: Option<End>, last: Option<u64>) -> Next {
        match end.filter(|end| end.more) {
            Some(end) if !is_feed(self.request) => Next::At(write_cursor(self.token, &end.place)),
            Some(_) => last.map_or(Next::Over, |last| Next::At(feed_cursor(last))),
            None if is_feed(self.request) && !self.request.backwards => Next::Fed,
            None => Next::Over,
        }
    }

    /// Where the feed goes on after a page that came to its end, the journal's end being at this position: it has seen
    /// everything until now, of whatever kind.
    pub fn fed(&self, end: Option<i64>) -> Result<Cursor> {
        let begun = self.request.cursor.as_ref().map_or(Ok(0), read_position)?;
        Ok(feed_cursor(end.unwrap_or_default().max(begun).cast_unsigned()))
    }
}

/// Where a page of the journal is followed by another one.
#[derive(Debug)]
pub enum Next {
    /// There.
    At(Cursor),
    /// Where the journal ends now: [`Walk::fed`] says where that is.
    Fed,
    /// Nowhere.
    Over,
}

fn is_feed(request: &JournalRequest) -> bool {
    request.view == JournalView::Feed
}

/// An entry of the journal, read.
pub fn entry(position: i64, body: &str) -> Result<(u64, Entry)> {
    let entry = serde_json::from_str(body).map_err(|e| unreadable("entry of the journal", &e))?;
    Ok((position.cast_unsigned(), entry))
}

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
