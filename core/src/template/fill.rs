//! What comes of a template and its parameters for one contact.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fit::{Checked, Fitting, Place, empty, is_blank, is_one_line};
use super::parameters::{Parameter, TemplateMedia};
use super::{Language, PLACEHOLDER, Takes, Template};
use crate::error::Error;
use crate::message::{Location, Media, MediaKind, MediaSource};
use crate::render::{Text, Values, Variable};

impl Checked<'_> {
    /// The template with this contact's values.
    ///
    /// A value that goes into header or body and has a line break, a tab or more than four spaces in a
    /// row (the platform refuses those) is written with single spaces. An optional text (a file's or
    /// place's name, an address, a form's token) that comes out blank is left out.
    ///
    /// # Errors
    /// [`Code::TemplateParameterEmpty`](crate::error::Code::TemplateParameterEmpty) for a parameter that comes out blank;
    /// [`Code::RenderMissingValue`](crate::error::Code::RenderMissingValue) if `strict` and any variable has neither a value nor a fallback.
    pub fn fill(&self, values: &Values<'_>, strict: bool) -> Result<FilledTemplate, Error> {
        let mut missing = Vec::new();
        let mut filled = FilledTemplate {
            name: self.template.name.clone(),
            language: self.template.language.clone(),
            provider_id: self.template.provider_id.clone(),
            header: None,
            body: Vec::with_capacity(self.body.len()),
            buttons: Vec::with_capacity(self.buttons.len()),
            missing: Vec::new(),
        };
        let mut render = |text: &Text| {
            let rendered = text.render(values, strict)?;
            missing.extend(rendered.missing);
            Ok(rendered.text)
        };
        if let Some(header) = &self.header {
            filled.header = Some(FilledParameter {
                name: self.header_name.clone(),
                value: header.fill(&mut render)?,
            });
        }
        for parameter in &self.body {
            let name = match parameter.place {
                Place::BodyNamed(name) => Some(name.to_owned()),
                _ => None,
            };
            let value = parameter.fill(&mut render)?;
            filled.body.push(FilledParameter { name, value });
        }
        for (index, button) in &self.buttons {
            let value = button.fill(&mut render)?;
            filled.buttons.push(FilledButton { index: *index, value });
        }
        filled.missing = missing;
        Ok(filled)
    }
}

impl Fitting<'_> {
    fn fill(&self, render: &mut dyn FnMut(&Text) -> Result<String, Error>) -> Result<FilledValue, Error> {
        let place = self.place;
        let mut whole = |text: &Text| {
            let text = render(text)?;
            if is_blank(&text) {
                Err(empty(place))
            } else {
                Ok(text)
            }
        };
        Ok(match self.parameter {
            Parameter::Text { text } => {
                let text = whole(text)?;
                let text = if self.takes == Takes::Text {
                    one_line(text)
                } else {
                    text
                };
                FilledValue::Text { text }
            }
            Parameter::Currency {
                fallback,
                code,
                amount_1000,
            } => FilledValue::Currency {
                fallback: one_line(whole(fallback)?),
                code: code.clone(),
                amount_1000: *amount_1000,
            },
            Parameter::DateTime { fallback } => FilledValue::DateTime {
                fallback: one_line(whole(fallback)?),
            },
            Parameter::Media { source, filename } => {
                let kind = match self.takes {
                    Takes::Media(kind) => kind,
                    _ => MediaKind::Document,
                };
                let source = match source {
                    TemplateMedia::Id(id) => MediaSource::Id(id.clone()),
                    TemplateMedia::Link(link) => MediaSource::Link(whole(link)?),
                };
                let media = Media {
                    filename: optional(filename.as_ref(), render)?,
                    ..Media::new(kind, source)
                };
                FilledValue::Media { media }
            }
            Parameter::Location {
                latitude,
                longitude,
                name,
                address,
            } => FilledValue::Location {
                location: Location {
                    latitude: *latitude,
                    longitude: *longitude,
                    name: optional(name.as_ref(), render)?,
                    address: optional(address.as_ref(), render)?,
                },
            },
            Parameter::Payload { payload } => FilledValue::Payload {
                payload: whole(payload)?,
            },
            Parameter::CouponCode { code } => FilledValue::CouponCode { code: whole(code)? },
            Parameter::FlowAction { token, data } => FilledValue::FlowAction {
                token: optional(token.as_ref(), render)?,
                data: data.clone(),
            },
        })
    }
}

fn optional(
    text: Option<&Text>,
    render: &mut dyn FnMut(&Text) -> Result<String, Error>,
) -> Result<Option<String>, Error> {
    let text = text.map(render).transpose()?;
    Ok(text.filter(|text| !is_blank(text)))
}

fn one_line(text: String) -> String {
    if is_one_line(&text) {
        return text;
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A template filled for one contact, on any platform; a transport writes it the way its platform wants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FilledTemplate {
    /// The template's name.
    pub name: String,
    /// Its language.
    pub language: Language,
    /// The platform's id of it, if known; some platforms send by that (Twilio's content SID).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// What the header shows, if it is not always the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<FilledParameter>,
    /// The body's values: in order, or each with its name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub body: Vec<FilledParameter>,
    /// The buttons' values, by rising index; buttons that take nothing are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<FilledButton>,
    /// The variables that had neither a value nor a fallback: something is left out in a text here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Variable>,
}

/// A value of header or body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FilledParameter {
    /// The placeholder's name, if the template names its placeholders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The value.
    pub value: FilledValue,
}

/// A button's value. Its kind tells the button's: a text is for a link, a payload for a quick reply,
/// a coupon code for a button that copies it, a flow action for a form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FilledButton {
    /// Which button, counted from 0 over all buttons of the template.
    pub index: usize,
    /// The value.
    pub value: FilledValue,
}

/// A value as it is sent: no variables are left in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FilledValue {
    /// Text.
    Text {
        /// The text.
        text: String,
    },
    /// An amount.
    Currency {
        /// What is shown where the device cannot write it out.
        fallback: String,
        /// ISO 4217.
        code: String,
        /// The amount times 1000.
        amount_1000: i64,
    },
    /// A date.
    DateTime {
        /// The date, written out.
        fallback: String,
    },
    /// A file: its kind, source and, for documents, name.
    Media {
        /// The file.
        media: Media,
    },
    /// A place.
    Location {
        /// The place.
        location: Location,
    },
    /// What a quick reply sends back.
    Payload {
        /// The payload.
        payload: String,
    },
    /// A coupon code.
    CouponCode {
        /// The code.
        code: String,
    },
    /// What a form begins with; both may be absent.
    FlowAction {
        /// What comes back with the filled form.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
        /// The first screen's data.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        data: Option<Map<String, Value>>,
    },
}

impl FilledTemplate {
    /// The body as the recipient sees it. An amount or date shows its fallback; a placeholder for which
    /// there is no value here stays as it is.
    pub fn preview_text(&self, template: &Template) -> String {
        let body = PLACEHOLDER.replace_all(template.body_text(), |found: &regex::Captures<'_>| {
            let value = self.body_value(&found[1]);
            value.unwrap_or(&found[0]).to_owned()
        });
        body.into_owned()
    }

    fn body_value(&self, placeholder: &str) -> Option<&str> {
        let named = self
            .body
            .iter()
            .find(|parameter| parameter.name.as_deref() == Some(placeholder));
        let numbered = || {
            let index = placeholder.parse::<usize>().ok()?.checked_sub(1)?;
            self.body.get(index).filter(|parameter| parameter.name.is_none())
        };
        match &named.or_else(numbered)?.value {
            FilledValue::Text { text }
            | FilledValue::Currency { fallback: text, .. }
            | FilledValue::DateTime { fallback: text } => Some(text),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
