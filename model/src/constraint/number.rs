//! Numbers: limits of the type, range, no fraction in integers. A number breaks at most one of these.

use arbitrary::Unstructured;
use serde_json::{Map, Value};

use super::size::{interval, pick};
use super::{Aim, Breaking, Broken, Class, Constraint, Dialect, Exception, KindFacts, Place, Position, ViolationKind};
use crate::planted;
use crate::schema::{Bounds, Kind, Number};

pub(super) const NOT_INTEGER: KindFacts =
    KindFacts { name: "not-integer", class: Class::Type, rule: "a fraction is rejected for an integer" };

pub(super) const OVERFLOW: KindFacts =
    KindFacts { name: "overflow", class: Class::Type, rule: "a number outside the limits of its type is rejected" };

pub(super) const RANGE_MIN: KindFacts =
    KindFacts { name: "range-min", class: Class::Limit, rule: "a number below the range is rejected" };

pub(super) const RANGE_MAX: KindFacts =
    KindFacts { name: "range-max", class: Class::Limit, rule: "a number above the range is rejected" };

/// Strings for the numbers that JSON lacks.
pub(crate) const SPECIAL_FLOATS: [&str; 3] = ["NaN", "Infinity", "-Infinity"];

/// The number fits its type and lies in its range.
pub(crate) struct Limits;

impl Constraint for Limits {
    fn kinds(&self) -> &'static [ViolationKind] {
        &[ViolationKind::NotInteger, ViolationKind::Overflow, ViolationKind::RangeMin, ViolationKind::RangeMax]
    }

    fn check(&self, at: &Position<'_>, value: &Value) -> Option<Broken> {
        match (at.kind, value) {
            (Kind::Number(number), Value::Number(value)) => check(*number, at.traits.range, value),
            _ => None,
        }
    }

    fn can_break(&self, at: &Position<'_>, _place: Place, kind: ViolationKind) -> bool {
        violation(at, kind).is_some()
    }

    fn violate(&self, at: &Position<'_>, kind: ViolationKind, _breaking: Breaking<'_, '_>) -> Option<Value> {
        violation(at, kind)
    }

    fn touch(&self, at: &Position<'_>, kind: ViolationKind, valid: Breaking<'_, '_>) -> Vec<Value> {
        let Kind::Number(number) = *at.kind else { return Vec::new() };
        let range = at.traits.range;
        let limits = |kinds: [bool; 2]| {
            let values = match whole_limits(number, range) {
                Some((least, most)) => [Some(clamp(least).into()), Some(clamp(most).into())],
                None => [range.and_then(|range| range.min), range.and_then(|range| range.max)]
                    .map(|end| end.map(json_number)),
            };
            kinds.into_iter().zip(values).filter(|(wanted, _)| *wanted).filter_map(|(_, value)| value).collect()
        };
        match kind {
            ViolationKind::RangeMin => limits([true, false]),
            ViolationKind::RangeMax => limits([false, true]),
            ViolationKind::Overflow if number.is_whole() => limits([true, true]),
            _ => vec![valid.value],
        }
    }

    fn export(&self, at: &Position<'_>, _dialect: Dialect, keywords: &mut Map<String, Value>) {
        if let Kind::Number(number) = at.kind {
            export(*number, at.traits.range, keywords);
        }
    }

    fn words(&self, at: &Position<'_>) -> Option<String> {
        interval(&at.traits.range?, ("", ""))
    }

    fn exceptions(&self) -> &'static [Exception] {
        &[Exception {
            id: "integer-spelling",
            kinds: &[ViolationKind::NotInteger],
            side: None,
            difference: "1.0 and 1e2 are accepted as integers",
            reason: "JSON Schema compares numbers by value, restJson1 servers reject the spelling",
        }]
    }
}

fn violation(at: &Position<'_>, kind: ViolationKind) -> Option<Value> {
    match at.kind {
        Kind::Number(number) => violate(*number, at.traits.range, kind),
        _ => None,
    }
}

/// The violation of a JSON number.
pub(crate) fn check(kind: Number, range: Option<Bounds<f64>>, value: &serde_json::Number) -> Option<Broken> {
    if let Some((low, high)) = kind.integer_limits() {
        let Some(whole) = as_whole(value) else {
            let beyond = value.as_f64().is_none_or(|f| f < low as f64 || f > high as f64);
            return Some(if beyond && value.as_f64().is_some_and(|f| f.fract() == 0.0) {
                (ViolationKind::Overflow, format!("a {} from {low} to {high}", kind.word()))
            } else {
                (ViolationKind::NotInteger, format!("an integer ({})", kind.word()))
            });
        };
        if whole < i128::from(low) || whole > i128::from(high) {
            return Some((ViolationKind::Overflow, format!("a {} from {low} to {high}", kind.word())));
        }
        let (least, most) = whole_limits(kind, range)?;
        return if whole < least {
            Some((ViolationKind::RangeMin, format!("at least {least}")))
        } else if whole > most {
            Some((ViolationKind::RangeMax, format!("at most {most}")))
        } else {
            None
        };
    }
    let number = value.as_f64()?;
    if number.abs() > largest(kind) {
        return Some((ViolationKind::Overflow, "a 32-bit float".to_owned()));
    }
    let range = range?;
    if let Some(min) = range.min.filter(|min| number < *min) {
        return Some((ViolationKind::RangeMin, format!("at least {min}")));
    }
    if let Some(max) = range.max.filter(|max| number > *max) {
        return Some((ViolationKind::RangeMax, format!("at most {max}")));
    }
    None
}

/// A number within type and range.
pub(crate) fn witness(kind: Number, range: Option<Bounds<f64>>, aim: Aim, u: &mut Unstructured<'_>) -> Value {
    if let Some((least, most)) = whole_limits(kind, range) {
        let (least, most) = (clamp(least), clamp(most));
        return Value::from(match aim {
            Aim::Lowest => least,
            Aim::Highest if planted::is("generate_laws") && most == 1000 => most + 1,
            Aim::Highest => most,
            Aim::Small => {
                let from = if least <= 0 && most >= 0 { 0 } else { least };
                let span = u64::try_from(i128::from(most) - i128::from(from)).unwrap_or(u64::MAX).min(99);
                from + pick(u, 0, span) as i64
            }
            Aim::Anywhere => u.int_in_range(least..=most).unwrap_or(least),
        });
    }
    let range = range.unwrap_or_default();
    // A 32-bit float holds these limits exactly: generated values must survive either type.
    let (low, high) = (range.min.map(|min| min.max(-largest(kind))), range.max.map(|max| max.min(largest(kind))));
    let low = low.unwrap_or(if aim == Aim::Lowest { -1.0e6 } else { 0.0 });
    let high = high.unwrap_or(if aim == Aim::Highest { 1.0e6 } else { low.max(0.0) + 1000.0 });
    let number = match aim {
        Aim::Lowest => low,
        Aim::Highest => high,
        // Eighths are exact in binary and short in decimal.
        Aim::Small | Aim::Anywhere => {
            let steps = ((high - low) * 8.0).clamp(0.0, 8_000.0) as u64;
            low + pick(u, 0, steps) as f64 / 8.0
        }
    };
    json_number(number)
}

/// Adds the keywords for a number type with a range.
pub(super) fn export(number: Number, range: Option<Bounds<f64>>, keywords: &mut Map<String, Value>) {
    let mut put = |key: &str, value: Value| keywords.insert(key.to_owned(), value);
    if let Some((least, most)) = whole_limits(number, range) {
        put("minimum", clamp(least).into());
        put("maximum", clamp(most).into());
        return;
    }
    if matches!(number, Number::Float | Number::Double) {
        // Each keyword applies to its own type: bounds to numbers, the pattern to strings.
        put("pattern", "^(NaN|-?Infinity)$".into());
    }
    let range = range.unwrap_or_default();
    let limit = (number == Number::Float).then_some(f64::from(f32::MAX));
    if let Some(min) = range.min.or(limit.map(|max| -max)) {
        put("minimum", json_number(min));
    }
    if let Some(max) = range.max.or(limit) {
        put("maximum", json_number(max));
    }
}

fn json_number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9.0e15 { Value::from(number as i64) } else { Value::from(number) }
}

/// A number with exactly one violation, of that kind.
fn violate(kind: Number, range: Option<Bounds<f64>>, broken: ViolationKind) -> Option<Value> {
    match (broken, kind.integer_limits()) {
        (ViolationKind::NotInteger, Some(_)) => {
            let (least, most) = whole_limits(kind, range)?;
            let base = least.max(0).min(most);
            Some(Value::from(base as f64 + 0.5))
        }
        // A big integer has no limit.
        (ViolationKind::Overflow, Some(_)) if kind == Number::BigInteger => None,
        (ViolationKind::Overflow, Some((_, high))) => Some(match high.checked_add(1) {
            Some(above) => Value::from(above),
            None => Value::from(high as u64 + 1),
        }),
        (ViolationKind::RangeMin, Some((low, _))) => {
            let below = (range?.min?.ceil() as i128).saturating_sub(1);
            (below >= i128::from(low)).then(|| Value::from(clamp(below)))
        }
        (ViolationKind::RangeMax, Some((_, high))) => {
            let above = (range?.max?.floor() as i128).saturating_add(1);
            (above <= i128::from(high)).then(|| Value::from(clamp(above)))
        }
        // One more or less, or a difference that a 64-bit float can represent; there is none beyond the largest float.
        (ViolationKind::RangeMin, None) => in_type(kind, range?.min.map(|min| min - min.abs().max(1.0))?),
        (ViolationKind::RangeMax, None) => in_type(kind, range?.max.map(|max| max + max.abs().max(1.0))?),
        _ => None,
    }
}

/// The largest float of a type.
fn largest(kind: Number) -> f64 {
    if kind == Number::Float { f64::from(f32::MAX) } else { f64::MAX }
}

/// A float that its type can hold, as JSON.
fn in_type(kind: Number, number: f64) -> Option<Value> {
    (number.abs() <= largest(kind)).then(|| Value::from(number))
}

/// Type limits and range together, for integer types.
fn whole_limits(kind: Number, range: Option<Bounds<f64>>) -> Option<(i128, i128)> {
    let (low, high) = kind.integer_limits()?;
    let range = range.unwrap_or_default();
    let least = range.min.map_or(i128::from(low), |min| (min.ceil() as i128).max(i128::from(low)));
    let most = range.max.map_or(i128::from(high), |max| (max.floor() as i128).min(i128::from(high)));
    Some((least, most))
}

fn as_whole(value: &serde_json::Number) -> Option<i128> {
    value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from))
}

fn clamp(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const RANGES: [Option<Bounds<f64>>; 8] = [
        None,
        Some(Bounds { min: Some(0.0), max: None }),
        Some(Bounds { min: Some(1.0), max: Some(1000.0) }),
        Some(Bounds { min: Some(-5.0), max: Some(5.0) }),
        Some(Bounds { min: Some(0.0), max: Some(9_223_372_036_854_775_807.0) }),
        Some(Bounds { min: Some(-9.9e307), max: Some(9.9e307) }),
        Some(Bounds { min: Some(0.0), max: Some(1.0e300) }),
        Some(Bounds { min: Some(f64::MIN), max: None }),
    ];

    #[test]
    fn witnesses_are_valid_and_violations_break_only_the_named_constraint() {
        let kinds = [
            Number::Byte,
            Number::Short,
            Number::Integer,
            Number::Long,
            Number::BigInteger,
            Number::Float,
            Number::Double,
            Number::BigDecimal,
        ];
        for kind in kinds {
            for range in RANGES {
                for aim in [Aim::Small, Aim::Lowest, Aim::Highest, Aim::Anywhere] {
                    let value = witness(kind, range, aim, &mut Unstructured::new(&[0xa7; 64]));
                    let number = value.as_number().unwrap();
                    assert_eq!(check(kind, range, number), None, "{kind:?} {range:?} {aim:?} {value}");
                }
                for broken in ViolationKind::ALL {
                    if let Some(value) = violate(kind, range, *broken) {
                        let found = check(kind, range, value.as_number().unwrap()).map(|b| b.0);
                        assert_eq!(found, Some(*broken), "{kind:?} {range:?} {value}");
                    }
                }
            }
        }
    }

    #[test]
    fn integers_reject_fractions_exponents_and_overflow() {
        let judge = |text: &str| {
            let value: Value = serde_json::from_str(text).unwrap();
            check(Number::Integer, None, value.as_number().unwrap()).map(|broken| broken.0)
        };
        assert_eq!(judge("2147483647"), None);
        assert_eq!(judge("2147483648"), Some(ViolationKind::Overflow));
        assert_eq!(judge("-2147483649"), Some(ViolationKind::Overflow));
        assert_eq!(judge("1.5"), Some(ViolationKind::NotInteger));
        assert_eq!(judge("1.0"), Some(ViolationKind::NotInteger));
        assert_eq!(judge("1e30"), Some(ViolationKind::Overflow));
    }
}
