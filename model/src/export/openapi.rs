//! OpenAPI 3.1 for a set of operations: the wire format, for HTTP tools.
//!
//! Bodies have the names of the wire (`jsonName`) and only the members bound to the body. OpenAPI does not support
//! several operations at one path and method (each after the first gets a path followed by `#Name`, which no server
//! sees), nor headers by prefix (`x-prefix-headers`).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::constraint::Keys;
use crate::export::examples;
use crate::export::json_schema::{Builder, DIALECT, side_name};
use crate::schema::{
    Binding, Kind, Member, Members, Operation, OperationId, Schema, Segment, ShapeId, Slot, TimestampFormat,
};
use crate::side::Side;

/// A document for the given operations, with examples.
pub fn openapi(schema: &Schema, operations: &[OperationId]) -> Value {
    let mut builder = Builder::new(schema, Keys::Json, "#/components/schemas/");
    let mut paths = Paths::default();
    for id in operations {
        let operation = &schema[*id];
        let (path, renamed) = paths.place(operation);
        let item = operation_object(schema, operation, &renamed, &mut builder);
        paths.insert(path, operation, item);
    }
    let service = &schema.service;
    let mut document = json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": DIALECT,
        "info": {"title": service.sdk_id, "version": service.version, "x-model-sha256": schema.digest},
        "servers": [{
            "url": format!("https://{}.{{region}}.amazonaws.com", service.endpoint_prefix),
            "variables": {"region": {"default": "us-east-1"}},
        }],
        "security": [{"sigv4": []}],
        "paths": paths.items,
        "components": {
            "schemas": builder.finish(),
            "securitySchemes": {"sigv4": {
                "type": "apiKey", "in": "header", "name": "Authorization",
                "description": format!("AWS Signature Version 4, service {}", service.signing_name),
                "x-amazon-apigateway-authtype": "awsSigv4",
            }},
        },
    });
    examples::add(schema, operations, &mut document);
    document
}

/// The paths of the document. `/a/{x}` and `/a/{y}` are the same path in OpenAPI: the first spelling wins.
#[derive(Default)]
struct Paths {
    items: Map<String, Value>,
    spelling: BTreeMap<String, Vec<String>>,
}

impl Paths {
    /// The path of an operation, and the names of its labels there.
    fn place(&mut self, operation: &Operation) -> (String, BTreeMap<String, String>) {
        let mut anonymous = String::new();
        let mut labels = Vec::new();
        for segment in &operation.uri.segments {
            anonymous.push('/');
            match segment {
                Segment::Literal(text) => anonymous.push_str(text),
                Segment::Label(name) | Segment::Greedy(name) => {
                    anonymous.push_str("{}");
                    labels.push(name.clone());
                }
            }
        }
        if anonymous.is_empty() {
            anonymous.push('/');
        }
        let names = self.spelling.entry(anonymous.clone()).or_insert_with(|| labels.clone());
        let mut path = String::new();
        let mut next = names.iter();
        for (at, part) in anonymous.split("{}").enumerate() {
            if at > 0 {
                path.push_str(&format!("{{{}}}", next.next().map_or("", String::as_str)));
            }
            path.push_str(part);
        }
        (path, labels.into_iter().zip(names.iter().cloned()).collect())
    }

    fn insert(&mut self, path: String, operation: &Operation, item: Value) {
        let method = operation.method.to_lowercase();
        let taken = self.items.get(&path).is_some_and(|methods| methods.get(&method).is_some());
        let path = if taken { format!("{path}#{}", operation.name) } else { path };
        if let Value::Object(methods) = self.items.entry(path).or_insert_with(|| json!({})) {
            methods.insert(method, item);
        }
    }
}

fn operation_object(
    schema: &Schema,
    operation: &Operation,
    labels: &BTreeMap<String, String>,
    builder: &mut Builder<'_>,
) -> Value {
    let input = schema.input_members(operation);
    let mut parameters = Vec::new();
    for (key, value) in &operation.uri.query {
        parameters.push(json!({"name": key, "in": "query", "required": true, "schema": {"const": value}}));
    }
    let mut prefixes = Vec::new();
    for member in input.into_iter().flatten() {
        if let Binding::PrefixHeaders(prefix) = &member.binding {
            prefixes.push(prefix.clone());
        }
        parameters.extend(parameter(schema, member, labels, builder));
    }
    let mut object = json!({"operationId": operation.name, "responses": responses(schema, operation, builder)});
    let Value::Object(map) = &mut object else { return object };
    if !parameters.is_empty() {
        map.insert("parameters".to_owned(), parameters.into());
    }
    if !prefixes.is_empty() {
        map.insert("x-prefix-headers".to_owned(), prefixes.into());
    }
    if let Some(content) =
        input.and_then(|m| content(schema, m, side_name(&operation.name, Side::Input), Side::Input, builder))
    {
        // Clients write an empty body as `{}`, and a server treats an absent one alike (Smithy, restJson1).
        let required =
            input.into_iter().flatten().any(|m| m.required && matches!(m.binding, Binding::Body | Binding::Payload));
        map.insert("requestBody".to_owned(), json!({"required": required, "content": content}));
    }
    for (key, there) in [("deprecated", operation.deprecated), ("x-idempotent", operation.idempotent)] {
        if there {
            map.insert(key.to_owned(), true.into());
        }
    }
    if let Some(prefix) = &operation.host_prefix {
        map.insert("x-host-prefix".to_owned(), prefix.as_str().into());
    }
    if let Some(pagination) = &operation.pagination {
        map.insert(
            "x-pagination".to_owned(),
            json!({"inputToken": pagination.input_token, "outputToken": pagination.output_token.join("."),
                "items": pagination.items.as_ref().map(|path| path.join(".")), "pageSize": pagination.page_size}),
        );
    }
    object
}

/// The parameter object of a member outside the body.
fn parameter(
    schema: &Schema,
    member: &Member,
    labels: &BTreeMap<String, String>,
    builder: &mut Builder<'_>,
) -> Option<Value> {
    let (name, place) = match &member.binding {
        Binding::Label(name) => (labels.get(name).unwrap_or(name), "path"),
        Binding::Query(name) => (name, "query"),
        Binding::QueryParams => (&member.name, "query"),
        Binding::Header(name) => (name, "header"),
        Binding::Body | Binding::PrefixHeaders(_) | Binding::Payload | Binding::StatusCode => return None,
    };
    let value = outside_body(schema, &member.slot, member.binding.timestamp_format(), Side::Input, builder);
    let mut parameter = json!({"name": name, "in": place, "required": member.required, "schema": value});
    let Value::Object(map) = &mut parameter else { return None };
    if place == "query" {
        // A list repeats its parameter; a map has one parameter for each entry.
        map.insert("style".to_owned(), "form".into());
        map.insert("explode".to_owned(), true.into());
    }
    if member.deprecated {
        map.insert("deprecated".to_owned(), true.into());
    }
    Some(parameter)
}

/// The schema of a slot outside the body, where timestamps have another form.
fn outside_body(schema: &Schema, slot: &Slot, format: TimestampFormat, side: Side, builder: &mut Builder<'_>) -> Value {
    let mut slot = slot.clone();
    match &schema[slot.target].kind {
        Kind::Timestamp => {
            slot.traits.timestamp_format.get_or_insert(format);
        }
        Kind::List(list) if matches!(schema[list.member.target].kind, Kind::Timestamp) => {
            return json!({"type": "array", "items": outside_body(schema, &list.member, format, side, builder)});
        }
        _ => {}
    }
    builder.slot(&slot, side)
}

/// Media type and schema of a body, if the members have one.
fn content(schema: &Schema, members: &Members, name: String, side: Side, builder: &mut Builder<'_>) -> Option<Value> {
    if let Some(payload) = members.iter().find(|member| member.binding == Binding::Payload) {
        let media_type = match (&payload.slot.traits.media_type, &schema[payload.slot.target].kind) {
            (Some(media_type), _) => media_type.as_str(),
            (None, Kind::Blob) => "application/octet-stream",
            (None, Kind::String | Kind::Enum(_)) => "text/plain",
            _ => "application/json",
        };
        // Raw bytes are not encoded as base64.
        let value = match schema[payload.slot.target].kind {
            Kind::Blob => json!({}),
            _ => builder.slot(&payload.slot, side),
        };
        return Some(json!({media_type: {"schema": value}}));
    }
    let body: Vec<&Member> = members.iter().filter(|member| member.binding == Binding::Body).collect();
    if body.is_empty() && side == Side::Input {
        return None;
    }
    let definition = builder.structure(&body, side);
    let reference = builder.define(name, definition);
    Some(json!({"application/json": {"schema": reference}}))
}

/// Responses by status: success, and the modelled errors, several of which can share a status.
fn responses(schema: &Schema, operation: &Operation, builder: &mut Builder<'_>) -> Value {
    let mut by_status: BTreeMap<u16, Vec<(String, Value)>> = BTreeMap::new();
    let output = schema.output_members(operation);
    let mut success = json!({"description": "success"});
    if let Some(members) = output {
        let body = content(schema, members, side_name(&operation.name, Side::Output), Side::Output, builder);
        let headers: Map<String, Value> = members.iter().filter_map(|m| response_header(schema, m, builder)).collect();
        if let Value::Object(map) = &mut success {
            map.extend(body.map(|content| ("content".to_owned(), content)));
            if !headers.is_empty() {
                map.insert("headers".to_owned(), headers.into());
            }
        }
    }
    for id in &operation.errors {
        let Some(error) = &schema[*id].error else { continue };
        let value = error_body(schema, *id, builder);
        by_status.entry(error.status).or_default().push((schema[*id].name.clone(), value));
    }
    let mut responses = Map::from_iter([(operation.status.to_string(), success)]);
    for (status, errors) in by_status {
        let names: Vec<&str> = errors.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(", ");
        let known = json!({"description": "name of the error, perhaps with a colon and more behind it",
            "schema": {"type": "string", "examples": errors.iter().map(|(name, _)| name).collect::<Vec<_>>()}});
        let mut schemas: Vec<Value> = errors.into_iter().map(|(_, schema)| schema).collect();
        let body = if schemas.len() == 1 { schemas.remove(0) } else { json!({"anyOf": schemas}) };
        let response = json!({"description": names, "headers": {"X-Amzn-Errortype": known},
            "content": {"application/json": {"schema": body}}});
        match responses.entry(status.to_string()) {
            serde_json::map::Entry::Vacant(entry) => {
                entry.insert(response);
            }
            // An error with the same status as success: both bodies are possible.
            serde_json::map::Entry::Occupied(mut entry) => {
                let success = entry.get().pointer("/content/application~1json/schema").cloned().unwrap_or(json!(true));
                let both = json!({"anyOf": [success, response["content"]["application/json"]["schema"]]});
                entry.get_mut()["description"] = format!("success, or {names}").into();
                entry.get_mut()["content"] = json!({"application/json": {"schema": both}});
            }
        }
    }
    Value::Object(responses)
}

fn response_header(schema: &Schema, member: &Member, builder: &mut Builder<'_>) -> Option<(String, Value)> {
    let Binding::Header(name) = &member.binding else { return None };
    let value = outside_body(schema, &member.slot, member.binding.timestamp_format(), Side::Output, builder);
    Some((name.clone(), json!({"required": member.required, "schema": value})))
}

fn error_body(schema: &Schema, id: ShapeId, builder: &mut Builder<'_>) -> Value {
    let members: Vec<&Member> = schema[id].kind.members().into_iter().flatten().collect();
    if members.iter().all(|member| member.binding == Binding::Body) {
        return builder.reference(id, Side::Output);
    }
    let body: Vec<&Member> = members.into_iter().filter(|member| member.binding == Binding::Body).collect();
    let definition = builder.structure(&body, Side::Output);
    builder.define(format!("{}.body", schema[id].name), definition)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    fn connect() -> Value {
        let schema = Schema::connect();
        openapi(schema, &schema.operations().map(|(id, _)| id).collect::<Vec<_>>())
    }

    fn model(operations: Value, shapes: Value) -> Schema {
        let mut all = json!({"t#S": {"type": "service", "version": "1",
            "operations": operations.as_object().unwrap().keys().map(|id| json!({"target": id})).collect::<Vec<_>>(),
            "traits": {"aws.protocols#restJson1": {}}}});
        let map = all.as_object_mut().unwrap();
        map.extend(operations.as_object().unwrap().clone());
        map.extend(shapes.as_object().unwrap().clone());
        let text = json!({"smithy": "2.0", "shapes": all}).to_string();
        Schema::from_text("test", text.into_bytes()).unwrap()
    }

    #[test]
    fn every_operation_is_present_once_and_every_reference_resolves() {
        let document = connect();
        let mut names = std::collections::BTreeSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                assert!(names.insert(operation["operationId"].as_str().unwrap()), "{method} {path}");
                let declared = operation["parameters"].as_array().into_iter().flatten();
                let declared: std::collections::BTreeSet<&str> =
                    declared.filter(|p| p["in"] == "path").map(|p| p["name"].as_str().unwrap()).collect();
                let wanted = path.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
                assert_eq!(declared, wanted, "{path}");
            }
        }
        assert_eq!(names.len(), Schema::connect().operations().count());
        let mut queue = vec![&document];
        while let Some(value) = queue.pop() {
            if let Some(Value::String(reference)) = value.get("$ref") {
                assert!(document.pointer(reference.strip_prefix('#').unwrap()).is_some(), "{reference}");
            }
            match value {
                Value::Object(map) => queue.extend(map.values()),
                Value::Array(items) => queue.extend(items),
                _ => {}
            }
        }
    }

    #[test]
    fn members_are_in_their_place() {
        let document = connect();
        let create = &document["paths"]["/rules/{InstanceId}"]["post"];
        assert_eq!(create["operationId"], "CreateRule");
        let body = document.pointer("/components/schemas/CreateRule.input/properties").unwrap();
        assert!(body.get("Name").is_some() && body.get("InstanceId").is_none());
        let list = &document["paths"]["/contact-flows-summary/{InstanceId}"]["get"];
        let types = list["parameters"].as_array().unwrap().iter().find(|p| p["name"] == "contactFlowTypes").unwrap();
        assert_eq!((&types["explode"], &types["required"]), (&json!(true), &json!(false)));
        assert!(list.get("requestBody").is_none());
        let errors = &create["responses"]["400"];
        assert!(errors["description"].as_str().unwrap().contains("InvalidRequestException"));
        assert!(create["responses"].get("402").is_some(), "quota");
    }

    #[test]
    fn examples_are_valid() {
        // `scripts/interop` checks those of the whole service.
        let schema = Schema::connect();
        let core = crate::shapes::CORE_OPERATIONS.iter().filter_map(|name| schema.operation_named(name));
        let mut document = openapi(schema, &core.collect::<Vec<_>>());
        let paths = document["paths"].take();
        let mut examples = 0;
        let components = document["components"].clone();
        for (path, methods) in paths.as_object().unwrap() {
            for operation in methods.as_object().unwrap().values() {
                let success =
                    operation["responses"].as_object().unwrap().iter().find(|(status, _)| status.starts_with('2'));
                let contents = [&operation["requestBody"]["content"], &success.unwrap().1["content"]];
                let bodies = contents.into_iter().map(|content| &content["application/json"]);
                for part in bodies.chain(operation["parameters"].as_array().into_iter().flatten()) {
                    let Some(example) = part.get("example") else { continue };
                    examples += 1;
                    let mut schema = part["schema"].clone();
                    schema["components"] = components.clone();
                    let patterns = jsonschema::PatternOptions::fancy_regex().size_limit(200 << 20);
                    let judge =
                        jsonschema::draft202012::options().with_pattern_options(patterns).build(&schema).unwrap();
                    assert!(judge.is_valid(example), "{path}: {example} for {}", part["schema"]);
                }
            }
        }
        assert!(examples > 60, "{examples}");
    }

    #[test]
    fn body_is_required_if_a_member_in_it_is() {
        let document = connect();
        let required = |path: &str, method: &str| &document["paths"][path][method]["requestBody"]["required"];
        assert_eq!(required("/rules/{InstanceId}", "post"), &json!(true));
        assert_eq!(required("/agent-status/{InstanceId}/{AgentStatusId}", "post"), &json!(false));
    }

    #[test]
    fn schemas_compile_and_judge_bodies() {
        let mut document = connect();
        document["$ref"] = json!("#/components/schemas/CreateContactFlow.input");
        let patterns = jsonschema::PatternOptions::fancy_regex().size_limit(200 << 20);
        let judge = jsonschema::draft202012::options().with_pattern_options(patterns).build(&document).unwrap();
        assert!(judge.is_valid(&json!({"Name": "n", "Type": "CONTACT_FLOW", "Content": "{}"})));
        assert!(!judge.is_valid(&json!({"Name": "n", "Type": "FLOW", "Content": "{}"})));
    }

    #[test]
    fn operations_with_the_same_path_are_separate() {
        let get = |uri: &str, input: &str| {
            json!({"type": "operation", "input": {"target": input},
            "traits": {"smithy.api#http": {"method": "GET", "uri": uri}}})
        };
        let label = |name: &str| {
            json!({"type": "structure", "members": {name: {"target": "smithy.api#String",
                "traits": {"smithy.api#httpLabel": {}, "smithy.api#required": {}}}}})
        };
        let schema = model(
            json!({"t#A": get("/x/{One}?list", "t#AI"), "t#B": get("/x/{Two+}?kind=b", "t#BI")}),
            json!({"t#AI": label("One"), "t#BI": label("Two")}),
        );
        let document = openapi(&schema, &schema.operations().map(|(id, _)| id).collect::<Vec<_>>());
        let paths = document["paths"].as_object().unwrap();
        assert_eq!(paths.keys().collect::<Vec<_>>(), ["/x/{One}", "/x/{One}#B"]);
        let second = &paths["/x/{One}#B"]["get"]["parameters"];
        assert_eq!(second[0], json!({"name": "kind", "in": "query", "required": true, "schema": {"const": "b"}}));
        assert_eq!(second[1]["name"], "One");
        assert_eq!(second[1]["schema"], json!({"type": "string", "minLength": 1}));
    }
}
