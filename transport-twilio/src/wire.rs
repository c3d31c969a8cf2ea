//! The forms of requests, and what answers say (Twilio, "Messages resource").

use serde_json::{Map, Value};
use tertulia_core::channel::Channel;
use tertulia_core::error::{Code, Error};
use tertulia_core::identity::{Address, AddressKind};
use tertulia_core::message::{Content, Media, MediaSource};
use tertulia_core::retry::{Failure, FailureClass};
use tertulia_core::template::{FilledTemplate, FilledValue};
use tertulia_transport_traits::{Accepted, Outgoing, SenderRef};

use crate::errors;
use crate::parse::address;

const TEXT: usize = 1600;

/// Whether webhooks will name a sender so.
pub(crate) fn check_sender(channel: Channel, sender_id: &str) -> Result<(), Error> {
    let digits = |text: &str, least: usize, most: usize| {
        (least..=most).contains(&text.len()) && text.bytes().all(|sign| sign.is_ascii_digit())
    };
    let name = |text: &str| {
        (1..=11).contains(&text.len())
            && text
                .bytes()
                .all(|sign| sign.is_ascii_alphanumeric() || sign == b' ')
            && text.bytes().any(|sign| sign.is_ascii_alphabetic())
    };
    let number = sender_id
        .strip_prefix('+')
        .is_some_and(|number| digits(number, 7, 15));
    let of_sms = channel == Channel::Sms && (digits(sender_id, 3, 8) || name(sender_id));
    if number || is_service(sender_id) || of_sms {
        return Ok(());
    }
    Err(Error::new(
        Code::AccountInvalid,
        format!(
            "{sender_id:?} is no sender of Twilio's for {channel}: give the number with its plus, as in +15005550006, without \
             spaces or \"whatsapp:\", or a messaging service's SID, MG and 32 digits"
        ),
    ))
}

fn is_service(sender_id: &str) -> bool {
    sid(sender_id, "MG")
}

/// Whether this is an id with this prefix.
pub(crate) fn sid(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|sign| sign.is_ascii_hexdigit()))
}

/// The form that sends a message; a failure if the platform would refuse it for its form.
pub(crate) fn message(
    sender: &SenderRef,
    message: &Outgoing,
    callback: &str,
) -> Result<Vec<(&'static str, String)>, Failure> {
    let mut form = vec![("To", recipient(sender.channel, &message.to)?)];
    form.push(if is_service(&sender.sender_id) {
        ("MessagingServiceSid", sender.sender_id.clone())
    } else {
        ("From", spelled(sender.channel, &sender.sender_id))
    });
    content(sender.channel, &message.content, &mut form)?;
    form.push(("StatusCallback", callback.to_owned()));
    Ok(form)
}

fn spelled(channel: Channel, bare: &str) -> String {
    let prefix = if channel == Channel::WhatsApp {
        "whatsapp:"
    } else {
        ""
    };
    format!("{prefix}{bare}")
}

fn recipient(channel: Channel, to: &Address) -> Result<String, Failure> {
    let unreachable = |what: &str| Failure::new(FailureClass::RecipientInvalid, "local", what);
    match (to.kind, channel) {
        (AddressKind::Phone, Channel::Sms | Channel::WhatsApp) => {
            let digits: String = to.value.chars().filter(char::is_ascii_digit).collect();
            if digits.is_empty() {
                return Err(unreachable("the recipient's phone has no digits"));
            }
            Ok(spelled(channel, &format!("+{digits}")))
        }
        (AddressKind::WhatsAppId, Channel::WhatsApp) if !to.value.trim().is_empty() => {
            Ok(spelled(channel, to.value.trim()))
        }
        _ => Err(unreachable(
            "Twilio reaches phones, and on WhatsApp ids of WhatsApp",
        )),
    }
}

fn bad(detail: impl Into<String>) -> Failure {
    Failure::new(FailureClass::BadRequest, "local", detail)
}

fn content(
    channel: Channel,
    content: &Content,
    form: &mut Vec<(&'static str, String)>,
) -> Result<(), Failure> {
    match content {
        Content::Text { body } => form.push(("Body", text(body)?)),
        Content::Media(media) => {
            if let Some(caption) = media.caption.as_deref().filter(|caption| !caption.is_empty()) {
                form.push(("Body", text(caption)?));
            }
            form.push(("MediaUrl", link(media)?));
        }
        Content::Template {
            template,
            text: filled,
        } => match content_sid(template) {
            Some(sid) => {
                form.push(("ContentSid", sid.to_owned()));
                let variables = variables(template)?;
                if !variables.is_empty() {
                    form.push(("ContentVariables", Value::Object(variables).to_string()));
                }
            }
            // No channel's template: its text is all there is to it.
            None if channel == Channel::Sms => form.push(("Body", text(filled)?)),
            None => {
                return Err(Failure::new(
                    FailureClass::TemplateProblem,
                    "local",
                    "the template has no content SID (HX…) of Twilio's; take its templates over with a sync",
                ));
            }
        },
        Content::Buttons(_) | Content::List(_) => {
            return Err(bad("Twilio sends buttons and lists as templates only"));
        }
        _ => return Err(bad("Twilio sends texts, files and templates")),
    }
    Ok(())
}

fn text(body: &str) -> Result<String, Failure> {
    let count = body.chars().count();
    if (1..=TEXT).contains(&count) && !body.trim().is_empty() {
        return Ok(body.to_owned());
    }
    Err(bad(format!(
        "the text has {count} characters; Twilio takes 1 to {TEXT}, not all of them blank"
    )))
}

fn link(media: &Media) -> Result<String, Failure> {
    match &media.source {
        MediaSource::Link(link) if link.starts_with("https://") || link.starts_with("http://") => {
            Ok(link.clone())
        }
        MediaSource::Link(_) => Err(bad("the file's link does not begin with https:// or http://")),
        MediaSource::Id(_) | MediaSource::Stored(_) => Err(bad("Twilio takes files by their link only")),
    }
}

fn content_sid(template: &FilledTemplate) -> Option<&str> {
    template.provider_id.as_deref().filter(|id| sid(id, "HX"))
}

/// The body's values, by number or name.
fn variables(template: &FilledTemplate) -> Result<Map<String, Value>, Failure> {
    if template.header.is_some() || !template.buttons.is_empty() {
        return Err(bad("Twilio's templates are filled in the body only"));
    }
    let mut variables = Map::new();
    for (place, parameter) in template.body.iter().enumerate() {
        let name = parameter.name.clone().unwrap_or_else(|| (place + 1).to_string());
        let (FilledValue::Text { text }
        | FilledValue::Currency { fallback: text, .. }
        | FilledValue::DateTime { fallback: text }) = &parameter.value
        else {
            return Err(bad("a parameter of the body is no text"));
        };
        variables.insert(name, text.as_str().into());
    }
    Ok(variables)
}

/// What a successful answer says: the receipt, or that it failed at once, of which no status will tell.
pub(crate) fn created(answer: &Value) -> Option<Result<Accepted, Failure>> {
    let sid = answer.get("sid")?.as_str().filter(|sid| !sid.is_empty())?;
    if matches!(
        answer.get("status").and_then(Value::as_str),
        Some("failed" | "undelivered")
    ) {
        let code = answer.get("error_code").and_then(whole);
        return Some(Err(code.map_or_else(
            || Failure::new(FailureClass::Unclassified, "failed", "it failed at once"),
            errors::failure,
        )));
    }
    let to = answer.get("to").and_then(Value::as_str).and_then(address);
    Some(Ok(Accepted {
        provider_id: sid.to_owned(),
        addresses: to.into_iter().collect(),
        held: false,
    }))
}

/// A whole number, also if it was sent as a text.
pub(crate) fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}
