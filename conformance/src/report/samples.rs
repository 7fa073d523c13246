//! Sample runs for the tests of the reports.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use connect_checks::case::{CaseId, Finding, Level, Outcome, Verdict, digest};
use connect_model::wire::message::{Headers, HttpRequest, HttpResponse};
use connect_transport::exchange::{Exchange, Omitted};

use crate::event::{Consumer, Event, RunEnd, RunInfo};
use crate::report::collect::{Collector, Limits};

/// Operation, and `pass`, `fail`, `unsupported`, `indeterminate` or `lost`.
pub(crate) type Outcomes<'o> = &'o [(&'o str, &'o str)];

fn case(operation: &str, check: &'static str, variant: Option<&str>) -> CaseId {
    CaseId { operation: operation.to_owned(), check, variant: variant.map(str::to_owned) }
}

pub(crate) fn finding(check: &'static str, level: Level) -> Finding {
    let mut headers = Headers::default();
    headers.push("content-type", "application/json");
    headers.push("authorization", "AWS4 secret");
    let request = HttpRequest {
        method: "POST".to_owned(),
        uri: "/rules/i?x=%2F".to_owned(),
        headers,
        body: b"{\"a\":1}".to_vec(),
    };
    let response = HttpResponse { status: 200, headers: Headers::default(), body: b"\xff".to_vec() };
    Finding {
        check,
        level,
        rule: "a value outside of the enum is rejected".to_owned(),
        pointer: "/Actions/0/ActionType".to_owned(),
        expected: "an error".to_owned(),
        actual: "200 \u{1b}[31mred".to_owned(),
        exchange: Some(Exchange {
            operation: "CreateRule".to_owned(),
            request,
            response,
            sent: SystemTime::UNIX_EPOCH + Duration::from_millis(1_735_787_045_678),
            duration: Duration::from_millis(12),
            omitted: Omitted::default(),
        }),
        exchanges: vec![],
        steps: vec![],
        history: None,
    }
}

fn outcome(verdict: Verdict, findings: Vec<Finding>) -> Outcome {
    Outcome { verdict, ..Outcome::from_findings(findings) }
}

fn run(cases: &[(CaseId, Option<Outcome>)], folder: Option<&std::path::Path>) -> Collector {
    let mut info = RunInfo::sample(cases.len());
    for (case, _) in cases {
        match info.operations.iter_mut().find(|(name, _)| *name == case.operation) {
            Some((_, planned)) => *planned += 1,
            None => info.operations.push((case.operation.clone(), 1)),
        }
    }
    let ids: BTreeSet<String> = cases.iter().map(|(case, _)| case.to_string()).collect();
    info.plan.digest = digest(ids.iter());
    let mut collector = Collector::new(&info, folder, Limits::default());
    collector.take(Event::Planned(&info)).unwrap();
    for (case, outcome) in cases {
        let Some(outcome) = outcome else { continue };
        collector
            .take(Event::TrialFinished {
                case,
                outcome,
                excused: None,
                duration: Duration::from_millis(7),
                requests: 0,
            })
            .unwrap();
    }
    let end = RunEnd { duration: Duration::from_millis(1500), ..RunEnd::default() };
    collector.take(Event::Finished(&end)).unwrap();
    collector
}

/// One case per row.
pub(crate) fn record(outcomes: Outcomes<'_>) -> Collector {
    let cases: Vec<(CaseId, Option<Outcome>)> = outcomes
        .iter()
        .map(|(operation, word)| {
            let outcome = match *word {
                "pass" => Some(outcome(Verdict::Pass, vec![])),
                "fail" => Some(outcome(Verdict::Fail, vec![finding("shape.json", Level::Must)])),
                "unsupported" => Some(Outcome::unsupported("404")),
                "indeterminate" => Some(Outcome::indeterminate("throttled")),
                _ => None,
            };
            (case(operation, "shape.json", None), outcome)
        })
        .collect();
    run(&cases, None)
}

/// A run with every outcome but stale. Its report names case files, which are deleted.
pub(crate) fn mixed() -> Collector {
    let collector = mixed_with_files();
    std::fs::remove_dir_all(collector.folder().and_then(|findings| findings.parent()).unwrap()).unwrap();
    collector
}

/// The same with its case files, in a folder of its own that the caller deletes.
pub(crate) fn mixed_with_files() -> Collector {
    static NUMBER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("connect-samples-{}-{number}", std::process::id()));
    // A process with the same number may have left one.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("findings")).unwrap();
    let lesser = Finding {
        actual: "no x-amzn-requestid".to_owned(),
        pointer: String::new(),
        ..finding("shape.request-id", Level::Should)
    };
    let pass = || outcome(Verdict::Pass, vec![]);
    let knowing = Outcome { learned: vec![("token-mismatch".to_owned(), "answers 400".to_owned())], ..pass() };
    let fail = outcome(Verdict::Fail, vec![finding("invalid.enum-unknown", Level::Must)]);
    let known = outcome(Verdict::Known("ticket 7".to_owned()), vec![finding("invalid.length-max", Level::Must)]);
    let cases = [
        (case("CreateRule", "shape.status", None), pass()),
        (case("CreateRule", "shape.json", None), knowing),
        (case("CreateRule", "invalid.enum-unknown", Some("Actions[].ActionType")), fail),
        (case("CreateRule", "invalid.length-max", Some("Name")), known),
        (case("CreateRule", "invalid.pattern", None), pass()),
        (case("DescribeRule", "shape.request-id", None), outcome(Verdict::Pass, vec![lesser])),
        (case("DescribeRule", "invalid.pattern", None), Outcome::indeterminate("throttled")),
        (case("ClaimPhoneNumber", "shape.json", None), Outcome::unsupported("501")),
        (case("DeleteRule", "shape.json", None), Outcome::unsupported("404")),
        (case("ListRules", "shape.json", None), Outcome::indeterminate("throttled")),
    ];
    let cases: Vec<(CaseId, Option<Outcome>)> =
        cases.into_iter().map(|(case, outcome)| (case, Some(outcome))).collect();
    run(&cases, Some(&folder))
}
