//! One row: its cells read by the mapping, or every reason why not.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::Field;
use super::cell::{COLONS, read_list, unguard};
use super::header::{Mapping, identifies};
use crate::attributes::{AttributeKind, read_boolean};
use crate::consent::{Purpose, Scope};
use crate::contact::{LeadStatus, RecordStatus, external_id, tag_name};
use crate::decide::contacts::read_email;
use crate::error::{Code, Error};
use crate::ids::{AccountId, AgentId};
use crate::phone::{BusinessScopedId, Phone};
use crate::settings::Settings;
use crate::team::Member;

/// What one row says; a blank cell says nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The line that it begins on, from 1; the header counts.
    pub line: u64,
    /// The telephone number.
    pub phone: Option<Phone>,
    /// Further telephone numbers.
    pub other_phones: Vec<Phone>,
    /// Business-scoped WhatsApp user ids.
    pub whatsapp_ids: Vec<BusinessScopedId>,
    /// Ids in other systems: system → id.
    pub external_ids: BTreeMap<String, String>,
    /// The full name.
    pub name: Option<String>,
    /// The first name.
    pub first_name: Option<String>,
    /// The last name.
    pub last_name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// The lead status.
    pub lead: Option<LeadStatus>,
    /// Who is responsible.
    pub owner: Option<AgentId>,
    /// Whether the record takes part.
    pub status: Option<RecordStatus>,
    /// Whether the person opted in.
    pub opted_in: Option<bool>,
    /// The opt-in is for all but marketing.
    pub but_marketing: bool,
    /// What the person opted out of.
    pub opt_outs: Vec<OptOut>,
    /// When the person agreed, where the file says so.
    pub agreed_at: Option<DateTime<Utc>>,
    /// Custom attributes.
    pub attributes: BTreeMap<String, Value>,
}

/// An opt-out, as a file tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptOut {
    /// When it was said.
    pub at: DateTime<Utc>,
    /// What it is about.
    pub scope: Scope,
}

/// What is wrong with one cell, or with the row as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CellError {
    /// The column's name; empty where the row as a whole is wrong.
    pub column: String,
    /// What the cell has.
    pub value: String,
    /// Why it cannot be taken, and what would mend it.
    pub reason: String,
    /// The code that a call with this value would have got.
    pub code: Code,
}

/// A row that was not taken, with every reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Rejection {
    /// The line that the row begins on, from 1; the header counts.
    pub line: u64,
    /// What is wrong; never empty.
    pub errors: Vec<CellError>,
}

impl Rejection {
    /// A row that is refused as a whole.
    pub fn of_row(line: u64, code: Code, reason: impl Into<String>) -> Self {
        let error = CellError {
            column: String::new(),
            value: String::new(),
            reason: reason.into(),
            code,
        };
        Self {
            line,
            errors: vec![error],
        }
    }
}

/// The reasons in one line: what the rejected rows' `reason` column has.
impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, error) in self.errors.iter().enumerate() {
            if place > 0 {
                f.write_str("; ")?;
            }
            if !error.column.is_empty() {
                write!(f, "{}: ", error.column)?;
            }
            f.write_str(&error.reason)?;
        }
        Ok(())
    }
}

impl Row {
    /// Reads a row's cells. `now` is what a proof's time may not exceed; the settings bring the region of national
    /// numbers and the zone of bare dates.
    ///
    /// # Errors
    ///
    /// Every cell that cannot be taken, with its reason; a row that names nobody; the header once more; a row with more or
    /// fewer cells than the header, of which no cell is read, as they may have slipped.
    pub fn read(
        line: u64,
        cells: &[&str],
        mapping: &Mapping,
        settings: &Settings,
        now: DateTime<Utc>,
    ) -> Result<Self, Rejection> {
        let columns = mapping.columns();
        if cells.len() != columns.len() {
            let reason = format!(
                "the row has {} cells and the header {}; is a comma or quote missing, or one too many?",
                cells.len(),
                columns.len()
            );
            return Err(Rejection::of_row(line, Code::ImportRow, reason));
        }
        if mapping.is_header(cells) {
            let reason = "this is the header again, as where files were joined; take the row out";
            return Err(Rejection::of_row(line, Code::ImportRow, reason));
        }
        let mut row = Self {
            line,
            phone: None,
            other_phones: Vec::new(),
            whatsapp_ids: Vec::new(),
            external_ids: BTreeMap::new(),
            name: None,
            first_name: None,
            last_name: None,
            email: None,
            tags: Vec::new(),
            lead: None,
            owner: None,
            status: None,
            opted_in: None,
            but_marketing: false,
            opt_outs: Vec::new(),
            agreed_at: None,
            attributes: BTreeMap::new(),
        };
        let mut errors = Vec::new();
        let mut identified = false;
        for (column, cell) in columns.iter().zip(cells) {
            let exact = unguard(cell);
            let text = exact.unwrap_or(cell).trim();
            let Some(field) = column.field.as_ref() else {
                continue;
            };
            if let (Field::Attribute(name), Some(exact)) = (field, exact)
                && column
                    .attribute
                    .as_ref()
                    .is_some_and(|attribute| attribute.kind == AttributeKind::Text)
            {
                row.attributes.insert(name.clone(), exact.into());
                continue;
            }
            if text.is_empty() {
                continue;
            }
            identified |= identifies(field);
            let read = match field {
                // Google writes several numbers of one kind into one cell.
                Field::Phone if text.contains(COLONS) => read_phones(text, settings).map(|phones| {
                    let mut phones = phones.into_iter();
                    row.phone = phones.next();
                    row.other_phones.extend(phones);
                }),
                Field::Phone => {
                    Phone::parse(text, settings.default_region).map(|phone| row.phone = Some(phone))
                }
                Field::OtherPhones => {
                    read_phones(text, settings).map(|phones| row.other_phones.extend(phones))
                }
                Field::WhatsappIds => read_list(text).iter().try_for_each(|id| {
                    row.whatsapp_ids.push(id.parse()?);
                    Ok(())
                }),
                Field::ExternalIds => read_external_ids(text).map(|ids| row.external_ids.extend(ids)),
                Field::ExternalId(system) => external_id(system, text).map(|(system, id)| {
                    row.external_ids.insert(system, id);
                }),
                Field::Email => read_email(text).map(|email| row.email = Some(email)),
                Field::Name => {
                    row.name = Some(text.to_owned());
                    Ok(())
                }
                Field::FirstName => {
                    row.first_name = Some(text.to_owned());
                    Ok(())
                }
                Field::LastName => {
                    row.last_name = Some(text.to_owned());
                    Ok(())
                }
                Field::Tags => read_tags(text).map(|tags| row.tags.extend(tags)),
                Field::Lead => read_lead(text).map(|lead| row.lead = Some(lead)),
                Field::Owner => read_owner(text, mapping.members()).map(|owner| row.owner = Some(owner)),
                Field::RecordStatus => read_status(text).map(|status| row.status = Some(status)),
                Field::OptedIn => read_opted_in(text).map(|(opted_in, but_marketing)| {
                    row.opted_in = Some(opted_in);
                    row.but_marketing = but_marketing;
                }),
                Field::OptInProof => read_proof(text, settings.zone, now).map(|at| row.agreed_at = Some(at)),
                Field::OptOuts => read_list(text).iter().try_for_each(|text| {
                    row.opt_outs.push(read_opt_out(text, settings.zone, now)?);
                    Ok(())
                }),
                Field::Attribute(name) => match &column.attribute {
                    Some(attribute) => attribute.read(text).map(|value| {
                        row.attributes.insert(name.clone(), value);
                    }),
                    None => Ok(()),
                },
                Field::Ignore => Ok(()),
            };
            if let Err(error) = read {
                errors.push(CellError {
                    column: column.label.clone(),
                    value: (*cell).to_owned(),
                    reason: error.message().to_owned(),
                    code: error.code(),
                });
            }
        }
        if !identified {
            errors.push(CellError {
                column: String::new(),
                value: String::new(),
                reason: format!("the row names nobody: fill in {}", mapping.identifying()),
                code: Code::ContactIdentityRequired,
            });
        }
        if row.phone.is_none() && !row.other_phones.is_empty() {
            row.phone = Some(row.other_phones.remove(0));
        }
        if errors.is_empty() {
            Ok(row)
        } else {
            Err(Rejection { line, errors })
        }
    }
}

fn read_phones(text: &str, settings: &Settings) -> Result<Vec<Phone>, Error> {
    let phones = read_list(text);
    let phones = phones.iter();
    phones
        .map(|phone| Phone::parse(phone, settings.default_region))
        .collect()
}

/// Tags, as their names are written.
fn read_tags(text: &str) -> Result<Vec<String>, Error> {
    let tags = read_list(text);
    let tags = tags.iter().filter(|tag| !tag.trim().is_empty());
    tags.map(|tag| tag_name(tag).map(|(_, name)| name)).collect()
}

fn unreadable(message: String) -> Error {
    Error::new(Code::ImportRow, message)
}

fn read_opted_in(text: &str) -> Result<(bool, bool), Error> {
    if text.eq_ignore_ascii_case(ALL_BUT_MARKETING) {
        return Ok((true, true));
    }
    match read_boolean(text) {
        Some(value) => Ok((value, false)),
        None => Err(unreadable(format!(
            "{text:?} is neither yes nor no; write true, false, yes, no, 1, 0, y, n or nothing"
        ))),
    }
}

/// The one of these that a text names.
fn one_of<T: Copy>(text: &str, values: &[(&str, T)]) -> Result<T, Error> {
    let found = values.iter().find(|(name, _)| text.eq_ignore_ascii_case(name));
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
        unreadable(format!("{text:?} is none of {}", names.join(", ")))
    })
}

fn read_lead(text: &str) -> Result<LeadStatus, Error> {
    use LeadStatus::{Cold, Customer, Hot, Warm};
    one_of(
        text,
        &[Cold, Warm, Hot, Customer].map(|lead| (lead.as_str(), lead)),
    )
}

fn read_status(text: &str) -> Result<RecordStatus, Error> {
    use RecordStatus::{Active, Blocked, Inactive};
    one_of(
        text,
        &[Active, Inactive, Blocked].map(|status| (status.as_str(), status)),
    )
}

/// A member: by name, where it names one only of those who work here, or by id.
fn read_owner(text: &str, members: &[Member]) -> Result<AgentId, Error> {
    if let Some(member) = members.iter().find(|member| member.id.to_string() == text) {
        return Ok(member.id);
    }
    let mut named = members
        .iter()
        .filter(|member| member.active && member.name == text);
    match (named.next(), named.next()) {
        (Some(member), None) => Ok(member.id),
        (Some(_), Some(_)) => Err(unreadable(format!(
            "several members are called {text:?}; write the id of the one who is meant"
        ))),
        (None, _) => Err(Error::new(
            Code::MemberNotFound,
            format!(
                "nobody who works here is called {text:?}; write a member's name or id, or leave the column out"
            ),
        )),
    }
}

fn read_external_ids(text: &str) -> Result<Vec<(String, String)>, Error> {
    let ids: BTreeMap<String, String> = serde_json::from_str(text).map_err(|error| {
        unreadable(format!(
            "{text:?} is no JSON such as {{\"shop\": \"17\"}}: {error}"
        ))
    })?;
    ids.iter().map(|(system, id)| external_id(system, id)).collect()
}

/// What an export calls an opt-in, or an opt-out, that is not about marketing.
pub(crate) const ALL_BUT_MARKETING: &str = "allButMarketing";

/// A purpose as files write it.
pub(crate) const PURPOSES: [(&str, Purpose); 3] = [
    ("everything", Purpose::Everything),
    ("marketing", Purpose::Marketing),
    (ALL_BUT_MARKETING, Purpose::AllButMarketing),
];

fn read_opt_out(text: &str, zone: Tz, now: DateTime<Utc>) -> Result<OptOut, Error> {
    let Some((about, time)) = text.split_once(char::is_whitespace) else {
        let message = format!("{text:?} is no opt-out such as `marketing 2026-01-31T09:30:00Z`");
        return Err(Error::new(Code::ConsentProofInvalid, message));
    };
    let (purpose, sender) = match about.split_once('@') {
        Some((purpose, sender)) => {
            let id: AccountId = sender
                .parse()
                .map_err(|_| unreadable(format!("{sender:?} is no id of a sender")))?;
            (purpose, Some(id))
        }
        None => (about, None),
    };
    Ok(OptOut {
        at: read_proof(time.trim(), zone, now)?,
        scope: Scope {
            purpose: one_of(purpose, &PURPOSES)?,
            sender,
        },
    })
}

/// The time at which somebody agreed; of a bare date, its first instant, so that it never lifts what came later that day.
fn read_proof(text: &str, zone: Tz, now: DateTime<Utc>) -> Result<DateTime<Utc>, Error> {
    let invalid = |why: String| Error::new(Code::ConsentProofInvalid, format!("{text:?} {why}"));
    let at = match DateTime::parse_from_rfc3339(text) {
        Ok(at) => Some(at.to_utc()),
        Err(_) => NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()
            .and_then(|date| first_instant(date, zone)),
    };
    let at = at.ok_or_else(|| {
        invalid("is not a time such as 2026-01-31T09:30:00Z or a date such as 2026-01-31".to_owned())
    })?;
    if at > now {
        return Err(invalid(format!("is in the future; it is now {now}")));
    }
    Ok(at)
}

/// The first instant of a date. Midnight may be missing, where clocks go forward at it; so may a whole date, where a
/// country moved across the date line.
fn first_instant(date: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    (0..24).find_map(|hour| {
        let local = date.and_hms_opt(hour, 0, 0)?;
        Some(local.and_local_timezone(zone).earliest()?.to_utc())
    })
}
