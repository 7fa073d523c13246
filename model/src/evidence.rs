//! Evidence for a rule: its sources, each with a rank. A rule is as sure as its strongest source, and two sources that were
//! written independently make it surer.
//!
//! A source counts only if it supports the whole rule. If a rule needs two statements, for example a trait in the service
//! model and the meaning that Smithy gives to the trait, they are one source, with the rank of the weaker.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use serde::ser::{SerializeStruct as _, Serializer};

/// The rank of a source, strongest first: a smaller rank is stronger evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// Normative text or official test data: the specifications of Smithy and restJson1 with their protocol tests, RFCs,
    /// the documentation of SigV4.
    Normative,
    /// The real service, as seen in public: captured messages, and published results of clients and probes.
    Captured,
    /// The resource schemas of CloudFormation and the contract that their handlers keep.
    CloudFormation,
    /// The published service model.
    Model,
    /// Prose: API references, guides, standards of practice.
    Documentation,
    /// Our own reasoning, where no source states the rule.
    Inference,
}

impl Rank {
    /// All ranks, strongest first.
    pub const ALL: [Self; 6] =
        [Self::Normative, Self::Captured, Self::CloudFormation, Self::Model, Self::Documentation, Self::Inference];

    /// Name in reports and files.
    pub const fn word(self) -> &'static str {
        match self {
            Rank::Normative => "normative",
            Rank::Captured => "captured",
            Rank::CloudFormation => "cloudformation",
            Rank::Model => "model",
            Rank::Documentation => "documentation",
            Rank::Inference => "inference",
        }
    }

    /// The author of sources of this rank; none for inference. The API reference is generated from the service model, so
    /// model and documentation have the same author, and do not confirm each other.
    const fn author(self) -> Option<Rank> {
        match self {
            Rank::Documentation => Some(Rank::Model),
            Rank::Inference => None,
            rank => Some(rank),
        }
    }
}

impl fmt::Display for Rank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A word that is not a rank.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a rank; use one of normative, captured, cloudformation, model, documentation, inference")]
pub struct UnknownRank(String);

impl FromStr for Rank {
    type Err = UnknownRank;

    fn from_str(word: &str) -> Result<Self, UnknownRank> {
        Self::ALL.into_iter().find(|rank| rank.word() == word).ok_or_else(|| UnknownRank(word.to_owned()))
    }
}

impl Serialize for Rank {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// One source of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Evidence {
    /// Rank of the source.
    pub rank: Rank,
    /// The source, so that a reader can find it; for an inference, the reasoning.
    pub source: &'static str,
}

impl Evidence {
    /// Normative text or official test data.
    pub const fn normative(source: &'static str) -> Self {
        Self { rank: Rank::Normative, source }
    }

    /// The real service, as seen in public.
    pub const fn captured(source: &'static str) -> Self {
        Self { rank: Rank::Captured, source }
    }

    /// CloudFormation.
    pub const fn cloudformation(source: &'static str) -> Self {
        Self { rank: Rank::CloudFormation, source }
    }

    /// The service model.
    pub const fn model(source: &'static str) -> Self {
        Self { rank: Rank::Model, source }
    }

    /// Documentation.
    pub const fn documentation(source: &'static str) -> Self {
        Self { rank: Rank::Documentation, source }
    }

    /// Our own reasoning.
    pub const fn inference(source: &'static str) -> Self {
        Self { rank: Rank::Inference, source }
    }
}

/// As `rank: source`.
impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rank, self.source)
    }
}

/// As `{"rank", "source"}`.
impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Evidence", 2)?;
        fields.serialize_field("rank", &self.rank)?;
        fields.serialize_field("source", self.source)?;
        fields.end()
    }
}

/// The sources, strongest first; sources of one rank stay in order.
pub fn ranked(evidence: &[Evidence]) -> Vec<Evidence> {
    let mut ranked = evidence.to_vec();
    ranked.sort_by_key(|evidence| evidence.rank);
    ranked
}

/// Rank of the strongest source; inference if there is none.
pub fn strongest(evidence: &[Evidence]) -> Rank {
    evidence.iter().map(|evidence| evidence.rank).min().unwrap_or(Rank::Inference)
}

/// Number of independent sources: sources with different authors. Inference does not count.
pub fn independent(evidence: &[Evidence]) -> usize {
    evidence.iter().filter_map(|evidence| evidence.rank.author()).collect::<std::collections::BTreeSet<_>>().len()
}

/// Returns true if only our own reasoning supports the rule.
pub fn is_inference(evidence: &[Evidence]) -> bool {
    independent(evidence) == 0
}

/// The sources in one text, strongest first, without their ranks.
pub fn joined(evidence: &[Evidence]) -> String {
    ranked(evidence).iter().map(|evidence| evidence.source).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_have_words_and_are_ordered() {
        for rank in Rank::ALL {
            assert_eq!(rank.word().parse(), Ok(rank));
        }
        assert!(Rank::ALL.is_sorted());
        let unknown = "guess".parse::<Rank>().map_err(|error| error.to_string());
        assert!(unknown.is_err_and(|text| Rank::ALL.iter().all(|rank| text.contains(rank.word()))));
    }

    #[test]
    fn model_and_its_documentation_are_one_source_and_inference_is_none() {
        const MODEL: Evidence = Evidence::model("the model");
        const GUIDE: Evidence = Evidence::documentation("a guide");
        const SEEN: Evidence = Evidence::captured("a message");
        const OURS: Evidence = Evidence::inference("a thought");
        for (evidence, count, rank) in [
            (&[MODEL, GUIDE][..], 1, Rank::Model),
            (&[GUIDE, SEEN], 2, Rank::Captured),
            (&[OURS, GUIDE], 1, Rank::Documentation),
            (&[OURS], 0, Rank::Inference),
            (&[], 0, Rank::Inference),
        ] {
            assert_eq!((independent(evidence), strongest(evidence)), (count, rank), "{evidence:?}");
            assert_eq!(is_inference(evidence), count == 0);
        }
        assert_eq!(joined(&[GUIDE, SEEN]), "a message; a guide");
    }
}
