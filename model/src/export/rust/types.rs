//! The Rust type of a slot, and its properties.

use std::collections::BTreeSet;

use super::names::type_name;
use crate::schema::{Kind, Number, Schema, ShapeId, Slot, TimestampFormat};

/// The type of a required member.
pub(super) fn slot_type(schema: &Schema, slot: &Slot) -> String {
    let shape = &schema[slot.target];
    match &shape.kind {
        Kind::Structure(_) | Kind::Union(_) | Kind::Enum(_) => type_name(&shape.name),
        Kind::List(list) => format!("Vec<{}>", element_type(schema, &list.member, list.sparse)),
        Kind::Map(map) => format!("BTreeMap<String, {}>", element_type(schema, &map.value, map.sparse)),
        Kind::String | Kind::Blob => "String".to_owned(),
        Kind::IntEnum(_) => "i64".to_owned(),
        Kind::Number(number) => number_type(*number).to_owned(),
        Kind::Boolean => "bool".to_owned(),
        Kind::Timestamp => match slot.traits.timestamp_format {
            None | Some(TimestampFormat::EpochSeconds) => "Timestamp".to_owned(),
            Some(TimestampFormat::DateTime | TimestampFormat::HttpDate) => "String".to_owned(),
        },
        Kind::Document | Kind::Unit => "serde_json::Value".to_owned(),
    }
}

fn element_type(schema: &Schema, slot: &Slot, sparse: bool) -> String {
    let kind = slot_type(schema, slot);
    if sparse { format!("Option<{kind}>") } else { kind }
}

fn number_type(number: Number) -> &'static str {
    match number {
        Number::Byte => "i8",
        Number::Short => "i16",
        Number::Integer => "i32",
        Number::Long => "i64",
        Number::Float | Number::Double => "Float",
        Number::BigInteger | Number::BigDecimal => "serde_json::Number",
    }
}

/// Returns true if values here must not be printed. Structures and unions hide their own members.
pub(super) fn is_hidden(schema: &Schema, slot: &Slot, depth: usize) -> bool {
    // The depth limit ends at a list of itself, which has no Rust type either.
    slot.traits.sensitive
        || depth < 8
            && match &schema[slot.target].kind {
                Kind::List(list) => is_hidden(schema, &list.member, depth + 1),
                Kind::Map(map) => is_hidden(schema, &map.key, depth + 1) || is_hidden(schema, &map.value, depth + 1),
                _ => false,
            }
}

/// Returns true if every required member has a default. Enums, unions and documents have none.
pub(super) fn has_default(schema: &Schema, id: ShapeId, seen: &mut BTreeSet<ShapeId>) -> bool {
    match &schema[id].kind {
        Kind::Structure(members) => {
            seen.insert(id) && members.iter().filter(|m| m.required).all(|m| has_default(schema, m.slot.target, seen))
        }
        Kind::Union(_) | Kind::Enum(_) | Kind::Document | Kind::Unit => false,
        Kind::Number(Number::BigInteger | Number::BigDecimal) => false,
        _ => true,
    }
}

/// Returns true if `from` contains `wanted` without a list or map in between, so that a type of finite size needs a
/// box.
pub(super) fn contains_directly(schema: &Schema, from: ShapeId, wanted: ShapeId, seen: &mut BTreeSet<ShapeId>) -> bool {
    if from == wanted {
        return true;
    }
    seen.insert(from)
        && schema[from]
            .kind
            .members()
            .is_some_and(|members| members.iter().any(|m| contains_directly(schema, m.slot.target, wanted, seen)))
}
