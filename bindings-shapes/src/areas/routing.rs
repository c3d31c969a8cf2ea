//! Who gets a conversation that is new or open again.

use tertulia::core::ids::{ContactId, RuleId};
use tertulia::{Channel, NewRoutingRule, Org, RoutingRule};

use crate::method::area;

area! {
    /// Who gets a conversation that is new or open again: the first rule that fits.
    routing(org: Org) {
        /// Adds a rule behind all others, and switches it on; its id. It counts from the next conversation on that a
        /// contact opens, or opens again.
        ///
        /// Fails with `routing.invalid`, `filter.*`, `segment.not_found`, `handler.invalid`, `member.not_found` or
        /// `member.inactive`.
        fn add(rule: NewRoutingRule) -> RuleId {
            org.routing().add(rule).await
        }

        /// Stores a rule, new or in the place of the one with its id. Fails as `add` does.
        fn put(rule: RoutingRule) -> () {
            org.routing().put(rule).await
        }

        /// Removes a rule; who got a conversation by it keeps it. Fails with `routing.not_found`.
        fn remove(id: RuleId) -> () {
            org.routing().remove(id).await
        }

        /// Puts the rules in another order: all their ids, each once. Fails with `routing.not_found` or
        /// `routing.invalid`.
        fn order(ids: Vec<RuleId>) -> () {
            org.routing().order(&ids).await
        }

        /// All rules, in their order.
        fn list() -> Vec<RoutingRule> {
            org.routing().list().await
        }

        /// The rule by which a contact's conversation would be routed if they wrote now over a channel; absent: none.
        ///
        /// Fails with `contact.not_found`.
        fn test(contact: ContactId, channel: Channel) -> Option<RoutingRule> {
            org.routing().test(contact, channel).await
        }
    }
}
