//! The reference: what exists in a walk, and what each answer must therefore be. Sends nothing.
//!
//! It asserts no more than is known of Connect. Where more than one thing may happen (an edit without qualifier
//! publishes or does not, an archived flow may refuse to be changed), it keeps what may be the case, and what the
//! endpoint shows next decides.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::client::reply::CONFLICTS;
use crate::walks::look;
use crate::walks::look::{described, tags_listed, version_described, versioned, versions_listed};
use crate::walks::step::{Item, Kind, Step, Tags};

/// An answer, as the reference sees it.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Accepted, with the body; for lists, with an array of all items of all pages.
    Accepted(Value),
    /// Refused, with status and error name. Never 5xx: that says nothing about the walk.
    Refused(u16, Option<String>),
}

/// What an answer must be and is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    /// JSON Pointer into the answer.
    pub(crate) pointer: String,
    pub(crate) expected: String,
    /// None: the answer as a whole.
    pub(crate) actual: Option<String>,
}

pub(crate) type Judged = Result<(), Mismatch>;

/// A resource of the walk.
#[derive(Clone, Debug)]
pub(crate) struct Thing {
    pub(crate) id: String,
    pub(crate) arn: String,
    /// The step that made it, and its request.
    pub(crate) made_by: Step,
    pub(crate) sent: Value,
    pub(crate) name: u8,
    pub(crate) alive: bool,
    /// In the archive; unknown until something says so.
    pub(crate) archived: Option<bool>,
    /// Texts that may be what is published, the newest last; none for "not published".
    pub(crate) published: Vec<Option<u8>>,
    /// Texts that may be in the draft, the newest last. For a rule, its function.
    pub(crate) draft: Vec<u8>,
    /// An edit that is to be seen in one of the two.
    pub(crate) pending: Option<u8>,
    pub(crate) tags: Tags,
    /// Versions in order of creation, with what each may hold.
    pub(crate) versions: Vec<(i64, Vec<u8>)>,
    /// A rule's function was shown as JSON that equals what was sent: then it must be so after an update, too.
    pub(crate) echoes: bool,
}

/// What exists.
#[derive(Debug, Default)]
pub(crate) struct Model {
    things: BTreeMap<Kind, Vec<Thing>>,
    /// What names are called at the endpoint.
    names: HashMap<(Kind, u8), String>,
    /// What the endpoint did where it had a choice.
    pub(crate) learned: Vec<(&'static str, String)>,
}

impl Model {
    /// Nothing exists; that is what the names are called.
    pub(crate) fn new(names: HashMap<(Kind, u8), String>) -> Self {
        Self { names, ..Self::default() }
    }

    /// The resource that an item means: the number wraps around.
    pub(crate) fn resolve(&self, item: Item) -> Option<Item> {
        let count = self.things.get(&item.kind).map_or(0, Vec::len);
        (count > 0).then(|| Item { number: item.number % count, ..item })
    }

    pub(crate) fn thing(&self, item: Item) -> Option<&Thing> {
        self.things.get(&item.kind)?.get(item.number)
    }

    fn thing_mut(&mut self, item: Item) -> Option<&mut Thing> {
        self.things.get_mut(&item.kind)?.get_mut(item.number)
    }

    /// Everything that was made, in order.
    pub(crate) fn items(&self) -> impl Iterator<Item = (Item, &Thing)> {
        self.things.iter().flat_map(|(kind, things)| {
            things.iter().enumerate().map(|(number, thing)| (Item { kind: *kind, number }, thing))
        })
    }

    /// What a name is called at the endpoint.
    pub(crate) fn name(&self, kind: Kind, name: u8) -> &str {
        self.names.get(&(kind, name)).map_or("", String::as_str)
    }

    /// Who has a name, beside `own`.
    fn holder(&self, kind: Kind, name: u8, own: Option<Item>) -> Option<(Item, &Thing)> {
        self.items().find(|(item, thing)| item.kind == kind && thing.alive && thing.name == name && Some(*item) != own)
    }

    /// Judges the answer to a step whose item is resolved; what it says becomes what is known. When it is not as it
    /// must be, nothing changes, and the step may be tried again.
    pub(crate) fn take(&mut self, step: &Step, sent: &Value, answer: &Answer) -> Judged {
        match step {
            Step::Create { .. } => self.created(step, sent, answer),
            Step::List { kind, .. } => self.listed(*kind, answer),
            _ => {
                let Some((item, thing)) = step.item().and_then(|item| Some((item, self.thing(item)?.clone()))) else {
                    return Ok(());
                };
                if let Step::CreateAgain { .. } = step {
                    return self.created_again(item, &thing, answer);
                }
                if !thing.alive {
                    return gone(item, answer);
                }
                let mut after = thing;
                self.judge(item, step, answer, &mut after)?;
                if let Some(thing) = self.thing_mut(item) {
                    *thing = after;
                }
                Ok(())
            }
        }
    }

    /// A step on something that is alive.
    fn judge(&mut self, item: Item, step: &Step, answer: &Answer, thing: &mut Thing) -> Judged {
        let accepted = matches!(answer, Answer::Accepted(_));
        // Whether what is in the archive can be changed is not known.
        let may_refuse = thing.archived == Some(true);
        match step {
            Step::Describe { draft, .. } => {
                return described(item, *draft, self.name(item.kind, thing.name), answer, thing);
            }
            Step::Rename { name, .. } => {
                if self.renamed(item, *name, thing, answer)? {
                    thing.name = *name;
                }
            }
            Step::Archive { archived, name, .. } => {
                let done = match name {
                    Some(name) => self.renamed(item, *name, thing, answer)?,
                    None if accepted || may_refuse => accepted,
                    None => return Err(must_accept(item, "a change of its state")),
                };
                if done {
                    thing.archived = Some(*archived);
                    thing.name = name.unwrap_or(thing.name);
                }
            }
            Step::Edit { text, .. } => {
                let never = thing.published == [None];
                if never && item.kind == Kind::Flow {
                    self.learned.push(("content of a flow that was never published, without :$SAVED", outline(answer)));
                }
                match accepted {
                    true if item.kind == Kind::Rule => thing.draft = vec![*text],
                    true => {
                        thing.published.push(Some(*text));
                        thing.draft.push(*text);
                        thing.pending = Some(*text);
                    }
                    false if may_refuse || never => {}
                    false => return Err(must_accept(item, "other content")),
                }
            }
            // That a draft can be edited by itself is described and not promised: a refusal is recorded.
            Step::EditDraft { text, .. } => match accepted {
                true => (thing.draft, thing.pending) = (vec![*text], None),
                false => self.learned.push(("an edit of the draft alone", outline(answer))),
            },
            Step::Delete { .. } => match accepted {
                true => thing.alive = false,
                false if may_refuse => self.learned.push(("deleting what is archived", outline(answer))),
                false => return Err(must_accept(item, "its deletion")),
            },
            Step::Tag { tags, .. } => match accepted {
                true => thing.tags.extend(tags.clone()),
                false if item.kind == Kind::Rule => self.learned.push(("tagging a rule by its ARN", outline(answer))),
                false => return Err(must_accept(item, "tags")),
            },
            Step::Untag { keys, .. } => {
                let had = keys.iter().any(|key| thing.tags.contains_key(key));
                match accepted {
                    true => thing.tags.retain(|key, _| !keys.contains(key)),
                    false if !had => self.learned.push(("removing a tag that is not there", outline(answer))),
                    false if item.kind == Kind::Rule => {}
                    false => return Err(must_accept(item, "the removal of tags that it has")),
                }
            }
            Step::ListTags { .. } => return tags_listed(item, answer, thing),
            Step::Version { .. } => return versioned(answer, thing, &mut self.learned),
            Step::ListVersions { .. } => return versions_listed(item, answer, thing),
            Step::DescribeVersion { nth, .. } => return version_described(item, *nth, answer, thing),
            Step::Create { .. } | Step::CreateAgain { .. } | Step::List { .. } => {}
        }
        Ok(())
    }

    fn created(&mut self, step: &Step, sent: &Value, answer: &Answer) -> Judged {
        let Step::Create { kind, name, text, saved, tags } = step else { return Ok(()) };
        let holder = self.holder(*kind, *name, None);
        let body = match answer {
            Answer::Accepted(body) => body,
            Answer::Refused(status, code) if holder.is_some() && is_conflict(*status, code.as_deref()) => return Ok(()),
            Answer::Refused(..) => return Err(Mismatch::whole(name_rule(holder.map(|(item, _)| item), *kind))),
        };
        // Whether what is in the archive keeps its name to itself is not known.
        if let Some((holder, _)) = holder.filter(|(_, thing)| thing.archived != Some(true)) {
            return Err(Mismatch::whole(name_rule(Some(holder), *kind)));
        }
        let row = kind.row();
        let [id, arn] = [row.id, row.arn].map(|member| body[member].as_str().unwrap_or_default().to_owned());
        if let Some((other, _)) = self.items().find(|(_, thing)| thing.id == id) {
            let expected = format!("an id of its own; this one is that of {other}");
            return Err(Mismatch { pointer: format!("/{}", row.id), expected, actual: Some(id) });
        }
        self.things.entry(*kind).or_default().push(Thing {
            id,
            arn,
            made_by: step.clone(),
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
        });
        Ok(())
    }

    /// Where there are client tokens, the same resource again; where there are none, another creation.
    fn created_again(&mut self, item: Item, first: &Thing, answer: &Answer) -> Judged {
        let row = item.kind.row();
        if item.kind == Kind::Flow {
            return self.created(&first.made_by, &first.sent, answer);
        }
        match answer {
            Answer::Accepted(body) if body[row.id].as_str() == Some(&first.id) => {
                if !first.alive {
                    self.learned
                        .push(("a creation repeated after the deletion", "the deleted resource's id".to_owned()));
                }
                Ok(())
            }
            Answer::Accepted(body) if first.alive => Err(Mismatch {
                pointer: format!("/{}", row.id),
                expected: format!("the id of {item}, which this client token made: {}", first.id),
                actual: Some(body[row.id].to_string()),
            }),
            // For how long a token is remembered is not known: what it made may be gone with it.
            Answer::Accepted(_) => {
                self.learned.push(("a creation repeated after the deletion", "another resource".to_owned()));
                self.created(&first.made_by, &first.sent, answer)
            }
            Answer::Refused(..) => {
                let topic = if first.alive { "a creation repeated" } else { "a creation repeated after the deletion" };
                self.learned.push((topic, outline(answer)));
                Ok(())
            }
        }
    }

    /// Whether a new name was taken on; refused where it must not be.
    fn renamed(&self, item: Item, name: u8, thing: &Thing, answer: &Answer) -> Result<bool, Mismatch> {
        let holder = self.holder(item.kind, name, Some(item));
        let free = holder.is_none_or(|(_, thing)| thing.archived == Some(true));
        match answer {
            Answer::Accepted(_) if free => Ok(true),
            Answer::Refused(status, code) if holder.is_some() && is_conflict(*status, code.as_deref()) => Ok(false),
            // What is in the archive may refuse, and its own name may count as taken: neither is known.
            Answer::Refused(..) if thing.archived == Some(true) || thing.name == name => Ok(false),
            _ => Err(Mismatch::whole(name_rule(holder.map(|(item, _)| item), item.kind))),
        }
    }

    fn listed(&mut self, kind: Kind, answer: &Answer) -> Judged {
        let row = kind.row();
        let Answer::Accepted(Value::Array(listed)) = answer else {
            return Err(Mismatch::whole(format!("a list of all {}s", kind.row().kind)));
        };
        for (item, thing) in self.items().filter(|(item, _)| item.kind == kind) {
            let found = listed.iter().find(|entry| entry[row.list.1].as_str() == Some(&thing.id));
            let name = self.name(kind, thing.name);
            let (expected, actual) = match found {
                Some(entry) if !thing.alive => (format!("nothing of {item}, which was deleted"), entry.to_string()),
                Some(entry) if entry["Name"].as_str() != Some(name) => {
                    (format!("{item} under its name {name}"), entry.to_string())
                }
                // Whether the archive is listed is not known.
                None if thing.alive && thing.archived != Some(true) => {
                    (format!("{item}, named {name}"), format!("{} others, and not this one", listed.len()))
                }
                _ => continue,
            };
            return Err(Mismatch { pointer: String::new(), expected, actual: Some(actual) });
        }
        Ok(())
    }
}

impl Mismatch {
    /// The answer is another than that.
    pub(crate) fn whole(expected: impl Into<String>) -> Self {
        Self { pointer: String::new(), expected: expected.into(), actual: None }
    }
}

/// The rule for a name.
fn name_rule(holder: Option<Item>, kind: Kind) -> String {
    match holder {
        Some(holder) => format!("409: {holder} has that name"),
        None => format!("success: no {} has that name", kind.row().kind),
    }
}

pub(crate) fn must_accept(item: Item, what: &str) -> Mismatch {
    Mismatch::whole(format!("success: {item} exists, and takes {what}"))
}

/// What does not exist is refused, be it shown, changed or deleted. Which 4xx it gets is the matter of other checks.
fn gone(item: Item, answer: &Answer) -> Judged {
    match answer {
        Answer::Refused(_, code) if code.as_deref() != Some(look::NOT_PUBLISHED) => Ok(()),
        _ => Err(Mismatch::whole(format!("404 ResourceNotFoundException: {item} was deleted"))),
    }
}

fn is_conflict(status: u16, code: Option<&str>) -> bool {
    status == 409 || code.is_some_and(|code| CONFLICTS.contains(&code))
}

/// An answer without its message, to be counted.
pub(crate) fn outline(answer: &Answer) -> String {
    match answer {
        Answer::Accepted(_) => "accepted".to_owned(),
        Answer::Refused(status, code) => format!("{status} {}", code.as_deref().unwrap_or("without a name")),
    }
}
