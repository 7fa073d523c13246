//! Which operations a change of the model touches, so that a run can try these and no others.

use std::collections::BTreeMap;

use connect_model::diff::{self, Class};
use connect_model::schema::Schema;

/// How far a change of an operation goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Touch {
    /// Only what it answers.
    Output,
    /// What it is sent, or how it is called.
    Whole,
}

/// What changed from one model to another: the operations of the newer that are touched. What is cosmetic touches none;
/// what concerns the service touches all.
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
            let far = touched.entry(name).or_insert(touch);
            *far = touch.max(*far);
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

    /// What is touched when the built-in model comes after one with another value at the pointer.
    fn touched(pointer: &str, value: Value) -> BTreeMap<String, Touch> {
        let mut model: Value = serde_json::from_str(BUILT_IN).unwrap();
        let (shape, rest) = pointer.split_once('/').unwrap();
        *model.pointer_mut(&format!("/shapes/com.amazonaws.connect#{shape}/{rest}")).unwrap() = value;
        let old = Schema::from_text("old.json", model.to_string().into_bytes()).unwrap();
        since(&old, Schema::connect())
    }

    #[test]
    fn a_change_touches_the_operations_that_it_reaches_as_far_as_it_goes() {
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
