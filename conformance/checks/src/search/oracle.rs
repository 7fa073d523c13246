//! Criteria as a tree, which is sent to the endpoint and evaluated locally to find the expected results. Knows no
//! endpoint.

use serde_json::{Value, json};

/// Key and value of a tag.
pub(super) type Tag = (String, String);

/// A resource of the run that a search can find.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) id: String,
    pub(super) arn: Option<String>,
    pub(super) name: String,
    /// Type, if the kind has one.
    pub(super) kind: Option<String>,
    pub(super) tags: Vec<Tag>,
}

/// The comparison of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Exact,
    StartsWith,
    /// For texts of 2 to 25 characters; other results are undefined (Connect API reference, StringCondition).
    Contains,
}

impl Comparison {
    /// The value of `ComparisonType`.
    pub(super) fn word(self) -> &'static str {
        match self {
            Comparison::Exact => "EXACT",
            Comparison::StartsWith => "STARTS_WITH",
            Comparison::Contains => "CONTAINS",
        }
    }

    /// Returns true if a field satisfies the comparison.
    pub(super) fn admits(self, field: &str, wanted: &str) -> bool {
        match self {
            Comparison::Exact => field == wanted,
            Comparison::StartsWith => field.starts_with(wanted),
            Comparison::Contains => field.contains(wanted),
        }
    }

    /// A condition on a field.
    pub(super) fn condition(self, field: &str, wanted: &str) -> Value {
        json!({ "StringCondition": { "FieldName": field, "Value": wanted, "ComparisonType": self.word() } })
    }
}

/// Criteria. Each node has only one key, since combinations of keys are not documented.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Name(Comparison, String),
    Type(String),
    All(Vec<Node>),
    Any(Vec<Node>),
}

impl Node {
    /// Returns true if the resource satisfies the criteria. Names of the run do not differ in letter case, as case
    /// sensitivity is not documented.
    pub(super) fn admits(&self, candidate: &Candidate) -> bool {
        match self {
            Node::Name(comparison, text) => comparison.admits(&candidate.name, text),
            Node::Type(kind) => candidate.kind.as_ref() == Some(kind),
            Node::All(nodes) => nodes.iter().all(|node| node.admits(candidate)),
            Node::Any(nodes) => nodes.iter().any(|node| node.admits(candidate)),
        }
    }

    /// The value of `SearchCriteria`. `field` is the field that contains the name.
    pub(super) fn encode(&self, field: &str) -> Value {
        let list = |nodes: &[Node]| nodes.iter().map(|node| node.encode(field)).collect::<Vec<_>>();
        match self {
            Node::Name(comparison, text) => comparison.condition(field, text),
            Node::Type(kind) => json!({ "TypeCondition": kind }),
            Node::All(nodes) => json!({ "AndConditions": list(nodes) }),
            Node::Any(nodes) => json!({ "OrConditions": list(nodes) }),
        }
    }

    /// Builds a tree of at most `depth` levels over the given leaves. The bytes determine the tree.
    pub(super) fn random(leaves: &[Node], depth: u32, bytes: &mut impl Iterator<Item = u8>) -> Option<Node> {
        let kind = bytes.next()? % 3;
        if depth == 0 || kind == 0 {
            return leaves.get(usize::from(bytes.next()?) % leaves.len().max(1)).cloned();
        }
        let nodes = vec![Self::random(leaves, depth - 1, bytes)?, Self::random(leaves, depth - 1, bytes)?];
        Some(if kind == 1 { Node::All(nodes) } else { Node::Any(nodes) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_and_evaluates_the_same_tree() {
        let candidate = |name: &str| Candidate {
            id: String::new(),
            arn: None,
            name: name.to_owned(),
            kind: Some("CAMPAIGN".to_owned()),
            tags: Vec::new(),
        };
        let leaf = |comparison, text: &str| Node::Name(comparison, text.to_owned());
        let tree = Node::All(vec![
            Node::Type("CAMPAIGN".to_owned()),
            Node::Any(vec![leaf(Comparison::Exact, "a"), leaf(Comparison::StartsWith, "bc")]),
        ]);
        let admitted: Vec<&str> =
            ["a", "ab", "bcd", "abc"].into_iter().filter(|name| tree.admits(&candidate(name))).collect();
        assert_eq!(admitted, ["a", "bcd"]);
        assert!(leaf(Comparison::Contains, "bc").admits(&candidate("abc")));
        let sent = tree.encode("name");
        assert_eq!(sent["AndConditions"][0], json!({ "TypeCondition": "CAMPAIGN" }));
        assert_eq!(sent["AndConditions"][1]["OrConditions"][0]["StringCondition"]["FieldName"], "name");
    }

    #[test]
    fn builds_a_tree_from_bytes() {
        let leaves = [Node::Type("A".to_owned()), Node::Type("B".to_owned())];
        let tree = |bytes: &[u8]| Node::random(&leaves, 2, &mut bytes.iter().copied()).map(|node| node.encode("name"));
        assert_eq!(tree(&[0, 1]), Some(json!({ "TypeCondition": "B" })));
        assert_eq!(
            tree(&[1, 0, 0, 0, 1]).map(|tree| tree["AndConditions"][1].clone()),
            Some(json!({ "TypeCondition": "B" }))
        );
        assert_eq!(tree(&[1, 0]), None);
    }
}
