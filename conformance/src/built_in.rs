//! The built-in emulator of a run: looks up its defects or variant, starts it, and describes it as a target. Knows nothing
//! of flags and reports.

use aws_credential_types::Credentials;
use connect_emulator::{AccessKeys, Benign, Config, Defect, Emulator, defects};
use connect_model::schema::Schema;
use connect_transport::endpoint::EndpointError;
use connect_transport::target::{Guarded, Target};
use thiserror::Error;

use crate::event::EmulatorInfo;
use crate::suggest;

/// An emulator cannot be started.
#[derive(Debug, Error)]
pub enum EmulatorError {
    /// An unknown defect or variant; the message suggests similar ones.
    #[error("{0}")]
    Unknown(String),
    /// The port cannot be listened on.
    #[error("cannot listen on 127.0.0.1:{port}: {source}; choose another --port, or 0 for a free one")]
    Listen {
        /// The port.
        port: u16,
        /// The error of the system.
        source: std::io::Error,
    },
}

/// Starts an emulator on a free port of 127.0.0.1.
///
/// # Errors
/// The defect or variant is unknown, or no port can be listened on.
pub async fn start(schema: &'static Schema, info: &EmulatorInfo, seed: u64) -> Result<Emulator, EmulatorError> {
    start_with(schema, info, Config { seed, guard: Some(keys()), ..Config::default() }).await
}

/// Starts an emulator with further settings: port, seed, and what it demands of its callers. Its defects, variant and
/// resources are those of `info`.
///
/// # Errors
/// As for [`start`].
pub async fn start_with(
    schema: &'static Schema,
    info: &EmulatorInfo,
    config: Config,
) -> Result<Emulator, EmulatorError> {
    let defects = info.defect.iter().flat_map(|ids| ids.split(',')).map(defect).collect::<Result<_, _>>()?;
    let benign = info.benign.as_deref().map(benign).transpose()?;
    let port = config.port;
    let config = Config { defects, benign, resources: info.resources.unwrap_or(0), ..config };
    Emulator::start(schema, &config).await.map_err(|source| EmulatorError::Listen { port, source })
}

/// Keys that the second port of a built-in emulator demands. Temporary ones, so that every rule of access can be tested.
pub fn keys() -> AccessKeys {
    AccessKeys {
        id: "ASIAEXAMPLEBUILTIN".to_owned(),
        secret: "the+secret/of+the/built-in/emulator".to_owned(),
        session_token: Some("the/token+of/the/built-in+emulator==".to_owned()),
    }
}

/// The target for a built-in emulator: unsigned, in the instance that it starts with. Checks of access go to its second port,
/// if it has one: to sign and verify every request would double the time of a run.
///
/// # Errors
/// Never in practice: the URL of an emulator is well-formed.
pub fn target_of(emulator: &Emulator) -> Result<Target, EndpointError> {
    let mut target = Target::unsigned(emulator.url().parse()?);
    target.instance_id = Some(emulator.service().instance_name());
    if let Some(url) = emulator.guarded_url() {
        let AccessKeys { id, secret, session_token } = keys();
        let keys = Credentials::new(id, secret, session_token, None, "built-in emulator");
        target.guarded = Some(Guarded { endpoint: url.parse()?, credentials: keys.into() });
    }
    Ok(target)
}

fn defect(id: &str) -> Result<&'static Defect, EmulatorError> {
    let unknown = || suggest::unknown("defect", id, defects().map(|known| known.id), "connect-conformance defects");
    Defect::named(id).ok_or_else(|| EmulatorError::Unknown(unknown()))
}

fn benign(id: &str) -> Result<&'static Benign, EmulatorError> {
    let known = connect_emulator::benign().map(|known| known.id);
    let unknown = || suggest::unknown("harmless variant", id, known, "connect-conformance benign");
    Benign::named(id).ok_or_else(|| EmulatorError::Unknown(unknown()))
}
