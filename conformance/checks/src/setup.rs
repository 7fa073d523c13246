//! Puts plan, client and transport together into a suite that can be run against a target.

use std::sync::Arc;
use std::time::Duration;

use connect_model::schema::Schema;
use connect_transport::pace::PaceConfig;
use connect_transport::target::Target;
use connect_transport::{Transport, TransportConfig, TransportError};

use crate::client::{Client, ClientConfig};
use crate::ledger::{self, Ledger};
use crate::permission::Permission;
use crate::plan::Plan;
use crate::selection::Selection;
use crate::suite::Suite;
use crate::walks::WalkConfig;

/// Random values per operation beside the fixed ones, unless somebody asks for another number.
pub const DEFAULT_CASES: u32 = 3;

/// Walks of a run on this machine, unless somebody asks for another number. Elsewhere there are none.
pub const DEFAULT_WALKS: u32 = 24;

/// Steps of a walk, unless somebody asks for another number.
pub const DEFAULT_WALK_LENGTH: u16 = 20;

/// How a suite makes its requests.
#[derive(Clone, Debug)]
pub struct SuiteConfig {
    /// Seed of every value.
    pub seed: u64,
    /// Random values per operation beside the fixed ones.
    pub cases: u32,
    /// Keeps the names of this run apart from those of any other; letters and digits.
    pub run_id: String,
    /// For one request.
    pub timeout: Duration,
    /// For all of them.
    pub pace: PaceConfig,
    /// Random walks.
    pub walks: WalkConfig,
    /// Requests that making findings smaller may take, in all.
    pub shrink: u32,
    /// How long lists may lag behind a creation.
    pub settle: Duration,
    /// Where everything is entered that has to be taken away again.
    pub ledger: Option<Arc<Ledger>>,
}

/// What keeps the names of a run apart, from a number.
pub fn run_id(number: u64) -> String {
    format!("{number:08x}")
}

/// A plan against a target. Sends nothing.
///
/// # Errors
/// [`TransportError::Connect`] when TLS cannot be set up on this machine.
pub fn suite(
    schema: &'static Schema,
    target: Target,
    selection: &Selection,
    config: SuiteConfig,
) -> Result<(Suite, Arc<Transport>), TransportError> {
    let SuiteConfig { seed, cases, run_id, timeout, pace, walks, shrink, settle, ledger } = config;
    let hook = ledger::hook(ledger.as_ref());
    let bounds = TransportConfig { timeout, pace, hook, ..TransportConfig::default() };
    let transport = Arc::new(Transport::new(&target, &schema.service.signing_name, bounds)?);
    let plan = Plan::new(schema, selection);
    let permission = selection.permission.clone();
    let config = ClientConfig { seed, cases, run_id, permission, shrink, settle, ledger };
    let client = Client::new(schema, target, Arc::clone(&transport), config);
    Ok((Suite::new(plan, client, walks, selection.golden.clone()), transport))
}

/// Everything that the model has, on an endpoint that is on this machine.
pub fn everything() -> Selection {
    let permission = Permission { loopback: true, ..Default::default() };
    Selection { permission, walks: true, ..Selection::default() }
}
