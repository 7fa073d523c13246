//! Faults of the body as a whole: malformed JSON, a wrong content type, and an unknown member, which is no fault.

use connect_model::generate::Config;
use connect_model::path::SchemaPath;
use connect_model::schema::{Binding, OperationId, Schema};
use connect_model::wire::message::HttpRequest;
use serde_json::Value;

use crate::case::Outcome;
use crate::client::reply::Reply;
use crate::code::{Scope, Subjects, Trial};
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
];

/// The name of a member that no service has.
const UNKNOWN_MEMBER: &str = "zzContractTest";

/// Returns true if the body of a request to the operation is a JSON object.
pub(crate) fn has_json_body(schema: &Schema, operation: OperationId) -> bool {
    schema
        .input_members(&schema[operation])
        .is_some_and(|members| members.iter().any(|member| member.binding == Binding::Body))
}

pub(super) fn with_body(scope: &Scope<'_>) -> Subjects<()> {
    if has_json_body(scope.schema, scope.operation) { vec![(None, ())] } else { Vec::new() }
}

pub(super) fn malformed_bodies(scope: &Scope<'_>) -> Subjects<&'static (&'static str, Corrupt)> {
    let rows = MALFORMED.iter().filter(|_| has_json_body(scope.schema, scope.operation));
    rows.map(|row| (Some(row.0.to_owned()), row)).collect()
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
