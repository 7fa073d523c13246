//! How what was sent when a resource was made is shown later. Sends nothing.

use connect_model::schema::{Kind, Schema};
use serde_json::Value;

use crate::case::Finding;
use crate::check::Check;
use crate::difference::apart;
use crate::resources::Resource;
use crate::steps::body;
use connect_transport::exchange::Exchange;

/// How a member that was sent is to come back.
#[derive(Clone, Copy)]
pub(super) enum Echo {
    /// Equal.
    Same,
    /// A text that is equal as JSON: whitespace and order of keys may change.
    Json,
    /// Everything that was sent, and perhaps more.
    Within,
}

/// Members that are shown as they were sent. A rule's function is not among them: whether it comes back verbatim is
/// unknown.
const ECHOED: &[(&str, Echo)] = &[
    ("Name", Echo::Same),
    ("Type", Echo::Same),
    ("PublishStatus", Echo::Same),
    ("Content", Echo::Json),
    ("TriggerEventSource", Echo::Within),
    ("Tags", Echo::Within),
    ("State", Echo::Same),
    ("Version", Echo::Same),
    ("InstanceAlias", Echo::Same),
    ("IdentityManagementType", Echo::Same),
    ("InboundCallsEnabled", Echo::Same),
    ("OutboundCallsEnabled", Echo::Same),
];

/// What a describe shows otherwise than expected; only members that `expected` has are compared.
pub(super) fn differences(
    check: &Check,
    schema: &Schema,
    row: &Resource,
    exchange: &Exchange,
    expected: &Value,
) -> Result<Vec<Finding>, String> {
    let (wrapper, shown) = shown(schema, row, exchange)?;
    let wrong = ECHOED.iter().filter_map(|(member, echo)| {
        let (wanted, actual) = (expected.get(member)?, shown.get(member).unwrap_or(&Value::Null));
        let finding = || {
            let (expected, actual) = apart(wanted, actual);
            check.finding(format!("/{wrapper}/{member}"), expected, actual, Some(exchange))
        };
        (!echoes(*echo, wanted, actual)).then(finding)
    });
    Ok(wrong.collect())
}

/// The resource in the answer to a describe, with the member that holds it.
pub(super) fn shown(schema: &Schema, row: &Resource, exchange: &Exchange) -> Result<(String, Value), String> {
    let members = schema.operation_named(row.describe).and_then(|operation| schema.output_members(&schema[operation]));
    let wrapper = members
        .and_then(|members| members.iter().find(|member| matches!(schema[member.slot.target].kind, Kind::Structure(_))))
        .ok_or_else(|| format!("{} shows nothing", row.describe))?;
    let mut body = body(exchange)?;
    Ok((wrapper.name.clone(), body.get_mut(&wrapper.name).map(Value::take).unwrap_or_default()))
}

/// Whether a value comes back as it was sent.
pub(super) fn echoes(echo: Echo, sent: &Value, shown: &Value) -> bool {
    match echo {
        Echo::Same => sent == shown,
        Echo::Json => {
            let parsed = |value: &Value| value.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
            sent == shown || parsed(sent).is_some_and(|sent| Some(sent) == parsed(shown))
        }
        Echo::Within => match (sent, shown) {
            (Value::Object(sent), Value::Object(shown)) => {
                sent.iter().all(|(key, value)| shown.get(key).is_some_and(|shown| echoes(Echo::Within, value, shown)))
            }
            _ => sent == shown,
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn content_is_compared_as_json_and_tags_may_be_more() {
        assert!(echoes(Echo::Json, &json!(r#"{"a": 1, "b": 2}"#), &json!(r#"{"b":2,"a":1}"#)));
        assert!(!echoes(Echo::Json, &json!(r#"{"a": 1}"#), &json!(r#"{"a":2}"#)));
        assert!(!echoes(Echo::Json, &json!("{"), &json!("[")));
        assert!(echoes(Echo::Within, &json!({ "a": "" }), &json!({ "a": "", "aws:x": "y" })));
        assert!(!echoes(Echo::Within, &json!({ "a": "" }), &Value::Null));
    }
}
