//! Values that code often takes for none: `false` and 0. Sends nothing.

use connect_model::schema::{Kind, Schema, Slot};
use connect_model::validate::validate_slot;
use serde_json::{Value, json};

use crate::parts::visit;

/// A value of a slot with all its booleans false and all its numbers 0, where the contract allows it; none if it has none, or
/// is so already.
pub(super) fn zeros(schema: &Schema, slot: &Slot, value: &Value) -> Option<Value> {
    with(schema, slot, value, |of| if of.is_boolean() { json!(false) } else { json!(0) })
}

/// A value of a slot with all its booleans true, and 1 for each 0; none if it has none, or is so already.
pub(super) fn ones(schema: &Schema, slot: &Slot, value: &Value) -> Option<Value> {
    with(schema, slot, value, |of| match of {
        Value::Bool(_) => json!(true),
        number if number.as_f64() == Some(0.0) => json!(1),
        number => number.clone(),
    })
}

/// True if a value is `false` or 0, or all booleans and numbers in it are, and it has one.
pub(super) fn is_zero(schema: &Schema, slot: &Slot, value: &Value) -> bool {
    ones(schema, slot, value).is_some() && zeros(schema, slot, value).is_none()
}

fn with(schema: &Schema, slot: &Slot, value: &Value, other: impl Fn(&Value) -> Value) -> Option<Value> {
    let is_plain = |slot: &Slot| matches!(schema[slot.target].kind, Kind::Boolean | Kind::Number(_));
    let fits = |slot: &Slot, value: &Value| validate_slot(schema, slot, value).is_empty();
    let mut found = Vec::new();
    if is_plain(slot) {
        found.push((String::new(), other(value)));
    }
    visit(schema, slot.target, value, &mut |part| {
        if is_plain(part.slot) && !part.value.is_null() {
            let other = other(part.value);
            if fits(part.slot, &other) {
                found.push((part.pointer.clone(), other));
            }
        }
        true
    });
    let mut changed = value.clone();
    for (pointer, other) in found {
        if let Some(place) = changed.pointer_mut(&pointer) {
            *place = other;
        }
    }
    (changed != *value && fits(slot, &changed)).then_some(changed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn booleans_and_numbers_become_zero_and_one_where_they_may() {
        let schema = Schema::connect();
        let slot = |operation: &str, member: &str| {
            let contract = &schema[schema.operation_named(operation).unwrap()];
            &schema.input_members(contract).unwrap().get(member).unwrap().slot
        };
        let phone = slot("UpdateUserPhoneConfig", "PhoneConfig");
        let usual = json!({ "PhoneType": "SOFT_PHONE", "AutoAccept": true, "AfterContactWorkTimeLimit": 7 });
        let none = json!({ "PhoneType": "SOFT_PHONE", "AutoAccept": false, "AfterContactWorkTimeLimit": 0 });
        let all = json!({ "PhoneType": "SOFT_PHONE", "AutoAccept": true, "AfterContactWorkTimeLimit": 1 });
        assert_eq!(zeros(schema, phone, &usual), Some(none.clone()));
        assert_eq!((zeros(schema, phone, &none), ones(schema, phone, &none)), (None, Some(all)));
        assert!(is_zero(schema, phone, &none) && !is_zero(schema, phone, &usual));
        let order = slot("UpdateAgentStatus", "DisplayOrder");
        assert_eq!((zeros(schema, order, &json!(3)), is_zero(schema, order, &json!(3))), (None, false), "from 1 on");
        let reset = slot("UpdateAgentStatus", "ResetOrderNumber");
        assert!(is_zero(schema, reset, &json!(false)) && ones(schema, reset, &json!(false)) == Some(json!(true)));
        let text = slot("UpdateAgentStatus", "Name");
        assert!(zeros(schema, text, &json!("a")).is_none() && !is_zero(schema, text, &json!("a")));
    }
}
