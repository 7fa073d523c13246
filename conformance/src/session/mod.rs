//! Runs: from a configuration to the exit code. Checks the configuration, finds the target, plans, executes and reports.
//! Knows no command line.

mod agree;
pub mod config;
pub mod error;
pub mod forecast;
mod inputs;
mod known;
mod one_meaning;
pub mod publish;
pub mod record;
pub mod replay;
mod resume;
mod routing;
pub mod selection;
pub mod signals;
pub mod sweep;
pub(crate) mod target;
mod ticker;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use connect_checks::families::ACCESS;
use connect_checks::history;
use connect_checks::judge::Judge;
use connect_checks::lifecycle;
use connect_checks::plan::Plan;
use connect_checks::setup::{self, SuiteConfig};
use connect_emulator::Emulator;
use connect_model::schema::{OperationId, Schema};
use connect_transport::{Transport, TransportConfig};
use tokio::runtime::Runtime;

use crate::event::{EmulatorInfo, Narrowed, PlanInfo, RunInfo, Settings, TargetInfo};
use crate::exit::Exit;
use crate::report::collect::{Collector, Limits};
use crate::report::expect::Expectations;
use crate::report::folder::ReportFolder;
use crate::report::json::Report;
use crate::report::output::{Format, print};
use crate::report::progress::Progress;
use crate::report::{LOG, learned, merge, terminal};
use crate::runner::{self, RunOptions, StopSignal};
use crate::session::config::RunConfig;
use crate::session::error::SessionError;
use crate::session::inputs::RunInputs;
use crate::session::publish::{Checkpoint, is_report_of, publish};
use crate::session::resume::{is_unfinished, same_plan};
use crate::session::routing::serves_unsigned;
use crate::session::selection::{matching_required, no_history, no_walk, nothing_planned};
use crate::session::signals::{StopOnFailures, stop_on_interrupt, stop_on_limits};
use crate::session::target::{RunTarget, is_in_account};

/// A prepared run: everything is decided, and only requests about the endpoint itself have been sent.
pub struct Session {
    judge: Arc<dyn Judge>,
    info: RunInfo,
    transport: Arc<Transport>,
    expected: Expectations,
    /// Operations and families that must be offered.
    require: BTreeSet<String>,
    /// The report of the run that this one resumes.
    previous: Option<Report>,
    config: RunConfig,
    _emulator: Option<Emulator>,
}

/// A run that has ended.
pub struct Finished {
    /// Its report, which has not been written yet.
    pub report: Report,
    /// A remark for people about the endpoint.
    pub remark: Option<String>,
    /// The folder for the report.
    pub folder: ReportFolder,
}

impl Session {
    /// Checks the configuration, finds or starts the endpoint, checks that it responds, and plans.
    ///
    /// # Errors
    /// Everything that makes a run pointless. Nothing has been tested then.
    pub async fn prepare(schema: &'static Schema, config: &RunConfig) -> Result<Self, SessionError> {
        let inputs = RunInputs::read(schema, config)?;
        let (seed, config) = (inputs.seed, &inputs.config);
        // A replay of a finding needs these numbers.
        let emulator = EmulatorInfo { cases: config.cases, ..config.emulator.clone() };
        let mut target = RunTarget::resolve(schema, &config.endpoint, &emulator, seed).await?;
        let walks = config.walks(target.context.loopback)?;
        let selection = inputs.selection(schema, target.permission.clone(), &walks)?;
        target.open_ledger(schema, &config.endpoint)?;
        let RunTarget { target, emulator, info, context, .. } = target;
        // The run may be continued in another folder.
        let journal = context.ledger.as_ref().and_then(|ledger| ledger.journal());
        let journal = journal.map(|path| std::path::absolute(&path).unwrap_or(path));
        let bounds = TransportConfig { timeout: config.timeout(), ..TransportConfig::default() };
        let answered = inputs.previous.iter().flat_map(|report| answered(schema, report)).collect();
        let known = Arc::clone(&inputs.known);
        let suite_config = SuiteConfig { answered, known, ..config.suite(context, walks) };
        let (suite, transport) = setup::suite(schema, target, &selection, suite_config).map_err(SessionError::usage)?;
        let plan = suite.plan();
        if let Some(previous) = &inputs.previous {
            same_plan(previous, plan)?;
            is_unfinished(previous, plan)?;
        }
        if plan.part.cases == 0 {
            return Err(nothing_planned(schema, &selection, plan));
        }
        if config.walks.is_some_and(|count| count > 0) && !plan.tries(|check| check.id == lifecycle::WALK.id) {
            return Err(no_walk(plan));
        }
        let tries_histories = plan.tries(|check| check.family() == history::FAMILY_NAME);
        if config.histories.is_some_and(|count| count > 0) && !tries_histories {
            return Err(no_history(plan));
        }
        if !plan.cases.is_empty() {
            transport.probe().await.map_err(SessionError::usage)?;
            if emulator.is_none() {
                serves_unsigned(suite.client(), bounds).await?;
            }
            is_in_account(suite.client(), config.endpoint.account.as_deref()).await?;
        }
        let mut info = run_info(plan, info, schema, seed);
        info.cases = config.cases;
        info.journal = journal;
        info.shard = config.shard.map(|shard| shard.to_string());
        info.narrowed = inputs.narrowed();
        info.settings = inputs.settings(info.target.loopback)?;
        info.stale.extend(inputs.stale(schema, plan));
        let RunInputs { expected, previous, config, .. } = inputs;
        let mut require = BTreeSet::new();
        for pattern in &config.require {
            let wanted = matching_required(schema, std::slice::from_ref(pattern))?;
            let planned = |name: &String| plan.whole.operations.iter().any(|(operation, _)| operation == name);
            if !wanted.iter().any(|name| planned(name) || plan.tries(|check| check.family() == name)) {
                return Err(SessionError::Nothing(format!(
                    "--require {pattern}: no case of it is planned, so that nothing would show if it is offered; select it, or \
                     leave out --require"
                )));
            }
            require.extend(wanted);
        }
        if emulator.is_some() && config.emulator.benign.is_none() {
            // The built-in emulator verifies signatures: a run that could not tell would prove nothing.
            require.insert(ACCESS.to_owned());
        }
        Ok(Self { judge: Arc::new(suite), info, transport, expected, require, previous, config, _emulator: emulator })
    }

    /// Runs the cases, prints the report and writes it into the report folder.
    ///
    /// # Errors
    /// The report folder or stdout cannot be written.
    pub fn execute(self, runtime: &Runtime) -> Result<Exit, SessionError> {
        let output = self.config.output.clone();
        let announces = output.format == Format::Text && !output.detail.quiet;
        let continues = self.previous.as_ref().map(terminal::continues).unwrap_or_default();
        let announce = |report: &Report| {
            let header = if announces { terminal::header(report) + &continues } else { String::new() };
            print(&header).map_err(SessionError::usage)
        };
        let Finished { report, remark, folder } = self.run(runtime, announce)?;
        let leaks = report.leaks.clone();
        publish(report, &folder, &output, remark.as_deref()).map_err(|error| error.leaving(&leaks))
    }

    /// Runs the cases. The report folder gets the case files, the log, and reports of the unfinished run; the final report is
    /// returned. `announce` gets the report before the first case.
    ///
    /// # Errors
    /// The report folder cannot be written, or `announce` fails.
    pub fn run(
        self,
        runtime: &Runtime,
        announce: impl FnOnce(&Report) -> Result<(), SessionError>,
    ) -> Result<Finished, SessionError> {
        let Self { judge, info, transport, expected, require, previous, config, _emulator } = self;
        let known = config.output.learned.as_deref().map(learned::read).transpose();
        let known = known.map_err(|error| SessionError::usage(format!("--learned: {error}")))?;
        let claimed = ReportFolder::claim(&config.report_dir, config.output.force).map_err(SessionError::usage)?;
        let folder = claimed.path();
        let resumed_here = config.resume.as_deref().is_some_and(|report| is_report_of(report, folder));
        if previous.is_none() || !resumed_here {
            claimed.clear().map_err(SessionError::usage)?;
        }
        let collector = Collector::new(&info, Some(folder), Limits::default());
        // Fail now rather than at the end if the two runs cannot be merged.
        merge::resumed(previous.as_ref(), collector.report()).map_err(SessionError::usage)?;
        announce(&collector.report())?;
        let stop = StopSignal::default();
        let expectations = expected.clone();
        runtime.spawn(stop_on_interrupt(stop.clone(), info.journal.clone()));
        runtime.spawn(stop_on_limits(stop.clone(), Arc::clone(&transport), config.limits.clone()));
        let options = RunOptions { jobs: config.jobs(info.target.loopback), require, expected, log: folder.join(LOG) };
        let collector = Arc::new(Mutex::new(collector));
        let checkpoint = Checkpoint {
            previous: previous.clone(),
            collector: Arc::clone(&collector),
            folder: folder.to_owned(),
            written: Instant::now(),
        };
        let limit = StopOnFailures::new(stop.clone(), config.limits.max_failures);
        let consumer = ((Arc::clone(&collector), Progress::default()), (checkpoint, limit));
        runner::run(&judge, &info, &options, runtime.handle(), &stop, consumer)
            .map_err(|failed| SessionError::usage(&failed).leaving(&failed.leaks))?;
        let report = collector.lock().unwrap_or_else(PoisonError::into_inner).report();
        let leaks = report.leaks.clone();
        let mut report =
            merge::resumed(previous.as_ref(), report).map_err(|error| SessionError::usage(error).leaving(&leaks))?;
        if let Some(known) = known {
            learned::compare(&mut report, &known);
        }
        let is_complete = report.totals.executed == report.totals.planned;
        if is_complete && report.narrowed.is_whole() {
            let causes = report.causes.iter().map(|cause| cause.id.as_str()).collect();
            let unseen = expectations.unseen(&causes);
            if report.shard.is_none() {
                report.stale.extend(unseen.into_values());
            } else {
                report.unseen = unseen;
            }
            report.recount();
        }
        Ok(Finished { report, remark: transport.health().remark(), folder: claimed })
    }
}

/// The operations that an endpoint answered in a run.
fn answered(schema: &'static Schema, report: &Report) -> impl Iterator<Item = OperationId> {
    let judged = report.operations.iter().filter(|operation| operation.totals.scored() > 0);
    judged.filter_map(|operation| schema.operation_named(&operation.name))
}

fn run_info(plan: &Plan, target: TargetInfo, schema: &Schema, seed: u64) -> RunInfo {
    let whole = &plan.whole;
    RunInfo {
        target,
        model: schema.into(),
        seed,
        started: SystemTime::now(),
        operations: plan.part.operations.clone(),
        planned: plan.part.cases,
        constraints: plan.part.constraints,
        plan: PlanInfo {
            digest: whole.digest.clone(),
            cases: whole.cases as u64,
            constraints: whole.constraints as u64,
        },
        not_sent: plan.not_sent.clone(),
        left_out: plan.left_out.clone(),
        stale: plan.stale.clone(),
        journal: None,
        shard: None,
        cases: None,
        narrowed: Narrowed::default(),
        settings: Settings::default(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use connect_checks::case::Outcome;
    use connect_transport::target::Target;

    use super::*;
    use crate::runner::tests::Scripted;
    use crate::session::config::OutputConfig;

    fn execute(judge: Arc<dyn Judge>, name: &str) -> (Exit, serde_json::Value, String) {
        let folder = std::env::temp_dir().join(format!("connect-session-{}-{name}", std::process::id()));
        drop(ReportFolder::claim(&folder, false).unwrap());
        std::fs::write(folder.join("findings/stale.json"), "{}").unwrap();
        let output = OutputConfig { format: Format::Json, ..OutputConfig::default() };
        let config = RunConfig { report_dir: folder.clone(), output, ..RunConfig::default() };
        let target = Target::unsigned("http://127.0.0.1:9".parse().unwrap());
        let transport = Arc::new(Transport::new(&target, "connect", TransportConfig::default()).unwrap());
        let info = RunInfo::sample(judge.cases().len());
        let expected = Expectations::default();
        let require = BTreeSet::new();
        let session = Session { judge, info, transport, expected, require, previous: None, config, _emulator: None };
        let exit = session.execute(&Runtime::new().unwrap()).unwrap();
        assert!(!folder.join("findings/stale.json").exists());
        let report = serde_json::from_slice(&std::fs::read(folder.join("report.json")).unwrap()).unwrap();
        let log = std::fs::read_to_string(folder.join("trials.log")).unwrap();
        std::fs::remove_dir_all(folder).unwrap();
        (exit, report, log)
    }

    #[test]
    fn writes_a_report_and_a_log() {
        let pass = Scripted::plan(4, |_| Box::pin(async { Outcome::from_findings(vec![]) }));
        let (exit, report, log) = execute(pass, "pass");
        assert_eq!((exit, &report["totals"]["passed"]), (Exit::Conforming, &4.into()));
        assert!(log.contains("test Operation0/shape.json/0 ... ok"), "{log}");
        let nothing = Scripted::plan(2, |_| Box::pin(async { Outcome::indeterminate("throttled") }));
        assert_eq!(execute(nothing, "nothing").0, Exit::Incomplete);
        let broken = Scripted::plan(2, |_| Box::pin(async { panic!("boom") }));
        let (exit, report, _) = execute(broken, "broken");
        assert_eq!((exit, &report["exit_code"], &report["totals"]["failed"]), (Exit::Findings, &1.into(), &2.into()));
    }
}
