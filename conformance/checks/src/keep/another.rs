//! Another value of a member than the one that a resource has. Structures keep their form, since a type or a flag in them may
//! say which of their members belong together: only texts, numbers and references in them change.

use connect_model::resources as graph;
use connect_model::schema::{Kind, Member, OperationId, Schema, Slot};
use connect_model::semantics::is_language;
use connect_model::validate::validate_slot;
use serde_json::Value;

use crate::client::Client;
use crate::keep::thing::value_of;

/// Text in the languages of the templates that nothing else depends on.
const FREE: &str = "contract test";

/// Another value for a member of an input than the current one; none if there is nothing that can change.
pub(super) async fn another(
    client: &Client,
    operation: OperationId,
    member: &Member,
    current: Option<&Value>,
) -> Option<Value> {
    let schema = client.schema;
    let generated = value_of(client, operation, member, "another").await.ok();
    let other = match (&schema[member.slot.target].kind, current) {
        (Kind::Enum(_), _) => None,
        (Kind::String, Some(Value::String(text))) if is_language(schema, member.slot.target) => {
            text.contains(FREE).then(|| text.replace(FREE, &client.fresh_name()).into())
        }
        (Kind::Structure(_) | Kind::List(_), Some(current)) => {
            let varied = vary(schema, &member.name, &member.slot, current, generated.as_ref());
            // A list may hold nothing that could change.
            let is_list = matches!(schema[member.slot.target].kind, Kind::List(_));
            if varied == *current && is_list { generated } else { Some(varied) }
        }
        (_, _) => generated,
    };
    other.filter(|other| Some(other) != current)
}

/// A value of the same form. References become those of `generated`, where it has some at the same place.
fn vary(schema: &'static Schema, name: &str, slot: &Slot, current: &Value, generated: Option<&Value>) -> Value {
    let other = match (&schema[slot.target].kind, current) {
        (Kind::Structure(members), Value::Object(inner)) => {
            let varied = inner.iter().map(|(name, value)| {
                let generated = generated.and_then(|generated| generated.get(name));
                let member = members.get(name);
                let other = member.map(|member| vary(schema, name, &member.slot, value, generated));
                (name.clone(), other.unwrap_or_else(|| value.clone()))
            });
            return varied.collect();
        }
        (Kind::List(list), Value::Array(items)) => {
            let single = name.strip_suffix('s').unwrap_or(name);
            let varied = items.iter().enumerate().map(|(at, item)| {
                let generated = generated.and_then(|generated| generated.get(at));
                vary(schema, single, &list.member, item, generated)
            });
            return varied.collect();
        }
        _ if is_reference(schema, name, slot) => generated.cloned(),
        (Kind::String, Value::String(text)) => other_text(text),
        (Kind::Number(_), Value::Number(number)) if number.is_i64() => near(schema, slot, current),
        _ => None,
    };
    other.filter(|other| validate_slot(schema, slot, other).is_empty()).unwrap_or_else(|| current.clone())
}

/// A number beside another one that its slot allows.
pub(crate) fn near(schema: &Schema, slot: &Slot, number: &Value) -> Option<Value> {
    let others: Vec<Value> = match number.as_i64() {
        Some(number) => [number.checked_add(1), number.checked_sub(1)].into_iter().flatten().map(Value::from).collect(),
        None => number.as_f64().into_iter().flat_map(|number| [number + 1.0, number - 1.0]).map(Value::from).collect(),
    };
    others.into_iter().find(|other| validate_slot(schema, slot, other).is_empty())
}

/// True for a member with the id of a resource.
fn is_reference(schema: &'static Schema, name: &str, slot: &Slot) -> bool {
    graph::shared(schema).named_at(schema, name, slot.target).is_some()
}

/// A text that differs in its last digit, else in its last letter.
fn other_text(text: &str) -> Option<Value> {
    let last = |of: fn(&char) -> bool| text.char_indices().rev().find(|(_, one)| of(one));
    let (at, one) = last(char::is_ascii_digit).or_else(|| last(char::is_ascii_alphabetic))?;
    // Neighbours change places, so that different texts stay different.
    let first = match one {
        '0'..='9' => b'0',
        'a'..='z' => b'a',
        _ => b'A',
    };
    let next = char::from(first + ((u8::try_from(one).ok()? - first) ^ 1));
    Some(format!("{}{next}{}", &text[..at], &text[at + 1..]).into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn structures_keep_their_form_and_change_what_is_in_them() {
        let schema = Schema::connect();
        let update = &schema[schema.operation_named("UpdateQuickConnectConfig").unwrap()];
        let member = schema.input_members(update).unwrap().get("QuickConnectConfig").unwrap();
        let rows = [
            (
                json!({ "QuickConnectType": "PHONE_NUMBER", "PhoneConfig": { "PhoneNumber": "+12065550109" } }),
                json!({ "QuickConnectType": "PHONE_NUMBER", "PhoneConfig": { "PhoneNumber": "+12065550108" } }),
            ),
            (
                json!({ "QuickConnectType": "QUEUE", "QueueConfig": { "QueueId": "q1", "ContactFlowId": "f1" } }),
                json!({ "QuickConnectType": "QUEUE", "QueueConfig": { "QueueId": "q2", "ContactFlowId": "f1" } }),
            ),
        ];
        let generated = json!({ "QuickConnectType": "USER", "QueueConfig": { "QueueId": "q2" }, "UserConfig": {} });
        for (current, expected) in rows {
            assert_eq!(vary(schema, &member.name, &member.slot, &current, Some(&generated)), expected);
        }
        let update = &schema[schema.operation_named("UpdateUserPhoneConfig").unwrap()];
        let member = schema.input_members(update).unwrap().get("PhoneConfig").unwrap();
        let current = json!({ "PhoneType": "SOFT_PHONE", "AutoAccept": false, "AfterContactWorkTimeLimit": 0 });
        let expected = json!({ "PhoneType": "SOFT_PHONE", "AutoAccept": false, "AfterContactWorkTimeLimit": 1 });
        assert_eq!(vary(schema, &member.name, &member.slot, &current, None), expected);
    }

    #[test]
    fn another_text_differs_in_one_character() {
        for (text, other) in [
            ("a-0@example.com", "a-1@example.com"),
            ("2030-01-09", "2030-01-08"),
            ("q8", "q9"),
            ("héz", "héy"),
            ("X", "W"),
        ] {
            assert_eq!(other_text(text), Some(other.into()));
        }
        assert_eq!(other_text("+- é"), None);
    }
}
