//! Text: length in Unicode scalar values, and pattern. The two are made together, since a witness must keep both.

use arbitrary::Unstructured;

use super::size::{self, Unit};
use super::{Aim, Broken, ViolationKind};
use crate::pattern::{LengthBounds, Pattern, Verdict};
use crate::planted;
use crate::schema::{Schema, SlotTraits};

/// Largest number of characters that is made on purpose, for witnesses and for violations of a maximum. Longer limits
/// are not tried; callers report that by this name.
pub(crate) const TEXT_BUDGET: u64 = 600_000;

/// The constraints that text breaks; pattern verdicts other than "rejects" break nothing.
pub(crate) fn check(schema: &Schema, traits: &SlotTraits, text: &str, mut report: impl FnMut(Broken)) {
    if let Some(bounds) = traits.length {
        // Bytes bound scalar values from above: most text needs no counting.
        let bytes = text.len() as u64;
        let surely_fine = bounds.min.is_none_or(|min| min == 0 || (min == 1 && bytes > 0))
            && bounds.max.is_none_or(|max| bytes <= max);
        let count = || if planted::is("validate_vs_jsonschema") { text.len() } else { text.chars().count() };
        if !surely_fine && let Some(broken) = size::check(traits.length, Unit::Characters, count() as u64) {
            report(broken);
        }
    }
    if let Some(id) = traits.pattern
        && schema[id].admits(text) == Verdict::Rejects
    {
        report((ViolationKind::Pattern, format!("text that matches {}", schema[id].source())));
    }
}

/// Text that keeps length and pattern; none when nothing does.
pub(crate) fn witness(
    schema: &Schema,
    traits: &SlotTraits,
    aim: Aim,
    extra: u64,
    budget: u64,
    u: &mut Unstructured<'_>,
) -> Option<String> {
    let (min, max) = size::limits(traits.length);
    let Some(pattern) = traits.pattern.map(|id| &schema[id]).filter(|pattern| !anything(pattern)) else {
        let length = size::witness(traits.length, aim, extra, budget, u);
        return Some(if aim == Aim::Anywhere { wild(u, length) } else { word(u, length) });
    };
    let bounds = LengthBounds { min, max };
    match aim {
        Aim::Small | Aim::Anywhere => pattern.sample(u, bounds),
        Aim::Lowest | Aim::Highest => {
            let capped = LengthBounds { min, max: Some(max.unwrap_or(min + extra).min(budget.max(min))) };
            match pattern.feasible(capped) {
                Some((low, high)) => pattern.sample_exact(u, if aim == Aim::Lowest { low } else { high }),
                None => pattern.sample(u, bounds),
            }
        }
    }
}

/// Text that breaks exactly the constraint of that kind; none when the others stand in the way, or the budget does.
pub(crate) fn violate(
    schema: &Schema,
    traits: &SlotTraits,
    kind: ViolationKind,
    u: &mut Unstructured<'_>,
) -> Option<String> {
    let pattern = traits.pattern.map(|id| &schema[id]);
    if kind == ViolationKind::Pattern {
        let (min, max) = size::limits(traits.length);
        return pattern?.violate(u, LengthBounds { min, max });
    }
    let length = size::violate(traits.length, Unit::Characters, kind)?;
    if length > TEXT_BUDGET {
        return None;
    }
    match pattern.filter(|pattern| !anything(pattern)) {
        None => Some(word(u, length)),
        Some(pattern) => pattern.sample_exact(u, length),
    }
}

/// Patterns that need no automaton.
fn anything(pattern: &Pattern) -> bool {
    pattern.source() == ".*"
}

/// Lower-case letters with some digits inside: readable, and never a reserved word.
fn word(u: &mut Unstructured<'_>, length: u64) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut text = String::with_capacity(usize::try_from(length).unwrap_or(0));
    let mut random = [0u8; 24];
    let fresh = random.len().min(u.len());
    // At the end of the bytes the rest stays zero: short input gives plain text, never an error.
    let _ = u.fill_buffer(&mut random[..fresh]);
    for at in 0..length {
        let byte = random[(at % random.len() as u64) as usize] ^ (at / random.len() as u64) as u8;
        let letter = LETTERS[(byte & 31) as usize];
        text.push(if at == 0 && letter.is_ascii_digit() { 'x' } else { letter as char });
    }
    text
}

/// Any characters, those outside the basic plane included.
fn wild(u: &mut Unstructured<'_>, length: u64) -> String {
    (0..length).map(|_| if u.is_empty() { 'a' } else { u.arbitrary::<char>().unwrap_or('a') }).collect()
}
