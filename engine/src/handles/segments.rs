//! Filters saved under names.

use tertulia_core::decide::segments;
use tertulia_core::error::Error;
use tertulia_core::filter::Filter;
use tertulia_core::ids::SegmentId;
use tertulia_core::record::RecordKind;
use tertulia_core::roles::Call;
use tertulia_core::segment::Segment;
use tertulia_storage_traits::Query;

use crate::org::Org;

/// Filters saved under names.
#[derive(Debug, Clone, Copy)]
pub struct Segments<'a>(pub(crate) &'a Org);

impl Segments<'_> {
    /// Saves a filter under a name; its id, by which `Filter::Segment` names it wherever a filter is taken.
    ///
    /// Fails with `segment.invalid`, `segment.exists` (the names are compared folded), `segment.not_found` (one that the
    /// filter names) or `filter.*`.
    pub async fn create(&self, name: &str, filter: &Filter) -> Result<SegmentId, Error> {
        let (name, filter) = (name.to_owned(), filter.clone());
        self.0
            .decide(Call::SegmentsCreate, move |set, ctx| {
                segments::create(set, ctx, &name, &filter)
            })
            .await
    }

    /// The segment, which must be there.
    pub async fn get(&self, id: SegmentId) -> Result<Segment, Error> {
        self.0
            .look(Call::SegmentsGet, |set, ctx| segments::get(set, ctx, id))
            .await
    }

    /// All segments, by the time they were created.
    pub async fn list(&self) -> Result<Vec<Segment>, Error> {
        self.0
            .all(
                Call::SegmentsList,
                Query::Records {
                    org: Some(self.0.id),
                    kind: RecordKind::Segment,
                },
            )
            .await
    }

    /// Gives a segment another name and filter. Whatever names it means the new filter from now on; a broadcast that was
    /// launched stays as it was.
    ///
    /// Fails as [`create`](Self::create) does, and with `segment.cycle` if the filter comes back to the segment itself.
    pub async fn update(&self, id: SegmentId, name: &str, filter: &Filter) -> Result<(), Error> {
        let (name, filter) = (name.to_owned(), filter.clone());
        self.0
            .decide(Call::SegmentsUpdate, move |set, ctx| {
                segments::update(set, ctx, id, &name, &filter)
            })
            .await
    }

    /// Deletes a segment. Fails with `segment.in_use` while a draft of a broadcast or another segment names it.
    pub async fn delete(&self, id: SegmentId) -> Result<(), Error> {
        self.0
            .decide(Call::SegmentsDelete, move |set, ctx| {
                segments::delete(set, ctx, id)
            })
            .await
    }
}
