//! Several defects in one emulator.

use serde_json::json;

use super::*;

fn with_defects(ids: &[&str]) -> Service {
    let defects = ids.iter().map(|id| Defect::named(id).unwrap()).collect();
    Service::new(Schema::connect(), &Config { defects, resources: 5, ..Config::default() })
}

fn rules(service: &Service, size: usize, token: Option<&str>) -> Result<Value, ErrorAnswer> {
    let mut input = json!({ "MaxResults": size });
    if let Some(token) = token {
        input["NextToken"] = token.into();
    }
    call(service, "ListRules", input)
}

#[test]
fn defects_act_together() {
    for ids in [["status-201", "page-size-ignored"], ["page-size-ignored", "status-201"]] {
        let service = with_defects(&ids);
        let input = with_instance("ListRules", json!({ "MaxResults": 2 }));
        let answer = service.handle(&request("ListRules", &input));
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!((answer.status, body["RuleSummaryList"].as_array().unwrap().len()), (201, 5), "{ids:?}");
    }
}

#[test]
fn pages_are_nested_and_the_refusal_of_an_inner_defect_counts() {
    let service = with_defects(&["page-of-three-loses-last", "token-bound-to-size"]);
    let first = rules(&service, 2, None).unwrap();
    let token = first["NextToken"].as_str();
    assert!(rules(&service, 2, token).is_ok());
    assert_eq!(code_of(rules(&service, 3, token)).1, 400);
}

#[test]
fn a_defect_that_performs_no_call_leaves_nothing_to_others() {
    let service = with_defects(&["reject-everything", "page-size-ignored"]);
    assert_eq!(code_of(rules(&service, 2, None)).1, 400);
}
