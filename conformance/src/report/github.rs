//! The report on GitHub Actions: annotations on stdout, and the summary of the step. The environment variables of the
//! GitHub runner say where each goes; elsewhere nothing is written.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use connect_model::files;
use connect_model::text::prefix;

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

/// An annotation of the step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// `error` or `warning`.
    pub name: &'static str,
    /// Its title.
    pub title: String,
    /// Its message, in lines.
    pub message: String,
}

/// The annotations of a report.
pub fn annotations(report: &Report) -> Vec<Annotation> {
    let mut annotations = Vec::new();
    for cause in report.failing().take(ANNOTATIONS) {
        let example = report.example_of(cause);
        let rows = example.map(|example| {
            let replay = example.replay.as_deref().unwrap_or_default();
            format!("expected {}\nactual {}\n{replay}", example.expected, example.actual)
        });
        let message = format!("{} ({})\n{}", cause.reach(OPERATIONS), cause.id, rows.unwrap_or_default());
        let title = printable(&report.title_of(cause), 200);
        annotations.push(Annotation { name: "error", title, message: printable_lines(&message) });
    }
    let lines = |lines: &[String], name, title: &str| -> Vec<Annotation> {
        let annotation = |line: &String| Annotation { name, title: title.to_owned(), message: printable(line, 400) };
        lines.iter().take(ANNOTATIONS).map(annotation).collect()
    };
    annotations.extend(lines(&report.leaks, "error", "leaked resource"));
    annotations.extend(lines(&report.stale, "warning", "stale"));
    annotations
}

/// The summary of the step, in Markdown.
pub fn summary(report: &Report) -> String {
    let totals = &report.totals;
    let mut text = format!("## Contract of {}: {}\n\n", cell(&report.model.service), report.exit().heading());
    let _ = writeln!(text, "{}\n", cell(&conclusion::sentence(report)));
    let _ = writeln!(
        text,
        "{} · seed {} · model {}\n",
        code(&report.target.endpoint.to_string()),
        report.seed,
        code(prefix(&report.model.digest, 12))
    );
    let outcomes = CaseOutcome::IN_TOTALS.map(|outcome| (outcome.word(), totals.of(outcome)));
    let counts: Vec<_> =
        [("planned", totals.planned), ("executed", totals.executed)].into_iter().chain(outcomes).collect();
    let words: Vec<&str> = counts.iter().map(|(word, _)| *word).collect();
    let numbers: Vec<String> = counts.iter().map(|(_, number)| number.to_string()).collect();
    let _ = writeln!(text, "| {} |\n|{}", words.join(" | "), "--:|".repeat(words.len()));
    let _ = writeln!(text, "| {} |", numbers.join(" | "));
    if report.failing().next().is_some() {
        let _ = writeln!(text, "\n| | cause | harm | seen | cases | operations | id |\n|--:|---|---|---|--:|---|---|");
    }
    for (at, cause) in report.failing().take(ROWS).enumerate() {
        let names: Vec<&str> = cause.operations.iter().map(String::as_str).collect();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            at + 1,
            cell(&printable(&report.title_of(cause), 300)),
            cell(cause.harm.describe()),
            code(&printable(&cause.way, 200)),
            cause.cases.len(),
            cell(&some(&names, OPERATIONS)),
            code(&cause.id)
        );
    }
    if let Some(change) = &report.change {
        for (cases, what) in
            [(&change.new_failures, "New failures since"), (&change.withdrawn, "Not offered any more since")]
        {
            let cases: Vec<String> = cases.iter().take(ROWS).map(|case| format!("- {}", code(case))).collect();
            if !cases.is_empty() {
                let _ = writeln!(text, "\n{what} the last run:\n\n{}", cases.join("\n"));
            }
        }
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
    fn annotations_name_the_cause_and_cannot_be_forged() {
        let mut report = samples::mixed().report();
        report.findings[0].actual = "200\n::error::forged %0A".to_owned();
        let annotations = annotations(&report);
        let [Annotation { name: "error", title, message }] = annotations.as_slice() else {
            panic!("{annotations:?}");
        };
        assert_eq!(title, "CreateRule accepted values that break a constraint of the model");
        assert!(message.starts_with("1 case in CreateRule"), "{message}");
        assert!(message.contains("\n:\\u{3a}error:\\u{3a}forged %0A\n"), "{message}");
    }

    #[test]
    fn causes_with_the_same_title_show_what_tells_them_apart() {
        let mut report = samples::mixed().report();
        let cause = report.failing().next().unwrap().clone();
        let title = "CreateRule accepted values that break a constraint of the model";
        assert_eq!(report.title_of(&cause), title);
        let other = |way: &str| {
            let mut other = cause.clone();
            (other.id, other.way) = ("invalid-value~12".to_owned(), way.to_owned());
            other
        };
        report.causes.push(other("202"));
        assert_eq!(report.title_of(&cause), format!("{title} (actual: 200)"));
        report.causes.pop();
        report.causes.push(other(&cause.way));
        assert_eq!(report.title_of(&cause), format!("{title} (expected: an error)"));
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
