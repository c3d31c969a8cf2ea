//! CSV files in: looked at, checked without a change, and taken in batch by batch.

use std::io::{Read, Write};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tertulia_core::attributes::Attribute;
use tertulia_core::context::Context;
use tertulia_core::decide::import_row::{self, Batch, Taken, Withheld};
use tertulia_core::error::{Code, Error};
use tertulia_core::ids::ImportId;
use tertulia_core::import::{
    Delimiter, Encoding, Field, Format, Import, ImportCounts, Mapping, OnDuplicate, Rejection, Row, repeated,
    suggest, template,
};
use tertulia_core::record::{Key, RecordKind};
use tertulia_core::roles::Call;
use tertulia_core::working_set::{Step, WorkingSet};
use tertulia_storage_traits::Query;
use tokio_util::sync::CancellationToken;

use crate::imports::reader::{CsvFile, Rejected};
use crate::org::Org;
use crate::runtime::BATCH;

/// How many refused rows a report lists; the file of refused rows has them all.
const LISTED: usize = 100;

/// CSV files in.
#[derive(Debug, Clone, Copy)]
pub struct Imports<'a>(pub(crate) &'a Org);

/// How a file is to be taken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ImportOptions {
    /// The file's name: part of each opt-in's proof.
    pub file: String,
    /// What each column is, in the order of the file, `None` for one to leave out; absent: as suggested.
    pub columns: Option<Vec<Option<Field>>>,
    /// What to do with a row whose contact is known, or was in the file before.
    pub on_duplicate: OnDuplicate,
    /// How the text is written down; absent: as the file's beginning says.
    pub encoding: Option<Encoding>,
    /// What stands between the columns; absent: as the header says.
    pub delimiter: Option<Delimiter>,
}

impl ImportOptions {
    const fn format(&self) -> Format {
        Format {
            encoding: self.encoding,
            delimiter: self.delimiter,
        }
    }
}

/// What a file's header says, before anything is read of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Inspected {
    /// The columns' names.
    pub header: Vec<String>,
    /// What each column seems to be.
    pub suggested: Vec<Option<Field>>,
    /// Names that several columns have. Columns are mapped by their places, so each of them can be; of those for one
    /// field, the first is suggested.
    pub repeated: Vec<String>,
    /// How the text is written down, as far as the header says; an import's report tells it of the whole file.
    pub encoding: Encoding,
    /// What stands between the columns.
    pub delimiter: Delimiter,
}

/// What became of a file's rows. `counts` add up to the rows read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportReport {
    /// The import, to go on with after a crash or a cancellation; none of a check.
    pub import: Option<ImportId>,
    /// The rows, counted.
    pub counts: ImportCounts,
    /// The first hundred refused rows, each with every reason.
    pub rejections: Vec<Rejection>,
    /// Columns that nobody said anything about.
    pub unmapped: Vec<String>,
    /// Rows whose opt-in was held back, because the person had opted out.
    pub opt_ins_withheld: u64,
    /// Rows whose tags were held back, because the contact is blocked.
    pub tags_withheld: u64,
    /// How the text is written down, as far as it was read.
    pub encoding: Encoding,
    /// What stands between the columns.
    pub delimiter: Delimiter,
    /// Whether the end of the file was reached; if not, row `counts.rows() + 1` is next.
    pub finished: bool,
}

/// Told the counts so far.
pub type Progress<'a> = Box<dyn FnMut(&ImportCounts) + Send + 'a>;

/// Who watches an import, and who may end it.
#[derive(Default)]
pub struct Watch<'a> {
    /// Called after each batch with the counts so far.
    pub progress: Option<Progress<'a>>,
    /// Ends the import after a whole batch.
    pub cancel: Option<CancellationToken>,
    /// Gets the refused rows as CSV, with a `reason` column, to mend and upload.
    pub rejected: Option<Box<dyn Write + Send + 'a>>,
}

impl std::fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

impl Imports<'_> {
    /// The sample file: the columns that are read, the organisation's attributes among them.
    pub async fn template(&self) -> Result<String, Error> {
        Ok(template(&self.attributes(Call::ImportsTemplate).await?))
    }

    /// The columns of a file, and what each seems to be. Fails with `import.*` if it is not such a file.
    pub async fn inspect(&self, file: impl Read, format: Format) -> Result<Inspected, Error> {
        let attributes = self.attributes(Call::ImportsInspect).await?;
        let file = CsvFile::open(file, format)?;
        let suggested = suggest(file.header(), &attributes);
        Ok(Inspected {
            header: file.header().to_vec(),
            suggested,
            repeated: repeated(file.header()),
            encoding: file.encoding(),
            delimiter: file.delimiter(),
        })
    }

    /// What taking the file would do, without doing it. It remembers the rows' contacts until the end, so its memory
    /// grows with the file.
    pub async fn check(
        &self,
        file: impl Read + Send,
        options: &ImportOptions,
        watch: Watch<'_>,
    ) -> Result<ImportReport, Error> {
        let call = Call::ImportsCheck;
        let (file, mapping) = self.open(call, file, options).await?;
        let mut rehearsal = Box::new(WorkingSet::new());
        let start = starting(options, &mapping, file.digest());
        let import = self.0.rehearse(call, &mut rehearsal, start).await?;
        let report = ImportReport::begin(None, &file, &mapping);
        self.take(call, file, &mapping, import, report, watch, Some(rehearsal))
            .await
    }

    /// Takes a file. The rows before a cancellation or failure stay taken; [`resume`](Self::resume) goes on after them.
    ///
    /// Fails before the first row with `import.kind`, `import.header`, `import.mapping` or `import.encoding`; in the
    /// middle, with `import.*`, where nothing can be read any more.
    pub async fn run(
        &self,
        file: impl Read + Send,
        options: &ImportOptions,
        watch: Watch<'_>,
    ) -> Result<ImportReport, Error> {
        let call = Call::ImportsRun;
        let (file, mapping) = self.open(call, file, options).await?;
        let import = self
            .0
            .decide(call, starting(options, &mapping, file.digest()))
            .await?;
        let report = ImportReport::begin(Some(import), &file, &mapping);
        self.take(call, file, &mapping, import, report, watch, None).await
    }

    /// Goes on with an import after a crash or a cancellation, from the same file: no row is done twice.
    ///
    /// Fails with `import.not_found`, or `import.other_file` if the rows done are not this file's.
    pub async fn resume(
        &self,
        import: ImportId,
        file: impl Read + Send,
        watch: Watch<'_>,
    ) -> Result<ImportReport, Error> {
        let call = Call::ImportsResume;
        let record = self.record(call, import).await?;
        let mut file = CsvFile::open(file, record.format)?;
        let columns: Vec<Option<Field>> = record.columns.iter().cloned().map(Some).collect();
        let attributes = self.attributes(call).await?;
        let mapping = match Mapping::check(file.header(), &columns, &attributes) {
            Err(error) if file.header().len() != columns.len() => {
                let message = format!("the file's header is not the one of {:?}", record.file);
                return Err(Error::new(Code::ImportOtherFile, message).because(error));
            }
            checked => self.with_members(checked?).await?,
        };
        file.skip(record.counts.rows(), &record.digest)?;
        let start = ImportReport {
            counts: record.counts,
            finished: record.finished,
            ..ImportReport::begin(Some(import), &file, &mapping)
        };
        if record.finished {
            return Ok(start);
        }
        self.take(call, file, &mapping, import, start, watch, None).await
    }

    /// How far an import got.
    pub async fn get(&self, import: ImportId) -> Result<Import, Error> {
        self.record(Call::ImportsGet, import).await
    }

    async fn record(&self, call: Call, import: ImportId) -> Result<Import, Error> {
        let runtime = &self.0.admitted(call).await?.runtime;
        let org = self.0.id;
        let found = runtime.get(Key::Import { org, import }).await?;
        found.ok_or_else(|| Error::new(Code::ImportNotFound, format!("there is no import {import}")))
    }

    async fn attributes(&self, call: Call) -> Result<Vec<Attribute>, Error> {
        let kind = RecordKind::Attribute;
        let org = Some(self.0.id);
        self.0.all(call, Query::Records { org, kind }).await
    }

    async fn open<R: Read>(
        &self,
        call: Call,
        file: R,
        options: &ImportOptions,
    ) -> Result<(CsvFile<R>, Mapping), Error> {
        let attributes = self.attributes(call).await?;
        let file = CsvFile::open(file, options.format())?;
        let columns = match &options.columns {
            Some(columns) => columns.clone(),
            None => suggest(file.header(), &attributes),
        };
        let mapping = Mapping::check(file.header(), &columns, &attributes)?;
        Ok((file, self.with_members(mapping).await?))
    }

    /// The mapping with the members, where it needs them.
    async fn with_members(&self, mapping: Mapping) -> Result<Mapping, Error> {
        if mapping.names_members() {
            return Ok(mapping.with_members(self.0.team().list().await?));
        }
        Ok(mapping)
    }

    /// The rows that are left, batch by batch: committed, or rehearsed over a set.
    #[expect(clippy::too_many_arguments, reason = "three calls share it")]
    async fn take<R: Read>(
        &self,
        call: Call,
        mut file: CsvFile<R>,
        mapping: &Mapping,
        import: ImportId,
        mut report: ImportReport,
        mut watch: Watch<'_>,
        mut rehearsal: Option<Box<WorkingSet>>,
    ) -> Result<ImportReport, Error> {
        let mut rejected = match watch.rejected.take() {
            Some(to) => Some(Rejected::begin(to, file.header())?),
            None => None,
        };
        let cancelled =
            |watch: &Watch<'_>| watch.cancel.as_ref().is_some_and(CancellationToken::is_cancelled);
        while !report.finished && !cancelled(&watch) {
            let read = file.batch(BATCH)?;
            let inner = self.0.admitted(call).await?;
            let settings = inner.runtime.org(self.0.id).await?.settings.clone();
            let now = inner.runtime.clock.now();
            let rows: Vec<Result<Row, Rejection>> = read
                .records
                .iter()
                .map(|record| match record.refused() {
                    Some(rejection) => Err(rejection),
                    None => Row::read(record.line, &record.cells(), mapping, &settings, now),
                })
                .collect();
            let (rows, digest, done) = (Arc::new(rows), read.digest.clone(), report.counts.rows());
            let counted = inner.contacts_for_limit(self.0.id).await?;
            // A rehearsal's new contacts are in no store yet.
            let contacts_now = counted + rehearsal.as_ref().map_or(0, |_| report.counts.created);
            let last = read.last;
            let decision = move |set: &mut WorkingSet, ctx: &mut Context<'_>| {
                let batch = Batch {
                    import,
                    done,
                    rows: &rows,
                    digest: &digest,
                    last,
                    contacts_now,
                };
                import_row::batch(set, ctx, &batch)
            };
            let results = match &mut rehearsal {
                Some(set) => self.0.rehearse(call, set, decision).await?,
                None => self.0.decide(call, decision).await?,
            };
            for (record, result) in read.records.iter().zip(results) {
                if let (Err(rejection), Some(rejected)) = (&result, &mut rejected) {
                    rejected.add(record, rejection)?;
                }
                report.count(result);
            }
            report.encoding = file.encoding();
            report.finished = last;
            if let Some(progress) = &mut watch.progress {
                progress(&report.counts);
            }
        }
        if let Some(rejected) = rejected {
            rejected.finish()?;
        }
        Ok(report)
    }
}

impl ImportReport {
    /// The report before the first row.
    fn begin<R: Read>(import: Option<ImportId>, file: &CsvFile<R>, mapping: &Mapping) -> Self {
        let unmapped = mapping.unmapped();
        Self {
            import,
            counts: ImportCounts::default(),
            rejections: Vec::new(),
            unmapped: unmapped.into_iter().map(ToOwned::to_owned).collect(),
            opt_ins_withheld: 0,
            tags_withheld: 0,
            encoding: file.encoding(),
            delimiter: file.delimiter(),
            finished: false,
        }
    }

    fn count(&mut self, result: Result<Taken, Rejection>) {
        use tertulia_core::decide::import_row::RowOutcome;
        match result {
            Ok(taken) => {
                match taken.outcome {
                    RowOutcome::Created => self.counts.created += 1,
                    RowOutcome::Updated => self.counts.updated += 1,
                    RowOutcome::Unchanged => self.counts.unchanged += 1,
                }
                self.opt_ins_withheld += u64::from(taken.withheld.contains(&Withheld::OptIn));
                self.tags_withheld += u64::from(taken.withheld.contains(&Withheld::Tags));
            }
            Err(rejection) => {
                self.counts.rejected += 1;
                if self.rejections.len() < LISTED {
                    self.rejections.push(rejection);
                }
            }
        }
    }
}

/// The decision that begins an import.
fn starting(
    options: &ImportOptions,
    mapping: &Mapping,
    digest: String,
) -> impl FnMut(&mut WorkingSet, &mut Context<'_>) -> Step<ImportId> + Send + 'static {
    let (file, mapping, on_duplicate) = (options.file.clone(), mapping.clone(), options.on_duplicate);
    let format = options.format();
    move |set, ctx| {
        Ok(import_row::start(
            set,
            ctx,
            file.clone(),
            &mapping,
            on_duplicate,
            format,
            digest.clone(),
        ))
    }
}
