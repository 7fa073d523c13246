//! Findings, and the facts that were recorded beside them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use connect_checks::case::{Level, check_of};
use connect_model::text::truncate;

use super::operations::pad;
use super::{BAD, Detail, QUIET, STRONG, UNSURE, VALUE, styled};
use crate::report::causes::Cause;
use crate::report::json::{FindingCount, FindingEntry, Report};
use crate::report::output::Tone;
use crate::report::text::{count, printable, some};

/// Steps of one finding; the case file has all of them.
const STEPS: usize = 40;

/// Characters of the sources of a rule; `explain` shows all of them.
const SOURCE: usize = 160;

/// Causes that are listed; report.json has all of them.
const LISTED: usize = 30;

/// Operations that a cause names.
const OPERATIONS: usize = 4;

/// Writes the causes of failures, gravest first, each with its smallest example.
pub(super) fn failures(out: &mut String, report: &Report) {
    let causes: Vec<&Cause> = report.failing().collect();
    if !causes.is_empty() {
        let _ = writeln!(out, "{}, gravest first\n", count(causes.len() as u64, "cause"));
    }
    for (at, cause) in causes.iter().take(LISTED).enumerate() {
        block(out, report, at + 1, cause);
    }
    let unlisted = causes.len().saturating_sub(LISTED) as u64;
    if unlisted > 0 {
        let _ = writeln!(out, "… and {} more; report.html shows them\n", count(unlisted, "cause"));
    }
}

/// One cause: rule, harm, reach and example.
fn block(out: &mut String, report: &Report, number: usize, cause: &Cause) {
    let is_new = report.change.as_ref().is_some_and(|change| change.new_causes.contains(&cause.id));
    let new = if is_new { styled(UNSURE, " new") } else { String::new() };
    let _ = writeln!(
        out,
        "{} {}{new}",
        styled(BAD, &format!("{number}.")),
        styled(STRONG, &printable(&report.title_of(cause), VALUE))
    );
    row(out, "rule", &cause.rule);
    row(out, "harm", cause.harm.describe());
    row(out, "cause", &format!("{}, {}", cause.id, cause.reach(OPERATIONS)));
    if cause.cases.len() > 1 && cause.way.contains(char::is_alphanumeric) {
        row(out, "seen", &cause.way);
    }
    let Some(example) = report.example_of(cause) else { return out.push('\n') };
    row(out, if cause.cases.len() > 1 { "example" } else { "case" }, &example.case);
    evidence(out, example, false);
    out.push('\n');
}

fn counts(report: &Report, level: Level) -> impl Iterator<Item = &FindingCount> {
    // They are sorted by level and check in descending order.
    report.finding_counts.iter().rev().filter(move |count| count.level == level)
}

fn finding(out: &mut String, finding: &FindingEntry, style: Tone) {
    let _ =
        writeln!(out, "{} {}", styled(style, finding.level.word()), styled(STRONG, &printable(&finding.case, VALUE)));
    if finding.check != check_of(&finding.case) {
        row(out, "check", &finding.check);
    }
    evidence(out, finding, true);
    out.push('\n');
}

/// Writes a labelled row, unless the text is empty.
fn row(out: &mut String, label: &str, text: &str) {
    if !text.is_empty() {
        let _ = writeln!(out, "  {}  {}", styled(QUIET, &pad(label, 8)), printable(text, VALUE));
    }
}

/// Writes the evidence of a finding, with its rule or without.
fn evidence(out: &mut String, finding: &FindingEntry, with_rule: bool) {
    for (label, text) in finding.rows().filter(|(label, _)| with_rule || *label != "rule") {
        row(out, label, text);
    }
    for (at, step) in finding.steps.iter().enumerate().take(STEPS) {
        row(out, if at == 0 { "steps" } else { "" }, step);
    }
    row(out, "request", &finding.request_line().unwrap_or_default());
    row(out, "source", &truncate(finding.evidence.as_str(), SOURCE));
    row(out, "replay", finding.replay.as_deref().unwrap_or_default());
}

/// Writes findings of a lower level: grouped by check with an example, or one by one.
pub(super) fn lesser(out: &mut String, report: &Report, level: Level, all: bool) {
    let listed: Vec<&FindingEntry> = report.new_findings(level).collect();
    if all {
        for entry in &listed {
            finding(out, entry, UNSURE);
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
        if let Some(finding) = listed.iter().find(|finding| finding.check == *check) {
            let pointer = if finding.pointer.is_empty() { String::new() } else { format!(" at {}", finding.pointer) };
            let text = format!("{}: {}{pointer}", finding.operation, finding.actual);
            let _ = writeln!(out, "    {}", styled(QUIET, &format!("e.g. {}", printable(&text, 160))));
        }
    }
    out.push('\n');
}

/// Writes answers that differ from those that were learned before.
pub(super) fn relearned(out: &mut String, report: &Report) {
    if report.relearned.is_empty() {
        return;
    }
    let _ = writeln!(out, "{}", styled(UNSURE, "answers that were not learned before"));
    for line in &report.relearned {
        let _ = writeln!(out, "  {}", printable(line, 600));
    }
    out.push('\n');
}

/// Writes recorded facts: their number, or all of them.
pub(super) fn learned(out: &mut String, report: &Report, detail: Detail) {
    if report.learned.is_empty() {
        return;
    }
    if !detail.verbose && !detail.notes {
        let topics = count(report.learned.len() as u64, "topic");
        let hint = styled(QUIET, "(recorded, not judged; -v shows them)");
        let _ = writeln!(out, "learned: facts about {topics} {hint}\n");
        return;
    }
    let _ = writeln!(out, "learned {}", styled(QUIET, "(recorded, not judged)"));
    let (most_topics, most_facts) = if detail.notes { (usize::MAX, usize::MAX) } else { (15, 4) };
    // `taken name, CreateRule` and `taken name, CreateContactFlow` become one topic with two subjects.
    let mut topics: BTreeMap<&str, Vec<(String, u64)>> = BTreeMap::new();
    for (topic, facts) in &report.learned {
        let (topic, subject) = match topic.rsplit_once(", ").filter(|(_, subject)| !subject.contains(' ')) {
            Some((topic, subject)) => (topic, format!("{subject} ")),
            None => (topic.as_str(), String::new()),
        };
        topics.entry(topic).or_default().extend(facts.iter().map(|(fact, n)| (format!("{subject}{fact}"), *n)));
    }
    for (topic, mut facts) in topics.iter_mut().take(most_topics).map(|(topic, facts)| (topic, std::mem::take(facts))) {
        // Most frequent first; the order of the map decides between equals.
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
