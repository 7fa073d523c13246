//! Normal form of a Smithy JSON AST: only shapes that the service uses, only fact traits, resources and mixins flattened.

use std::collections::{BTreeMap, BTreeSet};

use super::{ImportError, Source, closure_names, mixins, names};
use crate::ast::{Ast, AstMember, AstShape, FACT_TRAITS, PROVENANCE, Reference};

/// Reduces a Smithy model to the closure of its service and to [`FACT_TRAITS`].
pub(super) fn normalise(source: &Source, ast: Ast) -> Result<Ast, ImportError> {
    closure(ast).map_err(|what| ImportError::Malformed { name: source.name.clone(), what })
}

/// Like [`normalise`]; the error is a description of the problem.
pub(super) fn closure(ast: Ast) -> Result<Ast, String> {
    if !(ast.smithy.starts_with("2.") || ast.smithy.starts_with("1.") || ast.smithy == "2" || ast.smithy == "1") {
        return Err(format!("Smithy version {:?} is not supported; this reads 1.x and 2.x", ast.smithy));
    }
    let services: Vec<&String> = ast.shapes.iter().filter(|(_, s)| s.kind == "service").map(|(id, _)| id).collect();
    let service_id = match services.as_slice() {
        [one] => (*one).clone(),
        [] => return Err("no shape of type service".to_owned()),
        many => {
            return Err(format!(
                "{} services ({}); give a model with one",
                many.len(),
                many.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(", ")
            ));
        }
    };
    let shapes = mixins::flatten(ast.shapes)?;

    let mut service = shapes[&service_id].clone();
    service.operations = service_operations(&shapes, &service_id)?;
    let paginated_defaults = service.traits.get("smithy.api#paginated").cloned();

    let mut closure = BTreeMap::new();
    // Shapes to visit, each with the shape that refers to it.
    let mut queue: Vec<(String, String)> = Vec::new();
    let of_service = service.operations.iter().chain(&service.errors);
    queue.extend(of_service.map(|r| (r.target.clone(), service_id.clone())));
    closure.insert(service_id.clone(), facts(service));
    while let Some((id, referrer)) = queue.pop() {
        if closure.contains_key(&id) || id.starts_with("smithy.api#") {
            continue;
        }
        let shape = shapes.get(&id).ok_or_else(|| format!("shape {referrer} refers to {id}, which is not defined"))?;
        let mut shape = upgrade(facts(shape.clone()));
        if let (Some(defaults), Some(own)) = (&paginated_defaults, shape.traits.get_mut("smithy.api#paginated")) {
            merge_missing(own, defaults);
        }
        let named = shape.members.iter().map(|(name, member)| (member, format!("{id}${name}")));
        let others = shape.member.iter().chain(&shape.key).chain(&shape.value).map(|member| (member, id.clone()));
        queue.extend(named.chain(others).map(|(member, place)| (member.target.clone(), place)));
        let messages = shape.input.iter().chain(&shape.output).chain(&shape.errors);
        queue.extend(messages.map(|r| (r.target.clone(), id.clone())));
        closure.insert(id, shape);
    }
    names::check(&closure)?;
    let closure = closure_names::make_unique(closure, &service_id)?;
    let metadata = ast.metadata.into_iter().filter(|(key, _)| key == PROVENANCE).collect();
    Ok(Ast { smithy: "2.0".to_owned(), metadata, shapes: closure })
}

/// Returns the operations of the service and of every resource below it.
fn service_operations(shapes: &BTreeMap<String, AstShape>, service: &str) -> Result<Vec<Reference>, String> {
    let mut operations = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut queue = vec![service.to_owned()];
    while let Some(id) = queue.pop() {
        if !seen.insert(id.clone()) {
            continue;
        }
        let shape = shapes.get(&id).ok_or_else(|| format!("resource {id} is not defined"))?;
        operations.extend(shape.bound_operations().cloned());
        queue.extend(shape.resources.iter().map(|r| r.target.clone()));
    }
    Ok(operations.into_iter().collect())
}

/// Drops every trait that is not a fact, and the fields that flattening replaced.
fn facts(mut shape: AstShape) -> AstShape {
    let is_service = shape.kind == "service";
    let keep = |traits: &mut BTreeMap<String, serde_json::Value>| {
        // All protocols of a service stay, for the error about unsupported ones.
        let is_protocol = |id: &str| is_service && id.starts_with("aws.protocols#");
        traits.retain(|id, _| FACT_TRAITS.contains(&id.as_str()) || id == "smithy.api#enum" || is_protocol(id));
        if let Some(deprecated) = traits.get_mut("smithy.api#deprecated").and_then(|d| d.as_object_mut()) {
            deprecated.remove("message");
        }
    };
    keep(&mut shape.traits);
    for member in members_mut(&mut shape) {
        keep(&mut member.traits);
    }
    for list in [&mut shape.operations, &mut shape.errors] {
        list.sort();
        list.dedup();
    }
    shape.resources.clear();
    shape.collection_operations.clear();
    for slot in
        [&mut shape.create, &mut shape.put, &mut shape.read, &mut shape.update, &mut shape.delete, &mut shape.list]
    {
        *slot = None;
    }
    shape
}

fn members_mut(shape: &mut AstShape) -> impl Iterator<Item = &mut AstMember> {
    shape.members.values_mut().chain(&mut shape.member).chain(&mut shape.key).chain(&mut shape.value)
}

/// Converts Smithy 1.0 to 2.0: sets become lists of unique items, strings with `@enum` become enum shapes.
fn upgrade(mut shape: AstShape) -> AstShape {
    if shape.kind == "set" {
        shape.kind = "list".to_owned();
        shape.traits.insert("smithy.api#uniqueItems".to_owned(), serde_json::json!({}));
    }
    if let Some(old) = shape.traits.remove("smithy.api#enum")
        && shape.kind == "string"
    {
        let values: Vec<String> = old
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.get("value").and_then(|v| v.as_str()).map(str::to_owned))
            .collect();
        shape.kind = "enum".to_owned();
        shape.members = super::botocore::enum_members(&values);
    }
    if shape.kind == "enum" {
        // The default value of an enum member is its name.
        for (name, member) in &mut shape.members {
            member
                .traits
                .entry("smithy.api#enumValue".to_owned())
                .or_insert_with(|| serde_json::Value::from(name.as_str()));
        }
    }
    shape
}

fn merge_missing(own: &mut serde_json::Value, defaults: &serde_json::Value) {
    if let (Some(own), Some(defaults)) = (own.as_object_mut(), defaults.as_object()) {
        for (key, value) in defaults {
            own.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
}
