//! What a caller does with segments.

use std::collections::BTreeSet;

use crate::context::Context;
use crate::decide::filters;
use crate::error::{Code, Error};
use crate::filter::Filter;
use crate::ids::SegmentId;
use crate::journal::What;
use crate::record::Key;
use crate::segment::{Segment, SegmentName, SegmentUser, segment_name};
use crate::working_set::{Step, WorkingSet};

pub(crate) fn segment_key(ctx: &Context<'_>, segment: SegmentId) -> Key {
    Key::Segment {
        org: ctx.org.id,
        segment,
    }
}

pub(crate) fn not_found(segment: SegmentId) -> Error {
    Error::new(Code::SegmentNotFound, format!("there is no segment {segment}"))
}

/// The segment, which must be there.
pub fn get(set: &mut WorkingSet, ctx: &Context<'_>, id: SegmentId) -> Step<Segment> {
    let found: Option<Segment> = set.get(&segment_key(ctx, id))?;
    found.ok_or_else(|| not_found(id).into())
}

/// Saves a filter under a name.
///
/// Fails with `segment.invalid`, `segment.exists`, `segment.not_found` (one that the filter names) or `filter.*`.
pub fn create(set: &mut WorkingSet, ctx: &mut Context<'_>, name: &str, filter: &Filter) -> Step<SegmentId> {
    let (key, name) = segment_name(name)?;
    filters::ready(set, ctx, filter)?;
    let segment = Segment {
        id: ctx.ids.next(),
        org: ctx.org.id,
        name,
        filter: filter.folded(),
        created_at: ctx.now,
        users: BTreeSet::new(),
    };
    let id = segment.id;
    take_name(set, ctx, &key, &segment)?;
    rely(set, ctx, SegmentUser::Segment(id), None, Some(&segment.filter))?;
    journal(set, ctx, id, "created");
    set.put(segment);
    Ok(id)
}

/// Gives a segment another name and filter. Whatever names it means the new filter from now on.
///
/// Fails as [`create`] does, and with `segment.cycle` if the filter comes back to the segment itself.
pub fn update(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    id: SegmentId,
    name: &str,
    filter: &Filter,
) -> Step<()> {
    let mut segment = get(set, ctx, id)?;
    let (key, name) = segment_name(name)?;
    filters::ready_within(set, ctx, filter, Some(id))?;
    let (old_key, _) = segment_name(&segment.name)?;
    let before = std::mem::replace(&mut segment.filter, filter.folded());
    segment.name = name;
    if key != old_key {
        take_name(set, ctx, &key, &segment)?;
        give_name_back(set, ctx, old_key)?;
    }
    rely(
        set,
        ctx,
        SegmentUser::Segment(id),
        Some(&before),
        Some(&segment.filter),
    )?;
    journal(set, ctx, id, "updated");
    set.put(segment);
    Ok(())
}

/// Deletes a segment that nothing relies on.
///
/// Fails with `segment.in_use` while a draft of a broadcast, a sequence or another segment names it.
pub fn delete(set: &mut WorkingSet, ctx: &Context<'_>, id: SegmentId) -> Step<()> {
    let segment = get(set, ctx, id)?;
    if let Some(user) = segment.users.first() {
        let user = match user {
            SegmentUser::Broadcast(broadcast) => format!("the draft of broadcast {broadcast}"),
            SegmentUser::Segment(segment) => format!("segment {segment}"),
            SegmentUser::Routing(rule) => format!("rule of routing {rule}"),
            SegmentUser::Sequence(sequence) => format!("sequence {sequence}"),
        };
        let message = format!("segment {:?} is used by {user}", segment.name);
        return Err(Error::new(Code::SegmentInUse, message).into());
    }
    let (key, _) = segment_name(&segment.name)?;
    give_name_back(set, ctx, key)?;
    rely(set, ctx, SegmentUser::Segment(id), Some(&segment.filter), None)?;
    journal(set, ctx, id, "deleted");
    set.remove(segment_key(ctx, id));
    Ok(())
}

/// Notes with each segment that a filter names who relies on it, and with those that the filter before named that they
/// do no longer. Segments that are gone stay so.
pub(crate) fn rely(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    user: SegmentUser,
    before: Option<&Filter>,
    after: Option<&Filter>,
) -> Step<()> {
    let named = |filter: Option<&Filter>| -> BTreeSet<SegmentId> {
        filter
            .map(Filter::segments)
            .unwrap_or_default()
            .into_iter()
            .collect()
    };
    let (before, after) = (named(before), named(after));
    set.need(before.union(&after).map(|id| segment_key(ctx, *id)))?;
    for id in before.symmetric_difference(&after) {
        let Some(mut segment) = set.get::<Segment>(&segment_key(ctx, *id))? else {
            continue;
        };
        if after.contains(id) {
            segment.users.insert(user);
        } else {
            segment.users.remove(&user);
        }
        set.put(segment);
    }
    Ok(())
}

fn name_key(ctx: &Context<'_>, key: String) -> Key {
    Key::SegmentName { org: ctx.org.id, key }
}

fn take_name(set: &mut WorkingSet, ctx: &Context<'_>, key: &str, segment: &Segment) -> Step<()> {
    let holder: Option<SegmentName> = set.get(&name_key(ctx, key.to_owned()))?;
    if let Some(holder) = holder {
        let message = format!(
            "segment {} has the name {:?} already",
            holder.segment, segment.name
        );
        return Err(Error::new(Code::SegmentExists, message).into());
    }
    set.put(SegmentName {
        org: ctx.org.id,
        key: key.to_owned(),
        segment: segment.id,
    });
    Ok(())
}

fn give_name_back(set: &mut WorkingSet, ctx: &Context<'_>, key: String) -> Step<()> {
    let key = name_key(ctx, key);
    set.need([key.clone()])?;
    set.remove(key);
    Ok(())
}

fn journal(set: &mut WorkingSet, ctx: &Context<'_>, segment: SegmentId, change: &str) {
    set.journal(ctx.entry(What::SegmentChanged {
        segment,
        change: change.to_owned(),
    }));
}
