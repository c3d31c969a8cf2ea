//! Filters as SQL conditions on a row `t` of `contacts`: the same contacts as `Filter::matches` finds.

use std::collections::BTreeSet;

use rusqlite::types::Value;
use serde_json::Value as Json;
use tertulia_core::contact::ContactOrder;
use tertulia_core::filter::{AttributeFilter, Filter, OwnerFilter, Span, TagFilter, TimeFilter, ValueTest};
use tertulia_core::ids::OrgId;
use tertulia_core::search::{Search, Term};

use crate::rows::{NEVER, blob, micros};

/// A condition with the values of its `?`s, in order.
pub(crate) struct Condition {
    /// The condition. Never null, so that `NOT` is the exact complement.
    pub(crate) sql: String,
    /// The values.
    pub(crate) values: Vec<Value>,
}

/// How much of what a walk finds is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// A page of it: what a contact has is looked up contact by contact.
    Page,
    /// All of it: those who have something are gathered first, once.
    Whole,
}

/// What the conditions of one walk share.
#[derive(Clone, Copy)]
struct Writing<'a> {
    org: OrgId,
    extent: Extent,
    /// The part of the filter that the walk goes by already, and that everybody must fit.
    driver: Option<&'a Filter>,
}

/// The condition of a filter.
fn condition(filter: &Filter, writing: Writing<'_>) -> Condition {
    let mut values = Vec::new();
    let sql = write(filter, writing, &mut values);
    Condition { sql, values }
}

fn write(filter: &Filter, writing: Writing<'_>, values: &mut Vec<Value>) -> String {
    match filter {
        _ if writing.driver.is_some_and(|driver| std::ptr::eq(driver, filter)) => "1".to_owned(),
        Filter::Everyone => "1".to_owned(),
        Filter::And(filters) => joined(
            filters.iter().map(|f| write(f, writing, values)).collect(),
            "AND",
            "1",
        ),
        Filter::Or(filters) => joined(
            filters.iter().map(|f| write(f, writing, values)).collect(),
            "OR",
            "0",
        ),
        Filter::Not(filter) => format!("(NOT {})", write(filter, writing, values)),
        Filter::Tags(TagFilter::Any(tags)) => tagged(tags, writing, values),
        Filter::Tags(TagFilter::All(tags)) => {
            let each: BTreeSet<&String> = tags.iter().collect();
            if writing.extent == Extent::Whole {
                let each = each
                    .into_iter()
                    .map(|tag| tagged(std::slice::from_ref(tag), writing, values));
                return joined(each.collect(), "AND", "1");
            }
            let carried = carried(each.iter().copied(), values);
            format!("((SELECT count(*) {carried}) = {})", each.len())
        }
        Filter::Tags(TagFilter::None(tags)) => format!("(NOT {})", tagged(tags, writing, values)),
        Filter::OptedIn(wanted) => format!("(t.opted_in = {})", u8::from(*wanted)),
        Filter::Status(any) => among("t.status", any.iter().map(|status| status.as_str()), values),
        Filter::Lead(any) => among("t.lead", any.iter().map(|lead| lead.as_str()), values),
        Filter::Source(any) => among(
            "coalesce(t.source, '')",
            any.iter().map(|channel| channel.as_str()),
            values,
        ),
        Filter::Conversation(any) => among(
            "coalesce(t.conversation, '')",
            any.iter().map(|status| status.as_str()),
            values,
        ),
        Filter::Owner(OwnerFilter::Nobody) => "(t.owner IS NULL)".to_owned(),
        Filter::Owner(OwnerFilter::Is(owner)) => {
            values.push(blob(owner.0.as_bytes()));
            "(t.owner IS ?)".to_owned()
        }
        Filter::Created(time) => timed("t.created_at", *time, values),
        Filter::LastInteraction(time) => timed("t.last_interaction", *time, values),
        Filter::Attribute(attribute) => valued(attribute, writing, values),
        Filter::Segment(_) => "0".to_owned(),
        Filter::Text(text) => match found(text) {
            Some(expression) => {
                values.push(Value::Text(expression));
                "(t.row IN (SELECT f.rowid FROM contact_search f WHERE f.contact_search MATCH ?))".to_owned()
            }
            None => "1".to_owned(),
        },
    }
}

/// What somebody typed, as an expression of FTS5; of nothing, none: everybody is found.
pub(crate) fn found(text: &str) -> Option<String> {
    let phrase = |needle: &String| format!("\"{}\"", needle.replace('"', "\"\""));
    let term = |term: &Term| {
        let words: Vec<String> = term.words.iter().map(phrase).collect();
        let words = format!("({})", words.join(" AND "));
        match &term.number {
            Some(number) => format!("({words} OR {})", phrase(number)),
            None => words,
        }
    };
    let terms: Vec<String> = Search::new(text).terms.iter().map(term).collect();
    (!terms.is_empty()).then(|| terms.join(" AND "))
}

/// One of these words.
fn among<'a>(column: &str, words: impl ExactSizeIterator<Item = &'a str>, values: &mut Vec<Value>) -> String {
    let marks = marks(words.len());
    values.extend(words.map(|word| Value::Text(word.to_owned())));
    format!("({column} IN ({marks}))")
}

/// A time that may be [`NEVER`].
fn timed(column: &str, time: TimeFilter, values: &mut Vec<Value>) -> String {
    let (condition, bounds) = match time {
        TimeFilter::Never => return format!("({column} = {NEVER})"),
        TimeFilter::Before(until) => ("< ?", vec![until]),
        TimeFilter::After(from) => (">= ?", vec![from]),
        TimeFilter::Between(Span { from, until }) => (">= ? AND {column} < ?", vec![from, until]),
    };
    values.extend(bounds.into_iter().map(micros));
    let condition = condition.replace("{column}", column);
    format!("({column} <> {NEVER} AND {column} {condition})")
}

/// An attribute whose value passes a test.
fn valued(attribute: &AttributeFilter, writing: Writing<'_>, values: &mut Vec<Value>) -> String {
    let (sign, bound) = match &attribute.is {
        ValueTest::Set => ("", None),
        ValueTest::Contains(part) => ("", Some(Value::Text(part.clone()))),
        ValueTest::Equals(value) => ("=", stored(value)),
        ValueTest::Less(value) => ("<", stored(value)),
        ValueTest::Greater(value) => (">", stored(value)),
    };
    let test = match (&attribute.is, &bound) {
        (ValueTest::Set, _) => "1".to_owned(),
        (ValueTest::Contains(_), _) => "instr(coalesce(a.folded, a.text), ?) > 0".to_owned(),
        (_, Some(Value::Text(_))) => format!("a.text {sign} ?"),
        (_, Some(Value::Real(_))) => format!("a.number {sign} ?"),
        (_, Some(_)) => format!("a.flag {sign} ?"),
        (_, None) => return "0".to_owned(),
    };
    if writing.extent == Extent::Whole {
        values.push(blob(writing.org.0.as_bytes()));
    }
    values.push(Value::Text(attribute.name.clone()));
    values.extend(bound);
    match writing.extent {
        Extent::Page => format!(
            "(+EXISTS (SELECT 1 FROM contact_attributes a
                WHERE a.org = t.org AND a.name = ? AND a.contact = t.contact AND {test}))"
        ),
        Extent::Whole => format!(
            "(+t.contact IN (SELECT a.contact FROM contact_attributes a
                WHERE a.org = ? AND a.name = ? AND {test}))"
        ),
    }
}

/// A value as `contact_attributes` has it; there is nothing to compare others with.
fn stored(value: &Json) -> Option<Value> {
    match value {
        Json::String(text) => Some(Value::Text(text.clone())),
        Json::Number(number) => number.as_f64().map(Value::Real),
        Json::Bool(flag) => Some(Value::Integer((*flag).into())),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// At least one of these tags. The plus keeps SQLite from making a join of it: of some dozens it would plan for seconds.
fn tagged(tags: &[String], writing: Writing<'_>, values: &mut Vec<Value>) -> String {
    match writing.extent {
        Extent::Page => format!("(+EXISTS (SELECT 1 {}))", carried(tags.iter(), values)),
        Extent::Whole => format!("(+{})", gathered(writing.org, tags, values)),
    }
}

/// The contact is one of those who carry at least one of these tags.
fn gathered(org: OrgId, tags: &[String], values: &mut Vec<Value>) -> String {
    values.push(blob(org.0.as_bytes()));
    values.extend(tags.iter().map(|tag| Value::Text(tag.clone())));
    let marks = marks(tags.len());
    format!("t.contact IN (SELECT g.contact FROM contact_tags g WHERE g.org = ? AND g.tag IN ({marks}))")
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

/// A part of the filter that every contact which fits must fit, and that `pick` knows a walk for.
fn required<'a, T>(filter: &'a Filter, pick: &impl Fn(&'a Filter) -> Option<T>) -> Option<(&'a Filter, T)> {
    match filter {
        Filter::And(filters) => filters.iter().find_map(|filter| required(filter, pick)),
        filter => pick(filter).map(|picked| (filter, picked)),
    }
}

/// A tag whose contacts the walk may follow.
fn tag(filter: &Filter) -> Option<&str> {
    match filter {
        Filter::Tags(TagFilter::Any(tags)) if tags.len() == 1 => tags.first().map(String::as_str),
        Filter::Tags(TagFilter::All(tags)) => tags.first().map(String::as_str),
        _ => None,
    }
}

/// Tags of which everybody has one.
fn any_tag(filter: &Filter) -> Option<&[String]> {
    match filter {
        Filter::Tags(TagFilter::Any(tags)) => Some(tags),
        _ => None,
    }
}

/// What is searched for, as FTS5 takes it.
fn text(filter: &Filter) -> Option<String> {
    match filter {
        Filter::Text(text) => found(text),
        _ => None,
    }
}

/// The contacts that fit: what stands after `FROM`, the condition with all its values, and the columns to walk by.
pub(crate) struct Walk {
    /// The tables.
    pub(crate) from: &'static str,
    /// The condition.
    pub(crate) condition: Condition,
    /// What the walk goes by.
    pub(crate) order: &'static [&'static str],
}

/// The walk over an organisation's contacts that fit a filter. What is searched for is found first, and then sorted.
/// Where all of it is read and everybody has one of some tags, those who have are found first, too.
pub(crate) fn walk(org_id: OrgId, filter: &Filter, order: Option<ContactOrder>, extent: Extent) -> Walk {
    let org = blob(org_id.0.as_bytes());
    let (index, columns): (_, &[_]) = match order {
        None => ("contacts t INDEXED BY contacts_facts", &["t.contact"]),
        Some(ContactOrder::Created) => (
            "contacts t INDEXED BY contacts_by_creation",
            &["t.created_at", "t.contact"],
        ),
        Some(ContactOrder::Name) => (
            "contacts t INDEXED BY contacts_by_name",
            &["t.name_key", "t.contact"],
        ),
        Some(ContactOrder::LastActive) => (
            "contacts t INDEXED BY contacts_by_activity",
            &["t.last_interaction", "t.contact"],
        ),
    };
    let (from, begin, order, mut values, driver) = if let Some((driver, text)) = required(filter, &text) {
        (
            "contact_search d CROSS JOIN contacts t ON t.row = d.rowid",
            "d.contact_search MATCH ? AND t.org = ?".to_owned(),
            columns,
            vec![Value::Text(text), org],
            Some(driver),
        )
    } else if let (None, Some((driver, tag))) = (order, required(filter, &tag)) {
        (
            "contact_tags d CROSS JOIN contacts t ON t.org = d.org AND t.contact = d.contact",
            "d.org = ? AND d.tag = ?".to_owned(),
            &["d.contact"][..],
            vec![org, Value::Text(tag.to_owned())],
            any_tag(driver).map(|_| driver),
        )
    } else if let (Extent::Whole, Some((driver, tags))) = (extent, required(filter, &any_tag)) {
        let mut values = vec![org];
        let begin = format!("t.org = ? AND {}", gathered(org_id, tags, &mut values));
        (index, begin, columns, values, Some(driver))
    } else {
        (index, "t.org = ?".to_owned(), columns, vec![org], None)
    };
    let inner = condition(
        filter,
        Writing {
            org: org_id,
            extent,
            driver,
        },
    );
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
            for extent in [Extent::Page, Extent::Whole] {
                let walk = walk(org, &filter, None, extent);
                let sql = format!("SELECT count(*) FROM {} WHERE {}", walk.from, walk.condition.sql);
                let values = rusqlite::params_from_iter(walk.condition.values);
                let found: i64 = connection.query_row(&sql, values, |row| row.get(0)).unwrap();
                assert_eq!(found, 0);
            }
        }
    }

    #[test]
    fn what_is_searched_for_is_found_first_and_once() {
        let connection = crate::connection::open_in_memory().unwrap();
        crate::migrate::migrate(&connection, "a test", Duration::ZERO).unwrap();
        let org = IdSource::new(chrono::DateTime::UNIX_EPOCH, 1).next();
        let both = Filter::And(vec![Filter::tagged_any(["a"]), Filter::Text("ana".to_owned())]);
        for order in [None, Some(ContactOrder::Name)] {
            let walk = walk(org, &both, order, Extent::Page);
            let sql = format!(
                "EXPLAIN QUERY PLAN SELECT 1 FROM {} WHERE {}",
                walk.from, walk.condition.sql
            );
            let mut explained = connection.prepare(&sql).unwrap();
            let steps: Vec<String> = explained
                .query_map(rusqlite::params_from_iter(walk.condition.values), |step| {
                    step.get(3)
                })
                .unwrap()
                .map(Result::unwrap)
                .collect();
            assert!(
                steps[0].starts_with("SCAN d VIRTUAL TABLE INDEX 0:M"),
                "{steps:#?}"
            );
            assert!(
                steps[1].contains("SEARCH t USING INTEGER PRIMARY KEY"),
                "{steps:#?}"
            );
            let searched = steps.iter().filter(|step| step.contains("VIRTUAL TABLE")).count();
            assert_eq!(searched, 1, "{steps:#?}");
        }
    }

    #[test]
    fn a_condition_on_tags_is_no_further_join() {
        let connection = crate::connection::open_in_memory().unwrap();
        crate::migrate::migrate(&connection, "a test", Duration::ZERO).unwrap();
        let org = IdSource::new(chrono::DateTime::UNIX_EPOCH, 1).next();
        let all = ["a", "b", "c"].map(|tag| Filter::tagged_any([tag]));
        let walk = walk(org, &Filter::And(all.to_vec()), None, Extent::Page);
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
