//! Sealing what is audited, going through what is sealed, and the file of it.

use std::collections::VecDeque;
use std::io::{BufRead, Write};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tertulia_core::audit::{AuditHead, AuditVerdict, MOST_SEALED, Salt, Seal, Verifier};
use tertulia_core::error::{Code, Error, ErrorKind};
use tertulia_core::ids::OrgId;
use tertulia_core::journal::{Entry, EntryFilter};
use tertulia_core::record::{ChangeSet, Expect, Key, Op, Record, RecordKind, Stored};
use tertulia_storage_traits::{JournalRequest, JournalView, PageRequest, Query};

use crate::crm::{Inner, random_bytes};
use crate::error::from_storage;
use crate::runtime::Runtime;
use crate::walk::Records;

/// How many entries are read, or sealed in one commit, at a time.
const AT_ONCE: usize = 8 * MOST_SEALED;

/// How many seals are read at a time.
const SEALS_AT_ONCE: usize = 16;

/// How often sealing gives way to others before it leaves the rest to them.
const TRIES: u32 = 12;

/// The version of the file's form.
const FORMAT: u32 = 1;

/// What was exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditExport {
    /// How many entries.
    pub entries: u64,
    /// How far the chain had come: keep this elsewhere. Absent: nothing is audited yet.
    pub head: Option<AuditHead>,
}

/// A line of the file. Each seal stands before its entries.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Audit { format: u32, org: OrgId },
    Seal(Seal),
    Entry { position: u64, entry: Entry },
    End(AuditExport),
}

impl Runtime {
    pub(crate) async fn last_seal(&self, org: OrgId) -> Result<Option<Stored<Seal>>, Error> {
        let seals = Query::Records {
            org: Some(org),
            kind: RecordKind::Seal,
        };
        let last = PageRequest {
            backwards: true,
            ..PageRequest::first(seals, 1)
        };
        Ok(self.page(last).await?.records.into_iter().find_map(as_seal))
    }

    /// Audited entries behind a position.
    async fn audited(&self, org: OrgId, after: u64, limit: usize) -> Result<Vec<(u64, Entry)>, Error> {
        let request = JournalRequest {
            org,
            view: JournalView::Audit,
            filter: EntryFilter::default(),
            after,
            cursor: None,
            backwards: false,
            limit,
        };
        Ok(self.journal(request).await?.entries)
    }
}

impl Inner {
    /// Seals what is audited in any organisation and not sealed yet.
    pub(crate) async fn seal_all(&self) -> Result<(), Error> {
        let orgs = Query::Records {
            org: None,
            kind: RecordKind::Org,
        };
        for org in self.runtime.all(orgs).await? {
            let Some(org) = org.key().org() else { continue };
            match self.seal(org).await {
                // What one organisation's audit lost must not keep anybody's messages back; `verify` tells.
                Err(error) if error.kind() == ErrorKind::Corrupt => {
                    tracing::error!(code = error.code().as_str(), %org, "an audit cannot be sealed");
                }
                sealed => sealed?,
            }
        }
        Ok(())
    }

    /// Seals what an organisation has audited and not sealed yet. Where another worker is at it, they take turns.
    pub(crate) async fn seal(&self, org: OrgId) -> Result<(), Error> {
        let mut conflicts = 0;
        while conflicts < TRIES && !self.closed.is_cancelled() {
            let last = self.runtime.last_seal(org).await?;
            let after = last.as_ref().map_or(0, |last| last.record.through());
            let entries = self.runtime.audited(org, after, AT_ONCE).await?;
            if entries.is_empty() {
                return Ok(());
            }
            let mut salts = Vec::with_capacity(entries.len());
            for _ in &entries {
                salts.push(Salt::new(random_bytes()?));
            }
            let now = self.runtime.clock.now();
            let mut made: Vec<Seal> = Vec::new();
            for (entries, salts) in entries.chunks(MOST_SEALED).zip(salts.chunks(MOST_SEALED)) {
                let mut salts = salts.iter().copied().cycle();
                let before = made.last().or(last.as_ref().map(|last| &last.record));
                let salt = || salts.next().unwrap_or_else(|| unreachable!("a cycle of some"));
                made.extend(Seal::over(org, before, entries, salt, now));
            }
            let expect = last.map(|last| Expect::Version(key_of(&last.record), last.version));
            let changes = ChangeSet {
                expect: expect.into_iter().collect(),
                ops: made.into_iter().map(|seal| Op::Insert(seal.into())).collect(),
            };
            match self.runtime.storage.commit(changes).await {
                Ok(_) => conflicts = 0,
                Err(error) if error.is_conflict() => conflicts += 1,
                Err(error) => return Err(from_storage(error)),
            }
        }
        Ok(())
    }
}

/// A walk along the seals of an organisation, and the audited entries beside them.
pub(crate) struct Walk<'a> {
    runtime: &'a Runtime,
    org: OrgId,
    seals: VecDeque<Stored<Seal>>,
    /// Those behind these.
    all: Records,
    entries: VecDeque<(u64, Entry)>,
    /// The position of the last entry that was read.
    read: u64,
}

impl<'a> Walk<'a> {
    pub(crate) fn of(runtime: &'a Runtime, org: OrgId) -> Self {
        Self {
            runtime,
            org,
            seals: VecDeque::new(),
            all: Records::by(SEALS_AT_ONCE, org, RecordKind::Seal),
            entries: VecDeque::new(),
            read: 0,
        }
    }

    /// The next seal.
    async fn seal(&mut self) -> Result<Option<Stored<Seal>>, Error> {
        while self.seals.is_empty() {
            let Some(found) = self.all.next(self.runtime).await? else {
                return Ok(None);
            };
            self.seals.extend(found.into_iter().filter_map(as_seal));
        }
        Ok(self.seals.pop_front())
    }

    /// The entries from where the walk is up to a position.
    async fn entries(&mut self, through: u64) -> Result<Vec<(u64, Entry)>, Error> {
        while self.read <= through {
            let found = self.runtime.audited(self.org, self.read, AT_ONCE).await?;
            let Some((last, _)) = found.last() else { break };
            self.read = *last;
            self.entries.extend(found);
        }
        let here = self.entries.partition_point(|(position, _)| *position <= through);
        Ok(self.entries.drain(..here).collect())
    }

    /// Goes on to the next seal that holds, and gives it and its entries.
    async fn step(&mut self, verifier: &mut Verifier) -> Result<Option<(Seal, Vec<(u64, Entry)>)>, Error> {
        let Some(mut seal) = self.seal().await? else {
            return Ok(None);
        };
        let after = verifier.position();
        let mut entries = self.entries(seal.record.through()).await?;
        while !verifier.next(&seal.record, &entries) {
            // Somebody may have erased an entry since the seal was read, and wrote both.
            let key = key_of(&seal.record);
            let mut again = self.runtime.storage.load(vec![key]).await.map_err(from_storage)?;
            match again.pop().flatten().and_then(as_seal) {
                Some(again) if again.version != seal.version => seal = again,
                _ => return Ok(None),
            }
            self.entries.clear();
            self.read = after;
            entries = self.entries(seal.record.through()).await?;
        }
        Ok(Some((seal.record, entries)))
    }

    pub(crate) async fn verify(mut self, against: Option<AuditHead>) -> Result<AuditVerdict, Error> {
        let mut verifier = Verifier::new(self.org, against);
        while self.step(&mut verifier).await?.is_some() {}
        let mut unsealed = 0;
        if !verifier.is_broken() {
            loop {
                unsealed += u64::try_from(self.entries.len()).unwrap_or(u64::MAX);
                self.entries.clear();
                let found = self.runtime.audited(self.org, self.read, AT_ONCE).await?;
                let Some((last, _)) = found.last() else { break };
                self.read = *last;
                self.entries.extend(found);
            }
        }
        Ok(verifier.verdict(unsealed))
    }

    pub(crate) async fn export(mut self, mut to: impl Write + Send) -> Result<AuditExport, Error> {
        let mut write = move |line: &Line| {
            let unwritable = |error: std::io::Error| {
                let message = format!("the audit cannot be written: {error}");
                Error::new(Code::AuditUnwritable, message).because(error)
            };
            let text = serde_json::to_string(line).map_err(|error| unwritable(error.into()))?;
            writeln!(to, "{text}").map_err(unwritable)?;
            if matches!(line, Line::End(_)) {
                to.flush().map_err(unwritable)?;
            }
            Ok::<(), Error>(())
        };
        let mut verifier = Verifier::new(self.org, None);
        write(&Line::Audit {
            format: FORMAT,
            org: self.org,
        })?;
        while let Some((seal, entries)) = self.step(&mut verifier).await? {
            write(&Line::Seal(seal))?;
            for (position, entry) in entries {
                write(&Line::Entry { position, entry })?;
            }
        }
        let verdict = verifier.verdict(0);
        if let Some(broken) = verdict.first_break {
            let message = format!(
                "the audit is not as it was sealed at position {}: {:?}; audit.verify tells more",
                broken.position, broken.why
            );
            return Err(Error::new(Code::AuditBroken, message));
        }
        let export = AuditExport {
            entries: verdict.entries,
            head: verdict.head,
        };
        write(&Line::End(export))?;
        Ok(export)
    }
}

const fn key_of(seal: &Seal) -> Key {
    Key::Seal {
        org: seal.org,
        number: seal.number,
    }
}

fn as_seal(stored: Stored<Record>) -> Option<Stored<Seal>> {
    let version = stored.version;
    let record = Seal::try_from(stored.record).ok()?;
    Some(Stored { record, version })
}

/// Checks a file that [`Audit::export`](crate::Audit::export) wrote, without the CRM. `holds_head` says whether the
/// file's end is there and is what its entries lead to; compare `head` with the one that was kept elsewhere.
///
/// Fails with `audit.malformed` if it is no such file.
pub fn check_audit(file: impl BufRead) -> Result<AuditVerdict, Error> {
    let malformed = |number: usize, why: String| {
        let message = format!("line {number} is none of an exported audit: {why}");
        Error::new(Code::AuditMalformed, message)
    };
    let mut verifier: Option<Verifier> = None;
    let mut under: Option<(Seal, Vec<(u64, Entry)>)> = None;
    let mut end = None;
    for (number, line) in (1..).zip(file.lines()) {
        let line = line.map_err(|error| malformed(number, error.to_string()))?;
        let line: Line = serde_json::from_str(&line).map_err(|error| malformed(number, error.to_string()))?;
        match (line, &mut verifier) {
            (Line::Audit { format: FORMAT, org }, None) => verifier = Some(Verifier::new(org, None)),
            (Line::Entry { position, entry }, Some(_)) if end.is_none() => match &mut under {
                Some((_, entries)) => entries.push((position, entry)),
                None => return Err(malformed(number, "no seal stands before it".to_owned())),
            },
            (Line::Seal(seal), Some(verifier)) if end.is_none() => {
                if under
                    .replace((seal, Vec::new()))
                    .is_some_and(|(seal, entries)| !verifier.next(&seal, &entries))
                {
                    under = None;
                    break;
                }
            }
            (Line::End(export), Some(_)) if end.is_none() => end = Some(export),
            _ => return Err(malformed(number, "it does not belong here".to_owned())),
        }
    }
    let Some(mut verifier) = verifier else {
        return Err(malformed(1, "the file is empty".to_owned()));
    };
    if let Some((seal, entries)) = under {
        verifier.next(&seal, &entries);
    }
    let verdict = verifier.verdict(0);
    let whole = end.is_some_and(|end| (end.entries, end.head) == (verdict.entries, verdict.head));
    Ok(AuditVerdict {
        holds_head: Some(whole),
        ..verdict
    })
}
