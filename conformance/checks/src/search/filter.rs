//! Filters of searches: tags, groups of tags, and types. Like criteria, filters are sent to the endpoint and evaluated
//! locally.

use serde_json::{Value, json};

use crate::search::oracle::{Candidate, Tag};

/// The syntax of a member of `SearchFilter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Groups are lists of tags.
    Lists,
    /// Groups are structures that contain a list of tags.
    Groups,
    /// Groups are structures that contain a list of tags and optionally a type.
    TypedGroups,
}

impl Dialect {
    /// The member of a filter that holds one group.
    pub(super) fn all(self) -> &'static str {
        if self == Dialect::Lists { "AndConditions" } else { "AndCondition" }
    }

    /// A group of one condition on a tag.
    pub(super) fn group_of(self, condition: &Value) -> Value {
        match self {
            Dialect::Lists => json!([condition]),
            Dialect::Groups | Dialect::TypedGroups => json!({ "TagConditions": [condition] }),
        }
    }
}

/// Conditions that must all be satisfied: tags, and optionally a type.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) tags: Vec<Tag>,
    pub(super) kind: Option<String>,
}

/// A filter. Only one member can be used, as the reference does not define combinations.
#[derive(Clone, Debug)]
pub(super) enum Filter {
    Tag(Tag),
    Type(String),
    All(Group),
    Any(Vec<Group>),
}

impl Group {
    fn admits(&self, candidate: &Candidate) -> bool {
        self.tags.iter().all(|tag| candidate.tags.contains(tag))
            && self.kind.as_ref().is_none_or(|kind| candidate.kind.as_ref() == Some(kind))
    }

    fn encode(&self, dialect: Dialect) -> Value {
        let tags: Value = self.tags.iter().map(condition).collect();
        if dialect == Dialect::Lists {
            return tags;
        }
        let mut group = json!({ "TagConditions": tags });
        if let Some(kind) = &self.kind {
            group["ContactFlowTypeCondition"] = json!({ "ContactFlowType": kind });
        }
        group
    }
}

impl Filter {
    /// Returns true if the resource satisfies the filter.
    pub(super) fn admits(&self, candidate: &Candidate) -> bool {
        match self {
            Filter::Tag(tag) => candidate.tags.contains(tag),
            Filter::Type(kind) => candidate.kind.as_ref() == Some(kind),
            Filter::All(group) => group.admits(candidate),
            Filter::Any(groups) => groups.iter().any(|group| group.admits(candidate)),
        }
    }

    /// The value of the member of `SearchFilter`.
    pub(super) fn encode(&self, dialect: Dialect) -> Value {
        match self {
            Filter::Tag(tag) => json!({ "TagCondition": condition(tag) }),
            Filter::Type(kind) => json!({ "ContactFlowTypeCondition": { "ContactFlowType": kind } }),
            Filter::All(group) => json!({ dialect.all(): group.encode(dialect) }),
            Filter::Any(groups) => {
                json!({ "OrConditions": groups.iter().map(|group| group.encode(dialect)).collect::<Vec<_>>() })
            }
        }
    }
}

fn condition((key, value): &Tag) -> Value {
    json!({ "TagKey": key, "TagValue": value })
}
