//! What a template is given, and what comes of it for one contact.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::{Language, PLACEHOLDER, Slots, Takes, Template};
use crate::error::{Code, Error};
use crate::message::{Location, Media, MediaKind, MediaSource};
use crate::render::{Text, Values, Variable};

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

    const fn kind(&self) -> &'static str {
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

/// Where in a template a parameter goes: what errors name.
#[derive(Debug, Clone, Copy)]
enum Place<'a> {
    Header,
    Body(usize),
    BodyNamed(&'a str),
    Button(usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => f.write_str("the header"),
            Self::Body(number) => write!(f, "body parameter {number}"),
            Self::BodyNamed(name) => write!(f, "body parameter {name:?}"),
            Self::Button(index) => write!(f, "button {index}"),
        }
    }
}

impl Takes {
    const fn accepts(self, parameter: &Parameter) -> bool {
        matches!(
            (self, parameter),
            (
                Self::Text,
                Parameter::Text { .. } | Parameter::Currency { .. } | Parameter::DateTime { .. }
            ) | (Self::UrlSuffix, Parameter::Text { .. })
                | (Self::Media(_), Parameter::Media { .. })
                | (Self::Location, Parameter::Location { .. })
                | (Self::Payload, Parameter::Payload { .. })
                | (Self::CouponCode, Parameter::CouponCode { .. })
                | (Self::FlowAction, Parameter::FlowAction { .. })
        )
    }

    const fn wanted(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Text => "text, currency or date_time",
            Self::Media(MediaKind::Image) => "media (an image)",
            Self::Media(MediaKind::Video) => "media (a video)",
            Self::Media(_) => "media (a document)",
            Self::Location => "location",
            Self::Payload => "payload",
            Self::UrlSuffix => "text",
            Self::CouponCode => "coupon_code",
            Self::FlowAction => "flow_action",
        }
    }
}

/// A parameter that is known to fit its place.
struct Fitting<'a> {
    place: Place<'a>,
    takes: Takes,
    parameter: &'a Parameter,
}

/// A template with parameters that fit it: ready for any number of contacts.
pub struct Checked<'a> {
    template: &'a Template,
    header: Option<Fitting<'a>>,
    header_name: Option<String>,
    body: Vec<Fitting<'a>>,
    buttons: Vec<(usize, Fitting<'a>)>,
}

impl Template {
    /// Refuses parameters that do not fit, before anything is sent; the error names the place.
    ///
    /// # Errors
    /// - [`Code::TemplateParameterCount`]: more or fewer than there are placeholders, or one for a place
    ///   that takes nothing.
    /// - [`Code::TemplateParameterMissing`], [`Code::TemplateParameterUnknown`]: a name or button without a
    ///   parameter, and a parameter for a name or button that does not exist.
    /// - [`Code::TemplateParameterType`]: not what the place takes.
    /// - [`Code::TemplateParameterEmpty`]: a constant that is blank.
    /// - [`Code::TemplateParameterInvalid`]: a constant that the platform refuses. In header and body these
    ///   are texts with a line break, a tab or more than four spaces in a row (platform error 132018).
    /// - [`Code::TemplateMalformed`], [`Code::TemplateUnsupported`]: no parameters can fit this template.
    pub fn check<'a>(&'a self, parameters: &'a TemplateParameters) -> Result<Checked<'a>, Error> {
        let slots = self.placeholders()?;
        if let Some(part) = slots.unsupported.first() {
            return Err(Error::new(
                Code::TemplateUnsupported,
                format!(
                    "template {} has a part that cannot be filled in here: {part}",
                    self.name
                ),
            ));
        }
        Ok(Checked {
            template: self,
            body: fit_body(&slots.body, &parameters.body)?,
            buttons: fit_buttons(&slots.buttons, &parameters.buttons)?,
            header: fit_header(slots.header, parameters.header.as_ref())?,
            header_name: slots.header_name,
        })
    }
}

fn fit_header(takes: Takes, parameter: Option<&Parameter>) -> Result<Option<Fitting<'_>>, Error> {
    match (takes, parameter) {
        (Takes::Nothing, None) => Ok(None),
        (_, None) => Err(missing(Place::Header, takes)),
        (_, Some(parameter)) => fit(Place::Header, takes, parameter).map(Some),
    }
}

fn fit_body<'a>(slots: &Slots, parameters: &'a BodyParameters) -> Result<Vec<Fitting<'a>>, Error> {
    match (slots, parameters) {
        (Slots::Positional(count), BodyParameters::Positional(given)) => {
            same_count(*count, given.len())?;
            let numbered = given.iter().enumerate();
            numbered
                .map(|(index, parameter)| fit(Place::Body(index + 1), Takes::Text, parameter))
                .collect()
        }
        (Slots::Named(names), BodyParameters::Named(given)) => {
            if let Some(name) = names.iter().find(|name| !given.contains_key(*name)) {
                return Err(missing(Place::BodyNamed(name), Takes::Text));
            }
            given
                .iter()
                .map(|(name, parameter)| {
                    if !names.contains(name) {
                        return Err(Error::new(
                            Code::TemplateParameterUnknown,
                            format!("the body has no parameter {name:?}; it has: {}", names.join(", ")),
                        ));
                    }
                    fit(Place::BodyNamed(name), Takes::Text, parameter)
                })
                .collect()
        }
        (Slots::Positional(count), BodyParameters::Named(given)) => match given.keys().next() {
            Some(name) => Err(Error::new(
                Code::TemplateParameterUnknown,
                format!("the body has no parameter {name:?}; it takes a list of {count}"),
            )),
            None => same_count(*count, 0).map(|()| Vec::new()),
        },
        (Slots::Named(names), BodyParameters::Positional(given)) => {
            if !names.is_empty() {
                return Err(Error::new(
                    Code::TemplateParameterMissing,
                    format!("the body takes its parameters by name: {}", names.join(", ")),
                ));
            }
            same_count(0, given.len()).map(|()| Vec::new())
        }
    }
}

fn same_count(takes: usize, given: usize) -> Result<(), Error> {
    if takes == given {
        return Ok(());
    }
    Err(Error::new(
        Code::TemplateParameterCount,
        format!("the body's parameters are {given}; the template takes {takes}"),
    ))
}

fn fit_buttons<'a>(
    slots: &[Takes],
    given: &'a [ButtonParameter],
) -> Result<Vec<(usize, Fitting<'a>)>, Error> {
    static NO_ACTION: Parameter = Parameter::FlowAction {
        token: None,
        data: None,
    };
    if let Some(beyond) = given.iter().find(|button| button.index >= slots.len()) {
        return Err(Error::new(
            Code::TemplateParameterUnknown,
            format!(
                "there is no button {}; the template has {}, counted from 0",
                beyond.index,
                slots.len()
            ),
        ));
    }
    let mut fitting = Vec::new();
    for (index, &takes) in slots.iter().enumerate() {
        let place = Place::Button(index);
        let mut own = given.iter().filter(|button| button.index == index);
        match (own.next(), takes) {
            (Some(button), _) => fitting.push((index, fit(place, takes, &button.parameter)?)),
            // The platform wants each form button named, be it with nothing (else error 131009).
            (None, Takes::FlowAction) => fitting.push((index, fit(place, takes, &NO_ACTION)?)),
            (None, Takes::Nothing | Takes::Payload) => {}
            (None, _) => return Err(missing(place, takes)),
        }
        if own.next().is_some() {
            return Err(Error::new(
                Code::TemplateParameterCount,
                format!("{place} is given two parameters; give one"),
            ));
        }
    }
    Ok(fitting)
}

fn fit<'a>(place: Place<'a>, takes: Takes, parameter: &'a Parameter) -> Result<Fitting<'a>, Error> {
    if takes == Takes::Nothing {
        return Err(Error::new(
            Code::TemplateParameterCount,
            format!("{place} takes no parameter; leave it out"),
        ));
    }
    if !takes.accepts(parameter) {
        return Err(Error::new(
            Code::TemplateParameterType,
            format!("{place} takes {}, not {}", takes.wanted(), parameter.kind()),
        ));
    }
    check_constants(place, takes, parameter)?;
    Ok(Fitting {
        place,
        takes,
        parameter,
    })
}

fn check_constants(place: Place<'_>, takes: Takes, parameter: &Parameter) -> Result<(), Error> {
    let not_blank = |text: &Text| match text.constant() {
        Some(constant) if is_blank(constant) => Err(empty(place)),
        _ => Ok(()),
    };
    let invalid = |what: &str| {
        Err(Error::new(
            Code::TemplateParameterInvalid,
            format!("{place} {what}"),
        ))
    };
    match parameter {
        Parameter::Text { text } | Parameter::DateTime { fallback: text } => {
            not_blank(text)?;
            if takes == Takes::Text && !text.literals().all(is_one_line) {
                return invalid(NOT_ONE_LINE);
            }
        }
        Parameter::Currency { fallback, code, .. } => {
            not_blank(fallback)?;
            if !fallback.literals().all(is_one_line) {
                return invalid(NOT_ONE_LINE);
            }
            if code.len() != 3 || !code.bytes().all(|b| b.is_ascii_uppercase()) {
                return invalid("has a currency that is not three capital letters, as in BRL");
            }
        }
        Parameter::Media { source, filename } => {
            match source {
                TemplateMedia::Id(id) if is_blank(id) => return Err(empty(place)),
                TemplateMedia::Id(_) => {}
                TemplateMedia::Link(link) => {
                    not_blank(link)?;
                    if let Some(link) = link.constant()
                        && !link.starts_with("https://")
                        && !link.starts_with("http://")
                    {
                        return invalid("has a link that does not begin with https://");
                    }
                }
            }
            if filename.is_some() && takes != Takes::Media(MediaKind::Document) {
                return invalid("has a file name, which only a document may have");
            }
        }
        Parameter::Location {
            latitude, longitude, ..
        } => {
            if !(-90.0..=90.0).contains(latitude) || !(-180.0..=180.0).contains(longitude) {
                return invalid("is not on Earth: latitude is -90 to 90, longitude -180 to 180");
            }
        }
        Parameter::Payload { payload: text } | Parameter::CouponCode { code: text } => not_blank(text)?,
        Parameter::FlowAction { token, .. } => {
            if let Some(token) = token {
                not_blank(token)?;
            }
        }
    }
    Ok(())
}

const NOT_ONE_LINE: &str =
    "has a line break, a tab or over four spaces in a row, which the platform refuses; write it on one line";

/// Whether the platform takes it as a text parameter.
fn is_one_line(text: &str) -> bool {
    !text.contains(['\n', '\r', '\t']) && !text.contains("     ")
}

fn is_blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

fn empty(place: Place<'_>) -> Error {
    Error::new(
        Code::TemplateParameterEmpty,
        format!("{place} is empty, which the platform refuses; give it a value or its variable a fallback"),
    )
}

fn missing(place: Place<'_>, takes: Takes) -> Error {
    Error::new(
        Code::TemplateParameterMissing,
        format!("{place} has no parameter; it takes {}", takes.wanted()),
    )
}

impl Checked<'_> {
    /// The template with this contact's values.
    ///
    /// A value that goes into header or body and has a line break, a tab or more than four spaces in a
    /// row (the platform refuses those) is written with single spaces. An optional text (a file's or
    /// place's name, an address, a form's token) that comes out blank is left out.
    ///
    /// # Errors
    /// [`Code::TemplateParameterEmpty`] for a parameter that comes out blank;
    /// [`Code::RenderMissingValue`] if `strict` and any variable has neither a value nor a fallback.
    pub fn fill(&self, values: &Values<'_>, strict: bool) -> Result<FilledTemplate, Error> {
        let mut missing = Vec::new();
        let mut filled = FilledTemplate {
            name: self.template.name.clone(),
            language: self.template.language.clone(),
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
