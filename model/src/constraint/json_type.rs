//! JSON types: the type of a shape's value.

use serde_json::{Map, Value, json};

use super::{Breaking, Broken, Class, Constraint, Dialect, KindFacts, Place, Position, ViolationKind};
use crate::constraint::number::SPECIAL_FLOATS;
use crate::schema::{Kind, Number, TimestampFormat};

pub(super) const WRONG: KindFacts =
    KindFacts { name: "wrong-type", class: Class::Type, rule: "a member of the wrong JSON type is rejected" };

/// The JSON type is the one of the shape.
pub(crate) struct JsonType;

impl Constraint for JsonType {
    fn kinds(&self) -> &'static [ViolationKind] {
        &[ViolationKind::WrongType]
    }

    fn check(&self, at: &Position<'_>, value: &Value) -> Option<Broken> {
        let fits = match (at.kind, value) {
            (Kind::Structure(_) | Kind::Union(_) | Kind::Map(_) | Kind::Unit, Value::Object(_))
            | (Kind::List(_), Value::Array(_))
            | (Kind::String | Kind::Enum(_) | Kind::Blob, Value::String(_))
            | (Kind::IntEnum(_) | Kind::Number(_), Value::Number(_))
            | (Kind::Timestamp, Value::Number(_) | Value::String(_))
            | (Kind::Boolean, Value::Bool(_))
            | (Kind::Document, _) => true,
            (Kind::Number(Number::Float | Number::Double), Value::String(text)) => {
                SPECIAL_FLOATS.contains(&text.as_str())
            }
            _ => false,
        };
        (!fits).then(|| (ViolationKind::WrongType, expectation(at)))
    }

    fn can_break(&self, at: &Position<'_>, place: Place, _kind: ViolationKind) -> bool {
        // A raw body has no type.
        let raw = place == Place::Payload && at.kind.members().is_none();
        !raw && violation(at.kind, place).is_some()
    }

    fn violate(&self, at: &Position<'_>, _kind: ViolationKind, breaking: Breaking<'_, '_>) -> Option<Value> {
        violation(at.kind, breaking.place)
    }

    fn touch(&self, at: &Position<'_>, _kind: ViolationKind, valid: Breaking<'_, '_>) -> Vec<Value> {
        match at.kind {
            Kind::Boolean => vec![Value::from(false), Value::from(true)],
            Kind::Document => vec![json!({}), json!([]), json!("text"), json!(1.5), json!(false)],
            _ => vec![valid.value],
        }
    }

    fn export(&self, at: &Position<'_>, _dialect: Dialect, keywords: &mut Map<String, Value>) {
        let name = match at.kind {
            Kind::Structure(_) | Kind::Union(_) | Kind::Map(_) | Kind::Unit => json!("object"),
            Kind::List(_) => json!("array"),
            Kind::String | Kind::Enum(_) | Kind::Blob => json!("string"),
            Kind::IntEnum(_) => json!("integer"),
            Kind::Number(number) if number.is_whole() => json!("integer"),
            Kind::Number(Number::Float | Number::Double) => json!(["number", "string"]),
            Kind::Number(_) => json!("number"),
            Kind::Boolean => json!("boolean"),
            Kind::Timestamp => match at.traits.timestamp_format {
                None | Some(TimestampFormat::EpochSeconds) => json!("number"),
                Some(TimestampFormat::DateTime | TimestampFormat::HttpDate) => json!("string"),
            },
            Kind::Document => return,
        };
        keywords.insert("type".to_owned(), name);
    }
}

/// The JSON type of the shape, in words.
fn expectation(at: &Position<'_>) -> String {
    match at.kind {
        Kind::Structure(_) | Kind::Union(_) | Kind::Map(_) | Kind::Unit => "an object",
        Kind::List(_) => "a list",
        Kind::String | Kind::Enum(_) => "a string",
        Kind::IntEnum(_) => "a number",
        Kind::Number(Number::Float | Number::Double) => "a number, or \"NaN\", \"Infinity\" or \"-Infinity\"",
        Kind::Number(_) => "a number",
        Kind::Boolean => "a boolean",
        Kind::Timestamp => {
            return format!("a timestamp ({})", super::timestamp::value_format(at.traits).word());
        }
        Kind::Blob => "a base64 string",
        Kind::Document => "any JSON value",
    }
    .to_owned()
}

/// A value of another JSON type; outside JSON, a string that the shape cannot be read from. None if any value is fine.
fn violation(kind: &Kind, place: Place) -> Option<Value> {
    if !place.is_json() {
        return match kind {
            Kind::IntEnum(_) | Kind::Number(_) => Some(Value::from("not-a-number")),
            Kind::Boolean => Some(Value::from("maybe")),
            _ => None,
        };
    }
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
