//! Lists, searches, filters and pages.

use std::collections::BTreeSet;

use crate::tests::*;

/// The names in a list, page by page.
fn all_pages(service: &Service, operation: &str, items: &str, input: Value) -> Vec<Vec<String>> {
    let mut input = input;
    let mut pages = Vec::new();
    loop {
        let page = call(service, operation, input.clone()).unwrap();
        let names = page[items].as_array().unwrap().iter().map(|item| item["Name"].as_str().unwrap().to_owned());
        pages.push(names.collect());
        match page.get("NextToken") {
            Some(token) => input["NextToken"] = token.clone(),
            None => return pages,
        }
        assert!(pages.len() < 100, "the list does not end");
    }
}

const LISTS: [(&str, &str); 6] = [
    ("ListRules", "RuleSummaryList"),
    ("ListContactFlows", "ContactFlowSummaryList"),
    ("ListContactFlowModules", "ContactFlowModulesSummaryList"),
    ("SearchRules", "Rules"),
    ("SearchContactFlows", "ContactFlows"),
    ("SearchContactFlowModules", "ContactFlowModules"),
];

fn seeded(resources: usize) -> Service {
    Service::new(Schema::connect(), &Config { resources, ..Config::default() })
}

#[test]
fn every_list_shows_everything_once() {
    let service = seeded(7);
    for (operation, items) in LISTS {
        for size in [1, 3, 7, 50] {
            let pages = all_pages(&service, operation, items, json!({ "MaxResults": size }));
            assert_eq!(pages.len(), 7_usize.div_ceil(size), "{operation} by {size}");
            assert!(pages.iter().all(|page| page.len() <= size));
            assert_eq!(pages.concat().iter().collect::<BTreeSet<_>>().len(), 7, "{operation} by {size}");
        }
    }
    assert_eq!(all_pages(&seeded(205), "ListContactFlows", "ContactFlowSummaryList", json!({})).len(), 3);
}

#[test]
fn foreign_and_altered_tokens_are_rejected() {
    let service = seeded(5);
    let token = |operation| call(&service, operation, json!({ "MaxResults": 2 })).unwrap()["NextToken"].clone();
    for (operation, _) in LISTS {
        let own = token(operation);
        let altered = own.as_str().unwrap().replace(|c: char| c.is_ascii_digit(), "5");
        let foreign = token(if operation == "ListRules" { "SearchRules" } else { "ListRules" });
        for bad in [json!(altered), foreign, json!("garbage")] {
            let answer = call(&service, operation, json!({ "NextToken": bad }));
            assert_eq!(code_of(answer), code("InvalidRequestException", 400), "{operation} {bad}");
        }
        let again = || call(&service, operation, json!({ "NextToken": own })).unwrap();
        assert_eq!(again(), again());
    }
    let filtered = json!({ "NextToken": token("ListRules"), "PublishStatus": "DRAFT" });
    assert_eq!(code_of(call(&service, "ListRules", filtered)), code("InvalidRequestException", 400));
    let arn = format!("arn:aws:connect:us-east-1:111122223333:instance/{DEFAULT_INSTANCE_ID}");
    call(&service, "ListRules", json!({ "NextToken": token("ListRules"), "InstanceId": arn })).unwrap();
}

#[test]
fn paging_survives_deletions_and_creations() {
    let service = service();
    let ids: Vec<String> = (0..6).map(|n| created(&service, "CreateRule", rule(&format!("r{n}")))).collect();
    let first = call(&service, "ListRules", json!({ "MaxResults": 3 })).unwrap();
    for gone in [0, 2, 4] {
        call(&service, "DeleteRule", json!({ "RuleId": ids[gone] })).unwrap();
    }
    created(&service, "CreateRule", rule("new"));
    let rest = all_pages(&service, "ListRules", "RuleSummaryList", json!({ "NextToken": first["NextToken"] }));
    assert_eq!(rest.concat(), ["r3", "r5", "new"]);
}

#[test]
fn lists_apply_filters() {
    let service = service();
    created(&service, "CreateContactFlow", flow("plain"));
    created(&service, "CreateContactFlow", with(flow("whisper"), json!({ "Type": "AGENT_WHISPER" })));
    created(&service, "CreateContactFlow", with(flow("hold"), json!({ "Type": "AGENT_HOLD" })));
    let names = |operation: &str, items: &str, input: Value| all_pages(&service, operation, items, input).concat();
    let flows =
        |types: Value| names("ListContactFlows", "ContactFlowSummaryList", json!({ "ContactFlowTypes": types }));
    assert_eq!(flows(json!(["AGENT_WHISPER", "AGENT_HOLD"])), ["whisper", "hold"]);
    assert_eq!(flows(json!(["CONTACT_FLOW"])), ["plain"]);
    assert_eq!(flows(json!(["CAMPAIGN"])).len(), 0);
    assert_eq!(flows(json!([])).len(), 3);

    created(&service, "CreateRule", rule("draft"));
    let published = json!({ "PublishStatus": "PUBLISHED", "TriggerEventSource": { "EventSourceName": "OnRealTimeChatAnalysisAvailable" } });
    created(&service, "CreateRule", with(rule("published"), published));
    let rules = |input| names("ListRules", "RuleSummaryList", input);
    assert_eq!(rules(json!({ "PublishStatus": "DRAFT" })), ["draft"]);
    assert_eq!(rules(json!({ "EventSourceName": "OnRealTimeChatAnalysisAvailable" })), ["published"]);
    assert_eq!(
        rules(json!({ "EventSourceName": "OnRealTimeChatAnalysisAvailable", "PublishStatus": "DRAFT" })).len(),
        0
    );

    created(&service, "CreateContactFlowModule", module("active"));
    let old = created(&service, "CreateContactFlowModule", module("archived"));
    let archive = json!({ "ContactFlowModuleId": old, "State": "ARCHIVED" });
    call(&service, "UpdateContactFlowModuleMetadata", archive).unwrap();
    let modules = |state| {
        names("ListContactFlowModules", "ContactFlowModulesSummaryList", json!({ "ContactFlowModuleState": state }))
    };
    assert_eq!(modules("ARCHIVED"), ["archived"]);
    assert_eq!(modules("ACTIVE"), ["active"]);
}

fn text(field: &str, comparison: &str, value: &str) -> Value {
    json!({ "StringCondition": { "FieldName": field, "ComparisonType": comparison, "Value": value } })
}

#[test]
fn searches_apply_criteria_and_filters() {
    let service = service();
    for (name, kind, status, tags) in [
        ("alpha", "CONTACT_FLOW", "PUBLISHED", json!({ "team": "a", "env": "dev" })),
        ("alphabet", "CONTACT_FLOW", "SAVED", json!({ "team": "b" })),
        ("beta", "AGENT_HOLD", "PUBLISHED", json!({ "team": "a" })),
    ] {
        let more = json!({ "Type": kind, "Status": status, "Tags": tags, "Description": format!("about {name}") });
        created(&service, "CreateContactFlow", with(flow(name), more));
    }
    let found = |criteria: Value, filter: Value| {
        let input = json!({ "SearchCriteria": criteria, "SearchFilter": filter });
        let total = call(&service, "SearchContactFlows", with(input.clone(), json!({ "MaxResults": 1 }))).unwrap();
        let names = all_pages(&service, "SearchContactFlows", "ContactFlows", input).concat();
        assert_eq!(total["ApproximateTotalCount"], names.len());
        names
    };
    let by = |criteria| found(criteria, json!({}));
    assert_eq!(by(json!({})).len(), 3);
    assert_eq!(by(text("name", "EXACT", "alpha")), ["alpha"]);
    assert_eq!(by(text("name", "STARTS_WITH", "alpha")), ["alpha", "alphabet"]);
    assert_eq!(by(text("name", "CONTAINS", "et")), ["alphabet", "beta"]);
    assert_eq!(by(text("description", "STARTS_WITH", "about b")), ["beta"]);
    assert_eq!(by(text("Name", "EXACT", "alpha")).len(), 0);
    let (et, contact_flow) = (text("name", "CONTAINS", "et"), json!({ "TypeCondition": "CONTACT_FLOW" }));
    assert_eq!(by(json!({ "AndConditions": [et, contact_flow] })), ["alphabet"]);
    assert_eq!(by(json!({ "OrConditions": [et, contact_flow] })).len(), 3);
    assert_eq!(by(json!({ "StatusCondition": "SAVED" })), ["alphabet"]);
    assert_eq!(by(json!({ "StateCondition": "ARCHIVED" })).len(), 0);

    let tag = |key: &str, value: &str| json!({ "TagKey": key, "TagValue": value });
    let tagged = |filter: Value| found(json!({}), json!({ "TagFilter": filter }));
    assert_eq!(tagged(json!({ "TagCondition": tag("team", "a") })), ["alpha", "beta"]);
    assert_eq!(tagged(json!({ "AndConditions": [tag("team", "a"), tag("env", "dev")] })), ["alpha"]);
    assert_eq!(tagged(json!({ "OrConditions": [[tag("team", "b")], [tag("env", "dev")]] })), ["alpha", "alphabet"]);
    let attributes = |filter: Value| found(json!({}), json!({ "FlowAttributeFilter": filter }));
    let holds = json!({ "ContactFlowType": "AGENT_HOLD" });
    assert_eq!(attributes(json!({ "ContactFlowTypeCondition": holds })), ["beta"]);
    let both = json!({ "TagConditions": [tag("team", "a")], "ContactFlowTypeCondition": holds });
    assert_eq!(attributes(json!({ "AndCondition": both })), ["beta"]);
    assert_eq!(attributes(json!({ "OrConditions": [both, { "TagConditions": [tag("team", "b")] }] })).len(), 2);
}

#[test]
fn rules_and_modules_are_searchable() {
    let service = service();
    created(&service, "CreateRule", with(rule("one"), json!({ "Tags": { "k": "v" } })));
    created(&service, "CreateRule", rule("two"));
    let rules = |input| all_pages(&service, "SearchRules", "Rules", input).concat();
    assert_eq!(rules(json!({ "SearchCriteria": text("Name", "CONTAINS", "tw") })), ["two"]);
    assert_eq!(rules(json!({ "SearchCriteria": text("PublishStatus", "EXACT", "DRAFT") })).len(), 2);
    assert_eq!(rules(json!({ "SearchCriteria": text("ActionSummaries", "EXACT", "CREATE_TASK") })).len(), 0);
    let tagged = json!({ "AttributeFilter": { "TagCondition": { "TagKey": "k", "TagValue": "v" } } });
    assert_eq!(rules(json!({ "SearchFilter": tagged })), ["one"]);

    created(&service, "CreateContactFlowModule", with(module("m"), json!({ "Tags": { "k": "v" } })));
    created(&service, "CreateContactFlowModule", module("n"));
    let modules = |input| all_pages(&service, "SearchContactFlowModules", "ContactFlowModules", input).concat();
    assert_eq!(modules(json!({ "SearchCriteria": text("name", "STARTS_WITH", "n") })), ["n"]);
    let tagged = json!({ "TagFilter": { "TagCondition": { "TagKey": "k" } } });
    assert_eq!(modules(json!({ "SearchFilter": tagged })), ["m"]);
}
