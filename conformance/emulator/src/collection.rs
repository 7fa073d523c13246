//! A collection of named resources: by id, by name and in order of creation.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::time::Instant;

/// Tags of a resource.
pub(crate) use connect_model::resources::Tags;

/// A named resource with an id and tags.
#[derive(Clone)]
pub(crate) struct Entry<T> {
    /// Position in lists; grows with every creation.
    pub(crate) order: u64,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) tags: Tags,
    pub(crate) created: Instant,
    pub(crate) data: T,
}

impl<T> Entry<T> {
    /// A resource that is created now.
    pub(crate) fn new((order, id): (u64, String), name: String, tags: Tags, data: T) -> Self {
        Self { order, id, name, tags, created: Instant::now(), data }
    }
}

/// Resources of one kind.
pub(crate) struct Collection<T> {
    entries: BTreeMap<u64, Entry<T>>,
    ids: HashMap<String, u64>,
    names: HashMap<String, u64>,
}

impl<T> Default for Collection<T> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), ids: HashMap::new(), names: HashMap::new() }
    }
}

impl<T> Collection<T> {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Entry<T>> {
        self.entries.get(self.ids.get(id)?)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Entry<T>> {
        self.entries.get_mut(self.ids.get(id)?)
    }

    /// Id of the resource with a name. Names are compared exactly; how Connect compares them is not known.
    pub(crate) fn named(&self, name: &str) -> Option<&str> {
        self.names.get(name).and_then(|order| self.entries.get(order)).map(|entry| entry.id.as_str())
    }

    pub(crate) fn insert(&mut self, entry: Entry<T>) {
        self.ids.insert(entry.id.clone(), entry.order);
        self.names.insert(entry.name.clone(), entry.order);
        self.entries.insert(entry.order, entry);
    }

    /// Replaces the resource with the id of `entry`, whose name may be another than before.
    pub(crate) fn replace(&mut self, entry: Entry<T>) {
        if self.remove(&entry.id).is_some() {
            self.insert(entry);
        }
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Entry<T>> {
        let order = self.ids.remove(id)?;
        let entry = self.entries.remove(&order)?;
        if self.names.get(&entry.name) == Some(&order) {
            self.names.remove(&entry.name);
        }
        Some(entry)
    }

    /// Everything with an order key above `order`, in order of creation.
    pub(crate) fn after(&self, order: u64) -> impl Iterator<Item = &Entry<T>> {
        self.entries.range((Bound::Excluded(order), Bound::Unbounded)).map(|(_, entry)| entry)
    }
}
