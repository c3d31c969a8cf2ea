//! Which contacts are meant: by name, by what is known of them, or by what became of a broadcast to them.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::broadcast::RecipientFilter;
use crate::error::{Code, Error};
use crate::filter::Filter;
use crate::ids::{BroadcastId, ContactId, OrgId};

/// The most contacts that a broadcast's list may have.
pub const MAX_LISTED: usize = 100_000;

/// Which contacts are meant: of a bulk action, an export or a broadcast.
///
/// In JSON: `{"ids": ["<id>", …]}`, `{"filter": {"tags": {"any": ["vip"]}}}`,
/// `{"recipients": {"broadcast": "<id>", "who": {"states": ["delivered"]}}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Selection {
    /// These. An id of a contact that was merged leads to the one that it was merged into.
    Ids(Vec<ContactId>),
    /// All that fit a filter.
    Filter(Filter),
    /// Recipients of a broadcast, and what became of them.
    Recipients(RecipientSelection),
}

/// Some of the recipients of a broadcast.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecipientSelection {
    /// The broadcast.
    pub broadcast: BroadcastId,
    /// Which of them; absent: all.
    #[serde(default)]
    pub who: RecipientFilter,
}

/// Whom a broadcast is for.
///
/// In JSON: `"list"`, `{"filter": …}`, `{"recipients": …}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Target {
    /// The contacts that were named; `broadcasts.simulate` tells them one by one.
    List,
    /// All that fit a filter, texts folded. A draft may name segments; once launched, their filters stand in their place.
    Filter(Filter),
    /// Recipients of another broadcast, as they stand at the launch.
    Recipients(RecipientSelection),
}

impl Target {
    /// The filter, if it is one.
    pub const fn filter(&self) -> Option<&Filter> {
        match self {
            Self::Filter(filter) => Some(filter),
            Self::List | Self::Recipients(_) => None,
        }
    }
}

/// The contacts that a broadcast which was not launched yet is for, where they were named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetList {
    /// The organisation.
    pub org: OrgId,
    /// The broadcast.
    pub broadcast: BroadcastId,
    /// The contacts, each once.
    pub contacts: BTreeSet<ContactId>,
}

impl TargetList {
    /// The list of a broadcast.
    ///
    /// # Errors
    /// `broadcast.invalid` of more than [`MAX_LISTED`] contacts.
    pub fn new(org: OrgId, broadcast: BroadcastId, ids: &[ContactId]) -> Result<Self, Error> {
        let contacts: BTreeSet<ContactId> = ids.iter().copied().collect();
        if contacts.len() > MAX_LISTED {
            let message = format!(
                "the list has {} contacts and may have {MAX_LISTED}; tag them, and send to the tag",
                contacts.len()
            );
            return Err(Error::new(Code::BroadcastInvalid, message));
        }
        Ok(Self {
            org,
            broadcast,
            contacts,
        })
    }
}
