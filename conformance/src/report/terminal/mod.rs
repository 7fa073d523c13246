//! The report for people: the target, the table of operations, findings, counts and the verdict. Marks styles, which
//! the printer writes where they are wanted.

mod findings;
mod operations;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use connect_checks::budget::exceeds_budget;
use connect_checks::case::Level;
use connect_model::schema::Schema;
use connect_model::text::prefix;

use self::findings::{failures, learned, lesser, relearned};
use self::operations::operations;
use crate::event::EmulatorInfo;
use crate::exit::Exit;
use crate::outcome::CaseOutcome;
use crate::report::conclusion;
use crate::report::json::Report;
use crate::report::output::Tone;
use crate::report::text::{count, number, printable, reason_of, some};

const GOOD: Tone = Tone::GOOD;
const BAD: Tone = Tone::BAD;
const UNSURE: Tone = Tone::UNSURE;
const QUIET: Tone = Tone::QUIET;
const STRONG: Tone = Tone::STRONG;

/// Characters of one value of a finding.
const VALUE: usize = 400;

/// Reasons of indeterminate cases that are listed.
const REASONS: usize = 6;

/// The text before a run: target, model, seed, and number of cases.
pub fn header(report: &Report) -> String {
    let target = &report.target;
    let signed = if target.signed { format!("signed for {}", target.region) } else { "unsigned".to_owned() };
    let instance = target.instance_id.as_deref().unwrap_or("none given");
    let model = &report.model;
    let digest = prefix(&model.digest, 12);
    let mut out = String::new();
    let kind = match &target.emulator {
        None => signed,
        Some(EmulatorInfo { defect: Some(defect), .. }) => format!("built-in emulator with the defect {defect}"),
        Some(EmulatorInfo { benign: Some(benign), .. }) => format!("built-in emulator, harmless variant {benign}"),
        Some(_) => "built-in emulator".to_owned(),
    };
    let _ = writeln!(out, "{} ({kind})", styled(STRONG, &target.endpoint.to_string()));
    let _ = writeln!(
        out,
        "{} {} · model {digest} · seed {} · instance {instance}",
        model.service, model.version, report.seed
    );
    let part = report.shard.as_ref().map(|shard| format!(", part {shard} of the plan")).unwrap_or_default();
    let _ = writeln!(
        out,
        "{} of {}{part}",
        count(report.totals.planned, "case"),
        count(report.operations.len() as u64, "operation")
    );
    // Omissions are never silent.
    let (over_budget, omitted): (Vec<&String>, Vec<&String>) =
        report.left_out.iter().partition(|line| exceeds_budget(line));
    let rows = [
        (report.not_sent.iter().collect(), "operation", "not sent"),
        (omitted, "case", "omitted"),
        (over_budget, "case", "over the budget"),
    ];
    for (omitted, noun, what) in rows {
        if let Some(first) = omitted.first() {
            let line = format!("{} {what}, for example {}", count(omitted.len() as u64, noun), printable(first, 200));
            let _ = writeln!(out, "{}", styled(QUIET, &line));
        }
    }
    out.push('\n');
    out
}

/// The text before a run that continues another: how many results are not its own.
pub fn continues(previous: &Report) -> String {
    let when = previous.started.as_deref().unwrap_or("unknown time");
    let cases = count(previous.cases.len() as u64, "case");
    format!("continues the run of {}, from which it takes the results of {cases}\n\n", printable(when, 100))
}

/// The amount of text after a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// Only causes and the verdict.
    pub quiet: bool,
    /// Every operation, and recorded facts.
    pub verbose: bool,
    /// Findings below level must, one by one.
    pub notes: bool,
}

/// The text after a run, for a terminal with this many columns.
pub fn body(report: &Report, detail: Detail, columns: usize) -> String {
    let mut out = String::new();
    if detail.quiet {
        failures(&mut out, report);
        relearned(&mut out, report);
        stale(&mut out, report);
        leaks(&mut out, report);
        verdict(&mut out, report);
        return out;
    }
    operations(&mut out, report, detail.verbose, columns);
    failures(&mut out, report);
    for level in [Level::Should, Level::Note] {
        lesser(&mut out, report, level, detail.notes);
    }
    relearned(&mut out, report);
    learned(&mut out, report, detail);
    indeterminate(&mut out, report);
    if detail.verbose {
        unreached(&mut out, report);
        limits(&mut out, report);
    }
    divergences(&mut out, report);
    stale(&mut out, report);
    leaks(&mut out, report);
    trend(&mut out, report);
    totals(&mut out, report);
    verdict(&mut out, report);
    out
}

fn indeterminate(out: &mut String, report: &Report) {
    if report.indeterminate.is_empty() {
        return;
    }
    let mut reasons: Vec<_> = report.indeterminate.iter().collect();
    reasons.sort_by_key(|reason| Reverse(reason.count));
    let _ = writeln!(out, "{}: {}", styled(UNSURE, "indeterminate"), count(report.totals.indeterminate, "case"));
    for reason in reasons.iter().take(REASONS) {
        let example = reason.cases.first().map(|case| format!(" (e.g. {case})")).unwrap_or_default();
        let (why, example) = (printable(&reason.reason, 200), styled(QUIET, &printable(&example, 160)));
        let _ = writeln!(out, "  {}  {why}{example}", reason.count);
    }
    if reasons.len() > REASONS {
        let _ = writeln!(out, "  … and {} more", count((reasons.len() - REASONS) as u64, "reason"));
    }
    out.push('\n');
}

/// Operations without a success about things that exist, each with the reason.
fn unreached(out: &mut String, report: &Report) {
    let Some(reached) = report.coverage.operations_reached.as_ref().filter(|reached| !reached.not_reached.is_empty())
    else {
        return;
    };
    let operations = &reached.not_reached;
    let _ = writeln!(out, "{}: {}", styled(QUIET, "not reached"), count(operations.len() as u64, "operation"));
    for (operation, why) in operations {
        let _ = writeln!(out, "  {operation}  {}", styled(QUIET, &printable(why, 200)));
    }
    out.push('\n');
}

/// Limits at which no value was accepted, by reason.
fn limits(out: &mut String, report: &Report) {
    let mut reasons: BTreeMap<String, BTreeMap<&str, usize>> = BTreeMap::new();
    for (operation, limits) in &report.coverage.limits_by_operation {
        for why in limits.not_reached.values() {
            *reasons.entry(reason_of(why)).or_default().entry(operation).or_default() += 1;
        }
    }
    let mut reasons: Vec<(usize, String, BTreeMap<&str, usize>)> =
        reasons.into_iter().map(|(why, operations)| (operations.values().sum(), why, operations)).collect();
    if reasons.is_empty() {
        return;
    }
    reasons.sort_by_key(|(number, _, _)| Reverse(*number));
    let total: usize = reasons.iter().map(|(number, _, _)| number).sum();
    let _ = writeln!(out, "{}: {}", styled(QUIET, "not reached"), count(total as u64, "limit"));
    for (number, why, operations) in &reasons {
        let _ = writeln!(out, "  {number}  {}", printable(why, 200));
        let operations: Vec<String> = operations.iter().map(|(name, number)| format!("{name} {number}")).collect();
        let operations: Vec<&str> = operations.iter().map(String::as_str).collect();
        let _ = writeln!(out, "    {}", styled(QUIET, &printable(&some(&operations, 5), VALUE)));
    }
    out.push('\n');
}

/// Known divergences that still fail, and those that are stale.
fn divergences(out: &mut String, report: &Report) {
    let of = |result: CaseOutcome| report.cases.iter().filter(move |line| line.outcome == result);
    for (result, style) in [(CaseOutcome::Known, QUIET), (CaseOutcome::Stale, UNSURE)] {
        let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for line in of(result) {
            reasons.entry(line.why.as_deref().unwrap_or_default()).or_default().push(&line.case);
        }
        if reasons.is_empty() {
            continue;
        }
        let total: usize = reasons.values().map(Vec::len).sum();
        let _ = writeln!(out, "{}: {}", styled(style, result.word()), count(total as u64, "case"));
        for (why, cases) in reasons {
            let _ = writeln!(out, "  {}  {}", cases.len(), printable(why, 300));
            let _ = writeln!(out, "    {}", styled(QUIET, &printable(&some(&cases, 3), VALUE)));
        }
        out.push('\n');
    }
}

/// Entries of files that match nothing any more.
fn stale(out: &mut String, report: &Report) {
    for line in &report.stale {
        let _ = writeln!(out, "{}", styled(UNSURE, &format!("stale: {}", printable(line, 300))));
    }
    if !report.stale.is_empty() {
        out.push('\n');
    }
}

fn leaks(out: &mut String, report: &Report) {
    if report.leaks.is_empty() {
        return;
    }
    let _ = writeln!(out, "{}", styled(BAD, &format!("leaked: {}", count(report.leaks.len() as u64, "resource"))));
    for leak in &report.leaks {
        let _ = writeln!(out, "  {}", printable(leak, VALUE));
    }
    let model = if report.model.service == Schema::connect().service.sdk_id { "" } else { " --model FILE" };
    for journal in &report.journals {
        let _ = writeln!(
            out,
            "  journal: {}; `connect-conformance sweep --delete{model}` deletes what it lists",
            printable(journal, VALUE)
        );
    }
    out.push('\n');
}

/// The difference to the run before.
fn trend(out: &mut String, report: &Report) {
    let Some(before) = report.trend.last() else { return };
    let when = before.started.as_deref().unwrap_or("unknown time");
    let Some(change) = &report.change else { return };
    let part = |cases: &[String], what: &str| match cases {
        [] => None,
        cases => {
            let cases: Vec<&str> = cases.iter().map(String::as_str).collect();
            Some(format!("{what} ({}): {}", cases.len(), some(&cases, 3)))
        }
    };
    let parts: Vec<String> = [
        part(&change.new_failures, "fails now"),
        part(&change.gone_failures, "passes now"),
        part(&change.withdrawn, "not offered any more"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let text = match parts.is_empty() {
        true if report.failed_cases.is_empty() => "no case fails in either".to_owned(),
        true => "the same cases fail".to_owned(),
        false => parts.join("; "),
    };
    let _ = writeln!(out, "compared with the run of {when}: {}\n", printable(&text, 1000));
}

fn totals(out: &mut String, report: &Report) {
    let totals = &report.totals;
    let mut parts =
        vec![format!("{} planned", number(totals.planned)), format!("{} executed", number(totals.executed))];
    for outcome in CaseOutcome::IN_TOTALS {
        let style = match outcome {
            CaseOutcome::Passed => GOOD,
            CaseOutcome::Failed => BAD,
            CaseOutcome::Unsupported => QUIET,
            CaseOutcome::Known | CaseOutcome::Stale | CaseOutcome::Indeterminate => UNSURE,
        };
        let cases = totals.of(outcome);
        if cases > 0 || outcome == CaseOutcome::Passed {
            parts.push(styled(style, &format!("{} {}", number(cases), outcome.word())));
        }
    }
    parts.push(format!("{:.1} s", report.duration_ms as f64 / 1000.0));
    let _ = writeln!(out, "{}", parts.join(" · "));
    let coverage = &report.coverage;
    let parts = [
        (coverage.reach, "operations reached"),
        (coverage.members, "members sent or received"),
        (report.constraints(), "constraints violated on purpose"),
        (coverage.limits, "limits reached"),
        (coverage.errors, "listed errors seen"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter_map(|(ratio, what)| {
            ratio.map(|ratio| format!("{} of {} {what}", number(ratio.covered), number(ratio.total)))
        })
        .collect();
    if !parts.is_empty() {
        let _ = writeln!(out, "{}", styled(QUIET, &parts.join(" · ")));
    }
}

fn verdict(out: &mut String, report: &Report) {
    let exit = report.exit();
    let style = match exit {
        Exit::Conforming => GOOD,
        Exit::Findings | Exit::Leaked => BAD,
        Exit::Usage | Exit::Incomplete | Exit::Stale => UNSURE,
    };
    let _ = writeln!(out, "{}: {}", styled(style.bold(), &exit.heading()), conclusion::sentence(report));
    for remedy in remedies(report) {
        let _ = writeln!(out, "  {remedy}");
    }
}

/// Advice for a run that tests little.
fn remedies(report: &Report) -> Vec<String> {
    let totals = &report.totals;
    let mut remedies = Vec::new();
    if report.exit() == Exit::Incomplete && report.undecided().is_some() {
        remedies.push(
            "Remove the reason, or accept it: --allow-undecided PERCENT accepts more, and an entry with `outcome = \
             \"indeterminate\"` in the file of --expect accepts the cases by name."
                .to_owned(),
        );
    }
    if totals.executed == 0 || totals.scored() * 2 >= totals.executed {
        return remedies;
    }
    remedies.push(format!(
        "Little was tested: {} of {} could be judged.",
        number(totals.scored()),
        count(totals.executed, "executed case")
    ));
    if totals.unsupported * 2 > totals.executed {
        remedies.push(
            "Most operations are unsupported: is this the right endpoint? --operations narrows the run, --require makes \
             a missing operation fail."
                .to_owned(),
        );
    }
    // On this machine, most endpoints need no signature.
    let refuses_callers = || {
        let undecided = report.undecided();
        undecided.is_some_and(|undecided| ["401", "403"].iter().any(|status| undecided.reason.starts_with(status)))
    };
    let is_unsigned = totals.indeterminate > 0 && !report.target.signed;
    if is_unsigned && (!report.target.loopback || refuses_callers()) {
        remedies.push(
            "Requests were unsigned: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use --profile.".to_owned(),
        );
    }
    if totals.indeterminate > 0 && report.target.instance_id.is_none() && !report.target.loopback {
        remedies.push("No instance was given: --instance-id names one.".to_owned());
    }
    remedies
}

fn styled(style: Tone, text: &str) -> String {
    style.of(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use connect_checks::coverage::Reached;

    use super::*;
    use crate::report::output::plain;
    use crate::report::samples;

    #[test]
    fn shows_every_part_of_a_run() {
        let collector = samples::mixed();
        let report = collector.report();
        let expected = "\
http://127.0.0.1:9 (unsigned)
Connect 2017-08-08 · model 0123456789ab · seed 42 · instance none given
10 cases of 5 operations

                shape  invalid
✗ CreateRule    ✓ 2    ✗ 1/3
✓ DescribeRule  ✓ 1    ? 1
? ListRules     ? 1    ·
– unsupported (2): ClaimPhoneNumber, DeleteRule

1 cause, gravest first

1. CreateRule accepted values that break a constraint of the model
  rule      input that breaks a constraint of the model is rejected
  harm      messages differ from the form of the contract
  cause     invalid-value~a1b46d23, 1 case in CreateRule
  case      CreateRule/invalid.enum-unknown/Actions[].ActionType
  expected  an error
  actual    200 \\u{1b}[31mred
  at        /Actions/0/ActionType
  request   POST /rules/i?x=%2F -> 200
  source    service model of Amazon Connect (botocore), trait of the shape, with the meaning that Smithy gives it
  replay    cargo conformance replay FOLDER/findings/CreateRule_invalid.enum-unknown_Actions__.ActionType.json

should: 1 finding (--notes shows them)
  shape.request-id  1 in DescribeRule
    e.g. DescribeRule: no x-amzn-requestid

learned: facts about 1 topic (recorded, not judged; -v shows them)

indeterminate: 2 cases
  2  throttled (e.g. DescribeRule/invalid.pattern)

known: 1 case
  1  ticket 7
    CreateRule/invalid.length-max/Name

10 planned · 10 executed · 4 passed · 1 failed · 1 known · 2 unsupported · 2 indeterminate · 1.5 s
3 of 10 constraints violated on purpose
NOT CONFORMING: 1 of 6 judged cases fails, in 1 of 2 operations.
";
        let text = plain(&(header(&report) + &body(&report, Detail::default(), 100)));
        let folder = collector.folder().unwrap().parent().unwrap().display().to_string();
        let text = text.replace(&folder, "FOLDER");
        assert_eq!(text, expected);
    }

    #[test]
    fn limits_that_no_value_reached_are_listed_by_reason() {
        let mut report = samples::mixed().report();
        let left = |places: &[(&str, &str)]| Reached {
            total: 9,
            not_reached: places.iter().map(|(place, why)| ((*place).to_owned(), (*why).to_owned())).collect(),
        };
        report.coverage.limits_by_operation = BTreeMap::from([
            (
                "CreateRule".to_owned(),
                left(&[("length-max/Name", "409 Conflict"), ("pattern/Name", "nothing has the id")]),
            ),
            ("ListRules".to_owned(), left(&[("pattern/InstanceId", "nothing has the id")])),
        ]);
        let text = plain(&body(&report, Detail { verbose: true, ..Detail::default() }, 100));
        let expected =
            "not reached: 3 limits\n  2  nothing has the id\n    CreateRule 1, ListRules 1\n  1  409 Conflict\n";
        assert!(text.contains(expected), "{text}");
        assert!(!plain(&body(&report, Detail::default(), 100)).contains("not reached"));
    }

    #[test]
    fn quiet_text_has_causes_and_verdict_and_narrow_terminals_get_a_list() {
        let report = samples::mixed().report();
        let quiet = plain(&body(&report, Detail { quiet: true, ..Detail::default() }, 100));
        assert!(
            quiet.starts_with("1 cause, gravest first\n\n1. CreateRule accepted")
                && quiet.ends_with("in 1 of 2 operations.\n"),
            "{quiet}"
        );
        assert!(!quiet.contains("DescribeRule"), "{quiet}");
        let narrow = plain(&body(&report, Detail::default(), 20));
        assert!(narrow.starts_with("✗ CreateRule\n    shape ✓ 2\n    invalid ✗ 1/3\n"), "{narrow}");
        // A known divergence has a mark of its own.
        let mut known = report.clone();
        for line in known.cases.iter_mut().filter(|line| line.outcome == CaseOutcome::Failed) {
            line.outcome = CaseOutcome::Known;
        }
        known.recount();
        let text = plain(&body(&known, Detail::default(), 100));
        assert!(text.contains("≈ CreateRule    ✓ 2    ≈ 2/3"), "{text}");
    }

    #[test]
    fn verdict_explains_itself() {
        let rows: [(samples::Outcomes, &str); 5] = [
            (&[("A", "pass"), ("B", "pass")], "CONFORMING: All 2 judged cases pass."),
            (&[("A", "pass"), ("B", "lost")], "INCOMPLETE: Cases were lost: 1 of 2 cases were executed."),
            (
                &[("A", "fail"), ("B", "lost")],
                "INCOMPLETE: Cases were lost: 1 of 2 cases were executed. 1 of them failed.",
            ),
            (&[("A", "unsupported")], "INCOMPLETE: No case could be judged."),
            (&[], "INCOMPLETE: No case could be judged."),
        ];
        for (outcomes, expected) in rows {
            let text = plain(&body(&samples::record(outcomes).report(), Detail::default(), 100));
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn lists_many_unsupported_operations_in_one_line() {
        let names: Vec<String> = (0..395).map(|at| format!("Operation{at:03}")).collect();
        let mut outcomes: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "unsupported")).collect();
        outcomes.push(("ListRules", "pass"));
        let text = plain(&body(&samples::record(&outcomes).report(), Detail::default(), 100));
        assert!(text.contains("– unsupported (395): Operation000, Operation001,"), "{text}");
        assert!(text.contains("Operation007 … and 387 more"), "{text}");
        assert!(text.contains("Little was tested: 1 of 396"), "{text}");
        assert!(text.lines().count() < 10, "{text}");
    }
}
