//! Real webhooks, which nobody on this project wrote: read where they are on this machine.

use std::fmt::Write as _;
use std::path::PathBuf;

use tertulia_core::identity::Address;
use tertulia_core::inbound::{InboundEvent, InboundKind, Person};
use tertulia_core::message::{Content, MediaKind, MediaSource, StatusKind};

use crate::read;
use crate::webhooks::whatsapp;

fn who(addresses: &[Address]) -> String {
    addresses
        .iter()
        .map(|address| address.value.as_str())
        .collect::<Vec<_>>()
        .join("+")
}

fn person(person: &Person) -> String {
    let mut text = who(&person.addresses);
    for name in [&person.name, &person.username].into_iter().flatten() {
        write!(text, " {name}").unwrap();
    }
    text
}

/// An event in one line.
fn line(event: &InboundEvent) -> String {
    match &event.kind {
        InboundKind::Message(message) => {
            let content = match &message.content {
                Content::Text { body } => format!("text {body}"),
                Content::Media(media) => {
                    let MediaSource::Id(source) = &media.source else {
                        panic!("{media:?}")
                    };
                    let extra = [&media.mime_type, &media.caption, &media.filename]
                        .into_iter()
                        .flatten();
                    let extra: Vec<_> = extra.map(String::as_str).collect();
                    let kind = match media.kind {
                        MediaKind::Image => "image",
                        MediaKind::Video => "video",
                        MediaKind::Audio if media.voice => "voice",
                        MediaKind::Audio => "audio",
                        MediaKind::Document => "document",
                        MediaKind::Sticker => "sticker",
                    };
                    assert!(media.sha256.is_some());
                    format!("{kind} {source} {}", extra.join(" | "))
                }
                Content::Location(place) => format!("location {} {}", place.latitude, place.longitude),
                Content::Contacts { cards } => format!("contacts {}", cards.len()),
                Content::ButtonReply { id, title } => format!("button {id} {title}"),
                Content::ListReply {
                    id,
                    title,
                    description,
                } => format!("list {id} {title} {description:?}"),
                Content::Unsupported { provider_type, raw } => {
                    assert_eq!(raw["id"], message.provider_id.as_str(), "the raw message is kept");
                    format!("unsupported {provider_type}")
                }
                other => panic!("{other:?}"),
            };
            let mut text = format!("message from {}: {content}", person(&message.from));
            for (name, value) in [("reply to", &message.reply_to), ("group", &message.group_id)] {
                if let Some(value) = value {
                    write!(text, "; {name} {value}").unwrap();
                }
            }
            if let Some(referral) = &message.referral {
                let (source, media) = (referral.source_id.as_deref(), referral.media_url.as_deref());
                write!(text, "; from ad {} with {}", source.unwrap(), media.unwrap()).unwrap();
            }
            text
        }
        InboundKind::Reaction(reaction) => {
            format!(
                "reaction from {} to {}: {:?}",
                person(&reaction.from),
                reaction.target,
                reaction.emoji
            )
        }
        InboundKind::Status(status) => {
            let kind = match &status.status {
                StatusKind::Failed(failure) => {
                    format!("failed {:?} {}: {}", failure.class, failure.code, failure.detail)
                }
                other => format!("{other:?}"),
            };
            let price = status.price_category.as_deref().unwrap_or("-");
            format!(
                "status of {}: {kind}; {price} {:?}",
                who(&status.recipient),
                status.billable
            )
        }
        InboundKind::IdentityChanged(change) => {
            format!("identity {} -> {}", who(&change.previous), who(&change.current))
        }
        InboundKind::TemplateStatus(notice) => {
            let id = notice.provider_id.as_deref().unwrap();
            format!(
                "template {} {} {id}: {} {:?}",
                notice.name,
                notice.language,
                notice.value.as_str(),
                notice.reason
            )
        }
        InboundKind::Sender(told) => {
            let limit = told.limit.as_ref().map(|limit| limit.tier.as_str());
            let ban = told.ban.as_ref().map(|ban| ban.ban);
            let number = told.number.as_deref().unwrap_or("-");
            format!(
                "sender {number}: low {:?}, limit {limit:?}, ban {ban:?}",
                told.low_quality
            )
        }
        InboundKind::Notice { field, raw } => {
            assert!(raw.is_object());
            format!("notice {field}")
        }
        other => panic!("{other:?}"),
    }
}

const TEST_USER: &str = "message from 491234567890 TestUser: ";

/// What each of the real bodies says. Lines that begin with `~` follow [`TEST_USER`].
const REAL: &[(&str, &str)] = &[
    ("accountReviewUpdate", "notice account_review_update"),
    (
        "accountUpdate-banned",
        "sender -: low None, limit None, ban Some(Scheduled)",
    ),
    ("accountUpdate-verified", "notice account_update"),
    (
        "businessUsernameUpdate-approved",
        "notice business_username_update",
    ),
    ("group-participants-update", "notice group_participants_update"),
    (
        "incoming-message-ads",
        "~text Test; from ad ADID with RAW_VIDEO_URL",
    ),
    (
        "incoming-message-audio",
        r"~voice 1113842206146232 audio\/ogg; codecs=opus",
    ),
    (
        "incoming-message-button",
        "~button No-Button-Payload No; reply to wamid.ID",
    ),
    (
        "incoming-message-contacts-request-bsuid",
        "message from US.13491208655302741918+US.ENT.11815799212886844830 Sheena Nelson realsheenanelson: contacts 1",
    ),
    (
        "incoming-message-contacts",
        "message from 333333333333 John: contacts 1",
    ),
    (
        "incoming-message-contacts2",
        "message from REDACTED REDACTED: contacts 2",
    ),
    (
        "incoming-message-document",
        r"~document 4937353526352 application\/zip | RESTFB ANNIVERSARY | RESTFB ANNIVERSARY.zip",
    ),
    (
        "incoming-message-emoji",
        "reaction from 491234567890 TestUser to wamid.xxxxxxxx: Some(\"👍🏻\")",
    ),
    ("incoming-message-error", "~unsupported unknown"),
    (
        "incoming-message-image",
        r"~image 400962571939895 image\/jpeg | Some awesome image",
    ),
    (
        "incoming-message-interactive-btn",
        "~button unique-button-identifier-here button-text",
    ),
    (
        "incoming-message-interactive-list",
        "~list list_reply_id list_reply_title Some(\"list_reply_description\")",
    ),
    (
        "incoming-message-location",
        "~location 49.234939575195 6.9993596076965",
    ),
    (
        "incoming-message-status-bsuid",
        "status of US.13491208655302741918+US.ENT.11815799212886844830: Delivered; marketing Some(true)",
    ),
    (
        "incoming-message-status-errors",
        "status of REDACTED: failed RecipientInvalid 131026: Message Undeliverable.; - None",
    ),
    (
        "incoming-message-status-group-bsuid",
        "status of 16505551234+US.13491208655302741918+US.ENT.11815799212886844830: Read; - None",
    ),
    (
        "incoming-message-status-ui",
        "status of PHONE_NUMBER: Sent; user_initiated Some(true)",
    ),
    (
        "incoming-message-sticker",
        r"~sticker 1122990445227715 image\/webp",
    ),
    (
        "incoming-message-system-bsuid",
        "identity US.10101010101010101010 -> US.13491208655302741918+US.ENT.11815799212886844830",
    ),
    (
        "incoming-message-system",
        "identity 491234567890 -> NEW_PHONE_NUMBER",
    ),
    (
        "incoming-message-text-bsuid",
        "message from US.13491208655302741918+US.ENT.11815799212886844830 Sheena Nelson realsheenanelson: \
         text Does it come in another color?; group 120363418770915618@g.us",
    ),
    ("incoming-message-text", "~text Test"),
    (
        "incoming-message-unsupported",
        "message from 333333333333 John: unsupported unsupported",
    ),
    (
        "incoming-message-video",
        r"~video 378911494190301 video\/mp4 | Video",
    ),
    (
        "messageTemplateStatusUpdate-approved",
        "template My message template en_US 1234567: APPROVED None",
    ),
    (
        "messageTemplateStatusUpdate-disabling",
        "template My message template en_US 1234567: FLAGGED None",
    ),
    ("phoneNumberNameUpdate", "notice phone_number_name_update"),
    (
        "phoneNumberQualityUpdate",
        "sender 16505551111: low Some(true), limit Some(\"TIER_10K\"), ban None",
    ),
    (
        "userIdUpdate",
        "identity US.10101010101010101010+US.ENT.10101010101010101010 -> \
         16505551234+US.13491208655302741918+US.ENT.11815799212886844830",
    ),
];

/// The real bodies by name; empty, with a word, where they are not on this machine.
pub(crate) fn real() -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/fixtures/whatsapp"
    ));
    let Ok(files) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: no real webhooks at {}", folder.display());
        return Vec::new();
    };
    let mut bodies: Vec<_> = files
        .map(|file| file.unwrap().path())
        .filter_map(|path| {
            let name = path.file_stem()?.to_str()?.strip_prefix("webhook-")?.to_owned();
            Some((name, std::fs::read(path).unwrap()))
        })
        .collect();
    bodies.sort();
    bodies
}

#[test]
fn real_webhooks_are_read_as_what_they_say() {
    let whatsapp = whatsapp();
    for (name, body) in real() {
        let said = REAL
            .iter()
            .find(|(file, _)| *file == name)
            .unwrap_or_else(|| panic!("{name} is not in the table"))
            .1;
        let said = said
            .strip_prefix('~')
            .map_or_else(|| said.to_owned(), |rest| format!("{TEST_USER}{rest}"));
        let events = read(&whatsapp, &body).unwrap();
        assert_eq!(events.iter().map(line).collect::<Vec<_>>(), [said], "{name}");
    }
}
