//! One change to many conversations, batch by batch.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tertulia_core::conversation::Conversation;
use tertulia_core::decide::bulk::{ConversationAction, ConversationSelection, apply_to_conversation};
use tertulia_core::decide::conversations::assign;
use tertulia_core::error::{Code, Error};
use tertulia_core::filter::OwnerFilter;
use tertulia_core::ids::{AgentId, ContactId, ConversationId, OrgId};
use tertulia_core::inbox::{ConversationFilter, ConversationOrder};
use tertulia_core::record::Key;
use tertulia_core::roles::Call;
use tertulia_storage_traits::{Cursor, PageRequest, Query};
use tokio_util::sync::CancellationToken;

use crate::error::from_storage;
use crate::handles::Inbox;
use crate::handles::batches::{batch, next_ids};
use crate::org::Org;
use crate::runtime::{BATCH, Runtime};

/// How many refusals a report lists.
const LISTED: usize = 100;

/// What became of the conversations so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InboxReport {
    /// Those that changed.
    pub changed: u64,
    /// Those that were so already.
    pub unchanged: u64,
    /// Those that a rule refused, by the code of the refusal.
    pub refused: BTreeMap<String, u64>,
    /// The first hundred of them.
    pub refusals: Vec<InboxRefusal>,
    /// Where to go on; absent: all were done.
    #[schemars(with = "Option<String>")]
    pub next: Option<Cursor>,
}

/// One conversation that a rule refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InboxRefusal {
    /// The conversation.
    pub conversation: ConversationId,
    /// The dotted code, as in `conversation.not_found`.
    pub code: String,
    /// Why.
    pub message: String,
}

impl InboxReport {
    fn count(&mut self, conversation: ConversationId, result: Result<bool, Error>) {
        match result {
            Ok(true) => self.changed += 1,
            Ok(false) => self.unchanged += 1,
            Err(error) => {
                let code = error.code().as_str().to_owned();
                *self.refused.entry(code.clone()).or_default() += 1;
                if self.refusals.len() < LISTED {
                    self.refusals.push(InboxRefusal {
                        conversation,
                        code,
                        message: error.message().to_owned(),
                    });
                }
            }
        }
    }
}

/// Told what became of the conversations so far.
pub type InboxProgress<'a> = Box<dyn FnMut(&InboxReport) + Send + 'a>;

/// Where a bulk action begins, who watches it, and who may end it.
#[derive(Default)]
pub struct InboxWatch<'a> {
    /// The `next` of an earlier run of the same selection; absent: from the start.
    pub after: Option<Cursor>,
    /// Called after each batch with the report so far.
    pub progress: Option<InboxProgress<'a>>,
    /// Ends the work after a whole batch.
    pub cancel: Option<CancellationToken>,
}

impl std::fmt::Debug for InboxWatch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InboxWatch").finish_non_exhaustive()
    }
}

/// The conversations that are meant, batch by batch, each once.
enum Meant {
    /// Sorted.
    Ids(Vec<ConversationId>),
    Query(Query),
}

impl Meant {
    /// The batch behind a place, and the place behind it if there is more.
    async fn after(
        &self,
        runtime: &Runtime,
        place: Option<Cursor>,
    ) -> Result<(Vec<ConversationId>, Option<Cursor>), Error> {
        let query = match self {
            Self::Ids(ids) => return next_ids(ids, &batch(place)),
            Self::Query(query) => query,
        };
        let request = PageRequest {
            cursor: place,
            ..PageRequest::first(query.clone(), BATCH)
        };
        let page = runtime.page(request).await?;
        let records = page.records.into_iter();
        let found = records.filter_map(|stored| Conversation::try_from(stored.record).ok());
        Ok((found.map(|thread| thread.id).collect(), page.next))
    }
}

impl Inbox<'_> {
    /// Does one thing with many conversations, by the rules of the calls for one: what they refuse is refused, counted and
    /// listed. Some 2,000 are one commit. What was done stays done after a cancellation, and the report says where to go
    /// on; done again, it changes nothing twice. Nobody is asked how satisfied they are but by
    /// [`ResolveAndSurvey`](ConversationAction::ResolveAndSurvey).
    ///
    /// Fails with `label.invalid`, `contact.not_found` (one that the filter names), or `cursor.invalid` for a place in
    /// another selection.
    pub async fn bulk(
        &self,
        selection: &ConversationSelection,
        action: &ConversationAction,
        mut watch: InboxWatch<'_>,
    ) -> Result<InboxReport, Error> {
        let call = Call::InboxBulk;
        let inner = self.0.admitted(call).await?;
        let runtime = &inner.runtime;
        action.check()?;
        let deletes = matches!(action, ConversationAction::Delete);
        let meant = match selection {
            ConversationSelection::Ids(ids) => {
                let ids: BTreeSet<ConversationId> = ids.iter().copied().collect();
                Meant::Ids(ids.into_iter().collect())
            }
            ConversationSelection::Filter(filter) => Meant::Query(by_id(self.found(call, filter).await?)),
        };
        let action = Arc::new(action.clone());
        let mut report = InboxReport::default();
        let mut place = watch.after.take();
        loop {
            let (ids, next) = meant.after(runtime, place).await?;
            let bereft = if deletes {
                contacts_of(runtime, self.0.id, &ids).await?
            } else {
                Vec::new()
            };
            let each = Arc::clone(&action);
            let results = self.0.decide_all(Some(call), ids.clone(), move |set, ctx, id| {
                apply_to_conversation(set, ctx, *id, &each)
            });
            let results = results.await?;
            inner.remove_files(self.0.id, &bereft).await?;
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

/// Whose these conversations are, each once.
async fn contacts_of(
    runtime: &Runtime,
    org: OrgId,
    conversations: &[ConversationId],
) -> Result<Vec<ContactId>, Error> {
    let key = |conversation: &ConversationId| Key::Conversation {
        org,
        conversation: *conversation,
    };
    let keys = conversations.iter().map(key).collect();
    let found = runtime.storage.load(keys).await.map_err(from_storage)?;
    let threads = found
        .into_iter()
        .flatten()
        .filter_map(|stored| Conversation::try_from(stored.record).ok());
    let contacts: BTreeSet<ContactId> = threads.map(|thread| thread.contact).collect();
    Ok(contacts.into_iter().collect())
}

/// The same query by id: what is done with conversations moves none of them.
fn by_id(query: Query) -> Query {
    match query {
        Query::Conversations { org, filter, .. } => Query::Conversations {
            org,
            filter,
            order: ConversationOrder::Id,
        },
        other => other,
    }
}

/// Gives the open conversations of somebody who left to a successor, or to nobody, batch by batch. Each batch is held to
/// the call, if it is one.
pub(crate) async fn hand_on(
    runtime: &Runtime,
    org: &Org,
    call: Option<Call>,
    leaver: AgentId,
    successor: Option<AgentId>,
) -> Result<(), Error> {
    let status = tertulia_core::conversation::ConversationStatus::ALL;
    let meant = Meant::Query(Query::Conversations {
        org: org.id,
        filter: ConversationFilter {
            assignee: Some(OwnerFilter::Is(leaver)),
            status: status.into_iter().filter(|status| status.is_open()).collect(),
            ..ConversationFilter::all()
        },
        order: ConversationOrder::Id,
    });
    let mut place = None;
    loop {
        let (ids, next) = meant.after(runtime, place).await?;
        let results = org.decide_all(call, ids, move |set, ctx, id| assign(set, ctx, *id, successor));
        for result in results.await? {
            match result {
                Ok(_) => {}
                Err(error) if error.code() == Code::ConversationNotFound => {}
                Err(error) => return Err(error),
            }
        }
        if next.is_none() {
            return Ok(());
        }
        place = next;
    }
}
