//! One row: its cells read by the mapping, or every reason why not.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::Field;
use super::header::Mapping;
use crate::attributes::read_boolean;
use crate::contact::tag_name;
use crate::decide::contacts::read_email;
use crate::error::{Code, Error};
use crate::phone::Phone;
use crate::settings::Settings;

/// What one row says; a blank cell says nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The line that it begins on, from 1; the header counts.
    pub line: u64,
    /// The telephone number.
    pub phone: Option<Phone>,
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
    /// Whether the person opted in.
    pub opted_in: Option<bool>,
    /// When the person agreed, where the file says so.
    pub agreed_at: Option<DateTime<Utc>>,
    /// Custom attributes.
    pub attributes: BTreeMap<String, Value>,
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
    /// Every cell that cannot be taken, with its reason; a row that names neither phone nor e-mail address; a row with
    /// more or fewer cells than the header, of which no cell is read, as they may have slipped.
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
        let mut row = Self {
            line,
            phone: None,
            name: None,
            first_name: None,
            last_name: None,
            email: None,
            tags: Vec::new(),
            opted_in: None,
            agreed_at: None,
            attributes: BTreeMap::new(),
        };
        let mut errors = Vec::new();
        let mut identified = false;
        for (column, cell) in columns.iter().zip(cells) {
            let text = cell.trim();
            let Some(field) = column.field.as_ref().filter(|_| !text.is_empty()) else {
                continue;
            };
            let read = match field {
                Field::Phone => {
                    identified = true;
                    Phone::parse(text, settings.default_region).map(|phone| row.phone = Some(phone))
                }
                Field::Email => {
                    identified = true;
                    read_email(text).map(|email| row.email = Some(email))
                }
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
                Field::OptedIn => match read_boolean(text) {
                    Some(value) => {
                        row.opted_in = Some(value);
                        Ok(())
                    }
                    None => Err(Error::new(
                        Code::ImportRow,
                        format!(
                            "{text:?} is neither yes nor no; write true, false, yes, no, 1, 0, y, n or nothing"
                        ),
                    )),
                },
                Field::OptInProof => read_proof(text, settings.zone, now).map(|at| row.agreed_at = Some(at)),
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
        if errors.is_empty() {
            Ok(row)
        } else {
            Err(Rejection { line, errors })
        }
    }
}

/// A list of tags, separated by commas, semicolons or, as Google writes them, `:::`.
fn read_tags(text: &str) -> Result<Vec<String>, Error> {
    text.split(":::")
        .flat_map(|part| part.split([',', ';']))
        .filter(|tag| !tag.trim().is_empty())
        .map(|tag| tag_name(tag).map(|(_, name)| name))
        .collect()
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
