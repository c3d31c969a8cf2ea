//! Objects of the host's language that the library calls: transports, credentials, a clock, progress.
//!
//! Whatever they throw, answer or leave unanswered becomes an error or a failure class, never a crash, and never a
//! second send.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tertulia::clock::Clock;
use tertulia::core::identity::Address;
use tertulia::core::ids::AttemptId;
use tertulia::core::inbound::InboundEvent;
use tertulia::transport::{Correlation, Outcome, Outgoing, SenderRef};
use tertulia::{Channel, Code, Content, Credentials, Error, Secret, Template, Transport, WebhookRequest};

use crate::failure::thrown;
use crate::wire::{Bytes, decode, encode};

/// An object of the host's language.
#[async_trait]
pub trait HostObject: Send + Sync {
    /// Calls a method with its arguments by name, a JSON object, and gives back its answer as JSON (`null` for
    /// nothing), or `{"code"?, "message"}` as JSON if it failed: `code` one of this library's, where one fits.
    async fn call(&self, method: &str, args: String) -> Result<String, String>;
}

/// How long a clock, credentials or a progress callback may take.
const PATIENCE: Duration = Duration::from_secs(30);

async fn ask_within<T: DeserializeOwned>(
    host: &Arc<dyn HostObject>,
    method: &'static str,
    args: String,
    patience: Duration,
) -> Result<T, Error> {
    let answer = tokio::time::timeout(patience, host.call(method, args))
        .await
        .map_err(|_| {
            let message = format!(
                "the host's {method} did not answer within {} s",
                patience.as_secs_f32()
            );
            Error::new(Code::TransportFailed, message)
        })?;
    let answer = answer.map_err(|text| thrown(&format!("the host's {method}"), &text))?;
    decode(&format!("what the host's {method} answered"), &answer)
        .map_err(|error| Error::new(Code::TransportFailed, error.message()))
}

/// Calls a method whose answer is not looked at.
pub(crate) async fn ask(host: &Arc<dyn HostObject>, method: &'static str, args: String) -> Result<(), Error> {
    let _: serde_json::Value = ask_within(host, method, args, PATIENCE).await?;
    Ok(())
}

/// An HTTP request as the host received it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WebhookRequest")]
pub(crate) struct WebhookShape {
    /// `GET` or `POST`.
    method: String,
    /// The full public URL as the platform requested it, query included.
    url: String,
    /// The headers, by name in any case.
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
    /// The raw body, byte for byte.
    #[serde(default)]
    body: Bytes,
}

impl From<WebhookShape> for WebhookRequest {
    fn from(request: WebhookShape) -> Self {
        Self {
            method: request.method,
            url: request.url,
            headers: request.headers.into_iter().collect(),
            body: request.body.0,
        }
    }
}

impl From<&WebhookRequest> for WebhookShape {
    fn from(request: &WebhookRequest) -> Self {
        Self {
            method: request.method.clone(),
            url: request.url.clone(),
            headers: request.headers.iter().cloned().collect(),
            body: Bytes(request.body.clone()),
        }
    }
}

/// The sender of ours that a message goes out by.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Sender")]
pub(crate) struct SenderShape {
    /// The platform's id of the sender (on WhatsApp the phone-number id).
    sender_id: String,
    /// The platform's id of the business account (on WhatsApp the WABA id), if known.
    business_id: Option<String>,
    /// The key to send with. Keep it out of logs.
    credential: String,
}

impl From<&SenderRef> for SenderShape {
    fn from(sender: &SenderRef) -> Self {
        Self {
            sender_id: sender.sender_id.clone(),
            business_id: sender.business_id.clone(),
            credential: sender.credential.expose().to_owned(),
        }
    }
}

/// One message to put on the wire.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Outgoing")]
pub(crate) struct OutgoingShape {
    /// To whom, spelled as the platform last spelled it.
    to: Address,
    /// What it says.
    content: Content,
    /// The platform's id of the message it answers.
    reply_to: Option<String>,
    /// What the platform is asked to echo in statuses.
    attempt: AttemptId,
}

/// A transport written in the host's language.
pub(crate) struct HostTransport {
    pub(crate) host: Arc<dyn HostObject>,
    pub(crate) channel: Channel,
    pub(crate) correlation: Correlation,
    /// How long it may take; after it the outcome of a send is unknown.
    pub(crate) timeout: Duration,
}

impl fmt::Debug for HostTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostTransport")
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

impl HostTransport {
    async fn ask<T: DeserializeOwned>(
        &self,
        method: &'static str,
        args: serde_json::Value,
    ) -> Result<T, Error> {
        ask_within(&self.host, method, encode(&args)?, self.timeout).await
    }
}

#[async_trait]
impl Transport for HostTransport {
    fn channel(&self) -> Channel {
        self.channel
    }

    fn correlation(&self) -> Correlation {
        self.correlation
    }

    async fn verify(&self, query: &str) -> Result<String, Error> {
        self.ask("verify", json!({ "query": query })).await
    }

    async fn parse(&self, request: &WebhookRequest) -> Result<Vec<InboundEvent>, Error> {
        self.ask("parse", json!({ "request": WebhookShape::from(request) }))
            .await
    }

    /// What the host threw, answered nonsense to, or never answered may have been sent: unknown.
    async fn send(&self, sender: &SenderRef, message: Outgoing) -> Outcome {
        let message = OutgoingShape {
            to: message.to,
            content: message.content,
            reply_to: message.reply_to,
            attempt: message.attempt,
        };
        let args = json!({ "sender": SenderShape::from(sender), "message": message });
        self.ask("send", args)
            .await
            .unwrap_or_else(|error| Outcome::Unknown {
                detail: error.message().to_owned(),
            })
    }

    async fn mark_read(&self, sender: &SenderRef, provider_id: &str) -> Result<(), Error> {
        let args = json!({ "sender": SenderShape::from(sender), "provider_id": provider_id });
        self.ask("mark_read", args).await
    }

    async fn list_templates(&self, sender: &SenderRef) -> Result<Vec<Template>, Error> {
        self.ask("list_templates", json!({ "sender": SenderShape::from(sender) }))
            .await
    }

    async fn settle(&self, sender: &SenderRef, attempt: AttemptId) -> Option<Outcome> {
        let args = json!({ "sender": SenderShape::from(sender), "attempt": attempt });
        self.ask("settle", args).await.unwrap_or_default()
    }
}

/// Credentials that the host looks up.
pub(crate) struct HostCredentials(pub(crate) Arc<dyn HostObject>);

impl fmt::Debug for HostCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostCredentials")
    }
}

#[async_trait]
impl Credentials for HostCredentials {
    async fn credential(&self, reference: &str) -> Result<Secret, Error> {
        let args = encode(&json!({ "reference": reference }))?;
        let key: String = ask_within(&self.0, "credential", args, PATIENCE).await?;
        Ok(Secret::new(key))
    }
}

/// How often a host's clock is looked at while somebody sleeps on it.
const GLANCE: Duration = Duration::from_millis(20);

/// A clock that the host keeps. While it does not answer, the last time that it told stands.
pub(crate) struct HostClock {
    host: Arc<dyn HostObject>,
    last: Mutex<DateTime<Utc>>,
}

impl fmt::Debug for HostClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostClock")
    }
}

impl HostClock {
    /// A clock that answers now. Fails if it does not.
    pub(crate) async fn new(host: Arc<dyn HostObject>) -> Result<Self, Error> {
        let now = ask_within(&host, "now", "{}".to_owned(), PATIENCE).await?;
        Ok(Self {
            host,
            last: Mutex::new(now),
        })
    }
}

#[async_trait]
impl Clock for HostClock {
    fn now(&self) -> DateTime<Utc> {
        let asked = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(ask_within(
                &self.host,
                "now",
                "{}".to_owned(),
                PATIENCE,
            ))
        });
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match asked {
            Ok(now) => *last = now,
            Err(error) => tracing::warn!(code = error.code().as_str(), "the host's clock failed"),
        }
        *last
    }

    async fn sleep_until(&self, deadline: DateTime<Utc>) {
        loop {
            let left = deadline - self.now();
            if left <= TimeDelta::zero() {
                return;
            }
            tokio::time::sleep(left.to_std().unwrap_or(GLANCE).min(GLANCE)).await;
        }
    }
}
