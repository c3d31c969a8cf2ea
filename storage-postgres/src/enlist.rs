//! The ledger rows of a broadcast: one for each contact that is meant.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use deadpool_postgres::ClientWrapper;
use tertulia_core::broadcast::Audience;
use tertulia_core::contact::Contact;
use tertulia_core::filter::Filter;
use tertulia_core::ids::{ContactId, IdSource, OrgId};
use tertulia_core::ledger::Slot;
use tertulia_core::merge::{Merged, led_to};
use tertulia_core::record::{Key, Record, RecordKind};
use tertulia_core::selection::Selection;
use tertulia_storage_sql::error::unreadable;
use tertulia_storage_sql::filter::{self, Extent};
use tertulia_storage_sql::plan::{Plan, plan};
use tertulia_storage_sql::rows::parse;
use tertulia_storage_sql::{Condition, Dialect};
use tertulia_storage_traits::Query;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::commits::{holds, row};
use crate::error::{self, Tried, Written};
use crate::reads;
use crate::steps::{Step, send};
use crate::tables;
use crate::transaction::{BY_INDEX, BY_VALUE, EVERY_WAY};
use crate::values::{columns, get, numbered};

/// How many are written at a time.
const BATCH: usize = 2000;

/// Writes them, in the transaction that is open, holding a batch at a time. How many.
pub(crate) async fn enlist(client: &ClientWrapper, audience: &Audience, seed: u64) -> Tried<u64> {
    client
        .batch_execute(BY_VALUE)
        .await
        .map_err(|failed| error::failed(&failed, "reading an audience", Written::Nothing))?;
    let mut rows = Rows {
        client,
        audience,
        ids: IdSource::new(audience.now, seed),
        batch: Vec::new(),
        enlisted: 0,
    };
    let org = audience.broadcast.org;
    let named = match &audience.who {
        Selection::Filter(filter) => {
            fitting(&mut rows, org, filter).await?;
            return rows.end().await;
        }
        Selection::Ids(ids) => ids.clone(),
        Selection::Recipients(meant) => {
            contacts_of(
                client,
                &Query::Dispatches {
                    org,
                    broadcast: meant.broadcast,
                    recipients: meant.who.clone(),
                },
            )
            .await?
        }
    };
    these(&mut rows, org, named).await?;
    rows.end().await
}

struct Rows<'a> {
    client: &'a ClientWrapper,
    audience: &'a Audience,
    ids: IdSource,
    batch: Vec<Record>,
    enlisted: u64,
}

impl Rows<'_> {
    async fn add(&mut self, who: ContactId, contact: Option<&Contact>, slot: Option<&Slot>) -> Tried<()> {
        let row = self.audience.enlist(self.ids.next(), who, contact, slot);
        self.batch.push(row.into());
        if self.batch.len() < BATCH {
            return Ok(());
        }
        self.write().await
    }

    async fn write(&mut self) -> Tried<()> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let table = tables::of(RecordKind::Dispatch);
        let rows = self.batch.iter().map(|record| row(record, 1));
        let rows = rows.collect::<error::Result<Vec<_>>>()?;
        let count = rows.len();
        let params = columns(&holds(table), rows);
        let step = [Step::write(&table.insert, params, RecordKind::Dispatch, count)];
        let written = send(self.client, &step).await?;
        step[0].check(&written[0])?;
        self.enlisted += count as u64;
        self.batch.clear();
        Ok(())
    }

    async fn end(mut self) -> Tried<u64> {
        self.write().await?;
        Ok(self.enlisted)
    }
}

/// Everybody who fits a filter, by id.
async fn fitting(rows: &mut Rows<'_>, org: OrgId, filter: &Filter) -> Tried<()> {
    let walk = filter::walk(Dialect::Postgres, org, filter, None, Extent::Whole);
    let (sql, params) = numbered(Condition {
        sql: format!(
            "DECLARE audience NO SCROLL CURSOR FOR
             SELECT r.version, r.body, s.body FROM {} JOIN contacts r ON r.org = t.org AND r.contact = t.contact
             LEFT JOIN slots s ON s.org = t.org AND s.contact = t.contact
             WHERE {} ORDER BY {}",
            walk.from,
            walk.condition.sql,
            walk.order.join(", ")
        ),
        values: walk.condition.values,
    });
    let client = rows.client;
    let failed = |failed| error::failed(&failed, "reading an audience", Written::Nothing);
    client.batch_execute(EVERY_WAY).await.map_err(failed)?;
    reads::query_typed(client, &sql, &params).await?;
    client.batch_execute(BY_INDEX).await.map_err(failed)?;
    let fetch = format!("FETCH {BATCH} FROM audience");
    loop {
        let found = client.query(fetch.as_str(), &[]).await.map_err(failed)?;
        if found.is_empty() {
            break;
        }
        for row in &found {
            let contact = contact(row)?;
            let slot: Option<Slot> = get::<Option<&str>>(row, 2)?
                .map(serde_json::from_str)
                .transpose()
                .map_err(|e| unreadable(RecordKind::Slot.as_str(), &e))?;
            if let Some(contact) = contact {
                rows.add(contact.id, Some(&contact), slot.as_ref()).await?;
            }
        }
    }
    client.batch_execute("CLOSE audience").await.map_err(failed)
}

fn contact(row: &Row) -> error::Result<Option<Contact>> {
    let record = parse(RecordKind::Contact, get(row, 1)?)?;
    Ok(Contact::try_from(record).ok())
}

/// These contacts, and whom their ids lead to, each once, by id.
async fn these(rows: &mut Rows<'_>, org: OrgId, named: Vec<ContactId>) -> Tried<()> {
    let mut who = BTreeSet::new();
    for some in named.chunks(BATCH) {
        who.extend(led(rows.client, org, some).await?);
    }
    let who: Vec<ContactId> = who.into_iter().collect();
    for some in who.chunks(BATCH) {
        let contacts: HashMap<ContactId, Contact> = records(
            rows.client,
            some.iter().map(|who| Key::Contact { org, contact: *who }),
            |contact: &Contact| contact.id,
        )
        .await?;
        let slots: HashMap<ContactId, Slot> = records(
            rows.client,
            some.iter().map(|who| Key::Slot { org, contact: *who }),
            |slot: &Slot| slot.contact,
        )
        .await?;
        for who in some {
            rows.add(*who, contacts.get(who), slots.get(who)).await?;
        }
    }
    Ok(())
}

/// Whom some ids lead to.
async fn led(client: &ClientWrapper, org: OrgId, ids: &[ContactId]) -> Tried<BTreeSet<ContactId>> {
    let mut into: BTreeMap<ContactId, Option<ContactId>> = BTreeMap::new();
    let mut asked: BTreeSet<ContactId> = ids.iter().copied().collect();
    while !asked.is_empty() {
        let keys = |key: fn(OrgId, ContactId) -> Key| asked.iter().map(move |id| key(org, *id));
        let there: HashMap<ContactId, Contact> = records(
            client,
            keys(|org, contact| Key::Contact { org, contact }),
            |contact: &Contact| contact.id,
        )
        .await?;
        let merged: HashMap<ContactId, Merged> = records(
            client,
            keys(|org, contact| Key::Merged { org, contact }),
            |merged: &Merged| merged.contact,
        )
        .await?;
        for id in &asked {
            let next = merged.get(id).filter(|_| !there.contains_key(id));
            into.insert(*id, next.map(|merged| merged.into));
        }
        asked = into
            .values()
            .flatten()
            .filter(|id| !into.contains_key(id))
            .copied()
            .collect();
    }
    let to = |id: &ContactId| {
        let led = led_to(*id, |id| {
            Ok::<_, std::convert::Infallible>(into.get(&id).copied().flatten())
        });
        led.unwrap_or(*id)
    };
    Ok(ids.iter().map(to).collect())
}

/// The records of some keys that are there.
async fn records<R: TryFrom<Record>>(
    client: &ClientWrapper,
    keys: impl Iterator<Item = Key>,
    id: impl Fn(&R) -> ContactId,
) -> Tried<HashMap<ContactId, R>> {
    let keys: Vec<Key> = keys.collect();
    let rows = send(client, &[reads::find(&keys)]).await?;
    let found = reads::found(&keys, &rows[0])?
        .into_iter()
        .flatten()
        .filter_map(|stored| R::try_from(stored.record).ok());
    Ok(found.map(|record| (id(&record), record)).collect())
}

/// The contacts of the ledger rows that a query finds.
async fn contacts_of(client: &ClientWrapper, query: &Query) -> Tried<Vec<ContactId>> {
    let Plan { from, lanes, .. } = plan(Dialect::Postgres, query);
    let mut contacts = Vec::new();
    for Condition { sql, values } in lanes {
        let (sql, params) = numbered(Condition {
            sql: format!("SELECT t.contact FROM {from} WHERE {sql}"),
            values,
        });
        for row in reads::query_typed(client, &sql, &params).await? {
            contacts.push(ContactId(get::<Uuid>(&row, 0)?));
        }
    }
    Ok(contacts)
}
