//! The verdict of a run does not depend on the way in which it came to its end. Random sequences of parts, stops, kills,
//! continuations, known divergences and merges judge the same cases, with the same outcomes, as one run without interruption;
//! a sequence that lacks something is incomplete.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use connect_checks::shard::Shard;
use connect_conformance::event::EmulatorInfo;
use connect_conformance::exit::Exit;
use connect_conformance::outcome::CaseOutcome;
use connect_conformance::report::json::Report;
use connect_conformance::report::{learned, merge};
use connect_conformance::session::Session;
use connect_conformance::session::config::{RequestLimits, RunConfig, SelectionConfig};
use connect_model::schema::Schema;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tokio::runtime::Runtime;

/// Sequences of each seed. The seeds together run 500.
const SEQUENCES: u32 = 125;

/// One way from the plan to the report.
#[derive(Clone, Debug)]
struct Sequence {
    plan: Planned,
    parts: Vec<Part>,
}

/// The plan of a sequence, and the files that it is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Planned {
    /// Index into [`SELECTIONS`].
    selection: usize,
    defect: bool,
    expects: Expects,
    /// True if answers are compared with learned ones, which another endpoint gave.
    compares_learned: bool,
}

/// The failures that are known divergences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Expects {
    Nothing,
    /// Those of the selection's cases.
    Cases,
    /// Those of the first cause; of a cause that does not exist if nothing fails.
    Cause,
}

/// The sittings of one part of the plan.
#[derive(Clone, Debug)]
struct Part {
    sittings: Vec<Sitting>,
    /// True if the part runs to its end after the sittings.
    finishes: bool,
    /// True if its report is merged.
    is_merged: bool,
}

/// One run that does not reach its end, or does by chance.
#[derive(Clone, Debug)]
struct Sitting {
    max_requests: u64,
    /// Outcomes that a kill loses, because they were newer than the last report.
    lost: usize,
}

/// A part of the plan, with a defect of the emulator that it finds.
#[derive(Debug)]
struct Selection {
    operations: &'static [&'static str],
    checks: &'static [&'static str],
    filter: Option<&'static str>,
    defect: &'static str,
    /// Pattern of the case ids that the defect fails.
    fails: &'static str,
    walks: Option<u32>,
}

const SELECTIONS: [Selection; 6] = [
    Selection {
        operations: &["DescribeContactFlow"],
        checks: &["shape", "error"],
        filter: None,
        defect: "timestamp-iso",
        fails: "*/shape.timestamp-format",
        walks: None,
    },
    Selection {
        operations: &["DescribeContactFlow", "ListRules"],
        checks: &["shape"],
        filter: None,
        defect: "timestamp-iso",
        fails: "*/shape.timestamp-format",
        walks: None,
    },
    Selection {
        operations: &["DescribeInstance"],
        checks: &[],
        filter: Some("Instance"),
        defect: "timestamp-iso",
        fails: "*/shape.timestamp-format",
        walks: None,
    },
    Selection {
        operations: &[],
        checks: &["shape"],
        filter: Some("ListContactFlows/"),
        defect: "timestamp-iso",
        fails: "*/shape.timestamp-format",
        walks: None,
    },
    // Its answers differ from the learned ones.
    Selection {
        operations: &["DescribeContactFlow", "DescribeUser"],
        checks: &["shape", "invalid.label-escape", "invalid.length-max"],
        filter: None,
        defect: "timestamp-iso",
        fails: "*/shape.timestamp-format",
        walks: None,
    },
    // Failed walks are saved, and walked first when a run goes on.
    Selection {
        operations: &["CreateContactFlow", "CreateContactFlowModule"],
        checks: &["lifecycle.walk", "shape.status"],
        filter: None,
        defect: "draft-edit-publishes",
        fails: "*/lifecycle.walk*",
        walks: Some(2),
    },
];

fn sequences() -> impl Strategy<Value = Sequence> {
    let sitting = (1_u64..25, 0_usize..4).prop_map(|(max_requests, lost)| Sitting { max_requests, lost });
    let part = (prop::collection::vec(sitting, 0..3), prop::bool::weighted(0.85), prop::bool::weighted(0.9))
        .prop_map(|(sittings, finishes, is_merged)| Part { sittings, finishes, is_merged });
    // A failed walk waits for an index, which takes a second.
    let selection = prop_oneof![
        19 => 0..SELECTIONS.len() - 1,
        1 => Just(SELECTIONS.len() - 1),
    ];
    let expects = prop_oneof![Just(Expects::Nothing), Just(Expects::Cases), Just(Expects::Cause)];
    let plan = (selection, any::<bool>(), expects, any::<bool>()).prop_map(
        |(selection, defect, expects, compares_learned)| Planned { selection, defect, expects, compares_learned },
    );
    (plan, prop::collection::vec(part, 1..4)).prop_map(|(plan, parts)| Sequence { plan, parts })
}

/// Folders of one sequence, deleted at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("connect-sequences-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A run without interruption, which sequences of the same plan are compared with.
struct Uninterrupted {
    config: RunConfig,
    report: Report,
    _folder: Folder,
}

/// The uninterrupted run of each plan.
type Runs = Mutex<HashMap<Planned, Arc<OnceLock<Uninterrupted>>>>;

impl Uninterrupted {
    fn new(runtime: &Runtime, plan: Planned) -> Self {
        let folder = Folder::new();
        let config = config(runtime, plan, &folder.0);
        let report = run(runtime, &config).unwrap();
        assert_eq!(report.totals.executed, report.totals.planned);
        assert_ne!(report.exit(), Exit::Incomplete, "{:?}", report.totals);
        Self { config, report, _folder: folder }
    }
}

/// The configuration of an uninterrupted run. It has runs of its own before it, for the files that it reads.
fn config(runtime: &Runtime, plan: Planned, folder: &Path) -> RunConfig {
    let Planned { selection, defect, expects, compares_learned } = plan;
    let selection = &SELECTIONS[selection];
    let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
    let mut config = RunConfig {
        emulator: EmulatorInfo { defect: defect.then(|| selection.defect.to_owned()), ..EmulatorInfo::default() },
        selection: SelectionConfig {
            operations: names(selection.operations),
            checks: names(selection.checks),
            filter: selection.filter.map(str::to_owned),
            ..SelectionConfig::default()
        },
        seed: Some(7),
        shrink: Some(0),
        walks: selection.walks,
        walk_length: selection.walks.map(|_| 16),
        report_dir: folder.join("whole"),
        ..RunConfig::default()
    };
    config.endpoint.settle = Some(Duration::from_millis(50));
    if compares_learned {
        let learned = folder.join("learned.json");
        let mut other = config.clone();
        other.emulator.benign = Some("invalid-parameter".to_owned());
        other.report_dir = folder.join("learning");
        learned::write(&learned, &run(runtime, &other).unwrap()).unwrap();
        config.output.learned = Some(learned);
    }
    let pattern = match expects {
        Expects::Nothing => None,
        Expects::Cases => Some(format!("case = \"{}\"", selection.fails)),
        Expects::Cause => {
            let before = run(runtime, &RunConfig { report_dir: folder.join("before"), ..config.clone() }).unwrap();
            let cause = before.causes.first().map_or("shape.required~01234567", |cause| &cause.id);
            Some(format!("cause = \"{cause}\""))
        }
    };
    config.expect = pattern.map(|pattern| {
        let file = folder.join("expect.toml");
        let entry = format!("[[expect]]\n{pattern}\nreason = \"known\"\nexpires = 2999-01-01\n");
        std::fs::write(&file, entry).unwrap();
        file
    });
    config
}

fn run(runtime: &Runtime, config: &RunConfig) -> Result<Report, String> {
    let session = runtime.block_on(Session::prepare(Schema::connect(), config)).map_err(|error| error.to_string())?;
    let report = session.run(runtime, |_| Ok(())).map_err(|error| error.to_string())?.report;
    report.write(&config.report_dir).unwrap();
    Ok(report)
}

fn outcomes(report: &Report) -> BTreeMap<&str, CaseOutcome> {
    report.cases.iter().map(|line| (line.case.as_str(), line.outcome)).collect()
}

/// The refusal to continue a part that a sitting has ended.
const ENDED: &str = "that run has ended with a result for each of its cases";

/// Runs one part in its sittings, in `folder`; `None` if no case belongs to it.
fn part(runtime: &Runtime, whole: &RunConfig, folder: &Path, shard: Option<Shard>, part: &Part) -> Option<Report> {
    let first = RunConfig {
        shard,
        report_dir: folder.to_owned(),
        walk_regressions: Some(folder.join("walks")),
        ..whole.clone()
    };
    let next = RunConfig { report_dir: folder.to_owned(), resume: Some(folder.to_owned()), ..RunConfig::default() };
    let mut report = None;
    for sitting in &part.sittings {
        let limits = RequestLimits { max_requests: Some(sitting.max_requests), ..RequestLimits::default() };
        let config = if report.is_none() { &first } else { &next };
        let mut stopped = match run(runtime, &RunConfig { limits, ..config.clone() }) {
            Ok(stopped) => stopped,
            Err(problem) if problem.contains("nothing is planned") => return None,
            Err(problem) if report.is_some() && problem.contains(ENDED) => return report,
            Err(problem) => panic!("{problem}"),
        };
        if stopped.totals.executed < stopped.totals.planned {
            lose(&mut stopped, sitting.lost);
            stopped.write(folder).unwrap();
        }
        report = Some(stopped);
    }
    if part.finishes {
        let config = if report.is_none() { &first } else { &next };
        report = match run(runtime, config) {
            Ok(report) => Some(report),
            Err(problem) if problem.contains("nothing is planned") => return None,
            Err(problem) if problem.contains(ENDED) => report,
            Err(problem) => panic!("{problem}"),
        };
    }
    report
}

/// Removes the last outcomes, as if the run had been killed after its last report.
fn lose(report: &mut Report, lost: usize) {
    for _ in 0..lost {
        let Some(line) = report.cases.pop() else { break };
        report.findings.retain(|finding| finding.case != line.case);
        for cause in &mut report.causes {
            cause.cases.remove(&line.case);
            cause.known.remove(&line.case);
        }
    }
    report.recount();
}

fn holds(runtime: &Runtime, runs: &Runs, sequence: &Sequence) {
    let run = Arc::clone(runs.lock().unwrap().entry(sequence.plan).or_default());
    let Uninterrupted { config, report: whole, .. } = run.get_or_init(|| Uninterrupted::new(runtime, sequence.plan));
    let folder = Folder::new();
    let of = sequence.parts.len();
    // A part without cases has no report.
    let run_parts = (sequence.parts.iter().enumerate()).filter_map(|(at, way)| {
        let shard = (of > 1).then(|| format!("{}/{of}", at + 1).parse().unwrap());
        Some((part(runtime, config, &folder.0.join(format!("part{at}")), shard, way)?, way))
    });
    let reports: Vec<Report> = run_parts.filter(|(_, way)| way.is_merged).map(|(report, _)| report).collect();
    let merged = match merge::merge(reports) {
        Ok(merged) => merged,
        Err(problem) => return assert_eq!(problem, merge::MergeError::Nothing),
    };
    let (all, judged) = (outcomes(whole), outcomes(&merged));
    if judged.len() == all.len() {
        assert_eq!((judged, merged.exit()), (all, whole.exit()));
        assert_eq!(merged.totals, whole.totals);
        assert_eq!(merged.coverage.constraints, whole.coverage.constraints);
        assert_eq!(merged.failed_cases, whole.failed_cases);
        assert_eq!((&merged.relearned, &merged.stale), (&whole.relearned, &whole.stale));
        let causes = |report: &Report| -> Vec<_> {
            report.causes.iter().map(|cause| (cause.id.clone(), cause.cases.clone(), cause.known.clone())).collect()
        };
        assert_eq!(causes(&merged), causes(whole));
    } else {
        assert_eq!(merged.exit(), Exit::Incomplete, "{:?}", merged.totals);
        assert_eq!(merged.totals.planned, whole.totals.planned);
        for (case, outcome) in judged {
            assert_eq!(all.get(case), Some(&outcome), "{case}");
        }
    }
}

fn check(runs: &Runs, seed: u8) {
    let runtime = Runtime::new().unwrap();
    let config = Config { cases: SEQUENCES, failure_persistence: None, max_shrink_iters: 40, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]));
    let result = runner.run(&sequences(), |sequence| {
        holds(&runtime, runs, &sequence);
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn sequences_end_like_one_run() {
    let runs = Runs::default();
    std::thread::scope(|scope| {
        for seed in 1..=4 {
            let runs = &runs;
            scope.spawn(move || check(runs, seed));
        }
    });
}
