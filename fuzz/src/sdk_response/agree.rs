//! Compares our decoding of a response with the SDK's. Knows no exceptions; those are in `exceptions`.

use connect_model::schema::{OperationId, Schema, ShapeId};
use connect_model::validate::{Violation, validate};
use connect_model::wire::message::HttpResponse;
use connect_model::wire::{DecodedError, Limits, decode_error, decode_response};
use serde_json::{Map, Value};

use super::compare;
use super::debug::Tree;
use super::sdk::Answer;

/// Result of decoding a response with both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Agreement {
    /// An output with the same members.
    Output,
    /// An error with the same name and message, and the same members if the operation lists it.
    Error,
    /// Neither: both reject the body.
    Neither,
}

/// Returns true for a success. Like the SDK, for every status from 200 to 299.
pub(super) fn is_success(response: &HttpResponse) -> bool {
    (200..300).contains(&response.status)
}

/// Compares our decoding with the SDK's.
///
/// # Errors
/// A description of the first difference.
pub(super) fn agree(
    schema: &Schema,
    operation: OperationId,
    response: &HttpResponse,
    answer: &Answer,
) -> Result<Agreement, String> {
    match (is_success(response), answer) {
        (true, Answer::Output(tree)) => {
            let value = output(schema, operation, response)?;
            if let Some(shape) = schema[operation].output {
                compare::members(schema, shape, &value, tree).map_err(|difference| difference.to_string())?;
            }
            Ok(Agreement::Output)
        }
        (true, Answer::Error(tree)) => match output(schema, operation, response) {
            Ok(value) => Err(format!("we decode {}, the SDK {tree:?}", Value::Object(value))),
            Err(_) => Ok(Agreement::Neither),
        },
        (false, Answer::Error(tree)) => error(schema, operation, response, tree),
        (false, Answer::Output(tree)) => Err(format!("the SDK decodes an error as the output {tree:?}")),
    }
}

/// Decodes the output. Fails on structural violations, but not on missing required members, which the SDK fills in.
pub(super) fn output(
    schema: &Schema,
    operation: OperationId,
    response: &HttpResponse,
) -> Result<Map<String, Value>, String> {
    let decoded =
        decode_response(schema, operation, response, &Limits::default()).map_err(|error| error.to_string())?;
    if let Some(problem) = decoded.problems.first() {
        return Err(format!("{problem:?}"));
    }
    if let Some(fault) = schema[operation].output.and_then(|output| fault(schema, output, &decoded.value)) {
        return Err(fault.to_string());
    }
    match decoded.value {
        Value::Object(fields) => Ok(fields),
        other => Err(format!("the output is {other}")),
    }
}

fn fault(schema: &Schema, shape: ShapeId, value: &Value) -> Option<Violation> {
    validate(schema, shape, value).into_iter().find(|violation| violation.kind.is_structural())
}

/// The reason why the body of an error cannot be decoded, if any.
pub(super) fn error_fault(schema: &Schema, response: &HttpResponse, decoded: &DecodedError) -> Option<String> {
    if response.body.is_empty() {
        return None;
    }
    if !decoded.body_is_json {
        return Some("the body is not JSON".to_owned());
    }
    fault(schema, decoded.modelled?, &decoded.body).map(|violation| violation.to_string())
}

fn error(schema: &Schema, operation: OperationId, response: &HttpResponse, tree: &Tree) -> Result<Agreement, String> {
    let decoded = decode_error(schema, operation, response);
    let fault = error_fault(schema, response, &decoded);
    let Tree::Named(variant, _) = tree else { return Err(format!("the SDK's error is not a variant: {tree:?}")) };
    let Some(own) = tree.only(variant) else { return Err(format!("the SDK's error is empty: {tree:?}")) };
    let is_unhandled = variant == "Unhandled";
    // `Unhandled` contains the metadata of an unknown error, or another source if decoding failed.
    let meta = if is_unhandled { own.field("source") } else { own.field("meta") };
    let meta = meta.filter(|meta| matches!(meta, Tree::Named(name, _) if name == "ErrorMetadata"));
    let meta = match (meta, fault) {
        (Some(meta), None) => meta,
        (None, Some(_)) if decoded.code.is_none() => return Ok(Agreement::Neither),
        (None, fault) => return Err(format!("the SDK cannot decode an error ({own:?}); ours: {fault:?}, {decoded:?}")),
        (Some(_), Some(fault)) => return Err(format!("the SDK decodes {tree:?}, we report {fault}")),
    };
    let text = |name| meta.field(name).and_then(|field| field.only("Some"));
    let same =
        |ours: &Option<String>, sdk: Option<&Tree>| ours.as_ref().map(|text| Tree::Text(text.clone())) == sdk.cloned();
    if !same(&decoded.code, text("code")) || !same(&decoded.message, text("message")) {
        return Err(format!("we decode {:?} {:?}, the SDK {meta:?}", decoded.code, decoded.message));
    }
    match decoded.modelled {
        None if is_unhandled => Ok(Agreement::Error),
        Some(shape) if compare::is_same_name(&schema[shape].name, variant) => {
            members_of_error(schema, shape, &decoded, own)?;
            Ok(Agreement::Error)
        }
        modelled => Err(format!("ours is {:?}, the SDK's is {variant}", modelled.map(|shape| &schema[shape].name))),
    }
}

/// Compares the members of an error. Every error of the SDK has a message, even if the model has no such member. If the
/// member is missing, the message comes from another key.
fn members_of_error(schema: &Schema, shape: ShapeId, decoded: &DecodedError, tree: &Tree) -> Result<(), String> {
    let Some(members) = schema[shape].kind.members() else { return Ok(()) };
    let mut fields = decoded.body.as_object().cloned().unwrap_or_default();
    let member = members.iter().find(|member| compare::is_same_name(&member.name, "message"));
    let message = decoded.message.clone().map_or(Value::Null, Value::from);
    let tree = match member {
        Some(member) => {
            if fields.get(&member.name).is_none_or(Value::is_null) {
                fields.insert(member.name.clone(), message);
            }
            tree.clone()
        }
        None => {
            let (message, rest) = tree.without("message");
            let own = message.as_ref().and_then(|message| message.only("Some"));
            if own.cloned() != decoded.message.clone().map(Tree::Text) {
                return Err(format!("our message is {:?}, the SDK's is {message:?}", decoded.message));
            }
            rest
        }
    };
    compare::members(schema, shape, &fields, &tree).map_err(|difference| difference.to_string())
}
