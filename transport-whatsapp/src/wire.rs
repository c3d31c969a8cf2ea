//! The bodies of requests and answers (Cloud API, "Send messages").

use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};
use tertulia_core::identity::{Address, AddressKind};
use tertulia_core::message::{Buttons, Content, List, Location, Media, MediaKind, MediaSource};
use tertulia_core::retry::{Failure, FailureClass};
use tertulia_core::template::Template;
use tertulia_transport_traits::{Accepted, Outgoing};

use crate::parse::read::address;

mod template;

/// What is asked about each template.
pub(crate) const TEMPLATE_FIELDS: &str =
    "id,name,language,category,status,parameter_format,components,quality_score";

const TEXT: RangeInclusive<usize> = 1..=4096;
const CAPTION: RangeInclusive<usize> = 1..=1024;
const INTERACTIVE_BODY: RangeInclusive<usize> = 1..=1024;
const HEADER: RangeInclusive<usize> = 1..=60;
const FOOTER: RangeInclusive<usize> = 1..=60;
const BUTTONS: RangeInclusive<usize> = 1..=3;
const BUTTON_ID: RangeInclusive<usize> = 1..=256;
const BUTTON_TITLE: RangeInclusive<usize> = 1..=20;
const LIST_BUTTON: RangeInclusive<usize> = 1..=20;
const SECTIONS: RangeInclusive<usize> = 1..=10;
const ROWS: RangeInclusive<usize> = 1..=10;
const SECTION_TITLE: RangeInclusive<usize> = 1..=24;
const ROW_ID: RangeInclusive<usize> = 1..=200;
const ROW_TITLE: RangeInclusive<usize> = 1..=24;
const ROW_DESCRIPTION: RangeInclusive<usize> = 1..=72;

/// The body that sends a message; a failure if the platform would refuse it for its form.
pub(crate) fn message(message: &Outgoing) -> Result<Value, Failure> {
    let (kind, typed) = content(&message.content)?;
    let mut body = Map::new();
    body.insert("messaging_product".into(), "whatsapp".into());
    body.insert("recipient_type".into(), "individual".into());
    let (key, recipient) = recipient(&message.to)?;
    body.insert(key.into(), recipient.into());
    body.insert("type".into(), kind.into());
    body.insert(kind.into(), typed);
    if let Some(quoted) = &message.reply_to {
        body.insert("context".into(), json!({ "message_id": quoted }));
    }
    body.insert(
        "biz_opaque_callback_data".into(),
        message.attempt.to_string().into(),
    );
    Ok(Value::Object(body))
}

/// The body that marks a person's message as read.
pub(crate) fn read_receipt(provider_id: &str) -> Value {
    json!({ "messaging_product": "whatsapp", "status": "read", "message_id": provider_id })
}

/// The receipt in an answer, if it names a message.
pub(crate) fn accepted(answer: &Value) -> Option<Accepted> {
    let message = answer.get("messages")?.get(0)?;
    let provider_id = message
        .get("id")?
        .as_str()
        .filter(|id| !id.is_empty())?
        .to_owned();
    let mut addresses: Vec<Address> = Vec::new();
    for contact in answer
        .get("contacts")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        for key in ["wa_id", "user_id"] {
            let named = contact.get(key).and_then(Value::as_str).and_then(address);
            addresses.extend(named.filter(|named| !addresses.contains(named)));
        }
    }
    let held = message.get("message_status").and_then(Value::as_str) == Some("held_for_quality_assessment");
    Some(Accepted {
        provider_id,
        addresses,
        held,
    })
}

/// The templates of one page of the list, and the mark to ask for the next one with.
///
/// A template that this library cannot read, as of a new category, is left out with a warning: it could not be sent.
pub(crate) fn template_page(answer: &Value) -> Option<(Vec<Template>, Option<String>)> {
    let mut templates = Vec::new();
    for item in answer.get("data")?.as_array()? {
        match serde_json::from_value::<Template>(item.clone()) {
            Ok(template) => templates.push(template),
            Err(error) => {
                tracing::warn!(id = ?item.get("id"), name = ?item.get("name"), %error, "template left out");
            }
        }
    }
    // The link `next` holds the key; the mark beside it says the same.
    let paging = answer
        .get("paging")
        .filter(|paging| paging.get("next").is_some_and(Value::is_string));
    let after = paging.and_then(|paging| paging.get("cursors")?.get("after")?.as_str());
    Some((templates, after.map(str::to_owned)))
}

fn bad(detail: impl Into<String>) -> Failure {
    Failure::new(FailureClass::BadRequest, "local", detail)
}

fn fits(what: &str, text: &str, range: RangeInclusive<usize>) -> Result<(), Failure> {
    counts(what, "characters", text.chars().count(), range)
}

fn counts(what: &str, of: &str, count: usize, range: RangeInclusive<usize>) -> Result<(), Failure> {
    if range.contains(&count) {
        return Ok(());
    }
    Err(bad(format!(
        "{what} has {count} {of}; WhatsApp takes {} to {}",
        range.start(),
        range.end()
    )))
}

/// The key and value that name the recipient. A phone always gets its `+`: without it the platform puts the business's
/// own country code before the digits.
fn recipient(to: &Address) -> Result<(&'static str, String), Failure> {
    let unreachable = |what: &str| Failure::new(FailureClass::RecipientInvalid, "local", what);
    match to.kind {
        AddressKind::Phone => {
            let digits: String = to.value.chars().filter(char::is_ascii_digit).collect();
            if digits.is_empty() {
                return Err(unreachable("the recipient's phone has no digits"));
            }
            Ok(("to", format!("+{digits}")))
        }
        AddressKind::WhatsAppId if !to.value.trim().is_empty() => {
            Ok(("recipient", to.value.trim().to_owned()))
        }
        AddressKind::WhatsAppId => Err(unreachable("the recipient's WhatsApp id is empty")),
        AddressKind::InstagramId | AddressKind::FacebookId | AddressKind::Email => {
            Err(unreachable("WhatsApp reaches phones and WhatsApp ids only"))
        }
    }
}

/// The type's name and the object under it.
fn content(content: &Content) -> Result<(&'static str, Value), Failure> {
    Ok(match content {
        Content::Text { body } => {
            fits("the text", body, TEXT)?;
            ("text", json!({ "body": body }))
        }
        Content::Media(media) => file(media)?,
        Content::Location(place) => ("location", location(place)?),
        Content::Contacts { cards } if cards.is_empty() => {
            return Err(bad("there is no contact card to send"));
        }
        Content::Contacts { cards } => ("contacts", json!(cards)),
        Content::Buttons(choice) => ("interactive", buttons(choice)?),
        Content::List(choice) => ("interactive", list(choice)?),
        Content::Template { template, .. } => ("template", template::template(template)?),
        Content::Reaction { target, emoji } => {
            fits("the id of the message reacted to", target, 1..=usize::MAX)?;
            ("reaction", json!({ "message_id": target, "emoji": emoji }))
        }
        Content::ButtonReply { .. }
        | Content::ListReply { .. }
        | Content::FormReply { .. }
        | Content::Order { .. }
        | Content::System { .. }
        | Content::Unsupported { .. } => {
            return Err(bad(
                "content of this kind only comes in; WhatsApp has no way to send it",
            ));
        }
    })
}

fn source(source: &MediaSource) -> Result<(&'static str, &str), Failure> {
    match source {
        MediaSource::Id(id) if !id.is_empty() => Ok(("id", id)),
        MediaSource::Link(link) if link.starts_with("https://") || link.starts_with("http://") => {
            Ok(("link", link))
        }
        MediaSource::Id(_) => Err(bad("the file's id is empty")),
        MediaSource::Link(_) => Err(bad("the file's link does not begin with https:// or http://")),
        MediaSource::Stored(_) => Err(bad("the file was not uploaded")),
    }
}

/// The name goes with documents only, as the platform shows none elsewhere.
fn file(media: &Media) -> Result<(&'static str, Value), Failure> {
    let (kind, captioned) = match media.kind {
        MediaKind::Image => ("image", true),
        MediaKind::Video => ("video", true),
        MediaKind::Document => ("document", true),
        MediaKind::Audio => ("audio", false),
        MediaKind::Sticker => ("sticker", false),
    };
    let (key, place) = source(&media.source)?;
    let mut typed = Map::from_iter([(key.to_owned(), Value::from(place))]);
    if let Some(caption) = media.caption.as_ref().filter(|caption| !caption.is_empty()) {
        if !captioned {
            return Err(bad(format!("{kind} takes no caption; send it as a text")));
        }
        fits("the caption", caption, CAPTION)?;
        typed.insert("caption".into(), caption.as_str().into());
    }
    if let (MediaKind::Document, Some(name)) = (media.kind, &media.filename) {
        typed.insert("filename".into(), name.as_str().into());
    }
    Ok((kind, Value::Object(typed)))
}

fn location(place: &Location) -> Result<Value, Failure> {
    if !(-90.0..=90.0).contains(&place.latitude) || !(-180.0..=180.0).contains(&place.longitude) {
        return Err(bad(
            "the place is not on earth: latitude is -90 to 90, longitude -180 to 180 degrees",
        ));
    }
    let mut typed = json!({ "latitude": place.latitude, "longitude": place.longitude });
    optional(&mut typed, "name", place.name.as_deref());
    optional(&mut typed, "address", place.address.as_deref());
    Ok(typed)
}

fn optional(object: &mut Value, key: &str, text: Option<&str>) {
    if let Some(text) = text {
        object[key] = text.into();
    }
}

/// What buttons and lists have in common.
fn interactive(
    kind: &str,
    header: Option<&str>,
    body: &str,
    footer: Option<&str>,
    action: &Value,
) -> Result<Value, Failure> {
    fits("the message's body", body, INTERACTIVE_BODY)?;
    let mut typed = json!({ "type": kind, "body": { "text": body }, "action": action });
    if let Some(header) = header {
        fits("the header", header, HEADER)?;
        typed["header"] = json!({ "type": "text", "text": header });
    }
    if let Some(footer) = footer {
        fits("the footer", footer, FOOTER)?;
        typed["footer"] = json!({ "text": footer });
    }
    Ok(typed)
}

fn buttons(choice: &Buttons) -> Result<Value, Failure> {
    counts("the message", "buttons", choice.buttons.len(), BUTTONS)?;
    let mut replies = Vec::new();
    for button in &choice.buttons {
        fits("a button's id", &button.id, BUTTON_ID)?;
        fits("a button's title", &button.title, BUTTON_TITLE)?;
        replies.push(json!({ "type": "reply", "reply": { "id": button.id, "title": button.title } }));
    }
    let action = json!({ "buttons": replies });
    interactive(
        "button",
        choice.header.as_deref(),
        &choice.body,
        choice.footer.as_deref(),
        &action,
    )
}

fn list(choice: &List) -> Result<Value, Failure> {
    fits("the list's button", &choice.button, LIST_BUTTON)?;
    counts("the list", "sections", choice.sections.len(), SECTIONS)?;
    counts(
        "the list",
        "rows",
        choice.sections.iter().map(|section| section.rows.len()).sum(),
        ROWS,
    )?;
    let mut sections = Vec::new();
    for section in &choice.sections {
        let mut rows = Vec::new();
        for row in &section.rows {
            fits("a row's id", &row.id, ROW_ID)?;
            fits("a row's title", &row.title, ROW_TITLE)?;
            let mut typed = json!({ "id": row.id, "title": row.title });
            if let Some(description) = &row.description {
                fits("a row's description", description, ROW_DESCRIPTION)?;
                typed["description"] = description.as_str().into();
            }
            rows.push(typed);
        }
        let mut typed = json!({ "rows": rows });
        match &section.title {
            Some(title) => {
                fits("a section's title", title, SECTION_TITLE)?;
                typed["title"] = title.as_str().into();
            }
            None if choice.sections.len() > 1 => {
                return Err(bad(
                    "a section has no title; with several sections each needs one",
                ));
            }
            None => {}
        }
        sections.push(typed);
    }
    let action = json!({ "button": choice.button, "sections": sections });
    interactive(
        "list",
        choice.header.as_deref(),
        &choice.body,
        choice.footer.as_deref(),
        &action,
    )
}
