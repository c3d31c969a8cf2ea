//! Where a store is, and what time it is there: what all processes over it agree on.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tertulia::clock::{Clock, SystemClock};
use tertulia::storage::Storage;
use tertulia::testing::PlatformConfig;
use tertulia::{
    Crm, PostgresStorage, SqliteOptions, SqliteStorage, StaticCredentials, Transport, WhatsApp,
    WhatsAppConfig, postgres_url,
};

/// The reference of the shops' key.
pub(crate) const CREDENTIAL: &str = "shops";

/// How many times as fast as the machine's the clock goes: a lease is over after three seconds.
const SPEED: i32 = 20;

/// A clock that was right at a moment and goes fast since, the same in all processes of the machine; or one that stands.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct FastClock {
    from: DateTime<Utc>,
    later: TimeDelta,
    speed: i32,
}

impl FastClock {
    pub(crate) fn started() -> Self {
        Self {
            from: SystemClock.now(),
            later: TimeDelta::zero(),
            speed: SPEED,
        }
    }

    pub(crate) const fn standing(at: DateTime<Utc>) -> Self {
        Self {
            from: at,
            later: TimeDelta::zero(),
            speed: 0,
        }
    }

    /// The same, so much later.
    pub(crate) const fn later(self, later: TimeDelta) -> Self {
        Self { later, ..self }
    }
}

#[async_trait]
impl Clock for FastClock {
    fn now(&self) -> DateTime<Utc> {
        let gone = match self.speed {
            0 => TimeDelta::zero(),
            speed => (SystemClock.now() - self.from) * speed,
        };
        self.from + gone + self.later
    }

    async fn sleep_until(&self, deadline: DateTime<Utc>) {
        if self.speed == 0 && self.now() < deadline {
            std::future::pending::<()>().await;
        }
        while self.now() < deadline {
            let left = (deadline - self.now()) / self.speed.max(1);
            let nap = left.to_std().unwrap_or_default();
            tokio::time::sleep(nap.clamp(Duration::from_millis(1), Duration::from_secs(1))).await;
        }
    }
}

/// What is needed to open the store from any process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Place {
    /// A file's path, or a server's URL.
    pub(crate) location: String,
    /// How long a process waits for others that write to a file.
    pub(crate) patience: Duration,
    pub(crate) clock: FastClock,
    /// Where the platform is; nowhere for who sends nothing.
    pub(crate) platform: Option<String>,
}

impl Place {
    pub(crate) fn at(location: &str) -> Self {
        Self {
            location: location.to_owned(),
            patience: SqliteOptions::default().busy_timeout,
            clock: FastClock::started(),
            platform: None,
        }
    }

    /// The store there. Here alone it matters of which kind it is.
    pub(crate) async fn storage(&self) -> Arc<dyn Storage> {
        if let Some(url) = postgres_url(self.location.as_ref()) {
            return Arc::new(Box::pin(PostgresStorage::open(url)).await.unwrap());
        }
        let mut options = SqliteOptions::default();
        options.busy_timeout = self.patience;
        let path = self.location.clone();
        let opening = tokio::task::spawn_blocking(move || SqliteStorage::open_with(path, &options));
        Arc::new(opening.await.unwrap().unwrap())
    }

    /// The CRM there.
    pub(crate) async fn open(&self) -> Crm {
        crm(
            self.storage().await,
            whatsapp(self.platform.as_deref()),
            self.clock,
        )
    }
}

/// The platform's transport, to where it is.
pub(crate) fn whatsapp(base_url: Option<&str>) -> WhatsApp {
    let config = PlatformConfig::default();
    let config = WhatsAppConfig::new(&config.app_secret, &config.verify_token);
    WhatsApp::new(match base_url {
        Some(url) => config.base_url(url),
        None => config,
    })
    .unwrap()
}

/// The CRM over a store.
pub(crate) fn crm(storage: Arc<dyn Storage>, transport: impl Transport + 'static, clock: FastClock) -> Crm {
    let key = PlatformConfig::default().access_token;
    Crm::builder()
        .storage(storage)
        .transport("whatsapp", transport)
        .credentials(StaticCredentials::default().with(CREDENTIAL, key))
        .clock(clock)
        .build()
        .unwrap()
}
