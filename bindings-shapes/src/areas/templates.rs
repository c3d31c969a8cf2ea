//! Provider templates.

use tertulia::{Language, Org, Template};

use crate::method::area;

area! {
    /// Provider templates.
    templates(org: Org) {
        /// Stores a template, new or in place of the one with its name and language. Fails with `template.*`.
        fn put(template: Template) -> () {
            org.templates().put(template).await
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
