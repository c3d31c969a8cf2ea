//! Notices of how a sender, or all of a business account, stands with the platform.
//!
//! Source: WhatsApp's reference of the webhooks `phone_number_quality_update`, `business_capability_update` and
//! `account_update` (2025-11), and "Messaging limits".

use serde_json::Value;
use tertulia_core::account::Ban;
use tertulia_core::inbound::{BanNotice, InboundKind, LimitNotice, SenderNotice};

use super::read::{any_of, filled, list, object, time};

/// A number in digits: platforms write one number in several ways.
pub(super) fn number(value: &Value, key: &str) -> Option<String> {
    let digits: String = filled(value, key)?.chars().filter(char::is_ascii_digit).collect();
    Some(digits).filter(|digits| !digits.is_empty())
}

/// A notice: one of how senders stand where it tells of that, else handed on as it is.
pub(super) fn notice(field: &str, value: &Value) -> Result<InboundKind, &'static str> {
    let mut told = SenderNotice {
        field: field.to_owned(),
        raw: value.clone(),
        ..SenderNotice::default()
    };
    match field {
        "phone_number_quality_update" => {
            let event = filled(value, "event").ok_or("the notice does not say what happened")?;
            told.number = number(value, "display_phone_number");
            told.low_quality = match event.as_str() {
                "FLAGGED" => Some(true),
                "UNFLAGGED" => Some(false),
                _ => None,
            };
            if told.number.is_none() && object(value, "metadata").is_none() {
                return Err("the notice names no number");
            }
            // Of a change of throughput, the tier is no limit of people.
            if event != "THROUGHPUT_UPGRADE" {
                told.limit = limit(value)?;
            }
        }
        "business_capability_update" => told.limit = limit(value)?,
        "account_update" => told.ban = ban(value)?,
        _ => {}
    }
    if told.low_quality.is_some() || told.limit.is_some() || told.ban.is_some() {
        return Ok(InboundKind::Sender(told));
    }
    Ok(InboundKind::Notice {
        field: told.field,
        raw: told.raw,
    })
}

/// The names that the limit goes by, the current one first.
const LIMITS: [&str; 4] = [
    "max_daily_conversations_per_business",
    "max_daily_conversation_per_business",
    "max_daily_conversation_per_phone",
    "current_limit",
];

fn limit(value: &Value) -> Result<Option<LimitNotice>, &'static str> {
    let Some(tier) = any_of(value, &LIMITS) else {
        let named = LIMITS
            .iter()
            .any(|name| value.get(name).is_some_and(|told| !told.is_null()));
        return if named {
            Err("the limit is no word")
        } else {
            Ok(None)
        };
    };
    let word = tier.trim_start_matches("TIER_");
    let people_a_day = match word.strip_suffix('K') {
        Some(thousands) => thousands
            .parse()
            .ok()
            .and_then(|count: u64| count.checked_mul(1_000)),
        None => word.parse().ok(),
    };
    Ok(Some(LimitNotice { tier, people_a_day }))
}

fn ban(value: &Value) -> Result<Option<BanNotice>, &'static str> {
    let event = filled(value, "event").ok_or("the notice does not say what happened")?;
    match event.as_str() {
        "DISABLED_UPDATE" => {
            let Some(info) = value.get("ban_info").filter(|info| !info.is_null()) else {
                return Ok(None);
            };
            let state = filled(info, "waba_ban_state").ok_or("the notice does not say how it is barred")?;
            let ban = match state.as_str() {
                "DISABLE" => Ban::Disabled,
                "REINSTATE" => Ban::Lifted,
                "SCHEDULE_FOR_DISABLE" => Ban::Scheduled,
                _ => return Ok(None),
            };
            Ok(Some(BanNotice {
                ban,
                detail: Some(state),
                until: None,
            }))
        }
        "ACCOUNT_RESTRICTION" => {
            let all = list(value, "restriction_info");
            let mut words: Vec<String> = all
                .iter()
                .filter_map(|one| filled(one, "restriction_type"))
                .collect();
            words.sort_unstable();
            if words.is_empty() {
                return Err("the notice does not say what is restricted");
            }
            Ok(Some(BanNotice {
                ban: Ban::Restricted,
                detail: Some(words.join(", ")),
                until: all.iter().filter_map(|one| time(one, "expiration")).max(),
            }))
        }
        _ => Ok(None),
    }
}
