//! Whether what a template is given fits it, before anything is sent.

use std::fmt;

use super::parameters::{BodyParameters, ButtonParameter, Parameter, TemplateMedia, TemplateParameters};
use super::{Slots, Takes, Template};
use crate::error::{Code, Error};
use crate::message::MediaKind;
use crate::render::Text;

/// Where in a template a parameter goes: what errors name.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
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
pub(super) struct Fitting<'a> {
    pub(super) place: Place<'a>,
    pub(super) takes: Takes,
    pub(super) parameter: &'a Parameter,
}

/// A template with parameters that fit it: ready for any number of contacts.
pub struct Checked<'a> {
    pub(super) template: &'a Template,
    pub(super) header: Option<Fitting<'a>>,
    pub(super) header_name: Option<String>,
    pub(super) body: Vec<Fitting<'a>>,
    pub(super) buttons: Vec<(usize, Fitting<'a>)>,
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
pub(super) fn is_one_line(text: &str) -> bool {
    !text.contains(['\n', '\r', '\t']) && !text.contains("     ")
}

pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

pub(super) fn empty(place: Place<'_>) -> Error {
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

#[cfg(test)]
mod tests;
