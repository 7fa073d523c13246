//! Findings, and the facts that were recorded beside them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::Style;
use connect_checks::case::{Level, check_of};

use super::operations::pad;
use super::{BAD, QUIET, STRONG, UNSURE, VALUE, styled};
use crate::report::json::{FindingCount, FindingEntry, Report};
use crate::report::text::{count, printable, some};

/// Steps of one finding; the case file has all of them.
const STEPS: usize = 40;

/// Findings at level must that are listed one by one; report.json has all of them.
const LISTED: usize = 50;

/// Writes findings at level must.
pub(super) fn failures(out: &mut String, report: &Report) {
    let musts: Vec<&FindingEntry> = report.new_findings(Level::Must).collect();
    for entry in musts.iter().take(LISTED) {
        finding(out, entry, BAD);
    }
    let unlisted = musts.len().saturating_sub(LISTED) as u64 + report.omitted(Level::Must);
    if unlisted > 0 {
        let _ = writeln!(out, "… and {} more at level must; by check:", count(unlisted, "finding"));
        for FindingCount { check, count, operations, .. } in counts(report, Level::Must) {
            let operations: Vec<&str> = operations.iter().map(String::as_str).collect();
            let _ = writeln!(out, "  {check}  {count} in {}", some(&operations, 4));
        }
        out.push('\n');
    }
}

fn counts(report: &Report, level: Level) -> impl Iterator<Item = &FindingCount> {
    // They are sorted by level and check in descending order.
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

/// Writes recorded facts.
pub(super) fn learned(out: &mut String, report: &Report, all: bool) {
    if report.learned.is_empty() {
        return;
    }
    let _ = writeln!(out, "learned {}", styled(QUIET, "(recorded, not judged)"));
    let (most_topics, most_facts) = if all { (usize::MAX, usize::MAX) } else { (15, 4) };
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
