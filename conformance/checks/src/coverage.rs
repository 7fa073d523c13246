//! The part of the contract that a run exercised, and facts that it recorded without judging them. The sets of several
//! runs can be merged.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Facts that are recorded and not judged: counts by topic and observation.
pub type Learned = BTreeMap<String, BTreeMap<String, u64>>;

/// Start of the topics that are about the run itself, such as times and counts, and not about how the endpoint answers.
pub const THIS_RUN: &str = "this run: ";

/// Topic of the fact with the product name of the server, as its header `server` gives it.
pub const SERVER: &str = "this run: server of the endpoint";

/// The part of the contract that a run exercised; `None` where it was not counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Operations with at least one scored trial. Filled in by the record of the run.
    pub operations: Option<Ratio>,
    /// Members that were sent or received.
    pub members: Option<Ratio>,
    /// Constraints that were violated on purpose.
    pub constraints: Option<Ratio>,
    /// Modelled errors that were received.
    pub errors: Option<Ratio>,
    /// Limits at which values were accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Ratio>,
    /// The sets of these members and errors, from which reports of several parts are merged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sets: Option<CoverageSets>,
}

impl Coverage {
    /// Coverage with the ratios of the sets, and the given ratio of constraints.
    pub fn of(sets: Option<CoverageSets>, constraints: Option<Ratio>) -> Self {
        let (members, errors) = sets.as_ref().map(|sets| (sets.members.ratio(), sets.errors.ratio())).unzip();
        let limits = sets.as_ref().map(|sets| sets.limits.ratio()).filter(|limits| limits.total > 0);
        Self { operations: None, members, constraints, errors, limits, sets }
    }
}

/// Sets of members and errors as bits in the order of the model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageSets {
    /// Members.
    pub members: Seen,
    /// Errors of operations.
    pub errors: Seen,
    /// Limits of inputs.
    #[serde(default)]
    pub limits: Seen,
}

/// The covered part of a set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Items that were met.
    pub met: Bits,
    /// Items that could have been met.
    pub all: Bits,
}

impl Seen {
    /// The numbers of covered and of all items.
    pub fn ratio(&self) -> Ratio {
        Ratio { covered: self.met.and(&self.all).count(), total: self.all.count() }
    }

    /// The union with another set.
    pub fn or(&self, other: &Self) -> Self {
        Self { met: self.met.or(&other.met), all: self.all.or(&other.all) }
    }
}

/// A set of small numbers, serialised as a bit field in hex. The lowest bit of a byte comes first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bits(Vec<u8>);

impl Bits {
    /// Adds a number.
    pub fn set(&mut self, at: usize) {
        if self.0.len() <= at / 8 {
            self.0.resize(at / 8 + 1, 0);
        }
        self.0[at / 8] |= 1 << (at % 8);
    }

    /// Size of the set.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|byte| u64::from(byte.count_ones())).sum()
    }

    /// The union of two sets.
    pub fn or(&self, other: &Self) -> Self {
        let at = |bits: &Self, index: usize| bits.0.get(index).copied().unwrap_or(0);
        Self((0..self.0.len().max(other.0.len())).map(|index| at(self, index) | at(other, index)).collect())
    }

    /// The intersection of two sets.
    pub fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(one, two)| one & two).collect())
    }
}

impl Serialize for Bits {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    }
}

impl<'de> Deserialize<'de> for Bits {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || serde::de::Error::custom("expected an even number of hex digits");
        let digits: Vec<u8> = (text.chars())
            .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()).ok_or_else(wrong))
            .collect::<Result<_, _>>()?;
        let (pairs, rest) = digits.as_chunks::<2>();
        if rest.is_empty() { Ok(Self(pairs.iter().map(|[high, low]| high << 4 | low).collect())) } else { Err(wrong()) }
    }
}

/// A number of covered items and a total.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ratio {
    /// Covered items.
    pub covered: u64,
    /// All items.
    pub total: u64,
}
