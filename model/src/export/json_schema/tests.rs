//! Exported schemas judge values written by hand as the model says.
#![allow(clippy::unwrap_used, clippy::panic)]

use jsonschema::Validator;
use serde_json::{Value, json};

use super::builder::Builder;
use super::*;
use crate::constraint::Keys;

fn judge(operation: &str, side: Side) -> Validator {
    let schema = Schema::connect();
    let exported = json_schema(schema, schema.operation_named(operation).unwrap(), side);
    jsonschema::draft202012::new(&exported).unwrap_or_else(|error| panic!("{operation} {side:?}: {error}"))
}

#[test]
fn combined_document_has_no_dangling_reference_and_agrees_with_the_single_ones() {
    let schema = Schema::connect();
    let all: Vec<OperationId> = schema.operations().map(|(id, _)| id).collect();
    let document = document(schema, &all);
    let definitions = document["$defs"].as_object().unwrap();
    let mut queue: Vec<&Value> = definitions.values().collect();
    while let Some(value) = queue.pop() {
        if let Some(reference) = value.get("$ref") {
            let name = reference.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
            assert!(definitions.contains_key(name), "{name}");
        }
        match value {
            Value::Object(map) => queue.extend(map.values()),
            Value::Array(items) => queue.extend(items),
            _ => {}
        }
    }
    for id in all {
        for side in [Side::Input, Side::Output] {
            for (name, definition) in json_schema(schema, id, side)["$defs"].as_object().unwrap() {
                assert_eq!(definition, &definitions[name], "{name}");
            }
        }
    }
}

fn hand_made(operation: &str, side: Side, valid: Value, broken: &[(&str, Value)]) {
    let judge = judge(operation, side);
    let first = judge.validate(&valid).err().map(|error| error.to_string());
    assert_eq!(first, None, "{operation}: {valid}");
    for (pointer, replacement) in broken {
        let mut value = valid.clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let parent = value.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        if *replacement == json!("(absent)") {
            parent.remove(key);
        } else {
            parent.insert(key.to_owned(), replacement.clone());
        }
        assert!(!judge.is_valid(&value), "{operation}: {pointer} = {replacement} passes");
    }
}

#[test]
fn schema_of_create_rule_follows_the_model() {
    let valid = json!({
        "InstanceId": "i", "Name": "n", "Function": "{}", "PublishStatus": "DRAFT", "ClientToken": null,
        "TriggerEventSource": {"EventSourceName": "OnCaseCreate", "Unknown": 1},
        "Actions": [{"ActionType": "ASSIGN_SLA", "AssignSlaAction": {"SlaAssignmentType": "CASES",
            "CaseSlaConfiguration": {"Name": "s", "Type": "CaseField", "TargetSlaMinutes": 1,
                "TargetFieldValues": [{"DoubleValue": "NaN"}]}}}]
    });
    let sla = "/Actions/0/AssignSlaAction/CaseSlaConfiguration";
    hand_made(
        "CreateRule",
        Side::Input,
        valid,
        &[
            ("/Name", json!("(absent)")),
            ("/Name", Value::Null),
            ("/Name", json!("")),
            ("/Name", json!("a".repeat(201))),
            ("/Name", json!(1)),
            ("/InstanceId", json!("")),
            ("/PublishStatus", json!("draft")),
            ("/Actions", json!([null])),
            ("/Tags", json!({"aws:x": "y"})),
            ("/Tags", json!({"x": null})),
            ("/TriggerEventSource/EventSourceName", json!("Never")),
            (&format!("{sla}/TargetSlaMinutes"), json!(0)),
            (&format!("{sla}/TargetSlaMinutes"), json!(1.5)),
            (&format!("{sla}/TargetFieldValues"), json!([{"DoubleValue": 1}, {"DoubleValue": 2}])),
            (&format!("{sla}/TargetFieldValues"), json!([{"DoubleValue": "one"}])),
        ],
    );
}

#[test]
fn schema_of_create_contact_flow_follows_the_model() {
    let valid = json!({"InstanceId": "i", "Name": "n", "Type": "CONTACT_FLOW", "Content": "{}", "Tags": {"a": ""}});
    let broken = [
        ("/Type", json!("FLOW")),
        ("/Content", Value::Null),
        ("/Tags", json!({})),
        ("/Tags", json!([])),
        ("/Status", json!("DRAFT")),
    ];
    hand_made("CreateContactFlow", Side::Input, valid, &broken);
}

#[test]
fn schema_of_search_contact_flows_follows_the_model() {
    let valid = json!({"InstanceId": "i", "MaxResults": 100, "SearchCriteria": {"AndConditions": [
        {"OrConditions": [{"StringCondition": {"FieldName": "name", "ComparisonType": "EXACT"}}]}]}});
    let nested = "/SearchCriteria/AndConditions/0/OrConditions/0/StringCondition/ComparisonType";
    let judge = judge("SearchContactFlows", Side::Input);
    assert!(judge.is_valid(&valid));
    for number in [json!(0), json!(101), json!("1"), json!(4_294_967_296_u64)] {
        let mut value = valid.clone();
        value["MaxResults"] = number;
        assert!(!judge.is_valid(&value), "{value}");
    }
    let mut value = valid;
    *value.pointer_mut(nested).unwrap() = json!("LIKE");
    assert!(!judge.is_valid(&value), "recursion is followed");
    let output = json!({"ContactFlows": [{"Type": "FUTURE", "LastModifiedTime": 1.73229019499E9}],
        "ApproximateTotalCount": 1});
    let broken = [("/ApproximateTotalCount", json!(9_223_372_036_854_775_808_u64)), ("/ContactFlows", json!({}))];
    hand_made("SearchContactFlows", Side::Output, output, &broken);
}

#[test]
fn unions_are_closed_in_inputs_and_open_in_outputs() {
    let schema = Schema::connect();
    let reason = schema.shape_named("InvalidRequestExceptionReason").unwrap();
    let verdicts = |side| {
        let mut builder = Builder::new(schema, Keys::Members, "#/$defs/");
        let root = builder.reference(reason, side);
        let document = json!({"$ref": root["$ref"], "$defs": builder.finish()});
        let judge = jsonschema::draft202012::new(&document).unwrap();
        let known = "AttachedFileInvalidRequestExceptionReason";
        [
            json!({known: "INVALID_FILE_TYPE", "Other": null}),
            json!({}),
            json!({known: null, "__type": "x"}),
            json!({"Other": 1}),
            json!([]),
        ]
        .map(|value| judge.is_valid(&value))
    };
    assert_eq!(verdicts(Side::Input), [true, false, false, false, false]);
    assert_eq!(verdicts(Side::Output), [true, false, false, true, false]);
}
