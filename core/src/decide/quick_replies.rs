//! What a caller does with quick replies.

use crate::attributes::Attribute;
use crate::context::Context;
use crate::decide::{contacts, sending};
use crate::error::{Code, Error};
use crate::ids::{ContactId, QuickReplyId};
use crate::journal::What;
use crate::quick_reply::{QuickReply, QuickReplyName, check_body, shortcut};
use crate::record::Key;
use crate::render::{Rendered, Text, Variable};
use crate::working_set::{Step, WorkingSet};

fn reply_key(ctx: &Context<'_>, reply: QuickReplyId) -> Key {
    Key::QuickReply {
        org: ctx.org.id,
        reply,
    }
}

fn name_key(ctx: &Context<'_>, key: String) -> Key {
    Key::QuickReplyName { org: ctx.org.id, key }
}

/// The quick reply, which must be there.
pub fn get(set: &mut WorkingSet, ctx: &Context<'_>, id: QuickReplyId) -> Step<QuickReply> {
    let found: Option<QuickReply> = set.get(&reply_key(ctx, id))?;
    found.ok_or_else(|| Error::new(Code::QuickReplyNotFound, format!("there is no quick reply {id}")).into())
}

/// Saves a message under a shortcut.
///
/// Fails with `quick_reply.invalid`, `quick_reply.exists`, or `render.unknown_variable` for an attribute that is not
/// defined.
pub fn create(set: &mut WorkingSet, ctx: &mut Context<'_>, written: &str, body: &Text) -> Step<QuickReplyId> {
    let (key, shortcut) = shortcut(written)?;
    check(set, ctx, body)?;
    let reply = QuickReply {
        id: ctx.ids.next(),
        org: ctx.org.id,
        shortcut,
        body: body.clone(),
        created_at: ctx.now,
        updated_at: ctx.now,
    };
    take_name(set, ctx, key, &reply)?;
    journal(set, ctx, None, Some(&reply));
    let id = reply.id;
    set.put(reply);
    Ok(id)
}

/// Gives a quick reply another shortcut and body; nothing if they are the same. Fails as [`create`] does.
pub fn update(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    id: QuickReplyId,
    written: &str,
    body: &Text,
) -> Step<()> {
    let before = get(set, ctx, id)?;
    let (key, new) = shortcut(written)?;
    check(set, ctx, body)?;
    let after = QuickReply {
        shortcut: new,
        body: body.clone(),
        updated_at: ctx.now,
        ..before.clone()
    };
    if (&after.shortcut, &after.body) == (&before.shortcut, &before.body) {
        return Ok(());
    }
    let (old_key, _) = shortcut(&before.shortcut)?;
    if key != old_key {
        take_name(set, ctx, key, &after)?;
        give_name_back(set, ctx, old_key)?;
    }
    journal(set, ctx, Some(&before), Some(&after));
    set.put(after);
    Ok(())
}

/// Deletes a quick reply; its shortcut is free again.
pub fn delete(set: &mut WorkingSet, ctx: &Context<'_>, id: QuickReplyId) -> Step<()> {
    let reply = get(set, ctx, id)?;
    let (key, _) = shortcut(&reply.shortcut)?;
    give_name_back(set, ctx, key)?;
    journal(set, ctx, Some(&reply), None);
    set.remove(reply_key(ctx, id));
    Ok(())
}

/// A quick reply as a contact would get it from whoever asks; `strict`: a variable without value or fallback is refused.
///
/// Fails with `quick_reply.not_found`, `contact.not_found`, `render.missing_value`, and with `render.unknown_variable` if
/// an attribute that it names was removed since it was saved.
pub fn render(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    id: QuickReplyId,
    contact: ContactId,
    strict: bool,
) -> Step<Rendered> {
    let reply = get(set, ctx, id)?;
    check(set, ctx, &reply.body)?;
    let contact = contacts::get(set, ctx, contact)?;
    sending::with_values(set, ctx, &contact, |values| reply.body.render(values, strict))
}

/// Refuses a body that could not be sent, or names an attribute that is not defined.
fn check(set: &mut WorkingSet, ctx: &Context<'_>, body: &Text) -> Step<()> {
    check_body(body)?;
    check_attributes(set, ctx, body)
}

/// Refuses a text that names an attribute which is not defined.
pub(crate) fn check_attributes(set: &mut WorkingSet, ctx: &Context<'_>, body: &Text) -> Step<()> {
    let names = body.variables().filter_map(|variable| match variable {
        Variable::ContactAttribute(name) => Some(name.clone()),
        _ => None,
    });
    let names: Vec<String> = names.collect();
    let key = |name: &String| Key::Attribute {
        org: ctx.org.id,
        name: name.clone(),
    };
    set.need(names.iter().map(key))?;
    let mut defined = Vec::new();
    for name in &names {
        if set.get::<Attribute>(&key(name))?.is_some() {
            defined.push(name.as_str());
        }
        // Whether it is defined is part of the decision.
        set.expect(&key(name));
    }
    Ok(body.check_attributes(|name| defined.contains(&name))?)
}

fn take_name(set: &mut WorkingSet, ctx: &Context<'_>, key: String, reply: &QuickReply) -> Step<()> {
    if let Some(holder) = set.get::<QuickReplyName>(&name_key(ctx, key.clone()))? {
        let message = format!(
            "quick reply {} has the shortcut {:?} already",
            holder.reply, reply.shortcut
        );
        return Err(Error::new(Code::QuickReplyExists, message).into());
    }
    set.put(QuickReplyName {
        org: ctx.org.id,
        key,
        reply: reply.id,
    });
    Ok(())
}

fn give_name_back(set: &mut WorkingSet, ctx: &Context<'_>, key: String) -> Step<()> {
    let key = name_key(ctx, key);
    set.need([key.clone()])?;
    set.remove(key);
    Ok(())
}

fn journal(set: &mut WorkingSet, ctx: &Context<'_>, before: Option<&QuickReply>, after: Option<&QuickReply>) {
    let Some(reply) = after.or(before).map(|reply| reply.id) else {
        return;
    };
    let told =
        |reply: &QuickReply| serde_json::json!({ "shortcut": reply.shortcut, "body": reply.body.source() });
    set.journal(ctx.entry(What::QuickReplyChanged {
        reply,
        before: before.map(told),
        after: after.map(told),
    }));
}
