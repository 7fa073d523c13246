//! Families lifecycle and search against the emulator: a good one passes everything, and every defect, of whatever
//! family, is seen by exactly those of their checks that its row names.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::sync::Arc;

use connect_model::schema::Schema;
use futures_util::future::join_all;

use crate::case::Verdict;
use crate::client::{Client, ClientConfig};
use crate::emulator::{Config, DEFAULT_INSTANCE_ID, DEFECTS, Defect, Emulator};
use crate::plan::{Permission, Plan, Selection};
use crate::runner::Judge;
use crate::suite::Suite;
use crate::target::Target;
use crate::transport::Transport;

/// Checks with findings, and cases without a verdict, of a run of some families.
async fn run(families: &[&str], defect: Option<&'static Defect>) -> (BTreeSet<&'static str>, Vec<String>) {
    let schema = Schema::connect();
    let emulator = Emulator::start(schema, &Config { defect, ..Config::default() }).await.unwrap();
    let mut target = Target::unsigned(emulator.url().parse().unwrap());
    target.instance_id = Some(DEFAULT_INSTANCE_ID.to_owned());
    let transport = Arc::new(Transport::new(&target, "connect", Default::default()).unwrap());
    let permission = Permission { loopback: true, ..Permission::default() };
    let checks = families.iter().map(|family| (*family).to_owned()).collect();
    let plan = Plan::new(schema, &Selection { permission: permission.clone(), checks, ..Selection::default() });
    let config = ClientConfig { seed: 7, cases: 4, salt: "t".to_owned(), permission };
    let suite = Suite::new(plan, Client::new(schema, target, transport, config));
    assert!(!suite.cases().is_empty());
    let outcomes = join_all((0..suite.cases().len()).map(|index| suite.run(index))).await;
    let mut seen = BTreeSet::new();
    let mut undecided = Vec::new();
    for (case, outcome) in suite.cases().iter().zip(outcomes) {
        seen.extend(outcome.findings.iter().map(|finding| finding.check));
        if let Verdict::Indeterminate(why) | Verdict::Unsupported(why) = outcome.verdict {
            undecided.push(format!("{case}: {why}"));
        }
    }
    emulator.shutdown().await;
    (seen, undecided)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_endpoint_passes_everything() {
    let (seen, undecided) = run(&["lifecycle", "search"], None).await;
    assert_eq!((seen, undecided), (BTreeSet::new(), Vec::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_defect_is_seen_by_its_checks() {
    let families = ["lifecycle", "search"];
    let ours = |check: &str| families.iter().any(|family| check.split('.').next() == Some(family));
    let defects = DEFECTS.iter();
    let mut proven = BTreeSet::new();
    let runs = defects.map(|defect| async move { (defect, run(&families, Some(defect)).await) });
    let wrong: Vec<String> = join_all(runs)
        .await
        .into_iter()
        .filter_map(|(defect, (seen, undecided))| {
            let expected: BTreeSet<&str> = defect.kills.iter().copied().filter(|check| ours(check)).collect();
            proven.extend(seen.iter().copied());
            (seen != expected).then(|| format!("{}: {seen:?} instead of {expected:?}; {undecided:#?}", defect.id))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let all: BTreeSet<&str> = super::all().iter().map(|check| check.id).filter(|check| ours(check)).collect();
    assert_eq!(proven, all, "every check has a defect that it sees");
}
