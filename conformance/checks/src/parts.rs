//! The parts of a value, each with its place and shape. Sends nothing.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use connect_model::schema::{Kind, Member, Schema, ShapeId, Slot};
use serde_json::Value;

/// A part of a value.
pub(crate) struct Part<'s, 'v> {
    /// JSON Pointer.
    pub(crate) pointer: String,
    pub(crate) slot: &'s Slot,
    /// The member that holds it; none for elements of lists and values of maps.
    pub(crate) member: Option<&'s Member>,
    /// Name of the member; for an element of a list, that of the list in the singular.
    pub(crate) name: &'s str,
    /// Position in the innermost list around it.
    pub(crate) nth: usize,
    pub(crate) value: &'v Value,
}

/// Calls `enter` for each part of a value of a shape, the whole before its parts. The parts of one for which it returns false
/// are left out.
pub(crate) fn visit<'s, 'v>(
    schema: &'s Schema,
    shape: ShapeId,
    value: &'v Value,
    enter: &mut impl FnMut(&Part<'s, 'v>) -> bool,
) {
    visit_in(schema, shape, ("", "", 0), value, enter);
}

fn visit_in<'s, 'v>(
    schema: &'s Schema,
    shape: ShapeId,
    (outer, name, nth): (&str, &'s str, usize),
    value: &'v Value,
    enter: &mut impl FnMut(&Part<'s, 'v>) -> bool,
) {
    let mut part = |slot: &'s Slot, member, name, key: &str, nth, value| {
        let pointer = format!("{outer}/{}", key.replace('~', "~0").replace('/', "~1"));
        let part = Part { pointer, slot, member, name, nth, value };
        if enter(&part) {
            visit_in(schema, slot.target, (&part.pointer, name, nth), value, enter);
        }
    };
    match (&schema[shape].kind, value) {
        (Kind::Structure(members) | Kind::Union(members), Value::Object(object)) => {
            for member in members {
                if let Some(inner) = object.get(&member.name) {
                    part(&member.slot, Some(member), &member.name, &member.name, nth, inner);
                }
            }
        }
        (Kind::List(list), Value::Array(items)) => {
            let single = name.strip_suffix('s').unwrap_or(name);
            for (nth, inner) in items.iter().enumerate() {
                part(&list.member, None, single, &nth.to_string(), nth, inner);
            }
        }
        (Kind::Map(map), Value::Object(object)) => {
            for (key, inner) in object {
                part(&map.value, None, "", key, nth, inner);
            }
        }
        _ => {}
    }
}

/// Removes repeated items from all lists in a value: a list of the resource would show them twice.
pub(crate) fn make_items_unique(value: &mut Value) {
    match value {
        Value::Array(items) => {
            let mut seen = Vec::new();
            items.retain(|item| {
                !seen.contains(item) && {
                    seen.push(item.clone());
                    true
                }
            });
            items.iter_mut().for_each(make_items_unique);
        }
        Value::Object(members) => members.values_mut().for_each(make_items_unique),
        _ => {}
    }
}

/// A value without the members that the model does not have: a newer service may show them, and nothing says what they mean.
pub(crate) fn modelled(schema: &Schema, shape: ShapeId, value: &Value) -> Value {
    match (&schema[shape].kind, value) {
        (Kind::Structure(members) | Kind::Union(members), Value::Object(map)) => {
            let known = |(name, inner): (&String, &Value)| {
                members.get(name).map(|member| (name.clone(), modelled(schema, member.slot.target, inner)))
            };
            Value::Object(map.iter().filter_map(known).collect())
        }
        (Kind::List(list), Value::Array(items)) => {
            items.iter().map(|item| modelled(schema, list.member.target, item)).collect()
        }
        (Kind::Map(map), Value::Object(entries)) => {
            let entry = |(key, inner): (&String, &Value)| (key.clone(), modelled(schema, map.value.target, inner));
            Value::Object(entries.iter().map(entry).collect())
        }
        _ => value.clone(),
    }
}

/// A short hash of a value.
pub(crate) fn digest(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.to_string().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn parts_have_their_places_and_may_be_left_out() {
        let schema = Schema::connect();
        let create = &schema[schema.operation_named("CreateRoutingProfile").unwrap()];
        let input = json!({
            "QueueConfigs": [{ "Priority": 1 }, { "Priority": 2 }], "Tags": { "a/b": "c" }, "Name": "n",
        });
        let parts = |left_out: &str| {
            let mut found = Vec::new();
            visit(schema, create.input.unwrap(), &input, &mut |part| {
                found.push(format!("{} {} {}", part.pointer, part.name, part.nth));
                part.name != left_out
            });
            found
        };
        let whole = [
            "/Name Name 0",
            "/QueueConfigs QueueConfigs 0",
            "/QueueConfigs/0 QueueConfig 0",
            "/QueueConfigs/0/Priority Priority 0",
            "/QueueConfigs/1 QueueConfig 1",
            "/QueueConfigs/1/Priority Priority 1",
            "/Tags Tags 0",
            "/Tags/a~1b  0",
        ];
        assert_eq!(parts(""), [&whole[..7], &whole[7..]].concat());
        assert_eq!(parts("QueueConfigs"), [whole[0], whole[1], whole[6], whole[7]]);
    }

    #[test]
    fn members_beyond_the_model_are_left_out() {
        let schema = Schema::connect();
        let shape = schema.shape_named("OutboundCallerConfig").unwrap();
        let shown = json!({ "OutboundCallerIdName": "a", "New": { "a": [1, null] } });
        assert_eq!(modelled(schema, shape, &shown), json!({ "OutboundCallerIdName": "a" }));
    }
}
