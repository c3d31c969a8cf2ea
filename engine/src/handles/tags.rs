//! Tags and how many contacts carry them.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tertulia_core::contact::Tag;
use tertulia_core::error::Error;
use tertulia_core::record::RecordKind;
use tertulia_storage_traits::Query;

use crate::error::from_storage;
use crate::org::Org;

/// Tags.
#[derive(Debug, Clone, Copy)]
pub struct Tags<'a>(pub(crate) &'a Org);

/// A tag with its count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TagCount {
    /// The tag as first written.
    pub name: String,
    /// How many contacts that are not deleted carry it.
    pub contacts: u64,
}

impl Tags<'_> {
    /// All tags, by their folded names.
    pub async fn list(&self) -> Result<Vec<TagCount>, Error> {
        let tags: Vec<Tag> = self
            .0
            .all(Query::Records {
                org: Some(self.0.id),
                kind: RecordKind::Tag,
            })
            .await?;
        let counts = self
            .0
            .inner
            .runtime
            .storage
            .tag_counts(self.0.id)
            .await
            .map_err(from_storage)?;
        let counts: HashMap<String, u64> = counts.into_iter().collect();
        let count = |key: &str| counts.get(key).copied().unwrap_or(0);
        Ok(tags
            .into_iter()
            .map(|tag| TagCount {
                contacts: count(&tag.key),
                name: tag.name,
            })
            .collect())
    }
}
