//! One change to many contacts or conversations: each of them is decided as the call for one is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contact::{LeadStatus, tag_name};
use crate::context::Context;
use crate::conversation::label_name;
use crate::decide::{contacts, conversations, deletion, enrollments, profile, surveys};
use crate::error::{Code, Error};
use crate::ids::{AgentId, ContactId, ConversationId, SequenceId};
use crate::inbox::ConversationFilter;
use crate::working_set::{Step, Stop, WorkingSet};

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
    /// Enrolls them in a sequence. Who is in it, or was and may not again, stays as they are.
    Enroll(SequenceId),
    /// Takes them out of a sequence.
    Unenroll(SequenceId),
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
            Self::Lead(_)
            | Self::Assign(_)
            | Self::Unassign
            | Self::Enroll(_)
            | Self::Unenroll(_)
            | Self::Delete => Ok(()),
        }
    }
}

/// Which conversations are meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ConversationSelection {
    /// These.
    Ids(Vec<ConversationId>),
    /// All that fit a filter.
    Filter(ConversationFilter),
}

/// What is done with each conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ConversationAction {
    /// Marks it as read.
    Read,
    /// Marks it as unread.
    Unread,
    /// Stars it.
    Star,
    /// Takes the star away.
    Unstar,
    /// Archives it until the contact writes again.
    Archive,
    /// Brings it back.
    Unarchive,
    /// Gives it to a member of the team.
    Assign(AgentId),
    /// Gives it to nobody.
    Unassign,
    /// Closes it; nobody is asked how satisfied they are.
    Resolve,
    /// Closes it, and asks how satisfied the contact is, as the call for one does.
    ResolveAndSurvey,
    /// Adds labels.
    Label(Vec<String>),
    /// Takes labels off.
    Unlabel(Vec<String>),
    /// Deletes it with all its messages.
    Delete,
}

impl ConversationAction {
    /// Refuses what could be done with none.
    ///
    /// # Errors
    /// `label.invalid`.
    pub fn check(&self) -> Result<(), Error> {
        match self {
            Self::Label(labels) | Self::Unlabel(labels) => {
                labels.iter().try_for_each(|label| label_name(label).map(|_| ()))
            }
            _ => Ok(()),
        }
    }
}

/// Does it with one conversation; whether anything changed.
pub fn apply_to_conversation(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    id: ConversationId,
    action: &ConversationAction,
) -> Step<bool> {
    match action {
        ConversationAction::Read => conversations::read(set, ctx, id),
        ConversationAction::Unread => conversations::unread(set, ctx, id),
        ConversationAction::Star => conversations::star(set, ctx, id, true),
        ConversationAction::Unstar => conversations::star(set, ctx, id, false),
        ConversationAction::Archive => conversations::archive(set, ctx, id, true),
        ConversationAction::Unarchive => conversations::archive(set, ctx, id, false),
        ConversationAction::Assign(member) => conversations::assign(set, ctx, id, Some(*member)),
        ConversationAction::Unassign => conversations::assign(set, ctx, id, None),
        ConversationAction::Resolve => conversations::resolve(set, ctx, id),
        ConversationAction::ResolveAndSurvey => surveys::resolve(set, ctx, id),
        ConversationAction::Label(labels) => Ok(conversations::label(set, ctx, id, labels)? > 0),
        ConversationAction::Unlabel(labels) => Ok(conversations::unlabel(set, ctx, id, labels)? > 0),
        ConversationAction::Delete => conversations::delete(set, ctx, id).map(|()| true),
    }
}

/// Whether a call changed anything; it did not where it was refused for being so already.
fn changed<T>(decided: Step<T>, so_already: Code) -> Step<bool> {
    match decided {
        Ok(_) => Ok(true),
        Err(Stop::Refused(error)) if error.code() == so_already => Ok(false),
        Err(stop) => Err(stop),
    }
}

/// Does it with one contact; whether anything changed.
pub fn apply(set: &mut WorkingSet, ctx: &mut Context<'_>, id: ContactId, action: &BulkAction) -> Step<bool> {
    match action {
        BulkAction::Tag(tags) => Ok(contacts::tag(set, ctx, id, tags)? > 0),
        BulkAction::Untag(tags) => Ok(contacts::untag(set, ctx, id, tags)? > 0),
        BulkAction::Lead(lead) => profile::set_lead(set, ctx, id, *lead),
        BulkAction::Assign(owner) => profile::set_owner(set, ctx, id, Some(*owner)),
        BulkAction::Unassign => profile::set_owner(set, ctx, id, None),
        BulkAction::Enroll(sequence) => changed(
            enrollments::enroll(set, ctx, *sequence, id),
            Code::SequenceEnrolled,
        ),
        BulkAction::Unenroll(sequence) => changed(
            enrollments::unenroll(set, ctx, *sequence, id),
            Code::SequenceNotEnrolled,
        ),
        BulkAction::Delete => deletion::delete(set, ctx, id).map(|()| true),
    }
}
