//! One template to many.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tertulia_core::broadcast::{Broadcast, Preview, Stats, left_out};
use tertulia_core::contact::Contact;
use tertulia_core::decide::broadcasts::{self, NewBroadcast};
use tertulia_core::decide::sending;
use tertulia_core::error::{Code, Error};
use tertulia_core::ids::{BroadcastId, ContactId, DispatchId};
use tertulia_core::ledger::{Dispatch, DispatchState, Slot, StateName};
use tertulia_core::record::{Key, RecordKind};
use tertulia_core::retry::Failure;
use tertulia_core::roles::Call;
use tertulia_storage_traits::{PageRequest, Query};

use crate::error::from_storage;
use crate::handles::{Listed, PageOf};
use crate::org::Org;
use crate::runtime::BATCH;

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

    /// Who would be sent to if the broadcast were launched now: the first ten, the total, and those who fit the
    /// target but would be left out, by reason.
    pub async fn preview(&self, id: BroadcastId) -> Result<Preview, Error> {
        let call = Call::BroadcastsPreview;
        let runtime = &self.0.admitted(call).await?.runtime;
        let (broadcast, account, template) = self
            .0
            .look(Call::BroadcastsPreview, |set, ctx| {
                let broadcast = broadcasts::get(set, ctx, id)?;
                let (account, template) = broadcasts::check(set, ctx, &broadcast)?;
                Ok((broadcast, account, template))
            })
            .await?;
        let now = runtime.clock.now();
        let mut preview = Preview::default();
        let query = Query::Contacts {
            org: self.0.id,
            filter: self.0.ready(call, &broadcast.target).await?,
            order: None,
        };
        let mut request = PageRequest::first(query, BATCH);
        loop {
            let page = runtime.page(request.clone()).await?;
            let contacts: Vec<Contact> = page
                .records
                .into_iter()
                .filter_map(|stored| Contact::try_from(stored.record).ok())
                .collect();
            let slot_keys = contacts.iter().map(|contact| Key::Slot {
                org: self.0.id,
                contact: contact.id,
            });
            let slots = runtime
                .storage
                .load(slot_keys.collect())
                .await
                .map_err(from_storage)?;
            for (contact, slot) in contacts.into_iter().zip(slots) {
                let slot = slot.and_then(|stored| Slot::try_from(stored.record).ok());
                if let Some(reason) = left_out(&contact, &account, template.category, slot.as_ref(), now) {
                    *preview.left_out.entry(reason).or_default() += 1;
                    continue;
                }
                preview.total += 1;
                if preview.first.len() < PREVIEW {
                    preview.first.push(contact);
                }
            }
            match page.next {
                Some(next) => request.cursor = Some(next),
                None => return Ok(preview),
            }
        }
    }

    /// Fixes the recipients at this instant and starts sending; [`Crm::run_due`](crate::Crm::run_due) or
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

    /// The funnel, as of now.
    pub async fn stats(&self, id: BroadcastId) -> Result<Stats, Error> {
        let call = Call::BroadcastsStats;
        let storage = &self.0.admitted(call).await?.runtime.storage;
        self.0
            .look(call, |set, ctx| broadcasts::get(set, ctx, id))
            .await?;
        let buckets = storage.tally(self.0.id, id).await.map_err(from_storage)?;
        let mut stats = Stats::default();
        for (bucket, count) in &buckets {
            stats.add(bucket, *count);
        }
        Ok(stats)
    }

    /// The recipients in any of these states, or (empty) in all.
    pub async fn recipients(
        &self,
        id: BroadcastId,
        states: &[StateName],
        page: &PageOf,
    ) -> Result<Listed<Recipient>, Error> {
        let query = Query::Dispatches {
            org: self.0.id,
            broadcast: id,
            states: states.to_vec(),
        };
        let found: Listed<Dispatch> = self.0.list(Call::BroadcastsRecipients, query, page).await?;
        let recipient = |row: Dispatch| Recipient {
            dispatch: row.id,
            contact: row.contact,
            state: row.state,
            failure: row.failure,
            attempts: row.attempts,
        };
        Ok(Listed {
            items: found.items.into_iter().map(recipient).collect(),
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
