//! Filters saved under names.

use tertulia::core::ids::SegmentId;
use tertulia::core::segment::Segment;
use tertulia::{Filter, Org};

use crate::method::area;

area! {
    /// Filters saved under names.
    segments(org: Org) {
        /// Saves a filter under a name; its id, by which `{"segment": id}` names it wherever a filter is taken.
        ///
        /// Fails with `segment.invalid`, `segment.exists` (names are compared without regard to case and accents),
        /// `segment.not_found` (one that the filter names) or `filter.*`.
        fn create(name: String, filter: Filter) -> SegmentId {
            org.segments().create(&name, &filter).await
        }

        /// The segment, which must be there.
        fn get(id: SegmentId) -> Segment {
            org.segments().get(id).await
        }

        /// All segments, by the time they were created.
        fn list() -> Vec<Segment> {
            org.segments().list().await
        }

        /// Gives a segment another name and filter. Whatever names it means the new filter from now on; a broadcast that
        /// was launched stays as it was. Fails as `create` does, and with `segment.cycle`.
        fn update(id: SegmentId, name: String, filter: Filter) -> () {
            org.segments().update(id, &name, &filter).await
        }

        /// Deletes a segment. Fails with `segment.in_use` while a draft of a broadcast or another segment names it.
        fn delete(id: SegmentId) -> () {
            org.segments().delete(id).await
        }
    }
}
