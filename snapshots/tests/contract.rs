//! The contract of the reviewed operations, held against the pages that somebody has reviewed.
//!
//! A difference fails; `cargo insta review` shows it and takes it over.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::Path;

use connect_model::lower::BUILT_IN;
use connect_model::schema::{Kind, Schema, ShapeId};
use connect_snapshots::{REVIEWED, page};

/// How to read a page, at the head of every file.
const LEGEND: &str = "One member per line, what belongs to it indented below; `|` marks a value of an enum. \
                      Members that are not marked as required may be absent.";

/// Holds one operation against its file in `snapshots/snapshots`.
fn review(operation: &str) {
    let schema = Schema::connect();
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(format!("What {operation} asks for and promises. {LEGEND}"));
    settings.bind(|| insta::assert_snapshot!(operation, page(schema, schema.operation_named(operation).unwrap())));
}

macro_rules! review {
    ($($test:ident = $operation:literal,)*) => {
        $(#[test] fn $test() { review($operation); })*

        /// Operations with a test, in order of name.
        const TESTED: &[&str] = &[$($operation),*];
    };
}

review! {
    create_contact_flow = "CreateContactFlow",
    create_rule = "CreateRule",
    describe_contact_flow = "DescribeContactFlow",
    list_contact_flows = "ListContactFlows",
    search_contact_flow_modules = "SearchContactFlowModules",
    search_contact_flows = "SearchContactFlows",
}

#[test]
fn every_reviewed_operation_has_a_test_and_every_file_belongs_to_one() {
    assert_eq!(TESTED, REVIEWED);
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots");
    let files = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    // What waits for review is no snapshot yet.
    let files: BTreeSet<String> = files.filter(|name| !name.ends_with(".snap.new")).collect();
    let expected = TESTED.iter().map(|operation| format!("{operation}.snap")).collect();
    assert_eq!(files, expected, "in {}: delete what belongs to no test, or add the test", directory.display());
}

#[test]
fn no_switch_lets_a_difference_pass() {
    let is_set = |name: &str| std::env::var_os(name).is_some();
    let remedy = "makes snapshot tests pass whatever they find; unset it, and use `cargo insta review`";
    assert!(!is_set("INSTA_FORCE_PASS"), "INSTA_FORCE_PASS {remedy}");
    // A person may take differences over this way, and sees them in version control; nobody looks at those of a CI job.
    assert!(!(is_set("CI") && is_set("INSTA_UPDATE")), "INSTA_UPDATE {remedy}");
}

/// Names of all members below a shape.
fn members_below(schema: &Schema, shape: ShapeId, seen: &mut BTreeSet<ShapeId>, names: &mut BTreeSet<String>) {
    if !seen.insert(shape) {
        return;
    }
    match &schema[shape].kind {
        Kind::Structure(members) | Kind::Union(members) => {
            for member in members {
                names.insert(member.name.clone());
                members_below(schema, member.slot.target, seen, names);
            }
        }
        Kind::List(list) => members_below(schema, list.member.target, seen, names),
        Kind::Map(map) => members_below(schema, map.value.target, seen, names),
        _ => {}
    }
}

#[test]
fn a_page_leaves_no_member_out() {
    let schema = Schema::connect();
    for (id, operation) in schema.operations() {
        let page = page(schema, id);
        let mut names = BTreeSet::new();
        for shape in operation.input.iter().chain(&operation.output).chain(&operation.errors) {
            members_below(schema, *shape, &mut BTreeSet::new(), &mut names);
        }
        let lines: BTreeSet<&str> = page.lines().filter_map(|line| Some(line.trim().split_once(": ")?.0)).collect();
        for name in names {
            assert!(lines.contains(name.as_str()), "{}: {name} is not on the page\n{page}", operation.name);
        }
    }
}

#[test]
fn a_change_for_callers_is_a_change_of_the_page() {
    let rule = |model: &str| {
        let schema = Schema::from_text("connect.json", model.as_bytes().to_vec()).unwrap();
        page(&schema, schema.operation_named("CreateRule").unwrap())
    };
    let model: serde_json::Value = serde_json::from_str(BUILT_IN).unwrap();
    let before = rule(BUILT_IN);
    let shape = |name: &str, rest: &str| format!("/shapes/com.amazonaws.connect#{name}/{rest}");
    for (pointer, new) in [
        (shape("CreateRule", "traits/smithy.api#http/code"), 201.into()),
        (shape("CreateRule", "traits/smithy.api#http/method"), "PUT".into()),
        (shape("CreateRule", "errors"), serde_json::json!([])),
        (shape("CreateRuleRequest", "members/Actions/traits"), serde_json::json!({})),
        (shape("CreateRuleRequest", "members/Name/target"), "smithy.api#Integer".into()),
        (shape("RuleName", "traits"), serde_json::json!({})),
        (shape("RulePublishStatus", "members"), serde_json::json!({"DRAFT": {"target": "smithy.api#Unit"}})),
        (shape("ResourceNotFoundException", "traits/smithy.api#httpError"), 410.into()),
    ] {
        let mut changed = model.clone();
        *changed.pointer_mut(&pointer.replace("~", "~0")).unwrap_or_else(|| panic!("{pointer} is not in the model")) =
            new;
        assert_ne!(rule(&changed.to_string()), before, "{pointer}");
    }
}
