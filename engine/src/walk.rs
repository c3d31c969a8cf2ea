//! Going through everything that an organisation has, page by page.

use tertulia_core::error::Error;
use tertulia_core::ids::OrgId;
use tertulia_core::journal::{Entry, EntryFilter};
use tertulia_core::record::{RecordKind, Stored};
use tertulia_storage_traits::{JournalRequest, JournalView, PageRequest, Query};

use crate::runtime::{BATCH, Runtime};

/// How many lists of contacts are held at once: each may have a hundred thousand.
const LISTS: usize = 5;

/// All records of a query.
pub(crate) struct Records(Option<PageRequest>);

impl Records {
    /// All that a query finds.
    pub(crate) const fn found(query: Query) -> Self {
        Self(Some(PageRequest::first(query, BATCH)))
    }

    /// Those of an organisation; of kinds that have none in their key, all.
    pub(crate) fn of(org: OrgId, kind: RecordKind) -> Self {
        let limit = match kind {
            RecordKind::TargetList => LISTS,
            _ => BATCH,
        };
        Self::by(limit, org, kind)
    }

    /// The same, at most so many at a time.
    pub(crate) fn by(limit: usize, org: OrgId, kind: RecordKind) -> Self {
        let org = Some(org).filter(|_| !matches!(kind, RecordKind::Quarantined | RecordKind::Route));
        Self(Some(PageRequest::first(Query::Records { org, kind }, limit)))
    }

    pub(crate) async fn next(&mut self, runtime: &Runtime) -> Result<Option<Vec<Stored>>, Error> {
        let Some(request) = self.0.take() else {
            return Ok(None);
        };
        let page = runtime.page(request.clone()).await?;
        self.0 = page.next.map(|next| PageRequest {
            cursor: Some(next),
            ..request
        });
        Ok(Some(page.records))
    }
}

/// All entries of a view of the journal.
pub(crate) struct Entries(Option<JournalRequest>);

impl Entries {
    pub(crate) fn of(org: OrgId, view: JournalView) -> Self {
        Self::which(org, view, EntryFilter::default())
    }

    /// Those of a view that a filter means.
    pub(crate) fn which(org: OrgId, view: JournalView, filter: EntryFilter) -> Self {
        Self(Some(JournalRequest {
            org,
            view,
            filter,
            after: 0,
            cursor: None,
            backwards: false,
            limit: BATCH,
        }))
    }

    pub(crate) async fn next(&mut self, runtime: &Runtime) -> Result<Option<Vec<(u64, Entry)>>, Error> {
        let Some(request) = self.0.take() else {
            return Ok(None);
        };
        let page = runtime.journal(request.clone()).await?;
        // The feed goes on for ever.
        let next = page.next.filter(|_| !page.entries.is_empty());
        self.0 = next.map(|next| JournalRequest {
            cursor: Some(next),
            ..request
        });
        Ok(Some(page.entries))
    }
}
