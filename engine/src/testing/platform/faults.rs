//! What goes wrong on purpose.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Action, Refusal};

/// One thing that goes wrong with a request. A request can have several: delays are waited for in turn, and of those
/// that decide the answer the first counts.
///
/// "After accept" means: the request has had its full effect, and is in the log of what was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Answers with this refusal; nothing is accepted.
    Refuse(Refusal),
    /// Waits on the platform's clock before looking at the request. If the client hangs up meanwhile, only the log
    /// tells what came of it.
    DelayBefore(Duration),
    /// Accepts at once, but answers only after this long on the platform's clock.
    DelayAfterAccept(Duration),
    /// Closes the connection without accepting or answering.
    DropBefore,
    /// Accepts, then closes the connection without an answer.
    DropAfterAccept,
    /// Accepts, then answers 200 with a body that isn't JSON.
    GarbageAfterAccept,
    /// Accepts, then answers with this HTTP status and a page of a proxy that knows no error codes.
    ServerErrorAfterAccept(u16),
    /// Accepts a message as `held_for_quality_assessment`; statuses come only when the test sends them.
    HeldForQuality,
    /// Accepts a message; its only automatic status is a `failed` one with this refusal.
    FailLater(Refusal),
}

impl Fault {
    /// Refuses with this code.
    pub fn refuse(code: i64) -> Self {
        Self::Refuse(Refusal::new(code))
    }

    /// Accepts, and later reports a failure with this code.
    pub fn fail_later(code: i64) -> Self {
        Self::FailLater(Refusal::new(code))
    }
}

/// A request with a valid token, as rules for faults see it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Attempt {
    /// Its place in the platform's one order of events.
    pub seq: u64,
    /// What it asks for.
    pub action: Action,
    /// The value of `to`, or else of `recipient`, as the client wrote it; empty where the request has neither.
    pub recipient: String,
    /// How many messages to this recipient were tried, with this one, so 1 for the first.
    pub tries: u64,
    /// `biz_opaque_callback_data`, where given.
    pub correlation: Option<String>,
    /// The body, `Null` where there is none or it isn't JSON.
    pub body: Value,
}

type Rule = Arc<dyn Fn(&Attempt) -> Vec<Fault> + Send + Sync>;

/// A list of rules that say what goes wrong with which request; all that match apply, in order.
///
/// Chance depends on the seed, the recipient and how often it was tried, and not on the order of arrival, so that a run
/// with several connections at once can be repeated.
#[derive(Clone, Default)]
pub struct Faults {
    seed: u64,
    rules: Vec<Rule>,
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults")
            .field("seed", &self.seed)
            .field("rules", &self.rules.len())
            .finish()
    }
}

impl Faults {
    /// Nothing goes wrong. `seed` is for [`sometimes`](Faults::sometimes).
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            rules: Vec::new(),
        }
    }

    /// Every message.
    #[must_use]
    pub fn always(self, fault: Fault) -> Self {
        self.when(|_| true, fault)
    }

    /// A share of all messages, from 0.0 (none) to 1.0 (every one).
    #[must_use]
    pub fn sometimes(self, share: f64, fault: Fault) -> Self {
        let (seed, rule) = (self.seed, self.rules.len());
        self.when(move |attempt| chance(seed, rule, attempt) < share, fault)
    }

    /// The first `tries` messages to each recipient.
    #[must_use]
    pub fn first(self, tries: u64, fault: Fault) -> Self {
        self.when(move |attempt| attempt.tries <= tries, fault)
    }

    /// Every message to this phone number, however it is punctuated, or to this business-scoped user id.
    #[must_use]
    pub fn to(self, recipient: &str, fault: Fault) -> Self {
        let wanted = key(recipient);
        self.when(move |attempt| key(&attempt.recipient) == wanted, fault)
    }

    /// Every message for which this holds.
    #[must_use]
    pub fn when(self, holds: impl Fn(&Attempt) -> bool + Send + Sync + 'static, fault: Fault) -> Self {
        self.by(move |attempt| {
            if attempt.action == Action::Send && holds(attempt) {
                vec![fault.clone()]
            } else {
                Vec::new()
            }
        })
    }

    /// Whatever this returns, for every request and not only for messages.
    #[must_use]
    pub fn by(mut self, rule: impl Fn(&Attempt) -> Vec<Fault> + Send + Sync + 'static) -> Self {
        self.rules.push(Arc::new(rule));
        self
    }

    pub(in crate::testing) fn of(&self, attempt: &Attempt) -> Vec<Fault> {
        self.rules.iter().flat_map(|rule| rule(attempt)).collect()
    }
}

/// What two spellings of one recipient have in common.
pub(super) fn key(recipient: &str) -> String {
    if recipient.chars().any(char::is_alphabetic) {
        recipient.to_owned()
    } else {
        recipient.chars().filter(char::is_ascii_digit).collect()
    }
}

fn chance(seed: u64, rule: usize, attempt: &Attempt) -> f64 {
    let digest: [u8; 32] = Sha256::digest(format!(
        "{seed} {rule} {} {}",
        key(&attempt.recipient),
        attempt.tries
    ))
    .into();
    let mut head = [0; 8];
    head.copy_from_slice(&digest[..8]);
    fastrand::Rng::with_seed(u64::from_le_bytes(head)).f64()
}
