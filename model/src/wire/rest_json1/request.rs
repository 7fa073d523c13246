//! Requests: encoded by a client, decoded by a server.

use serde_json::{Map, Value};

use super::body::Reader;
use super::media;
use super::parts::{self, BodyForm, Writer, present};
use super::text::{self, Place};
use crate::header_names::is_of_sender;
use crate::schema::{Binding, Kind, Member, Members, Operation, OperationId, Schema, Segment, Slot};
use crate::text::json_type;
use crate::timestamp::Reading;
use crate::wire::decoded::DecodedRequest;
use crate::wire::escape;
use crate::wire::fault::{DecodeError, EncodeError, Limits};
use crate::wire::message::{Headers, HttpRequest};
use crate::wire::route::Route;

/// Encodes the request of an operation.
///
/// # Errors
/// If the message cannot express the value: a label that is missing, null or empty; a list or object in a label or
/// header; characters that are not allowed in a header; a wrong type that the text of a label, query or header would
/// hide (the number 5 for a string); an unknown member in a message without a JSON body; a header of the sender.
pub(super) fn encode(schema: &Schema, operation: OperationId, input: &Value) -> Result<HttpRequest, EncodeError> {
    let operation = &schema[operation];
    let writer = Writer { schema, owner: &operation.name, reader: Reading::Server };
    if let Some(why) = &operation.refused {
        return Err(writer.whole(why.clone()));
    }
    let none = Map::new();
    let fields = writer.fields(input)?.unwrap_or(&none);
    let members = schema.input_members(operation);
    let mut headers = Headers::default();
    let form = BodyForm::of(schema, members, false);
    let body = writer.body(form, members, fields, &mut headers)?;
    if let Some(members) = members {
        writer.headers(members, fields, &mut headers)?;
        if let Some((name, _)) = headers.0.iter().find(|(name, _)| is_of_sender(name)) {
            return Err(writer.whole(format!("the header {name} would be set, which only the sender sets")));
        }
    }
    let uri = uri(&writer, operation, members, fields)?;
    Ok(HttpRequest { method: operation.method.clone(), uri, headers, body })
}

/// Decodes a request. Strict about form, as the malformed-request tests of restJson1 require.
pub(super) fn decode(
    schema: &Schema,
    route: &Route,
    request: &HttpRequest,
    limits: &Limits,
) -> Result<DecodedRequest, DecodeError> {
    let operation = &schema[route.operation];
    let members = schema.input_members(operation);
    let form = BodyForm::of(schema, members, false);
    media::check_accept(schema, operation, &request.headers)?;
    let mut out = Map::new();
    let mut reader = Reader::new(schema, Reading::Server);
    if let Some(members) = members {
        read_labels(schema, members, route, &mut out)?;
        read_query(schema, operation, members, &request.uri, &mut out)?;
        let mismatches = parts::read_headers(schema, members, &request.headers, Reading::Server, &mut out);
        if let Some(mismatch) = mismatches.into_iter().next() {
            return Err(mismatch.into_error());
        }
    }
    // After the headers, as the malformed-request tests have it: a header of a wrong form is reported first.
    media::check_content_type(form, members, request)?;
    if let Some((member, what)) = parts::read_body(&mut reader, form, members, &request.body, limits, &mut out)? {
        return Err(DecodeError::Serialization { pointer: format!("/{}", member.name), what, misread: None });
    }
    let unknown = reader.unknown.into_iter().map(|(pointer, _)| pointer).collect();
    Ok(DecodedRequest { value: Value::Object(out), unknown })
}

/// Returns path and query.
fn uri(
    writer: &Writer<'_>,
    operation: &Operation,
    members: Option<&Members>,
    fields: &Map<String, Value>,
) -> Result<String, EncodeError> {
    let mut uri = String::with_capacity(96);
    for segment in &operation.uri.segments {
        uri.push('/');
        match segment {
            Segment::Literal(text) => uri.push_str(text),
            Segment::Label(name) => escape::push(&mut uri, &label(writer, members, fields, name)?),
            Segment::Greedy(name) => escape::push_greedy(&mut uri, &label(writer, members, fields, name)?),
        }
    }
    if uri.is_empty() {
        uri.push('/');
    }
    let mut query = Query { uri, separator: '?' };
    for (key, value) in &operation.uri.query {
        // The model has literals in their wire form.
        query.raw(key, (!value.is_empty()).then_some(value.as_str()));
    }
    if let Some(members) = members {
        for (member, value) in present(members, fields) {
            match &member.binding {
                Binding::Query(key) => query.member(writer, member, key, value)?,
                Binding::QueryParams => query.params(writer, (operation, members), member, value)?,
                _ => {}
            }
        }
    }
    Ok(query.uri)
}

fn label(
    writer: &Writer<'_>,
    members: Option<&Members>,
    fields: &Map<String, Value>,
    name: &str,
) -> Result<String, EncodeError> {
    let member = members
        .and_then(|members| members.labelled(name))
        .ok_or_else(|| writer.fault(name, "is a label that no member is bound to"))?;
    let value = fields
        .get(&member.name)
        .filter(|value| !value.is_null())
        .ok_or_else(|| writer.fault(&member.name, "is a part of the path and must be present"))?;
    let text =
        text::write(writer.schema, &member.slot, value, Place::Label).map_err(|why| writer.fault(&member.name, why))?;
    if text.is_empty() {
        return Err(writer.fault(&member.name, "is a part of the path and must not be empty"));
    }
    Ok(text)
}

struct Query {
    uri: String,
    separator: char,
}

impl Query {
    fn raw(&mut self, key: &str, value: Option<&str>) {
        self.uri.push(std::mem::replace(&mut self.separator, '&'));
        self.uri.push_str(key);
        if let Some(value) = value {
            self.uri.push('=');
            self.uri.push_str(value);
        }
    }

    fn pair(&mut self, key: &str, value: &str) {
        self.uri.push(std::mem::replace(&mut self.separator, '&'));
        escape::push(&mut self.uri, key);
        self.uri.push('=');
        escape::push(&mut self.uri, value);
    }

    /// Appends a member. A list repeats the key; an empty list sends nothing.
    fn member(&mut self, writer: &Writer<'_>, member: &Member, key: &str, value: &Value) -> Result<(), EncodeError> {
        let fault = |why: String| writer.fault(&member.name, why);
        let (slot, items) = match (&writer.schema[member.slot.target].kind, value) {
            (Kind::List(list), Value::Array(items)) => (&list.member, items.as_slice()),
            (Kind::List(_), other) => {
                return Err(fault(format!("{} in the query would be decoded as a list", json_type(other))));
            }
            (_, other) => (&member.slot, std::slice::from_ref(other)),
        };
        for item in items {
            self.pair(key, &text::write(writer.schema, slot, item, Place::Query).map_err(fault)?);
        }
        Ok(())
    }

    /// Appends a map of parameters, except keys that other members are bound to.
    fn params(
        &mut self,
        writer: &Writer<'_>,
        (operation, members): (&Operation, &Members),
        member: &Member,
        value: &Value,
    ) -> Result<(), EncodeError> {
        let fault = |why: String| writer.fault(&member.name, why);
        let (Kind::Map(map), Value::Object(entries)) = (&writer.schema[member.slot.target].kind, value) else {
            return Err(fault(format!("{} cannot be query parameters", json_type(value))));
        };
        for (key, value) in entries {
            let bound = |member: &Member| matches!(&member.binding, Binding::Query(own) if own == key);
            if members.bound().any(bound) || operation.uri.query.iter().any(|(literal, _)| literal == key) {
                continue;
            }
            let (slot, items) = match (&writer.schema[map.value.target].kind, value) {
                (Kind::List(list), Value::Array(items)) => (&list.member, items.as_slice()),
                (_, other) => (&map.value, std::slice::from_ref(other)),
            };
            for item in items {
                self.pair(key, &text::write(writer.schema, slot, item, Place::Query).map_err(fault)?);
            }
        }
        Ok(())
    }
}

fn read_labels(
    schema: &Schema,
    members: &Members,
    route: &Route,
    out: &mut Map<String, Value>,
) -> Result<(), DecodeError> {
    for member in members.bound() {
        let Binding::Label(name) = &member.binding else { continue };
        let Some((_, text)) = route.labels.iter().find(|(label, _)| label == name) else { continue };
        let value = text::read(schema, &member.slot, text, Place::Label, Reading::Server)
            .map_err(|what| parts::mismatch(schema, member, text.clone(), what).into_error())?;
        out.insert(member.name.clone(), value);
    }
    Ok(())
}

/// Reads query parameters into `out`. If a parameter that is not a list is repeated, the first value counts.
fn read_query(
    schema: &Schema,
    operation: &Operation,
    members: &Members,
    uri: &str,
    out: &mut Map<String, Value>,
) -> Result<(), DecodeError> {
    let wanted = |member: &Member| matches!(member.binding, Binding::Query(_) | Binding::QueryParams);
    if !members.bound().any(wanted) {
        return Ok(());
    }
    let pairs: Vec<(String, String)> =
        escape::query_pairs(uri).collect::<Result<_, _>>().map_err(|part| DecodeError::Serialization {
            pointer: String::new(),
            what: format!("query part {part:?} is not percent-encoded UTF-8"),
            misread: None,
        })?;
    for member in members.bound() {
        let read = |slot: &Slot, text: &str| {
            text::read(schema, slot, text, Place::Query, Reading::Server)
                .map_err(|what| parts::mismatch(schema, member, text.to_owned(), what).into_error())
        };
        // Value of one key: all occurrences for a list, otherwise the first.
        let gather = |slot: &Slot, key: &str| -> Result<Option<Value>, DecodeError> {
            let mut texts = pairs.iter().filter(|(own, _)| own == key).map(|(_, text)| text.as_str()).peekable();
            match &schema[slot.target].kind {
                Kind::List(_) if texts.peek().is_none() => Ok(None),
                Kind::List(list) => {
                    texts.map(|text| read(&list.member, text)).collect::<Result<_, _>>().map(|v| Some(Value::Array(v)))
                }
                _ => texts.next().map(|text| read(slot, text)).transpose(),
            }
        };
        match &member.binding {
            Binding::Query(key) => {
                if let Some(value) = gather(&member.slot, key)? {
                    out.insert(member.name.clone(), value);
                }
            }
            Binding::QueryParams => {
                let Kind::Map(map) = &schema[member.slot.target].kind else { continue };
                let mut entries = Map::new();
                for (key, _) in &pairs {
                    let literal = operation.uri.query.iter().any(|(literal, _)| literal == key);
                    if !literal && !entries.contains_key(key) {
                        entries.extend(gather(&map.value, key)?.map(|value| (key.clone(), value)));
                    }
                }
                if !entries.is_empty() {
                    out.insert(member.name.clone(), Value::Object(entries));
                }
            }
            _ => {}
        }
    }
    Ok(())
}
