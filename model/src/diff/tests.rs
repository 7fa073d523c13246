//! Tests of the diff: one small model, one edit per rule, and exactly that rule in the result.

#![allow(clippy::unwrap_used, clippy::panic)]

use serde_json::{Value, json};

use super::*;

fn base() -> Value {
    let member = |target: &str| json!({"target": target, "traits": {}});
    let required = |target: &str| json!({"target": target, "traits": {"smithy.api#required": {}}});
    let text =
        || json!({"type": "string", "traits": {"smithy.api#length": {"min": 2, "max": 5}, "smithy.api#pattern": "^a"}});
    let choice = || {
        json!({"type": "enum", "members": {
        "A": {"target": "smithy.api#Unit", "traits": {"smithy.api#enumValue": "A"}},
        "B": {"target": "smithy.api#Unit", "traits": {"smithy.api#enumValue": "B"}}}, "traits": {}})
    };
    let list = || json!({"type": "list", "member": {"target": "smithy.api#String"}, "traits": {}});
    let union = || json!({"type": "union", "members": {"One": member("smithy.api#String"), "Two": member("smithy.api#String")}});
    json!({"smithy": "2.0", "shapes": {
        "t#S": {"type": "service", "version": "1", "operations": [{"target": "t#A"}, {"target": "t#P"}],
            "traits": {"aws.protocols#restJson1": {}}},
        "t#A": {"type": "operation", "input": {"target": "t#AI"}, "output": {"target": "t#AO"},
            "errors": [{"target": "t#E"}],
            "traits": {"smithy.api#http": {"method": "POST", "uri": "/a", "code": 200}}},
        "t#P": {"type": "operation", "input": {"target": "t#PI"}, "output": {"target": "t#PO"},
            "traits": {"smithy.api#http": {"method": "GET", "uri": "/p", "code": 200},
                "smithy.api#paginated": {"inputToken": "NextToken", "outputToken": "NextToken", "items": "Names"}}},
        "t#AI": {"type": "structure", "members": {
            "Must": required("smithy.api#String"), "May": member("smithy.api#String"), "Text": member("t#TextIn"),
            "Choice": member("t#ChoiceIn"), "List": member("t#ListIn"), "Union": member("t#UnionIn"),
            "When": member("smithy.api#Timestamp"), "Deep": member("t#Deep")}},
        "t#AO": {"type": "structure", "members": {
            "Must": required("smithy.api#String"), "May": member("smithy.api#String"), "Text": member("t#TextOut"),
            "Choice": member("t#ChoiceOut"), "List": member("t#ListOut"), "Union": member("t#UnionOut")}},
        "t#PI": {"type": "structure", "members": {"NextToken": {"target": "smithy.api#String",
            "traits": {"smithy.api#httpQuery": "nextToken"}}}},
        "t#PO": {"type": "structure", "members": {"NextToken": member("smithy.api#String"), "Names": member("t#ListOut"),
            "Others": member("t#ListOut")}},
        "t#E": {"type": "structure", "members": {"Message": member("smithy.api#String")},
            "traits": {"smithy.api#error": "client", "smithy.api#httpError": 400}},
        "t#F": {"type": "structure", "members": {}, "traits": {"smithy.api#error": "client"}},
        "t#Deep": {"type": "structure", "members": {"Deep": member("t#Deep"), "Leaf": member("smithy.api#String")}},
        "t#Flat": {"type": "structure", "members": {"Deep": member("t#Flat"), "Leaf": member("smithy.api#String")}},
        "t#TextIn": text(), "t#TextOut": text(), "t#ChoiceIn": choice(), "t#ChoiceOut": choice(),
        "t#ListIn": list(), "t#ListOut": list(), "t#UnionIn": union(), "t#UnionOut": union(),
    }})
}

fn load(model: &Value) -> Schema {
    Schema::from_text("test", model.to_string().into_bytes()).unwrap()
}

/// Returns the base model with one value replaced, or removed if null.
fn edited(pointer: &str, value: Value) -> Value {
    let mut model = base();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    // `~1` is a slash in a key (RFC 6901).
    let parent = model.pointer_mut(&format!("/shapes{parent}")).unwrap_or_else(|| panic!("{pointer}"));
    let parent = parent.as_object_mut().unwrap();
    if value.is_null() {
        parent.remove(key).unwrap();
    } else {
        parent.insert(key.to_owned(), value);
    }
    model
}

/// Edits, each with the rule for the edit and the rule for its reversal.
fn edits() -> Vec<(&'static str, Value, Rule, Rule)> {
    use Rule as R;
    let string = |traits: Value| json!({"target": "smithy.api#String", "traits": traits});
    let error = |status: u16| json!({"smithy.api#error": "client", "smithy.api#httpError": status});
    vec![
        ("/t#S/version", json!("2"), R::ServiceChanged, R::ServiceChanged),
        ("/t#S/operations", json!([{"target": "t#A"}]), R::OperationRemoved, R::OperationAdded),
        ("/t#A/traits/smithy.api#http/method", json!("PUT"), R::MethodChanged, R::MethodChanged),
        ("/t#A/traits/smithy.api#http/uri", json!("/b"), R::PathChanged, R::PathChanged),
        ("/t#A/traits/smithy.api#http/code", json!(201), R::StatusChanged, R::StatusChanged),
        ("/t#AI/members/May", Value::Null, R::InputMemberRemoved, R::InputMemberAdded),
        ("/t#AI/members/Must", Value::Null, R::InputMemberRemoved, R::RequiredInputAdded),
        ("/t#AO/members/May", Value::Null, R::OutputMemberRemoved, R::OutputMemberAdded),
        ("/t#AO/members/Must", Value::Null, R::OutputMemberRemoved, R::RequiredOutputAdded),
        ("/t#E/members/Message", Value::Null, R::OutputMemberRemoved, R::OutputMemberAdded),
        ("/t#AI/members/Must", string(json!({})), R::InputNoLongerRequired, R::InputNowRequired),
        ("/t#AO/members/Must", string(json!({})), R::OutputNoLongerRequired, R::OutputNowRequired),
        (
            "/t#TextIn/traits/smithy.api#length",
            json!({"min": 2, "max": 4}),
            R::InputConstraintTightened,
            R::InputConstraintLoosened,
        ),
        (
            "/t#TextOut/traits/smithy.api#length",
            json!({"min": 3, "max": 5}),
            R::OutputConstraintTightened,
            R::OutputConstraintLoosened,
        ),
        ("/t#TextIn/traits/smithy.api#pattern", json!("^b"), R::InputPatternChanged, R::InputPatternChanged),
        ("/t#TextOut/traits/smithy.api#pattern", json!("^b"), R::OutputPatternChanged, R::OutputPatternChanged),
        ("/t#TextIn/traits/smithy.api#pattern", Value::Null, R::InputConstraintLoosened, R::InputConstraintTightened),
        (
            "/t#TextIn/traits/smithy.api#pattern",
            json!("^a[b-d]"),
            R::InputConstraintTightened,
            R::InputConstraintLoosened,
        ),
        (
            "/t#TextOut/traits/smithy.api#pattern",
            json!("^[ab]"),
            R::OutputConstraintLoosened,
            R::OutputConstraintTightened,
        ),
        ("/t#TextIn/traits/smithy.api#pattern", json!("^(?:a|ab+)"), R::PatternRespelled, R::PatternRespelled),
        // Back-references are not supported by the automaton, so the worst is assumed.
        ("/t#TextIn/traits/smithy.api#pattern", json!(r"^(a)\1"), R::InputPatternChanged, R::InputPatternChanged),
        (
            "/t#AI/members/May",
            json!({"target": "smithy.api#String", "traits": {"smithy.api#length": {"max": 9}}}),
            R::InputConstraintTightened,
            R::InputConstraintLoosened,
        ),
        (
            "/t#ListIn/traits",
            json!({"smithy.api#uniqueItems": {}}),
            R::InputConstraintTightened,
            R::InputConstraintLoosened,
        ),
        ("/t#ListIn/traits", json!({"smithy.api#sparse": {}}), R::InputConstraintLoosened, R::InputConstraintTightened),
        ("/t#ListOut/traits", json!({"smithy.api#sparse": {}}), R::OutputNullsAdmitted, R::OutputConstraintTightened),
        ("/t#ChoiceIn/members/B", Value::Null, R::InputValueRemoved, R::InputValueAdded),
        ("/t#ChoiceOut/members/B", Value::Null, R::OutputValueRemoved, R::OutputValueAdded),
        ("/t#UnionIn/members/Two", Value::Null, R::InputValueRemoved, R::InputValueAdded),
        ("/t#UnionOut/members/Two", Value::Null, R::OutputValueRemoved, R::OutputValueAdded),
        ("/t#ChoiceIn", json!({"type": "string"}), R::InputConstraintLoosened, R::InputConstraintTightened),
        ("/t#AI/members/May", json!({"target": "smithy.api#Integer"}), R::TypeChanged, R::TypeChanged),
        (
            "/t#AI/members/When/traits",
            json!({"smithy.api#timestampFormat": "date-time"}),
            R::TimestampFormatChanged,
            R::TimestampFormatChanged,
        ),
        ("/t#AI/members/May/traits", json!({"smithy.api#jsonName": "may"}), R::JsonNameChanged, R::JsonNameChanged),
        ("/t#AI/members/May/traits", json!({"smithy.api#httpQuery": "may"}), R::BindingChanged, R::BindingChanged),
        ("/t#AI/members/May/traits", json!({"smithy.api#default": "x"}), R::DefaultChanged, R::DefaultChanged),
        ("/t#A/errors", json!([{"target": "t#E"}, {"target": "t#F"}]), R::ErrorAdded, R::ErrorRemoved),
        ("/t#E/traits", error(402), R::ErrorStatusChanged, R::ErrorStatusChanged),
        (
            "/t#A/traits/smithy.api#paginated",
            json!({"inputToken": "May", "outputToken": "May", "items": "List"}),
            R::PaginationAdded,
            R::PaginationRemoved,
        ),
        (
            "/t#P/traits/smithy.api#paginated",
            json!({"inputToken": "NextToken", "outputToken": "NextToken", "items": "Others"}),
            R::PaginationChanged,
            R::PaginationChanged,
        ),
        (
            "/t#P/traits/smithy.api#paginated",
            json!({"inputToken": "NextToken", "outputToken": "NextToken"}),
            R::PaginationDeclared,
            R::PaginationDeclared,
        ),
        ("/t#P/traits/smithy.api#paginated", Value::Null, R::PaginationDeclared, R::PaginationDeclared),
        ("/t#A/traits/smithy.api#idempotent", json!({}), R::IdempotencyGained, R::IdempotencyLost),
        (
            "/t#AI/members/May/traits",
            json!({"smithy.api#idempotencyToken": {}}),
            R::IdempotencyGained,
            R::IdempotencyLost,
        ),
        ("/t#A/traits/smithy.api#deprecated", json!({}), R::DeprecationChanged, R::DeprecationChanged),
        ("/t#AI/members/May/traits", json!({"smithy.api#sensitive": {}}), R::SensitivityChanged, R::SensitivityChanged),
        ("/t#AI/members/Deep", json!({"target": "t#Flat", "traits": {}}), R::ShapeRenamed, R::ShapeRenamed),
    ]
}

#[test]
fn detects_each_edit_by_its_rule_only() {
    let before = load(&base());
    let mut proven = BTreeSet::new();
    for (pointer, value, done, undone) in edits() {
        let after = load(&edited(pointer, value));
        for (from, to, rule) in [(&before, &after, done), (&after, &before, undone)] {
            let changes = diff(from, to);
            let found: BTreeSet<&str> = changes.iter().map(|change| change.rule).collect();
            assert_eq!(found, BTreeSet::from([rule.id()]), "{pointer}: {changes:#?}");
            assert!(changes.iter().all(|change| change.class == rule.class()));
            proven.insert(rule);
        }
    }
    let unproven: Vec<_> = Rule::ALL.iter().filter(|rule| !proven.contains(rule)).collect();
    assert!(unproven.is_empty(), "no edit shows {unproven:?}");
}

#[test]
fn shows_an_example_for_a_changed_pattern() {
    let message = |pattern: &str| {
        let after = load(&edited("/t#TextIn/traits/smithy.api#pattern", json!(pattern)));
        diff(&load(&base()), &after).remove(0).message
    };
    assert_eq!(message("^a[b-d]"), "was pattern ^a, is pattern ^a[b-d]: it no longer matches \"a\"");
    assert_eq!(message("^b"), "was pattern ^a, is pattern ^b: it no longer matches \"a\", but matches \"b\"");
    assert_eq!(message("^[a\u{e9}]"), "was pattern ^a, is pattern ^[a\u{e9}]: it also matches \"\u{e9}\"");
    assert_eq!(message("^a|^ab"), "was pattern ^a, is pattern ^a|^ab, which matches the same strings");
}

#[test]
fn ignores_explicit_defaults() {
    for (pointer, value) in [
        ("/t#ListIn/traits", json!({"smithy.api#length": {"min": 0}})),
        ("/t#AI/members/When/traits", json!({"smithy.api#timestampFormat": "epoch-seconds"})),
    ] {
        assert_eq!(diff(&load(&base()), &load(&edited(pointer, value))), [], "{pointer}");
    }
}

#[test]
fn describes_changes_in_words() {
    let message = |pointer: &str, value: Value| diff(&load(&base()), &load(&edited(pointer, value))).remove(0).message;
    let default = message("/t#AI/members/May/traits", json!({"smithy.api#default": "x"}));
    assert_eq!(default, "default was none, is \"x\"");
    let place = message("/t#AI/members/May/traits", json!({"smithy.api#httpHeader": "x-may"}));
    assert_eq!(place, "place was the body, is header `x-may`");
    let status = message("/t#E/traits", json!({"smithy.api#error": "server", "smithy.api#httpError": 410}));
    assert_eq!(status, "error was 400, the fault of the client, is 410, the fault of the server");
    let items = message(
        "/t#P/traits/smithy.api#paginated",
        json!({"inputToken": "NextToken", "outputToken": "NextToken", "items": "Others"}),
    );
    assert_eq!(items, "items was Names, is Others");
    let form = message("/t#AI/members/When/traits", json!({"smithy.api#timestampFormat": "date-time"}));
    assert_eq!(form, "form was seconds since 1970, is RFC 3339 (date-time)");
}

#[test]
fn ids_are_unique() {
    let ids: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.id()).collect();
    assert_eq!(ids.len(), Rule::ALL.len());
}

#[test]
fn finds_no_change_in_equal_models() {
    assert_eq!(diff(Schema::connect(), Schema::connect()), []);
    assert_eq!(text(&[]), "No change.\n");
}

#[test]
fn reports_a_shape_once_with_all_affected_operations() {
    let mut list = edited("/t#ListOut/traits", json!({"smithy.api#length": {"max": 3}}));
    list["shapes"]["t#Deep"]["members"]["Leaf"]["traits"] = json!({"smithy.api#required": {}});
    let changes = diff(&load(&base()), &load(&list));
    let reported: Vec<(&str, &str, usize)> =
        changes.iter().map(|change| (change.rule, change.path.as_str(), change.operations.len())).collect();
    assert_eq!(reported, [("input-now-required", "Deep.Leaf", 1), ("output-constraint-tightened", "ListOut", 2)]);
    assert_eq!(
        text(&changes),
        "Breaking for clients (1)\n  input-now-required  Deep.Leaf: is now required  [A]\n\n\
         Breaking for servers (1)\n  output-constraint-tightened  ListOut: was no maximum length, is maximum length 3  [A, P]\n\n\
         1 breaking for clients, 1 breaking for servers.\n"
    );
    assert_eq!(
        text_by_operation(&changes),
        "A (1 breaking for clients, 1 breaking for servers)\n  input-now-required  Deep.Leaf: is now required\n  \
         output-constraint-tightened  ListOut: was no maximum length, is maximum length 3\n\nP (1 breaking for servers)\n  \
         output-constraint-tightened  ListOut: was no maximum length, is maximum length 3\n\n\
         1 breaking for clients, 1 breaking for servers.\n"
    );
    assert!(markdown_by_operation(&changes).contains("\n## P\n\n1 breaking for servers\n\n- `ListOut`: was"));
    assert!(markdown(&changes).contains("| `Deep.Leaf` | is now required | input-now-required | A |\n"));
    let document: Value = serde_json::from_str(&json(&changes)).unwrap();
    assert_eq!(document["totals"]["breaking-for-clients"], 1);
    assert_eq!(document["changes"][1]["class"], "breaking-for-servers");
}

#[test]
fn reports_members_of_an_added_or_removed_output() {
    let (without, with) = (load(&edited("/t#A/output", Value::Null)), load(&base()));
    let message = |changes: &[Change], path: &str| changes.iter().find(|c| c.path == path).map(|change| change.rule);
    assert_eq!(message(&diff(&without, &with), "A.output.Must"), Some("required-output-added"));
    assert_eq!(message(&diff(&with, &without), "A.output.May"), Some("output-member-removed"));
}
