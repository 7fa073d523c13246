//! The common rule of the family: a faulty request is rejected, and its twin is not rejected the same way.

use std::time::{Duration, SystemTime};

use connect_model::generate::Config;
use connect_model::path::SchemaPath;
use connect_model::schema::OperationId;
use connect_model::wire::message::{HttpRequest, HttpResponse};
use connect_model::wire::{DecodedError, encode_request};
use serde_json::Value;

use connect_transport::exchange::{Exchange, Omitted};

use crate::case::Outcome;
use crate::client::Client;
use crate::client::reply::Reply;
use crate::code::Trial;
use crate::twin::distinguishes;

/// The requests of a case.
pub(super) struct Requests<'r> {
    /// The request with the fault.
    pub(super) faulty: &'r HttpRequest,
    /// The same request without the fault.
    pub(super) twin: &'r HttpRequest,
    /// A plainer request with the fault, if this error may have another reason than the fault.
    pub(super) again: &'r (dyn Fn(&DecodedError) -> Option<HttpRequest> + Sync),
}

/// Sends a faulty request and its twin, and judges the responses. The pointer and the fault describe the difference.
pub(super) async fn judge_rejection(
    Trial { client, operation, check, .. }: Trial<'_>,
    Requests { faulty, twin, again }: Requests<'_>,
    pointer: &str,
    fault: &str,
) -> Outcome {
    let reply = client.send(operation, faulty).await;
    let expected = format!("a rejection (4xx) of {fault}");
    let (exchange, error) = match &reply {
        Reply::Success(exchange) => {
            let finding = check.finding(pointer, expected, reply.describe(), Some(exchange));
            return Outcome::from_findings(vec![finding]);
        }
        Reply::Refused(exchange, error) => (exchange, error),
        Reply::Trouble(why, _) if client.target.loopback && reply.is_lost() => {
            if !is_silent(client, operation, faulty, twin).await {
                return Outcome::indeterminate(why.clone());
            }
            let actual =
                format!("no response to {REPEATS} requests, while the valid twin is answered each time; {why}");
            return Outcome::from_findings(vec![check.finding(
                pointer,
                expected,
                actual,
                Some(&unanswered(client, operation, faulty)),
            )]);
        }
        Reply::Unsupported(why) | Reply::Trouble(why, _) => return Outcome::indeterminate(why.clone()),
    };
    let status = exchange.response.status;
    let twin = client.send(operation, twin).await;
    if let Err(why) = distinguishes(&reply, &twin) {
        return Outcome::indeterminate(why);
    }
    if reply.is_server_fault() || status < 400 {
        return Outcome::from_findings(vec![check.finding(pointer, expected, reply.describe(), Some(exchange))]);
    }
    if let Some(plainer) = again(error) {
        let reply = client.send(operation, &plainer).await;
        match &reply {
            Reply::Success(exchange) => {
                let finding = check.finding(pointer, expected, reply.describe(), Some(exchange));
                return Outcome::from_findings(vec![finding]);
            }
            Reply::Refused(..) => {}
            Reply::Unsupported(why) | Reply::Trouble(why, _) => return Outcome::indeterminate(why.clone()),
        }
    }
    let code = error.code.as_deref();
    client.learn(format!("error of {}", check.id), format!("{status} {}", code.unwrap_or("no error name")));
    Outcome::from_findings(Vec::new())
}

/// Requests without a response that are no accident.
const REPEATS: usize = 3;

/// Returns true if a faulty request that was lost once is lost again and again, while its twin is answered in between. A
/// server that ends or hangs on a request is at fault, whatever the request is.
async fn is_silent(client: &Client, operation: OperationId, faulty: &HttpRequest, twin: &HttpRequest) -> bool {
    for _ in 1..REPEATS {
        let answered = matches!(client.send(operation, twin).await, Reply::Success(_) | Reply::Refused(..));
        if !answered || !client.send(operation, faulty).await.is_lost() {
            return false;
        }
    }
    true
}

/// The exchange of a request without a response: status 0.
fn unanswered(client: &Client, operation: OperationId, request: &HttpRequest) -> Exchange {
    Exchange {
        operation: client.schema[operation].name.clone(),
        request: request.clone(),
        response: HttpResponse::default(),
        sent: SystemTime::now(),
        duration: Duration::ZERO,
        omitted: Omitted::default(),
    }
}

/// Generates a valid input and its request.
///
/// # Errors
/// The outcome of the trial, if there is no such request or the endpoint does not offer the operation.
pub(super) async fn valid_request(
    Trial { client, operation, check, .. }: Trial<'_>,
) -> Result<(Value, HttpRequest), Outcome> {
    if let Some(why) = client.unsupported(operation).await {
        return Err(Outcome::unsupported(why));
    }
    let label = format!("{}/{}", client.schema[operation].name, check.id);
    let input = client
        .input(operation, Config::sparse(), &label, &SchemaPath::default())
        .await
        .map_err(|why| Outcome::indeterminate(format!("no valid request could be generated: {why}")))?;
    let request = encode_request(client.schema, operation, &input);
    Ok((input, request.map_err(|error| Outcome::indeterminate(error.to_string()))?))
}
