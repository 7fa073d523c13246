//! Makes the members of an input agree where the service model lets each be chosen alone.

use arbitrary::Unstructured;
use serde_json::Value;

use super::{Context, flow, rule};
use crate::generate::SchemaPath;

/// Whether repair makes the texts of an operation's input that are a language of their own, whatever they were: most
/// often they would not suit what else there is. Then they need not be made before.
pub(crate) fn repairs_texts(operation: &str) -> bool {
    rule::is_rule(operation)
}

/// Changes an input that is valid for the service model so that it also keeps the rules beside it, as little as may be
/// and without taking away what lies at `focus`. Operations without such rules are left as they are.
pub fn repair(operation: &str, input: &mut Value, focus: &SchemaPath, context: &Context<'_>, u: &mut Unstructured<'_>) {
    if rule::is_rule(operation) {
        rule::repair(input, focus, context, u);
    } else {
        flow::repair(operation, input, focus, context, u);
    }
}
