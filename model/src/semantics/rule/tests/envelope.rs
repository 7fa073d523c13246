//! An independent judge of a function's form: a JSON Schema and the `jsonschema` crate.

use serde_json::{Value, json};

use super::seeded;
use crate::semantics::rule::function::{FAULTS, Function, Size, make};
use crate::semantics::rule::sources::EVENT_SOURCES;

/// The form of a function, written from the language guide independently of our types.
fn envelope() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "required": ["Version", "RuleFunction"],
        "properties": {
            "Version": {"type": "string"},
            "RuleFunction": {"$ref": "#/$defs/group"},
        },
        "$defs": {
            "group": {
                "type": "object",
                "required": ["Operator", "Operands"],
                "properties": {
                    "Operator": {"type": "string"},
                    "Operands": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                    "FilterClause": {"$ref": "#/$defs/clause"},
                },
            },
            "node": {
                "if": {
                    "required": ["Operator"],
                    "properties": {"Operator": {"enum": ["AND", "OR"]}, "ComparisonValue": false},
                },
                "then": {"$ref": "#/$defs/group"},
                "else": {"$ref": "#/$defs/leaf"},
            },
            "leaf": {
                "type": "object",
                "required": ["Operator", "Operands", "ComparisonValue"],
                "properties": {
                    "Operator": {"type": "string"},
                    "Operands": {"type": "array"},
                    "ComparisonValue": {"type": "string"},
                    "FilterClause": {"$ref": "#/$defs/clause"},
                    "Negate": {"type": "boolean"},
                },
            },
            "clause": {
                "type": "object",
                "required": ["LogicOperator", "Filters"],
                "properties": {
                    "LogicOperator": {"type": "string"},
                    "Filters": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["Type", "Data"],
                            "properties": {"Type": {"type": "string"}},
                        },
                    },
                },
            },
        },
    })
}

#[test]
fn both_judges_agree_on_the_form() {
    let judge = jsonschema::draft202012::new(&envelope()).unwrap();
    let mut bad = 0;
    let mut compare = |text: &str| {
        let Ok(value) = serde_json::from_str::<Value>(text) else { return };
        let ours = Function::parse(text);
        assert_eq!(ours.is_ok(), judge.is_valid(&value), "{text}: {ours:?}");
        bad += usize::from(ours.is_err());
    };
    for seed in 0..400 {
        for source in EVENT_SOURCES {
            let text = seeded(seed, "judge", |u| make(Some(source), Size::SMALL, u)).to_string();
            compare(&text);
            // Misplaced words of the language, and values of the wrong type.
            for (from, to) in [
                ("\"Operator\"", "\"Operators\""),
                ("\"Operands\":[", "\"Operands\":7,\"x\":["),
                ("\"Filters\"", "\"Filter\""),
                ("\"Type\":", "\"Type\":[],\"x\":"),
                ("\"Negate\":false", "\"Negate\":null"),
                ("\"ComparisonValue\":", "\"ComparisonValue\":0,\"x\":"),
                ("{\"LogicOperator\"", "[],\"y\":{\"LogicOperator\""),
            ] {
                compare(&text.replacen(from, to, 1 + seed as usize % 2));
            }
        }
    }
    // A judge of values cannot detect a duplicate name.
    for fault in FAULTS.iter().filter(|fault| fault.breach.kind != "unreadable-json") {
        for source in EVENT_SOURCES {
            if let Some((_, invalid)) = seeded(7, fault.breach.kind, |u| fault.commit(source, u)) {
                compare(&invalid);
            }
        }
    }
    assert!(bad > 10_000, "{bad} malformed texts");
}
