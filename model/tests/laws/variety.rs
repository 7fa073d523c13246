//! Variety of generated values: every member, every enum value, both bounds, depth. The judge is a separate visit of the
//! values.

use std::collections::{BTreeMap, BTreeSet};

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator, Side, side_shape};
use connect_model::schema::{Kind, OperationId, Schema, ShapeId, Slot};
use serde_json::Value;

use super::operation;

/// Number of values per measurement.
const VALUES: usize = 2_000;

fn inputs(operation: OperationId, config: &Config) -> impl Iterator<Item = Value> {
    let generator = Generator::new(Schema::connect(), config.clone());
    let mut stream = Stream::new(5, "variety");
    (0..VALUES).map(move |_| generator.input(operation, &mut Unstructured::new(&stream.bytes(2048))).unwrap())
}

/// Visits every place of a value, with its slot.
fn visit<'v>(slot: &Slot, value: &'v Value, see: &mut impl FnMut(&Slot, &'v Value)) {
    see(slot, value);
    match (&Schema::connect()[slot.target].kind, value) {
        (Kind::Structure(members) | Kind::Union(members), Value::Object(map)) => {
            for member in members {
                if let Some(inner) = map.get(&member.name) {
                    visit(&member.slot, inner, see);
                }
            }
        }
        (Kind::List(list), Value::Array(items)) => items.iter().for_each(|item| visit(&list.member, item, see)),
        (Kind::Map(shape), Value::Object(map)) => map.values().for_each(|value| visit(&shape.value, value, see)),
        _ => {}
    }
}

fn visit_input<'v>(operation: OperationId, value: &'v Value, see: &mut impl FnMut(&Slot, &'v Value)) {
    let schema = Schema::connect();
    visit(&schema.slot_of(side_shape(schema, operation, Side::Input).unwrap()), value, see);
}

/// Returns every shape that the input of an operation can contain.
fn reachable(operation: OperationId) -> BTreeSet<ShapeId> {
    let schema = Schema::connect();
    let mut seen = BTreeSet::new();
    let mut queue: Vec<ShapeId> = schema[operation].input.into_iter().collect();
    while let Some(id) = queue.pop() {
        if !seen.insert(id) {
            continue;
        }
        match &schema[id].kind {
            Kind::Structure(members) | Kind::Union(members) => queue.extend(members.iter().map(|m| m.slot.target)),
            Kind::List(list) => queue.push(list.member.target),
            Kind::Map(map) => queue.push(map.value.target),
            _ => {}
        }
    }
    seen
}

#[test]
fn every_member_and_every_enum_value_occurs() {
    let schema = Schema::connect();
    for name in
        ["CreateRule", "SearchContactFlows", "SearchContactFlowModules", "CreateContactFlow", "ListContactFlows"]
    {
        let operation = operation(name);
        let mut missing = BTreeSet::new();
        for id in reachable(operation) {
            match &schema[id].kind {
                Kind::Structure(members) | Kind::Union(members) => {
                    missing.extend(members.iter().map(|member| (id, member.name.clone())));
                }
                Kind::Enum(values) => missing.extend(values.iter().map(|value| (id, value.clone()))),
                _ => {}
            }
        }
        for value in inputs(operation, &Config::deep()) {
            visit_input(operation, &value, &mut |slot, value| match value {
                Value::Object(map) => missing.retain(|(id, name)| *id != slot.target || !map.contains_key(name)),
                Value::String(text) => missing.retain(|(id, name)| *id != slot.target || name != text),
                _ => {}
            });
        }
        let missing: Vec<_> = missing.iter().map(|(id, name)| format!("{}: {name}", schema[*id].name)).collect();
        assert!(missing.is_empty(), "{name}, never in {VALUES} values: {missing:#?}");
    }
}

#[test]
fn boundary_values_occur_at_both_bounds() {
    let schema = Schema::connect();
    let config = Config { max_text: 5_000, max_depth: 12, ..Config::boundary() };
    let mut slots = 0;
    for name in ["CreateRule", "SearchContactFlows", "CreateContactFlow", "ListContactFlows"] {
        let operation = operation(name);
        // Smallest and largest size, by shape and bounds.
        let mut seen: BTreeMap<(ShapeId, Option<u64>, u64), (u64, u64)> = BTreeMap::new();
        for value in inputs(operation, &config).take(1_600) {
            visit_input(operation, &value, &mut |slot, value| {
                let (size, budget) = match (&schema[slot.target].kind, value) {
                    (Kind::String, Value::String(text)) => (text.chars().count() as u64, config.max_text),
                    (Kind::List(_), Value::Array(items)) => (items.len() as u64, config.max_items),
                    (Kind::Map(_), Value::Object(map)) => (map.len() as u64, config.max_items),
                    _ => return,
                };
                let Some(bounds) = slot.traits.length else { return };
                let Some(max) = bounds.max.filter(|max| *max <= budget) else { return };
                let seen = seen.entry((slot.target, bounds.min, max)).or_insert((size, size));
                *seen = (seen.0.min(size), seen.1.max(size));
            });
        }
        for ((id, min, max), seen) in seen {
            slots += 1;
            assert_eq!(seen, (min.unwrap_or(0), max), "{name}: {}", schema[id].name);
        }
    }
    assert!(slots > 20, "{slots}");
    let pages: BTreeSet<i64> = inputs(operation("SearchContactFlows"), &config)
        .filter_map(|value| value.get("MaxResults").and_then(Value::as_i64))
        .collect();
    assert_eq!(pages, BTreeSet::from([1, 100]));
}

#[test]
fn recursive_values_become_deep() {
    fn depth(criteria: &Value) -> usize {
        let inner = |key| criteria.get(key).and_then(Value::as_array).into_iter().flatten().map(depth).max();
        1 + inner("AndConditions").max(inner("OrConditions")).unwrap_or(0)
    }
    let deepest = |config: &Config| {
        let values = inputs(operation("SearchContactFlows"), config);
        values.filter_map(|value| value.get("SearchCriteria").map(depth)).max().unwrap_or(0)
    };
    assert!(deepest(&Config::default()) >= 3, "{}", deepest(&Config::default()));
    assert!(deepest(&Config::deep()) > 3, "{}", deepest(&Config::deep()));
}
