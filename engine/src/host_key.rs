//! Putting an organisation's hashes of addresses under the host's key, before anything is decided for it.

use tertulia_core::erasure::{HASHED, under_host_key};
use tertulia_core::error::Error;
use tertulia_core::journal::{Actor, Entry, What};
use tertulia_core::record::{ChangeSet, Op, Org, Record};
use tertulia_core::suppression::{AddressHasher, HostKey, HostKeyed};
use tertulia_storage_traits::{Committed, StorageError};

use crate::error::from_storage;
use crate::runtime::Runtime;
use crate::walk::Records;

impl Runtime {
    /// Goes on with putting the hashes of an organisation under the key: whoever comes first marks the organisation, which
    /// stops all who have no key, or another; then the hashes follow, whose form tells which of them are done. May end
    /// early because others were faster: read the organisation again.
    pub(crate) async fn take_host_key(&self, mut org: Org, version: u64, key: &HostKey) -> Result<(), Error> {
        AddressHasher::of(&org, Some(key))?;
        if org.host_key.is_none() {
            org.host_key = Some(HostKeyed {
                check: key.check(org.id),
                done: false,
            });
            return self
                .or_others(vec![Op::Update(org.into(), version)])
                .await
                .map(drop);
        }
        let mut hashes = 0;
        for kind in HASHED {
            let mut all = Records::of(org.id, kind);
            while let Some(found) = all.next(self).await? {
                let mut ops = Vec::new();
                for stored in &found {
                    let Some(keyed) = under_host_key(&stored.record, key) else {
                        continue;
                    };
                    hashes += 1;
                    if let Record::Dispatch(_) = keyed {
                        ops.push(Op::Update(keyed, stored.version));
                    } else {
                        ops.extend([Op::Remove(stored.record.key(), stored.version), Op::Insert(keyed)]);
                    }
                }
                if !ops.is_empty() && self.or_others(ops).await?.is_none() {
                    return Ok(());
                }
            }
        }
        let now = self.clock.now();
        let said = Entry {
            org: org.id,
            at: now,
            recorded_at: now,
            actor: Actor::Worker,
            contact: None,
            what: What::HashesKeyed { hashes },
            redacted: false,
        };
        if let Some(keyed) = &mut org.host_key {
            keyed.done = true;
        }
        let done = vec![Op::Update(org.into(), version), Op::Journal(said)];
        if self.or_others(done).await?.is_some() && hashes > 0 {
            // What the hashes were before can still be read in the files, until they are written anew.
            if let Err(error) = self.storage.scrub().await {
                tracing::warn!(%error, "hashes from before they were under the host's key are still in the store's files");
            }
        }
        Ok(())
    }

    /// Commits; `None` if others were faster.
    async fn or_others(&self, ops: Vec<Op>) -> Result<Option<Committed>, Error> {
        let expect = Vec::new();
        match self.storage.commit(ChangeSet { expect, ops }).await {
            Ok(committed) => Ok(Some(committed)),
            Err(error) if StorageError::is_conflict(&error) => Ok(None),
            Err(error) => Err(from_storage(error)),
        }
    }
}
