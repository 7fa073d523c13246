//! HTTP messages from a fuzzer's bytes: parsed from text, or generated as valid messages and then damaged.
//!
//! If the first byte is below 128, the input is text, so that messages can be typed and crashes read:
//!
//! ```text
//! POST /rules/i-1                  a request: method and path
//! content-type: application/json
//!
//! {"Name":"r"}
//! ```
//!
//! A response begins with `CreateRule 200` instead: operation and status. Does not know how messages are decoded.

use arbitrary::Unstructured;
use connect_model::generate::{Config, Generator, Side};
use connect_model::schema::OperationId;
use connect_model::wire::message::{Headers, HttpRequest, HttpResponse};
use connect_model::wire::{encode_error, encode_request, encode_response, encode_unmodelled_error};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::octets::Octets;
use crate::service::Service;
use crate::target::text_or_drawn;

/// A request, as a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    pub(crate) method: String,
    pub(crate) uri: String,
    pub(crate) headers: Headers,
    pub(crate) body: Octets,
}

/// A response to an operation, as a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    pub(crate) operation: String,
    status: u16,
    headers: Headers,
    body: Octets,
}

impl Request {
    /// Converts it to a message.
    pub(crate) fn http(&self) -> HttpRequest {
        let Self { method, uri, headers, body } = self.clone();
        HttpRequest { method, uri, headers, body: body.0 }
    }

    /// Parses text. Never fails.
    pub(crate) fn of_text(data: &[u8]) -> Self {
        let (first, headers, body) = parts(data);
        let (method, uri) = first.split_once(' ').unwrap_or(("GET", &first));
        Self { method: method.to_owned(), uri: uri.to_owned(), headers, body: Octets(body) }
    }

    /// Formats it as text for [`Self::of_text`].
    pub(crate) fn to_text(&self) -> Vec<u8> {
        text(&format!("{} {}", self.method, self.uri), &self.headers, &self.body)
    }

    /// Parses text, or draws a valid request and damages it.
    pub(crate) fn draw(data: &[u8]) -> Option<Self> {
        text_or_drawn(data, |data| Some(Self::of_text(data)), draw_request)
    }

    /// Damages it in up to [`DAMAGES`] places.
    pub(crate) fn damaged(mut self, u: &mut Unstructured<'_>) -> arbitrary::Result<Self> {
        for _ in 0..u.int_in_range(0..=DAMAGES)? {
            match u.int_in_range(0..=7)? {
                0 => damage_text(&mut self.uri, IN_URI, u)?,
                1 => damage_headers(&mut self.headers, u)?,
                _ => damage(&mut self.body.0, IN_BODY, u)?,
            }
        }
        Ok(self)
    }
}

impl From<HttpRequest> for Request {
    fn from(HttpRequest { method, uri, headers, body }: HttpRequest) -> Self {
        Self { method, uri, headers, body: Octets(body) }
    }
}

impl Response {
    /// Creates a response to an operation.
    pub(crate) fn new(operation: &str, HttpResponse { status, headers, body }: HttpResponse) -> Self {
        Self { operation: operation.to_owned(), status, headers, body: Octets(body) }
    }

    /// Converts it to a message.
    pub(crate) fn http(&self) -> HttpResponse {
        HttpResponse { status: self.status, headers: self.headers.clone(), body: self.body.0.clone() }
    }

    /// Parses text. An invalid status is read as 200. `None` if the operation is unknown.
    pub(crate) fn of_text(data: &[u8]) -> Option<Self> {
        let (first, headers, body) = parts(data);
        let (name, status) = first.split_once(' ').unwrap_or((&first, ""));
        Service::named(name)?;
        let status = status.trim().parse().ok().filter(|status| (100..600).contains(status)).unwrap_or(200);
        Some(Self { operation: name.to_owned(), status, headers, body: Octets(body) })
    }

    /// Formats it as text for [`Self::of_text`].
    pub(crate) fn to_text(&self) -> Vec<u8> {
        text(&format!("{} {}", self.operation, self.status), &self.headers, &self.body)
    }

    /// Parses text, or draws a successful response or an error and damages it.
    pub(crate) fn draw(data: &[u8], fails: bool) -> Option<Self> {
        text_or_drawn(data, Self::of_text, |u| draw_response(fails, u))
    }
}

fn text(first: &str, headers: &Headers, body: &Octets) -> Vec<u8> {
    let mut text = format!("{first}\n");
    for (name, value) in &headers.0 {
        text.push_str(&format!("{name}: {value}\n"));
    }
    text.push('\n');
    [text.as_bytes(), &body.0].concat()
}

/// Splits text into the first line, the headers up to an empty line, and the body.
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
        headers.push(name, value.trim_start());
    }
    (first, headers, rest.to_vec())
}

fn draw_request(u: &mut Unstructured<'_>) -> arbitrary::Result<Option<Request>> {
    let (service, operation) = Service::draw(u)?;
    let Some(input) = value(service, operation, Side::Input, u)? else { return Ok(None) };
    let Ok(request) = encode_request(service.schema, operation, &input) else { return Ok(None) };
    Request::from(request).damaged(u).map(Some)
}

fn draw_response(fails: bool, u: &mut Unstructured<'_>) -> arbitrary::Result<Option<Response>> {
    let (service, operation) = Service::draw(u)?;
    let Some(mut response) = valid_response(service, operation, fails, u)? else { return Ok(None) };
    damage_response(&mut response, u)?;
    Ok(Some(Response::new(&service.schema[operation].name, response)))
}

/// Draws a valid successful response or error.
pub(crate) fn valid_response(
    service: &Service,
    operation: OperationId,
    fails: bool,
    u: &mut Unstructured<'_>,
) -> arbitrary::Result<Option<HttpResponse>> {
    if fails {
        return draw_error(service, operation, u).map(Some);
    }
    let Some(output) = value(service, operation, Side::Output, u)? else { return Ok(None) };
    Ok(encode_response(service.schema, operation, &output).ok())
}

/// Damages status, headers and body in up to [`DAMAGES`] places.
pub(crate) fn damage_response(response: &mut HttpResponse, u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    for _ in 0..u.int_in_range(0..=DAMAGES)? {
        match u.int_in_range(0..=4)? {
            0 => response.status = u.int_in_range(100..=599)?,
            1 => damage_headers(&mut response.headers, u)?,
            _ => damage(&mut response.body, IN_BODY, u)?,
        }
    }
    Ok(())
}

/// Draws an error listed by the operation, or an unmodelled one.
fn draw_error(service: &Service, operation: OperationId, u: &mut Unstructured<'_>) -> arbitrary::Result<HttpResponse> {
    let errors = &service.schema[operation].errors;
    if errors.is_empty() || u.ratio(1, 5)? {
        let names =
            ["TooManyRequestsException", "ns#AccessDeniedException:http://a/", "UnknownOperationException", "x"];
        return Ok(encode_unmodelled_error(u.choose(&names)?, u.int_in_range(400..=599)?, u.arbitrary()?));
    }
    let error = *u.choose(errors)?;
    let body = Generator::new(service.schema, u.arbitrary()?).shape(error, u).unwrap_or_default();
    Ok(encode_error(service.schema, error, &body))
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

/// Maximum number of damaged places in a message.
const DAMAGES: u32 = 5;

/// Fragments for damaging bodies: edge cases of JSON.
pub(crate) const IN_BODY: &[&str] = &[
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

/// Fragments for damaging paths and queries.
pub(crate) const IN_URI: &[&str] =
    &["%", "%ff", "%00", "%26", "%2F", "%2e", "/", "//", "?", "&", "=", "#", "+", ".", "..", "é", "-0", "1e3"];

/// Fragments and values for damaging headers.
pub(crate) const IN_HEADER: &[&str] = &[
    "",
    ",",
    "\"",
    "\\",
    "\"a,b\"",
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

/// Overwrites, removes or inserts a few bytes.
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
