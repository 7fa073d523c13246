//! `report.json`: a run as data, for programs and for every other report. The keys are a contract; new ones may come,
//! none may go. What is written can be read again, to be merged, continued and compared.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

use crate::event::{ModelInfo, Narrowed, TargetInfo, Totals, TrialResult};
use crate::exit::Exit;
use crate::replay::{SavedRequest, SavedResponse};
use connect_checks::case::Level;
use connect_checks::check::family_of as family;
use connect_checks::coverage::{Coverage, Learned, Ratio};

/// Cases named for one reason.
const EXAMPLES: usize = 5;

/// Distinct reasons; what comes later is counted under one.
const REASONS: usize = 200;

/// A run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// `connect-conformance`.
    pub tool: String,
    /// Version of the tool.
    pub version: String,
    /// Where to and as whom, without secrets.
    pub target: TargetInfo,
    /// The contract.
    pub model: ModelInfo,
    /// Seed of everything that was generated.
    pub seed: u64,
    /// Which part of the plan, if it was not the whole: `2/3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<String>,
    /// What the run was narrowed to.
    #[serde(default, skip_serializing_if = "Narrowed::is_whole")]
    pub narrowed: Narrowed,
    /// Start in RFC 3339, UTC.
    pub started: Option<String>,
    /// Milliseconds from the first trial to the last.
    pub duration_ms: u64,
    /// The run was stopped before its end.
    pub interrupted: bool,
    /// Why it was stopped.
    #[serde(default)]
    pub stopped_because: Option<String>,
    /// Exit code of the command.
    pub exit_code: u8,
    /// Random values per operation that were asked for; none for the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated: Option<u32>,
    /// Requests that were sent.
    #[serde(default)]
    pub requests: u64,
    /// Counts of trials.
    pub totals: Totals,
    /// In order of the plan.
    pub operations: Vec<Operation>,
    /// Ids of every failed case; `findings` is capped, this is not.
    pub failed_cases: BTreeSet<String>,
    /// Graver first. Capped per trial and per check and operation.
    pub findings: Vec<FindingEntry>,
    /// Every finding that is not of a known divergence, by check, whether it is listed or not.
    pub finding_counts: Vec<FindingCount>,
    /// Why trials came to nothing.
    pub indeterminate: Vec<Reason>,
    /// What of the contract was touched.
    pub coverage: Coverage,
    /// Facts recorded and not judged: topic, observation, how often.
    pub learned: Learned,
    /// Operations that were not sent, with the reason and what allows it.
    pub not_sent: Vec<String>,
    /// Cases that cannot be expressed, with the reason.
    pub left_out: Vec<String>,
    /// Bookkeeping that belongs to nothing any more, with what to do.
    pub stale: Vec<String>,
    /// Resources of the run that are still there, with what was tried.
    #[serde(default)]
    pub leaks: Vec<String>,
    /// Files from which `sweep` takes away what is still there, where the run was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub journals: Vec<String>,
    /// Earlier runs, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trend: Vec<Earlier>,
    /// Against the last of them.
    #[serde(flatten)]
    pub change: Option<Change>,
    /// Every trial that came to an end, in order of its id.
    #[serde(default, serialize_with = "line_by_line")]
    pub cases: Vec<CaseLine>,
}

/// One operation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Its name.
    pub name: String,
    /// The endpoint offers it.
    pub supported: bool,
    /// Why we think that it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsupported_because: Option<String>,
    /// Counts of its trials.
    #[serde(flatten)]
    pub totals: Totals,
    /// The same by family of checks.
    pub families: BTreeMap<String, Totals>,
}

/// What came of one case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CaseLine {
    /// Case id.
    pub case: String,
    /// In one word.
    pub outcome: TrialResult,
    /// Milliseconds that it took.
    pub ms: u64,
    /// Why, where the word alone does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A broken rule with its evidence.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FindingEntry {
    /// Case id.
    pub case: String,
    /// Operation under test.
    pub operation: String,
    /// Check that judged.
    pub check: String,
    /// How grave it is.
    pub level: Level,
    /// The rule that is broken.
    pub rule: String,
    /// JSON Pointer into the body.
    pub pointer: String,
    /// What the contract asks for.
    pub expected: String,
    /// What was there.
    pub actual: String,
    /// What led there, when more than one request did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
    /// The deciding request; a long body is cut, and whole in the case file.
    pub request: Option<SavedRequest>,
    /// What came back.
    pub response: Option<SavedResponse>,
    /// Command that sends it again.
    pub replay: Option<String>,
    /// Why it is a known divergence, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
}

impl Operation {
    /// Nothing is known of it yet.
    pub fn new(name: String, totals: Totals) -> Self {
        Self { name, supported: true, totals, ..Self::default() }
    }

    /// Counts a trial that has come to an end.
    fn count(&mut self, line: &CaseLine) {
        self.totals.count(line.outcome);
        self.families.entry(family(check_of(&line.case)).to_owned()).or_default().count(line.outcome);
        if line.outcome == TrialResult::Unsupported && self.unsupported_because.is_none() {
            self.unsupported_because.clone_from(&line.why);
        }
        // Some trial was scored, or none found that the operation is not there.
        self.supported = self.totals.scored() > 0 || self.totals.unsupported == 0;
        if self.totals.scored() > 0 {
            self.unsupported_because = None;
        }
    }
}

/// The operation in a case id.
pub fn operation_of(case: &str) -> &str {
    case.split('/').next().unwrap_or(case)
}

/// The check in a case id.
pub fn check_of(case: &str) -> &str {
    case.split('/').nth(1).unwrap_or_default()
}

impl FindingEntry {
    /// What is wrong, with labels; nothing is said of what is empty.
    pub fn rows(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let rows =
            [("rule", &self.rule), ("expected", &self.expected), ("actual", &self.actual), ("at", &self.pointer)];
        rows.into_iter().filter(|(_, text)| !text.is_empty()).map(|(label, text)| (label, text.as_str()))
    }

    /// A line for the request and its answer: `POST /rules/x -> 200`; none without an exchange.
    pub fn request_line(&self) -> Option<String> {
        let (request, response) = (self.request.as_ref()?, self.response.as_ref()?);
        Some(format!("{} {} -> {}", request.method, request.uri, response.status))
    }
}

/// Findings of one check at one level.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FindingCount {
    /// How grave they are.
    pub level: Level,
    /// Check that judged.
    pub check: String,
    /// How many.
    pub count: u64,
    /// Where.
    pub operations: BTreeSet<String>,
}

/// Why trials came to nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reason {
    /// In words.
    pub reason: String,
    /// Trials.
    pub count: u64,
    /// Some of them.
    pub cases: Vec<String>,
}

/// An earlier run, beside the one that a report is of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Earlier {
    /// Start in RFC 3339, UTC.
    pub started: Option<String>,
    /// Its seed.
    pub seed: u64,
    /// Its exit code.
    pub exit_code: u8,
    /// Milliseconds from the first trial to the last.
    pub duration_ms: u64,
    /// Counts of its trials.
    pub totals: Totals,
    /// Against the run before it.
    #[serde(flatten)]
    pub change: Change,
}

/// What a run found that the one before did not, and the other way round.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Cases that fail in it and did not in the run before.
    pub new_failures: Vec<String>,
    /// Cases that failed in the run before and do not in it, though they were scored.
    pub gone_failures: Vec<String>,
}

/// A report cannot be used.
#[derive(Debug, Error)]
#[error("cannot read the report {path}: {problem}; give a report.json that `run` or `merge` has written")]
pub struct ReadError {
    path: String,
    problem: String,
}

impl ReadError {
    /// What is wrong with a path.
    pub(super) fn of(path: &Path, problem: String) -> Self {
        Self { path: path.display().to_string(), problem }
    }
}

impl Report {
    /// Reads a report, or the `report.json` of a folder.
    ///
    /// # Errors
    /// It is not there, or not one of ours.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let file = if path.is_dir() { path.join("report.json") } else { path.to_owned() };
        let wrong = |problem: String| ReadError::of(&file, problem);
        let bytes = std::fs::read(&file).map_err(|error| wrong(error.to_string()))?;
        serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))
    }

    /// As JSON with line breaks; cases take one line each.
    ///
    /// # Errors
    /// None that is known: every part has a JSON form.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|mut text| {
            text.push('\n');
            text
        })
    }

    /// Writes `report.json` into a folder that exists: whole, or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, folder: &Path) -> std::io::Result<()> {
        super::write_whole(&folder.join("report.json"), self.to_json()?.as_bytes())
    }

    /// Exit code that the run deserves. Resources that are still there weigh most, since they cost until somebody acts;
    /// then what was not tried, which may be worse than what was found.
    pub fn exit(&self) -> Exit {
        let totals = &self.totals;
        if !self.leaks.is_empty() {
            Exit::Leaked
        } else if totals.executed != totals.planned || totals.planned == 0 {
            Exit::Inconclusive
        } else if totals.failed > 0 {
            Exit::Findings
        } else if totals.scored() == 0 || self.refuses_everything() {
            Exit::Inconclusive
        } else if totals.stale > 0 || !self.stale.is_empty() || self.golden_is_stale() {
            Exit::Stale
        } else {
            Exit::Conforming
        }
    }

    /// Recorded answers that are to be recorded anew.
    pub fn golden_is_stale(&self) -> bool {
        self.finding_counts.iter().any(|count| count.level == Level::Should && family(&count.check) == "golden")
    }

    /// Nothing but the form of errors passed, though other families were tried: an endpoint that accepts no request is
    /// not conforming, it cannot be judged.
    fn refuses_everything(&self) -> bool {
        let others = || self.operations.iter().flat_map(|op| &op.families).filter(|(family, _)| *family != "error");
        others().any(|(_, totals)| totals.executed > totals.unsupported)
            && others().all(|(_, totals)| totals.passed + totals.known + totals.stale == 0)
    }

    /// Counts everything that follows from the cases anew, and puts it into order.
    pub fn recount(&mut self) {
        self.totals = Totals { planned: self.totals.planned, ..Totals::default() };
        self.failed_cases.clear();
        for operation in &mut self.operations {
            let totals = Totals { planned: operation.totals.planned, ..Totals::default() };
            *operation = Operation::new(std::mem::take(&mut operation.name), totals);
        }
        let mut at: HashMap<String, usize> =
            self.operations.iter().enumerate().map(|(at, operation)| (operation.name.clone(), at)).collect();
        let mut reasons: BTreeMap<&str, Reason> = BTreeMap::new();
        for line in &self.cases {
            self.totals.count(line.outcome);
            let name = operation_of(&line.case);
            let operations = &mut self.operations;
            let at = *at.entry(name.to_owned()).or_insert_with(|| {
                operations.push(Operation::new(name.to_owned(), Totals::default()));
                operations.len() - 1
            });
            operations[at].count(line);
            match line.outcome {
                TrialResult::Failed => {
                    self.failed_cases.insert(line.case.clone());
                }
                TrialResult::Indeterminate => {
                    let why = line.why.as_deref().unwrap_or_default();
                    let known = reasons.len() < REASONS || reasons.contains_key(why);
                    let why = if known { why } else { "other reasons" };
                    let reason = reasons.entry(why).or_insert_with(|| Reason {
                        reason: why.to_owned(),
                        count: 0,
                        cases: Vec::new(),
                    });
                    reason.count += 1;
                    if reason.cases.len() < EXAMPLES {
                        reason.cases.push(line.case.clone());
                    }
                }
                _ => {}
            }
        }
        self.indeterminate = reasons.into_values().collect();
        let covered = self.operations.iter().filter(|operation| operation.totals.scored() > 0).count() as u64;
        self.coverage.operations = Some(Ratio { covered, total: self.operations.len() as u64 });
        self.sort();
        self.exit_code = self.exit() as u8;
    }

    /// Puts everything into the order that a report has: findings graver first, then by operation and case.
    fn sort(&mut self) {
        let at: HashMap<&str, usize> =
            self.operations.iter().enumerate().map(|(at, operation)| (operation.name.as_str(), at)).collect();
        let place = |finding: &FindingEntry| at.get(finding.operation.as_str()).copied().unwrap_or(usize::MAX);
        self.findings.sort_by_cached_key(|finding| (Reverse(finding.level), place(finding), finding.case.clone()));
        self.cases.sort();
    }

    /// Findings of a level that were counted and are not in `findings`.
    pub fn omitted(&self, level: Level) -> u64 {
        let all: u64 = self.finding_counts.iter().filter(|count| count.level == level).map(|count| count.count).sum();
        all.saturating_sub(self.new_findings(level).count() as u64)
    }

    /// Findings of a level that are no known divergences.
    pub fn new_findings(&self, level: Level) -> impl Iterator<Item = &FindingEntry> {
        self.findings.iter().filter(move |finding| finding.level == level && finding.known.is_none())
    }
}

/// One line for each case: a report is read by people too, and compared line by line.
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
    use crate::replay::CaseFile;
    use crate::report::samples;

    #[test]
    fn the_report_has_its_documented_form() {
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
        assert_eq!(report["coverage"]["operations"], json!({"covered": 2, "total": 5}));
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
    fn what_is_written_is_read_again() {
        let text = samples::mixed().report().to_json().unwrap();
        let read: Report = serde_json::from_str(&text).unwrap();
        assert_eq!(read.to_json().unwrap(), text);
        assert!(text.contains("\n    {\"case\":\"ClaimPhoneNumber/shape.json\",\"outcome\":\"unsupported\""), "{text}");
    }

    #[test]
    fn case_files_hold_the_request_and_no_secrets() {
        let record = samples::mixed();
        let folder = record.folder().unwrap();
        let path = folder.join("CreateRule_invalid.enum-unknown_Actions__.ActionType.json");
        let file = CaseFile::read(&path).unwrap();
        assert_eq!(file.request.to_request().unwrap().body, b"{\"a\":1}");
        assert_eq!(file.case, "CreateRule/invalid.enum-unknown/Actions[].ActionType");
        assert!(!std::fs::read_to_string(path).unwrap().contains("secret"));
    }
}
