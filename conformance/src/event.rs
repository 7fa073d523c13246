//! The stream of events of a run. The runner emits, reports consume; neither knows the other.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use connect_checks::case::{CaseId, Outcome, Verdict};
use connect_checks::coverage::{Coverage, Learned};

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
        /// From its beginning to its end.
        duration: Duration,
        /// Requests that the run has sent so far.
        requests: u64,
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
    /// Random values per operation that were asked for; none for the default.
    pub cases: Option<u32>,
    /// What the run was narrowed to.
    pub narrowed: Narrowed,
    /// Start, by the clock on the wall.
    pub started: SystemTime,
    /// Operations of the plan, in order, with the number of their trials.
    pub operations: Vec<(String, usize)>,
    /// Trials.
    pub planned: usize,
    /// Which part of the plan, if it is not the whole: `2/3`.
    pub shard: Option<String>,
    /// Operations that are not sent, one sentence each with the reason and what allows it.
    pub not_sent: Vec<String>,
    /// Cases that cannot be expressed, each with the reason.
    pub left_out: Vec<String>,
    /// File that everything is written into that the run makes, if there is one.
    pub journal: Option<PathBuf>,
    /// Bookkeeping that belongs to nothing any more, each with what to do.
    pub stale: Vec<String>,
}

/// What a run was narrowed to, as the flags had it; a run that goes on with it is narrowed the same way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Narrowed {
    /// Text that case ids contain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// Operations; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<String>,
    /// Checks and families; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<String>,
    /// Random walks; none for the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walks: Option<u32>,
}

impl Narrowed {
    /// It was not.
    pub fn is_whole(&self) -> bool {
        *self == Self::default()
    }
}

/// The target as reports show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The endpoint is on this machine, and is not taken for a real account.
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
    pub fn of(target: &connect_transport::target::Target, signing_name: &str, emulator: Option<EmulatorInfo>) -> Self {
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Why it was stopped before its end, if it was.
    pub stopped: Option<String>,
    /// What of the contract the run touched.
    pub coverage: Coverage,
    /// Facts recorded and not judged.
    pub learned: Learned,
    /// Resources of the run that are still there, with what was tried.
    pub leaks: Vec<String>,
    /// Requests that were sent in all.
    pub requests: u64,
}

/// What a trial came to, in one word. Source: the totals of report.json, which count by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrialResult {
    /// Everything that must hold does.
    Passed,
    /// The contract is broken.
    Failed,
    /// Broken, as the bookkeeping of known divergences says.
    Known,
    /// Holds, though the bookkeeping says that it does not.
    Stale,
    /// The endpoint does not offer the operation.
    Unsupported,
    /// Nothing can be said.
    Indeterminate,
}

impl TrialResult {
    /// As in reports.
    pub fn word(self) -> &'static str {
        match self {
            TrialResult::Passed => "passed",
            TrialResult::Failed => "failed",
            TrialResult::Known => "known",
            TrialResult::Stale => "stale",
            TrialResult::Unsupported => "unsupported",
            TrialResult::Indeterminate => "indeterminate",
        }
    }
}

impl From<&Verdict> for TrialResult {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Pass => TrialResult::Passed,
            Verdict::Fail => TrialResult::Failed,
            Verdict::Known(_) => TrialResult::Known,
            Verdict::Stale(_) => TrialResult::Stale,
            Verdict::Unsupported(_) => TrialResult::Unsupported,
            Verdict::Indeterminate(_) => TrialResult::Indeterminate,
        }
    }
}

/// Counts of trials. `executed` is the sum of the verdicts; what is planned and not executed was interrupted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
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
    /// Counts a trial that has come to an end.
    pub fn count(&mut self, result: TrialResult) {
        self.executed += 1;
        *match result {
            TrialResult::Passed => &mut self.passed,
            TrialResult::Failed => &mut self.failed,
            TrialResult::Known => &mut self.known,
            TrialResult::Stale => &mut self.stale,
            TrialResult::Unsupported => &mut self.unsupported,
            TrialResult::Indeterminate => &mut self.indeterminate,
        } += 1;
    }

    /// Trials that say something about the contract.
    pub fn scored(&self) -> u64 {
        self.passed + self.failed + self.known + self.stale
    }
}
