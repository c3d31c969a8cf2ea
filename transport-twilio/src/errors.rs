//! What the platform's error codes mean: one table.
//!
//! Source: Twilio's dictionary of errors (`twilio.com/docs/api/errors`), read in 2026.

use tertulia_core::retry::{Failure, FailureClass, LimitScope, OptOutScope};

use FailureClass::{
    AuthOrConfig, BadRequest, KeyRefused, MediaProblem, PerUserCap, PolicyRestricted, RateLimited,
    RecipientInvalid, RecipientOptedOut, TemplateProblem, TemplateStopped, Transient, Unexplained,
    WindowClosed,
};

/// Code, class, what it means. The platform's own words are never taken over: they quote numbers.
const TABLE: &[(i64, FailureClass, &str)] = &[
    (20_003, KeyRefused, "the key is refused, or may not do this"),
    (20_429, RateLimited(LimitScope::Account), "too many requests"),
    (21_211, RecipientInvalid, "the recipient is no phone number"),
    (21_212, AuthOrConfig, "the sender is no phone number"),
    (
        21_408,
        RecipientInvalid,
        "sending to the recipient's region is not switched on",
    ),
    (21_602, BadRequest, "the message has no body"),
    (21_603, AuthOrConfig, "the sender is missing"),
    (21_604, RecipientInvalid, "the recipient is missing"),
    (
        21_606,
        AuthOrConfig,
        "the sender is none of the account's, or cannot send this",
    ),
    (
        21_608,
        RecipientInvalid,
        "a trial account sends to verified numbers only",
    ),
    (
        21_610,
        RecipientOptedOut(OptOutScope::Sender),
        "the recipient has stopped messages of this sender",
    ),
    (
        21_611,
        RateLimited(LimitScope::Number),
        "the sender's queue is full",
    ),
    (
        21_612,
        RecipientInvalid,
        "the recipient cannot be reached by this sender",
    ),
    (21_614, RecipientInvalid, "the recipient is no mobile number"),
    (21_617, BadRequest, "the body is longer than 1600 characters"),
    (21_655, TemplateStopped, "there is no content with this SID"),
    (21_656, TemplateProblem, "the content's variables do not fit"),
    (21_701, AuthOrConfig, "there is no such messaging service"),
    (21_703, AuthOrConfig, "the messaging service has no number"),
    (30_001, RateLimited(LimitScope::Number), "the queue overflowed"),
    (30_002, PolicyRestricted, "the account is suspended"),
    (30_003, Transient, "the handset is switched off or out of reach"),
    (
        30_004,
        RecipientInvalid,
        "the carrier or the recipient blocks the message",
    ),
    (30_005, RecipientInvalid, "the handset is unknown"),
    (30_006, RecipientInvalid, "a landline, or a carrier out of reach"),
    (30_007, BadRequest, "the carrier filtered the message"),
    (30_008, Unexplained, "the carrier does not say why"),
    (30_010, BadRequest, "the message costs more than the price set"),
    (30_019, BadRequest, "the content is too large for the carrier"),
    (
        30_022,
        RateLimited(LimitScope::Number),
        "the campaign's rate is used up",
    ),
    (30_032, AuthOrConfig, "the toll-free number is not verified"),
    (30_034, AuthOrConfig, "the number is of no registered campaign"),
    (30_410, Transient, "the carrier did not answer"),
    (63_001, AuthOrConfig, "the channel refuses the key"),
    (
        63_003,
        RecipientInvalid,
        "the channel does not find the recipient",
    ),
    (63_007, AuthOrConfig, "the channel does not know the sender"),
    (63_008, AuthOrConfig, "the channel is set up wrongly"),
    (63_009, Transient, "the channel failed"),
    (63_010, Transient, "the platform failed"),
    (63_012, Transient, "the channel failed internally"),
    (
        63_013,
        PolicyRestricted,
        "the message is against the channel's policy",
    ),
    (
        63_014,
        RecipientOptedOut(OptOutScope::Sender),
        "the recipient blocks this sender",
    ),
    (
        63_015,
        RecipientInvalid,
        "the recipient has not joined the sandbox",
    ),
    (
        63_016,
        WindowClosed,
        "more than 24 hours since the recipient wrote; use a template",
    ),
    (
        63_017,
        RateLimited(LimitScope::Number),
        "the sender's rate is used up",
    ),
    (
        63_018,
        RateLimited(LimitScope::Number),
        "the channel's rate is used up",
    ),
    (63_019, MediaProblem, "the file cannot be fetched"),
    (
        63_020,
        AuthOrConfig,
        "the business account was not invited or accepted",
    ),
    (63_021, TemplateProblem, "the content is refused"),
    (
        63_023,
        Transient,
        "the channel failed for no reason that it names",
    ),
    (63_024, RecipientInvalid, "the recipient is refused"),
    (63_026, PolicyRestricted, "the sender is flagged for spam"),
    (
        63_027,
        TemplateStopped,
        "there is no such template in that language",
    ),
    (63_028, TemplateStopped, "the number of parameters does not fit"),
    (63_030, TemplateProblem, "a parameter is refused"),
    (
        63_032,
        PerUserCap,
        "the channel holds messages to this recipient back",
    ),
    (
        63_033,
        RecipientOptedOut(OptOutScope::Sender),
        "the recipient blocks messages",
    ),
    (63_034, MediaProblem, "the file is too large"),
    (63_037, MediaProblem, "the file cannot be uploaded"),
    (
        63_038,
        RateLimited(LimitScope::Day),
        "the account's messages of the day are used up",
    ),
    (63_041, TemplateStopped, "the template is paused"),
];

fn row(code: i64) -> Option<&'static (i64, FailureClass, &'static str)> {
    TABLE.iter().find(|row| row.0 == code)
}

/// The class of a code that the table has.
pub(crate) fn known(code: i64) -> Option<FailureClass> {
    row(code).map(|row| row.1)
}

/// The failure that a code stands for.
pub(crate) fn failure(code: i64) -> Failure {
    let (class, words) = row(code).map_or_else(
        || {
            let words = format!("see twilio.com/docs/api/errors/{code}");
            (FailureClass::Unclassified, words)
        },
        |row| (row.1, row.2.to_owned()),
    );
    Failure::new(class, code.to_string(), words)
}

#[cfg(test)]
mod tests {
    use tertulia_core::retry::{NextStep, next_step};

    use super::*;

    /// Every code of the dictionary that a message can meet.
    const DOCUMENTED: &[i64] = &[
        20_003, 20_429, 21_211, 21_614, 21_604, 21_212, 21_603, 21_606, 21_701, 21_703, 21_408, 21_602,
        21_617, 21_608, 21_610, 21_611, 21_612, 21_655, 21_656, 30_001, 30_002, 30_003, 30_004, 30_005,
        30_006, 30_007, 30_008, 30_010, 30_019, 30_022, 30_410, 30_032, 30_034, 63_001, 63_007, 63_008,
        63_020, 63_003, 63_024, 63_009, 63_010, 63_012, 63_023, 63_013, 63_026, 63_014, 63_033, 63_015,
        63_016, 63_017, 63_018, 63_019, 63_034, 63_037, 63_021, 63_027, 63_028, 63_030, 63_032, 63_038,
        63_041,
    ];

    #[test]
    fn every_documented_code_has_one_row_and_every_row_is_documented() {
        for code in DOCUMENTED {
            assert!(known(*code).is_some(), "{code} has no row");
        }
        assert_eq!(DOCUMENTED.len(), TABLE.len());
        assert!(
            TABLE.is_sorted_by(|a, b| a.0 < b.0),
            "rows are out of order or double"
        );
    }

    #[test]
    fn each_code_has_the_consequence_that_the_dictionary_asks_for() {
        let step = |code| next_step(&failure(code), 1);
        let of = |step: NextStep| {
            let codes = DOCUMENTED.iter().copied();
            codes
                .filter(|code| next_step(&failure(*code), 1) == step)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            of(NextStep::StopSender),
            [
                20_003, 21_212, 21_603, 21_606, 21_701, 21_703, 30_002, 30_032, 30_034, 63_001, 63_007,
                63_008, 63_020, 63_013, 63_026
            ]
        );
        assert_eq!(of(NextStep::HoldBusinessToday), [63_038]);
        assert_eq!(of(NextStep::StopBroadcast), [21_655, 63_027, 63_028, 63_041]);
        for code in [21_611, 30_001, 30_022, 63_017, 63_018] {
            assert!(matches!(step(code), NextStep::HoldSender(_)), "{code}");
        }
        assert!(matches!(step(20_429), NextStep::HoldBusiness(_)));
        for code in [
            30_003, 30_008, 30_410, 63_009, 63_010, 63_012, 63_023, 63_019, 63_034, 63_037,
        ] {
            assert!(matches!(step(code), NextStep::RetryAfter(_)), "{code}");
        }
        assert_eq!(
            of(NextStep::GiveUp),
            [
                21_211, 21_614, 21_604, 21_408, 21_602, 21_617, 21_608, 21_610, 21_612, 21_656, 30_004,
                30_005, 30_006, 30_007, 30_010, 30_019, 63_003, 63_024, 63_014, 63_033, 63_015, 63_016,
                63_021, 63_030, 63_032
            ]
        );
    }

    #[test]
    fn codes_mean_what_the_dictionary_says() {
        for (code, class) in [
            (20_003, KeyRefused),
            (20_429, RateLimited(LimitScope::Account)),
            (21_211, RecipientInvalid),
            (21_610, RecipientOptedOut(OptOutScope::Sender)),
            (21_611, RateLimited(LimitScope::Number)),
            (30_002, PolicyRestricted),
            (30_008, Unexplained),
            (63_014, RecipientOptedOut(OptOutScope::Sender)),
            (63_016, WindowClosed),
            (63_019, MediaProblem),
            (63_032, PerUserCap),
            (63_041, TemplateStopped),
            (63_030, TemplateProblem),
            (99_999, FailureClass::Unclassified),
        ] {
            assert_eq!(failure(code).class, class, "{code}");
        }
    }
}
