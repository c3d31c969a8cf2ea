//! Conversations and messages.

use std::sync::Arc;

use tertulia_core::contact::Contact;
use tertulia_core::context::Context;
use tertulia_core::conversation::{Conversation, Message};
use tertulia_core::decide::contacts::{self, NewContact};
use tertulia_core::decide::sending::{self, Draft, SendRequest};
use tertulia_core::decide::turns::{self, Reply};
use tertulia_core::decide::{conversations, leads};
use tertulia_core::error::{Code, Error};
use tertulia_core::ids::{ContactId, ConversationId, DispatchId, MessageId, OrgId};
use tertulia_core::inbox::{ConversationFilter, ConversationOrder};
use tertulia_core::journal::Actor;
use tertulia_core::ledger::{Dispatch, Outcome};
use tertulia_core::message::Content;
use tertulia_core::record::Key;
use tertulia_core::render::{Rendered, Text};
use tertulia_core::retry::FailureClass;
use tertulia_core::roles::Call;
use tertulia_core::working_set::WorkingSet;
use tertulia_storage_traits::Query;

use crate::crm::Inner;
use crate::handles::{Listed, PageOf};
use crate::org::Org;
use crate::runtime::to_the_end;

/// Conversations and messages.
#[derive(Debug, Clone, Copy)]
pub struct Inbox<'a>(pub(crate) &'a Org);

impl Inbox<'_> {
    /// Sends a message now, on behalf of whom the organisation's handle acts for, and returns it as the platform took it.
    ///
    /// Passes the gate first: refused with the gravest rule (`contact.blocked`, `consent.opted_out`, `window.closed`,
    /// `cap.reached`, …), and nothing changed. Fails with `send.refused` or `send.not_sent` if the platform said no or
    /// was not reached, and with `send.unknown` if its answer was lost: then the message may or may not arrive, and its
    /// status tells. A file out of the media store is uploaded first, by the sender that the message goes by; that fails
    /// with `media.*` or `transport.*`, and nothing is sent.
    pub async fn send(&self, request: SendRequest) -> Result<Message, Error> {
        self.sent(Call::InboxSend, request).await
    }

    /// Begins a conversation with somebody: with the contact that has any of the addresses, which gets what it lacks, or
    /// with one that is created for it. Gives back the contact, and its open conversation if there is one.
    ///
    /// Fails with what [`create`](crate::Contacts::create) fails with, `contact.limit` and `consent.opted_out` among it,
    /// and with `contact.blocked`.
    pub async fn start(&self, new: NewContact) -> Result<(Contact, Conversation), Error> {
        let inner = self.0.admitted(Call::InboxStart).await?;
        let contacts_now = inner.contacts_for_limit(self.0.id).await?;
        self.0
            .decide(Call::InboxStart, move |set, ctx| {
                leads::start(set, ctx, &new, contacts_now)
            })
            .await
    }

    /// Sends text to a contact, by the sender that they last wrote to.
    pub async fn send_text(&self, contact: ContactId, text: impl Into<String>) -> Result<Message, Error> {
        let draft = Draft::Content(Content::text(text));
        let request = SendRequest {
            contact,
            account: None,
            draft,
            reply_to: None,
        };
        self.sent(Call::InboxSendText, request).await
    }

    pub(crate) async fn sent(&self, call: Call, request: SendRequest) -> Result<Message, Error> {
        let inner = Arc::clone(self.0.admitted(call).await?);
        let org = self.0.clone();
        // Boxed: callers would hold all of it.
        to_the_end(Box::pin(async move { send(&inner, &org, call, request).await })).await
    }

    /// A text with variables, as a contact would get it; `strict`: a variable without value or fallback is refused.
    pub async fn render(&self, contact: ContactId, text: &Text, strict: bool) -> Result<Rendered, Error> {
        self.0
            .look(Call::InboxRender, |set, ctx| {
                let contact = contacts::get(set, ctx, contact)?;
                sending::with_values(set, ctx, &contact, |values| text.render(values, strict))
            })
            .await
    }

    /// The message, which must be there.
    pub async fn message(&self, id: MessageId) -> Result<Message, Error> {
        let inner = self.0.admitted(Call::InboxMessage).await?;
        message(inner, self.0.id, id).await
    }

    /// The messages of a conversation, by time.
    pub async fn messages(
        &self,
        conversation: ConversationId,
        page: &PageOf,
    ) -> Result<Listed<Message>, Error> {
        let call = Call::InboxMessages;
        let runtime = &self.0.admitted(call).await?.runtime;
        let query = Query::Messages {
            org: self.0.id,
            conversation,
        };
        let mut messages: Listed<Message> = self.0.list(call, query, page).await?;
        let key = Key::Conversation {
            org: self.0.id,
            conversation,
        };
        let thread: Option<Conversation> = runtime.get(key).await?;
        // Whose the thread is by now: messages keep the contact that they were written to.
        for message in &mut messages.items {
            message.contact = thread.as_ref().map_or(message.contact, |thread| thread.contact);
        }
        Ok(messages)
    }

    /// The conversations, of one contact or of all, by last activity.
    pub async fn conversations(
        &self,
        contact: Option<ContactId>,
        page: &PageOf,
    ) -> Result<Listed<Conversation>, Error> {
        let contact = match contact {
            Some(id) => {
                let found = self.0.look(Call::InboxConversations, |set, ctx| {
                    contacts::even_deleted(set, ctx, id)
                });
                Some(found.await?.id)
            }
            None => None,
        };
        let query = Query::Conversations {
            org: self.0.id,
            filter: contact.map_or_else(ConversationFilter::all, ConversationFilter::of),
            order: ConversationOrder::Activity,
        };
        self.0.list(Call::InboxConversations, query, page).await
    }

    /// Tells the platform that a contact's message was read; if it is the last one, its conversation is read.
    pub async fn mark_read(&self, id: MessageId) -> Result<(), Error> {
        let call = Call::InboxMarkRead;
        let inner = self.0.admitted(call).await?;
        let message = message(inner, self.0.id, id).await?;
        let (true, Some(provider_id)) = (message.is_inbound(), &message.provider_id) else {
            return Err(Error::new(
                Code::MessageInvalid,
                format!("message {id} is none of a contact's"),
            ));
        };
        let account = self
            .0
            .look(call, |set, ctx| sending::get_account(set, ctx, message.account))
            .await?;
        let transport = inner.transport(&account)?;
        transport
            .mark_read(&inner.sender(&account).await?, provider_id)
            .await?;
        let conversation = message.conversation;
        self.0
            .decide(call, move |set, ctx| {
                conversations::read_message(set, ctx, conversation, id)
            })
            .await
    }
}

async fn message(inner: &Inner, org: OrgId, id: MessageId) -> Result<Message, Error> {
    let runtime = &inner.runtime;
    let found = runtime.get(Key::Message { org, message: id }).await?;
    let mut found: Message =
        found.ok_or_else(|| Error::new(Code::MessageNotFound, format!("there is no message {id}")))?;
    let contact = found.contact;
    let mut set = WorkingSet::new();
    let resolve = |set: &mut WorkingSet, ctx: &mut Context<'_>| contacts::resolve(set, ctx, contact);
    found.contact = runtime.rehearse(org, &Actor::Worker, &mut set, resolve).await?;
    Ok(found)
}

/// The message that a row of the ledger sent.
async fn message_of(inner: &Inner, org: OrgId, dispatch: DispatchId) -> Result<Message, Error> {
    let row: Option<Dispatch> = inner.runtime.get(Key::Dispatch { org, dispatch }).await?;
    match row.and_then(|row| row.message) {
        Some(sent) => message(inner, org, sent).await,
        None => Err(Error::new(
            Code::StorageCorrupt,
            "the message of a ledger row is missing",
        )),
    }
}

/// Once the message is on its way, what became of it is recorded whoever asked, and whatever they may do by then.
async fn send(inner: &Inner, org: &Org, call: Call, mut request: SendRequest) -> Result<Message, Error> {
    let uploaded = inner.uploaded(org, call, &mut request).await?;
    let ordinal = org.next_reply();
    let reply = org
        .decide(call, move |set, ctx| turns::reply(set, ctx, &request, ordinal))
        .await?;
    let mut flight = match reply {
        Reply::Flight(flight) => flight,
        Reply::Sent(row) => return message_of(inner, org.id, row).await,
    };
    if let (Some(source), Content::Media(media)) = (uploaded, &mut flight.content) {
        media.source = source;
    }
    // It counts, and does not wait: somebody does.
    if let Some(rate) = flight.account.rate() {
        let sender = (org.id, flight.account.id);
        inner.rates().give(sender, rate, inner.runtime.clock.now());
    }
    let mut outcome = inner.fly(&flight).await;
    if let Outcome::Refused(refused) = &outcome
        && refused.class == FailureClass::KeyReplaced
    {
        let (last, refused) = (flight.clone(), refused.clone());
        let again = org.decide_all(None, vec![()], move |set, ctx, ()| {
            sending::again(set, ctx, &last, &refused)
        });
        // Otherwise the refusal is what became of it.
        if let Some(Ok(next)) = again.await?.pop() {
            outcome = inner.fly(&next).await;
            flight = next;
        }
    }
    let (dispatch, attempt, landing) = (flight.dispatch, flight.attempt, outcome.clone());
    let landed = org.decide_all(None, vec![()], move |set, ctx, ()| {
        sending::land(set, ctx, dispatch, attempt, &landing)
    });
    landed.await?.into_iter().collect::<Result<Vec<_>, _>>()?;
    match outcome {
        Outcome::Accepted(_) => message_of(inner, org.id, dispatch).await,
        Outcome::Refused(failure) => Err(Error::new(
            Code::SendRefused,
            format!("the platform said {}: {}", failure.code, failure.detail),
        )),
        Outcome::NotSent(failure) if failure.code == "deadline" => Err(Error::new(
            Code::SendStale,
            format!("not sent: {}", failure.detail),
        )),
        Outcome::NotSent(failure) => Err(Error::new(
            Code::SendNotSent,
            format!("not sent: {} ({})", failure.detail, failure.code),
        )),
        Outcome::Unknown { detail } => Err(Error::new(
            Code::SendUnknown,
            format!("ledger row {dispatch}: {detail}"),
        )),
    }
}
