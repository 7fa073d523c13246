//! Resources as lists and descriptions show them, compared with the entries of a ledger.

use std::time::SystemTime;

use connect_model::schema::OperationId;
use serde_json::{Map, Value};

use super::journal::{Line, seconds};
use super::undo::Undo;
use super::{Entry, Ledger, Owner, Standing, State};
use crate::parts::digest;

impl Ledger {
    /// Records that no list shows the resource of an entry. If its creation was answered with the id of something else, the
    /// journal keeps this id.
    pub(crate) fn mark_unlisted(&self, at: usize) {
        let mut state = self.state();
        match state.entries.get(at).map(|entry| &entry.standing) {
            Some(Standing::Foreign(_)) => {
                state.names_foreign = true;
                state.entries.mark_gone(at);
            }
            _ => state.mark_gone(at, "not listed"),
        }
    }

    /// True if the resource that this input deletes is known to belong to another entry.
    pub(crate) fn belongs_to_another(&self, at: usize, delete: OperationId, input: &Value) -> bool {
        self.with_deletion(&self.state(), delete, input).any(|(other, _)| other != at)
    }

    /// True if a request with the token of an entry was answered with a resource: its repetition, which made nothing else.
    pub(crate) fn is_answered_by_token(&self, at: usize, entry: &Entry) -> bool {
        let state = self.state();
        let is_same = |other: &Entry| {
            (other.create, &other.members, &other.token) == (entry.create, &entry.members, &entry.token)
                && other.delete_input.is_some()
        };
        entry.token.is_some() && state.entries.iter().any(|(other, one)| other != at && is_same(one))
    }

    /// True if an open entry has the input of a deletion.
    pub(crate) fn is_entered(&self, delete: OperationId, input: &Value) -> bool {
        self.with_deletion(&self.state(), delete, input).any(|(_, entry)| !entry.gone)
    }

    /// The entries whose resources this input deletes.
    fn with_deletion<'s>(
        &self,
        state: &'s State,
        delete: OperationId,
        input: &Value,
    ) -> impl Iterator<Item = (usize, &'s Entry)> {
        let is_it = move |entry: &Entry| {
            entry.delete_input.as_ref() == Some(input)
                && self.undo.get(&entry.create).is_some_and(|undo| undo.delete == delete)
        };
        state.entries.near([input]).into_iter().filter(move |(_, entry)| is_it(entry))
    }

    /// True if the resource under an id, which is shown with a name, may be that of another creation with this name.
    pub(crate) fn made_another(&self, undo: &Undo, entry: &Entry, shown: &str, input: &Value) -> bool {
        let state = self.state();
        let mut others = state.entries.values().filter(|other| {
            let is_named = undo.name_in(&other.members) == Some(shown);
            other.create == entry.create && other.members != entry.members && is_named
        });
        others.any(|other| match &other.delete_input {
            Some(own) => own == input,
            None => !other.gone,
        })
    }

    /// Enters a resource that lists show at the end of the run, as one that has to be deleted.
    pub(crate) fn reopen(
        &self,
        create: OperationId,
        members: Map<String, Value>,
        delete_input: Value,
        standing: Standing,
    ) -> Entry {
        let now = seconds(SystemTime::now());
        let entry = Entry::requested(create, members.clone(), Owner::Run, now);
        let entry = Entry { delete_input: Some(delete_input.clone()), standing, ..entry };
        let mut state = self.state();
        let n = state.entries.next();
        let asks = self.schema[create].name.clone();
        // If the journal cannot be written, only the report names it.
        let _ = state.write(&Line::Requested { n, asks, with: members, at: now }, true);
        let _ = state.write(&Line::Created { n, made: delete_input }, true);
        state.entries.push(entry.clone());
        entry
    }

    /// The resources that were deleted, or answered as gone, and that no list of the instance shows.
    pub(crate) fn unlisted(&self) -> Vec<Entry> {
        self.state().unlisted.values().cloned().collect()
    }

    /// The latest resources that an operation deleted, the newest first, of a kind that has a list.
    pub(crate) fn latest_deleted(&self, delete: OperationId) -> Vec<Entry> {
        self.state().latest.get(&delete).into_iter().flatten().rev().cloned().collect()
    }

    /// True if an operation has deleted something, or found it gone, as its answers say.
    pub(crate) fn has_deleted(&self, delete: OperationId) -> bool {
        self.state().deleted.contains_key(&delete)
    }

    /// True if a deletion with this input was answered with success.
    pub(crate) fn was_deleted(&self, delete: OperationId, input: &Value) -> bool {
        self.state().deleted.get(&delete).is_some_and(|inputs| inputs.contains(&digest(input)))
    }
}
