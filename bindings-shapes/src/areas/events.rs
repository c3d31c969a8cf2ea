//! The feed.

use tertulia::{Event, Org};

use crate::method::area;

area! {
    /// The durable, ordered feed of what changed.
    events(org: Org) {
        /// The events after a position (0: from the start), at most so many, in the order of their commits.
        fn read(after: u64, limit: usize) -> Vec<Event> {
            org.events().read(after, limit).await
        }
    }
}
