//! What is still known of an address when its contact is deleted: that its person opted out, and when it last got a
//! marketing template. The address itself is not: it is found by a keyed hash.

use std::fmt;

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::consent::{Consent, Fact, Proof};
use crate::error::{Code, Error};
use crate::identity::AddressKind;
use crate::ids::{AttemptId, OrgId};
use crate::record::Org;

/// HMAC-SHA-256 in hexadecimal, of parts that a zero byte divides.
fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> String {
    // A key shorter than a block is filled up with zeros (RFC 2104).
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            mac.update(&[0]);
        }
        mac.update(part);
    }
    hex::encode(mac.finalize().into_bytes())
}

/// What addresses are hashed with, one an organisation, in the store. Its debug form does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SuppressionKey([u8; 32]);

impl SuppressionKey {
    /// A key of 32 bytes that nobody can guess.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// A key of the host's, never stored, that hashes of addresses are hashed with once more: whoever has the store alone
/// cannot try out numbers against them. Its debug form does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct HostKey([u8; 32]);

impl HostKey {
    /// A key of 32 random bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// What an organisation remembers the key by.
    pub fn check(&self, org: OrgId) -> String {
        hmac(&self.0, &[b"check", org.to_string().as_bytes()])
    }

    /// A hash under the key; one that is already stays as it is.
    pub fn over(&self, hash: &str) -> String {
        if hash.starts_with(UNDER_HOST_KEY) {
            return hash.to_owned();
        }
        format!("{UNDER_HOST_KEY}{}", hmac(&self.0, &[b"hash", hash.as_bytes()]))
    }
}

/// What a hash under the host's key begins with.
const UNDER_HOST_KEY: char = 'k';

impl fmt::Debug for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostKey(…)")
    }
}

/// That an organisation's hashes are under a key of the host's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostKeyed {
    /// [What the key is known by](HostKey::check).
    pub check: String,
    /// Whether all hashes from before are under it too. Until then nothing is decided for the organisation.
    pub done: bool,
}

/// Makes the hashes of an organisation's addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressHasher {
    org: SuppressionKey,
    host: Option<HostKey>,
}

impl AddressHasher {
    /// That of an organisation, whose hashes are under the host's key or not.
    ///
    /// Fails with `suppression.key_missing` if they are and there is none, `suppression.key_wrong` if it is another one.
    pub fn of(org: &Org, host: Option<&HostKey>) -> Result<Self, Error> {
        let host = match (&org.host_key, host) {
            (None, _) => None,
            (Some(keyed), Some(host)) if keyed.check == host.check(org.id) => Some(host.clone()),
            (Some(_), host) => {
                let (code, what) = match host {
                    None => (Code::SuppressionKeyMissing, "none was given"),
                    Some(_) => (Code::SuppressionKeyWrong, "another one was given"),
                };
                let message = format!(
                    "organisation {} hashes addresses under a key of the host's, and {what}",
                    org.id
                );
                return Err(Error::new(code, message));
            }
        };
        Ok(Self {
            org: org.suppression_key.clone(),
            host,
        })
    }

    /// The hash of an address, by its kind and the key under which its spellings meet.
    pub fn hash(&self, kind: AddressKind, match_key: &str) -> String {
        let hash = hmac(&self.org.0, &[kind.as_str().as_bytes(), match_key.as_bytes()]);
        match &self.host {
            Some(host) => host.over(&hash),
            None => hash,
        }
    }
}

impl fmt::Debug for SuppressionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SuppressionKey(…)")
    }
}

impl From<SuppressionKey> for String {
    fn from(key: SuppressionKey) -> Self {
        hex::encode(key.0)
    }
}

impl TryFrom<String> for SuppressionKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| "a key is 32 bytes in hexadecimal")?;
        Ok(Self(bytes))
    }
}

/// What outlives the contacts of an address. Unique per organisation and hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// The organisation.
    pub org: OrgId,
    /// The [hash](AddressHasher::hash) of the address.
    pub hash: String,
    /// The opt-outs in force when the contact was deleted.
    pub facts: Vec<Fact>,
    /// The last marketing template to it, and by which attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<(DateTime<Utc>, AttemptId)>,
    /// When its contact was erased: what a platform says again that was said before then is not taken in anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased_at: Option<DateTime<Utc>>,
}

/// The opt-outs in force of all that is known, in words that name no person.
pub fn revocations(consent: &Consent) -> Vec<Fact> {
    let mut facts: Vec<Fact> = consent.revocations().into_iter().map(nameless).collect();
    facts.sort_unstable();
    facts.dedup();
    facts
}

const MESSAGE: &str = "a message of the person, since deleted";
const LINE: &str = "a line of a file";

/// The same entry, its evidence in words that name no person: a platform's message id has a number in it, a file or a
/// host's words may have a name.
pub(crate) fn nameless(fact: Fact) -> Fact {
    let stated = |words: &str| Proof::Stated(words.to_owned());
    let proof = match fact.proof {
        Proof::Message(_) => stated(MESSAGE),
        Proof::Line { .. } => stated(LINE),
        Proof::Stated(words) if words == MESSAGE || words == LINE => Proof::Stated(words),
        Proof::Stated(_) => stated("the host's words, since deleted"),
        proof @ (Proof::Agent(_) | Proof::Provider(_)) => proof,
    };
    Fact { proof, ..fact }
}
