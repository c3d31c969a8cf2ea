//! The journal, read: the durable feed of what changed, and what other areas show of it.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tertulia_core::error::Error;
use tertulia_core::journal::{Entry, EntryFilter};
use tertulia_core::roles::Call;
use tertulia_storage_traits::{Cursor, JournalRequest, JournalView};

use crate::error::from_storage;
use crate::handles::{Listed, PageOf};
use crate::org::Org;

/// The durable, ordered feed of what changed.
#[derive(Debug, Clone, Copy)]
pub struct Events<'a>(pub(crate) &'a Org);

/// How often a store that tells nothing is looked at.
const LOOK: Duration = Duration::from_secs(1);

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

    /// The same, and if there are none yet, waits until there are: what follows all that happens. What any process commits
    /// to a PostgreSQL store is heard of at once; other stores are looked at every second, by the machine's clock. Fails
    /// with `storage.closed` if the CRM is closed meanwhile.
    pub async fn follow(&self, after: u64, limit: usize) -> Result<Vec<Event>, Error> {
        let inner = self.0.admitted(Call::EventsFollow).await?;
        loop {
            let storage = &inner.runtime.storage;
            // Listening begins first, so that nothing is committed in between unheard.
            let mut heard = std::pin::pin!(storage.changed());
            let waited = futures_util::poll!(heard.as_mut()).is_ready();
            let events = self.read(after, limit).await?;
            if !events.is_empty() {
                return Ok(events);
            }
            tokio::select! {
                () = heard, if !waited => {}
                () = tokio::time::sleep(LOOK) => {}
                () = inner.closed.cancelled() => storage.ping().await.map_err(from_storage)?,
            }
        }
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
