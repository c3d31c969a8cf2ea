//! The record of a person.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::account::DAY;
use crate::channel::Channel;
use crate::consent::Consent;
use crate::conversation::{Conversation, ConversationStatus};
use crate::error::{Code, Error};
use crate::fold::fold;
use crate::identity::{Address, AddressKind};
use crate::ids::{AccountId, AgentId, ContactId, ConversationId, DispatchId, OrgId, SequenceId};
use crate::sequence::Enrolled;

/// A person, with all that a decision about them needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// The id: the contact's own identity, whatever addresses come and go.
    pub id: ContactId,
    /// The organisation.
    pub org: OrgId,
    /// Grows with each change of the profile; an update names the one it read.
    pub revision: u64,
    /// The full name as somebody entered it.
    pub name: Option<String>,
    /// The first name as somebody entered it.
    pub first_name: Option<String>,
    /// The last name as somebody entered it.
    pub last_name: Option<String>,
    /// The name that the person gave themself at the platform, the latest by the provider's time.
    pub profile_name: Option<(DateTime<Utc>, String)>,
    /// The user name at the platform: shown, never matched.
    pub username: Option<(DateTime<Utc>, String)>,
    /// The e-mail address.
    pub email: Option<String>,
    /// Addresses, current and former.
    pub identities: Vec<Identity>,
    /// Addresses that the platform named together with this contact's own though they were somebody else's, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<Elsewhere>,
    /// Ids in other systems: system → id.
    #[serde(default)]
    pub external_ids: BTreeMap<String, String>,
    /// Tags: folded key → as first written.
    pub tags: BTreeMap<String, String>,
    /// Custom attributes, and provider data under reserved names (`ctwa`).
    #[serde(default)]
    pub attributes: BTreeMap<String, Value>,
    /// How far the person is on the way to buying.
    pub lead: LeadStatus,
    /// The member of the team who is responsible.
    pub owner: Option<AgentId>,
    /// Active, inactive, blocked or deleted.
    pub status: RecordStatus,
    /// What an unblock restores.
    pub status_before_block: Option<RecordStatus>,
    /// The channel of the first contact.
    pub source_channel: Option<Channel>,
    /// How the record came to be.
    pub created_by: CreatedBy,
    /// When it came to be: for one made by a message, the earliest message's time.
    pub created_at: DateTime<Utc>,
    /// When the person last wrote or called, by the provider's time.
    pub last_inbound: Option<DateTime<Utc>>,
    /// When anything last went in or out.
    pub last_interaction: Option<DateTime<Utc>>,
    /// What the person agreed to.
    pub consent: Consent,
    /// The thread that the next message belongs to.
    pub conversation: Option<ConversationId>,
    /// Where that thread stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation_status: Option<ConversationStatus>,
    /// The last message of a broadcast or sequence sent to them: what a reply or an opt-out is counted for.
    pub last_campaign: Option<(DateTime<Utc>, DispatchId)>,
    /// What each sender last wrote to them, of the last day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub written: Vec<Written>,
    /// Their last enrollment in each sequence that they were ever in.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub enrolled: BTreeMap<SequenceId, Enrolled>,
    /// Each time that they became a customer: what ads are credited with.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub became_customer: BTreeSet<DateTime<Utc>>,
    /// The contacts that were merged into this one: their ids lead here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<ContactId>,
}

/// What a sender last wrote to a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Written {
    /// When.
    pub at: DateTime<Utc>,
    /// The sender.
    pub account: AccountId,
    /// The row of the ledger.
    pub row: DispatchId,
    /// When it last began to write to them, as far as that is counted: a template outside of the window.
    pub began: Option<DateTime<Utc>>,
    /// The row took one of the day's places for it, and gives it back if it is refused.
    pub took: bool,
}

/// One address of a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The address: E.164 for a phone that parses, the provider's own spelling for one that does not.
    pub address: Address,
    /// The key under which its spellings meet.
    pub match_key: String,
    /// The spelling that the provider uses and messages go to, if it told one.
    pub provider_value: Option<String>,
    /// The number is possible, but in no assigned range.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unassigned: bool,
    /// Since when the contact has it.
    pub since: DateTime<Utc>,
    /// Until when; a former address is kept as history and never used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// The merged contact that it came with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_from: Option<ContactId>,
}

/// An address that turned up as a contact's while it was another one's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elsewhere {
    /// The address, as the provider spelled it.
    pub address: Address,
    /// When it was last seen to: whoever has the address later is somebody else.
    pub at: DateTime<Utc>,
}

impl Identity {
    /// The address as messages go to it.
    pub fn sending_address(&self) -> Address {
        Address::new(
            self.address.kind,
            self.provider_value.as_ref().unwrap_or(&self.address.value),
        )
    }
}

/// How far a person is on the way to buying.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum LeadStatus {
    /// No engagement yet.
    #[default]
    Cold,
    /// Showed interest.
    Warm,
    /// Ready to buy.
    Hot,
    /// Bought.
    Customer,
}

impl LeadStatus {
    /// The status's name as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Warm => "warm",
            Self::Hot => "hot",
            Self::Customer => "customer",
        }
    }
}

/// Whether a record takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordStatus {
    /// Takes part.
    Active,
    /// Set aside by hand; a message from the person makes it active again.
    Inactive,
    /// Gets nothing, opens nothing.
    Blocked,
    /// Removed.
    Deleted,
}

impl RecordStatus {
    /// The status's name as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Blocked => "blocked",
            Self::Deleted => "deleted",
        }
    }
}

/// How a record came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CreatedBy {
    /// The person wrote.
    Inbound,
    /// An agent started a conversation.
    Outbound,
    /// A bot captured a lead.
    Chatbot,
    /// A CSV file.
    Import,
    /// By hand.
    Manual,
    /// The host's call.
    Api,
}

impl Contact {
    /// A record with nothing in it.
    pub fn new(org: OrgId, id: ContactId, created_by: CreatedBy, created_at: DateTime<Utc>) -> Self {
        Self {
            id,
            org,
            revision: 1,
            name: None,
            first_name: None,
            last_name: None,
            profile_name: None,
            username: None,
            email: None,
            identities: Vec::new(),
            elsewhere: Vec::new(),
            external_ids: BTreeMap::new(),
            tags: BTreeMap::new(),
            attributes: BTreeMap::new(),
            lead: LeadStatus::default(),
            owner: None,
            status: RecordStatus::Active,
            status_before_block: None,
            source_channel: None,
            created_by,
            created_at,
            last_inbound: None,
            last_interaction: None,
            consent: Consent::default(),
            conversation: None,
            conversation_status: None,
            last_campaign: None,
            written: Vec::new(),
            enrolled: BTreeMap::new(),
            became_customer: BTreeSet::new(),
            merged: Vec::new(),
        }
    }

    /// What a sender last wrote to them.
    pub fn written_by(&self, account: AccountId) -> Option<&Written> {
        self.written.iter().find(|written| written.account == account)
    }

    /// A sender writes to them.
    pub(crate) fn writes(&mut self, written: Written) {
        let over = |other: &Written| other.account == written.account || other.at <= written.at - DAY;
        self.written.retain(|other| !over(other));
        self.written.push(written);
    }

    /// Forgets when a sender began to write to them; when that was, if within the last day.
    pub(crate) fn forget_begun(&mut self, account: AccountId, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let written = self
            .written
            .iter_mut()
            .find(|written| written.account == account)?;
        written.began.take().filter(|began| now < *began + DAY)
    }

    /// The contact's id, and those that lead to it.
    pub fn ids(&self) -> impl Iterator<Item = ContactId> + '_ {
        std::iter::once(self.id).chain(self.merged.iter().copied())
    }

    /// The full name: as entered, else first and last, else the platform's.
    pub fn full_name(&self) -> Option<String> {
        if let Some(name) = &self.name {
            return Some(name.clone());
        }
        let parts: Vec<&str> = [&self.first_name, &self.last_name]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        if parts.is_empty() {
            self.profile_name.as_ref().map(|(_, name)| name.clone())
        } else {
            Some(parts.join(" "))
        }
    }

    /// What lists by name are sorted by: the full name folded, its words parted by single spaces; of who has none, a text
    /// behind all names.
    pub fn name_key(&self) -> String {
        let name = self.full_name().unwrap_or_default();
        let key = fold(&spaced(&name.replace(char::is_control, " ")));
        if key.is_empty() { NAMELESS.to_owned() } else { key }
    }

    /// The addresses in use.
    pub fn current_identities(&self) -> impl Iterator<Item = &Identity> {
        self.identities.iter().filter(|identity| identity.until.is_none())
    }

    /// The primary phone: the first in use.
    pub fn phone(&self) -> Option<&Identity> {
        self.current_identities()
            .find(|identity| identity.address.kind == AddressKind::Phone)
    }

    /// The addresses that can be messaged on this channel.
    pub fn reachable_at(&self, channel: Channel) -> impl Iterator<Item = &Identity> {
        self.current_identities()
            .filter(move |identity| identity.address.kind.reaches(channel))
    }

    /// The address on a channel that a message goes to if the person wrote from none of them: the first that their
    /// opt-in covers, else the first.
    pub fn destination(&self, channel: Channel, marketing: bool, sender: AccountId) -> Option<&Identity> {
        let covered = |identity: &&Identity| {
            self.consent
                .permits(marketing, sender, identity.merged_from)
                .is_ok()
        };
        self.reachable_at(channel)
            .find(covered)
            .or_else(|| self.reachable_at(channel).next())
    }

    /// The merged contact with which one of these addresses came, if any did.
    pub fn merged_with(&self, addresses: &[Address]) -> Option<ContactId> {
        let keys: Vec<(AddressKind, String)> = addresses
            .iter()
            .map(|address| (address.kind, address.match_key()))
            .collect();
        let named = |identity: &&Identity| {
            keys.iter()
                .any(|(kind, key)| identity.address.kind == *kind && identity.match_key == *key)
        };
        self.current_identities().find(named)?.merged_from
    }

    /// Keeps the later profile name and user name; of two at one instant, the greater.
    pub fn learn_profile(&mut self, at: DateTime<Utc>, name: Option<&str>, username: Option<&str>) {
        let keep = |slot: &mut Option<(DateTime<Utc>, String)>, new: Option<&str>| {
            if let Some(new) = new.map(str::trim).filter(|new| !new.is_empty()) {
                let new = (at, new.to_owned());
                if slot.as_ref().is_none_or(|old| *old < new) {
                    *slot = Some(new);
                }
            }
        };
        keep(&mut self.profile_name, name);
        keep(&mut self.username, username);
    }

    /// Remembers an address of somebody else's that was named together with this contact's own.
    pub fn learn_elsewhere(&mut self, at: DateTime<Utc>, address: &Address) {
        let same = |known: &&mut Elsewhere| {
            known.address.kind == address.kind && known.address.match_key() == address.match_key()
        };
        match self.elsewhere.iter_mut().find(same) {
            Some(known) => known.at = known.at.max(at),
            None => self.elsewhere.push(Elsewhere {
                address: address.clone(),
                at,
            }),
        }
    }

    /// Notes where the thread that the next message belongs to stands, if it is this one.
    pub fn follow(&mut self, conversation: &Conversation) {
        if self.conversation == Some(conversation.id) {
            self.conversation_status = Some(conversation.status());
        }
    }

    /// Moves the times of activity forward.
    pub fn touch(&mut self, at: DateTime<Utc>, inbound: bool) {
        self.last_interaction = self.last_interaction.max(Some(at));
        if inbound {
            self.last_inbound = self.last_inbound.max(Some(at));
        }
    }
}

/// The last of all characters, which no name has.
pub(crate) const NAMELESS: &str = "\u{10FFFF}";

/// What a list of contacts is sorted by; contacts that are alike in it, by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ContactOrder {
    /// By when they came to be, the earliest first.
    #[default]
    Created,
    /// By name, without regard to case and accents; those without a name last.
    Name,
    /// By when anything last went in or out, the longest silent first, those before all where nothing ever did.
    LastActive,
}

/// The most characters that the name of another system may have.
pub const SYSTEM_MAX_CHARS: usize = 100;

/// The most characters that an id in another system may have.
pub const EXTERNAL_ID_MAX_CHARS: usize = 255;

/// A system's name and an id there out of what somebody wrote: trimmed, compared as they are.
///
/// # Errors
/// `contact.external_id_invalid` if one is blank, or longer than [`SYSTEM_MAX_CHARS`] and [`EXTERNAL_ID_MAX_CHARS`].
pub fn external_id(system: &str, id: &str) -> Result<(String, String), Error> {
    let check = |what: &str, text: &str, most: usize| {
        let text = text.trim();
        let length = text.chars().count();
        if (1..=most).contains(&length) {
            return Ok(text.to_owned());
        }
        let message = format!("{what} has {length} characters; it must have 1 to {most}");
        Err(Error::new(Code::ContactExternalIdInvalid, message))
    };
    Ok((
        check("the system's name", system, SYSTEM_MAX_CHARS)?,
        check("the id in that system", id, EXTERNAL_ID_MAX_CHARS)?,
    ))
}

/// The most characters that a tag's name may have.
pub const TAG_MAX_CHARS: usize = 100;

/// A tag of the organisation, as first written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// The organisation.
    pub org: OrgId,
    /// The folded name: what tags are compared by.
    pub key: String,
    /// The name as first written.
    pub name: String,
}

/// The key by which tags are compared: folded, its words parted by single spaces.
pub fn tag_key(text: &str) -> String {
    fold(&spaced(text))
}

fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A tag's key and name out of what somebody wrote.
///
/// # Errors
/// `tag.empty`, and `tag.too_long` beyond [`TAG_MAX_CHARS`].
pub fn tag_name(text: &str) -> Result<(String, String), Error> {
    let name = spaced(text);
    let key = tag_key(&name);
    if key.is_empty() {
        return Err(Error::new(Code::TagEmpty, "a tag's name is empty"));
    }
    if name.chars().count() > TAG_MAX_CHARS {
        return Err(Error::new(
            Code::TagTooLong,
            format!("the tag {:?}… is too long", &name[..name.floor_char_boundary(40)]),
        ));
    }
    Ok((key, name))
}

#[cfg(test)]
mod tests;
