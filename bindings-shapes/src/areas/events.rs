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

        /// The same, and if there are none yet, waits until there are: what follows all that happens. What any process
        /// commits to a PostgreSQL store is heard of at once; other stores are looked at every second.
        fn follow(after: u64, limit: usize) -> Vec<Event> {
            org.events().follow(after, limit).await
        }
    }
}
