//! What Smithy cannot say about Amazon Connect: members that are text for the wire and a language of their own inside,
//! and what calling an operation does to the world.

pub mod danger;

use std::collections::HashMap;

use arbitrary::Unstructured;

use crate::schema::{Schema, ShapeId};

/// Makes text of a language.
pub type TextMaker = fn(&mut Unstructured<'_>) -> String;

/// Shapes whose text is a JSON document, with a maker of well-formed ones. Source: Connect API reference,
/// CreateContactFlow (Content), CreateContactFlowModule (Content), CreateRule (Function).
const JSON_TEXTS: &[(&str, TextMaker)] =
    &[("ContactFlowContent", flow), ("ContactFlowModuleContent", module), ("RuleFunction", function)];

/// The makers for those shapes that this schema has; none for services other than Connect.
pub(crate) fn text_makers(schema: &Schema) -> HashMap<ShapeId, TextMaker> {
    if schema.service.sdk_id != "Connect" {
        return HashMap::new();
    }
    JSON_TEXTS.iter().filter_map(|(name, make)| Some((schema.shape_named(name)?, *make))).collect()
}

/// Text without quotes or escapes, to tell documents apart.
fn tag(u: &mut Unstructured<'_>) -> u32 {
    u.arbitrary().unwrap_or(0)
}

/// The smallest flow that speaks: one message, then the end.
fn flow(u: &mut Unstructured<'_>) -> String {
    let tag = tag(u);
    let end = r#"{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}"#;
    speaking(tag, end)
}

fn module(u: &mut Unstructured<'_>) -> String {
    let tag = tag(u);
    let end = r#"{"Identifier":"end","Type":"EndFlowModuleExecution","Parameters":{},"Transitions":{}}"#;
    speaking(tag, end)
}

fn speaking(tag: u32, end: &str) -> String {
    format!(
        r#"{{"Version":"2019-10-30","StartAction":"say","Metadata":{{}},"Actions":[{{"Identifier":"say","Type":"MessageParticipant","Parameters":{{"Text":"contract test {tag:08x}"}},"Transitions":{{"NextAction":"end","Errors":[{{"ErrorType":"NoMatchingError","NextAction":"end"}}],"Conditions":[]}}}},{end}]}}"#
    )
}

/// One condition on a phrase that nobody says.
fn function(u: &mut Unstructured<'_>) -> String {
    let tag = tag(u);
    format!(
        r#"{{"Version":"2022-11-25","RuleFunction":{{"Operator":"OR","Operands":[{{"Operator":"CONTAINS_ANY","Operands":["contract test {tag:08x}"],"ComparisonValue":"$.ContactLens.RealTimeCall.ExactMatch.Transcript","FilterClause":{{"LogicOperator":"AND","Filters":[{{"Type":"ParticipantRole","Data":"ANY"}}]}},"Negate":false}}]}}}}"#
    )
}
