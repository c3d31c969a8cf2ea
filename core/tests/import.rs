//! CSV import, from a file's text to the records that a store keeps.

#![allow(clippy::unwrap_used)]

mod support;

#[path = "import/consent.rs"]
mod consent;
#[path = "import/export.rs"]
mod export;
#[path = "import/header.rs"]
mod header;
#[path = "import/rows.rs"]
mod rows;
