//! What of the contract a run touched: members that were sent or received, errors that were seen. Counts, and judges
//! nothing.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use connect_model::schema::{Kind, OperationId, Schema, ShapeId};
use serde_json::Value;

use crate::event::Ratio;

/// A member of a structure or union.
type Member = (ShapeId, String);

/// Members and errors that were met so far.
#[derive(Debug, Default)]
pub struct Touched {
    members: Mutex<HashSet<Member>>,
    errors: Mutex<HashSet<(OperationId, ShapeId)>>,
}

impl Touched {
    /// A value of that shape was sent or received.
    pub fn value(&self, schema: &Schema, shape: Option<ShapeId>, value: &Value) {
        let Some(shape) = shape else { return };
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        visit(schema, shape, value, &mut members);
    }

    /// An operation answered with one of its errors.
    pub fn error(&self, operation: OperationId, error: ShapeId) {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).insert((operation, error));
    }

    /// Members that were met, of all that inputs and outputs of these operations have.
    pub fn members(&self, schema: &Schema, operations: &[OperationId]) -> Ratio {
        let mut all: HashSet<Member> = HashSet::new();
        let messages = |id: &OperationId| schema[*id].input.into_iter().chain(schema[*id].output);
        for shape in schema.reachable(operations.iter().flat_map(messages)) {
            let members = schema[shape].kind.members().into_iter().flatten();
            all.extend(members.map(|member| (shape, member.name.clone())));
        }
        let met = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        Ratio { covered: all.intersection(&met).count() as u64, total: all.len() as u64 }
    }

    /// Errors that were met, of all that these operations list.
    pub fn errors(&self, schema: &Schema, operations: &[OperationId]) -> Ratio {
        let met = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        let all = || operations.iter().flat_map(|id| schema[*id].errors.iter().map(|error| (*id, *error)));
        Ratio { covered: all().filter(|pair| met.contains(pair)).count() as u64, total: all().count() as u64 }
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

    #[test]
    fn what_was_met_is_counted_once_and_null_is_absence() {
        let schema = Schema::connect();
        let id = schema.operation_named("CreateRule").unwrap();
        let touched = Touched::default();
        let none = touched.members(schema, &[id]);
        assert_eq!(none.covered, 0);
        assert!(none.total > 60, "{none:?}");
        let action =
            json!({ "ActionType": "END_ASSOCIATED_TASKS", "EndAssociatedTasksAction": {}, "TaskAction": null });
        let value = json!({ "Name": "a", "Actions": [action.clone(), action], "NotModelled": 1 });
        for _ in 0..2 {
            touched.value(schema, schema[id].input, &value);
        }
        assert_eq!(touched.members(schema, &[id]), Ratio { covered: 4, ..none });
        let error = schema.error_of(&schema[id], "ResourceConflictException").unwrap();
        touched.error(id, error);
        assert_eq!(touched.errors(schema, &[id]), Ratio { covered: 1, total: 7 });
    }
}
