//! Laws of the flow language: generated content is valid, each mutant has its own problem only, reading loses nothing,
//! and untrusted content does no harm.
#![allow(clippy::unwrap_used)]

mod limits;

use std::collections::{BTreeSet, HashMap};

use arbitrary::Unstructured;
use serde_json::{Value, json};

use super::document::{Flow, Structure};
use super::generate::{Shape, flow, longest};
use super::kinds::KINDS;
use super::mutate::mutant;
use super::*;
use crate::generate::seed::Stream;
use crate::semantics::problem::{LONGEST_MESSAGE, Problem};
use crate::semantics::{Confidence, Context};

fn with_bytes<T>(seed: u64, label: &str, make: impl FnOnce(&mut Unstructured<'_>) -> T) -> T {
    let bytes = Stream::new(seed, label).bytes(512);
    make(&mut Unstructured::new(&bytes))
}

fn kinds(text: &str, home: Option<Home>) -> Vec<&'static str> {
    check(text, home).iter().map(|problem| problem.kind).collect()
}

/// The number of actions reached from the first one, in valid content.
fn reached(content: &Value) -> usize {
    let actions = content["Actions"].as_array().unwrap();
    let places: HashMap<&str, &Value> =
        actions.iter().map(|action| (action["Identifier"].as_str().unwrap(), action)).collect();
    let mut seen = BTreeSet::new();
    let mut waiting = vec![content["StartAction"].as_str().unwrap()];
    while let Some(name) = waiting.pop() {
        if seen.insert(name) {
            let transitions = &places[name]["Transitions"];
            waiting.extend(transitions["NextAction"].as_str());
            for branch in ["Errors", "Conditions"] {
                let branches = transitions[branch].as_array().into_iter().flatten();
                waiting.extend(branches.map(|branch| branch["NextAction"].as_str().unwrap()));
            }
        }
    }
    seen.len()
}

#[test]
fn generated_flows_are_valid_in_their_home() {
    for seed in 0..100_000 {
        let home = Home::ALL[seed as usize % Home::ALL.len()];
        let shape = Shape { resources: seed % 3 == 0, ..Shape::default() };
        let text = with_bytes(seed, "flow", |u| flow(home, shape, u).to_text());
        assert_eq!(check(&text, Some(home)), [], "{}: {text}", home.word());
    }
}

#[test]
fn generated_flows_reach_every_action() {
    let (mut types, mut sizes, mut branching, mut looping) = (BTreeSet::new(), BTreeSet::new(), 0, 0);
    for seed in 0..3000 {
        let home = Home::ALL[seed as usize % Home::ALL.len()];
        let shape = Shape { resources: true, most: 12, ..Shape::default() };
        let content = Value::Object(with_bytes(seed, "graph", |u| flow(home, shape, u)).write());
        let actions = content["Actions"].as_array().unwrap();
        assert_eq!(reached(&content), actions.len(), "{content}");
        sizes.insert(actions.len());
        types.extend(actions.iter().map(|action| action["Type"].as_str().unwrap().to_owned()));
        let targets = |action: &Value| -> BTreeSet<String> {
            let conditions = action["Transitions"]["Conditions"].as_array().cloned().unwrap_or_default();
            conditions.iter().map(|branch| branch["NextAction"].to_string()).collect()
        };
        branching += usize::from(actions.iter().any(|action| targets(action).len() > 1));
        looping += usize::from(actions.iter().any(|action| action["Type"] == "Loop"));
    }
    let known = rules::ROWS.iter().filter(|row| !row.forms.is_empty());
    let never: Vec<_> = known.map(|row| row.action).filter(|action| !types.contains(*action)).collect();
    // Generated flows end differently, and the contents of the behaviors are not known.
    let behaviors = ["UpdateContactRecordingAndAnalyticsBehavior", "UpdateContactRecordingBehavior"];
    assert_eq!(never, ["TransferContactToAgent", behaviors[0], behaviors[1]]);
    assert_eq!((sizes.first(), sizes.last()), (Some(&1), Some(&12)));
    assert!(branching > 300 && looping > 300, "{branching} {looping}");
}

#[test]
fn flows_at_the_limits_are_valid() {
    for home in Home::ALL {
        let text = with_bytes(1, "many", |u| flow(home, Shape::of_most_actions(), u).to_text());
        assert_eq!(check(&text, Some(home)), [], "{}", home.word());
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["Actions"].as_array().unwrap().len(), MOST_ACTIONS);
        let text = with_bytes(1, "long", |u| longest(home, u));
        assert_eq!((text.chars().count(), check(&text, Some(home))), (MOST_CHARACTERS, vec![]));
        let content = with_bytes(1, "names", |u| flow(home, Shape::of_longest_identifiers(), u));
        let lengths: BTreeSet<usize> =
            content.typed_actions().map(|action| action.identifier.as_ref().unwrap().len()).collect();
        assert_eq!((lengths, check(&content.to_text(), Some(home))), (BTreeSet::from([LONGEST_IDENTIFIER]), vec![]));
    }
}

#[test]
fn every_mutant_has_exactly_its_own_problem() {
    for breach in KINDS {
        let rounds = if matches!(breach.kind, "too-long" | "too-many-actions") { 22 } else { 1100 };
        for seed in 0..rounds {
            let home = Home::ALL[seed as usize % Home::ALL.len()];
            let made = with_bytes(seed, breach.kind, |u| mutant(breach.kind, home, u)).unwrap();
            assert_eq!(check(&made.valid, Some(home)), [], "{} in {}: {}", breach.kind, home.word(), made.valid);
            let found = check(&made.invalid, Some(home));
            let seen: Vec<_> = found.iter().map(|problem| (problem.kind, problem.confidence)).collect();
            assert_eq!(seen, [(breach.kind, breach.confidence)], "in {}: {found:?} {}", home.word(), made.invalid);
            let length = found[0].message.chars().count();
            assert!((1..=LONGEST_MESSAGE).contains(&length), "{length}: {}", found[0].message);
            let place = found[0].path.rsplit_once('/').map_or("", |(parent, _)| parent);
            if let Ok(content) = serde_json::from_str::<Value>(&made.invalid) {
                assert!(content.pointer(place).is_some(), "{} does not exist in {content}", found[0].path);
            }
        }
    }
    assert!(with_bytes(0, "", |u| mutant("no-such-kind", Home::Module, u)).is_none());
}

#[test]
fn hooks_make_members_for_each_operation() {
    let of = |operation: &str| breaches(operation).count();
    assert_eq!((of("CreateContactFlow"), of("UpdateContactFlowContent")), (KINDS.len(), KINDS.len()));
    assert_eq!(of("CreateContactFlowModule"), KINDS.len() - 1, "the model limits the length of a module's content");
    assert_eq!(of("DescribeContactFlow"), 0);
    for operation in ["CreateContactFlow", "UpdateContactFlowContent", "UpdateContactFlowModuleContent"] {
        for breach in breaches(operation) {
            let context = Context { flow_type: Some("CUSTOMER_QUEUE"), ..Context::default() };
            let broken = with_bytes(7, breach.kind, |u| broken(operation, breach, &context, u)).unwrap();
            let home = match operation {
                "CreateContactFlow" => {
                    assert_eq!(broken.valid["Status"], "PUBLISHED");
                    Home::of_type(broken.valid["Type"].as_str().unwrap()).unwrap()
                }
                "UpdateContactFlowContent" => Home::CustomerQueue,
                _ => Home::Module,
            };
            assert_eq!(kinds(broken.valid["Content"].as_str().unwrap(), Some(home)), [""; 0]);
            assert_eq!(kinds(broken.invalid["Content"].as_str().unwrap(), Some(home)), [breach.kind]);
        }
    }
}

#[test]
fn content_generated_without_a_type_is_valid_in_all() {
    for seed in 0..500 {
        let text = with_bytes(seed, "any", flow_text);
        for home in Home::ALL.into_iter().filter(|home| *home != Home::Module) {
            assert_eq!(check(&text, Some(home)), [], "{}", home.word());
        }
        assert_eq!(check(&with_bytes(seed, "module", module_text), Some(Home::Module)), []);
    }
}

const MINIMAL: &str = include_str!("tests/minimal.json");
const BRANCHING: &str = include_str!("tests/branching.json");
const MENU: &str = include_str!("tests/menu.json");

#[test]
fn published_examples_are_valid() {
    for text in [MINIMAL, BRANCHING, MENU] {
        assert_eq!(check(text, Some(Home::ContactFlow)), []);
    }
    let hold = json!({
        "Version": "2019-10-30", "StartAction": "music", "Metadata": {},
        "Actions": [{
            "Identifier": "music", "Type": "MessageParticipantIteratively",
            "Parameters": { "Messages": [{ "Text": "please hold" }] }, "Transitions": {},
        }],
    });
    assert_eq!(check(&hold.to_string(), Some(Home::CustomerHold)), []);
    assert_eq!(kinds(&hold.to_string(), Some(Home::ContactFlow)), ["action-not-allowed-here"]);
}

#[test]
fn published_invalid_example_has_one_problem() {
    let text = r#"{ "Version": "2019-10-30", "StartAction": "x",
        "Actions": [ { "Identifier": "x", "Type": "NoSuchAction", "Parameters": {}, "Transitions": {} } ] }"#;
    let found = check(text, Some(Home::ContactFlow));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].kind, found[0].path.as_str()), ("unknown-action-type", "/Actions/0/Type"));
    assert_eq!(found[0].confidence, Confidence::High);
}

/// The problems of a flow that starts with `action` and then ends.
fn problems_of(action: Value) -> Vec<Problem> {
    let content = json!({
        "Version": "2019-10-30", "StartAction": "a",
        "Actions": [action, { "Identifier": "end", "Type": "DisconnectParticipant" }],
    });
    check(&content.to_string(), Some(Home::ContactFlow))
}

#[test]
fn confidence_in_rejected_types_is_limited_by_the_observation() {
    for (kind, confidence) in [("UnTagContact", Confidence::Medium), ("NoSuchAction", Confidence::High)] {
        let found = problems_of(json!({ "Identifier": "a", "Type": kind, "Transitions": { "NextAction": "end" } }));
        let seen: Vec<_> = found.iter().map(|problem| (problem.kind, problem.confidence)).collect();
        assert_eq!(seen, [("unknown-action-type", confidence)], "{kind}");
    }
}

#[test]
fn errors_are_checked_only_for_types_with_known_details() {
    let action = |kind: &str, parameters: Value| {
        let errors = json!([{ "ErrorType": "NoSuchError", "NextAction": "end" },
            { "ErrorType": "NoMatchingError", "NextAction": "end" }]);
        json!({ "Identifier": "a", "Type": kind, "Parameters": parameters,
            "Transitions": { "NextAction": "end", "Errors": errors } })
    };
    assert_eq!(problems_of(action("CreateCase", json!({}))), []);
    let found = problems_of(action("MessageParticipant", json!({ "Text": "x" })));
    assert_eq!(found.iter().map(|problem| problem.kind).collect::<Vec<_>>(), ["unknown-error-type"]);
}

#[test]
fn quoted_and_unquoted_booleans_select_the_form_of_use() {
    for yes in [json!("True"), json!("TRUE"), json!(true)] {
        let action = json!({
            "Identifier": "a", "Type": "GetParticipantInput",
            "Parameters": { "StoreInput": yes, "InputValidation": { "CustomValidation": { "MaximumLength": "9" } } },
            "Transitions": {
                "NextAction": "end", "Errors": [{ "ErrorType": "NoMatchingError", "NextAction": "end" }],
            },
        });
        assert_eq!(problems_of(action), [], "{yes}");
    }
}

#[test]
fn finds_all_problems_at_their_places() {
    let text = json!({
        "StartAction": "a",
        "Actions": [
            { "Identifier": "a", "Type": "MessageParticipant", "Parameters": { "Text": "x", "SSML": "y" },
              "Transitions": { "NextAction": "nowhere", "Errors": [{ "ErrorType": "NoSuchError", "NextAction": "b" }] } },
            { "Identifier": "b", "Type": "Loop", "Parameters": { "LoopCount": 101 },
              "Transitions": { "NextAction": "b", "Conditions": [] } },
            { "Identifier": "a", "Type": "EndFlowModuleExecution" },
            7,
        ],
    });
    let found: Vec<_> =
        check(&text.to_string(), Some(Home::ContactFlow)).into_iter().map(|p| (p.path, p.kind)).collect();
    let expected = [
        ("/Version", "wrong-version"),
        ("/Actions/0/Transitions/NextAction", "dangling-next-action"),
        ("/Actions/0/Transitions/Errors/0/ErrorType", "unknown-error-type"),
        ("/Actions/0/Parameters", "both-of-exclusive-parameters"),
        ("/Actions/1/Parameters/LoopCount", "bad-parameter-value"),
        ("/Actions/1/Transitions/Conditions", "wrong-conditions"),
        ("/Actions/2/Identifier", "duplicate-identifier"),
        ("/Actions/2/Type", "action-not-allowed-here"),
        ("/Actions/3", "malformed-structure"),
        ("/Actions", "no-terminal-action"),
    ];
    assert_eq!(found, expected.map(|(path, kind)| (path.to_owned(), kind)));
}

#[test]
fn reading_and_writing_loses_nothing() {
    let odd = json!({
        "Version": 3, "StartAction": null, "Metadata": [], "Settings": { "x": 1.5 },
        "Actions": [
            4, { "Identifier": 5, "Type": [], "Parameters": "p", "Transitions": 0, "More": null },
            { "Transitions": { "NextAction": 1, "Errors": {}, "Conditions": [[], { "NextAction": {}, "Condition": 9 },
              { "Condition": { "Operator": 1, "Operands": "x", "More": [] } }], "More": 2 } },
        ],
    });
    let mut texts: Vec<String> = [MINIMAL, BRANCHING, MENU].map(str::to_owned).to_vec();
    texts.push(odd.to_string());
    texts.extend(
        (0..500).map(|seed| with_bytes(seed, "lossless", |u| flow(Home::ContactFlow, Shape::default(), u).to_text())),
    );
    for text in texts {
        let value: Value = serde_json::from_str(&text).unwrap();
        let written = Value::Object(Flow::read(value.as_object().unwrap().clone()).write());
        assert_eq!(written, value);
    }
    assert!(
        check(&odd.to_string(), None).iter().all(|p| p.kind == "malformed-structure" || p.kind.starts_with("missing"))
    );
}

#[test]
fn hostile_content_gives_a_bounded_number_of_problems() {
    let deep = "[".repeat(200_000);
    assert_eq!(kinds(&deep, None), ["nested-too-deep"]);
    assert_eq!(kinds(&"{\"a\":".repeat(40_000), None), ["nested-too-deep"]);
    assert_eq!(kinds(&"x".repeat(3_000_000), None), ["too-long"]);
    assert_eq!(kinds("", None), ["not-json"]);
    assert_eq!(kinds("[1e999]", None), ["number-too-large"]);
    assert_eq!(kinds(r#"{"a":{"b":1,"b":2}}"#, None), ["duplicate-name"]);
    assert_eq!(kinds("\"\u{0}\"", None), ["not-json"]);
    let envelope = |actions: &str| format!(r#"{{"Version":"2019-10-30","StartAction":"a","Actions":[{actions}]}}"#);
    // More problems than are listed.
    let branches = "{},".repeat(80_000);
    let wrong = format!(r#"{{"Identifier":"a","Type":"Compare","Transitions":{{"Errors":[{branches}{{}}]}}}}"#);
    assert_eq!(check(&envelope(&wrong), None).len(), check::MOST_PROBLEMS);
    let many = envelope(&format!("{}{{}}", "{},".repeat(80_000)));
    assert_eq!(kinds(&many, None).iter().filter(|kind| **kind == "missing-identifier").count(), MOST_ACTIONS);
    // Equal identifiers, and very long identifiers.
    let same = envelope(&vec![r#"{"Identifier":"a","Type":"NoSuchAction"}"#; 250].join(","));
    assert_eq!(kinds(&same, None).iter().filter(|kind| **kind == "duplicate-identifier").count(), 249);
    let long = "a".repeat(80_000);
    let long =
        envelope(&format!(r#"{{"Identifier":"{long}","Type":"{long}","Transitions":{{"NextAction":"{long}"}}}}"#));
    let found = check(&long, None);
    assert!(found.iter().all(|problem| problem.message.chars().count() <= LONGEST_MESSAGE));
    assert_eq!(found.len(), 3, "{found:?}");
}

/// The envelope of a content as a JSON Schema, written from the guide independently of the checker.
fn envelope() -> Value {
    let branch = |name: &str, inner: Value| {
        json!({
            "type": "array",
            "items": {
                "type": "object", "required": [name, "NextAction"],
                "properties": { name: inner, "NextAction": { "type": "string" } },
            },
        })
    };
    let condition = json!({
        "type": "object", "required": ["Operator", "Operands"],
        "properties": { "Operator": { "type": "string" }, "Operands": { "type": "array" } },
    });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object", "required": ["Version", "StartAction", "Actions"],
        "properties": {
            "Version": { "const": "2019-10-30" },
            "StartAction": { "type": "string" },
            "Metadata": { "type": "object" },
            "Actions": {
                "type": "array", "minItems": 1, "maxItems": 250,
                "items": {
                    "type": "object", "required": ["Identifier", "Type"],
                    "properties": {
                        "Identifier": {
                            "type": "string", "minLength": 1, "maxLength": 50, "pattern": "^[^%:(\\\\/)=$,;\\[\\]{}]*$",
                            "not": { "enum": [
                                "__proto__", "constructor", "__defineGetter__", "__defineSetter__", "toString",
                                "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "valueOf",
                            ] },
                        },
                        "Type": { "type": "string" },
                        "Parameters": { "type": "object" },
                        "Transitions": {
                            "type": "object",
                            "properties": {
                                "NextAction": { "type": "string" },
                                "Errors": branch("ErrorType", json!({ "type": "string" })),
                                "Conditions": branch("Condition", condition),
                            },
                        },
                    },
                },
            },
        },
    })
}

/// Kinds that a JSON Schema of the envelope detects; all others depend on the meaning of identifiers and types.
const IN_ENVELOPE: &[&str] = &[
    "not-an-object",
    "wrong-version",
    "missing-start-action",
    "missing-actions",
    "too-many-actions",
    "malformed-structure",
    "missing-identifier",
    "identifier-too-long",
    "forbidden-identifier",
    "missing-action-type",
];

#[test]
fn independent_judge_agrees_on_the_envelope() {
    let judge = jsonschema::draft202012::new(&envelope()).unwrap();
    for breach in KINDS.iter().filter(|breach| breach.kind != "not-json") {
        let rounds = if matches!(breach.kind, "too-long" | "too-many-actions") { 11 } else { 66 };
        for seed in 0..rounds {
            let home = Home::ALL[seed as usize % Home::ALL.len()];
            let made = with_bytes(seed, breach.kind, |u| mutant(breach.kind, home, u)).unwrap();
            let admits = |text: &str| serde_json::from_str(text).ok().map(|content: Value| judge.is_valid(&content));
            assert_eq!(admits(&made.valid), Some(true), "{}", made.valid);
            if let Some(admitted) = admits(&made.invalid) {
                assert_eq!(admitted, !IN_ENVELOPE.contains(&breach.kind), "{}: {}", breach.kind, made.invalid);
            }
        }
    }
}
