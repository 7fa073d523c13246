//! Any bytes as a request: routed and decoded to a value, or refused by name; what decodes, encodes to a request that
//! decodes to the same value.
//!
//! Law: `decode(encode(v)) = v` for every `v = decode(bytes)`.

use arbitrary::Unstructured;
use connect_model::validate::validate;
use connect_model::wire::message::HttpRequest;
use connect_model::wire::{Limits, decode_request, encode_request};

use crate::http::{as_received, fits_headers};
use crate::message;
use crate::service::Service;

/// How far an input came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reached {
    /// The bytes gave no message.
    Nothing,
    /// No operation answers.
    Unrouted,
    /// An operation refuses it.
    Refused,
    /// It decodes, and holds text that cannot be sent on.
    Unsendable,
    /// It decodes, and survives another round.
    Held,
}

/// Holds the law against an input; see [`crate`] for the form of it.
pub fn run(data: &[u8]) {
    reach(data);
}

fn reach(data: &[u8]) -> Reached {
    let request = match data {
        data if message::is_drawn(data) => message::draw_request(&mut Unstructured::new(&data[1..])).ok().flatten(),
        data => Some(message::request_of_text(data)),
    };
    let Some(request) = request else { return Reached::Nothing };
    Service::all().iter().map(|service| hold(service, &request)).max().unwrap_or(Reached::Nothing)
}

fn hold(service: &Service, request: &HttpRequest) -> Reached {
    let schema = service.schema;
    let limits = Limits::default();
    let Ok(route) = service.router.route(&request.method, &request.uri) else { return Reached::Unrouted };
    let operation = &schema[route.operation];
    let members = schema.input_members(operation);
    let value = match decode_request(schema, &route, request, &limits) {
        Ok(value) => value,
        Err(error) => {
            assert!((400..500).contains(&error.status()), "{error}");
            return Reached::Refused;
        }
    };
    if let Some(input) = operation.input {
        // Whatever the verdict is: there is one.
        validate(schema, input, &value);
    }
    let again = match encode_request(schema, route.operation, &value) {
        Ok(request) => request,
        Err(_) if operation.refused.is_some() || !fits_headers(members, &value) => return Reached::Unsendable,
        Err(error) => unreachable!("{} decodes {value}, and cannot be encoded: {error}", operation.name),
    };
    let route = service.router.route(&again.method, &again.uri);
    let route = route.unwrap_or_else(|error| unreachable!("{} lost its way to {}: {error}", operation.name, again.uri));
    assert_eq!(schema[route.operation].name, operation.name, "{}", again.uri);
    let back = decode_request(schema, &route, &again, &limits)
        .unwrap_or_else(|error| unreachable!("{} does not read what it wrote: {error}\n{again:?}", operation.name));
    assert_eq!(
        as_received(schema, operation, members, back),
        as_received(schema, operation, members, value),
        "{} {request:?}",
        operation.name
    );
    Reached::Held
}

#[cfg(test)]
mod tests {
    use connect_model::generate::seed::Stream;

    use super::*;

    const BY_HAND: &[(&[u8], Reached)] = &[
        (b"", Reached::Unrouted),
        (b"GET /nowhere/at/all", Reached::Unrouted),
        (b"DELETE /rules/%ff/x", Reached::Unrouted),
        (b"POST /rules/i-1\ncontent-type: application/json\n\n{\"Name\":\"r\",\"Unknown\":[null]}", Reached::Held),
        (b"POST /rules/i-1\r\ncontent-type: text/plain\r\n\r\n{}", Reached::Refused),
        (b"POST /rules/i-1\ncontent-type: application/json\n\n{\"Name\":", Reached::Refused),
        (b"GET /contact-flows-summary/i?maxResults=-0&nextToken=%00", Reached::Held),
        (b"GET /contact-flows-summary/i?maxResults=1.0", Reached::Refused),
        (
            "PUT /test-cases/i\nx-amz-resource-id: é\ncontent-type: application/json\n\n{}".as_bytes(),
            Reached::Unsendable,
        ),
    ];

    #[test]
    fn inputs_by_hand_reach_what_they_are_for() {
        for (data, reached) in BY_HAND {
            assert_eq!(reach(data), *reached, "{}", String::from_utf8_lossy(data));
        }
    }

    #[test]
    fn random_inputs_are_held_and_refused() {
        let mut stream = Stream::new(1, "request_decode");
        let mut count = std::collections::BTreeMap::new();
        for _ in 0..3000 {
            let mut data = stream.bytes(1500);
            data[0] |= 128;
            *count.entry(reach(&data)).or_insert(0) += 1;
            data[0] &= 127;
            run(&data);
        }
        assert!(count[&Reached::Held] > 500 && count[&Reached::Refused] > 300, "{count:?}");
        assert!(count[&Reached::Unrouted] > 50, "{count:?}");
    }
}
