//! Filters that come in: what they name must be there, and segments give way to what they stand for.

use std::collections::HashMap;

use crate::attributes::Attribute;
use crate::context::Context;
use crate::decide::segments::{not_found, segment_key};
use crate::error::{Code, Error};
use crate::filter::Filter;
use crate::ids::SegmentId;
use crate::record::Key;
use crate::segment::Segment;
use crate::working_set::{Step, WorkingSet};

/// How many segments may name each other in a row.
const MAX_CHAIN: usize = 20;

/// How many times segments may be put in place of their names in one filter.
const MAX_SEGMENTS: usize = 100;

/// A filter as stores take it: checked against the organisation's definitions, segments put in place of their names,
/// folded.
///
/// Fails with `filter.too_large`, `filter.attribute_unknown`, `filter.misfit` or `segment.not_found`.
pub fn ready(set: &mut WorkingSet, ctx: &Context<'_>, filter: &Filter) -> Step<Filter> {
    ready_within(set, ctx, filter, None)
}

/// The same of the filter that a segment is to have: it may not come back to the segment (`segment.cycle`).
pub(crate) fn ready_within(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    filter: &Filter,
    segment: Option<SegmentId>,
) -> Step<Filter> {
    filter.check_size()?;
    let segments = load_segments(set, ctx, filter)?;
    let mut expansion = Expansion {
        segments: &segments,
        path: segment.into_iter().collect(),
        left: MAX_SEGMENTS,
    };
    let filter = expansion.expand(filter)?;
    filter.check_size()?;
    check_attributes(set, ctx, &filter)?;
    Ok(filter.folded())
}

/// A filter as [`ready`] gives it, for finding contacts: deleted ones are not found.
pub fn to_find(set: &mut WorkingSet, ctx: &Context<'_>, filter: &Filter) -> Step<Filter> {
    Ok(ready(set, ctx, filter)?.without_deleted())
}

/// The segments that a filter names, and those that they name, row after row.
fn load_segments(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    filter: &Filter,
) -> Step<HashMap<SegmentId, Segment>> {
    let mut segments: HashMap<SegmentId, Segment> = HashMap::new();
    let mut row = filter.segments();
    for _ in 0..=MAX_CHAIN {
        set.need(row.iter().map(|id| segment_key(ctx, *id)))?;
        let mut next = Vec::new();
        for id in row {
            let found: Option<Segment> = set.get(&segment_key(ctx, id))?;
            let segment = found.ok_or_else(|| not_found(id))?;
            next.extend(segment.filter.segments());
            segments.insert(id, segment);
        }
        next.retain(|id| !segments.contains_key(id));
        row = next;
    }
    if row.is_empty() {
        Ok(segments)
    } else {
        Err(too_many().into())
    }
}

fn too_many() -> Error {
    Error::new(
        Code::FilterTooLarge,
        format!("the filter names more than {MAX_SEGMENTS} segments, or more than {MAX_CHAIN} in a row"),
    )
}

/// Puts segments in place of their names.
struct Expansion<'a> {
    segments: &'a HashMap<SegmentId, Segment>,
    /// The segments that the place stands in.
    path: Vec<SegmentId>,
    left: usize,
}

impl Expansion<'_> {
    fn expand(&mut self, filter: &Filter) -> Result<Filter, Error> {
        let mut all = |filters: &[Filter]| -> Result<Vec<Filter>, Error> {
            filters.iter().map(|part| self.expand(part)).collect()
        };
        Ok(match filter {
            Filter::And(filters) => Filter::And(all(filters)?),
            Filter::Or(filters) => Filter::Or(all(filters)?),
            Filter::Not(filter) => Filter::Not(Box::new(self.expand(filter)?)),
            Filter::Segment(id) => self.put_in_place(*id)?,
            leaf => leaf.clone(),
        })
    }

    fn put_in_place(&mut self, id: SegmentId) -> Result<Filter, Error> {
        let segments = self.segments;
        let segment = segments.get(&id).ok_or_else(|| not_found(id))?;
        if self.path.contains(&id) {
            let message = format!(
                "the filter of segment {:?} comes back to the segment itself",
                segment.name
            );
            return Err(Error::new(Code::SegmentCycle, message));
        }
        self.left = self.left.checked_sub(1).ok_or_else(too_many)?;
        if self.path.len() > MAX_CHAIN {
            return Err(too_many());
        }
        self.path.push(id);
        let filter = self.expand(&segment.filter);
        self.path.pop();
        filter
    }
}

fn check_attributes(set: &mut WorkingSet, ctx: &Context<'_>, filter: &Filter) -> Step<()> {
    let names = filter.attributes();
    let key = |name: &str| Key::Attribute {
        org: ctx.org.id,
        name: name.to_owned(),
    };
    set.need(names.iter().map(|name| key(name)))?;
    let mut definitions: HashMap<&str, Attribute> = HashMap::new();
    for name in names {
        if let Some(definition) = set.get(&key(name))? {
            definitions.insert(name, definition);
        }
    }
    Ok(filter.check_attributes(|name| definitions.get(name))?)
}
