//! The report on GitHub Actions: annotations on stdout, and the summary of the step. The environment variables of the
//! GitHub runner say where each goes; elsewhere nothing is written.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use connect_model::files;

use crate::outcome::CaseOutcome;
use crate::report::conclusion;
use crate::report::json::Report;
use crate::report::text::{printable, some};

/// Annotations that GitHub shows of one step. Source: GitHub's limits of workflow commands.
const ANNOTATIONS: usize = 10;

/// Operations that a cause names.
const OPERATIONS: usize = 5;

/// Rows of each table in the summary.
const ROWS: usize = 50;

/// Lines for stdout that become annotations.
pub fn annotations(report: &Report) -> String {
    let mut text = String::new();
    for cause in report.failing().take(ANNOTATIONS) {
        let example = report.example_of(cause);
        let rows = example.map(|example| {
            let replay = example.replay.as_deref().unwrap_or_default();
            format!("expected {}\nactual {}\n{replay}", example.expected, example.actual)
        });
        let message = format!("{} ({})\n{}", cause.reach(OPERATIONS), cause.id, rows.unwrap_or_default());
        let title = property(&printable(&cause.rule, 200));
        let _ = writeln!(text, "::error title={title}::{}", data(&printable_lines(&message)));
    }
    for line in report.leaks.iter().take(ANNOTATIONS) {
        let _ = writeln!(text, "::error title=leaked resource::{}", data(&printable(line, 400)));
    }
    for line in report.stale.iter().take(ANNOTATIONS) {
        let _ = writeln!(text, "::warning title=stale::{}", data(&printable(line, 400)));
    }
    text
}

/// The summary of the step, in Markdown.
pub fn summary(report: &Report) -> String {
    let totals = &report.totals;
    let mut text = format!("## Contract of {}: {}\n\n", cell(&report.model.service), report.exit().heading());
    let _ = writeln!(text, "{}\n", cell(&conclusion::sentence(report)));
    let _ = writeln!(
        text,
        "{} · seed {} · model {}\n",
        code(&report.target.endpoint),
        report.seed,
        code(&report.model.digest[..report.model.digest.len().min(12)])
    );
    let outcomes = CaseOutcome::IN_TOTALS.map(|outcome| (outcome.word(), totals.of(outcome)));
    let counts: Vec<_> =
        [("planned", totals.planned), ("executed", totals.executed)].into_iter().chain(outcomes).collect();
    let words: Vec<&str> = counts.iter().map(|(word, _)| *word).collect();
    let numbers: Vec<String> = counts.iter().map(|(_, number)| number.to_string()).collect();
    let _ = writeln!(text, "| {} |\n|{}", words.join(" | "), "--:|".repeat(words.len()));
    let _ = writeln!(text, "| {} |", numbers.join(" | "));
    if report.failing().next().is_some() {
        let _ = writeln!(text, "\n| | rule | harm | seen | cases | operations | id |\n|--:|---|---|---|--:|---|---|");
    }
    for (at, cause) in report.failing().take(ROWS).enumerate() {
        let names: Vec<&str> = cause.operations.iter().map(String::as_str).collect();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            at + 1,
            cell(&printable(&cause.rule, 300)),
            cell(cause.harm.describe()),
            code(&printable(&cause.way, 200)),
            cause.cases.len(),
            cell(&some(&names, OPERATIONS)),
            code(&cause.id)
        );
    }
    let new = report.change.iter().flat_map(|change| &change.new_failures).take(ROWS);
    let new: Vec<String> = new.map(|case| format!("- {}", code(case))).collect();
    if !new.is_empty() {
        let _ = writeln!(text, "\nNew failures since the last run:\n\n{}", new.join("\n"));
    }
    for (lines, what) in [(&report.leaks, "Leaked"), (&report.stale, "Stale")] {
        if !lines.is_empty() {
            let lines: Vec<String> = lines.iter().take(ROWS).map(|line| format!("- {}", cell(line))).collect();
            let _ = writeln!(text, "\n{what}:\n\n{}", lines.join("\n"));
        }
    }
    text
}

/// Appends the summary to the file of the step.
///
/// # Errors
/// The file cannot be written.
pub fn append(summary: &str, file: &Path) -> io::Result<()> {
    files::append(file, summary.as_bytes())
}

/// Text with escaped control characters, except for line breaks.
fn printable_lines(text: &str) -> String {
    text.lines().map(|line| printable(line, 400)).collect::<Vec<_>>().join("\n")
}

/// The message of a workflow command. Source: `escapeData` in the toolkit of GitHub Actions.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command. Source: `escapeProperty` in the toolkit of GitHub Actions.
fn property(text: &str) -> String {
    data(&printable(text, 200)).replace(':', "%3A").replace(',', "%2C")
}

/// Text for Markdown, with every markup character escaped.
fn cell(text: &str) -> String {
    let mut shown = String::new();
    for c in printable(text, 400).chars() {
        if c.is_ascii_punctuation() && !"-_.,:;/()'\"".contains(c) {
            let _ = write!(shown, "&#{};", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", cell(text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::report::samples;

    #[test]
    fn annotations_take_one_line_each_and_cannot_be_forged() {
        let mut report = samples::mixed().report();
        report.findings[0].actual = "200\n::error::forged %0A".to_owned();
        let text = annotations(&report);
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(
            text.starts_with(
                "::error title=input that breaks a constraint of the model is rejected::1 case in CreateRule"
            ),
            "{text}"
        );
        assert!(text.contains("%0A::error::forged %250A"), "{text}");
    }

    #[test]
    fn summary_has_counts_and_no_foreign_markup() {
        let mut report = samples::mixed().report();
        report.leaks = vec!["flow <img src=x> | `a` [b](c)".to_owned()];
        let text = summary(&report);
        assert!(text.contains("LEAKED"), "{text}");
        assert!(text.contains("| 10 | 10 | 4 | 1 | 1 | 0 | 2 | 2 |"), "{text}");
        assert!(text.contains("| <code>200</code> | 1 | CreateRule | <code>invalid-value&#126;"), "{text}");
        assert!(!text.contains("<img") && !text.contains("](c)"), "{text}");
    }
}
