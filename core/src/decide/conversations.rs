//! What a caller does with a conversation, and where what comes in and goes out belongs.

use chrono::{DateTime, Utc};

use crate::contact::Contact;
use crate::context::Context;
use crate::conversation::{Conversation, Handler, Label, Predecessor, Resolution, label_name};
use crate::decide::{contacts, routing, team, turns};
use crate::error::{Code, Error};
use crate::ids::{AgentId, ConversationId, MessageId, RuleId};
use crate::inbox::ConversationFilter;
use crate::journal::{Entry, What};
use crate::record::{Key, Op};
use crate::settings::Reopening;
use crate::turn::Turn;
use crate::working_set::{Step, WorkingSet};

pub(crate) fn key(ctx: &Context<'_>, conversation: ConversationId) -> Key {
    Key::Conversation {
        org: ctx.org.id,
        conversation,
    }
}

/// The conversation, which must be there.
pub fn get(set: &mut WorkingSet, ctx: &Context<'_>, id: ConversationId) -> Step<Conversation> {
    let found: Option<Conversation> = set.get(&key(ctx, id))?;
    found.ok_or_else(|| {
        Error::new(
            Code::ConversationNotFound,
            format!("there is no conversation {id}"),
        )
        .into()
    })
}

/// The conversation, which must be there; a handler's only if it is that of its turn.
fn own(set: &mut WorkingSet, ctx: &Context<'_>, id: ConversationId) -> Step<Conversation> {
    let found = get(set, ctx, id)?;
    turns::check_own(ctx, Some(id))?;
    Ok(found)
}

/// The thread that the contact's next message belongs to.
pub(crate) fn current(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &Contact,
) -> Step<Option<Conversation>> {
    match contact.conversation {
        Some(conversation) => set.get(&key(ctx, conversation)),
        None => Ok(None),
    }
}

/// The thread that belongs to what happened with a contact at some time. What comes late belongs to the conversation of
/// its time, if it is still there; what is later than the resolution of the last one, to a new one where the organisation
/// says so.
pub(crate) fn at_time(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    contact: &mut Contact,
    at: DateTime<Utc>,
) -> Step<Conversation> {
    let Some(mut thread) = current(set, ctx, contact)? else {
        return Ok(open(set, ctx, contact, None, at));
    };
    while let Some(before) = thread.follows.filter(|before| at <= before.until) {
        let earlier: Option<Conversation> = set.get(&key(ctx, before.conversation))?;
        match earlier.filter(|earlier| earlier.contact == contact.id) {
            Some(earlier) => thread = earlier,
            None => break,
        }
    }
    if thread.closed_before(at) && ctx.org.settings.reopening == Reopening::OpenNew {
        return Ok(open(set, ctx, contact, Some(&thread), at));
    }
    Ok(thread)
}

/// Opens a thread with a contact, behind one that is closed.
pub(crate) fn open(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    contact: &mut Contact,
    closed: Option<&Conversation>,
    at: DateTime<Utc>,
) -> Conversation {
    let mut conversation = Conversation::new(ctx.org.id, ctx.ids.next(), contact.id, at);
    conversation.follows = closed.and_then(|closed| {
        Some(Predecessor {
            conversation: closed.id,
            until: closed.resolution.as_ref()?.at,
        })
    });
    contact.conversation = Some(conversation.id);
    contact.follow(&conversation);
    let what = What::ConversationOpened {
        conversation: conversation.id,
    };
    set.journal(Entry {
        at,
        ..ctx.about(contact.id, what)
    });
    conversation
}

/// The thread in which a conversation that somebody begins goes on: one that is closed is opened again, or followed by a
/// new one where the organisation says so.
pub(crate) fn begin(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    contact: &mut Contact,
) -> Step<Conversation> {
    let Some(mut thread) = current(set, ctx, contact)? else {
        return Ok(open(set, ctx, contact, None, ctx.now));
    };
    if thread.resolution.is_none() {
        return Ok(thread);
    }
    if ctx.org.settings.reopening == Reopening::OpenNew {
        return Ok(open(set, ctx, contact, Some(&thread), ctx.now));
    }
    thread.open_again();
    set.journal(reopened(ctx, &thread));
    contact.follow(&thread);
    set.put(contact.clone());
    set.put(thread.clone());
    routing::drop_leaver(set, ctx, thread.id)?;
    get(set, ctx, thread.id)
}

/// The entry that tells that a conversation is open again.
pub(crate) fn reopened(ctx: &Context<'_>, thread: &Conversation) -> Entry {
    let what = What::ConversationReopened {
        conversation: thread.id,
        after: thread.status(),
    };
    ctx.about(thread.contact, what)
}

/// Writes a conversation, and what its contact says of it.
fn put(set: &mut WorkingSet, ctx: &Context<'_>, conversation: Conversation) -> Step<()> {
    let known: Option<Contact> = set.get(&contacts::contact_key(ctx, conversation.contact))?;
    if let Some(known) = known {
        let mut contact = known.clone();
        contact.follow(&conversation);
        if contact != known {
            set.put(contact);
        }
    }
    set.put(conversation);
    Ok(())
}

/// Changes a conversation in one way; whether it changed.
fn change(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    before: &Conversation,
    edit: impl FnOnce(&mut Conversation),
    tell: impl FnOnce(&Conversation) -> What,
) -> Step<bool> {
    let mut after = before.clone();
    edit(&mut after);
    if after == *before {
        return Ok(false);
    }
    set.journal(ctx.about(after.contact, tell(&after)));
    put(set, ctx, after)?;
    Ok(true)
}

fn marked(word: &'static str) -> impl FnOnce(&Conversation) -> What {
    move |conversation| What::ConversationMarked {
        conversation: conversation.id,
        change: word.to_owned(),
    }
}

/// The member who is to have a conversation, who must work here when this is committed.
pub(crate) fn working(set: &mut WorkingSet, ctx: &Context<'_>, member: AgentId) -> Step<()> {
    team::working(set, ctx, member)?;
    set.expect(&team::key(ctx, member));
    Ok(())
}

/// Gives a conversation to a member of the team, or to nobody; whether it was otherwise.
///
/// Fails with `conversation.not_found`, `member.not_found` or `member.inactive`.
pub fn assign(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    id: ConversationId,
    assignee: Option<AgentId>,
) -> Step<bool> {
    let before = own(set, ctx, id)?;
    if let Some(assignee) = assignee {
        working(set, ctx, assignee)?;
    }
    assigned(set, ctx, &before, assignee, None)
}

/// [`assign`], of a conversation that was read, to whom it may be given; by a rule of routing, if one says so.
pub(crate) fn assigned(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    before: &Conversation,
    assignee: Option<AgentId>,
    rule: Option<RuleId>,
) -> Step<bool> {
    change(
        set,
        ctx,
        before,
        |conversation| conversation.assignee = assignee,
        |after| What::ConversationAssigned {
            conversation: after.id,
            before: before.assignee,
            after: assignee,
            rule,
        },
    )
}

/// Gives a conversation to a bot or an AI of the host, which is to answer what waits at its end without an answer; whether
/// it was otherwise.
///
/// Fails with `conversation.not_found` or `handler.invalid`.
pub fn set_handler(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    id: ConversationId,
    handler: &Handler,
) -> Step<bool> {
    let before = own(set, ctx, id)?;
    let handler = handler.checked()?;
    if before.handler.as_ref() == Some(&handler) {
        return Ok(false);
    }
    let waiting = turns::inherited(set, ctx, &before)?;
    handled(set, ctx, &before, Some(&handler), None)?;
    if !waiting.is_empty() {
        let mut thread = get(set, ctx, id)?;
        thread.turn = Some(Turn::new(ctx.ids.next(), waiting, ctx.now));
        set.put(thread);
    }
    Ok(true)
}

/// [`set_handler`], of a conversation that was read; absent: nobody has it but people. The turn of whoever had it is over.
pub(crate) fn handled(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    before: &Conversation,
    handler: Option<&Handler>,
    rule: Option<RuleId>,
) -> Step<bool> {
    change(
        set,
        ctx,
        before,
        |conversation| {
            if conversation.handler.as_ref() != handler {
                conversation.turn = None;
            }
            conversation.handler = handler.cloned();
        },
        |after| What::ConversationHandled {
            conversation: after.id,
            before: before.handler.clone(),
            after: handler.cloned(),
            rule,
        },
    )
}

/// Takes a conversation over from its bot or AI, for a member of the team, or for whoever it is assigned to; whether
/// anything changed.
///
/// Fails with `conversation.not_found`, `member.not_found` or `member.inactive`.
pub fn hand_over(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    id: ConversationId,
    to: Option<AgentId>,
) -> Step<bool> {
    let before = own(set, ctx, id)?;
    let taken = handled(set, ctx, &before, None, None)?;
    let given = match to {
        Some(member) => assign(set, ctx, id, Some(member))?,
        None => false,
    };
    Ok(taken || given)
}

/// A member of the team who writes in a conversation that a bot or AI has takes it over.
pub(crate) fn join(set: &mut WorkingSet, ctx: &Context<'_>, contact: &Contact) -> Step<()> {
    if let Some(thread) = current(set, ctx, contact)?.filter(|thread| thread.resolution.is_none()) {
        handled(set, ctx, &thread, None, None)?;
    }
    Ok(())
}

/// Closes a conversation; whether it was open. Of one that is closed already, this is its resolution from now on.
///
/// Fails with `conversation.not_found`.
pub fn resolve(set: &mut WorkingSet, ctx: &Context<'_>, id: ConversationId) -> Step<bool> {
    let before = own(set, ctx, id)?;
    let mut after = before.clone();
    after.resolution = Some(Resolution {
        at: before.time_of(ctx.now),
        by: ctx.actor.clone(),
    });
    after.closed_through = None;
    after.turn = None;
    let was_open = before.resolution.is_none();
    if was_open {
        let what = What::ConversationResolved {
            conversation: id,
            before: before.status(),
        };
        set.journal(ctx.about(after.contact, what));
    }
    put(set, ctx, after)?;
    Ok(was_open)
}

/// Opens a conversation again; whether it was closed.
///
/// Fails with `conversation.not_found`, or with `conversation.superseded` for one that a newer one took the place of.
pub fn reopen(set: &mut WorkingSet, ctx: &Context<'_>, id: ConversationId) -> Step<bool> {
    let mut conversation = own(set, ctx, id)?;
    if conversation.resolution.is_none() {
        return Ok(false);
    }
    let contact: Option<Contact> = set.get(&contacts::contact_key(ctx, conversation.contact))?;
    let newer = contact.and_then(|contact| contact.conversation);
    if let Some(newer) = newer.filter(|newer| *newer != id) {
        let message = format!("the contact goes on in conversation {newer}");
        return Err(Error::new(Code::ConversationSuperseded, message).into());
    }
    conversation.open_again();
    set.journal(reopened(ctx, &conversation));
    put(set, ctx, conversation)?;
    routing::drop_leaver(set, ctx, id)?;
    Ok(true)
}

/// Marks that all that came in so far was read; whether something waited.
///
/// Fails with `conversation.not_found`.
pub fn read(set: &mut WorkingSet, ctx: &Context<'_>, id: ConversationId) -> Step<bool> {
    let before = own(set, ctx, id)?;
    let mut after = before.clone();
    after.read_through = before.read_through.max(Some(before.time_of(ctx.now)));
    after.unread = 0;
    after.marked_unread = false;
    let waited = before.is_unread();
    if waited {
        set.journal(ctx.about(after.contact, marked("read")(&after)));
    }
    put(set, ctx, after)?;
    Ok(waited)
}

/// [`read`] by who reads a message: if it is the last one that came in. The message's thread may be gone.
pub fn read_message(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    conversation: ConversationId,
    message: MessageId,
) -> Step<()> {
    let thread: Option<Conversation> = set.get(&key(ctx, conversation))?;
    let found: Option<crate::conversation::Message> = set.get(&Key::Message {
        org: ctx.org.id,
        message,
    })?;
    if let (Some(thread), Some(message)) = (thread, found)
        && thread.last_inbound.is_none_or(|(last, _)| message.at >= last)
    {
        read(set, ctx, thread.id)?;
    }
    Ok(())
}

/// Marks a conversation as unread; whether it was not.
///
/// Fails with `conversation.not_found`.
pub fn unread(set: &mut WorkingSet, ctx: &Context<'_>, id: ConversationId) -> Step<bool> {
    let before = own(set, ctx, id)?;
    if before.is_unread() {
        return Ok(false);
    }
    let edit = |conversation: &mut Conversation| conversation.marked_unread = true;
    change(set, ctx, &before, edit, marked("unread"))
}

/// Stars a conversation, or takes the star away; whether it was otherwise.
///
/// Fails with `conversation.not_found`.
pub fn star(set: &mut WorkingSet, ctx: &Context<'_>, id: ConversationId, starred: bool) -> Step<bool> {
    let before = own(set, ctx, id)?;
    let edit = |conversation: &mut Conversation| conversation.starred = starred;
    let word = if starred { "starred" } else { "unstarred" };
    change(set, ctx, &before, edit, marked(word))
}

/// Archives a conversation until the contact writes again, or brings it back; whether it was otherwise.
///
/// Fails with `conversation.not_found`.
pub fn archive(set: &mut WorkingSet, ctx: &Context<'_>, id: ConversationId, archived: bool) -> Step<bool> {
    let before = own(set, ctx, id)?;
    let word = if archived { "archived" } else { "unarchived" };
    let mut after = before.clone();
    after.archived = archived.then(|| before.time_of(ctx.now));
    let otherwise = before.archived.is_some() != archived;
    if otherwise {
        set.journal(ctx.about(after.contact, marked(word)(&after)));
    }
    if after != before {
        put(set, ctx, after)?;
    }
    Ok(otherwise)
}

pub(crate) fn label_key(ctx: &Context<'_>, key: &str) -> Key {
    Key::Label {
        org: ctx.org.id,
        key: key.to_owned(),
    }
}

/// Adds labels to a conversation; how many were new.
///
/// Fails with `conversation.not_found` or `label.invalid`.
pub fn label(set: &mut WorkingSet, ctx: &Context<'_>, id: ConversationId, labels: &[String]) -> Step<usize> {
    let names = labels
        .iter()
        .map(|label| label_name(label))
        .collect::<Result<Vec<_>, _>>()?;
    let keys = names.iter().map(|(key, _)| label_key(ctx, key));
    set.need(keys.chain([key(ctx, id)]))?;
    let mut conversation = own(set, ctx, id)?;
    let mut added = 0;
    for (key, name) in names {
        if conversation.labels.contains_key(&key) {
            continue;
        }
        let known: Option<Label> = set.get(&label_key(ctx, &key))?;
        let name = if let Some(known) = known {
            known.name
        } else {
            set.put(Label {
                org: ctx.org.id,
                key: key.clone(),
                name: name.clone(),
            });
            name
        };
        let what = What::LabelAdded {
            conversation: id,
            label: name.clone(),
        };
        set.journal(ctx.about(conversation.contact, what));
        conversation.labels.insert(key, name);
        added += 1;
    }
    if added > 0 {
        put(set, ctx, conversation)?;
    }
    Ok(added)
}

/// Takes labels off a conversation; how many it had.
///
/// Fails with `conversation.not_found` or `label.invalid`.
pub fn unlabel(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    id: ConversationId,
    labels: &[String],
) -> Step<usize> {
    let mut conversation = own(set, ctx, id)?;
    let mut removed = 0;
    for label in labels {
        let (key, _) = label_name(label)?;
        if let Some(label) = conversation.labels.remove(&key) {
            let what = What::LabelRemoved {
                conversation: id,
                label,
            };
            set.journal(ctx.about(conversation.contact, what));
            removed += 1;
        }
    }
    if removed > 0 {
        put(set, ctx, conversation)?;
    }
    Ok(removed)
}

/// Deletes a conversation with all its messages. The ledger, the cap, the audit and the contact stay; what comes next
/// from the contact opens a new one.
///
/// Fails with `conversation.not_found`.
pub fn delete(set: &mut WorkingSet, ctx: &Context<'_>, id: ConversationId) -> Step<()> {
    let conversation = own(set, ctx, id)?;
    let contact: Option<Contact> = set.get(&contacts::contact_key(ctx, conversation.contact))?;
    if let Some(mut contact) = contact.filter(|contact| contact.conversation == Some(id)) {
        contact.conversation = None;
        contact.conversation_status = None;
        set.put(contact);
    }
    let what = What::ConversationDeleted { conversation: id };
    set.journal(ctx.about(conversation.contact, what));
    set.also(Op::RemoveMessages {
        org: ctx.org.id,
        conversation: id,
    });
    set.remove(key(ctx, id));
    Ok(())
}

/// What a contact says of its conversation is what the conversation is: for contacts whose conversation is another one by
/// now.
pub(crate) fn fit(set: &mut WorkingSet, ctx: &Context<'_>, contact: &mut Contact) -> Step<()> {
    let found = current(set, ctx, contact)?.filter(|thread| thread.contact == contact.id);
    contact.conversation = found.as_ref().map(|thread| thread.id);
    contact.conversation_status = found.map(|thread| thread.status());
    Ok(())
}

/// A filter as stores take it: folded, its contact whoever the id leads to.
///
/// Fails with `contact.not_found`.
pub fn to_find(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    filter: &ConversationFilter,
) -> Step<ConversationFilter> {
    let mut filter = filter.clone().folded();
    if let Some(contact) = &mut filter.contact {
        *contact = contacts::even_deleted(set, ctx, *contact)?.id;
    }
    filter.status.sort_unstable();
    filter.status.dedup();
    Ok(filter)
}
