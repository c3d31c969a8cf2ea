//! What a template is given: the same for every contact, with variables where they differ.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::error::Error;
use crate::render::Text;

/// What the caller gives a template: the same for every contact, with variables where they differ.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TemplateParameters {
    /// For the header, if it takes something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<Parameter>,
    /// For the body's placeholders.
    pub body: BodyParameters,
    /// For the buttons that take something.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<ButtonParameter>,
}

impl TemplateParameters {
    /// Every text, which may hold variables.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        let body: Vec<&Parameter> = match &self.body {
            BodyParameters::Positional(list) => list.iter().collect(),
            BodyParameters::Named(by_name) => by_name.values().collect(),
        };
        let buttons = self.buttons.iter().map(|button| &button.parameter);
        self.header
            .iter()
            .chain(body)
            .chain(buttons)
            .flat_map(Parameter::texts)
    }

    /// Positional texts for the body, variables and constants alike: what most templates take.
    ///
    /// # Errors
    /// `render.*` for a text that does not parse.
    pub fn body<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Self, Error> {
        let texts = texts.into_iter().map(Parameter::text).collect::<Result<_, _>>()?;
        Ok(Self {
            body: BodyParameters::Positional(texts),
            ..Self::default()
        })
    }
}

/// The body's parameters, as the template tells them apart: a JSON list, or an object.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum BodyParameters {
    /// For `{{1}}`, `{{2}}` and so on, in this order.
    Positional(Vec<Parameter>),
    /// By name.
    Named(BTreeMap<String, Parameter>),
}

impl Default for BodyParameters {
    fn default() -> Self {
        Self::Positional(Vec::new())
    }
}

impl<'de> Deserialize<'de> for BodyParameters {
    // By hand, so that a text's own error, with its position, is what the caller sees.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
        use serde::de::{MapAccess, SeqAccess, Visitor};

        struct ListOrObject;

        impl<'de> Visitor<'de> for ListOrObject {
            type Value = BodyParameters;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of parameters, or an object of them by name")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<BodyParameters, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(BodyParameters::Positional)
            }

            fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<BodyParameters, A::Error> {
                BTreeMap::deserialize(MapAccessDeserializer::new(object)).map(BodyParameters::Named)
            }
        }

        deserializer.deserialize_any(ListOrObject)
    }
}

/// A button's parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ButtonParameter {
    /// Which button, counted from 0 over all buttons of the template.
    pub index: usize,
    /// What it is given.
    pub parameter: Parameter,
}

/// One value for a template. Texts may hold variables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Parameter {
    /// For a text header, the body, the end of a link, or a one-time code.
    Text {
        /// The text.
        text: Text,
    },
    /// An amount, which the recipient's device writes out; header and body only.
    Currency {
        /// What is shown where the device cannot.
        fallback: Text,
        /// ISO 4217, as in `BRL`.
        code: String,
        /// The amount times 1000.
        amount_1000: i64,
    },
    /// A date; header and body only.
    DateTime {
        /// The date, written out.
        fallback: Text,
    },
    /// For an image, video or document header.
    Media {
        /// Where it is.
        source: TemplateMedia,
        /// The name that a document is shown with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        filename: Option<Text>,
    },
    /// For a location header.
    Location {
        /// Degrees north, -90 to 90.
        latitude: f64,
        /// Degrees east, -180 to 180.
        longitude: f64,
        /// The place's name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Text>,
        /// The place's address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<Text>,
    },
    /// What a quick reply sends back.
    Payload {
        /// The payload.
        payload: Text,
    },
    /// For a button that copies a coupon code.
    CouponCode {
        /// The code.
        code: Text,
    },
    /// For a button that opens a form.
    FlowAction {
        /// What comes back with the filled form.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<Text>,
        /// The first screen's data.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        data: Option<Map<String, Value>>,
    },
}

impl Parameter {
    /// A text, which may hold variables.
    ///
    /// # Errors
    /// As [`Text::parse`].
    pub fn text(source: &str) -> Result<Self, Error> {
        Ok(Self::Text {
            text: Text::parse(source)?,
        })
    }

    /// Its texts, which may hold variables.
    fn texts(&self) -> impl Iterator<Item = &Text> {
        let texts = match self {
            Self::Text { text } => [Some(text), None],
            Self::Currency { fallback, .. } | Self::DateTime { fallback } => [Some(fallback), None],
            Self::Media { source, filename } => {
                let link = match source {
                    TemplateMedia::Link(link) => Some(link),
                    TemplateMedia::Id(_) => None,
                };
                [link, filename.as_ref()]
            }
            Self::Location { name, address, .. } => [name.as_ref(), address.as_ref()],
            Self::Payload { payload } => [Some(payload), None],
            Self::CouponCode { code } => [Some(code), None],
            Self::FlowAction { token, .. } => [token.as_ref(), None],
        };
        texts.into_iter().flatten()
    }

    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Currency { .. } => "currency",
            Self::DateTime { .. } => "date_time",
            Self::Media { .. } => "media",
            Self::Location { .. } => "location",
            Self::Payload { .. } => "payload",
            Self::CouponCode { .. } => "coupon_code",
            Self::FlowAction { .. } => "flow_action",
        }
    }
}

/// Where a template's file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TemplateMedia {
    /// The platform's id of an uploaded file.
    Id(String),
    /// A public link.
    Link(Text),
}

#[cfg(test)]
mod tests;
