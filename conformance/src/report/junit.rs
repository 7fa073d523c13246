//! `junit.xml` for CI systems and IDEs: a test suite for each operation, a test case for each case id. A library writes the
//! XML.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use connect_checks::case::{Level, check_of, operation_of};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use crate::outcome::CaseOutcome;
use crate::report::json::{CaseLine, FindingEntry, Operation, Report};
use crate::report::text::{count, printable};

/// Characters of one value.
const VALUE: usize = 4000;

/// The content of `junit.xml`.
///
/// # Errors
/// Never in practice: the library omits characters that XML cannot contain.
pub(super) fn document(report: &Report) -> io::Result<String> {
    let mut findings: BTreeMap<&str, Vec<&FindingEntry>> = BTreeMap::new();
    for finding in &report.findings {
        findings.entry(&finding.case).or_default().push(finding);
    }
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    let mut times: BTreeMap<&str, u64> = BTreeMap::new();
    // An operation that the endpoint does not offer is one skipped case.
    let missing: BTreeMap<&str, &Operation> = (report.operations.iter())
        .filter(|operation| !operation.supported)
        .map(|operation| (operation.name.as_str(), operation))
        .collect();
    for operation in missing.values() {
        suites
            .entry(&operation.name)
            .or_insert_with(|| TestSuite::new(&operation.name))
            .add_test_case(unsupported(operation));
    }
    for line in &report.cases {
        let operation = operation_of(&line.case);
        if missing.contains_key(operation) {
            continue;
        }
        let suite = suites.entry(operation).or_insert_with(|| TestSuite::new(operation));
        suite.add_test_case(case(line, findings.get(line.case.as_str()).map_or(&[], Vec::as_slice)));
        *times.entry(operation).or_default() += line.ms;
    }
    let mut document = quick_junit::Report::new(format!("contract of {}", report.model.service));
    document.set_time(Duration::from_millis(report.duration_ms));
    for (operation, mut suite) in suites {
        suite.set_time(Duration::from_millis(times.get(operation).copied().unwrap_or_default()));
        document.add_test_suite(suite);
    }
    let lost = report.totals.planned.saturating_sub(report.totals.executed);
    if lost > 0 || !report.leaks.is_empty() || !report.stale.is_empty() {
        // These belong to no case, and some readers see only this file.
        document.add_test_suite(run_itself(report, lost));
    }
    document.to_string().map_err(io::Error::other)
}

fn unsupported(operation: &Operation) -> TestCase {
    let why = operation.unsupported_because.as_deref().unwrap_or_default();
    let mut status = TestCaseStatus::skipped();
    let cases = count(operation.totals.executed, "case");
    status.set_message(format!("unsupported, {cases}: {}", printable(why, VALUE)));
    let mut case = TestCase::new(format!("{} is offered", operation.name), status);
    case.set_classname(operation.name.clone());
    case
}

fn case(line: &CaseLine, findings: &[&FindingEntry]) -> TestCase {
    let why = line.why.as_deref().unwrap_or_default();
    let skipped = |word: &str| {
        let mut status = TestCaseStatus::skipped();
        status.set_message(format!("{word}: {}", printable(why, VALUE)));
        status
    };
    let status = match line.outcome {
        CaseOutcome::Passed => TestCaseStatus::success(),
        CaseOutcome::Failed => failure(findings),
        CaseOutcome::Stale => failed("stale", &printable(why, VALUE)),
        CaseOutcome::Known | CaseOutcome::Unsupported | CaseOutcome::Indeterminate => skipped(line.outcome.word()),
    };
    let mut case = TestCase::new(line.case.clone(), status);
    case.set_classname(format!("{}.{}", operation_of(&line.case), check_of(&line.case)));
    case.set_time(Duration::from_millis(line.ms));
    let out: Vec<String> = findings.iter().map(|finding| describe(finding)).collect();
    if !out.is_empty() {
        case.set_system_out(out.join("\n\n"));
    }
    case
}

fn failure(findings: &[&FindingEntry]) -> TestCaseStatus {
    match findings.iter().find(|finding| finding.level == Level::Must) {
        Some(finding) => {
            let message = format!("{}: {}", printable(&finding.rule, VALUE), printable(&finding.actual, VALUE));
            let mut status = failed(&finding.check, &message);
            status.set_description(describe(finding));
            status
        }
        None => failed("failed", "not among the kept findings; run this case alone"),
    }
}

fn failed(kind: &str, message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(kind.to_owned()).set_message(message.to_owned());
    status
}

/// A finding as labelled lines.
fn describe(finding: &FindingEntry) -> String {
    let replay = finding.replay.as_deref().unwrap_or_default();
    let request = finding.request_line().unwrap_or_default();
    let head = [(finding.level.word(), finding.check.as_str())];
    let tail = [("request", request.as_str()), ("replay", replay)];
    let rows = head.into_iter().chain(finding.rows()).chain(tail.into_iter().filter(|(_, value)| !value.is_empty()));
    rows.map(|(label, value)| format!("{label}: {}", printable(value, VALUE))).collect::<Vec<_>>().join("\n")
}

fn run_itself(report: &Report, lost: u64) -> TestSuite {
    let mut suite = TestSuite::new("the run itself");
    let mut add = |name: &str, message: String| {
        suite.add_test_case(TestCase::new(name.to_owned(), failed("run", &printable(&message, VALUE))));
    };
    if lost > 0 {
        let why = report.stopped_because.as_deref().unwrap_or("cases were lost");
        add("every planned case is executed", format!("{lost} were not: {why}"));
    }
    report.leaks.iter().for_each(|leak| add("no resource is leaked", leak.clone()));
    report
        .stale
        .iter()
        .for_each(|line| add("known divergences, known ids and recorded answers are up to date", line.clone()));
    suite
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::report::samples;

    #[test]
    fn every_outcome_has_an_element() {
        let text = document(&samples::mixed().report()).unwrap();
        assert!(
            text.contains("<testsuite name=\"CreateRule\" tests=\"5\" disabled=\"1\" errors=\"0\" failures=\"1\""),
            "{text}"
        );
        assert!(text.contains("<failure message=\"a value outside of the enum is rejected: 200 \\u{1b}[31mred\" type=\"invalid.enum-unknown\">"), "{text}");
        assert!(text.contains("<skipped message=\"known: ticket 7\"/>"), "{text}");
        assert!(text.contains("<skipped message=\"unsupported, 1 case: 501\"/>"), "{text}");
        assert!(text.contains("<testsuite name=\"ClaimPhoneNumber\" tests=\"1\""), "{text}");
        assert!(text.contains("classname=\"CreateRule.invalid.enum-unknown\" time=\"0.007\""), "{text}");
        assert!(text.contains("<system-out>"), "{text}");
        assert!(!text.contains("the run itself"), "{text}");
    }

    #[test]
    fn noncharacters_do_not_make_the_file_malformed() {
        let mut report = samples::mixed().report();
        report.findings.iter_mut().for_each(|finding| finding.actual = "a\u{fffe}b\u{ffff}".into());
        report.cases.iter_mut().for_each(|line| line.why = Some("c\u{ffff}".to_owned()));
        let text = document(&report).unwrap();
        assert!(text.contains(r"a\u{fffe}b\u{ffff}") && text.contains(r"c\u{ffff}"), "{text}");
        assert!(!text.contains(['\u{fffe}', '\u{ffff}']), "{text}");
    }

    #[test]
    fn incomplete_runs_are_not_green() {
        let mut report = samples::record(&[("A", "pass"), ("B", "lost")]).report();
        report.leaks = vec!["flow <x>".to_owned()];
        let text = document(&report).unwrap();
        assert!(text.contains("1 were not: cases were lost") && text.contains("flow &lt;x&gt;"), "{text}");
        assert!(text.contains("failures=\"2\""), "{text}");
    }
}
