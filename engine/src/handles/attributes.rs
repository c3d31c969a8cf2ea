//! Definitions of custom attributes.

use tertulia_core::attributes::{Attribute, AttributeKind};
use tertulia_core::decide::organisation;
use tertulia_core::error::Error;
use tertulia_core::record::RecordKind;
use tertulia_storage_traits::Query;

use crate::org::Org;

/// Definitions of custom attributes.
#[derive(Debug, Clone, Copy)]
pub struct Attributes<'a>(pub(crate) &'a Org);

impl Attributes<'_> {
    /// Defines an attribute; nothing if it is defined just so. Fails with `attribute.invalid`.
    pub async fn define(&self, name: &str, kind: AttributeKind) -> Result<(), Error> {
        let attribute = Attribute {
            org: self.0.id,
            name: name.to_owned(),
            kind,
        };
        self.0
            .decide(move |set, ctx| organisation::define_attribute(set, ctx, &attribute))
            .await
    }

    /// All definitions, by name.
    pub async fn list(&self) -> Result<Vec<Attribute>, Error> {
        self.0
            .all(Query::Records {
                org: Some(self.0.id),
                kind: RecordKind::Attribute,
            })
            .await
    }
}
