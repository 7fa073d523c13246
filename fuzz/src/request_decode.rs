//! Request decoding. Any request is decoded to a value or rejected with a named 4xx error, and a decoded value survives
//! another round trip.
//!
//! Property: `decode(encode(v)) = v` for every `v = decode(bytes)`.

use connect_model::generate::Side;
use connect_model::validate::validate;
use connect_model::wire::message::HttpRequest;
use connect_model::wire::{Limits, decode_request, encode_request};

use crate::http::{as_received, fits_headers};
use crate::message::Request;
use crate::seeds;
use crate::service::Service;
use crate::target::{Seed, Target};

/// The target; see the module.
pub struct RequestDecode;

/// Result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// No operation matches.
    Unrouted,
    /// An operation rejects it.
    Rejected,
    /// It decodes to a value with text that cannot be encoded in a header.
    NotEncodable,
    /// It decodes, and survives the round trip.
    RoundTrip,
}

impl Target for RequestDecode {
    const NAME: &'static str = "request_decode";
    const PROPERTY: &'static str = "decode(bytes) is a value or a 4xx by name; decode(encode(v)) = v";
    type Case = Request;
    type Outcome = Outcome;

    fn draw(data: &[u8]) -> Option<Request> {
        Request::draw(data)
    }

    fn plain(data: &[u8]) -> Option<Request> {
        Some(Request::of_text(data))
    }

    fn check(case: &Request) -> Outcome {
        let request = case.http();
        Service::all().iter().map(|service| check(service, &request)).max().unwrap_or(Outcome::Unrouted)
    }

    fn seeds() -> Vec<Seed> {
        let mut seeds = seeds::messages(Side::Input);
        seeds.extend(seeds::by_hand(BY_HAND.iter().map(|(data, _)| *data)));
        seeds.extend(seeds::drawn(Self::NAME));
        seeds
    }
}

fn check(service: &Service, request: &HttpRequest) -> Outcome {
    let schema = service.schema;
    let limits = Limits::default();
    let Ok(route) = service.router.route(&request.method, &request.uri) else { return Outcome::Unrouted };
    let operation = &schema[route.operation];
    let members = schema.input_members(operation);
    let value = match decode_request(schema, &route, request, &limits) {
        Ok(value) => value,
        Err(error) => {
            assert!((400..500).contains(&error.status()), "{error}");
            return Outcome::Rejected;
        }
    };
    if let Some(input) = operation.input {
        // Validation must not panic.
        validate(schema, input, &value);
    }
    let again = match encode_request(schema, route.operation, &value) {
        Ok(request) => request,
        Err(_) if operation.refused.is_some() || !fits_headers(members, &value) => return Outcome::NotEncodable,
        Err(error) => unreachable!("{} decodes {value}, but cannot encode it: {error}", operation.name),
    };
    let route = service.router.route(&again.method, &again.uri);
    let route = route.unwrap_or_else(|error| unreachable!("{} is not found at {}: {error}", operation.name, again.uri));
    assert_eq!(schema[route.operation].name, operation.name, "{}", again.uri);
    let back = decode_request(schema, &route, &again, &limits)
        .unwrap_or_else(|error| unreachable!("{} does not decode its own request: {error}\n{again:?}", operation.name));
    assert_eq!(
        as_received(schema, operation, members, back),
        as_received(schema, operation, members, value),
        "{} {request:?}",
        operation.name
    );
    Outcome::RoundTrip
}

/// Handwritten requests and their outcomes.
const BY_HAND: &[(&[u8], Outcome)] = &[
    (b"", Outcome::Unrouted),
    (b"GET /nowhere/at/all", Outcome::Unrouted),
    (b"DELETE /rules/%ff/x", Outcome::Unrouted),
    (b"POST /rules/i-1\ncontent-type: application/json\n\n{\"Name\":\"r\",\"Unknown\":[null]}", Outcome::RoundTrip),
    (b"POST /rules/i-1\r\ncontent-type: text/plain\r\n\r\n{}", Outcome::Rejected),
    (b"POST /rules/i-1\ncontent-type: application/json\n\n{\"Name\":", Outcome::Rejected),
    (b"GET /contact-flows-summary/i?maxResults=-0&nextToken=%00", Outcome::RoundTrip),
    (b"GET /contact-flows-summary/i?maxResults=1.0", Outcome::Rejected),
    (b"PATCH /rules/i-1", Outcome::Unrouted),
    (b"GET /contact-flows-summary/i?maxResults=%ff", Outcome::Rejected),
    (b"GET /contact-flows-summary/i\naccept: text/html;q=0.5, application/*;q=0, */*;q=0.1", Outcome::Rejected),
    (b"GET /contact-flows-summary/i\naccept: text/html, application/json;q=0.2", Outcome::RoundTrip),
    (b"GET /greedy/a//b/", Outcome::RoundTrip),
    (b"GET /middle//x/y/end", Outcome::RoundTrip),
    (b"GET /headers\nx-strings: \"a,\\\"b\", c ,\"\",\"d\" e\nx-times: Mon, 16 Dec 2019 23:48:18 GMT, x\n", Outcome::Rejected),
    (b"GET /headers\nx-strings: \"a,\\\"b\", c ,\"\"\nx-integers: 1 , 2\nx-meta-a: b\nx-media: IjEi", Outcome::RoundTrip),
    (b"GET /headers\nx-times: Mon, 16 Dec 2019 23:48:18 GMT, Mon, 16 Dec 2019 23:48:19 GMT\nx-epoch: -1.5", Outcome::RoundTrip),
    (b"GET /queries?literal=1&bare&bools=true&bools=false&times=2019-12-16T23:48:18Z&double=-Infinity&epoch=1e3", Outcome::RoundTrip),
    (b"GET /queries?literal=1&bare&time=2019-12-16T23:48:18%2B01:00&imf=Mon,%2016%20Dec", Outcome::Rejected),
    (b"GET /query-list-map?a=1&a=2&b", Outcome::RoundTrip),
    (b"POST /everything\ncontent-type: application/json\n\n{\"BigInteger\":1e20,\"BigDecimal\":1.5,\"Byte\":-0,\"Double\":\"NaN\",\"Float\":1e-320,\"SparseStrings\":[null],\"SparseMap\":{\"a\":null},\"Choice\":{\"Nothing\":{}},\"Documents\":[null,{}],\"Color\":\"green\",\"Level\":7}", Outcome::RoundTrip),
    (b"POST /everything\ncontent-type: application/json\n\n{\"Strings\":[null]}", Outcome::Rejected),
    (b"POST /everything\ncontent-type: application/json\n\n{\"Choice\":{\"Other\":1}}", Outcome::Rejected),
    (b"POST /everything\ncontent-type: application/json\n\n{\"Choice\":{\"Text\":\"a\",\"Count\":1}}", Outcome::Rejected),
    (b"POST /everything\ncontent-type: application/json\n\n{\"Boolean\":1}", Outcome::Rejected),
    (b"POST /everything\ncontent-type: application/json\n\n{\"Integer\":true}", Outcome::Rejected),
    (b"POST /everything\ncontent-type: application/json\n\n{\"Level\":\"1\"}", Outcome::Rejected),
    (b"POST /everything\ncontent-type: application/json\n\n{\"Imf\":1,\"Iso\":\"2019-12-16T23:48:18Z\"}", Outcome::Rejected),
    (b"POST /everything\ncontent-type: application/json\n\n{\"Text\":\"a\",\"Text\":\"b\",\"time\":1}", Outcome::RoundTrip),
    (b"POST /everything\ncontent-type: application/json\n\n{\"Document\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}", Outcome::Rejected),
    (b"POST /payload/PayloadString\ncontent-type: text/plain\n\n\xff", Outcome::Rejected),
    (b"POST /payload/PayloadBlob\n\n", Outcome::RoundTrip),
    (b"POST /payload/PayloadJpeg\ncontent-type: image/jpeg\n\n\xff\xd8", Outcome::RoundTrip),
    (b"POST /payload/PayloadUnion\ncontent-type: application/json\n\n{\"Count\":1}", Outcome::RoundTrip),
    (b"POST /payload/PayloadDocument\ncontent-type: application/json\n\n[1e999]", Outcome::Rejected),
    (b"POST /payload/typed\ncontent-type: image/png\n\nx", Outcome::RoundTrip),
    ("PUT /test-cases/i\nx-amz-resource-id: é\ncontent-type: application/json\n\n{}".as_bytes(), Outcome::NotEncodable),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smoke::{assert_cases_round_trip, assert_outcomes, assert_reached};

    #[test]
    fn handwritten_inputs_have_the_expected_outcomes() {
        assert_outcomes::<RequestDecode>(BY_HAND.iter().copied());
    }

    #[test]
    fn random_inputs_reach_every_outcome() {
        assert_reached::<RequestDecode>(
            6000,
            1500,
            [(Outcome::RoundTrip, 500), (Outcome::Rejected, 300), (Outcome::Unrouted, 50)],
        );
        assert_cases_round_trip::<RequestDecode>(500, 500);
    }
}
