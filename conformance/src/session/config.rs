//! The configuration of a run. The command line makes it from its flags (`cli/config.rs`), for `run`, `plan`, `record`,
//! `replay` and `sweep` alike; the kill matrix and tests change fields of the default. Configurations of the client, the
//! transport and the suite are made here and nowhere else.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use connect_checks::budget::Limit;
use connect_checks::cleanup;
use connect_checks::client::ClientConfig;
use connect_checks::history::HistoryConfig;
use connect_checks::ledger::{Ledger, hook};
use connect_checks::permission::Permission;
use connect_checks::setup::{self, SuiteConfig};
use connect_checks::shard::Shard;
use connect_checks::walks::{Saved, WalkConfig};
use connect_transport::TransportConfig;
use connect_transport::pace::{PaceConfig, Rate};
use connect_transport::target::TargetFlags;

use crate::event::{EmulatorInfo, REMOTE_BURST, REMOTE_RATE};
use crate::report::output::Format;
use crate::report::terminal::Detail;
use crate::session::error::SessionError;

/// The longest time that a flag gives, in seconds.
pub(crate) const LONGEST_TIME: f64 = 3600.0;

/// Default time for one request.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Requests for shrinking, on this machine and elsewhere.
const SHRINK: [u32; 2] = [1000, 100];

/// Cases at a time, on this machine and elsewhere.
const JOBS: [usize; 2] = [8, 2];

/// The folder of reports and journals unless another one is named: `target/conformance` in the workspace around the working
/// directory, or else in the working directory itself.
pub fn default_folder() -> PathBuf {
    let folder = PathBuf::from("target/conformance");
    let here = std::env::current_dir().unwrap_or_default();
    match here.ancestors().position(|folder| folder.join("Cargo.lock").is_file()) {
        Some(up) => std::iter::repeat_n("..", up).collect::<PathBuf>().join(folder),
        None => folder,
    }
}

/// The configuration of a run. The default is that of the command without flags, except that failed walks are not kept.
#[derive(Clone, Debug, PartialEq)]
pub struct RunConfig {
    /// The endpoint, and what is allowed there.
    pub endpoint: EndpointConfig,
    /// Settings of the built-in emulator, which is used without an endpoint.
    pub emulator: EmulatorInfo,
    /// The part of the plan to run.
    pub selection: SelectionConfig,
    /// Seed of every generated value; `None` for a new one.
    pub seed: Option<u64>,
    /// Random values per operation; `None` for the default.
    pub cases: Option<u32>,
    /// The most cases of families.
    pub budget: Vec<Limit>,
    /// Random walks; `None` for the default, which depends on the endpoint.
    pub walks: Option<u32>,
    /// Steps of a walk; `None` for the default.
    pub walk_length: Option<u16>,
    /// Histories of each kind; `None` for the default, which depends on the endpoint.
    pub histories: Option<u32>,
    /// Calls of a history; `None` for the default.
    pub history_length: Option<u16>,
    /// Folder of failed walks, which are replayed first; `None` to keep none.
    pub walk_regressions: Option<PathBuf>,
    /// Failed walks of the run that is continued, which are replayed as well.
    pub earlier_walks: Vec<PathBuf>,
    /// The file of another model, for messages.
    pub model: Option<PathBuf>,
    /// Cases at a time; `None` for the default, which depends on the endpoint.
    pub jobs: Option<usize>,
    /// Time for one request; `None` for the default.
    pub timeout: Option<Duration>,
    /// Requests for shrinking; `None` for the default, which depends on the endpoint.
    pub shrink: Option<u32>,
    /// Rate and number of requests, and when to stop early.
    pub limits: RequestLimits,
    /// Operations that must be offered, where `*` stands for any text.
    pub require: Vec<String>,
    /// Folder of recorded answers, which are compared instead of running other checks.
    pub golden: Option<PathBuf>,
    /// File of things of others that exist, which are read.
    pub known: Option<PathBuf>,
    /// Part of a sharded plan.
    pub shard: Option<Shard>,
    /// Report of the run to resume.
    pub resume: Option<PathBuf>,
    /// File of known divergences.
    pub expect: Option<PathBuf>,
    /// Percentage of the cases that may be undecided for one reason; `None` for the default.
    pub allow_undecided: Option<u8>,
    /// Folder of the report.
    pub report_dir: PathBuf,
    /// Further output.
    pub output: OutputConfig,
}

/// The endpoint of a run, and what is allowed there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointConfig {
    /// URL, or `aws`; `None` for the built-in emulator.
    pub url: Option<String>,
    /// Connect instance.
    pub instance_id: Option<String>,
    /// Region to sign for.
    pub region: Option<String>,
    /// Profile of the shared AWS files.
    pub profile: Option<String>,
    /// True to treat an endpoint on this machine as a real account.
    pub as_remote: bool,
    /// True to allow writes on endpoints that are not on this machine.
    pub allow_writes: bool,
    /// Operations that are allowed everywhere.
    pub allow_operation: Vec<String>,
    /// AWS account that the instance must belong to.
    pub account: Option<String>,
    /// Folder of the journals.
    pub journal: PathBuf,
    /// Time by which lists may lag behind a creation; `None` for the default.
    pub settle: Option<Duration>,
}

/// The part of the plan to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SelectionConfig {
    /// Text that case ids contain.
    pub filter: Option<String>,
    /// Operations, where `*` stands for any text; all if empty.
    pub operations: Vec<String>,
    /// Checks and families, where `*` stands for any text; all if empty.
    pub checks: Vec<String>,
    /// Operations that are left out, where `*` stands for any text.
    pub exclude_operations: Vec<String>,
    /// Checks and families that are left out, where `*` stands for any text.
    pub exclude_checks: Vec<String>,
    /// An earlier model: only the differences to it are tested.
    pub changed_since: Option<PathBuf>,
}

/// Limits of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestLimits {
    /// Requests per second; `None` for the default, which depends on the endpoint.
    pub rps: Option<f64>,
    /// Requests at once after a pause; `None` for the default.
    pub burst: Option<u32>,
    /// Requests after which the run stops.
    pub max_requests: Option<u64>,
    /// Minutes after which the run stops.
    pub max_minutes: Option<u64>,
    /// Failed cases after which the run stops.
    pub max_failures: Option<u64>,
}

/// Output beside the files of the report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputConfig {
    /// File for a draft of known divergences.
    pub write_expect: Option<PathBuf>,
    /// Take a report folder that has files of others.
    pub force: bool,
    /// Folder of earlier reports.
    pub history: Option<PathBuf>,
    /// File of answers that were learned before, to compare with.
    pub learned: Option<PathBuf>,
    /// File that the learned answers are added to.
    pub write_learned: Option<PathBuf>,
    /// The amount of text.
    pub detail: Detail,
    /// Format on stdout.
    pub format: Format,
}

/// A time that a flag may give, of a number of seconds.
pub(crate) fn time(seconds: f64) -> Option<Duration> {
    (seconds > 0.0 && seconds <= LONGEST_TIME).then(|| Duration::from_secs_f64(seconds))
}

impl Default for RunConfig {
    fn default() -> Self {
        Self {
            endpoint: EndpointConfig::default(),
            emulator: EmulatorInfo::default(),
            selection: SelectionConfig::default(),
            seed: None,
            cases: None,
            budget: Vec::new(),
            walks: None,
            walk_length: None,
            histories: None,
            history_length: None,
            walk_regressions: None,
            jobs: None,
            timeout: None,
            earlier_walks: Vec::new(),
            model: None,
            shrink: None,
            limits: RequestLimits::default(),
            require: Vec::new(),
            golden: None,
            known: None,
            shard: None,
            resume: None,
            expect: None,
            allow_undecided: None,
            report_dir: default_folder(),
            output: OutputConfig::default(),
        }
    }
}

impl Default for EndpointConfig {
    fn default() -> Self {
        Self {
            url: None,
            instance_id: None,
            region: None,
            profile: None,
            as_remote: false,
            allow_writes: false,
            allow_operation: Vec::new(),
            account: None,
            journal: default_folder().join("journal"),
            settle: None,
        }
    }
}

/// A run in progress, as far as its clients need to know it.
#[derive(Clone, Debug)]
pub struct RunContext {
    /// Seed of every generated value.
    pub seed: u64,
    /// Distinguishes the names of this run from those of others: letters and digits.
    pub run_id: String,
    /// True if the endpoint is on this machine and is not treated as a real account.
    pub loopback: bool,
    /// Records the resources that the run creates.
    pub ledger: Option<Arc<Ledger>>,
}

impl RunConfig {
    /// The configuration of a suite: of its client, its transport and its walks.
    pub fn suite(&self, context: RunContext, walks: WalkConfig) -> SuiteConfig {
        let RunContext { seed, run_id, loopback, ledger } = context;
        SuiteConfig {
            seed,
            cases: self.cases_per_operation(),
            run_id,
            timeout: self.timeout(),
            pace: self.pace(loopback),
            walks,
            shrink: self.shrink_requests(loopback),
            settle: self.endpoint.settle(),
            ledger,
            answered: BTreeSet::new(),
            known: Arc::default(),
        }
    }

    /// The configuration of a client outside of a suite.
    pub fn client(&self, context: RunContext, permission: Permission) -> ClientConfig {
        let RunContext { seed, run_id, loopback, ledger } = context;
        ClientConfig {
            seed,
            cases: self.cases_per_operation(),
            run_id,
            permission,
            shrink: self.shrink_requests(loopback),
            settle: self.endpoint.settle(),
            ledger,
            answered: BTreeSet::new(),
            known: Arc::default(),
        }
    }

    /// The configuration of the transport of such a client.
    pub fn transport(&self, context: &RunContext) -> TransportConfig {
        TransportConfig {
            timeout: self.timeout(),
            pace: self.pace(context.loopback),
            hook: hook(context.ledger.as_ref()),
            ..TransportConfig::default()
        }
    }

    /// Rate of the requests. All callers of an account share its quota, so elsewhere a run takes a small part of it.
    pub(crate) fn pace(&self, loopback: bool) -> PaceConfig {
        let limits = &self.limits;
        let per_second = limits.rps.or((!loopback).then_some(REMOTE_RATE));
        let rate = per_second.map(|per_second| {
            let burst = limits.burst.map_or(per_second.max(REMOTE_BURST), f64::from);
            Rate { per_second, burst }
        });
        PaceConfig { rate, max_requests: limits.max_requests }
    }

    /// Number and length of walks and histories, and the walks that failed before.
    ///
    /// # Errors
    /// A saved walk cannot be read.
    pub fn walks(&self, loopback: bool) -> Result<WalkConfig, SessionError> {
        let count = self.number_of_walks(loopback);
        // Read before anything is sent, so that an invalid file is an error of usage.
        let saved = self.saved_walks(loopback)?.iter().map(|path| Saved::read(path)).collect::<Result<_, _>>();
        let saved = saved.map_err(SessionError::usage)?;
        let length = self.walk_length.unwrap_or(setup::DEFAULT_WALK_LENGTH);
        let histories = HistoryConfig {
            count: self.histories.unwrap_or(if loopback { setup::DEFAULT_HISTORIES } else { 0 }),
            length: self.history_length.unwrap_or(setup::DEFAULT_HISTORY_LENGTH),
        };
        Ok(WalkConfig { count, length, saved, folder: self.walk_regressions.clone(), histories })
    }

    fn number_of_walks(&self, loopback: bool) -> u32 {
        self.walks.unwrap_or(if loopback { setup::DEFAULT_WALKS } else { 0 })
    }

    /// The files of failed walks, which are replayed first.
    ///
    /// # Errors
    /// A folder cannot be read.
    pub(crate) fn saved_walks(&self, loopback: bool) -> Result<Vec<PathBuf>, SessionError> {
        if self.number_of_walks(loopback) == 0 {
            return Ok(Vec::new());
        }
        let mut paths = self.earlier_walks.clone();
        if let Some(folder) = &self.walk_regressions {
            // Equal walks have one name.
            let is_earlier = |path: &PathBuf| self.earlier_walks.iter().any(|one| one.file_name() == path.file_name());
            let files = Saved::files(folder).map_err(SessionError::usage)?;
            paths.extend(files.into_iter().filter(|path| !is_earlier(path)));
        }
        Ok(paths)
    }

    /// Time for one request.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(TIMEOUT)
    }

    /// Cases at a time.
    pub(crate) fn jobs(&self, loopback: bool) -> usize {
        self.jobs.unwrap_or(JOBS[usize::from(!loopback)])
    }

    fn cases_per_operation(&self) -> u32 {
        self.cases.unwrap_or(setup::DEFAULT_CASES)
    }

    fn shrink_requests(&self, loopback: bool) -> u32 {
        self.shrink.unwrap_or(SHRINK[usize::from(!loopback)])
    }
}

impl EndpointConfig {
    /// Time by which lists may lag behind a creation.
    pub(crate) fn settle(&self) -> Duration {
        self.settle.unwrap_or(cleanup::SETTLE)
    }

    /// The operations that may be sent.
    pub(crate) fn permission(&self, loopback: bool) -> Permission {
        Permission { loopback, writes: self.allow_writes, operations: self.allow_operation.iter().cloned().collect() }
    }

    /// True if any write is allowed.
    pub(crate) fn may_write(&self) -> bool {
        self.allow_writes || !self.allow_operation.is_empty()
    }

    /// The flags from which the transport resolves this URL.
    pub(crate) fn target_flags(&self, url: &str) -> TargetFlags {
        TargetFlags {
            endpoint: url.to_owned(),
            instance_id: self.instance_id.clone(),
            region: self.region.clone(),
            profile: self.profile.clone(),
            as_remote: self.as_remote,
        }
    }
}

/// A run id that follows from a number.
pub(crate) fn run_id(number: u64) -> String {
    setup::run_id(number)
}
