//! The table of operations by family of checks.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use connect_checks::families::FAMILIES;

use super::{BAD, GOOD, QUIET, UNSURE, styled};
use crate::outcome::{CaseOutcome, Totals};
use crate::report::json::{Operation, Report};
use crate::report::output::Tone;
use crate::report::text::{count, some};

/// Writes the table, and the unsupported operations below it. Without `all`, operations without problems are folded into one
/// line. A table that is wider than `columns` becomes a list.
pub(super) fn operations(out: &mut String, report: &Report, all: bool, columns_of_terminal: usize) {
    let (offered, missing): (Vec<_>, Vec<_>) = report.operations.iter().partition(|operation| operation.supported);
    let (offered, folded): (Vec<_>, Vec<_>) =
        offered.into_iter().partition(|operation| all || !is_unremarkable(&operation.totals));
    if !folded.is_empty() {
        let names: Vec<&str> = folded.iter().map(|operation| operation.name.as_str()).collect();
        let _ = writeln!(
            out,
            "{} {} without problems: {}",
            styled(GOOD, CaseOutcome::Passed.sign()),
            count(names.len() as u64, "operation"),
            some(&names, 3)
        );
    }
    let present: BTreeSet<&str> =
        offered.iter().flat_map(|operation| operation.families.keys()).map(String::as_str).collect();
    let columns: Vec<&str> =
        FAMILIES.iter().map(|family| family.name).filter(|family| present.contains(family)).collect();
    let rows: Vec<(&Operation, Vec<(Tone, String)>)> = offered
        .iter()
        .map(|operation| (*operation, columns.iter().map(|family| cell(operation.families.get(*family))).collect()))
        .collect();
    let longest = offered.iter().map(|operation| width(&operation.name)).max().unwrap_or(0);
    let name_width = if columns.is_empty() { 0 } else { longest };
    let widths: Vec<usize> = (columns.iter().enumerate())
        .map(|(at, column)| rows.iter().map(|(_, cells)| width(&cells[at].1)).chain([width(column)]).max().unwrap_or(0))
        .collect();
    let total = 2 + name_width + widths.iter().map(|width| width + 2).sum::<usize>();
    let narrow = total > columns_of_terminal;
    if !columns.is_empty() && !narrow {
        let heads =
            columns.iter().zip(&widths).map(|(column, width)| pad(column, *width)).collect::<Vec<_>>().join("  ");
        let _ = writeln!(out, "  {}  {}", " ".repeat(name_width), styled(QUIET, heads.trim_end()));
    }
    let hidden = if all { 0 } else { rows.len().saturating_sub(LISTED) };
    for (operation, cells) in rows.into_iter().take(if all { usize::MAX } else { LISTED }) {
        let (style, mark) = mark(&operation.totals);
        if narrow {
            let _ = writeln!(out, "{} {}", styled(style, mark), operation.name);
            let cells = columns.iter().zip(&cells).filter(|(_, (_, text))| text != NOTHING);
            for (family, (style, text)) in cells {
                let _ = writeln!(out, "    {family} {}", styled(*style, text));
            }
            continue;
        }
        let mut line = format!("{} {}", styled(style, mark), pad(&operation.name, name_width));
        let mut gap = 0;
        for ((style, text), column) in cells.iter().zip(&widths) {
            let _ = write!(line, "{}  {}", " ".repeat(gap), styled(*style, text));
            gap = column - width(text);
        }
        let _ = writeln!(out, "{line}");
    }
    if hidden > 0 {
        let _ = writeln!(out, "… and {}; -v shows them", count(hidden as u64, "further operation"));
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

/// True if every judged case passes, and some case was judged.
fn is_unremarkable(totals: &Totals) -> bool {
    totals.passed > 0 && totals.passed + totals.unsupported == totals.executed && totals.executed == totals.planned
}

/// Operations in the table, unless all are asked for. The causes below it matter more.
const LISTED: usize = 25;

/// The cell of a family without cases.
const NOTHING: &str = "·";

/// The sign of the worst outcome that says something, and its style.
fn mark(totals: &Totals) -> (Tone, &'static str) {
    let (style, outcome) = if totals.failed > 0 {
        (BAD, CaseOutcome::Failed)
    } else if totals.stale > 0 {
        (UNSURE, CaseOutcome::Stale)
    } else if totals.known > 0 {
        (UNSURE, CaseOutcome::Known)
    } else if totals.passed > 0 {
        (GOOD, CaseOutcome::Passed)
    } else if totals.indeterminate > 0 {
        (UNSURE, CaseOutcome::Indeterminate)
    } else {
        (QUIET, CaseOutcome::Unsupported)
    };
    (style, outcome.sign())
}

/// A family of an operation: `✓ 12`, `✗ 3/12`, `≈ 2/12` with known divergences, `? 4`, or `✓ 8 ?4` with indeterminate cases.
fn cell(totals: Option<&Totals>) -> (Tone, String) {
    let Some(totals) = totals else { return (QUIET, NOTHING.to_owned()) };
    let (style, sign) = mark(totals);
    let main = if totals.failed > 0 {
        format!("{sign} {}/{}", totals.failed, totals.scored())
    } else if totals.stale + totals.known > 0 {
        let some = if totals.stale > 0 { totals.stale } else { totals.known };
        format!("{sign} {some}/{}", totals.scored())
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
