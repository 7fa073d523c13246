//! Divides a history into parts that are judged alone: each thing as descriptions, lists and searches show it, the names of a
//! place, each client token, each tag. An order of the whole history gives one of each part, so a part without an order
//! shows a fault, and small parts are judged quickly.
//!
//! Three things are not judged, since a history does not tell them: values that no description ever showed as they were
//! sent, things that are older than the history, and calls without an answer.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use connect_model::resources as graph;
use connect_model::schema::Schema;
use serde_json::{Map, Value};

use super::call::{Answer, Call};
use super::meaning::{Meaning, Of, Place, meanings};
use super::models::{NamesAct, Number, TagAct, ThingAct, TokenAct};
use super::numbered::Numbers;
use super::order::Timed;
use super::traversal::{Traversal, traversals};
use crate::client::reply::TAKEN;
use crate::keep::replaces_whole;

/// The subject of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// A thing, as its descriptions show it.
    Described,
    /// A thing, as lists show it.
    Listed,
    /// A thing, as searches show it.
    Searched,
    /// The names of a place.
    Names,
    /// A client token.
    Token,
    /// A tag of a resource.
    Tag,
}

impl Sort {
    /// The answers that show it, in words.
    pub fn word(self) -> &'static str {
        match self {
            Sort::Described => "descriptions",
            Sort::Listed => "lists",
            Sort::Searched => "searches",
            Sort::Names => "answers about names",
            Sort::Token => "answers with the token",
            Sort::Tag => "lists of tags",
        }
    }
}

/// A part of a history.
pub(super) struct Part {
    pub(super) sort: Sort,
    /// Its subject, in words.
    pub(super) about: String,
    pub(super) acts: Acts,
}

/// The calls of a part, by its model.
pub(super) enum Acts {
    Thing {
        is_new: bool,
        calls: Vec<Timed<ThingAct>>,
    },
    Names(Vec<Timed<NamesAct>>),
    Token(Vec<Timed<TokenAct>>),
    Tag(Vec<Timed<TagAct>>),
    /// So many calls that they are not judged.
    TooMany(usize),
}

/// Views that the lists of a history may give together: each whole list is a view of each thing of its place, and each list of
/// tags one of each tag.
const MOST_VIEWS: usize = 1_500_000;

/// The effect of a call, as far as its answer tells.
#[derive(Clone, Copy)]
pub(super) enum Effect<'c> {
    /// It had its effect, and this output.
    Done(&'c Value),
    /// It had no effect: the thing does not exist.
    Absent,
    /// It had no effect: the name is taken.
    Taken,
    /// It had no effect.
    None,
    /// It may have had its effect.
    Unknown,
}

fn effect(call: &Call) -> Effect<'_> {
    match &call.answer {
        Some(Answer::Output(output)) => Effect::Done(output),
        None => Effect::Unknown,
        Some(Answer::Error { name, status }) => {
            let failed = ["Internal", "ServiceUnavailable", "ServiceException"].iter().any(|word| name.contains(word));
            match status {
                Some(500..) => Effect::Unknown,
                None if failed => Effect::Unknown,
                _ if name.ends_with("NotFoundException") => Effect::Absent,
                _ if TAKEN.contains(&name.as_str()) => Effect::Taken,
                _ => Effect::None,
            }
        }
    }
}

/// The id of a thing in its place.
pub(super) type Id = (Place, String);

/// A write to a thing, with the values that it sends.
#[derive(Clone)]
pub(super) enum Write {
    Create(Map<String, Value>),
    Update(Map<String, Value>),
    Disturb,
    Delete,
}

/// A view of a thing.
#[derive(Clone)]
pub(super) enum View {
    Shown(Value),
    Absent,
}

/// The calls and answers of a history that concern one thing.
#[derive(Default)]
pub(super) struct Known {
    /// The kind, in words.
    pub(super) words: &'static str,
    pub(super) writes: Vec<Timed<Write>>,
    /// Views by descriptions, lists and searches.
    pub(super) views: [Vec<Timed<View>>; 3],
    /// True if the history may have its creation.
    pub(super) is_new: bool,
}

/// A creation whose answer is unknown.
pub(super) struct Lost<'c> {
    pub(super) place: Place,
    pub(super) of: &'static Of,
    pub(super) call: &'c Call,
    pub(super) at: usize,
}

/// Everything that a history has, by what it is about.
pub(super) struct Sorted<'c> {
    pub(super) schema: &'static Schema,
    pub(super) calls: &'c [Call],
    pub(super) things: BTreeMap<Id, Known>,
    pub(super) lost: Vec<Lost<'c>>,
    pub(super) names: BTreeMap<Place, Vec<Timed<NamesAct>>>,
    pub(super) tokens: BTreeMap<(Place, &'c str), Vec<Timed<TokenAct>>>,
    /// Calls on the tags of a resource, by ARN and key.
    pub(super) tags: BTreeMap<(&'c str, &'c str), Vec<Timed<TagAct>>>,
    /// Lists of the tags of a resource.
    tag_lists: Vec<(&'c str, Timed<&'c Value>)>,
    /// Views that may still be added.
    pub(super) views_left: usize,
    /// Places whose views of one sort are too many.
    pub(super) too_many_views: BTreeSet<(Place, usize)>,
    /// Resources whose tags have too many views, by ARN.
    pub(super) too_many_tags: BTreeSet<&'c str>,
    pub(super) name_numbers: Numbers<&'c str>,
    pub(super) ids: Numbers<String>,
    /// The ids of things that were made with a token.
    pub(super) made_with: BTreeMap<(Place, &'c str), String>,
    /// The numbers of such things, by id.
    by_token: BTreeMap<String, Number>,
    /// Numbers of tokens whose thing is known.
    told: BTreeSet<Number>,
    /// Things whose creation had no answer, and whose id no other answer tells.
    pub(super) untold: BTreeSet<Number>,
    values: Numbers<&'c str>,
}

/// Divides a history.
pub(super) fn parts(schema: &'static Schema, calls: &[Call]) -> Vec<Part> {
    let mut sorted = Sorted {
        schema,
        calls,
        things: BTreeMap::new(),
        lost: Vec::new(),
        names: BTreeMap::new(),
        tokens: BTreeMap::new(),
        tags: BTreeMap::new(),
        tag_lists: Vec::new(),
        views_left: MOST_VIEWS,
        too_many_views: BTreeSet::new(),
        too_many_tags: BTreeSet::new(),
        name_numbers: Numbers::default(),
        ids: Numbers::default(),
        made_with: BTreeMap::new(),
        by_token: BTreeMap::new(),
        told: BTreeSet::new(),
        untold: BTreeSet::new(),
        values: Numbers::default(),
    };
    for (at, call) in calls.iter().enumerate() {
        if let Some(meaning) = meanings(schema).get(call.operation.as_str()) {
            sorted.add(at, call, meaning);
        }
    }
    sorted.add_lost_with_token();
    let traversals = traversals(schema, calls);
    for traversal in &traversals {
        for (id, item) in &traversal.items {
            let view = traversal.timed(View::Shown((*item).clone()));
            sorted.thing(traversal.of, (traversal.place.clone(), id.clone())).views[traversal.by()].push(view);
        }
    }
    let creations = sorted.creations();
    traversals.iter().for_each(|traversal| sorted.add_orphans(traversal, &creations));
    traversals.iter().filter(|traversal| traversal.is_whole).for_each(|traversal| sorted.add_absent(traversal));
    sorted.add_tag_lists();
    super::numbered::into_parts(sorted)
}

pub(super) fn timed<A>(at: usize, call: &Call, effect: Effect<'_>, act: A) -> Timed<A> {
    let end = call.end.filter(|_| !matches!(effect, Effect::Unknown));
    Timed { start: call.start, end, act, at }
}

impl<'c> Sorted<'c> {
    fn thing(&mut self, of: &Of, id: Id) -> &mut Known {
        let known = self.things.entry(id).or_default();
        known.words = of.row.kind;
        known
    }

    fn add(&mut self, at: usize, call: &'c Call, meaning: &'static Meaning) {
        let effect = effect(call);
        match meaning {
            Meaning::Create(of) => self.add_creation(at, call, of, effect),
            Meaning::Describe(of) => {
                let view = match effect {
                    Effect::Done(output) => View::Shown(of.description(self.schema, output).clone()),
                    Effect::Absent => View::Absent,
                    _ => return,
                };
                let Some(id) = of.id(&call.input) else { return };
                self.thing(of, (of.place(&call.input), id)).views[0].push(timed(at, call, effect, view));
            }
            Meaning::Update(of) | Meaning::Disturb(of) | Meaning::Delete(of) => {
                let Some(id) = of.id(&call.input) else { return };
                let id = (of.place(&call.input), id);
                self.add_name_of_change((at, call), of, &id, meaning, effect);
                let write = match (meaning, effect) {
                    (Meaning::Update(_) | Meaning::Delete(_), Effect::Absent) => {
                        return self.thing(of, id).views[0].push(timed(at, call, effect, View::Absent));
                    }
                    (_, Effect::None | Effect::Taken | Effect::Absent) => return,
                    // The members that an update of the whole leaves out are unknown.
                    (Meaning::Update(_), _) if replaces_whole(&call.operation) => Write::Disturb,
                    (Meaning::Update(_), _) => Write::Update(of.sent(&call.input)),
                    (Meaning::Delete(_), _) => Write::Delete,
                    _ => Write::Disturb,
                };
                self.thing(of, id).writes.push(timed(at, call, effect, write));
            }
            // Their pages belong together.
            Meaning::List(..) | Meaning::Search(..) => {}
            Meaning::Tag | Meaning::Untag | Meaning::ListTags => self.add_tags((at, call), meaning, effect),
        }
    }

    fn add_creation(&mut self, at: usize, call: &'c Call, of: &'static Of, effect: Effect<'c>) {
        let place = of.place(&call.input);
        let id = match effect {
            Effect::Done(output) => of.new_id(&call.input, output),
            _ => None,
        };
        let token = of.token(&call.input);
        if let Some(name) = of.name(&call.input) {
            let name = self.name_numbers.of(name);
            let act = match (effect, &id) {
                (Effect::Done(_), Some(id)) => Some(NamesAct::Take(name, self.made(token, id.clone()))),
                (Effect::Unknown, _) => Some(NamesAct::Take(name, self.made_untold(token, at))),
                // A repeated token may find its own name.
                (Effect::Taken, _) if token.is_none() => Some(NamesAct::Taken(name, None)),
                _ => None,
            };
            let calls = self.names.entry(place.clone()).or_default();
            calls.extend(act.map(|act| timed(at, call, effect, act)));
        }
        let is_made = id.is_some() || matches!(effect, Effect::Unknown);
        if let Some(token) = token.filter(|_| is_made) {
            let act = TokenAct::Create(id.as_ref().map(|id| self.ids.of(id.clone())));
            self.tokens.entry((place.clone(), token)).or_default().push(timed(at, call, effect, act));
        }
        if matches!(effect, Effect::Unknown) {
            self.lost.push(Lost { place: place.clone(), of, call, at });
        }
        let Some(id) = id else { return };
        if let Some(token) = token {
            self.made_with.entry((place.clone(), token)).or_insert_with(|| id.clone());
        }
        let sent = Write::Create(of.sent(&call.input));
        let known = self.thing(of, (place, id));
        known.is_new = true;
        // The repetition of a creation with its token makes nothing.
        let is_repeated = known.writes.iter().any(|write| matches!(write.act, Write::Create(_)));
        let first = known.writes.iter_mut().find(|write| matches!(write.act, Write::Create(_)));
        match first.filter(|_| is_repeated && token.is_some()) {
            // Either call may have made it.
            Some(first) => {
                first.start = first.start.min(call.start);
                first.end = first.end.min(call.end);
            }
            None => known.writes.push(timed(at, call, effect, sent)),
        }
    }

    /// The number of a thing among those with names: that of its token, if it was made with one.
    fn number(&mut self, id: &str) -> Number {
        match self.by_token.get(id) {
            Some(number) => *number,
            None => self.ids.of(id.to_owned()),
        }
    }

    /// The number of a thing that a creation has made.
    fn made(&mut self, token: Option<&str>, id: String) -> Number {
        let Some(token) = token else { return self.ids.of(id) };
        let number = self.ids.of(format!("token {token}"));
        // A second thing of one token is another thing.
        if self.told.insert(number) {
            self.untold.remove(&number);
            self.by_token.insert(id.clone(), number);
        }
        self.number(&id)
    }

    /// The number of a thing that a creation without an answer may have made.
    fn made_untold(&mut self, token: Option<&str>, at: usize) -> Number {
        let number = self.ids.of(token.map_or_else(|| format!("call {at}"), |token| format!("token {token}")));
        if !self.told.contains(&number) {
            self.untold.insert(number);
        }
        number
    }

    /// The name that an update takes, or that a deletion frees.
    fn add_name_of_change(
        &mut self,
        (at, call): (usize, &'c Call),
        of: &Of,
        (place, id): &Id,
        meaning: &Meaning,
        effect: Effect<'_>,
    ) {
        let is_done = matches!(effect, Effect::Done(_) | Effect::Unknown);
        let thing = self.number(id);
        let name = of.name(&call.input);
        if name.is_some() && matches!(meaning, Meaning::Update(_)) && !of.refuses_names() {
            // It may give a name twice.
            self.untold.insert(thing);
        }
        let act = match (meaning, name) {
            (Meaning::Update(_), Some(name)) if is_done => NamesAct::Take(self.name_numbers.of(name), thing),
            (Meaning::Update(_), Some(name)) if matches!(effect, Effect::Taken) => {
                NamesAct::Taken(self.name_numbers.of(name), Some(thing))
            }
            (Meaning::Delete(_), _) if is_done => NamesAct::Free(thing),
            _ => return,
        };
        self.names.entry(place.clone()).or_default().push(timed(at, call, effect, act));
    }

    fn add_tags(&mut self, (at, call): (usize, &'c Call), meaning: &Meaning, effect: Effect<'c>) {
        let Some(tagging) = &graph::shared(self.schema).tagging else { return };
        let Some(arn) = call.input.get(&tagging.arn).and_then(Value::as_str) else { return };
        let changes: Vec<(&str, Option<&str>)> = match (meaning, effect) {
            (Meaning::ListTags, Effect::Done(output)) => {
                let shown = output.get(&tagging.tags).unwrap_or(&Value::Null);
                return self.tag_lists.push((arn, timed(at, call, effect, shown)));
            }
            (Meaning::Tag, Effect::Done(_) | Effect::Unknown) => tags_in(call.input.get(&tagging.tags)),
            (Meaning::Untag, Effect::Done(_) | Effect::Unknown) => {
                let keys = call.input.get(&tagging.keys).and_then(Value::as_array).into_iter().flatten();
                keys.filter_map(Value::as_str).map(|key| (key, None)).collect()
            }
            _ => return,
        };
        for (key, value) in changes {
            let value = value.map(|value| self.values.of(value));
            self.tags.entry((arn, key)).or_default().push(timed(at, call, effect, TagAct::Set(value)));
        }
    }

    /// Adds the lists of tags, as far as they concern keys that calls set or remove.
    fn add_tag_lists(&mut self) {
        for (arn, list) in &self.tag_lists {
            let shown: HashMap<&str, Option<&str>> = tags_in(Some(list.act)).into_iter().collect();
            let of_resource = self.tags.range_mut((*arn, "")..).take_while(|((of, _), _)| of == arn);
            for ((_, key), acts) in of_resource {
                if self.views_left == 0 {
                    self.too_many_tags.insert(arn);
                    break;
                }
                self.views_left -= 1;
                let value = shown.get(key).copied().flatten();
                let act = TagAct::Shown(value.map(|value| self.values.of(value)));
                acts.push(Timed { start: list.start, end: list.end, act, at: list.at });
            }
        }
    }

    /// Adds that a whole traversal does not show the other things of its place.
    fn add_absent(&mut self, traversal: &Traversal<'c>) {
        let of_place = self.things.range_mut((traversal.place.clone(), String::new())..);
        let of_place = of_place.take_while(|((place, _), _)| *place == traversal.place);
        for (_, known) in of_place.filter(|((_, id), _)| !traversal.items.contains_key(id)) {
            if self.views_left == 0 {
                self.too_many_views.insert((traversal.place.clone(), traversal.by()));
                break;
            }
            self.views_left -= 1;
            known.views[traversal.by()].push(traversal.timed(View::Absent));
        }
    }
}

/// The tags in a map.
fn tags_in(tags: Option<&Value>) -> Vec<(&str, Option<&str>)> {
    tags.and_then(Value::as_object).into_iter().flatten().map(|(key, value)| (key.as_str(), value.as_str())).collect()
}
