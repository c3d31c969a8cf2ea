//! The people on the other side, and what they write.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// Somebody who writes to the business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The platform's id for their phone number, where they show it.
    pub wa_id: Option<String>,
    /// Their id within the business's portfolio.
    pub user_id: String,
    /// The name of their profile.
    pub name: Option<String>,
    /// The user name they took, without `@`.
    pub username: Option<String>,
}

impl Person {
    /// Somebody who shows their phone number. With a leading `+` it is a phone number and becomes a `wa_id` as the
    /// platform makes one (see [`wa_id`]); without it is a `wa_id` already, and is kept.
    pub fn phone(number: &str) -> Self {
        let phone = number.starts_with('+').then(|| wa_id(number, "")).flatten();
        let wa_id = phone.unwrap_or_else(|| number.to_owned());
        Self {
            user_id: user_id(&wa_id),
            wa_id: Some(wa_id),
            name: None,
            username: None,
        }
    }

    /// Somebody known by their business-scoped user id only, as in `US.13491208655302741918`.
    pub fn hidden(user_id: &str) -> Self {
        Self {
            wa_id: None,
            user_id: user_id.to_owned(),
            name: None,
            username: None,
        }
    }

    /// The same with the name of their profile.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// The same with a user name.
    #[must_use]
    pub fn username(mut self, username: &str) -> Self {
        self.username = Some(username.to_owned());
        self
    }

    /// As one of the envelope's `contacts`.
    pub(super) fn contact(&self) -> Value {
        let mut profile = Map::new();
        put(&mut profile, "name", self.name.as_deref());
        put(&mut profile, "username", self.username.as_deref());
        let mut contact = Map::from_iter([("profile".to_owned(), profile.into())]);
        put(&mut contact, "wa_id", self.wa_id.as_deref());
        put(&mut contact, "user_id", Some(&self.user_id));
        contact.into()
    }
}

impl From<&str> for Person {
    /// [`Person::phone`].
    fn from(number: &str) -> Self {
        Self::phone(number)
    }
}

impl From<&Person> for Person {
    fn from(person: &Person) -> Self {
        person.clone()
    }
}

/// A file that the platform holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// The id by which it is fetched.
    pub id: String,
    /// Its type, as in `image/jpeg`.
    pub mime_type: String,
    /// The SHA-256 of its bytes, in hex.
    pub sha256: String,
}

/// A message somebody writes to the business.
#[derive(Debug, Clone)]
pub struct Inbound {
    pub(super) from: Person,
    pub(super) to: Option<String>,
    pub(super) id: Option<String>,
    pub(super) at: Option<DateTime<Utc>>,
    pub(super) kind: String,
    pub(super) fields: Map<String, Value>,
}

impl Inbound {
    /// A message of any type: its payload is the object named after the type.
    pub fn message(from: impl Into<Person>, kind: &str, payload: Value) -> Self {
        Self {
            from: from.into(),
            to: None,
            id: None,
            at: None,
            kind: kind.to_owned(),
            fields: Map::from_iter([(kind.to_owned(), payload)]),
        }
    }

    /// Text.
    pub fn text(from: impl Into<Person>, body: &str) -> Self {
        Self::message(from, "text", json!({ "body": body }))
    }

    /// An image, from [`Platform::add_media`](super::Platform::add_media).
    pub fn image(from: impl Into<Person>, image: &Media, caption: Option<&str>) -> Self {
        let mut payload = json!({ "id": image.id, "mime_type": image.mime_type, "sha256": image.sha256 });
        if let Some(caption) = caption {
            payload["caption"] = caption.into();
        }
        Self::message(from, "image", payload)
    }

    /// A tap on a template's quick-reply button.
    pub fn button(from: impl Into<Person>, payload: &str, text: &str) -> Self {
        Self::message(from, "button", json!({ "payload": payload, "text": text }))
    }

    /// A tap on a reply button of an interactive message.
    pub fn button_reply(from: impl Into<Person>, id: &str, title: &str) -> Self {
        let reply = json!({ "type": "button_reply", "button_reply": { "id": id, "title": title } });
        Self::message(from, "interactive", reply)
    }

    /// A choice from a list.
    pub fn list_reply(from: impl Into<Person>, id: &str, title: &str) -> Self {
        let reply = json!({ "type": "list_reply", "list_reply": { "id": id, "title": title } });
        Self::message(from, "interactive", reply)
    }

    /// A reaction to a message, or with `None` its removal.
    pub fn reaction(from: impl Into<Person>, message_id: &str, emoji: Option<&str>) -> Self {
        let mut payload = json!({ "message_id": message_id });
        if let Some(emoji) = emoji {
            payload["emoji"] = emoji.into();
        }
        Self::message(from, "reaction", payload)
    }

    /// A new text for an earlier message of the same person.
    pub fn edit(from: impl Into<Person>, original: &str, body: &str) -> Self {
        let message = json!({ "type": "text", "text": { "body": body } });
        Self::message(
            from,
            "edit",
            json!({ "original_message_id": original, "message": message }),
        )
    }

    /// The deletion of an earlier message of the same person.
    pub fn revoke(from: impl Into<Person>, original: &str) -> Self {
        Self::message(from, "revoke", json!({ "original_message_id": original }))
    }

    /// The same as a reply to this message.
    #[must_use]
    pub fn replying_to(self, message_id: &str) -> Self {
        self.with("context", json!({ "id": message_id }))
    }

    /// The same as the first message after an ad: `referral` with whatever of its fields the test wants.
    #[must_use]
    pub fn referral(self, referral: Value) -> Self {
        self.with("referral", referral)
    }

    /// The same with one more field beside the payload.
    #[must_use]
    pub fn with(mut self, field: &str, value: Value) -> Self {
        self.fields.insert(field.to_owned(), value);
        self
    }

    /// The same, to this phone number id instead of the platform's first one.
    #[must_use]
    pub fn to(mut self, phone_number_id: &str) -> Self {
        self.to = Some(phone_number_id.to_owned());
        self
    }

    /// The same with a time of its own instead of the clock's present; the platform counts in whole seconds.
    #[must_use]
    pub fn at(mut self, at: DateTime<Utc>) -> Self {
        self.at = Some(at);
        self
    }

    /// The same with a message id of its own: saying it twice is what a repeated webhook looks like.
    #[must_use]
    pub fn id(mut self, wamid: &str) -> Self {
        self.id = Some(wamid.to_owned());
        self
    }

    /// As the value of a change.
    pub(super) fn render(mut self, id: &str, at: DateTime<Utc>) -> Value {
        let mut message = std::mem::take(&mut self.fields);
        put(&mut message, "from", self.from.wa_id.as_deref());
        put(&mut message, "from_user_id", Some(&self.from.user_id));
        put(&mut message, "id", Some(id));
        put(&mut message, "timestamp", Some(&at.timestamp().to_string()));
        put(&mut message, "type", Some(&self.kind));
        let mut value = json!({ "messages": [message] });
        // System messages come without.
        if self.kind != "system" {
            value["contacts"] = json!([self.from.contact()]);
        }
        value
    }
}

/// The platform's id for a phone number: its digits, spelled as the platform spells them. A number without `+` gets the
/// `calling_code` put in front, as the platform does for the business's own; `None` if it cannot be a phone number.
///
/// Mexican numbers get a `1` after the country code, and Brazilian mobile numbers lose their leading 9: real accounts
/// show both spellings, so a client that compares digits is caught here.
pub fn wa_id(number: &str, calling_code: &str) -> Option<String> {
    if number
        .chars()
        .any(|c| !c.is_ascii_digit() && !"+-(). ".contains(c))
    {
        return None;
    }
    let international = number.trim_start().starts_with('+');
    let mut digits: String = number.chars().filter(char::is_ascii_digit).collect();
    if !international {
        digits.insert_str(0, calling_code);
    }
    if !(7..=15).contains(&digits.len()) {
        return None;
    }
    if digits.starts_with("52") && digits.len() == 12 {
        digits.insert(2, '1');
    } else if digits.starts_with("55") && digits.len() == 13 && digits.as_bytes()[4] == b'9' {
        digits.remove(4);
    }
    Some(digits)
}

/// The business-scoped user id that the platform has for whoever owns this `wa_id`.
pub fn user_id(wa_id: &str) -> String {
    let country = match wa_id.get(..2) {
        Some("52") => "MX",
        Some("55") => "BR",
        _ => "US",
    };
    let digest: [u8; 32] = Sha256::digest(wa_id).into();
    let digits: String = digest[..20]
        .iter()
        .map(|byte| char::from(b'0' + byte % 10))
        .collect();
    format!("{country}.{digits}")
}

/// Whether this is written as a business-scoped user id.
pub(super) fn is_user_id(text: &str) -> bool {
    let Some((country, rest)) = text.split_once('.') else {
        return false;
    };
    let id = rest.strip_prefix("ENT.").unwrap_or(rest);
    country.len() == 2
        && country.bytes().all(|byte| byte.is_ascii_uppercase())
        && (1..=128).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn put(object: &mut Map<String, Value>, field: &str, value: Option<&str>) {
    if let Some(value) = value {
        object.insert(field.to_owned(), value.into());
    }
}
