//! `messages[]` and `message_echoes[]`: what people write, and what the business wrote elsewhere.
//!
//! Sources: WhatsApp webhooks, "messages"; "Business-scoped user IDs".

use serde_json::Value;
use tertulia_core::identity::Address;
use tertulia_core::inbound::{
    Echo, Edit, IdentityChange, InboundKind, InboundMessage, Person, Reaction, Referral, Revoke,
};
use tertulia_core::message::{Content, Location, Media, MediaKind, MediaSource};

use super::read::{add, any_of, filled, number, object, person, text, truth};

/// Reads one message; the reason where nothing can be made of it.
pub(super) fn message(item: &Value, contacts: &[Value]) -> Result<InboundKind, &'static str> {
    let provider_id = id(item)?;
    let from = person(
        [
            filled(item, "from"),
            filled(item, "from_user_id"),
            filled(item, "from_parent_user_id"),
        ],
        contacts,
    );
    let kind = filled(item, "type").unwrap_or_default();
    if kind == "system"
        && let Some(change) = identity_change(item, &from)
    {
        return Ok(InboundKind::IdentityChanged(change));
    }
    if from.addresses.is_empty() {
        return Err("the message names no sender");
    }
    let context = object(item, "context");
    let typed = object(item, &kind);
    match (kind.as_str(), typed) {
        ("reaction", Some(reaction)) => {
            if let Some(target) = filled(reaction, "message_id") {
                let emoji = filled(reaction, "emoji");
                return Ok(InboundKind::Reaction(Reaction {
                    provider_id,
                    from,
                    target,
                    emoji,
                }));
            }
        }
        ("edit", Some(edit)) => {
            if let Some(target) = filled(edit, "original_message_id")
                && let Some(edited) = object(edit, "message")
            {
                return Ok(InboundKind::Edit(Edit {
                    provider_id,
                    from,
                    target,
                    content: content(edited),
                }));
            }
        }
        ("revoke", Some(revoke)) => {
            if let Some(target) = filled(revoke, "original_message_id") {
                return Ok(InboundKind::Revoke(Revoke {
                    provider_id,
                    from,
                    target,
                }));
            }
        }
        _ => {}
    }
    let told = |key| context.and_then(|context| truth(context, key)).unwrap_or(false);
    Ok(InboundKind::Message(InboundMessage {
        provider_id,
        from,
        content: content(item),
        reply_to: context.and_then(|context| filled(context, "id")),
        forwarded: told("forwarded") || told("frequently_forwarded"),
        group_id: filled(item, "group_id"),
        referral: object(item, "referral").map(referral),
        keyword: None,
    }))
}

/// Reads one message that the business wrote elsewhere.
pub(super) fn echo(item: &Value, contacts: &[Value]) -> Result<InboundKind, &'static str> {
    let provider_id = id(item)?;
    let to = person(
        [
            filled(item, "to"),
            filled(item, "to_user_id"),
            filled(item, "to_parent_user_id"),
        ],
        contacts,
    );
    if to.addresses.is_empty() {
        return Err("the echo names no recipient");
    }
    Ok(InboundKind::Echo(Echo {
        provider_id,
        to,
        content: content(item),
    }))
}

fn id(item: &Value) -> Result<String, &'static str> {
    if !item.is_object() {
        return Err("the message is no object");
    }
    filled(item, "id").ok_or("the message has no id")
}

/// What a message says; kept raw where its type is unknown or its object is not as it should be.
fn content(item: &Value) -> Content {
    let kind = filled(item, "type").unwrap_or_default();
    item.get(&kind)
        .and_then(|typed| known(&kind, typed))
        .unwrap_or_else(|| unsupported(&kind, item))
}

fn known(kind: &str, typed: &Value) -> Option<Content> {
    Some(match kind {
        "text" => Content::Text {
            body: text(typed, "body")?,
        },
        "image" => Content::Media(media(MediaKind::Image, typed)?),
        "video" => Content::Media(media(MediaKind::Video, typed)?),
        "document" => Content::Media(media(MediaKind::Document, typed)?),
        "sticker" => Content::Media(media(MediaKind::Sticker, typed)?),
        "audio" => Content::Media(media(MediaKind::Audio, typed)?),
        // Before 2021 a voice note was a type of its own; resellers still pass it on.
        "voice" => Content::Media(Media {
            voice: true,
            ..media(MediaKind::Audio, typed)?
        }),
        "location" => Content::Location(Location {
            latitude: number(typed, "latitude")?,
            longitude: number(typed, "longitude")?,
            name: filled(typed, "name"),
            address: filled(typed, "address"),
        }),
        "contacts" => Content::Contacts {
            cards: typed.as_array()?.clone(),
        },
        "interactive" => interactive(typed)?,
        "button" => {
            let (payload, title) = (filled(typed, "payload"), filled(typed, "text"));
            let id = payload.clone().or_else(|| title.clone())?;
            Content::ButtonReply {
                title: title.unwrap_or_else(|| id.clone()),
                id,
            }
        }
        "reaction" => Content::Reaction {
            target: filled(typed, "message_id")?,
            emoji: text(typed, "emoji").unwrap_or_default(),
        },
        "order" => Content::Order {
            order: typed.is_object().then(|| typed.clone())?,
        },
        "system" => Content::System {
            notice: filled(typed, "type")?,
            body: filled(typed, "body"),
        },
        _ => return None,
    })
}

fn unsupported(kind: &str, item: &Value) -> Content {
    let named = match kind {
        "unsupported" => object(item, kind).and_then(|inner| filled(inner, "type")),
        "interactive" => object(item, kind).and_then(|inner| filled(inner, "type")),
        _ => None,
    };
    Content::Unsupported {
        provider_type: named.unwrap_or_else(|| kind.to_owned()),
        raw: item.clone(),
    }
}

fn media(kind: MediaKind, typed: &Value) -> Option<Media> {
    let source = filled(typed, "id")
        .map(MediaSource::Id)
        .or_else(|| any_of(typed, &["url", "link"]).map(MediaSource::Link))?;
    Some(Media {
        mime_type: filled(typed, "mime_type"),
        sha256: filled(typed, "sha256"),
        caption: filled(typed, "caption"),
        filename: filled(typed, "filename"),
        voice: truth(typed, "voice").unwrap_or(false),
        ..Media::new(kind, source)
    })
}

fn interactive(typed: &Value) -> Option<Content> {
    let kind = filled(typed, "type")?;
    let reply = object(typed, &kind)?;
    Some(match kind.as_str() {
        "button_reply" => Content::ButtonReply {
            id: text(reply, "id")?,
            title: text(reply, "title").unwrap_or_default(),
        },
        "list_reply" => Content::ListReply {
            id: text(reply, "id")?,
            title: text(reply, "title").unwrap_or_default(),
            description: filled(reply, "description"),
        },
        "nfm_reply" => Content::FormReply {
            name: filled(reply, "name").unwrap_or_else(|| "flow".into()),
            body: filled(reply, "body"),
            // Documented as a text that holds JSON; should it ever come unpacked, it is packed again.
            response_json: text(reply, "response_json")
                .or_else(|| reply.get("response_json").map(Value::to_string))?,
        },
        _ => return None,
    })
}

fn referral(referral: &Value) -> Referral {
    let order: &[&str] = if filled(referral, "media_type").as_deref() == Some("video") {
        &["video_url", "thumbnail_url", "image_url"]
    } else {
        &["image_url", "video_url", "thumbnail_url"]
    };
    Referral {
        source_url: filled(referral, "source_url"),
        source_id: filled(referral, "source_id"),
        source_type: filled(referral, "source_type"),
        headline: filled(referral, "headline"),
        body: filled(referral, "body"),
        media_type: filled(referral, "media_type"),
        media_url: any_of(referral, order),
        ctwa_clid: filled(referral, "ctwa_clid"),
    }
}

/// A `system` message about a new number or id; other notices are messages.
fn identity_change(item: &Value, from: &Person) -> Option<IdentityChange> {
    let system = object(item, "system")?;
    let notice = filled(system, "type")?;
    let changes = [
        "user_changed_number",
        "customer_changed_number",
        "user_changed_user_id",
    ];
    if !changes.contains(&notice.as_str()) {
        return None;
    }
    let mut current = Vec::new();
    for spelled in [
        any_of(system, &["wa_id", "new_wa_id"]),
        filled(system, "user_id"),
        filled(system, "parent_user_id"),
    ] {
        add(&mut current, spelled.as_deref());
    }
    if current.is_empty() {
        return None;
    }
    let detail = filled(system, "body");
    let mut previous: Vec<Address> = from.addresses.clone();
    add(&mut previous, filled(system, "customer").as_deref());
    if notice == "user_changed_user_id" {
        add(
            &mut previous,
            detail.as_deref().and_then(|words| id_before(words, &current)),
        );
    }
    previous.retain(|address| !current.contains(address));
    Some(IdentityChange {
        previous,
        current,
        detail,
    })
}

/// The old id, which such a notice names in its words only: "User <name> changed from <old> to <new>".
///
/// The name is the person's own choice and may hold the same words, so the end is read, and only if it names the new
/// id as well.
fn id_before<'a>(words: &'a str, current: &[Address]) -> Option<&'a str> {
    let (_, ids) = words.rsplit_once(" changed from ")?;
    let (old, new) = ids.trim_end().split_once(" to ")?;
    current.iter().any(|address| address.value == new).then_some(old)
}
