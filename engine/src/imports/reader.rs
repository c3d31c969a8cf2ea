//! A CSV file as a stream of records, whatever its size, and the file of the records that were refused.
//!
//! UTF-8, UTF-16 or Windows-1252, with or without a byte order mark; commas, semicolons or tabs; lines ended by LF, CRLF
//! or CR; quoted fields may hold all of these. A record of blank cells is no record, as an empty line is none.

mod kind;
mod source;

use std::io::{Read, Write};

use csv::StringRecord;
use csv_core::ReadRecordResult;
use sha2::{Digest, Sha256};
use tertulia_core::error::{Code, Error};
use tertulia_core::import::{Delimiter, Encoding, Format, Rejection, harmless, unguard};

use source::{Fault, Source};

/// The longest record that is read, in bytes, quotes included: what a quote that is never closed can cost.
pub(crate) const RECORD_MAX: usize = 1 << 20;

/// A batch ends with the record that brings its cells to this many bytes.
const BATCH_BYTES: usize = 4 << 20;

/// What stopped the reading, for good: every later call says it again.
#[derive(Debug, Clone)]
struct Failure {
    code: Code,
    message: String,
}

impl From<&Failure> for Error {
    fn from(failure: &Failure) -> Self {
        Self::new(failure.code, failure.message.clone())
    }
}

/// One record of the file: a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// The line that it begins on, from 1; the header counts.
    pub line: u64,
    /// Its cells, as many as it has.
    pub cells: StringRecord,
    /// Why its text cannot be trusted.
    pub fault: Option<String>,
}

impl Record {
    /// The row as refused, where its text cannot be trusted.
    pub(crate) fn refused(&self) -> Option<Rejection> {
        let fault = self.fault.as_ref()?;
        Some(Rejection::of_row(self.line, Code::ImportEncoding, fault.clone()))
    }

    /// The cells as [`tertulia_core::import::Row::read`] takes them.
    pub(crate) fn cells(&self) -> Vec<&str> {
        self.cells.iter().collect()
    }
}

/// Records that go together.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    /// The records, in the order of the file.
    pub records: Vec<Record>,
    /// A digest of the header and of all records up to the end of these.
    pub digest: String,
    /// The file ends here.
    pub last: bool,
}

/// A CSV file whose header has been read.
#[derive(Debug)]
pub(crate) struct CsvFile<R> {
    source: Source<R>,
    parser: csv_core::Reader,
    delimiter: Delimiter,
    /// The cells of the record under way, one after the other, and where each ends.
    cells: Vec<u8>,
    ends: Vec<usize>,
    lines: Lines,
    header: Vec<String>,
    read: Sha256,
    ended: bool,
    failure: Option<Failure>,
}

/// Counts lines ended by LF, CRLF or CR.
#[derive(Debug)]
struct Lines {
    current: u64,
    after_cr: bool,
}

impl Lines {
    fn pass(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if *byte == b'\r' || (*byte == b'\n' && !self.after_cr) {
                self.current += 1;
            }
            self.after_cr = *byte == b'\r';
        }
    }
}

impl<R: Read> CsvFile<R> {
    /// Reads the header. What the format leaves open is found out: the encoding from the first bytes, or from the first
    /// that are not ASCII; the delimiter from the header.
    ///
    /// # Errors
    ///
    /// [`Code::ImportKind`]: the file is no CSV. [`Code::ImportHeader`]: it is empty. [`Code::ImportEncoding`]: it is in
    /// another encoding, or its header cannot be read. [`Code::ImportIo`] and [`Code::ImportRow`] as
    /// [`batch`](Self::batch).
    pub(crate) fn open(file: R, format: Format) -> Result<Self, Error> {
        let mut file = Self {
            source: Source::new(file, format.encoding),
            parser: csv_core::Reader::new(),
            delimiter: Delimiter::Comma,
            cells: vec![0; 4096],
            ends: vec![0; 64],
            lines: Lines {
                current: 1,
                after_cr: false,
            },
            header: Vec::new(),
            read: Sha256::new(),
            ended: false,
            failure: None,
        };
        let found = file.find_delimiter().map_err(|failure| Error::from(&failure))?;
        file.delimiter = format.delimiter.unwrap_or(found);
        file.parser = csv_core::ReaderBuilder::new()
            .delimiter(file.delimiter.byte())
            .build();
        let Some(header) = file.next().map_err(|failure| Error::from(&failure))? else {
            return Err(Error::new(
                Code::ImportHeader,
                "the file is empty; it needs a header",
            ));
        };
        if let Some(fault) = header.fault {
            return Err(Error::new(Code::ImportEncoding, format!("the header: {fault}")));
        }
        let names = header.cells.iter();
        file.header = names
            .map(|name| unguard(name).unwrap_or(name).to_owned())
            .collect();
        Ok(file)
    }

    /// How the text is written down, as far as it was read.
    pub(crate) fn encoding(&self) -> Encoding {
        self.source.encoding()
    }

    /// What stands between the columns.
    pub(crate) const fn delimiter(&self) -> Delimiter {
        self.delimiter
    }

    /// The delimiter that makes the most of the first line with anything in it. Excel's `sep=;` before it is passed over.
    fn find_delimiter(&mut self) -> Result<Delimiter, Failure> {
        self.skip_line_ends()?;
        let mut known = 0;
        loop {
            let text = self.source.fill()?;
            let (line, whole) = first_line(text);
            let found = Delimiter::ALL.into_iter().find(|delimiter| {
                let said = line.strip_prefix("sep=").map(str::as_bytes);
                said.is_some_and(|said| said == [delimiter.byte()])
            });
            if let (Some(delimiter), true) = (found, whole) {
                let length = line.len();
                self.source.consume(length);
                return Ok(delimiter);
            }
            if whole || text.len() == known || text.len() > RECORD_MAX {
                return Ok(most_cells(line));
            }
            known = text.len();
            self.source.peek_further()?;
        }
    }

    /// The names of the columns, as they are written.
    pub(crate) fn header(&self) -> &[String] {
        &self.header
    }

    /// A digest of the header and of all records read so far: cells only, so that quoting and line ends may differ.
    pub(crate) fn digest(&self) -> String {
        hex::encode(self.read.clone().finalize())
    }

    /// The next records: at most so many, and at most a few MiB of them; none only at the end. Records before one that
    /// cannot be read are given first; the call after that fails.
    ///
    /// # Errors
    ///
    /// Nothing can be read after these, and every later call says the same. [`Code::ImportEncoding`]: the text turns
    /// out to be in an encoding that is not read. [`Code::ImportRow`]: a record is longer than [`RECORD_MAX`], or a
    /// quote is never closed. [`Code::ImportIo`]: the source failed.
    pub(crate) fn batch(&mut self, at_most: usize) -> Result<Batch, Error> {
        let mut records = Vec::new();
        let mut bytes = 0;
        while records.len() < at_most && bytes < BATCH_BYTES {
            match self.next() {
                Ok(Some(record)) => {
                    bytes += record.cells.as_slice().len();
                    records.push(record);
                }
                Err(failure) if records.is_empty() => return Err(Error::from(&failure)),
                // A failure is said again by the next call.
                Ok(None) | Err(_) => break,
            }
        }
        Ok(Batch {
            records,
            digest: self.digest(),
            last: self.ended,
        })
    }

    /// Passes over the rows that an import has done already.
    ///
    /// # Errors
    ///
    /// [`Code::ImportOtherFile`]: these are not the rows that the digest was made of. Else as [`batch`](Self::batch).
    pub(crate) fn skip(&mut self, rows: u64, digest: &str) -> Result<(), Error> {
        for row in 0..rows {
            if self.next().map_err(|failure| Error::from(&failure))?.is_none() {
                return Err(Error::new(
                    Code::ImportOtherFile,
                    format!("the file has {row} rows, and {rows} of the import's file are done"),
                ));
            }
        }
        if self.digest() == digest {
            return Ok(());
        }
        Err(Error::new(
            Code::ImportOtherFile,
            format!("the file's header or first {rows} rows are not those that the import has done"),
        ))
    }

    /// The next record with anything in it.
    fn next(&mut self) -> Result<Option<Record>, Failure> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let next = self.read_next();
        if let Err(failure) = &next {
            self.failure = Some(failure.clone());
        }
        next
    }

    fn read_next(&mut self) -> Result<Option<Record>, Failure> {
        while let Some((line, cells)) = self.parse()? {
            let fault = self.source.fault().map(Fault::message);
            if cells.iter().any(|cell| !cell.trim().is_empty()) {
                self.read.update(cells.len().to_le_bytes());
                for cell in &cells {
                    self.read.update(cell.len().to_le_bytes());
                    self.read.update(cell);
                }
                return Ok(Some(Record { line, cells, fault }));
            }
        }
        self.ended = true;
        Ok(None)
    }

    /// The next record, blank or not, and the line on which it begins.
    fn parse(&mut self) -> Result<Option<(u64, StringRecord)>, Failure> {
        if !self.skip_line_ends()? {
            return Ok(None);
        }
        let line = self.lines.current;
        let refuse = |message: &str| Failure {
            code: Code::ImportRow,
            message: format!("line {line}: {message}"),
        };
        let (mut length, mut filled, mut count) = (0, 0, 0);
        loop {
            let input = self.source.fill()?.as_bytes();
            let at_end = input.is_empty();
            // A line end ends the last record, unless a quote is open.
            let input = if at_end { b"\n" } else { input };
            let (cells, ends) = (&mut self.cells[filled..], &mut self.ends[count..]);
            let (result, taken, written, ended) = self.parser.read_record(input, cells, ends);
            length += taken;
            filled += written;
            count += ended;
            if !at_end {
                self.lines.pass(&input[..taken]);
                self.source.consume(taken);
            }
            match result {
                ReadRecordResult::Record | ReadRecordResult::End => break,
                ReadRecordResult::InputEmpty if at_end => {
                    return Err(refuse("a quote that opens in this row is never closed; close it"));
                }
                _ if length > RECORD_MAX => {
                    return Err(refuse(
                        "the row is longer than 1 MiB; probably a quote that opens in it is never closed",
                    ));
                }
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.cells.resize(self.cells.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
            }
        }
        let text = std::str::from_utf8(&self.cells[..filled]).map_err(|error| refuse(&error.to_string()))?;
        // Files that were joined bring their marks along.
        let mark = if text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        let mut cells = StringRecord::with_capacity(filled, count);
        let mut start = mark.min(self.ends[..count].first().copied().unwrap_or(0));
        for end in &self.ends[..count] {
            cells.push_field(&text[start..*end]);
            start = *end;
        }
        Ok(Some((line, cells)))
    }

    /// Passes over empty lines; whether anything follows.
    fn skip_line_ends(&mut self) -> Result<bool, Failure> {
        loop {
            let bytes = self.source.fill()?.as_bytes();
            if bytes.is_empty() {
                return Ok(false);
            }
            let content = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n'));
            let passed = content.unwrap_or(bytes.len());
            self.lines.pass(&bytes[..passed]);
            self.source.consume(passed);
            if content.is_some() {
                return Ok(true);
            }
        }
    }
}

/// The first line with a letter or digit in it, line ends between quotes aside, and whether its end was seen.
fn first_line(text: &str) -> (&str, bool) {
    let (mut start, mut quoted) = (0, false);
    for (at, byte) in text.bytes().enumerate() {
        quoted ^= byte == b'"';
        if matches!(byte, b'\r' | b'\n') && !quoted {
            let line = &text[start..at];
            if line.contains(char::is_alphanumeric) {
                return (line, true);
            }
            start = at + 1;
        }
    }
    (&text[start..], false)
}

/// The delimiter by which a line has the most cells.
fn most_cells(line: &str) -> Delimiter {
    let cells = |delimiter: Delimiter| {
        let mut reader = csv::ReaderBuilder::new();
        let reader = reader
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter.byte());
        let mut records = reader.from_reader(line.as_bytes()).into_byte_records();
        records
            .next()
            .and_then(Result::ok)
            .map_or(0, |record| record.len())
    };
    let mut best = (Delimiter::Comma, 0);
    for delimiter in Delimiter::ALL {
        let found = cells(delimiter);
        if found > best.1 {
            best = (delimiter, found);
        }
    }
    best.0
}

/// The file of the rows that were refused: each as it came, after a column with the reason, to mend and upload. It is
/// UTF-8 with commas, and no cell is one that a spreadsheet would run.
///
/// The reason comes first, so that a row with too few or too many cells stays as it was.
#[derive(Debug)]
pub(crate) struct Rejected<W: Write> {
    csv: csv::Writer<W>,
    /// The file has such a column already: it is an earlier one of these, mended in part.
    replaces: bool,
}

/// The name of the column with the reasons.
const REASON: &str = "reason";

impl<W: Write> Rejected<W> {
    /// Writes the header.
    ///
    /// # Errors
    ///
    /// [`Code::ImportIo`], here and below.
    pub(crate) fn begin(to: W, header: &[String]) -> Result<Self, Error> {
        let csv = csv::WriterBuilder::new().flexible(true).from_writer(to);
        let replaces = header.first().is_some_and(|name| name == REASON);
        let mut rejected = Self { csv, replaces };
        rejected.write(REASON, header.iter().map(String::as_str))?;
        Ok(rejected)
    }

    /// Writes a row and why it was refused.
    pub(crate) fn add(&mut self, record: &Record, rejection: &Rejection) -> Result<(), Error> {
        self.write(&rejection.to_string(), record.cells.iter())
    }

    /// Writes out what is still held back, and gives back what was written to.
    pub(crate) fn finish(self) -> Result<W, Error> {
        self.csv
            .into_inner()
            .map_err(|error| not_written(&error.into_error().into()))
    }

    fn write<'a>(&mut self, reason: &'a str, cells: impl Iterator<Item = &'a str>) -> Result<(), Error> {
        let cells = cells.skip(usize::from(self.replaces));
        let row = std::iter::once(reason)
            .chain(cells)
            .map(|cell| harmless(cell).into_owned());
        self.csv.write_record(row).map_err(|error| not_written(&error))
    }
}

fn not_written(error: &csv::Error) -> Error {
    let message = format!("the refused rows could not be written: {error}");
    Error::new(Code::ImportIo, message)
}

#[cfg(test)]
mod tests;
