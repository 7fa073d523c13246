//! Tests of lowering: depth, recursion and contradictions.
#![allow(clippy::unwrap_used)]
use serde_json::{Value, json};

use arbitrary::Unstructured;

use crate::generate::{Config, GenerateError, Generator, Side, sites};
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
        (shape.min_depth, shape.min_values, shape.recursive)
    };
    assert_eq!(
        ["In", "A", "B", "Flat", "Tree"].map(of),
        [(4, 5, false), (3, 4, true), (2, 2, true), (1, 1, false), (1, 1, true)]
    );
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

/// The smallest value of the input has 8 to the power of 30 parts.
#[test]
fn values_that_cannot_be_held_are_not_begun() {
    let mut shapes = json!({});
    for at in 0..30 {
        let next = if at == 29 { "smithy.api#String".to_owned() } else { format!("x#W{}", at + 1) };
        let members: Vec<String> = (0..8).map(|at| format!("M{at}")).collect();
        let members: Vec<_> = members.iter().map(|name| (name.as_str(), next.as_str(), true)).collect();
        shapes[if at == 0 { "x#In".to_owned() } else { format!("x#W{at}") }] = structure(&members);
    }
    let schema = load(shapes).unwrap();
    let (id, operation) = schema.operations().next().unwrap();
    assert_eq!(schema[operation.input.unwrap()].min_values, u64::MAX);
    let generator = Generator::new(&schema, Config::default());
    // Each of these would take a second if it were begun.
    for _ in 0..1000 {
        let error = generator.input(id, &mut Unstructured::new(&[])).unwrap_err();
        assert!(matches!(error, GenerateError::TooLarge(_)), "{error}");
    }
    assert!(schema[schema.shape_named("W24").unwrap()].min_values < 1_000_000);
}

#[test]
fn a_long_chain_has_sites_as_deep_as_values_go() {
    let mut shapes = json!({"x#In": structure(&[("Next", "x#C0", false)])});
    for at in 0..20_000 {
        let next = if at + 1 == 20_000 { "smithy.api#String".to_owned() } else { format!("x#C{}", at + 1) };
        shapes[format!("x#C{at}")] = structure(&[("Next", &next, false)]);
    }
    let schema = load(shapes).unwrap();
    let (id, _) = schema.operations().next().unwrap();
    let deepest = sites(&schema, id, Side::Input).iter().map(|site| site.mutation.path.0.len()).max();
    assert_eq!(deepest, Some(256));
}

#[test]
fn rejects_unsatisfiable_shapes_and_duplicate_keys() {
    let named = |at: usize| (format!("V{at}"), json!({"target": "smithy.api#Unit"}));
    let members: serde_json::Map<String, serde_json::Value> = (0..20_001).map(named).collect();
    let long = json!({"V": {"target": "smithy.api#Unit", "traits": {"smithy.api#enumValue": "v".repeat(10_001)}}});
    for (shape, why) in [
        (json!({"type": "enum", "members": members}), "an enum has at most 20000 values"),
        (json!({"type": "enum", "members": long}), "an enum has at most 20000 values"),
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
