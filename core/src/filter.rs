//! Which contacts: one type for lists, audiences, bulk actions and conditions, the same in JSON.

mod check;
mod value;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::contact::{Contact, LeadStatus, RecordStatus, tag_key};
use crate::conversation::ConversationStatus;
use crate::ids::{AgentId, SegmentId};
use crate::search::{self, Search};

pub use check::{MAX_DEPTH, MAX_SIZE};
pub use value::{AttributeFilter, ValueTest, seen};

/// A condition on a contact. Two-valued: a condition on what a contact does not have is false, and `not` is the exact
/// complement.
///
/// In JSON: `"everyone"`, `{"and": […]}`, `{"or": […]}`, `{"not": …}`, `{"tags": {"any": ["vip"]}}`, `{"optedIn": true}`,
/// `{"status": ["active"]}`, `{"lead": ["hot"]}`, `{"owner": "nobody"}`, `{"owner": {"is": "<id>"}}`,
/// `{"source": ["whatsapp"]}`, `{"conversation": ["open"]}`, `{"created": {"after": "2026-11-21T00:00:00Z"}}`, `{"lastInteraction": "never"}`,
/// `{"attribute": {"name": "city", "is": {"contains": "rio"}}}`, `{"text": "ana 98765"}`,
/// `{"segment": "<id>"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Filter {
    /// Every contact.
    Everyone,
    /// All of these; of none: everyone.
    And(Vec<Filter>),
    /// At least one of these; of none: nobody.
    Or(Vec<Filter>),
    /// Not this.
    Not(Box<Filter>),
    /// By tags, compared folded.
    Tags(TagFilter),
    /// By opt-in.
    OptedIn(bool),
    /// By record status: any of these.
    Status(Vec<RecordStatus>),
    /// By lead status: any of these.
    Lead(Vec<LeadStatus>),
    /// By who is responsible.
    Owner(OwnerFilter),
    /// By the channel of the first contact: any of these.
    Source(Vec<Channel>),
    /// By where the conversation stands that the next message belongs to: any of these.
    Conversation(Vec<ConversationStatus>),
    /// By when the record came to be.
    Created(TimeFilter),
    /// By when anything last went in or out.
    LastInteraction(TimeFilter),
    /// By a custom attribute.
    Attribute(AttributeFilter),
    /// By what [`search`](mod@crate::search) finds: each word in any part of a name, number, address or attribute.
    Text(String),
    /// Who fits the filter of a segment. Stores never see it: the filter stands in its place by then.
    Segment(SegmentId),
}

/// A condition on tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TagFilter {
    /// At least one of these; of none: nobody.
    Any(Vec<String>),
    /// All of these; of none: everyone.
    All(Vec<String>),
    /// None of these; of none: everyone.
    None(Vec<String>),
}

/// A condition on who is responsible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OwnerFilter {
    /// Nobody.
    Nobody,
    /// This member of the team.
    Is(AgentId),
}

/// A condition on a time, half-open: an instant is after itself and not before itself, so that neighbouring spans meet
/// in nobody. To the microsecond; what is finer does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TimeFilter {
    /// It never happened.
    Never,
    /// Before this instant.
    Before(DateTime<Utc>),
    /// At this instant or after it.
    After(DateTime<Utc>),
    /// From one instant on, until before another.
    Between(Span),
}

/// From one instant on, until before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TimeSpan")]
pub struct Span {
    /// The first instant that counts.
    pub from: DateTime<Utc>,
    /// The first instant after it that does not count any more.
    pub until: DateTime<Utc>,
}

impl TimeFilter {
    fn holds(self, at: Option<DateTime<Utc>>) -> bool {
        let Some(at) = at else {
            return self == Self::Never;
        };
        let at = at.timestamp_micros();
        match self {
            Self::Never => false,
            Self::Before(until) => at < until.timestamp_micros(),
            Self::After(from) => at >= from.timestamp_micros(),
            Self::Between(Span { from, until }) => {
                (from.timestamp_micros()..until.timestamp_micros()).contains(&at)
            }
        }
    }
}

impl Filter {
    /// The contacts with at least one of these tags.
    pub fn tagged_any<I: IntoIterator<Item = S>, S: Into<String>>(tags: I) -> Self {
        Self::Tags(TagFilter::Any(tags.into_iter().map(Into::into).collect()))
    }

    /// Of those who fit, the contacts that are not deleted.
    #[must_use]
    pub fn without_deleted(self) -> Self {
        let not_deleted = Self::Not(Box::new(Self::Status(vec![RecordStatus::Deleted])));
        match self {
            Self::Everyone => not_deleted,
            filter => Self::And(vec![not_deleted, filter]),
        }
    }

    /// Whether it asks for a tag, by its folded name, in a filter that is folded.
    pub fn names_tag(&self, key: &str) -> bool {
        let mut names = false;
        self.visit(&mut |part| {
            if let Self::Tags(TagFilter::Any(tags) | TagFilter::All(tags) | TagFilter::None(tags)) = part {
                names |= tags.iter().any(|tag| tag == key);
            }
        });
        names
    }

    /// The same filter asking for one tag in place of another, both by their folded names, in a filter that is folded.
    #[must_use]
    pub fn retagged(&self, from: &str, to: &str) -> Self {
        let all = |filters: &[Self]| filters.iter().map(|filter| filter.retagged(from, to)).collect();
        let tags = |tags: &[String]| {
            let mut keys: Vec<String> = Vec::with_capacity(tags.len());
            for tag in tags {
                let key = if tag == from { to } else { tag };
                if !keys.iter().any(|known| known == key) {
                    keys.push(key.to_owned());
                }
            }
            keys
        };
        match self {
            Self::And(filters) => Self::And(all(filters)),
            Self::Or(filters) => Self::Or(all(filters)),
            Self::Not(filter) => Self::Not(Box::new(filter.retagged(from, to))),
            Self::Tags(TagFilter::Any(names)) => Self::Tags(TagFilter::Any(tags(names))),
            Self::Tags(TagFilter::All(names)) => Self::Tags(TagFilter::All(tags(names))),
            Self::Tags(TagFilter::None(names)) => Self::Tags(TagFilter::None(tags(names))),
            other => other.clone(),
        }
    }

    /// The same filter with its texts folded, as they are stored and compared.
    #[must_use]
    pub fn folded(&self) -> Self {
        let all = |filters: &[Self]| filters.iter().map(Self::folded).collect();
        let keys = |tags: &[String]| tags.iter().map(|tag| tag_key(tag)).collect();
        match self {
            Self::And(filters) => Self::And(all(filters)),
            Self::Or(filters) => Self::Or(all(filters)),
            Self::Not(filter) => Self::Not(Box::new(filter.folded())),
            Self::Tags(TagFilter::Any(tags)) => Self::Tags(TagFilter::Any(keys(tags))),
            Self::Tags(TagFilter::All(tags)) => Self::Tags(TagFilter::All(keys(tags))),
            Self::Tags(TagFilter::None(tags)) => Self::Tags(TagFilter::None(keys(tags))),
            Self::Attribute(attribute) => Self::Attribute(attribute.folded()),
            Self::Everyone
            | Self::OptedIn(_)
            | Self::Status(_)
            | Self::Lead(_)
            | Self::Owner(_)
            | Self::Source(_)
            | Self::Conversation(_)
            | Self::Created(_)
            | Self::LastInteraction(_)
            | Self::Text(_)
            | Self::Segment(_) => self.clone(),
        }
    }

    /// Whether a contact fits; the filter must be [`folded`](Self::folded).
    pub fn matches(&self, contact: &Contact) -> bool {
        let has = |tag: &String| contact.tags.contains_key(tag);
        match self {
            Self::Everyone => true,
            Self::And(filters) => filters.iter().all(|filter| filter.matches(contact)),
            Self::Or(filters) => filters.iter().any(|filter| filter.matches(contact)),
            Self::Not(filter) => !filter.matches(contact),
            Self::Tags(TagFilter::Any(tags)) => tags.iter().any(has),
            Self::Tags(TagFilter::All(tags)) => tags.iter().all(has),
            Self::Tags(TagFilter::None(tags)) => !tags.iter().any(has),
            Self::OptedIn(wanted) => contact.consent.opted_in() == *wanted,
            Self::Status(any) => any.contains(&contact.status),
            Self::Lead(any) => any.contains(&contact.lead),
            Self::Owner(OwnerFilter::Nobody) => contact.owner.is_none(),
            Self::Owner(OwnerFilter::Is(owner)) => contact.owner == Some(*owner),
            Self::Source(any) => contact.source_channel.is_some_and(|source| any.contains(&source)),
            Self::Conversation(any) => contact
                .conversation_status
                .is_some_and(|status| any.contains(&status)),
            Self::Created(time) => time.holds(Some(contact.created_at)),
            Self::LastInteraction(time) => time.holds(contact.last_interaction),
            Self::Segment(_) => false,
            Self::Text(text) => Search::new(text).finds(&search::text(contact)),
            Self::Attribute(attribute) => attribute.holds(contact.attributes.get(&attribute.name)),
        }
    }
}

#[cfg(test)]
mod tests;
