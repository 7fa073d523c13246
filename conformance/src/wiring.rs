//! Where the parts meet: checks, client, emulator and target become something that can be run. Knows nothing of flags and
//! reports.

use std::sync::Arc;
use std::time::Duration;

use connect_model::schema::Schema;

use crate::checks::walks::WalkConfig;
use crate::client::{Client, ClientConfig};
use crate::emulator::{Benign, Config, Defect, Emulator};
use crate::event::EmulatorInfo;
use crate::ledger::Ledger;
use crate::pace::PaceConfig;
use crate::plan::{Plan, Selection};
use crate::suite::Suite;
use crate::target::Target;
use crate::transport::{Transport, TransportConfig, TransportError};

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
    pub salt: String,
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
pub fn salt(number: u64) -> String {
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
    let SuiteConfig { seed, cases, salt, timeout, pace, walks, shrink, settle, ledger } = config;
    let bounds = TransportConfig { timeout, pace, ledger, ..TransportConfig::default() };
    let transport = Arc::new(Transport::new(&target, &schema.service.signing_name, bounds)?);
    let plan = Plan::new(schema, selection);
    let permission = selection.permission.clone();
    let config = ClientConfig { seed, cases, salt, permission, shrink, settle };
    let client = Client::new(schema, target, Arc::clone(&transport), config);
    Ok((Suite::new(plan, client, walks, selection.golden.clone()), transport))
}

/// Everything that the model has, on an endpoint that is on this machine.
pub fn everything() -> Selection {
    let permission = crate::plan::Permission { loopback: true, ..Default::default() };
    Selection { permission, walks: true, ..Selection::default() }
}

/// Starts an emulator on 127.0.0.1; port 0 for a free one.
///
/// # Errors
/// A defect that does not exist, or a port that is taken.
pub async fn emulator(
    schema: &'static Schema,
    info: &EmulatorInfo,
    port: u16,
    seed: u64,
) -> Result<Emulator, EmulatorError> {
    emulator_like(schema, info, Config { port, seed, ..Config::default() }).await
}

/// The same, of an emulator that has more about it than a run's own.
///
/// # Errors
/// As for [`emulator`].
pub async fn emulator_like(
    schema: &'static Schema,
    info: &EmulatorInfo,
    config: Config,
) -> Result<Emulator, EmulatorError> {
    let defect = match &info.defect {
        Some(id) => Some(Defect::named(id).ok_or_else(|| EmulatorError::UnknownDefect(id.clone()))?),
        None => None,
    };
    let benign = match &info.benign {
        Some(id) => Some(Benign::named(id).ok_or_else(|| EmulatorError::UnknownBenign(id.clone()))?),
        None => None,
    };
    let port = config.port;
    let config = Config { defect, benign, resources: info.resources.unwrap_or(0), ..config };
    Emulator::start(schema, &config).await.map_err(|source| EmulatorError::Listen { port, source })
}

/// An emulator cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
    /// No defect of that id.
    #[error("unknown defect `{0}`; `connect-conformance defects` lists them")]
    UnknownDefect(String),
    /// No harmless variant of that id.
    #[error("unknown harmless variant `{0}`; `connect-conformance benign` lists them")]
    UnknownBenign(String),
    /// The port cannot be listened on.
    #[error("cannot listen on 127.0.0.1:{port}: {source}; choose another --port, or 0 for a free one")]
    Listen {
        /// The port.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The target that an emulator of our own is: unsigned, in the instance that it begins with.
///
/// # Errors
/// None that is known: its URL is well-formed.
pub fn target_of(emulator: &Emulator) -> Result<Target, crate::target::EndpointError> {
    let mut target = Target::unsigned(emulator.url().parse()?);
    target.instance_id = Some(emulator.service().instance_name());
    Ok(target)
}
