//! Any bytes as a response with an error: its name is found where a second reading finds it, its shape is the model's;
//! an error that the model lists encodes to one that decodes to the same.
//!
//! Laws: `decode(encode(e)) = e` for every modelled `e = decode(bytes)`; `name(decode(bytes)) = name(bytes)`, the latter
//! as restJson1 words it, in [`name`].

use connect_model::generate::Side;
use connect_model::wire::{NameSource, decode_error, encode_error};
use serde_json::Value;

use crate::http::{as_received, fits_headers};
use crate::message::Response;
use crate::seeds;
use crate::service::Service;
use crate::target::{Seed, Target};

/// See the file.
pub struct ErrorDecode;

/// How far a response came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It has no name.
    Nameless,
    /// It names an error that the operation does not list.
    Unmodelled,
    /// It names one that the operation lists, and has a body that cannot be sent on.
    Unsendable,
    /// It names one that the operation lists, and survives another round.
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
        // What is no object stands for a body that could not be read, and an error with such text travels without members.
        if !decoded.body.is_object() || !fits_headers(members, &decoded.body) {
            return Outcome::Unsendable;
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

/// The name as restJson1 words it: of the header, else of `code`, else of `__type`; without what follows a colon, and
/// without what precedes a hash sign. (Smithy, restJson1, "Operation error serialization".)
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

/// Responses by hand, and how far each comes.
const BY_HAND: &[(&[u8], Outcome)] = &[
    (b"CreateRule 400\nx-amzn-errortype: a#ResourceNotFoundException:b\n\n<html>", Outcome::Unsendable),
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
    use crate::target::{assert_cases_round_trip, count_outcomes, outcome_of};

    #[test]
    fn inputs_by_hand_reach_what_they_are_for() {
        for (data, outcome) in BY_HAND {
            assert_eq!(outcome_of::<ErrorDecode>(data), Some(*outcome), "{}", String::from_utf8_lossy(data));
        }
    }

    #[test]
    fn random_inputs_are_held_and_refused() {
        let count = count_outcomes::<ErrorDecode>(6000, 1500);
        assert!(count[&Outcome::RoundTrip] > 200 && count[&Outcome::Unmodelled] > 300, "{count:?}");
        assert!(count[&Outcome::Nameless] > 30 && count[&Outcome::Unsendable] > 100, "{count:?}");
        assert_cases_round_trip::<ErrorDecode>(500, 500);
    }
}
