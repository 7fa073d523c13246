//! Tags in requests and answers: a map, or a list of structures with a key and a value.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::schema::{Kind, Member, Members, Schema, ShapeId};

/// Tags of a resource by their keys.
pub type Tags = BTreeMap<String, String>;

/// The member of an input or a description with tags, if there is one.
pub fn tag_member<'s>(schema: &Schema, members: &'s Members) -> Option<&'s Member> {
    members.iter().find(|member| is_tags(schema, member))
}

/// True for a member with tags.
pub fn is_tags(schema: &Schema, member: &Member) -> bool {
    let shape = &schema[member.slot.target].kind;
    member.name.eq_ignore_ascii_case("tags") && matches!(shape, Kind::Map(_) | Kind::List(_))
}

/// Tags as a value of a shape; none if the shape cannot hold them.
pub fn write_tags(schema: &Schema, shape: ShapeId, tags: &Tags) -> Option<Value> {
    match &schema[shape].kind {
        Kind::Map(_) => serde_json::to_value(tags).ok(),
        Kind::List(list) => {
            let members = schema[list.member.target].kind.members()?;
            let named = |end: &str| members.iter().find(|member| member.name.to_ascii_lowercase().ends_with(end));
            let (key, value) = (named("key")?, named("value")?);
            let pair = |(k, v): (&String, &String)| {
                Value::Object(Map::from_iter([
                    (key.name.clone(), k.as_str().into()),
                    (value.name.clone(), v.as_str().into()),
                ]))
            };
            Some(tags.iter().map(pair).collect())
        }
        _ => None,
    }
}

/// The tags in a map, or in a list of keys and values.
pub fn read_tags(value: &Value) -> Tags {
    match value {
        Value::Object(map) => {
            map.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
        }
        Value::Array(list) => {
            let part = |item: &Value, end: &str| {
                let mut members = item.as_object()?.iter();
                members
                    .find(|(name, _)| name.to_ascii_lowercase().ends_with(end))
                    .and_then(|(_, value)| value.as_str())
                    .map(str::to_owned)
            };
            list.iter().filter_map(|item| Some((part(item, "key")?, part(item, "value").unwrap_or_default()))).collect()
        }
        _ => Tags::default(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn maps_and_lists_hold_the_same_tags() {
        let model = json!({
            "metadata": { "endpointPrefix": "x", "protocol": "rest-json", "apiVersion": "1", "serviceId": "X" },
            "operations": { "Make": { "name": "Make", "http": { "method": "POST", "requestUri": "/x" },
                "input": { "shape": "In" } } },
            "shapes": {
                "In": { "type": "structure", "members": { "tags": { "shape": "Pairs" }, "Tag": { "shape": "Map" } } },
                "Pairs": { "type": "list", "member": { "shape": "Pair" } },
                "Pair": { "type": "structure", "members": { "TagKey": { "shape": "S" }, "TagValue": { "shape": "S" } } },
                "Map": { "type": "map", "key": { "shape": "S" }, "value": { "shape": "S" } },
                "S": { "type": "string" },
            },
        });
        let schema = Schema::from_text("service-2.json", model.to_string().into_bytes()).unwrap();
        let members = schema.input_members(&schema[schema.operation_named("Make").unwrap()]).unwrap();
        let list = tag_member(&schema, members).unwrap();
        assert_eq!(list.name, "tags");
        let tags = Tags::from_iter([("a".to_owned(), "1".to_owned()), ("b".to_owned(), String::new())]);
        let pairs = write_tags(&schema, list.slot.target, &tags).unwrap();
        assert_eq!(pairs, json!([{ "TagKey": "a", "TagValue": "1" }, { "TagKey": "b", "TagValue": "" }]));
        let map = write_tags(&schema, schema.shape_named("Map").unwrap(), &tags).unwrap();
        assert_eq!([read_tags(&pairs), read_tags(&map)], [tags.clone(), tags]);
        assert_eq!(write_tags(&schema, schema.shape_named("S").unwrap(), &Tags::default()), None);
    }
}
