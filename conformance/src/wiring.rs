//! SEAM: where the command line meets checks, plan and emulator. Everything else of the runner knows them only by the
//! types here. The bodies below say that the parts are missing; wiring a part in means to replace its body.

use std::sync::Arc;

use connect_model::schema::Schema;

use crate::case::{CaseId, Level};
use crate::event::EmulatorInfo;
use crate::runner::Judge;
use crate::target::Target;
use crate::transport::Transport;

/// A check, as `checks` and `explain` show it.
#[derive(Clone, Debug)]
pub struct CheckInfo {
    /// Stable id, `family.name`.
    pub id: &'static str,
    /// How grave its findings are.
    pub level: Level,
    /// The rule in one sentence.
    pub rule: &'static str,
    /// Where the rule is written.
    pub source: &'static str,
    /// What passes.
    pub passes: &'static str,
    /// What fails.
    pub fails: &'static str,
}

/// A defect of the emulator, as `defects` and `explain` show it.
#[derive(Clone, Debug)]
pub struct DefectInfo {
    /// Stable id.
    pub id: &'static str,
    /// What the endpoint does wrong.
    pub summary: &'static str,
    /// Ids of the checks that must catch it.
    pub kills: &'static [&'static str],
}

/// What is to be planned. Decides the case ids, without a target.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The contract.
    pub schema: &'static Schema,
    /// Only these operations; all if empty. Known names.
    pub operations: Vec<String>,
    /// Only these checks or families of checks; all if empty. Known names.
    pub checks: Vec<String>,
    /// Seed of everything that is generated.
    pub seed: u64,
    /// Generated cases of each kind; none for the plan's default.
    pub cases: Option<u32>,
    /// Operations that write may be sent to endpoints that are not on this machine.
    pub allow_writes: bool,
    /// Operations of any danger class that may be sent anywhere, by name.
    pub allow_operations: Vec<String>,
    /// The endpoint is on this machine.
    pub loopback: bool,
}

/// An emulator that runs as long as this lives.
pub struct RunningEmulator {
    /// Base URL, without a slash at the end.
    pub url: String,
    /// Whatever keeps it alive.
    pub keep: Box<dyn std::any::Any + Send>,
}

/// Every check, sorted by id.
pub fn checks() -> Vec<CheckInfo> {
    Vec::new()
}

/// Every defect, in the order of the emulator's table.
pub fn defects() -> Vec<DefectInfo> {
    Vec::new()
}

/// Case ids of a plan, without an endpoint.
///
/// # Errors
/// What cannot be planned, and how to mend it.
pub fn cases(_scope: &Scope) -> Result<Vec<CaseId>, String> {
    Err("this build has no checks to plan with".to_owned())
}

/// A plan that can be carried out. May ask the endpoint what there is to work with.
///
/// # Errors
/// What cannot be planned, and how to mend it.
pub async fn plan(_scope: Scope, _target: Target, _transport: Arc<Transport>) -> Result<Arc<dyn Judge>, String> {
    Err("this build has no checks to plan with".to_owned())
}

/// Starts an emulator on 127.0.0.1; port 0 for a free one. The defect, if any, is a known one.
///
/// # Errors
/// The port is taken.
pub async fn emulator(
    _schema: &'static Schema,
    _info: &EmulatorInfo,
    _port: u16,
    _seed: u64,
) -> Result<RunningEmulator, String> {
    Err("this build has no emulator; give --endpoint".to_owned())
}
