//! What an address is still held to when its contact is gone: left behind by a deletion, taken over by whoever gets it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::consent::{Consent, Fact};
use crate::contact::Contact;
use crate::context::Context;
use crate::decide::contacts::{contact_key, holder, identity_key, record_consent};
use crate::decide::sending::slot_key;
use crate::identity::{Address, AddressKind};
use crate::ids::AttemptId;
use crate::journal::{Entry, What};
use crate::ledger::{SLOT, Slot};
use crate::record::Key;
use crate::suppression::{Suppression, revocations};
use crate::working_set::{Step, WorkingSet};

/// When a marketing slot was taken, and by which attempt.
type Taken = (DateTime<Utc>, AttemptId);

/// The key of what is held against an address.
pub(crate) fn suppression_key(ctx: &Context<'_>, address: &Address) -> Key {
    key_of(ctx, address.kind, &address.match_key())
}

fn key_of(ctx: &Context<'_>, kind: AddressKind, match_key: &str) -> Key {
    Key::Suppression {
        org: ctx.org.id,
        hash: ctx.org.hasher.hash(kind, match_key),
    }
}

/// The keys of all addresses that a contact has or had.
pub(crate) fn keys_of(ctx: &Context<'_>, contact: &Contact) -> BTreeSet<Key> {
    let identities = contact.identities.iter();
    let identities = identities.map(|identity| key_of(ctx, identity.address.kind, &identity.match_key));
    let email = contact.email.as_ref();
    let email = email.map(|email| suppression_key(ctx, &Address::new(AddressKind::Email, email)));
    identities.chain(email).collect()
}

/// Leaves behind what each address of a contact is held to: its opt-outs in force, and the last marketing template.
/// What was held against the address before counts unless the contact lifted it.
pub(crate) fn leave(set: &mut WorkingSet, ctx: &Context<'_>, contact: &Contact) -> Step<()> {
    let slot: Option<Slot> = set.get(&slot_key(ctx, contact.id))?;
    let slot: Option<Taken> = slot.map(|slot| (slot.taken_at, slot.attempt));
    for key in keys_of(ctx, contact) {
        let before: Option<Suppression> = set.get(&key)?;
        let mut consent = contact.consent.clone();
        for fact in before.iter().flat_map(|before| &before.facts) {
            consent.record(fact.clone());
        }
        let slot = slot.max(before.as_ref().and_then(|before| before.slot));
        let slot = slot.filter(|(taken_at, _)| ctx.now < *taken_at + SLOT);
        let facts = revocations(&consent);
        let erased_at = before.as_ref().and_then(|before| before.erased_at);
        if !facts.is_empty() || slot.is_some() || erased_at.is_some() {
            put(set, key, facts, slot, erased_at);
        } else if before.is_some() {
            set.remove(key);
        }
    }
    Ok(())
}

/// Takes over what is held against an address that becomes a contact's: the opt-outs are the contact's own from then on,
/// lifted by what lifts them, and the last marketing template counts.
pub(crate) fn take_over(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &mut Contact,
    address: &Address,
) -> Step<()> {
    let key = suppression_key(ctx, address);
    let held: Option<Suppression> = set.get(&key)?;
    // What is learned of the address at this moment must not be missed.
    set.expect(&key);
    let Some(held) = held else { return Ok(()) };
    let mut news = held.facts;
    news.retain(|fact| !contact.consent.history().contains(&fact));
    if !news.is_empty() {
        let before = contact.consent.opted_in();
        contact.consent.hold(contact.id, news.clone());
        let after = contact.consent.opted_in();
        for fact in news {
            set.journal(Entry {
                at: fact.at,
                ..ctx.about(contact.id, What::ConsentChanged { fact, before, after })
            });
        }
    }
    if let Some((taken_at, attempt)) = held.slot {
        let taken = Slot::taken(ctx.org.id, contact.id, attempt, taken_at, None);
        let own: Option<Slot> = set.get(&slot_key(ctx, contact.id))?;
        if taken.is_taken(ctx.now) {
            set.put(match own {
                Some(own) => own.joined(&taken),
                None => taken,
            });
        }
    }
    Ok(())
}

/// An opt-out that becomes known when the contact is deleted already: it is that of whoever has the address now, or is
/// held against the address.
pub(crate) fn learn_late(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    addresses: &[Address],
    fact: &Fact,
) -> Step<()> {
    let keys = |address| [identity_key(ctx, address), suppression_key(ctx, address)];
    set.need(addresses.iter().flat_map(keys))?;
    for address in addresses {
        if let Some(id) = holder(set, ctx, address)? {
            let known: Option<Contact> = set.get(&contact_key(ctx, id))?;
            if let Some(mut contact) = known
                && record_consent(set, ctx, &mut contact, fact.clone())
            {
                set.put(contact);
            }
            continue;
        }
        // Whoever gets the address at this moment must not be missed.
        set.expect(&identity_key(ctx, address));
        let key = suppression_key(ctx, address);
        let before: Option<Suppression> = set.get(&key)?;
        let mut consent = Consent::default();
        let known = before.iter().flat_map(|before| &before.facts);
        for fact in known.chain([fact]) {
            consent.record(fact.clone());
        }
        let (slot, erased_at) = before.map_or((None, None), |before| (before.slot, before.erased_at));
        put(set, key, revocations(&consent), slot, erased_at);
    }
    Ok(())
}

/// Remembers that the contact of an address was erased at this moment.
pub(crate) fn erase_from(set: &mut WorkingSet, ctx: &Context<'_>, address: &Address) -> Step<()> {
    let key = suppression_key(ctx, address);
    let before: Option<Suppression> = set.get(&key)?;
    let (facts, slot) = before.map_or((Vec::new(), None), |before| (before.facts, before.slot));
    put(set, key, facts, slot, Some(ctx.now));
    Ok(())
}

/// Whether what a person said then, at these addresses, was said before they were erased: platforms repeat webhooks for
/// days, and one that comes again must not bring the person back. Without a time, whether they were erased and are nobody's
/// since.
pub(crate) fn is_forgotten(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    addresses: &[Address],
    at: Option<DateTime<Utc>>,
) -> Step<bool> {
    set.need(addresses.iter().map(|address| identity_key(ctx, address)))?;
    let mut keys = Vec::new();
    for address in addresses {
        if let Some(id) = holder(set, ctx, address)? {
            let contact: Option<Contact> = set.get(&contact_key(ctx, id))?;
            // Whoever was there at the time is somebody else.
            if contact.is_some_and(|contact| at.is_none_or(|at| contact.created_at <= at)) {
                return Ok(false);
            }
        }
        keys.push(suppression_key(ctx, address));
    }
    set.need(keys.iter().cloned())?;
    for key in keys {
        let held: Option<Suppression> = set.get(&key)?;
        let erased_at = held.and_then(|held| held.erased_at);
        if erased_at.is_some_and(|erased_at| at.is_none_or(|at| at <= erased_at)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn put(
    set: &mut WorkingSet,
    key: Key,
    facts: Vec<Fact>,
    slot: Option<Taken>,
    erased_at: Option<DateTime<Utc>>,
) {
    if let Key::Suppression { org, hash } = key {
        set.put(Suppression {
            org,
            hash,
            facts,
            slot,
            erased_at,
        });
    }
}
