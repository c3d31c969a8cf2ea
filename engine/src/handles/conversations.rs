//! Conversations as a list of work: where each stands, who has it, and what is done with it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tertulia_core::context::Context;
use tertulia_core::conversation::{Conversation, ConversationStatus, Handler, Label};
use tertulia_core::decide::{conversations, surveys};
use tertulia_core::error::Error;
use tertulia_core::ids::{AgentId, ConversationId};
use tertulia_core::inbox::{ConversationFilter, ConversationOrder};
use tertulia_core::record::RecordKind;
use tertulia_core::roles::Call;
use tertulia_core::working_set::{Step, WorkingSet};
use tertulia_storage_traits::Query;

use crate::error::from_storage;
use crate::handles::{Inbox, Listed, PageOf};

/// How many conversations fit a filter, and how many of them wait to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConversationCounts {
    /// All of them.
    pub total: u64,
    /// Those in which something waits to be read.
    pub unread: u64,
    /// The same by where they stand, each that was asked for once.
    pub by_status: Vec<StatusCount>,
}

/// How many conversations stand so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatusCount {
    /// Where they stand.
    pub status: ConversationStatus,
    /// All of them.
    pub total: u64,
    /// Those in which something waits to be read.
    pub unread: u64,
}

/// A label with its count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LabelCount {
    /// The label as first written.
    pub name: String,
    /// How many conversations have it, archived ones among them.
    pub conversations: u64,
}

impl Inbox<'_> {
    /// The conversation, which must be there. Fails with `conversation.not_found`.
    pub async fn get(&self, id: ConversationId) -> Result<Conversation, Error> {
        self.0
            .look(Call::InboxGet, |set, ctx| conversations::get(set, ctx, id))
            .await
    }

    /// The conversations that fit a filter, by last activity, the longest silent first; read backwards, the latest first.
    ///
    /// A page is a walk along the order: whatever is written meanwhile, no call fails, and no conversation is met twice
    /// on the way backwards. One that is active meanwhile moves to the end that is newest.
    ///
    /// Fails with `contact.not_found`, or `cursor.invalid` for a place in another list.
    pub async fn list(
        &self,
        filter: &ConversationFilter,
        page: &PageOf,
    ) -> Result<Listed<Conversation>, Error> {
        let call = Call::InboxList;
        let query = self.found(call, filter).await?;
        self.0.list(call, query, page).await
    }

    /// How many conversations fit a filter: in all, by where they stand, and of each how many wait to be read.
    ///
    /// Fails with `contact.not_found`.
    pub async fn counts(&self, filter: &ConversationFilter) -> Result<ConversationCounts, Error> {
        let call = Call::InboxCounts;
        let storage = &self.0.admitted(call).await?.runtime.storage;
        let mut counts = ConversationCounts::default();
        for status in ConversationStatus::ALL {
            if !filter.status.is_empty() && !filter.status.contains(&status) {
                continue;
            }
            let of = ConversationFilter {
                status: vec![status],
                ..filter.clone()
            };
            let waiting = ConversationFilter {
                unread: Some(true),
                ..of.clone()
            };
            let count = storage.count(self.found(call, &of).await?);
            let total = count.await.map_err(from_storage)?;
            let unread = if filter.unread == Some(false) {
                0
            } else {
                let count = storage.count(self.found(call, &waiting).await?);
                count.await.map_err(from_storage)?
            };
            counts.total += total;
            counts.unread += unread;
            counts.by_status.push(StatusCount {
                status,
                total,
                unread,
            });
        }
        Ok(counts)
    }

    /// A filter as stores take it.
    pub(crate) async fn found(&self, call: Call, filter: &ConversationFilter) -> Result<Query, Error> {
        let filter = self
            .0
            .look(call, |set, ctx| conversations::to_find(set, ctx, filter));
        Ok(Query::Conversations {
            org: self.0.id,
            filter: filter.await?,
            order: ConversationOrder::Activity,
        })
    }

    /// Makes a conversation that of a member of the team, or of nobody; gives it as it is then.
    ///
    /// Fails with `conversation.not_found`, `member.not_found` or `member.inactive`.
    pub async fn assign(&self, id: ConversationId, assignee: Option<AgentId>) -> Result<Conversation, Error> {
        self.change(Call::InboxAssign, id, move |set, ctx| {
            conversations::assign(set, ctx, id, assignee)
        })
        .await
    }

    /// Gives a conversation to a bot or an AI of the host, which is then asked to answer what waits at its end without an
    /// answer; gives it as it is then. It stands so until somebody takes it over: by [`hand_over`](Self::hand_over), or a
    /// member of the team by writing.
    ///
    /// Fails with `conversation.not_found` or `handler.invalid`.
    pub async fn set_handler(&self, id: ConversationId, handler: Handler) -> Result<Conversation, Error> {
        self.change(Call::InboxSetHandler, id, move |set, ctx| {
            conversations::set_handler(set, ctx, id, &handler)
        })
        .await
    }

    /// Takes a conversation over from its bot or AI: for this member of the team, or for whoever it is assigned to; gives
    /// it as it is then.
    ///
    /// Fails with `conversation.not_found`, `member.not_found` or `member.inactive`.
    pub async fn hand_over(&self, id: ConversationId, to: Option<AgentId>) -> Result<Conversation, Error> {
        self.change(Call::InboxHandOver, id, move |set, ctx| {
            conversations::hand_over(set, ctx, id, to)
        })
        .await
    }

    /// Closes a conversation; gives it as it is then. A message of the contact that is later, by the platform's time,
    /// opens it again, or opens a new one, as [`reopening`](crate::Settings::reopening) says. One of the same second is not
    /// later. Where the organisation asks how satisfied contacts are ([`csat`](crate::Settings::csat)), one survey goes
    /// out, at most once in 24 hours.
    ///
    /// Fails with `conversation.not_found`.
    pub async fn resolve(&self, id: ConversationId) -> Result<Conversation, Error> {
        self.change(Call::InboxResolve, id, move |set, ctx| {
            surveys::resolve(set, ctx, id)
        })
        .await
    }

    /// Opens a conversation again; gives it as it is then. It is nobody's if it was that of somebody who left.
    ///
    /// Fails with `conversation.not_found`, or with `conversation.superseded` where the contact goes on in another one.
    pub async fn reopen(&self, id: ConversationId) -> Result<Conversation, Error> {
        self.change(Call::InboxReopen, id, move |set, ctx| {
            conversations::reopen(set, ctx, id)
        })
        .await
    }

    /// Marks that all that came in so far was read; gives the conversation as it is then. The platform is not told: see
    /// [`mark_read`](Self::mark_read).
    ///
    /// Fails with `conversation.not_found`.
    pub async fn read(&self, id: ConversationId) -> Result<Conversation, Error> {
        self.change(Call::InboxRead, id, move |set, ctx| {
            conversations::read(set, ctx, id)
        })
        .await
    }

    /// Marks a conversation as unread; gives it as it is then.
    ///
    /// Fails with `conversation.not_found`.
    pub async fn unread(&self, id: ConversationId) -> Result<Conversation, Error> {
        self.change(Call::InboxUnread, id, move |set, ctx| {
            conversations::unread(set, ctx, id)
        })
        .await
    }

    /// Stars a conversation, or takes the star away; gives it as it is then.
    ///
    /// Fails with `conversation.not_found`.
    pub async fn star(&self, id: ConversationId, starred: bool) -> Result<Conversation, Error> {
        self.change(Call::InboxStar, id, move |set, ctx| {
            conversations::star(set, ctx, id, starred)
        })
        .await
    }

    /// Hides a conversation until the contact writes again, or brings it back; gives it as it is then.
    ///
    /// Fails with `conversation.not_found`.
    pub async fn archive(&self, id: ConversationId, archived: bool) -> Result<Conversation, Error> {
        self.change(Call::InboxArchive, id, move |set, ctx| {
            conversations::archive(set, ctx, id, archived)
        })
        .await
    }

    /// Adds labels to a conversation, compared folded and shown as first written; how many were new.
    ///
    /// Fails with `conversation.not_found` or `label.invalid`.
    pub async fn label(&self, id: ConversationId, labels: &[&str]) -> Result<usize, Error> {
        let labels = owned(labels);
        self.0
            .decide(Call::InboxLabel, move |set, ctx| {
                conversations::label(set, ctx, id, &labels)
            })
            .await
    }

    /// Takes labels off a conversation; how many it had.
    ///
    /// Fails with `conversation.not_found` or `label.invalid`.
    pub async fn unlabel(&self, id: ConversationId, labels: &[&str]) -> Result<usize, Error> {
        let labels = owned(labels);
        self.0
            .decide(Call::InboxUnlabel, move |set, ctx| {
                conversations::unlabel(set, ctx, id, &labels)
            })
            .await
    }

    /// All labels that were ever given, by their folded names.
    pub async fn labels(&self) -> Result<Vec<LabelCount>, Error> {
        let call = Call::InboxLabels;
        let storage = &self.0.admitted(call).await?.runtime.storage;
        let query = Query::Records {
            org: Some(self.0.id),
            kind: RecordKind::Label,
        };
        let labels: Vec<Label> = self.0.all(call, query).await?;
        let mut counts = Vec::with_capacity(labels.len());
        for label in labels {
            let with = Query::Conversations {
                org: self.0.id,
                filter: ConversationFilter {
                    label: Some(label.key),
                    ..ConversationFilter::all()
                },
                order: ConversationOrder::Activity,
            };
            counts.push(LabelCount {
                name: label.name,
                conversations: storage.count(with).await.map_err(from_storage)?,
            });
        }
        Ok(counts)
    }

    async fn change(
        &self,
        call: Call,
        id: ConversationId,
        mut decision: impl FnMut(&mut WorkingSet, &mut Context<'_>) -> Step<bool> + Send + 'static,
    ) -> Result<Conversation, Error> {
        self.0
            .decide(call, move |set, ctx| {
                decision(set, ctx)?;
                conversations::get(set, ctx, id)
            })
            .await
    }
}

fn owned(labels: &[&str]) -> Vec<String> {
    labels.iter().map(|label| (*label).to_owned()).collect()
}
