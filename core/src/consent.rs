//! Consent: an append-only set of facts, and the state that is their fold.
//!
//! The state never depends on the order in which facts were learned, only on what they say and when it was said.

use chrono::{DateTime, SubsecRound, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, AgentId};

/// What an entry is about: a purpose, at all senders or at one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ConsentScope")]
pub struct Scope {
    /// The purpose.
    pub purpose: Purpose,
    /// One sender only; absent: the whole contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<AccountId>,
}

impl Scope {
    /// Everything, from every sender.
    pub const EVERYTHING: Self = Self {
        purpose: Purpose::Everything,
        sender: None,
    };
}

/// What messages an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ConsentPurpose")]
pub enum Purpose {
    /// Every message.
    Everything,
    /// Marketing messages only.
    Marketing,
    /// Everything but marketing: what an inbound message consents to where the organisation reads Meta's policy strictly.
    AllButMarketing,
}

/// What an entry does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ConsentChange")]
pub enum Change {
    /// A new number: a consent question of its own. An opt-out follows to it, an opt-in does not.
    NewNumber,
    /// Opts in.
    OptIn,
    /// Opts in only where a STOP word had opted out (`YES`).
    OptInAfterStop,
    /// Opts out.
    OptOut,
}

/// Where an entry came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ConsentSource")]
pub enum Source {
    /// The person wrote first.
    Inbound,
    /// An agent's toggle.
    Manual,
    /// A CSV file.
    Import,
    /// The host's call.
    Api,
    /// A STOP or START word.
    Keyword,
    /// The platform told us.
    Provider,
    /// Carried over from a merged contact.
    Merge,
}

impl Source {
    /// Whether the person themself said it.
    const fn is_person(self) -> bool {
        matches!(self, Self::Keyword | Self::Provider)
    }
}

/// The evidence of an entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ConsentProof")]
pub enum Proof {
    /// The provider's id of the person's message.
    Message(String),
    /// The agent who says so.
    Agent(AgentId),
    /// A line of an imported file.
    Line {
        /// The file, as the caller named it.
        file: String,
        /// The line, from 1.
        line: u64,
    },
    /// The host's words: where, when and how the person agreed.
    Stated(String),
    /// The platform's notice or error code.
    Provider(String),
}

/// One entry of the history.
///
/// Entries take effect in the order of their times. A person's words count by the second, as most platforms time
/// them, and within one second the later variant of [`Change`] wins: STOP beats START.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ConsentFact")]
pub struct Fact {
    /// When it was said: the provider's time for a person's words, the proof's own time where it has one.
    pub at: DateTime<Utc>,
    /// What it does.
    pub change: Change,
    /// What it is about.
    pub scope: Scope,
    /// Where it came from.
    pub source: Source,
    /// The sender through which the person said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<AccountId>,
    /// It brings new, dated evidence of the person's will: it may lift an earlier revocation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new_proof: bool,
    /// The evidence.
    pub proof: Proof,
}

impl Fact {
    /// What the history is sorted by.
    fn order(&self) -> (DateTime<Utc>, Change, &Self) {
        let moment = if self.source.is_person() {
            self.at.trunc_subsecs(0)
        } else {
            self.at
        };
        (moment, self.change, self)
    }
}

/// Whether somebody may be messaged, and on what grounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State<'a> {
    /// Nobody ever said anything.
    Unasked,
    /// Opted in.
    In {
        /// The entry that opted in.
        basis: &'a Fact,
        /// Whether that covers marketing.
        marketing: bool,
    },
    /// Opted out.
    Out {
        /// The entry that opted out.
        basis: &'a Fact,
    },
}

/// Why consent forbids a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denial {
    /// Never opted in.
    NotOptedIn,
    /// Opted in to everything but marketing.
    NotForMarketing,
    /// Opted out, by this entry.
    OptedOut(Fact),
}

/// All that is known about one contact's consent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Consent {
    facts: Vec<Fact>,
}

impl Consent {
    /// The history, oldest first.
    pub fn history(&self) -> &[Fact] {
        &self.facts
    }

    /// Adds an entry; whether it was new. Of the inbound messages only the first one counts, so only that is kept
    /// (anew after a change of number: a notice of one that comes after later messages did leaves the next message
    /// to opt in).
    pub fn record(&mut self, fact: Fact) -> bool {
        let Err(place) = self
            .facts
            .binary_search_by(|other| other.order().cmp(&fact.order()))
        else {
            return false;
        };
        if fact.source == Source::Inbound {
            let same_lane =
                |other: &&Fact| other.source == Source::Inbound || other.change == Change::NewNumber;
            if self.facts[..place]
                .iter()
                .rev()
                .find(same_lane)
                .is_some_and(|f| f.source == Source::Inbound)
            {
                return false;
            }
            let later = self.facts[place..].iter().position(|f| same_lane(&f));
            if let Some(later) = later.filter(|later| self.facts[place + later].source == Source::Inbound) {
                self.facts.remove(place + later);
            }
        }
        self.facts.insert(place, fact);
        true
    }

    /// Whether the contact is opted in, as the seeds' `optedIn`.
    pub fn opted_in(&self) -> bool {
        matches!(self.state(), State::In { .. })
    }

    /// The contact's state, leaving aside what was said to one sender or about marketing only.
    pub fn state(&self) -> State<'_> {
        self.state_of(Scope::EVERYTHING)
    }

    /// What was said about one scope, leaving aside all others.
    pub fn state_of(&self, scope: Scope) -> State<'_> {
        self.fold(scope.purpose, scope.sender)
    }

    /// Every opt-out in force, one a scope: what follows the person to a new number.
    pub fn revocations(&self) -> Vec<Fact> {
        let mut scopes: Vec<Scope> = self.facts.iter().map(|fact| fact.scope).collect();
        scopes.sort_unstable();
        scopes.dedup();
        let mut found: Vec<Fact> = Vec::new();
        for scope in scopes {
            if let State::Out { basis } = self.state_of(scope)
                && !found.contains(basis)
            {
                found.push(basis.clone());
            }
        }
        found
    }

    /// Whether a message may go out by this sender.
    pub fn permits(&self, marketing: bool, sender: AccountId) -> Result<(), Denial> {
        match self.state() {
            State::Unasked => return Err(Denial::NotOptedIn),
            State::Out { basis } => return Err(Denial::OptedOut(basis.clone())),
            State::In {
                marketing: covered, ..
            } => {
                let asked_apart = || matches!(self.fold(Purpose::Marketing, None), State::In { .. });
                if marketing && !covered && !asked_apart() {
                    return Err(Denial::NotForMarketing);
                }
            }
        }
        let mut lanes = vec![(Purpose::Everything, Some(sender))];
        if marketing {
            lanes.extend([(Purpose::Marketing, None), (Purpose::Marketing, Some(sender))]);
        }
        for (purpose, sender) in lanes {
            if let State::Out { basis } = self.fold(purpose, sender) {
                return Err(Denial::OptedOut(basis.clone()));
            }
        }
        Ok(())
    }

    /// The fold of one lane, in the order of what was said.
    fn fold(&self, purpose: Purpose, sender: Option<AccountId>) -> State<'_> {
        let mut state = State::Unasked;
        for fact in &self.facts {
            // A new number is a question of its own whatever the purpose or sender.
            if fact.change == Change::NewNumber {
                state = step(state, fact);
                continue;
            }
            let own = fact.scope.sender == sender
                && match purpose {
                    Purpose::Marketing => fact.scope.purpose == Purpose::Marketing,
                    _ => fact.scope.purpose != Purpose::Marketing,
                };
            // START to a sender also lifts what was stopped at that sender alone.
            let start_there = sender.is_some()
                && purpose == Purpose::Everything
                && fact.via == sender
                && fact.scope == Scope::EVERYTHING
                && fact.change == Change::OptIn;
            if own || start_there {
                state = step(state, fact);
            }
        }
        state
    }
}

/// One entry applied to the state before it.
fn step<'a>(state: State<'a>, fact: &'a Fact) -> State<'a> {
    let opted_in = State::In {
        basis: fact,
        marketing: fact.scope.purpose != Purpose::AllButMarketing,
    };
    match (fact.change, state) {
        (Change::NewNumber, State::In { .. }) => State::Unasked,
        // A person's own revocation stays the basis: what lifts it is stricter.
        (Change::OptOut, State::Out { basis }) if basis.source.is_person() && !fact.source.is_person() => {
            state
        }
        (Change::OptOut, _) => State::Out { basis: fact },
        (Change::OptIn, State::Unasked) => opted_in,
        (Change::OptIn, State::In { marketing, .. })
            if !marketing && fact.scope.purpose != Purpose::AllButMarketing =>
        {
            // Writing does not widen what was agreed on before.
            if fact.source == Source::Inbound {
                state
            } else {
                opted_in
            }
        }
        (Change::OptIn | Change::OptInAfterStop, State::Out { basis }) if lifts(fact, basis) => opted_in,
        (Change::NewNumber | Change::OptIn | Change::OptInAfterStop, state) => state,
    }
}

/// Who may lift whose opt-out.
///
/// | opted out by | START | YES | the platform's `resume` | agent, host | file |
/// |---|---|---|---|---|---|
/// | STOP | lifts | lifts | | with a later proof | with a later proof |
/// | the platform | lifts | | lifts | | |
/// | agent, host, file | lifts | | lifts | lifts | with a later proof |
///
/// A message that is none of these words, and a merge, lift nothing.
fn lifts(fact: &Fact, basis: &Fact) -> bool {
    let later_proof = fact.new_proof && fact.at > basis.at;
    if fact.change == Change::OptInAfterStop {
        return basis.source == Source::Keyword;
    }
    match (fact.source, basis.source) {
        (Source::Keyword, _) => true,
        (Source::Provider, by) => by != Source::Keyword,
        (Source::Manual | Source::Api, Source::Keyword) => later_proof,
        (Source::Manual | Source::Api, by) => by != Source::Provider,
        (Source::Import, by) => by != Source::Provider && later_proof,
        (Source::Inbound | Source::Merge, _) => false,
    }
}

#[cfg(test)]
mod tests;
