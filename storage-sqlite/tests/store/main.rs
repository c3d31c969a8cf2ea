//! The store in a file and in memory: the suite of all stores, and what only a file can do.

#![allow(clippy::unwrap_used)]

mod conformance;
mod crash;
mod encryption;
mod files;
mod scrub;
mod search;
mod sharing;
mod support;
