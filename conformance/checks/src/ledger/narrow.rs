//! Texts of which a model admits few. A made-up one may be the id of somebody's resource, as a model of others may intend, so
//! that no write may name it.

use std::collections::HashMap;

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator, Place};
use connect_model::json_text::scalar;
use connect_model::resources::{self as graph, is_reference};
use connect_model::schema::{Binding, Kind, OperationId, Schema, Segment, Slot};
use serde_json::Value;

use crate::parts::{Part, visit};

/// Values that are generated for a text with a pattern.
const TRIES: u64 = 128;

/// Different ones that there must be.
const DIFFERENT: usize = 32;

/// Times that one may come again.
const AGAIN: usize = 16;

/// The same for a text that is long enough to be an id.
const LONG_AGAIN: usize = 2;

/// Characters of such a text.
const LONG: usize = 4;

/// Bytes that a value is made of.
const BYTES: usize = 256;

/// The first member of an input that names something with one of few values, which is none of those that are known. What is
/// inside of something known, by the path, is known as well.
pub(super) fn narrow_name(
    schema: &'static Schema,
    operation: OperationId,
    input: &Value,
    is_known: impl Fn(&str) -> bool,
) -> Option<String> {
    let contract = &schema[operation];
    let members = schema.input_members(contract)?;
    let actions = graph::shared(schema).actions_of(operation);
    let own: Vec<&str> = actions.flat_map(|(_, action)| &action.names).map(|(name, _)| name.as_str()).collect();
    let is_unknown = |value: &Value| scalar(value).is_some_and(|text| !is_known(&text));
    for segment in &contract.uri.segments {
        let (Segment::Label(label) | Segment::Greedy(label)) = segment else { continue };
        let Some(member) = members.labelled(label) else { continue };
        let Some(value) = input.get(&member.name).filter(|value| !value.is_null()) else { continue };
        if !is_unknown(value) {
            break;
        }
        if admits_few(schema, &member.slot) {
            return Some(member.name.clone());
        }
    }
    let mut found = None;
    visit(schema, contract.input?, input, &mut |part: &Part<'_, '_>| {
        let in_path = part.member.is_some_and(|member| matches!(member.binding, Binding::Label(_)));
        if !in_path && names(part, &own) && is_unknown(part.value) && admits_few(schema, part.slot) {
            found.get_or_insert_with(|| part.pointer[1..].to_owned());
        }
        found.is_none()
    });
    found
}

/// True for a part whose name, in the model or in the message, is that of an id.
fn names(part: &Part<'_, '_>, own: &[&str]) -> bool {
    let in_message = part.member.map_or("", |member| match &member.binding {
        Binding::Query(name) | Binding::Header(name) => name,
        _ => &member.json_name,
    });
    is_reference(part.name) || is_reference(in_message) || own.contains(&part.name)
}

/// True if the values that a pattern admits come again soon. Numbers are few; so is what cannot be generated.
fn admits_few(schema: &Schema, slot: &Slot) -> bool {
    if !matches!(schema[slot.target].kind, Kind::String) {
        return true;
    }
    if slot.traits.pattern.is_none() {
        return slot.traits.length.and_then(|bounds| bounds.max).is_some_and(|max| max < LONG as u64);
    }
    let generator = Generator::new(schema, Config::default());
    let mut seen: HashMap<String, usize> = HashMap::new();
    for seed in 0..TRIES {
        let bytes = Stream::new(seed, "values of a pattern").bytes(BYTES);
        match generator.place(slot, Place::Body, &mut Unstructured::new(&bytes)) {
            Ok(Value::String(text)) if !text.is_empty() => *seen.entry(text).or_default() += 1,
            _ => {}
        }
    }
    let comes_again =
        |(text, times): (&String, &usize)| *times > if text.chars().count() < LONG { AGAIN } else { LONG_AGAIN };
    seen.len() < DIFFERENT || seen.iter().any(comes_again)
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
            if !pattern.is_empty() {
                all.insert("smithy.api#pattern".to_owned(), pattern.into());
            }
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
        narrow_name(schema, operation, &input, |text| text == known)
    }

    #[test]
    fn a_model_that_admits_few_values_names_resources_of_others() {
        let wide = "^[a-z0-9-]{8,40}$";
        assert_eq!(narrow(wide, wide, wide, ""), None);
        for few in ["^outer-1$", "^(outer-1|[a-z]{30})$", "^(outer-1|o|[a-z]{9}|[a-z]{30})$", "^outer-[0-9]$"] {
            assert_eq!(narrow(few, wide, wide, "").as_deref(), Some("Outer"), "{few}");
        }
        assert_eq!(narrow(wide, "^inner-1$", wide, "").as_deref(), Some("Inner"));
        assert_eq!(narrow(wide, wide, "^target-1$", "").as_deref(), Some("TargetId"));
        // A part of a resource of the run is ours, whatever its name: `v1` of a flow.
        assert_eq!(narrow(wide, "^inner-1$", wide, "outer-1"), None);
        assert_eq!(narrow("^outer-1$", wide, wide, "outer-1"), None);
        // Beside it, the model may still name something of others.
        assert_eq!(narrow(wide, wide, "^target-1$", "outer-1").as_deref(), Some("TargetId"));
        for usual in ["", "^.*$", "^[a-zA-Z0-9_-]{1,64}$", "^arn:aws:x:[a-z]+$", "^[a-f0-9]{8}-[a-f0-9]{4}$"] {
            assert_eq!(narrow(usual, usual, usual, ""), None, "{usual}");
        }
    }
}
