//! Tags and how many contacts carry them.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tertulia_core::broadcast::Broadcast;
use tertulia_core::contact::Tag;
use tertulia_core::context::Context;
use tertulia_core::decide::tags::{self, TagUsers};
use tertulia_core::error::Error;
use tertulia_core::filter::Filter;
use tertulia_core::record::{OrgRule, RecordKind};
use tertulia_core::roles::Call;
use tertulia_core::segment::Segment;
use tertulia_core::sequence::Sequence;
use tertulia_core::working_set::WorkingSet;
use tertulia_storage_traits::Query;

use crate::error::from_storage;
use crate::handles::batches::everybody;
use crate::org::Org;

/// Tags.
#[derive(Debug, Clone, Copy)]
pub struct Tags<'a>(pub(crate) &'a Org);

/// A tag with its count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TagCount {
    /// The tag as first written.
    pub name: String,
    /// How many contacts that are not deleted carry it.
    pub contacts: u64,
}

impl Tags<'_> {
    /// Gives a tag another name: rules, segments, drafts and sequences follow at once, and contacts batch by batch; how many contacts
    /// that were. If it is cut off, [`merge`](Self::merge) does the rest.
    ///
    /// Fails with `tag.not_found`, `tag.empty`, `tag.too_long`, or `tag.exists` if another tag has the name.
    pub async fn rename(&self, name: &str, new: &str) -> Result<u64, Error> {
        let call = Call::TagsRename;
        let users = self.users(call).await?;
        let (name, new) = (name.to_owned(), new.to_owned());
        let (before, after) = self
            .0
            .decide(call, move |set, ctx| tags::rename(set, ctx, &name, &new, &users))
            .await?;
        self.follow(call, before, Some(after), false).await
    }

    /// Makes one tag of two: whoever has the first gets the other. Rules, segments, drafts and sequences follow at once, and contacts
    /// batch by batch; how many contacts that were. If it is cut off, the same call does the rest.
    ///
    /// Fails with `tag.not_found`, or `tag.same`.
    pub async fn merge(&self, name: &str, into: &str) -> Result<u64, Error> {
        let call = Call::TagsMerge;
        let users = self.users(call).await?;
        let (name, into) = (name.to_owned(), into.to_owned());
        let (before, after) = self
            .0
            .decide(call, move |set, ctx| tags::merge(set, ctx, &name, &into, &users))
            .await?;
        self.follow(call, before, Some(after), true).await
    }

    /// Deletes a tag and takes it from contacts, batch by batch; how many contacts that were. If it is cut off, the same
    /// call does the rest.
    ///
    /// Fails with `tag.not_found`, or `tag.in_use` while a rule adds it, a segment or a draft asks for it, or a sequence names it.
    pub async fn delete(&self, name: &str) -> Result<u64, Error> {
        let call = Call::TagsDelete;
        let users = self.users(call).await?;
        let name = name.to_owned();
        let tag = self
            .0
            .decide(call, move |set, ctx| tags::check_delete(set, ctx, &name, &users))
            .await?;
        self.follow(call, tag, None, true).await
    }

    /// Contacts follow a tag that became another, or nothing. Whoever got it between the last batch and its end follows
    /// after that.
    async fn follow(&self, call: Call, from: Tag, to: Option<Tag>, told: bool) -> Result<u64, Error> {
        let runtime = &self.0.admitted(call).await?.runtime;
        let everyone = Filter::tagged_any([from.key.clone()]);
        let each = {
            let (from, to) = (from.clone(), to.clone());
            move |set: &mut WorkingSet, ctx: &mut Context<'_>, id| {
                tags::retag(set, ctx, id, &from, to.as_ref(), told)
            }
        };
        let changed = everybody(runtime, self.0, Some(call), everyone.clone(), each.clone()).await?;
        if to.as_ref().is_some_and(|to| to.key == from.key) {
            return Ok(changed);
        }
        self.0
            .decide(call, move |set, ctx| tags::forget(set, ctx, &from, to.as_ref()))
            .await?;
        Ok(changed + everybody(runtime, self.0, Some(call), everyone, each).await?)
    }

    /// What may name a tag.
    async fn users(&self, call: Call) -> Result<TagUsers, Error> {
        let all = |kind| Query::Records {
            org: Some(self.0.id),
            kind,
        };
        let rules: Vec<OrgRule> = self.0.all(call, all(RecordKind::Rule)).await?;
        let segments: Vec<Segment> = self.0.all(call, all(RecordKind::Segment)).await?;
        let broadcasts: Vec<Broadcast> = self.0.all(call, all(RecordKind::Broadcast)).await?;
        let sequences: Vec<Sequence> = self.0.all(call, all(RecordKind::Sequence)).await?;
        let drafts = broadcasts
            .into_iter()
            .filter(|broadcast| broadcast.state.is_before_launch());
        Ok(TagUsers {
            rules: rules.into_iter().map(|rule| rule.rule.id).collect(),
            segments: segments.into_iter().map(|segment| segment.id).collect(),
            broadcasts: drafts.map(|draft| draft.id).collect(),
            sequences: sequences.into_iter().map(|sequence| sequence.id).collect(),
        })
    }

    /// All tags, by their folded names.
    pub async fn list(&self) -> Result<Vec<TagCount>, Error> {
        let call = Call::TagsList;
        let storage = &self.0.admitted(call).await?.runtime.storage;
        let tags: Vec<Tag> = self
            .0
            .all(
                call,
                Query::Records {
                    org: Some(self.0.id),
                    kind: RecordKind::Tag,
                },
            )
            .await?;
        let counts = storage.tag_counts(self.0.id).await.map_err(from_storage)?;
        let counts: HashMap<String, u64> = counts.into_iter().collect();
        let count = |key: &str| counts.get(key).copied().unwrap_or(0);
        Ok(tags
            .into_iter()
            .map(|tag| TagCount {
                contacts: count(&tag.key),
                name: tag.name,
            })
            .collect())
    }
}
