//! Change sets as statements, and their transaction.
//!
//! A commit holds the lock of each of its organisations from its first statement on: so commits of an organisation follow
//! one another, whoever makes them, and what one expects cannot change before it is written. Several change sets that
//! touch nothing of each other go in one transaction. All its statements are sent together.

use std::collections::{BTreeMap, HashMap, HashSet};

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use tertulia_core::broadcast::Audience;
use tertulia_core::ids::{ContactId, ConversationId, OrgId};
use tertulia_core::journal::Entry;
use tertulia_core::record::{ChangeSet, Expect, Key, Op, Record, RecordKind};
use tertulia_storage_sql::error::unwritable;
use tertulia_storage_sql::journal::written;
use tertulia_storage_sql::rows::{body, column_values, key_values};
use tertulia_storage_sql::{Value, as_id, micros};
use tertulia_storage_traits::Committed;
use uuid::Uuid;

use crate::enlist::enlist;
use crate::error::{Result, Tried};
use crate::steps::{Step, send};
use crate::transaction::Work;
use crate::values::{Holds, Param, columns, get};
use crate::{facts, tables};

/// The lock of what belongs to no organisation.
const NOBODY: Uuid = Uuid::nil();

/// Takes the locks of organisations, in their order, and so many positions in the journal of each.
pub(crate) const LOCK: &str = "
    INSERT INTO journal_ends AS e (org, position)
    SELECT * FROM unnest($1::uuid[], $2::bigint[]) AS n (org, entries) ORDER BY n.org
    ON CONFLICT (org) DO UPDATE SET position = e.position + excluded.position
    RETURNING org, position";

/// Writes entries so far before the end of their organisation's journal.
pub(crate) const RECORD: &str = "
    INSERT INTO journal (org, position, at, contact, kind, actor, timeline, audit, body)
    SELECT n.org, (SELECT e.position FROM journal_ends e WHERE e.org = n.org) - n.back, n.at, n.contact, n.kind,
        n.actor, n.timeline, n.audit, n.body
    FROM unnest(
        $1::uuid[], $2::bigint[], $3::bigint[], $4::uuid[], $5::text[], $6::text[], $7::boolean[], $8::boolean[],
        $9::text[]
    ) AS n (org, back, at, contact, kind, actor, timeline, audit, body)";

/// Rewrites entries at their positions.
pub(crate) fn redact() -> String {
    let given = "unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[]) AS n (org, position, actor, body)";
    let found = tables::sought("journal", &["org", "position"], given);
    format!("UPDATE journal t SET body = n.body, actor = n.actor FROM {found} WHERE t.ctid = f.lies")
}

const REMOVE_MESSAGES: &str = "DELETE FROM messages WHERE org = $1 AND conversation = $2";

const REMOVE_MESSAGES_OF: &str = "
    DELETE FROM messages WHERE org = $1 AND conversation IN
        (SELECT conversation FROM conversations WHERE org = $1 AND contact = $2)";

const REMOVE_CONVERSATIONS_OF: &str = "DELETE FROM conversations WHERE org = $1 AND contact = $2";

/// What goes together.
#[derive(Default)]
struct Stage<'a> {
    touched: HashSet<Key>,
    redacted: HashSet<(OrgId, u64)>,
    kinds: BTreeMap<RecordKind, Writes<'a>>,
    entries: Vec<(&'a Entry, i64)>,
    redactions: Vec<(u64, &'a Entry)>,
    /// What is done by itself, before all of it.
    first: Option<Whole<'a>>,
}

/// The writes of a kind, in the order of these fields.
#[derive(Default)]
struct Writes<'a> {
    removals: Vec<(&'a Key, u64)>,
    updates: Vec<(&'a Record, u64)>,
    inserts: Vec<&'a Record>,
}

/// A write of what is not named row by row.
enum Whole<'a> {
    Audience(&'a Audience, u64, usize),
    ConversationsOf(OrgId, ContactId),
    MessagesOf(OrgId, ConversationId),
}

/// What must hold of a kind.
#[derive(Default)]
struct Expected<'a> {
    versions: HashSet<(&'a Key, u64)>,
    absent: HashSet<&'a Key>,
}

/// Change sets as one transaction.
struct Plan<'a> {
    /// How many entries each organisation's journal gets; those with none are locked.
    orgs: BTreeMap<Uuid, i64>,
    expected: BTreeMap<RecordKind, Expected<'a>>,
    stages: Vec<Stage<'a>>,
    /// Of each change set, the organisation of its last entry and which of that organisation's entries it is.
    last: Vec<Option<(Uuid, i64)>>,
}

/// The organisations that a change set is about; [`NOBODY`] for what belongs to none.
pub(crate) fn orgs(changes: &ChangeSet) -> HashSet<Uuid> {
    let of = |key: &Key| key.org().map_or(NOBODY, |org| org.0);
    let expected = changes.expect.iter().map(|expect| match expect {
        Expect::Version(key, _) | Expect::Absent(key) => of(key),
    });
    let written = changes.ops.iter().map(|op| match op {
        Op::Insert(record) | Op::Update(record, _) => of(&record.key()),
        Op::Remove(key, _) => of(key),
        Op::Journal(entry) | Op::Redact { entry, .. } => entry.org.0,
        Op::SnapshotAudience(audience, _) => audience.broadcast.org.0,
        Op::RemoveConversations { org, .. } | Op::RemoveMessages { org, .. } => org.0,
    });
    expected.chain(written).collect()
}

impl<'a> Plan<'a> {
    fn of(sets: &[&'a ChangeSet]) -> Self {
        let mut plan = Self {
            orgs: BTreeMap::new(),
            expected: BTreeMap::new(),
            stages: vec![Stage::default()],
            last: Vec::new(),
        };
        for (place, set) in sets.iter().enumerate() {
            for org in orgs(set) {
                plan.orgs.entry(org).or_default();
            }
            for expect in &set.expect {
                match expect {
                    Expect::Version(key, version) => {
                        let expected = plan.expected.entry(key.kind()).or_default();
                        expected.versions.insert((key, *version));
                    }
                    Expect::Absent(key) => {
                        plan.expected.entry(key.kind()).or_default().absent.insert(key);
                    }
                }
            }
            let mut last = None;
            for op in &set.ops {
                plan.add(op, place);
                if let Op::Journal(entry) = op {
                    last = plan.orgs.get(&entry.org.0).map(|entries| (entry.org.0, *entries));
                }
            }
            plan.last.push(last);
        }
        plan
    }

    /// The stage that takes a write of this key: the last one, if it has none yet.
    fn stage(&mut self, key: &Key, rank: Rank) -> &mut Stage<'a> {
        let fits = self.stages.last().is_some_and(|stage| stage.takes(key, rank));
        if !fits {
            self.stages.push(Stage::default());
        }
        let last = self.stages.len() - 1;
        let stage = &mut self.stages[last];
        stage.touched.insert(key.clone());
        stage
    }

    fn add(&mut self, op: &'a Op, set: usize) {
        match op {
            Op::Insert(record) => {
                let stage = self.stage(&record.key(), Rank::Insert);
                stage.kinds.entry(record.kind()).or_default().inserts.push(record);
            }
            Op::Update(record, version) => {
                let stage = self.stage(&record.key(), Rank::Update);
                let writes = stage.kinds.entry(record.kind()).or_default();
                writes.updates.push((record, *version));
            }
            Op::Remove(key, version) => {
                let stage = self.stage(key, Rank::Remove);
                stage
                    .kinds
                    .entry(key.kind())
                    .or_default()
                    .removals
                    .push((key, *version));
            }
            Op::Journal(entry) => {
                let entries = self.orgs.entry(entry.org.0).or_default();
                *entries += 1;
                let place = *entries;
                if self
                    .stages
                    .last()
                    .is_some_and(|stage| !stage.redactions.is_empty())
                {
                    self.stages.push(Stage::default());
                }
                if let Some(stage) = self.stages.last_mut() {
                    stage.entries.push((entry, place));
                }
            }
            Op::Redact { position, entry } => {
                let place = (entry.org, *position);
                if self
                    .stages
                    .last()
                    .is_some_and(|stage| stage.redacted.contains(&place))
                {
                    self.stages.push(Stage::default());
                }
                if let Some(stage) = self.stages.last_mut() {
                    stage.redacted.insert(place);
                    stage.redactions.push((*position, entry));
                }
            }
            Op::SnapshotAudience(audience, seed) => self.whole(Whole::Audience(audience, *seed, set)),
            Op::RemoveConversations { org, contact } => self.whole(Whole::ConversationsOf(*org, *contact)),
            Op::RemoveMessages { org, conversation } => self.whole(Whole::MessagesOf(*org, *conversation)),
        }
    }

    fn whole(&mut self, whole: Whole<'a>) {
        self.stages.push(Stage {
            first: Some(whole),
            ..Stage::default()
        });
    }
}

/// The order in which a stage writes the records of a kind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rank {
    Remove,
    Update,
    Insert,
}

impl Stage<'_> {
    fn takes(&self, key: &Key, rank: Rank) -> bool {
        if self.touched.contains(key) {
            return false;
        }
        // Rows of the ledger are unique in other ways than by their key: which is written first matters.
        match self.kinds.get(&RecordKind::Dispatch) {
            Some(writes) if key.kind() == RecordKind::Dispatch => match rank {
                Rank::Remove => writes.updates.is_empty() && writes.inserts.is_empty(),
                Rank::Update => writes.inserts.is_empty(),
                Rank::Insert => true,
            },
            _ => true,
        }
    }

    /// Its statements.
    fn steps(&self, entries: &BTreeMap<Uuid, i64>, steps: &mut Vec<Step>) -> Result<()> {
        for (kind, writes) in &self.kinds {
            writes.steps(*kind, steps)?;
        }
        if !self.entries.is_empty() {
            let rows = self.entries.iter().map(|(entry, place)| {
                let of_org = entries.get(&entry.org.0).copied().unwrap_or_default();
                entry_row(entry, of_org - place)
            });
            let rows = rows.collect::<Result<Vec<_>>>()?;
            steps.push(Step::entries(RECORD, columns(&ENTRY, rows), self.entries.len()));
        }
        if !self.redactions.is_empty() {
            let rows = self.redactions.iter().map(|(position, entry)| {
                Ok(vec![
                    as_id(entry.org.0),
                    Value::Integer(position.cast_signed()),
                    Value::Text(written(&entry.actor)),
                    Value::Text(entry_body(entry)?),
                ])
            });
            let rows = rows.collect::<Result<Vec<_>>>()?;
            let holds = [Holds::Id, Holds::Number, Holds::Text, Holds::Text];
            steps.push(Step::entries(
                redact(),
                columns(&holds, rows),
                self.redactions.len(),
            ));
        }
        Ok(())
    }
}

impl Writes<'_> {
    fn steps(&self, kind: RecordKind, steps: &mut Vec<Step>) -> Result<()> {
        let table = tables::of(kind);
        if !self.removals.is_empty() {
            let rows = self
                .removals
                .iter()
                .map(|(key, version)| at(key, *version))
                .collect();
            let holds: Vec<Holds> = table.key.iter().copied().chain([Holds::Number]).collect();
            steps.push(Step::write(
                &table.remove,
                columns(&holds, rows),
                kind,
                self.removals.len(),
            ));
            if kind == RecordKind::Contact {
                let keys: Vec<&Key> = self.removals.iter().map(|(key, _)| *key).collect();
                steps.extend(facts::drop(&keys));
            }
        }
        if !self.updates.is_empty() {
            let rows = self.updates.iter().map(|(record, version)| row(record, *version));
            let holds = holds(table);
            let params = columns(&holds, rows.collect::<Result<Vec<_>>>()?);
            steps.push(Step::write(&table.update, params, kind, self.updates.len()));
        }
        if !self.inserts.is_empty() {
            let rows = self.inserts.iter().map(|record| row(record, 1));
            let params = columns(&holds(table), rows.collect::<Result<Vec<_>>>()?);
            steps.push(Step::write(&table.insert, params, kind, self.inserts.len()));
        }
        if kind == RecordKind::Contact {
            let contacts: Vec<&Record> = self
                .updates
                .iter()
                .map(|(record, _)| *record)
                .chain(self.inserts.iter().copied())
                .collect();
            if !contacts.is_empty() {
                steps.extend(facts::keep(&contacts));
            }
        }
        Ok(())
    }
}

/// What the columns of whole rows hold: key, columns, body, version.
pub(crate) fn holds(table: &tables::Statements) -> Vec<Holds> {
    let mut holds = table.key.clone();
    holds.extend(&table.columns);
    holds.extend([Holds::Text, Holds::Number]);
    holds
}

/// A whole row: key, columns, body, version.
pub(crate) fn row(record: &Record, version: u64) -> Result<Vec<Value>> {
    let mut row = key_values(&record.key());
    if record.kind() != RecordKind::Contact {
        row.extend(column_values(record));
    }
    row.push(Value::Text(body(record)?));
    row.push(Value::Integer(version.cast_signed()));
    Ok(row)
}

fn at(key: &Key, version: u64) -> Vec<Value> {
    let mut row = key_values(key);
    row.push(Value::Integer(version.cast_signed()));
    row
}

/// What `RECORD` takes.
pub(crate) const ENTRY: [Holds; 9] = [
    Holds::Id,
    Holds::Number,
    Holds::Number,
    Holds::Id,
    Holds::Text,
    Holds::Text,
    Holds::Flag,
    Holds::Flag,
    Holds::Text,
];

fn entry_body(entry: &Entry) -> Result<String> {
    serde_json::to_string(entry).map_err(|e| unwritable("entry of the journal", &e))
}

/// An entry so far before the end of its journal, or at a position.
pub(crate) fn entry_row(entry: &Entry, place: i64) -> Result<Vec<Value>> {
    let kind = entry.what.kind();
    Ok(vec![
        as_id(entry.org.0),
        Value::Integer(place),
        micros(entry.at),
        entry.contact.map_or(Value::Null, |contact| as_id(contact.0)),
        Value::Text(kind.as_str().to_owned()),
        Value::Text(written(&entry.actor)),
        Value::Flag(kind.on_timeline()),
        Value::Flag(kind.in_audit()),
        Value::Text(entry_body(entry)?),
    ])
}

fn expectations(plan: &Plan<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    for (kind, Expected { versions, absent }) in &plan.expected {
        let table = tables::of(*kind);
        if !versions.is_empty() {
            let rows = versions.iter().map(|(key, version)| at(key, *version)).collect();
            let holds: Vec<Holds> = table.key.iter().copied().chain([Holds::Number]).collect();
            let params = columns(&holds, rows);
            steps.push(Step::count(&table.as_read, params, *kind, versions.len()));
        }
        if !absent.is_empty() {
            let rows = absent.iter().map(|key| key_values(key)).collect();
            steps.push(Step::count(&table.there, columns(&table.key, rows), *kind, 0));
        }
    }
    steps
}

/// The one organisation that change sets are about, if they are about no other and nothing that belongs to none.
pub(crate) fn whose(sets: &[&ChangeSet]) -> Option<OrgId> {
    let all: HashSet<Uuid> = sets.iter().flat_map(|set| orgs(set)).collect();
    let mut all = all.into_iter();
    match (all.next(), all.next()) {
        (Some(org), None) if org != NOBODY => Some(OrgId(org)),
        _ => None,
    }
}

/// The ends of the organisations' journals after a commit.
#[derive(Default)]
struct Ends(HashMap<Uuid, i64>);

impl Ends {
    /// Sends what is gathered. The first of it takes the locks.
    async fn flush(&mut self, client: &ClientWrapper, steps: &mut Vec<Step>) -> Tried<()> {
        let answers = send(client, steps).await?;
        for (step, rows) in steps.iter().zip(&answers) {
            step.check(rows)?;
        }
        if self.0.is_empty() {
            for row in answers.iter().take(1).flat_map(|locked| &locked.rows) {
                self.0.insert(get(row, 0)?, get(row, 1)?);
            }
        }
        steps.clear();
        Ok(())
    }
}

/// Change sets that touch nothing of each other.
pub(crate) struct Commit<'a>(pub(crate) &'a [&'a ChangeSet]);

#[async_trait]
impl Work for Commit<'_> {
    type Done = Vec<Committed>;

    async fn run(&self, client: &ClientWrapper) -> Tried<Self::Done> {
        write(client, self.0).await
    }
}

async fn write(client: &ClientWrapper, sets: &[&ChangeSet]) -> Tried<Vec<Committed>> {
    let plan = Plan::of(sets);
    let (orgs, entries): (Vec<Uuid>, Vec<i64>) =
        plan.orgs.iter().map(|(org, entries)| (*org, *entries)).unzip();
    let mut steps = vec![Step::any(LOCK, vec![Box::new(orgs), Box::new(entries)])];
    steps.extend(expectations(&plan));
    let mut enlisted = vec![0; sets.len()];
    let mut ends = Ends::default();
    for stage in &plan.stages {
        match &stage.first {
            None => {}
            Some(Whole::Audience(audience, seed, set)) => {
                ends.flush(client, &mut steps).await?;
                enlisted[*set] += enlist(client, audience, *seed).await?;
            }
            Some(Whole::ConversationsOf(org, contact)) => {
                let whose = || -> Vec<Param> { vec![Box::new(org.0), Box::new(contact.0)] };
                steps.push(Step::any(REMOVE_MESSAGES_OF, whose()));
                steps.push(Step::any(REMOVE_CONVERSATIONS_OF, whose()));
            }
            Some(Whole::MessagesOf(org, conversation)) => steps.push(Step::any(
                REMOVE_MESSAGES,
                vec![Box::new(org.0), Box::new(conversation.0)],
            )),
        }
        stage.steps(&plan.orgs, &mut steps)?;
    }
    ends.flush(client, &mut steps).await?;
    let committed = plan.last.iter().zip(enlisted).map(|(last, enlisted)| {
        let position = last.and_then(|(org, place)| {
            let end = ends.0.get(&org)? - plan.orgs.get(&org)? + place;
            Some(end.cast_unsigned())
        });
        Committed { position, enlisted }
    });
    Ok(committed.collect())
}
