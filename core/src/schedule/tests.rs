use chrono::{DateTime, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;

use super::{NewSchedule, QuietHours, Schedule, instant};
use crate::error::Code;
use crate::settings::Settings;

fn local(text: &str) -> NaiveDateTime {
    text.parse().expect("a local time")
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

#[test]
fn a_gap_of_clocks_goes_to_the_first_instant_after_and_what_is_twice_to_the_earlier() {
    for (zone, at, instant_of) in [
        (Tz::Europe__Berlin, "2026-07-01T09:00:00", "2026-07-01T07:00:00Z"),
        // Put forward from 2 to 3 in the morning.
        (Tz::Europe__Berlin, "2026-03-29T01:59:59", "2026-03-29T00:59:59Z"),
        (Tz::Europe__Berlin, "2026-03-29T02:00:00", "2026-03-29T01:00:00Z"),
        (Tz::Europe__Berlin, "2026-03-29T02:30:15", "2026-03-29T01:00:00Z"),
        (Tz::Europe__Berlin, "2026-03-29T03:00:00", "2026-03-29T01:00:00Z"),
        // Put back from 3 to 2 in the morning.
        (Tz::Europe__Berlin, "2026-10-25T02:30:00", "2026-10-25T00:30:00Z"),
        (Tz::Europe__Berlin, "2026-10-25T03:00:00", "2026-10-25T02:00:00Z"),
        (
            Tz::America__New_York,
            "2026-03-08T02:15:00",
            "2026-03-08T07:00:00Z",
        ),
        (
            Tz::America__New_York,
            "2026-11-01T01:30:00",
            "2026-11-01T05:30:00Z",
        ),
        // At midnight: from 0 to 1, and from 1 to 0.
        (Tz::America__Havana, "2026-03-08T00:30:00", "2026-03-08T05:00:00Z"),
        (Tz::America__Havana, "2026-11-01T00:30:00", "2026-11-01T04:30:00Z"),
        // From midnight to 23 of the day before.
        (Tz::Africa__Cairo, "2026-10-29T23:30:00", "2026-10-29T20:30:00Z"),
        // Forward at the end of a month of winter time, Ramadan.
        (
            Tz::Africa__Casablanca,
            "2026-03-22T02:30:00",
            "2026-03-22T02:00:00Z",
        ),
        // At a quarter to.
        (
            Tz::Pacific__Chatham,
            "2026-09-27T03:00:00",
            "2026-09-26T14:00:00Z",
        ),
        (
            Tz::Pacific__Chatham,
            "2026-04-05T03:00:00",
            "2026-04-04T13:15:00Z",
        ),
        // Half an hour.
        (
            Tz::Australia__Lord_Howe,
            "2026-10-04T02:10:00",
            "2026-10-03T15:30:00Z",
        ),
        // A day that never was.
        (Tz::Pacific__Apia, "2011-12-30T12:00:00", "2011-12-30T10:00:00Z"),
        // Clocks that are put forward at midnight.
        (Tz::Asia__Beirut, "2026-03-29T00:00:00", "2026-03-28T22:00:00Z"),
        (
            Tz::Pacific__Kiritimati,
            "2028-02-29T00:00:00",
            "2028-02-28T10:00:00Z",
        ),
        (Tz::Etc__GMTMinus14, "2028-03-01T00:00:00", "2028-02-29T10:00:00Z"),
        (Tz::Etc__GMTPlus12, "2028-02-29T23:59:59", "2028-03-01T11:59:59Z"),
        (Tz::Etc__GMTPlus12, "2027-02-28T23:59:59", "2027-03-01T11:59:59Z"),
        (Tz::Asia__Kathmandu, "2028-02-29T00:00:00", "2028-02-28T18:15:00Z"),
    ] {
        assert_eq!(instant(local(at), zone), utc(instant_of), "{at} in {zone}");
    }
}

#[test]
fn a_schedule_is_in_its_zone_or_the_organisations_and_to_come() {
    let settings = Settings {
        zone: Tz::Asia__Kolkata,
        ..Settings::default()
    };
    let new = |zone| NewSchedule {
        at: local("2026-12-24T09:00:00"),
        zone,
        recipients_zones: false,
    };
    let now = utc("2026-12-24T03:30:00Z");
    let own = Schedule::new(new(None), &settings, now).expect("at that very instant");
    assert_eq!((own.zone, own.starts()), (Tz::Asia__Kolkata, now));
    let error = Schedule::new(new(Some(Tz::Asia__Tokyo)), &settings, now).unwrap_err();
    assert_eq!(error.code(), Code::BroadcastScheduleInvalid);
    assert!(error.message().contains("Asia/Tokyo"), "{}", error.message());
    let later = Schedule::new(new(Some(Tz::Europe__Lisbon)), &settings, now).expect("to come");
    assert_eq!(later.starts(), utc("2026-12-24T09:00:00Z"));
}

#[test]
fn in_recipients_zones_it_starts_where_the_day_begins_first() {
    let schedule = Schedule {
        at: local("2026-12-24T09:00:00"),
        zone: Tz::UTC,
        recipients_zones: true,
    };
    assert_eq!(schedule.starts(), utc("2026-12-23T19:00:00Z"));
    assert_eq!(
        schedule.due(Some(Tz::America__New_York)),
        utc("2026-12-24T14:00:00Z")
    );
    assert_eq!(schedule.due(None), utc("2026-12-24T09:00:00Z"));
    let alike = Schedule {
        recipients_zones: false,
        ..schedule
    };
    assert_eq!(alike.due(Some(Tz::America__New_York)), alike.starts());
}

#[test]
fn a_day_that_is_not_in_the_calendar_and_a_zone_that_is_nowhere_are_refused() {
    let read = |at: &str, zone: &str| {
        let new = serde_json::json!({ "at": at, "zone": zone });
        serde_json::from_value::<NewSchedule>(new).is_ok()
    };
    assert!(read("2028-02-29T09:00:00", "Pacific/Kiritimati"));
    for (at, zone) in [
        ("2027-02-29T09:00:00", "Europe/Berlin"),
        ("2100-02-29T09:00:00", "Europe/Berlin"),
        ("2026-06-31T09:00:00", "Europe/Berlin"),
        ("2026-06-30T24:00:00", "Europe/Berlin"),
        ("2026-06-30T09:00:00", "Mars/Phobos"),
        ("2026-06-30T09:00:00", "UTC+15"),
    ] {
        assert!(!read(at, zone), "{at} in {zone}");
    }
}

#[test]
fn on_a_leap_day_the_first_and_the_last_zone_are_26_hours_apart() {
    let schedule = Schedule {
        at: local("2028-02-29T09:00:00"),
        zone: Tz::Etc__GMTPlus12,
        recipients_zones: true,
    };
    let (first, last) = (utc("2028-02-28T19:00:00Z"), utc("2028-02-29T21:00:00Z"));
    assert_eq!(schedule.starts(), first);
    assert_eq!(schedule.due(Some(Tz::Pacific__Kiritimati)), first);
    assert_eq!(schedule.due(Some(Tz::Etc__GMTMinus14)), first);
    assert_eq!(schedule.due(None), last);
    assert_eq!(last - first, TimeDelta::hours(26));
    let in_first = Schedule {
        zone: Tz::Pacific__Kiritimati,
        ..schedule
    };
    assert_eq!(
        (in_first.starts(), in_first.due(Some(Tz::Etc__GMTPlus12))),
        (first, last)
    );
}

#[test]
fn quiet_hours_end_by_the_local_clock() {
    let time = |text: &str| -> NaiveTime { text.parse().expect("a time of day") };
    let hours = |from, until| QuietHours {
        from: time(from),
        until: time(until),
    };
    let (night, noon) = (hours("21:00:00", "08:00:00"), hours("12:00:00", "14:00:00"));
    let berlin = Tz::Europe__Berlin;
    for (hours, now, end) in [
        (night, "2026-07-01T18:59:59Z", None),
        (night, "2026-07-01T19:00:00Z", Some("2026-07-02T06:00:00Z")),
        (night, "2026-07-02T05:59:59Z", Some("2026-07-02T06:00:00Z")),
        (night, "2026-07-02T06:00:00Z", None),
        (noon, "2026-07-01T10:00:00Z", Some("2026-07-01T12:00:00Z")),
        (noon, "2026-07-01T12:00:00Z", None),
        // Nights of 10 and of 12 hours.
        (night, "2026-03-28T22:00:00Z", Some("2026-03-29T06:00:00Z")),
        (night, "2026-10-24T22:00:00Z", Some("2026-10-25T07:00:00Z")),
    ] {
        assert_eq!(hours.end(utc(now), berlin), end.map(utc), "{now}");
    }
}

#[test]
fn quiet_hours_end_in_nights_that_are_longer_or_shorter_and_at_the_ends_of_the_earth() {
    let time = |text: &str| -> NaiveTime { text.parse().expect("a time of day") };
    for (zone, until, now, end) in [
        // The end is put forward over, and is there twice.
        (
            Tz::Europe__Berlin,
            "02:30:00",
            "2026-03-28T22:00:00Z",
            Some("2026-03-29T01:00:00Z"),
        ),
        (
            Tz::Europe__Berlin,
            "02:30:00",
            "2026-10-24T21:00:00Z",
            Some("2026-10-25T00:30:00Z"),
        ),
        (Tz::Europe__Berlin, "02:30:00", "2026-10-25T00:30:00Z", None),
        (
            Tz::Europe__Berlin,
            "02:30:00",
            "2026-10-25T01:00:00Z",
            Some("2026-10-25T01:30:00Z"),
        ),
        (
            Tz::America__Havana,
            "00:30:00",
            "2026-03-08T04:00:00Z",
            Some("2026-03-08T05:00:00Z"),
        ),
        (
            Tz::Pacific__Chatham,
            "03:00:00",
            "2026-09-26T12:00:00Z",
            Some("2026-09-26T14:00:00Z"),
        ),
        // To and from leap days, and where there is none.
        (
            Tz::Pacific__Kiritimati,
            "08:00:00",
            "2028-02-29T09:00:00Z",
            Some("2028-02-29T18:00:00Z"),
        ),
        (
            Tz::Etc__GMTPlus12,
            "08:00:00",
            "2028-02-29T11:00:00Z",
            Some("2028-02-29T20:00:00Z"),
        ),
        (
            Tz::Etc__GMTPlus12,
            "08:00:00",
            "2027-03-01T11:00:00Z",
            Some("2027-03-01T20:00:00Z"),
        ),
    ] {
        let hours = QuietHours {
            from: time("22:00:00"),
            until: time(until),
        };
        assert_eq!(hours.end(utc(now), zone), end.map(utc), "{now} in {zone}");
    }
}

proptest! {
    #[test]
    fn the_end_of_quiet_hours_is_later_and_what_is_put_off_until_then_goes(
        from in 0u32..1440, until in 0u32..1440, at in 0i64..200_000_000, zone in 0usize..chrono_tz::TZ_VARIANTS.len(),
    ) {
        prop_assume!(from != until);
        let time = |minutes: u32| NaiveTime::from_hms_opt(minutes / 60, minutes % 60, 0).expect("a time");
        let hours = QuietHours { from: time(from), until: time(until) };
        let zone = chrono_tz::TZ_VARIANTS[zone];
        let mut now = utc("2024-01-01T00:00:00Z") + TimeDelta::seconds(at);
        // A gap or an overlap of clocks may put off once more, or minute by minute through an hour that is there twice.
        for _ in 0..200 {
            match hours.end(now, zone) {
                None => return Ok(()),
                Some(end) => {
                    prop_assert!(end > now);
                    prop_assert!(end - now <= TimeDelta::hours(49));
                    now = end;
                }
            }
        }
        prop_assert!(false, "never goes");
    }

    #[test]
    fn a_local_time_that_is_there_is_what_the_instant_reads(at in 0i64..200_000_000, zone in 0usize..chrono_tz::TZ_VARIANTS.len()) {
        let zone = chrono_tz::TZ_VARIANTS[zone];
        let now = utc("2024-01-01T00:00:00Z") + TimeDelta::seconds(at);
        let local = now.with_timezone(&zone).naive_local();
        let found = instant(local, zone);
        prop_assert!(found <= now);
        prop_assert_eq!(found.with_timezone(&zone).naive_local(), local);
    }
}
