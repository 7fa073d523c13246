//! The verdict of a run does not depend on the way in which it came to its end. Random sequences of parts, stops, kills,
//! continuations, known divergences and merges judge the same cases, with the same outcomes, as one run without interruption;
//! a sequence that lacks something is incomplete.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use connect_conformance::event::EmulatorInfo;
use connect_conformance::exit::Exit;
use connect_conformance::outcome::CaseOutcome;
use connect_conformance::report::json::Report;
use connect_conformance::report::merge;
use connect_conformance::session::Session;
use connect_conformance::session::config::{RequestLimits, RunConfig, SelectionConfig};
use connect_model::schema::Schema;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tokio::runtime::Runtime;

/// Sequences of each test. The tests together run 500.
const SEQUENCES: u32 = 125;

/// One way from the plan to the report.
#[derive(Clone, Debug)]
struct Sequence {
    /// Index into [`SELECTIONS`].
    selection: usize,
    defect: bool,
    /// True if the failures of the defect are known divergences.
    expects: bool,
    parts: Vec<Part>,
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

/// Operations, checks and filter.
const SELECTIONS: [(&[&str], &[&str], Option<&str>); 4] = [
    (&["DescribeContactFlow"], &["shape", "error"], None),
    (&["DescribeContactFlow", "ListRules"], &["shape"], None),
    (&["DescribeInstance"], &[], Some("Instance")),
    (&[], &["shape"], Some("ListContactFlows/")),
];

fn sequences() -> impl Strategy<Value = Sequence> {
    let sitting = (1_u64..25, 0_usize..4).prop_map(|(max_requests, lost)| Sitting { max_requests, lost });
    let part = (prop::collection::vec(sitting, 0..3), prop::bool::weighted(0.85), prop::bool::weighted(0.9))
        .prop_map(|(sittings, finishes, is_merged)| Part { sittings, finishes, is_merged });
    (0..SELECTIONS.len(), any::<bool>(), any::<bool>(), prop::collection::vec(part, 1..4))
        .prop_map(|(selection, defect, expects, parts)| Sequence { selection, defect, expects, parts })
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

/// The configuration of an uninterrupted run.
fn config(sequence: &Sequence, folder: &Path) -> RunConfig {
    let (operations, checks, filter) = SELECTIONS[sequence.selection];
    let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
    let expect = folder.join("expect.toml");
    if sequence.expects {
        let entry = "[[expect]]\ncase = \"*/shape.timestamp-format\"\nreason = \"known\"\nexpires = 2999-01-01\n";
        std::fs::write(&expect, entry).unwrap();
    }
    RunConfig {
        emulator: EmulatorInfo {
            defect: sequence.defect.then(|| "timestamp-iso".to_owned()),
            ..EmulatorInfo::default()
        },
        selection: SelectionConfig {
            operations: names(operations),
            checks: names(checks),
            filter: filter.map(str::to_owned),
            ..SelectionConfig::default()
        },
        seed: Some(7),
        shrink: Some(0),
        expect: sequence.expects.then_some(expect),
        report_dir: folder.join("whole"),
        ..RunConfig::default()
    }
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

/// Runs one part in its sittings; `None` if no case belongs to it.
fn part(runtime: &Runtime, whole: &RunConfig, at: usize, of: usize, part: &Part) -> Option<Report> {
    let folder = whole.report_dir.with_file_name(format!("part{at}"));
    let first = RunConfig {
        shard: (of > 1).then(|| format!("{}/{of}", at + 1).parse().unwrap()),
        report_dir: folder.clone(),
        ..whole.clone()
    };
    let next = RunConfig { report_dir: folder.clone(), resume: Some(folder.clone()), ..RunConfig::default() };
    let mut report = None;
    for sitting in &part.sittings {
        let limits = RequestLimits { max_requests: Some(sitting.max_requests), ..RequestLimits::default() };
        let config = if report.is_none() { &first } else { &next };
        let mut stopped = match run(runtime, &RunConfig { limits, ..config.clone() }) {
            Ok(stopped) => stopped,
            Err(problem) if problem.contains("nothing is planned") => return None,
            Err(problem) => panic!("{problem}"),
        };
        if stopped.totals.executed < stopped.totals.planned {
            lose(&mut stopped, sitting.lost);
            stopped.write(&folder).unwrap();
        }
        report = Some(stopped);
    }
    if part.finishes {
        let config = if report.is_none() { &first } else { &next };
        report = match run(runtime, config) {
            Ok(report) => Some(report),
            Err(problem) if problem.contains("nothing is planned") => return None,
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

fn holds(runtime: &Runtime, sequence: &Sequence) {
    let folder = Folder::new();
    let whole_config = config(sequence, &folder.0);
    let whole = run(runtime, &whole_config).unwrap();
    assert_eq!(whole.totals.executed, whole.totals.planned);
    assert_ne!(whole.exit(), Exit::Incomplete, "{:?}", whole.totals);

    let of = sequence.parts.len();
    // A part without cases has no report.
    let run_parts = (sequence.parts.iter().enumerate())
        .filter_map(|(at, way)| Some((part(runtime, &whole_config, at, of, way)?, way)));
    let reports: Vec<Report> = run_parts.filter(|(_, way)| way.is_merged).map(|(report, _)| report).collect();
    let merged = match merge::merge(reports) {
        Ok(merged) => merged,
        Err(problem) => return assert_eq!(problem, merge::MergeError::Nothing),
    };
    let (all, judged) = (outcomes(&whole), outcomes(&merged));
    if judged.len() == all.len() {
        assert_eq!((judged, merged.exit()), (all, whole.exit()));
        assert_eq!(merged.totals, whole.totals);
        assert_eq!(merged.coverage.constraints, whole.coverage.constraints);
        assert_eq!(merged.failed_cases, whole.failed_cases);
        let causes = |report: &Report| -> Vec<_> {
            report.causes.iter().map(|cause| (cause.id.clone(), cause.cases.clone(), cause.known.clone())).collect()
        };
        assert_eq!(causes(&merged), causes(&whole));
    } else {
        assert_eq!(merged.exit(), Exit::Incomplete, "{:?}", merged.totals);
        assert_eq!(merged.totals.planned, whole.totals.planned);
        for (case, outcome) in judged {
            assert_eq!(all.get(case), Some(&outcome), "{case}");
        }
    }
}

fn check(seed: u8) {
    let runtime = Runtime::new().unwrap();
    let config = Config { cases: SEQUENCES, failure_persistence: None, max_shrink_iters: 40, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]));
    let result = runner.run(&sequences(), |sequence| {
        holds(&runtime, &sequence);
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn sequences_of_the_first_seed_end_like_one_run() {
    check(1);
}

#[test]
fn sequences_of_the_second_seed_end_like_one_run() {
    check(2);
}

#[test]
fn sequences_of_the_third_seed_end_like_one_run() {
    check(3);
}

#[test]
fn sequences_of_the_fourth_seed_end_like_one_run() {
    check(4);
}
