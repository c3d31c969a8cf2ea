//! Equality of states: what two stores must agree on that were told the same, in whatever order.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::contact::Contact;
use crate::ids::{AccountId, ContactId};
use crate::record::{Record, RecordKind};

/// The state that records hold, in one form: two sets of records say the same exactly if these are equal.
///
/// Identifiers that this library makes give way to names: a contact's is its lowest current address (kind, match key),
/// a message's its sender and the platform's id, a sender's its channel and the platform's id. Times of receipt,
/// revisions and the ways to messages of attempts are left out; collections are sorted.
pub fn canonical(records: impl IntoIterator<Item = Record>) -> Value {
    let records: Vec<Record> = records.into_iter().collect();
    let names = names(&records);
    let mut state: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for record in &records {
        if let Some(mut value) = body(record) {
            rename(&mut value, &names);
            // What waits for a handler, in whatever order it came.
            if let Some(Value::Array(waiting)) = value.pointer_mut("/turn/messages") {
                waiting.sort_by_cached_key(Value::to_string);
            }
            state.entry(record.kind().as_str()).or_default().push(value);
        }
    }
    let sorted = state.into_iter().map(|(kind, mut values)| {
        values.sort_by_cached_key(Value::to_string);
        (kind.to_owned(), Value::Array(values))
    });
    Value::Object(sorted.collect())
}

/// What stands for each identifier.
fn names(records: &[Record]) -> BTreeMap<Uuid, String> {
    let mut accounts: BTreeMap<AccountId, String> = BTreeMap::new();
    let mut contacts: BTreeMap<ContactId, String> = BTreeMap::new();
    for record in records {
        match record {
            Record::Account(account) => {
                accounts.insert(account.id, format!("{}:{}", account.channel, account.sender_id));
            }
            Record::Contact(contact) => {
                contacts.insert(contact.id, name(contact));
            }
            _ => {}
        }
    }
    let of = |account: &AccountId| accounts.get(account).map_or("?", String::as_str);
    let with = |contact: &ContactId| contacts.get(contact).map_or("?", String::as_str);
    let mut names = BTreeMap::new();
    for record in records {
        let (id, name) = match record {
            Record::Org(org) => (org.id.0, "org".to_owned()),
            Record::Account(account) => (account.id.0, format!("account {}", of(&account.id))),
            Record::Contact(contact) => (contact.id.0, format!("contact {}", with(&contact.id))),
            Record::Conversation(thread) => {
                let after = thread.follows.map(|before| format!(" after {}", before.until));
                let with = with(&thread.contact);
                (
                    thread.id.0,
                    format!("thread with {with}{}", after.unwrap_or_default()),
                )
            }
            Record::Message(message) => {
                let provider_id = message.provider_id.as_deref().unwrap_or("unnamed");
                (
                    message.id.0,
                    format!("message {} {provider_id}", of(&message.account)),
                )
            }
            Record::Broadcast(broadcast) => (broadcast.id.0, format!("broadcast {}", broadcast.name)),
            Record::Dispatch(row) => (row.id.0, format!("row to {}", with(&row.contact))),
            Record::Survey(survey) => {
                let with = with(&survey.contact);
                (survey.id.0, format!("survey of {with} {}", survey.resolved_at))
            }
            Record::Rule(rule) => (rule.rule.id.0, format!("rule {}", rule.rule.pattern.text)),
            Record::Member(member) => (member.id.0, format!("member {}", member.name)),
            Record::Import(import) => (import.id.0, format!("import {}", import.file)),
            _ => continue,
        };
        names.insert(id, name);
    }
    names
}

/// A contact's name: its lowest current address, else its lowest former one.
fn name(contact: &Contact) -> String {
    let lowest = contact.identities.iter().min_by_key(|identity| {
        (
            identity.until.is_some(),
            identity.address.kind,
            &identity.match_key,
        )
    });
    lowest.map_or_else(
        || "without address".to_owned(),
        |identity| format!("{}:{}", identity.address.kind.as_str(), identity.match_key),
    )
}

/// A record's fields, without what says only when and in which order it came in.
fn body(record: &Record) -> Option<Value> {
    let json = serde_json::to_value(record).unwrap_or_default();
    let Value::Object(mut json) = json else {
        return None;
    };
    let Some(Value::Object(mut fields)) = json.remove("body") else {
        return None;
    };
    let dropped: &[&str] = match record.kind() {
        RecordKind::Org => &["rules_epoch", "suppression_key"],
        RecordKind::Suppression => &["hash"],
        RecordKind::Contact => &["revision"],
        RecordKind::Rule => &["position"],
        RecordKind::Parked => &["since"],
        RecordKind::Dispatch => &["epoch"],
        RecordKind::Quarantined => &["id", "received_at"],
        // The way from an attempt: the message and its row say the same.
        RecordKind::MessageRef if is_ours(fields.get("token")) => return None,
        _ => &[],
    };
    for field in dropped {
        fields.remove(*field);
    }
    if let Some(Value::Object(turn)) = fields.get_mut("turn") {
        turn.remove("due");
    }
    for list in ["identities", "evidence"] {
        sort(&mut fields, list);
    }
    Some(Value::Object(fields))
}

fn sort(fields: &mut Map<String, Value>, list: &str) {
    if let Some(Value::Array(values)) = fields.get_mut(list) {
        values.sort_by_cached_key(Value::to_string);
    }
}

fn is_ours(token: Option<&Value>) -> bool {
    token.and_then(Value::as_str).and_then(our_id).is_some()
}

/// The identifier that a text is, if it is one of the kind that this library makes.
fn our_id(text: &str) -> Option<Uuid> {
    let id = Uuid::try_parse(text).ok()?;
    (id.get_version_num() == 7 && id.hyphenated().to_string() == text).then_some(id)
}

/// Puts names in place of identifiers; one that nothing is known of is just `id`.
fn rename(value: &mut Value, names: &BTreeMap<Uuid, String>) {
    match value {
        Value::String(text) => {
            if let Some(id) = our_id(text) {
                *text = names.get(&id).map_or_else(|| "id".to_owned(), Clone::clone);
            } else if text.starts_with("csat:") {
                // A choice from a survey's list has the survey in it.
                let known = |part: &str| our_id(part).and_then(|id| names.get(&id)).cloned();
                let parts = text
                    .split(':')
                    .map(|part| known(part).unwrap_or_else(|| part.to_owned()));
                *text = parts.collect::<Vec<_>>().join(":");
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| rename(value, names)),
        Value::Object(fields) => fields.values_mut().for_each(|value| rename(value, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests;
