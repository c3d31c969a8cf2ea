//! The audit.

use tertulia::Org;
use tertulia::core::journal::{Entry, EntryKind};

use crate::method::area;
use crate::wire::{Page, PageRequest};

area! {
    /// Who changed what, before and after.
    audit(org: Org) {
        /// The audited changes, in the order of their commits; of these kinds only, or (empty) of all.
        fn list(kinds: Option<Vec<EntryKind>>, page: Option<PageRequest>) -> Page<Entry> {
            let (kinds, page) = (kinds.unwrap_or_default(), page.unwrap_or_default().into());
            org.audit().list(&kinds, &page).await.map(Page::from)
        }
    }
}
