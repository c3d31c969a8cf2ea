//! The store on servers as they are met: those that are refused, those that restart, those that many open at once.

#![allow(clippy::unwrap_used)]

mod conformance;
mod cut_off;
mod feed;
mod refusals;
mod restart;
mod support;
mod wall;
