//! Visits the values of a JSON body along its shape. The visitor may change them.

use connect_model::schema::{Kind, Schema, Shape, ShapeId};
use serde_json::Value;

use super::lacks;

/// Position of a visit.
#[derive(Clone, Copy)]
pub(super) struct Place<'s> {
    pub(super) schema: &'s Schema,
    pub(super) id: ShapeId,
    /// True if the SDK redacts the value in its debug output, or does not know it.
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

/// Visits every value with a shape except null, outer values first.
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
