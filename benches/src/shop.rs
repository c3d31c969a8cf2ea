//! A shop over an SQLite file of its own, and the bare database that it is held against.

use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use tertulia::clock::{Clock, SystemClock};
use tertulia::core::channel::Channel;
use tertulia::core::decide::organisation::NewAccount;
use tertulia::core::ids::AccountId;
use tertulia::core::settings::Settings;
use tertulia::storage::Storage;
use tertulia::{Crm, Org, SqliteStorage, StaticCredentials, Transport};

use crate::measure::Outcome;

/// The sender's id at the platform.
pub(crate) const SENDER: &str = "106540352242922";

pub(crate) struct Shop {
    pub(crate) crm: Crm,
    pub(crate) org: Org,
    pub(crate) account: AccountId,
    _folder: TempDir,
}

impl Shop {
    /// A shop with one sender, reached by this transport.
    pub(crate) async fn open(transport: impl Transport + 'static) -> Outcome<Self> {
        Self::open_at(transport, SystemClock).await
    }

    /// The same, in a time of its own.
    pub(crate) async fn open_at(
        transport: impl Transport + 'static,
        clock: impl Clock + 'static,
    ) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let storage = SqliteStorage::open(folder.path().join("crm.db"))?;
        let crm = crm(Arc::new(storage), transport, clock)?;
        let (org, account) = organisation(&crm, SENDER).await?;
        Ok(Self {
            crm,
            org,
            account,
            _folder: folder,
        })
    }
}

/// A CRM on a store, whose platform is reached by this transport.
pub(crate) fn crm(
    storage: Arc<dyn Storage>,
    transport: impl Transport + 'static,
    clock: impl Clock + 'static,
) -> Outcome<Crm> {
    Ok(Crm::builder()
        .storage(storage)
        .transport("whatsapp", transport)
        .credentials(StaticCredentials::default().with("main", "access token"))
        .clock(clock)
        .build()?)
}

/// An organisation with one sender.
pub(crate) async fn organisation(crm: &Crm, sender: &str) -> Outcome<(Org, AccountId)> {
    let org = crm.create_org(Settings::default()).await?;
    let account = org
        .accounts()
        .connect(NewAccount {
            channel: Channel::WhatsApp,
            sender_id: sender.to_owned(),
            business_id: Some("102290129340398".to_owned()),
            endpoint: None,
            name: "Main number".to_owned(),
            credential: "main".to_owned(),
            // What is measured is how fast it goes.
            messages_per_second: Some(0),
        })
        .await?;
    Ok((org, account))
}

/// A database as durable as the store's: a write-ahead log, flushed at every commit.
pub(crate) fn bare(folder: &Path, schema: &str) -> Outcome<rusqlite::Connection> {
    let connection = rusqlite::Connection::open(folder.join("bare.db"))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA cache_size = -65536;",
    )?;
    connection.execute_batch(schema)?;
    Ok(connection)
}
