//! The knobs of a generator, all in one place, with a preset for each use.

use arbitrary::{Arbitrary, Unstructured};
use serde::{Deserialize, Serialize};

use crate::constraint::text::TEXT_BUDGET;

/// How values are made. `Default` gives small readable ones; [`Config::boundary`] goes to the limits;
/// [`Arbitrary`] draws a random configuration (swarm testing), so that a fuzzer meets all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Chance in percent that an optional member is present.
    pub optional_percent: u8,
    /// Levels of nesting below which optional members are left out and collections are as small as they may be.
    pub max_depth: u32,
    /// Values after which optional members are left out and collections are as small as they may be.
    pub max_values: u32,
    /// Characters, bytes, elements or entries above a lower bound that a small value has at most.
    pub extra: u64,
    /// Longest text that is made on purpose, in characters.
    pub max_text: u64,
    /// Longest list or map that is made on purpose.
    pub max_items: u64,
    /// Elements or entries that a list or map has at least, where its own bounds, depth and the number of values allow.
    #[serde(default)]
    pub min_items: u64,
    /// Sizes and numbers lie on their lower or upper bound.
    pub at_bounds: bool,
    /// Text may hold any character that the contract admits, numbers any digit.
    pub wild: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            optional_percent: 40,
            max_depth: 6,
            max_values: 120,
            extra: 10,
            max_text: 64,
            max_items: 3,
            min_items: 0,
            at_bounds: false,
            wild: false,
        }
    }
}

impl Config {
    /// What is required, and nothing more: the base of mutations.
    pub fn sparse() -> Self {
        Self { optional_percent: 0, max_items: 1, ..Self::default() }
    }

    /// Every member that depth allows.
    pub fn full() -> Self {
        Self { optional_percent: 100, max_values: 400, max_items: 2, ..Self::default() }
    }

    /// The default, and as deep as a rule goes: the default stops before the fields of its cases.
    pub fn deep() -> Self {
        Self { max_depth: 12, max_values: 300, ..Self::default() }
    }

    /// Sizes and numbers on their bounds; what is larger than the budgets is left out and reported.
    pub fn boundary() -> Self {
        Self { optional_percent: 60, max_text: TEXT_BUDGET, max_items: 64, at_bounds: true, ..Self::default() }
    }
}

impl<'a> Arbitrary<'a> for Config {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Self {
            optional_percent: u.int_in_range(0..=100)?,
            max_depth: u.int_in_range(1..=12)?,
            max_values: u.int_in_range(1..=300)?,
            extra: u.int_in_range(0..=40)?,
            max_text: u.int_in_range(0..=2048)?,
            max_items: u.int_in_range(0..=16)?,
            min_items: 0,
            at_bounds: u.ratio(1, 4)?,
            wild: u.ratio(1, 2)?,
        })
    }
}
