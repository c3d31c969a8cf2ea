//! Decisions over records, without a store: what each flow changes, and that the order of events does not matter.

#![allow(
    clippy::unwrap_used,
    reason = "tests stop at the first surprise, helpers included"
)]

mod broadcasts;
mod calls;
mod channels;
mod contacts;
mod conversations;
mod ctwa;
mod deletion;
mod drips;
mod enrollments;
mod erasure;
mod external_ids;
mod harness;
mod inbound;
mod leads;
mod merging;
mod moves;
mod notes;
mod pacing;
mod permutations;
mod profile;
mod quick_replies;
mod roles;
mod routing;
mod segments;
mod senders;
mod sending;
mod sequences;
mod surveys;
mod tags;
mod targets;
mod team;
mod threads;
mod turns;
