//! Completion of a value, as an SDK does it: absent members get the default values of the model, an absent idempotency
//! token gets a UUID, and null, which stands for absence, is left out. A test sends values as they are, so nothing here
//! happens unless it is asked for. Knows no messages.

use serde_json::{Map, Value};

use crate::schema::{Kind, Members, OperationId, Schema, ShapeId};
use crate::side::{Side, side_shape};

/// The UUID that stands for a random one, so that the same value is always completed in the same way.
pub const TOKEN: &str = "00000000-0000-4000-8000-000000000000";

/// An end of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It sends requests. It fills in no default of a member that is optional for clients.
    Client,
    /// It sends responses.
    Server,
}

/// Completes the value of one side of an operation, as the SDK at one end does: before it encodes the message that it sends,
/// and after it has decoded the one that it received. Source: Smithy 2.0, traits `default`, `clientOptional`, `input`,
/// `sparse` and `idempotencyToken`.
pub fn complete(schema: &Schema, operation: OperationId, side: Side, end: End, mut value: Value) -> Value {
    let Some(shape) = side_shape(schema, operation, side) else { return value };
    if value.is_null() {
        value = Value::Object(Map::new());
    }
    fill(schema, shape, end, &mut value);
    if let (Some(members), Some(fields)) = (schema[shape].kind.members(), value.as_object_mut())
        && let Some(token) = members.idempotency_token()
        && (side, end) == (Side::Input, End::Client)
    {
        fields.entry(&token.name).or_insert_with(|| TOKEN.into());
    }
    value
}

fn fill(schema: &Schema, shape: ShapeId, end: End, value: &mut Value) {
    match (&schema[shape].kind, value) {
        (Kind::Structure(members), Value::Object(fields)) => {
            fields.retain(|name, value| !value.is_null() || members.get(name).is_none());
            for member in members {
                // The default of a stream is the empty one, which cannot be told from an absent one.
                if let Some(default) = member.slot.traits.default.as_ref()
                    && !schema[member.slot.target].streaming
                    && (end == End::Server || member.client_fills)
                    && !fields.contains_key(&member.name)
                {
                    fields.insert(member.name.clone(), default.clone());
                }
            }
            inside(schema, members, end, fields);
        }
        (Kind::Union(members), Value::Object(fields)) => inside(schema, members, end, fields),
        (Kind::List(list), Value::Array(items)) => {
            items.retain(|item| list.sparse || !item.is_null());
            items.iter_mut().for_each(|item| fill(schema, list.member.target, end, item));
        }
        (Kind::Map(map), Value::Object(entries)) => {
            entries.retain(|_, entry| map.sparse || !entry.is_null());
            entries.values_mut().for_each(|entry| fill(schema, map.value.target, end, entry));
        }
        _ => {}
    }
}

fn inside(schema: &Schema, members: &Members, end: End, fields: &mut Map<String, Value>) {
    for (name, value) in fields {
        if let Some(member) = members.get(name) {
            fill(schema, member.slot.target, end, value);
        }
    }
}
