//! The protocol restJson1. Source: the restJson1 and HTTP binding pages of Smithy 2.0.

mod body;
mod error;
mod header_text;
mod media;
mod parts;
mod request;
mod response;
mod text;

use serde_json::Value;

use super::decoded::{Decoded, DecodedError, DecodedRequest};
use super::fault::{DecodeError, EncodeError, Limits};
use super::message::{HttpRequest, HttpResponse};
use super::protocol::Protocol;
use super::route::{Route, RouteError, Router};
use crate::schema::{OperationId, Schema, ShapeId};

pub use parts::fits_header;

/// AWS restJson1: members in path, query, headers and a JSON body.
#[derive(Clone, Copy, Debug)]
pub struct RestJson1;

impl Protocol for RestJson1 {
    fn encode_request(
        &self,
        schema: &Schema,
        operation: OperationId,
        input: &Value,
    ) -> Result<HttpRequest, EncodeError> {
        request::encode(schema, operation, input)
    }

    fn route(&self, router: &Router<'_>, request: &HttpRequest) -> Result<Route, RouteError> {
        router.route(&request.method, &request.uri)
    }

    fn decode_request(
        &self,
        schema: &Schema,
        route: &Route,
        request: &HttpRequest,
        limits: &Limits,
    ) -> Result<DecodedRequest, DecodeError> {
        request::decode(schema, route, request, limits)
    }

    fn encode_response(
        &self,
        schema: &Schema,
        operation: OperationId,
        output: &Value,
    ) -> Result<HttpResponse, EncodeError> {
        response::encode(schema, operation, output)
    }

    fn decode_response(
        &self,
        schema: &Schema,
        operation: OperationId,
        response: &HttpResponse,
        limits: &Limits,
    ) -> Result<Decoded, DecodeError> {
        response::decode(schema, operation, response, limits)
    }

    fn encode_error(&self, schema: &Schema, error: ShapeId, body: &Value) -> HttpResponse {
        error::encode(schema, error, body)
    }

    fn encode_unmodelled_error(&self, code: &str, status: u16, message: &str) -> HttpResponse {
        error::encode_unmodelled(code, status, message)
    }

    fn decode_error(&self, schema: &Schema, operation: OperationId, response: &HttpResponse) -> DecodedError {
        error::decode(schema, operation, response)
    }
}
