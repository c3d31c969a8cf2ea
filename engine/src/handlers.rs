//! Bots and AIs of the host: asked to answer what the contacts of their conversations write.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use tertulia_core::contact::Contact;
use tertulia_core::conversation::{Conversation, Handler, Message};
use tertulia_core::decide::sending::{Draft, SendRequest};
use tertulia_core::decide::turns::{self, Taken};
use tertulia_core::error::{Code, Error};
use tertulia_core::ids::{AgentId, ConversationId, OrgId, TurnId};
use tertulia_core::journal::Actor;
use tertulia_core::message::Content;
use tertulia_storage_traits::{PageRequest, Query};
use tokio::task::JoinSet;

use crate::crm::Crm;
use crate::org::Org;
use crate::runtime::ended;
use crate::worker::{Done, REST};

/// How many turns one worker has under way at most.
const AT_ONCE: usize = 16;

/// How long a worker's lease lasts beyond the handler's time: what noting the end may take.
const GRACE: TimeDelta = TimeDelta::seconds(30);

/// A bot or an AI of the host's, given to [`Builder::handler`](crate::Builder::handler).
///
/// It is asked for each message of a contact whose conversation it has, but for those that are a consent keyword; what
/// comes while it answers is its next turn, and it has one turn of a conversation at a time.
///
/// A turn is never lost, and so may come more than once: if the handler fails, panics, takes longer than
/// [`handler_timeout`](crate::Builder::handler_timeout), or its process dies, the same messages come again after a pause,
/// under the same [`id`](HandlerTurn::id); after five tries people have the conversation, and the journal says why. What
/// it sends is numbered in the order that it is sent in: the n-th message of a turn that went out, or may have, in an
/// earlier try is not sent again, but given back as it was sent. Whatever else it does twice, it must stand.
#[async_trait]
pub trait ConversationHandler: Debug + Send + Sync {
    /// Answers what the contact wrote. An error is a failure of the turn.
    async fn turn(&self, turn: HandlerTurn) -> Result<(), Error>;
}

/// What a handler is asked to answer.
///
/// [`org`](Self::org) acts as the handler: it may do what an agent may, sends only to the contact of its conversation, and
/// changes no other one. When the turn is over, as a person took the conversation over or the time was up, every call of it
/// fails with `handler.over`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HandlerTurn {
    /// The id: the same each time that these messages are given.
    pub id: TurnId,
    /// Which try it is, from 1.
    pub number: u32,
    /// The organisation, acting as the handler.
    pub org: Org,
    /// The handler that has the conversation.
    pub handler: Handler,
    /// The conversation.
    pub conversation: Conversation,
    /// With whom.
    pub contact: Contact,
    /// What the contact wrote since the last turn, by time; at least one message.
    pub messages: Vec<Message>,
}

impl HandlerTurn {
    /// Sends a message to the contact, by the sender that they last wrote to: as [`send`](crate::Inbox::send).
    pub async fn reply(&self, content: Content) -> Result<Message, Error> {
        let request = SendRequest {
            contact: self.contact.id,
            account: None,
            draft: Draft::Content(content),
            reply_to: None,
        };
        self.org.inbox().send(request).await
    }

    /// Sends text to the contact.
    pub async fn reply_text(&self, text: impl Into<String>) -> Result<Message, Error> {
        self.reply(Content::text(text)).await
    }

    /// Gives the conversation to a member of the team, or to whoever it is assigned to, or who looks. It ends the turn: say
    /// first what is to be said.
    pub async fn hand_over(&self, to: Option<AgentId>) -> Result<Conversation, Error> {
        self.org.inbox().hand_over(self.conversation.id, to).await
    }
}

/// The handlers of a process by name, and how long each turn may take.
#[derive(Debug)]
pub(crate) struct Handlers {
    by_name: BTreeMap<String, Arc<dyn ConversationHandler>>,
    pub(crate) limit: Duration,
}

impl Default for Handlers {
    fn default() -> Self {
        Self {
            by_name: BTreeMap::new(),
            limit: Duration::from_mins(1),
        }
    }
}

impl Handlers {
    pub(crate) fn add(&mut self, name: &str, handler: Arc<dyn ConversationHandler>) {
        self.by_name.insert(name.trim().to_owned(), handler);
    }
}

impl Crm {
    /// Has the handlers of this process take the turns that are due, until none is: several beside each other, and more as
    /// they fall due.
    pub(crate) async fn take_turns(&self, done: &mut Done) -> Result<(), Error> {
        let (clock, closed) = (&self.inner.runtime.clock, &self.inner.closed);
        // Tasks of their own: one that has its turn at the store, and is not driven on meanwhile, would hold up for ever
        // what is asked of the store here.
        let mut under_way = JoinSet::new();
        let mut ending = Ok(());
        loop {
            if ending.is_ok() && !closed.is_cancelled() {
                let mut taken = Vec::new();
                ending = self.take_due(AT_ONCE - under_way.len(), &mut taken).await;
                for (org, taken) in taken {
                    let crm = self.clone();
                    under_way.spawn(async move { crm.take_turn(org, taken).await });
                }
            }
            let rested = clock.sleep_until(clock.now() + REST);
            tokio::select! {
                () = closed.cancelled() => return Ok(()),
                turn = under_way.join_next() => match turn.map(ended).transpose()? {
                    None => return ending,
                    Some(true) => done.answered += 1,
                    Some(false) => done.unanswered += 1,
                },
                () = rested => {}
            }
        }
    }

    /// Leases turns that are due, so many at most.
    async fn take_due(&self, most: usize, all: &mut Vec<(OrgId, Taken)>) -> Result<(), Error> {
        let runtime = &self.inner.runtime;
        for name in self.inner.handlers.by_name.keys() {
            while all.len() < most {
                let asked = most - all.len();
                let now = runtime.clock.now();
                let limit = TimeDelta::from_std(self.inner.handlers.limit).unwrap_or(TimeDelta::days(1));
                let due = Query::DueTurns {
                    handler: name.clone(),
                    by: now,
                };
                let found = runtime.page(PageRequest::first(due, asked)).await?.records;
                let last = found.len() < asked;
                for stored in found {
                    let Ok(thread) = Conversation::try_from(stored.record) else {
                        continue;
                    };
                    let (org, id): (OrgId, ConversationId) = (thread.org, thread.id);
                    let worker = self.inner.worker.clone();
                    let until = now + limit + GRACE;
                    let taken = runtime.decide(org, &Actor::Worker, |set, ctx| {
                        turns::take(set, ctx, id, &worker, until)
                    });
                    all.extend(taken.await?.map(|taken| (org, taken)));
                }
                if last {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Has a handler answer; whether it did.
    async fn take_turn(&self, org: OrgId, taken: Taken) -> bool {
        let (runtime, held) = (&self.inner.runtime, taken.held);
        let noted = match self.ask(org, taken).await {
            Ok(()) => {
                let noted = runtime.decide(org, &Actor::Worker, |set, ctx| turns::done(set, ctx, &held));
                noted.await.map(|()| true)
            }
            Err(error) => {
                let (code, turn) = (error.code(), held.turn);
                tracing::warn!(code = code.as_str(), %turn, number = held.number, "a handler failed");
                let noted = runtime.decide(org, &Actor::Worker, |set, ctx| {
                    turns::failed(set, ctx, &held, code)
                });
                noted.await.map(|()| false)
            }
        };
        noted.unwrap_or_else(|error| {
            // The lease ends, and the turn comes again.
            tracing::error!(
                code = error.code().as_str(),
                "the end of a handler's turn cannot be recorded"
            );
            false
        })
    }

    /// Calls the handler, for as long as it may take.
    async fn ask(&self, org: OrgId, taken: Taken) -> Result<(), Error> {
        let name = taken.handler.name.clone();
        let failed = |code, what: &str| Err(Error::new(code, format!("handler {name:?} {what}")));
        let Some(handler) = self.inner.handlers.by_name.get(&name).map(Arc::clone) else {
            return failed(Code::HandlerFailed, "is not in this process");
        };
        let turn = HandlerTurn {
            id: taken.held.turn,
            number: taken.held.number,
            org: self.org(org).in_turn(&name, taken.held),
            handler: taken.handler,
            conversation: taken.conversation,
            contact: taken.contact,
            messages: taken.messages,
        };
        // Dropped with the set when the time is up, and one that panics takes nobody along.
        let mut asked = JoinSet::new();
        asked.spawn(async move { handler.turn(turn).await });
        match tokio::time::timeout(self.inner.handlers.limit, asked.join_next()).await {
            Ok(Some(Ok(answer))) => answer,
            Ok(_) => failed(Code::HandlerFailed, "panicked"),
            Err(_) => failed(Code::HandlerTimeout, "did not end in time"),
        }
    }
}
