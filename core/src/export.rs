//! Contacts as rows of a CSV file that an import takes back.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::attributes::Attribute;
use crate::consent::{Fact, State};
use crate::contact::Contact;
use crate::error::{Code, Error};
use crate::identity::AddressKind;
use crate::ids::AgentId;
use crate::import::{ALL_BUT_MARKETING, OF_SYSTEM, PURPOSES, column_name, guard, write_list};
use crate::team::Member;

/// A column of an export.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ExportColumn")]
pub enum Column {
    /// The primary telephone number.
    Phone,
    /// The further telephone numbers, a list.
    OtherPhones,
    /// Business-scoped WhatsApp user ids, a list.
    WhatsappIds,
    /// The full name as somebody entered it.
    Name,
    /// The first name.
    FirstName,
    /// The last name.
    LastName,
    /// The e-mail address.
    Email,
    /// The tags, a list.
    Tags,
    /// The lead status.
    Lead,
    /// Who is responsible: the member's name, or their id where several have the name.
    Owner,
    /// Active, inactive or blocked.
    RecordStatus,
    /// Ids in other systems, as JSON.
    ExternalIds,
    /// The id in one other system.
    ExternalId(String),
    /// `true`, `allButMarketing`, `false` for who opted out, or nothing for who was never asked.
    OptedIn,
    /// When the person agreed.
    OptInProof,
    /// Every opt-out in force, a list.
    OptOuts,
    /// An attribute of the organisation.
    Attribute(String),
    /// The contact's id. For reading, as are those that follow: an import leaves them out.
    ContactId,
    /// The full name: as entered, else first and last, else the platform's.
    FullName,
    /// The name that the person gave themself at the platform.
    ProfileName,
    /// The user name at the platform.
    ProfileUsername,
    /// The channel of the first contact.
    SourceChannel,
    /// How the record came to be.
    CreatedBy,
    /// When it came to be.
    CreatedAt,
    /// When the person last wrote or called.
    LastInbound,
    /// When anything last went in or out.
    LastInteraction,
    /// What the opt-in, or the opt-out, came by.
    OptInSource,
}

/// The columns that a file needs for the same contacts to come back from it.
pub fn round_trip(attributes: &[Attribute]) -> Vec<Column> {
    use Column::{
        Email, ExternalIds, FirstName, LastName, Lead, Name, OptInProof, OptOuts, OptedIn, OtherPhones,
        Owner, Phone, RecordStatus, Tags, WhatsappIds,
    };
    let own = [
        Phone,
        Name,
        Email,
        Tags,
        OptedIn,
        OptInProof,
        OptOuts,
        FirstName,
        LastName,
        OtherPhones,
        WhatsappIds,
        ExternalIds,
        Lead,
        Owner,
        RecordStatus,
    ];
    let attributes = attributes.iter();
    let attributes = attributes.map(|attribute| Column::Attribute(attribute.name.clone()));
    own.into_iter().chain(attributes).collect()
}

/// The columns of an export that holds, ready to write rows.
#[derive(Debug, Clone)]
pub struct Sheet {
    columns: Vec<Column>,
    header: Vec<String>,
    members: Vec<Member>,
}

impl Sheet {
    /// Holds columns against the organisation's attributes; none: those of [`round_trip`].
    ///
    /// # Errors
    /// [`Code::ImportMapping`]: no column, one twice, or an attribute that is not defined.
    pub fn new(
        columns: Option<Vec<Column>>,
        attributes: &[Attribute],
        members: Vec<Member>,
    ) -> Result<Self, Error> {
        let misfit = |message: String| Err(Error::new(Code::ImportMapping, message));
        let columns = columns.unwrap_or_else(|| round_trip(attributes));
        if columns.is_empty() {
            return misfit("an export needs a column".to_owned());
        }
        let mut header = Vec::with_capacity(columns.len());
        for (place, column) in columns.iter().enumerate() {
            if columns[..place].contains(column) {
                return misfit(format!("the column {:?} is there twice", column.name(attributes)));
            }
            if let Column::Attribute(name) = column
                && !attributes.iter().any(|attribute| attribute.name == *name)
            {
                return misfit(format!(
                    "attribute {name:?} is not defined; define it, or leave the column out"
                ));
            }
            header.push(column.name(attributes));
        }
        Ok(Self {
            columns,
            header,
            members,
        })
    }

    /// The header's cells.
    pub fn header(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.header.iter().map(|name| cell(name))
    }

    /// A contact's cells, none of which a spreadsheet would run.
    pub fn row(&self, contact: &Contact) -> impl Iterator<Item = String> {
        self.columns.iter().map(|column| {
            let value = column.value(contact, &self.members);
            value.map_or_else(String::new, |value| cell(&value).into_owned())
        })
    }
}

fn cell(value: &str) -> Cow<'_, str> {
    guard(value)
}

impl Column {
    /// The column's name in the header.
    fn name(&self, attributes: &[Attribute]) -> String {
        match self {
            Self::Attribute(name) => column_name(name, true, attributes),
            Self::ExternalId(system) => format!("{OF_SYSTEM}{system}"),
            own => match serde_json::to_value(own) {
                Ok(Value::String(name)) => column_name(&name, false, attributes),
                _ => String::new(),
            },
        }
    }

    /// What a contact has there.
    fn value(&self, contact: &Contact, members: &[Member]) -> Option<String> {
        match self {
            Self::Phone => contact.phone().map(|phone| phone.address.value.clone()),
            Self::OtherPhones => list(addresses(contact, AddressKind::Phone).skip(1)),
            Self::WhatsappIds => list(addresses(contact, AddressKind::WhatsAppId)),
            Self::Name => contact.name.clone(),
            Self::FirstName => contact.first_name.clone(),
            Self::LastName => contact.last_name.clone(),
            Self::Email => contact.email.clone(),
            Self::Tags => list(contact.tags.values().map(String::as_str)),
            Self::Lead => Some(contact.lead.as_str().to_owned()),
            Self::Owner => contact.owner.map(|owner| owner_name(owner, members)),
            Self::RecordStatus => Some(contact.status.as_str().to_owned()),
            Self::ExternalIds if contact.external_ids.is_empty() => None,
            Self::ExternalIds => serde_json::to_string(&contact.external_ids).ok(),
            Self::ExternalId(system) => contact.external_ids.get(system.trim()).cloned(),
            Self::OptedIn => match contact.consent.state() {
                State::Unasked => None,
                State::In { marketing: true, .. } => Some("true".to_owned()),
                State::In { marketing: false, .. } => Some(ALL_BUT_MARKETING.to_owned()),
                State::Out { .. } => Some("false".to_owned()),
            },
            Self::OptInProof => match contact.consent.state() {
                State::In { basis, .. } => Some(time(basis.at)),
                State::Unasked | State::Out { .. } => None,
            },
            Self::OptOuts => {
                let mut texts: Vec<String> = contact.consent.revocations().iter().map(opt_out).collect();
                texts.sort_unstable();
                list(texts.iter().map(String::as_str))
            }
            Self::Attribute(name) => contact.attributes.get(name).map(|value| match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            }),
            Self::ContactId => Some(contact.id.to_string()),
            Self::FullName => contact.full_name(),
            Self::ProfileName => contact.profile_name.as_ref().map(|(_, name)| name.clone()),
            Self::ProfileUsername => contact.username.as_ref().map(|(_, name)| name.clone()),
            Self::SourceChannel => contact.source_channel.and_then(word),
            Self::CreatedBy => word(contact.created_by),
            Self::CreatedAt => Some(time(contact.created_at)),
            Self::LastInbound => contact.last_inbound.map(time),
            Self::LastInteraction => contact.last_interaction.map(time),
            Self::OptInSource => match contact.consent.state() {
                State::In { basis, .. } | State::Out { basis } => word(basis.source),
                State::Unasked => None,
            },
        }
    }
}

fn addresses(contact: &Contact, kind: AddressKind) -> impl Iterator<Item = &str> {
    let current = contact.current_identities();
    let of_kind = current.filter(move |identity| identity.address.kind == kind);
    of_kind.map(|identity| identity.address.value.as_str())
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> Option<String> {
    Some(write_list(items)).filter(|text| !text.is_empty())
}

/// An instant as import reads it, to the last digit.
fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// A value of a plain enum, as it is called everywhere.
fn word(value: impl Serialize) -> Option<String> {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => Some(word),
        _ => None,
    }
}

fn owner_name(owner: AgentId, members: &[Member]) -> String {
    let id = owner.to_string();
    let Some(member) = members.iter().find(|member| member.id == owner) else {
        return id;
    };
    let alike = members
        .iter()
        .filter(|other| other.active && other.name == member.name);
    let taken_for_an_id = members.iter().any(|other| other.id.to_string() == member.name);
    if member.active && alike.count() == 1 && !taken_for_an_id {
        member.name.clone()
    } else {
        id
    }
}

fn opt_out(fact: &Fact) -> String {
    let purpose = PURPOSES
        .iter()
        .find(|(_, purpose)| *purpose == fact.scope.purpose);
    let purpose = purpose.map_or("", |(name, _)| name);
    match fact.scope.sender {
        Some(sender) => format!("{purpose}@{sender} {}", time(fact.at)),
        None => format!("{purpose} {}", time(fact.at)),
    }
}
