//! What is due: rows of the ledger to send, attempts to give up on, broadcasts to finish.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::future::join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tertulia_core::account::Account;
use tertulia_core::broadcast::Broadcast;
use tertulia_core::decide::sending::Flight;
use tertulia_core::decide::{broadcasts, sending};
use tertulia_core::error::Error;
use tertulia_core::ids::{AttemptId, DispatchId, OrgId};
use tertulia_core::journal::Actor;
use tertulia_core::ledger::{Dispatch, DispatchState, LEASE, Outcome, SEND_WINDOW, StateName};
use tertulia_core::record::{Key, Stored};
use tertulia_core::retry::{Failure, FailureClass};
use tertulia_storage_traits::{ClaimRequest, PageRequest, Query};
use tertulia_transport_traits::{Outgoing, SenderRef, Transport};

use crate::crm::{Crm, Inner};
use crate::error::from_storage;
use crate::runtime::{BATCH, to_the_end};

/// How long evidence waits for its message.
const PARKED_DAYS: i64 = 31;

/// How long a worker rests when nothing was due.
const REST: TimeDelta = TimeDelta::seconds(1);

/// What a run of due work did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Done {
    /// Messages that a platform took.
    pub accepted: u64,
    /// Recipients that were left out at the moment of sending.
    pub skipped: u64,
    /// Attempts that will be made again.
    pub postponed: u64,
    /// Messages that failed for good.
    pub failed: u64,
    /// Attempts whose answer was lost.
    pub unknown: u64,
    /// Attempts that were given up as unconfirmed.
    pub unconfirmed: u64,
    /// Broadcasts that were finished.
    pub finished: u64,
    /// Erases that were gone on with, and finished.
    pub erased: u64,
}

impl Done {
    const fn is_nothing(&self) -> bool {
        self.accepted
            + self.skipped
            + self.postponed
            + self.failed
            + self.unknown
            + self.unconfirmed
            + self.finished
            + self.erased
            == 0
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
    /// process or many, are safe.
    pub async fn run_due(&self) -> Result<Done, Error> {
        let crm = self.clone();
        to_the_end(async move {
            let mut done = Done::default();
            crm.inner.expire(&mut done).await?;
            while !crm.inner.closed.is_cancelled() && crm.inner.dispatch(&mut done).await? {}
            crm.inner.finish(&mut done).await?;
            crm.inner.erase_due(&mut done).await?;
            crm.inner.seal_all().await?;
            Ok(done)
        })
        .await
    }

    /// Does what is due as it falls due, until [`close`](Self::close). A store that is busy or out of reach is tried
    /// again; other errors end the loop.
    pub async fn work(&self) -> Result<(), Error> {
        while !self.inner.closed.is_cancelled() {
            match self.run_due().await {
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

impl Inner {
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

    /// Sends one window of what is due; whether there was any.
    async fn dispatch(&self, done: &mut Done) -> Result<bool, Error> {
        let now = self.runtime.clock.now();
        let claim = ClaimRequest {
            worker: self.worker.clone(),
            now,
            until: now + LEASE,
            limit: SEND_WINDOW,
        };
        let rows = self.runtime.storage.claim(claim).await.map_err(from_storage)?;
        if rows.is_empty() {
            return Ok(false);
        }
        let mut by_org: BTreeMap<OrgId, Vec<(DispatchId, u64)>> = BTreeMap::new();
        for Stored { record, .. } in rows {
            by_org
                .entry(record.org)
                .or_default()
                .push((record.id, record.epoch));
        }
        for (org, rows) in by_org {
            self.dispatch_window(org, &rows, done).await?;
        }
        Ok(true)
    }

    /// Gate, slot and `sending` for a window of rows in one commit; then the socket; then the outcomes in one commit.
    async fn dispatch_window(
        &self,
        org: OrgId,
        rows: &[(DispatchId, u64)],
        done: &mut Done,
    ) -> Result<(), Error> {
        let begun = self
            .runtime
            .decide_all(
                org,
                &Actor::Worker,
                rows,
                |set, ctx, (id, epoch)| sending::begin(set, ctx, *id, *epoch),
                |_, _, _, error| tracing::error!(code = error.code().as_str(), "a ledger row cannot be sent"),
            )
            .await?;
        let mut flights = Vec::new();
        for result in begun {
            match result {
                Ok(Some(flight)) => flights.push(flight),
                Ok(None) => done.skipped += 1,
                // Said above. The row stays leased and comes again; those that were begun must fly.
                Err(_) => done.postponed += 1,
            }
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
        let sender = match self.sender(account).await {
            Ok(sender) => sender,
            Err(error) => {
                return Outcome::NotSent(Failure::new(
                    FailureClass::AuthOrConfig,
                    "no_credential",
                    error.message(),
                ));
            }
        };
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
        for record in self.runtime.all(Query::RunningBroadcasts).await? {
            let Ok(broadcast) = Broadcast::try_from(record) else {
                continue;
            };
            let states = StateName::ALL
                .into_iter()
                .filter(|state| state.is_open())
                .collect();
            let open = Query::Dispatches {
                org: broadcast.org,
                broadcast: broadcast.id,
                states,
            };
            if self
                .runtime
                .page(PageRequest::first(open, 1))
                .await?
                .records
                .is_empty()
            {
                self.runtime
                    .decide(broadcast.org, &Actor::Worker, |set, ctx| {
                        broadcasts::finish(set, ctx, broadcast.id)
                    })
                    .await?;
                done.finished += 1;
            }
        }
        Ok(())
    }
}

/// Asks the platform what became of an attempt whose answer was lost. No news is no answer.
async fn settle(transport: &Arc<dyn Transport>, sender: &SenderRef, attempt: AttemptId) -> Option<Outcome> {
    let settled = transport.settle(sender, attempt).await;
    settled.filter(|outcome| !matches!(outcome, Outcome::Unknown { .. }))
}
