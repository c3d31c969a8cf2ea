//! Auto-tag rules.

use tertulia::core::ids::RuleId;
use tertulia::core::tagging::{Match, Rule};
use tertulia::{Channel, Org, Pattern};

use crate::method::area;

area! {
    /// Auto-tag rules.
    rules(org: Org) {
        /// Adds a rule for every channel; its id.
        ///
        /// Fails with `rule.*` or `tag.*`: a regular expression that does not compile is refused with its position.
        fn add(pattern: Pattern, tags: Vec<String>) -> RuleId {
            let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
            org.rules().add(pattern, &tags).await
        }

        /// Stores a rule, new or in place of the one with its id. It counts from the next message on.
        fn put(rule: Rule) -> () {
            org.rules().put(rule).await
        }

        /// Removes a rule; tags that it added stay.
        fn remove(id: RuleId) -> () {
            org.rules().remove(id).await
        }

        /// All rules, in the order in which they apply.
        fn list() -> Vec<Rule> {
            org.rules().list().await
        }

        /// Which rules would fire for a text that came over a channel, and where in it.
        fn test(text: String, channel: Channel) -> Vec<Match> {
            org.rules().test(&text, channel).await
        }
    }
}
