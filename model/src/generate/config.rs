//! The settings of a generator, with a preset for each use.

use arbitrary::{Arbitrary, Unstructured};
use serde::{Deserialize, Serialize};

use crate::constraint::text::TEXT_BUDGET;

/// Settings for generated values. `Default` gives small readable ones, [`Config::boundary`] gives limits, and
/// [`Arbitrary`] gives a random configuration (swarm testing), so that a fuzzer covers all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Probability of an optional member, in percent.
    pub optional_percent: u8,
    /// Nesting depth below which optional members are left out and collections are as small as possible.
    pub max_depth: u32,
    /// Number of values after which optional members are left out and collections are as small as possible.
    pub max_values: u32,
    /// Maximum size of a small value above its lower bound, in characters, bytes, elements or entries.
    pub extra: u64,
    /// Maximum length of strings, in characters. Lower bounds take precedence.
    pub max_text: u64,
    /// Maximum size of lists and maps. Lower bounds take precedence.
    pub max_items: u64,
    /// Minimum size of lists and maps, as far as their bounds, the depth and the number of values allow.
    #[serde(default)]
    pub min_items: u64,
    /// True for sizes and numbers at their lower or upper bound.
    pub at_bounds: bool,
    /// True for strings of any characters and numbers of any size that the contract allows.
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
    /// Required members only: the base of mutations.
    pub fn sparse() -> Self {
        Self { optional_percent: 0, max_items: 1, ..Self::default() }
    }

    /// All members that the depth allows.
    pub fn full() -> Self {
        Self { optional_percent: 100, max_values: 400, max_items: 2, ..Self::default() }
    }

    /// The default with more depth, so that rules include the fields of their cases.
    pub fn deep() -> Self {
        Self { max_depth: 12, max_values: 300, ..Self::default() }
    }

    /// Sizes and numbers at their bounds. Limits beyond the budgets are left out and reported.
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
