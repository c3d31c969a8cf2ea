//! Settings.

use tertulia_core::decide::organisation;
use tertulia_core::error::Error;
use tertulia_core::roles::Call;
use tertulia_core::settings::Settings;

use crate::org::Org;

/// Settings.
#[derive(Debug, Clone, Copy)]
pub struct SettingsHandle<'a>(pub(crate) &'a Org);

impl SettingsHandle<'_> {
    /// The settings as they are committed.
    pub async fn get(&self) -> Result<Settings, Error> {
        let runtime = &self.0.admitted(Call::SettingsGet).await?.runtime;
        Ok(runtime.fresh_org(self.0.id).await?.settings.clone())
    }

    /// Replaces the settings. Fails with `setting.invalid`.
    pub async fn set(&self, settings: Settings) -> Result<(), Error> {
        self.0
            .decide(Call::SettingsSet, move |set, ctx| {
                organisation::set_settings(set, ctx, &settings)
            })
            .await
    }
}
