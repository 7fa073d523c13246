//! Makes a valid input of CreateRule or UpdateRule satisfy the rules beyond the service model: event source, actions
//! and function become consistent. Changes as little as possible, and never the value at the focus.

use arbitrary::Unstructured;
use serde_json::{Map, Value, json};

use super::Context;
use super::actions::{ACTIONS, Action, action};
use super::contract::{FIELD_VALUES, REFERENCE_BYTES};
use super::function::{self, Size};
use super::make::{action_value, integration_id, payload, permitted};
use super::sources::{EVENT_SOURCES, EventSource, event_source};
use crate::constraint::size::pick;
use crate::path::{SchemaPath, Step};

/// See [`crate::semantics::repair`].
pub(in crate::semantics) fn repair(
    input: &mut Value,
    focus: &SchemaPath,
    context: &Context<'_>,
    u: &mut Unstructured<'_>,
) {
    let Some(input) = input.as_object_mut() else { return };
    let focus = Focus::of(focus);
    let trigger = input.get("TriggerEventSource");
    let named = trigger.and_then(|trigger| trigger.get("EventSourceName")?.as_str()).and_then(event_source);
    let source = match named {
        Some(named) => focus.source(named, u),
        None => match context.event_source.and_then(event_source) {
            Some(known) => known,
            None => focus.source(&EVENT_SOURCES[pick(u, 0, EVENT_SOURCES.len() as u64 - 1) as usize], u),
        },
    };
    if let Some(trigger) = input.get_mut("TriggerEventSource").and_then(Value::as_object_mut) {
        repair_trigger(trigger, source, u);
    }
    if let Some(Value::Array(actions)) = input.get_mut("Actions") {
        repair_actions(actions, source, &focus, u);
    }
    if let Some(Value::String(text)) = input.get_mut("Function") {
        repair_function(text, source, u);
    }
}

/// Repairs an action outside a rule: its payload becomes that of its type.
pub(in crate::semantics) fn repair_action(value: &mut Value, u: &mut Unstructured<'_>) {
    let named = value.get("ActionType").and_then(Value::as_str).and_then(action);
    let Some(payload) = named.map(|named| named.payload) else { return };
    // The focus keeps the type.
    let focus = [Step::Member("Actions".to_owned()), Step::Element, Step::Member(payload.to_owned())];
    let mut input = json!({"Actions": [value.take()]});
    repair(&mut input, &SchemaPath(focus.to_vec()), &Context::default(), u);
    *value = input["Actions"][0].take();
}

/// Repairs the contents of a payload.
pub(in crate::semantics) fn repair_payload(payload: &mut Value, u: &mut Unstructured<'_>) {
    repair_inside(payload, None, u);
}

/// The event source that the rule needs so that an input can have a value at `focus`; none if the present one is fine.
pub fn source_for(focus: &SchemaPath, present: Option<&str>) -> Option<&'static str> {
    let present = present.and_then(event_source)?;
    let source = Focus::of(focus).source(present, &mut Unstructured::new(&[]));
    (source.name != present.name).then_some(source.name)
}

/// The part of the input that must stay.
struct Focus<'f> {
    /// True if it is in the first action.
    in_actions: bool,
    /// The action whose payload contains it.
    action: Option<&'static Action>,
    /// True if it is the id of an integration association.
    integration: bool,
    steps: &'f [Step],
}

impl<'f> Focus<'f> {
    fn of(focus: &'f SchemaPath) -> Self {
        let steps = focus.0.as_slice();
        let member = |at: usize| match steps.get(at) {
            Some(Step::Member(name)) => Some(name.as_str()),
            _ => None,
        };
        let in_actions = member(0) == Some("Actions") && steps.len() > 1;
        let payload = member(2).filter(|_| in_actions);
        let action = payload.and_then(|payload| ACTIONS.iter().find(|action| action.payload == payload));
        let integration = member(1) == Some("IntegrationAssociationId");
        Self { in_actions, action, integration, steps }
    }

    /// A source that allows the focus: `wanted` if possible.
    fn source(&self, wanted: &'static EventSource, u: &mut Unstructured<'_>) -> &'static EventSource {
        let suits = |source: &EventSource| match self.action {
            Some(action) => action.suits(source),
            None if self.integration => source.third_party,
            None => !self.in_actions || permitted(source).is_some(),
        };
        if suits(wanted) { wanted } else { one_of(suits, u).unwrap_or(wanted) }
    }

    /// The first of these member names in the focus.
    fn member_of(&self, names: &[&str]) -> Option<&'f str> {
        self.steps.iter().find_map(|step| match step {
            Step::Member(name) if names.contains(&name.as_str()) => Some(name.as_str()),
            _ => None,
        })
    }
}

fn one_of(wanted: impl Fn(&EventSource) -> bool, u: &mut Unstructured<'_>) -> Option<&'static EventSource> {
    let all = || EVENT_SOURCES.iter().filter(|source| wanted(source));
    let count = all().count() as u64;
    all().nth(pick(u, 0, count.saturating_sub(1)) as usize)
}

fn repair_trigger(trigger: &mut Map<String, Value>, source: &EventSource, u: &mut Unstructured<'_>) {
    if trigger.get("EventSourceName").and_then(Value::as_str) != Some(source.name) {
        trigger.insert("EventSourceName".to_owned(), source.name.into());
    }
    let named = trigger.contains_key("IntegrationAssociationId");
    if source.third_party && !named {
        trigger.insert("IntegrationAssociationId".to_owned(), integration_id(u));
    } else if !source.third_party && named {
        trigger.remove("IntegrationAssociationId");
    }
}

fn repair_actions(actions: &mut Vec<Value>, source: &EventSource, focus: &Focus<'_>, u: &mut Unstructured<'_>) {
    let mut kinds: Vec<&str> = Vec::new();
    let mut at = 0;
    actions.retain_mut(|value| {
        let focused = focus.in_actions && at == 0;
        at += 1;
        let kept = repair_one(value, source, focused, focus, &kinds, u);
        kinds.extend(kept);
        // A rule has at most one action of a type, so some actions may have to go.
        kept.is_some()
    });
    let required = source.required.and_then(action).filter(|required| !kinds.contains(&required.name));
    let missing = required.or_else(|| permitted(source).filter(|_| kinds.is_empty()));
    actions.extend(missing.map(|action| action_value(action, u)));
}

/// Repairs one action and returns its type; none if it has to be removed.
fn repair_one(
    value: &mut Value,
    source: &EventSource,
    focused: bool,
    focus: &Focus<'_>,
    taken: &[&str],
    u: &mut Unstructured<'_>,
) -> Option<&'static str> {
    let value = value.as_object_mut()?;
    let named = value.get("ActionType").and_then(Value::as_str).and_then(action);
    let free = |action: &&Action| action.suits(source) && !taken.contains(&action.name);
    let pinned = focus.action.filter(|_| focused);
    let present = || ACTIONS.iter().filter(|action| value.contains_key(action.payload)).filter(free);
    let any = pick(u, 0, (present().count() as u64).saturating_sub(1)) as usize;
    // In order of preference: the named type with its payload, a type with a payload, the named type, any allowed type.
    let whole = || named.filter(|named| free(named) && value.contains_key(named.payload));
    let fallback =
        || whole().or_else(|| present().nth(any)).or(named.filter(free)).or_else(|| ACTIONS.iter().find(free));
    let chosen = pinned.or_else(fallback).or_else(|| named.filter(|_| focused))?;
    if named.map(|named| named.name) != Some(chosen.name) {
        value.insert("ActionType".to_owned(), chosen.name.into());
    }
    value.retain(|name, _| name == chosen.payload || name == "ActionType");
    let inner = value.entry(chosen.payload).or_insert_with(|| payload(chosen, u));
    repair_inside(inner, pinned.map(|_| focus), u);
    Some(chosen.name)
}

fn repair_inside(payload: &mut Value, focus: Option<&Focus<'_>>, u: &mut Unstructured<'_>) {
    if let Some(Value::Object(references)) = payload.get_mut("References") {
        repair_references(references);
    }
    let kept = focus.and_then(|focus| focus.member_of(FIELD_VALUES));
    if let Some(Value::Array(fields)) = payload.get_mut("Fields") {
        for (at, field) in fields.iter_mut().enumerate() {
            repair_field(field.get_mut("Value"), kept.filter(|_| at == 0), u);
        }
    }
    if let Some(Value::Array(values)) = payload.pointer_mut("/CaseSlaConfiguration/TargetFieldValues") {
        for (at, value) in values.iter_mut().enumerate() {
            repair_field(Some(value), kept.filter(|_| at == 0), u);
        }
    }
}

/// Keeps one of the members of a field's value.
fn repair_field(value: Option<&mut Value>, kept: Option<&str>, u: &mut Unstructured<'_>) {
    let Some(Value::Object(value)) = value else { return };
    let present = || FIELD_VALUES.iter().copied().filter(|member| value.contains_key(*member));
    let any = pick(u, 0, (present().count() as u64).saturating_sub(1)) as usize;
    match kept.or_else(|| present().nth(any)) {
        Some(kept) => value.retain(|name, _| name == kept),
        None => {
            value.insert("StringValue".to_owned(), "contract test".into());
        }
    }
}

/// Keeps as many references as fit into the limit. The first one always stays, because it contains the focus.
fn repair_references(references: &mut Map<String, Value>) {
    let mut room = REFERENCE_BYTES;
    let mut first = true;
    references.retain(|_, reference| {
        let Some(Value::String(text)) = reference.get_mut("Value") else { return true };
        if std::mem::take(&mut first) {
            let mut end = text.len().min(room);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
        }
        let fits = text.len() <= room;
        room = room.saturating_sub(text.len());
        fits
    });
}

/// Replaces a function that does not fit the source.
fn repair_function(text: &mut String, source: &EventSource, u: &mut Unstructured<'_>) {
    // Fast path: the paths of most functions show their source.
    let fits = !text.is_empty() && source.root.is_none_or(|root| text.contains(root));
    if !fits || !function::check(text, Some(source.name)).is_empty() {
        // For sources without documented conditions, those of any source are fine.
        *text = function::make(source.root.map(|_| source), Size::SMALL, u).to_string();
    }
}
