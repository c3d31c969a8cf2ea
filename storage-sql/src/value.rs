//! What columns hold and conditions are given.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A value of a column, or of a `?`.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// Yes or no.
    Flag(bool),
    /// A number, or a time in microseconds UTC.
    Integer(i64),
    /// A fraction.
    Real(f64),
    /// A text.
    Text(String),
    /// An id; absent: none, where an absent value could not be walked past in an index.
    Id(Option<Uuid>),
    /// Several numbers.
    Integers(Vec<i64>),
    /// Several texts.
    Texts(Vec<String>),
    /// Several ids.
    Ids(Vec<Uuid>),
}

/// A time as stored.
pub fn micros(at: DateTime<Utc>) -> Value {
    Value::Integer(at.timestamp_micros())
}

/// An id as stored.
pub const fn as_id(id: Uuid) -> Value {
    Value::Id(Some(id))
}

/// A text as stored.
pub fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// When something never happened.
pub const NEVER: i64 = i64::MIN;
