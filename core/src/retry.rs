//! Why a send failed, and what may be done about it.

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The class of a failure: what decides about trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// Token, permission or registration: nothing goes out by this sender until somebody mends it.
    AuthOrConfig,
    /// An invoice or payment method blocks the account.
    Payment,
    /// Too many requests in that scope.
    RateLimited(LimitScope),
    /// The platform restricts or has disabled the sender or account.
    PolicyRestricted,
    /// The template is missing, paused, disabled or filled wrongly.
    TemplateProblem,
    /// Free-form outside the 24-hour window.
    WindowClosed,
    /// The address cannot be reached on this channel.
    RecipientInvalid,
    /// The person stopped messages; the scope says which.
    RecipientOptedOut(OptOutScope),
    /// The platform's own cap on marketing for one person: not before 24 hours.
    PerUserCap,
    /// A file could not be fetched, or is of the wrong kind or size.
    MediaProblem,
    /// The request itself is wrong.
    BadRequest,
    /// A passing fault of the platform.
    Transient,
    /// A fault that the platform does not explain: it may pass, or lie in the message.
    Unexplained,
    /// The platform could not be reached: nothing was sent.
    Unreachable,
    /// A code that no table knows, without a hint that it passes.
    Unclassified,
}

impl FailureClass {
    /// Whether trying again and again ends in giving up. Rate limits, a stopped sender and an unreachable platform
    /// never use a recipient up.
    pub const fn uses_up(self) -> bool {
        matches!(self, Self::Transient | Self::Unexplained | Self::MediaProblem)
    }
}

/// What a rate limit is counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitScope {
    /// One sender to one recipient.
    Pair,
    /// One sender.
    Number,
    /// All senders of the account.
    Account,
    /// The application.
    App,
}

/// What an opt-out told by the platform covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OptOutScope {
    /// Marketing messages of this sender.
    Marketing,
    /// Everything from this sender.
    Sender,
}

/// One failure, as a platform or the network reported it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SendFailure")]
pub struct Failure {
    /// The class.
    pub class: FailureClass,
    /// The platform's own code, as in `131026`, or a word such as `connect`.
    pub code: String,
    /// The platform's words, for a person. Never a message body or a secret.
    pub detail: String,
}

impl Failure {
    /// A failure of this class.
    pub fn new(class: FailureClass, code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            class,
            code: code.into(),
            detail: detail.into(),
        }
    }
}

/// What is to be done after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// Try again, as a new attempt, after this long.
    RetryAfter(TimeDelta),
    /// The recipient is not used up: the sender waits this long, then tries again.
    HoldSender(TimeDelta),
    /// The sender stops until somebody mends what the failure names; recipients wait.
    StopSender,
    /// This message will never go out.
    GiveUp,
}

/// What to do after attempt number `attempt` (from 1) failed so: of attempts that [use a row up](FailureClass::uses_up)
/// the number of those, of others the number of the others.
///
/// Waits grow with the attempts: pair limits by 4ⁿ seconds (platform-facts A8), others by doubling. Faults without an
/// explanation are tried again twice (A8).
pub fn next_step(failure: &Failure, attempt: u32) -> NextStep {
    let doubled = |seconds: i64, most: i64| {
        TimeDelta::seconds(
            seconds
                .saturating_mul(1 << i64::from(attempt.saturating_sub(1).min(20)))
                .min(most),
        )
    };
    let at_most = |tries: u32, wait: TimeDelta| {
        if attempt < tries {
            NextStep::RetryAfter(wait)
        } else {
            NextStep::GiveUp
        }
    };
    match failure.class {
        FailureClass::AuthOrConfig | FailureClass::Payment | FailureClass::PolicyRestricted => {
            NextStep::StopSender
        }
        FailureClass::RateLimited(LimitScope::Pair) => NextStep::RetryAfter(TimeDelta::seconds(
            4_i64.saturating_pow(attempt.saturating_sub(1)).min(3600),
        )),
        FailureClass::RateLimited(LimitScope::Number) => NextStep::HoldSender(doubled(1, 300)),
        FailureClass::RateLimited(LimitScope::Account | LimitScope::App) => {
            NextStep::HoldSender(doubled(60, 3600))
        }
        FailureClass::Transient => at_most(5, doubled(2, 600)),
        FailureClass::Unexplained => at_most(3, doubled(2, 600)),
        FailureClass::Unreachable => NextStep::RetryAfter(doubled(1, 300)),
        FailureClass::MediaProblem => at_most(2, doubled(30, 60)),
        FailureClass::TemplateProblem
        | FailureClass::WindowClosed
        | FailureClass::RecipientInvalid
        | FailureClass::RecipientOptedOut(_)
        | FailureClass::PerUserCap
        | FailureClass::BadRequest
        | FailureClass::Unclassified => NextStep::GiveUp,
    }
}

#[cfg(test)]
mod tests;
