//! Malformed requests that a strict server rejects (restJson1, malformed-request tests), as tables.

use serde_json::json;

use super::*;

fn post(body: impl Into<Vec<u8>>) -> HttpRequest {
    let headers = headers(&[("content-type", "application/json")]);
    HttpRequest { method: "POST".to_owned(), uri: "/everything".to_owned(), headers, body: body.into() }
}

#[test]
fn rejects_bodies_that_are_not_json_objects() {
    for body in [
        "{",
        "}",
        "{]",
        "{}}",
        "{} x",
        "{\"Text\":\"a\",}",
        "{\"Text\":\"a\"} // no",
        "{'Text':'a'}",
        "{Text:\"a\"}",
        "{\"Text\":\"a}",
        "{\"Text\":a}",
        "{\"Text\" \"a\"}",
        "{\"Integer\":01}",
        "{\"Integer\":+1}",
        "{\"Integer\":0x1}",
        "{\"Integer\":1.}",
        "{\"Integer\":NaN}",
        "{\"Double\":Infinity}",
        "{\"Double\":.5}",
        "{\"Text\":\"\u{1}\"}",
        "{\"Text\":\"\\ud800\"}",
        "{\"Text\":\"\\x\"}",
        "[]",
        "10",
        "null",
        "\"text\"",
        "true",
        "\u{feff}{}",
        " ",
        "/**/{}",
    ] {
        let error = serve(small(), &post(body)).expect_err(body);
        assert!(matches!(&error, DecodeError::Serialization { pointer, .. } if pointer.is_empty()), "{body}: {error}");
        assert_eq!((error.code(), error.status()), ("SerializationException", 400));
    }
}

#[test]
fn rejects_members_of_a_wrong_form() {
    let whole = ["1.0", "1.5", "1e3", "1E0", "\"1\"", "true", "[]", "{}", "\"NaN\""];
    let mut table: Vec<(&str, Vec<&str>)> = vec![
        ("Byte", vec!["128", "-129"]),
        ("Short", vec!["32768", "-32769"]),
        ("Integer", vec!["2147483648", "-2147483649", "1e400"]),
        ("Long", vec!["9223372036854775808", "-9223372036854775809"]),
        ("Level", vec!["2147483648", "\"LOW\"", "1.0"]),
        ("Boolean", vec!["\"true\"", "1", "0", "\"\"", "[]", "{}", "\"false\""]),
        ("Text", vec!["1", "true", "[]", "{}"]),
        ("Color", vec!["1", "[\"red\"]"]),
        ("Float", vec!["\"1.5\"", "\"nan\"", "\"-NaN\"", "\"infinity\"", "true", "1e39", "[]"]),
        ("Double", vec!["\"1.5\"", "\"\"", "{}"]),
        ("Blob", vec!["\"a\"", "\"aGk\"", "\"%%%%\"", "\"aG k=\"", "\"aGk=\\n\"", "7", "[]", "\"-_-_a\""]),
        (
            "Time",
            vec![
                "\"2014-04-29T18:30:38Z\"",
                "\"1398796238\"",
                "true",
                "\"Tue, 29 Apr 2014 18:30:38 GMT\"",
                "\"NaN\"",
                "1e300",
                "{}",
            ],
        ),
        (
            "Iso",
            vec![
                "1398796238",
                "\"1398796238\"",
                "\"2014-04-29\"",
                "\"2014-04-29T18:30:38+00:00\"",
                "\"2014-04-29T18:30:38-01:00\"",
                "[]",
            ],
        ),
        ("Imf", vec!["1398796238", "\"2014-04-29T18:30:38Z\"", "\"Tue, 29 Apr 2014 18:30:38 +0000\""]),
        ("Strings", vec!["\"a\"", "{}", "[1]", "[\"a\",null]", "[[\"a\"]]", "7"]),
        ("SparseStrings", vec!["[null,1]", "{}"]),
        ("StringMap", vec!["[]", "{\"a\":1}", "{\"a\":null}", "\"a\""]),
        ("SparseMap", vec!["{\"a\":1}"]),
        ("Node", vec!["[]", "\"a\"", "{\"node_name\":1}", "{\"Next\":{\"Next\":{\"node_name\":[]}}}"]),
        (
            "Choice",
            vec![
                "{}",
                "{\"Text\":null}",
                "{\"Text\":\"a\",\"Count\":1}",
                "{\"Other\":1}",
                "{\"Text\":\"a\",\"Other\":1}",
                "{\"__type\":\"x\"}",
                "[]",
                "\"Text\"",
                "{\"Text\":1}",
                "{\"Nothing\":1}",
            ],
        ),
    ];
    table.extend(["Byte", "Short", "Integer", "Long", "BigInteger"].map(|name| (name, whole.to_vec())));
    for (member, values) in table {
        for value in values {
            let error = serve(small(), &post(format!("{{\"{member}\":{value}}}"))).expect_err(value);
            assert_eq!(error.code(), "SerializationException", "{member} {value}: {error}");
            if let DecodeError::Serialization { pointer, .. } = error {
                // The parser reports a number beyond the range of a float as invalid JSON, without a pointer.
                assert!(value == "1e400" || pointer.starts_with(&format!("/{member}")), "{member} {value}: {pointer}");
            }
        }
    }
}

#[test]
fn errors_point_to_the_fault() {
    for (body, expected) in [
        (r#"{"Choice":{"Node":{"Next":{"node_name":7}}}}"#, "/Choice/Node/Next/Name"),
        (r#"{"Strings":["a","b",3]}"#, "/Strings/2"),
        (r#"{"StringMap":{"a/b~c":3}}"#, "/StringMap/a~1b~0c"),
    ] {
        match serve(small(), &post(body)) {
            Err(DecodeError::Serialization { pointer, .. }) => assert_eq!(pointer, expected),
            other => panic!("{body}: {other:?}"),
        }
    }
}

#[test]
fn accepts_valid_bodies() {
    for (body, value, unknown) in [
        ("{}", json!({}), vec![]),
        (" \t\r\n{ } ", json!({}), vec![]),
        (r#"{"Text":null,"Node":{"Next":null}}"#, json!({"Node": {}}), vec![]),
        (r#"{"Text":"a","Text":"b"}"#, json!({"Text": "b"}), vec![]),
        (r#"{"Text":1,"Text":"b"}"#, json!({"Text": "b"}), vec![]),
        (r#"{"New":{"x":1},"Node":{"New":[]}}"#, json!({"Node": {}}), vec!["/New", "/Node/New"]),
        (r#"{"text":"a","Renamed":"b","wire_name":"c"}"#, json!({"Renamed": "c"}), vec!["/Renamed", "/text"]),
        (r#"{"Choice":{"__type":"x","Text":"a","Count":null,"New":null}}"#, json!({"Choice": {"Text": "a"}}), vec![]),
        (
            r#"{"Time":1.73229019499E9,"Double":1e3,"Float":3}"#,
            json!({"Time": 1732290194.99, "Double": 1e3, "Float": 3}),
            vec![],
        ),
        (r#"{"Integer":-0,"Long":-9223372036854775808}"#, json!({"Integer": 0, "Long": i64::MIN}), vec![]),
        (
            r#"{"BigInteger":123456789012345678901234567890}"#,
            json!({"BigInteger": 123456789012345678901234567890f64}),
            vec![],
        ),
        (r#"{"Color":"mauve","Level":77,"Strings":[]}"#, json!({"Color": "mauve", "Level": 77, "Strings": []}), vec![]),
        (
            r#"{"Documents":[null],"SparseStrings":[null]}"#,
            json!({"Documents": [null], "SparseStrings": [null]}),
            vec![],
        ),
    ] {
        let served = serve(small(), &post(body)).unwrap_or_else(|error| panic!("{body}: {error}"));
        assert_eq!((served.value, served.unknown), (value, unknown.into_iter().map(str::to_owned).collect()), "{body}");
    }
}

#[test]
fn rejects_labels_queries_and_headers_of_a_wrong_form() {
    let label = |at: usize, text: &str| {
        let mut parts =
            ["t", "1", "true", "1.5", "2014-04-29T18:30:38Z", "0", "Tue,%2029%20Apr%202014%2018:30:38%20GMT"];
        parts[at] = text;
        HttpRequest { method: "GET".to_owned(), uri: format!("/labels/{}", parts.join("/")), ..HttpRequest::default() }
    };
    assert!(serve(small(), &label(0, "t")).is_ok());
    let query = |text: &str| HttpRequest {
        method: "GET".to_owned(),
        uri: format!("/queries?literal=1&bare&{text}"),
        ..HttpRequest::default()
    };
    let header = |name: &str, text: &str| HttpRequest {
        method: "GET".to_owned(),
        uri: "/headers".to_owned(),
        headers: headers(&[(name, text)]),
        ..HttpRequest::default()
    };
    let mut requests = Vec::new();
    let texts: [(usize, &str, &str, &[&str]); 4] = [
        (1, "integer", "x-integer", &["1.0", "1e3", "x", "2147483648", "0x1", "%2B1", "NaN", "1%20"]),
        (2, "boolean", "x-boolean", &["True", "1", "yes", "TRUE", "t"]),
        (3, "double", "x-double", &["x", "nan", "1.", "0x1", "-NaN", "1e400"]),
        (4, "time", "x-time", &["0", "2014-04-29", "2014-04-29T18:30:38%2B00:00", "x"]),
    ];
    for (at, key, name, bad) in texts {
        for text in bad {
            requests.push(label(at, text));
            requests.push(query(&format!("{key}={text}")));
            let plain = text.replace("%2B", "+");
            // Space around a header value is not part of the value.
            if !plain.contains("%20") {
                requests.push(header(name, &plain));
            }
        }
    }
    requests.push(header("x-time", "2014-04-29T18:30:38Z"));
    requests.push(header("x-integers", "1, x"));
    requests.push(header("x-media", "not base64"));
    requests.push(query("integers=1&integers=x"));
    requests.push(query("epoch=2014-04-29T18:30:38Z"));
    requests.push(query("text=%zz"));
    requests.push(query("text=%ff"));
    requests.push(query("integer="));
    for request in requests {
        let result = serve(small(), &request);
        assert!(matches!(result, Err(DecodeError::Serialization { .. })), "{request:?}: {result:?}");
    }
}

#[test]
fn uses_the_first_of_repeated_parameters_and_ignores_unknown_ones() {
    let uri = "/queries?literal=1&bare&text=a&text=b&unknown=1&&strings=&strings".to_owned();
    let request = HttpRequest { method: "GET".to_owned(), uri, ..HttpRequest::default() };
    assert_eq!(serve(small(), &request).unwrap().value, json!({"Text": "a", "Strings": ["", ""]}));
}

#[test]
fn checks_content_types() {
    let request = |uri: &str, content_type: Option<&str>, body: &str| HttpRequest {
        method: "POST".to_owned(),
        uri: uri.to_owned(),
        headers: content_type.map(|text| headers(&[("Content-Type", text)])).unwrap_or_default(),
        body: body.into(),
    };
    for (uri, content_type, body, accepted) in [
        ("/everything", Some("application/json"), "{}", true),
        ("/everything", Some("Application/JSON; charset=utf-8"), "{}", true),
        ("/everything", None, "", true),
        ("/everything", None, "{}", false),
        ("/everything", Some(""), "{}", false),
        ("/everything", Some("application/hal+json"), "{}", false),
        ("/everything", Some("text/plain"), "", false),
        ("/nothing", Some("application/json"), "{}", false),
        ("/nothing", None, "", true),
        // An input structure without members may come as an empty object.
        ("/empty", Some("application/json"), "{}", true),
        ("/empty", Some("text/plain"), "{}", false),
        ("/payload/PayloadBlob", Some("anything/else"), "x", true),
        ("/payload/PayloadBlob", None, "x", true),
        ("/payload/PayloadJpeg", Some("image/png"), "x", false),
        ("/payload/PayloadJpeg", Some("image/jpeg"), "x", true),
        ("/payload/PayloadString", Some("application/json"), "x", false),
        ("/payload/PayloadString", Some("text/plain"), "x", true),
        ("/payload/PayloadStructure", Some("text/plain"), "{}", false),
        ("/payload/typed", Some("image/png"), "x", true),
    ] {
        match serve(small(), &request(uri, content_type, body)) {
            Ok(_) => assert!(accepted, "{uri} {content_type:?}"),
            Err(error) => {
                assert!(!accepted, "{uri} {content_type:?}: {error}");
                assert_eq!((error.code(), error.status()), ("UnsupportedMediaTypeException", 415), "{error}");
            }
        }
    }
}

#[test]
fn checks_accept_headers() {
    for (uri, accept, accepted) in [
        ("/everything", "application/json", true),
        ("/everything", "*/*", true),
        ("/everything", "application/*", true),
        ("/everything", "text/html, application/json;q=0.1", true),
        ("/everything", "application/hal+json", false),
        ("/everything", "text/*", false),
        ("/everything", "*/*, application/json;q=0", false),
        ("/everything", "application/json, */*;q=0", true),
        ("/everything", "", true),
        ("/everything", ";;,", false),
        ("/payload/PayloadJpeg", "application/json", false),
        ("/payload/PayloadJpeg", "image/jpeg", true),
        ("/nothing", "text/html", true),
    ] {
        let request = HttpRequest {
            method: "POST".to_owned(),
            uri: uri.to_owned(),
            headers: headers(&[("accept", accept)]),
            body: Vec::new(),
        };
        match serve(small(), &request) {
            Ok(_) => assert!(accepted, "{uri} {accept}"),
            Err(error) => {
                assert!(!accepted, "{uri} {accept}: {error}");
                assert_eq!((error.code(), error.status()), ("NotAcceptableException", 406), "{error}");
            }
        }
    }
}
