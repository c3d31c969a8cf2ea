//! What is due: rows of the ledger to send, attempts to give up on, broadcasts to finish; and beside them handlers' turns.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tertulia_core::account::Account;
use tertulia_core::broadcast::{Broadcast, BroadcastState, RecipientFilter};
use tertulia_core::decide::sending::{Begun, Flight};
use tertulia_core::decide::{broadcasts, enrollments, sending};
use tertulia_core::error::Error;
use tertulia_core::ids::{AttemptId, BroadcastId, DispatchId, EnrollmentId, OrgId};
use tertulia_core::journal::Actor;
use tertulia_core::ledger::{Dispatch, DispatchState, LEASE, Outcome, SEND_WINDOW, StateName};
use tertulia_core::record::{Key, Stored};
use tertulia_core::retry::{Failure, FailureClass};
use tertulia_core::sequence::{Enrollment, Sequence};
use tertulia_storage_traits::{ClaimRequest, PageRequest, Query};
use tertulia_transport_traits::{Outgoing, SenderRef, Transport};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::crm::{Crm, Inner, sender_with};
use crate::error::from_storage;
use crate::rates::Sender;
use crate::runtime::{BATCH, ended, to_the_end};

/// How long evidence waits for its message.
const PARKED_DAYS: i64 = 31;

/// How long a worker rests when nothing was due.
pub(crate) const REST: TimeDelta = TimeDelta::seconds(1);

/// How long a few free places wait for more.
const SOON: TimeDelta = TimeDelta::milliseconds(50);

/// How many rows are claimed, begun and landed together at most, each in one commit.
const TOGETHER: usize = 16;

/// With how many contacts of a sequence a worker goes on in one commit.
const STEPS: usize = 256;

/// How many rows of one sender are under way at most: if its platform hangs, the other places are left for others.
const OF_ONE: usize = SEND_WINDOW / 4 * 3;

/// What a run of due work did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Done {
    /// Messages that a platform took.
    pub accepted: u64,
    /// Recipients that were left out at the moment of sending.
    pub skipped: u64,
    /// Recipients who were put off: their turn is not now, or the attempt will be made again.
    pub postponed: u64,
    /// Messages that failed for good.
    pub failed: u64,
    /// Attempts whose answer was lost.
    pub unknown: u64,
    /// Attempts that were given up as unconfirmed.
    pub unconfirmed: u64,
    /// Scheduled broadcasts that were started, or held.
    pub started: u64,
    /// Broadcasts that were finished.
    pub finished: u64,
    /// Contacts who went on in a sequence, having waited long enough.
    pub stepped: u64,
    /// Erases that were gone on with, and finished.
    pub erased: u64,
    /// Turns that handlers answered.
    pub answered: u64,
    /// Turns in which a handler failed: it is asked again later, or people have the conversation.
    pub unanswered: u64,
}

impl Done {
    const fn is_nothing(&self) -> bool {
        self.accepted
            + self.skipped
            + self.postponed
            + self.failed
            + self.unknown
            + self.unconfirmed
            + self.started
            + self.finished
            + self.stepped
            + self.erased
            + self.answered
            + self.unanswered
            == 0
    }

    fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.skipped += other.skipped;
        self.postponed += other.postponed;
        self.failed += other.failed;
        self.unknown += other.unknown;
        self.unconfirmed += other.unconfirmed;
        self.started += other.started;
        self.finished += other.finished;
        self.stepped += other.stepped;
        self.erased += other.erased;
        self.answered += other.answered;
        self.unanswered += other.unanswered;
    }

    fn count(&mut self, state: &DispatchState) {
        match state.name() {
            StateName::Accepted | StateName::Sent | StateName::Delivered | StateName::Read => {
                self.accepted += 1;
            }
            StateName::Skipped => self.skipped += 1,
            StateName::Failed => self.failed += 1,
            StateName::Unknown => self.unknown += 1,
            StateName::Unconfirmed => self.unconfirmed += 1,
            StateName::Pending | StateName::Leased | StateName::Sending => self.postponed += 1,
        }
    }
}

impl Crm {
    /// Does what is due now, until nothing is, and returns: for cron jobs, phones and tests. Several at once, in one
    /// process or many, are safe. What a sender's rate lets go out later only, it waits for.
    pub async fn run_due(&self) -> Result<Done, Error> {
        let crm = self.clone();
        // Boxed: callers would hold all of it.
        to_the_end(Box::pin(async move {
            let (mut done, mut turns) = (Done::default(), Done::default());
            let (sent, answered) = tokio::join!(crm.inner.due(&mut done), crm.take_turns(&mut turns));
            sent?;
            answered?;
            done.answered = turns.answered;
            done.unanswered = turns.unanswered;
            crm.inner.seal_all().await?;
            Ok(done)
        }))
        .await
    }

    /// Does what is due as it falls due, until [`close`](Self::close). A store that is busy or out of reach is tried
    /// again; other errors end the loop.
    pub async fn work(&self) -> Result<(), Error> {
        // A handler that takes its time holds up no send.
        let turns = self.again(|crm| async move {
            let mut done = Done::default();
            crm.take_turns(&mut done).await.map(|()| done)
        });
        let rest = self.again(|crm| async move {
            let mut done = Done::default();
            crm.inner.due(&mut done).await?;
            crm.inner.seal_all().await.map(|()| done)
        });
        tokio::try_join!(turns, rest).map(|_| ())
    }

    /// Does something again and again, with a rest where there was nothing to do.
    async fn again<W>(&self, what: impl Fn(Self) -> W) -> Result<(), Error>
    where
        W: Future<Output = Result<Done, Error>> + Send + 'static,
    {
        while !self.inner.closed.is_cancelled() {
            match to_the_end(Box::pin(what(self.clone()))).await {
                Ok(done) if !done.is_nothing() => continue,
                Ok(_) => {}
                Err(_) if self.inner.closed.is_cancelled() => return Ok(()),
                Err(error) if error.retry() != tertulia_core::error::Retry::Never => {
                    tracing::warn!(code = error.code().as_str(), "due work failed and is tried again");
                }
                Err(error) => return Err(error),
            }
            let clock = &self.inner.runtime.clock;
            let rested = clock.sleep_until(clock.now() + REST);
            tokio::select! {
                () = rested => {}
                () = self.inner.closed.cancelled() => {}
            }
        }
        Ok(())
    }
}

/// Rows that are on their way out.
#[derive(Debug, Default)]
struct UnderWay {
    rows: usize,
    by_sender: HashMap<Sender, usize>,
}

impl UnderWay {
    const fn free(&self) -> usize {
        SEND_WINDOW.saturating_sub(self.rows)
    }

    fn begin(&mut self, rows: &[Leased]) {
        self.rows += rows.len();
        for row in rows {
            *self.by_sender.entry(row.sender).or_default() += 1;
        }
    }

    fn end(&mut self, rows: &[Leased]) {
        self.rows -= rows.len();
        for row in rows {
            if let Some(rows) = self.by_sender.get_mut(&row.sender) {
                *rows -= 1;
            }
        }
        self.by_sender.retain(|_, rows| *rows > 0);
    }
}

/// A row that this worker has.
#[derive(Debug)]
struct Leased {
    row: DispatchId,
    epoch: u64,
    sender: Sender,
}

impl Inner {
    /// All that is due but handlers' turns.
    async fn due(self: &Arc<Self>, done: &mut Done) -> Result<(), Error> {
        self.expire(done).await?;
        loop {
            let some = self.some(done).await?;
            let (sent_all, mut also) = (CancellationToken::new(), Done::default());
            let sending = async {
                let sent = self.dispatch(done).await;
                sent_all.cancel();
                sent
            };
            let (sent, minded) = tokio::join!(sending, self.meanwhile(&sent_all, &mut also));
            done.add(&also);
            sent.and(minded)?;
            if !some || self.closed.is_cancelled() {
                break;
            }
        }
        self.finish(done).await?;
        self.erase_due(done).await
    }

    /// What falls due while messages go out, which at a sender's rate takes its time.
    async fn meanwhile(&self, sent_all: &CancellationToken, done: &mut Done) -> Result<(), Error> {
        let clock = &self.runtime.clock;
        loop {
            tokio::select! {
                () = sent_all.cancelled() => return Ok(()),
                () = clock.sleep_until(clock.now() + REST) => {}
            }
            self.expire(done).await?;
            while self.some(done).await? && !sent_all.is_cancelled() {}
            self.finish(done).await?;
        }
    }

    /// Goes on with some of each sequence who waited long enough; whether anybody did.
    async fn step_on(&self, done: &mut Done) -> Result<bool, Error> {
        let by = self.runtime.clock.now();
        let mut stepped = 0;
        for sequence in self.runtime.all(Query::DueSequences { by }).await? {
            let Ok(Sequence { org, id, .. }) = Sequence::try_from(sequence) else {
                continue;
            };
            let due = Query::DueEnrollments {
                org,
                sequence: id,
                by,
            };
            let due = self.runtime.page(PageRequest::first(due, STEPS)).await?.records;
            let due: Vec<EnrollmentId> = due
                .into_iter()
                .filter_map(|stored| Enrollment::try_from(stored.record).ok())
                .map(|enrollment| enrollment.id)
                .collect();
            let gone_on = self.runtime.decide_all(
                org,
                &Actor::Worker,
                &due,
                |set, ctx, id| enrollments::go_on(set, ctx, *id),
                |_, _, _, error| tracing::error!(code = error.code().as_str(), "a sequence cannot go on"),
            );
            stepped += gone_on
                .await?
                .iter()
                .filter(|gone| matches!(gone, Ok(true)))
                .count() as u64;
        }
        done.stepped += stepped;
        Ok(stepped > 0)
    }

    /// Moves on what waited too long: `sending` to unknown, unknown to unconfirmed; and forgets stale evidence.
    async fn expire(&self, done: &mut Done) -> Result<(), Error> {
        let now = self.runtime.clock.now();
        for state in [StateName::Sending, StateName::Unknown] {
            let mut by_org: BTreeMap<OrgId, Vec<(Dispatch, Option<Outcome>)>> = BTreeMap::new();
            for row in self.runtime.all(Query::Due { state, by: now }).await? {
                if let Ok(row) = Dispatch::try_from(row) {
                    let settled = self.settled(&row).await;
                    by_org.entry(row.org).or_default().push((row, settled));
                }
            }
            for (org, rows) in by_org {
                for chunk in rows.chunks(BATCH) {
                    let step = self.runtime.decide_all(
                        org,
                        &Actor::Worker,
                        chunk,
                        |set, ctx, (row, settled)| match (row.attempt, settled) {
                            (Some(attempt), Some(outcome)) => {
                                sending::land(set, ctx, row.id, attempt, outcome).map(Some)
                            }
                            _ => sending::expire(set, ctx, row.id).map(|()| None),
                        },
                        |_, _, _, _| (),
                    );
                    for landed in step.await? {
                        match (landed, state) {
                            (Ok(Some(landed)), _) => done.count(&landed),
                            (_, StateName::Sending) => done.unknown += 1,
                            _ => done.unconfirmed += 1,
                        }
                    }
                }
            }
        }
        self.runtime
            .storage
            .prune(now - TimeDelta::days(PARKED_DAYS))
            .await
            .map_err(from_storage)?;
        Ok(())
    }

    /// Starts what is scheduled for by now, and does some of what is much: of each broadcast that was called off, and of
    /// each sequence. Nobody waits for all of somebody else's. Whether there was any of the latter.
    async fn some(&self, done: &mut Done) -> Result<bool, Error> {
        let by = self.runtime.clock.now();
        let due = self.runtime.all_stored(Query::DueBroadcasts { by }).await?;
        let (mut called_off, mut scheduled) = (Vec::new(), Vec::new());
        for Stored { record, version } in due {
            match Broadcast::try_from(record) {
                Ok(broadcast) if matches!(broadcast.state, BroadcastState::Cancelling { .. }) => {
                    called_off.push((broadcast, version));
                }
                Ok(broadcast) => scheduled.push(broadcast),
                Err(_) => {}
            }
        }
        for broadcast in &scheduled {
            self.start(broadcast, done).await?;
        }
        let any = self.call_off(&called_off, done).await?;
        Ok(self.step_on(done).await? || any)
    }

    /// Starts what is scheduled for by now.
    async fn start(&self, broadcast: &Broadcast, done: &mut Done) -> Result<(), Error> {
        let seed = self.runtime.random();
        self.runtime
            .decide(broadcast.org, &Actor::Worker, |set, ctx| {
                broadcasts::start_due(set, ctx, broadcast.id, seed)
            })
            .await?;
        done.started += 1;
        Ok(())
    }

    /// Leaves out some who wait for what was called off; whether anybody did.
    async fn call_off(&self, called_off: &[(Broadcast, u64)], done: &mut Done) -> Result<bool, Error> {
        // What another worker finished needs no place any more.
        let goes_on = |id: &BroadcastId| called_off.iter().any(|(broadcast, _)| broadcast.id == *id);
        self.calling_off.lock().await.retain(|id, _| goes_on(id));
        let mut any = false;
        for (broadcast, version) in called_off {
            let waiting = Query::Dispatches {
                org: broadcast.org,
                broadcast: broadcast.id,
                recipients: RecipientFilter::in_states(&[StateName::Pending, StateName::Leased]),
            };
            let place = self.calling_off.lock().await.remove(&broadcast.id);
            let request = PageRequest {
                cursor: place,
                ..PageRequest::first(waiting, BATCH)
            };
            let page = self.runtime.page(request).await?;
            let rows: Vec<DispatchId> = page
                .records
                .into_iter()
                .filter_map(|stored| Dispatch::try_from(stored.record).ok())
                .map(|row| row.id)
                .collect();
            let step = self.runtime.decide_all(
                broadcast.org,
                &Actor::Worker,
                &rows,
                |set, ctx, row| sending::call_off(set, ctx, *row),
                |_, _, _, _| (),
            );
            done.skipped += step.await?.len() as u64;
            any |= !rows.is_empty();
            match page.next {
                Some(next) => drop(self.calling_off.lock().await.insert(broadcast.id, next)),
                None => self.finish_one(broadcast, *version, done).await?,
            }
        }
        Ok(any)
    }

    /// Sends what is due, until nothing is. At most [`SEND_WINDOW`] rows are under way at any time, and [`OF_ONE`] of one
    /// sender; as soon as some are done, others take their place, and what falls due meanwhile takes those that are free:
    /// nobody waits for somebody else's slow platform. What only waits for a sender's rate is waited for.
    async fn dispatch(self: &Arc<Self>, done: &mut Done) -> Result<(), Error> {
        let clock = &self.runtime.clock;
        // Tasks of their own, which go on while the next rows are claimed.
        let mut windows = JoinSet::new();
        let (mut under_way, mut failed) = (UnderWay::default(), None);
        let mut waited = false;
        loop {
            let mut next = None;
            while failed.is_none() && under_way.free() > 0 && !self.closed.is_cancelled() {
                // Of a few places each organisation would have one or two, and a commit for each.
                if under_way.free() < TOGETHER && !waited {
                    next = Some(clock.now() + SOON);
                    break;
                }
                match self.claim(&under_way).await {
                    Ok((by_org, rated)) if by_org.is_empty() => {
                        next = rated.or_else(|| (!windows.is_empty()).then(|| clock.now() + REST));
                        break;
                    }
                    Ok((by_org, _)) => {
                        for (org, rows) in by_org {
                            under_way.begin(&rows);
                            let inner = Arc::clone(self);
                            windows.spawn(async move {
                                let mut done = Done::default();
                                let result = inner.dispatch_window(org, &rows, &mut done).await;
                                (rows, done, result)
                            });
                        }
                    }
                    Err(error) => failed = Some(error),
                }
            }
            let waits = next.is_some();
            tokio::select! {
                // What was begun must fly, whatever became of the rest.
                Some(window) = windows.join_next() => {
                    let (rows, window, result) = ended(window)?;
                    under_way.end(&rows);
                    waited = false;
                    done.add(&window);
                    failed = failed.or(result.err());
                }
                () = clock.sleep_until(next.unwrap_or_default()), if waits => waited = true,
                () = self.closed.cancelled(), if waits => {}
                else => return failed.map_or(Ok(()), Err),
            }
        }
    }

    /// Leases some rows for the places that are free; with when others may go that a sender's rate keeps back.
    async fn claim(
        &self,
        under_way: &UnderWay,
    ) -> Result<(BTreeMap<OrgId, Vec<Leased>>, Option<DateTime<Utc>>), Error> {
        let mut last = self.last_turn.lock().await;
        let now = self.runtime.clock.now();
        let mut left = self.rates().left(now);
        for (sender, rows) in &under_way.by_sender {
            let free = OF_ONE.saturating_sub(*rows);
            left.entry(*sender)
                .and_modify(|left| *left = free.min(*left))
                .or_insert(free);
        }
        let claim = ClaimRequest {
            worker: self.worker.clone(),
            now,
            until: now + LEASE,
            after: *last,
            limit: under_way.free().min(TOGETHER),
            left,
        };
        let claimed = self.runtime.storage.claim(claim).await.map_err(from_storage)?;
        let mut rates = self.rates();
        let mut by_org: BTreeMap<OrgId, Vec<Leased>> = BTreeMap::new();
        for Stored { record, .. } in claimed.rows {
            *last = Some(record.org);
            let sender = (record.org, record.account);
            if let Some(rate) = claimed.rates.get(&sender) {
                rates.give(sender, *rate, now);
            }
            by_org.entry(record.org).or_default().push(Leased {
                row: record.id,
                epoch: record.epoch,
                sender,
            });
        }
        let next = rates.next().filter(|_| claimed.kept_back);
        Ok((by_org, next))
    }

    /// Gate, slot and `sending` for a window of rows in one commit; then the socket; then the outcomes in one commit.
    async fn dispatch_window(&self, org: OrgId, rows: &[Leased], done: &mut Done) -> Result<(), Error> {
        let begun = self
            .runtime
            .decide_all(
                org,
                &Actor::Worker,
                rows,
                |set, ctx, leased| sending::begin(set, ctx, leased.row, leased.epoch),
                |_, _, _, error| tracing::error!(code = error.code().as_str(), "a ledger row cannot be sent"),
            )
            .await?;
        let mut flights = Vec::new();
        for (leased, result) in rows.iter().zip(begun) {
            match result {
                Ok(Begun::Flies(flight)) => {
                    flights.push(flight);
                    continue;
                }
                // An error is said above: the row stays leased and comes again; those that were begun must fly.
                Ok(Begun::PutBack) | Err(_) => done.postponed += 1,
                Ok(Begun::LeftOut) => done.skipped += 1,
                // Whoever has it counts it.
                Ok(Begun::NotOurs) => {}
            }
            self.rates().take_back(leased.sender);
        }
        let landings = join_all(flights.into_iter().map(|flight| async move {
            let outcome = self.fly(&flight).await;
            (flight, outcome)
        }))
        .await;
        let landed = self
            .runtime
            .decide_all(
                org,
                &Actor::Worker,
                &landings,
                |set, ctx, (flight, outcome)| {
                    sending::land(set, ctx, flight.dispatch, flight.attempt, outcome)
                },
                |_, _, _, error| {
                    tracing::error!(code = error.code().as_str(), "an outcome cannot be recorded");
                },
            )
            .await?;
        for state in landed.into_iter().flatten() {
            done.count(&state);
        }
        Ok(())
    }

    /// Puts one committed attempt on the wire, if its deadline has not passed.
    pub(crate) async fn fly(&self, flight: &Flight) -> Outcome {
        let account = &flight.account;
        let transport = match self.transport(account) {
            Ok(transport) => transport,
            Err(error) => {
                return Outcome::NotSent(Failure::new(
                    FailureClass::AuthOrConfig,
                    "no_transport",
                    error.message(),
                ));
            }
        };
        let key = match self.keys.key(&account.credential).await {
            Ok(key) => key,
            Err(error) => {
                return Outcome::NotSent(Failure::new(
                    FailureClass::AuthOrConfig,
                    "no_credential",
                    error.message(),
                ));
            }
        };
        let sender = sender_with(account, key.secret.clone());
        let message = Outgoing {
            to: flight.to.clone(),
            content: flight.content.clone(),
            reply_to: flight.reply_to.clone(),
            attempt: flight.attempt,
        };
        // A process that was suspended since the commit must not wake up and send.
        if self.runtime.clock.now() > flight.send_by {
            let late = "too long between decision and sending";
            return Outcome::NotSent(Failure::new(FailureClass::Unreachable, "deadline", late));
        }
        match transport.send(&sender, message).await {
            Outcome::Unknown { detail } => settle(transport, &sender, flight.attempt)
                .await
                .unwrap_or(Outcome::Unknown { detail }),
            Outcome::Refused(failure) if failure.class == FailureClass::KeyRefused => {
                let replaced = self.keys.renewed(&key).await;
                let class = if replaced {
                    FailureClass::KeyReplaced
                } else {
                    failure.class
                };
                Outcome::Refused(Failure { class, ..failure })
            }
            known => known,
        }
    }

    /// What the platform says became of a row's attempt, if it can be asked.
    async fn settled(&self, row: &Dispatch) -> Option<Outcome> {
        let key = Key::Account {
            org: row.org,
            account: row.account,
        };
        let account: Account = self.runtime.get(key).await.ok().flatten()?;
        let transport = self.transport(&account).ok()?;
        let sender = self.sender(&account).await.ok()?;
        settle(transport, &sender, row.attempt?).await
    }

    /// Finishes the broadcasts of which nobody is waiting or on the wire.
    async fn finish(&self, done: &mut Done) -> Result<(), Error> {
        for Stored { record, version } in self.runtime.all_stored(Query::RunningBroadcasts).await? {
            let Ok(broadcast) = Broadcast::try_from(record) else {
                continue;
            };
            self.finish_one(&broadcast, version, done).await?;
        }
        Ok(())
    }

    async fn finish_one(&self, broadcast: &Broadcast, version: u64, done: &mut Done) -> Result<(), Error> {
        let states: Vec<StateName> = StateName::ALL
            .into_iter()
            .filter(|state| state.is_open())
            .collect();
        let open = Query::Dispatches {
            org: broadcast.org,
            broadcast: broadcast.id,
            recipients: RecipientFilter::in_states(&states),
        };
        let open = self.runtime.page(PageRequest::first(open, 1)).await?;
        if open.records.is_empty() {
            let finished = self
                .runtime
                .decide(broadcast.org, &Actor::Worker, |set, ctx| {
                    broadcasts::finish(set, ctx, broadcast.id, version)
                })
                .await?;
            done.finished += u64::from(finished);
        }
        Ok(())
    }
}

/// Asks the platform what became of an attempt whose answer was lost. No news is no answer.
async fn settle(transport: &Arc<dyn Transport>, sender: &SenderRef, attempt: AttemptId) -> Option<Outcome> {
    let settled = transport.settle(sender, attempt).await;
    settled.filter(|outcome| !matches!(outcome, Outcome::Unknown { .. }))
}
