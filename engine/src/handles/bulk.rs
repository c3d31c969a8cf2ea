//! One change to many contacts, batch by batch.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tertulia_core::context::Context;
use tertulia_core::decide::bulk::{BulkAction, apply};
use tertulia_core::error::Error;
use tertulia_core::ids::ContactId;
use tertulia_core::roles::Call;
use tertulia_core::selection::Selection;
use tertulia_core::working_set::WorkingSet;
use tertulia_storage_traits::Cursor;
use tokio_util::sync::CancellationToken;

use crate::handles::Contacts;
use crate::handles::batches::{Batches, one_commit};

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
        let call = Call::ContactsBulk;
        let inner = self.0.admitted(call).await?;
        let runtime = &inner.runtime;
        let deletes = matches!(action, BulkAction::Delete);
        action.check()?;
        let batches = Batches::of(self.0, call, selection).await?;
        let action = Arc::new(action.clone());
        let each = move |set: &mut WorkingSet, ctx: &mut Context<'_>, id| apply(set, ctx, id, &action);
        let mut report = BulkReport::default();
        let mut place = watch.after.take();
        loop {
            let (ids, next) = batches.after(runtime, place).await?;
            let results = one_commit(self.0, Some(call), &ids, &each).await?;
            if deletes {
                inner.remove_files(self.0.id, &ids).await?;
            }
            for (id, result) in ids.iter().zip(results) {
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
