use std::io::{self, Read};

use proptest::prelude::*;
use tertulia_core::error::{Code, Error};
use tertulia_core::import::Rejection;

use super::{BATCH_BYTES, CsvFile, RECORD_MAX, Rejected};

/// Gives at most so many bytes at a time.
#[derive(Debug)]
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = self.1.min(out.len());
        self.0.read(&mut out[..most])
    }
}

/// Bytes that are followed by the same byte for ever, counted.
#[derive(Debug)]
struct Endless {
    start: &'static [u8],
    byte: u8,
    read: usize,
}

impl Read for &mut Endless {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = match self.start {
            [] => {
                out.fill(self.byte);
                out.len()
            }
            _ => self.start.read(out)?,
        };
        self.read += read;
        Ok(read)
    }
}

/// The header's cells and each record's line and cells.
type Table = (Vec<String>, Vec<(u64, Vec<String>)>);

fn read_from(file: impl Read) -> Result<Table, Error> {
    let mut file = CsvFile::open(file)?;
    let mut rows = Vec::new();
    loop {
        let batch = file.batch(3)?;
        for record in &batch.records {
            rows.push((
                record.line,
                record.cells().into_iter().map(str::to_owned).collect(),
            ));
        }
        if batch.last {
            return Ok((file.header().to_vec(), rows));
        }
    }
}

fn read(file: &[u8]) -> Result<Table, Error> {
    read_from(file)
}

fn table(header: &[&str], rows: &[(u64, &[&str])]) -> Table {
    let own = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect();
    (
        own(header),
        rows.iter().map(|(line, cells)| (*line, own(cells))).collect(),
    )
}

#[test]
fn records_are_read_with_the_line_they_begin_on_however_lines_end() {
    let file = "phone,name\n\n+1,\"Ana\nMaria\"\n+2,Bo\n\n,\n \n+3,\"x\n\n\ny\"\n\n+4,\"a \"\"b\"\", c\"";
    for end in ["\n", "\r\n", "\r"] {
        let file = file.replace('\n', end);
        let (ana, x) = (format!("Ana{end}Maria"), format!("x{end}{end}{end}y"));
        let wanted = table(
            &["phone", "name"],
            &[
                (3, &["+1", &ana]),
                (5, &["+2", "Bo"]),
                (9, &["+3", &x]),
                (14, &["+4", "a \"b\", c"]),
            ],
        );
        for after in ["", end] {
            for mark in ["", "\u{feff}"] {
                let file = format!("{mark}{file}{after}");
                for piece in [1, 2, 3, 1000] {
                    let read = read_from(Trickle(file.as_bytes(), piece)).unwrap();
                    assert_eq!(read, wanted, "{end:?} {after:?} {mark:?} in pieces of {piece}");
                }
            }
        }
    }
}

#[test]
fn rows_with_other_numbers_of_cells_come_as_they_are() {
    let long = ",".repeat(9_999);
    let (_, rows) = read(format!("a,b\n1\n1,2,3\nx{long}\n").as_bytes()).unwrap();
    let lengths: Vec<usize> = rows.iter().map(|(_, cells)| cells.len()).collect();
    assert_eq!(lengths, [1, 3, 10_000]);
}

#[test]
fn files_that_cannot_be_read_are_refused_with_place_and_remedy() {
    let cases: &[(&[u8], Code, &str)] = &[
        (b"", Code::ImportHeader, "the file is empty"),
        (b"\n\r\n", Code::ImportHeader, "the file is empty"),
        ("\u{feff}".as_bytes(), Code::ImportHeader, "the file is empty"),
        (
            b"phone;name;email\n",
            Code::ImportHeader,
            "separated by semicolons",
        ),
        (
            b"phone;last, first;email\n",
            Code::ImportHeader,
            "separated by semicolons",
        ),
        (b"phone\tname\n1\t2\n", Code::ImportHeader, "separated by tabs"),
        (
            b"phone,name\n1,Jos\xe9\n",
            Code::ImportEncoding,
            "0xe9 at offset 16",
        ),
        (
            b"phone,name\n1,Jos\xc3",
            Code::ImportEncoding,
            "0xc3 at offset 16",
        ),
        (
            b"\xef\xbb\xbfphone\n\xff\n",
            Code::ImportEncoding,
            "0xff at offset 9",
        ),
        (
            b"\xff\xfep\0h\0",
            Code::ImportEncoding,
            "0xff at offset 0 is not UTF-8 text: the file is probably UTF-16",
        ),
        (
            b"p\0h\0o\0",
            Code::ImportEncoding,
            "offset 1 is not UTF-8 text: the file is probably UTF-16",
        ),
        (b"PK\x03\x04\x14\0\x06\0", Code::ImportEncoding, "spreadsheet"),
        (b"phone\n1\0\n", Code::ImportEncoding, "0x00 at offset 7"),
        (
            b"phone,name\n1,Ana\n2,\"Bo\n3,Cy\n",
            Code::ImportRow,
            "line 3: a quote",
        ),
        (b"phone,name\n1,Ana\n2,\"", Code::ImportRow, "line 3: a quote"),
        (b"phone,\"name\n1,Ana\n", Code::ImportRow, "line 1: a quote"),
    ];
    for (file, code, words) in cases {
        for piece in [1, 1000] {
            let error = read_from(Trickle(file, piece)).unwrap_err();
            assert_eq!(error.code(), *code, "{file:?}: {error}");
            assert!(error.message().contains(words), "{file:?}: {error}");
        }
    }
}

#[test]
fn a_byte_that_is_not_utf8_is_named_by_its_offset_wherever_it_stands() {
    for length in [10, 65_530, 65_536, 70_000, 200_000] {
        let mut file = "phone\n".to_owned().into_bytes();
        while file.len() < length {
            file.extend("é\n".bytes());
        }
        let offset = file.len();
        file.extend(b"\xc3(\n");
        let error = read(&file).unwrap_err();
        assert!(
            error.message().contains(&format!("at offset {offset} ")),
            "{error}"
        );
    }
}

#[test]
fn records_before_a_fault_are_given_first_and_the_fault_stays() {
    let mut file = CsvFile::open(&b"phone\n1\n2\n\xff\n4\n"[..]).unwrap();
    let batch = file.batch(10).unwrap();
    assert_eq!((batch.records.len(), batch.last), (2, false));
    for _ in 0..2 {
        assert_eq!(file.batch(10).unwrap_err().code(), Code::ImportEncoding);
    }
}

#[test]
fn a_source_that_fails_is_no_end() {
    #[derive(Debug)]
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the cable is out"))
        }
    }
    let mut file = CsvFile::open(b"phone\n1\n".chain(Broken)).unwrap();
    assert_eq!(file.batch(10).unwrap().records.len(), 1);
    for _ in 0..2 {
        let error = file.batch(10).unwrap_err();
        assert_eq!(error.code(), Code::ImportIo);
        assert!(error.message().contains("the cable is out"), "{error}");
    }
}

#[test]
fn a_record_without_end_is_refused_once_it_is_too_long() {
    let cases: [(&[u8], u8, &str); 4] = [
        (
            b"phone,name\n1,Ana\n2,\"",
            b'x',
            "line 3: the row is longer than 1 MiB",
        ),
        (b"phone,name\n2,\"", b'\n', "line 2: the row is longer than 1 MiB"),
        (b"phone,name\n", b',', "line 2: the row is longer than 1 MiB"),
        (b"phone,name", b'x', "line 1: the row is longer than 1 MiB"),
    ];
    for (start, byte, words) in cases {
        let mut endless = Endless { start, byte, read: 0 };
        let error = read_from(&mut endless).unwrap_err();
        assert_eq!(error.code(), Code::ImportRow);
        assert!(error.message().contains(words), "{error}");
        assert!(endless.read < 2 * RECORD_MAX, "{} bytes were read", endless.read);
    }
}

#[test]
fn a_long_record_within_the_limit_is_read() {
    let cell = "x".repeat(RECORD_MAX - 1000);
    let (_, rows) = read(format!("phone\n{cell}\n2\n").as_bytes()).unwrap();
    assert_eq!(rows[0].1[0].len(), cell.len());
    assert_eq!(rows[1], (3, vec!["2".to_owned()]));
}

#[test]
fn a_batch_ends_with_its_rows_or_its_bytes() {
    let cell = "x".repeat(RECORD_MAX / 2);
    let file = format!("phone\n{}", format!("{cell}\n").repeat(20));
    let mut file = CsvFile::open(file.as_bytes()).unwrap();
    let mut sizes = Vec::new();
    loop {
        let batch = file.batch(2_000).unwrap();
        sizes.push(batch.records.len());
        if batch.last {
            break;
        }
    }
    let full = BATCH_BYTES / cell.len();
    assert_eq!(sizes, [full, full, 20 - 2 * full]);

    let mut file = CsvFile::open(&b"phone\n1\n2\n3\n4\n"[..]).unwrap();
    let sizes: Vec<(usize, bool)> = (0..3)
        .map(|_| {
            file.batch(2)
                .map(|batch| (batch.records.len(), batch.last))
                .unwrap()
        })
        .collect();
    assert_eq!(sizes, [(2, false), (2, false), (0, true)]);
}

#[test]
fn an_import_goes_on_after_the_rows_done_of_the_same_file_only() {
    let file = b"phone,name\n1,Ana\n2,Bo\n\n3,Cy\n4,Di\n";
    let mut first = CsvFile::open(&file[..]).unwrap();
    let none = first.digest();
    let done = first.batch(2).unwrap();
    assert_eq!(done.digest, first.digest());

    let mut again = CsvFile::open(&file[..]).unwrap();
    again.skip(0, &none).unwrap();
    again.skip(2, &done.digest).unwrap();
    let rest = again.batch(10).unwrap();
    let lines: Vec<u64> = rest.records.iter().map(|record| record.line).collect();
    assert_eq!((lines, rest.last), (vec![5, 6], true));

    // What comes later may be mended, and it does not matter how cells are quoted.
    let others: &[(&[u8], bool)] = &[
        (b"\"phone\",name\r\n1,\"Ana\"\r\n2,Bo\r\n3,Carol", true),
        (b"phone,name\n1,Ann\n2,Bo\n3,Cy\n", false),
        (b"phone,title\n1,Ana\n2,Bo\n", false),
        (b"phone,name\n0,New\n1,Ana\n2,Bo\n", false),
        (b"phone,name\n1,Ana,\n2,Bo\n", false),
        (b"phone,name\n1A,na\n2,Bo\n", false),
        (b"phone,name\n1,Ana\n", false),
    ];
    for (other, same) in others {
        let mut file = CsvFile::open(*other).unwrap();
        let result = file.skip(2, &done.digest).map_err(|error| error.code());
        assert_eq!(
            result,
            if *same { Ok(()) } else { Err(Code::ImportOtherFile) },
            "{other:?}"
        );
    }
}

#[test]
fn refused_rows_come_back_as_they_were_after_their_reason() {
    let mut file = CsvFile::open(&b"phone,name\n1,\"Ana, \"\"A\"\"\"\n2\n3,Cy,x\n"[..]).unwrap();
    let records = file.batch(10).unwrap().records;
    let mut rejected = Rejected::begin(Vec::new(), file.header()).unwrap();
    for record in &records {
        let rejection = Rejection::of_row(record.line, Code::ImportRow, "why, \"exactly\"");
        rejected.add(record, &rejection).unwrap();
    }
    let text = String::from_utf8(rejected.finish().unwrap()).unwrap();
    let why = "\"why, \"\"exactly\"\"\"";
    assert_eq!(
        text,
        format!("reason,phone,name\n{why},1,\"Ana, \"\"A\"\"\"\n{why},2\n{why},3,Cy,x\n")
    );
}

#[test]
fn a_file_of_refused_rows_uploaded_again_does_not_pile_up_reasons() {
    let mut file = CsvFile::open(&b"reason,phone\ntoo short,12\n"[..]).unwrap();
    let records = file.batch(10).unwrap().records;
    let mut rejected = Rejected::begin(Vec::new(), file.header()).unwrap();
    rejected
        .add(
            &records[0],
            &Rejection::of_row(2, Code::ImportRow, "still too short"),
        )
        .unwrap();
    assert_eq!(rejected.finish().unwrap(), b"reason,phone\nstill too short,12\n");
}

#[test]
fn a_disk_that_is_full_is_told() {
    #[derive(Debug)]
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let rejected = Rejected::begin(Full, &["phone".to_owned()]).unwrap();
    assert_eq!(rejected.finish().unwrap_err().code(), Code::ImportIo);
}

proptest! {
    #[test]
    fn what_a_writer_of_csv_writes_is_read_back(
        rows in prop::collection::vec(prop::collection::vec("[a,\"\r\n é]{0,5}", 1..5), 0..20),
        piece in 1..40_usize,
    ) {
        let mut file = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        file.write_record(["first", "second"]).unwrap();
        for row in &rows {
            file.write_record(row).unwrap();
        }
        let bytes = file.into_inner().unwrap();
        let (_, read) = read_from(Trickle(&bytes, piece)).unwrap();
        let read: Vec<Vec<String>> = read.into_iter().map(|(_, cells)| cells).collect();
        let wanted: Vec<Vec<String>> =
            rows.into_iter().filter(|row| row.iter().any(|cell| !cell.trim().is_empty())).collect();
        prop_assert_eq!(read, wanted);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(prop_oneof![
        Just(b'"'), Just(b','), Just(b'\n'), Just(b'\r'), Just(b'a'), Just(0xc3), Just(0xa9), Just(0), any::<u8>()
    ], 0..200), piece in 1..40_usize) {
        let whole = read(&bytes).map_err(|error| error.to_string());
        let pieces = read_from(Trickle(&bytes, piece)).map_err(|error| error.to_string());
        prop_assert_eq!(whole, pieces);
    }
}
