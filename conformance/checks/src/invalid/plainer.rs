//! Plainer mutants. A mutant may be refused although its constraint is not enforced: because other parts of the request no
//! longer fit the changed value. Content with the actions of one type of flow does not fit an unknown type, for example.
//!
//! So a refusal that the context explains is tried again with a plainer request that has the same fault: without
//! publication, since the content of a saved flow is not checked; or behind a valid action, since the rule then has the
//! action that its event source requires. If that is accepted, the constraint is not enforced.

use connect_model::generate::Mutant;
use connect_model::path::SchemaPath;
use connect_model::schema::Schema;
use connect_model::semantics;
use connect_model::wire::DecodedError;
use serde_json::Value;

use crate::resources;

/// Names of errors about the input as such. Others are about something that the input describes or refers to.
const USUAL: &[&str] = &[
    "BadRequestException",
    "InvalidParameterException",
    "InvalidRequestException",
    "SerializationException",
    "ValidationException",
];

/// True if the refusal of a mutant may have another reason than its fault.
pub(super) fn is_explained_otherwise(
    schema: &'static Schema,
    operation: &str,
    mutant: &Mutant,
    error: &DecodedError,
) -> bool {
    let code = error.code.as_deref().unwrap_or_default();
    !USUAL.contains(&code) || problems(schema, operation, &mutant.value) > problems(schema, operation, &mutant.base)
}

/// The same fault in a plainer request, if there is one without problems of its own.
pub(super) fn plainer(schema: &'static Schema, operation: &str, mutant: &Mutant) -> Option<Value> {
    let is_in = |member: &str| mutant.pointer.trim_start_matches('/').split('/').next() == Some(member);
    let mut value = mutant.value.clone();
    if operation == "CreateContactFlow" && !is_in("Status") && !is_in("Content") {
        value["Status"] = "SAVED".into();
        return Some(value);
    }
    if is_in("Actions")
        && let Some(valid) = valid_action(schema, operation)
        && let Some(Value::Array(actions)) = value.get_mut("Actions")
    {
        actions.insert(0, valid);
        return (problems(schema, operation, &value) == 0).then_some(value);
    }
    None
}

/// The action of the template, for operations that take actions of a rule.
fn valid_action(schema: &'static Schema, operation: &str) -> Option<Value> {
    resources::stored_by(schema, operation)?.template()?.get("Actions")?.get(0).cloned()
}

/// Number of broken rules beyond the service model.
fn problems(schema: &'static Schema, operation: &str, input: &Value) -> usize {
    resources::in_context(schema, operation, &SchemaPath::default(), |context| {
        semantics::check(operation, input, context).len()
    })
}
