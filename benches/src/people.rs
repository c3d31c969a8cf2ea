//! A million contacts found, counted and chosen, beside a bare database of the same ones; and a trial of bitmaps.

mod bitmaps;
pub(crate) mod world;

use std::cell::Cell;
use std::time::{Duration, Instant};

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use serde_json::json;
use tertulia::{ContactOrder, Filter, PageOf};
use tokio::runtime::Runtime;

use crate::measure::{Outcome, Side, compare, side};
use world::{World, tag};

/// How many contacts there are; `PEOPLE` in the environment says otherwise.
const PEOPLE: usize = 1_000_000;

/// Those who are meant: tags that many, some and few carry.
pub(crate) const MEANT: [usize; 3] = [5, 17, 33];

/// How many contacts a list shows.
pub(crate) const SHOWN: usize = 50;

/// The same audience as rows: with the cap, or without.
const AUDIENCE: &str = "FROM contacts WHERE id IN (SELECT contact FROM contact_tags WHERE tag IN (5, 17, 33))
    AND opted_in = 1 AND active = 1 AND capped_until <= ?";

pub(crate) fn run() -> Outcome<()> {
    let runtime = Runtime::new()?;
    let world = runtime.block_on(World::of(people()?))?;
    audiences(&runtime, &world)?;
    lists(&runtime, &world)?;
    searches(&runtime, &world)?;
    duplicates(&runtime, &world)?;
    tags(&runtime, &world)
}

/// How many people, by the environment.
pub(crate) fn people() -> Outcome<usize> {
    Ok(std::env::var("PEOPLE").map_or(Ok(PEOPLE), |people| people.parse())?)
}

/// Those who carry one of three tags, are opted in and active.
pub(crate) fn filter() -> Outcome<Filter> {
    Ok(serde_json::from_value(json!({"and": [
        {"tags": {"any": MEANT.map(tag)}}, {"optedIn": true}, {"status": ["active"]},
    ]}))?)
}

fn one(bare: &Connection, sql: &str, value: i64) -> Outcome<usize> {
    let counted: i64 = bare.prepare_cached(sql)?.query_row([value], |row| row.get(0))?;
    Ok(usize::try_from(counted)?)
}

/// A side whose answer must be the same each time.
pub(crate) fn counts<'a>(
    name: &str,
    times: usize,
    wanted: usize,
    mut count: impl FnMut() -> Outcome<usize> + 'a,
) -> Side<'a> {
    side(name, times, move || {
        let start = Instant::now();
        for _ in 0..times {
            let found = count()?;
            if found != wanted {
                return Err(format!("found {found}, not {wanted}").into());
            }
        }
        Ok(start.elapsed())
    })
}

fn set(bits: &[u64]) -> Outcome<usize> {
    Ok(usize::try_from(
        bits.iter().map(|word| word.count_ones()).sum::<u32>(),
    )?)
}

fn audiences(runtime: &Runtime, world: &World) -> Outcome<()> {
    let World {
        org, bare, bitmaps, ..
    } = world;
    let filter = filter()?;
    let now = world.now.timestamp_micros();
    let count = format!("SELECT count(*) {AUDIENCE}");
    let wanted = one(bare, &count, i64::MAX)?;
    let free = one(bare, &count, now)?;
    let ask = || Ok(usize::try_from(runtime.block_on(org.contacts().count(&filter))?)?);
    compare(
        &format!("people: how many carry one of three tags, are opted in and active ({wanted})"),
        &mut [
            counts("contacts().count", 1, wanted, ask),
            counts("trial: bitmaps", 100, wanted, || {
                set(&bitmaps.audience(&MEANT, None)?)
            }),
            counts("peer: bare rows, IN", 1, wanted, || one(bare, &count, i64::MAX)),
        ],
    )?;
    let sweep = |hours: i64| now - hours * 3_600_000_000;
    let swept = bitmaps.sweep(sweep(1))?;
    println!("\n(the capped were swept an hour before now: {swept} had their cap end)");
    compare(
        &format!("people: the same, and not capped at this moment ({free})"),
        &mut [
            counts("trial: bitmaps, swept an hour before", 100, free, || {
                set(&bitmaps.audience(&MEANT, Some(now))?)
            }),
            counts("peer: bare rows, IN", 1, free, || one(bare, &count, now)),
        ],
    )?;
    let start = Instant::now();
    let swept = bitmaps.sweep(now)?;
    println!("\n(sweeping {swept} more took {:.1?})", start.elapsed());
    let ids = format!("SELECT id {AUDIENCE}");
    compare(
        &format!("people: all {free} of them"),
        &mut [
            counts("trial: bitmaps, as row numbers", 100, free, || {
                set(&bitmaps.audience(&MEANT, Some(now))?)
            }),
            counts("trial: bitmaps, as ids of 16 bytes", 1, free, || {
                Ok(bitmaps.ids(&bitmaps.audience(&MEANT, Some(now))?)?.len())
            }),
            counts("peer: bare rows, IN, as row numbers", 1, free, || {
                let mut statement = bare.prepare_cached(&ids)?;
                let ids: Vec<i64> = statement
                    .query_map([now], |row| row.get(0))?
                    .collect::<Result<_, _>>()?;
                Ok(ids.len())
            }),
        ],
    )?;
    compare(
        &format!("people: contacts in full, {wanted} of them, in pages of 1,000"),
        &mut [
            counts("contacts().list", 1, wanted, || {
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
            }),
            counts("peer: bare rows, IN, at once", 1, wanted, || {
                let mut statement = bare.prepare_cached(&format!("SELECT id, name, search {AUDIENCE}"))?;
                let met = statement.query_map([i64::MAX], |row| row.get::<_, String>(2))?;
                Ok(met.collect::<Result<Vec<_>, _>>()?.len())
            }),
        ],
    )?;
    Ok(())
}

/// Runs a query of the bare database that shows some contacts; how many.
fn shown(bare: &Connection, sql: &str, values: &[Value]) -> Outcome<usize> {
    let mut statement = bare.prepare_cached(sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut shown = 0;
    while let Some(row) = rows.next()? {
        shown += usize::from(!row.get::<_, String>(1)?.is_empty());
    }
    Ok(shown)
}

fn lists(runtime: &Runtime, world: &World) -> Outcome<()> {
    let World { org, bare, .. } = world;
    let conditions = [
        ("everybody", json!("everyone"), "1"),
        ("hot leads", json!({"lead": ["hot"]}), "c.hot = 1"),
        (
            "of one city of six",
            json!({"attribute": {"name": "city", "is": {"equals": "Nairobi"}}}),
            "c.city = 'Nairobi'",
        ),
        (
            "of a tag that few carry",
            json!({"tags": {"all": [tag(49)]}}),
            "EXISTS (SELECT 1 FROM contact_tags t WHERE t.tag = 49 AND t.contact = c.id)",
        ),
    ];
    for (who, filter, condition) in conditions {
        let filter: Filter = serde_json::from_value(filter)?;
        let sql = format!(
            "SELECT c.id, c.name FROM contacts c WHERE {condition} ORDER BY c.name, c.id LIMIT {SHOWN}"
        );
        let first = PageOf::first(SHOWN);
        compare(
            &format!("people: the first page of {who}, by name"),
            &mut [
                counts("contacts().list", 20, SHOWN, || {
                    let contacts = org.contacts();
                    let page = contacts.list(&filter, ContactOrder::Name, &first);
                    Ok(runtime.block_on(page)?.items.len())
                }),
                counts("peer: bare rows", 20, SHOWN, || shown(bare, &sql, &[])),
            ],
        )?;
        let sql = format!("SELECT count(*) FROM contacts c WHERE {condition} AND 0 < ?");
        let wanted = one(bare, &sql, 1)?;
        compare(
            &format!("people: how many are {who} ({wanted})"),
            &mut [
                counts("contacts().count", 1, wanted, || {
                    Ok(usize::try_from(runtime.block_on(org.contacts().count(&filter))?)?)
                }),
                counts("peer: bare rows", 1, wanted, || one(bare, &sql, 1)),
            ],
        )?;
    }
    Ok(())
}

fn searches(runtime: &Runtime, world: &World) -> Outcome<()> {
    let World { org, bare, ids, .. } = world;
    let number = format!("98{:08}", ids.len() / 2);
    let part = format!("son{}", ids.len() / 3 / 3 * 3);
    for (what, text) in [
        ("one number", &*number),
        ("a part of few e-mail addresses", &part),
        ("a part of many names", "kali"),
    ] {
        let like = format!(
            "SELECT id, name FROM contacts WHERE search LIKE '%{text}%' ORDER BY name, id LIMIT {SHOWN}"
        );
        let match_ = format!(
            "SELECT c.id, c.name FROM texts JOIN contacts c ON c.id = texts.rowid
             WHERE texts MATCH '\"{text}\"' ORDER BY c.name, c.id LIMIT {SHOWN}"
        );
        let wanted = shown(bare, &like, &[])?;
        let first = PageOf::first(SHOWN);
        compare(
            &format!("people: the first page that {what} finds ({wanted})"),
            &mut [
                counts("contacts().search", 5, wanted, || {
                    let contacts = org.contacts();
                    let found = contacts.search(text, &Filter::Everyone, &first);
                    Ok(runtime.block_on(found)?.items.len())
                }),
                counts("peer: bare FTS5 of trigrams", 5, wanted, || {
                    shown(bare, &match_, &[])
                }),
                counts("peer: bare LIKE", 1, wanted, || shown(bare, &like, &[])),
            ],
        )?;
    }
    Ok(())
}

fn duplicates(runtime: &Runtime, world: &World) -> Outcome<()> {
    let World { org, bare, ids, .. } = world;
    let wanted = ids.len() / 1_000 - 1;
    let sql = "SELECT count(*) FROM (SELECT 1 FROM contacts WHERE email IS NOT NULL AND 0 < ?
               GROUP BY email HAVING count(*) > 1)";
    compare(
        &format!("people: all {wanted} pairs of one e-mail address"),
        &mut [
            counts("contacts().duplicates, in pages of 1,000", 1, wanted, || {
                runtime.block_on(async {
                    let (mut page, mut met) = (PageOf::first(1_000), 0);
                    loop {
                        let listed = org.contacts().duplicates(&page).await?;
                        met += listed.items.len();
                        match listed.next {
                            Some(next) => page.cursor = Some(next),
                            None => return Ok(met),
                        }
                    }
                })
            }),
            counts("peer: bare rows, grouped, counted", 1, wanted, || {
                one(bare, sql, 1)
            }),
        ],
    )?;
    Ok(())
}

/// Tags that contacts do not have yet, one commit each and many a commit.
fn tags(runtime: &Runtime, world: &World) -> Outcome<()> {
    const EACH: usize = 500;
    const MANY: usize = 2_000;
    let World {
        org, ids, bitmaps, ..
    } = world;
    let step = ids.len() / MANY;
    let used = Cell::new(1_000);
    let fresh = || used.replace(used.get() + 1);
    let timed = |work: &mut dyn FnMut() -> Outcome<()>| -> Outcome<Duration> {
        let start = Instant::now();
        work()?;
        Ok(start.elapsed())
    };
    compare(
        "people: a tag more for one contact, a commit each",
        &mut [
            side("contacts().tag", EACH, || {
                let tag = tag(fresh());
                timed(&mut || {
                    for number in 0..EACH {
                        runtime.block_on(org.contacts().tag(ids[number * step], &[&tag]))?;
                    }
                    Ok(())
                })
            }),
            side("trial: rows and bitmaps", EACH, || {
                let tag = fresh();
                timed(&mut || (0..EACH).try_for_each(|n| bitmaps.tag(tag, [n * step].into_iter(), true)))
            }),
            side("peer: bare rows", EACH, || {
                let tag = fresh();
                timed(&mut || (0..EACH).try_for_each(|n| bitmaps.tag(tag, [n * step].into_iter(), false)))
            }),
        ],
    )?;
    compare(
        "people: a tag more for many contacts, one commit",
        &mut [
            side("trial: rows and bitmaps", MANY, || {
                let tag = fresh();
                timed(&mut || bitmaps.tag(tag, (0..MANY).map(|n| n * step), true))
            }),
            side("peer: bare rows", MANY, || {
                let tag = fresh();
                timed(&mut || bitmaps.tag(tag, (0..MANY).map(|n| n * step), false))
            }),
        ],
    )?;
    Ok(())
}
