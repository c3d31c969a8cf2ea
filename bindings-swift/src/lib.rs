//! The native library below the Swift and Kotlin bindings: strings and handles cross, nothing else.
//!
//! Everything typed stands on top of it in each language, generated from the description in `bindings-shapes`.
//! UniFFI is what carries the calls. Its futures need no runtime of their own: a call runs on the threads of
//! `bindings-shapes`, and what is awaited here is only its answer.

use std::sync::Arc;

use async_trait::async_trait;
use tertulia_bindings_shapes::{CancelToken, Failure, Handle, HostObject, Kind, Scope, Watch};

uniffi::setup_scaffolding!();

/// A call that failed, on either side.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum NativeError {
    /// It failed so.
    #[error("{failure}")]
    Failed {
        /// What it failed with, as JSON: out of the library all of a `Failure`, into it `{"code"?, "message"}`.
        failure: String,
    },
}

impl From<Failure> for NativeError {
    fn from(failure: Failure) -> Self {
        Self::Failed {
            failure: failure.json(),
        }
    }
}

impl From<uniffi::UnexpectedUniFFICallbackError> for NativeError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        // Plain text is a message without a code.
        Self::Failed {
            failure: error.reason,
        }
    }
}

/// An object of the host's language.
#[uniffi::export(foreign)]
#[async_trait]
pub trait NativeObject: Send + Sync {
    /// Calls a method with its arguments by name, a JSON object; the answer is JSON.
    async fn call(&self, method: String, args: String) -> Result<String, NativeError>;
}

struct Host(Arc<dyn NativeObject>);

#[async_trait]
impl HostObject for Host {
    async fn call(&self, method: &str, args: String) -> Result<String, String> {
        let answer = self.0.call(method.to_owned(), args).await;
        answer.map_err(|NativeError::Failed { failure }| failure)
    }
}

fn host(object: Arc<dyn NativeObject>) -> Arc<dyn HostObject> {
    Arc::new(Host(object))
}

/// Ends long work between two batches.
#[derive(uniffi::Object)]
pub struct NativeCancelToken(CancelToken);

#[uniffi::export]
impl NativeCancelToken {
    /// A token that nobody has used.
    #[uniffi::constructor]
    #[allow(clippy::new_without_default, reason = "only other languages make one")]
    pub fn new() -> Arc<Self> {
        Arc::new(Self(CancelToken::new()))
    }

    /// Ends the work after the batch that it is in.
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

/// A CRM, a stand-in platform or a manual clock.
#[derive(uniffi::Object)]
pub struct NativeHandle(Handle);

/// Opens a `crm`, `platform` or `clock` with options as JSON, which refer to host objects and handles by their places.
#[uniffi::export]
pub async fn native_open(
    kind: String,
    options: String,
    hosts: Vec<Arc<dyn NativeObject>>,
    handles: Vec<Arc<NativeHandle>>,
) -> Result<Arc<NativeHandle>, NativeError> {
    let hosts = hosts.into_iter().map(host).collect();
    let handles = handles.iter().map(|handle| handle.0.clone()).collect();
    let opened = tertulia_bindings_shapes::open(Kind::parse(&kind)?, options, hosts, handles).await?;
    Ok(Arc::new(NativeHandle(opened)))
}

/// A call: what is asked of whom, and who watches it.
#[derive(uniffi::Record)]
pub struct NativeCall {
    method: String,
    org: Option<String>,
    agent: Option<String>,
    args: String,
    progress: Option<Arc<dyn NativeObject>>,
    cancel: Option<Arc<NativeCancelToken>>,
    other: Option<Arc<NativeHandle>>,
}

#[uniffi::export]
impl NativeHandle {
    /// Calls a method; the answer is JSON. Once called, it runs to its end, whether or not the answer is awaited.
    pub async fn call(&self, call: NativeCall) -> Result<String, NativeError> {
        let scope = Scope {
            org: call.org,
            agent: call.agent,
        };
        let watch = Watch {
            progress: call.progress.map(host),
            cancel: call.cancel.map(|token| token.0.clone()),
        };
        let other = call.other.map(|handle| handle.0.clone());
        Ok(self.0.call(&call.method, scope, call.args, watch, other).await?)
    }
}
