//! `lifecycle.association-update`: a list shows what an update of an association changed.

use connect_model::json_text::scalar;
use connect_model::resources::{self as graph, Link, is_reference};
use connect_model::schema::{Binding, Kind, OperationId, Schema};
use connect_model::validate::validate_slot;
use serde_json::Value;

use crate::code::Trial;
use crate::keep::near;
use crate::lifecycle::association::Thing;
use crate::parts::visit;
use crate::resources;
use crate::steps::{Judged, Wait, succeed};

/// The association that an operation changes, if it is shown in a list or with its holder.
pub(super) fn changed_by(schema: &'static Schema, operation: OperationId) -> Option<&'static Link> {
    graph::shared(schema).links.iter().find(|link| link.update == Some(operation))
}

/// A value that an update changes.
struct Change {
    member: String,
    value: Value,
}

/// `lifecycle.association-update`.
pub(super) async fn update(trial: Trial<'_>, link: &'static Link) -> Judged {
    let Trial { client, check, operation, .. } = trial;
    let schema = client.schema;
    let name = |operation: OperationId| schema[operation].name.as_str();
    let mut thing = Thing::make(client, link).await?;
    if thing.settle().await?.is_some() {
        return Err(format!("{} does not show what {} made", name(link.list), name(link.make)));
    }
    let mut input = thing.sent.clone();
    let members = schema.input_members(&schema[operation]);
    if let Some(given) = input.as_object_mut() {
        given.retain(|given, _| members.is_some_and(|members| members.get(given).is_some()));
    }
    // Without an id, any text may be what tells the association from others.
    let has_id = resources::created_by(schema, name(link.make)).is_some();
    let changes = change(schema, operation, &mut input, |text| !has_id || thing.marks.contains(text));
    let (before, _) = thing.own_items().await?;
    // A value that is shown before proves nothing, and neither does an item without the member.
    let is_new = |change: &Change| {
        let before = values(&before, &change.member);
        !before.is_empty() && !before.iter().any(|value| is_equal(value, &change.value))
    };
    let changes: Vec<Change> = changes.into_iter().filter(is_new).collect();
    if changes.is_empty() {
        return Err(format!("no item of {} shows anything that {} changes", name(link.list), name(operation)));
    }
    let updated = succeed(client, name(operation), &input).await?;
    let mut wait = Wait::brief(client);
    loop {
        let (items, exchange) = thing.own_items().await?;
        let shown =
            |change: &&Change| values(&items, &change.member).iter().any(|value| is_equal(value, &change.value));
        let Some(lost) = changes.iter().find(|change| !shown(change)) else { return Ok(Vec::new()) };
        if !wait.again().await {
            let expected = format!("{} {} in {} after {}", lost.member, lost.value, name(link.list), name(operation));
            let actual = match values(&items, &lost.member).first() {
                Some(value) => value.to_string(),
                None => "no item with it".to_owned(),
            };
            let finding = check.finding("", expected, actual, exchange.as_ref());
            return Ok(vec![finding.resting_on(std::iter::once(&*updated).chain(exchange.as_ref()))]);
        }
    }
}

/// Changes the numbers and the free texts of an input. What is named, and what tells the association from others, stays.
fn change(schema: &Schema, operation: OperationId, input: &mut Value, stays: impl Fn(&str) -> bool) -> Vec<Change> {
    let mut changes = Vec::new();
    let Some(shape) = schema[operation].input else { return changes };
    let given = input.clone();
    visit(schema, shape, &given, &mut |part| {
        // The path and required names say which association is meant.
        let names = part.member.is_some_and(|member| {
            matches!(member.binding, Binding::Label(_)) || (member.required && member.name.ends_with("Name"))
        });
        let is_token = part.member.is_some_and(|member| member.idempotency_token);
        let stays = |text: &str| names || is_token || is_reference(part.name) || stays(text);
        let other = match (&schema[part.slot.target].kind, part.value) {
            (Kind::Number(_), number) => near(schema, part.slot, number),
            (Kind::String, Value::String(text)) if !stays(text) => {
                Some(format!("{text}1").into()).filter(|other| validate_slot(schema, part.slot, other).is_empty())
            }
            _ => None,
        };
        if let Some((other, place)) = other.and_then(|other| Some((other, input.pointer_mut(&part.pointer)?))) {
            place.clone_from(&other);
            changes.push(Change { member: part.name.to_owned(), value: other });
        }
        true
    });
    changes
}

/// The scalars of a member, at any depth.
fn values<'v>(value: &'v Value, member: &str) -> Vec<&'v Value> {
    match value {
        Value::Object(members) => {
            let own = members.get(member).filter(|value| scalar(value).is_some());
            own.into_iter().chain(members.values().flat_map(|value| values(value, member))).collect()
        }
        Value::Array(items) => items.iter().flat_map(|item| values(item, member)).collect(),
        _ => Vec::new(),
    }
}

fn is_equal(one: &Value, other: &Value) -> bool {
    one == other || one.as_f64().is_some_and(|number| Some(number) == other.as_f64())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn an_update_changes_numbers_and_free_texts_and_keeps_what_is_named() {
        let schema = Schema::connect();
        let operation = schema.operation_named("UpdateRoutingProfileQueues").unwrap();
        let queue = json!({ "QueueId": "q-1", "Channel": "VOICE" });
        let mut input = json!({
            "InstanceId": "i-1", "RoutingProfileId": "r-1",
            "QueueConfigs": [{ "QueueReference": queue, "Priority": 99, "Delay": 0 }],
        });
        let changes = change(schema, operation, &mut input, |text| text == "q-1");
        let changed: Vec<_> = changes.iter().map(|change| (&*change.member, change.value.clone())).collect();
        assert_eq!(changed, [("Delay", json!(1)), ("Priority", json!(98))]);
        assert_eq!(input["QueueConfigs"][0], json!({ "QueueReference": queue, "Priority": 98, "Delay": 1 }));
        assert_eq!(input["InstanceId"], "i-1");
    }

    #[test]
    fn members_are_found_at_any_depth() {
        let item = json!({ "A": { "Level": 3.0 }, "Items": [{ "Level": 4 }], "Level": { "B": 1 } });
        assert_eq!(values(&item, "Level"), [&json!(3.0), &json!(4)]);
        assert!(is_equal(&json!(3.0), &json!(3)) && !is_equal(&json!(3), &json!("3")));
    }
}
