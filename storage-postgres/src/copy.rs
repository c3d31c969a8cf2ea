//! What another store has, written as it is there.

use std::collections::BTreeMap;

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use tertulia_core::record::{Key, Record, RecordKind};
use tertulia_storage_sql::Value;
use tertulia_storage_sql::rows::key_values;
use tertulia_storage_traits::{Portion, StorageError, StorageErrorKind};
use uuid::Uuid;

use crate::commits::{ENTRY, LOCK, entry_row, holds, row};
use crate::error::{Result, Tried};
use crate::steps::{Step, send};
use crate::transaction::Work;
use crate::values::{Holds, columns};
use crate::{facts, tables};

/// Forgets entries at their positions.
pub(crate) fn forget() -> String {
    let given = "unnest($1::uuid[], $2::bigint[]) AS n (org, position)";
    let found = tables::sought("journal", &["org", "position"], given);
    format!("DELETE FROM journal t USING {found} WHERE t.ctid = f.lies")
}

/// Writes entries at their positions.
const RECORD: &str = "
    INSERT INTO journal (org, position, at, contact, kind, actor, timeline, audit, body)
    SELECT * FROM unnest(
        $1::uuid[], $2::bigint[], $3::bigint[], $4::uuid[], $5::text[], $6::text[], $7::boolean[], $8::boolean[],
        $9::text[]
    )";

const END: &str = "
    INSERT INTO journal_ends AS e (org, position)
    SELECT n.org, max(n.position) FROM unnest($1::uuid[], $2::bigint[]) AS n (org, position) GROUP BY n.org
    ON CONFLICT (org) DO UPDATE SET position = greatest(e.position, excluded.position)";

/// Writes the portion.
#[async_trait]
impl Work for Portion {
    type Done = ();

    async fn run(&self, client: &ClientWrapper) -> Tried<Self::Done> {
        let steps = steps(self)?;
        let answers = send(client, &steps).await?;
        for (step, rows) in steps.iter().zip(&answers) {
            step.check(rows).map_err(|_| there_already(self))?;
        }
        Ok(())
    }
}

fn there_already(portion: &Portion) -> StorageError {
    let orgs: Vec<String> = portion.orgs().iter().map(ToString::to_string).collect();
    StorageError::new(
        StorageErrorKind::Conflict,
        format!(
            "the store has an organisation of {} already; what it has is not replaced",
            orgs.join(", ")
        ),
    )
}

fn steps(portion: &Portion) -> Result<Vec<Step>> {
    let orgs: Vec<Uuid> = portion.orgs().iter().map(|org| org.0).collect();
    let none = vec![0_i64; orgs.len()];
    let keys = portion
        .orgs()
        .into_iter()
        .map(|org| key_values(&Key::Org { org }));
    let mut steps = vec![
        Step::any(LOCK, vec![Box::new(orgs), Box::new(none)]),
        Step::count(
            &tables::of(RecordKind::Org).there,
            columns(&[Holds::Id], keys.collect()),
            RecordKind::Org,
            0,
        ),
    ];
    let mut kinds: BTreeMap<RecordKind, Vec<(&Record, u64)>> = BTreeMap::new();
    for stored in &portion.records {
        let kind = stored.record.kind();
        kinds
            .entry(kind)
            .or_default()
            .push((&stored.record, stored.version));
    }
    for (kind, records) in &kinds {
        let table = tables::of(*kind);
        // First what they replace, so that rows of the ledger do not meet former ones of the same portion.
        let keys = records.iter().map(|(record, _)| key_values(&record.key()));
        steps.push(Step::any(
            table.drop.as_str(),
            columns(&table.key, keys.collect()),
        ));
        let rows = records.iter().map(|(record, version)| row(record, *version));
        let params = columns(&holds(table), rows.collect::<Result<Vec<_>>>()?);
        steps.push(Step::write(&table.insert, params, *kind, records.len()));
        if *kind == RecordKind::Contact {
            let contacts: Vec<&Record> = records.iter().map(|(record, _)| *record).collect();
            steps.extend(facts::keep(&contacts));
        }
    }
    if !portion.entries.is_empty() {
        let places = || {
            let rows = portion.entries.iter().map(|(position, entry)| {
                vec![
                    Value::Id(Some(entry.org.0)),
                    Value::Integer(position.cast_signed()),
                ]
            });
            columns(&[Holds::Id, Holds::Number], rows.collect())
        };
        let rows = portion
            .entries
            .iter()
            .map(|(position, entry)| entry_row(entry, position.cast_signed()));
        steps.push(Step::any(forget(), places()));
        steps.push(Step::any(
            RECORD,
            columns(&ENTRY, rows.collect::<Result<Vec<_>>>()?),
        ));
        steps.push(Step::any(END, places()));
    }
    Ok(steps)
}
