//! Holds an endpoint of the Amazon Connect API to its contract: plan, execute, judge, report; and an endpoint of our
//! own to hold.

#[cfg(feature = "aws")]
mod aws;
#[cfg(not(feature = "aws"))]
#[path = "no_aws.rs"]
mod aws;
pub mod case;
pub mod changed;
pub mod checks;
pub mod cli;
pub mod client;
pub mod coverage;
pub mod credentials;
pub mod emulator;
pub mod event;
pub mod exit;
pub mod expect;
pub mod forecast;
pub mod golden;
pub mod health;
mod json_text;
pub mod ledger;
pub mod observe;
pub mod pace;
pub mod plan;
pub mod record;
pub mod replay;
pub mod reply;
pub mod report;
pub mod rerun;
pub mod resources;
pub mod runner;
pub mod selftest;
pub mod session;
pub mod signing;
pub mod suggest;
pub mod suite;
pub mod sweep;
pub mod target;
pub mod transport;
pub mod wiring;
