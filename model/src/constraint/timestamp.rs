//! Timestamps in the form that their position requires.

use arbitrary::Unstructured;
use serde_json::{Map, Value};

use super::size::pick;
use super::{Aim, Breaking, Broken, Class, Constraint, Dialect, Exception, KindFacts, Place, Position, ViolationKind};
use crate::schema::{Kind, SlotTraits, TimestampFormat};
use crate::timestamp::{self, Reading};

pub(super) const FORM: KindFacts = KindFacts {
    name: "timestamp-format",
    class: Class::TimestampFormat,
    rule: "a timestamp in another form is rejected",
};

/// The timestamp has the form of its position.
pub(crate) struct Form;

impl Constraint for Form {
    fn kinds(&self) -> &'static [ViolationKind] {
        &[ViolationKind::TimestampFormat]
    }

    fn check(&self, at: &Position<'_>, value: &Value) -> Option<Broken> {
        let format = value_format(at.traits);
        let fits = match (format, value) {
            (TimestampFormat::EpochSeconds, Value::Number(number)) => {
                // Milliseconds lie beyond the year 9999.
                number.as_f64().and_then(timestamp::from_seconds).is_some()
            }
            (TimestampFormat::DateTime | TimestampFormat::HttpDate, Value::String(text)) => {
                timestamp::parse(text, format, Reading::Server).is_some()
            }
            _ => false,
        };
        (!fits).then(|| (ViolationKind::TimestampFormat, format!("a timestamp in the form {}", format.word())))
    }

    fn can_break(&self, _at: &Position<'_>, _place: Place, _kind: ViolationKind) -> bool {
        true
    }

    fn violate(&self, at: &Position<'_>, _kind: ViolationKind, breaking: Breaking<'_, '_>) -> Option<Value> {
        // Outside of JSON, a timestamp without a form of its own is a text, and a number is only its value.
        if !breaking.place.is_json() && at.traits.timestamp_format.is_none() {
            return Some(Value::from("1715673600"));
        }
        Some(match value_format(at.traits) {
            TimestampFormat::EpochSeconds => Value::from("2024-05-14T08:00:00Z"),
            TimestampFormat::DateTime | TimestampFormat::HttpDate => Value::from(1_715_673_600),
        })
    }

    /// The epoch, an instant before it, one with a fraction, and a leap day.
    fn touch(&self, at: &Position<'_>, _kind: ViolationKind, _valid: Breaking<'_, '_>) -> Vec<Value> {
        [0.0, -86_400.0, 1_715_673_600.5, 1_709_164_800.0]
            .into_iter()
            .filter_map(|seconds: f64| match value_format(at.traits) {
                TimestampFormat::EpochSeconds if seconds.fract() == 0.0 => Some(Value::from(seconds as i64)),
                TimestampFormat::EpochSeconds => Some(Value::from(seconds)),
                // HTTP dates have whole seconds.
                TimestampFormat::HttpDate if seconds.fract() != 0.0 => None,
                text => Some(timestamp::format(timestamp::from_seconds(seconds)?, text)?.into()),
            })
            .collect()
    }

    fn export(&self, at: &Position<'_>, _dialect: Dialect, keywords: &mut Map<String, Value>) {
        let pattern = match value_format(at.traits) {
            TimestampFormat::EpochSeconds => return,
            TimestampFormat::DateTime => concat!(
                "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])",
                "T([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)([.][0-9]+)?Z$"
            ),
            TimestampFormat::HttpDate => concat!(
                "^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), (0[1-9]|[12][0-9]|3[01]) ",
                "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [0-9]{4} ",
                "([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)([.][0-9]+)? GMT$"
            ),
        };
        keywords.insert("pattern".to_owned(), pattern.into());
    }

    fn words(&self, at: &Position<'_>) -> Option<String> {
        if !matches!(at.kind, Kind::Timestamp) {
            return None;
        }
        let words = match value_format(at.traits) {
            TimestampFormat::EpochSeconds => "instant in seconds since 1970",
            TimestampFormat::DateTime => "instant as RFC 3339 text",
            TimestampFormat::HttpDate => "instant as HTTP date",
        };
        Some(words.to_owned())
    }

    fn exceptions(&self) -> &'static [Exception] {
        &[Exception {
            id: "calendar",
            kinds: &[ViolationKind::TimestampFormat],
            side: None,
            difference: "30 February, a wrong day of the week, and numbers beyond the years 1 to 9999 are accepted",
            reason: "a regular expression cannot express the calendar, and validators round the bounds differently",
        }]
    }
}

/// The form of a timestamp in a value: the explicit one, otherwise epoch seconds.
pub(crate) fn value_format(traits: &SlotTraits) -> TimestampFormat {
    traits.timestamp_format.unwrap_or(TimestampFormat::EpochSeconds)
}

/// A timestamp of this century, with milliseconds at most.
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
        // Every timestamp generated here has a four-digit year.
        text => timestamp::from_seconds(instant).and_then(|i| timestamp::format(i, text)).unwrap_or_default().into(),
    }
}
