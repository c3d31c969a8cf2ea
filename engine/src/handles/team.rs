//! The people who work with the contacts.

use tertulia_core::context::Context;
use tertulia_core::decide::{profile, team};
use tertulia_core::error::Error;
use tertulia_core::filter::{Filter, OwnerFilter};
use tertulia_core::ids::AgentId;
use tertulia_core::record::RecordKind;
use tertulia_core::roles::{Call, Role};
use tertulia_core::team::Member;
use tertulia_core::working_set::WorkingSet;
use tertulia_storage_traits::Query;

use crate::handles::batches::everybody;
use crate::handles::inbox_bulk::hand_on;
use crate::org::Org;

/// The people who work with the contacts.
#[derive(Debug, Clone, Copy)]
pub struct Team<'a>(pub(crate) &'a Org);

impl Team<'_> {
    /// Adds a member; [`Org::acting_as`] makes calls on their behalf. Fails with `member.name_required`.
    pub async fn add(&self, name: &str, role: Role) -> Result<Member, Error> {
        let name = name.to_owned();
        self.0
            .decide(Call::TeamAdd, move |set, ctx| team::add(set, ctx, &name, role))
            .await
    }

    /// Gives a member another name: messages carry it from now on. Fails with `member.not_found` or
    /// `member.name_required`.
    pub async fn rename(&self, id: AgentId, name: &str) -> Result<Member, Error> {
        let name = name.to_owned();
        self.0
            .decide(Call::TeamRename, move |set, ctx| {
                team::rename(set, ctx, id, &name)
            })
            .await
    }

    /// Gives a member another role: it counts from the next call on. Fails with `member.not_found`, and with
    /// `member.last_owner` where a member of the team, and not the host, would leave it without an owner.
    pub async fn set_role(&self, id: AgentId, role: Role) -> Result<Member, Error> {
        self.0
            .decide(Call::TeamSetRole, move |set, ctx| {
                team::set_role(set, ctx, id, role)
            })
            .await
    }

    /// Marks that a member does not work here any more, and makes a successor, or nobody, responsible for their
    /// contacts and open conversations; how many contacts that were. Nothing that they did goes with them. Called again, it goes on with what an
    /// interruption left.
    ///
    /// Fails with `member.not_found`, with `member.inactive` for a successor who does not work here, and with
    /// `member.last_owner` where a member of the team, and not the host, would leave it without an owner.
    pub async fn deactivate(&self, id: AgentId, successor: Option<AgentId>) -> Result<u64, Error> {
        let call = Call::TeamDeactivate;
        let runtime = &self.0.admitted(call).await?.runtime;
        self.0
            .decide(call, move |set, ctx| {
                if let Some(successor) = successor {
                    team::check_successor(set, ctx, id, successor)?;
                }
                team::set_active(set, ctx, id, false)
            })
            .await?;
        let hand_over = move |set: &mut WorkingSet, ctx: &mut Context<'_>, contact| {
            profile::set_owner(set, ctx, contact, successor)
        };
        // Who leaves by their own call may not make it any more.
        let call = (!self.0.is_used_by(id)).then_some(call);
        hand_on(runtime, self.0, call, id, successor).await?;
        everybody(
            runtime,
            self.0,
            call,
            Filter::Owner(OwnerFilter::Is(id)),
            hand_over,
        )
        .await
    }

    /// Takes a member back who had left. Fails with `member.not_found`.
    pub async fn reactivate(&self, id: AgentId) -> Result<Member, Error> {
        self.0
            .decide(Call::TeamReactivate, move |set, ctx| {
                team::set_active(set, ctx, id, true)
            })
            .await
    }

    /// The member, who must be there.
    pub async fn get(&self, id: AgentId) -> Result<Member, Error> {
        self.0
            .look(Call::TeamGet, |set, ctx| team::get(set, ctx, id))
            .await
    }

    /// All members, those who joined first in front.
    pub async fn list(&self) -> Result<Vec<Member>, Error> {
        self.0
            .all(
                Call::TeamList,
                Query::Records {
                    org: Some(self.0.id),
                    kind: RecordKind::Member,
                },
            )
            .await
    }
}
