//! Conditions on custom attributes.

use std::cmp::Ordering;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::attributes::{Attribute, AttributeKind};
use crate::error::{Code, Error};
use crate::fold::fold;

/// A condition on one attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttributeFilter {
    /// The attribute.
    pub name: String,
    /// What holds of its value.
    pub is: ValueTest,
}

/// What holds of a value. Nothing but `not` holds of a contact without the attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ValueTest {
    /// There is one.
    Set,
    /// It is this, of the same type; texts letter by letter. Of `ctwa`: the ad's or post's id is.
    Equals(Value),
    /// It is a text in which this occurs, compared folded.
    Contains(String),
    /// It is less than this number, or before this date.
    Less(Value),
    /// It is more than this number, or after this date.
    Greater(Value),
}

/// What tests see of a value: of an object, as provider data is, its `id`.
pub fn seen(value: &Value) -> &Value {
    match value {
        Value::Object(fields) => fields.get("id").unwrap_or(&Value::Null),
        value => value,
    }
}

impl AttributeFilter {
    pub(super) fn folded(&self) -> Self {
        Self {
            name: self.name.clone(),
            is: match &self.is {
                ValueTest::Contains(part) => ValueTest::Contains(fold(part)),
                other => other.clone(),
            },
        }
    }

    pub(super) fn holds(&self, value: Option<&Value>) -> bool {
        let Some(value) = value.filter(|value| !value.is_null()) else {
            return false;
        };
        // Provider data is known by its id.
        let value = seen(value);
        match &self.is {
            ValueTest::Set => true,
            ValueTest::Equals(wanted) => compare(value, wanted) == Some(Ordering::Equal),
            ValueTest::Contains(part) => value.as_str().is_some_and(|text| fold(text).contains(part)),
            ValueTest::Less(bound) => compare(value, bound) == Some(Ordering::Less),
            ValueTest::Greater(bound) => compare(value, bound) == Some(Ordering::Greater),
        }
    }

    /// Refuses a test that means nothing of the ad that led a contact here.
    pub(super) fn check_ctwa(&self) -> Result<(), Error> {
        match &self.is {
            ValueTest::Set | ValueTest::Equals(Value::String(_)) => Ok(()),
            _ => Err(Error::new(
                Code::FilterMisfit,
                format!(
                    "the filter on attribute {:?}: ask whether it is set, or equals the ad's id",
                    self.name
                ),
            )),
        }
    }

    /// Refuses a test that the attribute's definition gives no meaning to.
    pub(super) fn check(&self, definition: &Attribute) -> Result<(), Error> {
        use AttributeKind::{Boolean, Date, Dropdown, Number, Text};
        let misfit = |why: &str| {
            Err(Error::new(
                Code::FilterMisfit,
                format!("the filter on attribute {:?}: {why}", self.name),
            ))
        };
        match (&self.is, &definition.kind) {
            (ValueTest::Set, _) | (ValueTest::Contains(_), Text | Dropdown { .. }) => Ok(()),
            (ValueTest::Contains(_), Number | Date | Boolean) => misfit("only texts contain something"),
            (ValueTest::Less(_) | ValueTest::Greater(_), Text | Dropdown { .. } | Boolean) => {
                misfit("only numbers and dates are less or greater")
            }
            (ValueTest::Equals(value), _)
            | (ValueTest::Less(value) | ValueTest::Greater(value), Number | Date) => {
                definition.check(value).or_else(|error| misfit(error.message()))
            }
        }
    }
}

/// How two values of one type compare; values of different types, lists and objects do not. Dates are texts whose order
/// is that of the days.
fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::String(one), Value::String(other)) => Some(one.as_str().cmp(other)),
        (Value::Number(one), Value::Number(other)) => one.as_f64()?.partial_cmp(&other.as_f64()?),
        (Value::Bool(one), Value::Bool(other)) => Some(one.cmp(other)),
        _ => None,
    }
}
