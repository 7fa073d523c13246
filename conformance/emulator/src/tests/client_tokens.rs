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
fn the_same_token_gives_the_same_resource_and_another_body_is_a_conflict() {
    for (create, input, clash) in creations() {
        let service = service();
        let input = with(input, json!({ "ClientToken": "token-1" }));
        let first = call(&service, create, input.clone()).unwrap();
        assert_eq!(call(&service, create, input.clone()).unwrap(), first);
        let name = if create == "CreateInstance" { "InstanceAlias" } else { "Name" };
        let status = if create == "CreateInstance" { 400 } else { 409 };
        let other = call(&service, create, with(input.clone(), json!({ name: "y" })));
        assert_eq!(refused(other), is(clash, status));
        let second = with(input, json!({ name: "y", "ClientToken": "TOKEN-1" }));
        assert_ne!(call(&service, create, second).unwrap(), first);
    }
}

#[test]
fn a_refused_call_leaves_its_token_free() {
    let service = service();
    let bad = with(rule("r!"), json!({ "ClientToken": "t" }));
    assert!(call(&service, "CreateRule", bad).is_err());
    made(&service, "CreateRule", with(rule("r"), json!({ "ClientToken": "t" })));
}

#[test]
fn concurrent_calls_with_one_token_make_one_resource() {
    let input = with(rule("r"), json!({ "ClientToken": "t" }));
    let all = |service: &Service| -> Vec<String> {
        std::thread::scope(|scope| {
            let calls: Vec<_> = (0..8).map(|_| scope.spawn(|| made(service, "CreateRule", input.clone()))).collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        })
    };
    let service = service();
    let mut ids = all(&service);
    ids.dedup();
    assert_eq!((ids.len(), count(&service)), (1, 1));
    let raced = broken("race-on-token");
    assert!(all(&raced).len() == 8 && count(&raced) > 1);
    assert_eq!(made(&raced, "CreateRule", input.clone()).len(), 36);
}

#[test]
fn defects_of_tokens() {
    let ignored = broken("token-ignored");
    let input = with(rule("r"), json!({ "ClientToken": "token-0001" }));
    assert_ne!(made(&ignored, "CreateRule", input.clone()), made(&ignored, "CreateRule", input.clone()));
    assert_eq!(count(&ignored), 2);
    let taken = call(&ignored, "CreateRule", rule("r"));
    assert_eq!(refused(taken), is("ResourceConflictException", 409), "names stay unique");

    let greedy = broken("token-too-greedy");
    let other = with(rule("s"), json!({ "ClientToken": "token-0002" }));
    assert_eq!(made(&greedy, "CreateRule", input), made(&greedy, "CreateRule", other));
}
