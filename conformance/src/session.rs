//! One run from flags to exit code: check the words, find the target, plan, execute, report. Parts meet here.

use connect_checks::setup;
use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use connect_model::schema::Schema;
use connect_model::wire::encode_request;
use serde_json::{Value, json};
use thiserror::Error;
use tokio::runtime::Runtime;

use crate::cli::{
    EmulatorFlags, EndpointFlags, Format, FrontFlags, OutputFlags, PaceFlags, RecordFlags, RunFlags, SelectionFlags,
};
use crate::event::{Consumer, EmulatorInfo, Event, Narrowed, RunInfo, TargetInfo, TrialResult};
use crate::exit::Exit;
use crate::expect;
use crate::expect::Expectations;
use crate::forecast::Forecast;
use crate::record::{Limits, Record};
use crate::report;
use crate::report::json::Report;
use crate::report::progress::Progress;
use crate::report::{github, html, junit, merge, terminal, trend};
use crate::runner;
use crate::runner::{RunOptions, Stop};
use crate::suggest;
use crate::wiring;
use connect_checks::case::CaseId;
use connect_checks::changed;
use connect_checks::client::reply::Reply;
use connect_checks::client::{Client, ClientConfig};
use connect_checks::families::{self, FAMILIES};
use connect_checks::golden;
use connect_checks::golden::{Asked, Entry, Recorded};
use connect_checks::judge::Judge;
use connect_checks::ledger::journal;
use connect_checks::ledger::journal::Header;
use connect_checks::ledger::journal::seconds;
use connect_checks::ledger::{Ledger, hook};
use connect_checks::lifecycle;
use connect_checks::permission::Permission;
use connect_checks::plan::Plan;
use connect_checks::selection::Selection;
use connect_checks::setup::SuiteConfig;
use connect_checks::suite::Suite;
use connect_checks::walks::{Saved, WalkConfig};
use connect_emulator::{BENIGN, Benign, Config, Defect, Emulator, FrontConfig, Service, defects};
use connect_transport::credentials::environment;
use connect_transport::pace::{PaceConfig, Rate};
use connect_transport::target::{Endpoint, Target, TargetFlags};
use connect_transport::{Direct, Transport, TransportConfig};

/// Requests a second, and at once, on an endpoint that is not on this machine. Source: what Connect grants an account
/// for most operations.
const REMOTE_RATE: f64 = 2.0;
const REMOTE_BURST: f64 = 5.0;

/// How often a run writes down what it knows.
const CHECKPOINT: Duration = Duration::from_secs(15);

/// Why a command came to nothing, and its exit code.
#[derive(Debug, Error)]
pub enum SessionError {
    /// Words that mean nothing, files that cannot be read, an endpoint that is not there.
    #[error("{0}")]
    Usage(String),
    /// A filter or selection that matches nothing: green with nothing run would be a lie.
    #[error("{0}")]
    Nothing(String),
    /// The same, after which things that were made are still there.
    #[error("{why}\n{}", left.iter().map(|line| format!("still there: {}", report::printable(line, 300))).collect::<Vec<_>>().join("\n"))]
    Leaked {
        /// What came in between.
        why: String,
        /// What is there.
        left: Vec<String>,
    },
}

impl SessionError {
    /// The exit code that belongs to it.
    pub fn exit(&self) -> Exit {
        match self {
            SessionError::Usage(_) => Exit::Usage,
            SessionError::Nothing(_) => Exit::Inconclusive,
            SessionError::Leaked { .. } => Exit::Leaked,
        }
    }

    /// The same with what could not be taken away.
    pub fn leaving(self, left: &[String]) -> Self {
        match self {
            this if left.is_empty() => this,
            this => SessionError::Leaked { why: this.to_string(), left: left.to_vec() },
        }
    }

    /// Any error before the start.
    pub fn usage(error: impl std::fmt::Display) -> Self {
        SessionError::Usage(error.to_string())
    }
}

/// A prepared run: everything is decided, and nothing has been sent but questions about what there is.
pub struct Session {
    judge: Arc<dyn Judge>,
    info: RunInfo,
    transport: Arc<Transport>,
    expected: Expectations,
    /// The report of the run that this one continues.
    before: Option<Report>,
    _emulator: Option<Emulator>,
}

impl Session {
    /// Checks the flags, finds or starts the endpoint, sees that somebody is there, and plans.
    ///
    /// # Errors
    /// Everything that makes a run pointless; nothing has been tested then.
    pub async fn prepare(
        schema: &'static Schema,
        flags: &RunFlags,
        filter: Option<&str>,
        seed: u64,
    ) -> Result<Self, SessionError> {
        let given = Given::read(schema, flags, filter, seed)?;
        let (seed, flags) = (given.seed, &given.flags);
        let emulator_info = EmulatorInfo { cases: flags.cases, ..emulator_info(&flags.emulator)? };
        let place = Place::of(schema, &flags.target, emulator_info, seed).await?;
        let run_id = place.run_id(seed);
        let Place { target, emulator, shown, permission } = place;
        let walks = walks(flags, target.loopback)?;
        let selection = given.selection(schema, permission, walks.count > 0)?;
        let config = SuiteConfig {
            seed,
            cases: flags.cases.unwrap_or(setup::DEFAULT_CASES),
            timeout: flags.timeout,
            pace: pace(&flags.pace, target.loopback),
            walks,
            shrink: flags.shrink.unwrap_or(shrink(target.loopback)),
            settle: flags.target.journal.settle,
            ledger: ledger(schema, &flags.target, &target, &run_id)?,
            run_id,
        };
        let journal = config.ledger.as_ref().and_then(|ledger| ledger.journal());
        let (suite, transport) = setup::suite(schema, target, &selection, config).map_err(SessionError::usage)?;
        let plan = suite.plan();
        if plan.cases.is_empty() {
            if flags.resume.is_some() {
                return Err(SessionError::usage(
                    "--resume: every case of that run came to an end; there is nothing left",
                ));
            }
            return Err(nothing_planned(schema, &selection, plan));
        }
        if flags.walks.is_some_and(|count| count > 0) && !plan.tasks.iter().any(|task| *task.check == lifecycle::WALK) {
            return Err(no_walk(plan));
        }
        transport.probe().await.map_err(SessionError::usage)?;
        is_in_account(suite.client(), flags.target.account.as_deref()).await?;
        let mut info = run_info(plan, shown, schema, seed);
        info.cases = flags.cases;
        info.journal = journal;
        info.shard = flags.shard.map(|shard| shard.to_string());
        info.narrowed = Narrowed {
            filter: given.filter.clone(),
            operations: flags.selection.operations.clone(),
            checks: flags.selection.checks.clone(),
            walks: flags.walks,
        };
        let Given { expected, before, .. } = given;
        info.stale.extend(stale(schema, &expected, plan, &selection));
        Ok(Self { judge: Arc::new(suite), info, transport, expected, before, _emulator: emulator })
    }

    /// Runs the trials, prints the report and writes it into the report folder.
    ///
    /// # Errors
    /// The report folder or stdout cannot be written.
    pub fn execute(self, flags: &RunFlags, runtime: &Runtime) -> Result<Exit, SessionError> {
        let folder = &flags.report_dir;
        // What the findings of an earlier run show belongs to its report, unless this is the rest of it.
        let goes_on =
            self.before.is_some() && flags.resume.as_deref().is_some_and(|report| is_report_of(report, folder));
        fresh_folder(folder, goes_on).map_err(|error| {
            SessionError::usage(format!(
                "cannot write to {}: {error}; --report-dir names another folder",
                folder.display()
            ))
        })?;
        let record = Record::new(&self.info, Some(folder), Limits::default());
        // What cannot be joined at the end is refused at the beginning.
        merge::resumed(self.before.as_ref(), record.report()).map_err(SessionError::usage)?;
        let text = flags.format.format == Format::Text;
        if text {
            report::print(&terminal::header(&record.report())).map_err(SessionError::usage)?;
        }
        let stop = Stop::default();
        runtime.spawn(stop_on_signal(stop.clone()));
        runtime.spawn(stop_on_limits(stop.clone(), Arc::clone(&self.transport), flags.pace.clone()));
        let default_jobs = if self.info.target.loopback { 8 } else { 2 };
        let options = RunOptions {
            jobs: flags.jobs.map_or(default_jobs, usize::from),
            require: flags.require.iter().cloned().collect(),
            expected: self.expected,
            log: folder.join("trials.log"),
        };
        let record = Arc::new(Mutex::new(record));
        let consumer = (Arc::clone(&record), Progress::default());
        let checkpoint = Checkpoint {
            before: self.before.clone(),
            record: Arc::clone(&record),
            folder: folder.clone(),
            written: Instant::now(),
        };
        runner::run(&self.judge, &self.info, &options, runtime.handle(), &stop, (consumer, checkpoint))
            .map_err(|untold| SessionError::usage(&untold).leaving(&untold.leaks))?;
        let report = record.lock().unwrap_or_else(PoisonError::into_inner).report();
        let report = merge::resumed(self.before.as_ref(), report).map_err(SessionError::usage)?;
        let left = report.leaks.clone();
        let given_up = self.transport.health().remark();
        publish(report, folder, &flags.output, flags.format.format, flags.notes, given_up.as_deref())
            .map_err(|error| error.leaving(&left))
    }
}

/// What a run is given in files, and what follows from it.
struct Given {
    golden: Option<Recorded>,
    before: Option<Report>,
    expected: Expectations,
    seed: u64,
    /// The flags; where they narrow nothing and a run is continued, narrowed as that was.
    flags: RunFlags,
    filter: Option<String>,
}

impl Given {
    /// Reads them; `seed` is for a run that none of them decides the seed of.
    fn read(schema: &Schema, flags: &RunFlags, filter: Option<&str>, seed: u64) -> Result<Self, SessionError> {
        known_operations(schema, &flags.require)?;
        known_selection(schema, &flags.selection)?;
        let golden = flags.golden.as_deref().map(golden::read_all).transpose().map_err(SessionError::usage)?;
        let before = flags.resume.as_deref().map(Report::read).transpose().map_err(SessionError::usage)?;
        let before = before.map(with_what_it_left);
        let seed = before.as_ref().map_or(seed, |before| before.seed);
        let seed = seed_of(golden.as_ref(), flags.seed)?.unwrap_or(seed);
        let expected = flags.expect.as_deref().map(|path| Expectations::read(path, SystemTime::now()));
        let expected = expected.transpose().map_err(SessionError::usage)?.unwrap_or_default();
        let (mut flags, mut filter) = (flags.clone(), filter.map(str::to_owned));
        if let Some(before) = &before {
            let Narrowed { filter: text, operations, checks, walks } = before.narrowed.clone();
            if filter.is_none() && flags.selection.operations.is_empty() && flags.selection.checks.is_empty() {
                filter = text;
                (flags.selection.operations, flags.selection.checks) = (operations, checks);
            }
            flags.walks = flags.walks.or(walks);
            flags.cases = flags.cases.or(before.generated);
            flags.shard = flags.shard.or_else(|| before.shard.as_ref()?.parse().ok());
        }
        Ok(Self { golden: golden.map(Arc::new), before, expected, seed, flags, filter })
    }

    fn selection(&self, schema: &Schema, permission: Permission, walks: bool) -> Result<Selection, SessionError> {
        let flags = &self.flags;
        let mut selection = selection(schema, &flags.selection, self.filter.as_deref(), permission)?;
        selection.walks = walks;
        selection.golden.clone_from(&self.golden);
        selection.shard = flags.shard;
        selection.done = self.before.as_ref().map(tried).unwrap_or_default();
        Ok(selection)
    }
}

/// Says what a run with these flags would try and send, and how long that takes. Asks nobody: an emulator in this
/// process stands for the endpoint, with what may be done there.
///
/// # Errors
/// As for [`Session::prepare`], but for what only the endpoint can tell.
pub async fn foresee(
    schema: &'static Schema,
    flags: &RunFlags,
    filter: Option<&str>,
    seed: u64,
) -> Result<Exit, SessionError> {
    let given = Given::read(schema, flags, filter, seed)?;
    let flags = &given.flags;
    let endpoint = match &flags.target.endpoint {
        Some(endpoint) => {
            let flags = target_flags(&flags.target, endpoint);
            Some(Endpoint::resolve(&flags, &schema.service).await.map_err(SessionError::usage)?.0)
        }
        None => None,
    };
    let loopback = endpoint.as_ref().is_none_or(|endpoint| endpoint.is_loopback() && !flags.target.as_remote);
    known_operations(schema, &flags.target.allow_operation)?;
    let permission = permission(&flags.target, loopback);
    let walks = walks(flags, loopback)?;
    let selection = given.selection(schema, permission, walks.count > 0)?;
    let config = Config { seed: given.seed, resources: flags.emulator.resources.unwrap_or(0), ..Config::default() };
    let service = Service::new(schema, &config);
    let shown = endpoint.as_ref().map_or("a built-in emulator".to_owned(), ToString::to_string);
    let nobody = "http://127.0.0.1".parse().map_err(SessionError::usage)?;
    let mut target = Target::unsigned(endpoint.unwrap_or(nobody));
    (target.loopback, target.instance_id) = (loopback, Some(service.instance_name()));
    let ledger = (!loopback && may_write(&flags.target)).then(|| Arc::new(Ledger::new(schema, None)));
    let bounds = TransportConfig { hook: hook(ledger.as_ref()), ..TransportConfig::default() };
    let transport = Arc::new(Transport::direct(&target, Direct::new(move |request| service.handle(request)), bounds));
    let config = ClientConfig {
        seed: given.seed,
        cases: flags.cases.unwrap_or(setup::DEFAULT_CASES),
        run_id: setup::run_id(given.seed),
        permission: selection.permission.clone(),
        ledger,
        ..ClientConfig::default()
    };
    let client = Client::new(schema, target, Arc::clone(&transport), config);
    let suite = Suite::new(Plan::new(schema, &selection), client, walks, selection.golden.clone());
    if suite.plan().cases.is_empty() {
        return Err(nothing_planned(schema, &selection, suite.plan()));
    }
    for index in 0..suite.cases().len() {
        suite.run(index).await;
    }
    suite.clear().await;
    let rate = pace(&flags.pace, loopback).rate;
    let forecast = Forecast::new(schema, suite.plan(), &transport.sent_by_operation(), rate, given.seed);
    let text = match flags.format.format {
        Format::Text => forecast.text(&shown),
        Format::Json => forecast.json().map_err(SessionError::usage)?,
    };
    report::print(&text).map_err(SessionError::usage)?;
    Ok(Exit::Conforming)
}

/// What may be sent, as the flags have it.
fn permission(flags: &EndpointFlags, loopback: bool) -> Permission {
    Permission { loopback, writes: flags.allow_writes, operations: flags.allow_operation.iter().cloned().collect() }
}

fn target_flags(flags: &EndpointFlags, endpoint: &str) -> TargetFlags {
    TargetFlags {
        endpoint: endpoint.to_owned(),
        instance_id: flags.instance_id.clone(),
        region: flags.region.clone(),
        profile: flags.profile.clone(),
        as_remote: flags.as_remote,
    }
}

fn may_write(flags: &EndpointFlags) -> bool {
    flags.allow_writes || !flags.allow_operation.is_empty()
}

/// The report of a run that is continued, with what that run left: what a sweep has taken away since is forgotten, and
/// what a run had made that was killed is told.
fn with_what_it_left(mut before: Report) -> Report {
    let was_kept = !before.journals.is_empty();
    before.journals.retain(|journal| Path::new(journal).exists());
    if before.journals.is_empty() && was_kept {
        before.leaks.clear();
    }
    if before.leaks.is_empty() {
        let unknown = |journal: &String| format!("what the run before had made, as its journal {journal} has it");
        before.leaks = before.journals.iter().map(unknown).collect();
    }
    before
}

/// Writes what is known so far, now and then: a run that is killed can be continued.
struct Checkpoint {
    before: Option<Report>,
    record: Arc<Mutex<Record>>,
    folder: PathBuf,
    written: Instant,
}

impl Consumer for Checkpoint {
    fn take(&mut self, _: Event<'_>) -> std::io::Result<()> {
        if self.written.elapsed() < CHECKPOINT {
            return Ok(());
        }
        let report = self.record.lock().unwrap_or_else(PoisonError::into_inner).report();
        merge::resumed(self.before.as_ref(), report).map_err(std::io::Error::other)?.write(&self.folder)?;
        self.written = Instant::now();
        Ok(())
    }
}

/// Writes a report in every form, and shows it.
fn publish(
    mut report: Report,
    folder: &Path,
    output: &OutputFlags,
    format: Format,
    notes: bool,
    remark: Option<&str>,
) -> Result<Exit, SessionError> {
    if let Some(history) = &output.history {
        let earlier = trend::read(history, &report).map_err(SessionError::usage)?;
        trend::attach(&mut report, &earlier);
    }
    report.write(folder).map_err(SessionError::usage)?;
    html::write(&report, folder).map_err(SessionError::usage)?;
    junit::write(&report, folder).map_err(SessionError::usage)?;
    if let Some(path) = &output.write_expect {
        std::fs::write(path, expect::draft(&report, SystemTime::now()))
            .map_err(|error| SessionError::usage(format!("cannot write {}: {error}", path.display())))?;
    }
    if let Some(file) = environment("GITHUB_STEP_SUMMARY") {
        github::append(&github::summary(&report), Path::new(&file)).map_err(SessionError::usage)?;
    }
    let shown = match format {
        Format::Text => {
            let mut text = terminal::body(&report, notes);
            if let Some(remark) = remark {
                text.push_str(&format!("  {remark}\n"));
            }
            let names = ["report.html", "report.json", "junit.xml"];
            let files: Vec<String> = names.iter().map(|name| folder.join(name).display().to_string()).collect();
            text.push_str(&format!("  report: {}\n", files.join(", ")));
            if std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true") {
                text.push_str(&github::annotations(&report));
            }
            text
        }
        Format::Json => report.to_json().map_err(SessionError::usage)?,
    };
    report::print(&shown).map_err(SessionError::usage)?;
    Ok(report.exit())
}

/// Makes one report of several.
///
/// # Errors
/// One of them cannot be read, or they do not belong together.
pub fn merge_reports(
    reports: &[PathBuf],
    folder: &Path,
    output: &OutputFlags,
    format: Format,
    notes: bool,
) -> Result<Exit, SessionError> {
    let reports: Result<Vec<Report>, _> = reports.iter().map(|path| Report::read(path)).collect();
    let whole = merge::merge(reports.map_err(SessionError::usage)?).map_err(SessionError::usage)?;
    std::fs::create_dir_all(folder)
        .map_err(|error| SessionError::usage(format!("cannot write to {}: {error}", folder.display())))?;
    if format == Format::Text {
        report::print(&terminal::header(&whole)).map_err(SessionError::usage)?;
    }
    publish(whole, folder, output, format, notes, None)
}

/// Cases of a report that came to an end, and that another attempt would not change.
fn tried(report: &Report) -> BTreeSet<String> {
    let ended = report.cases.iter().filter(|line| line.outcome != TrialResult::Indeterminate);
    ended.map(|line| line.case.clone()).collect()
}

/// What the known divergences have to be corrected for. They are held against everything that there is, whatever part of
/// it is run.
fn stale(schema: &Schema, expected: &Expectations, plan: &Plan, selection: &Selection) -> Vec<String> {
    if expected.is_empty() {
        return Vec::new();
    }
    let whole = if expected.all_match(&plan.cases) {
        None
    } else {
        Some(Plan::new(schema, &Selection { golden: selection.golden.clone(), ..setup::everything() }))
    };
    let cases = &whole.as_ref().unwrap_or(plan).cases;
    expected.stale(cases)
}

/// Where a run goes.
pub(crate) struct Place {
    pub(crate) target: Target,
    pub(crate) emulator: Option<Emulator>,
    shown: TargetInfo,
    pub(crate) permission: Permission,
}

impl Place {
    /// The endpoint that the flags name, or an emulator.
    pub(crate) async fn of(
        schema: &'static Schema,
        flags: &EndpointFlags,
        emulator_info: EmulatorInfo,
        seed: u64,
    ) -> Result<Self, SessionError> {
        known_operations(schema, &flags.allow_operation)?;
        let (target, emulator) = match &flags.endpoint {
            Some(endpoint) => {
                let flags = target_flags(flags, endpoint);
                (Target::resolve(&flags, &schema.service).await.map_err(SessionError::usage)?, None)
            }
            None => {
                let emulator = wiring::emulator(schema, &emulator_info, 0, seed).await.map_err(SessionError::usage)?;
                (wiring::target_of(&emulator).map_err(SessionError::usage)?, Some(emulator))
            }
        };
        let is_connect = schema.service.sdk_id == "Connect";
        if may_write(flags)
            && !target.loopback
            && is_connect
            && (flags.account.is_none() || flags.instance_id.is_none())
        {
            return Err(SessionError::usage(format!(
                "{} is not on this machine: to write there, name the account and the instance with --account ID \
                 --instance-id ID; both are looked up before anything else is sent",
                target.endpoint
            )));
        }
        let brought = emulator.is_some().then_some(emulator_info);
        let shown = TargetInfo::of(&target, &schema.service.signing_name, brought);
        let permission = permission(flags, target.loopback);
        Ok(Self { target, emulator, shown, permission })
    }

    /// Keeps the names of a run apart from those of any other. On an emulator of our own a seed decides everything;
    /// elsewhere no run may meet the names of another.
    pub(crate) fn run_id(&self, seed: u64) -> String {
        setup::run_id(if self.emulator.is_some() { seed } else { fresh_seed() })
    }
}

/// Where everything is entered that a run makes on a real account. On this machine nothing has to be taken away: an
/// emulator forgets.
pub(crate) fn ledger(
    schema: &'static Schema,
    flags: &EndpointFlags,
    target: &Target,
    run_id: &str,
) -> Result<Option<Arc<Ledger>>, SessionError> {
    if target.loopback || !may_write(flags) {
        return Ok(None);
    }
    let header = Header {
        version: journal::VERSION,
        service: schema.service.sdk_id.clone(),
        run: run_id.to_owned(),
        began: seconds(SystemTime::now()),
        endpoint: target.endpoint.to_string(),
        region: target.region.clone(),
        instance_id: target.instance_id.clone(),
        account: flags.account.clone(),
        as_remote: flags.as_remote,
    };
    let ledger = Ledger::journalled(schema, &flags.journal.folder, &header).map_err(SessionError::usage)?;
    Ok(Some(Arc::new(ledger)))
}

/// A client of an endpoint that answers, with its instance in the account that was named, if one was.
pub(crate) async fn connect(
    schema: &'static Schema,
    target: Target,
    signing_name: &str,
    bounds: TransportConfig,
    config: ClientConfig,
    account: Option<&str>,
) -> Result<Client, SessionError> {
    let bounds = TransportConfig { hook: hook(config.ledger.as_ref()), ..bounds };
    let transport = Transport::new(&target, signing_name, bounds).map_err(SessionError::usage)?;
    transport.probe().await.map_err(SessionError::usage)?;
    let client = Client::new(schema, target, Arc::new(transport), config);
    is_in_account(&client, account).await?;
    Ok(client)
}

/// Sees that the instance of a run is in the account that was named, if one was. A read.
pub(crate) async fn is_in_account(client: &Client, account: Option<&str>) -> Result<(), SessionError> {
    let Some(account) = account else { return Ok(()) };
    let instance = client.target.instance_id.as_deref().unwrap_or_default();
    let unknown = |why: String| {
        SessionError::usage(format!(
            "cannot see which account the instance {instance} is in: {why}; --account needs DescribeInstance to be allowed"
        ))
    };
    let Some(operation) = client.schema.operation_named("DescribeInstance") else {
        return Err(SessionError::usage("--account is for Amazon Connect; this model has no DescribeInstance"));
    };
    let request = encode_request(client.schema, operation, &json!({ "InstanceId": instance }))
        .map_err(|error| unknown(error.to_string()))?;
    // Whatever the run may send: nobody ends it yet when nothing more may go out.
    let reply = client.send_necessary(operation, &request).await;
    let Reply::Success(exchange) = reply else { return Err(unknown(format!("it answers {}", reply.describe()))) };
    let body: Value = serde_json::from_slice(&exchange.response.body).unwrap_or_default();
    let arn = body.pointer("/Instance/Arn").and_then(Value::as_str).unwrap_or_default();
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "connect", _, there, resource] if *there == account && resource.ends_with(instance) => Ok(()),
        ["arn", _, "connect", _, there, _] if *there != account => Err(SessionError::usage(format!(
            "the instance {instance} is in the account {there}, not in {account}; nothing was sent to it"
        ))),
        _ => Err(unknown(format!("it answers with the ARN `{}`", report::printable(arn, 200)))),
    }
}

/// The seed of recorded answers, which no other can be compared with.
fn seed_of(golden: Option<&BTreeMap<String, Entry>>, given: Option<u64>) -> Result<Option<u64>, SessionError> {
    let recorded = golden.and_then(|entries| entries.values().next()).map(|entry| entry.seed);
    match (recorded, given) {
        (Some(recorded), Some(given)) if recorded != given => Err(SessionError::Usage(format!(
            "the answers were recorded with seed {recorded}, and --seed is {given}; leave it out, or record them anew"
        ))),
        _ => Ok(recorded),
    }
}

/// Asks an endpoint, and writes its answers into a folder. Nothing is written if anything of them must not be shown.
///
/// # Errors
/// Wrong flags, nobody there, an answer that cannot be shown, or a folder that cannot be written.
pub async fn record(schema: &'static Schema, folder: &Path, flags: &RecordFlags) -> Result<Exit, SessionError> {
    known_operations(schema, &flags.operations)?;
    let place = Place::of(schema, &flags.target, emulator_info(&flags.emulator)?, flags.seed).await?;
    let run_id = place.run_id(flags.seed);
    let Place { target, emulator: _emulator, shown, permission } = place;
    let pace = pace(&PaceFlags::default(), target.loopback);
    let ledger = ledger(schema, &flags.target, &target, &run_id)?;
    let bounds = TransportConfig { timeout: flags.timeout, pace, ..TransportConfig::default() };
    let config = ClientConfig {
        seed: flags.seed,
        run_id,
        permission: permission.clone(),
        settle: flags.target.journal.settle,
        ledger,
        ..ClientConfig::default()
    };
    let account = flags.target.account.as_deref();
    let client = connect(schema, target, &schema.service.signing_name, bounds, config, account).await?;
    let provenance = {
        let date = report::utc(SystemTime::now()).unwrap_or_default();
        let day = date.split('T').next().unwrap_or_default();
        let endpoint = if shown.emulator.is_some() { "the built-in emulator" } else { &shown.endpoint };
        golden::provenance(schema, day, endpoint, &shown.region)
    };
    let (mut entries, mut unsupported) = (BTreeMap::new(), 0);
    let (mut troubles, mut not_asked) = (Vec::new(), Vec::new());
    let mut ended = None;
    for (id, operation) in schema.operations() {
        if !flags.operations.is_empty() && !flags.operations.contains(&operation.name) {
            continue;
        }
        let refused = operation.refused.as_ref().map(|why| format!("{}: {why}", operation.name));
        if let Some(why) = refused.or_else(|| permission.check(schema, operation).err()) {
            not_asked.push(why);
            continue;
        }
        let Some(asked) = unless_interrupted(golden::ask(&client, id)).await else {
            ended = Some("interrupted".to_owned());
            break;
        };
        match asked {
            Asked::Answers(exchanges) => {
                let entry = Entry { provenance: provenance.clone(), seed: flags.seed, exchanges };
                entries.insert(operation.name.clone(), entry);
            }
            Asked::Unsupported(why) => {
                unsupported += 1;
                if folder.join(format!("{}.golden", operation.name)).exists() {
                    troubles.push(format!("{} is no longer offered ({why}); delete its file", operation.name));
                }
            }
            Asked::Trouble(why) => troubles.push(format!("{}: {why}", operation.name)),
            Asked::Secret(why) => {
                ended = Some(format!("{}: {why}", operation.name));
                break;
            }
        }
    }
    let left = client.clear().await;
    if let Some(why) = ended {
        return Err(SessionError::Usage(format!("{why}; nothing was written")).leaving(&left));
    }
    let written = golden::write_all(folder, &entries).map_err(|error| SessionError::usage(error).leaving(&left))?;
    let answers: usize = entries.values().map(|entry| entry.exchanges.len()).sum();
    let mut text = format!(
        "{answers} answers of {} operations in {}; {written} files are new or changed, {unsupported} operations are \
         not offered\n",
        entries.len(),
        folder.display()
    );
    if let Some(first) = not_asked.first() {
        text.push_str(&format!("{} operations were not asked, e.g. {first}\n", not_asked.len()));
    }
    for trouble in &troubles {
        text.push_str(&format!("not recorded: {}\n", report::printable(trouble, 300)));
    }
    for line in &left {
        text.push_str(&format!("still there: {}\n", report::printable(line, 300)));
    }
    report::print(&text).map_err(SessionError::usage)?;
    if !left.is_empty() {
        return Ok(Exit::Leaked);
    }
    Ok(if entries.is_empty() || !troubles.is_empty() { Exit::Inconclusive } else { Exit::Conforming })
}

/// How fast requests go out. An account has one bucket for all its callers, so that elsewhere we take a small part of it.
pub(crate) fn pace(flags: &PaceFlags, loopback: bool) -> PaceConfig {
    let per_second = flags.rps.or((!loopback).then_some(REMOTE_RATE));
    let rate = per_second.map(|per_second| {
        let burst = flags.burst.map_or(per_second.max(REMOTE_BURST), f64::from);
        Rate { per_second, burst }
    });
    PaceConfig { rate, max_requests: flags.max_requests }
}

/// Requests that making findings smaller may take, unless somebody asks for another number.
pub(crate) fn shrink(loopback: bool) -> u32 {
    if loopback { 1000 } else { 100 }
}

/// Ends a run that has sent or taken as much as it may.
async fn stop_on_limits(stop: Stop, transport: Arc<Transport>, flags: PaceFlags) {
    let too_long = async {
        match flags.max_minutes {
            Some(minutes) => tokio::time::sleep(Duration::from_secs(60 * minutes)).await,
            None => std::future::pending().await,
        }
    };
    let why = tokio::select! {
        () = transport.pace().spent() => {
            format!("--max-requests: {} were sent", flags.max_requests.unwrap_or_default())
        }
        () = too_long => format!("--max-minutes: {} have passed", flags.max_minutes.unwrap_or_default()),
    };
    stop.stop(&why);
}

/// How many walks, and where those are that failed once.
fn walks(flags: &RunFlags, loopback: bool) -> Result<WalkConfig, SessionError> {
    let default = if loopback { setup::DEFAULT_WALKS } else { 0 };
    let count = flags.walks.unwrap_or(default);
    let folder = flags.walk_regressions.clone().unwrap_or_else(|| flags.report_dir.join("walks"));
    // Read before anything is sent; a file that is no walk must not be passed over in silence.
    let saved = if count > 0 { Saved::read_all(&folder).map_err(SessionError::usage)? } else { Vec::new() };
    Ok(WalkConfig { count, length: flags.walk_length, saved, folder: Some(folder) })
}

/// Why walks that were asked for are not planned.
fn no_walk(plan: &Plan) -> SessionError {
    let refused = plan.not_sent.iter().find(|why| why.starts_with("walks ") || why.contains("--allow"));
    let why = refused.map_or("none is among the chosen cases, `*/lifecycle.walk/*`", String::as_str);
    SessionError::Nothing(format!("--walks asks for walks, and no walk is planned: {why}"))
}

/// A selection of the plan from flags whose words are known.
///
/// # Errors
/// The earlier model cannot be read, or is one of another service.
pub fn selection(
    schema: &Schema,
    flags: &SelectionFlags,
    filter: Option<&str>,
    permission: Permission,
) -> Result<Selection, SessionError> {
    let changed = flags.changed_since.as_ref().map(|path| {
        let old = Schema::load(path).map_err(SessionError::usage)?;
        if old.service.sdk_id == schema.service.sdk_id {
            return Ok(changed::since(&old, schema));
        }
        let (path, old, new) = (path.display(), &old.service.sdk_id, &schema.service.sdk_id);
        Err(SessionError::Usage(format!("--changed-since: {path} is a model of {old}, and {new} is tested")))
    });
    Ok(Selection {
        operations: flags.operations.iter().cloned().collect(),
        checks: flags.checks.iter().cloned().collect(),
        filter: filter.map(str::to_owned),
        changed: changed.transpose()?,
        permission,
        walks: true,
        golden: None,
        shard: None,
        done: BTreeSet::new(),
    })
}

/// Sees that operations and checks of a selection are known.
///
/// # Errors
/// The first that is not, with what looks like it.
pub fn known_selection(schema: &Schema, flags: &SelectionFlags) -> Result<(), SessionError> {
    known_operations(schema, &flags.operations)?;
    for given in &flags.checks {
        let known = || families::all().iter().map(|check| check.id).chain(FAMILIES.iter().map(|family| family.name));
        if !known().any(|name| name == given) {
            return Err(SessionError::Usage(suggest::unknown("check", given, known(), "connect-conformance checks")));
        }
    }
    Ok(())
}

fn known_operations<'n>(schema: &Schema, names: impl IntoIterator<Item = &'n String>) -> Result<(), SessionError> {
    for given in names {
        if schema.operation_named(given).is_none() {
            let known = schema.operations().map(|(_, operation)| operation.name.as_str());
            return Err(SessionError::Usage(suggest::unknown(
                "operation",
                given,
                known,
                "connect-model list operations",
            )));
        }
    }
    Ok(())
}

/// What the emulator is to be like, with a defect or harmless variant that is known.
///
/// # Errors
/// It is not, with what looks like it.
pub fn emulator_info(flags: &EmulatorFlags) -> Result<EmulatorInfo, SessionError> {
    if let Some(given) = flags.defect.as_ref().filter(|id| Defect::named(id).is_none()) {
        let known = defects().map(|known| known.id);
        return Err(SessionError::Usage(suggest::unknown("defect", given, known, "connect-conformance defects")));
    }
    if let Some(given) = flags.benign.as_ref().filter(|id| Benign::named(id).is_none()) {
        let known = BENIGN.iter().map(|known| known.id);
        let list = "connect-conformance benign";
        return Err(SessionError::Usage(suggest::unknown("harmless variant", given, known, list)));
    }
    Ok(EmulatorInfo {
        defect: flags.defect.clone(),
        benign: flags.benign.clone(),
        resources: flags.resources,
        ..EmulatorInfo::default()
    })
}

/// An emulator with the front that the flags describe.
///
/// # Errors
/// Keys without a colon between; the message does not repeat them.
pub fn emulator_config(flags: &FrontFlags) -> Result<Config, SessionError> {
    let wrong = || SessionError::usage("--verify-signatures needs access key and secret, with a colon between");
    let verify = flags.verify_signatures.as_deref().map(|text| keys(text).ok_or_else(wrong)).transpose()?;
    let rate = flags.rps.map(|per_second| {
        let burst = flags.burst.map_or((2.0 * per_second).max(1.0), f64::from);
        connect_emulator::Rate { per_second, burst }
    });
    let front =
        FrontConfig { verify, rate, drop_one_in: flags.drop_one_in.unwrap_or(0), clock_offset: flags.clock_offset };
    Ok(Config { front, search_lag: flags.search_lag.unwrap_or_default(), ..Config::default() })
}

fn keys(text: &str) -> Option<Credentials> {
    let mut parts = text.splitn(3, ':');
    let (key, secret) = (parts.next()?, parts.next()?);
    let usable = !key.is_empty() && !secret.is_empty();
    usable.then(|| Credentials::new(key, secret, parts.next().map(str::to_owned), None, "command line"))
}

/// Why a selection left nothing, with what looks like its filter.
pub fn nothing_planned(schema: &Schema, selection: &Selection, plan: &Plan) -> SessionError {
    if selection.changed.as_ref().is_some_and(|changed| changed.is_empty()) {
        return SessionError::Nothing(
            "nothing is planned: the earlier model says the same of every operation".to_owned(),
        );
    }
    let wants_golden = selection.checks.iter().any(|check| check.split('.').next() == Some("golden"));
    match &selection.golden {
        None if wants_golden => {
            return SessionError::Nothing(
                "nothing is planned: checks of the family golden compare with recorded answers; name their folder with \
                 --golden DIR"
                    .to_owned(),
            );
        }
        Some(_) if !wants_golden && !selection.checks.is_empty() => {
            return SessionError::Nothing(
                "nothing is planned: --golden compares recorded answers and runs no other checks; leave out --checks, or \
                 --golden"
                    .to_owned(),
            );
        }
        _ => {}
    }
    let Some(filter) = &selection.filter else {
        let why =
            plan.not_sent.first().cloned().unwrap_or_else(|| "no check applies to the chosen operations".to_owned());
        return SessionError::Nothing(format!("nothing is planned: {why}"));
    };
    let cases = Plan::new(schema, &Selection { filter: None, ..selection.clone() }).cases;
    let ids: Vec<String> = cases.iter().map(CaseId::to_string).collect();
    let parts = cases.iter().flat_map(|case| [case.operation.as_str(), case.check]);
    let distinct: BTreeSet<&str> = parts.chain(ids.iter().map(String::as_str)).collect();
    let hint = match suggest::nearest(filter, distinct).as_slice() {
        [] => "`connect-conformance list` lists case ids".to_owned(),
        names => format!("did you mean {}?", suggest::quoted(names)),
    };
    SessionError::Nothing(format!("no case id contains `{filter}`; {hint}"))
}

/// A seed that nobody chose, short enough to type.
pub fn fresh_seed() -> u64 {
    // The keys of the standard hasher are random; that spares a dependency.
    RandomState::new().build_hasher().finish() & 0xffff_ffff
}

fn run_info(plan: &Plan, target: TargetInfo, schema: &Schema, seed: u64) -> RunInfo {
    let mut operations: Vec<(String, usize)> = Vec::new();
    // Cases of one operation follow each other.
    for case in &plan.cases {
        match operations.last_mut() {
            Some((name, planned)) if *name == case.operation => *planned += 1,
            _ => operations.push((case.operation.clone(), 1)),
        }
    }
    RunInfo {
        target,
        model: schema.into(),
        seed,
        started: SystemTime::now(),
        operations,
        planned: plan.cases.len(),
        not_sent: plan.not_sent.clone(),
        left_out: plan.left_out.clone(),
        stale: plan.stale.clone(),
        journal: None,
        shard: None,
        cases: None,
        narrowed: Narrowed::default(),
    }
}

/// Whether a report, named by its file or its folder, is the one that lies in a folder.
fn is_report_of(report: &Path, folder: &Path) -> bool {
    let file = if report.is_dir() { report.join("report.json") } else { report.to_owned() };
    file.canonicalize().ok() == folder.join("report.json").canonicalize().ok()
}

/// A report folder without the findings of the run before: what lies there must belong to its report.json.
fn fresh_folder(folder: &Path, goes_on: bool) -> std::io::Result<()> {
    let findings = folder.join("findings");
    std::fs::create_dir_all(&findings)?;
    if goes_on {
        return Ok(());
    }
    for entry in std::fs::read_dir(&findings)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            std::fs::remove_file(path)?;
        }
    }
    for name in ["report.json", "report.html", "junit.xml"] {
        match std::fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// The first interrupt stops the run and lets it report; the second ends the process.
async fn stop_on_signal(stop: Stop) {
    if interrupted().await.is_err() {
        return;
    }
    stop.stop("interrupted");
    // Nobody to read it is no reason to go on.
    let _ = writeln!(std::io::stderr(), "interrupted: reporting what was found; again to end at once");
    // `timeout` and some shells deliver one interrupt twice; that is no second thought.
    tokio::time::sleep(Duration::from_secs(1)).await;
    if interrupted().await.is_ok() {
        std::process::exit(Exit::Inconclusive as i32);
    }
}

/// What work comes to; none if an interrupt ends it.
pub(crate) async fn unless_interrupted<T>(work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        result = work => Some(result),
        Ok(()) = interrupted() => None,
        else => None,
    }
}

/// Waits for Ctrl-C or, where there is such a thing, SIGTERM.
///
/// # Errors
/// Signals cannot be listened for.
pub async fn interrupted() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            result = tokio::signal::ctrl_c() => result,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;
    use crate::runner::tests::{Scripted, info};
    use connect_checks::case::Outcome;
    use connect_transport::TransportConfig;

    fn execute(judge: Arc<dyn Judge>, name: &str) -> (Exit, serde_json::Value, String) {
        let folder = std::env::temp_dir().join(format!("connect-session-{}-{name}", std::process::id()));
        std::fs::create_dir_all(folder.join("findings")).unwrap();
        std::fs::write(folder.join("findings/stale.json"), "{}").unwrap();
        let line = ["connect-conformance", "--format", "json", "--report-dir", folder.to_str().unwrap()];
        let flags = Cli::try_parse_from(line).unwrap().run;
        let target = Target::unsigned("http://127.0.0.1:9".parse().unwrap());
        let transport = Arc::new(Transport::new(&target, "connect", TransportConfig::default()).unwrap());
        let info = info(judge.cases().len());
        let session =
            Session { judge, info, transport, expected: Expectations::default(), before: None, _emulator: None };
        let exit = session.execute(&flags, &Runtime::new().unwrap()).unwrap();
        assert!(!folder.join("findings/stale.json").exists());
        let report = serde_json::from_slice(&std::fs::read(folder.join("report.json")).unwrap()).unwrap();
        let log = std::fs::read_to_string(folder.join("trials.log")).unwrap();
        std::fs::remove_dir_all(folder).unwrap();
        (exit, report, log)
    }

    #[test]
    fn a_run_leaves_a_report_and_a_log() {
        let pass = Scripted::plan(4, |_| Box::pin(async { Outcome::from_findings(vec![]) }));
        let (exit, report, log) = execute(pass, "pass");
        assert_eq!((exit, &report["totals"]["passed"]), (Exit::Conforming, &4.into()));
        assert!(log.contains("test Operation0/shape.json/0 ... ok"), "{log}");
        let nothing = Scripted::plan(2, |_| Box::pin(async { Outcome::indeterminate("throttled") }));
        assert_eq!(execute(nothing, "nothing").0, Exit::Inconclusive);
        let broken = Scripted::plan(2, |_| Box::pin(async { panic!("boom") }));
        let (exit, report, _) = execute(broken, "broken");
        assert_eq!((exit, &report["exit_code"], &report["totals"]["failed"]), (Exit::Findings, &1.into(), &2.into()));
    }

    #[test]
    fn what_a_run_left_is_told_until_a_sweep_has_been() {
        let folder = std::env::temp_dir().join(format!("connect-session-{}-left", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let journal = folder.join("x.journal.jsonl");
        let report = |leaks: &[&str]| {
            let mut info = info(1);
            info.journal = Some(journal.clone());
            let mut report = Record::new(&info, None, Limits::default()).report();
            report.leaks = leaks.iter().map(|line| (*line).to_owned()).collect();
            report
        };
        std::fs::write(&journal, "").unwrap();
        assert_eq!(with_what_it_left(report(&["a flow"])).leaks, ["a flow"]);
        let killed = with_what_it_left(report(&[]));
        assert!(killed.leaks[0].contains("x.journal.jsonl"), "{:?}", killed.leaks);
        let mut rest = report(&[]);
        rest.journals.clear();
        assert_eq!(merge::resumed(Some(&killed), rest).unwrap().exit(), Exit::Leaked);
        std::fs::remove_dir_all(folder).unwrap();
        assert_eq!(with_what_it_left(report(&["a flow"])).leaks, Vec::<String>::new());
        assert_eq!(with_what_it_left(report(&[])).leaks, Vec::<String>::new());
    }

    #[test]
    fn a_filter_that_matches_nothing_is_inconclusive() {
        let schema = Schema::connect();
        let reason = |operations: &[&str], filter: Option<&str>, loopback| {
            let flags = SelectionFlags {
                operations: operations.iter().map(|name| (*name).to_owned()).collect(),
                ..SelectionFlags::default()
            };
            let permission = Permission { loopback, ..Permission::default() };
            let selection = selection(schema, &flags, filter, permission).unwrap();
            let error = nothing_planned(schema, &selection, &Plan::new(schema, &selection));
            assert_eq!(error.exit(), Exit::Inconclusive);
            error.to_string()
        };
        let text = reason(&["CreateRule"], Some("CraeteRule"), true);
        assert!(text.contains("did you mean `CreateRule`"), "{text}");
        let text = reason(&["CreateRule"], None, false);
        assert!(text.contains("--allow-writes"), "{text}");
    }
}
