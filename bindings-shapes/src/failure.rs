//! An error, as hosts get it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tertulia::{Code, Error, http_status};

/// An error, with all that a host branches on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// What went wrong, coarsely: `invalid`, `refused`, `not_found`, `conflict`, `forbidden`, `unavailable`, `corrupt`.
    pub kind: String,
    /// The frozen, dotted code, as in `consent.opted_out`.
    pub code: String,
    /// What was wrong with which value.
    pub message: String,
    /// Whether the same call may succeed later: `never`, `later`, `after_reload`.
    pub retry: String,
    /// The HTTP status to answer a platform with, if receiving its webhook failed so.
    pub http_status: u16,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            kind: error.kind().as_str().to_owned(),
            code: error.code().as_str().to_owned(),
            message: error.message().to_owned(),
            retry: error.retry().as_str().to_owned(),
            http_status: http_status(&error),
        }
    }
}

impl Failure {
    /// The failure as JSON: what crosses.
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What a host's object failed with: a code of this library's, if it named one, and its own words.
#[derive(Debug, Default, Deserialize)]
struct Thrown {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    message: String,
}

/// The error that a host's object failed with, out of the JSON `{"code"?, "message"}`, or plain text.
pub(crate) fn thrown(what: &str, text: &str) -> Error {
    let thrown: Thrown = serde_json::from_str(text).unwrap_or_else(|_| Thrown {
        code: None,
        message: text.to_owned(),
    });
    let named = thrown.code.as_deref();
    let code = Code::ALL.iter().find(|code| Some(code.as_str()) == named);
    match code {
        Some(code) => Error::new(*code, thrown.message),
        None => Error::new(
            Code::TransportFailed,
            format!("{what} failed: {}", thrown.message),
        ),
    }
}
