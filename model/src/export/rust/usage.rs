//! The operations that use a shape, which decide its file and its doc comment.

use std::collections::{BTreeMap, BTreeSet};

use crate::schema::{Kind, Operation, Schema, ShapeId};

/// The files for shapes of one family of operations, with the word in an operation's name that selects it. The first
/// match wins.
const FAMILIES: &[(&str, &str)] = &[
    ("modules", "ContactFlowModule"),
    ("flows", "ContactFlow"),
    ("rules", "Rule"),
    ("instances", "Instance"),
    ("tags", "Tag"),
    ("tags", "Untag"),
];

/// The file for shapes of several families, and of operations without a family.
pub(super) const COMMON: &str = "common";

/// The file for error structures and shapes used only by them.
pub(super) const ERRORS: &str = "errors";

/// The users of a shape.
#[derive(Default)]
pub(super) struct User<'s> {
    families: BTreeSet<&'static str>,
    operations: BTreeSet<&'s str>,
    inputs: BTreeSet<&'s str>,
    outputs: BTreeSet<&'s str>,
}

impl User<'_> {
    pub(super) fn file(&self) -> &'static str {
        let mut families = self.families.iter();
        match (families.next(), families.next()) {
            (Some(only), None) => only,
            (None, _) => ERRORS,
            _ => COMMON,
        }
    }
}

#[derive(Default)]
pub(super) struct Usage<'s> {
    pub(super) shapes: BTreeMap<ShapeId, User<'s>>,
}

impl<'s> Usage<'s> {
    pub(super) fn of(schema: &'s Schema, operations: &[&'s Operation]) -> Self {
        let mut usage = Self::default();
        for operation in operations {
            let family =
                FAMILIES.iter().find(|(_, word)| operation.name.contains(word)).map_or(COMMON, |(file, _)| file);
            for id in operation.input.iter().chain(&operation.output) {
                usage.reach(schema, *id, operation, Some(family));
            }
            for id in &operation.errors {
                usage.reach(schema, *id, operation, None);
            }
            if let Some(id) = operation.input {
                usage.shapes.entry(id).or_default().inputs.insert(&operation.name);
            }
            if let Some(id) = operation.output {
                usage.shapes.entry(id).or_default().outputs.insert(&operation.name);
            }
        }
        usage
    }

    fn reach(&mut self, schema: &Schema, start: ShapeId, operation: &'s Operation, family: Option<&'static str>) {
        let mut queue = vec![start];
        let mut seen = BTreeSet::new();
        while let Some(id) = queue.pop() {
            if !seen.insert(id) {
                continue;
            }
            let user = self.shapes.entry(id).or_default();
            user.operations.insert(&operation.name);
            user.families.extend(family);
            match &schema[id].kind {
                Kind::Structure(members) | Kind::Union(members) => {
                    queue.extend(members.iter().map(|member| member.slot.target));
                }
                Kind::List(list) => queue.push(list.member.target),
                Kind::Map(map) => queue.push(map.value.target),
                _ => {}
            }
        }
    }

    /// A sentence on the use of a shape.
    pub(super) fn role(&self, schema: &Schema, id: ShapeId) -> String {
        let Some(user) = self.shapes.get(&id) else { return String::new() };
        let list = |names: &BTreeSet<&str>| names.iter().copied().collect::<Vec<_>>().join(", ");
        let shape = &schema[id];
        let name = &shape.name;
        match &shape.error {
            Some(error) => format!("Error `{name}`, status {}.", error.status),
            None if !user.inputs.is_empty() => format!("`{name}`: input of {}.", list(&user.inputs)),
            None if !user.outputs.is_empty() => format!("`{name}`: output of {}.", list(&user.outputs)),
            None if user.operations.len() > 6 => format!("`{name}`: part of {} operations.", user.operations.len()),
            None => format!("`{name}`: part of {}.", list(&user.operations)),
        }
    }
}
