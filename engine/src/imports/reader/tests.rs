use std::io::{self, Read};

use proptest::prelude::*;
use tertulia_core::error::{Code, Error};
use tertulia_core::import::{Delimiter, Encoding, Format, Rejection};

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
    read_as(file, Format::default())
}

fn read_as(file: impl Read, format: Format) -> Result<Table, Error> {
    let mut file = CsvFile::open(file, format)?;
    let mut rows = Vec::new();
    loop {
        let batch = file.batch(3)?;
        for record in &batch.records {
            if let Some(refused) = record.refused() {
                rows.push((record.line, vec![refused.to_string()]));
                continue;
            }
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
        (b" , ,\n\n", Code::ImportHeader, "the file is empty"),
        ("\u{feff}".as_bytes(), Code::ImportHeader, "the file is empty"),
        (b"\xff\xfe", Code::ImportHeader, "the file is empty"),
        (b"PK\x03\x04\x14\0\x06\0", Code::ImportKind, "a spreadsheet (xlsx, ods) or a zip archive; open it"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", Code::ImportKind, "Excel"),
        (b"%PDF-1.7\n", Code::ImportKind, "a PDF; export"),
        (b"\x1f\x8b\x08\0", Code::ImportKind, "gzip archive; unpack"),
        (b"\x89PNG\r\n\x1a\n\0\0", Code::ImportKind, "an image"),
        (b"\xff\xd8\xff\xe0\0", Code::ImportKind, "an image"),
        (b"GIF89a\x01\0", Code::ImportKind, "an image"),
        (b"\n <!DOCTYPE html><html>", Code::ImportKind, "a web page"),
        (b"\xef\xbb\xbf<?xml version=\"1.0\"?>", Code::ImportKind, "XML"),
        (b"[\n {\"phone\": \"+1\"}]", Code::ImportKind, "JSON"),
        (b"{\"contacts\": []}", Code::ImportKind, "JSON"),
        (b"BEGIN:VCARD\r\nVERSION:3.0", Code::ImportKind, "vCard"),
        (
            b"phone,name\n1,Ana\n2,\"Bo\n3,Cy\n",
            Code::ImportRow,
            "line 3: a quote",
        ),
        (b"phone,name\n1,Ana\n2,\"", Code::ImportRow, "line 3: a quote"),
        (b"phone,\"name\n1,Ana\n", Code::ImportRow, "line 1: a quote"),
        (b"ph\0ne,name\n", Code::ImportEncoding, "the header: there is a NUL byte at offset 2"),
        // Russian in Windows-1251.
        (
            b"phone,name\n1,\xcf\xe0\xe2\xe5\xeb \xd1\xe5\xf0\xe3\xe5\xe5\xe2\xe8\xf7\n2,\xcd\xe0\xf2\xe0\xeb\xfc\xff\n",
            Code::ImportEncoding,
            "seems to be windows-1251",
        ),
    ];
    for (file, code, words) in cases {
        for piece in [1, 1000] {
            let error = read_from(Trickle(file, piece)).unwrap_err();
            assert_eq!(error.code(), *code, "{file:?}: {error}");
            assert!(error.message().contains(words), "{file:?}: {error}");
        }
    }
    // Brackets around names make no JSON.
    assert!(read(b"[phone],[name]\n1,2\n").is_ok());
}

#[test]
fn a_folder_is_no_file() {
    let folder = std::fs::File::open(env!("CARGO_MANIFEST_DIR")).unwrap();
    let error = read_from(folder).unwrap_err();
    assert_eq!(error.code(), Code::ImportKind);
    assert!(error.message().contains("this is a folder"), "{error}");
}

/// How many line ends are within the cells of a row.
fn line_ends(row: &[String]) -> u64 {
    let ends = row
        .iter()
        .map(|cell| cell.replace("\r\n", "\n").matches(['\r', '\n']).count() as u64);
    ends.sum()
}

fn encoded(text: &str, encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Utf8 => text.as_bytes().to_vec(),
        Encoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        Encoding::Windows1252 => {
            let (bytes, _, lost) = encoding_rs::WINDOWS_1252.encode(text);
            assert!(!lost, "{text:?}");
            bytes.into_owned()
        }
    }
}

const ENCODINGS: [Encoding; 4] = [
    Encoding::Utf8,
    Encoding::Utf16Le,
    Encoding::Utf16Be,
    Encoding::Windows1252,
];

#[test]
fn the_encoding_and_the_delimiter_are_found_out() {
    // Those who are named by one accent only, and those by many.
    let texts = [
        "phone|name|tags\n+1|José|a,b\n",
        "phone|name|tags\n+49|Jürgen Müller|\"x|y\"\n+34|Begoña Núñez|vip\n+351|João Conceição|\n+33|Zoë Çelik|€\n",
        "Téléphone|Prénom|Ville\n+33|Élodie|Orléans\n",
        "phone|name|x\n+1|“Smart” quotes – and dashes…|z\n",
    ];
    for text in texts {
        for (delimiter, name) in Delimiter::ALL.iter().zip([",", ";", "\t"]) {
            let text = if *delimiter == Delimiter::Comma {
                text.replace("a,b", "\"a,b\"")
            } else {
                text.to_owned()
            };
            let text = text.replace('|', name);
            let wanted = read(text.as_bytes()).unwrap();
            assert_eq!(wanted.0.len(), 3, "{text:?}");
            for encoding in ENCODINGS {
                let bytes = encoded(&text, encoding);
                let marks: &[&str] = if encoding == Encoding::Windows1252 {
                    &[""]
                } else {
                    &["", "\u{feff}"]
                };
                for mark in marks {
                    let bytes = [encoded(mark, encoding), bytes.clone()].concat();
                    // Without a mark, UTF-16 is seen by letters of ASCII at the beginning.
                    let seen = encoding != Encoding::Utf16Le && encoding != Encoding::Utf16Be;
                    if mark.is_empty() && !seen && !text.starts_with("phone") {
                        continue;
                    }
                    for piece in [1, 3, 1000] {
                        let file = CsvFile::open(Trickle(&bytes, piece), Format::default()).unwrap();
                        assert_eq!(file.delimiter(), *delimiter);
                        let read = read_from(Trickle(&bytes, piece)).unwrap();
                        assert_eq!(read, wanted, "{encoding} {mark:?} in pieces of {piece}");
                        let said = Format {
                            encoding: Some(encoding),
                            delimiter: Some(*delimiter),
                        };
                        assert_eq!(read_as(Trickle(&bytes, piece), said).unwrap(), wanted);
                    }
                    let mut file = CsvFile::open(&bytes[..], Format::default()).unwrap();
                    file.batch(100).unwrap();
                    assert_eq!(file.encoding(), encoding, "{text:?}");
                }
            }
        }
    }
}

#[test]
fn the_delimiter_is_the_headers_by_the_rules_of_quoting_or_as_said() {
    for (file, columns) in [
        ("phone;last, first;email\n", 3),
        ("\"a;b;c;d\",phone\n", 2),
        ("phone\n1;2;3\n", 1),
        ("\n ; \nphone;name\n", 2),
        ("sep=;\nphone;name\n", 2),
        ("sep=\t\r\na,b\tname\n", 2),
        ("\"two\nlines, really\";b;c\n", 3),
        ("phone\tname;x\tmail\n", 3),
    ] {
        let (header, _) = read(file.as_bytes()).unwrap();
        assert_eq!(header.len(), columns, "{file:?}: {header:?}");
    }
    let said = Format {
        delimiter: Some(Delimiter::Semicolon),
        encoding: None,
    };
    let (header, rows) = read_as(&b"a,b,c;d\n1,2,3;4\n"[..], said).unwrap();
    assert_eq!(header, ["a,b,c", "d"]);
    assert_eq!(rows[0].1, ["1,2,3", "4"]);
}

#[test]
fn a_character_that_cannot_be_read_refuses_its_row_with_line_and_offset_and_no_other() {
    let utf8 = |bytes: &[u8]| bytes.to_vec();
    // UTF-16 with half a pair.
    let mut half = encoded("\u{feff}phone\n1\n", Encoding::Utf16Le);
    half.extend([0x3d, 0xd8]);
    half.extend(encoded("2\n3\n", Encoding::Utf16Le));
    let cases = [
        (utf8("phone,name\n1,José\n2,Jos\u{e9}\n".as_bytes()), None, ""),
        (
            utf8(b"phone,name\n1,Jos\xc3\xa9\n2,Jos\xe9\n3,Bo\n"),
            Some(3),
            "at offset 24 are no UTF-8",
        ),
        (
            utf8(b"\xef\xbb\xbfphone\n1\n\xff\n3\n"),
            Some(3),
            "at offset 11 are no UTF-8",
        ),
        (
            utf8(b"phone,name\n1,\xc3\xa9\xc3\xa9\n2,x\0y\n3,Bo\n"),
            Some(3),
            "NUL byte at offset 21",
        ),
        (
            utf8("phone,name\n1,é\n2,J\u{fffd}s\n3,Bo\n".as_bytes()),
            Some(3),
            "at offset 19 stands",
        ),
        (
            utf8(b"phone,name\n1,Jos\xe9\n2,\x81\n3,Bo\n"),
            Some(3),
            "at offset 20 are no Windows-1252",
        ),
        (half, Some(3), "at offset 18 are no UTF-16LE"),
    ];
    for (file, line, words) in cases {
        for piece in [1, 2, 1000] {
            let (_, rows) = read_from(Trickle(&file, piece)).unwrap();
            let refused: Vec<&(u64, Vec<String>)> = rows
                .iter()
                .filter(|(_, cells)| cells[0].contains("offset"))
                .collect();
            assert_eq!(refused.first().map(|(line, _)| *line), line, "{rows:?}");
            assert_eq!(refused.len(), usize::from(line.is_some()), "{rows:?}");
            assert!(
                refused.iter().all(|(_, cells)| cells[0].contains(words)),
                "{rows:?}"
            );
        }
    }
}

#[test]
fn a_fault_is_named_by_its_offset_wherever_it_stands() {
    for length in [10, 65_530, 65_536, 70_000, 200_000] {
        for (broken, encoding) in [(&b"\xc3("[..], Encoding::Utf8), (b"\0\0", Encoding::Utf16Le)] {
            let mut file = encoded("\u{feff}phone\n", encoding);
            while file.len() < length {
                file.extend(encoded("é\n", encoding));
            }
            let offset = file.len();
            file.extend(broken);
            file.extend(encoded("\n5\n", encoding));
            let (_, rows) = read(&file).unwrap();
            let [.., (_, refused), (_, after)] = &rows[..] else {
                panic!()
            };
            assert!(refused[0].contains(&format!("at offset {offset}")), "{refused:?}");
            assert_eq!(after, &["5"]);
        }
    }
}

#[test]
fn text_that_begins_as_ascii_is_judged_where_it_is_no_longer() {
    let mut file = b"phone,name\n".to_vec();
    while file.len() < 300_000 {
        file.extend(b"+12125550100,Ann\n");
    }
    file.extend(b"+12125550100,Jos\xe9 Garc\xeda\n");
    let mut csv = CsvFile::open(&file[..], Format::default()).unwrap();
    assert_eq!(csv.encoding(), Encoding::Utf8);
    let mut last = None;
    loop {
        let batch = csv.batch(1000).unwrap();
        last = batch.records.last().cloned().or(last);
        if batch.last {
            break;
        }
    }
    assert_eq!(csv.encoding(), Encoding::Windows1252);
    assert_eq!(last.unwrap().cells(), ["+12125550100", "José García"]);
}

#[test]
fn what_is_added_to_a_file_after_its_end_was_seen_is_no_part_of_it() {
    /// Says that it is at its end, and then goes on.
    #[derive(Debug)]
    struct Growing(Vec<&'static [u8]>);
    impl Read for Growing {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let next = if self.0.is_empty() {
                &b""[..]
            } else {
                self.0.remove(0)
            };
            out[..next.len()].copy_from_slice(next);
            Ok(next.len())
        }
    }
    let file = Growing(vec![b"phone\n1\n", b"2\n", b"", b"3\n", b""]);
    let (_, rows) = read_from(file).unwrap();
    assert_eq!(rows, [(2, vec!["1".to_owned()]), (3, vec!["2".to_owned()])]);
}

#[test]
fn a_mark_in_the_middle_of_joined_files_is_no_part_of_a_cell() {
    let (_, rows) = read("\u{feff}phone\n1\n\u{feff}phone\n2\n".as_bytes()).unwrap();
    assert_eq!(rows[1].1, ["phone"]);
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
    let mut file = CsvFile::open(b"phone\n1\n".chain(Broken), Format::default()).unwrap();
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
    let mut file = CsvFile::open(file.as_bytes(), Format::default()).unwrap();
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

    let mut file = CsvFile::open(&b"phone\n1\n2\n3\n4\n"[..], Format::default()).unwrap();
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
    let mut first = CsvFile::open(&file[..], Format::default()).unwrap();
    let none = first.digest();
    let done = first.batch(2).unwrap();
    assert_eq!(done.digest, first.digest());

    let mut again = CsvFile::open(&file[..], Format::default()).unwrap();
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
        let mut file = CsvFile::open(*other, Format::default()).unwrap();
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
    let mut file = CsvFile::open(
        &b"phone,name\n1,\"Ana, \"\"A\"\"\"\n2\n3,Cy,x\n"[..],
        Format::default(),
    )
    .unwrap();
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
    let mut file = CsvFile::open(&b"reason,phone\ntoo short,12\n"[..], Format::default()).unwrap();
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
    fn the_same_rows_are_read_from_every_encoding_and_delimiter(
        rows in prop::collection::vec(prop::collection::vec("[a,;\t\"\r\n éñ€]{0,5}", 3), 1..8),
        piece in 1..40_usize,
    ) {
        for delimiter in Delimiter::ALL {
            let mut file = csv::WriterBuilder::new().delimiter(delimiter.byte()).from_writer(Vec::new());
            file.write_record(["phone", "name", "x"]).unwrap();
            for row in &rows {
                file.write_record(row).unwrap();
            }
            let text = String::from_utf8(file.into_inner().unwrap()).unwrap();
            let mut line = 2;
            let mut wanted = Vec::new();
            for row in &rows {
                if row.iter().any(|cell| !cell.trim().is_empty()) {
                    wanted.push((line, row.clone()));
                }
                line += 1 + line_ends(row);
            }
            for encoding in ENCODINGS {
                let bytes = encoded(&text, encoding);
                let format = Format { encoding: Some(encoding), delimiter: None };
                let (header, read) = read_as(Trickle(&bytes, piece), format).unwrap();
                prop_assert_eq!(header, ["phone", "name", "x"]);
                prop_assert_eq!(&read, &wanted, "{} {:?}", encoding, delimiter);
            }
        }
    }

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
