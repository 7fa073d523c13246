//! The wire protocol as a trait: one implementation per protocol, for both ends of the wire.

use std::fmt::Debug;

use serde_json::Value;

use super::decoded::{Decoded, DecodedError, DecodedRequest};
use super::fault::{DecodeError, EncodeError, Limits};
use super::message::{HttpRequest, HttpResponse};
use super::rest_json1::RestJson1;
use super::route::{Route, RouteError, Router};
use crate::schema::{OperationId, ProtocolId, Schema, ShapeId};

/// Encoding and decoding of requests, responses and errors, and the routing of requests.
///
/// Servers are strict about form: types, timestamps, media types. Clients are tolerant and keep unknown members.
/// Neither checks constraints. Nothing here may panic, whatever the message contains.
///
/// To add a protocol, implement this trait, add a variant to [`ProtocolId`], and return the implementation from
/// [`protocol`]. Models in AWS's own format also need the protocol's name in the import.
pub trait Protocol: Debug + Send + Sync {
    /// Encodes the request of an operation, without host and content length.
    ///
    /// Lenient about values, so that deliberately invalid input can be sent: values that violate a constraint or have
    /// a wrong type are sent unchanged, and so are explicit nulls and unknown members in a JSON body.
    ///
    /// # Errors
    /// If the message cannot express the value, or would hide that it is invalid.
    fn encode_request(
        &self,
        schema: &Schema,
        operation: OperationId,
        input: &Value,
    ) -> Result<HttpRequest, EncodeError>;

    /// Finds the operation of a request. The router indexes the operations of a schema by path; protocols that name the
    /// operation elsewhere look it up in [`Router::schema`].
    ///
    /// # Errors
    /// If no operation matches the request.
    fn route(&self, router: &Router<'_>, request: &HttpRequest) -> Result<Route, RouteError>;

    /// Decodes a request into the input of its operation. Strict about form; required members may be missing.
    ///
    /// # Errors
    /// If the form is wrong, or the message exceeds the limits.
    fn decode_request(
        &self,
        schema: &Schema,
        route: &Route,
        request: &HttpRequest,
        limits: &Limits,
    ) -> Result<DecodedRequest, DecodeError>;

    /// Encodes the successful response of an operation, without content length.
    ///
    /// # Errors
    /// If the message cannot express the value.
    fn encode_response(
        &self,
        schema: &Schema,
        operation: OperationId,
        output: &Value,
    ) -> Result<HttpResponse, EncodeError>;

    /// Decodes a successful response. Tolerant: problems are reported beside the value.
    ///
    /// # Errors
    /// If the body as a whole is unusable, or exceeds the limits.
    fn decode_response(
        &self,
        schema: &Schema,
        operation: OperationId,
        response: &HttpResponse,
        limits: &Limits,
    ) -> Result<Decoded, DecodeError>;

    /// Encodes a modelled error with its status, name and members. Members that the message cannot express are left out
    /// together with the rest of the body, so that the error keeps its name.
    fn encode_error(&self, schema: &Schema, error: ShapeId, body: &Value) -> HttpResponse;

    /// Encodes an error that is not in the model, as a gateway in front of the service does.
    fn encode_unmodelled_error(&self, code: &str, status: u16, message: &str) -> HttpResponse;

    /// Decodes an error response of an operation. Never fails: parts that are not found are absent.
    fn decode_error(&self, schema: &Schema, operation: OperationId, response: &HttpResponse) -> DecodedError;
}

/// Returns the protocol of a service.
pub fn protocol(schema: &Schema) -> &'static dyn Protocol {
    match schema.service.protocol {
        ProtocolId::RestJson1 => &RestJson1,
    }
}
