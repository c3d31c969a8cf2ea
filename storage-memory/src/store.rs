//! What is kept, and how it is written.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tertulia_core::account::Account;
use tertulia_core::broadcast::{Audience, Broadcast, BroadcastState, Bucket};
use tertulia_core::contact::{Contact, RecordStatus};
use tertulia_core::ids::{AccountId, ContactId, ConversationId, IdSource, OrgId, SequenceId};
use tertulia_core::journal::Entry;
use tertulia_core::ledger::{Campaign, Dispatch, Slot};
use tertulia_core::merge::{Merged, led_to};
use tertulia_core::record::{ChangeSet, Expect, Key, Op, Record, Stored};
use tertulia_core::selection::Selection;
use tertulia_core::sequence::{Sequence, Standing};
use tertulia_storage_traits::{
    ClaimRequest, Claimed, Committed, JournalPage, JournalRequest, Page, PageRequest, Portion, Query,
    SharedPage, SharedRequest, Storage, StorageError, StorageErrorKind,
};

/// A store in memory. Each one is empty at first, and a world of its own.
#[derive(Debug)]
pub struct MemoryStorage {
    /// `None`: closed.
    state: Mutex<Option<State>>,
}

impl MemoryStorage {
    /// An empty store.
    pub fn new() -> Self {
        Self {
            state: Mutex::new(Some(State::default())),
        }
    }

    /// Looks at the state or changes it, alone. Whoever changes it does so in one assignment at the end, so that even
    /// a panic on the way leaves it whole.
    fn with<T>(&self, work: impl FnOnce(&mut State) -> Result<T, StorageError>) -> Result<T, StorageError> {
        match self.lock().as_mut() {
            Some(state) => work(state),
            None => Err(closed()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<State>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStorage {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Storage for MemoryStorage {
    async fn load(&self, keys: Vec<Key>) -> Result<Vec<Option<Stored>>, StorageError> {
        self.with(|state| {
            let found = keys.iter().map(|key| state.records.get(key));
            Ok(found
                .map(|found| found.map(|stored| Stored::clone(stored)))
                .collect())
        })
    }

    async fn page(&self, request: PageRequest) -> Result<Page, StorageError> {
        self.with(|state| state.page(&request))
    }

    async fn count(&self, query: Query) -> Result<u64, StorageError> {
        self.with(|state| Ok(count(state.found(&query).len())))
    }

    async fn journal(&self, request: JournalRequest) -> Result<JournalPage, StorageError> {
        self.with(|state| state.journal_page(&request))
    }

    async fn tally(&self, org: OrgId, campaign: Campaign) -> Result<Vec<(Bucket, u64)>, StorageError> {
        self.with(|state| {
            let mut buckets: BTreeMap<Bucket, u64> = BTreeMap::new();
            for (_, row) in state.dispatches() {
                if row.org == org && row.campaign() == Some(campaign) {
                    *buckets.entry(Bucket::of(row)).or_default() += 1;
                }
            }
            Ok(buckets.into_iter().collect())
        })
    }

    async fn standings(
        &self,
        org: OrgId,
        sequence: SequenceId,
    ) -> Result<Vec<(Standing, u64)>, StorageError> {
        self.with(|state| {
            let mut standings: BTreeMap<Standing, u64> = BTreeMap::new();
            for stored in state.records.values() {
                if let Record::Enrollment(enrollment) = &stored.record
                    && enrollment.org == org
                    && enrollment.sequence == sequence
                {
                    *standings.entry(Standing::of(enrollment)).or_default() += 1;
                }
            }
            Ok(standings.into_iter().collect())
        })
    }

    async fn tag_counts(&self, org: OrgId) -> Result<Vec<(String, u64)>, StorageError> {
        self.with(|state| {
            let mut counts: BTreeMap<String, u64> = BTreeMap::new();
            for stored in state.records.values() {
                if let Record::Contact(contact) = &stored.record
                    && contact.org == org
                    && contact.status != RecordStatus::Deleted
                {
                    for tag in contact.tags.keys() {
                        *counts.entry(tag.clone()).or_default() += 1;
                    }
                }
            }
            Ok(counts.into_iter().collect())
        })
    }

    async fn shared(&self, request: SharedRequest) -> Result<SharedPage, StorageError> {
        self.with(|state| state.shared_page(&request))
    }

    async fn commit(&self, changes: ChangeSet) -> Result<Committed, StorageError> {
        self.with(|state| {
            if changes.is_empty() {
                return Ok(Committed::default());
            }
            for expect in &changes.expect {
                state.check(expect)?;
            }
            let mut staged = state.clone();
            let mut committed = Committed::default();
            for op in changes.ops {
                staged.apply(op, &mut committed)?;
            }
            *state = staged;
            Ok(committed)
        })
    }

    async fn claim(&self, request: ClaimRequest) -> Result<Claimed, StorageError> {
        self.with(|state| {
            let mut staged = state.clone();
            let mut free: Vec<(u64, Dispatch)> = state
                .dispatches()
                .filter(|(_, row)| state.may_go(row, request.now))
                .map(|(version, row)| (version, row.clone()))
                .filter(|(_, row)| {
                    let mut trial = row.clone();
                    trial.lease(&request.worker, request.now, request.until)
                })
                .collect();
            free.sort_by_key(|(_, row)| (row.due(), row.id, row.org));
            let mut claimed = Claimed::default();
            let most = |sender: &(OrgId, AccountId)| {
                let of_a_second = state.rate(sender).map(|rate| rate.get() as usize);
                let left = request.left.get(sender).copied();
                left.into_iter().chain(of_a_second).min()
            };
            let (dealt, kept_back) = dealt(free, request.after, most);
            for (version, mut row) in dealt {
                if claimed.rows.len() < request.limit
                    && row.lease(&request.worker, request.now, request.until)
                {
                    staged.apply(Op::Update(row.clone().into(), version), &mut Committed::default())?;
                    let sender = (row.org, row.account);
                    claimed
                        .rates
                        .extend(state.rate(&sender).map(|rate| (sender, rate)));
                    claimed.rows.push(Stored {
                        record: row,
                        version: version + 1,
                    });
                }
            }
            claimed.kept_back = kept_back && claimed.rows.len() < request.limit;
            *state = staged;
            Ok(claimed)
        })
    }

    async fn copy_in(&self, portion: Portion) -> Result<(), StorageError> {
        self.with(|state| {
            for org in portion.orgs() {
                if state.records.contains_key(&Key::Org { org }) {
                    return Err(conflict(format!(
                        "organisation {org} is in the store already; what it has is not replaced"
                    )));
                }
            }
            let mut staged = state.clone();
            for stored in &portion.records {
                staged.records.remove(&stored.record.key());
            }
            for Stored { record, version } in portion.records {
                let key = record.key();
                if let Record::Dispatch(row) = &record {
                    staged.check_unique(row)?;
                }
                staged.records.insert(key, Arc::new(Stored { record, version }));
            }
            for (position, entry) in portion.entries {
                let entries = staged.journal.entry(entry.org).or_default();
                let entry = Arc::new(entry);
                match entries.binary_search_by_key(&position, |(at, _)| *at) {
                    Ok(place) => entries[place] = (position, entry),
                    Err(place) => entries.insert(place, (position, entry)),
                }
            }
            *state = staged;
            Ok(())
        })
    }

    async fn prune(&self, parked_before: DateTime<Utc>) -> Result<u64, StorageError> {
        self.with(|state| {
            let before = state.records.len();
            state.records.retain(
                |_, stored| !matches!(&stored.record, Record::Parked(parked) if parked.since < parked_before),
            );
            Ok(count(before - state.records.len()))
        })
    }

    async fn scrub(&self) -> Result<(), StorageError> {
        // What was removed is nowhere.
        self.with(|_| Ok(()))
    }

    async fn ping(&self) -> Result<(), StorageError> {
        self.with(|_| Ok(()))
    }

    async fn close(&self) -> Result<(), StorageError> {
        self.lock().take().map(|_| ()).ok_or_else(closed)
    }
}

/// All that is kept; a copy of it shares what neither has changed since.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) records: BTreeMap<Key, Arc<Stored>>,
    /// The entries of each organisation, by their positions, which begin at 1; copied ones may have gaps between them.
    pub(crate) journal: BTreeMap<OrgId, Vec<(u64, Arc<Entry>)>>,
}

impl State {
    fn version(&self, key: &Key) -> Option<u64> {
        self.records.get(key).map(|stored| stored.version)
    }

    fn dispatches(&self) -> impl Iterator<Item = (u64, &Dispatch)> {
        self.records.values().filter_map(|stored| match &stored.record {
            Record::Dispatch(row) => Some((stored.version, row)),
            _ => None,
        })
    }

    fn check(&self, expect: &Expect) -> Result<(), StorageError> {
        let (key, wanted) = match expect {
            Expect::Version(key, version) => (key, Some(*version)),
            Expect::Absent(key) => (key, None),
        };
        self.at(key, wanted)
    }

    /// Refuses unless the record under the key has this version; `None`: unless there is none.
    fn at(&self, key: &Key, wanted: Option<u64>) -> Result<(), StorageError> {
        let found = self.version(key);
        if found == wanted {
            return Ok(());
        }
        let told = |version: Option<u64>| version.map_or("absent".to_owned(), |v| format!("at version {v}"));
        Err(conflict(format!(
            "a {} record is {}, not {}; load it, decide and commit again",
            key.kind().as_str(),
            told(found),
            told(wanted),
        )))
    }

    fn apply(&mut self, op: Op, committed: &mut Committed) -> Result<(), StorageError> {
        match op {
            Op::Insert(record) => self.put(record, None),
            Op::Update(record, version) => self.put(record, Some(version)),
            Op::Remove(key, version) => {
                self.at(&key, Some(version))?;
                self.records.remove(&key);
                Ok(())
            }
            Op::Journal(entry) => {
                let entries = self.journal.entry(entry.org).or_default();
                let position = entries.last().map_or(0, |(last, _)| *last) + 1;
                entries.push((position, Arc::new(entry)));
                committed.position = Some(position);
                Ok(())
            }
            Op::Redact { position, entry } => {
                let entries = self.journal.entry(entry.org).or_default();
                match entries.binary_search_by_key(&position, |(at, _)| *at) {
                    Ok(place) => entries[place].1 = Arc::new(entry),
                    Err(_) => {
                        return Err(conflict(format!(
                            "the journal has no entry at position {position}"
                        )));
                    }
                }
                Ok(())
            }
            Op::RemoveConversations { org, contact } => {
                self.remove_conversations(org, contact);
                Ok(())
            }
            Op::RemoveMessages { org, conversation } => {
                self.records.retain(|_, stored| match &stored.record {
                    Record::Message(message) => message.org != org || message.conversation != conversation,
                    _ => true,
                });
                Ok(())
            }
            Op::SnapshotAudience(audience, seed) => {
                committed.enlisted += self.enlist(&audience, seed)?;
                Ok(())
            }
        }
    }

    fn put(&mut self, record: Record, replaces: Option<u64>) -> Result<(), StorageError> {
        let key = record.key();
        self.at(&key, replaces)?;
        if let Record::Dispatch(row) = &record {
            self.check_unique(row)?;
        }
        let version = replaces.unwrap_or(0) + 1;
        self.records.insert(key, Arc::new(Stored { record, version }));
        Ok(())
    }

    fn remove_conversations(&mut self, org: OrgId, contact: ContactId) {
        let threads: BTreeSet<ConversationId> = self
            .records
            .values()
            .filter_map(|stored| match &stored.record {
                Record::Conversation(thread) if thread.org == org && thread.contact == contact => {
                    Some(thread.id)
                }
                _ => None,
            })
            .collect();
        self.records.retain(|_, stored| match &stored.record {
            Record::Conversation(thread) => thread.org != org || !threads.contains(&thread.id),
            Record::Message(message) => message.org != org || !threads.contains(&message.conversation),
            _ => true,
        });
    }

    fn check_unique(&self, row: &Dispatch) -> Result<(), StorageError> {
        let Some(broadcast) = row.broadcast() else {
            return Ok(());
        };
        let same_address = |other: &Dispatch| {
            row.match_key.is_some() && other.account == row.account && other.match_key == row.match_key
        };
        let taken = self.dispatches().any(|(_, other)| {
            other.id != row.id
                && other.org == row.org
                && other.broadcast() == Some(broadcast)
                && (other.contact == row.contact || same_address(other))
        });
        if taken {
            return Err(conflict(format!(
                "broadcast {broadcast} already has a row for this contact or address"
            )));
        }
        Ok(())
    }

    fn enlist(&mut self, audience: &Audience, seed: u64) -> Result<u64, StorageError> {
        let org = audience.broadcast.org;
        let named: Vec<ContactId> = match &audience.who {
            Selection::Ids(ids) => ids.clone(),
            Selection::Filter(filter) => self.contacts_of(&Query::Contacts {
                org,
                filter: filter.clone(),
                order: None,
            }),
            Selection::Recipients(meant) => self.contacts_of(&Query::Dispatches {
                org,
                broadcast: meant.broadcast,
                recipients: meant.who.clone(),
            }),
        };
        let mut contacts = BTreeSet::new();
        for id in named {
            contacts.insert(led_to(id, |id| Ok::<_, StorageError>(self.merged_into(org, id)))?);
        }
        let mut ids = IdSource::new(audience.now, seed);
        let rows = contacts.iter().map(|who| {
            let contact = self.record::<Contact>(&Key::Contact { org, contact: *who });
            let slot = self.record::<Slot>(&Key::Slot { org, contact: *who });
            audience.enlist(ids.next(), *who, contact.as_ref(), slot.as_ref())
        });
        let rows: Vec<Dispatch> = rows.collect();
        let enlisted = count(rows.len());
        for row in rows {
            self.put(row.into(), None)?;
        }
        Ok(enlisted)
    }

    fn record<R: TryFrom<Record>>(&self, key: &Key) -> Option<R> {
        R::try_from(self.records.get(key)?.record.clone()).ok()
    }

    /// Whose the records are that a query finds.
    fn contacts_of(&self, query: &Query) -> Vec<ContactId> {
        let found = self.found(query).into_iter();
        let whose = found.filter_map(|stored| match &stored.record {
            Record::Contact(contact) => Some(contact.id),
            Record::Dispatch(row) => Some(row.contact),
            _ => None,
        });
        whose.collect()
    }

    /// What the contact of an id was merged into; nothing of one that is there.
    fn merged_into(&self, org: OrgId, contact: ContactId) -> Option<ContactId> {
        if self.records.contains_key(&Key::Contact { org, contact }) {
            return None;
        }
        let merged: Merged = self.record(&Key::Merged { org, contact })?;
        Some(merged.into)
    }

    /// How many messages a second a sender sends, if there is a limit.
    fn rate(&self, (org, account): &(OrgId, AccountId)) -> Option<NonZeroU32> {
        let key = Key::Account {
            org: *org,
            account: *account,
        };
        self.record::<Account>(&key)?.rate()
    }

    /// Whether the row's sender, and its broadcast or sequence, let it go out now.
    fn may_go(&self, row: &Dispatch, now: DateTime<Utc>) -> bool {
        let sender = self.records.get(&Key::Account {
            org: row.org,
            account: row.account,
        });
        let sendable =
            matches!(sender.map(|s| &s.record), Some(Record::Account(account)) if account.may_send(now));
        let runs = row.campaign().is_none_or(|campaign| self.runs(row.org, campaign));
        sendable && runs
    }

    /// Whether a broadcast is running, or a sequence active.
    fn runs(&self, org: OrgId, campaign: Campaign) -> bool {
        match campaign {
            Campaign::Broadcast(broadcast) => self
                .record(&Key::Broadcast { org, broadcast })
                .is_some_and(|found: Broadcast| matches!(found.state, BroadcastState::Running { .. })),
            Campaign::Sequence(sequence) => self
                .record(&Key::Sequence { org, sequence })
                .is_some_and(|found: Sequence| found.state.is_active()),
        }
    }
}

/// Rows in the order in which organisations take turns, and the lanes of each; given by due time and id. No sender has
/// more than its most; whether any row stays for that.
fn dealt(
    rows: Vec<(u64, Dispatch)>,
    after: Option<OrgId>,
    most: impl Fn(&(OrgId, AccountId)) -> Option<usize>,
) -> (Vec<(u64, Dispatch)>, bool) {
    let mut lanes: BTreeMap<_, usize> = BTreeMap::new();
    let mut rounds: Vec<_> = rows
        .into_iter()
        .map(|(version, row)| {
            let round = lanes.entry((row.org, row.account, row.campaign())).or_default();
            *round += 1;
            (*round, version, row)
        })
        .collect();
    rounds.sort_by_key(|(round, ..)| *round);
    let mut by_sender: BTreeMap<_, usize> = BTreeMap::new();
    let all = rounds.len();
    rounds.retain(|(_, _, row)| {
        let sender = (row.org, row.account);
        let given = by_sender.entry(sender).or_default();
        *given += 1;
        most(&sender).is_none_or(|most| *given <= most)
    });
    let kept_back = rounds.len() < all;
    let mut given: BTreeMap<OrgId, usize> = BTreeMap::new();
    let mut turns: Vec<_> = rounds
        .into_iter()
        .map(|(_, version, row)| {
            let turn = given.entry(row.org).or_default();
            *turn += 1;
            (
                (*turn, after.is_some_and(|after| row.org <= after), row.org),
                version,
                row,
            )
        })
        .collect();
    turns.sort_by_key(|(place, ..)| *place);
    let turns = turns.into_iter().map(|(_, version, row)| (version, row));
    (turns.collect(), kept_back)
}

fn conflict(message: String) -> StorageError {
    StorageError::new(StorageErrorKind::Conflict, message)
}

fn closed() -> StorageError {
    StorageError::new(StorageErrorKind::Closed, "the store was closed; open another one")
}

pub(crate) fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
