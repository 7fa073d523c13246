//! Values of one shape as values of another: structures by the facts that both have, lists by their elements.

use arbitrary::Unstructured;
use connect_model::generate::{Config, Generator};
use connect_model::schema::{Kind, Member, Members, Schema, ShapeId};
use connect_model::validate::validate_slot;
use serde_json::{Map, Value};

/// Deepest structure that is converted.
const DEPTH: usize = 12;

/// A value of the shape `from` as a value of a member; none if the model does not allow it there.
pub(super) fn for_member(schema: &Schema, value: &Value, from: ShapeId, to: &Member) -> Option<Value> {
    if value.is_null() {
        return None;
    }
    let converted = convert(schema, value, from, to.slot.target, 0)?;
    validate_slot(schema, &to.slot, &converted).is_empty().then_some(converted)
}

fn convert(schema: &Schema, value: &Value, from: ShapeId, to: ShapeId, depth: usize) -> Option<Value> {
    if from == to {
        return Some(value.clone());
    }
    if depth > DEPTH {
        return None;
    }
    match (&schema[from].kind, &schema[to].kind, value) {
        (Kind::Structure(left), Kind::Structure(right), Value::Object(value)) => {
            let mut converted = Map::new();
            for pair in schema.shared(left, right) {
                let (found, shape) = at(schema, left, value, &pair.left)?;
                let (Some(found), name) = (found, &pair.right[1..]) else { continue };
                let target = right.get(name)?;
                if let Some(inner) = convert(schema, found, shape, target.slot.target, depth + 1) {
                    converted.insert(name.to_owned(), inner);
                }
            }
            // The answer may require members that were not sent, such as the name of a log group. They are generated.
            for member in right.iter().filter(|member| member.required) {
                if converted.contains_key(&member.name) {
                    continue;
                }
                let made = Generator::new(schema, Config::sparse()).member(member, &mut Unstructured::new(&[]));
                converted.insert(member.name.clone(), made.ok()?);
            }
            Some(Value::Object(converted))
        }
        (Kind::Union(left), Kind::Union(right), Value::Object(value)) => {
            let convert = |(name, value): (&String, &Value)| {
                let (from, to) = (left.get(name)?.slot.target, right.get(name)?.slot.target);
                Some((name.clone(), convert(schema, value, from, to, depth + 1)?))
            };
            value.iter().map(convert).collect::<Option<Map<_, _>>>().map(Value::Object)
        }
        (Kind::List(left), Kind::List(right), Value::Array(items)) => {
            let convert = |item| convert(schema, item, left.member.target, right.member.target, depth + 1);
            items.iter().map(convert).collect()
        }
        (Kind::Map(left), Kind::Map(right), Value::Object(entries)) => {
            let convert = |(key, value): (&String, &Value)| {
                Some((key.clone(), convert(schema, value, left.value.target, right.value.target, depth + 1)?))
            };
            entries.iter().map(convert).collect::<Option<Map<_, _>>>().map(Value::Object)
        }
        (_, Kind::String, Value::String(_)) => Some(value.clone()),
        (_, Kind::Enum(values), Value::String(text)) => values.contains(text).then(|| value.clone()),
        (one, other, value) if std::mem::discriminant(one) == std::mem::discriminant(other) => Some(value.clone()),
        _ => None,
    }
}

/// The value at a pointer of member names, and its shape. The outer option is none for a pointer that the members do not
/// have.
pub(super) fn at<'v>(
    schema: &Schema,
    members: &Members,
    value: &'v Map<String, Value>,
    pointer: &str,
) -> Option<(Option<&'v Value>, ShapeId)> {
    let mut names = pointer.split('/').skip(1);
    let first = names.next()?;
    let mut shape = members.get(first)?.slot.target;
    let mut found = value.get(first);
    for name in names {
        shape = schema[shape].kind.members()?.get(name)?.slot.target;
        found = found.and_then(|value| value.get(name));
    }
    Some((found.filter(|value| !value.is_null()), shape))
}
