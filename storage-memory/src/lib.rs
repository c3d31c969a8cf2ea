//! A tertulia store in memory: for tests, and the model that every other store is held against.
//!
//! It is meant to be obviously right rather than fast: all records in one sorted map, a query is a scan, and every
//! rule is the function of [`tertulia_core`] that states it. Nothing is kept when it is dropped.

mod query;
mod store;

pub use store::MemoryStorage;
