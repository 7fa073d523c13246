//! Steps of a walk, as data. Resources are numbered in order of creation, and names and texts are numbers too, so that a
//! walk means the same on every endpoint and in every run.
//!
//! Resource numbers wrap around, so that a walk stays valid if steps are removed.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use connect_model::schema::Schema;

use crate::resources;
use crate::resources::Resource;

/// Kinds of resources in walks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Flows: with a draft, and versions.
    Flow,
    /// Flow modules: with a draft.
    Module,
    /// Rules, which are never published, since a published rule acts on contacts.
    Rule,
}

impl Kind {
    /// The row of the table of resources.
    pub(crate) fn row(self) -> &'static Resource {
        let noun = match self {
            Kind::Flow => "ContactFlow",
            Kind::Module => "ContactFlowModule",
            Kind::Rule => "Rule",
        };
        let schema = Schema::connect();
        resources::named(schema, noun).unwrap_or(&resources::rows(schema)[0])
    }

    /// True if the kind has drafts.
    pub(crate) fn has_draft(self) -> bool {
        self != Kind::Rule
    }

    fn word(self) -> &'static str {
        match self {
            Kind::Flow => "flow",
            Kind::Module => "module",
            Kind::Rule => "rule",
        }
    }
}

/// A resource of a walk: `flow#0` is the first flow that it creates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Item {
    /// Kind of the resource.
    pub kind: Kind,
    /// Number of earlier resources of the kind.
    pub number: usize,
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.kind.word(), self.number)
    }
}

impl From<Item> for String {
    fn from(item: Item) -> Self {
        item.to_string()
    }
}

impl TryFrom<String> for Item {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a resource; write flow#0, module#1 or rule#2");
        let (word, number) = text.split_once('#').ok_or_else(wrong)?;
        let kind = [Kind::Flow, Kind::Module, Kind::Rule].into_iter().find(|kind| kind.word() == word);
        Ok(Item { kind: kind.ok_or_else(wrong)?, number: number.parse().map_err(|_| wrong())? })
    }
}

/// Tags by key.
pub(super) type Tags = BTreeMap<String, String>;

/// Keys of the tags in walks. Other tags are ignored.
pub(crate) const TAG_KEYS: &[&str] = &["ct-a", "ct-b", "ct-c"];

/// Longest tag value in a walk.
const MAX_VALUE: usize = 40;

/// A step of a walk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// Creates a resource; its name may be taken.
    Create {
        /// Kind of the resource.
        kind: Kind,
        /// Number of the name.
        name: u8,
        /// Number of the text.
        text: u8,
        /// True if a flow is only saved, not published.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        saved: bool,
        /// Tags of the resource.
        #[serde(default, skip_serializing_if = "Tags::is_empty")]
        tags: Tags,
    },
    /// Repeats a creation with its client token.
    CreateAgain {
        /// The resource that it created.
        of: Item,
    },
    /// Describes a resource.
    Describe {
        /// The resource.
        of: Item,
        /// True for its draft, `:$SAVED`.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        draft: bool,
    },
    /// Changes the name, possibly to one that is taken.
    Rename {
        /// The resource.
        of: Item,
        /// Number of the name.
        name: u8,
    },
    /// Replaces the content or function.
    Edit {
        /// The resource.
        of: Item,
        /// Number of the text.
        text: u8,
    },
    /// Replaces the content of the draft.
    EditDraft {
        /// The resource.
        of: Item,
        /// Number of the text.
        text: u8,
    },
    /// Archives or reactivates a resource.
    Archive {
        /// The resource.
        of: Item,
        /// The new state.
        archived: bool,
        /// A new name in the same call.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<u8>,
    },
    /// Deletes a resource, which may be deleted already.
    Delete {
        /// The resource.
        of: Item,
    },
    /// Lists all resources of a kind.
    List {
        /// The kind.
        kind: Kind,
        /// True to read the list in several pages.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        pages: bool,
    },
    /// Adds and overwrites tags.
    Tag {
        /// The resource.
        of: Item,
        /// The tags.
        tags: Tags,
    },
    /// Removes tags: those of the keys that the resource has; all keys, if it has none of them.
    Untag {
        /// The resource.
        of: Item,
        /// The keys.
        keys: Vec<String>,
    },
    /// Lists the tags of a resource.
    ListTags {
        /// The resource.
        of: Item,
    },
    /// Creates a version of the published content.
    Version {
        /// The flow.
        of: Item,
    },
    /// Lists the versions of a flow.
    ListVersions {
        /// The flow.
        of: Item,
    },
    /// Describes a version.
    DescribeVersion {
        /// The flow.
        of: Item,
        /// Number of earlier versions of the flow.
        nth: usize,
    },
}

impl Step {
    /// The resource of the step; none for creations and lists.
    pub(crate) fn item(&self) -> Option<Item> {
        let mut copy = self.clone();
        copy.item_mut().copied()
    }

    pub(crate) fn item_mut(&mut self) -> Option<&mut Item> {
        match self {
            Step::Create { .. } | Step::List { .. } => None,
            Step::CreateAgain { of }
            | Step::Describe { of, .. }
            | Step::Rename { of, .. }
            | Step::Edit { of, .. }
            | Step::EditDraft { of, .. }
            | Step::Archive { of, .. }
            | Step::Delete { of }
            | Step::Tag { of, .. }
            | Step::Untag { of, .. }
            | Step::ListTags { of }
            | Step::Version { of }
            | Step::ListVersions { of }
            | Step::DescribeVersion { of, .. } => Some(of),
        }
    }

    /// The kind of step, in one word.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Step::Create { .. } => "create",
            Step::CreateAgain { .. } => "create-again",
            Step::Describe { draft: false, .. } => "describe",
            Step::Describe { draft: true, .. } => "describe-draft",
            Step::Rename { .. } => "rename",
            Step::Edit { .. } => "edit",
            Step::EditDraft { .. } => "edit-draft",
            Step::Archive { archived: true, .. } => "archive",
            Step::Archive { archived: false, .. } => "activate",
            Step::Delete { .. } => "delete",
            Step::List { .. } => "list",
            Step::Tag { .. } => "tag",
            Step::Untag { .. } => "untag",
            Step::ListTags { .. } => "list-tags",
            Step::Version { .. } => "version",
            Step::ListVersions { .. } => "list-versions",
            Step::DescribeVersion { .. } => "describe-version",
        }
    }

    /// The kind of resource.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Step::Create { kind, .. } | Step::List { kind, .. } => *kind,
            _ => self.item().map_or(Kind::Flow, |item| item.kind),
        }
    }

    /// True if the step changes nothing on a correct endpoint.
    pub(crate) fn is_read(&self) -> bool {
        matches!(
            self,
            Step::Describe { .. }
                | Step::List { .. }
                | Step::ListTags { .. }
                | Step::ListVersions { .. }
                | Step::DescribeVersion { .. }
        )
    }

    /// Simpler forms of the step, for shrinking.
    pub(crate) fn simpler(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut with = |edit: &dyn Fn(&mut Step)| {
            let mut step = self.clone();
            edit(&mut step);
            if step != *self {
                steps.push(step);
            }
        };
        with(&|step| {
            if let Step::Create { tags, .. } = step {
                tags.clear();
            }
        });
        with(&|step| {
            if let Step::Create { tags, .. } | Step::Tag { tags, .. } = step
                && !tags.is_empty()
            {
                *tags = Tags::from([(TAG_KEYS[0].to_owned(), "1".to_owned())]);
            }
        });
        with(&|step| {
            if let Step::Create { saved, .. } = step {
                *saved = false;
            }
        });
        with(&|step| {
            if let Step::Archive { name, .. } = step {
                *name = None;
            }
        });
        with(&|step| {
            if let Step::Untag { keys, .. } = step {
                *keys = vec![TAG_KEYS[0].to_owned()];
            }
        });
        with(&|step| {
            if let Step::Create { text, .. } | Step::Edit { text, .. } | Step::EditDraft { text, .. } = step {
                *text = 0;
            }
        });
        with(&|step| {
            if let Step::Create { name, .. } | Step::Rename { name, .. } | Step::Archive { name: Some(name), .. } = step
            {
                *name = 0;
            }
        });
        with(&|step| {
            if let Step::List { pages, .. } = step {
                *pages = false;
            }
        });
        steps
    }

    /// Checks a step that was read from a file.
    ///
    /// # Errors
    /// The step has tags that walks do not use, or that endpoints reject.
    pub fn check(&self) -> Result<(), String> {
        let (keys, values): (Vec<&String>, Vec<&String>) = match self {
            Step::Create { tags, .. } => tags.iter().unzip(),
            Step::Tag { tags, .. } if tags.is_empty() => return Err("the step adds no tag".to_owned()),
            Step::Tag { tags, .. } => tags.iter().unzip(),
            Step::Untag { keys, .. } if keys.is_empty() => return Err("the step removes no tag".to_owned()),
            Step::Untag { keys, .. } => (keys.iter().collect(), Vec::new()),
            _ => Default::default(),
        };
        if let Some(key) = keys.iter().find(|key| !TAG_KEYS.contains(&key.as_str())) {
            return Err(format!("`{key}` is not a tag of walks; expected one of {}", TAG_KEYS.join(", ")));
        }
        if keys.len() > TAG_KEYS.len() {
            return Err("the step has a tag twice".to_owned());
        }
        let is_plain = |value: &&&String| value.len() <= MAX_VALUE && value.chars().all(|c| c.is_ascii_alphanumeric());
        match values.iter().find(|value| !is_plain(value)) {
            Some(value) => {
                Err(format!("`{value}` is not a valid tag value: only letters and digits, {MAX_VALUE} at most"))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use super::*;
    use crate::walks::random::random_walk;

    const ALL: &[Kind] = &[Kind::Flow, Kind::Module, Kind::Rule];

    #[test]
    fn walks_have_every_kind_of_step_and_round_trip_as_json() {
        let walk = random_walk(1, "", ALL, 2000);
        let text = serde_json::to_string(&walk).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Step>>(&text).unwrap(), walk);
        let kinds: BTreeSet<String> =
            walk.iter().map(|step| serde_json::to_value(step).unwrap()["do"].as_str().unwrap().to_owned()).collect();
        // Versions are described only by the reads after a step.
        assert_eq!(kinds.len(), 14, "{kinds:?}");
        assert!(walk.iter().all(|step| step.check().is_ok()));
    }

    #[test]
    fn simpler_steps_differ_and_simplifying_ends() {
        for step in random_walk(3, "", ALL, 500) {
            let mut step = step;
            for _ in 0..10 {
                let Some(simpler) = step.simpler().into_iter().next() else { break };
                assert_ne!(simpler, step);
                step = simpler;
            }
            assert_eq!(step.simpler(), []);
        }
    }

    #[test]
    fn items_round_trip_as_text() {
        let item = Item { kind: Kind::Module, number: 12 };
        assert_eq!(Item::try_from(item.to_string()).unwrap(), item);
        for wrong in ["flow", "flow#", "flow#-1", "queue#1", ""] {
            assert!(Item::try_from(wrong.to_owned()).unwrap_err().contains("flow#0"), "{wrong}");
        }
    }
}
