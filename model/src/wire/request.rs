//! Requests: a client writes them, a server reads them.

use serde_json::Value;

use super::fault::{DecodeError, EncodeError, Limits};
use super::message::HttpRequest;
use super::route::Route;
use crate::schema::{OperationId, Schema};

/// A request as a server understands it.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedRequest {
    /// The input; unknown members and nulls are gone.
    pub value: Value,
    /// JSON Pointers of members in the body that the model does not know.
    pub unknown: Vec<String>,
}

/// Writes the request of an operation.
pub fn encode_request(schema: &Schema, operation: OperationId, input: &Value) -> Result<HttpRequest, EncodeError> {
    todo!("{schema:?} {operation:?} {input}")
}

/// Reads a request into the input of its operation; see [`inspect_request`].
pub fn decode_request(
    schema: &Schema,
    route: &Route,
    request: &HttpRequest,
    limits: &Limits,
) -> Result<Value, DecodeError> {
    inspect_request(schema, route, request, limits).map(|decoded| decoded.value)
}

/// Reads a request and tells what it left out.
pub fn inspect_request(
    schema: &Schema,
    route: &Route,
    request: &HttpRequest,
    limits: &Limits,
) -> Result<DecodedRequest, DecodeError> {
    todo!("{schema:?} {route:?} {request:?} {limits:?}")
}
