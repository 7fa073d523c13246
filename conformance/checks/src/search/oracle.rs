//! What a search must find among things that we made ourselves: criteria as a tree that is both sent and evaluated here.
//! Knows nothing of any endpoint.

use serde_json::{Value, json};

/// Key and value.
pub(super) type Tag = (String, String);

/// Something that the run made and that a search may find.
#[derive(Clone, Debug)]
pub(super) struct Thing {
    pub(super) id: String,
    pub(super) name: String,
    /// Type, for kinds that have one.
    pub(super) kind: Option<String>,
    pub(super) tags: Vec<Tag>,
}

/// How a name is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Exact,
    StartsWith,
    /// Of 2 to 25 characters: beyond that, results mean nothing (Connect API reference, StringCondition).
    Contains,
}

/// Criteria: one key per node, since how several combine is not documented.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Name(Comparison, String),
    Type(String),
    All(Vec<Node>),
    Any(Vec<Node>),
}

impl Node {
    /// Whether a thing satisfies the criteria. Names of the run are alike in letter case, which is not documented.
    pub(super) fn admits(&self, thing: &Thing) -> bool {
        match self {
            Node::Name(Comparison::Exact, text) => thing.name == *text,
            Node::Name(Comparison::StartsWith, text) => thing.name.starts_with(text),
            Node::Name(Comparison::Contains, text) => thing.name.contains(text),
            Node::Type(kind) => thing.kind.as_ref() == Some(kind),
            Node::All(nodes) => nodes.iter().all(|node| node.admits(thing)),
            Node::Any(nodes) => nodes.iter().any(|node| node.admits(thing)),
        }
    }

    /// As `SearchCriteria`; `field` is the operation's word for the name.
    pub(super) fn encode(&self, field: &str) -> Value {
        let list = |nodes: &[Node]| nodes.iter().map(|node| node.encode(field)).collect::<Vec<_>>();
        match self {
            Node::Name(comparison, value) => {
                let comparison = match comparison {
                    Comparison::Exact => "EXACT",
                    Comparison::StartsWith => "STARTS_WITH",
                    Comparison::Contains => "CONTAINS",
                };
                json!({ "StringCondition": { "FieldName": field, "Value": value, "ComparisonType": comparison } })
            }
            Node::Type(kind) => json!({ "TypeCondition": kind }),
            Node::All(nodes) => json!({ "AndConditions": list(nodes) }),
            Node::Any(nodes) => json!({ "OrConditions": list(nodes) }),
        }
    }

    /// A tree over some leaves, at most `depth` levels high, as the bytes decide.
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
    fn a_tree_is_sent_as_it_is_evaluated() {
        let thing = |name: &str| Thing {
            id: String::new(),
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
            ["a", "ab", "bcd", "abc"].into_iter().filter(|name| tree.admits(&thing(name))).collect();
        assert_eq!(admitted, ["a", "bcd"]);
        assert!(leaf(Comparison::Contains, "bc").admits(&thing("abc")));
        let sent = tree.encode("name");
        assert_eq!(sent["AndConditions"][0], json!({ "TypeCondition": "CAMPAIGN" }));
        assert_eq!(sent["AndConditions"][1]["OrConditions"][0]["StringCondition"]["FieldName"], "name");
    }

    #[test]
    fn bytes_decide_the_tree() {
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
