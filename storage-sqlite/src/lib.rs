//! Keeps the CRM in one SQLite file, which several processes may share.
//!
//! One thread writes: it takes all change sets that wait, gives each a savepoint, makes them durable by one `COMMIT`,
//! and only then answers. Reads run beside it on connections of their own, each as of one instant. A file that is not
//! a store of this library, or of a newer version of it, is refused and left as it is.

mod beside;
mod changes;
mod claims;
mod connection;
mod copy;
mod encryption;
mod error;
mod migrate;
#[cfg(test)]
mod plans;
mod query;
mod readers;
mod rows;
mod scrub;
mod store;
mod writer;

pub use encryption::{ConvertFrom, EncryptionKey};
pub use store::{Options, SqliteStorage};
