//! Inputs that break the contract of rules once, and the same inputs without the breach.

use arbitrary::Unstructured;
use serde_json::{Map, Value, json};

use super::actions::{ACTIONS, Verdict, action, cell_of_kind};
use super::contract as breach;
use super::function::FAULTS;
use super::make::{action_value, integration_id, payload, rule};
use super::sources::{EVENT_SOURCES, EventSource, event_source};
use super::{Breach, Broken, Context, FUNCTION};
use crate::constraint::size::pick;

type Members = Map<String, Value>;

/// Members for an input of CreateRule or UpdateRule with one breach, and the same without. None if rules on the event
/// source of the context cannot have it.
pub(in crate::semantics) fn broken(
    operation: &str,
    breach: &Breach,
    context: &Context<'_>,
    u: &mut Unstructured<'_>,
) -> Option<Broken> {
    let updates = operation != "CreateRule";
    if updates && needs_trigger(breach) {
        return None;
    }
    let fixed = context.event_source.filter(|_| updates);
    let sources: Vec<&'static EventSource> = match fixed {
        Some(name) => event_source(name).into_iter().collect(),
        None => EVENT_SOURCES.iter().collect(),
    };
    // The first source that can have it, from a random start.
    let start = pick(u, 0, (sources.len() as u64).saturating_sub(1)) as usize;
    let turn = sources.iter().cycle().skip(start).take(sources.len());
    let (mut valid, mut invalid) = turn.copied().find_map(|source| on_source(source, breach, u))?;
    if updates {
        valid.remove("TriggerEventSource");
        invalid.remove("TriggerEventSource");
    }
    Some(Broken { valid, invalid })
}

/// Returns true if the breach is in the event source, which updates do not contain.
pub(super) fn needs_trigger(breach: &Breach) -> bool {
    [breach::INTEGRATION_MISSING.kind, breach::INTEGRATION_ELSEWHERE.kind].contains(&breach.kind)
}

fn on_source(source: &'static EventSource, wanted: &Breach, u: &mut Unstructured<'_>) -> Option<(Members, Members)> {
    if wanted.language == FUNCTION {
        // Undocumented sources have no known rules to break.
        source.root?;
        let fault = FAULTS.iter().find(|fault| fault.breach.kind == wanted.kind)?;
        let (valid, invalid) = fault.commit(source, u)?;
        return Some(both(
            rule(source, None, u),
            |members| {
                members.insert("Function".to_owned(), valid.into());
            },
            |members| {
                members.insert("Function".to_owned(), invalid.into());
            },
        ));
    }
    if let Some(cell) = cell_of_kind(wanted.kind) {
        if cell.source.name != source.name {
            return None;
        }
        let extra = action_value(cell.action, u);
        return edited(rule(source, None, u), |members| {
            actions(members)?.push(extra);
            Some(())
        });
    }
    contract(source, wanted, u)
}

fn contract(source: &'static EventSource, wanted: &Breach, u: &mut Unstructured<'_>) -> Option<(Members, Members)> {
    let mut members = rule(source, None, u);
    let is = |breach: &Breach| breach.kind == wanted.kind;
    if is(breach::INTEGRATION_MISSING) {
        return edited(members, |members| {
            members.get_mut("TriggerEventSource")?.as_object_mut()?.remove("IntegrationAssociationId").map(|_| ())
        });
    }
    if is(breach::INTEGRATION_ELSEWHERE) {
        let id = integration_id(u);
        return (!source.third_party).then(|| {
            edited(members, |members| {
                members
                    .get_mut("TriggerEventSource")?
                    .as_object_mut()?
                    .insert("IntegrationAssociationId".to_owned(), id);
                Some(())
            })
        })?;
    }
    if is(breach::REQUIRED) {
        let required = source.required?;
        let other = ACTIONS.iter().find(|action| action.name != required && action.on(source) == Verdict::Permitted)?;
        members = rule(source, Some(other), u);
        return edited(members, |members| {
            actions(members)?.retain(|action| action["ActionType"] != required);
            Some(())
        });
    }
    if is(breach::PAYLOAD_MISSING) {
        return edited(members, |members| {
            let first = actions(members)?.first_mut()?.as_object_mut()?;
            let kind = action(first.get("ActionType")?.as_str()?)?;
            first.remove(kind.payload).map(|_| ())
        });
    }
    if is(breach::PAYLOAD_FOREIGN) {
        let foreign = action("GENERATE_EVENTBRIDGE_EVENT")?;
        let value = payload(foreign, u);
        return edited(members, |members| {
            let first = actions(members)?.iter_mut().find(|action| action["ActionType"] != foreign.name)?;
            first[foreign.payload] = value;
            Some(())
        });
    }
    if is(breach::DUPLICATE) {
        return edited(members, |members| {
            let actions = actions(members)?;
            actions.push(actions.first()?.clone());
            Some(())
        });
    }
    if is(breach::REFERENCES) {
        let task = action("CREATE_TASK").filter(|task| task.on(source) == Verdict::Permitted)?;
        members = rule(source, Some(task), u);
        let reference = |count: usize| json!({"Type": "STRING", "Value": "r".repeat(count)});
        return Some(both(
            members,
            |members| set_references(members, json!({"first": reference(1000), "second": reference(1000)})),
            |members| set_references(members, json!({"first": reference(4000), "second": reference(4000)})),
        ));
    }
    let value = if is(breach::FIELD_NONE) {
        json!({})
    } else if is(breach::FIELD_TWO) {
        json!({"StringValue": "contract test", "BooleanValue": true})
    } else {
        return None;
    };
    let case = ["CREATE_CASE", "UPDATE_CASE"]
        .into_iter()
        .filter_map(action)
        .find(|action| action.on(source) == Verdict::Permitted)?;
    members = rule(source, Some(case), u);
    edited(members, |members| {
        let holder = actions(members)?.iter_mut().find(|action| action["ActionType"] == case.name)?;
        *holder.get_mut(case.payload)?.pointer_mut("/Fields/0/Value")? = value;
        Some(())
    })
}

fn actions(members: &mut Members) -> Option<&mut Vec<Value>> {
    members.get_mut("Actions").and_then(Value::as_array_mut)
}

fn set_references(members: &mut Members, references: Value) {
    let tasks = actions(members).into_iter().flatten().filter_map(|action| action.get_mut("TaskAction"));
    for task in tasks {
        task["References"] = references.clone();
    }
}

/// Members, and the same after an edit.
fn edited(valid: Members, edit: impl FnOnce(&mut Members) -> Option<()>) -> Option<(Members, Members)> {
    let mut invalid = valid.clone();
    edit(&mut invalid)?;
    Some((valid, invalid))
}

/// Members after one edit, and after another.
fn both(members: Members, right: impl FnOnce(&mut Members), wrong: impl FnOnce(&mut Members)) -> (Members, Members) {
    let (mut valid, mut invalid) = (members.clone(), members);
    right(&mut valid);
    wrong(&mut invalid);
    (valid, invalid)
}
