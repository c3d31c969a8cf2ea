//! The keys to send with: asked of the host, never stored.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use tertulia_core::error::{Code, Error};
use tertulia_transport_traits::{Credentials, Secret};

/// No keys: every send fails with a word about it.
#[derive(Debug)]
pub(crate) struct NoCredentials;

#[async_trait]
impl Credentials for NoCredentials {
    async fn credential(&self, reference: &str) -> Result<Secret, Error> {
        Err(Error::new(
            Code::CredentialMissing,
            format!("no credentials were given to the builder; {reference:?} was asked for"),
        ))
    }
}

/// The host's keys, and what became of those that a platform refused.
#[derive(Debug)]
pub(crate) struct Keys {
    host: Arc<dyn Credentials>,
    /// By reference.
    known: std::sync::Mutex<HashMap<String, Arc<Known>>>,
}

/// What is known of the keys of one reference.
#[derive(Debug, Default)]
struct Known {
    last: std::sync::Mutex<Renewal>,
    /// Held by whoever asks for another key.
    asking: tokio::sync::Mutex<()>,
}

/// The last time that another key was asked for.
#[derive(Debug, Clone, Default)]
struct Renewal {
    /// How often one was.
    times: u64,
    /// The key that was refused, and the one in its place.
    replaced: Option<(Secret, Secret)>,
}

/// A key as it was handed out.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) secret: Secret,
    reference: String,
    /// How often another one had been asked for by then.
    times: u64,
}

impl Known {
    fn last(&self) -> Renewal {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Keys {
    pub(crate) fn new(host: Arc<dyn Credentials>) -> Self {
        Self {
            host,
            known: std::sync::Mutex::default(),
        }
    }

    fn known(&self, reference: &str) -> Arc<Known> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(reference.to_owned()).or_default())
    }

    /// The key of a reference; in place of one that was refused, the one that came for it.
    pub(crate) async fn key(&self, reference: &str) -> Result<Key, Error> {
        let known = self.known(reference);
        // Looked at first: what was asked for later tells of this key, too.
        let times = known.last().times;
        let given = self.host.credential(reference).await?;
        let secret = match known.last().replaced {
            Some((refused, other)) if refused == given => other,
            _ => given,
        };
        Ok(Key {
            secret,
            reference: reference.to_owned(),
            times,
        })
    }

    /// Whether there is another key in place of one that a platform refused. Of all to whom it was handed out, one asks the
    /// host.
    pub(crate) async fn renewed(&self, key: &Key) -> bool {
        let known = self.known(&key.reference);
        let _asking = known.asking.lock().await;
        let last = known.last();
        if last.times == key.times {
            let other = match self.host.renew(&key.reference, &key.secret).await {
                Ok(other) => Some(other).filter(|other| *other != key.secret),
                Err(error) => {
                    tracing::warn!(code = error.code().as_str(), "the host gives no other key");
                    None
                }
            };
            let renewal = Renewal {
                times: last.times + 1,
                replaced: other.map(|other| (key.secret.clone(), other)),
            };
            *known.last.lock().unwrap_or_else(PoisonError::into_inner) = renewal;
        }
        let replaced = known.last().replaced;
        replaced.is_some_and(|(_, other)| other != key.secret)
    }
}

/// Keys that the host has at hand when it starts: reference → key.
#[derive(Debug, Default)]
pub struct StaticCredentials(HashMap<String, Secret>);

impl StaticCredentials {
    /// Adds a key under its reference.
    #[must_use]
    pub fn with(mut self, reference: impl Into<String>, key: impl Into<String>) -> Self {
        self.0.insert(reference.into(), Secret::new(key));
        self
    }
}

#[async_trait]
impl Credentials for StaticCredentials {
    async fn credential(&self, reference: &str) -> Result<Secret, Error> {
        self.0.get(reference).cloned().ok_or_else(|| {
            Error::new(
                Code::CredentialMissing,
                format!("there is no credential {reference:?}"),
            )
        })
    }
}
