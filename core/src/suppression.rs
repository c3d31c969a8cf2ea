//! What is still known of an address when its contact is deleted: that its person opted out, and when it last got a
//! marketing template. The address itself is not: it is found by a keyed hash.

use std::fmt;

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::consent::{Consent, Fact, Proof};
use crate::identity::AddressKind;
use crate::ids::{AttemptId, OrgId};

/// What addresses are hashed with, one an organisation. Its debug form does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SuppressionKey([u8; 32]);

impl SuppressionKey {
    /// A key of 32 bytes that nobody can guess.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash of an address, by its kind and the key under which its spellings meet: HMAC-SHA-256 in hexadecimal.
    pub fn hash(&self, kind: AddressKind, match_key: &str) -> String {
        // A key shorter than a block is filled up with zeros (RFC 2104).
        let mut block = [0; 64];
        block[..32].copy_from_slice(&self.0);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(kind.as_str().as_bytes());
        mac.update(&[0]);
        mac.update(match_key.as_bytes());
        hex::encode(mac.finalize().into_bytes())
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
    /// The [hash](SuppressionKey::hash) of the address.
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
