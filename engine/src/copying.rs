//! A whole store into another one: portion by portion, gone on with after whatever cut it off, and compared in the end.
//!
//! The organisations come last, with their senders and all in one portion: a store without them refuses every call on
//! them and leases nothing, so that a copy is whole or of no use to anybody. That is also how an unfinished one is known.

mod side;
mod sum;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tertulia_core::error::{Code, Error};
use tertulia_core::ids::OrgId;
use tertulia_core::journal::Entry;
use tertulia_core::record::{ChangeSet, Expect, Key, Op, RecordKind, Stored};
use tertulia_storage_traits::{Portion, org_of};
use tokio_util::sync::CancellationToken;

use crate::crm::Crm;
use crate::runtime::{BATCH, to_the_end};
use side::{Side, failed, keys, walk};
use sum::{JOURNAL, Sum};

/// The kinds that come last.
const LAST: [RecordKind; 2] = [RecordKind::Account, RecordKind::Org];

/// What a copy is at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CopyStage {
    /// What an earlier call left in the target is held against the source.
    #[default]
    Checking,
    /// What the target lacks is written.
    Copying,
    /// Source and target are read, and compared.
    Comparing,
}

/// How far a copy is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CopyCounts {
    /// What it is at.
    pub stage: CopyStage,
    /// How many records and journal entries this stage has gone through.
    pub done: u64,
    /// How many it goes through, about.
    pub total: u64,
}

/// The records of a kind that were copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CopiedKind {
    /// The kind, as in `contact`; `journal` for the entries of the journal.
    pub kind: String,
    /// How many there are.
    pub count: u64,
    /// What they hash to, in whatever order and store: SHA-256 in hexadecimal.
    pub hash: String,
}

/// What became of a copy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CopyReport {
    /// Where it ended.
    pub counts: CopyCounts,
    /// What source and target have, the same in both: kind by kind, and the journal last. Of a copy that is not finished,
    /// what was gone through.
    pub kinds: Vec<CopiedKind>,
    /// How many records and journal entries this call wrote.
    pub written: u64,
    /// Whether the target has everything; if not, the copy was cancelled.
    pub finished: bool,
}

/// Told how far a copy is.
pub type CopyProgress<'a> = Box<dyn FnMut(&CopyCounts) + Send + 'a>;

/// Who watches a copy, and who may end it.
#[derive(Default)]
pub struct CopyWatch<'a> {
    /// Called after each portion.
    pub progress: Option<CopyProgress<'a>>,
    /// Ends the copy after a whole portion.
    pub cancel: Option<CancellationToken>,
}

impl std::fmt::Debug for CopyWatch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CopyWatch").finish_non_exhaustive()
    }
}

impl Crm {
    /// Copies all that the store has into the store of another CRM, which is new: a file to a server, or back. Ids,
    /// versions and positions of the journal stay, so that cursors of the feed stay good. In the end both are read and
    /// compared. Files of messages are in the media store, and stay there.
    ///
    /// Nobody may use the source meanwhile: stop workers and webhooks. It is only read. Cut off by whatever, or cancelled,
    /// the copy goes on when it is called again; until it is finished the target has no organisation, and so refuses to
    /// be used. A finished copy that nobody used is compared, and nothing is written.
    ///
    /// Fails with `copy.same_store`, `copy.source_unfinished` or `copy.target_in_use` before anything is written; with
    /// `copy.source_changed` or `copy.differs`, naming the kind; with `storage.*`, naming the side.
    pub async fn copy_to(&self, other: &Self, watch: CopyWatch<'_>) -> Result<CopyReport, Error> {
        let [source, target] = [("source", self), ("target", other)].map(|(name, crm)| Side {
            name,
            store: Arc::clone(&crm.inner.runtime.storage),
        });
        let place = source.store.place();
        if Arc::ptr_eq(&source.store, &target.store) || place.is_some() && place == target.store.place() {
            return Err(Error::new(
                Code::CopySameStore,
                "the target is the source itself; name another one",
            ));
        }
        let mut copying = Copying {
            orgs: source.orgs().await?,
            source,
            target,
            watch,
            report: CopyReport::default(),
        };
        match Box::pin(copying.run()).await {
            Ok(()) => copying.report.finished = true,
            Err(Ended::Cancelled) => {}
            Err(Ended::Failed(error)) => return Err(error),
        }
        let place = |name: &str| RecordKind::ALL.iter().position(|kind| kind.as_str() == name);
        let kinds = &mut copying.report.kinds;
        kinds.sort_by_key(|copied| place(&copied.kind).unwrap_or(usize::MAX));
        Ok(copying.report)
    }
}

/// Why a copy came to no end.
enum Ended {
    Cancelled,
    Failed(Error),
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// All kinds, and the journal, as they were first read.
#[derive(Debug, Default)]
struct Read {
    kinds: BTreeMap<RecordKind, Sum>,
    journal: Sum,
    /// The last position of each organisation's journal.
    ends: BTreeMap<OrgId, u64>,
}

/// The kinds that come before the organisations.
fn first_kinds() -> impl Iterator<Item = RecordKind> {
    RecordKind::ALL
        .iter()
        .copied()
        .filter(|kind| !LAST.contains(kind))
}

/// A copy under way.
struct Copying<'a> {
    source: Side,
    target: Side,
    /// The source's organisations.
    orgs: BTreeSet<OrgId>,
    watch: CopyWatch<'a>,
    report: CopyReport,
}

impl Copying<'_> {
    async fn run(&mut self) -> Result<(), Ended> {
        if self.target.count(RecordKind::Org).await? > 0 {
            return self.compare_finished().await;
        }
        self.check().await?;
        let read = self.copy().await?;
        self.compare(&read).await?;
        self.finish(&read).await
    }

    /// What is left of a copy that was cut off is the source's as it is now, or goes.
    async fn check(&mut self) -> Result<(), Ended> {
        let mut there = Vec::new();
        let mut total = 0;
        for kind in RecordKind::ALL {
            let count = self.target.count(*kind).await?;
            if count > 0 {
                there.push(*kind);
                total += count;
            }
        }
        // Once to see whose they are, so that nothing is changed if they are not the source's, and once to compare.
        self.begin(CopyStage::Checking, 2 * total);
        for kind in &there {
            let mut walk = Some(walk(*kind));
            while let Some(records) = self.target.records(&mut walk).await? {
                self.go_on()?;
                let of_nobody: Vec<Key> = records
                    .iter()
                    .filter(|stored| org_of(&stored.record).is_none())
                    .map(|stored| stored.record.key())
                    .collect();
                let ours =
                    |stored: &Stored| org_of(&stored.record).is_none_or(|org| self.orgs.contains(&org));
                let known = self.source.found(of_nobody).await?;
                if !records.iter().all(ours) || known.iter().any(Option::is_none) {
                    return Err(in_use(kind.as_str()).into());
                }
                self.went(records.len());
            }
        }
        for org in &self.orgs {
            if self.target.end(*org).await? > self.source.end(*org).await? {
                return Err(in_use(JOURNAL).into());
            }
        }
        for kind in there {
            let mut walk = Some(walk(kind));
            while let Some(records) = self.target.records(&mut walk).await? {
                self.go_on()?;
                let now = self.source.found(keys(&records)).await?;
                let went = records.len();
                let gone = records.into_iter().zip(now);
                let gone = gone.filter(|(stored, now)| now.as_ref() != Some(stored));
                self.remove(gone.map(|(stored, _)| stored).collect()).await?;
                self.went(went);
            }
        }
        Ok(())
    }

    /// Removes records from the target, unless somebody has finished it meanwhile.
    async fn remove(&mut self, records: Vec<Stored>) -> Result<(), Error> {
        let orgs: BTreeSet<OrgId> = records
            .iter()
            .filter_map(|stored| org_of(&stored.record))
            .collect();
        let changes = ChangeSet {
            expect: orgs
                .into_iter()
                .map(|org| Expect::Absent(Key::Org { org }))
                .collect(),
            ops: records
                .iter()
                .map(|stored| Op::Remove(stored.record.key(), stored.version))
                .collect(),
        };
        let store = Arc::clone(&self.target.store);
        let removed = async move { store.commit(changes).await.map_err(|e| failed("target", e)) };
        to_the_end(removed).await.map(|_| ())
    }

    /// Writes what the target lacks, all but what comes last.
    async fn copy(&mut self) -> Result<Read, Ended> {
        let mut read = Read::default();
        let mut total = 0;
        for kind in first_kinds() {
            total += self.source.count(kind).await?;
        }
        for org in &self.orgs {
            let end = self.source.end(*org).await?;
            total += end;
            read.ends.insert(*org, end);
        }
        self.begin(CopyStage::Copying, total);
        for kind in first_kinds() {
            let sum = self.copy_kind(kind).await?;
            self.tell_kind(kind.as_str(), &sum);
            read.kinds.insert(kind, sum);
        }
        for org in self.orgs.clone() {
            self.copy_journal(org, &mut read.journal).await?;
        }
        Ok(read)
    }

    async fn copy_kind(&mut self, kind: RecordKind) -> Result<Sum, Ended> {
        let is_new = self.target.count(kind).await? == 0;
        let (mut sum, mut walk) = (Sum::default(), Some(walk(kind)));
        while let Some(mut records) = self.source.records(&mut walk).await? {
            self.go_on()?;
            sum.add_records(&records)?;
            for stored in &records {
                if org_of(&stored.record).is_some_and(|org| !self.orgs.contains(&org)) {
                    let message = format!(
                        "a {} of the source is of an organisation that is not there",
                        kind.as_str()
                    );
                    return Err(Error::new(Code::CopySourceUnfinished, message).into());
                }
            }
            let went = records.len();
            if !is_new {
                let mut there = self.target.found(keys(&records)).await?.into_iter();
                records.retain(|_| there.next().flatten().is_none());
            }
            self.write(Portion {
                records,
                entries: Vec::new(),
            })
            .await?;
            self.went(went);
        }
        Ok(sum)
    }

    async fn copy_journal(&mut self, org: OrgId, sum: &mut Sum) -> Result<(), Ended> {
        let end = self.target.end(org).await?;
        let mut after = 0;
        loop {
            let mut entries = self.source.entries(org, after, BATCH).await?;
            let Some((last, _)) = entries.last() else {
                return Ok(());
            };
            self.go_on()?;
            let (before, went) = (after, *last - after);
            after = *last;
            sum.add_entries(&entries)?;
            if before < end {
                let there = self.target.entries(org, before, entries.len()).await?;
                let there: HashMap<u64, Entry> = there.into_iter().collect();
                entries.retain(|(position, entry)| there.get(position) != Some(entry));
            }
            self.write(Portion {
                records: Vec::new(),
                entries,
            })
            .await?;
            self.went_by(went);
        }
    }

    /// Both are read again: the source is as it was, and the target is as the source.
    async fn compare(&mut self, read: &Read) -> Result<(), Ended> {
        let total = self.report.counts.total;
        self.begin(CopyStage::Comparing, 2 * total);
        self.report.kinds.clear();
        for (kind, first) in &read.kinds {
            let [source, target] = self.sums(*kind).await?;
            same(kind.as_str(), first, &source, &target)?;
            self.tell_kind(kind.as_str(), first);
        }
        let [source, target] = self.journals().await?;
        same(JOURNAL, &read.journal, &source, &target)?;
        Ok(())
    }

    /// What the source and the target have of a kind.
    async fn sums(&mut self, kind: RecordKind) -> Result<[Sum; 2], Ended> {
        let mut sums = [Sum::default(); 2];
        for (of_target, sum) in [false, true].into_iter().zip(&mut sums) {
            let mut walk = Some(walk(kind));
            while let Some(records) = self.side(of_target).records(&mut walk).await? {
                self.go_on()?;
                sum.add_records(&records)?;
                self.went(records.len());
            }
        }
        Ok(sums)
    }

    async fn journals(&mut self) -> Result<[Sum; 2], Ended> {
        let mut sums = [Sum::default(); 2];
        for (of_target, sum) in [false, true].into_iter().zip(&mut sums) {
            for org in self.orgs.clone() {
                let mut after = 0;
                loop {
                    let entries = self.side(of_target).entries(org, after, BATCH).await?;
                    let Some((last, _)) = entries.last() else { break };
                    self.go_on()?;
                    sum.add_entries(&entries)?;
                    self.went_by(*last - after);
                    after = *last;
                }
            }
        }
        Ok(sums)
    }

    const fn side(&self, of_target: bool) -> &Side {
        if of_target { &self.target } else { &self.source }
    }

    /// The organisations, with which the target can be used: nothing was changed since it was read.
    async fn finish(&mut self, read: &Read) -> Result<(), Ended> {
        self.go_on()?;
        let mut last = Vec::new();
        for kind in LAST {
            last.extend(self.source.whole(kind).await?);
        }
        for (kind, sum) in &read.kinds {
            if self.source.count(*kind).await? != sum.count {
                return Err(changed(kind.as_str()).into());
            }
        }
        for (org, end) in &read.ends {
            if self.source.end(*org).await? != *end {
                return Err(changed(JOURNAL).into());
            }
        }
        let portion = Portion {
            records: last,
            entries: Vec::new(),
        };
        if portion.orgs() != self.orgs {
            return Err(changed(RecordKind::Org.as_str()).into());
        }
        let mut written: BTreeMap<RecordKind, Sum> = BTreeMap::new();
        for stored in &portion.records {
            let sum = written.entry(stored.record.kind()).or_default();
            sum.add_records(std::slice::from_ref(stored))?;
        }
        self.write(portion).await?;
        for kind in LAST {
            let mut sum = Sum::default();
            sum.add_records(&self.target.whole(kind).await?)?;
            if sum != written.get(&kind).copied().unwrap_or_default() {
                return Err(differs(kind.as_str()).into());
            }
            self.tell_kind(kind.as_str(), &sum);
        }
        self.tell_kind(JOURNAL, &read.journal);
        Ok(())
    }

    /// A target that has organisations is a finished copy, or something else.
    async fn compare_finished(&mut self) -> Result<(), Ended> {
        let mut total = 0;
        for kind in RecordKind::ALL {
            let count = self.source.count(*kind).await?;
            if self.target.count(*kind).await? != count {
                return Err(in_use(kind.as_str()).into());
            }
            total += count;
        }
        for org in &self.orgs {
            let end = self.source.end(*org).await?;
            if self.target.end(*org).await? != end {
                return Err(in_use(JOURNAL).into());
            }
            total += end;
        }
        self.begin(CopyStage::Comparing, 2 * total);
        for kind in RecordKind::ALL {
            let [source, target] = self.sums(*kind).await?;
            if source != target {
                return Err(in_use(kind.as_str()).into());
            }
            self.tell_kind(kind.as_str(), &source);
        }
        let [source, target] = self.journals().await?;
        if source != target {
            return Err(in_use(JOURNAL).into());
        }
        self.tell_kind(JOURNAL, &source);
        Ok(())
    }

    async fn write(&mut self, portion: Portion) -> Result<(), Error> {
        if portion.is_empty() {
            return Ok(());
        }
        let written = portion.records.len() + portion.entries.len();
        let store = Arc::clone(&self.target.store);
        to_the_end(async move { store.copy_in(portion).await.map_err(|e| failed("target", e)) }).await?;
        self.report.written += written as u64;
        Ok(())
    }

    fn tell_kind(&mut self, kind: &str, sum: &Sum) {
        let told = (sum.count > 0).then(|| CopiedKind {
            kind: kind.to_owned(),
            count: sum.count,
            hash: hex::encode(sum.hash),
        });
        self.report.kinds.extend(told);
    }

    fn begin(&mut self, stage: CopyStage, total: u64) {
        self.report.counts = CopyCounts {
            stage,
            done: 0,
            total,
        };
    }

    fn go_on(&self) -> Result<(), Ended> {
        match &self.watch.cancel {
            Some(cancel) if cancel.is_cancelled() => Err(Ended::Cancelled),
            _ => Ok(()),
        }
    }

    fn went(&mut self, by: usize) {
        self.went_by(by as u64);
    }

    fn went_by(&mut self, by: u64) {
        self.report.counts.done += by;
        if let Some(progress) = &mut self.watch.progress
            && by > 0
        {
            progress(&self.report.counts);
        }
    }
}

/// Refuses if the source is not as it was first read, or the target not as the source.
fn same(kind: &str, first: &Sum, source: &Sum, target: &Sum) -> Result<(), Error> {
    if source != first {
        return Err(changed(kind));
    }
    if target != source {
        return Err(differs(kind));
    }
    Ok(())
}

fn in_use(kind: &str) -> Error {
    let message = format!(
        "the target has records of kind {kind} that are not the source's, or not any more; copy into a new file, or \
         into an empty database"
    );
    Error::new(Code::CopyTargetInUse, message)
}

fn changed(kind: &str) -> Error {
    let message = format!(
        "records of kind {kind} changed in the source while it was copied; stop all that uses it, and copy again"
    );
    Error::new(Code::CopySourceChanged, message)
}

fn differs(kind: &str) -> Error {
    let message = format!(
        "the target's records of kind {kind} do not read as they were written; copy again, which writes them anew"
    );
    Error::new(Code::CopyDiffers, message)
}
