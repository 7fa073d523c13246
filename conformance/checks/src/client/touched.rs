//! Counts the members of the contract that a run sent or received, the errors that it saw, and the limits at which values
//! were accepted. Judges nothing.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use connect_model::schema::{Kind, OperationId, Schema, ShapeId};
use serde_json::Value;

use crate::coverage::{CoverageSets, Seen};

/// A member of a structure or union.
type Member = (ShapeId, String);

/// Members and errors that were touched so far.
#[derive(Debug, Default)]
pub struct Touched {
    members: Mutex<HashSet<Member>>,
    errors: Mutex<HashSet<(OperationId, ShapeId)>>,
    limits: Mutex<HashMap<OperationId, HashMap<usize, Option<String>>>>,
}

impl Touched {
    /// Records that a value of a shape was sent or received.
    pub fn value(&self, schema: &Schema, shape: Option<ShapeId>, value: &Value) {
        let Some(shape) = shape else { return };
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        visit(schema, shape, value, &mut members);
    }

    /// Records that an operation answered with one of its errors.
    pub fn error(&self, operation: OperationId, error: ShapeId) {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).insert((operation, error));
    }

    /// Records that an operation accepted a value at a limit, by the index of its site in the input.
    pub fn limit(&self, operation: OperationId, site: usize) {
        self.limits_of(operation, |limits| {
            limits.insert(site, None);
        });
    }

    /// Records that a value at a limit has no verdict, or was refused. A limit that another value reached stays reached.
    pub fn left(&self, operation: OperationId, site: usize, why: &str) {
        self.limits_of(operation, |limits| {
            limits.entry(site).or_insert_with(|| Some(why.to_owned()));
        });
    }

    /// The limits of an operation that were tried; those that were not reached have the reason.
    pub fn limits(&self, operation: OperationId) -> HashMap<usize, Option<String>> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner).get(&operation).cloned().unwrap_or_default()
    }

    fn limits_of(&self, operation: OperationId, with: impl FnOnce(&mut HashMap<usize, Option<String>>)) {
        with(self.limits.lock().unwrap_or_else(PoisonError::into_inner).entry(operation).or_default())
    }

    /// The touched part of the inputs, outputs and errors of some operations, in the order of the model.
    pub fn sets(&self, schema: &Schema, operations: &[OperationId]) -> CoverageSets {
        let chosen: HashSet<OperationId> = operations.iter().copied().collect();
        let messages = |id: &OperationId| schema[*id].input.into_iter().chain(schema[*id].output);
        let within = schema.reachable(operations.iter().flat_map(messages));
        let everything = schema.operations().map(|(id, _)| id).collect::<Vec<_>>();
        let met = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        let mut members = Seen::default();
        let reachable = schema.reachable(everything.iter().flat_map(messages));
        let all = reachable.iter().flat_map(|shape| {
            schema[*shape].kind.members().into_iter().flatten().map(move |member| (*shape, member.name.clone()))
        });
        for (at, member) in all.enumerate().filter(|(_, (shape, _))| within.contains(shape)) {
            members.all.set(at);
            if met.contains(&member) {
                members.met.set(at);
            }
        }
        let met = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        let mut errors = Seen::default();
        let all = everything.iter().flat_map(|id| schema[*id].errors.iter().map(|error| (*id, *error)));
        for (at, pair) in all.enumerate().filter(|(_, (operation, _))| chosen.contains(operation)) {
            errors.all.set(at);
            if met.contains(&pair) {
                errors.met.set(at);
            }
        }
        CoverageSets { members, errors }
    }
}

fn visit(schema: &Schema, shape: ShapeId, value: &Value, met: &mut HashSet<Member>) {
    match (&schema[shape].kind, value) {
        (Kind::Structure(members) | Kind::Union(members), Value::Object(map)) => {
            for (name, inner) in map {
                let Some(member) = members.get(name).filter(|_| !inner.is_null()) else { continue };
                met.insert((shape, name.clone()));
                visit(schema, member.slot.target, inner, met);
            }
        }
        (Kind::List(list), Value::Array(items)) => {
            items.iter().for_each(|item| visit(schema, list.member.target, item, met));
        }
        (Kind::Map(map), Value::Object(entries)) => {
            entries.values().for_each(|inner| visit(schema, map.value.target, inner, met));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use crate::coverage::Ratio;

    #[test]
    fn counts_members_once_and_ignores_null() {
        let schema = Schema::connect();
        let id = schema.operation_named("CreateRule").unwrap();
        let touched = Touched::default();
        let none = touched.sets(schema, &[id]).members.ratio();
        assert_eq!(none.covered, 0);
        assert!(none.total > 60, "{none:?}");
        let action =
            json!({ "ActionType": "END_ASSOCIATED_TASKS", "EndAssociatedTasksAction": {}, "TaskAction": null });
        let value = json!({ "Name": "a", "Actions": [action.clone(), action], "NotModelled": 1 });
        for _ in 0..2 {
            touched.value(schema, schema[id].input, &value);
        }
        assert_eq!(touched.sets(schema, &[id]).members.ratio(), Ratio { covered: 4, ..none });
        let error = schema.error_of(&schema[id], "ResourceConflictException").unwrap();
        touched.error(id, error);
        assert_eq!(touched.sets(schema, &[id]).errors.ratio(), Ratio { covered: 1, total: 7 });
        let other = schema.operation_named("DeleteRule").unwrap();
        let (one, both) = (touched.sets(schema, &[id]), touched.sets(schema, &[id, other]));
        let apart = one.members.or(&touched.sets(schema, &[other]).members);
        assert_eq!(apart, both.members, "the sets of two operations add up");
    }
}
