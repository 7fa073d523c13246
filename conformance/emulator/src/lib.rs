//! The embedded endpoint: Amazon Connect in a process, strict about input, with memory, and with defects on demand.
//!
//! [`Service`] is the whole of it and knows no sockets: a request goes in, a response comes out. [`Emulator`] puts it
//! behind a loopback port. Core families (instances, flows, modules, rules, tags) are performed; every other operation
//! of the model is answered with a generated output, marked by the header [`SYNTHESIZED`].

mod arn;
mod benign;
mod bucket;
mod client_tokens;
mod defects;
mod front;
mod handlers;
mod pages;
mod policy;
mod refusal;
mod search;
mod serve;
mod service;
mod sigv4;
mod store;
mod synthesize;
#[cfg(test)]
mod tests;

pub use arn::DEFAULT_INSTANCE_ID;
pub use benign::{BENIGN, Benign};
pub use bucket::Rate;
pub use defects::{Defect, Family, defects};
pub use front::FrontConfig;
pub use serve::Emulator;
pub use service::Service;

use std::time::Duration;

/// Header of answers that were generated and not looked up.
pub const SYNTHESIZED: &str = "x-emulator-synthesized";

/// How an emulator is to be.
#[derive(Clone, Debug)]
pub struct Config {
    /// TCP port on 127.0.0.1; 0 for a free one.
    pub port: u16,
    /// Deliberate fault; none for an endpoint that keeps the contract.
    pub defect: Option<&'static Defect>,
    /// Harmless peculiarity; without effect beside a defect.
    pub benign: Option<&'static Benign>,
    /// Flows, modules and rules (that many of each) that the default instance has from the start.
    pub resources: usize,
    /// Decides ids, tokens and generated answers.
    pub seed: u64,
    /// Region in ARNs.
    pub region: String,
    /// Account in ARNs, twelve digits.
    pub account: String,
    /// Quotas.
    pub limits: Limits,
    /// What it asks of its callers before it looks at what they say; only behind its socket.
    pub front: FrontConfig,
    /// How old a resource must be for a search to find it.
    pub search_lag: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            port: 0,
            defect: None,
            benign: None,
            resources: 0,
            seed: 0,
            region: "us-east-1".to_owned(),
            account: "111122223333".to_owned(),
            limits: Limits::default(),
            front: FrontConfig::default(),
            search_lag: Duration::ZERO,
        }
    }
}

/// Most resources of one instance. Without limit by default: a run creates thousands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Flows.
    pub flows: usize,
    /// Flow modules.
    pub modules: usize,
    /// Rules.
    pub rules: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { flows: usize::MAX, modules: usize::MAX, rules: usize::MAX }
    }
}

impl Limits {
    /// The quotas of a new account (Amazon Connect administrator guide, service quotas; for rules, 500 of each event
    /// source, of which we count the sum).
    pub fn of_new_account() -> Self {
        Self { flows: 100, modules: 200, rules: 500 }
    }
}
