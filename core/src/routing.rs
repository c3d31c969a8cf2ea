//! Who gets a conversation that is new or open again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::conversation::Handler;
use crate::filter::Filter;
use crate::ids::{AgentId, RuleId};

/// The most rules of routing that an organisation may have.
pub const MAX_RULES: usize = 100;

/// A rule of routing: the first one that fits says who gets the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoutingRule {
    /// The id.
    pub id: RuleId,
    /// A name for people.
    #[serde(default)]
    pub name: Option<String>,
    /// Which contacts, as they are once the message is taken in and tagged; absent: all.
    #[serde(default)]
    pub filter: Option<Filter>,
    /// By which channels the person wrote or called; absent: any.
    #[serde(default)]
    pub channels: Option<Vec<Channel>>,
    /// Who gets it.
    pub to: RoutingTarget,
    /// Whether the rule is used.
    pub enabled: bool,
}

/// Who gets a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoutingTarget {
    /// A member of the team.
    Member(AgentId),
    /// A bot or AI of the host.
    Handler(Handler),
}
