//! What tests of a program that embeds the CRM need: a clock set by hand and a messaging platform on this machine.
//!
//! Nothing here talks to anything but `127.0.0.1`.

mod clock;
pub mod platform;
mod signature;
pub mod twilio;

pub use clock::ManualClock;
pub use platform::{
    Accepted, Fault, Faults, Inbound, Limits, Person, Platform, PlatformConfig, Receipts, Refusal, Status,
    Webhook,
};
pub use signature::{sign, sign_twilio};
