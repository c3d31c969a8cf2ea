//! What crosses to other languages, listed once.
//!
//! A binding is thin: it can [`open`] a [`Handle`], [`call`](Handle::call) it by a method's name with JSON, and let the
//! library call an object of its own language ([`HostObject`]). Everything else (types, handles, stubs) is generated
//! from [`describe`], which reads the very types that Rust users hold. One place turns what a host hands over into
//! those types, so that bad input gets the same typed error in every language.

mod areas;
mod describe;
mod failure;
mod handle;
mod handlers;
mod host;
mod method;
mod of_process;
mod options;
mod runtime;
mod views;
mod watch;
mod wire;

pub use describe::describe;
pub use failure::Failure;
pub use handle::{Handle, Kind, Scope, open};
pub use host::HostObject;
pub use runtime::{block_on, spawn};
pub use watch::{CancelToken, Watch};
