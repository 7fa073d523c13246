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
}

/// The places of a value with ids of resources, in order. Of a list of ids that may be short, only the first is kept, since
/// all of them get the same id; the member `whole` stays as it is.
pub(super) fn places<'s>(
    schema: &'s Schema,
    graph: &'s Graph,
    shape: ShapeId,
    value: &mut Value,
    whole: Option<&'s str>,
) -> Vec<Place<'s>> {
    let mut found = Vec::new();
    collect(&Walk { schema, graph, whole }, shape, "", String::new(), value, &mut found);
    found
}

struct Walk<'s> {
    schema: &'s Schema,
    graph: &'s Graph,
    whole: Option<&'s str>,
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
    pointer: String,
    value: &mut Value,
    found: &mut Vec<Place<'s>>,
) {
    let mut at = |slot: &'s Slot, name: &str, key: &str, inner: &mut Value| {
        let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
        match walk.noun(name, slot.target).filter(|_| inner.is_string()) {
            Some(noun) => found.push(Place { pointer, noun, slot }),
            None => collect(walk, slot.target, name, pointer, inner, found),
        }
    };
    match (&walk.schema[shape].kind, value) {
        (Kind::Structure(members) | Kind::Union(members), Value::Object(object)) => {
            for member in members {
                if let Some(inner) = object.get_mut(&member.name) {
                    at(&member.slot, &member.name, &member.name, inner);
                }
            }
        }
        (Kind::List(list), Value::Array(items)) => {
            let single = member.strip_suffix('s').unwrap_or(member);
            let least = walk.schema[shape].length().and_then(|bounds| bounds.min).unwrap_or(0);
            if least <= 1 && walk.whole != Some(member) && walk.noun(single, list.member.target).is_some() {
                items.truncate(1);
            }
            for (key, inner) in items.iter_mut().enumerate() {
                at(&list.member, single, &key.to_string(), inner);
            }
        }
        (Kind::Map(map), Value::Object(object)) => {
            for (key, inner) in object {
                at(&map.value, "", key, inner);
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
        let mut input = json!({
            "InstanceId": "i", "Name": "n", "DefaultOutboundQueueId": "q",
            "QueueConfigs": [{ "QueueReference": { "QueueId": "r", "Channel": "VOICE" }, "Priority": 1, "Delay": 0 }],
        });
        let graph = Graph::of(schema);
        let found = places(schema, &graph, create.input.unwrap(), &mut input, None);
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
