//! Tests of the emulator from the outside, mostly without sockets.
#![allow(clippy::unwrap_used, clippy::panic)]

mod client_tokens;
mod core;
mod hostile;
mod input;
mod kinds;
mod lists;
mod other_models;
mod seams;
mod synthesized;
mod together;

use connect_model::schema::Schema;
use connect_model::wire::message::{HttpRequest, HttpResponse};
use connect_model::wire::{Limits as WireLimits, decode_error, decode_response, encode_request};
use serde_json::{Value, json};

use crate::{Config, DEFAULT_INSTANCE_ID, Defect, Emulator, Service};

/// An error as a client reads it.
#[derive(Debug, PartialEq)]
struct ErrorAnswer {
    code: String,
    status: u16,
    body: Value,
}

fn service() -> Service {
    Service::new(Schema::connect(), &Config::default())
}

fn with_defect(id: &str) -> Service {
    let defects = vec![Defect::named(id).unwrap_or_else(|| panic!("no defect {id}"))];
    Service::new(Schema::connect(), &Config { defects, ..Config::default() })
}

fn request(operation: &str, input: &Value) -> HttpRequest {
    let schema = Schema::connect();
    encode_request(schema, schema.operation_named(operation).unwrap(), input).unwrap()
}

fn read(operation: &str, response: &HttpResponse) -> Result<Value, ErrorAnswer> {
    let schema = Schema::connect();
    let id = schema.operation_named(operation).unwrap();
    assert!(response.status < 500, "{operation}: {response:?}");
    if response.status >= 300 {
        let error = decode_error(schema, id, response);
        return Err(ErrorAnswer { code: error.code.unwrap_or_default(), status: error.status, body: error.body });
    }
    Ok(decode_response(schema, id, response, &WireLimits::default()).unwrap().value)
}

/// The input, with the default instance if the operation needs one and the input has none.
fn with_instance(operation: &str, mut input: Value) -> Value {
    let schema = Schema::connect();
    let members = schema.input_members(&schema[schema.operation_named(operation).unwrap()]);
    if members.is_some_and(|members| members.get("InstanceId").is_some()) && input.get("InstanceId").is_none() {
        input["InstanceId"] = DEFAULT_INSTANCE_ID.into();
    }
    input
}

fn call(service: &Service, operation: &str, input: Value) -> Result<Value, ErrorAnswer> {
    read(operation, &service.handle(&request(operation, &with_instance(operation, input))))
}

/// Code and status of an error.
fn code_of(result: Result<Value, ErrorAnswer>) -> (String, u16) {
    match result {
        Ok(output) => panic!("expected an error, got {output}"),
        Err(error) => (error.code, error.status),
    }
}

fn code(name: &str, status: u16) -> (String, u16) {
    (name.to_owned(), status)
}

const CONTENT: &str = r#"{"Version":"2019-10-30","StartAction":"end","Actions":[{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}"#;
const FUNCTION: &str = r#"{"Version":"2022-11-25","RuleFunction":{"Operator":"AND","Operands":[]}}"#;

fn flow(name: &str) -> Value {
    json!({ "Name": name, "Type": "CONTACT_FLOW", "Content": CONTENT })
}

fn module(name: &str) -> Value {
    json!({ "Name": name, "Content": CONTENT })
}

fn rule(name: &str) -> Value {
    json!({
        "Name": name,
        "TriggerEventSource": { "EventSourceName": "OnPostCallAnalysisAvailable" },
        "Function": FUNCTION,
        "Actions": [{ "ActionType": "ASSIGN_CONTACT_CATEGORY", "AssignContactCategoryAction": {} }],
        "PublishStatus": "DRAFT",
    })
}

/// Merges the members of `other` into `value`.
fn with(mut value: Value, other: Value) -> Value {
    if let (Value::Object(members), Value::Object(other)) = (&mut value, other) {
        members.extend(other);
    }
    value
}

/// Creates a resource and returns its id.
fn created(service: &Service, operation: &str, input: Value) -> String {
    let output = call(service, operation, input).unwrap();
    let ids = ["RuleId", "ContactFlowId", "Id"];
    ids.iter().find_map(|id| output[id].as_str()).unwrap().to_owned()
}

/// Sends a raw request and returns status and body of the response.
fn exchange(address: std::net::SocketAddr, head: &str, body: &[u8]) -> std::io::Result<(u16, String)> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address)?;
    let length = body.len();
    write!(stream, "{head} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n")?;
    // The endpoint may answer and close the connection before it has read the whole body.
    let _ = stream.write_all(body);
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    Ok((head[9..12].parse().unwrap(), body.to_owned()))
}

#[test]
fn the_emulator_serves_a_socket() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let config = Config { resources: 3, ..Config::default() };
    let emulator = runtime.block_on(Emulator::start(Schema::connect(), &config)).unwrap();
    let address = emulator.address();
    assert!(address.ip().is_loopback());
    let list = format!("GET /rules/{DEFAULT_INSTANCE_ID}?maxResults=2");
    let (status, body) = exchange(address, &list, b"").unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, body["RuleSummaryList"].as_array().unwrap().len()), (200, 2));
    assert!(body["NextToken"].is_string());
    assert_eq!(exchange(address, "GET /nothing", b"").unwrap().0, 404);
    // The connection may be closed before the response is read.
    let large = exchange(address, "POST /search-rules", &vec![b' '; 11 << 20]);
    assert!(large.is_err() || large.is_ok_and(|(status, _)| status == 413));
    let taken = runtime.block_on(Emulator::start(Schema::connect(), &Config { port: address.port(), ..config }));
    assert!(taken.is_err());
    runtime.block_on(emulator.shutdown());
    assert!(exchange(address, &list, b"").is_err());
}
