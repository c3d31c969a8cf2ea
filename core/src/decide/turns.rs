//! What a bot or AI of the host is to answer: when a turn is due, who has it, and what it may do in it.

use chrono::{DateTime, Utc};

use crate::contact::{Contact, RecordStatus};
use crate::context::Context;
use crate::conversation::{Author, Conversation, Handler, Message};
use crate::decide::contacts::{self, contact_key};
use crate::decide::conversations::{self, handled};
use crate::decide::sending::{self, Flight, SendRequest, dispatch_key};
use crate::decide::surveys;
use crate::error::{Code, Error};
use crate::ids::{ConversationId, DispatchId, MessageId};
use crate::journal::What;
use crate::keywords::Keyword;
use crate::ledger::{Dispatch, StateName};
use crate::record::Key;
use crate::retry::{Failure, FailureClass, NextStep, next_step};
use crate::roles::{Call, Role};
use crate::turn::{AT_ONCE, InTurn, MAX_WAITING, TRIES, Turn};
use crate::working_set::{Lookup, Step, WorkingSet};

/// A turn as a handler is given it.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// The try: what the handler acts in.
    pub held: InTurn,
    /// The handler that has the conversation.
    pub handler: Handler,
    /// The conversation.
    pub conversation: Conversation,
    /// With whom.
    pub contact: Contact,
    /// What the contact wrote, by time.
    pub messages: Vec<Message>,
}

/// A reply as far as a decision goes.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant)]
pub enum Reply {
    /// It is to be put on the wire.
    Flight(Flight),
    /// It went out in an earlier try, or may have: by this row.
    Sent(DispatchId),
}

/// Whether a word, sent alone, is nothing to answer: what stops or starts messages, and what the platform answers itself.
pub(crate) fn is_of_consent(keyword: Option<Keyword>, by_platform: bool) -> bool {
    by_platform || matches!(keyword, Some(Keyword::Stop | Keyword::Start))
}

/// The conversation, if it is there.
fn find(set: &mut WorkingSet, ctx: &Context<'_>, id: ConversationId) -> Step<Option<Conversation>> {
    set.get(&conversations::key(ctx, id))
}

/// A message of the contact that its conversation's handler is to answer, if it has one: in the commit that it came by.
pub(crate) fn wait(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    conversation: ConversationId,
    (message, at): (MessageId, DateTime<Utc>),
) -> Step<()> {
    let thread = find(set, ctx, conversation)?;
    let Some(mut thread) = thread.filter(|thread| thread.resolution.is_none() && !thread.is_settled(at))
    else {
        return Ok(());
    };
    if thread.handler.is_none() {
        return Ok(());
    }
    let id = ctx.ids.next();
    let turn = thread
        .turn
        .get_or_insert_with(|| Turn::new(id, Vec::new(), ctx.now));
    turn.messages.push(message);
    if turn.messages.len() > MAX_WAITING {
        return give_up(set, ctx, &thread, Code::HandlerBehind);
    }
    set.put(thread);
    Ok(())
}

/// The turn of a handler that is given a conversation: what the one before it left, else what waits at the end of the
/// conversation without an answer.
pub(crate) fn inherited(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    thread: &Conversation,
) -> Step<Vec<MessageId>> {
    if let Some(turn) = &thread.turn {
        return Ok(turn.messages.clone());
    }
    if thread.resolution.is_some() {
        return Ok(Vec::new());
    }
    let mut last: Vec<Message> = set.list(&Lookup::LastMessages {
        org: ctx.org.id,
        conversation: thread.id,
    })?;
    last.sort_by_key(|message| (message.at, message.id));
    let contact = contacts::find(set, ctx, thread.contact)?;
    let mut waiting = Vec::new();
    for message in last.iter().rev() {
        match message.author {
            Author::Contact => {
                let keyword = message.content.words();
                let keyword = keyword.and_then(|words| ctx.org.settings.keywords.classify(words));
                if !message.is_spoken() || is_of_consent(keyword, false) || thread.is_settled(message.at) {
                    continue;
                }
                let answers = match &contact {
                    Some(contact) => surveys::is_answer(set, ctx, contact, message)?,
                    None => false,
                };
                if !answers {
                    waiting.push(message.id);
                }
            }
            // Nobody's answer to anything.
            Author::Broadcast(_) | Author::Sequence(_) | Author::Survey(_) | Author::StopConfirmation => {}
            Author::Agent(_) | Author::Host(_) | Author::Handler(_) | Author::Elsewhere => break,
        }
    }
    waiting.reverse();
    Ok(waiting)
}

/// A worker takes a conversation's turn until an instant, if it is due. `None`: it is not, it is another worker's, or
/// there is nobody to answer any more: the contact is blocked or gone, or goes on in another conversation.
pub fn take(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    id: ConversationId,
    worker: &str,
    until: DateTime<Utc>,
) -> Step<Option<Taken>> {
    let Some(mut thread) = find(set, ctx, id)? else {
        return Ok(None);
    };
    let due = thread.turn.clone().filter(|turn| turn.due <= ctx.now);
    let (Some(mut turn), Some(handler)) = (due, thread.handler.clone()) else {
        return Ok(None);
    };
    let key = contact_key(ctx, thread.contact);
    let contact: Option<Contact> = set.get(&key)?;
    set.expect(&key);
    let heard = |contact: &Contact| matches!(contact.status, RecordStatus::Active | RecordStatus::Inactive);
    let open = thread.resolution.is_none();
    let Some(contact) = contact.filter(|contact| open && heard(contact)) else {
        thread.turn = None;
        set.put(thread);
        return Ok(None);
    };
    if contact.conversation != Some(id) {
        // Merged, and another conversation goes on: what was said in this one is for people to read.
        handled(set, ctx, &thread, None, None)?;
        return Ok(None);
    }
    if turn.tries >= TRIES {
        // Whoever had it did not live to say what went wrong.
        give_up(set, ctx, &thread, Code::HandlerTimeout)?;
        return Ok(None);
    }
    if turn.taken == 0 {
        turn.taken = turn.messages.len().min(AT_ONCE);
    }
    let keys = turn.messages.iter().take(turn.taken).map(|message| Key::Message {
        org: ctx.org.id,
        message: *message,
    });
    let keys: Vec<Key> = keys.collect();
    set.need(keys.iter().cloned())?;
    let mut messages: Vec<Message> = Vec::new();
    for key in &keys {
        messages.extend(set.get::<Message>(key)?);
    }
    messages.sort_by_key(|message| (message.at, message.id));
    turn.tries += 1;
    turn.due = until;
    turn.worker = Some(worker.to_owned());
    let held = InTurn {
        conversation: id,
        turn: turn.id,
        number: turn.tries,
    };
    thread.turn = Some(turn);
    set.put(thread.clone());
    if messages.is_empty() {
        done(set, ctx, &held)?;
        return Ok(None);
    }
    Ok(Some(Taken {
        held,
        handler,
        conversation: thread,
        contact,
        messages,
    }))
}

/// The conversation of a try that is under way.
fn under_way(set: &mut WorkingSet, ctx: &Context<'_>, held: &InTurn) -> Step<Option<Conversation>> {
    let thread = find(set, ctx, held.conversation)?;
    Ok(thread.filter(|thread| thread.turn.as_ref().is_some_and(|turn| turn.is(held))))
}

/// A handler has answered: the messages that it saw are done with, and those that came meanwhile are the next turn.
pub fn done(set: &mut WorkingSet, ctx: &mut Context<'_>, held: &InTurn) -> Step<()> {
    if let Some(mut thread) = under_way(set, ctx, held)? {
        let next = ctx.ids.next();
        let left = |mut turn: Turn| turn.messages.split_off(turn.taken.min(turn.messages.len()));
        let left = thread.turn.take().map(left).filter(|left| !left.is_empty());
        thread.turn = left.map(|left| Turn::new(next, left, ctx.now));
        set.put(thread);
    }
    Ok(())
}

/// A handler threw, or did not end in time: it is asked again after a pause, and after [`TRIES`] the conversation is
/// handed over to people. The reason is the code of what it failed with.
pub fn failed(set: &mut WorkingSet, ctx: &Context<'_>, held: &InTurn, reason: Code) -> Step<()> {
    let Some(mut thread) = under_way(set, ctx, held)? else {
        return Ok(());
    };
    let fault = Failure::new(FailureClass::Transient, reason.as_str(), "");
    match (next_step(&fault, held.number), &mut thread.turn) {
        (NextStep::RetryAfter(pause), Some(turn)) if turn.tries < TRIES => {
            turn.worker = None;
            turn.due = ctx.now + pause;
            set.put(thread);
            Ok(())
        }
        _ => give_up(set, ctx, &thread, reason),
    }
}

/// People get the conversation: whoever it is assigned to, or whoever looks. Nothing that was said is lost.
fn give_up(set: &mut WorkingSet, ctx: &Context<'_>, thread: &Conversation, reason: Code) -> Step<()> {
    let what = What::HandlerFailed {
        conversation: thread.id,
        handler: thread
            .handler
            .as_ref()
            .map(|handler| handler.name.clone())
            .unwrap_or_default(),
        tries: thread.turn.as_ref().map_or(0, |turn| turn.tries),
        reason: reason.as_str().to_owned(),
    };
    set.journal(ctx.about(thread.contact, what));
    handled(set, ctx, thread, None, None)?;
    Ok(())
}

/// Refuses a call of a handler whose turn is over, or that takes more than an agent may do. What is decided after this
/// holds only if the conversation is as it was: of a reply and a take-over at the same time, one is decided again.
///
/// Fails with `handler.over` or `role.forbidden`.
pub(crate) fn check(set: &mut WorkingSet, ctx: &Context<'_>, name: &str, call: Call) -> Step<()> {
    if call.needs() > Role::Agent {
        let message = format!(
            "handler {name:?} may do what an agent may, and {} takes {}",
            call.name(),
            call.needs()
        );
        return Err(Error::new(Code::RoleForbidden, message).into());
    }
    let thread = match &ctx.turn {
        Some(held) => under_way(set, ctx, held)?,
        None => None,
    };
    let thread = thread.filter(|thread| {
        thread
            .handler
            .as_ref()
            .is_some_and(|handler| handler.name == name)
    });
    let Some(thread) = thread else {
        let message = format!(
            "the turn of handler {name:?} is over: a person took the conversation over, it was closed, or the turn took too long"
        );
        return Err(Error::new(Code::HandlerOver, message).into());
    };
    set.expect(&conversations::key(ctx, thread.id));
    Ok(())
}

/// Refuses a handler what it may only do in its own conversation.
///
/// Fails with `handler.elsewhere`.
pub(crate) fn check_own(ctx: &Context<'_>, conversation: Option<ConversationId>) -> Result<(), Error> {
    match &ctx.turn {
        Some(held) if Some(held.conversation) != conversation => Err(Error::new(
            Code::HandlerElsewhere,
            format!(
                "the handler's turn is in conversation {}, and in no other",
                held.conversation
            ),
        )),
        _ => Ok(()),
    }
}

/// The so-manieth message that a handler sends in its turn: refused with the gravest rule, committed as `sending`, or
/// found to have gone out in an earlier try. What it says then is what counts.
pub fn reply(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    request: &SendRequest,
    ordinal: u32,
) -> Step<Reply> {
    let Some(held) = ctx.turn else {
        return sending::send(set, ctx, request).map(Reply::Flight);
    };
    for failed in 0..u8::MAX {
        let row = held.row(ordinal, failed);
        let known: Option<Dispatch> = set.get(&dispatch_key(ctx, row))?;
        match known.map(|known| known.state.name()) {
            None => return sending::send_by(set, ctx, request, row).map(Reply::Flight),
            Some(StateName::Failed) => {}
            Some(_) => return Ok(Reply::Sent(row)),
        }
    }
    Err(Error::new(Code::SendRefused, "every try to send the reply failed").into())
}
