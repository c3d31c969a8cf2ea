//! A webhook's form, read. What is not as expected is absent; what makes no sense is kept.

mod message;
mod status;

use serde_json::{Map, Value};
use tertulia_core::channel::Channel;
use tertulia_core::identity::{Address, AddressKind};
use tertulia_core::inbound::{InboundEvent, InboundKind, Source};
use tertulia_transport_traits::WebhookRequest;

use crate::signature::has_body_digest;

/// The parameters of a form, decoded, in their order.
struct Form(Vec<(String, String)>);

impl Form {
    fn read(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).into_owned().collect())
    }

    /// The first value of this name.
    fn text(&self, name: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The same, unless it is blank.
    fn filled(&self, name: &str) -> Option<&str> {
        self.text(name).filter(|value| !value.trim().is_empty())
    }

    fn owned(&self, name: &str) -> Option<String> {
        self.filled(name).map(str::to_owned)
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.filled(name)?.trim().parse().ok()
    }

    fn truth(&self, name: &str) -> bool {
        self.filled(name)
            .is_some_and(|word| word.eq_ignore_ascii_case("true"))
    }

    /// The platform's id of the message, by its names in the order of their age.
    fn message_id(&self) -> Option<String> {
        ["MessageSid", "SmsSid", "SmsMessageSid"]
            .iter()
            .find_map(|name| self.owned(name))
    }

    /// All parameters as an object, of several values of a name the first.
    fn raw(&self) -> Value {
        let mut raw = Map::new();
        for (name, value) in &self.0 {
            raw.entry(name.as_str()).or_insert_with(|| value.as_str().into());
        }
        Value::Object(raw)
    }
}

/// What a request whose signature was checked tells.
pub(crate) fn request(request: &WebhookRequest) -> Vec<InboundEvent> {
    if has_body_digest(request.query()) {
        let raw = serde_json::from_slice(&request.body)
            .unwrap_or_else(|_| String::from_utf8_lossy(&request.body).into_owned().into());
        return vec![unknown(&Form(Vec::new()), None, raw, "the body is no form")];
    }
    form(&Form::read(&request.body), request.query())
}

fn form(form: &Form, query: &str) -> Vec<InboundEvent> {
    let word = form.filled("MessageStatus").or_else(|| form.filled("SmsStatus"));
    let word = word.map(|word| word.trim().to_ascii_lowercase());
    let status = word.filter(|word| !matches!(word.as_str(), "received" | "receiving"));
    let ours = if status.is_some() { "From" } else { "To" };
    let read = match &status {
        Some(word) => status::status(form, word, query).map(|kind| vec![kind]),
        None => message::messages(form),
    };
    match read {
        Ok(kinds) => {
            let source = source(form, form.filled(ours));
            let event = |kind| InboundEvent {
                source: source.clone(),
                // The platform names no time.
                at: None,
                kind,
            };
            kinds.into_iter().map(event).collect()
        }
        Err(reason) => vec![unknown(form, form.filled(ours), form.raw(), reason)],
    }
}

fn unknown(form: &Form, ours: Option<&str>, raw: Value, reason: &str) -> InboundEvent {
    InboundEvent {
        source: source(form, ours),
        at: None,
        kind: InboundKind::Unknown {
            field: "webhook".to_owned(),
            raw,
            reason: reason.to_owned(),
        },
    }
}

/// Whom of ours a form is about: the sender, or else the messaging service that it belongs to.
fn source(form: &Form, ours: Option<&str>) -> Source {
    let (channel, sender) = ours.map_or((Some(Channel::Sms), None), |ours| {
        let (channel, bare) = split(ours);
        (channel, Some(bare.to_owned()))
    });
    Source {
        channel: channel.unwrap_or(Channel::Sms),
        business_id: form.owned("AccountSid"),
        sender_id: sender,
        pool_id: form.owned("MessagingServiceSid"),
        number: None,
    }
}

/// An address without its channel's prefix. Of a channel that is not ours the prefix stays.
fn split(spelled: &str) -> (Option<Channel>, &str) {
    let spelled = spelled.trim();
    match spelled.split_once(':') {
        Some(("whatsapp", bare)) => (Some(Channel::WhatsApp), bare.trim()),
        Some(_) => (None, spelled),
        None => (Some(Channel::Sms), spelled),
    }
}

/// The person's address that a text of the platform spells: a number, or on WhatsApp a business-scoped id.
pub(crate) fn address(spelled: &str) -> Option<Address> {
    let (channel, bare) = split(spelled);
    let number = bare.strip_prefix('+').unwrap_or(bare);
    let is_number = !number.is_empty() && number.bytes().all(|sign| sign.is_ascii_digit());
    match channel? {
        // A short code is nobody's phone.
        Channel::Sms if is_number && bare.starts_with('+') => Some(Address::new(AddressKind::Phone, bare)),
        Channel::WhatsApp if is_number => Some(Address::new(AddressKind::Phone, format!("+{number}"))),
        Channel::WhatsApp if bare.contains(char::is_alphabetic) => {
            Some(Address::new(AddressKind::WhatsAppId, bare))
        }
        _ => None,
    }
}
