//! Common parts of requests, responses and errors: members in headers, and the form of the body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::body::{self, Reader};
use super::header_text::{is_header_name, quoted, split_list};
use super::text::{self, Place};
use crate::pointer::Path;
use crate::schema::{Binding, Kind, Member, Members, Schema, Slot, TimestampFormat};
use crate::text::json_type;
use crate::timestamp::Reading;
use crate::wire::fault::{DecodeError, EncodeError, Limits, Misread};
use crate::wire::message::Headers;

/// Media type of JSON bodies.
pub(super) const JSON: &str = "application/json";

/// The form of a message body.
#[derive(Clone, Copy, Debug)]
pub(super) enum BodyForm<'s> {
    /// No body is modelled: no bytes, no content type.
    Nothing,
    /// A JSON object of all members without another binding.
    Members,
    /// One member as JSON: a structure, union, document and so on.
    Json(&'s Member),
    /// One member as text.
    Text(&'s Member),
    /// One member as bytes.
    Bytes(&'s Member),
}

impl<'s> BodyForm<'s> {
    /// Returns the form for a set of members. With `always`, a message without body members is still a JSON object.
    pub(super) fn of(schema: &'s Schema, members: Option<&'s Members>, always: bool) -> Self {
        let Some(members) = members else { return BodyForm::Nothing };
        if let Some(member) = members.bound().find(|member| member.binding == Binding::Payload) {
            return match schema[member.slot.target].kind {
                Kind::Blob => BodyForm::Bytes(member),
                Kind::String | Kind::Enum(_) => BodyForm::Text(member),
                _ => BodyForm::Json(member),
            };
        }
        if always || members.has_body() { BodyForm::Members } else { BodyForm::Nothing }
    }

    /// Returns the content type.
    pub(super) fn media_type(self) -> Option<&'s str> {
        match self {
            BodyForm::Nothing => None,
            BodyForm::Members | BodyForm::Json(_) => Some(JSON),
            BodyForm::Text(member) => Some(member.slot.traits.media_type.as_deref().unwrap_or("text/plain")),
            BodyForm::Bytes(member) => {
                Some(member.slot.traits.media_type.as_deref().unwrap_or("application/octet-stream"))
            }
        }
    }

    /// Returns false for bytes without a modelled media type, which may have any content type.
    pub(super) fn is_typed(self) -> bool {
        !matches!(self, BodyForm::Bytes(member) if member.slot.traits.media_type.is_none())
    }
}

/// Encodes headers and body of a message. `owner` is the name of the message in errors.
pub(super) struct Writer<'a> {
    pub(super) schema: &'a Schema,
    pub(super) owner: &'a str,
    /// The end that reads the message.
    pub(super) reader: Reading,
}

impl Writer<'_> {
    /// Creates an error about a member.
    pub(super) fn fault(&self, member: &str, why: impl Into<String>) -> EncodeError {
        EncodeError::Member { shape: self.owner.to_owned(), member: member.to_owned(), why: why.into() }
    }

    /// Creates an error about the whole value.
    pub(super) fn whole(&self, why: impl Into<String>) -> EncodeError {
        EncodeError::Whole { shape: self.owner.to_owned(), why: why.into() }
    }

    /// Returns the members of a value; `None` for null.
    pub(super) fn fields<'v>(&self, value: &'v Value) -> Result<Option<&'v Map<String, Value>>, EncodeError> {
        match value {
            Value::Object(fields) => Ok(Some(fields)),
            Value::Null => Ok(None),
            other => Err(self.whole(format!("the value is {}, not an object of members", json_type(other)))),
        }
    }

    /// Encodes the body and sets the content type in `headers`.
    pub(super) fn body(
        &self,
        form: BodyForm<'_>,
        members: Option<&Members>,
        fields: &Map<String, Value>,
        headers: &mut Headers,
    ) -> Result<Vec<u8>, EncodeError> {
        if !matches!(form, BodyForm::Members)
            && let Some(stray) = fields.keys().find(|name| members.is_none_or(|members| members.get(name).is_none()))
        {
            return Err(self.fault(stray, "is not in the model, and the message has no JSON object that could hold it"));
        }
        if let Some(media_type) = form.media_type() {
            headers.set("content-type", media_type);
        }
        let present = |member: &Member| fields.get(&member.name).filter(|value| !value.is_null());
        match (form, members) {
            (BodyForm::Members, Some(members)) => {
                body::write_members(self.schema, members, fields).map_err(|why| self.whole(why))
            }
            (BodyForm::Json(member), _) => match present(member) {
                Some(value) => {
                    body::write(self.schema, member.slot.target, value).map_err(|why| self.fault(&member.name, why))
                }
                // A client sends an absent structure as an empty one; unions and documents have no empty value.
                None if self.reader == Reading::Server
                    && matches!(self.schema[member.slot.target].kind, Kind::Structure(_)) =>
                {
                    Ok(b"{}".to_vec())
                }
                None => Ok(Vec::new()),
            },
            (BodyForm::Text(member) | BodyForm::Bytes(member), _) => match present(member) {
                None => Ok(Vec::new()),
                Some(Value::String(text)) if matches!(form, BodyForm::Text(_)) => Ok(text.clone().into_bytes()),
                Some(Value::String(text)) => {
                    STANDARD.decode(text).map_err(|_| self.fault(&member.name, "is the whole body, and is not base64"))
                }
                Some(other) => Err(self.fault(
                    &member.name,
                    format!("is the whole body as text or bytes, and {} is neither", json_type(other)),
                )),
            },
            (BodyForm::Nothing | BodyForm::Members, _) => Ok(Vec::new()),
        }
    }

    /// Encodes the members that are bound to headers.
    pub(super) fn headers(
        &self,
        members: &Members,
        fields: &Map<String, Value>,
        headers: &mut Headers,
    ) -> Result<(), EncodeError> {
        for (member, value) in present(members, fields) {
            match &member.binding {
                Binding::Header(name) => {
                    let text = self.header_text(&member.slot, value).map_err(|why| self.fault(&member.name, why))?;
                    headers.set(name, text);
                }
                Binding::PrefixHeaders(prefix) => {
                    let Value::Object(entries) = value else {
                        return Err(self.fault(&member.name, format!("{} cannot be headers", json_type(value))));
                    };
                    for (key, value) in entries {
                        let name = format!("{prefix}{key}").to_ascii_lowercase();
                        if !is_header_name(&name) {
                            return Err(self.fault(&member.name, format!("{name:?} is not a header name")));
                        }
                        if claimed(members, &name) {
                            continue;
                        }
                        let Kind::Map(map) = &self.schema[member.slot.target].kind else { continue };
                        let text = self.header_text(&map.value, value).map_err(|why| self.fault(&member.name, why))?;
                        headers.push(&name, text);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn header_text(&self, slot: &Slot, value: &Value) -> Result<String, String> {
        let text = match (&self.schema[slot.target].kind, value) {
            (Kind::List(list), Value::Array(items)) => {
                let items: Vec<String> = items
                    .iter()
                    .map(|item| {
                        let text = text::write(self.schema, &list.member, item, Place::Header)?;
                        let is_text = matches!(self.schema[list.member.target].kind, Kind::String | Kind::Enum(_));
                        Ok(if is_text { quoted(text) } else { text })
                    })
                    .collect::<Result<_, String>>()?;
                items.join(", ")
            }
            (Kind::List(_), other) => {
                return Err(format!("{} in a header would be decoded as a list", json_type(other)));
            }
            _ => text::write(self.schema, slot, value, Place::Header)?,
        };
        match text.chars().find(|c| !fits_header(*c)) {
            Some(odd) => Err(format!("character {odd:?} is not allowed in a header")),
            None => Ok(text),
        }
    }
}

/// True for a character that a header can have.
pub fn fits_header(c: char) -> bool {
    matches!(c, '\t' | ' '..='~')
}

/// Iterates over the members outside of the JSON body that are present and not null, with their values.
pub(super) fn present<'a>(
    members: &'a Members,
    fields: &'a Map<String, Value>,
) -> impl Iterator<Item = (&'a Member, &'a Value)> {
    members.bound().filter_map(|member| fields.get(&member.name).filter(|v| !v.is_null()).map(|value| (member, value)))
}

/// A header or payload that does not match its member.
pub(super) struct Mismatch<'m> {
    pub(super) member: &'m Member,
    /// Kind of violation, as in validation.
    pub(super) kind: &'static str,
    /// The type of the shape in words.
    pub(super) shape: &'static str,
    pub(super) expected: String,
    pub(super) actual: String,
    pub(super) what: String,
}

impl Mismatch<'_> {
    /// Converts it into the error of a strict reader.
    pub(super) fn into_error(self) -> DecodeError {
        let misread = Some(Misread::new(self.shape, &self.actual));
        DecodeError::Serialization { pointer: format!("/{}", self.member.name), what: self.what, misread }
    }
}

/// Decodes the members that are bound to headers into `out`, and returns the mismatches.
pub(super) fn read_headers<'m>(
    schema: &Schema,
    members: &'m Members,
    headers: &Headers,
    reading: Reading,
    out: &mut Map<String, Value>,
) -> Vec<Mismatch<'m>> {
    let mut mismatches = Vec::new();
    for member in members.bound() {
        let read = match &member.binding {
            Binding::Header(name) => read_header(schema, &member.slot, headers, name, reading),
            Binding::PrefixHeaders(prefix) => read_prefixed(schema, member, headers, prefix, reading),
            _ => continue,
        };
        match read {
            Ok(Some(value)) => drop(out.insert(member.name.clone(), value)),
            Ok(None) => {}
            Err((actual, what)) => mismatches.push(mismatch(schema, member, actual, what)),
        }
    }
    mismatches
}

/// Describes text that does not match its member.
pub(super) fn mismatch<'m>(schema: &Schema, member: &'m Member, actual: String, what: String) -> Mismatch<'m> {
    let kind = &schema[member.slot.target].kind;
    let is_instant = match kind {
        Kind::List(list) => matches!(schema[list.member.target].kind, Kind::Timestamp),
        other => matches!(other, Kind::Timestamp),
    };
    let label = if is_instant { "timestamp-format" } else { "wrong-type" };
    Mismatch { member, kind: label, shape: kind.word(), expected: kind.word().to_owned(), actual, what }
}

type HeaderRead = Result<Option<Value>, (String, String)>;

fn read_header(schema: &Schema, slot: &Slot, headers: &Headers, name: &str, reading: Reading) -> HeaderRead {
    let Some(first) = headers.get(name).map(str::trim) else { return Ok(None) };
    let read = |slot: &Slot, text: &str| {
        text::read(schema, slot, text, Place::Header, reading).map_err(|what| (text.to_owned(), what))
    };
    let Kind::List(list) = &schema[slot.target].kind else { return read(slot, first).map(Some) };
    let is_date = matches!(schema[list.member.target].kind, Kind::Timestamp)
        && matches!(list.member.traits.timestamp_format, None | Some(TimestampFormat::HttpDate));
    let mut items = Vec::new();
    for text in headers.all(name) {
        for item in split_list(text, is_date) {
            items.push(read(&list.member, &item)?);
        }
    }
    Ok(Some(Value::Array(items)))
}

fn read_prefixed(schema: &Schema, member: &Member, headers: &Headers, prefix: &str, reading: Reading) -> HeaderRead {
    let Kind::Map(map) = &schema[member.slot.target].kind else { return Ok(None) };
    let mut entries = Map::new();
    for (name, text) in &headers.0 {
        let name = name.to_ascii_lowercase();
        let Some(key) = name.strip_prefix(prefix).filter(|key| !key.is_empty()) else { continue };
        // An invalid header name is ignored, even if an HTTP library let it through.
        if !is_header_name(&name) || entries.contains_key(key) {
            continue;
        }
        let value =
            text::read(schema, &map.value, text.trim(), Place::Header, reading).map_err(|what| (text.clone(), what))?;
        entries.insert(key.to_owned(), value);
    }
    Ok((!entries.is_empty()).then_some(Value::Object(entries)))
}

/// Decodes a body into `out`. Returns the member and problem of a payload that does not match; broken JSON is an error.
pub(super) fn read_body<'m>(
    reader: &mut Reader<'_>,
    form: BodyForm<'m>,
    members: Option<&Members>,
    bytes: &[u8],
    limits: &Limits,
    out: &mut Map<String, Value>,
) -> Result<Option<(&'m Member, String)>, DecodeError> {
    if bytes.len() > limits.bytes {
        return Err(DecodeError::TooLarge { limit: limits.bytes, actual: bytes.len() });
    }
    match (form, members) {
        (BodyForm::Members, Some(members)) if !bytes.is_empty() => {
            reader.members(members, body::parse(bytes, limits)?, out)?;
        }
        (BodyForm::Json(member), _) if !bytes.is_empty() => {
            let value = body::parse(bytes, limits)?;
            let value = reader.value(&member.slot, value, &Path::Key(&Path::Root, &member.name))?;
            out.insert(member.name.clone(), value);
        }
        (BodyForm::Text(member), _) if !bytes.is_empty() || member.required => match std::str::from_utf8(bytes) {
            Ok(text) => drop(out.insert(member.name.clone(), Value::from(text))),
            Err(error) => return Ok(Some((member, format!("is not UTF-8: {error}")))),
        },
        (BodyForm::Bytes(member), _) if !bytes.is_empty() || member.required => {
            out.insert(member.name.clone(), Value::from(STANDARD.encode(bytes)));
        }
        _ => {}
    }
    Ok(None)
}

/// Returns true if a member is bound to this header by name; such a header is not part of a prefix map.
fn claimed(members: &Members, name: &str) -> bool {
    members.bound().any(|member| matches!(&member.binding, Binding::Header(own) if own == name))
}
