//! Response decoding. Any successful response is decoded to an output with a list of problems, or rejected, and an output
//! without problems survives another round trip.
//!
//! Property: `decode(encode(v)) = v` for every `v = decode(bytes)` without problems.

use connect_model::generate::Side;
use connect_model::validate::validate;
use connect_model::wire::{Limits, decode_response, encode_response};

use crate::http::{as_received, fits_headers};
use crate::message::Response;
use crate::seeds;
use crate::service::Service;
use crate::target::{Seed, Target};

/// The target; see the module.
pub struct ResponseDecode;

/// Result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The body cannot be decoded.
    Rejected,
    /// It decodes, with problems.
    Problems,
    /// It decodes to a value with text that cannot be encoded in a header.
    NotEncodable,
    /// It decodes, and survives the round trip.
    RoundTrip,
}

impl Target for ResponseDecode {
    const NAME: &'static str = "response_decode";
    const PROPERTY: &'static str = "decode(bytes) is an output with its problems, or an error; decode(encode(v)) = v";
    type Case = Response;
    type Outcome = Outcome;

    fn draw(data: &[u8]) -> Option<Response> {
        Response::draw(data, false)
    }

    fn plain(data: &[u8]) -> Option<Response> {
        Response::of_text(data)
    }

    fn check(case: &Response) -> Outcome {
        let Some((service, id)) = Service::named(&case.operation) else { return Outcome::Rejected };
        let response = case.http();
        let schema = service.schema;
        let operation = &schema[id];
        let members = schema.output_members(operation);
        let Ok(decoded) = decode_response(schema, id, &response, &Limits::default()) else { return Outcome::Rejected };
        if let Some(output) = operation.output {
            // Validation must not panic.
            validate(schema, output, &decoded.value);
        }
        if !decoded.problems.is_empty() || operation.refused.is_some() {
            return Outcome::Problems;
        }
        let again = match encode_response(schema, id, &decoded.value) {
            Ok(response) => response,
            Err(_) if !fits_headers(members, &decoded.value) => return Outcome::NotEncodable,
            Err(error) => unreachable!("{} decodes {}, but cannot encode it: {error}", operation.name, decoded.value),
        };
        let back = decode_response(schema, id, &again, &Limits::default()).unwrap_or_else(|error| {
            unreachable!("{} does not decode its own response: {error}\n{again:?}", operation.name)
        });
        assert!(back.problems.is_empty(), "{} has problems in its own response: {back:?}", operation.name);
        assert_eq!(
            as_received(schema, operation, members, back.value),
            as_received(schema, operation, members, decoded.value),
            "{} {response:?}",
            operation.name
        );
        Outcome::RoundTrip
    }

    fn seeds() -> Vec<Seed> {
        let mut seeds = seeds::messages(Side::Output);
        seeds.extend(seeds::by_hand(BY_HAND.iter().map(|(data, _)| *data)));
        seeds.extend(seeds::drawn(Self::NAME));
        seeds
    }
}

/// Handwritten responses and their outcomes.
const BY_HAND: &[(&[u8], Outcome)] = &[
    (b"CreateRule 200\n\n", Outcome::RoundTrip),
    (b"CreateRule 200\n\n{\"RuleArn\":7,\"New\":{\"a\":[null]}}", Outcome::RoundTrip),
    (b"CreateRule 200\n\n<html>", Outcome::Rejected),
    (b"CreateRule 404\n\n{\"__type\":\"ResourceNotFoundException\",\"Message\":null}", Outcome::RoundTrip),
    (b"DescribeContactFlow 200\n\n{\"ContactFlow\":{\"LastModifiedTime\":1.73229019499E9}}", Outcome::RoundTrip),
    (b"ListRules 2000\n\n[]", Outcome::Rejected),
    (b"Everything 200\n\n{\"Boolean\":1,\"Integer\":true,\"Level\":\"1\",\"Strings\":[null,\"a\"],\"StringMap\":{\"a\":null},\"Imf\":\"then\",\"Blob\":\"?\"}", Outcome::RoundTrip),
    (b"Everything 200\n\n{\"text\":\"a\",\"Text\":\"b\",\"Choice\":{\"Other\":1},\"BigInteger\":123456789012345678901234567890,\"Node\":[]}", Outcome::RoundTrip),
    (b"Everything 200\n\n{\"Choice\":{\"Text\":\"a\",\"Count\":null},\"Time\":\"2019-12-16T23:48:18Z\",\"Iso\":1576540098.5,\"Epoch\":0}", Outcome::RoundTrip),
    (b"Headers 200\nx-strings: \"a,\\\"b\", c\nx-integers: 1,x\nx-boolean: yes\nx-time: 1\nx-media: ?\nx-meta-a: b\n\n", Outcome::Problems),
    (b"PayloadString 200\n\n\xff", Outcome::Problems),
    (b"PayloadBlob 200\nx-id: \n\n\xff", Outcome::RoundTrip),
    (b"PayloadUnion 200\n\n{\"Text\":1}", Outcome::RoundTrip),
    (b"Status 204\n\n{\"Text\":\"a\"}", Outcome::RoundTrip),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smoke::{assert_cases_round_trip, assert_outcomes, assert_reached};
    use crate::target::outcome_of;

    #[test]
    fn handwritten_inputs_have_the_expected_outcomes() {
        assert_outcomes::<ResponseDecode>(BY_HAND.iter().copied());
        assert_eq!(outcome_of::<ResponseDecode>(b"NoOperation 200\n\n{}"), None);
    }

    #[test]
    fn random_inputs_reach_every_outcome() {
        assert_reached::<ResponseDecode>(
            6000,
            1500,
            [(Outcome::RoundTrip, 500), (Outcome::Rejected, 300), (Outcome::Problems, 10), (Outcome::NotEncodable, 0)],
        );
        assert_cases_round_trip::<ResponseDecode>(500, 500);
    }
}
