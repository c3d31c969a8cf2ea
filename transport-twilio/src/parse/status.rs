//! What became of a message of ours (Twilio, "Outbound message status in status callbacks").

use tertulia_core::inbound::{InboundKind, StatusUpdate};
use tertulia_core::message::StatusKind;
use tertulia_core::retry::{Failure, FailureClass};

use super::{Form, address};
use crate::errors;
use crate::public_url::attempt;

/// Reads a status callback; the reason where it says nothing that can be used.
///
/// `RawDlrDoneDate` counts minutes of no zone that is told: the time is when it came in.
pub(super) fn status(form: &Form, word: &str, query: &str) -> Result<InboundKind, &'static str> {
    Ok(InboundKind::Status(StatusUpdate {
        provider_id: form.message_id().ok_or("the status has no id")?,
        status: kind(form, word),
        correlation: attempt(query),
        recipient: form.filled("To").and_then(address).into_iter().collect(),
        price_category: None,
        billable: None,
        free_entry_until: None,
    }))
}

fn kind(form: &Form, word: &str) -> StatusKind {
    match word {
        "accepted" | "scheduled" | "queued" | "sending" => StatusKind::Accepted,
        // Of several parts some have arrived: it went out.
        "sent" | "partially_delivered" => StatusKind::Sent,
        "delivered" => StatusKind::Delivered,
        "read" => StatusKind::Read,
        "failed" | "undelivered" => StatusKind::Failed(failure(form, word)),
        "canceled" => StatusKind::Failed(Failure::new(
            FailureClass::BadRequest,
            word,
            "it was taken back before it went out",
        )),
        other => StatusKind::Other(other.to_owned()),
    }
}

fn failure(form: &Form, word: &str) -> Failure {
    form.number("ErrorCode").map_or_else(
        || {
            Failure::new(
                FailureClass::Unclassified,
                word,
                "the platform named no error code",
            )
        },
        errors::failure,
    )
}
