//! Sequences of arbitrary requests to the emulator. Every response is checked against the model.
//!
//! Properties: no panics and no 5xx. A success has the operation's status, decodes without problems and has no violations.
//! An error is listed by the operation and has its modelled status and structure, or is a protocol error. Every response is
//! JSON and has a request id. A repeated read gets the same response.
//!
//! If the first byte is below 128, the input is text: requests in the format of [`Request`], separated by `---`. Otherwise
//! the requests are generated. Later requests refer to earlier responses by [placeholders](crate::placeholder).

mod draw;

use std::sync::OnceLock;

use connect_emulator::{SYNTHESIZED, Service as Emulator};
use connect_model::schema::{OperationId, Schema};
use connect_model::semantics::danger::{Danger, danger};
use connect_model::semantics::{self, Context};
use connect_model::shapes::CORE_OPERATIONS;
use connect_model::validate::validate;
use connect_model::wire::message::{HttpRequest, HttpResponse};
use connect_model::wire::{Limits, decode_error, decode_response};
use serde_json::Value;

use crate::emulator;
use crate::message::Request;
use crate::octets::Octets;
use crate::placeholder;
use crate::seeds;
use crate::service::Service;
use crate::target::{Seed, Target, text_or_drawn};

/// The target; see the module.
pub struct EmulatorHttp;

/// Result of a check: the highest of all requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// No operation matched.
    Unrouted,
    /// A protocol error.
    Protocol,
    /// A generated response.
    Synthesized,
    /// An error listed by the operation.
    Modelled,
    /// An operation was performed.
    Performed,
    /// An operation was performed with a value from an earlier response.
    Continued,
}

/// Maximum number of requests in a case.
const MOST: usize = 8;
/// Separates requests in text.
const SEPARATOR: &[u8] = b"\n---\n";
/// The defect planted by `scripts/fuzz prove`: a page token works once.
const PLANTED: &str = "token-used-once";

/// Names and statuses of protocol errors, which are returned before an operation is performed. Credentials are not checked,
/// and requests are not throttled. Source: restJson1 protocol tests for servers; API Gateway for bodies that are too large.
const PROTOCOL_ERRORS: &[(&str, u16)] = &[
    ("SerializationException", 400),
    ("ValidationException", 400),
    ("UnknownOperationException", 404),
    ("NotAcceptableException", 406),
    ("RequestEntityTooLargeException", 413),
    ("UnsupportedMediaTypeException", 415),
];

impl Target for EmulatorHttp {
    const NAME: &'static str = "emulator_http";
    const PROPERTY: &'static str = "every response of the emulator conforms to the model, and none is 5xx";
    type Case = Vec<Request>;
    type Outcome = Outcome;

    fn draw(data: &[u8]) -> Option<Vec<Request>> {
        text_or_drawn(data, |data| Some(of_text(data)), |u| draw::requests(u).map(Some))
    }

    fn plain(data: &[u8]) -> Option<Vec<Request>> {
        Some(vec![Request::of_text(data)])
    }

    fn check(case: &Vec<Request>) -> Outcome {
        static INITIAL: OnceLock<Emulator> = OnceLock::new();
        let initial = INITIAL.get_or_init(|| emulator::for_target(Self::NAME, PLANTED));
        check(initial, case).unwrap_or_else(|broken| unreachable!("{broken}"))
    }

    fn seeds() -> Vec<Seed> {
        let mut seeds: Vec<Seed> = seeds::by_hand(BY_HAND.iter().map(|(text, _)| text.as_bytes())).collect();
        seeds.extend(seeds::covering::<Self>(4000, 1500, |case| features(case)));
        emulator::without_finders(PLANTED, seeds, Self::draw, |initial, case| check(initial, case).is_ok())
    }
}

/// Core operations that are called, and the semantic problems of their inputs.
fn features(case: &[Request]) -> Vec<String> {
    let service = Service::connect();
    let of = |request: &Request| {
        let route = service.router.route(&request.method, &request.uri).ok()?;
        let name = service.schema[route.operation].name.as_str();
        if !CORE_OPERATIONS.contains(&name) {
            return None;
        }
        let input = serde_json::from_slice(&request.body.0).unwrap_or_default();
        let problems = semantics::check(name, &input, &Context::default());
        let kinds = problems.iter().map(|(language, problem)| {
            format!("{name} {language} {} {}", problem.kind, seeds::first_words(&problem.message))
        });
        Some(kinds.chain([name.to_owned()]).collect::<Vec<_>>())
    };
    case.iter().filter_map(of).flatten().collect()
}

fn of_text(data: &[u8]) -> Vec<Request> {
    let mut requests = Vec::new();
    let mut rest = data;
    while requests.len() < MOST {
        let end = rest.windows(SEPARATOR.len()).position(|window| window == SEPARATOR);
        requests.push(Request::of_text(&rest[..end.unwrap_or(rest.len())]));
        let Some(end) = end else { break };
        rest = &rest[end + SEPARATOR.len()..];
    }
    requests
}

fn check(initial: &Emulator, case: &[Request]) -> Result<Outcome, String> {
    let emulator = initial.afresh();
    let mut answers = Vec::new();
    let mut farthest = Outcome::Unrouted;
    for request in case {
        let (sent, is_filled) = filled(request, &answers);
        let answer = emulator.handle(&sent);
        let explain = |why: String| format!("{why}\n{sent:?}\n{answer:?}");
        let (outcome, is_read) = judge(&sent, &answer).map_err(explain)?;
        if is_read {
            let again = emulator.handle(&sent);
            if (again.status, &again.body) != (answer.status, &answer.body) {
                return Err(explain(format!("a repeated read returns {again:?}")));
            }
        }
        farthest = farthest.max(if outcome == Outcome::Performed && is_filled { Outcome::Continued } else { outcome });
        answers.push(serde_json::from_slice(&answer.body).unwrap_or_default());
    }
    Ok(farthest)
}

/// Replaces placeholders by values of earlier responses. Also returns true if there were any.
fn filled(request: &Request, answers: &[Value]) -> (HttpRequest, bool) {
    let in_json = |text: &str| {
        let quoted = Value::from(text).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    };
    let mut filled = request.clone();
    filled.uri = placeholder::in_text(&request.uri, answers, draw::escaped);
    if let Ok(body) = std::str::from_utf8(&request.body.0) {
        filled.body = Octets(placeholder::in_text(body, answers, in_json).into_bytes());
    }
    let is_filled = filled != *request;
    (filled.http(), is_filled)
}

/// Judges a response: the outcome, and true if the operation only reads.
///
/// # Errors
/// The violated property.
fn judge(sent: &HttpRequest, answer: &HttpResponse) -> Result<(Outcome, bool), String> {
    if answer.status >= 500 {
        return Err("5xx".to_owned());
    }
    if answer.headers.get("x-amzn-requestid").is_none_or(str::is_empty) {
        return Err("no x-amzn-requestid".to_owned());
    }
    if answer.headers.get("content-type") != Some("application/json") {
        return Err("the content type is not application/json".to_owned());
    }
    let service = Service::connect();
    let schema = service.schema;
    let Ok(route) = service.router.route(&sent.method, &sent.uri) else {
        let some = schema.operations().next().ok_or("a model without operations")?.0;
        return match decode_error(schema, some, answer).code.as_deref() {
            Some("UnknownOperationException") if answer.status == 404 => Ok((Outcome::Unrouted, false)),
            Some("SerializationException") if answer.status == 400 => Ok((Outcome::Unrouted, false)),
            code => Err(format!("{code:?} for a request that matches no operation")),
        };
    };
    let is_read = danger(schema, &schema[route.operation]) == Danger::Read;
    if answer.status < 300 {
        success(schema, route.operation, answer)?;
        let synthesized = answer.headers.get(SYNTHESIZED).is_some();
        return Ok((if synthesized { Outcome::Synthesized } else { Outcome::Performed }, is_read));
    }
    error(schema, route.operation, answer).map(|outcome| (outcome, is_read))
}

fn success(schema: &Schema, id: OperationId, answer: &HttpResponse) -> Result<(), String> {
    let operation = &schema[id];
    if answer.status != operation.status {
        return Err(format!("the status of {} is {}", operation.name, operation.status));
    }
    let decoded = decode_response(schema, id, answer, &Limits::default()).map_err(|error| error.to_string())?;
    let violations = operation.output.map(|shape| validate(schema, shape, &decoded.value)).unwrap_or_default();
    if !decoded.problems.is_empty() || !violations.is_empty() {
        return Err(format!("the response of {} has {:?} {violations:?}", operation.name, decoded.problems));
    }
    Ok(())
}

fn error(schema: &Schema, id: OperationId, answer: &HttpResponse) -> Result<Outcome, String> {
    let operation = &schema[id];
    let decoded = decode_error(schema, id, answer);
    if !decoded.body_is_json {
        return Err("the body of an error is not JSON".to_owned());
    }
    let Some(shape) = decoded.modelled else {
        let code = decoded.code.unwrap_or_default();
        let known = PROTOCOL_ERRORS.contains(&(code.as_str(), answer.status));
        return if known { Ok(Outcome::Protocol) } else { Err(format!("{} does not list {code}", operation.name)) };
    };
    let status = schema[shape].error.map(|error| error.status);
    if status != Some(answer.status) {
        return Err(format!("{} has status {status:?}", schema[shape].name));
    }
    let violations = validate(schema, shape, &decoded.body);
    if !violations.is_empty() {
        return Err(format!("{} has {violations:?}", schema[shape].name));
    }
    Ok(Outcome::Modelled)
}

/// Handwritten requests and their outcomes.
const BY_HAND: &[(&str, Outcome)] = &[
    ("", Outcome::Unrouted),
    ("DELETE /rules/%ff/x", Outcome::Unrouted),
    ("POST /rules/i-1\ncontent-type: text/plain\n\n{}", Outcome::Protocol),
    ("POST /rules/i-1\ncontent-type: application/json\n\n{\"Name\":", Outcome::Protocol),
    ("GET /rules/i-1?maxResults=0&nextToken=%00", Outcome::Modelled),
    ("GET /queues-summary/i?maxResults=1", Outcome::Modelled),
    ("GET /queues-summary/0e7f4a52-6c1b-4d38-9a05-c0ffee5eed01?maxResults=1", Outcome::Performed),
    ("GET /user/federate/0e7f4a52-6c1b-4d38-9a05-c0ffee5eed01", Outcome::Synthesized),
    ("GET /contact-flows-summary/0e7f4a52-6c1b-4d38-9a05-c0ffee5eed01\naccept: text/html", Outcome::Protocol),
    (
        "PUT /contact-flows/0e7f4a52-6c1b-4d38-9a05-c0ffee5eed01\ncontent-type: application/json\n\n\
         {\"Name\":\"a\",\"Type\":\"CAMPAIGN\",\"Content\":\"{}\",\"Status\":\"SAVED\"}\n---\n\
         GET /contact-flows/0e7f4a52-6c1b-4d38-9a05-c0ffee5eed01/{{1.ContactFlowId}}:$SAVED",
        Outcome::Continued,
    ),
    (
        "PUT /contact-flows/0e7f4a52-6c1b-4d38-9a05-c0ffee5eed01\ncontent-type: application/json\n\n\
         {\"Name\":\"a\",\"Type\":\"CAMPAIGN\",\"Content\":\"{}\",\"Status\":\"SAVED\"}\n---\n\
         PUT /contact-flows/0e7f4a52-6c1b-4d38-9a05-c0ffee5eed01\ncontent-type: application/json\n\n\
         {\"Name\":\"b\",\"Type\":\"CAMPAIGN\",\"Content\":\"[]\",\"Status\":\"SAVED\"}\n---\n\
         POST /search-contact-flows\ncontent-type: application/json\n\n\
         {\"InstanceId\":\"0e7f4a52-6c1b-4d38-9a05-c0ffee5eed01\",\"MaxResults\":1}",
        Outcome::Performed,
    ),
    (
        "PUT /instance\ncontent-type: application/json\n\n{\"IdentityManagementType\":\"SAML\",\"InstanceAlias\":\"a\",\
         \"InboundCallsEnabled\":true,\"OutboundCallsEnabled\":false}\n---\n\
         DELETE /instance/{{1.Id}}\n---\nGET /instance/{{1.Id}}",
        Outcome::Continued,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smoke::{assert_cases_round_trip, assert_outcomes, assert_reached};

    #[test]
    fn handwritten_requests_have_the_expected_outcomes() {
        assert_outcomes::<EmulatorHttp>(BY_HAND.iter().map(|(text, outcome)| (text.as_bytes(), *outcome)));
        assert_eq!(of_text(&b"GET /\n---\n".repeat(20)).len(), MOST);
    }

    #[test]
    fn random_requests_reach_every_outcome() {
        assert_reached::<EmulatorHttp>(
            4000,
            1500,
            [
                (Outcome::Unrouted, 1000),
                (Outcome::Protocol, 5),
                (Outcome::Synthesized, 1),
                (Outcome::Modelled, 100),
                (Outcome::Performed, 200),
                (Outcome::Continued, 400),
            ],
        );
        assert_cases_round_trip::<EmulatorHttp>(300, 1500);
    }

    #[test]
    fn random_requests_find_defects() {
        let defects = [
            PLANTED,
            "timestamp-iso",
            "missing-required-output",
            "number-as-string",
            "wrong-content-type",
            "body-not-json",
            "status-201",
            "no-request-id",
            "future-enum-value",
            "two-variants",
            "error-wrong-status",
            "no-error-name",
            "html-error",
            "unmodelled-error",
            "crash-on-unknown-id",
            "token-breaks-server",
            "read-not-repeatable",
        ];
        emulator::assert_defects_are_found::<EmulatorHttp>(&defects, 8000, 1500, |initial, case| check(initial, case));
    }
}
