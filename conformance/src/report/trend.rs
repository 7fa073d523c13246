//! Earlier runs, for comparison with the run of a report.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::outcome::{CaseOutcome, Totals};
use crate::report::json::{ReadError, Report};

/// A run before the one of the report.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Earlier {
    /// Start in RFC 3339, UTC.
    pub started: Option<String>,
    /// Its seed.
    pub seed: u64,
    /// Its exit code.
    pub exit_code: u8,
    /// Milliseconds from the first case to the last.
    pub duration_ms: u64,
    /// Counts of its cases.
    pub totals: Totals,
    /// Difference to the run before it.
    #[serde(flatten)]
    pub change: Change,
}

/// The difference between two runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Cases that fail now and were scored without failing before.
    pub new_failures: Vec<String>,
    /// Cases that failed before and are scored without failing now.
    pub gone_failures: Vec<String>,
    /// Cases that were scored before, and that the endpoint does not offer now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdrawn: Vec<String>,
    /// Ids of causes that the run before did not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub new_causes: Vec<String>,
}

/// The earlier reports in a folder.
#[derive(Debug, Default)]
pub struct Found {
    /// Number of runs that the report is compared with.
    pub runs: usize,
    /// Files and folders that cannot be read, or are not reports. They must not hide the result of a run.
    pub unread: Vec<ReadError>,
}

/// Adds the earlier runs in a folder and its direct sub-folders to a report. Reports of other endpoints and shards are skipped,
/// since they cannot be compared.
///
/// # Errors
/// The folder cannot be read.
pub fn attach(report: &mut Report, folder: &Path) -> Result<Found, ReadError> {
    let emulated = |report: &Report| report.target.emulator.is_some();
    let (mut runs, mut ids) = (Vec::new(), Ids::default());
    let unread = for_each(folder, |earlier| {
        let same = emulated(&earlier) == emulated(report)
            && (emulated(report) || earlier.target.endpoint == report.target.endpoint)
            && earlier.model.service == report.model.service
            && earlier.shard == report.shard;
        if same && earlier.started < report.started {
            runs.push(Run::of(&earlier, &mut ids));
        }
    })?;
    runs.sort_by(|one, other| one.line.started.cmp(&other.line.started));
    for at in 1..runs.len() {
        runs[at].line.change = change(&runs[at - 1], &runs[at], &ids);
    }
    let now = Run::of(report, &mut ids);
    report.change = runs.last().map(|before| change(before, &now, &ids));
    report.trend = runs.into_iter().map(|run| run.line).collect();
    Ok(Found { runs: report.trend.len(), unread })
}

/// The case ids of all runs, each once: hundreds of runs have the same.
#[derive(Default)]
struct Ids {
    numbers: HashMap<Rc<str>, usize>,
    texts: Vec<Rc<str>>,
}

impl Ids {
    fn number(&mut self, case: &str) -> usize {
        if let Some(number) = self.numbers.get(case) {
            return *number;
        }
        let (text, number): (Rc<str>, usize) = (case.into(), self.texts.len());
        self.texts.push(Rc::clone(&text));
        self.numbers.insert(text, number);
        number
    }

    /// The sorted ids with these numbers.
    fn sorted(&self, numbers: impl Iterator<Item = usize>) -> Vec<String> {
        let mut ids: Vec<String> = numbers.map(|number| self.texts[number].to_string()).collect();
        ids.sort();
        ids
    }
}

/// The part of a run that is compared.
struct Run {
    line: Earlier,
    /// Numbers of the cases that failed.
    failed: BTreeSet<usize>,
    /// The outcomes by the numbers of the cases.
    outcomes: Vec<Option<CaseOutcome>>,
    /// Ids of the causes.
    causes: BTreeSet<String>,
}

impl Run {
    fn of(report: &Report, ids: &mut Ids) -> Self {
        let failed = report.failed_cases.iter().map(|case| ids.number(case)).collect();
        let mut outcomes = Vec::new();
        for line in &report.cases {
            let number = ids.number(&line.case);
            outcomes.resize(outcomes.len().max(number + 1), None);
            outcomes[number] = Some(line.outcome);
        }
        let line = Earlier {
            started: report.started.clone(),
            seed: report.seed,
            exit_code: report.exit_code,
            duration_ms: report.duration_ms,
            totals: report.totals,
            change: Change::default(),
        };
        Self { line, failed, outcomes, causes: report.failing().map(|cause| cause.id.clone()).collect() }
    }

    fn outcome(&self, case: usize) -> Option<CaseOutcome> {
        self.outcomes.get(case).copied().flatten()
    }

    fn scored(&self, case: usize) -> bool {
        !matches!(self.outcome(case), None | Some(CaseOutcome::Unsupported | CaseOutcome::Indeterminate))
    }
}

/// The difference between two runs. A case counts as new or gone only if both runs scored it.
fn change(before: &Run, now: &Run, ids: &Ids) -> Change {
    let news = |from: &Run, to: &Run| {
        ids.sorted(to.failed.difference(&from.failed).copied().filter(|case| from.scored(*case)))
    };
    let is_withdrawn = |case: &usize| before.scored(*case) && now.outcome(*case) == Some(CaseOutcome::Unsupported);
    Change {
        new_failures: news(before, now),
        gone_failures: news(now, before),
        withdrawn: ids.sorted((0..now.outcomes.len()).filter(is_withdrawn)),
        new_causes: now.causes.difference(&before.causes).cloned().collect(),
    }
}

/// The cases that failed in a report of the service in this folder or its direct sub-folders.
///
/// # Errors
/// The folder cannot be read.
pub fn failed(folder: &Path, service: &str) -> Result<BTreeSet<String>, ReadError> {
    let mut failed = BTreeSet::new();
    for_each(folder, |report| {
        if report.model.service == service {
            let lines = report.cases.into_iter().filter(|line| line.outcome == CaseOutcome::Failed);
            failed.extend(lines.map(|line| line.case));
        }
    })?;
    Ok(failed)
}

/// Takes the reports in a folder and its direct sub-folders, one after the other: there may be hundreds. Returns the files and
/// folders that cannot be read, or are not reports.
fn for_each(folder: &Path, mut take: impl FnMut(Report)) -> Result<Vec<ReadError>, ReadError> {
    let mut unread = Vec::new();
    let mut files = Vec::new();
    for entry in entries(folder)? {
        if !entry.is_dir() {
            files.push(entry);
            continue;
        }
        match entries(&entry) {
            Ok(inner) => files.extend(inner.into_iter().filter(|path| !path.is_dir())),
            Err(error) => unread.push(error),
        }
    }
    let is_report = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.contains("report") && name.ends_with(".json")
    };
    for file in files.iter().filter(|path| is_report(path)) {
        match Report::read(file) {
            Ok(mut report) => {
                // A comparison needs no evidence.
                report.findings.clear();
                take(report);
            }
            Err(error) => unread.push(error),
        }
    }
    Ok(unread)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let wrong = |error: std::io::Error| ReadError::of(folder, error.to_string());
    let entries = std::fs::read_dir(folder).map_err(wrong)?;
    entries.map(|entry| Ok(entry.map_err(wrong)?.path())).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::report::samples;

    fn run(day: u32, failing: &[&str], unsupported: &[&str]) -> Report {
        let outcome = |name: &&str| match (failing.contains(name), unsupported.contains(name)) {
            (true, _) => "fail",
            (_, true) => "unsupported",
            _ => "pass",
        };
        let outcomes: Vec<(&str, &str)> = ["A", "B", "C", "D"].iter().map(|name| (*name, outcome(name))).collect();
        let report = samples::record(&outcomes).report();
        Report { started: Some(format!("2027-01-{day:02}T00:00:00Z")), ..report }
    }

    #[test]
    fn compares_each_run_with_the_one_before() {
        let folder = std::env::temp_dir().join(format!("connect-trend-{}", std::process::id()));
        let (first, second, mut now) =
            (run(1, &["A"], &["D"]), run(2, &["A", "B"], &["D"]), run(3, &["B"], &["C", "D"]));
        for (name, report) in [("b", &second), ("a", &first), ("now", &now)] {
            std::fs::create_dir_all(folder.join(name)).unwrap();
            report.write(&folder.join(name)).unwrap();
        }
        let mut elsewhere = run(2, &["C"], &[]);
        elsewhere.target.endpoint = "http://127.0.0.1:10".parse().unwrap();
        std::fs::write(folder.join("report-2.json"), elsewhere.to_json().unwrap()).unwrap();
        std::fs::create_dir_all(folder.join("damaged")).unwrap();
        std::fs::write(folder.join("damaged/report.json"), "{").unwrap();
        let found = attach(&mut now, &folder).unwrap();
        assert_eq!(found.runs, 2);
        assert_eq!(found.unread.len(), 1, "a damaged report hides no other");
        assert!(found.unread[0].to_string().contains("damaged/report.json"), "{}", found.unread[0]);
        std::fs::remove_dir_all(&folder).unwrap();
        let days: Vec<&str> = now.trend.iter().map(|run| &run.started.as_deref().unwrap()[8..10]).collect();
        assert_eq!(days, ["01", "02"]);
        assert_eq!(now.trend[0].change, Change::default());
        assert_eq!(now.trend[1].change.new_failures, ["B/shape.json"]);
        let case = |name: &str| vec![format!("{name}/shape.json")];
        let expected =
            Change { new_failures: vec![], gone_failures: case("A"), withdrawn: case("C"), new_causes: vec![] };
        assert_eq!(now.change, Some(expected));
        assert!(attach(&mut now, &folder).unwrap_err().to_string().contains("connect-trend"));
    }
}
