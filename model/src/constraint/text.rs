//! Strings that satisfy length and pattern together. Length counts Unicode scalar values.

use arbitrary::Unstructured;

use super::{Aim, Place, Position, size};
use crate::pattern::{LengthBounds, Pattern};
use crate::schema::{Schema, SlotTraits};

/// The most characters in a generated string, valid or too long. Longer limits are not tried; callers report that by
/// this name.
pub(crate) const TEXT_BUDGET: u64 = 600_000;

/// A string that satisfies length and pattern and can be sent in a place; none if there is none.
pub(crate) fn witness(
    schema: &Schema,
    traits: &SlotTraits,
    place: Place,
    aim: Aim,
    (extra, budget): (u64, u64),
    u: &mut Unstructured<'_>,
) -> Option<String> {
    let (min, max) = size::limits(traits.length);
    let Some(pattern) = traits.pattern.map(|id| &schema[id]).filter(|pattern| !anything(pattern)) else {
        let least = if place.can_hold("") { 0 } else { 1 };
        let length = size::witness(traits.length, aim, extra, budget, u).max(least);
        let drawn = (aim == Aim::Anywhere).then(|| wild(u, length)).filter(|text| place.can_hold(text));
        return drawn.or_else(|| word(u, length, place)).filter(|_| max.is_none_or(|max| length <= max));
    };
    let bounds = LengthBounds { min, max };
    sendable(pattern, place, |pattern| match aim {
        Aim::Small | Aim::Anywhere => pattern.sample(u, bounds),
        Aim::Lowest | Aim::Highest => {
            let capped = LengthBounds { min, max: Some(max.unwrap_or(min + extra).min(budget.max(min))) };
            match pattern.feasible(capped) {
                Some((low, high)) => pattern.sample_exact(u, if aim == Aim::Lowest { low } else { high }),
                None => pattern.sample(u, bounds),
            }
        }
    })
}

/// A string of that length, legal or not, that matches the pattern and can be sent in a place; none if there is none.
pub(super) fn of_length(at: &Position<'_>, place: Place, length: u64, u: &mut Unstructured<'_>) -> Option<String> {
    match at.traits.pattern.map(|id| &at.schema[id]).filter(|pattern| !anything(pattern)) {
        None => word(u, length, place),
        Some(pattern) => sendable(pattern, place, |pattern| pattern.sample_exact(u, length)),
    }
}

/// A text made from a pattern that can be sent in a place. The pattern narrowed to the place is costly, so it is tried
/// second.
pub(super) fn sendable(
    pattern: &Pattern,
    place: Place,
    mut make: impl FnMut(&Pattern) -> Option<String>,
) -> Option<String> {
    let text = make(pattern)?;
    if place.can_hold(&text) {
        return Some(text);
    }
    make(&pattern.within(place.grammar()?)).filter(|text| place.can_hold(text))
}

/// True for a pattern that matches every string and needs no automaton.
fn anything(pattern: &Pattern) -> bool {
    pattern.source() == ".*"
}

/// Lower-case letters with some digits: readable, and never a reserved word. None if no text of that length can be sent.
fn word(u: &mut Unstructured<'_>, length: u64, place: Place) -> Option<String> {
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
    if !place.can_hold(&text) && length > 0 {
        // The name of a header that means something else.
        text.replace_range(..1, "z");
    }
    place.can_hold(&text).then_some(text)
}

/// Any characters, including those outside the Basic Multilingual Plane.
fn wild(u: &mut Unstructured<'_>, length: u64) -> String {
    (0..length).map(|_| if u.is_empty() { 'a' } else { u.arbitrary::<char>().unwrap_or('a') }).collect()
}
