//! Tests of the pattern engine. The judge is `regress`, an independent ECMAScript engine.

mod agreement;
mod generation;
mod hostile;
mod laws;
mod published;
mod reading;

use super::{LengthBounds, Pattern, Verdict};
use arbitrary::Unstructured;

/// A small deterministic source of noise.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// The independent engine, for one pattern.
struct Judge {
    found: regress::Regex,
    whole: regress::Regex,
}

impl Judge {
    /// Compiles a pattern in Unicode mode, otherwise without; `None` if neither works.
    fn of(source: &str) -> Option<Judge> {
        let compile = |text: &str| {
            let unicode = regress::Regex::with_flags(text, "u");
            unicode.or_else(|_| regress::Regex::new(text)).ok()
        };
        Some(Judge { found: compile(source)?, whole: compile(&format!("^(?:{source})$"))? })
    }

    fn finds(&self, text: &str) -> bool {
        self.found.find(text).is_some()
    }

    fn matches_whole(&self, text: &str) -> bool {
        self.whole.find(text).is_some()
    }
}

fn within(bounds: LengthBounds, text: &str) -> bool {
    let length = text.chars().count() as u64;
    bounds.min <= length && bounds.max.is_none_or(|max| length <= max)
}

fn bounds(min: u64, max: u64) -> LengthBounds {
    LengthBounds { min, max: Some(max) }
}

/// Empty input, which gives the simplest text.
fn simplest() -> Unstructured<'static> {
    Unstructured::new(&[])
}

#[test]
fn patterns_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Pattern>();
}
