//! Reading JSON that may be of any shape: what is not as expected is absent, never an error.

use chrono::{DateTime, Utc};
use serde_json::Value;
use tertulia_core::identity::{Address, AddressKind};
use tertulia_core::inbound::Person;
use tertulia_core::phone::normalise_username;

use crate::errors::PlatformError;

/// The object's text of this name; identifiers are sometimes sent as numbers.
pub(super) fn text(object: &Value, key: &str) -> Option<String> {
    match object.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The object's text of this name, unless it is blank.
pub(super) fn filled(object: &Value, key: &str) -> Option<String> {
    text(object, key).filter(|text| !text.trim().is_empty())
}

/// The object's text of the first of these names that has one: for names that drift between versions.
pub(crate) fn any_of(object: &Value, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| filled(object, key))
}

/// The object's number of this name, also if it was sent as a text.
pub(super) fn number(object: &Value, key: &str) -> Option<f64> {
    let value = object.get(key)?;
    value
        .as_f64()
        .or_else(|| value.as_str()?.trim().parse().ok())
        .filter(|number| number.is_finite())
}

/// The object's whole number of this name, also if it was sent as a text.
pub(crate) fn whole(object: &Value, key: &str) -> Option<i64> {
    let value = object.get(key)?;
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// The object's truth of this name, also if it was sent as a text.
pub(super) fn truth(object: &Value, key: &str) -> Option<bool> {
    let value = object.get(key)?;
    value.as_bool().or_else(|| value.as_str()?.parse().ok())
}

/// The object's list of this name; empty if it has none.
pub(super) fn list<'a>(object: &'a Value, key: &str) -> &'a [Value] {
    object
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The object's object of this name.
pub(super) fn object<'a>(object: &'a Value, key: &str) -> Option<&'a Value> {
    object.get(key).filter(|value| value.is_object())
}

/// Above this a timestamp is in milliseconds: as seconds it would be the year 33658.
const MILLISECONDS_FROM: i64 = 1_000_000_000_000;

/// The object's time of this name: Unix seconds or milliseconds, as text or number.
pub(super) fn time(object: &Value, key: &str) -> Option<DateTime<Utc>> {
    let value = whole(object, key).filter(|value| *value > 0)?;
    let millis = if value >= MILLISECONDS_FROM {
        value
    } else {
        value.checked_mul(1000)?
    };
    DateTime::from_timestamp_millis(millis)
}

/// An error object of the platform, wherever it comes from: a status, a message, an answer.
pub(crate) fn platform_error(error: &Value) -> Option<PlatformError> {
    let code = whole(error, "code")?;
    let data = error.get("error_data");
    let detail = data
        .and_then(|data| filled(data, "details").or_else(|| data.as_str().map(str::to_owned)))
        .filter(|detail| !detail.trim().is_empty())
        .or_else(|| {
            any_of(
                error,
                &[
                    "details",
                    "error_user_msg",
                    "message",
                    "title",
                    "error_user_title",
                ],
            )
        })
        .unwrap_or_default();
    Some(PlatformError {
        code,
        detail,
        transient: truth(error, "is_transient").unwrap_or(false),
    })
}

/// The address that a text of the platform spells: a `wa_id`, or a business-scoped id wherever it is put.
///
/// Nothing for a group's id. What has letters is never taken for a phone ("Business-scoped user IDs").
pub(crate) fn address(spelled: &str) -> Option<Address> {
    let spelled = spelled.trim();
    if spelled.is_empty() || spelled.contains('@') {
        None
    } else if spelled.contains(char::is_alphabetic) {
        Some(Address::new(AddressKind::WhatsAppId, spelled))
    } else if spelled.contains(|sign: char| sign.is_ascii_digit()) {
        Some(Address::new(AddressKind::Phone, spelled))
    } else {
        None
    }
}

/// Puts an address after those that are there: phones before ids, no address twice.
pub(super) fn add(addresses: &mut Vec<Address>, spelled: Option<&str>) {
    let Some(address) = spelled.and_then(address) else {
        return;
    };
    if !addresses.contains(&address) {
        addresses.push(address);
        addresses.sort_by_key(|address| address.kind != AddressKind::Phone);
    }
}

/// The person whom an item names by these spellings (phone first, then ids), with what `contacts` adds.
///
/// The card of `contacts` is the one of the same `wa_id` or user id, else the only one. An only card that names
/// another number or id gives its name alone: two people are not made one.
pub(super) fn person(named: impl IntoIterator<Item = Option<String>>, contacts: &[Value]) -> Person {
    let mut person = Person::default();
    for spelled in named {
        add(&mut person.addresses, spelled.as_deref());
    }
    let ids = |card: &Value| {
        let mut ids = Vec::new();
        for key in ["wa_id", "user_id", "parent_user_id"] {
            add(&mut ids, filled(card, key).as_deref());
        }
        ids
    };
    let same = |card: &&Value| ids(card).iter().any(|id| person.addresses.contains(id));
    let matching = contacts.iter().find(same);
    let Some(card) = matching.or_else(|| contacts.first().filter(|_| contacts.len() == 1)) else {
        return person;
    };
    let has = |kind: AddressKind| person.addresses.iter().any(|address| address.kind == kind);
    let contradicts = matching.is_none() && ids(card).iter().any(|id| has(id.kind));
    if !contradicts {
        for id in ids(card) {
            add(&mut person.addresses, Some(&id.value));
        }
    }
    if let Some(profile) = object(card, "profile") {
        person.name = filled(profile, "name");
        person.username = filled(profile, "username").and_then(|name| bare_username(&name));
    }
    // The page about user names shows the field beside the profile as well.
    if person.username.is_none() {
        person.username = filled(card, "username").and_then(|name| bare_username(&name));
    }
    person
}

fn bare_username(name: &str) -> Option<String> {
    Some(normalise_username(name))
        .filter(|bare| !bare.is_empty())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn phone(value: &str) -> Address {
        Address::new(AddressKind::Phone, value)
    }

    fn id(value: &str) -> Address {
        Address::new(AddressKind::WhatsAppId, value)
    }

    #[test]
    fn times_are_read_as_text_or_number_seconds_or_milliseconds() {
        let at = DateTime::from_timestamp(1_749_416_383, 0);
        for value in [
            json!("1749416383"),
            json!(1_749_416_383),
            json!("1749416383000"),
            json!(1_749_416_383_000_i64),
        ] {
            assert_eq!(time(&json!({ "t": value }), "t"), at, "{value}");
        }
        assert_eq!(
            time(&json!({"t": "999999999999"}), "t").map(|at| at.timestamp()),
            Some(999_999_999_999)
        );
        for value in [
            json!("TIMESTAMP"),
            json!(""),
            json!(null),
            json!(0),
            json!(-1),
            json!(i64::MAX),
            json!(1e300),
        ] {
            assert_eq!(time(&json!({ "t": value }), "t"), None, "{value}");
        }
    }

    #[test]
    fn an_address_with_letters_is_an_id_and_a_group_is_no_person() {
        assert_eq!(address("5215512345678"), Some(phone("5215512345678")));
        assert_eq!(address("+1 650-555"), Some(phone("+1 650-555")));
        assert_eq!(
            address("US.13491208655302741918"),
            Some(id("US.13491208655302741918"))
        );
        assert_eq!(address("US.ENT.118"), Some(id("US.ENT.118")));
        assert_eq!(address("120363418770915618@g.us"), None);
        assert_eq!(address(" "), None);
    }

    #[test]
    fn a_person_is_found_among_the_contacts_by_number_or_id() {
        let cards = [
            json!({"wa_id": "1", "profile": {"name": "A"}}),
            json!({"wa_id": "2", "user_id": "US.2", "profile": {"name": "B", "username": "@bee"}}),
        ];
        let by_phone = person([Some("2".into())], &cards);
        assert_eq!(
            (by_phone.name.as_deref(), by_phone.username.as_deref()),
            (Some("B"), Some("bee"))
        );
        assert_eq!(by_phone.addresses, [phone("2"), id("US.2")]);
        let by_id = person([None, Some("US.2".into())], &cards);
        assert_eq!(by_id.addresses, [phone("2"), id("US.2")], "the phone comes first");
        assert_eq!(
            person([Some("3".into())], &cards).name,
            None,
            "nobody's name is guessed among several"
        );
    }

    #[test]
    fn the_only_contact_is_taken_and_completes_what_it_does_not_contradict() {
        let card = [json!({"wa_id": "222", "profile": {"name": "John"}})];
        let other = person([Some("333".into())], &card);
        assert_eq!(
            (other.name.as_deref(), other.addresses.as_slice()),
            (Some("John"), [phone("333")].as_slice())
        );
        let complemented = person([Some("US.1".into())], &card);
        assert_eq!(complemented.addresses, [phone("222"), id("US.1")]);
        assert_eq!(person([None], &card).addresses, [phone("222")]);
        assert_eq!(person([Some("1".into())], &[]).addresses, [phone("1")]);
    }
}
