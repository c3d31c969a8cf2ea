//! A trial, and no part of the library: who has what, as bits in SQLite, a blob for 16,384 people.
//!
//! Whether somebody is capped changes by itself as time goes by. The bits of the capped are as of the last sweep; those
//! whose cap ended since are found by the time it ended, and taken out of what was read.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension};
use tertulia::core::ids::ContactId;

use super::world::Person;
use crate::measure::Outcome;

/// How many people a blob has a bit for: 2 KiB, which fit in one page of the database.
const CHUNK: usize = 16_384;

/// How many of them a word has.
const WORD: usize = 64;

pub(crate) struct Bitmaps {
    connection: Connection,
    /// What is not written yet: by key, a bit a person.
    filled: BTreeMap<String, Vec<u64>>,
    caps: Vec<(i64, usize)>,
    words: usize,
}

impl Bitmaps {
    pub(crate) fn new(folder: &Path, people: usize) -> Outcome<Self> {
        let connection = Connection::open(folder.join("bitmaps.db"))?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA cache_size = -65536;
             CREATE TABLE bits (key TEXT NOT NULL, chunk INTEGER NOT NULL, bits BLOB NOT NULL, PRIMARY KEY (key, chunk));
             CREATE TABLE caps (until INTEGER NOT NULL, person INTEGER NOT NULL, PRIMARY KEY (until, person)) WITHOUT ROWID;
             CREATE TABLE people (person INTEGER PRIMARY KEY, contact BLOB NOT NULL);
             CREATE TABLE tags (tag INTEGER NOT NULL, person INTEGER NOT NULL, PRIMARY KEY (tag, person)) WITHOUT ROWID;",
        )?;
        Ok(Self {
            connection,
            filled: BTreeMap::new(),
            caps: Vec::new(),
            words: people.div_ceil(CHUNK) * CHUNK / WORD,
        })
    }

    /// Notes what somebody is.
    pub(crate) fn fill(&mut self, person: usize, is: &Person) {
        let words = self.words;
        let mut set = |key: String| {
            let bits = self.filled.entry(key).or_insert_with(|| vec![0; words]);
            if let Some(word) = bits.get_mut(person / WORD) {
                *word |= 1 << (person % WORD);
            }
        };
        is.tags.iter().for_each(|tag| set(format!("tag {tag}")));
        if is.opted_in {
            set("opted in".to_owned());
        }
        if is.active {
            set("active".to_owned());
        }
        if let Some(until) = is.capped_until() {
            set("capped".to_owned());
            self.caps.push((until, person));
        }
    }

    /// Writes what was noted.
    pub(crate) fn write(&mut self, ids: &[ContactId]) -> Outcome<()> {
        let transaction = self.connection.unchecked_transaction()?;
        for (key, bits) in std::mem::take(&mut self.filled) {
            for (chunk, words) in bits.chunks(CHUNK / WORD).enumerate() {
                let blob: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
                transaction
                    .prepare_cached("INSERT INTO bits VALUES (?, ?, ?)")?
                    .execute((&key, i64::try_from(chunk)?, blob))?;
            }
        }
        for (until, person) in std::mem::take(&mut self.caps) {
            transaction
                .prepare_cached("INSERT INTO caps VALUES (?, ?)")?
                .execute((until, i64::try_from(person)?))?;
        }
        for (person, id) in ids.iter().enumerate() {
            transaction
                .prepare_cached("INSERT INTO people VALUES (?, ?)")?
                .execute((i64::try_from(person)?, id.0.as_bytes()))?;
        }
        transaction.commit()?;
        Ok(())
    }

    fn read(&self, key: &str, mut take: impl FnMut(usize, u64)) -> Outcome<()> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT chunk, bits FROM bits WHERE key = ? ORDER BY chunk")?;
        let mut rows = statement.query([key])?;
        while let Some(row) = rows.next()? {
            let first = usize::try_from(row.get::<_, i64>(0)?)? * CHUNK / WORD;
            let (words, _) = row.get_ref(1)?.as_blob()?.as_chunks::<8>();
            for (at, word) in words.iter().enumerate() {
                take(first + at, u64::from_le_bytes(*word));
            }
        }
        Ok(())
    }

    /// Who carries one of these tags, is opted in and active, and, where a time is given, not capped at it.
    pub(crate) fn audience(&self, tags: &[usize], not_capped_at: Option<i64>) -> Outcome<Vec<u64>> {
        let mut found = vec![0; self.words];
        for tag in tags {
            self.read(&format!("tag {tag}"), |at, word| found[at] |= word)?;
        }
        for key in ["opted in", "active"] {
            self.read(key, |at, word| found[at] &= word)?;
        }
        if let Some(now) = not_capped_at {
            let mut capped = vec![0; self.words];
            self.read("capped", |at, word| capped[at] = word)?;
            let mut statement = self
                .connection
                .prepare_cached("SELECT person FROM caps WHERE until <= ?")?;
            let mut rows = statement.query([now])?;
            while let Some(row) = rows.next()? {
                let person = usize::try_from(row.get::<_, i64>(0)?)?;
                capped[person / WORD] &= !(1 << (person % WORD));
            }
            found
                .iter_mut()
                .zip(capped)
                .for_each(|(word, capped)| *word &= !capped);
        }
        Ok(found)
    }

    /// The ids of those who have a bit.
    pub(crate) fn ids(&self, bits: &[u64]) -> Outcome<Vec<[u8; 16]>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT contact FROM people WHERE person = ?")?;
        let mut ids = Vec::new();
        for (at, word) in bits.iter().enumerate() {
            let mut rest = *word;
            while rest != 0 {
                let person = at * WORD + usize::try_from(rest.trailing_zeros())?;
                ids.push(statement.query_row([i64::try_from(person)?], |row| row.get(0))?);
                rest &= rest - 1;
            }
        }
        Ok(ids)
    }

    /// Takes those out whose cap ended by this time; how many.
    pub(crate) fn sweep(&self, now: i64) -> Outcome<usize> {
        let transaction = self.connection.unchecked_transaction()?;
        let ended: Vec<i64> = transaction
            .prepare_cached("SELECT person FROM caps WHERE until <= ? ORDER BY person")?
            .query_map([now], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for person in &ended {
            set(&transaction, "capped", *person, false)?;
        }
        transaction.execute("DELETE FROM caps WHERE until <= ?", [now])?;
        transaction.commit()?;
        Ok(ended.len())
    }

    /// Tags people, in one commit: the rows that show who carries what, and the bits where they are wanted.
    pub(crate) fn tag(
        &self,
        tag: usize,
        people: impl Iterator<Item = usize>,
        with_bits: bool,
    ) -> Outcome<()> {
        let key = format!("tag {tag}");
        let transaction = self.connection.unchecked_transaction()?;
        for person in people {
            let person = i64::try_from(person)?;
            transaction
                .prepare_cached("INSERT OR IGNORE INTO tags VALUES (?, ?)")?
                .execute((i64::try_from(tag)?, person))?;
            if with_bits {
                set(&transaction, &key, person, true)?;
            }
        }
        transaction.commit()?;
        Ok(())
    }
}

/// Reads, changes and writes the blob of somebody's bit.
fn set(connection: &Connection, key: &str, person: i64, to: bool) -> Outcome<()> {
    let person = usize::try_from(person)?;
    let (chunk, place) = (i64::try_from(person / CHUNK)?, person % CHUNK);
    let known: Option<Vec<u8>> = connection
        .prepare_cached("SELECT bits FROM bits WHERE key = ? AND chunk = ?")?
        .query_row((key, chunk), |row| row.get(0))
        .optional()?;
    let mut bits = known.unwrap_or_else(|| vec![0; CHUNK / 8]);
    if let Some(byte) = bits.get_mut(place / 8) {
        let bit = 1 << (place % 8);
        *byte = if to { *byte | bit } else { *byte & !bit };
    }
    connection
        .prepare_cached("INSERT INTO bits VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET bits = excluded.bits")?
        .execute((key, chunk, bits))?;
    Ok(())
}
