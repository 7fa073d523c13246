//! Any bytes as a response: decoded, as an output and as an error, to something typed; what decodes without a problem
//! encodes to a response that decodes to the same.
//!
//! Laws: `decode(encode(v)) = v` for every `v = decode(bytes)`, for outputs and for errors that the model lists.

use arbitrary::Unstructured;
use connect_model::schema::OperationId;
use connect_model::validate::validate;
use connect_model::wire::message::HttpResponse;
use connect_model::wire::{Limits, decode_error, decode_response, encode_error, encode_response};

use crate::http::{as_received, fits_headers};
use crate::message;
use crate::service::Service;

/// How far an input came, as an output and as an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Reached {
    /// It read as an output, with or without problems.
    decoded: bool,
    /// It read as an output and survived another round.
    held: bool,
    /// It named an error that the operation lists, and survived another round.
    error_held: bool,
}

/// Holds the laws against an input; see [`crate`] for the form of it.
pub fn run(data: &[u8]) {
    reach(data);
}

fn reach(data: &[u8]) -> Reached {
    let drawn = match data {
        data if message::is_drawn(data) => message::draw_response(&mut Unstructured::new(&data[1..])).ok().flatten(),
        data => message::response_of_text(data),
    };
    let Some((service, operation, response)) = drawn else { return Reached::default() };
    let mut reached = hold_output(service, operation, &response);
    reached.error_held = hold_error(service, operation, &response);
    reached
}

fn hold_output(service: &Service, id: OperationId, response: &HttpResponse) -> Reached {
    let schema = service.schema;
    let operation = &schema[id];
    let members = schema.output_members(operation);
    let Ok(decoded) = decode_response(schema, id, response, &Limits::default()) else { return Reached::default() };
    let reached = Reached { decoded: true, ..Reached::default() };
    if let Some(output) = operation.output {
        validate(schema, output, &decoded.value);
    }
    if !decoded.problems.is_empty() || operation.refused.is_some() {
        return reached;
    }
    let again = match encode_response(schema, id, &decoded.value) {
        Ok(response) => response,
        Err(_) if !fits_headers(members, &decoded.value) => return reached,
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
    Reached { held: true, ..reached }
}

fn hold_error(service: &Service, id: OperationId, response: &HttpResponse) -> bool {
    let schema = service.schema;
    let operation = &schema[id];
    let decoded = decode_error(schema, id, response);
    assert_eq!(decoded.status, response.status);
    let Some(shape) = decoded.modelled else { return false };
    assert_eq!(decoded.code.as_deref(), Some(schema[shape].name.as_str()));
    let members = schema[shape].kind.members();
    let back = decode_error(schema, id, &encode_error(schema, shape, &decoded.body));
    assert_eq!((back.modelled, back.code), (decoded.modelled, decoded.code), "{} {response:?}", operation.name);
    // What is no object stands for a body that could not be read, and an error with such text travels without members.
    if decoded.body.is_object() && fits_headers(members, &decoded.body) {
        assert_eq!(back.message, decoded.message, "{} {response:?}", operation.name);
        assert_eq!(
            as_received(schema, operation, members, back.body),
            as_received(schema, operation, members, decoded.body),
            "{} {response:?}",
            operation.name
        );
    }
    true
}

#[cfg(test)]
mod tests {
    use connect_model::generate::seed::Stream;

    use super::*;

    #[test]
    fn inputs_by_hand_reach_what_they_are_for() {
        let by_hand: &[(&[u8], [bool; 3])] = &[
            (b"", [false, false, false]),
            (b"NoOperation 200\n\n{}", [false, false, false]),
            (b"CreateRule 200\n\n", [true, true, false]),
            (b"CreateRule 200\n\n{\"RuleArn\":7,\"New\":{\"a\":[null]}}", [true, true, false]),
            (b"CreateRule 200\n\n<html>", [false, false, false]),
            (b"CreateRule 400\nx-amzn-errortype: a#ResourceNotFoundException:b\n\n<html>", [false, false, true]),
            (b"CreateRule 404\n\n{\"__type\":\"ResourceNotFoundException\",\"Message\":null}", [true, true, true]),
            (b"CreateRule 404\n\n{\"code\":\"Other\"}", [true, true, false]),
        ];
        for (data, [decoded, held, error_held]) in by_hand {
            let expected = Reached { decoded: *decoded, held: *held, error_held: *error_held };
            assert_eq!(reach(data), expected, "{}", String::from_utf8_lossy(data));
        }
    }

    #[test]
    fn random_inputs_are_held_both_ways() {
        let mut stream = Stream::new(1, "response_decode");
        let [mut decoded, mut held, mut errors] = [0; 3];
        for _ in 0..3000 {
            let mut data = stream.bytes(1500);
            data[0] |= 128;
            let reached = reach(&data);
            decoded += u32::from(reached.decoded);
            held += u32::from(reached.held);
            errors += u32::from(reached.error_held);
        }
        assert!(decoded > 1000 && held > 1000 && errors > 200, "{decoded} {held} {errors}");
        assert!(decoded > held && decoded < 2900, "nothing was damaged: {decoded} {held}");
    }
}
