//! Many contacts, batch by batch: each once, decided one by one, committed together.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use tertulia_core::context::Context;
use tertulia_core::decide::broadcasts;
use tertulia_core::decide::selections::{self, Meant};
use tertulia_core::error::{Code, Error};
use tertulia_core::filter::Filter;
use tertulia_core::ids::{ContactId, OrgId};
use tertulia_core::record::Record;
use tertulia_core::roles::Call;
use tertulia_core::selection::Selection;
use tertulia_core::working_set::{Step, WorkingSet};
use tertulia_storage_traits::{Cursor, PageRequest, Query};

use crate::handles::{Listed, PageOf};
use crate::org::Org;
use crate::runtime::{BATCH, Runtime};

/// The contacts that are meant, batch by batch.
pub(crate) struct Batches {
    org: OrgId,
    /// As a store takes it: ids sorted, each there once.
    meant: Selection,
}

impl Batches {
    pub(crate) async fn of(org: &Org, call: Call, selection: &Selection) -> Result<Self, Error> {
        let meant = match selection {
            Selection::Ids(ids) => {
                let ids: BTreeSet<ContactId> = ids.iter().copied().collect();
                Selection::Ids(ids.into_iter().collect())
            }
            Selection::Recipients(meant) => {
                let id = meant.broadcast;
                org.look(call, |set, ctx| broadcasts::get(set, ctx, id)).await?;
                selection.clone()
            }
            Selection::Filter(filter) => Selection::Filter(org.ready(call, filter).await?),
        };
        Ok(Self::ready(org.id, meant))
    }

    /// Those of a selection as stores take it.
    pub(crate) const fn ready(org: OrgId, meant: Selection) -> Self {
        Self { org, meant }
    }

    /// The ids of the batch behind a place, and the place behind it if there is more.
    pub(crate) async fn after(
        &self,
        runtime: &Runtime,
        place: Option<Cursor>,
    ) -> Result<(Vec<ContactId>, Option<Cursor>), Error> {
        let (found, next) = self.read(runtime, &batch(place)).await?;
        Ok((found.into_iter().map(|(id, _)| id).collect(), next))
    }

    /// Those of a page, everybody once, and the place behind it if there is more. Whoever is deleted is met where they were
    /// named.
    pub(crate) async fn page(
        &self,
        org: &Org,
        call: Call,
        page: &PageOf,
    ) -> Result<(Vec<Meant>, Option<Cursor>), Error> {
        let runtime = &org.admitted(call).await?.runtime;
        let (found, next) = self.read(runtime, page).await?;
        if matches!(self.meant, Selection::Filter(_)) {
            return Ok((found, next));
        }
        let ids: Vec<ContactId> = found.into_iter().map(|(id, _)| id).collect();
        let found = org.look(call, |set, ctx| selections::found(set, ctx, &self.meant, &ids));
        Ok((found.await?, next))
    }

    /// What a decision says of each of a page, none of it committed: later ones see what earlier ones wrote.
    pub(crate) async fn rehearse<R>(
        &self,
        org: &Org,
        call: Call,
        page: &PageOf,
        decision: impl Fn(&mut WorkingSet, &mut Context<'_>, &Meant) -> Step<R>,
    ) -> Result<Listed<R>, Error> {
        let limit = page.limit();
        let page = PageOf {
            limit,
            ..page.clone()
        };
        let (meant, next) = self.page(org, call, &page).await?;
        let (mut set, mut items) = (WorkingSet::new(), Vec::with_capacity(meant.len()));
        for one in &meant {
            let said = org.rehearse(call, &mut set, |set, ctx| decision(set, ctx, one));
            items.push(said.await?);
        }
        Ok(Listed { items, next })
    }

    /// The ids of a page; of those who fit a filter, the contacts.
    async fn read(&self, runtime: &Runtime, page: &PageOf) -> Result<(Vec<Meant>, Option<Cursor>), Error> {
        let query = match &self.meant {
            Selection::Ids(ids) => {
                let (ids, next) = next_ids(ids, page)?;
                return Ok((ids.into_iter().map(|id| (id, None)).collect(), next));
            }
            Selection::Filter(filter) => Query::Contacts {
                org: self.org,
                filter: filter.clone(),
                order: None,
            },
            Selection::Recipients(meant) => Query::Dispatches {
                org: self.org,
                broadcast: meant.broadcast,
                recipients: meant.who.clone(),
            },
        };
        let request = PageRequest {
            query,
            cursor: page.cursor.clone(),
            backwards: page.backwards,
            limit: page.limit,
        };
        let page = runtime.page(request).await?;
        let found = page.records.into_iter().filter_map(|stored| match stored.record {
            Record::Contact(contact) => Some((contact.id, Some(contact))),
            Record::Dispatch(row) => Some((row.contact, None)),
            _ => None,
        });
        Ok((found.collect(), page.next))
    }
}

/// The batch behind a place.
pub(crate) fn batch(place: Option<Cursor>) -> PageOf {
    PageOf {
        cursor: place,
        ..PageOf::first(BATCH)
    }
}

/// A page of sorted ids, and the place behind it if there is more.
pub(crate) fn next_ids<I: Copy + Ord + Display + FromStr>(
    ids: &[I],
    page: &PageOf,
) -> Result<(Vec<I>, Option<Cursor>), Error> {
    let rest = match &page.cursor {
        None => Some(ids),
        Some(place) => {
            let last = place
                .0
                .parse()
                .ok()
                .and_then(|last| ids.binary_search(&last).ok());
            last.and_then(|last| {
                if page.backwards {
                    ids.get(..last)
                } else {
                    ids.get(last + 1..)
                }
            })
        }
    };
    let rest = rest.ok_or_else(|| {
        Error::new(
            Code::CursorInvalid,
            "the place is none of this selection; begin again without one",
        )
    })?;
    let found: Vec<I> = if page.backwards {
        rest.iter().rev().copied().take(page.limit).collect()
    } else {
        rest.iter().copied().take(page.limit).collect()
    };
    let next = found.last().filter(|_| rest.len() > found.len());
    let next = next.map(|last| Cursor(last.to_string()));
    Ok((found, next))
}

/// A decision over one contact of many; whether it changes anything.
pub(crate) trait Each:
    Fn(&mut WorkingSet, &mut Context<'_>, ContactId) -> Step<bool> + Clone + Send + Sync + 'static
{
}

impl<F> Each for F where
    F: Fn(&mut WorkingSet, &mut Context<'_>, ContactId) -> Step<bool> + Clone + Send + Sync + 'static
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
    let batches = Batches::ready(org.id, Selection::Filter(filter));
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
