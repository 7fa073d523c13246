//! A second wire protocol: one implementation of [`Protocol`] is enough for requests, responses and errors to round-trip.
#![allow(clippy::unwrap_used, clippy::panic)]

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator, Side};
use connect_model::import::{extract, import, open_model};
use connect_model::schema::{OperationId, Schema, ShapeId};
use connect_model::wire::message::{Headers, HttpRequest, HttpResponse};
use connect_model::wire::{
    DecodeError, Decoded, DecodedError, DecodedRequest, EncodeError, Limits, NameSource, Protocol, RestJson1, Route,
    RouteError, Router, protocol,
};
use serde_json::{Map, Value, json};

/// A toy protocol. The URI is `/`; the first line of the body is the name of the operation or error, or `ok`; every
/// other line is a member, as `Name value`, with the value in JSON.
#[derive(Debug)]
struct Lines;

impl Lines {
    fn encode(first: &str, members: &Value) -> Result<Vec<u8>, EncodeError> {
        let error = || EncodeError::Whole { shape: first.to_owned(), why: "the value is not an object".to_owned() };
        let members = members.as_object().ok_or_else(error)?;
        let lines = members.iter().map(|(name, value)| format!("\n{name} {value}"));
        Ok(format!("{first}{}", lines.collect::<String>()).into_bytes())
    }

    /// Returns the first line, and the members of the other lines.
    fn decode(body: &[u8], limits: &Limits) -> Result<(String, Map<String, Value>), DecodeError> {
        if body.len() > limits.bytes {
            return Err(DecodeError::TooLarge { limit: limits.bytes, actual: body.len() });
        }
        let error =
            |what: &str| DecodeError::Serialization { pointer: String::new(), what: what.to_owned(), misread: None };
        let text = std::str::from_utf8(body).map_err(|_| error("not UTF-8"))?;
        let mut lines = text.split('\n');
        let first = lines.next().unwrap_or_default().to_owned();
        let members = lines.map(|line| {
            let (name, value) = line.split_once(' ').ok_or_else(|| error("a line without a value"))?;
            let value = serde_json::from_str(value).map_err(|_| error("a value that is not JSON"))?;
            Ok((name.to_owned(), value))
        });
        Ok((first, members.collect::<Result<_, _>>()?))
    }
}

impl Protocol for Lines {
    fn encode_request(
        &self,
        schema: &Schema,
        operation: OperationId,
        input: &Value,
    ) -> Result<HttpRequest, EncodeError> {
        let body = Self::encode(&schema[operation].name, input)?;
        Ok(HttpRequest { method: "POST".to_owned(), uri: "/".to_owned(), headers: Headers::default(), body })
    }

    fn route(&self, router: &Router<'_>, request: &HttpRequest) -> Result<Route, RouteError> {
        let line = request.body.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let operation = std::str::from_utf8(line).ok().and_then(|name| router.schema().operation_named(name));
        let unknown = || RouteError::UnknownPath { path: request.uri.clone() };
        Ok(Route { operation: operation.ok_or_else(unknown)?, labels: Vec::new() })
    }

    fn decode_request(
        &self,
        _: &Schema,
        _: &Route,
        request: &HttpRequest,
        limits: &Limits,
    ) -> Result<DecodedRequest, DecodeError> {
        let (_, members) = Self::decode(&request.body, limits)?;
        Ok(DecodedRequest { value: Value::Object(members), unknown: Vec::new() })
    }

    fn encode_response(
        &self,
        schema: &Schema,
        operation: OperationId,
        output: &Value,
    ) -> Result<HttpResponse, EncodeError> {
        let body = Self::encode("ok", output)?;
        Ok(HttpResponse { status: schema[operation].status, headers: Headers::default(), body })
    }

    fn decode_response(
        &self,
        _: &Schema,
        _: OperationId,
        response: &HttpResponse,
        limits: &Limits,
    ) -> Result<Decoded, DecodeError> {
        let (_, members) = Self::decode(&response.body, limits)?;
        Ok(Decoded { value: Value::Object(members), unknown: Vec::new(), problems: Vec::new() })
    }

    fn encode_error(&self, schema: &Schema, error: ShapeId, body: &Value) -> HttpResponse {
        let shape = &schema[error];
        let body = Self::encode(&shape.name, body).unwrap_or_else(|_| shape.name.clone().into_bytes());
        HttpResponse { status: shape.error.map_or(500, |error| error.status), headers: Headers::default(), body }
    }

    fn encode_unmodelled_error(&self, code: &str, status: u16, message: &str) -> HttpResponse {
        let body = format!("{code}\nmessage {}", Value::from(message)).into_bytes();
        HttpResponse { status, headers: Headers::default(), body }
    }

    fn decode_error(&self, schema: &Schema, operation: OperationId, response: &HttpResponse) -> DecodedError {
        let (code, body) = Self::decode(&response.body, &Limits::default()).unwrap_or_default();
        let message = ["message", "Message"].iter().find_map(|key| body.get(*key)?.as_str()).map(str::to_owned);
        DecodedError {
            modelled: schema.error_of(&schema[operation], &code),
            code: (!code.is_empty()).then_some(code),
            message,
            status: response.status,
            body: Value::Object(body),
            body_is_json: false,
            source: NameSource::Type,
        }
    }
}

/// A part of the built-in model, with members in paths, queries and bodies.
fn small_schema() -> Schema {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("connect.json");
    let ast = import(&open_model(&path).unwrap(), &[]).unwrap();
    let operations = ["CreateRule", "DescribeContactFlow", "ListContactFlows", "UntagResource"];
    Schema::from_ast(extract(ast, &operations.map(str::to_owned)).unwrap(), String::new()).unwrap()
}

/// Checks all six directions, and routing, of every operation.
fn check_round_trips(schema: &Schema, protocol: &dyn Protocol) {
    // Lists are never empty: restJson1 cannot tell an empty list of query parameters from an absent one.
    let generator = Generator::new(schema, Config { min_items: 1, ..Config::full() });
    let router = Router::new(schema);
    let limits = Limits::default();
    let mut stream = Stream::new(1, "protocol");
    for (id, operation) in schema.operations() {
        for _ in 0..20 {
            let bytes = stream.bytes(1024);
            let mut u = Unstructured::new(&bytes);

            let input = generator.operation(id, Side::Input, &mut u).unwrap();
            let request = protocol.encode_request(schema, id, &input).unwrap();
            let route = protocol.route(&router, &request).unwrap();
            assert_eq!(route.operation, id, "{}", operation.name);
            let decoded = protocol.decode_request(schema, &route, &request, &limits).unwrap();
            assert_eq!(decoded, DecodedRequest { value: input, unknown: vec![] }, "{}", operation.name);

            let output = generator.operation(id, Side::Output, &mut u).unwrap();
            let response = protocol.encode_response(schema, id, &output).unwrap();
            assert_eq!(response.status, operation.status, "{}", operation.name);
            let decoded = protocol.decode_response(schema, id, &response, &limits).unwrap();
            let expected = Decoded { value: output, unknown: vec![], problems: vec![] };
            assert_eq!(decoded, expected, "{}", operation.name);

            for error in &operation.errors {
                let body = generator.shape(*error, &mut u).unwrap();
                let decoded = protocol.decode_error(schema, id, &protocol.encode_error(schema, *error, &body));
                assert_eq!((decoded.modelled, decoded.body), (Some(*error), body), "{}", operation.name);
            }
        }
        let response = protocol.encode_unmodelled_error("SlowDown", 503, "try\nagain");
        let decoded = protocol.decode_error(schema, id, &response);
        assert_eq!((decoded.code.as_deref(), decoded.modelled, decoded.status), (Some("SlowDown"), None, 503));
        assert_eq!(decoded.message.as_deref(), Some("try\nagain"));
    }
}

#[test]
fn rest_json1_round_trips() {
    let schema = small_schema();
    check_round_trips(&schema, &RestJson1);
    assert_eq!(format!("{:?}", protocol(&schema)), "RestJson1");
}

#[test]
fn toy_protocol_round_trips() {
    check_round_trips(&small_schema(), &Lines);
}

#[test]
fn toy_protocol_differs_from_rest_json1() {
    let schema = small_schema();
    let id = schema.operation_named("DescribeContactFlow").unwrap();
    let request = Lines.encode_request(&schema, id, &json!({"InstanceId": "i", "ContactFlowId": "f"})).unwrap();
    let expected = "DescribeContactFlow\nContactFlowId \"f\"\nInstanceId \"i\"";
    assert_eq!(std::str::from_utf8(&request.body).unwrap(), expected);
    let router = Router::new(&schema);
    assert!(RestJson1.route(&router, &request).is_err());
}
