//! `statuses[]`: what became of a message of ours (WhatsApp webhooks, "messages": status messages; "Pricing").

use serde_json::Value;
use tertulia_core::inbound::{InboundKind, Person, StatusUpdate};
use tertulia_core::message::StatusKind;
use tertulia_core::retry::{Failure, FailureClass};

use super::read::{any_of, filled, list, object, person, platform_error, time, truth};

/// How the platform calls the free entry point: as a type of price, and as a category or origin of a conversation.
const FREE_ENTRY_POINT: [&str; 2] = ["free_entry_point", "referral_conversion"];

/// Reads one status; the reason where it says nothing that can be used.
pub(super) fn status(item: &Value, contacts: &[Value]) -> Result<InboundKind, &'static str> {
    if !item.is_object() {
        return Err("the status is no object");
    }
    let provider_id = filled(item, "id").ok_or("the status has no id")?;
    let word = filled(item, "status").ok_or("the status does not say which")?;
    let conversation = object(item, "conversation");
    let pricing = object(item, "pricing").or_else(|| object(conversation?, "pricing"));
    let origin = conversation
        .and_then(|conversation| object(conversation, "origin"))
        .and_then(|origin| filled(origin, "type"));
    let price = |key| pricing.and_then(|pricing| filled(pricing, key));
    // Only of a free entry point does the end of the conversation say anything about later messages.
    let free_entry = [&origin, &price("category"), &price("type")]
        .into_iter()
        .flatten()
        .any(|word| FREE_ENTRY_POINT.contains(&word.as_str()));
    let ends = conversation.and_then(|conversation| time(conversation, "expiration_timestamp"));
    Ok(InboundKind::Status(StatusUpdate {
        provider_id,
        status: kind(&word, item),
        correlation: filled(item, "biz_opaque_callback_data").and_then(|echo| echo.parse().ok()),
        recipient: recipient(item, contacts).addresses,
        price_category: price("category").or(origin),
        billable: pricing.and_then(|pricing| truth(pricing, "billable")),
        free_entry_until: ends.filter(|_| free_entry),
    }))
}

/// Whom a status is about, in every spelling.
pub(super) fn recipient(item: &Value, contacts: &[Value]) -> Person {
    person(
        [
            filled(item, "recipient_id"),
            any_of(item, &["recipient_participant_id", "participant_recipient_id"]),
            filled(item, "recipient_user_id"),
            any_of(
                item,
                &["recipient_participant_user_id", "participant_recipient_user_id"],
            ),
            any_of(item, &["recipient_parent_user_id", "parent_recipient_user_id"]),
            any_of(
                item,
                &[
                    "recipient_participant_parent_user_id",
                    "participant_recipient_parent_user_id",
                ],
            ),
        ],
        contacts,
    )
}

fn kind(word: &str, item: &Value) -> StatusKind {
    match word.to_ascii_lowercase().as_str() {
        "accepted" => StatusKind::Accepted,
        "held_for_quality_assessment" => StatusKind::Held,
        "sent" => StatusKind::Sent,
        "delivered" => StatusKind::Delivered,
        "read" | "played" => StatusKind::Read,
        "failed" => StatusKind::Failed(failure(item)),
        other => StatusKind::Other(other.to_owned()),
    }
}

/// The first error with a code.
fn failure(item: &Value) -> Failure {
    list(item, "errors").iter().find_map(platform_error).map_or_else(
        || {
            Failure::new(
                FailureClass::Unclassified,
                "none",
                "the platform named no error code",
            )
        },
        |error| error.failure(),
    )
}
