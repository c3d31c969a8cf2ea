//! The records that one decision reads and writes.
//!
//! A decision asks the set for what it needs. If something was not loaded yet, the set remembers it and the decision
//! stops with [`Stop::Load`]; the engine loads it and runs the decision again from the start. So a decision is an
//! ordinary function over records, and only the engine knows that they come from somewhere.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use crate::error::Error;
use crate::ids::{BroadcastId, ContactId, ConversationId, OrgId};
use crate::journal::Entry;
use crate::record::{ChangeSet, Expect, Key, Op, Record, Stored};

/// Why a decision stopped.
#[derive(Debug)]
pub enum Stop {
    /// Something is missing; [`WorkingSet::wanted`] and [`WorkingSet::wanted_lists`] say what. Load it, decide again.
    Load,
    /// A rule says no; nothing changes.
    Refused(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

/// The result of a decision's step.
pub type Step<T> = Result<T, Stop>;

/// Records that are found otherwise than by key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Lookup {
    /// The ledger rows of a contact that are pending or leased.
    OpenDispatches {
        /// The organisation.
        org: OrgId,
        /// The contact.
        contact: ContactId,
    },
    /// The ledger rows that a broadcast has for these contacts, in any state.
    Recipients {
        /// The organisation.
        org: OrgId,
        /// The broadcast.
        broadcast: BroadcastId,
        /// The contacts.
        contacts: Vec<ContactId>,
    },
    /// The conversations with a contact.
    Conversations {
        /// The organisation.
        org: OrgId,
        /// The contact.
        contact: ContactId,
    },
    /// The last messages of a conversation, a hundred at most.
    LastMessages {
        /// The organisation.
        org: OrgId,
        /// The conversation.
        conversation: ConversationId,
    },
    /// The members of the team.
    Members {
        /// The organisation.
        org: OrgId,
    },
    /// The senders.
    Accounts {
        /// The organisation.
        org: OrgId,
    },
    /// The seals of the audit that hold entries at these positions.
    Seals {
        /// The organisation.
        org: OrgId,
        /// The positions.
        positions: Vec<u64>,
    },
    /// The notes about a contact.
    Notes {
        /// The organisation.
        org: OrgId,
        /// The contact.
        contact: ContactId,
    },
}

#[derive(Debug, Clone)]
struct Cell {
    /// The version loaded; `None`: the store has no such record.
    version: Option<u64>,
    /// Shared with what undoes a write of it.
    record: Option<Arc<Record>>,
    written: bool,
    expected: bool,
}

/// How much a [`WorkingSet`] had written at some point of a decision.
#[derive(Debug, Clone, Copy)]
pub struct Savepoint {
    undo: usize,
    order: usize,
    journal: usize,
    extra: usize,
}

/// The records that one decision reads and writes.
#[derive(Debug, Clone, Default)]
pub struct WorkingSet {
    cells: HashMap<Key, Cell>,
    /// Keys in the order of their first write, so that a change set is the same for the same decision.
    order: Vec<Key>,
    wanted: Vec<Key>,
    lists: HashMap<Lookup, Vec<Key>>,
    wanted_lists: Vec<Lookup>,
    journal: Vec<Entry>,
    extra: Vec<Op>,
    /// What to put back if the decision under way stops: cells as they were, and how long the lists were.
    undo: Vec<(Key, Option<Cell>)>,
    mark: (usize, usize, usize),
}

impl WorkingSet {
    /// A set with nothing loaded.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what the store has under a key: a record with its version, or nothing.
    pub fn loaded(&mut self, key: Key, stored: Option<Stored>) {
        let (version, record) = stored.map_or((None, None), |s| (Some(s.version), Some(Arc::new(s.record))));
        self.cells.insert(
            key,
            Cell {
                version,
                record,
                written: false,
                expected: false,
            },
        );
    }

    /// The keys that decisions stopped for since they were last asked for, each once; taken, so that the next run starts
    /// afresh.
    pub fn wanted(&mut self) -> Vec<Key> {
        each_once(std::mem::take(&mut self.wanted))
    }

    /// Adds what the store finds for a lookup. Records that the set has already stay as the set has them.
    pub fn loaded_list(&mut self, lookup: Lookup, found: Vec<Stored>) {
        let keys = found.iter().map(|stored| stored.record.key()).collect();
        for stored in found {
            let key = stored.record.key();
            if !self.cells.contains_key(&key) {
                self.loaded(key, Some(stored));
            }
        }
        self.lists.insert(lookup, keys);
    }

    /// The lookups that decisions stopped for, in the same way; taken.
    pub fn wanted_lists(&mut self) -> Vec<Lookup> {
        each_once(std::mem::take(&mut self.wanted_lists))
    }

    /// Begins one of several decisions over the same set.
    pub fn begin(&mut self) {
        self.undo.clear();
        self.mark = (self.order.len(), self.journal.len(), self.extra.len());
    }

    /// Undoes what was written since [`begin`](Self::begin): the decision stopped or was refused.
    pub fn roll_back(&mut self) {
        let (order, journal, extra) = self.mark;
        self.roll_back_to(&Savepoint {
            undo: 0,
            order,
            journal,
            extra,
        });
    }

    /// A point within a decision to go back to. It holds until the next [`begin`](Self::begin).
    pub fn savepoint(&self) -> Savepoint {
        Savepoint {
            undo: self.undo.len(),
            order: self.order.len(),
            journal: self.journal.len(),
            extra: self.extra.len(),
        }
    }

    /// Undoes what was written since a point.
    pub fn roll_back_to(&mut self, point: &Savepoint) {
        for (key, cell) in self.undo.drain(point.undo..).rev() {
            match cell {
                Some(cell) => self.cells.insert(key, cell),
                None => self.cells.remove(&key),
            };
        }
        self.order.truncate(point.order);
        self.journal.truncate(point.journal);
        self.extra.truncate(point.extra);
    }

    /// Stops unless all of these are loaded: asked for together, they are loaded together.
    pub fn need(&mut self, keys: impl IntoIterator<Item = Key>) -> Step<()> {
        let before = self.wanted.len();
        for key in keys {
            if !self.cells.contains_key(&key) {
                self.wanted.push(key);
            }
        }
        if self.wanted.len() > before {
            Err(Stop::Load)
        } else {
            Ok(())
        }
    }

    /// The record under a key, as the decision sees it now.
    pub fn get<R: TryFrom<Record> + Clone>(&mut self, key: &Key) -> Step<Option<R>> {
        self.need([key.clone()])?;
        let record = self
            .cells
            .get(key)
            .and_then(|cell| cell.record.as_deref().cloned());
        Ok(record.and_then(|record| R::try_from(record).ok()))
    }

    /// The version of a record that was read, as the store has it.
    pub fn version(&self, key: &Key) -> Option<u64> {
        self.cells.get(key).and_then(|cell| cell.version)
    }

    /// The records that a lookup finds, as the decision sees them now.
    pub fn list<R: TryFrom<Record> + Clone>(&mut self, lookup: &Lookup) -> Step<Vec<R>> {
        let Some(keys) = self.lists.get(lookup) else {
            self.wanted_lists.push(lookup.clone());
            return Err(Stop::Load);
        };
        let records = keys
            .iter()
            .filter_map(|key| self.cells.get(key)?.record.as_deref().cloned());
        Ok(records.filter_map(|record| R::try_from(record).ok()).collect())
    }

    /// Writes a record. One whose key was never read is taken to be new.
    pub fn put(&mut self, record: impl Into<Record>) {
        let record = record.into();
        let key = record.key();
        self.write(key, Some(record));
    }

    /// Removes the record under a key that was read.
    pub fn remove(&mut self, key: Key) {
        self.write(key, None);
    }

    fn write(&mut self, key: Key, record: Option<Record>) {
        self.undo.push((key.clone(), self.cells.get(&key).cloned()));
        let cell = self.cells.entry(key.clone()).or_insert(Cell {
            version: None,
            record: None,
            written: false,
            expected: false,
        });
        if !cell.written {
            cell.written = true;
            self.order.push(key);
        }
        cell.record = record.map(Arc::new);
    }

    /// The decision holds only if this record, which was read, is still as it was when the change is committed.
    pub fn expect(&mut self, key: &Key) {
        if let Some(cell) = self.cells.get_mut(key) {
            self.undo.push((key.clone(), Some(cell.clone())));
            cell.expected = true;
        }
    }

    /// Adds an entry to the journal.
    pub fn journal(&mut self, entry: Entry) {
        self.journal.push(entry);
    }

    /// What the decision under way told the journal.
    pub fn told(&self) -> &[Entry] {
        &self.journal[self.mark.1..]
    }

    /// The records that the decision under way wrote and did not remove: each as it was before, if it was there, and as it
    /// is now.
    pub fn written(&self) -> impl Iterator<Item = (Option<&Record>, &Record)> {
        let mut seen = HashSet::new();
        let first = self.undo.iter().filter(move |(key, _)| seen.insert(key));
        first.filter_map(|(key, before)| {
            let now = self.cells.get(key)?.record.as_deref()?;
            let before = before.as_ref().and_then(|cell| cell.record.as_deref());
            Some((before, now))
        })
    }

    /// Adds a set-based write.
    pub fn also(&mut self, op: Op) {
        self.extra.push(op);
    }

    /// Forgets what was only read, and what a commit would tell of besides records: for a set that is never committed, so
    /// that it holds no more than what later decisions over it must see.
    pub fn forget_read(&mut self) {
        self.cells.retain(|_, cell| cell.written);
        self.lists.clear();
        self.journal.clear();
        self.extra.clear();
        self.order.clear();
        self.begin();
    }

    /// What the decision changes: every record that was written, even if it is as it was, since the decision holds only
    /// for the version that it read.
    pub fn into_changes(self) -> ChangeSet {
        // What could be put back would share the records.
        drop(self.undo);
        let mut changes = ChangeSet::default();
        let mut cells = self.cells;
        for key in self.order {
            let Some(cell) = cells.remove(&key) else { continue };
            match (cell.version, cell.record.map(Arc::unwrap_or_clone)) {
                (None, Some(record)) => changes.ops.push(Op::Insert(record)),
                (Some(version), Some(record)) => changes.ops.push(Op::Update(record, version)),
                (Some(version), None) => changes.ops.push(Op::Remove(key, version)),
                // Written and removed again: what another process writes there meanwhile must not be missed.
                (None, None) => changes.expect.push(Expect::Absent(key)),
            }
        }
        let mut expected: Vec<_> = cells.into_iter().filter(|(_, cell)| cell.expected).collect();
        expected.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        for (key, cell) in expected {
            changes.expect.push(match cell.version {
                Some(version) => Expect::Version(key, version),
                None => Expect::Absent(key),
            });
        }
        changes.ops.extend(self.extra);
        changes.ops.extend(self.journal.into_iter().map(Op::Journal));
        changes
    }
}

fn each_once<T: Eq + Hash + Clone>(mut wanted: Vec<T>) -> Vec<T> {
    let mut seen = HashSet::new();
    wanted.retain(|what| seen.insert(what.clone()));
    wanted
}

#[cfg(test)]
mod tests;
