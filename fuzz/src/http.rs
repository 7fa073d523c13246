//! What HTTP cannot tell apart: two values that differ only in this are one value to a receiver.
//!
//! Each rule is a sentence of Smithy's HTTP bindings or of HTTP itself. Every other difference between what was sent
//! and what arrives is a fault. Knows nothing of bodies: JSON loses nothing.

use connect_model::schema::{Binding, Kind, Members, Operation, Schema, Slot, TimestampFormat};
use serde_json::{Map, Value};

/// The value as a receiver sees it, for the members at the top of a message.
pub(crate) fn as_received(schema: &Schema, operation: &Operation, members: Option<&Members>, value: Value) -> Value {
    let (Some(members), Value::Object(mut fields)) = (members, value) else { return Value::Object(Map::new()) };
    for member in members {
        let kind = &schema[member.slot.target].kind;
        let own = fields.remove(&member.name).filter(|value| member.binding == Binding::Body || !value.is_null());
        let seen = match (&member.binding, own) {
            // A list repeats the parameter, and none of it is no parameter.
            (Binding::Query(_), Some(Value::Array(items))) if items.is_empty() => None,
            // A server puts every parameter into the map, a client sends those that no other member or literal has.
            (Binding::QueryParams, Some(Value::Object(mut map))) => {
                map.retain(|key, value| !is_taken(operation, members, key) && *value != Value::Array(Vec::new()));
                (!map.is_empty()).then_some(Value::Object(map))
            }
            // Names of headers have no case; a name that a member is bound to is not the map's, nor is the bare prefix.
            (Binding::PrefixHeaders(prefix), Some(Value::Object(map))) => {
                let lower = map.into_iter().map(|(key, value)| (key.to_ascii_lowercase(), value));
                let is_own = |key: &str| !key.is_empty() && !is_bound(members, &format!("{prefix}{key}"));
                let map: Map<String, Value> = lower.filter(|(key, _)| is_own(key)).collect();
                (!map.is_empty()).then_some(Value::Object(map))
            }
            // A body of no bytes is an absent one, unless it must be there.
            (Binding::Payload, Some(Value::String(text))) if text.is_empty() && !member.required => None,
            // No body reads as the empty structure.
            (Binding::Payload, None) if matches!(kind, Kind::Structure(_)) => Some(Value::Object(Map::new())),
            // Space around the text of a header is not part of it.
            (Binding::Header(_), Some(Value::String(text))) if matches!(kind, Kind::String | Kind::Enum(_)) => {
                let is_text = member.slot.traits.media_type.is_none();
                Some(Value::from(if is_text { text.trim().to_owned() } else { text }))
            }
            // An http-date has no fraction to write; one that was received is cut off when it is sent on.
            (Binding::Header(_), Some(value)) if is_http_date(schema, &member.slot) => Some(whole_seconds(value)),
            // Who writes a body says what it is, asked or not.
            (Binding::Header(name), None) if name == "content-type" => media_type(schema, members).map(Value::from),
            // Every response has a status.
            (Binding::StatusCode, None) => Some(Value::from(operation.status)),
            (_, own) => own,
        };
        fields.extend(seen.map(|value| (member.name.clone(), value)));
    }
    Value::Object(fields)
}

/// The member is an instant, or a list of them, in the form that headers have unless the model says otherwise.
fn is_http_date(schema: &Schema, slot: &Slot) -> bool {
    let slot = match &schema[slot.target].kind {
        Kind::List(list) => &list.member,
        _ => slot,
    };
    matches!(schema[slot.target].kind, Kind::Timestamp)
        && matches!(slot.traits.timestamp_format, None | Some(TimestampFormat::HttpDate))
}

fn whole_seconds(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(whole_seconds).collect(),
        Value::Number(number) if number.is_f64() => number.as_f64().map_or(Value::Null, |n| (n.floor() as i64).into()),
        other => other,
    }
}

/// Text that would have to stand in a header has characters that no header takes. Such a value can be received from a
/// peer that is careless, and not be sent on.
pub(crate) fn fits_headers(members: Option<&Members>, value: &Value) -> bool {
    fn is_plain(value: &Value) -> bool {
        match value {
            Value::String(text) => text.chars().all(|c| matches!(c, '\t' | ' '..='~')),
            Value::Array(items) => items.iter().all(is_plain),
            Value::Object(map) => map.values().all(is_plain),
            _ => true,
        }
    }
    let in_header = |binding: &Binding| matches!(binding, Binding::Header(_) | Binding::PrefixHeaders(_));
    members
        .into_iter()
        .flatten()
        .filter(|member| in_header(&member.binding) && member.slot.traits.media_type.is_none())
        .all(|member| value.get(&member.name).is_none_or(is_plain))
}

/// Media type of a body that is one member; others are always JSON, and nothing is bound to their type.
fn media_type<'s>(schema: &Schema, members: &'s Members) -> Option<&'s str> {
    let payload = members.iter().find(|member| member.binding == Binding::Payload)?;
    Some(payload.slot.traits.media_type.as_deref().unwrap_or(match schema[payload.slot.target].kind {
        Kind::Blob => "application/octet-stream",
        Kind::String | Kind::Enum(_) => "text/plain",
        _ => "application/json",
    }))
}

fn is_taken(operation: &Operation, members: &Members, key: &str) -> bool {
    operation.uri.query.iter().any(|(literal, _)| literal == key)
        || members.iter().any(|member| matches!(&member.binding, Binding::Query(own) if own == key))
}

fn is_bound(members: &Members, header: &str) -> bool {
    members.iter().any(|member| matches!(&member.binding, Binding::Header(own) if own == header))
}
