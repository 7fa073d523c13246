//! Gives values numbers, and divides what a history has into its parts.
//!
//! A member of a thing is judged only if some view of its kind showed a value as it was sent: members that an endpoint does
//! not show, or shows in another form, are the subject of other checks.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;

use connect_model::text::excerpt;
use serde_json::{Map, Value};

use super::models::{NamesAct, Number, ThingAct};
use super::order::Timed;
use super::parts::{Acts, Id, Known, Part, Sort, Sorted, View, Write};
use crate::difference::nested;
use crate::same::keeps;

/// The parts of views, in the order of [`Known::views`].
pub(super) const VIEWS: [Sort; 3] = [Sort::Described, Sort::Listed, Sort::Searched];

pub(super) fn into_parts(sorted: Sorted<'_>) -> Vec<Part> {
    let mut parts = Vec::new();
    let loose: Vec<usize> = sorted.things.values().map(loose_writes).collect();
    for (nth, sort) in VIEWS.into_iter().enumerate() {
        let shown = shown_as_sent(&sorted.things, &loose, nth);
        for (((place, id), known), loose) in sorted.things.iter().zip(&loose) {
            if known.views[nth].is_empty() || known.writes.is_empty() {
                continue;
            }
            let none = BTreeSet::new();
            let about = format!("{} {}", known.words, excerpt(id));
            let acts = if *loose * known.views[nth].len() > MOST_COMPARED
                || sorted.too_many_views.contains(&(place.clone(), nth))
            {
                Acts::TooMany(known.writes.len() + known.views[nth].len())
            } else {
                let calls = thing(known, nth, shown.get(place.0).unwrap_or(&none));
                Acts::Thing { is_new: known.is_new, calls }
            };
            parts.push(Part { sort, about, acts });
        }
    }
    for ((noun, _), calls) in sorted.names {
        parts.extend(contested(calls, &sorted.untold).into_iter().map(|(name, calls)| {
            let name = sorted.name_numbers.values.get(name as usize).copied().unwrap_or_default();
            Part { sort: Sort::Names, about: format!("{noun} named {}", excerpt(name)), acts: Acts::Names(calls) }
        }));
    }
    for ((place, token), calls) in sorted.tokens {
        let about = format!("{} with the client token {}", place.0, excerpt(token));
        parts.push(Part { sort: Sort::Token, about, acts: Acts::Token(calls) });
    }
    for ((arn, key), calls) in sorted.tags {
        let resource = arn.split_once(":instance/").map_or(arn, |(_, resource)| resource);
        let resource = resource.split_once('/').map_or(resource, |(_, resource)| resource);
        let about = format!("tag {} of {}", excerpt(key), excerpt(resource));
        let is_judged = !sorted.too_many_tags.contains(arn);
        let acts = if is_judged { Acts::Tag(calls) } else { Acts::TooMany(calls.len()) };
        parts.push(Part { sort: Sort::Tag, about, acts });
    }
    parts
}

/// Numbers for values of any type.
#[derive(Debug)]
pub(super) struct Numbers<T> {
    pub(super) values: Vec<T>,
    numbers: HashMap<T, Number>,
}

impl<T: Clone + Eq + Hash> Numbers<T> {
    pub(super) fn of(&mut self, value: T) -> Number {
        if let Some(number) = self.numbers.get(&value) {
            return *number;
        }
        let number = Number::try_from(self.values.len()).unwrap_or(Number::MAX);
        self.values.push(value.clone());
        self.numbers.insert(value, number);
        number
    }
}

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Self { values: Vec::new(), numbers: HashMap::new() }
    }
}

/// The values that a write sends.
fn sent(write: &Write) -> Option<&Map<String, Value>> {
    match write {
        Write::Create(sent) | Write::Update(sent) => Some(sent),
        Write::Disturb | Write::Delete => None,
    }
}

/// Pairs of a write and a view of a thing whose values are compared one by one.
const MOST_COMPARED: usize = 2_000_000;

/// Number of writes of a thing with a value that a view may show otherwise than it was sent.
fn loose_writes(known: &Known) -> usize {
    let is_loose = |value: &Value| !value.is_null() && !value.is_boolean() && plain_text(value).is_none();
    let writes = known.writes.iter().filter_map(|write| sent(&write.act));
    writes.filter(|sent| sent.values().any(is_loose)).count()
}

/// Members of each kind that some view shows as they were sent.
fn shown_as_sent<'k>(
    things: &'k BTreeMap<Id, Known>,
    loose: &[usize],
    nth: usize,
) -> BTreeMap<&'static str, BTreeSet<&'k str>> {
    let mut found: BTreeMap<&'static str, BTreeSet<&'k str>> = BTreeMap::new();
    for (((place, _), known), loose) in things.iter().zip(loose) {
        if *loose * known.views[nth].len() > MOST_COMPARED {
            continue;
        }
        let found = found.entry(place.0).or_default();
        let shown = known.views[nth].iter().filter_map(|view| match &view.act {
            View::Shown(shown) => Some(shown),
            View::Absent => None,
        });
        let members = shown.clone().filter_map(Value::as_object).flatten();
        let texts: HashSet<(&str, &str)> =
            members.filter_map(|(member, value)| Some((member.as_str(), value.as_str()?))).collect();
        for (member, value) in known.writes.iter().filter_map(|write| sent(&write.act)).flatten() {
            // Lists and searches may show a part of a structure.
            let is_whole = nth == 0 || !(value.is_object() || value.is_array());
            if !is_whole || value.is_null() || found.contains(member.as_str()) {
                continue;
            }
            let is_shown = match plain_text(value) {
                Some(text) => texts.contains(&(member.as_str(), text)),
                None => {
                    let mut values = shown.clone().filter_map(|shown| shown.get(member));
                    values.any(|shown| !shown.is_null() && keeps(value, shown))
                }
            };
            if is_shown {
                found.insert(member);
            }
        }
    }
    found
}

/// The calls on a thing, with numbers for members and values.
fn thing(known: &Known, nth: usize, members: &BTreeSet<&str>) -> Vec<Timed<ThingAct>> {
    let members: Vec<&str> = members.iter().copied().collect();
    let mut values: Vec<Numbers<&Value>> = members.iter().map(|_| Numbers::default()).collect();
    let mut calls = Vec::new();
    for write in &known.writes {
        let act = match sent(&write.act) {
            Some(sent) => {
                let judged = members.iter().enumerate().filter_map(|(at, member)| Some((at, sent.get(*member)?)));
                let judged = judged.filter(|(_, value)| !value.is_null());
                let numbers: Vec<(usize, Number)> = judged.map(|(at, value)| (at, values[at].of(value))).collect();
                match write.act {
                    Write::Create(_) => ThingAct::Create(numbers),
                    _ => ThingAct::Update(numbers),
                }
            }
            None if matches!(write.act, Write::Delete) => ThingAct::Delete,
            None => ThingAct::Disturb,
        };
        calls.push(with(write, act));
    }
    for view in &known.views[nth] {
        let act = match &view.act {
            View::Absent => ThingAct::Absent,
            View::Shown(shown) => {
                let may = |at: usize| {
                    let shown = shown.get(members[at]).unwrap_or(&Value::Null);
                    let known = &values[at];
                    if plain_text(shown).is_some() {
                        return known.numbers.get(shown).copied().into_iter().collect();
                    }
                    let known = known.values.iter().enumerate().filter(|(_, value)| may_be(value, shown));
                    known.filter_map(|(number, _)| Number::try_from(number).ok()).collect()
                };
                ThingAct::Shown((0..members.len()).map(|at| (at, may(at))).collect())
            }
        };
        calls.push(with(view, act));
    }
    calls
}

/// A text that a view shows as it is, if at all. JSON in a text may be written otherwise.
fn plain_text(value: &Value) -> Option<&str> {
    value.as_str().filter(|_| nested(value).is_none())
}

/// True if a view may show a sent value so: what is empty may be left out.
fn may_be(sent: &Value, shown: &Value) -> bool {
    let is_empty = match sent {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    };
    keeps(sent, shown) || is_empty && shown.is_null()
}

/// The call of another with its times.
fn with<A, B>(call: &Timed<A>, act: B) -> Timed<B> {
    Timed { start: call.start, end: call.end, act, at: call.at }
}

/// The calls on a group of names.
#[derive(Default)]
struct Contest {
    /// True if several calls want one of the names.
    wanted: bool,
    /// True if a creation without an answer may have made a thing whose id nobody knows.
    untold: bool,
    calls: Vec<Timed<NamesAct>>,
}

/// Groups of names, each with one of them as its number.
#[derive(Default)]
struct Groups(HashMap<Number, Number>);

impl Groups {
    /// The number of the group of a name.
    fn of(&mut self, name: Number) -> Number {
        let mut first = name;
        while let Some(next) = self.0.get(&first) {
            first = *next;
        }
        let mut at = name;
        // The next search for one of these names takes one step.
        while at != first {
            at = self.0.insert(at, first).unwrap_or(first);
        }
        first
    }

    fn join(&mut self, one: Number, other: Number) {
        let (one, other) = (self.of(one), self.of(other));
        if one != other {
            self.0.insert(one, other);
        }
    }
}

/// The names that several calls want, each with the calls on them and on the things that have or had them. Names that one
/// thing had are judged together; those of a thing that nobody can name are not judged.
fn contested(calls: Vec<Timed<NamesAct>>, untold: &BTreeSet<Number>) -> Vec<(Number, Vec<Timed<NamesAct>>)> {
    let mut wanted: BTreeMap<Number, usize> = BTreeMap::new();
    for call in &calls {
        if let NamesAct::Take(name, _) | NamesAct::Taken(name, _) = call.act {
            *wanted.entry(name).or_default() += 1;
        }
    }
    // Names that one thing takes are in one group.
    let mut groups = Groups::default();
    let mut of_thing: BTreeMap<Number, Number> = BTreeMap::new();
    for call in &calls {
        let NamesAct::Take(name, thing) = call.act else { continue };
        if let Some(before) = of_thing.insert(thing, name) {
            groups.join(name, before);
        }
    }
    let mut parts: BTreeMap<Number, Contest> = BTreeMap::new();
    for call in calls {
        let name = match call.act {
            NamesAct::Take(name, _) | NamesAct::Taken(name, _) => Some(name),
            NamesAct::Free(thing) => of_thing.get(&thing).copied(),
        };
        let Some(name) = name else { continue };
        let part = parts.entry(groups.of(name)).or_default();
        part.wanted |= wanted.get(&name).is_some_and(|times| *times > 1);
        part.untold |= matches!(call.act, NamesAct::Take(_, thing) if untold.contains(&thing));
        part.calls.push(call);
    }
    let judged = parts.into_iter().filter(|(_, part)| part.wanted && !part.untold);
    judged.map(|(name, part)| (name, part.calls)).collect()
}
