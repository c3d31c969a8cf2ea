//! A webhook's body, read ("Webhooks overview"): every item on its own, so that one that makes no sense costs no other.

mod call;
mod message;
pub(crate) mod read;
mod sender;
mod status;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tertulia_core::channel::Channel;
use tertulia_core::error::{Code, Error};
use tertulia_core::inbound::{
    IdentityChange, InboundEvent, InboundKind, Preference, PreferenceChoice, Source, TemplateNotice,
};
use tertulia_core::template::{Category, Language, Quality, TemplateStatus};

use read::{add, any_of, filled, list, object, person, text, time};

/// What the platform calls a WhatsApp webhook.
const OBJECT: &str = "whatsapp_business_account";

/// Fields that tell about a sender, the business account or its groups: handed on as they are, but for what they say of how
/// a sender stands.
const NOTICES: &[&str] = &[
    "account_alerts",
    "account_review_update",
    "account_settings_update",
    "account_update",
    "business_capability_update",
    "business_status_update",
    "business_username_update",
    "group_lifecycle_update",
    "group_participants_update",
    "group_settings_update",
    "group_status_update",
    "history",
    "message_template_components_update",
    "phone_number_name_update",
    "phone_number_quality_update",
    "security",
    "smb_app_state_sync",
];

/// Reads a body whose signature was checked.
///
/// Malformed is what cannot be the platform's envelope: no JSON, or no object with `object` and a list `entry`. Another
/// product's envelope (`page`, say) is read as unknown events: an error would only make the platform send it again.
pub(crate) fn body(bytes: &[u8]) -> Result<Vec<InboundEvent>, Error> {
    let malformed = |what: &str| Error::new(Code::WebhookMalformed, format!("the webhook's body {what}"));
    let body: Value = serde_json::from_slice(bytes)
        .or_else(|cause| mend_surrogates(bytes).map_or(Err(cause), |mended| serde_json::from_slice(&mended)))
        .map_err(|cause| malformed("is not JSON that can be read").because(cause))?;
    let object = body
        .get("object")
        .and_then(Value::as_str)
        .ok_or_else(|| malformed("does not name its object"))?;
    let entries = body
        .get("entry")
        .and_then(Value::as_array)
        .ok_or_else(|| malformed("has no list of entries"))?;
    let mut events = Events::default();
    for entry in entries {
        events.source = Source {
            channel: Channel::WhatsApp,
            business_id: filled(entry, "id"),
            sender_id: None,
            pool_id: None,
            number: None,
        };
        events.entry_at = time(entry, "time");
        if object == OBJECT {
            events.entry(entry);
        } else {
            events.unknown(object, entry, "the envelope is of another product");
        }
    }
    Ok(events.read)
}

/// Reads one item of a list, beside the value's `contacts`; the reason where nothing can be made of it.
type ReadItem = dyn Fn(&Value, &[Value]) -> Result<InboundKind, &'static str>;

/// What was read so far, and where in the envelope the reader is.
struct Events {
    source: Source,
    entry_at: Option<DateTime<Utc>>,
    read: Vec<InboundEvent>,
}

impl Default for Events {
    fn default() -> Self {
        let source = Source {
            channel: Channel::WhatsApp,
            business_id: None,
            sender_id: None,
            pool_id: None,
            number: None,
        };
        Self {
            source,
            entry_at: None,
            read: Vec::new(),
        }
    }
}

impl Events {
    fn push(&mut self, at: Option<DateTime<Utc>>, kind: InboundKind) {
        self.read.push(InboundEvent {
            source: self.source.clone(),
            at,
            kind,
        });
    }

    fn unknown(&mut self, field: &str, raw: &Value, reason: &str) {
        let kind = InboundKind::Unknown {
            field: field.to_owned(),
            raw: raw.clone(),
            reason: reason.to_owned(),
        };
        self.push(self.entry_at, kind);
    }

    fn entry(&mut self, entry: &Value) {
        let Some(changes) = entry.get("changes").and_then(Value::as_array) else {
            return self.unknown("entry", entry, "the entry has no list of changes");
        };
        for change in changes {
            match (filled(change, "field"), object(change, "value")) {
                (Some(field), Some(value)) => self.change(&field, value),
                (Some(field), None) => self.unknown(&field, change, "the change has no value"),
                (None, _) => self.unknown("changes", change, "the change names no field"),
            }
        }
    }

    fn change(&mut self, field: &str, value: &Value) {
        let metadata = object(value, "metadata");
        self.source.sender_id = metadata.and_then(|metadata| filled(metadata, "phone_number_id"));
        self.source.number = metadata.and_then(|metadata| sender::number(metadata, "display_phone_number"));
        match field {
            "messages" | "smb_message_echoes" => self.parts(
                field,
                value,
                &[
                    ("messages", &message::message),
                    ("message_echoes", &message::echo),
                    ("statuses", &status::status),
                ],
            ),
            "calls" => self.parts(
                field,
                value,
                &[("calls", &call::call), ("statuses", &call::status)],
            ),
            "user_preferences" => self.each(field, value, field, preference),
            "user_id_update" => self.each(field, value, field, |item, _| user_id_update(item)),
            "message_template_status_update" => {
                let status = |word: &str| Some(TemplateStatus::from(word));
                self.template(field, value, "event", status, InboundKind::TemplateStatus);
            }
            "template_category_update" => {
                self.template(
                    field,
                    value,
                    "new_category",
                    category,
                    InboundKind::TemplateCategory,
                );
            }
            "message_template_quality_update" => {
                let quality = |word: &str| Some(Quality::from(word));
                self.template(
                    field,
                    value,
                    "new_quality_score",
                    quality,
                    InboundKind::TemplateQuality,
                );
            }
            _ if NOTICES.contains(&field) => match sender::notice(field, value) {
                Ok(kind) => self.push(self.entry_at, kind),
                Err(reason) => self.unknown(field, value, reason),
            },
            _ => self.unknown(field, value, "the field is not known"),
        }
    }

    /// A `value` with lists of several kinds, and errors, of which any may be absent.
    fn parts(&mut self, field: &str, value: &Value, lists: &[(&str, &ReadItem)]) {
        let before = self.read.len();
        let error = |item: &Value, _: &[Value]| {
            Ok(InboundKind::Notice {
                field: "errors".to_owned(),
                raw: item.clone(),
            })
        };
        let (errors, frame) = (
            ("errors", &error as &ReadItem),
            ["messaging_product", "metadata", "contacts"],
        );
        for (key, read) in lists.iter().copied().chain([errors]) {
            if value.get(key).is_some_and(|list| !list.is_null()) {
                self.each(field, value, key, read);
            }
        }
        for (key, raw) in value.as_object().into_iter().flatten() {
            let known =
                frame.contains(&key.as_str()) || key == "errors" || lists.iter().any(|(list, _)| list == key);
            if !known && !raw.is_null() {
                self.unknown(&format!("{field}.{key}"), raw, "the part is not known");
            }
        }
        if self.read.len() == before {
            self.unknown(field, value, "the value holds nothing that is known");
        }
    }

    /// Reads each item of a list of the value.
    fn each(
        &mut self,
        field: &str,
        value: &Value,
        key: &str,
        read: impl Fn(&Value, &[Value]) -> Result<InboundKind, &'static str>,
    ) {
        let Some(Value::Array(items)) = value.get(key) else {
            return self.unknown(field, value, &format!("{key} is no list"));
        };
        let contacts = list(value, "contacts");
        for item in items {
            match read(item, contacts) {
                Ok(kind) => self.push(time(item, "timestamp"), kind),
                Err(reason) => self.unknown(&format!("{field}.{key}"), item, reason),
            }
        }
    }

    fn template<T>(
        &mut self,
        field: &str,
        value: &Value,
        key: &str,
        read: impl Fn(&str) -> Option<T>,
        kind: impl Fn(TemplateNotice<T>) -> InboundKind,
    ) {
        let notice = || {
            let name = filled(value, "message_template_name").ok_or("the notice names no template")?;
            let language =
                filled(value, "message_template_language").ok_or("the notice names no language")?;
            let language =
                Language::parse(&language).map_err(|_| "the template's language cannot be read")?;
            let word = filled(value, key).ok_or("the notice does not say what it is now")?;
            let now = read(&word).ok_or("the category is not known")?;
            let reason = filled(value, "reason").filter(|reason| reason != "NONE");
            let provider_id = filled(value, "message_template_id");
            Ok::<_, &'static str>(TemplateNotice {
                provider_id,
                name,
                language,
                value: now,
                reason,
            })
        };
        match notice() {
            Ok(notice) => self.push(self.entry_at, kind(notice)),
            Err(reason) => self.unknown(field, value, reason),
        }
    }
}

fn category(word: &str) -> Option<Category> {
    serde_json::from_value(Value::from(word.to_ascii_uppercase())).ok()
}

/// One of `user_preferences[]` (WhatsApp webhooks, `user_preferences`).
fn preference(item: &Value, contacts: &[Value]) -> Result<InboundKind, &'static str> {
    let person = person(
        [
            filled(item, "wa_id"),
            filled(item, "user_id"),
            filled(item, "parent_user_id"),
        ],
        contacts,
    );
    if person.addresses.is_empty() {
        return Err("the preference names nobody");
    }
    if text(item, "category").as_deref() != Some("marketing_messages") {
        return Err("the preference is about something else than marketing");
    }
    let choice = match filled(item, "value")
        .ok_or("the preference does not say which")?
        .as_str()
    {
        "stop" => PreferenceChoice::Stop,
        "resume" => PreferenceChoice::Resume,
        "signup" => PreferenceChoice::Signup,
        other => PreferenceChoice::Other(other.to_owned()),
    };
    Ok(InboundKind::Preference(Preference { person, choice }))
}

/// One of `user_id_update[]` ("Business-scoped user IDs"). The phone that it names stays, so it is among the current
/// addresses.
fn user_id_update(item: &Value) -> Result<InboundKind, &'static str> {
    let (mut previous, mut current) = (Vec::new(), Vec::new());
    add(&mut current, filled(item, "wa_id").as_deref());
    for ids in ["user_id", "parent_user_id"]
        .iter()
        .filter_map(|key| object(item, key))
    {
        add(&mut previous, filled(ids, "previous").as_deref());
        add(&mut current, filled(ids, "current").as_deref());
    }
    if previous.is_empty() || current.is_empty() {
        return Err("the update does not name the ids before and after");
    }
    Ok(InboundKind::IdentityChanged(IdentityChange {
        previous,
        current,
        detail: any_of(item, &["detail"]),
    }))
}

/// The body with each half of a surrogate pair that stands alone (a cut emoji, `\ud83d`) replaced by U+FFFD.
///
/// JSON allows such escapes, Rust's text does not; one must not cost the whole body. Nothing if there are none.
fn mend_surrogates(bytes: &[u8]) -> Option<Vec<u8>> {
    let unit = |at: usize| {
        let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut mended = bytes.to_vec();
    let (mut at, mut changed) = (0, false);
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            at += 1;
            continue;
        }
        match (unit(at), unit(at + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => at += 12,
            (Some(0xD800..=0xDFFF), _) => {
                mended[at..at + 6].copy_from_slice(b"\\ufffd");
                changed = true;
                at += 6;
            }
            // Any other escape: the sign after the backslash is spent, be it a backslash.
            _ => at += 2,
        }
    }
    changed.then_some(mended)
}
