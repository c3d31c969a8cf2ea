//! A million contacts counted, listed, searched and made recipients.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use tertulia::clock::SystemClock;
use tertulia::core::ids::{AccountId, ContactId};
use tertulia::{ContactOrder, Filter, Org, PageOf};
use tokio_postgres::Client;

use crate::measure::{Outcome, compare};
use crate::nowhere::{Nowhere, template};
use crate::people::world::{Row, load, tag};
use crate::people::{MEANT, SHOWN, counts, filter, people};
use crate::shop::{SENDER, crm, organisation};

use super::sizes::Sizes;
use super::{Server, launch};

/// perf.md's table, with the texts that people are found by.
const TABLES: &str = r#"
    CREATE TABLE people (
        id bigint PRIMARY KEY, phone text NOT NULL UNIQUE, name text COLLATE "C" NOT NULL,
        search text COLLATE "C" NOT NULL, opted_in boolean NOT NULL, active boolean NOT NULL, tags text[] NOT NULL
    );
    CREATE INDEX people_by_name ON people (name, id);
    CREATE INDEX people_by_tag ON people USING gin (tags);
    CREATE INDEX people_by_text ON people USING gin (search gin_trgm_ops);"#;

/// How many contacts are shown of an audience.
const PREVIEWED: usize = 10;

/// The people in a store, and in a bare table.
pub(super) struct World {
    pub(super) org: Org,
    pub(super) account: AccountId,
    pub(super) ids: Vec<ContactId>,
    pub(super) schema: String,
    bare: Client,
}

pub(super) fn run(server: &Server) -> Outcome<()> {
    let world = server.runtime.block_on(World::of(server, people()?))?;
    audiences(server, &world)?;
    searches(server, &world)?;
    server.runtime.block_on(launch::run(server, &world))
}

impl World {
    async fn of(server: &Server, people: usize) -> Outcome<Self> {
        let schema = server.schema();
        let storage = server.store(&schema).await?;
        let crm = crm(Arc::clone(&storage), Nowhere::of_this_process(), SystemClock)?;
        let (org, account) = organisation(&crm, SENDER).await?;
        template(&org).await?;
        let empty = Sizes::of(server, &schema).await?;
        let tables = server.bare(TABLES).await?;
        let bare = server.client(&tables).await?;
        let mut peers = 0.0;
        let (ids, ours) = load(&storage, &org, people, async |first, rows| {
            let start = Instant::now();
            insert(&bare, first, rows).await?;
            peers += start.elapsed().as_secs_f64();
            Ok(())
        })
        .await?;
        println!(
            "postgres: {people} people loaded: {ours:.1} s into the store, {peers:.1} s into the bare table"
        );
        for schema in [&schema, &tables] {
            server.vacuum(schema).await?;
        }
        let full = Sizes::of(server, &schema).await?;
        full.grown(&empty, people, "contact, loaded without entries in the journal");
        let none = Sizes::none();
        Sizes::of(server, &tables)
            .await?
            .grown(&none, people, "row of the peer's");
        Ok(Self {
            org,
            account,
            ids,
            schema,
            bare,
        })
    }
}

async fn insert(bare: &Client, first: usize, rows: &[Row]) -> Outcome<()> {
    let first = i64::try_from(first)?;
    let people = || rows.iter().map(|(person, ..)| person);
    let phones: Vec<&str> = people().map(|person| &*person.phone).collect();
    let names: Vec<&str> = rows.iter().map(|(.., name)| &**name).collect();
    let searches: Vec<&str> = rows.iter().map(|(_, search, _)| &**search).collect();
    let opted_in: Vec<bool> = people().map(|person| person.opted_in).collect();
    let active: Vec<bool> = people().map(|person| person.active).collect();
    let tags: Vec<String> = people()
        .map(|person| {
            let tags: Vec<String> = person.tags.iter().map(|number| tag(*number)).collect();
            tags.join(",")
        })
        .collect();
    bare.execute(
        "INSERT INTO people
         SELECT $1 + n.at, n.phone, n.name, n.search, n.opted_in, n.active, string_to_array(n.tags, ',')
         FROM unnest($2::text[], $3::text[], $4::text[], $5::boolean[], $6::boolean[], $7::text[]) WITH ORDINALITY
            AS n (phone, name, search, opted_in, active, tags, at)",
        &[&first, &phones, &names, &searches, &opted_in, &active, &tags],
    )
    .await?;
    Ok(())
}

fn audiences(server: &Server, world: &World) -> Outcome<()> {
    let World { org, bare, .. } = world;
    let runtime = &server.runtime;
    let filter = filter()?;
    let mut meant = String::new();
    for number in MEANT {
        let comma = if meant.is_empty() { "" } else { "," };
        write!(meant, "{comma}{}", tag(number))?;
    }
    let audience = format!("FROM people WHERE tags && '{{{meant}}}' AND opted_in AND active");
    let count = format!("SELECT count(*) {audience}");
    let one = || {
        let counted: i64 = runtime.block_on(bare.query_one(&count, &[]))?.try_get(0)?;
        Outcome::Ok(usize::try_from(counted)?)
    };
    let rows = |sql: &str| Outcome::Ok(runtime.block_on(bare.query(sql, &[]))?.len());
    let wanted = one()?;
    compare(
        &format!("postgres: how many carry one of three tags, are opted in and active ({wanted})"),
        &mut [
            counts("contacts().count", 1, wanted, || {
                Ok(usize::try_from(runtime.block_on(org.contacts().count(&filter))?)?)
            }),
            counts("peer: a table with text[] and GIN", 1, wanted, one),
        ],
    )?;
    let page = format!("SELECT id, name {audience} ORDER BY id LIMIT {PREVIEWED}");
    let shown = wanted.min(PREVIEWED);
    compare(
        &format!("postgres: the first {shown} of them"),
        &mut [
            counts("contacts().list", 20, shown, || {
                let contacts = org.contacts();
                let first = PageOf::first(PREVIEWED);
                let page = contacts.list(&filter, ContactOrder::Created, &first);
                Ok(runtime.block_on(page)?.items.len())
            }),
            counts("peer: the table, two columns", 20, shown, || rows(&page)),
        ],
    )?;
    let ids = format!("SELECT id {audience}");
    compare(
        &format!("postgres: all {wanted} of them"),
        &mut [
            counts(
                "contacts().list, contacts in full, in pages of 1,000",
                1,
                wanted,
                || {
                    runtime.block_on(async {
                        let (mut page, mut met) = (PageOf::first(1_000), 0);
                        loop {
                            let listed = org.contacts().list(&filter, ContactOrder::Created, &page).await?;
                            met += listed.items.len();
                            match listed.next {
                                Some(next) => page.cursor = Some(next),
                                None => return Ok(met),
                            }
                        }
                    })
                },
            ),
            counts("peer: the table, ids, at once", 1, wanted, || rows(&ids)),
        ],
    )?;
    Ok(())
}

fn searches(server: &Server, world: &World) -> Outcome<()> {
    let World { org, bare, ids, .. } = world;
    let runtime = &server.runtime;
    let number = format!("{:07}", ids.len() / 2);
    for (what, text) in [("a part of a number", &*number), ("a part of many names", "kali")] {
        let sql = format!(
            "SELECT id, name FROM people WHERE search ILIKE '%{text}%' ORDER BY name, id LIMIT {SHOWN}"
        );
        let wanted = runtime.block_on(bare.query(&sql, &[]))?.len();
        let first = PageOf::first(SHOWN);
        compare(
            &format!("postgres: the first page that {what} finds ({wanted})"),
            &mut [
                counts("contacts().search", 5, wanted, || {
                    let contacts = org.contacts();
                    let found = contacts.search(text, &Filter::Everyone, &first);
                    Ok(runtime.block_on(found)?.items.len())
                }),
                counts(
                    "peer: the table with trigrams, ILIKE, two columns",
                    5,
                    wanted,
                    || Ok(runtime.block_on(bare.query(&sql, &[]))?.len()),
                ),
            ],
        )?;
    }
    Ok(())
}
