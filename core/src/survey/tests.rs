use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::json;
use uuid::Uuid;

use super::{Answer, Csat, CsatReport, Rating, Satisfaction, Survey, rating_in};
use crate::analytics::{AnalyticsGroup, AnalyticsKey};
use crate::channel::Channel;
use crate::error::Code;
use crate::ids::{AgentId, SurveyId};
use crate::ledger::{SkipReason, StateName};
use crate::message::Content;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn survey() -> Survey {
    Survey {
        id: SurveyId(Uuid::from_u128(7)),
        org: Uuid::nil().into(),
        conversation: Uuid::nil().into(),
        contact: Uuid::nil().into(),
        account: Uuid::nil().into(),
        channel: Channel::WhatsApp,
        agent: None,
        handler: None,
        resolved_at: at(-1),
        dispatch: Uuid::nil().into(),
        state: StateName::Accepted,
        reason: None,
        as_text: false,
        asked_at: Some(at(0)),
        expires_at: Some(at(100)),
        rating: None,
        remark: None,
        follow_up: None,
        comment_asked_at: None,
        comment: None,
        before: None,
    }
}

#[test]
fn a_rating_is_a_digit_of_any_script_and_what_stands_behind_it_a_comment() {
    for (text, expected) in [
        ("4", Some((4, None))),
        (" 5 \n", Some((5, None))),
        ("４", Some((4, None))),
        ("٣", Some((3, None))),
        ("१", Some((1, None))),
        ("2️⃣", Some((2, None))),
        ("5!!!", Some((5, None))),
        ("4.", Some((4, None))),
        ("4/5", Some((4, None))),
        ("5 👍", Some((5, None))),
        ("4 great", Some((4, Some("great")))),
        ("4, great service", Some((4, Some("great service")))),
        ("1 - never again", Some((1, Some("never again")))),
        ("5/5 wow", Some((5, Some("wow")))),
        ("4\nthank you", Some((4, Some("thank you")))),
        ("0", None),
        ("6", None),
        ("45", None),
        ("4.5", None),
        ("4-5", None),
        ("4th of May", None),
        ("four", None),
        ("I say 4", None),
        ("-4", None),
        ("", None),
        ("  ", None),
        ("⁴", None),
    ] {
        assert_eq!(rating_in(text), expected, "{text:?}");
    }
}

#[test]
fn what_a_message_is_to_a_survey_follows_from_its_time_and_words() {
    let choice = |of: u128, rating: &str| Content::ListReply {
        id: format!("csat:{}:{rating}", Uuid::from_u128(of)),
        title: "x".to_owned(),
        description: None,
    };
    let button = |title: &str| Content::ButtonReply {
        id: "payload".to_owned(),
        title: title.to_owned(),
    };
    let rated = |rating| Some(Answer::Rating(rating, None));
    let said = |rating, words: &str| Some(Answer::Rating(rating, Some(words.to_owned())));
    let comment = |words: &str| Some(Answer::Comment(words.to_owned()));
    for (seconds, content, before, after) in [
        // Asked at 0, a comment at 50, until 100.
        (-1, Content::text("4"), None, None),
        (0, Content::text("4"), rated(4), rated(4)),
        (1, Content::text("4"), rated(4), rated(4)),
        (100, Content::text("4"), rated(4), rated(4)),
        (101, Content::text("4"), None, None),
        (1, Content::text("4 great"), said(4, "great"), said(4, "great")),
        (49, Content::text("4 great"), said(4, "great"), said(4, "great")),
        (50, Content::text("4 great"), said(4, "great"), comment("4 great")),
        (51, Content::text("4"), rated(4), rated(4)),
        (49, Content::text("great"), None, None),
        (50, Content::text("great"), None, comment("great")),
        (100, Content::text("great"), None, comment("great")),
        (101, Content::text("great"), None, None),
        (51, Content::text("  "), None, None),
        (1, button("3"), rated(3), rated(3)),
        (51, button("fine"), None, None),
        (-9, choice(7, "5"), rated(5), rated(5)),
        (100, choice(7, "5"), rated(5), rated(5)),
        (101, choice(7, "5"), Some(Answer::TooLate), Some(Answer::TooLate)),
        (1, choice(7, "6"), None, None),
        (1, choice(7, "0"), None, None),
    ] {
        let mut survey = survey();
        assert_eq!(
            survey.hears(at(seconds), &content),
            before,
            "{seconds} {content:?}"
        );
        survey.comment_asked_at = Some(at(50));
        assert_eq!(
            survey.hears(at(seconds), &content),
            after,
            "{seconds} {content:?}"
        );
        (survey.asked_at, survey.expires_at) = (None, None);
        assert_eq!(survey.hears(at(seconds), &content), None, "nobody was asked");
    }
}

#[test]
fn one_that_waits_or_went_out_within_24_hours_keeps_the_next_one_out() {
    let day = TimeDelta::hours(24);
    for (state, early, late) in [
        (StateName::Pending, true, true),
        (StateName::Leased, true, true),
        (StateName::Sending, true, false),
        (StateName::Unknown, true, false),
        (StateName::Unconfirmed, true, false),
        (StateName::Read, true, false),
        (StateName::Skipped, false, false),
        (StateName::Failed, false, false),
    ] {
        let survey = Survey { state, ..survey() };
        assert_eq!(
            survey.keeps_out(at(0) + day - TimeDelta::seconds(1)),
            early,
            "{state:?}"
        );
        assert_eq!(survey.keeps_out(at(0) + day), late, "{state:?}");
    }
}

#[test]
fn settings_that_could_not_be_sent_or_answered_are_refused() {
    let csat = |fields: serde_json::Value| -> Csat {
        let mut all = json!({"question": "How was it?"});
        all.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    };
    csat(json!({})).validate().unwrap();
    csat(json!({"question": "x".repeat(1_024), "button": "x".repeat(20), "expires_after_seconds": 604_800}))
        .validate()
        .unwrap();
    for bad in [
        json!({"question": " "}),
        json!({"question": "x".repeat(1_025)}),
        json!({"button": ""}),
        json!({"button": "x".repeat(21)}),
        json!({"thanks": ""}),
        json!({"comment_question": "x".repeat(1_025)}),
        json!({"expires_after_seconds": 0}),
        json!({"expires_after_seconds": 604_801}),
    ] {
        let refused = csat(bad.clone()).validate().unwrap_err();
        assert_eq!(refused.code(), Code::SettingInvalid, "{bad}");
    }
    let unknown = serde_json::from_value::<Csat>(json!({"question": "Hi {{contact.nmae}}"})).unwrap_err();
    assert!(unknown.to_string().contains("nmae"), "{unknown}");
}

#[test]
fn surveys_that_went_out_are_counted_by_who_had_them_where_and_when() {
    let (ana, day) = (AgentId(Uuid::from_u128(1)), 86_400);
    let of = |agent: Option<AgentId>, handler: Option<&str>, seconds, rating: Option<u8>| Survey {
        agent,
        handler: handler.map(str::to_owned),
        asked_at: Some(at(seconds)),
        rating: rating.map(|rating| Rating {
            at: at(seconds),
            rating,
        }),
        ..survey()
    };
    let surveys = [
        of(Some(ana), None, 0, Some(5)),
        of(Some(ana), None, 1, Some(4)),
        of(Some(ana), None, day, Some(1)),
        of(Some(ana), None, day, None),
        of(None, Some("clerk"), 2, Some(2)),
        of(None, None, 3, None),
        Survey {
            channel: Channel::Sms,
            state: StateName::Failed,
            ..of(Some(ana), None, 0, Some(3))
        },
        // These never went out.
        Survey {
            state: StateName::Skipped,
            reason: Some(SkipReason::WindowClosed),
            asked_at: None,
            ..survey()
        },
        Survey {
            state: StateName::Failed,
            ..survey()
        },
    ];
    let report = |by| -> Vec<CsatReport> {
        let mut counted = Satisfaction::default();
        for survey in &surveys {
            counted.count(survey, by, Tz::UTC);
        }
        counted.reports()
    };
    let total = report(AnalyticsGroup::Total);
    assert_eq!(total.len(), 1);
    assert_eq!((total[0].asked, total[0].answered, total[0].satisfied), (7, 5, 2));
    assert_eq!(total[0].ratings, [1, 1, 1, 1, 1]);
    assert_eq!((total[0].score, total[0].mean), (Some(0.4), Some(3.0)));
    let short = |reports: Vec<CsatReport>| -> Vec<(AnalyticsKey, u64, u64)> {
        reports
            .into_iter()
            .map(|report| (report.key, report.asked, report.answered))
            .collect()
    };
    let none = AnalyticsKey::default;
    let agent = AnalyticsKey {
        agent: Some(ana),
        ..none()
    };
    let handler = AnalyticsKey {
        handler: Some("clerk".to_owned()),
        ..none()
    };
    assert_eq!(
        short(report(AnalyticsGroup::Agent)),
        [(none(), 1, 0), (handler, 1, 1), (agent, 5, 4)]
    );
    let by = |channel| AnalyticsKey {
        channel: Some(channel),
        ..none()
    };
    assert_eq!(
        short(report(AnalyticsGroup::Channel)),
        [(by(Channel::WhatsApp), 6, 4), (by(Channel::Sms), 1, 1)]
    );
    let period = |day: &str| AnalyticsKey {
        period: Some(day.to_owned()),
        ..none()
    };
    assert_eq!(
        short(report(AnalyticsGroup::Day)),
        [(period("2027-01-15"), 5, 4), (period("2027-01-16"), 2, 1)]
    );
    let nobody = report(AnalyticsGroup::Agent).remove(0);
    assert_eq!((nobody.score, nobody.mean), (None, None));
}
