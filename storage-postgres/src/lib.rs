//! Keeps the CRM in a PostgreSQL database, which many processes and machines may share.
//!
//! Commits of an organisation follow one another, by a lock that the server keeps; those of different organisations go side
//! by side. A commit's statements are sent together. What waits while one is under way goes in the next, together. Workers
//! lease rows without waiting for each other. A schema that is not a store of this library, or of a newer version of it, is
//! refused and left as it is.

mod claims;
mod commits;
mod connect;
mod copy;
mod enlist;
mod error;
mod facts;
mod groups;
mod migrate;
mod options;
mod reads;
mod scrub;
mod steps;
mod store;
mod tables;
mod tls;
mod transaction;
mod values;
mod wake;

pub use options::Options;
pub use store::PostgresStorage;
