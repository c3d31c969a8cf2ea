//! What people write (Twilio, "Twilio's request to your incoming message webhook URL").

use tertulia_core::identity::Address;
use tertulia_core::inbound::{InboundKind, InboundMessage, Person, Referral};
use tertulia_core::keywords::Keyword;
use tertulia_core::message::{Content, Location, Media, MediaKind, MediaSource};

use super::{Form, address};

/// More files than any message holds.
const FILES: usize = 100;

/// The messages that a form tells: one, or with several files one for each. The reason where nothing can be made of it.
pub(super) fn messages(form: &Form) -> Result<Vec<InboundKind>, &'static str> {
    let provider_id = form.message_id().ok_or("the message has no id")?;
    let from = person(form);
    if from.addresses.is_empty() {
        return Err("the message names no sender that can be answered");
    }
    let first = InboundMessage {
        provider_id: provider_id.clone(),
        from,
        content: Content::text(""),
        reply_to: form.owned("OriginalRepliedMessageSid"),
        forwarded: form.truth("Forwarded") || form.truth("FrequentlyForwarded"),
        group_id: None,
        referral: referral(form),
        keyword: keyword(form),
    };
    let messages = contents(form).into_iter().enumerate().map(|(place, content)| {
        let message = InboundMessage {
            content,
            ..first.clone()
        };
        InboundKind::Message(if place == 0 {
            message
        } else {
            InboundMessage {
                provider_id: format!("{provider_id}/{place}"),
                referral: None,
                keyword: None,
                ..message
            }
        })
    });
    Ok(messages.collect())
}

fn person(form: &Form) -> Person {
    let mut addresses: Vec<Address> = Vec::new();
    let wa_id = form.filled("WaId").map(|digits| format!("whatsapp:{digits}"));
    let named = [form.owned("From"), wa_id, form.owned("ExternalUserId")];
    for address in named.iter().flatten().filter_map(|spelled| address(spelled)) {
        let same = |known: &Address| known.kind == address.kind && known.match_key() == address.match_key();
        if !addresses.iter().any(same) {
            addresses.push(address);
        }
    }
    addresses.sort_by_key(|address| address.kind);
    Person {
        addresses,
        name: form.owned("ProfileName"),
        username: None,
    }
}

/// What the platform took the message for, whatever its words.
fn keyword(form: &Form) -> Option<Keyword> {
    match form.filled("OptOutType")?.trim().to_ascii_uppercase().as_str() {
        "STOP" => Some(Keyword::Stop),
        "START" => Some(Keyword::Start),
        "HELP" => Some(Keyword::Help),
        _ => None,
    }
}

/// What the message says: at least one.
fn contents(form: &Form) -> Vec<Content> {
    let body = form.text("Body").unwrap_or_default();
    if let Some(content) = choice(form).or_else(|| location(form)) {
        return vec![content];
    }
    let mut files: Vec<Media> = (0..FILES).filter_map(|place| file(form, place)).collect();
    let words = !body.trim().is_empty();
    if files.is_empty() {
        let kind = form.filled("MessageType").unwrap_or("text");
        return vec![if words || kind.eq_ignore_ascii_case("text") {
            Content::text(body)
        } else {
            Content::Unsupported {
                provider_type: kind.to_owned(),
                raw: form.raw(),
            }
        }];
    }
    let mut contents = Vec::new();
    if words {
        match files.first_mut() {
            Some(file) if takes_caption(file.kind) => file.caption = Some(body.to_owned()),
            _ => contents.push(Content::text(body)),
        }
    }
    contents.extend(files.into_iter().map(Content::Media));
    contents
}

/// A button or a line of a list that was chosen.
fn choice(form: &Form) -> Option<Content> {
    if let Some(id) = form.owned("ListId") {
        let title = form.owned("ListTitle").or_else(|| form.owned("Body"));
        return Some(Content::ListReply {
            title: title.unwrap_or_else(|| id.clone()),
            description: None,
            id,
        });
    }
    let (payload, title) = (form.owned("ButtonPayload"), form.owned("ButtonText"));
    let id = payload.or_else(|| title.clone())?;
    Some(Content::ButtonReply {
        title: title.or_else(|| form.owned("Body")).unwrap_or_else(|| id.clone()),
        id,
    })
}

fn location(form: &Form) -> Option<Content> {
    let degrees = |name, most: f64| form.number::<f64>(name).filter(|degrees| degrees.abs() <= most);
    Some(Content::Location(Location {
        latitude: degrees("Latitude", 90.0)?,
        longitude: degrees("Longitude", 180.0)?,
        name: form.owned("Label"),
        address: form.owned("Address"),
    }))
}

fn file(form: &Form, place: usize) -> Option<Media> {
    let link = form.owned(&format!("MediaUrl{place}"))?;
    let mime_type = form.owned(&format!("MediaContentType{place}"));
    let top = mime_type.as_deref().and_then(|kind| kind.split('/').next());
    let kind = match top.unwrap_or_default() {
        _ if form.filled("MessageType") == Some("sticker") => MediaKind::Sticker,
        "image" => MediaKind::Image,
        "video" => MediaKind::Video,
        "audio" => MediaKind::Audio,
        _ => MediaKind::Document,
    };
    Some(Media {
        mime_type,
        ..Media::new(kind, MediaSource::Link(link))
    })
}

fn takes_caption(kind: MediaKind) -> bool {
    matches!(kind, MediaKind::Image | MediaKind::Video | MediaKind::Document)
}

/// The ad that led here. `ReferralNumMedia` comes with ordinary messages too.
fn referral(form: &Form) -> Option<Referral> {
    let (source_id, ctwa_clid) = (form.owned("ReferralSourceId"), form.owned("ReferralCtwaClid"));
    if source_id.is_none() && ctwa_clid.is_none() {
        return None;
    }
    let media_type = form.filled("ReferralMediaContentType");
    Some(Referral {
        source_url: form.owned("ReferralSourceUrl"),
        source_id,
        source_type: form.owned("ReferralSourceType"),
        headline: form.owned("ReferralHeadline"),
        body: form.owned("ReferralBody"),
        media_type: media_type
            .and_then(|kind| kind.split('/').next())
            .map(str::to_owned),
        media_url: form.owned("ReferralMediaUrl"),
        ctwa_clid,
    })
}
