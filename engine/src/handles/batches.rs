//! Many contacts, batch by batch: each once, decided one by one, committed together.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use tertulia_core::contact::Contact;
use tertulia_core::context::Context;
use tertulia_core::decide::bulk::Selection;
use tertulia_core::decide::{broadcasts, contacts};
use tertulia_core::error::{Code, Error};
use tertulia_core::filter::Filter;
use tertulia_core::ids::ContactId;
use tertulia_core::ledger::Dispatch;
use tertulia_core::roles::Call;
use tertulia_core::working_set::{Step, WorkingSet};
use tertulia_storage_traits::{Cursor, PageRequest, Query};

use crate::org::Org;
use crate::runtime::{BATCH, Runtime};

/// The contacts that are meant, batch by batch, each once.
pub(crate) enum Batches {
    Ids(BTreeSet<ContactId>),
    Query(Query),
    /// Rows of the ledger, for their contacts.
    Recipients(Query),
}

impl Batches {
    pub(crate) async fn of(org: &Org, call: Call, selection: &Selection) -> Result<Self, Error> {
        Ok(match selection {
            Selection::Ids(ids) => Self::Ids(ids.iter().copied().collect()),
            Selection::Recipients(meant) => {
                let (id, who) = (meant.broadcast, meant.who.clone());
                org.look(call, |set, ctx| broadcasts::get(set, ctx, id)).await?;
                Self::Recipients(Query::Dispatches {
                    org: org.id,
                    broadcast: id,
                    recipients: who,
                })
            }
            Selection::Filter(filter) => Self::Query(Query::Contacts {
                org: org.id,
                filter: org.ready(call, filter).await?,
                order: None,
            }),
        })
    }

    /// The batch behind a place, and the place behind it if there is more.
    pub(crate) async fn after(
        &mut self,
        runtime: &Runtime,
        place: Option<Cursor>,
    ) -> Result<(Vec<ContactId>, Option<Cursor>), Error> {
        match self {
            Self::Ids(ids) => next_ids(ids, place),
            Self::Recipients(query) => next_recipients(runtime, query, place).await,
            Self::Query(query) => {
                let (contacts, next) = next_contacts(runtime, query, place).await?;
                Ok((contacts.iter().map(|contact| contact.id).collect(), next))
            }
        }
    }

    /// The batch behind a place, each contact that is there, how many are not, and the place behind it if there is more.
    pub(crate) async fn contacts_after(
        &mut self,
        runtime: &Runtime,
        org: &Org,
        call: Call,
        place: Option<Cursor>,
    ) -> Result<(Vec<Contact>, u64, Option<Cursor>), Error> {
        let (batch, next) = match self {
            Self::Ids(ids) => next_ids(ids, place)?,
            Self::Recipients(query) => next_recipients(runtime, query, place).await?,
            Self::Query(query) => {
                let (found, next) = next_contacts(runtime, query, place).await?;
                return Ok((found, 0, next));
            }
        };
        let (mut found, mut missing) = (Vec::with_capacity(batch.len()), 0);
        for id in batch {
            match org.look(call, |set, ctx| contacts::get(set, ctx, id)).await {
                Ok(contact) => found.push(contact),
                Err(error) if error.code() == Code::ContactNotFound => missing += 1,
                Err(error) => return Err(error),
            }
        }
        Ok((found, missing, next))
    }
}

/// The batch of ids behind a place, and the place behind it if there is more.
pub(crate) fn next_ids<I: Copy + Ord + Display + FromStr>(
    ids: &mut BTreeSet<I>,
    place: Option<Cursor>,
) -> Result<(Vec<I>, Option<Cursor>), Error> {
    if let Some(place) = place {
        let last = place.0.parse().ok().filter(|last| ids.contains(last));
        let last: I = last.ok_or_else(|| {
            Error::new(
                Code::CursorInvalid,
                "the place is none of this selection; begin again without one",
            )
        })?;
        *ids = ids.split_off(&last);
        ids.remove(&last);
    }
    let batch: Vec<I> = ids.iter().copied().take(BATCH).collect();
    let next = batch.last().filter(|_| ids.len() > batch.len());
    let next = next.map(|last| Cursor(last.to_string()));
    Ok((batch, next))
}

async fn next_contacts(
    runtime: &Runtime,
    query: &Query,
    place: Option<Cursor>,
) -> Result<(Vec<Contact>, Option<Cursor>), Error> {
    let request = PageRequest {
        cursor: place,
        ..PageRequest::first(query.clone(), BATCH)
    };
    let page = runtime.page(request).await?;
    let records = page.records.into_iter();
    let contacts = records.filter_map(|stored| Contact::try_from(stored.record).ok());
    Ok((contacts.collect(), page.next))
}

async fn next_recipients(
    runtime: &Runtime,
    query: &Query,
    place: Option<Cursor>,
) -> Result<(Vec<ContactId>, Option<Cursor>), Error> {
    let request = PageRequest {
        cursor: place,
        ..PageRequest::first(query.clone(), BATCH)
    };
    let page = runtime.page(request).await?;
    let records = page.records.into_iter();
    let rows = records.filter_map(|stored| Dispatch::try_from(stored.record).ok());
    Ok((rows.map(|row| row.contact).collect(), page.next))
}

/// A decision over one contact of many; whether it changes anything.
pub(crate) trait Each:
    Fn(&mut WorkingSet, &Context<'_>, ContactId) -> Step<bool> + Clone + Send + Sync + 'static
{
}

impl<F> Each for F where
    F: Fn(&mut WorkingSet, &Context<'_>, ContactId) -> Step<bool> + Clone + Send + Sync + 'static
{
}

/// Decides over each contact of a batch, and commits what changes; finished even if nobody waits for it any more.
pub(crate) async fn one_commit(
    org: &Org,
    call: Option<Call>,
    ids: &[ContactId],
    each: &impl Each,
) -> Result<Vec<Result<bool, Error>>, Error> {
    let each = each.clone();
    org.decide_all(call, ids.to_vec(), move |set, ctx, id| each(set, ctx, *id))
        .await
}

/// Decides over everybody who fits a filter that is ready, batch by batch; how many changed. Whoever is gone by their
/// turn is passed over. Each batch is held to the call, if it is one.
pub(crate) async fn everybody(
    runtime: &Runtime,
    org: &Org,
    call: Option<Call>,
    filter: Filter,
    each: impl Each,
) -> Result<u64, Error> {
    let mut batches = Batches::Query(Query::Contacts {
        org: org.id,
        filter,
        order: None,
    });
    let (mut changed, mut place) = (0, None);
    loop {
        let (ids, next) = batches.after(runtime, place).await?;
        for result in one_commit(org, call, &ids, &each).await? {
            match result {
                Ok(true) => changed += 1,
                Ok(false) => {}
                Err(error) if error.code() == Code::ContactNotFound => {}
                Err(error) => return Err(error),
            }
        }
        if next.is_none() {
            return Ok(changed);
        }
        place = next;
    }
}
