//! Creates a suite from its parts: plan, client and transport.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use connect_model::schema::{OperationId, Schema};
use connect_transport::pace::PaceConfig;
use connect_transport::target::Target;
use connect_transport::{Transport, TransportConfig, TransportError};

use crate::client::{Client, ClientConfig};
use crate::known::{self, Known};
use crate::ledger::Ledger;
use crate::permission::Permission;
use crate::plan::Plan;
use crate::selection::Selection;
use crate::suite::Suite;
use crate::walks::WalkConfig;

/// Default number of random values per operation, in addition to the fixed ones.
pub const DEFAULT_CASES: u32 = 3;

/// Most random requests for each operation.
pub const MOST_CASES: u32 = 100_000;

/// Checks a number of requests per second: a run with fewer than one in 100 s would not end.
///
/// # Errors
/// The bounds.
pub fn is_rate(rate: f64) -> Result<(), String> {
    let is_within = (0.01..=1e6).contains(&rate);
    if is_within { Ok(()) } else { Err("give at least 0.01 and at most 1000000 requests per second".to_owned()) }
}

/// Default number of walks of a run on this machine. Remote endpoints get none by default.
pub const DEFAULT_WALKS: u32 = 24;

/// Default number of steps of a walk.
pub const DEFAULT_WALK_LENGTH: u16 = 20;

/// Default number of histories of each kind of resource on this machine. Remote endpoints get none by default.
pub const DEFAULT_HISTORIES: u32 = 1;

/// Default number of calls of a history.
pub const DEFAULT_HISTORY_LENGTH: u16 = 30;

/// Configuration of a suite.
#[derive(Clone, Debug)]
pub struct SuiteConfig {
    /// Seed of all generated values.
    pub seed: u64,
    /// Number of random values per operation, in addition to the fixed ones.
    pub cases: u32,
    /// Distinguishes the names of this run from those of other runs; letters and digits.
    pub run_id: String,
    /// Timeout of one request.
    pub timeout: Duration,
    /// Pace of all requests.
    pub pace: PaceConfig,
    /// Configuration of random walks.
    pub walks: WalkConfig,
    /// Maximum number of requests for shrinking, in the whole run.
    pub shrink: u32,
    /// Maximum time until a created resource is listed.
    pub settle: Duration,
    /// Records the resources that have to be deleted.
    pub ledger: Option<Arc<Ledger>>,
    /// Operations that the endpoint answered in the run that is continued.
    pub answered: BTreeSet<OperationId>,
    /// Things of others, which are read.
    pub known: Arc<Known>,
}

/// Formats a number as a run id.
pub fn run_id(number: u64) -> String {
    format!("{number:08x}")
}

/// Creates a suite for a target. Sends nothing.
///
/// # Errors
/// [`TransportError::Connect`] if TLS cannot be set up on this machine.
pub fn suite(
    schema: &'static Schema,
    target: Target,
    selection: &Selection,
    config: SuiteConfig,
) -> Result<(Suite, Arc<Transport>), TransportError> {
    let SuiteConfig { seed, cases, run_id, timeout, pace, walks, shrink, settle, ledger, answered, known } = config;
    let hook = known::guard::hook(schema, &known, ledger.as_ref());
    let bounds = TransportConfig { timeout, pace, hook, ..TransportConfig::default() };
    let open = |target: &Target| Transport::new(target, &schema.service.signing_name, bounds.clone());
    let transport = Arc::new(open(&target)?);
    let guarded = target.guarded().as_ref().map(open).transpose()?;
    let guarded = guarded.map(|guarded| Arc::new(guarded.at_pace_of(&transport)));
    let plan = Plan::new(schema, selection);
    let permission = selection.permission.clone();
    let config = ClientConfig { seed, cases, run_id, permission, shrink, settle, ledger, answered, known };
    let client = Client::new(schema, target, Arc::clone(&transport), config).guarded_by(guarded);
    Ok((Suite::new(plan, client, walks, selection.golden.clone()), transport))
}

/// Selects all cases of the model, for an endpoint on this machine.
pub fn everything() -> Selection {
    let permission = Permission { loopback: true, ..Default::default() };
    Selection { permission, walks: true, histories: true, ..Selection::default() }
}
