//! One exchange of an operation as it travels: a valid request with all its members, the response, and an error.

use std::fmt::Write;

use arbitrary::Unstructured;
use connect_model::generate::{Config, Generator, Side};
use connect_model::path::SchemaPath;
use connect_model::schema::{OperationId, Schema};
use connect_model::semantics::{self, Context};
use connect_model::wire::message::{Headers, HttpRequest, HttpResponse};
use connect_model::wire::{encode_error, encode_request, encode_response};
use serde_json::Value;

use crate::documentation;

/// The page of an operation.
pub(crate) fn page(schema: &Schema, id: OperationId) -> String {
    let operation = &schema[id];
    let mut text = format!("{}\n", operation.name);
    if let Some(address) = documentation(&operation.name).filter(|_| schema.service.is_connect()) {
        let _ = writeln!(text, "  documentation: {address}");
    }
    if let Some(why) = &operation.refused {
        let _ = writeln!(text, "\nnot spoken: {why}");
        return text;
    }
    let exchange = [
        ("REQUEST", request(schema, id)),
        ("RESPONSE", response(schema, id)),
        ("ERROR", error(schema, id).unwrap_or_else(|| Ok("(none is listed)\n".to_owned()))),
    ];
    for (title, message) in exchange {
        let message = message.unwrap_or_else(|why| format!("(there is none: {why})\n"));
        let _ = write!(text, "\n{title}\n{message}");
    }
    text
}

/// Every member, of a union the first, lists with one element, texts as short as may be. What contains itself ends where
/// it comes a second time, as far as depth and size allow.
fn generator(schema: &Schema) -> Generator<'_> {
    Generator::new(
        schema,
        Config { max_text: 40, max_items: 1, min_items: 1, max_values: 800, optional_percent: 100, ..Config::deep() },
    )
}

fn request(schema: &Schema, id: OperationId) -> Result<String, String> {
    let mut input =
        generator(schema).operation(id, Side::Input, &mut Unstructured::new(&[])).map_err(|error| error.to_string())?;
    let (nothing, context) = (SchemaPath::default(), Context::default());
    semantics::repair(&schema[id].name, &mut input, &nothing, &context, &mut Unstructured::new(&[]));
    let HttpRequest { method, uri, headers, body } =
        encode_request(schema, id, &input).map_err(|error| error.to_string())?;
    Ok(message(&format!("{method} {uri}"), &headers, &body))
}

fn response(schema: &Schema, id: OperationId) -> Result<String, String> {
    let output = generator(schema)
        .operation(id, Side::Output, &mut Unstructured::new(&[]))
        .map_err(|error| error.to_string())?;
    let HttpResponse { status, headers, body } =
        encode_response(schema, id, &output).map_err(|error| error.to_string())?;
    Ok(message(&status.to_string(), &headers, &body))
}

/// The one with the lowest status, of these the first by name.
fn error(schema: &Schema, id: OperationId) -> Option<Result<String, String>> {
    let errors = schema[id].errors.iter();
    let first = *errors.min_by_key(|error| (schema[**error].error.map(|one| one.status), &schema[**error].name))?;
    let body = generator(schema).shape(first, &mut Unstructured::new(&[]));
    Some(body.map_err(|error| error.to_string()).map(|body| {
        let HttpResponse { status, headers, body } = encode_error(schema, first, &body);
        message(&status.to_string(), &headers, &body)
    }))
}

fn message(first: &str, headers: &Headers, body: &[u8]) -> String {
    let mut text = format!("{first}\n");
    for (name, value) in &headers.0 {
        let _ = writeln!(text, "{name}: {value}");
    }
    if !body.is_empty() {
        let _ = match serde_json::from_slice::<Value>(body) {
            Ok(value) => writeln!(text, "\n{value:#}"),
            Err(_) => writeln!(text, "\n{}", String::from_utf8_lossy(body)),
        };
    }
    text
}
