//! Responses: a server writes them, a client reads them.

use serde_json::Value;

use super::fault::{DecodeError, EncodeError, Limits};
use super::message::HttpResponse;
use crate::schema::{OperationId, Schema};

/// A response as a tolerant client understands it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The output. Members of a wrong type and members that the model does not know are kept as they came; nulls are
    /// kept only where the member is required, so that validation of the output can tell.
    pub value: Value,
    /// Members that the model does not know.
    pub unknown: Vec<Unknown>,
    /// What is wrong and does not show in the value: headers and payloads that are not what the model says.
    pub problems: Vec<DecodeProblem>,
}

/// A member that the model does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// JSON Pointer into the body.
    pub pointer: String,
    /// What it holds, in a word with its article.
    pub holds: &'static str,
}

/// A part of a response outside of the JSON body that is not what the model says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeProblem {
    /// JSON Pointer of the output member.
    pub pointer: String,
    /// Kind of violation, as validation names it.
    pub kind: &'static str,
    /// What the model asks for.
    pub expected: String,
    /// What was there.
    pub actual: String,
}

/// Writes the response of an operation that succeeded.
pub fn encode_response(schema: &Schema, operation: OperationId, output: &Value) -> Result<HttpResponse, EncodeError> {
    todo!("{schema:?} {operation:?} {output}")
}

/// Reads a response of success.
pub fn decode_response(
    schema: &Schema,
    operation: OperationId,
    response: &HttpResponse,
    limits: &Limits,
) -> Result<Decoded, DecodeError> {
    todo!("{schema:?} {operation:?} {response:?} {limits:?}")
}
