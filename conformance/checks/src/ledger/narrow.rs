//! Texts of which a model admits few. A made-up one may be the id of somebody's resource, as a model of others may intend, so
//! that no write may name it.

use std::collections::HashSet;

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator, Place};
use connect_model::resources::{self as graph, is_reference};
use connect_model::schema::{Binding, Kind, Member, OperationId, Schema, Segment};
use serde_json::Value;

use super::has_text;

/// Values that are generated for a shape. Of ten thousand equally likely ones, two would be equal in more than half of all
/// tries.
const TRIES: u64 = 128;

/// Bytes that a value is made of.
const BYTES: usize = 256;

/// The first member of an input that names something with one of few values, which is none of those that are known.
pub(super) fn narrow_name(
    schema: &'static Schema,
    operation: OperationId,
    input: &Value,
    is_known: impl Fn(&str) -> bool,
) -> Option<&'static str> {
    let contract = &schema[operation];
    let members = schema.input_members(contract)?;
    let graph = graph::shared(schema);
    let known = |value: &Value| has_text(value, &|text| is_known(text));
    let is_narrow = |member: &&Member| {
        let value = input.get(&member.name).filter(|value| !value.is_null());
        value.is_some_and(|value| !known(value) && admits_few(schema, member))
    };
    for segment in &contract.uri.segments {
        let (Segment::Label(label) | Segment::Greedy(label)) = segment else { continue };
        let bound = |member: &&Member| matches!(&member.binding, Binding::Label(name) if name == label);
        let Some(member) = members.iter().find(bound) else { continue };
        if is_narrow(&member) {
            return Some(&member.name);
        }
        // The rest of the path is inside of something of the run.
        if input.get(&member.name).is_some_and(known) {
            return None;
        }
    }
    let names = |member: &&Member| {
        let in_message = match &member.binding {
            Binding::Query(name) | Binding::Header(name) => name,
            _ => &member.json_name,
        };
        let mut actions = graph.actions_of(operation);
        is_reference(&member.name)
            || is_reference(in_message)
            || actions.any(|(_, action)| action.is_named_by(&member.name))
    };
    let in_path = |member: &&Member| matches!(member.binding, Binding::Label(_));
    let named = members.iter().filter(|member| !in_path(member) && names(member)).find(is_narrow);
    named.map(|member| member.name.as_str())
}

/// True if values of a shape come again soon. What cannot be generated is not made up either.
fn admits_few(schema: &Schema, member: &Member) -> bool {
    let slot = match &schema[member.slot.target].kind {
        Kind::List(list) => &list.member,
        _ => &member.slot,
    };
    if !matches!(schema[slot.target].kind, Kind::String) {
        return true;
    }
    let generator = Generator::new(schema, Config::default());
    let mut seen = HashSet::new();
    (0..TRIES).any(|seed| {
        let bytes = Stream::new(seed, "values of a shape").bytes(BYTES);
        let made = generator.place(slot, Place::Body, &mut Unstructured::new(&bytes));
        made.is_ok_and(|value| !seen.insert(value.to_string()))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Map, json};

    use super::*;

    /// A model whose strings have these patterns, and an operation with a member in its path and one in its body.
    fn narrow(outer: &str, inner: &str, body: &str, known: &str) -> Option<String> {
        let member = |pattern: &str, traits: Value| {
            let mut all = Map::new();
            all.insert("smithy.api#pattern".to_owned(), pattern.into());
            all.extend(traits.as_object().cloned().unwrap_or_default());
            json!({ "target": "smithy.api#String", "traits": all })
        };
        let label = json!({ "smithy.api#httpLabel": {}, "smithy.api#required": {} });
        let members = json!({
            "Outer": member(outer, label.clone()), "Inner": member(inner, label), "TargetId": member(body, json!({})),
        });
        let members = members.as_object().cloned().unwrap();
        let schema = crate::testing::one_operation("UpdateThing", "POST", "/things/{Outer}/{Inner}", members);
        let input = json!({ "Outer": "outer-1", "Inner": "inner-1", "TargetId": "target-1" });
        let operation = schema.operation_named("UpdateThing").unwrap();
        narrow_name(schema, operation, &input, |text| text == known).map(str::to_owned)
    }

    #[test]
    fn a_model_that_admits_few_values_names_resources_of_others() {
        let wide = "^[a-z0-9-]{8,40}$";
        assert_eq!(narrow(wide, wide, wide, ""), None);
        for few in ["^outer-1$", "^(outer-1|[a-z]{30})$", "^outer-[0-9]$"] {
            assert_eq!(narrow(few, wide, wide, "").as_deref(), Some("Outer"), "{few}");
        }
        assert_eq!(narrow(wide, "^inner-1$", wide, "").as_deref(), Some("Inner"));
        assert_eq!(narrow(wide, wide, "^target-1$", "").as_deref(), Some("TargetId"));
        // A part of a resource of the run is ours, whatever its name: `v1` of a flow.
        assert_eq!(narrow(wide, "^inner-1$", wide, "outer-1"), None);
        assert_eq!(narrow("^outer-1$", wide, wide, "outer-1"), None);
    }
}
