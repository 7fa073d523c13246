//! Tests of restJson1, with the built-in model and a small one that binds members to every place.
#![allow(clippy::unwrap_used, clippy::panic)]

mod errors;
mod hostile;
mod malformed;
mod requests;
mod responses;
mod routes;

use std::sync::OnceLock;

use serde_json::Value;

use super::message::{Headers, HttpRequest};
use super::*;
use crate::schema::{OperationId, Schema};

/// Returns the small model.
fn small() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| Schema::from_text("wire.json", include_bytes!("wire.json").to_vec()).unwrap())
}

fn operation(schema: &Schema, name: &str) -> OperationId {
    schema.operation_named(name).unwrap_or_else(|| panic!("no operation {name}"))
}

fn encode(schema: &Schema, name: &str, input: &Value) -> HttpRequest {
    encode_request(schema, operation(schema, name), input).unwrap_or_else(|error| panic!("{name} {input}: {error}"))
}

/// Routes and decodes a request, as a server does.
fn serve(schema: &Schema, request: &HttpRequest) -> Result<DecodedRequest, DecodeError> {
    let route = Router::new(schema).route(&request.method, &request.uri).unwrap_or_else(|error| panic!("{error}"));
    inspect_request(schema, &route, request, &Limits::default())
}

fn text(body: &[u8]) -> &str {
    std::str::from_utf8(body).unwrap()
}

fn headers(pairs: &[(&str, &str)]) -> Headers {
    Headers(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}
