//! Random sequences of calls, answered alike by a store and by the model.

use std::sync::Arc;

use tertulia_core::broadcast::Audience;
use tertulia_core::ids::OrgId;
use tertulia_core::journal::{EntryFilter, EntryKind};
use tertulia_core::ledger::{Campaign, StateName};
use tertulia_core::record::{ChangeSet, Expect, Key, Op, RecordKind, Stored};

use super::audiences::audience;
use super::claims::account;
use super::generate::{Generator, epoch};
use super::support::{Bench, Everything, feed, id, sequence_id, sharing};
use crate::{ClaimRequest, JournalRequest, JournalView, Query, SharedRequest, Storage};

/// Makes this many random calls on two new stores, and panics where they answer differently: commits that win or conflict,
/// claims, pages, counts, tallies, journals, and in the end everything they have. The seed of a failure is printed.
pub async fn random_ops(seed: u64, steps: usize, store: Arc<dyn Storage>, model: Arc<dyn Storage>) {
    let mut replay = Replay { seed, step: 0 };
    let mut run = Run::new(Generator::new(seed, 4), store, model);
    for step in 0..steps {
        replay.step = step;
        run.step().await;
        if step % 50 == 49 {
            run.compare().await;
        }
    }
    run.compare().await;
}

/// Says on a panic how to get there again.
struct Replay {
    seed: u64,
    step: usize,
}

impl Drop for Replay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("random_ops failed with seed {} at step {}", self.seed, self.step);
        }
    }
}

/// Two stores that are to answer alike.
pub(super) struct Run {
    make: Generator,
    pub(super) store: Bench,
    pub(super) model: Bench,
}

impl Run {
    pub(super) fn new(make: Generator, store: Arc<dyn Storage>, model: Arc<dyn Storage>) -> Self {
        Self {
            make,
            store: Bench::over(store),
            model: Bench::over(model),
        }
    }

    /// One random call of both.
    pub(super) async fn step(&mut self) {
        match self.make.below(20) {
            0..=13 => self.commit().await,
            14 | 15 => self.claim().await,
            16 if self.make.once_in(5) => self.prune().await,
            _ => self.ask().await,
        }
    }

    /// What is committed next.
    async fn changes(&mut self) -> ChangeSet {
        let known: Vec<Stored> = self.model.everything().await.records.into_values().collect();
        let mut changes = ChangeSet::default();
        if self.make.once_in(4) {
            changes.expect.push(self.expectation(&known));
        }
        for _ in 0..=self.make.below(3) {
            let op = self.op(&known);
            changes.ops.push(op);
        }
        changes
    }

    /// One random commit to the model alone; one that conflicts changes nothing.
    pub(super) async fn fill(&mut self) {
        let changes = self.changes().await;
        match self.model.store.commit(changes).await {
            Err(error) if !error.is_conflict() => panic!("the commit should succeed: {error}"),
            _ => {}
        }
    }

    async fn commit(&mut self) {
        let changes = self.changes().await;
        let ours = self.store.store.commit(changes.clone()).await;
        let model = self.model.store.commit(changes.clone()).await;
        match (ours, model) {
            (Ok(ours), Ok(model)) => {
                assert_eq!(ours.enlisted, model.enlisted, "{changes:#?}");
                assert_eq!(ours.position.is_some(), model.position.is_some(), "{changes:#?}");
            }
            (Err(ours), Err(model)) => assert_eq!(ours.kind, model.kind, "{ours}: {changes:#?}"),
            (ours, model) => panic!("the store says {ours:?}, the model {model:?}: {changes:#?}"),
        }
    }

    fn expectation(&mut self, known: &[Stored]) -> Expect {
        if known.is_empty() || self.make.once_in(3) {
            let kind = self.make.one_of(RecordKind::ALL);
            return Expect::Absent(self.make.key(kind));
        }
        let stored = &known[self.make.below(known.len())];
        let off_by = u64::from(self.make.once_in(6));
        Expect::Version(stored.record.key(), stored.version + off_by)
    }

    fn op(&mut self, known: &[Stored]) -> Op {
        let choice = self.make.below(14);
        let stored = (!known.is_empty()).then(|| known[self.make.below(known.len())].clone());
        match (choice, stored) {
            (0, _) => {
                let org = self.org();
                Op::Journal(self.make.entry(org))
            }
            (1, _) => {
                let audience = self.audience();
                Op::SnapshotAudience(Box::new(audience), self.make.seed())
            }
            (12, _) => Op::RemoveConversations {
                org: self.org(),
                contact: self.make.pooled(),
            },
            (13, _) => Op::RemoveMessages {
                org: self.org(),
                conversation: self.make.pooled(),
            },
            (2, Some(stored)) => Op::Remove(stored.record.key(), self.version(&stored)),
            (3..=6, Some(stored)) => {
                let record = self.make.record(&stored.record.key());
                Op::Update(record, self.version(&stored))
            }
            _ => {
                let key = self.key();
                Op::Insert(self.make.record(&key))
            }
        }
    }

    /// The version that is stored, or now and then another.
    fn version(&mut self, stored: &Stored) -> u64 {
        stored.version + u64::from(self.make.once_in(10))
    }

    fn org(&mut self) -> OrgId {
        let orgs = self.make.orgs();
        self.make.one_of(&orgs)
    }

    /// A key of any kind, of those that a claim depends on more often. The ids of ledger rows are never those of another
    /// organisation, so that orders over all organisations are told apart by them.
    fn key(&mut self) -> Key {
        let kind = match self.make.below(4) {
            0 => self.make.one_of(&[
                RecordKind::Dispatch,
                RecordKind::Contact,
                RecordKind::Broadcast,
                RecordKind::Sequence,
                RecordKind::Enrollment,
                RecordKind::Account,
                RecordKind::Slot,
            ]),
            _ => self.make.one_of(RecordKind::ALL),
        };
        match self.make.key(kind) {
            Key::Dispatch { org, .. } => Key::Dispatch {
                org,
                dispatch: self.make.fresh(),
            },
            key => key,
        }
    }

    fn audience(&mut self) -> Audience {
        let org = self.org();
        let who = self.make.selection();
        let mut audience = audience(&mut self.make, org, who);
        audience.broadcast.id = self.make.pooled();
        audience.account = account(org, self.make.pooled());
        audience
    }

    async fn claim(&mut self) {
        let now = epoch() + self.make.seconds(90);
        let request = ClaimRequest {
            worker: self.make.text(),
            now,
            until: now + self.make.seconds(30),
            after: Some(self.org()).filter(|_| self.make.once_in(2)),
            limit: self.make.below(6),
            left: self
                .make
                .some(2, |make| ((make.pooled(), make.pooled()), make.below(3)))
                .into_iter()
                .collect(),
        };
        let ours = self.store.store.claim(request.clone()).await.unwrap();
        let model = self.model.store.claim(request.clone()).await.unwrap();
        assert_eq!(ours, model, "{request:?}");
    }

    async fn prune(&mut self) {
        let before = self.make.time();
        let ours = self.store.store.prune(before).await.unwrap();
        let model = self.model.store.prune(before).await.unwrap();
        assert_eq!(ours, model, "prune({before})");
    }

    /// Asks both stores something.
    pub(super) async fn ask(&mut self) {
        for _ in 0..4 {
            let query = self.query();
            let (limit, backwards) = (1 + self.make.below(7), self.make.once_in(2));
            let mut ours = self.store.all(query.clone(), limit, backwards).await;
            let mut model = self.model.all(query.clone(), limit, backwards).await;
            if matches!(query, Query::Records { .. }) {
                // Kinds of address and channels sort as each store likes.
                ours.sort_by_key(|stored| stored.record.key());
                model.sort_by_key(|stored| stored.record.key());
            }
            assert_eq!(ours, model, "{query:?}, backwards: {backwards}");
            let counted = self.store.store.count(query.clone()).await.unwrap();
            assert_eq!(counted, model.len() as u64, "count of {query:?}");
        }
        let view = match self.make.below(3) {
            0 => JournalView::Feed,
            1 => JournalView::Audit,
            _ => JournalView::Timeline(self.make.some(3, Generator::pooled)),
        };
        let filter = self.entry_filter();
        let request = JournalRequest {
            view,
            filter,
            after: self.make.below(20) as u64,
            backwards: self.make.once_in(2),
            ..feed(self.org())
        };
        let limit = 1 + self.make.below(7);
        let ours = self.store.read(request.clone(), limit).await;
        let model = self.model.read(request.clone(), limit).await;
        let ours: Vec<_> = ours.into_iter().map(|(_, entry)| entry).collect();
        let model: Vec<_> = model.into_iter().map(|(_, entry)| entry).collect();
        assert_eq!(ours, model, "{request:?}");
    }

    fn entry_filter(&mut self) -> EntryFilter {
        let kinds = match self.make.below(3) {
            0 => (0..5).map(|_| self.make.one_of(EntryKind::ALL)).collect(),
            _ => Vec::new(),
        };
        EntryFilter {
            kinds,
            actor: Some(self.make.actor()).filter(|_| self.make.once_in(3)),
            contacts: match self.make.below(3) {
                0 => self.make.some(3, Generator::pooled),
                _ => Vec::new(),
            },
            from: Some(self.make.time()).filter(|_| self.make.once_in(4)),
            until: Some(self.make.time()).filter(|_| self.make.once_in(4)),
        }
    }

    fn query(&mut self) -> Query {
        let org = self.org();
        match self.make.below(17) {
            0 => Query::Records {
                org: Some(org).filter(|_| self.make.once_in(2)),
                kind: self.make.one_of(RecordKind::ALL),
            },
            1 => Query::Contacts {
                org,
                filter: self.make.filter(3),
                order: self.make.contact_order(),
            },
            2 => Query::Messages {
                org,
                conversation: self.make.pooled(),
            },
            3 => Query::Conversations {
                org,
                filter: self.make.conversation_filter(),
                order: self.make.conversation_order(),
            },
            4 => Query::Dispatches {
                org,
                broadcast: self.make.pooled(),
                recipients: self.make.recipients(),
            },
            5 => Query::OpenDispatches {
                org,
                contact: self.make.pooled(),
            },
            6 => Query::Recipients {
                org,
                broadcast: self.make.pooled(),
                contacts: self.make.some(3, Generator::pooled),
            },
            7 => Query::Due {
                state: self.make.one_of(&[StateName::Sending, StateName::Unknown]),
                by: self.make.time() + self.make.seconds(200),
            },
            8 => Query::Seals {
                org,
                positions: self.make.some(3, |make| make.below(30) as u64),
            },
            9 => Query::OpenErasures,
            10 => Query::DueTurns {
                handler: self.make.handler().name,
                by: self.make.time(),
            },
            11 => Query::DueBroadcasts { by: self.make.time() },
            12 => Query::Enrollments {
                org,
                sequence: self.make.sequence_id(),
                filter: self.make.enrollment_filter(),
            },
            13 => Query::EnrollmentsOf {
                org,
                contacts: self.make.some(3, Generator::pooled),
            },
            14 => Query::DueSequences { by: self.make.time() },
            15 => Query::DueEnrollments {
                org,
                sequence: self.make.sequence_id(),
                by: self.make.time(),
            },
            _ => Query::RunningBroadcasts,
        }
    }

    /// Compares all that the stores have, and all that they count.
    pub(super) async fn compare(&mut self) {
        let model: Everything = self.model.everything().await;
        assert_eq!(self.store.everything().await, model);
        let keys: Vec<Key> = model.records.keys().cloned().collect();
        let loaded = self.store.store.load(keys).await.unwrap();
        assert!(loaded.iter().flatten().eq(model.records.values()), "load");
        for org in self.make.orgs() {
            let mut ours = self.store.store.tag_counts(org).await.unwrap();
            let mut model = self.model.store.tag_counts(org).await.unwrap();
            ours.sort();
            model.sort();
            assert_eq!(ours, model, "tag_counts");
            let (limit, most) = (1 + self.make.below(7), 2 + self.make.below(3));
            let request = SharedRequest {
                backwards: self.make.once_in(2),
                most,
                ..sharing(org)
            };
            let ours = self.store.shared(request.clone(), limit).await;
            let model = self.model.shared(request.clone(), limit).await;
            assert_eq!(ours, model, "{request:?}");
            for number in 1..=4 {
                let sequence = sequence_id(number);
                for campaign in [Campaign::Broadcast(id(number)), Campaign::Sequence(sequence)] {
                    let mut ours = self.store.store.tally(org, campaign).await.unwrap();
                    let mut model = self.model.store.tally(org, campaign).await.unwrap();
                    ours.sort();
                    model.sort();
                    assert_eq!(ours, model, "tally of {campaign:?}");
                }
                let mut ours = self.store.store.standings(org, sequence).await.unwrap();
                let mut model = self.model.store.standings(org, sequence).await.unwrap();
                ours.sort();
                model.sort();
                assert_eq!(ours, model, "standings of {sequence}");
            }
        }
    }
}
