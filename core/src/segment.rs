//! Filters saved under a name.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contact::tag_key;
use crate::error::{Code, Error};
use crate::filter::Filter;
use crate::ids::{BroadcastId, OrgId, RuleId, SegmentId, SequenceId};

/// The most characters that a segment's name may have.
pub const NAME_MAX_CHARS: usize = 100;

/// A filter saved under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Segment {
    /// The id.
    pub id: SegmentId,
    /// The organisation.
    pub org: OrgId,
    /// The name, unique without regard to case and accents.
    pub name: String,
    /// The filter.
    pub filter: Filter,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// What relies on it.
    #[serde(default)]
    pub users: BTreeSet<SegmentUser>,
}

/// What relies on a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SegmentUser {
    /// A broadcast that was not launched yet.
    Broadcast(BroadcastId),
    /// Another segment.
    Segment(SegmentId),
    /// A rule of routing.
    Routing(RuleId),
    /// A sequence.
    Sequence(SequenceId),
}

/// Whose a segment's name is. Unique per organisation and folded name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentName {
    /// The organisation.
    pub org: OrgId,
    /// The folded name.
    pub key: String,
    /// Whose it is.
    pub segment: SegmentId,
}

/// A segment's key and name out of what somebody wrote.
///
/// # Errors
/// `segment.invalid` if it is empty, or longer than [`NAME_MAX_CHARS`].
pub fn segment_name(text: &str) -> Result<(String, String), Error> {
    let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let key = tag_key(&name);
    if key.is_empty() {
        return Err(Error::new(Code::SegmentInvalid, "a segment's name is empty"));
    }
    if name.chars().count() > NAME_MAX_CHARS {
        return Err(Error::new(
            Code::SegmentInvalid,
            format!("a segment's name has more than {NAME_MAX_CHARS} characters"),
        ));
    }
    Ok((key, name))
}
