//! What one end of the wire writes, the other end reads: requests, responses and errors of every operation.

use connect_model::generate::Side;
use connect_model::schema::{Binding, Members, Schema};
use connect_model::wire::{
    Limits, Router, decode_error, decode_request, decode_response, encode_error, encode_request, encode_response,
};
use serde_json::Value;

use super::Corpus;

/// Values of each operation and direction.
const ROUNDS: usize = if cfg!(debug_assertions) { 30 } else { 200 };

/// The values at the limits are larger than what a server takes by default.
const LIMITS: Limits = Limits { depth: 64, bytes: usize::MAX };

/// What a value reads as at the other end; the same but for one thing, which `exceptions` counts: an empty list in
/// the query sends nothing (restJson1), so that it reads as an absent one.
fn as_it_arrives(members: Option<&Members>, value: &Value, exceptions: &mut usize) -> Value {
    let mut value = value.clone();
    for member in members.into_iter().flatten() {
        if let (Binding::Query(_), Some(map)) = (&member.binding, value.as_object_mut())
            && map.get(&member.name).and_then(Value::as_array).is_some_and(Vec::is_empty)
        {
            map.remove(&member.name);
            *exceptions += 1;
        }
    }
    value
}

#[test]
fn a_request_reads_as_it_was_written() {
    let schema = Schema::connect();
    let router = Router::new(schema);
    let mut corpus = Corpus::new("requests");
    let mut exceptions = 0;
    for (id, operation) in schema.operations() {
        for round in 0..ROUNDS {
            let value = corpus.operation(id, Side::Input, round);
            let told = || format!("{} {}", operation.name, connect_model::validate::excerpt(&value));
            let request = encode_request(schema, id, &value).unwrap_or_else(|error| panic!("{}: {error}", told()));
            let route =
                router.route(&request.method, &request.uri).unwrap_or_else(|error| panic!("{}: {error}", told()));
            assert_eq!(route.operation, id, "{}: {}", told(), request.uri);
            let back =
                decode_request(schema, &route, &request, &LIMITS).unwrap_or_else(|error| panic!("{}: {error}", told()));
            assert_eq!(back, as_it_arrives(schema.input_members(operation), &value, &mut exceptions), "{}", told());
        }
    }
    assert!(exceptions > 0, "no empty list in a query: the exception is none");
}

#[test]
fn a_response_reads_as_it_was_written() {
    let schema = Schema::connect();
    let mut corpus = Corpus::new("responses");
    for (id, operation) in schema.operations() {
        for round in 0..ROUNDS {
            let value = corpus.operation(id, Side::Output, round);
            let told = || format!("{} {}", operation.name, connect_model::validate::excerpt(&value));
            let response = encode_response(schema, id, &value).unwrap_or_else(|error| panic!("{}: {error}", told()));
            assert_eq!(response.status, operation.status, "{}", told());
            let back =
                decode_response(schema, id, &response, &LIMITS).unwrap_or_else(|error| panic!("{}: {error}", told()));
            assert_eq!(back.value, value, "{}", told());
            assert_eq!((back.unknown, back.problems), (vec![], vec![]), "{}", told());
        }
    }
}

#[test]
fn an_error_reads_as_it_was_written() {
    let schema = Schema::connect();
    let mut corpus = Corpus::new("errors");
    let mut pairs = 0;
    for (id, operation) in schema.operations() {
        for error in &operation.errors {
            pairs += 1;
            for round in 0..ROUNDS.div_ceil(5) {
                let shape = &schema[*error];
                let value = corpus.shape(*error, round);
                let response = encode_error(schema, *error, &value);
                let back = decode_error(schema, id, &response);
                let told = format!("{} {} {}", operation.name, shape.name, connect_model::validate::excerpt(&value));
                assert_eq!(back.code.as_deref(), Some(shape.name.as_str()), "{told}");
                assert_eq!(back.modelled, Some(*error), "{told}");
                assert_eq!(Some(back.status), shape.error.map(|error| error.status), "{told}");
                let message = ["message", "Message"].iter().find_map(|key| value.get(key)?.as_str());
                assert_eq!(back.message.as_deref(), message, "{told}");
                assert_eq!(back.body, value, "{told}");
            }
        }
    }
    assert!(pairs > 1_500, "{pairs} pairs of operation and error");
}
