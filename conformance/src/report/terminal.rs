//! The report that people read: what was tested, operation by operation, then what is wrong, then counts and a verdict.
//! Writes text with ANSI styles; whoever prints it takes them out where they are not wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::event::{EmulatorInfo, Totals, TrialResult};
use crate::exit::Exit;
use crate::report::json::{FindingCount, FindingEntry, Operation, Report};
use crate::report::printable;
use connect_checks::case::Level;
use connect_checks::case::check_of;

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const UNSURE: Style = AnsiColor::Yellow.on_default();
const QUIET: Style = Style::new().dimmed();
const STRONG: Style = Style::new().bold();

/// Columns in their order; families that a plan does not have get none.
const FAMILIES: [&str; 7] = ["shape", "invalid", "error", "pagination", "idempotency", "lifecycle", "search"];

/// Characters of one value of a finding.
const VALUE: usize = 400;

/// Steps of one finding; the rest is in its case file.
const STEPS: usize = 40;

/// Findings at level must that are spelled out; the rest is in report.json.
const SPELLED_OUT: usize = 50;

/// What is about to be tested.
pub fn header(report: &Report) -> String {
    let target = &report.target;
    let signed = if target.signed { format!("signed for {}", target.region) } else { "unsigned".to_owned() };
    let instance = target.instance_id.as_deref().unwrap_or("none given");
    let model = &report.model;
    let digest = model.digest.get(..12).unwrap_or(&model.digest);
    let mut out = String::new();
    let kind = match &target.emulator {
        None => signed,
        Some(EmulatorInfo { defect: Some(defect), .. }) => format!("built-in emulator with the defect {defect}"),
        Some(EmulatorInfo { benign: Some(benign), .. }) => format!("built-in emulator, harmless variant {benign}"),
        Some(_) => "built-in emulator".to_owned(),
    };
    let _ = writeln!(out, "{} ({kind})", styled(STRONG, &target.endpoint));
    let _ = writeln!(
        out,
        "{} {} · model {digest} · seed {} · instance {instance}",
        model.service, model.version, report.seed
    );
    let part = report.shard.as_ref().map(|shard| format!(", part {shard} of the plan")).unwrap_or_default();
    let _ = writeln!(
        out,
        "{} on {}{part}",
        count(report.totals.planned, "trial"),
        count(report.operations.len() as u64, "operation")
    );
    // What is left out is said, never silently skipped.
    for line in &report.stale {
        let _ = writeln!(out, "{}", styled(UNSURE, &format!("stale: {}", printable(line, 200))));
    }
    for (left, what) in [(&report.not_sent, "operation not sent"), (&report.left_out, "case left out")] {
        if let Some(first) = left.first() {
            let line = format!("{}, e.g. {}", plural(left.len() as u64, what), printable(first, 200));
            let _ = writeln!(out, "{}", styled(QUIET, &line));
        }
    }
    out.push('\n');
    out
}

/// What came of it. `all_notes` lists every remembered finding below must as well.
pub fn body(report: &Report, all_notes: bool) -> String {
    let mut out = String::new();
    operations(&mut out, report);
    failures(&mut out, report);
    for level in [Level::Should, Level::Note] {
        lesser(&mut out, report, level, all_notes);
    }
    learned(&mut out, report, all_notes);
    indeterminate(&mut out, report);
    bookkeeping(&mut out, report);
    leaks(&mut out, report);
    trend(&mut out, report);
    totals(&mut out, report);
    out
}

fn operations(out: &mut String, report: &Report) {
    let (offered, missing): (Vec<_>, Vec<_>) = report.operations.iter().partition(|operation| operation.supported);
    let occur: BTreeSet<&str> =
        offered.iter().flat_map(|operation| operation.families.keys()).map(String::as_str).collect();
    let known = FAMILIES.iter().copied().filter(|family| occur.contains(family));
    let others = occur.iter().copied().filter(|family| !FAMILIES.contains(family));
    let columns: Vec<&str> = known.chain(others).collect();
    let rows: Vec<(&Operation, Vec<(Style, String)>)> = offered
        .iter()
        .map(|operation| (*operation, columns.iter().map(|family| cell(operation.families.get(*family))).collect()))
        .collect();
    let longest = offered.iter().map(|operation| width(&operation.name)).max().unwrap_or(0);
    let name_width = if columns.is_empty() { 0 } else { longest };
    let widths: Vec<usize> = (columns.iter().enumerate())
        .map(|(at, column)| rows.iter().map(|(_, cells)| width(&cells[at].1)).chain([width(column)]).max().unwrap_or(0))
        .collect();
    if !columns.is_empty() {
        let heads =
            columns.iter().zip(&widths).map(|(column, width)| pad(column, *width)).collect::<Vec<_>>().join("  ");
        let _ = writeln!(out, "  {}  {}", " ".repeat(name_width), styled(QUIET, heads.trim_end()));
    }
    for (operation, cells) in rows {
        let (style, mark) = mark(&operation.totals);
        let mut line = format!("{} {}", styled(style, mark), pad(&operation.name, name_width));
        let mut gap = 0;
        for ((style, text), column) in cells.iter().zip(&widths) {
            let _ = write!(line, "{}  {}", " ".repeat(gap), styled(*style, text));
            gap = column - width(text);
        }
        let _ = writeln!(out, "{line}");
    }
    if !missing.is_empty() {
        let names: Vec<&str> = missing.iter().map(|operation| operation.name.as_str()).collect();
        let _ = writeln!(out, "{} unsupported ({}): {}", styled(QUIET, "–"), names.len(), some(&names, 8));
    }
    if !report.operations.is_empty() {
        out.push('\n');
    }
}

/// One symbol for an operation.
fn mark(totals: &Totals) -> (Style, &'static str) {
    if totals.failed > 0 {
        (BAD, "✗")
    } else if totals.passed > 0 {
        (GOOD, "✓")
    } else if totals.indeterminate > 0 {
        (UNSURE, "?")
    } else {
        (QUIET, "–")
    }
}

/// One family of one operation: `✓ 12`, `✗ 3/12`, `? 4`, and `✓ 8 ?4` for both.
fn cell(totals: Option<&Totals>) -> (Style, String) {
    let Some(totals) = totals else { return (QUIET, "·".to_owned()) };
    let (style, symbol) = mark(totals);
    let main = if totals.failed > 0 {
        format!("{symbol} {}/{}", totals.failed, totals.scored())
    } else if totals.passed > 0 {
        format!("{symbol} {}", totals.passed)
    } else if totals.indeterminate > 0 {
        return (style, format!("{symbol} {}", totals.indeterminate));
    } else {
        return (style, symbol.to_owned());
    };
    let unsure = if totals.indeterminate > 0 { format!(" ?{}", totals.indeterminate) } else { String::new() };
    (style, main + &unsure)
}

fn failures(out: &mut String, report: &Report) {
    let musts: Vec<&FindingEntry> = report.new_findings(Level::Must).collect();
    for kept in musts.iter().take(SPELLED_OUT) {
        finding(out, kept, BAD);
    }
    let silent = musts.len().saturating_sub(SPELLED_OUT) as u64 + report.omitted(Level::Must);
    if silent > 0 {
        let _ = writeln!(out, "… and {} more at level must; by check:", count(silent, "finding"));
        for FindingCount { check, count, operations, .. } in counts(report, Level::Must) {
            let operations: Vec<&str> = operations.iter().map(String::as_str).collect();
            let _ = writeln!(out, "  {check}  {count} in {}", some(&operations, 4));
        }
        out.push('\n');
    }
}

fn counts(report: &Report, level: Level) -> impl Iterator<Item = &FindingCount> {
    // Sorted by level and name, both from the end.
    report.finding_counts.iter().rev().filter(move |count| count.level == level)
}

fn finding(out: &mut String, finding: &FindingEntry, style: Style) {
    let _ =
        writeln!(out, "{} {}", styled(style, finding.level.word()), styled(STRONG, &printable(&finding.case, VALUE)));
    let mut row = |label: &str, text: &str| {
        if !text.is_empty() {
            let _ = writeln!(out, "  {}  {}", styled(QUIET, &pad(label, 8)), printable(text, VALUE));
        }
    };
    if finding.check != check_of(&finding.case) {
        row("check", &finding.check);
    }
    for (label, text) in finding.rows() {
        row(label, text);
    }
    for (at, step) in finding.steps.iter().enumerate().take(STEPS) {
        row(if at == 0 { "steps" } else { "" }, step);
    }
    row("request", &finding.request_line().unwrap_or_default());
    row("replay", finding.replay.as_deref().unwrap_or_default());
    out.push('\n');
}

/// Findings below must: grouped by check, with the first as an example.
fn lesser(out: &mut String, report: &Report, level: Level, all: bool) {
    let remembered: Vec<&FindingEntry> = report.new_findings(level).collect();
    if all {
        for kept in &remembered {
            finding(out, kept, UNSURE);
        }
        if report.omitted(level) > 0 {
            let _ = writeln!(out, "… and {} more\n", count(report.omitted(level), level.word()));
        }
        return;
    }
    let groups: Vec<&FindingCount> = counts(report, level).collect();
    if groups.is_empty() {
        return;
    }
    let total: u64 = groups.iter().map(|group| group.count).sum();
    let hint = styled(QUIET, "(--notes shows them)");
    let _ = writeln!(out, "{}: {} {hint}", styled(UNSURE, level.word()), count(total, "finding"));
    for FindingCount { check, count, operations, .. } in groups {
        let operations: Vec<&str> = operations.iter().map(String::as_str).collect();
        let _ = writeln!(out, "  {check}  {count} in {}", some(&operations, 3));
        if let Some(finding) = remembered.iter().find(|finding| finding.check == *check) {
            let place = if finding.pointer.is_empty() { String::new() } else { format!(" at {}", finding.pointer) };
            let text = format!("{}: {}{place}", finding.operation, finding.actual);
            let _ = writeln!(out, "    {}", styled(QUIET, &format!("e.g. {}", printable(&text, 160))));
        }
    }
    out.push('\n');
}

fn learned(out: &mut String, report: &Report, all: bool) {
    if report.learned.is_empty() {
        return;
    }
    let _ = writeln!(out, "learned {}", styled(QUIET, "(recorded, not judged)"));
    let (most_topics, most_facts) = if all { (usize::MAX, usize::MAX) } else { (15, 4) };
    // `taken name, CreateRule` and `taken name, CreateContactFlow` are one topic with two subjects.
    let mut topics: BTreeMap<&str, Vec<(String, u64)>> = BTreeMap::new();
    for (topic, facts) in &report.learned {
        let (topic, subject) = match topic.rsplit_once(", ").filter(|(_, subject)| !subject.contains(' ')) {
            Some((topic, subject)) => (topic, format!("{subject} ")),
            None => (topic.as_str(), String::new()),
        };
        topics.entry(topic).or_default().extend(facts.iter().map(|(fact, n)| (format!("{subject}{fact}"), *n)));
    }
    for (topic, mut facts) in topics.iter_mut().take(most_topics).map(|(topic, facts)| (topic, std::mem::take(facts))) {
        // What was seen most first; the map's order decides between equals.
        facts.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
        let shown: Vec<String> =
            facts.iter().take(most_facts).map(|(fact, times)| format!("{} ({times}×)", printable(fact, 160))).collect();
        let more = facts.len().saturating_sub(most_facts);
        let more = if more > 0 { format!(" … and {more} more") } else { String::new() };
        let _ = writeln!(out, "  {}: {}{more}", printable(topic, 160), shown.join(", "));
    }
    if topics.len() > most_topics {
        let more = topics.len() - most_topics;
        let _ = writeln!(out, "  … and {more} more topics; --notes shows them, report.json has them");
    }
    out.push('\n');
}

fn indeterminate(out: &mut String, report: &Report) {
    if report.indeterminate.is_empty() {
        return;
    }
    let mut reasons: Vec<_> = report.indeterminate.iter().collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.count));
    let _ = writeln!(out, "{}: {}", styled(UNSURE, "indeterminate"), count(report.totals.indeterminate, "trial"));
    for reason in reasons.iter().take(6) {
        let example = reason.cases.first().map(|case| format!(" (e.g. {case})")).unwrap_or_default();
        let (why, example) = (printable(&reason.reason, 200), styled(QUIET, &printable(&example, 160)));
        let _ = writeln!(out, "  {}  {why}{example}", reason.count);
    }
    if reasons.len() > 6 {
        let _ = writeln!(out, "  … and {} more", count(reasons.len() as u64 - 6, "reason"));
    }
    out.push('\n');
}

/// What the bookkeeping of known divergences has to say.
fn bookkeeping(out: &mut String, report: &Report) {
    let of = |result: TrialResult| report.cases.iter().filter(move |line| line.outcome == result);
    for (result, style) in [(TrialResult::Known, QUIET), (TrialResult::Stale, UNSURE)] {
        let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for line in of(result) {
            reasons.entry(line.why.as_deref().unwrap_or_default()).or_default().push(&line.case);
        }
        if reasons.is_empty() {
            continue;
        }
        let total: usize = reasons.values().map(Vec::len).sum();
        let _ = writeln!(out, "{}: {}", styled(style, result.word()), count(total as u64, "trial"));
        for (why, cases) in reasons {
            let _ = writeln!(out, "  {}  {}", cases.len(), printable(why, 300));
            let _ = writeln!(out, "    {}", styled(QUIET, &printable(&some(&cases, 3), VALUE)));
        }
        out.push('\n');
    }
}

fn leaks(out: &mut String, report: &Report) {
    if report.leaks.is_empty() {
        return;
    }
    let _ = writeln!(out, "{}", styled(BAD, &format!("still there: {}", count(report.leaks.len() as u64, "resource"))));
    for leak in &report.leaks {
        let _ = writeln!(out, "  {}", printable(leak, VALUE));
    }
    for journal in &report.journals {
        let _ = writeln!(out, "  journal: {}; `connect-conformance sweep` works it off", printable(journal, VALUE));
    }
    out.push('\n');
}

/// Against the run before.
fn trend(out: &mut String, report: &Report) {
    let Some(before) = report.trend.last() else { return };
    let when = before.started.as_deref().unwrap_or("an unknown time");
    let Some(change) = &report.change else { return };
    let part = |cases: &[String], what: &str| match cases {
        [] => None,
        cases => {
            let cases: Vec<&str> = cases.iter().map(String::as_str).collect();
            Some(format!("{what} ({}): {}", cases.len(), some(&cases, 3)))
        }
    };
    let parts: Vec<String> = [part(&change.new_failures, "fails now"), part(&change.gone_failures, "passes now")]
        .into_iter()
        .flatten()
        .collect();
    let text = if parts.is_empty() { "the same cases fail".to_owned() } else { parts.join("; ") };
    let _ = writeln!(out, "against the run of {when}: {}\n", printable(&text, 1000));
}

fn totals(out: &mut String, report: &Report) {
    let totals = &report.totals;
    let mut parts = vec![format!("{} planned", totals.planned), format!("{} executed", totals.executed)];
    let counts = [
        (totals.passed, "passed", GOOD),
        (totals.failed, "failed", BAD),
        (totals.known, "known", UNSURE),
        (totals.stale, "stale", UNSURE),
        (totals.unsupported, "unsupported", QUIET),
        (totals.indeterminate, "indeterminate", UNSURE),
    ];
    for (number, word, style) in counts.into_iter().filter(|(number, word, _)| *number > 0 || *word == "passed") {
        parts.push(styled(style, &format!("{number} {word}")));
    }
    parts.push(format!("{:.1} s", report.duration_ms as f64 / 1000.0));
    let _ = writeln!(out, "{}", parts.join(" · "));
    let coverage = &report.coverage;
    let parts = [
        (coverage.members, "members sent or received"),
        (coverage.constraints, "constraints broken on purpose"),
        (coverage.errors, "listed errors seen"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter_map(|(ratio, what)| ratio.map(|ratio| format!("{} of {} {what}", ratio.covered, ratio.total)))
        .collect();
    if !parts.is_empty() {
        let _ = writeln!(out, "{}", styled(QUIET, &parts.join(" · ")));
    }
    let (style, word, sentence) = verdict(report);
    let _ = writeln!(out, "{}: {sentence}", styled(style.bold(), word));
    for remedy in remedies(report) {
        let _ = writeln!(out, "  {remedy}");
    }
}

fn verdict(report: &Report) -> (Style, &'static str, String) {
    let totals = &report.totals;
    let scored = totals.scored();
    match report.exit() {
        Exit::Findings => {
            let operations = report.operations.iter().filter(|operation| operation.totals.failed > 0).count() as u64;
            let sentence = format!(
                "{} of {scored} scored trials break the contract, in {}.",
                totals.failed,
                count(operations, "operation")
            );
            (BAD, "NOT CONFORMING", sentence)
        }
        Exit::Inconclusive if totals.executed != totals.planned => {
            let why = match &report.stopped_because {
                Some(why) => format!("The run was stopped ({why})"),
                None => "Trials were lost".to_owned(),
            };
            let failed =
                if totals.failed > 0 { format!(" {} failed until then.", totals.failed) } else { String::new() };
            let sentence = format!("{why}: {} of {} trials were executed.{failed}", totals.executed, totals.planned);
            (UNSURE, "INCOMPLETE", sentence)
        }
        Exit::Inconclusive if scored > 0 => {
            let sentence = "Only the form of errors could be judged: no request was accepted.".to_owned();
            (UNSURE, "NOTHING ACCEPTED", sentence)
        }
        Exit::Inconclusive => {
            (UNSURE, "NOTHING SCORED", "No trial came to a judgement, so nothing is known.".to_owned())
        }
        Exit::Leaked => {
            let sentence = format!(
                "{} still there, see above. {} of {scored} scored trials failed.",
                if report.leaks.len() == 1 { "A resource of the run is" } else { "Resources of the run are" },
                totals.failed
            );
            (BAD, "LEAKED", sentence)
        }
        Exit::Stale if report.golden_is_stale() => {
            (UNSURE, "STALE", "Recorded answers are stale or belong to nothing; `record` makes them anew.".to_owned())
        }
        Exit::Stale => {
            let sentence = "Known divergences are not what the bookkeeping says; correct or remove the entries above.";
            (UNSURE, "STALE", sentence.to_owned())
        }
        _ => (GOOD, "CONFORMING", format!("{} that could be scored, all of them pass.", count(scored, "trial"))),
    }
}

/// What would make a run that tests little test more.
fn remedies(report: &Report) -> Vec<String> {
    let totals = &report.totals;
    let mut remedies = Vec::new();
    if totals.executed == 0 || totals.scored() * 2 >= totals.executed {
        return remedies;
    }
    remedies.push(format!(
        "Little was tested: {} of {} executed trials could be scored.",
        totals.scored(),
        totals.executed
    ));
    if totals.unsupported * 2 > totals.executed {
        remedies.push(
            "Most operations are not offered: is this the right endpoint? --operations narrows the run, --require makes \
             a missing operation fail."
                .to_owned(),
        );
    }
    if totals.indeterminate > 0 && !report.target.signed && !report.target.loopback {
        remedies.push(
            "Requests were unsigned: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give --profile.".to_owned(),
        );
    }
    if totals.indeterminate > 0 && report.target.instance_id.is_none() && !report.target.loopback {
        remedies.push("No instance was given: --instance-id names one to work in.".to_owned());
    }
    remedies
}

/// The first few names, and how many more there are.
fn some(names: &[&str], limit: usize) -> String {
    let shown = names.iter().take(limit).copied().collect::<Vec<_>>().join(", ");
    if names.len() > limit { format!("{shown} … and {} more", names.len() - limit) } else { shown }
}

pub(crate) fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Like [`count`], for a phrase that begins with its noun.
fn plural(number: u64, phrase: &str) -> String {
    match phrase.split_once(' ') {
        Some((noun, rest)) => format!("{} {rest}", count(number, noun)),
        None => count(number, phrase),
    }
}

fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn pad(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(width(text))))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::report::samples;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn a_run_with_everything_reads_well() {
        let record = samples::mixed();
        let report = record.report();
        let expected = "\
http://127.0.0.1:9 (unsigned)
Connect 2017-08-08 · model 0123456789ab · seed 42 · instance none given
10 trials on 5 operations

                shape  invalid
✗ CreateRule    ✓ 2    ✗ 1/3
✓ DescribeRule  ✓ 1    ? 1
? ListRules     ? 1    ·
– unsupported (2): ClaimPhoneNumber, DeleteRule

must CreateRule/invalid.enum-unknown/Actions[].ActionType
  rule      a value outside of the enum is refused
  expected  an error
  actual    200 \\u{1b}[31mred
  at        /Actions/0/ActionType
  request   POST /rules/i?x=%2F -> 200
  replay    cargo conformance replay FOLDER/findings/CreateRule_invalid.enum-unknown_Actions__.ActionType.json

should: 1 finding (--notes shows them)
  shape.request-id  1 in DescribeRule
    e.g. DescribeRule: no x-amzn-requestid

learned (recorded, not judged)
  token-mismatch: answers 400 (1×)

indeterminate: 2 trials
  2  throttled (e.g. DescribeRule/invalid.pattern)

known: 1 trial
  1  ticket 7
    CreateRule/invalid.length-max/Name

10 planned · 10 executed · 4 passed · 1 failed · 1 known · 2 unsupported · 2 indeterminate · 1.5 s
NOT CONFORMING: 1 of 6 scored trials break the contract, in 1 operation.
";
        let text = plain(&(header(&report) + &body(&report, false)));
        let folder = record.folder().unwrap().parent().unwrap().display().to_string();
        let text = text.replace(&folder, "FOLDER");
        assert_eq!(text, expected);
    }

    #[test]
    fn verdicts_say_what_they_mean() {
        let rows: [(samples::Outcomes, &str); 5] = [
            (&[("A", "pass"), ("B", "pass")], "CONFORMING: 2 trials that could be scored, all of them pass."),
            (&[("A", "pass"), ("B", "lost")], "INCOMPLETE: Trials were lost: 1 of 2 trials were executed."),
            (
                &[("A", "fail"), ("B", "lost")],
                "INCOMPLETE: Trials were lost: 1 of 2 trials were executed. 1 failed until then.",
            ),
            (&[("A", "unsupported")], "NOTHING SCORED: No trial came to a judgement, so nothing is known."),
            (&[], "NOTHING SCORED: No trial came to a judgement, so nothing is known."),
        ];
        for (outcomes, expected) in rows {
            let text = plain(&body(&samples::record(outcomes).report(), false));
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn many_unsupported_operations_take_one_line() {
        let names: Vec<String> = (0..395).map(|at| format!("Operation{at:03}")).collect();
        let mut outcomes: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "unsupported")).collect();
        outcomes.push(("ListRules", "pass"));
        let text = plain(&body(&samples::record(&outcomes).report(), false));
        assert!(text.contains("– unsupported (395): Operation000, Operation001,"), "{text}");
        assert!(text.contains("Operation007 … and 387 more"), "{text}");
        assert!(text.contains("Little was tested: 1 of 396"), "{text}");
        assert!(text.lines().count() < 10, "{text}");
    }
}
