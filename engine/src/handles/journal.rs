//! The journal's faces: the durable feed of what changed, and the audit.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tertulia_core::error::Error;
use tertulia_core::journal::{Entry, EntryKind};
use tertulia_storage_traits::{Cursor, JournalRequest, JournalView};

use crate::error::from_storage;
use crate::handles::{Listed, PageOf};
use crate::org::Org;

/// The durable, ordered feed of what changed.
#[derive(Debug, Clone, Copy)]
pub struct Events<'a>(pub(crate) &'a Org);

/// One event of the feed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// Its position: hand it to [`Events::read`] to go on after it.
    pub position: u64,
    /// What happened.
    pub entry: Entry,
}

impl Events<'_> {
    /// The events after a position (0: from the start), at most so many, in the order of their commits.
    pub async fn read(&self, after: u64, limit: usize) -> Result<Vec<Event>, Error> {
        let request = JournalRequest {
            org: self.0.id,
            view: JournalView::Feed,
            kinds: Vec::new(),
            cursor: Some(Cursor(after.to_string())),
            backwards: false,
            limit: limit.clamp(1, 10_000),
        };
        let page = self
            .0
            .inner
            .runtime
            .storage
            .journal(request)
            .await
            .map_err(from_storage)?;
        Ok(page
            .entries
            .into_iter()
            .map(|(position, entry)| Event { position, entry })
            .collect())
    }
}

/// Who changed what, before and after.
#[derive(Debug, Clone, Copy)]
pub struct Audit<'a>(pub(crate) &'a Org);

impl Audit<'_> {
    /// The audited changes, in the order of their commits; of these kinds only, or (empty) of all.
    pub async fn list(&self, kinds: &[EntryKind], page: &PageOf) -> Result<Listed<Entry>, Error> {
        self.0.journal(JournalView::Audit, kinds, page).await
    }
}

impl Org {
    /// One page of a view of the journal.
    pub(crate) async fn journal(
        &self,
        view: JournalView,
        kinds: &[EntryKind],
        page: &PageOf,
    ) -> Result<Listed<Entry>, Error> {
        let request = JournalRequest {
            org: self.id,
            view,
            kinds: kinds.to_vec(),
            cursor: page.cursor.clone(),
            backwards: page.backwards,
            limit: page.limit(),
        };
        let found = self
            .inner
            .runtime
            .storage
            .journal(request)
            .await
            .map_err(from_storage)?;
        Ok(Listed {
            items: found.entries.into_iter().map(|(_, entry)| entry).collect(),
            next: found.next,
        })
    }
}
