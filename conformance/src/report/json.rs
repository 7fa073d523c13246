//! `report.json`: a run for programs. The keys are a contract; new ones may come, none may go.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use connect_model::schema::TimestampFormat;
use connect_model::wire::timestamp;
use serde::Serialize;

use crate::event::{Coverage, Learned, ModelInfo, TargetInfo, Totals};
use crate::record::{Kept, Record};
use crate::replay::{SavedRequest, SavedResponse};

/// A run.
#[derive(Debug, Serialize)]
pub struct Report<'r> {
    /// `connect-conformance`.
    pub tool: &'static str,
    /// Version of the tool.
    pub version: &'static str,
    /// Where to and as whom, without secrets.
    pub target: &'r TargetInfo,
    /// The contract.
    pub model: &'r ModelInfo,
    /// Seed of everything that was generated.
    pub seed: u64,
    /// Start in RFC 3339, UTC.
    pub started: Option<String>,
    /// Milliseconds from the first trial to the last.
    pub duration_ms: u64,
    /// Somebody interrupted the run.
    pub interrupted: bool,
    /// Exit code of the command.
    pub exit_code: u8,
    /// Counts of trials.
    pub totals: Totals,
    /// In order of the plan.
    pub operations: Vec<Operation<'r>>,
    /// Ids of every failed case; `findings` is capped, this is not.
    pub failed_cases: &'r BTreeSet<String>,
    /// Graver first. Capped per trial and per check and operation.
    pub findings: Vec<FindingEntry<'r>>,
    /// Every finding by check, whether it is listed or not.
    pub finding_counts: Vec<FindingCount<'r>>,
    /// Why trials came to nothing.
    pub indeterminate: Vec<Reason<'r>>,
    /// What of the contract was touched.
    pub coverage: &'r Coverage,
    /// Facts recorded and not judged: topic, observation, how often.
    pub learned: &'r Learned,
    /// Operations that were not sent, with the reason and what allows it.
    pub not_sent: &'r [String],
    /// Cases that cannot be expressed, with the reason.
    pub left_out: &'r [String],
    /// Bookkeeping that belongs to nothing any more, with what to do.
    pub stale: &'r [String],
}

/// One operation.
#[derive(Debug, Serialize)]
pub struct Operation<'r> {
    /// Its name.
    pub name: &'r str,
    /// The endpoint offers it.
    pub supported: bool,
    /// Why we think that it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsupported_because: Option<&'r str>,
    /// Counts of its trials.
    #[serde(flatten)]
    pub totals: Totals,
    /// The same by family of checks.
    pub families: BTreeMap<&'r str, Family>,
}

/// Counts of the trials of one family of checks on one operation.
#[derive(Debug, Serialize)]
pub struct Family {
    /// Everything that must hold does.
    pub passed: u64,
    /// The contract is broken.
    pub failed: u64,
    /// The endpoint does not offer the operation.
    pub unsupported: u64,
    /// Nothing can be said.
    pub indeterminate: u64,
}

impl From<&Totals> for Family {
    fn from(totals: &Totals) -> Self {
        let Totals { passed, failed, unsupported, indeterminate, .. } = *totals;
        Self { passed, failed, unsupported, indeterminate }
    }
}

/// A broken rule with its evidence.
#[derive(Debug, Serialize)]
pub struct FindingEntry<'r> {
    /// Case id.
    pub case: String,
    /// Operation under test.
    pub operation: &'r str,
    /// Check that judged.
    pub check: &'static str,
    /// `must`, `should` or `note`.
    pub level: &'static str,
    /// The rule that is broken.
    pub rule: &'r str,
    /// JSON Pointer into the body.
    pub pointer: &'r str,
    /// What the contract asks for.
    pub expected: &'r str,
    /// What was there.
    pub actual: &'r str,
    /// What led there, when more than one request did.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub steps: &'r [String],
    /// The deciding request; a long body is cut, and whole in the case file.
    pub request: Option<&'r SavedRequest>,
    /// What came back.
    pub response: Option<&'r SavedResponse>,
    /// Command that sends it again.
    pub replay: Option<String>,
}

/// Findings of one check at one level.
#[derive(Debug, Serialize)]
pub struct FindingCount<'r> {
    /// `must`, `should` or `note`.
    pub level: &'static str,
    /// Check that judged.
    pub check: &'static str,
    /// How many.
    pub count: u64,
    /// Where.
    pub operations: &'r BTreeSet<String>,
}

/// Why trials came to nothing.
#[derive(Debug, Serialize)]
pub struct Reason<'r> {
    /// In words.
    pub reason: &'r str,
    /// Trials.
    pub count: u64,
    /// Some of them.
    pub cases: &'r [String],
}

impl<'r> Report<'r> {
    /// The report of a finished run.
    pub fn of(record: &'r Record) -> Self {
        let seconds = record.info.started.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        Self {
            tool: "connect-conformance",
            version: env!("CARGO_PKG_VERSION"),
            target: &record.info.target,
            model: &record.info.model,
            seed: record.info.seed,
            started: timestamp::from_seconds(seconds.floor())
                .and_then(|instant| timestamp::format(instant, TimestampFormat::DateTime)),
            duration_ms: record.end.duration.as_millis().try_into().unwrap_or(u64::MAX),
            interrupted: record.end.interrupted,
            exit_code: record.exit() as u8,
            totals: record.totals,
            operations: (record.operations.iter())
                .map(|operation| Operation {
                    name: &operation.name,
                    supported: operation.is_supported(),
                    unsupported_because: operation.unsupported.as_deref().filter(|_| !operation.is_supported()),
                    totals: operation.totals,
                    families: operation.families.iter().map(|(name, totals)| (name.as_str(), totals.into())).collect(),
                })
                .collect(),
            failed_cases: &record.failed,
            findings: record.findings.iter().map(FindingEntry::of).collect(),
            finding_counts: (record.groups.iter().rev())
                .map(|((level, check), group)| FindingCount {
                    level: level.word(),
                    check,
                    count: group.count,
                    operations: &group.operations,
                })
                .collect(),
            indeterminate: (record.indeterminate.iter())
                .map(|(reason, trials)| Reason { reason, count: trials.count, cases: &trials.cases })
                .collect(),
            coverage: &record.end.coverage,
            learned: &record.learned,
            not_sent: &record.info.not_sent,
            left_out: &record.info.left_out,
            stale: &record.info.stale,
        }
    }

    /// As JSON with line breaks.
    ///
    /// # Errors
    /// None that is known: every part has a JSON form.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|mut text| {
            text.push('\n');
            text
        })
    }
}

impl<'r> FindingEntry<'r> {
    fn of(kept: &'r Kept) -> Self {
        let finding = &kept.finding;
        Self {
            case: kept.case.to_string(),
            operation: &kept.case.operation,
            check: finding.check,
            level: finding.level.word(),
            rule: &finding.rule,
            pointer: &finding.pointer,
            expected: &finding.expected,
            actual: &finding.actual,
            steps: &finding.steps,
            request: kept.request.as_ref(),
            response: kept.response.as_ref(),
            replay: kept.file.as_deref().map(super::replay_command),
        }
    }
}

/// Writes `report.json` into a folder that exists.
///
/// # Errors
/// The file cannot be written.
pub fn write(record: &Record, folder: &Path) -> std::io::Result<()> {
    std::fs::write(folder.join("report.json"), Report::of(record).to_json()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use serde_json::{Value, json};

    use super::*;
    use crate::replay::CaseFile;
    use crate::report::samples;

    #[test]
    fn the_report_has_its_documented_form() {
        let record = samples::mixed();
        let report: Value = serde_json::from_str(&Report::of(&record).to_json().unwrap()).unwrap();
        let keys: Vec<&str> = report.as_object().unwrap().keys().map(String::as_str).collect();
        for key in [
            "tool",
            "version",
            "target",
            "model",
            "seed",
            "started",
            "duration_ms",
            "totals",
            "operations",
            "findings",
            "coverage",
            "learned",
        ] {
            assert!(keys.contains(&key), "{key}");
        }
        assert_eq!(report["started"], "2025-01-02T03:04:05Z");
        assert_eq!(
            report["model"],
            json!({"service": "Connect", "version": "2017-08-08", "digest": "0123456789abcdef"})
        );
        assert_eq!(
            report["totals"],
            json!({"planned": 9, "executed": 9, "passed": 4, "failed": 1, "known": 0, "stale": 0, "unsupported": 2,
                   "indeterminate": 2})
        );
        assert_eq!(report["operations"][0]["name"], "CreateRule");
        assert_eq!(report["operations"][0]["passed"], 3);
        assert_eq!(report["operations"][2]["supported"], false);
        assert_eq!(report["failed_cases"], json!(["CreateRule/invalid.enum-unknown/Actions[].ActionType"]));
        assert_eq!(report["coverage"]["operations"], json!({"covered": 2, "total": 5}));
        assert_eq!(report["learned"], json!({"token-mismatch": {"answers 400": 1}}));
        let finding = &report["findings"][0];
        for key in ["case", "operation", "check", "level", "rule", "pointer", "expected", "actual", "replay"] {
            assert!(finding[key].is_string(), "{key}");
        }
        assert_eq!(finding["level"], "must");
        assert_eq!(finding["request"]["headers"], json!([["content-type", "application/json"]]));
        assert_eq!(finding["response"], json!({"status": 200, "headers": [], "body_base64": "/w=="}));
    }

    #[test]
    fn case_files_hold_the_request_and_no_secrets() {
        let record = samples::mixed();
        let path = record.findings[0].file.as_ref().unwrap();
        let file = CaseFile::read(path).unwrap();
        assert_eq!(file.request.to_request().unwrap().body, b"{\"a\":1}");
        assert_eq!(file.case, "CreateRule/invalid.enum-unknown/Actions[].ActionType");
        assert!(!std::fs::read_to_string(path).unwrap().contains("secret"));
    }
}
