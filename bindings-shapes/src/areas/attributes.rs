//! Custom attributes.

use tertulia::core::attributes::Attribute;
use tertulia::{AttributeKind, Org};

use crate::method::area;

area! {
    /// Definitions of custom attributes.
    attributes(org: Org) {
        /// Defines an attribute; nothing if it is defined just so. Fails with `attribute.invalid`.
        fn define(name: String, kind: AttributeKind) -> () {
            org.attributes().define(&name, kind).await
        }

        /// All definitions, by name.
        fn list() -> Vec<Attribute> {
            org.attributes().list().await
        }
    }
}
