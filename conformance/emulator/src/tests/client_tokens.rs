//! Client tokens.

use crate::tests::*;

fn creations() -> [(&'static str, Value, &'static str); 3] {
    let instance = json!({
        "IdentityManagementType": "SAML", "InboundCallsEnabled": true, "OutboundCallsEnabled": true,
        "InstanceAlias": "x",
    });
    [
        ("CreateRule", rule("x"), "ResourceConflictException"),
        ("CreateContactFlowModule", module("x"), "IdempotencyException"),
        ("CreateInstance", instance, "InvalidRequestException"),
    ]
}

fn count(service: &Service) -> usize {
    call(service, "ListRules", json!({})).unwrap()["RuleSummaryList"].as_array().unwrap().len()
}

#[test]
fn a_repeated_token_returns_the_same_resource_and_a_reused_one_is_a_conflict() {
    for (operation, input, conflict) in creations() {
        let service = service();
        let input = with(input, json!({ "ClientToken": "token-1" }));
        let first = call(&service, operation, input.clone()).unwrap();
        assert_eq!(call(&service, operation, input.clone()).unwrap(), first);
        let name = if operation == "CreateInstance" { "InstanceAlias" } else { "Name" };
        let status = if operation == "CreateInstance" { 400 } else { 409 };
        let other = call(&service, operation, with(input.clone(), json!({ name: "y" })));
        assert_eq!(code_of(other), code(conflict, status));
        let second = with(input, json!({ name: "y", "ClientToken": "TOKEN-1" }));
        assert_ne!(call(&service, operation, second).unwrap(), first);
    }
}

#[test]
fn a_rejected_call_leaves_its_token_unused() {
    let service = service();
    let bad = with(rule("r!"), json!({ "ClientToken": "t" }));
    assert!(call(&service, "CreateRule", bad).is_err());
    created(&service, "CreateRule", with(rule("r"), json!({ "ClientToken": "t" })));
}

#[test]
fn concurrent_calls_with_one_token_create_one_resource() {
    let input = with(rule("r"), json!({ "ClientToken": "t" }));
    let all = |service: &Service| -> Vec<String> {
        std::thread::scope(|scope| {
            let calls: Vec<_> = (0..8).map(|_| scope.spawn(|| created(service, "CreateRule", input.clone()))).collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        })
    };
    let service = service();
    let mut ids = all(&service);
    ids.dedup();
    assert_eq!((ids.len(), count(&service)), (1, 1));
    let raced = with_defect("race-on-token");
    assert!(all(&raced).len() == 8 && count(&raced) > 1);
    assert_eq!(created(&raced, "CreateRule", input.clone()).len(), 36);
}

#[test]
fn defects_confuse_tokens() {
    let ignored = with_defect("token-ignored");
    let input = with(rule("r"), json!({ "ClientToken": "token-0001" }));
    assert_ne!(created(&ignored, "CreateRule", input.clone()), created(&ignored, "CreateRule", input.clone()));
    assert_eq!(count(&ignored), 2);
    let taken = call(&ignored, "CreateRule", rule("r"));
    assert_eq!(code_of(taken), code("ResourceConflictException", 409), "names stay unique");

    let greedy = with_defect("token-too-greedy");
    let other = with(rule("s"), json!({ "ClientToken": "token-0002" }));
    assert_eq!(created(&greedy, "CreateRule", input), created(&greedy, "CreateRule", other));
}
