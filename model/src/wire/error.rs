//! Errors: a server writes them, a client finds their name, message and shape.

use serde_json::{Value, json};

use super::fault::Limits;
use super::message::{Headers, HttpResponse};
use super::parts::{JSON, Writer};
use super::{body, response};
use crate::planted;
use crate::schema::{OperationId, Schema, ShapeId};

/// An error response, as far as it says what it is.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedError {
    /// Name of the error, cleaned of namespace and address.
    pub code: Option<String>,
    /// `message` or `Message` of the body, if it is text.
    pub message: Option<String>,
    /// HTTP status.
    pub status: u16,
    /// The error among those that the operation lists.
    pub modelled: Option<ShapeId>,
    /// The body: members of the modelled error, else the JSON as it came; null when it is neither.
    pub body: Value,
    /// The body is a JSON document.
    pub body_is_json: bool,
    /// Where the name was found.
    pub source: NameSource,
}

/// Where the name of an error was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameSource {
    /// Header `x-amzn-errortype`.
    Header,
    /// Member `code` or `Code` of the body.
    Code,
    /// Member `__type` of the body.
    Type,
    /// Nowhere.
    None,
}

/// Writes a modelled error with its status, its name in the header `x-amzn-errortype`, and its members.
///
/// Members that cannot travel (a header with odd characters) are left out with the rest of the body, rather than
/// turning one error into another.
pub fn encode_error(schema: &Schema, error: ShapeId, body: &Value) -> HttpResponse {
    let shape = &schema[error];
    let status = shape.error.map_or(500, |error| error.status);
    let writer = Writer { schema, owner: &shape.name };
    let written = response::write(&writer, shape.kind.members(), body, status);
    let mut response = written.unwrap_or_else(|_| plain(status, b"{}".to_vec()));
    response.headers.set(ERROR_TYPE, shape.name.as_str());
    response
}

/// Writes an error that the model does not know, the way the front of the service does: name in the header, `message`
/// in the body. Characters of the name that no header takes are dropped.
pub fn encode_unmodelled_error(code: &str, status: u16, message: &str) -> HttpResponse {
    let mut response = plain(status, json!({ "message": message }).to_string().into_bytes());
    response.headers.set(ERROR_TYPE, code.chars().filter(char::is_ascii_graphic).collect::<String>());
    response
}

/// Reads an error response. Never fails: what cannot be found is absent.
///
/// The name is that of the header `x-amzn-errortype`, else of `code` or `Code`, else of `__type`; address and
/// namespace are cut off (restJson1, "Operation error serialization"). A body that is not JSON is the message.
pub fn decode_error(schema: &Schema, operation: OperationId, response: &HttpResponse) -> DecodedError {
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
        (!text.is_empty()).then(|| text.chars().take(MESSAGE_CHARS).collect())
    });
    let modelled = code.as_deref().and_then(|code| schema.error_of(&schema[operation], code));
    let members = modelled.and_then(|id| schema[id].kind.members());
    let decoded = members.and_then(|members| response::read(schema, Some(members), response, &limits).ok());
    let body = decoded.map_or(raw, |decoded| decoded.value);
    DecodedError { code, message, status: response.status, modelled, body, body_is_json, source }
}

const ERROR_TYPE: &str = "x-amzn-errortype";

/// Most characters of a message that is the text of a body, such as the page of a gateway.
const MESSAGE_CHARS: usize = 1000;

fn plain(status: u16, body: Vec<u8>) -> HttpResponse {
    HttpResponse { status, headers: Headers(vec![("content-type".to_owned(), JSON.to_owned())]), body }
}

/// What precedes the first colon, then what follows the hash sign.
fn clean(text: &str) -> Option<&str> {
    let text = if planted::is("error_decode") { text.rsplit('#').next().unwrap_or_default() } else { text };
    let text = text.split(':').next().unwrap_or_default();
    let text = text.split_once('#').map_or(text, |(_, name)| name).trim();
    (!text.is_empty()).then_some(text)
}
