//! What an organisation can set, each with a default.

use chrono::TimeDelta;
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Code, Error};
use crate::keywords::Keywords;
use crate::phone::Region;
use crate::render::TimeFormat;
use crate::schedule::QuietHours;
use crate::survey::Csat;

/// The settings of one organisation. Durations are whole seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The business's name: `{{org.name}}`.
    pub name: String,
    /// The zone of `{{date}}` and `{{time}}` and of local times; default UTC.
    #[schemars(with = "String")]
    pub zone: Tz,
    /// How `{{date}}` is written; default `%Y-%m-%d`.
    pub date_format: TimeFormat,
    /// How `{{time}}` is written; default `%H:%M`.
    pub time_format: TimeFormat,
    /// The region that national numbers belong to; default none: numbers need their country code.
    pub default_region: Option<Region>,
    /// How many contacts the organisation may have; default any number.
    pub plan: Plan,
    /// The STOP and START words.
    pub keywords: Keywords,
    /// Whether a reply inside an open window needs an opt-in too; default true.
    pub strict_consent: bool,
    /// What an inbound message consents to; default everything.
    pub inbound_consent: InboundConsent,
    /// What answers a STOP, once; default nothing.
    pub stop_confirmation: Option<String>,
    /// When a window counts as closing soon; default 2 hours.
    pub window_closing_soon_seconds: u32,
    /// Whether contacts made by hand need a name; default true.
    pub name_required: bool,
    /// How long an attempt with unknown outcome may still settle; default 30 days, authentication templates 10 minutes at most.
    pub unknown_after_seconds: u32,
    /// What becomes of the conversations of a contact that is deleted; default kept.
    pub deleted_conversations: DeletedConversations,
    /// What a message does that is later than the resolution of its conversation; default it opens it again.
    pub reopening: Reopening,
    /// What a contact is asked when a conversation is resolved; default nothing.
    pub csat: Option<Csat>,
    /// How much later than scheduled a broadcast may start by itself; default 6 hours. Later it is held.
    pub max_late_seconds: u32,
    /// The hours in which broadcasts rest; default none.
    pub quiet_hours: Option<QuietHours>,
    /// The text attribute that has a contact's zone, as in `Europe/Berlin`; default none: all are in the organisation's.
    pub zone_attribute: Option<String>,
}

/// How many contacts an organisation may have: all count but deleted ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    /// 100.
    Free,
    /// 5,000.
    Starter,
    /// 25,000.
    Growth,
    /// Any number.
    Scale,
    /// This many.
    Contacts(u64),
}

impl Plan {
    /// The most contacts that anybody but a person who writes may add up to; `None`: any number.
    pub const fn limit(self) -> Option<u64> {
        match self {
            Self::Free => Some(100),
            Self::Starter => Some(5_000),
            Self::Growth => Some(25_000),
            Self::Scale => None,
            Self::Contacts(limit) => Some(limit),
        }
    }

    /// Whether one more is one too many, of so many that there are.
    pub fn is_full(self, contacts: u64) -> bool {
        self.limit().is_some_and(|limit| contacts >= limit)
    }

    /// Where an organisation with so many contacts stands.
    pub fn usage(self, contacts: u64) -> PlanUsage {
        let limit = self.limit();
        PlanUsage {
            contacts,
            limit,
            over_by: limit.map_or(0, |limit| contacts.saturating_sub(limit)),
        }
    }
}

/// Where an organisation stands with its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanUsage {
    /// The contacts that count: all but deleted ones.
    pub contacts: u64,
    /// The most that the plan allows; absent: any number.
    pub limit: Option<u64>,
    /// How many there are beyond it: people who wrote, and leads of a chatbot.
    pub over_by: u64,
}

/// What becomes of the conversations of a contact that is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeletedConversations {
    /// They stay as they are, under the deleted contact's id.
    Keep,
    /// They go, with all their messages.
    Remove,
}

/// What a message does that is later than the resolution of its conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reopening {
    /// It opens the conversation again.
    Reopen,
    /// It opens a new conversation: the old one stays closed.
    OpenNew,
}

/// What an inbound message consents to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InboundConsent {
    /// Everything.
    Everything,
    /// Everything but marketing: Meta's own reading (WhatsApp, "Get opt-in").
    AllButMarketing,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: String::new(),
            zone: Tz::UTC,
            date_format: TimeFormat::iso_date(),
            time_format: TimeFormat::hours_and_minutes(),
            default_region: None,
            plan: Plan::Scale,
            keywords: Keywords::default(),
            strict_consent: true,
            inbound_consent: InboundConsent::Everything,
            stop_confirmation: None,
            window_closing_soon_seconds: 2 * 60 * 60,
            name_required: true,
            unknown_after_seconds: 30 * 24 * 60 * 60,
            deleted_conversations: DeletedConversations::Keep,
            reopening: Reopening::Reopen,
            csat: None,
            max_late_seconds: 6 * 60 * 60,
            quiet_hours: None,
            zone_attribute: None,
        }
    }
}

impl Settings {
    /// Refuses settings that contradict themselves.
    pub fn validate(&self) -> Result<(), Error> {
        if self.unknown_after_seconds == 0 {
            return Err(Error::new(
                Code::SettingInvalid,
                "unknown_after_seconds is 0; give at least 1",
            ));
        }
        if self
            .stop_confirmation
            .as_ref()
            .is_some_and(|text| text.trim().is_empty())
        {
            return Err(Error::new(
                Code::SettingInvalid,
                "stop_confirmation is blank; leave it out, or give a text",
            ));
        }
        if self.quiet_hours.is_some_and(|hours| hours.from == hours.until) {
            return Err(Error::new(
                Code::SettingInvalid,
                "quiet_hours end when they begin; leave them out, or give a part of the day",
            ));
        }
        self.csat.as_ref().map_or(Ok(()), Csat::validate)
    }

    /// How long before its end a window counts as closing soon.
    pub fn window_closing_soon(&self) -> TimeDelta {
        TimeDelta::seconds(i64::from(self.window_closing_soon_seconds))
    }

    /// How much later than scheduled a broadcast may start by itself.
    pub fn max_late(&self) -> TimeDelta {
        TimeDelta::seconds(i64::from(self.max_late_seconds))
    }

    /// How long an attempt with unknown outcome may still settle.
    pub fn unknown_after(&self) -> TimeDelta {
        TimeDelta::seconds(i64::from(self.unknown_after_seconds))
    }
}

#[cfg(test)]
mod tests;
