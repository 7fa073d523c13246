//! Requests that are rejected before they reach a handler, and headers of every response.

use std::collections::BTreeSet;

use crate::tests::*;

#[test]
fn malformed_requests_are_rejected_as_restjson1_has_it() {
    let service = service();
    let answer = |change: &dyn Fn(&mut HttpRequest)| {
        let mut request = request("CreateRule", &with(rule("r"), json!({ "InstanceId": DEFAULT_INSTANCE_ID })));
        change(&mut request);
        let response = service.handle(&request);
        (response.headers.get("x-amzn-errortype").unwrap_or_default().to_owned(), response.status)
    };
    assert_eq!(answer(&|request| request.body = b"{\"Name\":".to_vec()), code("SerializationException", 400));
    assert_eq!(answer(&|request| request.body = b"[]".to_vec()), code("SerializationException", 400));
    let media = code("UnsupportedMediaTypeException", 415);
    assert_eq!(answer(&|request| request.headers.set("content-type", "text/plain")), media);
    assert_eq!(answer(&|request| request.headers.remove("content-type")), media);
    assert_eq!(answer(&|request| request.headers.set("accept", "image/png")), code("NotAcceptableException", 406));
    assert_eq!(answer(&|request| request.method = "PATCH".into()), code("UnknownOperationException", 404));
    assert_eq!(answer(&|request| request.uri = "/no/such/path".into()), code("UnknownOperationException", 404));
    assert_eq!(answer(&|request| request.uri = "/rules/%zz".into()), code("SerializationException", 400));
    let large = code("RequestEntityTooLargeException", 413);
    assert_eq!(answer(&|request| request.body = vec![b' '; (10 << 20) + 1]), large);
    assert_eq!(answer(&|request| request.headers.set("authorization", "AWS4-HMAC-SHA256 nonsense")), code("", 200));
}

#[test]
fn violations_show_path_and_constraint() {
    let service = service();
    for (change, path, kind) in [
        (json!({ "Name": "n".repeat(201) }), "/Name", "length-max"),
        (json!({ "PublishStatus": "LATER" }), "/PublishStatus", "enum-unknown"),
        (json!({ "Tags": { "aws:x": "1" } }), "/Tags/aws:x", "pattern"),
    ] {
        let Err(error) = call(&service, "CreateRule", with(rule("r"), change)) else { panic!("accepted {path}") };
        assert_eq!((error.code.as_str(), error.status), ("InvalidRequestException", 400));
        let message = error.body["Message"].as_str().unwrap();
        assert!(message.contains(path) && message.contains(kind), "{message}");
    }
    let mut missing = request("CreateRule", &with(rule("r"), json!({ "InstanceId": DEFAULT_INSTANCE_ID })));
    missing.body = b"{}".to_vec();
    assert_eq!(code_of(read("CreateRule", &service.handle(&missing))), code("InvalidRequestException", 400));
}

#[test]
fn every_answer_has_its_own_request_id_and_a_content_type() {
    let service = service();
    let good = request("ListRules", &json!({ "InstanceId": DEFAULT_INSTANCE_ID }));
    let bad = HttpRequest { method: "GET".into(), uri: "/nothing".into(), ..HttpRequest::default() };
    let mut ids = BTreeSet::new();
    for _ in 0..5 {
        for request in [&good, &bad] {
            let response = service.handle(request);
            assert_eq!(response.headers.get("content-type"), Some("application/json"));
            ids.insert(response.headers.get("x-amzn-requestid").unwrap().to_owned());
        }
    }
    assert_eq!(ids.len(), 10);
}

#[test]
fn defects_act_as_their_summaries_say() {
    let input = || with(rule("r"), json!({ "InstanceId": DEFAULT_INSTANCE_ID }));
    let list = |service: &Service| service.handle(&request("ListRules", &json!({ "InstanceId": DEFAULT_INSTANCE_ID })));
    let body = |response: &HttpResponse| serde_json::from_slice::<Value>(&response.body);
    let seeded = |id: &str| {
        let service = with_defect(id);
        service.handle(&request("CreateRule", &input()));
        service
    };
    let missing = |service: &Service| {
        service.handle(&request("DescribeRule", &json!({ "InstanceId": DEFAULT_INSTANCE_ID, "RuleId": "x" })))
    };
    assert!(body(&list(&seeded("timestamp-iso"))).unwrap()["RuleSummaryList"][0]["CreatedTime"].is_string());
    assert!(body(&list(&seeded("body-not-json"))).is_err());
    assert_eq!(list(&seeded("status-201")).status, 201);
    assert_eq!(list(&seeded("reject-everything")).status, 400);
    let lost = body(&list(&seeded("missing-required-output"))).unwrap();
    assert!(lost["RuleSummaryList"][0].get("ActionSummaries").is_none_or(|list| list[0].get("ActionType").is_none()));
    let total = seeded("number-as-string");
    let search = total.handle(&request("SearchRules", &json!({ "InstanceId": DEFAULT_INSTANCE_ID })));
    assert_eq!(body(&search).unwrap()["ApproximateTotalCount"], "1");

    assert_eq!(missing(&with_defect("crash-on-unknown-id")).status, 500);
    assert_eq!(missing(&with_defect("not-found-as-400")).status, 400);
    assert_eq!(missing(&with_defect("no-error-name")).headers.get("x-amzn-errortype"), None);
    assert!(body(&missing(&with_defect("html-error"))).is_err());

    let reads = seeded("read-not-repeatable");
    assert_ne!(list(&reads).body, list(&reads).body);

    for (defect, change) in [
        ("accept-unknown-enum", json!({ "PublishStatus": "LATER" })),
        ("no-length-max", json!({ "Name": "n".repeat(201) })),
        ("ignore-pattern", json!({ "Tags": { "aws:x": "1" } })),
    ] {
        let request = request("CreateRule", &with(input(), change));
        assert_eq!(service().handle(&request).status, 400, "{defect}");
        assert_eq!(with_defect(defect).handle(&request).status, 200, "{defect}");
    }
    let mut without = request("CreateRule", &input());
    without.body = b"{}".to_vec();
    assert_eq!(with_defect("accept-missing-required").handle(&without).status, 200);
}
