//! Counts: characters, bytes, elements, entries. Inclusive bounds, each side optional.

use arbitrary::Unstructured;

use super::{Aim, Broken, ViolationKind};
use crate::schema::Bounds;

/// What is counted; decides the names of the violations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Characters,
    Bytes,
    Elements,
    Entries,
}

impl Unit {
    pub(crate) fn kinds(self) -> (ViolationKind, ViolationKind) {
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

/// The bound that a count breaks.
pub(crate) fn check(bounds: Option<Bounds<u64>>, unit: Unit, count: u64) -> Option<Broken> {
    let bounds = bounds?;
    let (below, above) = unit.kinds();
    if let Some(min) = bounds.min.filter(|min| count < *min) {
        return Some((below, format!("at least {min} {} (found {count})", unit.word())));
    }
    if let Some(max) = bounds.max.filter(|max| count > *max) {
        return Some((above, format!("at most {max} {} (found {count})", unit.word())));
    }
    None
}

/// Lower bound, and upper bound if there is one.
pub(crate) fn limits(bounds: Option<Bounds<u64>>) -> (u64, Option<u64>) {
    let bounds = bounds.unwrap_or_default();
    (bounds.min.unwrap_or(0), bounds.max)
}

/// A legal count. `extra` is what `Small` adds to the lower bound at most; `budget` caps what is made on purpose, and
/// never lies below the lower bound.
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

/// A count that breaks the bound of that kind and lies next to it.
pub(crate) fn violate(bounds: Option<Bounds<u64>>, unit: Unit, kind: ViolationKind) -> Option<u64> {
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

/// A number of `low..=high`; `low` when the bytes are used up.
pub(crate) fn pick(u: &mut Unstructured<'_>, low: u64, high: u64) -> u64 {
    if low >= high || u.is_empty() { low } else { u.int_in_range(low..=high).unwrap_or(low) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn witness_keeps_and_violate_breaks_the_named_side() {
        for (min, max) in [(None, None), (Some(1), None), (None, Some(0)), (Some(2), Some(2)), (Some(3), Some(90))] {
            let bounds = Some(Bounds { min, max });
            for aim in [Aim::Small, Aim::Lowest, Aim::Highest, Aim::Anywhere] {
                let count = witness(bounds, aim, 4, 50, &mut Unstructured::new(&[0xff; 64]));
                assert_eq!(check(bounds, Unit::Elements, count), None, "{bounds:?} {aim:?}");
            }
            for kind in [ViolationKind::ListMin, ViolationKind::ListMax] {
                if let Some(count) = violate(bounds, Unit::Elements, kind) {
                    assert_eq!(check(bounds, Unit::Elements, count).map(|b| b.0), Some(kind), "{bounds:?}");
                }
            }
        }
        assert_eq!(violate(Some(Bounds { min: Some(0), max: None }), Unit::Bytes, ViolationKind::LengthMin), None);
        assert_eq!(violate(None, Unit::Bytes, ViolationKind::LengthMax), None);
    }
}
