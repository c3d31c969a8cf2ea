//! The native part of the Node.js package: only strings and handles cross, everything typed is TypeScript.
//!
//! It runs on the library's own threads. JavaScript is entered through threadsafe functions alone: to settle a promise,
//! which keeps the process alive until then, and to ask an object of the host, which does not.

mod host;
mod settle;

use napi::bindgen_prelude::{ClassInstance, Env, Object};
use napi_derive::napi;
use tertulia_bindings_shapes::{self as shapes, Kind, Scope, Watch};

use crate::host::{Asked, Host};
use crate::settle::settling;

/// Ends long work between two batches.
#[napi]
pub struct CancelToken(shapes::CancelToken);

#[napi]
impl CancelToken {
    /// A token that nobody has used.
    #[napi(constructor)]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(shapes::CancelToken::new())
    }

    /// Ends the work after the batch that it is in.
    #[napi]
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

/// What was opened.
#[napi]
pub struct Handle(shapes::Handle);

/// Opens a `crm`, `platform` or `clock`; a promise of its handle, rejected with a failure as JSON.
#[napi]
pub fn open<'env>(
    env: &'env Env,
    kind: String,
    options: String,
    hosts: Vec<Asked>,
    handles: Vec<ClassInstance<'_, Handle>>,
) -> napi::Result<Object<'env>> {
    let hosts = hosts.into_iter().map(Host::shared).collect();
    let handles = handles.iter().map(|handle| handle.0.clone()).collect();
    settling(env, async move {
        let kind = Kind::parse(&kind)?;
        shapes::open(kind, options, hosts, handles).await.map(Handle)
    })
}

#[napi]
impl Handle {
    /// Calls a method with its arguments as JSON; a promise of the answer as JSON, rejected with a failure as JSON.
    ///
    /// The call runs to its end, whoever waits for it.
    #[napi]
    #[allow(clippy::too_many_arguments)]
    pub fn call<'env>(
        &self,
        env: &'env Env,
        method: String,
        args: String,
        org: Option<String>,
        agent: Option<String>,
        progress: Option<Asked>,
        cancel: Option<&CancelToken>,
        other: Option<&Handle>,
    ) -> napi::Result<Object<'env>> {
        let watch = Watch {
            progress: progress.map(Host::shared),
            cancel: cancel.map(|token| token.0.clone()),
        };
        let other = other.map(|handle| handle.0.clone());
        let scope = Scope { org, agent };
        settling(env, self.0.call(&method, scope, args, watch, other))
    }
}
