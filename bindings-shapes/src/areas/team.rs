//! The people who work with the contacts.

use tertulia::Org;
use tertulia::core::ids::AgentId;
use tertulia::core::team::Member;

use crate::method::area;

area! {
    /// The people who work with the contacts.
    team(org: Org) {
        /// Adds a member; `acting_as` makes calls on their behalf. Fails with `member.name_required`.
        fn add(name: String) -> Member {
            org.team().add(&name).await
        }

        /// Gives a member another name: messages carry it from now on. Fails with `member.not_found` or
        /// `member.name_required`.
        fn rename(id: AgentId, name: String) -> Member {
            org.team().rename(id, &name).await
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
