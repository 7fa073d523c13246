//! The command `connect-conformance`: flags, sessions, reports and the kill matrix. Decides nothing about the contract;
//! that is the work of `connect-checks`.
//!
//! Imports go in one direction. `tests/layers.rs` holds this table and fails on an import that is not in it:
//!
//! | module | does | imports |
//! |---|---|---|
//! | [`cli`] | reads flags, prints lists and replays, returns the exit code | all of the below |
//! | [`selftest`] | runs the suite against every defect: the kill matrix | `session`, `report` (its texts), `built_in`, `suggest`, `outcome` |
//! | [`session`] | runs one command from its configuration to its report | `runner`, `report`, `built_in`, `suggest`, `event`, `outcome`, `exit` |
//! | [`runner`] | executes the cases of a plan and emits events | `report` (known divergences only), `event`, `outcome` |
//! | [`report`] | turns events into a report, and the report into files and text | `event`, `outcome`, `exit` |
//! | [`built_in`] | starts the built-in emulator | `event`, `suggest` |
//! | [`event`] | the events of a run, as data | nothing |
//! | [`outcome`], [`exit`], [`suggest`] | words, exit codes, "did you mean" | nothing |

pub mod built_in;
pub mod cli;
pub mod event;
pub mod exit;
pub mod outcome;
pub mod report;
pub mod runner;
pub mod selftest;
pub mod session;
pub mod suggest;
