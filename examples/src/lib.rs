//! What the programs have in common: a small shop, and a host that takes its webhooks.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use tertulia::core::ids::AccountId;
use tertulia::testing::{ManualClock, Platform, PlatformConfig};
use tertulia::{
    Builder, Channel, Crm, NewAccount, Org, Settings, SqliteStorage, StaticCredentials, WebhookRequest,
    WhatsApp, WhatsAppConfig,
};

/// What a program may fail with.
pub type Failure = Box<dyn Error>;

/// 2026-03-02 09:00:00 UTC, a Monday.
pub const MORNING: i64 = 1_772_442_000;

/// The file that a program is called with, or a new one in a folder that goes when it ends.
pub fn file(folder: &TempDir) -> PathBuf {
    let named = std::env::args_os().nth(1);
    named.map_or_else(|| folder.path().join("crm.db"), PathBuf::from)
}

/// A stand-in for WhatsApp on this machine, whose time is set by hand.
///
/// # Errors
/// No port can be listened on.
pub async fn platform(clock: &ManualClock) -> Result<Platform, Failure> {
    let config = PlatformConfig {
        clock: Arc::new(clock.clone()),
        ..PlatformConfig::default()
    };
    Ok(Platform::start_with(config).await?)
}

/// A CRM over a file that speaks to the platform. With the real one, only the secrets and the base URL differ.
///
/// # Errors
/// The file cannot be opened.
pub fn crm(file: &Path, platform: &Platform) -> Result<Builder, Failure> {
    let secrets = platform.config();
    let whatsapp =
        WhatsAppConfig::new(&secrets.app_secret, &secrets.verify_token).base_url(platform.base_url());
    Ok(Crm::builder()
        .storage(Arc::new(SqliteStorage::open(file)?))
        .transport("whatsapp", WhatsApp::new(whatsapp)?)
        .credentials(StaticCredentials::default().with("main number", &secrets.access_token)))
}

/// A shop with one number.
///
/// # Errors
/// As the calls it makes.
pub async fn open_shop(crm: &Crm, platform: &Platform) -> Result<(Org, AccountId), Failure> {
    let shop = crm
        .create_org(Settings {
            name: "Casa Lua".to_owned(),
            ..Settings::default()
        })
        .await?;
    let account = shop.accounts().connect(number(platform)).await?;
    Ok((shop, account))
}

/// The platform's number.
pub fn number(platform: &Platform) -> NewAccount {
    NewAccount {
        channel: Channel::WhatsApp,
        sender_id: platform.phone_number_id().to_owned(),
        business_id: Some(platform.config().waba_id.clone()),
        endpoint: None,
        name: "Main number".to_owned(),
        credential: "main number".to_owned(),
        messages_per_second: None,
    }
}

/// Hands the platform's webhooks to the CRM, as the host's HTTP route would.
pub fn listen(platform: &Platform, crm: &Crm) {
    let crm = crm.clone();
    platform.deliver_to(move |webhook| {
        let crm = crm.clone();
        async move {
            let request = WebhookRequest {
                method: "POST".to_owned(),
                url: "https://shop.example/webhooks/whatsapp".to_owned(),
                headers: webhook.headers,
                body: webhook.body,
            };
            let taken = crm.receive("whatsapp", request).await;
            taken.map_or_else(|error| tertulia::http_status(&error), |_| 200)
        }
    });
}

/// A bar of so many out of so many.
pub fn bar(count: u64, of: u64) -> String {
    const WIDTH: u64 = 40;
    let filled = (count * WIDTH).div_ceil(of.max(1));
    (0..WIDTH)
        .map(|place| if place < filled { '█' } else { '·' })
        .collect()
}
