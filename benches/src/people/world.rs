//! A million people: in a store, in a bare database, and as bitmaps.

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;
use tertulia::core::channel::Channel;
use tertulia::core::consent::{Change, Fact, Proof, Scope, Source};
use tertulia::core::contact::{Contact, CreatedBy, Identity, LeadStatus, RecordStatus, Tag};
use tertulia::core::identity::{Address, AddressKind};
use tertulia::core::ids::{ContactId, IdSource};
use tertulia::core::ledger::{SLOT, Slot};
use tertulia::core::record::{ChangeSet, IdentityRef, Op};
use tertulia::core::search;
use tertulia::storage::Storage;
use tertulia::testing::ManualClock;
use tertulia::{AttributeKind, Crm, Org, Settings, SqliteStorage};

use super::bitmaps::Bitmaps;
use crate::measure::Outcome;
use crate::shop::bare;

/// How many tags there are. Contacts carry four of them, the first ones more often than the last (Zipf).
const TAGS: usize = 50;

/// How many contacts are one commit.
const BATCH: usize = 5_000;

pub(crate) struct World {
    pub(crate) org: Org,
    pub(crate) now: DateTime<Utc>,
    pub(crate) ids: Vec<ContactId>,
    pub(crate) bare: Connection,
    pub(crate) bitmaps: Bitmaps,
    _folder: TempDir,
}

pub(crate) fn tag(number: usize) -> String {
    format!("tag {number}")
}

impl World {
    /// So many people. What each is comes from its number, so that all sides hold the same.
    pub(crate) async fn of(people: usize) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let storage: Arc<dyn Storage> = Arc::new(SqliteStorage::open(folder.path().join("crm.db"))?);
        let now = now();
        let crm = Crm::builder()
            .storage(Arc::clone(&storage))
            .clock(ManualClock::new(now))
            .build()?;
        let org = crm.create_org(Settings::default()).await?;
        let bare = bare(folder.path(), SCHEMA)?;
        let mut bitmaps = Bitmaps::new(folder.path(), people)?;
        let mut peers = 0.0;
        let (ids, ours) = load(&storage, &org, people, async |batch, rows| {
            let start = Instant::now();
            insert(&bare, batch, rows)?;
            peers += start.elapsed().as_secs_f64();
            for (at, (person, ..)) in rows.iter().enumerate() {
                bitmaps.fill(batch + at, person);
            }
            Ok(())
        })
        .await?;
        let start = Instant::now();
        bitmaps.write(&ids)?;
        let bits = start.elapsed().as_secs_f64();
        println!(
            "\npeople: {people} loaded, {BATCH} a commit: {ours:.1} s into the store, {peers:.1} s into the bare database \
             with both of its indexes for texts, {bits:.1} s as bitmaps"
        );
        Ok(Self {
            org,
            now,
            ids,
            bare,
            bitmaps,
            _folder: folder,
        })
    }
}

/// When the world is as it is.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

/// Somebody, the text that all of them is found by, and the name to sort by.
pub(crate) type Row = (Person, String, String);

/// Writes so many people into a store; `beside` gets each batch, and the number of its first. Their ids, and how many
/// seconds the store took.
pub(crate) async fn load(
    storage: &Arc<dyn Storage>,
    org: &Org,
    people: usize,
    mut beside: impl AsyncFnMut(usize, &[Row]) -> Outcome<()>,
) -> Outcome<(Vec<ContactId>, f64)> {
    let now = now();
    org.attributes().define("city", AttributeKind::Text).await?;
    let tags = (0..TAGS).map(|number| Tag {
        org: org.id(),
        key: tag(number),
        name: tag(number),
    });
    let ops = tags.map(|tag| Op::Insert(tag.into())).collect();
    let expect = Vec::new();
    storage.commit(ChangeSet { expect, ops }).await?;
    let mut random = fastrand::Rng::with_seed(1);
    let mut ids = Vec::with_capacity(people);
    let mut seconds = 0.0;
    for batch in (0..people).step_by(BATCH) {
        let at = now + TimeDelta::milliseconds(i64::try_from(batch)?);
        let mut source = IdSource::new(at, 1);
        let mut ops = Vec::with_capacity(3 * BATCH);
        let mut rows = Vec::with_capacity(BATCH);
        for number in batch..people.min(batch + BATCH) {
            let person = Person::new(&mut random, number, now);
            let contact = person.contact(org, source.next(), now);
            ids.push(contact.id);
            rows.push((person.clone(), search::text(&contact), contact.name_key()));
            for identity in &contact.identities {
                let owner = IdentityRef {
                    org: org.id(),
                    kind: identity.address.kind,
                    match_key: identity.match_key.clone(),
                    contact: contact.id,
                };
                ops.push(Op::Insert(owner.into()));
            }
            if let Some(taken_at) = person.taken_at {
                let slot = Slot {
                    org: org.id(),
                    contact: contact.id,
                    attempt: source.next(),
                    taken_at,
                    earlier: Vec::new(),
                };
                ops.push(Op::Insert(slot.into()));
            }
            ops.push(Op::Insert(contact.into()));
        }
        let start = Instant::now();
        let expect = Vec::new();
        storage.commit(ChangeSet { expect, ops }).await?;
        seconds += start.elapsed().as_secs_f64();
        beside(batch, &rows).await?;
    }
    Ok((ids, seconds))
}

/// What everybody is, however it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    name: String,
    pub(crate) phone: String,
    email: Option<String>,
    city: &'static str,
    pub(crate) tags: Vec<usize>,
    pub(crate) opted_in: bool,
    pub(crate) active: bool,
    taken_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl Person {
    fn new(random: &mut fastrand::Rng, number: usize, now: DateTime<Utc>) -> Self {
        // One in a thousand has the e-mail address of the one before.
        let email = match number % 1_000 {
            0 => Some(format!("person{}@example.com", number.saturating_sub(1))),
            rest if rest % 3 == 0 => Some(format!("person{number}@example.com")),
            _ => None,
        };
        let harmonic: f64 = (1_u32..=50).map(|rank| 1.0 / f64::from(rank)).sum();
        let tags = (1_u32..=50)
            .zip(0..TAGS)
            .filter(|(rank, _)| random.f64() < 4.0 / harmonic / f64::from(*rank))
            .map(|(_, tag)| tag)
            .collect();
        Self {
            name: format!("{} {}", word(random), word(random)),
            phone: format!("+9198{number:08}"),
            email,
            city: CITIES[random.usize(..CITIES.len())],
            tags,
            opted_in: random.f64() < 0.9,
            active: random.f64() < 0.95,
            taken_at: (random.f64() < 0.22).then(|| now - TimeDelta::seconds(random.i64(0..172_800))),
            created_at: now - TimeDelta::seconds(random.i64(0..100_000_000)),
        }
    }

    /// Until when they get no other marketing template.
    pub(crate) fn capped_until(&self) -> Option<i64> {
        self.taken_at.map(|taken_at| (taken_at + SLOT).timestamp_micros())
    }

    const fn is_hot(&self) -> bool {
        self.tags.len() > 6
    }

    fn contact(&self, org: &Org, id: ContactId, now: DateTime<Utc>) -> Contact {
        let mut contact = Contact::new(org.id(), id, CreatedBy::Import, self.created_at);
        contact.name = Some(self.name.clone());
        contact.email.clone_from(&self.email);
        let address = Address::new(AddressKind::Phone, &self.phone);
        contact.identities.push(Identity {
            match_key: address.match_key(),
            address,
            provider_value: None,
            unassigned: false,
            since: self.created_at,
            until: None,
            merged_from: None,
        });
        contact.tags = self
            .tags
            .iter()
            .map(|number| (tag(*number), tag(*number)))
            .collect();
        contact.attributes = [("city".to_owned(), json!(self.city))].into();
        contact.lead = if self.is_hot() {
            LeadStatus::Hot
        } else {
            LeadStatus::Cold
        };
        contact.source_channel = Some(Channel::WhatsApp);
        contact.last_interaction = Some(now - TimeDelta::seconds(i64::from(self.opted_in) * 60));
        if !self.active {
            contact.status = RecordStatus::Inactive;
        }
        if self.opted_in {
            contact.consent.record(Fact {
                at: self.created_at,
                change: Change::OptIn,
                scope: Scope::EVERYTHING,
                source: Source::Import,
                via: None,
                new_proof: false,
                proof: Proof::Stated("file".to_owned()),
            });
        }
        contact
    }
}

const CITIES: [&str; 6] = ["Lisboa", "São Paulo", "Mumbai", "Nairobi", "México", "Jakarta"];

/// A name of two to four syllables.
fn word(random: &mut fastrand::Rng) -> String {
    const SYLLABLES: [&str; 24] = [
        "an", "be", "cha", "da", "el", "fi", "ga", "hu", "is", "jo", "ka", "li", "ma", "na", "or", "pa",
        "qui", "ra", "so", "ta", "ul", "vi", "xi", "zé",
    ];
    (0..random.usize(2..5))
        .map(|_| SYLLABLES[random.usize(..SYLLABLES.len())])
        .collect()
}

const SCHEMA: &str = "
    CREATE TABLE contacts (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, search TEXT NOT NULL, email TEXT, city TEXT NOT NULL,
        opted_in INTEGER NOT NULL, active INTEGER NOT NULL, capped_until INTEGER NOT NULL, hot INTEGER NOT NULL
    );
    CREATE INDEX contacts_by_name ON contacts (name, id);
    CREATE INDEX contacts_by_email ON contacts (email) WHERE email IS NOT NULL;
    CREATE TABLE contact_tags (
        tag INTEGER NOT NULL, contact INTEGER NOT NULL, PRIMARY KEY (tag, contact)
    ) WITHOUT ROWID;
    CREATE VIRTUAL TABLE texts USING fts5 (
        search, content = 'contacts', content_rowid = 'id', tokenize = 'trigram case_sensitive 1'
    );";

fn insert(bare: &Connection, first: usize, rows: &[Row]) -> Outcome<()> {
    let transaction = bare.unchecked_transaction()?;
    for (at, (person, search, name)) in rows.iter().enumerate() {
        let id = i64::try_from(first + at)?;
        transaction
            .prepare_cached("INSERT INTO contacts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")?
            .execute((
                id,
                name,
                search,
                &person.email,
                person.city,
                person.opted_in,
                person.active,
                person.capped_until().unwrap_or(0),
                person.is_hot(),
            ))?;
        transaction
            .prepare_cached("INSERT INTO texts (rowid, search) VALUES (?, ?)")?
            .execute((id, search))?;
        let mut tagged = transaction.prepare_cached("INSERT INTO contact_tags VALUES (?, ?)")?;
        for tag in &person.tags {
            tagged.execute((i64::try_from(*tag)?, id))?;
        }
    }
    transaction.commit()?;
    Ok(())
}
