//! What a caller does with the organisation's tags: renamed, merged, deleted, and what names them follows.

use crate::broadcast::Broadcast;
use crate::contact::{Tag, tag_key, tag_name};
use crate::context::Context;
use crate::decide::broadcasts;
use crate::decide::contacts;
use crate::decide::organisation::{org, replace_rule};
use crate::decide::routing;
use crate::decide::segments::segment_key;
use crate::decide::sequences;
use crate::error::{Code, Error};
use crate::ids::{BroadcastId, ContactId, RuleId, SegmentId, SequenceId};
use crate::journal::What;
use crate::record::{Key, OrgRule, Record};
use crate::segment::Segment;
use crate::selection::Target;
use crate::sequence::{Sequence, SequenceVersion};
use crate::tagging::Rule;
use crate::working_set::{Step, WorkingSet};

/// Everything that may name a tag: an organisation's rules, segments, drafts of broadcasts, and sequences.
#[derive(Debug, Clone, Default)]
pub struct TagUsers {
    /// The rules.
    pub rules: Vec<RuleId>,
    /// The segments.
    pub segments: Vec<SegmentId>,
    /// The broadcasts; those that are no drafts any more do not count.
    pub broadcasts: Vec<BroadcastId>,
    /// The sequences.
    pub sequences: Vec<SequenceId>,
}

fn key_of(ctx: &Context<'_>, key: &str) -> Key {
    Key::Tag {
        org: ctx.org.id,
        key: key.to_owned(),
    }
}

/// The tag of this name, which must be there.
pub fn get(set: &mut WorkingSet, ctx: &Context<'_>, name: &str) -> Step<Tag> {
    let (key, name) = tag_name(name)?;
    let tag: Option<Tag> = set.get(&key_of(ctx, &key))?;
    tag.ok_or_else(|| Error::new(Code::TagNotFound, format!("there is no tag {name:?}")).into())
}

/// Gives a tag another name; rules, segments, drafts and sequences follow in the same step. Contacts follow by [`retag`], and then
/// the old name is [forgotten](forget). Gives the tag before and after.
///
/// Fails with `tag.not_found`, `tag.empty`, `tag.too_long`, or `tag.exists` if another tag has the name.
pub fn rename(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    from: &str,
    to: &str,
    users: &TagUsers,
) -> Step<(Tag, Tag)> {
    let before = get(set, ctx, from)?;
    let (key, name) = tag_name(to)?;
    if key != before.key && set.get::<Tag>(&key_of(ctx, &key))?.is_some() {
        let message = format!(
            "there is a tag {name:?} already; merge {:?} into it, if they are one",
            before.name
        );
        return Err(Error::new(Code::TagExists, message).into());
    }
    let after = Tag {
        key,
        name,
        ..before.clone()
    };
    if after != before {
        replace(set, ctx, &before, &after, users)?;
    }
    Ok((before, after))
}

/// Makes two tags one; rules, segments, drafts and sequences follow in the same step. Contacts follow by [`retag`], and then the
/// first is [forgotten](forget). Gives the tag that goes and the one that stays.
///
/// Fails with `tag.not_found`, or `tag.same`.
pub fn merge(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    from: &str,
    into: &str,
    users: &TagUsers,
) -> Step<(Tag, Tag)> {
    let before = get(set, ctx, from)?;
    let after = get(set, ctx, into)?;
    if before.key == after.key {
        let message = format!("{from:?} and {into:?} are one tag");
        return Err(Error::new(Code::TagSame, message).into());
    }
    replace(set, ctx, &before, &after, users)?;
    Ok((before, after))
}

/// Refuses to delete a tag that something would go on naming. Contacts lose it by [`retag`], and then it is
/// [forgotten](forget).
///
/// Fails with `tag.not_found`, or `tag.in_use`.
pub fn check_delete(set: &mut WorkingSet, ctx: &Context<'_>, name: &str, users: &TagUsers) -> Step<Tag> {
    let tag = get(set, ctx, name)?;
    let user = if let Some(rule) = rules_with(set, ctx, &tag, users)?.into_iter().next() {
        format!("rule {} adds", rule.rule.id)
    } else if let Some(segment) = segments_with(set, ctx, &tag, users)?.into_iter().next() {
        format!("segment {:?} asks for", segment.name)
    } else if let Some(draft) = drafts_with(set, ctx, &tag, users)?.into_iter().next() {
        format!("the draft of broadcast {} asks for", draft.id)
    } else if let Some(sequence) = with(sequences_of(set, ctx, users)?, &tag).next() {
        format!("sequence {:?} names", sequence.name)
    } else if let Some(rule) = routing::naming_tag(ctx, &tag.key).next() {
        format!("rule of routing {} asks for", rule.id)
    } else {
        return Ok(tag);
    };
    let message = format!("{user} tag {:?}", tag.name);
    Err(Error::new(Code::TagInUse, message).into())
}

/// There is no such tag any more; whoever adds it while this is decided decides again.
pub fn forget(set: &mut WorkingSet, ctx: &Context<'_>, tag: &Tag, became: Option<&Tag>) -> Step<()> {
    let known: Option<Tag> = set.get(&key_of(ctx, &tag.key))?;
    if known.is_none() {
        return Ok(());
    }
    let mut org = org(set, ctx)?;
    org.rules_epoch += 1;
    set.put(org);
    set.remove(key_of(ctx, &tag.key));
    if became.is_none() {
        journal(set, ctx, tag, None);
    }
    Ok(())
}

/// Puts one tag in another's place with one contact, or takes it away; whether the contact had it. `told`: on the
/// contact's timeline, as a tag that went and one that came.
pub fn retag(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    id: ContactId,
    from: &Tag,
    to: Option<&Tag>,
    told: bool,
) -> Step<bool> {
    let mut contact = contacts::get(set, ctx, id)?;
    let Some(before) = contact.tags.remove(&from.key) else {
        return Ok(false);
    };
    if to.is_some_and(|to| to.key == from.key && to.name == before) {
        return Ok(false);
    }
    if told {
        set.journal(ctx.about(id, What::TagRemoved { tag: before }));
    }
    if let Some(to) = to {
        let new = contact.tags.insert(to.key.clone(), to.name.clone()).is_none();
        if told && new {
            let what = What::TagAdded {
                tag: to.name.clone(),
                rule: None,
            };
            set.journal(ctx.about(id, what));
        }
    }
    set.put(contact);
    Ok(true)
}

fn journal(set: &mut WorkingSet, ctx: &Context<'_>, before: &Tag, after: Option<&Tag>) {
    set.journal(ctx.entry(What::TagChanged {
        before: before.name.clone(),
        after: after.map(|after| after.name.clone()),
    }));
}

/// Everything that names one tag names another.
fn replace(set: &mut WorkingSet, ctx: &Context<'_>, from: &Tag, to: &Tag, users: &TagUsers) -> Step<()> {
    let rules = rules_with(set, ctx, from, users)?;
    let segments = segments_with(set, ctx, from, users)?;
    let drafts = drafts_with(set, ctx, from, users)?;
    let sequences = sequences_of(set, ctx, users)?;
    let editions = editions_with(set, ctx, from, &sequences)?;
    for rule in rules {
        let mut tags: Vec<String> = Vec::new();
        for tag in &rule.rule.tags {
            let name = if is(tag, from) { &to.name } else { tag };
            if !tags.iter().any(|known| tag_key(known) == tag_key(name)) {
                tags.push(name.clone());
            }
        }
        let renamed = Rule {
            tags,
            ..rule.rule.clone()
        };
        replace_rule(set, ctx, Some(&rule), renamed)?;
    }
    for mut segment in segments {
        segment.filter = segment.filter.retagged(&from.key, &to.key);
        set.journal(ctx.entry(What::SegmentChanged {
            segment: segment.id,
            change: "updated".to_owned(),
        }));
        set.put(segment);
    }
    for mut draft in drafts {
        if let Target::Filter(filter) = &mut draft.target {
            *filter = filter.retagged(&from.key, &to.key);
        }
        set.journal(ctx.entry(What::BroadcastChanged {
            broadcast: draft.id,
            change: "updated".to_owned(),
        }));
        set.put(draft);
    }
    for mut sequence in with(sequences, from) {
        sequence.definition = sequence.definition.retagged(from, to);
        sequences::watch(set, ctx, &sequence)?;
        sequences::keep(set, ctx, sequence, "updated");
    }
    for mut edition in editions {
        edition.definition = edition.definition.retagged(from, to);
        set.put(edition);
    }
    routing::retag(set, ctx, &from.key, &to.key)?;
    set.put(to.clone());
    journal(set, ctx, from, Some(to));
    Ok(())
}

fn is(name: &str, tag: &Tag) -> bool {
    tag_key(name) == tag.key
}

fn rules_with(set: &mut WorkingSet, ctx: &Context<'_>, tag: &Tag, users: &TagUsers) -> Step<Vec<OrgRule>> {
    let key = |rule: &RuleId| Key::Rule {
        org: ctx.org.id,
        rule: *rule,
    };
    let rules = all(set, users.rules.iter().map(key))?;
    let names = |rule: &OrgRule| rule.rule.tags.iter().any(|name| is(name, tag));
    Ok(rules.into_iter().filter(names).collect())
}

fn segments_with(set: &mut WorkingSet, ctx: &Context<'_>, tag: &Tag, users: &TagUsers) -> Step<Vec<Segment>> {
    let segments: Vec<Segment> = all(set, users.segments.iter().map(|id| segment_key(ctx, *id)))?;
    let names = |segment: &Segment| segment.filter.names_tag(&tag.key);
    Ok(segments.into_iter().filter(names).collect())
}

fn drafts_with(set: &mut WorkingSet, ctx: &Context<'_>, tag: &Tag, users: &TagUsers) -> Step<Vec<Broadcast>> {
    let keys = users.broadcasts.iter().map(|id| broadcasts::key(ctx, *id));
    let broadcasts: Vec<Broadcast> = all(set, keys)?;
    let names = |draft: &Broadcast| {
        let filter = draft.target.filter();
        draft.state.is_before_launch() && filter.is_some_and(|filter| filter.names_tag(&tag.key))
    };
    Ok(broadcasts.into_iter().filter(names).collect())
}

/// The sequences whatever they name: an edition that was replaced may name what today's does not.
fn sequences_of(set: &mut WorkingSet, ctx: &Context<'_>, users: &TagUsers) -> Step<Vec<Sequence>> {
    all(set, users.sequences.iter().map(|id| sequences::key(ctx, *id)))
}

/// Those that name the tag.
fn with(sequences: Vec<Sequence>, tag: &Tag) -> impl Iterator<Item = Sequence> {
    let names = |sequence: &Sequence| sequence.definition.names_tag(&tag.key);
    sequences.into_iter().filter(names)
}

/// The editions that were replaced, which some may still be under way in.
fn editions_with(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    tag: &Tag,
    sequences: &[Sequence],
) -> Step<Vec<SequenceVersion>> {
    let mut replaced = Vec::new();
    for sequence in sequences {
        replaced.extend((1..sequence.version).map(|version| (sequence.id, version)));
    }
    let keys = replaced
        .iter()
        .map(|(id, version)| sequences::version_key(ctx, *id, *version));
    let editions: Vec<SequenceVersion> = all(set, keys)?;
    let names = |edition: &SequenceVersion| edition.definition.names_tag(&tag.key);
    Ok(editions.into_iter().filter(names).collect())
}

/// Those of the records that are there, loaded together.
fn all<R: TryFrom<Record> + Clone>(set: &mut WorkingSet, keys: impl Iterator<Item = Key>) -> Step<Vec<R>> {
    let keys: Vec<Key> = keys.collect();
    set.need(keys.iter().cloned())?;
    let mut found = Vec::new();
    for key in &keys {
        found.extend(set.get(key)?);
    }
    Ok(found)
}
