//! Texts of which a model admits few, and short names that a caller chooses. A made-up one may be the id of somebody's resource,
//! as a model of others may intend, so that no write may name it.

use std::collections::HashMap;

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator, Place};
use connect_model::json_text::scalar;
use connect_model::resources::{self as graph, Source, is_reference};
use connect_model::schema::{Binding, Kind, Member, OperationId, Schema, Segment, Slot};
use connect_model::validate::validate_slot;
use serde_json::Value;

use crate::parts::{Part, visit};
use crate::permission::signs_as_connect;
use crate::resources;
use crate::resources::Resource;

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

/// Characters from which on a made-up name is hardly that of somebody's resource.
const ENOUGH: usize = 5;

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
    let chosen = [chosen_names(schema, operation), names_of_others(schema, operation)].concat();
    let is_unknown = |value: &Value| scalar(value).is_some_and(|text| !is_known(&text));
    let is_short = |name: &str, slot: &Slot, value: &Value| {
        let text = value.as_str().filter(|text| text.chars().count() < ENOUGH);
        // A value that the model does not allow is the name of no resource.
        chosen.contains(&name) && text.is_some() && validate_slot(schema, slot, value).is_empty()
    };
    for segment in &contract.uri.segments {
        let (Segment::Label(label) | Segment::Greedy(label)) = segment else { continue };
        let Some(member) = members.labelled(label) else { continue };
        let Some(value) = input.get(&member.name).filter(|value| !value.is_null()) else { continue };
        if !is_unknown(value) {
            break;
        }
        if is_short(&member.name, &member.slot, value) || admits_few(schema, &member.slot) {
            return Some(member.name.clone());
        }
    }
    let mut found = None;
    visit(schema, contract.input?, input, &mut |part: &Part<'_, '_>| {
        let in_path = part.member.is_some_and(|member| matches!(member.binding, Binding::Label(_)));
        let is_top = part.pointer.strip_prefix('/') == Some(part.name);
        let is_few = names(part, &own) && admits_few(schema, part.slot);
        if !in_path && is_unknown(part.value) && (is_few || is_top && is_short(part.name, part.slot, part.value)) {
            found.get_or_insert_with(|| part.pointer[1..].to_owned());
        }
        found.is_none()
    });
    found
}

/// The members of an input with an id that callers choose: of a resource that the operation may change, or replace by a new
/// one, as a `Put` does.
fn chosen_names(schema: &'static Schema, operation: OperationId) -> Vec<&'static str> {
    let graph = graph::shared(schema);
    let is_chosen = |kind: &graph::Kind| matches!(kind.id, Source::Input(_));
    let changed = graph.actions_of(operation).filter(|(kind, action)| is_chosen(kind) && !action.role.lists());
    let changed = changed.filter_map(|(kind, action)| kind.id_member(action));
    let refuses = |row: &Resource| row.has_unique_names();
    let made = graph.made_by(operation).filter(|kind| !resources::named(schema, &kind.noun).is_some_and(refuses));
    let made = made.and_then(|kind| match &kind.id {
        Source::Input(name) => Some(name.as_str()),
        Source::Output(_) => None,
    });
    // A write inside of a resource changes that resource, too.
    let held = graph.made_by(operation).into_iter().chain(graph.actions_of(operation).map(|(kind, _)| kind));
    let holders = held.flat_map(|kind| &kind.parents).filter_map(|(member, holder)| {
        let holder = graph.kinds().get((*holder)?)?;
        is_chosen(holder).then_some(member.as_str())
    });
    changed.chain(made).chain(holders).collect()
}

/// The members of a write of another service that may name things which no operation of its model makes, such as the things of
/// IoT in the model of their shadows: those of the path, and references. Connect assigns the ids of its resources.
fn names_of_others(schema: &'static Schema, operation: OperationId) -> Vec<&'static str> {
    if signs_as_connect(schema) {
        return Vec::new();
    }
    let made = graph::shared(schema).made_by(operation);
    let is_new = |name: &str| {
        made.is_some_and(|kind| {
            kind.name.as_deref() == Some(name) || matches!(&kind.id, Source::Input(id) if id == name)
        })
    };
    let names_something = |member: &Member| {
        matches!(member.binding, Binding::Label(_))
            || is_reference(&member.name)
            || (member.required && member.name.ends_with("Name"))
    };
    let members = schema.input_members(&schema[operation]).into_iter().flatten();
    let members = members.filter(|member| names_something(member) && !is_new(&member.name));
    members.map(|member| member.name.as_str()).collect()
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

    /// A short name of one's own choice may be that of somebody, unless a creation refuses names that are taken.
    #[test]
    fn short_names_that_may_be_taken_are_not_written_to() {
        let text = json!({ "shape": "S" });
        let label = json!({ "shape": "S", "location": "uri", "locationName": "Name" });
        let input = |name: &Value| json!({ "type": "structure", "required": ["Name"], "members": { "Name": name, "Text": text } });
        let operation = |name: &str, uri: &str, input: &str, errors: &[&str]| {
            let errors: Vec<Value> = errors.iter().map(|error| json!({ "shape": error })).collect();
            json!({ "name": name, "http": { "method": "POST", "requestUri": uri }, "input": { "shape": input }, "errors": errors })
        };
        let model = json!({
            "metadata": { "endpointPrefix": "x", "protocol": "rest-json", "apiVersion": "1", "serviceId": "X" },
            "operations": {
                "PutPolicy": operation("PutPolicy", "/PutPolicy", "In", &[]),
                "DeletePolicy": operation("DeletePolicy", "/DeletePolicy", "In", &[]),
                "CreateLexicon": operation("CreateLexicon", "/lexicons/{Name}", "InPath", &["ConflictException"]),
                "UpdateLexicon": operation("UpdateLexicon", "/lexicons/{Name}/text", "InPath", &[]),
                "DeleteLexicon": operation("DeleteLexicon", "/lexicons/{Name}/end", "InPath", &[]),
                // Nothing in the model makes the things that these name.
                "UpdateShadow": operation("UpdateShadow", "/shadows/{Name}", "InPath", &[]),
                "SendRecord": operation("SendRecord", "/records", "Record", &[]),
            },
            "shapes": {
                "In": input(&text), "InPath": input(&label),
                "Record": { "type": "structure", "required": ["GroupName"], "members": { "GroupName": text, "Text": text } }, "S": { "type": "string", "min": 1, "max": 64 },
                "ConflictException": { "type": "structure", "members": {}, "exception": true, "error": { "httpStatusCode": 409 } },
            },
        });
        let schema = Schema::from_text("x", model.to_string().into_bytes()).unwrap();
        let schema: &'static Schema = Box::leak(Box::new(schema));
        let narrow = |operation: &str, name: &str| {
            let operation = schema.operation_named(operation).unwrap();
            let input = json!({ "Name": name, "GroupName": name, "Text": "q" });
            narrow_name(schema, operation, &input, |text| text == "mine")
        };
        assert_eq!(narrow("SendRecord", "q").as_deref(), Some("GroupName"));
        assert_eq!(narrow("SendRecord", "mine"), None);
        for operation in ["PutPolicy", "DeletePolicy", "UpdateLexicon", "DeleteLexicon", "UpdateShadow"] {
            assert_eq!(narrow(operation, "q").as_deref(), Some("Name"), "{operation}");
            assert_eq!(narrow(operation, "mine"), None, "{operation}");
            assert_eq!(narrow(operation, "Ct-0badcafe-1"), None, "{operation}");
            assert_eq!(narrow(operation, ""), None, "{operation}: not allowed by the model");
        }
        assert_eq!(narrow("CreateLexicon", "q"), None, "a name that is taken is refused");
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
