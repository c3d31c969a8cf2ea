//! The CRM itself: opened once a process, shared by all its tasks.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tertulia_core::account::{Account, Route};
use tertulia_core::channel::Channel;
use tertulia_core::error::{Code, Error};
use tertulia_core::ids::{BroadcastId, IdSource, OrgId};
use tertulia_core::journal::Actor;
use tertulia_core::record::{ChangeSet, Op, Org as OrgRecord, RecordKind};
use tertulia_core::settings::Settings;
use tertulia_core::suppression::{HostKey, HostKeyed, SuppressionKey};
#[cfg(feature = "postgres")]
use tertulia_storage_postgres::{Options as PostgresOptions, PostgresStorage};
#[cfg(feature = "sqlite")]
use tertulia_storage_sqlite::{Options as SqliteOptions, SqliteStorage};
use tertulia_storage_traits::{Cursor, Query, Storage, StorageErrorKind};
use tertulia_transport_traits::{Credentials, Secret, SenderRef, Transport};
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, SystemClock};
use crate::credentials::{Keys, NoCredentials};
use crate::error::from_storage;
use crate::handlers::{ConversationHandler, Handlers};
use crate::media::MediaStore;
use crate::org::Org;
use crate::rates::Rates;
use crate::runtime::{Runtime, to_the_end};

/// A messaging CRM inside this process. Cloning it is cheap and shares it.
///
/// All calls need a Tokio runtime with its timer on.
#[derive(Debug, Clone)]
pub struct Crm {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) runtime: Runtime,
    /// By endpoint: the name that the host's route hands over.
    pub(crate) transports: BTreeMap<String, Arc<dyn Transport>>,
    pub(crate) keys: Keys,
    pub(crate) media: Option<Arc<dyn MediaStore>>,
    pub(crate) handlers: Handlers,
    pub(crate) host: String,
    pub(crate) worker: String,
    /// The organisation whose rows this worker leased last: the next ones have their turn first. Held by whoever claims,
    /// so that what is left of a rate is given once.
    pub(crate) last_turn: tokio::sync::Mutex<Option<OrgId>>,
    rates: Mutex<Rates>,
    /// Where names of the platforms' led when they were last followed.
    pub(crate) routes: Mutex<HashMap<(Channel, String), Route>>,
    /// How far broadcasts that were called off are gone through.
    pub(crate) calling_off: tokio::sync::Mutex<BTreeMap<BroadcastId, Cursor>>,
    pub(crate) closed: CancellationToken,
    /// Held by whoever goes on with erases: when due work may scrub the store's files again.
    pub(crate) erasing: tokio::sync::Mutex<Option<DateTime<Utc>>>,
}

impl Inner {
    /// The endpoint of this name, or the only one that serves the channel, with its transport.
    pub(crate) fn endpoint(
        &self,
        channel: Channel,
        named: Option<&str>,
    ) -> Result<(&String, &Arc<dyn Transport>), Error> {
        let missing = |message: String| Error::new(Code::TransportFailed, message);
        let serves =
            |(_, transport): &(&String, &Arc<dyn Transport>)| transport.channels().contains(&channel);
        if let Some(name) = named {
            let found = self.transports.get_key_value(name).filter(serves);
            return found.ok_or_else(|| {
                missing(format!(
                    "the builder was given no transport for {channel} at the endpoint {name:?}"
                ))
            });
        }
        let serving: Vec<_> = self.transports.iter().filter(serves).collect();
        match serving.as_slice() {
            [only] => Ok(*only),
            [] => Err(missing(format!(
                "no transport for {channel} was given to the builder"
            ))),
            several => {
                let endpoints: Vec<&str> = several.iter().map(|(endpoint, _)| endpoint.as_str()).collect();
                let message = format!(
                    "several transports serve {channel}; name the endpoint of one: {}",
                    endpoints.join(", ")
                );
                Err(Error::new(Code::AccountEndpointUnclear, message))
            }
        }
    }

    pub(crate) fn rates(&self) -> MutexGuard<'_, Rates> {
        self.rates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The transport that a sender sends by, which must be there.
    pub(crate) fn transport(&self, account: &Account) -> Result<&Arc<dyn Transport>, Error> {
        let (_, transport) = self.endpoint(account.channel, account.endpoint.as_deref())?;
        Ok(transport)
    }

    /// A sender as transports know it, with its key.
    pub(crate) async fn sender(&self, account: &Account) -> Result<SenderRef, Error> {
        let key = self.keys.key(&account.credential).await?;
        Ok(sender_with(account, key.secret))
    }
}

/// A sender as transports know it, with this key.
pub(crate) fn sender_with(account: &Account, credential: Secret) -> SenderRef {
    SenderRef {
        channel: account.channel,
        sender_id: account.sender_id.clone(),
        business_id: account.business_id.clone(),
        credential,
    }
}

/// How a [`Crm`] is put together.
#[derive(Debug, Default)]
pub struct Builder {
    storage: Option<Arc<dyn Storage>>,
    transports: BTreeMap<String, Arc<dyn Transport>>,
    credentials: Option<Arc<dyn Credentials>>,
    media: Option<Arc<dyn MediaStore>>,
    handlers: Handlers,
    clock: Option<Arc<dyn Clock>>,
    host: Option<String>,
    suppression_key: Option<HostKey>,
}

impl Builder {
    /// The store. Required.
    #[must_use]
    pub fn storage(mut self, storage: Arc<dyn Storage>) -> Self {
        self.storage = Some(storage);
        self
    }

    /// Opens, or creates, an SQLite file as the store.
    #[cfg(feature = "sqlite")]
    pub async fn sqlite(self, path: impl AsRef<Path>) -> Result<Self, Error> {
        self.sqlite_with(path, SqliteOptions::default()).await
    }

    /// The same with options: an encrypted file's key, how long to wait for other processes.
    ///
    /// Fails with `storage.key_wrong` if the key is not the file's, `storage.no_encryption` if one is given to a build
    /// without the feature `encryption`, `storage.*` else.
    #[cfg(feature = "sqlite")]
    pub async fn sqlite_with(self, path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self, Error> {
        let path = path.as_ref().to_owned();
        let opening = tokio::task::spawn_blocking(move || SqliteStorage::open_with(path, &options));
        let opened = opening
            .await
            .map_err(|error| Error::new(Code::StorageClosed, "opening was cut off").because(error))?;
        Ok(self.storage(Arc::new(opened.map_err(from_storage)?)))
    }

    /// Opens, or creates, a store in a PostgreSQL database, `postgres://user:password@host/database`, which many processes
    /// and machines may share. What else the URL may say stands at [`PostgresOptions`].
    #[cfg(feature = "postgres")]
    pub async fn postgres(self, url: &str) -> Result<Self, Error> {
        self.postgres_with(url, PostgresOptions::default()).await
    }

    /// The same with options: how many connections, how long to wait, which schema, whose certificates.
    ///
    /// Fails with `setting.invalid` if the URL or an option cannot be, `storage.io` if the server cannot be reached, refuses
    /// the user or only reads, `storage.not_a_database` if the schema is another application's or the server too old,
    /// `storage.newer` if a newer version of the library wrote it; nothing is changed then.
    #[cfg(feature = "postgres")]
    pub async fn postgres_with(self, url: &str, options: PostgresOptions) -> Result<Self, Error> {
        let storage = PostgresStorage::open_with(url, &options)
            .await
            .map_err(from_storage)?;
        Ok(self.storage(Arc::new(storage)))
    }

    #[cfg(feature = "postgres")]
    async fn server(self, url: &str) -> Result<Self, Error> {
        self.postgres(url).await
    }

    #[cfg(not(feature = "postgres"))]
    async fn server(self, _: &str) -> Result<Self, Error> {
        Err(missing_feature("PostgreSQL", "postgres"))
    }

    #[cfg(feature = "sqlite")]
    async fn file(self, path: &Path) -> Result<Self, Error> {
        self.sqlite(path).await
    }

    #[cfg(not(feature = "sqlite"))]
    async fn file(self, _: &Path) -> Result<Self, Error> {
        Err(missing_feature("SQLite", "sqlite"))
    }

    /// A messaging platform, and the name of the endpoint that its webhooks come to: what
    /// [`Crm::receive`](Crm::receive) is told.
    #[must_use]
    pub fn transport(mut self, endpoint: impl Into<String>, transport: impl Transport + 'static) -> Self {
        self.transports.insert(endpoint.into(), Arc::new(transport));
        self
    }

    /// Where the keys to send with come from; without this, every send fails with a word about it.
    #[must_use]
    pub fn credentials(mut self, credentials: impl Credentials + 'static) -> Self {
        self.credentials = Some(Arc::new(credentials));
        self
    }

    /// Where files of messages are kept, as in a [`MediaFolder`](crate::MediaFolder); without this, none are.
    #[must_use]
    pub fn media(mut self, store: impl MediaStore + 'static) -> Self {
        self.media = Some(Arc::new(store));
        self
    }

    /// A bot or an AI, by the name that conversations are given to it under: asked by [`run_due`](Crm::run_due) and
    /// [`work`](Crm::work) to answer what its conversations' contacts write. A conversation whose handler no process has
    /// waits for one that does.
    #[must_use]
    pub fn handler(mut self, name: impl Into<String>, handler: impl ConversationHandler + 'static) -> Self {
        self.handlers.add(&name.into(), Arc::new(handler));
        self
    }

    /// How long a handler may take for one turn; default 60 seconds.
    #[must_use]
    pub fn handler_timeout(mut self, limit: Duration) -> Self {
        self.handlers.limit = limit;
        self
    }

    /// The clock; default the machine's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// The host program's name, for the journal; default `host`.
    #[must_use]
    pub fn host(mut self, name: impl Into<String>) -> Self {
        self.host = Some(name.into());
        self
    }

    /// A key of the host's, kept outside the store, that the hashes of suppressed addresses are put under: 32 random
    /// bytes. With it nobody who has the store alone can try out numbers against those hashes. An organisation that had
    /// none takes it when it is first used, and is never used without it again: else its calls fail with
    /// `suppression.key_missing`, and with another one with `suppression.key_wrong`.
    #[must_use]
    pub fn suppression_key(mut self, key: HostKey) -> Self {
        self.suppression_key = Some(key);
        self
    }

    /// The CRM. Fails with [`Code::SettingInvalid`] without a store.
    pub fn build(self) -> Result<Crm, Error> {
        let Some(storage) = self.storage else {
            return Err(Error::new(
                Code::SettingInvalid,
                "the builder was given no storage",
            ));
        };
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let runtime = Runtime::new(storage, clock, self.suppression_key);
        let worker = format!("{}-{:016x}", std::process::id(), runtime.random());
        Ok(Crm {
            inner: Arc::new(Inner {
                runtime,
                transports: self.transports,
                keys: Keys::new(self.credentials.unwrap_or_else(|| Arc::new(NoCredentials))),
                media: self.media,
                handlers: self.handlers,
                host: self.host.unwrap_or_else(|| "host".to_owned()),
                worker,
                last_turn: tokio::sync::Mutex::new(None),
                rates: Mutex::default(),
                routes: Mutex::default(),
                calling_off: tokio::sync::Mutex::default(),
                closed: CancellationToken::new(),
                erasing: tokio::sync::Mutex::new(None),
            }),
        })
    }
}

impl Crm {
    /// How a CRM is put together from parts.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Opens, or creates, a CRM in an SQLite file, or in the PostgreSQL database of a URL (`postgres://…`, with the feature
    /// `postgres`), with no platform connected: for programs that only read and write records. Give
    /// [`builder`](Self::builder) a transport to receive and send.
    pub async fn open(location: impl AsRef<Path>) -> Result<Self, Error> {
        let location = location.as_ref().to_owned();
        let builder = match postgres_url(&location) {
            Some(url) => Self::builder().server(url).await?,
            None => Self::builder().file(&location).await?,
        };
        builder.build()
    }

    /// Creates an organisation with an id of its own. Fails with `setting.invalid`, or with `runtime.no_randomness`.
    pub async fn create_org(&self, settings: Settings) -> Result<Org, Error> {
        settings.validate()?;
        let inner = Arc::clone(&self.inner);
        let id: OrgId = IdSource::new(inner.runtime.clock.now(), inner.runtime.random()).next();
        let suppression_key = SuppressionKey::new(random_bytes()?);
        to_the_end(async move {
            let record = OrgRecord {
                id,
                settings,
                rules_epoch: 0,
                suppression_key,
                host_key: inner.runtime.host_key.as_ref().map(|key| HostKeyed {
                    check: key.check(id),
                    done: true,
                }),
                routing: Vec::new(),
                watches: Vec::new(),
            };
            let changes = ChangeSet {
                expect: Vec::new(),
                ops: vec![Op::Insert(record.into())],
            };
            inner.runtime.storage.commit(changes).await.map_err(from_storage)
        })
        .await?;
        Ok(self.org(id))
    }

    /// All organisations, by id.
    pub async fn orgs(&self) -> Result<Vec<OrgId>, Error> {
        let records = self
            .inner
            .runtime
            .all(Query::Records {
                org: None,
                kind: RecordKind::Org,
            })
            .await?;
        Ok(records
            .into_iter()
            .filter_map(|record| OrgRecord::try_from(record).ok())
            .map(|org| org.id)
            .collect())
    }

    /// A handle on an organisation, acting as the host. Calls on one that is not there fail with `org.not_found`.
    pub fn org(&self, id: OrgId) -> Org {
        Org::new(
            Arc::clone(&self.inner),
            id,
            Actor::System(self.inner.host.clone()),
        )
    }

    /// Answers if the store can be read.
    pub async fn ping(&self) -> Result<(), Error> {
        self.inner.runtime.storage.ping().await.map_err(from_storage)
    }

    /// Ends workers after what they are sending, finishes commits, and lets go of the store. Closing what is closed does
    /// nothing.
    pub async fn close(&self) -> Result<(), Error> {
        self.inner.closed.cancel();
        match self.inner.runtime.storage.close().await {
            Err(error) if error.kind != StorageErrorKind::Closed => Err(from_storage(error)),
            _ => Ok(()),
        }
    }
}

/// The URL of a PostgreSQL server that a location is, if it is one and no path.
///
/// One that lost a slash, as paths do in some languages, is one too: it must not become a file's name, since it may hold a
/// password.
pub fn postgres_url(location: &Path) -> Option<&str> {
    location
        .to_str()
        .filter(|text| text.starts_with("postgres:/") || text.starts_with("postgresql:/"))
}

#[cfg(not(all(feature = "postgres", feature = "sqlite")))]
fn missing_feature(what: &str, feature: &str) -> Error {
    Error::new(
        Code::SettingInvalid,
        format!("this build of the library does not speak to {what}; build it with the feature `{feature}`"),
    )
}

/// Bytes out of the system's own randomness: what follows from a seed could be guessed.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        let message = "the system gives no random bytes";
        Error::new(Code::RuntimeNoRandomness, message).because(error)
    })?;
    Ok(bytes)
}
