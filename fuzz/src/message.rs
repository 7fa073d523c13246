//! From a fuzzer's bytes to HTTP messages: as text, as it stands, or drawn: a valid message, then damaged.
//!
//! The first byte decides. Below 128 the input is text, so that a message can be typed by hand and a crash read:
//!
//! ```text
//! POST /rules/i-1                  a request: method and path
//! content-type: application/json
//!
//! {"Name":"r"}
//! ```
//!
//! A response begins with `CreateRule 200` instead: operation and status. Knows nothing of what a receiver makes of it.

use arbitrary::Unstructured;
use connect_model::generate::{Config, Generator, Side};
use connect_model::schema::OperationId;
use connect_model::wire::message::{Headers, HttpRequest, HttpResponse};
use connect_model::wire::{encode_error, encode_request, encode_response};
use serde_json::Value;

use crate::service::Service;

/// The input is drawn, not text.
pub(crate) fn is_drawn(data: &[u8]) -> bool {
    data.first().is_some_and(|first| *first >= 128)
}

/// Reads a request from text.
pub(crate) fn request_of_text(data: &[u8]) -> HttpRequest {
    let (first, headers, body) = parts(data);
    let (method, uri) = first.split_once(' ').unwrap_or(("GET", &first));
    HttpRequest { method: method.to_owned(), uri: uri.to_owned(), headers, body }
}

/// Reads a response from text: its operation by name, and the message. A status that HTTP does not have reads as 200.
pub(crate) fn response_of_text(data: &[u8]) -> Option<(&'static Service, OperationId, HttpResponse)> {
    let (first, headers, body) = parts(data);
    let (name, status) = first.split_once(' ').unwrap_or((&first, ""));
    let (service, operation) = Service::named(name)?;
    let status = status.trim().parse().ok().filter(|status| (100..600).contains(status)).unwrap_or(200);
    Some((service, operation, HttpResponse { status, headers, body }))
}

/// The first line, the headers up to an empty line, and the rest.
fn parts(data: &[u8]) -> (String, Headers, Vec<u8>) {
    let mut rest = data;
    let mut line = || {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let text = String::from_utf8_lossy(&rest[..end]).trim_end_matches('\r').to_owned();
        rest = rest.get(end + 1..).unwrap_or_default();
        text
    };
    let first = line();
    let mut headers = Headers::default();
    loop {
        let text = line();
        let Some((name, value)) = text.split_once(':') else { break };
        headers.push(name, value);
    }
    (first, headers, rest.to_vec())
}

/// A valid request of any operation, with some damage.
pub(crate) fn draw_request(u: &mut Unstructured<'_>) -> arbitrary::Result<Option<HttpRequest>> {
    let (service, operation) = Service::draw(u)?;
    let Some(input) = value(service, operation, Side::Input, u)? else { return Ok(None) };
    let Ok(mut request) = encode_request(service.schema, operation, &input) else { return Ok(None) };
    for _ in 0..u.int_in_range(0..=DAMAGES)? {
        match u.int_in_range(0..=7)? {
            0 => damage_text(&mut request.uri, IN_URI, u)?,
            1 => damage_headers(&mut request.headers, u)?,
            _ => damage(&mut request.body, IN_BODY, u)?,
        }
    }
    Ok(Some(request))
}

/// A response of any operation, of success or with an error, with some damage.
pub(crate) fn draw_response(
    u: &mut Unstructured<'_>,
) -> arbitrary::Result<Option<(&'static Service, OperationId, HttpResponse)>> {
    let (service, operation) = Service::draw(u)?;
    let errors = &service.schema[operation].errors;
    let mut response = if !errors.is_empty() && u.ratio(1, 3)? {
        let error = *u.choose(errors)?;
        let Ok(body) = Generator::new(service.schema, u.arbitrary()?).shape(error, u) else { return Ok(None) };
        encode_error(service.schema, error, &body)
    } else {
        let Some(output) = value(service, operation, Side::Output, u)? else { return Ok(None) };
        let Ok(response) = encode_response(service.schema, operation, &output) else { return Ok(None) };
        response
    };
    for _ in 0..u.int_in_range(0..=DAMAGES)? {
        match u.int_in_range(0..=4)? {
            0 => response.status = u.int_in_range(100..=599)?,
            1 => damage_headers(&mut response.headers, u)?,
            _ => damage(&mut response.body, IN_BODY, u)?,
        }
    }
    Ok(Some((service, operation, response)))
}

fn value(
    service: &Service,
    operation: OperationId,
    side: Side,
    u: &mut Unstructured<'_>,
) -> arbitrary::Result<Option<Value>> {
    let config: Config = u.arbitrary()?;
    Ok(Generator::new(service.schema, config).operation(operation, side, u).ok())
}

/// Most places in which a message is damaged.
const DAMAGES: u32 = 5;

/// What bodies are damaged with: the edges of JSON and of its readers.
const IN_BODY: &[&str] = &[
    "null",
    "true",
    "-0",
    "1.0",
    "1e400",
    "9223372036854775808",
    "\"NaN\"",
    "\"\\ud800\"",
    "\"\\u0000\"",
    "{",
    "}",
    "[",
    "]",
    "\"",
    ",",
    ":",
    "{}",
    "[]",
    "\"__type\":\"x\",",
    "\"code\":\"ns#y:z\",",
    "\u{feff}",
    "\"2014-04-29T18:30:38Z\"",
];

/// What paths and queries are damaged with.
const IN_URI: &[&str] =
    &["%", "%ff", "%00", "%2F", "%2e", "/", "//", "?", "&", "=", "#", "+", ".", "..", "é", "-0", "1e3"];

/// What headers are damaged with, and set to.
const IN_HEADER: &[&str] = &[
    "",
    ",",
    "\"",
    "\\",
    " ",
    "\t",
    "é",
    "application/json",
    "application/json; charset=utf-8",
    "text/plain",
    "*/*;q=0",
    "Tue, 29 Apr 2014 18:30:38.5 GMT",
    "NaN",
    "-0",
    "true",
    "bnVsbA==",
    "a#ValidationException:http://b/",
];

/// Overwrites, takes out or puts in a few bytes.
fn damage(bytes: &mut Vec<u8>, tokens: &[&str], u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let at = u.choose_index(bytes.len() + 1)?;
    let end = (at + u.int_in_range(0..=8)?).min(bytes.len());
    let replacement = if u.ratio(1, 4)? { vec![u.arbitrary()?] } else { u.choose(tokens)?.as_bytes().to_vec() };
    bytes.splice(at..end, replacement);
    Ok(())
}

fn damage_text(text: &mut String, tokens: &[&str], u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let mut bytes = std::mem::take(text).into_bytes();
    damage(&mut bytes, tokens, u)?;
    *text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(())
}

fn damage_headers(headers: &mut Headers, u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    const NAMES: &[&str] = &["content-type", "accept", "x-amzn-errortype", "x-meta-", "x-text"];
    if headers.0.is_empty() || u.ratio(1, 3)? {
        headers.push(u.choose(NAMES)?, *u.choose(IN_HEADER)?);
        return Ok(());
    }
    let at = u.choose_index(headers.0.len())?;
    match u.int_in_range(0..=3)? {
        0 => drop(headers.0.remove(at)),
        1 => headers.0[at].1 = (*u.choose(IN_HEADER)?).to_owned(),
        2 => headers.0.push(headers.0[at].clone()),
        _ => damage_text(&mut headers.0[at].1, IN_HEADER, u)?,
    }
    Ok(())
}
