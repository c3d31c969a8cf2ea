//! A contact is deleted: what was known of the person goes, what happened stays.

use std::collections::BTreeMap;

use crate::contact::{Contact, RecordStatus};
use crate::context::Context;
use crate::decide::contacts::{get, holder, identity_key, merged_key, skip_open};
use crate::decide::external_ids::{forget, ref_key};
use crate::decide::sending::slot_key;
use crate::decide::suppression::{keys_of, leave};
use crate::ids::ContactId;
use crate::journal::What;
use crate::ledger::{Dispatch, SkipReason};
use crate::merge::Merged;
use crate::note::Note;
use crate::record::{Key, Op};
use crate::settings::DeletedConversations;
use crate::working_set::{Lookup, Step, WorkingSet};

/// Deletes a contact. Its id stays, and with it what conversations and the ledger refer to, and the history of its
/// consent, as evidence. Names, addresses, tags, attributes, ids in other systems, owner and notes go, and its
/// conversations if the organisation removes them; what waits to be sent is skipped. Its addresses are nobody's then,
/// but for a hash of each that is held to its opt-outs.
pub fn delete(set: &mut WorkingSet, ctx: &Context<'_>, id: ContactId) -> Step<()> {
    let mut contact = get(set, ctx, id)?;
    strip(set, ctx, &mut contact)?;
    if ctx.org.settings.deleted_conversations == DeletedConversations::Remove {
        contact.conversation = None;
        contact.conversation_status = None;
        set.also(Op::RemoveConversations {
            org: ctx.org.id,
            contact: contact.id,
        });
    }
    set.journal(ctx.about(contact.id, What::ContactDeleted));
    set.put(contact);
    Ok(())
}

/// Takes from a contact all that a deletion takes, but for its conversations; how many notes there were.
pub(crate) fn strip(set: &mut WorkingSet, ctx: &Context<'_>, contact: &mut Contact) -> Step<u64> {
    let id = contact.id;
    let org = ctx.org.id;
    let identities = contact.identities.iter();
    let keys = identities
        .map(|identity| identity_key(ctx, &identity.address))
        .chain(
            contact
                .external_ids
                .iter()
                .map(|(system, id)| ref_key(ctx, system, id)),
        )
        .chain(keys_of(ctx, contact))
        .chain(contact.merged.iter().map(|merged| merged_key(ctx, *merged)))
        .chain([slot_key(ctx, id)]);
    // All that is missing is asked for together.
    let mut loaded = set.need(keys);
    let mut notes = Vec::new();
    for contact in contact.ids() {
        let open = set.list::<Dispatch>(&Lookup::OpenDispatches { org, contact });
        let found = set.list::<Note>(&Lookup::Notes { org, contact });
        loaded = loaded.and(open.map(drop));
        match found {
            Ok(found) => notes.extend(found),
            Err(stop) => loaded = Err(stop),
        }
    }
    loaded?;

    let count = notes.len() as u64;
    for note in notes {
        set.remove(Key::Note { org, note: note.id });
    }
    for merged in &contact.merged {
        forget_merged(set, ctx, id, *merged)?;
    }
    skip_open(set, ctx, contact, SkipReason::Deleted)?;
    leave(set, ctx, contact)?;
    for identity in std::mem::take(&mut contact.identities) {
        if holder(set, ctx, &identity.address)? == Some(id) {
            set.remove(identity_key(ctx, &identity.address));
        }
    }
    for (system, external) in std::mem::take(&mut contact.external_ids) {
        forget(set, ctx, id, &system, &external)?;
    }
    contact.name = None;
    contact.first_name = None;
    contact.last_name = None;
    contact.profile_name = None;
    contact.username = None;
    contact.email = None;
    contact.elsewhere = Vec::new();
    contact.tags = BTreeMap::new();
    contact.attributes = BTreeMap::new();
    contact.owner = None;
    contact.status = RecordStatus::Deleted;
    contact.status_before_block = None;
    contact.revision += 1;
    Ok(count)
}

/// What would bring back a contact that was merged into a deleted one goes, with its ids in other systems; where its own
/// id leads stays.
fn forget_merged(set: &mut WorkingSet, ctx: &Context<'_>, primary: ContactId, id: ContactId) -> Step<()> {
    let merged: Option<Merged> = set.get(&merged_key(ctx, id))?;
    let Some(mut merged) = merged else { return Ok(()) };
    let Some(undo) = merged.undo.take() else {
        return Ok(());
    };
    for (system, external) in &undo.duplicate.external_ids {
        forget(set, ctx, primary, system, external)?;
    }
    set.put(merged);
    Ok(())
}
