//! Which conversations: one type for lists, counts and bulk actions, the same in JSON.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::contact::{Contact, tag_key};
use crate::conversation::{Conversation, ConversationStatus};
use crate::filter::OwnerFilter;
use crate::ids::ContactId;
use crate::search::{self, Search};

/// A condition on a conversation: all that is given must hold; what is absent or empty asks for nothing. Archived ones are
/// left out unless they are asked for.
///
/// In JSON: `{"status": ["open", "assigned"], "assignee": "nobody", "unread": true, "label": "urgent"}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConversationFilter {
    /// With this contact.
    pub contact: Option<ContactId>,
    /// Where it stands: any of these.
    pub status: Vec<ConversationStatus>,
    /// Whose it is.
    pub assignee: Option<OwnerFilter>,
    /// The name of the bot or AI that has it.
    pub handler: Option<String>,
    /// The channel that anything went in or out by.
    pub channel: Option<Channel>,
    /// Something in it waits to be read, or nothing.
    pub unread: Option<bool>,
    /// It is starred, or not.
    pub starred: Option<bool>,
    /// Archived ones, too, or only; default neither.
    pub archived: Archived,
    /// It has this label, compared folded.
    pub label: Option<String>,
    /// What [`search`](mod@crate::search) finds of its contact: each word in any part of a name, number, address or
    /// attribute.
    pub text: Option<String>,
}

/// What becomes of archived conversations in a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Archived {
    /// They are left out.
    #[default]
    Without,
    /// They stand among the others.
    With,
    /// Nothing but them.
    Only,
}

/// What a list of conversations is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConversationOrder {
    /// By when anything last went in or out, then by id.
    Activity,
    /// By id, which never changes, so that a walk meets each once.
    Id,
}

impl ConversationFilter {
    /// Every conversation.
    pub fn all() -> Self {
        Self {
            archived: Archived::With,
            ..Self::default()
        }
    }

    /// Every conversation with a contact.
    pub fn of(contact: ContactId) -> Self {
        Self {
            contact: Some(contact),
            ..Self::all()
        }
    }

    /// The same filter with its label folded, as labels are stored and compared.
    #[must_use]
    pub fn folded(mut self) -> Self {
        self.label = self.label.map(|label| tag_key(&label));
        self
    }

    /// Whether a conversation with this contact fits; the filter must be [`folded`](Self::folded).
    pub fn matches(&self, conversation: &Conversation, contact: Option<&Contact>) -> bool {
        let handler = conversation.handler.as_ref().map(|handler| &handler.name);
        self.contact.is_none_or(|contact| contact == conversation.contact)
            && (self.status.is_empty() || self.status.contains(&conversation.status()))
            && self.assignee.is_none_or(|assignee| match assignee {
                OwnerFilter::Nobody => conversation.assignee.is_none(),
                OwnerFilter::Is(member) => conversation.assignee == Some(member),
            })
            && self.handler.as_ref().is_none_or(|name| handler == Some(name))
            && self
                .channel
                .is_none_or(|channel| conversation.channels.contains(&channel))
            && self
                .unread
                .is_none_or(|unread| unread == conversation.is_unread())
            && self.starred.is_none_or(|starred| starred == conversation.starred)
            && match self.archived {
                Archived::With => true,
                Archived::Without => conversation.archived.is_none(),
                Archived::Only => conversation.archived.is_some(),
            }
            && self
                .label
                .as_ref()
                .is_none_or(|label| conversation.labels.contains_key(label))
            && self.text.as_ref().is_none_or(|text| {
                let search = Search::new(text);
                search.terms.is_empty() || contact.is_some_and(|contact| search.finds(&search::text(contact)))
            })
    }
}

#[cfg(test)]
mod tests;
