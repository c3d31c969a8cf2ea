//! The model of the tertulia messaging CRM and every rule it obeys, as pure functions.
//!
//! Nothing here does I/O, reads a clock, draws random numbers or waits: time, identifiers and records
//! are handed in, decisions are handed back.

pub mod account;
pub mod analytics;
pub mod attributes;
pub mod audit;
pub mod broadcast;
pub mod canonical;
pub mod channel;
pub mod consent;
pub mod contact;
pub mod context;
pub mod conversation;
pub mod ctwa;
pub mod decide;
pub mod dossier;
pub mod duplicates;
pub mod erasure;
pub mod error;
pub mod export;
pub mod filter;
pub mod fold;
pub mod gate;
pub mod identity;
pub mod ids;
pub mod import;
pub mod inbound;
pub mod inbox;
pub mod journal;
pub mod keywords;
pub mod ledger;
pub mod media;
pub mod merge;
pub mod message;
pub mod note;
pub mod phone;
pub mod quick_reply;
pub mod record;
pub mod render;
pub mod retry;
pub mod roles;
pub mod routing;
pub mod schedule;
pub mod search;
pub mod segment;
pub mod selection;
pub mod settings;
pub mod suppression;
pub mod survey;
pub mod tagging;
pub mod team;
pub mod template;
mod text_schema;
pub mod turn;
pub mod window;
pub mod working_set;
