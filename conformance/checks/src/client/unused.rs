//! New values for requests: names, ids and client tokens. An id repeats if its form has few digits. Sends nothing.

use std::sync::atomic::Ordering;

use arbitrary::Unstructured;
use connect_model::generate::{Config, Place};
use connect_model::schema::{Member, OperationId, Slot};
use connect_model::validate::validate_slot;
use serde_json::Value;

use crate::client::forms::usual_text_of_run;
use crate::client::{Client, run_tag};
use crate::resources;
use crate::resources::Resource;

/// Values that are generated before the search for a fitting one is given up.
const ATTEMPTS: usize = 16;

/// Fitting values of which one is taken.
const FITTING: usize = 4;

/// Characters from which on a generated text hardly comes twice.
const LONG: usize = 8;

impl Client {
    /// An unused name of at most 40 characters from `[0-9a-zA-Z._-]`.
    pub fn fresh_name(&self) -> String {
        format!("{}{}-{}", run_tag::PREFIX, self.run_tag.run_id, self.next_number())
    }

    /// The next number of the run.
    fn next_number(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::Relaxed)
    }

    /// An unused client token. Tokens differ in their first characters.
    pub fn fresh_token(&self) -> String {
        format!("{:08x}-{}-0000", self.next_number(), self.run_tag.run_id)
    }

    /// An unused name for a resource of a kind; none if it has no name.
    pub(crate) fn unused_name(&self, row: &Resource) -> Option<String> {
        row.name_member.map(|_| row.name_of(&self.fresh_name()))
    }

    /// An unused value for a top-level member of which each request needs another: the name or the id of what it creates, or a
    /// token.
    pub(crate) fn unused_value(&self, operation: OperationId, member: &str) -> Option<String> {
        let contract = &self.schema[operation];
        let member = self.schema.input_members(contract)?.get(member)?;
        if member.idempotency_token {
            return self.fresh_token_for(member);
        }
        if resources::takes_new_name(self.schema, operation, &member.name) {
            let shown = resources::shown_at(self.schema, &contract.name, &member.name);
            self.fresh_for(&member.slot, shown)
        } else if resources::takes_new_id(self.schema, operation, member) {
            let usual = usual_text_of_run(self.schema, &member.slot, &member.name, (self.run_id(), self.next_number()));
            let shown = resources::describing(self.schema, operation);
            let fits = |text: &Value| shown.is_none_or(|slot| validate_slot(self.schema, slot, text).is_empty());
            let usual = usual.filter(fits).and_then(|usual| usual.as_str().map(str::to_owned));
            usual.or_else(|| self.fresh_for(&member.slot, shown))
        } else {
            None
        }
    }

    /// An unused token, of the form that a member allows.
    pub(super) fn fresh_token_for(&self, member: &Member) -> Option<String> {
        let fits = |token: &String| validate_slot(self.schema, &member.slot, &token.as_str().into()).is_empty();
        Some(self.fresh_token()).filter(fits).or_else(|| self.fresh_for(&member.slot, None))
    }

    /// An unused name, in the first form that a slot and the place where it is shown allow; else a generated one, which hardly
    /// comes twice.
    pub(super) fn fresh_for(&self, slot: &Slot, shown: Option<&Slot>) -> Option<String> {
        let slots = || std::iter::once(slot).chain(shown);
        resources::form_of(self.schema, slots(), &self.fresh_name()).or_else(|| {
            let generator = self.generator(Config::default());
            let made = (0..ATTEMPTS).flat_map(|_| slots()).filter_map(|slot| {
                let bytes = self.bytes(&self.fresh_name());
                let made = generator.place(slot, Place::Label, &mut Unstructured::new(&bytes)).ok()?;
                made.as_str().map(str::to_owned)
            });
            let fits =
                |text: &String| slots().all(|slot| validate_slot(self.schema, slot, &text.as_str().into()).is_empty());
            // A long one is hardly one of a few words that a pattern names.
            let all: Vec<String> = made.filter(fits).take(FITTING).collect();
            all.into_iter().max_by_key(|text| text.chars().count().min(LONG))
        })
    }
}
