//! Whom the ids of a selection lead to.

use std::borrow::Cow;

use crate::broadcast::Bucket;
use crate::contact::Contact;
use crate::context::Context;
use crate::decide::contacts::{contact_key, merged_key};
use crate::ids::ContactId;
use crate::ledger::Dispatch;
use crate::merge::Merged;
use crate::selection::{RecipientSelection, Selection};
use crate::working_set::{Lookup, Step, WorkingSet};

/// Somebody who is meant: by which id, and the contact, which may be deleted, if there is one.
pub type Meant = (ContactId, Option<Contact>);

/// The contacts that these ids of a selection lead to, loaded together. Where several of its ids lead to one contact, it
/// is found by the least of them and by no other, so that whoever goes through the selection meets everybody once. The ids
/// of a selection are sorted.
pub fn found(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    selection: &Selection,
    ids: &[ContactId],
) -> Step<Vec<Meant>> {
    let found = led_to(set, ctx, ids)?;
    let meant: Cow<'_, [ContactId]> = match selection {
        Selection::Filter(_) => Cow::default(),
        Selection::Ids(meant) => meant.into(),
        Selection::Recipients(meant) => recipients(set, ctx, meant, &found)?.into(),
    };
    let each = ids.iter().copied().zip(found);
    let once = each.filter(|(id, contact)| {
        let ids = contact.iter().flat_map(Contact::ids);
        let first = ids.filter(|id| meant.binary_search(id).is_ok()).min();
        first.is_none_or(|first| first == *id)
    });
    Ok(once.collect())
}

/// The contacts that ids lead to, one step of all of them at a time.
fn led_to(set: &mut WorkingSet, ctx: &Context<'_>, ids: &[ContactId]) -> Step<Vec<Option<Contact>>> {
    let mut at = ids.to_vec();
    loop {
        let keys: Vec<_> = at.iter().map(|id| contact_key(ctx, *id)).collect();
        set.need(keys.iter().cloned())?;
        let found: Vec<Option<Contact>> = keys.iter().map(|key| set.get(key)).collect::<Step<_>>()?;
        let gone = at.iter().zip(&found).filter(|(_, contact)| contact.is_none());
        set.need(gone.map(|(id, _)| merged_key(ctx, *id)))?;
        let mut led = false;
        for (id, contact) in at.iter_mut().zip(&found) {
            if contact.is_none()
                && let Some(merged) = set.get::<Merged>(&merged_key(ctx, *id))?
            {
                *id = merged.into;
                led = true;
            }
        }
        if !led {
            return Ok(found);
        }
    }
}

/// The ids by which a broadcast knows those of these contacts that have several, as far as they are meant; sorted.
fn recipients(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    meant: &RecipientSelection,
    found: &[Option<Contact>],
) -> Step<Vec<ContactId>> {
    let merged = found
        .iter()
        .flatten()
        .filter(|contact| !contact.merged.is_empty());
    let contacts: Vec<ContactId> = merged.flat_map(Contact::ids).collect();
    if contacts.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Dispatch> = set.list(&Lookup::Recipients {
        org: ctx.org.id,
        broadcast: meant.broadcast,
        contacts,
    })?;
    let meant = rows.iter().filter(|row| meant.who.matches(&Bucket::of(row)));
    let mut ids: Vec<ContactId> = meant.map(|row| row.contact).collect();
    ids.sort_unstable();
    Ok(ids)
}
