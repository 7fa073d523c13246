//! The entries of a ledger by number. Of what is gone, only the latest are kept, so that a long run needs no more memory
//! than a short one.

use std::collections::{BTreeMap, VecDeque};

use super::Entry;

/// Entries of gone resources that are kept. A list that lags may still show their resources, and they must not be taken for
/// others then.
const MOST_GONE: usize = 2_000;

/// Entries by number, in order.
#[derive(Debug, Default)]
pub(super) struct Entries {
    kept: BTreeMap<usize, Entry>,
    /// Numbers of gone entries, the oldest first.
    gone: VecDeque<usize>,
    /// The number of the next entry.
    next: usize,
}

impl Entries {
    /// The number of the next entry, which is how many there have been.
    pub(super) fn next(&self) -> usize {
        self.next
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.kept.insert(self.next, entry);
        self.next += 1;
    }

    pub(super) fn get(&self, at: usize) -> Option<&Entry> {
        self.kept.get(&at)
    }

    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut Entry> {
        self.kept.get_mut(&at)
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
            self.kept.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use connect_model::schema::Schema;
    use serde_json::Map;

    use super::*;
    use crate::ledger::Owner;

    #[test]
    fn of_what_is_gone_only_the_latest_is_kept() {
        let create = Schema::connect().operation_named("CreateRule").unwrap_or_else(|| unreachable!("in the model"));
        let mut entries = Entries::default();
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
}
