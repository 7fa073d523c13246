//! Filters beside the criteria: tags, groups of tags, and types. Like the criteria both sent and evaluated here.

use serde_json::{Value, json};

use crate::search::oracle::{Tag, Thing};

/// How a member of `SearchFilter` is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Groups are lists of tags.
    Lists,
    /// Groups are structures with a list of tags.
    Groups,
    /// The same, which may hold a type, too.
    TypedGroups,
}

/// Tags that must all be there, and a type.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) tags: Vec<Tag>,
    pub(super) kind: Option<String>,
}

/// A filter; its members exclude each other, of which the reference says no more than that one is to be used.
#[derive(Clone, Debug)]
pub(super) enum Filter {
    Tag(Tag),
    Type(String),
    All(Group),
    Any(Vec<Group>),
}

impl Group {
    fn admits(&self, thing: &Thing) -> bool {
        self.tags.iter().all(|tag| thing.tags.contains(tag))
            && self.kind.as_ref().is_none_or(|kind| thing.kind.as_ref() == Some(kind))
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
    /// Whether a thing passes.
    pub(super) fn admits(&self, thing: &Thing) -> bool {
        match self {
            Filter::Tag(tag) => thing.tags.contains(tag),
            Filter::Type(kind) => thing.kind.as_ref() == Some(kind),
            Filter::All(group) => group.admits(thing),
            Filter::Any(groups) => groups.iter().any(|group| group.admits(thing)),
        }
    }

    /// As a member of `SearchFilter`.
    pub(super) fn encode(&self, dialect: Dialect) -> Value {
        match self {
            Filter::Tag(tag) => json!({ "TagCondition": condition(tag) }),
            Filter::Type(kind) => json!({ "ContactFlowTypeCondition": { "ContactFlowType": kind } }),
            Filter::All(group) => {
                let member = if dialect == Dialect::Lists { "AndConditions" } else { "AndCondition" };
                json!({ member: group.encode(dialect) })
            }
            Filter::Any(groups) => {
                json!({ "OrConditions": groups.iter().map(|group| group.encode(dialect)).collect::<Vec<_>>() })
            }
        }
    }
}

fn condition((key, value): &Tag) -> Value {
    json!({ "TagKey": key, "TagValue": value })
}
