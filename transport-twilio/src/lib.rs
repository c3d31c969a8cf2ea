//! SMS, MMS and WhatsApp, by Twilio's Programmable Messaging.
//!
//! ```
//! use tertulia_transport_twilio::{Twilio, TwilioConfig};
//!
//! let twilio = Twilio::new(TwilioConfig::new("the account's auth token", "https://shop.example/webhooks/twilio"))?;
//! # Ok::<(), tertulia_core::error::Error>(())
//! ```
//!
//! One endpoint takes messages and statuses of all senders of a Twilio account, of both channels. In Twilio's console the
//! same URL stands for incoming messages of each number, messaging service and WhatsApp sender, as `HTTP POST`; the URL
//! for statuses goes with each send.
//!
//! What a sender is connected with:
//! - `sender_id`: the number, `+15005550006`, for either channel; a short code or a name of letters for SMS; or a messaging
//!   service, `MG…`, whose whole pool is one sender then. A STOP that Twilio takes counts for that sender.
//! - `credential`: the host answers it with `AccountSid:AuthToken`, or with an API key as `SK…:secret`.
//! - `business_id`: the account's SID, `AC…`; needed with an API key, or where a parent account sends for another one.
//!
//! Twilio cannot be asked what became of a send whose answer was lost, as no message that it lists names the attempt:
//! such a send stays unknown until a status comes.

mod content;
mod errors;
mod media;
mod parse;
mod public_url;
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
    Correlation, Download, Outcome, Outgoing, Secret, SenderRef, Transport, WebhookAnswer, WebhookRequest,
};

use public_url::PublicUrl;

/// How to reach the platform, and how to know it.
#[derive(Debug, Clone)]
pub struct TwilioConfig {
    auth_token: Secret,
    public_url: String,
    base_url: String,
    content_url: String,
    connect_timeout: Duration,
    timeout: Duration,
}

impl TwilioConfig {
    /// The account's auth token, which signs webhooks, and the URL of the endpoint as it stands in Twilio's console: scheme,
    /// host and path as they are outside of any proxy. Both are part of each signature.
    pub fn new(auth_token: impl Into<String>, public_url: impl Into<String>) -> Self {
        Self {
            auth_token: Secret::new(auth_token),
            public_url: public_url.into(),
            base_url: "https://api.twilio.com".to_owned(),
            content_url: "https://content.twilio.com".to_owned(),
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
        }
    }

    /// Where messages are sent; `https://api.twilio.com` if not set.
    #[must_use]
    pub fn base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = base_url.into();
        self
    }

    /// Where templates are listed; `https://content.twilio.com` if not set.
    #[must_use]
    pub fn content_url(mut self, content_url: impl Into<String>) -> Self {
        self.content_url = content_url.into();
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
pub struct Twilio {
    auth_token: Secret,
    public_url: PublicUrl,
    rest: send::Rest,
}

impl Twilio {
    /// A transport of this configuration. Does no I/O.
    ///
    /// Fails with `transport.config_invalid` if the auth token is empty, a URL is malformed, or connecting may take as long
    /// as the whole request.
    pub fn new(config: TwilioConfig) -> Result<Self, Error> {
        if config.auth_token.expose().is_empty() {
            let message = "the auth token is empty; anybody could sign webhooks with it";
            return Err(Error::new(Code::TransportConfigInvalid, message));
        }
        Ok(Self {
            public_url: PublicUrl::parse(&config.public_url)?,
            rest: send::Rest::new(&config)?,
            auth_token: config.auth_token,
        })
    }

    /// Reads a webhook; see [`Transport::parse`]. Does no I/O.
    pub fn parse(&self, request: &WebhookRequest) -> Result<Vec<InboundEvent>, Error> {
        signature::check(self.auth_token.expose(), &self.public_url, request)?;
        Ok(parse::request(request))
    }
}

#[async_trait]
impl Transport for Twilio {
    fn channels(&self) -> &[Channel] {
        &[Channel::Sms, Channel::WhatsApp]
    }

    fn correlation(&self) -> Correlation {
        Correlation::CallbackUrl
    }

    /// No reply: an empty document of its markup.
    fn answer(&self) -> WebhookAnswer {
        WebhookAnswer {
            content_type: "text/xml",
            body: r#"<?xml version="1.0" encoding="UTF-8"?><Response/>"#,
        }
    }

    fn check_sender(&self, channel: Channel, sender_id: &str) -> Result<(), Error> {
        wire::check_sender(channel, sender_id)
    }

    /// Always `webhook.verification_failed`: Twilio asks for none, and webhooks are to come by POST.
    async fn verify(&self, _query: &str) -> Result<String, Error> {
        Err(Error::new(
            Code::WebhookVerificationFailed,
            "Twilio verifies no endpoint; set the webhook to HTTP POST in its console",
        ))
    }

    async fn parse(&self, request: &WebhookRequest) -> Result<Vec<InboundEvent>, Error> {
        Self::parse(self, request)
    }

    async fn send(&self, sender: &SenderRef, message: Outgoing) -> Outcome {
        self.rest.send(sender, &message, &self.public_url).await
    }

    /// Twilio takes no such notice: nothing is done.
    async fn mark_read(&self, _sender: &SenderRef, _provider_id: &str) -> Result<(), Error> {
        Ok(())
    }

    async fn list_templates(&self, sender: &SenderRef) -> Result<Vec<Template>, Error> {
        self.rest.templates(sender).await
    }

    async fn download(&self, sender: &SenderRef, source: &MediaSource) -> Result<Download, Error> {
        self.rest.download(sender, source).await
    }
}
