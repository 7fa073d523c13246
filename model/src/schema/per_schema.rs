//! Facts that are derived from a schema once.

use std::sync::{Mutex, PoisonError};

use super::Schema;

/// Facts about each schema of the process, derived on first use. They live as long as the schemas, which are never freed.
#[derive(Debug)]
pub struct PerSchema<T: 'static>(Mutex<Vec<(&'static Schema, &'static T)>>);

impl<T> PerSchema<T> {
    /// No facts yet.
    pub const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// The facts about a schema, from `derive` the first time.
    pub fn get(&self, schema: &'static Schema, derive: impl FnOnce(&'static Schema) -> T) -> &'static T {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, facts)) = known.iter().find(|(known, _)| std::ptr::eq(*known, schema)) {
            return facts;
        }
        let facts: &'static T = Box::leak(Box::new(derive(schema)));
        known.push((schema, facts));
        facts
    }
}

impl<T> Default for PerSchema<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_derived_once_for_each_schema() {
        static NAMES: PerSchema<String> = PerSchema::new();
        let schema = Schema::connect();
        let first = NAMES.get(schema, |schema| schema.service.sdk_id.clone());
        assert_eq!(first, "Connect");
        assert!(std::ptr::eq(first, NAMES.get(schema, |_| unreachable!("they are known"))));
    }
}
