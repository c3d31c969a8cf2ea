//! What a caller changes of a contact's profile: fields, attributes, lead status and owner.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::attributes::RESERVED;
use crate::contact::{Contact, LeadStatus};
use crate::context::Context;
use crate::decide::contacts::{blank_to_none, check_attributes, consent_news, get, read_email};
use crate::decide::{moves, team};
use crate::error::{Code, Error};
use crate::ids::{AgentId, ContactId};
use crate::journal::{FieldChange, What};
use crate::working_set::{Step, WorkingSet};

/// What is to change of a contact; what is absent stays. Phones, tags and ids in other systems have calls of their own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ContactUpdate {
    /// The full name.
    pub name: Option<String>,
    /// The first name.
    pub first_name: Option<String>,
    /// The last name.
    pub last_name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// How far the person is on the way to buying.
    pub lead: Option<LeadStatus>,
    /// The member of the team who is responsible.
    pub owner: Option<AgentId>,
    /// Values of custom attributes, each in place of the one that there is.
    pub attributes: BTreeMap<String, Value>,
    /// Opt-in: `true` records one that is news, `false` opts out who is opted in.
    pub opted_in: Option<bool>,
    /// Where, when and how the person agreed, in the host's words.
    pub opt_in_proof: Option<String>,
    /// Fields to empty.
    pub clear: Vec<ContactField>,
    /// Custom attributes whose values are taken away.
    pub clear_attributes: Vec<String>,
}

/// A field of a contact that can be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ContactField {
    /// The full name.
    Name,
    /// The first name.
    FirstName,
    /// The last name.
    LastName,
    /// The e-mail address.
    Email,
    /// The member of the team who is responsible.
    Owner,
}

impl ContactUpdate {
    /// Refuses a field or attribute that is given and emptied at once.
    fn check(&self) -> Result<(), Error> {
        let both = |what: &str| {
            let message = format!("{what} is given and emptied at once");
            Err(Error::new(Code::ContactUpdateInvalid, message))
        };
        for (field, given) in [
            (ContactField::Name, self.name.is_some()),
            (ContactField::FirstName, self.first_name.is_some()),
            (ContactField::LastName, self.last_name.is_some()),
            (ContactField::Email, self.email.is_some()),
            (ContactField::Owner, self.owner.is_some()),
        ] {
            if given && self.clear.contains(&field) {
                return both(&format!("{field:?}"));
            }
        }
        let reserved = |name: &&String| RESERVED.contains(&name.as_str());
        if let Some(name) = self.clear_attributes.iter().find(reserved) {
            let message = format!("attribute {name:?} is provider data, which is not emptied by hand");
            return Err(Error::new(Code::AttributeInvalid, message));
        }
        match self
            .clear_attributes
            .iter()
            .find(|name| self.attributes.contains_key(*name))
        {
            Some(name) => both(&format!("attribute {name:?}")),
            None => Ok(()),
        }
    }
}

/// Changes a contact's profile in one step; nothing of it if anything is refused. `revision` is that of the contact as
/// the caller read it. Gives the contact as it is then.
pub fn update(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    id: ContactId,
    revision: u64,
    update: &ContactUpdate,
) -> Step<Contact> {
    let before = get(set, ctx, id)?;
    if before.revision != revision {
        let message = format!(
            "contact {id} is at revision {}, and {revision} was read",
            before.revision
        );
        return Err(Error::new(Code::ContactChanged, message).into());
    }
    update.check()?;
    check_attributes(set, ctx, &update.attributes)?;
    if let Some(owner) = update.owner {
        team::working(set, ctx, owner)?;
    }
    let [name, first_name, last_name, email] =
        [&update.name, &update.first_name, &update.last_name, &update.email]
            .map(|text| blank_to_none(text.as_ref()));
    let email = email.map(|email| read_email(&email)).transpose()?;
    let given = Profile {
        name: name.as_deref(),
        first_name: first_name.as_deref(),
        last_name: last_name.as_deref(),
        email: email.as_deref(),
        lead: update.lead,
        attributes: &update.attributes,
    };
    let mut contact = before.clone();
    let mut changes = given.take_in(&mut contact, true);
    changes.extend(empty(&mut contact, &update.clear, &update.clear_attributes));
    if let Some(owner) = update.owner {
        changes.extend(own(&mut contact, Some(owner)));
    }
    changed(set, ctx, &before, &mut contact, changes)?;
    consent_news(set, ctx, id, update.opted_in, update.opt_in_proof.as_ref())?;
    get(set, ctx, id)
}

/// Empties fields and attributes; what changed.
fn empty(contact: &mut Contact, fields: &[ContactField], attributes: &[String]) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    for field in fields {
        let (name, slot) = match field {
            ContactField::Name => ("name", &mut contact.name),
            ContactField::FirstName => ("first_name", &mut contact.first_name),
            ContactField::LastName => ("last_name", &mut contact.last_name),
            ContactField::Email => ("email", &mut contact.email),
            ContactField::Owner => {
                changes.extend(own(contact, None));
                continue;
            }
        };
        if let Some(before) = slot.take() {
            changes.push(FieldChange {
                field: name.to_owned(),
                before: before.into(),
                after: Value::Null,
            });
        }
    }
    for name in attributes {
        if let Some(before) = contact.attributes.remove(name) {
            changes.push(FieldChange {
                field: format!("attributes.{name}"),
                before,
                after: Value::Null,
            });
        }
    }
    changes
}

/// Makes a member, or nobody, responsible; what changed.
pub(crate) fn own(contact: &mut Contact, owner: Option<AgentId>) -> Option<FieldChange> {
    let before = std::mem::replace(&mut contact.owner, owner);
    let json = |owner: Option<AgentId>| owner.map_or(Value::Null, |owner| owner.to_string().into());
    (before != owner).then(|| FieldChange {
        field: "owner".to_owned(),
        before: json(before),
        after: json(owner),
    })
}

/// Values of a profile that somebody gives; what is absent changes nothing.
pub(crate) struct Profile<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) first_name: Option<&'a str>,
    pub(crate) last_name: Option<&'a str>,
    pub(crate) email: Option<&'a str>,
    pub(crate) lead: Option<LeadStatus>,
    pub(crate) attributes: &'a BTreeMap<String, Value>,
}

impl Profile<'_> {
    /// Puts given values in place of those that there are (`overrides`), or where there is a gap; what changed.
    fn take_in(&self, contact: &mut Contact, overrides: bool) -> Vec<FieldChange> {
        let mut changes = Vec::new();
        let mut change = |field: &str, before: Option<Value>, after: Value| {
            let wins = before.is_none() || (overrides && before.as_ref() != Some(&after));
            if wins {
                changes.push(FieldChange {
                    field: field.to_owned(),
                    before: before.unwrap_or(Value::Null),
                    after,
                });
            }
            wins
        };
        for (field, slot, new) in [
            ("name", &mut contact.name, self.name),
            ("first_name", &mut contact.first_name, self.first_name),
            ("last_name", &mut contact.last_name, self.last_name),
            ("email", &mut contact.email, self.email),
        ] {
            if let Some(new) = new
                && change(field, slot.clone().map(Value::from), new.into())
            {
                *slot = Some(new.to_owned());
            }
        }
        if let Some(new) = self.lead
            && change("lead", Some(contact.lead.as_str().into()), new.as_str().into())
        {
            contact.lead = new;
        }
        for (name, new) in self.attributes {
            let before = contact.attributes.get(name).cloned();
            if change(&format!("attributes.{name}"), before, new.clone()) {
                contact.attributes.insert(name.clone(), new.clone());
            }
        }
        changes
    }
}

/// Takes in given values, in place of those that there are (`overrides`), or where there is a gap; journaled as one. The
/// contact is not stored yet.
pub(crate) fn update_profile(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &mut Contact,
    given: &Profile<'_>,
    overrides: bool,
) -> Step<()> {
    let email = contact.email.clone();
    let changes = given.take_in(contact, overrides);
    follow(set, ctx, email.as_deref(), contact, changes)
}

/// What changes of a contact's fields bring with them: one entry of the journal, and the address that an e-mail is.
fn follow(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    email_before: Option<&str>,
    contact: &mut Contact,
    changes: Vec<FieldChange>,
) -> Step<()> {
    journal(set, ctx, contact, changes);
    if contact.email.as_deref() != email_before {
        moves::email_changed(set, ctx, contact)?;
    }
    Ok(())
}

const CUSTOMER: &str = LeadStatus::Customer.as_str();

/// Journals changes of a contact's fields as one, under the next revision.
pub(crate) fn journal(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &mut Contact,
    changes: Vec<FieldChange>,
) {
    if !changes.is_empty() {
        let new_customer = |change: &FieldChange| change.field == "lead" && change.after == CUSTOMER;
        if changes.iter().any(new_customer) {
            contact.became_customer.insert(ctx.now);
        }
        contact.revision += 1;
        set.journal(ctx.about(contact.id, What::ContactUpdated { changes }));
    }
}

/// Journals and stores what changed; whether anything did.
fn changed(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    before: &Contact,
    contact: &mut Contact,
    changes: Vec<FieldChange>,
) -> Step<bool> {
    if changes.is_empty() {
        return Ok(false);
    }
    follow(set, ctx, before.email.as_deref(), contact, changes)?;
    set.put(contact.clone());
    Ok(true)
}

/// Moves a contact to a lead status; whether it was at another one.
pub fn set_lead(set: &mut WorkingSet, ctx: &Context<'_>, id: ContactId, lead: LeadStatus) -> Step<bool> {
    let before = get(set, ctx, id)?;
    let mut contact = before.clone();
    let given = Profile {
        name: None,
        first_name: None,
        last_name: None,
        email: None,
        lead: Some(lead),
        attributes: &BTreeMap::new(),
    };
    let changes = given.take_in(&mut contact, true);
    changed(set, ctx, &before, &mut contact, changes)
}

/// Moves a contact one step on: from cold to warm, to hot, to customer; the status then.
pub fn advance_lead(set: &mut WorkingSet, ctx: &Context<'_>, id: ContactId) -> Step<LeadStatus> {
    let next = match get(set, ctx, id)?.lead {
        LeadStatus::Cold => LeadStatus::Warm,
        LeadStatus::Warm => LeadStatus::Hot,
        LeadStatus::Hot => LeadStatus::Customer,
        LeadStatus::Customer => {
            let message = format!("contact {id} is a customer, and there is no step beyond");
            return Err(Error::new(Code::ContactLeadStep, message).into());
        }
    };
    set_lead(set, ctx, id, next)?;
    Ok(next)
}

/// Moves a contact that is hot or a customer back to be won again: to cold, or where it is told to begin; the status
/// then.
pub fn re_engage(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    id: ContactId,
    to: Option<LeadStatus>,
) -> Step<LeadStatus> {
    let now = get(set, ctx, id)?.lead;
    let to = to.unwrap_or_default();
    if now < LeadStatus::Hot || to >= now {
        let message = format!(
            "contact {id} is {}: who is hot or a customer is re-engaged, at a status before; {} was asked for",
            now.as_str(),
            to.as_str()
        );
        return Err(Error::new(Code::ContactLeadStep, message).into());
    }
    set_lead(set, ctx, id, to)?;
    Ok(to)
}

/// Makes a member of the team who works here, or nobody, responsible for a contact; whether somebody else was.
pub fn set_owner(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    id: ContactId,
    owner: Option<AgentId>,
) -> Step<bool> {
    let before = get(set, ctx, id)?;
    if let Some(owner) = owner {
        team::working(set, ctx, owner)?;
    }
    let mut contact = before.clone();
    let changes = own(&mut contact, owner).into_iter().collect();
    changed(set, ctx, &before, &mut contact, changes)
}

/// Takes values of a custom attribute away that no definition stands for any more, or that do not fit it; whether there
/// was one.
pub fn drop_misfit(set: &mut WorkingSet, ctx: &Context<'_>, id: ContactId, name: &str) -> Step<bool> {
    let before = get(set, ctx, id)?;
    let Some(value) = before.attributes.get(name) else {
        return Ok(false);
    };
    let given = BTreeMap::from([(name.to_owned(), value.clone())]);
    match check_attributes(set, ctx, &given) {
        Ok(()) => return Ok(false),
        Err(crate::working_set::Stop::Refused(_)) => {}
        Err(stop) => return Err(stop),
    }
    let mut contact = before.clone();
    let changes = empty(&mut contact, &[], &[name.to_owned()]);
    changed(set, ctx, &before, &mut contact, changes)
}
