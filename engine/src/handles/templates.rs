//! Provider templates.

use std::sync::Arc;

use tertulia_core::decide::{organisation, sending};
use tertulia_core::error::Error;
use tertulia_core::ids::AccountId;
use tertulia_core::record::{OrgTemplate, RecordKind};
use tertulia_core::roles::Call;
use tertulia_core::template::{Language, Template};
use tertulia_storage_traits::Query;

use crate::org::Org;
use crate::runtime::to_the_end;

/// Provider templates.
#[derive(Debug, Clone, Copy)]
pub struct Templates<'a>(pub(crate) &'a Org);

impl Templates<'_> {
    /// Stores a template, new or in place of the one with its name and language. Fails with `template.*`.
    pub async fn put(&self, template: Template) -> Result<(), Error> {
        self.0
            .decide(Call::TemplatesPut, move |set, ctx| {
                organisation::put_template(set, ctx, &template)
            })
            .await
    }

    /// Takes over the templates of a sender's business account as the platform lists them now; how many. One that is
    /// stored and not listed stays as it is.
    ///
    /// Fails with `account.not_found`, `credential.missing`, or `transport.*` if the platform does not list them.
    pub async fn sync(&self, account: AccountId) -> Result<usize, Error> {
        let call = Call::TemplatesSync;
        let inner = Arc::clone(self.0.admitted(call).await?);
        let account = self
            .0
            .look(call, |set, ctx| sending::get_account(set, ctx, account))
            .await?;
        let org = self.0.clone();
        to_the_end(async move {
            let transport = inner.transport(&account)?;
            let listed = transport.list_templates(&inner.sender(&account).await?).await?;
            let names: Vec<String> = listed.iter().map(|template| template.name.clone()).collect();
            let put = org.decide_all(Some(call), listed, |set, ctx, template| {
                organisation::put_template(set, ctx, template)
            });
            let mut stored = 0;
            for (result, name) in put.await?.into_iter().zip(names) {
                match result {
                    Ok(()) => stored += 1,
                    Err(error) => {
                        let code = error.code().as_str();
                        tracing::warn!(code, name, "a listed template cannot be stored");
                    }
                }
            }
            Ok(stored)
        })
        .await
    }

    /// The template, which must be there.
    pub async fn get(&self, name: &str, language: &Language) -> Result<Template, Error> {
        self.0
            .look(Call::TemplatesGet, |set, ctx| {
                sending::get_template(set, ctx, name, language)
            })
            .await
    }

    /// All templates, by name and language.
    pub async fn list(&self) -> Result<Vec<Template>, Error> {
        let query = Query::Records {
            org: Some(self.0.id),
            kind: RecordKind::Template,
        };
        let templates: Vec<OrgTemplate> = self.0.all(Call::TemplatesList, query).await?;
        Ok(templates.into_iter().map(|template| template.template).collect())
    }
}
