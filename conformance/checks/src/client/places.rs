//! Places in an input that name resources: found by the shapes of their ids, and filled. Sends nothing.

use connect_model::resources::Graph;
use connect_model::schema::{Kind, Schema, ShapeId, Slot};
use serde_json::Value;

use crate::parts::visit;

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
    visit(schema, shape, value, &mut |part| {
        let kind = graph
            .named_at(schema, part.name, part.slot.target)
            .filter(|_| part.value.is_string() || part.value.is_number());
        let place = |kind: &'s connect_model::resources::Kind| Place {
            pointer: part.pointer.clone(),
            noun: &kind.noun,
            slot: part.slot,
            nth: part.nth,
        };
        found.extend(kind.map(place));
        kind.is_none()
    });
    found
}

/// An id as a value of a slot.
pub(super) fn as_value(schema: &Schema, slot: &Slot, id: &str) -> Value {
    match schema[slot.target].kind {
        Kind::Number(_) => id.parse::<i64>().map_or_else(|_| id.into(), Value::from),
        _ => id.into(),
    }
}

/// Sets the id at a place of the graph, such as `SecurityProfileIds[]`, wherever the value has it.
pub(super) fn set_place(value: &mut Value, place: &str, id: &Value) {
    match place.split_once('.') {
        None => match place.strip_suffix("[]") {
            Some(list) => value[list] = Value::from(vec![id.clone()]),
            None => value[place] = id.clone(),
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
        set_place(&mut value, "A[].B.Id", &"new".into());
        set_place(&mut value, "Ids[]", &"one".into());
        set_place(&mut value, "D.Id", &"no".into());
        assert_eq!(
            value,
            json!({ "A": [{ "B": { "Id": "new" } }, { "B": { "Id": "new" } }], "C": {}, "Ids": ["one"] })
        );
    }
}
