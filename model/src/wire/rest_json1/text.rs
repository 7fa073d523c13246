//! Scalars as text in labels, query parameters and headers. Knows nothing of lists.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::json_text;
use crate::schema::{Kind, Number, Schema, Slot, TimestampFormat};
use crate::text::json_type;
use crate::timestamp::{self, Reading};

/// Place of a text, which determines the form of timestamps and of strings with a media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A part of the path.
    Label,
    /// A query parameter.
    Query,
    /// A header.
    Header,
}

impl Place {
    fn timestamp_format(self) -> TimestampFormat {
        match self {
            Place::Label | Place::Query => TimestampFormat::DateTime,
            Place::Header => TimestampFormat::HttpDate,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Place::Label => "the path",
            Place::Query => "the query",
            Place::Header => "a header",
        }
    }
}

/// Encodes a scalar. Values that violate a constraint or have a wrong type are written unchanged. If a reader would take
/// the text for a valid value, the message would hide the fault, so that is an error.
pub(super) fn write(schema: &Schema, slot: &Slot, value: &Value, place: Place) -> Result<String, String> {
    let kind = &schema[slot.target].kind;
    let text = match (kind, value) {
        (_, Value::Null | Value::Array(_) | Value::Object(_)) => {
            return Err(format!("{} cannot be written in {}", json_type(value), place.word()));
        }
        (Kind::Timestamp, Value::Number(number)) if slot.traits.timestamp_format.is_none() => number
            .as_f64()
            .and_then(timestamp::from_seconds)
            .and_then(|instant| timestamp::format(instant, place.timestamp_format()))
            .unwrap_or_else(|| number.to_string()),
        (_, Value::String(text)) if place == Place::Header && is_encoded(slot, kind) => STANDARD.encode(text),
        (_, Value::String(text)) => text.clone(),
        (_, Value::Number(number)) => number.to_string(),
        (_, Value::Bool(flag)) => flag.to_string(),
    };
    if json_word(slot, kind) != json_type(value)
        && let Ok(back) = read(schema, slot, &text, place, Reading::Server)
        && json_type(&back) != json_type(value)
    {
        return Err(format!(
            "{} in {} would be decoded as {text:?}, a valid {}",
            json_type(value),
            place.word(),
            kind.word()
        ));
    }
    Ok(text)
}

/// Decodes a scalar. The error is a description of the problem.
pub(super) fn read(schema: &Schema, slot: &Slot, text: &str, place: Place, reading: Reading) -> Result<Value, String> {
    let kind = &schema[slot.target].kind;
    let wrong = || format!("{text:?} in {} is not a valid {}", place.word(), kind.word());
    match kind {
        Kind::String | Kind::Enum(_) if place == Place::Header && is_encoded(slot, kind) => {
            let bytes = STANDARD.decode(text).map_err(|_| format!("{text:?} is not base64"))?;
            String::from_utf8(bytes).map(Value::String).map_err(|_| format!("{text:?} is not base64 of UTF-8"))
        }
        Kind::String | Kind::Enum(_) => Ok(Value::from(text)),
        Kind::Boolean => text.parse::<bool>().map(Value::Bool).map_err(|_| wrong()),
        Kind::IntEnum(_) => whole(text, Number::Integer).ok_or_else(wrong),
        Kind::Number(number) if number.is_whole() => whole(text, *number).ok_or_else(wrong),
        Kind::Number(_) if is_special_float(text) => Ok(Value::from(text)),
        Kind::Number(_) => json_text::number(text).map(Value::Number).ok_or_else(wrong),
        Kind::Timestamp => {
            let format = slot.traits.timestamp_format;
            let expected = format.unwrap_or(place.timestamp_format());
            let instant = timestamp::parse(text, expected, reading)
                .ok_or_else(|| format!("{text:?} is not a valid {} timestamp", expected.word()))?;
            Ok(match format {
                None | Some(TimestampFormat::EpochSeconds) => timestamp::to_seconds(instant),
                Some(_) => Value::from(text),
            })
        }
        Kind::Blob if STANDARD.decode(text).is_ok() => Ok(Value::from(text)),
        _ => Err(wrong()),
    }
}

/// Returns true for the spellings of numbers that JSON cannot express.
pub(super) fn is_special_float(text: &str) -> bool {
    matches!(text, "NaN" | "Infinity" | "-Infinity")
}

fn whole(text: &str, number: Number) -> Option<Value> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    match (text.parse::<i64>(), number) {
        (Ok(value), _) => {
            number.integer_limits().filter(|(min, max)| (*min..=*max).contains(&value)).map(|_| Value::from(value))
        }
        (Err(_), Number::BigInteger) => json_text::number(text).map(Value::Number),
        (Err(_), _) => None,
    }
}

/// Returns true for strings with a media type, which are encoded as base64 in headers.
fn is_encoded(slot: &Slot, kind: &Kind) -> bool {
    slot.traits.media_type.is_some() && matches!(kind, Kind::String | Kind::Enum(_))
}

/// Returns the JSON type of a valid value, in the words of [`json_type`].
fn json_word(slot: &Slot, kind: &Kind) -> &'static str {
    match kind {
        Kind::Boolean => "a boolean",
        Kind::Number(_) | Kind::IntEnum(_) => "a number",
        Kind::Timestamp => match slot.traits.timestamp_format {
            None | Some(TimestampFormat::EpochSeconds) => "a number",
            Some(_) => "a string",
        },
        _ => "a string",
    }
}
