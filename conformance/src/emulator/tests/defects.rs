//! Every row of the table can be seen from outside; and nothing that comes in makes the emulator fail.

use connect_model::generate::seed::Stream;

use super::super::DEFECTS;
use super::*;

/// What one conversation shows of a service: everything in which a good one and a broken one could differ, without
/// what differs between any two (request ids, times).
fn transcript(service: &Service) -> Vec<String> {
    let mut lines = Vec::new();
    let mut say = |operation: &str, input: Value| -> Value {
        let response = service.handle(&request(operation, &at_home(operation, input)));
        let name = response.headers.get("x-amzn-errortype").unwrap_or("-").to_owned();
        let media = response.headers.get("content-type").unwrap_or("-").to_owned();
        let text = String::from_utf8_lossy(&response.body).into_owned();
        let mut body = serde_json::from_str(&text).unwrap_or(Value::Null);
        blur(&mut body);
        let whole = !body.is_null() || text.is_empty();
        lines.push(format!("{operation} {} {name} {media} {whole} {body}", response.status));
        body
    };
    let token = json!({ "ClientToken": "token-0001", "Tags": { "k": "v" } });
    say("CreateRule", with(rule("one"), token.clone()));
    say("CreateRule", with(rule("one"), token));
    say("CreateRule", with(rule("two"), json!({ "ClientToken": "token-0002" })));
    say("CreateRule", rule("two"));
    say("CreateRule", with(rule("draft"), json!({ "PublishStatus": "LATER" })));
    say("CreateRule", with(rule("case"), json!({ "PublishStatus": "draft" })));
    say("CreateRule", rule(&"n".repeat(201)));
    say("CreateContactFlow", flow(""));
    say("CreateRule", with(rule("tags"), json!({ "Tags": { "aws:k": "v" } })));
    say("CreateContactFlow", with(flow("bad"), json!({ "Content": "{" })));
    say("UpdateContactFlowMetadata", json!({ "ContactFlowId": "nothing" }));
    say("ListContactFlows", json!({ "ContactFlowTypes": vec!["CAMPAIGN"; 11] }));
    let mut missing = rule("missing");
    missing.as_object_mut().unwrap().remove("Actions");
    say("CreateRule", missing);
    say("UntagResource", json!({ "resourceArn": "x", "tagKeys": vec!["k"; 51] }));
    say("TagResource", json!({ "resourceArn": "x", "tags": {} }));
    let many: serde_json::Map<String, Value> = (0..51).map(|n| (n.to_string(), json!("v"))).collect();
    say("TagResource", json!({ "resourceArn": "x", "tags": many }));
    say("ListRules", json!({ "MaxResults": 0 }));
    say("UpdateRoutingProfileQueues", json!({ "RoutingProfileId": "p", "QueueConfigs": [] }));
    let mut page = say("ListRules", json!({ "MaxResults": 1 }));
    for _ in 0..4 {
        let Some(token) = page.get("NextToken").cloned() else { break };
        say("ListRules", json!({ "MaxResults": 1, "NextToken": token }));
        page = say("ListRules", json!({ "MaxResults": 1, "NextToken": token }));
    }
    say("ListRules", json!({ "MaxResults": 5000 }));
    say("ListRules", json!({ "NextToken": "garbage" }));
    let found = say("SearchRules", json!({ "MaxResults": 1 }));
    say(
        "SearchRules",
        json!({ "SearchCriteria": { "StringCondition": {
        "FieldName": "Name", "ComparisonType": "EXACT", "Value": "one" } } }),
    );
    let text = |comparison: &str, value: &str| json!({ "StringCondition": { "FieldName": "Name", "ComparisonType": comparison, "Value": value } });
    let either = [text("EXACT", "one"), text("EXACT", "two")];
    for criteria in [json!({ "AndConditions": either }), json!({ "OrConditions": either }), text("CONTAINS", "o")] {
        say("SearchRules", json!({ "SearchCriteria": criteria }));
    }
    let draft = say("CreateContactFlow", with(flow("draft"), json!({ "Status": "SAVED" })));
    say("DescribeContactFlow", json!({ "ContactFlowId": draft["ContactFlowId"].as_str().unwrap_or("nothing") }));
    let id = found["Rules"][0]["RuleId"].as_str().unwrap_or("nothing").to_owned();
    say("DescribeRule", json!({ "RuleId": id }));
    let mut update = rule("renamed");
    update.as_object_mut().unwrap().remove("TriggerEventSource");
    say("UpdateRule", with(update, json!({ "RuleId": id })));
    say("DescribeRule", json!({ "RuleId": id }));
    say("DeleteRule", json!({ "RuleId": id }));
    say("DeleteRule", json!({ "RuleId": id }));
    say("DescribeRule", json!({ "RuleId": id }));
    let mut plain = request("CreateRule", &at_home("CreateRule", rule("plain")));
    plain.headers.set("content-type", "text/plain");
    let response = service.handle(&plain);
    lines.push(format!("text/plain {} {}", response.status, response.headers.get("x-amzn-requestid").is_some()));
    for body in [
        r#"{"Name":null,"Type":"CAMPAIGN","Content":"{}"}"#,
        r#"{"Name":7,"Type":"CAMPAIGN","Content":"{}"}"#,
        r#"{"Name":"unfinished""#,
    ] {
        let mut raw = request("CreateContactFlow", &at_home("CreateContactFlow", flow("f")));
        raw.body = body.into();
        let response = service.handle(&raw);
        lines.push(format!("{body} {} {:?}", response.status, response.headers.get("x-amzn-errortype")));
    }
    let read = || service.handle(&request("ListInstances", &json!({}))).body;
    lines.push(format!("read twice: {}", read() == read()));
    lines
}

/// Takes times out: numbers that are recent when read as seconds since 1970.
fn blur(value: &mut Value) {
    match value {
        Value::Number(number) if number.as_f64().is_some_and(|number| number > 1e9) => *value = json!("a time"),
        Value::Array(items) => items.iter_mut().for_each(blur),
        Value::Object(members) => members.values_mut().for_each(blur),
        _ => {}
    }
}

#[test]
fn every_defect_shows() {
    let good = transcript(&service());
    assert_eq!(good, transcript(&service()), "a conversation is the same every time");
    for defect in DEFECTS {
        // Needs two callers at once; has a test of its own.
        if defect.id != "race-on-token" {
            assert!(good != transcript(&broken(defect.id)), "{}: no difference can be seen", defect.id);
        }
    }
}

#[test]
fn no_bytes_make_it_fail() {
    let services: Vec<Service> = std::iter::once(service())
        .chain(["page-repeats-item", "token-not-checked", "accept-missing-required", "token-too-greedy"].map(broken))
        .collect();
    let mut stream = Stream::new(3, "bytes");
    let seeds: Vec<HttpRequest> = [
        ("CreateRule", with(rule("r"), json!({ "ClientToken": "é" }))),
        ("SearchContactFlows", json!({ "SearchCriteria": { "AndConditions": [{ "TypeCondition": "CAMPAIGN" }] } })),
        ("ListRules", json!({ "MaxResults": 1, "NextToken": "00" })),
        ("DescribeContactFlow", json!({ "ContactFlowId": "x:$SAVED" })),
        ("TagResource", json!({ "resourceArn": "arn:aws:connect:::", "tags": { "k": "v" } })),
        ("ListQueues", json!({ "MaxResults": 1 })),
    ]
    .map(|(operation, input)| request(operation, &at_home(operation, input)))
    .into();
    for round in 0..6000 {
        let mut request = seeds[round % seeds.len()].clone();
        let mut uri = request.uri.into_bytes();
        for _ in 0..stream.next() % 4 {
            let target =
                if request.body.is_empty() || stream.next().is_multiple_of(4) { &mut uri } else { &mut request.body };
            let at = (stream.next() % target.len() as u64) as usize;
            match stream.next() % 3 {
                0 => drop(target.remove(at)),
                1 => target.insert(at, stream.next() as u8),
                _ => target[at] ^= 1 << (stream.next() % 8),
            }
            if target.is_empty() {
                target.push(b'/');
            }
        }
        request.uri = String::from_utf8_lossy(&uri).into_owned();
        for service in &services {
            let response = service.handle(&request);
            assert!(response.status < 500, "{request:?} {response:?}");
        }
    }
}
