//! Two records of one person become one, and two again.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::Value;

use crate::attributes::RESERVED;
use crate::contact::{Contact, RecordStatus, Tag};
use crate::context::Context;
use crate::conversation::Conversation;
use crate::ctwa;
use crate::decide::contacts::{
    check_attributes, contact_key, get, holder, identity_key, merged_key, skip_open,
};
use crate::decide::enrollments::leave;
use crate::decide::sending::slot_key;
use crate::decide::{conversations, external_ids, team};
use crate::error::{Code, Error};
use crate::ids::{ContactId, ConversationId};
use crate::journal::{FieldChange, What};
use crate::ledger::{SkipReason, Slot};
use crate::merge::{
    MergeChoice, MergeDifference, MergeField, MergeOutcome, MergeRequest, MergeValue, Merged, Undo,
};
use crate::record::{IdentityRef, Key};
use crate::sequence::ExitReason;
use crate::working_set::{Lookup, Step, Stop, WorkingSet};

/// Merges contacts into one. The primary's fields win and its gaps are filled, but for what is chosen; addresses, tags,
/// conversations, notes and timeline are those of all; of consent the stricter counts, address by address.
pub fn merge(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    primary: ContactId,
    request: &MergeRequest,
) -> Step<MergeOutcome> {
    let before = get(set, ctx, primary)?;
    if request.duplicates.is_empty() {
        return Err(Error::new(Code::ContactMergeInvalid, "the merge names no duplicate").into());
    }
    let mut duplicates: Vec<Contact> = Vec::new();
    for id in &request.duplicates {
        let duplicate = get(set, ctx, *id)?;
        let twice = duplicates.iter().any(|other| other.id == duplicate.id);
        if twice || duplicate.id == before.id {
            let message = format!("{id} is contact {}, which the merge names already", duplicate.id);
            return Err(Error::new(Code::ContactMergeSelf, message).into());
        }
        duplicates.push(duplicate);
    }
    let all: Vec<&Contact> = std::iter::once(&before).chain(&duplicates).collect();
    let choices = read_choices(&request.choices, &all)?;
    let differing = differing(&all);
    let mut contact = before.clone();
    let mut changes: Vec<FieldChange> = Vec::new();
    for duplicate in &duplicates {
        changes.extend(absorb(set, ctx, &mut contact, duplicate, &choices)?);
    }
    set.put(contact.clone());
    Ok(MergeOutcome {
        contact,
        changes,
        differing,
    })
}

/// Each field that is chosen, with the contact that has the value.
fn read_choices(choices: &[MergeChoice], all: &[&Contact]) -> Result<Vec<(MergeField, ContactId)>, Error> {
    let mut read: Vec<(MergeField, ContactId)> = Vec::new();
    for MergeChoice { field, from } in choices {
        let name = field.name();
        if matches!(field, MergeField::Attribute(name) if RESERVED.contains(&name.as_str())) {
            let message =
                format!("{name} is provider data, of which the earliest stays: it cannot be chosen");
            return Err(Error::new(Code::ContactMergeInvalid, message));
        }
        let Some(chosen) = all.iter().find(|contact| contact.ids().any(|id| id == *from)) else {
            let message = format!("{name} is chosen from contact {from}, which is not merged");
            return Err(Error::new(Code::ContactMergeInvalid, message));
        };
        if read.iter().any(|(other, _)| other == field) {
            let message = format!("{name} is chosen twice");
            return Err(Error::new(Code::ContactMergeInvalid, message));
        }
        read.push((field.clone(), chosen.id));
    }
    Ok(read)
}

fn differing(all: &[&Contact]) -> Vec<MergeDifference> {
    let values = |field: &MergeField| -> Vec<MergeValue> {
        let all = all.iter().map(|contact| MergeValue {
            contact: contact.id,
            value: field.value(contact),
        });
        all.filter(|own| !own.value.is_null()).collect()
    };
    MergeField::of(all)
        .into_iter()
        .map(|field| MergeDifference {
            values: values(&field),
            field,
        })
        .filter(|difference| {
            let mut values = difference.values.iter().map(|own| &own.value);
            let first = values.next();
            values.any(|other| Some(other) != first)
        })
        .collect()
}

/// Merges one contact into the primary, which is not stored yet; the fields that changed.
fn absorb(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    primary: &mut Contact,
    duplicate: &Contact,
    choices: &[(MergeField, ContactId)],
) -> Step<Vec<FieldChange>> {
    let before = primary.clone();
    let mut changes = Vec::new();
    for field in MergeField::of(&[primary, duplicate]) {
        let chosen = choices.iter().find(|(other, _)| *other == field);
        let taken = match chosen {
            Some((_, from)) => *from == duplicate.id,
            None => field.value(primary).is_null(),
        };
        if taken {
            field.take(duplicate, primary);
        }
        changes.extend(change(field.name(), field.value(&before), field.value(primary)));
    }
    for (key, name) in &duplicate.tags {
        if !primary.tags.contains_key(key) {
            primary.tags.insert(key.clone(), name.clone());
            let tag = name.clone();
            set.journal(ctx.about(primary.id, What::TagAdded { tag, rule: None }));
        }
    }
    take_addresses(set, ctx, primary, duplicate)?;
    primary.consent.merge(duplicate.id, &duplicate.consent, ctx.now);
    changes.extend(change(
        "opted_in".to_owned(),
        before.consent.opted_in().into(),
        primary.consent.opted_in().into(),
    ));
    primary.merged.push(duplicate.id);
    primary.merged.extend(&duplicate.merged);
    latest(&mut primary.profile_name, duplicate.profile_name.as_ref());
    latest(&mut primary.username, duplicate.username.as_ref());
    latest(&mut primary.last_inbound, duplicate.last_inbound.as_ref());
    latest(&mut primary.last_interaction, duplicate.last_interaction.as_ref());
    latest(&mut primary.last_campaign, duplicate.last_campaign.as_ref());
    for theirs in &duplicate.written {
        let own = primary.written_by(theirs.account);
        let latest = own.map_or(*theirs, |own| *own.max(theirs));
        primary.written.retain(|own| own.account != theirs.account);
        primary.written.push(latest);
    }
    for named in &duplicate.elsewhere {
        primary.learn_elsewhere(named.at, &named.address);
    }
    primary.source_channel = primary.source_channel.or(duplicate.source_channel);
    if let Some(touch) = duplicate.attributes.get(ctwa::ATTRIBUTE) {
        ctwa::touched(&mut primary.attributes, touch);
    }
    primary.became_customer.extend(&duplicate.became_customer);
    for (sequence, theirs) in &duplicate.enrolled {
        match primary.enrolled.entry(*sequence) {
            Entry::Vacant(place) => {
                place.insert(*theirs);
            }
            Entry::Occupied(_) if theirs.open => {
                leave(set, ctx, &mut duplicate.clone(), *sequence, ExitReason::Merged)?;
            }
            Entry::Occupied(_) => {}
        }
    }
    // Who is blocked as either is blocked.
    if duplicate.status == RecordStatus::Blocked && primary.status != RecordStatus::Blocked {
        primary.status_before_block = Some(primary.status);
        primary.status = RecordStatus::Blocked;
        skip_open(set, ctx, primary, SkipReason::Blocked)?;
        set.journal(ctx.about(primary.id, What::ContactBlocked));
    }
    let conversations = take_conversations(set, ctx, primary, duplicate)?;
    take_slot(set, ctx, primary.id, duplicate.id)?;
    primary.revision += 1;
    set.journal(ctx.about(
        primary.id,
        What::ContactMerged {
            duplicate: duplicate.id,
            changes: changes.clone(),
        },
    ));
    set.remove(contact_key(ctx, duplicate.id));
    set.put(Merged {
        org: ctx.org.id,
        contact: duplicate.id,
        into: primary.id,
        at: ctx.now,
        by: ctx.actor.clone(),
        undo: Some(Box::new(Undo {
            duplicate: duplicate.clone(),
            before,
            after: primary.clone(),
            conversations,
        })),
    });
    Ok(changes)
}

fn change(field: String, before: Value, after: Value) -> Option<FieldChange> {
    (before != after).then_some(FieldChange { field, before, after })
}

fn latest<T: Ord + Clone>(own: &mut Option<T>, other: Option<&T>) {
    if own.as_ref() < other {
        *own = other.cloned();
    }
}

/// A duplicate's addresses become the primary's, behind its own.
fn take_addresses(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    primary: &mut Contact,
    duplicate: &Contact,
) -> Step<()> {
    let current = duplicate.current_identities();
    set.need(current.map(|identity| identity_key(ctx, &identity.address)))?;
    for identity in &duplicate.identities {
        let mut identity = identity.clone();
        identity.merged_from.get_or_insert(duplicate.id);
        if identity.until.is_none() {
            set.put(IdentityRef {
                org: ctx.org.id,
                kind: identity.address.kind,
                match_key: identity.match_key.clone(),
                contact: primary.id,
            });
        }
        primary.identities.push(identity);
    }
    Ok(())
}

/// A duplicate's threads become the primary's, each as it stands. Its own stays the one that goes on, if it has one and it
/// is not closed while the duplicate's is open, by the sender that the person last wrote to.
fn take_conversations(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    primary: &mut Contact,
    duplicate: &Contact,
) -> Step<Vec<ConversationId>> {
    let moved: Vec<Conversation> = set.list(&Lookup::Conversations {
        org: ctx.org.id,
        contact: duplicate.id,
    })?;
    let own = conversations::current(set, ctx, primary)?;
    let theirs = moved
        .iter()
        .find(|thread| Some(thread.id) == duplicate.conversation);
    // What is open goes on, and not what is closed.
    let takes = match (&own, theirs) {
        (Some(own), Some(theirs)) => own.resolution.is_some() && theirs.resolution.is_none(),
        (own, _) => own.is_none(),
    };
    if takes {
        primary.conversation = duplicate.conversation;
    }
    let ids = moved.iter().map(|conversation| conversation.id).collect();
    let all = || own.iter().chain(&moved);
    let last = all().fold(None, |last, thread| thread.last_inbound.max(last));
    let touch = all().fold(None, |last, thread| thread.referral.clone().max(last));
    for mut thread in all().cloned() {
        thread.contact = primary.id;
        if primary.conversation == Some(thread.id) {
            thread.last_inbound = last;
            thread.referral.clone_from(&touch);
            primary.follow(&thread);
        }
        set.put(thread);
    }
    Ok(ids)
}

fn conversation_key(ctx: &Context<'_>, conversation: ConversationId) -> Key {
    Key::Conversation {
        org: ctx.org.id,
        conversation,
    }
}

/// The later marketing template keeps the next one out.
fn take_slot(set: &mut WorkingSet, ctx: &Context<'_>, primary: ContactId, duplicate: ContactId) -> Step<()> {
    let keys = [slot_key(ctx, primary), slot_key(ctx, duplicate)];
    set.need(keys.clone())?;
    let [own, other] = keys;
    let (own, theirs): (Option<Slot>, Option<Slot>) = (set.get(&own)?, set.get(&other)?);
    let Some(theirs) = theirs else { return Ok(()) };
    set.put(match own {
        Some(own) => own.joined(&theirs),
        None => Slot {
            contact: primary,
            ..theirs
        },
    });
    set.remove(other);
    Ok(())
}

/// Takes a merge back: the contact is one of its own again, with what it had. What came later stays with the primary;
/// opt-outs and blocks since then hold for both. Gives the contact as it is then.
pub fn unmerge(set: &mut WorkingSet, ctx: &Context<'_>, id: ContactId) -> Step<Contact> {
    let merged: Option<Merged> = set.get(&merged_key(ctx, id))?;
    let Some(merged) = merged else {
        let contact = get(set, ctx, id)?;
        let message = format!("contact {} was not merged", contact.id);
        return Err(Error::new(Code::ContactMergeFinal, message).into());
    };
    let primary: Option<Contact> = set.get(&contact_key(ctx, merged.into))?;
    let (Some(mut primary), Some(undo)) = (primary, merged.undo) else {
        let message = format!(
            "contact {id} was merged into {}, which was merged or deleted since",
            merged.into
        );
        return Err(Error::new(Code::ContactMergeFinal, message).into());
    };
    let Undo {
        mut duplicate,
        before,
        after,
        conversations,
    } = *undo;
    give_addresses(set, ctx, &mut primary, &mut duplicate)?;
    duplicate.consent = primary.consent.unmerge(id, &duplicate.consent);
    let came_with = |other: &ContactId| *other == id || duplicate.merged.contains(other);
    primary.merged.retain(|other| !came_with(other));
    if primary.status == RecordStatus::Blocked
        && after.status != RecordStatus::Blocked
        && duplicate.status != RecordStatus::Blocked
    {
        duplicate.status_before_block = Some(duplicate.status);
        duplicate.status = RecordStatus::Blocked;
    }
    let mut gone = Vec::new();
    for conversation in conversations {
        let known: Option<Conversation> = set.get(&conversation_key(ctx, conversation))?;
        // A thread that went on since is the primary's.
        match known.filter(|known| known.contact == primary.id && known.last_activity <= merged.at) {
            Some(mut known) => {
                known.contact = id;
                set.put(known);
                gone.push(conversation);
            }
            None if duplicate.conversation == Some(conversation) => duplicate.conversation = None,
            None => {}
        }
    }
    give_enrollments(&mut primary, &mut duplicate);
    take_back(set, ctx, &mut primary, &before, &after, &gone);
    for contact in [&mut primary, &mut duplicate] {
        fit_today(set, ctx, contact)?;
        conversations::fit(set, ctx, contact)?;
    }
    external_ids::give_back(set, ctx, &mut duplicate, primary.id)?;
    let keys = [slot_key(ctx, primary.id), slot_key(ctx, id)];
    set.need(keys.clone())?;
    if let Some(slot) = set.get::<Slot>(&keys[0])? {
        set.put(Slot { contact: id, ..slot });
    }
    for contact in [primary.id, id] {
        let what = What::ContactUnmerged {
            primary: primary.id,
            duplicate: id,
        };
        set.journal(ctx.about(contact, what));
    }
    primary.revision += 1;
    duplicate.revision += 1;
    set.remove(merged_key(ctx, id));
    set.put(primary);
    set.put(duplicate.clone());
    Ok(duplicate)
}

/// The enrollments that came with a contact go with it again, as they stand now; one that ended with the merge stays ended.
fn give_enrollments(primary: &mut Contact, duplicate: &mut Contact) {
    for (sequence, theirs) in &mut duplicate.enrolled {
        match primary.enrolled.get(sequence) {
            Some(known) if known.id == theirs.id => {
                theirs.open = known.open;
                primary.enrolled.remove(sequence);
            }
            _ => theirs.open = false,
        }
    }
}

/// What comes back is what there is today: no tag that was deleted, no value that its attribute does not take any more,
/// no owner who left.
fn fit_today(set: &mut WorkingSet, ctx: &Context<'_>, contact: &mut Contact) -> Step<()> {
    let key = |tag: &String| Key::Tag {
        org: ctx.org.id,
        key: tag.clone(),
    };
    set.need(contact.tags.keys().map(key))?;
    for tag in contact.tags.clone().keys() {
        if set.get::<Tag>(&key(tag))?.is_none() {
            contact.tags.remove(tag);
        }
    }
    for (name, value) in contact.attributes.clone() {
        let given = BTreeMap::from([(name.clone(), value)]);
        if !RESERVED.contains(&name.as_str()) && !allowed(check_attributes(set, ctx, &given))? {
            contact.attributes.remove(&name);
        }
    }
    if let Some(owner) = contact.owner
        && !allowed(team::working(set, ctx, owner))?
    {
        contact.owner = None;
    }
    Ok(())
}

/// Whether a rule allows it.
fn allowed<T>(decided: Step<T>) -> Step<bool> {
    match decided {
        Ok(_) => Ok(true),
        Err(Stop::Refused(_)) => Ok(false),
        Err(stop) => Err(stop),
    }
}

/// The addresses that came with a contact go with it again, as they are now.
fn give_addresses(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    primary: &mut Contact,
    duplicate: &mut Contact,
) -> Step<()> {
    let came_with = |from: ContactId| from == duplicate.id || duplicate.merged.contains(&from);
    let (theirs, own) = std::mem::take(&mut primary.identities)
        .into_iter()
        .partition(|identity| identity.merged_from.is_some_and(came_with));
    primary.identities = own;
    duplicate.identities = theirs;
    for identity in &mut duplicate.identities {
        identity.merged_from = identity.merged_from.filter(|from| *from != duplicate.id);
        if identity.until.is_none() && holder(set, ctx, &identity.address)? == Some(primary.id) {
            set.put(IdentityRef {
                org: ctx.org.id,
                kind: identity.address.kind,
                match_key: identity.match_key.clone(),
                contact: duplicate.id,
            });
        }
    }
    Ok(())
}

/// What a merge changed of the primary is as before it, where nobody changed it since.
fn take_back(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    primary: &mut Contact,
    before: &Contact,
    after: &Contact,
    gone: &[ConversationId],
) {
    macro_rules! take_back {
        ($($field:ident),*) => {$(
            if primary.$field == after.$field {
                primary.$field.clone_from(&before.$field);
            }
        )*};
    }
    take_back!(
        elsewhere,
        profile_name,
        username,
        last_inbound,
        last_interaction,
        last_campaign,
        written,
        source_channel,
        became_customer
    );
    let touch = |contact: &Contact| contact.attributes.get(ctwa::ATTRIBUTE).cloned();
    if touch(primary) == touch(after) {
        match touch(before) {
            Some(touch) => primary.attributes.insert(ctwa::ATTRIBUTE.to_owned(), touch),
            None => primary.attributes.remove(ctwa::ATTRIBUTE),
        };
    }
    if (primary.status, primary.status_before_block) == (after.status, after.status_before_block) {
        (primary.status, primary.status_before_block) = (before.status, before.status_before_block);
    }
    if primary
        .conversation
        .is_some_and(|conversation| gone.contains(&conversation))
    {
        primary.conversation = before.conversation;
    }
    for field in MergeField::of(&[before, after]) {
        if field.value(primary) == field.value(after) {
            field.take(before, primary);
        }
    }
    for key in after.tags.keys().filter(|key| !before.tags.contains_key(*key)) {
        if let Some(tag) = primary.tags.remove(key) {
            set.journal(ctx.about(primary.id, What::TagRemoved { tag }));
        }
    }
}
