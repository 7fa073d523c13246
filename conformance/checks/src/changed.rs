//! The operations that a change of the model affects, so that a run can be limited to them.

use std::collections::BTreeMap;

use connect_model::diff::{self, Class};
use connect_model::schema::Schema;

/// The part of an operation that a change affects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Touch {
    /// The output or the errors only.
    Output,
    /// The input, the HTTP binding, or the operation as a whole.
    Whole,
}

/// Returns the operations of the new model that differ from the old one. Cosmetic changes affect no operation; changes
/// of the service affect all.
pub fn since(old: &Schema, new: &Schema) -> BTreeMap<String, Touch> {
    let mut touched = BTreeMap::new();
    for change in diff::diff(old, new) {
        if change.class == Class::Cosmetic {
            continue;
        }
        let is_output = ["output-", "required-output-", "error-"].iter().any(|prefix| change.rule.starts_with(prefix));
        let touch = if is_output { Touch::Output } else { Touch::Whole };
        let all = || new.operations().map(|(_, operation)| operation.name.clone());
        let names = if change.operations.is_empty() { all().collect() } else { change.operations };
        for name in names.into_iter().filter(|name| new.operation_named(name).is_some()) {
            let widest = touched.entry(name).or_insert(touch);
            *widest = touch.max(*widest);
        }
    }
    touched
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use connect_model::load::BUILT_IN;
    use serde_json::{Value, json};

    use super::*;

    /// Returns the operations that the built-in model changes, compared to a model with another value at the pointer.
    fn touched(pointer: &str, value: Value) -> BTreeMap<String, Touch> {
        let mut model: Value = serde_json::from_str(BUILT_IN).unwrap();
        let (shape, rest) = pointer.split_once('/').unwrap();
        *model.pointer_mut(&format!("/shapes/com.amazonaws.connect#{shape}/{rest}")).unwrap() = value;
        let old = Schema::from_text("old.json", model.to_string().into_bytes()).unwrap();
        since(&old, Schema::connect())
    }

    #[test]
    fn finds_the_affected_part_of_each_operation() {
        assert_eq!(since(Schema::connect(), Schema::connect()), BTreeMap::new());
        let status = touched("DeleteRule/traits/smithy.api#http/code", json!(204));
        assert_eq!(status, BTreeMap::from([("DeleteRule".to_owned(), Touch::Whole)]));
        let name = touched("RuleName/traits/smithy.api#length/max", json!(100));
        assert_eq!(name["CreateRule"], Touch::Whole);
        assert_eq!(name["DescribeRule"], Touch::Output);
        assert!(name.len() < 20, "{name:?}");
        let all = touched("Connect/version", json!("2000-01-01"));
        assert_eq!(all.len(), Schema::connect().operations().count());
    }
}
