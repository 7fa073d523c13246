//! Changes as text, JSON and Markdown.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json as object};

use super::{Change, Class};

/// Maximum number of operations named on a line; the rest is counted. JSON names all of them.
const NAMED: usize = 4;

/// Formats changes for a terminal: one line per change, grouped by class, then the counts.
pub fn text(changes: &[Change]) -> String {
    let mut out = String::new();
    for (class, of_class) in by_class(changes) {
        let _ = writeln!(out, "{} ({})", class.title(), of_class.len());
        for change in of_class {
            let _ = write!(out, "  {}  {}: {}", change.rule, change.path, change.message);
            let affected = affected(change);
            let _ = if affected.is_empty() { writeln!(out) } else { writeln!(out, "  [{affected}]") };
        }
        out.push('\n');
    }
    out.push_str(&summary(changes));
    out.push('\n');
    out
}

/// Formats changes for a terminal, grouped by operation, most severe first. A change of a shape is listed under every
/// operation that it affects.
pub fn text_by_operation(changes: &[Change]) -> String {
    let mut out = String::new();
    for (operation, of_operation) in by_operation(changes) {
        let _ = writeln!(out, "{operation} ({})", counts(&of_operation));
        for change in of_operation {
            let _ = writeln!(out, "  {}  {}: {}", change.rule, change.path, change.message);
        }
        out.push('\n');
    }
    out.push_str(&summary(changes));
    out.push('\n');
    out
}

/// Formats changes for a review, grouped by operation.
pub fn markdown_by_operation(changes: &[Change]) -> String {
    let mut out = format!("{}\n", summary(changes));
    for (operation, of_operation) in by_operation(changes) {
        let _ = write!(out, "\n## {operation}\n\n{}\n\n", counts(&of_operation));
        for change in of_operation {
            let _ = writeln!(out, "- {}: {} ({})", code(&change.path), cell(&change.message), change.rule);
        }
    }
    out
}

/// Groups changes by operation, sorted by name. Changes without operations belong to the service.
fn by_operation(changes: &[Change]) -> BTreeMap<&str, Vec<&Change>> {
    let mut grouped: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        if change.operations.is_empty() {
            grouped.entry("(the service)").or_default().push(change);
        }
        for operation in &change.operations {
            grouped.entry(operation).or_default().push(change);
        }
    }
    grouped
}

/// Formats counts as `1 breaking for clients, 2 compatible`.
fn counts(changes: &[&Change]) -> String {
    let of = |class: Class| (class, changes.iter().filter(|change| change.class == class).count());
    let counts = Class::ALL.into_iter().map(of).filter(|(_, count)| *count > 0);
    let words = counts.map(|(class, count)| format!("{count} {}", class.title().to_lowercase()));
    words.collect::<Vec<_>>().join(", ")
}

/// Formats changes as one JSON document: `{"totals":{CLASS: count},"changes":[…]}`.
pub fn json(changes: &[Change]) -> String {
    let totals: serde_json::Map<String, Value> = Class::ALL
        .iter()
        .map(|class| {
            let name = object!(class).as_str().unwrap_or_default().to_owned();
            (name, changes.iter().filter(|change| change.class == *class).count().into())
        })
        .collect();
    // Formatting cannot fail: all keys are strings.
    format!("{:#}\n", object!({"totals": totals, "changes": changes}))
}

/// Formats changes for a review, with a table per class.
pub fn markdown(changes: &[Change]) -> String {
    let mut out = format!("{}\n", summary(changes));
    for (class, of_class) in by_class(changes) {
        let _ = write!(out, "\n## {}\n\n| what | change | rule | operations |\n|---|---|---|---|\n", class.title());
        for change in of_class {
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} |",
                code(&change.path),
                cell(&change.message),
                change.rule,
                affected(change)
            );
        }
    }
    out
}

fn by_class(changes: &[Change]) -> impl Iterator<Item = (Class, Vec<&Change>)> {
    Class::ALL
        .into_iter()
        .map(|class| (class, changes.iter().filter(|change| change.class == class).collect::<Vec<_>>()))
        .filter(|(_, changes)| !changes.is_empty())
}

fn summary(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "No change.".to_owned();
    }
    format!("{}.", counts(&changes.iter().collect::<Vec<_>>()))
}

/// Lists the operations that a change affects; empty if its path already names the only one.
fn affected(change: &Change) -> String {
    let names = &change.operations;
    if names.len() == 1 && change.path.split('.').next() == names.first().map(String::as_str) {
        return String::new();
    }
    let mut text = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > NAMED {
        let _ = write!(text, " and {} more", names.len() - NAMED);
    }
    text
}

/// Escapes text for a table cell, so that nothing in it ends the cell or becomes markup.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '\n' | '\r' => out.push(' '),
            '\\' | '|' | '`' | '*' | '_' | '<' | '[' | ']' => out.extend(['\\', letter]),
            other => out.push(other),
        }
    }
    out
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}
