//! Who gets a conversation that is new or open again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tertulia_core::channel::Channel;
use tertulia_core::decide::routing;
use tertulia_core::error::Error;
use tertulia_core::filter::Filter;
use tertulia_core::ids::{ContactId, IdSource, RuleId};
use tertulia_core::roles::Call;
use tertulia_core::routing::{RoutingRule, RoutingTarget};

use crate::org::Org;

/// A rule of routing to add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRoutingRule {
    /// A name for people.
    #[serde(default)]
    pub name: Option<String>,
    /// Which contacts; absent: all.
    #[serde(default)]
    pub filter: Option<Filter>,
    /// By which channels the person wrote or called; absent: any.
    #[serde(default)]
    pub channels: Option<Vec<Channel>>,
    /// Who gets the conversation.
    pub to: RoutingTarget,
}

/// Who gets a conversation that is new or open again: the first rule that fits.
#[derive(Debug, Clone, Copy)]
pub struct Routing<'a>(pub(crate) &'a Org);

impl Routing<'_> {
    /// Adds a rule behind all others, and switches it on; its id. It counts from the next conversation on that a contact
    /// opens, or opens again.
    ///
    /// Fails with `routing.invalid`, `filter.*`, `segment.not_found`, `handler.invalid`, `member.not_found` or
    /// `member.inactive`.
    pub async fn add(&self, new: NewRoutingRule) -> Result<RuleId, Error> {
        let call = Call::RoutingAdd;
        let runtime = &self.0.admitted(call).await?.runtime;
        let id = IdSource::new(runtime.clock.now(), runtime.random()).next();
        let rule = RoutingRule {
            id,
            name: new.name,
            filter: new.filter,
            channels: new.channels,
            to: new.to,
            enabled: true,
        };
        self.store(call, rule).await?;
        Ok(id)
    }

    /// Stores a rule, new or in the place of the one with its id. Fails as [`add`](Self::add) does.
    pub async fn put(&self, rule: RoutingRule) -> Result<(), Error> {
        self.store(Call::RoutingPut, rule).await
    }

    async fn store(&self, call: Call, rule: RoutingRule) -> Result<(), Error> {
        self.0
            .decide(call, move |set, ctx| routing::put(set, ctx, &rule))
            .await
    }

    /// Removes a rule; who got a conversation by it keeps it. Fails with `routing.not_found`.
    pub async fn remove(&self, id: RuleId) -> Result<(), Error> {
        self.0
            .decide(Call::RoutingRemove, move |set, ctx| routing::remove(set, ctx, id))
            .await
    }

    /// Puts the rules in another order: all their ids, each once. Fails with `routing.not_found` or `routing.invalid`.
    pub async fn order(&self, ids: &[RuleId]) -> Result<(), Error> {
        let ids = ids.to_vec();
        self.0
            .decide(Call::RoutingOrder, move |set, ctx| routing::order(set, ctx, &ids))
            .await
    }

    /// All rules, in their order.
    pub async fn list(&self) -> Result<Vec<RoutingRule>, Error> {
        let runtime = &self.0.admitted(Call::RoutingList).await?.runtime;
        Ok(runtime.fresh_org(self.0.id).await?.routing.clone())
    }

    /// The rule by which a contact's conversation would be routed if they wrote now over a channel; absent: none.
    ///
    /// Fails with `contact.not_found`.
    pub async fn test(&self, contact: ContactId, channel: Channel) -> Result<Option<RoutingRule>, Error> {
        self.0
            .look(Call::RoutingTest, |set, ctx| {
                routing::test(set, ctx, contact, channel)
            })
            .await
    }
}
