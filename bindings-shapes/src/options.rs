//! What a host opens a handle with.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Deserialize;
use tertulia::testing::ManualClock;
use tertulia::transport::Correlation;
use tertulia::{
    Channel, Code, ConvertFrom, Crm, EncryptionKey, Error, HostKey, MediaFolder, MemoryStorage,
    SqliteOptions, StaticCredentials, Twilio, TwilioConfig, WhatsApp, WhatsAppConfig, postgres_url,
};

use crate::handle::Handle;
use crate::handlers::{HostHandler, Turns};
use crate::host::{Host, HostClock, HostCredentials, HostObject, HostTransport};
use crate::wire::Bytes;

/// What a CRM is opened with. Numbers are places in the lists of host objects and handles that come with it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CrmOptions {
    /// The SQLite file, or the URL of a PostgreSQL database, `postgres://user:password@host/database`; absent: in memory, gone
    /// with the process.
    pub(crate) path: Option<PathBuf>,
    /// What the file is encrypted with, and a new one will be: 32 random bytes; absent: it is plain. Takes a build with
    /// the feature `encryption`.
    #[schemars(extend("x-secret" = true))]
    pub(crate) encryption_key: Option<Bytes>,
    /// What the hashes of suppressed addresses are put under: 32 random bytes, kept outside the store. An organisation
    /// that was once used with a key is never used without it.
    #[schemars(extend("x-secret" = true))]
    pub(crate) suppression_key: Option<Bytes>,
    /// What a file that does not open so was before: it is then converted, while nobody else may have it open.
    pub(crate) convert_from: Option<ConvertFromOptions>,
    /// The host program's name, for the journal; default `host`.
    pub(crate) host: Option<String>,
    /// Transports by endpoint.
    #[serde(default)]
    pub(crate) transports: BTreeMap<String, TransportOptions>,
    /// Where the keys to send with come from.
    pub(crate) credentials: Option<CredentialsOptions>,
    /// The folder that files of messages are kept in; absent: none are.
    pub(crate) media_folder: Option<PathBuf>,
    /// Bots and AIs by name: host objects.
    #[serde(default)]
    pub(crate) handlers: BTreeMap<String, usize>,
    /// How long a handler may take for one turn, in seconds; absent: 60.
    pub(crate) handler_timeout_seconds: Option<f64>,
    /// The clock; absent: the machine's.
    pub(crate) clock: Option<ClockOptions>,
}

/// What a file is before its encryption changes.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum ConvertFromOptions {
    /// Not encrypted.
    Plain,
    /// Encrypted with another key.
    Key(Bytes),
}

impl std::fmt::Debug for ConvertFromOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ConvertFromOptions")
    }
}

/// A transport.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum TransportOptions {
    /// The WhatsApp Cloud API.
    Whatsapp(WhatsAppOptions),
    /// SMS and WhatsApp by Twilio.
    Twilio(TwilioOptions),
    /// One written in the host's language.
    Host(HostOptions),
}

/// How the WhatsApp Cloud API is spoken to.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WhatsApp")]
pub(crate) struct WhatsAppOptions {
    /// The key of the webhooks' signatures: the Meta app's secret.
    #[schemars(extend("x-secret" = true))]
    app_secret: String,
    /// The word that the verification request must name.
    #[schemars(extend("x-secret" = true))]
    verify_token: String,
    /// Where the Graph API is; absent: `https://graph.facebook.com`.
    base_url: Option<String>,
    /// The Graph API's version; absent: `v24.0`.
    api_version: Option<String>,
    /// How long connecting may take, in seconds; absent: 10.
    connect_timeout_seconds: Option<f64>,
    /// How long a request may take in all, in seconds; absent: 30.
    timeout_seconds: Option<f64>,
}

impl std::fmt::Debug for WhatsAppOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WhatsAppOptions").finish_non_exhaustive()
    }
}

/// How Twilio is spoken to.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Twilio")]
pub(crate) struct TwilioOptions {
    /// The key of the webhooks' signatures: the account's auth token.
    #[schemars(extend("x-secret" = true))]
    auth_token: String,
    /// The URL of the endpoint as it stands in Twilio's console: scheme, host and path as they are outside of any proxy. It
    /// is part of each signature, and statuses come back to it.
    public_url: String,
    /// Where messages are sent; absent: `https://api.twilio.com`.
    base_url: Option<String>,
    /// Where templates are listed; absent: `https://content.twilio.com`.
    content_url: Option<String>,
    /// How long connecting may take, in seconds; absent: 10.
    connect_timeout_seconds: Option<f64>,
    /// How long a request may take in all, in seconds; absent: 30.
    timeout_seconds: Option<f64>,
}

impl std::fmt::Debug for TwilioOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TwilioOptions").finish_non_exhaustive()
    }
}

/// A transport written in the host's language.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HostOptions {
    object: usize,
    channel: Channel,
    correlation: Correlation,
    timeout_seconds: Option<f64>,
}

/// Where the keys to send with come from.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum CredentialsOptions {
    /// Keys by reference.
    Fixed(BTreeMap<String, String>),
    /// Asked of the host.
    Host(usize),
}

impl std::fmt::Debug for CredentialsOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CredentialsOptions")
    }
}

/// Where the time comes from.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum ClockOptions {
    /// A manual clock: a handle.
    Manual(usize),
    /// Asked of the host.
    Host(usize),
}

/// What a manual clock is made with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ManualClockOptions {
    /// The time that it shows.
    pub(crate) now: DateTime<Utc>,
}

/// What a stand-in platform is started with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlatformOptions {
    /// Whether free-form messages outside the 24 hours are refused.
    #[serde(default)]
    pub(crate) windows: bool,
    /// A manual clock: a handle; absent: the machine's.
    pub(crate) clock: Option<usize>,
}

/// A key of this name.
fn key(name: &str, bytes: Bytes) -> Result<[u8; 32], Error> {
    let length = bytes.0.len();
    bytes.0.try_into().map_err(|_| {
        Error::new(
            Code::InputInvalid,
            format!("the {name} key has {length} bytes; give 32 random ones"),
        )
    })
}

fn encryption_key(bytes: Bytes) -> Result<EncryptionKey, Error> {
    key("encryption", bytes).map(EncryptionKey::new)
}

impl ConvertFromOptions {
    fn build(self) -> Result<ConvertFrom, Error> {
        Ok(match self {
            Self::Plain => ConvertFrom::Plain,
            Self::Key(key) => ConvertFrom::Key(encryption_key(key)?),
        })
    }
}

/// A length of time out of seconds.
fn seconds(name: &str, seconds: f64) -> Result<Duration, Error> {
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| {
            Error::new(
                Code::InputInvalid,
                format!("{name} is {seconds}; give seconds above 0"),
            )
        })
}

fn at<T: Clone>(list: &[T], place: usize, what: &str) -> Result<T, Error> {
    list.get(place)
        .cloned()
        .ok_or_else(|| Error::new(Code::InputInvalid, format!("there is no {what} number {place}")))
}

/// The clock that a handle is.
pub(crate) fn manual_clock(handles: &[Handle], place: usize) -> Result<ManualClock, Error> {
    at(handles, place, "handle")?
        .clock()
        .cloned()
        .ok_or_else(|| Error::new(Code::InputInvalid, "the clock is no manual clock"))
}

impl TransportOptions {
    fn host(options: &HostOptions, hosts: &[Arc<dyn HostObject>]) -> Result<HostTransport, Error> {
        Ok(HostTransport {
            host: Host::patient(
                at(hosts, options.object, "host object")?,
                seconds("timeout_seconds", options.timeout_seconds.unwrap_or(60.0))?,
            ),
            channel: options.channel,
            correlation: options.correlation,
        })
    }
}

impl WhatsAppOptions {
    fn build(self) -> Result<WhatsApp, Error> {
        let mut config = WhatsAppConfig::new(self.app_secret, self.verify_token);
        if let Some(url) = self.base_url {
            config = config.base_url(url);
        }
        if let Some(version) = self.api_version {
            config = config.api_version(version);
        }
        if let Some(timeout) = self.connect_timeout_seconds {
            config = config.connect_timeout(seconds("connect_timeout_seconds", timeout)?);
        }
        if let Some(timeout) = self.timeout_seconds {
            config = config.timeout(seconds("timeout_seconds", timeout)?);
        }
        WhatsApp::new(config)
    }
}

impl TwilioOptions {
    fn build(self) -> Result<Twilio, Error> {
        let mut config = TwilioConfig::new(self.auth_token, self.public_url);
        if let Some(url) = self.base_url {
            config = config.base_url(url);
        }
        if let Some(url) = self.content_url {
            config = config.content_url(url);
        }
        if let Some(timeout) = self.connect_timeout_seconds {
            config = config.connect_timeout(seconds("connect_timeout_seconds", timeout)?);
        }
        if let Some(timeout) = self.timeout_seconds {
            config = config.timeout(seconds("timeout_seconds", timeout)?);
        }
        Twilio::new(config)
    }
}

impl CrmOptions {
    /// Opens the CRM.
    pub(crate) async fn open(
        self,
        hosts: &[Arc<dyn HostObject>],
        handles: &[Handle],
        turns: &Arc<Turns>,
    ) -> Result<Crm, Error> {
        let mut builder = match (&self.path, self.path.as_deref().and_then(postgres_url)) {
            (_, Some(url)) => {
                if self.encryption_key.is_some() || self.convert_from.is_some() {
                    return Err(Error::new(
                        Code::InputInvalid,
                        "an encryption key is for a file, and a server was named; leave the key out",
                    ));
                }
                Crm::builder().postgres(url).await?
            }
            (Some(path), None) => {
                let mut options = SqliteOptions::default();
                options.key = self.encryption_key.map(encryption_key).transpose()?;
                options.convert_from = self.convert_from.map(ConvertFromOptions::build).transpose()?;
                Crm::builder().sqlite_with(path, options).await?
            }
            (None, None) => Crm::builder().storage(Arc::new(MemoryStorage::new())),
        };
        if let Some(host) = self.host {
            builder = builder.host(host);
        }
        if let Some(bytes) = self.suppression_key {
            builder = builder.suppression_key(HostKey::new(key("suppression", bytes)?));
        }
        for (endpoint, transport) in self.transports {
            builder = match transport {
                TransportOptions::Whatsapp(options) => builder.transport(endpoint, options.build()?),
                TransportOptions::Twilio(options) => builder.transport(endpoint, options.build()?),
                TransportOptions::Host(options) => {
                    builder.transport(endpoint, TransportOptions::host(&options, hosts)?)
                }
            };
        }
        builder = match self.credentials {
            None => builder,
            Some(CredentialsOptions::Fixed(keys)) => {
                let keys = keys.into_iter();
                builder.credentials(keys.fold(StaticCredentials::default(), |all, (reference, key)| {
                    all.with(reference, key)
                }))
            }
            Some(CredentialsOptions::Host(place)) => {
                builder.credentials(HostCredentials(Host::new(at(hosts, place, "host object")?)))
            }
        };
        if let Some(folder) = self.media_folder {
            builder = builder.media(MediaFolder::open(folder)?);
        }
        let limit = seconds(
            "handler_timeout_seconds",
            self.handler_timeout_seconds.unwrap_or(60.0),
        )?;
        builder = builder.handler_timeout(limit);
        for (name, place) in self.handlers {
            // The engine's patience ends first.
            let host = Host::patient(at(hosts, place, "host object")?, limit * 2);
            builder = builder.handler(name, HostHandler::new(host, Arc::clone(turns)));
        }
        builder = match self.clock {
            None => builder,
            Some(ClockOptions::Manual(place)) => builder.clock(manual_clock(handles, place)?),
            Some(ClockOptions::Host(place)) => {
                builder.clock(HostClock::new(Host::new(at(hosts, place, "host object")?)).await?)
            }
        };
        builder.build()
    }
}
