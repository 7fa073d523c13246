//! Laws of the function language: generated functions are valid, each fault gives its own problem only, and reading
//! loses nothing.

use std::collections::BTreeMap;

use serde_json::Value;

use super::seeded;
use crate::semantics::rule::function::{FAULTS, Function, MOST_CONDITIONS, Size, check, make};
use crate::semantics::rule::sources::EVENT_SOURCES;

const SEEDS: u64 = 100_000;

#[test]
fn functions_of_every_source_have_no_problem() {
    for seed in 0..SEEDS {
        let source = &EVENT_SOURCES[(seed % EVENT_SOURCES.len() as u64) as usize];
        let text = seeded(seed, "valid", |u| make(Some(source), Size::SMALL, u)).to_string();
        assert_eq!(check(&text, Some(source.name)), [], "{} {text}", source.name);
    }
}

#[test]
fn large_functions_and_functions_without_a_source_have_no_problem() {
    let mut most = 0;
    for seed in 0..5_000 {
        let source = &EVENT_SOURCES[(seed % EVENT_SOURCES.len() as u64) as usize];
        let function = seeded(seed, "large", |u| make(Some(source), Size::LARGE, u));
        most = most.max(function.root.conditions());
        let text = function.to_string();
        assert_eq!(check(&text, Some(source.name)), [], "{} {text}", source.name);
        let text = seeded(seed, "any", |u| make(None, Size::SMALL, u)).to_string();
        assert_eq!(check(&text, None), [], "{text}");
    }
    assert_eq!(most, MOST_CONDITIONS, "the limit is reached");
}

#[test]
fn empty_bytes_give_a_function() {
    for source in EVENT_SOURCES {
        let text = make(Some(source), Size::LARGE, &mut arbitrary::Unstructured::new(&[])).to_string();
        assert_eq!(check(&text, Some(source.name)), [], "{} {text}", source.name);
    }
}

#[test]
fn each_fault_gives_only_its_own_problem() {
    let mut made: BTreeMap<&str, usize> = BTreeMap::new();
    for fault in FAULTS {
        for seed in 0..120 {
            for source in EVENT_SOURCES.iter().filter(|source| source.root.is_some()) {
                let label = fault.breach.kind;
                let Some((valid, invalid)) = seeded(seed, label, |u| fault.commit(source, u)) else { continue };
                *made.entry(label).or_default() += 1;
                assert_eq!(check(&valid, Some(source.name)), [], "{label} {}: {valid}", source.name);
                let problems = check(&invalid, Some(source.name));
                let kinds: Vec<&str> = problems.iter().map(|problem| problem.kind).collect();
                assert_eq!(kinds, [label], "{}: {invalid} {problems:?}", source.name);
                assert_eq!(problems[0].confidence, fault.breach.confidence);
            }
        }
    }
    for fault in FAULTS {
        assert!(made.get(fault.breach.kind).is_some_and(|count| *count >= 100), "{}: {made:?}", fault.breach.kind);
    }
}

#[test]
fn problems_have_places() {
    let text = r#"{"Version":"2022-11-25","RuleFunction":{"Operator":"AND","Operands":[
        {"Operator":"EQUALS","Operands":[],"ComparisonValue":"$.ContactLens.PostCall.Queue.QueueId"},
        {"Operator":"OR","Operands":[{"Operator":"NumberLessOrEqualTo","Operands":[9],
            "ComparisonValue":"$.ContactLens.PostCall.Sentiment.OverallScore",
            "FilterClause":{"LogicOperator":"OR","Filters":[{"Type":"ParticipantRole","Data":"NOBODY"}]}}]}]}}"#;
    let found: Vec<(String, &str)> =
        check(text, Some("OnPostCallAnalysisAvailable")).into_iter().map(|p| (p.path, p.kind)).collect();
    let leaf = "/RuleFunction/Operands/1/Operands/0";
    assert_eq!(
        found,
        [
            (format!("{leaf}/FilterClause/LogicOperator"), "filter-logic-operator"),
            (format!("{leaf}/Operands/0"), "number-out-of-range"),
            (format!("{leaf}/FilterClause/Filters/0/Data"), "filter-data"),
        ]
    );
}

#[test]
fn undocumented_sources_are_checked_by_form_only() {
    let text = r#"{"Version":"2022-11-25","RuleFunction":{"Operator":"AND","Operands":[
        {"Operator":"EQUALS","Operands":["a","b"],"ComparisonValue":"$.Schedule.Whatever"}]}}"#;
    assert_eq!(check(text, Some("OnSchedulePublish")), []);
    assert_eq!(check(text, Some("OnNobodyKnows")), []);
    assert_eq!(check(text, Some("OnCaseCreate")).len(), 1);
    assert_eq!(check(&text.replace("2022", "2023"), Some("OnSchedulePublish")).len(), 1);
}

/// Functions that are published or were observed to work.
const EXAMPLES: &[(&str, &str)] = &[
    (
        "OnRealTimeCallAnalysisAvailable",
        r#"{"Version":"2022-11-25","RuleFunction":{"Operator":"OR","Operands":[{"Operator":"CONTAINS_ANY","Operands":["zzqx probe phrase"],"ComparisonValue":"$.ContactLens.RealTimeCall.ExactMatch.Transcript","FilterClause":{"LogicOperator":"AND","Filters":[{"Type":"ParticipantRole","Data":"ANY"}]},"Negate":false}]}}"#,
    ),
    (
        "OnPostCallAnalysisAvailable",
        r#"{"Version":"2022-11-25","RuleFunction":{"Operator":"AND","Operands":[{"Operator":"AND","Operands":[
        {"Operator":"NumberGreaterOrEqualTo","Operands":[1],"ComparisonValue":"$.ContactLens.PostCall.Sentiment.Score.Beginning",
         "FilterClause":{"LogicOperator":"AND","Filters":[{"Type":"ParticipantRole","Data":"CUSTOMER"}]},"Negate":false},
        {"Operator":"NumberLessOrEqualTo","Operands":[-2],"ComparisonValue":"$.ContactLens.PostCall.Sentiment.Score.End",
         "FilterClause":{"LogicOperator":"AND","Filters":[{"Type":"ParticipantRole","Data":"CUSTOMER"}]},"Negate":false}]},
        {"Operator":"EQUALS","Operands":[],"ComparisonValue":"$.ContactLens.PostCall.Queue.QueueId","Negate":false}]}}"#,
    ),
    (
        "OnMetricDataUpdate",
        r#"{"Version":"2022-11-25","RuleFunction":{"Operator":"OR","Operands":[{"Operator":"AND","Operands":[
        {"Operator":"NumberGreaterOrEqualTo","Operands":[40],"ComparisonValue":"$.MetricData.CONTACTS_IN_QUEUE","FilterClause":
        {"LogicOperator":"AND","Filters":[{"Type":"MetricDataFilterByQueue","Data":["00000000-0000-4000-8000-00000000000a"]}]},
        "Negate":false}]}],"FilterClause":{"LogicOperator":"AND","Filters":[{"Type":"MetricDataGrouping","Data":["QUEUE"]}]}}}"#,
    ),
    (
        "OnPostChatAnalysisAvailable",
        r#"{"Version":"2022-11-25","RuleFunction":{"Operator":"AND","Operands":[{"Operator":"CONTAINS_ANY","Operands":[[
        {"Type":"PLAIN","Value":"cancel"},{"Type":"PROXIMITY","Value":{"Distance":3,"IsWithin":true}},{"Type":"PLAIN","Value":"order"}]],
        "ComparisonValue":"$.ContactLens.PostChat.PatternMatch.Transcript","FilterClause":{"LogicOperator":"AND","Filters":[
        {"Type":"ParticipantRole","Data":"CUSTOMER"},{"Type":"PatternMatchLanguageFilter","Data":"EN"}]},"Negate":false}]}}"#,
    ),
    (
        "OnRealTimeCallAnalysisAvailable",
        r#"{"Version":"2022-11-25","RuleFunction":{"Operator":"AND","Operands":[{"Operator":"CONTAINS_ANY","Operands":["refund"],
        "ComparisonValue":"$.ContactLens.RealTimeCall.ExactMatch.Transcript","FilterClause":{"LogicOperator":"AND","Filters":[
        {"Type":"ParticipantRole","Data":"CUSTOMER"}]},"Negate":false},{"Operator":"CONTAINS_ANY","Operands":
        ["11111111-1234-5678-9123-12345678012"],"ComparisonValue":"$.ContactLens.RealTimeCall.Queue.QueueId","Negate":false}]}}"#,
    ),
];

#[test]
fn published_functions_have_no_problem() {
    for (source, text) in EXAMPLES {
        assert_eq!(check(text, Some(source)), [], "{text}");
        assert_eq!(check(text, None), [], "{text}");
    }
}

#[test]
fn common_form_without_rule_function_is_rejected() {
    let text = r#"{"Version":"2022-11-25","Operator":"AND","Operands":[]}"#;
    assert_eq!(check(text, None).iter().map(|problem| problem.kind).collect::<Vec<_>>(), ["malformed"]);
}

#[test]
fn reading_and_writing_loses_nothing() {
    let round = |text: &str| {
        let value: Value = serde_json::from_str(text).unwrap();
        let function = Function::parse(text).unwrap();
        assert_eq!(function.to_json(), value, "{text}");
        assert_eq!(serde_json::from_str::<Value>(&function.to_string()).unwrap(), value, "{text}");
    };
    EXAMPLES.iter().for_each(|(_, text)| round(text));
    round(
        r#"{"Version":"x","new":[1],"RuleFunction":{"Operator":"OR","more":{"a":null},"Operands":[
        {"Operator":"NEW","Operands":[1.5,null,{"a":[]}],"ComparisonValue":"","odd":"","FilterClause":
        {"LogicOperator":"OR","Filters":[{"Type":"","Data":null,"else":0}],"x":1}}]}}"#,
    );
    for seed in 0..2_000 {
        round(&seeded(seed, "round", |u| make(None, Size::LARGE, u)).to_string());
    }
}
