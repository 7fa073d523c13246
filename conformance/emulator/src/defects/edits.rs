//! Edits of requests and answers, for more than one defect. They know the shapes of the model.

use connect_model::schema::{Kind, Schema, ShapeId};
use connect_model::wire::message::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};

use crate::defects::seam::{Invocation, Scene};
use crate::handlers::Answer;
use crate::refusal::Refusal;

/// The stack trace of a crash in a Java server.
pub(crate) const STACK_TRACE: &str = "java.lang.NullPointerException\n\tat \
    com.example.service.Handler.handle(Handler.java:42)\n\tat java.base/java.lang.Thread.run(Thread.java:840)";

/// Returns true if a response says that a resource does not exist.
pub(crate) fn is_not_found(scene: &Scene<'_>) -> bool {
    scene.error == Some("ResourceNotFoundException")
}

/// Renames an error, or removes its name, in headers and body.
pub(crate) fn rename(response: &mut HttpResponse, name: Option<&str>) {
    response.headers.remove("x-amzn-errortype");
    if let Some(name) = name {
        response.headers.set("x-amzn-errortype", name);
    }
    edit_json(response, |body| {
        for key in ["__type", "code", "Code"] {
            match (body.get_mut(key), name) {
                (Some(value), Some(name)) => *value = name.into(),
                (Some(_), None) => drop(body.remove(key)),
                (None, _) => {}
            }
        }
    });
}

/// The error of a server that fails.
pub(crate) fn server_error() -> Refusal {
    Refusal::Named("InternalServiceException", "something went wrong".to_owned())
}

/// Performs a call without a member.
pub(crate) fn without(call: &Invocation<'_>, operation: &str, member: &str) -> Answer {
    let has = call.operation.name == operation && call.input.get(member).is_some();
    edited(call, has, |input| drop(input.as_object_mut().and_then(|input| input.remove(member))))
}

/// Acknowledges the calls of an operation without performing them.
pub(crate) fn acknowledged(call: &Invocation<'_>, operation: &str) -> Answer {
    if call.operation.name == operation { Answer::Performed(Ok(json!({}))) } else { call.perform(call.input) }
}

/// Performs an update that leaves out a text as if it cleared the text.
pub(crate) fn clearing(call: &Invocation<'_>, operation: &str, member: &str) -> Answer {
    let clears = call.operation.name == operation && call.input.get(member).is_none_or(Value::is_null);
    edited(call, clears, |input| input[member] = "".into())
}

/// An ARN with another account.
pub(crate) fn of_another_account(arn: &Value) -> Value {
    let parts = arn.as_str().unwrap_or_default().split(':').enumerate();
    let parts: Vec<&str> = parts.map(|(at, part)| if at == 4 { "999999999999" } else { part }).collect();
    parts.join(":").into()
}

/// Performs a call with an edited input, under a condition.
pub(crate) fn edited(call: &Invocation<'_>, condition: bool, edit: impl FnOnce(&mut Value)) -> Answer {
    if !condition {
        return call.perform(call.input);
    }
    let mut input = call.input.clone();
    edit(&mut input);
    call.perform(&input)
}

/// Edits a response whose body is a JSON object.
pub(crate) fn edit_json(response: &mut HttpResponse, edit: impl FnOnce(&mut Map<String, Value>)) {
    if let Ok(Value::Object(mut body)) = serde_json::from_slice(&response.body) {
        edit(&mut body);
        response.body = Value::Object(body).to_string().into_bytes();
    }
}

/// Applies `change` to every node of the criteria of a search that has a handler.
pub(crate) fn edit_criteria(request: &mut HttpRequest, change: &dyn Fn(&mut Map<String, Value>)) {
    fn visit(value: &mut Value, change: &dyn Fn(&mut Map<String, Value>)) {
        match value {
            Value::Object(node) => {
                change(node);
                node.values_mut().for_each(|value| visit(value, change));
            }
            Value::Array(items) => items.iter_mut().for_each(|item| visit(item, change)),
            _ => {}
        }
    }
    edit_search(request, &|body| {
        body.get_mut("SearchCriteria").into_iter().for_each(|criteria| visit(criteria, change))
    });
}

/// Applies `change` to the body of a search that has a handler.
pub(crate) fn edit_search(request: &mut HttpRequest, change: &dyn Fn(&mut Map<String, Value>)) {
    const SEARCHES: &[&str] = &["/search-rules", "/search-contact-flows", "/search-contact-flow-modules"];
    if !SEARCHES.contains(&request.uri.as_str()) {
        return;
    }
    if let Ok(Value::Object(mut body)) = serde_json::from_slice(&request.body) {
        change(&mut body);
        request.body = Value::Object(body).to_string().into_bytes();
    }
}

/// Applies `change` to every node of the filter of a search.
pub(crate) fn edit_filter(request: &mut HttpRequest, change: &dyn Fn(&mut Map<String, Value>)) {
    edit_search(request, &|body| {
        if let Some(Value::Object(filter)) = body.get_mut("SearchFilter") {
            filter.values_mut().filter_map(Value::as_object_mut).for_each(change);
        }
    });
}

/// Truncates a list of a node to `keep` of its length.
pub(crate) fn cut_list(node: &mut Map<String, Value>, list: &str, keep: fn(usize) -> usize) {
    if let Some(Value::Array(items)) = node.get_mut(list) {
        items.truncate(keep(items.len()));
    }
}

/// Replaces one comparison of strings with another.
pub(crate) fn compare_as(node: &mut Map<String, Value>, asked: &str, read: &str) {
    if let Some(comparison) = node.get_mut("ComparisonType").filter(|value| *value == asked) {
        *comparison = read.into();
    }
}

/// Moves the elements of one list of a node to another.
pub(crate) fn move_list(node: &mut Map<String, Value>, from: &str, to: &str) {
    match (node.remove(from), node.get_mut(to)) {
        (Some(Value::Array(moved)), Some(Value::Array(list))) => list.extend(moved),
        (Some(moved), _) => drop(node.insert(to.to_owned(), moved)),
        (None, _) => {}
    }
}

/// Applies `change` to every simple value of an output, with its kind.
pub(crate) fn edit(scene: &Scene<'_>, body: &mut Value, change: impl Fn(&Kind, &mut Value)) {
    if let Some(shape) = scene.operation.and_then(|operation| operation.output) {
        visit(scene.schema, shape, body, &change);
    }
}

fn visit(schema: &Schema, shape: ShapeId, value: &mut Value, change: &dyn Fn(&Kind, &mut Value)) {
    let kind = &schema[shape].kind;
    match (kind, &mut *value) {
        (Kind::Structure(members) | Kind::Union(members), Value::Object(map)) => {
            for (key, value) in map {
                if let Some(member) = members.by_json_name(key) {
                    visit(schema, member.slot.target, value, change);
                }
            }
        }
        (Kind::List(list), Value::Array(items)) => {
            for item in items {
                visit(schema, list.member.target, item, change);
            }
        }
        (Kind::Map(map), Value::Object(entries)) => {
            for value in entries.values_mut() {
                visit(schema, map.value.target, value, change);
            }
        }
        _ => change(kind, value),
    }
}

/// Makes every description longer than the model allows.
pub(crate) fn lengthen(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                match inner {
                    Value::String(text) if key == "Description" => *text = "d".repeat(6_000),
                    inner => lengthen(inner),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(lengthen),
        _ => {}
    }
}

/// Adds a second member to unions, if one with a valid value exists.
pub(crate) fn double(schema: &Schema, shape: ShapeId, value: &mut Value) {
    match (&schema[shape].kind, value) {
        (Kind::Union(members), Value::Object(map)) => {
            let first =
                map.iter().find_map(|(key, inner)| Some((members.by_json_name(key)?.slot.target, inner.clone())));
            let second = members.iter().filter(|member| !map.contains_key(&member.json_name)).find_map(|member| {
                let target = member.slot.target;
                let same = first.as_ref().filter(|(kind, _)| *kind == target).map(|(_, inner)| inner.clone());
                let empty = match &schema[target].kind {
                    Kind::Structure(inner) if inner.iter().all(|member| !member.required) => Some(json!({})),
                    Kind::List(_) => Some(json!([])),
                    Kind::Boolean => Some(json!(true)),
                    Kind::String => Some(json!("second")),
                    _ => None,
                };
                same.or(empty).map(|inner| (member.json_name.clone(), inner))
            });
            map.extend(second);
        }
        (Kind::Structure(members), Value::Object(map)) => {
            for (key, inner) in map {
                if let Some(member) = members.by_json_name(key) {
                    double(schema, member.slot.target, inner);
                }
            }
        }
        (Kind::List(list), Value::Array(items)) => {
            items.iter_mut().for_each(|item| double(schema, list.member.target, item));
        }
        (Kind::Map(map), Value::Object(entries)) => {
            entries.values_mut().for_each(|inner| double(schema, map.value.target, inner));
        }
        _ => {}
    }
}

/// Removes the first required member, the deepest one first. Returns true if there was one.
pub(crate) fn drop_required(schema: &Schema, shape: ShapeId, value: &mut Value) -> bool {
    match (&schema[shape].kind, value) {
        (Kind::Structure(members), Value::Object(map)) => {
            let deeper = members.iter().any(|member| {
                map.get_mut(&member.json_name).is_some_and(|value| drop_required(schema, member.slot.target, value))
            });
            let required = || members.iter().find(|member| member.required && map.contains_key(&member.json_name));
            deeper || required().is_some_and(|member| map.remove(&member.json_name).is_some())
        }
        (Kind::List(list), Value::Array(items)) => {
            items.iter_mut().any(|item| drop_required(schema, list.member.target, item))
        }
        _ => false,
    }
}
