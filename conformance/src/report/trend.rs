//! Earlier runs, for comparison with the run of a report.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::outcome::CaseOutcome;
use crate::report::json::{Change, Earlier, ReadError, Report};

/// The earlier reports in a folder.
#[derive(Debug, Default)]
pub struct Found {
    /// The reports, oldest first, without their findings.
    pub reports: Vec<Report>,
    /// Files and folders that cannot be read, or are not reports. They must not hide the result of a run.
    pub unread: Vec<ReadError>,
}

/// Reads every earlier report in a folder and its direct sub-folders. Reports of other endpoints and shards are skipped, since
/// they cannot be compared.
///
/// # Errors
/// The folder cannot be read.
pub fn read(folder: &Path, of: &Report) -> Result<Found, ReadError> {
    let emulated = |report: &Report| report.target.emulator.is_some();
    let mut reports = Vec::new();
    let unread = for_each(folder, |report| {
        let same = emulated(&report) == emulated(of)
            && (emulated(of) || report.target.endpoint == of.target.endpoint)
            && report.model.service == of.model.service
            && report.shard == of.shard;
        if same && report.started < of.started {
            reports.push(report);
        }
    })?;
    reports.sort_by(|one, other| one.started.cmp(&other.started));
    Ok(Found { reports, unread })
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

/// Adds earlier runs, oldest first, to a report.
pub fn attach(report: &mut Report, earlier: &[Report]) {
    let mut before: Option<&Report> = None;
    report.trend.clear();
    for run in earlier {
        report.trend.push(Earlier {
            started: run.started.clone(),
            seed: run.seed,
            exit_code: run.exit_code,
            duration_ms: run.duration_ms,
            totals: run.totals,
            change: before.map(|before| change(before, run)).unwrap_or_default(),
        });
        before = Some(run);
    }
    report.change = before.map(|before| change(before, report));
}

/// New and gone failures. A case counts only if both runs scored it.
fn change(before: &Report, now: &Report) -> Change {
    let scored = |report: &Report, case: &str| {
        report
            .cases
            .binary_search_by(|line| line.case.as_str().cmp(case))
            .is_ok_and(|at| !matches!(report.cases[at].outcome, CaseOutcome::Unsupported | CaseOutcome::Indeterminate))
    };
    let news = |from: &Report, to: &Report| -> Vec<String> {
        to.failed_cases.difference(&from.failed_cases).filter(|case| scored(from, case)).cloned().collect()
    };
    let ids = |report: &Report| report.failing().map(|cause| cause.id.clone()).collect::<BTreeSet<_>>();
    let new_causes = ids(now).difference(&ids(before)).cloned().collect();
    Change { new_failures: news(before, now), gone_failures: news(now, before), new_causes }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::report::samples;

    fn run(day: u32, failing: &[&str]) -> Report {
        let outcomes: Vec<(&str, &str)> = ["A", "B", "C"]
            .into_iter()
            .map(|name| (name, if failing.contains(&name) { "fail" } else { "pass" }))
            .collect();
        let report = samples::record(&outcomes).report();
        Report { started: Some(format!("2027-01-{day:02}T00:00:00Z")), ..report }
    }

    #[test]
    fn compares_each_run_with_the_one_before() {
        let folder = std::env::temp_dir().join(format!("connect-trend-{}", std::process::id()));
        let (first, second, mut now) = (run(1, &["A"]), run(2, &["A", "B"]), run(3, &["B"]));
        for (name, report) in [("b", &second), ("a", &first), ("now", &now)] {
            std::fs::create_dir_all(folder.join(name)).unwrap();
            report.write(&folder.join(name)).unwrap();
        }
        let mut elsewhere = run(2, &["C"]);
        elsewhere.target.endpoint = "http://127.0.0.1:10".parse().unwrap();
        std::fs::write(folder.join("report-2.json"), elsewhere.to_json().unwrap()).unwrap();
        std::fs::create_dir_all(folder.join("damaged")).unwrap();
        std::fs::write(folder.join("damaged/report.json"), "{").unwrap();
        let found = read(&folder, &now).unwrap();
        attach(&mut now, &found.reports);
        assert_eq!(found.unread.len(), 1, "a damaged report hides no other");
        assert!(found.unread[0].to_string().contains("damaged/report.json"), "{}", found.unread[0]);
        std::fs::remove_dir_all(&folder).unwrap();
        let days: Vec<&str> = now.trend.iter().map(|run| &run.started.as_deref().unwrap()[8..10]).collect();
        assert_eq!(days, ["01", "02"]);
        assert_eq!(now.trend[0].change, Change::default());
        assert_eq!(now.trend[1].change.new_failures, ["B/shape.json"]);
        let expected =
            Change { new_failures: vec![], gone_failures: vec!["A/shape.json".to_owned()], new_causes: vec![] };
        assert_eq!(now.change, Some(expected));
        assert!(read(&folder, &now).unwrap_err().to_string().contains("connect-trend"));
    }
}
