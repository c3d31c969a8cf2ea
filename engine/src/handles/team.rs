//! The people who work with the contacts.

use tertulia_core::decide::team;
use tertulia_core::error::Error;
use tertulia_core::ids::AgentId;
use tertulia_core::record::RecordKind;
use tertulia_core::team::Member;
use tertulia_storage_traits::Query;

use crate::org::Org;

/// The people who work with the contacts.
#[derive(Debug, Clone, Copy)]
pub struct Team<'a>(pub(crate) &'a Org);

impl Team<'_> {
    /// Adds a member; [`Org::acting_as`] makes calls on their behalf. Fails with `member.name_required`.
    pub async fn add(&self, name: &str) -> Result<Member, Error> {
        let name = name.to_owned();
        self.0.decide(move |set, ctx| team::add(set, ctx, &name)).await
    }

    /// Gives a member another name: messages carry it from now on. Fails with `member.not_found` or
    /// `member.name_required`.
    pub async fn rename(&self, id: AgentId, name: &str) -> Result<Member, Error> {
        let name = name.to_owned();
        self.0
            .decide(move |set, ctx| team::rename(set, ctx, id, &name))
            .await
    }

    /// The member, who must be there.
    pub async fn get(&self, id: AgentId) -> Result<Member, Error> {
        self.0.look(|set, ctx| team::get(set, ctx, id)).await
    }

    /// All members, those who joined first in front.
    pub async fn list(&self) -> Result<Vec<Member>, Error> {
        self.0
            .all(Query::Records {
                org: Some(self.0.id),
                kind: RecordKind::Member,
            })
            .await
    }
}
