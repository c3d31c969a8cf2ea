//! Everything that is held about one person: what the right of access asks for.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::consent::{Fact, Proof};
use crate::contact::Contact;
use crate::context::OrgContext;
use crate::conversation::{Conversation, Message, Parked};
use crate::ctwa::Touch;
use crate::erasure::{ErasureCertificate, Fate, Trail, fate};
use crate::identity::Address;
use crate::ids::{DispatchId, MessageId, OrgId};
use crate::import::Import;
use crate::journal::Entry;
use crate::ledger::{Dispatch, Slot};
use crate::media::MediaFile;
use crate::merge::Merged;
use crate::note::Note;
use crate::record::{Quarantined, Record, RecordKind};
use crate::sequence::Enrollment;
use crate::suppression::{AddressHasher, Suppression};
use crate::survey::Survey;
use crate::window::Window;

/// Everything that is held about one contact and those that were merged into it. Serialized it is one JSON object.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Dossier {
    /// The contact, with its addresses and the history of its consent.
    pub contact: Contact,
    /// The contacts that were merged into it, and what would take each merge back.
    pub merged: Vec<Merged>,
    /// Notes about it.
    pub notes: Vec<Note>,
    /// Its conversations.
    pub conversations: Vec<Conversation>,
    /// Its messages, in and out.
    pub messages: Vec<Message>,
    /// The files of its messages in the media store.
    pub files: Vec<MediaFile>,
    /// The ads and posts that led to its messages.
    pub touches: Vec<Touch>,
    /// The surveys that it was asked, or was to be asked.
    pub surveys: Vec<Survey>,
    /// The platforms' ids that lead to its messages.
    pub message_references: Vec<String>,
    /// What waits for a message that is not known yet.
    pub evidence: Vec<Parked>,
    /// Its rows of the ledger.
    pub ledger: Vec<Dispatch>,
    /// The sequences that it was in, and what it went through there.
    pub enrollments: Vec<Enrollment>,
    /// The windows of its addresses.
    pub windows: Vec<Window>,
    /// The last marketing template to it.
    pub slots: Vec<Slot>,
    /// What is held against its addresses, by their keyed hashes.
    pub suppressions: Vec<Suppression>,
    /// The imports whose file the evidence of its consent names.
    pub imports: Vec<Import>,
    /// Webhook events that could not be applied and name one of its addresses.
    pub quarantined: Vec<Quarantined>,
    /// Where records of other contacts name one of its addresses.
    pub mentions: Vec<DossierMention>,
    /// Every entry of the journal about it, and those of others, or of nobody, that name it.
    pub journal: Vec<Entry>,
    /// The certificate, if it was erased.
    pub erasure: Option<ErasureCertificate>,
}

/// A record of another contact that names the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DossierMention {
    /// The kind of record.
    pub record: String,
    /// Its id.
    pub id: String,
}

impl Dossier {
    /// A dossier in which there is nothing but the contact.
    const fn new(contact: Contact) -> Self {
        Self {
            contact,
            merged: Vec::new(),
            notes: Vec::new(),
            conversations: Vec::new(),
            messages: Vec::new(),
            files: Vec::new(),
            touches: Vec::new(),
            surveys: Vec::new(),
            message_references: Vec::new(),
            evidence: Vec::new(),
            ledger: Vec::new(),
            enrollments: Vec::new(),
            windows: Vec::new(),
            slots: Vec::new(),
            suppressions: Vec::new(),
            imports: Vec::new(),
            quarantined: Vec::new(),
            mentions: Vec::new(),
            journal: Vec::new(),
            erasure: None,
        }
    }
}

/// A dossier that is being put together.
#[derive(Debug)]
pub struct Gathering {
    dossier: Dossier,
    trail: Trail,
    org: OrgId,
    hasher: AddressHasher,
    hashes: BTreeSet<String>,
    files: BTreeSet<String>,
    messages: BTreeSet<MessageId>,
    rows: BTreeSet<DispatchId>,
}

impl Gathering {
    /// Begins with the contact, and the addresses that are or were its own and nobody else's since.
    pub fn new(contact: Contact, addresses: &[Address], org: &OrgContext) -> Self {
        let hash = |address: &Address| org.hasher.hash(address.kind, &address.match_key());
        let file = |fact: &Fact| match &fact.proof {
            Proof::Line { file, .. } => Some(file.clone()),
            _ => None,
        };
        Self {
            trail: Trail::new(contact.ids(), addresses),
            org: org.id,
            hasher: org.hasher.clone(),
            hashes: addresses.iter().map(hash).collect(),
            files: contact.consent.history().into_iter().filter_map(file).collect(),
            messages: BTreeSet::new(),
            rows: BTreeSet::new(),
            dossier: Dossier::new(contact),
        }
    }

    /// Puts in a record that is about the person or names them; others are left out. The ways to messages are to come
    /// after messages and rows of the ledger.
    pub fn add(&mut self, record: Record) {
        let named = fate(&record, &self.trail, self.org, &self.hasher) != Fate::Keep;
        let kind = record.kind().as_str();
        let (trail, dossier) = (&self.trail, &mut self.dossier);
        let mut mention = |id: String| {
            dossier.mentions.push(DossierMention {
                record: kind.to_owned(),
                id,
            });
        };
        match record {
            Record::Message(message) if trail.is(message.contact) => {
                self.messages.insert(message.id);
                dossier.messages.push(message);
            }
            Record::Message(message) if named => mention(message.id.to_string()),
            Record::Contact(contact) if named && !trail.is(contact.id) => mention(contact.id.to_string()),
            Record::Merged(merged) if trail.is(merged.contact) => dossier.merged.push(merged),
            Record::Merged(merged) if named => mention(merged.contact.to_string()),
            Record::Conversation(thread) if named => dossier.conversations.push(thread),
            Record::Dispatch(row) if trail.is(row.contact) => {
                self.rows.insert(row.id);
                dossier.ledger.push(row);
            }
            Record::Enrollment(enrollment) if trail.is(enrollment.contact) => {
                dossier.enrollments.push(enrollment);
            }
            Record::Survey(survey) if trail.is(survey.contact) => dossier.surveys.push(survey),
            Record::MessageRef(way)
                if named
                    || self.messages.contains(&way.message)
                    || way.dispatch.is_some_and(|row| self.rows.contains(&row)) =>
            {
                dossier.message_references.push(way.token);
            }
            Record::Parked(parked) if named => dossier.evidence.push(parked),
            Record::MediaFile(file) if named => dossier.files.push(file),
            Record::Touch(touch) if named => dossier.touches.push(touch),
            Record::Note(note) if named => dossier.notes.push(note),
            Record::Window(window) if named => dossier.windows.push(window),
            Record::Slot(slot) if named => dossier.slots.push(slot),
            Record::Quarantined(event) if named => dossier.quarantined.push(event),
            Record::Suppression(held) if self.hashes.contains(&held.hash) => dossier.suppressions.push(held),
            Record::Import(import) if self.files.contains(&import.file) => dossier.imports.push(import),
            Record::Erasure(erasure) if trail.is(erasure.certificate.contact) => {
                dossier.erasure = Some(erasure.certificate);
            }
            // Whose an address or an id in another system is, the contact says itself.
            _ => {}
        }
    }

    /// Puts in an entry of the journal that is about the person or names them.
    pub fn hear(&mut self, entry: Entry) {
        if self.trail.is_in_entry(&entry) {
            self.dossier.journal.push(entry);
        }
    }

    /// The dossier.
    pub fn finish(self) -> Dossier {
        self.dossier
    }
}

/// The kinds of records that a dossier is gathered from, in this order.
pub const GATHERED: [RecordKind; 18] = [
    RecordKind::Merged,
    RecordKind::Note,
    RecordKind::Conversation,
    RecordKind::Message,
    RecordKind::MediaFile,
    RecordKind::Touch,
    RecordKind::Survey,
    RecordKind::Dispatch,
    RecordKind::Enrollment,
    RecordKind::MessageRef,
    RecordKind::Parked,
    RecordKind::Window,
    RecordKind::Slot,
    RecordKind::Suppression,
    RecordKind::Import,
    RecordKind::Contact,
    RecordKind::Quarantined,
    RecordKind::Erasure,
];

#[cfg(test)]
mod tests;
