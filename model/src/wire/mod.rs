//! Values to HTTP messages and back, for both ends of the wire.
//!
//! | direction | client | server |
//! |---|---|---|
//! | request | [`encode_request`] | [`Router::route`], then [`decode_request`] |
//! | response | [`decode_response`] | [`encode_response`] |
//! | error | [`decode_error`] | [`encode_error`], [`encode_unmodelled_error`] |
//!
//! These functions use the [`Protocol`] of the schema's service. The only protocol today is [`RestJson1`]. Source of its
//! rules: the restJson1 and HTTP binding pages of Smithy 2.0. Knows nothing of constraints: validation checks whether a
//! value is allowed.

mod decoded;
mod escape;
mod fault;
mod host;
mod lenient;
pub mod message;
mod protocol;
mod rest_json1;
mod route;
#[cfg(test)]
mod tests;

use message::{HttpRequest, HttpResponse};
use serde_json::Value;

pub use decoded::{DecodeProblem, Decoded, DecodedError, DecodedRequest, NameSource, Unknown};
pub use escape::{escaped, unescaped};
pub use fault::{DecodeError, EncodeError, Limits, Misread};
pub use host::host_prefix;
pub use lenient::read_response;
pub use protocol::{Protocol, protocol};
pub use rest_json1::{RestJson1, fits_header};
pub use route::{Route, RouteError, Router};

pub use crate::timestamp;

use crate::schema::{OperationId, Schema, ShapeId};

/// Encodes the request of an operation; see [`Protocol::encode_request`].
pub fn encode_request(schema: &Schema, operation: OperationId, input: &Value) -> Result<HttpRequest, EncodeError> {
    protocol(schema).encode_request(schema, operation, input)
}

/// Decodes a request into the input of its operation; see [`Protocol::decode_request`].
pub fn decode_request(
    schema: &Schema,
    route: &Route,
    request: &HttpRequest,
    limits: &Limits,
) -> Result<Value, DecodeError> {
    inspect_request(schema, route, request, limits).map(|decoded| decoded.value)
}

/// Decodes a request and reports unknown members; see [`Protocol::decode_request`].
pub fn inspect_request(
    schema: &Schema,
    route: &Route,
    request: &HttpRequest,
    limits: &Limits,
) -> Result<DecodedRequest, DecodeError> {
    protocol(schema).decode_request(schema, route, request, limits)
}

/// Encodes the successful response of an operation; see [`Protocol::encode_response`].
pub fn encode_response(schema: &Schema, operation: OperationId, output: &Value) -> Result<HttpResponse, EncodeError> {
    protocol(schema).encode_response(schema, operation, output)
}

/// Decodes a successful response; see [`Protocol::decode_response`].
pub fn decode_response(
    schema: &Schema,
    operation: OperationId,
    response: &HttpResponse,
    limits: &Limits,
) -> Result<Decoded, DecodeError> {
    protocol(schema).decode_response(schema, operation, response, limits)
}

/// Encodes a modelled error; see [`Protocol::encode_error`].
pub fn encode_error(schema: &Schema, error: ShapeId, body: &Value) -> HttpResponse {
    protocol(schema).encode_error(schema, error, body)
}

/// Encodes an error that is not in the model, in restJson1; see [`Protocol::encode_unmodelled_error`].
pub fn encode_unmodelled_error(code: &str, status: u16, message: &str) -> HttpResponse {
    RestJson1.encode_unmodelled_error(code, status, message)
}

/// Decodes an error response of an operation; see [`Protocol::decode_error`].
pub fn decode_error(schema: &Schema, operation: OperationId, response: &HttpResponse) -> DecodedError {
    protocol(schema).decode_error(schema, operation, response)
}
