//! The areas of what a caller can ask of an organisation, the same names in every language.

pub(crate) mod accounts;
pub(crate) mod analytics;
pub(crate) mod attributes;
pub(crate) mod audit;
pub(crate) mod batches;
pub(crate) mod broadcasts;
pub(crate) mod bulk;
pub(crate) mod consent;
pub(crate) mod contacts;
pub(crate) mod conversations;
pub(crate) mod export;
pub(crate) mod imports;
pub(crate) mod inbox;
pub(crate) mod inbox_bulk;
pub(crate) mod journal;
pub(crate) mod media;
pub(crate) mod notes;
pub(crate) mod phones;
pub(crate) mod quick_replies;
pub(crate) mod routing;
pub(crate) mod rules;
pub(crate) mod segments;
pub(crate) mod sequences;
pub(crate) mod settings;
pub(crate) mod tags;
pub(crate) mod team;
pub(crate) mod templates;

use serde::{Deserialize, Serialize};
use tertulia_core::decide::filters;
use tertulia_core::error::Error;
use tertulia_core::filter::Filter;
use tertulia_core::record::Record;
use tertulia_core::roles::Call;
use tertulia_storage_traits::{Cursor, PageRequest, Query};

pub use accounts::Accounts;
pub use analytics::Analytics;
pub use attributes::Attributes;
pub use audit::{Audit, AuditFilter};
pub use broadcasts::{Broadcasts, Recipient};
pub use bulk::{BulkProgress, BulkRefusal, BulkReport, BulkWatch};
pub use consent::{Consent, ConsentState};
pub use contacts::Contacts;
pub use conversations::{ConversationCounts, LabelCount, StatusCount};
pub use export::{ExportCounts, ExportOptions, ExportProgress, ExportReport, ExportWatch};
pub use imports::{ImportOptions, ImportReport, Imports, Inspected, Progress, Watch};
pub use inbox::Inbox;
pub use inbox_bulk::{InboxProgress, InboxRefusal, InboxReport, InboxWatch};
pub use journal::{Event, Events};
pub use notes::Notes;
pub use phones::Phones;
pub use quick_replies::QuickReplies;
pub use routing::{NewRoutingRule, Routing};
pub use rules::Rules;
pub use segments::Segments;
pub use sequences::Sequences;
pub use settings::SettingsHandle;
pub use tags::{TagCount, Tags};
pub use team::Team;
pub use templates::Templates;

use crate::org::Org;

/// Which page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageOf {
    /// The most entries; 1 to 1,000.
    pub limit: usize,
    /// The `next` of the page before; absent: from the start.
    pub cursor: Option<Cursor>,
    /// From the last to the first.
    pub backwards: bool,
}

impl Default for PageOf {
    /// The first 50.
    fn default() -> Self {
        Self {
            limit: 50,
            cursor: None,
            backwards: false,
        }
    }
}

impl PageOf {
    /// The first entries.
    pub fn first(limit: usize) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// The last entries, the last first.
    pub fn last(limit: usize) -> Self {
        Self {
            limit,
            backwards: true,
            ..Self::default()
        }
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit.clamp(1, 1_000)
    }

    fn request(&self, query: Query) -> PageRequest {
        PageRequest {
            query,
            cursor: self.cursor.clone(),
            backwards: self.backwards,
            limit: self.limit(),
        }
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Where the next page begins; absent: this was the last.
    pub next: Option<Cursor>,
}

impl Org {
    /// One page of a query, its records taken out.
    pub(crate) async fn list<R: TryFrom<Record>>(
        &self,
        call: Call,
        query: Query,
        page: &PageOf,
    ) -> Result<Listed<R>, Error> {
        let runtime = &self.admitted(call).await?.runtime;
        runtime.org(self.id).await?;
        let found = runtime.page(page.request(query)).await?;
        let items = found
            .records
            .into_iter()
            .filter_map(|stored| R::try_from(stored.record).ok())
            .collect();
        Ok(Listed {
            items,
            next: found.next,
        })
    }

    /// A filter as stores take it, deleted contacts left out.
    pub(crate) async fn ready(&self, call: Call, filter: &Filter) -> Result<Filter, Error> {
        self.look(call, |set, ctx| filters::to_find(set, ctx, filter))
            .await
    }

    /// All records of a short query.
    pub(crate) async fn all<R: TryFrom<Record>>(&self, call: Call, query: Query) -> Result<Vec<R>, Error> {
        let runtime = &self.admitted(call).await?.runtime;
        runtime.org(self.id).await?;
        let found = runtime.all(query).await?;
        Ok(found
            .into_iter()
            .filter_map(|record| R::try_from(record).ok())
            .collect())
    }
}
