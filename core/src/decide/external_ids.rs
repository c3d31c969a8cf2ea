//! Ids of contacts in other systems: set, removed, and what a record of another system is stored by.

use crate::contact::{Contact, CreatedBy, RecordStatus, external_id};
use crate::context::Context;
use crate::decide::contacts::{
    NewContact, add_tags, addresses_given, blank_to_none, check_attributes, consent_news, create, find, get,
    holder, own_words, prepare_tags, read_email, refuse_blocked, resolve,
};
use crate::decide::profile::{Profile, journal, update_profile};
use crate::error::{Code, Error};
use crate::identity::Address;
use crate::ids::ContactId;
use crate::journal::FieldChange;
use crate::record::{ExternalRef, Key};
use crate::working_set::{Step, WorkingSet};

/// What became of a record of another system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Upserted {
    /// It made a contact.
    Created,
    /// It changed the contact that has the id.
    Updated,
    /// The contact that has the id says the same already.
    Unchanged,
}

pub(crate) fn ref_key(ctx: &Context<'_>, system: &str, id: &str) -> Key {
    Key::ExternalRef {
        org: ctx.org.id,
        system: system.to_owned(),
        id: id.to_owned(),
    }
}

/// External ids that are about to be a contact's, new (`None`) or known: read, and nobody else's.
pub(crate) fn prepare(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: Option<ContactId>,
    given: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<str>)>,
) -> Step<Vec<(String, String)>> {
    let given = given
        .into_iter()
        .map(|(system, id)| external_id(system.as_ref(), id.as_ref()))
        .collect::<Result<Vec<_>, _>>()?;
    set.need(given.iter().map(|(system, id)| ref_key(ctx, system, id)))?;
    for (place, (system, id)) in given.iter().enumerate() {
        if given[..place].iter().any(|(other, _)| other == system) {
            let message = format!("{system} names the contact twice; one id in a system is enough");
            return Err(Error::new(Code::ContactExternalIdInvalid, message).into());
        }
        let known: Option<ExternalRef> = set.get(&ref_key(ctx, system, id))?;
        let Some(known) = known else { continue };
        if Some(resolve(set, ctx, known.contact)?) != contact {
            let message = format!(
                "id {id:?} of {system} belongs to contact {} already",
                known.contact
            );
            return Err(Error::new(Code::ContactDuplicate, message).into());
        }
    }
    Ok(given)
}

/// Gives a contact external ids that were [prepared](prepare), each in place of the one it has in that system; the
/// fields that changed.
pub(crate) fn put(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &mut Contact,
    given: Vec<(String, String)>,
) -> Step<Vec<FieldChange>> {
    let mut changes = Vec::new();
    for (system, id) in given {
        let before = contact.external_ids.get(&system).cloned();
        if before.as_ref() == Some(&id) {
            continue;
        }
        if let Some(before) = &before {
            forget(set, ctx, contact.id, &system, before)?;
        }
        set.put(ExternalRef {
            org: ctx.org.id,
            system: system.clone(),
            id: id.clone(),
            contact: contact.id,
        });
        changes.push(FieldChange {
            field: format!("external_ids.{system}"),
            before: before.into(),
            after: id.as_str().into(),
        });
        contact.external_ids.insert(system, id);
    }
    Ok(changes)
}

/// Nobody is found by this id any more.
pub(crate) fn forget(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: ContactId,
    system: &str,
    id: &str,
) -> Step<()> {
    let key = ref_key(ctx, system, id);
    let known: Option<ExternalRef> = set.get(&key)?;
    if let Some(known) = known
        && resolve(set, ctx, known.contact)? == contact
    {
        set.remove(key);
    }
    Ok(())
}

/// The external ids that a contact had before it was merged are its own again, but for those that are another's by now.
pub(crate) fn give_back(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &mut Contact,
    primary: ContactId,
) -> Step<()> {
    for (system, id) in contact.external_ids.clone() {
        let known: Option<ExternalRef> = set.get(&ref_key(ctx, &system, &id))?;
        if known.is_none_or(|known| known.contact == contact.id || known.contact == primary) {
            set.put(ExternalRef {
                org: ctx.org.id,
                system,
                id,
                contact: contact.id,
            });
        } else {
            contact.external_ids.remove(&system);
        }
    }
    Ok(())
}

/// Gives a contact its id in another system, in place of the one it has there; nothing if it has that one.
pub fn set_external_id(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: ContactId,
    system: &str,
    id: &str,
) -> Step<()> {
    let mut contact = get(set, ctx, contact)?;
    let given = prepare(set, ctx, Some(contact.id), [(system, id)])?;
    let changes = put(set, ctx, &mut contact, given)?;
    if !changes.is_empty() {
        journal(set, ctx, &mut contact, changes);
        set.put(contact);
    }
    Ok(())
}

/// Takes a contact's id in another system away; nothing if it has none there.
pub fn remove_external_id(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: ContactId,
    system: &str,
) -> Step<()> {
    let mut contact = get(set, ctx, contact)?;
    let system = system.trim();
    if let Some(id) = contact.external_ids.remove(system) {
        forget(set, ctx, contact.id, system, &id)?;
        let change = FieldChange {
            field: format!("external_ids.{system}"),
            before: id.into(),
            after: serde_json::Value::Null,
        };
        journal(set, ctx, &mut contact, vec![change]);
        set.put(contact);
    }
    Ok(())
}

/// Stores a record of another system: the contact that has its id there is updated with what is given, or one is
/// created with that id. `contacts_now`: how many the plan's limit counts.
///
/// Of the contact that has the id, the fields, attributes, tags and external ids that are given win or are added; its
/// numbers and platform ids are never changed. An opt-in that is news is recorded, and refused where it does not lift
/// what the person said; `false` opts out who is opted in.
pub fn upsert(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    new: &NewContact,
    (system, id): (&str, &str),
    by: CreatedBy,
    contacts_now: u64,
) -> Step<(ContactId, Upserted)> {
    let (system, id) = external_id(system, id)?;
    let known: Option<ExternalRef> = set.get(&ref_key(ctx, &system, &id))?;
    let mut new = new.clone();
    if let Some(other) = new
        .external_ids
        .insert(system.clone(), id.clone())
        .filter(|other| *other != id)
    {
        let message = format!("the contact is named by id {id:?} and by {other:?} of one system");
        return Err(Error::new(Code::ContactExternalIdInvalid, message).into());
    }
    let Some(known) = known else {
        let (source, proof) = own_words(ctx);
        let created = create(set, ctx, &new, by, source, proof, contacts_now)?;
        return Ok((created, Upserted::Created));
    };
    let Some(before) = find(set, ctx, known.contact)? else {
        let message = format!("id {id:?} belongs to contact {}, which is gone", known.contact);
        return Err(Error::new(Code::ContactNotFound, message).into());
    };
    if before.status == RecordStatus::Deleted {
        let message = format!("id {id:?} is that of contact {}, which is deleted", before.id);
        return Err(Error::new(Code::ContactDeleted, message).into());
    }
    // The id of a contact that was merged names this one, and does not take the place of its own.
    if before.external_ids.get(&system).is_some_and(|own| *own != id) {
        new.external_ids.remove(&system);
    }
    let mut after = before.clone();
    update(set, ctx, &mut after, &new)?;
    if after != before {
        set.put(after);
    }
    consent_news(set, ctx, before.id, new.opted_in, new.opt_in_proof.as_ref())?;
    let outcome = if get(set, ctx, before.id)? == before {
        Upserted::Unchanged
    } else {
        Upserted::Updated
    };
    Ok((before.id, outcome))
}

/// What is given, in place of what a contact has, but for addresses and consent.
fn update(set: &mut WorkingSet, ctx: &Context<'_>, contact: &mut Contact, new: &NewContact) -> Step<()> {
    for address in addresses_given(ctx, new)? {
        refuse_other_address(set, ctx, contact, &address)?;
    }
    check_attributes(set, ctx, &new.attributes)?;
    let tags = prepare_tags(set, ctx, &new.tags)?;
    let external_ids = prepare(set, ctx, Some(contact.id), &new.external_ids)?;
    let [name, first_name, last_name, email] =
        [&new.name, &new.first_name, &new.last_name, &new.email].map(|text| blank_to_none(text.as_ref()));
    let email = email.map(|email| read_email(&email)).transpose()?;
    let given = Profile {
        name: name.as_deref(),
        first_name: first_name.as_deref(),
        last_name: last_name.as_deref(),
        email: email.as_deref(),
        lead: new.lead,
        attributes: &new.attributes,
    };
    update_profile(set, ctx, contact, &given, true)?;
    let changes = put(set, ctx, contact, external_ids)?;
    journal(set, ctx, contact, changes);
    if tags.iter().any(|(key, _)| !contact.tags.contains_key(key)) {
        refuse_blocked(contact)?;
        add_tags(set, ctx, contact, tags.into_iter().map(|tag| (tag, None)));
    }
    Ok(())
}

/// A number or platform id is given along to name the contact, not to change it.
fn refuse_other_address(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &Contact,
    address: &Address,
) -> Step<()> {
    match holder(set, ctx, address)? {
        Some(holder) if holder == contact.id => Ok(()),
        Some(holder) => {
            let message = format!("{} belongs to contact {holder} already", address.value);
            Err(Error::new(Code::ContactDuplicate, message).into())
        }
        None => {
            let message = format!("contact {} does not have {}", contact.id, address.value);
            Err(Error::new(Code::ContactAddressDiffers, message).into())
        }
    }
}
