//! Sizes: numbers of characters, bytes, elements and entries. Inclusive bounds, each side optional.

use arbitrary::Unstructured;
use serde_json::{Map, Value};

use super::{Aim, Breaking, Broken, Class, Constraint, Dialect, KindFacts, Place, Position, ViolationKind, blob, text};
use crate::pattern::LengthBounds;
use crate::planted;
use crate::schema::{Bounds, Kind};

pub(super) const LENGTH_MIN: KindFacts = KindFacts {
    name: "length-min",
    class: Class::Limit,
    rule: "a string or blob below the minimum length is rejected",
};

pub(super) const LENGTH_MAX: KindFacts = KindFacts {
    name: "length-max",
    class: Class::Limit,
    rule: "a string or blob above the maximum length is rejected",
};

pub(super) const LIST_MIN: KindFacts =
    KindFacts { name: "list-min", class: Class::Limit, rule: "a list with too few elements is rejected" };

pub(super) const LIST_MAX: KindFacts =
    KindFacts { name: "list-max", class: Class::Limit, rule: "a list with too many elements is rejected" };

pub(super) const MAP_MIN: KindFacts =
    KindFacts { name: "map-min", class: Class::Limit, rule: "a map with too few entries is rejected" };

pub(super) const MAP_MAX: KindFacts =
    KindFacts { name: "map-max", class: Class::Limit, rule: "a map with too many entries is rejected" };

/// The most elements or entries that a violation of a maximum may need.
pub(crate) const ITEMS_BUDGET: u64 = 20_000;

/// The size lies within the bounds.
pub(crate) struct Size;

impl Constraint for Size {
    fn kinds(&self) -> &'static [ViolationKind] {
        use ViolationKind as K;
        &[K::LengthMin, K::LengthMax, K::ListMin, K::ListMax, K::MapMin, K::MapMax]
    }

    fn check(&self, at: &Position<'_>, value: &Value) -> Option<Broken> {
        let bounds = at.traits.length?;
        let (unit, count) = match (at.kind, value) {
            (Kind::String, Value::String(text)) => {
                // There are at most as many characters as bytes: most strings need no counting.
                let bytes = text.len() as u64;
                if bounds.min.is_none_or(|min| min == 0 || (min == 1 && bytes > 0))
                    && bounds.max.is_none_or(|max| bytes <= max)
                {
                    return None;
                }
                let counts_bytes = planted::is("validate_vs_jsonschema");
                (Unit::Characters, if counts_bytes { bytes } else { text.chars().count() as u64 })
            }
            (Kind::Blob, Value::String(text)) => (Unit::Bytes, blob::length(text)?),
            (Kind::List(_), Value::Array(items)) => (Unit::Elements, items.len() as u64),
            (Kind::Map(_), Value::Object(entries)) => (Unit::Entries, entries.len() as u64),
            _ => return None,
        };
        check(bounds, unit, count)
    }

    fn can_break(&self, at: &Position<'_>, place: Place, kind: ViolationKind) -> bool {
        let unit = Unit::of(at.kind);
        match violate(at.traits.length, unit, kind) {
            None => false,
            Some(0) => !place.loses_empty(unit == Unit::Characters),
            Some(_) => true,
        }
    }

    fn violate(&self, at: &Position<'_>, kind: ViolationKind, breaking: Breaking<'_, '_>) -> Option<Value> {
        of_size(at, violate(at.traits.length, Unit::of(at.kind), kind)?, breaking)
    }

    fn touch(&self, at: &Position<'_>, kind: ViolationKind, valid: Breaking<'_, '_>) -> Vec<Value> {
        let unit = Unit::of(at.kind);
        let (below, _) = unit.kinds();
        let bounds = at.traits.length.unwrap_or_default();
        let Some(mut count) = (if kind == below { bounds.min } else { bounds.max }) else { return vec![valid.value] };
        // A pattern can narrow the length further.
        if let Some(pattern) = at.traits.pattern.map(|id| &at.schema[id])
            && let Some((shortest, longest)) =
                pattern.feasible(LengthBounds { min: bounds.min.unwrap_or(0), max: bounds.max })
        {
            count = if kind == below { shortest } else { longest };
        }
        if count == 0 && valid.place.loses_empty(unit == Unit::Characters) {
            return Vec::new();
        }
        of_size(at, count, valid).into_iter().collect()
    }

    fn export(&self, at: &Position<'_>, _dialect: Dialect, keywords: &mut Map<String, Value>) {
        let bounds = at.traits.length.unwrap_or_default();
        let (min, max, bounds) = match Unit::of(at.kind) {
            Unit::Characters => ("minLength", "maxLength", bounds),
            Unit::Bytes => ("minLength", "maxLength", blob::characters(bounds)),
            Unit::Elements => ("minItems", "maxItems", bounds),
            Unit::Entries => ("minProperties", "maxProperties", bounds),
        };
        if let Some(least) = bounds.min.filter(|least| *least > 0) {
            keywords.insert(min.to_owned(), least.into());
        }
        if let Some(most) = bounds.max {
            keywords.insert(max.to_owned(), most.into());
        }
    }

    fn words(&self, at: &Position<'_>) -> Option<String> {
        let unit = match Unit::of(at.kind) {
            Unit::Characters => ("character", "characters"),
            Unit::Bytes => ("byte", "bytes"),
            Unit::Elements => ("element", "elements"),
            Unit::Entries => ("entry", "entries"),
        };
        interval(&at.traits.length?, unit)
    }
}

/// A value of that size from a valid one; none if it would exceed the budget, or if there is none.
fn of_size(at: &Position<'_>, count: u64, Breaking { value, place, u, another }: Breaking<'_, '_>) -> Option<Value> {
    if count > Unit::of(at.kind).budget() {
        return None;
    }
    match (at.kind, value) {
        (Kind::String, _) => text::of_length(at, place, count, u).map(Value::from),
        (Kind::Blob, _) => Some(Value::from(blob::of_length(count, u))),
        (Kind::List(list), Value::Array(mut items)) => {
            let count = count as usize;
            items.truncate(count);
            while items.len() < count {
                let next = match items.first() {
                    Some(first) if !at.traits.unique_items => first.clone(),
                    _ => another(&list.member, place.inside(), items.len(), u)?,
                };
                items.push(next);
            }
            Some(Value::Array(items))
        }
        (Kind::Map(map), Value::Object(mut entries)) => {
            let count = count as usize;
            while entries.len() > count {
                let key = entries.keys().next()?.clone();
                entries.remove(&key);
            }
            let template = entries.values().next().cloned();
            // Generated keys can repeat; the limit on attempts ends the loop when there are not enough keys.
            for attempt in 0..count * 4 {
                if entries.len() == count {
                    break;
                }
                let key = another(&map.key, place.inside(), attempt, u)?;
                let value = match &template {
                    Some(value) => value.clone(),
                    None => another(&map.value, place.inside(), attempt, u)?,
                };
                entries.insert(key.as_str()?.to_owned(), value);
            }
            (entries.len() == count).then_some(Value::Object(entries))
        }
        _ => None,
    }
}

/// The size that a violation needs and its budget, if the size exceeds the budget.
pub(crate) fn over_budget(at: &Position<'_>, kind: ViolationKind) -> Option<(u64, u64)> {
    if !matches!(at.kind, Kind::String | Kind::Blob | Kind::List(_) | Kind::Map(_)) {
        return None;
    }
    let unit = Unit::of(at.kind);
    let count = violate(at.traits.length, unit, kind)?;
    (count > unit.budget()).then_some((count, unit.budget()))
}

/// The unit of a size; decides the kinds of violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Characters,
    Bytes,
    Elements,
    Entries,
}

impl Unit {
    /// The unit for a kind of shape: strings and everything else without a size of its own count characters.
    fn of(kind: &Kind) -> Self {
        match kind {
            Kind::Blob => Unit::Bytes,
            Kind::List(_) => Unit::Elements,
            Kind::Map(_) => Unit::Entries,
            _ => Unit::Characters,
        }
    }

    fn budget(self) -> u64 {
        match self {
            Unit::Characters | Unit::Bytes => text::TEXT_BUDGET,
            Unit::Elements | Unit::Entries => ITEMS_BUDGET,
        }
    }

    fn kinds(self) -> (ViolationKind, ViolationKind) {
        match self {
            Unit::Characters | Unit::Bytes => (ViolationKind::LengthMin, ViolationKind::LengthMax),
            Unit::Elements => (ViolationKind::ListMin, ViolationKind::ListMax),
            Unit::Entries => (ViolationKind::MapMin, ViolationKind::MapMax),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Unit::Characters => "characters",
            Unit::Bytes => "bytes",
            Unit::Elements => "elements",
            Unit::Entries => "entries",
        }
    }
}

/// The violation of a count.
fn check(bounds: Bounds<u64>, unit: Unit, count: u64) -> Option<Broken> {
    let (below, above) = unit.kinds();
    if let Some(min) = bounds.min.filter(|min| count < *min) {
        return Some((below, format!("at least {min} {} (found {count})", unit.word())));
    }
    if let Some(max) = bounds.max.filter(|max| count > *max) {
        return Some((above, format!("at most {max} {} (found {count})", unit.word())));
    }
    None
}

/// The lower bound, and the upper bound if there is one.
pub(crate) fn limits(bounds: Option<Bounds<u64>>) -> (u64, Option<u64>) {
    let bounds = bounds.unwrap_or_default();
    (bounds.min.unwrap_or(0), bounds.max)
}

/// A legal count. `Small` adds at most `extra` to the lower bound. `budget` caps the count; it never goes below the
/// lower bound.
pub(crate) fn witness(bounds: Option<Bounds<u64>>, aim: Aim, extra: u64, budget: u64, u: &mut Unstructured<'_>) -> u64 {
    let (min, max) = limits(bounds);
    let cap = max.unwrap_or(u64::MAX).min(budget.max(min));
    match aim {
        Aim::Lowest => min,
        Aim::Highest => max.map_or(min.saturating_add(extra).min(cap), |max| max.min(cap)),
        Aim::Small => pick(u, min, min.saturating_add(extra).min(cap)),
        Aim::Anywhere => pick(u, min, cap.min(min.saturating_add(extra.saturating_mul(8)))),
    }
}

/// The count next to the bound of that kind, on the wrong side.
fn violate(bounds: Option<Bounds<u64>>, unit: Unit, kind: ViolationKind) -> Option<u64> {
    let bounds = bounds?;
    let (below, above) = unit.kinds();
    if kind == below {
        bounds.min.and_then(|min| min.checked_sub(1))
    } else if kind == above {
        bounds.max.and_then(|max| max.checked_add(1))
    } else {
        None
    }
}

/// A number in `low..=high`; `low` when the bytes are used up.
pub(crate) fn pick(u: &mut Unstructured<'_>, low: u64, high: u64) -> u64 {
    if low >= high || u.is_empty() { low } else { u.int_in_range(low..=high).unwrap_or(low) }
}

/// The bounds in words, for example `1 to 200 characters`; none if there are none.
pub(super) fn interval<T: PartialEq + std::fmt::Display>(
    bounds: &Bounds<T>,
    (one, many): (&str, &str),
) -> Option<String> {
    let text = match (&bounds.min, &bounds.max) {
        (None, None) => return None,
        (Some(min), Some(max)) if min == max && max.to_string() == "1" => format!("exactly {min} {one}"),
        (Some(min), Some(max)) if min == max => format!("exactly {min} {many}"),
        (Some(min), Some(max)) => format!("{min} to {max} {many}"),
        (Some(min), None) if min.to_string() == "1" => format!("at least {min} {one}"),
        (Some(min), None) => format!("at least {min} {many}"),
        (None, Some(max)) if max.to_string() == "1" => format!("at most {max} {one}"),
        (None, Some(max)) => format!("at most {max} {many}"),
    };
    Some(text.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn witnesses_are_valid_and_violations_break_the_named_side() {
        for (min, max) in [(None, None), (Some(1), None), (None, Some(0)), (Some(2), Some(2)), (Some(3), Some(90))] {
            let inner = Bounds { min, max };
            let bounds = Some(inner);
            for aim in [Aim::Small, Aim::Lowest, Aim::Highest, Aim::Anywhere] {
                let count = witness(bounds, aim, 4, 50, &mut Unstructured::new(&[0xff; 64]));
                assert_eq!(check(inner, Unit::Elements, count), None, "{bounds:?} {aim:?}");
            }
            for kind in [ViolationKind::ListMin, ViolationKind::ListMax] {
                if let Some(count) = violate(bounds, Unit::Elements, kind) {
                    assert_eq!(check(inner, Unit::Elements, count).map(|b| b.0), Some(kind), "{bounds:?}");
                }
            }
        }
        assert_eq!(violate(Some(Bounds { min: Some(0), max: None }), Unit::Bytes, ViolationKind::LengthMin), None);
        assert_eq!(violate(None, Unit::Bytes, ViolationKind::LengthMax), None);
    }
}
