//! Settings.

use tertulia::{Org, Settings};

use crate::method::area;

area! {
    /// Settings.
    settings(org: Org) {
        /// The settings as they are committed.
        fn get() -> Settings {
            org.settings().get().await
        }

        /// Replaces the settings. Fails with `setting.invalid`.
        fn set(settings: Settings) -> () {
            org.settings().set(settings).await
        }
    }
}
