//! What Smithy cannot say about Amazon Connect: members that are text for the wire and a language of their own inside,
//! and what calling an operation does to the world.

pub mod danger;
pub mod flow;
pub mod json;
mod parts;
pub mod problem;
pub mod rule;
mod repair;

use std::collections::HashMap;

use arbitrary::Unstructured;
use serde_json::{Map, Value};

pub use self::parts::{check_parts, repair_parts};
pub use self::problem::Problem;
pub use self::repair::repair;
pub(crate) use self::repair::repairs_texts;
use crate::schema::{Schema, ShapeId};

/// How sure a rule of this module is, and so what may be made of a breach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Inference, or one weak source: recorded, never judged.
    Low,
    /// One good source: a live observation that was published, or the code of a real client.
    Medium,
    /// Normative text, or several sources that agree.
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

/// One way to break a rule that the service model does not state.
#[derive(Debug, PartialEq, Eq)]
pub struct Breach {
    /// Which rules: `flow-content`, `rule-function` or `rule-actions`.
    pub language: &'static str,
    /// Name of the fault within its language, in kebab case.
    pub kind: &'static str,
    /// The rule that is broken, in one sentence.
    pub rule: &'static str,
    /// Where the rule comes from.
    pub source: &'static str,
    /// How sure it is.
    pub confidence: Confidence,
}

/// What the rules depend on and an input need not say: it is known of the thing that the input names.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// Event source of the rule that is updated.
    pub event_source: Option<&'a str>,
    /// Type of the flow that is updated.
    pub flow_type: Option<&'a str>,
}

/// Members for an input, right but for one breach in `invalid`. Whatever they do not name is of no matter to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Broken {
    /// Without the breach.
    pub valid: Map<String, Value>,
    /// With it, and with no other.
    pub invalid: Map<String, Value>,
}

/// The breaches that an operation's input can have; none for operations without rules beside the model.
pub fn breaches(operation: &str) -> Vec<&'static Breach> {
    if rule::is_rule(operation) { rule::breaches(operation) } else { flow::breaches(operation).collect() }
}

/// An input's members with one breach, beside the same without. None if the breach cannot be had in this context.
pub fn broken(operation: &str, breach: &Breach, context: &Context<'_>, u: &mut Unstructured<'_>) -> Option<Broken> {
    if rule::is_rule(operation) {
        return rule::broken(operation, breach, context, u);
    }
    flow::broken(operation, breach, context, u)
}

/// Everything that an input has wrong beside the service model, each with its language. Paths of `rule-actions` lead
/// into the input, those of the other languages into the text of the member that [`text_member`] names.
pub fn check(operation: &str, input: &Value, context: &Context<'_>) -> Vec<(&'static str, Problem)> {
    if rule::is_rule(operation) { rule::check(input, context) } else { flow::check_input(operation, input, context) }
}

/// The member of an input whose text is written in a language; none for languages that lie across members.
pub fn text_member(language: &str) -> Option<&'static str> {
    match language {
        flow::LANGUAGE => Some("Content"),
        rule::FUNCTION => Some("Function"),
        _ => None,
    }
}

/// Makes text of a language.
pub type TextMaker = fn(&mut Unstructured<'_>) -> String;

/// Shapes whose text is a JSON document, with a maker of well-formed ones. Source: Connect API reference,
/// CreateContactFlow (Content), CreateContactFlowModule (Content), CreateRule (Function).
const JSON_TEXTS: &[(&str, TextMaker)] = &[
    ("ContactFlowContent", flow::flow_text),
    ("ContactFlowModuleContent", flow::module_text),
    ("RuleFunction", rule::some_function),
];

/// The makers for those shapes that this schema has; none for services other than Connect.
pub(crate) fn text_makers(schema: &Schema) -> HashMap<ShapeId, TextMaker> {
    if schema.service.sdk_id != "Connect" {
        return HashMap::new();
    }
    JSON_TEXTS.iter().filter_map(|(name, make)| Some((schema.shape_named(name)?, *make))).collect()
}
