//! Makes an input satisfy the rules between its members, which the service model lets vary independently.

use arbitrary::Unstructured;
use serde_json::Value;

use super::{Context, flow, rule};
use crate::path::SchemaPath;

/// Returns true if repair replaces the language texts in an operation's input. They would rarely fit the other members,
/// so they need not be generated first.
pub(crate) fn repairs_texts(operation: &str) -> bool {
    rule::is_rule(operation)
}

/// Changes a valid input as little as possible so that it also satisfies the rules beyond the service model. The value
/// at `focus` stays. Inputs of operations without such rules do not change.
pub fn repair(operation: &str, input: &mut Value, focus: &SchemaPath, context: &Context<'_>, u: &mut Unstructured<'_>) {
    if rule::is_rule(operation) {
        rule::repair(input, focus, context, u);
    } else {
        flow::repair(operation, input, focus, context, u);
    }
}
