//! Names in the closure of a service. Each shape is known by its name without namespace, so that names must be unique:
//! `rename` of the service gives some shapes another one, and equal simple shapes of several namespaces become one.
//!
//! Source: Smithy 2.0 specification, "Service closure" and "Shape types allowed to conflict in a closure".

use std::collections::BTreeMap;

use super::names;
use crate::ast::{AstMember, AstShape, Reference};
use crate::text::{excerpt, visible};

/// Types of shapes that may share their name with an equal shape of another namespace.
const MAY_CONFLICT: &[&str] = &[
    "bigDecimal",
    "bigInteger",
    "blob",
    "boolean",
    "byte",
    "document",
    "double",
    "float",
    "integer",
    "list",
    "long",
    "short",
    "string",
    "timestamp",
];

/// Applies the `rename` of the service, and merges simple shapes of one name.
///
/// # Errors
/// A new name that is none, or two different shapes of one name.
pub(super) fn make_unique(
    mut shapes: BTreeMap<String, AstShape>,
    service: &str,
) -> Result<BTreeMap<String, AstShape>, String> {
    let renamed = shapes.get_mut(service).map(|shape| std::mem::take(&mut shape.rename)).unwrap_or_default();
    if let Some((id, name)) = renamed.iter().find(|(_, name)| !names::is_identifier(name)) {
        let name = visible(&excerpt(name)).into_owned();
        return Err(format!("service {service} renames {id} to `{name}`; Smithy allows letters, digits and _"));
    }
    let new_id = |id: &str| match (renamed.get(id), id.split_once('#')) {
        (Some(name), Some((namespace, _))) => format!("{namespace}#{name}"),
        _ => id.to_owned(),
    };
    let mut shapes: BTreeMap<String, AstShape> = shapes
        .into_iter()
        .map(|(id, mut shape)| {
            redirect(&mut shape, &new_id);
            (new_id(&id), shape)
        })
        .collect();
    // Lists are equal once their members are, which takes a pass of its own for each level.
    while let Some(merged) = conflicts(&shapes, service)? {
        shapes.retain(|id, _| !merged.contains_key(id));
        let kept = |id: &str| merged.get(id).cloned().unwrap_or_else(|| id.to_owned());
        shapes.values_mut().for_each(|shape| redirect(shape, &kept));
    }
    Ok(shapes)
}

/// Shapes that an equal shape of the same name replaces, by id; none if all names are unique.
fn conflicts(shapes: &BTreeMap<String, AstShape>, service: &str) -> Result<Option<BTreeMap<String, String>>, String> {
    let home = service.split_once('#').map_or("", |(namespace, _)| namespace);
    let mut by_name: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
    for (id, shape) in shapes {
        // Operations and shapes are named apart; the service has the name of neither.
        if let Some((_, name)) = id.split_once('#')
            && !matches!(shape.kind.as_str(), "service" | "operation" | "resource")
        {
            by_name.entry(name).or_default().push(id);
        }
    }
    let mut merged = BTreeMap::new();
    let mut different = None;
    for ids in by_name.values_mut().filter(|ids| ids.len() > 1) {
        // The shape in the namespace of the service stays, otherwise the first.
        ids.sort_by_key(|id| !id.starts_with(&format!("{home}#")));
        for other in &ids[1..] {
            if MAY_CONFLICT.contains(&shapes[*other].kind.as_str()) && shapes[*other] == shapes[ids[0]] {
                merged.insert((*other).clone(), ids[0].clone());
            } else {
                different.get_or_insert((ids[0], *other));
            }
        }
    }
    match different {
        _ if !merged.is_empty() => Ok(Some(merged)),
        Some((one, other)) => Err(format!(
            "{one} and {other} have the same name and differ; `rename` of the service must give one of them another name"
        )),
        None => Ok(None),
    }
}

/// Changes every reference of a shape.
fn redirect(shape: &mut AstShape, to: &dyn Fn(&str) -> String) {
    let lists = [&mut shape.operations, &mut shape.errors, &mut shape.resources];
    let references = lists.into_iter().flatten().chain(&mut shape.input).chain(&mut shape.output);
    references.for_each(|reference: &mut Reference| reference.target = to(&reference.target));
    let members = shape.members.values_mut().chain(&mut shape.member).chain(&mut shape.key).chain(&mut shape.value);
    members.for_each(|member: &mut AstMember| member.target = to(&member.target));
}
