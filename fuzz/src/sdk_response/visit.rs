//! Walks a JSON body along its shape, and lets somebody change it on the way.

use connect_model::schema::{Kind, Schema, Shape, ShapeId};
use serde_json::Value;

use super::lacks;

/// Where a walk is.
#[derive(Clone, Copy)]
pub(super) struct Place<'s> {
    pub(super) schema: &'s Schema,
    pub(super) id: ShapeId,
    /// The SDK hides what is here from logs, or does not know it.
    pub(super) hidden: bool,
}

impl<'s> Place<'s> {
    /// The top of a body.
    pub(super) fn top(schema: &'s Schema, id: ShapeId) -> Self {
        Self { schema, id, hidden: schema[id].sensitive }
    }

    pub(super) fn shape(self) -> &'s Shape {
        &self.schema[self.id]
    }

    fn inner(self, id: ShapeId) -> Self {
        Self { id, hidden: self.hidden || self.schema[id].sensitive, ..self }
    }
}

/// Shows every value that has a shape, the outer ones first. Nulls have none.
pub(super) fn visit(place: Place<'_>, value: &mut Value, act: &mut dyn FnMut(Place<'_>, &mut Value)) {
    if value.is_null() {
        return;
    }
    act(place, value);
    match (&place.shape().kind, value) {
        (Kind::Structure(members) | Kind::Union(members), Value::Object(fields)) => {
            for (key, value) in fields {
                if let Some(member) = members.by_json_name(key) {
                    let mut inner = place.inner(member.slot.target);
                    inner.hidden |= lacks::lacks_member(&place.shape().name, &member.name);
                    visit(inner, value, act);
                }
            }
        }
        (Kind::List(list), Value::Array(items)) => {
            for item in items {
                visit(place.inner(list.member.target), item, act);
            }
        }
        (Kind::Map(map), Value::Object(entries)) => {
            for value in entries.values_mut() {
                visit(place.inner(map.value.target), value, act);
            }
        }
        _ => {}
    }
}
