//! Judges an endpoint: plans test cases, sends their requests through a transport, and judges the responses. Does not
//! depend on the emulator, prints nothing, and writes no reports.

mod accept;
mod access;
pub mod budget;
pub mod case;
pub mod changed;
pub mod check;
pub mod cleanup;
pub mod client;
pub mod code;
pub mod coverage;
mod difference;
pub mod error;
pub mod evidence;
pub mod families;
pub mod golden;
pub mod harm;
pub mod history;
pub mod idempotency;
pub mod invalid;
pub mod judge;
mod keep;
pub mod known;
pub mod language;
pub mod ledger;
pub mod lifecycle;
pub mod memo;
pub mod observe;
pub mod pagination;
mod parts;
pub mod permission;
pub mod plan;
pub mod resources;
mod same;
pub mod search;
pub mod selection;
pub mod setup;
pub mod shape;
pub mod shard;
mod shrink;
mod steps;
pub mod suite;
mod tagging;
#[cfg(test)]
mod testing;
mod twin;
pub mod walks;
