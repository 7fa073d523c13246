//! The kill matrix: every defect of the emulator is seen by the checks that it names, and by no other; the good emulator
//! is seen by none. Runs over the core operations and some of the others, which is where the faults act.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use connect_conformance::case::{Level, Verdict};
use connect_conformance::checks;
use connect_conformance::checks::walks::WalkConfig;
use connect_conformance::emulator::{Config, Defect, Emulator, defects};
use connect_conformance::plan::Selection;
use connect_conformance::runner::Judge;
use connect_conformance::wiring::{self, SuiteConfig};
use connect_model::schema::Schema;
use connect_model::shapes::CORE_OPERATIONS;

/// Beside the core: operations whose answers have unions, enums and descriptions, and which are synthesized.
const OTHERS: &[&str] = &[
    "AssociateBot",
    "DescribeContactEvaluation",
    "DescribeMetric",
    "DescribeUser",
    "GetAttachedFile",
    "GetMetricDataV2",
    "ListQueues",
    "StartTaskContact",
    "UpdateEvaluationForm",
];

/// Check ids with the gravest level that they found, and the number of trials that pass.
async fn findings(defect: Option<&'static Defect>) -> (BTreeMap<&'static str, Level>, usize) {
    let schema = Schema::connect();
    let emulator = Emulator::start(schema, &Config { defect, ..Config::default() }).await.unwrap();
    let operations: BTreeSet<String> = CORE_OPERATIONS.iter().chain(OTHERS).map(|name| (*name).to_owned()).collect();
    for name in &operations {
        assert!(schema.operation_named(name).is_some(), "{name}");
    }
    let selection = Selection { operations, ..wiring::everything() };
    let timeout = Duration::from_secs(10);
    let walks = WalkConfig { count: 32, length: 25, ..WalkConfig::default() };
    let config = SuiteConfig { seed: 1, cases: 2, salt: "matrix".to_owned(), timeout, walks };
    let (suite, _) = wiring::suite(schema, wiring::target_of(&emulator).unwrap(), &selection, config).unwrap();
    let suite = Arc::new(suite);
    let mut running = tokio::task::JoinSet::new();
    let next = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    for _ in 0..8 {
        let (suite, next) = (Arc::clone(&suite), Arc::clone(&next));
        running.spawn(async move {
            let mut outcomes = Vec::new();
            loop {
                let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                if index >= suite.cases().len() {
                    return outcomes;
                }
                outcomes.push(suite.run(index).await);
            }
        });
    }
    let mut found = BTreeMap::new();
    let mut passed = 0;
    for outcome in running.join_all().await.into_iter().flatten() {
        passed += usize::from(matches!(outcome.verdict, Verdict::Pass));
        for finding in outcome.findings {
            let level = found.entry(finding.check).or_insert(finding.level);
            *level = (*level).max(finding.level);
        }
    }
    emulator.shutdown().await;
    (found, passed)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_good_emulator_gives_no_finding() {
    let (found, passed) = findings(None).await;
    assert_eq!(found, BTreeMap::new());
    assert!(passed > 2000, "{passed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_defect_is_seen_by_its_own_checks_and_no_others() {
    let mut wrong = Vec::new();
    let mut running = tokio::task::JoinSet::new();
    let mut waiting = defects();
    let mut matrix = Vec::new();
    loop {
        // A few at a time: some defects show only after a wait.
        while running.len() < 4
            && let Some(defect) = waiting.next()
        {
            running.spawn(async move { (defect, findings(Some(defect)).await.0) });
        }
        let Some(done) = running.join_next().await else { break };
        matrix.push(done.unwrap());
    }
    assert_eq!(matrix.len(), defects().count());
    for (defect, found) in matrix {
        for must in defect.kills.iter().filter(|must| !found.contains_key(**must)) {
            wrong.push(format!("{} survives {must}; found {found:?}", defect.id));
        }
        // Notes judge nothing: an enum value that was accepted wrongly is shown again, and noted.
        let graver = found.iter().filter(|(_, level)| **level > Level::Note).map(|(check, _)| check);
        let others: Vec<_> =
            graver.filter(|check| !defect.kills.contains(check) && !defect.may.contains(check)).collect();
        if !others.is_empty() {
            wrong.push(format!("{} is seen by {others:?}, which it does not name", defect.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Checks that Connect gives nothing to fail by: it has no blobs in JSON and no lists of distinct elements.
const WITHOUT_SUBJECT: &[&str] = &["invalid.blob-encoding", "invalid.unique"];

#[test]
fn every_check_has_a_defect() {
    let proven: BTreeSet<&str> = defects().flat_map(|defect| defect.kills).copied().collect();
    let known: BTreeSet<&str> = checks::all().iter().map(|check| check.id).collect();
    let unproven: Vec<&str> = known.difference(&proven).copied().collect();
    assert_eq!(unproven, WITHOUT_SUBJECT);
    let unknown: Vec<&str> = proven.difference(&known).copied().collect();
    assert_eq!(unknown, Vec::<&str>::new(), "defects name checks that do not exist");
}
