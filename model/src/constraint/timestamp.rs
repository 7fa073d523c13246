//! Instants in the form that a position asks for.

use arbitrary::Unstructured;
use serde_json::Value;

use super::size::pick;
use super::{Aim, Broken, ViolationKind};
use crate::schema::TimestampFormat;
use crate::timestamp::{self, Reading};

/// Form of an instant in a value: the explicit one, else epoch seconds.
pub(crate) fn value_format(explicit: Option<TimestampFormat>) -> TimestampFormat {
    explicit.unwrap_or(TimestampFormat::EpochSeconds)
}

/// What the value breaks; `WrongType` when it is neither number nor text.
pub(crate) fn check(format: TimestampFormat, value: &Value) -> Option<Broken> {
    let fine = match (format, value) {
        (TimestampFormat::EpochSeconds, Value::Number(_)) => true,
        (TimestampFormat::DateTime | TimestampFormat::HttpDate, Value::String(text)) => {
            timestamp::parse(text, format, Reading::Server).is_some()
        }
        (_, Value::Number(_) | Value::String(_)) => false,
        _ => return Some((ViolationKind::WrongType, format!("a timestamp ({})", format.word()))),
    };
    (!fine).then(|| (ViolationKind::TimestampFormat, format!("a timestamp in the form {}", format.word())))
}

/// An instant of this century, with milliseconds at most.
pub(crate) fn witness(format: TimestampFormat, aim: Aim, u: &mut Unstructured<'_>) -> Value {
    let seconds = match aim {
        Aim::Lowest => 0,
        Aim::Highest => 4_102_444_799,
        Aim::Small | Aim::Anywhere => 1_700_000_000 + pick(u, 0, 99_999_999),
    };
    let millis = if aim == Aim::Anywhere { pick(u, 0, 999) } else { 0 };
    let instant = seconds as f64 + millis as f64 / 1000.0;
    match format {
        TimestampFormat::EpochSeconds if millis == 0 => Value::from(seconds),
        TimestampFormat::EpochSeconds => Value::from(instant),
        // Every instant that is made here has a year of four digits.
        text => timestamp::from_seconds(instant).and_then(|i| timestamp::format(i, text)).unwrap_or_default().into(),
    }
}

/// An instant in another form.
pub(crate) fn violate(format: TimestampFormat) -> Value {
    match format {
        TimestampFormat::EpochSeconds => Value::from("2024-05-14T08:00:00Z"),
        TimestampFormat::DateTime | TimestampFormat::HttpDate => Value::from(1_715_673_600),
    }
}
