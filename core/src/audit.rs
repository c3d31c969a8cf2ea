//! The sealed chain over the audit: whether an entry was changed, taken out or put in since it was sealed.
//!
//! Entries are sealed in batches after they were committed, so that no writer waits for it. A [`Seal`] keeps a digest of
//! each entry under a salt of its own, and the hash of everything up to its end, which the next one begins with. What
//! the salt hides cannot be guessed once it is dropped: an erased entry leaves its digest, and the chain still holds.
//!
//! The chain proves nothing to whoever can rewrite all of it; a head that is kept elsewhere does.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::ids::OrgId;
use crate::journal::Entry;

/// The most entries that one seal holds.
pub const MOST_SEALED: usize = 256;

macro_rules! bytes {
    ($(#[$doc:meta])* $name:ident, $length:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; $length]);

        impl From<$name> for String {
            fn from(bytes: $name) -> Self {
                hex::encode(bytes.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = &'static str;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                let mut bytes = [0; $length];
                hex::decode_to_slice(text, &mut bytes)
                    .map_err(|_| concat!($length, " bytes in hexadecimal were expected"))?;
                Ok(Self(bytes))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }
    };
}

bytes! {
    /// A SHA-256, written in hexadecimal.
    Digest, 32
}

bytes! {
    /// 16 bytes that nobody can guess, written in hexadecimal.
    Salt, 16
}

crate::text_schema::written_as_text!(Digest);

impl Salt {
    /// A salt of the system's own random bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

/// One entry, sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaf {
    /// The entry's position in the journal.
    pub position: u64,
    /// SHA-256 of the salt and the entry.
    pub digest: Digest,
    /// What the entry was hashed with; absent: the entry was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<Salt>,
}

impl Leaf {
    /// Drops the salt of an entry that is erased: what it said cannot be found by trying out any more.
    pub fn forget(&mut self) {
        self.salt = None;
    }
}

/// Audited entries that follow each other, sealed.
///
/// Whoever erases an entry in the same commit forgets its leaf. For an entry that no seal holds yet, that commit writes
/// the last seal again as it is and expects that there is no next one: so it conflicts with a worker who is sealing the
/// entry as it was, whose commit expects the last seal's version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// The organisation.
    pub org: OrgId,
    /// 1 for the first, and so on without a gap.
    pub number: u64,
    /// The head of the seal before; of the first one, a hash of the organisation's id.
    pub previous: Digest,
    /// The entries, by position; at least one.
    pub leaves: Vec<Leaf>,
    /// The hash of everything up to the last entry.
    pub head: Digest,
    /// When it was made.
    pub sealed_at: DateTime<Utc>,
}

impl Seal {
    /// Seals entries that follow the last seal, in their order; nothing to seal without entries.
    pub fn over(
        org: OrgId,
        last: Option<&Self>,
        entries: &[(u64, Entry)],
        mut salt: impl FnMut() -> Salt,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let leaves: Vec<Leaf> = entries
            .iter()
            .map(|(position, entry)| {
                let salt = salt();
                Leaf {
                    position: *position,
                    digest: digest(salt, entry),
                    salt: Some(salt),
                }
            })
            .collect();
        if leaves.is_empty() {
            return None;
        }
        let mut seal = Self {
            org,
            number: last.map_or(0, |last| last.number) + 1,
            previous: last.map_or_else(|| beginning(org), |last| last.head),
            leaves,
            head: Digest([0; 32]),
            sealed_at: now,
        };
        seal.head = seal.walked(entries.iter().map(|(_, entry)| entry));
        Some(seal)
    }

    /// The position of the last entry.
    pub fn through(&self) -> u64 {
        self.leaves.last().map_or(0, |leaf| leaf.position)
    }

    /// What the chain has come to after this seal.
    pub fn head(&self) -> AuditHead {
        AuditHead {
            seal: self.number,
            position: self.through(),
            hash: self.head,
        }
    }

    /// The hash that this seal's entries lead to.
    fn walked<'a>(&self, entries: impl Iterator<Item = &'a Entry>) -> Digest {
        let opened = hash(
            "tertulia audit seal",
            &[
                &self.previous.0,
                &self.number.to_be_bytes(),
                time(self.sealed_at).as_bytes(),
            ],
        );
        self.leaves
            .iter()
            .zip(entries)
            .fold(opened, |head, (leaf, entry)| {
                let contact = entry.contact.map(|contact| contact.0.into_bytes());
                hash(
                    "tertulia audit entry",
                    &[
                        &head.0,
                        &leaf.position.to_be_bytes(),
                        time(entry.at).as_bytes(),
                        time(entry.recorded_at).as_bytes(),
                        contact.as_ref().map_or(&[], |contact| contact),
                        entry.what.kind().as_str().as_bytes(),
                        &leaf.digest.0,
                    ],
                )
            })
    }
}

/// How far the chain had come at some time: kept elsewhere, it shows whether the chain still has what it had then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditHead {
    /// The number of the seal.
    pub seal: u64,
    /// The position of its last entry.
    pub position: u64,
    /// The hash of everything up to there.
    pub hash: Digest,
}

/// What is wrong with an audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditFault {
    /// The entry was changed, or erased by somebody else than this library.
    Changed,
    /// A sealed entry is not there.
    Missing,
    /// An entry is there that was not when its neighbours were sealed.
    Foreign,
    /// The seal itself was changed, does not follow the one before, or an erased entry's time, kind or contact was
    /// changed.
    Seal,
}

/// Where an audit is not as it was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditBreak {
    /// The entry's position; of a seal, that of its first entry.
    pub position: u64,
    /// What is wrong.
    pub why: AuditFault,
}

/// What looking at the whole audit came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditVerdict {
    /// How far the chain holds: keep this elsewhere. Absent: nothing is sealed, or the first seal does not hold.
    pub head: Option<AuditHead>,
    /// How many sealed entries hold, erased ones among them.
    pub entries: u64,
    /// How many of these were erased since.
    pub redacted: u64,
    /// How many entries are not sealed yet.
    pub unsealed: u64,
    /// Where it is not as it was sealed; what follows was not looked at.
    pub first_break: Option<AuditBreak>,
    /// Whether the chain still has the head that was asked about; absent if none was.
    pub holds_head: Option<bool>,
}

/// Goes through the seals of an organisation, from the first to the last.
#[derive(Debug)]
pub struct Verifier {
    org: OrgId,
    against: Option<AuditHead>,
    verdict: AuditVerdict,
}

impl Verifier {
    /// A verifier at the beginning of a chain, that looks out for a head.
    pub const fn new(org: OrgId, against: Option<AuditHead>) -> Self {
        Self {
            org,
            against,
            verdict: AuditVerdict {
                head: None,
                entries: 0,
                redacted: 0,
                unsealed: 0,
                first_break: None,
                holds_head: None,
            },
        }
    }

    /// The position of the last entry that holds.
    pub fn position(&self) -> u64 {
        self.verdict.head.map_or(0, |head| head.position)
    }

    /// Whether the last seal that was looked at does not hold.
    pub const fn is_broken(&self) -> bool {
        self.verdict.first_break.is_some()
    }

    /// Looks at the next seal and at all audited entries behind the one before, up to this one's last position; whether
    /// it holds. One that does not may be looked at again, read anew.
    pub fn next(&mut self, seal: &Seal, entries: &[(u64, Entry)]) -> bool {
        if let Some((position, why)) = self.fault(seal, entries) {
            self.verdict.first_break = Some(AuditBreak { position, why });
            return false;
        }
        self.verdict.first_break = None;
        let count = |entries: usize| u64::try_from(entries).unwrap_or(u64::MAX);
        self.verdict.entries += count(entries.len());
        self.verdict.redacted += count(entries.iter().filter(|(_, entry)| entry.redacted).count());
        self.verdict.head = Some(seal.head());
        if self.against == self.verdict.head {
            self.verdict.holds_head = Some(true);
        }
        true
    }

    fn fault(&self, seal: &Seal, entries: &[(u64, Entry)]) -> Option<(u64, AuditFault)> {
        let of_seal = seal.leaves.first().map_or(0, |leaf| leaf.position);
        let (number, previous) = match self.verdict.head {
            Some(head) => (head.seal + 1, head.hash),
            None => (1, beginning(self.org)),
        };
        if (seal.org, seal.number, seal.previous) != (self.org, number, previous) {
            return Some((of_seal, AuditFault::Seal));
        }
        let mut found = entries.iter().peekable();
        for leaf in &seal.leaves {
            match found.next() {
                Some((position, _)) if *position < leaf.position => {
                    return Some((*position, AuditFault::Foreign));
                }
                Some((position, entry)) if *position == leaf.position => {
                    let same = match leaf.salt {
                        Some(salt) => digest(salt, entry) == leaf.digest,
                        None => entry.redacted,
                    };
                    if !same {
                        return Some((leaf.position, AuditFault::Changed));
                    }
                }
                _ => return Some((leaf.position, AuditFault::Missing)),
            }
        }
        if let Some((position, _)) = found.next() {
            return Some((*position, AuditFault::Foreign));
        }
        let walked = seal.walked(entries.iter().map(|(_, entry)| entry));
        (seal.leaves.is_empty() || walked != seal.head).then_some((of_seal, AuditFault::Seal))
    }

    /// What it came to, with so many entries behind the last seal.
    pub fn verdict(self, unsealed: u64) -> AuditVerdict {
        AuditVerdict {
            unsealed,
            holds_head: self.against.map(|_| self.verdict.holds_head.is_some()),
            ..self.verdict
        }
    }
}

/// What the chain of an organisation begins with.
fn beginning(org: OrgId) -> Digest {
    hash("tertulia audit", &[org.0.as_bytes()])
}

/// The digest of an entry: all of it, so that what was changed is named.
fn digest(salt: Salt, entry: &Entry) -> Digest {
    let mut text = String::new();
    write_sorted(&mut text, &serde_json::to_value(entry).unwrap_or_default());
    hash("tertulia audit leaf", &[&salt.0, text.as_bytes()])
}

/// SHA-256 of parts, each with its length, so that no two lists of parts are hashed alike.
fn hash(of: &str, parts: &[&[u8]]) -> Digest {
    let mut hash = Sha256::new();
    for part in [of.as_bytes()].iter().chain(parts) {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    Digest(hash.finalize().into())
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Nanos, true)
}

/// JSON with the keys of objects in order, so that it is the same wherever it comes from.
fn write_sorted(to: &mut String, value: &Value) {
    match value {
        Value::Object(object) => {
            let mut fields: Vec<(&String, &Value)> = object.iter().collect();
            fields.sort_unstable_by_key(|(key, _)| *key);
            let mut sign = '{';
            for (key, value) in fields {
                to.push(sign);
                to.push_str(&Value::from(key.as_str()).to_string());
                to.push(':');
                write_sorted(to, value);
                sign = ',';
            }
            to.push_str(if sign == '{' { "{}" } else { "}" });
        }
        Value::Array(list) => {
            let mut sign = '[';
            for value in list {
                to.push(sign);
                write_sorted(to, value);
                sign = ',';
            }
            to.push_str(if sign == '[' { "[]" } else { "]" });
        }
        simple => to.push_str(&simple.to_string()),
    }
}

#[cfg(test)]
mod tests;
