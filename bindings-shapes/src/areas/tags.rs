//! Tags.

use tertulia::{Org, TagCount};

use crate::method::area;

area! {
    /// Tags and how many contacts carry them.
    tags(org: Org) {
        /// Gives a tag another name: rules, segments and drafts follow at once, and contacts batch by batch; how many
        /// contacts that were. If it is cut off, `merge` does the rest.
        ///
        /// Fails with `tag.not_found`, `tag.empty`, `tag.too_long`, or `tag.exists` if another tag has the name.
        fn rename(name: String, new: String) -> u64 {
            org.tags().rename(&name, &new).await
        }

        /// Makes one tag of two: whoever has the first gets the other. Rules, segments and drafts follow at once, and
        /// contacts batch by batch; how many contacts that were. If it is cut off, the same call does the rest.
        ///
        /// Fails with `tag.not_found`, or `tag.same`.
        fn merge(name: String, into: String) -> u64 {
            org.tags().merge(&name, &into).await
        }

        /// Deletes a tag and takes it from contacts, batch by batch; how many contacts that were. If it is cut off, the
        /// same call does the rest.
        ///
        /// Fails with `tag.not_found`, or `tag.in_use` while a rule adds it, or a segment or a draft asks for it.
        fn delete(name: String) -> u64 {
            org.tags().delete(&name).await
        }

        /// All tags, by their folded names.
        fn list() -> Vec<TagCount> {
            org.tags().list().await
        }
    }
}
