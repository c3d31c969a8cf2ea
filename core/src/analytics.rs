//! What the figures about a period can be split by.

pub mod inbox;

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::ids::AgentId;

/// What figures are split by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnalyticsGroup {
    /// Nothing: all in one.
    #[default]
    Total,
    /// Who it was done by, or who had the conversation: a member of the team, or a bot or AI.
    Agent,
    /// The channel.
    Channel,
    /// The day, in the organisation's zone.
    Day,
    /// The week from Monday on, in the organisation's zone.
    Week,
    /// The month, in the organisation's zone.
    Month,
}

/// Which part of the figures this is: all absent where they are not split, or where nobody had the conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct AnalyticsKey {
    /// The member of the team.
    pub agent: Option<AgentId>,
    /// The bot or AI, by its name.
    pub handler: Option<String>,
    /// The channel.
    pub channel: Option<Channel>,
    /// The first day of the period, as `YYYY-MM-DD`.
    pub period: Option<String>,
}

impl AnalyticsGroup {
    /// The first day of the period that a time is in, as `YYYY-MM-DD`; nothing where figures are not split by time.
    pub fn period(self, at: DateTime<Utc>, zone: Tz) -> Option<String> {
        let day = at.with_timezone(&zone).date_naive();
        let first = match self {
            Self::Total | Self::Agent | Self::Channel => return None,
            Self::Day => Some(day),
            Self::Week => {
                day.checked_sub_signed(TimeDelta::days(day.weekday().num_days_from_monday().into()))
            }
            Self::Month => NaiveDate::from_ymd_opt(day.year(), day.month(), 1),
        };
        Some(first.unwrap_or(day).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_the_day_week_and_month_of_the_organisations_zone() {
        let at: DateTime<Utc> = "2026-03-01T03:30:00Z".parse().expect("a time");
        for (zone, day, week, month) in [
            (Tz::UTC, "2026-03-01", "2026-02-23", "2026-03-01"),
            (Tz::America__New_York, "2026-02-28", "2026-02-23", "2026-02-01"),
            (Tz::Pacific__Kiritimati, "2026-03-01", "2026-02-23", "2026-03-01"),
        ] {
            assert_eq!(
                AnalyticsGroup::Day.period(at, zone).as_deref(),
                Some(day),
                "{zone}"
            );
            assert_eq!(
                AnalyticsGroup::Week.period(at, zone).as_deref(),
                Some(week),
                "{zone}"
            );
            assert_eq!(
                AnalyticsGroup::Month.period(at, zone).as_deref(),
                Some(month),
                "{zone}"
            );
            assert_eq!(AnalyticsGroup::Total.period(at, zone), None);
        }
    }
}
