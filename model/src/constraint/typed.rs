//! JSON types: what a shape's value looks like, and what it certainly does not look like.

use serde_json::Value;

use crate::schema::{Kind, Number};

/// The JSON type that the shape asks for, in words.
pub(crate) fn expectation(kind: &Kind) -> &'static str {
    match kind {
        Kind::Structure(_) | Kind::Union(_) | Kind::Map(_) | Kind::Unit => "an object",
        Kind::List(_) => "a list",
        Kind::String | Kind::Enum(_) => "a string",
        Kind::IntEnum(_) => "a number",
        Kind::Number(Number::Float | Number::Double) => "a number, or \"NaN\", \"Infinity\" or \"-Infinity\"",
        Kind::Number(_) => "a number",
        Kind::Boolean => "a boolean",
        Kind::Timestamp => "a timestamp",
        Kind::Blob => "a base64 string",
        Kind::Document => "any JSON value",
    }
}

/// A value of another JSON type; none for documents, which take anything.
pub(crate) fn violate(kind: &Kind) -> Option<Value> {
    Some(match kind {
        Kind::Document => return None,
        Kind::Structure(_) | Kind::Union(_) | Kind::Map(_) | Kind::Unit => Value::from("not an object"),
        Kind::List(_) => Value::from("not a list"),
        Kind::String | Kind::Enum(_) | Kind::Blob => Value::from(12_345),
        Kind::IntEnum(_) | Kind::Number(_) => Value::from("not a number"),
        Kind::Boolean => Value::from("true"),
        Kind::Timestamp => Value::from(true),
    })
}

/// Text that a label, query parameter or header of this shape cannot hold; none where any text will do.
pub(crate) fn violate_text(kind: &Kind) -> Option<Value> {
    match kind {
        Kind::IntEnum(_) | Kind::Number(_) => Some(Value::from("not-a-number")),
        Kind::Boolean => Some(Value::from("maybe")),
        _ => None,
    }
}
