//! JSON in and out, and the values that JSON has no word for.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tertulia::storage::Cursor;
use tertulia::{Code, Error, Listed, PageOf};

/// Reads what a host handed over; `what` names it in the error.
///
/// Fails with `input.invalid` and the place of the value that does not fit.
pub(crate) fn decode<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let place = error.path().to_string();
        let place = if place == "." {
            String::new()
        } else {
            format!(" {place}")
        };
        Error::new(Code::InputInvalid, format!("{what}{place}: {}", error.inner()))
    })?;
    json.end()
        .map_err(|error| Error::new(Code::InputInvalid, format!("{what}: {error}")))?;
    Ok(value)
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
