//! The reference after an answer that contradicted it: the difference is assumed, so that the walk can go on behind it and
//! meet the next one.
//!
//! Nothing that may follow from a difference is judged again. A wrong member of a description is no longer judged for that
//! resource; a name that was wrongly given or refused may be taken or free from then on; a resource of which it is unknown
//! if it exists is left alone. All else is judged as before.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::client::reply::NOT_PUBLISHED;
use crate::walks::model::{Answer, Comparison, Mismatch, Model, ResourceState, outline};
use crate::walks::reads::{content_pointer, name_pointer, tags_pointer};
use crate::walks::step::{Item, Kind, Step};

/// Answers of one resource that are no longer judged: kind of step, and JSON Pointer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Doubts(BTreeSet<(&'static str, String)>);

impl Doubts {
    /// True if the answers to a kind of step are not judged at a pointer.
    pub(crate) fn covers(&self, step: &Step, pointer: &str) -> bool {
        !self.0.is_empty() && self.0.contains(&(step.word(), pointer.to_owned()))
    }

    /// The comparison, unless its difference is doubted.
    pub(crate) fn judge(&self, step: &Step, compared: Comparison) -> Comparison {
        match compared {
            Err(mismatch) if self.covers(step, &mismatch.pointer) => Ok(()),
            compared => compared,
        }
    }

    fn add(&mut self, step: &Step, pointer: &str) {
        self.0.insert((step.word(), pointer.to_owned()));
    }
}

/// A deviation, without the names and numbers of one walk. Two walks that meet the same deviation need not report it twice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Deviation {
    kind: Kind,
    step: &'static str,
    pointer: String,
    /// Accepted, or the error.
    answer: String,
    /// The step or state that led to it.
    cause: &'static str,
}

/// The pointer up to the member; single tags are one member.
fn member(pointer: &str) -> &str {
    match pointer.find("/Tags/") {
        Some(at) => &pointer[..at + "/Tags".len()],
        None if pointer.starts_with("/tags/") => "/tags",
        None => pointer,
    }
}

impl Model {
    /// The deviation that a mismatch shows; `last` is the change whose effect is read.
    pub(crate) fn deviation(
        &self,
        step: &Step,
        answer: &Answer,
        mismatch: &Mismatch,
        last: Option<&'static str>,
    ) -> Deviation {
        let cause = match (named(step), step, answer) {
            (Some((kind, name)), ..) if mismatch.pointer.is_empty() => self.fate(kind, name, step.item()),
            (_, Step::List { kind, .. }, Answer::Accepted(Value::Array(listed))) => self.listed_as(*kind, listed),
            _ if step.item().and_then(|item| self.resource(item)).is_some_and(|resource| !resource.alive) => "deleted",
            _ => last.unwrap_or_default(),
        };
        Deviation {
            kind: step.kind(),
            step: step.word(),
            pointer: member(&mismatch.pointer).to_owned(),
            answer: outline(answer),
            cause,
        }
    }

    /// The way in which a list is wrong.
    fn listed_as(&self, kind: Kind, listed: &[Value]) -> &'static str {
        let Some((item, _)) = self.wrongly_listed(kind, listed) else { return "" };
        let Some(resource) = self.resource(item) else { return "" };
        let is_shown = listed.iter().any(|entry| entry[kind.row().list_id()].as_str() == Some(&resource.id));
        match (resource.alive, is_shown) {
            (false, _) => "deleted",
            (true, true) => "another name",
            (true, false) => "missing",
        }
    }

    /// The last use of a name, except by the resource that gets it.
    fn fate(&self, kind: Kind, name: u8, own: Option<Item>) -> &'static str {
        if self.holder(kind, name, own).is_some() {
            return "the name is taken";
        }
        let of_kind = || self.items().filter(|(item, _)| item.kind == kind);
        if of_kind().any(|(_, resource)| resource.former.contains(&name)) {
            return "its holder was renamed";
        }
        match of_kind().any(|(item, resource)| Some(item) != own && resource.name == name && !resource.alive) {
            true => "its holder was deleted",
            false => "the name was never used",
        }
    }

    /// Assumes the difference of an answer: afterwards, [`Model::apply`] accepts the same answer, or finds another
    /// difference in it.
    pub(crate) fn assume(&mut self, step: &Step, answer: &Answer, mismatch: &Mismatch) {
        match step {
            Step::Create { .. } => {
                self.assume_created(step, answer);
            }
            Step::List { kind, .. } => {
                if let Answer::Accepted(Value::Array(listed)) = answer
                    && let Some((item, _)) = self.wrongly_listed(*kind, listed)
                    && let Some(resource) = self.resource_mut(item)
                {
                    resource.doubts.add(step, "");
                }
            }
            _ => {
                let Some(item) = step.item() else { return };
                self.assume_about(item, step, answer, mismatch);
            }
        }
    }

    fn assume_about(&mut self, item: Item, step: &Step, answer: &Answer, mismatch: &Mismatch) {
        let Some(resource) = self.resource(item) else { return };
        if let Step::CreateAgain { .. } = step {
            let (created_by, sent) = (resource.created_by.clone(), resource.sent.clone());
            if let (true, Answer::Accepted(body)) = (self.assume_created(&created_by, answer), answer) {
                self.insert(&created_by, &sent, body);
            }
            return self.doubt(item, step, "");
        }
        let accepted = matches!(answer, Answer::Accepted(_));
        if !resource.alive || matches!(step, Step::Delete { .. }) {
            return self.leave_alone(item);
        }
        match step {
            Step::Rename { name, .. } | Step::Archive { name: Some(name), .. } => {
                self.disputed.insert((item.kind, *name));
            }
            Step::Describe { .. } => {
                if let Answer::Accepted(body) = answer {
                    let shown = body.pointer(&mismatch.pointer).cloned().unwrap_or_default();
                    self.assume_shown(item, &mismatch.pointer, &shown);
                }
                // A flow that must not be shown yet has wrong content; its other members are judged.
                let pointer = if mismatch.pointer.is_empty() && accepted {
                    content_pointer(item.kind)
                } else {
                    mismatch.pointer.clone()
                };
                self.doubt(item, step, member(&pointer));
                if pointer == content_pointer(item.kind) {
                    // It may also be the content of the versions.
                    self.doubt(item, &Step::DescribeVersion { of: item, nth: 0 }, "");
                }
            }
            Step::Version { .. } | Step::ListVersions { .. } | Step::DescribeVersion { .. } => {
                self.doubt(item, &Step::Version { of: item }, "");
                self.doubt(item, &Step::ListVersions { of: item }, "");
                self.doubt(item, &Step::DescribeVersion { of: item, nth: 0 }, "");
            }
            Step::ListTags { .. } => self.doubt(item, step, member(&mismatch.pointer)),
            // A refused change changed nothing.
            _ => {}
        }
    }

    /// Assumes nothing about the effect of a call that ended in a server error: it may have been performed or not.
    pub(crate) fn forget(&mut self, step: &Step) {
        if let Step::Create { kind, name, .. } = step {
            self.disputed.insert((*kind, *name));
        }
        let Some(item) = step.item().filter(|_| !step.is_read()) else { return };
        let describe = |draft| Step::Describe { of: item, draft };
        let (versions, version) = (Step::ListVersions { of: item }, Step::DescribeVersion { of: item, nth: 0 });
        let doubted: Vec<(Step, String)> = match step {
            Step::Tag { .. } | Step::Untag { .. } => {
                let shown = tags_pointer(item.kind);
                let listed = (Step::ListTags { of: item }, "/tags".to_owned());
                vec![(describe(false), shown.clone()), (describe(true), shown), listed]
            }
            Step::Version { .. } => [step.clone(), versions, version].map(|about| (about, String::new())).into(),
            Step::CreateAgain { .. } => vec![(step.clone(), String::new())],
            _ => Vec::new(),
        };
        for (about, pointer) in doubted {
            self.doubt(item, &about, &pointer);
        }
        let Some(resource) = self.resource_mut(item).filter(|resource| resource.alive) else { return };
        let before = resource.name;
        let name = match step {
            Step::CreateAgain { .. } => named(&resource.created_by).map(|(_, name)| name),
            _ => named(step).map(|(_, name)| name),
        };
        match step {
            Step::Rename { .. } => resource.maybe_named = name,
            Step::Archive { .. } => (resource.archived, resource.maybe_named) = (None, name.or(resource.maybe_named)),
            Step::Delete { .. } => resource.maybe_deleted = true,
            Step::Edit { text, .. } => {
                if item.kind != Kind::Rule {
                    resource.published.push(Some(*text));
                }
                resource.draft.push(*text);
                resource.pending = None;
            }
            Step::EditDraft { text, .. } => {
                resource.draft.push(*text);
                resource.pending = None;
            }
            _ => {}
        }
        if name.is_some() || resource.maybe_deleted {
            self.disputed.extend(name.into_iter().chain([before]).map(|name| (item.kind, name)));
        }
    }

    /// The resource of a step, with what the answer tells about calls that ended in a server error. None if it is not known
    /// what the answer should be.
    pub(super) fn told(
        &mut self,
        item: Item,
        step: &Step,
        answer: &Answer,
        mut resource: ResourceState,
    ) -> Option<ResourceState> {
        let is_described = matches!(step, Step::Describe { .. });
        if let (Some(name), true, Answer::Accepted(body)) = (resource.maybe_named, is_described, answer)
            && body.pointer(&name_pointer(item.kind)).and_then(Value::as_str) == Some(self.name(item.kind, name))
        {
            resource.take_name(name);
            resource.maybe_named = None;
        } else if resource.maybe_deleted && !(is_described && matches!(answer, Answer::Accepted(_))) {
            match (step, answer) {
                // The draft may be missing although the resource exists.
                (Step::Describe { draft: false, .. }, Answer::Refused(404, code))
                    if code.as_deref() != Some(NOT_PUBLISHED) =>
                {
                    (resource.maybe_deleted, resource.alive) = (false, false);
                    self.put(item, resource);
                }
                _ if !step.is_read() => self.leave_alone(item),
                _ => {}
            }
            return None;
        } else {
            return Some(resource);
        }
        self.put(item, resource.clone());
        Some(resource)
    }

    fn put(&mut self, item: Item, resource: ResourceState) {
        if let Some(place) = self.resource_mut(item) {
            *place = resource;
        }
    }

    /// Assumes that a description shows the truth about name and state.
    fn assume_shown(&mut self, item: Item, pointer: &str, shown: &Value) {
        let number = shown.as_str().and_then(|name| self.number_of(item.kind, name));
        let Some(resource) = self.resource_mut(item) else { return };
        if pointer.ends_with("/State") {
            resource.archived = shown.as_str().map(|state| state == "ARCHIVED");
        }
        if !pointer.ends_with("/Name") {
            return;
        }
        resource.doubts.add(&Step::List { kind: item.kind, pages: false }, "/Name");
        resource.doubts.add(&Step::Describe { of: item, draft: false }, pointer);
        resource.doubts.add(&Step::Describe { of: item, draft: true }, pointer);
        if let Some(number) = number {
            let before = std::mem::replace(&mut resource.name, number);
            self.disputed.extend([(item.kind, before), (item.kind, number)]);
        }
    }

    /// Assumes that a creation was rightly refused or accepted. True if it made a resource of its own.
    fn assume_created(&mut self, step: &Step, answer: &Answer) -> bool {
        let Step::Create { kind, name, .. } = step else { return false };
        self.disputed.insert((*kind, *name));
        let Answer::Accepted(body) = answer else { return false };
        let id = kind.row().id_in(&Value::Null, body).unwrap_or_default();
        let known = self.items().find(|(_, resource)| resource.id == id).map(|(item, _)| item);
        if let Some(item) = known {
            self.leave_alone(item);
        }
        known.is_none()
    }

    fn doubt(&mut self, item: Item, step: &Step, pointer: &str) {
        if let Some(resource) = self.resource_mut(item) {
            resource.doubts.add(step, pointer);
        }
    }

    /// Judges no answer about a resource any more, and of its names not if they are taken.
    fn leave_alone(&mut self, item: Item) {
        let Some(resource) = self.resource_mut(item) else { return };
        resource.left_alone = true;
        let names: Vec<u8> = resource.former.iter().copied().chain([resource.name]).collect();
        self.disputed.extend(names.into_iter().map(|name| (item.kind, name)));
    }
}

/// Kind and name number of a step that gives a name.
fn named(step: &Step) -> Option<(Kind, u8)> {
    match step {
        Step::Create { kind, name, .. } => Some((*kind, *name)),
        Step::Rename { of, name } | Step::Archive { of, name: Some(name), .. } => Some((of.kind, *name)),
        _ => None,
    }
}
