//! The published model, its overrides and its history.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;

use connect_model::ast::Ast;
use connect_model::diff::{Class, diff, markdown};
use connect_model::import::extract;
use connect_model::load::BUILT_IN;
use connect_model::pattern::LengthBounds;
use connect_model::schema::{Kind, Schema};
use serde_json::{Value, json};

#[test]
fn every_override_applies() {
    let schema = Schema::connect();
    assert_eq!(schema.stale_overrides, Vec::<String>::new());
    assert!(schema.applied_overrides.len() > 10);
}

#[test]
fn built_in_model_is_complete() {
    let schema = Schema::connect();
    assert_eq!(schema.operations().count(), 405);
    // Shapes of the Smithy prelude are not found by name.
    assert_eq!(schema.shapes().filter(|(id, shape)| schema.shape_named(&shape.name) == Some(*id)).count(), 2446);
    assert_eq!(schema.operations().filter(|(_, op)| op.refused.is_some()).count(), 0);
}

#[test]
fn every_pattern_is_supported_and_satisfiable_within_its_length() {
    let schema = Schema::connect();
    for (id, shape) in schema.shapes().filter(|(_, shape)| matches!(shape.kind, Kind::String)) {
        let slot = schema.slot_of(id);
        let Some(pattern) = slot.traits.pattern.map(|id| &schema[id]) else { continue };
        assert_eq!(pattern.problem(), None, "{}: {}", shape.name, pattern.source());
        let bounds = slot.traits.length.unwrap_or_default();
        let bounds = LengthBounds { min: bounds.min.unwrap_or(0), max: bounds.max };
        assert!(pattern.feasible(bounds).is_some(), "{}: {} within {bounds:?}", shape.name, pattern.source());
        assert!(
            regress::Regex::with_flags(pattern.source(), "u").is_ok(),
            "{}: {} is not an ECMAScript pattern in Unicode mode",
            shape.name,
            pattern.source()
        );
        assert!(!pattern.source().contains(r"\\"), "{} is still double-escaped: {}", shape.name, pattern.source());
    }
}

/// Botocore 1.34.105 announced "2 new 3 updated api methods" on 2024-05-14. The extracts are the flow operations of its
/// model and of the previous release, as printed by `connect-model import --operations`;
/// `scripts/update-model --between 1.34.104 1.34.105` shows the same changes of the whole models.
#[test]
fn finds_the_announced_changes_of_may_2024() {
    let file = |name: &str| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/history").join(name);
    let (before, after) =
        (Schema::load(&file("1.34.104.json")).unwrap(), Schema::load(&file("1.34.105.json")).unwrap());
    let changes = diff(&before, &after);
    assert!(changes.iter().all(|change| change.class == Class::Compatible), "{changes:#?}");
    let of = |is_new: bool| -> BTreeSet<&str> {
        let chosen = changes.iter().filter(|change| (change.rule == "operation-added") == is_new);
        chosen.flat_map(|change| change.operations.iter().map(String::as_str)).collect()
    };
    assert_eq!(of(true), BTreeSet::from(["SearchContactFlowModules", "SearchContactFlows"]));
    assert_eq!(of(false), BTreeSet::from(["CreateContactFlow", "DescribeContactFlow", "ListContactFlows"]));
    assert_eq!(markdown(&changes), std::fs::read_to_string(file("1.34.105.md")).unwrap());
}

#[test]
fn extracted_models_are_parts_of_the_whole() {
    let ast: Ast = serde_json::from_str(BUILT_IN).unwrap();
    let part = extract(ast.clone(), &["DeleteRule".to_owned(), "ListContactFlows".to_owned()]).unwrap();
    let schema = Schema::from_ast(part.clone(), String::new()).unwrap();
    assert_eq!(
        schema.operations().map(|(_, one)| one.name.as_str()).collect::<Vec<_>>(),
        ["DeleteRule", "ListContactFlows"]
    );
    let service = |id: &&String| part.shapes[*id].kind == "service";
    for id in part.shapes.keys().filter(|id| !service(id)) {
        assert_eq!(part.shapes[id], ast.shapes[id]);
    }
    // The only differences are the removed operations.
    let rules: BTreeSet<&str> = diff(Schema::connect(), &schema).iter().map(|change| change.rule).collect();
    assert_eq!(rules, BTreeSet::from(["operation-removed"]));
    let error = extract(ast, &["deleteRule".to_owned()]).unwrap_err().to_string();
    assert!(error.contains("no operation deleteRule"), "{error}");
}

#[test]
fn load_errors_name_file_and_place() {
    let error = |edit: fn(&mut Value)| {
        let mut model: Value = serde_json::from_str(BUILT_IN).unwrap();
        edit(&mut model["shapes"]);
        Schema::from_text("some.json", model.to_string().into_bytes()).err().map(|error| error.to_string()).unwrap()
    };
    let dangling = error(|shapes| {
        shapes["com.amazonaws.connect#CreateRuleRequest"]["members"]["Name"]["target"] = "x#Gone".into();
    });
    assert_eq!(
        dangling,
        "some.json: shape com.amazonaws.connect#CreateRuleRequest$Name refers to x#Gone, which is not defined"
    );
    let number = error(|shapes| shapes["com.amazonaws.connect#RuleName"] = 5.into());
    assert!(number.starts_with("some.json: not a Smithy JSON AST: shape com.amazonaws.connect#RuleName: "), "{number}");
    let itself = error(|shapes| {
        let member =
            json!({"target": "com.amazonaws.connect#CreateRuleRequest", "traits": {"smithy.api#required": {}}});
        shapes["com.amazonaws.connect#CreateRuleRequest"]["members"]["Again"] = member;
    });
    assert!(itself.starts_with("some.json: shape CreateRuleRequest requires itself"), "{itself}");
    let twice = error(|shapes| {
        let again = shapes["com.amazonaws.connect#CreateRule"].clone();
        shapes["other#CreateRule"] = again;
        let operations = shapes["com.amazonaws.connect#Connect"]["operations"].as_array_mut().unwrap();
        operations.push(json!({"target": "other#CreateRule"}));
    });
    assert_eq!(twice, "some.json: two operations are named CreateRule");
}
