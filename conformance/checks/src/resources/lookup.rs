//! The rows of a model, and how they are found by their operations.

use std::collections::HashMap;

use connect_model::resources as graph;
use connect_model::schema::{PerSchema, Schema};

use super::{Resource, row};

/// The rows of a model, with their positions by what they are looked up by. Of several, the first is found.
#[derive(Default)]
struct Rows {
    all: Vec<Resource>,
    nouns: HashMap<&'static str, usize>,
    creations: HashMap<&'static str, usize>,
    updates: HashMap<&'static str, usize>,
    /// Lists and searches, also with the member of an item that has the id.
    lists: HashMap<&'static str, (usize, &'static str)>,
}

impl Rows {
    fn of(schema: &'static Schema) -> Self {
        let mut all: Vec<Resource> =
            graph::shared(schema).kinds().iter().filter_map(|kind| row(schema, kind)).collect();
        all.sort_by_key(|row| !row.is_instance());
        let mut rows = Self::default();
        for (at, row) in all.iter().enumerate() {
            rows.nouns.entry(row.noun).or_insert(at);
            rows.creations.entry(row.create).or_insert(at);
            for update in &row.updates {
                rows.updates.entry(update).or_insert(at);
            }
            for (list, id) in [row.list, row.search].into_iter().flatten() {
                rows.lists.entry(list).or_insert((at, id));
            }
        }
        rows.all = all;
        rows
    }
}

fn shared(schema: &'static Schema) -> &'static Rows {
    static ROWS: PerSchema<Rows> = PerSchema::new();
    ROWS.get(schema, Rows::of)
}

/// Every kind that a run can create and name. Instances come first, since they hold the others.
pub fn rows(schema: &'static Schema) -> &'static [Resource] {
    &shared(schema).all
}

/// The instances of Connect, which hold all other resources.
pub fn instances(schema: &'static Schema) -> Option<&'static Resource> {
    rows(schema).first().filter(|row| row.is_instance())
}

/// The kind with a noun.
pub fn named(schema: &'static Schema, noun: &str) -> Option<&'static Resource> {
    let rows = shared(schema);
    rows.nouns.get(noun).map(|at| &rows.all[*at])
}

/// The row with that `create` operation.
pub fn created_by(schema: &'static Schema, operation: &str) -> Option<&'static Resource> {
    let rows = shared(schema);
    rows.creations.get(operation).map(|at| &rows.all[*at])
}

/// The row with that operation among its `updates`.
pub fn updated_by(schema: &'static Schema, operation: &str) -> Option<&'static Resource> {
    let rows = shared(schema);
    rows.updates.get(operation).map(|at| &rows.all[*at])
}

/// The row that an operation creates or updates.
pub fn stored_by(schema: &'static Schema, operation: &str) -> Option<&'static Resource> {
    created_by(schema, operation).or_else(|| updated_by(schema, operation))
}

/// The row with that `list` or `search` operation, and the member of an item with the id.
pub fn listed_by(schema: &'static Schema, operation: &str) -> Option<(&'static Resource, &'static str)> {
    let rows = shared(schema);
    rows.lists.get(operation).map(|(at, member)| (&rows.all[*at], *member))
}
