//! The programs that need no platform, and one whose platform and time are in its hands, print what they are said to print.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::process::Command;

fn prints(program: &str, expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let ran = Command::new(program)
        .arg(folder.path().join("crm.db"))
        .output()
        .unwrap();
    let (said, failed) = (
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr),
    );
    assert!(ran.status.success(), "{}: {failed}", ran.status);
    assert_eq!(said, expected);
}

#[test]
fn contacts() {
    prints(
        env!("CARGO_BIN_EXE_contacts"),
        include_str!("../data/contacts.txt"),
    );
}

#[test]
fn segments() {
    prints(
        env!("CARGO_BIN_EXE_segments"),
        include_str!("../data/segments.txt"),
    );
}

#[test]
fn privacy() {
    prints(env!("CARGO_BIN_EXE_privacy"), include_str!("../data/privacy.txt"));
}

#[test]
fn import_export() {
    prints(
        env!("CARGO_BIN_EXE_import-export"),
        include_str!("../data/import-export.txt"),
    );
}

#[test]
fn bot() {
    prints(env!("CARGO_BIN_EXE_bot"), include_str!("../data/bot.txt"));
}

#[test]
fn broadcast() {
    prints(
        env!("CARGO_BIN_EXE_broadcast"),
        include_str!("../data/broadcast.txt"),
    );
}

#[test]
fn inbox() {
    prints(env!("CARGO_BIN_EXE_inbox"), include_str!("../data/inbox.txt"));
}

#[test]
fn drip() {
    prints(env!("CARGO_BIN_EXE_drip"), include_str!("../data/drip.txt"));
}
