//! Responses as they are: members under the names of the model, values unchanged.

use serde_json::{Map, Value};

use super::message::HttpResponse;
use crate::schema::{Binding, Kind, Members, OperationId, Schema, ShapeId};

/// The output in a successful response, with its members under their names in the model. Unlike
/// [`decode_response`](super::decode_response), this judges nothing: wrong types and unknown members stay as they are.
///
/// # Errors
/// The body is not JSON, although members are bound to it.
pub fn read_response(
    schema: &Schema,
    operation: OperationId,
    response: &HttpResponse,
) -> Result<Value, serde_json::Error> {
    let parsed = || serde_json::from_slice::<Value>(&response.body);
    let Some(shape) = schema[operation].output else { return parsed() };
    let members = schema[shape].kind.members();
    let is_bound =
        |binding: fn(&Binding) -> bool| members.into_iter().flatten().find(|member| binding(&member.binding));
    let mut output = match is_bound(|binding| *binding == Binding::Payload) {
        Some(payload) => {
            let inner = match &schema[payload.slot.target].kind {
                Kind::Blob | Kind::String | Kind::Enum(_) => String::from_utf8_lossy(&response.body).into(),
                _ if response.body.is_empty() => Value::Null,
                _ => named(schema, payload.slot.target, parsed()?),
            };
            Value::Object(Map::from_iter([(payload.name.clone(), inner)]))
        }
        None if response.body.is_empty() && is_bound(|binding| *binding == Binding::Body).is_none() => {
            Value::Object(Map::new())
        }
        None => named(schema, shape, parsed()?),
    };
    let Some(values) = output.as_object_mut() else { return Ok(output) };
    for member in members.into_iter().flatten() {
        if let Binding::Header(name) = &member.binding
            && let Some(text) = response.headers.get(name)
        {
            let number = || text.parse::<serde_json::Number>().ok().map(Value::Number);
            let value = match &schema[member.slot.target].kind {
                Kind::Number(_) => number(),
                Kind::Boolean => text.parse::<bool>().ok().map(Value::Bool),
                _ => None,
            };
            values.insert(member.name.clone(), value.unwrap_or_else(|| text.into()));
        }
    }
    Ok(output)
}

/// A value of a shape with the members of its structures under their names in the model.
fn named(schema: &Schema, shape: ShapeId, value: Value) -> Value {
    match (&schema[shape].kind, value) {
        (Kind::Structure(members) | Kind::Union(members), Value::Object(map)) => {
            Value::Object(map.into_iter().map(|(key, inner)| entry(schema, members, key, inner)).collect())
        }
        (Kind::List(list), Value::Array(items)) => {
            items.into_iter().map(|item| named(schema, list.member.target, item)).collect()
        }
        (Kind::Map(shape), Value::Object(map)) => {
            Value::Object(map.into_iter().map(|(key, inner)| (key, named(schema, shape.value.target, inner))).collect())
        }
        (_, value) => value,
    }
}

fn entry(schema: &Schema, members: &Members, key: String, value: Value) -> (String, Value) {
    match members.by_json_name(&key) {
        Some(member) => (member.name.clone(), named(schema, member.slot.target, value)),
        None => (key, value),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn read(body: &Value) -> Value {
        let model = json!({
            "metadata": { "endpointPrefix": "x", "protocol": "rest-json", "apiVersion": "1", "serviceId": "X" },
            "operations": { "Get": { "name": "Get", "http": { "method": "GET", "requestUri": "/x" },
                "output": { "shape": "Out" } } },
            "shapes": {
                "Out": { "type": "structure", "members": {
                    "Items": { "shape": "Items", "locationName": "item" },
                    "Count": { "shape": "Count", "location": "header", "locationName": "x-count" },
                } },
                "Items": { "type": "list", "member": { "shape": "Item" } },
                "Item": { "type": "structure", "members": { "Id": { "shape": "S", "locationName": "id" } } },
                "Count": { "type": "integer" }, "S": { "type": "string" },
            },
        });
        let schema = Schema::from_text("service-2.json", model.to_string().into_bytes()).unwrap();
        let mut response = HttpResponse { status: 200, body: body.to_string().into_bytes(), ..HttpResponse::default() };
        response.headers.set("X-Count", "2");
        read_response(&schema, schema.operation_named("Get").unwrap(), &response).unwrap()
    }

    #[test]
    fn members_have_their_names_in_the_model() {
        let shown = read(&json!({ "item": [{ "id": 1, "other": { "id": 2 } }, "text"], "more": null }));
        let expected = json!({ "Items": [{ "Id": 1, "other": { "id": 2 } }, "text"], "more": null, "Count": 2 });
        assert_eq!(shown, expected);
    }

    #[test]
    fn answers_of_other_types_stay_as_they_are() {
        assert_eq!(read(&json!([1])), json!([1]));
        assert_eq!(read(&json!({ "item": "x" })), json!({ "Items": "x", "Count": 2 }));
    }
}
