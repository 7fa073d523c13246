//! Shapes with rules beyond the service model that apply anywhere: in an output, in another shape, or alone. Inputs of
//! operations are handled as a whole by [`check`](super::check) and [`repair`](super::repair()).

use arbitrary::Unstructured;
use serde_json::{Value, json};

use super::flow::{self, Home};
use super::{Context, Problem, rule};
use crate::path::SchemaPath;
use crate::schema::{Kind, Schema, ShapeId};
use crate::validate::escape;

/// The rules that apply to a shape.
#[derive(Clone, Copy)]
enum Part {
    /// A whole rule.
    Rule,
    /// An action: the payload matches the type.
    Action,
    /// An event source with the members that it needs.
    Trigger,
    /// The payload of an action.
    Payload,
    /// An SLA by itself.
    Sla,
    /// A field value: exactly one member.
    FieldValue,
    /// Flow content.
    Content(Option<Home>),
}

/// The shapes, by name. Shapes inside one of them are handled with it.
const PARTS: &[(&str, Part)] = &[
    ("Rule", Part::Rule),
    ("RuleAction", Part::Action),
    ("RuleTriggerEventSource", Part::Trigger),
    ("TaskActionDefinition", Part::Payload),
    ("CreateCaseActionDefinition", Part::Payload),
    ("UpdateCaseActionDefinition", Part::Payload),
    ("AssignSlaActionDefinition", Part::Payload),
    ("CaseSlaConfiguration", Part::Sla),
    ("FieldValueUnion", Part::FieldValue),
    ("ContactFlowContent", Part::Content(None)),
    ("ContactFlowModuleContent", Part::Content(Some(Home::Module))),
];

/// Changes a valid value so that each part of it satisfies its rules. For values of Connect's own model.
pub fn repair_parts(schema: &Schema, shape: ShapeId, value: &mut Value, u: &mut Unstructured<'_>) {
    for (pointer, part) in parts(schema, shape, value) {
        if let Some(value) = value.pointer_mut(&pointer) {
            part.repair(value, u);
        }
    }
}

/// All problems in the parts of a value beyond the service model, each with its language. Paths point to the part. For
/// values of Connect's own model.
pub fn check_parts(schema: &Schema, shape: ShapeId, value: &Value) -> Vec<(&'static str, Problem)> {
    let mut problems = Vec::new();
    for (pointer, part) in parts(schema, shape, value) {
        let found = value.pointer(&pointer).map(|value| part.check(value)).unwrap_or_default();
        let moved = |(language, problem)| (language, Problem { path: pointer.clone(), ..problem });
        problems.extend(found.into_iter().map(moved));
    }
    problems
}

/// The parts of a value, with the JSON Pointer of each.
fn parts(schema: &Schema, shape: ShapeId, value: &Value) -> Vec<(String, Part)> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), shape, value)];
    while let Some((pointer, shape, value)) = open.pop() {
        let name = schema[shape].name.as_str();
        if let Some((_, part)) = PARTS.iter().find(|(part, _)| *part == name) {
            found.push((pointer, *part));
            continue;
        }
        let below = |step: &str| format!("{pointer}/{}", escape(step));
        match (&schema[shape].kind, value) {
            (Kind::Structure(members) | Kind::Union(members), Value::Object(map)) => {
                let known = map.iter().filter_map(|(name, value)| Some((name, members.get(name)?, value)));
                open.extend(known.map(|(name, member, value)| (below(name), member.slot.target, value)));
            }
            (Kind::List(list), Value::Array(items)) => {
                let items = items.iter().enumerate();
                open.extend(items.map(|(at, item)| (below(&at.to_string()), list.member.target, item)));
            }
            (Kind::Map(shape), Value::Object(map)) => {
                open.extend(map.iter().map(|(key, value)| (below(key), shape.value.target, value)));
            }
            _ => {}
        }
    }
    found
}

impl Part {
    fn repair(self, value: &mut Value, u: &mut Unstructured<'_>) {
        match self {
            Part::Rule => rule::repair(value, &SchemaPath::default(), &Context::default(), u),
            Part::Action => rule::repair_action(value, u),
            Part::Trigger => {
                let mut input = json!({"TriggerEventSource": value.take()});
                rule::repair(&mut input, &SchemaPath::default(), &Context::default(), u);
                *value = input["TriggerEventSource"].take();
            }
            Part::Payload => rule::repair_payload(value, u),
            Part::Sla => {
                let mut payload = json!({"CaseSlaConfiguration": value.take()});
                rule::repair_payload(&mut payload, u);
                *value = payload["CaseSlaConfiguration"].take();
            }
            Part::FieldValue => {
                let mut payload = json!({"Fields": [{"Value": value.take()}]});
                rule::repair_payload(&mut payload, u);
                *value = payload["Fields"][0]["Value"].take();
            }
            // Valid as generated.
            Part::Content(_) => {}
        }
    }

    /// Checks a part inside the smallest rule that can contain it.
    fn check(self, value: &Value) -> Vec<(&'static str, Problem)> {
        let rule = match self {
            Part::Rule => return rule::check(value, &Context::default()),
            Part::Action => json!({"Actions": [value]}),
            Part::Trigger => json!({"TriggerEventSource": value}),
            Part::Payload => json!({"Actions": [{"Payload": value}]}),
            Part::Sla => json!({"Actions": [{"Payload": {"CaseSlaConfiguration": value}}]}),
            Part::FieldValue => json!({"Actions": [{"Payload": {"Fields": [{"Value": value}]}}]}),
            Part::Content(home) => {
                let problems = value.as_str().map(|text| flow::check(text, home)).unwrap_or_default();
                return problems.into_iter().map(|problem| (flow::LANGUAGE, problem)).collect();
            }
        };
        rule::check(&rule, &Context::default())
    }
}
