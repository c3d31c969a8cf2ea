//! Filters as SQL conditions on a row `t` of `contacts`: the same contacts as `Filter::matches` finds.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use tertulia_core::contact::ContactOrder;
use tertulia_core::filter::{AttributeFilter, Filter, OwnerFilter, Span, TagFilter, TimeFilter, ValueTest};
use tertulia_core::ids::OrgId;
use tertulia_core::search::{Search, Term};

use crate::dialect::marks;
use crate::value::{NEVER, Value, as_id, micros};
use crate::{Condition, Dialect};

/// How much of what a walk finds is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// A page of it: what a contact has is looked up contact by contact.
    Page,
    /// All of it: those who have something are gathered first, once.
    Whole,
}

/// What the conditions of one walk share.
#[derive(Clone, Copy)]
struct Writing<'a> {
    dialect: Dialect,
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
    let dialect = writing.dialect;
    let truth = |holds| dialect.truth(holds).to_owned();
    match filter {
        _ if writing.driver.is_some_and(|driver| std::ptr::eq(driver, filter)) => truth(true),
        Filter::Everyone => truth(true),
        Filter::And(filters) => joined(
            filters.iter().map(|f| write(f, writing, values)).collect(),
            "AND",
            dialect.truth(true),
        ),
        Filter::Or(filters) => joined(
            filters.iter().map(|f| write(f, writing, values)).collect(),
            "OR",
            dialect.truth(false),
        ),
        Filter::Not(filter) => format!("(NOT {})", write(filter, writing, values)),
        Filter::Tags(tags) => tagged(tags, writing, values),
        Filter::OptedIn(wanted) => format!("(t.opted_in = {})", dialect.truth(*wanted)),
        Filter::Status(any) => among(
            dialect,
            "t.status",
            any.iter().map(|status| status.as_str()),
            values,
        ),
        Filter::Lead(any) => among(dialect, "t.lead", any.iter().map(|lead| lead.as_str()), values),
        Filter::Source(any) => among(
            dialect,
            "coalesce(t.source, '')",
            any.iter().map(|channel| channel.as_str()),
            values,
        ),
        Filter::Conversation(any) => among(
            dialect,
            "coalesce(t.conversation, '')",
            any.iter().map(|status| status.as_str()),
            values,
        ),
        Filter::Owner(OwnerFilter::Nobody) => "(t.owner IS NULL)".to_owned(),
        Filter::Owner(OwnerFilter::Is(owner)) => {
            values.push(as_id(owner.0));
            "(t.owner IS NOT NULL AND t.owner = ?)".to_owned()
        }
        Filter::Created(time) => timed("t.created_at", *time, values),
        Filter::LastInteraction(time) => timed("t.last_interaction", *time, values),
        Filter::Attribute(attribute) => valued(attribute, writing, values),
        Filter::Segment(_) => truth(false),
        Filter::Text(text) => searched(dialect, writing.org, text, values).unwrap_or_else(|| truth(true)),
    }
}

/// Whoever has what somebody typed; of nothing typed, none: everybody is found.
pub(crate) fn searched(dialect: Dialect, org: OrgId, text: &str, values: &mut Vec<Value>) -> Option<String> {
    match dialect {
        Dialect::Sqlite => {
            values.push(Value::Text(found(text)?));
            Some(
                "(t.row IN (SELECT f.rowid FROM contact_search f WHERE f.contact_search MATCH ?))".to_owned(),
            )
        }
        Dialect::Postgres => {
            let terms = Search::new(text).terms;
            (!terms.is_empty()).then(|| {
                values.push(as_id(org.0));
                format!(
                    "(t.contact IN (SELECT f.contact FROM contact_search f WHERE f.org = ? AND {}))",
                    contained(&terms, values)
                )
            })
        }
    }
}

/// The text `f.search` has all of these terms.
fn contained(terms: &[Term], values: &mut Vec<Value>) -> String {
    let like = |needle: &String, values: &mut Vec<Value>| {
        let mut pattern = String::from("%");
        for c in needle.chars() {
            if matches!(c, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(c);
        }
        pattern.push('%');
        values.push(Value::Text(pattern));
        "f.search LIKE ?"
    };
    let each = terms.iter().map(|term| {
        let words: Vec<&str> = term.words.iter().map(|word| like(word, values)).collect();
        let words = words.join(" AND ");
        match &term.number {
            Some(number) => format!("(({words}) OR {})", like(number, values)),
            None => words,
        }
    });
    each.collect::<Vec<_>>().join(" AND ")
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
fn among<'a>(
    dialect: Dialect,
    column: &str,
    words: impl Iterator<Item = &'a str>,
    values: &mut Vec<Value>,
) -> String {
    format!("({})", dialect.among(column, words, values))
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
    let name = || Value::Text(attribute.name.clone());
    let (sign, bound) = match &attribute.is {
        ValueTest::Set => ("", None),
        ValueTest::Contains(part) => ("", Some(Value::Text(part.clone()))),
        ValueTest::Equals(value) => ("=", stored(value)),
        ValueTest::Less(value) => ("<", stored(value)),
        ValueTest::Greater(value) => (">", stored(value)),
    };
    if bound.is_none() && attribute.is != ValueTest::Set {
        return writing.dialect.truth(false).to_owned();
    }
    if writing.dialect == Dialect::Postgres {
        // Nothing is cast before its type is known.
        let (kind, test) = match (&attribute.is, &bound) {
            (ValueTest::Set, _) | (_, None) => {
                values.push(name());
                return "(jsonb_exists(t.attributes, ?))".to_owned();
            }
            (ValueTest::Contains(_), _) => {
                values.extend([name(), name(), name()]);
                values.extend(bound);
                return "(CASE jsonb_typeof(t.attributes -> ?) WHEN 'string' THEN \
                    strpos(coalesce(t.folded ->> ?, t.attributes ->> ?), ?) > 0 ELSE FALSE END)"
                    .to_owned();
            }
            (_, Some(Value::Text(_))) => ("string", "(t.attributes ->> ?) COLLATE \"C\""),
            (_, Some(Value::Real(_))) => ("number", "(t.attributes ->> ?)::float8"),
            (_, Some(_)) => ("boolean", "(t.attributes ->> ?)::boolean"),
        };
        values.extend([name(), name()]);
        values.extend(bound);
        return format!(
            "(CASE jsonb_typeof(t.attributes -> ?) WHEN '{kind}' THEN {test} {sign} ? ELSE FALSE END)"
        );
    }
    let test = match (&attribute.is, &bound) {
        (ValueTest::Set, _) | (_, None) => "1".to_owned(),
        (ValueTest::Contains(_), _) => "instr(coalesce(a.folded, a.text), ?) > 0".to_owned(),
        (_, Some(Value::Text(_))) => format!("a.text {sign} ?"),
        (_, Some(Value::Real(_))) => format!("a.number {sign} ?"),
        (_, Some(_)) => format!("a.flag {sign} ?"),
    };
    if writing.extent == Extent::Whole {
        values.push(as_id(writing.org.0));
    }
    values.push(name());
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

/// A value as stored; there is nothing to compare others with.
fn stored(value: &Json) -> Option<Value> {
    match value {
        Json::String(text) => Some(Value::Text(text.clone())),
        Json::Number(number) => number.as_f64().map(Value::Real),
        Json::Bool(flag) => Some(Value::Flag(*flag)),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// The tags that the contact carries.
fn tagged(filter: &TagFilter, writing: Writing<'_>, values: &mut Vec<Value>) -> String {
    if writing.dialect == Dialect::Postgres {
        let (tags, condition) = match filter {
            TagFilter::Any(tags) => (tags, "(t.tags && ?)"),
            TagFilter::All(tags) => (tags, "(t.tags @> ?)"),
            TagFilter::None(tags) => (tags, "(NOT t.tags && ?)"),
        };
        values.push(Value::Texts(tags.clone()));
        return condition.to_owned();
    }
    match filter {
        TagFilter::Any(tags) => any_tagged(tags, writing, values),
        TagFilter::All(tags) => {
            let each: BTreeSet<&String> = tags.iter().collect();
            if writing.extent == Extent::Whole {
                let each = each
                    .into_iter()
                    .map(|tag| any_tagged(std::slice::from_ref(tag), writing, values));
                return joined(each.collect(), "AND", "1");
            }
            let carried = carried(each.iter().copied(), values);
            format!("((SELECT count(*) {carried}) = {})", each.len())
        }
        TagFilter::None(tags) => format!("(NOT {})", any_tagged(tags, writing, values)),
    }
}

/// At least one of these tags. The plus keeps SQLite from making a join of it: of some dozens it would plan for seconds.
fn any_tagged(tags: &[String], writing: Writing<'_>, values: &mut Vec<Value>) -> String {
    match writing.extent {
        Extent::Page => format!("(+EXISTS (SELECT 1 {}))", carried(tags.iter(), values)),
        Extent::Whole => format!("(+{})", gathered(writing.org, tags, values)),
    }
}

/// The contact is one of those who carry at least one of these tags.
fn gathered(org: OrgId, tags: &[String], values: &mut Vec<Value>) -> String {
    values.push(as_id(org.0));
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
pub struct Walk {
    /// The tables.
    pub from: String,
    /// The condition.
    pub condition: Condition,
    /// What the walk goes by.
    pub order: &'static [&'static str],
}

/// The walk over an organisation's contacts that fit a filter.
pub fn walk(
    dialect: Dialect,
    org: OrgId,
    filter: &Filter,
    order: Option<ContactOrder>,
    extent: Extent,
) -> Walk {
    let (index, columns): (_, &[_]) = match order {
        None => ("contacts_facts", &["t.contact"]),
        Some(ContactOrder::Created) => ("contacts_by_creation", &["t.created_at", "t.contact"]),
        Some(ContactOrder::Name) => ("contacts_by_name", &["t.name_key", "t.contact"]),
        Some(ContactOrder::LastActive) => ("contacts_by_activity", &["t.last_interaction", "t.contact"]),
    };
    let plain = Begin {
        from: dialect.along(contacts(dialect), index),
        sql: "t.org = ?".to_owned(),
        order: columns,
        values: vec![as_id(org.0)],
        driver: None,
    };
    let begin = match dialect {
        Dialect::Sqlite => driven(org, filter, order, extent, plain),
        // It chooses by its statistics.
        Dialect::Postgres => plain,
    };
    let inner = condition(
        filter,
        Writing {
            dialect,
            org,
            extent,
            driver: begin.driver,
        },
    );
    let mut values = begin.values;
    values.extend(inner.values);
    Walk {
        from: begin.from,
        condition: Condition {
            sql: format!("{} AND {}", begin.sql, inner.sql),
            values,
        },
        order: begin.order,
    }
}

/// The table that filters look at.
const fn contacts(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "contacts",
        Dialect::Postgres => "contact_facts",
    }
}

/// The version and body of a contact, and the table that has them beside that which filters look at.
pub(crate) const fn bodies(dialect: Dialect) -> (&'static str, &'static str) {
    match dialect {
        Dialect::Sqlite => ("t.version, t.body", ""),
        Dialect::Postgres => (
            "r.version, r.body",
            " JOIN contacts r ON r.org = t.org AND r.contact = t.contact",
        ),
    }
}

/// How a walk begins.
struct Begin<'a> {
    from: String,
    sql: String,
    order: &'static [&'static str],
    values: Vec<Value>,
    driver: Option<&'a Filter>,
}

/// The walk that SQLite is told to take. What is searched for is found first, and then sorted. Where all of it is read
/// and everybody has one of some tags, those who have are found first, too.
fn driven<'a>(
    org: OrgId,
    filter: &'a Filter,
    order: Option<ContactOrder>,
    extent: Extent,
    plain: Begin<'a>,
) -> Begin<'a> {
    if let Some((driver, text)) = required(filter, &text) {
        Begin {
            from: "contact_search d CROSS JOIN contacts t ON t.row = d.rowid".to_owned(),
            sql: "d.contact_search MATCH ? AND t.org = ?".to_owned(),
            values: vec![Value::Text(text), as_id(org.0)],
            driver: Some(driver),
            ..plain
        }
    } else if let (None, Some((driver, tag))) = (order, required(filter, &tag)) {
        Begin {
            from: "contact_tags d CROSS JOIN contacts t ON t.org = d.org AND t.contact = d.contact"
                .to_owned(),
            sql: "d.org = ? AND d.tag = ?".to_owned(),
            order: &["d.contact"],
            values: vec![as_id(org.0), Value::Text(tag.to_owned())],
            driver: any_tag(driver).map(|_| driver),
        }
    } else if let (Extent::Whole, Some((driver, tags))) = (extent, required(filter, &any_tag)) {
        let mut values = vec![as_id(org.0)];
        let sql = format!("t.org = ? AND {}", gathered(org, tags, &mut values));
        Begin {
            sql,
            values,
            driver: Some(driver),
            ..plain
        }
    } else {
        plain
    }
}
