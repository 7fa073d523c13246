//! Compares the description of a resource with the values that were sent. Sends nothing.

use connect_model::schema::Schema;
use serde_json::Value;

use crate::case::Finding;
use crate::check::Check;
use crate::difference::apart;
use crate::resources::Resource;
use crate::same::shows;
use crate::steps::shown;
use connect_transport::exchange::Exchange;

/// The relation between a sent value and the described one.
#[derive(Clone, Copy)]
pub(super) enum Echo {
    /// Equal.
    Same,
    /// Strings that are equal as JSON: whitespace and order of keys may change.
    Json,
    /// All sent members, and possibly more.
    Within,
}

/// Members that are described as they were sent. The function of a rule is not among them, since it is unknown if it is
/// returned verbatim.
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

/// Differences between a description and the expected members. Members that `expected` does not have are ignored.
pub(super) fn differences(
    check: &Check,
    schema: &Schema,
    row: &Resource,
    exchange: &Exchange,
    expected: &Value,
) -> Result<Vec<Finding>, String> {
    let (wrapper, shown) = shown(schema, row, exchange)?;
    let finding = |member: &str, wanted: &Value, actual: &Value| {
        let (expected, actual) = apart(wanted, actual);
        check.finding(format!("{wrapper}/{member}"), expected, actual, Some(exchange))
    };
    if row.template().is_none() {
        let wrong = expected.as_object().into_iter().flatten().filter_map(|(member, wanted)| {
            let actual = shown.get(member).unwrap_or(&Value::Null);
            (!shows(wanted, actual)).then(|| finding(member, wanted, actual))
        });
        return Ok(wrong.collect());
    }
    let wrong = ECHOED.iter().filter_map(|(member, echo)| {
        let (wanted, actual) = (expected.get(member)?, shown.get(member).unwrap_or(&Value::Null));
        (!echoes(*echo, wanted, actual)).then(|| finding(member, wanted, actual))
    });
    Ok(wrong.collect())
}

/// True if a described value corresponds to the sent one.
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
    fn compares_content_as_json_and_allows_more_tags() {
        assert!(echoes(Echo::Json, &json!(r#"{"a": 1, "b": 2}"#), &json!(r#"{"b":2,"a":1}"#)));
        assert!(!echoes(Echo::Json, &json!(r#"{"a": 1}"#), &json!(r#"{"a":2}"#)));
        assert!(!echoes(Echo::Json, &json!("{"), &json!("[")));
        assert!(echoes(Echo::Within, &json!({ "a": "" }), &json!({ "a": "", "aws:x": "y" })));
        assert!(!echoes(Echo::Within, &json!({ "a": "" }), &Value::Null));
    }
}
