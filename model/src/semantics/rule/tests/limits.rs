//! Compares the tables of the function language and of references with a second transcription of the published limits:
//! at each limit, and one step beyond. A law over functions generated from a table cannot detect errors in the table.

use serde_json::{Value, json};

use crate::semantics::Context;
use crate::semantics::rule::contract;
use crate::semantics::rule::function::check;

fn function(operands: &[Value], filter: Option<Value>) -> String {
    let mut root = json!({ "Operator": "OR", "Operands": operands });
    if let Some(filter) = filter {
        root["FilterClause"] = filter;
    }
    json!({ "Version": "2022-11-25", "RuleFunction": root }).to_string()
}

fn leaf(operator: &str, operands: Value, path: &str, filters: &[Value]) -> Value {
    let mut leaf = json!({ "Operator": operator, "Operands": operands, "ComparisonValue": path, "Negate": false });
    if !filters.is_empty() {
        leaf["FilterClause"] = json!({ "LogicOperator": "AND", "Filters": filters });
    }
    leaf
}

fn filter(kind: &str, data: Value) -> Value {
    json!({ "Type": kind, "Data": data })
}

fn kinds(text: &str, source: &str) -> Vec<&'static str> {
    check(text, Some(source)).into_iter().map(|problem| problem.kind).collect()
}

#[test]
fn conditions_are_valid_at_their_limits_and_invalid_beyond() {
    const CALL: &str = "OnPostCallAnalysisAvailable";
    const CHAT: &str = "OnPostChatAnalysisAvailable";
    const LIVE: &str = "OnRealTimeCallAnalysisAvailable";
    let (le, ge, any, eq, has) =
        ("NumberLessOrEqualTo", "NumberGreaterOrEqualTo", "CONTAINS_ANY", "EQUALS", "CONTAINS");
    let role = [filter("ParticipantRole", json!("AGENT"))];
    let pattern = [role[0].clone(), filter("PatternMatchLanguageFilter", json!("EN"))];
    let expected: &[(&str, Value, &[&str])] = &[
        (CALL, leaf(ge, json!([-5]), "$.ContactLens.PostCall.Sentiment.OverallScore", &role), &[]),
        (CALL, leaf(ge, json!([5]), "$.ContactLens.PostCall.Sentiment.OverallScore", &role), &[]),
        (
            CALL,
            leaf(ge, json!([5.5]), "$.ContactLens.PostCall.Sentiment.OverallScore", &role),
            &["number-out-of-range"],
        ),
        (CALL, leaf(ge, json!([-6]), "$.ContactLens.PostCall.Sentiment.OverallScore", &role), &["number-out-of-range"]),
        (CALL, leaf(ge, json!([100]), "$.ContactLens.PostCall.Agent.NonTalkTimePct", &[]), &[]),
        (CALL, leaf(ge, json!([101]), "$.ContactLens.PostCall.Agent.NonTalkTimePct", &[]), &["number-out-of-range"]),
        (CALL, leaf(ge, json!([0.5]), "$.ContactLens.PostCall.Agent.NumberOfHolds", &[]), &["operand-type"]),
        (CHAT, leaf(le, json!([1]), "$.ContactLens.PostChat.ResponseTime.Agent.LongestTimeSecs", &[]), &[]),
        (
            CHAT,
            leaf(le, json!([0]), "$.ContactLens.PostChat.ResponseTime.Agent.LongestTimeSecs", &[]),
            &["number-out-of-range"],
        ),
        (CALL, leaf(ge, json!([9]), "$.ContactLens.PostCall.TalkTime.TotalTimeSecs", &[]), &["missing-filter"]),
        (CALL, leaf(ge, json!([9]), "$.ContactLens.PostCall.NonTalkTime.TotalTimeSecs", &[]), &[]),
        (CALL, leaf(any, json!(["x"]), "$.ContactLens.PostCall.ExactMatch.Transcript", &[]), &["missing-filter"]),
        (CALL, leaf(any, json!(["x"]), "$.ContactLens.PostCall.SemanticMatch.Transcript", &role), &[]),
        (
            LIVE,
            leaf(any, json!(["x"]), "$.ContactLens.RealTimeCall.SemanticMatch.Transcript", &role),
            &["unknown-comparison-path"],
        ),
        (CALL, leaf(eq, json!(["a", "b"]), "$.ContactLens.PostCall.SemanticMatch.Phrase", &[]), &["operand-count"]),
        (CALL, leaf(eq, json!([]), "$.ContactLens.PostCall.Queue.QueueId", &[]), &[]),
        (LIVE, leaf(eq, json!([]), "$.ContactLens.RealTimeCall.Queue.QueueId", &[]), &["operator-not-for-path"]),
        (LIVE, leaf(any, json!(["x"]), "$.ContactLens.RealTimeCall.Agent.AgentId", &[]), &[]),
        (
            LIVE,
            leaf(any, json!(["x"]), "$.ContactLens.RealTimeCall.Agent.RoutingProfile", &[]),
            &["unknown-comparison-path"],
        ),
        (LIVE, leaf(eq, json!(["POSITIVE"]), "$.ContactLens.RealTimeCall.Sentiment.State", &role), &[]),
        (
            LIVE,
            leaf(eq, json!(["MIXED"]), "$.ContactLens.RealTimeCall.Sentiment.State", &role),
            &["operand-unknown-value"],
        ),
        (
            CHAT,
            leaf(
                any,
                json!([[{ "Type": "LIST", "Value": [{ "Type": "PLAIN", "Value": "x" }] }]]),
                "$.ContactLens.PostChat.PatternMatch.Transcript",
                &pattern,
            ),
            &[],
        ),
        (
            CHAT,
            leaf(
                any,
                json!([[{ "Type": "PROXIMITY", "Value": { "Distance": 3 } }]]),
                "$.ContactLens.PostChat.PatternMatch.Transcript",
                &pattern,
            ),
            &["bad-pattern-object"],
        ),
        (CHAT, leaf(any, json!(["x:1"]), "$.ContactLens.PostChat.AiAgent.IdWithVersion", &[]), &[]),
        ("OnEmailAnalysisAvailable", leaf(eq, json!(["v"]), "$.ContactLens.Email.ContactAttribute.k", &[]), &[]),
        (
            "OnContactEvaluationSubmit",
            leaf(ge, json!([1]), "$.ContactLens.ContactEvaluation.Form.Score", &[]),
            &["form-not-first"],
        ),
        ("OnZendeskTicketCreate", leaf(eq, json!(["x"]), "$.ThirdParty.Zendesk.TicketCreate.Status", &[]), &[]),
        (
            "OnZendeskTicketCreate",
            leaf(eq, json!(["x"]), "$.ThirdParty.Zendesk.TicketCreate.Tags", &[]),
            &["operator-not-for-path"],
        ),
        (
            "OnZendeskTicketStatusUpdate",
            leaf(eq, json!(["x"]), "$.ThirdParty.Zendesk.TicketCreate.Status", &[]),
            &["path-of-another-source"],
        ),
        (
            "OnSalesforceCaseCreate",
            leaf(has, json!(["x"]), "$.ThirdParty.Salesforce.CaseCreate.CustomAttribute.k", &[]),
            &[],
        ),
        ("OnCaseUpdate", leaf(ge, json!(["2026-01-31T12:00:00Z"]), "$.Case.Fields.created_datetime", &[]), &[]),
        ("OnCaseUpdate", leaf(ge, json!([1767225600]), "$.Case.Fields.created_datetime", &[]), &["operand-type"]),
        ("OnCaseCreate", leaf(any, json!(["x"]), "$.Case.Fields.case_reason", &[]), &["operator-not-for-path"]),
        ("OnSlaBreach", leaf(any, json!(["x"]), "$.RelatedItem.SlaConfiguration.Name", &[]), &[]),
    ];
    for (source, condition, expected) in expected {
        assert_eq!(kinds(&function(std::slice::from_ref(condition), None), source), *expected, "{condition}");
    }
}

#[test]
fn rules_have_at_most_twenty_conditions() {
    let one = leaf("CONTAINS_ANY", json!(["x"]), "$.Case.TemplateId", &[]);
    assert_eq!(kinds(&function(&vec![one.clone(); 20], None), "OnCaseCreate"), [""; 0]);
    assert_eq!(kinds(&function(&vec![one; 21], None), "OnCaseCreate"), ["too-many-conditions"]);
}

#[test]
fn metrics_are_valid_at_their_limits_and_invalid_beyond() {
    let ids = |count: usize| filter("MetricDataFilterByQueue", vec!["q"; count].into());
    let window = |name: &str, seconds: u32| filter(name, json!({ "Past": seconds }));
    let now = |filters: &[Value]| leaf("NumberLessOrEqualTo", json!([1]), "$.MetricData.CONTACTS_IN_QUEUE", filters);
    let past = |filters: &[Value]| leaf("NumberLessOrEqualTo", json!([1]), "$.MetricData.AVG_HOLD_TIME", filters);
    let level = |filters: &[Value]| leaf("NumberLessOrEqualTo", json!([1]), "$.MetricData.SERVICE_LEVEL", filters);
    let under = |comparison: &str| {
        filter("MetricDataThresholdSeconds", json!({ "Comparison": comparison, "ThresholdValue": 60 }))
    };
    let (period, duration) = ("MetricDataPeriodSeconds", "MetricDataDurationSeconds");
    let level_one = |count: usize| filter("MetricDataFilterByAgentHierarchyLevelOne", vec!["h"; count].into());
    let expected: &[(Vec<Value>, &[&str])] = &[
        (vec![now(&[ids(25)])], &[]),
        (vec![now(&[ids(26)])], &["filter-data"]),
        (vec![now(&[level_one(1)])], &[]),
        (vec![now(&[level_one(2)])], &["filter-data"]),
        (vec![now(&[])], &["metric-without-dimension"]),
        (vec![now(&[ids(1), level_one(1)])], &["metric-without-dimension"]),
        (vec![now(&[ids(1)]); 10], &[]),
        (vec![now(&[ids(1)]); 11], &["metric-too-many-conditions"]),
        (vec![past(&[ids(1), window(duration, 86_399)])], &[]),
        (vec![past(&[ids(1), window(period, 1)])], &[]),
        (vec![past(&[ids(1), window(duration, 86_400)])], &["filter-data"]),
        (vec![past(&[ids(1)])], &["missing-filter"]),
        (vec![level(&[ids(1), window(duration, 1), under("LT")])], &[]),
        (vec![level(&[ids(1), window(duration, 1), under("GT")])], &["filter-data"]),
        (vec![level(&[ids(1), window(duration, 1)])], &["missing-filter"]),
    ];
    let grouping = |word: &str| {
        Some(json!({ "LogicOperator": "AND", "Filters": [{ "Type": "MetricDataGrouping", "Data": [word] }] }))
    };
    let group = |conditions: &Vec<Value>| json!({ "Operator": "AND", "Operands": conditions });
    for (conditions, expected) in expected {
        let text = function(&[group(conditions)], grouping("QUEUE"));
        assert_eq!(kinds(&text, "OnMetricDataUpdate"), *expected, "{text}");
    }
    let one = group(&vec![now(&[ids(1)])]);
    for (groups, word, expected) in
        [(2, "FLOW", &[][..]), (3, "AGENT", &["metric-too-many-groups"]), (1, "CHANNEL", &["filter-data"])]
    {
        assert_eq!(kinds(&function(&vec![one.clone(); groups], grouping(word)), "OnMetricDataUpdate"), *expected);
    }
}

#[test]
fn references_have_4096_bytes_in_all() {
    for (first, second, expected) in [(2048, 2048, &[][..]), (2048, 2049, &["references-too-large"])] {
        // Characters of two bytes, because bytes count.
        let value = |bytes: usize| format!("{}{}", "é".repeat(bytes / 2), "e".repeat(bytes % 2));
        let references = json!({
            "a": { "Type": "STRING", "Value": value(first) }, "b": { "Type": "STRING", "Value": value(second) },
        });
        let task = json!({ "Name": "n", "ContactFlowId": "f", "References": references });
        let input = json!({ "Actions": [{ "ActionType": "CREATE_TASK", "TaskAction": task }] });
        let found = contract::check(&input, &Context::default());
        assert_eq!(found.iter().map(|problem| problem.kind).collect::<Vec<_>>(), *expected);
    }
}
