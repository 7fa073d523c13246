//! Places in an input that name resources: found by the shapes of their ids, and filled. Sends nothing.

use connect_model::resources::Graph;
use connect_model::schema::{Kind, Schema, ShapeId, Slot};
use serde_json::Value;

/// A place in an input with the id of a resource.
pub(super) struct Place<'s> {
    /// JSON Pointer.
    pub(super) pointer: String,
    /// The noun of the kind.
    pub(super) noun: &'s str,
    pub(super) slot: &'s Slot,
    /// Position in the innermost list around it.
    pub(super) nth: usize,
}

/// The places of a value with ids of resources, in order.
pub(super) fn places<'s>(schema: &'s Schema, graph: &'s Graph, shape: ShapeId, value: &Value) -> Vec<Place<'s>> {
    let mut found = Vec::new();
    collect(&Walk { schema, graph }, shape, "", (String::new(), 0), value, &mut found);
    found
}

struct Walk<'s> {
    schema: &'s Schema,
    graph: &'s Graph,
}

impl<'s> Walk<'s> {
    fn noun(&self, member: &str, shape: ShapeId) -> Option<&'s str> {
        self.graph.named_at(self.schema, member, shape).map(|kind| kind.noun.as_str())
    }
}

fn collect<'s>(
    walk: &Walk<'s>,
    shape: ShapeId,
    member: &str,
    (pointer, nth): (String, usize),
    value: &Value,
    found: &mut Vec<Place<'s>>,
) {
    let mut at = |slot: &'s Slot, name: &str, (key, nth): (&str, usize), inner: &Value| {
        let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
        match walk.noun(name, slot.target).filter(|_| inner.is_string()) {
            Some(noun) => found.push(Place { pointer, noun, slot, nth }),
            None => collect(walk, slot.target, name, (pointer, nth), inner, found),
        }
    };
    match (&walk.schema[shape].kind, value) {
        (Kind::Structure(members) | Kind::Union(members), Value::Object(object)) => {
            for member in members {
                if let Some(inner) = object.get(&member.name) {
                    at(&member.slot, &member.name, (&member.name, nth), inner);
                }
            }
        }
        (Kind::List(list), Value::Array(items)) => {
            let single = member.strip_suffix('s').unwrap_or(member);
            for (nth, inner) in items.iter().enumerate() {
                at(&list.member, single, (&nth.to_string(), nth), inner);
            }
        }
        (Kind::Map(map), Value::Object(object)) => {
            for (key, inner) in object {
                at(&map.value, "", (key, nth), inner);
            }
        }
        _ => {}
    }
}

/// Sets the id at a place of the graph, such as `SecurityProfileIds[]`, wherever the value has it.
pub(super) fn set_place(value: &mut Value, place: &str, id: &str) {
    match place.split_once('.') {
        None => match place.strip_suffix("[]") {
            Some(list) => value[list] = Value::from(vec![id]),
            None => value[place] = id.into(),
        },
        Some((head, rest)) => match head.strip_suffix("[]") {
            Some(list) => {
                for item in value.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                    set_place(item, rest, id);
                }
            }
            None => {
                if let Some(inner) = value.get_mut(head).filter(|inner| inner.is_object()) {
                    set_place(inner, rest, id);
                }
            }
        },
    }
}

/// True if a value has a place of the graph.
pub(super) fn has_place(value: &Value, place: &str) -> bool {
    let (head, rest) = place.split_once('.').map_or((place, None), |(head, rest)| (head, Some(rest)));
    let (name, many) = head.strip_suffix("[]").map_or((head, false), |name| (name, true));
    let Some(inner) = value.get(name).filter(|inner| !inner.is_null()) else { return false };
    match (rest, many) {
        (None, _) => true,
        (Some(rest), false) => has_place(inner, rest),
        (Some(rest), true) => inner.as_array().is_some_and(|items| items.iter().any(|item| has_place(item, rest))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_are_found_by_shape_at_any_depth() {
        let schema = Schema::connect();
        let create = &schema[schema.operation_named("CreateRoutingProfile").unwrap()];
        let input = json!({
            "InstanceId": "i", "Name": "n", "DefaultOutboundQueueId": "q",
            "QueueConfigs": [{ "QueueReference": { "QueueId": "r", "Channel": "VOICE" }, "Priority": 1, "Delay": 0 }],
        });
        let graph = Graph::of(schema);
        let found = places(schema, &graph, create.input.unwrap(), &input);
        let found: Vec<String> = found.iter().map(|place| format!("{} {}", place.noun, place.pointer)).collect();
        let expected =
            ["Queue /DefaultOutboundQueueId", "Instance /InstanceId", "Queue /QueueConfigs/0/QueueReference/QueueId"];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_place_is_set_wherever_the_value_has_it() {
        let mut value = json!({ "A": [{ "B": { "Id": "x" } }, { "B": {} }], "C": {} });
        assert!(has_place(&value, "A[].B.Id") && !has_place(&value, "A[].D.Id") && !has_place(&value, "Ids[]"));
        set_place(&mut value, "A[].B.Id", "new");
        set_place(&mut value, "Ids[]", "one");
        set_place(&mut value, "D.Id", "no");
        assert_eq!(
            value,
            json!({ "A": [{ "B": { "Id": "new" } }, { "B": { "Id": "new" } }], "C": {}, "Ids": ["one"] })
        );
    }
}
