//! Round trips of responses, and decoding of nonconforming ones by a tolerant client.

use serde_json::json;

use super::*;
use crate::wire::message::HttpResponse;

fn decode(name: &str, response: &HttpResponse) -> Decoded {
    decode_response(small(), operation(small(), name), response, &Limits::default())
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn with_body(body: &str) -> HttpResponse {
    HttpResponse { status: 200, headers: headers(&[("content-type", "application/json")]), body: body.into() }
}

#[test]
fn round_trips() {
    for (name, output, status, body) in [
        ("Status", json!({"Code": 202, "Text": "t"}), 202, r#"{"Text":"t"}"#),
        ("EmptyOutput", json!({}), 200, "{}"),
        ("Nothing", json!({}), 200, ""),
        ("Headers", json!({"Integer": 1, "Times": [0, 1], "Meta": {"a": "b"}}), 200, "{}"),
        ("PayloadBlob", json!({"Data": "aGk=", "Id": "x"}), 200, "hi"),
        ("PayloadString", json!({"Data": "text"}), 200, "text"),
        ("PayloadStructure", json!({"Data": {"Name": "n"}}), 200, r#"{"node_name":"n"}"#),
        (
            "Everything",
            json!({"Renamed": "r", "Choice": {"Nothing": {}}}),
            200,
            r#"{"Choice":{"Nothing":{}},"wire_name":"r"}"#,
        ),
    ] {
        let response = encode_response(small(), operation(small(), name), &output).unwrap();
        assert_eq!((response.status, text(&response.body)), (status, body), "{name}");
        assert_eq!(response.headers.get("content-type").is_some(), name != "Nothing", "{name}");
        let decoded = decode(name, &response);
        assert_eq!(decoded, Decoded { value: output, unknown: vec![], problems: vec![] }, "{name}");
    }
    let plain = encode_response(small(), operation(small(), "Status"), &Value::Null).unwrap();
    assert_eq!((plain.status, text(&plain.body)), (201, "{}"));
}

#[test]
fn rejects_values_that_cannot_be_encoded() {
    for (name, output) in [
        ("Status", json!({"Code": 99})),
        ("Status", json!({"Code": "200"})),
        ("Nothing", json!({"a": 1})),
        ("Headers", json!({"Text": "\r\nx-injected: 1"})),
        ("Everything", json!("text")),
    ] {
        let result = encode_response(small(), operation(small(), name), &output);
        assert!(result.is_err(), "{name} {output}: {result:?}");
    }
}

#[test]
fn keeps_wrong_types_for_validation() {
    let body = json!({"Integer": "text", "Strings": {"a": 1}, "Time": "2014-04-29T18:30:38Z", "Choice": {"Text": "a", "Count": 1},
        "Node": 7, "StringMap": {"a": null}, "Strings2": []});
    let decoded = decode("Everything", &with_body(&body.to_string()));
    assert_eq!(decoded.value, body);
    assert_eq!(decoded.unknown, [Unknown { pointer: "/Strings2".to_owned(), holds: "a list" }]);
    assert!(decoded.problems.is_empty());
}

#[test]
fn keeps_unknown_members_and_drops_nulls() {
    let body = r#"{"Text":null,"New":1,"Choice":{"__type":"x","Later":{"a":1},"Text":null},"Node":{"node_name":"n","a/b":true,"Name":"x"}}"#;
    let decoded = decode("Everything", &with_body(body));
    // "Name" is a member with another JSON key, so this key is unknown.
    assert_eq!(decoded.value, json!({"New": 1, "Choice": {"Later": {"a": 1}}, "Node": {"Name": "n", "a/b": true}}));
    let pointers: Vec<&str> = decoded.unknown.iter().map(|unknown| unknown.pointer.as_str()).collect();
    assert_eq!(pointers, ["/Choice/Later", "/New", "/Node/Name", "/Node/a~1b"]);
}

/// The null of a required member is kept for validation.
#[test]
fn keeps_null_of_required_members() {
    let schema = Schema::connect();
    let response = with_body(r#"{"RuleArn":null,"RuleId":"r","Other":null}"#);
    let id = operation(schema, "CreateRule");
    let decoded = decode_response(schema, id, &response, &Limits::default()).unwrap();
    assert_eq!(decoded.value, json!({"RuleArn": null, "RuleId": "r", "Other": null}));
}

#[test]
fn reports_nonconforming_headers_and_payloads() {
    let response = HttpResponse {
        headers: headers(&[
            ("X-Integer", "many"),
            ("X-TIME", "now"),
            ("x-times", "Thu, 01 Jan 1970 00:00:00 GMT"),
            ("x-boolean", " true "),
            ("x-meta-no name", "of a header"),
        ]),
        ..with_body("{}")
    };
    let decoded = decode("Headers", &response);
    assert_eq!(decoded.value, json!({"Times": [0], "Boolean": true}));
    let problems: Vec<_> = decoded.problems.iter().map(|p| (p.pointer.as_str(), p.kind, p.actual.as_str())).collect();
    assert_eq!(problems, [("/Integer", "wrong-type", "many"), ("/Time", "timestamp-format", "now")]);
    let decoded = decode("PayloadString", &HttpResponse { body: vec![0xff, 0xfe], ..with_body("") });
    assert_eq!((decoded.value, decoded.problems.len()), (json!({}), 1));
}

#[test]
fn fails_only_for_unusable_bodies() {
    let id = operation(small(), "Everything");
    assert_eq!(decode("Everything", &with_body("")).value, json!({}));
    for body in ["[]", "null", "7", "\"text\"", "{", "{} {}", "<html>", "{'a':1}", "\u{feff}{}", "{\"a\":NaN}", " "] {
        let error = decode_response(small(), id, &with_body(body), &Limits::default()).unwrap_err();
        assert!(matches!(error, DecodeError::Serialization { .. }), "{body}: {error}");
    }
    // The body is ignored if the operation has no output.
    assert_eq!(decode("Nothing", &with_body("junk")).value, json!({}));
}
