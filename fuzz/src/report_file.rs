//! The reader of reports, which may come from anyone, and everything that is made of them.
//!
//! Property: a report is refused, or it can be merged, written in every format and shown without a panic, and brings no command
//! but a replay.
//!
//! An input is the text of a report, or the choices by which one is edited.

use std::sync::LazyLock;

use connect_conformance::report::json::Report;
use connect_conformance::report::terminal::{self, Detail};
use connect_conformance::report::{FILES, draft, github, merge};
use serde_json::{Value, json};

use crate::edits::Editor;
use crate::seeds;
use crate::target::{Seed, Target, text_or_drawn};

/// The target; see the module.
pub struct ReportRead;

/// Result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// A part is outside of its grammar.
    Refused,
    /// It is no part of a whole run.
    NotMerged,
    /// It was merged with nothing, written and shown.
    Shown,
}

impl Target for ReportRead {
    const NAME: &'static str = "report_file";
    const PROPERTY: &'static str = "a report is refused, or merged, written and shown without a panic";
    type Case = Value;
    type Outcome = Outcome;

    fn draw(data: &[u8]) -> Option<Value> {
        let editor = Editor { keys: KEYS, values: &EDGES };
        text_or_drawn(data, Self::plain, |u| editor.edited(BASE.clone(), 3, u).map(Some))
    }

    fn check(case: &Value) -> Outcome {
        let Ok(report) = Report::parse(case.to_string().as_bytes()) else { return Outcome::Refused };
        for finding in &report.findings {
            let command = finding.replay.as_deref().unwrap_or("cargo conformance replay x");
            assert!(
                command.starts_with("cargo conformance replay ") && !command.contains(['\n', ';', '`']),
                "{command}"
            );
        }
        let merged = merge::merge(vec![report.clone()]);
        for report in [Some(&report), merged.as_ref().ok()].into_iter().flatten() {
            for file in FILES {
                assert!((file.content)(report).is_ok(), "{}", file.name);
            }
            let details = [Detail::default(), Detail { verbose: true, notes: true, ..Detail::default() }];
            let texts: Vec<String> = details.map(|detail| terminal::body(report, detail, 80)).to_vec();
            let shown = [terminal::header(report), github::summary(report)].into_iter().chain(texts);
            assert!(shown.into_iter().all(|text| !text.is_empty()));
            let now = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_800_000_000);
            assert!(github::annotations(report).len() <= 30 && !draft::draft(report, now).is_empty());
        }
        if merged.is_ok() { Outcome::Shown } else { Outcome::NotMerged }
    }

    fn seeds() -> Vec<Seed> {
        let mut seeds = vec![Seed::new("base", BASE.to_string())];
        seeds.extend(seeds::drawn(Self::NAME));
        seeds
    }
}

/// A small report as the program writes it.
static BASE: LazyLock<Value> = LazyLock::new(|| {
    let totals = json!({"planned": 2, "executed": 2, "passed": 0, "failed": 1, "known": 0, "stale": 0, "unsupported": 0, "indeterminate": 1});
    let mut operation = totals.clone();
    (operation["name"], operation["supported"]) = (json!("ListRules"), json!(true));
    operation["families"] = json!({"shape": totals});
    let request = json!({"method": "GET", "uri": "/rules/i-1", "headers": []});
    let response = json!({"status": 500, "headers": [], "body": "oops"});
    json!({
        "tool": "connect-conformance", "version": "0.1.0",
        "target": {"endpoint": "http://127.0.0.1:9", "instance_id": "i-1", "region": "us-east-1", "signing_name": "connect",
                   "signed": true, "loopback": true, "emulator": null},
        "model": {"service": "Connect", "version": "2017-08-08", "digest": "0123456789abcdef"},
        "seed": 1, "shard": "1/2", "started": "2025-01-02T03:04:05Z", "duration_ms": 5, "interrupted": false, "exit_code": 1,
        "plan": {"digest": "ab", "cases": 4, "constraints": 1}, "requests": 3, "totals": totals, "operations": [operation],
        "failed_cases": ["ListRules/shape.json"],
        "findings": [{"case": "ListRules/shape.json", "operation": "ListRules", "check": "shape.json", "level": "must",
            "cause": "shape.json~0a1b2c3d", "evidence": "s", "rule": "r", "pointer": "/a", "expected": "e", "actual": "a",
            "request": request, "response": response, "replay": "cargo conformance replay f.json"}],
        "causes": [{"id": "shape.json~0a1b2c3d", "level": "must", "harm": "form", "rule": "r", "way": "w", "checks": ["shape.json"],
            "operations": ["ListRules"], "cases": ["ListRules/shape.json"], "example": "ListRules/shape.json", "example_bytes": 4}],
        "finding_counts": [{"level": "must", "check": "shape.json", "count": 1, "operations": ["ListRules"]}],
        "indeterminate": [{"reason": "throttled", "count": 1, "cases": ["ListRules/shape.type"]}],
        "coverage": {"reach": {"covered": 1, "total": 2}, "operations_reached": {"total": 2, "not_reached": {"CreateRule": "404 x"}}},
        "learned": {"topic": {"fact": 1}}, "not_sent": [], "left_out": [], "stale": ["s"], "leaks": ["l"],
        "cases": [{"case": "ListRules/shape.json", "outcome": "failed", "ms": 1},
                  {"case": "ListRules/shape.type", "outcome": "indeterminate", "ms": 1, "why": "throttled: 429 x"}],
    })
});

/// Keys for edits.
const KEYS: &[&str] =
    &["trend", "missing", "narrowed", "settings", "known", "journals", "generated", "accepted", "stopped_because"];

/// Values that break a grammar, or that a careless reader lets pass.
static EDGES: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let texts = [
        "",
        "a",
        "дайджест",
        "ééééééé",
        "ListRules",
        "ListRules/shape.json",
        "ListRules/shape.type",
        "CreateRule/x.y/z",
        "x\n::error::y",
        "\u{1b}[31m",
        "##[error]",
        "\u{202e}",
        "2/2",
        "1/2 and 2/2",
        "1/4000000000",
        "0/0",
        "must",
        "passed",
        "shape.json~",
        "shape.json~0a",
        "cargo conformance replay a;b",
        "/",
        "/a/0/~1",
        "404 NotFound: x",
        "\u{0}",
    ];
    let others = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(1_000_000_000_000_u64),
        json!(u64::MAX),
        json!(300),
        json!([]),
        json!({}),
        json!(["ListRules/shape.json"]),
        json!({"x": {"y": 2}}),
    ];
    texts.into_iter().map(Value::from).chain(others).collect()
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smoke::{assert_cases_round_trip, assert_reached};

    #[test]
    fn random_inputs_reach_every_outcome() {
        assert_eq!(ReportRead::check(&BASE), Outcome::Shown);
        let least = [(Outcome::Refused, 500), (Outcome::Shown, 500)];
        assert_reached::<ReportRead>(6000, 200, least);
        assert_cases_round_trip::<ReportRead>(400, 200);
    }
}
