//! The journal, read: the durable feed of what changed, and what other areas show of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tertulia_core::error::Error;
use tertulia_core::journal::{Entry, EntryFilter};
use tertulia_core::roles::Call;
use tertulia_storage_traits::{Cursor, JournalRequest, JournalView};

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
            filter: EntryFilter::default(),
            after: 0,
            cursor: Some(Cursor(after.to_string())),
            backwards: false,
            limit: limit.clamp(1, 10_000),
        };
        let runtime = &self.0.admitted(Call::EventsRead).await?.runtime;
        let page = runtime.journal(request).await?;
        Ok(page
            .entries
            .into_iter()
            .map(|(position, entry)| Event { position, entry })
            .collect())
    }
}

impl Org {
    /// One page of a view of the journal.
    pub(crate) async fn journal(
        &self,
        call: Call,
        view: JournalView,
        filter: EntryFilter,
        page: &PageOf,
    ) -> Result<Listed<Entry>, Error> {
        let runtime = &self.admitted(call).await?.runtime;
        let request = JournalRequest {
            org: self.id,
            view,
            filter,
            after: 0,
            cursor: page.cursor.clone(),
            backwards: page.backwards,
            limit: page.limit(),
        };
        let found = runtime.journal(request).await?;
        Ok(Listed {
            items: found.entries.into_iter().map(|(_, entry)| entry).collect(),
            next: found.next,
        })
    }
}
