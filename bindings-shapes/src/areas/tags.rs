//! Tags.

use tertulia::{Org, TagCount};

use crate::method::area;

area! {
    /// Tags and how many contacts carry them.
    tags(org: Org) {
        /// All tags, by their folded names.
        fn list() -> Vec<TagCount> {
            org.tags().list().await
        }
    }
}
