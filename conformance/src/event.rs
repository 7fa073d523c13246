//! The events of a run, as data. The runner emits them and reports consume them; neither depends on the other.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use connect_checks::case::{CaseId, Outcome};
use connect_checks::cleanup::SETTLE;
use connect_checks::coverage::{Coverage, Learned};
use connect_model::schema::Schema;
use connect_transport::endpoint::Endpoint;
use connect_transport::parsed::{Ids, Region, ServiceName};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// Requests per second, for endpoints that are not on this machine. Source: Amazon Connect grants this to an
/// account for most operations.
pub const REMOTE_RATE: f64 = 2.0;
/// Requests at once after a pause, for these endpoints.
pub const REMOTE_BURST: f64 = 5.0;

/// An event of a run. `Planned` comes first, then `Started` and `TrialFinished` for each case, then `Finished`. Cases of
/// several threads interleave; an interrupted case has no `TrialFinished`.
#[derive(Clone, Copy, Debug)]
pub enum Event<'e> {
    /// The plan is complete; no case has been started.
    Planned(&'e RunInfo),
    /// A case starts.
    Started {
        /// The case.
        case: &'e CaseId,
    },
    /// A case has an outcome.
    TrialFinished {
        /// The case.
        case: &'e CaseId,
        /// Its outcome.
        outcome: &'e Outcome,
        /// The known divergence that accepts the case as undecided.
        excused: Option<&'e str>,
        /// Time from its start to its end.
        duration: Duration,
        /// Requests that the run has sent so far.
        requests: u64,
    },
    /// The run has ended; no event follows.
    Finished(&'e RunEnd),
}

/// Consumes events. The terminal's progress and the report are siblings behind this trait.
pub trait Consumer: Send {
    /// Takes the next event.
    ///
    /// # Errors
    /// The output of the consumer cannot be written.
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

/// A run before its start.
#[derive(Clone, Debug)]
pub struct RunInfo {
    /// The target, without secrets.
    pub target: TargetInfo,
    /// The contract.
    pub model: ModelInfo,
    /// Seed of every generated value.
    pub seed: u64,
    /// Random values per operation, if a number was given.
    pub cases: Option<u32>,
    /// The part of the plan that was selected.
    pub narrowed: Narrowed,
    /// Everything else that decides on the plan and on its outcomes.
    pub settings: Settings,
    /// The plan of all parts.
    pub plan: PlanInfo,
    /// Constraints that are to be violated on purpose, in this part.
    pub constraints: usize,
    /// Start time.
    pub started: SystemTime,
    /// Operations of the plan, in order, with the number of their cases.
    pub operations: Vec<(String, usize)>,
    /// Number of cases.
    pub planned: usize,
    /// The part of a sharded plan, for example `2/3`.
    pub shard: Option<String>,
    /// Operations that are not sent: one sentence each, with the reason and the flag that allows it.
    pub not_sent: Vec<String>,
    /// Cases that cannot be expressed, each with the reason.
    pub left_out: Vec<String>,
    /// Journal of the resources that the run creates.
    pub journal: Option<PathBuf>,
    /// Known divergences and recorded answers that match nothing any more, each with the remedy.
    pub stale: Vec<String>,
}

/// The selection of a run, as the flags gave it. A resumed run uses the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Narrowed {
    /// Text that case ids contain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// Operations; all if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<String>,
    /// Checks and families; all if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<String>,
    /// Operations that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude_operations: Vec<String>,
    /// Checks and families that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude_checks: Vec<String>,
    /// The most cases of families, each as `FAMILY=N`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budget: Vec<String>,
    /// Number of random walks, if one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walks: Option<u32>,
    /// Number of histories of each kind, if one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histories: Option<u32>,
}

impl std::fmt::Display for Narrowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |names: &[String]| (!names.is_empty()).then(|| names.join(","));
        let parts = [
            self.filter.clone(),
            list(&self.operations).map(|names| format!("--operations {names}")),
            list(&self.checks).map(|names| format!("--checks {names}")),
            list(&self.exclude_operations).map(|names| format!("--exclude-operations {names}")),
            list(&self.exclude_checks).map(|names| format!("--exclude-checks {names}")),
            list(&self.budget).map(|limits| format!("--budget {limits}")),
            self.walks.map(|walks| format!("--walks {walks}")),
            self.histories.map(|histories| format!("--histories {histories}")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        f.write_str(if parts.is_empty() { "everything" } else { "" })?;
        f.write_str(&parts.join(" "))
    }
}

impl Narrowed {
    /// True if nothing was narrowed.
    pub fn is_whole(&self) -> bool {
        *self == Self::default()
    }
}

/// The plan of a run, in all its parts. Reports of the same run have the same plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanInfo {
    /// SHA-256 of the case ids, in hex.
    pub digest: String,
    /// Number of cases.
    pub cases: u64,
    /// Constraints that are to be violated on purpose.
    pub constraints: u64,
}

/// Settings that decide on the plan of a run and on its outcomes. A resumed run uses the same.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Steps of a random walk.
    pub walk_length: Option<u16>,
    /// Calls of a history.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history_length: Option<u16>,
    /// Operations that must be offered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub require: Vec<String>,
    /// File of known divergences.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expect: Option<InputFile>,
    /// The earlier model of a run that tests differences only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_since: Option<InputFile>,
    /// True if the run compares with recorded answers.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub golden: bool,
    /// File of things of others that exist, which are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known: Option<InputFile>,
    /// True if writes were allowed on an endpoint that is not on this machine.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_writes: bool,
    /// Operations that were allowed by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_operation: Vec<String>,
    /// Account that the instance belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Profile of the shared AWS files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// True if an endpoint on this machine was treated as a real account.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub as_remote: bool,
    /// Requests per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rps: Option<f64>,
    /// Requests at once after a pause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
    /// Percentage of cases that may be undecided for one reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_undecided: Option<u8>,
    /// Seconds for one request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<f64>,
    /// Seconds by which lists may lag behind a creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settle: Option<f64>,
    /// File of answers that were learned before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learned: Option<InputFile>,
    /// Failed walks that are replayed first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub saved_walks: Vec<InputFile>,
    /// File of another model, for messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<PathBuf>,
    /// Folder of the journal, if it is not the usual one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal: Option<PathBuf>,
}

impl Settings {
    /// The flags that make a run on a real account faster than usual, with their values. A report does not choose them.
    pub fn faster_than_usual(&self) -> impl Iterator<Item = (&'static str, String)> {
        let rps = self.rps.filter(|rps| *rps > REMOTE_RATE);
        let burst = self.burst.filter(|burst| f64::from(*burst) > REMOTE_BURST);
        let settle = self.settle.filter(|settle| *settle < SETTLE.as_secs_f64());
        let flags = [
            ("rps", rps.map(|rps| rps.to_string())),
            ("burst", burst.map(|burst| burst.to_string())),
            ("settle", settle.map(|settle| settle.to_string())),
        ];
        flags.into_iter().filter_map(|(flag, value)| Some((flag, value?)))
    }
}

/// An input file of a run, with its content at that time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// Its path.
    pub path: PathBuf,
    /// SHA-256 of its content, in hex.
    pub sha256: String,
}

/// The target as reports show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetInfo {
    /// Base URL.
    pub endpoint: Endpoint,
    /// Connect instance, if one was given.
    pub instance_id: Option<String>,
    /// Region in signatures.
    pub region: Region,
    /// Service in signatures.
    pub signing_name: ServiceName,
    /// True if requests are signed.
    pub signed: bool,
    /// True if the endpoint is on this machine and is not treated as a real account.
    pub loopback: bool,
    /// Settings of the built-in emulator, if the run started one.
    pub emulator: Option<EmulatorInfo>,
}

/// Settings of the built-in emulator of a run. A replay starts an emulator with the same settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmulatorInfo {
    /// Id of its defect; ids of several, separated by commas.
    #[serde(default, deserialize_with = "ids")]
    pub defect: Option<String>,
    /// Id of its harmless variant.
    #[serde(default, deserialize_with = "ids")]
    pub benign: Option<String>,
    /// Initial resources of each kind; `None` for the emulator's default.
    #[serde(default, deserialize_with = "at_most::<_, _, 100_000>")]
    pub resources: Option<usize>,
    /// Random values per operation of the run, if a number was given.
    #[serde(default, deserialize_with = "at_most::<_, _, 1_000_000>")]
    pub cases: Option<u32>,
    /// Random walks of the run, if a number was given.
    #[serde(default, deserialize_with = "at_most::<_, _, 1_000_000>")]
    pub walks: Option<u32>,
    /// Steps of a walk.
    #[serde(default)]
    pub walk_length: Option<u16>,
}

/// A number from a file that does not exhaust the machine. Flags have the same limits.
pub(crate) fn at_most<'de, D: Deserializer<'de>, T: TryFrom<u64>, const MOST: u64>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let Some(number) = Option::<u64>::deserialize(deserializer)? else { return Ok(None) };
    let known = Some(number).filter(|number| *number <= MOST).and_then(|number| T::try_from(number).ok());
    known.map(Some).ok_or_else(|| D::Error::custom(format!("{number} is more than {MOST}")))
}

fn ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<Ids>::deserialize(deserializer)?.map(String::from))
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

impl From<&Schema> for ModelInfo {
    fn from(schema: &Schema) -> Self {
        let service = &schema.service;
        Self { service: service.sdk_id.clone(), version: service.version.clone(), digest: schema.digest.clone() }
    }
}

/// A run after its end.
#[derive(Clone, Debug, Default)]
pub struct RunEnd {
    /// Time from the first case to the last.
    pub duration: Duration,
    /// Reason for an early stop.
    pub stopped: Option<String>,
    /// Parts of the contract that the run covered.
    pub coverage: Coverage,
    /// Facts that were recorded and not judged.
    pub learned: Learned,
    /// Things that the user named and that do not exist, each with the remedy.
    pub absent: Vec<String>,
    /// Resources of the run that still exist, each with the reason.
    pub leaks: Vec<String>,
    /// Requests that were sent in total.
    pub requests: u64,
    /// Requests that the endpoint accepted, if they were counted.
    pub accepted: Option<u64>,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
impl RunInfo {
    /// A run of `planned` cases, for tests.
    pub(crate) fn sample(planned: usize) -> Self {
        let digest = "0123456789abcdef".to_owned();
        Self {
            target: TargetInfo {
                endpoint: "http://127.0.0.1:9".parse().unwrap(),
                instance_id: None,
                region: "us-east-1".parse().unwrap(),
                signing_name: "connect".parse().unwrap(),
                signed: false,
                loopback: true,
                emulator: None,
            },
            model: ModelInfo { service: "Connect".to_owned(), version: "2017-08-08".to_owned(), digest },
            seed: 42,
            cases: None,
            narrowed: Narrowed::default(),
            settings: Settings::default(),
            plan: PlanInfo { digest: "ab".repeat(32), cases: planned as u64, constraints: planned as u64 },
            constraints: planned,
            started: SystemTime::UNIX_EPOCH + Duration::from_secs(1_735_787_045),
            operations: vec![],
            planned,
            shard: None,
            not_sent: vec![],
            left_out: vec![],
            journal: None,
            stale: vec![],
        }
    }
}
