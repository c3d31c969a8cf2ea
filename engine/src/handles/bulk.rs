//! One change to many contacts, batch by batch.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tertulia_core::decide::bulk::{BulkAction, Selection, apply};
use tertulia_core::error::{Code, Error};
use tertulia_core::ids::ContactId;
use tertulia_core::record::Key;
use tertulia_storage_traits::{Cursor, PageRequest, Query};
use tokio_util::sync::CancellationToken;

use crate::handles::Contacts;
use crate::org::Org;
use crate::runtime::{BATCH, to_the_end};

/// How many refusals a report lists.
const LISTED: usize = 100;

/// What became of the contacts so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BulkReport {
    /// Those that changed.
    pub changed: u64,
    /// Those that were so already.
    pub unchanged: u64,
    /// Those that a rule refused, by the code of the refusal.
    pub refused: BTreeMap<String, u64>,
    /// The first hundred of them.
    pub refusals: Vec<BulkRefusal>,
    /// Where to go on; absent: everybody was done.
    #[schemars(with = "Option<String>")]
    pub next: Option<Cursor>,
}

/// One contact that a rule refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BulkRefusal {
    /// The contact.
    pub contact: ContactId,
    /// The dotted code, as in `contact.blocked`.
    pub code: String,
    /// Why.
    pub message: String,
}

impl BulkReport {
    /// Everybody who was refused.
    pub fn refused_total(&self) -> u64 {
        self.refused.values().sum()
    }

    fn count(&mut self, contact: ContactId, result: Result<bool, Error>) {
        match result {
            Ok(true) => self.changed += 1,
            Ok(false) => self.unchanged += 1,
            Err(error) => {
                *self.refused.entry(error.code().as_str().to_owned()).or_default() += 1;
                if self.refusals.len() < LISTED {
                    self.refusals.push(BulkRefusal {
                        contact,
                        code: error.code().as_str().to_owned(),
                        message: error.message().to_owned(),
                    });
                }
            }
        }
    }
}

/// Told what became of the contacts so far.
pub type BulkProgress<'a> = Box<dyn FnMut(&BulkReport) + Send + 'a>;

/// Where a bulk action begins, who watches it, and who may end it.
#[derive(Default)]
pub struct BulkWatch<'a> {
    /// The `next` of an earlier run of the same selection; absent: from the start.
    pub after: Option<Cursor>,
    /// Called after each batch with the report so far.
    pub progress: Option<BulkProgress<'a>>,
    /// Ends the work after a whole batch.
    pub cancel: Option<CancellationToken>,
}

impl std::fmt::Debug for BulkWatch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BulkWatch").finish_non_exhaustive()
    }
}

impl Contacts<'_> {
    /// Does one thing with many contacts, by the rules of the calls for one: what they refuse is refused, counted and
    /// listed. Some 2,000 contacts are one commit. What was done stays done after a cancellation, and the report says
    /// where to go on; done again, it changes nobody twice.
    ///
    /// Fails with `filter.*`, `segment.not_found`, `tag.*`, or `cursor.invalid` for a place in another selection.
    pub async fn bulk(
        &self,
        selection: &Selection,
        action: &BulkAction,
        mut watch: BulkWatch<'_>,
    ) -> Result<BulkReport, Error> {
        action.check()?;
        let mut batches = Batches::of(self.0, selection).await?;
        let mut report = BulkReport::default();
        let mut place = watch.after.take();
        loop {
            let (ids, next) = batches.after(self.0, place).await?;
            for (id, result) in ids.iter().zip(one_commit(self.0, &ids, action).await?) {
                report.count(*id, result);
            }
            report.next.clone_from(&next);
            if let Some(progress) = &mut watch.progress {
                progress(&report);
            }
            let cancelled = watch.cancel.as_ref().is_some_and(CancellationToken::is_cancelled);
            if next.is_none() || cancelled {
                return Ok(report);
            }
            place = next;
        }
    }
}

/// The contacts that are meant, batch by batch, each once.
enum Batches {
    Ids(BTreeSet<ContactId>),
    Query(Query),
}

impl Batches {
    async fn of(org: &Org, selection: &Selection) -> Result<Self, Error> {
        Ok(match selection {
            Selection::Ids(ids) => Self::Ids(ids.iter().copied().collect()),
            Selection::Filter(filter) => Self::Query(Query::Contacts {
                org: org.id,
                filter: org.ready(filter).await?,
                order: None,
            }),
        })
    }

    /// The batch behind a place, and the place behind it if there is more.
    async fn after(
        &mut self,
        org: &Org,
        place: Option<Cursor>,
    ) -> Result<(Vec<ContactId>, Option<Cursor>), Error> {
        match self {
            Self::Ids(ids) => {
                if let Some(place) = place {
                    let last = place.0.parse().ok().filter(|last| ids.contains(last));
                    let last: ContactId = last.ok_or_else(|| {
                        Error::new(
                            Code::CursorInvalid,
                            "the place is none of this selection; begin again without one",
                        )
                    })?;
                    *ids = ids.split_off(&last);
                    ids.remove(&last);
                }
                let batch: Vec<ContactId> = ids.iter().copied().take(BATCH).collect();
                let next = batch.last().filter(|_| ids.len() > batch.len());
                let next = next.map(|last| Cursor(last.to_string()));
                Ok((batch, next))
            }
            Self::Query(query) => {
                let request = PageRequest {
                    cursor: place,
                    ..PageRequest::first(query.clone(), BATCH)
                };
                let page = org.inner.runtime.page(request).await?;
                let ids = page
                    .records
                    .iter()
                    .filter_map(|stored| match stored.record.key() {
                        Key::Contact { contact, .. } => Some(contact),
                        _ => None,
                    });
                Ok((ids.collect(), page.next))
            }
        }
    }
}

/// Decides over each contact of a batch, and commits what changes; finished even if nobody waits for it any more.
async fn one_commit(
    org: &Org,
    ids: &[ContactId],
    action: &BulkAction,
) -> Result<Vec<Result<bool, Error>>, Error> {
    let (org, ids, action) = (org.clone(), ids.to_vec(), action.clone());
    to_the_end(async move {
        let keys: Vec<Key> = ids
            .iter()
            .map(|contact| Key::Contact {
                org: org.id,
                contact: *contact,
            })
            .collect();
        let first = ids.first().copied();
        let runtime = &org.inner.runtime;
        runtime
            .decide_all(
                org.id,
                &org.actor,
                &ids,
                |set, ctx, id| {
                    if Some(*id) == first {
                        // All of them in one load.
                        set.need(keys.iter().cloned())?;
                    }
                    apply(set, ctx, *id, &action)
                },
                |_, _, _, _| (),
            )
            .await
    })
    .await
}
