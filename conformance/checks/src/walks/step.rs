//! Steps of a walk, as data: what is done to which resource. Resources are named by their order of creation in the walk,
//! names and texts by number, so that a walk means the same at every endpoint and in every run.
//!
//! A number beyond what there is wraps around: whatever is left out of a walk, the rest is a walk.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::resources::{RESOURCES, Resource};

/// Kinds of resources that walks make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Flows: with a draft, and versions.
    Flow,
    /// Flow modules: with a draft.
    Module,
    /// Rules, which are never published: a published rule acts on contacts.
    Rule,
}

impl Kind {
    /// The row of the table of resources.
    pub(crate) fn row(self) -> &'static Resource {
        let create = match self {
            Kind::Flow => "CreateContactFlow",
            Kind::Module => "CreateContactFlowModule",
            Kind::Rule => "CreateRule",
        };
        RESOURCES.iter().find(|row| row.create == create).unwrap_or(&RESOURCES[0])
    }

    /// Has a draft beside what is published.
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

/// A resource of the walk: `flow#0` is the first flow that it made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Item {
    /// What it is.
    pub kind: Kind,
    /// How many of its kind were made before it.
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
        let wrong = || format!("`{text}` names no resource; write flow#0, module#1 or rule#2");
        let (word, number) = text.split_once('#').ok_or_else(wrong)?;
        let kind = [Kind::Flow, Kind::Module, Kind::Rule].into_iter().find(|kind| kind.word() == word);
        Ok(Item { kind: kind.ok_or_else(wrong)?, number: number.parse().map_err(|_| wrong())? })
    }
}

/// Tags by key.
pub(super) type Tags = BTreeMap<String, String>;

/// Keys that walks set; of others nothing is known.
pub(crate) const TAG_KEYS: &[&str] = &["ct-a", "ct-b", "ct-c"];

/// Most characters of a tag's value in a walk.
const LONGEST_VALUE: usize = 40;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// Creates a resource; under a name that may be taken.
    Create {
        /// What.
        kind: Kind,
        /// Which of the walk's names.
        name: u8,
        /// Which of the walk's texts.
        text: u8,
        /// A flow is only saved, not published.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        saved: bool,
        /// Its tags.
        #[serde(default, skip_serializing_if = "Tags::is_empty")]
        tags: Tags,
    },
    /// Sends a creation once more, with the client token that it had.
    CreateAgain {
        /// What it made.
        of: Item,
    },
    /// Shows.
    Describe {
        /// What.
        of: Item,
        /// Its draft, `:$SAVED`.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        draft: bool,
    },
    /// Gives another name; one that may be taken.
    Rename {
        /// To what.
        of: Item,
        /// Which of the walk's names.
        name: u8,
    },
    /// Replaces content or function.
    Edit {
        /// Of what.
        of: Item,
        /// Which of the walk's texts.
        text: u8,
    },
    /// Replaces the content of the draft.
    EditDraft {
        /// Of what.
        of: Item,
        /// Which of the walk's texts.
        text: u8,
    },
    /// Archives, or takes out of the archive.
    Archive {
        /// What.
        of: Item,
        /// The state that it is to have.
        archived: bool,
        /// Gives a name in the same call.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<u8>,
    },
    /// Deletes, perhaps what is deleted already.
    Delete {
        /// What.
        of: Item,
    },
    /// Lists all of a kind.
    List {
        /// What.
        kind: Kind,
        /// In several pages.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        pages: bool,
    },
    /// Adds and overwrites tags.
    Tag {
        /// Of what.
        of: Item,
        /// Which.
        tags: Tags,
    },
    /// Removes the tags of those keys that it has; if it has none of them, asks all the same.
    Untag {
        /// From what.
        of: Item,
        /// Which.
        keys: Vec<String>,
    },
    /// Lists tags.
    ListTags {
        /// Of what.
        of: Item,
    },
    /// Keeps what is published as a version.
    Version {
        /// Of which flow.
        of: Item,
    },
    /// Lists versions.
    ListVersions {
        /// Of which flow.
        of: Item,
    },
    /// Shows a version.
    DescribeVersion {
        /// Of which flow.
        of: Item,
        /// How many of its versions were made before it.
        nth: usize,
    },
}

impl Step {
    /// The resource that it is about, as it is named; none for creations and lists.
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

    /// Changes nothing, if the endpoint is sound.
    pub(crate) fn only_looks(&self) -> bool {
        matches!(
            self,
            Step::Describe { .. }
                | Step::List { .. }
                | Step::ListTags { .. }
                | Step::ListVersions { .. }
                | Step::DescribeVersion { .. }
        )
    }

    /// The same step with something smaller in it: what a walk is tried with when no step of it can be left out.
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

    /// Whether a step that was read is one that an endpoint has to take, as ours are; the text says why not.
    ///
    /// # Errors
    /// Tags that walks do not set, or that no endpoint takes.
    pub fn check(&self) -> Result<(), String> {
        let (keys, values): (Vec<&String>, Vec<&String>) = match self {
            Step::Create { tags, .. } => tags.iter().unzip(),
            Step::Tag { tags, .. } if tags.is_empty() => return Err("it adds no tag".to_owned()),
            Step::Tag { tags, .. } => tags.iter().unzip(),
            Step::Untag { keys, .. } if keys.is_empty() => return Err("it removes no tag".to_owned()),
            Step::Untag { keys, .. } => (keys.iter().collect(), Vec::new()),
            _ => Default::default(),
        };
        if let Some(key) = keys.iter().find(|key| !TAG_KEYS.contains(&key.as_str())) {
            return Err(format!("a walk sets no tag `{key}`, only {}", TAG_KEYS.join(", ")));
        }
        if keys.len() > TAG_KEYS.len() {
            return Err("it names a tag twice".to_owned());
        }
        let is_plain =
            |value: &&&String| value.len() <= LONGEST_VALUE && value.chars().all(|c| c.is_ascii_alphanumeric());
        match values.iter().find(|value| !is_plain(value)) {
            Some(value) => {
                Err(format!("`{value}` is no value of a tag here: letters and digits, {LONGEST_VALUE} at most"))
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
    fn walks_have_every_kind_of_step_and_come_back_from_json() {
        let walk = random_walk(1, "", ALL, 2000);
        let text = serde_json::to_string(&walk).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Step>>(&text).unwrap(), walk);
        let kinds: BTreeSet<String> =
            walk.iter().map(|step| serde_json::to_value(step).unwrap()["do"].as_str().unwrap().to_owned()).collect();
        // A version is described by the looks that follow a step.
        assert_eq!(kinds.len(), 14, "{kinds:?}");
        assert!(walk.iter().all(|step| step.check().is_ok()));
    }

    #[test]
    fn a_simpler_step_is_another_one_and_simplifying_ends() {
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
    fn items_are_read_as_they_are_written() {
        let item = Item { kind: Kind::Module, number: 12 };
        assert_eq!(Item::try_from(item.to_string()).unwrap(), item);
        for wrong in ["flow", "flow#", "flow#-1", "queue#1", ""] {
            assert!(Item::try_from(wrong.to_owned()).unwrap_err().contains("flow#0"), "{wrong}");
        }
    }
}
