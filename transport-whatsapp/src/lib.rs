//! WhatsApp, by the Cloud API of Meta.
//!
//! ```
//! use tertulia_transport_whatsapp::{WhatsApp, WhatsAppConfig};
//!
//! let whatsapp = WhatsApp::new(WhatsAppConfig::new("the app's secret", "a token of your own choice"))?;
//! # Ok::<(), tertulia_core::error::Error>(())
//! ```
//!
//! Both secrets belong to the Meta app; the key to send with comes with each send, by sender.

mod errors;
mod media;
mod parse;
mod send;
pub mod signature;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use tertulia_core::channel::Channel;
use tertulia_core::error::{Code, Error};
use tertulia_core::inbound::InboundEvent;
use tertulia_core::message::MediaSource;
use tertulia_core::template::Template;
use tertulia_transport_traits::{
    Correlation, Download, Outcome, Outgoing, Secret, SenderRef, Transport, Upload, WebhookRequest,
};

/// How to reach the platform, and how to know it.
#[derive(Debug, Clone)]
pub struct WhatsAppConfig {
    app_secret: Secret,
    verify_token: Secret,
    base_url: String,
    api_version: String,
    connect_timeout: Duration,
    timeout: Duration,
}

impl WhatsAppConfig {
    /// The app's secret, which signs webhooks, and the token that was entered in the app's webhook settings.
    pub fn new(app_secret: impl Into<String>, verify_token: impl Into<String>) -> Self {
        Self {
            app_secret: Secret::new(app_secret),
            verify_token: Secret::new(verify_token),
            base_url: "https://graph.facebook.com".to_owned(),
            api_version: "v24.0".to_owned(),
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
        }
    }

    /// Where the Graph API is; `https://graph.facebook.com` if not set. Resellers and test servers have their own.
    #[must_use]
    pub fn base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = base_url.into();
        self
    }

    /// The Graph API's version; `v24.0` if not set.
    #[must_use]
    pub fn api_version(mut self, api_version: impl Into<String>) -> Self {
        self.api_version = api_version.into();
        self
    }

    /// How long connecting may take, TLS included; 10 seconds if not set. After it nothing was sent.
    #[must_use]
    pub fn connect_timeout(mut self, connect_timeout: Duration) -> Self {
        self.connect_timeout = connect_timeout;
        self
    }

    /// How long a request may take in all; 30 seconds if not set, longer than connecting. After it a send's outcome is
    /// unknown.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

/// The transport. Cheap to keep and to use from many tasks at once; connections are pooled.
#[derive(Debug)]
pub struct WhatsApp {
    config: WhatsAppConfig,
    graph: send::Graph,
}

impl WhatsApp {
    /// A transport of this configuration. Does no I/O.
    ///
    /// Fails with `transport.config_invalid` if a secret is empty, the base URL or version is malformed, or connecting
    /// may take as long as the whole request.
    pub fn new(config: WhatsAppConfig) -> Result<Self, Error> {
        let invalid = |what: String| Err(Error::new(Code::TransportConfigInvalid, what));
        if config.app_secret.expose().is_empty() {
            return invalid("the app secret is empty; anybody could sign webhooks with it".to_owned());
        }
        if config.verify_token.expose().is_empty() {
            return invalid("the verify token is empty; anybody could name it".to_owned());
        }
        let digits = config.api_version.strip_prefix('v').unwrap_or_default();
        if !digits.starts_with(|sign: char| sign.is_ascii_digit())
            || !digits.chars().all(|sign| sign.is_ascii_digit() || sign == '.')
        {
            return invalid(format!(
                "{:?} is no API version; write it as v24.0",
                config.api_version
            ));
        }
        let graph = send::Graph::new(&config)?;
        Ok(Self { config, graph })
    }

    /// Answers a verification request; see [`Transport::verify`]. Does no I/O.
    pub fn verify(&self, query: &str) -> Result<String, Error> {
        signature::challenge(self.config.verify_token.expose(), query)
    }

    /// Reads a webhook; see [`Transport::parse`]. Does no I/O.
    pub fn parse(&self, request: &WebhookRequest) -> Result<Vec<InboundEvent>, Error> {
        let header = request.header(signature::HEADER);
        signature::check(self.config.app_secret.expose(), header, &request.body)?;
        parse::body(&request.body)
    }
}

#[async_trait]
impl Transport for WhatsApp {
    fn channels(&self) -> &[Channel] {
        &[Channel::WhatsApp]
    }

    fn correlation(&self) -> Correlation {
        Correlation::EchoedField
    }

    async fn verify(&self, query: &str) -> Result<String, Error> {
        Self::verify(self, query)
    }

    async fn parse(&self, request: &WebhookRequest) -> Result<Vec<InboundEvent>, Error> {
        Self::parse(self, request)
    }

    async fn send(&self, sender: &SenderRef, message: Outgoing) -> Outcome {
        self.graph.send(sender, &message).await
    }

    async fn mark_read(&self, sender: &SenderRef, provider_id: &str) -> Result<(), Error> {
        self.graph.mark_read(sender, provider_id).await
    }

    async fn list_templates(&self, sender: &SenderRef) -> Result<Vec<Template>, Error> {
        self.graph.templates(sender).await
    }

    async fn download(&self, sender: &SenderRef, source: &MediaSource) -> Result<Download, Error> {
        self.graph.download(sender, source).await
    }

    async fn upload(&self, sender: &SenderRef, file: Upload) -> Result<MediaSource, Error> {
        self.graph.upload(sender, file).await
    }
}
