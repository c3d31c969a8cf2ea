//! One change to many contacts: each of them is decided as the call for one contact is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contact::{LeadStatus, tag_name};
use crate::context::Context;
use crate::decide::{contacts, deletion, profile};
use crate::error::Error;
use crate::filter::Filter;
use crate::ids::{AgentId, ContactId};
use crate::working_set::{Step, WorkingSet};

/// Which contacts are meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Selection {
    /// These.
    Ids(Vec<ContactId>),
    /// All that fit a filter.
    Filter(Filter),
}

/// What is done with each contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum BulkAction {
    /// Adds tags.
    Tag(Vec<String>),
    /// Removes tags.
    Untag(Vec<String>),
    /// Sets the lead status.
    Lead(LeadStatus),
    /// Makes a member of the team responsible.
    Assign(AgentId),
    /// Makes nobody responsible.
    Unassign,
    /// Deletes the contact.
    Delete,
}

impl BulkAction {
    /// Refuses what could be done with nobody.
    ///
    /// # Errors
    /// `tag.empty`, `tag.too_long`.
    pub fn check(&self) -> Result<(), Error> {
        match self {
            Self::Tag(tags) | Self::Untag(tags) => tags.iter().try_for_each(|tag| tag_name(tag).map(|_| ())),
            Self::Lead(_) | Self::Assign(_) | Self::Unassign | Self::Delete => Ok(()),
        }
    }
}

/// Does it with one contact; whether anything changed.
pub fn apply(set: &mut WorkingSet, ctx: &Context<'_>, id: ContactId, action: &BulkAction) -> Step<bool> {
    match action {
        BulkAction::Tag(tags) => Ok(contacts::tag(set, ctx, id, tags)? > 0),
        BulkAction::Untag(tags) => Ok(contacts::untag(set, ctx, id, tags)? > 0),
        BulkAction::Lead(lead) => profile::set_lead(set, ctx, id, *lead),
        BulkAction::Assign(owner) => profile::set_owner(set, ctx, id, Some(*owner)),
        BulkAction::Unassign => profile::set_owner(set, ctx, id, None),
        BulkAction::Delete => deletion::delete(set, ctx, id).map(|()| true),
    }
}
