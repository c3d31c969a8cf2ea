//! What things cost on the server's disk.

use std::collections::BTreeMap;

use crate::measure::Outcome;

use super::Server;

const SIZES: &str = "
    SELECT t.relname::text, ''::text, pg_table_size(t.oid) FROM pg_class t
    WHERE t.relnamespace = $1::text::regnamespace AND t.relkind = 'r'
    UNION ALL
    SELECT t.relname::text, i.relname::text, pg_relation_size(i.oid) FROM pg_index x
    JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
    WHERE t.relnamespace = $1::text::regnamespace AND t.relkind = 'r'";

/// The bytes of each table of a schema, and of each of its indexes: by the table's name, and the index's, which is empty for
/// the table's own.
pub(super) struct Sizes(BTreeMap<(String, String), i64>);

impl Sizes {
    /// Of a schema in which there is nothing yet.
    pub(super) const fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// As of now, with the room that dead rows take.
    pub(super) async fn of(server: &Server, schema: &str) -> Outcome<Self> {
        let client = server.client(schema).await?;
        let mut sizes = BTreeMap::new();
        for row in client.query(SIZES, &[&schema]).await? {
            sizes.insert((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?);
        }
        Ok(Self(sizes))
    }

    /// Prints what was added since, for each of so many things.
    #[expect(clippy::cast_precision_loss, reason = "sizes far below 2^52")]
    pub(super) fn grown(&self, since: &Self, things: usize, what: &str) {
        let each = |key: &(String, String), size: i64| {
            (size - since.0.get(key).copied().unwrap_or_default()) as f64 / things.max(1) as f64
        };
        let mut tables: BTreeMap<&str, (f64, f64, Vec<String>)> = BTreeMap::new();
        for (key, size) in &self.0 {
            let bytes = each(key, *size);
            let (rows, indexes, named) = tables.entry(&key.0).or_default();
            if key.1.is_empty() {
                *rows += bytes;
            } else {
                *indexes += bytes;
                if bytes >= 0.5 {
                    named.push(format!("`{}` {bytes:.0}", key.1));
                }
            }
        }
        println!("\nbytes on the disk for each {what}, of {things}:");
        println!("| table | rows | indexes | of which |");
        println!("|---|---|---|---|");
        let (mut all_rows, mut all_indexes) = (0.0, 0.0);
        for (table, (rows, indexes, named)) in &tables {
            all_rows += rows;
            all_indexes += indexes;
            if rows + indexes >= 0.5 {
                println!("| `{table}` | {rows:.0} | {indexes:.0} | {} |", named.join(", "));
            }
        }
        println!("| all | {all_rows:.0} | {all_indexes:.0} | |");
    }
}
