//! Erases: begun by a call, and gone on with, batch by batch, by whoever comes: that call, another one, or due work.

use chrono::{DateTime, TimeDelta, Utc};
use tertulia_core::decide::{contacts, erasure};
use tertulia_core::erasure::{
    Erasure, ErasureCertificate, Fate, SWEPT, Trail, addresses_told, fate, media_of,
};
use tertulia_core::error::Error;
use tertulia_core::identity::Address;
use tertulia_core::ids::{ContactId, OrgId};
use tertulia_core::journal::Actor;
use tertulia_core::media::MediaKey;
use tertulia_core::record::{Key, Record, RecordKind, Stored};
use tertulia_core::working_set::WorkingSet;
use tertulia_storage_traits::{JournalView, Query, StorageErrorKind};

use crate::crm::Inner;
use crate::error::from_storage;
use crate::walk::{Entries, Records};
use crate::worker::Done;

/// How long due work leaves files alone that others hold: a scrub keeps everybody who writes waiting.
const PAUSE: TimeDelta = TimeDelta::minutes(1);

/// How many records of a person are erased in one commit.
const AT_ONCE: usize = 200;

impl Inner {
    /// Erases a contact, or goes on with it.
    pub(crate) async fn erase(
        &self,
        org: OrgId,
        actor: &Actor,
        id: ContactId,
    ) -> Result<ErasureCertificate, Error> {
        let mut set = WorkingSet::new();
        let contact = self
            .runtime
            .rehearse(org, actor, &mut set, |set, ctx| {
                contacts::even_deleted(set, ctx, id)
            })
            .await?;
        let told = self.told(org, contact.ids().collect()).await?;
        let erasure = self
            .runtime
            .decide(org, actor, |set, ctx| erasure::begin(set, ctx, id, &told))
            .await?;
        let mut again = self.erasing.lock().await;
        let erasure = self.finish_erasing(org, actor, erasure).await?;
        if !erasure.is_open() || !self.scrub(&mut again).await? {
            return Ok(erasure.certificate);
        }
        let contact = erasure.certificate.contact;
        self.runtime
            .decide(org, actor, |set, ctx| erasure::scrubbed(set, ctx, contact))
            .await
    }

    /// Goes on with what erases were cut off in, unless this process is at it already.
    pub(crate) async fn erase_due(&self, done: &mut Done) -> Result<(), Error> {
        let Ok(mut again) = self.erasing.try_lock() else {
            return Ok(());
        };
        let mut finished = Vec::new();
        for record in self.runtime.all(Query::OpenErasures).await? {
            if let Ok(erasure) = Erasure::try_from(record) {
                let org = erasure.org;
                finished.push(self.finish_erasing(org, &Actor::Worker, erasure).await?);
            }
        }
        let wait = again.is_some_and(|again| self.runtime.clock.now() < again);
        if finished.is_empty() || wait || !self.scrub(&mut again).await? {
            return Ok(());
        }
        for erasure in finished {
            let contact = erasure.certificate.contact;
            self.runtime
                .decide(erasure.org, &Actor::Worker, |set, ctx| {
                    erasure::scrubbed(set, ctx, contact)
                })
                .await?;
            done.erased += 1;
        }
        Ok(())
    }

    /// Whether what was removed is unreadable now; not while other processes hold the store.
    async fn scrub(&self, again: &mut Option<DateTime<Utc>>) -> Result<bool, Error> {
        match self.runtime.storage.scrub().await {
            Ok(()) => Ok(true),
            Err(error) if error.kind == StorageErrorKind::Busy => {
                *again = Some(self.runtime.clock.now() + PAUSE);
                tracing::warn!("what was erased cannot be scrubbed from the store's files yet");
                Ok(false)
            }
            Err(error) => Err(from_storage(error)),
        }
    }

    /// The addresses that a contact's history says it had.
    pub(crate) async fn told(&self, org: OrgId, ids: Vec<ContactId>) -> Result<Vec<Address>, Error> {
        let mut addresses = Vec::new();
        let mut history = Entries::of(org, JournalView::Timeline(ids));
        while let Some(entries) = history.next(&self.runtime).await? {
            addresses.extend(entries.iter().flat_map(|(_, entry)| addresses_told(entry)));
        }
        Ok(addresses)
    }

    /// Removes the files that came with messages from the media store, before what tells of them goes: a fetch that was cut
    /// off may have left one, too.
    async fn remove_files_of(&self, trail: &Trail, found: &[Stored]) -> Result<(), Error> {
        let Some(store) = &self.media else { return Ok(()) };
        for stored in found {
            let key = match &stored.record {
                Record::Message(message) if trail.is(message.contact) && media_of(message).is_some() => {
                    MediaKey::of(message.org, message.id)
                }
                Record::MediaFile(file) if trail.is(file.contact) => file.key(),
                _ => continue,
            };
            store.remove(key).await?;
        }
        Ok(())
    }

    /// Goes through all that the organisation has. What a run before this one did is not found again.
    async fn finish_erasing(&self, org: OrgId, actor: &Actor, erasure: Erasure) -> Result<Erasure, Error> {
        let contact = erasure.certificate.contact;
        if erasure.certificate.finished_at.is_some() {
            return Ok(erasure);
        }
        let trail = erasure.trail();
        let hasher = self.runtime.org(org).await?.hasher.clone();
        // The way to a message says nothing of whose it is: all are looked at.
        let touched = |record: &Record| {
            record.kind() == RecordKind::MessageRef || fate(record, &trail, org, &hasher) != Fate::Keep
        };
        for kind in SWEPT {
            let mut all = Records::of(org, kind);
            while let Some(found) = all.next(&self.runtime).await? {
                self.remove_files_of(&trail, &found).await?;
                let found = found.iter().filter(|stored| touched(&stored.record));
                let keys: Vec<Key> = found.map(|stored| stored.record.key()).collect();
                for keys in keys.chunks(AT_ONCE) {
                    self.runtime
                        .decide(org, actor, |set, ctx| erasure::sweep(set, ctx, contact, keys))
                        .await?;
                }
            }
        }
        // There is a last seal from here on: that an erase was asked for is audited.
        self.seal(org).await?;
        let last = self.runtime.last_seal(org).await?;
        let last = last.map_or(1, |last| last.record.number);
        let mut journal = Entries::of(org, JournalView::Feed);
        while let Some(mut said) = journal.next(&self.runtime).await? {
            said.retain(|(_, entry)| !entry.redacted && trail.is_in_entry(entry));
            for said in said.chunks(AT_ONCE) {
                self.runtime
                    .decide(org, actor, |set, ctx| {
                        erasure::redact(set, ctx, contact, said, last)
                    })
                    .await?;
            }
        }
        self.runtime
            .decide(org, actor, |set, ctx| erasure::finish(set, ctx, contact))
            .await
    }
}
