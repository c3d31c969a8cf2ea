//! The header: what its columns probably mean, whether a mapping of them holds, and a file to begin with.

use std::collections::HashMap;

use super::Field;
use crate::attributes::{Attribute, AttributeKind};
use crate::error::{Code, Error};
use crate::fold::fold;
use crate::team::Member;

/// The columns of the sample file; an attribute that is named like one of them does not take it over.
const OWN: [&str; 5] = ["phone", "name", "email", "tags", "optedIn"];

/// What address books, CRMs and mailing tools call their columns, folded, letters and digits only; of two columns for
/// one field the name further to the left here wins. Last looked at in 2026: the exports of Google Contacts, `HubSpot`,
/// Mailchimp, Chatwoot and `SendGrid`.
///
/// Mailchimp's `OPTIN_TIME` is left out on purpose: agreeing to e-mails is no evidence of agreeing to messages.
const NAMES: &[(Field, &[&str])] = &[
    (
        Field::Phone,
        &[
            "phone",
            "whatsappphonenumber",
            "whatsappnumber",
            "whatsapp",
            "waid",
            "mobilephonenumber",
            "mobilephone",
            "mobilenumber",
            "mobile",
            "cellphone",
            "cell",
            "phonenumber",
            "phone1value",
            "phone1",
            "primaryphone",
            "telephone",
            "telephonenumber",
            "tel",
            "msisdn",
            "celular",
            "movil",
            "telemovel",
            "telefono",
            "telefone",
            "telefon",
        ],
    ),
    (
        Field::Name,
        &[
            "name",
            "fullname",
            "displayname",
            "contactname",
            "customername",
            "nombre",
            "nome",
        ],
    ),
    (
        Field::FirstName,
        &[
            "firstname",
            "givenname",
            "forename",
            "fname",
            "first",
            "vorname",
            "prenom",
        ],
    ),
    (
        Field::LastName,
        &[
            "lastname",
            "familyname",
            "surname",
            "lname",
            "last",
            "apellido",
            "apellidos",
            "sobrenome",
            "nachname",
        ],
    ),
    (
        Field::Email,
        &[
            "email",
            "emailaddress",
            "email1value",
            "primaryemail",
            "mail",
            "correo",
            "correoelectronico",
        ],
    ),
    (
        Field::Tags,
        &[
            "tags",
            "tag",
            "labels",
            "label",
            "groupmembership",
            "groups",
            "etiquetas",
        ],
    ),
    (
        Field::OptedIn,
        &[
            "optedin",
            "optin",
            "whatsappoptin",
            "subscribed",
            "consent",
            "allowbroadcast",
        ],
    ),
    (
        Field::OtherPhones,
        &[
            "phone2value",
            "phone3value",
            "phone4value",
            "phone5value",
            "phone2",
            "phone3",
            "otherphone",
            "otherphones",
        ],
    ),
    // What other systems tell of their own records.
    (
        Field::Ignore,
        &[
            "created",
            "createdat",
            "createdon",
            "lastinteraction",
            "lastactive",
            "source",
        ],
    ),
    (
        Field::OptInProof,
        &["optinproof", "optedinat", "optinat", "optindate", "consentdate"],
    ),
];

/// What stands before the name of an exported column that is a field of the contact, where an attribute has its name.
const OF_CONTACT: &str = "contact.";

/// What stands before the name of an exported column that is an attribute, where a field of the contact has its name.
const OF_ATTRIBUTES: &str = "attributes.";

/// What stands before the name of a system in the name of a column with its ids.
pub(crate) const OF_SYSTEM: &str = "externalIds.";

/// The exported columns beyond the [sample file's](OWN) that are read back, by their very names: other tools call other
/// things by most of these names.
const EXPORTED: [(&str, Field); 9] = [
    ("otherPhones", Field::OtherPhones),
    ("whatsappIds", Field::WhatsappIds),
    ("firstName", Field::FirstName),
    ("lastName", Field::LastName),
    ("lead", Field::Lead),
    ("owner", Field::Owner),
    ("recordStatus", Field::RecordStatus),
    ("externalIds", Field::ExternalIds),
    ("optOuts", Field::OptOuts),
];

/// The exported columns that are for reading only.
pub(crate) const FOR_READING: [&str; 10] = [
    "contactId",
    "fullName",
    "profileName",
    "profileUsername",
    "sourceChannel",
    "createdBy",
    "createdAt",
    "lastInbound",
    "lastInteraction",
    "optInSource",
];

/// The field that an exported column of this very name is; of one for reading only, [`Field::Ignore`].
fn exported(name: &str) -> Option<Field> {
    let known = EXPORTED.iter().find(|(column, _)| *column == name);
    if let Some((_, field)) = known {
        return Some(field.clone());
    }
    FOR_READING.contains(&name).then_some(Field::Ignore)
}

/// A column's name in an export, so that [`suggest`] takes it for what it is whatever attributes there are.
pub(crate) fn column_name(name: &str, is_attribute: bool, attributes: &[Attribute]) -> String {
    let of_sample = |name: &str| OWN.iter().any(|own| key(own) == key(name));
    if is_attribute {
        let alike = attributes
            .iter()
            .filter(|other| key(&other.name) == key(name))
            .count();
        let bare = !of_sample(name) && alike == 1 && !key(name).is_empty();
        return if bare {
            name.to_owned()
        } else {
            format!("{OF_ATTRIBUTES}{name}")
        };
    }
    let taken = !of_sample(name)
        && attributes
            .iter()
            .any(|attribute| key(&attribute.name) == key(name));
    if taken {
        format!("{OF_CONTACT}{name}")
    } else {
        name.to_owned()
    }
}

/// What a column with one of an export's prefixes is.
fn prefixed(name: &str, attributes: &[Attribute]) -> Option<Field> {
    if let Some(name) = name.strip_prefix(OF_ATTRIBUTES) {
        let defined = attributes.iter().any(|attribute| attribute.name == name);
        return defined.then(|| Field::Attribute(name.to_owned()));
    }
    if let Some(system) = name.strip_prefix(OF_SYSTEM) {
        return Some(Field::ExternalId(system.to_owned()));
    }
    let name = name.strip_prefix(OF_CONTACT)?;
    exported(name).or_else(|| known(&key(name)).map(|(field, _)| field))
}

/// The field that a column of this name probably is, and how far to the right in its list the name stands.
fn known(key: &str) -> Option<(Field, usize)> {
    NAMES.iter().find_map(|(field, names)| {
        let place = names.iter().position(|name| *name == key)?;
        Some((field.clone(), place))
    })
}

/// A column's name without what differs between tools: case, accents, spaces and punctuation.
fn key(name: &str) -> String {
    fold(name).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// What each column probably is, for somebody to look over; `None` where nothing fits. Only tags and further numbers are
/// suggested for several columns.
pub fn suggest(header: &[String], attributes: &[Attribute]) -> Vec<Option<Field>> {
    // A field, and how far to the right in its list the name stands.
    let guesses: Vec<Option<(Field, usize)>> = header
        .iter()
        .map(|name| {
            if let Some(field) = prefixed(name.trim(), attributes) {
                return Some((field, 0));
            }
            let key = key(name);
            let own = OWN.iter().any(|own| fold(own) == key);
            let attribute = attributes
                .iter()
                .find(|attribute| self::key(&attribute.name) == key);
            if let Some(attribute) = attribute.filter(|_| !own && !key.is_empty()) {
                return Some((Field::Attribute(attribute.name.clone()), 0));
            }
            exported(name.trim())
                .map(|field| (field, 0))
                .or_else(|| known(&key))
        })
        .collect();
    let beaten = |place: usize, guess: &(Field, usize)| {
        !matches!(guess.0, Field::Tags | Field::OtherPhones | Field::Ignore)
            && guesses.iter().enumerate().any(|(other_place, other)| {
                other
                    .as_ref()
                    .is_some_and(|other| other.0 == guess.0 && (other.1, other_place) < (guess.1, place))
            })
    };
    let places = guesses.iter().enumerate();
    places
        .map(|(place, guess)| {
            let guess = guess.as_ref()?;
            (!beaten(place, guess)).then(|| guess.0.clone())
        })
        .collect()
}

/// A mapping of a file's columns that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    columns: Vec<Column>,
    header: Vec<String>,
    members: Vec<Member>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    /// What reports call it: its name, or its place where it has none.
    pub(super) label: String,
    pub(super) field: Option<Field>,
    /// The definition, where the field is an attribute.
    pub(super) attribute: Option<Attribute>,
}

impl Mapping {
    /// Holds a mapping against the header and the organisation's attributes. `None` leaves a column out and reports it
    /// as [unmapped](Self::unmapped); [`Field::Ignore`] leaves it out on purpose.
    ///
    /// # Errors
    ///
    /// [`Code::ImportHeader`]: no column names a person: by phone, e-mail address, WhatsApp id or an id in another system.
    /// [`Code::ImportMapping`]: fewer or more
    /// fields than columns, two columns for one field (tags and further numbers
    /// excepted), an attribute that is not defined, proofs of
    /// opt-in without a column that opts in.
    pub fn check(
        header: &[String],
        fields: &[Option<Field>],
        attributes: &[Attribute],
    ) -> Result<Self, Error> {
        let misfit = |message: String| Err(Error::new(Code::ImportMapping, message));
        if header.len() != fields.len() {
            return misfit(format!(
                "the mapping has {} fields and the file {} columns ({}); give one for each",
                fields.len(),
                header.len(),
                listed(header)
            ));
        }
        let mut columns: Vec<Column> = Vec::with_capacity(header.len());
        let mut taken: HashMap<&Field, usize> = HashMap::new();
        let repeated = repeated(header);
        for (place, (name, field)) in header.iter().zip(fields).enumerate() {
            let mut label = label(name, place);
            if repeated.binary_search(&label).is_ok() {
                label = format!("{label} (column {})", place + 1);
            }
            let single = field
                .as_ref()
                .filter(|field| !matches!(field, Field::Tags | Field::OtherPhones | Field::Ignore));
            if let Some(single) = single
                && let Some(first) = taken.insert(single, place)
            {
                return misfit(format!(
                    "columns {:?} and {label:?} are both mapped to {}; choose one",
                    columns[first].label,
                    field_name(Some(single))
                ));
            }
            let attribute = match field {
                Some(Field::Attribute(wanted)) => {
                    let Some(known) = attributes.iter().find(|attribute| attribute.name == *wanted) else {
                        return misfit(format!(
                            "column {label:?} is mapped to attribute {wanted:?}, which is not defined; define it, or \
                             leave the column out"
                        ));
                    };
                    Some(known.clone())
                }
                _ => None,
            };
            columns.push(Column {
                label,
                field: field.clone(),
                attribute,
            });
        }
        let has = |field: &Field| columns.iter().any(|column| column.field.as_ref() == Some(field));
        if !columns
            .iter()
            .filter_map(|column| column.field.as_ref())
            .any(identifies)
        {
            return Err(Error::new(
                Code::ImportHeader,
                format!(
                    "no column is mapped to phone or email, or to whatsappIds or an external id; the file's columns are {}",
                    listed(header)
                ),
            ));
        }
        if let Some(column) = columns.iter().find(|c| c.field == Some(Field::OptInProof))
            && !has(&Field::OptedIn)
        {
            return misfit(format!(
                "column {:?} proves opt-ins, but no column is mapped to optedIn: map one, or leave it out",
                column.label
            ));
        }
        Ok(Self {
            columns,
            header: header.to_vec(),
            members: Vec::new(),
        })
    }

    /// With the team's members, by whom owners are named.
    #[must_use]
    pub fn with_members(self, members: Vec<Member>) -> Self {
        Self { members, ..self }
    }

    /// Whether a column names members of the team.
    pub fn names_members(&self) -> bool {
        self.columns
            .iter()
            .any(|column| column.field == Some(Field::Owner))
    }

    pub(super) fn members(&self) -> &[Member] {
        &self.members
    }

    /// Whether a row is the header once more, as where files were joined.
    pub(super) fn is_header(&self, cells: &[&str]) -> bool {
        let names = self.header.iter().map(|name| name.trim());
        cells.iter().map(|cell| cell.trim()).eq(names)
    }

    /// The columns that nobody said anything about: they are not read.
    pub fn unmapped(&self) -> Vec<&str> {
        let unmapped = self.columns.iter().filter(|column| column.field.is_none());
        unmapped.map(|column| column.label.as_str()).collect()
    }

    /// What the columns are, in the order of the file, as an [`Import`](super::Import) keeps it.
    pub fn fields(&self) -> Vec<Field> {
        let fields = self.columns.iter().map(|column| column.field.clone());
        fields.map(|field| field.unwrap_or(Field::Ignore)).collect()
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The labels of the columns that identify a person.
    pub(super) fn identifying(&self) -> String {
        let labels = self.columns.iter().filter_map(|column| {
            let names = column.field.as_ref().is_some_and(identifies);
            names.then_some(column.label.as_str())
        });
        labels.collect::<Vec<_>>().join(", ")
    }
}

/// Whether a field names a person.
pub(super) const fn identifies(field: &Field) -> bool {
    matches!(
        field,
        Field::Phone
            | Field::OtherPhones
            | Field::Email
            | Field::WhatsappIds
            | Field::ExternalIds
            | Field::ExternalId(_)
    )
}

/// The names that several columns have, each once, sorted: such columns are told apart by their places only.
pub fn repeated(header: &[String]) -> Vec<String> {
    let mut names: Vec<&str> = header
        .iter()
        .map(|name| name.trim())
        .filter(|name| !name.is_empty())
        .collect();
    names.sort_unstable();
    let mut repeated: Vec<String> = names
        .windows(2)
        .filter(|pair| pair[0] == pair[1])
        .map(|pair| pair[0].to_owned())
        .collect();
    repeated.dedup();
    repeated
}

/// What reports call a column.
fn label(name: &str, place: usize) -> String {
    match name.trim() {
        "" => format!("column {}", place + 1),
        name => name.to_owned(),
    }
}

/// The first columns' labels; a file that is no table may have thousands.
fn listed(header: &[String]) -> String {
    const SHOWN: usize = 20;
    let labels = header.iter().enumerate().take(SHOWN).map(|(place, name)| {
        let label = label(name, place);
        let end = label.floor_char_boundary(40);
        format!("{:?}", &label[..end])
    });
    let mut list = labels.collect::<Vec<_>>().join(", ");
    if header.len() > SHOWN {
        list.push_str(", …");
    }
    list
}

/// A field as callers write it.
fn field_name(field: Option<&Field>) -> String {
    match field.map(serde_json::to_value) {
        Some(Ok(serde_json::Value::String(name))) => name,
        _ => match field {
            Some(Field::Attribute(name)) => format!("attribute {name:?}"),
            Some(Field::ExternalId(system)) => format!("the id of {system:?}"),
            _ => String::new(),
        },
    }
}

/// The sample file: the columns that need no mapping, and two rows that are taken as they stand.
pub fn template(attributes: &[Attribute]) -> String {
    let mut header: Vec<String> = OWN.map(str::to_owned).to_vec();
    let mut full = [
        "+919876543210",
        "John Doe",
        "john@example.com",
        "\"vip,retail\"",
        "true",
    ]
    .map(str::to_owned)
    .to_vec();
    let mut sparse = ["+12125551234", "Jane Smith", "", "lead", "false"]
        .map(str::to_owned)
        .to_vec();
    for attribute in attributes {
        header.push(attribute.name.clone());
        full.push(match &attribute.kind {
            AttributeKind::Text => "any text".to_owned(),
            AttributeKind::Number => "42".to_owned(),
            AttributeKind::Date => "2026-11-21".to_owned(),
            AttributeKind::Boolean => "true".to_owned(),
            AttributeKind::Dropdown { values } => quoted(values.first().map_or("", String::as_str)),
        });
        sparse.push(String::new());
    }
    [header, full, sparse].map(|row| row.join(",") + "\n").concat()
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) || cell.trim() != cell {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}
