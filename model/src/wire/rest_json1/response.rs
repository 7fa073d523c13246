//! Responses: encoded by a server, decoded by a client.

use serde_json::{Map, Value};

use super::body::Reader;
use super::parts::{self, BodyForm, Writer, present};
use crate::schema::{Binding, Members, OperationId, Schema};
use crate::timestamp::Reading;
use crate::wire::decoded::{DecodeProblem, Decoded, Unknown};
use crate::wire::fault::{DecodeError, EncodeError, Limits};
use crate::wire::message::HttpResponse;

/// Encodes a successful response: a JSON object even if it is empty, but no body for operations without output.
pub(super) fn encode(schema: &Schema, operation: OperationId, output: &Value) -> Result<HttpResponse, EncodeError> {
    let operation = &schema[operation];
    let writer = Writer { schema, owner: &operation.name, reader: Reading::Client };
    if let Some(why) = &operation.refused {
        return Err(writer.whole(why.clone()));
    }
    write(&writer, schema.output_members(operation), output, operation.status)
}

/// Encodes status, headers and body of a response or an error.
pub(super) fn write(
    writer: &Writer<'_>,
    members: Option<&Members>,
    value: &Value,
    status: u16,
) -> Result<HttpResponse, EncodeError> {
    let none = Map::new();
    let fields = writer.fields(value)?.unwrap_or(&none);
    let mut response = HttpResponse { status, ..HttpResponse::default() };
    let form = BodyForm::of(writer.schema, members, true);
    response.body = writer.body(form, members, fields, &mut response.headers)?;
    let Some(members) = members else { return Ok(response) };
    writer.headers(members, fields, &mut response.headers)?;
    for (member, value) in present(members, fields) {
        if member.binding == Binding::StatusCode {
            response.status = value
                .as_u64()
                .and_then(|code| u16::try_from(code).ok())
                .filter(|code| (100..600).contains(code))
                .ok_or_else(|| writer.fault(&member.name, format!("{value} is not an HTTP status")))?;
        }
    }
    Ok(response)
}

/// Decodes a successful response. An empty body is decoded as an empty object.
///
/// # Errors
/// If the body as a whole is unusable: not JSON, not an object, too deep, too large.
pub(super) fn decode(
    schema: &Schema,
    operation: OperationId,
    response: &HttpResponse,
    limits: &Limits,
) -> Result<Decoded, DecodeError> {
    read(schema, schema.output_members(&schema[operation]), response, limits)
}

/// Decodes the members of a response or an error.
pub(super) fn read(
    schema: &Schema,
    members: Option<&Members>,
    response: &HttpResponse,
    limits: &Limits,
) -> Result<Decoded, DecodeError> {
    let mut out = Map::new();
    let mut reader = Reader::new(schema, Reading::Client);
    let form = BodyForm::of(schema, members, true);
    let mut mismatches = Vec::new();
    if let Some(members) = members {
        mismatches = parts::read_headers(schema, members, &response.headers, Reading::Client, &mut out);
        if let Some(member) = members.bound().find(|member| member.binding == Binding::StatusCode) {
            out.insert(member.name.clone(), Value::from(response.status));
        }
    }
    if let Some((member, what)) = parts::read_body(&mut reader, form, members, &response.body, limits, &mut out)? {
        mismatches.push(parts::mismatch(schema, member, "other bytes".to_owned(), what));
    }
    Ok(Decoded {
        value: Value::Object(out),
        unknown: reader.unknown.into_iter().map(|(pointer, holds)| Unknown { pointer, holds }).collect(),
        problems: mismatches
            .into_iter()
            .map(|mismatch| DecodeProblem {
                pointer: format!("/{}", mismatch.member.name),
                kind: mismatch.kind,
                expected: mismatch.expected,
                actual: mismatch.actual,
            })
            .collect(),
    })
}
