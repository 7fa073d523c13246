//! Examples for an OpenAPI document: the smallest request of each operation, with its response.

use std::collections::HashMap;

use arbitrary::Unstructured;
use serde_json::Value;

use crate::generate::{Config, Generator, Side};
use crate::path::SchemaPath;
use crate::schema::{Binding, Kind, OperationId, Schema, Segment};
use crate::semantics::{self, Context};
use crate::wire::{encode_request, encode_response};

/// Adds an example to the schema of every parameter and JSON body.
pub(super) fn add(schema: &Schema, operations: &[OperationId], document: &mut Value) {
    let ids: HashMap<&str, OperationId> = operations.iter().map(|id| (schema[*id].name.as_str(), *id)).collect();
    let Some(Value::Object(paths)) = document.get_mut("paths") else { return };
    for (path, methods) in paths {
        let names: Vec<String> =
            path.split('{').skip(1).filter_map(|rest| Some(rest.split('}').next()?.to_owned())).collect();
        for object in methods.as_object_mut().into_iter().flat_map(serde_json::Map::values_mut) {
            let id = object.get("operationId").and_then(Value::as_str).and_then(|name| ids.get(name));
            if let Some(id) = id {
                add_to(schema, *id, &names, object);
            }
        }
    }
}

fn add_to(schema: &Schema, id: OperationId, names: &[String], object: &mut Value) {
    let operation = &schema[id];
    let generator = Generator::new(schema, Config::sparse());
    let made = |side| generator.operation(id, side, &mut Unstructured::new(&[])).ok();
    if let Some(mut input) = made(Side::Input) {
        let (focus, context) = (SchemaPath::default(), Context::default());
        semantics::repair(&operation.name, &mut input, &focus, &context, &mut Unstructured::new(&[]));
        let labels = operation.uri.segments.iter().filter_map(|segment| match segment {
            Segment::Label(label) | Segment::Greedy(label) => Some(label),
            Segment::Literal(_) => None,
        });
        // Labels have the names from the first operation at the path.
        let spelled: HashMap<&String, &String> = labels.zip(names).collect();
        for member in schema.input_members(operation).into_iter().flatten() {
            let name = match &member.binding {
                Binding::Label(label) => spelled.get(label).map_or(label, |name| *name),
                Binding::Query(name) | Binding::Header(name) => name,
                _ => continue,
            };
            // The form of timestamps differs from that in values.
            let plain = !matches!(schema[member.slot.target].kind, Kind::Timestamp | Kind::List(_));
            if let Some(value) = input.get(&member.name).filter(|_| plain) {
                let parameters = object.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten();
                for parameter in parameters.filter(|parameter| parameter["name"] == **name) {
                    parameter["example"] = value.clone();
                }
            }
        }
        let request = encode_request(schema, id, &input).ok();
        put(object.pointer_mut("/requestBody/content"), request.map(|request| request.body));
    }
    let response = made(Side::Output).and_then(|output| encode_response(schema, id, &output).ok());
    let content = object.pointer_mut(&format!("/responses/{}/content", operation.status));
    put(content, response.map(|response| response.body));
}

/// Adds a body to its schema, if it is JSON.
fn put(content: Option<&mut Value>, body: Option<Vec<u8>>) {
    let example = body.and_then(|body| serde_json::from_slice::<Value>(&body).ok());
    if let (Some(media), Some(example)) = (content.and_then(|content| content.get_mut("application/json")), example) {
        media["example"] = example;
    }
}
