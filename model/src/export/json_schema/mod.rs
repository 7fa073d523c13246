//! JSON Schema 2020-12 of the *value* form: member names as keys, path and query members beside those of the body.
//!
//! The schema expresses everything that the dialect can; [`exceptions`] lists the rest. Unknown members are allowed and
//! null optional members are absent, as in restJson1. The keywords belong to the constraints.

mod builder;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

pub(super) use self::builder::Builder;
use crate::constraint::Keys;
pub use crate::constraint::{Exception, exceptions};
use crate::schema::{OperationId, Schema};
use crate::side::Side;

/// The dialect of every document.
pub const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// A self-contained schema for one side of an operation.
///
/// On [`Side::Input`] enums are closed and a union has exactly one known member. On [`Side::Output`] both are open to
/// newer members; all other constraints are the same. The severity of a violation is up to the caller.
pub fn json_schema(schema: &Schema, operation: OperationId, side: Side) -> Value {
    let name = side_name(&schema[operation].name, side);
    let mut builder = Builder::new(schema, Keys::Members, "#/$defs/");
    builder.operation(operation, side);
    json!({
        "$schema": DIALECT,
        "$id": format!("{}:{name}", urn(schema)),
        "$ref": format!("#/$defs/{name}"),
        "$defs": builder.finish(),
    })
}

/// One document for both sides of several operations: `$defs` holds `CreateRule.input`, `CreateRule.output` and
/// everything that they reach. A shape has one entry under its name; one whose output differs (see [`json_schema`]) has
/// a second under `Name.output`.
pub fn document(schema: &Schema, operations: &[OperationId]) -> Value {
    let mut builder = Builder::new(schema, Keys::Members, "#/$defs/");
    for operation in operations {
        builder.operation(*operation, Side::Input);
        builder.operation(*operation, Side::Output);
    }
    json!({
        "$schema": DIALECT,
        "$id": urn(schema),
        "$comment": format!("exported from a model of {} {}, sha256 {}", schema.service.name, schema.service.version, schema.digest),
        "$defs": builder.finish(),
    })
}

fn urn(schema: &Schema) -> String {
    let word = |text: &str| text.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "-");
    format!("urn:connect-model:{}:{}", word(&schema.service.sdk_id), word(&schema.service.version))
}

/// The key of one side of an operation, for example `CreateRule.input`.
pub(super) fn side_name(operation: &str, side: Side) -> String {
    match side {
        Side::Input => format!("{operation}.input"),
        Side::Output => format!("{operation}.output"),
    }
}
