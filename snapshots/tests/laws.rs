//! What reviewers rely on: a page leaves nothing out, and changes if and only if its operation does.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use connect_model::load::BUILT_IN;
use connect_model::schema::{Kind, Member, Schema, ShapeId};
use connect_snapshots::{KINDS, SEED, documentation};

fn page(schema: &Schema, folder: &str, operation: &str) -> String {
    let kind = KINDS.iter().find(|kind| kind.folder == folder).unwrap();
    (kind.page)(schema, schema.operation_named(operation).unwrap())
}

/// All shapes at and below one, `into` those of them that are wanted, and the members on the way.
fn below<'s>(
    schema: &'s Schema,
    shape: ShapeId,
    into: fn(&Kind) -> bool,
    seen: &mut BTreeSet<ShapeId>,
    found: &mut Vec<&'s Member>,
) {
    let kind = &schema[shape].kind;
    if !seen.insert(shape) || !into(kind) {
        return;
    }
    match kind {
        Kind::Structure(members) | Kind::Union(members) => {
            for member in members {
                found.push(member);
                below(schema, member.slot.target, into, seen, found);
            }
        }
        Kind::List(list) => below(schema, list.member.target, into, seen, found),
        Kind::Map(map) => below(schema, map.value.target, into, seen, found),
        _ => {}
    }
}

/// All members below a shape.
fn members_below(schema: &Schema, shape: ShapeId, into: fn(&Kind) -> bool) -> Vec<&Member> {
    let mut found = Vec::new();
    below(schema, shape, into, &mut BTreeSet::new(), &mut found);
    found
}

#[test]
fn a_page_leaves_no_member_out() {
    let schema = Schema::connect();
    for (_, operation) in schema.operations() {
        let page = page(schema, "contract", &operation.name);
        let messages = operation.input.iter().chain(&operation.output).chain(&operation.errors);
        let members = messages.flat_map(|shape| members_below(schema, *shape, |_| true));
        let names: BTreeSet<&str> = members.map(|member| member.name.as_str()).collect();
        let lines: BTreeSet<&str> = page.lines().filter_map(|line| Some(line.trim().split_once(": ")?.0)).collect();
        for name in names {
            assert!(lines.contains(name), "{}: {name} is not on the page\n{page}", operation.name);
        }
    }
}

#[test]
fn an_exchange_leaves_no_member_of_an_answer_out() {
    let schema = Schema::connect();
    let mut missing = Vec::new();
    for (_, operation) in schema.operations() {
        let (Some(output), None) = (operation.output, &operation.refused) else { continue };
        let page = page(schema, "wire", &operation.name);
        let answer = page.split("\nRESPONSE\n").nth(1).unwrap().split("\nERROR\n").next().unwrap();
        // Of a union it shows one choice.
        let members = members_below(schema, output, |kind| !matches!(kind, Kind::Union(_)));
        let names: BTreeSet<&str> = members.iter().map(|member| member.json_name.as_str()).collect();
        let absent = names.iter().filter(|name| !answer.contains(&format!("\"{name}\":")));
        missing.extend(absent.map(|name| format!("{}: {name}", operation.name)));
    }
    assert!(missing.is_empty(), "{} missing: {missing:#?}", missing.len());
}

#[test]
fn a_change_for_callers_is_a_change_of_the_page() {
    let rule = |model: &str| {
        let schema = Schema::from_text("connect.json", model.as_bytes().to_vec()).unwrap();
        page(&schema, "contract", "CreateRule")
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

#[test]
fn one_constraint_changes_the_pages_of_the_operations_that_reach_it_and_no_others() {
    let (name, pointer) = ("RuleName", "/shapes/com.amazonaws.connect#RuleName/traits/smithy.api#length/max");
    let mut model: serde_json::Value = serde_json::from_str(BUILT_IN).unwrap();
    *model.pointer_mut(pointer).unwrap() = 150.into();
    let (before, after) =
        (Schema::connect(), Schema::from_text("connect.json", model.to_string().into_bytes()).unwrap());
    let shape = before.shape_named(name).unwrap();
    let mut reached = BTreeSet::new();
    let mut changed: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (id, operation) in before.operations() {
        let mut seen = BTreeSet::new();
        for side in operation.input.iter().chain(&operation.output).chain(&operation.errors) {
            below(before, *side, |_| true, &mut seen, &mut Vec::new());
        }
        if seen.contains(&shape) {
            reached.insert(operation.name.as_str());
        }
        for kind in KINDS {
            if (kind.page)(before, id) != (kind.page)(&after, after.operation_named(&operation.name).unwrap()) {
                changed.entry(kind.folder).or_default().insert(&operation.name);
            }
        }
    }
    assert!(reached.contains("CreateRule") && reached.len() < 20, "{reached:?}");
    assert_eq!(changed.remove("contract"), Some(reached.clone()));
    assert_eq!(changed.remove("schema"), Some(reached.clone()));
    // A short name stays right.
    assert_eq!(changed.remove("wire"), None);
}

#[test]
fn every_exchange_is_there_and_seed_operations_lead_to_their_documentation() {
    let schema = Schema::connect();
    for (_, operation) in schema.operations() {
        let page = page(schema, "wire", &operation.name);
        if operation.refused.is_none() {
            assert!(!page.contains("(there is none"), "{page}");
        }
    }
    for operation in SEED {
        let address = documentation(operation).unwrap();
        assert!(
            page(schema, "wire", operation).contains(&address)
                && page(schema, "contract", operation).contains(&address)
        );
    }
    assert_eq!(documentation("DeleteRule"), None);
}

#[test]
fn a_page_tells_the_bounds_of_lists_in_lists() {
    let mut model: serde_json::Value = serde_json::from_str(BUILT_IN).unwrap();
    model["shapes"]["com.amazonaws.connect#TagAndConditionList"]["traits"] =
        serde_json::json!({"smithy.api#length": {"min": 2, "max": 7}});
    let schema = Schema::from_text("connect.json", model.to_string().into_bytes()).unwrap();
    let page = page(&schema, "contract", "SearchContactFlows");
    assert!(page.contains("each: 2 to 7 elements"), "{page}");
}
