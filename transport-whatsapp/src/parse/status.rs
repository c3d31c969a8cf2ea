//! `statuses[]`: what became of a message of ours (platform-facts A4).

use serde_json::Value;
use tertulia_core::inbound::{InboundKind, StatusUpdate};
use tertulia_core::message::StatusKind;
use tertulia_core::retry::{Failure, FailureClass};

use super::read::{any_of, filled, list, object, person, platform_error, truth};

/// Reads one status; the reason where it says nothing that can be used.
pub(super) fn status(item: &Value, contacts: &[Value]) -> Result<InboundKind, &'static str> {
    if !item.is_object() {
        return Err("the status is no object");
    }
    let provider_id = filled(item, "id").ok_or("the status has no id")?;
    let word = filled(item, "status").ok_or("the status does not say which")?;
    let recipient = person(
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
    );
    let conversation = object(item, "conversation");
    let pricing = object(item, "pricing").or_else(|| object(conversation?, "pricing"));
    let origin = conversation.and_then(|conversation| object(conversation, "origin"));
    Ok(InboundKind::Status(StatusUpdate {
        provider_id,
        status: kind(&word, item),
        correlation: filled(item, "biz_opaque_callback_data").and_then(|echo| echo.parse().ok()),
        recipient: recipient.addresses,
        price_category: pricing
            .and_then(|pricing| filled(pricing, "category"))
            .or_else(|| filled(origin?, "type")),
        billable: pricing.and_then(|pricing| truth(pricing, "billable")),
    }))
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
