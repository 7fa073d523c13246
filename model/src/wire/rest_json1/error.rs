//! Errors: encoded by a server; a client finds their name, message and shape.

use serde_json::{Value, json};

use super::parts::{JSON, Writer};
use super::{body, response};
use crate::planted;
use crate::schema::{OperationId, Schema, ShapeId};
use crate::text::prefix;
use crate::timestamp::Reading;
use crate::wire::decoded::{DecodedError, NameSource};
use crate::wire::fault::Limits;
use crate::wire::message::{Headers, HttpResponse};

/// Encodes a modelled error: status, name in the header `x-amzn-errortype`, members.
pub(super) fn encode(schema: &Schema, error: ShapeId, body: &Value) -> HttpResponse {
    let shape = &schema[error];
    let status = shape.error.map_or(500, |error| error.status);
    let writer = Writer { schema, owner: &shape.name, reader: Reading::Client };
    let written = response::write(&writer, shape.kind.members(), body, status);
    let mut response = written.unwrap_or_else(|_| plain(status, b"{}".to_vec()));
    response.headers.set(ERROR_TYPE, shape.name.as_str());
    response
}

/// Encodes an error that is not in the model: name in the header, `message` in the body. Characters of the name that are
/// not allowed in a header are dropped.
pub(super) fn encode_unmodelled(code: &str, status: u16, message: &str) -> HttpResponse {
    let mut response = plain(status, json!({ "message": message }).to_string().into_bytes());
    response.headers.set(ERROR_TYPE, code.chars().filter(char::is_ascii_graphic).collect::<String>());
    response
}

/// Decodes an error response.
///
/// The name is taken from the header `x-amzn-errortype`, otherwise from `code` or `Code`, otherwise from `__type`, without
/// address and namespace (restJson1, "Operation error serialization"). A body that is not JSON becomes the message.
pub(super) fn decode(schema: &Schema, operation: OperationId, response: &HttpResponse) -> DecodedError {
    let limits = Limits::default();
    let raw = body::parse(&response.body, &limits).ok();
    let body_is_json = raw.is_some();
    let raw = raw.unwrap_or(Value::Null);
    let member = |names: &[&str]| names.iter().find_map(|name| raw.get(name)?.as_str());
    let places = [
        (NameSource::Header, response.headers.get(ERROR_TYPE)),
        (NameSource::Code, member(&["code", "Code"])),
        (NameSource::Type, member(&["__type"])),
    ];
    let named = places.into_iter().find_map(|(source, text)| Some((source, clean(text?)?.to_owned())));
    let (source, code) = named.map_or((NameSource::None, None), |(source, code)| (source, Some(code)));
    let message = member(&["message", "Message"]).map(str::to_owned).or_else(|| {
        let text = if body_is_json { "" } else { std::str::from_utf8(&response.body).unwrap_or_default().trim() };
        (!text.is_empty()).then(|| prefix(text, MESSAGE_CHARS).to_owned())
    });
    let modelled = code.as_deref().and_then(|code| schema.error_of(&schema[operation], code));
    let members = modelled.and_then(|id| schema[id].kind.members());
    let decoded = members.and_then(|members| response::read(schema, Some(members), response, &limits).ok());
    let body = decoded.map_or(raw, |decoded| decoded.value);
    DecodedError { code, message, status: response.status, modelled, body, body_is_json, source }
}

const ERROR_TYPE: &str = "x-amzn-errortype";

/// Maximum length, in characters, of a message taken from a body that is not JSON, such as the page of a gateway.
const MESSAGE_CHARS: usize = 1000;

fn plain(status: u16, body: Vec<u8>) -> HttpResponse {
    HttpResponse { status, headers: Headers(vec![("content-type".to_owned(), JSON.to_owned())]), body }
}

/// Removes the part from the first colon, and the part up to the hash sign.
fn clean(text: &str) -> Option<&str> {
    let text = if planted::is("error_decode") { text.rsplit('#').next().unwrap_or_default() } else { text };
    let text = text.split(':').next().unwrap_or_default();
    let text = text.split_once('#').map_or(text, |(_, name)| name).trim();
    (!text.is_empty()).then_some(text)
}
