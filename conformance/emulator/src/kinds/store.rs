//! The resources of all kinds that no handler keeps: by id, by ARN, by name, by what holds them, and in order of creation.
//! Plain data; does not know messages.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::time::Instant;

use connect_model::schema::Member;
use serde_json::{Map, Value};

use crate::collection::Tags;

/// A resource.
#[derive(Clone)]
pub(crate) struct Thing {
    /// Position in lists; grows with every creation.
    pub(crate) order: u64,
    /// Noun of its kind.
    pub(crate) noun: &'static str,
    pub(crate) id: String,
    /// Ids of the resources that hold it, outermost first; none for one that was not named.
    pub(crate) parents: Vec<Option<String>>,
    /// Nouns of the kinds of `parents`; none if it is not known.
    pub(crate) holders: Vec<Option<&'static str>>,
    pub(crate) name: Option<String>,
    pub(crate) arn: String,
    pub(crate) tags: Tags,
    /// Time of the creation in the store.
    pub(crate) since: Instant,
    /// Time of the creation, in seconds since 1970.
    pub(crate) created: f64,
    /// Time of the last change, in seconds since 1970.
    pub(crate) modified: f64,
    /// Members of the input of the creation, kept up to date.
    pub(crate) asked: Map<String, Value>,
    /// Members of the description.
    pub(crate) record: Map<String, Value>,
    /// Values of other members of answers that must not change, by name.
    pub(crate) kept: Map<String, Value>,
    /// Associations that the creation did not name, by their noun.
    pub(crate) links: Map<String, Value>,
}

impl Thing {
    /// The namespace of names and of ids that the caller chooses: the ids of all parents.
    pub(crate) fn home(&self) -> String {
        home(&self.parents)
    }

    /// Keeps a value for a member of an answer. A member of the same name and another shape has its own.
    pub(crate) fn keep(&mut self, member: &Member, value: Value) {
        let name = &member.name;
        let key = if self.kept.contains_key(name) { shaped(member) } else { name.clone() };
        self.kept.insert(key, value);
    }

    /// The values that may have been kept for a member.
    pub(crate) fn kept_for(&self, member: &Member) -> impl Iterator<Item = &Value> {
        [member.name.clone(), shaped(member)].into_iter().filter_map(|key| self.kept.get(&key))
    }

    /// True if it lives in these parents, as far as they are known.
    pub(crate) fn lives_in(&self, parents: &[Option<String>]) -> bool {
        parents.iter().zip(&self.parents).all(|(wanted, own)| wanted.is_none() || wanted == own)
    }
}

/// The key of a member whose name another one has as well.
fn shaped(member: &Member) -> String {
    format!("{} {}", member.name, member.slot.target.index())
}

/// The ids of parents as one text.
pub(crate) fn home(parents: &[Option<String>]) -> String {
    parents.iter().map(|parent| parent.as_deref().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// A key of an index: the noun of a kind, and a text.
type Key = (&'static str, String);

/// All resources.
#[derive(Default)]
pub(crate) struct Things {
    /// The resources in order of creation; none in the place of a deleted one.
    all: Vec<Option<Box<Thing>>>,
    /// Places in `all`, by order key.
    places: HashMap<u64, usize>,
    ids: HashMap<Key, BTreeSet<u64>>,
    arns: HashMap<String, u64>,
    names: HashMap<(&'static str, String, String), u64>,
    /// Resources of a kind, by their home.
    homes: HashMap<Key, BTreeMap<u64, usize>>,
    kinds: HashMap<&'static str, BTreeMap<u64, usize>>,
    /// Resources that live in another, by its noun and id.
    held: HashMap<Key, BTreeSet<u64>>,
    /// Numbers that were given out, by kind and home.
    numbers: HashMap<Key, i64>,
    /// The first ARN of each kind.
    first_arns: HashMap<&'static str, String>,
    /// Associations of resources that handlers keep, by the noun and id of the resource.
    links: HashMap<Key, Map<String, Value>>,
    /// Tags by ARN, of what is not among the resources.
    loose: HashMap<String, Tags>,
}

impl Things {
    pub(crate) fn get(&self, order: u64) -> Option<&Thing> {
        self.all[*self.places.get(&order)?].as_deref()
    }

    pub(crate) fn get_mut(&mut self, order: u64) -> Option<&mut Thing> {
        self.all[*self.places.get(&order)?].as_deref_mut()
    }

    /// The first ARN of each kind, also of resources that are gone.
    pub(crate) fn first_arns(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.first_arns.iter().map(|(noun, arn)| (*noun, arn.as_str()))
    }

    /// Tags of the resource with an ARN.
    pub(crate) fn tags_mut(&mut self, arn: &str) -> Option<&mut Tags> {
        self.get_mut(*self.arns.get(arn)?).map(|thing| &mut thing.tags)
    }

    /// Tags of an ARN that is not that of a resource.
    pub(crate) fn loose_tags(&mut self, arn: &str) -> &mut Tags {
        self.loose.entry(arn.to_owned()).or_default()
    }

    /// The resource with an id or ARN, with or without a qualifier after a colon, among those of some parents.
    pub(crate) fn find(&self, noun: &'static str, parents: &[Option<String>], reference: &str) -> Option<u64> {
        let by_id = |id: &str| {
            let found = self.ids.get(&(noun, id.to_owned()))?;
            found.iter().copied().find(|order| self.get(*order).is_some_and(|thing| thing.lives_in(parents)))
        };
        let by_arn = |arn: &str| {
            let thing = self.get(*self.arns.get(arn)?)?;
            (thing.noun == noun && thing.lives_in(parents)).then_some(thing.order)
        };
        let find = |text: &str| by_id(text).or_else(|| by_arn(text));
        find(reference).or_else(|| find(reference.rsplit_once(':').map(|(before, _)| before)?))
    }

    /// The resource with a name.
    pub(crate) fn named(&self, noun: &'static str, home: &str, name: &str) -> Option<&Thing> {
        self.get(*self.names.get(&(noun, home.to_owned(), name.to_owned()))?)
    }

    /// Associations of a resource that a handler keeps.
    pub(crate) fn links(&self, noun: &'static str, id: &str) -> Option<&Map<String, Value>> {
        self.links.get(&(noun, id.to_owned()))
    }

    /// Associations of a resource that a handler keeps.
    pub(crate) fn links_mut(&mut self, noun: &'static str, id: &str) -> &mut Map<String, Value> {
        self.links.entry((noun, id.to_owned())).or_default()
    }

    /// True if an ARN belongs to a resource.
    pub(crate) fn has_arn(&self, arn: &str) -> bool {
        self.arns.contains_key(arn)
    }

    /// The next number of a kind in a home. No number is given out twice.
    pub(crate) fn next_number(&mut self, noun: &'static str, home: &str) -> i64 {
        let number = self.numbers.entry((noun, home.to_owned())).or_default();
        *number += 1;
        *number
    }

    pub(crate) fn insert(&mut self, thing: Thing) {
        let (order, noun) = (thing.order, thing.noun);
        self.ids.entry((noun, thing.id.clone())).or_default().insert(order);
        self.first_arns.entry(thing.noun).or_insert_with(|| thing.arn.clone());
        self.arns.entry(thing.arn.clone()).or_insert(order);
        if let Some(name) = &thing.name {
            self.names.entry((noun, thing.home(), name.clone())).or_insert(order);
        }
        let place = self.all.len();
        self.homes.entry((noun, thing.home())).or_default().insert(order, place);
        self.kinds.entry(noun).or_default().insert(order, place);
        for holder in holders(&thing) {
            self.held.entry(holder).or_default().insert(order);
        }
        self.places.insert(order, place);
        self.all.push(Some(Box::new(thing)));
    }

    /// Gives a resource another name.
    pub(crate) fn rename(&mut self, order: u64, name: String) {
        let Some(thing) = self.get_mut(order) else { return };
        let (noun, home) = (thing.noun, thing.home());
        if let Some(before) = thing.name.replace(name.clone()) {
            let key = (noun, home.clone(), before);
            if self.names.get(&key) == Some(&order) {
                self.names.remove(&key);
            }
        }
        self.names.entry((noun, home, name)).or_insert(order);
    }

    /// Gives a resource another id, where the caller chooses it.
    pub(crate) fn identify(&mut self, order: u64, id: String) {
        let Some(thing) = self.get_mut(order) else { return };
        let before = std::mem::replace(&mut thing.id, id.clone());
        let noun = thing.noun;
        forget(&mut self.ids, &(noun, before), order);
        self.ids.entry((noun, id)).or_default().insert(order);
    }

    /// Removes a resource and everything that lives in it.
    pub(crate) fn remove(&mut self, order: u64) {
        let place = self.places.remove(&order);
        let Some(thing) = place.and_then(|place| self.all[place].take()) else { return };
        let key = (thing.noun, thing.id.clone());
        forget(&mut self.ids, &key, order);
        if self.arns.get(&thing.arn) == Some(&order) {
            self.arns.remove(&thing.arn);
        }
        if let Some(name) = &thing.name {
            let key = (thing.noun, thing.home(), name.clone());
            if self.names.get(&key) == Some(&order) {
                self.names.remove(&key);
            }
        }
        if let Some(all) = self.homes.get_mut(&(thing.noun, thing.home())) {
            all.remove(&order);
        }
        if let Some(all) = self.kinds.get_mut(thing.noun) {
            all.remove(&order);
        }
        for holder in holders(&thing) {
            forget(&mut self.held, &holder, order);
        }
        for inner in self.living_in(thing.noun, &thing.id, &thing.parents) {
            self.remove(inner);
        }
    }

    /// Removes everything that lives in a resource that a handler keeps.
    pub(crate) fn remove_in(&mut self, noun: &'static str, id: &str) {
        self.links.remove(&(noun, id.to_owned()));
        for order in self.living_in(noun, id, &[]) {
            self.remove(order);
        }
    }

    /// The resources that live in another, which has these parents.
    pub(crate) fn living_in(&self, noun: &'static str, id: &str, parents: &[Option<String>]) -> Vec<u64> {
        let held = self.held.get(&(noun, id.to_owned())).into_iter().flatten().copied();
        // Ids that callers choose may be equal in different parents.
        let within = |order: &u64| {
            self.get(*order).is_some_and(|inner| {
                parents
                    .iter()
                    .flatten()
                    .all(|parent| inner.parents.contains(&Some(parent.clone())) || inner.parents.len() == 1)
            })
        };
        held.filter(within).collect()
    }

    /// Resources of a kind with an order key above `after`, in order of creation, among those of some parents.
    pub(crate) fn after(
        &self,
        noun: &'static str,
        parents: &[Option<String>],
        after: u64,
    ) -> impl Iterator<Item = &Thing> {
        let exact = parents.iter().all(Option::is_some);
        let index = if exact { self.homes.get(&(noun, home(parents))) } else { self.kinds.get(noun) };
        let parents = parents.to_vec();
        let range = index.into_iter().flat_map(move |all| all.range((Bound::Excluded(after), Bound::Unbounded)));
        range
            .filter_map(|(_, place)| self.all[*place].as_deref())
            .filter(move |thing| exact || thing.lives_in(&parents))
    }
}

fn holders(thing: &Thing) -> Vec<Key> {
    let pairs = thing.holders.iter().zip(&thing.parents);
    pairs.filter_map(|(noun, id)| Some(((*noun)?, id.clone()?))).collect()
}

fn forget(index: &mut HashMap<Key, BTreeSet<u64>>, key: &Key, order: u64) {
    if let Some(orders) = index.get_mut(key) {
        orders.remove(&order);
        if orders.is_empty() {
            index.remove(key);
        }
    }
}
