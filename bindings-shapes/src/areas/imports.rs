//! CSV files in.

use std::fs::File;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tertulia::core::ids::ImportId;
use tertulia::core::import::{Format, Import, ImportCounts};
use tertulia::{
    Code, Error, ImportOptions, Inspected, MediaBytes, Org, Watch as ImportWatch, media_of_bytes,
    media_of_file,
};

use crate::method::area;
use crate::views::ImportReport;
use crate::watch::Watch;
use crate::wire::{Bytes, encode};

/// A file to read.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schemars(rename = "FileSource")]
pub(crate) enum Source {
    /// Where it is.
    Path(PathBuf),
    /// What it holds.
    Bytes(Bytes),
}

impl Source {
    /// Its bytes, not all at once.
    pub(crate) async fn media(self) -> Result<MediaBytes, Error> {
        match self {
            Self::Path(path) => media_of_file(path).await,
            Self::Bytes(bytes) => Ok(media_of_bytes(bytes.0)),
        }
    }

    fn open(self) -> Result<Box<dyn Read + Send>, Error> {
        Ok(match self {
            Self::Path(path) => Box::new(File::open(&path).map_err(|error| unusable(&path, error))?),
            Self::Bytes(bytes) => Box::new(Cursor::new(bytes.0)),
        })
    }
}

pub(crate) fn unusable(path: &Path, error: std::io::Error) -> Error {
    Error::new(
        Code::InputInvalid,
        format!("the file {} cannot be used: {error}", path.display()),
    )
    .because(error)
}

/// Runs an import with what watches it, told in order and to the end.
async fn watched<F>(
    watch: Watch,
    rejected: Option<PathBuf>,
    run: impl FnOnce(ImportWatch<'static>) -> F,
) -> Result<ImportReport, Error>
where
    F: Future<Output = Result<tertulia::ImportReport, Error>>,
{
    let rejected = rejected.map(|path| match File::create(&path) {
        Ok(file) => Ok(Box::new(file) as Box<dyn Write + Send>),
        Err(error) => Err(unusable(&path, error)),
    });
    let (mut tell, told) = watch.teller();
    let import = ImportWatch {
        progress: Some(Box::new(move |counts| {
            if let Ok(counts) = encode(counts) {
                tell(counts);
            }
        })),
        cancel: watch.cancel.map(|cancel| cancel.token()),
        rejected: rejected.transpose()?,
    };
    let report = run(import).await;
    told.await;
    report.map(ImportReport::from)
}

area! {
    /// CSV files in.
    imports(org: Org) {
        /// The sample file: the columns that are read, the organisation's attributes among them.
        fn template() -> String {
            org.imports().template().await
        }

        /// The columns of a file, and what each seems to be. What the format leaves open is found out. Fails with `import.*`
        /// if it is not such a file.
        fn inspect(file: Source, format: Option<Format>) -> Inspected {
            org.imports().inspect(file.open()?, format.unwrap_or_default()).await
        }

        /// What taking the file would do, without doing it. The refused rows are written to the file `rejected` as CSV
        /// with a reason column, if it is named.
        fn check(file: Source, options: Option<ImportOptions>, rejected: Option<PathBuf>; watch: ImportCounts) -> ImportReport {
            let (file, options) = (file.open()?, options.unwrap_or_default());
            watched(watch, rejected, |watch| async move { org.imports().check(file, &options, watch).await }).await
        }

        /// Takes a file. The rows before a cancellation or failure stay taken; `resume` goes on after them. The refused
        /// rows are written to the file `rejected` as CSV with a reason column, to mend and upload, if it is named.
        fn run(file: Source, options: Option<ImportOptions>, rejected: Option<PathBuf>; watch: ImportCounts) -> ImportReport {
            let (file, options) = (file.open()?, options.unwrap_or_default());
            watched(watch, rejected, |watch| async move { org.imports().run(file, &options, watch).await }).await
        }

        /// Goes on with an import after a crash or a cancellation, from the same file: no row is done twice.
        ///
        /// Fails with `import.not_found`, or `import.other_file` if the rows done are not this file's.
        fn resume(id: ImportId, file: Source, rejected: Option<PathBuf>; watch: ImportCounts) -> ImportReport {
            let file = file.open()?;
            watched(watch, rejected, |watch| async move { org.imports().resume(id, file, watch).await }).await
        }

        /// How far an import got.
        fn get(id: ImportId) -> Import {
            org.imports().get(id).await
        }
    }
}
