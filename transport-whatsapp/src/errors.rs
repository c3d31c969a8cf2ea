//! What the platform's error codes mean: one table.
//!
//! Source: the Cloud API's error code reference
//! (`developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes`), read in May 2026.

use tertulia_core::retry::{Failure, FailureClass, LimitScope, OptOutScope};

use FailureClass::{
    AuthOrConfig, BadRequest, KeyRefused, LowQuality, MediaProblem, Payment, PerUserCap, PolicyRestricted,
    RateLimited, RecipientInvalid, RecipientOptedOut, TemplateProblem, TemplateStopped, Transient,
    Unexplained, WindowClosed,
};

/// First code, last code (the same but for ranges), class. Each code is in one row.
const TABLE: &[(i64, i64, FailureClass)] = &[
    (0, 0, KeyRefused),                                  // authentication failed
    (1, 1, Unexplained),                                 // unknown API error
    (2, 2, Transient),                                   // service down
    (3, 3, AuthOrConfig),                                // capability missing
    (4, 4, RateLimited(LimitScope::App)),                // calls of the app
    (10, 10, AuthOrConfig),                              // permission missing
    (100, 100, BadRequest),                              // invalid parameter
    (190, 190, KeyRefused),                              // token expired or invalid
    (200, 299, AuthOrConfig),                            // permission missing
    (368, 368, PolicyRestricted),                        // account restricted for policy
    (80_007, 80_007, RateLimited(LimitScope::Account)),  // calls of the business account
    (130_429, 130_429, RateLimited(LimitScope::Number)), // throughput of the number
    // In a marketing experiment: as with the cap, the platform withholds marketing from this person, for now.
    (130_472, 130_472, PerUserCap),
    (130_497, 130_497, RecipientInvalid), // country closed to this business
    (131_000, 131_000, Unexplained),      // failed, unknown why
    (131_005, 131_005, AuthOrConfig),     // access denied
    (131_008, 131_009, BadRequest),       // parameter missing; parameter invalid
    (131_016, 131_016, Transient),        // service down
    (131_021, 131_021, RecipientInvalid), // recipient is the sender
    (131_026, 131_026, RecipientInvalid), // undeliverable
    (131_030, 131_030, RecipientInvalid), // not on a test number's list
    (131_031, 131_031, PolicyRestricted), // account locked
    (131_037, 131_037, AuthOrConfig),     // display name not approved
    (131_042, 131_042, Payment),          // payment problem
    (131_044, 131_044, Payment),          // payment problem
    (131_045, 131_045, AuthOrConfig),     // number not registered properly
    (131_047, 131_047, WindowClosed),     // over 24 hours since the last inbound message
    (131_048, 131_048, LowQuality),       // quality restriction on the number
    (131_049, 131_049, PerUserCap),       // marketing cap for one person
    (131_050, 131_050, RecipientOptedOut(OptOutScope::Marketing)), // person stopped marketing
    (131_051, 131_051, BadRequest),       // type of message not supported
    (131_052, 131_053, MediaProblem),     // download failed; upload failed
    (131_056, 131_056, RateLimited(LimitScope::Pair)), // one sender to one recipient
    (131_057, 131_057, RateLimited(LimitScope::Account)), // account in maintenance
    (131_062, 131_062, RecipientInvalid), // needs a phone, not an id
    (131_063, 131_063, BadRequest),       // marketing goes by the other endpoint
    (131_064, 131_064, RateLimited(LimitScope::Account)), // limited for misclassified templates
    (132_000, 132_001, TemplateStopped),  // number of parameters; no such template in that language
    (132_005, 132_005, TemplateProblem),  // text too long once filled
    (132_007, 132_008, TemplateProblem),  // policy; parameter's format
    (132_012, 132_012, TemplateProblem),  // parameter's value
    (132_015, 132_016, TemplateStopped),  // paused; disabled for good
    (132_068, 132_068, TemplateProblem),  // flow blocked
    (132_069, 132_069, RateLimited(LimitScope::Number)), // flow throttled for an hour
    (133_004, 133_004, Transient),        // service down
    (133_010, 133_010, AuthOrConfig),     // number not registered
    (133_016, 133_016, RateLimited(LimitScope::Number)), // registered too often
    (135_000, 135_000, Unexplained),      // generic error
    (137_000, 137_000, RecipientInvalid), // identity hash does not match
];

/// Codes by which the platform says that it does not know what went wrong: with a 5xx they prove nothing.
const VAGUE: [i64; 2] = [1, 135_000];

/// An error code, with what the platform says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlatformError {
    /// The number that decides.
    pub(crate) code: i64,
    /// The platform's words, the most telling ones.
    pub(crate) detail: String,
    /// The platform says that it passes.
    pub(crate) transient: bool,
}

impl PlatformError {
    /// The class by the table; for codes that it does not have, whatever the platform says about passing.
    pub(crate) fn class(&self) -> FailureClass {
        known(self.code).unwrap_or(if self.transient {
            Transient
        } else {
            FailureClass::Unclassified
        })
    }

    /// Whether the code says for certain that nothing was sent, whatever the HTTP status.
    pub(crate) fn proves_unsent(&self) -> bool {
        known(self.code).is_some() && !VAGUE.contains(&self.code)
    }

    /// The failure, of the class that the table names.
    pub(crate) fn failure(&self) -> Failure {
        Failure::new(self.class(), self.code.to_string(), self.detail.clone())
    }
}

/// The class of a code that the table has.
pub(crate) fn known(code: i64) -> Option<FailureClass> {
    TABLE
        .iter()
        .find(|(first, last, _)| (*first..=*last).contains(&code))
        .map(|row| row.2)
}

#[cfg(test)]
mod tests {
    use tertulia_core::retry::{NextStep, next_step};

    use super::*;

    /// Every code of the reference.
    const DOCUMENTED: &[i64] = &[
        0, 190, 3, 10, 200, 250, 299, 131_005, 1, 2, 131_016, 133_004, 4, 80_007, 130_429, 131_056, 131_048,
        131_064, 133_016, 368, 131_031, 130_497, 131_042, 131_044, 131_045, 133_010, 131_037, 131_026,
        131_047, 131_049, 131_050, 130_472, 131_030, 131_021, 131_008, 131_009, 100, 131_051, 131_052,
        131_053, 131_057, 131_000, 135_000, 131_062, 131_063, 132_000, 132_001, 132_005, 132_007, 132_008,
        132_012, 132_015, 132_016, 132_068, 132_069, 137_000,
    ];

    #[test]
    fn every_documented_code_has_a_row() {
        for code in DOCUMENTED {
            assert!(known(*code).is_some(), "{code} has no row");
        }
    }

    #[test]
    fn every_row_is_of_documented_codes_and_the_table_is_in_order() {
        for (first, last, _) in TABLE {
            assert!(first <= last);
            for code in [first, last] {
                assert!(DOCUMENTED.contains(code), "{code} is not documented");
            }
        }
        assert!(
            TABLE.is_sorted_by(|a, b| a.1 < b.0),
            "rows overlap or are out of order"
        );
    }

    #[test]
    fn each_code_has_the_consequence_that_the_reference_asks_for() {
        use LimitScope::{Account, App, Number, Pair};
        let seconds = chrono::TimeDelta::seconds;
        let (stop, give_up) = (NextStep::StopSender, NextStep::GiveUp);
        let hold = |wait| NextStep::HoldSender(seconds(wait));
        let hold_all = |wait| NextStep::HoldBusiness(seconds(wait));
        let retry = |wait| NextStep::RetryAfter(seconds(wait));
        let table: &[(&[i64], NextStep, FailureClass)] = &[
            (&[0, 190], stop, KeyRefused),
            (&[3, 10, 200, 299, 131_005], stop, AuthOrConfig),
            (&[131_045, 133_010, 131_037], stop, AuthOrConfig),
            (&[368, 131_031], stop, PolicyRestricted),
            (&[131_042, 131_044], stop, Payment),
            (&[1, 131_000, 135_000], retry(2), Unexplained),
            (&[2, 131_016, 133_004], retry(2), Transient),
            (&[4], hold_all(900), RateLimited(App)),
            (&[80_007, 131_064, 131_057], hold_all(60), RateLimited(Account)),
            (&[130_429, 133_016, 132_069], hold(1), RateLimited(Number)),
            (&[131_056], retry(1), RateLimited(Pair)),
            (&[131_048], hold(3600), LowQuality),
            (&[131_052, 131_053], retry(30), MediaProblem),
            (
                &[130_497, 131_026, 131_030, 131_021, 131_062, 137_000],
                give_up,
                RecipientInvalid,
            ),
            (&[131_047], give_up, WindowClosed),
            (&[131_049, 130_472], give_up, PerUserCap),
            (&[131_050], give_up, RecipientOptedOut(OptOutScope::Marketing)),
            (&[131_008, 131_009, 100, 131_051, 131_063], give_up, BadRequest),
            (
                &[132_000, 132_001, 132_015, 132_016],
                NextStep::StopBroadcast,
                TemplateStopped,
            ),
            (
                &[132_005, 132_007, 132_008, 132_012, 132_068],
                give_up,
                TemplateProblem,
            ),
        ];
        for (codes, step, class) in table {
            for code in *codes {
                let failure = Failure::new(known(*code).unwrap(), code.to_string(), "");
                assert_eq!((next_step(&failure, 1), failure.class), (*step, *class), "{code}");
            }
        }
        let listed = |code: &i64| table.iter().any(|(codes, ..)| codes.contains(code));
        let left: Vec<_> = DOCUMENTED.iter().filter(|code| !listed(code)).collect();
        assert_eq!(left, [&250], "all others are in the table");
    }

    #[test]
    fn codes_mean_what_the_reference_says() {
        for (code, class) in [
            (190, KeyRefused),
            (368, PolicyRestricted),
            (80_007, RateLimited(LimitScope::Account)),
            (4, RateLimited(LimitScope::App)),
            (130_429, RateLimited(LimitScope::Number)),
            (131_056, RateLimited(LimitScope::Pair)),
            (131_042, Payment),
            (131_026, RecipientInvalid),
            (131_047, WindowClosed),
            (131_049, PerUserCap),
            (131_050, RecipientOptedOut(OptOutScope::Marketing)),
            (131_053, MediaProblem),
            (132_015, TemplateStopped),
            (132_012, TemplateProblem),
            (131_016, Transient),
            (1, Unexplained),
            (131_000, Unexplained),
            (135_000, Unexplained),
            (100, BadRequest),
        ] {
            assert_eq!(known(code), Some(class), "{code}");
        }
    }

    #[test]
    fn an_unknown_code_passes_only_if_the_platform_says_so() {
        let error = |transient| PlatformError {
            code: 999_999,
            detail: String::new(),
            transient,
        };
        assert_eq!(error(false).class(), FailureClass::Unclassified);
        assert_eq!(error(true).class(), Transient);
        assert!(!error(true).proves_unsent());
    }
}
