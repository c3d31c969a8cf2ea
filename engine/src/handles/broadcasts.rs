//! One template to many.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tertulia_core::broadcast::{
    Broadcast, BroadcastState, Preview, RecipientFilter, Simulated, Stats, left_out,
};
use tertulia_core::conversation::Message;
use tertulia_core::decide::broadcasts::{self, NewBroadcast};
use tertulia_core::decide::senders;
use tertulia_core::decide::sending::{self, Draft, SendRequest};
use tertulia_core::error::{Code, Error};
use tertulia_core::ids::{BroadcastId, ContactId, DispatchId};
use tertulia_core::ledger::{Campaign, Dispatch, DispatchState, Slot};
use tertulia_core::record::{Key, RecordKind};
use tertulia_core::retry::Failure;
use tertulia_core::roles::Call;
use tertulia_core::schedule::NewSchedule;
use tertulia_storage_traits::Query;

use crate::error::from_storage;
use crate::handles::batches::{Batches, batch};
use crate::handles::{Listed, PageOf};
use crate::org::Org;

/// How many contacts a preview shows.
const PREVIEW: usize = 10;

/// Broadcasts.
#[derive(Debug, Clone, Copy)]
pub struct Broadcasts<'a>(pub(crate) &'a Org);

/// One recipient of a broadcast, and what became of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Recipient {
    /// The row of the ledger.
    pub dispatch: DispatchId,
    /// To whom.
    pub contact: ContactId,
    /// Where it stands.
    pub state: DispatchState,
    /// What the last attempt failed with.
    pub failure: Option<Failure>,
    /// How many attempts were made.
    pub attempts: u32,
    /// They wrote back.
    pub replied: bool,
    /// They opted out afterwards.
    pub opted_out_after: bool,
    /// Why they got nothing, in words; absent: they got it, or may still get it.
    pub reason: Option<String>,
    /// What would help.
    pub remedy: Option<String>,
}

impl From<Dispatch> for Recipient {
    fn from(row: Dispatch) -> Self {
        let why = match (&row.state, &row.failure) {
            (DispatchState::Skipped { reason }, _) => Some((reason.words(), reason.remedy())),
            (DispatchState::Failed, Some(failure)) => Some((failure.class.words(), failure.class.remedy())),
            (DispatchState::Unconfirmed, _) => Some((
                "nobody ever said what became of it",
                "Send it again only if getting it twice does less harm than not getting it.",
            )),
            _ => None,
        };
        Self {
            dispatch: row.id,
            contact: row.contact,
            state: row.state,
            failure: row.failure,
            attempts: row.attempts,
            replied: row.accepted && row.replied,
            opted_out_after: row.accepted && row.opted_out_after,
            reason: why.map(|(words, _)| words.to_owned()),
            remedy: why.map(|(_, remedy)| remedy.to_owned()),
        }
    }
}

impl Broadcasts<'_> {
    /// Saves a draft. What could never be sent is refused now: `template.*` if template and parameters do not fit,
    /// `account.not_found`, `broadcast.invalid`.
    pub async fn create(&self, new: NewBroadcast) -> Result<BroadcastId, Error> {
        self.0
            .decide(Call::BroadcastsCreate, move |set, ctx| {
                broadcasts::create(set, ctx, &new)
            })
            .await
    }

    /// Replaces a draft. Fails with `broadcast.not_draft` once it was launched.
    pub async fn update(&self, id: BroadcastId, new: NewBroadcast) -> Result<(), Error> {
        self.0
            .decide(Call::BroadcastsUpdate, move |set, ctx| {
                broadcasts::update(set, ctx, id, &new)
            })
            .await
    }

    /// The broadcast, which must be there.
    pub async fn get(&self, id: BroadcastId) -> Result<Broadcast, Error> {
        self.0
            .look(Call::BroadcastsGet, |set, ctx| broadcasts::get(set, ctx, id))
            .await
    }

    /// All broadcasts, by the time they were drafted.
    pub async fn list(&self, page: &PageOf) -> Result<Listed<Broadcast>, Error> {
        self.0
            .list(
                Call::BroadcastsList,
                Query::Records {
                    org: Some(self.0.id),
                    kind: RecordKind::Broadcast,
                },
                page,
            )
            .await
    }

    /// Who would be sent to if the broadcast were launched now: the first ten, the total, and those who are meant but would
    /// be left out, by reason.
    pub async fn preview(&self, id: BroadcastId) -> Result<Preview, Error> {
        let call = Call::BroadcastsPreview;
        let runtime = &self.0.admitted(call).await?.runtime;
        let (broadcast, batches) = self.meant(call, id).await?;
        let (account, template) = self
            .0
            .look(call, |set, ctx| broadcasts::check(set, ctx, &broadcast))
            .await?;
        let now = runtime.clock.now();
        let mut preview = Preview::default();
        let mut place = None;
        loop {
            let (meant, next) = batches.page(self.0, call, &batch(place)).await?;
            let slot_keys = meant.iter().map(|(id, contact)| Key::Slot {
                org: self.0.id,
                contact: contact.as_ref().map_or(*id, |contact| contact.id),
            });
            let slots = runtime
                .storage
                .load(slot_keys.collect())
                .await
                .map_err(from_storage)?;
            for ((_, contact), slot) in meant.into_iter().zip(slots) {
                let slot = slot.and_then(|stored| Slot::try_from(stored.record).ok());
                let left_out = left_out(contact.as_ref(), &account, template.category, slot.as_ref(), now);
                if let Some(reason) = left_out {
                    *preview.left_out.entry(reason).or_default() += 1;
                    continue;
                }
                preview.total += 1;
                if preview.first.len() < PREVIEW {
                    preview.first.extend(contact);
                }
            }
            if next.is_none() {
                return Ok(preview);
            }
            place = next;
        }
    }

    /// What everybody who is meant would get, and when, or why not, if the broadcast went out now or at its time. Nothing is
    /// sent, and nobody is enlisted.
    pub async fn simulate(&self, id: BroadcastId, page: &PageOf) -> Result<Listed<Simulated>, Error> {
        let call = Call::BroadcastsSimulate;
        let (broadcast, batches) = self.meant(call, id).await?;
        batches
            .rehearse(self.0, call, page, |set, ctx, one| {
                sending::simulate(set, ctx, &broadcast, one)
            })
            .await
    }

    /// A broadcast, and whom it is for as of now.
    async fn meant(&self, call: Call, id: BroadcastId) -> Result<(Broadcast, Batches), Error> {
        let (broadcast, meant) = self
            .0
            .look(call, |set, ctx| {
                let broadcast = broadcasts::get(set, ctx, id)?;
                let meant = broadcasts::meant(set, ctx, &broadcast)?;
                Ok((broadcast, meant))
            })
            .await?;
        Ok((broadcast, Batches::ready(self.0.id, meant)))
    }

    /// Sends one contact what the broadcast would send them, now, whatever its state: somebody of the team who wants to
    /// see it. It passes the gate, and a marketing template takes the contact's turn of 24 hours. Fails as
    /// [`Inbox::send`](crate::Inbox::send) does.
    pub async fn send_test(&self, id: BroadcastId, contact: ContactId) -> Result<Message, Error> {
        let call = Call::BroadcastsSendTest;
        let broadcast = self
            .0
            .look(call, |set, ctx| broadcasts::get(set, ctx, id))
            .await?;
        let request = SendRequest {
            contact,
            account: Some(broadcast.account),
            draft: Draft::Template {
                name: broadcast.template,
                language: broadcast.language,
                parameters: broadcast.parameters,
            },
            reply_to: None,
        };
        self.0.inbox().sent(call, request).await
    }

    /// Fixes the recipients at this instant and starts sending, whatever it was scheduled for; [`Crm::run_due`](crate::Crm::run_due) or
    /// [`Crm::work`](crate::Crm::work) sends. Launched twice, the second call fails with `broadcast.not_draft`.
    pub async fn launch(&self, id: BroadcastId) -> Result<(), Error> {
        let runtime = &self.0.admitted(Call::BroadcastsLaunch).await?.runtime;
        let seed = runtime.random();
        self.0
            .decide(Call::BroadcastsLaunch, move |set, ctx| {
                broadcasts::launch(set, ctx, id, seed)
            })
            .await
    }

    /// Lets a draft start by itself, at a local time: its recipients are fixed then. Where clocks are put forward over the
    /// time, it is the first instant after; where it is there twice, the earlier. One that is scheduled or held is given
    /// another time. If nothing runs at its time, nor within `Settings.max_late_seconds` afterwards, it is held until
    /// somebody launches, schedules or cancels it. Fails with `broadcast.schedule_invalid` for a time that is over.
    pub async fn schedule(&self, id: BroadcastId, schedule: NewSchedule) -> Result<BroadcastState, Error> {
        self.0
            .decide(Call::BroadcastsSchedule, move |set, ctx| {
                broadcasts::schedule(set, ctx, id, schedule)
            })
            .await
    }

    /// Makes what is scheduled or held a draft again.
    pub async fn unschedule(&self, id: BroadcastId) -> Result<(), Error> {
        self.0
            .decide(Call::BroadcastsUnschedule, move |set, ctx| {
                broadcasts::unschedule(set, ctx, id)
            })
            .await
    }

    /// Lets nothing more go out until [`resume`](Self::resume). What is on the wire stays there. Fails with
    /// `broadcast.wrong_state` for one that is not running.
    pub async fn pause(&self, id: BroadcastId) -> Result<(), Error> {
        self.0
            .decide(Call::BroadcastsPause, move |set, ctx| {
                broadcasts::pause(set, ctx, id)
            })
            .await
    }

    /// Goes on where it was paused. Fails with `broadcast.wrong_state` for one that was not.
    pub async fn resume(&self, id: BroadcastId) -> Result<(), Error> {
        self.0
            .decide(Call::BroadcastsResume, move |set, ctx| {
                broadcasts::resume(set, ctx, id)
            })
            .await
    }

    /// Calls a broadcast off for good: from this instant on nothing more goes out, and due work leaves out who waits. What
    /// is on the wire stays there. Fails with `broadcast.wrong_state` for one that is finished.
    pub async fn cancel(&self, id: BroadcastId) -> Result<(), Error> {
        self.0
            .decide(Call::BroadcastsCancel, move |set, ctx| {
                broadcasts::cancel(set, ctx, id)
            })
            .await
    }

    /// The funnel, as of now.
    pub async fn stats(&self, id: BroadcastId) -> Result<Stats, Error> {
        let call = Call::BroadcastsStats;
        let storage = &self.0.admitted(call).await?.runtime.storage;
        let (broadcast, waits) = self
            .0
            .look(call, |set, ctx| {
                let broadcast = broadcasts::get(set, ctx, id)?;
                let waits = senders::waits(set, ctx, broadcast.account)?;
                Ok((broadcast, waits))
            })
            .await?;
        let buckets = storage
            .tally(self.0.id, Campaign::Broadcast(id))
            .await
            .map_err(from_storage)?;
        let mut stats = Stats::default();
        for (bucket, count) in &buckets {
            stats.add(bucket, *count);
        }
        let running = matches!(broadcast.state, BroadcastState::Running { .. });
        stats.waits = waits.filter(|_| running && stats.pending > 0);
        Ok(stats)
    }

    /// The recipients that are meant, each with what became of them, why, and what would help. To write them to a file,
    /// or to tag them, give [`Selection::Recipients`](crate::Selection) to
    /// [`Contacts::export`](crate::Contacts::export) or [`Contacts::bulk`](crate::Contacts::bulk); or to another broadcast, as its
    /// target.
    pub async fn recipients(
        &self,
        id: BroadcastId,
        who: &RecipientFilter,
        page: &PageOf,
    ) -> Result<Listed<Recipient>, Error> {
        let query = Query::Dispatches {
            org: self.0.id,
            broadcast: id,
            recipients: who.clone(),
        };
        let found: Listed<Dispatch> = self.0.list(Call::BroadcastsRecipients, query, page).await?;
        Ok(Listed {
            items: found.items.into_iter().map(Recipient::from).collect(),
            next: found.next,
        })
    }

    /// Sends to an unconfirmed recipient again. An explicit choice: they may get the message twice.
    pub async fn resend_unconfirmed(&self, dispatch: DispatchId) -> Result<(), Error> {
        self.0
            .decide(Call::BroadcastsResendUnconfirmed, move |set, ctx| {
                let key = Key::Dispatch {
                    org: ctx.org.id,
                    dispatch,
                };
                let row: Option<Dispatch> = set.get(&key)?;
                let broadcast = row.as_ref().and_then(Dispatch::broadcast).ok_or_else(|| {
                    Error::new(
                        Code::MessageNotFound,
                        format!("no broadcast has the ledger row {dispatch}"),
                    )
                })?;
                sending::resend(set, ctx, dispatch)?;
                broadcasts::reopen(set, ctx, broadcast)
            })
            .await
    }
}
