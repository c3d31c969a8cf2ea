//! A contact is erased: what makes it nobody at once, and then, batch by batch, all that was written of it.

use std::collections::BTreeSet;

use crate::audit::Seal;
use crate::contact::{Contact, LeadStatus, RecordStatus};
use crate::context::Context;
use crate::conversation::{Message, MessageRef};
use crate::decide::contacts::{even_deleted, find, holder, identity_key, merged_key};
use crate::decide::deletion::strip;
use crate::decide::suppression::{erase_from, suppression_key};
use crate::erasure::{Erasure, ErasureCertificate, ErasureCounts, Fate, Trail, fate, media_of, stored_of};
use crate::error::{Code, Error};
use crate::identity::{Address, AddressKind};
use crate::ids::ContactId;
use crate::journal::{Entry, What};
use crate::merge::Merged;
use crate::record::{Key, Op, Record};
use crate::working_set::{Lookup, Step, WorkingSet};

fn erasure_key(ctx: &Context<'_>, contact: ContactId) -> Key {
    Key::Erasure {
        org: ctx.org.id,
        contact,
    }
}

/// Begins to erase a contact, which may be deleted already: from here on it is nobody. `told`: the addresses that its
/// history says it had ([`addresses_told`](crate::erasure::addresses_told)). Of a contact that was erased before, the
/// erase as it stands.
pub fn begin(set: &mut WorkingSet, ctx: &Context<'_>, id: ContactId, told: &[Address]) -> Step<Erasure> {
    let mut contact = even_deleted(set, ctx, id)?;
    let key = erasure_key(ctx, contact.id);
    set.need(
        [key.clone()]
            .into_iter()
            .chain(contact.merged.iter().map(|id| merged_key(ctx, *id))),
    )?;
    if let Some(known) = set.get::<Erasure>(&key)? {
        return Ok(known);
    }
    let (mut addresses, snapshots) = addresses_of(set, ctx, &contact)?;
    addresses.extend(told.iter().cloned());
    addresses.sort();
    addresses.dedup();
    let keys = |address| [identity_key(ctx, address), suppression_key(ctx, address)];
    set.need(addresses.iter().flat_map(keys))?;
    let mut counts = ErasureCounts {
        identities: contact.identities.len() as u64,
        external_ids: contact.external_ids.len() as u64,
        attributes: contact.attributes.len() as u64,
        tags: contact.tags.len() as u64,
        undo_snapshots: snapshots,
        ..ErasureCounts::default()
    };
    if contact.status != RecordStatus::Deleted {
        counts.notes = strip(set, ctx, &mut contact)?;
    }
    counts.proofs = contact.consent.forget_names();
    contact.lead = LeadStatus::default();
    contact.source_channel = None;
    contact.last_inbound = None;
    contact.last_interaction = None;
    contact.last_campaign = None;
    contact.written = Vec::new();
    contact.became_customer = BTreeSet::new();
    contact.conversation = None;
    contact.conversation_status = None;
    // An address that is somebody else's by now finds them, and not this person.
    let mut own = Vec::new();
    for address in addresses {
        if holder(set, ctx, &address)?.is_none() {
            erase_from(set, ctx, &address)?;
            own.push(address);
        }
    }
    let erasure = Erasure {
        org: ctx.org.id,
        addresses: own,
        certificate: ErasureCertificate {
            contact: contact.id,
            ids: contact.ids().collect(),
            requested_at: ctx.now,
            by: ctx.actor.clone(),
            finished_at: None,
            scrubbed: false,
            counts,
            media: Vec::new(),
        },
    };
    set.journal(ctx.about(contact.id, What::ContactErased));
    set.put(contact);
    set.put(erasure.clone());
    Ok(erasure)
}

/// Every address that a contact's record and the snapshots of its merges tell, and how many snapshots there are.
fn addresses_of(set: &mut WorkingSet, ctx: &Context<'_>, contact: &Contact) -> Step<(Vec<Address>, u64)> {
    let mut known = vec![contact.clone()];
    let mut snapshots = 0;
    for id in &contact.merged {
        let merged: Option<Merged> = set.get(&merged_key(ctx, *id))?;
        if let Some(undo) = merged.and_then(|merged| merged.undo) {
            snapshots += 1;
            known.extend([undo.duplicate, undo.before, undo.after]);
        }
    }
    let mut addresses = Vec::new();
    for contact in known {
        let email = contact.email.map(|email| Address::new(AddressKind::Email, email));
        addresses.extend(email);
        addresses.extend(contact.identities.into_iter().map(|identity| identity.address));
    }
    Ok((addresses, snapshots))
}

/// A contact, which may be deleted, and the addresses that are or were its own and are nobody else's since: what a dossier
/// is gathered by. `told` is as for [`begin`].
pub fn known_by(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    id: ContactId,
    told: &[Address],
) -> Step<(Contact, Vec<Address>)> {
    let contact = even_deleted(set, ctx, id)?;
    set.need(contact.merged.iter().map(|id| merged_key(ctx, *id)))?;
    let (mut addresses, _) = addresses_of(set, ctx, &contact)?;
    addresses.extend(told.iter().cloned());
    addresses.sort();
    addresses.dedup();
    set.need(addresses.iter().map(|address| identity_key(ctx, address)))?;
    let mut own = Vec::new();
    for address in addresses {
        if holder(set, ctx, &address)?.is_none_or(|holder| holder == contact.id) {
            own.push(address);
        }
    }
    Ok((contact, own))
}

/// The erase under way of a contact, and what finds the person: an address that somebody got since finds them no more.
fn under_way(set: &mut WorkingSet, ctx: &Context<'_>, contact: ContactId) -> Step<(Erasure, Trail)> {
    let Some(erasure) = set.get::<Erasure>(&erasure_key(ctx, contact))? else {
        let message = format!("contact {contact} was not erased");
        return Err(Error::new(Code::ContactNotFound, message).into());
    };
    let keys = |address| identity_key(ctx, address);
    set.need(erasure.addresses.iter().map(keys))?;
    let mut own = Vec::new();
    for address in &erasure.addresses {
        if holder(set, ctx, address)?.is_none() {
            set.expect(&identity_key(ctx, address));
            own.push(address);
        }
    }
    let trail = Trail::new(erasure.certificate.ids.iter().copied(), own);
    Ok((erasure, trail))
}

/// Erases the person from these records, and counts what there was of them.
pub fn sweep(set: &mut WorkingSet, ctx: &Context<'_>, contact: ContactId, keys: &[Key]) -> Step<()> {
    let (mut erasure, trail) = under_way(set, ctx, contact)?;
    set.need(keys.iter().cloned())?;
    let certificate = &mut erasure.certificate;
    let before = certificate.clone();
    let mut ways = Vec::new();
    for key in keys {
        let message: Option<Message> = set.get(key)?;
        let message = message.filter(|message| trail.is(message.contact));
        ways.extend(message.and_then(|message| {
            Some(Key::MessageRef {
                org: message.org,
                account: message.account,
                token: message.provider_id?,
            })
        }));
    }
    let mut ends = Vec::new();
    for key in keys {
        let way: Option<MessageRef> = set.get(key)?;
        ends.extend(way.into_iter().flat_map(|way| ends_of(ctx, &way)));
    }
    set.need(ways.iter().cloned().chain(ends))?;
    // Once its message is gone, nothing else says whose a way was.
    for way in ways {
        if set.get::<MessageRef>(&way)?.is_some() {
            certificate.counts.message_references += 1;
            set.remove(way);
        }
    }
    for key in keys {
        let Some(record) = set.get::<Record>(key)? else {
            continue;
        };
        let mut fate = fate(&record, &trail, ctx.org.id, &ctx.org.hasher);
        if let Record::MessageRef(way) = &record
            && leads_to(set, ctx, &trail, way)?
        {
            fate = Fate::Remove;
        }
        let counts = &mut certificate.counts;
        let count = match (&record, &fate) {
            (_, Fate::Keep) => continue,
            (Record::Message(message), Fate::Remove) => {
                certificate.media.extend(media_of(message));
                &mut counts.messages
            }
            (Record::Conversation(_), _) => &mut counts.conversations,
            (Record::Dispatch(_), _) => &mut counts.ledger_rows,
            (Record::MessageRef(_), _) => &mut counts.message_references,
            (Record::Parked(_), _) => &mut counts.evidence,
            (Record::MediaFile(file), _) => {
                certificate.media.push(stored_of(file));
                &mut counts.files
            }
            (Record::Touch(_), _) => &mut counts.touches,
            (Record::Note(_), _) => &mut counts.notes,
            (Record::Window(_) | Record::Slot(_), _) => &mut counts.windows,
            (Record::Merged(merged), _) if trail.is(merged.contact) => &mut counts.undo_snapshots,
            (Record::Identity(_), _) => &mut counts.identities,
            (Record::ExternalRef(_), _) => &mut counts.external_ids,
            (Record::Quarantined(_), _) => &mut counts.quarantined,
            _ => &mut counts.mentions,
        };
        *count += 1;
        match fate {
            Fate::Replace(left) => set.put(left),
            Fate::Keep | Fate::Remove => set.remove(key.clone()),
        }
    }
    if *certificate != before {
        set.put(erasure);
    }
    Ok(())
}

/// The row of the ledger that a message went by, if any, and the message.
fn ends_of(ctx: &Context<'_>, way: &MessageRef) -> impl Iterator<Item = Key> + use<> {
    let org = ctx.org.id;
    let message = Key::Message {
        org,
        message: way.message,
    };
    let dispatch = way.dispatch.map(|dispatch| Key::Dispatch { org, dispatch });
    dispatch.into_iter().chain([message])
}

/// Whether a way leads to a message of the person, or to a row of the ledger that one went by.
fn leads_to(set: &mut WorkingSet, ctx: &Context<'_>, trail: &Trail, way: &MessageRef) -> Step<bool> {
    for key in ends_of(ctx, way) {
        match set.get::<Record>(&key)? {
            Some(Record::Dispatch(row)) => return Ok(trail.is(row.contact)),
            Some(Record::Message(message)) => return Ok(trail.is(message.contact)),
            _ => {}
        }
    }
    Ok(false)
}

/// Removes what these entries of the journal, at their positions, say of the person; the seals of the audit forget what
/// they were hashed with. `last_seal` is the number of the last seal, or of one before; there must be one.
pub fn redact(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: ContactId,
    entries: &[(u64, Entry)],
    last_seal: u64,
) -> Step<()> {
    let (mut erasure, trail) = under_way(set, ctx, contact)?;
    let mut redacted = 0;
    let mut audited = BTreeSet::new();
    for (position, entry) in entries {
        let mut entry = entry.clone();
        if trail.is_in_entry(&entry) && entry.redact() {
            redacted += 1;
            if entry.what.kind().in_audit() {
                audited.insert(*position);
            }
            set.also(Op::Redact {
                position: *position,
                entry,
            });
        }
    }
    if redacted > 0 {
        erasure.certificate.counts.journal_entries += redacted;
        set.put(erasure);
    }
    if audited.is_empty() {
        return Ok(());
    }
    forget_sealed(set, ctx, &audited, last_seal)
}

/// The seals of these positions forget what they were hashed with. The last seal is written again whether or not it has
/// one of them: whoever is sealing the entries as they were expects it unchanged, and has to read them again.
fn forget_sealed(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    positions: &BTreeSet<u64>,
    last_seal: u64,
) -> Step<()> {
    let org = ctx.org.id;
    let mut seals: Vec<Seal> = set.list(&Lookup::Seals {
        org,
        positions: positions.iter().copied().collect(),
    })?;
    for number in last_seal.. {
        let key = Key::Seal { org, number };
        let Some(seal) = set.get::<Seal>(&key)? else {
            set.expect(&key);
            break;
        };
        seals.retain(|known| known.number != number);
        seals.push(seal);
    }
    for mut seal in seals {
        for leaf in seal
            .leaves
            .iter_mut()
            .filter(|leaf| positions.contains(&leaf.position))
        {
            leaf.forget();
        }
        set.put(seal);
    }
    Ok(())
}

/// All was gone through: what the person was found by is forgotten, too.
pub fn finish(set: &mut WorkingSet, ctx: &Context<'_>, contact: ContactId) -> Step<Erasure> {
    let (mut erasure, _) = under_way(set, ctx, contact)?;
    if erasure.certificate.finished_at.is_none() {
        erasure.certificate.finished_at = Some(ctx.now);
        erasure.addresses = Vec::new();
        erasure.certificate.media.sort_by_key(|media| media.message);
        set.put(erasure.clone());
    }
    Ok(erasure)
}

/// What was removed cannot be read out of the store's files any more; the certificate.
pub fn scrubbed(set: &mut WorkingSet, ctx: &Context<'_>, contact: ContactId) -> Step<ErasureCertificate> {
    let (mut erasure, _) = under_way(set, ctx, contact)?;
    if erasure.is_open() {
        erasure.certificate.scrubbed = true;
        set.put(erasure.clone());
    }
    Ok(erasure.certificate)
}

/// The certificate of an erase. The id may be that of a contact that had been merged into the erased one.
pub fn certificate(set: &mut WorkingSet, ctx: &Context<'_>, id: ContactId) -> Step<ErasureCertificate> {
    let contact = even_deleted(set, ctx, id)?;
    Ok(under_way(set, ctx, contact.id)?.0.certificate)
}

/// Whether a contact was erased: what becomes known later leaves no way back to a message of theirs.
pub(crate) fn is_erased(set: &mut WorkingSet, ctx: &Context<'_>, id: ContactId) -> Step<bool> {
    let Some(contact) = find(set, ctx, id)?.filter(|contact| contact.status == RecordStatus::Deleted) else {
        return Ok(false);
    };
    Ok(set.get::<Erasure>(&erasure_key(ctx, contact.id))?.is_some())
}
