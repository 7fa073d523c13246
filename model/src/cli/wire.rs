//! HTTP messages as JSON objects, for `encode` and `decode`.

use connect_model::complete::{End, complete};
use connect_model::files;
use connect_model::generate::Side;
use connect_model::schema::{OperationId, Schema};
use connect_model::wire::message::{Headers, HttpRequest, HttpResponse};
use connect_model::wire::{
    Limits, Router, decode_error, decode_request, decode_response, encode_request, encode_response, host_prefix,
};
use serde_json::{Map, Value, json};

use super::Failure;

/// The message of a value, which is completed first if that is asked for.
pub(super) fn encode(
    schema: &Schema,
    id: OperationId,
    (side, completes): (Side, bool),
    value: &Value,
) -> Result<Value, Failure> {
    let end = if side == Side::Input { End::Client } else { End::Server };
    let completed = completes.then(|| complete(schema, id, side, end, value.clone()));
    let value = completed.as_ref().unwrap_or(value);
    match side {
        Side::Input => {
            let request = encode_request(schema, id, value)?;
            let mut document = Map::new();
            document.insert("method".to_owned(), request.method.into());
            let prefix = host_prefix(schema, id, value)?;
            if !prefix.is_empty() {
                document.insert("hostPrefix".to_owned(), prefix.into());
            }
            document.insert("uri".to_owned(), request.uri.into());
            finish(document, &request.headers, request.body)
        }
        Side::Output => {
            let response = encode_response(schema, id, value)?;
            let document = Map::from_iter([("status".to_owned(), Value::from(response.status))]);
            finish(document, &response.headers, response.body)
        }
    }
}

/// Adds headers and body. A body that is not UTF-8 is written as base64 under `bodyBase64`.
fn finish(mut document: Map<String, Value>, headers: &Headers, body: Vec<u8>) -> Result<Value, Failure> {
    document.insert("headers".to_owned(), Value::Object(header_map(headers)));
    match String::from_utf8(body) {
        Ok(text) => document.insert("body".to_owned(), text.into()),
        Err(error) => {
            use base64::Engine;
            let text = base64::engine::general_purpose::STANDARD.encode(error.as_bytes());
            document.insert("bodyBase64".to_owned(), text.into())
        }
    };
    Ok(Value::Object(document))
}

fn header_map(headers: &Headers) -> Map<String, Value> {
    let mut map = Map::new();
    for (name, value) in &headers.0 {
        match map.get_mut(name) {
            Some(Value::String(first)) => *first = format!("{first}, {value}"),
            _ => {
                map.insert(name.clone(), value.as_str().into());
            }
        }
    }
    map
}

/// The value of a message, completed if that is asked for.
pub(super) fn decode(
    schema: &Schema,
    id: OperationId,
    (side, completes): (Side, bool),
    document: &Value,
) -> Result<Value, Failure> {
    let end = if side == Side::Input { End::Server } else { End::Client };
    let completed = |value: Value| if completes { complete(schema, id, side, end, value) } else { value };
    let headers = headers(document)?;
    let body = body(document)?;
    match side {
        Side::Input => {
            let text = |key: &str| {
                document.get(key).and_then(Value::as_str).ok_or_else(|| format!("the request has no string `{key}`"))
            };
            let request =
                HttpRequest { method: text("method")?.to_owned(), uri: text("uri")?.to_owned(), headers, body };
            let route = Router::new(schema).route(&request.method, &request.uri)?;
            if route.operation != id {
                let found = &schema[route.operation].name;
                return Err(format!("{} {} is {found}, not {}", request.method, request.uri, schema[id].name).into());
            }
            Ok(json!({"input": completed(decode_request(schema, &route, &request, &Limits::default())?)}))
        }
        Side::Output => {
            let status = document
                .get("status")
                .and_then(Value::as_u64)
                .and_then(|status| u16::try_from(status).ok())
                .ok_or("the response has no \"status\" between 100 and 599")?;
            let response = HttpResponse { status, headers, body };
            if (200..300).contains(&status) {
                let decoded = decode_response(schema, id, &response, &Limits::default())?;
                return Ok(json!({"output": completed(decoded.value)}));
            }
            let error = decode_error(schema, id, &response);
            Ok(json!({"error": {
                "code": error.code,
                "message": error.message,
                "status": error.status,
                "modelled": error.modelled.is_some(),
                "body": error.body,
            }}))
        }
    }
}

fn headers(document: &Value) -> Result<Headers, Failure> {
    let mut headers = Headers::default();
    match document.get("headers") {
        None | Some(Value::Null) => {}
        Some(Value::Object(map)) => {
            for (name, value) in map {
                let value = value.as_str().ok_or_else(|| format!("header {name} is not a string"))?;
                headers.push(name, value);
            }
        }
        Some(_) => return Err("\"headers\" is not an object of strings".into()),
    }
    Ok(headers)
}

/// Reads the text under `body`, or the bytes under `bodyBase64`. Any other JSON value under `body` is a JSON body.
fn body(document: &Value) -> Result<Vec<u8>, Failure> {
    if let Some(text) = document.get("bodyBase64").and_then(Value::as_str) {
        use base64::Engine;
        return base64::engine::general_purpose::STANDARD
            .decode(text)
            .map_err(|error| format!("bodyBase64: {error}").into());
    }
    let body = match document.get("body") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) => text.clone().into_bytes(),
        Some(value) => value.to_string().into_bytes(),
    };
    files::is_within(&body, files::MOST_WEIGHT).map_err(|error| format!("body: {error}"))?;
    Ok(body)
}
