//! Rust types for the core operations, for code that handles them by name: the emulator, and tests.
//!
//! All files except this one, `support`, `making` and `strategy` are generated from the built-in model by
//! `cargo model export rust`; a test fails if they are stale. The types have the *value* form: member names are keys, and
//! path, query and body members are in one object, so that a decoded input deserializes with
//! `serde_json::from_value::<CreateRuleRequest>(input)`. Deserialization is tolerant: unknown members are dropped, null
//! optional members are absent, unknown enum values and union members are kept. It checks structure only; constraints are
//! checked by validation, which comes first.

mod common;
mod errors;
mod flows;
mod index;
mod instances;
mod making;
mod modules;
pub mod ops;
mod rules;
pub mod strategy;
mod support;
mod tags;

pub use common::*;
pub use errors::*;
pub use flows::*;
pub use index::*;
pub use instances::*;
pub use modules::*;
pub use rules::*;
pub use support::{ErrorVisitor, Float, Nothing, Operation, ServiceError, Shape, ShapeVisitor, Timestamp};
pub use tags::*;

/// Operations with typed shapes: the lifecycles of rules, flows, flow modules and instances, and tags.
pub const CORE_OPERATIONS: &[&str] = &[
    "CreateContactFlow",
    "CreateContactFlowModule",
    "CreateContactFlowVersion",
    "CreateInstance",
    "CreateRule",
    "DeleteContactFlow",
    "DeleteContactFlowModule",
    "DeleteInstance",
    "DeleteRule",
    "DescribeContactFlow",
    "DescribeContactFlowModule",
    "DescribeInstance",
    "DescribeRule",
    "ListContactFlowModules",
    "ListContactFlowVersions",
    "ListContactFlows",
    "ListInstances",
    "ListRules",
    "ListTagsForResource",
    "SearchContactFlowModules",
    "SearchContactFlows",
    "SearchRules",
    "TagResource",
    "UntagResource",
    "UpdateContactFlowContent",
    "UpdateContactFlowMetadata",
    "UpdateContactFlowModuleContent",
    "UpdateContactFlowModuleMetadata",
    "UpdateContactFlowName",
    "UpdateRule",
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, from_value, json, to_value};

    use super::*;

    fn rule() -> Value {
        json!({
            "InstanceId": "i-1",
            "Name": "Angry",
            "TriggerEventSource": {"EventSourceName": "OnPostCallAnalysisAvailable"},
            "Function": "1",
            "Actions": [{"ActionType": "CREATE_TASK", "TaskAction": {
                "Name": "t", "ContactFlowId": "f",
                "References": {"where": {"Type": "URL", "Value": "https://example.com"}}}}],
            "PublishStatus": "DRAFT"
        })
    }

    #[test]
    fn inputs_round_trip() {
        let typed: CreateRuleRequest = from_value(rule()).unwrap();
        assert_eq!(typed.instance_id, "i-1");
        assert_eq!(typed.actions[0].action_type, ActionType::CreateTask);
        assert_eq!(to_value(&typed).unwrap(), rule());
    }

    #[test]
    fn null_is_absent_if_optional_and_rejected_if_required() {
        let mut value = rule();
        value["ClientToken"] = Value::Null;
        assert_eq!(from_value::<CreateRuleRequest>(value.clone()).unwrap().client_token, None);
        value["Name"] = Value::Null;
        assert!(from_value::<CreateRuleRequest>(value.clone()).is_err());
        value.as_object_mut().unwrap().remove("Name");
        assert!(from_value::<CreateRuleRequest>(value).is_err());
    }

    #[test]
    fn drops_unknown_members_and_keeps_unknown_enum_values() {
        let mut value = rule();
        value["Novelty"] = json!(1);
        value["PublishStatus"] = json!("ARCHIVED");
        let typed: CreateRuleRequest = from_value(value).unwrap();
        assert_eq!(typed.publish_status, RulePublishStatus::Unknown("ARCHIVED".to_owned()));
        assert_eq!(to_value(&typed).unwrap()["PublishStatus"], "ARCHIVED");
        assert_eq!(RulePublishStatus::from("DRAFT"), RulePublishStatus::Draft);
    }

    #[test]
    fn unions_have_one_member() {
        let read = |value| from_value::<InvalidRequestExceptionReason>(value);
        let known = json!({"AttachedFileInvalidRequestExceptionReason": "INVALID_FILE_TYPE"});
        let mut noisy = known.clone();
        noisy["__type"] = json!("Reason");
        noisy["Other"] = Value::Null;
        assert_eq!(read(known.clone()).unwrap(), read(noisy.clone()).unwrap());
        assert_eq!(to_value(read(noisy).unwrap()).unwrap(), known);
        let unknown = json!({"Other": {"x": [1]}});
        assert_eq!(read(unknown.clone()).unwrap().member(), "Other");
        assert_eq!(to_value(read(unknown).unwrap()).unwrap(), json!({"Other": {"x": [1]}}));
        assert!(read(json!({})).unwrap_err().to_string().contains("no member"));
        assert!(read(json!({"A": 1, "B": 2})).unwrap_err().to_string().contains("both A and B"));
        assert!(read(json!([])).is_err());
    }

    #[test]
    fn debug_output_hides_sensitive_members() {
        let value = json!({"IdentityManagementType": "SAML", "InboundCallsEnabled": true,
            "OutboundCallsEnabled": false, "InstanceAlias": "whisper"});
        let typed: CreateInstanceRequest = from_value(value.clone()).unwrap();
        let shown = format!("{typed:?}");
        assert!(!shown.contains("whisper") && shown.contains("Some((hidden))"), "{shown}");
        assert_eq!(to_value(typed).unwrap(), value);
    }

    #[test]
    fn floats_include_three_special_values() {
        for (value, finite) in [(json!("NaN"), false), (json!("-Infinity"), false), (json!(1.5), true)] {
            let float: Float = from_value(value.clone()).unwrap();
            assert_eq!(float.0.is_finite(), finite);
            assert_eq!(to_value(float).unwrap(), value);
        }
        assert_eq!(from_value::<Float>(json!(2)).unwrap(), Float(2.0));
        assert!(from_value::<Float>(json!("two")).is_err());
        assert!(from_value::<Timestamp>(json!("2024-01-01T00:00:00Z")).is_err());
    }

    #[test]
    fn operations_and_errors_have_names() {
        assert_eq!(<ops::CreateRule as Operation>::NAME, "CreateRule");
        assert_eq!(ServiceQuotaExceededException::STATUS, 402);
        assert_eq!(ResourceNotFoundException::CODE, "ResourceNotFoundException");
        fn output<O: Operation>(text: &str) -> serde_json::Result<O::Output> {
            serde_json::from_str(text)
        }
        assert_eq!(output::<ops::DeleteRule>("{}").unwrap(), Nothing {});
    }
}
