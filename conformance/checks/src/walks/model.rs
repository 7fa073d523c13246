//! The reference: tracks the resources of a walk, and compares responses with their state. Sends nothing.
//!
//! It asserts only what is known about Connect. Where several effects are possible (an edit without qualifier may or may
//! not publish, an archived flow may reject changes), it keeps all possible states, and the next read decides.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::client::reply::{NOT_PUBLISHED, is_conflict};
use crate::walks::assume::Doubts;
use crate::walks::reads::{described, tags_listed, version_described, versioned, versions_listed};
use crate::walks::step::{Item, Kind, Step, Tags};

/// A response, reduced to what the reference compares.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// A success, with the body; for lists, with an array of the items of all pages.
    Accepted(Value),
    /// A rejection, with status and error name. Never 5xx, which says nothing about the walk.
    Refused(u16, Option<String>),
}

/// A difference between a response and the reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    /// JSON Pointer into the response.
    pub(crate) pointer: String,
    pub(crate) expected: String,
    /// None for the whole response.
    pub(crate) actual: Option<String>,
}

/// Result of comparing a response with the reference.
pub(crate) type Comparison = Result<(), Mismatch>;

/// State of a resource of the walk.
#[derive(Clone, Debug)]
pub(crate) struct ResourceState {
    pub(crate) id: String,
    pub(crate) arn: String,
    /// The step that created it.
    pub(crate) created_by: Step,
    /// The input that created it.
    pub(crate) sent: Value,
    pub(crate) name: u8,
    pub(crate) alive: bool,
    /// True if archived; none until it is known.
    pub(crate) archived: Option<bool>,
    /// Texts that may be published, the newest last; none for "not published".
    pub(crate) published: Vec<Option<u8>>,
    /// Texts that may be in the draft, the newest last. For a rule, the texts of its function.
    pub(crate) draft: Vec<u8>,
    /// The text of an edit that must be visible in the published content or in the draft.
    pub(crate) pending: Option<u8>,
    pub(crate) tags: Tags,
    /// Versions in order of creation, with the texts that each may have.
    pub(crate) versions: Vec<(i64, Vec<u8>)>,
    /// True if the function of a rule was once returned as it was sent. Then it must be after an update, too.
    pub(crate) echoes: bool,
    /// Names that it had before.
    pub(crate) former: Vec<u8>,
    /// Answers that are no longer judged, since they differed before.
    pub(crate) doubts: Doubts,
    /// True if nothing is known about the resource, since it contradicted the reference.
    pub(crate) left_alone: bool,
    /// The name that it may have got by a call that ended in a server error.
    pub(crate) maybe_named: Option<u8>,
    /// True if a deletion of it ended in a server error.
    pub(crate) maybe_deleted: bool,
}

/// All resources of a walk.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(super) resources: BTreeMap<Kind, Vec<ResourceState>>,
    /// Names at the endpoint, by their numbers.
    names: HashMap<(Kind, u8), String>,
    /// Names of which it is not known any more if they are taken.
    pub(super) disputed: BTreeSet<(Kind, u8)>,
    /// Behaviour of the endpoint where several are allowed: topic and fact.
    pub(crate) learned: Vec<(&'static str, String)>,
}

impl Model {
    /// A model without resources.
    pub(crate) fn new(names: HashMap<(Kind, u8), String>) -> Self {
        Self { names, ..Self::default() }
    }

    /// The item of an existing resource: the number wraps around.
    pub(crate) fn resolve(&self, item: Item) -> Option<Item> {
        let count = self.resources.get(&item.kind).map_or(0, Vec::len);
        (count > 0).then(|| Item { number: item.number % count, ..item })
    }

    pub(crate) fn resource(&self, item: Item) -> Option<&ResourceState> {
        self.resources.get(&item.kind)?.get(item.number)
    }

    pub(super) fn resource_mut(&mut self, item: Item) -> Option<&mut ResourceState> {
        self.resources.get_mut(&item.kind)?.get_mut(item.number)
    }

    /// All resources in order of creation, also deleted ones.
    pub(crate) fn items(&self) -> impl Iterator<Item = (Item, &ResourceState)> {
        self.resources.iter().flat_map(|(kind, resources)| {
            resources.iter().enumerate().map(|(number, resource)| (Item { kind: *kind, number }, resource))
        })
    }

    /// The name at the endpoint.
    pub(crate) fn name(&self, kind: Kind, name: u8) -> &str {
        self.names.get(&(kind, name)).map_or("", String::as_str)
    }

    /// The resource with a name, except `own`.
    pub(super) fn holder(&self, kind: Kind, name: u8, own: Option<Item>) -> Option<(Item, &ResourceState)> {
        let holds = |item: Item, resource: &ResourceState| {
            item.kind == kind && resource.alive && !resource.left_alone && resource.name == name && Some(item) != own
        };
        self.items().find(|(item, resource)| holds(*item, resource))
    }

    /// The number of a name at the endpoint.
    pub(super) fn number_of(&self, kind: Kind, name: &str) -> Option<u8> {
        self.names.iter().find(|((of, _), known)| *of == kind && *known == name).map(|((_, number), _)| *number)
    }

    /// Compares the response to a step with a resolved item, and updates the state. After a mismatch, the state is
    /// unchanged, so that the step can be repeated.
    pub(crate) fn apply(&mut self, step: &Step, sent: &Value, answer: &Answer) -> Comparison {
        match step {
            Step::Create { .. } => self.created(step, sent, answer),
            Step::List { kind, .. } => self.listed(*kind, answer),
            _ => {
                let Some((item, resource)) = step.item().and_then(|item| Some((item, self.resource(item)?.clone())))
                else {
                    return Ok(());
                };
                let Some(resource) = self.told(item, step, answer, resource) else { return Ok(()) };
                if resource.left_alone || resource.doubts.covers(step, "") {
                    return Ok(());
                }
                if let Step::CreateAgain { .. } = step {
                    return self.created_again(item, &resource, answer);
                }
                if !resource.alive {
                    return must_be_deleted(item, answer);
                }
                let mut after = resource;
                self.compare(item, step, answer, &mut after)?;
                if let Some(resource) = self.resource_mut(item) {
                    *resource = after;
                }
                Ok(())
            }
        }
    }

    /// Compares the response to a step on an existing resource.
    fn compare(&mut self, item: Item, step: &Step, answer: &Answer, resource: &mut ResourceState) -> Comparison {
        let accepted = matches!(answer, Answer::Accepted(_));
        // It is unknown if archived resources can be changed.
        let may_refuse = resource.archived == Some(true);
        match step {
            Step::Describe { draft, .. } => {
                return described(item, *draft, self.name(item.kind, resource.name), answer, resource);
            }
            Step::Rename { name, .. } => {
                if self.renamed(item, *name, resource, answer)? {
                    resource.take_name(*name);
                }
            }
            Step::Archive { archived, name, .. } => {
                let done = match name {
                    Some(name) => self.renamed(item, *name, resource, answer)?,
                    None if accepted || may_refuse => accepted,
                    None => return Err(must_accept(item, "a change of its state")),
                };
                if done {
                    resource.archived = Some(*archived);
                    resource.take_name(name.unwrap_or(resource.name));
                }
            }
            Step::Edit { text, .. } => {
                let only_saved = resource.published == [None];
                if only_saved && item.kind == Kind::Flow {
                    self.learned.push(("content of a flow that was never published, without :$SAVED", outline(answer)));
                }
                match accepted {
                    true if item.kind == Kind::Rule => resource.draft = vec![*text],
                    true => {
                        resource.published.push(Some(*text));
                        resource.draft.push(*text);
                        resource.pending = Some(*text);
                    }
                    false if may_refuse || only_saved => {}
                    false => return Err(must_accept(item, "other content")),
                }
            }
            // Editing the draft alone is documented, but not guaranteed: a rejection is recorded.
            Step::EditDraft { text, .. } => match accepted {
                true => (resource.draft, resource.pending) = (vec![*text], None),
                false => self.learned.push(("an edit of the draft alone", outline(answer))),
            },
            Step::Delete { .. } => match accepted {
                true => resource.alive = false,
                false if may_refuse => self.learned.push(("deleting what is archived", outline(answer))),
                false => return Err(must_accept(item, "its deletion")),
            },
            Step::Tag { tags, .. } => match accepted {
                true => resource.tags.extend(tags.clone()),
                false if item.kind == Kind::Rule => self.learned.push(("tagging a rule by its ARN", outline(answer))),
                false => return Err(must_accept(item, "tags")),
            },
            Step::Untag { keys, .. } => {
                let had = keys.iter().any(|key| resource.tags.contains_key(key));
                match accepted {
                    true => resource.tags.retain(|key, _| !keys.contains(key)),
                    false if !had => self.learned.push(("removing a tag that is not there", outline(answer))),
                    false if item.kind == Kind::Rule => {}
                    false => return Err(must_accept(item, "the removal of tags that it has")),
                }
            }
            Step::ListTags { .. } => return tags_listed(item, answer, resource),
            Step::Version { .. } => return versioned(answer, resource, &mut self.learned),
            Step::ListVersions { .. } => return versions_listed(item, answer, resource),
            Step::DescribeVersion { nth, .. } => return version_described(item, *nth, answer, resource),
            Step::Create { .. } | Step::CreateAgain { .. } | Step::List { .. } => {}
        }
        Ok(())
    }

    fn created(&mut self, step: &Step, sent: &Value, answer: &Answer) -> Comparison {
        let Step::Create { kind, name, .. } = step else { return Ok(()) };
        let holder = self.holder(*kind, *name, None);
        let disputed = self.disputed.contains(&(*kind, *name));
        let body = match answer {
            Answer::Accepted(body) => body,
            Answer::Refused(..) if disputed => return Ok(()),
            Answer::Refused(status, code) if holder.is_some() && is_conflict(*status, code.as_deref()) => return Ok(()),
            Answer::Refused(..) => return Err(Mismatch::whole(name_rule(holder.map(|(item, _)| item), *kind))),
        };
        // It is unknown if the name of an archived resource can be used again.
        if let Some((holder, _)) = holder.filter(|(_, resource)| resource.archived != Some(true) && !disputed) {
            return Err(Mismatch::whole(name_rule(Some(holder), *kind)));
        }
        let (pointer, id) = (kind.row().id_pointer(), kind.row().id_in(&Value::Null, body).unwrap_or_default());
        if let Some((other, _)) = self.items().find(|(_, resource)| resource.id == id) {
            let expected = format!("a new id; this one belongs to {other}");
            return Err(Mismatch { pointer, expected, actual: Some(id) });
        }
        self.insert(step, sent, body);
        Ok(())
    }

    /// Adds the resource that a creation made, as its answer says.
    pub(super) fn insert(&mut self, step: &Step, sent: &Value, body: &Value) {
        let Step::Create { kind, name, text, saved, tags } = step else { return };
        let row = kind.row();
        let [id, arn] = [row.id_in(&Value::Null, body), row.arn_in(body)].map(Option::unwrap_or_default);
        self.resources.entry(*kind).or_default().push(ResourceState {
            id,
            arn,
            created_by: step.clone(),
            sent: sent.clone(),
            name: *name,
            alive: true,
            archived: None,
            published: vec![(!saved).then_some(*text)],
            draft: vec![*text],
            pending: None,
            tags: tags.clone(),
            versions: Vec::new(),
            echoes: false,
            former: Vec::new(),
            doubts: Doubts::default(),
            left_alone: false,
            maybe_named: None,
            maybe_deleted: false,
        });
    }

    /// A repeated creation: with a client token it returns the same resource, without one it is a new creation.
    fn created_again(&mut self, item: Item, first: &ResourceState, answer: &Answer) -> Comparison {
        let row = item.kind.row();
        if item.kind == Kind::Flow {
            return self.created(&first.created_by, &first.sent, answer);
        }
        match answer {
            Answer::Accepted(body) if row.id_in(&Value::Null, body).as_deref() == Some(&first.id) => {
                if !first.alive {
                    self.learned
                        .push(("a creation repeated after the deletion", "the deleted resource's id".to_owned()));
                }
                Ok(())
            }
            Answer::Accepted(body) if first.alive => Err(Mismatch {
                pointer: row.id_pointer(),
                expected: format!("{}, the id of {item}, which has this client token", first.id),
                actual: row.id_in(&Value::Null, body),
            }),
            // The token may be that of the resource which an earlier repetition made.
            Answer::Accepted(body)
                if self.items().any(|(_, other)| {
                    other.alive
                        && other.sent == first.sent
                        && row.id_in(&Value::Null, body).as_deref() == Some(&other.id)
                }) =>
            {
                Ok(())
            }
            // It is unknown how long tokens are remembered: they may be forgotten after the deletion.
            Answer::Accepted(_) => {
                self.learned.push(("a creation repeated after the deletion", "another resource".to_owned()));
                self.created(&first.created_by, &first.sent, answer)
            }
            Answer::Refused(..) => {
                let topic = if first.alive { "a creation repeated" } else { "a creation repeated after the deletion" };
                self.learned.push((topic, outline(answer)));
                Ok(())
            }
        }
    }

    /// True if the resource has the new name now; false if a rejection is allowed.
    fn renamed(&self, item: Item, name: u8, resource: &ResourceState, answer: &Answer) -> Result<bool, Mismatch> {
        let holder = self.holder(item.kind, name, Some(item));
        let free = holder.is_none_or(|(_, resource)| resource.archived == Some(true));
        match answer {
            _ if self.disputed.contains(&(item.kind, name)) => Ok(matches!(answer, Answer::Accepted(_))),
            Answer::Accepted(_) if free => Ok(true),
            Answer::Refused(status, code) if holder.is_some() && is_conflict(*status, code.as_deref()) => Ok(false),
            // It is unknown if archived resources can be renamed, and if the own name counts as taken.
            Answer::Refused(..) if resource.archived == Some(true) || resource.name == name => Ok(false),
            _ => Err(Mismatch::whole(name_rule(holder.map(|(item, _)| item), item.kind))),
        }
    }

    fn listed(&mut self, kind: Kind, answer: &Answer) -> Comparison {
        let Answer::Accepted(Value::Array(listed)) = answer else {
            return Err(Mismatch::whole(format!("a list of all {}s", kind.row().kind)));
        };
        self.wrongly_listed(kind, listed).map_or(Ok(()), |(_, mismatch)| Err(mismatch))
    }

    /// The first resource of a kind that a list shows in a wrong way.
    pub(super) fn wrongly_listed(&self, kind: Kind, listed: &[Value]) -> Option<(Item, Mismatch)> {
        let row = kind.row();
        let judged = self.items().filter(|(item, resource)| item.kind == kind && !resource.left_alone);
        for (item, resource) in judged.filter(|(_, resource)| !resource.maybe_deleted) {
            let is_doubted = |pointer: &str| {
                resource.doubts.covers(&Step::List { kind, pages: false }, pointer)
                    || pointer == "/Name" && resource.maybe_named.is_some()
            };
            if is_doubted("") {
                continue;
            }
            let found = listed.iter().find(|entry| entry[row.list_id()].as_str() == Some(&resource.id));
            let name = self.name(kind, resource.name);
            let (expected, actual) = match found {
                Some(entry) if !resource.alive => (format!("no item for {item}, which was deleted"), entry.to_string()),
                Some(entry) if entry["Name"].as_str() != Some(name) && !is_doubted("/Name") => {
                    (format!("{item} with its name {name}"), entry.to_string())
                }
                // It is unknown if lists show archived resources.
                None if resource.alive && resource.archived != Some(true) => {
                    (format!("{item}, named {name}"), format!("{} other items", listed.len()))
                }
                _ => continue,
            };
            return Some((item, Mismatch { pointer: String::new(), expected, actual: Some(actual) }));
        }
        None
    }
}

impl ResourceState {
    pub(super) fn take_name(&mut self, name: u8) {
        if name != self.name {
            self.former.push(self.name);
            self.name = name;
        }
    }
}

impl Mismatch {
    /// The whole response differs from the expected one.
    pub(crate) fn whole(expected: impl Into<String>) -> Self {
        Self { pointer: String::new(), expected: expected.into(), actual: None }
    }
}

/// The expected response to a creation or renaming.
fn name_rule(holder: Option<Item>, kind: Kind) -> String {
    match holder {
        Some(holder) => format!("409: {holder} has that name"),
        None => format!("success: no {} has that name", kind.row().kind),
    }
}

/// The mismatch of a rejected step that must succeed.
pub(crate) fn must_accept(item: Item, what: &str) -> Mismatch {
    Mismatch::whole(format!("success: {item} exists and accepts {what}"))
}

/// Every step on a deleted resource is rejected. Other checks judge the error.
fn must_be_deleted(item: Item, answer: &Answer) -> Comparison {
    match answer {
        Answer::Refused(_, code) if code.as_deref() != Some(NOT_PUBLISHED) => Ok(()),
        _ => Err(Mismatch::whole(format!("404 ResourceNotFoundException: {item} was deleted"))),
    }
}

/// The response without its message, so that equal ones can be counted.
pub(crate) fn outline(answer: &Answer) -> String {
    match answer {
        Answer::Accepted(_) => "accepted".to_owned(),
        Answer::Refused(status, code) => format!("{status} {}", code.as_deref().unwrap_or("without a name")),
    }
}
