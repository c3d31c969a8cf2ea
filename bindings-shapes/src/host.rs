//! Objects of the host's language that the library calls: transports, credentials, a clock, progress.
//!
//! Whatever they throw, answer or leave unanswered becomes an error or a failure class, never a crash, and never a
//! second send.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt;
use schemars::JsonSchema;
use serde::de::{DeserializeOwned, IgnoredAny};
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

/// An object of the host's language, and how long it may take.
#[derive(Clone)]
pub(crate) struct Host {
    object: Arc<dyn HostObject>,
    patience: Duration,
}

impl Host {
    pub(crate) fn new(object: Arc<dyn HostObject>) -> Self {
        Self::patient(object, PATIENCE)
    }

    pub(crate) fn patient(object: Arc<dyn HostObject>, patience: Duration) -> Self {
        Self { object, patience }
    }

    /// Calls a method with its arguments by name. What is thrown, a panic, no answer in time, and an answer of another
    /// form are errors.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, method: &str, args: String) -> Result<T, Error> {
        let failed = |message: String| Error::new(Code::TransportFailed, message);
        let calling = AssertUnwindSafe(self.object.call(method, args)).catch_unwind();
        let answer = tokio::time::timeout(self.patience, calling).await.map_err(|_| {
            let seconds = self.patience.as_secs_f32();
            failed(format!("the host's {method} did not answer within {seconds} s"))
        })?;
        let answer = answer.map_err(|_| failed(format!("the host's {method} panicked")))?;
        let answer = answer.map_err(|text| thrown(&format!("the host's {method}"), &text))?;
        decode(&format!("what the host's {method} answered"), &answer)
            .map_err(|error| failed(error.message().to_owned()))
    }
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
    /// The channel it sends on.
    channel: Channel,
    /// The platform's id of the sender (on WhatsApp the phone-number id).
    sender_id: String,
    /// The platform's id of the business account (on WhatsApp the WABA id), if known.
    business_id: Option<String>,
    /// The key to send with. Keep it out of logs.
    #[schemars(extend("x-secret" = true))]
    credential: String,
}

impl From<&SenderRef> for SenderShape {
    fn from(sender: &SenderRef) -> Self {
        Self {
            channel: sender.channel,
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
    /// After its patience the outcome of a send is unknown.
    pub(crate) host: Host,
    pub(crate) channel: Channel,
    pub(crate) correlation: Correlation,
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
        self.host.ask(method, encode(&args)?).await
    }
}

#[async_trait]
impl Transport for HostTransport {
    fn channels(&self) -> &[Channel] {
        std::slice::from_ref(&self.channel)
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
        let IgnoredAny = self.ask("mark_read", args).await?;
        Ok(())
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
pub(crate) struct HostCredentials(pub(crate) Host);

impl fmt::Debug for HostCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostCredentials")
    }
}

#[async_trait]
impl Credentials for HostCredentials {
    async fn credential(&self, reference: &str) -> Result<Secret, Error> {
        let args = encode(&json!({ "reference": reference }))?;
        let key: String = self.0.ask("credential", args).await?;
        Ok(Secret::new(key))
    }

    async fn renew(&self, reference: &str, refused: &Secret) -> Result<Secret, Error> {
        let args = encode(&json!({ "reference": reference, "refused": refused.expose() }))?;
        let key: Option<String> = self.0.ask("renew", args).await?;
        match key {
            Some(key) => Ok(Secret::new(key)),
            None => self.credential(reference).await,
        }
    }
}

/// How often a host's clock is looked at while somebody sleeps on it.
const GLANCE: Duration = Duration::from_millis(20);

/// A clock that the host keeps. While it does not answer, the last time that it told stands.
pub(crate) struct HostClock {
    host: Host,
    last: Mutex<DateTime<Utc>>,
}

impl fmt::Debug for HostClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostClock")
    }
}

impl HostClock {
    /// A clock that answers now. Fails if it does not.
    pub(crate) async fn new(host: Host) -> Result<Self, Error> {
        let now = host.ask("now", "{}".to_owned()).await?;
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
            tokio::runtime::Handle::current().block_on(self.host.ask("now", "{}".to_owned()))
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

#[cfg(test)]
mod tests;
