//! Auto-tag rules.

use tertulia_core::channel::Channel;
use tertulia_core::decide::organisation;
use tertulia_core::error::Error;
use tertulia_core::ids::{IdSource, RuleId};
use tertulia_core::record::{OrgRule, RecordKind};
use tertulia_core::roles::Call;
use tertulia_core::tagging::{Match, Pattern, Rule};
use tertulia_storage_traits::Query;

use crate::org::Org;

/// Auto-tag rules.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a>(pub(crate) &'a Org);

impl Rules<'_> {
    /// Adds a rule for every channel; its id.
    ///
    /// Fails with `rule.*` or `tag.*`: a regular expression that does not compile is refused with its position.
    pub async fn add(&self, pattern: Pattern, tags: &[&str]) -> Result<RuleId, Error> {
        let call = Call::RulesAdd;
        let runtime = &self.0.admitted(call).await?.runtime;
        let id = IdSource::new(runtime.clock.now(), runtime.random()).next();
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        let rule = Rule {
            id,
            name: None,
            pattern,
            tags,
            enabled: true,
            channels: None,
        };
        self.store(call, rule).await?;
        Ok(id)
    }

    /// Stores a rule, new or in place of the one with its id. It counts from the next message on.
    pub async fn put(&self, rule: Rule) -> Result<(), Error> {
        self.store(Call::RulesPut, rule).await
    }

    async fn store(&self, call: Call, rule: Rule) -> Result<(), Error> {
        self.0
            .decide(call, move |set, ctx| organisation::put_rule(set, ctx, &rule))
            .await
    }

    /// Removes a rule; tags that it added stay.
    pub async fn remove(&self, id: RuleId) -> Result<(), Error> {
        self.0
            .decide(Call::RulesRemove, move |set, ctx| {
                organisation::remove_rule(set, ctx, id)
            })
            .await
    }

    /// All rules, in the order in which they apply.
    pub async fn list(&self) -> Result<Vec<Rule>, Error> {
        let query = Query::Records {
            org: Some(self.0.id),
            kind: RecordKind::Rule,
        };
        let mut rules: Vec<OrgRule> = self.0.all(Call::RulesList, query).await?;
        rules.sort_by_key(|rule| (rule.position, rule.rule.id));
        Ok(rules.into_iter().map(|rule| rule.rule).collect())
    }

    /// Which rules would fire for a text that came over a channel, and where in it.
    pub async fn test(&self, text: &str, channel: Channel) -> Result<Vec<Match>, Error> {
        // A decision over nothing: it sees the rules as they are committed.
        let runtime = &self.0.admitted(Call::RulesTest).await?.runtime;
        let org = runtime.fresh_org(self.0.id).await?;
        Ok(org.rules.matches(text, channel))
    }
}
