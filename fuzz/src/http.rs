//! Differences between values that HTTP cannot express, for comparing a sent value with the received one.
//!
//! Each rule follows from Smithy's HTTP bindings or from HTTP itself. Every other difference is a bug. Knows nothing of JSON
//! bodies, which lose nothing.

use connect_model::schema::{Binding, Kind, Members, Operation, Schema, Slot, TimestampFormat};
use serde_json::{Map, Value};

/// Returns the value as a receiver sees it. Only the top-level members of a message are affected.
pub(crate) fn as_received(schema: &Schema, operation: &Operation, members: Option<&Members>, value: Value) -> Value {
    let (Some(members), Value::Object(mut fields)) = (members, value) else { return Value::Object(Map::new()) };
    for member in members {
        let kind = &schema[member.slot.target].kind;
        let own = fields.remove(&member.name).filter(|value| member.binding == Binding::Body || !value.is_null());
        let seen = match (&member.binding, own) {
            // A list repeats the parameter, so an empty list is an absent one.
            (Binding::Query(_), Some(Value::Array(items))) if items.is_empty() => None,
            // A server puts every parameter into the map; a client sends those not used by other members or literals.
            (Binding::QueryParams, Some(Value::Object(mut map))) => {
                map.retain(|key, value| !is_taken(operation, members, key) && *value != Value::Array(Vec::new()));
                (!map.is_empty()).then_some(Value::Object(map))
            }
            // Header names are case-insensitive. A header bound to another member is not in the map, nor is the bare prefix.
            (Binding::PrefixHeaders(prefix), Some(Value::Object(map))) => {
                let lower = map.into_iter().map(|(key, value)| (key.to_ascii_lowercase(), value));
                let is_own = |key: &str| !key.is_empty() && !is_bound(members, &format!("{prefix}{key}"));
                let map: Map<String, Value> = lower.filter(|(key, _)| is_own(key)).collect();
                (!map.is_empty()).then_some(Value::Object(map))
            }
            // An empty body is an absent one, unless it is required.
            (Binding::Payload, Some(Value::String(text))) if text.is_empty() && !member.required => None,
            // An absent body is an empty structure.
            (Binding::Payload, None) if matches!(kind, Kind::Structure(_)) => Some(Value::Object(Map::new())),
            // White space around a header value is not part of it.
            (Binding::Header(_), Some(Value::String(text))) if matches!(kind, Kind::String | Kind::Enum(_)) => {
                let is_text = member.slot.traits.media_type.is_none();
                Some(Value::from(if is_text { text.trim().to_owned() } else { text }))
            }
            // An http-date has no fraction; a received fraction is truncated on encoding.
            (Binding::Header(_), Some(value)) if is_http_date(schema, &member.slot) => Some(whole_seconds(value)),
            // The sender of a body sets its content type.
            (Binding::Header(name), None) if name == "content-type" => media_type(schema, members).map(Value::from),
            // Every response has a status.
            (Binding::StatusCode, None) => Some(Value::from(operation.status)),
            (_, own) => own,
        };
        fields.extend(seen.map(|value| (member.name.clone(), value)));
    }
    Value::Object(fields)
}

/// Returns true for a timestamp, or a list of timestamps, in the default format for headers.
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

/// Returns true if all strings bound to headers consist of characters allowed there. Other values can be received from a
/// lax peer, but not encoded.
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

/// Media type of a payload member. Other bodies are JSON, and no member is bound to their type.
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
