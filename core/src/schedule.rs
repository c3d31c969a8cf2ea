//! Local times as instants: when a broadcast starts, and when nobody is to be disturbed.
//!
//! Where a zone has a local time twice, the earlier instant is meant; where it has none, since clocks were put forward
//! over it, the first instant after the gap.

use chrono::{DateTime, Days, LocalResult, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contact::Contact;
use crate::error::{Code, Error};
use crate::settings::Settings;

/// The zone whose clocks are ahead of all others.
const FIRST: Tz = Tz::Pacific__Kiritimati;

/// The longest that clocks were ever put forward, in minutes: a whole day, where a zone changed sides of the date line.
const LONGEST_GAP: usize = 24 * 60;

/// The instant of a local time.
pub fn instant(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.to_utc(),
        LocalResult::None => {
            // Clocks are put forward at whole minutes.
            let minute = local.with_second(0).and_then(|local| local.with_nanosecond(0));
            let mut later = minute.unwrap_or(local);
            for _ in 0..=LONGEST_GAP {
                later = later.checked_add_signed(TimeDelta::minutes(1)).unwrap_or(later);
                if let Some(at) = zone.from_local_datetime(&later).earliest() {
                    return at.to_utc();
                }
            }
            local.and_utc()
        }
    }
}

/// The zone of a contact: what their attribute says that the organisation keeps zones in, if it names one.
pub fn zone_of(contact: &Contact, settings: &Settings) -> Option<Tz> {
    let attribute = settings.zone_attribute.as_deref()?;
    contact.attributes.get(attribute)?.as_str()?.trim().parse().ok()
}

/// When a broadcast is to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSchedule {
    /// The local date and time, as in `2026-12-24T09:00:00`.
    #[schemars(with = "String", extend("format" = "partial-date-time"))]
    pub at: NaiveDateTime,
    /// The zone that it is a time of, as in `Europe/Berlin`; absent: the organisation's.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub zone: Option<Tz>,
    /// Everybody gets it at that time of their own zone, where that is known (see `Settings.zone_attribute`).
    #[serde(default)]
    pub recipients_zones: bool,
}

/// When a broadcast starts, or started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Schedule {
    /// The local date and time.
    #[schemars(with = "String", extend("format" = "partial-date-time"))]
    pub at: NaiveDateTime,
    /// The zone that it is a time of.
    #[schemars(with = "String")]
    pub zone: Tz,
    /// Everybody gets it at that time of their own zone, where that is known.
    pub recipients_zones: bool,
}

impl Schedule {
    /// A schedule whose time is still to come.
    ///
    /// # Errors
    /// `broadcast.schedule_invalid` for a time that is over.
    pub fn new(new: NewSchedule, settings: &Settings, now: DateTime<Utc>) -> Result<Self, Error> {
        let schedule = Self {
            at: new.at,
            zone: new.zone.unwrap_or(settings.zone),
            recipients_zones: new.recipients_zones,
        };
        let at = schedule.due(None);
        if at < now {
            let (at, zone) = (schedule.at, schedule.zone);
            let message = format!("{at} in {zone} is over; give a time that is to come, or launch now");
            return Err(Error::new(Code::BroadcastScheduleInvalid, message));
        }
        Ok(schedule)
    }

    /// When somebody gets it whose zone is this one, or is not known.
    pub fn due(&self, zone: Option<Tz>) -> DateTime<Utc> {
        let own = zone.filter(|_| self.recipients_zones);
        instant(self.at, own.unwrap_or(self.zone))
    }

    /// When its recipients are fixed: as soon as it is that time anywhere that counts.
    pub fn starts(&self) -> DateTime<Utc> {
        let here = self.due(None);
        here.min(self.due(Some(FIRST)))
    }
}

/// The hours in which broadcasts rest, by the recipient's clock where their zone is known, else by the organisation's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// From this time of day on, as in `21:00:00`.
    #[schemars(with = "String", extend("format" = "partial-time"))]
    pub from: NaiveTime,
    /// Until this time of day, on the next day if it is not later.
    #[schemars(with = "String", extend("format" = "partial-time"))]
    pub until: NaiveTime,
}

impl QuietHours {
    /// The end of the quiet hours that an instant lies in.
    pub fn end(&self, now: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let local = now.with_timezone(&zone).naive_local();
        let (time, over_night) = (local.time(), self.until <= self.from);
        let evening = self.from <= time && (over_night || time < self.until);
        let morning = over_night && time < self.until;
        if !evening && !morning {
            return None;
        }
        let days = Days::new(u64::from(evening && over_night));
        let end = local.date().checked_add_days(days)?.and_time(self.until);
        let at = instant(end, zone);
        if at > now {
            return Some(at);
        }
        // In the night in which clocks are put back, the second of two instants.
        zone.from_local_datetime(&end).latest().map(|at| at.to_utc())
    }
}

#[cfg(test)]
mod tests;
