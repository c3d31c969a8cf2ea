//! The people who work with the contacts.

use tertulia::core::ids::AgentId;
use tertulia::core::team::Member;
use tertulia::{Org, Role};

use crate::method::area;

area! {
    /// The people who work with the contacts.
    team(org: Org) {
        /// Adds a member; `acting_as` makes calls on their behalf. Fails with `member.name_required`.
        fn add(name: String, role: Role) -> Member {
            org.team().add(&name, role).await
        }

        /// Gives a member another name: messages carry it from now on. Fails with `member.not_found` or
        /// `member.name_required`.
        fn rename(id: AgentId, name: String) -> Member {
            org.team().rename(id, &name).await
        }

        /// Gives a member another role: it counts from the next call on. Fails with `member.not_found`, and with
        /// `member.last_owner` where a member of the team, and not the host, would leave it without an owner.
        fn set_role(id: AgentId, role: Role) -> Member {
            org.team().set_role(id, role).await
        }

        /// Marks that a member does not work here any more, and makes a successor, or nobody, responsible for their
        /// contacts; how many contacts that were. Nothing that they did goes with them. Called again, it goes on with
        /// what an interruption left.
        ///
        /// Fails with `member.not_found`, with `member.inactive` for a successor who does not work here, and with
        /// `member.last_owner` where a member of the team, and not the host, would leave it without an owner.
        fn deactivate(id: AgentId, successor: Option<AgentId>) -> u64 {
            org.team().deactivate(id, successor).await
        }

        /// Takes a member back who had left. Fails with `member.not_found`.
        fn reactivate(id: AgentId) -> Member {
            org.team().reactivate(id).await
        }

        /// The member, who must be there.
        fn get(id: AgentId) -> Member {
            org.team().get(id).await
        }

        /// All members, those who joined first in front.
        fn list() -> Vec<Member> {
            org.team().list().await
        }
    }
}
