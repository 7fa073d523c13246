//! Tests of lowering: depth, recursion and contradictions.
#![allow(clippy::unwrap_used)]
use serde_json::{Value, json};

use crate::schema::Schema;

/// Loads a model with one operation whose input is the shape `x#In`.
fn load(shapes: Value) -> Result<Schema, String> {
    let mut all = json!({
        "x#S": {"type": "service", "version": "1", "operations": [{"target": "x#Op"}],
                "traits": {"aws.protocols#restJson1": {}}},
        "x#Op": {"type": "operation", "input": {"target": "x#In"},
                 "traits": {"smithy.api#http": {"method": "POST", "uri": "/op", "code": 200}}},
    });
    all.as_object_mut().unwrap().extend(shapes.as_object().unwrap().clone());
    let text = json!({"smithy": "2.0", "shapes": all}).to_string();
    Schema::from_text("test", text.into_bytes()).map_err(|error| error.to_string())
}

fn structure(members: &[(&str, &str, bool)]) -> Value {
    let member = |(name, target, required): &(&str, &str, bool)| {
        let traits = if *required { json!({"smithy.api#required": {}}) } else { json!({}) };
        ((*name).to_owned(), json!({"target": target, "traits": traits}))
    };
    json!({"type": "structure", "members": members.iter().map(member).collect::<serde_json::Map<_, _>>()})
}

#[test]
fn measures_depth_and_recursion() {
    let schema = load(json!({
        "x#In": structure(&[("A", "x#A", true), ("Text", "smithy.api#String", false)]),
        "x#A": structure(&[("B", "x#B", true), ("Flat", "x#Flat", true)]),
        "x#B": {"type": "union", "members": {"Deep": {"target": "x#A"}, "Leaf": {"target": "smithy.api#String"}}},
        "x#Flat": structure(&[("Tree", "x#Tree", false)]),
        "x#Tree": {"type": "list", "member": {"target": "x#Tree"}},
    }))
    .unwrap();
    let of = |name: &str| {
        let shape = &schema[schema.shape_named(name).unwrap()];
        (shape.min_depth, shape.recursive)
    };
    assert_eq!(["In", "A", "B", "Flat", "Tree"].map(of), [(4, false), (3, true), (2, true), (1, false), (1, true)]);
    let endless = json!({"x#In": structure(&[("In", "x#In", true)])});
    assert!(load(endless).unwrap_err().contains("requires itself"));
}

#[test]
fn measures_long_chains() {
    const LENGTH: u32 = 20_000;
    let mut shapes = json!({"x#In": structure(&[("Next", "x#C0", true)])});
    for at in 0..LENGTH {
        let next = if at + 1 == LENGTH { "x#Last".to_owned() } else { format!("x#C{}", at + 1) };
        shapes[format!("x#C{at}")] = structure(&[("Next", &next, true), ("Back", "x#In", false)]);
    }
    shapes["x#Last"] = structure(&[]);
    let schema = load(shapes).unwrap();
    let shape = |name: &str| &schema[schema.shape_named(name).unwrap()];
    assert_eq!(shape("In").min_depth, LENGTH + 2);
    assert!(shape("In").recursive && shape("C10000").recursive && !shape("Last").recursive);
}

#[test]
fn rejects_unsatisfiable_shapes_and_duplicate_keys() {
    for (shape, why) in [
        (json!({"type": "intEnum", "members": {}}), "an intEnum without values"),
        (json!({"type": "integer", "traits": {"smithy.api#range": {"min": 0.2, "max": 0.8}}}), "no whole number"),
    ] {
        let error = load(json!({"x#In": structure(&[("A", "x#A", false)]), "x#A": shape})).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
    let mut twice = structure(&[("A", "smithy.api#String", false), ("B", "smithy.api#String", false)]);
    twice["members"]["A"]["traits"]["smithy.api#jsonName"] = "B".into();
    let error = load(json!({"x#In": twice})).unwrap_err();
    assert!(
        error.contains("both A and B have the JSON key") || error.contains("both B and A have the JSON key"),
        "{error}"
    );
}
