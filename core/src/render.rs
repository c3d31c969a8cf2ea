//! Texts with variables: `Hi {{contact.firstName|there}}, {{org.name}} is open until {{time}}.`
//!
//! A text is compiled once, when it is saved, and rendered for as many contacts as there are.
//!
//! | written | means |
//! |---|---|
//! | `{{contact.name}}` | the value, or nothing (reported as missing) |
//! | `{{contact.name\|friend}}` | the value, or `friend` |
//! | `{{contact.name\|}}` | the value, or nothing, and nothing is missing |
//! | `{{{{` | the two characters `{{` |
//! | `{`, `}`, `}}` | themselves |
//!
//! Spaces around a name or a fallback do not count. In a run of opening braces each four stand for two
//! of them; of what is left, the last two open a variable. So `{{{contact.name}}}` gives `{Ana}`.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Code, Error};

const ATTRIBUTE: &str = "contact.attributes.";

/// Something that a text can name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variable {
    /// `contact.name`: the full name, or else first and last name.
    ContactName,
    /// `contact.firstName`: the first name, or else the first word of the name.
    ContactFirstName,
    /// `contact.lastName`: as stored; never guessed from the name.
    ContactLastName,
    /// `contact.phone`.
    ContactPhone,
    /// `contact.email`.
    ContactEmail,
    /// `contact.attributes.NAME`: the organisation's own field of that name.
    ContactAttribute(String),
    /// `org.name`.
    OrgName,
    /// `agent.name`: the member of the team who sends, if one does.
    AgentName,
    /// `date`: today in the organisation's zone and format.
    Date,
    /// `time`: now in the organisation's zone and format.
    Time,
}

impl Variable {
    /// Every name that a text may use; the last stands for as many as the organisation has attributes.
    pub const KNOWN: [&'static str; 10] = [
        "contact.name",
        "contact.firstName",
        "contact.lastName",
        "contact.phone",
        "contact.email",
        "contact.attributes.NAME",
        "org.name",
        "agent.name",
        "date",
        "time",
    ];

    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "contact.name" => Self::ContactName,
            "contact.firstName" => Self::ContactFirstName,
            "contact.lastName" => Self::ContactLastName,
            "contact.phone" => Self::ContactPhone,
            "contact.email" => Self::ContactEmail,
            "org.name" => Self::OrgName,
            "agent.name" => Self::AgentName,
            "date" => Self::Date,
            "time" => Self::Time,
            _ => match name.strip_prefix(ATTRIBUTE) {
                None | Some("") => return None,
                Some(attribute) => Self::ContactAttribute(attribute.to_owned()),
            },
        })
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ContactName => "contact.name",
            Self::ContactFirstName => "contact.firstName",
            Self::ContactLastName => "contact.lastName",
            Self::ContactPhone => "contact.phone",
            Self::ContactEmail => "contact.email",
            Self::ContactAttribute(name) => return write!(f, "{ATTRIBUTE}{name}"),
            Self::OrgName => "org.name",
            Self::AgentName => "agent.name",
            Self::Date => "date",
            Self::Time => "time",
        })
    }
}

impl FromStr for Variable {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::of(name).ok_or_else(|| unknown(name, ""))
    }
}

impl Serialize for Variable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Variable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}

fn unknown(name: &str, place: &str) -> Error {
    // Only the beginning: a forgotten brace can make a "name" out of half a message.
    let shown: String = name.chars().take(60).collect();
    let known = Variable::KNOWN.join(", ");
    Error::new(
        Code::RenderUnknownVariable,
        format!("there is no variable {shown:?}{place}; use one of: {known}"),
    )
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(Box<str>),
    Variable {
        variable: Variable,
        fallback: Option<Box<str>>,
        /// Where it stands in the source, braces and all, in bytes.
        span: Range<usize>,
    },
}

/// A compiled text.
///
/// It is stored, compared and shown as its source.
#[derive(Debug, Clone)]
pub struct Text {
    source: String,
    segments: Vec<Segment>,
}

/// What rendering gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The text as the contact will read it.
    pub text: String,
    /// Each variable that had neither a value nor a fallback and so left nothing, in order of appearance.
    pub missing: Vec<Variable>,
}

impl Text {
    /// Compiles a text.
    ///
    /// # Errors
    /// [`Code::RenderSyntax`] for braces that are not closed and for a variable without a name,
    /// [`Code::RenderUnknownVariable`] for a name that does not exist. Both give line and column,
    /// counted from 1 in characters.
    pub fn parse(source: &str) -> Result<Self, Error> {
        let mut segments = Vec::new();
        let mut literal = String::new();
        let mut rest = source;
        while let Some(found) = rest.find("{{") {
            literal.push_str(&rest[..found]);
            rest = &rest[found..];
            let braces = rest.len() - rest.trim_start_matches('{').len();
            for _ in 0..braces / 4 {
                literal.push_str("{{");
            }
            if braces % 2 == 1 {
                literal.push('{');
            }
            rest = &rest[braces..];
            if braces % 4 < 2 {
                continue;
            }
            if !literal.is_empty() {
                segments.push(Segment::Literal(std::mem::take(&mut literal).into()));
            }
            let at = source.len() - rest.len() - 2;
            let end = rest.find("}}").unwrap_or(rest.len());
            if end == rest.len() || rest[..end].contains("{{") {
                return Err(Error::new(
                    Code::RenderSyntax,
                    format!(
                        "the variable{} is not closed; write }}}} after its name, or {{{{{{{{ for two plain braces",
                        place(source, at)
                    ),
                ));
            }
            segments.push(Self::variable(source, at..at + end + 4)?);
            rest = &rest[end + 2..];
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            segments.push(Segment::Literal(literal.into()));
        }
        Ok(Self {
            source: source.to_owned(),
            segments,
        })
    }

    fn variable(source: &str, span: Range<usize>) -> Result<Segment, Error> {
        let inside = &source[span.start + 2..span.end - 2];
        let (name, fallback) = match inside.split_once('|') {
            Some((name, fallback)) => (name.trim(), Some(fallback.trim().into())),
            None => (inside.trim(), None),
        };
        if name.is_empty() {
            return Err(Error::new(
                Code::RenderSyntax,
                format!(
                    "the variable{} has no name; use one of: {}",
                    place(source, span.start),
                    Variable::KNOWN.join(", ")
                ),
            ));
        }
        let variable = Variable::of(name).ok_or_else(|| unknown(name, &place(source, span.start)))?;
        Ok(Segment::Variable {
            variable,
            fallback,
            span,
        })
    }

    /// A text that renders to exactly this, whatever braces are in it.
    pub fn literal(text: &str) -> Self {
        let mut built = Builder::default();
        built.literal(text);
        built.finish()
    }

    /// The text as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The variables named, in order of appearance; one that is named twice comes twice.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Variable { variable, .. } => Some(variable),
            Segment::Literal(_) => None,
        })
    }

    /// The whole text, if there is no variable in it.
    pub fn constant(&self) -> Option<&str> {
        match self.segments.as_slice() {
            [] => Some(""),
            [Segment::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// What the author wrote himself: the parts between variables, and the fallbacks.
    pub(crate) fn literals(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Literal(text) => Some(&**text),
            Segment::Variable { fallback, .. } => fallback.as_deref(),
        })
    }

    /// Refuses an attribute that the organisation has not defined: for when the text is saved.
    ///
    /// # Errors
    /// [`Code::RenderUnknownVariable`], with its line and column.
    pub fn check_attributes(&self, is_defined: impl Fn(&str) -> bool) -> Result<(), Error> {
        for segment in &self.segments {
            if let Segment::Variable {
                variable: Variable::ContactAttribute(name),
                span,
                ..
            } = segment
                && !is_defined(name)
            {
                return Err(Error::new(
                    Code::RenderUnknownVariable,
                    format!(
                        "there is no attribute {name:?}{}; define it first",
                        place(&self.source, span.start)
                    ),
                ));
            }
        }
        Ok(())
    }

    /// Renders for one contact.
    ///
    /// # Errors
    /// [`Code::RenderMissingValue`] if `strict` and a variable has neither a value nor a fallback.
    pub fn render(&self, values: &Values<'_>, strict: bool) -> Result<Rendered, Error> {
        let mut text = String::with_capacity(self.source.len());
        let missing = self.render_into(&mut text, values, strict)?;
        let missing = missing.into_iter().cloned().collect();
        Ok(Rendered { text, missing })
    }

    /// Renders to the end of `out`, which allocates nothing as long as `out` has room and nothing is missing.
    ///
    /// Values are written as they are: one that has braces in it is not expanded.
    ///
    /// # Errors
    /// As [`Text::render`]; `out` is then as it was.
    pub fn render_into<'t>(
        &'t self,
        out: &mut String,
        values: &Values<'_>,
        strict: bool,
    ) -> Result<Vec<&'t Variable>, Error> {
        let start = out.len();
        let mut missing = Vec::new();
        for segment in &self.segments {
            match segment {
                Segment::Literal(text) => out.push_str(text),
                Segment::Variable {
                    variable, fallback, ..
                } => {
                    if !values.write(variable, out) {
                        match fallback {
                            Some(text) => out.push_str(text),
                            None => missing.push(variable),
                        }
                    }
                }
            }
        }
        if strict && !missing.is_empty() {
            out.truncate(start);
            let names: Vec<_> = missing.iter().map(ToString::to_string).collect();
            return Err(Error::new(
                Code::RenderMissingValue,
                format!(
                    "no value for {}; fill it in, or write a fallback as in {{{{{}|there}}}}",
                    names.join(", "),
                    names[0]
                ),
            ));
        }
        Ok(missing)
    }

    /// The same text with everything put in that is the same for every contact of one batch.
    ///
    /// Rendering it for a contact gives what the text itself gives, in fewer steps.
    #[must_use]
    pub fn fold(&self, common: &Common) -> Self {
        let mut built = Builder::default();
        for segment in &self.segments {
            match segment {
                Segment::Literal(text) => built.literal(text),
                Segment::Variable {
                    variable,
                    fallback,
                    span,
                } => match common.get(variable) {
                    Some(value) => built.literal(value),
                    None => built.variable(variable, fallback.as_deref(), &self.source[span.clone()]),
                },
            }
        }
        built.finish()
    }
}

/// Puts a text together from parts, keeping its source such that parsing it gives the same text again.
#[derive(Default)]
struct Builder {
    source: String,
    segments: Vec<Segment>,
    literal: String,
}

impl Builder {
    fn literal(&mut self, text: &str) {
        self.literal.push_str(text);
    }

    fn variable(&mut self, variable: &Variable, fallback: Option<&str>, source: &str) {
        self.flush();
        let start = self.source.len();
        self.source.push_str(source);
        self.segments.push(Segment::Variable {
            variable: variable.clone(),
            fallback: fallback.map(Into::into),
            span: start..self.source.len(),
        });
    }

    fn flush(&mut self) {
        if !self.literal.is_empty() {
            self.source.push_str(&self.literal.replace("{{", "{{{{"));
            self.segments
                .push(Segment::Literal(std::mem::take(&mut self.literal).into()));
        }
    }

    fn finish(mut self) -> Text {
        self.flush();
        Text {
            source: self.source,
            segments: self.segments,
        }
    }
}

/// " at line 1, column 7", counted from 1 in characters.
fn place(source: &str, at: usize) -> String {
    let before = &source[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    format!(" at line {line}, column {column}")
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Text {}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl FromStr for Text {
    type Err = Error;

    fn from_str(source: &str) -> Result<Self, Error> {
        Self::parse(source)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.source)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let source = String::deserialize(deserializer)?;
        Self::parse(&source).map_err(serde::de::Error::custom)
    }
}

/// How an organisation writes dates, or times: a checked strftime pattern such as `%d/%m/%Y`.
///
/// Names of months and days come out in English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeFormat(String);

impl TimeFormat {
    /// `2026-01-31`.
    pub fn iso_date() -> Self {
        Self("%Y-%m-%d".to_owned())
    }

    /// `16:05`.
    pub fn hours_and_minutes() -> Self {
        Self("%H:%M".to_owned())
    }

    /// Checks a pattern.
    ///
    /// # Errors
    /// [`Code::RenderFormatInvalid`] for a blank pattern, one of more than 100 bytes, and one with a
    /// letter after `%` that means nothing.
    pub fn parse(pattern: &str) -> Result<Self, Error> {
        let refuse = |why: &str| {
            let shown: String = pattern.chars().take(100).collect();
            Err(Error::new(
                Code::RenderFormatInvalid,
                format!("the format {shown:?} {why}; write one such as %d/%m/%Y or %H:%M"),
            ))
        };
        if pattern.trim().is_empty() {
            return refuse("is empty");
        }
        if pattern.len() > 100 {
            return refuse("is longer than 100 bytes");
        }
        if StrftimeItems::new(pattern).any(|item| item == Item::Error) {
            return refuse("has a letter after % that means nothing");
        }
        Ok(Self(pattern.to_owned()))
    }

    /// The pattern.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// This instant, as clocks show it in the zone.
    pub fn write(&self, now: DateTime<Utc>, zone: Tz) -> String {
        now.with_timezone(&zone).format(&self.0).to_string()
    }
}

crate::text_schema::written_as_text!(TimeFormat, Text, Variable);

impl Serialize for TimeFormat {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TimeFormat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pattern = String::deserialize(deserializer)?;
        Self::parse(&pattern).map_err(serde::de::Error::custom)
    }
}

/// The values that are the same for every contact of one batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Common {
    /// The organisation's name.
    pub org_name: String,
    /// The sending agent's name; none if no person sends.
    pub agent_name: Option<String>,
    /// Today, written out ([`TimeFormat::write`]).
    pub date: String,
    /// Now, written out.
    pub time: String,
}

impl Common {
    fn get(&self, variable: &Variable) -> Option<&str> {
        filled(match variable {
            Variable::OrgName => Some(&self.org_name),
            Variable::AgentName => self.agent_name.as_deref(),
            Variable::Date => Some(&self.date),
            Variable::Time => Some(&self.time),
            _ => None,
        })
    }
}

/// Finds a contact's attributes, for `contact.attributes.NAME`.
pub trait Attributes {
    /// The attribute of this name as text, if the contact has it.
    fn text(&self, name: &str) -> Option<Cow<'_, str>>;
}

/// No attributes.
impl Attributes for () {
    fn text(&self, _: &str) -> Option<Cow<'_, str>> {
        None
    }
}

/// What the variables stand for, for one contact. A blank value counts as none.
#[derive(Clone, Copy)]
pub struct Values<'a> {
    /// The contact's full name.
    pub name: Option<&'a str>,
    /// The contact's first name.
    pub first_name: Option<&'a str>,
    /// The contact's last name.
    pub last_name: Option<&'a str>,
    /// The contact's telephone number, as it is to be shown.
    pub phone: Option<&'a str>,
    /// The contact's e-mail address.
    pub email: Option<&'a str>,
    /// The contact's attributes.
    pub attributes: &'a dyn Attributes,
    /// What is the same for everybody.
    pub common: &'a Common,
}

impl<'a> Values<'a> {
    /// The values for a contact of whom nothing is known.
    pub fn new(common: &'a Common) -> Self {
        Self {
            name: None,
            first_name: None,
            last_name: None,
            phone: None,
            email: None,
            attributes: &(),
            common,
        }
    }

    /// Writes the value, or says that there is none.
    fn write(&self, variable: &Variable, out: &mut String) -> bool {
        let value = match variable {
            Variable::ContactName => match filled(self.name) {
                Some(name) => Some(name),
                None => return self.write_first_and_last(out),
            },
            Variable::ContactFirstName => first_name(self.first_name, self.name),
            Variable::ContactLastName => filled(self.last_name),
            Variable::ContactPhone => filled(self.phone),
            Variable::ContactEmail => filled(self.email),
            Variable::ContactAttribute(name) => {
                let value = self.attributes.text(name);
                let value = filled(value.as_deref());
                out.push_str(value.unwrap_or(""));
                return value.is_some();
            }
            Variable::OrgName | Variable::AgentName | Variable::Date | Variable::Time => {
                self.common.get(variable)
            }
        };
        out.push_str(value.unwrap_or(""));
        value.is_some()
    }

    fn write_first_and_last(&self, out: &mut String) -> bool {
        let (first, last) = (filled(self.first_name), filled(self.last_name));
        out.push_str(first.unwrap_or(""));
        if first.is_some() && last.is_some() {
            out.push(' ');
        }
        out.push_str(last.unwrap_or(""));
        first.or(last).is_some()
    }
}

impl fmt::Debug for Values<'_> {
    /// Says what there is, not what it is: these are a person's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Values")
            .field("name", &self.name.is_some())
            .field("first_name", &self.first_name.is_some())
            .field("last_name", &self.last_name.is_some())
            .field("phone", &self.phone.is_some())
            .field("email", &self.email.is_some())
            .finish_non_exhaustive()
    }
}

/// The name to address a contact by: the first name, or else the first word of the full name.
pub fn first_name<'a>(first_name: Option<&'a str>, name: Option<&'a str>) -> Option<&'a str> {
    filled(first_name).or_else(|| name?.split_whitespace().next())
}

/// The value, unless it is blank.
fn filled(value: Option<&str>) -> Option<&str> {
    value.filter(|text| match text.as_bytes() {
        // Nearly every value begins with a visible letter, and bulk rendering asks for each.
        [b'!'..=b'~', ..] => true,
        _ => !text.chars().all(char::is_whitespace),
    })
}

#[cfg(test)]
mod tests;
