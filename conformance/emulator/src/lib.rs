//! The emulator: Amazon Connect in a process, with strict validation, state, and defects on demand.
//!
//! [`Service`] turns a request into a response and does not know sockets; [`Emulator`] serves it on a loopback port.
//! Instances, flows, modules, rules and tags have handlers; resources of every other kind in the model are kept as the
//! resource graph says. Every other operation is answered with a generated output, marked by the header [`SYNTHESIZED`].
//!
//! The code outside of `defects` and `benign` states the contract. It asks the seams (`defects/seam.rs`) at the points
//! where a defect can act.

mod arn;
mod benign;
mod bucket;
mod client_tokens;
mod collection;
mod defects;
mod front;
mod handlers;
mod ids;
mod kinds;
mod pages;
mod refusal;
mod search;
mod serve;
mod service;
mod sigv4;
mod store;
mod synthesize;
#[cfg(test)]
mod tests;
mod token_forms;
mod validation;
mod verify;

pub use benign::{Benign, benign};
pub use bucket::Rate;
pub use defects::{Defect, Family, defects};
pub use front::FrontConfig;
pub use ids::DEFAULT_INSTANCE_ID;
pub use serve::Emulator;
pub use service::Service;
pub use sigv4::AccessKeys;
pub use verify::refused_signature;

use std::sync::Arc;
use std::time::Duration;

use defects::seam::{Contract, Seams};

/// Header of generated answers.
pub const SYNTHESIZED: &str = "x-emulator-synthesized";

/// Settings of an emulator.
#[derive(Clone, Debug)]
pub struct Config {
    /// TCP port on 127.0.0.1; 0 for a free one.
    pub port: u16,
    /// Deliberate defects, which act together; none for an endpoint that keeps the contract.
    pub defects: Vec<&'static Defect>,
    /// Harmless variant. Ignored if there are defects.
    pub benign: Option<&'static Benign>,
    /// Number of flows, of modules and of rules that the default instance has from the start.
    pub resources: usize,
    /// Seed of ids, tokens and generated answers.
    pub seed: u64,
    /// Region in ARNs.
    pub region: String,
    /// Account in ARNs, twelve digits.
    pub account: String,
    /// Quotas.
    pub limits: Limits,
    /// Behaviour in front of the service: signatures, rate, connections. Only [`Emulator`] has it.
    pub front: FrontConfig,
    /// Keys for a second port to the same service, which serves only requests that are signed with them. None for no such
    /// port.
    pub guard: Option<AccessKeys>,
    /// Age at which a search finds a resource.
    pub search_lag: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            port: 0,
            defects: Vec::new(),
            benign: None,
            resources: 0,
            seed: 0,
            region: "us-east-1".to_owned(),
            account: "111122223333".to_owned(),
            limits: Limits::default(),
            front: FrontConfig::default(),
            guard: None,
            search_lag: Duration::ZERO,
        }
    }
}

impl Config {
    /// The behaviour at the seams: that of the contract, of the harmless variant, or of the defects together.
    pub(crate) fn seams(&self) -> Arc<dyn Seams> {
        match (self.defects.as_slice(), self.benign) {
            ([], None) => Arc::new(Contract),
            ([], Some(benign)) => (benign.seams)(),
            (all, _) => defects::together(all),
        }
    }
}

/// Quotas: the most resources of one instance. Unlimited by default, since a run creates thousands.
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
    /// The quotas of a new account. Source: Amazon Connect administrator guide, service quotas. It allows 500 rules per
    /// event source; the emulator counts all rules.
    pub fn of_new_account() -> Self {
        Self { flows: 100, modules: 200, rules: 500 }
    }
}
