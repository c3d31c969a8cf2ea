//! What records and entries hash to.

use serde::Serialize;
use sha2::{Digest, Sha256};
use tertulia_core::error::{Code, Error};
use tertulia_core::journal::Entry;
use tertulia_core::record::Stored;

/// What the journal is called among the kinds.
pub(crate) const JOURNAL: &str = "journal";

/// Records of a kind, or journal entries: how many, and the hash of all, whatever their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) count: u64,
    pub(crate) hash: [u8; 32],
}

impl Sum {
    fn add(&mut self, of: &str, number: u64, body: &impl Serialize) -> Result<(), Error> {
        let mut body = serde_json::to_value(body).map_err(|error| {
            Error::new(Code::StorageCorrupt, format!("a {of} cannot be written as JSON")).because(error)
        })?;
        // A store may keep the fields of an object in an order of its own.
        body.sort_all_objects();
        let mut hash = Sha256::new();
        hash.update(of.as_bytes());
        hash.update(number.to_be_bytes());
        hash.update(body.to_string().as_bytes());
        for (all, one) in self.hash.iter_mut().zip(hash.finalize()) {
            *all ^= one;
        }
        self.count += 1;
        Ok(())
    }

    pub(crate) fn add_records(&mut self, records: &[Stored]) -> Result<(), Error> {
        for Stored { record, version } in records {
            self.add(record.kind().as_str(), *version, record)?;
        }
        Ok(())
    }

    pub(crate) fn add_entries(&mut self, entries: &[(u64, Entry)]) -> Result<(), Error> {
        for (position, entry) in entries {
            self.add(JOURNAL, *position, entry)?;
        }
        Ok(())
    }
}
