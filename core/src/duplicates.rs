//! Which contacts are likely one person, and why.
//!
//! [`keys`] are the texts under which contacts meet, kept by a store beside each of them; [`judge`] says whether two that
//! met are likely one person. That a number was one contact's and is another's now is no reason by itself: numbers are
//! given out again.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contact::{Contact, Identity, NAMELESS, RecordStatus};
use crate::identity::{Address, AddressKind};
use crate::ids::ContactId;
use crate::phone::likely_key;

/// The most contacts that are compared because of one shared text: what more of them share is nobody's in particular.
pub const MOST_ALIKE: usize = 100;

/// Contacts that are likely one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Duplicate {
    /// The contacts: two, or more that share one thing; at most a hundred.
    pub contacts: Vec<ContactId>,
    /// Why, the gravest reason first.
    pub reasons: Vec<Likeness>,
}

/// A reason to take two contacts for one person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Likeness {
    /// What makes them alike.
    pub reason: LikenessReason,
    /// The address that they share: a phone as E.164, an e-mail address in lower case.
    pub address: Address,
}

/// What makes two contacts alike, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LikenessReason {
    /// The platform named an address of the one as the other's.
    NamedTogether,
    /// Their numbers are likely spellings of one: Argentine ones with and without the 9.
    LikelyNumber,
    /// They have the same e-mail address.
    SameEmail,
    /// They have the same full name and an address in common, at least one of them as a former one.
    SameNameAndAddress,
}

/// The texts that a contact shares with whoever may be the same person. Of a deleted one, none.
pub fn keys(contact: &Contact) -> BTreeSet<String> {
    if contact.status == RecordStatus::Deleted {
        return BTreeSet::new();
    }
    let own = contact.identities.iter().map(identity_key);
    let elsewhere = contact.elsewhere.iter().map(|named| address_key(&named.address));
    let email = email(contact).map(|email| address_key(&email));
    let likely = numbers(contact).filter_map(|number| likely_key(&number.match_key));
    own.chain(elsewhere)
        .chain(email)
        .chain(likely.map(|number| likely_number_key(&number)))
        .collect()
}

fn key(kind: AddressKind, match_key: &str) -> String {
    format!("{}:{match_key}", kind.as_str())
}

fn identity_key(identity: &Identity) -> String {
    key(identity.address.kind, &identity.match_key)
}

fn address_key(address: &Address) -> String {
    key(address.kind, &address.match_key())
}

fn likely_number_key(number: &str) -> String {
    format!("likely:{number}")
}

/// The e-mail address as it is compared.
fn email(contact: &Contact) -> Option<Address> {
    let email = Address::new(AddressKind::Email, contact.email.as_deref()?);
    Some(Address::new(AddressKind::Email, email.match_key()))
}

/// The phones in use.
fn numbers(contact: &Contact) -> impl Iterator<Item = &Identity> {
    contact
        .current_identities()
        .filter(|identity| identity.address.kind == AddressKind::Phone)
}

/// Why two contacts are likely one person, the gravest reason first; empty: nothing says so.
pub fn judge(one: &Contact, other: &Contact) -> Vec<Likeness> {
    likenesses(one, other).into_keys().collect()
}

/// The same, each with the key that both have because of it.
fn likenesses(one: &Contact, other: &Contact) -> BTreeMap<Likeness, String> {
    let mut found = BTreeMap::new();
    if [one, other]
        .map(|contact| contact.status)
        .contains(&RecordStatus::Deleted)
    {
        return found;
    }
    let mut add = |reason, address: &Address, key| {
        let address = address.clone();
        found.insert(Likeness { reason, address }, key);
    };
    for (named, holder) in [(one, other), (other, one)] {
        for elsewhere in &named.elsewhere {
            let key = address_key(&elsewhere.address);
            let held = |identity: &&Identity| {
                identity_key(identity) == key
                    && identity.since <= elsewhere.at
                    && identity.until.is_none_or(|until| elsewhere.at < until)
            };
            if let Some(identity) = holder.identities.iter().find(held) {
                add(LikenessReason::NamedTogether, &identity.address, key);
            }
        }
    }
    for number in numbers(one) {
        let Some(likely) = likely_key(&number.match_key) else {
            continue;
        };
        let other_spelling = |theirs: &Identity| {
            theirs.match_key != number.match_key && likely_key(&theirs.match_key).as_ref() == Some(&likely)
        };
        if numbers(other).any(other_spelling) {
            let spelling = Address::new(AddressKind::Phone, format!("+{likely}"));
            add(
                LikenessReason::LikelyNumber,
                &spelling,
                likely_number_key(&likely),
            );
        }
    }
    if let (Some(email), Some(theirs)) = (email(one), email(other))
        && email == theirs
    {
        add(LikenessReason::SameEmail, &email, address_key(&email));
    }
    let name = one.name_key();
    if name != NAMELESS && name == other.name_key() {
        for address in &one.identities {
            let key = identity_key(address);
            for theirs in other
                .identities
                .iter()
                .filter(|theirs| identity_key(theirs) == key)
            {
                let spelling = (&address.address).min(&theirs.address);
                add(LikenessReason::SameNameAndAddress, spelling, key.clone());
            }
        }
    }
    found
}

/// What a text that contacts share says about them: those whom it makes alike, with all that does. Mostly one entry;
/// several where it makes some alike and others, but not these with those; none of what an earlier text that they share
/// has said already.
pub fn groups(shared: &str, contacts: &[Contact]) -> Vec<Duplicate> {
    let contacts: Vec<&Contact> = contacts.iter().collect();
    let mut groups = Vec::new();
    for members in alike(shared, &contacts) {
        let all_have = |key: &String| members.iter().all(|member| keys(member).contains(key));
        let common = members.first().map(|first| keys(first)).unwrap_or_default();
        let mut earlier = common.iter().take_while(|key| key.as_str() < shared);
        if earlier.any(|key| all_have(key) && alike(key, &members).iter().any(|m| m.len() == members.len())) {
            continue;
        }
        let reasons: BTreeSet<Likeness> = pairs_among(&members)
            .flat_map(|(one, other)| judge(one, other))
            .collect();
        groups.push(Duplicate {
            contacts: members.iter().map(|member| member.id).collect(),
            reasons: reasons.into_iter().collect(),
        });
    }
    groups
}

/// Those of the contacts whom a text makes alike: each set is connected by pairs of them.
fn alike<'a>(by: &str, contacts: &[&'a Contact]) -> Vec<Vec<&'a Contact>> {
    let mut sets: Vec<BTreeSet<ContactId>> = Vec::new();
    for (one, other) in pairs_among(contacts) {
        if likenesses(one, other).into_values().any(|key| key == by) {
            let mut joined = BTreeSet::from([one.id, other.id]);
            sets.retain(|set| {
                let apart = set.is_disjoint(&joined);
                if !apart {
                    joined.extend(set);
                }
                apart
            });
            sets.push(joined);
        }
    }
    let members =
        |set: BTreeSet<ContactId>| contacts.iter().filter(|c| set.contains(&c.id)).copied().collect();
    let mut sets: Vec<Vec<&Contact>> = sets.into_iter().map(members).collect();
    sets.sort_by_key(|set| set.first().map(|first| first.id));
    sets
}

/// Each with each that follows.
fn pairs_among<'a, 'b>(contacts: &'b [&'a Contact]) -> impl Iterator<Item = (&'a Contact, &'a Contact)> + 'b {
    let each = contacts.iter().enumerate();
    each.flat_map(|(at, one)| contacts.iter().skip(at + 1).map(|other| (*one, *other)))
}

#[cfg(test)]
mod tests;
