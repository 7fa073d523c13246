//! Life cycles of rules, flows, modules, instances and tags.

use crate::tests::*;

const COLLECTIONS: [(&str, &str, &str, &str); 3] = [
    ("CreateRule", "DescribeRule", "DeleteRule", "RuleId"),
    ("CreateContactFlow", "DescribeContactFlow", "DeleteContactFlow", "ContactFlowId"),
    ("CreateContactFlowModule", "DescribeContactFlowModule", "DeleteContactFlowModule", "ContactFlowModuleId"),
];

fn input_for(create: &str, name: &str) -> Value {
    match create {
        "CreateRule" => rule(name),
        "CreateContactFlow" => flow(name),
        _ => module(name),
    }
}

#[test]
fn created_resources_are_described_until_they_are_deleted() {
    for (create, describe, delete, id_member) in COLLECTIONS {
        let service = service();
        let tags = json!({ "Tags": { "team": "a", "empty": "" } });
        let id = created(&service, create, with(input_for(create, "one"), tags.clone()));
        assert!(id.len() == 36 && id == id.to_lowercase());
        let shown = call(&service, describe, json!({ id_member: id })).unwrap();
        let shown = shown.as_object().unwrap().values().next().unwrap();
        assert_eq!(shown["Name"], "one");
        assert_eq!(shown["Tags"], tags["Tags"]);
        call(&service, delete, json!({ id_member: id })).unwrap();
        let not_found = code("ResourceNotFoundException", 404);
        assert_eq!(code_of(call(&service, describe, json!({ id_member: id }))), not_found);
        assert_eq!(code_of(call(&service, delete, json!({ id_member: id }))), not_found);
        created(&service, create, input_for(create, "one"));
    }
}

#[test]
fn names_are_unique_and_each_kind_has_its_own_error() {
    let errors = ["ResourceConflictException", "DuplicateResourceException", "DuplicateResourceException"];
    for ((create, ..), name) in COLLECTIONS.into_iter().zip(errors) {
        let service = service();
        created(&service, create, input_for(create, "one"));
        assert_eq!(code_of(call(&service, create, input_for(create, "one"))), code(name, 409));
        created(&service, create, input_for(create, "One"));
    }
    let service = service();
    created(&service, "CreateContactFlow", flow("a"));
    let b = created(&service, "CreateContactFlow", flow("b"));
    for operation in ["UpdateContactFlowName", "UpdateContactFlowMetadata"] {
        let taken = call(&service, operation, json!({ "ContactFlowId": b, "Name": "a" }));
        assert_eq!(code_of(taken), code("DuplicateResourceException", 409));
        call(&service, operation, json!({ "ContactFlowId": b, "Name": "b" })).unwrap();
    }
}

#[test]
fn unknown_instances_are_not_found_and_arns_are_accepted_as_ids() {
    let service = service();
    let stranger = "11111111-2222-4333-8444-555555555555";
    let arn = format!("arn:aws:connect:us-east-1:111122223333:instance/{DEFAULT_INSTANCE_ID}");
    for (create, describe, _, id_member) in COLLECTIONS {
        let elsewhere = with(input_for(create, "x"), json!({ "InstanceId": stranger }));
        assert_eq!(code_of(call(&service, create, elsewhere)), code("ResourceNotFoundException", 404));
        let id = created(&service, create, with(input_for(create, "x"), json!({ "InstanceId": arn })));
        call(&service, describe, json!({ id_member: id })).unwrap();
        call(&service, describe, json!({ id_member: id, "InstanceId": arn })).unwrap();
    }
    for operation in ["SearchRules", "SearchContactFlows", "SearchContactFlowModules", "ListRules"] {
        let elsewhere = json!({ "InstanceId": stranger });
        assert_eq!(code_of(call(&service, operation, elsewhere)), code("ResourceNotFoundException", 404));
    }
}

#[test]
fn drafts_are_described_only_with_their_qualifier() {
    let service = service();
    let id = created(&service, "CreateContactFlow", with(flow("f"), json!({ "Status": "SAVED", "Content": "{draft" })));
    let describe = |id: &str| call(&service, "DescribeContactFlow", json!({ "ContactFlowId": id }));
    assert_eq!(code_of(describe(&id)), code("ContactFlowNotPublishedException", 404));
    assert_eq!(code_of(describe(&format!("{id}:$LATEST"))), code("ContactFlowNotPublishedException", 404));
    let saved = describe(&format!("{id}:$SAVED")).unwrap();
    assert_eq!(
        (&saved["ContactFlow"]["Status"], &saved["ContactFlow"]["Content"]),
        (&json!("SAVED"), &json!("{draft"))
    );

    let update = |id: &str, content: &str| {
        call(&service, "UpdateContactFlowContent", json!({ "ContactFlowId": id, "Content": content }))
    };
    update(&id, CONTENT).unwrap();
    update(&format!("{id}:$SAVED"), "{\"second\":1}").unwrap();
    let arn = format!("arn:aws:connect:us-east-1:111122223333:instance/{DEFAULT_INSTANCE_ID}/contact-flow/{id}");
    for reference in [&id, &arn, &format!("{arn}:$LATEST")] {
        let published = describe(reference).unwrap();
        assert_eq!(published["ContactFlow"]["Content"], CONTENT);
        assert_eq!(published["ContactFlow"]["Status"], "PUBLISHED");
        assert_eq!(published["ContactFlow"]["Arn"], json!(arn));
    }
    let draft = describe(&format!("{arn}:$SAVED")).unwrap();
    assert_eq!(draft["ContactFlow"]["Content"], "{\"second\":1}");
    assert_ne!(draft["ContactFlow"]["FlowContentSha256"], describe(&id).unwrap()["ContactFlow"]["FlowContentSha256"]);
    assert_eq!(code_of(describe(&format!("{id}:$OTHER"))), code("ResourceNotFoundException", 404));
}

/// Valid content other than [`CONTENT`].
fn other_content() -> String {
    CONTENT.replace(r#""Actions""#, r#""Metadata":{"other":true},"Actions""#)
}

#[test]
fn published_content_is_checked_and_drafts_are_not() {
    let service = service();
    let whisper = CONTENT.replace("DisconnectParticipant", "EndFlowExecution");
    let broken = CONTENT.replace(r#""Transitions":{}"#, r#""Transitions":{"NextAction":"nowhere"}"#);
    let of = |kind: &str, content: &str| {
        with(flow(&format!("{kind}{}", content.len())), json!({ "Type": kind, "Content": content }))
    };
    call(&service, "CreateContactFlow", of("AGENT_WHISPER", &whisper)).unwrap();
    let problems = |result: Result<Value, ErrorAnswer>| {
        let Err(error) = result else { panic!("accepted") };
        let list = error.body.get("problems").or(error.body.get("Problems")).unwrap();
        list.as_array().unwrap().len()
    };
    assert_eq!(problems(call(&service, "CreateContactFlow", of("CONTACT_FLOW", &whisper))), 1);
    assert_eq!(problems(call(&service, "CreateContactFlow", of("CONTACT_FLOW", &broken))), 2);
    let module = with(module("m"), json!({ "Content": whisper }));
    assert_eq!(problems(call(&service, "CreateContactFlowModule", module)), 1);
    call(&service, "CreateContactFlow", with(of("CONTACT_FLOW", &broken), json!({ "Status": "SAVED" }))).unwrap();
    let id = created(&service, "CreateContactFlow", flow("updated"));
    let update =
        |id: &str| call(&service, "UpdateContactFlowContent", json!({ "ContactFlowId": id, "Content": broken }));
    assert_eq!(problems(update(&id)), 2);
    update(&format!("{id}:$SAVED")).unwrap();
    // More problems than an error may have.
    let many = format!(r#"{{"Actions":[{}{{}}]}}"#, "{},".repeat(100));
    assert_eq!(problems(call(&service, "CreateContactFlow", of("CONTACT_FLOW", &many))), 50);
    // Problems of low confidence are accepted: here a duplicate name.
    let twice = CONTENT.replacen('{', r#"{"Version":"2019-10-30","#, 1);
    call(&service, "CreateContactFlow", of("CONTACT_FLOW", &twice)).unwrap();
}

#[test]
fn content_that_is_not_json_is_rejected_with_problems() {
    let service = service();
    let bad = json!({ "Content": "{\"Version\":" });
    for status in [json!({}), json!({ "Status": "PUBLISHED" })] {
        let input = with(with(flow("f"), bad.clone()), status);
        let Err(error) = call(&service, "CreateContactFlow", input) else { panic!("accepted") };
        assert_eq!((error.code.as_str(), error.status), ("InvalidContactFlowException", 400));
        assert!(error.body["problems"][0]["message"].is_string() && error.body.get("Message").is_none(), "{error:?}");
    }
    let Err(error) = call(&service, "CreateContactFlowModule", with(module("m"), bad)) else { panic!("accepted") };
    assert_eq!((error.code.as_str(), error.status), ("InvalidContactFlowModuleException", 400));
    assert!(error.body["Problems"][0]["message"].is_string() && error.body.get("Message").is_none(), "{error:?}");

    let bad_rule = call(&service, "CreateRule", with(rule("r"), json!({ "Function": "AND" })));
    assert_eq!(code_of(bad_rule), code("InvalidRequestException", 400));
    let bad_name = call(&service, "CreateRule", rule("name!"));
    assert_eq!(code_of(bad_name), code("InvalidRequestException", 400));
}

#[test]
fn versions_keep_the_published_content() {
    let service = service();
    let id = created(&service, "CreateContactFlow", flow("f"));
    let version = |input: Value| {
        call(&service, "CreateContactFlowVersion", with(json!({ "ContactFlowId": id }), input))
            .map(|output| output["Version"].as_i64().unwrap())
    };
    assert_eq!(version(json!({ "Description": "first" })), Ok(1));
    let update = json!({ "ContactFlowId": id, "Content": other_content() });
    call(&service, "UpdateContactFlowContent", update).unwrap();
    let sha256 = call(&service, "DescribeContactFlow", json!({ "ContactFlowId": id })).unwrap()["ContactFlow"]
        ["FlowContentSha256"]
        .clone();
    assert_eq!(sha256.as_str().unwrap().len(), 64);
    assert_eq!(version(json!({ "FlowContentSha256": sha256 })), Ok(2));
    assert!(version(json!({ "FlowContentSha256": "0".repeat(64) })).is_err_and(|error| error.status == 400));
    let first = call(&service, "DescribeContactFlow", json!({ "ContactFlowId": format!("{id}:1") })).unwrap();
    assert_eq!(first["ContactFlow"]["Content"], CONTENT);
    assert_eq!(first["ContactFlow"]["VersionDescription"], "first");
    let missing = call(&service, "DescribeContactFlow", json!({ "ContactFlowId": format!("{id}:3") }));
    assert_eq!(code_of(missing), code("ResourceNotFoundException", 404));
    let page = call(&service, "ListContactFlowVersions", json!({ "ContactFlowId": id, "MaxResults": 1 })).unwrap();
    let rest = json!({ "ContactFlowId": id, "NextToken": page["NextToken"] });
    let rest = call(&service, "ListContactFlowVersions", rest).unwrap();
    assert_eq!(page["ContactFlowVersionSummaryList"][0]["Version"], 1);
    assert_eq!(rest["ContactFlowVersionSummaryList"][0]["Version"], 2);
    assert!(rest.get("NextToken").is_none());
}

#[test]
fn updates_are_visible() {
    let service = service();
    let id = created(&service, "CreateRule", rule("r"));
    let mut update = rule("renamed");
    update["PublishStatus"] = json!("PUBLISHED");
    update.as_object_mut().unwrap().remove("TriggerEventSource");
    call(&service, "UpdateRule", with(update, json!({ "RuleId": id }))).unwrap();
    let shown = call(&service, "DescribeRule", json!({ "RuleId": id })).unwrap();
    assert_eq!((&shown["Rule"]["Name"], &shown["Rule"]["PublishStatus"]), (&json!("renamed"), &json!("PUBLISHED")));
    created(&service, "CreateRule", rule("r"));

    let id = created(&service, "CreateContactFlowModule", module("m"));
    let archive = json!({ "ContactFlowModuleId": id, "State": "ARCHIVED", "Description": "old", "Name": "n" });
    call(&service, "UpdateContactFlowModuleMetadata", archive).unwrap();
    let content = json!({ "ContactFlowModuleId": id, "Content": other_content(), "Settings": "{}" });
    call(&service, "UpdateContactFlowModuleContent", content).unwrap();
    let shown = call(&service, "DescribeContactFlowModule", json!({ "ContactFlowModuleId": id })).unwrap();
    let shown = &shown["ContactFlowModule"];
    let expected = json!({
        "Name": "n", "State": "ARCHIVED", "Description": "old", "Content": other_content(), "Settings": "{}",
    });
    for (member, value) in expected.as_object().unwrap() {
        assert_eq!(&shown[member], value);
    }
}

#[test]
fn tags_are_merged_by_arn() {
    let service = service();
    let flow_arn = call(&service, "CreateContactFlow", with(flow("f"), json!({ "Tags": { "a": "1", "b": "2" } })))
        .unwrap()["ContactFlowArn"]
        .clone();
    let rule_arn = call(&service, "CreateRule", rule("r")).unwrap()["RuleArn"].clone();
    let module_arn = call(&service, "CreateContactFlowModule", module("m")).unwrap()["Arn"].clone();
    let instance_arn = json!(format!("arn:aws:connect:us-east-1:111122223333:instance/{DEFAULT_INSTANCE_ID}"));
    for arn in [&flow_arn, &rule_arn, &module_arn, &instance_arn] {
        let tags = |arn: &Value| call(&service, "ListTagsForResource", json!({ "resourceArn": arn })).unwrap();
        call(&service, "TagResource", json!({ "resourceArn": arn, "tags": { "b": "3", "c": "" } })).unwrap();
        let untag = json!({ "resourceArn": arn, "tagKeys": ["a", "never", "é"] });
        call(&service, "UntagResource", untag).unwrap();
        assert_eq!(tags(arn)["tags"], json!({ "b": "3", "c": "" }));
        call(&service, "UntagResource", json!({ "resourceArn": arn, "tagKeys": ["b", "c"] })).unwrap();
        assert!(tags(arn).get("tags").is_none());
    }
    for stranger in
        ["x", "arn:aws:connect:us-east-1:111122223333:instance/x", &format!("{}x", rule_arn.as_str().unwrap())]
    {
        let unknown = call(&service, "ListTagsForResource", json!({ "resourceArn": stranger }));
        assert_eq!(code_of(unknown), code("ResourceNotFoundException", 404));
    }
    let many: serde_json::Map<String, Value> = (0..50).map(|n| (format!("k{n}"), json!("v"))).collect();
    call(&service, "TagResource", json!({ "resourceArn": rule_arn, "tags": many })).unwrap();
    let more = call(&service, "TagResource", json!({ "resourceArn": rule_arn, "tags": { "one": "more" } }));
    assert_eq!(code_of(more), code("InvalidRequestException", 400));
}

#[test]
fn instances_are_active_at_once_and_deleted_with_their_resources() {
    let service = service();
    let input = json!({
        "IdentityManagementType": "CONNECT_MANAGED", "InboundCallsEnabled": true, "OutboundCallsEnabled": false,
        "InstanceAlias": "second",
    });
    let id = created(&service, "CreateInstance", input.clone());
    let shown = call(&service, "DescribeInstance", json!({ "InstanceId": id })).unwrap();
    assert_eq!(shown["Instance"]["InstanceStatus"], "ACTIVE");
    assert_eq!(code_of(call(&service, "CreateInstance", input)), code("InvalidRequestException", 400));
    created(&service, "CreateRule", with(rule("r"), json!({ "InstanceId": id })));
    assert_eq!(call(&service, "ListInstances", json!({})).unwrap()["InstanceSummaryList"].as_array().unwrap().len(), 2);
    let delete = json!({ "InstanceId": id, "ClientToken": "t" });
    call(&service, "DeleteInstance", delete.clone()).unwrap();
    call(&service, "DeleteInstance", delete).unwrap();
    let not_found = code("ResourceNotFoundException", 404);
    let other_token = json!({ "InstanceId": id, "ClientToken": "u" });
    assert_eq!(code_of(call(&service, "DeleteInstance", other_token)), not_found);
    assert_eq!(code_of(call(&service, "ListRules", json!({ "InstanceId": id }))), not_found);
    let kept = call(&service, "DeleteInstance", json!({ "ClientToken": "t" }));
    assert_eq!(code_of(kept), code("InvalidRequestException", 400));
}

#[test]
fn quotas_apply_if_configured() {
    let limits = crate::Limits { flows: 1, modules: 1, rules: 1 };
    let service = Service::new(Schema::connect(), &Config { limits, ..Config::default() });
    let errors =
        [("ServiceQuotaExceededException", 402), ("LimitExceededException", 429), ("LimitExceededException", 429)];
    for ((create, ..), (name, status)) in COLLECTIONS.into_iter().zip(errors) {
        created(&service, create, input_for(create, "one"));
        assert_eq!(code_of(call(&service, create, input_for(create, "two"))), code(name, status));
    }
}

#[test]
fn afresh_starts_with_an_empty_state_and_repeats_the_ids() {
    let first = service();
    let id = created(&first, "CreateRule", rule("a"));
    let again = first.afresh();
    assert_eq!(call(&again, "ListRules", json!({})).unwrap()["RuleSummaryList"], json!([]));
    assert_eq!(created(&again, "CreateRule", rule("a")), id);
    assert_eq!(call(&first, "ListRules", json!({})).unwrap()["RuleSummaryList"].as_array().unwrap().len(), 1);
}
