//! What crosses to other languages, from the outside: as a binding sees it.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::tests_outside_test_module,
    reason = "tests"
)]

mod border;
mod calls;
mod description;
mod hosts;
mod roles;
mod round_trips;
mod scenario;
mod support;
