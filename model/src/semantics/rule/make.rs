//! Generates rules that satisfy the contract: actions with their payload, and consistent members.

use arbitrary::Unstructured;
use serde_json::{Map, Value, json};

use super::actions::{ACTIONS, Action, Verdict, action};
use super::function::{self, Size};
use super::sources::EventSource;
use crate::constraint::size::pick;

/// Consistent members of CreateRule for a rule on `source`, with the actions that the source needs and with `wanted`.
pub(super) fn rule(source: &EventSource, wanted: Option<&Action>, u: &mut Unstructured<'_>) -> Map<String, Value> {
    let mut trigger = Map::from_iter([("EventSourceName".to_owned(), Value::from(source.name))]);
    if source.third_party {
        trigger.insert("IntegrationAssociationId".to_owned(), integration_id(u));
    }
    Map::from_iter([
        ("TriggerEventSource".to_owned(), Value::Object(trigger)),
        ("Function".to_owned(), function::make(Some(source), Size::SMALL, u).to_string().into()),
        ("Actions".to_owned(), Value::Array(actions(source, wanted, u))),
    ])
}

fn actions(source: &EventSource, wanted: Option<&Action>, u: &mut Unstructured<'_>) -> Vec<Value> {
    let required = source.required.and_then(action);
    let wanted = wanted.filter(|wanted| required.is_none_or(|required| required.name != wanted.name));
    let mut found: Vec<&Action> = [required, wanted].into_iter().flatten().collect();
    if found.is_empty() {
        found.extend(permitted(source));
    }
    found.into_iter().map(|action| action_value(action, u)).collect()
}

/// The default action on a source. None for alerts, for which nothing is documented.
pub(super) fn permitted(source: &EventSource) -> Option<&'static Action> {
    source.required.and_then(action).or_else(|| ACTIONS.iter().find(|action| action.on(source) == Verdict::Permitted))
}

/// A well-formed id of an integration association.
pub(super) fn integration_id(u: &mut Unstructured<'_>) -> Value {
    uuid(u).into()
}

/// An action with its payload.
pub(super) fn action_value(action: &Action, u: &mut Unstructured<'_>) -> Value {
    json!({"ActionType": action.name, action.payload: payload(action, u)})
}

/// The smallest payload of an action.
pub(super) fn payload(action: &Action, u: &mut Unstructured<'_>) -> Value {
    match action.name {
        "CREATE_TASK" => json!({"Name": "contract test", "ContactFlowId": uuid(u)}),
        "GENERATE_EVENTBRIDGE_EVENT" => json!({"Name": "contract-test"}),
        "SEND_NOTIFICATION" => json!({
            "DeliveryMethod": "EMAIL",
            "ContentType": "PLAIN_TEXT",
            "Content": "contract test",
            "Recipient": {"UserTags": {"contract-test": "nobody"}},
        }),
        "CREATE_CASE" => json!({"TemplateId": uuid(u), "Fields": [{"Id": "title", "Value": field_value(u)}]}),
        "UPDATE_CASE" => json!({"Fields": [{"Id": "status", "Value": field_value(u)}]}),
        "ASSIGN_SLA" => json!({
            "SlaAssignmentType": "CASES",
            "CaseSlaConfiguration": {"Name": "contract test", "Type": "CaseField", "TargetSlaMinutes": 60},
        }),
        "SUBMIT_AUTO_EVALUATION" => json!({"EvaluationFormId": uuid(u)}),
        "EXTRACT_INFORMATION" => json!({"RulesExtractionDefinitions": [{"Identifier": "contract-test"}]}),
        "SEND_IN_APP_NOTIFICATION" => json!({
            "Content": {"en_US": "contract test"},
            "Recipient": {"UserTags": {"contract-test": "nobody"}},
        }),
        _ => json!({}),
    }
}

fn field_value(u: &mut Unstructured<'_>) -> Value {
    match pick(u, 0, 3) {
        0 => json!({"StringValue": "contract test"}),
        1 => json!({"BooleanValue": true}),
        2 => json!({"DoubleValue": 1.5}),
        _ => json!({"EmptyValue": {}}),
    }
}

/// An id in the form of a UUID.
pub(super) fn uuid(u: &mut Unstructured<'_>) -> String {
    let (high, low): (u32, u64) = (u.arbitrary().unwrap_or(0), u.arbitrary().unwrap_or(0));
    format!(
        "{high:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        low >> 48,
        low >> 36 & 0xfff,
        low >> 24 & 0xfff,
        low & 0xff_ffff
    )
}
