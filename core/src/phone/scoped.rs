use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error};

/// The platform's id for a WhatsApp user within one business portfolio, as in `US.13491208655302741918`.
///
/// It stands for a person whose number is hidden, and changes when the person's number does. It is compared
/// exactly, letter case included, and never read as a number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BusinessScopedId(String);

impl BusinessScopedId {
    /// The id as the platform sent it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the parent form, `US.ENT.…`, which holds across the portfolios of one enterprise.
    pub fn is_parent(&self) -> bool {
        self.0.get(2..).is_some_and(|rest| rest.starts_with(".ENT."))
    }
}

/// Whether the text has the form of a business-scoped id: `^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$`, by the vendor's
/// page on business-scoped user ids.
pub fn is_business_scoped_id(text: &str) -> bool {
    let Some((country, rest)) = text.split_once('.') else {
        return false;
    };
    let id = rest.strip_prefix("ENT.").unwrap_or(rest);
    country.len() == 2
        && country.bytes().all(|b| b.is_ascii_uppercase())
        && (1..=128).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// A username without the white space around it and the `@` that some payloads put before it.
///
/// For showing only: usernames change hands and are no key.
pub fn normalise_username(username: &str) -> &str {
    let name = username.trim();
    name.strip_prefix('@').unwrap_or(name)
}

impl FromStr for BusinessScopedId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if is_business_scoped_id(text) {
            return Ok(Self(text.to_owned()));
        }
        let shown = super::clean::shown(text);
        Err(Error::new(
            Code::BusinessScopedIdInvalid,
            format!(
                "{shown} is not a business-scoped id: two capital letters, a dot, and 1 to 128 letters or digits"
            ),
        ))
    }
}

impl TryFrom<String> for BusinessScopedId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<BusinessScopedId> for String {
    fn from(id: BusinessScopedId) -> Self {
        id.0
    }
}

impl fmt::Display for BusinessScopedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
