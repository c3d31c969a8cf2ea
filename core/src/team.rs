//! The people who work with the organisation's contacts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Code, Error};
use crate::ids::{AgentId, OrgId};
use crate::roles::Role;

/// A member of the team: what an agent's id stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Member {
    /// The id, by which calls are made on the member's behalf.
    pub id: AgentId,
    /// The organisation.
    pub org: OrgId,
    /// The name, as contacts read it in `{{agent.name}}`.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they still work here. Nothing that they did goes with them.
    pub active: bool,
}

/// A member's name, trimmed.
///
/// # Errors
/// `member.name_required` if it is blank.
pub fn member_name(name: &str) -> Result<String, Error> {
    let name = name.trim();
    if name.is_empty() {
        return Err(Error::new(Code::MemberNameRequired, "the member has no name"));
    }
    Ok(name.to_owned())
}
