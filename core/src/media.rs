//! Files of messages in the host's media store.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::channel::Channel;
use crate::error::{Code, Error};
use crate::ids::{AccountId, ContactId, MessageId, OrgId};
use crate::message::MediaSource;

/// What a file is called in the media store: `<organisation>/<file>`, both ids of ours, so that no name that a stranger
/// chose ever gets near a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaKey {
    /// The organisation.
    pub org: OrgId,
    /// The file: the id of the message that it came with, or one of its own.
    pub file: Uuid,
}

impl MediaKey {
    /// The file that came with a message.
    pub const fn of(org: OrgId, message: MessageId) -> Self {
        Self { org, file: message.0 }
    }
}

impl fmt::Display for MediaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.org, self.file)
    }
}

impl FromStr for MediaKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parts = text.split_once('/');
        let key = parts.and_then(|(org, file)| {
            Some(Self {
                org: org.parse().ok()?,
                file: file.parse().ok()?,
            })
        });
        key.filter(|key| key.to_string() == text).ok_or_else(|| {
            let message = format!("{text:?} is no key of a stored file");
            Error::new(Code::IdInvalid, message)
        })
    }
}

impl Serialize for MediaKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MediaKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

crate::text_schema::written_as_text!(MediaKey);

/// A message's file that was downloaded into the media store. One for each message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaFile {
    /// The organisation.
    pub org: OrgId,
    /// The message that it came with.
    pub message: MessageId,
    /// Whose message it is.
    pub contact: ContactId,
    /// By which of our senders it came, or went out.
    pub account: AccountId,
    /// The channel.
    pub channel: Channel,
    /// What the platform called it: an edited message may have another one by now.
    pub source: MediaSource,
    /// The media type, as the platform or else the message told it.
    pub mime_type: Option<String>,
    /// How many bytes it has.
    pub size: u64,
    /// The SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// When it was stored.
    pub at: DateTime<Utc>,
}

impl MediaFile {
    /// Its key in the media store.
    pub const fn key(&self) -> MediaKey {
        MediaKey::of(self.org, self.message)
    }
}

/// A file to store for messages to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMedia {
    /// What messages will send it as.
    pub kind: crate::message::MediaKind,
    /// The media type, as in `image/jpeg`.
    pub mime_type: String,
    /// The name that a document is shown with.
    pub filename: Option<String>,
}

/// Whether the SHA-256 that was told of a file, in hex or in base64, is this one. What is told in no way that is known
/// says nothing.
pub fn is_sha256(told: &str, digest: &[u8; 32]) -> bool {
    let told = told.trim();
    let bytes = hex::decode(told).ok().filter(|bytes| bytes.len() == 32);
    let bytes = bytes.or_else(|| STANDARD.decode(told).ok());
    bytes
        .filter(|bytes| bytes.len() == 32)
        .is_none_or(|bytes| bytes == digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_two_ids_and_nothing_else() {
        let key = "0190a3b0-0000-7000-8000-000000000001/0190a3b0-0000-7000-8000-000000000002";
        assert_eq!(key.parse::<MediaKey>().unwrap().to_string(), key);
        for bad in [
            "",
            "/",
            "a/b",
            "../../etc/passwd",
            "0190a3b0-0000-7000-8000-000000000001/../secret",
            "0190a3b0-0000-7000-8000-000000000001/0190a3b0-0000-7000-8000-000000000002/x",
            "0190a3b0-0000-7000-8000-000000000001/0190a3b0000070008000000000000002",
            "0190A3B0-0000-7000-8000-000000000001/0190a3b0-0000-7000-8000-000000000002",
        ] {
            assert_eq!(
                bad.parse::<MediaKey>().unwrap_err().code(),
                Code::IdInvalid,
                "{bad}"
            );
        }
    }

    #[test]
    fn a_hash_is_read_in_hex_and_base64_and_says_nothing_otherwise() {
        let digest: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let hex = hex::encode(digest);
        let base64 = STANDARD.encode(digest);
        for same in [&hex, &hex.to_uppercase(), &base64, "whatever", ""] {
            assert!(is_sha256(same, &digest), "{same}");
        }
        let mut other = digest;
        other[31] ^= 1;
        for told in [&hex, &base64] {
            assert!(!is_sha256(told, &other), "{told}");
        }
    }
}
