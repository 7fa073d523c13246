//! Path labels that contain escaped characters.

use connect_model::schema::{Binding, Kind};
use serde_json::Value;

use crate::case::Outcome;
use crate::client::reply::Reply;
use crate::code::{Scope, Subjects, Trial};
use crate::invalid::rejection::valid_request;
use crate::judge::Judgement;
use crate::twin::distinguishes;

/// The first label of the operation that is a string without a pattern.
pub(super) fn escapable(scope: &Scope<'_>) -> Subjects<String> {
    let members = scope.schema.input_members(scope.contract);
    let label = members.and_then(|members| {
        members
            .iter()
            .filter(|member| matches!(member.binding, Binding::Label(_)) && member.slot.traits.pattern.is_none())
            .find(|member| matches!(scope.schema[member.slot.target].kind, Kind::String))
    });
    label.into_iter().map(|label| (Some(label.name.clone()), label.name.clone())).collect()
}

pub(super) fn label_escape<'t>(trial: Trial<'t>, label: &'t str) -> Judgement<'t> {
    Box::pin(async move {
        match valid_request(trial).await {
            Ok((input, _)) => reaches_the_operation(trial, &input, label).await,
            Err(outcome) => outcome,
        }
    })
}

/// Sends an input whose label contains a colon and a slash, and judges the response.
async fn reaches_the_operation(
    Trial { client, operation, check, .. }: Trial<'_>,
    twin: &Value,
    label: &str,
) -> Outcome {
    let with_label = |text: &str| {
        let mut input = twin.clone();
        input[label] = Value::from(text);
        input
    };
    let reply = match client.call(operation, &with_label("ct:1/2")).await {
        Ok(reply) => reply,
        Err(why) => return Outcome::indeterminate(why),
    };
    let (exchange, error) = match &reply {
        Reply::Success(_) => return Outcome::from_findings(Vec::new()),
        Reply::Refused(exchange, error) => (exchange, error),
        Reply::Unsupported(_) | Reply::Trouble(..) => return Outcome::indeterminate(reply.describe()),
    };
    let (status, code) = (exchange.response.status, error.code.as_deref());
    let is_lost = code == Some("UnknownOperationException") || (status == 404 && code.is_none()) || status == 405;
    if !is_lost && !reply.is_server_fault() {
        let twin = client.call(operation, twin).await;
        return match twin.and_then(|twin| distinguishes(&reply, &twin)) {
            Ok(()) => Outcome::from_findings(Vec::new()),
            Err(why) => Outcome::indeterminate(why),
        };
    }
    // The same response to a label without special characters shows that these are not the cause.
    match client.call(operation, &with_label("ct-1-2")).await {
        Ok(other) if other.refusal() == Some((status, code)) => {
            Outcome::indeterminate(format!("a plain label was rejected the same way: {}", other.describe()))
        }
        _ => {
            let expected = "a response of the operation to the label ct%3A1%2F2";
            Outcome::from_findings(vec![check.finding("", expected, reply.describe(), Some(exchange))])
        }
    }
}
