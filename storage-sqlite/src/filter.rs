//! Filters as SQL conditions on a row `t` of `contacts`: the same contacts as `Filter::matches` finds.

use std::collections::BTreeSet;

use rusqlite::types::Value;
use tertulia_core::contact::RecordStatus;
use tertulia_core::filter::{Filter, TagFilter};
use tertulia_core::ids::OrgId;

use crate::rows::blob;

/// A condition with the values of its `?`s, in order.
pub(crate) struct Condition {
    /// The condition. Never null, so that `NOT` is the exact complement.
    pub(crate) sql: String,
    /// The values.
    pub(crate) values: Vec<Value>,
}

/// The condition of a filter.
pub(crate) fn condition(filter: &Filter) -> Condition {
    let mut values = Vec::new();
    let sql = write(filter, &mut values);
    Condition { sql, values }
}

fn write(filter: &Filter, values: &mut Vec<Value>) -> String {
    match filter {
        Filter::Everyone => "1".to_owned(),
        Filter::And(filters) => joined(filters.iter().map(|f| write(f, values)).collect(), "AND", "1"),
        Filter::Or(filters) => joined(filters.iter().map(|f| write(f, values)).collect(), "OR", "0"),
        Filter::Not(filter) => format!("(NOT {})", write(filter, values)),
        Filter::Tags(TagFilter::Any(tags)) => tagged(tags, values),
        Filter::Tags(TagFilter::All(tags)) => {
            let each: BTreeSet<&String> = tags.iter().collect();
            let carried = carried(each.iter().copied(), values);
            format!("((SELECT count(*) {carried}) = {})", each.len())
        }
        Filter::Tags(TagFilter::None(tags)) => format!("(NOT {})", tagged(tags, values)),
        Filter::OptedIn(wanted) => format!("(t.opted_in = {})", u8::from(*wanted)),
        Filter::Status(any) => {
            values.extend(
                any.iter()
                    .map(|s: &RecordStatus| Value::Text(s.as_str().to_owned())),
            );
            format!("(t.status IN ({}))", marks(any.len()))
        }
    }
}

/// At least one of these tags. The plus keeps SQLite from making a join of it: of some dozens it would plan for seconds.
fn tagged(tags: &[String], values: &mut Vec<Value>) -> String {
    format!("(+EXISTS (SELECT 1 {}))", carried(tags.iter(), values))
}

/// Those of these tags that the contact carries.
fn carried<'a>(tags: impl ExactSizeIterator<Item = &'a String>, values: &mut Vec<Value>) -> String {
    let marks = marks(tags.len());
    values.extend(tags.map(|tag| Value::Text(tag.clone())));
    format!("FROM contact_tags g WHERE g.org = t.org AND g.contact = t.contact AND g.tag IN ({marks})")
}

/// So many `?`s; of none, SQLite's empty list, which nothing is in.
pub(crate) fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

/// Conditions in pairs of pairs: SQLite bounds how deep an expression may be, not how wide.
fn joined(mut all: Vec<String>, word: &str, of_none: &str) -> String {
    while all.len() > 1 {
        all = all
            .chunks(2)
            .map(|pair| match pair {
                [one, other] => format!("({one} {word} {other})"),
                _ => pair.concat(),
            })
            .collect();
    }
    all.pop().unwrap_or_else(|| of_none.to_owned())
}

/// A tag that every contact which fits must carry: the walk may then follow that tag's contacts.
pub(crate) fn required_tag(filter: &Filter) -> Option<&str> {
    match filter {
        Filter::And(filters) => filters.iter().find_map(required_tag),
        Filter::Tags(TagFilter::Any(tags)) if tags.len() == 1 => tags.first().map(String::as_str),
        Filter::Tags(TagFilter::All(tags)) => tags.first().map(String::as_str),
        _ => None,
    }
}

/// The contacts that fit: what stands after `FROM`, the condition with all its values, and the column to walk by.
pub(crate) struct Walk {
    /// The tables.
    pub(crate) from: &'static str,
    /// The condition.
    pub(crate) condition: Condition,
    /// The contact's id, in whose order the walk goes.
    pub(crate) order: &'static str,
}

/// The walk over an organisation's contacts that fit a filter.
pub(crate) fn walk(org: OrgId, filter: &Filter) -> Walk {
    let inner = condition(filter);
    let mut values = vec![blob(org.0.as_bytes())];
    let (from, begin, order) = if let Some(tag) = required_tag(filter) {
        values.push(Value::Text(tag.to_owned()));
        (
            "contact_tags d CROSS JOIN contacts t ON t.org = d.org AND t.contact = d.contact",
            "d.org = ? AND d.tag = ?",
            "d.contact",
        )
    } else {
        ("contacts t INDEXED BY contacts_facts", "t.org = ?", "t.contact")
    };
    values.extend(inner.values);
    Walk {
        from,
        condition: Condition {
            sql: format!("{begin} AND {}", inner.sql),
            values,
        },
        order,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tertulia_core::ids::IdSource;

    use super::*;

    #[test]
    fn conditions_may_be_as_wide_as_people_make_them() {
        let connection = crate::connection::open_in_memory().unwrap();
        crate::migrate::migrate(&connection, "a test", Duration::ZERO).unwrap();
        let org = IdSource::new(chrono::DateTime::UNIX_EPOCH, 1).next();
        let tags: Vec<String> = (0..5000).map(|number| number.to_string()).collect();
        let each = || {
            tags.iter()
                .map(|tag| Filter::tagged_any([tag.as_str()]))
                .take(300)
        };
        for filter in [
            Filter::And(each().collect()),
            Filter::Or(each().collect()),
            Filter::Tags(TagFilter::All(tags.clone())),
            Filter::Tags(TagFilter::Any(tags.clone())),
        ] {
            let walk = walk(org, &filter);
            let sql = format!("SELECT count(*) FROM {} WHERE {}", walk.from, walk.condition.sql);
            let values = rusqlite::params_from_iter(walk.condition.values);
            let found: i64 = connection.query_row(&sql, values, |row| row.get(0)).unwrap();
            assert_eq!(found, 0);
        }
    }

    #[test]
    fn a_condition_on_tags_is_no_further_join() {
        let connection = crate::connection::open_in_memory().unwrap();
        crate::migrate::migrate(&connection, "a test", Duration::ZERO).unwrap();
        let org = IdSource::new(chrono::DateTime::UNIX_EPOCH, 1).next();
        let all = ["a", "b", "c"].map(|tag| Filter::tagged_any([tag]));
        let walk = walk(org, &Filter::And(all.to_vec()));
        let mut explained = connection
            .prepare(&format!(
                "EXPLAIN QUERY PLAN SELECT 1 FROM {} WHERE {}",
                walk.from, walk.condition.sql
            ))
            .unwrap();
        let steps: Vec<(i64, String)> = explained
            .query_map(rusqlite::params_from_iter(walk.condition.values), |step| {
                Ok((step.get(1)?, step.get(3)?))
            })
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let joined = steps
            .iter()
            .filter(|(_, step)| step.contains(" g "))
            .all(|(parent, _)| *parent == 0);
        assert!(!joined, "{steps:#?}");
    }
}
