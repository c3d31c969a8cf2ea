//! JSON in and out, and the values that JSON has no word for.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, FixedOffset, NaiveDateTime};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_path_to_error::Segment;
use tertulia::storage::Cursor;
use tertulia::{Code, Error, Listed, PageOf};

/// Reads what a host handed over; `what` names it in the error.
///
/// Fails with the place of the value that does not fit: with the code of the rule that it breaks where core has one, as
/// in `render.unknown_variable`, else with `input.invalid`.
pub(crate) fn decode<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| misfit(what, text, &error))?;
    json.end()
        .map_err(|error| Error::new(Code::InputInvalid, format!("{what}: {error}")))?;
    Ok(value)
}

/// The error of a value that does not fit.
fn misfit(what: &str, text: &str, error: &serde_path_to_error::Error<serde_json::Error>) -> Error {
    let place = error.path().to_string();
    let place = if place == "." {
        String::new()
    } else {
        format!(" {place}")
    };
    let said = error.inner().to_string();
    if !error.inner().is_data() {
        return Error::new(Code::InputInvalid, format!("{what}{place}: {said}"));
    }
    // Where in the JSON it stands says nothing to a host, which wrote none.
    let said = said.rsplit_once(" at line ").map_or(&*said, |(said, _)| said);
    // An error of core crosses serde as its text, which ends with its code.
    let ruled = said.strip_suffix(']').and_then(|said| said.rsplit_once(" ["));
    let ruled = ruled.and_then(|(said, named)| {
        let code = Code::ALL.iter().find(|code| code.as_str() == named)?;
        Some((*code, said))
    });
    let (code, said) = ruled.unwrap_or((Code::InputInvalid, said));
    let no_time = value_at(text, error.path()).and_then(|value| no_time(value.as_str()?, said));
    let said = no_time.unwrap_or_else(|| said.to_owned());
    Error::new(code, format!("{what}{place}: {said}"))
}

/// The value at a path.
fn value_at(text: &str, path: &serde_path_to_error::Path) -> Option<Value> {
    let whole: Value = serde_json::from_str(text).ok()?;
    let found = path.iter().try_fold(&whole, |value, segment| match segment {
        Segment::Seq { index } => value.get(index),
        Segment::Map { key } | Segment::Enum { variant: key } => value.get(key),
        Segment::Unknown => None,
    });
    found.cloned()
}

/// A better word for a text that was read as a time and is none.
fn no_time(text: &str, said: &str) -> Option<String> {
    let as_time = text.parse::<DateTime<FixedOffset>>().err()?;
    if as_time.to_string() != said {
        return None;
    }
    let naive = text.replacen(' ', "T", 1);
    Some(match naive.parse::<NaiveDateTime>() {
        Ok(_) => format!("{text} has no zone; write {naive}Z or an offset"),
        Err(_) => format!("{text:?} is no time; write one as in 2026-01-05T09:00:00Z"),
    })
}

/// Writes what a host gets. Fails with `input.invalid` for a value that JSON cannot hold; there is none.
pub(crate) fn encode<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value)
        .map_err(|error| Error::new(Code::InputInvalid, "the answer cannot be written").because(error))
}

/// Bytes: base64 in JSON, the host's own type for bytes in its language.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({})", self.0.len())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        STANDARD
            .decode(text.as_bytes())
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Bytes {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Bytes".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "contentEncoding": "base64"})
    }
}

/// Which page of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageRequest {
    /// The most entries; 1 to 1,000; absent: 50.
    #[serde(default)]
    pub(crate) limit: Option<usize>,
    /// The `next` of the page before; absent: from the start.
    #[serde(default)]
    pub(crate) cursor: Option<String>,
    /// From the last to the first.
    #[serde(default)]
    pub(crate) backwards: bool,
}

impl From<PageRequest> for PageOf {
    fn from(page: PageRequest) -> Self {
        let default = Self::default();
        Self {
            limit: page.limit.unwrap_or(default.limit),
            cursor: page.cursor.map(Cursor),
            backwards: page.backwards,
        }
    }
}

/// One page of a list: `items`, and `next`, absent on the last page.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Page<T> {
    items: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl<T, S: Into<T>> From<Listed<S>> for Page<T> {
    fn from(listed: Listed<S>) -> Self {
        Self {
            items: listed.items.into_iter().map(Into::into).collect(),
            next: listed.next.map(|next| next.0),
        }
    }
}

impl<T: JsonSchema> JsonSchema for Page<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Page_of_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let item = generator.subschema_for::<T>();
        json_schema!({"x-page": item})
    }
}
