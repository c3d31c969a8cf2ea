//! What a decision is made in: the time, who asks, the organisation, and where new ids come from.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::error::Error;
use crate::ids::{AgentId, IdSource, OrgId, RuleId};
use crate::journal::{Actor, Entry, What};
use crate::record::{Expect, Key, Org, OrgRule};
use crate::routing::RoutingRule;
use crate::sequence::Watch;
use crate::settings::Settings;
use crate::suppression::{AddressHasher, HostKey};
use crate::tagging::RuleSet;
use crate::turn::InTurn;

/// An organisation's settings and rules, made ready: kept between decisions, for as long as its version stays.
#[derive(Debug)]
pub struct OrgContext {
    /// The organisation.
    pub id: OrgId,
    /// The version of its record. Every commit expects it, so that a STOP word or rule that another process
    /// just stored is never missed.
    pub version: u64,
    /// Its settings.
    pub settings: Settings,
    /// What addresses of deleted contacts are hashed with.
    pub hasher: AddressHasher,
    /// Its auto-tag rules.
    pub rules: RuleSet,
    /// The tags of each rule that is on.
    pub rule_tags: HashMap<RuleId, Vec<String>>,
    /// Who gets a conversation that is new or open again.
    pub routing: Vec<RoutingRule>,
    /// What its active sequences are on the watch for.
    pub watches: Vec<Watch>,
}

impl OrgContext {
    /// Makes an organisation's record, of this version, and its rules ready, with the host's key if it has one.
    ///
    /// Fails with `suppression.key_missing` or `suppression.key_wrong` if the organisation's hashes are under another.
    pub fn new(
        org: Org,
        version: u64,
        mut rules: Vec<OrgRule>,
        host_key: Option<&HostKey>,
    ) -> Result<Self, Error> {
        let hasher = AddressHasher::of(&org, host_key)?;
        rules.sort_by_key(|rule| (rule.position, rule.rule.id));
        let compiled = RuleSet::compile(rules.iter().map(|rule| &rule.rule))?;
        let rule_tags = rules
            .into_iter()
            .map(|rule| (rule.rule.id, rule.rule.tags))
            .collect();
        Ok(Self {
            id: org.id,
            version,
            settings: org.settings,
            hasher,
            rules: compiled,
            rule_tags,
            routing: org.routing,
            watches: org.watches,
        })
    }

    /// What a commit of a decision made in this context expects.
    pub fn expectation(&self) -> Expect {
        Expect::Version(Key::Org { org: self.id }, self.version)
    }
}

/// How far a provider's time stamp may lie after its receipt.
pub const PROVIDER_CLOCK_AHEAD: TimeDelta = TimeDelta::minutes(5);

/// What one decision is made in.
#[derive(Debug)]
pub struct Context<'a> {
    /// The time.
    pub now: DateTime<Utc>,
    /// The organisation.
    pub org: &'a OrgContext,
    /// Who asks.
    pub actor: Actor,
    /// Whether it is one of many alike that somebody asked for at once: an import's, a bulk action's, a tag's merge.
    pub bulk: bool,
    /// The turn that a handler asks in.
    pub turn: Option<InTurn>,
    /// Where new ids come from.
    pub ids: IdSource,
}

impl Context<'_> {
    /// A provider's time stamp, read: one that lies too far ahead, or is missing, is the time of receipt.
    pub fn provider_time(&self, at: Option<DateTime<Utc>>) -> DateTime<Utc> {
        at.filter(|at| *at <= self.now + PROVIDER_CLOCK_AHEAD)
            .unwrap_or(self.now)
    }

    /// A journal entry about no contact, now.
    pub fn entry(&self, what: What) -> Entry {
        Entry {
            org: self.org.id,
            at: self.now,
            recorded_at: self.now,
            actor: self.actor.clone(),
            contact: None,
            what,
            redacted: false,
        }
    }

    /// A journal entry about a contact, now.
    pub fn about(&self, contact: crate::ids::ContactId, what: What) -> Entry {
        Entry {
            contact: Some(contact),
            ..self.entry(what)
        }
    }

    /// The agent who asks, if one does.
    pub const fn agent(&self) -> Option<AgentId> {
        match self.actor {
            Actor::Agent(agent) => Some(agent),
            _ => None,
        }
    }
}
