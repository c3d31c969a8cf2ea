//! Provider templates.

use tertulia::core::ids::AccountId;
use tertulia::{Language, Org, Template};

use crate::method::area;

area! {
    /// Provider templates.
    templates(org: Org) {
        /// Stores a template, new or in place of the one with its name and language. Fails with `template.*`.
        fn put(template: Template) -> () {
            org.templates().put(template).await
        }

        /// Takes over the templates of a sender's business account as the platform lists them now; how many. One that
        /// is stored and not listed stays as it is.
        ///
        /// Fails with `account.not_found`, `credential.missing`, or `transport.*` if the platform does not list them.
        fn sync(account: AccountId) -> usize {
            org.templates().sync(account).await
        }

        /// The template, which must be there.
        fn get(name: String, language: Language) -> Template {
            org.templates().get(&name, &language).await
        }

        /// All templates, by name and language.
        fn list() -> Vec<Template> {
            org.templates().list().await
        }
    }
}
