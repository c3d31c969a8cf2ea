//! Contacts out as CSV, page by page.

use std::io::Write;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tertulia_core::attributes::Attribute;
use tertulia_core::contact::RecordStatus;
use tertulia_core::error::{Code, Error};
use tertulia_core::export::{Column, Sheet};
use tertulia_core::record::RecordKind;
use tertulia_core::roles::Call;
use tertulia_core::selection::Selection;
use tertulia_core::team::Member;
use tertulia_storage_traits::Query;
use tokio_util::sync::CancellationToken;

use crate::handles::Contacts;
use crate::handles::batches::{Batches, batch};

/// What an export has of each contact.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ExportOptions {
    /// The columns, in their order; absent: all that an import takes back.
    pub columns: Option<Vec<Column>>,
}

/// What was written so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExportCounts {
    /// Contacts written.
    pub exported: u64,
    /// Contacts asked for by id that are not there, or deleted.
    pub missing: u64,
}

/// What became of an export.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExportReport {
    /// What was written.
    pub counts: ExportCounts,
    /// Whether everybody was written; if not, it was cancelled.
    pub finished: bool,
}

/// Told what was written so far.
pub type ExportProgress<'a> = Box<dyn FnMut(&ExportCounts) + Send + 'a>;

/// Who watches an export, and who may end it.
#[derive(Default)]
pub struct ExportWatch<'a> {
    /// Called after each page with the counts so far.
    pub progress: Option<ExportProgress<'a>>,
    /// Ends the export after a whole page.
    pub cancel: Option<CancellationToken>,
}

impl std::fmt::Debug for ExportWatch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExportWatch").finish_non_exhaustive()
    }
}

impl Contacts<'_> {
    /// Writes contacts as CSV, UTF-8 with commas, some 2,000 at a time. Each is written once; deleted ones never, blocked
    /// ones as such. No cell is one that a spreadsheet would run: such a cell has one `'` before it, telephone numbers
    /// included, which an import takes off again. Imported, the columns that are written by default give the same contacts
    /// back: docs/csv.md has the table.
    ///
    /// Fails with `filter.*`, `segment.not_found`, `import.mapping` for columns that do not hold, or `import.io` where
    /// nothing can be written.
    pub async fn export(
        &self,
        selection: &Selection,
        options: &ExportOptions,
        to: impl Write + Send,
        mut watch: ExportWatch<'_>,
    ) -> Result<ExportReport, Error> {
        let call = Call::ContactsExport;
        let all = |kind| Query::Records {
            org: Some(self.0.id),
            kind,
        };
        let attributes: Vec<Attribute> = self.0.all(call, all(RecordKind::Attribute)).await?;
        let members: Vec<Member> = self.0.all(call, all(RecordKind::Member)).await?;
        let sheet = Sheet::new(options.columns.clone(), &attributes, members)?;
        let batches = Batches::of(self.0, call, selection).await?;
        let mut csv = csv::Writer::from_writer(to);
        csv.write_record(sheet.header().map(std::borrow::Cow::into_owned))
            .map_err(|error| not_written(&error))?;
        let mut report = ExportReport::default();
        let mut place = None;
        while !report.finished && !watch.cancel.as_ref().is_some_and(CancellationToken::is_cancelled) {
            let (meant, next) = batches.page(self.0, call, &batch(place)).await?;
            for (_, contact) in meant {
                match contact.filter(|contact| contact.status != RecordStatus::Deleted) {
                    Some(contact) => {
                        csv.write_record(sheet.row(&contact))
                            .map_err(|error| not_written(&error))?;
                        report.counts.exported += 1;
                    }
                    None => report.counts.missing += 1,
                }
            }
            report.finished = next.is_none();
            place = next;
            if let Some(progress) = &mut watch.progress {
                progress(&report.counts);
            }
        }
        csv.flush().map_err(|error| not_written(&error.into()))?;
        Ok(report)
    }
}

fn not_written(error: &csv::Error) -> Error {
    Error::new(
        Code::ImportIo,
        format!("the contacts could not be written: {error}"),
    )
}
