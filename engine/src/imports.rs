//! CSV files: read in batches, and the rows that were refused written back.

pub(crate) mod reader;
