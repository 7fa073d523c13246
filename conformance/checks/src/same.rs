//! Comparison of values that were sent or shown. Sends nothing.

use connect_model::schema::{Kind, Schema, ShapeId, TimestampFormat};
use connect_model::timestamp::{self, Reading};
use serde_json::Value;

use crate::difference::nested;

/// Seconds by which two views may round a time differently.
const ROUNDING: f64 = 1.0;

/// True if a shown value keeps the sent one. Members may be added, empty structures may be left out, and text that holds a
/// JSON object or list may be written otherwise.
pub(crate) fn keeps(sent: &Value, shown: &Value) -> bool {
    match (sent, shown) {
        (Value::Null, _) => true,
        (Value::Object(sent), Value::Object(shown)) => {
            sent.iter().all(|(name, value)| keeps(value, shown.get(name).unwrap_or(&Value::Null)))
        }
        (Value::Object(sent), Value::Null) => sent.is_empty(),
        (Value::Array(sent), Value::Array(shown)) => {
            let mut left: Vec<&Value> = shown.iter().collect();
            // The order of a list means nothing by itself.
            let mut is_left = |sent: &Value| {
                let found = left.iter().position(|shown| keeps(sent, shown));
                found.map(|at| left.swap_remove(at)).is_some()
            };
            sent.len() == shown.len() && sent.iter().all(&mut is_left)
        }
        (Value::String(_), Value::String(_)) => {
            sent == shown || nested(sent).zip(nested(shown)).is_some_and(|(sent, shown)| keeps(&sent, &shown))
        }
        (Value::Number(sent), Value::Number(shown)) => sent == shown || sent.as_f64() == shown.as_f64(),
        _ => sent == shown,
    }
}

/// True for no value, and for values that say the same.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// True if a shown value keeps the sent one, or both say nothing: what is empty may be left out.
pub(crate) fn shows(sent: &Value, shown: &Value) -> bool {
    keeps(sent, shown) || (is_empty(sent) && is_empty(shown))
}

/// True if an answer shows that something is still being made, changed or deleted: a status in it, or in a structure in it,
/// says so.
pub(crate) fn in_progress(answer: &Value) -> bool {
    let is_moving = |text: &str| {
        let text = text.to_ascii_uppercase().replace(['_', '-', ' '], "");
        ["INPROGRESS", "PENDING", "CREATING", "UPDATING", "MODIFYING", "DELETING", "PROVISIONING"]
            .iter()
            .any(|word| text.contains(word))
    };
    let moves = |value: &Value| states(value).any(is_moving);
    moves(answer) || answer.as_object().into_iter().flatten().any(|(_, inner)| moves(inner))
}

/// The status of a resource that is being deleted, or that is kept for a while after that. A status that it had before says
/// nothing about the deletion.
pub(crate) fn ending<'a>(before: &Value, after: &'a Value) -> Option<&'a str> {
    let ends =
        |text: &str| ["DELET", "TERMINAT", "INACTIVE"].iter().any(|start| text.to_uppercase().starts_with(start));
    states(after).find(|state| ends(state) && !states(before).any(|earlier| earlier == *state))
}

/// The texts of the members of a value that tell a status.
fn states(value: &Value) -> impl Iterator<Item = &str> {
    let is_state = |name: &str| ["status", "state"].iter().any(|end| name.to_ascii_lowercase().ends_with(end));
    let members = value.as_object().into_iter().flatten();
    members.filter(move |(name, _)| is_state(name)).filter_map(|(_, value)| value.as_str())
}

/// The seconds since 1970 of a timestamp, whose form may differ from view to view.
fn seconds(value: &Value) -> Option<f64> {
    let parse = |format| timestamp::parse(value.as_str()?, format, Reading::Client);
    let instant = || parse(TimestampFormat::DateTime).or_else(|| parse(TimestampFormat::HttpDate));
    value.as_f64().or_else(|| timestamp::to_seconds(instant()?).as_f64())
}

/// True if two views show the same value of a shape. What one of them does not show is no difference.
pub(crate) fn agree(schema: &Schema, shape: ShapeId, one: &Value, other: &Value) -> bool {
    if one.is_null() || other.is_null() || one == other {
        return true;
    }
    match (&schema[shape].kind, one, other) {
        (Kind::Timestamp, one, other) => {
            seconds(one).zip(seconds(other)).is_some_and(|(one, other)| (one - other).abs() < ROUNDING)
        }
        (Kind::Structure(members), Value::Object(one), Value::Object(other)) => one.iter().all(|(name, value)| {
            let member = members.iter().find(|member| member.name == *name);
            let other = other.get(name).unwrap_or(&Value::Null);
            member.is_none_or(|member| agree(schema, member.slot.target, value, other))
        }),
        (_, Value::String(_), Value::String(_)) => nested(one).is_some() && nested(one) == nested(other),
        (Kind::List(list), Value::Array(one), Value::Array(other)) => {
            let is_in = |value: &Value, all: &[Value]| {
                all.iter().any(|candidate| agree(schema, list.member.target, value, candidate))
            };
            one.len() == other.len() && one.iter().all(|value| is_in(value, other))
        }
        (_, Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn kept_values_may_gain_members_and_change_their_spelling() {
        for (sent, shown) in [
            (json!({"a": 1}), json!({"a": 1.0, "b": 2})),
            (json!({"a": {}}), json!({})),
            (json!(r#"{"a": [1]}"#), json!(r#"{ "b": 2, "a":[1] }"#)),
            (json!(null), json!("any")),
        ] {
            assert!(keeps(&sent, &shown), "{sent} {shown}");
        }
        for (sent, shown) in [
            (json!({"a": 1}), json!({})),
            (json!([1, 2]), json!([1])),
            (json!("a "), json!("a")),
            (json!("1"), json!("1.0")),
            (json!(r#"{"a": 1}"#), json!(r#"{"a":2}"#)),
            (json!("a"), json!(null)),
        ] {
            assert!(!keeps(&sent, &shown), "{sent} {shown}");
        }
    }

    #[test]
    fn what_is_empty_may_be_left_out() {
        for empty in [json!(""), json!([]), json!({})] {
            assert!(shows(&empty, &json!(null)), "{empty}");
            assert!(!shows(&empty, &json!("a")) && !shows(&json!("a"), &empty), "{empty}");
        }
    }

    #[test]
    fn a_status_tells_of_a_deletion_only_if_it_is_new() {
        let active = json!({ "Status": "ACTIVE", "Name": "Deleted things" });
        let inactive = json!({ "Status": "INACTIVE" });
        assert_eq!(ending(&active, &json!({ "Status": "DELETING" })), Some("DELETING"));
        assert_eq!(ending(&active, &inactive), Some("INACTIVE"));
        assert_eq!(ending(&inactive, &inactive), None);
        assert_eq!(ending(&active, &active), None);
    }

    #[test]
    fn a_status_tells_what_is_in_progress() {
        for moving in [
            json!({ "status": "CREATING" }),
            json!({ "update": { "id": "1", "status": "InProgress" } }),
            json!({ "cluster": { "lifecycleState": "update-pending" } }),
        ] {
            assert!(in_progress(&moving), "{moving}");
        }
        for done in [json!({ "status": "ACTIVE" }), json!({ "name": "CREATING" }), json!({ "status": 1 }), json!([1])] {
            assert!(!in_progress(&done), "{done}");
        }
    }

    #[test]
    fn views_agree_on_what_both_show() {
        let schema = Schema::connect();
        let shape = |name: &str| schema.shape_named(name).unwrap();
        let flow = |name: &str, time: f64| json!({"Name": name, "LastModifiedTime": time});
        let differ = |one: Value, other: Value| !agree(schema, shape("ContactFlow"), &one, &other);
        assert!(!differ(flow("a", 1.2), flow("a", 1.0)));
        assert!(!differ(flow("a", 1.2), json!({"Name": "a"})));
        assert!(differ(flow("a", 1.0), flow("a", 1000.0)));
        let at = |time: Value| json!({"Name": "a", "LastModifiedTime": time});
        assert!(!differ(at(json!("2026-11-29T01:08:37.366Z")), at(json!(1795914517.366))));
        assert!(differ(at(json!("2026-11-29T01:08:37Z")), at(json!(1795914600.0))));
        assert!(differ(flow("a", 1.0), flow("A", 1.0)));
        let actions = |kinds: &[&str]| kinds.iter().map(|kind| json!({"ActionType": kind})).collect::<Value>();
        let list = shape("ActionSummaries");
        assert!(agree(schema, list, &actions(&["CREATE_TASK", "END_TASK"]), &actions(&["END_TASK", "CREATE_TASK"])));
        assert!(!agree(schema, list, &actions(&["CREATE_TASK"]), &actions(&["END_TASK"])));
    }
}
