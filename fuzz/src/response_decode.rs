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
pub enum Reached {
    /// The body as a whole is useless.
    Refused,
    /// It decodes, with problems.
    Problems,
    /// It decodes, and holds text that cannot be sent on.
    Unsendable,
    /// It decodes, and survives another round.
    Held,
}

impl Target for ResponseDecode {
    const NAME: &'static str = "response_decode";
    const PROPERTY: &'static str = "decode(bytes) is an output with its problems, or an error; decode(encode(v)) = v";
    type Case = Response;
    type Reached = Reached;

    fn draw(data: &[u8]) -> Option<Response> {
        Response::draw(data, false)
    }

    fn plain(data: &[u8]) -> Option<Response> {
        Response::of_text(data)
    }

    fn hold(case: &Response) -> Reached {
        let Some((service, id)) = Service::named(&case.operation) else { return Reached::Refused };
        let response = case.http();
        let schema = service.schema;
        let operation = &schema[id];
        let members = schema.output_members(operation);
        let Ok(decoded) = decode_response(schema, id, &response, &Limits::default()) else { return Reached::Refused };
        if let Some(output) = operation.output {
            // Whatever the verdict is: there is one.
            validate(schema, output, &decoded.value);
        }
        if !decoded.problems.is_empty() || operation.refused.is_some() {
            return Reached::Problems;
        }
        let again = match encode_response(schema, id, &decoded.value) {
            Ok(response) => response,
            Err(_) if !fits_headers(members, &decoded.value) => return Reached::Unsendable,
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
        Reached::Held
    }

    fn seeds() -> Vec<Seed> {
        let mut seeds = seeds::messages(Side::Output);
        seeds.extend(seeds::by_hand(BY_HAND.iter().map(|(data, _)| *data)));
        seeds.extend(seeds::drawn(Self::NAME));
        seeds
    }
}

/// Responses by hand, and how far each comes.
const BY_HAND: &[(&[u8], Reached)] = &[
    (b"CreateRule 200\n\n", Reached::Held),
    (b"CreateRule 200\n\n{\"RuleArn\":7,\"New\":{\"a\":[null]}}", Reached::Held),
    (b"CreateRule 200\n\n<html>", Reached::Refused),
    (b"CreateRule 404\n\n{\"__type\":\"ResourceNotFoundException\",\"Message\":null}", Reached::Held),
    (b"DescribeContactFlow 200\n\n{\"ContactFlow\":{\"LastModifiedTime\":1.73229019499E9}}", Reached::Held),
    (b"ListRules 2000\n\n[]", Reached::Refused),
    (b"Everything 200\n\n{\"Boolean\":1,\"Integer\":true,\"Level\":\"1\",\"Strings\":[null,\"a\"],\"StringMap\":{\"a\":null},\"Imf\":\"then\",\"Blob\":\"?\"}", Reached::Held),
    (b"Everything 200\n\n{\"text\":\"a\",\"Text\":\"b\",\"Choice\":{\"Other\":1},\"BigInteger\":123456789012345678901234567890,\"Node\":[]}", Reached::Held),
    (b"Everything 200\n\n{\"Choice\":{\"Text\":\"a\",\"Count\":null},\"Time\":\"2019-12-16T23:48:18Z\",\"Iso\":1576540098.5,\"Epoch\":0}", Reached::Held),
    (b"Headers 200\nx-strings: \"a,\\\"b\", c\nx-integers: 1,x\nx-boolean: yes\nx-time: 1\nx-media: ?\nx-meta-a: b\n\n", Reached::Problems),
    (b"PayloadString 200\n\n\xff", Reached::Problems),
    (b"PayloadBlob 200\nx-id: \n\n\xff", Reached::Held),
    (b"PayloadUnion 200\n\n{\"Text\":1}", Reached::Held),
    (b"Status 204\n\n{\"Text\":\"a\"}", Reached::Held),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{assert_cases_can_be_kept, reach, survey};

    #[test]
    fn inputs_by_hand_reach_what_they_are_for() {
        let others = BY_HAND.iter().filter(|(data, expected)| reach::<ResponseDecode>(data) != Some(*expected));
        let told =
            others.map(|(data, _)| format!("{:?}: {}\n", reach::<ResponseDecode>(data), String::from_utf8_lossy(data)));
        assert_eq!(told.collect::<String>(), "");
        assert_eq!(reach::<ResponseDecode>(b"NoOperation 200\n\n{}"), None);
    }

    #[test]
    fn random_inputs_are_held_and_refused() {
        let count = survey::<ResponseDecode>(6000, 1500);
        assert!(count[&Reached::Held] > 500 && count[&Reached::Refused] > 300, "{count:?}");
        assert!(count[&Reached::Problems] > 10 && count[&Reached::Unsendable] > 0, "{count:?}");
        assert_cases_can_be_kept::<ResponseDecode>(500, 500);
    }
}
