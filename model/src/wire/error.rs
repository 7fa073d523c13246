//! Errors: a server writes them, a client finds their name, message and shape.

use serde_json::Value;

use super::message::HttpResponse;
use crate::schema::{OperationId, Schema, ShapeId};

/// An error response, as far as it says what it is.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedError {
    /// Name of the error, cleaned of namespace and address.
    pub code: Option<String>,
    /// `message` or `Message` of the body, if it is text.
    pub message: Option<String>,
    /// HTTP status.
    pub status: u16,
    /// The error among those that the operation lists.
    pub modelled: Option<ShapeId>,
    /// The body; null when it is not JSON.
    pub body: Value,
    /// The body is a JSON document.
    pub body_is_json: bool,
    /// Where the name was found.
    pub source: NameSource,
}

/// Where the name of an error was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameSource {
    /// Header `x-amzn-errortype`.
    Header,
    /// Member `code` or `Code` of the body.
    Code,
    /// Member `__type` of the body.
    Type,
    /// Nowhere.
    None,
}

/// Writes a modelled error with its status, its name in the header `x-amzn-errortype`, and its members.
pub fn encode_error(schema: &Schema, error: ShapeId, body: &Value) -> HttpResponse {
    todo!("{schema:?} {error:?} {body}")
}

/// Writes an error that the model does not know, the way the front of the service does.
pub fn encode_unmodelled_error(code: &str, status: u16, message: &str) -> HttpResponse {
    todo!("{code} {status} {message}")
}

/// Reads an error response. Never fails: what cannot be found is absent.
pub fn decode_error(schema: &Schema, operation: OperationId, response: &HttpResponse) -> DecodedError {
    todo!("{schema:?} {operation:?} {response:?}")
}
