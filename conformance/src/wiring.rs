//! Where the parts meet: checks, client, emulator and target become something that can be run. Knows nothing of flags and
//! reports.

use connect_model::schema::Schema;

use crate::event::EmulatorInfo;
use connect_emulator::{Benign, Config, Defect, Emulator};
use connect_transport::target::Target;

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
pub fn target_of(emulator: &Emulator) -> Result<Target, connect_transport::endpoint::EndpointError> {
    let mut target = Target::unsigned(emulator.url().parse()?);
    target.instance_id = Some(emulator.service().instance_name());
    Ok(target)
}
