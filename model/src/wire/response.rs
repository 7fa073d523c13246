//! Responses: a server writes them, a client reads them.

use serde_json::{Map, Value};

use super::body::Reader;
use super::fault::{DecodeError, EncodeError, Limits};
use super::message::HttpResponse;
use super::parts::{self, BodyForm, Writer, given};
use super::timestamp::Reading;
use crate::schema::{Binding, Members, OperationId, Schema};

/// A response as a tolerant client understands it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The output. Members of a wrong type and members that the model does not know are kept as they came; nulls are
    /// kept only where the member is required, so that validation of the output can tell.
    pub value: Value,
    /// Members that the model does not know: the first thousand, those under very long keys with `/…` for the rest of the
    /// way.
    pub unknown: Vec<Unknown>,
    /// What is wrong and does not show in the value: headers and payloads that are not what the model says.
    pub problems: Vec<DecodeProblem>,
}

/// A member that the model does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// JSON Pointer into the body.
    pub pointer: String,
    /// What it holds, in a word with its article.
    pub holds: &'static str,
}

/// A part of a response outside of the JSON body that is not what the model says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeProblem {
    /// JSON Pointer of the output member.
    pub pointer: String,
    /// Kind of violation, as validation names it.
    pub kind: &'static str,
    /// What the model asks for.
    pub expected: String,
    /// What was there.
    pub actual: String,
}

/// Writes the response of an operation that succeeded, without content length: an object even when it is empty, and
/// no body at all for operations without output.
///
/// # Errors
/// As for requests: when the message cannot express the value.
pub fn encode_response(schema: &Schema, operation: OperationId, output: &Value) -> Result<HttpResponse, EncodeError> {
    let operation = &schema[operation];
    let writer = Writer { schema, owner: &operation.name };
    if let Some(why) = &operation.refused {
        return Err(writer.whole(why.clone()));
    }
    write(&writer, schema.output_members(operation), output, operation.status)
}

/// Status, headers and body of a response or an error.
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
    for (member, value) in given(members, fields) {
        if member.binding == Binding::StatusCode {
            response.status = value
                .as_u64()
                .and_then(|code| u16::try_from(code).ok())
                .filter(|code| (100..600).contains(code))
                .ok_or_else(|| writer.fault(&member.name, format!("{value} is no HTTP status")))?;
        }
    }
    Ok(response)
}

/// Reads a response of success. Zero bytes read as an empty object.
///
/// # Errors
/// Only when the body as a whole is useless: not JSON, no object, too deep, too large.
pub fn decode_response(
    schema: &Schema,
    operation: OperationId,
    response: &HttpResponse,
    limits: &Limits,
) -> Result<Decoded, DecodeError> {
    read(schema, schema.output_members(&schema[operation]), response, limits)
}

/// Members of a response or an error.
pub(super) fn read(
    schema: &Schema,
    members: Option<&Members>,
    response: &HttpResponse,
    limits: &Limits,
) -> Result<Decoded, DecodeError> {
    let mut out = Map::new();
    let mut reader = Reader::new(schema, Reading::Client);
    let form = BodyForm::of(schema, members, true);
    let mut flaws = Vec::new();
    if let Some(members) = members {
        flaws = parts::read_headers(schema, members, &response.headers, Reading::Client, &mut out);
        if let Some(member) = members.iter().find(|member| member.binding == Binding::StatusCode) {
            out.insert(member.name.clone(), Value::from(response.status));
        }
    }
    if let Some((member, what)) = parts::read_body(&mut reader, form, members, &response.body, limits, &mut out)? {
        flaws.push(parts::flaw(schema, member, "other bytes".to_owned(), what));
    }
    Ok(Decoded {
        value: Value::Object(out),
        unknown: reader.unknown.into_iter().map(|(pointer, holds)| Unknown { pointer, holds }).collect(),
        problems: flaws
            .into_iter()
            .map(|flaw| DecodeProblem {
                pointer: format!("/{}", flaw.member.name),
                kind: flaw.kind,
                expected: flaw.expected,
                actual: flaw.actual,
            })
            .collect(),
    })
}
