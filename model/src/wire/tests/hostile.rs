//! Hostile input results in an error, quickly and with little memory.

use serde_json::json;

use super::*;
use crate::wire::message::HttpResponse;

/// Decodes the same bytes as a request, a response and an error.
fn decode_all(body: &[u8]) -> [Result<(), DecodeError>; 2] {
    let schema = small();
    let id = operation(schema, "Everything");
    let typed = headers(&[("content-type", "application/json")]);
    let request = HttpRequest {
        method: "POST".to_owned(),
        uri: "/everything".to_owned(),
        headers: typed.clone(),
        body: body.to_vec(),
    };
    let response = HttpResponse { status: 200, headers: typed, body: body.to_vec() };
    let _ = decode_error(schema, id, &response);
    let client = decode_response(schema, id, &response, &Limits::default());
    [serve(schema, &request).map(drop), client.map(drop)]
}

#[test]
fn rejects_deep_nesting() {
    for (open, close) in [("[", "]"), ("{\"Next\":", "}"), ("{\"Choice\":", ""), ("[{\"a\":", "")] {
        let body = format!("{{\"Node\":{}1{}}}", open.repeat(100_000), close.repeat(100_000));
        for result in decode_all(body.as_bytes()) {
            assert_eq!(result, Err(DecodeError::TooDeep { limit: 64 }), "{open}");
        }
    }
    // Brackets in strings are text.
    let body = json!({"Text": "[{".repeat(1000), "Document": "\\\"[["}).to_string();
    assert_eq!(decode_all(body.as_bytes()), [Ok(()), Ok(())]);
}

#[test]
fn limits_depth_exactly() {
    let id = operation(small(), "Everything");
    let decode = |depth: usize, limit: usize| {
        let body = format!("{{\"Document\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        let limits = Limits { depth: limit, ..Limits::default() };
        decode_response(small(), id, &HttpResponse { body: body.into(), ..HttpResponse::default() }, &limits).map(drop)
    };
    assert_eq!(decode(5, 5), Ok(()));
    assert_eq!(decode(6, 5), Err(DecodeError::TooDeep { limit: 5 }));
    assert_eq!(decode(127, usize::MAX), Ok(()));
    assert_eq!(decode(128, usize::MAX), Err(DecodeError::TooDeep { limit: 127 }));
}

#[test]
fn limits_size() {
    let limits = Limits { bytes: 10, ..Limits::default() };
    for name in ["Everything", "PayloadBlob", "PayloadString"] {
        let response = HttpResponse { body: vec![b' '; 11], ..HttpResponse::default() };
        let result = decode_response(small(), operation(small(), name), &response, &limits);
        assert_eq!(result, Err(DecodeError::TooLarge { limit: 10, actual: 11 }), "{name}");
    }
}

#[test]
fn rejects_bytes_that_are_not_utf8() {
    for body in [&b"{\"Text\":\"\xff\"}"[..], b"\xff\xfe{\0}\0", b"\0", b"{\"\xc3\x28\":1}", b"{\"Text\":\"\0\"}"] {
        for result in decode_all(body) {
            assert!(matches!(result, Err(DecodeError::Serialization { .. })), "{body:?}: {result:?}");
        }
    }
}

#[test]
fn rejects_huge_numbers() {
    let digits = "9".repeat(100_000);
    for member in ["Byte", "Integer", "Long", "Level", "Time", "Text"] {
        let [server, client] = decode_all(format!("{{\"{member}\":{digits}}}").as_bytes());
        assert!(server.is_err() && client.is_err(), "{member}");
        let [server, client] = decode_all(format!("{{\"{member}\":{}}}", "9".repeat(300)).as_bytes());
        assert!(server.is_err() && client.is_ok(), "{member}");
    }
}

#[test]
fn handles_long_paths_and_queries() {
    let router = Router::new(small());
    let path = "/a".repeat(100_000);
    assert!(matches!(router.route("GET", &path), Err(RouteError::UnknownPath { .. })));
    assert!(router.route("GET", &format!("/greedy/x{path}")).is_ok());
    assert!(router.route("GET", &format!("/middle{path}")).is_err());
    let uri = format!("/query-map?{}", (0..2000).map(|at| format!("k{at}=v&")).collect::<String>());
    let request = HttpRequest { method: "GET".to_owned(), uri, ..HttpRequest::default() };
    assert_eq!(serve(small(), &request).unwrap().value["Rest"].as_object().unwrap().len(), 2000);
}

/// A message may have thousands of unknown members or violations, under very long keys: the report about them stays small.
#[test]
fn bounds_reports_of_many_faults_under_long_keys() {
    use crate::validate::{validate, validate_briefly};

    let schema = small();
    let id = operation(schema, "Everything");
    let long = "k".repeat(5_000);
    let strings: Vec<String> = (0..2_000).map(|at| format!("\"{long}{at}\":{at}")).collect();
    let unknown: Vec<String> = (0..2_000).map(|at| format!("\"{long}{at}\":{{}}")).collect();
    let body = format!("{{\"StringMap\":{{{}}},\"Node\":{{{}}}}}", strings.join(","), unknown.join(","));
    let limits = Limits { bytes: usize::MAX, ..Limits::default() };
    let response = HttpResponse { body: body.into(), ..HttpResponse::default() };
    let decoded = decode_response(schema, id, &response, &limits).unwrap();
    assert_eq!(decoded.unknown.len(), 1_000);
    assert!(decoded.unknown.iter().all(|unknown| unknown.pointer == "/Node/…"), "{:?}", decoded.unknown[0]);

    let output = schema[id].output.unwrap();
    let all = validate(schema, output, &decoded.value);
    let brief = validate_briefly(schema, output, &decoded.value);
    assert_eq!((all.len(), brief.len()), (2_000, 10));
    assert!(all[0].path.starts_with(&format!("/StringMap/{long}")) && brief[0].path == "/StringMap/…");
    // Short pointers are reported in full.
    let short = json!({"StringMap": {"a/b": 1}});
    assert_eq!(validate_briefly(schema, output, &short), validate(schema, output, &short));
    assert_eq!(validate_briefly(schema, output, &short)[0].path, "/StringMap/a~1b");
}
