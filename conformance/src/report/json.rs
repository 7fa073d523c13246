//! `report.json`: a run as data, for programs and for every other report. The keys are a contract: keys may be added, never
//! removed. A report can be read again, to be merged, resumed and compared.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use connect_checks::case::{Level, check_of};
use connect_checks::coverage::{Coverage, Learned, Ratio};
use connect_checks::harm::Harm;
use connect_checks::invalid;
use connect_model::files::{self, Use};
use connect_model::text::{truncate, visible_path};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

use crate::event::{ModelInfo, Narrowed, PlanInfo, Settings, TargetInfo};
use crate::outcome::{CaseOutcome, Totals};
use crate::report::case_file::{SavedExchange, SavedRequest, SavedResponse, SavedTime, TimelineCall};
use crate::report::causes::Cause;
use crate::report::trend::{Change, Earlier};
use crate::report::verify;

/// Name of the file in the report folder.
pub const FILE: &str = "report.json";

/// [`Report::tool`].
pub const TOOL: &str = "connect-conformance";

/// Bytes of a report that is read. One of a whole run has some megabytes.
const LARGEST: u64 = 512 << 20;

/// Characters beside a title that tell its cause from similar ones.
const DETAIL: usize = 80;

/// The report of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// `connect-conformance`.
    pub tool: String,
    /// Version of the tool.
    pub version: String,
    /// The target, without secrets.
    pub target: TargetInfo,
    /// The contract.
    pub model: ModelInfo,
    /// Seed of every generated value.
    pub seed: u64,
    /// The part of a sharded plan, for example `2/3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<String>,
    /// Parts of the plan that a merged report lacks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// The selection of the run.
    #[serde(default, skip_serializing_if = "Narrowed::is_whole")]
    pub narrowed: Narrowed,
    /// Everything else that decides on the plan and on its outcomes.
    #[serde(default)]
    pub settings: Settings,
    /// The plan, in all its parts.
    #[serde(default)]
    pub plan: PlanInfo,
    /// Start in RFC 3339, UTC.
    pub started: Option<String>,
    /// Milliseconds from the first case to the last.
    pub duration_ms: u64,
    /// True if the run was stopped before its end.
    pub interrupted: bool,
    /// True if the run had not ended when the report was written: it is in progress, or was killed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unfinished: bool,
    /// Reason for an early stop.
    #[serde(default)]
    pub stopped_because: Option<String>,
    /// Exit code of the command.
    pub exit_code: u8,
    /// Random values per operation, if a number was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated: Option<u32>,
    /// Number of requests sent.
    #[serde(default)]
    pub requests: u64,
    /// Number of requests that the endpoint accepted; absent in the report of a run that has not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<u64>,
    /// Counts of cases.
    pub totals: Totals,
    /// In order of the plan.
    pub operations: Vec<Operation>,
    /// Ids of every failed case; `findings` is capped, this is not.
    pub failed_cases: BTreeSet<String>,
    /// Gravest first. Limited per case, and per check and operation.
    pub findings: Vec<FindingEntry>,
    /// The findings by cause, gravest first.
    #[serde(default)]
    pub causes: Vec<Cause>,
    /// Counts of all findings by check, listed or not, without known divergences.
    pub finding_counts: Vec<FindingCount>,
    /// Reasons of indeterminate cases.
    pub indeterminate: Vec<Reason>,
    /// Parts of the contract that the run covered.
    pub coverage: Coverage,
    /// Facts that were recorded and not judged: topic, observation, number of times.
    pub learned: Learned,
    /// Answers that are not in the file of `--learned`, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relearned: Vec<String>,
    /// Operations that were not sent, each with the reason and the flag that allows it.
    pub not_sent: Vec<String>,
    /// Cases that cannot be expressed, each with the reason.
    pub left_out: Vec<String>,
    /// Known divergences, known ids and recorded answers that match nothing any more, each with the remedy.
    pub stale: Vec<String>,
    /// Expected causes that this part has not seen, each with the remedy; one that no part has seen is stale.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unseen: BTreeMap<String, String>,
    /// Resources of the run that still exist, each with the reason.
    #[serde(default)]
    pub leaks: Vec<String>,
    /// Journals from which `sweep` deletes those resources, on the machine of the run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub journals: Vec<String>,
    /// Earlier runs, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trend: Vec<Earlier>,
    /// Difference to the last of them.
    #[serde(flatten)]
    pub change: Option<Change>,
    /// True for a report that was read from files, which may come from anyone: commands in it sign for nothing but Connect.
    #[serde(skip)]
    pub of_others: bool,
    /// Every executed case, in order of its id.
    #[serde(default, serialize_with = "line_by_line")]
    pub cases: Vec<CaseLine>,
}

/// One operation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Its name.
    pub name: String,
    /// True if the endpoint offers it.
    pub supported: bool,
    /// Evidence that it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsupported_because: Option<String>,
    /// Counts of its cases.
    #[serde(flatten)]
    pub totals: Totals,
    /// Counts of its cases by family of checks.
    pub families: BTreeMap<String, Totals>,
}

/// An executed case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CaseLine {
    /// Case id.
    pub case: String,
    /// Its outcome.
    pub outcome: CaseOutcome,
    /// Duration in milliseconds.
    pub ms: u64,
    /// The reason for the outcome, if it needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The entry of the known divergences that accepts the case as undecided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excused: Option<String>,
}

/// A broken rule with its evidence.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FindingEntry {
    /// Case id.
    pub case: String,
    /// Operation under test.
    pub operation: String,
    /// Check that failed.
    pub check: String,
    /// Its level.
    pub level: Level,
    /// Id of its cause, see [`Report::causes`].
    #[serde(default)]
    pub cause: String,
    /// The harm to a caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub harm: Option<Harm>,
    /// The sources of the rule, strongest first.
    #[serde(default)]
    pub evidence: String,
    /// The rule that is broken.
    pub rule: String,
    /// JSON Pointer into the body.
    pub pointer: String,
    /// The demand of the contract.
    pub expected: String,
    /// The behaviour of the endpoint.
    pub actual: String,
    /// Requests that led to it, if there were several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
    /// Every exchange that the finding rests on, in order, if it rests on several; the deciding one is among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exchanges: Vec<SavedExchange>,
    /// Concurrent calls whose order the finding is about, each with what it saw. The case file has the whole history.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timeline: Vec<TimelineCall>,
    /// Time of the deciding request.
    #[serde(flatten)]
    pub time: SavedTime,
    /// The deciding request. A long body is truncated; the case file has all of it.
    pub request: Option<SavedRequest>,
    /// The response.
    pub response: Option<SavedResponse>,
    /// Command that replays it.
    pub replay: Option<String>,
    /// Reason of the known divergence, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
}

impl Operation {
    /// An operation without executed cases.
    pub fn new(name: String, totals: Totals) -> Self {
        Self { name, supported: true, totals, ..Self::default() }
    }
}

impl CaseLine {
    /// True if the case violates a constraint of the model on purpose.
    pub(super) fn violates(self: &&Self) -> bool {
        invalid::violation_of(check_of(&self.case)).is_some()
    }
}

impl FindingEntry {
    /// The description as labelled rows; empty values are skipped.
    pub fn rows(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let rows =
            [("rule", &self.rule), ("expected", &self.expected), ("actual", &self.actual), ("at", &self.pointer)];
        rows.into_iter().filter(|(_, text)| !text.is_empty()).map(|(label, text)| (label, text.as_str()))
    }

    /// Request and status in one line, for example `POST /rules/x -> 200`.
    pub fn request_line(&self) -> Option<String> {
        let (request, response) = (self.request.as_ref()?, self.response.as_ref()?);
        let status = if response.status == 0 { "no response".to_owned() } else { response.status.to_string() };
        Some(format!("{} {} -> {status}", request.method, request.uri))
    }
}

/// Findings of one check at one level.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FindingCount {
    /// Their level.
    pub level: Level,
    /// Check that failed.
    pub check: String,
    /// Number of findings.
    pub count: u64,
    /// Their operations.
    pub operations: BTreeSet<String>,
}

/// A reason of indeterminate cases.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reason {
    /// The reason, without ids and numbers.
    pub reason: String,
    /// Number of cases.
    pub count: u64,
    /// Example cases.
    pub cases: Vec<String>,
}

/// A report cannot be used.
#[derive(Debug, Error)]
#[error("cannot read the report {path}: {problem}; name a report.json that `run` or `merge` wrote")]
pub struct ReadError {
    path: String,
    problem: String,
}

impl ReadError {
    /// An error about a path.
    pub(super) fn of(path: &Path, problem: String) -> Self {
        Self { path: visible_path(path), problem }
    }
}

impl Report {
    /// Reads a report from a file, or from the `report.json` of a folder.
    ///
    /// # Errors
    /// The file cannot be read, is not a report, or a part of it is outside of its grammar.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let file = if path.is_dir() { path.join(FILE) } else { path.to_owned() };
        let wrong = |problem: String| ReadError::of(&file, problem);
        let bytes = files::read_json(&file, Use::Input, LARGEST).map_err(|error| wrong(error.to_string()))?;
        Self::parse(&bytes).map_err(wrong)
    }

    /// Parses the content of a `report.json`. The only reader: a report may come from anyone.
    ///
    /// # Errors
    /// It is no report, or a part is outside of its grammar; the message names the part.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        verify::parse(bytes)
    }

    /// The report as indented JSON, with one line for each case.
    ///
    /// # Errors
    /// Never in practice: every part has a JSON form.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|mut text| {
            text.push('\n');
            text
        })
    }

    /// Writes `report.json` into a folder that exists.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        files::replace(&folder.join(FILE), self.to_json()?.as_bytes())
    }

    /// Constraints that were violated on purpose, of those of operations that the endpoint offers.
    pub fn constraints(&self) -> Option<Ratio> {
        let Ratio { covered, total } = self.coverage.constraints?;
        let unsupported = |line: &&CaseLine| line.outcome == CaseOutcome::Unsupported;
        let missing = self.cases.iter().filter(unsupported).filter(CaseLine::violates);
        Some(Ratio { covered, total: total.saturating_sub(missing.count() as u64) })
    }

    /// Number of findings of a level that are counted but not listed.
    pub fn omitted(&self, level: Level) -> u64 {
        let all: u64 = self.finding_counts.iter().filter(|count| count.level == level).map(|count| count.count).sum();
        all.saturating_sub(self.new_findings(level).count() as u64)
    }

    /// Causes with failed cases, gravest first.
    pub fn failing(&self) -> impl Iterator<Item = &Cause> {
        self.causes.iter().filter(|cause| cause.level == Level::Must && !cause.cases.is_empty())
    }

    /// The smallest finding of a cause.
    pub fn example_of(&self, cause: &Cause) -> Option<&FindingEntry> {
        let of = || self.findings.iter().filter(|finding| finding.cause == cause.id);
        of().find(|finding| finding.case == cause.example).or_else(|| of().next())
    }

    /// Fault of the endpoint, see [`Cause::title`]; and what tells the cause from others with that title.
    pub fn title_of(&self, cause: &Cause) -> String {
        let example = self.example_of(cause);
        let title = cause.title();
        let mut similar =
            self.failing().filter(|other| other.name() == cause.name() && other.id != cause.id).peekable();
        let Some(example) = example.filter(|_| similar.peek().is_some()) else { return title };
        let (label, text) = match similar.any(|other| other.way == cause.way) {
            true => ("expected", &example.expected),
            false if cause.is_of_group() => ("actual", &cause.way),
            false => ("actual", &example.actual),
        };
        format!("{title} ({label}: {})", truncate(text.as_str(), DETAIL))
    }

    /// Listed findings of a level, without known divergences.
    pub fn new_findings(&self, level: Level) -> impl Iterator<Item = &FindingEntry> {
        self.findings.iter().filter(move |finding| finding.level == level && finding.known.is_none())
    }
}

/// The content of `report.json`.
///
/// # Errors
/// Never in practice: every part has a JSON form.
pub(super) fn document(report: &Report) -> io::Result<String> {
    Ok(report.to_json()?)
}

/// Serializes each case on one line, so that people can read the report and compare it line by line.
fn line_by_line<S: serde::Serializer>(cases: &[CaseLine], serializer: S) -> Result<S::Ok, S::Error> {
    let lines: Result<Vec<String>, _> = cases.iter().map(serde_json::to_string).collect();
    let lines = lines.map_err(serde::ser::Error::custom)?;
    let text = if lines.is_empty() { "[]".to_owned() } else { format!("[\n    {}\n  ]", lines.join(",\n    ")) };
    RawValue::from_string(text).map_err(serde::ser::Error::custom)?.serialize(serializer)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use serde_json::{Value, json};

    use super::*;
    use crate::report::case_file::CaseFile;
    use crate::report::samples;

    #[test]
    fn has_the_documented_keys() {
        let report: Value = serde_json::from_str(&samples::mixed().report().to_json().unwrap()).unwrap();
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
            json!({"planned": 10, "executed": 10, "passed": 4, "failed": 1, "known": 1, "stale": 0, "unsupported": 2,
                   "indeterminate": 2})
        );
        assert_eq!(report["operations"][0]["name"], "CreateRule");
        assert_eq!(report["operations"][0]["passed"], 3);
        assert_eq!(report["operations"][2]["supported"], false);
        assert_eq!(report["failed_cases"], json!(["CreateRule/invalid.enum-unknown/Actions[].ActionType"]));
        assert_eq!(report["coverage"]["operations"], json!({"covered": 2, "total": 3}));
        assert_eq!(report["learned"], json!({"token-mismatch": {"answers 400": 1}}));
        let finding = &report["findings"][0];
        for key in ["case", "operation", "check", "level", "rule", "pointer", "expected", "actual", "replay"] {
            assert!(finding[key].is_string(), "{key}");
        }
        assert_eq!(finding["level"], "must");
        assert_eq!(finding["request"]["headers"], json!([["content-type", "application/json"]]));
        assert_eq!(finding["response"], json!({"status": 200, "headers": [], "body_base64": "/w=="}));
        assert_eq!(report["findings"][1]["known"], "ticket 7");
        assert_eq!(report["cases"].as_array().unwrap().len(), 10);
        let known =
            json!({"case": "CreateRule/invalid.length-max/Name", "outcome": "known", "ms": 7, "why": "ticket 7"});
        assert!(report["cases"].as_array().unwrap().contains(&known), "{}", report["cases"]);
    }

    #[test]
    fn reads_what_it_writes() {
        let text = samples::mixed().report().to_json().unwrap();
        let read: Report = serde_json::from_str(&text).unwrap();
        assert_eq!(read.to_json().unwrap(), text);
        assert!(text.contains("\n    {\"case\":\"ClaimPhoneNumber/shape.json\",\"outcome\":\"unsupported\""), "{text}");
    }

    #[test]
    fn case_files_have_the_request_and_no_secrets() {
        let collector = samples::mixed_with_files();
        let path = collector.folder().unwrap().join("CreateRule_invalid.enum-unknown_Actions__.ActionType.json");
        let file = CaseFile::read(&path).unwrap();
        assert_eq!(file.request.to_request().unwrap().body, b"{\"a\":1}");
        assert_eq!(file.case.as_str(), "CreateRule/invalid.enum-unknown/Actions[].ActionType");
        assert!(!std::fs::read_to_string(&path).unwrap().contains("secret"));
        std::fs::remove_dir_all(path.ancestors().nth(2).unwrap()).unwrap();
    }
}
