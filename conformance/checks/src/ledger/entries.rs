//! The entries of a ledger by number. Of what is gone, only the latest are kept, so that a long run needs no more memory
//! than a short one.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use connect_model::schema::OperationId;
use serde_json::Value;

use super::Entry;
use super::marks::{keys, parts, texts};
use super::undo::Undo;

/// Entries of gone resources that are kept. A list that lags may still show their resources, and they must not be taken for
/// others then.
const MOST_GONE: usize = 2_000;

/// Entries by number, in order.
#[derive(Debug)]
pub(super) struct Entries {
    undo: Arc<HashMap<OperationId, Undo>>,
    kept: BTreeMap<usize, Entry>,
    /// Numbers of gone entries, the oldest first.
    gone: VecDeque<usize>,
    /// The number of the next entry.
    next: usize,
    /// Numbers of the entries by their [`keys`].
    by_key: HashMap<String, BTreeSet<usize>>,
    /// Length of the longest key there has been, in bytes.
    longest: usize,
}

impl Entries {
    /// No entries. `undo` has the deletion of every creation.
    pub(super) fn new(undo: Arc<HashMap<OperationId, Undo>>) -> Self {
        let (kept, gone, by_key) = (BTreeMap::new(), VecDeque::new(), HashMap::new());
        Self { undo, kept, gone, next: 0, by_key, longest: 0 }
    }

    /// The number of the next entry, which is how many there have been.
    pub(super) fn next(&self) -> usize {
        self.next
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.enter(self.next, entry);
        self.next += 1;
    }

    pub(super) fn get(&self, at: usize) -> Option<&Entry> {
        self.kept.get(&at)
    }

    /// Changes an entry, if it is kept.
    pub(super) fn change(&mut self, at: usize, change: impl FnOnce(&mut Entry)) {
        if let Some(mut entry) = self.remove(at) {
            change(&mut entry);
            self.enter(at, entry);
        }
    }

    fn keys(&self, entry: &Entry) -> Vec<String> {
        self.undo.get(&entry.create).map(|undo| keys(undo, entry)).unwrap_or_default()
    }

    fn enter(&mut self, at: usize, entry: Entry) {
        for key in self.keys(&entry) {
            self.longest = self.longest.max(key.len());
            self.by_key.entry(key).or_default().insert(at);
        }
        self.kept.insert(at, entry);
    }

    fn remove(&mut self, at: usize) -> Option<Entry> {
        let entry = self.kept.remove(&at)?;
        for key in self.keys(&entry) {
            if let Some(numbers) = self.by_key.get_mut(&key) {
                numbers.remove(&at);
                if numbers.is_empty() {
                    self.by_key.remove(&key);
                }
            }
        }
        Some(entry)
    }

    /// The entries whose resources these values may name, in order. No other is named by them.
    pub(super) fn near<'v>(&self, values: impl IntoIterator<Item = &'v Value>) -> Vec<(usize, &Entry)> {
        let texts = values.into_iter().flat_map(texts).flat_map(|text| parts(text, self.longest));
        self.with_keys(texts.chain([""]))
    }

    /// The entries whose resources a text may name, in order.
    pub(super) fn named_by(&self, text: &str) -> Vec<(usize, &Entry)> {
        self.with_keys(parts(text, self.longest))
    }

    /// The entries that share a key with one, itself too, in order.
    pub(super) fn like(&self, entry: &Entry) -> Vec<(usize, &Entry)> {
        let keys = self.keys(entry);
        self.with_keys(keys.iter().map(String::as_str))
    }

    fn with_keys<'k>(&self, keys: impl Iterator<Item = &'k str>) -> Vec<(usize, &Entry)> {
        let numbers: BTreeSet<usize> = keys.filter_map(|key| self.by_key.get(key)).flatten().copied().collect();
        numbers.into_iter().filter_map(|at| Some((at, self.kept.get(&at)?))).collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Entry)> {
        self.kept.iter().map(|(at, entry)| (*at, entry))
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Entry> {
        self.kept.values()
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.kept.values_mut()
    }

    /// Marks an entry as gone, and forgets the oldest that are. False if it is gone already.
    pub(super) fn mark_gone(&mut self, at: usize) -> bool {
        let Some(entry) = self.kept.get_mut(&at).filter(|entry| !entry.gone) else { return false };
        entry.gone = true;
        self.gone.push_back(at);
        if self.gone.len() > MOST_GONE
            && let Some(oldest) = self.gone.pop_front()
        {
            self.remove(oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use connect_model::schema::Schema;
    use serde_json::{Map, json};

    use super::*;
    use crate::ledger::{Owner, undo};

    #[test]
    fn of_what_is_gone_only_the_latest_is_kept() {
        let create = Schema::connect().operation_named("CreateRule").unwrap();
        let mut entries = Entries::new(Arc::new(undo::table(Schema::connect())));
        for at in 0..3 * MOST_GONE {
            assert_eq!(entries.next(), at);
            entries.push(Entry::requested(create, Map::new(), Owner::Run, 1));
            if at > 0 {
                assert!(entries.mark_gone(at) && !entries.mark_gone(at), "{at}");
            }
        }
        let last = 3 * MOST_GONE - 1;
        assert_eq!(entries.values().count(), MOST_GONE + 1, "the open one, and the latest");
        assert!(entries.get(0).is_some() && entries.get(1).is_none() && entries.get(last).is_some());
    }
    #[test]
    fn entries_are_found_by_what_names_their_resources() {
        let schema = Schema::connect();
        let mut entries = Entries::new(Arc::new(undo::table(schema)));
        let rows = [
            ("CreateRule", json!({ "InstanceId": "i", "RuleId": "r" }), "arn:aws:connect:x:1:instance/i/rule/r"),
            (
                "CreateContactFlowVersion",
                json!({ "InstanceId": "i", "ContactFlowId": "f", "ContactFlowVersion": 2 }),
                "f/2",
            ),
            ("CreateInstance", json!({ "InstanceId": "i" }), "arn:aws:connect:x:1:instance/i"),
        ];
        for (at, (create, input, arn)) in rows.into_iter().enumerate() {
            let create = schema.operation_named(create).unwrap();
            entries.push(Entry::requested(create, Map::new(), Owner::Run, 1));
            entries.change(at, |entry| (entry.delete_input, entry.arns) = (Some(input), vec![arn.to_owned()]));
        }
        let near =
            |entries: &Entries, value: Value| entries.near([&value]).into_iter().map(|(at, _)| at).collect::<Vec<_>>();
        assert_eq!(near(&entries, json!({ "Rule": ["r"] })), [0]);
        assert_eq!(near(&entries, json!("arn:aws:connect:x:1:instance/i/rule/r:3")), [0]);
        assert_eq!(near(&entries, json!({ "ContactFlowId": "a/f", "ContactFlowVersion": 2 })), [1]);
        assert_eq!(near(&entries, json!(["r", "f", "i", "rule"])), [0, 1, 2]);
        assert_eq!(near(&entries, json!({ "r": "none of them" })), [0; 0]);
        assert_eq!(entries.named_by("instance/i").into_iter().map(|(at, _)| at).collect::<Vec<_>>(), [2]);
        entries.change(0, |entry| entry.delete_input = None);
        entries.change(0, |entry| entry.arns.clear());
        assert_eq!(near(&entries, json!(["r", "f"])), [1], "it has no id any more");
        assert_eq!(entries.by_key.len(), 4, "keys of nothing are not kept");
    }
}
