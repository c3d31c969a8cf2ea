//! Custom attributes: what an organisation defines, and what fits the definition.

use chrono::{Datelike, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Code, Error};
use crate::filter::{AttributeFilter, Filter, ValueTest};
use crate::ids::OrgId;

/// The definition of an attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attribute {
    /// The organisation.
    pub org: OrgId,
    /// The name, as texts and files use it: letters, digits and underscores, at most 64.
    pub name: String,
    /// What its values are.
    pub kind: AttributeKind,
}

/// What an attribute's values are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AttributeKind {
    /// Free text.
    Text,
    /// A number.
    Number,
    /// A date, as in `2026-11-21`.
    Date,
    /// One of these.
    Dropdown {
        /// The values.
        values: Vec<String>,
    },
    /// Yes or no.
    Boolean,
}

/// Names that provider data lives under.
pub const RESERVED: [&str; 1] = ["ctwa"];

impl Attribute {
    /// Refuses a definition that no value or text could use.
    pub fn validate(&self) -> Result<(), Error> {
        let invalid = |what: String| Err(Error::new(Code::AttributeInvalid, what));
        let name = &self.name;
        if name.is_empty() || name.len() > 64 || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        {
            return invalid(format!(
                "attribute name {name:?}: use 1 to 64 letters, digits and underscores"
            ));
        }
        if RESERVED.contains(&name.as_str()) {
            return invalid(format!("attribute name {name:?} is reserved for provider data"));
        }
        match &self.kind {
            AttributeKind::Dropdown { values } if values.is_empty() => {
                invalid(format!("attribute {name:?} is a dropdown without values"))
            }
            AttributeKind::Dropdown { values } => {
                match values
                    .iter()
                    .find(|value| value.is_empty() || value.trim() != *value)
                {
                    Some(value) => invalid(format!(
                        "attribute {name:?}: the value {value:?} is blank or has white space around it"
                    )),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// The value that a text stands for, as a file or form brings it.
    pub fn read(&self, text: &str) -> Result<Value, Error> {
        let text = text.trim();
        let misfit = |wanted: &str| {
            Err(Error::new(
                Code::AttributeMisfit,
                format!("attribute {:?}: {text:?} is not {wanted}", self.name),
            ))
        };
        match &self.kind {
            AttributeKind::Text => Ok(text.into()),
            AttributeKind::Number => match text.parse::<serde_json::Number>() {
                Ok(number) => Ok(Value::Number(number)),
                Err(_) => misfit("a number"),
            },
            AttributeKind::Date => match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
                // Years of four digits: the order of the texts is that of the days.
                Ok(date) if (0..=9999).contains(&date.year()) => {
                    Ok(date.format("%Y-%m-%d").to_string().into())
                }
                _ => misfit("a date such as 2026-11-21"),
            },
            AttributeKind::Dropdown { values } => match values.iter().find(|value| value.as_str() == text) {
                Some(value) => Ok(value.as_str().into()),
                None => misfit(&format!("one of {}", values.join(", "))),
            },
            AttributeKind::Boolean => match read_boolean(text) {
                Some(value) => Ok(value.into()),
                None => misfit("true or false"),
            },
        }
    }

    /// Refuses a value that does not fit: another type, or a spelling other than the one that is stored.
    pub fn check(&self, value: &Value) -> Result<(), Error> {
        let fits = match (&self.kind, value) {
            (AttributeKind::Text, Value::String(_))
            | (AttributeKind::Number, Value::Number(_))
            | (AttributeKind::Boolean, Value::Bool(_)) => true,
            (AttributeKind::Date | AttributeKind::Dropdown { .. }, Value::String(text)) => {
                self.read(text).is_ok_and(|read| read == *value)
            }
            _ => false,
        };
        if fits {
            Ok(())
        } else {
            Err(Error::new(
                Code::AttributeMisfit,
                format!("attribute {:?} does not take {value}", self.name),
            ))
        }
    }
}

impl AttributeKind {
    /// The contacts whose values may not fit if an attribute of this kind is defined as `next`; none: every value fits.
    pub fn misfits(&self, next: &Self, name: &str) -> Option<Filter> {
        let having = |is| {
            Filter::Attribute(AttributeFilter {
                name: name.to_owned(),
                is,
            })
        };
        match (self, next) {
            (Self::Text | Self::Date | Self::Dropdown { .. }, Self::Text) => None,
            (Self::Dropdown { values: before }, Self::Dropdown { values: after }) => {
                let gone = before.iter().filter(|value| !after.contains(value));
                let gone: Vec<Filter> = gone
                    .map(|value| having(ValueTest::Equals(value.as_str().into())))
                    .collect();
                (!gone.is_empty()).then_some(Filter::Or(gone))
            }
            (before, after) if before == after => None,
            _ => Some(having(ValueTest::Set)),
        }
    }
}

/// A yes or no as people write it in files.
pub fn read_boolean(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" | "y" => Some(true),
        "false" | "no" | "0" | "n" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
