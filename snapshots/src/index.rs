//! Pages about the whole service: summaries of the pages of all operations.

use std::fmt::Write;

use connect_model::resources::Graph;
use connect_model::schema::{Kind, Operation, Schema, Shape};
use connect_model::semantics::danger::{Danger, danger};

use crate::contract;

/// Lists the operations that have a fact, with the fact.
fn list(schema: &Schema, fact: impl Fn(&Operation) -> Option<String>) -> String {
    let mut text = String::new();
    let mut listed = 0;
    for (_, operation) in schema.operations() {
        if let Some(fact) = fact(operation) {
            let _ = writeln!(text, "{}: {fact}", operation.name);
            listed += 1;
        }
    }
    format!("{listed} operations\n\n{text}")
}

pub(crate) fn operations(schema: &Schema) -> String {
    list(schema, |operation| {
        let effect = danger(schema, operation).describe();
        let deprecated = if operation.deprecated { "; deprecated" } else { "" };
        Some(format!("{} {}; {}; {effect}{deprecated}", operation.method, operation.uri, operation.status))
    })
}

/// The kinds of resource, with the operations on each.
pub(crate) fn resources(schema: &Schema) -> String {
    let graph = Graph::of(schema);
    format!("{} kinds\n\n{}", graph.kinds().len(), graph.text(schema, &[]))
}

pub(crate) fn pages(schema: &Schema) -> String {
    list(schema, |operation| operation.pagination.as_ref().map(contract::paging))
}

pub(crate) fn repetition(schema: &Schema) -> String {
    list(schema, |operation| {
        let has_token = schema.input_members(operation).is_some_and(|input| input.idempotency_token().is_some());
        let says = has_token || operation.idempotent;
        (says && danger(schema, operation) != Danger::Read).then(|| contract::repetition(schema, operation))
    })
}

/// Shapes sorted by name.
fn shapes(schema: &Schema) -> Vec<&Shape> {
    let mut shapes: Vec<&Shape> = schema.shapes().map(|(_, shape)| shape).collect();
    shapes.sort_by(|a, b| a.name.cmp(&b.name));
    shapes
}

pub(crate) fn enums(schema: &Schema) -> String {
    let mut text = String::new();
    let mut count = 0;
    for shape in shapes(schema) {
        let values: Vec<String> = match &shape.kind {
            Kind::Enum(values) => values.clone(),
            Kind::IntEnum(values) => values.iter().map(i64::to_string).collect(),
            _ => continue,
        };
        count += 1;
        let _ = writeln!(text, "\n{} ({})", shape.name, values.len());
        for value in values {
            let _ = writeln!(text, "  | {value}");
        }
    }
    format!("{count} enums\n{text}")
}

pub(crate) fn errors(schema: &Schema) -> String {
    let mut errors: Vec<_> = schema
        .shapes()
        .filter_map(|(id, shape)| shape.error.map(|error| (error.status, &shape.name, id, error)))
        .collect();
    errors.sort_by_key(|(status, name, ..)| (*status, *name));
    let mut text = format!("{} errors\n\n", errors.len());
    for (status, name, id, error) in errors {
        let listed = schema.operations().filter(|(_, operation)| operation.errors.contains(&id)).count();
        let fault = if error.server { "the server's" } else { "the client's" };
        let operations = if listed == 1 { "operation" } else { "operations" };
        let _ = writeln!(text, "{status} {name}: {fault}; listed by {listed} {operations}");
    }
    text
}

pub(crate) fn overrides(schema: &Schema) -> String {
    let mut text = format!("{} corrections\n", schema.applied_overrides.len());
    for correction in &schema.applied_overrides {
        let _ = write!(
            text,
            "\n{}\n  published: {}\n  read as:   {}\n  evidence:  {}\n  because:   {}\n",
            correction.shape,
            correction.from,
            correction.to,
            correction.evidence,
            correction.reason.split_whitespace().collect::<Vec<_>>().join(" ")
        );
    }
    for stale in &schema.stale_overrides {
        let _ = writeln!(text, "\nfinds nothing to correct: {stale}");
    }
    text
}
