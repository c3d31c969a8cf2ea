//! Which contacts: one type for lists, audiences and conditions, the same in JSON.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contact::{Contact, RecordStatus, tag_key};

/// A condition on a contact. Two-valued: `not` is the exact complement.
///
/// In JSON: `{"and": […]}`, `{"or": […]}`, `{"not": …}`, `{"tags": {"any": ["vip"]}}`, `{"optedIn": true}`,
/// `{"status": ["active"]}`, `"everyone"`.
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

impl Filter {
    /// The contacts with at least one of these tags.
    pub fn tagged_any<I: IntoIterator<Item = S>, S: Into<String>>(tags: I) -> Self {
        Self::Tags(TagFilter::Any(tags.into_iter().map(Into::into).collect()))
    }

    /// The same filter with its tags folded, as they are stored and compared.
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
            Self::Everyone | Self::OptedIn(_) | Self::Status(_) => self.clone(),
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
        }
    }
}

#[cfg(test)]
mod tests;
