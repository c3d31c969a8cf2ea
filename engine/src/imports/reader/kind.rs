//! What a file is by its first bytes, where it is no CSV.

/// First bytes, what they stand for, and what to do.
const BEGINNINGS: &[(&[u8], &str, &str)] = &[
    (
        b"PK\x03\x04",
        "a spreadsheet (xlsx, ods) or a zip archive",
        SAVE_AS_CSV,
    ),
    (b"PK\x05\x06", "an empty zip archive", UNPACK),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an Excel or Office file of the old kind",
        SAVE_AS_CSV,
    ),
    (b"%PDF-", "a PDF", EXPORT),
    (b"\x1f\x8b", "a gzip archive", UNPACK),
    (b"BZh", "a bzip2 archive", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    (b"\xfd7zXZ\0", "an xz archive", UNPACK),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", UNPACK),
    (b"\x89PNG\r\n", "an image (PNG)", EXPORT),
    (b"\xff\xd8\xff", "an image (JPEG)", EXPORT),
    (b"GIF87a", "an image (GIF)", EXPORT),
    (b"GIF89a", "an image (GIF)", EXPORT),
    (b"RIFF", "an image or a recording (RIFF)", EXPORT),
    (b"SQLite format 3\0", "a database (SQLite)", EXPORT),
];

const SAVE_AS_CSV: &str = "open it, and save the sheet as CSV in UTF-8";
const UNPACK: &str = "unpack it, and import the CSV that is in it";
const EXPORT: &str = "export the contacts as CSV from where they are kept";

/// What a file seems to be that begins with these bytes, and what to do; nothing if it may be a CSV.
pub(super) fn other_kind(head: &[u8]) -> Option<String> {
    let told = |what: &str, remedy: &str| Some(format!("the file seems to be {what}; {remedy}"));
    if let Some((_, what, remedy)) = BEGINNINGS.iter().find(|(start, ..)| head.starts_with(start)) {
        return told(what, remedy);
    }
    let text = head
        .strip_prefix("\u{feff}".as_bytes())
        .unwrap_or(head)
        .trim_ascii_start();
    let begins = |start: &str| {
        text.get(..start.len())
            .is_some_and(|begun| begun.eq_ignore_ascii_case(start.as_bytes()))
    };
    if begins("<!doctype") || begins("<html") || begins("<?xml") || begins("<table") {
        return told("a web page or XML", EXPORT);
    }
    if begins("BEGIN:VCARD") {
        return told("a file of visiting cards (vCard)", EXPORT);
    }
    // A header may stand in brackets, too; what follows an opening one tells.
    let inside = text.get(1..).unwrap_or_default().trim_ascii_start().first();
    match (text.first(), inside) {
        (Some(b'{'), Some(b'"' | b'}')) | (Some(b'['), Some(b'{' | b'[' | b'"' | b']')) => {
            told("JSON", EXPORT)
        }
        _ => None,
    }
}
