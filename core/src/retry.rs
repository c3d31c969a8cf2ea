//! Why a send failed, and what may be done about it.

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The class of a failure: what decides about trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// Permission, registration or set-up: nothing goes out by this sender until somebody mends it.
    AuthOrConfig,
    /// The key itself: nothing goes out by this sender until there is another one.
    KeyRefused,
    /// The key was refused, and the host has given another one since.
    KeyReplaced,
    /// An invoice or payment method blocks the account.
    Payment,
    /// Too many requests in that scope.
    RateLimited(LimitScope),
    /// The platform restricts or has disabled the sender or account.
    PolicyRestricted,
    /// The platform holds the sender back for a while, for the quality of what it sent.
    LowQuality,
    /// The template is filled wrongly for this recipient, or refused with what fills it.
    TemplateProblem,
    /// The template is missing, paused or disabled, or has other parameters by now: nobody gets it.
    TemplateStopped,
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

impl FailureClass {
    /// What happened, for a person.
    pub const fn words(self) -> &'static str {
        match self {
            Self::AuthOrConfig => "the sender's set-up is refused, or not complete",
            Self::KeyRefused => "the platform refuses the sender's key",
            Self::KeyReplaced => "the platform refused the sender's key, and there is another one by now",
            Self::Payment => "an invoice or payment method blocks the account",
            Self::RateLimited(_) => "the platform asks to slow down",
            Self::PolicyRestricted => "the platform restricts the sender or account",
            Self::LowQuality => "the platform holds the sender back, as people block or report it",
            Self::TemplateProblem => "the platform does not take what fills the template",
            Self::TemplateStopped => "the template is missing, paused or disabled at the platform",
            Self::WindowClosed => "the 24-hour window was closed",
            Self::RecipientInvalid => "they cannot be reached on this channel",
            Self::RecipientOptedOut(_) => "they stopped such messages at the platform",
            Self::PerUserCap => "they got as many marketing messages as the platform allows a person",
            Self::MediaProblem => "a file could not be fetched, or is of the wrong kind or size",
            Self::BadRequest => "the platform does not take a request of this form",
            Self::Transient | Self::Unexplained => "a fault of the platform that did not pass",
            Self::Unreachable => "the platform could not be reached",
            Self::Unclassified => "the platform refused with a code that is not known here",
        }
    }

    /// What would help.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::AuthOrConfig => "Mend the set-up, here or at the platform, then resume the sender.",
            Self::KeyRefused => {
                "Have the credentials answer a key that the platform takes, then resume the sender."
            }
            Self::Payment => "Settle the payment at the platform, then resume the sender.",
            Self::RateLimited(_) | Self::Unreachable | Self::KeyReplaced => {
                "Nothing is to be done: it is tried again."
            }
            Self::LowQuality => {
                "Write to fewer people, and only to those who want it; it is tried again after a rest."
            }
            Self::PolicyRestricted => {
                "See the account's quality at the platform; appeal there, then resume the sender."
            }
            Self::TemplateProblem => "Mend the template or its parameters.",
            Self::TemplateStopped => {
                "See the template's state at the platform and synchronise the templates; then resume the broadcast."
            }
            Self::WindowClosed => "Use a template.",
            Self::RecipientInvalid => "Check the number; ask for another way to reach them.",
            Self::RecipientOptedOut(_) => "Leave them alone; only they can change that.",
            Self::PerUserCap => "Write to them again another day.",
            Self::MediaProblem => "Check the file's link, kind and size.",
            Self::BadRequest => "See the platform's words; report it if the message is in order.",
            Self::Transient | Self::Unexplained => "Send another broadcast to this group later.",
            Self::Unclassified => "See the platform's words and its list of codes.",
        }
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
    /// All senders of the account, for the day.
    Day,
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
    /// The same of all senders of its business account.
    HoldBusiness(TimeDelta),
    /// The same until the next day.
    HoldBusinessToday,
    /// The sender stops until somebody mends what the failure names; recipients wait.
    StopSender,
    /// The broadcast stops until somebody mends its template and resumes it; recipients wait. Another message will never
    /// go out.
    StopBroadcast,
    /// This message will never go out.
    GiveUp,
}

/// What to do after attempt number `attempt` (from 1) failed so: of attempts that [use a row up](FailureClass::uses_up)
/// the number of those, of others the number of the others.
///
/// Waits grow with the attempts: pair limits by 4ⁿ seconds (Cloud API, "Error codes"), others by doubling. Faults without
/// an explanation, and files, are tried again twice.
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
        FailureClass::AuthOrConfig
        | FailureClass::KeyRefused
        | FailureClass::Payment
        | FailureClass::PolicyRestricted => NextStep::StopSender,
        FailureClass::KeyReplaced => NextStep::RetryAfter(TimeDelta::zero()),
        FailureClass::LowQuality => NextStep::HoldSender(doubled(3600, 86_400)),
        FailureClass::RateLimited(LimitScope::Pair) => NextStep::RetryAfter(TimeDelta::seconds(
            4_i64.saturating_pow(attempt.saturating_sub(1)).min(3600),
        )),
        FailureClass::RateLimited(LimitScope::Number) => NextStep::HoldSender(doubled(1, 300)),
        FailureClass::RateLimited(LimitScope::Account) => NextStep::HoldBusiness(doubled(60, 3600)),
        FailureClass::RateLimited(LimitScope::App) => NextStep::HoldBusiness(doubled(900, 3600)),
        FailureClass::RateLimited(LimitScope::Day) => NextStep::HoldBusinessToday,
        FailureClass::TemplateStopped => NextStep::StopBroadcast,
        FailureClass::Transient => at_most(5, doubled(2, 600)),
        FailureClass::Unexplained => at_most(3, doubled(2, 600)),
        FailureClass::Unreachable => NextStep::RetryAfter(doubled(1, 300)),
        FailureClass::MediaProblem => at_most(3, doubled(30, 60)),
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
