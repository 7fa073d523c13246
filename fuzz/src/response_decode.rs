//! Any bytes as a response of success: decoded to something typed; what decodes without a problem encodes to a response
//! that decodes to the same.
//!
//! Law: `decode(encode(v)) = v` for every `v = decode(bytes)` without problems.

use connect_model::generate::Side;
use connect_model::validate::validate;
use connect_model::wire::{Limits, decode_response, encode_response};

use crate::http::{as_received, fits_headers};
use crate::message::Response;
use crate::seeds;
use crate::service::Service;
use crate::target::{Seed, Target};

/// See the file.
pub struct ResponseDecode;

/// How far a response came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The body as a whole is useless.
    Rejected,
    /// It decodes, with problems.
    Problems,
    /// It decodes, and holds text that cannot be sent on.
    Unsendable,
    /// It decodes, and survives another round.
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
            // Whatever the verdict is: there is one.
            validate(schema, output, &decoded.value);
        }
        if !decoded.problems.is_empty() || operation.refused.is_some() {
            return Outcome::Problems;
        }
        let again = match encode_response(schema, id, &decoded.value) {
            Ok(response) => response,
            Err(_) if !fits_headers(members, &decoded.value) => return Outcome::Unsendable,
            Err(error) => unreachable!("{} decodes {}, and cannot be encoded: {error}", operation.name, decoded.value),
        };
        let back = decode_response(schema, id, &again, &Limits::default())
            .unwrap_or_else(|error| unreachable!("{} does not read what it wrote: {error}\n{again:?}", operation.name));
        assert!(back.problems.is_empty(), "{} finds problems in what it wrote: {back:?}", operation.name);
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

/// Responses by hand, and how far each comes.
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
    use crate::target::{assert_cases_round_trip, count_outcomes, outcome_of};

    #[test]
    fn inputs_by_hand_reach_what_they_are_for() {
        let others = BY_HAND.iter().filter(|(data, expected)| outcome_of::<ResponseDecode>(data) != Some(*expected));
        let told =
            others.map(|(data, _)| format!("{:?}: {}\n", outcome_of::<ResponseDecode>(data), String::from_utf8_lossy(data)));
        assert_eq!(told.collect::<String>(), "");
        assert_eq!(outcome_of::<ResponseDecode>(b"NoOperation 200\n\n{}"), None);
    }

    #[test]
    fn random_inputs_are_held_and_refused() {
        let count = count_outcomes::<ResponseDecode>(6000, 1500);
        assert!(count[&Outcome::RoundTrip] > 500 && count[&Outcome::Rejected] > 300, "{count:?}");
        assert!(count[&Outcome::Problems] > 10 && count[&Outcome::Unsendable] > 0, "{count:?}");
        assert_cases_round_trip::<ResponseDecode>(500, 500);
    }
}
