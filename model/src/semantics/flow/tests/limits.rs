//! Compares the table of action types with a second transcription of the published limits: at each limit, and one step
//! beyond. A law over generated flows cannot detect a wrong number in the table that they are generated from.

use serde_json::{Value, json};

use super::super::home::Home;
use super::{check, kinds};

/// A flow with an action of that type, all of whose branches lead to the end.
fn content(kind: &str, parameters: &Value, errors: &[&str], conditions: &[(&str, &str)]) -> String {
    let errors: Vec<Value> = errors.iter().map(|error| json!({ "ErrorType": error, "NextAction": "end" })).collect();
    let conditions: Vec<Value> = conditions
        .iter()
        .map(|(operator, operand)| {
            json!({ "NextAction": "end", "Condition": { "Operator": operator, "Operands": [operand] } })
        })
        .collect();
    json!({
        "Version": "2019-10-30", "StartAction": "a",
        "Actions": [
            {
                "Identifier": "a", "Type": kind, "Parameters": parameters,
                "Transitions": { "NextAction": "end", "Errors": errors, "Conditions": conditions },
            },
            { "Identifier": "end", "Type": "DisconnectParticipant" },
        ],
    })
    .to_string()
}

const ANY: &str = "NoMatchingError";
const NONE: &str = "NoMatchingCondition";
const FULL: &str = "QueueAtCapacity";
const LATE: &str = "InputTimeLimitExceeded";

/// Type, parameters, errors, conditions, and the expected problems.
type Case =
    (&'static str, Value, &'static [&'static str], &'static [(&'static str, &'static str)], &'static [&'static str]);

fn tags(count: usize) -> Value {
    (0..count).map(|at| (format!("k{at}"), json!("v"))).collect::<serde_json::Map<_, _>>().into()
}

fn cases() -> Vec<Case> {
    let hours: &[_] = &[("Equals", "True"), ("Equals", "False")];
    let looping: &[_] = &[("Equals", "ContinueLooping"), ("Equals", "DoneLooping")];
    let waiting: &[_] = &[("Equals", "WaitCompleted")];
    let phone = json!({ "PhoneNumberValidation": {} });
    let custom = json!({ "CustomValidation": {} });
    let menu = json!({ "Text": "x", "InputTimeLimitSeconds": "5" });
    vec![
        ("MessageParticipant", json!({ "Text": "x" }), &[], &[], &[]),
        ("MessageParticipant", json!({ "PromptId": "x", "SSML": "y" }), &[], &[], &["both-of-exclusive-parameters"]),
        ("GetParticipantInput", menu.clone(), &[LATE, NONE, ANY], &[("Equals", "#"), ("Equals", "*")], &[]),
        ("GetParticipantInput", menu.clone(), &[LATE, NONE, ANY], &[("Equals", "10")], &["wrong-conditions"]),
        ("GetParticipantInput", menu.clone(), &[NONE, ANY], &[], &["missing-required-error"]),
        ("GetParticipantInput", json!({ "Text": "x" }), &[LATE, NONE, ANY], &[], &["missing-required-parameter"]),
        ("GetParticipantInput", json!({ "StoreInput": "True", "InputValidation": custom }), &[ANY], &[], &[]),
        (
            "GetParticipantInput",
            json!({ "StoreInput": "True", "InputValidation": custom }),
            &[ANY, LATE],
            &[],
            &["error-not-allowed"],
        ),
        (
            "GetParticipantInput",
            json!({ "StoreInput": "True", "InputValidation": custom }),
            &[ANY],
            &[("Equals", "1")],
            &["conditions-not-supported"],
        ),
        (
            "GetParticipantInput",
            json!({ "StoreInput": "True", "InputValidation": phone }),
            &[ANY],
            &[],
            &["missing-required-error"],
        ),
        (
            "GetParticipantInput",
            json!({ "StoreInput": "True", "InputValidation": phone }),
            &[ANY, "InvalidPhoneNumber"],
            &[],
            &[],
        ),
        ("CheckHoursOfOperation", json!({}), &[ANY], hours, &[]),
        ("CheckHoursOfOperation", json!({}), &[ANY], &[("Equals", "True")], &["wrong-conditions"]),
        ("CheckHoursOfOperation", json!({}), &[ANY, NONE], hours, &["error-not-allowed"]),
        ("Compare", json!({ "ComparisonValue": "$.Attributes.x" }), &[NONE], &[], &[]),
        ("Compare", json!({ "ComparisonValue": "$.Attributes.x" }), &[NONE, ANY], &[], &["error-not-allowed"]),
        ("Loop", json!({ "LoopCount": "100" }), &[], looping, &[]),
        ("Loop", json!({ "LoopCount": "0" }), &[ANY], looping, &[]),
        ("Loop", json!({ "LoopCount": "101" }), &[], looping, &["bad-parameter-value"]),
        ("Loop", json!({ "LoopCount": "1" }), &[], &looping[..1], &["wrong-conditions"]),
        ("DistributeByPercentage", json!({}), &[NONE], &[("NumberLessThan", "31"), ("NumberLessThan", "101")], &[]),
        (
            "DistributeByPercentage",
            json!({}),
            &[NONE],
            &[("NumberLessThan", "31"), ("NumberLessThan", "11")],
            &["wrong-conditions"],
        ),
        ("DistributeByPercentage", json!({}), &[NONE], &[("NumberLessThan", "102")], &["wrong-conditions"]),
        ("DistributeByPercentage", json!({ "x": "1" }), &[NONE], &[("NumberLessThan", "2")], &["unknown-parameter"]),
        ("Wait", json!({ "TimeLimitSeconds": "604800" }), &[ANY], waiting, &[]),
        ("Wait", json!({ "TimeLimitSeconds": "604801" }), &[ANY], waiting, &["bad-parameter-value"]),
        ("Wait", json!({ "TimeLimitSeconds": "5", "Events": ["E"] }), &[ANY], waiting, &["wrong-conditions"]),
        (
            "Wait",
            json!({ "TimeLimitSeconds": "5", "Events": ["E"] }),
            &[ANY],
            &[("Equals", "WaitCompleted"), ("Equals", "E")],
            &[],
        ),
        ("Wait", json!({ "TimeLimitSeconds": "5", "TimeoutSeconds": "5" }), &[ANY], waiting, &["unknown-parameter"]),
        ("TransferContactToQueue", json!({}), &[FULL, ANY], &[], &[]),
        ("TransferContactToQueue", json!({}), &[ANY], &[], &["missing-required-error"]),
        ("TransferContactToQueue", json!({ "QueueId": "x" }), &[FULL, ANY], &[], &["unknown-parameter"]),
        ("UpdateContactTargetQueue", json!({ "AgentId": "x" }), &[ANY], &[], &[]),
        ("UpdateContactTargetQueue", json!({}), &[ANY], &[], &["none-of-required-parameters"]),
        ("CheckMetricData", json!({ "MetricType": "x", "QueueId": "x" }), &[NONE, ANY], &[("Equals", "1")], &[]),
        ("CheckMetricData", json!({ "MetricType": "x", "QueueId": "x" }), &[NONE, ANY], &[], &["wrong-conditions"]),
        ("UpdateContactAttributes", json!({ "Attributes": tags(99) }), &[ANY], &[], &[]),
        (
            "UpdateContactAttributes",
            json!({ "Attributes": tags(1), "TargetContact": "Other" }),
            &[ANY],
            &[],
            &["bad-parameter-value"],
        ),
        ("UpdateFlowAttributes", json!({ "FlowAttributes": { "k": { "Value": "v" } } }), &[ANY], &[], &[]),
        ("UpdateFlowAttributes", json!({ "FlowAttributes": { "k": "v" } }), &[ANY], &[], &["bad-parameter-value"]),
        ("UpdateContactEventHooks", json!({ "EventHooks": { "PauseContact": "x" } }), &[ANY], &[], &[]),
        ("UpdateContactEventHooks", json!({ "EventHooks": { "Other": "x" } }), &[ANY], &[], &["bad-parameter-value"]),
        ("TagContact", json!({ "Tags": tags(6) }), &[ANY], &[], &[]),
        ("TagContact", json!({ "Tags": tags(7) }), &[ANY], &[], &["bad-parameter-value"]),
        ("UntagContact", json!({ "TagKeys": ["x"] }), &[ANY], &[], &[]),
        ("UntagContact", json!({ "TagKeys": [] }), &[ANY], &[], &["bad-parameter-value"]),
        (
            "UpdateContactCallbackNumber",
            json!({ "CallbackNumber": "$.Attributes.x" }),
            &["InvalidCallbackNumber", "CallbackNumberNotDialable", ANY],
            &[],
            &["error-not-allowed"],
        ),
        (
            "UpdateContactCallbackNumber",
            json!({ "CallbackNumber": "+1" }),
            &["InvalidCallbackNumber", "CallbackNumberNotDialable"],
            &[],
            &["bad-parameter-value"],
        ),
        ("UpdateContactRoutingBehavior", json!({ "QueuePriority": "1" }), &[], &[], &[]),
        ("UpdateContactRoutingBehavior", json!({ "QueuePriority": "1" }), &[ANY], &[], &["error-not-allowed"]),
        ("UpdateFlowLoggingBehavior", json!({ "FlowLoggingBehavior": "Enabled" }), &[ANY], &[], &["error-not-allowed"]),
        ("UpdateContactRecordingBehavior", json!({ "RecordingBehavior": {} }), &[ANY], &[], &["error-not-allowed"]),
        (
            "UpdateContactRecordingAndAnalyticsBehavior",
            json!({ "ChatBehavior": {} }),
            &[ANY, "ChannelMismatch"],
            &[],
            &["missing-required-error"],
        ),
        (
            "UpdateContactRecordingAndAnalyticsBehavior",
            json!({ "VoiceBehavior": {} }),
            &[ANY, "ChannelMismatch"],
            &[],
            &[],
        ),
        ("ShowView", json!({ "ViewResource": { "Id": "x" } }), &[NONE, ANY], &[], &["missing-required-error"]),
        ("ShowView", json!({ "ViewResource": { "Id": "x" } }), &[NONE, ANY, "TimeLimitExceeded"], &[], &[]),
        (
            "InvokeLambdaFunction",
            json!({ "LambdaFunctionARN": "x", "InvocationTimeLimitSeconds": 8 }),
            &[ANY],
            &[],
            &[],
        ),
        (
            "InvokeLambdaFunction",
            json!({ "LambdaFunctionARN": "x", "InvocationTimeLimitSeconds": "9" }),
            &[ANY],
            &[],
            &["bad-parameter-value"],
        ),
        (
            "InvokeLambdaFunction",
            json!({ "LambdaFunctionARN": "x", "InvocationTimeLimitSeconds": "60", "InvocationType": "ASYNCHRONOUS" }),
            &[ANY],
            &[],
            &[],
        ),
        (
            "InvokeLambdaFunction",
            json!({ "LambdaFunctionARN": "x", "InvocationTimeLimitSeconds": 61, "InvocationType": "ASYNCHRONOUS" }),
            &[ANY],
            &[],
            &["bad-parameter-value"],
        ),
        (
            "InvokeLambdaFunction",
            json!({ "LambdaFunctionARN": "x", "InvocationTimeLimitSeconds": 9, "InvocationType": "SYNCHRONOUS" }),
            &[ANY],
            &[],
            &["bad-parameter-value"],
        ),
        ("ConnectParticipantWithLexBot", json!({ "LexV2Bot": {}, "Text": "x" }), &[NONE, ANY], &[], &[]),
        (
            "ConnectParticipantWithLexBot",
            json!({ "LexV2Bot": {}, "LexBot": {} }),
            &[NONE, ANY],
            &[],
            &["both-of-exclusive-parameters"],
        ),
        (
            "CreateCallbackContact",
            json!({ "InitialCallDelaySeconds": 1, "MaximumConnectionAttempts": "1", "RetryDelaySeconds": "1" }),
            &[ANY],
            &[],
            &["bad-parameter-value"],
        ),
        ("UpdateContactTextToSpeechVoice", json!({ "TextToSpeechVoice": "Amy" }), &[], &[], &[]),
        // Known by name only.
        ("CreateTask", json!({ "anything": [] }), &[], &[("Equals", "x")], &[]),
        ("RouteContactToAgent", json!({}), &[], &[], &[]),
    ]
}

#[test]
fn types_are_valid_at_their_limits_and_invalid_beyond() {
    for (kind, parameters, errors, conditions, expected) in cases() {
        let text = content(kind, &parameters, errors, conditions);
        assert_eq!(kinds(&text, Some(Home::ContactFlow)), expected, "{text}");
    }
}

#[test]
fn actions_are_allowed_only_where_the_guide_allows_them() {
    use Home::{
        AgentHold, AgentTransfer, AgentWhisper, ContactFlow, CustomerHold, CustomerQueue, CustomerWhisper, Module,
        OutboundWhisper, QueueTransfer,
    };
    let quiet = [CustomerWhisper, AgentWhisper, OutboundWhisper, CustomerHold, AgentHold];
    let elsewhere = Home::ALL.into_iter().filter(|home| !quiet.contains(home)).collect::<Vec<_>>();
    for (kind, homes) in [
        ("EndFlowExecution", vec![CustomerWhisper, AgentWhisper, OutboundWhisper, CustomerQueue]),
        ("EndFlowModuleExecution", vec![Module]),
        ("InvokeFlowModule", vec![ContactFlow, Module]),
        ("TransferContactToAgent", vec![AgentTransfer, QueueTransfer]),
        ("MessageParticipantIteratively", vec![CustomerQueue, CustomerHold, AgentHold]),
        ("DequeueContactAndTransferToQueue", vec![CustomerQueue]),
        ("GetParticipantInput", elsewhere.clone()),
        ("ConnectParticipantWithLexBot", elsewhere),
        ("MessageParticipant", Home::ALL.to_vec()),
    ] {
        for home in Home::ALL {
            let text = content(kind, &json!({}), &[], &[]);
            let rejected = check(&text, Some(home)).iter().any(|problem| problem.kind == "action-not-allowed-here");
            assert_eq!(rejected, !homes.contains(&home), "{kind} in {}", home.word());
        }
    }
}
