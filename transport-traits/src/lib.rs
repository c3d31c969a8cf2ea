//! What the CRM asks of a messaging platform: read a webhook, send a message, list templates, pass files on.
//!
//! A transport decides nothing: whether a message may go, and what follows from a failure, are rules
//! of [`tertulia_core`]. It says truthfully what it knows about a send, and [`Outcome::Unknown`] when it does not.

mod media;

use std::fmt;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tertulia_core::channel::Channel;
use tertulia_core::error::{Code, Error};
use tertulia_core::identity::Address;
use tertulia_core::ids::AttemptId;
use tertulia_core::inbound::InboundEvent;
pub use tertulia_core::ledger::{Accepted, Outcome};
use tertulia_core::message::{Content, MediaSource};
use tertulia_core::template::Template;

pub use media::{Download, MediaBytes, Upload};

/// A messaging platform.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync {
    /// The channels it serves.
    fn channels(&self) -> &[Channel];

    /// How a status finds the attempt that it is about.
    fn correlation(&self) -> Correlation;

    /// What a webhook is answered with once its events are durable.
    fn answer(&self) -> WebhookAnswer {
        WebhookAnswer::default()
    }

    /// Looks at the id of a sender that is about to be connected, as webhooks find it by that very spelling.
    ///
    /// Fails with `account.invalid`, and says how the platform spells it.
    fn check_sender(&self, _channel: Channel, _sender_id: &str) -> Result<(), Error> {
        Ok(())
    }

    /// Answers the platform's verification request with the text to return as the body, status 200.
    ///
    /// Fails with `webhook.verification_failed` (answer 403) when the token is not ours.
    async fn verify(&self, query: &str) -> Result<String, Error>;

    /// Reads a webhook: checks the signature over the raw bytes first, then parses. What it answers depends on the
    /// request alone; it is async since a transport may be written in the language of the host program.
    ///
    /// Fails with `webhook.signature_*` (answer 401) or `webhook.malformed` (answer 400). What it does not know
    /// inside a well-formed body becomes [`tertulia_core::inbound::InboundKind::Unknown`], never an error.
    async fn parse(&self, request: &WebhookRequest) -> Result<Vec<InboundEvent>, Error>;

    /// Sends one message, once. Never retries by itself.
    async fn send(&self, sender: &SenderRef, message: Outgoing) -> Outcome;

    /// Tells the platform that a person's message was read; nothing where it does not want to know.
    async fn mark_read(&self, sender: &SenderRef, provider_id: &str) -> Result<(), Error>;

    /// The templates of the sender's business account, as the platform lists them.
    async fn list_templates(&self, sender: &SenderRef) -> Result<Vec<Template>, Error>;

    /// Opens the file that a message names, to be read as it comes.
    ///
    /// Fails with `media.gone` if the platform does not have it any more, with `transport.*` otherwise; with
    /// `transport.unsupported` where there is no way to download, as this does.
    async fn download(&self, _sender: &SenderRef, _source: &MediaSource) -> Result<Download, Error> {
        Err(unsupported(self.channels(), "files cannot be downloaded"))
    }

    /// Uploads a file, once, and answers what a message is to name it by.
    ///
    /// Fails with `media.invalid` for a file that the platform does not take, before any of it is read, with
    /// `transport.*` otherwise; with `transport.unsupported` where there is no way to upload, as this does.
    async fn upload(&self, _sender: &SenderRef, _file: Upload) -> Result<MediaSource, Error> {
        Err(unsupported(self.channels(), "files cannot be uploaded"))
    }

    /// Asks the platform what became of an attempt whose answer was lost, where it can be asked.
    ///
    /// `None` where it cannot: then only a status settles it.
    async fn settle(&self, _sender: &SenderRef, _attempt: AttemptId) -> Option<Outcome> {
        None
    }
}

fn unsupported(channels: &[Channel], what: &str) -> Error {
    let channels: Vec<&str> = channels.iter().map(|channel| channel.as_str()).collect();
    Error::new(
        Code::TransportUnsupported,
        format!("{what} by the transport for {}", channels.join(" and ")),
    )
}

/// How a platform's status finds the attempt that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Correlation {
    /// A field of the send comes back in each status.
    EchoedField,
    /// Our id is in the callback's URL.
    CallbackUrl,
    /// Only the platform's message id, known once the send was answered.
    MessageId,
    /// Statuses cannot be tied to attempts.
    None,
}

/// What a webhook is answered with, status 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WebhookAnswer {
    /// The header `content-type`.
    pub content_type: &'static str,
    /// The body.
    pub body: &'static str,
}

impl Default for WebhookAnswer {
    /// Nothing, as plain text.
    fn default() -> Self {
        Self {
            content_type: "text/plain",
            body: "",
        }
    }
}

/// An HTTP request as the host received it.
#[derive(Clone, Default)]
pub struct WebhookRequest {
    /// `GET` or `POST`.
    pub method: String,
    /// The full public URL as the platform requested it, query included.
    pub url: String,
    /// Header names (in any case) and values.
    pub headers: Vec<(String, String)>,
    /// The raw body, byte for byte.
    pub body: Vec<u8>,
}

impl WebhookRequest {
    /// The first value of a header; names are compared without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The URL's query, without the question mark.
    pub fn query(&self) -> &str {
        self.url.split_once('?').map_or("", |(_, query)| query)
    }
}

impl fmt::Debug for WebhookRequest {
    /// Leaves out headers and body: they hold signatures and people's words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookRequest")
            .field("method", &self.method)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The sender of ours that a message goes out by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SenderRef {
    /// The channel it sends on, one of the transport's.
    pub channel: Channel,
    /// The platform's id of the sender (on WhatsApp the phone-number id; at Twilio the number or the messaging service).
    pub sender_id: String,
    /// The platform's id of the business account (on WhatsApp the WABA id; at Twilio the account's SID), if known.
    pub business_id: Option<String>,
    /// The key to send with.
    pub credential: Secret,
}

/// A secret: never shown, never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself, to put on the wire.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// One message to put on the wire.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// To whom, spelled as the platform last spelled it.
    pub to: Address,
    /// What it says.
    pub content: Content,
    /// The platform's id of the message it answers.
    pub reply_to: Option<String>,
    /// What the platform is asked to echo in statuses.
    pub attempt: AttemptId,
}

/// Where the keys to send with come from: never from the store.
#[async_trait]
pub trait Credentials: fmt::Debug + Send + Sync {
    /// The key for this reference: asked for each message.
    async fn credential(&self, reference: &str) -> Result<Secret, Error>;

    /// The key for this reference, now that the platform refused one: asked once, before its senders are stopped. With
    /// another key what was refused is tried again; with the same, or an error, there is none. Here whoever keeps keys for
    /// a while, or gets them from somewhere, gets a new one; by default [`credential`](Self::credential) is asked again.
    async fn renew(&self, reference: &str, _refused: &Secret) -> Result<Secret, Error> {
        self.credential(reference).await
    }
}
