//! Round trips over the wire: requests, responses and errors of every operation.

use connect_model::generate::Side;
use connect_model::schema::{Binding, Members, Schema};
use connect_model::wire::{
    Limits, Router, decode_error, decode_request, decode_response, encode_error, encode_request, encode_response,
};
use serde_json::Value;

use super::Corpus;

/// Number of values per operation and direction.
const ROUNDS: usize = if cfg!(debug_assertions) { 30 } else { 200 };

/// Values at the limits are larger than the default limits of a server.
const LIMITS: Limits = Limits { depth: 64, bytes: usize::MAX };

/// Returns the value as the other end decodes it. It is equal, with one exception, which `exceptions` counts: an empty
/// list in the query sends nothing (restJson1), so it is decoded as absent.
fn as_decoded(members: Option<&Members>, value: &Value, exceptions: &mut usize) -> Value {
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
fn requests_round_trip() {
    let schema = Schema::connect();
    let router = Router::new(schema);
    let mut corpus = Corpus::new("requests");
    let mut exceptions = 0;
    for (id, operation) in schema.operations() {
        for round in 0..ROUNDS {
            let value = corpus.operation(id, Side::Input, round);
            let described = || format!("{} {}", operation.name, connect_model::validate::excerpt(&value));
            let request = encode_request(schema, id, &value).unwrap_or_else(|error| panic!("{}: {error}", described()));
            let route =
                router.route(&request.method, &request.uri).unwrap_or_else(|error| panic!("{}: {error}", described()));
            assert_eq!(route.operation, id, "{}: {}", described(), request.uri);
            let back = decode_request(schema, &route, &request, &LIMITS)
                .unwrap_or_else(|error| panic!("{}: {error}", described()));
            assert_eq!(back, as_decoded(schema.input_members(operation), &value, &mut exceptions), "{}", described());
        }
    }
    assert!(exceptions > 0, "no empty list in a query: the exception did not occur");
}

#[test]
fn responses_round_trip() {
    let schema = Schema::connect();
    let mut corpus = Corpus::new("responses");
    for (id, operation) in schema.operations() {
        for round in 0..ROUNDS {
            let value = corpus.operation(id, Side::Output, round);
            let described = || format!("{} {}", operation.name, connect_model::validate::excerpt(&value));
            let response =
                encode_response(schema, id, &value).unwrap_or_else(|error| panic!("{}: {error}", described()));
            assert_eq!(response.status, operation.status, "{}", described());
            let back = decode_response(schema, id, &response, &LIMITS)
                .unwrap_or_else(|error| panic!("{}: {error}", described()));
            assert_eq!(back.value, value, "{}", described());
            assert_eq!((back.unknown, back.problems), (vec![], vec![]), "{}", described());
        }
    }
}

#[test]
fn errors_round_trip() {
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
                let described =
                    format!("{} {} {}", operation.name, shape.name, connect_model::validate::excerpt(&value));
                assert_eq!(back.code.as_deref(), Some(shape.name.as_str()), "{described}");
                assert_eq!(back.modelled, Some(*error), "{described}");
                assert_eq!(Some(back.status), shape.error.map(|error| error.status), "{described}");
                let message = ["message", "Message"].iter().find_map(|key| value.get(key)?.as_str());
                assert_eq!(back.message.as_deref(), message, "{described}");
                assert_eq!(back.body, value, "{described}");
            }
        }
    }
    assert!(pairs > 1_500, "{pairs} pairs of operation and error");
}
