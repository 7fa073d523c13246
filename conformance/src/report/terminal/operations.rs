//! The table of operations by family of checks.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anstyle::Style;
use connect_checks::families::FAMILIES;

use super::{BAD, GOOD, QUIET, UNSURE, styled};
use crate::outcome::{CaseOutcome, Totals};
use crate::report::json::{Operation, Report};
use crate::report::text::some;

/// Writes the table, and the unsupported operations below it.
pub(super) fn operations(out: &mut String, report: &Report) {
    let (offered, missing): (Vec<_>, Vec<_>) = report.operations.iter().partition(|operation| operation.supported);
    let present: BTreeSet<&str> =
        offered.iter().flat_map(|operation| operation.families.keys()).map(String::as_str).collect();
    let columns: Vec<&str> =
        FAMILIES.iter().map(|family| family.name).filter(|family| present.contains(family)).collect();
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
        let _ = writeln!(
            out,
            "{} unsupported ({}): {}",
            styled(QUIET, CaseOutcome::Unsupported.sign()),
            names.len(),
            some(&names, 8)
        );
    }
    if !report.operations.is_empty() {
        out.push('\n');
    }
}

/// The sign of the worst outcome that says something, and its style.
fn mark(totals: &Totals) -> (Style, &'static str) {
    let (style, outcome) = if totals.failed > 0 {
        (BAD, CaseOutcome::Failed)
    } else if totals.passed > 0 {
        (GOOD, CaseOutcome::Passed)
    } else if totals.indeterminate > 0 {
        (UNSURE, CaseOutcome::Indeterminate)
    } else {
        (QUIET, CaseOutcome::Unsupported)
    };
    (style, outcome.sign())
}

/// A family of an operation: `✓ 12`, `✗ 3/12`, `? 4`, or `✓ 8 ?4` with indeterminate cases.
fn cell(totals: Option<&Totals>) -> (Style, String) {
    let Some(totals) = totals else { return (QUIET, "·".to_owned()) };
    let (style, sign) = mark(totals);
    let main = if totals.failed > 0 {
        format!("{sign} {}/{}", totals.failed, totals.scored())
    } else if totals.passed > 0 {
        format!("{sign} {}", totals.passed)
    } else if totals.indeterminate > 0 {
        return (style, format!("{sign} {}", totals.indeterminate));
    } else {
        return (style, sign.to_owned());
    };
    let unsure = if totals.indeterminate > 0 { format!(" ?{}", totals.indeterminate) } else { String::new() };
    (style, main + &unsure)
}

fn width(text: &str) -> usize {
    text.chars().count()
}

pub(super) fn pad(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(width(text))))
}
