//! Faults of the body as a whole: malformed JSON, a wrong content type, and an unknown member, which is no fault.

use connect_model::generate::Config;
use connect_model::path::SchemaPath;
use connect_model::schema::{Binding, Member, Members, OperationId, Schema};
use connect_model::wire::message::HttpRequest;
use serde_json::Value;

use crate::case::Outcome;
use crate::client::reply::Reply;
use crate::code::{Scope, Subjects, Trial, itself, rows};
use crate::invalid::rejection::{Requests, judge_rejection, valid_request};
use crate::judge::Judgement;
use crate::twin::distinguishes;

/// Changes the text of a JSON object so that it is no longer one.
type Corrupt = fn(&str) -> String;

/// Malformed bodies: name of the variant, and the change of the text.
const MALFORMED: &[(&str, Corrupt)] = &[
    ("truncated", |body| body[..body.len() - 1].to_owned()),
    ("trailing-text", |body| format!("{body} x")),
    ("not-an-object", |body| format!("[{body}]")),
    ("single-quotes", |body| format!("{{'a':1,{}", &body[1..])),
    ("leading-text", |body| format!("x {body}")),
    ("line-comment", |body| format!("{{ // comment\n{}", &body[1..])),
    ("block-comment", |body| format!("{{ /* comment */ {}", &body[1..])),
    ("trailing-comma", |body| format!("{},}}", &body[..body.len() - 1])),
    ("null", |_| "null".to_owned()),
    ("number", |_| "10".to_owned()),
    ("text", |_| "\"x\"".to_owned()),
    ("empty-list", |_| "[]".to_owned()),
];

/// Changes the bytes of a JSON object into a form that not every parser takes.
type Distort = fn(&[u8]) -> Vec<u8>;

/// Bodies whose handling the standard of JSON leaves open (RFC 8259, sections 4, 8.1, 8.2 and 9): name of the variant, and
/// the change.
const OPEN: &[(&str, Distort)] = &[
    ("byte-order-mark", |body| [b"\xef\xbb\xbf", body].concat()),
    ("duplicate-key", |body| first(body, br#""zzContractTest":1,"zzContractTest":2"#)),
    ("lone-surrogate", |body| first(body, br#""zzContractTest":"\ud800""#)),
    ("deep-nesting", |body| {
        let nested = [b"[".repeat(DEEP), b"]".repeat(DEEP)].concat();
        first(body, &[br#""zzContractTest":"#, nested.as_slice()].concat())
    }),
];

/// Levels of a deeply nested value.
const DEEP: usize = 5_000;

/// An object with another member before its own.
fn first(body: &[u8], member: &[u8]) -> Vec<u8> {
    let own = &body[1..];
    let separator: &[u8] = if own.trim_ascii() == b"}" { b"" } else { b"," };
    [b"{", member, separator, own].concat()
}

/// The name of a member that no service has.
const UNKNOWN_MEMBER: &str = "zzContractTest";

/// Returns true if the body of a request to the operation is a JSON object.
pub(crate) fn has_json_body(schema: &Schema, operation: OperationId) -> bool {
    schema
        .input_members(&schema[operation])
        .is_some_and(|members| members.iter().any(|member| member.binding == Binding::Body))
}

pub(super) fn with_body(scope: &Scope<'_>) -> Subjects<()> {
    itself(has_json_body(scope.schema, scope.operation))
}

pub(super) fn malformed_bodies(scope: &Scope<'_>) -> Subjects<&'static (&'static str, Corrupt)> {
    rows(MALFORMED.iter().filter(|_| has_json_body(scope.schema, scope.operation)))
}

pub(super) fn malformed_json<'t>(
    trial: Trial<'t>,
    (variant, corrupt): &'t &'static (&'static str, Corrupt),
) -> Judgement<'t> {
    Box::pin(async move {
        let edit = |request: &mut HttpRequest| {
            request.body = corrupt(&String::from_utf8_lossy(&request.body)).into_bytes();
        };
        with_fault(trial, &format!("a body with {variant}"), edit).await
    })
}

pub(super) fn wrong_content_type<'t>(trial: Trial<'t>, (): &'t ()) -> Judgement<'t> {
    let edit = |request: &mut HttpRequest| request.headers.set("content-type", "text/plain");
    Box::pin(with_fault(trial, "content type text/plain", edit))
}

pub(super) fn missing_content_type<'t>(trial: Trial<'t>, (): &'t ()) -> Judgement<'t> {
    let edit = |request: &mut HttpRequest| request.headers.remove("content-type");
    Box::pin(with_fault(trial, "a body without a content type", edit))
}

/// The operation, if its requests have no body, so that they have no content type either.
pub(super) fn without_body(scope: &Scope<'_>) -> Subjects<()> {
    let members = scope.schema.input_members(scope.contract);
    let uses_body = |member: &Member| {
        matches!(member.binding, Binding::Body | Binding::Payload) || is_header(member, "content-type")
    };
    // An input without members may come as an empty object.
    let applies = members.is_none_or(|members| !members.is_empty() && !members.iter().any(uses_body));
    itself(applies)
}

pub(super) fn unexpected_content_type<'t>(trial: Trial<'t>, (): &'t ()) -> Judgement<'t> {
    let edit = |request: &mut HttpRequest| request.headers.set("content-type", "application/json");
    Box::pin(with_fault(trial, "a content type without a body", edit))
}

/// The operation, if its answers are JSON and the Accept header is no part of its input.
pub(super) fn with_json_answer(scope: &Scope<'_>) -> Subjects<()> {
    let has = |members: Option<&Members>, wanted: fn(&Member) -> bool| members.into_iter().flatten().any(wanted);
    let applies = scope.contract.output.is_some()
        && !has(scope.schema.output_members(scope.contract), |member| member.binding == Binding::Payload)
        && !has(scope.schema.input_members(scope.contract), |member| is_header(member, "accept"));
    itself(applies)
}

fn is_header(member: &Member, name: &str) -> bool {
    matches!(&member.binding, Binding::Header(header) if header == name)
}

pub(super) fn unmet_accept<'t>(trial: Trial<'t>, (): &'t ()) -> Judgement<'t> {
    let edit = |request: &mut HttpRequest| request.headers.set("accept", "image/png");
    Box::pin(with_fault(trial, "an Accept header of image/png", edit))
}

pub(super) fn not_utf8<'t>(trial: Trial<'t>, (): &'t ()) -> Judgement<'t> {
    let edit = |request: &mut HttpRequest| request.body = first(&request.body, b"\"zzContractTest\":\"\xff\"");
    Box::pin(with_fault(trial, "a body that is not UTF-8", edit))
}

pub(super) fn open_forms(scope: &Scope<'_>) -> Subjects<&'static (&'static str, Distort)> {
    rows(OPEN.iter().filter(|_| has_json_body(scope.schema, scope.operation)))
}

/// Sends a body whose handling is open, and records the answer. Only a server error is judged, and no answer at all.
pub(super) fn odd_json<'t>(
    trial: Trial<'t>,
    (variant, distort): &'t &'static (&'static str, Distort),
) -> Judgement<'t> {
    Box::pin(async move {
        let Trial { client, operation, check, .. } = trial;
        let twin = match valid_request(trial).await {
            Ok((_, twin)) => twin,
            Err(outcome) => return outcome,
        };
        let mut odd = twin.clone();
        odd.body = distort(&twin.body);
        let reply = client.send(operation, &odd).await;
        let learned = match &reply {
            Reply::Success(exchange) => format!("{} (accepted)", exchange.response.status),
            Reply::Refused(exchange, error) => {
                let name = error.code.as_deref().unwrap_or("no error name");
                format!("{} {name}", exchange.response.status)
            }
            Reply::Unsupported(_) | Reply::Trouble(..) => return Outcome::indeterminate(reply.describe()),
        };
        client.learn(format!("body with {variant}"), learned);
        if !reply.is_server_fault() {
            return Outcome::from_findings(Vec::new());
        }
        let twin = client.send(operation, &twin).await;
        if let Err(why) = distinguishes(&reply, &twin) {
            return Outcome::indeterminate(why);
        }
        let expected = format!("a success or a rejection (4xx) of a body with {variant}");
        Outcome::from_findings(vec![check.finding("", expected, reply.describe(), reply.exchange())])
    })
}

/// Sends a valid request after an edit, and its twin, and judges the responses.
async fn with_fault(trial: Trial<'_>, fault: &str, edit: impl FnOnce(&mut HttpRequest)) -> Outcome {
    let twin = match valid_request(trial).await {
        Ok((_, twin)) => twin,
        Err(outcome) => return outcome,
    };
    let mut faulty = twin.clone();
    edit(&mut faulty);
    judge_rejection(trial, Requests { faulty: &faulty, twin: &twin, again: &|_| None }, "", fault).await
}

pub(super) fn unknown_member<'t>(trial: Trial<'t>, (): &'t ()) -> Judgement<'t> {
    Box::pin(async move {
        match valid_request(trial).await {
            Ok((input, _)) => tolerates(trial, &input).await,
            Err(outcome) => outcome,
        }
    })
}

/// Sends a valid input and one with an unknown member, and judges the responses.
async fn tolerates(Trial { client, operation, check, .. }: Trial<'_>, plain: &Value) -> Outcome {
    match client.call(operation, plain).await {
        Ok(Reply::Success(_)) => {}
        Ok(other) => return Outcome::indeterminate(format!("the request without the member: {}", other.describe())),
        Err(why) => return Outcome::indeterminate(why),
    }
    // The same value, with other names, since the first request has used these. On Connect a new one, since the first
    // request may have deleted its resource.
    let mut twin = plain.clone();
    if client.schema.service.is_connect() {
        let label = format!("{}/{}/again", client.schema[operation].name, check.id);
        twin = match client.input(operation, Config::sparse(), &label, &SchemaPath::default()).await {
            Ok(input) => input,
            Err(why) => return Outcome::indeterminate(why),
        };
    }
    client.renew(operation, &mut twin);
    let mut input = twin.clone();
    input[UNKNOWN_MEMBER] = Value::from("ignored");
    let reply = match client.call(operation, &input).await {
        Ok(reply) => reply,
        Err(why) => return Outcome::indeterminate(why),
    };
    match &reply {
        Reply::Success(_) => Outcome::from_findings(Vec::new()),
        Reply::Refused(exchange, _) => {
            // The value itself may be refused.
            let twin = client.call(operation, &twin).await;
            if let Err(why) = twin.and_then(|twin| distinguishes(&reply, &twin)) {
                return Outcome::indeterminate(why);
            }
            let pointer = format!("/{UNKNOWN_MEMBER}");
            let finding = check.finding(pointer, "the member is ignored", reply.describe(), Some(exchange));
            Outcome::from_findings(vec![finding])
        }
        Reply::Unsupported(_) | Reply::Trouble(..) => Outcome::indeterminate(reply.describe()),
    }
}
