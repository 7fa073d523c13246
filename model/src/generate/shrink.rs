//! Structural shrinking: smaller values of the same shape.

use serde_json::{Map, Value};

use crate::schema::{Kind, Schema, ShapeId};
use crate::text::prefix;

/// Smaller variants of a value, smallest first. They follow the structure and ignore the constraints: the caller keeps
/// those that are still valid, or still have the same violation.
pub fn candidates(schema: &Schema, shape: ShapeId, value: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    match (&schema[shape].kind, value) {
        (Kind::Structure(members), Value::Object(map)) => {
            let optional: Vec<&String> =
                map.keys().filter(|key| members.get(key).is_none_or(|member| !member.required)).collect();
            if optional.len() > 1 {
                let mut smallest = map.clone();
                smallest.retain(|key, _| members.get(key).is_some_and(|member| member.required));
                found.push(Value::Object(smallest));
            }
            for key in &optional {
                let mut without = map.clone();
                without.remove(*key);
                found.push(Value::Object(without));
            }
            found.extend(smaller_entries(schema, map, map.len(), |key| Some(members.get(key)?.slot.target)));
        }
        (Kind::Union(members), Value::Object(map)) => {
            found.extend(smaller_entries(schema, map, map.len(), |key| Some(members.get(key)?.slot.target)));
        }
        (Kind::List(list), Value::Array(items)) => {
            for shorter in halves(items.len()) {
                found.push(Value::Array(items[..shorter].to_vec()));
            }
            for at in 0..items.len().min(16) {
                let mut without = items.clone();
                without.remove(at);
                found.push(Value::Array(without));
            }
            for (at, inner) in items.iter().enumerate().take(16) {
                for smaller in candidates(schema, list.member.target, inner) {
                    let mut other = items.clone();
                    other[at] = smaller;
                    found.push(Value::Array(other));
                }
            }
        }
        (Kind::Map(shape), Value::Object(map)) => {
            for key in map.keys().take(16) {
                let mut without = map.clone();
                without.remove(key);
                found.push(Value::Object(without));
            }
            found.extend(smaller_entries(schema, map, 16, |_| Some(shape.value.target)));
        }
        (Kind::String | Kind::Blob, Value::String(text)) => {
            let length = text.chars().count();
            for shorter in halves(length) {
                found.push(Value::from(prefix(text, shorter)));
            }
            if length > 0 && text.chars().any(|c| c != 'a') {
                found.push(Value::from("a".repeat(length)));
            }
        }
        (Kind::Number(_), Value::Number(number)) => {
            if let Some(number) = number.as_i64() {
                for smaller in [0, 1, number / 2] {
                    if smaller.unsigned_abs() < number.unsigned_abs() {
                        found.push(Value::from(smaller));
                    }
                }
            }
        }
        (Kind::Boolean, Value::Bool(true)) => found.push(Value::from(false)),
        _ => {}
    }
    found
}

/// The object with each of its first `most` values replaced by its smaller variants, for keys with a shape.
fn smaller_entries<'m>(
    schema: &'m Schema,
    map: &'m Map<String, Value>,
    most: usize,
    shape_of: impl Fn(&str) -> Option<ShapeId> + 'm,
) -> impl Iterator<Item = Value> + 'm {
    let entries = map.iter().take(most).filter_map(move |(key, value)| Some((key, value, shape_of(key)?)));
    entries.flat_map(move |(key, value, shape)| {
        candidates(schema, shape, value).into_iter().map(move |smaller| {
            let mut other = map.clone();
            other.insert(key.clone(), smaller);
            Value::Object(other)
        })
    })
}

/// Shrinks `value` while a smaller variant satisfies `keep`, in at most `steps` steps.
pub fn shrink(
    schema: &Schema,
    shape: ShapeId,
    value: Value,
    steps: usize,
    mut keep: impl FnMut(&Value) -> bool,
) -> Value {
    let mut best = value;
    for _ in 0..steps {
        match candidates(schema, shape, &best).into_iter().find(&mut keep) {
            Some(smaller) => best = smaller,
            None => break,
        }
    }
    best
}

/// Shorter lengths: 0, half, three quarters and so on, up to one less.
fn halves(length: usize) -> Vec<usize> {
    let mut lengths = Vec::new();
    let mut cut = length;
    while cut > 0 {
        lengths.push(length - cut);
        cut /= 2;
    }
    lengths
}
