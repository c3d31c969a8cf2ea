//! The audit.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use tertulia::core::journal::Entry;
use tertulia::{AuditExport, AuditFilter, AuditHead, AuditVerdict, Org};

use crate::method::area;
use crate::wire::{Page, PageRequest};

/// A file that is made once something is written to it: after it is known that the caller may.
struct NewFile {
    path: PathBuf,
    file: Option<BufWriter<File>>,
}

impl NewFile {
    fn open(&mut self) -> io::Result<&mut BufWriter<File>> {
        Ok(match &mut self.file {
            Some(file) => file,
            none => none.insert(BufWriter::new(File::create(&self.path)?)),
        })
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.open()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.open()?.flush()
    }
}

area! {
    /// Who changed what, before and after.
    audit(org: Org) {
        /// The audited changes, in the order of their commits. Fails with `contact.not_found`; a deleted contact is found.
        fn list(filter: Option<AuditFilter>, page: Option<PageRequest>) -> Page<Entry> {
            let (filter, page) = (filter.unwrap_or_default(), page.unwrap_or_default().into());
            org.audit().list(&filter, &page).await.map(Page::from)
        }

        /// Looks at the whole audit: whether each entry that is sealed is there as it was, and none between them that was
        /// not. Entries are sealed by due work (`run_due`, `work`).
        ///
        /// Whoever can write the whole file can also seal it anew, or cut off its end. Give the head of an earlier verdict
        /// or export, which was kept elsewhere: `holds_head` tells whether the audit still has everything up to it.
        fn verify(against: Option<AuditHead>) -> AuditVerdict {
            org.audit().verify(against).await
        }

        /// Seals what is not sealed yet, and writes the whole audit as JSON Lines to a new file, its seals among it and its
        /// head at the end. The head is to be kept elsewhere.
        ///
        /// Fails with `audit.broken` at the first entry that is not as it was sealed, and with `audit.unwritable`.
        fn export(file: PathBuf) -> AuditExport {
            org.audit().export(NewFile { path: file, file: None }).await
        }
    }
}
