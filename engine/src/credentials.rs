//! The keys to send with: asked of the host, never stored.

use std::collections::HashMap;

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
