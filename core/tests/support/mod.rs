//! A store in a map, and the loop that loads, decides and applies.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use tertulia_core::attributes::Attribute;
use tertulia_core::contact::Contact;
use tertulia_core::context::{Context, OrgContext};
use tertulia_core::decide::reactions;
use tertulia_core::error::Error;
use tertulia_core::ids::{IdSource, OrgId};
use tertulia_core::journal::{Actor, Entry};
use tertulia_core::ledger::{Dispatch, DispatchState};
use tertulia_core::record::{Key, Op, Org, Record, Stored};
use tertulia_core::settings::Settings;
use tertulia_core::suppression::SuppressionKey;
use tertulia_core::working_set::{Lookup, Step, Stop, WorkingSet};
use uuid::Uuid;

pub(crate) const ORG: OrgId = OrgId(Uuid::from_u128(1));

/// So many seconds after the tests' beginning of time.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) org: OrgContext,
    pub(crate) now: DateTime<Utc>,
    pub(crate) journal: Vec<Entry>,
    /// How often the last decision stopped to load.
    pub(crate) rounds: usize,
    records: HashMap<Key, Stored>,
    seed: u64,
}

impl World {
    pub(crate) fn new(settings: Settings) -> Self {
        let org = Org {
            id: ORG,
            settings,
            rules_epoch: 0,
            suppression_key: SuppressionKey::new([7; 32]),
            host_key: None,
            routing: Vec::new(),
            watches: Vec::new(),
        };
        Self {
            org: OrgContext::new(org, 1, Vec::new(), None).unwrap(),
            now: at(0),
            journal: Vec::new(),
            rounds: 0,
            records: HashMap::new(),
            seed: 0,
        }
    }

    /// Stores records as they are.
    pub(crate) fn insert(&mut self, record: impl Into<Record>) {
        let record = record.into();
        self.records.insert(record.key(), Stored { record, version: 1 });
    }

    pub(crate) fn get<R: TryFrom<Record>>(&self, key: &Key) -> Option<R> {
        R::try_from(self.records.get(key)?.record.clone()).ok()
    }

    pub(crate) fn all<R: TryFrom<Record>>(&self) -> Vec<R> {
        let records: BTreeMap<&Key, &Stored> = self.records.iter().collect();
        let records = records.values();
        records
            .filter_map(|stored| R::try_from(stored.record.clone()).ok())
            .collect()
    }

    pub(crate) fn contacts(&self) -> Vec<Contact> {
        self.all()
    }

    pub(crate) fn attributes(&self) -> Vec<Attribute> {
        self.all()
    }

    /// Loads, decides, and applies what was decided.
    pub(crate) fn decide<T>(
        &mut self,
        decision: impl Fn(&mut WorkingSet, &mut Context<'_>) -> Step<T>,
    ) -> Result<T, Error> {
        self.seed += 1;
        self.rounds = 0;
        let mut set = WorkingSet::new();
        loop {
            let mut ctx = Context {
                now: self.now,
                org: &self.org,
                actor: Actor::System("tests".to_owned()),
                bulk: true,
                turn: None,
                ids: IdSource::new(self.now, self.seed),
            };
            set.begin();
            let decided = decision(&mut set, &mut ctx);
            match decided.and_then(|done| reactions::follow(&mut set, &mut ctx).map(|()| done)) {
                Ok(done) => {
                    self.apply(set);
                    return Ok(done);
                }
                Err(Stop::Refused(error)) => return Err(error),
                Err(Stop::Load) => {
                    set.roll_back();
                    self.rounds += 1;
                    for key in set.wanted() {
                        let stored = self.records.get(&key).cloned();
                        set.loaded(key, stored);
                    }
                    for lookup in set.wanted_lists() {
                        let found = self.find(&lookup);
                        set.loaded_list(lookup, found);
                    }
                }
            }
        }
    }

    fn find(&self, lookup: &Lookup) -> Vec<Stored> {
        let Lookup::OpenDispatches { contact: wanted, .. } = lookup else {
            unreachable!("an import asks for nothing else")
        };
        let open = |record: &Record| {
            let Ok(Dispatch { contact, state, .. }) = Dispatch::try_from(record.clone()) else {
                return false;
            };
            contact == *wanted && matches!(state, DispatchState::Pending | DispatchState::Leased { .. })
        };
        let all = self.records.values();
        all.filter(|stored| open(&stored.record)).cloned().collect()
    }

    fn apply(&mut self, set: WorkingSet) {
        for op in set.into_changes().ops {
            match op {
                Op::Insert(record) => {
                    let before = self.records.insert(record.key(), Stored { record, version: 1 });
                    assert!(before.is_none(), "{before:?} was there already");
                }
                Op::Update(record, version) => {
                    let stored = self.records.get_mut(&record.key()).unwrap();
                    assert_eq!(stored.version, version);
                    *stored = Stored {
                        record,
                        version: version + 1,
                    };
                }
                Op::Remove(key, version) => assert_eq!(self.records.remove(&key).unwrap().version, version),
                Op::Journal(entry) => self.journal.push(entry),
                Op::Redact { .. }
                | Op::SnapshotAudience(..)
                | Op::RemoveConversations { .. }
                | Op::RemoveMessages { .. } => {
                    unreachable!("no test here launches a broadcast or deletes a contact")
                }
            }
        }
    }
}
