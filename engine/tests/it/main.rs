//! The library as its users hold it, against a stand-in for the platform.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(
    clippy::similar_names,
    clippy::duration_suboptimal_units,
    reason = "a test says what the rule says"
)]

mod audit;
mod broadcasts;
mod calls;
mod consent;
mod contention;
mod copying;
mod csat;
mod ctwa;
mod duplicates;
mod erasure;
mod exports;
mod external_ids;
mod figures;
mod find;
mod handlers;
mod hooked;
mod host_key;
mod imports;
mod inbox;
mod keys;
mod kills;
mod lifecycle;
mod media;
mod merging;
mod orders;
mod organisation;
mod pacing;
mod profile;
mod removal;
mod roles;
mod schedules;
mod senders;
mod sending;
mod sequences;
mod settling;
mod support;
mod targets;
mod twilio;
mod webhooks;
