//! The stream of events of a run. The runner emits, reports consume; neither knows the other.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::case::{CaseId, Outcome, Verdict};

/// What happens in a run, in order: `Planned`, then for every trial `Started` and `TrialFinished` (trials of several
/// threads interleave; one that is interrupted has no end), then `Finished`.
#[derive(Clone, Copy, Debug)]
pub enum Event<'e> {
    /// Everything is decided; nothing has been sent for a trial yet.
    Planned(&'e RunInfo),
    /// A trial begins.
    Started {
        /// Which.
        case: &'e CaseId,
    },
    /// A trial has come to an end.
    TrialFinished {
        /// Which.
        case: &'e CaseId,
        /// What came of it.
        outcome: &'e Outcome,
    },
    /// Nothing more will come.
    Finished(&'e RunEnd),
}

/// Takes events in. Terminal, JSON and whatever else writes reports are siblings behind this.
pub trait Consumer: Send {
    /// Takes the next event.
    ///
    /// # Errors
    /// What it writes to cannot be written.
    fn take(&mut self, event: Event<'_>) -> std::io::Result<()>;
}

impl<A: Consumer, B: Consumer> Consumer for (A, B) {
    fn take(&mut self, event: Event<'_>) -> std::io::Result<()> {
        self.0.take(event)?;
        self.1.take(event)
    }
}

impl<C: Consumer> Consumer for Arc<Mutex<C>> {
    fn take(&mut self, event: Event<'_>) -> std::io::Result<()> {
        self.lock().unwrap_or_else(PoisonError::into_inner).take(event)
    }
}

/// A run before it starts.
#[derive(Clone, Debug)]
pub struct RunInfo {
    /// Where to and as whom, without secrets.
    pub target: TargetInfo,
    /// The contract.
    pub model: ModelInfo,
    /// Seed of everything that is generated.
    pub seed: u64,
    /// Start, by the clock on the wall.
    pub started: SystemTime,
    /// Operations of the plan, in order, with the number of their trials.
    pub operations: Vec<(String, usize)>,
    /// Trials.
    pub planned: usize,
    /// Operations that are not sent, one sentence each with the reason and what allows it.
    pub not_sent: Vec<String>,
    /// Cases that cannot be expressed, each with the reason.
    pub left_out: Vec<String>,
    /// Bookkeeping that belongs to nothing any more, each with what to do.
    pub stale: Vec<String>,
}

/// The target as reports show it.
#[derive(Clone, Debug, Serialize)]
pub struct TargetInfo {
    /// Base URL.
    pub endpoint: String,
    /// Connect instance, if one was given.
    pub instance_id: Option<String>,
    /// Region in signatures.
    pub region: String,
    /// Service in signatures.
    pub signing_name: String,
    /// Requests carry signatures.
    pub signed: bool,
    /// The endpoint is on this machine.
    pub loopback: bool,
    /// Set when the endpoint was an emulator that the run brought along.
    pub emulator: Option<EmulatorInfo>,
}

/// What the emulator of a run is like; a replay starts one like it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmulatorInfo {
    /// Its defect, if it has one.
    pub defect: Option<String>,
    /// Its harmless peculiarity, if it has one.
    #[serde(default)]
    pub benign: Option<String>,
    /// Resources of each kind from the start; none for the emulator's default.
    pub resources: Option<usize>,
    /// Random values per operation that the run asked for; none for the default.
    #[serde(default)]
    pub cases: Option<u32>,
    /// Random walks that the run asked for; none for the default.
    #[serde(default)]
    pub walks: Option<u32>,
    /// Their steps.
    #[serde(default)]
    pub walk_length: Option<u16>,
}

impl TargetInfo {
    /// The target without its secrets; `emulator` if the run brought it along.
    pub fn of(target: &crate::target::Target, signing_name: &str, emulator: Option<EmulatorInfo>) -> Self {
        Self {
            endpoint: target.endpoint.to_string(),
            instance_id: target.instance_id.clone(),
            region: target.region.clone(),
            signing_name: signing_name.to_owned(),
            signed: target.credentials.is_some(),
            loopback: target.loopback,
            emulator,
        }
    }
}

/// The contract as reports name it.
#[derive(Clone, Debug, Serialize)]
pub struct ModelInfo {
    /// Service, for example `Connect`.
    pub service: String,
    /// API version, for example `2017-08-08`.
    pub version: String,
    /// SHA-256 of the model text, in hex.
    pub digest: String,
}

impl From<&connect_model::schema::Schema> for ModelInfo {
    fn from(schema: &connect_model::schema::Schema) -> Self {
        let service = &schema.service;
        Self { service: service.sdk_id.clone(), version: service.version.clone(), digest: schema.digest.clone() }
    }
}

/// A run after its end.
#[derive(Clone, Debug, Default)]
pub struct RunEnd {
    /// From the first trial to the last.
    pub duration: Duration,
    /// Somebody interrupted it.
    pub interrupted: bool,
    /// What of the contract the run touched.
    pub coverage: Coverage,
    /// Facts recorded and not judged.
    pub learned: Learned,
}

/// Facts recorded and not judged: topic, observation, how often.
pub type Learned = BTreeMap<String, BTreeMap<String, u64>>;

/// What of the contract a run touched; `None` where nobody counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Operations with at least one scored trial. Filled by the record of the run.
    pub operations: Option<Ratio>,
    /// Members that were sent or received.
    pub members: Option<Ratio>,
    /// Constraints that were broken on purpose.
    pub constraints: Option<Ratio>,
    /// Modelled errors that were seen.
    pub errors: Option<Ratio>,
}

/// So many of so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Ratio {
    /// Touched.
    pub covered: u64,
    /// All there are.
    pub total: u64,
}

/// Counts of trials. `executed` is the sum of the verdicts; what is planned and not executed was interrupted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// In the plan.
    pub planned: u64,
    /// Came to a verdict.
    pub executed: u64,
    /// Everything that must hold does.
    pub passed: u64,
    /// The contract is broken.
    pub failed: u64,
    /// Fails as the bookkeeping of known failures says.
    pub known: u64,
    /// Passes though the bookkeeping says that it fails.
    pub stale: u64,
    /// The endpoint does not offer the operation.
    pub unsupported: u64,
    /// Nothing can be said.
    pub indeterminate: u64,
}

impl Totals {
    /// Counts a verdict.
    pub fn count(&mut self, verdict: &Verdict) {
        self.executed += 1;
        *match verdict {
            Verdict::Pass => &mut self.passed,
            Verdict::Fail => &mut self.failed,
            Verdict::Unsupported(_) => &mut self.unsupported,
            Verdict::Indeterminate(_) => &mut self.indeterminate,
        } += 1;
    }

    /// Trials that say something about the contract.
    pub fn scored(&self) -> u64 {
        self.passed + self.failed + self.known + self.stale
    }
}
