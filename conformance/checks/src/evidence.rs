//! The grounds of the checks: what a rule of level must rests on, counted over all checks.

use std::collections::BTreeMap;
use std::fmt::Write as _;

pub use connect_model::evidence::{Evidence, Rank, independent, is_inference, joined, ranked, strongest};

use crate::case::Level;
use crate::families;

/// Source of the rules of requests and answers.
pub(crate) const RESTJSON: Evidence = Evidence::normative("AWS restJson1 protocol and Smithy HTTP bindings");
/// Source of the rules that official test data covers: requests that a server of the protocol has to reject.
pub(crate) const MALFORMED: Evidence =
    Evidence::normative("Smithy protocol tests of restJson1, malformed requests and validation");
/// Source of the rules from traits of the service model.
pub(crate) const MODEL: Evidence = Evidence::model(
    "service model of Amazon Connect (botocore), trait of the shape, with the meaning that Smithy gives it",
);
/// An answer of the service in full: 200, `x-amzn-requestid`, `application/json`, a flow with epoch seconds.
pub(crate) const ANSWER: Evidence = Evidence::captured(
    "an answer of DescribeContactFlow with its headers, November 2024 (hashicorp/terraform-provider-aws#40267)",
);

/// The operations on tags, as their documentation and the resource schemas describe them.
pub(crate) const TAG_CHANGES: Evidence =
    Evidence::documentation("Connect API reference, TagResource adds tags, UntagResource removes keys");
pub(crate) const TAG_UPDATES: Evidence = Evidence::cloudformation(
    "the resources of Connect in CloudFormation: tagUpdatable, by TagResource and UntagResource",
);

/// A flow that is gone is not found.
pub(crate) const GONE: Evidence = Evidence::captured(
    "a deleted flow was answered with ResourceNotFoundException in December 2024 (hashicorp/terraform-provider-aws#40419)",
);

/// Counts of rules of level must, by the sources on which they rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grounds {
    /// Rules of level must.
    pub must: usize,
    /// Those that rest on two or more independent sources.
    pub several: usize,
    /// The others, by the rank of the strongest source.
    pub single: BTreeMap<Rank, usize>,
}

/// Counts the rules of level must on this machine (`loopback`) or on other endpoints.
pub fn grounds(loopback: bool) -> Grounds {
    let mut grounds = Grounds::default();
    for check in families::all() {
        let level = if loopback { check.level } else { check.level.min(check.remote.usual) };
        if level < Level::Must {
            continue;
        }
        grounds.must += 1;
        if independent(check.evidence) >= 2 {
            grounds.several += 1;
        } else {
            *grounds.single.entry(strongest(check.evidence)).or_default() += 1;
        }
    }
    grounds
}

/// The counts as a table in Markdown, as the README has it.
pub fn table() -> String {
    let (here, elsewhere) = (grounds(true), grounds(false));
    let mut text = "| rules of level must that rest on | on this machine | elsewhere |\n|---|---|---|\n".to_owned();
    let _ = writeln!(text, "| two or more independent sources | {} | {} |", here.several, elsewhere.several);
    for rank in Rank::ALL {
        let of = |grounds: &Grounds| grounds.single.get(&rank).copied().unwrap_or_default();
        let _ = writeln!(text, "| {} | {} | {} |", alone(rank), of(&here), of(&elsewhere));
    }
    let _ = writeln!(text, "| all | {} | {} |", here.must, elsewhere.must);
    text
}

/// A single source of a rank, in words.
fn alone(rank: Rank) -> &'static str {
    match rank {
        Rank::Normative => "normative text or official test data alone",
        Rank::Captured => "the captured service alone",
        Rank::CloudFormation => "CloudFormation alone",
        Rank::Model => "the service model alone, or with its documentation",
        Rank::Documentation => "documentation alone",
        Rank::Inference => "our own reasoning alone",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn no_must_rests_on_inference_alone() {
        for check in families::all() {
            assert!(!check.evidence.is_empty(), "{} has no source", check.id);
            assert!(check.evidence.iter().all(|evidence| !evidence.source.is_empty()), "{}", check.id);
            let rests = is_inference(check.evidence);
            assert!(!rests || check.level < Level::Must, "{} is must and rests on inference alone", check.id);
        }
    }

    #[test]
    fn counts_add_up() {
        for loopback in [true, false] {
            let Grounds { must, several, single } = grounds(loopback);
            assert_eq!(several + single.values().sum::<usize>(), must);
            assert_eq!(single.get(&Rank::Inference), None);
        }
        assert!(grounds(false).must < grounds(true).must);
    }

    #[test]
    fn readme_has_the_counts() {
        let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
        assert!(readme.contains(&table()), "conformance/README.md lacks this table:\n{}", table());
    }
}
