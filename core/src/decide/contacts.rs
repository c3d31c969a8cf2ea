//! What a caller does with contacts, and the steps that inbound events share with it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use email_address::EmailAddress;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::attributes::Attribute;
use crate::channel::Channel;
use crate::consent::{Change, Fact, Proof, Scope, Source, State};
use crate::contact::{Contact, CreatedBy, Identity, LeadStatus, RecordStatus, Tag, tag_name};
use crate::context::Context;
use crate::conversation::Author;
use crate::decide::external_ids;
use crate::decide::sending::skip_with;
use crate::decide::suppression::{suppression_key, take_over};
use crate::error::{Code, Error};
use crate::gate::opted_out;
use crate::identity::{Address, AddressKind};
use crate::ids::{ContactId, RuleId};
use crate::journal::{Actor, Entry, FieldChange, What};
use crate::ledger::{Dispatch, DispatchState, SkipReason};
use crate::merge::Merged;
use crate::phone::{BusinessScopedId, Phone};
use crate::record::{IdentityRef, Key};
use crate::working_set::{Lookup, Step, WorkingSet};

/// A contact to create, as a caller, a file or the seeds' API gives it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct NewContact {
    /// The telephone number, in any spelling that [`Phone::parse`] reads.
    pub phone: Option<String>,
    /// A business-scoped WhatsApp user id.
    pub whatsapp_id: Option<String>,
    /// The full name.
    pub name: Option<String>,
    /// The first name.
    pub first_name: Option<String>,
    /// The last name.
    pub last_name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// Ids in other systems: system → id.
    pub external_ids: BTreeMap<String, String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Custom attributes.
    pub attributes: BTreeMap<String, Value>,
    /// How far the person is on the way to buying.
    pub lead: Option<LeadStatus>,
    /// Opt-in: `true` records one, `false` or absent none.
    pub opted_in: Option<bool>,
    /// Where, when and how the person agreed, in the host's words.
    pub opt_in_proof: Option<String>,
}

/// A contact's key.
pub(crate) fn contact_key(ctx: &Context<'_>, contact: ContactId) -> Key {
    Key::Contact {
        org: ctx.org.id,
        contact,
    }
}

/// The contact under an id, which may be that of one that was merged into it.
pub(crate) fn find(set: &mut WorkingSet, ctx: &Context<'_>, mut id: ContactId) -> Step<Option<Contact>> {
    loop {
        if let Some(contact) = set.get(&contact_key(ctx, id))? {
            return Ok(Some(contact));
        }
        let merged: Option<Merged> = set.get(&merged_key(ctx, id))?;
        match merged {
            Some(merged) => id = merged.into,
            None => return Ok(None),
        }
    }
}

/// The id that an id leads to: its own, or that of the contact that it was merged into.
pub fn resolve(set: &mut WorkingSet, ctx: &Context<'_>, id: ContactId) -> Step<ContactId> {
    Ok(find(set, ctx, id)?.map_or(id, |contact| contact.id))
}

/// The key of what is known of a contact that was merged.
pub(crate) fn merged_key(ctx: &Context<'_>, contact: ContactId) -> Key {
    Key::Merged {
        org: ctx.org.id,
        contact,
    }
}

/// The contact, which must be there and not deleted. The id may be that of one that was merged into it.
pub fn get(set: &mut WorkingSet, ctx: &Context<'_>, id: ContactId) -> Step<Contact> {
    let contact = even_deleted(set, ctx, id)?;
    if contact.status == RecordStatus::Deleted {
        return Err(no_contact(id).into());
    }
    Ok(contact)
}

/// The contact, which must be there, or have been.
pub fn even_deleted(set: &mut WorkingSet, ctx: &Context<'_>, id: ContactId) -> Step<Contact> {
    find(set, ctx, id)?.ok_or_else(|| no_contact(id).into())
}

fn no_contact(id: ContactId) -> Error {
    Error::new(Code::ContactNotFound, format!("there is no contact {id}"))
}

/// The key of the record that says whose an address is.
pub(crate) fn identity_key(ctx: &Context<'_>, address: &Address) -> Key {
    Key::Identity {
        org: ctx.org.id,
        kind: address.kind,
        match_key: address.match_key(),
    }
}

/// An e-mail address, checked and trimmed.
pub fn read_email(text: &str) -> Result<String, Error> {
    let text = text.trim();
    EmailAddress::parse_with_options(
        text,
        email_address::Options::default()
            .without_display_text()
            .without_domain_literal()
            .with_required_tld(),
    )
    .map(|email| email.to_string())
    .map_err(|error| {
        Error::new(
            Code::ContactEmailInvalid,
            format!("{text:?} is not an e-mail address: {error}"),
        )
    })
}

/// The attributes given, each held against its definition.
pub(crate) fn check_attributes(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    attributes: &BTreeMap<String, Value>,
) -> Step<()> {
    let key = |name: &String| Key::Attribute {
        org: ctx.org.id,
        name: name.clone(),
    };
    set.need(attributes.keys().map(key))?;
    for (name, value) in attributes {
        let definition: Option<Attribute> = set.get(&key(name))?;
        let Some(definition) = definition else {
            return Err(Error::new(
                Code::AttributeUnknown,
                format!("no attribute {name:?} is defined"),
            )
            .into());
        };
        definition.check(value)?;
    }
    Ok(())
}

pub(crate) fn blank_to_none(text: Option<&String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

/// Creates a contact that somebody asked for. `contacts_now`: how many the plan's limit counts.
pub fn create(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    new: &NewContact,
    by: CreatedBy,
    source: Source,
    proof: Proof,
    contacts_now: u64,
) -> Step<ContactId> {
    let (addresses, email) = addresses_of(ctx, new)?;
    if ctx.org.settings.name_required && by == CreatedBy::Manual {
        let named = [&new.name, &new.first_name, &new.last_name]
            .into_iter()
            .flatten()
            .any(|n| !n.trim().is_empty());
        if !named {
            return Err(Error::new(Code::ContactNameRequired, "the contact has no name").into());
        }
    }
    let keys = |address| [identity_key(ctx, address), suppression_key(ctx, address)];
    set.need(addresses.iter().flat_map(keys))?;
    for address in &addresses {
        let holder: Option<IdentityRef> = set.get(&identity_key(ctx, address))?;
        if let Some(holder) = holder {
            let message = format!("{} belongs to contact {} already", address.value, holder.contact);
            return Err(Error::new(Code::ContactDuplicate, message).into());
        }
    }
    let external_ids = external_ids::prepare(set, ctx, None, &new.external_ids)?;
    check_attributes(set, ctx, &new.attributes)?;
    let tags = prepare_tags(set, ctx, &new.tags)?;
    let plan = ctx.org.settings.plan;
    let over_limit = plan.is_full(contacts_now);
    // A lead is never lost: its contact is created, and the excess is reported.
    if over_limit && by != CreatedBy::Chatbot {
        let message = format!(
            "the plan allows {} contacts, and there are {contacts_now}",
            plan.limit().unwrap_or(0)
        );
        return Err(Error::new(Code::ContactLimit, message).into());
    }

    let mut contact = Contact::new(ctx.org.id, ctx.ids.next(), by, ctx.now);
    contact.name = blank_to_none(new.name.as_ref());
    contact.first_name = blank_to_none(new.first_name.as_ref());
    contact.last_name = blank_to_none(new.last_name.as_ref());
    contact.email = email;
    contact.lead = new.lead.unwrap_or_default();
    if contact.lead == LeadStatus::Customer {
        contact.became_customer.insert(ctx.now);
    }
    contact.attributes.clone_from(&new.attributes);
    contact.source_channel = addresses.first().map(|address| first_channel(address.kind));
    begin_contact(set, ctx, &contact, ctx.now, over_limit);
    for address in addresses {
        add_identity(set, ctx, &mut contact, &address, None, ctx.now)?;
    }
    external_ids::put(set, ctx, &mut contact, external_ids)?;
    add_tags(set, ctx, &mut contact, tags.into_iter().map(|tag| (tag, None)));
    if new.opted_in == Some(true) {
        let stated = blank_to_none(new.opt_in_proof.as_ref());
        let new_proof = stated.is_some();
        let proof = stated.map_or(proof, Proof::Stated);
        let fact = Fact {
            at: ctx.now,
            change: Change::OptIn,
            scope: Scope::EVERYTHING,
            source,
            via: None,
            new_proof,
            proof,
        };
        record_consent(set, ctx, &mut contact, fact);
        if let State::Out { basis } = contact.consent.state() {
            let message = format!(
                "the person, whose contact was deleted since, {}",
                opted_out(basis)
            );
            return Err(Error::new(Code::ConsentOptedOut, message).into());
        }
    }
    let id = contact.id;
    set.put(contact);
    Ok(id)
}

/// The channel that an address of this kind was first used on, for want of better knowledge.
const fn first_channel(kind: AddressKind) -> Channel {
    match kind {
        AddressKind::Phone | AddressKind::WhatsAppId => Channel::WhatsApp,
        AddressKind::InstagramId => Channel::Instagram,
        AddressKind::FacebookId => Channel::Messenger,
        AddressKind::Email => Channel::Email,
    }
}

/// The number and platform id given with a contact.
pub(crate) fn addresses_given(ctx: &Context<'_>, new: &NewContact) -> Result<Vec<Address>, Error> {
    let mut addresses = Vec::new();
    if let Some(phone) = blank_to_none(new.phone.as_ref()) {
        let phone = Phone::parse(&phone, ctx.org.settings.default_region)?;
        addresses.push(Address::new(AddressKind::Phone, phone.as_str()));
    }
    if let Some(id) = blank_to_none(new.whatsapp_id.as_ref()) {
        let id: BusinessScopedId = id.parse()?;
        addresses.push(Address::new(AddressKind::WhatsAppId, id.to_string()));
    }
    Ok(addresses)
}

/// The addresses of a new contact: at least one, unless another system knows it. An e-mail address identifies only who
/// has no other address.
pub(crate) fn addresses_of(
    ctx: &Context<'_>,
    new: &NewContact,
) -> Result<(Vec<Address>, Option<String>), Error> {
    let mut addresses = addresses_given(ctx, new)?;
    let email = blank_to_none(new.email.as_ref())
        .map(|email| read_email(&email))
        .transpose()?;
    if addresses.is_empty() {
        match &email {
            Some(email) => addresses.push(Address::new(AddressKind::Email, email)),
            None if !new.external_ids.is_empty() => {}
            None => {
                return Err(Error::new(
                    Code::ContactIdentityRequired,
                    "the contact has neither phone nor other identity",
                ));
            }
        }
    }
    Ok((addresses, email))
}

/// Journals that a contact came to be.
pub(crate) fn begin_contact(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &Contact,
    at: DateTime<Utc>,
    over_limit: bool,
) {
    let what = What::ContactCreated {
        by: contact.created_by,
        channel: contact.source_channel,
        over_limit,
    };
    set.journal(Entry {
        at,
        ..ctx.about(contact.id, what)
    });
}

/// Gives a contact an address that nobody else has, and what is still held against it.
pub(crate) fn add_identity(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &mut Contact,
    address: &Address,
    provider_value: Option<String>,
    since: DateTime<Utc>,
) -> Step<()> {
    let match_key = address.match_key();
    let (stored, unassigned) = stored_spelling(address);
    set.put(IdentityRef {
        org: ctx.org.id,
        kind: address.kind,
        match_key: match_key.clone(),
        contact: contact.id,
    });
    contact.identities.push(Identity {
        address: stored.clone(),
        match_key,
        provider_value,
        unassigned,
        since,
        until: None,
        merged_from: None,
    });
    set.journal(Entry {
        at: since,
        ..ctx.about(contact.id, What::IdentityAdded { address: stored })
    });
    take_over(set, ctx, contact, address)
}

/// What a platform's event names as one person's addresses: those that nobody has are linked, of the contact's own the
/// platform's spelling is kept (`latest`: in place of the one known). One that is linked to an address of a merged contact
/// is that one's, too. Remembered and given back: those that belong to somebody else.
pub(crate) fn link_addresses(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &mut Contact,
    addresses: &[Address],
    at: DateTime<Utc>,
    latest: bool,
) -> Step<Vec<(Address, ContactId)>> {
    set.need(addresses.iter().map(|address| identity_key(ctx, address)))?;
    let (known, of) = (contact.identities.len(), contact.merged_with(addresses));
    let mut elsewhere = Vec::new();
    for address in addresses {
        match holder(set, ctx, address)? {
            None => add_identity(set, ctx, contact, address, Some(address.value.clone()), at)?,
            Some(other) if other != contact.id => {
                contact.learn_elsewhere(at.max(ctx.now), address);
                elsewhere.push((address.clone(), other));
            }
            Some(_) => {
                let key = address.match_key();
                let own = contact.identities.iter_mut().find(|identity| {
                    identity.address.kind == address.kind
                        && identity.match_key == key
                        && identity.until.is_none()
                });
                if let Some(identity) = own {
                    identity.since = identity.since.min(at);
                    if latest || identity.provider_value.is_none() {
                        identity.provider_value = Some(address.value.clone());
                    }
                }
            }
        }
    }
    for identity in &mut contact.identities[known..] {
        identity.merged_from = of;
    }
    Ok(elsewhere)
}

/// The contact that an address names, if it names one.
pub(crate) fn holder(set: &mut WorkingSet, ctx: &Context<'_>, address: &Address) -> Step<Option<ContactId>> {
    let holder: Option<IdentityRef> = set.get(&identity_key(ctx, address))?;
    Ok(holder.map(|holder| holder.contact))
}

/// An address as it is stored: a phone as E.164 where it parses, anything else as the provider spelled it.
fn stored_spelling(address: &Address) -> (Address, bool) {
    if address.kind == AddressKind::Phone {
        let parsed = if address.value.starts_with('+') {
            Phone::parse(&address.value, None)
        } else {
            Phone::parse_wa_id(&address.value)
        };
        if let Ok(phone) = parsed {
            return (
                Address::new(AddressKind::Phone, phone.as_str()),
                !phone.is_assigned(),
            );
        }
    }
    (address.clone(), false)
}

/// Tags that are about to be added: their records are loaded, their names read.
pub(crate) fn prepare_tags(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    tags: &[String],
) -> Step<Vec<(String, String)>> {
    let names = tags
        .iter()
        .map(|tag| tag_name(tag))
        .collect::<Result<Vec<_>, _>>()?;
    set.need(names.iter().map(|(key, _)| Key::Tag {
        org: ctx.org.id,
        key: key.clone(),
    }))?;
    Ok(names)
}

/// Adds tags that were [prepared](prepare_tags), each with the rule that earned it; how many were new.
pub(crate) fn add_tags(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &mut Contact,
    tags: impl IntoIterator<Item = ((String, String), Option<RuleId>)>,
) -> usize {
    let mut added = 0;
    for ((key, name), rule) in tags {
        if contact.tags.contains_key(&key) {
            continue;
        }
        let known: Option<Tag> = set
            .get(&Key::Tag {
                org: ctx.org.id,
                key: key.clone(),
            })
            .unwrap_or(None);
        let name = known.map_or_else(
            || {
                set.put(Tag {
                    org: ctx.org.id,
                    key: key.clone(),
                    name: name.clone(),
                });
                name.clone()
            },
            |tag| tag.name,
        );
        contact.tags.insert(key, name.clone());
        set.journal(ctx.about(contact.id, What::TagAdded { tag: name, rule }));
        added += 1;
    }
    added
}

/// Adds tags by hand; how many were new.
pub fn tag(set: &mut WorkingSet, ctx: &Context<'_>, id: ContactId, tags: &[String]) -> Step<usize> {
    let mut contact = get(set, ctx, id)?;
    refuse_blocked(&contact)?;
    let tags = prepare_tags(set, ctx, tags)?;
    let added = add_tags(set, ctx, &mut contact, tags.into_iter().map(|tag| (tag, None)));
    if added > 0 {
        set.put(contact);
    }
    Ok(added)
}

pub(crate) fn refuse_blocked(contact: &Contact) -> Result<(), Error> {
    if contact.status == RecordStatus::Blocked {
        return Err(Error::new(
            Code::ContactBlocked,
            format!("contact {} is blocked and gets no tag", contact.id),
        ));
    }
    Ok(())
}

/// Removes tags by hand; how many were there.
pub fn untag(set: &mut WorkingSet, ctx: &Context<'_>, id: ContactId, tags: &[String]) -> Step<usize> {
    let mut contact = get(set, ctx, id)?;
    let mut removed = 0;
    for tag in tags {
        let (key, _) = tag_name(tag)?;
        if let Some(name) = contact.tags.remove(&key) {
            set.journal(ctx.about(contact.id, What::TagRemoved { tag: name }));
            removed += 1;
        }
    }
    if removed > 0 {
        set.put(contact);
    }
    Ok(removed)
}

/// Blocks a contact; nothing if it is blocked already. What waits to be sent to it is skipped.
pub fn block(set: &mut WorkingSet, ctx: &Context<'_>, id: ContactId) -> Step<()> {
    let mut contact = get(set, ctx, id)?;
    if contact.status != RecordStatus::Blocked {
        block_contact(set, ctx, &mut contact)?;
        set.put(contact);
    }
    Ok(())
}

/// [`block`], of a contact that is not stored yet.
pub(crate) fn block_contact(set: &mut WorkingSet, ctx: &Context<'_>, contact: &mut Contact) -> Step<()> {
    skip_open(set, ctx, contact, SkipReason::Blocked)?;
    contact.status_before_block = Some(contact.status);
    contact.status = RecordStatus::Blocked;
    set.journal(ctx.about(contact.id, What::ContactBlocked));
    Ok(())
}

/// Lifts a block and restores the status before; nothing if it is not blocked.
pub fn unblock(set: &mut WorkingSet, ctx: &Context<'_>, id: ContactId) -> Step<()> {
    let mut contact = get(set, ctx, id)?;
    if contact.status != RecordStatus::Blocked {
        return Ok(());
    }
    contact.status = contact.status_before_block.take().unwrap_or(RecordStatus::Active);
    set.journal(ctx.about(contact.id, What::ContactUnblocked));
    set.put(contact);
    Ok(())
}

/// Sets a contact aside from campaigns, or takes it back, by hand.
pub fn set_active(set: &mut WorkingSet, ctx: &Context<'_>, id: ContactId, active: bool) -> Step<()> {
    let mut contact = get(set, ctx, id)?;
    if contact.status == RecordStatus::Blocked {
        return Err(Error::new(
            Code::ContactBlocked,
            format!("contact {id} is blocked; unblock it first"),
        )
        .into());
    }
    let status = if active {
        RecordStatus::Active
    } else {
        RecordStatus::Inactive
    };
    if put_aside(set, ctx, &mut contact, status) {
        set.put(contact);
    }
    Ok(())
}

/// [`set_active`], of a contact that is not blocked and not stored yet; whether it was otherwise.
pub(crate) fn put_aside(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &mut Contact,
    status: RecordStatus,
) -> bool {
    if contact.status == status {
        return false;
    }
    let change = FieldChange {
        field: "status".to_owned(),
        before: contact.status.as_str().into(),
        after: status.as_str().into(),
    };
    contact.status = status;
    contact.revision += 1;
    let changes = vec![change];
    set.journal(ctx.about(contact.id, What::ContactUpdated { changes }));
    true
}

/// An opt-in or opt-out that a person's words did not make: an agent's toggle or the host's call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentRequest {
    /// In or out.
    pub opt_in: bool,
    /// What it is about.
    pub scope: Scope,
    /// New evidence of the person's will: where, when and how they agreed. Only that lifts a person's own STOP.
    pub proof: Option<String>,
    /// When the person agreed; absent: now.
    pub at: Option<DateTime<Utc>>,
}

/// What an entry is founded on where nothing but the caller's word is.
pub fn own_words(ctx: &Context<'_>) -> (Source, Proof) {
    match &ctx.actor {
        Actor::Agent(agent) => (Source::Manual, Proof::Agent(*agent)),
        Actor::System(name) | Actor::Handler(name) => (Source::Api, Proof::Stated(name.clone())),
        Actor::Contact | Actor::Provider | Actor::Worker => (Source::Api, Proof::Stated(String::new())),
    }
}

/// Records an opt-in or opt-out; whether it was new. An opt-in that does not lift the opt-out of its scope is refused
/// with what would.
pub fn set_consent(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    id: ContactId,
    request: &ConsentRequest,
) -> Step<bool> {
    let mut contact = get(set, ctx, id)?;
    let (source, default_proof) = own_words(ctx);
    let at = request.at.unwrap_or(ctx.now);
    if at > ctx.now {
        return Err(Error::new(
            Code::ConsentProofInvalid,
            format!("the proof's time {at} is in the future"),
        )
        .into());
    }
    let proof = request
        .proof
        .as_ref()
        .map(|text| text.trim())
        .filter(|text| !text.is_empty());
    let fact = Fact {
        at,
        change: if request.opt_in {
            Change::OptIn
        } else {
            Change::OptOut
        },
        scope: request.scope,
        source,
        via: None,
        new_proof: request.opt_in && proof.is_some(),
        proof: proof.map_or(default_proof, |text| Proof::Stated(text.to_owned())),
    };
    let changed = record_consent(set, ctx, &mut contact, fact);
    if let (true, State::Out { basis }) = (request.opt_in, contact.consent.state_of(request.scope)) {
        let message = format!("contact {id} {}", opted_out(basis));
        return Err(Error::new(Code::ConsentOptedOut, message).into());
    }
    if !request.opt_in && request.scope == Scope::EVERYTHING {
        skip_open(set, ctx, &contact, SkipReason::OptedOut)?;
    }
    set.put(contact);
    Ok(changed)
}

/// Records what is given about consent along with a contact, if it is news: a system that says the same every night
/// changes nothing.
pub(crate) fn consent_news(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    id: ContactId,
    opted_in: Option<bool>,
    proof: Option<&String>,
) -> Step<()> {
    let known = get(set, ctx, id)?.consent;
    let proof = blank_to_none(proof).filter(|stated| {
        let same = Proof::Stated(stated.clone());
        let mut facts = known.history().into_iter();
        !facts.any(|fact| fact.change == Change::OptIn && fact.new_proof && fact.proof == same)
    });
    let news = match opted_in {
        Some(true) => proof.is_some() || !matches!(known.state(), State::In { marketing: true, .. }),
        Some(false) => known.opted_in(),
        None => false,
    };
    if news {
        let request = ConsentRequest {
            opt_in: opted_in == Some(true),
            scope: Scope::EVERYTHING,
            proof,
            at: None,
        };
        set_consent(set, ctx, id, &request)?;
    }
    Ok(())
}

/// Adds an entry to a contact's consent and journals it; whether it was new.
pub(crate) fn record_consent(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &mut Contact,
    fact: Fact,
) -> bool {
    record_consent_of(set, ctx, contact, None, fact)
}

/// [`record_consent`], of what was said at an address that came with a merged contact.
pub(crate) fn record_consent_of(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &mut Contact,
    of: Option<ContactId>,
    fact: Fact,
) -> bool {
    let before = contact.consent.opted_in();
    if !contact.consent.record_of(of, fact.clone()) {
        return false;
    }
    let after = contact.consent.opted_in();
    set.journal(Entry {
        at: fact.at,
        ..ctx.about(contact.id, What::ConsentChanged { fact, before, after })
    });
    true
}

/// Skips every row of the ledger that waits to be sent to a contact, in the same commit as what forbids it. An opt-out
/// leaves the confirmation of itself to be sent.
pub(crate) fn skip_open(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &Contact,
    reason: SkipReason,
) -> Step<()> {
    let mut rows: Vec<Dispatch> = Vec::new();
    for id in contact.ids() {
        rows.extend(set.list(&Lookup::OpenDispatches {
            org: ctx.org.id,
            contact: id,
        })?);
    }
    for row in rows {
        let confirms = row.origin == Author::StopConfirmation && reason == SkipReason::OptedOut;
        if matches!(row.state, DispatchState::Pending | DispatchState::Leased { .. }) && !confirms {
            skip_with(set, ctx, row, contact.id, reason)?;
        }
    }
    Ok(())
}
