//! A person's number or id changes: the identity moves, the history stays.

use chrono::{DateTime, Utc};

use crate::consent::{Change, Fact, Proof, Scope, Source};
use crate::contact::{Contact, Identity};
use crate::context::Context;
use crate::decide::contacts::{
    add_identity, contact_key, get, holder, identity_key, link_addresses, own_words, record_consent,
};
use crate::decide::receive::Applied;
use crate::error::{Code, Error};
use crate::identity::{Address, AddressKind};
use crate::ids::ContactId;
use crate::inbound::IdentityChange;
use crate::journal::{Entry, What};
use crate::phone::Phone;
use crate::working_set::{Step, WorkingSet};

/// A platform says that a person's number or id changed: the identity moves, the history stays, and a new number is a
/// new consent question.
pub(crate) fn identity_changed(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    at: DateTime<Utc>,
    change: &IdentityChange,
) -> Step<Applied> {
    let notice = Proof::Provider("number or id changed".to_owned());
    move_identity(set, ctx, at, change, Source::Provider, notice)
}

/// Gives a contact another number in place of one that it has: the old one is kept as history, an opt-out follows to
/// the new one, an opt-in does not.
pub fn replace_phone(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    id: ContactId,
    from: &str,
    to: &str,
) -> Step<()> {
    let contact = get(set, ctx, id)?;
    let from = read_phone(ctx, from)?;
    let key = from.match_key();
    let is_former = |identity: &Identity| {
        identity.address.kind == from.kind && identity.match_key == key && identity.until.is_none()
    };
    let Some(place) = contact.identities.iter().position(is_former) else {
        let message = format!("contact {id} has no number {}", from.value);
        return Err(Error::new(Code::ContactNoAddress, message).into());
    };
    let to = read_phone(ctx, to)?;
    refuse_taken(set, ctx, &to)?;
    let change = IdentityChange {
        previous: vec![from],
        current: vec![to],
        detail: None,
    };
    let (source, proof) = own_words(ctx);
    move_identity(set, ctx, ctx.now, &change, source, proof)?;
    // The new number takes the old one's place: that of the primary, if it was.
    let mut contact = get(set, ctx, id)?;
    if let Some(new) = contact.identities.pop() {
        contact.identities.insert(place, new);
    }
    set.put(contact);
    Ok(())
}

/// A contact's e-mail address changed. It identifies only who has no other address: the former one does not any more,
/// and the new one is a new consent question. The only thing that a contact is known by cannot be taken away.
pub(crate) fn email_changed(set: &mut WorkingSet, ctx: &Context<'_>, contact: &mut Contact) -> Step<()> {
    let is_email = |identity: &&Identity| identity.address.kind == AddressKind::Email;
    let has_other = !contact.current_identities().all(|identity| is_email(&identity));
    let former = contact.current_identities().find(is_email).cloned();
    let Some(to) = contact
        .email
        .as_deref()
        .map(|email| Address::new(AddressKind::Email, email))
    else {
        if !has_other && contact.external_ids.is_empty() {
            let message = format!("contact {} is known by its e-mail address only", contact.id);
            return Err(Error::new(Code::ContactIdentityRequired, message).into());
        }
        if let Some(former) = former {
            retire(set, ctx, contact, &former.address, ctx.now)?;
        }
        return Ok(());
    };
    if former
        .as_ref()
        .is_some_and(|former| former.match_key == to.match_key())
    {
        return Ok(());
    }
    if !has_other {
        refuse_taken(set, ctx, &to)?;
    }
    if let Some(former) = &former {
        let from = former.address.clone();
        retire(set, ctx, contact, &from, ctx.now)?;
        let what = What::IdentityMoved { from, to: to.clone() };
        set.journal(ctx.about(contact.id, what));
    }
    if !has_other {
        add_identity(set, ctx, contact, &to, None, ctx.now)?;
        if former.is_some() {
            let (source, proof) = own_words(ctx);
            record_consent(set, ctx, contact, new_number(ctx.now, source, proof));
        }
    }
    Ok(())
}

/// What was agreed to so far was agreed to for another address.
pub(crate) const fn new_number(at: DateTime<Utc>, source: Source, proof: Proof) -> Fact {
    Fact {
        at,
        change: Change::NewNumber,
        scope: Scope::EVERYTHING,
        source,
        via: None,
        new_proof: false,
        proof,
    }
}

/// Gives a contact one more number.
pub fn add_phone(set: &mut WorkingSet, ctx: &mut Context<'_>, id: ContactId, phone: &str) -> Step<()> {
    let mut contact = get(set, ctx, id)?;
    let phone = read_phone(ctx, phone)?;
    refuse_taken(set, ctx, &phone)?;
    add_identity(set, ctx, &mut contact, &phone, None, ctx.now)?;
    contact.revision += 1;
    set.put(contact);
    Ok(())
}

fn read_phone(ctx: &Context<'_>, phone: &str) -> Result<Address, Error> {
    let phone = Phone::parse(phone, ctx.org.settings.default_region)?;
    Ok(Address::new(AddressKind::Phone, phone.as_str()))
}

fn refuse_taken(set: &mut WorkingSet, ctx: &Context<'_>, address: &Address) -> Step<()> {
    match holder(set, ctx, address)? {
        Some(holder) => {
            let message = format!("{} belongs to contact {holder} already", address.value);
            Err(Error::new(Code::ContactDuplicate, message).into())
        }
        None => Ok(()),
    }
}

fn move_identity(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    at: DateTime<Utc>,
    change: &IdentityChange,
    source: Source,
    proof: Proof,
) -> Step<Applied> {
    set.need(
        change
            .previous
            .iter()
            .chain(&change.current)
            .map(|address| identity_key(ctx, address)),
    )?;
    let mut found = None;
    for address in change.previous.iter().chain(&change.current) {
        found = match found {
            None => holder(set, ctx, address)?,
            found => found,
        };
    }
    let contact: Option<Contact> = match found {
        Some(id) => set.get(&contact_key(ctx, id))?,
        None => None,
    };
    let Some(mut contact) = contact else {
        let raw = serde_json::to_value(change).unwrap_or_default();
        set.journal(ctx.entry(What::ProviderNotice {
            field: "identity_changed".to_owned(),
            raw,
        }));
        return Ok(Applied::Applied);
    };
    // A notice that names the number which the contact has anyway is about the id alone.
    let mut number_stays = false;
    for address in &change.current {
        let theirs = holder(set, ctx, address)? == Some(contact.id);
        number_stays |= address.kind == AddressKind::Phone && theirs;
    }
    let mut moved = false;
    let of = contact.merged_with(&change.previous);
    for former in former_addresses(&contact, change) {
        retire(set, ctx, &mut contact, &former, at)?;
        let same_kind = |address: &&Address| address.kind == former.kind;
        let to = change.current.iter().find(same_kind).or(change.current.first());
        if let Some(to) = to.cloned() {
            let what = What::IdentityMoved { from: former, to };
            set.journal(Entry {
                at,
                ..ctx.about(contact.id, what)
            });
        }
        moved = true;
    }
    let before = contact.identities.len();
    for (address, other) in link_addresses(set, ctx, &mut contact, &change.current, at, true)? {
        let what = What::IdentityConflict { address, other };
        set.journal(Entry {
            at,
            ..ctx.about(contact.id, what)
        });
        // The person wrote from the new address before this notice came: their opt-outs follow them there.
        let known: Option<Contact> = set.get(&contact_key(ctx, other))?;
        if let Some(mut other) = known {
            for fact in contact.consent.revocations() {
                record_consent(set, ctx, &mut other, fact);
            }
            set.put(other);
        }
    }
    for identity in &mut contact.identities[before..] {
        identity.merged_from = of;
        moved = true;
    }
    if !moved {
        set.put(contact);
        return Ok(Applied::Duplicate);
    }
    if !number_stays {
        record_consent(set, ctx, &mut contact, new_number(at, source, proof));
    }
    contact.revision += 1;
    set.put(contact);
    Ok(Applied::Applied)
}

/// The addresses in use that a change takes from a contact: those it names as previous, and, where it names none of a
/// kind, the contact's only one of that kind.
fn former_addresses(contact: &Contact, change: &IdentityChange) -> Vec<Address> {
    let listed = |list: &[Address], identity: &Identity| {
        list.iter()
            .any(|address| address.kind == identity.address.kind && address.match_key() == identity.match_key)
    };
    let names_kind = |list: &[Address], kind| list.iter().any(|address| address.kind == kind);
    let only_one = |kind| {
        let of_kind = |identity: &&Identity| identity.address.kind == kind;
        contact.current_identities().filter(of_kind).count() == 1
    };
    let is_former = |identity: &&Identity| {
        let kind = identity.address.kind;
        let implied =
            names_kind(&change.current, kind) && !names_kind(&change.previous, kind) && only_one(kind);
        !listed(&change.current, identity) && (listed(&change.previous, identity) || implied)
    };
    let former = contact.current_identities().filter(is_former);
    former.map(|identity| identity.address.clone()).collect()
}

/// Keeps an address as history: nobody is found by it or sent to it any more.
fn retire(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &mut Contact,
    former: &Address,
    at: DateTime<Utc>,
) -> Step<()> {
    let key = former.match_key();
    for identity in &mut contact.identities {
        if identity.address.kind == former.kind && identity.match_key == key && identity.until.is_none() {
            identity.until = Some(at);
        }
    }
    if holder(set, ctx, former)? == Some(contact.id) {
        set.remove(identity_key(ctx, former));
    }
    Ok(())
}
