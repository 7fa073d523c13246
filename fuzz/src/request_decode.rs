//! Any bytes as a request: routed and decoded to a value, or refused by name; what decodes, encodes to a request that
//! decodes to the same value.
//!
//! Law: `decode(encode(v)) = v` for every `v = decode(bytes)`.

use connect_model::generate::Side;
use connect_model::validate::validate;
use connect_model::wire::message::HttpRequest;
use connect_model::wire::{Limits, decode_request, encode_request};

use crate::http::{as_received, fits_headers};
use crate::message::Request;
use crate::seeds;
use crate::service::Service;
use crate::target::{Seed, Target};

/// See the file.
pub struct RequestDecode;

/// How far a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// No operation answers.
    Unrouted,
    /// An operation refuses it.
    Refused,
    /// It decodes, and holds text that cannot be sent on.
    Unsendable,
    /// It decodes, and survives another round.
    Held,
}

impl Target for RequestDecode {
    const NAME: &'static str = "request_decode";
    const PROPERTY: &'static str = "decode(bytes) is a value or a 4xx by name; decode(encode(v)) = v";
    type Case = Request;
    type Reached = Reached;

    fn draw(data: &[u8]) -> Option<Request> {
        Request::draw(data)
    }

    fn plain(data: &[u8]) -> Option<Request> {
        Some(Request::of_text(data))
    }

    fn hold(case: &Request) -> Reached {
        let request = case.http();
        Service::all().iter().map(|service| hold(service, &request)).max().unwrap_or(Reached::Unrouted)
    }

    fn seeds() -> Vec<Seed> {
        let mut seeds = seeds::messages(Side::Input);
        seeds.extend(seeds::by_hand(BY_HAND.iter().map(|(data, _)| *data)));
        seeds.extend(seeds::drawn(Self::NAME));
        seeds
    }
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

/// Requests by hand, and how far each comes.
const BY_HAND: &[(&[u8], Reached)] = &[
    (b"", Reached::Unrouted),
    (b"GET /nowhere/at/all", Reached::Unrouted),
    (b"DELETE /rules/%ff/x", Reached::Unrouted),
    (b"POST /rules/i-1\ncontent-type: application/json\n\n{\"Name\":\"r\",\"Unknown\":[null]}", Reached::Held),
    (b"POST /rules/i-1\r\ncontent-type: text/plain\r\n\r\n{}", Reached::Refused),
    (b"POST /rules/i-1\ncontent-type: application/json\n\n{\"Name\":", Reached::Refused),
    (b"GET /contact-flows-summary/i?maxResults=-0&nextToken=%00", Reached::Held),
    (b"GET /contact-flows-summary/i?maxResults=1.0", Reached::Refused),
    ("PUT /test-cases/i\nx-amz-resource-id: é\ncontent-type: application/json\n\n{}".as_bytes(), Reached::Unsendable),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{assert_cases_can_be_kept, reach, survey};

    #[test]
    fn inputs_by_hand_reach_what_they_are_for() {
        for (data, reached) in BY_HAND {
            assert_eq!(reach::<RequestDecode>(data), Some(*reached), "{}", String::from_utf8_lossy(data));
        }
    }

    #[test]
    fn random_inputs_are_held_and_refused() {
        let count = survey::<RequestDecode>(6000, 1500);
        assert!(count[&Reached::Held] > 500 && count[&Reached::Refused] > 300, "{count:?}");
        assert!(count[&Reached::Unrouted] > 50, "{count:?}");
        assert_cases_can_be_kept::<RequestDecode>(500, 500);
    }
}
