//! Erasing a person: what is looked for while it is under way, what becomes of each record that has some of it, and the
//! certificate that is left.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::channel::Channel;
use crate::conversation::{Evidence, Message};
use crate::identity::{Address, AddressKind};
use crate::ids::{AccountId, ContactId, MessageId, OrgId};
use crate::journal::{Actor, Entry, What};
use crate::media::MediaFile;
use crate::message::{Content, MediaSource};
use crate::phone;
use crate::record::{Quarantined, Record, RecordKind};
use crate::retry::Failure;
use crate::suppression::{AddressHasher, HostKey, Suppression};

/// An erase of a contact: under way, or done. One for each contact that was erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// The organisation.
    pub org: OrgId,
    /// The addresses that are looked for while it is under way; none once it is done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Address>,
    /// What was erased so far.
    pub certificate: ErasureCertificate,
}

impl Erasure {
    /// Whether something is left to do.
    pub const fn is_open(&self) -> bool {
        !self.certificate.scrubbed
    }

    /// Whom it is about.
    pub fn trail(&self) -> Trail {
        Trail::new(self.certificate.ids.iter().copied(), &self.addresses)
    }
}

/// What an erase touched. It names nobody but by id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErasureCertificate {
    /// The contact.
    pub contact: ContactId,
    /// Its id, and those of the contacts that had been merged into it.
    pub ids: Vec<ContactId>,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// Who asked.
    pub by: Actor,
    /// When the last of it was removed; absent while it is under way.
    pub finished_at: Option<DateTime<Utc>>,
    /// Whether what was removed cannot be read out of the store's files any more. While other processes hold them it
    /// cannot be done; due work then tries again.
    pub scrubbed: bool,
    /// How much of each kind there was.
    pub counts: ErasureCounts,
    /// The media files of the person's messages, which the host deletes where it keeps copies of them. Of those in the
    /// media store, the files that the person sent are removed by the erase itself, if the CRM was opened with the store;
    /// the files that were sent to the person may be others' too, and are the host's to delete.
    pub media: Vec<ErasedMedia>,
}

/// How much an erase removed or made nameless.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ErasureCounts {
    /// Conversations removed.
    pub conversations: u64,
    /// Messages removed, in and out.
    pub messages: u64,
    /// References that platforms' message ids lead by, removed.
    pub message_references: u64,
    /// Evidence that waited for its message, removed.
    pub evidence: u64,
    /// Notes of files in the media store removed.
    pub files: u64,
    /// Notes of which ads led to messages removed.
    pub touches: u64,
    /// Notes removed.
    pub notes: u64,
    /// Rows of the ledger that say nothing of the address any more; they still count.
    pub ledger_rows: u64,
    /// Entries of the journal whose personal values were removed.
    pub journal_entries: u64,
    /// Addresses removed, former ones included.
    pub identities: u64,
    /// Ids in other systems removed.
    pub external_ids: u64,
    /// Custom attributes removed.
    pub attributes: u64,
    /// Tags removed.
    pub tags: u64,
    /// Entries of the consent history whose evidence was made nameless.
    pub proofs: u64,
    /// Snapshots that would have taken back a merge, removed.
    pub undo_snapshots: u64,
    /// Windows removed.
    pub windows: u64,
    /// Webhook events that could not be applied and named the person, removed.
    pub quarantined: u64,
    /// Records of other contacts that named the person, and do not any more.
    pub mentions: u64,
}

/// A media file of an erased message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErasedMedia {
    /// The message that had it.
    pub message: MessageId,
    /// The sender at whose platform it is.
    pub account: AccountId,
    /// The channel.
    pub channel: Channel,
    /// The platform's id of the file, its link, or its key in the media store.
    pub source: MediaSource,
}

/// The kinds of records that an erase goes through, in this order: a way to a message is judged by what is left of the
/// message's row.
pub const SWEPT: [RecordKind; 16] = [
    RecordKind::Message,
    RecordKind::MediaFile,
    RecordKind::Touch,
    RecordKind::Conversation,
    RecordKind::TargetList,
    RecordKind::Dispatch,
    RecordKind::MessageRef,
    RecordKind::Parked,
    RecordKind::Note,
    RecordKind::Window,
    RecordKind::Slot,
    RecordKind::Merged,
    RecordKind::Identity,
    RecordKind::ExternalRef,
    RecordKind::Contact,
    RecordKind::Quarantined,
];

/// What finds a person: the ids that lead to the contact, and its addresses.
#[derive(Debug, Clone)]
pub struct Trail {
    ids: BTreeSet<ContactId>,
    keys: BTreeSet<(AddressKind, String)>,
}

impl Trail {
    /// What finds somebody with these ids and addresses.
    pub fn new<'a>(
        ids: impl IntoIterator<Item = ContactId>,
        addresses: impl IntoIterator<Item = &'a Address>,
    ) -> Self {
        Self {
            ids: ids.into_iter().collect(),
            keys: addresses
                .into_iter()
                .map(|address| (address.kind, address.match_key()))
                .filter(|(_, key)| !key.is_empty())
                .collect(),
        }
    }

    /// Whether this is one of the ids.
    pub fn is(&self, contact: ContactId) -> bool {
        self.ids.contains(&contact)
    }

    /// Whether this is one of the addresses, in any spelling.
    pub fn has(&self, address: &Address) -> bool {
        self.keys.contains(&(address.kind, address.match_key()))
    }

    fn has_key(&self, match_key: &str) -> bool {
        self.keys.iter().any(|(_, key)| key == match_key)
    }

    /// Whether a text has one of the addresses in it: a number in any spelling that is one, with or without `+` and
    /// separators; other addresses without regard to case; also inside a WhatsApp message id.
    pub fn is_in(&self, text: &str) -> bool {
        if self.has_number(text) {
            return true;
        }
        let lower = text.to_lowercase();
        let plain = |(kind, key): &(AddressKind, String)| {
            *kind != AddressKind::Phone && lower.contains(&key.to_lowercase())
        };
        self.keys.iter().any(plain) || self.is_in_message_id(text)
    }

    fn has_number(&self, text: &str) -> bool {
        let known = |digits: &str| {
            (5..=20).contains(&digits.len())
                && self
                    .keys
                    .contains(&(AddressKind::Phone, phone::match_key_of_wa_id(digits)))
        };
        let plain = text.split(|c: char| !c.is_ascii_digit()).any(known);
        let spaced = |rest: &str| {
            let part =
                |c: &char| c.is_ascii_digit() || matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}');
            let digits = rest.chars().take_while(part).filter(char::is_ascii_digit);
            known(&digits.collect::<String>())
        };
        plain || text.split('+').skip(1).any(spaced)
    }

    /// A WhatsApp message's or call's id has the person's number or id in it, as base64.
    fn is_in_message_id(&self, text: &str) -> bool {
        const LENIENT: GeneralPurpose = GeneralPurpose::new(
            &alphabet::STANDARD,
            GeneralPurposeConfig::new()
                .with_decode_padding_mode(DecodePaddingMode::Indifferent)
                .with_decode_allow_trailing_bits(true),
        );
        let ids = ["wamid.", "wacid."].into_iter();
        ids.flat_map(|mark| text.split(mark).skip(1))
            .map(|rest| {
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')));
                &rest[..end.unwrap_or(rest.len())]
            })
            .filter_map(|id| LENIENT.decode(id).ok())
            .any(|bytes| {
                let inside = String::from_utf8_lossy(&bytes);
                let other = |(kind, key): &(AddressKind, String)| {
                    *kind != AddressKind::Phone && inside.contains(key.as_str())
                };
                self.has_number(&inside) || self.keys.iter().any(other)
            })
    }

    /// Whether one of the addresses is anywhere in a platform's object.
    pub fn is_in_value(&self, value: &Value) -> bool {
        match value {
            Value::Null | Value::Bool(_) => false,
            Value::Number(number) => self.is_in(&number.to_string()),
            Value::String(text) => self.is_in(text),
            Value::Array(values) => values.iter().any(|value| self.is_in_value(value)),
            Value::Object(fields) => fields
                .iter()
                .any(|(name, value)| self.is_in(name) || self.is_in_value(value)),
        }
    }

    /// Whether an entry of the journal is about the person, or names them in another one's history.
    pub fn is_in_entry(&self, entry: &Entry) -> bool {
        entry.contact.is_some_and(|contact| self.is(contact))
            || match &entry.what {
                What::IdentityConflict { address, other } => self.is(*other) || self.has(address),
                What::ProviderNotice { raw, .. } => self.is_in_value(raw),
                What::Call { call, raw, .. } => self.is_in(call) || self.is_in_value(raw),
                _ => false,
            }
    }
}

/// The addresses that an entry of a contact's history says it had.
pub fn addresses_told(entry: &Entry) -> Vec<Address> {
    match &entry.what {
        What::IdentityAdded { address } => vec![address.clone()],
        What::IdentityMoved { from, to } => vec![from.clone(), to.clone()],
        What::ContactUpdated { changes } | What::ContactMerged { changes, .. } => changes
            .iter()
            .filter(|change| change.field == "email")
            .flat_map(|change| [&change.before, &change.after])
            .filter_map(Value::as_str)
            .map(|email| Address::new(AddressKind::Email, email))
            .collect(),
        _ => Vec::new(),
    }
}

/// What an erase makes of a record.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant)]
pub enum Fate {
    /// It has nothing of the person.
    Keep,
    /// It goes.
    Remove,
    /// It stays, without what it had of the person.
    Replace(Record),
}

/// What an erase makes of a record, by the record alone. Of the ways to messages
/// ([`RecordKind::MessageRef`]) only those that name an address are told so: see `decide::erasure`.
pub fn fate(record: &Record, trail: &Trail, org: OrgId, hasher: &AddressHasher) -> Fate {
    let gone = |gone: bool| if gone { Fate::Remove } else { Fate::Keep };
    match record {
        Record::Message(message) if trail.is(message.contact) => Fate::Remove,
        Record::Message(message) => changed(message, |message| {
            message.reactions.retain(|by, _| !trail.has_key(by));
        }),
        Record::Conversation(thread) => gone(trail.is(thread.contact)),
        Record::MediaFile(file) => gone(trail.is(file.contact)),
        Record::Touch(touch) => gone(trail.is(touch.contact)),
        Record::Dispatch(row) if trail.is(row.contact) => changed(row, |row| {
            // Still one for each address, which cannot be read out of it.
            if let Some(match_key) = row.match_key.as_mut().filter(|key| !key.starts_with(ERASED)) {
                *match_key = format!("{ERASED}{}", hasher.hash(AddressKind::Phone, match_key));
            }
            if let Some(Failure { detail, .. }) = &mut row.failure {
                detail.clear();
            }
        }),
        Record::TargetList(list) => changed(list, |list| list.contacts.retain(|id| !trail.is(*id))),
        Record::MessageRef(way) => gone(trail.is_in(&way.token)),
        Record::Parked(parked) if trail.is_in(&parked.provider_id) => Fate::Remove,
        Record::Parked(parked) => {
            let mut left = parked.clone();
            left.evidence.retain(|evidence| match evidence {
                Evidence::Reaction { by, .. } => !trail.has_key(by),
                Evidence::Edit { edit_id, .. } => !trail.is_in(edit_id),
                Evidence::Status { .. } | Evidence::Revoke { .. } => true,
            });
            match left.evidence.len() {
                0 => Fate::Remove,
                _ if left == *parked => Fate::Keep,
                _ => Fate::Replace(left.into()),
            }
        }
        Record::Note(note) => gone(trail.is(note.contact)),
        Record::Window(window) => gone(trail.has(&window.address)),
        Record::Slot(slot) => gone(trail.is(slot.contact)),
        Record::Merged(merged) if trail.is(merged.contact) => changed(merged, |merged| merged.undo = None),
        Record::Merged(merged) => changed(merged, |merged| {
            if let Some(undo) = &mut merged.undo {
                for contact in [&mut undo.duplicate, &mut undo.before, &mut undo.after] {
                    contact.elsewhere.retain(|other| !trail.has(&other.address));
                }
            }
        }),
        Record::Identity(identity) => gone(trail.is(identity.contact)),
        Record::ExternalRef(external) => gone(trail.is(external.contact)),
        Record::Contact(contact) => changed(contact, |contact| {
            contact.elsewhere.retain(|other| !trail.has(&other.address));
        }),
        Record::Quarantined(event) => gone(ours(event, org) && trail.is_in_value(&event.raw)),
        // Of the organisation, or nothing but hashes and ids.
        Record::Org(_)
        | Record::Route(_)
        | Record::Account(_)
        | Record::Tag(_)
        | Record::Label(_)
        | Record::Rule(_)
        | Record::Attribute(_)
        | Record::Member(_)
        | Record::Template(_)
        | Record::Broadcast(_)
        | Record::Sequence(_)
        | Record::SequenceVersion(_)
        | Record::Enrollment(_)
        | Record::Dispatch(_)
        | Record::Survey(_)
        | Record::Import(_)
        | Record::Segment(_)
        | Record::SegmentName(_)
        | Record::QuickReply(_)
        | Record::QuickReplyName(_)
        | Record::Suppression(_)
        | Record::Seal(_)
        | Record::Erasure(_) => Fate::Keep,
    }
}

/// What an erased row's match key begins with, which no address does.
const ERASED: &str = "erased:";

/// A record whose hashes of addresses are not under the host's key yet, with hashes that are; `None`: it has none of
/// those.
pub fn under_host_key(record: &Record, key: &HostKey) -> Option<Record> {
    let after = match record {
        Record::Suppression(held) => Record::from(Suppression {
            hash: key.over(&held.hash),
            ..held.clone()
        }),
        Record::Dispatch(row) => {
            let mut row = row.clone();
            let hash = row.match_key.as_deref()?.strip_prefix(ERASED)?;
            row.match_key = Some(format!("{ERASED}{}", key.over(hash)));
            row.into()
        }
        _ => return None,
    };
    (after != *record).then_some(after)
}

/// The kinds of records that have hashes of addresses.
pub const HASHED: [RecordKind; 2] = [RecordKind::Suppression, RecordKind::Dispatch];

/// An event that found no organisation is nobody's: whoever it names may have it erased.
fn ours(event: &Quarantined, org: OrgId) -> bool {
    event.org.is_none_or(|of| of == org)
}

fn changed<R: Clone + PartialEq + Into<Record>>(record: &R, change: impl FnOnce(&mut R)) -> Fate {
    let mut left = record.clone();
    change(&mut left);
    if left == *record {
        Fate::Keep
    } else {
        Fate::Replace(left.into())
    }
}

/// The media file of a message.
pub fn media_of(message: &Message) -> Option<ErasedMedia> {
    let Content::Media(media) = &message.content else {
        return None;
    };
    Some(ErasedMedia {
        message: message.id,
        account: message.account,
        channel: message.channel,
        source: media.source.clone(),
    })
}

/// A message's file in the media store.
pub fn stored_of(file: &MediaFile) -> ErasedMedia {
    ErasedMedia {
        message: file.message,
        account: file.account,
        channel: file.channel,
        source: MediaSource::Stored(file.key()),
    }
}

#[cfg(test)]
mod tests;
