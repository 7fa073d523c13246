//! Collects the definitions of a document: shapes by reference, values inline.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::side_name;
use crate::constraint::{self, Dialect, Keys, Position, presence};
use crate::schema::{Kind, Member, OperationId, Schema, ShapeId, Slot, SlotTraits};
use crate::side::{Side, side_shape};

/// Collects definitions until no reference dangles.
pub(in crate::export) struct Builder<'s> {
    schema: &'s Schema,
    keys: Keys,
    /// The prefix of every `$ref`.
    root: &'static str,
    /// Shapes whose input and output schemas differ.
    sided: BTreeSet<ShapeId>,
    definitions: BTreeMap<String, Value>,
    queue: Vec<(ShapeId, Side)>,
    seen: BTreeSet<(ShapeId, bool)>,
}

impl<'s> Builder<'s> {
    pub(in crate::export) fn new(schema: &'s Schema, keys: Keys, root: &'static str) -> Self {
        Self {
            schema,
            keys,
            root,
            sided: sided(schema),
            definitions: BTreeMap::new(),
            queue: Vec::new(),
            seen: BTreeSet::new(),
        }
    }

    /// Adds the definition of one side of an operation, every binding included.
    pub(in crate::export) fn operation(&mut self, operation: OperationId, side: Side) {
        let schema = self.schema;
        let shape = side_shape(schema, operation, side);
        let members: Vec<&Member> = shape.and_then(|id| schema[id].kind.members()).into_iter().flatten().collect();
        let definition = self.structure(&members, side);
        self.define(side_name(&schema[operation].name, side), definition);
    }

    /// Adds a definition made by the caller; returns the `$ref` to it.
    pub(in crate::export) fn define(&mut self, name: String, definition: Value) -> Value {
        let reference = json!({"$ref": format!("{}{name}", self.root)});
        self.definitions.insert(name, definition);
        reference
    }

    /// All definitions, including everything that they refer to.
    pub(in crate::export) fn finish(mut self) -> Value {
        while let Some((id, side)) = self.queue.pop() {
            let schema = self.schema;
            let definition = self.inline(&schema.slot_of(id), side);
            let name = self.name(id, side);
            self.definitions.insert(name, definition);
        }
        Value::Object(self.definitions.into_iter().collect())
    }

    /// A `$ref` to a shape, which [`Builder::finish`] defines.
    pub(in crate::export) fn reference(&mut self, id: ShapeId, side: Side) -> Value {
        if self.seen.insert((id, side == Side::Output && self.sided.contains(&id))) {
            self.queue.push((id, side));
        }
        json!({"$ref": format!("{}{}", self.root, self.name(id, side))})
    }

    fn name(&self, id: ShapeId, side: Side) -> String {
        let name = &self.schema[id].name;
        match side {
            Side::Output if self.sided.contains(&id) => format!("{name}.output"),
            _ => name.clone(),
        }
    }

    /// A non-null value in a slot: by reference if the shape has a definition and the slot adds nothing to it.
    pub(in crate::export) fn slot(&mut self, slot: &Slot, side: Side) -> Value {
        let shape = &self.schema[slot.target];
        match &shape.kind {
            Kind::Structure(_) | Kind::Union(_) | Kind::Enum(_) | Kind::IntEnum(_) => self.reference(slot.target, side),
            Kind::List(_) | Kind::Map(_) if same_size(&slot.traits, &shape.base) => self.reference(slot.target, side),
            _ => self.inline(slot, side),
        }
    }

    /// A structure of some members.
    pub(in crate::export) fn structure(&mut self, members: &[&Member], side: Side) -> Value {
        let mut structure = json!({"type": "object"});
        self.properties(members, side, &mut structure);
        structure
    }

    /// Adds members to the schema of an object.
    fn properties(&mut self, members: &[&Member], side: Side, object: &mut Value) {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for member in members {
            let key = self.keys.of(member);
            let value = self.slot(&member.slot, side);
            let mut value = presence::export_member(member, &self.schema[member.slot.target].kind, value);
            if member.required {
                required.push(key);
            }
            if member.deprecated
                && let Value::Object(keywords) = &mut value
            {
                keywords.insert("deprecated".to_owned(), true.into());
            }
            properties.insert(key.to_owned(), value);
        }
        if !properties.is_empty() {
            object["properties"] = properties.into();
        }
        if !required.is_empty() {
            object["required"] = required.into();
        }
    }

    fn inline(&mut self, slot: &Slot, side: Side) -> Value {
        let at = Position::of(self.schema, slot);
        let mut keywords = Map::new();
        for constraint in constraint::of(at.kind) {
            constraint.export(&at, Dialect { side, keys: self.keys }, &mut keywords);
        }
        let mut value = Value::Object(keywords);
        match at.kind {
            Kind::Document => return json!(true),
            Kind::Structure(members) | Kind::Union(members) => {
                self.properties(&members.iter().collect::<Vec<_>>(), side, &mut value);
            }
            Kind::List(list) => {
                let items = self.slot(&list.member, side);
                value["items"] = presence::export_element(list.sparse, items);
            }
            Kind::Map(map) => {
                let keys = self.slot(&map.key, side);
                if keys != json!({"type": "string"}) {
                    value["propertyNames"] = keys;
                }
                let values = self.slot(&map.value, side);
                value["additionalProperties"] = presence::export_element(map.sparse, values);
            }
            _ => {}
        }
        value
    }
}

/// Shapes whose schema depends on the side: enums, unions, and shapes that contain one.
fn sided(schema: &Schema) -> BTreeSet<ShapeId> {
    let mut users: BTreeMap<ShapeId, Vec<ShapeId>> = BTreeMap::new();
    let mut queue = Vec::new();
    for (id, shape) in schema.shapes() {
        let mut uses = |target: ShapeId| users.entry(target).or_default().push(id);
        match &shape.kind {
            Kind::Structure(members) | Kind::Union(members) => members.iter().for_each(|m| uses(m.slot.target)),
            Kind::List(list) => uses(list.member.target),
            Kind::Map(map) => [&map.key, &map.value].into_iter().for_each(|slot| uses(slot.target)),
            _ => {}
        }
        if matches!(shape.kind, Kind::Enum(_) | Kind::IntEnum(_) | Kind::Union(_)) {
            queue.push(id);
        }
    }
    let mut sided = BTreeSet::new();
    while let Some(id) = queue.pop() {
        if sided.insert(id) {
            queue.extend(users.get(&id).into_iter().flatten());
        }
    }
    sided
}

fn same_size(a: &SlotTraits, b: &SlotTraits) -> bool {
    a.length == b.length && a.unique_items == b.unique_items
}
