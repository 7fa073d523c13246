//! Laws of the rules between the members of a rule: each cell has an input that satisfies or breaks it, and each breach
//! has an input with that problem only.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::seeded;
use crate::generate::Side;
use crate::generate::side_shape;
use crate::schema::Schema;
use crate::semantics::rule::actions::{Verdict, cells};
use crate::semantics::rule::sources::EVENT_SOURCES;
use crate::semantics::rule::{ACTIONS, FUNCTION, check, make};
use crate::semantics::{Confidence, Context, breaches, broken};
use crate::validate::validate;

/// A valid input for the service model with these members.
fn complete(operation: &str, members: &Map<String, Value>) -> Value {
    let id = "00000000-0000-4000-8000-000000000001";
    let mut input = json!({"InstanceId": id, "Name": "ct-1", "PublishStatus": "DRAFT"});
    if operation == "UpdateRule" {
        input["RuleId"] = id.into();
    }
    for (name, value) in members {
        input[name] = value.clone();
    }
    let schema = Schema::connect();
    let operation = schema.operation_named(operation).unwrap();
    let violations = validate(schema, side_shape(schema, operation, Side::Input).unwrap(), &input);
    assert_eq!(violations, [], "{input}");
    input
}

fn kinds(input: &Value, context: &Context<'_>) -> Vec<&'static str> {
    check(input, context).into_iter().map(|(_, problem)| problem.kind).collect()
}

#[test]
fn rules_of_permitted_cells_have_no_problem() {
    let mut permitted = 0;
    for cell in cells().iter().filter(|cell| cell.verdict == Verdict::Permitted) {
        permitted += 1;
        for seed in 0..50 {
            let members = seeded(seed, cell.breach.kind, |u| make::rule(cell.source, Some(cell.action), u));
            let input = complete("CreateRule", &members);
            assert_eq!(kinds(&input, &Context::default()), [""; 0], "{}: {input}", cell.breach.kind);
            assert!(members["Actions"].as_array().unwrap().iter().any(|one| one["ActionType"] == cell.action.name));
        }
    }
    assert_eq!(permitted, 42);
}

#[test]
fn rules_on_every_source_have_no_problem() {
    for source in EVENT_SOURCES {
        for seed in 0..200 {
            let members = seeded(seed, source.name, |u| make::rule(source, None, u));
            let input = complete("CreateRule", &members);
            assert_eq!(kinds(&input, &Context::default()), [""; 0], "{input}");
        }
    }
}

#[test]
fn every_breach_of_a_creation_is_possible_and_the_only_problem() {
    let all = breaches("CreateRule");
    assert_eq!(all.iter().map(|breach| breach.kind).collect::<BTreeSet<_>>().len(), all.len(), "kinds are unique");
    for breach in all {
        for seed in 0..60 {
            let made = seeded(seed, breach.kind, |u| broken("CreateRule", breach, &Context::default(), u));
            let made = made.unwrap_or_else(|| unreachable!("{} is impossible", breach.kind));
            let (valid, invalid) = (complete("CreateRule", &made.valid), complete("CreateRule", &made.invalid));
            assert_eq!(kinds(&valid, &Context::default()), [""; 0], "{}: {valid}", breach.kind);
            let problems = check(&invalid, &Context::default());
            assert_eq!(problems.len(), 1, "{}: {problems:?} {invalid}", breach.kind);
            assert_eq!((problems[0].0, problems[0].1.kind), (breach.language, breach.kind));
            assert_eq!(problems[0].1.confidence, breach.confidence);
        }
    }
}

#[test]
fn breaches_of_an_update_depend_on_the_updated_rule() {
    for source in EVENT_SOURCES {
        let context = Context { event_source: Some(source.name), ..Context::default() };
        let mut made = 0;
        for breach in breaches("UpdateRule") {
            let found = seeded(1, breach.kind, |u| broken("UpdateRule", breach, &context, u));
            let Some(found) = found else { continue };
            made += 1;
            let (valid, invalid) = (complete("UpdateRule", &found.valid), complete("UpdateRule", &found.invalid));
            assert!(valid.get("TriggerEventSource").is_none());
            assert_eq!(kinds(&valid, &context), [""; 0], "{}: {valid}", breach.kind);
            assert_eq!(kinds(&invalid, &context), [breach.kind], "{invalid}");
        }
        assert!(made >= 3, "{}: {made}", source.name);
    }
    let context = Context { event_source: Some("OnCaseCreate"), ..Context::default() };
    let other = breaches("UpdateRule").into_iter().find(|breach| breach.kind == "update-case-for-metric-data-update");
    assert_eq!(seeded(1, "other", |u| broken("UpdateRule", other.unwrap(), &context, u)), None);
}

#[test]
fn undocumented_cells_have_low_confidence() {
    let low = |kind: &str| cells().iter().find(|cell| cell.breach.kind == kind).unwrap().breach.confidence;
    assert_eq!(low("assign-sla-for-case-create"), Confidence::Low);
    assert_eq!(low("create-task-for-case-create"), Confidence::Low);
    assert_eq!(low("create-case-for-case-create"), Confidence::Medium);
    assert_eq!(low("send-notification-for-alert-update"), Confidence::Low);
    let languages: BTreeSet<&str> = breaches("UpdateRule").iter().map(|breach| breach.language).collect();
    assert_eq!(languages, BTreeSet::from([ACTIONS, FUNCTION]));
    assert!(breaches("DescribeRule").is_empty());
}

#[test]
fn safest_rule_has_no_problem() {
    let function = r#"{"Version":"2022-11-25","RuleFunction":{"Operator":"OR","Operands":[{"Operator":"CONTAINS_ANY","Operands":["zzqx probe phrase"],"ComparisonValue":"$.ContactLens.RealTimeCall.ExactMatch.Transcript","FilterClause":{"LogicOperator":"AND","Filters":[{"Type":"ParticipantRole","Data":"ANY"}]},"Negate":false}]}}"#;
    let rule = json!({
        "Name": "ct-20260101-ab12",
        "TriggerEventSource": {"EventSourceName": "OnRealTimeCallAnalysisAvailable"},
        "Function": function,
        "Actions": [{"ActionType": "ASSIGN_CONTACT_CATEGORY", "AssignContactCategoryAction": {}}],
        "PublishStatus": "DRAFT",
        "ClientToken": "00000000-0000-4000-8000-000000000001",
        "Tags": {"contract-test": "run-ab12"},
    });
    assert_eq!(kinds(&rule, &Context::default()), [""; 0]);
}

#[test]
fn values_of_any_type_are_checked_without_a_panic() {
    for input in [
        json!(null),
        json!([]),
        json!({"Actions": {}, "Name": 1, "TriggerEventSource": []}),
        json!({"Actions": [null, 1, {"ActionType": 1}, {"ActionType": "CREATE_CASE", "CreateCaseAction": {"Fields": [1, {"Value": 1}]}}]}),
        json!({"Actions": [{"ActionType": "CREATE_TASK", "TaskAction": {"References": {"a": 1}}}], "Function": "{"}),
    ] {
        let context = Context { event_source: Some("OnCaseUpdate"), ..Context::default() };
        assert!(check(&input, &context).len() < 10, "{input}");
    }
}
