//! Strings that satisfy length and pattern together. Length counts Unicode scalar values.

use arbitrary::Unstructured;

use super::{Aim, Position, size};
use crate::pattern::{LengthBounds, Pattern};
use crate::schema::{Schema, SlotTraits};

/// The most characters in a generated string, valid or too long. Longer limits are not tried; callers report that by
/// this name.
pub(crate) const TEXT_BUDGET: u64 = 600_000;

/// A string that satisfies length and pattern; none if there is none.
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

/// A string of that length, legal or not, that matches the pattern; none if there is none.
pub(super) fn of_length(at: &Position<'_>, length: u64, u: &mut Unstructured<'_>) -> Option<String> {
    match at.traits.pattern.map(|id| &at.schema[id]).filter(|pattern| !anything(pattern)) {
        None => Some(word(u, length)),
        Some(pattern) => pattern.sample_exact(u, length),
    }
}

/// True for a pattern that matches every string and needs no automaton.
fn anything(pattern: &Pattern) -> bool {
    pattern.source() == ".*"
}

/// Lower-case letters with some digits: readable, and never a reserved word.
fn word(u: &mut Unstructured<'_>, length: u64) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut text = String::with_capacity(usize::try_from(length).unwrap_or(0));
    let mut random = [0u8; 24];
    let fresh = random.len().min(u.len());
    // Bytes beyond the end of the input stay zero: short input gives a plain string, never an error.
    let _ = u.fill_buffer(&mut random[..fresh]);
    for at in 0..length {
        let byte = random[(at % random.len() as u64) as usize] ^ (at / random.len() as u64) as u8;
        let letter = LETTERS[(byte & 31) as usize];
        text.push(if at == 0 && letter.is_ascii_digit() { 'x' } else { letter as char });
    }
    text
}

/// Any characters, including those outside the Basic Multilingual Plane.
fn wild(u: &mut Unstructured<'_>, length: u64) -> String {
    (0..length).map(|_| if u.is_empty() { 'a' } else { u.arbitrary::<char>().unwrap_or('a') }).collect()
}
