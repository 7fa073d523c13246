//! The command: flags, sessions, reports, and the matrix of defects. Decides nothing about the contract.

pub mod cli;
pub mod event;
pub mod exit;
pub mod expect;
pub mod forecast;
pub mod record;
pub mod replay;
pub mod report;
pub mod rerun;
pub mod runner;
pub mod selftest;
pub mod session;
pub mod suggest;
pub mod sweep;
pub mod wiring;
