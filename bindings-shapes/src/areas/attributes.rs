//! Custom attributes.

use tertulia::core::attributes::Attribute;
use tertulia::{AttributeKind, Org};

use crate::method::area;

area! {
    /// Definitions of custom attributes.
    attributes(org: Org) {
        /// Defines an attribute; nothing if it is defined just so. Fails with `attribute.invalid`, also if it is defined
        /// otherwise: that is `change`.
        fn define(name: String, kind: AttributeKind) -> () {
            org.attributes().define(&name, kind).await
        }

        /// Defines an attribute anew. Values that do not fit any more are taken away from contacts; how many contacts
        /// lost one.
        ///
        /// Fails with `attribute.unknown`, `attribute.invalid`, and, unless it is forced, with `attribute.in_use` if there
        /// are values that may not fit: those of a dropdown's entry that goes, and all of an attribute that becomes
        /// anything else than text.
        fn change(name: String, kind: AttributeKind, force: Option<bool>) -> u64 {
            org.attributes().change(&name, kind, force.unwrap_or_default()).await
        }

        /// Removes the definition of an attribute, and its values from contacts; how many contacts lost one. Filters and
        /// texts that name it are refused from then on.
        ///
        /// Fails with `attribute.unknown`, and, unless it is forced, with `attribute.in_use` if there are values.
        fn remove(name: String, force: Option<bool>) -> u64 {
            org.attributes().remove(&name, force.unwrap_or_default()).await
        }

        /// All definitions, by name.
        fn list() -> Vec<Attribute> {
            org.attributes().list().await
        }
    }
}
