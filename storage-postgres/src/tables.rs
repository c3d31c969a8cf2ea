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
    name: &'static str,
    key_names: &'static [&'static str],
}

impl Statements {
    /// Place, key, from a number on: the place with the version and body of what is there.
    pub(crate) fn find(&self, first: usize) -> String {
        let placed: Vec<Holds> = [Holds::Number]
            .into_iter()
            .chain(self.key.iter().copied())
            .collect();
        let given = format!(
            "unnest({}) AS n (place, {})",
            lists(first, &placed),
            self.key_names.join(", ")
        );
        let found = sought(self.name, self.key_names, &given);
        format!("SELECT n.place, f.version, f.body FROM {found}")
    }
}

/// The rows `f` of a table under the keys of `n`, each found by itself: a plan that was made when the table had next to no
/// rows goes through none of them when it has a million (`OFFSET 0` keeps the look-up apart). `lies` is where a row lies.
pub(crate) fn sought(table: &str, key: &[&str], given: &str) -> String {
    let same: Vec<String> = key
        .iter()
        .map(|column| format!("x.{column} = n.{column}"))
        .collect();
    format!(
        "{given} CROSS JOIN LATERAL (SELECT x.*, x.ctid AS lies FROM {table} x WHERE {} OFFSET 0) f",
        same.join(" AND ")
    )
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
            "UPDATE {name} t SET {}, version = t.version + 1 FROM {} WHERE t.ctid = f.lies AND t.version = n.was",
            set.join(", "),
            sought(name, key, &given(&all_at, &with(&names, "was")))
        ),
        remove: format!(
            "DELETE FROM {name} t USING {} WHERE t.ctid = f.lies AND t.version = n.was",
            sought(name, key, &given(&at_version, &with(key, "was")))
        ),
        as_read: format!(
            "SELECT count(*) FROM {} WHERE f.version = n.was",
            sought(name, key, &given(&at_version, &with(key, "was")))
        ),
        there: format!(
            "SELECT count(*) FROM {}",
            sought(name, key, &given(&key_holds, key))
        ),
        drop: format!(
            "DELETE FROM {name} t USING {} WHERE t.ctid = f.lies",
            sought(name, key, &given(&key_holds, key))
        ),
        name,
        key_names: key,
        key: key_holds,
        columns: column_holds,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::connect::{Connections, testing};
    use crate::{claims, commits, copy, facts, scrub};

    /// How a statement is planned once for all its values.
    async fn planned(connections: &Connections, sql: &str) -> String {
        let connection = connections.get().await.unwrap();
        let client = &connection.client;
        client
            .batch_execute(&format!("PREPARE planned AS {sql}"))
            .await
            .unwrap();
        let row = client
            .query_one(
                "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'planned'",
                &[],
            )
            .await
            .unwrap();
        let nulls = vec!["NULL"; usize::try_from(row.get::<_, i32>(0)).unwrap()].join(", ");
        let lines = client
            .query(&format!("EXPLAIN EXECUTE planned ({nulls})"), &[])
            .await
            .unwrap();
        client.batch_execute("DEALLOCATE planned").await.unwrap();
        let lines: Vec<String> = lines.iter().map(|line| line.get(0)).collect();
        lines.join("\n")
    }

    #[tokio::test]
    async fn a_plan_from_when_a_table_was_small_goes_through_none_of_it_later() {
        let connections = testing::store("planned-early").await;
        let mut statements: Vec<String> = RecordKind::ALL
            .iter()
            .flat_map(|kind| {
                let of = of(*kind);
                let named = [&of.update, &of.remove, &of.as_read, &of.there, &of.drop];
                named.into_iter().cloned().chain([of.find(1)])
            })
            .collect();
        statements.extend(facts::TABLES.map(facts::drop_from));
        statements.extend([commits::redact(), copy::forget()]);
        statements.extend([claims::TAKE, commits::RECORD].map(str::to_owned));
        let few = "SET tertulia.org = 'all';
            INSERT INTO contacts (org, contact, version, body)
            SELECT gen_random_uuid(), gen_random_uuid(), 1, repeat('x', 1000) FROM generate_series(1, 5)";
        for rows in ["", few] {
            let connection = connections.get().await.unwrap();
            connection.client.batch_execute(rows).await.unwrap();
            // The server knows now how many there are, and plans for that.
            scrub::scrub(&connections).await.unwrap();
            for sql in &statements {
                let plan = planned(&connections, sql).await;
                check(sql, &plan);
            }
        }
    }

    /// Every row is found by its key, or by where it lies.
    fn check(sql: &str, plan: &str) {
        let lines: Vec<&str> = plan.lines().collect();
        let mut scans = 0;
        for (place, line) in lines.iter().enumerate() {
            let is_scan = ["Index Scan", "Index Only Scan", "Tid Scan", "Seq Scan", "Bitmap"]
                .iter()
                .any(|scan| line.contains(scan));
            if is_scan {
                scans += 1;
                let next = lines.get(place + 1).unwrap_or(&"");
                assert!(
                    next.contains("Index Cond") || next.contains("TID Cond"),
                    "{sql}\n{plan}"
                );
            }
        }
        assert!(scans > 0, "{sql}\n{plan}");
    }
}
