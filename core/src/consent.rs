//! Consent: an append-only set of facts, and the state that is their fold.
//!
//! The state never depends on the order in which facts were learned, only on what they say and when it was said.
//!
//! Of contacts that were merged, each one's facts stay a lane of their own until something new is said: nothing
//! that one record knew lifts what another one's knew, and the stricter counts.

use chrono::{DateTime, SubsecRound, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, AgentId, ContactId};
use crate::suppression::nameless;

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
pub struct Consent {
    facts: Vec<Fact>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    merged: Vec<Lane>,
}

/// What was known of a contact when it was merged into this one, or was held against an address that this one got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Lane {
    /// The contact; this one itself, of what was held against an address.
    of: ContactId,
    /// Until when what was said is said for one of them alone: what is said afterwards is said for both.
    since: DateTime<Utc>,
    facts: Vec<Fact>,
}

impl Consent {
    /// The history, oldest first; that of merged contacts included.
    pub fn history(&self) -> Vec<&Fact> {
        let mut all: Vec<&Fact> = self.all().collect();
        all.sort_by(|a, b| a.order().cmp(&b.order()));
        all.dedup();
        all
    }

    fn all(&self) -> impl Iterator<Item = &Fact> {
        self.facts
            .iter()
            .chain(self.merged.iter().flat_map(|lane| &lane.facts))
    }

    /// Adds an entry; whether it was new. Of the inbound messages only the first one counts, so only that is kept
    /// (anew after a merge, and after a change of number: a notice of one that comes after later messages did leaves
    /// the next message to opt in).
    pub fn record(&mut self, fact: Fact) -> bool {
        let Err(place) = place_of(&self.facts, &fact) else {
            return false;
        };
        if fact.source == Source::Inbound {
            let same_lane =
                |other: &&Fact| other.source == Source::Inbound || other.change == Change::NewNumber;
            let merged_between = |a: &Fact, b: &Fact| {
                let mut merges = self.merged.iter().map(|lane| lane.since);
                merges.any(|since| a.at <= since && since < b.at)
            };
            let before = self.facts[..place].iter().rev().find(same_lane);
            if before.is_some_and(|f| f.source == Source::Inbound && !merged_between(f, &fact)) {
                return false;
            }
            let later = self.facts[place..].iter().position(|f| same_lane(&f));
            if let Some(later) = later.map(|later| place + later).filter(|later| {
                let later = &self.facts[*later];
                later.source == Source::Inbound && !merged_between(&fact, later)
            }) {
                self.facts.remove(later);
            }
        }
        self.facts.insert(place, fact);
        true
    }

    /// Adds an entry that was said at an address which came with a merged contact; whether it was new. What was said
    /// before the merge belongs to what is known of that contact alone.
    pub fn record_of(&mut self, of: Option<ContactId>, fact: Fact) -> bool {
        let mut lanes = self.merged.iter_mut();
        let Some(lane) = lanes.find(|lane| Some(lane.of) == of && fact.at <= lane.since) else {
            return self.record(fact);
        };
        let mut theirs = Self {
            facts: std::mem::take(&mut lane.facts),
            merged: Vec::new(),
        };
        let new = theirs.record(fact);
        lane.facts = theirs.facts;
        new
    }

    /// Takes in what is held against an address that becomes this contact's (`of`). What the contact said so far was not
    /// said for that address, and lifts nothing of it.
    pub fn hold(&mut self, of: ContactId, held: Vec<Fact>) {
        match self.facts.last().map(|last| last.at) {
            Some(since) => self.merged.push(Lane {
                of,
                since,
                facts: held,
            }),
            None => self.facts = held,
        }
    }

    /// Takes in what is known of a contact that is merged into this one.
    pub fn merge(&mut self, of: ContactId, other: &Self, at: DateTime<Utc>) {
        self.merged.push(Lane {
            of,
            since: at,
            facts: other.facts.clone(),
        });
        for lane in &other.merged {
            self.merged.push(Lane {
                of: lane.of,
                since: at,
                facts: lane.with(&other.facts).into_iter().cloned().collect(),
            });
        }
    }

    /// Gives back what a merge took in: the consent of the contact as it was, with what became known of that time since,
    /// and every opt-out that was said of both meanwhile.
    #[must_use]
    pub fn unmerge(&mut self, of: ContactId, before: &Self) -> Self {
        let came_with = |id: ContactId| id == of || before.merged.iter().any(|lane| lane.of == id);
        let (theirs, own) = std::mem::take(&mut self.merged)
            .into_iter()
            .partition(|lane| came_with(lane.of));
        let theirs: Vec<Lane> = theirs;
        self.merged = own;
        let since = theirs.iter().map(|lane| lane.since).max();
        let of_both = self.facts.iter().filter(|fact| Some(fact.at) > since);
        let of_both = Self {
            facts: of_both.cloned().collect(),
            merged: Vec::new(),
        };
        let known: Vec<&Fact> = before.all().collect();
        let learned = theirs.into_iter().flat_map(|lane| lane.facts);
        let mut restored = before.clone();
        for fact in of_both.revocations().into_iter().chain(learned) {
            if !known.contains(&&fact) {
                restored.record(fact);
            }
        }
        restored
    }

    /// Puts words that name no person in place of the evidence; of how many entries.
    pub fn forget_names(&mut self) -> u64 {
        let mut changed = 0;
        for facts in
            std::iter::once(&mut self.facts).chain(self.merged.iter_mut().map(|lane| &mut lane.facts))
        {
            for fact in facts.iter_mut() {
                let bare = nameless(fact.clone());
                changed += u64::from(bare != *fact);
                *fact = bare;
            }
            facts.sort_by(|a, b| a.order().cmp(&b.order()));
            facts.dedup();
        }
        changed
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
        let mut scopes: Vec<Scope> = self.all().map(|fact| fact.scope).collect();
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

    /// Whether a message may go out by this sender, to an address that came with a merged contact (`of`) or is the
    /// contact's own: no opt-out of either is in force, and the address is one that an opt-in was given for.
    pub fn permits(&self, marketing: bool, sender: AccountId, of: Option<ContactId>) -> Result<(), Denial> {
        let mut purposes = vec![(Purpose::Everything, None), (Purpose::Everything, Some(sender))];
        if marketing {
            purposes.extend([(Purpose::Marketing, None), (Purpose::Marketing, Some(sender))]);
        }
        for (purpose, sender) in purposes {
            if let State::Out { basis } = self.fold(purpose, sender) {
                return Err(Denial::OptedOut(basis.clone()));
            }
        }
        let theirs = self.lane(of);
        let fold = |purpose| fold(theirs.iter().copied(), purpose, None);
        let asked_apart = || matches!(fold(Purpose::Marketing), State::In { .. });
        match fold(Purpose::Everything) {
            State::In {
                marketing: covered, ..
            } if marketing && !covered && !asked_apart() => Err(Denial::NotForMarketing),
            State::In { .. } => Ok(()),
            State::Unasked | State::Out { .. } => Err(Denial::NotOptedIn),
        }
    }

    /// What was said for the addresses that came with a merged contact, or for the contact's own.
    fn lane(&self, of: Option<ContactId>) -> Vec<&Fact> {
        match self.merged.iter().find(|lane| Some(lane.of) == of) {
            Some(lane) => lane.with(&self.facts),
            None => self.facts.iter().collect(),
        }
    }

    /// The fold of one scope; of several contacts in one, the strictest.
    fn fold(&self, purpose: Purpose, sender: Option<AccountId>) -> State<'_> {
        let own = fold(self.facts.iter(), purpose, sender);
        let merged = self.merged.iter();
        merged
            .map(|lane| fold(lane.with(&self.facts).into_iter(), purpose, sender))
            .fold(own, stricter)
    }
}

impl Lane {
    /// What was known of the contact, and what was said of both since, in the order of what was said.
    fn with<'a>(&'a self, since: &'a [Fact]) -> Vec<&'a Fact> {
        let of_both = since.iter().filter(|fact| fact.at > self.since);
        let mut facts: Vec<&Fact> = self.facts.iter().chain(of_both).collect();
        facts.sort_by(|a, b| a.order().cmp(&b.order()));
        facts
    }
}

/// Where a fact is in a history, or where it belongs.
fn place_of(facts: &[Fact], fact: &Fact) -> Result<usize, usize> {
    facts.binary_search_by(|other| other.order().cmp(&fact.order()))
}

/// What two contacts in one add up to: an opt-out of either stands, the person's own before others'; opted in is who
/// is opted in as either, for marketing if that holds of all that are. For which address is asked
/// [apart](Consent::permits).
fn stricter<'a>(a: State<'a>, b: State<'a>) -> State<'a> {
    match (a, b) {
        (State::Out { basis: own }, State::Out { basis }) => State::Out {
            basis: if basis.source.is_person() && !own.source.is_person() {
                basis
            } else {
                own
            },
        },
        (out @ State::Out { .. }, _) | (_, out @ State::Out { .. }) => out,
        (State::In { marketing: true, .. }, narrow @ State::In { marketing: false, .. }) => narrow,
        (State::Unasked, other) => other,
        (known, _) => known,
    }
}

/// The fold of one scope, in the order of what was said.
fn fold<'a>(facts: impl Iterator<Item = &'a Fact>, purpose: Purpose, sender: Option<AccountId>) -> State<'a> {
    let mut state = State::Unasked;
    for fact in facts {
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
