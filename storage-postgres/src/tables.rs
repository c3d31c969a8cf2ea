//! The statements that write and find the records of a kind, many at once.

use std::sync::LazyLock;

use tertulia_core::record::RecordKind;
use tertulia_storage_sql::rows::{Table, table};

use crate::values::Holds;

/// The statements of a kind. Each takes a list for each column.
#[derive(Debug)]
pub(crate) struct Statements {
    /// What the columns of the key hold, in their order.
    pub(crate) key: Vec<Holds>,
    /// What the columns hold that queries look at, in their order.
    pub(crate) columns: Vec<Holds>,
    /// Key, columns, body, version.
    pub(crate) insert: String,
    /// Key, columns, body, the version to be replaced.
    pub(crate) update: String,
    /// Key, version.
    pub(crate) remove: String,
    /// Key, version: how many are there so.
    pub(crate) as_read: String,
    /// Key: how many are there.
    pub(crate) there: String,
    /// Key.
    pub(crate) drop: String,
    /// Where `find` looks.
    found: String,
}

impl Statements {
    /// Place, key, from a number on: the place with the version and body of what is there.
    pub(crate) fn find(&self, first: usize) -> String {
        let Self { key, found, .. } = self;
        let placed: Vec<Holds> = [Holds::Number].into_iter().chain(key.iter().copied()).collect();
        format!(
            "SELECT n.place, t.version, t.body FROM unnest({}) AS {found}",
            lists(first, &placed)
        )
    }
}

static STATEMENTS: LazyLock<Vec<Statements>> =
    LazyLock::new(|| RecordKind::ALL.iter().map(|kind| statements(*kind)).collect());

/// The statements of a kind.
pub(crate) fn of(kind: RecordKind) -> &'static Statements {
    &STATEMENTS[kind as usize]
}

/// What filters look at of a contact is kept in a table of its own.
pub(crate) fn columns_of(kind: RecordKind) -> &'static [&'static str] {
    match kind {
        RecordKind::Contact => &[],
        kind => table(kind).columns,
    }
}

/// What a column holds.
fn holds(kind: RecordKind, column: &str) -> Holds {
    match column {
        "labels" => Holds::Texts,
        "org" | "account" | "contact" | "rule" | "member" | "conversation" | "message" | "broadcast"
        | "sequence" | "enrollment" | "campaign" | "dispatch" | "import" | "segment" | "reply" | "note"
        | "survey" | "assignee" => Holds::Id,
        // In another system, or ours.
        "id" if kind == RecordKind::Quarantined => Holds::Id,
        "id" => Holds::Text,
        _ if TEXTS.contains(&column) => Holds::Text,
        "unread" | "starred" | "archived" | "running" | "active" | "accepted" | "replied"
        | "opted_out_after" | "open" => Holds::Flag,
        _ => Holds::Number,
    }
}

/// The columns that hold texts.
const TEXTS: [&str; 18] = [
    "channel",
    "sender_id",
    "kind",
    "match_key",
    "system",
    "tag",
    "name",
    "language",
    "label",
    "token",
    "provider_id",
    "hash",
    "state",
    "status",
    "step",
    "reason",
    "handler",
    "channels",
];

/// `$1::uuid[], $2::text[], …`, from a number on.
fn lists(first: usize, holds: &[Holds]) -> String {
    let lists: Vec<String> = holds
        .iter()
        .enumerate()
        .map(|(place, holds)| format!("${}::{}", first + place, holds.array()))
        .collect();
    lists.join(", ")
}

fn statements(kind: RecordKind) -> Statements {
    let Table { name, key, .. } = table(kind);
    let columns = columns_of(kind);
    let of = |columns: &[&str]| -> Vec<Holds> { columns.iter().map(|column| holds(kind, column)).collect() };
    let (key_holds, column_holds) = (of(key), of(columns));
    let [body, version] = [Holds::Text, Holds::Number];
    let all: Vec<Holds> = key_holds
        .iter()
        .chain(&column_holds)
        .copied()
        .chain([body])
        .collect();
    let at_version: Vec<Holds> = key_holds.iter().copied().chain([version]).collect();
    let names = [key, columns, &["body"]].concat();
    let value = |column: &str| match holds(kind, column) {
        Holds::Texts => format!("ARRAY (SELECT jsonb_array_elements_text(n.{column}::jsonb))"),
        _ => format!("n.{column}"),
    };
    let values: Vec<String> = names.iter().map(|column| value(column)).collect();
    let same: Vec<String> = key
        .iter()
        .map(|column| format!("t.{column} = n.{column}"))
        .collect();
    let same = same.join(" AND ");
    let set: Vec<String> = columns
        .iter()
        .chain(&["body"])
        .map(|column| format!("{column} = {}", value(column)))
        .collect();
    let given =
        |holds: &[Holds], names: &[&str]| format!("unnest({}) AS n ({})", lists(1, holds), names.join(", "));
    let with = |names: &[&'static str], last: &'static str| [names, &[last]].concat();
    let all_at: Vec<Holds> = all.iter().copied().chain([version]).collect();
    Statements {
        insert: format!(
            "INSERT INTO {name} ({}, version) SELECT {}, n.version FROM {}",
            names.join(", "),
            values.join(", "),
            given(&all_at, &with(&names, "version"))
        ),
        update: format!(
            "UPDATE {name} t SET {}, version = t.version + 1 FROM {} WHERE {same} AND t.version = n.was",
            set.join(", "),
            given(&all_at, &with(&names, "was"))
        ),
        remove: format!(
            "DELETE FROM {name} t USING {} WHERE {same} AND t.version = n.was",
            given(&at_version, &with(key, "was"))
        ),
        as_read: format!(
            "SELECT count(*) FROM {} JOIN {name} t ON {same} AND t.version = n.was",
            given(&at_version, &with(key, "was"))
        ),
        there: format!(
            "SELECT count(*) FROM {} JOIN {name} t ON {same}",
            given(&key_holds, key)
        ),
        drop: format!(
            "DELETE FROM {name} t USING {} WHERE {same}",
            given(&key_holds, key)
        ),
        found: format!("n (place, {}) JOIN {name} t ON {same}", key.join(", ")),
        key: key_holds,
        columns: column_holds,
    }
}
