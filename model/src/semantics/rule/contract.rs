//! Rules between the members of CreateRule and UpdateRule. Conditions are handled elsewhere, and so are constraints on
//! single members, for example the anchored pattern of a name in `overrides.toml`.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::actions::{ACTIONS, Action, Verdict, action, cell};
use super::sources::{EventSource, event_source};
use super::{ACTIONS as LANGUAGE, Breach, Confidence, Context, Problem};
use crate::evidence::Evidence;
use crate::validate::escape;

/// Maximum size of all references of a task together, in bytes of UTF-8.
pub const REFERENCE_BYTES: usize = 4096;

/// The value of a case field has exactly one of these members. In the model it is a structure.
pub const FIELD_VALUES: &[&str] = &["BooleanValue", "DoubleValue", "EmptyValue", "StringValue"];

const RULE: Evidence = Evidence::cloudformation("the Rule of Connect in CloudFormation");
const ACTION: Evidence = Evidence::documentation("Connect API reference, RuleAction");
const FIELDS: &[Evidence] = &[Evidence::documentation("Connect API reference, FieldValueUnion")];

const fn breach(
    kind: &'static str,
    rule: &'static str,
    evidence: &'static [Evidence],
    confidence: Confidence,
) -> Breach {
    Breach { language: LANGUAGE, kind, rule, evidence, confidence }
}

pub(super) const REQUIRED: &Breach = &breach(
    "required-action-missing",
    "rules on analysed conversations assign a category, rules on third-party events create a task",
    &[Evidence::documentation(
        "Connect API reference, RuleAction; the Rule of Connect in CloudFormation says the same of tasks",
    )],
    Confidence::High,
);
pub(super) const PAYLOAD_MISSING: &Breach =
    &breach("payload-missing", "an action has the payload of its type", &[ACTION], Confidence::Medium);
pub(super) const PAYLOAD_FOREIGN: &Breach =
    &breach("payload-of-another-action", "an action has no payload of another type", &[ACTION], Confidence::Medium);
pub(super) const DUPLICATE: &Breach = &breach(
    "duplicate-action",
    "a rule has at most one action of a type",
    &[Evidence::cloudformation(
        "the Rule of Connect in CloudFormation: a list for each type, with at most one element",
    )],
    Confidence::Medium,
);
pub(super) const INTEGRATION_MISSING: &Breach = &breach(
    "integration-association-missing",
    "rules on third-party events name their integration association",
    &[RULE],
    Confidence::Medium,
);
pub(super) const INTEGRATION_ELSEWHERE: &Breach = &breach(
    "integration-association-elsewhere",
    "sources contradict each other on integration associations in other rules",
    &[Evidence::inference(
        "Connect API reference, RuleTriggerEventSource, and the Rule of Connect in CloudFormation differ, so neither supports the rule",
    )],
    Confidence::Low,
);
pub(super) const REFERENCES: &Breach = &breach(
    "references-too-large",
    "the references of a task have at most 4,096 bytes together",
    &[Evidence::documentation("Connect API reference, Reference")],
    Confidence::Medium,
);
pub(super) const FIELD_NONE: &Breach =
    &breach("case-field-value-none", "the value of a case field has one of its members", FIELDS, Confidence::Medium);
pub(super) const FIELD_TWO: &Breach = &breach(
    "case-field-value-two",
    "the value of a case field has no more than one of its members",
    FIELDS,
    Confidence::Medium,
);

/// All breaches except those of the cells.
pub const BREACHES: &[&Breach] = &[
    REQUIRED,
    PAYLOAD_MISSING,
    PAYLOAD_FOREIGN,
    DUPLICATE,
    INTEGRATION_MISSING,
    INTEGRATION_ELSEWHERE,
    REFERENCES,
    FIELD_NONE,
    FIELD_TWO,
];

/// All problems of an input of CreateRule or UpdateRule, except those of its function. The event source is that of the
/// input, otherwise that of the context; without one, rules that depend on it are not checked. Members of the wrong
/// type are left to validation.
pub fn check(input: &Value, context: &Context<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let trigger = input.get("TriggerEventSource");
    let named = trigger.and_then(|trigger| trigger.get("EventSourceName")?.as_str());
    let source = named.or(context.event_source).and_then(event_source);
    if let (Some(trigger), Some(source)) = (trigger.and_then(Value::as_object), source) {
        integration(trigger, source, &mut problems);
    }
    let Some(actions) = input.get("Actions").and_then(Value::as_array) else { return problems };
    let mut seen = BTreeSet::new();
    for (at, value) in actions.iter().enumerate() {
        let Some(value) = value.as_object() else { continue };
        let path = format!("/Actions/{at}");
        let kind = value.get("ActionType").and_then(Value::as_str).and_then(action);
        if let Some(kind) = kind {
            if !seen.insert(kind.name) {
                let message = format!("there is another action of type {}; merge the two", kind.name);
                report(&mut problems, DUPLICATE, &path, &message);
            }
            payloads(kind, value, &path, &mut problems);
            if let Some(cell) = source.and_then(|source| cell(kind, source))
                && cell.verdict != Verdict::Permitted
            {
                let (what, on) = (kind.name, cell.source.name);
                report(&mut problems, &cell.breach, &path, &format!("{what} is not documented for rules on {on}"));
            }
        }
        for (name, payload) in value {
            contents(payload, &format!("{path}/{}", escape(name)), &mut problems);
        }
    }
    if let Some((required, source)) = source.and_then(|source| Some((source.required?, source)))
        && !seen.contains(required)
    {
        let message = format!("a rule on {} needs an action of type {required}; add it", source.name);
        report(&mut problems, REQUIRED, "/Actions", &message);
    }
    problems
}

fn report(problems: &mut Vec<Problem>, breach: &'static Breach, path: &str, message: &str) {
    problems.push(Problem::new(path, breach.kind, message, breach.confidence));
}

fn integration(trigger: &Map<String, Value>, source: &EventSource, problems: &mut Vec<Problem>) {
    const PATH: &str = "/TriggerEventSource/IntegrationAssociationId";
    let named = trigger.get("IntegrationAssociationId").is_some_and(|id| !id.is_null());
    match (source.third_party, named) {
        (true, false) => {
            let message = format!("a rule on {} needs the id of its integration association", source.name);
            report(problems, INTEGRATION_MISSING, PATH, &message);
        }
        (false, true) => {
            let message = format!("rules on {} may not support an integration association", source.name);
            report(problems, INTEGRATION_ELSEWHERE, PATH, &message);
        }
        _ => {}
    }
}

fn payloads(kind: &Action, value: &Map<String, Value>, path: &str, problems: &mut Vec<Problem>) {
    let has = |action: &Action| value.get(action.payload).is_some_and(|payload| !payload.is_null());
    if !has(kind) {
        let message = format!("an action of type {} needs {}", kind.name, kind.payload);
        report(problems, PAYLOAD_MISSING, path, &message);
    }
    for other in ACTIONS.iter().filter(|other| other.name != kind.name && has(other)) {
        let message = format!("{} does not belong to {}; remove it", other.payload, kind.name);
        report(problems, PAYLOAD_FOREIGN, &format!("{path}/{}", other.payload), &message);
    }
}

/// Problems inside a payload.
fn contents(payload: &Value, path: &str, problems: &mut Vec<Problem>) {
    if let Some(references) = payload.get("References").and_then(Value::as_object) {
        let bytes = reference_bytes(references);
        if bytes > REFERENCE_BYTES {
            let message = format!("the values have {bytes} bytes, the maximum is {REFERENCE_BYTES}; shorten them");
            report(problems, REFERENCES, &format!("{path}/References"), &message);
        }
    }
    for (value, place) in field_values(payload) {
        let set = FIELD_VALUES.iter().filter(|member| value.get(**member).is_some_and(|inner| !inner.is_null()));
        let (breach, message) = match set.count() {
            0 => (FIELD_NONE, "no value is set; set one, or EmptyValue"),
            1 => continue,
            _ => (FIELD_TWO, "more than one value is set; keep one"),
        };
        report(problems, breach, &format!("{path}{place}"), message);
    }
}

/// The bytes that certainly count. No source states if names and other members count as well.
pub(super) fn reference_bytes(references: &Map<String, Value>) -> usize {
    references.values().filter_map(|reference| reference.get("Value")?.as_str()).map(str::len).sum()
}

/// Values of case fields in a payload, each with its place relative to the payload.
fn field_values(payload: &Value) -> impl Iterator<Item = (&Map<String, Value>, String)> {
    let fields = list_of(payload.get("Fields"))
        .iter()
        .enumerate()
        .filter_map(|(at, field)| Some((field.get("Value")?.as_object()?, format!("/Fields/{at}/Value"))));
    let targets = list_of(payload.pointer("/CaseSlaConfiguration/TargetFieldValues"))
        .iter()
        .enumerate()
        .filter_map(|(at, value)| Some((value.as_object()?, format!("/CaseSlaConfiguration/TargetFieldValues/{at}"))));
    fields.chain(targets)
}

fn list_of(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
