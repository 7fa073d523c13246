//! Tests of errors: names, messages and shapes.

use serde_json::json;

use super::*;
use crate::wire::message::HttpResponse;

fn response(header: Option<&str>, body: &str) -> HttpResponse {
    let headers = header.map(|name| headers(&[("X-Amzn-ErrorType", name)])).unwrap_or_default();
    HttpResponse { status: 418, headers, body: body.as_bytes().to_vec() }
}

#[test]
fn finds_and_cleans_the_name() {
    use NameSource::{Code, Header, None as NoName, Type};
    let uri = "http://internal.example/coral/com.example/";
    let long = format!("aws.protocoltests.restjson#TeapotError:{uri}");
    let short = format!("TeapotError:{uri}");
    let body = |key: &str, text: &str| json!({ key: text }).to_string();
    let table: Vec<(Option<&str>, String, Option<&str>, NameSource)> = vec![
        (Some("TeapotError"), String::new(), Some("TeapotError"), Header),
        (Some(&short), "{}".to_owned(), Some("TeapotError"), Header),
        (Some("aws.protocoltests.restjson#TeapotError"), "{}".to_owned(), Some("TeapotError"), Header),
        (Some(&long), body("code", "Other"), Some("TeapotError"), Header),
        (Some(""), body("code", "Other"), Some("Other"), Code),
        (None, body("code", &long), Some("TeapotError"), Code),
        (None, body("Code", "TeapotError"), Some("TeapotError"), Code),
        (None, body("__type", &long), Some("TeapotError"), Type),
        (None, r#"{"__type":"Second","code":"First"}"#.to_owned(), Some("First"), Code),
        (None, r#"{"detail":{"__type":"Nested","code":"Nested"}}"#.to_owned(), None, NoName),
        (None, r#"{"code":7,"__type":"TeapotError"}"#.to_owned(), Some("TeapotError"), Type),
        (None, r#"["TeapotError"]"#.to_owned(), None, NoName),
        (None, "<html>Bad Gateway</html>".to_owned(), None, NoName),
        (None, String::new(), None, NoName),
    ];
    let everything = operation(small(), "Everything");
    for (header, body, code, source) in table {
        let decoded = decode_error(small(), everything, &response(header, &body));
        assert_eq!((decoded.code.as_deref(), decoded.source), (code, source), "{header:?} {body}");
        assert_eq!(decoded.modelled.is_some(), code == Some("TeapotError"), "{header:?} {body}");
        assert_eq!(decoded.status, 418);
    }
}

#[test]
fn finds_messages_of_services_and_gateways() {
    let everything = operation(small(), "Everything");
    for (body, message, is_json) in [
        (r#"{"message":"a"}"#, Some("a"), true),
        (r#"{"Message":"a"}"#, Some("a"), true),
        (r#"{"Message":7}"#, None, true),
        ("null", None, true),
        ("<html>no</html>", Some("<html>no</html>"), false),
        ("", None, false),
    ] {
        let decoded = decode_error(small(), everything, &response(None, body));
        assert_eq!((decoded.message.as_deref(), decoded.body_is_json), (message, is_json), "{body}");
    }
}

#[test]
fn modelled_errors_round_trip() {
    let schema = small();
    let error = schema.error_named("TeapotError").unwrap();
    let value = json!({"Message": "short and stout", "Retry": 3, "Detail": {"Name": "n"}});
    let response = encode_error(schema, error, &value);
    assert_eq!(response.status, 418);
    assert_eq!(response.headers.get("x-amzn-errortype"), Some("TeapotError"));
    assert_eq!(response.headers.get("x-retry"), Some("3"));
    assert_eq!(text(&response.body), r#"{"detail":{"node_name":"n"},"Message":"short and stout"}"#);
    let decoded = decode_error(schema, operation(schema, "Everything"), &response);
    assert_eq!(decoded.modelled, Some(error));
    assert_eq!(decoded.body, value);
    assert_eq!(decoded.message.as_deref(), Some("short and stout"));
    // The operation does not list the error, so only its name is decoded.
    assert_eq!(decode_error(schema, operation(schema, "Nothing"), &response).modelled, None);
}

#[test]
fn connect_errors_without_a_message_round_trip() {
    let schema = Schema::connect();
    let error = schema.error_named("InvalidContactFlowException").unwrap();
    let value = json!({"problems": [{"message": "no start"}]});
    let response = encode_error(schema, error, &value);
    assert_eq!((response.status, text(&response.body)), (400, r#"{"problems":[{"message":"no start"}]}"#));
    let decoded = decode_error(schema, operation(schema, "CreateContactFlow"), &response);
    assert_eq!((decoded.modelled, decoded.message, decoded.body), (Some(error), None, value));
}

#[test]
fn unmodelled_errors_round_trip() {
    let response = encode_unmodelled_error("TooMany\r\nRequestsException", 429, "slow \"down\"");
    assert_eq!(response.headers.get("x-amzn-errortype"), Some("TooManyRequestsException"));
    let decoded = decode_error(small(), operation(small(), "Nothing"), &response);
    assert_eq!(decoded.code.as_deref(), Some("TooManyRequestsException"));
    assert_eq!((decoded.status, decoded.modelled), (429, None));
    assert_eq!(decoded.message.as_deref(), Some("slow \"down\""));
}
