//! Error decoding. The name of an error is the one found by a second implementation of restJson1, and an error listed by the
//! operation survives a round trip.
//!
//! Properties: `decode(encode(e)) = e` for every modelled `e = decode(bytes)`; `name(decode(bytes)) = name(bytes)`, where the
//! latter is the second implementation, [`name`].

use connect_model::generate::Side;
use connect_model::wire::{NameSource, decode_error, encode_error};
use serde_json::Value;

use crate::http::{as_received, fits_headers};
use crate::message::Response;
use crate::seeds;
use crate::service::Service;
use crate::target::{Seed, Target};

/// The target; see the module.
pub struct ErrorDecode;

/// Result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The error has no name.
    Nameless,
    /// The operation does not list the error.
    Unmodelled,
    /// The operation lists the error; its body cannot be encoded.
    NotEncodable,
    /// The operation lists the error, and it survives the round trip.
    RoundTrip,
}

impl Target for ErrorDecode {
    const NAME: &'static str = "error_decode";
    const PROPERTY: &'static str = "decode(bytes) has the name that restJson1 gives it; decode(encode(e)) = e";
    type Case = Response;
    type Outcome = Outcome;

    fn draw(data: &[u8]) -> Option<Response> {
        Response::draw(data, true)
    }

    fn plain(data: &[u8]) -> Option<Response> {
        Response::of_text(data)
    }

    fn check(case: &Response) -> Outcome {
        let Some((service, id)) = Service::named(&case.operation) else { return Outcome::Nameless };
        let response = case.http();
        let schema = service.schema;
        let operation = &schema[id];
        let decoded = decode_error(schema, id, &response);
        assert_eq!(decoded.status, response.status);
        assert_eq!(decoded.code, name(case), "{} {response:?}", operation.name);
        assert_eq!(decoded.code.is_none(), decoded.source == NameSource::None);
        let Some(code) = &decoded.code else { return Outcome::Nameless };
        let listed = operation.errors.iter().copied().find(|error| schema[*error].name == *code);
        assert_eq!(decoded.modelled, listed, "{} {response:?}", operation.name);
        let Some(shape) = decoded.modelled else { return Outcome::Unmodelled };
        let members = schema[shape].kind.members();
        let back = decode_error(schema, id, &encode_error(schema, shape, &decoded.body));
        assert_eq!((back.modelled, back.code), (decoded.modelled, decoded.code), "{} {response:?}", operation.name);
        // A body that is not an object could not be decoded. An error with text that no header can carry is encoded without
        // members.
        if !decoded.body.is_object() || !fits_headers(members, &decoded.body) {
            return Outcome::NotEncodable;
        }
        assert_eq!(back.message, decoded.message, "{} {response:?}", operation.name);
        assert_eq!(
            as_received(schema, operation, members, back.body),
            as_received(schema, operation, members, decoded.body),
            "{} {response:?}",
            operation.name
        );
        Outcome::RoundTrip
    }

    fn seeds() -> Vec<Seed> {
        let mut seeds: Vec<Seed> = seeds::by_hand(BY_HAND.iter().map(|(data, _)| *data)).collect();
        seeds.extend(seeds::errors());
        seeds.extend(seeds::messages(Side::Output).into_iter().take(5));
        seeds.extend(seeds::drawn(Self::NAME));
        seeds
    }
}

/// Finds the name as restJson1 specifies: in the header, else in `code`, else in `__type`; without the part from a colon on
/// and without the part up to a hash sign. (Smithy, restJson1, "Operation error serialization".)
fn name(case: &Response) -> Option<String> {
    let response = case.http();
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let of_header = response.headers.0.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-amzn-errortype"));
    let of_code = body["code"].as_str().or(body["Code"].as_str());
    [of_header.map(|(_, value)| value.as_str()), of_code, body["__type"].as_str()].into_iter().flatten().find_map(
        |text| {
            let before_colon = text.find(':').map_or(text, |colon| &text[..colon]);
            let after_hash = before_colon.find('#').map_or(before_colon, |hash| &before_colon[hash + 1..]);
            Some(after_hash.trim().to_owned()).filter(|name| !name.is_empty())
        },
    )
}

/// Handwritten responses and their outcomes.
const BY_HAND: &[(&[u8], Outcome)] = &[
    (b"CreateRule 400\nx-amzn-errortype: a#ResourceNotFoundException:b\n\n<html>", Outcome::NotEncodable),
    (b"CreateRule 404\n\n{\"__type\":\"ResourceNotFoundException\",\"Message\":null}", Outcome::RoundTrip),
    (b"CreateRule 404\n\n{\"code\":\"Other\"}", Outcome::Unmodelled),
    (b"CreateRule 404\n\n{\"code\":7,\"Code\":\"ns#ThrottlingException\",\"Message\":\"m\"}", Outcome::RoundTrip),
    (b"CreateRule 429\nx-amzn-errortype: TooManyRequestsException\n\n{\"message\":null}", Outcome::Unmodelled),
    (
        b"CreateContactFlow 400\nx-amzn-errortype: InvalidContactFlowException\n\n{\"problems\":[{\"message\":\"m\"}]}",
        Outcome::RoundTrip,
    ),
    (b"CreateRule 502\n\nupstream went away", Outcome::Nameless),
    (b"CreateRule 400\nx-amzn-errortype: :\n\n{\"code\":\"#\",\"__type\":\"\"}", Outcome::Nameless),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smoke::{assert_cases_round_trip, assert_outcomes, assert_reached};

    #[test]
    fn handwritten_inputs_have_the_expected_outcomes() {
        assert_outcomes::<ErrorDecode>(BY_HAND.iter().copied());
    }

    #[test]
    fn random_inputs_reach_every_outcome() {
        assert_reached::<ErrorDecode>(
            6000,
            1500,
            [
                (Outcome::RoundTrip, 200),
                (Outcome::Unmodelled, 300),
                (Outcome::Nameless, 30),
                (Outcome::NotEncodable, 100),
            ],
        );
        assert_cases_round_trip::<ErrorDecode>(500, 500);
    }
}
