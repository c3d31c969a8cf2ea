//! What the stores over SQL share: which table and columns a record is in, and queries, filters and pages as SQL. What
//! databases say differently is in [`Dialect`].
//!
//! Statements have a `?` for each value, in order; no literal in them has one.

pub mod cursor;
mod dialect;
pub mod error;
pub mod filter;
pub mod inbox;
pub mod journal;
pub mod pages;
pub mod plan;
pub mod rows;
pub mod turns;
mod value;

pub use dialect::Dialect;
pub use value::{NEVER, Value, as_id, micros, text};

/// A condition with the values of its `?`s, in order.
#[derive(Debug, Clone)]
pub struct Condition {
    /// The condition. Never null, so that `NOT` is the exact complement.
    pub sql: String,
    /// The values.
    pub values: Vec<Value>,
}
