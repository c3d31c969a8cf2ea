//! `calls[]` and their `statuses[]`: what becomes of calls, ours and people's.
//!
//! Source: WhatsApp Business Calling API, "API and webhook reference" (2025-11), "User-initiated calls" and
//! "Business-initiated calls" (2026-06). Statuses come only for calls of the business.

use serde_json::Value;
use tertulia_core::inbound::{Call, CallEvent, Caller, InboundKind, Person};

use super::read::{filled, person};
use super::status::recipient;

/// Reads one event of a call; the reason where it says nothing that can be used.
pub(super) fn call(item: &Value, contacts: &[Value]) -> Result<InboundKind, &'static str> {
    let (caller, end) = match filled(item, "direction")
        .ok_or("the call does not say who called")?
        .to_uppercase()
        .as_str()
    {
        "USER_INITIATED" => (Caller::Person, "from"),
        "BUSINESS_INITIATED" => (Caller::Business, "to"),
        _ => return Err("the call's direction is not known"),
    };
    let person = person(
        ["", "_user_id", "_parent_user_id"].map(|kind| filled(item, &format!("{end}{kind}"))),
        contacts,
    );
    read(item, caller, person, "event")
}

/// Reads one status of a call that the business made.
pub(super) fn status(item: &Value, contacts: &[Value]) -> Result<InboundKind, &'static str> {
    read(item, Caller::Business, recipient(item, contacts), "status")
}

fn read(item: &Value, caller: Caller, person: Person, word: &str) -> Result<InboundKind, &'static str> {
    if person.addresses.is_empty() {
        return Err("the call names nobody");
    }
    Ok(InboundKind::Call(Call {
        provider_id: filled(item, "id").ok_or("the call has no id")?,
        person,
        caller,
        stage: CallEvent::from(&*filled(item, word).ok_or("the call does not say what happened")?),
        raw: item.clone(),
    }))
}
