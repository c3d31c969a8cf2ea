//! Dossiers: all that is held about one person, gathered from everything that the organisation has.

use tertulia_core::decide::{contacts, erasure};
use tertulia_core::dossier::{Dossier, GATHERED, Gathering};
use tertulia_core::error::Error;
use tertulia_core::ids::{ContactId, OrgId};
use tertulia_core::journal::Actor;
use tertulia_core::working_set::WorkingSet;
use tertulia_storage_traits::JournalView;

use crate::crm::Inner;
use crate::walk::{Entries, Records};

impl Inner {
    pub(crate) async fn dossier(&self, org: OrgId, actor: &Actor, id: ContactId) -> Result<Dossier, Error> {
        let mut set = WorkingSet::new();
        let contact = self
            .runtime
            .rehearse(org, actor, &mut set, |set, ctx| {
                contacts::even_deleted(set, ctx, id)
            })
            .await?;
        let told = self.told(org, contact.ids().collect()).await?;
        let (contact, addresses) = self
            .runtime
            .rehearse(org, actor, &mut set, |set, ctx| {
                erasure::known_by(set, ctx, id, &told)
            })
            .await?;
        let mut gathering = Gathering::new(contact, &addresses, &*self.runtime.org(org).await?);
        for kind in GATHERED {
            let mut all = Records::of(org, kind);
            while let Some(found) = all.next(&self.runtime).await? {
                for stored in found {
                    gathering.add(stored.record);
                }
            }
        }
        let mut journal = Entries::of(org, JournalView::Feed);
        while let Some(entries) = journal.next(&self.runtime).await? {
            for (_, entry) in entries {
                gathering.hear(entry);
            }
        }
        Ok(gathering.finish())
    }
}
