//! Who changed what, whether the record of it is as it was, and a file of it to keep elsewhere.

use std::io::Write;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tertulia_core::audit::{AuditHead, AuditVerdict};
use tertulia_core::decide::contacts;
use tertulia_core::error::Error;
use tertulia_core::ids::ContactId;
use tertulia_core::journal::{Actor, Entry, EntryFilter, EntryKind};
use tertulia_core::roles::Call;
use tertulia_storage_traits::JournalView;

use crate::audit::{AuditExport, Walk};
use crate::handles::{Listed, PageOf};
use crate::org::Org;

/// Who changed what, before and after.
#[derive(Debug, Clone, Copy)]
pub struct Audit<'a>(pub(crate) &'a Org);

/// Which audited changes; what is empty or absent asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AuditFilter {
    /// Of these kinds.
    pub kinds: Vec<EntryKind>,
    /// By whom.
    pub actor: Option<Actor>,
    /// Of this contact, under all ids that lead to it.
    pub contact: Option<ContactId>,
    /// That happened then or later.
    pub from: Option<DateTime<Utc>>,
    /// That happened before.
    pub until: Option<DateTime<Utc>>,
}

impl AuditFilter {
    /// Those of these kinds.
    pub fn of(kinds: &[EntryKind]) -> Self {
        Self {
            kinds: kinds.to_vec(),
            ..Self::default()
        }
    }
}

impl Audit<'_> {
    /// The audited changes, in the order of their commits. Fails with `contact.not_found`; a deleted contact is found.
    pub async fn list(&self, filter: &AuditFilter, page: &PageOf) -> Result<Listed<Entry>, Error> {
        let call = Call::AuditList;
        let contacts = match filter.contact {
            Some(id) => {
                let found = self.0.look(call, |set, ctx| contacts::even_deleted(set, ctx, id));
                found.await?.ids().collect()
            }
            None => Vec::new(),
        };
        let filter = EntryFilter {
            kinds: filter.kinds.clone(),
            actor: filter.actor.clone(),
            contacts,
            from: filter.from,
            until: filter.until,
        };
        self.0.journal(call, JournalView::Audit, filter, page).await
    }

    /// Looks at the whole audit: whether each entry that is sealed is there as it was, and none between them that was not.
    /// Entries are sealed by due work ([`Crm::run_due`](crate::Crm::run_due), [`Crm::work`](crate::Crm::work)).
    ///
    /// Whoever can write the whole file can also seal it anew, or cut off its end. Give the head of an earlier verdict or
    /// export, which was kept elsewhere: `holds_head` tells whether the audit still has everything up to it.
    pub async fn verify(&self, against: Option<AuditHead>) -> Result<AuditVerdict, Error> {
        let inner = self.0.admitted(Call::AuditVerify).await?;
        inner.runtime.org(self.0.id).await?;
        Walk::of(&inner.runtime, self.0.id).verify(against).await
    }

    /// Seals what is not sealed yet, and writes the whole audit as JSON Lines, its seals among it and its head at the end:
    /// [`check_audit`](crate::check_audit) finds what was changed in such a file, or cut off. The head is to be kept
    /// elsewhere.
    ///
    /// Fails with `audit.broken` at the first entry that is not as it was sealed, and with `audit.unwritable`.
    pub async fn export(&self, to: impl Write + Send) -> Result<AuditExport, Error> {
        let inner = self.0.admitted(Call::AuditExport).await?;
        inner.runtime.org(self.0.id).await?;
        inner.seal(self.0.id).await?;
        Walk::of(&inner.runtime, self.0.id).export(to).await
    }
}
