//! What of the contract a run touched, and facts that it recorded without judging them. Sets of parts add up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Facts recorded and not judged: topic, observation, how often.
pub type Learned = BTreeMap<String, BTreeMap<String, u64>>;

/// What of the contract a run touched; `None` where nobody counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Operations with at least one scored trial. Filled by the record of the run.
    pub operations: Option<Ratio>,
    /// Members that were sent or received.
    pub members: Option<Ratio>,
    /// Constraints that were broken on purpose.
    pub constraints: Option<Ratio>,
    /// Modelled errors that were seen.
    pub errors: Option<Ratio>,
    /// Which members and errors those are, so that reports of parts add up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sets: Option<CoverageSets>,
}

impl Coverage {
    /// Of members and errors that were met, and of constraints.
    pub fn of(sets: Option<CoverageSets>, constraints: Option<Ratio>) -> Self {
        let (members, errors) = sets.as_ref().map(|sets| (sets.members.ratio(), sets.errors.ratio())).unzip();
        Self { operations: None, members, constraints, errors, sets }
    }
}

/// Members and errors as bits in the order of the model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageSets {
    /// Members.
    pub members: Seen,
    /// Errors of operations.
    pub errors: Seen,
}

/// What was met of what could have been.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Met.
    pub met: Bits,
    /// Could have been met.
    pub all: Bits,
}

impl Seen {
    /// How many of how many.
    pub fn ratio(&self) -> Ratio {
        Ratio { covered: self.met.and(&self.all).count(), total: self.all.count() }
    }

    /// Both.
    pub fn or(&self, other: &Self) -> Self {
        Self { met: self.met.or(&other.met), all: self.all.or(&other.all) }
    }
}

/// A set of small numbers; eight to a byte, the first in the lowest bit, in hex.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bits(Vec<u8>);

impl Bits {
    /// Puts a number in.
    pub fn set(&mut self, at: usize) {
        if self.0.len() <= at / 8 {
            self.0.resize(at / 8 + 1, 0);
        }
        self.0[at / 8] |= 1 << (at % 8);
    }

    /// How many are in.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|byte| u64::from(byte.count_ones())).sum()
    }

    /// What either has.
    pub fn or(&self, other: &Self) -> Self {
        let at = |bits: &Self, index: usize| bits.0.get(index).copied().unwrap_or(0);
        Self((0..self.0.len().max(other.0.len())).map(|index| at(self, index) | at(other, index)).collect())
    }

    /// What both have.
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
        let wrong = || serde::de::Error::custom("a set of numbers is an even count of hex digits");
        let digits: Vec<u8> = (text.chars())
            .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()).ok_or_else(wrong))
            .collect::<Result<_, _>>()?;
        let (pairs, rest) = digits.as_chunks::<2>();
        if rest.is_empty() { Ok(Self(pairs.iter().map(|[high, low]| high << 4 | low).collect())) } else { Err(wrong()) }
    }
}

/// So many of so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ratio {
    /// Touched.
    pub covered: u64,
    /// All there are.
    pub total: u64,
}
