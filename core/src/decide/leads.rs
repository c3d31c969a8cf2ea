//! People whom somebody else than the platform brings: a chatbot's leads, and those whom an agent writes to.

use crate::contact::{Contact, CreatedBy, RecordStatus};
use crate::context::Context;
use crate::conversation::Conversation;
use crate::decide::contacts::{
    NewContact, add_identity, add_tags, addresses_given, addresses_of, blank_to_none, check_attributes,
    consent_news, create, get, holder, identity_key, own_words, prepare_tags, read_email, record_consent,
};
use crate::decide::conversations;
use crate::decide::external_ids;
use crate::decide::moves::new_number;
use crate::decide::profile::{Profile, journal, set_lead, update_profile};
use crate::error::{Code, Error};
use crate::identity::{Address, AddressKind};
use crate::ids::ContactId;
use crate::working_set::{Step, Stop, WorkingSet};

/// Takes in a lead that a chatbot captured: the contact that has any of the addresses gets what it lacks, else one is
/// created, beyond the plan's limit too. `contacts_now`: how many that limit counts.
///
/// A lead status that is given is taken where it is further on than the contact's. An opt-in that does not lift what
/// the person said is left out, and the lead is taken all the same.
pub fn capture_lead(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    new: &NewContact,
    contacts_now: u64,
) -> Step<ContactId> {
    let id = if let Some(contact) = find(set, ctx, new)? {
        let before = contact.lead;
        let id = fill_gaps(set, ctx, contact, new)?;
        if let Some(lead) = new.lead.filter(|lead| *lead > before) {
            set_lead(set, ctx, id, lead)?;
        }
        id
    } else {
        let undecided = NewContact {
            opted_in: None,
            opt_in_proof: None,
            ..new.clone()
        };
        let (source, proof) = own_words(ctx);
        create(
            set,
            ctx,
            &undecided,
            CreatedBy::Chatbot,
            source,
            proof,
            contacts_now,
        )?
    };
    let before = set.savepoint();
    match consent_news(set, ctx, id, new.opted_in, new.opt_in_proof.as_ref()) {
        Err(Stop::Refused(error)) if error.code() == Code::ConsentOptedOut => set.roll_back_to(&before),
        other => other?,
    }
    Ok(id)
}

/// Begins a conversation with the contact that has any of the addresses, which gets what it lacks, or with one that is
/// created for it; the open conversation if there is one. `contacts_now`: how many the plan's limit counts.
pub fn start(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    new: &NewContact,
    contacts_now: u64,
) -> Step<(Contact, Conversation)> {
    let id = if let Some(contact) = find(set, ctx, new)? {
        if contact.status == RecordStatus::Blocked {
            let message = format!("contact {} is blocked and opens no conversation", contact.id);
            return Err(Error::new(Code::ContactBlocked, message).into());
        }
        let id = fill_gaps(set, ctx, contact, new)?;
        consent_news(set, ctx, id, new.opted_in, new.opt_in_proof.as_ref())?;
        id
    } else {
        let (source, proof) = own_words(ctx);
        create(set, ctx, new, CreatedBy::Outbound, source, proof, contacts_now)?
    };
    let mut contact = get(set, ctx, id)?;
    let conversation = conversations::begin(set, ctx, &mut contact)?;
    contact.follow(&conversation);
    set.put(conversation.clone());
    set.put(contact.clone());
    Ok((contact, conversation))
}

/// The contact that has any of the addresses given, numbers and platform ids before the e-mail address. One e-mail
/// address with two phones is two people, as far as anybody can tell.
fn find(set: &mut WorkingSet, ctx: &Context<'_>, new: &NewContact) -> Step<Option<Contact>> {
    let (addresses, email) = addresses_of(ctx, new)?;
    let email = email.map(|email| Address::new(AddressKind::Email, email));
    let of_another = |address: &Address| address.kind != AddressKind::Email;
    let named = addresses.iter().any(of_another);
    let addresses: Vec<Address> = addresses.into_iter().filter(of_another).chain(email).collect();
    set.need(addresses.iter().map(|address| identity_key(ctx, address)))?;
    for address in &addresses {
        let Some(id) = holder(set, ctx, address)? else {
            continue;
        };
        let contact = get(set, ctx, id)?;
        if address.kind == AddressKind::Email && named && !is_known_by_email_only(&contact) {
            continue;
        }
        return Ok(Some(contact));
    }
    Ok(None)
}

fn is_known_by_email_only(contact: &Contact) -> bool {
    contact
        .current_identities()
        .all(|identity| identity.address.kind == AddressKind::Email)
}

/// Gives a contact what is given and it lacks; what it has stays. Its addresses stay, too, but whom only an e-mail
/// address names gets the numbers and platform ids: what they agreed to so far was not for those.
fn fill_gaps(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    mut contact: Contact,
    new: &NewContact,
) -> Step<ContactId> {
    check_attributes(set, ctx, &new.attributes)?;
    let tags = prepare_tags(set, ctx, &new.tags)?;
    let missing = |(system, _): &(&String, &String)| !contact.external_ids.contains_key(system.trim());
    let external_ids: Vec<(&String, &String)> = new.external_ids.iter().filter(missing).collect();
    let external_ids = external_ids::prepare(set, ctx, Some(contact.id), external_ids)?;
    let [name, first_name, last_name, email] =
        [&new.name, &new.first_name, &new.last_name, &new.email].map(|text| blank_to_none(text.as_ref()));
    let email = email.map(|email| read_email(&email)).transpose()?;
    let given = Profile {
        name: name.as_deref(),
        first_name: first_name.as_deref(),
        last_name: last_name.as_deref(),
        email: email.as_deref(),
        lead: None,
        attributes: &new.attributes,
    };
    update_profile(set, ctx, &mut contact, &given, false)?;
    let changes = external_ids::put(set, ctx, &mut contact, external_ids)?;
    journal(set, ctx, &mut contact, changes);
    if is_known_by_email_only(&contact) {
        let mut found = false;
        for address in addresses_given(ctx, new)? {
            // Somebody else's, it would have found them.
            add_identity(set, ctx, &mut contact, &address, None, ctx.now)?;
            found = true;
        }
        if found {
            let (source, proof) = own_words(ctx);
            record_consent(set, ctx, &mut contact, new_number(ctx.now, source, proof));
            contact.revision += 1;
        }
    }
    if contact.status != RecordStatus::Blocked {
        add_tags(set, ctx, &mut contact, tags.into_iter().map(|tag| (tag, None)));
    }
    let id = contact.id;
    set.put(contact);
    Ok(id)
}
