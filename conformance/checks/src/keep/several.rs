//! Lists with several different items. An endpoint may cut, merge or reverse them.

use connect_model::schema::{Kind, Member, OperationId, Schema, ShapeId};
use serde_json::Value;

use crate::client::Client;
use crate::parts::make_items_unique;
use crate::steps::several_of_each;

/// Items of each list, as far as its bounds allow.
const ITEMS: u64 = 3;

/// A value for a member of an input, with several items in each of its lists; none if it has no list.
pub(super) async fn several(client: &Client, operation: OperationId, member: &Member) -> Option<Value> {
    let schema = client.schema;
    if !matches!(schema[member.slot.target].kind, Kind::List(_) | Kind::Structure(_)) {
        return None;
    }
    let label = format!("{}/several/{}", schema[operation].name, member.name);
    let mut input = client.input_with(operation, (member, several_of_each(ITEMS)), &label).await.ok()?;
    let mut value = input[&member.name].take();
    tell_apart(schema, member.slot.target, &mut value);
    make_items_unique(&mut value);
    has_several(&value).then_some(value)
}

/// Gives the items of each list different values of the first enum that they must have: it often is what an item is found by,
/// such as a channel or a day. Items beyond its values are left out.
fn tell_apart(schema: &Schema, shape: ShapeId, value: &mut Value) {
    match (&schema[shape].kind, value) {
        (Kind::Structure(members) | Kind::Union(members), Value::Object(object)) => {
            for member in members {
                if let Some(inner) = object.get_mut(&member.name) {
                    tell_apart(schema, member.slot.target, inner);
                }
            }
        }
        (Kind::List(list), Value::Array(items)) => {
            if let Kind::Structure(members) = &schema[list.member.target].kind {
                let keys = members.iter().filter(|member| member.required).find_map(|member| {
                    let Kind::Enum(values) = &schema[member.slot.target].kind else { return None };
                    Some((&member.name, values))
                });
                if let Some((name, values)) = keys {
                    items.truncate(values.len());
                    for (item, value) in items.iter_mut().zip(values.iter()) {
                        item[name] = value.to_string().into();
                    }
                }
            }
            items.iter_mut().for_each(|item| tell_apart(schema, list.member.target, item));
        }
        _ => {}
    }
}

/// True if a list in a value has several items.
fn has_several(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.len() > 1 || items.iter().any(has_several),
        Value::Object(members) => members.values().any(has_several),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn items_differ_in_the_enum_that_they_must_have() {
        let schema = Schema::connect();
        let create = &schema[schema.operation_named("CreateRoutingProfile").unwrap()];
        let member = schema.input_members(create).unwrap().get("MediaConcurrencies").unwrap();
        let mut value = json!(vec![json!({ "Channel": "CHAT", "Concurrency": 1 }); 40]);
        tell_apart(schema, member.slot.target, &mut value);
        let channels: Vec<&str> =
            value.as_array().unwrap().iter().map(|item| item["Channel"].as_str().unwrap()).collect();
        assert_eq!(channels, ["CHAT", "EMAIL", "TASK", "VOICE"]);
        assert!(has_several(&json!({ "a": [{ "b": [1, 2] }] })) && !has_several(&json!({ "a": [{ "b": [1] }] })));
    }
}
