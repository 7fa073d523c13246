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
    /// Operations that answered a success to a request that names only things that exist, of all of the selection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<Ratio>,
    /// The operations that did not, each with the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operations_reached: Option<Reached>,
    /// Limits at which values were accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Ratio>,
    /// These limits by operation, of those whose limits were tried or cannot be tried.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub limits_by_operation: BTreeMap<String, Reached>,
    /// The sets of these members and errors, from which reports of several parts are merged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sets: Option<CoverageSets>,
}

impl Coverage {
    /// Coverage with the ratios of the sets, of the limits and of the reach, and the given ratio of constraints.
    pub fn of(
        sets: Option<CoverageSets>,
        operations_reached: Option<Reached>,
        limits_by_operation: BTreeMap<String, Reached>,
        constraints: Option<Ratio>,
    ) -> Self {
        let (members, errors) = sets.as_ref().map(|sets| (sets.members.ratio(), sets.errors.ratio())).unzip();
        let limits = limits_by_operation.values().map(Reached::ratio).reduce(Ratio::plus);
        let reach = operations_reached.as_ref().map(Reached::ratio);
        let operations = None;
        Self { operations, members, constraints, errors, reach, operations_reached, limits, limits_by_operation, sets }
    }
}

/// The part of some things that a run reached: of the limits of the input of an operation, or of the operations of the run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Number of things.
    pub total: u64,
    /// Those that were not reached, each with the reason: limits at which no value was accepted, by kind and place as in the
    /// variants of `accept.at-limit`, or operations by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_reached: BTreeMap<String, String>,
}

impl Reached {
    /// The reason for what no case tried.
    pub const NOT_TRIED: &str = "this run did not try it";

    /// The numbers of things that were reached and of all.
    pub fn ratio(&self) -> Ratio {
        Ratio { covered: self.total.saturating_sub(self.not_reached.len() as u64), total: self.total }
    }

    /// Adds what another part of the run reached.
    pub fn join(&mut self, mut other: Self) {
        self.total = self.total.max(other.total);
        self.not_reached.retain(|place, why| match other.not_reached.remove(place) {
            Some(theirs) => {
                if why == Self::NOT_TRIED {
                    *why = theirs;
                }
                true
            }
            None => false,
        });
    }
}

/// Sets of members and errors as bits in the order of the model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageSets {
    /// Members.
    pub members: Seen,
    /// Errors of operations.
    pub errors: Seen,
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

impl Ratio {
    /// The ratio of two sets that have nothing in common.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { covered: self.covered + other.covered, total: self.total + other.total }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_part_reached_is_reached() {
        let part = |left: &[(&str, &str)]| Reached {
            total: 4,
            not_reached: left.iter().map(|(place, why)| ((*place).to_owned(), (*why).to_owned())).collect(),
        };
        let untried = Reached::NOT_TRIED;
        let mut whole = part(&[("enum-unknown/Type", "404"), ("length-max/Name", untried), ("pattern/Name", untried)]);
        whole.join(part(&[("enum-unknown/Type", untried), ("length-max/Name", "409"), ("length-min/Name", "429")]));
        assert_eq!(whole, part(&[("enum-unknown/Type", "404"), ("length-max/Name", "409")]));
        assert_eq!(whole.ratio(), Ratio { covered: 2, total: 4 });
    }
}
