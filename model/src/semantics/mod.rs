//! Rules of Amazon Connect that Smithy cannot express: string members written in a language of their own, and the
//! effects of calling an operation.

pub mod danger;
pub mod flow;
pub mod json;
mod parts;
pub mod problem;
mod repair;
pub mod rule;

use std::collections::HashMap;

use arbitrary::Unstructured;
use serde_json::{Map, Value};

pub use self::parts::{check_parts, repair_parts};
pub use self::problem::Problem;
pub use self::repair::repair;
pub(crate) use self::repair::repairs_texts;
use crate::evidence::Evidence;
use crate::schema::{Schema, ShapeId};

/// The confidence in a rule of this module; it decides how a breach is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Inference, or a single weak source: recorded, never judged.
    Low,
    /// One good source: a published live observation, or the code of a real client.
    Medium,
    /// Normative text, or several agreeing sources.
    High,
}

impl Confidence {
    /// Name in reports.
    pub fn word(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }
}

/// A way to break a rule that the service model does not state.
#[derive(Debug, PartialEq, Eq)]
pub struct Breach {
    /// The set of rules: `flow-content`, `rule-function` or `rule-actions`.
    pub language: &'static str,
    /// Name of the breach within its language, in kebab case.
    pub kind: &'static str,
    /// The broken rule, in one sentence.
    pub rule: &'static str,
    /// Sources of the rule.
    pub evidence: &'static [Evidence],
    /// Confidence in the rule.
    pub confidence: Confidence,
}

/// Facts about the resource that an input names, on which the rules depend and which the input need not contain.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// Event source of the updated rule.
    pub event_source: Option<&'a str>,
    /// Type of the updated flow.
    pub flow_type: Option<&'a str>,
}

/// Members for an input, with one breach in `invalid`. Other members do not matter to the breach.
#[derive(Clone, Debug, PartialEq)]
pub struct Broken {
    /// Members without the breach.
    pub valid: Map<String, Value>,
    /// Members with this breach and no other.
    pub invalid: Map<String, Value>,
}

/// The breaches that an operation's input can have; none for operations without rules beyond the model.
pub fn breaches(operation: &str) -> Vec<&'static Breach> {
    if rule::is_rule(operation) { rule::breaches(operation) } else { flow::breaches(operation).collect() }
}

/// An input's members with one breach, and the same without. None if the breach is impossible in this context.
pub fn broken(operation: &str, breach: &Breach, context: &Context<'_>, u: &mut Unstructured<'_>) -> Option<Broken> {
    if rule::is_rule(operation) {
        return rule::broken(operation, breach, context, u);
    }
    flow::broken(operation, breach, context, u)
}

/// All problems of an input beyond the service model, each with its language. Paths of `rule-actions` point into the
/// input, those of the other languages into the text of the member that [`text_member`] names.
pub fn check(operation: &str, input: &Value, context: &Context<'_>) -> Vec<(&'static str, Problem)> {
    if rule::is_rule(operation) { rule::check(input, context) } else { flow::check_input(operation, input, context) }
}

/// The member of an input that holds text in a language; none for rules across members.
pub fn text_member(language: &str) -> Option<&'static str> {
    match language {
        flow::LANGUAGE => Some("Content"),
        rule::FUNCTION => Some("Function"),
        _ => None,
    }
}

/// Generates text in a language.
pub type TextMaker = fn(&mut Unstructured<'_>) -> String;

/// Shapes whose text is a JSON document, with a generator of well-formed ones. Source: Connect API reference,
/// CreateContactFlow (Content), CreateContactFlowModule (Content), CreateRule (Function).
const JSON_TEXTS: &[(&str, TextMaker)] = &[
    ("ContactFlowContent", flow::flow_text),
    ("ContactFlowModuleContent", flow::module_text),
    ("RuleFunction", rule::some_function),
];

/// True for a shape whose values are text in a language.
pub fn is_language(schema: &Schema, shape: ShapeId) -> bool {
    schema.service.is_connect() && JSON_TEXTS.iter().any(|(name, _)| schema[shape].name == *name)
}

/// The text generators for the shapes of this schema; none for services other than Connect.
pub(crate) fn text_makers(schema: &Schema) -> HashMap<ShapeId, TextMaker> {
    if !schema.service.is_connect() {
        return HashMap::new();
    }
    JSON_TEXTS.iter().filter_map(|(name, make)| Some((schema.shape_named(name)?, *make))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::is_inference;

    /// Low confidence is recorded and never judged.
    #[test]
    fn rules_that_rest_on_inference_have_low_confidence() {
        let all = breaches("CreateRule").into_iter().chain(breaches("CreateContactFlow"));
        for breach in all {
            let Breach { kind, confidence, evidence, .. } = breach;
            assert_eq!(is_inference(evidence), *confidence == Confidence::Low, "{kind}");
        }
    }
}
