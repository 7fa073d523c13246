//! Enums: strings or integers from a set.

use arbitrary::Unstructured;
use serde_json::{Map, Value, json};

use super::{
    Breaking, Broken, Class, Constraint, Dialect, Exception, KindFacts, Place, Position, ViolationKind, number, size,
};
use crate::schema::{Kind, Number};
use crate::side::Side;

pub(super) const UNKNOWN: KindFacts =
    KindFacts { name: "enum-unknown", class: Class::Enum, rule: "a value outside the enum is rejected" };

pub(super) const CASE: KindFacts =
    KindFacts { name: "enum-case", class: Class::Enum, rule: "an enum value in different letter case is rejected" };

/// The value is one of the enum's.
pub(crate) struct Choice;

impl Constraint for Choice {
    fn kinds(&self) -> &'static [ViolationKind] {
        &[ViolationKind::EnumUnknown, ViolationKind::EnumCase]
    }

    fn check(&self, at: &Position<'_>, value: &Value) -> Option<Broken> {
        match (at.kind, value) {
            (Kind::Enum(values), Value::String(text)) => check(values, text),
            // The integer type first, in the order in which the wire format is read.
            (Kind::IntEnum(values), Value::Number(number)) => {
                number::check(Number::Integer, None, number).or_else(|| {
                    let known = number.as_i64().is_some_and(|number| values.contains(&number));
                    (!known).then(|| {
                        (
                            ViolationKind::EnumUnknown,
                            format!("one of {}", values.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")),
                        )
                    })
                })
            }
            _ => None,
        }
    }

    fn can_break(&self, at: &Position<'_>, _place: Place, kind: ViolationKind) -> bool {
        // Integers have no letter case. Values without letters are found out when the mutation is made.
        matches!(at.kind, Kind::Enum(_)) || kind == ViolationKind::EnumUnknown
    }

    fn violate(&self, at: &Position<'_>, kind: ViolationKind, _breaking: Breaking<'_, '_>) -> Option<Value> {
        match at.kind {
            Kind::Enum(values) => violate(values, kind).map(Value::from),
            Kind::IntEnum(values) => values.iter().max()?.checked_add(1).map(Value::from),
            _ => None,
        }
    }

    fn touch(&self, at: &Position<'_>, kind: ViolationKind, valid: Breaking<'_, '_>) -> Vec<Value> {
        match (kind, at.kind) {
            (ViolationKind::EnumUnknown, Kind::Enum(values)) => {
                values.iter().filter(|value| valid.place.can_hold(value)).cloned().map(Value::from).collect()
            }
            (ViolationKind::EnumUnknown, Kind::IntEnum(values)) => values.iter().copied().map(Value::from).collect(),
            _ => vec![valid.value],
        }
    }

    fn export(&self, at: &Position<'_>, dialect: Dialect, keywords: &mut Map<String, Value>) {
        let values = match at.kind {
            Kind::Enum(values) => json!(values),
            Kind::IntEnum(values) => json!(values),
            _ => return,
        };
        match dialect.side {
            Side::Input => keywords.insert("enum".to_owned(), values),
            Side::Output => {
                if matches!(at.kind, Kind::IntEnum(_)) {
                    number::export(Number::Integer, None, keywords);
                }
                keywords.insert("examples".to_owned(), values)
            }
        };
    }

    fn exceptions(&self) -> &'static [Exception] {
        &[Exception {
            id: "open-enum",
            kinds: &[ViolationKind::EnumUnknown, ViolationKind::EnumCase],
            side: Some(Side::Output),
            difference: "any string is accepted; the known values are given as examples",
            reason: "a server may know newer values than the model, and a client must survive them",
        }]
    }
}

/// The violation of a string against the (sorted) values.
fn check(values: &[String], text: &str) -> Option<Broken> {
    // In a short list, comparing lengths first finds the value faster than a binary search.
    let known = match values.len() {
        0..=24 => values.iter().any(|value| value == text),
        _ => values.binary_search_by(|value| value.as_str().cmp(text)).is_ok(),
    };
    if known {
        return None;
    }
    let kind = if values.iter().any(|value| value.eq_ignore_ascii_case(text)) {
        ViolationKind::EnumCase
    } else {
        ViolationKind::EnumUnknown
    };
    Some((kind, expectation(values)))
}

/// The first values in words.
fn expectation(values: &[String]) -> String {
    const SHOWN: usize = 8;
    let head = values.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if values.len() > SHOWN {
        format!("one of {head}, … ({} in all)", values.len())
    } else {
        format!("one of {head}")
    }
}

/// One of the strings that can be sent in a place; none if there is none.
pub(crate) fn witness(values: &[String], place: Place, u: &mut Unstructured<'_>) -> Option<String> {
    let held: Vec<&String> = values.iter().filter(|value| place.can_hold(value)).collect();
    let at = size::pick(u, 0, held.len().max(1) as u64 - 1) as usize;
    held.get(at).map(|value| (*value).clone())
}

/// One of the integers.
pub(crate) fn integer_witness(values: &[i64], u: &mut Unstructured<'_>) -> i64 {
    let at = size::pick(u, 0, values.len().max(1) as u64 - 1) as usize;
    values.get(at).copied().unwrap_or_default()
}

/// A string outside the set.
fn violate(values: &[String], kind: ViolationKind) -> Option<String> {
    match kind {
        ViolationKind::EnumUnknown => {
            let mut text = "NO_SUCH_VALUE".to_owned();
            while values.iter().any(|value| value.eq_ignore_ascii_case(&text)) {
                text.push('_');
            }
            Some(text)
        }
        ViolationKind::EnumCase => values
            .iter()
            .flat_map(|value| [value.to_ascii_lowercase(), value.to_ascii_uppercase()])
            .find(|other| !values.contains(other)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn distinguishes_unknown_values_from_wrong_case() {
        let values = ["ACTIVE".to_owned(), "ARCHIVED".to_owned()];
        assert_eq!(check(&values, "ACTIVE"), None);
        assert_eq!(check(&values, "active").unwrap().0, ViolationKind::EnumCase);
        for kind in [ViolationKind::EnumCase, ViolationKind::EnumUnknown] {
            assert_eq!(check(&values, &violate(&values, kind).unwrap()).unwrap().0, kind);
        }
        let digits = ["1".to_owned(), "2".to_owned()];
        assert_eq!(violate(&digits, ViolationKind::EnumCase), None, "digits have no case");
    }
}
