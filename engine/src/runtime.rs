//! The one way that data flows: load, decide, commit; and again if somebody else was faster.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::Either;
use tertulia_core::context::{Context, OrgContext};
use tertulia_core::decide::{access, reactions};
use tertulia_core::error::{Code, Error};
use tertulia_core::ids::{IdSource, OrgId};
use tertulia_core::inbox::{ConversationFilter, ConversationOrder};
use tertulia_core::journal::Actor;
use tertulia_core::record::{Key, Org, OrgRule, Record, RecordKind, Stored};
use tertulia_core::roles::Call;
use tertulia_core::suppression::HostKey;
use tertulia_core::turn::{AT_ONCE, InTurn};
use tertulia_core::working_set::{Lookup, Step, Stop, WorkingSet};
use tertulia_storage_traits::{JournalPage, JournalRequest, Page, PageRequest, Query, Storage};
use tokio::sync::RwLock;
use tokio::task::JoinError;

use crate::clock::Clock;
use crate::error::from_storage;
use crate::walk::Records;

/// How often a decision is made when its commits lose against other processes'.
const TRIES: u32 = 100;

/// How many times a decision may stop for records before that counts as a fault of the decision.
const LOADS: u32 = 64;

/// The most records that a lookup or a listing inside the engine asks for at once.
pub(crate) const BATCH: usize = 2_000;

/// Who makes a decision, and by which call: a member of the team makes those that their role allows. Without a call it
/// follows from what is decided already.
#[derive(Debug, Clone, Copy)]
pub(crate) struct By<'a> {
    pub(crate) actor: &'a Actor,
    pub(crate) call: Option<Call>,
    /// The turn that a handler makes it in.
    pub(crate) turn: Option<InTurn>,
}

impl<'a> From<&'a Actor> for By<'a> {
    fn from(actor: &'a Actor) -> Self {
        Self {
            actor,
            call: None,
            turn: None,
        }
    }
}

/// Storage, time and chance, and the organisations made ready.
#[derive(Debug)]
pub(crate) struct Runtime {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) host_key: Option<HostKey>,
    random: Mutex<fastrand::Rng>,
    orgs: Mutex<HashMap<OrgId, Arc<OrgContext>>>,
    /// Of each organisation, what decisions side by side share, and one that lost has to itself.
    sides: Mutex<HashMap<OrgId, Arc<RwLock<()>>>>,
}

impl Runtime {
    pub(crate) fn new(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>, host_key: Option<HostKey>) -> Self {
        Self {
            storage,
            clock,
            host_key,
            random: Mutex::new(fastrand::Rng::new()),
            orgs: Mutex::new(HashMap::new()),
            sides: Mutex::new(HashMap::new()),
        }
    }

    /// 64 random bits.
    pub(crate) fn random(&self) -> u64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).u64(..)
    }

    /// The organisation, made ready: as last seen. A commit that relies on an older version than the store's fails.
    pub(crate) async fn org(&self, id: OrgId) -> Result<Arc<OrgContext>, Error> {
        let known = self
            .orgs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .cloned();
        match known {
            Some(known) => Ok(known),
            None => self.fresh_org(id).await,
        }
    }

    /// The organisation, made ready afresh if the store's version is another one.
    pub(crate) async fn fresh_org(&self, id: OrgId) -> Result<Arc<OrgContext>, Error> {
        let stored = self.stored_org(id).await?;
        self.ready_org(id, stored).await
    }

    async fn stored_org(&self, id: OrgId) -> Result<Option<Stored>, Error> {
        let key = Key::Org { org: id };
        let mut found = self.storage.load(vec![key]).await.map_err(from_storage)?;
        Ok(found.pop().flatten())
    }

    /// The organisation, made ready, of which the store has just had this.
    pub(crate) async fn ready_org(
        &self,
        id: OrgId,
        mut stored: Option<Stored>,
    ) -> Result<Arc<OrgContext>, Error> {
        loop {
            let Some(Stored { record, version }) = stored else {
                return Err(Error::new(
                    Code::OrgNotFound,
                    format!("there is no organisation {id}"),
                ));
            };
            let known = self
                .orgs
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get(&id)
                .cloned();
            if let Some(known) = known.filter(|known| known.version == version) {
                return Ok(known);
            }
            let Ok(org) = Org::try_from(record) else {
                return Err(Error::new(
                    Code::StorageCorrupt,
                    format!("the record of organisation {id} is another one"),
                ));
            };
            if let Some(key) = &self.host_key
                && !org.host_key.as_ref().is_some_and(|keyed| keyed.done)
            {
                self.take_host_key(org, version, key).await?;
                stored = self.stored_org(id).await?;
                continue;
            }
            let rules = self
                .all(Query::Records {
                    org: Some(id),
                    kind: RecordKind::Rule,
                })
                .await?;
            stored = self.stored_org(id).await?;
            if stored.as_ref().is_none_or(|again| again.version != version) {
                continue;
            }
            let rules = rules
                .into_iter()
                .filter_map(|rule| OrgRule::try_from(rule).ok())
                .collect();
            let ready = Arc::new(OrgContext::new(org, version, rules, self.host_key.as_ref())?);
            self.orgs
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(id, Arc::clone(&ready));
            return Ok(ready);
        }
    }

    /// One page of a query.
    pub(crate) async fn page(&self, request: PageRequest) -> Result<Page, Error> {
        self.storage.page(request).await.map_err(from_storage)
    }

    /// One page of the journal.
    pub(crate) async fn journal(&self, request: JournalRequest) -> Result<JournalPage, Error> {
        self.storage.journal(request).await.map_err(from_storage)
    }

    /// All records of a query that is known to be short.
    pub(crate) async fn all(&self, query: Query) -> Result<Vec<Record>, Error> {
        let found = self.all_stored(query).await?;
        Ok(found.into_iter().map(|stored| stored.record).collect())
    }

    /// The same, with their versions.
    pub(crate) async fn all_stored(&self, query: Query) -> Result<Vec<Stored>, Error> {
        let (mut all, mut records) = (Records::found(query), Vec::new());
        while let Some(found) = all.next(self).await? {
            records.extend(found);
        }
        Ok(records)
    }

    /// The record under a key.
    pub(crate) async fn get<R: TryFrom<Record>>(&self, key: Key) -> Result<Option<R>, Error> {
        let mut found = self.storage.load(vec![key]).await.map_err(from_storage)?;
        Ok(found
            .pop()
            .flatten()
            .and_then(|stored| R::try_from(stored.record).ok()))
    }

    /// One decision: run until it has what it needs, committed, and made again if others were faster.
    pub(crate) async fn decide<R>(
        &self,
        org: OrgId,
        by: impl Into<By<'_>>,
        mut decision: impl FnMut(&mut WorkingSet, &mut Context<'_>) -> Step<R>,
    ) -> Result<R, Error> {
        let one = |set: &mut WorkingSet, ctx: &mut Context<'_>, (): &()| decision(set, ctx);
        let mut decided = self.decide_all(org, by, &[()], one, |_, _, (), _| ()).await?;
        decided
            .pop()
            .unwrap_or_else(|| Err(Error::new(Code::StorageConflict, "nothing was decided")))
    }

    fn side(&self, org: OrgId) -> Arc<RwLock<()>> {
        let mut sides = self.sides.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(sides.entry(org).or_default())
    }

    /// Several decisions in sequence, one commit. One that is refused changes nothing, and `refused` may record it. If the
    /// call itself is refused, none is made, and that is journaled.
    pub(crate) async fn decide_all<I, R>(
        &self,
        org: OrgId,
        by: impl Into<By<'_>>,
        items: &[I],
        mut decision: impl FnMut(&mut WorkingSet, &mut Context<'_>, &I) -> Step<R>,
        mut refused: impl FnMut(&mut WorkingSet, &mut Context<'_>, &I, &Error),
    ) -> Result<Vec<Result<R, Error>>, Error> {
        let by = by.into();
        let mut decision = |set: &mut WorkingSet, ctx: &mut Context<'_>, item: &I| {
            let decided = decision(set, ctx, item)?;
            reactions::follow(set, ctx).map(|()| decided)
        };
        let side = self.side(org);
        for attempt in 0..TRIES {
            // Who lost goes next and alone: however many want the same record, each has their turn, in order.
            let turn = match attempt {
                0 => Either::Left(side.read().await),
                _ => Either::Right(side.write().await),
            };
            let ready = if attempt == 0 {
                self.org(org).await?
            } else {
                self.fresh_org(org).await?
            };
            let now = self.clock.now();
            let context = || Context {
                now,
                org: &ready,
                actor: by.actor.clone(),
                bulk: by.call.is_some_and(Call::is_bulk),
                turn: by.turn,
                ids: IdSource::new(now, self.random()),
            };
            let mut set = WorkingSet::new();
            let refusal = match by.call {
                Some(call) => self.admit(&mut set, &mut context(), call).await?.err(),
                None => None,
            };
            let items = if refusal.is_none() { items } else { &[] };
            // What they stop for is loaded for all of them together: each is tried, and what it would write undone.
            let mut stopped: Vec<&I> = items.iter().filter(|_| items.len() > 1).collect();
            for _ in 0..LOADS {
                stopped.retain(|item| {
                    set.begin();
                    let tried = decision(&mut set, &mut context(), item);
                    set.roll_back();
                    matches!(tried, Err(Stop::Load))
                });
                if stopped.is_empty() {
                    break;
                }
                self.load(&mut set).await?;
            }
            let mut results = Vec::with_capacity(items.len());
            for item in items {
                let mut ctx = context();
                match self
                    .run(&mut set, &mut ctx, |set, ctx| decision(set, ctx, item))
                    .await?
                {
                    Ok(value) => results.push(Ok(value)),
                    Err(error) => {
                        refused(&mut set, &mut ctx, item, &error);
                        results.push(Err(error));
                    }
                }
            }
            let results = refusal.map_or(Ok(results), Err);
            let mut changes = set.into_changes();
            if changes.is_empty() {
                return results;
            }
            changes.expect.push(ready.expectation());
            match self.storage.commit(changes).await {
                Ok(_) => return results,
                Err(error) if error.is_conflict() => {
                    tracing::debug!(attempt, "a commit lost against another one");
                    drop(turn);
                    // Who lost though alone here lost against another process.
                    if attempt > 0 {
                        self.pause(attempt).await;
                    }
                }
                Err(error) => return Err(from_storage(error)),
            }
        }
        Err(Error::new(
            Code::StorageConflict,
            format!("the commit lost {TRIES} times against others"),
        ))
    }

    /// Whether the call may be made, first of all in the set that it is decided in; if not, the set holds the journal's
    /// word of it and nothing else.
    async fn admit(
        &self,
        set: &mut WorkingSet,
        ctx: &mut Context<'_>,
        call: Call,
    ) -> Result<Result<(), Error>, Error> {
        let checked = self
            .run(set, ctx, |set, ctx| access::check(set, ctx, call))
            .await?;
        if checked.is_err() {
            self.run(set, ctx, |set, ctx| access::refuse(set, ctx, call))
                .await??;
        }
        Ok(checked)
    }

    /// One decision over a set that is never committed: later ones over the same set see what it wrote, and load anew what
    /// it only read.
    pub(crate) async fn rehearse<R>(
        &self,
        org: OrgId,
        actor: &Actor,
        set: &mut WorkingSet,
        decision: impl FnMut(&mut WorkingSet, &mut Context<'_>) -> Step<R>,
    ) -> Result<R, Error> {
        let ready = self.org(org).await?;
        let now = self.clock.now();
        let ids = IdSource::new(now, self.random());
        let mut ctx = Context {
            now,
            org: &ready,
            actor: actor.clone(),
            bulk: false,
            turn: None,
            ids,
        };
        let decided = self.run(set, &mut ctx, decision).await?;
        set.forget_read();
        decided
    }

    /// One decision over a set, loading what it stops for; the inner error is a refusal.
    async fn run<R>(
        &self,
        set: &mut WorkingSet,
        ctx: &mut Context<'_>,
        mut decision: impl FnMut(&mut WorkingSet, &mut Context<'_>) -> Step<R>,
    ) -> Result<Result<R, Error>, Error> {
        let ids = ctx.ids.clone();
        for _ in 0..LOADS {
            set.begin();
            ctx.ids = ids.clone();
            match decision(set, ctx) {
                Ok(value) => return Ok(Ok(value)),
                Err(Stop::Refused(error)) => {
                    set.roll_back();
                    set.begin();
                    return Ok(Err(error));
                }
                Err(Stop::Load) => {
                    set.roll_back();
                    self.load(set).await?;
                }
            }
        }
        Err(Error::new(
            Code::StorageCorrupt,
            "a decision asks for records without end",
        ))
    }

    async fn load(&self, set: &mut WorkingSet) -> Result<(), Error> {
        let keys = set.wanted();
        if !keys.is_empty() {
            let found = self.storage.load(keys.clone()).await.map_err(from_storage)?;
            for (key, stored) in keys.into_iter().zip(found) {
                set.loaded(key, stored);
            }
        }
        for lookup in set.wanted_lists() {
            let query = match lookup {
                Lookup::OpenDispatches { org, contact } => Query::OpenDispatches { org, contact },
                Lookup::Conversations { org, contact } => Query::Conversations {
                    org,
                    filter: ConversationFilter::of(contact),
                    order: ConversationOrder::Id,
                },
                Lookup::Recipients {
                    org,
                    broadcast,
                    ref contacts,
                } => Query::Recipients {
                    org,
                    broadcast,
                    contacts: contacts.clone(),
                },
                Lookup::LastMessages { org, conversation } => {
                    let messages = Query::Messages { org, conversation };
                    let last = PageRequest {
                        backwards: true,
                        ..PageRequest::first(messages, AT_ONCE)
                    };
                    let found = self.page(last).await?.records;
                    set.loaded_list(lookup, found);
                    continue;
                }
                Lookup::Members { org } => Query::Records {
                    org: Some(org),
                    kind: RecordKind::Member,
                },
                Lookup::Accounts { org } => Query::Records {
                    org: Some(org),
                    kind: RecordKind::Account,
                },
                Lookup::Seals { org, ref positions } => Query::Seals {
                    org,
                    positions: positions.clone(),
                },
                Lookup::Notes { org, contact } => Query::Notes {
                    org,
                    contacts: vec![contact],
                },
            };
            let found = self.all_stored(query).await?;
            set.loaded_list(lookup, found);
        }
        Ok(())
    }

    /// Lets the faster ones through: a random pause that grows.
    async fn pause(&self, attempt: u32) {
        let most = 2_u64 << attempt.min(7);
        let time = Duration::from_millis(self.random() % most);
        self.clock.pause(time).await;
    }
}

/// Runs changing work to its end even if nobody waits for it any more: dropping a call's future lets go of the
/// answer, not of the work.
pub(crate) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    ended(tokio::spawn(work).await)?
}

/// What a task of the library's own came to. Its panic goes on here.
pub(crate) fn ended<T>(task: Result<T, JoinError>) -> Result<T, Error> {
    task.map_err(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(cancelled) => {
            Error::new(Code::StorageClosed, "the runtime was shut down meanwhile").because(cancelled)
        }
    })
}
