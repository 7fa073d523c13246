//! Completion of values and messages, as the SDKs do it and as the official restJson1 suites of Smithy
//! demand it: defaults, idempotency tokens, nulls, the start of the host name, and payloads that are absent.
#![allow(clippy::unwrap_used)]

use connect_model::complete::{End, TOKEN, complete};
use connect_model::generate::Side;
use connect_model::schema::{OperationId, Schema};
use connect_model::wire::{encode_request, encode_response, host_prefix};
use serde_json::{Value, json};

/// A model with the operation `Do`, whose input has these traits.
fn model(input_traits: Value) -> Schema {
    let text = |traits: Value| json!({"target": "smithy.api#String", "traits": traits});
    let number = |default: u64| json!({"target": "smithy.api#Integer", "traits": {"smithy.api#default": default}});
    let shapes = json!({
        "t#Service": {"type": "service", "version": "1", "operations": [{"target": "t#Do"}],
            "traits": {"aws.protocols#restJson1": {}}},
        "t#Do": {"type": "operation", "input": {"target": "t#In"}, "output": {"target": "t#Out"},
            "traits": {"smithy.api#http": {"method": "POST", "uri": "/", "code": 200},
                "smithy.api#endpoint": {"hostPrefix": "data-{Home}.eu."}}},
        "t#In": {"type": "structure", "traits": input_traits, "members": {
            "Home": text(json!({"smithy.api#required": {}, "smithy.api#hostLabel": {}})),
            "Size": number(10),
            "Once": text(json!({"smithy.api#idempotencyToken": {}, "smithy.api#httpQuery": "once"})),
            "Box": {"target": "t#Box"}, "Boxes": {"target": "t#Boxes"}, "ByName": {"target": "t#ByName"},
            "Choice": {"target": "t#Choice"}, "Gaps": {"target": "t#Gaps"},
        }},
        "t#Stream": {"type": "blob", "traits": {"smithy.api#streaming": {}}},
        "t#Out": {"type": "structure", "members": {"Box": {"target": "t#Box", "traits": {"smithy.api#httpPayload": {}}}}},
        "t#Box": {"type": "structure", "members": {
            "Tint": text(json!({"smithy.api#default": "red"})),
            "Loose": text(json!({"smithy.api#default": "x", "smithy.api#clientOptional": {}})),
            "Note": text(json!({})),
            "Bytes": {"target": "t#Stream", "traits": {"smithy.api#default": ""}},
        }},
        "t#Boxes": {"type": "list", "member": {"target": "t#Box"}},
        "t#ByName": {"type": "map", "key": {"target": "smithy.api#String"}, "value": {"target": "t#Box"}},
        "t#Gaps": {"type": "list", "member": {"target": "smithy.api#String"}, "traits": {"smithy.api#sparse": {}}},
        "t#Choice": {"type": "union", "members": {"One": {"target": "t#Box"}, "Two": {"target": "smithy.api#String"}}},
    });
    Schema::from_text("test", json!({"smithy": "2.0", "shapes": shapes}).to_string().into_bytes()).unwrap()
}

fn the_operation(schema: &Schema) -> OperationId {
    schema.operations().next().unwrap().0
}

#[test]
fn each_end_fills_in_what_its_sdk_fills_in() {
    let (old, new) = (model(json!({})), model(json!({"smithy.api#input": {}})));
    let (red, whole) = (json!({"Tint": "red"}), json!({"Tint": "red", "Loose": "x"}));
    let client = |schema, side, value| complete(schema, the_operation(schema), side, End::Client, value);
    let server = |schema, side, value| complete(schema, the_operation(schema), side, End::Server, value);
    // Members of a structure that says it is an input are optional for clients; those of structures in it are not.
    assert_eq!(client(&old, Side::Input, json!({})), json!({"Size": 10, "Once": TOKEN}));
    assert_eq!(client(&new, Side::Input, Value::Null), json!({"Once": TOKEN}));
    assert_eq!(server(&new, Side::Input, json!({})), json!({"Size": 10}));
    let given = json!({"Size": 0, "Once": "mine", "Box": {"Tint": ""}});
    assert_eq!(client(&new, Side::Input, given.clone()), given, "what is there stays");

    let nested = json!({"Size": 1, "Box": {"Note": null}, "Boxes": [{}, null, {"Tint": "blue"}],
        "ByName": {"a": {}, "b": null}, "Choice": {"One": {}}, "Gaps": ["a", null], "Unknown": null});
    let filled = |one: &Value, blue: Value| {
        json!({"Size": 1, "Once": TOKEN, "Box": one, "Boxes": [one, blue], "ByName": {"a": one},
            "Choice": {"One": one}, "Gaps": ["a", null], "Unknown": null})
    };
    assert_eq!(client(&new, Side::Input, nested.clone()), filled(&red, json!({"Tint": "blue"})));
    let mut of_server = filled(&whole, json!({"Tint": "blue", "Loose": "x"}));
    of_server.as_object_mut().unwrap().remove("Once");
    assert_eq!(server(&new, Side::Input, nested), of_server);
    assert_eq!(client(&new, Side::Output, json!({"Box": {}})), json!({"Box": red}));
    assert_eq!(server(&new, Side::Output, json!({"Box": {}})), json!({"Box": whole}));
}

/// A contract test sends values that no SDK would send.
#[test]
fn nothing_is_filled_in_unless_it_is_asked_for() {
    let schema = model(json!({}));
    let request = encode_request(&schema, the_operation(&schema), &json!({"Home": "a", "Box": null})).unwrap();
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!((request.uri.as_str(), body), ("/", json!({"Home": "a", "Box": null})));
}

#[test]
fn the_host_name_begins_as_the_model_says() {
    let schema = model(json!({}));
    let prefix = |home: Value| host_prefix(&schema, the_operation(&schema), &json!({ "Home": home }));
    assert_eq!(prefix("g-1".into()).unwrap(), "data-g-1.eu.");
    for wrong in [json!(""), json!("a.b"), json!("evil.example/"), json!("a@b"), json!("x".repeat(64)), json!(null)] {
        let error = prefix(wrong.clone()).unwrap_err().to_string();
        assert!(error.contains("member Home: is a part of the host name"), "{wrong}: {error}");
    }
    let connect = Schema::connect();
    assert!(connect.operations().all(|(id, _)| host_prefix(connect, id, &json!({})).unwrap().is_empty()));
}

#[test]
fn an_absent_payload_structure_is_an_empty_object_in_a_request_and_no_body_in_a_response() {
    let schema = model(json!({}));
    let id = the_operation(&schema);
    assert_eq!(encode_response(&schema, id, &json!({})).unwrap().body, b"");
    assert_eq!(encode_response(&schema, id, &json!({"Box": {}})).unwrap().body, b"{}");
    let shapes = json!({
        "t#Service": {"type": "service", "version": "1", "operations": [{"target": "t#Do"}],
            "traits": {"aws.protocols#restJson1": {}}},
        "t#Do": {"type": "operation", "input": {"target": "t#In"},
            "traits": {"smithy.api#http": {"method": "POST", "uri": "/", "code": 200}}},
        "t#In": {"type": "structure", "members": {"Box": {"target": "t#Box", "traits": {"smithy.api#httpPayload": {}}}}},
        "t#Box": {"type": "structure", "members": {"Note": {"target": "smithy.api#String"}}},
    });
    let text = json!({"smithy": "2.0", "shapes": shapes}).to_string();
    let schema = Schema::from_text("test", text.into_bytes()).unwrap();
    assert_eq!(encode_request(&schema, the_operation(&schema), &json!({})).unwrap().body, b"{}");
}
