//! Provider templates.

use tertulia_core::decide::{organisation, sending};
use tertulia_core::error::Error;
use tertulia_core::record::{OrgTemplate, RecordKind};
use tertulia_core::template::{Language, Template};
use tertulia_storage_traits::Query;

use crate::org::Org;

/// Provider templates.
#[derive(Debug, Clone, Copy)]
pub struct Templates<'a>(pub(crate) &'a Org);

impl Templates<'_> {
    /// Stores a template, new or in place of the one with its name and language. Fails with `template.*`.
    pub async fn put(&self, template: Template) -> Result<(), Error> {
        self.0
            .decide(move |set, ctx| organisation::put_template(set, ctx, &template))
            .await
    }

    /// The template, which must be there.
    pub async fn get(&self, name: &str, language: &Language) -> Result<Template, Error> {
        self.0
            .look(|set, ctx| sending::get_template(set, ctx, name, language))
            .await
    }

    /// All templates, by name and language.
    pub async fn list(&self) -> Result<Vec<Template>, Error> {
        let query = Query::Records {
            org: Some(self.0.id),
            kind: RecordKind::Template,
        };
        let templates: Vec<OrgTemplate> = self.0.all(query).await?;
        Ok(templates.into_iter().map(|template| template.template).collect())
    }
}
