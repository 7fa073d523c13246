//! The parts of an output that checks judge. A check whose part is absent has nothing to judge.

use connect_model::schema::{Binding, Kind, Schema, ShapeId, Slot, SlotTraits};
use serde_json::Value;

use crate::check::Check;
use crate::shape::{
    CONSTRAINT, CONTENT_TYPE, ENUM_UNKNOWN, JSON, REQUIRED, TIMESTAMP_FORMAT, TYPE, UNION, UNKNOWN_MEMBER,
};

/// The kinds of parts that an output contains.
#[derive(Default)]
pub(super) struct Subjects {
    /// Members in the body.
    pub(super) members: bool,
    /// Required members.
    pub(super) required: bool,
    /// Timestamps.
    pub(super) timestamp: bool,
    /// Unions.
    pub(super) union: bool,
    /// Enums.
    pub(super) choice: bool,
    /// Values with a length, range or pattern.
    pub(super) constraint: bool,
}

impl Subjects {
    /// The subjects in the closure of an output shape.
    pub(super) fn of_shape(schema: &Schema, output: Option<ShapeId>) -> Self {
        let mut found = Self::default();
        for id in schema.reachable(output) {
            match &schema[id].kind {
                Kind::Structure(members) => {
                    found.members |= members.iter().any(|member| member.binding == Binding::Body);
                    found.required |= members.iter().any(|member| member.required);
                }
                Kind::Union(_) => found.union = true,
                Kind::Timestamp => found.timestamp = true,
                Kind::Enum(_) | Kind::IntEnum(_) => found.choice = true,
                _ => {}
            }
            found.constraint |= schema[id].kind.slots().into_iter().any(|slot| is_constrained(&slot.traits));
        }
        found
    }

    /// The subjects in a value of an output.
    pub(super) fn of_value(schema: &Schema, output: ShapeId, value: &Value) -> Self {
        let mut found = Self { members: true, ..Self::default() };
        found.visit(schema, &schema.slot_of(output), value);
        found
    }

    /// The checks that have something to judge.
    pub(super) fn checks(&self) -> impl Iterator<Item = &'static Check> {
        [
            (self.members, &TYPE),
            (self.members, &UNKNOWN_MEMBER),
            (self.members, &JSON),
            (self.members, &CONTENT_TYPE),
            (self.required, &REQUIRED),
            (self.timestamp, &TIMESTAMP_FORMAT),
            (self.union, &UNION),
            (self.choice, &ENUM_UNKNOWN),
            (self.constraint, &CONSTRAINT),
        ]
        .into_iter()
        .filter_map(|(present, check)| present.then_some(check))
    }

    /// Adds the subjects in a value. Members that are null count as absent.
    fn visit(&mut self, schema: &Schema, slot: &Slot, value: &Value) {
        self.constraint |= is_constrained(&slot.traits);
        match (&schema[slot.target].kind, value) {
            (Kind::Structure(members) | Kind::Union(members), Value::Object(map)) => {
                self.union |= matches!(schema[slot.target].kind, Kind::Union(_));
                self.required |= members.iter().any(|member| member.required);
                for member in members.iter() {
                    if let Some(inner) = map.get(&member.name).filter(|inner| !inner.is_null()) {
                        self.visit(schema, &member.slot, inner);
                    }
                }
            }
            (Kind::List(list), Value::Array(items)) => {
                items.iter().for_each(|item| self.visit(schema, &list.member, item));
            }
            (Kind::Map(map), Value::Object(entries)) => {
                for (key, inner) in entries {
                    self.visit(schema, &map.key, &Value::from(key.as_str()));
                    self.visit(schema, &map.value, inner);
                }
            }
            (Kind::Timestamp, _) => self.timestamp = true,
            (Kind::Enum(_) | Kind::IntEnum(_), _) => self.choice = true,
            _ => {}
        }
    }
}

fn is_constrained(traits: &SlotTraits) -> bool {
    traits.length.is_some() || traits.range.is_some() || traits.pattern.is_some()
}
