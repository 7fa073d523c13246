//! Endpoints that find out the service of a request by its signature, as emulators of many AWS services do. To them, an
//! unsigned request belongs to another service, and every operation looks unsupported.

use connect_checks::client::Client;
use connect_model::schema::{Operation, Schema};
use connect_model::semantics::danger::{Danger, danger};
use connect_model::wire::encode_request;
use connect_model::wire::message::{HttpRequest, HttpResponse};
use connect_transport::target::Target;
use connect_transport::{Transport, TransportConfig, TransportError};
use serde_json::{Value, json};

use crate::session::error::SessionError;

/// Requests of each kind, unsigned and signed.
const REQUESTS: usize = 4;

/// The access key id and secret key of a signature that nobody verifies. Source: examples of the AWS documentation.
const DUMMY: (&str, &str) = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");

/// Stops an unsigned run on this machine if only signed requests reach the service. Sends a few reading requests.
///
/// # Errors
/// The endpoint answers signed requests in the protocol of the service, and unsigned ones otherwise.
pub(crate) async fn serves_unsigned(client: &Client, config: TransportConfig) -> Result<(), SessionError> {
    let (schema, target) = (client.schema, &client.target);
    if target.credentials.is_some() || !target.loopback || client.transport().is_in_process() {
        return Ok(());
    }
    let keys = aws_credential_types::Credentials::new(DUMMY.0, DUMMY.1, None, None, "example");
    let signed = Target { credentials: Some(keys.into()), ..target.clone() };
    let speaks = async |target: &Target| -> Result<bool, TransportError> {
        // Transports of their own: these requests do not count, and slow down nothing.
        let transport = Transport::new(target, &schema.service.signing_name, config.clone())?;
        for (name, request) in readings(schema) {
            if is_of_the_protocol(&transport.send(name, &request).await?.response) {
                return Ok(true);
            }
        }
        Ok(false)
    };
    // An endpoint without whole answers is for the run to judge.
    if !matches!(speaks(target).await, Ok(false)) || !matches!(speaks(&signed).await, Ok(true)) {
        return Ok(());
    }
    Err(SessionError::usage(format!(
        "{} finds the service by the signature of a request: it answers signed requests as {}, and unsigned ones as \
         something else; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (any values do for most emulators), or name a \
         --profile",
        target.endpoint, schema.service.sdk_id
    )))
}

/// Requests of reading operations that need no input.
fn readings(schema: &Schema) -> impl Iterator<Item = (&str, HttpRequest)> {
    let needs_input = |operation: &Operation| {
        let members = schema.input_members(operation);
        members.is_some_and(|members| members.into_iter().any(|member| member.required))
    };
    let reads = move |operation: &Operation| {
        operation.refused.is_none() && danger(schema, operation) == Danger::Read && !needs_input(operation)
    };
    let operations = schema.operations().filter(move |(_, operation)| reads(operation));
    let requests = operations.filter_map(|(id, operation)| {
        let request = encode_request(schema, id, &json!({})).ok()?;
        Some((operation.name.as_str(), request))
    });
    requests.take(REQUESTS)
}

/// True for an answer of restJson1: a JSON object, or a header with the name of an error.
fn is_of_the_protocol(response: &HttpResponse) -> bool {
    response.headers.get("x-amzn-errortype").is_some()
        || serde_json::from_slice::<Value>(&response.body).is_ok_and(|body| body.is_object())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use connect_checks::permission::Permission;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::session::config::{RunConfig, RunContext};

    const PAGE: &str = "HTTP/1.1 404 Not Found\r\ncontent-type: text/html\r\ncontent-length: 4\r\n\r\n<p/>";
    const LIST: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";

    /// Checks an endpoint that answers by whether a request is signed.
    async fn check(answer: fn(bool) -> &'static str) -> Result<(), SessionError> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut buffer = vec![0; 16 * 1024];
                    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                        let is_signed = String::from_utf8_lossy(&buffer[..length]).contains("AWS4-HMAC-SHA256");
                        stream.write_all(answer(is_signed).as_bytes()).await.unwrap();
                    }
                });
            }
        });
        let config = RunConfig::default();
        let context = RunContext { seed: 1, run_id: "t".to_owned(), loopback: true, ledger: None };
        let (target, bounds) = (Target::unsigned(endpoint), config.transport(&context));
        let transport = Arc::new(Transport::new(&target, "connect", bounds.clone()).unwrap());
        let client = config.client(context, Permission::default());
        serves_unsigned(&Client::new(Schema::connect(), target, transport, client), bounds).await
    }

    #[tokio::test]
    async fn stops_only_if_signatures_decide() {
        let text = check(|is_signed| if is_signed { LIST } else { PAGE }).await.unwrap_err().to_string();
        assert!(text.contains("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"), "{text}");
        // An endpoint without these operations, one that ignores signatures, and one that sends nothing useful.
        assert!(check(|_| PAGE).await.is_ok());
        assert!(check(|_| LIST).await.is_ok());
        assert!(check(|_| "nonsense").await.is_ok());
        assert!(check(|is_signed| if is_signed { PAGE } else { LIST }).await.is_ok());
    }

    #[test]
    fn the_model_has_reading_operations_without_input() {
        let names: Vec<&str> = readings(Schema::connect()).map(|(name, _)| name).collect();
        assert!(names.contains(&"ListInstances"), "{}", names.join(", "));
    }
}
