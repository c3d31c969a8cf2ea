//! Provider templates: what the platform has approved, and what each takes.
//!
//! The types read and write the form in which the Graph API lists templates (`message_templates` of a
//! business account); fields that no rule here looks at are kept as they came. How templates are given
//! values is in [`TemplateParameters`], what a contact is sent in [`FilledTemplate`].

mod fill;
mod fit;
mod parameters;

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::error::{Code, Error};
use crate::message::MediaKind;

pub use fill::{FilledButton, FilledParameter, FilledTemplate, FilledValue};
pub use fit::Checked;
pub use parameters::{BodyParameters, ButtonParameter, Parameter, TemplateMedia, TemplateParameters};

/// An enum over the platform's words, whatever their case, that keeps a word it does not know.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
            /// A word that the platform has added since.
            Unknown(String),
        }

        impl $name {
            /// The platform's word.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Unknown(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word.to_ascii_uppercase().as_str() {
                    $($word => Self::$variant,)*
                    _ => Self::Unknown(word.to_owned()),
                }
            }
        }

        crate::text_schema::written_as_text!($name);

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(Self::from(String::deserialize(deserializer)?.as_str()))
            }
        }
    };
}

/// What a template is for. The cap on marketing goes by it, so an unknown one is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Category {
    /// Offers and news: at most one for a contact in 24 hours.
    #[serde(rename = "MARKETING", alias = "marketing")]
    Marketing,
    /// About something that the contact asked for or bought.
    #[serde(rename = "UTILITY", alias = "utility")]
    Utility,
    /// One-time codes.
    #[serde(rename = "AUTHENTICATION", alias = "authentication")]
    Authentication,
}

words! {
    /// Where a template stands with the platform, as listed or as the status webhook says.
    TemplateStatus {
        /// May be sent.
        Approved = "APPROVED",
        /// Under review.
        Pending = "PENDING",
        /// Refused by the review.
        Rejected = "REJECTED",
        /// Stopped for a while, for low quality.
        Paused = "PAUSED",
        /// Stopped for good.
        Disabled = "DISABLED",
        /// A refusal is being appealed.
        InAppeal = "IN_APPEAL",
        /// No longer stopped.
        Reinstated = "REINSTATED",
        /// Close to being stopped.
        Flagged = "FLAGGED",
        /// Being deleted.
        PendingDeletion = "PENDING_DELETION",
        /// Gone.
        Deleted = "DELETED",
        /// The account has as many templates as it may have.
        LimitExceeded = "LIMIT_EXCEEDED",
        /// Unused for a year, and deleted soon.
        Archived = "ARCHIVED",
        /// Taken back from the archive.
        Unarchived = "UNARCHIVED",
        /// May not be edited.
        Locked = "LOCKED",
    }
}

impl TemplateStatus {
    /// Whether the platform takes a template in this state: an approved one only.
    pub fn can_send(&self) -> bool {
        *self == Self::Approved
    }
}

words! {
    /// How recipients have taken a template, as the platform rates it.
    Quality {
        /// Good.
        Green = "GREEN",
        /// Middling.
        Yellow = "YELLOW",
        /// Bad; the template may be paused.
        Red = "RED",
        /// Not rated yet.
        Unrated = "UNKNOWN",
    }
}

words! {
    /// What kind of header a template has.
    HeaderFormat {
        /// A line of text, with at most one placeholder.
        Text = "TEXT",
        /// An image.
        Image = "IMAGE",
        /// A video.
        Video = "VIDEO",
        /// A document.
        Document = "DOCUMENT",
        /// A place on the map.
        Location = "LOCATION",
    }
}

words! {
    /// What a button does.
    ButtonKind {
        /// Answers with its text and a payload.
        QuickReply = "QUICK_REPLY",
        /// Opens a link, whose end may be a placeholder.
        Url = "URL",
        /// Calls a telephone number.
        PhoneNumber = "PHONE_NUMBER",
        /// Calls on the platform.
        VoiceCall = "VOICE_CALL",
        /// Copies a coupon code.
        CopyCode = "COPY_CODE",
        /// Opens a form.
        Flow = "FLOW",
        /// Copies or fills in a one-time code.
        Otp = "OTP",
        /// Opens the catalogue.
        Catalog = "CATALOG",
    }
}

/// How a template's text parameters are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
pub enum ParameterFormat {
    /// By number: `{{1}}`, `{{2}}`.
    #[default]
    #[serde(rename = "POSITIONAL", alias = "positional")]
    Positional,
    /// By name: `{{first_name}}`.
    #[serde(rename = "NAMED", alias = "named")]
    Named,
}

/// A template's language, as in `en_US`.
///
/// The platform writes `en-US` in some places; both are the same language here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Language(String);

impl Language {
    /// Reads a code: two or three letters, then up to two parts of two to eight letters or digits.
    ///
    /// # Errors
    /// [`Code::TemplateLanguageInvalid`].
    pub fn parse(code: &str) -> Result<Self, Error> {
        let refused = || {
            let shown: String = code.chars().take(30).collect();
            Error::new(
                Code::TemplateLanguageInvalid,
                format!("{shown:?} is not a language; write a code such as en_US or pt_BR"),
            )
        };
        let mut parts = code.split(['_', '-']);
        let first = parts.next().unwrap_or("");
        if !matches!(first.len(), 2..=3) || !first.bytes().all(|b| b.is_ascii_alphabetic()) {
            return Err(refused());
        }
        let mut canonical = first.to_ascii_lowercase();
        for (count, part) in parts.enumerate() {
            if count == 2 || !matches!(part.len(), 2..=8) || !part.bytes().all(|b| b.is_ascii_alphanumeric())
            {
                return Err(refused());
            }
            canonical.push('_');
            if part.len() == 4 {
                // A script, as in zh_Hant_TW.
                canonical.push_str(&part[..1].to_ascii_uppercase());
                canonical.push_str(&part[1..].to_ascii_lowercase());
            } else {
                canonical.push_str(&part.to_ascii_uppercase());
            }
        }
        Ok(Self(canonical))
    }

    /// The code, as in `en_US`: the form that sending wants.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Language {
    type Err = Error;

    fn from_str(code: &str) -> Result<Self, Error> {
        Self::parse(code)
    }
}

impl TryFrom<String> for Language {
    type Error = Error;

    fn try_from(code: String) -> Result<Self, Error> {
        Self::parse(&code)
    }
}

impl From<Language> for String {
    fn from(language: Language) -> Self {
        language.0
    }
}

crate::text_schema::written_as_text!(Language);

/// A template of the platform. Name and language together say which one it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Template {
    /// The platform's id of it; status webhooks carry it.
    #[serde(
        rename = "id",
        default,
        deserialize_with = "text_or_number",
        skip_serializing_if = "Option::is_none"
    )]
    pub provider_id: Option<String>,
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: Language,
    /// What it is for.
    pub category: Category,
    /// Where it stands.
    pub status: TemplateStatus,
    /// Whether its parameters have numbers or names.
    #[serde(default)]
    pub parameter_format: ParameterFormat,
    /// What it is made of.
    #[serde(default)]
    #[schemars(with = "Vec<Value>")]
    pub components: Vec<Component>,
    /// How recipients have taken it; `None` if the platform was not asked.
    #[serde(
        rename = "quality_score",
        default,
        with = "quality_score",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Option<Value>")]
    pub quality: Option<Quality>,
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Component {
    /// Above the body.
    Header(Header),
    /// The message itself.
    Body(Body),
    /// A line below, always the same.
    Footer(Footer),
    /// The buttons.
    Buttons(Buttons),
    /// A part that this library does not fill in, such as `CAROUSEL`, with all its fields.
    Other(String, Map<String, Value>),
}

/// What stands above the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Header {
    /// What kind it is.
    pub format: HeaderFormat,
    /// The text of a text header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The platform's other fields, such as `example`.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The message itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Body {
    /// Its text, with placeholders.
    pub text: String,
    /// The platform's other fields, such as `example` and `add_security_recommendation`.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The line below the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Footer {
    /// Its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The platform's other fields, such as `code_expiration_minutes`.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The buttons of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Buttons {
    /// In the order in which parameters count them, from 0.
    pub buttons: Vec<Button>,
}

/// One button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Button {
    /// What it does.
    #[serde(rename = "type")]
    pub kind: ButtonKind,
    /// What it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Where a link leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The platform's other fields, such as `phone_number`, `flow_id` and `example`.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Serialize for Component {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Tagged<'a, T> {
            r#type: &'a str,
            #[serde(flatten)]
            fields: &'a T,
        }
        fn tagged<S: Serializer, T: Serialize>(r#type: &str, fields: &T, to: S) -> Result<S::Ok, S::Error> {
            Tagged { r#type, fields }.serialize(to)
        }
        match self {
            Self::Header(header) => tagged("HEADER", header, serializer),
            Self::Body(body) => tagged("BODY", body, serializer),
            Self::Footer(footer) => tagged("FOOTER", footer, serializer),
            Self::Buttons(buttons) => tagged("BUTTONS", buttons, serializer),
            Self::Other(kind, fields) => tagged(kind, fields, serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Component {
    // By hand, so that a malformed header is an error and not a component of an unknown type.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let mut fields = Map::deserialize(deserializer)?;
        let Some(Value::String(kind)) = fields.remove("type") else {
            return Err(D::Error::custom("a template's component has no type"));
        };
        let kind = kind.to_ascii_uppercase();
        match kind.as_str() {
            "HEADER" => Header::deserialize(Value::Object(fields)).map(Self::Header),
            "BODY" => Body::deserialize(Value::Object(fields)).map(Self::Body),
            "FOOTER" => Footer::deserialize(Value::Object(fields)).map(Self::Footer),
            "BUTTONS" => Buttons::deserialize(Value::Object(fields)).map(Self::Buttons),
            _ => return Ok(Self::Other(kind, fields)),
        }
        .map_err(|error| D::Error::custom(format_args!("{kind} component: {error}")))
    }
}

/// Ids are numbers in webhooks and text in lists.
fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Number(number) => Ok(Some(number.to_string())),
        _ => Err(serde::de::Error::custom(
            "a template's id is neither text nor a number",
        )),
    }
}

/// The platform wraps the rating: `{"score": "GREEN", "date": 1700000000}`.
mod quality_score {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Quality;

    #[derive(Serialize, Deserialize)]
    struct Wrapped {
        score: Quality,
    }

    #[allow(clippy::ref_option)] // serde calls it with a reference to the field
    pub(super) fn serialize<S: Serializer>(quality: &Option<Quality>, to: S) -> Result<S::Ok, S::Error> {
        quality.clone().map(|score| Wrapped { score }).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Quality>, D::Error> {
        Ok(Option::<Wrapped>::deserialize(from)?.map(|wrapped| wrapped.score))
    }
}

/// What one place of a template takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Nothing: it is always the same.
    Nothing,
    /// Text, an amount or a date.
    Text,
    /// A file of this kind.
    Media(MediaKind),
    /// A place on the map.
    Location,
    /// What a quick reply sends back. It may be left out; the button's text is sent back then.
    Payload,
    /// The end of a link, or a one-time code.
    UrlSuffix,
    /// A coupon code.
    CouponCode,
    /// A form's token and first data. It may be left out.
    FlowAction,
}

/// What a text's placeholders are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slots {
    /// So many, numbered from 1.
    Positional(usize),
    /// These names, in order of appearance.
    Named(Vec<String>),
}

/// What each place of a template takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholders {
    /// The header.
    pub header: Takes,
    /// The name of a text header's parameter, if the template names its parameters.
    pub header_name: Option<String>,
    /// The body.
    pub body: Slots,
    /// Each button, by its index.
    pub buttons: Vec<Takes>,
    /// Parts that this library cannot fill in; a template with any is not sent.
    pub unsupported: Vec<String>,
}

impl Template {
    /// Checks that the platform could have listed this template.
    ///
    /// # Errors
    /// [`Code::TemplateNameInvalid`], and [`Code::TemplateMalformed`] for components that contradict
    /// each other. A part of an unknown kind is no error; it is in [`Placeholders::unsupported`].
    pub fn validate(&self) -> Result<(), Error> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if self.name.is_empty() || self.name.len() > 512 || !self.name.bytes().all(fits) {
            let shown: String = self.name.chars().take(60).collect();
            return Err(Error::new(
                Code::TemplateNameInvalid,
                format!("{shown:?} is not a template's name; use a-z, 0-9 and _, 1 to 512 of them"),
            ));
        }
        self.placeholders().map(drop)
    }

    /// Refuses a template that the platform would not take now.
    ///
    /// # Errors
    /// [`Code::TemplateNotApproved`], with the status.
    pub fn sendable(&self) -> Result<(), Error> {
        if self.status.can_send() {
            return Ok(());
        }
        Err(Error::new(
            Code::TemplateNotApproved,
            format!(
                "template {} ({}) is {}; only approved ones are sent",
                self.name,
                self.language,
                self.status.as_str()
            ),
        ))
    }

    /// The text of the body, with its placeholders; empty if there is none.
    pub fn body_text(&self) -> &str {
        self.components
            .iter()
            .find_map(|component| match component {
                Component::Body(body) => Some(body.text.as_str()),
                _ => None,
            })
            .unwrap_or("")
    }

    /// What each place of the template takes.
    ///
    /// # Errors
    /// [`Code::TemplateMalformed`]: no body, a part that comes twice, a header whose text and format
    /// disagree, placeholders that skip a number or are not of the template's format, a link button
    /// without a link or with several placeholders, a footer with one.
    pub fn placeholders(&self) -> Result<Placeholders, Error> {
        let mut header = None;
        let mut body = None;
        let mut footer = None;
        let mut buttons = None;
        let mut unsupported = Vec::new();
        for component in &self.components {
            let twice = match component {
                Component::Header(found) => header.replace(found).is_some(),
                Component::Body(found) => body.replace(found).is_some(),
                Component::Footer(found) => footer.replace(found).is_some(),
                Component::Buttons(found) => buttons.replace(found).is_some(),
                Component::Other(kind, _) => {
                    unsupported.push(kind.clone());
                    false
                }
            };
            if twice {
                return Err(self.malformed(
                    "has two parts of one kind; keep one header, body, footer and list of buttons",
                ));
            }
        }
        let Some(body) = body else {
            return Err(self.malformed("has no body"));
        };
        let (header, header_name) = match header {
            Some(header) => self.header_takes(header, &mut unsupported)?,
            None => (Takes::Nothing, None),
        };
        if let Some(text) = footer.and_then(|footer| footer.text.as_deref())
            && PLACEHOLDER.is_match(text)
        {
            return Err(self.malformed("has a placeholder in its footer"));
        }
        let buttons = buttons.map_or(&[][..], |buttons| &buttons.buttons);
        Ok(Placeholders {
            header,
            header_name,
            body: self.slots("body", &body.text)?,
            buttons: buttons
                .iter()
                .enumerate()
                .map(|(index, button)| self.button_takes(index, button, &mut unsupported))
                .collect::<Result<_, _>>()?,
            unsupported,
        })
    }

    fn header_takes(
        &self,
        header: &Header,
        unsupported: &mut Vec<String>,
    ) -> Result<(Takes, Option<String>), Error> {
        let takes = match &header.format {
            HeaderFormat::Text => {
                let Some(text) = &header.text else {
                    return Err(self.malformed("has a text header without text"));
                };
                return match self.slots("header", text)? {
                    Slots::Positional(0) => Ok((Takes::Nothing, None)),
                    Slots::Positional(1) => Ok((Takes::Text, None)),
                    Slots::Named(mut names) if names.len() <= 1 => match names.pop() {
                        Some(name) => Ok((Takes::Text, Some(name))),
                        None => Ok((Takes::Nothing, None)),
                    },
                    _ => Err(self.malformed("has several placeholders in its header; one is allowed")),
                };
            }
            HeaderFormat::Image => Takes::Media(MediaKind::Image),
            HeaderFormat::Video => Takes::Media(MediaKind::Video),
            HeaderFormat::Document => Takes::Media(MediaKind::Document),
            HeaderFormat::Location => Takes::Location,
            HeaderFormat::Unknown(format) => {
                unsupported.push(format!("{format} header"));
                Takes::Nothing
            }
        };
        if header.text.as_deref().is_some_and(|text| !text.is_empty()) {
            return Err(self.malformed(&format!("has text in its {} header", header.format.as_str())));
        }
        Ok((takes, None))
    }

    fn button_takes(
        &self,
        index: usize,
        button: &Button,
        unsupported: &mut Vec<String>,
    ) -> Result<Takes, Error> {
        Ok(match &button.kind {
            ButtonKind::QuickReply => Takes::Payload,
            ButtonKind::PhoneNumber | ButtonKind::VoiceCall | ButtonKind::Catalog => Takes::Nothing,
            ButtonKind::CopyCode => Takes::CouponCode,
            ButtonKind::Flow => Takes::FlowAction,
            ButtonKind::Otp => Takes::UrlSuffix,
            ButtonKind::Url => {
                let Some(url) = &button.url else {
                    return Err(self.malformed(&format!("has no link in its URL button {index}")));
                };
                match PLACEHOLDER.find_iter(url).count() {
                    0 => Takes::Nothing,
                    1 => Takes::UrlSuffix,
                    _ => {
                        return Err(self.malformed(&format!(
                            "has several placeholders in the link of button {index}; one is allowed"
                        )));
                    }
                }
            }
            ButtonKind::Unknown(kind) => {
                unsupported.push(format!("{kind} button"));
                Takes::Nothing
            }
        })
    }

    fn slots(&self, part: &str, text: &str) -> Result<Slots, Error> {
        let mut names: Vec<&str> = Vec::new();
        for placeholder in PLACEHOLDER.captures_iter(text) {
            let name = placeholder.get(1).map_or("", |name| name.as_str());
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let numbered = |name: &&str| name.bytes().all(|b| b.is_ascii_digit());
        match self.parameter_format {
            ParameterFormat::Positional => {
                for number in 1..=names.len() {
                    if !names.iter().any(|name| name.parse() == Ok(number)) {
                        return Err(self.malformed(&format!(
                            "has {} placeholders in its {part}, but no {{{{{number}}}}} among them",
                            names.len()
                        )));
                    }
                }
                Ok(Slots::Positional(names.len()))
            }
            ParameterFormat::Named => match names.iter().find(|name| numbered(name)) {
                Some(name) => Err(self.malformed(&format!(
                    "names its parameters, but has {{{{{name}}}}} in its {part}"
                ))),
                None => Ok(Slots::Named(names.into_iter().map(str::to_owned).collect())),
            },
        }
    }

    fn malformed(&self, what: &str) -> Error {
        let shown: String = self.name.chars().take(60).collect();
        Error::new(
            Code::TemplateMalformed,
            format!("template {shown} ({}) {what}", self.language),
        )
    }
}

/// `{{1}}` or `{{first_name}}`, as the platform writes placeholders.
static PLACEHOLDER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}").expect("the expression is a constant"));

#[cfg(test)]
mod tests;
