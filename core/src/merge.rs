//! Contacts that were merged: what a caller chooses, where their ids lead, and what takes a merge back.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::attributes::RESERVED;
use crate::contact::Contact;
use crate::ids::{ContactId, ConversationId, OrgId};
use crate::journal::{Actor, FieldChange};

/// Which contacts to merge into another one, and whose value a field is to have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MergeRequest {
    /// The contacts to merge into the primary one.
    pub duplicates: Vec<ContactId>,
    /// Fields whose values are chosen. Of all others the primary's value stays, and where it has none, that of the first
    /// duplicate that has one is taken.
    pub choices: Vec<MergeChoice>,
}

/// Whose value a field is to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeChoice {
    /// The field.
    pub field: MergeField,
    /// The contact whose value is taken, even if it has none.
    pub from: ContactId,
}

/// A field that contacts can differ in, and of which a merge keeps one value. Addresses, tags, notes, conversations and
/// the timeline are kept of all; consent is not chosen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MergeField {
    /// The full name.
    Name,
    /// The first name.
    FirstName,
    /// The last name.
    LastName,
    /// The e-mail address.
    Email,
    /// How far the person is on the way to buying.
    Lead,
    /// The member of the team who is responsible.
    Owner,
    /// A custom attribute, by its name.
    Attribute(String),
    /// The id in another system, by its name. The other ids there go on finding the contact.
    ExternalId(String),
}

impl MergeField {
    /// Every field that one of the contacts can have a value of.
    pub fn of(contacts: &[&Contact]) -> Vec<Self> {
        let mut fields = vec![
            Self::Name,
            Self::FirstName,
            Self::LastName,
            Self::Email,
            Self::Lead,
            Self::Owner,
        ];
        for contact in contacts {
            // Provider data is joined, and nobody's choice.
            let names = contact
                .attributes
                .keys()
                .filter(|name| !RESERVED.contains(&name.as_str()));
            fields.extend(names.cloned().map(Self::Attribute));
            fields.extend(contact.external_ids.keys().cloned().map(Self::ExternalId));
        }
        fields.sort();
        fields.dedup();
        fields
    }

    /// The field's name, as changes of it are journaled.
    pub fn name(&self) -> String {
        match self {
            Self::Name => "name".to_owned(),
            Self::FirstName => "first_name".to_owned(),
            Self::LastName => "last_name".to_owned(),
            Self::Email => "email".to_owned(),
            Self::Lead => "lead".to_owned(),
            Self::Owner => "owner".to_owned(),
            Self::Attribute(name) => format!("attributes.{name}"),
            Self::ExternalId(system) => format!("external_ids.{system}"),
        }
    }

    /// The value that a contact has of it; null if none.
    pub fn value(&self, contact: &Contact) -> Value {
        match self {
            Self::Name => contact.name.clone().into(),
            Self::FirstName => contact.first_name.clone().into(),
            Self::LastName => contact.last_name.clone().into(),
            Self::Email => contact.email.clone().into(),
            Self::Lead => contact.lead.as_str().into(),
            Self::Owner => contact.owner.map(|owner| owner.to_string()).into(),
            Self::Attribute(name) => contact.attributes.get(name).cloned().into(),
            Self::ExternalId(system) => contact.external_ids.get(system).cloned().into(),
        }
    }

    /// Gives a contact the value of another one, even if that has none.
    pub(crate) fn take(&self, from: &Contact, to: &mut Contact) {
        fn entry<V: Clone>(
            from: &std::collections::BTreeMap<String, V>,
            to: &mut std::collections::BTreeMap<String, V>,
            key: &str,
        ) {
            match from.get(key) {
                Some(value) => to.insert(key.to_owned(), value.clone()),
                None => to.remove(key),
            };
        }
        match self {
            Self::Name => to.name.clone_from(&from.name),
            Self::FirstName => to.first_name.clone_from(&from.first_name),
            Self::LastName => to.last_name.clone_from(&from.last_name),
            Self::Email => to.email.clone_from(&from.email),
            Self::Lead => to.lead = from.lead,
            Self::Owner => to.owner = from.owner,
            Self::Attribute(name) => entry(&from.attributes, &mut to.attributes, name),
            Self::ExternalId(system) => entry(&from.external_ids, &mut to.external_ids, system),
        }
    }
}

/// What a merge makes of the primary contact.
#[derive(Debug, Clone, PartialEq)]
pub struct MergeOutcome {
    /// The primary contact.
    pub contact: Contact,
    /// Its fields that change.
    pub changes: Vec<FieldChange>,
    /// The fields of which the contacts have different values: what a caller may want to choose.
    pub differing: Vec<MergeDifference>,
}

/// A field of which the contacts of a merge have different values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MergeDifference {
    /// The field.
    pub field: MergeField,
    /// The value of each contact that has one.
    pub values: Vec<MergeValue>,
}

/// A contact's value of a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MergeValue {
    /// The contact.
    pub contact: ContactId,
    /// The value.
    pub value: Value,
}

/// A contact that was merged into another one. It stands in the contact's place, so that the id goes on resolving; what
/// was written before (messages, notes, ledger, journal) keeps naming the id, and is found by following it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Merged {
    /// The organisation.
    pub org: OrgId,
    /// The contact that was merged.
    pub contact: ContactId,
    /// The contact that it was merged into, which may have been merged since.
    pub into: ContactId,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: Actor,
    /// What takes it back; absent once that cannot be.
    pub undo: Option<Box<Undo>>,
}

/// The id that an id leads to. `into` says what the contact of an id was merged into, and nothing of one that is there.
///
/// # Errors
/// What `into` fails with.
pub fn led_to<E>(
    id: ContactId,
    mut into: impl FnMut(ContactId) -> Result<Option<ContactId>, E>,
) -> Result<ContactId, E> {
    let (mut at, mut passed) = (id, BTreeSet::new());
    // No merge leads back to where it came from; what somebody else wrote into a store might.
    while passed.insert(at)
        && let Some(next) = into(at)?
    {
        at = next;
    }
    Ok(at)
}

/// The records of a merge, as they were.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Undo {
    /// The contact that was merged.
    pub duplicate: Contact,
    /// The primary before.
    pub before: Contact,
    /// The primary after.
    pub after: Contact,
    /// The conversations that moved.
    pub conversations: Vec<ConversationId>,
}
